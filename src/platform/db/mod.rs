//! One database, two engines. A unit of work is a synchronous closure that hops once to a blocking
//! thread, so that a dropped future cannot tear it; a write is one transaction.
//!
//! Every unit runs inside one practice ([`Scoped`]); the few that cannot (claiming mail, finding a
//! practice by its address) say so by their name ([`Db::system_read`], [`Db::system_write`]).

mod connect;
mod durability;
mod migrate;
pub mod schema;
mod scope;
pub mod search;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use diesel::Connection;
use diesel::r2d2::Pool;
use tokio::sync::Semaphore;

pub use connect::{Conn, DatabaseUrl, DatabaseUrlError};
pub use migrate::{migrate, pending};
pub use scope::{OpenedBy, PracticeScope, Scoped, System};

use crate::kernel::{clock::Clock, rng::Rng};
use crate::platform::fault::{Fault, classify_error};

/// How long a request waits for a connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(10);
/// How often a transaction that lost a race is run again.
const RETRIES: u32 = 8;

/// The handle that the whole program shares.
#[derive(Clone)]
pub struct Db {
    reading: Arc<Lane>,
    writing: Arc<Lane>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// A pool of connections and the gate before it: waiting happens in the async world, so that
/// waiting requests hold no thread.
struct Lane {
    gate: Arc<Semaphore>,
    pool: Pool<connect::Manager>,
}

impl Lane {
    fn open(manager: connect::Manager, size: u32) -> Result<Arc<Self>, Fault> {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .connection_timeout(WAIT)
            .error_handler(Box::new(connect::LogPoolErrors))
            .build(manager)
            .map_err(|e| classify_error(Fault::Unavailable(e.to_string())))?;
        Ok(Arc::new(Self { gate: Arc::new(Semaphore::new(size as usize)), pool }))
    }
}

impl Db {
    /// Opens (and for SQLite creates) the database; does not migrate it.
    pub fn open(
        url: &DatabaseUrl,
        pool_size: u32,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, Fault> {
        let (reading, writing) = match url {
            DatabaseUrl::Sqlite(path) => {
                // SQLite has one writer; a second connection would only wait in the kernel.
                let writing = Lane::open(connect::Manager::sqlite_writer(path)?, 1)?;
                let reading = Lane::open(connect::Manager::sqlite_reader(path), pool_size.clamp(1, 8))?;
                (reading, writing)
            }
            DatabaseUrl::Postgres(url) => {
                let both = Lane::open(connect::Manager::postgres(url), pool_size)?;
                (both.clone(), both)
            }
        };
        Ok(Self { reading, writing, clock, rng })
    }

    /// Reads inside one practice.
    pub async fn read<T, F>(&self, practice: &PracticeScope, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let practice = practice.clone();
        self.system_read(move |system| unit(&mut system.within(&practice))).await
    }

    /// Writes inside one practice, as one transaction. A unit that loses a race on PostgreSQL is run
    /// again, so it must not have effects outside the database.
    pub async fn write<T, F>(&self, practice: &PracticeScope, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let practice = practice.clone();
        self.system_write(move |system| unit(&mut system.within(&practice))).await
    }

    /// Reads across practices: for the machinery, never for a page.
    pub async fn system_read<T, F>(&self, unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        let unit: Unit = Box::new(move |conn| {
            let value = unit(&mut System { conn, now: clock.now(), rng: rng.as_ref() })?;
            Ok(Box::new(value) as Answer)
        });
        unpack(on_a_thread(&self.reading, unit).await?)
    }

    /// Writes across practices, as one transaction: for the machinery, never for a page.
    pub async fn system_write<T, F>(&self, mut unit: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        let unit: Unit = Box::new(move |conn| {
            retry_on_conflict(conn, rng.as_ref(), &mut |conn| {
                let value = unit(&mut System { conn, now: clock.now(), rng: rng.as_ref() })?;
                Ok(Box::new(value) as Answer)
            })
        });
        unpack(on_a_thread(&self.writing, unit).await?)
    }

    /// Is the database there and answering? For `/readyz`.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.system_read(|system| {
            use diesel::RunQueryDsl;
            diesel::sql_query("SELECT 1").execute(system.conn)?;
            Ok(())
        })
        .await
    }
}

