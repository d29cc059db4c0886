//! What is typed of hours, of days that differ and of time off, and what is wrong with it.

use jiff::civil::{Date, Weekday};

use crate::features::appointments::availability::NewTimeOff;
use crate::features::calendar::openings::TimeOff;
use crate::features::calendar::{DAY_MINUTES, DayEffect, NewDay, NewHours};
use crate::features::practice::Place;
use crate::kernel::ids::{AppointmentId, PlaceId, StaffId};
use crate::kernel::text;
use crate::kernel::wall_clock::{read_date, read_time};
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;

/// The longest note of a time off, in characters.
const LONGEST_NOTE: usize = 200;

/// What is typed into any of the page's forms; a field that a form does not have stays empty.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    pub mark: String,
    pub weekday: Vec<String>,
    pub from: String,
    pub until: String,
    pub place: String,
    pub every_weeks: String,
    pub starts_on: String,
    pub ends_on: String,
    pub on_date: String,
    pub effect: String,
    pub day_from: String,
    pub day_until: String,
    pub day_place: String,
    pub off_from: String,
    pub off_from_time: String,
    pub off_until: String,
    pub off_until_time: String,
    pub off_place: String,
    pub note: String,
    /// The appointments that were shown beside the tick, separated by spaces; empty while it is not ticked.
    pub seen: String,
    /// What a removal takes away, and whether whoever removes it was asked.
    pub kind: String,
    pub id: String,
    pub sure: String,
}

fn seen(text: &str) -> Vec<AppointmentId> {
    text.split(' ').filter_map(|id| id.parse().ok()).collect()
}

/// Reads the fields, and notes what is wrong beside each.
pub(super) struct Reader<'a> {
    pub words: Words,
    pub errors: FieldErrors,
    pub places: &'a [Place],
}

impl Reader<'_> {
    fn date(&mut self, field: &str, typed: &str) -> Option<Date> {
        let date = read_date(typed);
        if date.is_none() {
            self.errors.add(field, self.words.get("appointments-error-not-a-day"));
        }
        date
    }

    /// Minutes from midnight, on the grid of five.
    fn minutes(&mut self, field: &str, typed: &str) -> Option<i32> {
        let time = read_time(typed).map(|time| i32::from(time.hour()) * 60 + i32::from(time.minute()));
        let minutes = time.filter(|minutes| minutes % 5 == 0);
        if minutes.is_none() {
            let key =
                if time.is_some() { "appointments-error-steps" } else { "appointments-error-not-a-time" };
            self.errors.add(field, self.words.get(key));
        }
        minutes
    }

    /// Two times of a day; midnight as the end is the end of the day.
    fn range(
        &mut self,
        (from, typed_from): (&str, &str),
        (until, typed_until): (&str, &str),
    ) -> Option<(i32, i32)> {
        let begin = self.minutes(from, typed_from);
        let end = self.minutes(until, typed_until).map(|end| if end == 0 { DAY_MINUTES } else { end });
        let (begin, end) = (begin?, end?);
        if begin >= end {
            self.errors.add(until, self.words.get("appointments-error-until"));
            return None;
        }
        Some((begin, end))
    }

    /// A place where something can be booked.
    fn place(&mut self, field: &str, typed: &str) -> Option<PlaceId> {
        let id = typed
            .parse()
            .ok()
            .filter(|id| self.places.iter().any(|place| place.place_id == *id && place.closed_at.is_none()));
        if id.is_none() {
            self.errors.add(field, self.words.get("appointments-error-choose"));
        }
        id
    }

    pub fn hours(&mut self, staff: StaffId, form: &Typed) -> Option<Vec<NewHours>> {
        let mut days: Vec<i8> = form.weekday.iter().filter_map(|day| day.parse().ok()).collect();
        days.sort_unstable();
        days.dedup();
        let days: Vec<Weekday> =
            days.into_iter().filter_map(|day| Weekday::from_monday_one_offset(day).ok()).collect();
        if days.is_empty() {
            self.errors.add("weekday", self.words.get("appointments-error-weekday"));
        }
        let range = self.range(("from", &form.from), ("until", &form.until));
        let place = self.place("place", &form.place);
        let starts_on = self.date("starts_on", &form.starts_on);
        let ends_on = match form.ends_on.trim() {
            "" => None,
            typed => self.date("ends_on", typed),
        };
        if let (Some(first), Some(last)) = (starts_on, ends_on)
            && last < first
        {
            self.errors.add("ends_on", self.words.get("appointments-error-until-day"));
        }
        let every_weeks = if form.every_weeks == "2" { 2 } else { 1 };
        let ((from, until), place, starts_on) = (range?, place?, starts_on?);
        let one = |weekday| NewHours { staff, place, weekday, from, until, every_weeks, starts_on, ends_on };
        self.errors.is_empty().then(|| days.into_iter().map(one).collect())
    }

    pub fn day(&mut self, staff: StaffId, form: &Typed, today: Date) -> Option<NewDay> {
        let on = self.date("on_date", &form.on_date);
        if on.is_some_and(|on| on < today) {
            self.errors.add("on_date", self.words.get("appointments-error-past"));
        }
        let effect: Option<DayEffect> = form.effect.parse().ok();
        if effect.is_none() {
            self.errors.add("effect", self.words.get("appointments-error-choose"));
        }
        let is_whole =
            effect == Some(DayEffect::Closed) && form.day_from.is_empty() && form.day_until.is_empty();
        let range = match is_whole {
            true => Some((0, DAY_MINUTES)),
            false => self.range(("day_from", &form.day_from), ("day_until", &form.day_until)),
        };
        let place = match form.day_place.as_str() {
            "" if effect != Some(DayEffect::Open) => None,
            typed => Some(self.place("day_place", typed)?),
        };
        let (on, effect, (from, until)) = (on?, effect?, range?);
        self.errors.is_empty().then_some(NewDay { staff, place, on, effect, from, until })
    }

    pub fn time_off(&mut self, staff: Option<StaffId>, form: &Typed, today: Date) -> Option<NewTimeOff> {
        let (first, last) = (self.date("off_from", &form.off_from), self.date("off_until", &form.off_until));
        if last.is_some_and(|last| last < today) {
            self.errors.add("off_until", self.words.get("appointments-error-past"));
        }
        let mut time = |field: &str, typed: &str| match typed.trim() {
            "" => Some(None),
            typed => self.minutes(field, typed).map(Some),
        };
        let from = time("off_from_time", &form.off_from_time);
        let until = time("off_until_time", &form.off_until_time);
        let note = text::line(&form.note, LONGEST_NOTE);
        if note.is_err() {
            self.errors.add("note", self.words.get("appointments-error-note-line"));
        }
        let place = match form.off_place.as_str() {
            "" => None,
            typed => Some(self.place("off_place", typed)?),
        };
        let at = |date: Date, minutes: i32| {
            let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
            Some(date.at(hour, minute, 0, 0))
        };
        let from = at(first?, from?.unwrap_or(0))?;
        // Without a time the last day is off as a whole.
        let until = match until? {
            Some(minutes) => at(last?, minutes)?,
            None => last?.tomorrow().ok()?.at(0, 0, 0, 0),
        };
        if until <= from {
            self.errors.add("off_until", self.words.get("appointments-error-until-day"));
        }
        let off = TimeOff { staff, place, from, until };
        self.errors.is_empty().then_some(NewTimeOff { off, note: note.ok()?, seen: seen(&form.seen) })
    }
}
