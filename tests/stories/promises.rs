//! By when a message is answered, what happens when it is not, and who answers for a clinician who is away.

use anteroom::features::practice::Policy;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::StaffId;
use anteroom::platform::db::schema::{
    due_job, message, message_thread, outbox, practice, staff_away, staff_member,
};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::messages::{answer, begun, in_chart, practice_writes, standing, write};
use crate::portal_people::{self as people, Enrolled, enrolled, events, sign_in};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, World};

const AWAY: &str = "/staff/messages/away";
const HOUR: u32 = 3_600;

/// A client who sees Casey, signed in.
async fn client(w: &mut World) -> (Client, Enrolled, Browser) {
    let ana = w.chart("Ana", "Duarte").await;
    people::appointment(w, &ana.chart_id, -48).await;
    let who = enrolled(w, &ana).await;
    let browser = sign_in(w, &who.name).await;
    (ana, who, browser)
}

/// When the only thread is due.
async fn due(w: &World) -> Option<Timestamp> {
    w.look(|c| message_thread::table.select(message_thread::due_at).first(c)).await
}

async fn planned(w: &World) -> i64 {
    w.look(|c| due_job::table.filter(due_job::kind.eq("message-late")).count().get_result(c)).await
}

/// Whom mails about late messages went to, the first first.
async fn told(w: &World) -> Vec<String> {
    w.look(|c| {
        outbox::table
            .filter(outbox::kind.eq("messages.late"))
            .order(outbox::mail_id)
            .select(outbox::recipient)
            .load(c)
    })
    .await
}

async fn policy(w: &World, policy: Policy) {
    let text = serde_json::to_string(&policy).expect("JSON");
    w.tamper(move |c| diesel::update(practice::table).set(practice::policy.eq(text.clone())).execute(c))
        .await;
}

/// The clock goes on to this moment.
fn until(w: &World, text: &str) {
    let seconds = moment(text).seconds_since(w.now());
    w.clock.advance_seconds(u32::try_from(seconds).expect("the clock never goes back"));
}

/// Everybody of the practice signs in now.
async fn everybody_was_here(w: &World) {
    let now = w.now();
    w.tamper(move |c| {
        diesel::update(staff_member::table).set(staff_member::last_sign_in_at.eq(Some(now))).execute(c)
    })
    .await;
}

/// Sets an absence of Casey by the administrator's form.
async fn away(w: &World, first: &str, last: &str, cover: Option<StaffId>) {
    let mut admin = w.staff(Role::Administrator).await;
    let page = admin.get(AWAY).await;
    let (casey, cover) = (casey(w).to_string(), cover.map(|id| id.to_string()).unwrap_or_default());
    let typed = [("staff", casey.as_str()), ("first", first), ("last", last), ("cover", cover.as_str())];
    admin.submit(&page, AWAY, &typed).await.must_be(303);
}

fn administrator(w: &World) -> StaffId {
    w.riverbend.member(Role::Administrator).staff_id
}

