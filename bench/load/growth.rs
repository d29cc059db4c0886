//! B10: the same pages of one practice, alone and among 100 and 10,000 others with 1,000,000 charts.

use std::time::{Duration, Instant};

use anteroom::features::practice::{self, NewPractice};
use anteroom::kernel::zone::Zone;
use anteroom::platform::db::PracticeScope;
use anteroom::platform::i18n::Language;

use super::Size;
use super::drive::{self, Outcome};
use super::report::{Line, Report, Spread, Verdict};
use super::seed;
use super::servers::Server;
use super::turns::{Contender, ROUNDS, get};
use crate::people::letters;
use crate::support::world::{Engine, World, take_down};

/// Charts of the largest practice, which is the one that is measured.
const LARGEST: f64 = 7_000.0;

/// Charts of the practice of this rank: 1,000,000 in 10,000 practices.
fn charts_of(rank: usize) -> usize {
    (LARGEST / (rank as f64).powf(0.55)).round() as usize
}

/// Gives the section of the results.
pub fn measure(pictures: &std::path::Path) -> String {
    let mut report = Report::of(Size::WHOLE);
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let mut alone: Vec<f64> = Vec::new();
        for practices in [1, 100, 10_000] {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            let began = Instant::now();
            let seeded = runtime.block_on(seed::seed(engine, charts_of(1), 500));
            runtime.block_on(more_practices(&seeded.world, practices));
            eprintln!("{}: {practices} practices in {:.0} s", engine.word(), began.elapsed().as_secs_f64());
            let folder = tempfile::tempdir().expect("a data folder");
            let server = Server::anteroom("Anteroom", &seeded.world, folder.path());
            let of = |cookies: &[String], path: &dyn Fn(usize) -> String| Contender {
                server: &server,
                requests: (0..256).map(|n| get(&server, &path(n), &cookies[n % cookies.len()])).collect(),
            };
            let rows = [
                ("home", 16, of(&seeded.clients, &|_| "/portal".into())),
                ("chart list", 8, of(&seeded.staff, &|_| "/staff/charts".into())),
                ("work list", 8, of(&seeded.staff, &|_| "/staff/worklist".into())),
                ("search", 8, of(&seeded.staff, &|n| format!("/staff/charts?q=Last{}", letters(n * 3)))),
            ];
            for (at, (what, connections, contender)) in rows.iter().enumerate() {
                drive::in_a_process(&contender.order(*connections, 1.0));
                let outcomes: Vec<Outcome> = (0..ROUNDS)
                    .map(|_| drive::in_a_process(&contender.order(*connections, report.size.seconds)))
                    .collect();
                let rate = Spread::of(outcomes.iter().map(Outcome::rate));
                if practices == 1 {
                    alone.push(rate.median);
                }
                let ratio = rate.median / alone[at];
                report.add(Line {
                    row: "B10",
                    what: format!("{what}, {practices} practices, {}", engine.word()),
                    figure: format!("{}/s", rate.text(0)),
                    ratio: format!("{ratio:.2} of alone"),
                    must: "≥ 0.80".into(),
                    verdict: if practices == 1 { Verdict::Shown } else { Verdict::at_least(ratio, 0.80) },
                });
            }
            drop(rows);
            drop(server);
            let database = seeded.world.database.clone();
            runtime.block_on(async { drop(seeded) });
            runtime.shutdown_timeout(Duration::from_secs(2));
            take_down(database);
        }
    }
    report.write(pictures)
}

/// Practices of falling size, by the import that operators use.
async fn more_practices(w: &World, count: usize) {
    for rank in 2..=count {
        let new = NewPractice {
            slug: format!("practice{rank}"),
            name: format!("Practice {rank}"),
            time_zone: Zone::read("America/New_York").expect("a zone"),
            language: Language::English,
            email: format!("desk@practice{rank}.example.org"),
            phone: "555-0100".into(),
        };
        let made = w.app.db.system_write(move |system| practice::create(system, &new)).await;
        let scope = PracticeScope::for_operator(made.expect("make a practice"));
        seed::import_charts(w, &scope, charts_of(rank)).await;
    }
}
