//! What searching needs of each engine and Diesel cannot say.

use diesel::connection::SimpleConnection;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

use crate::kernel::ids::ThreadId;
use crate::platform::db::cached::InLists;
use crate::platform::db::{Conn, Scoped};
use crate::platform::fault::Fault;

diesel::table! {
    /// SQLite's index of three-letter groups over messages.
    message_words (rowid) {
        rowid -> BigInt,
        #[sql_name = "message_words"]
        words -> Text,
    }
}

diesel::table! {
    /// Which message has which number there.
    message_words_key (find_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        seq -> Integer,
        find_id -> BigInt,
    }
}

diesel::infix_operator!(Matches, " MATCH ", backend: Sqlite);

/// Messages that are looked at one by one after the index has named them. What more have is soon found without it.
const MOST_NAMED: i64 = 2_000;

/// The threads of this practice with a message that has all of these groups of three letters, on SQLite; a few may be
/// among them whose message has the groups and not the words. `None`: the index says nothing, and every message is to be
/// looked at. PostgreSQL asks its own index within the statement.
pub fn threads_with_groups(c: &mut Scoped<'_>, groups: &[String]) -> Result<Option<Vec<ThreadId>>, Fault> {
    let practice = *c.practice();
    let (Conn::Sqlite(conn), false) = (&mut *c.conn, groups.is_empty()) else { return Ok(None) };
    let quoted: Vec<String> =
        groups.iter().map(|group| format!("\"{}\"", group.replace('"', "\"\""))).collect();
    let wanted = AsExpression::<Text>::as_expression(quoted.join(" AND "));
    let found: Vec<i64> = message_words::table
        .filter(Matches::new(message_words::words, wanted))
        .limit(MOST_NAMED + 1)
        .select(message_words::rowid)
        .load(conn)?;
    if i64::try_from(found.len()).unwrap_or(i64::MAX) > MOST_NAMED {
        return Ok(None);
    }
    let mut threads: Vec<ThreadId> = message_words_key::table
        .filter(message_words_key::practice_id.eq(practice))
        .filter(message_words_key::find_id.in_list(found))
        .select(message_words_key::thread_id)
        .load(conn)?;
    threads.sort_unstable();
    threads.dedup();
    Ok(Some(threads))
}

/// After many charts came at once: PostgreSQL sorts what waits beside the index of three-letter
/// groups into it, and counts the tables for its planner, rather than leaving both to its next round
/// of cleaning. SQLite has neither to do.
pub fn after_bulk_load(conn: &mut Conn) -> Result<(), Fault> {
    match conn {
        Conn::Sqlite(_) => Ok(()),
        Conn::Postgres(conn) => {
            conn.batch_execute(
                "SELECT gin_clean_pending_list(c.oid) FROM pg_class c JOIN pg_am a ON a.oid = c.relam \
                 WHERE c.relname = 'chart_find' AND a.amname = 'gin' AND pg_table_is_visible(c.oid); \
                 ANALYZE chart; ANALYZE person; ANALYZE person_address",
            )?;
            Ok(())
        }
    }
}

/// Reads with statements that PostgreSQL plans for the values at hand: a text that many rows have is found by
/// walking the order that is asked for, one that few have by the index of three-letter groups. SQLite has one plan.
pub fn planned_for_its_values<T>(
    c: &mut Scoped<'_>,
    read: impl FnOnce(&mut Scoped<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    plan(c, "force_custom_plan")?;
    let found = read(c)?;
    plan(c, "force_generic_plan")?;
    Ok(found)
}

diesel::define_sql_function! {
    /// Sets a setting of PostgreSQL: for this transaction if `is_local`. Unlike `SET`, it is a statement that stays
    /// prepared.
    fn set_config(setting: Text, value: Text, is_local: Bool) -> Text;
}

fn plan(c: &mut Scoped<'_>, mode: &str) -> Result<(), Fault> {
    if let Conn::Postgres(conn) = &mut *c.conn {
        diesel::select(set_config("plan_cache_mode", mode, true)).execute(conn)?;
    }
    Ok(())
}
