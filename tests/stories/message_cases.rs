//! Threads over time and on several nodes: notes that stay among staff, birthdays, closed charts, pages that are open, and
//! that nothing ever gives a message another reader.

use std::collections::BTreeSet;
use std::time::Duration;

use anteroom::app;
use anteroom::features::access::lifecycle::State;
use anteroom::kernel::ids::{AccessId, ChartId, PersonId};
use anteroom::platform::db::schema::{chart, message, message_draft, portal_access, thread_note};
use anteroom::platform::permissions::{Needs, Right, Role, Scope};
use diesel::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::message_acts::text_of_pdf;
use crate::message_parties::with_rights;
use crate::messages::{answer, begun, in_chart, practice_writes, write};
use crate::portal_people::{self as people, enrolled, events, set_state, sign_in};
use crate::rights::{Terms, mother_of, set};
use crate::stories;
use crate::support::rows::Rows;
use crate::support::{Browser, Page, World};

/// Writes a note by the form of the chart room.
async fn note(staff: &mut Browser, path: &str, text: &str) {
    let page = staff.get(path).await;
    staff.submit_and_follow(&page, "/note", &[("note", text)]).await.must_say(text);
}

/// An open line to a page's stream on one node.
pub async fn line(to: std::net::SocketAddr, browser: &Browser, path: &str) -> TcpStream {
    let cookies: Vec<String> =
        browser.cookies().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut stream = TcpStream::connect(to).await.expect("connected");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nConnection: close\r\nCookie: {}\r\n\r\n",
        cookies.join("; ")
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let answer = crate::support::http::read_answer(&mut stream, false).await.expect("a head");
    assert_eq!(answer.status, 200, "{path}");
    stream
}

/// Waits until the stream says that something changed.
async fn until_changed(stream: &mut TcpStream) {
    let mut heard = String::new();
    let mut piece = [0u8; 1_024];
    let hearing = async {
        while !heard.contains("event: changed") {
            let count = stream.read(&mut piece).await.expect("read");
            assert!(count > 0, "the stream ended: {heard}");
            heard.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    };
    tokio::time::timeout(Duration::from_secs(15), hearing).await.expect("the page is told");
}

pub async fn until_ended(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let end = stream.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(15), end).await.expect("the stream ends").expect("read");
}

/// An administrator's rule for parents from an age on.
async fn age_rule_of(w: &World, age: &str, level: &str) {
    let mut admin = w.staff(Role::Administrator).await;
    let form = admin.get("/staff/practice/age-rules/new").await;
    let rule = [
        ("from_age", age),
        ("basis", "parent"),
        ("messages", level),
        ("effective_from", "2026-12-02"),
        ("source", "Counsel, November 2026"),
        ("confirmed", "yes"),
    ];
    admin.submit_and_follow(&form, "/staff/practice/age-rules/new", &rule).await.must_say("Saved.");
}

/// The first second of a child's thirteenth birthday in the practice's zone, with a parent who wrote until then; nothing of
/// what the child writes shows on the parent's side.
async fn at_the_birthday(w: &mut World, level: &str) -> (Browser, String) {
    age_rule_of(w, "13", level).await;
    let leo = w.chart_with("Leo", "Park", "2013-12-03", "leo.park@example.com").await;
    let (name, _) = mother_of(w, &leo).await;
    let mut mother = sign_in(w, &name).await;
    let thread = begun(&mut mother, "front_desk", "Lantern talk", "Words of the mother.").await;
    let left = moment("2026-12-03T05:00:00Z").seconds_since(w.now());
    w.clock.advance_seconds(u32::try_from(left).expect("ahead") - 1);
    let mut mother = sign_in(w, &name).await;
    write(&mut mother, &thread, "One second before.").await.must_be(303);
    let open = mother.get(&thread).await;
    w.clock.advance_seconds(1);
    mother.submit(&open, &thread, &[("text", "Too late.")]).await.must_be(404);
    assert_eq!(
        w.look(|c| message::table.filter(message::body.eq("Too late.")).count().get_result::<i64>(c)).await,
        0
    );
    let child = enrolled(w, &leo).await;
    let mut own = sign_in(w, &child.name).await;
    let theirs = begun(&mut own, "front_desk", "Canary of the child", "Canary words.").await;
    practice_writes(w, &theirs, "Canary answer.").await;
    for page in ["/portal", "/portal/messages", "/portal/messages?q=canary", &theirs] {
        mother.get(page).await.must_not_say("Canary");
    }
    own.get(&theirs).await.must_say("Canary answer.");
    own.get(&thread).await.must_be(404);
    (mother, thread)
}

