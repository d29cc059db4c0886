//! What stands on the staff's calendar: what is booked, asked for and offered, and when somebody is not there.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use crate::features::appointments::kinds::RequestState;
use crate::features::appointments::labels::{Side, at_place, kind_label, seats_in_words, state_of};
use crate::features::appointments::lifecycle::PartyState;
use crate::features::appointments::slot_form::{clock_range, day_in, time_range};
use crate::features::appointments::store::{DayEntry, DayOf, booked_between};
use crate::features::appointments::talk_store::{Asked, asked_between};
use crate::features::calendar::{Closure, DAY_MINUTES, clinicians, closures_between};
use crate::features::practice::{Place, places};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, StaffId};
use crate::kernel::wall_clock::read_date;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::App;
use crate::platform::web::nav::Section;
use crate::word_enum;

/// The practice's calendar.
pub(super) const CALENDAR: Section = Section("/staff/calendar");

/// Clients of appointments that one page shows.
const MOST_SHOWN: usize = 500;

word_enum! {
    /// How the calendar is shown.
    pub enum View {
        /// A day, by clinician.
        Day = "day",
        /// A week, by day.
        Week = "week",
        /// The days of a week, one below the other.
        List = "list",
    }
}

/// What the address of the calendar says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct CalendarQuery {
    /// How it is shown; by the day where it says nothing that is known.
    view: String,
    /// The day; today by default.
    date: String,
    /// One clinician; everybody by default.
    who: String,
    /// One place; every place by default.
    place: String,
    /// With whom somebody was booked just now: the button that books the next one has the focus.
    with: String,
}

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub view: View,
    pub date: Option<Date>,
    pub who: Option<StaffId>,
    pub place: Option<PlaceId>,
    pub with: Option<StaffId>,
}

impl CalendarQuery {
    pub fn wanted(&self) -> Wanted {
        Wanted {
            view: self.view.parse().unwrap_or(View::Day),
            date: read_date(&self.date),
            who: self.who.parse().ok(),
            place: self.place.parse().ok(),
            with: self.with.parse().ok(),
        }
    }
}

impl Wanted {
    /// The address that shows the same of another day, in another view.
    fn address(&self, view: View, date: Date) -> String {
        let view = if view == View::Day { String::new() } else { format!("&view={view}") };
        let place = self.place.map(|id| format!("&place={id}")).unwrap_or_default();
        format!("{}{place}{view}", address(date, self.who))
    }

    /// The days that are shown with this one: it alone, or those of its week from Monday on, or seven from it on.
    fn days(&self, date: Date) -> (Date, Date) {
        let monday = || date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
        let first = if self.view == View::Week { monday() } else { date };
        let count = if self.view == View::Day { 1 } else { 7 };
        (first, first.saturating_add(count.days()))
    }
}

/// The calendar of a day, or of one clinician on it.
pub(super) fn address(date: Date, who: Option<StaffId>) -> String {
    let who = who.map(|id| format!("&who={id}")).unwrap_or_default();
    format!("{}?date={date}{who}", CALENDAR.0)
}

/// What was read for one page of the calendar.
pub(super) struct Shown {
    /// The first day.
    pub first: Date,
    /// The day behind the last.
    pub until: Date,
    /// The day that was asked for.
    pub date: Date,
    /// Who sees clients.
    pub people: Vec<(StaffId, String)>,
    /// Every place.
    pub places: Vec<Place>,
    /// What is booked.
    pub booked: Vec<DayEntry>,
    /// What is asked for or offered.
    pub asked: Vec<Asked>,
    /// When the practice is closed, or somebody has time off.
    pub off: Vec<Closure>,
    /// Is there more than one page shows?
    pub is_cut: bool,
}

/// Reads it.
pub(super) fn read(c: &mut Scoped<'_>, staff: &StaffSession, wanted: Wanted) -> Result<Shown, Fault> {
    let date = wanted.date.unwrap_or_else(|| staff.practice.today(c.now()));
    let (first, until) = wanted.days(date);
    let begins = |day: Date| day_in(day, &staff.zone).map(|(begins, _)| begins);
    let (mut booked, mut asked, mut is_cut) = (Vec::new(), Vec::new(), false);
    if let Some((from, until)) = begins(first).zip(begins(until)) {
        let of = wanted.who.map_or(DayOf::Everybody, DayOf::Clinician);
        booked = booked_between(c, of, wanted.place, (from, until), MOST_SHOWN + 1)?;
        asked = asked_between(c, wanted.who, from, until)?;
        is_cut = booked.iter().map(|entry| entry.clients.len()).sum::<usize>() > MOST_SHOWN;
        asked.retain(|one| wanted.place.is_none_or(|id| one.time.place.place_id == id));
    }
    let off = closures_between(c, first, until)?;
    Ok(Shown { first, until, date, people: clinicians(c)?, places: places(c)?, booked, asked, off, is_cut })
}

/// The top of each page of the calendar.
pub(super) struct Head {
    pub title: String,
    pub book: Option<String>,
    /// Address, word, and whether it is this one.
    pub views: Vec<(String, String, bool)>,
    pub previous: (String, String),
    pub next: (String, String),
    pub today: String,
    pub is_today: bool,
    pub view: &'static str,
    pub date: String,
    pub who: String,
    pub people: Vec<(String, String)>,
    pub place: String,
    /// Empty where there is but one.
    pub places: Vec<(String, String)>,
    pub is_cut: bool,
    /// When the practice or a place of it is closed, on the only day that is shown.
    pub closed: Vec<String>,
}

