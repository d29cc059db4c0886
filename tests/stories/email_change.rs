//! Changing the e-mail address of a sign-in. The numbers are those of the acceptance cases of people and rights.

use anteroom::kernel::ids::AccountId;
use anteroom::platform::db::schema::{email_change, portal_account, session};
use anteroom::platform::mail::receiver::Fault;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::at_once::{Whose, in_turn};
use crate::portal_people::{Enrolled, account, enrolled, grant, sign_in};
use crate::stories;
use crate::support::{Browser, PASSWORD, Page, World};

const HOUR: u32 = 3_600;

/// Asks for another address, by the form.
async fn ask(browser: &mut Browser, to: &str) -> Page {
    let form = browser.get("/portal/me/email").await;
    browser.submit(&form, "/portal/me/email", &[("address", to), ("password", PASSWORD)]).await
}

/// The link of the next mail to an address.
async fn link_to(w: &mut World, address: &str) -> String {
    let mail = w.mail_to(address).await;
    w.link_in(&mail)
}

async fn confirm(w: &World, link: &str) -> Page {
    let mut browser = w.browser();
    let form = browser.get(link).await;
    form.must_be(200);
    browser.submit(&form, "/email/", &[("password", PASSWORD)]).await
}

async fn press(w: &World, link: &str) -> Page {
    let mut browser = w.browser();
    let form = browser.get(link).await;
    form.must_be(200);
    browser.submit(&form, "/email/", &[]).await
}

async fn stands(w: &World, id: AccountId) -> (String, String) {
    w.look(move |c| {
        portal_account::table
            .filter(portal_account::account_id.eq(id))
            .select((portal_account::sign_in_name, portal_account::email))
            .first(c)
    })
    .await
}

fn both(address: &str) -> (String, String) {
    (address.to_owned(), address.to_owned())
}

async fn open_sessions(w: &World, id: AccountId) -> i64 {
    let subject = id.to_string();
    w.look(move |c| {
        session::table
            .filter(session::subject_id.eq(subject))
            .filter(session::ended_at.is_null())
            .count()
            .get_result(c)
    })
    .await
}

async fn ana(w: &mut World) -> (Enrolled, Browser) {
    let ana = w.chart_with("Ana", "Duarte", "1990-03-04", "a@example.org").await;
    let own = enrolled(w, &ana).await;
    let browser = sign_in(w, &own.name).await;
    (own, browser)
}

async fn forgot(w: &World, address: &str) {
    let mut browser = w.browser();
    let page = browser.get("/riverbend/forgot").await;
    browser.submit(&page, "/riverbend/forgot", &[("address", address)]).await;
}

