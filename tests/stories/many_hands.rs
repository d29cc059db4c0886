//! Several people and programs book, move and cancel appointments and series, and change hours, at the same time and in an
//! order that hangs on a seed alone. Afterwards nothing overlaps, no change is lost, each has its audit event, and the
//! calendar file of each client says what their page says.

use std::collections::{BTreeMap, BTreeSet};

use anteroom::features::practice::PlaceKind;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{AppointmentId, ChartId, PlaceId, ResourceId, SeriesId, StaffId};
use anteroom::platform::db::schema::{
    appointment, appointment_party, audit_event, busy, series, series_date,
};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use crate::api::key;
use crate::appointments::casey;
use crate::availability::add_hours;
use crate::hand_over::Dice;
use crate::portal_people::{Enrolled, enrolled, events, place, sign_in};
use crate::stories;
use crate::support::months::months_are_true;
use crate::support::{Browser, Page, World};

/// Worlds that are tried; a release asks for more by `ANTEROOM_CALENDAR_SEEDS`.
fn seeds() -> u64 {
    std::env::var("ANTEROOM_CALENDAR_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

/// What each of them does.
const ACTS: u32 = 24;

/// What one of them was let do.
#[derive(Clone, Debug, Default)]
struct Done {
    booked: usize,
    moved: usize,
    canceled: usize,
    series: usize,
    split: usize,
    ended: usize,
    hours: usize,
    time_off: usize,
    refused: usize,
}

/// One of several who act at once: a program with a key, and a member of the front desk.
struct Actor {
    program: Browser,
    desk: Browser,
    charts: Vec<ChartId>,
    staff: [StaffId; 2],
    places: [PlaceId; 2],
    dice: Dice,
    done: Done,
}

async fn post(caller: &mut Browser, path: &str, body: &Value) -> Page {
    let page = caller.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await;
    assert!(page.status() < 500 || page.status() == 503, "{path}: {} {}", page.status(), page.answer.text());
    page
}

/// Whatever is doubtful is looked at.
const LOOKED_AT: &[&str] = &["night", "weekend", "time_off", "closed", "away", "outside_hours", "held"];

impl Actor {
    fn number(&mut self, below: u64) -> usize {
        usize::try_from(self.dice.roll(below)).expect("a small number")
    }

    fn day(&mut self) -> Date {
        // Over the change of the clocks in March.
        date(2027, 3, 1).saturating_add(jiff::Span::new().days(i64::from(self.number(28) as u32)))
    }

    /// An hour at which a clinician works, in steps of five minutes.
    fn clock(&mut self) -> String {
        format!("{:02}:{:02}", 9 + self.number(8), 5 * self.number(12))
    }

    /// A moment on one of the days, whatever the clocks show then.
    fn moment(&mut self) -> String {
        format!("{}T{}:00Z", self.day(), self.clock())
    }

    fn count(&mut self, page: &Page, wanted: u16, what: impl Fn(&mut Done) -> &mut usize) -> bool {
        let is_done = page.status() == wanted;
        *if is_done { what(&mut self.done) } else { &mut self.done.refused } += 1;
        is_done
    }

    /// One of what is booked now, with its version.
    async fn one_of(&mut self, chart: ChartId) -> Option<(String, String)> {
        let from = "2027-03-01T00:00:00Z";
        let list =
            self.program.get(&format!("/api/v1/appointments?chart={chart}&from={from}&limit=50")).await;
        let all = list.must_be(200).answer.json()["appointments"].as_array().cloned().expect("a list");
        let booked: Vec<&Value> = all.iter().filter(|one| one["state"] == "booked").collect();
        if booked.is_empty() {
            return None;
        }
        let path = format!("/api/v1/appointments/{}", self.dice.pick(&booked)["id"].as_str().expect("an id"));
        let version = self.program.get(&path).await.answer.header("etag").expect("a version").to_owned();
        Some((path, version))
    }

    async fn one_series(&mut self, chart: ChartId) -> Option<String> {
        let list = self.program.get(&format!("/api/v1/series?chart={chart}")).await;
        let all = list.must_be(200).answer.json()["series"].as_array().cloned().expect("a list");
        let active: Vec<&Value> = all.iter().filter(|one| one["state"] == "active").collect();
        (!active.is_empty()).then(|| self.dice.pick(&active)["id"].as_str().expect("an id").to_owned())
    }

    async fn act(&mut self) {
        let (charts, staff, places) = (self.charts.clone(), self.staff, self.places);
        let (chart, with, at) = (*self.dice.pick(&charts), *self.dice.pick(&staff), *self.dice.pick(&places));
        match self.number(12) {
            0 | 1 => {
                let new = json!({
                    "chart_id": chart, "staff_id": with, "place_id": at, "kind": "session",
                    "starts_at": self.moment(), "minutes": 25 + 25 * self.number(3), "confirm": LOOKED_AT,
                });
                let page = post(&mut self.program, "/api/v1/appointments", &new).await;
                self.count(&page, 201, |done| &mut done.booked);
            }
            // One of a series is moved and canceled as any other.
            2..=4 => {
                let Some((path, version)) = self.one_of(chart).await else { return };
                let mut caller = self.program.clone().with("if-match", &version);
                let to = json!({ "starts_at": self.moment(), "staff_id": with, "confirm": LOOKED_AT });
                let page = post(&mut caller, &format!("{path}/move"), &to).await;
                let is_same = page.answer.header("etag") == Some(version.as_str());
                if page.status() != 200 || !is_same {
                    self.count(&page, 200, |done| &mut done.moved);
                }
            }
            5 => {
                let Some((path, _)) = self.one_of(chart).await else { return };
                let page =
                    post(&mut self.program, &format!("{path}/cancel"), &json!({ "reason": "other" })).await;
                self.count(&page, 200, |done| &mut done.canceled);
            }
            6 | 7 => {
                let rules = [
                    "FREQ=WEEKLY;COUNT=4",
                    "FREQ=DAILY;COUNT=5",
                    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=5",
                ];
                let new = json!({
                    "chart_id": chart, "staff_id": with, "place_id": at, "kind": "session",
                    "rrule": self.dice.pick(&rules), "starts_on": self.day().to_string(), "time": self.clock(),
                    "minutes": 50, "on_conflict": "skip",
                });
                let page = post(&mut self.program, "/api/v1/series", &new).await;
                self.count(&page, 201, |done| &mut done.series);
            }
            8 => {
                let Some(id) = self.one_series(chart).await else { return };
                let to = json!({
                    "from": self.day().to_string(), "time": self.clock(), "staff_id": with, "on_conflict": "skip",
                });
                let page = post(&mut self.program, &format!("/api/v1/series/{id}/split"), &to).await;
                self.count(&page, 200, |done| &mut done.split);
            }
            9 => {
                let Some(id) = self.one_series(chart).await else { return };
                let from = json!({ "from": self.day().to_string(), "reason": "other" });
                let page = post(&mut self.program, &format!("/api/v1/series/{id}/end"), &from).await;
                self.count(&page, 200, |done| &mut done.ended);
            }
            10 => {
                let (weekday, from) = (self.number(7) + 1, 8 + self.number(9));
                let (weekday, place) = (weekday.to_string(), at.to_string());
                let (from, until) = (format!("{from:02}:00"), format!("{:02}:00", from + 1));
                let page = add_hours(&mut self.desk, with, &weekday, &from, &until, &place).await;
                self.count(&page, 303, |done| &mut done.hours);
            }
            _ => {
                // What lies in it is listed, and nothing is canceled.
                let path = format!("/staff/availability/{with}");
                let page = self.desk.get(&path).await;
                let (day, hour) = (self.day().to_string(), 9 + self.number(7));
                let (from, until) = (format!("{hour:02}:00"), format!("{hour:02}:45"));
                let mut typed = vec![
                    ("off_from", day.as_str()),
                    ("off_from_time", from.as_str()),
                    ("off_until", day.as_str()),
                    ("off_until_time", until.as_str()),
                    ("note", "Training"),
                ];
                let mut page = self.desk.submit(&page, "/time-off", &typed).await;
                let html = page.html();
                let seen = html.split("name=\"seen\" type=\"checkbox\" value=\"").nth(1);
                if let Some(seen) = seen.and_then(|rest| rest.split('"').next()) {
                    typed.push(("seen", seen));
                    page = self.desk.submit(&page, "/time-off", &typed).await;
                }
                self.count(&page, 303, |done| &mut done.time_off);
            }
        }
    }
}

/// No two of what is booked overlap, and `busy` says exactly what is booked.
async fn nothing_overlaps(w: &World) {
    let mut taken: Vec<(ResourceId, i64, i64, AppointmentId)> = w
        .look(|c| {
            busy::table.select((busy::resource_id, busy::starts_at, busy::ends_at, busy::owner_id)).load(c)
        })
        .await;
    taken.sort_unstable();
    for pair in taken.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "{pair:?} overlap");
    }
    let booked: Vec<(AppointmentId, StaffId, ChartId, i64, i64)> = w
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
    let mut wanted: Vec<(ResourceId, i64, i64, AppointmentId)> = booked
        .iter()
        .flat_map(|(id, staff, chart, from, until)| {
            [staff.uuid(), chart.uuid()].map(|who| (ResourceId::from_uuid(who), *from, *until, *id))
        })
        .collect();
    wanted.sort_unstable();
    assert_eq!(taken, wanted, "what is taken is what is booked");
    months_are_true(w).await;
}

