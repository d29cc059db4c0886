//! When, where and with whom, as staff fill it in: the part that the forms which book, move and confirm share.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::features::appointments::booking::{
    Clash, Doubt, Doubted, GRID_MINUTES, LONGEST_MINUTES, NotBooked, Slot,
};
use crate::features::appointments::kinds::RequestState;
use crate::features::appointments::labels::kind_label;
use crate::features::appointments::store::{Appointment, DayEntry, DayOf, day_of};
use crate::features::appointments::talk_store::{Asked, asked_between};
use crate::features::appointments::times::DAYS_AHEAD;
use crate::features::calendar::openings::Opening;
use crate::features::calendar::{
    self, Holds, ResourceKind, Search, Visit, VisitKind, clinicians, find_openings,
};
use crate::features::practice::{Place, PlaceKind, places};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, PlaceId, StaffId};
use crate::kernel::wall_clock::{Resolved, read_date, read_time, resolve};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;

/// Lengths that are offered, in minutes.
const LENGTHS: [i32; 9] = [15, 20, 25, 30, 45, 50, 60, 80, 90];
/// The length that is filled in.
pub(super) const USUAL_MINUTES: &str = "50";

/// A time as a field holds it: `14:30`.
pub(super) fn clock_value(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// What is typed into the form; a field that a form does not have stays empty.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SlotForm {
    pub date: String,
    pub time: String,
    pub which: String,
    pub minutes: String,
    pub kind: String,
    pub place: String,
    pub with: String,
    pub answer: String,
    /// The doubts that were shown beside the tick, separated by spaces; empty while it is not ticked.
    pub despite: String,
    pub mark: String,
    pub version: String,
    /// Numbers of the charts of those who come as well.
    pub others: String,
    /// `day` where the form was opened from the page of a day, which it leads back to.
    pub back: String,
    /// Not empty where the button was pressed that only shows the day.
    pub look: String,
    /// The open time whose button was pressed, and its place.
    pub take: String,
}

impl SlotForm {
    /// Was a button pressed that books nothing, but shows the form again? An open time that was chosen is filled in.
    pub fn is_only_shown(&mut self) -> bool {
        let (look, take) = (std::mem::take(&mut self.look), std::mem::take(&mut self.take));
        if let Some((time, place)) = take.split_once(' ')
            && let (Some(time), Ok(place)) = (read_time(time), place.parse::<PlaceId>())
        {
            self.time = clock_value(time);
            self.place = place.to_string();
            self.which = String::new();
        }
        let is_only_shown = !(look.is_empty() && take.is_empty());
        if is_only_shown {
            self.despite = String::new();
        }
        is_only_shown
    }

    pub fn staff(&self) -> Option<StaffId> {
        self.with.parse().ok()
    }

    pub fn despite(&self) -> Vec<Doubt> {
        self.despite.split(' ').filter_map(|word| word.parse().ok()).collect()
    }

    /// The form as an appointment fills it in.
    pub fn of(appointment: &Appointment) -> Self {
        let at = appointment.starts_at.in_zone(appointment.place.time_zone.rules());
        Self {
            date: at.date().to_string(),
            time: clock_value(at.time()),
            minutes: appointment.minutes().to_string(),
            place: appointment.place.place_id.to_string(),
            with: appointment.staff_id.to_string(),
            version: appointment.version.to_string(),
            ..Self::default()
        }
    }
}

/// What stands in the address of a form.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct SlotQuery {
    /// A day to look at, a time, and with whom.
    date: String,
    time: String,
    with: String,
    back: String,
}

impl SlotQuery {
    /// Puts what can be read into the form.
    pub fn fill(&self, form: &mut SlotForm) {
        if let Some(date) = read_date(&self.date) {
            form.date = date.to_string();
        }
        if let Some(time) = read_time(&self.time) {
            form.time = clock_value(time);
        }
        if let Ok(with) = self.with.parse::<StaffId>() {
            form.with = with.to_string();
        }
        form.back.clone_from(&self.back);
    }
}

/// What can be chosen.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    /// Places where something can be booked.
    pub places: Vec<Place>,
    /// Everybody who sees clients.
    pub people: Vec<(StaffId, String)>,
}

