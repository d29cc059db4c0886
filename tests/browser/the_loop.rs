//! The main job, whole, as people do it: invite from the chart room, let the link expire, resend,
//! register on a phone, sign in, come to the portal's home. With the pages' scripts and without.

use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::stories;
use crate::support::world::Client;
use crate::support::{PASSWORD, World};

/// The front desk signs in at its desk.
async fn staff_sign_in(w: &World, desk: &mut Window) {
    desk.visit("/riverbend/staff/sign-in").await;
    desk.must_say("Sign in").await;
    desk.must_be_accessible("staff sign-in").await;
    desk.fill("E-mail", &w.riverbend.member(Role::FrontDesk).email).await;
    desk.fill("Password", PASSWORD).await;
    desk.click("button", "Sign in").await;
    desk.must_come_to("/staff/worklist").await;
}

/// Opens the client's Communications tab.
async fn open_chart(desk: &mut Window, client: &Client) {
    desk.visit(&format!("/staff/charts/{}/communications", client.chart_id)).await;
    desk.must_say("Chart Owner").await;
}

async fn the_loop(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let chromium = Chromium::start();
    let (mut desk, mut phone) = if scripts {
        (chromium.window(w, Width::Desk).await, chromium.window(w, Width::Phone).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Desk).await,
            chromium.window_without_scripts(w, Width::Phone).await,
        )
    };

    // Invite.
    staff_sign_in(w, &mut desk).await;
    open_chart(&mut desk, &ana).await;
    desk.must_say("Not invited").await;
    desk.must_be_accessible("the chart room, not invited").await;
    desk.click("button", "Send Invite").await;
    desk.must_say("Invite Ana Duarte to the portal?").await;
    desk.must_say(&ana.email).await;
    desk.must_be_accessible("the question before the invite").await;
    desk.click("button", "Send Invite").await;
    desk.must_say("Invited").await;
    desk.must_say("Good until").await;
    let tag = "return document.querySelector('.room-head .tag').textContent;";
    assert_eq!(desk.script(tag, serde_json::json!([])).await, "Invited", "the head of the chart says it too");
    desk.must_be_accessible("the chart room, invited").await;
    let first = w.mail_to(&ana.email).await;
    let first_link = w.link_in(&first);

    // It expires by itself: at the very second, with no job.
    w.clock.advance_seconds(7 * 24 * 3_600);
    phone.visit(&first_link).await;
    phone.must_be_accessible("an expired link").await;
    phone.must_not_say("Duarte").await;
    phone.must_say("555-0100").await;
    staff_sign_in(w, &mut desk).await;
    open_chart(&mut desk, &ana).await;
    desk.must_say("Expired").await;
    desk.must_be_accessible("the chart room, expired").await;

    // Resend, from the three dots.
    desk.click("button", "More for Ana Duarte").await;
    desk.must_be_accessible("the three-dots menu").await;
    desk.click("link", "Resend Invite for Ana Duarte").await;
    desk.must_say("Resend the invite to Ana Duarte?").await;
    desk.must_say("stops working").await;
    desk.must_be_accessible("the question before the resend").await;
    let before = desk.path().await;
    desk.click("button", "Resend Invite").await;
    desk.must_say("Good until").await;
    if scripts {
        assert_eq!(desk.path().await, before, "the box changed without a reload");
    }
    let second = w.mail_to(&ana.email).await;
    let link = w.link_in(&second);
    assert_ne!(first_link, link);

    // The old link is dead, and says so.
    phone.visit(&first_link).await;
    phone.must_be_accessible("a replaced link").await;
    phone.must_not_say("Last name").await;

    // Register on the phone; first with a slip.
    phone.visit(&link).await;
    phone.must_say("last name").await;
    phone.must_be_accessible("the registration form").await;
    phone.fill("last name", "Duarte").await;
    phone.fill("Month", "4").await;
    phone.fill("Day", "12").await;
    phone.fill("Year", "1991").await;
    phone.fill("password", PASSWORD).await;
    phone.click("button", "Set up my access").await;
    phone.must_say("do not match").await;
    phone.must_be_accessible("the registration form, refused").await;
    assert_eq!(phone.value("last name").await, "Duarte", "what was typed is kept");
    phone.fill("Year", "1990").await;
    phone.fill("password", PASSWORD).await;
    phone.click("button", "Set up my access").await;
    phone.must_be_accessible("the success page").await;
    let path = phone.path().await;
    assert!(!path.contains("/i/"), "the success page's address carries no link: {path}");

    // Sign in, and home.
    phone.click("link", "Go to sign-in").await;
    phone.must_be_accessible("the client's sign-in").await;
    assert_eq!(phone.value("sign-in name").await, ana.email, "the name is filled in");
    phone.fill("Password", PASSWORD).await;
    phone.click("button", "Sign in").await;
    phone.must_say("Ana").await;
    assert!(phone.path().await.starts_with("/portal"), "{}", phone.path().await);
    phone.must_be_accessible("the portal's home").await;

    // Staff see it, and the used link says what it is.
    open_chart(&mut desk, &ana).await;
    desk.must_say("Active").await;
    desk.must_be_accessible("the chart room, active").await;
    phone.visit(&link).await;
    phone.must_be_accessible("a used link").await;
    phone.must_not_say("Duarte").await;

    phone.must_have_asked_no_other_host().await;
    desk.must_have_asked_no_other_host().await;
    phone.close().await;
    desk.close().await;
}

stories! {
    async fn the_whole_loop_with_scripts(w: &mut World) {
        the_loop(w, true).await;
    }

    async fn a11_08_the_whole_loop_without_scripts(w: &mut World) {
        the_loop(w, false).await;
    }
}
