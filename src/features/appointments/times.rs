//! Days and parts of days that clients wish for. Pure.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::kernel::wall_clock::{Resolved, read_date, resolve};
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
    first_free(wishes, now, zone, |_| true)
}

/// The same, of the times that are free.
pub fn first_free(
    wishes: &[Wish],
    now: Timestamp,
    zone: &TimeZone,
    is_free: impl Fn(Timestamp) -> bool,
) -> Option<(Date, Time)> {
    let today = now.in_zone(zone).date();
    let last = today.checked_add(jiff::Span::new().days(DAYS_AHEAD)).unwrap_or(Date::MAX);
    wishes.iter().filter(|wish| wish.date <= last).find_map(|wish| {
        hours_of(wish.part).iter().find_map(|hour| {
            let time = Time::new(*hour, 0, 0, 0).ok()?;
            match resolve(wish.date, time, zone) {
                Resolved::At(at) | Resolved::Twice { first: at, .. } if at > now && is_free(at) => {
                    Some((wish.date, time))
                }
                _ => None,
            }
        })
    })
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
}
