//! Rows B1 to B16: our server, the limits and the peers under the same load, in turn, in one run.

pub mod drive;
pub mod growth;
pub mod hello;
pub mod raw;
mod report;
mod seed;
mod servers;

use std::path::Path;
use std::time::{Duration, Instant};

use anteroom::features::access::actions;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::people::letters;
use crate::support::world::{Engine, take_down};
use crate::support::{Browser, PASSWORD, http};
use drive::{Next, Order, Outcome};
use report::{Line, Report, Spread, Verdict};
use seed::Seeded;
use servers::{Peers, Server};

/// Turns of each comparison.
const ROUNDS: usize = 3;
/// How far the limit may move within a round, and how often a round is tried again.
const STEADY: f64 = 0.10;
const TRIES: usize = 3;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    charts: usize,
    clients: usize,
    /// Of one measurement.
    seconds: f64,
    /// Open streams.
    streams: usize,
    /// Resends, and sign-ins at once.
    acts: usize,
}

impl Size {
    /// What the results are of.
    pub const WHOLE: Self =
        Self { charts: 50_000, clients: 2_000, seconds: 3.0, streams: 5_000, acts: 1_000 };
    /// Enough to see that everything runs; the figures mean nothing.
    pub const QUICK: Self = Self { charts: 1_000, clients: 200, seconds: 0.3, streams: 50, acts: 50 };
}

/// Runs every row. Gives the section of the results.
pub fn measure(pictures: &Path, size: Size) -> String {
    let mut report = Report::of(size);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let peers = Peers::prepare();
    let mut engines = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let began = Instant::now();
        let seeded = runtime.block_on(seed::seed(engine, size.charts, size.clients));
        eprintln!("{}: {} charts in {:.0} s", engine.word(), size.charts, began.elapsed().as_secs_f64());
        let folder = tempfile::tempdir().expect("a data folder");
        let name = match engine {
            Engine::Sqlite => "Anteroom, SQLite",
            Engine::Postgres => "Anteroom, PostgreSQL",
        };
        let server = Server::anteroom(name, &seeded.world, folder.path());
        engines.push(Ours { engine, seeded, _folder: folder, server });
    }
    let idle: Vec<f64> = engines
        .iter()
        .map(|ours| {
            runtime.block_on(Browser::new(ours.server.address).get("/riverbend/sign-in"));
            ours.server.memory()
        })
        .collect();
    let peer = |found: Result<Server, String>, report: &mut Report, row: &'static str, what: &str| {
        found.map_err(|why| report.not_run(row, what, why)).ok()
    };
    let others = Others {
        fastify: peer(peers.fastify("Fastify, 1 process", "1"), &mut report, "B16", "Fastify, 1 process"),
        fastify_two: peer(
            peers.fastify("Fastify, 2 processes", "2"),
            &mut report,
            "B16",
            "Fastify, 2 processes",
        ),
        django: peer(peers.django("Django"), &mut report, "B15", "Django"),
    };
    for server in engines.iter().map(|ours| &ours.server).chain(others.all()) {
        report.commands.push(server.command.clone());
    }
    let home = home(&mut report, &runtime, &engines, &others);
    registration(&mut report, &runtime, &engines, &others, &peers);
    latency(&mut report, &engines, &home);
    lists(&mut report, &engines);
    report.not_run(
        "B3",
        "reads without a server",
        "the limit needs SQLite's C interface, which our code does not call",
    );
    sign_ins(&mut report, &runtime, &engines, &others);
    writes(&mut report, &runtime, &engines);
    hot_practice(&mut report, &runtime, &engines);
    overload(&mut report, &engines, &home);
    live(&mut report, &runtime, &engines);
    memory(&mut report, &runtime, &engines, &others, &idle);
    report.not_run("B9", "documents of 5 MB", "documents are text as yet");
    report.not_run("B17", "backup under load", "there is no backup as yet");
    for Ours { seeded, server, .. } in engines {
        drop(server);
        let database = seeded.world.database.clone();
        runtime.block_on(async { drop(seeded) });
        take_down(database);
    }
    runtime.shutdown_timeout(Duration::from_secs(2));
    report.write(pictures)
}

