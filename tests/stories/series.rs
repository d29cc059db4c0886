//! Appointments that come again. The names carry the numbers of the acceptance cases.

use anteroom::features::appointments::SeriesState;
use anteroom::features::practice::PlaceKind;
use anteroom::kernel::ids::{AppointmentId, ChartId, ResourceId, SeriesId};
use anteroom::platform::db::schema::{appointment, appointment_party, busy, outbox, series, series_date};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::appointments::{casey, moment};
use crate::portal_people::{booked_at, enrolled, events, place, sign_in};
use crate::stories;
use crate::support::months::months_are_true;
use crate::support::{Browser, Page, World};

const DAY: u32 = 86_400;

fn path(chart: &ChartId) -> String {
    format!("/staff/charts/{chart}/appointments/series")
}

/// Fills in the form of a series from Monday, December 7, 2026, 2:30 PM, and looks at the days.
async fn look(w: &World, desk: &mut Browser, chart: &ChartId, fields: &[(&str, &str)]) -> Page {
    let page = desk.get(&path(chart)).await;
    let with = casey(w).to_string();
    let mut all = vec![("date", "2026-12-07"), ("time", "14:30"), ("with", with.as_str())];
    all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
    all.extend(fields);
    desk.submit(&page, &path(chart), &all).await
}

/// Books what the page shows, and opens the series.
async fn book(desk: &mut Browser, chart: &ChartId, page: &Page) -> (SeriesId, Page) {
    let done = desk.submit(page, &path(chart), &[("book", "yes")]).await;
    done.must_be(303);
    let to = done.location().expect("the series");
    let id = to.rsplit('/').next().and_then(|last| last.split('?').next()).expect("an id");
    let id: SeriesId = id.parse().expect("the id of a series");
    let shown = desk.follow(&done).await;
    (id, shown)
}

/// The day of the series, the appointment, its beginning by the clock of the place, its state, the number of changes.
type Occurrence = (String, AppointmentId, String, String, i32);

/// The appointments of a series.
async fn of_series(w: &World, id: SeriesId) -> Vec<Occurrence> {
    let rows: Vec<(String, AppointmentId, i64, String, i32)> = w
        .look(move |c| {
            series_date::table
                .inner_join(
                    appointment::table.on(appointment::practice_id
                        .eq(series_date::practice_id)
                        .and(series_date::appointment_id.eq(appointment::appointment_id.nullable()))),
                )
                .filter(series_date::series_id.eq(id))
                .order(series_date::on_date.asc())
                .select((
                    series_date::on_date,
                    appointment::appointment_id,
                    appointment::starts_at,
                    appointment::state,
                    appointment::ics_sequence,
                ))
                .load(c)
        })
        .await;
    let local = |micros: i64| {
        let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
        let at = anteroom::kernel::clock::Timestamp::from_micros(micros).in_zone(&zone);
        at.strftime("%m-%d %H:%M").to_string()
    };
    rows.into_iter().map(|(on, id, at, state, sequence)| (on, id, local(at), state, sequence)).collect()
}

async fn states(w: &World, id: SeriesId) -> Vec<String> {
    of_series(w, id).await.into_iter().map(|(.., state, _)| state).collect()
}

/// What became of the days of which there is no appointment.
async fn left_out(w: &World, id: SeriesId) -> Vec<(String, String, String)> {
    w.look(move |c| {
        series_date::table
            .filter(series_date::series_id.eq(id))
            .filter(series_date::appointment_id.is_null())
            .order(series_date::on_date.asc())
            .select((series_date::on_date, series_date::effect, series_date::why))
            .load(c)
    })
    .await
}

async fn count_of_appointments(w: &World) -> i64 {
    w.look(|c| appointment::table.count().get_result(c)).await
}

async fn mails(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).count().get_result(c)).await
}

/// No two of what is booked overlap for one clinician or client: the rows of `busy` of one resource follow each other.
async fn nothing_overlaps(w: &World) {
    let mut rows: Vec<(ResourceId, i64, i64)> =
        w.look(|c| busy::table.select((busy::resource_id, busy::starts_at, busy::ends_at)).load(c)).await;
    rows.sort_unstable();
    for pair in rows.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "{pair:?} overlap");
    }
    months_are_true(w).await;
}

