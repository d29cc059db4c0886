//! Hours of the day in which nobody is written to.

use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;

/// The moment itself, or the end of the quiet hours that it falls into, by the clock of a zone. They begin at `from` and
/// end at `until` (0 to 23), over midnight where `from` is the later one; none where the two are the same.
pub fn after_quiet((from, until): (i8, i8), zone: &TimeZone, moment: Timestamp) -> Timestamp {
    let (from, until) = (from.clamp(0, 23), until.clamp(0, 23));
    let local = moment.in_zone(zone);
    let hour = local.hour();
    let is_quiet = match from.cmp(&until) {
        std::cmp::Ordering::Equal => false,
        std::cmp::Ordering::Less => (from..until).contains(&hour),
        std::cmp::Ordering::Greater => hour >= from || hour < until,
    };
    if !is_quiet {
        return moment;
    }
    let today = local.date();
    let day = if hour >= until { today.tomorrow().unwrap_or(today) } else { today };
    day.at(until, 0, 0, 0)
        .to_zoned_datetime(zone.clone())
        .map_or(moment, |opened| Timestamp::from(opened.timestamp()))
}

/// Quiet hours that somebody chose for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: i8,
    until: i8,
}

impl QuietHours {
    /// The longest, so that no mail is ever a day late.
    pub const LONGEST: i8 = 12;

    /// From one full hour until another; `None` for hours that there are not, for none at all, and for more than
    /// [`LONGEST`](Self::LONGEST).
    pub fn new(from: i8, until: i8) -> Option<Self> {
        let is_hour = |hour: i8| (0..24).contains(&hour);
        let length = (until - from).rem_euclid(24);
        (is_hour(from) && is_hour(until) && (1..=Self::LONGEST).contains(&length))
            .then_some(Self { from, until })
    }

    /// As it is stored: `22-7`.
    pub fn read(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        Self::new(from.parse().ok()?, until.parse().ok()?)
    }

    /// The hour at which they begin.
    pub const fn from(self) -> i8 {
        self.from
    }

    /// The hour at which they end.
    pub const fn until(self) -> i8 {
        self.until
    }

    /// See [`after_quiet`].
    pub fn after(self, zone: &TimeZone, moment: Timestamp) -> Timestamp {
        after_quiet((self.from, self.until), zone, moment)
    }
}

impl std::fmt::Display for QuietHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.from, self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn case_59_quiet_hours_end_at_their_hour_by_the_clock_also_in_the_nights_on_which_it_changes() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let hours = QuietHours::new(22, 7).unwrap();
        for (now, then) in [
            // 11 PM before the clocks go forward: 7 AM is eight hours less one later.
            ("2026-03-08T04:00:00Z", "2026-03-08T11:00:00Z"),
            // 11 PM before they go back: eight hours and one.
            ("2026-11-01T03:00:00Z", "2026-11-01T12:00:00Z"),
            // Both of the two hours that the clock calls 1 AM are quiet.
            ("2026-11-01T05:30:00Z", "2026-11-01T12:00:00Z"),
            ("2026-11-01T06:30:00Z", "2026-11-01T12:00:00Z"),
            // 9:59 PM is not quiet, 10 PM is, 7 AM is not.
            ("2026-12-02T02:59:59Z", "2026-12-02T02:59:59Z"),
            ("2026-12-02T03:00:00Z", "2026-12-02T12:00:00Z"),
            ("2026-12-02T12:00:00Z", "2026-12-02T12:00:00Z"),
        ] {
            assert_eq!(hours.after(&zone, at(now)), at(then), "{now}");
        }
    }

    #[test]
    fn hours_that_make_no_sense_are_none() {
        for (from, until) in [(7, 7), (24, 7), (22, -1), (8, 22), (0, 13)] {
            assert_eq!(QuietHours::new(from, until), None, "{from}-{until}");
        }
        for text in ["", "22", "22-", "a-7", "22-7-1", "99-7"] {
            assert_eq!(QuietHours::read(text), None, "{text}");
        }
        let hours = QuietHours::new(22, 7).unwrap();
        assert_eq!(QuietHours::read(&hours.to_string()), Some(hours));
        assert!(QuietHours::new(20, 8).is_some() && QuietHours::new(0, 12).is_some());
    }
}