stories! {
    async fn case_83_the_client_is_told_the_day_of_the_answer_in_reply_hours_over_a_closed_day(w: &mut World) {
        // It is Tuesday, December 1, 10:00 in New York.
        let (_, _, mut client) = client(w).await;
        client.get("/portal/messages/new").await.must_say("The front desk: usually within 2 business days");
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        client.get(&thread).await.must_say("We answer by Thursday, December 3.");
        assert_eq!(due(w).await, Some(moment("2026-12-03T15:00:00Z")));
        client.get(&format!("{thread}?lang=es")).await.must_say("a más tardar el jueves 3 de diciembre");
        practice_writes(w, &thread, "Tomorrow.").await;
        client.get(&format!("{thread}?lang=en")).await.must_not_say("We answer by");
        // Wednesday is closed, the front desk needs three days, and Friday evening counts no more.
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice/closures").await;
        let closed = [("off_from", "2026-12-02"), ("off_until", "2026-12-02")];
        admin.submit(&page, "/staff/practice/closures", &closed).await.must_be(303);
        let page = admin.get("/staff/practice/policies").await;
        let wrong = [("reply_from", "17"), ("desk_reply_days", "0")];
        let refused = admin.submit(&page, "/staff/practice/policies", &wrong).await;
        refused.must_be(422).must_say("must end after they begin").must_say("from 1 to 20");
        admin.submit(&page, "/staff/practice/policies", &[("desk_reply_days", "3")]).await.must_be(303);
        client.get("/portal/messages/new").await.must_say("The front desk: usually within 3 business days");
        write(&mut client, &thread, "And where?").await.must_be(303);
        client.get(&thread).await.must_say("We answer by Monday, December 7.");
        assert_eq!(due(w).await, Some(moment("2026-12-07T15:00:00Z")));
    }

    async fn case_84_a_reply_ends_the_clock_at_once_and_a_clients_silence_is_never_late(w: &mut World) {
        let (ana, who, mut client) = client(w).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        assert_eq!(planned(w).await, 1);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/messages").await.must_say("Answer due").must_say("Thu, Dec 3");
        answer(&mut desk, &in_chart(&ana.chart_id, &thread), "Tomorrow.").await.must_be(303);
        assert_eq!((due(w).await, planned(w).await), (None, 0));
        w.clock.advance_seconds(30 * 24 * HOUR);
        w.run_due_jobs().await;
        assert_eq!(told(w).await, Vec::<String>::new());
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/messages?state=late").await.must_say("Nothing has waited longer");
        desk.get("/staff/worklist").await.must_not_say("longer than clients were told");
        // So does the word of staff, and closing.
        let mut client = sign_in(w, &who.name).await;
        for (act, typed) in [("/no-reply-needed", &[][..]), ("/close", &[("sure", "yes")])] {
            write(&mut client, &thread, "Thank you.").await.must_be(303);
            assert_eq!(planned(w).await, 1, "{act}");
            let page = desk.get(&in_chart(&ana.chart_id, &thread)).await;
            desk.submit(&page, act, typed).await.must_be(303);
            assert_eq!((due(w).await, planned(w).await), (None, 0), "{act}");
        }
    }

    async fn case_85_a_second_message_does_not_move_the_promise_and_a_closed_thread_is_never_late(w: &mut World) {
        let (ana, _, mut client) = client(w).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let first = due(w).await;
        w.clock.advance_seconds(600);
        write(&mut client, &thread, "Are you there?").await.must_be(303);
        assert_eq!((due(w).await, planned(w).await), (first, 1));
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&in_chart(&ana.chart_id, &thread)).await;
        desk.submit(&page, "/close", &[("sure", "yes")]).await.must_be(303);
        until(w, "2026-12-20T15:00:00Z");
        w.run_due_jobs().await;
        assert_eq!(told(w).await, Vec::<String>::new());
        w.staff(Role::FrontDesk).await.get("/staff/messages?state=late").await.must_not_say("A question");
    }

    async fn a_late_message_is_shown_told_once_to_its_readers_and_at_twice_the_time_to_administrators(w: &mut World) {
        let (_, who, mut client) = client(w).await;
        let thread = begun(&mut client, "front_desk", "Canary subject", "Canary words.").await;
        until(w, "2026-12-03T14:59:59Z");
        w.run_due_jobs().await;
        assert_eq!(told(w).await, Vec::<String>::new(), "a second before");
        w.clock.advance_seconds(1);
        w.run_due_jobs().await;
        let (desk, admin) = (w.riverbend.member(Role::FrontDesk).email.clone(), w.riverbend.member(Role::Administrator).email.clone());
        assert_eq!(told(w).await, std::slice::from_ref(&desk));
        let mail = w.mail_to(&desk).await;
        let text = format!("{} {} {}", mail.subject, mail.text, mail.html);
        for hidden in ["Canary", "Ana", "Duarte"] {
            assert!(!text.contains(hidden), "the mail says {hidden}: {text}");
        }
        assert!(mail.text.contains("One conversation is late."), "{}", mail.text);
        assert_eq!(w.link_in(&mail), "/staff/messages?box=front_desk&state=late");
        let mut browser = w.staff(Role::FrontDesk).await;
        browser.get("/staff/messages?box=front_desk&state=late").await.must_say("Canary subject").must_say("Late");
        browser.get("/staff/worklist").await.must_say("longer than clients were told: 1");
        let mut client = sign_in(w, &who.name).await;
        let page = client.get(&thread).await;
        page.must_say("our answer takes longer than we said").must_not_say("We answer by");
        // Twice the promise from the question on: two more business days.
        until(w, "2026-12-07T14:59:59Z");
        w.run_due_jobs().await;
        assert_eq!(told(w).await.len(), 1);
        w.clock.advance_seconds(1);
        everybody_was_here(w).await;
        w.run_due_jobs().await;
        let mut all = told(w).await;
        all.sort();
        let mut wanted = vec![admin, desk.clone(), desk];
        wanted.sort();
        assert_eq!((all, planned(w).await), (wanted, 0));
    }

    async fn a_late_thread_of_a_clinician_shows_administrators_that_it_waits_and_no_word(w: &mut World) {
        let (_, _, mut client) = client(w).await;
        begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        until(w, "2026-12-07T15:00:00Z");
        w.run_due_jobs().await;
        let mut wanted: Vec<String> =
            [Role::Clinician, Role::Administrator].map(|role| w.riverbend.member(role).email.clone()).into();
        wanted.sort();
        let mut all = told(w).await;
        all.sort();
        assert_eq!(all, wanted, "the desk does not answer for a clinician");
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/messages?state=late").await;
        page.must_say("Ana Duarte").must_say("Late").must_say("Casey");
        assert!(!page.html().contains("Canary"), "{}", page.words());
    }

    async fn case_82_staff_who_come_back_after_a_week_find_one_mail_however_many_messages_are_late(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        for n in 0..6 {
            let mut client = sign_in(w, &who.name).await;
            begun(&mut client, "front_desk", &format!("Question {n}"), "When?").await;
            w.clock.advance_seconds(24 * HOUR);
            w.run_due_jobs().await;
        }
        w.clock.advance_seconds(3 * 24 * HOUR);
        w.run_due_jobs().await;
        let desk = w.riverbend.member(Role::FrontDesk).email.clone();
        let of = |all: Vec<String>| all.iter().filter(|to| **to == desk).count();
        assert_eq!(of(told(w).await), 1);
        // Back at work: the next one that is late is told of, and a second on the same day is not.
        everybody_was_here(w).await;
        for text in ["One more", "And another"] {
            let mut client = sign_in(w, &who.name).await;
            begun(&mut client, "front_desk", text, "When?").await;
        }
        w.clock.advance_seconds(7 * 24 * HOUR);
        w.run_due_jobs().await;
        assert_eq!(of(told(w).await), 2);
    }

    async fn nobody_is_mailed_that_something_is_late_which_was_answered_before_the_mail_left(w: &mut World) {
        let (_, _, mut client) = client(w).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        w.stop_sending().await;
        until(w, "2026-12-03T15:00:00Z");
        w.run_due_jobs().await;
        assert_eq!(told(w).await.len(), 1);
        practice_writes(w, &thread, "Tomorrow.").await;
        let desk = w.riverbend.member(Role::FrontDesk).email.clone();
        assert_eq!(w.unread_to(&desk).await, 0);
        let state: String = w
            .look(|c| outbox::table.filter(outbox::kind.eq("messages.late")).select(outbox::state).first(c))
            .await;
        assert_eq!(state, "cancelled");
    }

    async fn case_86_an_absence_is_shown_once_whoever_writes_and_however_often_and_answers_nothing(w: &mut World) {
        let (ana, who, mut client) = client(w).await;
        away(w, "2026-12-01", "2026-12-03", Some(administrator(w))).await;
        let line = "Casey Moreno is away and back on Friday, December 4. Until then";
        client.get("/portal/messages/new").await.must_say(line);
        let thread = begun(&mut client, &casey(w).to_string(), "Last time", "It was hard.").await;
        write(&mut client, &thread, "Really hard.").await.must_be(303);
        let page = client.get(&thread).await;
        assert_eq!(page.words().matches(line).count(), 1, "{}", page.words());
        page.must_say("until Friday, December 4");
        let written: i64 = w.look(|c| message::table.count().get_result(c)).await;
        assert_eq!(written, 2, "nothing answers by itself");
        assert_eq!(standing(w).await, ("open".into(), "practice".into()));
        // Whoever stands in reads and answers, and only as long as the absence lasts.
        let path = in_chart(&ana.chart_id, &thread);
        let mut admin = w.staff(Role::Administrator).await;
        admin.get("/staff/messages?box=covered").await.must_say("Last time").must_say("You stand in");
        admin.get("/staff/messages").await.must_say("1 waiting for an answer");
        answer(&mut admin, &path, "Casey is away. Call me?").await.must_be(303);
        w.staff(Role::FrontDesk).await.get(&path).await.must_be(404);
        until(w, "2026-12-04T05:00:00Z");
        w.staff(Role::Administrator).await.get(&path).await.must_be(404);
        let mut client = sign_in(w, &who.name).await;
        let page = client.get(&thread).await;
        page.must_say("Call me?").must_not_say("is away and back").must_not_say("until Friday");
    }

    async fn where_nobody_stands_in_the_promise_counts_from_the_return(w: &mut World) {
        let (_, _, mut client) = client(w).await;
        away(w, "2026-12-01", "2026-12-03", None).await;
        let thread = begun(&mut client, &casey(w).to_string(), "Last time", "It was hard.").await;
        client.get(&thread).await.must_say("and reads messages then").must_say("We answer by Monday, December 7.");
        assert_eq!(due(w).await, Some(moment("2026-12-07T22:00:00Z")));
        // With the front desk nothing changes.
        let other = begun(&mut client, "front_desk", "A form", "Which one?").await;
        client.get(&other).await.must_say("We answer by Thursday, December 3.");
    }

    async fn absences_are_set_by_whoever_is_away_and_administrators_and_taken_back_after_a_question(w: &mut World) {
        let (casey, admin_id) = (casey(w).to_string(), administrator(w).to_string());
        let (mut clinician, mut admin) = (w.staff(Role::Clinician).await, w.staff(Role::Administrator).await);
        let (page, admins) = (clinician.get(AWAY).await, admin.get(AWAY).await);
        page.must_say("Nobody is away");
        let days = [("staff", casey.as_str()), ("first", "12/7/2026"), ("last", "2026-12-11")];
        for (changes, said) in [
            ([("cover", casey.as_str()), ("last", "2026-12-11")], "Choose somebody else, or nobody"),
            ([("cover", ""), ("last", "2026-12-06")], "The last day is before the first."),
            ([("cover", ""), ("last", "soon")], "Type a day"),
            ([("cover", ""), ("last", "2028-12-11")], "An absence lasts a year at most."),
        ] {
            let typed = [days[0], days[1], changes[0], changes[1]];
            let refused = clinician.submit(&page, AWAY, &typed).await;
            refused.must_be(422).must_say(said);
        }
        // Each fault is said by itself, and beside its field.
        let over = [days[0], ("first", "2026-11-23"), ("last", "2026-11-30")];
        let said = clinician.submit(&page, AWAY, &over).await;
        said.must_be(422).must_say("The last day is over.").must_not_say("before the first").must_not_say("a year");
        assert!(said.html().contains("id=\"e-last\""), "{}", said.html());
        // Whoever sets their own absence alone does not choose themselves.
        let offered = |page: &crate::support::Page| page.html().matches(&format!("value=\"{casey}\"")).count();
        assert_eq!((offered(&page), offered(&admins)), (1, 2));
        for _ in 0..2 {
            clinician.submit(&page, AWAY, &[days[0], days[1], days[2], ("cover", &admin_id)]).await.must_be(303);
        }
        let rows: i64 = w.look(|c| staff_away::table.count().get_result(c)).await;
        assert_eq!((rows, events(w, "away.set").await), (1, 1), "the form sent twice sets one");
        let listed = clinician.get(AWAY).await;
        listed.must_say("December 7, 2026 to December 11, 2026");
        clinician.submit(&page, AWAY, &[days[0], ("first", "2026-12-11"), ("last", "2026-12-12")]).await
            .must_be(422).must_say("There is an absence on one of these days");
        // The administrator stands in: no absence of theirs meanwhile; and a clinician sets nobody else's.
        let typed = [("staff", admin_id.as_str()), ("first", "2026-12-08"), ("last", "2026-12-08")];
        admin.submit(&admins, AWAY, &typed).await.must_be(422).must_say("stands in for somebody");
        clinician.submit(&page, AWAY, &typed).await.must_be(404);
        let mut desk = w.staff(Role::FrontDesk).await;
        let theirs = desk.get(AWAY).await;
        assert!(theirs.must_say("December 7").words().contains("reads and answers meanwhile"));
        assert!(!theirs.has_form(AWAY), "the front desk sets none");
        let asked = clinician.submit(&listed, "/away/remove", &[]).await;
        asked.must_be(200).must_say("Take back this absence?");
        for _ in 0..2 {
            clinician.submit(&asked, "/away/remove", &[("sure", "yes")]).await.must_be(303);
        }
        clinician.get(AWAY).await.must_say("Nobody is away");
        assert_eq!(events(w, "away.removed").await, 1);
    }

    async fn the_api_says_by_when_an_answer_was_promised(w: &mut World) {
        policy(w, Policy { desk_reply_days: 1, ..Policy::default() }).await;
        let (ana, _, mut client) = client(w).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let path = format!("/api/v1/charts/{}/threads", ana.chart_id);
        let threads = caller.get(&path).await.must_be(200).answer.json();
        assert_eq!(threads["threads"][0]["due_at"], "2026-12-02T15:00:00Z");
        practice_writes(w, &thread, "Tomorrow.").await;
        let threads = caller.get(&path).await.must_be(200).answer.json();
        assert_eq!(threads["threads"][0]["due_at"], serde_json::json!(null));
    }
}
