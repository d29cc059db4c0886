//! The Chart Owner box over HTTP: what it says and offers in each state, and what its forms do.

use anteroom::features::access::actions::{self, Act, Target};
use anteroom::platform::audit::By;
use anteroom::platform::permissions::Role;

use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

const DAY: u32 = 86_400;

fn path(client: &Client) -> String {
    format!("/staff/charts/{}/communications", client.chart_id)
}

fn act(client: &Client, act: &str) -> String {
    format!("/staff/charts/{}/access/{act}", client.chart_id)
}

async fn box_of(browser: &mut Browser, client: &Client) -> Page {
    let page = browser.get(&path(client)).await;
    page.must_be(200);
    page
}

/// The fields of Change Ownership to this person.
fn allowed(to: &str) -> [(&str, &str); 3] {
    [("to", to), ("reason", "moved in together"), ("authorised_by", "Ana Duarte, by phone")]
}

/// The form of an act by its own page, sent with changes, and the page that follows.
async fn does(browser: &mut Browser, client: &Client, what: &str, changes: &[(&str, &str)]) -> Page {
    let page = browser.get(&act(client, what)).await;
    page.must_be(200);
    browser.submit_and_follow(&page, &act(client, what), changes).await
}

async fn refused(browser: &mut Browser, client: &Client, what: &str, changes: &[(&str, &str)]) -> Page {
    let page = browser.get(&act(client, what)).await;
    let answer = browser.submit(&page, &act(client, what), changes).await;
    answer.must_be(422);
    answer
}

fn by_front_desk(w: &World) -> By {
    w.riverbend.by(Role::FrontDesk)
}

async fn lock(w: &mut World, link: &str) {
    let mut stranger = w.browser();
    for _ in 0..5 {
        let page = stranger.get(link).await;
        let fields = [
            ("last_name", "Somebodyelse"),
            ("month", "4"),
            ("day", "12"),
            ("year", "1990"),
            ("password", "a short sentence works well"),
        ];
        stranger.submit(&page, link, &fields).await;
    }
}

