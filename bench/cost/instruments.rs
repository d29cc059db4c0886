//! What counts: the allocator, the threads' time, the statements of every connection.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

/// The counters of the whole process.
pub struct Instruments {
    /// Blocks taken, and taken anew.
    pub allocations: u64,
    /// Time on a processor, of all threads.
    pub cpu_nanos: u64,
}

impl Instruments {
    /// What they show.
    pub fn read() -> Self {
        let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
        Self { allocations: (stats.allocations + stats.reallocations) as u64, cpu_nanos: cpu_nanos() }
    }

    /// What was spent since then.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            allocations: self.allocations - before.allocations,
            // A thread that ended takes its time with it.
            cpu_nanos: self.cpu_nanos.saturating_sub(before.cpu_nanos),
        }
    }
}

/// The first figure of each thread's schedstat: nanoseconds on a processor. Zero where there is no `/proc`.
fn cpu_nanos() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

/// The size as it would travel.
pub fn gzip_bytes(body: &[u8]) -> u64 {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory").len() as u64
}

/// What one request asked the database.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// Transactions begun. Each unit of work is one, so this counts the hops to a database thread.
    pub transactions: u64,
    /// Everything but the beginning and the end of transactions.
    pub statements: u64,
    /// Those that no connection keeps prepared.
    pub uncached: u64,
    /// The statements as they were sent.
    pub texts: Vec<String>,
}

impl Statements {
    /// The costlier of two requests for one page.
    pub fn or_more(self, other: Self) -> Self {
        let weight = |s: &Self| (s.statements, s.uncached, s.transactions);
        if weight(&other) > weight(&self) { other } else { self }
    }
}

/// Hears what every connection does that is opened after [`CountedStatements::install`].
pub struct CountedStatements;

#[derive(Default)]
struct Heard {
    /// The statements that some connection has in its cache.
    cached: HashSet<String>,
    listening: Option<Statements>,
}

static HEARD: LazyLock<Mutex<Heard>> = LazyLock::new(Mutex::default);

fn heard() -> MutexGuard<'static, Heard> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CountedStatements {
    /// Puts it on every connection that is opened from here on.
    pub fn install() {
        set_default_instrumentation(|| Some(Box::new(Self))).expect("instrument the connections");
    }

    /// Begins to count.
    pub fn listen() {
        heard().listening = Some(Statements::default());
    }

    /// Ends it, and answers what was counted.
    pub fn stop() -> Statements {
        heard().listening.take().unwrap_or_default()
    }
}

impl Instrumentation for CountedStatements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::CacheQuery { sql, .. } => {
                heard().cached.insert(plain(sql).to_owned());
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let mut heard = heard();
                let Heard { cached, listening } = &mut *heard;
                let Some(count) = listening else { return };
                let text = query.to_string();
                let sql = plain(&text);
                let first = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
                match first.as_str() {
                    "BEGIN" => count.transactions += 1,
                    "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {}
                    _ => {
                        count.statements += 1;
                        if !cached.contains(sql) {
                            count.uncached += 1;
                        }
                        count.texts.push(sql.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
}

/// The statement without the values that Diesel shows behind it.
fn plain(text: &str) -> &str {
    text.split(" -- binds: ").next().unwrap_or_default().trim()
}

/// A step of SQLite's plan for a statement.
#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Tables with one row for each practice, or with at most 60 (its places of law).
const OF_FEW_ROWS: &[&str] = &["practice", "audit_head", "provider_account", "jurisdiction"];

/// The steps of these statements that read all rows of a table, or all that a practice has in it, though a page
/// needs few: no index leads to them.
pub fn whole_reads(database: &Path, texts: &[String]) -> BTreeSet<String> {
    let mut conn = SqliteConnection::establish(&database.to_string_lossy()).expect("open the database");
    let mut plan_of = |text: &String| -> Vec<PlanStep> {
        sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(&mut conn).expect("a plan")
    };
    let steps: Vec<String> = texts.iter().flat_map(&mut plan_of).map(|step| step.detail).collect();
    let is_whole = |step: &String| {
        let table = step.split_whitespace().nth(1).unwrap_or_default();
        let is_scan = step.starts_with("SCAN ")
            // A list of ids, a count, a row without a table.
            && !["json_each", "counted", "CONSTANT"].contains(&table);
        is_scan || (step.ends_with("(practice_id=?)") && !OF_FEW_ROWS.contains(&table))
    };
    steps.into_iter().filter(is_whole).collect()
}
