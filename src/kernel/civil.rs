//! Civil dates: a day on the calendar, in no zone.

use jiff::civil::Date;

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
        let (month, day, year) = (month.trim(), day.trim(), year.trim());
        if month.is_empty() || day.is_empty() || year.is_empty() {
            return Err(BirthDateError::Missing);
        }
        let number = |text: &str, most: usize| {
            (text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<i16>().ok())
                .flatten()
        };
        let (Some(m), Some(d), Some(y), 4) = (number(month, 2), number(day, 2), number(year, 4), year.len())
        else {
            return Err(BirthDateError::Malformed);
        };
        let (m, d) = (i8::try_from(m).unwrap_or(0), i8::try_from(d).unwrap_or(0));
        if y < 1900 {
            return Err(BirthDateError::TooOld);
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
}

impl std::fmt::Display for BirthDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
