//! What SQLite's planner is told of the tables: always the same, whatever they hold, so that a plan is chosen once
//! and for all. Without figures the planner takes a practice for ten rows and reads all of them, where an index
//! leads to the one that is looked for.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

/// Rows of each table, over all practices.
const ROWS: u64 = 1_000_000;
/// Rows of one practice.
const OF_PRACTICE: u64 = 10_000;

/// A column of an index.
#[derive(QueryableByName)]
struct IndexColumn {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    index_name: String,
    #[diesel(sql_type = BigInt)]
    is_unique: i64,
    #[diesel(sql_type = Text)]
    column_name: String,
}

/// Writes the figures for every index that there is. Called after the schema has changed.
pub fn write(conn: &mut SqliteConnection) -> QueryResult<()> {
    conn.transaction::<_, diesel::result::Error, _>(|conn| {
        // The tables of figures cannot be made by hand; ANALYZE makes them.
        conn.batch_execute("ANALYZE practice; DELETE FROM sqlite_stat1; DELETE FROM sqlite_stat4;")?;
        let columns: Vec<IndexColumn> = sql_query(
            "SELECT t.name AS table_name, i.name AS index_name, i.\"unique\" AS is_unique, c.name AS column_name \
             FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND c.name IS NOT NULL \
             AND t.name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') \
             ORDER BY i.name, c.seqno",
        )
        .load(conn)?;
        let mut indexes: BTreeMap<&str, Vec<&IndexColumn>> = BTreeMap::new();
        for column in &columns {
            indexes.entry(&column.index_name).or_default().push(column);
        }
        for (name, columns) in indexes {
            let Some(first) = columns.first() else { continue };
            let names: Vec<&str> = columns.iter().map(|column| column.column_name.as_str()).collect();
            sql_query("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)")
                .bind::<Text, _>(&first.table_name)
                .bind::<Text, _>(name)
                .bind::<Text, _>(figures(&names, first.is_unique == 1))
                .execute(conn)?;
        }
        Ok(())
    })?;
    // Connections that open later read the figures with the schema; this one is told.
    conn.batch_execute("ANALYZE sqlite_schema")
}

/// "1000000 10000 10": the rows of the index, then how many of them one value of the first column leads to, of the
/// first two, and so on.
fn figures(columns: &[&str], is_unique: bool) -> String {
    let mut text = ROWS.to_string();
    let mut left = ROWS;
    for (at, column) in columns.iter().enumerate() {
        let is_last = at + 1 == columns.len();
        left = if is_last && is_unique {
            1
        } else if column.ends_with("practice_id") {
            left.min(OF_PRACTICE)
        } else {
            // A person, a chart, a hash leads to a few rows; a state or a day to many.
            let names_one = ["_id", "_hash", "_key"].iter().any(|ending| column.ends_with(ending));
            left.div_ceil(if names_one { 1_000 } else { 4 })
        };
        text.push_str(&format!(" {left}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn an_id_narrows_more_than_a_state_and_a_unique_index_leads_to_one_row() {
        assert_eq!(figures(&["practice_id", "chart_id"], true), "1000000 10000 1");
        assert_eq!(figures(&["practice_id", "person_id"], false), "1000000 10000 10");
        assert_eq!(figures(&["practice_id", "state", "expires_at"], false), "1000000 10000 2500 625");
        assert_eq!(figures(&["account_practice_id", "account_id"], false), "1000000 10000 10");
        assert_eq!(figures(&["slug"], true), "1000000 1");
    }
}
