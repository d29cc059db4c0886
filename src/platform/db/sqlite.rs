//! The embedded engine's threads: several readers, each with one snapshot a unit, and one writer, which
//! commits what waits together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;

use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::control::{Begin, Commit};
use crate::platform::db::lane::guarded;
use crate::platform::db::log::{LogKeeper, Snapshot};
use crate::platform::db::queue::{Answer, Job, Manner, Queue, Unit};
use crate::platform::fault::{Fault, classify_error};

/// How often a unit that asks to be run again is.
const RETRIES: u32 = 8;

/// A reader's thread.
pub struct Reader {
    /// Its place among the queue's threads.
    pub number: usize,
    /// What it takes units from.
    pub queue: Arc<Queue>,
    /// Makes its connection, at its first unit.
    pub opener: Opener,
    /// Where it says how long it has held its snapshot.
    pub snapshot: Arc<Snapshot>,
}

impl Reader {
    /// Until the queue closes.
    pub fn run(self) {
        let mut open = None;
        while self.queue.wait(self.number) {
            let conn = match &mut open {
                Some(conn) => conn,
                None => match self.opener.open() {
                    Ok(conn) => open.insert(conn),
                    Err(fault) => {
                        self.queue.refuse_one(fault);
                        continue;
                    }
                },
            };
            let Some(mut job) = self.queue.pop() else { continue };
            let outcome = read(conn, &self.snapshot, &mut job.unit);
            self.queue.look_again();
            job.finish(outcome);
        }
    }
}

/// One transaction, so that a page shows one moment, and the file is locked and looked at once.
pub fn read(conn: &mut Conn, snapshot: &Snapshot, unit: &mut Unit) -> Result<Answer, Fault> {
    snapshot.begin();
    let outcome = in_transaction(conn, unit).map_err(classify_error);
    snapshot.end();
    outcome
}

fn in_transaction(conn: &mut Conn, unit: &mut Unit) -> Result<Answer, Fault> {
    Begin.execute(conn)?;
    let outcome = guarded(unit, conn);
    // It wrote nothing, so either ending will do; a statement that still runs would keep COMMIT from it.
    if Commit.execute(conn).is_err() {
        conn.batch_execute("ROLLBACK")?;
    }
    outcome
}

/// How much one transaction takes together.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// Units.
    pub units: usize,
    /// Time that they run; one that takes longer is the last of its group.
    pub time: Duration,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self { units: 64, time: Duration::from_millis(4) }
    }
}

/// The writer's thread. Each commit is an fsync, so whatever waits when a transaction begins shares it:
/// each unit in a savepoint of its own, answered after the commit. No unit waits for others to arrive.
pub struct Writer {
    /// What it takes units from; its only thread.
    pub queue: Arc<Queue>,
    /// Its connection.
    pub conn: Conn,
    /// How much goes together.
    pub limits: GroupLimits,
    /// Shortens the log between two transactions when it has grown too long.
    pub log: Arc<LogKeeper>,
}

/// What became of a unit inside its group.
enum InGroup {
    /// Its savepoint was kept or undone; this is its answer if the group commits.
    Settled(Result<Answer, Fault>),
    /// SQLite has undone the whole transaction by itself: no room, no memory, a failing disk.
    GroupLost,
}

impl Writer {
    /// Until the queue closes.
    pub fn run(mut self) {
        while self.queue.wait(0) {
            self.log.shorten_if_asked(&mut self.conn);
            match self.conn.batch_execute("BEGIN IMMEDIATE") {
                Ok(()) => self.group(),
                Err(error) => {
                    let fault = classify_error(error.into());
                    // Another process writes: a unit that waits too long is refused by its own deadline.
                    if fault.is_worth_a_retry() {
                        continue;
                    }
                    self.queue.refuse_one(fault);
                }
            }
        }
    }

    /// Inside `BEGIN IMMEDIATE`.
    fn group(&mut self) {
        let began = Instant::now();
        let mut settled: Vec<(Job, Result<Answer, Fault>)> = Vec::new();
        let mut is_lost = false;
        loop {
            let next = if settled.is_empty() { self.queue.pop() } else { self.queue.pop_to_join() };
            let Some(mut job) = next else { break };
            match self.in_savepoint(&mut job.unit) {
                InGroup::Settled(outcome) => settled.push((job, outcome)),
                InGroup::GroupLost => {
                    settled.push((job, Err(Fault::other("its transaction was lost"))));
                    is_lost = true;
                }
            }
            let is_full = settled.len() >= self.limits.units || began.elapsed() >= self.limits.time;
            if is_lost || is_full || settled.last().is_some_and(|(job, _)| job.manner == Manner::WriteAlone) {
                break;
            }
        }
        if settled.is_empty() {
            let _ = self.conn.batch_execute("ROLLBACK");
            return;
        }
        if !is_lost && self.conn.batch_execute("COMMIT").is_ok() {
            metrics::counter!("anteroom_db_commits_total").increment(1);
            metrics::counter!("anteroom_db_write_units_total").increment(settled.len() as u64);
            self.queue.look_again();
            for (job, outcome) in settled {
                job.finish(outcome);
            }
            return;
        }
        // No unit was answered yet, and nothing was committed. Each runs once more by itself, so that one
        // that cannot be committed fails alone.
        let _ = self.conn.batch_execute("ROLLBACK");
        self.queue.look_again();
        for (mut job, _) in settled {
            let outcome = self.by_itself(&mut job.unit).map_err(classify_error);
            job.finish(outcome);
        }
    }

