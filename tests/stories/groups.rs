//! Several clients in one appointment: couples and groups. The names carry the numbers of the acceptance cases.

use anteroom::features::accounts::readers_of;
use anteroom::features::appointments::booking::{self, Booking, Cancellation, Doubt, Move, NotBooked, Slot};
use anteroom::features::appointments::lifecycle::{PartyEnd, Refusal};
use anteroom::features::appointments::{self, CancelReason, VisitKind};
use anteroom::features::calendar::{self, OneCancels, Seats, TypeFields, WhoMayAsk};
use anteroom::features::practice::PlaceKind;
use anteroom::kernel::ids::{AppointmentId, AppointmentTypeId, ChartId, PlaceId, StaffId};
use anteroom::platform::audit::By;
use anteroom::platform::db::PracticeScope;
use anteroom::platform::db::schema::{appointment, appointment_party, busy, outbox};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::{Right, Role, Scope};
use anteroom::platform::state::AppState;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::portal_people::{Enrolled, account, enrolled, events, grant, place, set_state, sign_in};
use crate::stories;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

/// Thursday, December 3, 2026, 2:30 PM in New York.
const THURSDAY: &str = "2026-12-03T19:30:00Z";

/// The fields of a type to which several clients come.
fn fields(name: &str, most: i32, one_cancels: OneCancels) -> TypeFields {
    TypeFields {
        kind: VisitKind::Session,
        name: name.to_owned(),
        minutes: 80,
        before_minutes: 0,
        after_minutes: 10,
        grid_minutes: 30,
        notice_hours: 24,
        horizon_days: 60,
        who_may_ask: WhoMayAsk::Nobody,
        max_parties: most,
        one_cancels,
    }
}

async fn of_type(w: &World, name: &'static str, most: i32, one_cancels: OneCancels) -> AppointmentTypeId {
    let new = fields(name, most, one_cancels);
    w.app.db.write(&w.riverbend.scope, move |c| calendar::insert_type(c, &new)).await.expect("no fault")
}

/// Books these charts together, at half past two.
async fn together(w: &World, charts: &[&Client], most: i32, one_cancels: OneCancels) -> AppointmentId {
    let (app, by) = (w.app.clone(), w.riverbend.by(Role::FrontDesk));
    let booking = Booking {
        chart: charts[0].chart_id,
        with: charts[1..].iter().map(|one| one.chart_id).collect(),
        seats: Seats { most, one_cancels },
        request: None,
        kind: VisitKind::Session,
        slot: Slot {
            starts_at: moment(THURSDAY),
            minutes: 80,
            place: place(w, PlaceKind::Office).await,
            staff: casey(w),
        },
        despite: Vec::new(),
    };
    let made =
        app.clone().db.write(&w.riverbend.scope, move |c| booking::book_in(&app, c, &by, &booking)).await;
    made.expect("no fault").expect("the time is free")
}

async fn join(w: &World, id: AppointmentId, chart: ChartId) -> Result<(), NotBooked> {
    booking::join(&w.app, &w.riverbend.scope, w.riverbend.by(Role::FrontDesk), id, chart)
        .await
        .expect("no fault")
}

/// Where the client of a chart stands.
async fn stands(w: &World, id: AppointmentId, of: &Client) -> String {
    let chart = of.chart_id;
    w.look(move |c| {
        appointment_party::table
            .filter(appointment_party::appointment_id.eq(id))
            .filter(appointment_party::chart_id.eq(chart))
            .select(appointment_party::state)
            .first(c)
    })
    .await
}

/// State, seats that are taken, and number of changes.
async fn row(w: &World, id: AppointmentId) -> (String, i32, i32) {
    w.look(move |c| {
        appointment::table
            .filter(appointment::appointment_id.eq(id))
            .select((appointment::state, appointment::seats_taken, appointment::ics_sequence))
            .first(c)
    })
    .await
}

/// The seats that are taken are those of whom the appointment is on, and `busy` has them and the clinician.
async fn seats_are_true(w: &World) {
    let rows: Vec<(AppointmentId, String, i32, i32)> = w
        .look(|c| {
            appointment::table
                .select((
                    appointment::appointment_id,
                    appointment::state,
                    appointment::seats,
                    appointment::seats_taken,
                ))
                .load(c)
        })
        .await;
    for (id, state, seats, taken) in rows {
        let (on, claimed): (i64, i64) = w
            .look(move |c| {
                let on = appointment_party::table
                    .filter(appointment_party::appointment_id.eq(id))
                    .filter(appointment_party::state.eq_any(["expected", "arrived", "no_show"]))
                    .count()
                    .get_result(c)?;
                Ok((on, busy::table.filter(busy::owner_id.eq(id)).count().get_result(c)?))
            })
            .await;
        assert_eq!(i64::from(taken), on, "seats of {id}");
        assert!(taken <= seats && (state == "canceled") == (on == 0), "{id}: {state}, {taken} of {seats}");
        assert_eq!(claimed, if on == 0 { 0 } else { on + 1 }, "what {id} takes");
    }
}

