//! B9: documents. The list of a client who has 200, a file of 5 MB on its way out and in, and how long the final file of a
//! signed document of ten pages takes to make.

use std::time::Instant;

use anteroom::features::documents::{
    self, DocumentKind, NewContent, NewDocument, NewShare, Recipient, Telling,
};
use anteroom::kernel::ids::ChartId;
use anteroom::platform::db::schema::{chart, signed_file};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use super::Size;
use super::report::{Line, Report, Spread, Verdict};
use super::seed;
use super::servers::Server;
use super::turns::{Contender, get, in_turn, show};
use crate::support::browser::filled;
use crate::support::papers::{ask_to_countersign, draft, pdf_of};
use crate::support::world::{Engine, World, take_down};
use crate::support::{Browser, PASSWORD, http};

/// Charts of the practice, and clients who are signed in.
const CHARTS: usize = 400;
const CLIENTS: usize = 20;
/// Documents of the one client who has most, 8 of them from the seed.
const OF_ONE: usize = 200;
const SEEDED: usize = 8;
/// Bytes of a file.
const FILE: usize = 5 * 1024 * 1024;
/// Connections that send or take files at once.
const CONNECTIONS: usize = 16;
/// Different files that are sent.
const SENT: usize = 8;
/// What must be left of the limit, out and in.
const OUT: f64 = 0.70;
const IN: f64 = 0.50;
/// Lines that fill ten pages, and final files that are made.
const LINES: usize = 340;
const SEALED: usize = 15;

/// Gives the section of the results.
pub fn measure(pictures: &std::path::Path, quick: bool) -> String {
    let seconds = if quick { 0.2 } else { 1.0 };
    let mut report = Report::of(Size { seconds, ..Size::WHOLE });
    let (opening, sealing) =
        (Server::hello("opening", "opening hello", FILE), Server::hello("sealing", "sealing hello", 0));
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let seeded = runtime.block_on(seed::seed(engine, CHARTS, CLIENTS));
        let chart = runtime.block_on(many_documents(&seeded.world));
        let folder = tempfile::tempdir().expect("a data folder");
        let server = Server::anteroom("Anteroom", &seeded.world, folder.path());
        let clinician =
            runtime.block_on(async { seed::cookie_of(&seeded.world.staff(Role::Clinician).await) });
        let (client, staff) = (seeded.clients[0].as_str(), clinician.as_str());
        let (file, uploads) = runtime.block_on(files(&server, staff, &chart));
        let (tab, file_page) = (format!("/staff/charts/{chart}/documents"), format!("{file}/file"));
        let rows = [
            ("list of a client with 200 documents", "/portal/documents", client),
            ("the same in the chart", tab.as_str(), staff),
            ("a document opened by staff", file.as_str(), staff),
        ];
        for (what, path, cookie) in rows {
            let contender = Contender { server: &server, requests: vec![get(&server, path, cookie)] };
            show(&mut report, ("B9", format!("{what}, {}", engine.word())), &contender, (8, seconds), None);
        }
        let out = Contender { server: &server, requests: vec![get(&server, &file_page, staff)] };
        let limit = Contender { server: &opening, requests: vec![get(&opening, "/", "")] };
        compare(&mut report, (&format!("5 MB out, {}", engine.word()), OUT), (&limit, &out), seconds);
        let limit = Contender {
            server: &sealing,
            requests: uploads.iter().map(|(kind, body)| posted(&sealing, "/", "", kind, body)).collect(),
        };
        let action = format!("{tab}/upload");
        let sent = Contender {
            server: &server,
            requests: uploads
                .iter()
                .map(|(kind, body)| posted(&server, &action, staff, kind, body))
                .collect(),
        };
        compare(&mut report, (&format!("5 MB in, {}", engine.word()), IN), (&limit, &sent), seconds);
        drop(server);
        let times = runtime.block_on(final_files(&seeded.world, &chart, if quick { 2 } else { SEALED }));
        report.add(Line {
            row: "B9",
            what: format!("final file of ten pages, one after the other, {}", engine.word()),
            figure: format!("{} ms of {}", Spread::of(times.iter().copied()).text(0), times.len()),
            ratio: "–".into(),
            must: "–".into(),
            verdict: Verdict::Shown,
        });
        let database = seeded.world.database.clone();
        runtime.block_on(async { drop(seeded) });
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        take_down(database);
    }
    report.write(pictures)
}

