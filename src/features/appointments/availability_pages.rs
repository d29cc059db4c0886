//! The page on which staff say when a clinician is available: weekly hours, days that differ, time off.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::{Date, DateTime, Weekday};

use crate::features::appointments::availability::{self, NotKept, Outcome, Removal, needs_moving};
use crate::features::appointments::availability_form::{Reader, Typed};
use crate::features::appointments::calendar_lines::CALENDAR;
use crate::features::appointments::series_store::{Unbooked, unbooked_of};
use crate::features::appointments::store::DayEntry;
use crate::features::calendar::openings::{Opening, TimeOff};
use crate::features::calendar::{
    self, AppointmentType, Closure, DAY_MINUTES, DayEffect, DayRow, HoursRow, Search, WhoMayAsk, clinicians,
};
use crate::features::practice::{Place, places};
use crate::features::staff::{self, StaffSession};
use crate::kernel::ids::{AvailabilityId, PlaceId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Openings that the preview names.
const PREVIEW: usize = 8;
/// Hours that the preview looks ahead: four weeks.
const PREVIEW_HOURS: i64 = 4 * 7 * 24;

/// Whose hours there are.
pub(super) async fn list(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let people = app.db.read(&staff.scope, clinicians).await?;
    let own = people.iter().find(|(id, _)| *id == staff.staff_id && staff.role == Role::Clinician);
    let (first, _) = own.or(people.first()).ok_or(PageError::NotFound)?;
    Ok(see_other(&format!("/staff/availability/{first}")))
}

pub(super) struct Line {
    pub id: String,
    pub what: String,
    pub note: String,
}

pub(super) struct Moving {
    pub href: String,
    pub when: String,
    pub client: String,
}

struct Person {
    href: String,
    name: String,
    is_shown: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/availability.html")]
struct Page {
    frame: StaffFrame,
    id: String,
    name: String,
    people: Vec<Person>,
    may_keep: bool,
    hours: Vec<Line>,
    days: Vec<Line>,
    off: Vec<Line>,
    moving: Vec<Moving>,
    /// Days of series that could not be booked when their turn came.
    unbooked: Vec<Moving>,
    /// What clients can ask for, of the first type: its sentence and the first openings.
    preview: Option<(String, Vec<String>)>,
    errors: FieldErrors,
    form: Typed,
    marks: [String; 3],
    weekdays: Vec<(i8, &'static str, bool)>,
    places: Vec<(String, String)>,
    day_places: Vec<(String, String)>,
    effects: Vec<(String, String)>,
    weeks: Vec<(String, String)>,
    /// The appointments in the time off that was typed, and their ids for the tick.
    booked: Vec<Moving>,
    booked_title: String,
    seen: String,
}

/// What the page reads.
struct Read {
    name: String,
    people: Vec<(StaffId, String)>,
    places: Vec<Place>,
    hours: Vec<HoursRow>,
    days: Vec<DayRow>,
    off: Vec<Closure>,
    moving: Vec<DayEntry>,
    unbooked: Vec<Unbooked>,
    preview: Option<(AppointmentType, usize, Vec<Opening>)>,
}

fn read(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Option<Read>, Fault> {
    // Who sees no clients any more keeps their page, so that their hours can be taken away.
    let Some(member) = staff::store::find(c, &staff)? else { return Ok(None) };
    let people = clinicians(c)?;
    let now = c.now();
    let offered = calendar::types(c)?.into_iter().find(|of| of.closed_at.is_none());
    let preview = match offered {
        None => None,
        Some(of) => {
            let search = Search {
                visit: of.visit(),
                staff: Some(staff),
                place: None,
                place_kind: None,
                chart: None,
                holds: calendar::Holds::Ignored,
                moving: None,
                from: now,
                until: now.plus_hours(PREVIEW_HOURS),
            };
            let found = calendar::find_openings(c, &search)?;
            let (count, first) = (found.count(), found.first(PREVIEW));
            Some((of, count, first))
        }
    };
    Ok(Some(Read {
        name: member.name,
        people,
        places: places(c)?,
        hours: calendar::hours_of(c, staff, today)?,
        days: calendar::days_of(c, staff, today)?,
        off: calendar::closures_of(c, staff, today)?,
        moving: needs_moving(c, staff, today)?,
        unbooked: unbooked_of(c, staff, today)?,
        preview,
    }))
}

/// May they change this person's hours?
pub(super) fn may_keep(session: &StaffSession, of: StaffId) -> bool {
    session.may(Permission::KeepAvailability) && (session.role != Role::Clinician || session.staff_id == of)
}

pub(super) fn place_name(places: &[Place], id: PlaceId) -> String {
    places.iter().find(|place| place.place_id == id).map(|place| place.name.clone()).unwrap_or_default()
}

fn range(words: Words, from: i32, until: i32) -> String {
    words.with2("appointments-from-until", "from", words.clock(from), "until", words.clock(until))
}

fn hours_line(words: Words, places: &[Place], row: &HoursRow) -> Line {
    let of = &row.hours;
    let every = match of.every_weeks {
        1 => words.weekday(of.weekday).to_owned(),
        _ => words.with1("appointments-every-second", "day", words.weekday(of.weekday)),
    };
    let line =
        [("day", every), ("time", range(words, of.from, of.until)), ("place", place_name(places, of.place))];
    let since = words.civil_date(of.starts_on);
    let note = match of.ends_on {
        Some(last) => words.with2("appointments-hours-until", "from", since, "until", words.civil_date(last)),
        None => words.with1("appointments-hours-since", "from", since),
    };
    Line { id: row.id.to_string(), what: words.with("appointments-hours-line", &line), note }
}

fn day_line(words: Words, places: &[Place], row: &DayRow) -> Line {
    let of = &row.day;
    let is_whole = (of.from, of.until) == (0, DAY_MINUTES);
    let time = if is_whole { words.get("appointments-whole-day") } else { range(words, of.from, of.until) };
    let key = match of.effect {
        DayEffect::Closed => "appointments-day-closed",
        DayEffect::Open => "appointments-day-open",
    };
    let note = of.place.map(|place| place_name(places, place)).unwrap_or_default();
    let what = words.with2(key, "day", words.civil_date(of.on), "time", time);
    Line { id: row.id.to_string(), what, note }
}

/// "December 24, 2026, 12:00 PM".
fn local(words: Words, moment: DateTime) -> String {
    let minutes = i32::from(moment.hour()) * 60 + i32::from(moment.minute());
    format!("{}, {}", words.civil_date(moment.date()), words.clock(minutes))
}

/// Whole days are named by their days.
pub(super) fn off_line(words: Words, closure: &Closure, where_: String) -> Line {
    let TimeOff { from, until, .. } = closure.off;
    let midnight = |moment: DateTime| (moment.hour(), moment.minute()) == (0, 0);
    let last = until.date().yesterday().unwrap_or(until.date());
    let what = if midnight(from) && midnight(until) {
        if from.date() == last {
            words.civil_date(last)
        } else {
            let (from, last) = (words.civil_date(from.date()), words.civil_date(last));
            words.with2("appointments-from-until", "from", from, "until", last)
        }
    } else {
        words.with2("appointments-from-until", "from", local(words, from), "until", local(words, until))
    };
    let note = [where_, closure.note.clone()].into_iter().filter(|part| !part.is_empty());
    Line { id: closure.id.to_string(), what, note: note.collect::<Vec<_>>().join(" · ") }
}

pub(super) fn moving(words: Words, entry: &DayEntry) -> Moving {
    let of = &entry.appointment;
    Moving {
        href: format!("/staff/appointments/{}", of.appointment_id),
        when: words.date_time_zone(of.starts_at, of.place.time_zone.rules()),
        client: entry.names(),
    }
}

fn unbooked(words: Words, day: &Unbooked) -> Moving {
    Moving {
        href: format!("/staff/series/{}", day.series),
        when: words.civil_date(day.on),
        client: day.number.clone(),
    }
}

/// What went wrong on the page.
#[derive(Default)]
pub(super) struct Trouble {
    pub errors: FieldErrors,
    pub booked: Vec<DayEntry>,
}

pub(super) fn ids_of(booked: &[DayEntry]) -> String {
    let ids: Vec<String> = booked.iter().map(|entry| entry.appointment.appointment_id.to_string()).collect();
    ids.join(" ")
}

pub(super) fn booked_title(words: Words, booked: &[DayEntry]) -> String {
    words.count("appointments-off-booked", "count", i64::try_from(booked.len()).unwrap_or(i64::MAX))
}

async fn load(app: &AppState, session: &StaffSession, id: &str) -> Result<(StaffId, Read), PageError> {
    let id: StaffId = id.parse().map_err(|_| PageError::NotFound)?;
    let today = session.practice.today(app.now());
    let found = app.db.read(&session.scope, move |c| read(c, id, today)).await?;
    Ok((id, found.ok_or(PageError::NotFound)?))
}

fn show(
    app: &AppState,
    session: &StaffSession,
    (id, read): (StaffId, Read),
    form: Typed,
    trouble: Trouble,
) -> PageResult {
    let words = session.words;
    let is_fine = trouble.errors.is_empty() && trouble.booked.is_empty();
    let status = if is_fine { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let open_places: Vec<(String, String)> = read
        .places
        .iter()
        .filter(|place| place.closed_at.is_none())
        .map(|place| (place.place_id.to_string(), place.name.clone()))
        .collect();
    let everywhere = (String::new(), words.get("appointments-everywhere"));
    let preview = read.preview.map(|(of, count, first)| {
        let begins = |opening: &Opening| {
            let place = read.places.iter().find(|place| place.place_id == opening.place);
            let zone = place.map_or(&session.zone, |place| place.time_zone.rules());
            words.date_time_zone(opening.starts_at, zone)
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let sentence = words.with2("appointments-preview", "count", count, "type", &of.name);
        let hidden = of.who_may_ask == WhoMayAsk::Nobody;
        let sentence = match hidden {
            true => format!("{sentence} {}", words.get("appointments-preview-hidden")),
            false => sentence,
        };
        (sentence, first.iter().map(begins).collect())
    });
    let chosen = |day: i8| form.weekday.iter().any(|typed| typed.parse() == Ok(day));
    let page = Page {
        people: read
            .people
            .iter()
            .map(|(each, name)| Person {
                href: format!("/staff/availability/{each}"),
                name: name.clone(),
                is_shown: *each == id,
            })
            .collect(),
        id: id.to_string(),
        name: read.name,
        may_keep: may_keep(session, id),
        hours: read.hours.iter().map(|row| hours_line(words, &read.places, row)).collect(),
        days: read.days.iter().map(|row| day_line(words, &read.places, row)).collect(),
        off: read.off.iter().map(|closure| off_line(words, closure, String::new())).collect(),
        moving: read.moving.iter().map(|entry| moving(words, entry)).collect(),
        unbooked: read.unbooked.iter().map(|day| unbooked(words, day)).collect(),
        preview,
        marks: std::array::from_fn(|_| FormToken::fresh(app.rng.as_ref())),
        weekdays: Weekday::Sunday
            .cycle_forward()
            .take(7)
            .map(|day| (day.to_monday_one_offset(), words.weekday(day), chosen(day.to_monday_one_offset())))
            .collect(),
        day_places: std::iter::once(everywhere).chain(open_places.iter().cloned()).collect(),
        places: open_places,
        effects: DayEffect::ALL
            .iter()
            .map(|effect| (effect.word().to_owned(), words.get(&format!("appointments-effect-{effect}"))))
            .collect(),
        weeks: [1, 2]
            .map(|weeks| (weeks.to_string(), words.get(&format!("appointments-every-{weeks}"))))
            .to_vec(),
        seen: ids_of(&trouble.booked),
        booked_title: booked_title(words, &trouble.booked),
        booked: trouble.booked.iter().map(|entry| moving(words, entry)).collect(),
        errors: trouble.errors,
        form,
        frame: session.frame(app, CALENDAR),
    };
    Ok((status, html(page.render())?).into_response())
}

/// One person's hours.
pub(super) async fn one(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let loaded = load(&app, &staff, &id).await?;
    let form = Typed {
        starts_on: staff.practice.today(app.now()).to_string(),
        every_weeks: "1".into(),
        ..Typed::default()
    };
    show(&app, &staff, loaded, form, Trouble::default())
}

/// Reads a form about a person whose hours the reader may change.
async fn opened(
    app: &AppState,
    staff: &StaffSession,
    id: &str,
    body: &Bytes,
) -> Result<(Typed, (StaffId, Read)), PageError> {
    let form: Typed = staff.form(body)?;
    let loaded = load(app, staff, id).await?;
    if !may_keep(staff, loaded.0) {
        return Err(PageError::Forbidden);
    }
    Ok((form, loaded))
}

fn overlap(words: Words, known: Line) -> String {
    words.with1("appointments-error-overlap", "hours", known.what)
}

/// Back to the page, or the page with what is wrong.
fn answer(
    app: &AppState,
    staff: &StaffSession,
    loaded: (StaffId, Read),
    form: Typed,
    outcome: Result<(), NotKept>,
) -> PageResult {
    let mut trouble = Trouble::default();
    match outcome {
        Ok(()) => return Ok(see_other(&format!("/staff/availability/{}?done=saved", loaded.0))),
        Err(NotKept::Booked(booked)) => trouble.booked = booked,
        Err(NotKept::TooMany) => {
            trouble.errors.add("form", staff.words.get("appointments-error-too-many-rows"))
        }
        Err(NotKept::HoursOverlap(row)) => {
            let known = hours_line(staff.words, &loaded.1.places, &row);
            trouble.errors.add("from", overlap(staff.words, known));
        }
        Err(NotKept::DayOverlaps(row)) => {
            let known = day_line(staff.words, &loaded.1.places, &row);
            trouble.errors.add("on_date", overlap(staff.words, known));
        }
        Err(NotKept::NotFound | NotKept::Stale) => return Err(PageError::NotFound),
    }
    show(app, staff, loaded, Typed { seen: String::new(), ..form }, trouble)
}

/// Adds weekly hours.
pub(super) async fn add_hours(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let (form, loaded) = opened(&app, &staff, &id, &body).await?;
    let mark = FormToken::read("hours", &staff.staff_id.to_string(), &form.mark, &body)?;
    let mut reader = Reader { words: staff.words, errors: FieldErrors::new(), places: &loaded.1.places };
    let Some(new) = reader.hours(loaded.0, &form) else {
        let trouble = Trouble { errors: reader.errors, ..Trouble::default() };
        return show(&app, &staff, loaded, form, trouble);
    };
    let outcome = availability::add_hours(&app, &staff.scope, staff.by(), loaded.0, new, mark).await?;
    answer(&app, &staff, loaded, form, outcome)
}

/// Adds a day that differs.
pub(super) async fn add_day(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let (form, loaded) = opened(&app, &staff, &id, &body).await?;
    let mark = FormToken::read("day", &staff.staff_id.to_string(), &form.mark, &body)?;
    let today = staff.practice.today(app.now());
    let mut reader = Reader { words: staff.words, errors: FieldErrors::new(), places: &loaded.1.places };
    let Some(new) = reader.day(loaded.0, &form, today) else {
        let trouble = Trouble { errors: reader.errors, ..Trouble::default() };
        return show(&app, &staff, loaded, form, trouble);
    };
    let outcome = availability::add_day(&app, &staff.scope, staff.by(), new, mark).await?;
    answer(&app, &staff, loaded, form, outcome)
}

/// Adds time off.
pub(super) async fn add_time_off(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let (form, loaded) = opened(&app, &staff, &id, &body).await?;
    let mark = FormToken::read("time-off", &staff.staff_id.to_string(), &form.mark, &body)?;
    let today = staff.practice.today(app.now());
    let mut reader = Reader { words: staff.words, errors: FieldErrors::new(), places: &loaded.1.places };
    let Some(new) = reader.time_off(Some(loaded.0), &form, today) else {
        let trouble = Trouble { errors: reader.errors, ..Trouble::default() };
        return show(&app, &staff, loaded, form, trouble);
    };
    let outcome: Outcome<()> = availability::add_time_off(&app, &staff.scope, staff.by(), new, mark).await;
    answer(&app, &staff, loaded, form, outcome?)
}

#[derive(Template)]
#[template(path = "features/appointments/templates/remove.html")]
pub(super) struct RemovePage {
    pub frame: StaffFrame,
    pub title: String,
    pub text: String,
    pub line: Line,
    /// Where the form is sent, and the word that says which kind of row it is; empty where there is one kind.
    pub action: String,
    pub kind: String,
    /// The page that shows the rows.
    pub back: String,
}

/// Takes a row of the page away, once whoever does it was asked. One that is gone already is gone.
pub(super) async fn remove(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let (form, (of, read)) = opened(&app, &staff, &id, &body).await?;
    let row: AvailabilityId = form.id.parse().map_err(|_| PageError::NotFound)?;
    let words = staff.words;
    let (what, line) = match form.kind.as_str() {
        "hours" => {
            let known = read.hours.iter().find(|known| known.id == row);
            (Removal::Hours(of, row), known.map(|known| hours_line(words, &read.places, known)))
        }
        "day" => {
            let known = read.days.iter().find(|known| known.id == row);
            (Removal::Day(of, row), known.map(|known| day_line(words, &read.places, known)))
        }
        "time-off" => {
            let known = read.off.iter().find(|known| known.id == row);
            (Removal::TimeOff(of, row), known.map(|known| off_line(words, known, String::new())))
        }
        _ => return Err(PageError::BadRequest),
    };
    let back = format!("/staff/availability/{of}");
    if let (Some(line), true) = (line, form.sure.is_empty()) {
        let page = RemovePage {
            frame: staff.frame(&app, CALENDAR),
            title: words.get(&format!("appointments-remove-{}-title", form.kind)),
            text: words.get(&format!("appointments-remove-{}-text", form.kind)),
            line,
            action: format!("{back}/remove"),
            kind: form.kind,
            back,
        };
        return html(page.render()).map(drafts::unfinished);
    }
    availability::remove(&app, &staff.scope, staff.by(), what).await?;
    Ok(see_other(&format!("{back}?done=removed")))
}