/// Mails about appointments that somebody gets: kind and state, in the order in which they were queued.
async fn mails_to(w: &World, email: &str) -> Vec<(String, String)> {
    let email = email.to_owned();
    w.look(move |c| {
        outbox::table
            .filter(outbox::recipient.eq(email))
            .order(outbox::mail_id.asc())
            .select((outbox::kind, outbox::state))
            .load(c)
    })
    .await
}

/// Their kinds; those of one moment have no order.
fn kinds(mails: &[(String, String)]) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        mails.iter().map(|(kind, _)| kind.strip_prefix("appointments.").unwrap_or(kind)).collect();
    kinds.sort_unstable();
    kinds
}

/// Makes a private calendar address.
async fn feed_of(browser: &mut Browser) -> String {
    let page = browser.get("/portal/appointments/calendar").await;
    let made = browser.submit(&page, "/portal/appointments/calendar", &[]).await;
    let rest = made.html().split("/riverbend/cal/").nth(1).map(str::to_owned).expect("an address");
    format!("/riverbend/cal/{}", rest.split('"').next().expect("its end"))
}

/// The client cancels on their page.
async fn cancel(browser: &mut Browser, id: AppointmentId) {
    let page = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
    browser.submit(&page, "/cancel", &[]).await.must_be(303);
}

async fn post(caller: &mut Browser, path: &str, body: &Value) -> Page {
    caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
}

/// Three clients of Riverbend, of whom the first two are registered.
async fn three(w: &mut World) -> ([Client; 3], [Enrolled; 2]) {
    let (ana, bo, cy) =
        (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await, w.chart("Cyrus", "Okafor").await);
    let who = [enrolled(w, &ana).await, enrolled(w, &bo).await];
    ([ana, bo, cy], who)
}

