//! The log and the metrics. The log goes to standard error: what came of each request by its route,
//! what failed and why; never a token, a name, a birth date or an address (AUD-06).

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::platform::config::{LogFormat, LogLevel};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to log, once a process. Libraries stay at warnings whatever the level: some of them would
/// write whole conversations with the mail server or the database.
pub fn start_log(format: LogFormat, level: LogLevel) {
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("anteroom", filter_of(level));
    let lines = layer().with_writer(std::io::stderr).with_target(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // A second start (two servers in one test process) keeps the first.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// A panic is logged by its place alone: its message may quote what somebody typed.
pub fn log_panics_by_place() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        tracing::error!(place, "a panic; the request or job that it happened in has failed");
    }));
}

/// Begins to count, once a process.
pub fn start_metrics() {
    if METRICS.get().is_some() {
        return;
    }
    let built = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
        .map(PrometheusBuilder::install_recorder);
    match built {
        Ok(Ok(handle)) => drop(METRICS.set(handle)),
        Ok(Err(error)) => tracing::warn!(%error, "metrics are not counted"),
        Err(error) => tracing::warn!(%error, "metrics are not counted"),
    }
}

/// All metrics in Prometheus' text format; empty before [`start_metrics`].
pub fn rendered() -> String {
    METRICS.get().map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    })
}

/// Takes what was recorded into the buckets. Until then each time is kept by itself, so without it memory would
/// grow with every request where the metrics are never read.
pub fn tidy() {
    if let Some(handle) = METRICS.get() {
        handle.run_upkeep();
    }
}

/// The counters of one route and status. Kept here, because the recorder builds and hashes the labels anew at
/// each look-up. Routes and statuses are the program's own, so there are few (OPS-1).
struct Answers {
    count: Counter,
    seconds: Histogram,
}

static ANSWERS: LazyLock<RwLock<HashMap<(&'static str, u16), Answers>>> = LazyLock::new(RwLock::default);

/// Counts an answer of this route.
pub fn count_answer(route: &'static str, status: u16, took: Duration) {
    if METRICS.get().is_none() {
        return;
    }
    if let Some(answers) = ANSWERS.read().unwrap_or_else(PoisonError::into_inner).get(&(route, status)) {
        answers.note(took);
        return;
    }
    let mut all = ANSWERS.write().unwrap_or_else(PoisonError::into_inner);
    let answers = all.entry((route, status)).or_insert_with(|| Answers {
        count: metrics::counter!("anteroom_requests_total", "route" => route, "status" => status.to_string()),
        seconds: metrics::histogram!("anteroom_request_seconds", "route" => route),
    });
    answers.note(took);
}

impl Answers {
    fn note(&self, took: Duration) {
        self.count.increment(1);
        self.seconds.record(took);
    }
}
