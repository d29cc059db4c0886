//! What somebody reads once their part in a thread, or their access, has ended: what was written until then, and nothing
//! after it. And the practice's own words for a crisis.

use anteroom::features::access::lifecycle::State;
use anteroom::features::practice::Policy;
use anteroom::kernel::ids::{AccessId, PersonId};
use anteroom::platform::db::schema::{audit_event, message, message_thread, outbox, portal_access};
use anteroom::platform::mail::receiver::{Fault, Verb};
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::moment;
use crate::message_acts::policy;
use crate::message_cases::{line, sign_in_if_possible, until_ended};
use crate::message_parties::{join, mails_of, with_rights, word};
use crate::messages::{answer, begun, id_of, in_chart, practice_writes, write};
use crate::portal_people::{enrolled, events, set_state, sign_in};
use crate::rights::{Terms, mother_of, set};
use crate::stories;
use crate::support::papers::pdf;
use crate::support::{Browser, Page, World};

/// Ends somebody's part by the page of staff.
async fn end(staff: &mut Browser, path: &str, party: &str, why: &str) -> Page {
    let form = staff.get(&format!("{path}/people")).await;
    staff.submit(&form, "/people/end", &[("party", party), ("why", why)]).await
}

async fn holder(w: &World, access: AccessId) -> PersonId {
    w.look(move |c| {
        let one = portal_access::table.filter(portal_access::access_id.eq(access));
        one.select(portal_access::person_id).first(c)
    })
    .await
}

/// Makes today the day after the last one of an access.
async fn over(w: &World, access: AccessId) {
    let seconds = moment("2026-12-02T05:00:00Z").seconds_since(w.now());
    set(w, access, Terms { ends_on: Some("2026-12-01"), ..Terms::default() }).await;
    w.clock.advance_seconds(u32::try_from(seconds).expect("ahead") - 1);
}

