//! The whole database as text, to tell whether anything changed.

use std::collections::BTreeMap;

use anteroom::platform::db::Conn;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::World;

/// A table's column, as the engine itself describes it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Column {
    /// Table.
    #[diesel(sql_type = Text)]
    pub of_table: String,
    /// Column.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The engine's word for its type.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// 1 if it may be null.
    #[diesel(sql_type = BigInt)]
    pub nullable: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    row: Option<String>,
}

/// Every column of every table of ours, in the order of their declaration. SQLite's index of the words in messages is none
/// of them: it holds no text.
pub fn columns(conn: &mut Conn) -> QueryResult<Vec<Column>> {
    let sqlite = "SELECT t.name AS of_table, c.name AS name, c.type AS kind, \
         CASE WHEN c.\"notnull\" = 0 AND c.pk = 0 THEN 1 ELSE 0 END AS nullable \
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
         AND t.name NOT LIKE 'message\\_words%' ESCAPE '\\' ORDER BY t.name, c.cid";
    let postgres = "SELECT table_name::text AS of_table, column_name::text AS name, data_type::text AS kind, \
         (CASE WHEN is_nullable = 'YES' THEN 1 ELSE 0 END)::bigint AS nullable \
         FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' \
         ORDER BY table_name, ordinal_position";
    match conn {
        Conn::Sqlite(conn) => diesel::sql_query(sqlite).load(conn),
        Conn::Postgres(conn) => diesel::sql_query(postgres).load(conn),
    }
}

/// Every row of a table, its values quoted as the engine's own SQL quotes them, with a text between.
pub fn rows_of(conn: &mut Conn, table: &str, columns: &[String], between: &str) -> QueryResult<Vec<String>> {
    let row = |quote: &dyn Fn(&String) -> String| {
        let quoted: Vec<String> = columns.iter().map(quote).collect();
        format!("SELECT {} AS row FROM \"{table}\"", quoted.join(&format!(" || '{between}' || ")))
    };
    let mut rows: Vec<Row> = match conn {
        Conn::Sqlite(conn) => diesel::sql_query(row(&|c| format!("quote(\"{c}\")"))).load(conn)?,
        Conn::Postgres(conn) => {
            diesel::sql_query(row(&|c| format!("quote_nullable(\"{c}\"::text)"))).load(conn)?
        }
    };
    let mut rows: Vec<String> = rows.drain(..).filter_map(|row| row.row).collect();
    rows.sort();
    Ok(rows)
}

/// Every row of every table, sorted; `without` names columns (`table.column`) and whole tables that
/// are left out.
pub fn dump(conn: &mut Conn, without: &[&str]) -> QueryResult<BTreeMap<String, Vec<String>>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns(conn)? {
        let full = format!("{}.{}", column.of_table, column.name);
        if without.contains(&column.of_table.as_str()) || without.contains(&full.as_str()) {
            continue;
        }
        tables.entry(column.of_table).or_default().push(column.name);
    }
    let mut all = BTreeMap::new();
    for (table, columns) in tables {
        let rows = rows_of(conn, &table, &columns, "|")?;
        all.insert(table, rows);
    }
    Ok(all)
}

/// What differs between two dumps, a line each.
pub fn difference(
    before: &BTreeMap<String, Vec<String>>,
    after: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut differences = Vec::new();
    for (table, rows) in after {
        let old = before.get(table).map(Vec::as_slice).unwrap_or_default();
        differences
            .extend(rows.iter().filter(|row| !old.contains(row)).map(|row| format!("{table} has now {row}")));
        differences
            .extend(old.iter().filter(|row| !rows.contains(row)).map(|row| format!("{table} had {row}")));
    }
    differences
}

impl World {
    /// The database as it stands, without what every request may touch: counters of tries, and when
    /// a session was last seen.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        self.look(|conn| dump(conn, &["attempt_counter", "session.seen_at"])).await
    }
}
