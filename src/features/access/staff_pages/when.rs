//! A moment as staff pages say it: "2 days ago", with the exact time behind it.

use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;

/// A sentence about a moment, and the moment exactly, for the pointer and for screen readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// For machines: RFC 3339 in UTC.
    pub iso: String,
    /// "Tuesday, December 1, 2026, 3:14 PM".
    pub exact: String,
    /// "2 days ago", "in 3 hours".
    pub relative: String,
}

impl When {
    /// Says `moment` as seen at `now`.
    pub fn new(words: Words, zone: &TimeZone, moment: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: moment.to_string(),
            exact: words.date_time(moment, zone),
            relative: relative(words, zone, moment, now),
        }
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// "just now", "5 minutes ago", "in 2 days": the largest unit that fits twice, so that 36 hours stay
/// hours. Days are those of the calendar, so that what happened on one day is said with one number.
fn relative(words: Words, zone: &TimeZone, moment: Timestamp, now: Timestamp) -> String {
    let seconds = moment.seconds_since(now);
    let away = seconds.abs();
    let (unit, count) = match away {
        0..MINUTE => {
            return words.get(if seconds <= 0 { "timeline-just-now" } else { "timeline-in-a-moment" });
        }
        MINUTE..HOUR => ("minutes", away / MINUTE),
        HOUR.. if away < 2 * DAY => ("hours", away / HOUR),
        _ => {
            let day = |at: Timestamp| at.in_zone(zone).date();
            ("days", i64::from((day(moment) - day(now)).get_days().abs()))
        }
    };
    let side = if seconds < 0 { "ago" } else { "in" };
    words.count(&format!("timeline-{side}-{unit}"), "count", count)
}

/// "5 days left", for a link's end; nothing once it is over.
pub(super) fn time_left(words: Words, end: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = end.seconds_since(now);
    match seconds {
        ..0 => None,
        0..HOUR => Some(words.get("timeline-left-under-an-hour")),
        HOUR.. if seconds < 2 * DAY => Some(words.count("timeline-left-hours", "count", seconds / HOUR)),
        // Rounded up: a link sent a second ago is good for seven days.
        _ => Some(words.count("timeline-left-days", "count", (seconds + DAY - 1) / DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn what_happened_on_one_day_is_said_with_one_number() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let at = |text: &str| Timestamp::from(text.parse::<jiff::Timestamp>().unwrap());
        let now = at("2026-11-29T15:00:00Z");
        for moment in ["2026-11-26T14:38:00Z", "2026-11-26T15:38:00Z", "2026-11-27T04:30:00Z"] {
            assert_eq!(
                relative(Words::of(Language::English), &zone, at(moment), now),
                "3 days ago",
                "{moment}"
            );
        }
    }

    #[test]
    fn times_are_said_in_the_largest_unit_that_still_tells() {
        let words = Words::of(Language::English);
        let now = Timestamp::from_micros(1_800_000_000_000_000);
        let said = |seconds| relative(words, &TimeZone::UTC, now.plus_seconds(seconds), now);
        assert_eq!(said(0), "just now");
        assert_eq!(said(-59), "just now");
        assert_eq!(said(-60), "1 minute ago");
        assert_eq!(said(-2 * HOUR), "2 hours ago");
        assert_eq!(said(-36 * HOUR), "36 hours ago");
        assert_eq!(said(-3 * DAY), "3 days ago");
        assert_eq!(said(5 * DAY), "in 5 days");
        assert_eq!(time_left(words, now.plus_hours(168), now).as_deref(), Some("7 days left"));
        assert_eq!(time_left(words, now.plus_hours(30), now).as_deref(), Some("30 hours left"));
        assert_eq!(time_left(words, now.plus_seconds(59), now).as_deref(), Some("less than an hour left"));
        assert_eq!(time_left(words, now.plus_seconds(-1), now), None);
    }
}