stories! {
    async fn case_69_from_the_instant_after_their_last_day_somebody_reads_their_own_messages_and_writes_none(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, mara) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages, Right::Documents]).await;
        let (mut father, _) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let (_, nadia) = with_rights(w, "Nadia", &kim.chart_id, &[Right::Messages]).await;
        let thread = begun(&mut mother, "front_desk", "Lantern talk", "Words of the mother.").await;
        let path = in_chart(&kim.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let page = desk.upload_fields(&format!("{path}/attach"), &page.form("/reply").fields, "plan.pdf", &pdf("Plan")).await;
        desk.submit(&page, "/reply", &[("text", "The plan.")]).await.must_be(303);
        let file = mother.get(&thread).await.link("/files/");
        let theirs = begun(&mut father, "front_desk", "Canary of the father", "Canary words.").await;
        // Until the last second of the last day they write; the next one they do not. No job runs.
        over(w, mara).await;
        let mut mother = sign_in(w, "mara.serrano@example.com").await;
        write(&mut mother, &thread, "One second before.").await.must_be(303);
        let open = mother.get(&thread).await;
        let stream = line(w.address, &mother, &format!("{thread}/live")).await;
        w.clock.advance_seconds(1);
        let late = mother.submit(&open, &thread, &[("text", "Too late.")]).await;
        late.must_be(404).must_say("was not sent").must_say("Too late.");
        let drafted = mother.post_fields(&format!("{thread}/draft"), &open.form(&thread).fields).await;
        drafted.must_be(404);
        for page in ["/portal/messages/new", "/portal/documents", "/portal/account", &theirs] {
            mother.get(page).await.must_be(404).must_not_say("Canary");
        }
        let home = mother.get("/portal").await;
        home.must_be(200).must_say("Your access has ended").must_say("Read my conversations").must_say("Messages");
        home.must_not_say("Documents");
        let list = mother.get("/portal/messages").await;
        list.must_say("Your access has ended").must_say("Lantern talk").must_say("Ended").must_not_say("Canary");
        list.must_not_say("Waiting for the practice").must_not_say("New message");
        let page = mother.get(&thread).await;
        page.must_say("Words of the mother.").must_say("One second before.").must_say("You cannot write here any more");
        assert!(!page.has_form(&thread) && !page.html().contains("data-live"), "{}", page.words());
        page.must_say("988");
        mother.get(&format!("{thread}/live")).await.must_be(404);
        mother.get(&file).await.must_be(200);
        mother.get(&format!("{thread}/print")).await.must_be(200).must_say("The plan.");
        mother.get("/portal/messages?q=mother").await.must_say("Lantern talk");
        // What is written from now on is not theirs: not its words, not that it came, not when.
        let before = mother.get("/portal/messages").await.html();
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_say("Cannot read messages at the moment: Mara Serrano");
        w.clock.advance_seconds(60);
        answer(&mut desk, &path, "Zebra afterwards.").await.must_be(303);
        until_ended(stream).await;
        for page in [thread.clone(), format!("{thread}/print"), "/portal/messages?q=zebra".into(), "/portal".into()] {
            mother.get(&page).await.must_be(200).must_not_say("Zebra").must_not_say("New message");
        }
        let strip = |html: &str| html.split("<ul class=\"list\">").nth(1).map(ToOwned::to_owned);
        assert_eq!(strip(&mother.get("/portal/messages").await.html()), strip(&before));
        w.clock.advance_seconds(900);
        w.run_due_jobs().await;
        assert_eq!(mails_of(w, "messages.notice").await.iter().filter(|to| to.starts_with("mara")).count(), 0);
        let people = w.staff(Role::FrontDesk).await.get(&format!("{path}/people")).await;
        people.must_say("reads what was written until their access ended");
        // Whoever took part in nothing has no archive, and signs in no more.
        set(w, nadia, Terms { ends_on: Some("2026-12-01"), ..Terms::default() }).await;
        let mut aunt = sign_in_if_possible(w, "nadia.serrano@example.com").await;
        assert_ne!(aunt.get("/portal").await.status(), 200);
        // Taken away by staff, or withheld, there is nothing at once; given back, what was theirs.
        set_state(w, &mara, State::Revoked).await;
        for page in [&thread, &file] {
            assert_ne!(mother.get(page).await.status(), 200, "{page}");
        }
        set_state(w, &mara, State::Active).await;
        let mut mother = sign_in(w, "mara.serrano@example.com").await;
        mother.get(&thread).await.must_be(200).must_say("One second before.").must_not_say("Zebra");
        // Extended, they take part again, and what they missed stays missed.
        set(w, mara, Terms { ends_on: Some("2027-12-01"), ..Terms::default() }).await;
        let page = mother.get(&thread).await;
        page.must_say("One second before.").must_not_say("Zebra").must_not_say("cannot write");
        write(&mut mother, &thread, "Here again.").await.must_be(303);
    }

    async fn case_69_at_the_eighteenth_birthday_a_parent_reads_their_own_messages_where_the_practice_leaves_them(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-02", "leo.park@example.com").await;
        let (name, _) = mother_of(w, &leo).await;
        let mut mother = sign_in(w, &name).await;
        let thread = begun(&mut mother, "front_desk", "Lantern talk", "Words of the mother.").await;
        let bill = begun(&mut mother, "billing", "Lantern bill", "How much?").await;
        let seconds = moment("2026-12-02T05:00:00Z").seconds_since(w.now());
        w.clock.advance_seconds(u32::try_from(seconds).expect("ahead") - 1);
        let mut mother = sign_in(w, &name).await;
        write(&mut mother, &thread, "One second before.").await.must_be(303);
        w.clock.advance_seconds(1);
        for (of, says) in [(&thread, "One second before."), (&bill, "How much?")] {
            mother.get(of).await.must_be(200).must_say(says).must_say("You cannot write here any more");
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await;
        page.must_say("Lantern talk");
        // The practice may leave them nothing.
        policy(w, Policy { parent_archive: false, ..Policy::default() }).await;
        for page in ["/portal", "/portal/messages", &thread, &bill] {
            assert_ne!(mother.get(page).await.status(), 200, "{page}");
        }
        policy(w, Policy::default()).await;
        let mut mother = sign_in(w, &name).await;
        mother.get(&thread).await.must_say("Words of the mother.");
    }

    async fn case_70_somebodys_part_ends_for_a_reason_and_they_read_what_was_written_until_then(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, mara) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages]).await;
        let (mut father, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let thread = begun(&mut mother, "front_desk", "School", "First words.").await;
        let path = in_chart(&kim.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let (hers, his) = (holder(w, mara).await.to_string(), holder(w, pablo).await.to_string());
        // The only one who takes part goes on: a conversation is closed, and not emptied.
        let page = desk.get(&format!("{path}/people")).await;
        page.must_say("reads and writes").must_not_say("End somebody");
        let csrf = page.form("/people").fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        let typed = [("csrf", csrf.as_str()), ("party", hers.as_str()), ("why", "Because.")];
        desk.post(&format!("{path}/people/end"), &typed).await.must_be(422).must_say("Close the conversation instead");
        join(&mut desk, &path, pablo, "yes").await.must_be(303);
        father.get(&thread).await.must_say("First words.");
        write(&mut father, &thread, "Of the father.").await.must_be(303);
        let open = father.get(&thread).await;
        mother.get(&thread).await.must_say("Of the father.");
        let stream = line(w.address, &father, &format!("{thread}/live")).await;
        end(&mut desk, &path, "", " ").await.must_be(422).must_say("Choose somebody from the list").must_say("Say why");
        w.clock.advance_seconds(60);
        let form = desk.get(&format!("{path}/people")).await;
        let why = [("party", his.as_str()), ("why", "The order of the court.")];
        let done = desk.submit_and_follow(&form, "/people/end", &why).await;
        done.must_say("Their part has ended").must_say("reads what was written until their part ended");
        // Twice is once.
        desk.submit(&form, "/people/end", &why).await.must_be(303);
        assert_eq!(events(w, "thread.party_ended").await, 1);
        let details: String = w
            .look(|c| audit_event::table.filter(audit_event::action.eq("thread.party_ended")).select(audit_event::details).first(c))
            .await;
        assert!(details.contains("The order of the court.") && !details.contains("words"), "{details}");
        desk.get(&path).await.must_say("Pablo Serrano no longer takes part").must_say("Ended by").must_say("Read by: Mara Serrano, Front desk");
        mother.get("/portal").await.must_not_say("New message: School");
        mother.get(&thread).await.must_say("Pablo Serrano no longer takes part").must_not_say("order of the court");
        w.clock.advance_seconds(60);
        answer(&mut desk, &path, "Zebra afterwards.").await.must_be(303);
        until_ended(stream).await;
        // He reads what he read, and hears of nothing that comes.
        father.submit(&open, &thread, &[("text", "Too late.")]).await.must_be(404).must_say("was not sent").must_say("Too late.");
        father.post_fields(&format!("{thread}/draft"), &open.form(&thread).fields).await.must_be(404);
        father.get(&format!("{thread}/live")).await.must_be(404);
        let page = father.get(&thread).await;
        page.must_be(200).must_say("Of the father.").must_say("until your part in this conversation ended").must_say("Ended");
        for page in [thread.clone(), format!("{thread}/print"), "/portal".into(), "/portal/messages".into(), "/portal/messages?q=zebra".into()] {
            let page = father.get(&page).await;
            page.must_be(200).must_not_say("Zebra").must_not_say("no longer takes part").must_not_say("Answered");
        }
        assert!(!page.has_form(&thread), "{}", page.words());
        // Others of his go on.
        let own = begun(&mut father, "front_desk", "Another", "About Monday.").await;
        father.get(&own).await.must_say("About Monday.");
        w.clock.advance_seconds(600);
        w.run_due_jobs().await;
        assert_eq!(mails_of(w, "messages.notice").await.iter().filter(|to| to.starts_with("pablo")).count(), 0);
        // Added again he reads from there on, and not what came in between; with it, where whoever adds him says so.
        let mut desk = w.staff(Role::FrontDesk).await;
        join(&mut desk, &path, pablo, "").await.must_be(303);
        practice_writes(w, &thread, "Once more together.").await;
        let mut father = sign_in(w, "pablo.serrano@example.com").await;
        let page = father.get(&thread).await;
        page.must_say("Of the father.").must_say("Once more together.").must_not_say("Zebra").must_not_say("no longer takes part");
        write(&mut father, &thread, "Thank you.").await.must_be(303);
        end(&mut desk, &path, &his, "Asked for.").await.must_be(303);
        practice_writes(w, &thread, "Heron in between.").await;
        join(&mut desk, &path, pablo, "yes").await.must_be(303);
        father.get(&thread).await.must_say("Heron in between.").must_not_say("Zebra");
    }

    async fn nobodys_part_is_ended_by_who_does_not_read_the_thread(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, _) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages, Right::Billing]).await;
        let (_, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages, Right::Billing]).await;
        let thread = begun(&mut mother, "billing", "Canary subject", "Canary words.").await;
        let path = in_chart(&kim.chart_id, &thread);
        join(&mut w.staff(Role::Biller).await, &path, pablo, "").await.must_be(303);
        let his = holder(w, pablo).await.to_string();
        for role in [Role::FrontDesk, Role::Clinician] {
            let mut staff = w.staff(role).await;
            let csrf = staff.get("/staff/me").await.form("/staff/sign-out").fields;
            let csrf = csrf.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
            let typed = [("csrf", csrf.as_str()), ("party", his.as_str()), ("why", "Because.")];
            staff.post(&format!("{path}/people/end"), &typed).await.must_be(404).must_not_say("Canary");
        }
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let at = format!("/api/v1/threads/{}/parties", id_of(&thread));
        program.get(&at).await.must_be(404);
        let body = json!({ "person_id": his, "reason": "Because." }).to_string();
        program.send("POST", &format!("{at}/end"), Some(("application/json", body.as_bytes()))).await.must_be(404);
        assert_eq!(events(w, "thread.party_ended").await, 0);
    }

    async fn race_somebody_writes_while_their_part_ends_and_it_is_stored_before_or_stays_on_the_page(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, _) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages]).await;
        let (mut father, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let thread = begun(&mut mother, "front_desk", "School", "First words.").await;
        let path = in_chart(&kim.chart_id, &thread);
        let (mut desk, mut other) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let his = holder(w, pablo).await.to_string();
        for round in 0..8 {
            join(&mut desk, &path, pablo, "").await.must_be(303);
            let (mine, form) = (father.get(&thread).await, desk.get(&format!("{path}/people")).await);
            let form_too = other.get(&format!("{path}/people")).await;
            let text = format!("Message {round}, to be kept.");
            let typed = [("text", text.as_str())];
            let why = [("party", his.as_str()), ("why", "Asked for.")];
            let (sent, ended, ended_too) = tokio::join!(
                father.submit(&mine, &thread, &typed),
                desk.submit(&form, "/people/end", &why),
                other.submit(&form_too, "/people/end", &why),
            );
            ended.must_be(303);
            ended_too.must_be(303);
            let kept = mother.get(&thread).await.says(&text);
            assert_eq!(kept, sent.status() == 303, "round {round}: {}", sent.status());
            if !kept {
                sent.must_be(404).must_say("was not sent").must_say(&text);
            }
            assert_eq!(father.get(&thread).await.says(&text), kept, "round {round}");
            assert_eq!(events(w, "thread.party_ended").await, round + 1);
            practice_writes(w, &thread, &format!("Zebra {round}.")).await;
            father.get(&thread).await.must_not_say("Zebra");
        }
        let numbers: Vec<i32> = w.look(|c| message::table.order(message::seq).select(message::seq).load(c)).await;
        assert_eq!(numbers, (1..=i32::try_from(numbers.len()).expect("few")).collect::<Vec<_>>());
    }

    async fn a_program_ends_and_lists_parts_and_sets_the_words_for_a_crisis(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let (mut mother, mara) = with_rights(w, "Mara", &kim.chart_id, &[Right::Messages]).await;
        let (mut father, pablo) = with_rights(w, "Pablo", &kim.chart_id, &[Right::Messages]).await;
        let thread = begun(&mut mother, "front_desk", "School", "First words.").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let at = format!("/api/v1/threads/{}/parties", id_of(&thread));
        let send = async |mark: &str, path: &str, body: serde_json::Value| {
            let mut program = caller.clone().with("idempotency-key", mark);
            program.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let (hers, his) = (holder(w, mara).await.to_string(), holder(w, pablo).await.to_string());
        let ending = |person: &str| json!({ "person_id": person, "reason": "Asked for." });
        let end = format!("{at}/end");
        assert_eq!(word(send("one", &end, ending(&hers)).await.must_be(409)), "last-party");
        assert_eq!(word(send("two", &end, ending(&his)).await.must_be(409)), "takes-no-part");
        let new = json!({ "grant_id": pablo.to_string(), "with_earlier": true, "reason": "Asked for." });
        w.clock.advance_seconds(1);
        send("three", &at, new).await.must_be(200);
        for _ in 0..2 {
            send("four", &end, ending(&his)).await.must_be(200);
        }
        assert_eq!(events(w, "thread.party_ended").await, 1);
        let silent = send("five", &end, json!({ "person_id": hers, "reason": " " })).await;
        assert_eq!(silent.must_be(422).answer.json()["errors"][0]["pointer"], "/reason");
        let list = caller.clone().get(&at).await;
        let list = list.must_be(200).answer.json();
        assert_eq!(
            list["parties"],
            json!([
                { "person_id": hers, "name": "Mara Serrano", "from_seq": 1, "until_seq": null, "can": "write" },
                { "person_id": his, "name": "Pablo Serrano", "from_seq": 1, "until_seq": 3, "can": "read_until_part_ended" },
            ])
        );
        let messages = caller.clone().get(&format!("/api/v1/threads/{}/messages", id_of(&thread))).await;
        let kinds: Vec<serde_json::Value> =
            messages.answer.json()["messages"].as_array().expect("messages").iter().map(|one| one["kind"].clone()).collect();
        assert_eq!(kinds, [json!("text"), json!("joined_earlier"), json!("left")]);
        father.get(&thread).await.must_say("First words.").must_say("Ended");
        // The words for a crisis: read, set, refused.
        let words = "/api/v1/crisis-words";
        assert_eq!(caller.clone().get(words).await.must_be(200).answer.json(), json!({ "en": "", "es": "" }));
        let set = json!({ "en": "At night call 555-0199.", "es": "" });
        for _ in 0..2 {
            assert_eq!(send("six", words, set.clone()).await.must_be(200).answer.json(), set);
        }
        assert_eq!(events(w, "practice.policy_changed").await, 1);
        let long = send("seven", words, json!({ "en": "a".repeat(501), "es": "" })).await;
        assert_eq!(long.must_be(422).answer.json()["errors"][0]["pointer"], "/en");
        mother.get("/portal/messages/new").await.must_say("At night call 555-0199.");
    }

    async fn case_92_the_practices_own_words_for_a_crisis_stand_before_the_numbers_in_the_readers_language(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let mut admin = w.staff(Role::Administrator).await;
        let at = "/staff/practice/policies";
        let form = admin.get(at).await;
        let long = "a".repeat(501);
        admin.submit(&form, at, &[("crisis_en", &long)]).await.must_be(422).must_say("at most 500 characters");
        let typed = [("crisis_en", "At night Riverbend answers at 555-0199."), ("crisis_es", "De noche, llame al 555-0198. <b>")];
        admin.submit_and_follow(&form, at, &typed).await.must_say("Saved").must_say("555-0199");
        for page in ["/portal/messages/new", &thread] {
            let page = client.get(page).await;
            page.must_say("At night Riverbend answers at 555-0199.").must_say("988").must_say("911").must_not_say("555-0198");
            let html = page.html();
            assert!(html.find("555-0199") < html.find("tel:911"), "{}", page.words());
        }
        let page = client.clone().get("/portal/messages/new?lang=es").await;
        page.must_say("Los mensajes no se leen a todas horas").must_say("988").must_not_say("555-0199");
        page.must_say("De noche, llame al 555-0198. <b>");
        // Without any there are the usual ones.
        let form = admin.get(at).await;
        admin.submit_and_follow(&form, at, &[("crisis_en", " "), ("crisis_es", "")]).await.must_say("Saved");
        client.get("/portal/messages/new").await.must_not_say("Riverbend answers").must_say("988").must_say("911");
    }

    async fn twelve_messages_in_ten_minutes_and_a_dead_mail_server_change_nothing_but_the_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let before = w.unread_to(&ana.email).await;
        w.mailbox.fault(Fault::Answer(Verb::Connect, "421 4.3.2 down".into(), usize::MAX));
        let mut desk = w.staff(Role::FrontDesk).await;
        for n in 0..12 {
            answer(&mut desk, &path, &format!("Part {n}.")).await.must_be(303);
            w.run_due_jobs().await;
            w.clock.advance_seconds(50);
        }
        // Everything that is no mail is as ever.
        client.get("/portal").await.must_say("New message: A question");
        write(&mut client, &thread, "Thank you.").await.must_be(303);
        desk.get("/staff/messages").await.must_say("A question").must_say("Waiting for the practice");
        let standing: String = w.look(|c| message_thread::table.select(message_thread::waiting).first(c)).await;
        assert_eq!(standing, "practice");
        client.get("/portal").await.must_not_say("New message");
        assert_eq!(mails_of(w, "messages.notice").await.len(), 1);
        assert_eq!(w.mailbox.mails_to(&ana.email).len(), before);
        // Read meanwhile: the server that answers again gets nothing. Something new: one mail.
        w.mailbox.heal();
        w.clock.advance_seconds(3 * 3_600);
        assert_eq!(w.unread_to(&ana.email).await, before);
        w.mailbox.fault(Fault::Answer(Verb::Connect, "421 4.3.2 down".into(), usize::MAX));
        for n in 0..12 {
            practice_writes(w, &thread, &format!("Again {n}.")).await;
            w.run_due_jobs().await;
            w.clock.advance_seconds(50);
        }
        w.mailbox.heal();
        w.clock.advance_seconds(1_800);
        w.run_due_jobs().await;
        let began = std::time::Instant::now();
        while w.unread_to(&ana.email).await == before && began.elapsed().as_secs() < 60 {
            w.clock.advance_seconds(60);
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert_eq!(w.unread_to(&ana.email).await, before + 1, "one mail for twelve messages");
        let told: Vec<String> = w
            .look(|c| outbox::table.filter(outbox::kind.eq("messages.notice")).order(outbox::created_at).select(outbox::state).load(c))
            .await;
        assert_eq!(told, ["cancelled", "sent"], "the one that did not leave makes room for the next");
    }
}