stories! {
    async fn the_box_says_each_state_and_offers_what_it_allows(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;

        let page = box_of(&mut desk, &ana).await;
        page.must_say("Chart Owner").must_say("Not invited").must_say("ana.duarte@example.com");
        page.must_say("Send Invite").must_say("Representatives");
        page.must_say("Nobody else has access to this chart.");
        assert!(!page.says("Resend Invite"), "nothing to resend yet");

        let page = does(&mut desk, &ana, "invite", &[]).await;
        page.must_say("Invited").must_say("7 days left").must_say("Resend Invite").must_say("Cancel invitation");
        let first = w.mail_to(&ana.email).await;
        w.mail_has_settled().await;
        box_of(&mut desk, &ana).await.must_say("Handed to the mail server");

        w.clock.advance_seconds(7 * DAY);
        // The session of before is over by then.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Expired").must_say("Resend Invite").must_say("Link expired");
        does(&mut desk, &ana, "resend", &[]).await.must_say("Invited").must_say("7 days left");
        let second = w.mail_to(&ana.email).await;
        let (old, new) = (w.link_in(&first), w.link_in(&second));
        assert_ne!(old, new);
        w.browser().get(&old).await.must_be(410).must_say("There is a newer link");

        lock(w, &new).await;
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Locked").must_say("5 of 5").must_say("the last name differed").must_say("Unlock");
        page.must_not_say("Somebodyelse");
        does(&mut desk, &ana, "unlock", &[]).await.must_say("Invited");

        w.register_by(&new, &ana).await;
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Active").must_say("Last sign-in").must_say("Not yet").must_not_say("Second step");
        page.must_say("Change Ownership").must_say("Revoke Access").must_say("Send password reset");
        assert!(!page.says("Resend Invite"), "a registered client is not invited again");

        let page = does(&mut desk, &ana, "revoke", &[("reason", "moved to another practice")]).await;
        page.must_say("No Portal Access").must_say("moved to another practice").must_say("Restore Access");
        let page = does(&mut desk, &ana, "restore", &[]).await;
        page.must_say("Active");
    }

    async fn cancel_and_decline_leave_an_invite_to_be_sent_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        does(&mut desk, &ana, "invite", &[]).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        does(&mut desk, &ana, "cancel", &[]).await.must_say("Canceled").must_say("Send Invite");
        w.browser().get(&link).await.must_be(410).must_say("no longer valid");
        does(&mut desk, &ana, "invite", &[]).await.must_say("Invited");
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let mut holder = w.browser();
        let page = holder.get(&format!("{link}/decline")).await;
        let page = holder.submit_and_follow(&page, "/decline", &[("answer", "not-me")]).await;
        page.must_say("Thank you for telling us");
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Declined").must_say("this isn't me").must_say("Send Invite");
    }

    async fn inv_12_a_resend_that_is_confirmed_twice_makes_one_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_to(&ana.email).await;
        let mut one = w.staff(Role::FrontDesk).await;
        let mut other = w.staff(Role::Clinician).await;
        let here = one.get(&act(&ana, "resend")).await;
        let there = other.get(&act(&ana, "resend")).await;
        here.must_say("Ana Duarte").must_say("ana.duarte@example.com").must_say("stops working");
        let first = one.submit(&here, "/access/resend", &[]).await;
        let second = one.submit(&here, "/access/resend", &[]).await;
        let third = other.submit(&there, "/access/resend", &[]).await;
        assert!(first.location().is_some_and(|to| to.ends_with("done=access-resend")));
        assert!(second.location().is_some_and(|to| to.ends_with("done=access-already-sent")), "one's own click");
        assert!(third.location().is_some_and(|to| to.ends_with("done=access-already-resent")));
        assert_eq!(w.unread_to(&ana.email).await, 1);
        other.follow(&third).await.must_say("A colleague has just resent it");
        // A letter that was printed meanwhile is no resend.
        let there = other.get(&act(&ana, "resend")).await;
        there.must_say("The last link was sent just now").must_say("4 of 5 resends left today");
        let letter = one.get(&act(&ana, "letter")).await;
        one.submit(&letter, "/access/letter", &[]).await.must_be(200).must_say("Then type this code");
        let fourth = other.submit_and_follow(&there, "/access/resend", &[]).await;
        fourth.must_say("A letter with a new link has been printed since");
        w.clock.advance_seconds(3_600);
        other.get(&act(&ana, "resend")).await.must_not_say("The last link was sent");
    }

    async fn a_first_invite_that_is_confirmed_twice_makes_one_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&act(&ana, "invite")).await;
        let first = desk.submit(&page, "/access/invite", &[]).await;
        let second = desk.submit(&page, "/access/invite", &[]).await;
        assert!(first.is_redirect() && second.is_redirect());
        assert_eq!(w.unread_to(&ana.email).await, 1);
    }

    async fn an_invite_without_an_address_asks_for_one_and_keeps_what_was_typed(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        box_of(&mut desk, &ana).await.must_say("None on the face sheet");
        let page = refused(&mut desk, &ana, "invite", &[("address", "ana at example")]).await;
        page.must_say("This is not an e-mail address").must_say("another look");
        assert!(page.html().contains("value=\"ana at example\""));
        refused(&mut desk, &ana, "invite", &[("address", "")]).await.must_say("Type the e-mail address.");
        does(&mut desk, &ana, "invite", &[("address", "ana@example.com")]).await.must_say("Invited");
        w.mail_to("ana@example.com").await;
    }

    async fn a_doubtful_address_is_asked_about_before_a_mail_leaves(w: &mut World) {
        w.chart_with("Ben", "Duarte", "1988-01-02", "shared@example.com").await;
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = refused(&mut desk, &ana, "invite", &[("address", "shared@example.com")]).await;
        page.must_say("is also used on another chart").must_say("Send it to this address anyway.");
        assert_eq!(w.unread_to("shared@example.com").await, 0);
        let page = desk
            .submit(&page, "/access/invite", &[("confirmed", "used_by_another_chart")])
            .await;
        assert!(page.is_redirect(), "{}", page.words());
        w.mail_to("shared@example.com").await;
    }

    async fn a_link_that_ran_out_while_the_mail_server_was_away_is_not_mailed_and_the_box_says_so(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(1);
        w.invite(&ben).await;
        // Seven days later, to the second, the mail server is back.
        w.clock.advance_seconds(7 * DAY - 1);
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "a mail with a dead link helps nobody");
        let mail = w.mail_to(&ben.email).await;
        let link = w.link_in(&mail);
        w.browser().get(&link).await.must_be(200);
        let mut desk = w.staff(Role::FrontDesk).await;
        box_of(&mut desk, &ana)
            .await
            .must_say("Expired")
            .must_say("Not sent: The time of its link was over before the mail server took the message.")
            .must_say("not sent. The time of its link was over");
        // The resend is a new link and a new mail.
        does(&mut desk, &ana, "resend", &[]).await.must_say("7 days left");
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        w.browser().get(&link).await.must_be(200);
        w.mail_has_settled().await;
        box_of(&mut desk, &ana).await.must_say("Handed to the mail server");
    }

    async fn a_chart_without_birth_date_cannot_be_invited_and_the_box_says_why(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "", "ana@example.com").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = box_of(&mut desk, &ana).await;
        page.must_say("The face sheet has no date of birth");
        let html = page.html();
        assert!(html.contains("disabled aria-describedby=\"portal-notice-1\">Send Invite"), "{html}");
        // The dialog leads to where it is mended, and has nothing to confirm.
        let dialog = desk.get(&act(&ana, "invite")).await;
        dialog.must_say("The face sheet has no date of birth").must_say("Open the face sheet");
        assert_eq!(dialog.link("/edit"), format!("/staff/charts/{}/edit", ana.chart_id));
        assert!(!dialog.html().contains(">Send Invite</button>"));
        refused(&mut desk, &ana, "invite", &[]).await.must_say("the identity check needs both");
        assert_eq!(w.unread_to("ana@example.com").await, 0);
    }

    async fn change_email_and_resend_wants_a_reason_and_kills_the_old_link(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let old = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = refused(&mut desk, &ana, "change-email", &[("address", "ana@example.org")]).await;
        page.must_say("Say why the address changes.");
        assert!(page.html().contains("value=\"ana@example.org\""));
        let done = [("address", "ana@example.org"), ("reason", "mistyped")];
        does(&mut desk, &ana, "change-email", &done).await.must_say("ana@example.org").must_say("mistyped");
        w.mail_to("ana@example.org").await;
        w.browser().get(&old).await.must_be(410);
    }

    async fn the_daily_cap_names_when_the_next_resend_is_possible_and_the_last_link_works(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let sent = w.invite(&ana).await;
        let mut link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        for _ in 0..5 {
            let outcome =
                actions::act(
                    &w.app,
                    &w.riverbend.scope,
                    by_front_desk(w),
                    Target::Grant(sent.access.clone()),
                    Act::Resend { seen: None, confirmed: vec![] },
                )
                    .await;
            assert!(outcome.expect("no fault").is_ok());
            link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&act(&ana, "resend")).await;
        page.must_say("No resend is left for today").must_say("The next one is possible from");
        assert!(!page.html().contains("<button class=\"button primary\">"), "nothing to press");
        let page = refused(&mut desk, &ana, "resend", &[]).await;
        page.must_say("No resend is left for today").must_say("The next one is possible from");
        w.browser().get(&link).await.must_be(200).must_say("Set up your access");
    }

    async fn a_locked_link_that_is_over_is_resent_and_not_unlocked(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        lock(w, &link).await;
        w.clock.advance_seconds(7 * DAY - 1);
        let mut desk = w.staff(Role::FrontDesk).await;
        box_of(&mut desk, &ana).await.must_say("correct it and unlock");
        assert!(desk.get(&path(&ana)).await.html().contains("/access/unlock\""));
        w.clock.advance_seconds(1);
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Locked").must_say("has since reached its end").must_say("Resend Invite");
        assert!(!page.html().contains("/access/unlock\""), "unlocking would help nobody");
        let asked = desk.get(&act(&ana, "unlock")).await;
        asked.must_say("Resend the invitation instead");
        assert!(!asked.html().contains(">Unlock</button>"));
        does(&mut desk, &ana, "resend", &[]).await.must_say("Invited").must_say("7 days left");
    }

    async fn who_is_alone_on_a_chart_is_led_to_the_face_sheet_and_not_into_change_ownership(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&act(&ana, "change-owner")).await;
        page.must_be(200).must_say("There is nobody else on the chart of Ana Duarte").must_say("Open the face sheet");
        assert!(page.html().contains(&format!("href=\"/staff/charts/{}/edit\"", ana.chart_id)), "leads to the face sheet");
        assert!(!page.html().contains(">Change Ownership</button>"), "{}", page.words());
    }

    async fn a_letter_is_shown_once_and_its_code_opens_the_form(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let ask = desk.get(&act(&ana, "letter")).await;
        let letter = desk.submit(&ask, "/access/letter", &[]).await;
        letter.must_be(200);
        assert!(letter.html().contains("<svg"), "a QR code");
        assert_eq!(letter.answer.header("cache-control"), Some("no-store"));
        let words = letter.words();
        let code = words
            .split_whitespace()
            .find(|word| word.len() == 14 && word.matches('-').count() == 2)
            .expect("a grouped code")
            .to_owned();
        // The same form again makes no second letter.
        let second = desk.submit(&ask, "/access/letter", &[]).await;
        // One's own second click is no colleague's act.
        second.must_be(422).must_say("A newer link was made since this page was opened").must_not_say("colleague");
        let mut client = w.browser();
        let page = client.get("/riverbend/letter").await;
        let form = client.submit(&page, "/riverbend/letter", &[("code", &code.to_lowercase())]).await;
        form.must_be(200).must_say("Set up your access");
        let fields = [
            ("last_name", "Duarte"),
            ("month", "4"),
            ("day", "12"),
            ("year", "1990"),
            ("password", "lanterns over the quiet river"),
        ];
        let done = client.submit_and_follow(&form, "/letter/register", &fields).await;
        done.must_say("You are all set").must_say("ana.duarte@example.com");
        box_of(&mut desk, &ana).await.must_say("Active");
    }

    async fn whoever_may_only_look_sees_the_tag_and_no_button(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mut biller = w.staff(Role::Biller).await;
        let page = box_of(&mut biller, &ana).await;
        page.must_say("Invited");
        assert!(!page.says("Resend Invite") && !page.has_form("/access/"));
        biller.get(&act(&ana, "resend")).await.must_be(403);
        let csrf = page.form("/staff/sign-out").fields.iter().find(|(n, _)| n == "csrf").cloned();
        let csrf = csrf.map(|(_, value)| value).unwrap_or_default();
        biller.post(&act(&ana, "resend"), &[("csrf", csrf.as_str()), ("seen", "1")]).await.must_be(403);
    }

    async fn auz_03_another_practices_chart_is_not_found(w: &mut World) {
        let scope = w.twinoaks.scope.clone();
        let theirs = w.chart_at(&scope, "Ana", "Duarte", "1990-04-12", "ana@example.com").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for path in [path(&theirs), act(&theirs, "invite"), format!("{}/live", path(&theirs))] {
            desk.get(&path).await.must_be(404);
        }
        desk.get("/staff/charts/nonsense/communications").await.must_be(404);
        let mine = w.chart("Ben", "Lee").await;
        desk.get(&act(&mine, "nonsense")).await.must_be(404);
    }

    async fn names_with_markup_stand_as_text(w: &mut World) {
        let ana = w.chart_with("<script>alert(1)</script>", "\"><img src=x>", "1990-04-12", "x@example.com").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        does(&mut desk, &ana, "invite", &[]).await;
        for path in [path(&ana), act(&ana, "resend"), "/staff/worklist".to_owned()] {
            let html = desk.get(&path).await.html();
            assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}");
        }
    }

    async fn before_a_registration_one_entry_ends_the_link_and_it_stands_last_in_the_menu(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let nothing_to_end = |page: &Page| {
            page.must_not_say("Revoke Access").must_not_say("Cancel invitation");
            assert!(!page.html().contains("class=\"danger\""), "{}", page.words());
        };
        nothing_to_end(box_of(&mut desk, &ana).await.must_say("Not invited"));
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let one_way = |page: &Page| {
            page.must_not_say("Revoke Access");
            assert_eq!(endings(page), ["Cancel invitation"]);
        };
        one_way(box_of(&mut desk, &ana).await.must_say("Invited"));
        lock(w, &link).await;
        one_way(box_of(&mut desk, &ana).await.must_say("Locked"));
        w.clock.advance_seconds(7 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        does(&mut desk, &ana, "resend", &[]).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        w.clock.advance_seconds(7 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        one_way(box_of(&mut desk, &ana).await.must_say("Expired"));
        does(&mut desk, &ana, "cancel", &[]).await;
        nothing_to_end(box_of(&mut desk, &ana).await.must_say("Canceled"));
        w.browser().get(&link).await.must_be(410);
        does(&mut desk, &ana, "invite", &[]).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        w.register_by(&link, &ana).await;
        let page = box_of(&mut desk, &ana).await;
        page.must_say("Active").must_not_say("Cancel invitation");
        assert_eq!(endings(&page), ["Revoke Access"]);
    }

    async fn changing_the_owner_ends_what_the_former_owner_has(w: &mut World) {
        let ana = with_mother(w).await;
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&act(&ana, "change-owner")).await;
        page.must_say("Rosa Duarte");
        desk.submit(&page, "/change-owner", &[]).await.must_be(200).must_say("Choose who owns the chart.");
        let rosa = first_choice(&page);
        page.must_say("reads the documents, the appointments and the balance of Ana Duarte");
        let list = desk.submit(&page, "/change-owner", &[("to", &rosa)]).await;
        list.must_be(200).must_say("Make Rosa Duarte the chart owner?");
        let missing = desk.submit(&list, "/change-owner", &[("reason", "moved in together")]).await;
        missing.must_be(422).must_say("Say who allowed it.").must_not_say("Say why somebody else");
        let page = desk.submit_and_follow(&list, "/change-owner", &allowed(&rosa)).await;
        page.must_say("Rosa Duarte").must_say("Not invited").must_say("rosa@example.com");
        w.browser().get(&link).await.must_be(410).must_say("no longer valid");
        does(&mut desk, &ana, "invite", &[]).await.must_say("Invited");
        let link = { let mail = w.mail_to("rosa@example.com").await; w.link_in(&mail) };
        w.browser().get(&link).await.must_say("The client's last name").must_say("The client's date of birth");
    }

    async fn the_history_tells_who_owned_the_chart_when_and_a_return_is_no_revocation(w: &mut World) {
        let ana = with_mother(w).await;
        w.register(&ana).await;
        w.mail_has_settled().await;
        let mut desk = w.staff(Role::FrontDesk).await;
        box_of(&mut desk, &ana).await.must_say("Registered").must_not_say("Ana Duarte</strong> · ");
        w.clock.advance_seconds(60);
        let page = desk.get(&act(&ana, "change-owner")).await;
        let rosa = first_choice(&page);
        let list = desk.submit(&page, "/change-owner", &[("to", &rosa)]).await;
        let page = desk.submit_and_follow(&list, "/change-owner", &allowed(&rosa)).await;
        // What happened to the former owner is still told, each line with its name.
        page.must_say("Not invited").must_say("made Rosa Duarte the chart owner");
        page.must_say("Ana Duarte · Access ended, because somebody else became the chart owner");
        let html = page.html().to_string();
        let stopped = html.split("timeline-stopped").nth(1).expect("one line is marked as an end");
        assert!(stopped.split("</li>").next().is_some_and(|line| line.contains("Access ended")), "{stopped}");
        assert_eq!(page.html().matches("timeline-stopped").count(), 1, "becoming the owner ends nothing");
        page.must_say("Ana Duarte · Registered");
        w.clock.advance_seconds(60);
        does(&mut desk, &ana, "invite", &[]).await.must_say("Rosa Duarte · Invitation sent");
        w.clock.advance_seconds(60);
        let page = desk.get(&act(&ana, "change-owner")).await;
        let back = first_choice(&page);
        let list = desk.submit(&page, "/change-owner", &[("to", &back)]).await;
        let page = desk.submit_and_follow(&list, "/change-owner", &allowed(&back)).await;
        page.must_say("No Portal Access").must_say("Access ended").must_say("Somebody else became the chart owner");
        page.must_say("Ana Duarte had access until somebody else became the chart owner").must_say("Give Access Again");
        page.must_say("made Ana Duarte the chart owner").must_say("made Rosa Duarte the chart owner");
        page.must_say("Rosa Duarte · Invitation sent");
        page.must_not_say("Revoked").must_not_say("Restore Access");
        does(&mut desk, &ana, "restore", &[]).await.must_say("Active").must_say("Ana Duarte · Access restored");
        // Revoked by staff is still called so.
        let page = does(&mut desk, &ana, "revoke", &[("reason", "asked us to")]).await;
        page.must_say("Revoked").must_say("Restore Access").must_not_say("Give Access Again");
    }

    async fn each_mail_has_one_line_a_fact_and_its_name(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.register(&ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        does(&mut desk, &ana, "reset", &[]).await.must_say("Password reset sent");
        w.mail_has_settled().await;
        let page = box_of(&mut desk, &ana).await;
        let history = page.words().split("History").last().unwrap_or_default().to_owned();
        for name in ["Invitation", "Confirmation of the registration", "Password reset"] {
            let line = format!("{name} to ana.duarte@example.com: sent");
            assert_eq!(history.matches(&line).count(), 1, "{line}\n{history}");
        }
        assert!(!history.contains("Mail to"), "{history}");
        assert_eq!(history.matches("waiting to be sent").count(), 0, "{history}");
    }
}

/// The labels of the menu's entries that take something away; panics where one of the others comes after them.
fn endings(page: &Page) -> Vec<String> {
    let html = page.html();
    let (_, buttons) = html.split_once("box-buttons").expect("the box's buttons");
    let (_, menu) = buttons.split_once("class=\"menu-items\"").expect("a menu");
    let menu = menu.split("</details>").next().unwrap_or_default();
    let entries: Vec<&str> = menu.split("<a ").skip(1).collect();
    let is_danger = |entry: &str| entry.split('>').next().is_some_and(|tag| tag.contains("class=\"danger\""));
    let first = entries.iter().position(|entry| is_danger(entry)).unwrap_or(entries.len());
    let (others, last) = entries.split_at(first);
    assert!(!others.is_empty() && last.iter().all(|entry| is_danger(entry)), "{menu}");
    let label = |entry: &&str| {
        let (_, text) = entry.split_once('>').unwrap_or_default();
        text.split('<').next().unwrap_or_default().trim().to_owned()
    };
    last.iter().map(label).collect()
}

/// The first person that a form offers as owner.
fn first_choice(page: &Page) -> String {
    let html = page.html();
    let value = html.split("name=\"to\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.expect("a choice").to_owned()
}

/// Ana, with her mother Rosa as a related contact.
async fn with_mother(w: &mut World) -> Client {
    use anteroom::features::people::{TypedAddress, TypedContact, TypedPerson};
    let mut sheet = sheet("Ana", "Duarte");
    sheet.contacts.push(TypedContact {
        relation: "parent".into(),
        person: TypedPerson {
            first_name: "Rosa".into(),
            last_name: "Duarte".into(),
            emails: vec![TypedAddress::mailable("rosa@example.com")],
            ..TypedPerson::default()
        },
        ..TypedContact::default()
    });
    let scope = w.riverbend.scope.clone();
    w.chart_of(&scope, sheet).await
}

fn sheet(first: &str, last: &str) -> anteroom::features::people::Typed {
    use anteroom::features::people::{Typed, TypedAddress, TypedPerson};
    let mut client =
        TypedPerson { first_name: first.into(), last_name: last.into(), ..TypedPerson::default() }
            .born("1990-04-12");
    client.emails.push(TypedAddress::mailable("ana.duarte@example.com"));
    Typed { client, ..Typed::default() }
}
