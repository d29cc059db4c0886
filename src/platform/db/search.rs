//! What searching needs of each engine and Diesel cannot say.

use diesel::connection::SimpleConnection;

use crate::platform::db::Conn;
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
