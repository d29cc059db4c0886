//! Who looked at my record, and reported concerns. The numbers are those of the acceptance cases of rights.

use anteroom::platform::permissions::{Right, Role, Scope};

use crate::access::contact;
use crate::portal_people::{account, document, enrolled, grant, sign_in};
use crate::stories;

const LOG: &str = "/portal/who-looked";

stories! {
    async fn case_46_and_47_each_reading_is_a_line_of_the_clients_log_with_who_it_was(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let hers = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(Right::ALL)).await;
        let paper = document(w, &ana.chart_id, "Quiet secret", "Text.").await;
        let path = format!("/portal/documents/{paper}");
        let mut client = sign_in(w, &own.name).await;
        client.get(LOG).await.must_be(200).must_say("Casey").must_say("shared a document").must_not_say("opened a document");
        client.get(&path).await.must_be(200);
        let mut mother = sign_in(w, "rosa@example.com").await;
        mother.get(&format!("{path}/file")).await.must_be(200);
        let mut clinician = w.staff(Role::Clinician).await;
        clinician.get(&format!("/staff/charts/{}/documents/{paper}", ana.chart_id)).await.must_be(200);
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&format!("/staff/charts/{}/grants/{hers}", ana.chart_id)).await;
        admin.submit_and_follow(&page, "/preview", &[]).await.must_be(200);
        let log = client.get(LOG).await;
        log.must_say("You: opened a document").must_say("Rosa Contact: downloaded a document").must_say("read a document");
        log.must_say("(Clinician)").must_say("looked at the portal as you or somebody with access sees it").must_say("(Administrator)");
        log.must_not_say("Quiet secret");
        // Somebody who acts for her reads their own acts alone.
        let log = mother.get(LOG).await;
        log.must_be(200).must_say("You: downloaded a document").must_not_say("Ana").must_not_say("Casey").must_not_say("opened a document");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let first = api.get(&format!("/api/v1/charts/{}/access-log?limit=1", ana.chart_id)).await;
        first.must_be(200).must_say("access.previewed");
        let first: serde_json::Value = serde_json::from_str(&first.answer.text()).expect("JSON");
        let next = first["next"].as_str().expect("more");
        api.get(&format!("/api/v1/charts/{}/access-log?cursor={next}", ana.chart_id)).await.must_say("document.read_by_staff").must_say("Rosa Contact").must_not_say("access.previewed");
    }

    async fn a_concern_reaches_the_administrators_and_its_answer_the_client(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut client = sign_in(w, &own.name).await;
        client.get("/portal/help").await.must_say("Who looked at my record");
        let page = client.get(LOG).await;
        client.submit(&page, LOG, &[("text", "  ")]).await.must_be(422).must_say("Say what is wrong");
        let said = [("text", "I do not know this person.")];
        client.submit_and_follow(&page, LOG, &said).await.must_say("The practice reads it and answers here.");
        client.submit_and_follow(&page, LOG, &said).await.must_say("Waiting for an answer");
        w.staff(Role::Clinician).await.get("/staff/concerns").await.must_be(403);
        let mut admin = w.staff(Role::Administrator).await;
        let list = admin.get("/staff/concerns").await;
        list.must_be(200).must_say("Ana Duarte").must_say("I do not know this person.");
        assert_eq!(list.html().matches("I do not know this person.").count(), 1, "a second click is no second concern");
        list.must_say("1 waiting for an answer");
        admin.submit(&list, "/staff/concerns", &[]).await.must_be(422).must_say("Type an answer");
        admin.submit_and_follow(&list, "/staff/concerns", &[("answer", "She covers for Casey.")]).await.must_say("Nothing waits for an answer.");
        admin.submit_and_follow(&list, "/staff/concerns", &[("answer", "Again.")]).await.must_say("Somebody has answered it already.");
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&own.name).await, 1, "one mail says that there is an answer, without a word of it");
        client.get(LOG).await.must_say("She covers for Casey.").must_not_say("Again.").must_not_say("Waiting for an answer");
        let mut elsewhere = w.staff_of(&w.twinoaks, Role::Administrator).await;
        elsewhere.get("/staff/concerns").await.must_be(200).must_not_say("I do not know");
    }
}
