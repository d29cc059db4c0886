//! B18: messages. The list of a client with 500 threads, the practice's queue with 10,000 that wait, and the search over
//! 36,000 messages, on a practice of its own.

use std::time::{Duration, Instant};

use anteroom::kernel::ids::{ChartId, MessageId, PartyId, PersonId, ThreadId};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{chart, message, message_thread, thread_party, thread_read};
use anteroom::platform::fault::Fault;
use diesel::prelude::*;

use super::Size;
use super::report::Report;
use super::seed;
use super::servers::Server;
use super::turns::{Contender, get, show};
use crate::people::letters;
use crate::support::world::{Engine, World, take_down};

/// Charts of the practice, and clients who are signed in.
const CHARTS: usize = 2_000;
const CLIENTS: usize = 20;
/// Threads that wait for the practice, one a chart in turn, and those of the one client who writes most.
const WAITING: usize = 10_000;
const OF_ONE: usize = 500;
/// Messages of each thread.
const MESSAGES: i32 = 3;
/// Seconds of one measurement: each engine has five of three rounds.
const SECONDS: f64 = 1.0;

/// Gives the section of the results.
pub fn measure(pictures: &std::path::Path, quick: bool) -> String {
    let (waiting, of_one, seconds) = if quick { (200, 60, 0.2) } else { (WAITING, OF_ONE, SECONDS) };
    let mut report = Report::of(Size { seconds, ..Size::WHOLE });
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let began = Instant::now();
        let seeded = runtime.block_on(seed::seed(engine, CHARTS, CLIENTS));
        runtime.block_on(threads(&seeded.world, waiting, of_one));
        eprintln!("{}: {waiting} threads in {:.0} s", engine.word(), began.elapsed().as_secs_f64());
        let folder = tempfile::tempdir().expect("a data folder");
        let server = Server::anteroom("Anteroom", &seeded.world, folder.path());
        let (client, staff) = (&seeded.clients[..1], &seeded.staff);
        let of = |cookies: &[String], path: &dyn Fn(usize) -> String| Contender {
            server: &server,
            requests: (0..256).map(|n| get(&server, &path(n), &cookies[n % cookies.len()])).collect(),
        };
        let word = |n: usize| format!("word{}", letters(n * 7));
        let rows = [
            ("list of a client with many threads", of(client, &|_| "/portal/messages".into())),
            ("queue, its first page", of(staff, &|_| "/staff/messages".into())),
            ("search of staff, found", of(staff, &|n| format!("/staff/messages/search?q={}", word(n % 64)))),
            ("search of staff, nothing found", of(staff, &|n| format!("/staff/messages/search?q=xq{n}"))),
            ("search of a client", of(client, &|n| format!("/portal/messages?q={}", word(n % 64)))),
        ];
        for (what, contender) in &rows {
            let what = format!("{what}, {}", engine.word());
            show(&mut report, ("B18", what), contender, (8, seconds), None);
        }
        drop(rows);
        drop(server);
        let database = seeded.world.database.clone();
        runtime.block_on(async { drop(seeded) });
        runtime.shutdown_timeout(Duration::from_secs(2));
        take_down(database);
    }
    report.write(pictures)
}

/// Threads that wait for the front desk, and those of the first client.
async fn threads(w: &World, waiting: usize, of_one: usize) {
    let charts: Vec<(ChartId, PersonId)> = w
        .look(|c| {
            chart::table
                .filter(chart::chart_number.like("B%"))
                .order(chart::chart_number)
                .select((chart::chart_id, chart::person_id))
                .load(c)
        })
        .await;
    let all: Vec<(ChartId, PersonId, usize)> = (0..waiting)
        .map(|n| (charts[n % charts.len()].0, charts[n % charts.len()].1, n))
        .chain((0..of_one).map(|n| (charts[0].0, charts[0].1, waiting + n)))
        .collect();
    for some in all.chunks(500) {
        let some = some.to_vec();
        let written =
            w.app.db.write(&w.riverbend.scope, move |c| some.iter().try_for_each(|one| thread(c, one))).await;
        written.expect("no fault");
    }
}

fn thread(c: &mut Scoped<'_>, (chart, person, n): &(ChartId, PersonId, usize)) -> Result<(), Fault> {
    let minutes = i64::try_from(*n).unwrap_or(0);
    let at = c.now().plus_seconds(-60 * minutes);
    let id = ThreadId::fresh(c.rng(), at);
    c.insert(
        message_thread::table,
        (
            message_thread::thread_id.eq(id),
            message_thread::chart_id.eq(*chart),
            message_thread::subject.eq(format!("Question {n}")),
            message_thread::audience.eq("front_desk"),
            message_thread::state.eq("open"),
            message_thread::waiting.eq("practice"),
            message_thread::asked_at.eq(Some(at)),
            message_thread::due_at.eq(Some(at.plus_hours(48))),
            message_thread::last_seq.eq(MESSAGES),
            message_thread::last_at.eq(at),
            message_thread::version.eq(1i64),
            message_thread::created_at.eq(at),
        ),
    )?;
    let party = PartyId::fresh(c.rng(), at);
    c.insert(
        thread_party::table,
        (
            thread_party::thread_id.eq(id),
            thread_party::party_id.eq(party),
            thread_party::person_id.eq(Some(*person)),
            thread_party::from_seq.eq(1),
            thread_party::added_by_name.eq(""),
            thread_party::added_at.eq(at),
        ),
    )?;
    c.insert(
        thread_read::table,
        (
            thread_read::thread_id.eq(id),
            thread_read::reader_kind.eq("person"),
            thread_read::reader_id.eq(person.as_bytes().to_vec()),
            thread_read::seq.eq(i32::from(n % 3 == 0) * MESSAGES),
            thread_read::at.eq(at),
        ),
    )?;
    for seq in 1..=MESSAGES {
        let message_id = MessageId::fresh(c.rng(), at);
        // A few hundred different words, each in some of the messages, between words that all have.
        let words = format!(
            "i wanted to ask about my next visit and the form word{} that you sent me {}",
            letters((n * 3 + seq as usize) % 450 * 7),
            "because i am not sure what belongs into it ".repeat(4)
        );
        c.insert(
            message::table,
            (
                message::thread_id.eq(id),
                message::seq.eq(seq),
                message::message_id.eq(message_id),
                message::side.eq(if seq == 2 { "practice" } else { "client" }),
                message::author_kind.eq(if seq == 2 { "staff" } else { "person" }),
                message::author_id.eq(person.as_bytes().to_vec()),
                message::author_name.eq("Somebody"),
                message::body.eq(words.clone()),
                message::search_text.eq(words),
                message::sent_at.eq(at),
            ),
        )?;
    }
    Ok(())
}
