//! Threads between clients and the practice: who reads them, whose turn it is, and the one mail about them.

use std::time::Duration;

use anteroom::app;
use anteroom::features::access::lifecycle::State;
use anteroom::features::messages::MessageText;
use anteroom::features::messages::actions::{self, Author, PracticeAct, PracticeReader};
use anteroom::features::messages::readers::StaffReader;
use anteroom::kernel::ids::{AccessId, ChartId, PersonId, ThreadId};
use anteroom::platform::audit::Actor;
use anteroom::platform::db::schema::{
    due_job, message, message_thread, outbox, person, portal_access, thread_party,
};
use anteroom::platform::jobs;
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::casey;
use crate::portal_people::{self as people, enrolled, events, grant, set_state, sign_in};
use crate::stories;
use crate::support::{Browser, Page, World};

const NEW: &str = "/portal/messages/new";

/// Begins a thread by the client's form, and gives its address.
pub async fn begun(browser: &mut Browser, to: &str, subject: &str, text: &str) -> String {
    let form = browser.get(NEW).await;
    let sent = browser.submit(&form, NEW, &[("to", to), ("subject", subject), ("text", text)]).await;
    sent.must_be(303);
    sent.location().expect("the new thread").split('?').next().unwrap_or_default().to_owned()
}

/// Writes into a thread by its form.
pub async fn write(browser: &mut Browser, thread: &str, text: &str) -> Page {
    let page = browser.get(thread).await;
    browser.submit(&page, thread, &[("text", text)]).await
}

pub fn id_of(thread: &str) -> ThreadId {
    thread.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an address ends with its thread")
}

/// The same thread in the chart room.
pub fn in_chart(chart: &ChartId, thread: &str) -> String {
    format!("/staff/charts/{chart}/messages/{}", id_of(thread))
}

/// Answers by the form of the chart room.
pub async fn answer(staff: &mut Browser, path: &str, text: &str) -> Page {
    let page = staff.get(path).await;
    staff.submit(&page, "/reply", &[("text", text)]).await
}

/// The practice writes, without a page.
pub async fn practice_writes(w: &World, thread: &str, text: &str) {
    let (thread, text) = (id_of(thread), MessageText::read(text).expect("a text"));
    let by = w.riverbend.by(Role::FrontDesk);
    let Actor::Staff(staff, _) = &by.actor else { panic!("the front desk is no staff member") };
    let reader = PracticeReader::Staff(StaffReader::alone(*staff, Role::FrontDesk));
    let author = Author::of_practice(&by).expect("staff");
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let act = PracticeAct::Write(text.clone().into());
            actions::act_as_practice(c, &author, &reader, &thread, i32::MAX, &act)
        })
        .await
        .expect("no fault")
        .expect("written");
    let of_thread = message_thread::table.filter(message_thread::thread_id.eq(thread));
    let chart: ChartId = w.look(move |c| of_thread.select(message_thread::chart_id).first(c)).await;
    w.app.live.chart_changed(w.riverbend.scope.id(), &chart);
}

pub async fn messages(w: &World) -> i64 {
    w.look(|c| message::table.count().get_result(c)).await
}

async fn threads(w: &World) -> i64 {
    w.look(|c| message_thread::table.count().get_result(c)).await
}

async fn notices(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).count().get_result(c)).await
}

/// How the only thread stands.
pub async fn standing(w: &World) -> (String, String) {
    w.look(|c| message_thread::table.select((message_thread::state, message_thread::waiting)).first(c)).await
}

#[derive(diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Copies the rows of a table from one practice to another, ids and all.
async fn copied(w: &World, table: &'static str, from: uuid::Uuid, to: uuid::Uuid) {
    let is_sqlite = w.engine == crate::support::Engine::Sqlite;
    let asked = if is_sqlite {
        format!("SELECT name FROM pragma_table_info('{table}')")
    } else {
        format!(
            "SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}'"
        )
    };
    let columns: Vec<Column> = w.look(move |c| diesel::sql_query(asked.as_str()).load(c)).await;
    let rest: Vec<String> =
        columns.into_iter().map(|column| column.name).filter(|name| name != "practice_id").collect();
    let id = |id: uuid::Uuid| {
        let hex = id.simple();
        if is_sqlite { format!("X'{hex}'") } else { format!("'\\x{hex}'::bytea") }
    };
    let (rest, from, to) = (rest.join(", "), id(from), id(to));
    let copy = format!(
        "INSERT INTO {table} (practice_id, {rest}) SELECT {to}, {rest} FROM {table} WHERE practice_id = {from}"
    );
    w.tamper(move |c| diesel::sql_query(copy.as_str()).execute(c)).await;
}

/// A representative of a chart with the right to messages, signed in.
pub async fn representative(w: &mut World, first: &str, chart: &ChartId) -> Browser {
    let person = w.chart(first, "Serrano").await;
    let account = people::account(w, &person.email).await;
    let scope = w.riverbend.scope.clone();
    grant(w, &scope, &account, &person.person_id, chart, Some(&[Right::Messages])).await;
    sign_in(w, &person.email).await
}

