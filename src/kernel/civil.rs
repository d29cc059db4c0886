//! Civil dates: a day on the calendar, in no zone.

use jiff::civil::Date;

use crate::kernel::text;

/// A birth date (IDP-01): `YYYY-MM-DD`, kept as the text that the column holds.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression, diesel::FromSqlRow, serde::Serialize,
)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(transparent)]
pub struct BirthDate(String);

crate::text_newtype_column!(BirthDate);

/// Never printed by accident (AUD-06).
impl std::fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BirthDate(..)")
    }
}

/// Why something is no birth date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BirthDateError {
    /// A part is missing.
    #[error("the month, day or year is missing")]
    Missing,
    /// A part is no number, or the year has not four digits.
    #[error("the month, day and year are numbers, the year with four digits")]
    Malformed,
    /// A month that is not 1 to 12: most often the day comes first.
    #[error("there is no such month")]
    NoSuchMonth,
    /// Not on the calendar, such as February 30.
    #[error("there is no such day")]
    NoSuchDay,
    /// After today.
    #[error("this day lies in the future")]
    Future,
    /// Before 1900.
    #[error("the year is before 1900")]
    TooOld,
}

impl BirthDate {
    /// From three plain fields that no locale can swap. `today` is today in the practice's zone.
    pub fn from_fields(month: &str, day: &str, year: &str, today: Date) -> Result<Self, BirthDateError> {
        let [month, day, year] =
            [month, day, year].map(|part| text::ascii_digits(&text::clean(part)).trim().to_owned());
        if month.is_empty() || day.is_empty() || year.is_empty() {
            return Err(BirthDateError::Missing);
        }
        let number = |text: &str, most: usize| {
            (text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<i16>().ok())
                .flatten()
        };
        let (Some(m), Some(d), Some(y), 4) =
            (number(&month, 2), number(&day, 2), number(&year, 4), year.len())
        else {
            return Err(BirthDateError::Malformed);
        };
        let (m, d) = (i8::try_from(m).unwrap_or(0), i8::try_from(d).unwrap_or(0));
        if y < 1900 {
            return Err(BirthDateError::TooOld);
        }
        if !(1..=12).contains(&m) {
            return Err(BirthDateError::NoSuchMonth);
        }
        Self::checked(Date::new(y, m, d).map_err(|_| BirthDateError::NoSuchDay)?, today)
    }

    /// From `YYYY-MM-DD`.
    pub fn from_iso(text: &str, today: Date) -> Result<Self, BirthDateError> {
        let mut parts = text.trim().splitn(3, '-');
        let (Some(y), Some(m), Some(d)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BirthDateError::Malformed);
        };
        Self::from_fields(m, d, y, today)
    }

    /// As [`BirthDate::from_iso`], and with slashes (`03/04/1990`) in the order that the file has. For files:
    /// there is no form that could ask back.
    pub fn from_file(text: &str, order: DateOrder, today: Date) -> Result<Self, BirthDateError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BirthDateError::Missing);
        }
        match text.splitn(3, '/').collect::<Vec<_>>()[..] {
            [first, second, year] => match order {
                DateOrder::MonthFirst => Self::from_fields(first, second, year, today),
                DateOrder::DayFirst => Self::from_fields(second, first, year, today),
            },
            _ => Self::from_iso(text, today),
        }
    }

    fn checked(date: Date, today: Date) -> Result<Self, BirthDateError> {
        if date > today {
            return Err(BirthDateError::Future);
        }
        if date.year() < 1900 {
            return Err(BirthDateError::TooOld);
        }
        Ok(Self(date.to_string()))
    }

    /// The day. Only days that were checked are ever stored.
    pub fn date(&self) -> Date {
        self.0.parse().unwrap_or(Date::ZERO)
    }

    /// Whole years lived on a day.
    pub fn age_on(&self, today: Date) -> i16 {
        let born = self.date();
        let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
        today.year() - born.year() - i16::from(!had_birthday)
    }
}

impl std::fmt::Display for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which comes first where a date is written in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 3/4/1990 is March 4.
    MonthFirst,
    /// 3/4/1990 is April 3.
    DayFirst,
}

