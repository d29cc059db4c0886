//! A day of the practice: who sees whom, when and where; and the page that chooses the client for a free time.

use askama::Template;
use axum::extract::{Query, State};

use crate::features::appointments::calendar_lines::{
    CALENDAR, CalendarQuery, Head, Line, Shown, View, Wanted, address, book, lines, off_words, read,
};
use crate::features::appointments::calendar_week::week;
use crate::features::charts::{listed_name, look_up};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::StaffId;
use crate::kernel::wall_clock::read_date;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html};

/// Charts that are offered at once.
const MOST_FOUND: usize = 20;

/// One clinician's day.
struct Column {
    name: String,
    /// When they have time off, and what for.
    off: Vec<String>,
    anchor: String,
    book: Option<String>,
    /// Somebody was booked with them just now.
    is_next: bool,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/calendar.html")]
struct DayPage {
    frame: StaffFrame,
    head: Head,
    columns: Vec<Column>,
    is_empty: bool,
}

/// The calendar, as its address says.
pub(super) async fn calendar(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(query): Query<CalendarQuery>,
) -> PageResult {
    let wanted = query.wanted();
    let (staff, shown) = ticket.open(&app, move |c, staff| read(c, staff, wanted)).await?;
    match wanted.view {
        View::Day => day(&app, &staff, wanted, &shown),
        View::Week | View::List => week(&app, &staff, wanted, &shown),
    }
}

fn day(app: &AppState, staff: &StaffSession, wanted: Wanted, shown: &Shown) -> PageResult {
    let (words, date) = (staff.words, shown.date);
    let mut lines = lines(staff, shown, app.now());
    // Who has left keeps a column while they have appointments; nobody's is hidden.
    let mut people: Vec<(StaffId, String)> =
        shown.people.iter().filter(|(id, _)| wanted.who.is_none_or(|only| only == *id)).cloned().collect();
    for line in &lines {
        if !people.iter().any(|(id, _)| *id == line.staff) {
            people.push((line.staff, line.with.clone()));
        }
    }
    let off_of = |whose: Option<StaffId>| -> Vec<String> {
        let theirs = shown.off.iter().filter(|one| one.off.staff == whose);
        theirs.map(|one| off_words(words, date, one, &shown.places)).collect()
    };
    let is_shown = |id: &StaffId| people.iter().any(|(known, _)| known == id);
    let is_off = shown.off.iter().any(|one| one.off.staff.is_some_and(|id| is_shown(&id)));
    let is_empty = lines.is_empty() && !is_off;
    let columns = people
        .iter()
        .map(|(id, name)| Column {
            off: off_of(Some(*id)),
            anchor: format!("who-{id}"),
            lines: lines.extract_if(.., |line| line.staff == *id).collect(),
            book: shown
                .people
                .iter()
                .any(|(known, _)| known == id)
                .then(|| book(app, staff, date, Some(*id)))
                .flatten(),
            is_next: wanted.with == Some(*id),
            name: name.clone(),
        })
        // Whoever has nothing that day is told of only when they were asked for.
        .filter(|column| !column.lines.is_empty() || !column.off.is_empty() || wanted.who.is_some())
        .collect();
    let head = Head { closed: off_of(None), ..Head::of(app, staff, wanted, shown, words.long_date(date)) };
    let page = DayPage { head, columns, is_empty, frame: staff.frame(app, CALENDAR) };
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
