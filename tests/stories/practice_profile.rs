//! The practice's own pages: profile, policies, frequent questions, the trail.

use anteroom::platform::db::schema::{audit_event, audit_seal};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::stories;

stories! {
    async fn a_practice_changes_how_clients_see_it(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let fields = [("name", "Riverbend House"), ("accent", "#f2c14e"), ("website", "riverbend.example.org"), ("text_phone", "555-0143")];
        admin.submit_and_follow(&page, "/staff/practice", &fields).await.must_say("Saved.").must_say("Riverbend House");
        let outside = w.browser().get("/riverbend/staff/sign-in").await;
        outside.must_say("Riverbend House");
        let css = outside.link_to_css();
        assert!(css.contains("anteroom-f2c14e."), "{css}");
        let sheet = w.browser().get(&css).await;
        sheet.must_be(200);
        assert_eq!(sheet.answer.header("content-type"), Some("text/css; charset=utf-8"));
    }

    async fn two_who_save_at_once_never_overwrite_each_other_silently(w: &mut World) {
        let mut one = w.staff(Role::Administrator).await;
        let mut two = w.staff(Role::Administrator).await;
        let (page_one, page_two) = (one.get("/staff/practice").await, two.get("/staff/practice").await);
        one.submit_and_follow(&page_one, "/staff/practice", &[("phone", "555-0111")]).await;
        let answer = two.submit(&page_two, "/staff/practice", &[("phone", "555-0199")]).await;
        answer.must_be(409).must_say("Somebody changed this while you were typing").must_say("Nothing was saved yet");
        assert!(answer.html().contains("555-0199"), "what was typed is lost");
        assert!(one.get("/staff/practice").await.html().contains("555-0111"));
        two.submit_and_follow(&answer, "/staff/practice", &[]).await;
        assert!(one.get("/staff/practice").await.html().contains("555-0199"));
        let page = one.get("/staff/practice/policies").await;
        one.submit_and_follow(&page, "/policies", &[("resends_per_day", "3")]).await;
        one.submit(&page, "/policies", &[("resends_per_day", "9")]).await.must_be(409);
    }

    async fn a_11_03_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let fields = [("name", ""), ("email", "not an address"), ("time_zone", "Mars/Olympus")];
        let wrong = admin.submit(&page, "/staff/practice", &fields).await;
        wrong.must_be(422).must_say("another look").must_say("We do not know this time zone");
        let html = wrong.html();
        for part in ["role=\"alert\"", "href=\"#f-email\"", "id=\"e-email\"", "aria-invalid=\"true\"", "value=\"Mars/Olympus\""] {
            assert!(html.contains(part), "{part}");
        }
        assert_eq!(html.matches("<h1").count(), 1);
    }

    async fn names_that_look_like_html_stay_text(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let name = "<script>alert(1)</script> & \"Sons\"";
        let seen = admin.submit_and_follow(&page, "/staff/practice", &[("name", name)]).await;
        assert!(!seen.html().contains("<script>alert"), "not escaped");
        seen.must_say("& \"Sons\"");
    }

    async fn a_practice_writes_its_frequent_questions(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        for (question, answer) in [("Where do I park?", "Behind the house.\n\nIt costs nothing."), ("Can I bring my dog?", "Yes.")] {
            let page = admin.get("/staff/practice/questions/new?of=en").await;
            let fields = [("question", question), ("answer", answer)];
            admin.submit_and_follow(&page, "questions/new", &fields).await.must_say(question);
            // Sent twice, it stands there once.
            let list = admin.submit_and_follow(&page, "questions/new", &fields).await;
            assert_eq!(list.words().matches(question).count(), 1, "{}", list.words());
        }
        let list = admin.get("/staff/practice/questions?of=en").await;
        let order = |page: &crate::support::Page| {
            let words = page.words();
            words.find("Where do I park?") < words.find("Can I bring my dog?")
        };
        assert!(order(&list));
        admin.submit_and_follow(&list, "/move", &[("direction", "down")]).await;
        assert!(!order(&admin.get("/staff/practice/questions?of=en").await));
        admin.get("/staff/practice/questions?of=es").await.must_not_say("Where do I park?");
        let help = w.browser().get("/riverbend/help").await;
        help.must_be(200).must_say("Where do I park?").must_say("It costs nothing.");
        let one = list.link("/staff/practice/questions/0");
        let page = admin.get(&format!("{one}/delete")).await;
        page.must_say("Delete this question?");
        admin.submit_and_follow(&page, "/delete", &[]).await.must_say("The question is deleted.");
        w.browser().get("/riverbend/help").await.must_not_say("Where do I park?");
        admin.get(&one).await.must_be(404);
        let mut theirs = w.staff_of(&w.twinoaks, Role::Administrator).await;
        theirs.get("/staff/practice/questions?of=en").await.must_not_say("Can I bring my dog?");
    }

    async fn aud_02_a_strangers_failed_sign_in_is_recorded_as_of_someone_not_signed_in(w: &mut World) {
        let mut stranger = w.browser();
        stranger.post("/riverbend/staff/sign-in", &[("email", "nobody@example.org"), ("password", "a wrong password"), ("back", "")]).await.must_be(422);
        let trail = w.staff(Role::Administrator).await.get("/staff/audit").await;
        trail.must_say("Someone not signed in Failed to sign in").must_not_say("Anteroom</td>");
    }

    async fn aud_02_the_trail_is_read_by_page_by_chart_and_checks_itself(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        for _ in 0..60 {
            let by = w.riverbend.by(Role::FrontDesk);
            w.app.db.write(&w.riverbend.scope, move |c| {
                anteroom::platform::audit::record(c, anteroom::platform::audit::Event::new(by.clone(), anteroom::features::staff::audit::StaffAction::SignedOut))
            }).await.expect("no fault");
        }
        let mut admin = w.staff(Role::Administrator).await;
        let first = admin.get("/staff/audit").await;
        first.must_be(200).must_say("Signed out").must_not_say("staff.signed_out");
        let older = admin.get(&first.link("before=").replace("&amp;", "&")).await;
        older.must_be(200).must_say("Made a chart");
        admin.get(&format!("/staff/audit?chart={}", ana.number)).await.must_say("Made a chart").must_not_say("Signed out<");
        admin.get("/staff/audit?chart=no-such").await.must_say("no chart with this number");
        // States are named as on the chart, in the reader's language.
        w.invite(&ana).await;
        let of_ana = format!("/staff/audit?chart={}", ana.number);
        admin.get(&of_ana).await.must_say("Not invited").must_say("Invited");
        admin.get(&format!("{of_ana}&lang=es")).await.must_say("Sin invitar").must_say("Invitado");
        admin.get("/staff/audit?lang=en").await;
        admin.get("/staff/audit/check").await.must_say("The chain is whole");
        anteroom::platform::audit::seal_waiting(&w.app.db).await.expect("no fault");
        let practice = *w.riverbend.scope.id();
        w.tamper(move |c| {
            let third = audit_seal::table
                .filter(audit_seal::practice_id.eq(practice))
                .filter(audit_seal::seq.eq(3))
                .select(audit_seal::event_id)
                .first::<anteroom::kernel::ids::EventId>(c)?;
            diesel::update(audit_event::table.filter(audit_event::practice_id.eq(practice)).filter(audit_event::event_id.eq(third)))
                .set(audit_event::actor_name.eq("Somebody Else"))
                .execute(c)
        }).await;
        admin.get("/staff/audit/check").await.must_say("The chain is broken at number 3");
    }

    async fn the_trail_names_the_client_who_acted_and_whom_a_link_was_for(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut own = w.registered(&ana).await;
        let home = own.get("/portal").await;
        own.submit(&home, "/portal/sign-out", &[]).await.must_be(303);
        let mut admin = w.staff(Role::Administrator).await;
        let trail = admin.get("/staff/audit").await;
        trail
            .must_say("Ana Duarte (portal) Signed out of the portal")
            .must_say("Holder of the link for Ana Duarte Registered");
        let file = admin.get("/staff/audit/export").await;
        assert!(file.html().contains("Ana Duarte (portal),Signed out of the portal"), "{}", file.html());
    }

    async fn the_trail_is_narrowed_by_person_action_and_day_and_downloaded(w: &mut World) {
        w.chart("Ana", "Duarte").await;
        for role in [Role::Administrator, Role::Clinician] {
            let email = w.riverbend.member(role).email.clone();
            let fields = [("email", email.as_str()), ("password", crate::support::PASSWORD), ("back", "")];
            w.browser().post("/riverbend/staff/sign-in", &fields).await.must_be(303);
        }
        let mut admin = w.staff(Role::Administrator).await;
        let id = |role| match w.riverbend.by(role).actor {
            anteroom::platform::audit::Actor::Staff(id, _) => id,
            other => panic!("{other:?}"),
        };
        let (mine, casey) = (id(Role::Administrator), id(Role::Clinician));
        admin
            .get(&format!("/staff/audit?who={casey}"))
            .await
            .must_say("Signed in")
            .must_not_say("Made a chart");
        admin.get("/staff/audit?what=charts").await.must_say("Made a chart").must_not_say("<td>Signed in");
        admin.get("/staff/audit?what=appointments").await.must_say("No event matches");
        let today = w.now().in_zone(&jiff::tz::TimeZone::get("America/New_York").expect("a zone")).date();
        admin.get(&format!("/staff/audit?day={today}")).await.must_say("Made a chart");
        let yesterday = today.yesterday().expect("a day");
        admin.get(&format!("/staff/audit?day={yesterday}")).await.must_say("No event matches");
        // What the address says wrongly narrows nothing, and breaks nothing.
        admin
            .get("/staff/audit?who=nobody&what=x&day=2026-02-30")
            .await
            .must_be(200)
            .must_say("Made a chart");
        let file = admin.get(&format!("/staff/audit/export?what=staff&who={mine}")).await;
        file.must_be(200);
        assert_eq!(file.answer.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = file.html();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("No.,When,Who,What,Chart number,State before,State after,From"));
        let rows: Vec<&str> = lines.collect();
        assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("Signed in")), "{text}");
        admin.get("/staff/audit").await.must_say("Downloaded the audit trail");
        // Another practice's trail is another trail.
        let mut theirs = w.staff_of(&w.twinoaks.clone(), Role::Administrator).await;
        assert!(!theirs.get("/staff/audit/export").await.html().contains("Made a chart"));
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/audit/export").await.must_be(403);
    }
}

trait Css {
    fn link_to_css(&self) -> String;
}

impl Css for crate::support::Page {
    fn link_to_css(&self) -> String {
        let html = self.html();
        let at = html.find("/assets/anteroom-").expect("a stylesheet");
        html[at..].split('"').next().unwrap_or_default().to_owned()
    }
}
