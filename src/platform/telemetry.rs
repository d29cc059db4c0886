//! The log and the metrics. The log goes to standard error: what came of each request by its route,
//! what failed and why; never a token, a name, a birth date or an address (AUD-06).

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::platform::config::{LogFormat, LogLevel};

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to log, once a process. Libraries stay at warnings whatever the level: some of them would
/// write whole conversations with the mail server or the database.
pub fn start_log(format: LogFormat, level: LogLevel) {
    let filter = EnvFilter::new(format!("warn,anteroom={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start (two servers in one test process) keeps the first.
    let _ = match format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).with_target(false).try_init(),
    };
}

/// A panic is told by its place alone: its message may quote what somebody typed.
pub fn tell_panics_by_place() {
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
