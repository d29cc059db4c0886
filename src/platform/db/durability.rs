//! Nothing is acknowledged before it is on stable storage (DUR-01): a start on weaker settings
//! stops, because the promise could not be kept and nobody would notice until the power fails.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use crate::platform::db::{Conn, Db};
use crate::platform::fault::Fault;

/// The first SQLite without the write-ahead log's bug of 2026.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    synchronous: i32,
}

fn word(conn: &mut Conn, sql: &str) -> Result<String, Fault> {
    Ok(diesel::sql_query(sql).get_result::<Word>(conn)?.word)
}

/// QPSG keeps SQLite from planning a statement again at each run; DBPAGE_VTAB reads pages for copies.
const BUILD_OPTIONS: [&str; 2] = ["ENABLE_QPSG", "ENABLE_DBPAGE_VTAB"];

impl Db {
    /// Options that SQLite should have been built with and was not; none on PostgreSQL.
    pub async fn lacking_build_options(&self) -> Result<Vec<&'static str>, Fault> {
        self.system_read(|system| {
            let mut lacking = Vec::new();
            if let Conn::Sqlite(_) = system.conn {
                for option in BUILD_OPTIONS {
                    if !is_compiled_with(system.conn, option)? {
                        lacking.push(option);
                    }
                }
            }
            Ok(lacking)
        })
        .await
    }

    /// Everything that weakens the promise, in words; empty when it holds.
    pub async fn weaknesses(&self) -> Result<Vec<String>, Fault> {
        // As a write: on SQLite it is the writer whose settings count.
        self.system_write(|system| match system.conn {
            Conn::Sqlite(_) => sqlite(system.conn),
            Conn::Postgres(_) => postgres(system.conn),
        })
        .await
    }
}

fn sqlite(conn: &mut Conn) -> Result<Vec<String>, Fault> {
    let mut weak = Vec::new();
    let version = word(conn, "SELECT sqlite_version() AS word")?;
    if !is_new_enough(&version) {
        weak.push(format!("SQLite {version} is older than 3.51.3"));
    }
    let journal = word(conn, "SELECT journal_mode AS word FROM pragma_journal_mode")?;
    if journal != "wal" {
        weak.push(format!(
            "the journal is {journal}, not wal; does the data folder lie on a network file system?"
        ));
    }
    let synchronous =
        diesel::sql_query("SELECT synchronous FROM pragma_synchronous").get_result::<Number>(conn)?;
    if synchronous.synchronous < 2 {
        weak.push(format!("synchronous is {}, not 2 (FULL)", synchronous.synchronous));
    }
    Ok(weak)
}

fn is_compiled_with(conn: &mut Conn, option: &str) -> Result<bool, Fault> {
    let sql = "SELECT CAST(sqlite_compileoption_used(?) AS TEXT) AS word";
    Ok(diesel::sql_query(sql).bind::<Text, _>(option).get_result::<Word>(conn)?.word == "1")
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST_SQLITE
}

fn postgres(conn: &mut Conn) -> Result<Vec<String>, Fault> {
    let mut weak = Vec::new();
    for (setting, why) in [
        ("fsync", "a crash of the machine would lose and damage data"),
        ("full_page_writes", "a crash of the machine could damage pages"),
        ("synchronous_commit", "the last commits would be lost in a crash"),
    ] {
        let value = word(conn, &format!("SELECT current_setting('{setting}') AS word"))?;
        if value == "off" {
            weak.push(format!("PostgreSQL has {setting} = off: {why}"));
        }
    }
    if word(conn, "SELECT current_setting('data_checksums') AS word")? == "off" {
        tracing::warn!(
            "PostgreSQL keeps no data checksums; damaged pages would not be noticed (pg_checksums --enable)"
        );
    }
    if word(conn, "SELECT current_setting('autovacuum') AS word")? == "off" {
        tracing::warn!(
            "PostgreSQL has autovacuum = off: statements are planned on the sizes that tables had once, and get \
             slower as they fill; turn it on, or run VACUUM ANALYZE each day"
        );
    }
    // The step that makes it may have run without the right to create the extension.
    let backed = "SELECT CAST(count(*) AS TEXT) AS word FROM pg_constraint WHERE conname = 'busy_overlap'";
    if word(conn, backed)? == "0" {
        tracing::warn!(
            "no constraint backs up the lock against double booking: create the extension btree_gist, and add \
             the constraint busy_overlap as docs/operators says"
        );
    }
    Ok(weak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{clock::SystemClock, rng::SystemRng};
    use crate::platform::db::DatabaseUrl;
    use std::sync::Arc;

    #[tokio::test]
    async fn dur_01_our_own_settings_are_strong_enough() {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(dir.path().join("x.db"));
        let db = Db::open(&url, 2, Arc::new(SystemClock), Arc::new(SystemRng)).unwrap();
        assert_eq!(db.weaknesses().await.unwrap(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn sql_1_a_build_without_an_option_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(dir.path().join("x.db"));
        let db = Db::open(&url, 2, Arc::new(SystemClock), Arc::new(SystemRng)).unwrap();
        let used = db.system_write(|system| {
            [
                "ENABLE_QPSG",
                "ENABLE_DBPAGE_VTAB",
                "DEFAULT_MEMSTATUS=0",
                "THREADSAFE=2",
                "ENABLE_MEMORY_MANAGEMENT",
                "ENABLE_API_ARMOR",
            ]
            .into_iter()
            .map(|option| is_compiled_with(system.conn, option))
            .collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(used.await.unwrap(), [true, true, true, true, false, false]);
        assert!(db.lacking_build_options().await.unwrap().is_empty());
    }

    #[test]
    fn dur_01_an_older_sqlite_is_told_apart() {
        assert!(is_new_enough("3.51.3") && is_new_enough("3.53.0") && is_new_enough("4.0.0"));
        assert!(!is_new_enough("3.51.2") && !is_new_enough("3.45.1") && !is_new_enough("nonsense"));
    }
}
