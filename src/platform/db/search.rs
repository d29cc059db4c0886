//! What searching needs of each engine and Diesel cannot say.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};

use crate::platform::db::{Conn, Scoped};
use crate::platform::fault::Fault;

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
