//! What only a browser can show: the session's end (A11-05), a lost connection, the password meter, forced
//! colours.

use anteroom::platform::permissions::Role;
use anteroom::platform::web::session::Audience;
use serde_json::json;

use super::chromium::Chromium;
use super::window::{ENTER, Scheme, Width, Window};
use crate::pages;
use crate::support::{PASSWORD, World};

/// Lets time go by: on the server's clock, and on the page's.
async fn let_pass(w: &World, window: &Window, seconds: u32) {
    w.clock.advance_seconds(seconds);
    let script = "const now = Date.now; const by = arguments[0] * 1000; Date.now = () => now() + by;";
    window.script(script, json!([seconds])).await;
}

/// Two minutes before its end a session warns, one key keeps it; when it is over, what was typed
/// outlives signing in again, and can be sent.
async fn a_session_ends(w: &World, window: &mut Window, field: &str, text: &str, who: (Audience, String)) {
    let idle = u32::try_from(who.0.idle_minutes() * 60).expect("a few minutes");
    window.fill(field, text).await;
    let_pass(w, window, idle - 100).await;
    window.must_say("Are you still there?").await;
    window.must_say("1:").await;
    window.must_be_accessible("the warning before the session's end").await;
    window.must_have_focus("Stay signed in").await;
    window.press(ENTER).await;
    window.must_have_focus(field).await;
    assert!(window.all("dialog[open]").await.is_empty(), "one key keeps the session");
    assert_eq!(window.value(field).await, text, "what was typed survives the warning");

    // Kept: as much time later as was left then, nobody is signed out.
    let_pass(w, window, 200).await;
    assert!(window.all("dialog[open]").await.is_empty());

    // Away for too long: first the warning, then the end.
    let_pass(w, window, idle - 300).await;
    window.must_say("Are you still there?").await;
    let_pass(w, window, 130).await;
    window.must_say("You were signed out for your privacy").await;
    window.must_have_focus("Sign in again").await;
    window.must_be_accessible("the session's end").await;
    let hidden =
        window.script("return getComputedStyle(document.querySelector('main')).filter;", json!([])).await;
    assert!(
        hidden.as_str().is_some_and(|f| f.contains("blur")),
        "what stood there is for nobody else: {hidden}"
    );

    // Signed in again in another tab, and back.
    let again = w.signed_in(&w.riverbend.scope, who.0, who.1).await;
    window.take_cookies_of(&again).await;
    window.script("window.dispatchEvent(new Event('focus'));", json!([])).await;
    window.must_say("You are signed in again").await;
    assert!(window.all("dialog[open]").await.is_empty());
    assert_eq!(window.value(field).await, text, "what was typed survives the session");
}