impl Head {
    pub fn of(app: &App, staff: &StaffSession, wanted: Wanted, shown: &Shown, title: String) -> Self {
        let (words, date) = (staff.words, shown.date);
        let today = staff.practice.today(app.now());
        let everything = |key: &str| (String::new(), words.get(key));
        let views = View::ALL.iter().map(|view| {
            let word = match view {
                View::Day => "appointments-calendar-day",
                View::Week => "appointments-calendar-week",
                View::List => "appointments-calendar-list",
            };
            (wanted.address(*view, date), words.get(word), *view == wanted.view)
        });
        let (step, previous, next) = match wanted.view {
            View::Day => (1i64, "appointments-calendar-previous", "appointments-calendar-next"),
            _ => (7, "appointments-calendar-previous-week", "appointments-calendar-next-week"),
        };
        let go = |day: Date, word: &str| (wanted.address(wanted.view, day), words.get(word));
        let all_places = || std::iter::once(everything("appointments-calendar-everywhere"));
        let open = shown
            .places
            .iter()
            .filter(|place| place.closed_at.is_none() || wanted.place == Some(place.place_id));
        let places: Vec<_> = open.map(|place| (place.place_id.to_string(), at_place(words, place))).collect();
        Self {
            title,
            book: book(app, staff, date, wanted.who),
            views: views.collect(),
            previous: go(date.saturating_sub(step.days()), previous),
            next: go(date.saturating_add(step.days()), next),
            today: wanted.address(wanted.view, today),
            is_today: (shown.first..shown.until).contains(&today),
            view: wanted.view.word(),
            date: date.to_string(),
            who: wanted.who.map(|id| id.to_string()).unwrap_or_default(),
            people: std::iter::once(everything("appointments-calendar-everybody"))
                .chain(shown.people.iter().map(|(id, name)| (id.to_string(), name.clone())))
                .collect(),
            place: wanted.place.map(|id| id.to_string()).unwrap_or_default(),
            places: if places.len() > 1 { all_places().chain(places).collect() } else { Vec::new() },
            is_cut: shown.is_cut,
            closed: Vec::new(),
        }
    }
}

/// Where staff book on a day: nowhere on one that is over.
pub(super) fn book(app: &App, staff: &StaffSession, date: Date, with: Option<StaffId>) -> Option<String> {
    let is_open = staff.may(Permission::BookAppointments) && date >= staff.practice.today(app.now());
    let with = with.map(|id| format!("&with={id}")).unwrap_or_default();
    is_open.then(|| format!("{}/book?date={date}{with}", CALENDAR.0))
}

/// An appointment, or a time of a request.
pub(super) struct Line {
    pub href: String,
    pub time: String,
    pub clients: Vec<Who>,
    pub with: String,
    pub what: String,
    /// What a request asks for or was offered, and nobody has booked: tag and word.
    pub asked: Option<(&'static str, String)>,
    /// How many seats are free, where several clients can come.
    pub seats: Option<String>,
    pub staff: StaffId,
    pub starts_at: Timestamp,
}

/// A client of a line.
pub(super) struct Who {
    pub name: String,
    pub number: String,
    /// Whether they came, once that is noted: tag and word.
    pub noted: Option<(&'static str, String)>,
}

/// Everything of a page, in the order of time.
pub(super) fn lines(staff: &StaffSession, shown: &Shown, now: Timestamp) -> Vec<Line> {
    let booked = shown.booked.iter().map(|entry| booked_line(staff, entry, now));
    let asked = shown.asked.iter().map(|one| asked_line(staff, one));
    let mut lines: Vec<Line> = booked.chain(asked).collect();
    lines.sort_by_key(|line| line.starts_at);
    lines
}

fn booked_line(staff: &StaffSession, entry: &DayEntry, now: Timestamp) -> Line {
    let (words, appointment) = (staff.words, &entry.appointment);
    Line {
        href: format!("/staff/appointments/{}", appointment.appointment_id),
        time: time_range(words, &staff.zone, appointment),
        clients: entry
            .clients
            .iter()
            .map(|one| Who {
                name: one.name.clone(),
                number: one.number.clone(),
                noted: (one.party != PartyState::Expected)
                    .then(|| state_of(words, appointment, one.party, Side::Practice, now)),
            })
            .collect(),
        with: appointment.with_name.clone(),
        what: words.with2(
            "appointments-calendar-what",
            "kind",
            kind_label(words, appointment),
            "place",
            at_place(words, &appointment.place),
        ),
        asked: None,
        seats: seats_in_words(words, appointment),
        staff: appointment.staff_id,
        starts_at: appointment.starts_at,
    }
}

fn asked_line(staff: &StaffSession, one: &Asked) -> Line {
    let words = staff.words;
    let (tag, key) = match one.state {
        RequestState::Offered => ("stopped", "appointments-calendar-offered"),
        _ => ("waiting", "appointments-calendar-asked"),
    };
    Line {
        href: format!("/staff/requests/{}", one.time.request_id),
        time: clock_range(words, &staff.zone, &one.time.place, one.time.starts_at, one.time.ends_at),
        clients: vec![Who { name: one.client.clone(), number: one.number.clone(), noted: None }],
        with: one.time.with_name.clone(),
        what: at_place(words, &one.time.place),
        asked: Some((tag, words.get(key))),
        seats: None,
        staff: one.time.staff_id,
        starts_at: one.time.starts_at,
    }
}

/// Does it touch a day?
pub(super) fn is_on(one: &Closure, date: Date) -> bool {
    let end = date.tomorrow().map_or(DateTime::MAX, |day| day.at(0, 0, 0, 0));
    one.off.from < end && one.off.until > date.at(0, 0, 0, 0)
}

/// "Time off, 9:00 AM to 12:00 PM: conference", or the same of closed days.
pub(super) fn off_words(words: Words, date: Date, one: &Closure, places: &[Place]) -> String {
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
