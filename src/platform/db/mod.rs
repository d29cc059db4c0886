//! One database, two engines. A unit of work is a synchronous closure that runs on a thread with a
//! connection of its own, so that a dropped future cannot tear it: a read is one snapshot, a write one
//! transaction.
//!
//! Every unit runs inside one practice ([`Scoped`]); the few that cannot (claiming mail, finding a
//! practice by its address) say so by their name ([`Db::system_read`], [`Db::system_write`]).

mod cached;
mod connect;
mod control;
mod counted;
mod durability;
mod exchange;
mod in_place;
mod kept;
mod lane;
mod lease_clock;
mod lock;
mod log;
mod migrate;
mod postgres;
mod practice_table;
mod probe;
mod queue;
mod rows;
pub mod schema;
mod scope;
pub mod search;
mod serve_lock;
mod sqlite;
mod statistics;
mod ticker;
mod trail;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use cached::{InLists, Update, update};
pub use connect::{Conn, DatabaseUrl, DatabaseUrlError};
pub use counted::{CountOf, SumOf};
pub use exchange::{Heard, MOST_TOLD};
pub use kept::{Kept, columns, kept};
pub use lock::{Lock, lock};
pub use migrate::{migrate, pending};
pub use practice_table::PracticeTable;
pub use rows::{Change, KeptRows, PracticeRow, Rows, RowsOf, rows_beside, rows_of};
pub use scope::{PracticeScope, Scoped, System};
pub use serve_lock::{ServeLock, ServeLockError};
pub use trail::Trail;

use crate::kernel::{clock::Clock, rng::Rng};
use crate::platform::db::connect::Opener;
use crate::platform::db::in_place::{InPlace, Tried};
use crate::platform::db::lane::Lane;
use crate::platform::db::lease_clock::LeaseClock;
use crate::platform::db::log::{LogKeeper, LogLimits, Snapshot};
use crate::platform::db::postgres::Server;
use crate::platform::db::probe::Probe;
use crate::platform::db::queue::{Answer, Manner, Queue, Turn, Unit};
use crate::platform::db::sqlite::{GroupLimits, Reader, Writer};
use crate::platform::db::ticker::Ticker;
use crate::platform::fault::Fault;

/// How long a request waits for a connection before it is answered with 503: a longer wait holds up
/// others, and the browser has mostly given up by then.
const READ_PATIENCE: Duration = Duration::from_millis(500);
/// What somebody has typed is worth a longer wait.
const FORM_READ_PATIENCE: Duration = Duration::from_secs(1);
const WRITE_PATIENCE: Duration = Duration::from_secs(2);
/// Long work answers no page, so it may wait longer.
const ALONE_PATIENCE: Duration = Duration::from_secs(10);
/// Units that may wait before a queue is full.
const QUEUE: usize = 256;
/// How long a start waits for PostgreSQL, which may be starting too.
const START_PATIENCE: Duration = Duration::from_secs(10);
const START_PAUSE: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// How long the reads of the request at hand wait, where that is not [`READ_PATIENCE`].
    static PATIENCE: Duration;
}

/// Answers a request that carries a form.
pub async fn with_form_patience<F: Future>(request: F) -> F::Output {
    PATIENCE.scope(FORM_READ_PATIENCE, request).await
}

/// The handle that the whole program shares.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    lanes: Lanes,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    trail: Arc<Trail>,
    url: DatabaseUrl,
    log: Option<Arc<LogKeeper>>,
    keeping: OnceLock<Ticker>,
    probe: OnceLock<Result<Probe, String>>,
    exchange: OnceLock<Ticker>,
}

enum Lanes {
    /// SQLite has one writer; a second connection would only wait in the kernel.
    Sqlite {
        reading: Lane,
        by_key: InPlace,
        writing: Lane,
    },
    Postgres(Lane),
}

