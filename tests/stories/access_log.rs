//! Who looked at my record, and reported concerns. The numbers are those of the acceptance cases of rights.

use anteroom::platform::permissions::{Right, Role, Scope};

use crate::access::contact;
use crate::portal_people::{account, document, enrolled, events, grant, sign_in};
use crate::rights::send;
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
        log.must_be(200).must_say("You: downloaded a document").must_not_say("Duarte").must_not_say("Casey").must_not_say("opened a document");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let first = api.get(&format!("/api/v1/charts/{}/access-log?limit=1", ana.chart_id)).await;
        first.must_be(200).must_say("access.previewed");
        let first: serde_json::Value = serde_json::from_str(&first.answer.text()).expect("JSON");
        let next = first["next"].as_str().expect("more");
        api.get(&format!("/api/v1/charts/{}/access-log?cursor={next}", ana.chart_id)).await.must_say("document.read_by_staff").must_say("Rosa Contact").must_not_say("access.previewed");
    }

    async fn case_46_who_opens_a_chart_is_one_line_an_hour_in_the_trail_and_in_the_clients_log(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let base = format!("/staff/charts/{}", ana.chart_id);
        let mut casey = w.staff(Role::Clinician).await;
        for page in ["", "/communications", "/documents", "/appointments"] {
            casey.get(&format!("{base}{page}")).await.must_be(200);
        }
        // What an open page asks by itself is nobody's look.
        let mut desk = w.staff(Role::FrontDesk).await.with("x-anteroom-presence", "page");
        desk.get(&format!("{base}/communications/box")).await.must_be(200);
        let mut client = sign_in(w, &own.name).await;
        client.get(LOG).await.must_not_say("opened the record");
        assert_eq!(events(w, "chart.opened").await, 0, "a page waits for no write");
        w.readings_are_written().await;
        assert_eq!(events(w, "chart.opened").await, 1);
        let log = client.get(LOG).await;
        log.must_say("(Clinician): opened the record");
        assert_eq!(log.html().matches("opened the record").count(), 1);
        // Another process, and the same hour: still one line. Another staff member is another line.
        let other = w.neighbour().await;
        let token = w.staff(Role::Clinician).await;
        drop(token);
        let mut there = other.staff(Role::Clinician).await;
        there.get(&base).await.must_be(200);
        other.readings_are_written().await;
        assert_eq!(events(w, "chart.opened").await, 1);
        w.staff(Role::Biller).await.get(&format!("{base}/billing")).await.must_be(200);
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        api.get(&format!("/api/v1/charts/{}", ana.chart_id)).await.must_be(200);
        w.readings_are_written().await;
        assert_eq!(events(w, "chart.opened").await, 3);
        client.get(LOG).await.must_say("A program of the practice");
        w.staff(Role::Administrator).await.get("/staff/audit").await.must_say("Opened a chart").must_say("Casey");
        // An hour later it is a look of its own. A page that is not there is none.
        w.clock.advance_seconds(3_600);
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&base).await.must_be(200);
        casey.get(&format!("/staff/charts/{}", own.access)).await.must_be(404);
        w.readings_are_written().await;
        assert_eq!(events(w, "chart.opened").await, 4);
    }

    async fn case_49_lines_that_an_official_asked_to_hide_stay_hidden_until_their_day_is_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let paper = document(w, &ana.chart_id, "Quiet secret", "Text.").await;
        let read = format!("/staff/charts/{}/documents/{paper}", ana.chart_id);
        w.staff(Role::Clinician).await.get(&read).await.must_be(200);
        w.staff(Role::Biller).await.get(&format!("/staff/charts/{}/billing", ana.chart_id)).await.must_be(200);
        w.readings_are_written().await;
        let mut client = sign_in(w, &own.name).await;
        let (seen, other) = ("(Clinician): read a document", "(Biller): opened the record");
        client.get(LOG).await.must_say(seen).must_say(other);
        let page = format!("/staff/charts/{}/log", ana.chart_id);
        w.staff(Role::Clinician).await.get(&page).await.must_be(403);
        let mut admin = w.staff(Role::Administrator).await;
        admin.get(&format!("/staff/charts/{}", ana.chart_id)).await.must_say("The client's log");
        let form = admin.get(&page).await;
        form.must_say("Nothing is hidden.");
        admin.submit(&form, &page, &[("who", "staff.nobody")]).await.must_be(422).must_say("Choose whose lines").must_say("Choose a day").must_say("Say who has asked");
        let casey = format!("staff.{}", w.riverbend.member(Role::Clinician).staff_id);
        let typed = |statement, until| [("who", casey.as_str()), ("statement", statement), ("until", until), ("reason", "Inspector Vance, Health Oversight.")];
        // By word of mouth it holds for 30 days, and never for a day that is over.
        admin.submit(&form, &page, &typed("oral", "2027-01-01")).await.must_be(422).must_say("at most 30 days");
        admin.submit(&form, &page, &typed("written", "2026-11-30")).await.must_be(422).must_say("This day is over");
        admin.submit_and_follow(&form, &page, &typed("oral", "2026-12-03")).await.must_say("Lines of").must_say("Hidden").must_say("Inspector Vance");
        let log = client.get(LOG).await;
        log.must_not_say(seen).must_not_say("Vance").must_not_say("Hidden").must_say(other);
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        api.get(&format!("/api/v1/charts/{}/access-log", ana.chart_id)).await.must_be(200).must_not_say("document.read_by_staff");
        // The trail has every line, and says who hid which.
        let trail = admin.get("/staff/audit").await;
        trail.must_say("Read a document").must_say("Hid lines of a client's log");
        // The last instant of December 3 in New York, then the first of December 4. Nothing runs.
        w.clock.advance_seconds(2 * 86_400 + 14 * 3_600 - 1);
        let mut client = sign_in(w, &own.name).await;
        client.get(LOG).await.must_not_say(seen);
        w.clock.advance_seconds(1);
        client.get(LOG).await.must_say(seen).must_say(other);
        // Another one is ended before its day.
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get(&page).await;
        form.must_say("Shown again");
        let listed = admin.submit_and_follow(&form, &page, &typed("written", "2027-06-01")).await;
        client.get(LOG).await.must_not_say(seen);
        admin.submit_and_follow(&listed, "/log/end", &[]).await.must_say("Shown again since");
        client.get(LOG).await.must_say(seen);
        // A program hides lines and shows them again by the same rules.
        w.clock.advance_seconds(1);
        let at = format!("/api/v1/charts/{}/access-log", ana.chart_id);
        let hide = |statement: &str, until: &str, actor: &str| {
            serde_json::json!({ "actor_kind": "staff", "actor": actor, "statement": statement, "until": until, "reason": "Inspector Vance." })
        };
        let id = casey.trim_start_matches("staff.");
        for (body, field) in [
            (hide("oral", "2027-06-01", id), "/until"),
            (hide("written", "2026-11-30", id), "/until"),
            (hide("whispered", "2027-06-01", id), "/statement"),
            (hide("written", "soon", id), "/until"),
            (hide("written", "2027-06-01", &own.access.to_string()), "/actor"),
        ] {
            let said = send(&mut api, "POST", &format!("{at}/hidden"), &body).await;
            assert_eq!(said.must_be(422).answer.json()["errors"][0]["pointer"], field, "{body}");
        }
        client.get(LOG).await.must_say(seen);
        let said = send(&mut api, "POST", &format!("{at}/hidden"), &hide("written", "2027-06-01", id)).await;
        let hidden = said.must_be(200).answer.json()["hidden"][0].clone();
        assert_eq!((hidden["actor"].as_str(), hidden["until"].as_str()), (Some(id), Some("2027-06-01")));
        client.get(LOG).await.must_not_say(seen).must_say(other);
        api.get(&format!("{at}/hidden")).await.must_be(200).must_say("Inspector Vance.");
        let show = |id: &str| format!("{at}/hidden/{id}/show");
        let none = serde_json::json!({});
        let said = send(&mut api, "POST", &show(hidden["id"].as_str().expect("an id")), &none).await;
        assert!(said.must_be(200).answer.json()["hidden"][0]["ended_at"].is_string());
        client.get(LOG).await.must_say(seen);
        send(&mut api, "POST", &show(&own.access.to_string()), &none).await.must_be(404);
        // Another practice knows nothing of it.
        let mut elsewhere = w.staff_of(&w.twinoaks, Role::Administrator).await;
        elsewhere.get(&page).await.must_be(404);
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
