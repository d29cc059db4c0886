//! What staff see of somebody's rights and are asked about them, and which mails say that they changed.

use anteroom::features::access::permission::Basis;
use anteroom::kernel::ids::{AccessId, AccountId, PracticeId};
use anteroom::platform::db::schema::{outbox, person, person_address, portal_access};
use anteroom::platform::permissions::{Level, Right, Role};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, enrolled, grant};
use crate::rights::{Terms, level, mother_of, set};
use crate::stories;
use crate::support::World;
use crate::support::world::Client;

/// A contact of the client's who has an access to everything.
async fn helper_of(w: &mut World, client: &Client, email: &str) -> AccessId {
    let helper = contact(w, client, "Sam", email).await;
    w.tamper(move |c| {
        diesel::update(person::table.filter(person::person_id.eq(helper)))
            .set(person::language.eq("en"))
            .execute(c)
    })
    .await;
    let id = account(w, email).await;
    let access = grant(w, &w.riverbend.scope, &id, &helper, &client.chart_id, Some(Right::ALL)).await;
    set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
    access
}

/// The kinds of mail that were queued to an address.
async fn kinds_to(w: &World, address: &str) -> Vec<String> {
    let address = address.to_owned();
    w.look(move |c| {
        outbox::table
            .filter(outbox::recipient.eq(address))
            .order(outbox::kind.asc())
            .select(outbox::kind)
            .load(c)
    })
    .await
}