fn compare(
    report: &mut Report,
    (what, must): (&str, f64),
    (limit, ours): (&Contender<'_>, &Contender<'_>),
    seconds: f64,
) {
    let rounds = in_turn(limit, &[ours], CONNECTIONS, seconds);
    let ratio = rounds.ratio(0);
    report.add(Line {
        row: "B9",
        what: format!("{what}, {CONNECTIONS} connections"),
        figure: format!("{}/s", rounds.rate(0).text(0)),
        ratio: format!("{} of {}", ratio.text(2), limit.server.name),
        must: format!("≥ {must:.2}"),
        verdict: rounds.verdict(Verdict::at_least(ratio.median, must)),
    });
}

/// Gives the first client more documents, and gives their chart.
async fn many_documents(w: &World) -> ChartId {
    let chart: ChartId = w
        .look(|c| {
            let found = chart::table.filter(chart::chart_number.like("B%")).order(chart::chart_number);
            found.select(chart::chart_id).first(c)
        })
        .await;
    let by = w.riverbend.by(Role::Clinician);
    let written = w.app.db.write(&w.riverbend.scope, move |c| {
        for n in SEEDED..OF_ONE {
            let document = NewDocument {
                chart,
                title: format!("A letter, number {n}"),
                kind: DocumentKind::Letter,
                label: None,
                content: NewContent::Text("Here is what we agreed on.\n\n".repeat(40)),
                written_at: None,
            };
            let id = documents::create(c, &by, &document)?.expect("a document");
            let share = NewShare { with: vec![Recipient::Owner], telling: Telling::Silent, since: None };
            documents::share(c, &by, &id, &share)?.expect("shared");
        }
        Ok(())
    });
    written.await.expect("no fault");
    chart
}

/// Uploads one file, and gives the address of its document; and the forms of others, each with its content type.
async fn files(server: &Server, cookie: &str, chart: &ChartId) -> (String, Vec<(String, String)>) {
    let mut desk = Browser::new(server.address);
    for pair in cookie.split("; ") {
        desk.take_cookie(pair);
    }
    let action = format!("/staff/charts/{chart}/documents/upload");
    let mut forms = Vec::new();
    for n in 0..SENT {
        let page = desk.get(&action).await;
        let title = format!("A scan, number {n}");
        let bytes = pdf_of(&title, FILE);
        let fields = filled(&page.form(&action), &[("title", &title), ("kind", "letter")]);
        let (kind, body) = http::multipart(&fields, "scan.pdf", &bytes);
        forms.push((kind, String::from_utf8(body).expect("a file of ASCII")));
    }
    let (kind, body) = &forms[0];
    let made = desk.send("POST", &action, Some((kind, body.as_bytes()))).await;
    let to = made.location().expect("a document").to_owned();
    let (before, rest) = to.split_once("/documents/").expect("a document's address");
    (format!("{before}/documents/{}", rest.split(['/', '?']).next().expect("an id")), forms)
}

fn posted(server: &Server, path: &str, cookie: &str, kind: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\ncookie: {cookie}\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    )
}

/// How long the final files of so many documents took to make, in milliseconds. A clinician signs each; the first
/// one, for which the practice's key is made, does not count.
async fn final_files(w: &World, chart: &ChartId, count: usize) -> Vec<f64> {
    let body = "This line stands in a document that a practice asks somebody to sign.\n\n".repeat(LINES);
    let mut desk = w.staff(Role::Clinician).await;
    let mut times = Vec::new();
    for n in 0..=count {
        let id = draft(w, chart, &format!("Agreement, number {n}"), &body).await;
        ask_to_countersign(w, &id).await;
        let page = desk.get(&format!("/staff/charts/{chart}/documents/{id}/countersign")).await;
        let typed = [("typed", "Casey"), ("agreed", "yes"), ("password", PASSWORD)];
        desk.submit(&page, "/countersign", &typed).await.must_be(303);
        let at = Instant::now();
        w.run_due_jobs().await;
        times.push(at.elapsed().as_secs_f64() * 1_000.0);
    }
    let made: i64 = w.look(|c| signed_file::table.count().get_result(c)).await;
    assert_eq!(made, times.len() as i64, "each document has its final file");
    times.split_off(1)
}
