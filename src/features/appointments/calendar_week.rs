//! A week of the practice, its days side by side on a desk; and the list of seven days.

use askama::Template;
use jiff::civil::Date;

use crate::features::appointments::calendar_lines::{
    CALENDAR, Head, Line, Shown, View, Wanted, address, book, is_on, lines, off_words,
};
use crate::features::calendar::Closure;
use crate::features::staff::StaffSession;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageResult, html};

/// One day.
struct Day {
    anchor: String,
    /// "Mon, Nov 30"; in a list the whole date.
    title: String,
    /// Its own page.
    href: String,
    is_today: bool,
    book: Option<String>,
    /// When the practice is closed or somebody has time off.
    off: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/calendar_week.html")]
struct WeekPage {
    frame: StaffFrame,
    head: Head,
    is_list: bool,
    /// Is everybody's shown, so that each line says with whom it is?
    says_with: bool,
    days: Vec<Day>,
}

/// The week of a day, or the seven days from it on.
pub(super) fn week(app: &AppState, staff: &StaffSession, wanted: Wanted, shown: &Shown) -> PageResult {
    let (words, is_list) = (staff.words, wanted.view == View::List);
    let today = staff.practice.today(app.now());
    let mut lines = lines(staff, shown, app.now());
    let off_on = |date: Date| -> Vec<String> {
        let shows = |one: &&Closure| {
            is_on(one, date) && one.off.staff.is_none_or(|id| wanted.who.is_none_or(|only| only == id))
        };
        let text = |one: &Closure| {
            let what = off_words(words, date, one, &shown.places);
            let whose = one.off.staff.filter(|_| wanted.who.is_none());
            let whose = whose.and_then(|id| shown.people.iter().find(|(known, _)| *known == id));
            match whose {
                Some((_, name)) => words.with2("appointments-day-line", "time", name, "what", what),
                None => what,
            }
        };
        shown.off.iter().filter(shows).map(text).collect()
    };
    let mut days = Vec::new();
    let mut date = shown.first;
    while date < shown.until {
        days.push(Day {
            anchor: format!("day-{date}"),
            title: if is_list { words.long_date(date) } else { words.day_short(date, today) },
            href: address(date, wanted.who),
            is_today: date == today,
            book: book(app, staff, date, wanted.who),
            off: off_on(date),
            lines: lines.extract_if(.., |line| line.starts_at.in_zone(&staff.zone).date() == date).collect(),
        });
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    let title = match wanted.view {
        View::List => "appointments-calendar-from",
        _ => "appointments-calendar-week-of",
    };
    let title = words.with1(title, "date", words.civil_date(shown.first));
    let head = Head::of(app, staff, wanted, shown, title);
    let says_with = wanted.who.is_none();
    html(WeekPage { frame: staff.frame(app, CALENDAR), head, is_list, says_with, days }.render())
}
