//! The portal work list over HTTP: what it lists, one click, many at once.

use anteroom::features::access::actions::{self, Act, Target};
use anteroom::platform::db::schema::{outbox, person_address, portal_access};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::stories;
use crate::support::world::Client;

const DAY: u32 = 86_400;

fn value(client: &Client, generation: i32) -> String {
    format!("{}.{generation}", client.chart_id)
}

stories! {
    async fn the_work_list_shows_each_chart_under_the_kind_of_its_access(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.chart("Ben", "Okafor").await;
        w.chart_with("Cleo", "Nomail", "1980-01-01", "").await;
        w.invite(&ana).await;
        w.mail_has_settled().await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Ben Okafor").must_say("Cleo Nomail").must_say("There is no e-mail address");
        assert!(!page.says("Ana Duarte"));
        desk.get("/staff/worklist?kind=expired").await.must_say("No link has expired.");
        w.clock.advance_seconds(5 * DAY + 60);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/worklist?kind=expiring").await.must_say("Ana Duarte").must_say("Ends in");
        w.clock.advance_seconds(2 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/worklist?kind=expired").await.must_say("Ana Duarte");
        // Without a choice: the most urgent kind that has anything.
        desk.get("/staff/worklist").await.must_say("Ana Duarte");
    }

    async fn one_click_sends_and_a_second_one_sends_nothing(w: &mut World) {
        let ben = w.chart("Ben", "Okafor").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        let only = value(&ben, 0);
        let done = desk.submit_and_follow(&page, "/staff/worklist", &[("only", &only)]).await;
        done.must_say("1 invitation is on its way").must_say("Everybody has been invited.");
        let again = desk.submit_and_follow(&page, "/staff/worklist", &[("only", &only)]).await;
        again.must_say("Nothing was sent").must_say("nothing was sent twice");
        assert_eq!(w.unread_to(&ben.email).await, 1);
    }

    async fn many_are_sent_at_once_with_a_result_for_each(w: &mut World) {
        let mut fields: Vec<(String, String)> = Vec::new();
        for i in 0..12 {
            let client = w.chart(&format!("Client{i}"), &format!("Number{i}")).await;
            fields.push(("chart".into(), value(&client, 0)));
        }
        let none = w.chart_with("Cleo", "Nomail", "1980-01-01", "").await;
        let no_date = w.chart_with("Dora", "Undated", "", "dora@example.com").await;
        fields.push(("chart".into(), value(&none, 0)));
        fields.push(("chart".into(), value(&no_date, 0)));
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        let changes: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let asked = desk.submit_and_follow(&page, "/staff/worklist", &changes).await;
        asked.must_say("Invite 14 clients?").must_say("Client11 Number11").must_say("Send 14 invitations");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), 0, "nothing leaves before the answer");
        let answer = desk.submit(&asked, "/staff/worklist", &[]).await;
        let report = desk.follow(&answer).await;
        report.must_say("12 of 14 invitations are on their way");
        report.must_say("There is no e-mail address that we may write to.");
        report.must_say("The face sheet lacks the last name or the date of birth.");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), 12);
        // Reload shows the same and sends nothing; nobody else can be shown it.
        desk.follow(&answer).await.must_say("12 of 14 invitations are on their way");
        let to = answer.location().unwrap_or_default().to_owned();
        let mut other = w.staff(Role::Clinician).await;
        assert!(!other.get(&to).await.says("are on their way"));
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), 12);
    }

    async fn an_address_that_came_back_is_passed_over_and_asked_about_in_the_chart(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        for client in [&ana, &ben] {
            w.invite(client).await;
        }
        w.mail_has_settled().await;
        let chart = ana.chart_id;
        let person = ana.person_id;
        w.tamper(move |c| {
            diesel::update(outbox::table.filter(outbox::chart_id.eq(Some(chart))))
                .set((outbox::state.eq("undeliverable"), outbox::last_reason.eq(Some("mail-reason-no-mailbox"))))
                .execute(c)?;
            diesel::update(person_address::table.filter(person_address::person_id.eq(person)))
                .set(person_address::undeliverable_at.eq(Some(crate::support::world::BEGINNING)))
                .execute(c)
        }).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let before = w.mailbox.mails().len();
        let page = desk.get("/staff/worklist?kind=undeliverable").await;
        let ticked = [("chart", value(&ana, 1)), ("chart", value(&ben, 1))];
        let ticked: Vec<(&str, &str)> = ticked.iter().map(|(name, v)| (*name, v.as_str())).collect();
        let asked = desk.submit_and_follow(&page, "/staff/worklist", &ticked).await;
        asked.must_say("Send new links to 2 clients?");
        let done = desk.submit_and_follow(&asked, "/staff/worklist", &[]).await;
        done.must_say("1 of 2 invitations are on their way").must_say("Mail to this address came back.").must_say("Undeliverable 1");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), before + 1, "Ben's alone");
        // The box promises no reminder, and mends the address first, before the end of the link and after.
        let (room, resend) = (
            format!("/staff/charts/{}/communications", ana.chart_id),
            format!("/staff/charts/{}/access/resend", ana.chart_id),
        );
        desk.get(&room).await
            .must_say("Nothing is sent automatically until the address is corrected.")
            .must_not_say("Next automatic step");
        // The dialog asks before anybody clicks, and nothing leaves without the tick.
        let form = desk.get(&resend).await;
        form.must_say("was undeliverable before");
        desk.submit(&form, &resend, &[]).await.must_be(422).must_say("was undeliverable before");
        w.clock.advance_seconds(7 * DAY + 60);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&room).await;
        page.must_say("Expired");
        let first = page.html().split("class=\"button primary\"").nth(1).expect("a first button").to_owned();
        assert!(first.split('>').next().is_some_and(|tag| tag.contains("/access/change-email")), "{first}");
        let form = desk.get(&resend).await;
        desk.submit_and_follow(&form, &resend, &[("confirmed", "undeliverable")]).await.must_say("Invited");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), before + 2);
    }

    async fn somebody_who_declined_is_invited_again_once_the_question_about_the_address_is_answered(w: &mut World) {
        let irene = w.chart("Irene", "Kowalski").await;
        w.invite(&irene).await;
        let link = { let mail = w.mail_to(&irene.email).await; w.link_in(&mail) };
        let mut holder = w.browser();
        let page = holder.get(&format!("{link}/decline")).await;
        holder.submit_and_follow(&page, "/decline", &[("answer", "not-me")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let list = desk.get("/staff/worklist?kind=declined").await;
        list.must_say("Irene Kowalski").must_say("Send Invite again");
        assert!(!list.html().contains("name=\"chart\""), "it is not one of many before somebody has looked at it");
        let before = w.mailbox.mails().len();
        let form = desk.submit_and_follow(&list, "/staff/worklist", &[("only", &value(&irene, 1))]).await;
        form.must_say("said that an invitation was not for them").must_say("Send it to this address anyway.");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), before);
        let invite = format!("/staff/charts/{}/access/invite", irene.chart_id);
        desk.submit(&form, &invite, &[]).await.must_be(422);
        let done = desk.submit_and_follow(&form, &invite, &[("confirmed", "refused")]).await;
        done.must_say("Portal work list").must_not_say("Irene Kowalski");
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), before + 1);
    }

    async fn the_list_pages_without_losing_or_repeating_a_chart(w: &mut World) {
        for i in 0..57 {
            w.chart("Sam", &format!("Number{i:03}")).await;
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let first = desk.get("/staff/worklist?kind=never_invited").await;
        let second = desk.get(&first.link("after=").replace("&amp;", "&")).await;
        let count = |page: &crate::support::Page| page.html().matches("name=\"only\"").count();
        assert_eq!((count(&first), count(&second)), (50, 7));
        assert!(!second.says("Number000") && second.says("Number056"));
    }

    async fn the_chart_says_which_detail_differed_and_unlocks_the_link(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let mut stranger = w.browser();
        let form = stranger.get(&link).await;
        let wrong = [("last_name", "Duarte"), ("month", "4"), ("day", "21"), ("year", "1990"), ("password", "lanterns over the quiet river")];
        for _ in 0..5 {
            stranger.submit(&form, &link, &wrong).await;
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=locked").await;
        page.must_say("Ana Duarte").must_say("What differed: date of birth").must_say("Correct the face sheet");
        page.must_say("Not this person");
        let access = page.html().split("name=\"unlock\" value=\"").nth(1)
            .and_then(|rest| rest.split('"').next()).expect("an unlock button").to_owned();
        let page = desk.submit_and_follow(&page, "/staff/worklist", &[("unlock", &access)]).await;
        page.must_say("No link is locked.");
        stranger.get(&link).await.must_be(200).must_say("Set up your access");
    }

    async fn a_locked_link_that_is_over_is_offered_a_resend_alone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.tamper(|c| diesel::update(portal_access::table).set(portal_access::state.eq("locked")).execute(c)).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        assert!(desk.get("/staff/worklist?kind=locked").await.html().contains("name=\"unlock\""));
        w.clock.advance_seconds(7 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=locked").await;
        page.must_say("Ana Duarte").must_say("The link has expired");
        assert!(!page.html().contains("name=\"unlock\""));
        let done = desk.submit_and_follow(&page, "/staff/worklist", &[("only", &value(&ana, 1))]).await;
        done.must_say("1 invitation is on its way").must_say("No link is locked.");
    }

    async fn a_refusal_that_is_not_about_the_address_asks_for_no_other_address(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_has_settled().await;
        // The relay is told that we may not send as this sender.
        w.tamper(|c| {
            diesel::update(outbox::table)
                .set((outbox::state.eq("undeliverable"), outbox::last_reason.eq(Some("mail-reason-sender-refused"))))
                .execute(c)
        }).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let list = desk.get("/staff/worklist?kind=undeliverable").await;
        list.must_say("Ana Duarte").must_say("Resend").must_not_say("Change e-mail");
        let room = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        room.must_not_say("Ask the client for the right address");
        desk.submit_and_follow(&list, "/staff/worklist", &[("only", &value(&ana, 1))]).await;
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&ana.email).await, 2, "the same address is tried again");
    }

    async fn the_work_list_shows_a_chart_once_under_its_most_urgent_kind(w: &mut World) {
        let mut clients = Vec::new();
        for (first, last) in [("Ana", "Undelivered"), ("Ben", "Asking"), ("Cleo", "Over")] {
            let client = w.chart(first, last).await;
            w.invite(&client).await;
            clients.push(client);
        }
        w.mail_has_settled().await;
        let (ana, ben) = (clients[0].chart_id, clients[1].chart_id);
        w.tamper(move |c| {
            diesel::update(outbox::table.filter(outbox::chart_id.eq(Some(ana))))
                .set((outbox::state.eq("undeliverable"), outbox::last_reason.eq(Some("mail-reason-no-mailbox"))))
                .execute(c)?;
            let asked = portal_access::table.filter(
                portal_access::chart_id.eq_any([ana, ben]),
            );
            diesel::update(asked).set(portal_access::asked_at.eq(Some(crate::support::world::BEGINNING))).execute(c)
        }).await;
        w.clock.advance_seconds(6 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=expiring").await;
        page.must_say("Undeliverable 1").must_say("Asked for a link 1").must_say("Expiring soon 1");
        // A kind with nothing in it takes no room.
        page.must_not_say("Expired 0").must_not_say("Address changed");
        page.must_say("Cleo Over").must_not_say("Ben Asking").must_not_say("Ana Undelivered");
        w.clock.advance_seconds(2 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=expired").await;
        page.must_say("Undeliverable 1").must_say("Asked for a link 1").must_not_say("Expiring soon").must_say("Expired 1");
        page.must_say("Cleo Over").must_not_say("Ben Asking").must_not_say("Ana Undelivered");
        let page = desk.get("/staff/worklist").await;
        page.must_say("Ana Undelivered").must_say("There is no such mailbox at that provider.");
        page.must_not_say("Ben Asking");
        desk.get("/staff/worklist?kind=asked").await.must_say("Ben Asking").must_not_say("Ana Undelivered");
        // The chart room says the same word beside the state.
        desk.get(&format!("/staff/charts/{}/communications", clients[0].chart_id)).await
            .must_say("Expired").must_say("Undeliverable").must_say("Undeliverable: There is no such mailbox");
    }

    async fn who_cannot_be_invited_is_not_offered_a_mail_but_the_face_sheet(w: &mut World) {
        let undated = w.chart_with("Dora", "Undated", "", "dora@example.com").await;
        let nameless = w.chart_with("FNU", "", "1990-04-12", "finn@example.com").await;
        let mail_less = w.chart_with("Cleo", "Nomail", "1980-01-01", "").await;
        w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Never invited 4").must_say("The face sheet has no date of birth").must_say("The face sheet has no last name");
        page.must_say("Add an address and send");
        assert_eq!(page.html().matches("name=\"only\"").count(), 1, "only Ana can be invited");
        assert_eq!(page.html().matches("name=\"chart\"").count(), 1, "and ticked");
        for client in [&undated, &nameless] {
            page.link(&format!("{}/edit", client.chart_id));
        }
        page.link(&format!("{}/access/invite?back=worklist", mail_less.chart_id));
        // A letter that is over, where there is no address to send to.
        let by = w.riverbend.by(Role::FrontDesk);
        actions::act(&w.app, &w.riverbend.scope, by, Target::Owner(mail_less.chart_id.clone()), Act::Letter { seen: None })
            .await.expect("no fault").expect("a letter");
        w.clock.advance_seconds(8 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=expired").await;
        page.must_say("Cleo Nomail").must_say("There is no e-mail address");
        assert_eq!(page.html().matches("name=\"only\"").count(), 0);
        let form = desk.get(&page.link("access/change-email")).await;
        let sent = [("address", "cleo@example.com"), ("reason", "told us at the desk")];
        desk.submit_and_follow(&form, "/access/change-email", &sent).await.must_say("a new link is on its way");
        w.mail_to("cleo@example.com").await;
    }

    async fn the_work_list_shows_no_chart_of_another_practice(w: &mut World) {
        let scope = w.twinoaks.scope.clone();
        let theirs = w.chart_at(&scope, "Tess", "Oaks", "1990-04-12", "tess@example.com").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        assert!(!page.says("Tess Oaks"));
        w.chart("Ana", "Duarte").await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Ana Duarte");
        let done = desk.submit_and_follow(&page, "/staff/worklist", &[("only", &value(&theirs, 0))]).await;
        done.must_not_say("Tess");
        assert_eq!(w.unread_to("tess@example.com").await, 0);
    }

    async fn a_biller_may_look_but_not_send(w: &mut World) {
        w.chart("Ben", "Okafor").await;
        let mut biller = w.staff(Role::Biller).await;
        let page = biller.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Ben Okafor");
        assert!(!page.says("Send Invite"));
    }

    async fn what_waits_is_counted_in_the_navigation_and_front_desk_begins_there(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_has_settled().await;
        let mut desk = w.staff(Role::FrontDesk).await;
        assert_eq!(desk.get("/staff").await.location(), Some("/staff/worklist"));
        assert_eq!(w.staff(Role::Clinician).await.get("/staff").await.location(), Some("/staff/charts"));
        desk.get("/staff/charts").await.must_not_say("urgent");
        w.tamper(|c| diesel::update(portal_access::table).set(portal_access::state.eq("locked")).execute(c)).await;
        desk.get("/staff/charts").await.must_say("Portal work list 1 , 1 urgent");
        // The tag stands in the head of every page of the chart.
        desk.get(&format!("/staff/charts/{}", ana.chart_id)).await.must_say("Locked");
        // Another practice's are not counted.
        let mut theirs = w.staff_of(&w.twinoaks.clone(), Role::FrontDesk).await;
        theirs.get("/staff/charts").await.must_not_say("urgent");
    }

    async fn nothing_chosen_sends_nothing_and_no_bulk_is_offered_where_no_row_can_be_sent(w: &mut World) {
        w.chart_with("Cleo", "Nomail", "1980-01-01", "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Cleo Nomail").must_not_say("Invite the selected clients");
        assert!(!page.html().contains("type=\"checkbox\""));
        w.chart("Ana", "Duarte").await;
        let page = desk.get("/staff/worklist?kind=never_invited").await;
        page.must_say("Invite the selected clients");
        let none = desk.submit_and_follow(&page, "/staff/worklist", &[]).await;
        none.must_say("No client was selected, so nothing was sent.");
        assert!(none.html().contains("class=\"toast is-note\""), "no success mark");
        // Somebody else's charts, and what is no chart, are asked about no more than none.
        let made_up = format!("/staff/worklist/send?kind=never_invited&chart={}.0&chart=x", w.twinoaks.scope.id());
        desk.get(&made_up).await.must_be(303);
    }
}