/// Our server on one engine.
struct Ours {
    engine: Engine,
    seeded: Seeded,
    /// Kept as long as the server.
    _folder: tempfile::TempDir,
    server: Server,
}

struct Others {
    fastify: Option<Server>,
    fastify_two: Option<Server>,
    django: Option<Server>,
}

impl Others {
    fn all(&self) -> impl Iterator<Item = &Server> {
        [&self.fastify, &self.fastify_two, &self.django].into_iter().flatten()
    }
}

/// One server and what it is asked.
struct Contender<'a> {
    server: &'a Server,
    requests: Vec<String>,
}

impl Contender<'_> {
    fn order(&self, connections: usize, seconds: f64) -> Order {
        Order {
            to: self.server.address,
            connections,
            seconds,
            rate: None,
            requests: self.requests.clone(),
            next: Next::Random,
        }
    }
}

fn get(server: &Server, path: &str, cookie: &str) -> String {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    format!("GET {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\n{cookie}\r\n", server.address)
}

fn post(server: &Server, path: &str, cookie: &str, fields: &[(String, String)]) -> String {
    let (body, cookie) = (
        http::encode_form(fields),
        if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") },
    );
    format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\n{cookie}content-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    )
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What rounds in turn gave: of the limit and of each other.
struct Rounds {
    limit: Vec<f64>,
    others: Vec<Vec<Outcome>>,
    busy: bool,
}

impl Rounds {
    fn rate(&self, other: usize) -> Spread {
        Spread::of(self.others[other].iter().map(Outcome::rate))
    }

    /// To the limit, round by round.
    fn ratio(&self, other: usize) -> Spread {
        Spread::of(self.others[other].iter().zip(&self.limit).map(|(outcome, limit)| outcome.rate() / limit))
    }

    /// Of one to another, round by round.
    fn between(&self, one: usize, another: usize) -> Spread {
        let pairs = self.others[one].iter().zip(&self.others[another]);
        Spread::of(pairs.map(|(one, another)| one.rate() / another.rate()))
    }

    fn verdict(&self, otherwise: Verdict) -> Verdict {
        if self.busy { Verdict::MachineBusy } else { otherwise }
    }
}

/// Limit, others, limit; three times. A round in which the limit moved is run again.
fn in_turn(limit: &Contender<'_>, others: &[&Contender<'_>], connections: usize, seconds: f64) -> Rounds {
    let mut rounds =
        Rounds { limit: Vec::new(), others: others.iter().map(|_| Vec::new()).collect(), busy: false };
    // Warm caches, and every connection of every pool.
    for contender in others {
        drive::in_a_process(&contender.order(connections, 1.0));
    }
    for _ in 0..ROUNDS {
        for attempt in 1..=TRIES {
            let before = drive::in_a_process(&limit.order(connections, seconds)).rate();
            let outcomes: Vec<Outcome> =
                others.iter().map(|other| drive::in_a_process(&other.order(connections, seconds))).collect();
            let after = drive::in_a_process(&limit.order(connections, seconds)).rate();
            let is_steady = (before - after).abs() <= STEADY * before.max(after);
            if is_steady || attempt == TRIES {
                rounds.busy |= !is_steady;
                rounds.limit.push((before + after) / 2.0);
                for (all, outcome) in rounds.others.iter_mut().zip(outcomes) {
                    all.push(outcome);
                }
                break;
            }
        }
    }
    rounds
}

/// A page's length, and its visible words.
fn page_of(runtime: &tokio::runtime::Runtime, server: &Server, path: &str, cookie: &str) -> (usize, String) {
    let mut browser = Browser::new(server.address);
    for pair in cookie.split("; ").filter(|pair| !pair.is_empty()) {
        browser.take_cookie(pair);
    }
    let page = runtime.block_on(browser.get(path));
    assert_eq!(page.status(), 200, "{} {path}: {}", server.name, page.words());
    (page.answer.body.len(), page.words())
}