impl Choices {
    pub fn load(c: &mut Scoped<'_>) -> Result<Self, Fault> {
        let open = places(c)?.into_iter().filter(|place| place.closed_at.is_none()).collect();
        Ok(Self { places: open, people: clinicians(c)? })
    }

    /// The same, with what an appointment has now, even where it could not be chosen any more.
    pub fn with_those_of(mut self, appointment: &Appointment) -> Self {
        if self.place(appointment.place.place_id).is_none() {
            self.places.push(appointment.place.clone());
        }
        if !self.people.iter().any(|(id, _)| *id == appointment.staff_id) {
            self.people.push((appointment.staff_id, appointment.with_name.clone()));
        }
        self
    }

    /// The place that is filled in: the usual one, or the only one of this kind. Between several, in zones of their
    /// own, staff choose.
    pub fn proposed(&self, usual: Option<PlaceId>, kinds: &[PlaceKind]) -> String {
        let fits = |place: &&Place| kinds.contains(&place.kind);
        let usual = usual.and_then(|id| self.place(id)).filter(fits);
        let mut of_kind = self.places.iter().filter(fits);
        let only = of_kind.next().filter(|_| of_kind.next().is_none());
        usual.or(only).map(|place| place.place_id.to_string()).unwrap_or_default()
    }

    fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.iter().find(|place| place.place_id == id)
    }

    pub fn name_of(&self, staff: StaffId) -> String {
        let found = self.people.iter().find(|(id, _)| *id == staff);
        found.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

/// What is wrong with the form, and what is offered because of it.
#[derive(Default)]
pub(super) struct SlotTrouble {
    pub errors: FieldErrors,
    twice: Option<(Timestamp, Timestamp, TimeZone)>,
    doubts: Vec<Doubt>,
}

impl SlotTrouble {
    /// The slot that was typed; what is wrong with it is noted here.
    pub fn slot(&mut self, words: Words, form: &SlotForm, choices: &Choices, now: Timestamp) -> Option<Slot> {
        let place = form.place.parse().ok().and_then(|id| choices.place(id)).cloned();
        if place.is_none() {
            self.errors.add("place", words.get("appointments-error-choose"));
        }
        let starts_at =
            place.as_ref().and_then(|place| self.moment(words, form, place.time_zone.rules(), now));
        let minutes = form.minutes.parse::<i32>().ok().filter(|minutes| *minutes > 0);
        if minutes.is_none() {
            self.errors.add("minutes", words.get("appointments-error-choose"));
        }
        let staff = form.staff().filter(|id| choices.people.iter().any(|(known, _)| known == id));
        if staff.is_none() {
            self.errors.add("with", words.get("appointments-error-with"));
        }
        Some(Slot { starts_at: starts_at?, minutes: minutes?, place: place?.place_id, staff: staff? })
    }

    /// The moment that was typed, by the clocks of the place.
    fn moment(
        &mut self,
        words: Words,
        form: &SlotForm,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let date = read_date(&form.date);
        if date.is_none() {
            self.errors.add("date", words.get("appointments-error-not-a-day"));
        }
        let time = read_time(&form.time);
        if time.is_none() {
            self.errors.add("time", words.get("appointments-error-not-a-time"));
        }
        let at = match resolve(date?, time?, zone) {
            Resolved::At(at) => at,
            Resolved::Twice { first, second } => {
                self.twice = Some((first, second, zone.clone()));
                match form.which.as_str() {
                    "first" => first,
                    "second" => second,
                    _ => {
                        self.errors.add("which", words.get("appointments-error-clock-twice"));
                        return None;
                    }
                }
            }
            Resolved::Skipped(after) => {
                let next = words.time(after, zone);
                self.errors.add("time", words.with1("appointments-error-clock-skips", "time", next));
                return None;
            }
            Resolved::Never => {
                self.errors.add("date", words.get("appointments-error-not-a-day"));
                return None;
            }
        };
        if at <= now {
            self.errors.add("date", words.get("appointments-error-over"));
            return None;
        }
        Some(at)
    }

    /// Notes why a slot was refused; `false` for a refusal that is not about the form.
    pub fn note(&mut self, words: Words, zone: &TimeZone, with: &str, why: &NotBooked) -> bool {
        match why {
            NotBooked::Doubtful(doubts) => {
                let sentences: Vec<String> =
                    doubts.iter().map(|doubted| doubt_words(words, with, doubted)).collect();
                self.errors.add("time", sentences.join(" "));
                self.doubts = doubts.iter().map(|doubted| doubted.doubt).collect();
            }
            NotBooked::Taken(clashes) => {
                let mut sentences: Vec<String> =
                    clashes.iter().map(|clash| clash_words(words, zone, with, clash)).collect();
                sentences.push(words.get("appointments-taken-choose").to_owned());
                self.errors.add("time", sentences.join(" "));
            }
            NotBooked::Past => self.errors.add("date", words.get("appointments-error-over")),
            NotBooked::TooFar => self.errors.add("date", words.get("appointments-error-five-years")),
            NotBooked::OffGrid => self.errors.add("time", words.get("appointments-error-grid")),
            NotBooked::NoPlace => self.errors.add("place", words.get("appointments-error-place-closed")),
            NotBooked::NoClinician => self.errors.add("with", words.get("appointments-error-with")),
            NotBooked::TooMany => self.errors.add("others", words.get("appointments-error-too-many-clients")),
            NotBooked::ChartClosed => self.errors.add("form", words.get("appointments-error-chart-closed")),
            NotBooked::NotFound | NotBooked::LifeCycle(_) | NotBooked::Stale => return false,
        }
        true
    }
}

/// "Casey Moreno has time off then: December 10, 2026 to December 12, 2026."
pub(super) fn doubt_words(words: Words, with: &str, doubted: &Doubted) -> String {
    let key = format!("appointments-doubt-{}", doubted.doubt.word().replace('_', "-"));
    let days = doubted.days.map(|(first, last)| {
        let (first, last) = (words.civil_date(first), words.civil_date(last));
        if first == last {
            first
        } else {
            words.with2("appointments-doubt-days", "first", first, "last", last)
        }
    });
    words.with2(&key, "name", with, "days", days.unwrap_or_default())
}

pub(super) fn clash_words(words: Words, zone: &TimeZone, with: &str, clash: &Clash) -> String {
    let key = match clash.who {
        ResourceKind::Staff => "appointments-taken-clinician",
        ResourceKind::Chart => "appointments-taken-client",
    };
    words.with2(key, "name", with, "time", words.time(clash.starts_at, zone))
}

/// The form, filled, as its template shows it.
pub(super) struct SlotFields {
    pub errors: FieldErrors,
    pub form: SlotForm,
    /// Offered when the clocks show the time twice.
    pub twice: Option<Vec<(&'static str, String)>>,
    /// The words of the doubts that a tick sets aside; empty for none.
    pub doubts: String,
    pub kinds: Vec<(String, String)>,
    pub lengths: Vec<(String, String)>,
    pub places: Vec<(String, String)>,
    pub people: Vec<(String, String)>,
    /// By which clock day and time are read.
    pub hint: String,
}

impl SlotFields {
    /// Is the time what is missing next? The day is known then, and nothing is wrong.
    pub fn asks_time(&self) -> bool {
        self.errors.is_empty() && !self.form.date.is_empty() && self.form.time.is_empty()
    }

    pub fn of(staff: &StaffSession, form: SlotForm, choices: &Choices, trouble: SlotTrouble) -> Self {
        let words = staff.words;
        let choose = || (String::new(), words.get("appointments-with-choose"));
        // Nobody is chosen by accident: an empty line stands first where nobody is proposed.
        let nobody = form.staff().is_none().then(choose);
        let nowhere = form.place.is_empty().then(choose);
        let people = choices.people.iter().map(|(id, name)| (id.to_string(), name.clone()));
        let zones: Vec<&str> = choices.places.iter().map(|place| place.time_zone.name()).collect();
        let one_zone = zones.windows(2).all(|pair| pair[0] == pair[1]);
        let place_label = |place: &Place| match one_zone {
            true => place.name.clone(),
            false => {
                let zone = words.zone(place.time_zone.name());
                words.with2("appointments-place-in-zone", "place", &place.name, "zone", zone)
            }
        };
        let places = choices.places.iter().map(|place| (place.place_id.to_string(), place_label(place)));
        let hint = match zones.first() {
            Some(zone) if one_zone => words.with1("appointments-zone-hint", "zone", words.zone(zone)),
            _ => words.get("appointments-zones-hint"),
        };
        let minutes: Vec<i32> = form
            .minutes
            .parse()
            .ok()
            .filter(|own| *own > 0 && !LENGTHS.contains(own))
            .into_iter()
            .chain(LENGTHS)
            .collect();
        Self {
            twice: trouble.twice.map(|(first, second, zone)| {
                let when = |moment: Timestamp| words.date_time_zone(moment, &zone);
                vec![("first", when(first)), ("second", when(second))]
            }),
            doubts: trouble.doubts.iter().map(|doubt| doubt.word()).collect::<Vec<_>>().join(" "),
            errors: trouble.errors,
            kinds: VisitKind::ALL.iter().map(|kind| (kind.word().to_owned(), kind.label(words))).collect(),
            lengths: minutes
                .iter()
                .map(|m| (m.to_string(), words.with1("appointments-minutes", "minutes", m)))
                .collect(),
            places: nowhere.into_iter().chain(places).collect(),
            people: nobody.into_iter().chain(people).collect(),
            hint,
            form,
        }
    }
}

/// A day of the client and of the clinician, as it is booked.
pub(super) struct DayPlan {
    pub title: String,
    pub client: Vec<String>,
    pub clinician_title: String,
    pub clinician: Vec<String>,
    /// When a visit of this length fits into the clinician's hours.
    pub times: Vec<OpenTime>,
}

impl DayPlan {
    /// Does the form hold one of the open times? Then the next key books it.
    pub fn is_filled_in(&self) -> bool {
        self.times.iter().any(|time| time.is_filled_in)
    }
}

/// An open time that a button fills in.
pub(super) struct OpenTime {
    /// Time and place, as the button sends them.
    pub value: String,
    pub label: String,
    pub is_filled_in: bool,
}

/// The beginning and the end of a day.
pub(super) fn day_in(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let midnight = |date: Date| date.at(0, 0, 0, 0).to_zoned_datetime(zone.clone()).ok();
    Some((midnight(date)?.timestamp().into(), midnight(date.tomorrow().ok()?)?.timestamp().into()))
}

/// "10:00 AM to 10:50 AM" by the clock of the place, which is named where it differs from the practice's.
pub(super) fn time_range(words: Words, zone: &TimeZone, appointment: &Appointment) -> String {
    clock_range(words, zone, &appointment.place, appointment.starts_at, appointment.ends_at)
}

/// The same for any time at a place.
pub(super) fn clock_range(
    words: Words,
    zone: &TimeZone,
    place: &Place,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> String {
    let there = place.time_zone.rules();
    let from = words.time(starts_at, there);
    let differs = starts_at.in_zone(zone).offset() != starts_at.in_zone(there).offset();
    let until = if differs { words.time_zone(ends_at, there) } else { words.time(ends_at, there) };
    words.with2("appointments-from-until", "from", from, "until", until)
}

/// Open times that a day offers.
const MOST_TIMES: usize = 60;
/// Where no type says how beginnings lie on the clock, they are multiples of so many minutes.
const USUAL_GRID: i32 = 15;

/// A visit of this length, as the type of its kind wants it; of several the one that takes as long.
pub(super) fn visit_of(c: &mut Scoped<'_>, kind: Option<VisitKind>, minutes: i32) -> Result<Visit, Fault> {
    let types = calendar::types(c)?;
    let of_kind = types.iter().filter(|of| of.closed_at.is_none() && Some(of.kind) == kind);
    let of = of_kind.min_by_key(|of| of.minutes != minutes);
    Ok(Visit {
        minutes,
        before: of.map_or(0, |of| of.before_minutes),
        after: of.map_or(0, |of| of.after_minutes),
        grid: of.map_or(USUAL_GRID, |of| of.grid_minutes),
        notice_hours: 0,
        horizon_days: DAYS_AHEAD,
    })
}

/// Which appointment a form is about: on a chart, of a kind if that is known, and the one that is moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanOf {
    pub chart: ChartId,
    pub kind: Option<VisitKind>,
    pub moving: Option<AppointmentId>,
}

/// When on the day that the form shows a visit of its length fits into the clinician's hours, both are free, and nothing
/// is kept for another client, by the clock of the place.
fn open_times(
    c: &mut Scoped<'_>,
    words: Words,
    PlanOf { chart, kind, moving }: PlanOf,
    form: &SlotForm,
    choices: &Choices,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<OpenTime>, Fault> {
    let minutes = form.minutes.parse::<i32>().ok();
    let fits =
        |minutes: &i32| (GRID_MINUTES..=LONGEST_MINUTES).contains(minutes) && minutes % GRID_MINUTES == 0;
    let Some(minutes) = minutes.filter(fits) else { return Ok(Vec::new()) };
    let visit = visit_of(c, kind, minutes)?;
    let place = form.place.parse().ok();
    let search = Search {
        visit,
        staff: form.staff(),
        place,
        place_kind: None,
        chart: Some(chart),
        holds: Holds::Respected,
        moving,
        from,
        until,
    };
    let found = find_openings(c, &search)?.first(MOST_TIMES);
    let time = |opening: &Opening| {
        let at = choices.place(opening.place)?;
        let zone = at.time_zone.rules();
        let value = clock_value(opening.starts_at.in_zone(zone).time());
        let label = words.time(opening.starts_at, zone);
        Some(OpenTime {
            is_filled_in: value == form.time && place.is_some(),
            value: format!("{value} {}", opening.place),
            label: match place {
                Some(_) => label,
                None => words.with2("appointments-time-at", "time", label, "place", &at.name),
            },
        })
    };
    Ok(found.iter().filter_map(time).collect())
}

/// What is booked on the day that the form shows, for the client and for the clinician.
pub(super) fn plan_of(
    c: &mut Scoped<'_>,
    staff: &StaffSession,
    of: PlanOf,
    form: &SlotForm,
    choices: &Choices,
) -> Result<Option<DayPlan>, Fault> {
    let chart = of.chart;
    let (Some(date), Some(with)) = (read_date(&form.date), form.staff()) else { return Ok(None) };
    let Some((from, until)) = day_in(date, &staff.zone) else { return Ok(None) };
    let booked = day_of(c, DayOf::Both(with, chart), from, until)?;
    let words = staff.words;
    let line = |entry: &DayEntry, what: String| {
        let time = time_range(words, &staff.zone, &entry.appointment);
        words.with2("appointments-day-line", "time", time, "what", what)
    };
    let asked = asked_between(c, Some(with), from, until)?;
    let asked_line = |one: &Asked| {
        let of = &one.time;
        let time = clock_range(words, &staff.zone, &of.place, of.starts_at, of.ends_at);
        let key = match one.state {
            RequestState::Offered => "appointments-day-offered",
            _ => "appointments-day-asked",
        };
        words.with2("appointments-day-line", "time", time, "what", words.with1(key, "name", &one.client))
    };
    let of_client = booked.iter().filter(|entry| entry.clients.iter().any(|one| one.chart_id == chart));
    let of_clinician = booked.iter().filter(|entry| entry.appointment.staff_id == with);
    Ok(Some(DayPlan {
        title: words.date(from, &staff.zone),
        client: of_client
            .map(|entry| {
                let kind = kind_label(words, &entry.appointment);
                let name = &entry.appointment.with_name;
                line(entry, words.with2("appointments-day-with", "kind", kind, "name", name))
            })
            .collect(),
        clinician_title: choices.name_of(with),
        times: open_times(c, words, of, form, choices, (from, until))?,
        clinician: of_clinician
            .map(|entry| line(entry, entry.names()))
            .chain(asked.iter().map(asked_line))
            .collect(),
    }))
}
