//! The figures of one run on this machine: `cargo xtask bench` builds with optimisation, measures on
//! both engines and writes `bench/RESULTS.md`.

#[path = "../tests/support/mod.rs"]
mod support;
mod timing;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anteroom::features::access::actions;
use anteroom::features::charts::import::{Mode, import};
use anteroom::kernel::ids::ChartId;
use anteroom::platform::db::schema::chart;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use support::Engine;
use support::world::{World, take_down};

const CHARTS: usize = 50_000;
const INVITED: usize = 10_000;

fn main() {
    // `cargo test --benches` would run this too; only a request to measure measures.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    // `cargo bench --bench figures -- timing`: that part alone.
    let only_timing = std::env::args().any(|word| word == "timing");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = format!(
        "# Figures of one run\n\n`cargo xtask bench` writes this file; run it on your machine and compare. \
         {cores} cores, {CHARTS} charts, every request over a real loopback socket. Times of two \
         requests are medians, taken in turn; they are alike where the gap is at most 2 ms and KS p \
         above 0.01.\n\n\
         | what | engine | figure |\n|---|---|---|\n"
    );
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
            if !only_timing {
                let mut world = World::open(engine).await;
                tell(measure(&mut world).await);
                used.push(world.database.clone());
            }
            let (world, figures) = timing::measure(engine).await;
            tell(figures);
            used.push(world.database.clone());
            used
        });
        runtime.shutdown_timeout(Duration::from_secs(2));
        databases.into_iter().for_each(take_down);
    }
    match std::env::var_os("ANTEROOM_BENCH_RESULTS") {
        Some(path) => std::fs::write(path, report).expect("write the report"),
        None => print!("{report}"),
    }
}

/// 50,000 people who do not exist.
fn csv() -> String {
    let mut text = String::from("chart_number,first_name,last_name,birth_date,email\n");
    for n in 0..CHARTS {
        let _ = writeln!(
            text,
            "B{n:06},First{},Last{},19{:02}-{:02}-{:02},client{n}@example.com",
            letters(n % 700),
            letters(n / 7),
            30 + n % 70,
            1 + n % 12,
            1 + n % 28
        );
    }
    text
}

fn letters(mut n: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + u8::try_from(n % 26).unwrap_or(0)));
        n /= 26;
        if n == 0 {
            return out;
        }
    }
}

async fn measure(w: &mut World) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    let (scope, by) = (w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk));
    let began = Instant::now();
    let report = import(&w.app, &scope, by.clone(), std::io::Cursor::new(csv()), Mode::Apply, |_| {})
        .await
        .expect("no fault");
    assert!(report.is_fine() && report.created == CHARTS as u64, "{report:?}");
    figures.push(("import of 50,000 charts", seconds(began)));

    let staff = w.staff(Role::FrontDesk).await;
    let mut times = Vec::new();
    for n in 0..400 {
        let query = match n % 4 {
            0 => format!("Last{}", letters(n * 17 % 7_000)),
            1 => format!("B{:06}", n * 101 % CHARTS),
            2 => format!("client{}@example.com", n * 97 % CHARTS),
            _ => format!("First{}+Last{}", letters(n % 700), letters(n / 7)),
        };
        let began = Instant::now();
        let page = staff.clone().get(&format!("/staff/charts?q={}", query.replace('@', "%40"))).await;
        times.push(began.elapsed());
        assert_eq!(page.status(), 200, "{}", page.words());
    }
    times.sort();
    let at = |part: usize| format!("{:.1} ms", times[times.len() * part / 100].as_secs_f64() * 1_000.0);
    figures.push(("a search in the list, whole page, p50", at(50)));
    figures.push(("a search in the list, whole page, p95", at(95)));

    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut browser = staff.clone();
        tasks.spawn(async move {
            for _ in 0..150 {
                assert_eq!(browser.get("/staff/charts").await.status(), 200);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a reader");
    }
    let rate = 1_200.0 / began.elapsed().as_secs_f64();
    figures.push(("the list's first page, 8 readers", format!("{rate:.0} pages a second")));

    let charts: Vec<ChartId> = w
        .look(|c| {
            chart::table
                .filter(chart::chart_number.like("B%"))
                .order(chart::chart_number)
                .limit(INVITED as i64)
                .select(chart::chart_id)
                .load(c)
        })
        .await;
    let began = Instant::now();
    let sent = actions::send_many(&w.app, &scope, by, charts).await.expect("no fault");
    assert!(sent.iter().all(|(_, outcome)| outcome.is_ok()), "a refusal");
    figures.push(("10,000 invitations queued", seconds(began)));
    let began = Instant::now();
    w.start_sending();
    let mails = w.mailbox.wait_for(INVITED, Duration::from_secs(300)).await;
    figures.push(("and handed to a local SMTP receiver", seconds(began)));
    let mut names: Vec<&str> = mails.iter().filter_map(|m| m.header("message-id")).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((mails.len(), names.len()), (INVITED, INVITED), "a loss or a copy");
    figures.push(("lost, or twice", "0".into()));
    figures
}

fn seconds(began: Instant) -> String {
    format!("{:.2} s", began.elapsed().as_secs_f64())
}
