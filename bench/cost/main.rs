//! What each page costs, counted inside one process and without a socket: hops to a database thread,
//! statements, allocations, bytes, CPU. `cargo xtask bench cost` measures; `cargo xtask ci` runs less of it
//! and fails where a page costs more than `bench/budgets.toml` allows.
//!
//! `--check` is the short run; `--save` lowers the budgets to what was measured, and never raises one.

#[path = "../../tests/support/mod.rs"]
mod support;

#[path = "../people.rs"]
mod people;

mod budgets;
mod instruments;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::Duration;

use anteroom::platform::db::DatabaseUrl;
use budgets::{Budgets, Cost};
use instruments::{CountedStatements, Instruments};
use pages::{Amount, Page, Setting};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::Engine;
use support::world::{World, take_down};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Pages that walk an index over all charts of the practice by design: a list in its order, and a search in texts.
const LISTS_OF_ALL: &[&str] = &["chart-list", "search"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |word: &str| arguments.iter().any(|argument| argument == word);
    // `cargo test --benches` runs this too; only who asks for figures gets them.
    let amount = match (asked("--check"), asked("--bench")) {
        (true, _) => Amount::Short,
        (false, true) => Amount::Full,
        (false, false) => return ExitCode::SUCCESS,
    };
    CountedStatements::install();
    let mut measured: BTreeMap<(String, Engine), Cost> = BTreeMap::new();
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let database = runtime.block_on(async {
            let mut world = World::open(engine).await;
            let Setting { mut router, pages } = pages::set_up(&mut world, amount).await;
            for page in pages {
                let name = page.name;
                let cost = measure(&world, &mut router, page, amount).await;
                eprintln!("{}", cost.line(name, engine.word()));
                measured.insert((name.to_owned(), engine), cost);
            }
            world.database.clone()
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        take_down(database);
    }
    if let Some(path) = std::env::var_os("ANTEROOM_BENCH_COSTS") {
        std::fs::write(path, budgets::table(&measured)).expect("write the table");
    }
    let mut budgets = Budgets::load();
    if asked("--save") {
        budgets.lower(&measured);
        budgets.save();
    }
    let over = budgets.exceeded(&measured);
    for line in &over {
        eprintln!("over budget: {line}");
    }
    // The budgets are of a small practice: where a search finds more charts, its page is longer.
    if over.is_empty() || !asked("--check") { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Asks for one page again and again: to warm up, to measure, and a few times more to count its
/// statements, which costs allocations of its own.
async fn measure(world: &World, router: &mut axum::Router, mut page: Page, amount: Amount) -> Cost {
    let runs = amount.runs(page.kind);
    for _ in 0..runs.warm_up {
        page.ask(world, router).await;
    }
    let spent_on_asking = {
        let before = Instruments::read();
        for _ in 0..100 {
            drop(std::hint::black_box(page.sample_request()));
        }
        Instruments::read().since(&before).allocations / 100
    };
    let before = Instruments::read();
    let mut body = axum::body::Bytes::new();
    for _ in 0..runs.measured {
        body = page.ask(world, router).await;
    }
    let spent = Instruments::read().since(&before);
    let mut most = instruments::Statements::default();
    for _ in 0..runs.counted {
        CountedStatements::listen();
        page.ask(world, router).await;
        most = most.or_more(CountedStatements::stop());
    }
    if std::env::var("ANTEROOM_BENCH_SHOW").is_ok_and(|name| name == page.name) {
        for text in &most.texts {
            eprintln!("    {text}");
        }
    }
    let whole_reads = match &world.database.url {
        DatabaseUrl::Sqlite(path) if !LISTS_OF_ALL.contains(&page.name) => {
            instruments::whole_reads(path, &most.texts)
        }
        _ => BTreeSet::new(),
    };
    Cost {
        whole_reads,
        hops: most.transactions,
        statements: most.statements,
        uncached: most.uncached,
        allocations: (spent.allocations / runs.measured).saturating_sub(spent_on_asking),
        bytes: body.len() as u64,
        gzip: instruments::gzip_bytes(&body),
        cpu_micros: spent.cpu_nanos / runs.measured / 1_000,
    }
}