stories! {
    async fn case_61_until_it_is_confirmed_sign_in_and_reset_use_the_old_address(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        let form = browser.get("/portal/me/email").await;
        let wrong = [("address", "b@example.org"), ("password", "not the password")];
        let answer = browser.submit(&form, "/portal/me/email", &wrong).await;
        let answer = if answer.is_redirect() { browser.follow(&answer).await } else { answer };
        answer.must_say("This is not your current password");
        assert!(answer.html().contains("value=\"b@example.org\""), "what was typed is kept");
        ask(&mut browser, "b@example.org").await.must_be(303);
        browser.get("/portal/me").await.must_say("You asked on").must_say("b@example.org");
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        let stop = w.mail_to("a@example.org").await;
        assert!(!stop.text.contains("b@example.org"), "the old mailbox does not learn the new one: {}", stop.text);
        w.mail_to("b@example.org").await;
        forgot(w, "a@example.org").await;
        let reset = w.mail_to("a@example.org").await;
        assert!(reset.subject.contains("your password"), "{}", reset.subject);
        sign_in(w, "a@example.org").await.get("/portal/me").await.must_be(200);
        // A day later the link is over, and nothing has changed.
        ask(&mut browser, "c@example.org").await.must_be(303);
        let link = link_to(w, "c@example.org").await;
        w.clock.advance_seconds(24 * HOUR);
        w.browser().get(&link).await.must_be(410);
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
    }

    async fn case_61_a_mistyped_new_address_that_bounces_is_shown_and_nothing_is_lost(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        w.mailbox.fault(Fault::RefuseRecipient("tpyo".into(), "550 5.1.1 no such user here".into()));
        ask(&mut browser, "tpyo@example.org").await.must_be(303);
        w.mail_has_settled().await;
        browser.get("/portal/me").await.must_say("The mail to tpyo@example.org did not arrive");
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        // Asked again, with the right one.
        ask(&mut browser, "b@example.org").await.must_be(303);
        browser.get("/portal/me").await.must_not_say("did not arrive").must_say("b@example.org");
    }

    async fn case_62_with_the_old_mailbox_gone_the_password_and_the_new_mailbox_are_enough(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        w.mailbox.fault(Fault::RefuseRecipient("a@example".into(), "550 5.1.1 no such user here".into()));
        ask(&mut browser, "b@example.org").await.must_be(303);
        let link = link_to(w, "b@example.org").await;
        // Whoever reads the new mailbox and does not know the password gets nowhere.
        let mut stranger = w.browser();
        let form = stranger.get(&link).await;
        stranger.submit(&form, "/email/", &[("password", "guessed")]).await.must_be(422);
        confirm(w, &link).await.must_be(200).must_say("You sign in as b@example.org");
        assert_eq!(stands(w, own.account).await, both("b@example.org"));
        sign_in(w, "b@example.org").await.get("/portal/me").await.must_be(200);
        forgot(w, "b@example.org").await;
        w.mail_to("b@example.org").await;
    }

    async fn case_63_undo_of_the_first_change_restores_the_first_address_and_kills_the_rest(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        ask(&mut browser, "b@example.org").await.must_be(303);
        w.mail_to("a@example.org").await;
        let link = link_to(w, "b@example.org").await;
        confirm(w, &link).await.must_be(200);
        let undo_first = link_to(w, "a@example.org").await;
        w.mail_to("b@example.org").await;
        let mut browser = sign_in(w, "b@example.org").await;
        w.clock.advance_seconds(60);
        ask(&mut browser, "c@example.org").await.must_be(303);
        // The mail about the third address goes to the second, not to the first.
        let stop = w.mail_to("b@example.org").await;
        assert!(stop.subject.contains("another address was asked for"), "{}", stop.subject);
        let link = link_to(w, "c@example.org").await;
        confirm(w, &link).await.must_be(200);
        let undo_second = link_to(w, "b@example.org").await;
        assert_eq!(stands(w, own.account).await, both("c@example.org"));
        press(w, &undo_first).await.must_be(200).must_say("You sign in as a@example.org");
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        w.browser().get(&undo_second).await.must_be(410);
        assert_eq!(open_sessions(w, own.account).await, 0);
        let told = w.mail_to("c@example.org").await;
        let told = if told.subject.contains("taken back") { told } else { w.mail_to("c@example.org").await };
        assert!(told.subject.contains("taken back"), "{}", told.subject);
    }

    async fn case_63_undo_of_the_second_change_restores_the_second_address(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        for (from, to) in [("a@example.org", "b@example.org"), ("b@example.org", "c@example.org")] {
            ask(&mut browser, to).await.must_be(303);
            w.mail_to(from).await;
            let link = link_to(w, to).await;
            confirm(w, &link).await.must_be(200);
            w.mail_to(to).await;
            w.clock.advance_seconds(60);
            browser = sign_in(w, to).await;
        }
        let undo = link_to(w, "b@example.org").await;
        press(w, &undo).await.must_be(200).must_say("b@example.org");
        assert_eq!(stands(w, own.account).await, both("b@example.org"));
        // The first change can still be taken back, until its two weeks are over.
        let undo = link_to(w, "a@example.org").await;
        w.clock.advance_seconds(14 * 24 * HOUR - 3 * 60);
        w.browser().get(&undo).await.must_be(200);
        w.clock.advance_seconds(3 * 60);
        w.browser().get(&undo).await.must_be(410);
    }

    async fn case_64_an_open_reset_link_dies_at_the_confirmation(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        forgot(w, "a@example.org").await;
        let reset = link_to(w, "a@example.org").await;
        let other = sign_in(w, "a@example.org").await;
        drop(other);
        assert_eq!(open_sessions(w, own.account).await, 2);
        ask(&mut browser, "b@example.org").await.must_be(303);
        w.mail_to("a@example.org").await;
        let link = link_to(w, "b@example.org").await;
        w.browser().get(&reset).await.must_be(200);
        // Confirmed in the browser that is signed in: that session stays, the other ends.
        let form = browser.get(&link).await;
        browser.submit(&form, "/email/", &[("password", PASSWORD)]).await.must_be(200);
        w.browser().get(&reset).await.must_be(410);
        assert_eq!(open_sessions(w, own.account).await, 1);
        browser.get("/portal/me").await.must_be(200).must_say("b@example.org");
    }

    async fn case_65_a_link_of_an_earlier_request_is_dead_and_opening_one_changes_nothing(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        ask(&mut browser, "b@example.org").await.must_be(303);
        let first = link_to(w, "b@example.org").await;
        // A scanner opens it, several times.
        for _ in 0..3 {
            w.browser().get(&first).await.must_be(200);
        }
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        ask(&mut browser, "c@example.org").await.must_be(303);
        w.browser().get(&first).await.must_be(410);
        let second = link_to(w, "c@example.org").await;
        confirm(w, &second).await.must_be(200);
        assert_eq!(stands(w, own.account).await, both("c@example.org"));
        // A used link is over like any other.
        w.browser().get(&second).await.must_be(410);
    }

    async fn case_66_undo_ends_the_thiefs_sessions_and_known_browsers(w: &mut World) {
        let (own, mut thief) = ana(w).await;
        ask(&mut thief, "thief@example.net").await.must_be(303);
        w.mail_to("a@example.org").await;
        let link = link_to(w, "thief@example.net").await;
        confirm(w, &link).await.must_be(200);
        let mut inside = sign_in(w, "thief@example.net").await;
        inside.get("/portal/me").await.must_be(200);
        let undo = link_to(w, "a@example.org").await;
        press(w, &undo).await.must_be(200).must_say("Set a new password");
        inside.get("/portal/me").await.must_be(303);
        assert_eq!(open_sessions(w, own.account).await, 0);
        forgot(w, "thief@example.net").await;
        forgot(w, "a@example.org").await;
        let reset = w.mail_to("a@example.org").await;
        assert!(reset.subject.contains("your password"), "{}", reset.subject);
        // Staff read of it in the history of the access.
        let chart = w.look(|c| {
            use anteroom::platform::db::schema::chart;
            chart::table.select(chart::chart_id).first::<anteroom::kernel::ids::ChartId>(c)
        }).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/charts/{chart}/communications")).await.must_say("The old mailbox took back a change");
    }

    async fn case_67_an_address_of_another_account_gives_the_same_pages(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        let ben = w.chart_with("Ben", "Okafor", "1985-01-01", "ben@example.org").await;
        let his = enrolled(w, &ben).await;
        ask(&mut browser, "ben@example.org").await.must_be(303);
        let link = link_to(w, "ben@example.org").await;
        // Only with her password, in his mailbox: she keeps her sign-in name, he keeps his.
        confirm(w, &link).await.must_be(200).must_say("You sign in as a@example.org");
        assert_eq!(stands(w, own.account).await, ("a@example.org".to_owned(), "ben@example.org".to_owned()));
        assert_eq!(stands(w, his.account).await, both("ben@example.org"));
    }

    async fn a_couple_with_one_mailbox_keep_a_name_each(w: &mut World) {
        let ingrid = w.chart_with("Ingrid", "Vogel", "1970-01-01", "vogels@example.org").await;
        let hers = enrolled(w, &ingrid).await;
        let martin = w.chart_with("Martin", "Vogel", "1969-01-01", "martin@example.org").await;
        let id = account(w, "martin@example.org").await;
        grant(w, &w.riverbend.scope, &id, &martin.person_id, &martin.chart_id, None).await;
        let mut browser = sign_in(w, "martin@example.org").await;
        ask(&mut browser, "vogels@example.org").await.must_be(303);
        let link = link_to(w, "vogels@example.org").await;
        confirm(w, &link).await.must_be(200);
        assert_eq!(stands(w, id).await, ("martin@example.org".to_owned(), "vogels@example.org".to_owned()));
        sign_in(w, "martin@example.org").await.get("/portal/me").await.must_be(200);
        sign_in(w, &hers.name).await.get("/portal/me").await.must_be(200);
    }

    async fn the_old_mailbox_stops_a_request_and_everybody_is_signed_out(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        ask(&mut browser, "b@example.org").await.must_be(303);
        let stop = link_to(w, "a@example.org").await;
        let link = link_to(w, "b@example.org").await;
        press(w, &stop).await.must_be(200).must_say("Your address stays as it is");
        w.browser().get(&link).await.must_be(410);
        browser.get("/portal/me").await.must_be(303);
        assert_eq!(open_sessions(w, own.account).await, 0);
        // The holder can stop it too, without being signed out.
        let mut browser = sign_in(w, "a@example.org").await;
        ask(&mut browser, "c@example.org").await.must_be(303);
        let link = link_to(w, "c@example.org").await;
        let me = browser.get("/portal/me").await;
        browser.submit_and_follow(&me, "/portal/me/email/cancel", &[]).await.must_say("Your address stays as it is");
        w.browser().get(&link).await.must_be(410);
    }

    async fn five_requests_a_day_are_the_most(w: &mut World) {
        let (_, mut browser) = ana(w).await;
        for n in 0..5 {
            ask(&mut browser, &format!("b{n}@example.org")).await.must_be(303);
        }
        let answer = ask(&mut browser, "b5@example.org").await;
        let answer = if answer.is_redirect() { browser.follow(&answer).await } else { answer };
        answer.must_say("You have asked five times today");
        let asked: i64 = w.look(|c| email_change::table.count().get_result(c)).await;
        assert_eq!(asked, 5);
    }

    async fn the_practice_asks_and_only_the_holder_confirms(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-03-04", "a@example.org").await;
        let own = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        let sheet = desk.get(&edit).await;
        let typed = [("email-0-value", "new@example.org"), ("email_reason", "a new address")];
        desk.submit(&sheet, &edit, &typed).await.must_be(303);
        w.mail_to("a@example.org").await;
        // The face sheet never touches the sign-in; the tab says that they differ.
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("Not on the face sheet");
        let at = tab.link("/sign-in-address/");
        let form = desk.get(&at).await;
        form.must_say("a@example.org");
        desk.submit_and_follow(&form, "/sign-in-address/", &[("address", "new@example.org")]).await.must_say("The question is on its way");
        // An address that is not on the face sheet cannot be asked about.
        desk.submit(&form, "/sign-in-address/", &[("address", "thief@example.net")]).await.must_be(422);
        let link = link_to(w, "new@example.org").await;
        confirm(w, &link).await.must_be(200);
        assert_eq!(stands(w, own.account).await, both("new@example.org"));
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_not_say("Not on the face sheet");
    }

    async fn of_a_stop_and_a_confirmation_at_once_the_first_one_wins(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        ask(&mut browser, "b@example.org").await.must_be(303);
        let stop = link_to(w, "a@example.org").await;
        let link = link_to(w, "b@example.org").await;
        let (mut old, mut new) = (w.browser(), w.browser());
        let (old_form, new_form) = (old.get(&stop).await, new.get(&link).await);
        let (stopped, confirmed) = in_turn(
            w,
            Whose::Account(own.account),
            old.submit(&old_form, "/email/", &[]),
            new.submit(&new_form, "/email/", &[("password", PASSWORD)]),
        )
        .await;
        stopped.must_be(200);
        confirmed.must_be(410);
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
    }

    async fn of_an_undo_and_a_reset_at_once_the_reset_dies(w: &mut World) {
        let (own, mut browser) = ana(w).await;
        ask(&mut browser, "b@example.org").await.must_be(303);
        w.mail_to("a@example.org").await;
        let link = link_to(w, "b@example.org").await;
        confirm(w, &link).await.must_be(200);
        let undo = link_to(w, "a@example.org").await;
        w.mail_to("b@example.org").await;
        forgot(w, "b@example.org").await;
        let reset = link_to(w, "b@example.org").await;
        let (mut old, mut new) = (w.browser(), w.browser());
        let (old_form, new_form) = (old.get(&undo).await, new.get(&reset).await);
        let (undone, set) = in_turn(
            w,
            Whose::Account(own.account),
            old.submit(&old_form, "/email/", &[]),
            new.submit(&new_form, "/password/", &[("password", "seven lanterns on a hill")]),
        )
        .await;
        undone.must_be(200);
        set.must_be(410);
        assert_eq!(stands(w, own.account).await, both("a@example.org"));
        sign_in(w, "a@example.org").await.get("/portal/me").await.must_be(200);
    }
}
