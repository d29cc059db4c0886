//! A changed e-mail address on the face sheet: announced before, shown after, mailed to the old address, and
//! sent again to the new one with one click (invitation.md §1 and §7, INV-07, INV-08).

use anteroom::platform::permissions::Role;

use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Page};

fn room(client: &Client) -> String {
    format!("/staff/charts/{}", client.chart_id)
}

async fn face_sheet(desk: &mut Browser, client: &Client) -> Page {
    let page = desk.get(&format!("{}/edit", room(client))).await;
    page.must_be(200);
    page
}

stories! {
    async fn inv_08_a_changed_address_ends_the_link_and_every_page_says_what_to_do_next(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let mut desk = w.staff(Role::FrontDesk).await;
        // Before: beside the field, then as a question for the reason.
        let form = face_sheet(&mut desk, &ana).await;
        form.must_say("An invitation is out to ana.duarte@example.com").must_say("that link stops working at once");
        form.must_say("Reason, if you change an address that the portal uses");
        let new = [("email-0-value", "ana@example.net")];
        let asked = desk.submit(&form, "/edit", &new).await;
        asked.must_be(422).must_say("say why the e-mail address changes").must_say("a mail tells the old address");
        assert!(asked.html().contains("value=\"ana@example.net\""), "what was typed is kept");
        w.browser().get(&link).await.must_be(200);
        assert_eq!(w.unread_to(&ana.email).await, 0, "nothing has happened yet");
        let long = "x".repeat(201);
        desk.submit(&asked, "/edit", &[("email_reason", &long)]).await.must_be(422).must_say("at most 200 characters");
        // After: on the page where the next step is.
        let after = desk.submit_and_follow(&asked, "/edit", &[("email_reason", "mistyped")]).await;
        after.must_be(200).must_say("Send a new one to the new address?").must_say("Canceled");
        after.must_say("The e-mail address was changed").must_say("mistyped").must_say("Resend to the new address");
        after.must_say("The address was changed, so the invitation was withdrawn: mistyped");
        w.browser().get(&link).await.must_be(410).must_say("no longer valid");
        let told = w.mail_to(&ana.email).await;
        assert!(told.subject.contains("this address was taken off"), "{}", told.subject);
        // One confirmation sends it to the new address.
        let path = format!("{}/access/invite", room(&ana));
        let dialog = desk.get(&path).await;
        dialog.must_say("a new link to the new address").must_say("ana@example.net");
        desk.submit_and_follow(&dialog, "/access/invite", &[]).await.must_say("Invited");
        let fresh = { let mail = w.mail_to("ana@example.net").await; w.link_in(&mail) };
        w.register_by(&fresh, &ana).await;
        desk.get(&format!("{}/communications", room(&ana))).await.must_say("Active");
    }

    async fn inv_08_the_work_list_shows_a_changed_address_and_sends_to_the_new_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        for client in [&ana, &ben] {
            w.invite(client).await;
            w.mail_to(&client.email).await;
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        for (client, address) in [(&ana, "ana@example.net"), (&ben, "")] {
            let form = face_sheet(&mut desk, client).await;
            let changes = [("email-0-value", address), ("email_reason", "new address")];
            let asked = desk.submit(&form, "/edit", &changes[..1]).await;
            desk.submit_and_follow(&asked, "/edit", &changes).await.must_say("Canceled");
        }
        desk.get(&format!("{}/communications", room(&ben))).await.must_say("There is no other address");
        let page = desk.get("/staff/worklist").await;
        page.must_say("Address changed 2").must_say("Ana Duarte").must_say("ana@example.net");
        page.must_say("Ben Okafor").must_say("There is no e-mail address that we may write to.");
        page.must_not_say("ana.duarte@example.com");
        let only = format!("{}.1", ana.chart_id);
        assert_eq!(page.html().matches("name=\"only\"").count(), 1, "nothing can be sent to Ben");
        let done = desk.submit_and_follow(&page, "/staff/worklist", &[("only", &only)]).await;
        done.must_say("1 invitation is on its way").must_say("Address changed 1");
        let fresh = { let mail = w.mail_to("ana@example.net").await; w.link_in(&mail) };
        w.browser().get(&fresh).await.must_be(200);
    }

    async fn inv_08_a_registered_clients_old_address_is_told_and_the_sign_in_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.register(&ana).await;
        w.mail_to(&ana.email).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = face_sheet(&mut desk, &ana).await;
        form.must_say("They have portal access.");
        let new = [("email-0-value", "ana@example.net"), ("email_reason", "asked for it at the desk")];
        let asked = desk.submit(&form, "/edit", &new[..1]).await;
        asked.must_be(422).must_say("say why the e-mail address changes");
        desk.submit_and_follow(&asked, "/edit", &new).await.must_say("The face sheet is saved");
        let told = w.mail_to(&ana.email).await;
        assert!(told.subject.contains("this address was taken off"), "{}", told.subject);
        let page = desk.get(&format!("{}/communications", room(&ana))).await;
        page.must_say("Active").must_say("The e-mail address on the face sheet was changed: asked for it at the desk");
    }

    async fn an_address_that_nothing_was_sent_to_is_changed_without_a_question(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = face_sheet(&mut desk, &ana).await;
        form.must_not_say("An invitation is out");
        let saved = desk.submit_and_follow(&form, "/edit", &[("email-0-value", "ana@example.net")]).await;
        saved.must_be(200).must_say("The face sheet is saved").must_say("ana@example.net");
        // With a link out, other fields and a second address ask for nothing either.
        let ana = Client { email: "ana@example.net".into(), ..ana };
        w.invite(&ana).await;
        let form = face_sheet(&mut desk, &ana).await;
        let changes = [("pronouns", "she/her"), ("email-1-value", "ana@example.com"), ("email-1-may_mail", "on")];
        let form = desk.submit(&form, "/edit", &[("add", "email")]).await;
        let saved = desk.submit_and_follow(&form, "/edit", &changes).await;
        saved.must_say("The face sheet is saved").must_say("ana@example.com");
        assert_eq!(w.unread_to("ana@example.net").await, 1, "the invitation alone");
        w.mail_to("ana@example.net").await;
    }
}
