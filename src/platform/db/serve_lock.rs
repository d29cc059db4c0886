//! One `serve` for each database file. Two would both send the reminders, and each would keep caches
//! that the other makes untrue.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::kernel::clock::Timestamp;
use crate::platform::db::connect::DatabaseUrl;

/// Held as long as the process serves; the system lets it go however the process ends.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

/// Why the lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum ServeLockError {
    /// Another process serves this file.
    #[error("the database {} is served already, by {holder}", database.display())]
    Taken {
        /// The database's file.
        database: PathBuf,
        /// Which process, and since when, as it wrote down.
        holder: String,
    },
    /// The lock's file cannot be made or read.
    #[error("the lock {} cannot be taken", path.display())]
    Unusable {
        /// The lock's file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
}

impl ServeLock {
    /// For the embedded database; PostgreSQL may be served by many.
    pub fn take(url: &DatabaseUrl, now: Timestamp) -> Result<Option<Self>, ServeLockError> {
        match url {
            DatabaseUrl::Sqlite(database) => Self::beside(database, now).map(Some),
            DatabaseUrl::Postgres(_) => Ok(None),
        }
    }

    /// A file of its own, never the database's: SQLite's own locks on that one would be dropped when it is
    /// closed (SQL-3).
    fn beside(database: &Path, now: Timestamp) -> Result<Self, ServeLockError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".serve.lock");
        let path = PathBuf::from(path);
        let unusable = |source| ServeLockError::Unusable { path: path.clone(), source };
        let mut options = File::options();
        options.create(true).read(true).write(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(unusable)?;
                let holder = match holder.trim() {
                    "" => "a process that is just starting".to_owned(),
                    holder => holder.to_owned(),
                };
                return Err(ServeLockError::Taken { database: database.to_owned(), holder });
            }
        }
        let holder = format!("process {} since {}\n", std::process::id(), now.timestamp());
        file.set_len(0).and_then(|()| file.rewind()).map_err(unusable)?;
        file.write_all(holder.as_bytes()).and_then(|()| file.flush()).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_8_a_second_server_of_a_file_is_told_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("x.db"));
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        let first = ServeLock::take(&url, now).unwrap();
        let refused = ServeLock::take(&url, now).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} since 2026-12-01", std::process::id())), "{refused}");
        assert!(!folder.path().join("x.db").exists(), "the database's file was touched");
        drop(first);
        assert!(ServeLock::take(&url, now).unwrap().is_some());
        let other = DatabaseUrl::Postgres("postgres://nowhere.invalid/x".into());
        assert!(ServeLock::take(&other, now).unwrap().is_none());
    }
}
