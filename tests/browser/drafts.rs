//! What was typed, Back, and the password manager's view of the form: only a real browser shows them.

use anteroom::platform::db::schema::{form_draft, message_draft};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use serde_json::json;

use super::chromium::Chromium;
use super::window::Width;
use crate::pages;
use crate::support::{PASSWORD, World};

/// How many forms and drafts of messages are kept.
async fn kept(w: &World) -> i64 {
    let forms: i64 = w.look(|c| form_draft::table.count().get_result(c)).await;
    let messages: i64 = w.look(|c| message_draft::table.count().get_result(c)).await;
    forms + messages
}

/// Waits until what is kept has not changed for a second.
async fn until_it_rests(w: &World) {
    let (mut last, mut same) = ((Vec::new(), Vec::new()), 0);
    while same < 10 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let forms: Vec<Vec<u8>> = w.look(|c| form_draft::table.select(form_draft::sealed).load(c)).await;
        let messages: Vec<String> =
            w.look(|c| message_draft::table.select(message_draft::body).load(c)).await;
        let now = (forms, messages);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

pages! {
    async fn back_after_a_corrected_form_shows_the_form_and_asks_nothing(w: &mut World) {
        let chromium = Chromium::start();
        for (first, scripts) in [("Ana", true), ("Bea", false)] {
            let client = w.chart(first, "Duarte").await;
            w.invite(&client).await;
            let mail = w.mail_to(&client.email).await;
            let link = w.link_in(&mail);
            let mut phone = if scripts {
                chromium.window(w, Width::Phone).await
            } else {
                chromium.window_without_scripts(w, Width::Phone).await
            };
            phone.visit(&link).await;
            phone.fill("Your last name", "Duarto").await;
            phone.fill("Month", "4").await;
            phone.fill("Day", "12").await;
            phone.fill("Year", "1990").await;
            phone.fill("Choose a password", PASSWORD).await;
            phone.click("button", "Set up my access").await;
            phone.must_say("do not match").await;
            phone.must_say("Your password is kept").await;
            assert!(phone.title().await.starts_with("Error: "), "{}", phone.title().await);
            assert_eq!(phone.value("Month").await, "4");
            phone.must_be_accessible("the form after a mismatch").await;
            phone.reload().await;
            phone.must_say("do not match").await;
            phone.fill("Your last name", "Duarte").await;
            phone.click("button", "Set up my access").await;
            phone.must_say(&client.email).await;
            phone.back().await;
            // It shows how things stand now, and no error of before.
            phone.must_say("Sign in").await;
            phone.must_not_say("do not match").await;
            phone.must_not_say("Confirm Form Resubmission").await;
            phone.close().await;
        }
    }

    async fn a_password_manager_finds_the_user_name_where_the_form_says_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Phone).await;
        phone.visit(&link).await;
        // The field before the password is the one that is taken, unless another says that it is the user name.
        let marked = "const inputs = [...document.querySelector('[name=password]').form.elements] \
            .filter(e => e.matches('input:not([type=hidden])')); \
            const at = inputs.findIndex(e => e.name === 'password'); \
            return inputs.slice(0, at).map(e => e.autocomplete);";
        let before = phone.script(marked, json!([])).await;
        let last = before.as_array().and_then(|all| all.last()).and_then(|v| v.as_str());
        assert_eq!(last, Some("username"), "{before}");
        phone.must_be_accessible("the registration form").await;
        phone.close().await;
    }

    async fn an_api_key_is_copied_and_a_colour_is_seen_as_it_is_chosen(w: &mut World) {
        let admin = w.staff(Role::Administrator).await;
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&admin).await;
        desk.visit("/staff/practice").await;
        let choose = "const field = document.querySelector('#f-accent'); field.value = '#8a1c7c'; \
            field.dispatchEvent(new Event('input', { bubbles: true }));";
        desk.script(choose, json!([])).await;
        // The colour goes over in 150 ms.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let colour = "return getComputedStyle(document.querySelector('[data-accent-of]')).backgroundColor;";
        let seen = desk.script(colour, json!([])).await;
        assert_eq!(seen, "rgb(138, 28, 124)");
        desk.visit("/staff/api-keys").await;
        desk.fill("Name", "EHR").await;
        desk.script("document.querySelector('[name=scopes]').checked = true;", json!([])).await;
        desk.click("button", "Create the key").await;
        desk.must_say("EHR").await;
        // What goes to the clipboard is kept here: reading the clipboard needs a permission.
        let keep = "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); };";
        desk.script(keep, json!([])).await;
        desk.click("button", "Copy").await;
        desk.must_say("Copied").await;
        let copied = desk.script("return window.copied === document.querySelector('#f-key').value;", json!([])).await;
        assert_eq!(copied, true, "the key is what was copied");
        let picked = desk
            .script("const f = document.querySelector('#f-key'); return f.value.slice(f.selectionStart, f.selectionEnd) === f.value;", json!([]))
            .await;
        assert_eq!(picked, true, "the key stands selected");
        desk.close().await;
    }

    async fn back_and_a_reload_show_what_was_typed_and_not_sent(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Phone).await;
        phone.become_user(&client).await;
        // A form without a draft of its own, and one with. Nobody waits until it is saved.
        for (page, field) in
            [("/portal/appointments/request", "Anything we should know"), ("/portal/messages/new", "Message")]
        {
            phone.visit(page).await;
            phone.fill(field, "After work, please.").await;
            phone.visit("/portal").await;
            // It is sent while the page is left; the server takes it in a moment later.
            let mut tries = 0;
            while kept(w).await < if page.ends_with("new") { 2 } else { 1 } {
                tries += 1;
                assert!(tries < 100, "{page}: what was typed is not kept");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            // A first part may have been kept while they typed: the last is longer.
            until_it_rests(w).await;
            phone.back().await;
            assert!(phone.path().await.starts_with(page), "Back leads elsewhere");
            assert_eq!(phone.value(field).await, "After work, please.", "{page}: Back");
            phone.reload().await;
            assert_eq!(phone.value(field).await, "After work, please.", "{page}: a reload");
        }
        phone.must_have_asked_no_other_host().await;
        phone.close().await;
    }

    async fn a_note_does_not_cost_a_typed_answer_nor_an_answer_a_typed_note(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut client = w.registered(&ana).await;
        let page = client.get("/portal/messages/new").await;
        let typed = [("to", "front_desk"), ("subject", "Thursday"), ("text", "When?")];
        let sent = client.submit(&page, "/portal/messages/new", &typed).await;
        let address = sent.location().expect("an address").to_owned();
        let id = address.rsplit('/').next().and_then(|rest| rest.split('?').next()).expect("an id").to_owned();
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&w.staff(Role::FrontDesk).await).await;
        desk.visit(&format!("/staff/charts/{}/messages/{id}", ana.chart_id)).await;
        desk.fill("Your answer", "At six.").await;
        desk.fill("New note", "She comes by bus.").await;
        desk.click("button", "Add note").await;
        desk.must_say("She comes by bus.").await;
        assert_eq!(desk.value("Your answer").await, "At six.");
        desk.fill("New note", "The last bus is at nine.").await;
        desk.click("button", "Send").await;
        desk.must_say("Your answer was sent.").await;
        assert_eq!(desk.value("New note").await, "The last bus is at nine.");
        desk.close().await;
    }
}
