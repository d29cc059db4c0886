//! Files of messages: how they come in, who reads them, and when nobody does any more.

use anteroom::features::access::lifecycle::State;
use anteroom::features::documents::LARGEST;
use anteroom::platform::db::schema::{blob, message, message_attachment, portal_access, upload};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::appointments::casey;
use crate::messages::{begun, id_of, in_chart, representative, write};
use crate::portal_people::{self as people, enrolled, events, set_state, sign_in};
use crate::stories;
use crate::support::papers::pdf;
use crate::support::{Browser, Page, World};

const NEW: &str = "/portal/messages/new";

/// Presses Attach on the form of a page, with a text and one file; the page that comes back.
async fn attach(
    browser: &mut Browser,
    page: &Page,
    form: &str,
    to: &str,
    text: &str,
    file: (&str, &[u8]),
) -> Page {
    let mut fields = page.form(form).fields;
    fields.retain(|(name, _)| name != "text");
    fields.push(("text".into(), text.into()));
    browser.upload_fields(to, &fields, file.0, file.1).await
}

/// The fields of a form on a page, with changes.
fn with(page: &Page, form: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = page.form(form).fields;
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

/// How many files messages have.
async fn sent(w: &World) -> i64 {
    w.look(|c| message_attachment::table.count().get_result(c)).await
}

stories! {
    async fn a_client_sends_a_file_with_a_message_and_staff_send_one_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let form = client.get(NEW).await;
        let (card, report) = (pdf("Insurance card"), pdf("Report"));
        let page = attach(&mut client, &form, NEW, "/portal/messages/new/attach", "My card.", ("card.pdf", &card)).await;
        page.must_be(200).must_say("card.pdf · 1 KB").must_say("My card.");
        // A second one, and then one of the two is left out.
        let page = attach(&mut client, &page, NEW, "/portal/messages/new/attach", "My card.", ("report.pdf", &report)).await;
        page.must_say("card.pdf").must_say("report.pdf");
        let kept = page.form(NEW).fields.into_iter().find(|(name, _)| name == "kept").expect("a file").1;
        let done = client.submit(&page, NEW, &[("subject", "My card"), ("kept", &kept)]).await;
        done.must_be(303);
        let thread = done.location().expect("a thread").split('?').next().unwrap_or_default().to_owned();
        let page = client.get(&thread).await;
        page.must_say("card.pdf · 1 KB").must_not_say("report.pdf");
        let file = client.get(&page.link("/files/")).await;
        assert_eq!(file.must_be(200).answer.body, card);
        assert!(file.answer.header("content-disposition").is_some_and(|header| header.contains("card.pdf")));
        // Sent twice is sent once.
        assert_eq!(sent(w).await, 1);

        let path = in_chart(&ana.chart_id, &thread);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        let theirs = desk.get(&page.link("/files/")).await;
        assert_eq!(theirs.must_be(200).answer.body, card);
        let page = attach(&mut desk, &page, "/reply", &format!("{path}/attach"), "Please fill in.", ("form.pdf", &report)).await;
        page.must_be(200).must_say("form.pdf").must_say("Please fill in.");
        for _ in 0..2 {
            desk.submit(&page, "/reply", &[]).await.must_be(303);
        }
        let page = client.get(&thread).await;
        page.must_say("form.pdf · 1 KB").must_say("Please fill in.");
        assert_eq!((sent(w).await, events(w, "thread.file_opened").await), (2, 2));
        client.get("/portal/who-looked").await.must_say("opened a file of a message");
    }

    async fn case_77_what_is_no_plain_pdf_is_refused_by_name_and_the_text_and_the_other_files_stay(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let to = format!("{thread}/attach");
        let page = client.get(&thread).await;
        let page = attach(&mut client, &page, &thread, &to, "Words.", ("good.pdf", &pdf("Good"))).await;
        page.must_be(200).must_say("good.pdf");
        for (name, bytes) in [("virus.exe", b"MZ\x90\0\0\0".as_slice()), ("page.pdf", b"<html><script>"), ("empty.pdf", b"")] {
            let refused = attach(&mut client, &page, &thread, &to, "Words.", (name, bytes)).await;
            refused.must_be(422).must_say(&format!("{name} was not attached.")).must_say("Words.").must_say("good.pdf");
        }
        // One that is too large is named too.
        let mut large = pdf("Large");
        large.resize(usize::try_from(LARGEST).expect("a size") + 1, b' ');
        let refused = attach(&mut client, &page, &thread, &to, "Words.", ("large.pdf", &large)).await;
        refused.must_be(422).must_say("large.pdf was not attached.").must_say("Words.").must_say("good.pdf");
        attach(&mut client, &page, &thread, &to, "Words.", ("", b"")).await.must_be(422).must_say("Choose a file first").must_say("Words.");
        // A file that was chosen and not attached is asked about.
        let asked = client.submit(&page, &thread, &[("file", "late.pdf")]).await;
        asked.must_be(422).must_say("late.pdf is chosen and not attached yet").must_say("Words.").must_say("good.pdf");
        // So it is where the draft is saved without it; where the form comes in parts, it is saved with the draft.
        let left = client.post_fields(&format!("{thread}/draft"), &with(&page, &thread, &[("file", "late.pdf"), ("save", "draft")])).await;
        left.must_be(422).must_say("The draft is saved, but without late.pdf.").must_say("Words.").must_say("good.pdf");
        let fields = with(&left, &thread, &[("save", "draft")]);
        let saved = client.upload_fields(&to, &fields, "late.pdf", &pdf("Late")).await;
        saved.must_be(303);
        let page = client.get(&thread).await;
        page.must_say("Draft saved").must_say("Words.").must_say("good.pdf").must_say("late.pdf");
        client.submit(&page, &thread, &[]).await.must_be(303);
        client.get(&thread).await.must_say("Words.").must_say("good.pdf").must_say("late.pdf");
        assert_eq!(sent(w).await, 2);
        // Ten are enough.
        let page = client.get(&thread).await;
        let mut page = attach(&mut client, &page, &thread, &to, "Many.", ("1.pdf", &pdf("1"))).await;
        for n in 2..=10 {
            page = attach(&mut client, &page, &thread, &to, "Many.", (&format!("{n}.pdf"), &pdf("n"))).await;
            page.must_be(200);
        }
        let refused = attach(&mut client, &page, &thread, &to, "Many.", ("11.pdf", &pdf("11"))).await;
        refused.must_be(422).must_say("10 files at most").must_say("10.pdf").must_not_say("11.pdf");
    }

    async fn case_67_another_charts_file_is_404_and_nobody_sends_a_file_that_somebody_else_brought(w: &mut World) {
        let (ana, bob) = (w.chart("Ana", "Duarte").await, w.chart("Bob", "Reyes").await);
        let (hers, his) = (enrolled(w, &ana).await, enrolled(w, &bob).await);
        let (mut anas, mut bobs) = (sign_in(w, &hers.name).await, sign_in(w, &his.name).await);
        let thread = begun(&mut bobs, "front_desk", "Secret", "Mine.").await;
        let page = bobs.get(&thread).await;
        let to = format!("{thread}/attach");
        let page = attach(&mut bobs, &page, &thread, &to, "Here.", ("bob.pdf", &pdf("Bob"))).await;
        let kept = page.form(&thread).fields.into_iter().find(|(name, _)| name == "kept").expect("a file").1;
        let own = begun(&mut anas, "front_desk", "Hers", "Mine.").await;
        let mine = anas.get(&own).await;
        let stolen = anas.submit(&mine, &own, &[("text", "Look."), ("kept", &kept)]).await;
        stolen.must_be(422).must_say("One of the files is no longer there").must_not_say("bob.pdf");
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = in_chart(&bob.chart_id, &thread);
        let theirs = desk.get(&path).await;
        desk.submit(&theirs, "/reply", &[("text", "Look."), ("kept", &kept)]).await.must_be(422).must_not_say("bob.pdf");
        bobs.submit(&page, &thread, &[]).await.must_be(303);
        let link = bobs.get(&thread).await.link("/files/");
        bobs.get(&link).await.must_be(200);
        let missing = anas.get("/portal/messages/019ac000-0000-7000-8000-000000000000/files/019ac000-0000-7000-8000-000000000000").await;
        let file = link.rsplit('/').next().expect("a file");
        for path in [link.clone(), format!("{own}/files/{file}"), format!("{thread}/files/x")] {
            let page = anas.get(&path).await;
            page.must_be(404);
            assert_eq!(page.html(), missing.html());
        }
        // Nothing is taken in for a thread of somebody else.
        attach(&mut anas, &mine, &own, &to, "Mine.", ("ana.pdf", &pdf("Ana"))).await.must_be(404);
        desk.get(&in_chart(&ana.chart_id, &thread)).await.must_be(404);
        desk.get(&format!("{}/files/{file}", in_chart(&ana.chart_id, &own))).await.must_be(404);
        assert_eq!(sent(w).await, 1);
        let uploads: i64 = w.look(|c| upload::table.count().get_result(c)).await;
        assert_eq!(uploads, 1, "no other file came in");
    }

    async fn case_70_a_file_of_a_revoked_or_narrowed_grant_is_gone_at_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let page = client.get(&thread).await;
        let page = attach(&mut client, &page, &thread, &format!("{thread}/attach"), "Here.", ("card.pdf", &pdf("Card"))).await;
        client.submit(&page, &thread, &[]).await.must_be(303);
        let link = client.get(&thread).await.link("/files/");
        client.get(&link).await.must_be(200);
        client.clone().send("HEAD", &link, None).await;
        client.clone().with("Sec-Purpose", "prefetch").get(&link).await.must_be(503);
        assert_eq!(events(w, "thread.file_opened").await, 1, "who looks ahead has read nothing");
        people::revoke(w, &who.access).await;
        let gone = client.get(&link).await;
        assert_ne!(gone.status(), 200);
        assert_ne!(gone.answer.body, pdf("Card"));
        set_state(w, &who.access, State::Active).await;
        sign_in(w, &who.name).await.get(&link).await.must_be(200);
        // A representative whose right to messages is taken away.
        let kim = w.chart("Kim", "Serrano").await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let thread = begun(&mut mother, "front_desk", "A question", "When?").await;
        let page = mother.get(&thread).await;
        let page = attach(&mut mother, &page, &thread, &format!("{thread}/attach"), "Here.", ("card.pdf", &pdf("Card"))).await;
        mother.submit(&page, &thread, &[]).await.must_be(303);
        let link = mother.get(&thread).await.link("/files/");
        mother.get(&link).await.must_be(200);
        w.tamper(|c| diesel::update(portal_access::table.filter(portal_access::rights.eq("messages"))).set(portal_access::rights.eq("documents")).execute(c)).await;
        assert_ne!(mother.get(&link).await.status(), 200);
    }

    async fn case_71_a_file_for_a_clinician_is_the_clinicians_alone_and_stands_in_no_list_of_documents(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let page = client.get(&thread).await;
        let page = attach(&mut client, &page, &thread, &format!("{thread}/attach"), "Here.", ("canary.pdf", &pdf("Canary"))).await;
        client.submit(&page, &thread, &[]).await.must_be(303);
        let path = in_chart(&ana.chart_id, &thread);
        let link = w.staff(Role::Clinician).await.get(&path).await.link("/files/");
        w.staff(Role::Clinician).await.get(&link).await.must_be(200);
        for role in [Role::FrontDesk, Role::Administrator] {
            let mut staff = w.staff(role).await;
            staff.get(&link).await.must_be(404);
            let documents = staff.get(&format!("/staff/charts/{}/documents", ana.chart_id)).await;
            assert!(!documents.html().contains("canary.pdf"), "{role}");
        }
        assert!(!client.get("/portal/documents").await.html().contains("canary.pdf"));
    }

    async fn the_api_sends_and_reads_files_of_messages(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let report = pdf("Report");
        let uploads = format!("/api/v1/charts/{}/uploads?name=report.pdf", ana.chart_id);
        let upload = caller.send("POST", &uploads, Some(("application/pdf", &report))).await;
        let upload = upload.must_be(201).answer.json()["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/threads/{}", id_of(&thread));
        let body = json!({ "text": "Your report.", "seen": 1, "uploads": [upload] }).to_string();
        for status in [200, 422] {
            let done = caller.send("POST", &format!("{path}/messages"), Some(("application/json", body.as_bytes()))).await;
            done.must_be(status);
        }
        client.get(&thread).await.must_say("report.pdf");
        let messages = caller.get(&format!("{path}/messages")).await.must_be(200).answer.json();
        let file = &messages["messages"][1]["files"][0];
        assert_eq!((&file["name"], &messages["messages"][0]["files"]), (&json!("report.pdf"), &json!([])));
        let file = format!("{path}/files/{}", file["id"].as_str().expect("an id"));
        assert_eq!(caller.get(&file).await.must_be(200).answer.body, report);
        let written: i64 = w.look(|c| message::table.count().get_result(c)).await;
        assert_eq!((written, sent(w).await), (2, 1));
        let twin = w.twinoaks.clone();
        let foreign = key(w, &twin, Scope::ALL).await;
        w.browser().with("authorization", &format!("Bearer {foreign}")).get(&file).await.must_be(404);
    }

    async fn a_file_that_is_not_sent_is_deleted_after_a_day_and_a_sent_one_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let page = client.get(&thread).await;
        let to = format!("{thread}/attach");
        let first = attach(&mut client, &page, &thread, &to, "Here.", ("sent.pdf", &pdf("Sent"))).await;
        client.submit(&first, &thread, &[]).await.must_be(303);
        let forgotten = attach(&mut client, &page, &thread, &to, "Here.", ("forgotten.pdf", &pdf("Not sent"))).await;
        w.clock.advance_seconds(25 * 3_600);
        for _ in 0..2 {
            anteroom::features::documents::remove_leftovers(&w.app).await.expect("no fault");
        }
        let files: i64 = w.look(|c| blob::table.count().get_result(c)).await;
        assert_eq!(files, 1);
        let mut client = sign_in(w, &who.name).await;
        let link = client.get(&thread).await.link("/files/");
        client.get(&link).await.must_be(200);
        let mut late = forgotten.form(&thread).fields;
        late.retain(|(name, _)| name != "csrf");
        let csrf = client.get(&thread).await.form(&thread).fields.into_iter().find(|(name, _)| name == "csrf").expect("a token");
        late.push(csrf);
        client.post_fields(&thread, &late).await.must_be(422).must_say("One of the files is no longer there");
        write(&mut client, &thread, "Without it.").await.must_be(303);
    }
}
