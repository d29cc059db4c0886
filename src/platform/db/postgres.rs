//! PostgreSQL's threads: each has a connection, replaced when it breaks. While the server is away one
//! thread at a time tries to reach it, with growing pauses, and waiting requests are refused after a short time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::result::{DatabaseErrorKind, Error::DatabaseError};
use diesel::{PgConnection, QueryResult};

use crate::kernel::rng::Rng;
use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::lane::guarded;
use crate::platform::db::queue::{Answer, Job, Manner, Queue, Unit};
use crate::platform::fault::{Fault, classify_error};

/// How often a transaction that lost a race is run again.
const RETRIES: u32 = 8;
/// The pause after the first failed try to connect, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a unit whose connection broke waits for another one.
const REPLACED_WITHIN: Duration = Duration::from_secs(1);

/// What the threads share.
pub struct Server {
    opener: Opener,
    rng: Arc<dyn Rng>,
    /// Raised when a connection broke: after a fail-over all of them have, and each of them would
    /// otherwise cost a request of its own.
    generation: AtomicU64,
    away: Mutex<Option<Away>>,
}

/// The server could not be reached.
struct Away {
    pause: Duration,
    next_try: Instant,
}

struct Held {
    conn: Conn,
    generation: u64,
}

/// How a unit came to its end.
struct Ended {
    outcome: Result<Answer, Fault>,
    /// Nothing of it can have been kept, so it may be run again on another connection.
    may_run_again: bool,
}

impl Server {
    /// For connections made by this opener.
    pub fn new(opener: Opener, rng: Arc<dyn Rng>) -> Arc<Self> {
        Arc::new(Self { opener, rng, generation: AtomicU64::new(0), away: Mutex::new(None) })
    }

