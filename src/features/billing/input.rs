//! What people and programs give: amounts, days and texts, checked where they come in.

use jiff::civil::Date;

use crate::kernel::card::holds_card_number;
use crate::kernel::civil;
use crate::kernel::money::{AmountError, Currency, LARGEST, Money};
use crate::kernel::text;
use crate::platform::i18n::Words;

/// Days that something may lie back when it is posted.
pub const MOST_DAYS_BACK: i32 = 60;
/// The longest description of a charge.
pub const MOST_IN_A_DESCRIPTION: usize = 120;
/// The longest reference of a payment.
pub const MOST_IN_A_REFERENCE: usize = 60;
/// The longest reason.
pub const MOST_IN_A_REASON: usize = 500;

/// The first day that may be posted on.
pub fn first_day(today: Date) -> Date {
    today.saturating_sub(jiff::Span::new().days(MOST_DAYS_BACK))
}

/// A day as a form's field holds it: `2026-12-01`.
pub fn read_day(typed: &str) -> Option<Date> {
    civil::read_day(typed.trim())
}

/// A day that is not to come and not too long ago; else what is wrong, in words.
pub fn day(given: Option<Date>, today: Date, words: Words) -> Result<Date, String> {
    let first = first_day(today);
    given.filter(|day| (first..=today).contains(day)).ok_or_else(|| {
        let (first, last) = (words.civil_date(first), words.civil_date(today));
        words.with2("billing-error-day", "first", first, "last", last)
    })
}

/// The longest code.
const MOST_IN_A_CODE: usize = 10;

/// Codes, with spaces or commas between, in capitals: at most so many. May be empty.
pub fn codes(typed: &str, most: usize, words: Words) -> Result<String, String> {
    let codes: Vec<String> =
        typed.split([' ', ',', ';']).filter(|code| !code.is_empty()).map(str::to_ascii_uppercase).collect();
    let is_code = |code: &String| {
        code.len() <= MOST_IN_A_CODE
            && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
    };
    if codes.len() > most || !codes.iter().all(is_code) {
        return Err(words.count("billing-error-codes", "most", i64::try_from(most).unwrap_or(1)));
    }
    Ok(codes.join(" "))
}

/// How many units: 1 to 999.
pub fn units(typed: &str, words: Words) -> Result<i32, String> {
    let read = typed.trim().parse::<i32>().ok().filter(|units| (1..=999).contains(units));
    read.ok_or_else(|| words.get("billing-error-units"))
}

/// An amount that may be nothing, or less where `least` says so: an empty field is nothing.
pub fn amount_from(typed: &str, least: Least, currency: Currency, words: Words) -> Result<i64, String> {
    let typed = typed.trim();
    let (is_less, rest) = match typed.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, typed),
    };
    let is_nothing = rest.bytes().all(|b| matches!(b, b'0' | b'.'));
    if is_nothing && rest.matches('.').count() <= 1 && rest != "." {
        return Ok(0);
    }
    if is_less && least == Least::Nothing {
        return Err(words.get("billing-error-amount-zero"));
    }
    let amount = amount(rest, currency, words)?.minor;
    Ok(if is_less { -amount } else { amount })
}

/// The least that an amount may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Least {
    /// Nothing.
    Nothing,
    /// Less than nothing: something is taken back.
    TakenBack,
}

fn amount_error(error: AmountError, currency: Currency, words: Words) -> String {
    let most = Money::new(LARGEST, currency);
    match error {
        AmountError::Empty => words.get("billing-error-amount-none"),
        AmountError::NotAnAmount => words.get("billing-error-amount"),
        AmountError::TooManyDecimals => words.with1("billing-error-amount-decimals", "currency", currency),
        AmountError::NotPositive => words.get("billing-error-amount-zero"),
        AmountError::TooLarge => words.with1("billing-error-amount-large", "most", most),
    }
}

/// An amount that was typed; else what is wrong, in words.
pub fn amount(typed: &str, currency: Currency, words: Words) -> Result<Money, String> {
    Money::read(typed, currency).map_err(|error| amount_error(error, currency, words))
}

/// An amount that a program gave, in minor units.
pub fn minor(given: i64, currency: Currency, words: Words) -> Result<Money, String> {
    match given {
        ..=0 => Err(amount_error(AmountError::NotPositive, currency, words)),
        _ if given > LARGEST => Err(amount_error(AmountError::TooLarge, currency, words)),
        _ => Ok(Money::new(given, currency)),
    }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// It cannot be kept as it is; the words say why.
    Said(String),
    /// It holds the number of a payment card, which is kept nowhere, not even to be shown again.
    CardNumber(String),
}

impl TextProblem {
    /// The words.
    pub fn words(self) -> String {
        match self {
            Self::Said(words) | Self::CardNumber(words) => words,
        }
    }
}

/// A text that must not be empty.
pub fn needed(typed: &str, most: usize, empty: &str, words: Words) -> Result<String, TextProblem> {
    let text = optional(typed, most, words)?;
    if text.is_empty() { Err(TextProblem::Said(words.get(empty))) } else { Ok(text) }
}

/// A text that may be empty.
pub fn optional(typed: &str, most: usize, words: Words) -> Result<String, TextProblem> {
    if holds_card_number(typed) {
        return Err(TextProblem::CardNumber(words.get("billing-error-card-number")));
    }
    text::line(typed, most).map_err(|_| TextProblem::Said(words.with1("billing-error-long", "most", most)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;
    use jiff::civil::date;

    #[test]
    fn a_day_is_neither_to_come_nor_too_long_ago() {
        let words = Words::of(Language::English);
        let today = date(2026, 12, 1);
        let day = |given| day(Some(given), today, words);
        assert_eq!(day(today), Ok(today));
        assert_eq!(day(date(2026, 10, 2)), Ok(date(2026, 10, 2)));
        let wrong = "Choose a day from October 2, 2026 to December 1, 2026.";
        assert_eq!(day(date(2026, 10, 1)), Err(wrong.to_owned()));
        assert_eq!(day(date(2026, 12, 2)), Err(wrong.to_owned()));
    }
}