/// What a unit of work answers, and the unit itself, with their types taken off: the way to a thread, the
/// transaction and its retries are compiled once instead of once a query, which is a good part of a
/// build's time and of the program's size.
type Answer = Box<dyn Any + Send>;
type Unit = Box<dyn FnOnce(&mut Conn) -> Result<Answer, Fault> + Send>;

/// Puts the type on again.
fn unpack<T: 'static>(answer: Answer) -> Result<T, Fault> {
    match answer.downcast() {
        Ok(value) => Ok(*value),
        Err(_) => Err(Fault::other("a unit of work answered with another type than it was asked for")),
    }
}

async fn on_a_thread(lane: &Arc<Lane>, unit: Unit) -> Result<Answer, Fault> {
    let permit = tokio::time::timeout(WAIT, lane.gate.clone().acquire_owned())
        .await
        .map_err(|_| Fault::Busy("every database connection is taken"))?
        .map_err(|_| Fault::Busy("the database is closing"))?;
    let lane = lane.clone();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut conn = lane.pool.get().map_err(|e| classify_error(Fault::Unavailable(e.to_string())))?;
        unit(&mut conn).map_err(classify_error)
    })
    .await
    .map_err(|e| Fault::Ended(e.to_string()))?
}

/// Runs a transaction, again if it lost a race, at most [`RETRIES`] times with a growing pause.
fn retry_on_conflict(
    conn: &mut Conn,
    rng: &dyn Rng,
    unit: &mut dyn FnMut(&mut Conn) -> Result<Answer, Fault>,
) -> Result<Answer, Fault> {
    let mut tried = 0;
    loop {
        match in_transaction(conn, unit) {
            Err(fault) if fault.is_worth_a_retry() && tried < RETRIES => {
                tried += 1;
                let mut jitter = [0u8; 1];
                rng.fill(&mut jitter);
                std::thread::sleep(Duration::from_millis((1 << tried) + u64::from(jitter[0]) % (1 << tried)));
            }
            other => return other,
        }
    }
}

/// `BEGIN IMMEDIATE` on SQLite (a deferred transaction that upgrades can fail half-way), plain
/// `BEGIN` with read committed on PostgreSQL.
fn in_transaction(
    conn: &mut Conn,
    unit: &mut dyn FnMut(&mut Conn) -> Result<Answer, Fault>,
) -> Result<Answer, Fault> {
    use diesel::connection::SimpleConnection;
    match conn {
        Conn::Postgres(_) => conn.transaction(unit),
        Conn::Sqlite(_) => {
            conn.batch_execute("BEGIN IMMEDIATE")?;
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| unit(conn)))
                .unwrap_or_else(|_| {
                    Err(Fault::other("a unit of work panicked; its transaction is rolled back"))
                });
            match outcome {
                Ok(value) => match conn.batch_execute("COMMIT") {
                    Ok(()) => Ok(value),
                    Err(error) => {
                        let _ = conn.batch_execute("ROLLBACK");
                        Err(error.into())
                    }
                },
                Err(fault) => {
                    let _ = conn.batch_execute("ROLLBACK");
                    Err(fault)
                }
            }
        }
    }
}

/// Inserts rows of one table: one prepared statement again and again on SQLite; many rows a statement on
/// PostgreSQL (where each statement is a round trip), and from a hundred on by COPY, which spares the
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
            $crate::platform::db::Conn::Postgres(conn) if $rows.len() < 100 => {
                if !$rows.is_empty() {
                    diesel::insert_into($table).values(&$rows[..]).execute(conn)?;
                }
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
