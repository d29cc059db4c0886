//! Change Ownership and its undo. The numbers are those of the acceptance cases of rights.

use anteroom::features::access::permission::Basis;
use anteroom::kernel::ids::{AccessId, ChartId, PersonId};
use anteroom::platform::db::schema::{chart, invitation, portal_access};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, sees_nothing, send, set};
use crate::stories;
use crate::support::World;
use crate::support::world::Client;

const HOUR: u32 = 3_600;

/// Staff hand the chart over to this person, by the form.
async fn hand_over(w: &World, of: &Client, to: PersonId) {
    let path = format!("/staff/charts/{}/access/change-owner", of.chart_id);
    let mut desk = w.staff(Role::Administrator).await;
    let form = desk.get(&path).await;
    let to = to.to_string();
    let fields = [("to", to.as_str()), ("reason", "Asked for."), ("authorised_by", "The client")];
    desk.submit_and_follow(&form, &path, &fields).await;
}

async fn owner_of(w: &World, id: ChartId) -> PersonId {
    w.look(move |c| chart::table.filter(chart::chart_id.eq(id)).select(chart::owner_person_id).first(c)).await
}

async fn role_and_rights(w: &World, access: AccessId) -> (String, String) {
    w.look(move |c| {
        portal_access::table
            .filter(portal_access::access_id.eq(access))
            .select((portal_access::role, portal_access::rights))
            .first(c)
    })
    .await
}

stories! {
    async fn case_26_and_28_the_former_owner_sees_nothing_and_an_undo_gives_all_back_until_72_hours_are_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        document(w, &ana.chart_id, "For Ana", "Text.").await;
        let mut browser = sign_in(w, &own.name).await;
        browser.get("/portal/documents").await.must_be(200).must_say("For Ana");
        hand_over(w, &ana, rosa).await;
        sees_nothing(&mut browser).await;
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("has ended"), "{}", mail.text);
        // Rosa is invited meanwhile.
        let tab = format!("/staff/charts/{}/communications", ana.chart_id);
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&tab).await.must_say("This can be undone until Friday, December 4, 2026, 10:00 AM");
        let form = desk.get(&invite).await;
        desk.submit_and_follow(&form, &invite, &[]).await.must_say("Invited");
        w.mail_to("rosa@example.com").await;
        // 71 hours, 59 minutes and 59 seconds later.
        w.clock.advance_seconds(72 * HOUR - 1);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        form.must_say("Rosa Contact is the chart owner now");
        desk.submit(&form, &undo, &[]).await.must_be(422).must_say("Say why");
        let done = desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        done.must_say("Undone.").must_say("undid the change of the chart owner: A mistake.").must_not_say("can be undone until");
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("your access is back"), "{}", mail.subject);
        sign_in(w, &own.name).await.get("/portal/documents").await.must_be(200).must_say("For Ana");
        let states: Vec<String> = w.look(|c| invitation::table.select(invitation::state).load(c)).await;
        assert_eq!(states, ["withdrawn"], "Rosa's link is dead");
        // A second click finds nothing to undo.
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422).must_say("can be undone any more");
    }

    async fn case_28_after_72_hours_nothing_is_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        hand_over(w, &ana, rosa).await;
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        w.clock.advance_seconds(72 * HOUR - 1);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        form.must_say("is the chart owner now");
        w.clock.advance_seconds(1);
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422).must_say("can be undone any more");
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
    }

    async fn case_28_a_representative_who_became_the_owner_has_the_former_rights_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let access = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(&[Right::Billing])).await;
        let terms = Terms { basis: Some(Basis::ClientChoice), rights: Some("billing:view"), ..Terms::default() };
        set(w, access, terms).await;
        hand_over(w, &ana, rosa).await;
        assert_eq!(level(w, access, Right::Documents).await, Level::Act);
        let mut browser = sign_in(w, "rosa@example.com").await;
        browser.get("/portal/documents").await.must_be(200);
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        browser.get("/portal/documents").await.must_be(404);
        let now = role_and_rights(w, access).await;
        assert_eq!(now, ("representative".to_owned(), "billing:view".to_owned()));
    }

    async fn only_the_newest_change_of_the_owner_is_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let ines = contact(w, &ana, "Ines", "ines@example.com").await;
        hand_over(w, &ana, rosa).await;
        w.clock.advance_seconds(60);
        hand_over(w, &ana, ines).await;
        let undo = format!("/staff/charts/{}/undo-owner", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&undo).await;
        desk.submit_and_follow(&form, &undo, &[("reason", "A mistake.")]).await;
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
        desk.submit(&form, &undo, &[("reason", "A mistake.")]).await.must_be(422);
        assert_eq!(owner_of(w, ana.chart_id).await, rosa);
    }

    async fn case_28_the_api_undoes_a_change_of_the_owner(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let undo = format!("/api/v1/charts/{}/undo-change-owner", ana.chart_id);
        let reason = serde_json::json!({ "reason": "A mistake." });
        send(&mut api, "POST", &undo, &reason).await.must_be(409).must_say("nothing-to-undo");
        hand_over(w, &ana, rosa).await;
        assert_eq!(level(w, own.access, Right::Documents).await, Level::None);
        send(&mut api, "POST", &undo, &reason).await.must_be(200);
        assert_eq!(owner_of(w, ana.chart_id).await, ana.person_id);
        assert_eq!(level(w, own.access, Right::Documents).await, Level::Act);
        send(&mut api, "POST", &undo, &reason).await.must_be(409);
    }
}