pages! {
    async fn a11_05_a_staff_session_warns_and_what_was_typed_survives_its_end(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&w.staff(Role::FrontDesk).await).await;
        desk.visit(&format!("/staff/charts/{}/edit", ana.chart_id)).await;
        desk.must_say("Ana Duarte").await;
        let who = (Audience::Staff, w.riverbend.member(Role::FrontDesk).staff_id.to_string());
        a_session_ends(w, &mut desk, "Preferred name", "Anita", who).await;
        desk.click("button", "Save face sheet").await;
        desk.must_say("The face sheet is saved").await;
        desk.must_say("Anita").await;
        desk.must_have_asked_no_other_host().await;
        desk.close().await;
    }

    async fn a11_05_a_clients_session_warns_and_what_was_typed_survives_its_end(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, account) = w.register(&ana).await;
        let client = w.signed_in(&w.riverbend.scope, Audience::Client, account.to_string()).await;
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Phone).await;
        phone.become_user(&client).await;
        phone.visit("/portal/appointments/request").await;
        let who = (Audience::Client, account.to_string());
        a_session_ends(w, &mut phone, "Anything we should know", "Mornings suit me", who).await;
        phone.must_have_asked_no_other_host().await;
        phone.close().await;
    }

    async fn a_lost_connection_is_told_and_nothing_that_was_typed_is_lost(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&w.staff(Role::FrontDesk).await).await;
        desk.visit(&format!("/staff/charts/{}/edit", ana.chart_id)).await;
        desk.fill("Preferred name", "Anita").await;
        desk.go_offline(true).await;
        desk.must_say("The connection is lost").await;
        desk.must_be_accessible("the word that the connection is lost").await;
        let path = desk.path().await;
        desk.click("button", "Save face sheet").await;
        desk.must_say("Nothing was sent").await;
        assert_eq!((desk.path().await, desk.value("Preferred name").await), (path, "Anita".to_owned()));
        desk.go_offline(false).await;
        desk.click("button", "Save face sheet").await;
        desk.must_say("The face sheet is saved").await;
        desk.close().await;
    }

    async fn the_password_meter_says_what_is_missing_and_the_password_can_be_shown(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Phone).await;
        phone.visit(&w.link_in(&mail)).await;
        for (typed, says) in [
            ("lantern", "8 more characters"),
            // Fifteen letters, counted as letters and not as bytes.
            ("ñandúñandúñandú", "Easy to guess"),
            ("aaaaaaaaaaaaaaaaaaaa", "Easy to guess"),
            ("lantern by rive", "Good"),
            (PASSWORD, "good"),
        ] {
            phone.fill("Choose a password", typed).await;
            phone.must_say(says).await;
            phone.must_be_accessible("the password meter").await;
        }
        phone.click("button", "Show").await;
        let kind = phone.script("return document.activeElement.id + document.activeElement.type;", json!([])).await;
        assert_eq!(kind, "f-passwordtext", "shown, and the cursor is back in it");
        phone.click("button", "Hide").await;
        let kind = phone.script("return document.activeElement.type;", json!([])).await;
        assert_eq!(kind, "password");
        phone.fill("Choose a password", "").await;
        phone.must_not_say("more characters").await;
        phone.must_have_asked_no_other_host().await;
        phone.close().await;
    }

    async fn a11_07_forced_colours_leave_every_shape_that_carries_a_meaning(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_has_settled().await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.force_colours(Scheme::Dark).await;
        desk.become_user(&w.staff(Role::FrontDesk).await).await;
        desk.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        desk.must_say("Invited").await;
        // A control without an edge, or a place "you are here" without a mark, is gone where all
        // grounds are one colour.
        let bare = "const seen = e => e.checkVisibility() && !e.closest('.visually-hidden, .menu-items, .top-menu, dialog:not([open])'); \
            const edge = e => { const s = getComputedStyle(e); return s.borderStyle !== 'none' && parseFloat(s.borderTopWidth) > 0; }; \
            const line = e => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; }; \
            return [...document.querySelectorAll('.button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea, .tag, .card')] \
              .filter(e => seen(e) && !edge(e)).concat([...document.querySelectorAll('[aria-current]')].filter(e => seen(e) && !line(e))) \
              .map(e => e.outerHTML.slice(0, 120));";
        assert_eq!(desk.script(bare, json!([])).await, json!([]));
        let mark = "const t = document.querySelector('.tag'), s = getComputedStyle(t, '::before'); \
            return s.boxShadow !== 'none' || !['rgba(0, 0, 0, 0)', getComputedStyle(document.body).backgroundColor].includes(s.backgroundColor);";
        assert_eq!(desk.script(mark, json!([])).await, json!(true), "the tag's shape is seen");
        let found = desk.violations().await;
        assert!(found.is_empty(), "{}", found.join("\n"));
        desk.visit("/staff/charts/new").await;
        desk.click("button", "Create chart").await;
        desk.must_say("need another look").await;
        assert_eq!(desk.script(bare, json!([])).await, json!([]));
        let found = desk.violations().await;
        assert!(found.is_empty(), "{}", found.join("\n"));
        desk.close().await;
    }
}
