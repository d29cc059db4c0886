//! A signature's way from the chart's tab to the client's phone and back, with the pages' scripts (drawn) and without
//! (typed).

use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::signing::consent;
use anteroom::kernel::ids::AccountId;
use anteroom::platform::db::schema::portal_account;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use serde_json::json;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::pages;
use crate::support::{PASSWORD, World, papers};

/// Writes the picture of a page where `ANTEROOM_PICTURES` names a folder.
async fn picture(window: &Window, name: &str) {
    if let Ok(folder) = std::env::var("ANTEROOM_PICTURES") {
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, window.picture().await).expect("write the picture");
    }
}

/// Draws a wave in the field, as a finger does.
const DRAW: &str = "
    const field = document.querySelector('svg.draw'), at = field.getBoundingClientRect();
    const send = (kind, part) => field.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, pointerId: 1, isPrimary: true,
        clientX: at.left + at.width * part, clientY: at.top + at.height * (.5 + .3 * Math.sin(20 * part)),
    }));
    field.setPointerCapture = () => {};
    field.hasPointerCapture = () => true;
    send('pointerdown', .1);
    for (let step = 0; step < 40; step += 1) send('pointermove', .1 + step / 50);
    return document.querySelector('#f-drawn').value.length;";

async fn signing_way(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let client = w.registered(&ana).await;
    w.mail_has_settled().await;
    let id = papers::draft(w, &ana.chart_id, "Lantern agreement", "# Fees\n\nWe agree on lanterns.").await;
    let staff = w.staff(Role::Clinician).await;
    let chromium = Chromium::start();
    let (mut desk, mut phone) = if scripts {
        (chromium.window(w, Width::Desk).await, chromium.window(w, Width::Phone).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Desk).await,
            chromium.window_without_scripts(w, Width::Phone).await,
        )
    };
    desk.become_user(&staff).await;
    desk.visit(&format!("/staff/charts/{}/documents/{id}", ana.chart_id)).await;
    desk.click("link", "Ask for signatures").await;
    desk.must_say("Who signs, and in which order").await;
    desk.must_be_accessible("the question who signs").await;
    picture(&desk, "signing-ask-1280").await;
    desk.click("button", "Ask for signatures").await;
    desk.must_say("Not signed yet").await;
    desk.must_be_accessible("the document, out to sign").await;
    picture(&desk, "signing-document-1280").await;

    phone.become_user(&client).await;
    phone.visit("/portal").await;
    phone.must_say("To sign, until").await;
    phone.must_be_accessible("home with something to sign").await;
    picture(&phone, "signing-home-390").await;
    phone.click("link", "Lantern agreement").await;
    phone.must_say("We ask you to sign this document").await;
    phone.must_be_accessible("the document to sign").await;
    picture(&phone, "signing-document-390").await;
    assert_eq!(phone.sideways().await, 0);
    phone.click("link", "Sign").await;
    phone.must_say("You can have this on paper instead").await;
    phone.must_be_accessible("the consent").await;
    picture(&phone, "signing-consent-390").await;
    let account: AccountId =
        w.look(|c| portal_account::table.select(portal_account::account_id).first(c)).await;
    let home = w.riverbend.scope.id();
    phone.fill("Code", &consent::code(&w.app.keys, home, (home, &account))).await;
    let box_ = phone.all("#f-agreed").await.remove(0);
    phone.click_on(&box_).await;
    phone.click("button", "Agree and go on").await;
    phone.must_say("I have read this document and I sign it").await;
    phone.must_be_accessible("the signature").await;
    picture(&phone, "signing-sign-390").await;
    if scripts {
        let drawn = phone.script(DRAW, json!([])).await;
        assert!(drawn.as_i64().unwrap_or(0) > 100, "{drawn}");
        picture(&phone, "signing-drawn-390").await;
    } else {
        phone.fill("Your signature", "Ana Duarte").await;
    }
    phone.click("button", "Sign").await;
    phone.must_say("Tick the box if you want to sign.").await;
    phone.must_be_accessible("the signature, refused").await;
    let box_ = phone.all("#f-agreed").await.remove(0);
    phone.click_on(&box_).await;
    phone.fill("Your password", PASSWORD).await;
    phone.click("button", "Sign").await;
    phone.must_say("You signed").await;
    phone.must_be_accessible("the document, signed").await;
    picture(&phone, "signing-signed-390").await;
    phone.must_say("The signed copy is being made.").await;
    w.run_due_jobs().await;
    // With scripts the page looks again by itself.
    if !scripts {
        // The address of the link "Look again": without scripts, the notice of the signature lies over it until then.
        phone.visit(&format!("/portal/documents/{id}")).await;
    }
    phone.must_say("Download the signed copy").await;

    desk.reload().await;
    desk.must_say("The signed copy is ready.").await;
    desk.must_be_accessible("the document, signed, for staff").await;
    picture(&desk, "signing-signed-1280").await;
    let shown = if scripts { "svg.signature path" } else { "p.signature" };
    assert_eq!(desk.all(shown).await.len(), 1, "the mark is shown");
    desk.click("link", "Signing record").await;
    desk.must_say("No entry was changed after it was written.").await;
    desk.must_be_accessible("the evidence").await;
    picture(&desk, "signing-evidence-1280").await;
    phone.must_have_asked_no_other_host().await;
    desk.must_have_asked_no_other_host().await;
    phone.close().await;
    desk.close().await;
}

