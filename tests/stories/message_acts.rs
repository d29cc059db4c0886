//! What staff do with a thread besides answering: take a message back, move a thread, leave the practice, read somebody
//! else's with a reason, print one.

use anteroom::features::practice::Policy;
use anteroom::kernel::clock::Timestamp;
use anteroom::platform::db::schema::{
    audit_event, due_job, message, message_thread, message_withdrawn, outbox, practice, thread_party,
};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::messages::{answer, begun, in_chart, practice_writes, representative, standing, write};
use crate::portal_people::{self as people, enrolled, events, sign_in};
use crate::stories;
use crate::support::papers::pdf;
use crate::support::{Browser, Page, World};

const NEW: &str = "/portal/messages/new";

/// What stands in the text of the form of an answer.
fn text_of(page: &Page, form: &str) -> String {
    page.form(form).fields.into_iter().find(|(name, _)| name == "text").expect("a text").1
}

/// When the only thread is due.
async fn due(w: &World) -> Option<Timestamp> {
    w.look(|c| message_thread::table.select(message_thread::due_at).first(c)).await
}

async fn planned(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| due_job::table.filter(due_job::kind.eq(kind)).count().get_result(c)).await
}

async fn notices(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).count().get_result(c)).await
}

pub async fn policy(w: &World, policy: Policy) {
    let text = serde_json::to_string(&policy).expect("JSON");
    w.tamper(move |c| diesel::update(practice::table).set(practice::policy.eq(text.clone())).execute(c))
        .await;
}