impl Db {
    /// Opens (and for SQLite creates) the database; does not migrate it.
    pub fn open(
        url: &DatabaseUrl,
        pool_size: u32,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, Fault> {
        let (lanes, log) = match url {
            DatabaseUrl::Sqlite(path) => {
                let conn = Opener::writer(url).open()?;
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                let count = (pool_size as usize).min(cores + 1).clamp(1, 8);
                let snapshots: Vec<_> = (0..count + cores).map(|_| Arc::<Snapshot>::default()).collect();
                let log = LogKeeper::new(path, LogLimits::default(), snapshots.clone());
                let (of_threads, of_places) = snapshots.split_at(count);
                let by_key = InPlace::new(Opener::reader(url), of_places.iter().cloned());
                let queue = Queue::new(count, QUEUE);
                let readers = of_threads.iter().cloned().enumerate().map(|(number, snapshot)| {
                    let reader =
                        Reader { number, queue: queue.clone(), opener: Opener::reader(url), snapshot };
                    move || reader.run()
                });
                let reading = Lane::start("db-reader", &queue, readers.collect())?;
                let queue = Queue::new(1, QUEUE);
                let writer =
                    Writer { queue: queue.clone(), conn, limits: GroupLimits::default(), log: log.clone() };
                let writing = Lane::start("db-writer", &queue, vec![move || writer.run()])?;
                (Lanes::Sqlite { reading, by_key, writing }, Some(log))
            }
            DatabaseUrl::Postgres(_) => {
                let opener = Opener::writer(url);
                let mut first = Some(open_in_time(&opener)?);
                let server = Server::new(opener, rng.clone());
                let queue = Queue::new(pool_size as usize, QUEUE);
                // The last thread to fall asleep is the first to be woken; any of them may be.
                let threads = (0..pool_size as usize).map(|number| {
                    let (server, queue, conn) = (server.clone(), queue.clone(), first.take());
                    move || server.run(number, &queue, conn)
                });
                (Lanes::Postgres(Lane::start("db", &queue, threads.collect())?), None)
            }
        };
        Ok(Self(Arc::new(Inner {
            lanes,
            clock,
            rng,
            trail: Arc::default(),
            url: url.clone(),
            log,
            keeping: OnceLock::new(),
            probe: OnceLock::new(),
            exchange: OnceLock::new(),
        })))
    }

    /// Sets the key that proves the events of the audit trail. Without one, nothing that leaves a trace can
    /// be written.
    pub fn use_audit_key(&self, key: [u8; 32]) {
        self.0.trail.use_key(key);
    }

    /// Reads inside one practice. May be run again when its connection breaks.
    pub async fn read<T, F>(&self, practice: &PracticeScope, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let scope = practice.clone();
        self.run(Manner::Read, Some(practice), move |system| unit(&mut system.within(&scope))).await
    }

    /// Writes inside one practice, as one transaction. It may be run again after a lost race, a lost
    /// connection or a failed commit, so it has no effect outside the database.
    pub async fn write<T, F>(&self, practice: &PracticeScope, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        may_write(practice)?;
        let scope = practice.clone();
        self.run(Manner::Write, Some(practice), move |system| unit(&mut system.within(&scope))).await
    }

    /// As [`Db::write`], for work on many rows: others do not share its transaction.
    pub async fn write_alone<T, F>(&self, practice: &PracticeScope, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        may_write(practice)?;
        let scope = practice.clone();
        self.run(Manner::WriteAlone, Some(practice), move |system| unit(&mut system.within(&scope))).await
    }

    /// Reads across practices: for the machinery, never for a page.
    pub async fn system_read<T, F>(&self, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(Manner::Read, None, unit).await
    }

    /// As [`Db::read`], for a unit that reads a few rows by their keys, and that does not wait for anything. Not
    /// for lists over a practice, or for texts of any length: SQLite runs it on the thread that asks.
    pub async fn read_by_key<T, F>(&self, practice: &PracticeScope, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let scope = practice.clone();
        self.run(Manner::ReadByKey, Some(practice), move |system| unit(&mut system.within(&scope))).await
    }

    /// As [`Db::read_by_key`], across practices.
    pub async fn system_read_by_key<T, F>(&self, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(Manner::ReadByKey, None, unit).await
    }

    /// Writes across practices, as one transaction: for the machinery, never for a page.
    pub async fn system_write<T, F>(&self, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(Manner::Write, None, unit).await
    }

    /// As [`Db::system_write`], for work on many rows.
    pub async fn system_write_alone<T, F>(&self, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(Manner::WriteAlone, None, unit).await
    }

    async fn run<T, F>(
        &self,
        manner: Manner,
        practice: Option<&PracticeScope>,
        mut unit: F,
    ) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (clock, rng, trail) = (self.0.clock.clone(), self.0.rng.clone(), self.0.trail.clone());
        let unit: Unit = Box::new(move |conn| {
            let mut bells = Vec::new();
            let value = unit(&mut System {
                conn,
                now: clock.now(),
                leases: LeaseClock::beside(clock.as_ref()),
                rng: rng.as_ref(),
                bells: &mut bells,
                trail: &trail,
            })?;
            Ok(Answer::new(value, bells))
        });
        self.answer(manner, practice.map(|practice| *practice.id()), unit).await?.unpack()
    }

    /// Is this the engine with many writers?
    pub fn is_postgres(&self) -> bool {
        matches!(self.0.lanes, Lanes::Postgres(_))
    }

