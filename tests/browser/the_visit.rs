//! An appointment from its booking to its cancellation, as people do it: front desk and client, both on a phone of
//! 390 px. With the pages' scripts and without.

use std::time::{Duration, Instant};

use anteroom::platform::db::schema::appointment;
use anteroom::platform::permissions::Role;
use anteroom::platform::web::session::Audience;
use diesel::prelude::*;

use super::chromium::Chromium;
use super::window::{ENTER, Width, Window};
use crate::pages;
use crate::support::World;
use crate::support::rows::visit_by_video;

/// The page in view is accessible and scrolls in one direction only.
async fn fits(window: &mut Window, name: &str) {
    window.must_be_accessible(name).await;
    assert_eq!(window.sideways().await, 0, "{name} scrolls sideways: {}", window.too_wide().await);
}

async fn the_visit(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let client = w.registered(&ana).await;
    let staff = w.staff(Role::FrontDesk).await;
    let chromium = Chromium::start();
    let (mut desk, mut phone) = if scripts {
        (chromium.window(w, Width::Phone).await, chromium.window(w, Width::Phone).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Phone).await,
            chromium.window_without_scripts(w, Width::Phone).await,
        )
    };
    desk.become_user(&staff).await;
    phone.become_user(&client).await;

    // Book, from the day.
    desk.visit("/staff/calendar?date=2026-12-03").await;
    desk.must_say("Nothing is booked").await;
    fits(&mut desk, "an empty day").await;
    desk.click("link", "Book an appointment").await;
    desk.must_say("Who is the appointment for?").await;
    desk.fill("Client", "duarte").await;
    desk.click("button", "Find client").await;
    desk.must_say("Duarte, Ana").await;
    fits(&mut desk, "the choice of a client").await;
    desk.click("link", "Duarte, Ana").await;
    desk.must_say("Book appointment").await;
    fits(&mut desk, "the form that books").await;
    desk.fill("Time", "0230PM").await;
    desk.click("button", "Book appointment").await;
    desk.must_say("Choose who sees the client.").await;
    fits(&mut desk, "the form that books, refused").await;
    assert_eq!(desk.value("Time").await, "14:30", "what was typed is kept");
    desk.choose("With", "Casey Moreno").await;
    desk.click("button", "Book appointment").await;
    desk.must_say("The appointment is booked.").await;
    fits(&mut desk, "the chart's appointments").await;

    // The client sees it.
    phone.visit("/portal").await;
    phone.click("link", "Thursday, December 3, 2026, 2:30 PM EST").await;
    phone.must_say("Add to my calendar").await;
    fits(&mut phone, "a client's appointment").await;

    // Staff move it.
    desk.visit("/staff/calendar?date=2026-12-03").await;
    fits(&mut desk, "a day with an appointment").await;
    desk.click("link", "2:30 PM to 3:20 PM").await;
    desk.must_say("Ana Duarte").await;
    fits(&mut desk, "the page of an appointment").await;
    desk.click("link", "Move").await;
    desk.fill("Time", "0400PM").await;
    fits(&mut desk, "the form that moves").await;
    desk.click("button", "Move appointment").await;
    desk.must_say("The appointment has its new time.").await;
    desk.must_say("4:00 PM").await;

    // The client cancels it, in time.
    phone.visit("/portal/appointments").await;
    phone.click("link", "Thursday, December 3, 2026, 4:00 PM EST").await;
    phone.click("link", "Cancel this appointment").await;
    phone.must_say("You are in time.").await;
    fits(&mut phone, "the question before canceling").await;
    phone.click("button", "Yes, cancel it").await;
    phone.must_say("The appointment is canceled.").await;
    fits(&mut phone, "a client's appointments, one canceled").await;
    desk.reload().await;
    desk.must_say("By the client").await;
    fits(&mut desk, "the page of a canceled appointment").await;

    for mut window in [desk, phone] {
        window.must_have_asked_no_other_host().await;
        window.close().await;
    }
}