async fn post(caller: &mut Browser, path: &str, body: &Value) -> Page {
    caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
}

stories! {
    async fn case_34_of_ten_weeks_two_are_taken_the_preview_names_both_and_eight_are_booked(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let who = enrolled(w, &ana).await;
        booked_at(w, &bo.chart_id, moment("2026-12-14T19:00:00Z"), PlaceKind::Office).await;
        booked_at(w, &bo.chart_id, moment("2027-01-04T20:00:00Z"), PlaceKind::Office).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &ana.chart_id, &[("count", "10")]).await;
        page.must_be(200).must_say("8 of 10 days can be booked.").must_say("Book 8 appointments");
        page.must_say("Monday, December 14, 2026, 2:30 PM").must_say("Monday, January 4, 2027, 2:30 PM");
        page.must_say("Casey Moreno already has an appointment then, at 2:00 PM.");
        assert_eq!(count_of_appointments(w).await, 2, "a preview writes nothing");
        // Somebody books one of the eight meanwhile: nothing is half made, and the page shows the new list.
        let rival = booked_at(w, &bo.chart_id, moment("2026-12-21T19:30:00Z"), PlaceKind::Office).await;
        let refused = desk.submit(&page, &path(&ana.chart_id), &[("book", "yes")]).await;
        refused.must_be(409).must_say("Something has changed since you looked.").must_say("7 of 10 days can be booked.");
        assert_eq!(count_of_appointments(w).await, 3);
        let cancel = desk.get(&format!("/staff/appointments/{rival}/cancel")).await;
        desk.submit(&cancel, "/cancel", &[("reason", "mistake")]).await.must_be(303);
        let page = desk.submit(&refused, &path(&ana.chart_id), &[]).await;
        let (id, shown) = book(&mut desk, &ana.chart_id, &page).await;
        shown.must_say("The series is booked.").must_say("Every week: Monday; 10 times").must_say("Goes on");
        shown.must_say("Casey Moreno or the client had something else then.");
        assert_eq!(of_series(w, id).await.len(), 8);
        let skipped = |on: &str| (on.to_owned(), "skipped".to_owned(), "taken".to_owned());
        assert_eq!(left_out(w, id).await, [skipped("2026-12-14"), skipped("2027-01-04")]);
        // One mail of it all; the same form sent again makes no second one.
        desk.submit(&page, &path(&ana.chart_id), &[("book", "yes")]).await.must_be(303);
        assert_eq!((mails(w, "appointments.booked").await, events(w, "appointment.series_made").await), (1, 1));
        let mail = w.mail_to(&ana.email).await;
        assert_eq!(mail.subject, "Your appointments at Riverbend Counseling");
        assert!(mail.text.contains("Monday, December 7, 2026, 2:30 PM EST") && mail.text.contains("and 2 more"), "{}", mail.text);
        assert!(!mail.text.contains("Casey") && !mail.text.contains("Regular"), "{}", mail.text);
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal/appointments").await.must_say("Monday, December 7, 2026, 2:30 PM EST");
        let tab = desk.get(&format!("/staff/charts/{}/appointments", ana.chart_id)).await;
        tab.must_say("Every week: Monday; 10 times, 2:30 PM, with Casey Moreno");
        nothing_overlaps(w).await;
    }

    async fn what_is_wrong_with_a_series_stands_beside_its_field(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let chart = &ana.chart_id;
        look(w, &mut desk, chart, &[("count", "0")]).await.must_be(422).must_say("Give a number from 1 to 500.");
        look(w, &mut desk, chart, &[("until", "2026-12-06")]).await.must_be(422).must_say("not before the first one");
        let both = [("until", "2026-12-21"), ("count", "3")];
        look(w, &mut desk, chart, &both).await.must_be(422).must_say("not both");
        look(w, &mut desk, chart, &[("with", "")]).await.must_be(422).must_say("Choose who sees the client.");
        look(w, &mut desk, chart, &[("date", "2026-11-02")]).await.must_be(422).must_say("This time is in the past.");
        look(w, &mut desk, chart, &[("time", "14:32")]).await.must_be(422).must_say("in steps of five minutes");
        // The last day is one of it.
        let page = look(w, &mut desk, chart, &[("until", "2026-12-21")]).await;
        page.must_be(200).must_say("3 of 3 days can be booked.");
        // Nights and weekends are named and booked; what is asked of a single appointment is seen here.
        let page = look(w, &mut desk, chart, &[("date", "2026-12-05"), ("time", "06:00"), ("count", "2")]).await;
        page.must_be(200).must_say("2 of 2").must_say("This is at night").must_say("This is on a weekend.");
        assert_eq!(count_of_appointments(w).await, 0);
    }

    async fn case_35_37_an_occurrence_is_canceled_moved_and_noted_by_itself(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&path(&ana.chart_id)).await;
        let with = casey(w).to_string();
        // Mondays to Thursdays.
        let form = page.form(&path(&ana.chart_id));
        let mut fields: Vec<(String, String)> = form.fields.into_iter().filter(|(name, _)| {
            !["date", "time", "with", "every", "count"].contains(&name.as_str())
        }).collect();
        for (name, value) in [("date", "2026-12-07"), ("time", "14:30"), ("with", with.as_str()), ("every", "week"), ("count", "8")] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        for day in 1..=4 {
            fields.push(("on".to_owned(), day.to_string()));
        }
        let page = desk.post_fields(&path(&ana.chart_id), &fields).await;
        page.must_be(200).must_say("8 of 8 days can be booked.");
        let shown = page.form(&path(&ana.chart_id)).fields.into_iter().find(|(name, _)| name == "shown").expect("a fingerprint");
        fields.retain(|(name, _)| name != "shown");
        fields.push(shown);
        fields.push(("book".to_owned(), "yes".to_owned()));
        let done = desk.post_fields(&path(&ana.chart_id), &fields).await;
        done.must_be(303);
        let id: SeriesId = w.look(|c| series::table.select(series::series_id).first(c)).await;
        let all = of_series(w, id).await;
        assert_eq!(all.len(), 8);
        assert_eq!((all[1].0.as_str(), all[5].0.as_str()), ("2026-12-08", "2026-12-15"));
        // The first Tuesday goes, and no other day.
        let cancel = desk.get(&format!("/staff/appointments/{}/cancel", all[1].1)).await;
        desk.submit(&cancel, "/cancel", &[("reason", "client_asked")]).await.must_be(303);
        let mut wanted = vec!["booked"; 8];
        wanted[1] = "canceled";
        assert_eq!(states(w, id).await, wanted);
        // The second Tuesday is moved by itself, and is still one of the series.
        let page = desk.get(&format!("/staff/appointments/{}/move", all[5].1)).await;
        desk.submit(&page, "/move", &[("time", "16:00")]).await.must_be(303);
        let after = of_series(w, id).await;
        assert_eq!((after[5].2.as_str(), after[6].2.as_str()), ("12-15 16:00", "12-16 14:30"));
        desk.get(&format!("/staff/appointments/{}", all[5].1)).await.must_say("One of a series");
        // That nobody came on Monday says nothing of the others.
        let ahead = moment("2026-12-07T20:00:00Z").seconds_since(w.now());
        w.clock.advance_seconds(u32::try_from(ahead).expect("it lies ahead"));
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/appointments/{}", all[0].1)).await;
        desk.submit(&page, "/attendance", &[("note", "no_show")]).await.must_be(303);
        let missed: i64 = w.look(|c| appointment_party::table.filter(appointment_party::state.eq("no_show")).count().get_result(c)).await;
        assert_eq!(missed, 1);
        let page = desk.get(&format!("/staff/series/{id}")).await;
        page.must_say("Did not come").must_say("Canceled").must_say("Booked");
        nothing_overlaps(w).await;
    }

    async fn case_36_this_and_following_from_the_first_day_leaves_no_row_over_and_no_double(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &ana.chart_id, &[("count", "4")]).await;
        let (id, _) = book(&mut desk, &ana.chart_id, &page).await;
        let before = of_series(w, id).await;
        let change = format!("/staff/series/{id}/change");
        let page = desk.get(&change).await;
        let page = desk.submit(&page, &change, &[("time", "16:00")]).await;
        page.must_be(200).must_say("4 of 4 appointments get the new time.");
        desk.submit_and_follow(&page, &change, &[("book", "yes")]).await.must_say("The series is changed.");
        let all: i64 = w.look(|c| series::table.count().get_result(c)).await;
        assert_eq!((all, count_of_appointments(w).await), (1, 4));
        let after = of_series(w, id).await;
        for (old, new) in before.iter().zip(&after) {
            assert_eq!((&old.0, old.1), (&new.0, new.1), "the same appointment");
            assert_eq!((new.2.ends_with("16:00"), new.4), (true, 1), "moved once");
        }
        w.mail_has_settled().await;
        assert_eq!(mails(w, "appointments.moved").await, 1, "one mail of it all");
        // From the third day on: the old series ends the day before, and a new one goes on with what is left of it.
        let rival = w.chart("Bo", "Lindgren").await;
        booked_at(w, &rival.chart_id, moment("2026-12-28T14:00:00Z"), PlaceKind::Office).await;
        let page = desk.get(&change).await;
        let page = desk.submit(&page, &change, &[("date", "2026-12-21"), ("time", "09:00")]).await;
        page.must_be(200).must_say("1 of 2 appointments get the new time.").must_say("Keeps its time");
        let done = desk.submit(&page, &change, &[("book", "yes")]).await;
        let shown = desk.follow(&done).await;
        shown.must_say("Every week: Monday; 2 times").must_say("9:00 AM");
        let two: Vec<(SeriesId, SeriesState, Option<String>)> = w
            .look(|c| series::table.order(series::starts_on.asc()).select((series::series_id, series::state, series::ends_on)).load(c))
            .await;
        assert_eq!(two.len(), 2);
        assert_eq!((two[0].1, two[0].2.as_deref()), (SeriesState::Ended, Some("2026-12-20")));
        let (old, new) = (of_series(w, two[0].0).await, of_series(w, two[1].0).await);
        assert_eq!(old.iter().map(|one| one.2.as_str()).collect::<Vec<_>>(), ["12-07 16:00", "12-14 16:00"]);
        assert_eq!(new.iter().map(|one| one.2.as_str()).collect::<Vec<_>>(), ["12-21 09:00", "12-28 16:00"]);
        assert_eq!(count_of_appointments(w).await, 5);
        // The old one is over.
        let again = desk.get(&change).await;
        let refused = desk.submit(&again, &change, &[]).await;
        desk.follow(&refused).await.must_say("This series has ended.");
        nothing_overlaps(w).await;
    }

    async fn a_series_that_ends_cancels_what_lies_ahead_by_one_mail_and_leaves_the_past(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &ana.chart_id, &[("count", "4")]).await;
        let (id, _) = book(&mut desk, &ana.chart_id, &page).await;
        w.mail_to(&ana.email).await;
        w.clock.advance_seconds(8 * DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let end = format!("/staff/series/{id}/end");
        let page = desk.get(&end).await;
        desk.submit(&page, &end, &[]).await.must_be(422).must_say("Choose why it is canceled.");
        let done = desk.submit_and_follow(&page, &end, &[("from", "2026-12-21"), ("reason", "client_asked")]).await;
        done.must_say("The series is ended.").must_say("Ended with December 20, 2026");
        assert_eq!(states(w, id).await, ["booked", "booked", "canceled", "canceled"]);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("are canceled") && mail.text.contains("December 28"), "{}", mail.text);
        assert_eq!((mails(w, "appointments.canceled").await, mails(w, "appointments.canceled_staff").await), (1, 1));
        assert_eq!(events(w, "appointment.series_ended").await, 1);
        let again = desk.submit(&page, &end, &[("reason", "client_asked")]).await;
        desk.follow(&again).await.must_say("This series has ended.");
        nothing_overlaps(w).await;
    }

    async fn case_38_more_is_booked_as_days_come_near_and_what_was_canceled_stays_so_over_a_change_of_the_clocks(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &ana.chart_id, &[]).await;
        page.must_say("52 of 52 days can be booked.");
        let (id, _) = book(&mut desk, &ana.chart_id, &page).await;
        let all = of_series(w, id).await;
        assert_eq!((all.len(), all.last().map(|one| one.0.as_str())), (52, Some("2027-11-29")));
        // By the clock of the place, before and after both changes of the clocks.
        assert!(all.iter().all(|one| one.2.ends_with("14:30")), "{all:?}");
        let of_november = all.iter().find(|one| one.0 == "2027-11-08").expect("a Monday").1;
        let cancel = desk.get(&format!("/staff/appointments/{of_november}/cancel")).await;
        desk.submit(&cancel, "/cancel", &[("reason", "client_asked")]).await.must_be(303);
        // Two weeks later two more are near enough; on one of them the clinician has something else.
        booked_at(w, &bo.chart_id, moment("2027-12-13T19:30:00Z"), PlaceKind::Office).await;
        w.clock.advance_seconds(14 * DAY);
        w.run_due_jobs().await;
        let after = of_series(w, id).await;
        assert_eq!((after.len(), after.last().map(|one| one.0.as_str())), (53, Some("2027-12-06")));
        assert_eq!(left_out(w, id).await, [("2027-12-13".to_owned(), "conflict".to_owned(), "taken".to_owned())]);
        assert_eq!(after.iter().filter(|one| one.3 == "canceled").count(), 1, "it was not made again");
        assert_eq!(events(w, "appointment.series_extended").await, 1);
        w.run_due_jobs().await;
        assert_eq!(of_series(w, id).await.len(), 53, "once");
        // Staff see the day that is not booked.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/availability/{}", casey(w))).await;
        page.must_say("Days of series that are not booked").must_say("December 13, 2027");
        desk.get(&format!("/staff/series/{id}")).await.must_say("Not booked");
        nothing_overlaps(w).await;
    }

    async fn case_13_28_39_programs_book_a_series_by_the_same_rules(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let office = place(w, PlaceKind::Office).await;
        let new = |rule: &str, starts_on: &str, time: &str| json!({
            "chart_id": ana.chart_id, "staff_id": casey(w), "place_id": office, "rrule": rule,
            "starts_on": starts_on, "time": time, "minutes": 50, "kind": "session",
        });
        let refused = post(&mut caller, "/api/v1/series", &new("FREQ=YEARLY", "2026-12-07", "14:30")).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.answer.text().contains("FREQ=YEARLY is not supported"), "{}", refused.answer.text());
        // Daily at half past two in the night: later on the day on which the clocks jump over it, and on no other.
        let daily = new("FREQ=DAILY;COUNT=3", "2027-03-13", "02:30");
        let made = post(&mut caller, "/api/v1/series", &daily).await;
        assert_eq!(made.status(), 201, "{}", made.answer.text());
        let id = made.answer.json()["series"]["id"].as_str().expect("an id").to_owned();
        assert_eq!(made.answer.header("location"), Some(format!("/api/v1/series/{id}").as_str()));
        let clocks: Vec<String> = of_series(w, id.parse().expect("an id")).await.into_iter().map(|one| one.2).collect();
        assert_eq!(clocks, ["03-13 02:30", "03-14 03:30", "03-15 02:30"]);
        // A day that is taken refuses the whole, or is left out where that is asked for.
        booked_at(w, &bo.chart_id, moment("2026-12-15T19:30:00Z"), PlaceKind::Office).await;
        let mut weekly = new("FREQ=WEEKLY;UNTIL=20261222", "2026-12-08", "14:30");
        let taken = post(&mut caller, "/api/v1/series", &weekly).await;
        assert_eq!(taken.status(), 409);
        assert_eq!(taken.answer.json()["days"], json!([{ "date": "2026-12-15", "why": "taken" }]));
        assert_eq!(count_of_appointments(w).await, 4, "nothing is half made");
        weekly["on_conflict"] = json!("skip");
        let made = post(&mut caller, "/api/v1/series", &weekly).await;
        assert_eq!(made.status(), 201, "{}", made.answer.text());
        let days = made.answer.json()["days"].as_array().cloned().expect("days");
        assert_eq!(days.iter().map(|day| day["effect"].as_str().expect("a word")).collect::<Vec<_>>(), ["made", "skipped", "made"]);
        assert_eq!(days[0]["date"], "2026-12-22", "its last day is one of it");
        let list = caller.get(&format!("/api/v1/series?chart={}", ana.chart_id)).await.answer.json();
        assert_eq!(list["series"].as_array().map(Vec::len), Some(2));
        let id = made.answer.json()["series"]["id"].as_str().expect("an id").to_owned();
        let ended = post(&mut caller, &format!("/api/v1/series/{id}/end"), &json!({ "from": "2026-12-20" })).await;
        assert_eq!((ended.status(), &ended.answer.json()["series"]["state"]), (200, &json!("ended")));
        assert_eq!(states(w, id.parse().expect("an id")).await, ["booked", "canceled"]);
        let again = post(&mut caller, &format!("/api/v1/series/{id}/end"), &json!({})).await;
        assert_eq!(again.answer.json()["type"], "urn:anteroom:problem:series-ended");
        nothing_overlaps(w).await;
    }

    async fn case_36_programs_change_a_series_from_a_day_on_and_nothing_is_half_changed(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        enrolled(w, &ana).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let new = json!({
            "chart_id": ana.chart_id, "staff_id": casey(w), "place_id": place(w, PlaceKind::Office).await,
            "rrule": "FREQ=WEEKLY;COUNT=4", "starts_on": "2026-12-07", "time": "14:30", "minutes": 50, "kind": "session",
        });
        let made = post(&mut caller, "/api/v1/series", &new).await;
        let id = made.must_be(201).answer.json()["series"]["id"].as_str().expect("an id").to_owned();
        let split = format!("/api/v1/series/{id}/split");
        booked_at(w, &bo.chart_id, moment("2026-12-28T14:00:00Z"), PlaceKind::Office).await;
        for (wrong, at) in [
            (json!({ "from": "soon" }), "/from"),
            (json!({ "from": "2026-12-21", "time": "noon" }), "/time"),
            (json!({ "from": "2026-12-21", "minutes": 52 }), "/starts_at"),
            (json!({ "from": "2027-02-01", "time": "09:00" }), "/from"),
        ] {
            let refused = post(&mut caller, &split, &wrong).await;
            assert!(refused.must_be(422).answer.text().contains(at), "{wrong}: {}", refused.answer.text());
        }
        let to = json!({ "from": "2026-12-21", "time": "09:00" });
        let taken = post(&mut caller, &split, &to).await;
        assert_eq!(taken.must_be(409).answer.json()["days"], json!([{ "date": "2026-12-28", "why": "taken" }]));
        assert_eq!(of_series(w, id.parse().expect("an id")).await.iter().map(|one| one.4).sum::<i32>(), 0, "nothing moved");
        let mut once = caller.clone().with("idempotency-key", "split");
        let skip = json!({ "from": "2026-12-21", "time": "09:00", "on_conflict": "skip" });
        let done = post(&mut once, &split, &skip).await;
        let shown = done.must_be(200).answer.json();
        let next = shown["series"]["id"].as_str().expect("an id").to_owned();
        assert_ne!(next, id, "another series goes on");
        assert_eq!((&shown["series"]["time"], &shown["series"]["starts_on"]), (&json!("09:00"), &json!("2026-12-21")));
        assert_eq!(post(&mut once, &split, &skip).await.answer.json(), shown, "the same request is one change");
        let clocks = async |id: &str| -> Vec<String> {
            of_series(w, id.parse().expect("an id")).await.into_iter().map(|one| one.2).collect()
        };
        assert_eq!(clocks(&id).await, ["12-07 14:30", "12-14 14:30"]);
        assert_eq!(clocks(&next).await, ["12-21 09:00", "12-28 14:30"]);
        let again = post(&mut caller, &split, &skip).await;
        assert_eq!(again.answer.json()["type"], "urn:anteroom:problem:series-ended");
        // From its first day on it is the same series.
        let same = post(&mut caller, &format!("/api/v1/series/{next}/split"), &json!({ "from": "2026-12-21", "minutes": 45 })).await;
        assert_eq!(same.must_be(200).answer.json()["series"]["id"], json!(next));
        assert_eq!((events(w, "appointment.series_changed").await, mails(w, "appointments.moved").await), (2, 2));
        nothing_overlaps(w).await;
    }

    async fn who_leaves_gives_their_series_another_home_or_no_more_of_them_is_booked(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        enrolled(w, &ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &ana.chart_id, &[("count", "4")]).await;
        let (hers, _) = book(&mut desk, &ana.chart_id, &page).await;
        let page = look(w, &mut desk, &bo.chart_id, &[("time", "16:00")]).await;
        let (his, _) = book(&mut desk, &bo.chart_id, &page).await;
        // The administrator has something else on one of her days.
        let morgan = w.riverbend.member(Role::Administrator).staff_id;
        let mut admin = w.staff(Role::Administrator).await;
        let page = look(w, &mut desk, &bo.chart_id, &[("date", "2026-12-14"), ("count", "1"), ("with", &morgan.to_string())]).await;
        book(&mut desk, &bo.chart_id, &page).await;
        let leave = format!("/staff/team/{}/disable", casey(w));
        let page = admin.get(&leave).await;
        page.must_say("Series of appointments").must_say("Every week: Monday; 4 times, 2:30 PM").must_say("Ana Duarte");
        let undecided = admin.submit(&page, &leave, &[]).await;
        undecided.must_be(422).must_say("Choose who sees the clients of their series");
        // Nobody who sees no clients gets them, and nothing is half done.
        let mut fields = page.form(&leave).fields;
        fields.retain(|(name, _)| name != "series");
        fields.push(("series".to_owned(), w.riverbend.member(Role::FrontDesk).staff_id.to_string()));
        admin.post_fields(&leave, &fields).await.must_be(422);
        assert_eq!(of_series(w, hers).await.iter().map(|one| one.4).sum::<i32>(), 0);
        w.mail_has_settled().await;
        let before = mails(w, "appointments.moved").await;
        admin.submit_and_follow(&page, &leave, &[("series", &morgan.to_string())]).await.must_say("They can no longer sign in");
        let with: Vec<(SeriesId, anteroom::kernel::ids::StaffId, String)> = w
            .look(|c| series::table.order(series::series_id.asc()).select((series::series_id, series::staff_id, series::state)).load(c))
            .await;
        for id in [hers, his] {
            assert!(with.contains(&(id, morgan, "active".to_owned())), "{with:?}");
        }
        // Each appointment but the one that could not go is with the other, at its time; nothing was canceled.
        let staff: Vec<(i64, anteroom::kernel::ids::StaffId)> = w
            .look(move |c| {
                appointment::table
                    .inner_join(series_date::table.on(series_date::practice_id.eq(appointment::practice_id)
                        .and(series_date::appointment_id.eq(appointment::appointment_id.nullable()))))
                    .filter(series_date::series_id.eq(hers))
                    .order(appointment::starts_at.asc())
                    .select((appointment::starts_at, appointment::staff_id))
                    .load(c)
            })
            .await;
        let stayed: Vec<bool> = staff.iter().map(|(_, of)| *of == casey(w)).collect();
        assert_eq!(stayed, [false, true, false, false]);
        assert!(states(w, hers).await.iter().all(|state| state == "booked"));
        assert_eq!(mails(w, "appointments.moved").await, before + 1, "one mail a series, and nobody sees the other");
        assert_eq!(events(w, "appointment.series_changed").await, 2);
        nothing_overlaps(w).await;
        let page = admin.get(&leave).await;
        page.must_not_say("Series of appointments").must_say("There is nothing left to hand over here.");
    }

    async fn who_leaves_may_leave_their_series_to_nobody_and_what_is_booked_stays(w: &mut World) {
        let bo = w.chart("Bo", "Lindgren").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = look(w, &mut desk, &bo.chart_id, &[]).await;
        let (id, _) = book(&mut desk, &bo.chart_id, &page).await;
        let planned = async || -> i64 {
            use anteroom::platform::db::schema::due_job;
            w.look(|c| due_job::table.filter(due_job::kind.eq("series-extend")).count().get_result(c)).await
        };
        let before = (count_of_appointments(w).await, planned().await);
        assert_eq!(before, (52, 1));
        let leave = format!("/staff/team/{}/disable", casey(w));
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&leave).await;
        page.must_say("Nobody yet: book no more of them");
        admin.submit_and_follow(&page, &leave, &[("series", "stop")]).await.must_say("They can no longer sign in");
        let state: SeriesState = w.look(|c| series::table.select(series::state).first(c)).await;
        assert_eq!((state, count_of_appointments(w).await, planned().await), (SeriesState::Ended, 52, 0));
        assert!(states(w, id).await.iter().all(|state| state == "booked"));
        assert_eq!(events(w, "appointment.series_ended").await, 1);
    }
}
