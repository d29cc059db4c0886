//! Days that come again: the part of RFC 5545's recurrence rules that appointments need, over civil dates alone. A zone is
//! applied afterwards, date by date, so neither midnight elsewhere nor a change of the clocks moves a day of the week.
//!
//! DAILY, WEEKLY and MONTHLY with INTERVAL, BYDAY, BYMONTHDAY, WKST, and COUNT or UNTIL as a date. Anything else is refused
//! by its name. A day counts where the rule says so: the day of the beginning is one only if it fits.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};

use crate::word_enum;

word_enum! {
    /// How often.
    pub enum Frequency {
        /// Every so many days.
        Daily = "DAILY",
        /// In every so many weeks.
        Weekly = "WEEKLY",
        /// In every so many months.
        Monthly = "MONTHLY",
    }
}

/// A day of the week; of a month the n-th of them, or the n-th from its end for a number below nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekdayOf {
    /// Which one of the month; each for none.
    pub ordinal: Option<i8>,
    /// The day.
    pub day: Weekday,
}

/// When it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleEnd {
    /// It does not.
    Never,
    /// With its n-th day.
    Count(u32),
    /// With this day, which is one of it where it fits.
    Until(Date),
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How often …
    pub frequency: Frequency,
    /// … of each so many days, weeks or months; at least 1.
    pub interval: u16,
    /// On these days of the week; on that of the beginning for none.
    pub by_day: Vec<WeekdayOf>,
    /// On these days of the month; those below nothing count from its end.
    pub by_month_day: Vec<i8>,
    /// The first day of a week.
    pub week_start: Weekday,
    /// When it ends.
    pub end: RuleEnd,
}

/// Why a text is no rule of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// This part of a rule is not supported.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// This part cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(String),
}

/// No rule leaves out more than so many days, weeks or months.
const MOST_INTERVAL: u16 = 99;

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn weekday(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(word, _)| *word == text).map(|(_, day)| *day)
}

fn weekday_word(day: Weekday) -> &'static str {
    DAYS.iter().find(|(_, known)| *known == day).map_or("", |(word, _)| word)
}

fn weekday_of(text: &str) -> Option<WeekdayOf> {
    let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = match number {
        "" => None,
        number => Some(number.parse::<i8>().ok().filter(|n| *n != 0 && (-5..=5).contains(n))?),
    };
    Some(WeekdayOf { ordinal, day: weekday(day)? })
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(read).collect()
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let unreadable = |part: &str| RuleError::Unreadable(part.to_owned());
        let unsupported = |part: &str| RuleError::Unsupported(part.to_owned());
        let mut frequency = None;
        let (mut interval, mut by_day, mut by_month_day) = (1, Vec::new(), Vec::new());
        let (mut week_start, mut end, mut known) = (Weekday::Monday, RuleEnd::Never, Vec::new());
        for part in text.trim().trim_start_matches("RRULE:").split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| unreadable(part))?;
            let name = name.to_ascii_uppercase();
            if known.contains(&name) {
                return Err(unreadable(part));
            }
            let wrong = || unreadable(part);
            match name.as_str() {
                "FREQ" => {
                    frequency = Some(value.parse::<Frequency>().map_err(|_| unsupported(part))?);
                }
                "INTERVAL" => {
                    let read = value.parse::<u16>().ok();
                    interval = read.filter(|n| (1..=MOST_INTERVAL).contains(n)).ok_or_else(wrong)?;
                }
                "BYDAY" => by_day = list(value, weekday_of).ok_or_else(wrong)?,
                "BYMONTHDAY" => {
                    let read =
                        |text: &str| text.parse::<i8>().ok().filter(|n| *n != 0 && (-31..=31).contains(n));
                    by_month_day = list(value, read).ok_or_else(wrong)?;
                }
                "WKST" => week_start = weekday(value).ok_or_else(wrong)?,
                "COUNT" | "UNTIL" if end != RuleEnd::Never => return Err(wrong()),
                "COUNT" => {
                    let count = value.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
                    end = RuleEnd::Count(count);
                }
                // A moment would be another day elsewhere.
                "UNTIL" if value.contains('T') => return Err(unsupported("UNTIL with a time")),
                "UNTIL" => {
                    let day = Date::strptime("%Y%m%d", value).map_err(|_| wrong())?;
                    end = RuleEnd::Until(day);
                }
                _ => return Err(RuleError::Unsupported(name)),
            }
            known.push(name);
        }
        let frequency = frequency.ok_or_else(|| unreadable("FREQ"))?;
        if frequency != Frequency::Monthly && by_day.iter().any(|of| of.ordinal.is_some()) {
            return Err(unsupported("a number in BYDAY without FREQ=MONTHLY"));
        }
        if frequency == Frequency::Weekly && !by_month_day.is_empty() {
            return Err(unsupported("BYMONTHDAY with FREQ=WEEKLY"));
        }
        Ok(Self { frequency, interval, by_day, by_month_day, week_start, end })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency)?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if !self.by_day.is_empty() {
            let word = |of: &WeekdayOf| match of.ordinal {
                Some(ordinal) => format!("{ordinal}{}", weekday_word(of.day)),
                None => weekday_word(of.day).to_owned(),
            };
            write!(f, ";BYDAY={}", self.by_day.iter().map(word).collect::<Vec<_>>().join(","))?;
        }
        if !self.by_month_day.is_empty() {
            let days: Vec<String> = self.by_month_day.iter().map(ToString::to_string).collect();
            write!(f, ";BYMONTHDAY={}", days.join(","))?;
        }
        if self.week_start != Weekday::Monday {
            write!(f, ";WKST={}", weekday_word(self.week_start))?;
        }
        match self.end {
            RuleEnd::Never => Ok(()),
            RuleEnd::Count(count) => write!(f, ";COUNT={count}"),
            RuleEnd::Until(day) => write!(f, ";UNTIL={}", day.strftime("%Y%m%d")),
        }
    }
}

