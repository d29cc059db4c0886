//! The demo's types of appointments, its clinician's hours in two zones, a day off, where they meet clients by video, and
//! a client who comes every week.

use axum::body::Bytes;
use jiff::civil::{Date, Weekday};

use crate::demo::seed::records::{COUPLE, GROUP, SECOND_OFFICE};
use crate::features::appointments::availability::{NewTimeOff, add_hours, add_time_off, add_type};
use crate::features::appointments::video::{self, LinkOf};
use crate::features::appointments::{NewSeries, series};
use crate::features::calendar::openings::TimeOff;
use crate::features::calendar::{NewHours, OneCancels, TypeFields, VisitKind, WhoMayAsk};
use crate::features::practice::{Place, PlaceKind, places};
use crate::kernel::ids::{ChartId, StaffId};
use crate::platform::audit::By;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;

/// Names, kinds, minutes, minutes free after it, days ahead, who may ask, and for how many clients.
type Type = (&'static str, VisitKind, i32, i32, i32, WhoMayAsk, (i32, OneCancels));
const TYPES: &[Type] = &[
    ("Regular visit", VisitKind::Session, 50, 10, 60, WhoMayAsk::Clients, (1, OneCancels::Keep)),
    ("Short check-in", VisitKind::CheckIn, 25, 5, 30, WhoMayAsk::Clients, (1, OneCancels::Keep)),
    ("First visit", VisitKind::FirstVisit, 80, 10, 90, WhoMayAsk::Nobody, (1, OneCancels::Keep)),
    (COUPLE, VisitKind::Session, 80, 10, 60, WhoMayAsk::Nobody, (2, OneCancels::Ask)),
    (GROUP, VisitKind::Session, 90, 15, 90, WhoMayAsk::Nobody, (6, OneCancels::Keep)),
];

/// The mark of a form that nobody else sends.
fn mark(app: &AppState, form: &'static str) -> Result<FormToken, Fault> {
    FormToken::read(form, "demo", &FormToken::fresh(app.rng.as_ref()), &Bytes::new())
        .map_err(|_| Fault::other("the demo's own form has no mark"))
}

fn seeding<E: std::fmt::Display>(why: E) -> Fault {
    Fault::other(format!("seeding hours: {why}"))
}

/// Writes them by the same actions as the pages.
pub async fn keep(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    clinician: StaffId,
    today: Date,
) -> Result<(), Fault> {
    for (name, kind, minutes, after_minutes, horizon_days, who_may_ask, (max_parties, one_cancels)) in TYPES {
        let new = TypeFields {
            kind: *kind,
            name: (*name).to_owned(),
            minutes: *minutes,
            before_minutes: 0,
            after_minutes: *after_minutes,
            grid_minutes: 30,
            notice_hours: 24,
            horizon_days: *horizon_days,
            who_may_ask: *who_may_ask,
            max_parties: *max_parties,
            one_cancels: *one_cancels,
        };
        add_type(app, scope, by.clone(), new, mark(app, "type")?).await?.map_err(seeding)?;
    }
    let all = app.db.read(scope, places).await?;
    let find = |wanted: &dyn Fn(&Place) -> bool| {
        let found = all.iter().find(|place| wanted(place)).map(|place| place.place_id);
        found.ok_or_else(|| seeding("the practice lacks a place"))
    };
    let office = find(&|place| place.kind == PlaceKind::Office && place.name != SECOND_OFFICE)?;
    let second_office = find(&|place| place.name == SECOND_OFFICE)?;
    let video = find(&|place| place.kind == PlaceKind::Video)?;
    let week = [
        (Weekday::Monday, office, 9, 13),
        (Weekday::Tuesday, office, 12, 19),
        (Weekday::Wednesday, video, 9, 16),
        (Weekday::Thursday, second_office, 8, 12),
        (Weekday::Friday, office, 9, 13),
    ];
    let hours = week.map(|(weekday, place, from, until)| NewHours {
        staff: clinician,
        place,
        weekday,
        from: from * 60,
        until: until * 60,
        every_weeks: 1,
        starts_on: today,
        ends_on: None,
    });
    let new = hours.to_vec();
    add_hours(app, scope, by.clone(), clinician, new, mark(app, "hours")?).await?.map_err(seeding)?;
    // Far enough ahead that nothing is booked then.
    let day = |days: i32| today.checked_add(jiff::Span::new().days(days)).unwrap_or(today).at(0, 0, 0, 0);
    let off = TimeOff { staff: Some(clinician), place: None, from: day(45), until: day(48) };
    let new = NewTimeOff { off, note: "A course".to_owned(), seen: Vec::new() };
    add_time_off(app, scope, by.clone(), new, mark(app, "time-off")?).await?.map_err(seeding)
}

/// The hours of the others who see clients, from Monday to Friday: one in this office, the next in the other one, in turn.
pub async fn keep_of_colleagues(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    colleagues: &[StaffId],
    today: Date,
) -> Result<(), Fault> {
    let all = app.db.read(scope, places).await?;
    let offices: Vec<&Place> = all.iter().filter(|place| place.kind == PlaceKind::Office).collect();
    let (here, there): (Vec<&Place>, Vec<&Place>) =
        offices.into_iter().partition(|place| place.name != SECOND_OFFICE);
    for (staff, office) in colleagues.iter().zip(here.into_iter().chain(there).cycle()) {
        let days =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let hours = days.map(|weekday| NewHours {
            staff: *staff,
            place: office.place_id,
            weekday,
            from: 8 * 60,
            until: 17 * 60,
            every_weeks: 1,
            starts_on: today,
            ends_on: None,
        });
        let mark = mark(app, "hours")?;
        add_hours(app, scope, by.clone(), *staff, hours.to_vec(), mark).await?.map_err(seeding)?;
    }
    Ok(())
}

/// Sets the clinician's standing video link.
pub async fn meet_by_video(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    clinician: StaffId,
) -> Result<(), Fault> {
    let link = "https://video.example.org/riverbend/casey-moreno".parse().map_err(seeding)?;
    video::set(app, scope, by.clone(), LinkOf::Staff(clinician), Some(link)).await?.map_err(seeding)
}

/// Books a client every week, from the third Wednesday on, after a look at the days.
pub async fn come_every_week(
    app: &AppState,
    scope: &PracticeScope,
    by: &By,
    (clinician, chart): (StaffId, ChartId),
    today: Date,
) -> Result<(), Fault> {
    let all = app.db.read(scope, places).await?;
    let office = all.iter().find(|place| place.kind == PlaceKind::Office).map(|place| place.place_id);
    let to_wednesday = i64::from((3 - today.weekday().to_monday_one_offset()).rem_euclid(7));
    let new = NewSeries {
        chart,
        kind: VisitKind::Session,
        rule: "FREQ=WEEKLY;COUNT=12".parse().map_err(|why| seeding(format!("{why}")))?,
        starts_on: today.saturating_add(jiff::Span::new().days(14 + to_wednesday)),
        time: jiff::civil::time(16, 0, 0, 0),
        minutes: 50,
        place: office.ok_or_else(|| seeding("the practice lacks an office"))?,
        staff: clinician,
    };
    let look = new.clone();
    let plan = app.db.read(scope, move |c| series::preview(c, &look)).await?.map_err(seeding)?;
    let shown = series::fingerprint(&plan, &new);
    series::make(app, scope, by.clone(), new, shown, mark(app, "series")?).await?.map_err(seeding)?;
    Ok(())
}
