//! B4, B5 and B11: lists and searches over all charts, and a small practice beside a hot one.

use std::time::Duration;

use anteroom::platform::permissions::Role;
use tokio::runtime::Runtime;

use super::Ours;
use super::drive::{self, Order, Outcome};
use super::report::{Line, Report, Spread, Verdict};
use super::seed;
use super::turns::{Contender, ROUNDS, get};
use crate::people::letters;

/// B4, B5: lists and searches over 50,000 charts.
pub fn lists(report: &mut Report, engines: &[Ours]) {
    for ours in engines {
        let staff = &ours.seeded.staff;
        let terms: Vec<String> = (0..256)
            .map(|n| match n % 4 {
                0 => format!("Last{}", letters(n * 17 % 7_000)),
                1 => format!("B{:06}", n * 101 % report.size.charts),
                2 => format!("client{}%40example.com", n * 97 % report.size.charts),
                _ => format!("First{}+Last{}", letters(n % 700), letters(n / 7)),
            })
            .collect();
        let of = |path: &dyn Fn(usize) -> String| -> Contender<'_> {
            let requests = (0..256).map(|n| get(&ours.server, &path(n), &staff[n % staff.len()])).collect();
            Contender { server: &ours.server, requests }
        };
        for (row, what, contender, most) in [
            ("B4", "chart list", of(&|_| "/staff/charts".into()), None),
            ("B4", "work list", of(&|_| "/staff/worklist".into()), None),
            ("B5", "search", of(&|n| format!("/staff/charts?q={}", terms[n])), Some(25.0)),
        ] {
            let outcomes: Vec<Outcome> =
                (0..ROUNDS).map(|_| drive::in_a_process(&contender.order(8, report.size.seconds))).collect();
            let (rate, p99) =
                (Spread::of(outcomes.iter().map(Outcome::rate)), Spread::of(outcomes.iter().map(|o| o.p99)));
            report.add(Line {
                row,
                what: format!("{what}, {}, 8 connections", ours.server.name),
                figure: format!("{}/s, p99 {} ms", rate.text(0), p99.text(1)),
                ratio: "–".into(),
                must: most.map_or("–".into(), |most| format!("p99 ≤ {most} ms")),
                verdict: most.map_or(Verdict::Shown, |most| Verdict::at_most(p99.median, most)),
            });
        }
    }
}

/// B11: what a practice notices of another that asks all the time.
pub fn hot_practice(report: &mut Report, runtime: &Runtime, engines: &[Ours]) {
    for ours in engines {
        let w = &ours.seeded.world;
        let cookie = seed::cookie_of(&runtime.block_on(w.staff_of(&w.twinoaks, Role::FrontDesk)));
        let quiet =
            Contender { server: &ours.server, requests: vec![get(&ours.server, "/staff/charts", &cookie)] };
        let hot = Contender {
            server: &ours.server,
            requests: ours
                .seeded
                .staff
                .iter()
                .map(|cookie| get(&ours.server, "/staff/charts", cookie))
                .collect(),
        };
        let alone_and_beside: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| {
                let order = Order { rate: Some(40.0), ..quiet.order(8, report.size.seconds) };
                let alone = drive::in_a_process(&order).p99;
                let load = hot.order(16, report.size.seconds + 1.0);
                let load = std::thread::spawn(move || drive::in_a_process(&load));
                std::thread::sleep(Duration::from_millis(500));
                let beside = drive::in_a_process(&order).p99;
                load.join().expect("the hot practice");
                (alone, beside)
            })
            .collect();
        let ratio = Spread::of(alone_and_beside.iter().map(|(alone, beside)| beside / alone));
        report.add(Line {
            row: "B11",
            what: format!("chart list of a small practice beside a hot one, {}, p99", ours.server.name),
            figure: format!("{} ms", Spread::of(alone_and_beside.iter().map(|(_, beside)| *beside)).text(1)),
            ratio: format!("{} of alone", ratio.text(1)),
            must: "≤ 2".into(),
            verdict: Verdict::at_most(ratio.median, 2.0),
        });
    }
}
