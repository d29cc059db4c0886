//! Connections of both engines, set so that what is acknowledged is on the disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::platform::fault::{Fault, classify_error};

/// A connection to either engine; Diesel checks every query for both.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded engine.
    Sqlite(SqliteConnection),
    /// PostgreSQL 14 or later.
    Postgres(PgConnection),
}

/// `sqlite:FILE` or `postgres://…`.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// The file of the embedded database.
    Sqlite(PathBuf),
    /// A libpq connection URL.
    Postgres(String),
}

/// Why a database URL was refused.
#[derive(Debug, thiserror::Error)]
#[error("a database URL is sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME")]
pub struct DatabaseUrlError;

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            if path.is_empty() {
                return Err(DatabaseUrlError);
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(DatabaseUrlError)
    }
}

/// Never shows the password (CRY-06).
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let shown = url.rsplit_once('@').map_or("…", |(_, host)| host);
                write!(f, "postgres://…@{shown}")
            }
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub enum Opener {
    /// The embedded engine's writer; there is one.
    SqliteWriter(PathBuf),
    /// One of the embedded engine's readers.
    SqliteReader(PathBuf),
    /// The embedded engine's log and nothing else: it writes pages back, and never rows.
    SqliteLog(PathBuf),
    /// PostgreSQL, reading and writing.
    Postgres(String),
}

impl Opener {
    /// The one that may write.
    pub fn writer(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => Self::SqliteWriter(path.clone()),
            DatabaseUrl::Postgres(url) => Self::Postgres(with_defaults(url)),
        }
    }

    /// One that reads.
    pub fn reader(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => Self::SqliteReader(path.clone()),
            DatabaseUrl::Postgres(url) => Self::Postgres(with_defaults(url)),
        }
    }

    /// A connection. SQLite's writer makes the file, readable by its owner alone.
    pub fn open(&self) -> Result<Conn, Fault> {
        if let Self::SqliteWriter(path) = self {
            create_private(path).map_err(|e| {
                classify_error(Fault::Unavailable(format!(
                    "cannot create the database {}: {e}",
                    path.display()
                )))
            })?;
        }
        self.connect().map_err(|e| classify_error(Fault::Unavailable(e.to_string())))
    }

    fn connect(&self) -> Result<Conn, diesel::ConnectionError> {
        let (path, settings) = match self {
            Self::SqliteWriter(path) => (path, SQLITE_WRITER),
            Self::SqliteReader(path) => (path, SQLITE_READER),
            Self::SqliteLog(path) => (path, SQLITE_LOG),
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                conn.batch_execute(POSTGRES)
                    .map_err(|e| diesel::ConnectionError::BadConnection(e.to_string()))?;
                return Ok(Conn::Postgres(conn));
            }
        };
        let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
        for batch in [SQLITE_COMMON, settings] {
            conn.batch_execute(batch).map_err(|e| diesel::ConnectionError::BadConnection(e.to_string()))?;
        }
        Ok(Conn::Sqlite(conn))
    }
}

/// What a connection gets when its URL says nothing of it: a lost packet or a machine that is gone ends
/// in seconds, not in the minutes that the system would wait.
const POSTGRES_PARAMETERS: &[(&str, &str)] = &[
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "8000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "2"),
    ("application_name", "anteroom"),
];

fn with_defaults(url: &str) -> String {
    let given = url.split_once('?').map_or("", |(_, query)| query);
    let names: Vec<&str> = given.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let mut whole = url.to_owned();
    for (name, value) in POSTGRES_PARAMETERS.iter().filter(|(name, _)| !names.contains(name)) {
        let joint = match whole.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        whole.push_str(&format!("{joint}{name}={value}"));
    }
    whole
}

/// Makes the file if it is not there. An existing one is not opened: POSIX drops every lock that this
/// process holds on a file when any descriptor of it is closed, SQLite's among them (SQL-3).
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

// busy_timeout comes first: each later setting may have to wait for another process.
// synchronous=FULL: with NORMAL, commits that were acknowledged are lost when the power goes (DUR-01).
// cell_size_check: a damaged page is found when it is read, not when it has been written back.
// wal_autocheckpoint=0: one thread writes the log back, so no page and no command does.
// auto_vacuum can be chosen only while the file is empty, and WAL mode writes its first page.
const SQLITE_COMMON: &str = "PRAGMA busy_timeout = 8000; PRAGMA foreign_keys = ON; \
     PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; \
     PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cell_size_check = ON; \
     PRAGMA synchronous = FULL;";
const SQLITE_WRITER: &str =
    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA cache_size = -32000;";
const SQLITE_READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -16000;";
const SQLITE_LOG: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -256;";
// plan_cache_mode: a statement is planned once for a connection. Left to itself, PostgreSQL plans one with many
// subqueries again at each run, as the count of what waits for staff: 10 ms of planning for 2 ms of work.
const POSTGRES: &str = "SET synchronous_commit = on; SET statement_timeout = '30s'; \
     SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; \
     SET plan_cache_mode = force_generic_plan;";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_what_it_does_not_say() {
        let all = "connect_timeout=3&tcp_user_timeout=8000&keepalives_idle=5&keepalives_interval=2&\
                   keepalives_count=2&application_name=anteroom";
        for (given, whole) in [
            ("postgres://h/d", format!("postgres://h/d?{all}")),
            ("postgres://h/d?", format!("postgres://h/d?{all}")),
            ("postgres://h/d?sslmode=require", format!("postgres://h/d?sslmode=require&{all}")),
            (
                "postgres://h/d?connect_timeout=60",
                format!("postgres://h/d?connect_timeout=60&{}", all.split_once('&').unwrap().1),
            ),
        ] {
            assert_eq!(with_defaults(given), whole);
        }
    }

    #[test]
    fn sql_2_and_sql_9_every_connection_is_durable_and_a_new_file_can_shrink() {
        use diesel::sql_types::Integer;
        #[derive(QueryableByName)]
        struct Set {
            #[diesel(sql_type = Integer)]
            value: i32,
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let openers =
            [Opener::SqliteWriter(path.clone()), Opener::SqliteReader(path.clone()), Opener::SqliteLog(path)];
        for opener in openers {
            let mut conn = opener.open().unwrap();
            let mut get = |name: &str| {
                diesel::sql_query(format!("SELECT {name} AS value FROM pragma_{name}"))
                    .get_result::<Set>(&mut conn)
                    .unwrap()
                    .value
            };
            assert_eq!(get("synchronous"), 2);
            assert_eq!(get("auto_vacuum"), 2);
            assert_eq!(get("foreign_keys"), 1);
            assert_eq!(get("cell_size_check"), 1);
        }
    }
}