/// The practice's tablet, handed to a client and back. In a locked session every page is looked at.
async fn in_person(w: &mut World, width: Width) {
    let ana = w.chart("Ana", "Duarte").await;
    let id = papers::draft(w, &ana.chart_id, "Lantern agreement", "# Fees\n\nWe agree on lanterns.").await;
    papers::ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
    let staff = w.staff(Role::Clinician).await;
    let chromium = Chromium::start();
    let mut tablet = chromium.window_without_scripts(w, width).await;
    tablet.become_user(&staff).await;
    let document = format!("/staff/charts/{}/documents/{id}", ana.chart_id);
    tablet.visit(&document).await;
    tablet.must_say("Sign here, on this device").await;
    tablet.must_be_accessible("the document with its button to sign here").await;
    let button = tablet.all("form[action$='/sign-here'] button").await.remove(0);
    tablet.click_on(&button).await;
    tablet.must_say("This device is handed to Ana Duarte").await;
    tablet.must_be_accessible("the birth date").await;
    picture(&tablet, &format!("in-person-birth-date-{width:?}")).await;
    for (part, wrong) in [("Month", "4"), ("Day", "13"), ("Year", "1990")] {
        tablet.fill(part, wrong).await;
    }
    tablet.click("button", "Go on").await;
    tablet.must_say("This is not the birth date that we have on file").await;
    tablet.must_be_accessible("the birth date, wrong").await;
    tablet.fill("Day", "12").await;
    tablet.click("button", "Go on").await;
    tablet.must_say("You can have this on paper instead").await;
    tablet.must_be_accessible("the consent").await;
    let box_ = tablet.all("#f-agreed").await.remove(0);
    tablet.click_on(&box_).await;
    tablet.click("button", "Agree and go on").await;
    tablet.must_say("We agree on lanterns").await;
    tablet.must_be_accessible("the document").await;
    assert_eq!(tablet.sideways().await, 0);
    tablet.click("button", "I have read it").await;
    tablet.must_say("I have read this document and I sign it").await;
    tablet.must_be_accessible("the signature").await;
    picture(&tablet, &format!("in-person-sign-{width:?}")).await;
    tablet.fill("Your signature", "Ana Duarte").await;
    let box_ = tablet.all("#f-agreed").await.remove(0);
    tablet.click_on(&box_).await;
    tablet.click("button", "Sign").await;
    tablet.must_say("Please give the device back").await;
    tablet.must_be_accessible("the end").await;
    // Neither by an address nor by going back does the client come to a page of the practice.
    tablet.visit("/staff/charts").await;
    tablet.must_say("Please give the device back").await;
    tablet.click("link", "For staff: unlock this device").await;
    tablet.must_say("This device is locked").await;
    tablet.must_be_accessible("the page that unlocks").await;
    assert_eq!(tablet.sideways().await, 0);
    picture(&tablet, &format!("in-person-unlock-{width:?}")).await;
    tablet.fill("Password of Casey Moreno", PASSWORD).await;
    tablet.click("button", "Unlock").await;
    tablet.must_say("In person, hosted by Casey Moreno").await;
    tablet.must_be_accessible("the document, signed in person").await;
    tablet.must_have_asked_no_other_host().await;
    tablet.close().await;
}

pages! {
    async fn a11_08_in_person_without_scripts_on_a_phone(w: &mut World) {
        in_person(w, Width::Phone).await;
    }

    async fn a11_08_in_person_without_scripts_on_a_desk(w: &mut World) {
        in_person(w, Width::Desk).await;
    }

    async fn a_signatures_way_with_scripts(w: &mut World) {
        signing_way(w, true).await;
    }

    async fn a11_08_a_signatures_way_without_scripts(w: &mut World) {
        signing_way(w, false).await;
    }
}
