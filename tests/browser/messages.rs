//! A conversation as people have it: a client writes on a phone, the front desk answers at its desk, the client
//! reads the answer. With the pages' scripts and without, in both languages.

use anteroom::platform::permissions::Role;
use serde_json::json;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::pages;
use crate::support::World;

/// No page scrolls sideways on a phone.
async fn must_fit(window: &Window, what: &str) {
    let wider = window.sideways().await;
    assert_eq!(wider, 0, "{what} scrolls sideways by {wider} px: {}", window.too_wide().await);
}

async fn a_conversation(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let client = w.registered(&ana).await;
    let staff = w.staff(Role::FrontDesk).await;
    let chromium = Chromium::start();
    let (mut phone, mut desk) = if scripts {
        (chromium.window(w, Width::Phone).await, chromium.window(w, Width::Desk).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Phone).await,
            chromium.window_without_scripts(w, Width::Desk).await,
        )
    };
    phone.become_user(&client).await;
    desk.become_user(&staff).await;

    // The client writes; the first try lacks a subject, and keeps the text.
    phone.visit("/portal/messages").await;
    phone.must_say("There are no messages yet").await;
    phone.must_be_accessible("no messages").await;
    phone.click("link", "Write a message").await;
    phone.must_come_to("/portal/messages/new").await;
    phone.must_say("988").await;
    phone.must_be_accessible("a new message").await;
    must_fit(&phone, "a new message").await;
    phone.fill("Message", "May I come half an hour later on Thursday?").await;
    phone.click("button", "Send").await;
    phone.must_say("Write a subject.").await;
    phone.must_be_accessible("a message without a subject").await;
    assert_eq!(phone.value("Message").await, "May I come half an hour later on Thursday?");
    phone.fill("Subject", "Thursday").await;
    phone.click("button", "Send").await;
    phone.must_say("Your message was sent.").await;
    phone.must_say("Waiting for the practice").await;
    phone.must_be_accessible("a thread").await;
    must_fit(&phone, "a thread").await;

    // The front desk finds it in the queue and answers.
    desk.visit("/staff/messages").await;
    desk.must_say("Thursday").await;
    desk.must_be_accessible("the queue").await;
    desk.click("link", "Ana Duarte").await;
    desk.must_say("May I come half an hour later").await;
    desk.must_be_accessible("a thread in the chart room").await;
    desk.fill("Your answer", "Yes, half past three is fine.").await;
    desk.click("button", "Send").await;
    desk.must_say("Your answer was sent.").await;
    desk.must_say("Answered").await;
    desk.visit(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
    desk.must_say("Thursday").await;
    desk.must_be_accessible("the Communications tab with a thread").await;

    // With scripts the open page shows the answer by itself, and it is read by that. Else the client finds it on home.
    if !scripts {
        phone.visit("/portal").await;
        phone.click("link", "New message: Thursday").await;
    }
    phone.must_say("half past three is fine").await;
    let own = phone.script("return document.querySelectorAll('.message.is-own').length;", json!([])).await;
    assert_eq!(own, 1, "one's own message stands apart from the answer");

    // Staff note something among themselves and write once more. With scripts the open page shows it by itself.
    desk.visit("/staff/messages?box=front_desk&state=answered").await;
    desk.click("link", "Ana Duarte").await;
    desk.fill("New note", "The room is free.").await;
    desk.click("button", "Add note").await;
    desk.must_say("The note was added.").await;
    desk.must_be_accessible("a thread with a note").await;
    desk.fill("Your answer", "Bring the form, please.").await;
    desk.click("button", "Send").await;
    desk.must_say("Your answer was sent.").await;
    desk.must_say("Take back").await;
    desk.must_be_accessible("a thread with a message that can be taken back").await;
    if scripts {
        phone.must_say("Bring the form, please.").await;
    } else {
        phone.visit("/portal").await;
        phone.click("link", "New message: Thursday").await;
    }
    phone.visit("/portal/messages").await;
    phone.must_say("Answered").await;
    must_fit(&phone, "the list of messages").await;

    // In Spanish.
    phone.visit("/portal/messages?lang=es").await;
    phone.must_say("Mensajes").await;
    phone.click("link", "Escribir un mensaje").await;
    phone.must_say("Los mensajes no se leen a todas horas").await;
    must_fit(&phone, "a new message in Spanish").await;
    for window in [&mut phone, &mut desk] {
        window.must_have_asked_no_other_host().await;
    }
    phone.close().await;
    desk.close().await;
}

pages! {
    async fn case_91_a_conversation_on_a_phone_with_scripts(w: &mut World) {
        a_conversation(w, true).await;
    }

    async fn case_91_a_conversation_on_a_phone_without_scripts(w: &mut World) {
        a_conversation(w, false).await;
    }
}
