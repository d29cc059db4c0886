//! Phone numbers: kept as typed, compared by their digits.

use crate::kernel::text;

/// Why a text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a phone number has 5 to 20 digits")]
pub struct PhoneError;

/// A phone number, as somebody typed it, cleaned. Its key decides equality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// Reads one: digits with the usual punctuation, an extension ("x12", "ext. 12") at the end.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let typed = text::clean(text);
        let typed = text::ascii_digits(&typed);
        let kept = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let kept = kept.strip_prefix("tel:").map_or(kept.clone(), |number| number.replace(";ext=", " x"));
        let usual = |c: char| {
            c.is_ascii_digit()
                || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')' | '/' | '#' | ',' | '\u{2010}'..='\u{2015}')
        };
        let beginning = kept.trim_end_matches(|c: char| c.is_ascii_digit());
        let bare = ["extension", "ext.", "ext", "x"]
            .iter()
            .find_map(|word| beginning.trim_end().to_ascii_lowercase().strip_suffix(word).map(str::len))
            .map_or(kept.as_str(), |length| &kept[..length]);
        let digits = bare.bytes().filter(u8::is_ascii_digit).count();
        // Two numbers in one cell.
        let is_pair =
            bare.split('/').filter(|part| part.bytes().filter(u8::is_ascii_digit).count() >= 7).count() > 1;
        if is_pair || !bare.chars().all(usual) || !(5..=20).contains(&digits) || kept.len() > 40 {
            return Err(PhoneError);
        }
        Ok(Self(kept))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What decides whether two numbers are one: the digits, without the country code of North America.
    pub fn key(&self) -> String {
        digits(&self.0)
    }
}

/// The digits of a number that may be one of North America with its country code.
pub fn digits(text: &str) -> String {
    let digits: String = text::ascii_digits(text).chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('1') {
        Some(rest) if digits.len() == 11 => rest.to_owned(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_spellings_and_one_key() {
        for text in [
            "(555) 010-0123",
            "555-010-0123",
            "555.010.0123",
            "+1 555 010 0123",
            "1-555-010-0123",
            "5550100123",
        ] {
            assert_eq!(Phone::parse(text).unwrap().key(), "5550100123", "{text}");
        }
        assert_eq!(Phone::parse("+34 612 345 678").unwrap().key(), "34612345678");
        assert_eq!(Phone::parse("555-010-0123 x12").unwrap().key(), "555010012312");
        assert!(Phone::parse("555-010-0123 Ext. 4").is_ok());
        for (typed, kept) in [
            ("\u{202a}+1 (555)\u{a0}010-0123\u{202c}", "+1 (555) 010-0123"),
            ("+1 555 010 0123\u{200b}", "+1 555 010 0123"),
            ("５５５０１０１２３４", "5550101234"),
            ("+966 ٥٥ ٠١٢٣ ٤٥٦٧", "+966 55 0123 4567"),
            ("tel:+1-201-555-0123;ext=12", "+1-201-555-0123 x12"),
        ] {
            assert_eq!(Phone::parse(typed).unwrap().as_str(), kept, "{typed:?}");
        }
        for text in [
            "",
            "1234",
            "call me",
            "555-0123 <b>",
            "123456789012345678901",
            "ext 12345",
            "555-010-0123/555-010-0124",
        ] {
            assert_eq!(Phone::parse(text), Err(PhoneError), "{text}");
        }
    }
}