/// Steps that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

stories! {
    async fn case_88_a_note_stands_on_no_page_of_a_client_in_no_answer_mail_file_print_or_search(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let own = rows.fill("/portal/messages/{thread}");
        let (hers, his) = (rows.fill("/staff/charts/{chart}/messages/{thread}"), in_chart(&rows.registered.chart_id, &own));
        let mut desk = w.staff(Role::FrontDesk).await;
        for path in [&hers, &his] {
            note(&mut desk, path, "Canary among staff.").await;
        }
        answer(&mut desk, &his, "Behind the house.").await.must_be(303);
        note(&mut desk, &his, "Canary once more.").await;
        // The same form sent twice is one note, and none changes how the thread stands.
        let page = desk.get(&his).await;
        for _ in 0..2 {
            desk.submit(&page, "/note", &[("note", "Canary, third.")]).await.must_be(303);
        }
        desk.submit(&page, "/note", &[("note", " ")]).await.must_be(422).must_say("Write a note first.");
        let notes: i64 = w.look(|c| thread_note::table.count().get_result(c)).await;
        assert_eq!((notes, events(w, "note.written").await), (4, 4));
        desk.get(&his).await.must_say("Answered").must_say("Canary once more.");
        w.staff(Role::Clinician).await.get(&his).await.must_say("Canary once more.");
        // In the database it stands in its own table alone.
        for (table, lines) in w.dump().await {
            let has = lines.iter().any(|line| line.to_lowercase().contains("canary"));
            assert_eq!(has, table == "thread_note", "{table}");
        }
        let mut client = rows.client.clone();
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let (_, routes) = app::routes().into_parts();
        let mut seen = 0;
        for row in routes.iter().filter(|row| row.method == "GET") {
            let path = rows.fill(row.path);
            let page = match row.needs {
                Needs::ClientSession | Needs::Client(..) => client.get(&path).await,
                Needs::ApiKey(_) => w.browser().with("authorization", &format!("Bearer {text}")).get(&path).await,
                Needs::Nothing | Needs::Link => w.browser().get(&path).await,
                _ => continue,
            };
            seen += 1;
            assert!(!page.html().to_lowercase().contains("canary"), "{path}: {}", page.words());
        }
        assert!(seen > 40, "{seen}");
        client.get("/portal/messages?q=canary").await.must_say("No message has all of these words");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/messages/search?q=canary").await.must_say("No message has all of these words");
        desk.get(&format!("{his}/print")).await.must_say("Behind the house.").must_not_say("Canary");
        for (browser, path) in [(&mut client, format!("{own}/pdf")), (&mut desk, format!("{his}/pdf"))] {
            if let Some(text) = text_of_pdf(&browser.get(&path).await.must_be(200).answer.body) {
                assert!(text.contains("Behind the house.") && !text.contains("Canary"), "{text}");
            }
        }
        // Exports of the trail, and every mail that is on its way.
        let trail = w.staff(Role::Administrator).await.get("/staff/audit/export").await;
        assert!(!trail.must_be(200).html().contains("Canary"));
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        w.mail_has_settled().await;
        let address = rows.registered.email.clone();
        for _ in 0..w.unread_to(&address).await {
            let mail = w.mail_to(&address).await;
            assert!(!format!("{} {} {}", mail.subject, mail.text, mail.html).contains("Canary"));
        }
    }

    async fn notes_are_read_by_those_who_read_the_words_and_not_by_whoever_gets_the_thread_without_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, &casey(w).to_string(), "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut clinician = w.staff(Role::Clinician).await;
        note(&mut clinician, &path, "Canary among staff.").await;
        for role in [Role::FrontDesk, Role::Administrator] {
            w.staff(role).await.get(&path).await.must_be(404);
        }
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get(&format!("{path}/reason")).await;
        admin.submit_and_follow(&form, "/reason", &[("reason", "A complaint.")]).await.must_say("Canary among staff.");
        let page = clinician.get(&path).await;
        clinician.submit(&page, "/no-reply-needed", &[]).await.must_be(303);
        let form = clinician.get(&format!("{path}/move")).await;
        clinician.submit(&form, "/move", &[("to", "front_desk")]).await.must_be(303);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_be(200).must_not_say("Canary");
        note(&mut desk, &path, "Called back.").await;
        desk.get(&path).await.must_say("Called back.").must_not_say("Canary");
    }

    async fn case_75_an_answer_is_never_kept_as_a_note_nor_a_note_sent_as_an_answer(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let (reply, own) = (page.form("/reply").fields, page.form("/note").fields);
        let with = |fields: &[(String, String)], name: &str, text: &str| {
            let mut fields: Vec<(String, String)> = fields.iter().filter(|(field, _)| field != name).cloned().collect();
            fields.push((name.into(), text.into()));
            fields
        };
        // Each form at the other's address is refused whole.
        desk.post_fields(&format!("{path}/note"), &with(&reply, "text", "An answer.")).await.must_be(400);
        desk.post_fields(&format!("{path}/reply"), &with(&own, "note", "A note.")).await.must_be(400);
        // A draft of an answer comes back as an answer, whatever is noted meanwhile.
        desk.post_fields(&format!("{path}/draft"), &with(&reply, "text", "An answer, half")).await.must_be(303);
        note(&mut desk, &path, "A note.").await;
        let page = desk.get(&path).await;
        let text = |action: &str, name: &str| page.form(action).fields.into_iter().find(|(field, _)| field == name).expect("a field").1;
        assert_eq!((text("/reply", "text"), text("/note", "note")), ("An answer, half".into(), String::new()));
        desk.submit(&page, "/reply", &[("text", "An answer, whole.")]).await.must_be(303);
        let notes: Vec<String> = w.look(|c| thread_note::table.select(thread_note::body).load(c)).await;
        let words: Vec<String> = w.look(|c| message::table.order(message::seq).select(message::body).load(c)).await;
        let drafts: i64 = w.look(|c| message_draft::table.filter(message_draft::body.ne("")).count().get_result(c)).await;
        assert_eq!((notes, words, drafts), (vec!["A note.".into()], vec!["When?".into(), "An answer, whole.".into()], 0));
        client.get(&thread).await.must_not_say("A note.");
    }

    async fn case_69_at_the_thirteenth_birthday_a_parent_only_reads_their_own_messages_where_the_rule_says_so(w: &mut World) {
        let (mut mother, thread) = at_the_birthday(w, "view").await;
        mother.get(&thread).await.must_be(200).must_say("Words of the mother.").must_say("but not write here");
        mother.get("/portal/messages?q=mother").await.must_say("Lantern talk");
        mother.get("/portal/messages/new").await.must_be(404);
    }

    async fn case_69_at_the_thirteenth_birthday_a_parent_finds_no_message_where_the_rule_says_so(w: &mut World) {
        let (mut mother, thread) = at_the_birthday(w, "none").await;
        for page in ["/portal/messages", "/portal/messages?q=mother", &thread, &format!("{thread}/print"), "/portal/messages/new"] {
            mother.get(page).await.must_be(404).must_not_say("Lantern").must_not_say("Words of");
        }
        mother.get("/portal").await.must_not_say("Lantern");
    }

    async fn case_92_where_nothing_can_be_asked_any_more_messages_are_read_and_the_crisis_words_stay(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        practice_writes(w, &thread, "Tomorrow.").await;
        let open = client.get(&thread).await;
        for page in [&open, &client.get("/portal/messages/new").await] {
            page.must_say("Messages are not read around the clock").must_say("988").must_say("911");
        }
        w.tamper(|c| diesel::update(chart::table).set(chart::state.eq("closed")).execute(c)).await;
        client.get("/portal/appointments/request").await.must_be(404);
        client.get("/portal/messages/new").await.must_be(404);
        client.submit(&open, &thread, &[("text", "Still here?")]).await.must_be(404);
        let page = client.get(&thread).await;
        page.must_be(200).must_say("Tomorrow.").must_say("but not write here");
        page.must_say("Messages are not read around the clock").must_say("988").must_say("911");
    }

    async fn case_70_a_thread_is_live_on_two_nodes_and_ends_with_the_right_to_read_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let (phone, office) = (client.get(&thread).await, desk.get(&path).await);
        for (page, at) in [(&phone, &thread), (&office, &path)] {
            assert!(page.html().contains(&format!("data-live=\"{at}/live\"")), "{}", page.words());
        }
        let other = w.neighbour().await;
        let (live, staff_live) = (format!("{thread}/live"), format!("{path}/live"));
        let mut lines = Vec::new();
        for node in w.nodes(&other) {
            lines.push(line(node, &client, &live).await);
            lines.push(line(node, &desk, &staff_live).await);
        }
        // Written on one node, told on both.
        answer(&mut desk, &path, "On Monday.").await.must_be(303);
        for stream in &mut lines {
            until_changed(stream).await;
        }
        // A note is told to staff alone.
        note(&mut desk, &path, "Among staff.").await;
        for stream in lines.iter_mut().skip(1).step_by(2) {
            until_changed(stream).await;
        }
        // What its reader may not see any more ends on both nodes.
        people::revoke(w, &who.access).await;
        practice_writes(w, &thread, "Said without a page.").await;
        let mut staff_lines = Vec::new();
        for (at, stream) in lines.into_iter().enumerate() {
            if at % 2 == 0 {
                until_ended(stream).await;
            } else {
                staff_lines.push(stream);
            }
        }
        for mut stream in staff_lines {
            until_changed(&mut stream).await;
        }
        assert_ne!(client.get(&live).await.status(), 200);
        w.staff(Role::Biller).await.get(&staff_live).await.must_be(404);
    }

    async fn the_queue_and_the_clients_list_are_live_on_two_nodes_and_end_with_the_right_to_read_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let other = w.neighbour().await;
        let waiting = "/staff/messages/live?box=front_desk&state=waiting";
        let page = desk.get("/staff/messages").await;
        assert!(page.html().contains("data-live=\"/staff/messages/live?box=front_desk"), "{}", page.html());
        let page = client.get("/portal/messages").await;
        assert!(page.html().contains("data-live=\"/portal/messages/live\""), "{}", page.html());
        // What was searched for stands still.
        assert!(!client.get("/portal/messages?q=When").await.html().contains("data-live="));
        let mut lists = Vec::new();
        for node in w.nodes(&other) {
            lists.push(line(node, &client, "/portal/messages/live").await);
            lists.push(line(node, &desk, waiting).await);
        }
        // Written on one node, told on both: the client's list has an answer, the queue one line less.
        answer(&mut desk, &path, "On Monday.").await.must_be(303);
        for stream in &mut lists {
            until_changed(stream).await;
        }
        // Another client's question is told to the queue.
        let ben = w.chart("Ben", "Duarte").await;
        let name = enrolled(w, &ben).await.name;
        let mut other_client = sign_in(w, &name).await;
        begun(&mut other_client, "front_desk", "Another question", "Where?").await;
        for stream in lists.iter_mut().skip(1).step_by(2) {
            until_changed(stream).await;
        }
        people::revoke(w, &who.access).await;
        w.app.live.chart_changed(w.riverbend.scope.id(), &ana.chart_id);
        let mut queues = Vec::new();
        for (at, stream) in lists.into_iter().enumerate() {
            if at % 2 == 0 { until_ended(stream).await } else { queues.push(stream) }
        }
        assert_ne!(client.get("/portal/messages/live").await.status(), 200);
        begun(&mut other_client, "front_desk", "One more", "Who?").await;
        for mut stream in queues {
            until_changed(&mut stream).await;
        }
    }

    async fn whatever_happens_to_grants_parts_and_audiences_no_message_gains_a_reader(w: &mut World) {
        let mut play = Play::begin(w).await;
        // Each thread with each way in which somebody stops reading it, in an order that looks random.
        let mut episodes: Vec<(usize, Loss)> =
            (0..play.threads.len()).flat_map(|thread| Loss::ALL.map(|loss| (thread, loss))).collect();
        let mut dice = Dice(20_261_201);
        for at in (1..episodes.len()).rev() {
            episodes.swap(at, dice.roll(at as u64 + 1) as usize);
        }
        for (thread, loss) in episodes {
            let grant = dice.roll(3) as usize;
            play.join(thread, grant).await;
            play.look(w, thread, "joined").await;
            play.lose(w, thread, grant, loss).await;
            play.look(w, thread, "lost").await;
            play.write(w, thread).await;
            play.look(w, thread, "written").await;
            if dice.roll(2) == 0 {
                play.move_on(w, thread, dice.roll(3) as usize).await;
                play.look(w, thread, "moved").await;
            }
            play.restore(w, grant).await;
            play.look(w, thread, "restored").await;
            play.join(thread, grant).await;
            play.look(w, thread, "joined again").await;
            play.move_on(w, thread, dice.roll(3) as usize).await;
            play.look(w, thread, "moved on").await;
            play.write(w, thread).await;
            play.look(w, thread, "written once more").await;
        }
        for thread in 0..play.threads.len() {
            play.look(w, thread, "in the end").await;
        }
        assert!(play.written > 40, "{} were written", play.written);
        let happened: BTreeSet<&str> = play.happened.iter().copied().collect();
        assert_eq!(happened.len(), Loss::ALL.len() + 2, "{happened:?}");
    }
}

