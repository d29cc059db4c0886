//! B1: the page behind an invitation's link.

use std::path::Path;
use std::time::Duration;

use anteroom::features::access::actions;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use tokio::runtime::Runtime;

use super::report::{Line, Report, Spread, Verdict};
use super::servers::{Peers, Server};
use super::turns::{Contender, get, in_turn};
use super::{Others, Ours};
use crate::support::Browser;

/// The last link in a peer's outbox.
fn peer_link(runtime: &Runtime, server: &Server, database: &Path, table: &str) -> String {
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
fn link_of<'a>(runtime: &Runtime, ours: &'a Ours) -> Contender<'a> {
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
pub fn registration(
    report: &mut Report,
    runtime: &Runtime,
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
