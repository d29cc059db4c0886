//! The figures of one run on this machine: `cargo xtask bench` builds with optimisation, measures on both
//! engines and writes `bench/RESULTS.md`. A part alone is shown and not written: `accounts`, `bulk`, `calendar`,
//! `documents`, `load`, `messages`, `timing`, `growth`. `accounts`, `calendar` and `growth` take long and are left out of
//! the whole. `load home lists` measures these parts of the load; `load --quick` only shows that every row runs.

#[path = "../tests/support/mod.rs"]
mod support;

mod bulk;
mod load;
mod people;
mod timing;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use support::Engine;
use support::world::{World, take_down};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // The processes that a run starts of itself.
        ["drive", order] => return load::drive::main(Path::new(order)),
        ["hello", kind, address, length] => {
            let (address, length) = (address.parse().expect("an address"), length.parse().expect("a length"));
            return load::hello::main(kind, address, length);
        }
        _ => {}
    }
    // `cargo test --benches` runs this too; only who asks for figures gets them.
    if !arguments.iter().any(|word| word == "--bench") {
        return;
    }
    let parts: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let quick = arguments.iter().any(|word| word == "--quick");
    let is_whole = parts.is_empty();
    // What follows "load" names parts of it.
    let rows: Vec<&str> = parts.iter().copied().filter(|part| load::PARTS.contains(part)).collect();
    let size = if quick { load::Size::QUICK } else { load::Size::WHOLE };
    let runs = |part: &str| {
        parts.contains(&part) || (is_whole && !["growth", "accounts", "calendar"].contains(&part))
    };
    let folder = if is_whole { "bench/plots" } else { "target/bench/plots" };
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let began = Instant::now();
    let mut report = format!(
        "# Figures of one run\n\n`cargo xtask bench` writes this file; run it on your machine and compare. {}\n",
        machine()
    );
    if runs("load") {
        report.push_str(
            "\n## Under load\n\nThe load comes from a process of its own. A ratio is to a limit or a peer in the same \
             round; three rounds in turn, each with the limit at its beginning and its end. Our server holds 50,000 \
             charts and 2,000 clients who are signed in.\n\n",
        );
        report.push_str(&load::measure(&pictures, size, &rows));
    }
    if runs("growth") {
        report.push_str("\n## Growth\n\n");
        report.push_str(&load::growth::measure(&pictures));
    }
    if runs("messages") {
        report.push_str("\n## Messages\n\n");
        report.push_str(&load::messages::measure(&pictures, quick));
    }
    if runs("documents") {
        report.push_str("\n## Documents\n\n");
        report.push_str(&load::documents::measure(&pictures, quick));
    }
    if runs("accounts") {
        report.push_str("\n## Accounts\n\n");
        report.push_str(&load::accounts::measure(&pictures, quick));
    }
    if runs("calendar") {
        report.push_str("\n## Calendar\n\n");
        report.push_str(&load::calendar::measure(&pictures, quick));
    }
    if runs("bulk") || runs("timing") {
        report.push_str(
            "\n## Many at once, and what time tells\n\nEvery request over a real loopback socket. Times of two requests are \
             medians, taken in turn; they are alike where the gap is at most 2 ms and KS p above 0.01.\n\n\
             | what | engine | figure |\n|---|---|---|\n",
        );
    }
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|e| e.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let mut tell = |figures: Vec<(&'static str, String)>| {
            for (what, figure) in figures {
                let _ = writeln!(report, "| {what} | {} | {figure} |", engine.word());
                eprintln!("{}: {what}: {figure}", engine.word());
            }
        };
        let databases = runtime.block_on(async {
            let mut used = Vec::new();
            if runs("bulk") {
                let mut world = World::open(engine).await;
                tell(bulk::measure(&mut world).await);
                used.push(world.database.clone());
            }
            if runs("timing") {
                let (world, figures) = timing::measure(engine).await;
                tell(figures);
                used.push(world.database.clone());
            }
            used
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        databases.into_iter().for_each(take_down);
    }
    if let Some(costs) = std::env::var_os("ANTEROOM_BENCH_COSTS") {
        let table = std::fs::read_to_string(costs).expect("the table of costs");
        let _ = write!(
            report,
            "\n## What each page costs\n\nCounted in one process without a socket.\n\n{table}"
        );
    }
    eprintln!("measured in {} s", began.elapsed().as_secs());
    match std::env::var_os("ANTEROOM_BENCH_RESULTS") {
        Some(path) if is_whole => std::fs::write(path, report).expect("write the report"),
        _ => print!("{report}"),
    }
}

/// Processor, cores and system, as the kernel names them.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "an unnamed processor".into());
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes >> 20);
    format!(
        "Here: {cores} cores ({model}), {memory} GB, Linux {}.",
        read("/proc/sys/kernel/osrelease").trim()
    )
}
