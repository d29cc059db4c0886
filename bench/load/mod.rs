//! Rows B1 to B16: our server, the limits and the peers under the same load, in turn, in one run.

pub mod accounts;
pub mod calendar;
pub mod documents;
pub mod drive;
pub mod growth;
pub mod hello;
mod home;
mod lists;
mod live;
mod memory;
pub mod messages;
pub mod raw;
mod registration;
mod report;
mod seed;
mod servers;
mod sign_ins;
mod turns;
mod writes;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::Browser;
use crate::support::world::{Engine, take_down};
use report::Report;
use seed::Seeded;
use servers::{Peers, Server};

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

/// What can be measured by itself.
pub const PARTS: &[&str] =
    &["home", "registration", "lists", "sign-ins", "writes", "hot-practice", "live", "memory"];

/// Runs the rows of these parts; all of them where none is named. Gives the section of the results.
pub fn measure(pictures: &Path, size: Size, parts: &[&str]) -> String {
    let wants = |part: &str| parts.is_empty() || parts.contains(&part);
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
    if wants("home") {
        let home = home::home(&mut report, &runtime, &engines, &others);
        home::latency(&mut report, &engines, &home);
        home::overload(&mut report, &engines, &home);
    }
    if wants("registration") {
        registration::registration(&mut report, &runtime, &engines, &others, &peers);
    }
    if wants("lists") {
        lists::lists(&mut report, &engines);
    }
    if wants("sign-ins") {
        sign_ins::sign_ins(&mut report, &runtime, &engines, &others);
    }
    if wants("writes") {
        writes::writes(&mut report, &runtime, &engines);
    }
    if wants("hot-practice") {
        lists::hot_practice(&mut report, &runtime, &engines);
    }
    if wants("live") {
        live::live(&mut report, &runtime, &engines);
    }
    if wants("memory") {
        memory::memory(&mut report, &runtime, &engines, &others, &idle);
    }
    if parts.is_empty() {
        report.not_run("B17", "backup under load", "there is no backup as yet");
    }
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
