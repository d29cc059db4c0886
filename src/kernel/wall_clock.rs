//! What people type of days and times, and what the clocks on the wall of a zone mean by them. Pure.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::kernel::civil::read_day;
use crate::kernel::clock::Timestamp;

/// A day as browsers send it (`2026-12-01`) or as people type it where a browser has no calendar
/// (`12/1/2026`).
pub fn read_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Some(date) = read_day(text) {
        return Some(date);
    }
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = parts.next().is_none() && year.trim().len() == 4;
    let number = |part: &str| part.trim().parse::<i16>().ok();
    is_plain
        .then(|| {
            let month = i8::try_from(number(month)?).ok()?;
            let day = i8::try_from(number(day)?).ok()?;
            Date::new(number(year)?, month, day).ok()
        })
        .flatten()
}

/// A time as browsers send it (`14:30`) or as people type it (`2:30 PM`, `2 pm`).
pub fn read_time(text: &str) -> Option<Time> {
    let text = text.trim().to_lowercase().replace('.', "");
    let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(rest), _) => (rest.trim().to_owned(), Some(false)),
        (_, Some(rest)) => (rest.trim().to_owned(), Some(true)),
        _ => (text.clone(), None),
    };
    let (hour, minute) = match clock.split_once(':') {
        // Some browsers add seconds; nobody books by them.
        Some((hour, rest)) => (hour, rest.split(':').next().unwrap_or("")),
        None if half.is_some() => (clock.as_str(), "0"),
        None => return None,
    };
    let (hour, minute) = (hour.parse::<i8>().ok()?, minute.parse::<i8>().ok()?);
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    Time::new(hour, minute, 0, 0).ok()
}

/// What a day and a time on the wall mean in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// One moment.
    At(Timestamp),
    /// The clocks jump over it; the same distance after the jump is this moment.
    Skipped(Timestamp),
    /// The clocks show it twice.
    Twice {
        /// Before they are set back.
        first: Timestamp,
        /// After.
        second: Timestamp,
    },
    /// Outside the calendar that we can reckon with.
    Never,
}

/// Finds the moment at which the clocks of `zone` show this time on this day.
pub fn resolve(date: Date, time: Time, zone: &TimeZone) -> Resolved {
    let local = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let moments = (local.earlier().map(Timestamp::from), local.later().map(Timestamp::from));
    match (local.offset(), moments) {
        (AmbiguousOffset::Unambiguous { .. }, (Ok(at), _)) => Resolved::At(at),
        (AmbiguousOffset::Gap { .. }, (_, Ok(after))) => Resolved::Skipped(after),
        (AmbiguousOffset::Fold { .. }, (Ok(first), Ok(second))) => Resolved::Twice { first, second },
        _ => Resolved::Never,
    }
}

/// The moment from which on the clocks of `zone` show this or something later. In an hour that the clocks skip it is
/// the moment at which they jump; of two it is the first.
pub fn first_moment(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(local);
    match at.offset() {
        AmbiguousOffset::Gap { .. } => the_jump(at.earlier().ok()?, zone),
        _ => at.earlier().ok().map(Timestamp::from),
    }
}

/// The moment up to which the clocks of `zone` show something earlier than this. In an hour that the clocks skip it is
/// the moment at which they jump; of two it is the second, unless the clocks are set back to exactly this: then nothing
/// earlier is shown again.
pub fn last_moment(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(local);
    let (first, second) = (at.earlier().ok()?, at.later().ok()?);
    match at.offset() {
        AmbiguousOffset::Unambiguous { .. } => Some(second.into()),
        AmbiguousOffset::Gap { .. } => the_jump(first, zone),
        AmbiguousOffset::Fold { .. } => {
            let jump = the_jump(first, zone)?;
            Some(if jump == second.into() { first.into() } else { second.into() })
        }
    }
}

