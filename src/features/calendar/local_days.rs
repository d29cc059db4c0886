//! The days of a zone over a range, so that a wall clock becomes a moment by one addition, except on the few days on
//! which the clocks change.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::kernel::wall_clock::{first_moment, last_moment};

/// Minutes of a day; also its end as a time of day, 24:00.
pub const DAY_MINUTES: i32 = 24 * 60;

/// See the module.
#[derive(Debug)]
pub(super) struct LocalDays {
    zone: TimeZone,
    first: Date,
    /// When each day begins; one more than there are days.
    begins: Vec<Timestamp>,
}

impl LocalDays {
    /// The days of `zone` that touch `[from, until)`, and no more than it takes to name them.
    pub fn of(zone: &TimeZone, from: Timestamp, until: Timestamp) -> Self {
        let (first, last) = (from.in_zone(zone).date(), until.in_zone(zone).date());
        let mut begins = Vec::new();
        let mut date = first;
        loop {
            begins.extend(first_moment(date.at(0, 0, 0, 0), zone));
            match date.tomorrow() {
                Ok(next) if date <= last => date = next,
                _ => break,
            }
        }
        Self { zone: zone.clone(), first, begins }
    }

    /// The first day.
    pub fn first(&self) -> Date {
        self.first
    }

    /// How many days there are.
    pub fn count(&self) -> usize {
        self.begins.len().saturating_sub(1)
    }

    /// The number of a day; it may lie outside.
    pub fn number(&self, date: Date) -> i64 {
        i64::from((date - self.first).get_days())
    }

    /// The moments between two times of day, given as minutes from midnight. `None` where nothing lies between them,
    /// as in an hour that the clocks skip.
    pub fn moments(&self, day: usize, from: i32, until: i32) -> Option<(Timestamp, Timestamp)> {
        let (begin, next) = (*self.begins.get(day)?, *self.begins.get(day + 1)?);
        if next.seconds_since(begin) == 86_400 {
            let at = |minute: i32| begin.plus_seconds(i64::from(minute) * 60);
            return Some((at(from), at(until)));
        }
        let date = self.first.checked_add(jiff::Span::new().days(i64::try_from(day).ok()?)).ok()?;
        let local = |minute: i32| {
            let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
            Some(date.at(hour, minute, 0, 0))
        };
        let from = first_moment(local(from)?, &self.zone)?;
        let until = if until == DAY_MINUTES { next } else { last_moment(local(until)?, &self.zone)? };
        (from < until).then_some((from, until))
    }
}
