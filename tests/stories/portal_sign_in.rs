//! The client's sign-in and sign-out: pauses, forgotten passwords, sessions.

use std::collections::BTreeSet;

use anteroom::features::access::lifecycle::State;
use anteroom::features::accounts::{NoReset, send_password_reset};
use anteroom::kernel::ids::{AccountId, PracticeId};
use anteroom::platform::db::schema::{one_time_link, portal_access, practice, session};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::portal_people::{self as people, enrolled, events, grant, sign_in};
use crate::stories;
use crate::support::{PASSWORD, Page, World};

/// An answer as far as it may be the same for everybody: status, headers, body; without the date.
fn shape(page: &Page) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let headers = page.answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (page.answer.status, headers, page.answer.body.clone())
}

async fn try_in(w: &World, name: &str, password: &str) -> Page {
    w.browser().post("/riverbend/sign-in", &[("name", name), ("password", password)]).await
}

async fn forget(w: &World, address: &str) -> Page {
    w.browser().post("/riverbend/forgot", &[("address", address)]).await
}

async fn links_made(w: &World) -> i64 {
    w.look(|c| one_time_link::table.count().get_result(c)).await
}

/// Waits until the work behind a "forgot" answer is done: it shows as a mail.
async fn reset_link(w: &mut World, address: &str) -> String {
    let mail = w.mail_to(address).await;
    w.link_in(&mail)
}

