//! A day of the practice: who sees whom, when and where; and the page that chooses the client for a free time.

use askama::Template;
use axum::extract::{Query, State};
use jiff::civil::{Date, DateTime};

use crate::features::appointments::kinds::RequestState;
use crate::features::appointments::labels::{Side, at_place, kind_label, seats_in_words, state_of};
use crate::features::appointments::lifecycle::PartyState;
use crate::features::appointments::slot_form::{clock_range, day_in, time_range};
use crate::features::appointments::store::{DayEntry, DayOf, day_of};
use crate::features::appointments::talk_store::{Asked, asked_between};
use crate::features::calendar::{Closure, DAY_MINUTES, clinicians, closures_on};
use crate::features::charts::{listed_name, look_up};
use crate::features::practice::{Place, places};
use crate::features::staff::StaffTicket;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::StaffId;
use crate::kernel::wall_clock::read_date;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html};

/// The practice's calendar.
pub(super) const CALENDAR: Section = Section("/staff/calendar");

/// Charts that are offered at once.
const MOST_FOUND: usize = 20;

struct Line {
    href: String,
    time: String,
    clients: Vec<Who>,
    what: String,
    /// What a request asks for or was offered, and nobody has booked: tag and word.
    asked: Option<(&'static str, String)>,
    /// How many seats are free, where several clients can come.
    seats: Option<String>,
    starts_at: Timestamp,
}

/// A client of a line.
struct Who {
    name: String,
    number: String,
    /// Whether they came, once that is noted: tag and word.
    noted: Option<(&'static str, String)>,
}

/// One clinician's day.
struct Column {
    name: String,
    /// When they have time off, and what for.
    off: Vec<String>,
    anchor: String,
    book: Option<String>,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/calendar.html")]
struct DayPage {
    frame: StaffFrame,
    title: String,
    date: String,
    previous: String,
    next: String,
    today: String,
    is_today: bool,
    who: String,
    people: Vec<(String, String)>,
    /// When the practice or a place of it is closed, and what for.
    closed: Vec<String>,
    columns: Vec<Column>,
    book: Option<String>,
    is_empty: bool,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct DayQuery {
    /// The day; today by default.
    date: String,
    /// One clinician; everybody by default.
    who: String,
}

/// "Time off, 9:00 AM to 12:00 PM: conference", or the same of closed days.
fn off_words(words: Words, date: Date, one: &Closure, places: &[Place]) -> String {
    let (midnight, end) =
        (date.at(0, 0, 0, 0), date.tomorrow().map_or(DateTime::MAX, |day| day.at(0, 0, 0, 0)));
    let (from, until) = (one.off.from.max(midnight), one.off.until.min(end));
    let minutes = |at: DateTime| {
        if at >= end { DAY_MINUTES } else { i32::from(at.hour()) * 60 + i32::from(at.minute()) }
    };
    let when = if from <= midnight && until >= end {
        words.get("appointments-off-all-day")
    } else {
        words.with2(
            "appointments-from-until",
            "from",
            words.clock(minutes(from)),
            "until",
            words.clock(minutes(until)),
        )
    };
    let place = one.off.place.and_then(|id| places.iter().find(|place| place.place_id == id));
    let what = match (one.off.staff, place) {
        (Some(_), None) => words.with1("appointments-off-on-day", "when", when),
        (Some(_), Some(place)) => {
            words.with2("appointments-off-on-day-at", "when", when, "place", &place.name)
        }
        (None, None) => words.with1("appointments-closed-on-day", "when", when),
        (None, Some(place)) => {
            words.with2("appointments-closed-on-day-at", "when", when, "place", &place.name)
        }
    };
    if one.note.is_empty() {
        what
    } else {
        words.with2("appointments-day-line", "time", what, "what", &one.note)
    }
}

pub(super) fn address(date: Date, who: Option<StaffId>) -> String {
    let who = who.map(|id| format!("&who={id}")).unwrap_or_default();
    format!("{}?date={date}{who}", CALENDAR.0)
}

/// A day.
pub(super) async fn day(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(query): Query<DayQuery>,
) -> PageResult {
    let (asked, who) = (read_date(&query.date), query.who.parse::<StaffId>().ok());
    let (staff, (date, people, entries, asked, (off, places))) = ticket
        .open(&app, move |c, staff| {
            let date = asked.unwrap_or_else(|| staff.practice.today(c.now()));
            let people = clinicians(c)?;
            let of = who.map_or(DayOf::Everybody, DayOf::Clinician);
            let (entries, asked) = match day_in(date, &staff.zone) {
                Some((from, until)) => (day_of(c, of, from, until)?, asked_between(c, who, from, until)?),
                None => (Vec::new(), Vec::new()),
            };
            let off = closures_on(c, date)?;
            let places = if off.is_empty() { Vec::new() } else { places(c)? };
            Ok((date, people, entries, asked, (off, places)))
        })
        .await?;
    let words = staff.words;
    let today = staff.practice.today(app.now());
    let may_book = staff.may(Permission::BookAppointments) && date >= today;
    let book = |id: Option<StaffId>| {
        let with = id.map(|id| format!("&with={id}")).unwrap_or_default();
        may_book.then(|| format!("{}/book?date={date}{with}", CALENDAR.0))
    };
    let line = |entry: &DayEntry| Line {
        href: format!("/staff/appointments/{}", entry.appointment.appointment_id),
        time: time_range(words, &staff.zone, &entry.appointment),
        clients: entry
            .clients
            .iter()
            .map(|one| Who {
                name: one.name.clone(),
                number: one.number.clone(),
                noted: (one.party != PartyState::Expected)
                    .then(|| state_of(words, &entry.appointment, one.party, Side::Practice, app.now())),
            })
            .collect(),
        what: words.with2(
            "appointments-calendar-what",
            "kind",
            kind_label(words, &entry.appointment),
            "place",
            at_place(words, &entry.appointment.place),
        ),
        asked: None,
        seats: seats_in_words(words, &entry.appointment),
        starts_at: entry.appointment.starts_at,
    };
    let asked_line = |one: &Asked| {
        let (tag, key) = match one.state {
            RequestState::Offered => ("stopped", "appointments-calendar-offered"),
            _ => ("waiting", "appointments-calendar-asked"),
        };
        Line {
            href: format!("/staff/requests/{}", one.time.request_id),
            time: clock_range(words, &staff.zone, &one.time.place, one.time.starts_at, one.time.ends_at),
            clients: vec![Who { name: one.client.clone(), number: one.number.clone(), noted: None }],
            what: at_place(words, &one.time.place),
            asked: Some((tag, words.get(key))),
            seats: None,
            starts_at: one.time.starts_at,
        }
    };
    // Who has left keeps a column while they have appointments; nobody's is hidden.
    let mut shown: Vec<(StaffId, String)> =
        people.iter().filter(|(id, _)| who.is_none_or(|only| only == *id)).cloned().collect();
    for entry in &entries {
        let of = entry.appointment.staff_id;
        if !shown.iter().any(|(id, _)| *id == of) {
            shown.push((of, entry.appointment.with_name.clone()));
        }
    }
    for one in &asked {
        if !shown.iter().any(|(id, _)| *id == one.time.staff_id) {
            shown.push((one.time.staff_id, one.time.with_name.clone()));
        }
    }
    let off_of = |whose: Option<StaffId>| -> Vec<String> {
        let theirs = off.iter().filter(|one| one.off.staff == whose);
        theirs.map(|one| off_words(words, date, one, &places)).collect()
    };
    let is_shown = |id: &StaffId| shown.iter().any(|(known, _)| known == id);
    let is_off = off.iter().any(|one| one.off.staff.is_some_and(|id| is_shown(&id)));
    let is_empty = entries.is_empty() && asked.is_empty() && !is_off;
    let lines_of = |id: StaffId| {
        let booked = entries.iter().filter(|entry| entry.appointment.staff_id == id).map(line);
        let asked = asked.iter().filter(|one| one.time.staff_id == id).map(asked_line);
        let mut lines: Vec<Line> = booked.chain(asked).collect();
        lines.sort_by_key(|line| line.starts_at);
        lines
    };
    let closed = off_of(None);
    let columns = shown
        .into_iter()
        .map(|(id, name)| Column {
            off: off_of(Some(id)),
            anchor: format!("who-{id}"),
            lines: lines_of(id),
            book: people.iter().any(|(known, _)| *known == id).then(|| book(Some(id))).flatten(),
            name,
        })
        // Whoever has nothing that day is told of only when they were asked for.
        .filter(|column| !column.lines.is_empty() || !column.off.is_empty() || who.is_some())
        .collect();
    let (yesterday, tomorrow) = (date.yesterday().unwrap_or(date), date.tomorrow().unwrap_or(date));
    let everybody = (String::new(), words.get("appointments-calendar-everybody"));
    let noon = day_in(date, &staff.zone).map(|(from, _)| words.date(from, &staff.zone));
    let page = DayPage {
        title: noon.unwrap_or_else(|| words.civil_date(date)),
        date: date.to_string(),
        previous: address(yesterday, who),
        next: address(tomorrow, who),
        today: address(today, who),
        is_today: date == today,
        who: who.map(|id| id.to_string()).unwrap_or_default(),
        people: std::iter::once(everybody)
            .chain(people.iter().map(|(id, name)| (id.to_string(), name.clone())))
            .collect(),
        closed,
        columns,
        book: book(who),
        is_empty,
        frame: staff.frame(&app, CALENDAR),
    };
    html(page.render())
}

struct Found {
    href: String,
    name: String,
    number: String,
    born: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/choose.html")]
struct ChoosePage {
    frame: StaffFrame,
    q: String,
    date: String,
    with: String,
    day: String,
    back: String,
    /// None before anything was typed.
    found: Option<Vec<Found>>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct ChooseQuery {
    date: String,
    with: String,
    q: String,
}

/// For whom? Leads on to the form in the chart.
pub(super) async fn choose(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(query): Query<ChooseQuery>,
) -> PageResult {
    let typed: String = query.q.chars().take(200).collect();
    let wanted = typed.trim().to_owned();
    let (staff, rows) = ticket
        .open(
            &app,
            move |c, staff| {
                if wanted.is_empty() { Ok(None) } else { look_up(c, staff, &wanted).map(Some) }
            },
        )
        .await?;
    if !staff.may(Permission::SeeCharts) {
        return Err(PageError::Forbidden);
    }
    let words = staff.words;
    let with = query.with.parse::<StaffId>().ok();
    let date = read_date(&query.date).unwrap_or_else(|| staff.practice.today(app.now()));
    let tail = with.map(|id| format!("&with={id}")).unwrap_or_default();
    let found = rows.map(|rows| {
        rows.iter()
            .take(MOST_FOUND)
            .map(|row| Found {
                href: format!("/staff/charts/{}/appointments/book?date={date}{tail}&back=day", row.chart_id),
                name: listed_name(row),
                number: row.number.clone(),
                born: row.birth_date.as_ref().map(|d| words.civil_date(d.date())).unwrap_or_default(),
            })
            .collect()
    });
    let page = ChoosePage {
        frame: staff.frame(&app, CALENDAR),
        q: typed,
        date: date.to_string(),
        with: with.map(|id| id.to_string()).unwrap_or_default(),
        day: words.day_short(date, staff.practice.today(app.now())),
        back: address(date, with),
        found,
    };
    html(page.render())
}