stories! {
    async fn f_46_nothing_that_one_of_a_group_sees_names_or_counts_another(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, cy] = &clients;
        let id = together(w, &[ana, bo, cy], 6, OneCancels::Keep).await;
        let mut browser = sign_in(w, &who[0].name).await;
        let home = browser.get("/portal").await;
        let list = browser.get("/portal/appointments").await;
        list.must_say("Group visit, 80 minutes, at Riverbend Counseling, with Casey Moreno");
        let one = browser.get(&format!("/portal/appointments/{id}")).await;
        one.must_say("Group visit");
        let asks = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
        let file = browser.get(&format!("/portal/appointments/{id}/calendar.ics")).await;
        let feed = w.browser().get(&feed_of(&mut browser).await).await;
        feed.must_be(200);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let of_chart = program.get(&format!("/api/v1/appointments?chart={}", ana.chart_id)).await;
        assert_eq!(of_chart.answer.json()["appointments"].as_array().map(Vec::len), Some(1));
        assert_eq!(of_chart.answer.json()["appointments"][0]["clients"].as_array().map(Vec::len), Some(1));
        w.mail_has_settled().await;
        let mails = w.mailbox.mails_to(&ana.email);
        assert_eq!(mails.len(), 1);
        let pages = [&home, &list, &one, &asks, &file, &feed, &of_chart];
        let mut all: Vec<String> = pages.iter().map(|page| page.answer.text()).collect();
        all.extend(mails.iter().map(|mail| format!("{} {} {}", mail.subject, mail.text, mail.html)));
        let ids = [bo, cy].map(|other| other.chart_id.to_string());
        for other in [bo, cy] {
            for hidden in [&other.first_name, &other.last_name, &other.email, &other.number, &ids[0], &ids[1]] {
                for text in &all {
                    assert!(hidden.is_empty() || !has_word(text, hidden), "{hidden:?} stands in {text}");
                }
            }
        }
        for counted in ["of 6", "3 clients", "6 seats", "seats_taken"] {
            for text in &all {
                assert!(!text.contains(counted), "{counted:?} stands in {text}");
            }
        }
        assert!(!mails[0].text.to_lowercase().contains("group"), "{}", mails[0].text);
        // Another's address of it is theirs alone: nobody who is not in it finds it.
        let dee = w.chart("Dee", "Moss").await;
        let stranger = enrolled(w, &dee).await;
        let mut stranger = sign_in(w, &stranger.name).await;
        stranger.get(&format!("/portal/appointments/{id}")).await.must_be(404);
        seats_are_true(w).await;
    }

    async fn f_47_one_of_a_group_cancels_and_the_others_see_and_get_nothing(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, cy] = &clients;
        let id = together(w, &[ana, bo, cy], 6, OneCancels::Keep).await;
        let mut hers = sign_in(w, &who[0].name).await;
        let mut his = sign_in(w, &who[1].name).await;
        let before = [
            hers.get(&format!("/portal/appointments/{id}")).await.words(),
            hers.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text(),
        ];
        assert!(before[1].contains("SEQUENCE:0\r\n"));
        // Each has a confirmation of their own, and neither has left yet.
        assert_eq!(kinds(&mails_to(w, &ana.email).await), ["booked"]);
        assert_eq!(kinds(&mails_to(w, &bo.email).await), ["booked"]);
        w.clock.advance_seconds(900);
        cancel(&mut his, id).await;
        let after = [
            hers.get(&format!("/portal/appointments/{id}")).await.words(),
            hers.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text(),
        ];
        assert_eq!(before, after);
        assert_eq!(row(w, id).await, ("booked".to_owned(), 2, 0));
        assert_eq!((stands(w, id, ana).await, stands(w, id, bo).await), ("expected".to_owned(), "canceled".to_owned()));
        // His own calendar hears of it; what had not left to her about the booking still leaves.
        let own = his.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text();
        assert!(own.contains("SEQUENCE:1\r\n") && own.contains("STATUS:CANCELLED"), "{own}");
        his.get(&format!("/portal/appointments/{id}")).await.must_say("Canceled").must_not_say("Cancel this appointment");
        let (to_her, to_him) = (mails_to(w, &ana.email).await, mails_to(w, &bo.email).await);
        assert_eq!((kinds(&to_her), to_her[0].1 == "cancelled"), (vec!["booked"], false));
        assert_eq!((kinds(&to_him), to_him[0].1.as_str()), (vec!["booked", "canceled"], "cancelled"));
        let told = w.mail_to(&w.riverbend.member(Role::Clinician).email.clone()).await;
        assert!(told.text.contains("One client of an appointment of yours will not come"), "{}", told.text);
        assert!(!told.text.contains("Lindgren"), "{}", told.text);
        // The group moves: he does not learn the new time, and his calendar stays as it was.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        page.must_say("Ana Duarte, Cyrus Okafor");
        desk.submit_and_follow(&page, "/move", &[("time", "16:00")]).await.must_say("The appointment has its new time.");
        hers.get(&format!("/portal/appointments/{id}")).await.must_say("4:00 PM EST");
        his.get(&format!("/portal/appointments/{id}")).await.must_say("2:30 PM EST").must_not_say("4:00 PM");
        assert_eq!(his.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text(), own);
        assert_eq!(kinds(&mails_to(w, &ana.email).await), ["booked", "moved"]);
        assert_eq!(kinds(&mails_to(w, &bo.email).await), ["booked", "canceled"]);
        // His time is his own again, at once.
        let single = crate::portal_people::booked_at(w, &bo.chart_id, moment("2026-12-03T22:40:00Z"), PlaceKind::Office).await;
        assert_eq!(row(w, single).await.0, "booked");
        seats_are_true(w).await;
    }

    async fn f_48_a_seat_counts_for_whom_it_is_on_and_a_canceled_one_is_free_again(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, cy] = &clients;
        let id = together(w, &[ana, bo], 2, OneCancels::Keep).await;
        assert_eq!(join(w, id, cy.chart_id).await, Err(NotBooked::LifeCycle(Refusal::Full)));
        // Who is in it already is not added twice.
        assert_eq!(join(w, id, ana.chart_id).await, Ok(()));
        assert_eq!(row(w, id).await.1, 2);
        let mut his = sign_in(w, &who[1].name).await;
        cancel(&mut his, id).await;
        assert_eq!(row(w, id).await.1, 1);
        assert_eq!(join(w, id, cy.chart_id).await, Ok(()));
        assert_eq!(join(w, id, bo.chart_id).await, Err(NotBooked::LifeCycle(Refusal::Full)));
        // Staff take one out, and the one who had canceled comes after all: the same entry in his calendar, once more on.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{id}/remove?chart={}", cy.chart_id)).await;
        page.must_say("Take Cyrus Okafor out of the appointment");
        let done = desk.submit_and_follow(&page, "/remove", &[]).await;
        done.must_say("It is off for this client.").must_say("Taken out").must_say("1 of 2 seats are taken");
        assert_eq!(join(w, id, bo.chart_id).await, Ok(()));
        let own = his.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text();
        assert!(own.contains("SEQUENCE:2\r\n") && own.contains("STATUS:CONFIRMED"), "{own}");
        assert_eq!(kinds(&mails_to(w, &bo.email).await), ["booked", "booked", "canceled"]);
        assert_eq!(stands(w, id, cy).await, "removed");
        let seen = [events(w, "appointment.party_added").await, events(w, "appointment.party_removed").await];
        assert_eq!((seen, events(w, "appointment.canceled").await), ([2, 1], 1));
        // Noting that one came says nothing of the other.
        w.clock.advance_seconds(u32::try_from(moment(THURSDAY).seconds_since(w.now()) + 60).expect("ahead"));
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{id}")).await;
        let noted = [("chart", ana.chart_id.to_string()), ("note", "arrived".to_owned())];
        let noted: Vec<(&str, &str)> = noted.iter().map(|(name, value)| (*name, value.as_str())).collect();
        desk.submit(&page, "/attendance", &noted).await.must_be(303);
        assert_eq!((stands(w, id, ana).await, stands(w, id, bo).await), ("arrived".to_owned(), "expected".to_owned()));
        desk.get("/staff/calendar?date=2026-12-03").await.must_say("Ana Duarte").must_say("Arrived").must_say("2 of 2 seats are taken.");
        // Nobody is added to what has begun.
        assert_eq!(join(w, id, cy.chart_id).await, Err(NotBooked::LifeCycle(Refusal::Begun)));
        seats_are_true(w).await;
    }

    async fn f_49_one_of_a_couple_cancels_and_staff_are_asked_before_the_other_hears_of_it(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, _] = &clients;
        let id = together(w, &[ana, bo], 2, OneCancels::Ask).await;
        let mut hers = sign_in(w, &who[0].name).await;
        let mut his = sign_in(w, &who[1].name).await;
        let before = hers.get(&format!("/portal/appointments/{id}")).await.words();
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/requests").await.must_not_say("Appointments that may stay or not");
        cancel(&mut his, id).await;
        assert_eq!(hers.get(&format!("/portal/appointments/{id}")).await.words(), before);
        assert_eq!(kinds(&mails_to(w, &ana.email).await), ["booked"]);
        let told = w.mail_to(&w.riverbend.member(Role::Clinician).email.clone()).await;
        assert!(told.text.contains("Please decide whether it stays"), "{}", told.text);
        let list = desk.get("/staff/requests").await;
        list.must_say("Appointments that may stay or not").must_say("Ana Duarte").must_say("1 waiting for an answer");
        let page = desk.get(&list.link("/staff/appointments/")).await;
        page.must_say("Does this appointment stay?").must_say("Bo Lindgren").must_say("Canceled");
        // A biller may not say so; who sees it only reads that it is asked.
        desk.submit_and_follow(&page, "/keep", &[]).await.must_say("The appointment stays for the others.").must_not_say("Does this appointment stay?");
        desk.get("/staff/requests").await.must_not_say("Appointments that may stay or not");
        assert_eq!(hers.get(&format!("/portal/appointments/{id}")).await.words(), before);
        assert_eq!((kinds(&mails_to(w, &ana.email).await), events(w, "appointment.kept").await), (vec!["booked"], 1));
        // He comes after all, cancels once more, and this time it goes.
        assert_eq!(join(w, id, bo.chart_id).await, Ok(()));
        cancel(&mut his, id).await;
        let page = desk.get(&format!("/staff/appointments/{id}/cancel")).await;
        page.must_say("Cancel the appointment of Ana Duarte");
        desk.submit(&page, "/cancel", &[("reason", "other")]).await.must_be(303);
        assert_eq!(row(w, id).await, ("canceled".to_owned(), 0, 1));
        hers.get(&format!("/portal/appointments/{id}")).await.must_say("Canceled");
        assert_eq!(kinds(&mails_to(w, &ana.email).await), ["booked", "canceled"]);
        assert_eq!(kinds(&mails_to(w, &bo.email).await), ["booked", "booked", "canceled", "canceled"]);
        desk.get("/staff/requests").await.must_not_say("Appointments that may stay or not");
        seats_are_true(w).await;
    }

    async fn f_49_where_the_type_says_so_one_cancellation_is_for_all_and_the_last_one_always(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, cy] = &clients;
        let id = together(w, &[ana, bo, cy], 3, OneCancels::All).await;
        let mut his = sign_in(w, &who[1].name).await;
        cancel(&mut his, id).await;
        assert_eq!(row(w, id).await, ("canceled".to_owned(), 0, 1));
        assert_eq!(stands(w, id, cy).await, "canceled");
        let mut hers = sign_in(w, &who[0].name).await;
        hers.get(&format!("/portal/appointments/{id}")).await.must_say("Canceled").must_not_say("Lindgren");
        assert_eq!(kinds(&mails_to(w, &ana.email).await), ["booked", "canceled"]);
        // By staff, one after the other, whatever the type says; with the last one it is over.
        let id = together(w, &[ana, bo], 3, OneCancels::All).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for (of, state) in [(ana, "booked"), (bo, "canceled")] {
            let page = desk.get(&format!("/staff/appointments/{id}/cancel?chart={}", of.chart_id)).await;
            page.must_say(&format!("Cancel the appointment of {} {}", of.first_name, of.last_name));
            desk.submit(&page, "/cancel", &[("reason", "client_asked"), ("words", "As you asked.")]).await.must_be(303);
            assert_eq!((stands(w, id, of).await.as_str(), row(w, id).await.0.as_str()), ("canceled", state));
        }
        hers.get(&format!("/portal/appointments/{id}")).await.must_say("As you asked.");
        seats_are_true(w).await;
    }

    async fn f_49_both_of_a_couple_cancel_at_once_and_nothing_is_left(w: &mut World) {
        let (clients, who) = three(w).await;
        let [ana, bo, _] = &clients;
        let id = together(w, &[ana, bo], 2, OneCancels::Ask).await;
        let mut clicks = Vec::new();
        for one in &who {
            let mut browser = sign_in(w, &one.name).await;
            let page = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
            clicks.push(tokio::spawn(async move { browser.submit(&page, "/cancel", &[]).await.status() }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("it ended"), 303);
        }
        assert_eq!(row(w, id).await, ("canceled".to_owned(), 0, 1));
        seats_are_true(w).await;
    }

    async fn f_50_both_parents_see_their_childs_appointment_and_without_the_right_nobody_does(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2018-04-12", "").await;
        let other = w.chart("Bo", "Lindgren").await;
        let scope = w.riverbend.scope.clone();
        let mut parents = Vec::new();
        for (first, rights) in [
            ("Joan", &[Right::Appointments][..]),
            ("Tom", &[Right::Appointments, Right::Documents][..]),
            ("Vera", &[Right::Documents][..]),
        ] {
            let email = format!("{}.park@example.com", first.to_lowercase());
            let person = w.chart_with(first, "Park", "1980-02-02", &email).await;
            let id = account(w, &email).await;
            let access = grant(w, &scope, &id, &person.person_id, &leo.chart_id, Some(rights)).await;
            parents.push((email, access));
        }
        let id = together(w, &[&leo, &other], 6, OneCancels::Keep).await;
        for (email, _) in &parents[..2] {
            let mut browser = sign_in(w, email).await;
            browser.get(&format!("/portal/appointments/{id}")).await.must_be(200).must_say("Group visit");
            assert_eq!(kinds(&mails_to(w, email).await), ["booked"]);
        }
        let mut without = sign_in(w, &parents[2].0).await;
        without.get(&format!("/portal/appointments/{id}")).await.must_be(404);
        assert_eq!(mails_to(w, &parents[2].0).await, []);
        let chart = leo.chart_id;
        let readers = w.app.db.read(&scope, move |c| readers_of(c, &chart, Right::Appointments)).await.expect("no fault");
        assert_eq!(readers.len(), 2);
        // A grant that ends takes it away.
        set_state(w, &parents[1].1, anteroom::features::access::lifecycle::State::Revoked).await;
        let mut gone = w.browser();
        let page = gone.get("/riverbend/sign-in").await;
        let _ = gone.submit(&page, "/sign-in", &[("name", &parents[1].0), ("password", crate::support::PASSWORD)]).await;
        gone.get(&format!("/portal/appointments/{id}")).await.must_not_say("Group visit");
    }

    async fn f_50_a_parent_and_a_child_at_one_appointment_are_one_entry_in_the_calendar_of_both(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2018-04-12", "").await;
        let joan = w.chart("Joan", "Park").await;
        let who = enrolled(w, &joan).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &who.account, &joan.person_id, &leo.chart_id, Some(&[Right::Appointments])).await;
        let id = together(w, &[&joan, &leo], 2, OneCancels::Keep).await;
        let mut browser = sign_in(w, &who.name).await;
        let address = feed_of(&mut browser).await;
        let mut program = w.browser();
        let text = program.get(&address).await.answer.text();
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
        // Off for one of them, it is still on for the other.
        let why = Cancellation { reason: CancelReason::Other, words: String::new() };
        let whose = (id, leo.chart_id);
        let by = w.riverbend.by(Role::FrontDesk);
        let ended = booking::end_for_one_by_staff(&w.app, &scope, by, whose, PartyEnd::Canceled, why).await;
        assert_eq!(ended.expect("no fault"), Ok(vec![leo.chart_id]));
        let text = program.get(&address).await.answer.text();
        assert!(text.matches("BEGIN:VEVENT").count() == 1 && text.contains("STATUS:CONFIRMED"), "{text}");
    }

    async fn the_last_seat_is_taken_once_by_however_many_at_two_processes(w: &mut World) {
        let neighbour = w.neighbour().await;
        let ana = w.chart("Ana", "Duarte").await;
        let id = together(w, &[&ana], 3, OneCancels::Keep).await;
        let mut charts = Vec::new();
        for n in 0..24u8 {
            let last = format!("Rival{}", char::from(b'a' + n));
            charts.push(w.chart_with("Kim", &last, "1990-04-12", "").await.chart_id);
        }
        let mut asked = Vec::new();
        for (n, chart) in charts.into_iter().enumerate() {
            let of = if n % 2 == 0 { &*w } else { &neighbour };
            let (app, scope, by) = (of.app.clone(), of.riverbend.scope.clone(), of.riverbend.by(Role::FrontDesk));
            asked.push(tokio::spawn(async move { booking::join(&app, &scope, by, id, chart).await }));
        }
        let (mut won, mut full) = (0, 0);
        for one in asked {
            match one.await.expect("it ended") {
                Ok(Ok(())) => won += 1,
                Ok(Err(NotBooked::LifeCycle(Refusal::Full))) => full += 1,
                Ok(Err(other)) => panic!("refused for another reason: {other:?}"),
                Err(Fault::Busy(_)) => {}
                Err(fault) => panic!("a fault: {}", fault.chain()),
            }
        }
        assert_eq!(won, 2, "and {full} found it full");
        assert_eq!(row(w, id).await, ("booked".to_owned(), 3, 0));
        seats_are_true(w).await;
    }

    async fn f_48_bookings_joins_moves_and_cancellations_in_every_order_keep_seats_and_times_true(w: &mut World) {
        let mut charts = Vec::new();
        for last in ["Abel", "Baker", "Chen", "Dietz", "Ebner"] {
            charts.push(w.chart_with("Kim", last, "1990-04-12", "").await.chart_id);
        }
        let desk = Desk {
            app: w.app.clone(),
            scope: w.riverbend.scope.clone(),
            by: w.riverbend.by(Role::FrontDesk),
            charts,
            staff: [casey(w), w.riverbend.member(Role::Administrator).staff_id],
            office: place(w, PlaceKind::Office).await,
        };
        let workers: Vec<_> = (1..=4).map(|seed| tokio::spawn(desk.clone().work(seed))).collect();
        let mut done = [0; 5];
        for worker in workers {
            for (all, one) in done.iter_mut().zip(worker.await.expect("no worker broke")) {
                *all += one;
            }
        }
        assert!(done.iter().all(|count| *count > 0), "something was never let through: {done:?}");
        seats_are_true(w).await;
        type Row = (AppointmentId, ChartId, i64, i64);
        let on: Vec<Row> = w
            .look(|c| {
                appointment::table
                    .inner_join(
                        appointment_party::table.on(appointment_party::practice_id
                            .eq(appointment::practice_id)
                            .and(appointment_party::appointment_id.eq(appointment::appointment_id))),
                    )
                    .filter(appointment_party::state.eq("expected"))
                    .select((appointment::appointment_id, appointment_party::chart_id, appointment::starts_at, appointment::ends_at))
                    .load(c)
            })
            .await;
        for (n, a) in on.iter().enumerate() {
            for b in &on[n + 1..] {
                assert!(a.1 != b.1 || a.3 <= b.2 || b.3 <= a.2, "{a:?} and {b:?} overlap");
            }
        }
    }

    async fn staff_book_add_and_see_all_of_a_group_and_each_client_is_in_one_place_at_a_time(w: &mut World) {
        let (clients, _) = three(w).await;
        let [ana, bo, cy] = &clients;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/types/new").await;
        let typed = [("name", "Evening circle"), ("parties", "4"), ("one_cancels", "keep"), ("minutes", "80"), ("who", "nobody")];
        admin.submit_and_follow(&form, "/staff/practice/types/new", &typed).await.must_say("Evening circle");
        admin.submit(&form, "/staff/practice/types/new", &[("name", "Nobody"), ("parties", "0")]).await.must_be(422);
        let circle = w.app.db.read(&w.riverbend.scope, calendar::types).await.expect("no fault");
        let circle = circle.iter().find(|of| of.name == "Evening circle").expect("it is there").type_id.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = format!("/staff/charts/{}/appointments/book", ana.chart_id);
        let form = desk.get(&path).await;
        form.must_say("Evening circle (up to 4 clients)");
        let with = casey(w).to_string();
        let mut typed = vec![
            ("date", "2026-12-03"), ("time", "14:30"), ("with", with.as_str()), ("minutes", "80"),
            ("kind", circle.as_str()), ("others", "nobody-has-this"),
        ];
        desk.submit(&form, &path, &typed).await.must_be(422).must_say("There is no chart with the number nobody-has-this.");
        typed[5].1 = &bo.number;
        // One who comes alone has no seat for another.
        let alone: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, if *name == "kind" { "session" } else { *value })).collect();
        desk.submit(&form, &path, &alone).await.must_be(422).must_say("more clients than there are seats");
        let page = desk.submit_and_follow(&form, &path, &typed).await;
        page.must_say("The appointment is booked.").must_say("2 of 4 seats are taken.").must_say("Ana Duarte").must_say("Bo Lindgren");
        let id: AppointmentId = page.path.trim_start_matches("/staff/appointments/").split('?').next().expect("an id").parse().expect("an id");
        w.clock.advance_seconds(1);
        let add = desk.get(&page.link("/add")).await;
        add.must_say("Add a client");
        let found = desk.get(&format!("/staff/appointments/{id}/add?q=okafor")).await;
        let chart = cy.chart_id.to_string();
        let done = desk.submit_and_follow(&found, "/parties", &[("chart", chart.as_str())]).await;
        done.must_say("The client is added.").must_say("3 of 4 seats are taken.").must_say("Cyrus Okafor");
        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        for name in ["Ana Duarte", "Bo Lindgren", "Cyrus Okafor", "Group visit"] {
            day.must_say(name);
        }
        desk.get(&format!("/staff/charts/{}/appointments", cy.chart_id)).await.must_say("Group visit, 80 minutes").must_say("Also: Ana Duarte, Bo Lindgren");
        // None of them can be elsewhere then, and whoever is elsewhere is not added.
        let morgan = w.riverbend.member(Role::Administrator).staff_id;
        let elsewhere = [("with", morgan.to_string()), ("time", "15:00".to_owned())];
        let elsewhere: Vec<(&str, &str)> = elsewhere.iter().map(|(name, value)| (*name, value.as_str())).collect();
        crate::bookings::book(w, &mut desk, &bo.chart_id, &elsewhere).await.must_be(422).must_say("The client already has an appointment then");
        let dee = w.chart("Dee", "Moss").await;
        crate::bookings::book(w, &mut desk, &dee.chart_id, &elsewhere).await.must_be(303);
        let found = desk.get(&format!("/staff/appointments/{id}/add?q=moss")).await;
        let chart = dee.chart_id.to_string();
        desk.submit_and_follow(&found, "/parties", &[("chart", chart.as_str())]).await.must_say("This client already has an appointment then. Nobody was added.");
        assert_eq!(row(w, id).await.1, 3);
        // A move to a time at which one of them is elsewhere is refused for all.
        desk.get(&format!("/staff/appointments/{id}/cancel")).await.must_say("No e-mail names anybody else.");
        // A closed chart's appointments end for its client alone.
        let why = Cancellation { reason: CancelReason::Other, words: String::new() };
        let (app, by, whose) = (w.app.clone(), w.riverbend.by(Role::FrontDesk), (id, cy.chart_id));
        let ended = w.app.db.write(&w.riverbend.scope, move |c| booking::end_for_one_in(&app, c, &by, whose, PartyEnd::Canceled, &why)).await;
        assert_eq!(ended.expect("no fault"), Ok(vec![cy.chart_id]));
        assert_eq!(row(w, id).await, ("booked".to_owned(), 2, 0));
        let mut biller = w.staff(Role::Biller).await;
        biller.get(&format!("/staff/appointments/{id}/add")).await.must_be(403);
        seats_are_true(w).await;
    }

    async fn the_api_books_several_adds_and_takes_out_by_the_same_rules(w: &mut World) {
        let (clients, _) = three(w).await;
        let [ana, bo, cy] = &clients;
        let couple = of_type(w, "Visit for two", 2, OneCancels::Ask).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let types = caller.get("/api/v1/appointment-types").await.answer.json();
        let shown = types["appointment_types"].as_array().expect("a list").iter().find(|of| of["id"] == json!(couple)).cloned().expect("the type");
        assert_eq!((&shown["max_parties"], &shown["one_cancels"]), (&json!(2), &json!("ask")));
        let new = json!({
            "chart_id": ana.chart_id, "with_chart_ids": [bo.chart_id], "type_id": couple, "starts_at": THURSDAY, "minutes": 80,
            "kind": "session", "place_id": place(w, PlaceKind::Office).await, "staff_id": casey(w),
        });
        let mut too_many = new.clone();
        too_many["with_chart_ids"] = json!([bo.chart_id, cy.chart_id]);
        assert_eq!(post(&mut caller, "/api/v1/appointments", &too_many).await.status(), 422);
        too_many["with_chart_ids"] = json!([ana.chart_id]);
        assert_eq!(post(&mut caller, "/api/v1/appointments", &too_many).await.status(), 422);
        let made = post(&mut caller, "/api/v1/appointments", &new).await;
        assert_eq!(made.status(), 201, "{}", made.answer.text());
        let made = made.answer.json();
        assert_eq!((&made["seats"], &made["seats_taken"], &made["undecided"]), (&json!(2), &json!(2), &json!(false)));
        assert_eq!(made["clients"][1]["chart_id"], json!(bo.chart_id));
        let path = format!("/api/v1/appointments/{}", made["id"].as_str().expect("an id"));
        let third = json!({ "chart_id": cy.chart_id });
        assert_eq!(post(&mut caller, &format!("{path}/parties"), &third).await.status(), 428);
        let base = caller.clone();
        let with = move |version: i64| base.clone().with("if-match", &format!("\"v{version}\""));
        let full = post(&mut with(1), &format!("{path}/parties"), &third).await;
        assert_eq!((full.status(), &full.answer.json()["type"]), (409, &json!("urn:anteroom:problem:full")));
        let off = post(&mut caller, &format!("{path}/cancel"), &json!({ "reason": "client_asked", "chart_id": bo.chart_id })).await;
        assert_eq!((off.status(), &off.answer.json()["state"], &off.answer.json()["seats_taken"]), (200, &json!("booked"), &json!(1)), "{}", off.answer.text());
        assert_eq!(post(&mut with(1), &format!("{path}/parties"), &third).await.status(), 412);
        w.clock.advance_seconds(1);
        let added = post(&mut with(2), &format!("{path}/parties"), &third).await;
        assert_eq!((added.status(), added.answer.header("etag")), (200, Some("\"v3\"")), "{}", added.answer.text());
        assert_eq!(added.answer.json()["sequence"], 0);
        let out = post(&mut caller, &format!("{path}/parties/remove"), &third).await.answer.json();
        assert_eq!((&out["clients"][2]["state"], &out["clients"][1]["reason"]), (&json!("removed"), &json!("client_asked")));
        assert_eq!(post(&mut caller, &format!("{path}/parties/remove"), &json!({ "chart_id": w.chart("Dee", "Moss").await.chart_id })).await.status(), 404);
        assert_eq!(post(&mut caller, &format!("{path}/keep"), &json!({})).await.status(), 200);
        // A list names an appointment once, with all; of a chart with its client alone.
        let all = caller.get("/api/v1/appointments?limit=1").await.answer.json();
        assert_eq!((all["appointments"].as_array().map(Vec::len), &all["next"]), (Some(1), &Value::Null));
        assert_eq!(all["appointments"][0]["clients"].as_array().map(Vec::len), Some(3));
        let of = caller.get(&format!("/api/v1/appointments?chart={}", bo.chart_id)).await.answer.json();
        assert_eq!((&of["appointments"][0]["clients"], &of["appointments"][0]["client_state"]), (&json!([{ "chart_id": bo.chart_id, "state": "canceled", "reason": "client_asked" }]), &json!("canceled")));
        assert_eq!(of["appointments"][0].get("seats"), None);
        seats_are_true(w).await;
        let whole = w.app.db.read(&w.riverbend.scope, move |c| appointments::find(c, made["id"].as_str().expect("an id").parse().expect("an id"))).await;
        assert_eq!(whole.expect("no fault").map(|one| one.seats_taken), Some(1));
    }
}