/// The number of a day in its month, from the beginning or from the end: a month of 30 days has the day 30 also as -1.
fn is_month_day(date: Date, wanted: i8) -> bool {
    let wanted = if wanted > 0 { wanted } else { date.days_in_month() + 1 + wanted };
    date.day() == wanted
}

/// Is a date the n-th of its day of the week in its month?
fn is_ordinal(date: Date, ordinal: i8) -> bool {
    let from_start = (date.day() - 1) / 7 + 1;
    let from_end = (date.days_in_month() - date.day()) / 7 + 1;
    if ordinal > 0 { from_start == ordinal } else { from_end == -ordinal }
}

impl Rule {
    /// Does the period that a date lies in count, of those that begin with that of `start`?
    fn is_in_turn(&self, start: Date, date: Date) -> bool {
        let days = |from: Date, until: Date| from.duration_until(until).as_hours() / 24;
        let periods = match self.frequency {
            Frequency::Daily => days(start, date),
            Frequency::Weekly => {
                let back = i64::from(start.weekday().since(self.week_start));
                (days(start, date) + back).div_euclid(7)
            }
            Frequency::Monthly => {
                let months = |of: Date| i64::from(of.year()) * 12 + i64::from(of.month());
                months(date) - months(start)
            }
        };
        periods % i64::from(self.interval) == 0
    }

    fn fits(&self, start: Date, date: Date) -> bool {
        let of_week = |of: &WeekdayOf| {
            of.day == date.weekday() && of.ordinal.is_none_or(|ordinal| is_ordinal(date, ordinal))
        };
        let by_day = self.by_day.is_empty() || self.by_day.iter().any(of_week);
        let by_month_day =
            self.by_month_day.is_empty() || self.by_month_day.iter().any(|day| is_month_day(date, *day));
        let says_nothing = self.by_day.is_empty() && self.by_month_day.is_empty();
        let as_start = match self.frequency {
            Frequency::Weekly if says_nothing => date.weekday() == start.weekday(),
            Frequency::Monthly if says_nothing => date.day() == start.day(),
            _ => true,
        };
        by_day && by_month_day && as_start && self.is_in_turn(start, date)
    }