fn the_jump(before: jiff::Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    zone.following(before).next().map(|jump| jump.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    const TODAY: Date = date(2026, 11, 24);

    #[test]
    fn the_hour_that_spring_skips_is_named_with_the_next_one_that_exists() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let Resolved::Skipped(after) = resolve(date(2027, 3, 14), time(2, 30, 0, 0), &zone) else {
            panic!("2:30 does not exist on that night")
        };
        assert_eq!(after.to_string(), "2027-03-14T07:30:00Z", "3:30 EDT");
    }

    #[test]
    fn the_hour_that_autumn_repeats_is_offered_twice() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let Resolved::Twice { first, second } = resolve(date(2026, 11, 1), time(1, 30, 0, 0), &zone) else {
            panic!("1:30 exists twice on that night")
        };
        assert_eq!(second.seconds_since(first), 3_600);
        let plain = resolve(date(2026, 12, 1), time(14, 0, 0, 0), &zone);
        assert_eq!(plain, Resolved::At("2026-12-01T19:00:00Z".parse::<jiff::Timestamp>().unwrap().into()));
    }

    #[test]
    fn times_are_read_as_browsers_send_and_people_type_them() {
        for (text, hour, minute) in [
            ("14:30", 14, 30),
            ("14:30:00", 14, 30),
            (" 2:30 PM ", 14, 30),
            ("2 p.m.", 14, 0),
            ("12 am", 0, 0),
            ("12:15pm", 12, 15),
            ("00:05", 0, 5),
        ] {
            assert_eq!(read_time(text), Some(time(hour, minute, 0, 0)), "{text}");
        }
        for text in ["", "14", "25:00", "13 pm", "0 am", "noon", "2:75 pm", "-1:00"] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_moment_that_is_found_reads_back_as_the_same_wall_clock(
            day in 0i32..3_000, hour in 0i8..24, minute in 0i8..60, zone in 0usize..4,
        ) {
            let name = ["America/New_York", "America/Phoenix", "Europe/Madrid", "Australia/Lord_Howe"][zone];
            let zone = TimeZone::get(name).unwrap();
            let on = TODAY.checked_add(jiff::Span::new().days(day)).unwrap();
            let at = time(hour, minute, 0, 0);
            let shows = |moment: Timestamp| (moment.in_zone(&zone).date(), moment.in_zone(&zone).time());
            match resolve(on, at, &zone) {
                Resolved::At(moment) => proptest::prop_assert_eq!(shows(moment), (on, at)),
                Resolved::Twice { first, second } => {
                    proptest::prop_assert!(first < second);
                    proptest::prop_assert_eq!(shows(first), (on, at));
                    proptest::prop_assert_eq!(shows(second), (on, at));
                }
                Resolved::Skipped(after) => proptest::prop_assert!(shows(after) > (on, at)),
                Resolved::Never => proptest::prop_assert!(false, "inside the calendar"),
            }
        }
    }

    #[test]
    fn a_window_that_ends_where_the_clocks_jump_or_turn_back_ends_there() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let said = |moment: Option<Timestamp>| moment.unwrap().to_string();
        let skipped = date(2027, 3, 14).at(2, 30, 0, 0);
        assert_eq!(said(first_moment(skipped, &zone)), "2027-03-14T07:00:00Z", "3:00 EDT");
        assert_eq!(said(last_moment(skipped, &zone)), "2027-03-14T07:00:00Z");
        let edge = date(2027, 3, 14).at(2, 0, 0, 0);
        assert_eq!(said(first_moment(edge, &zone)), "2027-03-14T07:00:00Z");
        let twice = date(2026, 11, 1).at(1, 30, 0, 0);
        assert_eq!(said(first_moment(twice, &zone)), "2026-11-01T05:30:00Z");
        assert_eq!(said(last_moment(twice, &zone)), "2026-11-01T06:30:00Z");
        let set_back_to = date(2026, 11, 1).at(1, 0, 0, 0);
        assert_eq!(said(last_moment(set_back_to, &zone)), "2026-11-01T05:00:00Z", "1:00 EDT");
    }
}
