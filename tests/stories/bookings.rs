//! Booking, moving and canceling appointments: by staff, by clients, by programs, and by several at once. The names
//! carry the numbers of the acceptance cases.

use anteroom::features::appointments::booking::{self, Booking, Cancellation, Doubt, Move, NotBooked, Slot};
use anteroom::features::appointments::{self, CancelReason, VisitKind};
use anteroom::features::calendar::Seats;
use anteroom::features::practice::PlaceKind;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{AppointmentId, ChartId, PlaceId, StaffId};
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
use crate::portal_people::{account, booked_at, enrolled, events, grant, place, set_state, sign_in};
use crate::stories;
use crate::support::months::months_are_true;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

/// Thursday, December 3, 2026, 2:30 PM in New York.
const THURSDAY: &str = "2026-12-03T19:30:00Z";

/// Opens the form in the chart and sends it with these fields.
pub async fn book(w: &World, desk: &mut Browser, chart: &ChartId, fields: &[(&str, &str)]) -> Page {
    let path = format!("/staff/charts/{chart}/appointments/book");
    let page = desk.get(&path).await;
    let with = casey(w).to_string();
    let mut all = vec![("date", "2026-12-03"), ("time", "14:30"), ("with", with.as_str())];
    all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
    all.extend(fields);
    desk.submit(&page, &path, &all).await
}

async fn booked(w: &World) -> Vec<AppointmentId> {
    w.look(|c| {
        appointment::table
            .filter(appointment::state.eq("booked"))
            .order(appointment::appointment_id.asc())
            .select(appointment::appointment_id)
            .load(c)
    })
    .await
}

/// The only appointment there is: its beginning, its number of changes, its state.
async fn only(w: &World) -> (AppointmentId, Timestamp, i32, String) {
    w.look(|c| {
        appointment::table
            .select((
                appointment::appointment_id,
                appointment::starts_at,
                appointment::ics_sequence,
                appointment::state,
            ))
            .first(c)
    })
    .await
}

async fn party_state(w: &World, id: AppointmentId) -> String {
    w.look(move |c| {
        appointment_party::table
            .filter(appointment_party::appointment_id.eq(id))
            .select(appointment_party::state)
            .first(c)
    })
    .await
}

async fn mails(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).count().get_result(c)).await
}

/// Another member who sees clients.
fn morgan(w: &World) -> StaffId {
    w.riverbend.member(Role::Administrator).staff_id
}

fn slot(starts_at: Timestamp, place: PlaceId, staff: StaffId) -> Slot {
    Slot { starts_at, minutes: 50, place, staff }
}

/// No two booked appointments of one clinician or one chart overlap, and `busy` says exactly what is booked.
async fn nothing_overlaps(w: &World) {
    type Row = (AppointmentId, StaffId, ChartId, i64, i64);
    let booked: Vec<Row> = w
        .look(|c| {
            appointment::table
                .inner_join(
                    appointment_party::table.on(appointment_party::practice_id
                        .eq(appointment::practice_id)
                        .and(appointment_party::appointment_id.eq(appointment::appointment_id))),
                )
                .filter(appointment::state.eq("booked"))
                .select((
                    appointment::appointment_id,
                    appointment::staff_id,
                    appointment_party::chart_id,
                    appointment::starts_at,
                    appointment::ends_at,
                ))
                .load(c)
        })
        .await;
    for (n, a) in booked.iter().enumerate() {
        for b in &booked[n + 1..] {
            let overlap = a.3 < b.4 && b.3 < a.4;
            assert!(!(overlap && (a.1 == b.1 || a.2 == b.2)), "{a:?} and {b:?} overlap");
        }
    }
    let taken: Vec<(AppointmentId, i64, i64)> =
        w.look(|c| busy::table.select((busy::owner_id, busy::starts_at, busy::ends_at)).load(c)).await;
    let mut wanted: Vec<(AppointmentId, i64, i64)> =
        booked.iter().flat_map(|a| [(a.0, a.3, a.4), (a.0, a.3, a.4)]).collect();
    let mut taken = taken;
    wanted.sort_unstable();
    taken.sort_unstable();
    assert_eq!(taken, wanted, "what is taken is what is booked");
    months_are_true(w).await;
}