    /// Its days from `start` to `last`, both included.
    pub fn dates(&self, start: Date, last: Date) -> Vec<Date> {
        let last = match self.end {
            RuleEnd::Until(day) => day.min(last),
            RuleEnd::Never | RuleEnd::Count(_) => last,
        };
        let most = match self.end {
            RuleEnd::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            RuleEnd::Never | RuleEnd::Until(_) => usize::MAX,
        };
        let all = std::iter::successors(Some(start), |date| date.tomorrow().ok());
        all.take_while(|date| *date <= last).filter(|date| self.fits(start, *date)).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn days(rule: &str, start: Date, last: Date) -> Vec<String> {
        rule.parse::<Rule>().unwrap().dates(start, last).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn case_39_until_includes_its_day_and_months_without_a_fifth_monday_are_left_out() {
        let start = date(2026, 12, 7);
        assert_eq!(
            days("FREQ=WEEKLY;UNTIL=20261221", start, date(2030, 1, 1)),
            ["2026-12-07", "2026-12-14", "2026-12-21"]
        );
        assert_eq!(days("FREQ=WEEKLY;UNTIL=20261220", start, date(2030, 1, 1)), ["2026-12-07", "2026-12-14"]);
        assert_eq!(
            days("FREQ=MONTHLY;BYDAY=5MO;COUNT=4", date(2026, 12, 1), date(2030, 1, 1)),
            ["2027-03-29", "2027-05-31", "2027-08-30", "2027-11-29"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", date(2026, 12, 1), date(2030, 1, 1)),
            ["2026-12-31", "2027-01-31", "2027-03-31"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", date(2026, 12, 1), date(2030, 1, 1)),
            ["2026-12-25", "2027-01-29"]
        );
    }

    #[test]
    fn case_39_what_is_not_supported_is_refused_by_its_name() {
        let said = |text: &str| text.parse::<Rule>().unwrap_err().to_string();
        assert_eq!(said("FREQ=YEARLY"), "FREQ=YEARLY is not supported");
        assert_eq!(said("FREQ=WEEKLY;BYSETPOS=1"), "BYSETPOS is not supported");
        assert_eq!(said("FREQ=DAILY;BYHOUR=9"), "BYHOUR is not supported");
        assert_eq!(said("FREQ=WEEKLY;UNTIL=20261221T000000Z"), "UNTIL with a time is not supported");
        assert_eq!(said("FREQ=WEEKLY;BYDAY=2MO"), "a number in BYDAY without FREQ=MONTHLY is not supported");
        assert_eq!(said("FREQ=WEEKLY;BYMONTHDAY=1"), "BYMONTHDAY with FREQ=WEEKLY is not supported");
        assert_eq!(said("FREQ=WEEKLY;COUNT=0"), "COUNT=0 cannot be read");
        assert_eq!(said("FREQ=WEEKLY;COUNT=2;UNTIL=20261221"), "UNTIL=20261221 cannot be read");
        assert_eq!(said("FREQ=WEEKLY;INTERVAL=0"), "INTERVAL=0 cannot be read");
        assert_eq!(said("FREQ=MONTHLY;BYDAY=6MO"), "BYDAY=6MO cannot be read");
        assert_eq!(said("INTERVAL=2"), "FREQ cannot be read");
        assert_eq!(said(""), " cannot be read");
    }

    #[test]
    fn weeks_are_counted_from_their_first_day_and_days_in_the_order_of_the_calendar() {
        let (start, last) = (date(2026, 12, 3), date(2030, 1, 1));
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=4", start, last),
            ["2026-12-03", "2026-12-15", "2026-12-17", "2026-12-29"]
        );
        // RFC 5545, 3.8.5.3: the first day of the week changes which weeks count.
        let start = date(1997, 8, 5);
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", start, last),
            ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]
        );
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", start, last),
            ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"]
        );
        assert_eq!(
            days("FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR;COUNT=3", date(2026, 12, 4), last),
            ["2026-12-04", "2026-12-07", "2026-12-10"]
        );
    }

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for text in [
            "FREQ=WEEKLY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;COUNT=10",
            "FREQ=MONTHLY;BYDAY=5MO,-1FR",
            "FREQ=MONTHLY;BYMONTHDAY=-1,15;UNTIL=20271231",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
    }
}
