//! Clients ask for a document, and the practice replies.

use anteroom::kernel::ids::{DocumentId, DocumentRequestId};
use anteroom::platform::db::schema::{blob, document, document_request, outbox};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;

use crate::api::key;
use crate::portal_people::{enrolled, events, sign_in};
use crate::stories;
use crate::support::papers::{draft, pdf};
use crate::support::{Browser, Page, World};

const ASKED: &str = "/portal/documents/asked";
const SEND: &str = "/portal/documents/send";

async fn ask(phone: &mut Browser, wanted: &str) -> Page {
    let page = phone.get(ASKED).await;
    phone.submit(&page, ASKED, &[("wanted", wanted)]).await
}

async fn states(w: &World) -> Vec<String> {
    w.look(|c| {
        document_request::table.order(document_request::asked_at).select(document_request::state).load(c)
    })
    .await
}

async fn documents(w: &World) -> i64 {
    w.look(|c| document::table.count().get_result(c)).await
}

async fn sent_mails(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.eq("documents.something_new")).count().get_result(c)).await
}

stories! {
    async fn d_a_client_asks_and_staff_share_what_was_asked_for(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/documents").await.must_say("Ask for a document");
        ask(&mut phone, "   ").await.must_be(422).must_say("Say what you need.");
        let page = phone.get(ASKED).await;
        let wanted = [("wanted", "A letter for <my employer>")];
        phone.submit_and_follow(&page, ASKED, &wanted).await.must_say("We have your request.").must_say("A letter for <my employer>");
        // The same form twice asks once.
        phone.submit(&page, ASKED, &wanted).await.must_be(303);
        assert_eq!((states(w).await, events(w, "document.requested").await), (vec!["open".to_owned()], 1));
        let letter = draft(w, &ana.chart_id, "Letter", "To whom it may concern.").await;
        let mut casey = w.staff(Role::Clinician).await;
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        let list = casey.get("/staff/worklist").await;
        list.must_say("A document is asked for").must_not_say("my employer");
        casey.get(&tab).await.must_say("A letter for <my employer>").must_say("Ana Duarte asked");
        let here = list.link("/documents/asked/");
        let page = casey.get(&here).await;
        page.must_be(200).must_say("A letter for <my employer>");
        let answer = format!("{here}/answer");
        casey.submit(&page, &answer, &[]).await.must_be(422).must_say("Choose a document.");
        let chosen = [("document", letter.to_string())];
        let chosen = [(chosen[0].0, chosen[0].1.as_str())];
        casey.submit_and_follow(&page, &answer, &chosen).await.must_say("The document is shared.");
        // A second click, and a colleague who had the page open: they read how it ended.
        casey.submit_and_follow(&page, &format!("{here}/decline"), &[("reason", "No.")]).await.must_say("This has ended meanwhile.").must_say("Answered");
        w.run_due_jobs().await;
        assert_eq!(sent_mails(w).await, 1);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("employer") && !mail.text.contains("Letter"), "{}", mail.text);
        phone.get(ASKED).await.must_say("Answered").must_say("Open the document");
        phone.get(&format!("/portal/documents/{letter}")).await.must_be(200).must_say("To whom it may concern.");
        casey.get("/staff/worklist").await.must_not_say("A document is asked for");
        assert_eq!(events(w, "document.request_answered").await, 1);
    }

    async fn d_a_request_is_declined_with_a_reason_or_taken_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        for wanted in ["One", "Two", "Three", "Four", "Five"] {
            ask(&mut phone, wanted).await.must_be(303);
        }
        ask(&mut phone, "Six").await.must_be(422).must_say("5 requests wait").must_say("Six");
        let page = phone.get(ASKED).await;
        // It is asked first.
        let ask_first = page.link("/take-back");
        let question = phone.get(&ask_first).await;
        question.must_be(200).must_say("Cancel your request “").must_say("The practice stops working on it");
        assert_eq!(events(w, "document.request_taken_back").await, 0);
        phone.submit_and_follow(&question, &ask_first, &[]).await.must_say("Your request is canceled.");
        phone.submit(&question, &ask_first, &[]).await.must_be(303);
        phone.get(&ask_first).await.must_be(303);
        assert_eq!(events(w, "document.request_taken_back").await, 1);
        ask(&mut phone, "Six").await.must_be(303);

        let mut casey = w.staff(Role::Clinician).await;
        let list = casey.get("/staff/worklist").await;
        let here = list.link("/documents/asked/");
        let page = casey.get(&here).await;
        let decline = format!("{here}/decline");
        casey.submit(&page, &decline, &[]).await.must_be(422).must_say("Say why.");
        let reason = [("reason", "We have no such record.")];
        casey.submit_and_follow(&page, &decline, &reason).await.must_say("They read your reason");
        w.run_due_jobs().await;
        assert_eq!(sent_mails(w).await, 1);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("record"), "{}", mail.text);
        phone.get(ASKED).await.must_say("Not possible").must_say("We have no such record.");
        // Who may not manage documents does not reply, and nobody does for a stranger.
        let html = list.html();
        let other = html
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .find(|link| link.contains("/documents/asked/") && *link != here)
            .expect("another request")
            .to_owned();
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&other).await;
        page.must_be(200);
        assert!(!page.has_form(&format!("{other}/decline")) && !page.has_form(&format!("{other}/answer")));
        w.staff(Role::Biller).await.get(&other).await.must_be(403);
        let ben = w.chart("Ben", "Ortiz").await;
        let other = enrolled(w, &ben).await;
        let mut stranger = sign_in(w, &other.name).await;
        let own = stranger.get(ASKED).await;
        own.must_not_say("Three");
        let open = phone.get(ASKED).await;
        let take_back = open.link("/take-back");
        let csrf = own.form(ASKED).fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        stranger.get(&take_back).await.must_be(404);
        stranger.post(&take_back, &[("csrf", csrf.as_str())]).await.must_be(404);
    }

    async fn d_13_of_two_who_accept_a_card_one_makes_the_document(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(SEND).await;
        page.must_be(200).must_say("Send us a document");
        let file = pdf("Insurance card");
        phone.upload_with(&page, SEND, &[("about", "")], "card.pdf", &file).await.must_be(422).must_say("Say what it is.");
        phone.upload_with(&page, SEND, &[("about", "My card")], "card.pdf", b"GIF89a").await.must_be(422);
        let about = [("about", "My insurance card")];
        let sent = phone.upload_with(&page, SEND, &about, "card.pdf", &file).await;
        sent.must_be(303);
        // The same form twice sends it once.
        phone.upload_with(&page, SEND, &about, "card.pdf", &file).await.must_be(303);
        assert_eq!(states(w).await, ["open"]);
        let own = phone.follow(&sent).await;
        own.must_say("We have your document.").must_say("My insurance card").must_say("Waiting for the practice");
        let id: DocumentRequestId = w.look(|c| document_request::table.select(document_request::request_id).first(c)).await;
        let download = phone.get(&format!("{ASKED}/{id}/file")).await;
        assert_eq!(download.must_be(200).answer.body, file);
        // Nobody else finds it: neither another client nor a list of documents.
        let ben = w.chart("Ben", "Ortiz").await;
        let other = enrolled(w, &ben).await;
        sign_in(w, &other.name).await.get(&format!("{ASKED}/{id}/file")).await.must_be(404);
        assert_eq!(documents(w).await, 0);

        let (mut casey, mut desk) = (w.staff(Role::Clinician).await, w.staff(Role::FrontDesk).await);
        let here = desk.get("/staff/worklist").await.must_say("A document from a client").link("/documents/asked/");
        let (hers, theirs) = (casey.get(&here).await, desk.get(&here).await);
        assert_eq!(casey.get(&format!("{here}/file")).await.must_be(200).answer.body, file);
        assert_eq!(events(w, "document.read_by_staff").await, 1);
        let accept = format!("{here}/accept");
        casey.submit(&hers, &accept, &[]).await.must_be(422).must_say("Type a title.");
        let typed = [("title", "Insurance card"), ("kind", "card")];
        let (first, second) =
            tokio::join!(casey.submit(&hers, &accept, &typed), desk.submit(&theirs, &accept, &typed));
        let is_over = |page: &Page| page.location().is_some_and(|to| to.ends_with("document-request-over"));
        assert_eq!([&first, &second].iter().filter(|page| is_over(page)).count(), 1, "one of the two was late");
        assert_eq!((documents(w).await, events(w, "document.accepted").await), (1, 1));
        let (late, page) = if is_over(&first) { (&mut casey, &first) } else { (&mut desk, &second) };
        let winner = if is_over(&first) { Role::FrontDesk } else { Role::Clinician };
        let winner = w.riverbend.member(winner).name.clone();
        late.follow(page).await.must_say("Accepted").must_say(&format!("By {winner}"));
        desk.get("/staff/worklist").await.must_not_say("A document from a client");
        // Taking it back is too late; whoever sent it reads the document.
        let page = phone.get(ASKED).await;
        assert!(!page.html().contains("/take-back"));
        page.must_say("Accepted");
        let document: DocumentId = w.look(|c| document::table.select(document::document_id).first(c)).await;
        let read = phone.get(&format!("/portal/documents/{document}/file")).await;
        assert_eq!(read.must_be(200).answer.body, file);
        w.run_due_jobs().await;
        assert_eq!(sent_mails(w).await, 1);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("card"), "{}", mail.text);
    }

    async fn d_13_a_file_is_taken_back_before_and_refused_with_a_reason(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        for about in ["One", "Two"] {
            let page = phone.get(SEND).await;
            phone.upload_with(&page, SEND, &[("about", about)], "a.pdf", &pdf(about)).await.must_be(303);
        }
        let mut casey = w.staff(Role::Clinician).await;
        let here = casey.get("/staff/worklist").await.link("/documents/asked/");
        let open = casey.get(&here).await;
        open.must_say("One");
        let page = phone.get(ASKED).await;
        let id = here.rsplit('/').next().expect("an id").to_owned();
        let one = page.link(&format!("{id}/take-back"));
        let question = phone.get(&one).await;
        question.must_say("We delete your file.");
        phone.submit_and_follow(&question, &one, &[]).await.must_say("It is taken back.");
        casey.get(&format!("{here}/file")).await.must_be(404);
        let typed = [("title", "One"), ("kind", "other")];
        let late = casey.submit(&open, &format!("{here}/accept"), &typed).await;
        casey.follow(&late).await.must_say("Taken back");
        assert_eq!(documents(w).await, 0);

        let here = casey.get("/staff/worklist").await.link("/documents/asked/");
        let page = casey.get(&here).await;
        casey.submit(&page, &format!("{here}/decline"), &[]).await.must_be(422).must_say("Say why.");
        let reason = [("reason", "We cannot read it.")];
        casey.submit(&page, &format!("{here}/decline"), &reason).await.must_be(303);
        phone.get(ASKED).await.must_say("Not accepted").must_say("We cannot read it.");
        let left: i64 = w.look(|c| blob::table.filter(blob::state.eq("live")).count().get_result(c)).await;
        assert_eq!(left, 0, "nothing of a file that is not taken stays");
        assert_eq!(events(w, "document.not_accepted").await, 1);
    }

    async fn a_program_replies_to_what_clients_ask_for(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        ask(&mut phone, "A letter").await.must_be(303);
        let key = key(w, &w.riverbend, &[Scope::DocumentsRead, Scope::DocumentsWrite]).await;
        let mut ehr = w.browser().with("authorization", &format!("Bearer {key}"));
        let list = ehr.get("/api/v1/document-requests").await.must_be(200).html();
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let id = list["requests"][0]["id"].as_str().expect("an id").to_owned();
        assert_eq!(list["requests"][0]["wanted"], "A letter");
        let letter = draft(w, &ana.chart_id, "Letter", "Words.").await;
        let body = serde_json::json!({ "document": letter }).to_string();
        let path = format!("/api/v1/document-requests/{id}/answer");
        let answer = ehr.send("POST", &path, Some(("application/json", body.as_bytes()))).await;
        answer.must_be(200);
        assert!(answer.html().contains("\"answered\""), "{}", answer.html());
        let again = ehr.send("POST", &path, Some(("application/json", body.as_bytes()))).await;
        again.must_be(409);
        assert!(again.html().contains("settled"), "{}", again.html());
    }
}