stories! {
    async fn staff_book_in_the_chart_and_the_client_is_told_sees_it_and_takes_it_into_a_calendar(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let tab = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await;
        tab.must_say("No appointment is booked.").must_say("Book an appointment");
        let done = book(w, &mut desk, &ana.chart_id, &[("kind", "first_visit"), ("minutes", "60")]).await;
        let tab = desk.follow(&done).await;
        tab.must_say("The appointment is booked.").must_say("Thursday, December 3, 2026, 2:30 PM");
        tab.must_say("First visit, 60 minutes, at Riverbend Counseling, with Casey Moreno");
        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        day.must_say("2:30 PM to 3:30 PM").must_say("Ana Duarte").must_say("Casey Moreno");
        desk.get("/staff/calendar?date=2026-12-04").await.must_say("Nothing is booked");
        let mail = w.mail_to(&ana.email).await;
        assert_eq!(mail.subject, "Your appointment at Riverbend Counseling");
        assert!(mail.text.contains("Thursday, December 3, 2026, 2:30 PM EST"), "{}", mail.text);
        for hidden in ["First visit", "Casey", "Duarte", "Regular"] {
            assert!(!mail.text.contains(hidden) && !mail.html.contains(hidden), "the mail says {hidden:?}");
        }
        assert_eq!(w.link_in(&mail), "/riverbend/sign-in");
        let mut browser = sign_in(w, &who.name).await;
        let home = browser.get("/portal").await;
        home.must_say("Thursday, December 3, 2026, 2:30 PM EST");
        let page = browser.get(&home.link("/portal/appointments/")).await;
        page.must_say("First visit, 60 minutes").must_say("Add to my calendar");
        let file = browser.get(&page.link("calendar.ics")).await;
        file.must_be(200);
        assert_eq!(file.answer.header("content-type"), Some("text/calendar; charset=utf-8"));
        let text = file.answer.text();
        assert!(text.contains("DTSTART;TZID=America/New_York:20261203T143000\r\n"), "{text}");
        for hidden in ["Casey", "First", "Duarte", "Riverbend"] {
            assert!(!text.contains(hidden), "the file says {hidden:?}: {text}");
        }
        assert_eq!(events(w, "appointment.booked").await, 1);
        nothing_overlaps(w).await;
    }

    async fn what_is_wrong_with_a_booking_stands_beside_its_field_and_what_was_typed_is_kept(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let refused = book(w, &mut desk, &ana.chart_id, &[("date", "2026-11-30"), ("minutes", "45")]).await;
        refused.must_be(422).must_say("This time is in the past");
        assert!(refused.html().contains("<option value=\"45\" selected>"));
        book(w, &mut desk, &ana.chart_id, &[("with", "")]).await.must_be(422).must_say("Choose who sees the client.");
        book(w, &mut desk, &ana.chart_id, &[("time", "14:32")]).await.must_be(422).must_say("in steps of five minutes");
        book(w, &mut desk, &ana.chart_id, &[("date", "2027-03-14"), ("time", "02:30")])
            .await
            .must_be(422)
            .must_say("this time does not exist")
            .must_say("3:30 AM");
        let twice = book(w, &mut desk, &ana.chart_id, &[("date", "2027-11-07"), ("time", "01:30")]).await;
        twice.must_be(422).must_say("1:30 AM EDT").must_say("1:30 AM EST");
        let night = book(w, &mut desk, &ana.chart_id, &[("date", "2026-12-05"), ("time", "05:30")]).await;
        night.must_be(422).must_say("This is at night").must_say("This is on a weekend.").must_say("Book it anyway");
        assert!(booked(w).await.is_empty());
        let anyway = [("date", "2026-12-05"), ("time", "05:30"), ("despite", "night weekend")];
        book(w, &mut desk, &ana.chart_id, &anyway).await.must_be(303);
        assert_eq!(booked(w).await.len(), 1);
    }

    async fn that_a_time_is_taken_is_said_before_that_it_is_unusual(w: &mut World) {
        let (ana, bob) = (w.chart("Ana", "Duarte").await, w.chart("Bob", "Reyes").await);
        let mut desk = w.staff(Role::FrontDesk).await;
        let night = [("date", "2026-12-05"), ("time", "05:30")];
        let anyway = [night[0], night[1], ("despite", "night weekend")];
        book(w, &mut desk, &ana.chart_id, &anyway).await.must_be(303);
        let refused = book(w, &mut desk, &bob.chart_id, &night).await;
        refused.must_be(422).must_say("Casey Moreno already has an appointment then").must_not_say("This is at night").must_not_say("Book it anyway");
    }

    async fn a_booking_from_the_page_of_a_day_leads_back_to_that_day(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let found = desk.get("/staff/calendar/book?date=2026-12-03&q=Duarte").await;
        let page = desk.get(&found.link(&format!("/staff/charts/{}/appointments/book", ana.chart_id))).await;
        assert_eq!(page.link("/staff/calendar?"), "/staff/calendar?date=2026-12-03", "Cancel leads back");
        let path = format!("/staff/charts/{}/appointments/book", ana.chart_id);
        let with = casey(w).to_string();
        let place = place(w, PlaceKind::Office).await.to_string();
        let typed = [("date", "2026-12-04"), ("time", "14:30"), ("with", with.as_str()), ("place", place.as_str())];
        let refused = desk.submit(&page, &path, &[("date", "2026-12-04"), ("time", ""), ("with", with.as_str())]).await;
        refused.must_be(422);
        let done = desk.submit_and_follow(&refused, &path, &typed).await;
        // There the button that books the next visit with the same clinician has the focus.
        assert_eq!(done.path, format!("/staff/calendar?date=2026-12-04&with={with}&done=appointment-booked-nobody"));
        assert_eq!(done.html().matches(" autofocus>").count(), 1);
        done.must_say("Ana Duarte").must_say("2:30 PM");
        // From the chart, the chart is where it ends.
        let page = desk.get(&path).await;
        assert_eq!(page.link(&format!("/staff/charts/{}/appointments", ana.chart_id)), format!("/staff/charts/{}/appointments", ana.chart_id));
    }

    async fn nothing_is_booked_more_than_five_years_ahead(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let refused = book(w, &mut desk, &ana.chart_id, &[("date", "2062-12-04")]).await;
        refused.must_be(422).must_say("more than five years ahead");
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let place = place(w, PlaceKind::Office).await;
        let body = json!({
            "chart_id": ana.chart_id, "starts_at": "9999-12-03T19:30:00Z", "minutes": 50, "kind": "session",
            "place_id": place, "staff_id": casey(w),
        });
        let answer = post(&mut program, "/api/v1/appointments", &body).await;
        answer.must_be(422);
        assert!(answer.answer.text().contains("more than five years ahead"), "{}", answer.answer.text());
        assert_eq!(booked(w).await, []);
    }

    async fn what_is_over_or_canceled_is_not_offered_for_a_calendar(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let past = booked_at(w, &ana.chart_id, w.now().plus_hours(-30), PlaceKind::Office).await;
        let ahead = booked_at(w, &ana.chart_id, w.now().plus_hours(30), PlaceKind::Office).await;
        let mut browser = sign_in(w, &who.name).await;
        browser.get(&format!("/portal/appointments/{past}")).await.must_be(200).must_not_say("Add to my calendar");
        let page = format!("/portal/appointments/{ahead}");
        browser.get(&page).await.must_be(200).must_say("Add to my calendar");
        let form = browser.get(&format!("{page}/cancel")).await;
        browser.submit(&form, "/cancel", &[]).await.must_be(303);
        browser.get(&page).await.must_be(200).must_not_say("Add to my calendar");
    }

    async fn the_same_form_sent_twice_books_once_and_writes_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let path = format!("/staff/charts/{}/appointments/book", ana.chart_id);
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&path).await;
        let with = casey(w).to_string();
        let mut clicks = Vec::new();
        for _ in 0..6 {
            let (mut tab, form, path, with) = (desk.clone(), form.clone(), path.clone(), with.clone());
            clicks.push(tokio::spawn(async move {
                let typed = [("date", "2026-12-03"), ("time", "14:30"), ("with", with.as_str())];
                tab.submit(&form, &path, &typed).await.status()
            }));
        }
        for click in clicks {
            assert_eq!(click.await.expect("the click ended"), 303);
        }
        assert_eq!((booked(w).await.len(), mails(w, "appointments.booked").await), (1, 1));
    }

    async fn c_26_many_who_want_one_time_at_two_processes_get_it_once(w: &mut World) {
        let neighbour = w.neighbour().await;
        let office = place(w, PlaceKind::Office).await;
        let (at, staff) = (moment(THURSDAY), casey(w));
        let mut charts = Vec::new();
        for n in 0..50 {
            let last = format!("Rival{}", char::from(b'a' + n % 26)).repeat(usize::from(1 + n / 26));
            charts.push(w.chart_with("Kim", &last, "1990-04-12", "").await.chart_id);
        }
        let mut asked = Vec::new();
        for n in 0..200 {
            let of = if n % 2 == 0 { &*w } else { &neighbour };
            let (app, scope, by) = (of.app.clone(), of.riverbend.scope.clone(), of.riverbend.by(Role::FrontDesk));
            let chart = charts[n % charts.len()];
            asked.push(tokio::spawn(async move {
                let booking = Booking {
                    chart,
                    with: Vec::new(),
                    seats: Seats::ONE,
                    request: None,
                    kind: VisitKind::Session,
                    // They do not all begin at the same minute, and each overlaps the others.
                    slot: slot(at.plus_seconds(300 * (n as i64 % 9)), office, staff),
                    despite: Vec::new(),
                };
                app.db.write(&scope, {
                    let app = app.clone();
                    move |c| booking::book_in(&app, c, &by, &booking)
                }).await
            }));
        }
        let (mut won, mut busy) = (0, 0);
        for one in asked {
            match one.await.expect("it ended") {
                Ok(Ok(_)) => won += 1,
                Ok(Err(NotBooked::Taken(_))) => {}
                Ok(Err(other)) => panic!("refused for another reason: {other:?}"),
                Err(Fault::Busy(_)) => busy += 1,
                Err(fault) => panic!("a fault: {}", fault.chain()),
            }
        }
        assert_eq!(won, 1, "and {busy} were told to come back");
        assert_eq!(booked(w).await.len(), 1);
        nothing_overlaps(w).await;
    }

    async fn c_29_bookings_moves_and_cancellations_in_every_order_never_overlap(w: &mut World) {
        let mut charts = Vec::new();
        for last in ["Abel", "Baker", "Chen", "Dietz"] {
            charts.push(w.chart_with("Kim", last, "1990-04-12", "").await.chart_id);
        }
        let desk = Desk {
            app: w.app.clone(),
            scope: w.riverbend.scope.clone(),
            by: w.riverbend.by(Role::FrontDesk),
            charts,
            staff: [casey(w), morgan(w)],
            office: place(w, PlaceKind::Office).await,
        };
        let workers: Vec<_> = (1..=6).map(|seed| tokio::spawn(desk.clone().work(seed))).collect();
        let mut done = 0;
        for worker in workers {
            done += worker.await.expect("no worker broke");
        }
        assert!(done > 20, "only {done} acts were let through");
        nothing_overlaps(w).await;
        let (moved, canceled) = (events(w, "appointment.moved").await, events(w, "appointment.canceled").await);
        assert!(moved > 0 && canceled > 0, "{moved} moved, {canceled} canceled");
        let sequences: i64 = w
            .look(|c| {
                let all: Vec<i32> = appointment::table.select(appointment::ics_sequence).load(c)?;
                Ok(all.iter().map(|sequence| i64::from(*sequence)).sum())
            })
            .await;
        assert_eq!(sequences, moved + canceled, "every change has its event");
    }

    async fn c_30_the_database_itself_refuses_an_overlap(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let at = moment(THURSDAY);
        booked_at(w, &ana.chart_id, at, PlaceKind::Office).await;
        let practice = *w.riverbend.scope.id();
        for (from, until, fits) in [(-40, 10, false), (10, 20, false), (-10, 60, false), (-20, 0, true), (50, 60, true)] {
            let written = w
                .app
                .db
                .system_write(move |system| {
                    let resource: anteroom::kernel::ids::ResourceId =
                        busy::table.select(busy::resource_id).first(system.conn)?;
                    diesel::insert_into(busy::table)
                        .values((
                            busy::practice_id.eq(practice),
                            busy::resource_id.eq(resource),
                            busy::starts_at.eq(at.plus_seconds(from * 60)),
                            busy::owner_id.eq(AppointmentId::fresh(system.rng, system.now)),
                            busy::ends_at.eq(at.plus_seconds(until * 60)),
                            busy::kind.eq("appointment"),
                            busy::exclusive.eq(true),
                        ))
                        .execute(system.conn)?;
                    Ok(())
                })
                .await;
            match written {
                Ok(()) => assert!(fits, "{from} to {until} overlaps"),
                Err(Fault::Database(error)) => {
                    assert!(!fits && anteroom::platform::fault::is_overlap(&error), "{from} to {until}: {error:?}");
                }
                Err(other) => panic!("{}", other.chain()),
            }
        }
        let moved = w
            .app
            .db
            .system_write(move |system| {
                let last = busy::table.filter(busy::starts_at.eq(at.plus_seconds(50 * 60)));
                diesel::update(last).set(busy::starts_at.eq(at.plus_seconds(40 * 60))).execute(system.conn)?;
                Ok(())
            })
            .await;
        assert!(moved.is_err(), "an update that overlaps is refused too");
    }

    async fn c_31_a_client_is_in_one_place_at_a_time_and_a_parent_of_two_may_bring_both(w: &mut World) {
        let (leo, mia) = (w.chart("Leo", "Park").await, w.chart("Mia", "Park").await);
        let mut desk = w.staff(Role::FrontDesk).await;
        book(w, &mut desk, &leo.chart_id, &[]).await.must_be(303);
        let other = morgan(w).to_string();
        let clash = [("with", other.as_str()), ("time", "15:00")];
        let refused = book(w, &mut desk, &leo.chart_id, &clash).await;
        refused.must_be(422).must_say("The client already has an appointment then, at 2:30 PM.");
        book(w, &mut desk, &mia.chart_id, &clash).await.must_be(303);
        nothing_overlaps(w).await;
    }

    async fn e_40_moved_three_times_it_is_the_same_appointment_and_its_old_times_are_free(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let who = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        book(w, &mut desk, &ana.chart_id, &[]).await.must_be(303);
        let (id, ..) = only(w).await;
        let path = format!("/staff/appointments/{id}");
        let mut browser = sign_in(w, &who.name).await;
        let file = format!("/portal/appointments/{id}/calendar.ics");
        let uid = |page: &Page| {
            let text = page.answer.text();
            text.lines().find(|line| line.starts_with("UID:")).expect("a name").to_owned()
        };
        let first = uid(&browser.get(&file).await);
        for (n, time) in ["15:30", "16:30", "17:30"].into_iter().enumerate() {
            let page = desk.get(&format!("{path}/move")).await;
            let done = desk.submit_and_follow(&page, "/move", &[("time", time)]).await;
            done.must_say("The appointment has its new time.");
            let (same, _, sequence, state) = only(w).await;
            assert_eq!((same, sequence, state.as_str()), (id, n as i32 + 1, "booked"));
            assert_eq!(uid(&browser.get(&file).await), first);
        }
        // Whoever wants the old times gets them at once.
        book(w, &mut desk, &bo.chart_id, &[]).await.must_be(303);
        book(w, &mut desk, &bo.chart_id, &[("time", "16:30")]).await.must_be(303);
        assert_eq!(events(w, "appointment.moved").await, 3);
        // What had not left about an earlier time stays behind.
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("Now: Thursday, December 3, 2026, 5:30 PM EST"), "{}", mail.text);
        nothing_overlaps(w).await;
    }

    async fn e_41_a_move_may_overlap_where_it_was_and_to_its_own_time_changes_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        book(w, &mut desk, &ana.chart_id, &[]).await.must_be(303);
        let (id, ..) = only(w).await;
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit(&page, "/move", &[("time", "14:50")]).await.must_be(303);
        // The second click of a double click.
        desk.submit(&page, "/move", &[("time", "14:50")]).await.must_be(303);
        let (_, at, sequence, _) = only(w).await;
        assert_eq!((at, sequence), (moment("2026-12-03T19:50:00Z"), 1));
        // A page from before the move changes nothing.
        desk.submit(&page, "/move", &[("time", "16:00")]).await.must_be(409);
        assert_eq!(events(w, "appointment.moved").await, 1);
        nothing_overlaps(w).await;
    }

    async fn two_moves_to_one_time_the_loser_keeps_its_own(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let first = booked_at(w, &ana.chart_id, moment("2026-12-03T15:00:00Z"), PlaceKind::Office).await;
        let second = booked_at(w, &bo.chart_id, moment("2026-12-03T17:00:00Z"), PlaceKind::Office).await;
        let mut clicks = Vec::new();
        for id in [first, second] {
            let mut desk = w.staff(Role::FrontDesk).await;
            let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
            clicks.push(tokio::spawn(async move { desk.submit(&page, "/move", &[("time", "14:30")]).await }));
        }
        let mut statuses = Vec::new();
        for click in clicks {
            statuses.push(click.await.expect("the click ended").status());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422]);
        assert_eq!((booked(w).await.len(), events(w, "appointment.moved").await), (2, 1));
        nothing_overlaps(w).await;
    }

    async fn a_move_and_a_cancellation_at_once_end_in_a_canceled_appointment_or_a_refused_move(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = booked_at(w, &ana.chart_id, moment(THURSDAY), PlaceKind::Office).await;
        let (mut mover, mut canceler) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let page = mover.get(&format!("/staff/appointments/{id}/move")).await;
        let ask = canceler.get(&format!("/staff/appointments/{id}/cancel")).await;
        let moving = tokio::spawn(async move { mover.submit(&page, "/move", &[("time", "16:00")]).await });
        let canceling =
            tokio::spawn(async move { canceler.submit(&ask, "/cancel", &[("reason", "mistake")]).await });
        moving.await.expect("it ended").must_be(303);
        canceling.await.expect("it ended").must_be(303);
        assert_eq!(only(w).await.3, "canceled");
        assert_eq!(events(w, "appointment.canceled").await, 1);
        nothing_overlaps(w).await;
    }

    async fn e_42_a_cancellation_is_in_time_until_the_second_and_the_page_says_which_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        // The notice of 24 hours ends in 24 hours.
        let early = booked_at(w, &ana.chart_id, w.now().plus_hours(48), PlaceKind::Office).await;
        w.clock.advance_seconds(24 * 3_600 - 1);
        let mut browser = sign_in(w, &who.name).await;
        let page = browser.get(&format!("/portal/appointments/{early}/cancel")).await;
        page.must_say("We ask for 24 hours' notice. You are in time.");
        browser.submit_and_follow(&page, "/cancel", &[]).await.must_say("The appointment is canceled.");
        assert_eq!(party_state(w, early).await, "canceled");
        // The other one's hour is reached while its page is open: nothing happens before the page says so.
        let late = booked_at(w, &ana.chart_id, w.now().plus_seconds(24 * 3_600 + 900), PlaceKind::Office).await;
        let page = browser.get(&format!("/portal/appointments/{late}/cancel")).await;
        page.must_say("You are in time.");
        w.clock.advance_seconds(900);
        let warned = browser.submit(&page, "/cancel", &[]).await;
        warned.must_be(409).must_say("The time for notice has just ended.").must_say("Your cancellation counts as late.");
        assert_eq!(party_state(w, late).await, "expected");
        browser.submit(&warned, "/cancel", &[]).await.must_be(303);
        // Once more: the second click of a double click.
        browser.submit(&warned, "/cancel", &[]).await.must_be(303);
        assert_eq!(party_state(w, late).await, "late_canceled");
        browser.get("/portal/appointments").await.must_say("Canceled late");
        assert_eq!(events(w, "appointment.canceled").await, 1);
        assert_eq!(events(w, "appointment.late_canceled").await, 1);
        nothing_overlaps(w).await;
    }

    async fn e_42_after_the_beginning_only_a_call_can_change_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = booked_at(w, &ana.chart_id, w.now().plus_seconds(1_200), PlaceKind::Office).await;
        let mut browser = sign_in(w, &who.name).await;
        let page = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
        w.clock.advance_seconds(1_200);
        let done = browser.submit(&page, "/cancel", &[]).await;
        let after = browser.follow(&done).await;
        after.must_say("This appointment has begun").must_say("call 555-0100").must_not_say("Cancel this appointment");
        assert_eq!(party_state(w, id).await, "expected");
    }

    async fn both_sides_get_their_mail_of_a_clients_cancellation_and_the_time_is_free(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let who = enrolled(w, &ana).await;
        let mother = w.chart_with("Joan", "Duarte", "1960-02-02", "joan.duarte@example.com").await;
        let hers = account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &hers, &mother.person_id, &ana.chart_id, Some(&[Right::Appointments])).await;
        let id = booked_at(w, &ana.chart_id, moment(THURSDAY), PlaceKind::Office).await;
        let mut browser = sign_in(w, &who.name).await;
        let page = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
        browser.submit(&page, "/cancel", &[]).await.must_be(303);
        let casey = w.riverbend.member(Role::Clinician).clone();
        let told = w.mail_to(&casey.email).await;
        assert!(told.text.contains("An appointment of yours was canceled"), "{}", told.text);
        assert!(told.text.contains("Thursday, December 3, 2026, 2:30 PM") && !told.text.contains("Duarte"), "{}", told.text);
        let told = w.mail_to(&mother.email).await;
        assert!(told.subject.contains("is canceled"), "{}", told.subject);
        let receipt = w.mail_to(&ana.email).await;
        assert!(receipt.subject.contains("is canceled"), "{}", receipt.subject);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/appointments/{id}")).await.must_say("Canceled").must_say("By the client");
        book(w, &mut desk, &bo.chart_id, &[]).await.must_be(303);
        nothing_overlaps(w).await;
    }

    async fn e_43_staff_cancel_with_a_reason_never_late_and_the_words_stand_behind_the_sign_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = booked_at(w, &ana.chart_id, w.now().plus_hours(2), PlaceKind::Office).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let ask = desk.get(&format!("/staff/appointments/{id}/cancel")).await;
        desk.submit(&ask, "/cancel", &[("words", "Sorry.")]).await.must_be(422).must_say("Choose why it is canceled.");
        let why = [("reason", "clinician_away"), ("words", "Casey has lost her voice, sorry.")];
        let done = desk.submit_and_follow(&ask, "/cancel", &why).await;
        done.must_say("The appointment is canceled.").must_say("The clinician is away").must_say("lost her voice");
        assert!(!done.html().contains("/move\""), "what is canceled is not moved");
        assert_eq!(party_state(w, id).await, "canceled");
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("voice") && !mail.text.contains("away"), "{}", mail.text);
        let mut browser = sign_in(w, &who.name).await;
        browser.get(&format!("/portal/appointments/{id}")).await.must_say("lost her voice").must_say("Canceled");
        // What is canceled is not moved.
        let again = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit_and_follow(&again, "/move", &[]).await.must_say("This appointment is canceled.");
    }

    async fn case_45_a_no_show_marked_and_undone_leaves_both_in_the_audit_and_no_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let starts_at = w.now().plus_hours(2);
        let id = booked_at(w, &ana.chart_id, starts_at, PlaceKind::Office).await;
        let path = format!("/staff/appointments/{id}");
        let mut desk = w.staff(Role::FrontDesk).await;
        // Ahead, on its day: only an arrival can be noted.
        let page = desk.get(&path).await;
        page.must_say("Did the client come?").must_not_say("Did not come");
        let refused = desk.submit(&page, "/attendance", &[("note", "no_show")]).await;
        desk.follow(&refused).await.must_say("It is too early to say whether the client comes.");
        w.clock.advance_seconds(2 * 3_600 + 900);
        let mut desk = w.staff(Role::FrontDesk).await;
        let before = mails(w, "appointments.canceled").await + mails(w, "appointments.canceled_staff").await;
        let page = desk.get(&path).await;
        let noted = desk.submit_and_follow(&page, "/attendance", &[("note", "no_show")]).await;
        noted.must_say("Nobody gets an e-mail.").must_say("Did not come to one appointment").must_say("You can undo this until Friday, December 4, 2026, 12:15 PM");
        assert_eq!(party_state(w, id).await, "no_show");
        desk.submit(&page, "/attendance", &[("note", "no_show")]).await.must_be(303);
        let refused = desk.submit(&page, "/attendance", &[("note", "arrived")]).await;
        desk.follow(&refused).await.must_say("Undo that first.");
        let tab = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await;
        tab.must_say("Did not come to one appointment");
        desk.get("/staff/calendar?date=2026-12-01").await.must_say("Did not come");
        // The client's pages say nothing of it, and neither does what they read in their calendar.
        let mut browser = sign_in(w, &who.name).await;
        for page in ["/portal".to_owned(), "/portal/appointments".to_owned(), format!("/portal/appointments/{id}")] {
            let page = browser.get(&page).await;
            page.must_be(200).must_not_say("Did not come").must_not_say("no-show");
        }
        let file = browser.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text();
        assert!(file.contains("STATUS:CONFIRMED") && file.contains("SEQUENCE:0"), "{file}");
        // One second before the 72 hours are over it is undone.
        w.clock.advance_seconds(72 * 3_600 - 1);
        let mut desk = w.staff(Role::FrontDesk).await;
        let undone = desk.get(&path).await;
        desk.submit_and_follow(&undone, "/attendance", &[("note", "undo")]).await.must_say("It is undone.").must_not_say("Did not come to");
        assert_eq!(party_state(w, id).await, "expected");
        // Marked again, and the time to undo it passes.
        let page = desk.get(&path).await;
        desk.submit(&page, "/attendance", &[("note", "no_show")]).await.must_be(303);
        w.clock.advance_seconds(72 * 3_600);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path).await;
        page.must_say("The time in which this could be undone is over.");
        let refused = desk.submit(&page, "/attendance", &[("note", "undo")]).await;
        desk.follow(&refused).await.must_say("Nothing was changed.");
        assert_eq!(party_state(w, id).await, "no_show");
        assert_eq!((events(w, "appointment.no_show").await, events(w, "appointment.undone").await), (2, 1));
        let after = mails(w, "appointments.canceled").await + mails(w, "appointments.canceled_staff").await;
        assert_eq!(after, before, "nobody gets a mail");
        nothing_overlaps(w).await;
    }

    async fn an_arrival_is_noted_from_the_beginning_of_the_day_undone_and_refuses_other_changes(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = booked_at(w, &ana.chart_id, moment(THURSDAY), PlaceKind::Office).await;
        let path = format!("/staff/appointments/{id}");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&path).await.must_not_say("Did the client come?");
        let cancel = desk.get(&format!("{path}/cancel")).await;
        let (csrf, chart) = (cancel.form("/cancel").fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1, ana.chart_id.to_string());
        let fields = [("csrf", csrf.as_str()), ("chart", chart.as_str()), ("note", "arrived")];
        let refused = desk.post(&format!("{path}/attendance"), &fields).await;
        desk.follow(&refused).await.must_say("It is too early");
        // Five minutes before: they wait at the desk.
        let now = w.now();
        let ahead = moment(THURSDAY).seconds_since(now) - 300;
        w.clock.advance_seconds(u32::try_from(ahead).expect("it lies ahead"));
        let mut desk = w.staff(Role::FrontDesk).await;
        let mut browser = sign_in(w, &who.name).await;
        let (page, ask) = (desk.get(&path).await, desk.get(&format!("{path}/cancel")).await);
        let own = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
        desk.submit_and_follow(&page, "/attendance", &[("note", "arrived")]).await.must_say("It is noted that the client arrived.").must_say("Arrived");
        desk.get("/staff/calendar?date=2026-12-03").await.must_say("Arrived");
        let refused = desk.submit(&ask, "/cancel", &[("reason", "mistake")]).await;
        desk.follow(&refused).await.must_say("Undo that first.");
        browser.submit(&own, "/cancel", &[]).await.must_be(303);
        assert_eq!(party_state(w, id).await, "arrived");
        browser.get("/portal").await.must_say("Thursday, December 3, 2026, 2:30 PM EST");
        browser.get(&format!("/portal/appointments/{id}")).await.must_say("Add to my calendar").must_not_say("Arrived");
        let page = desk.get(&path).await;
        desk.submit_and_follow(&page, "/attendance", &[("note", "undo")]).await.must_say("It is undone.");
        assert_eq!(party_state(w, id).await, "expected");
        assert_eq!((events(w, "appointment.arrived").await, events(w, "appointment.undone").await), (1, 1));
    }

    async fn case_45_programs_note_it_by_the_same_rules(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = booked_at(w, &ana.chart_id, w.now().plus_seconds(1_200), PlaceKind::Office).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let path = format!("/api/v1/appointments/{id}");
        let kind = |page: &Page| page.answer.json()["type"].as_str().expect("a type").to_owned();
        let early = post(&mut caller, &format!("{path}/no-show"), &json!({})).await;
        assert_eq!((early.status(), kind(&early).as_str()), (409, "urn:anteroom:problem:too-early"));
        w.clock.advance_seconds(1_200);
        let noted = post(&mut caller, &format!("{path}/no-show"), &json!({ "chart_id": ana.chart_id })).await;
        assert_eq!((noted.status(), &noted.answer.json()["client_state"]), (200, &json!("no_show")));
        assert_eq!(noted.answer.header("etag"), Some("\"v2\""));
        assert_eq!(noted.answer.json()["sequence"], 0, "no calendar hears of it");
        let other = post(&mut caller, &format!("{path}/arrive"), &json!({})).await;
        assert_eq!((other.status(), kind(&other).as_str()), (409, "urn:anteroom:problem:is-noted"));
        let undone = post(&mut caller, &format!("{path}/undo-attendance"), &json!({})).await;
        assert_eq!((undone.status(), &undone.answer.json()["client_state"]), (200, &json!("expected")));
        let arrived = post(&mut caller, &format!("{path}/arrive"), &json!({})).await;
        assert_eq!((arrived.status(), &arrived.answer.json()["client_state"]), (200, &json!("arrived")));
        let bo = w.chart("Bo", "Lindgren").await;
        let foreign = post(&mut caller, &format!("{path}/undo-attendance"), &json!({ "chart_id": bo.chart_id })).await;
        assert_eq!(foreign.status(), 404);
    }

    async fn e_44_a_client_west_of_the_place_can_be_moved_within_the_hours_ahead(w: &mut World) {
        use anteroom::platform::db::schema::person;
        let ana = w.chart("Ana", "Duarte").await;
        let id = ana.person_id;
        w.tamper(move |c| {
            diesel::update(person::table.filter(person::person_id.eq(id)))
                .set(person::time_zone.eq("Pacific/Honolulu"))
                .execute(c)
        })
        .await;
        let visit = booked_at(w, &ana.chart_id, w.now().plus_hours(4), PlaceKind::Video).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{visit}/move")).await;
        desk.submit(&page, "/move", &[("time", "15:00")]).await.must_be(303);
        assert_eq!(only(w).await.1, moment("2026-12-01T20:00:00Z"));
    }

    async fn f_50_both_parents_see_a_childs_appointment_and_without_the_right_it_is_not_there(w: &mut World) {
        let mia = w.chart_with("Mia", "Park", "2018-05-05", "").await;
        let scope = w.riverbend.scope.clone();
        let mut browsers = Vec::new();
        for (first, rights) in [("Joan", Right::ALL), ("Paul", &[Right::Appointments][..]), ("Nora", &[Right::Billing][..])] {
            let email = format!("{}.park@example.com", first.to_lowercase());
            let parent = w.chart_with(first, "Park", "1980-02-02", &email).await;
            let account = account(w, &email).await;
            grant(w, &scope, &account, &parent.person_id, &mia.chart_id, Some(rights)).await;
            browsers.push(sign_in(w, &email).await);
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        book(w, &mut desk, &mia.chart_id, &[]).await.must_be(303);
        let (id, ..) = only(w).await;
        let path = format!("/portal/appointments/{id}");
        browsers[0].get(&path).await.must_be(200);
        browsers[1].get(&path).await.must_be(200);
        for tail in ["", "/calendar.ics", "/cancel"] {
            browsers[2].get(&format!("{path}{tail}")).await.must_be(404);
        }
        w.mail_has_settled().await;
        assert_eq!(mails(w, "appointments.booked").await, 2, "who may not see it gets no mail");
    }

    async fn h_54_what_is_queued_about_the_old_time_does_not_leave(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        book(w, &mut desk, &ana.chart_id, &[]).await.must_be(303);
        let (id, ..) = only(w).await;
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit(&page, "/move", &[("time", "16:00")]).await.must_be(303);
        // Nothing has been sent yet; of the two mails the one about the new time goes.
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("has a new time") && mail.text.contains("4:00 PM EST"), "{}", mail.text);
        assert_eq!(w.unread_to(&ana.email).await, 0);
        // Whose access ends before the mail leaves does not get it.
        w.stop_sending().await;
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit(&page, "/move", &[("time", "17:00")]).await.must_be(303);
        set_state(w, &who.access, anteroom::features::access::lifecycle::State::Revoked).await;
        assert_eq!(w.unread_to(&ana.email).await, 0);
    }

    async fn case_54_56_reminders_go_in_time_before_quiet_hours_and_never_of_an_old_time(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        // Friday, December 4, 9:30 AM in New York.
        let id = booked_at(w, &ana.chart_id, moment("2026-12-04T14:30:00Z"), PlaceKind::Office).await;
        let until = async |w: &World, text: &str| {
            let ahead = moment(text).seconds_since(w.now());
            w.clock.advance_seconds(u32::try_from(ahead).expect("ahead"));
            w.run_due_jobs().await;
        };
        until(w, "2026-12-02T14:29:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 0);
        until(w, "2026-12-02T14:30:00Z").await;
        let mail = w.mail_to(&ana.email).await;
        assert_eq!(mail.subject, "Reminder: your appointment at Riverbend Counseling");
        assert!(mail.text.contains("Friday, December 4, 2026, 9:30 AM EST"), "{}", mail.text);
        // Moved to the same hour a day later: the reminder of the old time never goes.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit(&page, "/move", &[("date", "2026-12-05"), ("despite", "weekend")]).await.must_be(303);
        w.mail_to(&ana.email).await;
        until(w, "2026-12-04T14:00:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 2, "the one of 48 hours before the new time");
        assert!(w.mail_to(&ana.email).await.text.contains("Saturday, December 5"));
        // Three hours before is in the quiet hours: it goes at a quarter to eight in the evening.
        until(w, "2026-12-05T00:44:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 2);
        until(w, "2026-12-05T00:45:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 3);
        until(w, "2026-12-05T14:00:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 3, "each goes once");
        // Canceled, nothing goes any more.
        let other = booked_at(w, &ana.chart_id, moment("2026-12-10T19:30:00Z"), PlaceKind::Office).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{other}/cancel")).await;
        desk.submit(&page, "/cancel", &[("reason", "mistake")]).await.must_be(303);
        until(w, "2026-12-10T19:00:00Z").await;
        assert_eq!(mails(w, "appointments.reminder").await, 3);
    }

    async fn reminders_switched_on_later_reach_what_is_booked_already(w: &mut World) {
        let policy = async |w: &mut World, hours: Option<&str>| {
            let mut admin = w.staff(Role::Administrator).await;
            let page = admin.get("/staff/practice/policies").await;
            let mut fields = page.form("/staff/practice/policies").fields;
            fields.retain(|(name, _)| name != "appointment_reminder");
            fields.extend(hours.map(|hours| ("appointment_reminder".to_owned(), hours.to_owned())));
            admin.post_fields("/staff/practice/policies", &fields).await.must_be(303);
        };
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        policy(w, None).await;
        // Friday, December 4, 2:30 PM in New York.
        booked_at(w, &ana.chart_id, moment("2026-12-04T19:30:00Z"), PlaceKind::Office).await;
        let ahead = moment("2026-12-03T12:00:00Z").seconds_since(w.now());
        w.clock.advance_seconds(u32::try_from(ahead).expect("ahead"));
        w.run_due_jobs().await;
        policy(w, Some("3")).await;
        w.run_due_jobs().await;
        assert_eq!(mails(w, "appointments.reminder").await, 0);
        let ahead = moment("2026-12-04T16:30:00Z").seconds_since(w.now());
        w.clock.advance_seconds(u32::try_from(ahead).expect("ahead"));
        w.run_due_jobs().await;
        assert_eq!(mails(w, "appointments.reminder").await, 1);
    }

    async fn i_61_two_reads_of_a_calendar_file_are_the_same_bytes_and_a_change_raises_its_sequence(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = booked_at(w, &ana.chart_id, moment("2027-03-14T19:30:00Z"), PlaceKind::Office).await;
        let mut browser = sign_in(w, &who.name).await;
        let path = format!("/portal/appointments/{id}/calendar.ics");
        let first = browser.get(&path).await.answer.text();
        w.clock.advance_seconds(60);
        assert_eq!(browser.get(&path).await.answer.text(), first);
        for part in ["SEQUENCE:0\r\n", "DTSTART;TZID=America/New_York:20270314T153000\r\n", "TZOFFSETTO:-0400\r\n", "STATUS:CONFIRMED"] {
            assert!(first.contains(part), "{part:?} in {first}");
        }
        let page = browser.get(&format!("/portal/appointments/{id}/cancel")).await;
        browser.submit(&page, "/cancel", &[]).await.must_be(303);
        let after = browser.get(&path).await.answer.text();
        assert!(after.contains("SEQUENCE:1\r\n") && after.contains("STATUS:CANCELLED"), "{after}");
        assert!(after.contains("SUMMARY:Canceled: Appointment"), "{after}");
    }

    async fn a_place_in_another_zone_counts_by_its_own_clock_on_page_mail_and_file(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/places/new").await;
        let typed = [
            ("name", "Boulder office"), ("time_zone", "America/Denver"), ("address", "20 Aspen Road\nBoulder"),
        ];
        admin.submit_and_follow(&form, "/staff/practice/places/new", &typed).await.must_say("Boulder office").must_say("Denver time");
        let boulder = w.app.db.read(&w.riverbend.scope, anteroom::features::practice::places).await.expect("no fault");
        let boulder = boulder.iter().find(|place| place.name == "Boulder office").expect("it is there").place_id;
        let place = boulder.to_string();
        let mut desk = w.staff(Role::FrontDesk).await;
        let done = book(w, &mut desk, &ana.chart_id, &[("place", place.as_str())]).await;
        let tab = desk.follow(&done).await;
        tab.must_say("Thursday, December 3, 2026, 2:30 PM MST").must_say("at Boulder office");
        assert_eq!(only(w).await.1, moment("2026-12-03T21:30:00Z"));
        desk.get("/staff/calendar?date=2026-12-03").await.must_say("2:30 PM to 3:20 PM MST");
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.text.contains("2:30 PM MST") && mail.text.contains("20 Aspen Road, Boulder"), "{}", mail.text);
        let (id, ..) = only(w).await;
        let mut browser = sign_in(w, &who.name).await;
        let page = browser.get(&format!("/portal/appointments/{id}")).await;
        page.must_say("2:30 PM MST").must_say("20 Aspen Road");
        let file = browser.get(&format!("/portal/appointments/{id}/calendar.ics")).await.answer.text();
        assert!(file.contains("DTSTART;TZID=America/Denver:20261203T143000"), "{file}");
        assert!(file.contains("LOCATION:20 Aspen Road\\, Boulder"), "{file}");
        // What was agreed for half past two stays at half past two.
        let form = admin.get(&format!("/staff/practice/places/{place}")).await;
        let other = [("time_zone", "America/New_York")];
        let refused = admin.submit(&form, &format!("/staff/practice/places/{place}"), &other).await;
        refused.must_be(422).must_say("Appointments were booked here by this clock");
        // Nothing more is booked at a closed place; what is there can still be moved.
        admin.submit_and_follow(&form, "/close", &[]).await.must_say("Closed");
        let bo = w.chart("Bo", "Lindgren").await;
        book(w, &mut desk, &bo.chart_id, &[("place", place.as_str()), ("time", "10:00")]).await.must_be(422);
        let page = desk.get(&format!("/staff/appointments/{id}/move")).await;
        desk.submit(&page, "/move", &[("time", "15:30")]).await.must_be(303);
        assert_eq!(only(w).await.1, moment("2026-12-03T22:30:00Z"));
    }

    async fn the_calendar_leads_to_a_client_and_from_there_to_the_form(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let day = desk.get("/staff/calendar?date=2026-12-03").await;
        let choose = desk.get(&day.link("/staff/calendar/book")).await;
        choose.must_be(200).must_say("Who is the appointment for?");
        let found = desk.get("/staff/calendar/book?date=2026-12-03&q=duarte").await;
        found.must_say("Duarte, Ana");
        let form = desk.get(&found.link("/appointments/book")).await;
        form.must_be(200);
        assert!(form.html().contains("value=\"2026-12-03\""));
        desk.get("/staff/calendar/book?q=nobody-here").await.must_say("No open chart is found by this.");
        let mut biller = w.staff(Role::Biller).await;
        biller.get("/staff/calendar").await.must_be(403);
        biller.get(&format!("/staff/charts/{}/appointments/book", ana.chart_id)).await.must_be(403);
    }

    async fn the_api_books_moves_and_cancels_by_the_same_rules(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        enrolled(w, &ana).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let places = caller.get("/api/v1/places").await.answer.json();
        let office = places["places"].as_array().expect("a list").iter().find(|p| p["kind"] == "office").expect("an office")["id"].clone();
        let people = caller.get("/api/v1/clinicians").await.answer.json();
        let casey = people["clinicians"].as_array().expect("a list").iter().find(|p| p["name"] == "Casey Moreno").expect("Casey")["id"].clone();
        let new = |chart: &Client, at: &str| json!({
            "chart_id": chart.chart_id, "staff_id": casey, "place_id": office, "starts_at": at, "minutes": 50,
            "kind": "session",
        });
        let once = caller.clone().with("idempotency-key", "one");
        let made = post(&mut once.clone(), "/api/v1/appointments", &new(&ana, THURSDAY)).await;
        assert_eq!(made.status(), 201, "{}", made.answer.text());
        let again = post(&mut once.clone(), "/api/v1/appointments", &new(&ana, THURSDAY)).await;
        assert_eq!(again.answer.json(), made.answer.json());
        assert_eq!(booked(w).await.len(), 1);
        let appointment = made.answer.json();
        assert_eq!(appointment["local_start"], "2026-12-03T14:30:00");
        let path = format!("/api/v1/appointments/{}", appointment["id"].as_str().expect("an id"));
        assert_eq!(made.answer.header("location"), Some(path.as_str()));
        let taken = post(&mut caller, "/api/v1/appointments", &new(&bo, "2026-12-03T20:00:00Z")).await;
        let problem = taken.answer.json();
        assert_eq!((taken.status(), &problem["type"]), (409, &json!("urn:anteroom:problem:taken")));
        assert_eq!(problem["clashes"], json!([{ "who": "staff", "starts_at": THURSDAY }]));
        let night = post(&mut caller, "/api/v1/appointments", &new(&bo, "2026-12-05T10:00:00Z")).await.answer.json();
        assert_eq!((&night["type"], &night["doubts"]), (&json!("urn:anteroom:problem:unusual-time"), &json!(["night", "weekend"])));
        let mut off = new(&bo, "2026-12-03T21:02:00Z");
        assert_eq!(post(&mut caller, "/api/v1/appointments", &off).await.status(), 422);
        off["starts_at"] = json!("2026-11-03T21:00:00Z");
        assert_eq!(post(&mut caller, "/api/v1/appointments", &off).await.status(), 422);
        // A move needs the version that was read.
        let later = json!({ "starts_at": "2026-12-03T21:00:00Z" });
        assert_eq!(post(&mut caller, &format!("{path}/move"), &later).await.status(), 428);
        let mut with = caller.clone().with("if-match", "\"v1\"");
        let moved = post(&mut with, &format!("{path}/move"), &later).await;
        assert_eq!((moved.status(), moved.answer.header("etag")), (200, Some("\"v2\"")), "{}", moved.answer.text());
        assert_eq!(moved.answer.json()["sequence"], 1);
        assert_eq!(post(&mut with, &format!("{path}/move"), &json!({ "minutes": 30 })).await.status(), 412);
        let off = post(&mut caller, &format!("{path}/cancel"), &json!({ "reason": "mistake" })).await;
        let shown = off.answer.json();
        assert_eq!((&shown["state"], &shown["client_state"], &shown["reason"]), (&json!("canceled"), &json!("canceled"), &json!("mistake")));
        assert_eq!(post(&mut caller, &format!("{path}/cancel"), &json!({})).await.status(), 409);
        // The client hears of each step by the same mails; what had not left about an earlier one does not.
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("canceled"), "{}", mail.subject);
        // A list, page by page.
        for hour in 15..18 {
            let at = format!("2026-12-04T{hour}:00:00Z");
            assert_eq!(post(&mut caller, "/api/v1/appointments", &new(&bo, &at)).await.status(), 201);
        }
        let mut seen = Vec::new();
        let mut next = format!("/api/v1/appointments?chart={}&limit=2", bo.chart_id);
        loop {
            let page = caller.get(&next).await.answer.json();
            for each in page["appointments"].as_array().expect("a list") {
                seen.push(each["starts_at"].as_str().expect("a moment").to_owned());
            }
            match page["next"].as_str() {
                Some(cursor) => next = format!("/api/v1/appointments?chart={}&limit=2&cursor={cursor}", bo.chart_id),
                None => break,
            }
        }
        assert_eq!(seen, ["2026-12-04T15:00:00Z", "2026-12-04T16:00:00Z", "2026-12-04T17:00:00Z"]);
        let day = caller.get("/api/v1/appointments?from=2026-12-04T16:00:00Z&until=2026-12-04T17:00:00Z").await;
        assert_eq!(day.answer.json()["appointments"].as_array().map(Vec::len), Some(1));
    }
}

async fn post(caller: &mut Browser, path: &str, body: &Value) -> Page {
    caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
}

/// One of several who book, move and cancel at once.
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
    /// Does 25 things in an order that hangs on the seed alone; says how many were let through.
    async fn work(self, seed: u64) -> usize {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let start = moment("2026-12-03T14:00:00Z");
        let (mut mine, mut done) = (Vec::new(), 0);
        for _ in 0..25 {
            let to = slot(start.plus_seconds(300 * next(72) as i64), self.office, self.staff[next(2)]);
            let pick = (!mine.is_empty()).then(|| mine[next(mine.len())]);
            let (app, by) = (self.app.clone(), self.by.clone());
            let was_done = match (next(5), pick) {
                (0, Some(id)) => {
                    let why = Cancellation { reason: CancelReason::Other, words: String::new() };
                    booking::cancel(&app, &self.scope, by, id, why).await.map(|outcome| outcome.is_ok())
                }
                (1 | 2, Some(id)) => {
                    let inside = app.clone();
                    app.db
                        .write(&self.scope, move |c| {
                            let Some(now) = appointments::find(c, id)? else { return Ok(false) };
                            let wanted = Move { version: now.version, to, despite: Doubt::ALL.to_vec() };
                            let moved = booking::move_in(&inside, c, &by, id, &wanted)?;
                            // To its own time is no change.
                            Ok(moved.is_ok() && now.starts_at != to.starts_at)
                        })
                        .await
                }
                _ => {
                    let booking = Booking {
                        chart: self.charts[next(self.charts.len())],
                        with: Vec::new(),
                        seats: Seats::ONE,
                        request: None,
                        kind: VisitKind::Session,
                        slot: to,
                        despite: Doubt::ALL.to_vec(),
                    };
                    let inside = app.clone();
                    let made =
                        app.db.write(&self.scope, move |c| booking::book_in(&inside, c, &by, &booking)).await;
                    made.map(|made| made.map(|id| mine.push(id)).is_ok())
                }
            };
            match was_done {
                Ok(was_done) => done += usize::from(was_done),
                Err(Fault::Busy(_)) => {}
                Err(fault) => panic!("a fault: {}", fault.chain()),
            }
        }
        done
    }
}
