//! B14: memory, starts, and the size of the program.

use std::path::Path;

use diesel::prelude::*;
use tokio::runtime::Runtime;

use super::report::{Line, Report, Spread, Verdict};
use super::{Others, Ours, servers};
use crate::support::world::Engine;

/// B14: memory and starts.
pub fn memory(report: &mut Report, runtime: &Runtime, engines: &[Ours], others: &Others, idle: &[f64]) {
    let loaded: Vec<f64> = engines.iter().map(|ours| ours.server.memory()).collect();
    for (ours, (idle, loaded)) in engines.iter().zip(idle.iter().zip(&loaded)) {
        for (what, figure, most) in
            [("idle after the start", *idle, 40.0), ("after all of the above", *loaded, 200.0)]
        {
            report.add(Line {
                row: "B14",
                what: format!("memory, {}, {what}", ours.server.name),
                figure: format!("{figure:.0} MB"),
                ratio: "–".into(),
                must: format!("≤ {most} MB"),
                verdict: Verdict::at_most(figure, most),
            });
        }
        let folder = tempfile::tempdir().expect("a data folder");
        // A second `serve` on one SQLite file is refused, so each start has a copy of its own.
        let starts = cold_starts(ours, folder.path(), runtime);
        let most = if ours.engine == Engine::Sqlite { 100.0 } else { 300.0 };
        report.add(match starts {
            Some(starts) => Line {
                row: "B14",
                what: format!("cold start to the first answer, {}", ours.server.name),
                figure: format!("{} ms", starts.text(0)),
                ratio: "–".into(),
                must: format!("≤ {most} ms"),
                verdict: Verdict::at_most(starts.median, most),
            },
            None => Line {
                row: "B14",
                what: format!("cold start to the first answer, {}", ours.server.name),
                figure: "–".into(),
                ratio: "–".into(),
                must: format!("≤ {most} ms"),
                verdict: Verdict::NotRun("the database cannot be copied".into()),
            },
        });
    }
    super::sign_ins::after_sign_ins(report, engines);
    for server in others.all() {
        let ratio = loaded[0] / server.memory();
        let most = if server.name == "Django" { 1.0 / 3.0 } else { 0.5 };
        report.add(Line {
            row: if server.name == "Django" { "B15" } else { "B16" },
            what: format!("memory, ours against {}", server.name),
            figure: format!("{:.0} MB and {:.0} MB", loaded[0], server.memory()),
            ratio: format!("{ratio:.2}"),
            must: format!("≤ {most:.2}"),
            verdict: Verdict::at_most(ratio, most),
        });
    }
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_anteroom")).map_or(0, |m| m.len()) as f64 / 1e6;
    report.add(Line {
        row: "B14",
        what: "the program's file".into(),
        figure: format!("{size:.1} MB"),
        ratio: "–".into(),
        must: "< 30 MB".into(),
        verdict: Verdict::at_most(size, 30.0),
    });
}

fn cold_starts(ours: &Ours, folder: &Path, runtime: &Runtime) -> Option<Spread> {
    let w = &ours.seeded.world;
    if ours.engine == Engine::Postgres {
        return Some(Spread::of(
            (0..20).map(|_| servers::cold_start(&w.database.text(), &w.mailbox.url(), folder, runtime)),
        ));
    }
    let copy = folder.join("copy.db");
    let from = w.database.text();
    let mut conn = SqliteConnection::establish(from.strip_prefix("sqlite:")?).ok()?;
    diesel::sql_query(format!("VACUUM INTO '{}'", copy.display())).execute(&mut conn).ok()?;
    let url = format!("sqlite:{}", copy.display());
    Some(Spread::of((0..20).map(|_| servers::cold_start(&url, &w.mailbox.url(), folder, runtime))))
}