    async fn answer(&self, manner: Manner, turn: Turn, mut unit: Unit) -> Result<Answer, Fault> {
        let patience = match manner {
            Manner::Read | Manner::ReadByKey => {
                PATIENCE.try_with(|patience| *patience).unwrap_or(READ_PATIENCE)
            }
            Manner::Write => WRITE_PATIENCE,
            Manner::WriteAlone => ALONE_PATIENCE,
        };
        if let (Lanes::Sqlite { by_key, .. }, Manner::ReadByKey) = (&self.0.lanes, manner) {
            match by_key.run(unit) {
                Tried::Done(outcome) => return outcome,
                Tried::NotNow(back) => unit = back,
            }
        }
        let lane = match (&self.0.lanes, manner) {
            (Lanes::Sqlite { reading, .. }, Manner::Read | Manner::ReadByKey) => reading,
            (Lanes::Sqlite { writing, .. }, _) => writing,
            (Lanes::Postgres(both), _) => both,
        };
        lane.run(turn, manner, unit, patience).await
    }

    /// Is the database there and answering? For `/readyz`; waits for no page's connection.
    pub async fn is_answering(&self) -> Result<(), Fault> {
        let start = || Probe::start(Opener::reader(&self.0.url)).map_err(|fault| fault.chain());
        match self.0.probe.get_or_init(start) {
            Ok(probe) => probe.is_answering().await,
            Err(trouble) => Err(Fault::Unavailable(trouble.clone())),
        }
    }

    /// From now on keeps SQLite's log short. One process does, the one that serves.
    pub fn keep_log_short(&self) -> Result<(), Fault> {
        let (Some(log), DatabaseUrl::Sqlite(path)) = (&self.0.log, &self.0.url) else { return Ok(()) };
        let ticker = log.start(Opener::SqliteLog(path.clone()))?;
        // A second call changes nothing: the new thread ends as its handle is dropped.
        let _ = self.0.keeping.set(ticker);
        Ok(())
    }

    /// From now on tells the other processes on this PostgreSQL what `untold` gives, texts of at most [`MOST_TOLD`]
    /// bytes, and passes on what they tell. SQLite has one process that serves.
    pub fn exchange(
        &self,
        untold: impl FnMut() -> Vec<String> + Send + 'static,
        hear: impl FnMut(Heard) + Send + 'static,
    ) -> Result<(), Fault> {
        if !self.is_postgres() || self.0.exchange.get().is_some() {
            return Ok(());
        }
        let ticker = exchange::start(Opener::reader(&self.0.url), untold, hear)?;
        let _ = self.0.exchange.set(ticker);
        Ok(())
    }
}

/// Tries for a while: after a power cut both may be starting.
/// Refuses a write of somebody who only looks. Pages ask before; this is for the one that forgot.
fn may_write(practice: &PracticeScope) -> Result<(), Fault> {
    if practice.refuses_writes() {
        return Err(Fault::other("somebody who only looks at a client's pages asked for a write"));
    }
    Ok(())
}

fn open_in_time(opener: &Opener) -> Result<Conn, Fault> {
    let began = Instant::now();
    loop {
        match opener.open() {
            Err(fault) if began.elapsed() < START_PATIENCE => {
                tracing::warn!(error = fault.chain(), "the database cannot be reached yet");
                std::thread::sleep(START_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

/// Inserts rows of one table: one prepared statement again and again on SQLite, and on PostgreSQL for one
/// or two; more are many rows a statement there (each statement is a round trip, but one whose text hangs
/// on the number of rows is not kept prepared), and from a hundred on COPY, which spares the
/// server the reading of one long statement after the other. The row's type says
/// `treat_none_as_default_value = false`: no column of ours has a default.
#[macro_export]
macro_rules! insert_many {
    ($conn:expr, $table:expr, $rows:expr) => {{
        use diesel::RunQueryDsl as _;
        match $conn {
            $crate::platform::db::Conn::Sqlite(conn) => {
                for row in $rows.iter() {
                    diesel::insert_into($table).values(row).execute(conn)?;
                }
            }
            $crate::platform::db::Conn::Postgres(conn) if $rows.len() <= 2 => {
                for row in $rows.iter() {
                    diesel::insert_into($table).values(row).execute(conn)?;
                }
            }
            $crate::platform::db::Conn::Postgres(conn) if $rows.len() < 100 => {
                diesel::insert_into($table).values(&$rows[..]).execute(conn)?;
            }
            $crate::platform::db::Conn::Postgres(conn) => {
                use diesel::prelude::ExecuteCopyFromDsl as _;
                // In parts, each well within the time that a statement has.
                for rows in $rows.chunks(5_000) {
                    diesel::copy_from($table).from_insertable(rows).execute(conn)?;
                }
            }
        }
    }};
}
