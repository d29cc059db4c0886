//! The length of SQLite's write-ahead log. No connection writes it back by itself; one thread does, so
//! that no page pays for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use diesel::connection::SimpleConnection;

use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::ticker::Ticker;
use crate::platform::fault::Fault;

const PAUSE: Duration = Duration::from_secs(1);
/// A write-ahead log that cannot be shortened is reported once a minute.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// When to do what, in bytes of the log.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Write it back beside the others.
    pub write_back: u64,
    /// Cut it, between two transactions.
    pub cut: u64,
    /// Say that a reader keeps it from being cut.
    pub warn: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { write_back: 4 << 20, cut: 64 << 20, warn: 256 << 20 }
    }
}

/// Since when a reader holds the moment that it reads.
pub struct Snapshot {
    zero: Instant,
    /// Milliseconds after `zero`, and one more; 0 for "holds none".
    since: AtomicU64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { zero: Instant::now(), since: AtomicU64::new(0) }
    }
}

impl Snapshot {
    /// A unit begins.
    pub fn begin(&self) {
        let millis = u64::try_from(self.zero.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.since.store(millis + 1, Ordering::Relaxed);
    }

    /// It has ended.
    pub fn end(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    fn age(&self) -> Option<Duration> {
        let since = Duration::from_millis(self.since.load(Ordering::Relaxed).checked_sub(1)?);
        Some(self.zero.elapsed().saturating_sub(since))
    }
}

/// See the module.
pub struct LogKeeper {
    log: PathBuf,
    limits: LogLimits,
    snapshots: Vec<Arc<Snapshot>>,
    is_cut_wanted: AtomicBool,
}

impl LogKeeper {
    /// For the log of this database file.
    pub fn new(database: &Path, limits: LogLimits, snapshots: Vec<Arc<Snapshot>>) -> Arc<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Arc::new(Self { log: log.into(), limits, snapshots, is_cut_wanted: AtomicBool::new(false) })
    }

    /// Begins to look every second.
    pub fn start(self: &Arc<Self>, opener: Opener) -> Result<Ticker, Fault> {
        let keeper = self.clone();
        let (mut conn, mut last, mut warned) = (None, None, None);
        Ticker::start("db-log", PAUSE, move || {
            if let Err(fault) = keeper.look(&opener, &mut conn, &mut last, &mut warned) {
                tracing::warn!(error = fault.chain(), "the database's log could not be written back");
                conn = None;
            }
        })
    }

    /// Called by the writer between two transactions.
    pub fn shorten_if_asked(&self, conn: &mut Conn) {
        if self.is_cut_wanted.swap(false, Ordering::Relaxed)
            && let Err(error) = cut(conn)
        {
            tracing::warn!(%error, "the database's log could not be cut");
        }
    }

    fn look(
        &self,
        opener: &Opener,
        held: &mut Option<Conn>,
        last: &mut Option<(u64, SystemTime)>,
        warned: &mut Option<Instant>,
    ) -> Result<(), Fault> {
        // By its name: opening and closing the file would drop SQLite's locks on it (SQL-3).
        let Ok(file) = std::fs::metadata(&self.log) else { return Ok(()) };
        let length = file.len();
        let seen = file.modified().ok().map(|at| (length, at));
        if length < self.limits.write_back || (seen.is_some() && *last == seen) {
            return Ok(());
        }
        let conn = match held {
            Some(conn) => conn,
            None => held.insert(opener.open()?),
        };
        conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
        if length <= self.limits.cut {
            *last = seen;
            return Ok(());
        }
        // While there are writes the writer cuts it; when it was asked a second ago and nobody has
        // written since, it is cut from here.
        if self.is_cut_wanted.swap(true, Ordering::Relaxed) {
            self.is_cut_wanted.store(false, Ordering::Relaxed);
            cut(conn)?;
        }
        if length > self.limits.warn && warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            *warned = Some(Instant::now());
            let oldest = self.oldest_snapshot();
            tracing::warn!(
                bytes = length,
                oldest_reader_seconds = oldest.map_or(0, |age| age.as_secs()),
                "the database's log grows; a reader that holds an old moment keeps it from being cut"
            );
        }
        Ok(())
    }

    /// How long the reader that began first has been reading.
    fn oldest_snapshot(&self) -> Option<Duration> {
        self.snapshots.iter().filter_map(|snapshot| snapshot.age()).max()
    }
}

/// Waits a quarter of a second for readers; what they still need stays.
fn cut(conn: &mut Conn) -> diesel::QueryResult<()> {
    conn.batch_execute("PRAGMA busy_timeout = 250")?;
    let outcome = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
    conn.batch_execute("PRAGMA busy_timeout = 8000")?;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::DatabaseUrl;

    fn grow(conn: &mut Conn, times: u32) {
        for _ in 0..times {
            conn.batch_execute("INSERT INTO heap VALUES (hex(randomblob(50000)))").unwrap();
        }
    }

    #[test]
    fn sql_4_only_the_keeper_writes_the_log_back_and_a_reader_only_delays_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let url = DatabaseUrl::Sqlite(path.clone());
        let mut writer = Opener::writer(&url).open().unwrap();
        writer.batch_execute("CREATE TABLE heap (text TEXT NOT NULL) STRICT").unwrap();
        let snapshot = Arc::<Snapshot>::default();
        let limits = LogLimits { write_back: 1 << 20, cut: 4 << 20, warn: 8 << 20 };
        let keeper = LogKeeper::new(&path, limits, vec![snapshot.clone()]);
        let opener = Opener::SqliteLog(path.clone());
        let (mut held, mut last, mut warned) = (None, None, None);
        let mut look =
            |warned: &mut Option<Instant>| keeper.look(&opener, &mut held, &mut last, warned).unwrap();
        let length = |path: &Path| std::fs::metadata(path).unwrap().len();
        let log = folder.path().join("x.db-wal");

        // SQLite's own habit would write back after 1,000 pages.
        grow(&mut writer, 60);
        assert!(length(&log) > 5 << 20 && length(&path) < 1 << 20, "{} {}", length(&log), length(&path));

        let mut reader = Opener::reader(&url).open().unwrap();
        reader.batch_execute("BEGIN; SELECT count(*) FROM heap").unwrap();
        snapshot.begin();
        std::thread::sleep(Duration::from_millis(20));
        grow(&mut writer, 60);
        look(&mut warned);
        assert!(length(&path) > 4 << 20, "what the reader does not need is written back");
        assert!(length(&log) > 8 << 20 && warned.is_some(), "the reader keeps the log, and that is said");
        assert!(keeper.oldest_snapshot().unwrap() >= Duration::from_millis(20));
        keeper.shorten_if_asked(&mut writer);
        assert!(length(&log) > 8 << 20, "cut under the reader");

        reader.batch_execute("COMMIT").unwrap();
        snapshot.end();
        assert_eq!(keeper.oldest_snapshot(), None);
        grow(&mut writer, 1);
        look(&mut warned);
        // Nobody writes, so the next look cuts it.
        look(&mut warned);
        assert_eq!(length(&log), 0);
    }
}