/// Each change of each appointment has its event, and the other way round; and what was answered as done was done.
async fn nothing_is_lost(w: &World, done: &Done) {
    let all: Vec<(AppointmentId, i32, i64, String)> = w
        .look(|c| {
            appointment::table
                .select((
                    appointment::appointment_id,
                    appointment::ics_sequence,
                    appointment::version,
                    appointment::state,
                ))
                .load(c)
        })
        .await;
    let said: Vec<(String, String)> =
        w.look(|c| audit_event::table.select((audit_event::action, audit_event::details)).load(c)).await;
    let details = |text: &str| serde_json::from_str::<Value>(text).expect("details");
    let mut changes: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    let (mut by_split, mut by_end) = (0, 0);
    for (action, text) in &said {
        let read = details(text);
        let number =
            |name: &str| usize::try_from(read[name].as_u64().expect("a number")).expect("a small one");
        let of = || read["appointment"].as_str().expect("an appointment").to_owned();
        match action.as_str() {
            "appointment.booked" => changes.entry(of()).or_default().0 += 1,
            "appointment.moved" => changes.entry(of()).or_default().1 += 1,
            "appointment.canceled" => changes.entry(of()).or_default().2 += 1,
            "appointment.series_changed" => by_split += number("moved"),
            "appointment.series_ended" => by_end += number("canceled"),
            _ => {}
        }
    }
    assert_eq!(all.len(), changes.len(), "an event of each, and none of another");
    let (mut moved, mut canceled) = (0, 0);
    for (id, sequence, version, state) in &all {
        let (booked_events, moves, ends) = changes[&id.to_string()];
        assert_eq!((booked_events, ends), (1, usize::from(state == "canceled")), "{id}");
        assert_eq!(usize::try_from(*sequence).expect("a count"), moves + ends, "{id}");
        assert_eq!(usize::try_from(*version).expect("a count"), 1 + moves + ends, "{id}");
        moved += moves;
        canceled += ends;
    }
    assert_eq!((moved, canceled), (done.moved + by_split, done.canceled + by_end), "{done:?}");
    let counted = async |action: &'static str| usize::try_from(events(w, action).await).expect("a count");
    assert_eq!(counted("appointment.series_made").await, done.series);
    assert_eq!(counted("appointment.series_changed").await, done.split);
    assert_eq!(counted("appointment.series_ended").await, done.ended);
    assert_eq!(counted("appointment.hours_added").await, done.hours);
    assert_eq!(counted("appointment.time_off_added").await, done.time_off);
}