/// Sessions of a peer's clients, as cookies.
fn peer_sessions(runtime: &tokio::runtime::Runtime, server: &Server, count: usize) -> Vec<String> {
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
struct Home {
    /// Requests a second at 16 connections, of each engine.
    rates: Vec<f64>,
}

/// B1, B15, B16: the portal's home.
fn home(report: &mut Report, runtime: &tokio::runtime::Runtime, engines: &[Ours], others: &Others) -> Home {
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

/// The last link in a peer's outbox.
fn peer_link(runtime: &tokio::runtime::Runtime, server: &Server, database: &Path, table: &str) -> String {
    #[derive(QueryableByName)]
    struct Body {
        #[diesel(sql_type = diesel::sql_types::Text)]
        body: String,
    }
    let mut browser = Browser::new(server.address).with("Authorization", "Bearer bench-staff-token");
    let sent = runtime.block_on(browser.send(
        "POST",
        "/staff/invite",
        Some(("application/json", br#"{"client_id": 4000}"#)),
    ));
    assert_eq!(sent.status(), 201, "{}", sent.words());
    let mut conn =
        SqliteConnection::establish(&database.to_string_lossy()).expect("open the peer's database");
    let sql = format!("SELECT body FROM {table} ORDER BY id DESC LIMIT 1");
    let mail: Body = diesel::sql_query(sql).get_result(&mut conn).expect("its mail");
    let token = mail.body.split("/register/").nth(1).and_then(|rest| rest.split_whitespace().next());
    format!("/register/{}", token.expect("a link"))
}

/// A request for the page behind an invitation's link.
fn link_of<'a>(runtime: &tokio::runtime::Runtime, ours: &'a Ours) -> Contender<'a> {
    let (w, chart) = (&ours.seeded.world, ours.seeded.others[ours.seeded.others.len() - 1]);
    let path = runtime.block_on(async {
        let by = w.riverbend.by(Role::FrontDesk);
        let sent = actions::send_many(&w.app, &w.riverbend.scope, by, vec![chart]).await.expect("no fault");
        assert!(sent.iter().all(|(_, outcome)| outcome.is_ok()), "a refusal");
        // The server under load sends the mail.
        let mails = w.mailbox.wait_for(1, Duration::from_secs(30)).await;
        mails.last().and_then(|mail| mail.link().map(str::to_owned)).expect("a link")
    });
    let path =
        path.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}"));
    Contender { server: &ours.server, requests: vec![get(&ours.server, &path.expect("a path"), "")] }
}

/// The page behind an invitation's link.
fn registration(
    report: &mut Report,
    runtime: &tokio::runtime::Runtime,
    engines: &[Ours],
    others: &Others,
    peers: &Peers,
) {
    let ours: Vec<Contender<'_>> = engines.iter().map(|ours| link_of(runtime, ours)).collect();
    let mut theirs = Vec::new();
    for (server, database, table) in [
        (&others.fastify, peers.fastify_database("1"), "outbox"),
        (&others.fastify_two, peers.fastify_database("2"), "outbox"),
        (&others.django, peers.django_database(), "portal_outbox"),
    ] {
        if let Some(server) = server {
            let path = peer_link(runtime, server, &database, table);
            theirs.push(Contender { server, requests: vec![get(server, &path, "")] });
        }
    }
    let bare = Server::hello("bare", "bare hello", 4_400);
    let limit = Contender { server: &bare, requests: vec![get(&bare, "/hello", "")] };
    let all: Vec<&Contender<'_>> = ours.iter().chain(&theirs).collect();
    let rounds = in_turn(&limit, &all, 16, report.size.seconds);
    let mut bars = vec![("bare hello".to_owned(), Spread::of(rounds.limit.iter().copied()))];
    for (at, contender) in all.iter().enumerate() {
        bars.push((contender.server.name.to_owned(), rounds.rate(at)));
        let is_ours = at < ours.len();
        let (ratio, must, verdict) = if is_ours {
            (format!("{} of bare hello", rounds.ratio(at).text(2)), "–".to_owned(), Verdict::Shown)
        } else {
            let ratio = rounds.between(0, at);
            (
                format!("ours is {} times", ratio.text(2)),
                "≥ 1".to_owned(),
                rounds.verdict(Verdict::at_least(ratio.median, 1.0)),
            )
        };
        report.add(Line {
            row: "B1",
            what: format!("registration's page, {}, 16 connections", contender.server.name),
            figure: format!("{}/s", rounds.rate(at).text(0)),
            ratio,
            must,
            verdict,
        });
    }
    report.plots.push(("Registration page".into(), "requests a second, 16 connections".into(), bars));
}

/// B2: home at half of what it can do.
fn latency(report: &mut Report, engines: &[Ours], home: &Home) {
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

/// B4, B5: lists and searches over 50,000 charts.
fn lists(report: &mut Report, engines: &[Ours]) {
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

/// B6: sign-ins, and home meanwhile.
fn sign_ins(report: &mut Report, runtime: &tokio::runtime::Runtime, engines: &[Ours], others: &Others) {
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

/// B7: resends by 64 connections.
fn writes(report: &mut Report, runtime: &tokio::runtime::Runtime, engines: &[Ours]) {
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
        let charts = &ours.seeded.others[..report.size.acts];
        let w = &ours.seeded.world;
        let requests = runtime.block_on(async {
            let by = w.riverbend.by(Role::FrontDesk);
            let sent =
                actions::send_many(&w.app, &w.riverbend.scope, by, charts.to_vec()).await.expect("no fault");
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
        });
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

/// B11: what a practice notices of another that asks all the time.
fn hot_practice(report: &mut Report, runtime: &tokio::runtime::Runtime, engines: &[Ours]) {
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

/// B12: more than it can do.
fn overload(report: &mut Report, engines: &[Ours], home: &Home) {
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

/// B13: streams that are open and idle.
fn live(report: &mut Report, runtime: &tokio::runtime::Runtime, engines: &[Ours]) {
    let streams = report.size.streams;
    for ours in engines {
        let path = format!("/staff/charts/{}/communications/live", ours.seeded.others[0]);
        let (before, cpu) = (ours.server.memory(), ours.server.cpu());
        let opened = runtime.block_on(async {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut open = Vec::new();
            for n in 0..streams {
                let mut socket = tokio::net::TcpStream::connect(ours.server.address).await?;
                let cookie = &ours.seeded.staff[n % ours.seeded.staff.len()];
                socket.write_all(get(&ours.server, &path, cookie).as_bytes()).await?;
                let mut head = [0; 12];
                socket.read_exact(&mut head).await?;
                if !head.ends_with(b" 200") {
                    return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
                }
                open.push(socket);
            }
            Ok(open)
        });
        let open = match opened {
            Ok(open) => open,
            Err(why) => {
                report.not_run(
                    "B13",
                    &format!("{streams} open streams, {}", ours.server.name),
                    why.to_string(),
                );
                continue;
            }
        };
        let spent_on_opening = ours.server.cpu() - cpu;
        let idle = ours.server.cpu();
        std::thread::sleep(Duration::from_secs(10));
        let each = (ours.server.memory() - before) * 1_024.0 / streams as f64;
        let part = (ours.server.cpu() - idle) / 10.0 * 100.0;
        drop(open);
        report.add(Line {
            row: "B13",
            what: format!(
                "{streams} open streams, {} ({spent_on_opening:.1} s of CPU to open them)",
                ours.server.name
            ),
            figure: format!("{each:.1} KB each, {part:.0} % of a core"),
            ratio: "–".into(),
            must: "≤ 8 KB, ≤ 3 %".into(),
            verdict: if each <= 8.0 && part <= 3.0 { Verdict::Held } else { Verdict::Missed },
        });
    }
}

/// B14: memory and starts.
fn memory(
    report: &mut Report,
    runtime: &tokio::runtime::Runtime,
    engines: &[Ours],
    others: &Others,
    idle: &[f64],
) {
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
    after_sign_ins(report, engines);
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

fn cold_starts(ours: &Ours, folder: &Path, runtime: &tokio::runtime::Runtime) -> Option<Spread> {
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

/// A thousand sign-ins at once, and what is left of them half a minute later.
fn after_sign_ins(report: &mut Report, engines: &[Ours]) {
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