    fn in_savepoint(&mut self, unit: &mut Unit) -> InGroup {
        let mut tries = 0;
        loop {
            if self.conn.batch_execute("SAVEPOINT unit").is_err() {
                return InGroup::GroupLost;
            }
            let outcome = guarded(unit, &mut self.conn).map_err(classify_error);
            let ending = if outcome.is_ok() { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" };
            if self.conn.batch_execute(ending).is_err() {
                return InGroup::GroupLost;
            }
            match outcome {
                Err(fault) if fault.is_worth_a_retry() && tries < RETRIES => tries += 1,
                outcome => return InGroup::Settled(outcome),
            }
        }
    }

    fn by_itself(&mut self, unit: &mut Unit) -> Result<Answer, Fault> {
        self.conn.batch_execute("BEGIN IMMEDIATE")?;
        let outcome = guarded(unit, &mut self.conn);
        let committed = outcome.and_then(|answer| {
            self.conn.batch_execute("COMMIT")?;
            metrics::counter!("anteroom_db_commits_total").increment(1);
            metrics::counter!("anteroom_db_write_units_total").increment(1);
            Ok(answer)
        });
        if committed.is_err() {
            let _ = self.conn.batch_execute("ROLLBACK");
        }
        committed
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use diesel::prelude::*;
    use diesel::sql_types::BigInt;
    use tokio::sync::Notify;

    use super::*;
    use crate::platform::db::DatabaseUrl;
    use crate::platform::db::lane::Lane;
    use crate::platform::db::log::LogLimits;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A writer's lane on a new file, with time enough for a group however slow the machine is.
    struct Fixture {
        folder: tempfile::TempDir,
        lane: Arc<Lane>,
        reader: Conn,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.db");
            let url = DatabaseUrl::Sqlite(path.clone());
            let mut conn = Opener::writer(&url).open().unwrap();
            conn.batch_execute(
                "CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT; \
                 CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent) STRICT; \
                 CREATE TABLE heap (text TEXT NOT NULL) STRICT;",
            )
            .unwrap();
            let reader = Opener::reader(&url).open().unwrap();
            let queue = Queue::new(1, 256);
            let limits = GroupLimits { units: 64, time: PATIENCE };
            let log = LogKeeper::new(&path, LogLimits::default(), Vec::new());
            let writer = Writer { queue: queue.clone(), conn, limits, log };
            let lane = Arc::new(Lane::start("writer", &queue, vec![move || writer.run()]).unwrap());
            Self { folder, lane, reader }
        }

        /// Puts a unit into the queue.
        fn queue(
            &self,
            manner: Manner,
            unit: impl FnMut(&mut Conn) -> Result<Answer, Fault> + Send + 'static,
        ) -> tokio::task::JoinHandle<Result<Answer, Fault>> {
            let (lane, unit): (_, Unit) = (self.lane.clone(), Box::new(unit));
            tokio::spawn(async move { lane.run(None, manner, unit, PATIENCE).await })
        }

        /// Holds the writer in a transaction until the sender speaks or goes, so that what is queued
        /// meanwhile waits at the same time.
        async fn hold(&self) -> (Sender<()>, tokio::task::JoinHandle<Result<Answer, Fault>>) {
            let (free, freed): (Sender<()>, Receiver<()>) = channel();
            let (begins, begun) = tokio::sync::oneshot::channel();
            let mut begins = Some(begins);
            let held = self.queue(Manner::WriteAlone, move |_| {
                if let Some(begins) = begins.take() {
                    begins.send(()).unwrap();
                }
                let _ = freed.recv();
                done()
            });
            begun.await.unwrap();
            (free, held)
        }

        fn count(&mut self, table: &str) -> i64 {
            count(&mut self.reader, table)
        }

        /// Frames of the log that end a transaction: their header names the file's new length.
        fn commits(&self) -> usize {
            commits(self.folder.path())
        }
    }

    fn commits(folder: &Path) -> usize {
        let log = std::fs::read(folder.join("x.db-wal")).unwrap();
        let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }

    fn count(conn: &mut Conn, table: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        diesel::sql_query(format!("SELECT count(*) AS n FROM {table}")).get_result::<Row>(conn).unwrap().n
    }

    fn done() -> Result<Answer, Fault> {
        Ok(Answer::new((), Vec::new()))
    }

    fn run(conn: &mut Conn, sql: &str) -> Result<Answer, Fault> {
        conn.batch_execute(sql)?;
        done()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sql_1_units_that_wait_at_the_same_time_share_a_commit_and_are_answered_after_it() {
        let mut f = Fixture::new();
        let before = f.commits();
        let (free, held) = f.hold().await;
        let url = DatabaseUrl::Sqlite(f.folder.path().join("x.db"));
        let units: Vec<_> = (0..64)
            .map(|n| {
                let answer = f
                    .queue(Manner::Write, move |conn| run(conn, &format!("INSERT INTO parent VALUES ({n})")));
                let url = url.clone();
                tokio::spawn(async move {
                    answer.await.unwrap().unwrap();
                    // Another connection sees it as soon as it is acknowledged.
                    let mut conn = Opener::reader(&url).open().unwrap();
                    count(&mut conn, &format!("parent WHERE id = {n}"))
                })
            })
            .collect();
        f.until_waiting(64).await;
        drop(free);
        held.await.unwrap().unwrap();
        for unit in units {
            assert_eq!(unit.await.unwrap(), 1);
        }
        let commits = f.commits() - before;
        assert!(commits < 64 / 4, "64 units took {commits} commits");
        assert_eq!(f.count("parent"), 64);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sql_2_a_unit_that_fails_or_panics_fails_alone() {
        let mut f = Fixture::new();
        let (free, held) = f.hold().await;
        let good = f.queue(Manner::Write, |conn| run(conn, "INSERT INTO parent VALUES (1)"));
        f.until_waiting(1).await;
        let twice = f.queue(Manner::Write, |conn| {
            conn.batch_execute("INSERT INTO parent VALUES (2)")?;
            run(conn, "INSERT INTO parent VALUES (1)")
        });
        let panics = f.queue(Manner::Write, |conn| {
            conn.batch_execute("INSERT INTO parent VALUES (3)")?;
            panic!("in a unit");
        });
        let other = f.queue(Manner::Write, |conn| run(conn, "INSERT INTO parent VALUES (4)"));
        f.until_waiting(4).await;
        drop(free);
        held.await.unwrap().unwrap();
        assert!(good.await.unwrap().is_ok() && other.await.unwrap().is_ok());
        assert!(matches!(twice.await.unwrap(), Err(Fault::Database(_))));
        assert!(matches!(panics.await.unwrap(), Err(Fault::Other(..))));
        assert_eq!(f.count("parent WHERE id IN (1, 4)"), 2);
        assert_eq!(f.count("parent"), 2, "what the failed units had written is gone");
    }

    /// Queues a unit of each text behind a held writer; answers how often each ran and what came of it.
    async fn group(f: &Fixture, units: &[&'static str]) -> Vec<(usize, Result<(), Fault>)> {
        let (free, held) = f.hold().await;
        let mut all = Vec::new();
        for (n, sql) in units.iter().copied().enumerate() {
            let runs = Arc::new(AtomicUsize::new(0));
            let counted = runs.clone();
            let answer = f.queue(Manner::Write, move |conn| {
                counted.fetch_add(1, Ordering::SeqCst);
                run(conn, sql)
            });
            f.until_waiting(n + 1).await;
            all.push((runs, answer));
        }
        drop(free);
        held.await.unwrap().unwrap();
        let mut outcomes = Vec::new();
        for (runs, answer) in all {
            let outcome = answer.await.unwrap().map(drop);
            outcomes.push((runs.load(Ordering::SeqCst), outcome));
        }
        outcomes
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sql_2_when_a_commit_fails_each_unit_runs_once_more_by_itself() {
        let mut f = Fixture::new();
        // A foreign key that is looked at when the transaction commits.
        let orphan = "PRAGMA defer_foreign_keys = ON; INSERT INTO child VALUES (1, 999)";
        let units = ["INSERT INTO parent VALUES (1)", orphan, "INSERT INTO parent VALUES (2)"];
        let outcomes = group(&f, &units).await;
        assert_eq!(outcomes.iter().map(|(runs, _)| *runs).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(outcomes[0].1.is_ok() && outcomes[2].1.is_ok());
        assert!(matches!(outcomes[1].1, Err(Fault::Database(_))), "{:?}", outcomes[1].1);
        assert_eq!((f.count("parent"), f.count("child")), (2, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sql_2_when_sqlite_undoes_the_transaction_each_unit_runs_once_more_by_itself() {
        let mut f = Fixture::new();
        // A full file undoes the whole transaction and not only the statement (SQLITE_FULL).
        let full = "PRAGMA max_page_count = 1; \
                    INSERT INTO heap VALUES (hex(zeroblob(4000000)))";
        let room = "PRAGMA max_page_count = 1000000; INSERT INTO parent VALUES (2)";
        let outcomes = group(&f, &["INSERT INTO parent VALUES (1)", full, room]).await;
        assert!(matches!(outcomes[1].1, Err(Fault::DiskFull)), "{:?}", outcomes[1].1);
        assert!(outcomes[0].1.is_ok() && outcomes[2].1.is_ok(), "{:?}", outcomes[2].1);
        assert_eq!((outcomes[0].0, outcomes[1].0), (2, 2));
        assert_eq!((f.count("parent"), f.count("heap")), (2, 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bell_rings_for_what_was_committed_and_for_nothing_else() {
        let f = Fixture::new();
        let (kept, lost) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        for (bell, sql) in [
            (&kept, "INSERT INTO parent VALUES (1)"),
            (&lost, "PRAGMA defer_foreign_keys = ON; INSERT INTO child VALUES (1, 999)"),
        ] {
            let bell = bell.clone();
            let unit = f.queue(Manner::Write, move |conn| {
                conn.batch_execute(sql)?;
                Ok(Answer::new((), vec![bell.clone()]))
            });
            let _ = unit.await.unwrap();
        }
        // A bell that has rung lets one pass.
        let passes = async |bell: Arc<Notify>| {
            tokio::time::timeout(Duration::from_millis(50), bell.notified()).await.is_ok()
        };
        assert!(passes(kept).await);
        assert!(!passes(lost).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ovr_2_a_unit_whose_client_has_gone_never_runs_and_one_that_began_is_kept_whole() {
        let mut f = Fixture::new();
        let (free, held) = f.hold().await;
        let waits = f.queue(Manner::Write, |conn| run(conn, "INSERT INTO parent VALUES (1)"));
        f.until_waiting(1).await;
        waits.abort();
        assert!(waits.await.unwrap_err().is_cancelled());
        f.until_waiting(0).await;
        drop(free);
        held.await.unwrap().unwrap();

        let (begins, begun) = tokio::sync::oneshot::channel();
        let (free, freed): (Sender<()>, Receiver<()>) = channel();
        let mut begins = Some(begins);
        let runs = f.queue(Manner::Write, move |conn| {
            conn.batch_execute("INSERT INTO parent VALUES (2)")?;
            begins.take().unwrap().send(()).unwrap();
            let _ = freed.recv();
            run(conn, "INSERT INTO parent VALUES (3)")
        });
        begun.await.unwrap();
        runs.abort();
        assert!(runs.await.unwrap_err().is_cancelled());
        drop(free);
        let last = f.queue(Manner::Write, |_| done());
        last.await.unwrap().unwrap();
        assert_eq!((f.count("parent WHERE id = 1"), f.count("parent")), (0, 2));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn practices_take_turns_and_who_waits_too_long_is_told_so() {
        use crate::kernel::clock::Timestamp;
        use crate::kernel::ids::PracticeId;
        use crate::kernel::rng::SystemRng;
        let f = Fixture::new();
        let (free, held) = f.hold().await;
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let busy = PracticeId::fresh(&SystemRng, Timestamp::from_micros(0));
        let quiet = PracticeId::fresh(&SystemRng, Timestamp::from_micros(1));
        let mut answers = Vec::new();
        for (n, practice) in [&busy, &busy, &busy, &quiet].into_iter().enumerate() {
            let (lane, seen, practice) = (f.lane.clone(), order.clone(), practice.clone());
            let unit: Unit = Box::new(move |_| {
                seen.lock().unwrap().push(n);
                done()
            });
            answers.push(tokio::spawn(async move {
                lane.run(Some(practice), Manner::WriteAlone, unit, PATIENCE).await
            }));
            f.until_waiting(n + 1).await;
        }
        let impatient = f.lane.run(None, Manner::Write, Box::new(|_| done()), Duration::from_millis(20));
        assert!(matches!(impatient.await, Err(Fault::Busy(_))));
        drop(free);
        held.await.unwrap().unwrap();
        for answer in answers {
            answer.await.unwrap().unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            [0, 3, 1, 2],
            "the quiet practice waits for one unit, not for three"
        );
    }

    impl Fixture {
        async fn until_waiting(&self, units: usize) {
            while self.lane.waiting() != units {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}