stories! {
    async fn a11_03_what_is_wrong_with_a_sign_in_as_a_whole_is_said_once_and_leads_to_no_field(w: &mut World) {
        let desk = w.riverbend.member(Role::FrontDesk).email.clone();
        let client = try_in(w, "nobody@example.org", "not the password at all").await;
        let fields = [("email", desk.as_str()), ("password", "not the password at all"), ("back", "")];
        let staff = w.browser().post("/riverbend/staff/sign-in", &fields).await;
        for page in [client, staff] {
            page.must_be(422).must_say("another look");
            let html = page.html();
            let summary = html.split("<ul>").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap_or_default();
            let said = summary.replace("<li>", "").replace("</li>", "");
            assert!(!said.trim().is_empty() && !said.contains("href"), "{said}");
            assert_eq!(html.matches(said.trim()).count(), 1, "{html}");
            assert!(!html.contains("aria-invalid") && !html.contains("has-error"), "{html}");
        }
        // What is missing is said at its field.
        let page = try_in(w, "", "").await;
        assert!(page.html().contains("id=\"e-name\"") && page.html().contains("href=\"#f-password\""));
    }

    async fn a11_04_a_password_page_names_the_sign_in_that_it_is_for(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        forget(w, &ana.email).await;
        let link = reset_link(w, &ana.email).await;
        let mut browser = w.browser();
        let form = browser.get(&link).await;
        let weak = browser.submit(&form, "/password/", &[("password", "short one")]).await;
        for page in [form, weak] {
            let html = page.html();
            let field = html.split("<input").find(|i| i.contains("autocomplete=\"username\"")).unwrap_or_default();
            assert!(field.contains(&format!("value=\"{}\"", who.name)), "{html}");
        }
    }

    async fn a_client_signs_in_sees_home_and_signs_out(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let home = browser.get("/portal").await;
        home.must_be(200).must_say("Ana");
        let out = browser.submit(&home, "/portal/sign-out", &[]).await;
        assert_eq!(out.location(), Some("/riverbend/sign-in?done=signed-out"));
        // SES-05: the server has forgotten it, the browser is told to.
        assert!(out.answer.header("clear-site-data").is_some_and(|v| v.contains("cache")));
        assert!(browser.get("/portal").await.is_redirect(), "the cookie still opens the portal");
        let open: i64 = w.look(|c| session::table.filter(session::ended_at.is_null()).count().get_result(c)).await;
        assert_eq!(open, 0);
    }

    async fn sign_in_takes_the_name_in_any_case(w: &mut World) {
        let ana = w.chart_with("Ann", "Doe", "1990-04-12", "Ann@example.org").await;
        enrolled(w, &ana).await;
        sign_in(w, "  ann@EXAMPLE.org ").await;
    }

    async fn ses_01_a_cookie_from_before_sign_in_is_worth_nothing_after(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let before = browser.cookies().to_vec();
        let again = browser.post("/riverbend/sign-in", &[("name", &who.name), ("password", PASSWORD)]).await;
        assert_eq!(again.location(), Some("/portal"));
        assert_ne!(before, browser.cookies().to_vec(), "the session kept its name");
        let mut old = w.browser();
        for (key, value) in before {
            old.take_cookie(&format!("{key}={value}"));
        }
        assert!(old.get("/portal").await.is_redirect(), "the former session lives on");
    }

    async fn rat_04_a_wrong_name_and_a_wrong_password_get_the_same_answer(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let wrong = try_in(w, &who.name, "not the password at all").await;
        let unknown = try_in(w, "bob.nobody@example.com", "not the password at all").await;
        wrong.must_be(422).must_say("The name or the password is not right.");
        wrong.must_not_say("not the password at all");
        let same = |page: &Page, name: &str| page.html().replace(name, "NAME");
        assert_eq!(same(&wrong, &who.name), same(&unknown, "bob.nobody@example.com"));
        assert_eq!(wrong.status(), unknown.status());
    }

    async fn ten_failures_pause_known_and_unknown_names_alike_and_tries_do_not_prolong_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        for name in [who.name.as_str(), "bob.nobody@example.com"] {
            for _ in 0..9 {
                try_in(w, name, "a wrong password").await.must_say("is not right");
            }
            try_in(w, name, "a wrong password").await.must_say("too many tries");
            // Even the right one, and saying so does not push the end away.
            w.clock.advance_seconds(14 * 60);
            try_in(w, name, PASSWORD).await.must_be(422).must_say("too many tries");
            w.clock.advance_seconds(61);
            let after = try_in(w, name, PASSWORD).await;
            if name == who.name {
                assert_eq!(after.location(), Some("/portal"));
            } else {
                after.must_say("is not right");
            }
        }
    }

    async fn rat_03_a_stranger_who_knows_the_name_keeps_nobody_out_who_was_here_before(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let right = [("name", who.name.as_str()), ("password", PASSWORD)];
        for _ in 0..3 {
            for _ in 0..12 {
                try_in(w, &who.name, "a wrong password").await.must_be(422);
            }
            try_in(w, &who.name, PASSWORD).await.must_be(422).must_say("too many tries");
            // Through either practice's door; and that forgives the stranger nothing.
            assert_eq!(phone.post("/riverbend/sign-in", &right).await.location(), Some("/portal"));
            try_in(w, &who.name, PASSWORD).await.must_be(422).must_say("too many tries");
            w.clock.advance_seconds(15 * 60 + 1);
        }
        // Ten wrong ones pause this browser as they pause a stranger's, and nobody else.
        let wrong = [("name", who.name.as_str()), ("password", "a wrong password")];
        for _ in 0..9 {
            phone.post("/riverbend/sign-in", &wrong).await.must_say("is not right");
        }
        phone.post("/riverbend/sign-in", &wrong).await.must_say("too many tries");
        phone.post("/riverbend/sign-in", &right).await.must_be(422).must_say("too many tries");
        assert_eq!(try_in(w, &who.name, PASSWORD).await.location(), Some("/portal"));
    }

    async fn rat_03_with_a_known_browser_an_unknown_name_behaves_like_a_known_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let (ana, ben) = (enrolled(w, &ana).await, enrolled(w, &ben).await);
        // Ben's own browser is a stranger's for Ana's name, and for nobody's.
        let mut bens = sign_in(w, &ben.name).await;
        for turn in 0..12 {
            let known = bens.post("/riverbend/sign-in", &[("name", &ana.name), ("password", "a wrong password")]).await;
            let nobody = "nobody.at.all@example.com";
            let unknown = bens.post("/riverbend/sign-in", &[("name", nobody), ("password", "a wrong password")]).await;
            let same = |page: &Page, name: &str| page.html().replace(name, "NAME");
            assert_eq!(same(&known, &ana.name), same(&unknown, nobody), "turn {turn}");
            assert_eq!(known.status(), unknown.status());
            let names = |page: &Page| page.answer.headers.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
            assert_eq!(names(&known), names(&unknown), "turn {turn}");
        }
    }

    async fn rat_03_a_reset_or_signing_out_everywhere_ends_what_a_browser_was_known_by(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let mut laptop = sign_in(w, &who.name).await;
        // "Sign out everywhere else" leaves this one known.
        let me = laptop.get("/portal/me").await;
        laptop.submit(&me, "/portal/me/end", &[("session", "others")]).await.must_be(303);
        for _ in 0..10 {
            try_in(w, &who.name, "a wrong password").await;
        }
        let right = [("name", who.name.as_str()), ("password", PASSWORD)];
        phone.post("/riverbend/sign-in", &right).await.must_be(422).must_say("too many tries");
        assert_eq!(laptop.post("/riverbend/sign-in", &right).await.location(), Some("/portal"));
        forget(w, &who.name).await;
        let link = reset_link(w, &ana.email).await;
        let new = "seven lanterns on a hill";
        let mut tablet = w.browser();
        assert!(tablet.post(&link, &[("password", new)]).await.is_redirect());
        for _ in 0..10 {
            try_in(w, &who.name, "a wrong password").await;
        }
        let fields = [("name", who.name.as_str()), ("password", new)];
        laptop.post("/riverbend/sign-in", &fields).await.must_be(422).must_say("too many tries");
        // Whoever opened the mailbox comes in, however busy the stranger is.
        assert!(tablet.get("/portal").await.is_redirect(), "a link signs nobody in");
        assert_eq!(tablet.post("/riverbend/sign-in", &fields).await.location(), Some("/portal"));
    }

    async fn ses_01_a_changed_password_gives_a_fresh_session_and_keeps_the_chart_in_view(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut laptop = sign_in(w, &who.name).await;
        let mut copy = laptop.clone();
        let me = laptop.get("/portal/me").await;
        let right = [("present", PASSWORD), ("new", "seven lanterns on a hill")];
        laptop.submit_and_follow(&me, "/portal/me/password", &right).await.must_say("Your password is changed");
        assert!(copy.get("/portal").await.is_redirect(), "the old cookie still opens");
        laptop.get("/portal").await.must_be(200).must_say("Ana");
    }

    async fn failed_sign_ins_before_a_registration_pause_the_new_account_for_fifteen_minutes_at_most(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        for _ in 0..10 {
            try_in(w, &ana.email, "guess").await;
        }
        let who = enrolled(w, &ana).await;
        w.clock.advance_seconds(15 * 60 + 1);
        sign_in(w, &who.name).await;
    }

    async fn auz_11_an_account_without_an_active_grant_cannot_sign_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        for state in State::ALL.iter().filter(|state| **state != State::Active) {
            people::set_state(w, &who.access, *state).await;
            let answer = try_in(w, &who.name, PASSWORD).await;
            answer.must_be(422).must_say("not open right now");
            assert!(answer.answer.header("set-cookie").is_none(), "{state}");
        }
        people::set_state(w, &who.access, State::Active).await;
        sign_in(w, &who.name).await;
    }

    async fn inv_07_a_suspended_practice_shuts_its_portal_at_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let id = *w.riverbend.scope.id();
        let now = w.now();
        w.tamper(move |c| {
            diesel::update(practice::table.filter(practice::practice_id.eq(id)))
                .set(practice::suspended_at.eq(now))
                .execute(c)
        })
        .await;
        assert!(browser.get("/portal").await.is_redirect());
        browser.get("/riverbend/sign-in").await.must_be(404);
    }

    async fn ses_06_a_revoked_grant_is_gone_on_the_next_request(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal").await.must_be(200);
        people::revoke(w, &who.access).await;
        let next = browser.get("/portal").await;
        assert!(next.is_redirect(), "{}", next.words());
        assert!(next.location().is_some_and(|to| to.starts_with("/riverbend/sign-in")));
    }

    async fn a_grant_counts_through_its_last_day_in_the_practices_zone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let access = who.access;
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set(portal_access::ends_on.eq("2026-12-01"))
                .execute(c)
        })
        .await;
        sign_in(w, &who.name).await;
        // 11 PM in New York is the next day in UTC, and still this day for the practice.
        w.clock.advance_seconds(13 * 3_600);
        sign_in(w, &who.name).await;
        w.clock.advance_seconds(3_600 + 1);
        try_in(w, &who.name, PASSWORD).await.must_be(422).must_say("not open right now");
    }

    async fn ses_03_the_clients_list_leaves_out_a_session_that_is_over_after_twelve_hours(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut old = sign_in(w, &who.name).await;
        for _ in 0..25 {
            w.clock.advance_seconds(29 * 60);
            old.get("/portal").await;
        }
        assert!(old.get("/portal").await.is_redirect(), "twelve hours are over");
        let mut fresh = sign_in(w, &who.name).await;
        let page = fresh.get("/portal/me").await;
        assert_eq!(page.html().matches("portal/me/end").count(), 0, "{}", page.words());
    }

    async fn ses_03_a_clients_session_ends_after_half_an_hour_of_silence(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        for _ in 0..3 {
            w.clock.advance_seconds(29 * 60);
            browser.get("/portal").await.must_be(200);
        }
        w.clock.advance_seconds(30 * 60);
        let page = browser.get("/portal/documents").await;
        assert_eq!(page.location(), Some("/riverbend/sign-in?back=%2Fportal%2Fdocuments"));
        // Signing in leads back to where they were, and only inside the portal.
        let form = browser.follow(&page).await;
        let back = browser.submit(&form, "/sign-in", &[("name", &who.name), ("password", PASSWORD)]).await;
        assert_eq!(back.location(), Some("/portal/documents"));
        let fields = [("name", who.name.as_str()), ("password", PASSWORD), ("back", "https://example.net/portal")];
        assert_eq!(w.browser().post("/riverbend/sign-in", &fields).await.location(), Some("/portal"));
    }

    async fn rat_04_a_forgotten_password_is_answered_alike_for_known_unknown_paused_and_invited(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let paused = w.chart("Pia", "Paused").await;
        enrolled(w, &paused).await;
        for _ in 0..10 {
            try_in(w, &paused.email, "a wrong password").await;
        }
        let invited = w.chart("Ida", "Invited").await;
        let waiting = enrolled(w, &invited).await;
        let (access, address) = (waiting.access, invited.email.clone());
        w.tamper(move |c| {
            diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                .set((
                    portal_access::state.eq(State::Invited),
                    portal_access::account_practice_id.eq(None::<PracticeId>),
                    portal_access::account_id.eq(None::<AccountId>),
                    portal_access::invited_address.eq(Some(address.clone())),
                ))
                .execute(c)
        })
        .await;
        w.tamper({
            let key = invited.email.to_lowercase();
            move |c| {
                use anteroom::platform::db::schema::portal_account;
                diesel::delete(portal_account::table.filter(portal_account::sign_in_key.eq(key.clone()))).execute(c)
            }
        })
        .await;
        let mut shapes = BTreeSet::new();
        for address in [&ana.email, &paused.email, &invited.email, &"no.one@example.com".to_owned()] {
            let answer = forget(w, address).await;
            assert_eq!(answer.location(), Some("/riverbend/forgot?sent=yes"));
            shapes.insert(shape(&answer));
        }
        assert_eq!(shapes.len(), 1, "the answers differ: {shapes:#?}");
        let page = w.browser().get("/riverbend/forgot?sent=yes").await;
        page.must_say("If we know that address");
        // What the mailboxes learn.
        assert!(reset_link(w, &ana.email).await.starts_with("/riverbend/password/"));
        assert!(reset_link(w, &paused.email).await.starts_with("/riverbend/password/"));
        let hint = w.mail_to(&invited.email).await;
        assert!(hint.text.contains("You have no sign-in yet") && hint.link().is_none(), "{}", hint.text);
        assert_eq!(w.unread_to("no.one@example.com").await, 0);
        assert_eq!(links_made(w).await, 2);
    }

    async fn pwd_06_a_reset_link_sets_a_password_once_ends_sessions_tells_and_signs_nobody_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut elsewhere = sign_in(w, &who.name).await;
        forget(w, &who.name).await;
        let first = reset_link(w, &ana.email).await;
        forget(w, &who.name).await;
        let link = reset_link(w, &ana.email).await;
        let mut browser = w.browser();
        // The newer link shut the older one; opening changes nothing, however often.
        browser.get(&first).await.must_be(410).must_say("no longer works");
        for _ in 0..5 {
            browser.get(&link).await.must_be(200);
            browser.send("HEAD", &link, None).await;
        }
        let form = browser.get(&link).await;
        let weak = browser.submit(&form, "/password/", &[("password", "short one")]).await;
        weak.must_be(422).must_say("at least 15").must_not_say("short one");
        let new = "seven lanterns on a hill";
        let done = browser.submit(&form, "/password/", &[("password", new)]).await;
        assert!(done.location().is_some_and(|to| to.starts_with("/riverbend/sign-in?for=")), "{:?}", done.location());
        assert!(!done.location().is_some_and(|to| to.contains("ana")), "the address names somebody");
        let door = browser.follow(&done).await;
        door.must_say("Your new password is saved");
        assert!(door.html().contains(&who.name), "the name is not filled in");
        assert!(browser.get("/portal").await.is_redirect(), "a link signed somebody in");
        assert!(elsewhere.get("/portal").await.is_redirect(), "another session lives on");
        browser.get(&link).await.must_be(410).must_say("was already used");
        browser.post(&link, &[("password", "another long password here")]).await.must_be(410);
        try_in(w, &who.name, PASSWORD).await.must_be(422);
        assert_eq!(try_in(w, &who.name, new).await.location(), Some("/portal"));
        let notice = w.mail_to(&ana.email).await;
        assert!(notice.text.contains("was changed"), "{}", notice.text);
    }

    async fn pwd_06_a_reset_link_lives_one_hour_to_the_second(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        forget(w, &who.name).await;
        let link = reset_link(w, &ana.email).await;
        w.clock.advance_seconds(3_599);
        w.browser().get(&link).await.must_be(200);
        w.clock.advance_seconds(1);
        w.browser().get(&link).await.must_be(410).must_say("This link has expired");
        w.browser().post(&link, &[("password", "seven lanterns on a hill")]).await.must_be(410);
        let foreign = link.replace("/riverbend/", "/twinoaks/");
        let unknown = format!("/twinoaks/password/{}", "a".repeat(43));
        let (a, b) = (w.browser().get(&foreign).await, w.browser().get(&unknown).await);
        assert_eq!(a.status(), 404);
        assert_eq!(a.html(), b.html(), "a link of another practice is told apart from a made-up one");
    }

    async fn a_reset_requested_before_a_pause_cannot_lift_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        forget(w, &who.name).await;
        let link = reset_link(w, &ana.email).await;
        w.clock.advance_seconds(60);
        for _ in 0..10 {
            try_in(w, &who.name, "a wrong password").await;
        }
        let new = "seven lanterns on a hill";
        assert!(w.browser().post(&link, &[("password", new)]).await.is_redirect());
        try_in(w, &who.name, new).await.must_be(422).must_say("too many tries");
        // One that was asked for during the pause does.
        forget(w, &who.name).await;
        w.mail_to(&ana.email).await;
        let link = reset_link(w, &ana.email).await;
        w.clock.advance_seconds(60);
        let newer = "eight lanterns on a hill";
        assert!(w.browser().post(&link, &[("password", newer)]).await.is_redirect());
        assert_eq!(try_in(w, &who.name, newer).await.location(), Some("/portal"));
    }

    async fn a_reset_requested_before_a_revocation_opens_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        forget(w, &who.name).await;
        let link = reset_link(w, &ana.email).await;
        people::revoke(w, &who.access).await;
        w.browser().get(&link).await.must_be(410).must_say("no longer works");
        w.browser().post(&link, &[("password", "seven lanterns on a hill")]).await.must_be(410);
        // Asked again, the mailbox alone learns why.
        let answer = forget(w, &who.name).await;
        assert_eq!(answer.location(), Some("/riverbend/forgot?sent=yes"));
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("not open right now") && mail.link().is_none());
    }

    async fn a_forgotten_password_is_mailed_at_most_three_times_an_hour(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        for _ in 0..5 {
            assert_eq!(forget(w, &who.name).await.location(), Some("/riverbend/forgot?sent=yes"));
        }
        for _ in 0..3 {
            reset_link(w, &ana.email).await;
        }
        assert_eq!(w.unread_to(&ana.email).await, 0);
    }

    async fn pwd_07_staff_trigger_a_reset_and_never_see_a_password(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let by = w.riverbend.by(Role::FrontDesk);
        let sent = send_password_reset(&w.app, &w.riverbend.scope, by.clone(), who.access).await;
        assert_eq!(sent.expect("no fault"), Ok(()));
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("sends you this link"), "{}", mail.text);
        w.browser().get(&w.link_in(&mail)).await.must_be(200);
        assert_eq!(events(w, "access.password_reset_sent").await, 1);
        let foreign = send_password_reset(&w.app, &w.twinoaks.scope, by.clone(), who.access).await;
        assert_eq!(foreign.expect("no fault"), Err(NoReset::NotFound));
        people::revoke(w, &who.access).await;
        let over = send_password_reset(&w.app, &w.riverbend.scope, by, who.access).await;
        assert_eq!(over.expect("no fault"), Err(NoReset::NotActive));
    }

    async fn ses_07_a_client_sees_and_ends_their_sessions_and_changes_the_password(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let mut laptop = sign_in(w, &who.name).await;
        let me = laptop.get("/portal/me").await;
        me.must_say("This device").must_say("Sign out everywhere else");
        let wrong = [("present", "not my password"), ("new", "seven lanterns on a hill")];
        let refused = laptop.submit(&me, "/portal/me/password", &wrong).await;
        refused.must_be(422).must_say("not your current password").must_not_say("seven lanterns");
        let right = [("present", PASSWORD), ("new", "seven lanterns on a hill")];
        let done = laptop.submit_and_follow(&me, "/portal/me/password", &right).await;
        done.must_be(200).must_say("Your password is changed");
        assert!(phone.get("/portal").await.is_redirect(), "the other session lives on");
        let notice = w.mail_to(&ana.email).await;
        assert!(notice.text.contains("was changed"));
        let me = laptop.get("/portal/me").await;
        let weak = [("present", "seven lanterns on a hill"), ("new", "ana.duarte@example.com")];
        laptop.submit(&me, "/portal/me/password", &weak).await.must_be(422);
    }

    async fn a_client_chooses_spanish_and_mails_follow(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let me = browser.get("/portal/me").await;
        let done = browser.submit_and_follow(&me, "/portal/me/language", &[("language", "es")]).await;
        done.must_say("Mi acceso");
        let mut other = sign_in(w, &who.name).await;
        other.get("/portal").await.must_say("Ana").must_say("Próximas citas");
        forget(w, &who.name).await;
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("contraseña nueva"), "{}", mail.text);
    }

    async fn web_01_forms_without_their_token_change_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        browser.post("/portal/sign-out", &[]).await.must_be(400);
        browser.post("/portal/me/language", &[("language", "es"), ("csrf", "guessed")]).await.must_be(400);
        browser.get("/portal").await.must_be(200);
    }

    async fn one_account_holds_charts_in_two_practices(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let scope = w.twinoaks.scope.clone();
        let there = w.chart_at(&scope, "Ana", "Duarte", "1990-04-12", &ana.email).await;
        grant(w, &scope, &who.account, &there.person_id, &there.chart_id, None).await;
        // Through the other practice's door its chart comes first; the account is the same.
        let mut browser = w.browser();
        let answer =
            browser.post("/twinoaks/sign-in", &[("name", &who.name), ("password", PASSWORD)]).await;
        assert_eq!(answer.location(), Some("/portal"), "{}", answer.words());
        let home = browser.get("/portal").await;
        home.must_say("Twin Oaks Counseling");
        let switch = browser.get("/portal/switch").await;
        switch.must_say("Riverbend Counseling").must_say("you see this one now");
        // Failures at either door count together.
        for door in ["riverbend", "twinoaks"].iter().cycle().take(10) {
            w.browser()
                .post(&format!("/{door}/sign-in"), &[("name", &who.name), ("password", "a wrong password")])
                .await;
        }
        try_in(w, &who.name, PASSWORD).await.must_be(422).must_say("too many tries");
    }
}
