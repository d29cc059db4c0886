//! The tables as each engine has them and as `schema.rs` says they are.

use anteroom::platform::db::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::stories;
use crate::support::dump::{Column, columns};

/// Table, column, type and whether it may be null, read from the text of `schema.rs`.
fn declared() -> Vec<(String, String, String, bool)> {
    let text = include_str!("../../src/platform/db/schema.rs");
    let mut found = Vec::new();
    let mut table = String::new();
    for line in text.lines().map(str::trim) {
        if line.ends_with('{') && line.contains('(') && !line.starts_with("diesel::") {
            table = line.split(" (").next().unwrap_or_default().to_owned();
        } else if let Some((name, kind)) = line.split_once(" -> ") {
            let kind = kind.trim_end_matches(',');
            let inner = kind.strip_prefix("Nullable<").and_then(|k| k.strip_suffix('>'));
            found.push((table.clone(), name.to_owned(), inner.unwrap_or(kind).to_owned(), inner.is_some()));
        }
    }
    assert!(found.len() > 150, "schema.rs could not be read: {} columns", found.len());
    found
}

fn fits(declared: &str, engine: &str) -> bool {
    let engine = engine.to_uppercase();
    let fitting: &[&str] = match declared {
        "Text" => &["TEXT"],
        "BigInt" | "Integer" if engine == "INTEGER" => &["INTEGER"],
        "BigInt" => &["BIGINT"],
        "Bool" => &["INTEGER", "BOOLEAN"],
        "Binary" => &["BLOB", "BYTEA"],
        _ => &[],
    };
    fitting.contains(&engine.as_str())
}

/// Questions that must not read a whole practice, as the stores ask them, and the index that answers.
const LOOKED_UP: &[(&str, &str, &str)] = &[
    (
        "a bounce that names its mail by Message-ID",
        "SELECT mail_id FROM outbox WHERE practice_id = 'p' AND message_id = 'm'",
        "outbox_message",
    ),
    (
        "a job that has become due",
        "SELECT job_id FROM due_job WHERE state = 'waiting' AND due_at <= 5 ORDER BY due_at LIMIT 1",
        "due_job_due",
    ),
    (
        "the next practice with a job ready",
        "SELECT practice_id FROM due_job WHERE state = 'ready' AND practice_id > 'p' ORDER BY practice_id LIMIT 1",
        "due_job_practice",
    ),
    (
        "the jobs that a practice has ready",
        "SELECT job_id FROM due_job WHERE practice_id = 'p' AND state = 'ready' ORDER BY due_at, job_id LIMIT 5",
        "due_job_practice",
    ),
    ("sessions that are long over", "DELETE FROM session WHERE created_at < 5", "session_age"),
    (
        "links for passwords that are over",
        "DELETE FROM one_time_link WHERE expires_at < 5",
        "one_time_link_age",
    ),
    ("browsers not seen for long", "DELETE FROM known_device WHERE seen_at < 5", "known_device_age"),
    ("counters that are over", "DELETE FROM attempt_counter WHERE window_start < 5", "attempt_counter_age"),
    (
        "requests that need not be known any more",
        "DELETE FROM handled_request WHERE keep_until < 5",
        "handled_request_age",
    ),
    ("drafts that are over", "DELETE FROM form_draft WHERE expires_at < 5", "form_draft_age"),
    (
        "addresses to which mail was handed over again",
        "SELECT address_id FROM person_address WHERE retried_at < 5",
        "person_address_retried",
    ),
    (
        "uploads that broke off",
        "SELECT upload_id FROM upload WHERE state = 'receiving' AND lease_until < 5 LIMIT 5",
        "upload_lease",
    ),
    ("files to be deleted", "SELECT blob_id FROM blob WHERE state = 'deleting' LIMIT 5", "blob_state"),
    (
        "what is shared with a grant",
        "SELECT document_id FROM document_share WHERE practice_id = 'p' AND access_id = 'a' ORDER BY since_at DESC",
        "document_share_access",
    ),
];

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    step: String,
}

/// How the engine answers this query on the rows that are there.
pub fn query_plan(conn: &mut Conn, select: &str) -> QueryResult<String> {
    let steps: Vec<String> = match conn {
        Conn::Sqlite(conn) => diesel::sql_query(format!("EXPLAIN QUERY PLAN {select}"))
            .load::<SqliteStep>(conn)?
            .into_iter()
            .map(|row| row.detail)
            .collect(),
        Conn::Postgres(conn) => diesel::sql_query(format!("EXPLAIN {select}"))
            .load::<PostgresStep>(conn)?
            .into_iter()
            .map(|row| row.step)
            .collect(),
    };
    Ok(steps.join("\n"))
}

/// The same where the tables are empty: PostgreSQL reads a table of no rows whole, whatever its indexes.
fn query_plan_with_rows(conn: &mut Conn, select: &str) -> QueryResult<String> {
    let Conn::Postgres(_) = conn else { return query_plan(conn, select) };
    conn.transaction(|conn| {
        conn.batch_execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")?;
        query_plan(conn, select)
    })
}

stories! {
    async fn both_schemas_are_what_the_code_believes(w: &mut World) {
        let mut there = w.look(columns).await;
        let is_postgres = w.engine == crate::support::Engine::Postgres;
        let mut wrong = Vec::new();
        for (table, name, kind, nullable) in declared() {
            let at = there.iter().position(|c: &Column| c.of_table == table && c.name == name);
            let Some(at) = at else {
                wrong.push(format!("{table}.{name} is missing"));
                continue;
            };
            let column = there.swap_remove(at);
            // SQLite has one integer type; PostgreSQL must have the declared one.
            let narrow = is_postgres && kind == "BigInt" && column.kind == "integer";
            if !fits(&kind, &column.kind) || narrow {
                wrong.push(format!("{table}.{name} is {} and not {kind}", column.kind));
            }
            if (column.nullable == 1) != nullable {
                wrong.push(format!("{table}.{name}: nullable is {} there, {nullable} in schema.rs", column.nullable));
            }
        }
        wrong.extend(there.iter().map(|c| format!("{}.{} is not in schema.rs", c.of_table, c.name)));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn what_is_looked_up_while_others_wait_has_its_index(w: &mut World) {
        for (what, select, index) in LOOKED_UP {
            let plan = w.look(move |c| query_plan_with_rows(c, select)).await;
            assert!(plan.contains(index), "{what} does not use {index}:\n{plan}");
        }
    }

    async fn every_key_of_a_practices_table_begins_with_the_practice(w: &mut World) {
        let first: std::collections::BTreeMap<String, String> =
            w.look(columns).await.into_iter().rev().map(|c| (c.of_table, c.name)).collect();
        let wrong: Vec<_> = first.iter().filter(|(_, column)| *column != "practice_id").collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