stories! {
    async fn a_client_writes_the_front_desk_answers_and_each_sees_what_is_new_and_whose_turn_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        client.get("/portal/messages").await.must_say("There are no messages yet");
        let form = client.get(NEW).await;
        form.must_say("Messages are not read around the clock").must_say("988").must_say("911");
        let thread = begun(&mut client, "front_desk", "My next visit", "Can I come later?\n\nAfter six.").await;
        client.get("/portal/messages").await.must_say("My next visit").must_say("Waiting for the practice");
        let page = client.get(&thread).await;
        page.must_say("You can read this, and at the practice the front desk, the clinicians and the administrators.").must_say("After six.");

        let mut desk = w.staff(Role::FrontDesk).await;
        let queue = desk.get("/staff/messages").await;
        queue.must_say("Ana Duarte").must_say("My next visit").must_say("New").must_say("1 waiting for an answer");
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("My next visit").must_say("With: Front desk").must_say("Waiting for the practice");
        let path = tab.link(&format!("/staff/charts/{}/messages/", ana.chart_id));
        assert_eq!(path, in_chart(&ana.chart_id, &thread));
        desk.get(&path).await.must_say("Can I come later?").must_say("Read by: Ana Duarte, Front desk");
        let done = answer(&mut desk, &path, "Six thirty is free.").await;
        let done = desk.follow(&done).await;
        done.must_say("Your answer was sent").must_say("Six thirty is free.").must_say("Answered");
        desk.get("/staff/messages").await.must_say("Nothing is waiting").must_not_say("waiting for an answer,");
        desk.get("/staff/messages?box=front_desk&state=answered").await.must_say("My next visit");

        client.get("/portal").await.must_say("New message: My next visit");
        client.get("/portal/messages").await.must_say("New");
        client.get(&thread).await.must_say("Six thirty is free.").must_say("Answered");
        client.get("/portal").await.must_not_say("New message");
        client.get("/portal/messages").await.must_not_say("New").must_say("Answered");
        let sent = write(&mut client, &thread, "Thank you!").await;
        // The page opens at what was just written.
        assert!(sent.location().is_some_and(|to| to.ends_with("#newest")), "{:?}", sent.location());
        let shown = client.follow(&sent).await.html();
        assert_eq!(shown.matches("id=\"newest\"").count(), 1);
        assert!(shown.find("id=\"newest\"") < shown.find("Thank you!"), "{shown}");
        let page = desk.get(&path).await;
        page.must_say("Thank you!").must_say("Waiting for the practice");
        let done = desk.submit_and_follow(&page, "/no-reply-needed", &[]).await;
        done.must_say("No reply needed");
        desk.get("/staff/messages").await.must_say("Nothing is waiting");
        client.get(&thread).await.must_not_say("No reply needed").must_say("Received");
        assert_eq!(
            (events(w, "thread.opened").await, events(w, "thread.replied").await, events(w, "thread.no_reply_needed").await),
            (1, 2, 1)
        );
    }

    async fn case_66_a_message_reaches_the_chosen_readers_and_nobody_else(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let his = enrolled(w, &bob).await;
        let mut client = sign_in(w, &who.name).await;
        client.get(NEW).await.must_say("The front desk").must_say("Casey");
        let thread = begun(&mut client, &casey(w).to_string(), "About last time", "It was hard for me.").await;
        let page = client.get(&thread).await;
        page.must_say("Only you can read this, and at the practice: ").must_say("Casey");
        let path = in_chart(&ana.chart_id, &thread);
        let theirs = w.staff(Role::Clinician).await.get(&path).await;
        theirs.must_be(200).must_say("It was hard for me.").must_say("Read by: Ana Duarte, Casey");
        for role in [Role::FrontDesk, Role::Administrator] {
            w.staff(role).await.get(&path).await.must_be(404).must_not_say("It was hard");
        }
        w.staff(Role::Biller).await.get(&path).await.must_be(404).must_not_say("It was hard");
        let mut other = sign_in(w, &his.name).await;
        other.get(&thread).await.must_be(404).must_not_say("It was hard");
        other.get("/portal/messages").await.must_not_say("About last time");
        let twin = w.twinoaks.clone();
        w.staff_of(&twin, Role::Clinician).await.get(&path).await.must_be(404);
        // A clinician who never saw this client cannot be chosen by an altered form.
        let mut stranger = sign_in(w, &his.name).await;
        let form = stranger.get(NEW).await;
        form.must_not_say("Casey");
        let typed = [("to", casey(w).to_string()), ("subject", "Hello".into()), ("text", "Hello".into())];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = stranger.submit(&form, NEW, &typed).await;
        refused.must_be(422).must_say("Choose who should read it");
        assert_eq!(threads(w).await, 1);
    }

    async fn case_67_another_charts_thread_is_the_same_404_as_a_missing_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let (hers, his) = (enrolled(w, &ana).await, enrolled(w, &bob).await);
        let mut bobs = sign_in(w, &his.name).await;
        let thread = begun(&mut bobs, "front_desk", "Secret of Bob", "Words of Bob.").await;
        let mut client = sign_in(w, &hers.name).await;
        let foreign = client.get(&thread).await;
        let missing = client.get("/portal/messages/019ac000-0000-7000-8000-000000000000").await;
        let nonsense = client.get("/portal/messages/x").await;
        for page in [&foreign, &missing, &nonsense] {
            page.must_be(404).must_not_say("Bob");
            assert_eq!(page.html(), foreign.html());
        }
        let own = client.get(NEW).await;
        let csrf = own.form(NEW).fields.into_iter().find(|(name, _)| name == "csrf").expect("a form token").1;
        let mark = "0".repeat(32);
        let typed = [("csrf", csrf.as_str()), ("mark", mark.as_str()), ("text", "Mine now.")];
        client.post(&thread, &typed).await.must_be(404);
        // The thread of another chart does not open in this chart's room.
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&in_chart(&ana.chart_id, &thread)).await.must_be(404);
        desk.get(&in_chart(&bob.chart_id, &thread)).await.must_be(200);
        assert_eq!(messages(w).await, 1);
    }

    async fn case_68_mother_and_father_of_one_child_see_nothing_of_each_others_threads(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let hers = begun(&mut mother, "front_desk", "Custody papers", "Words of the mother.").await;
        let his = begun(&mut father, "front_desk", "School notes", "Words of the father.").await;
        practice_writes(w, &hers, "To the mother.").await;
        for (browser, other, words) in [
            (&mut father, &hers, ["Custody", "the mother"]),
            (&mut mother, &his, ["School", "the father"]),
        ] {
            browser.get(other).await.must_be(404);
            for path in ["/portal", "/portal/messages"] {
                let page = browser.get(path).await;
                for word in words {
                    page.must_not_say(word);
                }
            }
            for path in ["print", "pdf", "live"] {
                browser.get(&format!("{other}/{path}")).await.must_be(404);
            }
        }
        for (browser, word) in [(&mut father, "custody"), (&mut mother, "school")] {
            browser.get(&format!("/portal/messages?q={word}")).await.must_say("No message has all of these words");
        }
        father.get("/portal").await.must_not_say("New message");
        mother.get("/portal").await.must_say("New message: Custody papers");
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        let told: Vec<String> = w
            .look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).select(outbox::recipient).load(c))
            .await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].to_lowercase().contains("mara"), "{told:?}");
    }

    async fn case_70_a_revoked_grant_reads_nothing_at_once_and_what_was_theirs_again_when_restored(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "Old words.").await;
        let open = client.get(&thread).await;
        people::revoke(w, &who.access).await;
        // Who loses the only grant is signed out; the text is not stored.
        let refused = client.submit(&open, &thread, &[("text", "Written too late.")]).await;
        refused.must_not_say("Old words");
        assert!(refused.status() != 200 && client.get(&thread).await.status() != 200);
        assert_eq!(messages(w).await, 1);
        set_state(w, &who.access, State::Active).await;
        sign_in(w, &who.name).await.get(&thread).await.must_be(200).must_say("Old words.");
    }

    async fn case_71_of_a_clinicians_thread_others_see_that_it_waits_and_no_word(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, 48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        for role in [Role::FrontDesk, Role::Administrator] {
            let mut staff = w.staff(role).await;
            let queue = staff.get("/staff/messages?box=clinicians").await;
            queue.must_say("Ana Duarte").must_say("Casey").must_say("Waiting for the practice");
            queue.must_say("Answer due").must_say("Thu, Dec 3");
            let tab = staff.get(&tab).await;
            tab.must_say("Private").must_say("Casey").must_say("Waiting for the practice");
            for page in [queue, tab, staff.get("/staff/messages").await] {
                assert!(!page.html().contains("Canary"), "{role} reads a clinician's words at {}", page.path);
                // An administrator is led to the page that asks for a reason, and nobody to the words.
                let html = page.html().replace(&format!("{}/reason", in_chart(&ana.chart_id, &thread)), "");
                assert!(!html.contains(&in_chart(&ana.chart_id, &thread)), "{role} is led to them");
            }
            let path = in_chart(&ana.chart_id, &thread);
            for act in ["reply", "close", "no-reply-needed", "reopen"] {
                let csrf = staff.get("/staff/me").await.form("/staff/sign-out");
                let csrf = csrf.fields.into_iter().find(|(name, _)| name == "csrf").expect("a form token").1;
                let mark = "1".repeat(32);
                let mut typed = vec![("csrf", csrf.as_str()), ("seen", "1")];
                if act == "reply" {
                    typed.extend([("mark", mark.as_str()), ("text", "I am Casey.")]);
                }
                staff.post(&format!("{path}/{act}"), &typed).await.must_be(404);
            }
        }
        for role in [Role::FrontDesk, Role::Administrator, Role::Biller] {
            let found = w.staff(role).await.get("/staff/messages/search?q=canary").await;
            found.must_say("No message has").must_not_say("Canary subject");
        }
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let list = caller.get(&format!("/api/v1/charts/{}/threads", ana.chart_id)).await;
        assert!(!list.must_be(200).html().contains("Canary"), "{}", list.html());
        assert_eq!(list.answer.json()["threads"][0]["waiting"], "practice");
        caller.get(&format!("/api/v1/threads/{}/messages", id_of(&thread))).await.must_be(404);
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        let mails: Vec<String> = w.look(|c| outbox::table.select(outbox::kind).load(c)).await;
        assert_eq!(mails, Vec::<String>::new(), "no notice tells staff of a message");
        let mut clinician = w.staff(Role::Clinician).await;
        clinician.get("/staff/messages").await.must_say("Canary subject").must_say("1 waiting for an answer");
        assert_eq!((messages(w).await, standing(w).await), (1, ("open".into(), "practice".into())));
    }

    async fn case_73_the_same_form_sent_twice_makes_one_message(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let form = client.get(NEW).await;
        let mut clicks = Vec::new();
        for _ in 0..6 {
            let (mut tab, form) = (client.clone(), form.clone());
            clicks.push(tokio::spawn(async move {
                let sent = tab.submit(&form, NEW, &[("subject", "Once"), ("text", "Once.")]).await;
                sent.location().map(ToOwned::to_owned)
            }));
        }
        let mut made = Vec::new();
        for click in clicks {
            made.push(click.await.expect("the click ended").expect("a thread"));
        }
        made.dedup();
        assert_eq!((made.len(), threads(w).await, messages(w).await), (1, 1, 1));
        let thread = made[0].split('?').next().unwrap_or_default().to_owned();
        let page = client.get(&thread).await;
        for _ in 0..2 {
            client.submit(&page, &thread, &[("text", "Twice?")]).await.must_be(303);
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&in_chart(&ana.chart_id, &thread)).await;
        let mut clicks = Vec::new();
        for _ in 0..6 {
            let (mut tab, page) = (desk.clone(), page.clone());
            clicks.push(tokio::spawn(async move {
                tab.submit(&page, "/reply", &[("text", "Answered.")]).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        assert_eq!(messages(w).await, 3);
        assert_eq!(events(w, "thread.replied").await, 2);
    }

    async fn case_74_of_two_staff_who_answer_at_once_the_second_is_asked_and_both_texts_are_kept(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let (mut desk, mut clinician) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let (first, second) = (desk.get(&path).await, clinician.get(&path).await);
        desk.submit(&first, "/reply", &[("text", "On Monday.")]).await.must_be(303);
        let asked = clinician.submit(&second, "/reply", &[("text", "On Tuesday.")]).await;
        asked.must_be(409).must_say("while you were writing").must_say("On Monday.").must_say("On Tuesday.");
        assert_eq!(messages(w).await, 2);
        clinician.submit(&asked, "/reply", &[]).await.must_be(303);
        client.get(&thread).await.must_say("On Monday.").must_say("On Tuesday.");
        // The same for two at one instant: one is asked, none is lost.
        let (mut one, mut other) = (desk.clone(), clinician.clone());
        let (first, second) = (one.get(&path).await, other.get(&path).await);
        let (first, second) = tokio::join!(
            one.submit(&first, "/reply", &[("text", "From the desk.")]),
            other.submit(&second, "/reply", &[("text", "From Casey.")]),
        );
        let mut statuses = [first.status(), second.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409]);
        assert_eq!(messages(w).await, 4);
    }

    async fn what_a_client_writes_meanwhile_is_read_before_an_answer_or_a_close_ends_the_wait(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        write(&mut client, &thread, "It has become urgent.").await.must_be(303);
        for (act, typed) in [("/close", &[("sure", "yes")][..]), ("/no-reply-needed", &[])] {
            let done = desk.submit_and_follow(&page, act, typed).await;
            done.must_say("Somebody wrote in the meantime").must_say("It has become urgent.");
        }
        let asked = desk.submit(&page, "/reply", &[("text", "Next week.")]).await;
        asked.must_be(409).must_say("It has become urgent.");
        assert_eq!((messages(w).await, standing(w).await), (2, ("open".into(), "practice".into())));
    }

    async fn a_refused_answer_that_shows_the_thread_again_counts_as_reading_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&in_chart(&ana.chart_id, &thread)).await;
        let before = events(w, "thread.read").await;
        desk.submit(&page, "/reply", &[("text", "")]).await.must_be(422).must_say("When?");
        assert_eq!(events(w, "thread.read").await, before + 1);
    }

    async fn case_78_reading_makes_nothing_answered_and_what_is_unread_is_each_readers_own(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let (mut desk, mut clinician) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        desk.get(&path).await.must_be(200);
        desk.get("/staff/messages").await.must_say("A question").must_not_say("New").must_say("1 waiting");
        let queue = clinician.get("/staff/messages?box=front_desk").await;
        queue.must_say("A question").must_say("New");
        assert_eq!(standing(w).await, ("open".into(), "practice".into()));
        // A program that looks ahead gets nothing and has read nothing.
        let mut ahead = clinician.clone().with("Sec-Purpose", "prefetch");
        ahead.get(&path).await.must_be(503).must_not_say("A question");
        clinician.clone().send("HEAD", &path, None).await;
        clinician.get("/staff/messages?box=front_desk").await.must_say("New");
        practice_writes(w, &thread, "Tomorrow.").await;
        client.clone().with("Sec-Purpose", "prefetch").get(&thread).await.must_be(503).must_not_say("Tomorrow");
        client.get("/portal").await.must_say("New message");
        client.get(&thread).await.must_be(200);
        client.get("/portal").await.must_not_say("New message");
    }

    async fn case_79_twenty_messages_in_ten_minutes_make_one_mail_and_the_next_not_before_an_hour(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0, "what they wrote themselves is no news");
        for n in 0..20 {
            practice_writes(w, &thread, &format!("Part {n}.")).await;
            w.run_due_jobs().await;
            assert_eq!(notices(w).await, i64::from(n >= 10), "after {n} half minutes");
            w.clock.advance_seconds(30);
        }
        // The mail left five minutes after the first message; the hour counts from there.
        w.clock.advance_seconds(54 * 60);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 1, "59 minutes after the mail");
        w.clock.advance_seconds(60);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 2);
        // Nothing new: no third one, though all of it is still unread.
        w.clock.advance_seconds(3 * 3_600);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 2);
        let planned: i64 = w.look(|c| due_job::table.filter(due_job::kind.eq("message-notice")).count().get_result(c)).await;
        assert_eq!(planned, 0);
    }

    async fn case_80_what_was_read_within_the_window_or_before_the_mail_left_makes_no_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        practice_writes(w, &thread, "Tomorrow.").await;
        client.get(&thread).await.must_be(200);
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0);
        // Read between the queue and the mail server.
        w.stop_sending().await;
        practice_writes(w, &thread, "At six.").await;
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 1);
        client.get(&thread).await.must_be(200);
        assert_eq!(w.unread_to(&ana.email).await, 0);
        // Right away afterwards something is new: that is not within the hour, for no mail went out.
        let state: String = w.look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).select(outbox::state).first(c)).await;
        assert_eq!(state, "cancelled");
    }

    async fn case_81_the_mail_holds_no_word_of_a_message(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "Lamotrigine", "Is it safe?").await;
        practice_writes(w, &thread, "Please call Sam about the dose.").await;
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        let mail = w.mail_to(&ana.email).await;
        assert_eq!(mail.subject, "Riverbend Counseling: something new for you");
        for hidden in ["Lamotrigine", "safe", "dose", "Sam", "message", "Duarte", "desk"] {
            let body = format!("{} {} {}", mail.subject, mail.text, mail.html);
            assert!(!body.contains(hidden) || hidden == "desk", "the mail says {hidden:?}: {body}");
        }
        assert_eq!(w.link_in(&mail), "/riverbend/sign-in");
        assert_eq!(w.unread_to(&ana.email).await, 0);
    }

    async fn nobody_is_mailed_about_what_they_may_no_longer_read(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        practice_writes(w, &thread, "Tomorrow.").await;
        people::revoke(w, &who.access).await;
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0);
        set_state(w, &who.access, State::Active).await;
        practice_writes(w, &thread, "At six.").await;
        w.stop_sending().await;
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 1);
        people::revoke(w, &who.access).await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "asked once more before it left");
    }

    async fn case_90_closing_and_opening_again_are_safe_to_repeat_and_a_message_opens_a_closed_thread(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let open = desk.get(&path).await;
        for _ in 0..3 {
            desk.submit(&open, "/close", &[("sure", "yes")]).await.must_be(303);
        }
        assert_eq!(standing(w).await, ("closed".into(), "nobody".into()));
        let closed = desk.get(&path).await;
        closed.must_say("Closed").must_say("When?");
        client.get("/portal/messages").await.must_say("A question").must_say("Closed");
        for _ in 0..3 {
            desk.submit(&closed, "/reopen", &[]).await.must_be(303);
        }
        assert_eq!(standing(w).await, ("open".into(), "nobody".into()));
        assert_eq!((events(w, "thread.closed").await, events(w, "thread.reopened").await), (1, 1));
        let page = desk.get(&path).await;
        desk.submit(&page, "/close", &[("sure", "yes")]).await.must_be(303);
        desk.get("/staff/messages?box=front_desk&state=closed").await.must_say("A question");
        write(&mut client, &thread, "One more thing.").await.must_be(303);
        assert_eq!(standing(w).await, ("open".into(), "practice".into()));
        assert_eq!(events(w, "thread.reopened").await, 2);
    }

    async fn race_a_client_writes_while_staff_close_and_the_message_opens_it_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        for round in 0..8 {
            let (mine, theirs) = (client.get(&thread).await, desk.get(&path).await);
            let text = format!("Message {round}.");
            let typed = [("text", text.as_str())];
            let (written, closed) =
                tokio::join!(client.submit(&mine, &thread, &typed), desk.submit(&theirs, "/close", &[("sure", "yes")]));
            written.must_be(303);
            closed.must_be(303);
            assert_eq!(standing(w).await, ("open".into(), "practice".into()), "round {round}");
        }
        assert_eq!(messages(w).await, 9);
    }

    async fn messages_of_many_tabs_at_once_each_get_a_number_of_their_own(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let mut tabs = Vec::new();
        for n in 0..8 {
            let (mut tab, thread) = (client.clone(), thread.clone());
            tabs.push(tokio::spawn(async move { write(&mut tab, &thread, &format!("Tab {n}.")).await.status() }));
        }
        for tab in tabs {
            assert_eq!(tab.await.expect("the tab ended"), 303);
        }
        let numbers: Vec<i32> = w.look(|c| message::table.order(message::seq).select(message::seq).load(c)).await;
        assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    }

    async fn a_message_that_comes_while_a_notice_is_made_has_its_own(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        for round in 0..6 {
            practice_writes(w, &thread, "First.").await;
            client.get(&thread).await.must_be(200);
            w.clock.advance_seconds(2 * 3_600);
            // The window is over and all was read: the job finds nothing and ends, while a new message comes.
            tokio::join!(w.run_due_jobs(), practice_writes(w, &thread, "Meanwhile."));
            w.clock.advance_seconds(2 * 3_600);
            w.run_due_jobs().await;
            assert_eq!(notices(w).await, i64::from(round) + 1, "round {round}: it is told of once");
            client = sign_in(w, &who.name).await;
            client.get(&thread).await.must_be(200);
        }
    }

    async fn more_than_twenty_messages_in_an_hour_are_refused_and_the_text_is_kept(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        for n in 2..=20 {
            write(&mut client, &thread, &format!("Message {n}.")).await.must_be(303);
        }
        let refused = write(&mut client, &thread, "One too many.").await;
        refused.must_be(422).must_say("many messages in the last hour").must_say("One too many.");
        assert_eq!(messages(w).await, 20);
        w.clock.advance_seconds(3_600);
        let mut client = sign_in(w, &who.name).await;
        write(&mut client, &thread, "Now.").await.must_be(303);
    }

    async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let form = client.get(NEW).await;
        let long = "a".repeat(10_001);
        let kept = client.submit(&form, NEW, &[("subject", ""), ("text", &long)]).await;
        kept.must_be(422).must_say("Write a subject.").must_say("The message is too long").must_say(&long);
        let kept = client.submit(&form, NEW, &[("to", "nobody"), ("subject", "Kept"), ("text", " ")]).await;
        kept.must_be(422).must_say("Choose who should read it.").must_say("Write a message first.");
        assert!(kept.html().contains("value=\"Kept\""));
        assert_eq!(threads(w).await, 0);
    }

    async fn who_may_only_look_reads_and_does_not_write(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let thread = begun(&mut mother, "front_desk", "A question", "When?").await;
        let page = mother.get(&thread).await;
        w.tamper(|c| {
            diesel::update(portal_access::table.filter(portal_access::rights.eq("messages")))
                .set(portal_access::rights.eq("messages:view"))
                .execute(c)
        })
        .await;
        mother.get(&thread).await.must_be(200).must_say("When?").must_say("but not write here");
        mother.get("/portal/messages").await.must_not_say("Write a message");
        mother.get(NEW).await.must_be(404);
        mother.submit(&page, &thread, &[("text", "Once more.")]).await.must_be(404);
        assert_eq!(messages(w).await, 1);
    }

    async fn staff_begin_a_thread_with_one_person_and_nobody_else_sees_it(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let mut clinician = w.staff(Role::Clinician).await;
        let new = format!("/staff/charts/{}/messages/new", kim.chart_id);
        let form = clinician.get(&new).await;
        form.must_say("Mara Serrano").must_say("Pablo Serrano");
        let access: AccessId = w
            .look(|c| {
                let mara: PersonId =
                    person::table.filter(person::first_name.eq("Mara")).select(person::person_id).first(c)?;
                portal_access::table
                    .filter(portal_access::person_id.eq(mara))
                    .select(portal_access::access_id)
                    .first(c)
            })
            .await;
        let access = access.to_string();
        let typed = [("holder", access.as_str()), ("from", "me"), ("subject", "How it went"), ("text", "Well.")];
        let made = clinician.submit(&form, &new, &typed).await;
        made.must_be(303);
        clinician.follow(&made).await.must_say("Read by: Mara Serrano, Casey").must_say("Answered");
        mother.get("/portal").await.must_say("New message: How it went");
        father.get("/portal").await.must_not_say("New message");
        father.get("/portal/messages").await.must_not_say("How it went");
        w.staff(Role::FrontDesk).await.get(&format!("/staff/charts/{}/communications", kim.chart_id)).await.must_not_say("How it went");
        // Nobody can read messages of a chart whose portal nobody entered.
        let bob = w.chart("Bob", "Reyes").await;
        let empty = clinician.get(&format!("/staff/charts/{}/messages/new", bob.chart_id)).await;
        empty.must_be(200).must_say("Nobody can read messages about this client");
    }

    async fn no_thread_widens_its_readers_whatever_grants_change(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let thread = begun(&mut mother, "front_desk", "Custody papers", "Words of the mother.").await;
        // Another representative comes, then the client, then everybody's rights are widened.
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let who = enrolled(w, &kim).await;
        let mut client = sign_in(w, &who.name).await;
        w.tamper(|c| {
            diesel::update(portal_access::table).set(portal_access::rights.eq("messages documents billing")).execute(c)
        })
        .await;
        practice_writes(w, &thread, "An answer.").await;
        for browser in [&mut father, &mut client] {
            browser.get(&thread).await.must_be(404);
            browser.get("/portal/messages").await.must_not_say("Custody");
            browser.get("/portal").await.must_not_say("Custody");
        }
        mother.get(&thread).await.must_say("An answer.");
        // Whose part has ended reads what was written until then, and no more.
        let open = mother.get(&thread).await;
        w.tamper(|c| diesel::update(thread_party::table).set(thread_party::until_seq.eq(Some(2))).execute(c)).await;
        let page = mother.get(&thread).await;
        page.must_be(200).must_say("Words of the mother.").must_not_say("An answer.");
        mother.get("/portal").await.must_not_say("New message");
        mother.submit(&open, &thread, &[("text", "Still here?")]).await.must_be(404);
    }

    async fn long_threads_and_long_lists_come_in_pages(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A long one", "Message number 1.").await;
        for n in 2..=60 {
            practice_writes(w, &thread, &format!("Message number {n}.")).await;
        }
        let page = client.get(&thread).await;
        page.must_say("Message number 60.").must_say("Message number 11.").must_not_say("Message number 10.");
        let earlier = client.get(&page.link("?before=")).await;
        earlier.must_say("Message number 1.").must_say("Message number 10.").must_not_say("Message number 11.");
        assert!(!earlier.has_form(&thread), "an answer stands below the newest messages");
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&in_chart(&ana.chart_id, &thread)).await;
        page.must_say("Message number 60.").must_not_say("Message number 10.");
        desk.get(&page.link("?before=")).await.must_say("Message number 10.").must_not_say("Message number 11.");

        let by = w.riverbend.by(Role::FrontDesk);
        let access = who.access;
        w.app
            .db
            .write(&w.riverbend.scope, move |c| {
                let author = Author::of_practice(&by)?;
                for n in 1..=55 {
                    let subject = anteroom::features::messages::Subject::read(&format!("Subject number {n}.")).expect("a subject");
                    let text = MessageText::read("Words.").expect("a text");
                    let to = anteroom::features::messages::readers::Addressee::FrontDesk;
                    actions::begin_as_practice(c, &author, &access, to, subject, text.into())?.expect("begun");
                }
                Ok(())
            })
            .await
            .expect("no fault");
        let mut seen = 0;
        for (mut browser, mut path) in [
            (client.clone(), "/portal/messages".to_owned()),
            (desk.clone(), "/staff/messages?box=front_desk&state=answered".to_owned()),
        ] {
            let mut found = std::collections::BTreeSet::new();
            for _ in 0..3 {
                let page = browser.get(&path).await;
                page.must_be(200);
                let words = page.words();
                found.extend((1..=55).filter(|n| words.contains(&format!("Subject number {n}."))));
                let Some(next) = page.html().split("href=\"").find(|part| part.contains("after=")).map(|part| {
                    crate::support::form::unescape(part.split('"').next().unwrap_or_default())
                }) else {
                    break;
                };
                path = next;
                seen += 1;
            }
            assert_eq!(found.len(), 55, "{path}");
        }
        assert!(seen >= 2, "both lists have a second page");
    }

    async fn what_waits_longest_stands_first_and_a_second_question_does_not_move_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let (hers, his) = (enrolled(w, &ana).await, enrolled(w, &bob).await);
        let mut anas = sign_in(w, &hers.name).await;
        let first = begun(&mut anas, "front_desk", "Older question", "When?").await;
        w.clock.advance_seconds(600);
        let mut bobs = sign_in(w, &his.name).await;
        begun(&mut bobs, "front_desk", "Newer question", "Where?").await;
        w.clock.advance_seconds(600);
        write(&mut anas, &first, "Are you there?").await.must_be(303);
        let mut desk = w.staff(Role::FrontDesk).await;
        let words = desk.get("/staff/messages").await.words();
        let place = |text: &str| words.find(text).unwrap_or_else(|| panic!("{text} is not there: {words}"));
        assert!(place("Older question") < place("Newer question"));
    }

    async fn a_dead_mail_server_changes_nothing_but_the_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        w.stop_sending().await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        answer(&mut desk, &in_chart(&ana.chart_id, &thread), "Tomorrow.").await.must_be(303);
        w.clock.advance_seconds(300);
        let (_stopper, stop) = anteroom::platform::stop::signal();
        tokio::time::timeout(Duration::from_secs(20), jobs::run_due(&w.app, &app::JOBS, &stop))
            .await
            .expect("the round ends")
            .expect("no fault");
        client.get("/portal").await.must_say("New message");
        client.get(&thread).await.must_say("Tomorrow.");
    }

    async fn the_api_does_with_messages_what_the_front_desk_does(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, 48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let private = begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let list = caller.get(&format!("/api/v1/charts/{}/threads", ana.chart_id)).await;
        let threads = list.must_be(200).answer.json();
        assert!(!list.html().contains("Canary"), "{threads}");
        let of = |audience: &str| {
            let all = threads["threads"].as_array().expect("a list").clone();
            all.into_iter().find(|thread| thread["audience"] == audience).expect("a thread")
        };
        let (desks, caseys) = (of("front_desk"), of("clinician"));
        assert_eq!((&desks["subject"], &desks["waiting"]), (&json!("A question"), &json!("practice")));
        assert_eq!((&caseys["subject"], &caseys["waiting"]), (&json!(null), &json!("practice")));
        assert_eq!(caseys["staff_id"], casey(w).to_string());
        let path = format!("/api/v1/threads/{}", id_of(&thread));
        let messages = caller.get(&format!("{path}/messages?limit=1")).await.must_be(200).answer.json();
        assert_eq!((&messages["messages"][0]["text"], &messages["next"]), (&json!("When?"), &json!(null)));
        let foreign = format!("/api/v1/threads/{}", id_of(&private));
        caller.get(&format!("{foreign}/messages")).await.must_be(404).must_not_say("Canary");
        let post = async |caller: &mut Browser, path: &str, body: serde_json::Value| {
            caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let word = |page: &Page| page.answer.json()["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned();
        for act in ["messages", "close", "reopen", "no-reply-needed"] {
            let body = if act == "messages" { json!({ "text": "Hello", "seen": 9 }) } else { json!({ "seen": 9 }) };
            post(&mut caller, &format!("{foreign}/{act}"), body).await.must_be(404);
        }
        // Somebody wrote since; nothing is sent.
        write(&mut client, &thread, "Or where?").await.must_be(303);
        let stale = post(&mut caller, &format!("{path}/messages"), json!({ "text": "At six.", "seen": 1 })).await;
        stale.must_be(409);
        assert_eq!((word(&stale), &stale.answer.json()["last_seq"]), ("written-meanwhile".into(), &json!(2)));
        let mut once = caller.clone().with("idempotency-key", "one");
        for _ in 0..2 {
            let done = post(&mut once, &format!("{path}/messages"), json!({ "text": "At six.", "seen": 2 })).await;
            assert_eq!(done.must_be(200).answer.json()["waiting"], "client");
        }
        client.get(&thread).await.must_say("At six.").must_say("The practice").must_not_say("key for");
        let wrong = post(&mut caller, &format!("{path}/messages"), json!({ "text": " ", "seen": 3 })).await;
        assert_eq!(wrong.must_be(422).answer.json()["errors"][0]["pointer"], "/text");
        let closed = post(&mut caller, &format!("{path}/close"), json!({ "seen": 3 })).await;
        assert_eq!(closed.must_be(200).answer.json()["state"], "closed");
        let opened = post(&mut caller, &format!("{path}/reopen"), json!({ "seen": 3 })).await;
        assert_eq!(opened.must_be(200).answer.json()["waiting"], "nobody");
        let new = json!({ "grant_id": who.access.to_string(), "subject": "Your form", "text": "It has arrived." });
        let begun = post(&mut caller, "/api/v1/threads", new.clone()).await;
        begun.must_be(201);
        assert_eq!(begun.answer.json()["waiting"], "client");
        client.get("/portal/messages").await.must_say("Your form").must_say("New");
        people::revoke(w, &who.access).await;
        let refused = post(&mut caller, "/api/v1/threads", new).await;
        refused.must_be(409);
        assert_eq!(word(&refused), "not-a-reader");
        let made: i64 = w.look(|c| message_thread::table.count().get_result(c)).await;
        assert_eq!(made, 3);
    }

    async fn case_93_two_practices_with_equal_ids_show_nothing_of_each_other(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "Lantern subject", "Lantern words.").await;
        practice_writes(w, &thread, "Lantern answer.").await;
        w.clock.advance_seconds(600);
        // The same rows in the other practice, under the same ids and with other words.
        let (here, there) = (*w.riverbend.scope.id(), *w.twinoaks.scope.id());
        for table in ["person", "chart", "message_thread", "thread_party", "message", "thread_read"] {
            copied(w, table, here.uuid(), there.uuid()).await;
        }
        w.tamper(move |c| {
            let of_twin = message_thread::practice_id.eq(there);
            diesel::update(message_thread::table.filter(of_twin))
                .set((message_thread::subject.eq("Canary subject"), message_thread::waiting.eq("nobody")))
                .execute(c)?;
            let (body, search) = (message::body.eq("Canary words."), message::search_text.eq("canary words"));
            diesel::update(message::table.filter(message::practice_id.eq(there))).set((body, search)).execute(c)
        })
        .await;
        let path = in_chart(&ana.chart_id, &thread);
        let twin = w.twinoaks.clone();
        let (mut desk, mut other) = (w.staff(Role::FrontDesk).await, w.staff_of(&twin, Role::FrontDesk).await);
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        let lists = ["/staff/messages?box=front_desk&state=answered", "/staff/messages/search?q=words", "/staff/messages"];
        for (browser, own, foreign) in [(&mut desk, "Lantern", "Canary"), (&mut other, "Canary", "Lantern")] {
            browser.get(&path).await.must_be(200).must_say(own);
            for page in lists.iter().copied().chain([path.as_str(), tab.as_str()]) {
                browser.get(page).await.must_be(200).must_not_say(foreign);
            }
            for page in ["print", "pdf"] {
                assert!(!browser.get(&format!("{path}/{page}")).await.must_be(200).html().contains(foreign));
            }
            browser.get(&format!("/staff/messages/search?q={foreign}")).await.must_say("No message has");
            browser.get(&format!("/staff/messages/search?q={own}")).await.must_say("Ana Duarte");
        }
        client = sign_in(w, &who.name).await;
        for page in ["/portal", "/portal/messages", "/portal/messages?q=words", &thread, &format!("{thread}/print")] {
            client.get(page).await.must_be(200).must_not_say("Canary");
        }
        client.get("/portal/messages?q=canary").await.must_say("No message has");
        client.get(&thread).await.must_say("Lantern words.").must_say("Lantern answer.");
        for (practice, own, foreign) in [(&w.riverbend, "Lantern", "Canary"), (&twin, "Canary", "Lantern")] {
            let text = key(w, practice, Scope::ALL).await;
            let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
            for at in [format!("charts/{}/threads", ana.chart_id), format!("threads/{}/messages", id_of(&thread))] {
                let page = caller.get(&format!("/api/v1/{at}")).await;
                assert!(page.must_be(200).html().contains(own) && !page.html().contains(foreign), "{}", page.html());
            }
        }
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0, "it was read");
    }

    async fn case_93_another_practices_key_and_staff_see_nothing_of_these_threads(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "Canary subject", "Canary words.").await;
        let twin = w.twinoaks.clone();
        let mut staff = w.staff_of(&twin, Role::FrontDesk).await;
        staff.get("/staff/messages").await.must_say("Nothing is waiting").must_not_say("Canary");
        staff.get(&in_chart(&ana.chart_id, &thread)).await.must_be(404);
        let text = key(w, &twin, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        caller.get(&format!("/api/v1/charts/{}/threads", ana.chart_id)).await.must_be(404);
        caller.get(&format!("/api/v1/threads/{}/messages", id_of(&thread))).await.must_be(404);
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0);
    }
}
