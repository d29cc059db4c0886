//! B7: resends, which write and wait for the disk.

use std::time::Instant;

use anteroom::features::access::actions;
use anteroom::kernel::ids::ChartId;
use anteroom::platform::permissions::Role;
use tokio::runtime::Runtime;

use super::drive::{self, Next, Order};
use super::report::{Line, Report, Spread, Verdict};
use super::turns::post;
use super::{Ours, seed};

/// B7: resends by 64 connections.
pub fn writes(report: &mut Report, runtime: &Runtime, engines: &[Ours]) {
    let fsync = fsync_micros();
    report.add(Line {
        row: "B7",
        what: "an fsync of 4 KB on this disk".into(),
        figure: format!("{} µs", fsync.text(0)),
        ratio: "–".into(),
        must: "–".into(),
        verdict: Verdict::Shown,
    });
    for ours in engines {
        let requests = runtime.block_on(resends(ours, &ours.seeded.others[..report.size.acts]));
        let outcome = drive::in_a_process(&Order {
            to: ours.server.address,
            connections: 64,
            seconds: 60.0,
            rate: None,
            requests,
            next: Next::EachOnce,
        });
        report.add(Line {
            row: "B7",
            what: format!("resends, {}, 64 connections", ours.server.name),
            figure: format!("{:.0}/s, p99 {:.0} ms", outcome.rate(), outcome.p99),
            ratio: format!("{:.2} of what one fsync each allows", outcome.rate() * fsync.median / 1e6),
            must: "–".into(),
            verdict: Verdict::Shown,
        });
    }
}

/// Invites the clients of these charts, and gives a request to resend each invitation.
pub async fn resends(ours: &Ours, charts: &[ChartId]) -> Vec<String> {
    let w = &ours.seeded.world;
    let by = w.riverbend.by(Role::FrontDesk);
    let sent = actions::send_many(&w.app, &w.riverbend.scope, by, charts.to_vec()).await.expect("no fault");
    assert!(sent.iter().all(|(_, outcome)| outcome.is_ok()), "a refusal");
    let mut browser = w.staff(Role::FrontDesk).await;
    browser.to = ours.server.address;
    let cookie = seed::cookie_of(&browser);
    let mut requests = Vec::new();
    for chart in charts {
        let path = format!("/staff/charts/{chart}/access/resend");
        let page = browser.get(&path).await;
        assert_eq!(page.status(), 200, "{}", page.words());
        requests.push(post(&ours.server, &path, &cookie, &page.form("access/resend").fields));
    }
    requests
}

fn fsync_micros() -> Spread {
    use std::io::Write;
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
    let page = [7u8; 4_096];
    Spread::of((0..50).map(|_| {
        let began = Instant::now();
        file.write_all(&page).and_then(|()| file.sync_data()).expect("write");
        began.elapsed().as_secs_f64() * 1e6
    }))
}
