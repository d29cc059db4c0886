//! B6 and a part of B14: sign-ins beside raw password hashes and the peers, and the memory that they leave.

use std::time::Duration;

use tokio::runtime::Runtime;

use super::drive::{self, Next, Order, Outcome};
use super::report::{Line, Report, Spread, Verdict};
use super::turns::{Contender, ROUNDS, get, owned, post};
use super::{Others, Ours, raw, seed};
use crate::support::{Browser, PASSWORD};

/// B6: sign-ins, and home meanwhile.
pub fn sign_ins(report: &mut Report, runtime: &Runtime, engines: &[Ours], others: &Others) {
    let ours = &engines[0];
    let us = Contender {
        server: &ours.server,
        requests: ours.seeded.names[..report.size.acts.min(ours.seeded.names.len())]
            .iter()
            .map(|name| {
                post(
                    &ours.server,
                    "/riverbend/sign-in",
                    "",
                    &owned(&[("name", name), ("password", PASSWORD)]),
                )
            })
            .collect(),
    };
    let mut all = vec![us];
    for server in others.all() {
        let mut browser = Browser::new(server.address);
        let form = runtime.block_on(browser.get("/login")).form("").fields;
        let cookie = seed::cookie_of(&browser);
        let requests = (1..=500)
            .map(|n| {
                let typed = [
                    ("login", format!("client{n}@example.test")),
                    ("password", "correct horse battery".into()),
                ];
                let mut fields = form.clone();
                fields.retain(|(name, _)| typed.iter().all(|(key, _)| key != name));
                fields.extend(typed.map(|(name, value)| (name.to_owned(), value)));
                post(server, "/login", &cookie, &fields)
            })
            .collect();
        all.push(Contender { server, requests });
    }
    let mut raws = Vec::new();
    let mut rates: Vec<Vec<Outcome>> = all.iter().map(|_| Vec::new()).collect();
    let mut meanwhile = Vec::new();
    for _ in 0..ROUNDS {
        raws.push(raw::hashes_per_second(Duration::from_secs(3)));
        for (at, contender) in all.iter().enumerate() {
            let beside = (at == 0).then(|| {
                let home = Contender {
                    server: &ours.server,
                    requests: vec![get(&ours.server, "/portal", &ours.seeded.clients[0])],
                };
                let order = Order { rate: Some(50.0), ..home.order(8, report.size.seconds + 1.0) };
                std::thread::spawn(move || drive::in_a_process(&order))
            });
            rates[at].push(drive::in_a_process(&contender.order(64, report.size.seconds + 1.0)));
            if let Some(beside) = beside {
                meanwhile.push(beside.join().expect("home beside sign-ins").p99);
            }
        }
    }
    let raw = Spread::of(raws.iter().copied());
    report.add(Line {
        row: "B6",
        what: "Argon2id alone, all cores".into(),
        figure: format!("{}/s", raw.text(0)),
        ratio: "–".into(),
        must: "–".into(),
        verdict: Verdict::Shown,
    });
    for (at, contender) in all.iter().enumerate() {
        let rate = Spread::of(rates[at].iter().map(Outcome::rate));
        let ratio = Spread::of(rates[at].iter().zip(&raws).map(|(outcome, raw)| outcome.rate() / raw));
        let refused: u64 = rates[at].iter().map(|outcome| outcome.refused).sum();
        report.add(Line {
            row: "B6",
            what: format!(
                "sign-ins, {}, 64 connections ({refused} told to come back)",
                contender.server.name
            ),
            figure: format!("{}/s", rate.text(0)),
            ratio: format!("{} of Argon2id alone", ratio.text(2)),
            must: if at == 0 { "≥ 0.95".into() } else { "–".into() },
            verdict: if at == 0 { Verdict::at_least(ratio.median, 0.95) } else { Verdict::Shown },
        });
    }
    let p99 = Spread::of(meanwhile);
    report.add(Line {
        row: "B6",
        what: "home's p99 while 64 sign in".into(),
        figure: format!("{} ms", p99.text(1)),
        ratio: "–".into(),
        must: "≤ 250 ms".into(),
        verdict: Verdict::at_most(p99.median, 250.0),
    });
}

/// A thousand sign-ins at once, and what is left of them half a minute later.
pub fn after_sign_ins(report: &mut Report, engines: &[Ours]) {
    let ours = &engines[0];
    let before = ours.server.memory();
    let order = Order {
        to: ours.server.address,
        connections: report.size.acts,
        seconds: 60.0,
        rate: None,
        requests: ours.seeded.names[..report.size.acts.min(ours.seeded.names.len())]
            .iter()
            .map(|name| {
                post(
                    &ours.server,
                    "/riverbend/sign-in",
                    "",
                    &owned(&[("name", name), ("password", PASSWORD)]),
                )
            })
            .collect(),
        next: Next::EachOnce,
    };
    let outcome = drive::in_a_process(&order);
    let peak = ours.server.memory();
    std::thread::sleep(Duration::from_secs(30));
    let after = ours.server.memory();
    let what = format!(
        "memory 30 s after {} sign-ins at once ({} done, {} told to come back)",
        report.size.acts, outcome.done, outcome.refused
    );
    report.add(Line {
        row: "B14",
        what,
        figure: format!("{before:.0}, {peak:.0}, then {after:.0} MB"),
        ratio: format!("{:+.0} MB", after - before),
        must: "≤ +8 MB".into(),
        verdict: Verdict::at_most(after - before, 8.0),
    });
}
