//! What can go wrong whatever was sent: the database, the disk, the keys. A refusal of the
//! domain ("already registered") is a value of its action, never a fault.

use std::error::Error;

/// Gives the value of an inner result, or leaves the function with its refusal: for functions that answer
/// `Result<Result<T, Refusal>, Fault>`.
#[macro_export]
macro_rules! granted {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(refused) => return Ok(Err(refused.into())),
        }
    };
}
pub use granted;

/// A failure of the machinery. Pages answer it with "something went wrong on our side".
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Database(#[from] diesel::result::Error),
    /// The database cannot be reached, or every connection is taken for too long.
    #[error("the database is not reachable: {0}")]
    Unavailable(String),
    /// The disk is full; reading goes on.
    #[error("no room left on the database's disk")]
    DiskFull,
    /// The file of the embedded database is damaged, or is no database. What SQLite says of it.
    #[error("the database file is damaged: {0}")]
    DamagedFile(String),
    /// Too much is waiting already.
    #[error("too busy: {0}")]
    Busy(&'static str),
    /// A sealed column does not open: wrong key file, or the row was tampered with.
    #[error("a sealed value does not open; is this the key file that sealed it?")]
    Unsealable,
    /// Stored data is not what we ever write.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// A blocking task ended without an answer.
    #[error("a task ended early: {0}")]
    Ended(String),
    /// Anything else, with its cause.
    #[error("{0}")]
    Other(String, #[source] Option<Box<dyn Error + Send + Sync>>),
}

impl Fault {
    /// A fault described in words.
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into(), None)
    }

    /// May the same unit of work succeed when it is simply run again? PostgreSQL says so with
    /// 40001 and 40P01; SQLite with "busy".
    pub fn is_worth_a_retry(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error::DatabaseError};
        match self {
            Self::Database(DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
            Self::Database(DatabaseError(_, info)) => {
                let message = info.message();
                message.contains("deadlock detected")
                    || message.contains("database is locked")
                    || message.contains("could not serialize access")
            }
            _ => false,
        }
    }

    /// Makes the database's retry run the unit of work again.
    pub fn lost_race(what: &str) -> Self {
        Self::Database(diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::SerializationFailure,
            Box::new(what.to_owned()),
        ))
    }

    /// For what is noted beside reading ("last seen"): a full disk or a busy database must not keep
    /// anybody from reading (DUR-03). Logged, and passed over; other faults stay faults.
    pub fn ignore_if_unavailable(self) -> Result<(), Self> {
        match self {
            Self::DiskFull | Self::Busy(_) | Self::Unavailable(_) => {
                tracing::warn!(error = self.chain(), "not noted while reading");
                Ok(())
            }
            other => Err(other),
        }
    }

    /// The error with all its causes, for the operator's log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Gives a name to what an engine says of its disk (a full one, a damaged file) and of a lock that
/// somebody else held for too long. Other faults stay as they are.
pub fn classify_error(fault: Fault) -> Fault {
    let said = match &fault {
        Fault::Database(diesel::result::Error::DatabaseError(_, info)) => info.message().to_owned(),
        Fault::Unavailable(_) | Fault::Other(_, Some(_)) => fault.chain(),
        _ => return fault,
    };
    if said.contains("disk is full") || said.contains("No space left") {
        return Fault::DiskFull;
    }
    if said.contains("lock timeout") {
        return Fault::Busy("somebody else was changing the same thing for long");
    }
    let damaged = ["database disk image is malformed", "malformed database schema", "file is not a database"];
    match damaged.iter().find(|words| said.contains(**words)) {
        Some(words) => Fault::DamagedFile((*words).to_owned()),
        None => fault,
    }
}

/// Tells that the database refused a row of `busy` because its time is taken.
pub fn is_overlap(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::ExclusionViolation, _) => true,
        // SQLite has no kind of its own for what a trigger says.
        Error::DatabaseError(_, info) => info.message() == "busy_overlap",
        _ => false,
    }
}

/// Tells a unique-key collision from other errors, for writers who expect one.
pub fn is_duplicate(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}