/// How somebody stops reading a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Revoked,
    NoMessages,
    NoBilling,
    LastDay,
    PartEnded,
}

impl Loss {
    const ALL: [Self; 5] = [Self::Revoked, Self::NoMessages, Self::NoBilling, Self::LastDay, Self::PartEnded];
}

/// Threads of a client and two representatives with everybody at the practice, and who read which words so far.
struct Play {
    chart: ChartId,
    browsers: Vec<(&'static str, Browser, String)>,
    grants: Vec<(AccessId, PersonId)>,
    threads: Vec<String>,
    staff: Vec<(&'static str, Browser)>,
    written: usize,
    /// Who reads which words: since the moment they were written, and never anybody else.
    rightful: BTreeSet<(String, String)>,
    known: BTreeSet<String>,
    happened: Vec<&'static str>,
    /// Who reads nothing new in the thread at hand.
    shut_out: Option<&'static str>,
}

impl Play {
    async fn begin(w: &mut World) -> Self {
        let kim = w.chart("Kim", "Serrano").await;
        people::appointment(w, &kim.chart_id, -48).await;
        let own = enrolled(w, &kim).await;
        let mut browsers = vec![("kim", sign_in(w, &own.name).await, own.name.clone())];
        let mut grants = vec![(own.access, kim.person_id)];
        for (name, first) in [("mara", "Mara"), ("pablo", "Pablo")] {
            let (browser, access) =
                with_rights(w, first, &kim.chart_id, &[Right::Messages, Right::Billing]).await;
            browsers.push((name, browser, format!("{name}.serrano@example.com")));
            let person: PersonId = w
                .look(move |c| {
                    let one = portal_access::table.filter(portal_access::access_id.eq(access));
                    one.select(portal_access::person_id).first(c)
                })
                .await;
            grants.push((access, person));
        }
        let mut threads = Vec::new();
        for (name, browser, _) in &mut browsers {
            for to in ["front_desk", &casey(w).to_string(), "billing"] {
                if *name != "pablo" || to == "front_desk" {
                    let text = format!("Message 0 of {name} to {to}.");
                    threads.push(begun(browser, to, "A subject", &text).await);
                }
            }
        }
        let mut staff = Vec::new();
        for (name, role) in [("desk", Role::FrontDesk), ("casey", Role::Clinician), ("biller", Role::Biller)]
        {
            staff.push((name, w.staff(role).await));
        }
        let mut play = Self {
            chart: kim.chart_id,
            browsers,
            grants,
            threads,
            staff,
            written: 0,
            rightful: BTreeSet::new(),
            known: BTreeSet::new(),
            happened: Vec::new(),
            shut_out: None,
        };
        for thread in 0..play.threads.len() {
            play.look(w, thread, "begun").await;
        }
        play
    }

    /// Looks at a thread as everybody: nobody reads words that they did not read when they were written.
    async fn look(&mut self, w: &World, thread: usize, step: &str) {
        let path = in_chart(&self.chart, &self.threads[thread]);
        let mut reads: BTreeSet<(String, String)> = BTreeSet::new();
        for (name, browser, email) in &mut self.browsers {
            if browser.get("/portal").await.status() != 200 {
                *browser = sign_in_if_possible(w, email).await;
            }
            collect(&mut reads, name, &browser.get(&self.threads[thread]).await.words());
        }
        for (name, browser) in &mut self.staff {
            collect(&mut reads, name, &browser.get(&path).await.words());
        }
        for (reader, words) in &reads {
            let is_new = !self.known.contains(words);
            let may_gain = self.shut_out.is_none_or(|name| name != reader.as_str());
            assert!(may_gain || !is_new, "{step}: {reader}, who reads no more, got {words:?}");
            let is_theirs = is_new || self.rightful.contains(&(reader.clone(), words.clone()));
            assert!(is_theirs, "{step}: {reader} gained {words:?}");
        }
        let bodies: Vec<String> =
            w.look(|c| message::table.filter(message::kind.eq("text")).select(message::body).load(c)).await;
        for body in bodies.into_iter().filter(|body| !self.known.contains(body)).collect::<Vec<_>>() {
            // Of another thread: it is looked at in its turn.
            if reads.iter().any(|(_, words)| *words == body) {
                self.rightful.extend(reads.iter().filter(|(_, words)| *words == body).cloned());
                self.known.insert(body);
            }
        }
    }

    /// The page of whoever at the practice reads the thread.
    async fn page(&mut self, thread: usize, of: &str) -> Option<(usize, Page)> {
        let path = in_chart(&self.chart, &self.threads[thread]);
        for (at, (_, browser)) in self.staff.iter_mut().enumerate() {
            let page = browser.get(&format!("{path}{of}")).await;
            if page.status() == 200 {
                return Some((at, page));
            }
        }
        None
    }

    /// Somebody who does not take part is let in, without what was written before.
    async fn join(&mut self, thread: usize, grant: usize) {
        let (access, _) = self.grants[grant];
        let Some((at, page)) = self.page(thread, "/people").await else { return };
        if page.html().contains(&format!("value=\"{access}\"")) {
            let typed = [("holder", access.to_string()), ("reason", "Asked for.".to_owned())];
            let typed: Vec<(&str, &str)> =
                typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.staff[at].1.submit(&page, "/people", &typed).await.must_be(303);
            self.happened.push("joined");
        }
    }

    async fn lose(&mut self, w: &World, thread: usize, grant: usize, loss: Loss) {
        let (access, person) = self.grants[grant];
        match loss {
            Loss::Revoked => set_state(w, &access, State::Revoked).await,
            Loss::NoMessages => {
                set(w, access, Terms { rights: Some("documents billing"), ..Terms::default() }).await
            }
            Loss::NoBilling => {
                set(w, access, Terms { rights: Some("messages documents"), ..Terms::default() }).await
            }
            Loss::LastDay => set(w, access, Terms { ends_on: Some("2026-11-30"), ..Terms::default() }).await,
            Loss::PartEnded => {
                let Some((at, page)) = self.page(thread, "/people").await else { return };
                if !page.html().contains(&format!("value=\"{person}\"")) {
                    return;
                }
                let party = person.to_string();
                let typed = [("party", party.as_str()), ("why", "Asked for.")];
                self.staff[at].1.submit(&page, "/people/end", &typed).await.must_be(303);
            }
        }
        // The client's own access has no terms, and what is not with billing needs none to it.
        if matches!(loss, Loss::Revoked | Loss::LastDay | Loss::PartEnded) {
            self.shut_out = Some(self.browsers[grant].0);
        }
        self.happened.push(match loss {
            Loss::Revoked => "revoked",
            Loss::NoMessages => "no messages",
            Loss::NoBilling => "no billing",
            Loss::LastDay => "last day",
            Loss::PartEnded => "part ended",
        });
    }

    async fn restore(&mut self, w: &World, grant: usize) {
        let (access, _) = self.grants[grant];
        self.shut_out = None;
        set_state(w, &access, State::Active).await;
        let all = Terms {
            rights: Some("messages documents billing"),
            ends_on: Some("2027-11-30"),
            ..Terms::default()
        };
        set(w, access, all).await;
    }

    /// Whoever reads it writes, and does not take back what nobody on the client's side reads.
    async fn write(&mut self, w: &World, thread: usize) {
        let Some((at, page)) = self.page(thread, "").await else { return };
        if page.has_form("/reply") {
            self.written += 1;
            let (name, browser) = &mut self.staff[at];
            let text = format!("Message {} of {name}.", self.written);
            browser.submit(&page, "/reply", &[("text", &text)]).await.must_be(303);
            w.clock.advance_seconds(1);
        }
    }

    /// Whoever has it moves it, without what was written before.
    async fn move_on(&mut self, w: &World, thread: usize, to: usize) {
        let to = [casey(w).to_string(), "front_desk".into(), "billing".into()][to].clone();
        // A question that waits is read by whoever is to answer it: here nobody waits.
        let Some((at, page)) = self.page(thread, "").await else { return };
        if page.has_form("/no-reply-needed") {
            self.staff[at].1.submit(&page, "/no-reply-needed", &[]).await.must_be(303);
        }
        let Some((at, page)) = self.page(thread, "/move").await else { return };
        if page.html().contains(&format!("value=\"{to}\"")) {
            let moved = self.staff[at].1.submit(&page, "/move", &[("to", &to)]).await;
            // To billing only where everybody in it reads what is with billing.
            assert!(matches!(moved.status(), 303 | 422), "{}", moved.status());
            self.happened.push("moved");
        }
    }
}

/// Notes which messages a page shows.
fn collect(reads: &mut BTreeSet<(String, String)>, reader: &str, words: &str) {
    for (at, _) in words.match_indices("Message ") {
        let Some(end) = words[at..].find('.') else { continue };
        reads.insert((reader.to_owned(), words[at..=at + end].to_owned()));
    }
}

/// A signed-in browser, or one that is signed in nowhere.
pub async fn sign_in_if_possible(w: &World, email: &str) -> Browser {
    let mut browser = w.browser();
    let page = browser.get("/riverbend/sign-in").await;
    let typed = [("name", email), ("password", crate::support::PASSWORD)];
    browser.submit(&page, "sign-in", &typed).await;
    browser
}