/// The days that somebody may mean who types a date into a search: `3/4/1990`, `03-04-1990`,
/// `1990-03-04`, `March 4, 1990`, `4 mar 1990`, `19900304`, `3/4/90`. A day before a month is read
/// that way where the other way there is no such day. Empty when it is no date. Never for a
/// form that decides anything: there the fields are three.
pub fn dates_meant(text: &str, order: DateOrder, today: Date) -> Vec<Date> {
    let parts: Vec<&str> = parts(text).collect();
    match parts[..] {
        [one] if one.len() == 8 && one.bytes().all(|b| b.is_ascii_digit()) => {
            let ymd = [&one[..4], &one[4..6], &one[6..]];
            let mdy = [&one[4..], &one[..2], &one[2..4]];
            if let Some(date) =
                day_of(ymd[0], number(ymd[1]), number(ymd[2])).filter(|d| plausible(*d, today))
            {
                return vec![date];
            }
            years(mdy[0], today).into_iter().filter_map(|y| ordered(y, mdy[1], mdy[2], order)).collect()
        }
        [a, b, c] => {
            // "de" of "4 de marzo de 1990" falls out below, as words that are no month.
            by_parts(a, b, c, order, today)
        }
        [a, de1, b, de2, c] if de1.eq_ignore_ascii_case("de") && de2.eq_ignore_ascii_case("de") => {
            by_parts(a, b, c, order, today)
        }
        [a, de, b, c] if de.eq_ignore_ascii_case("de") => by_parts(a, b, c, order, today),
        _ => Vec::new(),
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '-' | '.' | ',')).filter(|p| !p.is_empty())
}

/// The month of a year that somebody may mean who types one into a search: `May 1987`, `mayo de 1987`,
/// `1987 May`, `5/1987`, `1987-05`. The year has four digits.
pub fn month_meant(text: &str, today: Date) -> Option<(i16, i8)> {
    let parts: Vec<&str> = parts(text).collect();
    let (a, b) = match parts[..] {
        [a, b] => (a, b),
        [a, de, b] if de.eq_ignore_ascii_case("de") => (a, b),
        _ => return None,
    };
    let month = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        month_named(text).or_else(|| number(text).filter(|_| digits))
    };
    let year = |text: &str| if text.len() == 4 { years(text, today).first().copied() } else { None };
    let (year, month) = year(b).zip(month(a)).or_else(|| year(a).zip(month(b)))?;
    plausible(day_of_year(year, Some(month), Some(1))?, today).then_some((year, month))
}

fn by_parts(a: &str, b: &str, c: &str, order: DateOrder, today: Date) -> Vec<Date> {
    let dates: Vec<Date> = if let Some(month) = month_named(a) {
        years(c, today).into_iter().filter_map(|y| day_of_year(y, Some(month), number(b))).collect()
    } else if let Some(month) = month_named(b) {
        if a.len() == 4 {
            day_of(a, Some(month), number(c)).into_iter().collect()
        } else {
            years(c, today).into_iter().filter_map(|y| day_of_year(y, Some(month), number(a))).collect()
        }
    } else if a.len() == 4 {
        day_of(a, number(b), number(c)).into_iter().collect()
    } else {
        years(c, today).into_iter().filter_map(|y| ordered(y, a, b, order)).collect()
    };
    dates.into_iter().filter(|d| plausible(*d, today)).collect()
}

fn plausible(date: Date, today: Date) -> bool {
    date.year() >= 1900 && date <= today
}

/// At most two digits, with or without "st", "nd", "rd", "th".
fn number(text: &str) -> Option<i8> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = text[digits.len()..].to_ascii_lowercase();
    let fits = matches!(digits.len(), 1 | 2) && matches!(ending.as_str(), "" | "st" | "nd" | "rd" | "th");
    (fits && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// A year of four digits, or of two: then of either century that has begun.
fn years(text: &str, today: Date) -> Vec<i16> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    match (text.len(), text.parse::<i16>()) {
        (4, Ok(year)) => vec![year],
        (2, Ok(short)) => [2000 + short, 1900 + short].into_iter().filter(|y| *y <= today.year()).collect(),
        _ => Vec::new(),
    }
}

/// A day as forms of browsers send it and programs write it (RFC 3339, section 5.6): `YYYY-MM-DD`, and nothing else.
pub fn read_day(text: &str) -> Option<Date> {
    let is_sign =
        |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    let is_plain = text.len() == 10 && text.bytes().enumerate().all(is_sign);
    is_plain.then(|| text.parse().ok()).flatten()
}

