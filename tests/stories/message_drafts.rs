//! Drafts of messages: kept on the server, never brought back once they were sent or discarded.

use anteroom::app;
use anteroom::platform::db::schema::{message, message_draft};
use anteroom::platform::jobs;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::messages::{begun, in_chart, representative};
use crate::portal_people::{enrolled, sign_in};
use crate::stories;
use crate::support::papers::pdf;
use crate::support::{Browser, Page, World};

pub const NEW: &str = "/portal/messages/new";

/// Presses Save draft on a form, with this text.
pub async fn save(
    browser: &mut Browser,
    page: &Page,
    form: &str,
    here: &str,
    changes: &[(&str, &str)],
) -> Page {
    let mut fields = page.form(form).fields;
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| name == changed));
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    browser.post_fields(&format!("{here}/draft"), &fields).await
}

/// What stands in the text of a form.
fn text_of(page: &Page, form: &str) -> String {
    page.form(form).fields.into_iter().find(|(name, _)| name == "text").expect("a text").1
}

/// The tag of a line with an answer that is not sent.
const DRAFT: &str = "Draft";

async fn messages(w: &World) -> i64 {
    w.look(|c| message::table.count().get_result(c)).await
}

stories! {
    async fn a_saved_answer_is_marked_in_the_lists_of_whoever_wrote_it_alone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "Words.").await;
        client.get("/portal/messages").await.must_not_say(DRAFT);
        let page = client.get(&thread).await;
        save(&mut client, &page, &thread, &thread, &[("text", "More words.")]).await.must_be(303);
        client.get("/portal/messages").await.must_say("A question").must_say(DRAFT);
        let mut desk = w.staff(Role::FrontDesk).await;
        let list = "/staff/messages?box=front_desk&state=waiting";
        desk.get(list).await.must_say("A question").must_not_say(DRAFT);
        let here = in_chart(&ana.chart_id, &thread);
        let page = desk.get(&here).await;
        save(&mut desk, &page, "/reply", &here, &[("text", "An answer.")]).await.must_be(303);
        desk.get(list).await.must_say(DRAFT);
        w.staff(Role::Administrator).await.get(list).await.must_say("A question").must_not_say(DRAFT);
        // Sent, it is no draft any more.
        let page = desk.get(&here).await;
        desk.submit(&page, "/reply", &[]).await.must_be(303);
        desk.get("/staff/messages?box=front_desk&state=answered").await.must_say("A question").must_not_say(DRAFT);
    }

    async fn case_72_a_draft_is_there_on_another_device_and_gone_once_it_was_sent(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let form = client.get(NEW).await;
        let saved = save(&mut client, &form, NEW, NEW, &[("subject", "My next visit"), ("text", "Can I come")]).await;
        saved.must_be(303);
        client.follow(&saved).await.must_say("Draft saved");
        // The tab is closed; another device.
        let mut phone = sign_in(w, &who.name).await;
        let form = phone.get(NEW).await;
        form.must_say("Draft saved");
        assert_eq!(text_of(&form, NEW), "Can I come");
        assert!(form.html().contains("value=\"My next visit\""));
        let sent = phone.submit(&form, NEW, &[("text", "Can I come later?")]).await;
        sent.must_be(303);
        let thread = sent.location().expect("a thread").split('?').next().unwrap_or_default().to_owned();
        assert_eq!(text_of(&phone.get(NEW).await, NEW), "");
        // An answer has a draft of its own.
        let page = phone.get(&thread).await;
        save(&mut phone, &page, &thread, &thread, &[("text", "One more")]).await.must_be(303);
        let again = client.get(&thread).await;
        again.must_say("Draft saved");
        assert_eq!(text_of(&again, &thread), "One more");
        assert_eq!(text_of(&client.get(NEW).await, NEW), "");
        client.submit(&again, &thread, &[("text", "One more thing.")]).await.must_be(303);
        let after = client.get(&thread).await;
        assert!(!after.words().contains("Draft saved"), "{}", after.words());
        assert_eq!((text_of(&after, &thread), messages(w).await), (String::new(), 2));
        // The session ends while something is typed: what was saved and what was sent too late are there after sign-in.
        save(&mut client, &after, &thread, &thread, &[("text", "Half a")]).await.must_be(303);
        let page = client.get(&thread).await;
        w.clock.advance_seconds(24 * 3_600);
        let mut tab = client.clone().with("sec-fetch-mode", "navigate");
        let late = tab.submit(&page, &thread, &[("text", "Half a sentence.")]).await;
        let to = late.location().expect("sign-in").to_owned();
        assert!(to.contains("sign-in") && to.contains("session-over-kept"), "{to}");
        let mut back = sign_in(w, &who.name).await;
        assert_eq!(text_of(&back.get(&thread).await, &thread), "Half a");
        assert_eq!(messages(w).await, 2);
    }

    async fn a_page_that_was_open_when_the_message_was_sent_does_not_bring_its_draft_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let first = client.get(&thread).await;
        save(&mut client, &first, &thread, &thread, &[("text", "Half a")]).await.must_be(303);
        let (one, other) = (client.get(&thread).await, client.get(&thread).await);
        client.submit(&one, &thread, &[("text", "Half an hour is enough.")]).await.must_be(303);
        for page in [&other, &first] {
            let late = save(&mut client, page, &thread, &thread, &[("text", "Half a")]).await;
            client.follow(&late).await.must_say("was sent or discarded on another page");
        }
        // Also where nothing had been saved before.
        let mut script = client.clone().with("accept", "text/plain");
        save(&mut script, &first, &thread, &thread, &[("text", "Half a")]).await.must_be(409);
        let page = client.get(&thread).await;
        assert_eq!(text_of(&page, &thread), "");
        let kept = save(&mut script, &page, &thread, &thread, &[("text", "Next.")]).await;
        assert_eq!(kept.must_be(200).html(), "3");
        let new = client.get(NEW).await;
        client.submit(&new, NEW, &[("subject", "Sent"), ("text", "Sent at once.")]).await.must_be(303);
        save(&mut script, &new, NEW, NEW, &[("subject", "Sent"), ("text", "Sent at")]).await.must_be(409);
        assert_eq!(text_of(&client.get(NEW).await, NEW), "");
    }

    async fn two_pages_with_one_draft_lose_neither_text(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        for (browser, here, form) in [(&mut client, thread.clone(), thread.clone()), (&mut desk, path.clone(), "/reply".to_owned())] {
            let (one, other) = (browser.get(&here).await, browser.get(&here).await);
            save(browser, &one, &form, &here, &[("text", "From one page.")]).await.must_be(303);
            let asked = save(browser, &other, &form, &here, &[("text", "From the other.")]).await;
            assert!(matches!(asked.status(), 409 | 422), "{}", asked.status());
            asked.must_say("changed on another page");
            assert_eq!(text_of(&asked, &form), "From one page.\n\nFrom the other.");
            save(browser, &asked, &form, &here, &[]).await.must_be(303);
            assert_eq!(text_of(&browser.get(&here).await, &form), "From one page.\n\nFrom the other.");
        }
        assert_eq!(messages(w).await, 1);
    }

    async fn a_draft_is_its_writers_alone_and_is_discarded_after_a_question(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let form = mother.get(NEW).await;
        save(&mut mother, &form, NEW, NEW, &[("subject", "Custody"), ("text", "Words of the mother.")]).await.must_be(303);
        assert_eq!(text_of(&father.get(NEW).await, NEW), "");
        let thread = begun(&mut father, "front_desk", "School", "When?").await;
        let his = father.get(&thread).await;
        save(&mut mother, &his, &thread, &thread, &[("text", "Not mine.")]).await.must_be(400);
        let path = in_chart(&kim.chart_id, &thread);
        let (mut desk, mut clinician) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let page = desk.get(&path).await;
        save(&mut desk, &page, "/reply", &path, &[("text", "Words of the desk.")]).await.must_be(303);
        clinician.get(&path).await.must_not_say("Words of the desk.");
        father.get(&thread).await.must_not_say("Words of the desk.");
        let drafts: i64 = w.look(|c| message_draft::table.filter(message_draft::body.ne("")).count().get_result(c)).await;
        assert_eq!(drafts, 2);
        // Discarded after a question.
        let form = mother.get(NEW).await;
        let asked = mother.post_fields(&format!("{NEW}/discard"), &form.form(NEW).fields).await;
        asked.must_be(200).must_say("Discard this draft?");
        assert_eq!(text_of(&mother.get(NEW).await, NEW), "Words of the mother.");
        let gone = mother.submit_and_follow(&asked, "/discard", &[("sure", "yes")]).await;
        gone.must_say("Draft discarded");
        assert_eq!(text_of(&gone, NEW), "");
    }

    async fn a_draft_keeps_its_files_and_is_deleted_after_a_month(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let page = client.get(&thread).await;
        let fields = page.form(&thread).fields;
        let page = client.upload_fields(&format!("{thread}/attach"), &fields, "card.pdf", &pdf("Card")).await;
        save(&mut client, &page, &thread, &thread, &[("text", "My card.")]).await.must_be(303);
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&thread).await.must_say("card.pdf").must_say("My card.");
        let drafts = async |w: &World| -> i64 { w.look(|c| message_draft::table.filter(message_draft::body.ne("")).count().get_result(c)).await };
        jobs::ensure_repeating(&w.app, &app::JOBS).await.expect("planned");
        w.clock.advance_seconds(29 * 24 * 3_600);
        w.run_due_jobs().await;
        assert_eq!(drafts(w).await, 1);
        w.clock.advance_seconds(2 * 24 * 3_600);
        w.run_due_jobs().await;
        assert_eq!(drafts(w).await, 0);
        let mut client = sign_in(w, &who.name).await;
        assert_eq!(text_of(&client.get(&thread).await, &thread), "");
    }
}
