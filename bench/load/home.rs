//! B1, B2, B12, B15 and B16: the portal's home beside the limits and the peers, at half of what it can do, and
//! under more load than it can carry.

use tokio::runtime::Runtime;

use super::drive::{self, Next, Order, Outcome};
use super::report::{Line, Report, Spread, Verdict};
use super::seed;
use super::servers::Server;
use super::turns::{Contender, ROUNDS, get, in_turn, owned};
use super::{Others, Ours};
use crate::support::{Browser, http};

/// A page's length, and its visible words.
fn page_of(runtime: &Runtime, server: &Server, path: &str, cookie: &str) -> (usize, String) {
    let mut browser = Browser::new(server.address);
    for pair in cookie.split("; ").filter(|pair| !pair.is_empty()) {
        browser.take_cookie(pair);
    }
    let page = runtime.block_on(browser.get(path));
    assert_eq!(page.status(), 200, "{} {path}: {}", server.name, page.words());
    (page.answer.body.len(), page.words())
}

/// Sessions of a peer's clients, as cookies.
fn peer_sessions(runtime: &Runtime, server: &Server, count: usize) -> Vec<String> {
    let sign_in = async |n: usize| {
        let mut browser = Browser::new(server.address);
        let page = browser.get("/login").await;
        let fields = [
            ("login", format!("client{}@example.test", n + 1)),
            ("password", "correct horse battery".into()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut form = page.form("").fields;
        form.retain(|(name, _)| fields.iter().all(|(key, _)| key != name));
        form.extend(owned(&fields));
        let body = http::encode_form(&form);
        let kind = "application/x-www-form-urlencoded";
        let answer = browser.send("POST", "/login", Some((kind, body.as_bytes()))).await;
        assert!(answer.is_redirect(), "{} refuses a sign-in: {}", server.name, answer.words());
        seed::cookie_of(&browser)
    };
    runtime.block_on(async {
        let mut cookies = Vec::new();
        for n in 0..count {
            cookies.push(sign_in(n).await);
        }
        cookies
    })
}

/// What later rows stand on.
pub struct Home {
    /// Requests a second at 16 connections, of each engine.
    rates: Vec<f64>,
}

/// B1, B15, B16: the portal's home.
pub fn home(report: &mut Report, runtime: &Runtime, engines: &[Ours], others: &Others) -> Home {
    let ours: Vec<Contender<'_>> = engines
        .iter()
        .map(|ours| Contender {
            server: &ours.server,
            requests: ours.seeded.clients.iter().map(|cookie| get(&ours.server, "/portal", cookie)).collect(),
        })
        .collect();
    let (length, words) = page_of(runtime, &engines[0].server, "/portal", &engines[0].seeded.clients[0]);
    let peers: Vec<Contender<'_>> = others
        .all()
        .map(|server| {
            let cookies = peer_sessions(runtime, server, 200);
            let (bytes, said) = page_of(runtime, server, "/home", &cookies[0]);
            let apart = (said.len() as f64 / words.len() as f64 - 1.0) * 100.0;
            report.add(Line {
                row: "B1",
                what: format!("{}: its home beside ours", server.name),
                figure: format!("{bytes} and {length} bytes"),
                ratio: format!("visible text {apart:+.1} %"),
                must: "within 5 %".into(),
                verdict: Verdict::at_most(apart.abs(), 5.0),
            });
            Contender {
                server,
                requests: cookies.iter().map(|cookie| get(server, "/home", cookie)).collect(),
            }
        })
        .collect();
    let bare = Server::hello("bare", "bare hello", length);
    let dressed = Server::hello("dressed", "dressed hello", length);
    let limit = Contender { server: &bare, requests: vec![get(&bare, "/hello", "")] };
    let layers = Contender { server: &dressed, requests: vec![get(&dressed, "/hello", "")] };
    let mut rates = Vec::new();
    for connections in [1, 16, 64] {
        let mut all: Vec<&Contender<'_>> = vec![&layers];
        all.extend(&ours);
        if connections == 16 {
            all.extend(&peers);
        }
        let rounds = in_turn(&limit, &all, connections, report.size.seconds);
        let mut bars = vec![("bare hello".to_owned(), Spread::of(rounds.limit.iter().copied()))];
        for (at, contender) in all.iter().enumerate() {
            bars.push((contender.server.name.to_owned(), rounds.rate(at)));
            let ratio = rounds.ratio(at);
            let least = match (contender.server.name, connections) {
                ("Anteroom, SQLite", 16) => Some(0.40),
                ("Anteroom, PostgreSQL", 16) => Some(0.10),
                _ => None,
            };
            report.add(Line {
                row: "B1",
                what: format!("home, {}, {connections} connections", contender.server.name),
                figure: format!("{}/s", rounds.rate(at).text(0)),
                ratio: format!("{} of bare hello", ratio.text(2)),
                must: least.map_or("–".into(), |least| format!("≥ {least:.2}")),
                verdict: least
                    .map_or(Verdict::Shown, |least| rounds.verdict(Verdict::at_least(ratio.median, least))),
            });
        }
        report.plots.push((format!("Home at {connections} connections"), "requests a second".into(), bars));
        if connections == 16 {
            let against_layers = rounds.between(1, 0);
            report.add(Line {
                row: "B1",
                what: format!("home, {}, against the dressed hello", all[1].server.name),
                figure: "–".into(),
                ratio: format!("{} of dressed hello", against_layers.text(2)),
                must: "≥ 0.55".into(),
                verdict: rounds.verdict(Verdict::at_least(against_layers.median, 0.55)),
            });
            for (at, contender) in all.iter().enumerate().skip(1 + ours.len()) {
                let ratio = rounds.between(1, at);
                let (row, least) =
                    if contender.server.name == "Django" { ("B15", 12.0) } else { ("B16", 1.2) };
                report.add(Line {
                    row,
                    what: format!("home, ours against {}", contender.server.name),
                    figure: "–".into(),
                    ratio: format!("{} times", ratio.text(2)),
                    must: format!("≥ {least}"),
                    verdict: rounds.verdict(Verdict::at_least(ratio.median, least)),
                });
            }
            rates = (1..=ours.len()).map(|at| rounds.rate(at).median).collect();
        }
    }
    Home { rates }
}

/// B2: home at half of what it can do.
pub fn latency(report: &mut Report, engines: &[Ours], home: &Home) {
    for (ours, rate) in engines.iter().zip(&home.rates) {
        let contender = Contender {
            server: &ours.server,
            requests: ours.seeded.clients.iter().map(|cookie| get(&ours.server, "/portal", cookie)).collect(),
        };
        let outcomes: Vec<Outcome> = (0..ROUNDS)
            .map(|_| {
                let order = Order { rate: Some(rate / 2.0), ..contender.order(64, report.size.seconds) };
                drive::in_a_process(&order)
            })
            .collect();
        for (name, most, figure) in [
            ("p99", 5.0, Spread::of(outcomes.iter().map(|o| o.p99))),
            ("p99.9", 20.0, Spread::of(outcomes.iter().map(|o| o.p999))),
        ] {
            report.add(Line {
                row: "B2",
                what: format!("home at half of B1, {}, {name}", ours.server.name),
                figure: format!("{} ms", figure.text(1)),
                ratio: "–".into(),
                must: format!("≤ {most} ms"),
                verdict: Verdict::at_most(figure.median, most),
            });
        }
    }
}

/// B12: more than it can do.
pub fn overload(report: &mut Report, engines: &[Ours], home: &Home) {
    for (ours, rate) in engines.iter().zip(&home.rates) {
        for (times, least) in [(2.0, 0.85), (10.0, 0.80)] {
            let order = Order {
                to: ours.server.address,
                connections: 512,
                seconds: report.size.seconds * 3.0,
                rate: Some(rate * times),
                requests: ours
                    .seeded
                    .clients
                    .iter()
                    .map(|cookie| get(&ours.server, "/portal", cookie))
                    .collect(),
                next: Next::Random,
            };
            let outcome = drive::in_a_process(&order);
            let goodput = outcome.rate() / rate;
            report.add(Line {
                row: "B12",
                what: format!("home asked for {times} times as often, {}", ours.server.name),
                figure: format!("{:.0}/s, {} told to come back", outcome.rate(), outcome.refused),
                ratio: format!("{goodput:.2} of B1"),
                must: format!("≥ {least:.2}"),
                verdict: Verdict::at_least(goodput, least),
            });
        }
    }
}
