//! Who takes part in a thread: billing as its audience, somebody who joins, and what was written while somebody could not
//! read.

use anteroom::features::access::lifecycle::State;
use anteroom::kernel::ids::{AccessId, ChartId};
use anteroom::platform::db::schema::{
    audit_event, message, message_attachment, message_thread, outbox, portal_access, upload,
};
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::messages::{answer, begun, id_of, in_chart, practice_writes, representative, write};
use crate::portal_people::{self as people, enrolled, events, grant, set_state, sign_in};
use crate::stories;
use crate::support::papers::pdf;
use crate::support::{Browser, Page, World};

const NEW: &str = "/portal/messages/new";

/// A representative with these rights, signed in, and their grant.
pub async fn with_rights(
    w: &mut World,
    first: &str,
    chart: &ChartId,
    rights: &[Right],
) -> (Browser, AccessId) {
    let person = w.chart(first, "Serrano").await;
    let account = people::account(w, &person.email).await;
    let scope = w.riverbend.scope.clone();
    let access = grant(w, &scope, &account, &person.person_id, chart, Some(rights)).await;
    (sign_in(w, &person.email).await, access)
}

/// Gives a grant other rights behind the application's back.
async fn rights_of(w: &World, access: AccessId, rights: &'static str) {
    w.tamper(move |c| {
        diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
            .set(portal_access::rights.eq(rights))
            .execute(c)
    })
    .await;
}

pub async fn mails_of(w: &World, kind: &'static str) -> Vec<String> {
    let mut to: Vec<String> =
        w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).select(outbox::recipient).load(c)).await;
    to.sort();
    to
}