/// Each day of a series has one row in one series; what was made is there, once, and stays when a series is split or ends.
async fn series_are_whole(w: &World, done: &Done) -> usize {
    let days: Vec<(SeriesId, String, String, Option<AppointmentId>)> = w
        .look(|c| {
            series_date::table
                .select((
                    series_date::series_id,
                    series_date::on_date,
                    series_date::effect,
                    series_date::appointment_id,
                ))
                .load(c)
        })
        .await;
    let known: BTreeSet<AppointmentId> = w
        .look(|c| appointment::table.select(appointment::appointment_id).load::<AppointmentId>(c))
        .await
        .into_iter()
        .collect();
    let made: Vec<AppointmentId> = days.iter().filter_map(|(.., id)| *id).collect();
    assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len(), "an appointment stands for one day");
    assert!(made.iter().all(|id| known.contains(id)), "each is there");
    for (id, on, effect, appointment) in &days {
        assert_eq!(effect == "made", appointment.is_some(), "{id} on {on}");
    }
    assert_eq!(known.len(), done.booked + made.len(), "{done:?}");
    type Row = (SeriesId, Option<SeriesId>, String, Option<String>, String);
    let all: Vec<Row> = w
        .look(|c| {
            series::table
                .select((
                    series::series_id,
                    series::split_from,
                    series::starts_on,
                    series::ends_on,
                    series::state,
                ))
                .load(c)
        })
        .await;
    for (id, _, starts_on, ends_on, state) in &all {
        assert_eq!(state == "ended", ends_on.is_some(), "{id}");
        let of = || days.iter().filter(|(of, ..)| of == id);
        assert!(of().all(|(_, on, ..)| on >= starts_on), "{id} has a day before its first one");
    }
    assert_eq!(all.iter().filter(|row| row.1.is_none()).count(), done.series, "one for each that was made");
    made.len()
}