fn day_of(year: &str, month: Option<i8>, day: Option<i8>) -> Option<Date> {
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    day_of_year(is_year.then(|| year.parse().ok()).flatten()?, month, day)
}

fn day_of_year(year: i16, month: Option<i8>, day: Option<i8>) -> Option<Date> {
    Date::new(year, month?, day?).ok()
}

fn ordered(year: i16, a: &str, b: &str, order: DateOrder) -> Option<Date> {
    let (a, b) = (number(a), number(b));
    let (month_first, day_first) = (day_of_year(year, a, b), day_of_year(year, b, a));
    match order {
        DateOrder::MonthFirst => month_first.or(day_first),
        DateOrder::DayFirst => day_first.or(month_first),
    }
}

/// English and Spanish names of months, whole or by their first three letters or more.
fn month_named(text: &str) -> Option<i8> {
    const NAMES: [[&str; 2]; 12] = [
        ["january", "enero"],
        ["february", "febrero"],
        ["march", "marzo"],
        ["april", "abril"],
        ["may", "mayo"],
        ["june", "junio"],
        ["july", "julio"],
        ["august", "agosto"],
        ["september", "septiembre"],
        ["october", "octubre"],
        ["november", "noviembre"],
        ["december", "diciembre"],
    ];
    let typed = text.to_lowercase();
    if typed.len() < 3 {
        return None;
    }
    let at = NAMES.iter().position(|names| names.iter().any(|name| name.starts_with(&typed)))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_with_dashes_and_stands_alone() {
        assert_eq!(read_day("2026-11-28"), Some(jiff::civil::date(2026, 11, 28)));
        for other in [
            "20261128",
            "2026-11-28T10:00:00",
            "2026-11-28 10:00",
            "2026-11-28[UTC]",
            "+2026-11-28",
            "2026-02-30",
            "",
            "2026-1-8",
        ] {
            assert_eq!(read_day(other), None, "{other}");
        }
    }
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 11, 24);

    #[test]
    fn a_birth_date_has_three_fields_that_nobody_can_swap() {
        let read = |m, d, y| BirthDate::from_fields(m, d, y, TODAY).map(|b| b.to_string());
        assert_eq!(read("3", "4", "1990").as_deref(), Ok("1990-03-04"));
        assert_eq!(read(" 02 ", "29", "2000").as_deref(), Ok("2000-02-29"));
        assert_eq!(read("11", "24", "2026").as_deref(), Ok("2026-11-24"));
        assert_eq!(read("02", "30", "1980"), Err(BirthDateError::NoSuchDay));
        assert_eq!(read("02", "29", "1900"), Err(BirthDateError::NoSuchDay));
        assert_eq!(read("11", "25", "2026"), Err(BirthDateError::Future));
        assert_eq!(read("1", "1", "1899"), Err(BirthDateError::TooOld));
        assert_eq!(read("1", "1", "70"), Err(BirthDateError::Malformed));
        assert_eq!(read("1", "x", "1970"), Err(BirthDateError::Malformed));
        assert_eq!(read("", "1", "1970"), Err(BirthDateError::Missing));
        assert_eq!(read("13", "1", "1970"), Err(BirthDateError::NoSuchMonth));
        assert_eq!(read("0", "1", "1970"), Err(BirthDateError::NoSuchMonth));
        assert_eq!(read("٣", "４", "۱۹۹۰").as_deref(), Ok("1990-03-04"));
        assert_eq!(read("3\u{200e}", "4", "1990\u{a0}").as_deref(), Ok("1990-03-04"));
        assert_eq!(read("+1", "1", "1970"), Err(BirthDateError::Malformed));
    }

    #[test]
    fn a_file_writes_dates_in_two_ways() {
        let read = |text| BirthDate::from_file(text, DateOrder::MonthFirst, TODAY).map(|b| b.to_string());
        assert_eq!(read("1990-03-04").as_deref(), Ok("1990-03-04"));
        assert_eq!(read("3/4/1990").as_deref(), Ok("1990-03-04"));
        assert_eq!(read("1990-02-30"), Err(BirthDateError::NoSuchDay));
        assert_eq!(read("2090-01-01"), Err(BirthDateError::Future));
        assert_eq!(read("19900304"), Err(BirthDateError::Malformed));
        assert_eq!(read("1990-03-04T00:00:00"), Err(BirthDateError::Malformed));
        assert_eq!(read(" "), Err(BirthDateError::Missing));
        let day_first = |text| BirthDate::from_file(text, DateOrder::DayFirst, TODAY).map(|b| b.to_string());
        assert_eq!(day_first("3/4/1990").as_deref(), Ok("1990-04-03"));
        assert_eq!(day_first("1990-03-04").as_deref(), Ok("1990-03-04"), "ISO is always the same");
        assert_eq!(day_first("4/13/1990"), Err(BirthDateError::NoSuchMonth));
    }

    #[test]
    fn a_search_reads_a_date_however_it_is_spelled() {
        for text in [
            "3/4/1990",
            "03/04/1990",
            "03-04-1990",
            "3.4.1990",
            "1990-03-04",
            "1990/3/4",
            "March 4 1990",
            "march 4, 1990",
            "MAR 4 1990",
            "4 mar 1990",
            "4 March 1990",
            "4th march 1990",
            "March 4th, 1990",
            "19900304",
            "03041990",
            "3/4/90",
            "4 de marzo de 1990",
            "4 marzo 1990",
            "1990 mar 4",
        ] {
            assert_eq!(dates_meant(text, DateOrder::MonthFirst, TODAY), [date(1990, 3, 4)], "{text}");
        }
        assert_eq!(dates_meant("3/4/1990", DateOrder::DayFirst, TODAY), [date(1990, 4, 3)]);
        assert_eq!(dates_meant("25/12/1990", DateOrder::MonthFirst, TODAY), [date(1990, 12, 25)]);
        assert_eq!(dates_meant("3/4/15", DateOrder::MonthFirst, TODAY), [date(2015, 3, 4), date(1915, 3, 4)]);
        for text in [
            "",
            "1990",
            "ana duarte jr",
            "3/4",
            "13/13/1990",
            "2/30/1990",
            "5550123",
            "1/1/2090",
            "55501234",
            "3/4/1990/5",
        ] {
            assert!(dates_meant(text, DateOrder::MonthFirst, TODAY).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_search_reads_a_month_of_a_year() {
        for text in [
            "May 1987",
            "may, 1987",
            "mayo 1987",
            "mayo de 1987",
            "Mayo De 1987",
            "1987 may",
            "5/1987",
            "05-1987",
            "05.1987",
            "1987-05",
            "5 1987",
        ] {
            assert_eq!(month_meant(text, TODAY), Some((1987, 5)), "{text}");
        }
        assert_eq!(month_meant("nov 2026", TODAY), Some((2026, 11)));
        for text in [
            "",
            "may",
            "1987",
            "may 87",
            "5/87",
            "13/1987",
            "may 22 1987",
            "may 1899",
            "dec 2026",
            "maybe 1987",
            "5th 1987",
            "1987 1987",
        ] {
            assert_eq!(month_meant(text, TODAY), None, "{text}");
        }
    }

    #[test]
    fn an_age_grows_on_the_birthday() {
        let born = BirthDate::from_iso("2000-02-29", TODAY).unwrap();
        assert_eq!(born.age_on(date(2026, 2, 28)), 25);
        assert_eq!(born.age_on(date(2026, 3, 1)), 26);
        assert_eq!(born.age_on(date(2000, 2, 29)), 0);
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_reading_of_dates(text in "\\PC{0,24}") {
            let _ = dates_meant(&text, DateOrder::MonthFirst, TODAY);
            let _ = month_meant(&text, TODAY);
            let _ = BirthDate::from_file(&text, DateOrder::MonthFirst, TODAY);
            let _ = BirthDate::from_file(&text, DateOrder::DayFirst, TODAY);
        }

        #[test]
        fn every_day_is_found_by_every_spelling(days in 0i32..46_000) {
            let day = date(1900, 1, 1).saturating_add(jiff::Span::new().days(days));
            for format in ["%Y-%m-%d", "%m/%d/%Y", "%-m/%-d/%Y", "%B %-d, %Y", "%-d %b %Y", "%Y%m%d"] {
                let text = day.strftime(format).to_string();
                prop_assert_eq!(dates_meant(&text, DateOrder::MonthFirst, TODAY), vec![day], "{}", text);
            }
        }
    }
}