pub fn word(page: &Page) -> String {
    let problem = page.answer.json();
    problem["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned()
}

/// Lets somebody join by the page of staff.
pub async fn join(staff: &mut Browser, path: &str, access: AccessId, earlier: &str) -> Page {
    let form = staff.get(&format!("{path}/people")).await;
    let access = access.to_string();
    let mut typed = vec![("holder", access.as_str()), ("reason", "Both parents asked for it.")];
    if !earlier.is_empty() {
        typed.push(("earlier", earlier));
    }
    staff.submit(&form, "/people", &typed).await
}

stories! {
    async fn what_goes_to_billing_is_read_and_answered_by_billing_and_nobody_else_sees_a_word(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        client.get(NEW).await.must_say("Billing: usually within 3 business days").must_say("Billing and the administrators can read it, and no clinician.");
        let thread = begun(&mut client, "billing", "Canary invoice", "Canary words.").await;
        let page = client.get(&thread).await;
        page.must_say("You can read this, and at the practice billing and the administrators.");
        page.must_say("We answer by Friday, December 4.");
        let path = in_chart(&ana.chart_id, &thread);
        // The biller has a queue, a number beside it, and nobody else's threads.
        let desks = begun(&mut client, "front_desk", "A form", "Lantern words.").await;
        let caseys = begun(&mut client, &casey(w).to_string(), "Last time", "Lantern words too.").await;
        let mut biller = w.staff(Role::Biller).await;
        let queue = biller.get("/staff/messages").await;
        queue.must_say("Ana Duarte").must_say("Canary invoice").must_say("New").must_say("1 waiting for an answer");
        queue.must_not_say("A form").must_not_say("Last time");
        for of in [&desks, &caseys] {
            biller.get(&in_chart(&ana.chart_id, of)).await.must_be(404).must_not_say("Lantern");
        }
        for list in ["front_desk", "mine", "clinicians", "covered"] {
            biller.get(&format!("/staff/messages?box={list}")).await.must_not_say("A form").must_not_say("Last time");
        }
        biller.get("/staff/messages/search?q=lantern").await.must_say("No message has");
        biller.get("/staff/messages/search?q=canary").await.must_say("Canary invoice");
        let tab = biller.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("Canary invoice").must_not_say("A form").must_not_say("Last time");
        // Administrators read it, the front desk sees that it waits, clinicians not that it exists.
        w.staff(Role::Administrator).await.get(&path).await.must_be(200).must_say("Canary words.");
        let mut desk = w.staff(Role::FrontDesk).await;
        let queue = desk.get("/staff/messages?box=billing").await;
        queue.must_say("Ana Duarte").must_say("Waiting for the practice").must_say("Billing and the administrators read it");
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("With: Billing").must_say("Private");
        desk.get("/staff/messages").await.must_say("1 waiting for an answer");
        let mut clinician = w.staff(Role::Clinician).await;
        let theirs = clinician.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        theirs.must_not_say("Billing:").must_not_say("With: Billing");
        for page in [queue, tab, theirs, clinician.get("/staff/messages?box=billing").await] {
            assert!(!page.html().contains("Canary"), "{}: {}", page.path, page.words());
        }
        for staff in [&mut desk, &mut clinician] {
            for page in ["", "/reason", "/move", "/people", "/print", "/pdf", "/live"] {
                staff.get(&format!("{path}{page}")).await.must_be(404).must_not_say("Canary");
            }
            staff.get("/staff/messages/search?q=canary").await.must_say("No message has");
        }
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let list = program.get(&format!("/api/v1/charts/{}/threads", ana.chart_id)).await;
        assert!(!list.must_be(200).html().contains("Canary"));
        let list = list.answer.json();
        let of = list["threads"].as_array().expect("threads").iter().find(|each| each["audience"] == "billing");
        assert_eq!(of.map(|each| (&each["subject"], &each["waiting"])), Some((&json!(null), &json!("practice"))));
        program.get(&format!("/api/v1/threads/{}/messages", id_of(&thread))).await.must_be(404);
        // Late: billing hears of it first.
        let left = moment("2026-12-04T15:00:00Z").seconds_since(w.now());
        w.clock.advance_seconds(u32::try_from(left).expect("ahead"));
        let stopped: Vec<String> = mails_of(w, "messages.late").await;
        w.run_due_jobs().await;
        let biller_mail = w.riverbend.member(Role::Biller).email.clone();
        let told: Vec<String> = mails_of(w, "messages.late").await.into_iter().filter(|to| *to == biller_mail).collect();
        assert_eq!((stopped.len(), told.len()), (0, 1));
        let mut biller = w.staff(Role::Biller).await;
        biller.get("/staff/messages?box=billing&state=late").await.must_say("Canary invoice").must_say("Late");
        biller.get("/staff/worklist").await.must_say("longer than clients were told: 1");
        // Answered.
        answer(&mut biller, &path, "It is paid.").await.must_be(303);
        let mut client = sign_in(w, &who.name).await;
        client.get("/portal").await.must_say("New message: Canary invoice");
        client.get(&thread).await.must_say("It is paid.").must_say("Answered");
        // Billing begins a thread too, in no other name.
        let new = format!("/staff/charts/{}/messages/new", ana.chart_id);
        let form = biller.get(&new).await;
        form.must_say("Billing").must_not_say("The front desk");
        let typed = [("from", "front_desk"), ("subject", "Your bill"), ("text", "One question.")];
        biller.submit(&form, &new, &typed).await.must_be(422);
        let made = biller.submit(&form, &new, &[("subject", "Your bill"), ("text", "One question.")]).await;
        biller.follow(&made).await.must_say("Read by: Ana Duarte, Billing");
        client.get("/portal/messages").await.must_say("Your bill").must_say("Billing");
    }

    async fn a_thread_with_billing_is_there_for_those_alone_whose_grant_opens_billing(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, access) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages, Right::Billing]).await;
        let (mut father, _) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let form = father.get(NEW).await;
        form.must_not_say("Billing");
        father.submit(&form, NEW, &[("to", "billing"), ("subject", "A bill"), ("text", "How much?")]).await.must_be(404);
        let thread = begun(&mut mother, "billing", "Canary invoice", "Canary words.").await;
        let page = mother.get(&thread).await;
        let fields = page.form(&thread).fields;
        let page = mother.upload_fields(&format!("{thread}/attach"), &fields, "canary.pdf", &pdf("Canary")).await;
        mother.submit(&page, &thread, &[("text", "Here.")]).await.must_be(303);
        let open = mother.get(&thread).await;
        let link = open.link("/files/");
        mother.get(&link).await.must_be(200);
        let path = in_chart(&kim.chart_id, &thread);
        let mut biller = w.staff(Role::Biller).await;
        answer(&mut biller, &path, "Canary answer.").await.must_be(303);
        // Without the right nothing of it is there: no page, file, print, search, count, draft or mail.
        rights_of(w, access, "messages").await;
        biller.get(&path).await.must_say("Cannot read messages at the moment: Mara Serrano");
        for page in [thread.clone(), link.clone(), format!("{thread}/print"), format!("{thread}/pdf"), format!("{thread}/live")] {
            mother.get(&page).await.must_be(404).must_not_say("Canary");
        }
        for page in ["/portal", "/portal/messages", "/portal/messages?q=canary"] {
            mother.get(page).await.must_be(200).must_not_say("Canary").must_not_say("New message");
        }
        mother.submit(&open, &thread, &[("text", "Once more.")]).await.must_be(404);
        let drafted = mother.post_fields(&format!("{thread}/draft"), &open.form(&thread).fields).await;
        drafted.must_be(404);
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        assert_eq!(mails_of(w, "messages.notice").await, Vec::<String>::new());
        answer(&mut w.staff(Role::Biller).await, &path, "Written meanwhile.").await.must_be(303);
        // With it again: the old words, and not those from in between.
        rights_of(w, access, "messages billing").await;
        let page = mother.get(&thread).await;
        page.must_be(200).must_say("Canary answer.").must_not_say("Written meanwhile.");
        mother.get(&link).await.must_be(200);
        // Moved to the front desk it is theirs by the right to messages alone, and what they missed stays missed.
        let mut biller = w.staff(Role::Biller).await;
        let form = biller.get(&format!("{path}/move")).await;
        biller.submit(&form, "/move", &[("to", "front_desk")]).await.must_be(303);
        rights_of(w, access, "messages").await;
        let page = mother.get(&thread).await;
        page.must_say("From here on this conversation is with: Front desk").must_not_say("Written meanwhile.");
        // Back to billing it would be gone for her: refused, and said why.
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&format!("{path}/move")).await;
        desk.submit(&form, "/move", &[("to", "billing")]).await.must_be(422).must_say("could no longer read");
        rights_of(w, access, "messages billing").await;
        desk.submit(&form, "/move", &[("to", "billing"), ("earlier", "yes")]).await.must_be(303);
        desk.get(&path).await.must_be(404);
        mother.get(&thread).await.must_say("From here on this conversation is with: Billing");
        // Nobody writes to somebody about billing who does not see it.
        let new = format!("/staff/charts/{}/messages/new", kim.chart_id);
        let mut biller = w.staff(Role::Biller).await;
        let form = biller.get(&new).await;
        form.must_say("Mara Serrano").must_not_say("Pablo");
        let pablo: AccessId = w
            .look(|c| portal_access::table.filter(portal_access::rights.eq("messages")).select(portal_access::access_id).first(c))
            .await;
        let typed = [("holder", pablo.to_string()), ("subject", "A bill".into()), ("text", "Pay.".into())];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        biller.submit(&form, &new, &typed).await.must_be(422).must_say("see billing in the portal");
    }

    async fn case_70_what_was_written_while_a_grant_was_revoked_is_not_read_later(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "Old words.").await;
        let path = in_chart(&ana.chart_id, &thread);
        people::revoke(w, &who.access).await;
        for page in [&thread, &format!("{thread}/print"), &format!("{thread}/live")] {
            assert_ne!(client.get(page).await.status(), 200, "{page}");
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("Cannot read messages at the moment: Ana Duarte");
        let fields = page.form("/reply").fields;
        let page = desk.upload_fields(&format!("{path}/attach"), &fields, "between.pdf", &pdf("Between")).await;
        desk.submit(&page, "/reply", &[("text", "Lantern in between.")]).await.must_be(303);
        let missed = desk.get(&path).await.link("/files/");
        set_state(w, &who.access, State::Active).await;
        desk.get(&path).await.must_not_say("Cannot read messages");
        let mut client = sign_in(w, &who.name).await;
        client.get("/portal").await.must_not_say("New message");
        let file = missed.rsplit('/').next().expect("a file");
        client.get(&format!("{thread}/files/{file}")).await.must_be(404);
        for page in [thread.clone(), format!("{thread}/print"), "/portal/messages".into()] {
            let page = client.get(&page).await;
            page.must_be(200).must_not_say("Lantern").must_not_say("between.pdf");
        }
        client.get(&thread).await.must_say("Old words.");
        client.get("/portal/messages?q=lantern").await.must_say("No message has");
        client.get("/portal/messages?q=old").await.must_say("A question");
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        assert_eq!(mails_of(w, "messages.notice").await.len(), 0);
        // What comes from here on is theirs, and the page that was open from before writes again.
        practice_writes(w, &thread, "Written afterwards.").await;
        let mut client = sign_in(w, &who.name).await;
        client.get("/portal").await.must_say("New message");
        client.get(&thread).await.must_say("Written afterwards.").must_not_say("Lantern");
        write(&mut client, &thread, "Here again.").await.must_be(303);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_say("Lantern in between.").must_say("Here again.");
    }

    async fn somebody_joins_a_thread_for_a_reason_and_everybody_in_it_is_told(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, _) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages]).await;
        let (mut father, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let (_, elsewhere) = with_rights(w, "Nadia", &kim.chart_id, &[Right::Documents]).await;
        let bob = w.chart("Bob", "Reyes").await;
        let foreign = enrolled(w, &bob).await.access;
        let thread = begun(&mut mother, "front_desk", "Canary subject", "Canary words.").await;
        let path = in_chart(&kim.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_say("People…");
        let page = desk.get(&format!("{path}/people")).await;
        page.must_say("Mara Serrano").must_say("Pablo Serrano").must_not_say("Nadia").must_not_say("Bob");
        page.must_say("orders of a court");
        desk.submit(&page, "/people", &[("holder", ""), ("reason", " ")]).await.must_be(422).must_say("Choose somebody from the list").must_say("Say why");
        for other in [elsewhere, foreign] {
            join(&mut desk, &path, other, "").await.must_be(422).must_say("Choose somebody from the list");
        }
        father.get(&thread).await.must_be(404);
        w.clock.advance_seconds(1);
        let done = join(&mut desk, &path, pablo, "").await;
        let done = desk.follow(&done).await;
        done.must_say("Added.").must_say("Pablo Serrano can read and write in this conversation").must_say("Added by");
        done.must_say("Read by: Mara Serrano, Pablo Serrano, Front desk");
        // Twice is once; and how the thread stands did not change.
        assert_eq!(events(w, "thread.party_added").await, 1);
        let joined: i64 = w.look(|c| message::table.filter(message::kind.eq("joined")).count().get_result(c)).await;
        let standing: String = w.look(|c| message_thread::table.select(message_thread::waiting).first(c)).await;
        assert_eq!((joined, standing.as_str()), (1, "practice"));
        let details: String = w
            .look(|c| audit_event::table.filter(audit_event::action.eq("thread.party_added")).select(audit_event::details).first(c))
            .await;
        assert!(details.contains("Both parents asked for it.") && !details.contains("Canary"), "{details}");
        // Who was there is told, on the page, on home and by mail; who came reads from there on, and not the subject.
        mother.get("/portal").await.must_say("New message: Canary subject");
        w.clock.advance_seconds(301);
        w.run_due_jobs().await;
        assert_eq!(mails_of(w, "messages.notice").await.len(), 2);
        let page = mother.get(&thread).await;
        page.must_say("From here on Pablo Serrano can read and write").must_say("You and Pablo Serrano can read this");
        page.must_not_say("Both parents asked");
        father.get("/portal").await.must_say("A conversation that you joined later");
        for page in [thread.clone(), format!("{thread}/print"), "/portal/messages".into(), "/portal/messages?q=canary".into()] {
            father.get(&page).await.must_be(200).must_not_say("Canary");
        }
        father.get("/portal/messages?q=canary").await.must_say("No message has");
        father.get(&thread).await.must_say("You and Mara Serrano can read this");
        write(&mut father, &thread, "Here I am.").await.must_be(303);
        mother.get(&thread).await.must_say("Here I am.");
        desk.get(&path).await.must_say("Here I am.").must_say("Canary words.");
        // With what was written before; and never more than whoever lets them in reads.
        let other = begun(&mut mother, "front_desk", "School", "First words.").await;
        let other_path = in_chart(&kim.chart_id, &other);
        join(&mut desk, &other_path, pablo, "yes").await.must_be(303);
        father.get(&other).await.must_say("First words.").must_say("School").must_say("from its beginning");
        let third = begun(&mut mother, "front_desk", "Lantern subject", "Lantern words.").await;
        let third_path = in_chart(&kim.chart_id, &third);
        let page = desk.get(&third_path).await;
        desk.submit(&page, "/no-reply-needed", &[]).await.must_be(303);
        let form = desk.get(&format!("{third_path}/move")).await;
        let to = w.riverbend.member(Role::Administrator).staff_id.to_string();
        desk.submit(&form, "/move", &[("to", &to)]).await.must_be(303);
        desk.get(&format!("{third_path}/people")).await.must_be(404);
        let mut admin = w.staff(Role::Administrator).await;
        join(&mut admin, &third_path, pablo, "yes").await.must_be(303);
        father.get(&third).await.must_be(200).must_not_say("Lantern");
        mother.get(&third).await.must_say("Lantern words.");
        // By a program, once, and refused for who takes part.
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let fourth = begun(&mut mother, "front_desk", "A form", "Which one?").await;
        let send = async |mark: &str, thread: &str, body: serde_json::Value| {
            let mut program = caller.clone().with("idempotency-key", mark);
            let path = format!("/api/v1/threads/{}/parties", id_of(thread));
            program.send("POST", &path, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let new = json!({ "grant_id": pablo.to_string(), "with_earlier": true, "reason": "Asked for." });
        for _ in 0..2 {
            send("one", &fourth, new.clone()).await.must_be(200);
        }
        father.get(&fourth).await.must_say("Which one?");
        assert_eq!(word(send("two", &fourth, new.clone()).await.must_be(409)), "takes-part");
        let other = json!({ "grant_id": elsewhere.to_string(), "reason": "Asked for." });
        assert_eq!(word(send("three", &fourth, other).await.must_be(409)), "not-a-reader");
        let silent = json!({ "grant_id": pablo.to_string(), "reason": " " });
        assert_eq!(send("four", &fourth, silent).await.must_be(422).answer.json()["errors"][0]["pointer"], "/reason");
        send("five", &third, new).await.must_be(404);
    }

    async fn nobody_is_let_into_a_thread_by_who_does_not_read_it(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        people::appointment(w, &kim.chart_id, -48).await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let (mut father, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let thread = begun(&mut mother, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let path = in_chart(&kim.chart_id, &thread);
        for role in [Role::FrontDesk, Role::Administrator, Role::Biller] {
            let mut staff = w.staff(role).await;
            staff.get(&format!("{path}/people")).await.must_be(404).must_not_say("Canary");
            let csrf = staff.get("/staff/me").await.form("/staff/sign-out").fields;
            let csrf = csrf.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
            let access = pablo.to_string();
            let typed = [("csrf", csrf.as_str()), ("holder", &access), ("reason", "Because."), ("earlier", "yes")];
            staff.post(&format!("{path}/people"), &typed).await.must_be(404);
        }
        father.get(&thread).await.must_be(404);
        assert_eq!(events(w, "thread.party_added").await, 0);
        // The clinician may, and their notes stay among staff.
        let mut clinician = w.staff(Role::Clinician).await;
        let page = clinician.get(&path).await;
        clinician.submit(&page, "/note", &[("note", "Lantern note.")]).await.must_be(303);
        join(&mut clinician, &path, pablo, "yes").await.must_be(303);
        father.get(&thread).await.must_say("Canary words.").must_not_say("Lantern");
    }

    async fn case_76_a_program_takes_its_own_message_back_in_ten_minutes_and_unread(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let brought = caller
            .clone()
            .send("POST", &format!("/api/v1/charts/{}/uploads?name=card.pdf", ana.chart_id), Some(("application/pdf", &pdf("Card"))))
            .await;
        let brought = brought.must_be(201).answer.json()["id"].as_str().expect("an id").to_owned();
        let send = async |mark: &str, what: &str, body: serde_json::Value| {
            let mut program = caller.clone().with("idempotency-key", mark);
            let path = format!("/api/v1/threads/{}/{what}", id_of(&thread));
            program.send("POST", &path, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let first = json!({ "text": "Lantern, on Monday.", "seen": 1, "uploads": [brought] });
        send("one", "messages", first).await.must_be(200);
        for _ in 0..2 {
            let back = send("two", "take-back", json!({ "seq": 2 })).await;
            assert_eq!(back.must_be(200).answer.json()["waiting"], "practice");
        }
        send("three", "take-back", json!({ "seq": 2 })).await.must_be(200);
        assert_eq!(events(w, "message.withdrawn").await, 1);
        for page in ["/portal", "/portal/messages?q=lantern", &thread] {
            client.get(page).await.must_not_say("on Monday").must_not_say("New message");
        }
        let files: (i64, i64) = (
            w.look(|c| message_attachment::table.count().get_result(c)).await,
            w.look(|c| upload::table.count().get_result(c)).await,
        );
        assert_eq!(files, (0, 1), "the file waits for another message");
        // Nobody else's, none that was read, none after ten minutes.
        send("four", "take-back", json!({ "seq": 1 })).await.must_be(404);
        practice_writes(w, &thread, "From the desk.").await;
        send("five", "take-back", json!({ "seq": 3 })).await.must_be(404);
        send("six", "messages", json!({ "text": "At six.", "seen": 3 })).await.must_be(200);
        client.get(&thread).await.must_say("At six.");
        assert_eq!(word(send("seven", "take-back", json!({ "seq": 4 })).await.must_be(409)), "read-already");
        send("eight", "messages", json!({ "text": "At seven.", "seen": 4 })).await.must_be(200);
        w.clock.advance_seconds(601);
        assert_eq!(word(send("nine", "take-back", json!({ "seq": 5 })).await.must_be(409)), "too-late");
        send("ten", "take-back", json!({ "seq": 99 })).await.must_be(404);
    }
}