/// An event of a calendar file.
#[derive(Debug)]
struct Event {
    starts_at: jiff::Timestamp,
    zone: String,
    sequence: i32,
    is_on: bool,
}

/// Reads a calendar file strictly (RFC 5545): folded lines, nesting, each property once, each zone described.
fn events_in(file: &str) -> BTreeMap<String, Event> {
    assert!(file.ends_with("\r\n"), "a line has its end");
    assert!(
        file.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')),
        "lines are folded at 75 octets"
    );
    let unfolded = file.replace("\r\n ", "");
    let (mut open, mut zones, mut all): (Vec<String>, BTreeSet<String>, _) =
        (Vec::new(), BTreeSet::new(), BTreeMap::new());
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for line in unfolded.split_terminator("\r\n") {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no property: {line:?}"));
        match name {
            "BEGIN" => {
                open.push(value.to_owned());
                if value == "VEVENT" {
                    fields.clear();
                }
            }
            "END" => {
                assert_eq!(open.pop().as_deref(), Some(value), "what begins last ends first");
                if value != "VEVENT" {
                    continue;
                }
                let zone =
                    fields.keys().find_map(|name| name.strip_prefix("DTSTART;TZID=")).expect("a beginning");
                assert!(
                    zones.contains(zone) && fields.contains_key(&format!("DTEND;TZID={zone}")),
                    "{fields:?}"
                );
                assert!(fields.contains_key("DTSTAMP") && fields.contains_key("SUMMARY"), "{fields:?}");
                let local = &fields[&format!("DTSTART;TZID={zone}")];
                let local = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", local).expect("a moment");
                let event = Event {
                    starts_at: local.in_tz(zone).expect("a zone").timestamp(),
                    zone: zone.to_owned(),
                    sequence: fields["SEQUENCE"].parse().expect("a number"),
                    is_on: fields["STATUS"] == "CONFIRMED",
                };
                let known = all.insert(fields["UID"].clone(), event);
                assert!(known.is_none(), "one event, one name");
            }
            "TZID" => {
                zones.insert(value.to_owned());
            }
            _ if open.last().is_some_and(|of| of == "VEVENT") => {
                let before = fields.insert(name.to_owned(), value.to_owned());
                assert!(before.is_none(), "{name} stands twice");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} have no end");
    all
}

/// The feed and the file of each appointment say what the client's page says, and that is what is booked.
async fn calendars_agree(w: &World, chart: ChartId, who: &Enrolled) -> usize {
    let mut browser = sign_in(w, &who.name).await;
    let page = browser.get("/portal/appointments/calendar").await;
    let made = browser.submit(&page, "/portal/appointments/calendar", &[]).await;
    let rest = made.html().split("/riverbend/cal/").nth(1).map(str::to_owned).expect("an address");
    let address = format!("/riverbend/cal/{}", rest.split('"').next().expect("its end"));
    let file = w.browser().get(&address).await;
    let found = events_in(&file.must_be(200).html());
    let stored: Vec<(AppointmentId, i64, i32, String, String)> = w
        .look(move |c| {
            appointment::table
                .inner_join(
                    appointment_party::table.on(appointment_party::practice_id
                        .eq(appointment::practice_id)
                        .and(appointment_party::appointment_id.eq(appointment::appointment_id))),
                )
                .filter(appointment_party::chart_id.eq(chart))
                .select((
                    appointment::appointment_id,
                    appointment::starts_at,
                    appointment::ics_sequence,
                    appointment::state,
                    appointment_party::state,
                ))
                .load(c)
        })
        .await;
    assert_eq!(found.len(), stored.len(), "{found:?}");
    let list = browser.get("/portal/appointments").await;
    list.must_be(200);
    for (id, starts_at, sequence, state, party) in &stored {
        let name =
            found.keys().find(|uid| uid.starts_with(&format!("{id}@"))).expect("it stands in the calendar");
        let event = &found[name];
        let is_on = state == "booked" && party == "expected";
        let at = Timestamp::from_micros(*starts_at);
        assert_eq!(
            (Timestamp::from(event.starts_at), event.sequence, event.is_on),
            (at, *sequence, is_on),
            "{id}"
        );
        let own = browser.get(&format!("/portal/appointments/{id}/calendar.ics")).await;
        let own = events_in(&own.must_be(200).html());
        assert_eq!((own.len(), Timestamp::from(own[name].starts_at), own[name].sequence), (1, at, *sequence));
        // The page names it by the same clock.
        let there = event.starts_at.in_tz(&event.zone).expect("a zone");
        let words = there.strftime("%A, %B %-d, %Y, %-I:%M %p").to_string();
        let page = browser.get(&format!("/portal/appointments/{id}")).await;
        page.must_be(200).must_say(&words);
        if is_on {
            assert!(list.html().contains(&format!("/portal/appointments/{id}")), "{id} stands on the list");
            list.must_say(&words);
        }
    }
    stored.len()
}

stories! {
    async fn whatever_many_do_at_once_nothing_overlaps_nothing_is_lost_and_every_calendar_is_true(w: &mut World) {
        let mut clients = Vec::new();
        for last in ["Abel", "Baker", "Chen"] {
            let email = format!("kim.{}@example.com", last.to_lowercase());
            let client = w.chart_with("Kim", last, "1990-04-12", &email).await;
            clients.push((client.chart_id, enrolled(w, &client).await));
        }
        w.stop_sending().await;
        let places = [place(w, PlaceKind::Office).await, place(w, PlaceKind::Video).await];
        let staff = [casey(w), w.riverbend.member(Role::Administrator).staff_id];
        let mut all = Done::default();
        let text = key(w, &w.riverbend, &[Scope::AppointmentsRead, Scope::AppointmentsWrite]).await;
        for seed in 1..=seeds() {
            let mut working = Vec::new();
            for of in 1..=3 {
                let mut actor = Actor {
                    program: w.browser().with("authorization", &format!("Bearer {text}")),
                    desk: w.staff(Role::FrontDesk).await,
                    charts: clients.iter().map(|(chart, _)| *chart).collect(),
                    staff,
                    places,
                    dice: Dice((seed * 16 + of).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                    done: Done::default(),
                };
                let clock = w.clock.clone();
                working.push(tokio::spawn(async move {
                    for _ in 0..ACTS {
                        // A program may ask so often a minute.
                        clock.advance_seconds(1);
                        actor.act().await;
                    }
                    actor.done
                }));
            }
            for one in working {
                let done = one.await.expect("it came to its end");
                all.booked += done.booked;
                all.moved += done.moved;
                all.canceled += done.canceled;
                all.series += done.series;
                all.split += done.split;
                all.ended += done.ended;
                all.hours += done.hours;
                all.time_off += done.time_off;
                all.refused += done.refused;
            }
            nothing_overlaps(w).await;
            nothing_is_lost(w, &all).await;
            series_are_whole(w, &all).await;
        }
        let mut seen = 0;
        for (chart, who) in &clients {
            seen += calendars_agree(w, *chart, who).await;
        }
        eprintln!("{all:?}, {seen} appointments");
        let each = [all.booked, all.moved, all.canceled, all.series, all.split, all.ended, all.hours, all.time_off, all.refused];
        assert!(each.iter().all(|count| *count > 0), "the dice left something out: {all:?}");
        assert!(seen > 20, "only {seen} appointments");
    }
}
