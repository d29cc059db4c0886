//! Closing a chart and opening it again. The number is that of the acceptance case of rights.

use anteroom::features::access::permission::Basis;
use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::kernel::ids::AppointmentId;
use anteroom::platform::db::schema::{
    appointment, appointment_request, audit_event, chart, invitation, signing,
};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::access::contact;
use crate::portal_people::{account, appointment as booked, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, sees_nothing, send};
use crate::stories;
use crate::support::rows::{Rows, access_of};
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, Page, World, papers};

fn page_of(client: &Client) -> String {
    format!("/staff/charts/{}/close", client.chart_id)
}

/// Sends the form that closes the chart; all appointments are ticked but those that are kept.
pub async fn close(desk: &mut Browser, of: &Client, kept: &[AppointmentId], typed: &[(&str, &str)]) -> Page {
    let page = desk.get(&page_of(of)).await;
    let mut fields = page.form("/close").fields.clone();
    let is_kept = |value: &str| kept.iter().any(|id| id.to_string() == value);
    fields.retain(|(name, value)| !(name == "cancel" && is_kept(value)));
    for (name, value) in typed {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    desk.post_fields(&page_of(of), &fields).await
}

async fn state_of(w: &World, id: AppointmentId) -> String {
    w.look(move |c| {
        appointment::table.filter(appointment::appointment_id.eq(id)).select(appointment::state).first(c)
    })
    .await
}

async fn chart_state(w: &World, of: &Client) -> (String, Option<String>) {
    let id = of.chart_id;
    w.look(move |c| {
        chart::table.filter(chart::chart_id.eq(id)).select((chart::state, chart::client_view_until)).first(c)
    })
    .await
}

stories! {
    async fn case_34_a_closed_chart_is_read_until_its_last_day_and_nothing_more_is_asked_for(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        document(w, &ana.chart_id, "For Ana", "Text.").await;
        let (stays, goes) = (booked(w, &ana.chart_id, 48).await, booked(w, &ana.chart_id, 72).await);
        let plan = papers::draft(w, &ana.chart_id, "Plan", "Words.").await;
        papers::ask_to_sign(w, &plan, vec![Candidate::Grant(Recipient::Owner)]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/charts/{}", ana.chart_id)).await.must_say("Close the chart");
        close(&mut desk, &ana, &[], &[("view_until", "2026-12-05")]).await.must_be(422).must_say("Say why");
        let over = [("view_until", "2026-11-30"), ("reason", "Moved away.")];
        close(&mut desk, &ana, &[], &over).await.must_be(422).must_say("This day is over");
        assert_eq!(chart_state(w, &ana).await, ("open".to_owned(), None), "all of it or nothing");
        let typed = [("view_until", "2026-12-05"), ("reason", "Moved away.")];
        close(&mut desk, &ana, &[stays], &typed).await.must_be(303);
        assert_eq!(chart_state(w, &ana).await, ("closed".to_owned(), Some("2026-12-05".to_owned())));
        assert_eq!((state_of(w, stays).await.as_str(), state_of(w, goes).await.as_str()), ("booked", "canceled"));
        let signings: Vec<(String, String)> =
            w.look(|c| signing::table.select((signing::state, signing::reason)).load(c)).await;
        assert_eq!(signings, [("canceled".to_owned(), "Moved away.".to_owned())]);
        // Read: everything. Pay: as before. Ask, write, sign: nothing.
        let mut client = sign_in(w, &own.name).await;
        client.get("/portal").await.must_say("You can read what is in it until the end of").must_not_say("Ask for an appointment");
        // One last day is enough: the one that comes first.
        crate::rights::set(w, own.access, crate::rights::Terms { ends_on: Some("2026-12-31"), ..Default::default() }).await;
        client.get("/portal").await.must_say("until the end of December 5, 2026").must_not_say("your access to this chart ends");
        crate::rights::set(w, own.access, crate::rights::Terms { ends_on: Some("2026-12-03"), ..Default::default() }).await;
        client.get("/portal").await.must_say("On December 4, 2026 your access to this chart ends").must_not_say("until the end of");
        crate::rights::set(w, own.access, crate::rights::Terms { ends_on: Some("2026-12-31"), ..Default::default() }).await;
        client.get("/portal/documents").await.must_be(200).must_say("For Ana");
        client.get("/portal/appointments").await.must_be(200);
        client.get("/portal/appointments/request").await.must_be(404);
        client.get("/portal/account").await.must_be(200);
        for (right, wanted) in [
            (Right::Billing, Level::Act), (Right::Appointments, Level::View),
            (Right::Documents, Level::View), (Right::Messages, Level::View), (Right::Information, Level::View),
        ] {
            assert_eq!(level(w, own.access, right).await, wanted, "{right}");
        }
        // The first instant of December 6 in New York, with no job run.
        w.clock.advance_seconds(4 * 86_400 + 14 * 3_600 - 1);
        let mut client = sign_in(w, &own.name).await;
        client.get("/portal/documents").await.must_be(200);
        w.clock.advance_seconds(1);
        sees_nothing(&mut client).await;
        let mut again = w.browser();
        let page = again.get("/riverbend/sign-in").await;
        let answer = again.submit(&page, "/sign-in", &[("name", &own.name), ("password", PASSWORD)]).await;
        answer.must_be(422).must_say("not open right now");
        // Opened again, the access counts as it stands; what was canceled stays so.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&page_of(&ana)).await;
        page.must_say("Open the chart of Ana Duarte again?");
        let reopen = format!("/staff/charts/{}/reopen", ana.chart_id);
        desk.submit(&page, &reopen, &[]).await.must_be(422).must_say("Say why");
        desk.submit(&page, &reopen, &[("reason", "Came back.")]).await.must_be(303);
        assert_eq!(chart_state(w, &ana).await, ("open".to_owned(), None));
        assert_eq!(level(w, own.access, Right::Appointments).await, Level::Act);
        assert_eq!(state_of(w, goes).await, "canceled");
        let trail: Vec<String> = w.look(|c| {
            audit_event::table.filter(audit_event::action.eq_any(["chart.closed", "chart.reopened"]))
                .order(audit_event::event_id.asc()).select(audit_event::action).load(c)
        }).await;
        assert_eq!(trail, ["chart.closed", "chart.reopened"]);
    }

    async fn case_34_whoever_can_read_a_closed_chart_is_told_until_when_and_nobody_is_invited_to_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let hers = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(Right::ALL)).await;
        let ines = contact(w, &ana, "Ines", "ines@example.com").await;
        let id = account(w, "ines@example.com").await;
        let over = grant(w, &w.riverbend.scope, &id, &ines, &ana.chart_id, Some(Right::ALL)).await;
        for (access, ends_on) in [(hers, None), (over, Some("2026-11-30"))] {
            let terms = Terms { basis: Some(Basis::ClientChoice), ends_on, ..Terms::default() };
            crate::rights::set(w, access, terms).await;
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let typed = [("view_until", "2026-12-05"), ("reason", "Moved away.")];
        close(&mut desk, &ana, &[], &typed).await.must_be(303);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("Until the end of December 5, 2026"), "{}", mail.text);
        assert!(!mail.text.contains("Moved away"), "{}", mail.text);
        let mail = w.mail_to("rosa@example.com").await;
        assert!(mail.text.contains("5 de diciembre de 2026"), "in her language: {}", mail.text);
        w.mail_has_settled().await;
        assert_eq!(w.unread_to("ines@example.com").await, 0, "her last day was yesterday");
        // The box offers no invitation and no other owner, and says why.
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("This chart is closed.").must_not_say("Change Ownership").must_say("Revoke Access");
        let ben = w.chart("Ben", "Okafor").await;
        close(&mut desk, &ben, &[], &[("reason", "Never came.")]).await.must_be(303);
        let tab = desk.get(&format!("/staff/charts/{}/communications", ben.chart_id)).await;
        tab.must_say("Nobody is invited before it is opened again.").must_not_say("Send Invite");
        let (other, invite) = (w.chart("Cleo", "Silva").await, "/access/invite");
        let form = desk.get(&format!("/staff/charts/{}{invite}", other.chart_id)).await;
        close(&mut desk, &other, &[], &[("reason", "Never came.")]).await.must_be(303);
        desk.submit(&form, invite, &[]).await.must_be(422).must_say("Open it again before you invite");
        // Opened again before the mail left: what is not true is not sent.
        w.stop_sending().await;
        let dora = w.chart("Dora", "Lind").await;
        enrolled(w, &dora).await;
        close(&mut desk, &dora, &[], &[("reason", "A slip.")]).await.must_be(303);
        let page = desk.get(&page_of(&dora)).await;
        desk.submit(&page, "/reopen", &[("reason", "A slip.")]).await.must_be(303);
        assert_eq!(w.unread_to(&dora.email).await, 0);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::View);
    }

    async fn case_92_a_frozen_chart_takes_no_request_and_everything_else_goes_on_as_before(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let (kim, mut client) = (&rows.registered, rows.client.clone());
        let stays = booked(w, &kim.chart_id, 53).await;
        client.get("/portal/appointments").await.must_say("Ask for an appointment");
        let form = client.get("/portal/appointments/request").await;
        let page_of = format!("/staff/charts/{}/freeze", kim.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/charts/{}", kim.chart_id)).await.must_say("Freeze appointments");
        let page = desk.get(&page_of).await;
        desk.submit(&page, "/freeze", &[]).await.must_be(422).must_say("Say why");
        let head = desk.submit_and_follow(&page, "/freeze", &[("reason", "Owed since spring.")]).await;
        head.must_say("Appointments are frozen.").must_say("Appointments frozen").must_say("Unfreeze appointments");
        // The second click freezes nothing twice.
        desk.submit(&page, "/freeze", &[("reason", "Again.")]).await.must_be(303);
        assert_eq!(crate::portal_people::events(w, "chart.frozen").await, 1);
        // No asking, by page or by a form that was open; what was asked for has ended.
        let asked = [("kind", "session"), ("place", "office"), ("day1", "2026-12-04"), ("part1", "any")];
        client.submit(&form, "/portal/appointments/request", &asked).await.must_be(404);
        for gone in ["/portal/appointments/request", "/portal/appointments/times"] {
            client.get(gone).await.must_be(404);
        }
        let waiting: i64 = w.look(|c| {
            appointment_request::table.filter(appointment_request::state.eq("waiting")).count().get_result(c)
        }).await;
        assert_eq!(waiting, 0);
        for told in ["/portal", "/portal/appointments"] {
            client.get(told).await.must_say("You cannot request or change appointments here at present.")
                .must_not_say("Ask for an appointment").must_not_say("Owed since spring");
        }
        // Everything else: each page of the client's that opened before opens, and what is booked stays.
        client.get(&format!("/portal/appointments/{stays}")).await.must_be(200);
        assert_eq!(state_of(w, stays).await, "booked");
        client.get("/portal/messages/new").await.must_be(200).must_say("988");
        client.get(&rows.fill("/portal/messages/{thread}")).await.must_be(200);
        client.get("/portal/documents").await.must_be(200);
        client.get("/portal/account").await.must_be(200);
        let access = access_of(w, kim).await;
        for right in Right::ALL {
            let wanted = if *right == Right::Appointments { Level::View } else { Level::Act };
            assert_eq!(level(w, access, *right).await, wanted, "{right}");
        }
        // Closed and opened again it is still frozen, until somebody says otherwise.
        close(&mut desk, kim, &[stays], &[("reason", "Moved away.")]).await.must_be(303);
        let page = desk.get(&format!("/staff/charts/{}/close", kim.chart_id)).await;
        desk.submit(&page, "/reopen", &[("reason", "Came back.")]).await.must_be(303);
        assert_eq!(level(w, access, Right::Appointments).await, Level::View);
        let page = desk.get(&page_of).await;
        page.must_say("Frozen since");
        desk.submit(&page, "/unfreeze", &[]).await.must_be(422).must_say("Say why");
        desk.submit(&page, "/unfreeze", &[("reason", "Paid.")]).await.must_be(303);
        client.get("/portal/appointments").await.must_say("Ask for an appointment").must_not_say("at present");
        w.staff(Role::Biller).await.get(&page_of).await.must_be(403);
    }

    async fn the_api_freezes_a_chart_and_unfreezes_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let at = |act: &str| format!("/api/v1/charts/{}/{act}", ana.chart_id);
        send(&mut api, "POST", &at("freeze"), &json!({ "reason": "" })).await.must_be(422).must_say("/reason");
        let frozen = send(&mut api, "POST", &at("freeze"), &json!({ "reason": "Owed." })).await;
        frozen.must_be(200).must_say("\"frozen_at\":\"2026-12-01").must_say("\"state\":\"open\"");
        assert_eq!(level(w, own.access, Right::Appointments).await, Level::View);
        send(&mut api, "POST", &at("unfreeze"), &json!({ "reason": "Paid." })).await.must_be(200).must_say("\"frozen_at\":null");
        assert_eq!(level(w, own.access, Right::Appointments).await, Level::Act);
    }

    async fn closing_ends_an_open_invitation_and_a_second_click_closes_nothing_twice(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let (mut one, mut two) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let late = two.get(&page_of(&ana)).await;
        close(&mut one, &ana, &[], &[("reason", "Moved away.")]).await.must_be(303);
        two.submit(&late, &page_of(&ana), &[("reason", "Also."), ("view_until", "2026-12-05")]).await.must_be(303);
        assert_eq!(chart_state(w, &ana).await, ("closed".to_owned(), None), "the first one counts");
        let states: Vec<String> = w.look(|c| invitation::table.select(invitation::state).load(c)).await;
        assert_eq!(states, ["withdrawn"]);
        w.browser().get(&link).await.must_be(410);
        w.staff(Role::Biller).await.get(&page_of(&ana)).await.must_be(403);
    }

    async fn the_api_closes_a_chart_and_opens_it_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let goes = booked(w, &ana.chart_id, 48).await;
        let ben = w.chart("Ben", "Okafor").await;
        let his = booked(w, &ben.chart_id, 50).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let (shut, open) = (format!("/api/v1/charts/{}/close", ana.chart_id), format!("/api/v1/charts/{}/reopen", ana.chart_id));
        send(&mut api, "POST", &shut, &json!({ "reason": "" })).await.must_be(422).must_say("/reason");
        let over = json!({ "reason": "Moved.", "view_until": "2026-11-30" });
        send(&mut api, "POST", &shut, &over).await.must_be(422).must_say("/view_until");
        let others = json!({ "reason": "Moved.", "cancel": [his] });
        send(&mut api, "POST", &shut, &others).await.must_be(422).must_say("/cancel");
        assert_eq!(chart_state(w, &ana).await.0, "open");
        let closing = json!({ "reason": "Moved.", "view_until": "2026-12-05", "cancel": [goes] });
        let done = send(&mut api, "POST", &shut, &closing).await;
        done.must_be(200).must_say("\"state\":\"closed\"").must_say("\"client_view_until\":\"2026-12-05\"");
        assert_eq!((state_of(w, goes).await.as_str(), state_of(w, his).await.as_str()), ("canceled", "booked"));
        assert_eq!(level(w, own.access, Right::Messages).await, Level::View);
        send(&mut api, "POST", &open, &json!({ "reason": "Came back." })).await.must_be(200).must_say("\"state\":\"open\"");
        assert_eq!(level(w, own.access, Right::Messages).await, Level::Act);
    }
}
