//! Connections of both engines, set so that what is acknowledged is on the disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;

use crate::platform::fault::Fault;

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

enum Kind {
    SqliteWriter(PathBuf),
    SqliteReader(PathBuf),
    Postgres(String),
}

/// Makes connections for a pool.
pub struct Manager(Kind);

impl Manager {
    /// The one writer. Makes the file, readable by its owner alone.
    pub fn sqlite_writer(path: &Path) -> Result<Self, Fault> {
        create_private(path)
            .map_err(|e| Fault::Unavailable(format!("cannot create the database {}: {e}", path.display())))?;
        Ok(Self(Kind::SqliteWriter(path.to_owned())))
    }

    /// One of several readers.
    pub fn sqlite_reader(path: &Path) -> Self {
        Self(Kind::SqliteReader(path.to_owned()))
    }

    /// PostgreSQL, reading and writing.
    pub fn postgres(url: &str) -> Self {
        Self(Kind::Postgres(url.to_owned()))
    }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

// synchronous=FULL: with NORMAL, commits that were acknowledged are lost when the power goes (DUR-01).
const SQLITE_COMMON: &str = "PRAGMA busy_timeout = 8000; PRAGMA foreign_keys = ON; \
     PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000; \
     PRAGMA synchronous = FULL;";

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<Conn, Self::Error> {
        let told = |e: diesel::result::Error| diesel::ConnectionError::BadConnection(e.to_string());
        match &self.0 {
            Kind::SqliteWriter(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                conn.batch_execute("PRAGMA journal_mode = WAL;").map_err(told)?;
                conn.batch_execute(SQLITE_COMMON).map_err(told)?;
                Ok(Conn::Sqlite(conn))
            }
            Kind::SqliteReader(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                conn.batch_execute(SQLITE_COMMON).map_err(told)?;
                conn.batch_execute("PRAGMA query_only = ON;").map_err(told)?;
                Ok(Conn::Sqlite(conn))
            }
            Kind::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                conn.batch_execute(
                    "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
                     SET idle_in_transaction_session_timeout = '60s';",
                )
                .map_err(told)?;
                Ok(Conn::Postgres(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.batch_execute("SELECT 1").map_err(|e| diesel::ConnectionError::BadConnection(e.to_string()))
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        use diesel::connection::TransactionManager;
        match conn {
            // A SQLite connection does not break; a transaction left open by a panic would.
            Conn::Sqlite(_) => false,
            Conn::Postgres(conn) => {
                std::thread::panicking()
                    || <PgConnection as Connection>::TransactionManager::is_broken_transaction_manager(conn)
                    // Not an empty statement: libpq reports one as an error, and every connection would be
                    // thrown away after its first use.
                    || conn.batch_execute("SELECT 1").is_err()
            }
        }
    }
}

/// Pool errors go to the log, not to standard error.
#[derive(Debug)]
pub struct LogPoolErrors;

impl<E: std::error::Error> diesel::r2d2::HandleError<E> for LogPoolErrors {
    fn handle_error(&self, error: E) {
        tracing::warn!(%error, "a database connection could not be made");
    }
}
