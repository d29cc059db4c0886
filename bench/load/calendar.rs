//! B20: the calendar. The openings of a year of a practice with 50 clinicians and 78,000 appointments, the page on which
//! a client asks for a time, a week of the staff's calendar, and how many bookings a second one practice takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anteroom::features::appointments::booking::{self, Booking, Slot};
use anteroom::features::appointments::{NewAppointment, VisitKind};
use anteroom::features::calendar::openings::WeeklyHours;
use anteroom::features::calendar::{
    self, Holds, OneCancels, Search, Seats, TypeFields, Visit, WhoMayAsk, find_openings,
};
use anteroom::features::practice;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{ChartId, PlaceId, StaffId};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{chart, staff_member};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::Size;
use super::report::{Line, Report, Verdict};
use super::seed;
use super::servers::{Server, vacuum};
use super::turns::{Contender, get, show};
use crate::support::world::{Engine, World, take_down};

/// Charts of the practice, and clients who are signed in.
const CHARTS: usize = 2_000;
const CLIENTS: usize = 20;
/// The first hour of a working day, and hours of it that are booked; the two behind them stay open.
const FIRST_HOUR: i8 = 9;
const BOOKED_HOURS: i8 = 6;
const OPEN_HOURS: i8 = 2;
/// People who book at once.
const BOOKING: usize = 16;
/// The openings of a year are found within so many milliseconds.
const SEARCH: f64 = 10.0;

/// Gives the section of the results.
pub fn measure(pictures: &std::path::Path, quick: bool) -> String {
    let (clinicians, weeks, seconds) = if quick { (5, 2, 0.3) } else { (50, 52, 3.0) };
    let mut report = Report::of(Size { seconds, ..Size::WHOLE });
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|engine| engine.is_wanted()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let began = Instant::now();
        let seeded = runtime.block_on(seed::seed(engine, CHARTS, CLIENTS));
        let filled = runtime.block_on(fill(&seeded.world, clinicians, weeks));
        let booked = filled.booked;
        eprintln!("{}: {booked} appointments in {:.0} s", engine.word(), began.elapsed().as_secs_f64());
        vacuum(&seeded.world.database.text());
        let times = runtime.block_on(searches(&seeded.world, seconds));
        let what =
            format!("openings of a year, {clinicians} clinicians, {booked} appointments, {}", engine.word());
        report.add(Line {
            row: "B20",
            what,
            figure: format!(
                "first {:.1} ms, then p50 {:.1}, p99 {:.1} ms of {}",
                times.first, times.p50, times.p99, times.count
            ),
            ratio: "–".into(),
            must: format!("p99 ≤ {SEARCH} ms"),
            verdict: Verdict::at_most(times.p99, SEARCH),
        });
        let folder = tempfile::tempdir().expect("a data folder");
        let server = Server::anteroom("Anteroom", &seeded.world, folder.path());
        let of = |cookies: &[String], path: &str| Contender {
            server: &server,
            requests: (0..256).map(|n| get(&server, path, &cookies[n % cookies.len()])).collect(),
        };
        let day = filled.first_day;
        let of_one = format!("/staff/calendar?view=week&date={day}&who={}", filled.staff[0]);
        let rows = [
            ("a client asks for a time", of(&seeded.clients, "/portal/appointments/request")),
            ("a day of everybody", of(&seeded.staff, &format!("/staff/calendar?date={day}"))),
            ("a week of one clinician", of(&seeded.staff, &of_one)),
            ("a week of everybody", of(&seeded.staff, &format!("/staff/calendar?view=week&date={day}"))),
        ];
        for (what, contender) in &rows {
            let what = format!("{what}, {}", engine.word());
            show(&mut report, ("B20", what), contender, (8, seconds), None);
        }
        drop(rows);
        drop(server);
        let rate = runtime.block_on(bookings(&seeded.world, &filled, seconds));
        report.add(Line {
            row: "B20",
            what: format!("bookings in one practice, {}, {BOOKING} people", engine.word()),
            figure: format!("{rate:.0}/s"),
            ratio: "–".into(),
            must: "–".into(),
            verdict: Verdict::Shown,
        });
        let database = seeded.world.database.clone();
        runtime.block_on(async { drop(seeded) });
        runtime.shutdown_timeout(Duration::from_secs(2));
        take_down(database);
    }
    report.write(pictures)
}

