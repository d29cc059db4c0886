//! Reading documents: what leaves a trace, what does not, and what nobody else can open.

use anteroom::features::documents;
use anteroom::platform::db::schema::document;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::portal_people::{self as people, act, enrolled, events, sign_in};
use crate::stories;
use crate::support::World;

async fn opened(w: &World) -> i64 {
    w.look(|c| document::table.filter(document::opened_at.is_not_null()).count().get_result(c)).await
}

stories! {
    async fn aud_07_reading_a_document_is_written_down_and_looking_ahead_is_not(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let body = "# Fees\n\nWe charge <b>by visit</b>.\n\n- cash\n- card";
        let id = people::document(w, &ana.chart_id, "Fee agreement", body).await;
        let path = format!("/portal/documents/{id}");
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal/documents").await.must_say("Fee agreement").must_say("New");
        browser.send("HEAD", &path, None).await;
        let mut ahead = browser.clone().with("Sec-Purpose", "prefetch");
        ahead.get(&path).await.must_be(200);
        assert_eq!((opened(w).await, events(w, "document.opened").await), (0, 0));
        let page = browser.get(&path).await;
        page.must_be(200).must_say("We charge <b>by visit</b>.").must_say("cash");
        assert!(page.html().contains("We charge &#60;b&#62;by visit") || page.html().contains("&lt;b&gt;"), "raw HTML");
        assert_eq!((opened(w).await, events(w, "document.opened").await), (1, 1));
        browser.get("/portal/documents").await.must_not_say(">New<");
        browser.get(&path).await;
        assert_eq!(events(w, "document.opened").await, 2, "each reading leaves its trace");
    }

    async fn fil_03_a_document_is_saved_as_text_under_a_harmless_name(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = people::document(w, &ana.chart_id, "../Fee \"agreement\"", "Pay <kindly>.").await;
        let mut browser = sign_in(w, &who.name).await;
        let file = browser.get(&format!("/portal/documents/{id}/text")).await;
        file.must_be(200);
        assert_eq!(file.answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(file.answer.header("content-disposition"), Some("attachment; filename=\"fee-agreement.txt\""));
        assert!(file.html().contains("Pay <kindly>."));
        assert_eq!(events(w, "document.downloaded").await, 1);
    }

    async fn auz_03_another_accounts_document_is_the_same_404_as_a_missing_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let who = enrolled(w, &ana).await;
        enrolled(w, &bob).await;
        let his = people::document(w, &bob.chart_id, "For Bob", "Secret of Bob.").await;
        let mut browser = sign_in(w, &who.name).await;
        let foreign = browser.get(&format!("/portal/documents/{his}")).await;
        let missing = browser.get("/portal/documents/019ac000-0000-7000-8000-000000000000").await;
        let nonsense = browser.get("/portal/documents/x.css").await;
        for page in [&foreign, &missing, &nonsense] {
            page.must_be(404).must_not_say("Bob");
            assert_eq!(page.html(), foreign.html());
        }
        browser.get(&format!("/portal/documents/{his}/text")).await.must_be(404);
        assert_eq!(opened(w).await, 0);
        assert!(w.browser().get(&format!("/portal/documents/{his}")).await.is_redirect());
    }

    async fn a_document_withdrawn_while_its_page_is_open_is_gone_and_that_is_written_down(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = people::document(w, &ana.chart_id, "Old notice", "Old words.").await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get(&format!("/portal/documents/{id}")).await.must_be(200);
        let gone = id;
        assert!(act(w, move |c, by| documents::withdraw(c, by, &gone)).await);
        for path in [format!("/portal/documents/{id}"), format!("/portal/documents/{id}/text")] {
            browser.get(&path).await.must_be(410).must_say("no longer here").must_not_say("Old words");
        }
        browser.get("/portal/documents").await.must_not_say("Old notice");
        assert_eq!(events(w, "document.refused").await, 2);
    }

    async fn rat_05_nobody_opens_more_than_sixty_documents_in_ten_minutes(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = people::document(w, &ana.chart_id, "Notice", "Words.").await;
        let mut browser = sign_in(w, &who.name).await;
        let path = format!("/portal/documents/{id}");
        for _ in 0..60 {
            browser.get(&path).await.must_be(200);
        }
        browser.get(&path).await.must_be(429);
        w.clock.advance_seconds(600);
        browser.get(&path).await.must_be(200);
    }

    async fn staff_see_what_was_sent_and_whether_it_was_read(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = people::document(w, &ana.chart_id, "Notice", "# Part\n\nWords.").await;
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        let mut clinician = w.staff(Role::Clinician).await;
        clinician.get(&tab).await.must_be(200).must_say("Notice").must_say("Not opened yet");
        sign_in(w, &who.name).await.get(&format!("/portal/documents/{id}")).await.must_be(200);
        clinician.get(&tab).await.must_say("Opened");
        clinician.get(&format!("{tab}/{id}")).await.must_be(200).must_say("Words.");
        assert_eq!(events(w, "document.read_by_staff").await, 1);
        let mut biller = w.staff(Role::Biller).await;
        biller.get(&tab).await.must_be(403);
        let twin = w.twinoaks.clone();
        w.staff_of(&twin, Role::Clinician).await.get(&tab).await.must_be(404);
    }
}
