//! A conversation as people have it: a client writes on a phone, the front desk answers at its desk, the client
//! reads the answer. With the pages' scripts and without, in both languages.

use anteroom::platform::permissions::Role;
use serde_json::json;

use super::chromium::Chromium;
use super::window::{ENTER, Width, Window};
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
    if scripts {
        // The open page on the phone reads it at once: nothing can be taken back any more.
        phone.must_say("Bring the form, please.").await;
    } else {
        desk.must_say("Take back").await;
        desk.must_be_accessible("a thread with a message that can be taken back").await;
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

    async fn case_91_a_client_writes_and_billing_answers_by_keyboard_alone_at_320_px_in_spanish(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        let staff = w.staff(Role::Biller).await;
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Narrow).await;
        let mut desk = chromium.window(w, Width::Narrow).await;
        phone.become_user(&client).await;
        desk.become_user(&staff).await;
        phone.visit("/portal/messages?lang=es").await;
        phone.must_be_accessible("no messages, in Spanish").await;
        phone.tab_to("Escribir un mensaje").await;
        phone.press(ENTER).await;
        phone.must_come_to("/portal/messages/new").await;
        phone.must_say("Los mensajes no se leen a todas horas").await;
        phone.must_be_accessible("a new message, in Spanish").await;
        must_fit(&phone, "a new message, in Spanish").await;
        phone.tab_to("¿Quién debe leerlo?").await;
        phone.press("Facturación").await;
        phone.tab_to("Asunto").await;
        phone.press("Mi recibo").await;
        phone.tab_to("Mensaje").await;
        phone.press("¿Me lo pueden enviar?").await;
        phone.tab_to("Enviar").await;
        phone.press(ENTER).await;
        phone.must_say("Su mensaje se envió").await;
        phone.must_say("en el consultorio, facturación y la administración").await;
        phone.must_be_accessible("a thread with billing, in Spanish").await;
        must_fit(&phone, "a thread with billing, in Spanish").await;

        desk.visit("/staff/messages?lang=es").await;
        desk.must_say("Mi recibo").await;
        desk.must_be_accessible("the queue of billing, in Spanish").await;
        must_fit(&desk, "the queue of billing, in Spanish").await;
        desk.tab_to("Ana Duarte").await;
        desk.press(ENTER).await;
        desk.must_say("¿Me lo pueden enviar?").await;
        desk.tab_to("Su respuesta").await;
        desk.press("Va en camino.").await;
        desk.tab_to("Enviar").await;
        desk.press(ENTER).await;
        desk.must_say("Va en camino.").await;
        must_fit(&desk, "a thread in the chart room, in Spanish").await;
        desk.tab_to("Participantes…").await;
        desk.press(ENTER).await;
        desk.must_say("Quién participa").await;
        desk.must_be_accessible("who takes part, in Spanish").await;
        must_fit(&desk, "who takes part, in Spanish").await;
        // The open page shows it by itself, and what is new is not lost on the way.
        phone.must_say("Va en camino.").await;
        phone.must_be_accessible("an answered thread, in Spanish").await;
        for window in [&mut phone, &mut desk] {
            window.must_have_asked_no_other_host().await;
        }
        phone.close().await;
        desk.close().await;
    }
}