/// The practice, filled.
struct Filled {
    staff: Vec<StaffId>,
    place: PlaceId,
    charts: Vec<ChartId>,
    days: Vec<Date>,
    first_day: Date,
    zone: TimeZone,
    booked: usize,
}

impl Filled {
    fn at(&self, day: Date, hour: i8) -> Timestamp {
        let moment = day.at(hour, 0, 0, 0).to_zoned_datetime(self.zone.clone()).expect("a working hour");
        moment.timestamp().into()
    }

    /// A chart for the visit of this number: all that are at one time have different ones.
    fn chart(&self, visit: usize) -> ChartId {
        self.charts[visit % self.charts.len()]
    }
}

fn visit(filled: &Filled, visit: usize, who: usize, starts_at: Timestamp) -> NewAppointment {
    NewAppointment {
        chart: filled.chart(visit),
        with: Vec::new(),
        seats: Seats::ONE,
        request: None,
        starts_at,
        minutes: 50,
        kind: VisitKind::Session,
        place: filled.place,
        staff: filled.staff[who],
    }
}

/// Clinicians with hours, a type for which clients may ask, and six visits of each on each working day.
async fn fill(w: &World, clinicians: usize, weeks: i64) -> Filled {
    let by = w.riverbend.by(Role::FrontDesk);
    let zone = w.riverbend.practice.zone();
    let today = w.now().in_zone(&zone).date();
    let monday = today.saturating_add((7 - i64::from(today.weekday().to_monday_zero_offset())).days());
    let days: Vec<Date> = (0..7 * weeks)
        .map(|day| monday.saturating_add(day.days()))
        .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
        .collect();
    // Those of the clients who are signed in have visits of their own.
    let charts: Vec<ChartId> = w
        .look(|c| {
            chart::table
                .filter(chart::chart_number.like("B%"))
                .order(chart::chart_number.desc())
                .limit((CHARTS - 4 * CLIENTS) as i64)
                .select(chart::chart_id)
                .load(c)
        })
        .await;
    let made = move |c: &mut Scoped<'_>| {
        let place = practice::places(c)?.first().map(|place| place.place_id);
        let place = place.ok_or_else(|| Fault::other("the practice has no place"))?;
        calendar::insert_type(
            c,
            &TypeFields {
                kind: VisitKind::Session,
                name: "Session".into(),
                minutes: 50,
                before_minutes: 0,
                after_minutes: 10,
                grid_minutes: 30,
                notice_hours: 24,
                horizon_days: 365,
                who_may_ask: WhoMayAsk::Clients,
                max_parties: 1,
                one_cancels: OneCancels::Keep,
            },
        )?;
        let mut staff = Vec::new();
        for n in 0..clinicians {
            let id = StaffId::fresh(c.rng(), c.now());
            let email = format!("clinician{n}@example.org");
            c.insert(
                staff_member::table,
                (
                    staff_member::staff_id.eq(id),
                    staff_member::email.eq(&email),
                    staff_member::email_key.eq(&email),
                    staff_member::name.eq(format!("Clinician {n:02}")),
                    staff_member::role.eq(Role::Clinician),
                    staff_member::state.eq("active"),
                    staff_member::version.eq(1i64),
                    staff_member::created_at.eq(c.now()),
                ),
            )?;
            for day in 1..=5 {
                let hours = WeeklyHours {
                    staff: id,
                    place,
                    weekday: Weekday::from_monday_one_offset(day).map_err(|e| Fault::other(e.to_string()))?,
                    from: i32::from(FIRST_HOUR) * 60,
                    until: i32::from(FIRST_HOUR + BOOKED_HOURS + OPEN_HOURS) * 60,
                    every_weeks: 1,
                    starts_on: today,
                    ends_on: None,
                };
                calendar::add_hours(c, &hours)?;
            }
            staff.push(id);
        }
        Ok((staff, place))
    };
    let (staff, place) = w.app.db.write(&w.riverbend.scope, made).await.expect("no fault");
    let first_day = days[0];
    let mut filled = Filled { staff, place, charts, days, first_day, zone, booked: 0 };
    let mut visits = Vec::new();
    for day in &filled.days {
        for hour in FIRST_HOUR..FIRST_HOUR + BOOKED_HOURS {
            let at = filled.at(*day, hour);
            for who in 0..filled.staff.len() {
                visits.push(visit(&filled, visits.len(), who, at));
            }
        }
    }
    filled.booked = visits.len();
    for (n, some) in visits.chunks(300).enumerate() {
        if n % 40 == 0 {
            vacuum(&w.database.text());
        }
        let (some, by) = (some.to_vec(), by.clone());
        let written = w.app.db.write(&w.riverbend.scope, move |c| {
            some.iter().try_for_each(|one| {
                booking::record(c, &by, one)?.map(drop).map_err(|_| Fault::other("two visits at one time"))
            })
        });
        written.await.expect("no fault");
    }
    filled
}

