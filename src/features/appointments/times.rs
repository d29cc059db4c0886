//! Days, parts of days and wall clocks. Pure.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::kernel::clock::Timestamp;
use crate::word_enum;

word_enum! {
    /// A part of a day, as people say it.
    pub enum DayPart {
        /// Before noon.
        Morning = "morning",
        /// Noon to five.
        Afternoon = "afternoon",
        /// After five.
        Evening = "evening",
        /// Whenever.
        Any = "any",
    }
}

/// A time that a client would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The day, in the practice's zone.
    pub date: Date,
    /// When on that day.
    pub part: DayPart,
}

/// Wishes that one request may carry.
pub const MOST_WISHES: usize = 3;
/// How far ahead a wish may lie, in days.
pub const DAYS_AHEAD: i32 = 365;

/// Why a wish cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    /// Not one day was given.
    #[error("at least one day is needed")]
    NoDay,
    /// No day of the calendar.
    #[error("this is no day of the calendar")]
    NotADay,
    /// Before today.
    #[error("this day is over")]
    Past,
    /// More than a year from now.
    #[error("this day is more than a year away")]
    TooFar,
    /// The same day and part as another wish.
    #[error("this is the same as another wish")]
    Twice,
}

/// A day as browsers send it (`2026-12-01`) or as people type it where a browser has no calendar
/// (`12/1/2026`).
pub fn read_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Ok(date) = text.parse::<Date>() {
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

/// Reads up to three pairs of day and part of the day. Empty days are passed over; errors carry the
/// place of the pair. `today` is today in the practice's zone.
pub fn read_wishes(pairs: &[(&str, &str)], today: Date) -> Result<Vec<Wish>, Vec<(usize, WishError)>> {
    let (mut wishes, mut errors) = (Vec::<Wish>::new(), Vec::new());
    let last = today.checked_add(jiff::Span::new().days(DAYS_AHEAD)).unwrap_or(Date::MAX);
    for (place, (day, part)) in pairs.iter().take(MOST_WISHES).enumerate() {
        if day.trim().is_empty() {
            continue;
        }
        match read_date(day) {
            None => errors.push((place, WishError::NotADay)),
            Some(date) if date < today => errors.push((place, WishError::Past)),
            Some(date) if date > last => errors.push((place, WishError::TooFar)),
            Some(date) => {
                let wish = Wish { date, part: part.parse().unwrap_or(DayPart::Any) };
                if wishes.contains(&wish) {
                    errors.push((place, WishError::Twice));
                } else {
                    wishes.push(wish);
                }
            }
        }
    }
    if errors.is_empty() && wishes.is_empty() {
        errors.push((0, WishError::NoDay));
    }
    if errors.is_empty() { Ok(wishes) } else { Err(errors) }
}

/// As the request's column holds them: one a line.
pub fn write_wishes(wishes: &[Wish]) -> String {
    wishes.iter().map(|w| format!("{} {}", w.date, w.part)).collect::<Vec<_>>().join("\n")
}

/// From the request's column.
pub fn stored_wishes(column: &str) -> Vec<Wish> {
    column
        .lines()
        .filter_map(|line| {
            let (date, part) = line.split_once(' ')?;
            Some(Wish { date: date.parse().ok()?, part: part.parse().ok()? })
        })
        .collect()
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

/// Full hours at which a part of a day is proposed, the earliest first.
fn hours_of(part: DayPart) -> &'static [i8] {
    match part {
        DayPart::Morning => &[10],
        DayPart::Afternoon => &[13],
        DayPart::Evening => &[17],
        DayPart::Any => &[10, 13, 17],
    }
}

/// The first of these wishes that can still be kept: its day, and a time on it that lies ahead, is no
/// more than [`DAYS_AHEAD`] away and exists on the clocks of `zone`. `None` if all are over.
pub fn first_open(wishes: &[Wish], now: Timestamp, zone: &TimeZone) -> Option<(Date, Time)> {
    let today = now.in_zone(zone).date();
    let last = today.checked_add(jiff::Span::new().days(DAYS_AHEAD)).unwrap_or(Date::MAX);
    wishes.iter().filter(|wish| wish.date <= last).find_map(|wish| {
        hours_of(wish.part).iter().find_map(|hour| {
            let time = Time::new(*hour, 0, 0, 0).ok()?;
            match resolve(wish.date, time, zone) {
                Resolved::At(at) | Resolved::Twice { first: at, .. } if at > now => Some((wish.date, time)),
                _ => None,
            }
        })
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    const TODAY: Date = date(2026, 11, 24);

    #[test]
    fn up_to_three_wishes_are_read_and_empty_ones_passed_over() {
        let wishes =
            read_wishes(&[("2026-12-01", "morning"), ("", "any"), ("12/2/2026", "evening")], TODAY).unwrap();
        let wanted = [
            Wish { date: date(2026, 12, 1), part: DayPart::Morning },
            Wish { date: date(2026, 12, 2), part: DayPart::Evening },
        ];
        assert_eq!(wishes, wanted);
        assert_eq!(stored_wishes(&write_wishes(&wishes)), wanted);
    }

    #[test]
    fn each_bad_wish_is_told_at_its_place() {
        let problems = |pairs: &[(&str, &str)]| read_wishes(pairs, TODAY).unwrap_err();
        assert_eq!(problems(&[("", "any"), ("", "any")]), [(0, WishError::NoDay)]);
        assert_eq!(problems(&[]), [(0, WishError::NoDay)]);
        assert_eq!(
            problems(&[("2026-11-23", "any"), ("2026-02-30", "any"), ("2028-01-01", "any")]),
            [(0, WishError::Past), (1, WishError::NotADay), (2, WishError::TooFar)]
        );
        assert_eq!(problems(&[("2026-12-01", "any"), ("12/01/2026", "any")]), [(1, WishError::Twice)]);
        assert_eq!(read_wishes(&[("2026-11-24", "midnight")], TODAY).unwrap()[0].part, DayPart::Any);
    }

    #[test]
    fn the_first_wish_that_can_still_be_kept_is_proposed() {
        let zone = TimeZone::get("America/New_York").unwrap();
        // Tuesday, November 24, 2026, 2 PM there.
        let now: Timestamp = "2026-11-24T19:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
        let wish = |day, part| Wish { date: date(2026, 11, day), part };
        let over = wish(23, DayPart::Any);
        let far = Wish { date: date(2027, 11, 25), part: DayPart::Any };
        let table: &[(&[Wish], Option<(i8, i8)>)] = &[
            (&[], None),
            (&[over], None),
            (&[far], None),
            (&[wish(24, DayPart::Morning)], None),
            (&[wish(24, DayPart::Afternoon)], None),
            (&[wish(24, DayPart::Evening)], Some((24, 17))),
            (&[wish(24, DayPart::Any)], Some((24, 17))),
            (&[over, wish(24, DayPart::Morning), wish(26, DayPart::Morning)], Some((26, 10))),
            (&[wish(27, DayPart::Afternoon), wish(26, DayPart::Any)], Some((27, 13))),
        ];
        for (wishes, wanted) in table {
            let wanted = wanted.map(|(day, hour)| (date(2026, 11, day), time(hour, 0, 0, 0)));
            assert_eq!(first_open(wishes, now, &zone), wanted, "{wishes:?}");
        }
    }

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
}