/// Does a word stand in a text by itself? A short name is also a part of other words.
fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric();
    text.match_indices(word).any(|(at, found)| {
        !text[..at].ends_with(is_letter) && !text[at + found.len()..].starts_with(is_letter)
    })
}

/// One of several who book, move and cancel for several clients at once.
#[derive(Clone)]
struct Desk {
    app: AppState,
    scope: PracticeScope,
    by: By,
    charts: Vec<ChartId>,
    staff: [StaffId; 2],
    office: PlaceId,
}

impl Desk {
    /// Does 30 things in an order that hangs on the seed alone; says how many of each kind were let through.
    async fn work(self, seed: u64) -> [usize; 5] {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let start = moment("2026-12-03T14:00:00Z");
        let (mut mine, mut done) = (Vec::new(), [0; 5]);
        for _ in 0..30 {
            let to = Slot {
                starts_at: start.plus_seconds(300 * next(288) as i64),
                minutes: 50,
                place: self.office,
                staff: self.staff[next(2)],
            };
            let (chart, other) = (self.charts[next(self.charts.len())], self.charts[next(self.charts.len())]);
            let (kind, rule, how) = (next(7), OneCancels::ALL[next(3)], PartyEnd::ALL[next(2)]);
            let pick = (!mine.is_empty()).then(|| mine[next(mine.len())]);
            let (app, by) = (self.app.clone(), self.by.clone());
            let why = Cancellation { reason: CancelReason::Other, words: String::new() };
            let outcome = match (kind, pick) {
                (0, Some(id)) => {
                    let ended = booking::cancel(&app, &self.scope, by, id, why).await;
                    ended.map(|ended| (0, ended.is_ok()))
                }
                (1, Some(id)) => {
                    let inside = app.clone();
                    let moved = app.db.write(&self.scope, move |c| {
                        let Some(now) = appointments::find(c, id)? else { return Ok(false) };
                        let wanted = Move { version: now.version, to, despite: Doubt::ALL.to_vec() };
                        Ok(booking::move_in(&inside, c, &by, id, &wanted)?.is_ok())
                    });
                    moved.await.map(|moved| (1, moved))
                }
                (2 | 3, Some(id)) => {
                    booking::join(&app, &self.scope, by, id, chart).await.map(|joined| (2, joined.is_ok()))
                }
                (4, Some(id)) => {
                    let whose = (id, chart);
                    let ended = booking::end_for_one_by_staff(&app, &self.scope, by, whose, how, why).await;
                    ended.map(|ended| (3, ended.is_ok()))
                }
                _ => {
                    let booking = Booking {
                        chart,
                        with: if other == chart { Vec::new() } else { vec![other] },
                        seats: Seats { most: 3, one_cancels: rule },
                        request: None,
                        kind: VisitKind::Session,
                        slot: to,
                        despite: Doubt::ALL.to_vec(),
                    };
                    let made = app
                        .clone()
                        .db
                        .write(&self.scope, move |c| booking::book_in(&app, c, &by, &booking))
                        .await;
                    made.map(|made| (4, made.map(|id| mine.push(id)).is_ok()))
                }
            };
            match outcome {
                Ok((what, was_done)) => done[what] += usize::from(was_done),
                Err(Fault::Busy(_)) => {}
                Err(fault) => panic!("a fault: {}", fault.chain()),
            }
        }
        done
    }
}