/// How long searches took, in milliseconds.
struct Times {
    first: f64,
    p50: f64,
    p99: f64,
    count: usize,
}

/// Looks for the days of a year on which anybody has an opening for a client, again and again.
async fn searches(w: &World, seconds: f64) -> Times {
    let charts: Vec<ChartId> = w.look(|c| chart::table.select(chart::chart_id).limit(200).load(c)).await;
    let zone = w.riverbend.practice.zone();
    let (mut times, began) = (Vec::new(), Instant::now());
    for chart in charts.iter().cycle() {
        if began.elapsed().as_secs_f64() > 2.0 * seconds && times.len() >= 20 {
            break;
        }
        let (chart, zone) = (*chart, zone.clone());
        let at = Instant::now();
        let days = w.app.db.read(&w.riverbend.scope, move |c| {
            let visit =
                Visit { minutes: 50, before: 0, after: 10, grid: 30, notice_hours: 24, horizon_days: 365 };
            let search = Search {
                visit,
                staff: None,
                place: None,
                place_kind: None,
                chart: Some(chart),
                holds: Holds::Respected,
                moving: None,
                from: c.now(),
                until: c.now().plus_hours(24 * 365),
            };
            Ok(find_openings(c, &search)?.days(&zone))
        });
        assert!(!days.await.expect("no fault").is_empty(), "there are openings");
        times.push(at.elapsed().as_secs_f64() * 1_000.0);
    }
    let first = times[0];
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize];
    Times { first, p50: at(0.5), p99: at(0.99), count: times.len() }
}

/// Bookings of many people at once, each with clinicians of their own, in a second.
async fn bookings(w: &World, filled: &Filled, seconds: f64) -> f64 {
    let (booked, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut people = Vec::new();
    for person in 0..BOOKING.min(filled.staff.len()) {
        let mut slots = Vec::new();
        for day in &filled.days {
            for hour in FIRST_HOUR + BOOKED_HOURS..FIRST_HOUR + BOOKED_HOURS + OPEN_HOURS {
                for who in (person..filled.staff.len()).step_by(BOOKING) {
                    let starts_at = filled.at(*day, hour);
                    slots.push(Booking {
                        chart: filled.chart(who),
                        with: Vec::new(),
                        seats: Seats::ONE,
                        request: None,
                        kind: VisitKind::Session,
                        slot: Slot { starts_at, minutes: 50, place: filled.place, staff: filled.staff[who] },
                        despite: Vec::new(),
                    });
                }
            }
        }
        let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk));
        let booked = booked.clone();
        people.push(tokio::spawn(async move {
            for slot in slots {
                if began.elapsed().as_secs_f64() > seconds {
                    break;
                }
                let (this, by) = (app.clone(), by.clone());
                let made = app.db.write(&scope, move |c| booking::book_in(&this, c, &by, &slot)).await;
                made.expect("no fault").expect("booked");
                booked.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for one in people {
        one.await.expect("every visit is booked");
    }
    booked.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}