    /// One thread's work, until the queue closes.
    pub fn run(&self, number: usize, queue: &Queue, first: Option<Conn>) {
        let mut held = first.map(|conn| Held { conn, generation: 0 });
        while queue.wait(number) {
            let usable = held.take().filter(|held| held.generation == self.generation());
            let Some(ready) = usable.or_else(|| self.connect_apart(queue)) else { continue };
            match queue.pop() {
                Some(job) => held = self.serve(job, ready, queue),
                None => held = Some(ready),
            }
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn lock_away(&self) -> MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Server::connect`], while other threads take what comes.
    fn connect_apart(&self, queue: &Queue) -> Option<Held> {
        queue.look_away();
        let held = self.connect(queue);
        queue.look_again();
        held
    }

    /// A new connection, or nothing when the server cannot be reached at this try.
    fn connect(&self, queue: &Queue) -> Option<Held> {
        let away = self.lock_away();
        let next_try = away.as_ref().map(|away| away.next_try);
        // Held through the pause, so that the other threads do not try to connect as well.
        let mut away = next_try.map(|next_try| {
            std::thread::sleep(next_try.saturating_duration_since(Instant::now()));
            away
        });
        let generation = self.generation();
        match self.opener.open() {
            Ok(conn) => {
                if let Some(away) = &mut away {
                    **away = None;
                    queue.set_away(None);
                    tracing::info!("the database is back");
                }
                Some(Held { conn, generation })
            }
            Err(fault) => {
                let mut away = away.unwrap_or_else(|| self.lock_away());
                if away.is_none() {
                    tracing::error!(error = fault.chain(), "the database cannot be reached");
                }
                let pause = away.as_ref().map_or(FIRST_PAUSE, |away| (away.pause * 2).min(LONGEST_PAUSE));
                *away = Some(Away { pause, next_try: Instant::now() + self.with_jitter(pause) });
                queue.set_away(Some(fault.chain()));
                None
            }
        }
    }

    /// This long and up to a half more, so that many nodes do not come back at one moment.
    fn with_jitter(&self, pause: Duration) -> Duration {
        let mut byte = [0u8; 1];
        self.rng.fill(&mut byte);
        pause + pause * u32::from(byte[0]) / 512
    }

    /// Runs a unit and gives the connection back if it still works.
    fn serve(&self, mut job: Job, mut held: Held, queue: &Queue) -> Option<Held> {
        let mut has_run_again = false;
        loop {
            let ended = match job.manner {
                Manner::Read | Manner::ReadByKey => self.read(&mut held.conn, &mut job.unit),
                Manner::Write | Manner::WriteAlone => self.write(&mut held.conn, &mut job.unit),
            };
            if !is_broken(&mut held.conn, job.manner, &ended.outcome) {
                queue.look_again();
                job.finish(ended.outcome.map_err(classify_error));
                return Some(held);
            }
            let of = held.generation;
            drop(held);
            // Only once for all the connections of its age.
            let _ = self.generation.compare_exchange(of, of + 1, Ordering::AcqRel, Ordering::Acquire);
            let again = (ended.may_run_again && !has_run_again).then(|| self.replace(queue)).flatten();
            match again {
                Some(other) => held = other,
                None => {
                    let text = match ended.outcome {
                        Err(fault) => fault.chain(),
                        Ok(_) => "its connection was lost".to_owned(),
                    };
                    queue.look_again();
                    job.finish(Err(Fault::Unavailable(text)));
                    return None;
                }
            }
            has_run_again = true;
        }
    }

    fn replace(&self, queue: &Queue) -> Option<Held> {
        let began = Instant::now();
        loop {
            let held = self.connect(queue);
            if held.is_some() || began.elapsed() >= REPLACED_WITHIN {
                return held;
            }
        }
    }

    /// One snapshot, so that a page shows one moment.
    fn read(&self, conn: &mut Conn, unit: &mut Unit) -> Ended {
        let outcome = begin(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .map_err(Fault::from)
            .and_then(|()| guarded(unit, conn))
            .and_then(|answer| commit(conn).map(|()| answer).map_err(Fault::from));
        if outcome.is_err() {
            let _ = roll_back(conn);
        }
        Ended { outcome, may_run_again: true }
    }

    /// One transaction, run again if it lost a race.
    fn write(&self, conn: &mut Conn, unit: &mut Unit) -> Ended {
        let mut tries = 0;
        loop {
            let answered = begin(conn, "BEGIN").map_err(Fault::from).and_then(|()| guarded(unit, conn));
            let (fault, may_run_again) = match answered {
                Ok(answer) => match commit(conn) {
                    Ok(()) => return Ended { outcome: Ok(answer), may_run_again: false },
                    // The server may have kept it before the connection broke.
                    Err(error) => (Fault::from(error), false),
                },
                Err(fault) => (fault, true),
            };
            let _ = roll_back(conn);
            if !fault.is_worth_a_retry() || tries == RETRIES {
                return Ended { outcome: Err(fault), may_run_again };
            }
            tries += 1;
            std::thread::sleep(self.with_jitter(Duration::from_millis(1 << tries)));
        }
    }
}

fn begin(conn: &mut Conn, sql: &str) -> QueryResult<()> {
    match conn {
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sql),
        Conn::Sqlite(_) => Err(diesel::result::Error::NotFound),
    }
}

fn commit(conn: &mut Conn) -> QueryResult<()> {
    <Conn as Connection>::TransactionManager::commit_transaction(conn)
}

fn roll_back(conn: &mut Conn) -> QueryResult<()> {
    <Conn as Connection>::TransactionManager::rollback_transaction(conn)
}

/// By libpq's own word on the connection, which Diesel keeps after each call; no statement is sent. And
/// by what a server says that is about to go, or that may no longer write.
fn is_broken(conn: &mut Conn, manner: Manner, outcome: &Result<Answer, Fault>) -> bool {
    let Conn::Postgres(conn) = conn else { return false };
    if <PgConnection as Connection>::TransactionManager::is_broken_transaction_manager(conn) {
        return true;
    }
    match outcome {
        Err(Fault::Database(DatabaseError(DatabaseErrorKind::ClosedConnection, _))) => true,
        Err(Fault::Database(DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))) => {
            matches!(manner, Manner::Write | Manner::WriteAlone)
        }
        Err(Fault::Database(DatabaseError(_, info))) => {
            let message = info.message();
            ["terminating connection", "the database system is"].iter().any(|words| message.contains(words))
        }
        _ => false,
    }
}