stories! {
    async fn an_access_without_a_recorded_basis_stands_on_the_work_list_until_it_has_one(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        set(w, access, Terms { basis: Some(Basis::Other), ..Terms::default() }).await;
        let list = "/staff/worklist?kind=basis_missing";
        let rights = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(list).await;
        page.must_be(200).must_say("Leo Park").must_say("access of Joan Park").must_not_say("Say by what right");
        let mut desk = w.staff(Role::Clinician).await;
        let page = desk.get(list).await;
        page.must_say("Say by what right");
        assert_eq!(page.link("/grants/"), rights);
        let tab = format!("/staff/charts/{}/communications", leo.chart_id);
        desk.get(&tab).await.must_say("It is not recorded by what right this person has access.");
        // Until then it counts as before.
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
        let form = desk.get(&rights).await;
        desk.submit_and_follow(&form, &rights, &[("basis", "parent"), ("reason", "Seen on the birth certificate.")]).await;
        desk.get(list).await.must_not_say("Leo Park").must_say("it is recorded by what right");
        desk.get(&tab).await.must_not_say("It is not recorded");
    }

    async fn the_box_tells_the_planned_end_of_an_access_and_revoking_asks_first(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let tab = format!("/staff/charts/{}/communications", leo.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        desk.get(&tab).await.must_say("Next automatic step for Joan Park: the access ends, nothing is open from December 2, 2030 on.");
        set(w, access, Terms { ends_on: Some("2027-01-31"), ..Terms::default() }).await;
        let room = desk.get(&tab).await;
        room.must_say("nothing is open from February 1, 2027 on").must_not_say("No automatic step is planned");
        // The page of the rights leads to a page that says what ends and for whom; nothing ends before.
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let rights = desk.get(&page).await;
        let ask = rights.link("/revoke");
        assert_eq!(ask, format!("{page}/revoke"));
        let asked = desk.get(&ask).await;
        asked.must_say("Revoke portal access for Joan Park?").must_say("What ends on the chart of Leo Park: Appointments");
        asked.must_say("You can restore the access later.").must_say("Optional. Only staff see it.");
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
        let long = "x".repeat(201);
        desk.submit(&asked, "/revoke", &[("reason", &long)]).await.must_be(422).must_say("200");
        desk.submit_and_follow(&asked, "/revoke", &[("reason", "Asked for.")]).await.must_say("The access is revoked.");
        desk.get(&tab).await.must_say("No automatic step is planned").must_say("Asked for.");
        desk.get(&ask).await.must_be(200).must_say("There is no access to revoke.");
    }

    async fn an_access_is_not_given_back_before_its_basis_is_recorded_or_after_its_last_day(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        set(w, access, Terms { basis: Some(Basis::Other), ..Terms::default() }).await;
        let mut desk = w.staff(Role::Administrator).await;
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = desk.get(&format!("{page}/revoke")).await;
        desk.submit_and_follow(&form, "/revoke", &[]).await.must_say("No Portal Access");
        // The box and the page of the rights say where it is entered.
        let asked = desk.get(&format!("/staff/charts/{}/access/restore", leo.chart_id)).await;
        asked.must_say("choose the right and save it");
        assert_eq!(asked.link("/grants/"), page);
        let form = desk.get(&page).await;
        desk.submit(&form, "/restore", &[]).await.must_be(422).must_say("choose the right and save it");
        let ended = [("basis", "parent"), ("ends_on", "2026-11-30"), ("reason", "As the order says.")];
        let form = desk.submit_and_follow(&form, &page, &ended).await;
        form.must_say("Saved");
        desk.submit(&form, "/restore", &[]).await.must_be(422).must_say("The last day of this access was November 30, 2026");
        assert_eq!(level(w, access, Right::Billing).await, Level::None);
        let form = desk.submit_and_follow(&form, &page, &[("ends_on", "")]).await;
        desk.submit_and_follow(&form, "/restore", &[]).await.must_say("Active");
        assert_eq!(level(w, access, Right::Billing).await, Level::Act);
    }

    async fn the_box_says_why_a_registered_holder_sees_nothing(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let tab = format!("/staff/charts/{}/communications", leo.chart_id);
        let rights = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let open = desk.get(&tab).await;
        open.must_not_say("Nothing is open").must_say("Ends with the client's majority on").must_say("December 2, 2030");
        let dated = |starts_on, ends_on| Terms { starts_on, ends_on, ..Terms::default() };
        for (terms, words) in [
            (dated(Some("2026-12-02"), None), "Nothing is open before the first day, December 2, 2026"),
            (dated(Some("2026-01-01"), Some("2026-11-30")), "Nothing is open: the last day was November 30, 2026"),
            (Terms { ends_on: Some("2027-01-01"), rights: Some(""), ..Terms::default() }, "no area is allowed"),
        ] {
            set(w, access, terms).await;
            desk.get(&tab).await.must_say(words);
            desk.get(&rights).await.must_say(words);
        }
        set(w, access, Terms { rights: Some("billing"), ..Terms::default() }).await;
        desk.get(&tab).await.must_not_say("Nothing is open");
        let born = |day: Option<&'static str>| {
            let client = leo.person_id;
            w.tamper(move |c| {
                diesel::update(person::table.filter(person::person_id.eq(client)))
                    .set(person::birth_date.eq(day))
                    .execute(c)
            })
        };
        born(None).await;
        desk.get(&tab).await.must_say("nobody knows whether the client is a minor");
        born(Some("2008-12-01")).await;
        desk.get(&tab).await.must_say("the client is an adult since December 1, 2026");
        desk.get(&rights).await.must_say("the client is an adult since December 1, 2026");
    }

    async fn holder_and_client_hear_of_a_change_a_pause_and_an_end_and_only_what_is_still_true(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let access = helper_of(w, &ana, "sam@example.com").await;
        let page = format!("/staff/charts/{}/grants/{access}", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&page).await;
        let reason = "Sam drinks.";
        desk.submit_and_follow(&form, &page, &[("documents", "none"), ("reason", reason)]).await;
        let mail = w.mail_to("sam@example.com").await;
        assert!(mail.text.contains("changed what you can see"), "{}", mail.text);
        assert!(!mail.text.contains("Duarte") && !mail.text.contains("Ana") && !mail.text.contains(reason));
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("another person can see"), "{}", mail.text);
        assert!(!mail.text.contains("Sam"), "{}", mail.text);
        // Saved without a change: no mail.
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, &page, &[]).await;
        // Paused and resumed before the first mail leaves: nobody is told of the pause.
        w.stop_sending().await;
        let form = desk.get(&page).await;
        let form = desk.submit_and_follow(&form, "/pause", &[]).await;
        desk.submit_and_follow(&form, "/resume", &[]).await;
        w.start_sending();
        let mail = w.mail_to("sam@example.com").await;
        assert!(mail.subject.contains("your access is back"), "{}", mail.subject);
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/pause", &[("reason", reason)]).await;
        let mail = w.mail_to("sam@example.com").await;
        assert!(mail.text.contains("paused your access") && !mail.text.contains(reason), "{}", mail.text);
        let form = desk.get(&format!("{page}/revoke")).await;
        desk.submit_and_follow(&form, "/revoke", &[]).await;
        let mail = w.mail_to("sam@example.com").await;
        assert!(mail.text.contains("has ended"), "{}", mail.text);
        // The first word of a pause is the one that never left.
        let wanted =
            ["access.changed", "access.ended", "access.paused", "access.paused", "access.restored"];
        assert_eq!(kinds_to(w, "sam@example.com").await, wanted);
    }

    async fn an_address_that_came_back_gets_no_news_and_is_asked_about_on_the_page_of_the_rights(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let access = helper_of(w, &ana, "sam@example.com").await;
        let mark = |at| {
            w.tamper(move |c| {
                diesel::update(person_address::table.filter(person_address::value.eq("sam@example.com")))
                    .set(person_address::undeliverable_at.eq(at))
                    .execute(c)
            })
        };
        mark(Some(w.now())).await;
        let page = format!("/staff/charts/{}/grants/{access}", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&page).await;
        desk.submit_and_follow(&form, "/pause", &[]).await;
        assert_eq!(kinds_to(w, "sam@example.com").await, Vec::<String>::new());
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set((
                    portal_access::state.eq("canceled"),
                    portal_access::paused_at.eq(None::<i64>),
                    portal_access::account_id.eq(None::<AccountId>),
                    portal_access::account_practice_id.eq(None::<PracticeId>),
                ))
                .execute(c)
        })
        .await;
        let form = desk.get(&page).await;
        form.must_say("Mail to sam@example.com was undeliverable before.");
        let refused = desk.submit(&form, "/invite", &[]).await;
        refused.must_be(422).must_say("Mail to sam@example.com was undeliverable before.");
        assert_eq!(w.unread_to("sam@example.com").await, 0);
        desk.submit_and_follow(&refused, "/invite", &[("confirmed", "undeliverable")]).await.must_say("Invited");
        w.mail_to("sam@example.com").await;
        // A new link is sent from the same page, and what was looked at is asked again.
        let form = desk.get(&page).await;
        desk.submit(&form, "/resend", &[]).await.must_be(422).must_say("was undeliverable before");
        desk.submit_and_follow(&form, "/resend", &[("confirmed", "undeliverable")]).await;
        w.mail_to("sam@example.com").await;
        // A second click on the same form sends nothing.
        desk.submit(&form, "/resend", &[("confirmed", "undeliverable")]).await;
        assert_eq!(w.unread_to("sam@example.com").await, 0);
    }
}