/// A client is led to a visit by video: the browser follows the answer to the form to another host, which the policy of every
/// other page forbids.
async fn case_65(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let (_, account) = w.register(&ana).await;
    let scope = w.riverbend.scope.clone();
    let client = w.signed_in(&scope, Audience::Client, account.to_string()).await;
    let staff = w.staff(Role::FrontDesk).await;
    let chromium = Chromium::start();
    let (mut desk, mut phone) = if scripts {
        (chromium.window(w, Width::Phone).await, chromium.window(w, Width::Phone).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Phone).await,
            chromium.window_without_scripts(w, Width::Phone).await,
        )
    };
    desk.become_user(&staff).await;
    phone.become_user(&client).await;
    let meeting = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let link = format!("https://{}/room", meeting.local_addr().expect("its address"));
    let at = w.now().plus_hours(24);
    let visit = visit_by_video(w, &ana, 24).await;
    let casey = w.riverbend.member(Role::Clinician).staff_id;
    desk.visit(&format!("/staff/availability/{casey}/links")).await;
    fits(&mut desk, "the page of a video link").await;
    desk.fill("Standing link", "video.example").await;
    desk.click("button", "Save").await;
    desk.must_say("Type an address that begins with https://").await;
    fits(&mut desk, "the page of a video link, refused").await;
    desk.fill("Standing link", &link).await;
    desk.click("button", "Save").await;
    desk.must_say("Saved.").await;
    desk.visit(&format!("/staff/appointments/{visit}")).await;
    desk.must_say("The standing link of Casey Moreno").await;
    fits(&mut desk, "the page of an appointment by video").await;
    let path = format!("/portal/appointments/{visit}");
    phone.visit(&path).await;
    phone.must_say("You can join here from").await;
    fits(&mut phone, "an appointment by video, tomorrow").await;
    let until = at.plus_seconds(-600).seconds_since(w.now());
    w.clock.advance_seconds(u32::try_from(until).expect("ahead"));
    // The session of yesterday is over.
    phone.become_user(&w.signed_in(&scope, Audience::Client, account.to_string()).await).await;
    phone.visit("/portal/appointments").await;
    fits(&mut phone, "the list with an appointment to join").await;
    phone.visit(&path).await;
    fits(&mut phone, "an appointment to join").await;
    assert!(!phone.source().await.contains("127.0.0.1:"), "no page has the address");
    phone.click("button", "Join").await;
    let came = tokio::time::timeout(std::time::Duration::from_secs(20), meeting.accept()).await;
    let (mut stream, _) = came.expect("the browser goes there").expect("a connection");
    let mut first = [0u8; 1];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.expect("it says something");
    assert_eq!(first, [0x16], "it begins a TLS handshake");
}

/// Presses keys as somebody types them: with a pause of `ANTEROOM_KEY_MS` milliseconds after each, none where it is not
/// set. Gives how many they were.
async fn type_keys(window: &Window, keys: &str) -> usize {
    let pause = std::env::var("ANTEROOM_KEY_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    for key in keys.chars() {
        window.press(&key.to_string()).await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    keys.chars().count()
}

pages! {
    async fn a_front_desk_books_ten_visits_by_keyboard_with_few_keys(w: &mut World) {
        let names = ["Arbor", "Brook", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Heath", "Islet", "Knoll"];
        for name in names {
            w.chart("Kim", name).await;
        }
        let casey = w.riverbend.member(Role::Clinician).staff_id;
        let mut admin = w.staff(Role::Administrator).await;
        let hours = format!("/staff/availability/{casey}");
        let page = admin.get(&hours).await;
        let thursday = [("weekday", "4"), ("from", "09:00"), ("until", "19:00")];
        admin.submit(&page, &format!("{hours}/hours"), &thursday).await.must_be(303);
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Desk).await;
        desk.become_user(&w.staff(Role::FrontDesk).await).await;
        desk.visit(&format!("/staff/calendar?date=2026-12-03&who={casey}")).await;
        desk.tab_to("Book an appointment").await;
        let (began, mut keys) = (Instant::now(), 0);
        for (hour, name) in (9..).zip(names) {
            let clock = if hour < 12 { format!("{hour:02}00AM") } else { format!("{:02}00PM", (hour + 11) % 12 + 1) };
            keys += type_keys(&desk, ENTER).await;
            desk.must_have_focus("Client").await;
            keys += type_keys(&desk, &format!("{}{ENTER}", name.to_lowercase())).await;
            desk.must_have_focus(name).await;
            keys += type_keys(&desk, ENTER).await;
            desk.must_have_focus("Time").await;
            keys += type_keys(&desk, &format!("{clock}{ENTER}")).await;
            desk.must_say("The appointment is booked").await;
            desk.must_say(name).await;
            desk.must_have_focus("Casey Moreno").await;
        }
        let booked: i64 = w.look(|c| appointment::table.count().get_result(c)).await;
        eprintln!("ten visits: {keys} keys, {:.0} s", began.elapsed().as_secs_f64());
        assert_eq!((booked, keys), (10, 10 * 15));
        desk.close().await;
    }

    async fn case_65_a_client_is_led_to_a_visit_by_video_with_scripts(w: &mut World) {
        case_65(w, true).await;
    }

    async fn case_65_a_client_is_led_to_a_visit_by_video_without_scripts(w: &mut World) {
        case_65(w, false).await;
    }

    async fn an_appointment_from_booking_to_cancellation_with_scripts(w: &mut World) {
        the_visit(w, true).await;
    }

    async fn p_91_an_appointment_from_booking_to_cancellation_without_scripts(w: &mut World) {
        the_visit(w, false).await;
    }
}