/// What a program of the machine says of a PDF; none where it is not installed.
fn told_of_pdf(program: &str, arguments: &[&str], file: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("a.pdf");
    std::fs::write(&at, file).expect("written");
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(&at);
    if program == "pdftotext" {
        command.arg("-");
    }
    let ran = command.output().ok()?;
    assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// The text of a PDF.
pub fn text_of_pdf(file: &[u8]) -> Option<String> {
    told_of_pdf("pdftotext", &["-layout"], file)
}

stories! {
    async fn case_76_a_message_taken_back_is_gone_for_the_client_and_stands_in_the_draft_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let (path, first) = (in_chart(&ana.chart_id, &thread), due(w).await);
        let mut desk = w.staff(Role::FrontDesk).await;
        answer(&mut desk, &path, "On Monday, says the lantern.").await.must_be(303);
        assert_eq!((due(w).await, planned(w, "message-late").await), (None, 0));
        client.get("/portal").await.must_say("New message");
        let page = desk.get(&path).await;
        page.must_say("Take back");
        w.staff(Role::Clinician).await.get(&path).await.must_not_say("Take back");
        let done = desk.submit_and_follow(&page, "/take-back", &[]).await;
        done.must_say("The message was taken back").must_say("took a message back");
        assert_eq!(text_of(&done, "/reply"), "On Monday, says the lantern.");
        // The client waits as before, and there is nothing of it anywhere.
        assert_eq!((due(w).await, planned(w, "message-late").await), (first, 1));
        assert_eq!(standing(w).await, ("open".into(), "practice".into()));
        for page in ["/portal", "/portal/messages", "/portal/messages?q=lantern", &thread, &format!("{thread}/print")] {
            client.get(page).await.must_be(200).must_not_say("lantern,").must_not_say("On Monday").must_not_say("took").must_not_say("New message");
        }
        desk.get("/staff/messages/search?q=lantern").await.must_say("No message has");
        let kept: (String, String) = w.look(|c| message_withdrawn::table.select((message_withdrawn::body, message_withdrawn::by_name)).first(c)).await;
        assert_eq!(kept.0, "On Monday, says the lantern.");
        // Once more is the same.
        desk.submit_and_follow(&page, "/take-back", &[]).await.must_say("The message was taken back");
        assert_eq!(events(w, "message.withdrawn").await, 1);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let id = thread.rsplit('/').next().expect("an id");
        let list = program.get(&format!("/api/v1/threads/{id}/messages")).await.must_be(200).answer.json();
        assert_eq!((&list["messages"][1]["text"], list["messages"][1]["withdrawn_at"].is_string()), (&json!(""), true));
        // Sent again, and read: it stays.
        let page = desk.get(&path).await;
        desk.submit(&page, "/reply", &[]).await.must_be(303);
        let page = desk.get(&path).await;
        client.get(&thread).await.must_say("On Monday, says the lantern.");
        desk.submit_and_follow(&page, "/take-back", &[]).await.must_say("has been read and cannot be taken back");
        desk.get(&path).await.must_not_say("Take back");
        // Ten minutes, and no second more.
        answer(&mut desk, &path, "Or on Tuesday.").await.must_be(303);
        let page = desk.get(&path).await;
        w.clock.advance_seconds(601);
        let mut desk = w.staff(Role::FrontDesk).await;
        let fields = page.form("/take-back").fields.into_iter().filter(|(name, _)| name != "csrf");
        let csrf = desk.get(&path).await.form("/note").fields.into_iter().find(|(name, _)| name == "csrf").expect("a token");
        let late = desk.post_fields(&format!("{path}/take-back"), &fields.chain([csrf]).collect::<Vec<_>>()).await;
        desk.follow(&late).await.must_say("for ten minutes");
    }

    async fn case_76_files_come_back_into_the_draft_and_a_first_message_leaves_no_thread_for_the_client(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let thread = begun(&mut mother, "front_desk", "A question", "When?").await;
        let path = in_chart(&kim.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let mut fields = page.form("/reply").fields;
        fields.retain(|(name, _)| name != "text");
        fields.push(("text".into(), "Here is the plan.".into()));
        let page = desk.upload_fields(&format!("{path}/attach"), &fields, "plan.pdf", &pdf("Plan")).await;
        desk.submit(&page, "/reply", &[]).await.must_be(303);
        let page = desk.get(&path).await;
        let done = desk.submit_and_follow(&page, "/take-back", &[]).await;
        done.must_say("plan.pdf");
        desk.submit(&done, "/reply", &[]).await.must_be(303);
        mother.get(&thread).await.must_say("Here is the plan.").must_say("plan.pdf");

        // A thread that staff began, and took back before it was seen.
        let new = format!("/staff/charts/{}/messages/new", kim.chart_id);
        let form = desk.get(&new).await;
        let sent = desk.submit(&form, &new, &[("subject", "Canary subject"), ("text", "Canary words.")]).await;
        let page = desk.follow(&sent).await;
        mother.get("/portal").await.must_say("New message: Canary subject");
        let form = desk.submit_and_follow(&page, "/take-back", &[]).await;
        form.must_say("in your draft").must_say("Canary words.");
        assert!(form.html().contains("value=\"Canary subject\""), "{}", form.words());
        let own = sent.location().expect("a thread").split('?').next().unwrap_or_default().to_owned();
        let page = desk.get(&own).await;
        page.must_say("the client never saw this conversation");
        assert!(!page.has_form("/reply"), "nobody would read an answer");
        for path in ["/portal", "/portal/messages", "/portal/messages?q=canary"] {
            mother.get(path).await.must_be(200).must_not_say("Canary");
        }
        let gone = format!("/portal/messages/{}", own.rsplit('/').next().unwrap_or_default());
        mother.get(&gone).await.must_be(404);
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 0, "what was taken back is no news, and the rest was read");
        desk.submit(&form, &new, &[]).await.must_be(303);
        let parties: i64 = w.look(|c| thread_party::table.count().get_result(c)).await;
        assert_eq!(parties, 2);
    }

    async fn case_76_a_message_is_read_or_taken_back_and_never_both(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let (mut read, mut taken) = (0, 0);
        for round in 0..12 {
            let text = format!("Answer number {round}.");
            answer(&mut desk, &path, &text).await.must_be(303);
            let page = desk.get(&path).await;
            let (seen, done) = tokio::join!(client.get(&thread), desk.submit(&page, "/take-back", &[]));
            let is_taken = done.location().is_some_and(|to| to.contains("message-taken-back"));
            assert_ne!(seen.says(&text), is_taken, "round {round}: {:?}", done.location());
            read += i32::from(!is_taken);
            taken += i32::from(is_taken);
        }
        assert_eq!(read + taken, 12);
    }

    async fn case_78_and_80_a_message_taken_back_lowers_the_count_and_makes_no_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        answer(&mut desk, &path, "On Monday.").await.must_be(303);
        for page in ["/portal", "/portal/messages"] {
            client.get(page).await.must_say("New");
        }
        let page = desk.get(&path).await;
        desk.submit(&page, "/take-back", &[]).await.must_be(303);
        client.get("/portal").await.must_not_say("New message");
        let list = client.get("/portal/messages").await;
        assert!(!list.html().contains("tag-attention"), "{}", list.words());
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!((notices(w).await, planned(w, "message-notice").await), (0, 0));
        // Between the queue and the mail server.
        w.stop_sending().await;
        let page = desk.get(&path).await;
        desk.submit(&page, "/reply", &[]).await.must_be(303);
        w.clock.advance_seconds(300);
        w.run_due_jobs().await;
        assert_eq!(notices(w).await, 1);
        let page = desk.get(&path).await;
        desk.submit(&page, "/take-back", &[]).await.must_be(303);
        assert_eq!(w.unread_to(&ana.email).await, 0);
        let state: String = w.look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).select(outbox::state).first(c)).await;
        assert_eq!(state, "cancelled");
    }

    async fn case_85_a_moved_thread_is_due_as_its_new_audience_promises_from_the_old_question_on(w: &mut World) {
        // It is Tuesday, December 1, 10:00 in New York.
        policy(w, Policy { desk_reply_days: 1, clinician_reply_days: 3, ..Policy::default() }).await;
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        assert_eq!(due(w).await, Some(moment("2026-12-02T15:00:00Z")));
        w.clock.advance_seconds(4 * 3_600);
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&format!("{path}/move")).await;
        form.must_say("Casey").must_say("It is now with: Front desk");
        desk.submit(&form, "/move", &[("to", "nobody")]).await.must_be(422).must_say("Choose somebody else");
        let to = casey(w).to_string();
        let moved = desk.submit(&form, "/move", &[("to", &to), ("earlier", "yes")]).await;
        desk.follow(&moved).await.must_say("The conversation was moved");
        assert_eq!(due(w).await, Some(moment("2026-12-04T15:00:00Z")), "three days from the question");
        assert_eq!(planned(w, "message-late").await, 1);
        let mut client = sign_in(w, &who.name).await;
        client.get(&thread).await.must_say("We answer by Friday, December 4.").must_say("From here on this conversation is with: Casey");
        w.clock.advance_seconds(24 * 3_600);
        w.run_due_jobs().await;
        let late: i64 = w.look(|c| outbox::table.filter(outbox::kind.eq("messages.late")).count().get_result(c)).await;
        assert_eq!(late, 0, "the old promise is dropped");
        // Back to the desk, whose day is over by now.
        let mut clinician = w.staff(Role::Clinician).await;
        let form = clinician.get(&format!("{path}/move")).await;
        clinician.submit(&form, "/move", &[("to", "front_desk"), ("earlier", "yes")]).await.must_be(303);
        assert_eq!(due(w).await, Some(moment("2026-12-02T15:00:00Z")));
        w.staff(Role::FrontDesk).await.get("/staff/messages?state=late").await.must_say("A question");
        // A thread that waits for nobody does not begin to wait.
        practice_writes(w, &thread, "At six.").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&format!("{path}/move")).await;
        desk.submit(&form, "/move", &[("to", &to)]).await.must_be(303);
        assert_eq!((due(w).await, planned(w, "message-late").await), (None, 0));
        assert_eq!(events(w, "thread.transferred").await, 3);
        let mut client = sign_in(w, &who.name).await;
        client.get("/portal").await.must_say("New message");
        client.get(&thread).await.must_say("At six.");
    }

    async fn a_moved_thread_shows_its_new_readers_nothing_from_before_unless_that_was_ticked(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut clinician = w.staff(Role::Clinician).await;
        let page = clinician.get(&path).await;
        clinician.submit(&page, "/no-reply-needed", &[]).await.must_be(303);
        let form = clinician.get(&format!("{path}/move")).await;
        clinician.submit(&form, "/move", &[("to", "front_desk")]).await.must_be(303);
        clinician.get("/staff/messages").await.must_not_say("Canary");
        write(&mut client, &thread, "Only about the form, please.").await.must_be(303);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let id = thread.rsplit('/').next().expect("an id");
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("Only about the form, please.").must_say("was for somebody else");
        let seen = [
            page,
            desk.get("/staff/messages").await,
            desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await,
            desk.get(&format!("{path}?before=99")).await,
            desk.get(&format!("{path}/print")).await,
            program.get(&format!("/api/v1/threads/{id}/messages")).await,
            program.get(&format!("/api/v1/charts/{}/threads", ana.chart_id)).await,
        ];
        for page in seen {
            assert!(!page.must_be(200).html().contains("Canary"), "{}: {}", page.path, page.words());
        }
        let (none, other) = (desk.get("/staff/messages/search?q=canary").await, desk.get("/staff/messages/search?q=xyzzy").await);
        assert_eq!(none.html().replace("canary", "xyzzy"), other.html());
        desk.get("/staff/messages/search?q=form").await.must_say("Ana Duarte");
        // Whoever gets it next reads no more of it than the desk did.
        let form = desk.get(&format!("{path}/move")).await;
        let to = w.riverbend.member(Role::Administrator).staff_id.to_string();
        desk.submit(&form, "/move", &[("to", &to), ("earlier", "yes")]).await.must_be(303);
        let page = w.staff(Role::Administrator).await.get(&path).await;
        page.must_say("Only about the form, please.").must_not_say("Canary");
        // The client reads all of it.
        client.get(&thread).await.must_say("Canary words.").must_say("Only about the form, please.");
    }

    async fn a_question_that_waits_is_read_by_whoever_answers_it_and_who_had_the_thread_reads_their_part_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let casey_id = casey(w).to_string();
        let thread = begun(&mut client, &casey_id, "About Tuesday", "Canary words.").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut clinician = w.staff(Role::Clinician).await;
        let page = clinician.get(&path).await;
        clinician.submit(&page, "/reply", &[("text", "Thank you.")]).await.must_be(303);
        w.clock.advance_seconds(3_600);
        let mut client = sign_in(w, &who.name).await;
        write(&mut client, &thread, "Which form do you need?").await.must_be(303);
        w.clock.advance_seconds(60);
        write(&mut client, &thread, "The blue one?").await.must_be(303);
        // The desk gets the question, both parts of it, and nothing from before.
        let mut clinician = w.staff(Role::Clinician).await;
        let form = clinician.get(&format!("{path}/move")).await;
        form.must_say("Ana Duarte").must_say("A question waits for an answer.");
        clinician.submit(&form, "/move", &[("to", "front_desk")]).await.must_be(303);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("Which form do you need?").must_say("The blue one?").must_not_say("Canary").must_not_say("About Tuesday");
        desk.submit(&page, "/reply", &[("text", "The blue one.")]).await.must_be(303);
        // Somebody who never had it reads no more than the desk did, even with all of it.
        let form = desk.get(&format!("{path}/move")).await;
        form.must_not_say("A question waits");
        let admin_id = w.riverbend.member(Role::Administrator).staff_id.to_string();
        desk.submit(&form, "/move", &[("to", &admin_id), ("earlier", "yes")]).await.must_be(303);
        let mut admin = w.staff(Role::Administrator).await;
        admin.get(&path).await.must_say("Which form do you need?").must_not_say("Canary");
        // Back with the clinician, who reads again what was written to them; and nothing without the tick.
        let form = admin.get(&format!("{path}/move")).await;
        admin.submit(&form, "/move", &[("to", &casey_id), ("earlier", "yes")]).await.must_be(303);
        let mut clinician = w.staff(Role::Clinician).await;
        let page = clinician.get(&path).await;
        page.must_say("Canary words.").must_say("About Tuesday").must_say("Which form do you need?");
        let form = clinician.get(&format!("{path}/move")).await;
        clinician.submit(&form, "/move", &[("to", "front_desk")]).await.must_be(303);
        desk.get(&path).await.must_not_say("Canary").must_not_say("Which form do you need?");
    }

    async fn closing_an_unanswered_conversation_is_asked_about_first(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let asked = desk.submit(&page, "/close", &[]).await;
        asked.must_be(200).must_say("Close without an answer?").must_say("Ana Duarte");
        assert_eq!(standing(w).await.0, "open");
        let done = desk.submit_and_follow(&asked, "/close", &[("sure", "yes")]).await;
        done.must_say("This conversation is closed. A new message opens it again.");
        assert_eq!(standing(w).await.0, "closed");
        client.get(&thread).await.must_say("This conversation is closed. A new message opens it again.");
        // What is answered is closed at once.
        write(&mut client, &thread, "Still there?").await.must_be(303);
        let page = desk.get(&path).await;
        desk.submit(&page, "/reply", &[("text", "Yes.")]).await.must_be(303);
        let page = desk.get(&path).await;
        desk.submit(&page, "/close", &[]).await.must_be(303);
    }

    async fn case_87_a_clinician_leaves_with_twelve_threads_and_none_stays_hidden(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        people::appointment(w, &ana.chart_id, 48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let casey_id = casey(w).to_string();
        let mut threads = Vec::new();
        for n in 0..12 {
            threads.push(begun(&mut client, &casey_id, &format!("Question {n}"), &format!("Canary words {n}.")).await);
        }
        let mut clinician = w.staff(Role::Clinician).await;
        let page = clinician.get(&in_chart(&ana.chart_id, &threads[11])).await;
        clinician.submit(&page, "/close", &[("sure", "yes")]).await.must_be(303);
        let mut admin = w.staff(Role::Administrator).await;
        let disable = format!("/staff/team/{casey_id}/disable");
        let page = admin.get(&disable).await;
        page.must_say("11 open conversations").must_say("One closed conversation").must_say("Appointments ahead: 1");
        page.must_say("Still with Casey Moreno").must_say("Open conversations with clients: 11").must_say("Ana Duarte");
        page.must_not_say("Open requests");
        assert!(page.link("/staff/appointments/").starts_with("/staff/appointments/"));
        let undecided = admin.submit(&page, "/disable", &[]).await;
        undecided.must_be(422).must_say("Choose who answers their conversations");
        clinician.get("/staff/me").await.must_be(200);
        let theirs = admin.submit(&page, "/disable", &[("to", &casey_id)]).await;
        theirs.must_be(422);
        let successor = w.riverbend.member(Role::Administrator).clone();
        let done = admin.submit_and_follow(&page, "/disable", &[("to", &successor.staff_id.to_string())]).await;
        done.must_say("They can no longer sign in");
        let left: i64 = w
            .look({
                let casey = casey(w);
                move |c| message_thread::table.filter(message_thread::staff_id.eq(Some(casey))).count().get_result(c)
            })
            .await;
        assert_eq!(left, 0);
        assert_eq!((events(w, "staff.handed_over").await, events(w, "thread.transferred").await), (1, 12));
        let queue = admin.get("/staff/messages?box=mine").await;
        assert_eq!(queue.words().matches("Ana Duarte").count(), 11, "{}", queue.words());
        for (at, thread) in threads.iter().enumerate() {
            let page = client.get(thread).await;
            page.must_say("From here on this conversation is with:").must_say("Canary words").must_not_say("disabled");
            page.must_not_say("handed");
            // A question that waits comes along; what is answered or closed was for somebody else.
            let page = admin.get(&in_chart(&ana.chart_id, thread)).await;
            match at {
                11 => page.must_be(200).must_not_say("Canary").must_not_say("Question"),
                _ => page.must_be(200).must_say("Canary words"),
            };
        }
        // What clients write later reaches the successor, in the closed one too.
        for thread in [&threads[0], &threads[11]] {
            write(&mut client, thread, "Who reads this now?").await.must_be(303);
            admin.get(&in_chart(&ana.chart_id, thread)).await.must_say("Who reads this now?");
        }
        let closed = admin.get("/staff/messages?box=mine").await;
        assert_eq!(closed.words().matches("Ana Duarte").count(), 12, "{}", closed.words());
        client.get(NEW).await.must_not_say("Casey");
        // Nothing is left to hand over.
        admin.get(&disable).await.must_say("There is nothing left to hand over here");
    }

    async fn a_thread_that_begins_while_its_clinician_leaves_is_not_left_behind(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let casey_id = casey(w).to_string();
        begun(&mut client, &casey_id, "A question", "When?").await;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&format!("/staff/team/{casey_id}/disable")).await;
        let form = client.get(NEW).await;
        let typed = [("to", casey_id.as_str()), ("subject", "Another"), ("text", "Where?")];
        let (disabled, sent) =
            tokio::join!(admin.submit(&page, "/disable", &[("to", "front_desk")]), client.submit(&form, NEW, &typed));
        disabled.must_be(303);
        assert!(matches!(sent.status(), 303 | 422), "{}", sent.status());
        let casey = casey(w);
        let left: i64 = w.look(move |c| message_thread::table.filter(message_thread::staff_id.eq(Some(casey))).count().get_result(c)).await;
        assert_eq!(left, 0);
    }

    async fn an_administrator_reads_a_clinicians_thread_with_a_reason_for_an_hour_and_the_client_sees_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let path = in_chart(&ana.chart_id, &thread);
        let reason = format!("{path}/reason");
        for role in [Role::FrontDesk, Role::Clinician] {
            w.staff(role).await.get(&reason).await.must_be(404).must_not_say("Canary");
        }
        let mut admin = w.staff(Role::Administrator).await;
        admin.get(&path).await.must_be(404);
        assert_eq!(admin.get("/staff/messages?box=clinicians").await.link("/reason"), reason);
        let form = admin.get(&reason).await;
        form.must_say("Casey").must_not_say("Canary");
        admin.submit(&form, "/reason", &[("reason", " ")]).await.must_be(422).must_say("Say why");
        admin.get(&path).await.must_be(404);
        let opened = admin.submit(&form, "/reason", &[("reason", "Complaint of May 4.")]).await;
        let page = admin.follow(&opened).await;
        page.must_say("Canary words.").must_say("This conversation is not yours").must_not_say("Your answer");
        assert!(!page.has_form("/reply") && !page.has_form("/note") && !page.has_form("/close"));
        // To read, and nothing else.
        let csrf = admin.get("/staff/me").await.form("/staff/sign-out").fields;
        let csrf = csrf.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        let mark = "1".repeat(32);
        for (act, more) in [("reply", ("text", "Mine.")), ("note", ("note", "Mine.")), ("move", ("to", "front_desk")), ("draft", ("text", "Mine."))] {
            let typed = [("csrf", csrf.as_str()), more];
            let typed: Vec<_> = typed.into_iter().chain(matches!(act, "reply" | "note").then_some(("mark", mark.as_str()))).collect();
            admin.post(&format!("{path}/{act}"), &typed).await.must_be(404);
        }
        admin.get("/staff/messages/search?q=canary").await.must_say("No message has");
        w.staff(Role::FrontDesk).await.get(&path).await.must_be(404);
        let details: String = w
            .look(|c| audit_event::table.filter(audit_event::action.eq("thread.opened_with_reason")).select(audit_event::details).first(c))
            .await;
        assert!(details.contains("Complaint of May 4.") && !details.contains("Canary"), "{details}");
        let log = client.get("/portal/who-looked").await;
        log.must_say("opened a conversation that was not theirs, and gave a reason").must_not_say("Complaint");
        // It is over after an hour.
        w.clock.advance_seconds(3_601);
        w.staff(Role::Administrator).await.get(&path).await.must_be(404);
        // What is theirs anyway needs no reason.
        let mut client = sign_in(w, &who.name).await;
        let desks = begun(&mut client, "front_desk", "A form", "Which one?").await;
        let mut admin = w.staff(Role::Administrator).await;
        admin.get(&format!("{}/reason", in_chart(&ana.chart_id, &desks))).await.must_say("You read this conversation anyway");
    }

    async fn a_thread_is_printed_and_kept_as_a_tagged_pdf_by_whoever_reads_it(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let thread = begun(&mut mother, "front_desk", "Custody papers", "First line.\n\nSecond paragraph: ñandú.").await;
        for n in 0..60 {
            practice_writes(w, &thread, &format!("Answer number {n}.")).await;
        }
        let path = in_chart(&kim.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        for (browser, here) in [(&mut mother, thread.clone()), (&mut desk, path.clone())] {
            let page = browser.get(&here).await;
            page.must_say("Download as PDF");
            let page = browser.get(&page.link("/print")).await;
            page.must_be(200).must_say("First line.").must_say("Answer number 59.").must_say("Printed on").must_not_say("Your answer");
            let file = browser.get(&page.link("/pdf")).await;
            assert_eq!(file.must_be(200).answer.header("content-type"), Some("application/pdf"));
            if let Some(facts) = told_of_pdf("pdfinfo", &[], &file.answer.body) {
                assert!(facts.lines().any(|line| line.starts_with("Tagged:") && line.ends_with("yes")), "{facts}");
            }
            if let Some(text) = text_of_pdf(&file.answer.body) {
                for words in ["Custody papers", "First line.", "Second paragraph: ñandú.", "Answer number 0.", "Answer number 59."] {
                    assert!(text.contains(words), "{words} is missing: {text}");
                }
            }
        }
        assert_eq!(events(w, "thread.exported").await, 4);
        // Nobody else's.
        for path in [format!("{thread}/print"), format!("{thread}/pdf")] {
            father.get(&path).await.must_be(404);
        }
        for page in ["print", "pdf"] {
            w.staff(Role::Biller).await.get(&format!("{path}/{page}")).await.must_be(404);
        }
        // After the end of a part, what was read until then.
        w.tamper(|c| diesel::update(thread_party::table).set(thread_party::until_seq.eq(Some(2))).execute(c)).await;
        mother.get(&format!("{thread}/print")).await.must_say("First line.").must_not_say("Answer number");
        mother.get(&format!("{thread}/print?lang=es")).await.must_say("Impreso el");
    }

    async fn a_program_gives_a_thread_of_the_desk_to_a_clinician_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let id = thread.rsplit('/').next().expect("an id").to_owned();
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let mut program = caller.clone().with("idempotency-key", "one");
        let path = format!("/api/v1/threads/{id}/transfer");
        let send = async |program: &mut Browser, body: serde_json::Value| {
            program.send("POST", &path, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let mut other = caller.clone().with("idempotency-key", "two");
        let wrong = send(&mut other, json!({ "staff_id": w.riverbend.member(Role::Biller).staff_id.to_string() })).await;
        assert_eq!(wrong.must_be(422).answer.json()["errors"][0]["pointer"], "/staff_id");
        let mut other = caller.clone().with("idempotency-key", "three");
        send(&mut other, json!({ "staff_id": null })).await.must_be(422);
        for _ in 0..2 {
            let moved = send(&mut program, json!({ "staff_id": casey(w).to_string(), "with_earlier": true })).await;
            let moved = moved.must_be(200).answer.json();
            assert_eq!((&moved["audience"], &moved["subject"]), (&json!("clinician"), &json!(null)));
        }
        assert_eq!(events(w, "thread.transferred").await, 1);
        program.get(&format!("/api/v1/threads/{id}/messages")).await.must_be(404);
        w.staff(Role::Clinician).await.get(&in_chart(&ana.chart_id, &thread)).await.must_say("When?");
        let lines: i64 = w.look(|c| message::table.filter(message::kind.eq("moved")).count().get_result(c)).await;
        assert_eq!(lines, 1);
    }
}
