//! What pages say is what is: who gets a mail, whose chart it is, what was chosen, what is missing, what ends.

use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::{Candidate, NewSigner};
use anteroom::features::practice::PlaceKind;
use anteroom::platform::db::schema::{appointment, checkout};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use jiff::civil::date;

use crate::appointments::casey;
use crate::availability::add_hours;
use crate::bookings::book;
use crate::message_drafts::{NEW, save};
use crate::portal_people::{appointment, booked_at, charge, enrolled, place, sign_in};
use crate::rights::mother_of;
use crate::signing::{ask, page_of, sign, staff_page};
use crate::stories;
use crate::support::checkouts::connect;
use crate::support::papers::draft;
use crate::support::{Browser, PASSWORD, World};

const DAY: u32 = 24 * 3_600;

async fn booked(w: &World) -> i64 {
    w.look(|c| appointment::table.count().get_result(c)).await
}

stories! {
    async fn a_booking_inside_time_off_or_outside_the_hours_asks_first(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let office = place(w, PlaceKind::Office).await.to_string();
        let of = casey(w);
        let mut desk = w.staff(Role::FrontDesk).await;
        // Who has no weekly hours has none to be outside of.
        book(w, &mut desk, &ana.chart_id, &[("time", "09:00")]).await.must_be(303);
        add_hours(&mut desk, of, "4", "13:00", "16:00", &office).await.must_be(303);
        book(w, &mut desk, &ana.chart_id, &[("time", "14:30")]).await.must_be(303);
        let outside = book(w, &mut desk, &ana.chart_id, &[("time", "15:30")]).await;
        outside.must_be(422).must_say("This is outside the weekly hours of Casey Moreno at this place.");
        outside.must_say("Book it anyway");
        let other_day = book(w, &mut desk, &ana.chart_id, &[("date", "2026-12-04")]).await;
        other_day.must_be(422).must_say("This is outside the weekly hours");
        let availability = format!("/staff/availability/{of}");
        let page = desk.get(&availability).await;
        let off = [("off_from", "2026-12-10"), ("off_until", "2026-12-12")];
        desk.submit(&page, "/time-off", &off).await.must_be(303);
        let away = book(w, &mut desk, &ana.chart_id, &[("date", "2026-12-10")]).await;
        away.must_be(422).must_say("Casey Moreno has time off then: December 10, 2026 to December 12, 2026.");
        away.must_not_say("outside the weekly hours");
        assert_eq!(booked(w).await, 2, "nothing is booked before somebody says yes");
        let moved = desk.submit(&away, "/appointments/book", &[("time", "13:00"), ("despite", "night")]).await;
        moved.must_be(422).must_say("has time off then");
        book(w, &mut desk, &ana.chart_id, &[("date", "2026-12-10"), ("despite", "time_off")]).await.must_be(303);
        assert_eq!(booked(w).await, 3);
    }

    async fn staff_read_who_gets_a_mail_and_that_nobody_does(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = format!("/staff/charts/{}", ana.chart_id);
        let mut desk = w.staff(Role::Administrator).await;
        desk.get(&format!("{chart}/appointments/book")).await.must_say("Nobody sees this client's appointments in the portal, so nobody gets an e-mail.");
        let done = book(w, &mut desk, &ana.chart_id, &[]).await;
        let tab = desk.follow(&done).await;
        tab.must_say("The appointment is booked. Nobody gets an e-mail").must_not_say("The client gets");
        let one = desk.get(&tab.link("/staff/appointments/")).await;
        for act in ["move", "cancel"] {
            let page = desk.get(&format!("{}/{act}", one.path)).await;
            page.must_say("so nobody gets an e-mail").must_not_say("The client gets an e-mail");
        }
        desk.get(&format!("{chart}/close")).await.must_not_say("the client gets a mail").must_say("nobody gets a mail");
        charge(w, &ana.chart_id, date(2026, 11, 30), 15_000).await;
        let form = desk.get(&format!("{chart}/billing/statement")).await;
        form.must_say("Nobody sees this account in the portal, so nobody gets a mail.");
        let made = desk.submit_and_follow(&form, "/billing/statement", &[]).await;
        made.must_say("The statement is made.").must_not_say("The client gets a mail");
        // As soon as somebody can read it, they get one.
        enrolled(w, &ana).await;
        desk.get(&format!("{chart}/appointments/book")).await.must_say("Everyone who sees this client's appointments");
        desk.get(&format!("{}/move", one.path)).await.must_say("Everyone who sees this client's appointments");
        desk.get(&format!("{chart}/billing/statement")).await.must_say("gets a mail that says so without any amount");
    }

    async fn only_the_fields_of_the_chosen_way_to_pay_are_shown_and_count(w: &mut World) {
        connect(w).await;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let owed = charge(w, &ana.chart_id, date(2026, 12, 1), 15_000).await.to_string();
        let mut phone = sign_in(w, &who.name).await;
        let form = phone.get("/portal/account/pay").await;
        let pay = "/portal/account/pay";
        let (style, page) = (include_str!("../../assets/anteroom.css"), form.html());
        for choice in ["charges", "amount"] {
            assert!(page.contains(&format!("data-chooses=\"f-what-{choice}\"")), "{page}");
            assert!(style.contains(&format!("form:not(:has(#f-what-{choice}:checked)) [data-chooses=\"f-what-{choice}\"]")));
        }
        phone.submit(&form, pay, &[("what", "amount"), ("amount", "abc")]).await.must_be(422).must_say("in digits");
        assert_eq!(w.look(|c| checkout::table.count().get_result::<i64>(c)).await, 0, "nothing is begun");
        let sent = phone.submit(&form, pay, &[("what", "amount"), ("amount", "20"), ("charge", &owed)]).await;
        phone.follow(sent.must_be(303)).await.must_say("$20.00");
        // What is left in a field that is not shown any more stops nobody.
        let form = phone.get(pay).await;
        let sent = phone.submit(&form, pay, &[("what", "all"), ("amount", "abc"), ("charge", &owed)]).await;
        phone.follow(sent.must_be(303)).await.must_say("$150.00");
    }

    async fn the_signer_of_the_practice_is_written_to_and_lists_say_whose_signature_is_missing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let own = Candidate::Grant(Recipient::Owner);
        let member = w.riverbend.member(Role::Clinician);
        let (staff, address) = (member.staff_id, member.email.clone());
        let signers = vec![
            NewSigner { position: 1, who: own },
            NewSigner { position: 2, who: Candidate::Staff(staff) },
        ];
        ask(w, &id, signers).await;
        let list = format!("/staff/charts/{}/documents", ana.chart_id);
        let mut clinician = w.staff(Role::Clinician).await;
        clinician.get(&list).await.must_say("Missing: Ana Duarte, you");
        w.staff(Role::Administrator).await.get(&list).await.must_say("Missing: Ana Duarte, Casey Moreno");
        w.run_due_jobs().await;
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&address).await, 0, "it is not their turn");
        sign(w, &who, &id).await;
        w.run_due_jobs().await;
        let mail = w.mail_to(&address).await;
        assert_eq!(mail.subject, "Something waits for your signature at Riverbend Counseling");
        for hidden in ["Lantern", "Ana", "Duarte"] {
            assert!(!mail.text.contains(hidden), "the mail says {hidden}: {}", mail.text);
        }
        assert_eq!(w.link_in(&mail), staff_page(&ana, &id));
        clinician.get(&list).await.must_say("Missing: your signature").must_not_say("Missing: Ana Duarte");
        w.staff(Role::Administrator).await.get(&list).await.must_say("Missing: Casey Moreno");
        // Signed before the mail left, nothing is written.
        let form = clinician.get(&format!("{}/countersign", staff_page(&ana, &id))).await;
        let typed = [("typed", "Casey Moreno"), ("agreed", "yes"), ("password", PASSWORD)];
        clinician.submit_and_follow(&form, "/countersign", &typed).await.must_say("Your signature is saved.");
        clinician.get(&list).await.must_not_say("Missing: your signature");
        assert!(page_of(&id).starts_with("/portal"));
    }

    // It is 10 AM of December 1, 2026, in New York.
    async fn the_day_a_minor_comes_of_age_ends_a_parents_access_and_says_so(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-12-11", "leo@example.com").await;
        let (name, access) = mother_of(w, &leo).await;
        let mut desk = w.staff(Role::Administrator).await;
        sign_in(w, &name).await.get("/portal").await
            .must_say("On December 11, 2026 your access to this chart ends: from then on Leo is an adult.")
            .must_not_say("you see less here");
        let rights = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let page = desk.get(&rights).await;
        page.must_say("Ends by itself on December 11, 2026").must_not_say("this person can see less");
        let adult = "/staff/worklist?kind=came_of_age";
        desk.get(adult).await.must_say("Nobody who came of age waits for an invitation.");
        for _ in 0..10 {
            w.clock.advance_seconds(DAY);
        }
        w.run_due_jobs().await;
        let mut desk = w.staff(Role::Administrator).await;
        let box_ = desk.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await;
        box_.must_say("the client is an adult since December 11, 2026").must_say("Ended");
        let list = desk.get(adult).await;
        list.must_say("Leo Park").must_say("An adult since December 11, 2026").must_say("Make Leo Park the chart owner");
    }

    async fn every_page_of_a_chart_says_whose_it_is_to_who_is_not_the_client(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2014-12-20", "").await;
        let (name, _) = mother_of(w, &leo).await;
        let visit = appointment(w, &leo.chart_id, 48).await;
        let charge = charge(w, &leo.chart_id, date(2026, 11, 30), 15_000).await;
        let mut phone = sign_in(w, &name).await;
        for page in [
            "/portal".to_owned(),
            "/portal/appointments".to_owned(),
            format!("/portal/appointments/{visit}"),
            format!("/portal/appointments/{visit}/cancel"),
            "/portal/account".to_owned(),
            "/portal/account/why".to_owned(),
            format!("/portal/account/charges/{charge}"),
            "/portal/documents".to_owned(),
            "/portal/electronic-records".to_owned(),
            "/portal/messages".to_owned(),
            NEW.to_owned(),
            "/portal/who-looked".to_owned(),
            "/portal/information".to_owned(),
        ] {
            let page = phone.get(&page).await;
            page.must_be(200).must_say("You are looking at the chart of Leo");
            assert_eq!(page.words().matches("chart of Leo").count(), 1, "{} says it once", page.path);
        }
    }

    async fn a_draft_of_a_new_message_stands_in_the_list(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let list = "/portal/messages";
        client.get(list).await.must_not_say("Draft");
        let form = client.get(NEW).await;
        save(&mut client, &form, NEW, NEW, &[("subject", "My next visit"), ("text", "Can I come")]).await.must_be(303);
        let page = client.get(list).await;
        page.must_say("Draft").must_say("My next visit");
        assert_eq!(page.link("/portal/messages/new"), NEW);
        let form = client.get(NEW).await;
        client.submit(&form, NEW, &[("text", "Can I come later?")]).await.must_be(303);
        client.get(list).await.must_not_say("Draft");
    }

    async fn each_line_of_an_error_summary_names_its_field(w: &mut World) {
        let of = casey(w);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/availability/{of}")).await;
        let refused = desk.submit(&page, "/time-off", &[]).await;
        refused.must_be(422);
        let summary = |html: &str| {
            let from = html.find("class=\"error-summary\"").expect("a summary");
            html[from..].split("</ul>").next().unwrap_or_default().to_owned()
        };
        let lines = summary(&refused.html());
        assert!(lines.contains(">First day: Choose a day from the calendar.</a>"), "{lines}");
        assert!(lines.contains(">Last day: Choose a day from the calendar.</a>"), "{lines}");
        let navigate = |browser: Browser| browser.with("sec-fetch-mode", "navigate");
        let mut window = navigate(desk);
        let sent = window.submit(&page, "/time-off", &[]).await;
        let kept = window.follow(sent.must_be(303)).await;
        assert_eq!(summary(&kept.html()), lines, "also where the page is kept");
        // The client's side, and a page before sign-in.
        let ana = w.chart("Ana", "Duarte").await;
        booked_at(w, &ana.chart_id, w.now().plus_hours(30), PlaceKind::Office).await;
        let mut visitor = w.browser();
        let form = visitor.get("/riverbend/sign-in").await;
        let lines = summary(&visitor.submit(&form, "/sign-in", &[("name", "")]).await.html());
        assert!(lines.contains(">E-mail or sign-in name: Type your e-mail or sign-in name.</a>"), "{lines}");
    }
}
