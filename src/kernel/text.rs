//! Text that people type, cleaned once at the edge. Names are compared in
//! [`crate::kernel::names`].

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More than this many characters.
    #[error("more than {0} characters")]
    TooLong(usize),
    /// A control character, a forced writing direction, or a letter that was lost on the way.
    #[error("a character that cannot be shown")]
    Unprintable,
}

/// Text as it was meant: without invisible characters (Unicode's Default_Ignorable_Code_Point), which
/// copying from web pages, contact lists and spreadsheets leaves
/// behind. Every value that people type goes through here before it is checked.
///
/// Kept where a script needs them: joiners between letters other than Latin (Persian, the Indic scripts),
/// the variation selectors of ideographs, Mongolian and emoji, the joiners and tags of emoji. An
/// override of the writing direction is kept too, for the check to refuse: what was seen is then not
/// what was typed.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_ignorable) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !is_ignorable(c) || is_override(c) || belongs(before, c, rest.peek().copied()) {
            kept.push(c);
            before = Some(c);
        }
    }
    Cow::Owned(kept)
}

/// Unicode's Default_Ignorable_Code_Point: not shown, unless a script or a font knows better.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Writes what follows in a forced direction, so that it is shown in another order than it is stored.
pub(super) fn is_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Does this ignorable character carry something between these two?
fn belongs(before: Option<char>, c: char, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let is_joined = |c: char| matches!(c, '\u{600}'..='\u{1fff}') && c.is_alphanumeric();
    let is_mark = |c: char| matches!(c, '\u{900}'..='\u{1fff}') && is_combining_mark(c);
    match c {
        '\u{200c}' | '\u{200d}' if is_joined(before) || is_mark(before) => after.is_some_and(is_joined),
        '\u{200d}' => is_emoji(before) && after.is_some_and(|c| is_emoji(c) && !is_ignorable(c)),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        '\u{fe0e}' | '\u{fe0f}' => is_emoji(before) || after == Some('\u{20e3}'),
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => is_ideograph(before),
        '\u{e0020}'..='\u{e007f}' => before == '\u{1f3f4}' || matches!(before, '\u{e0020}'..='\u{e007e}'),
        _ => false,
    }
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// One line: [`clean`], trimmed, inner white space to single spaces, NFC, at most `most` characters,
/// without control characters. May be empty.
pub fn line(text: &str, most: usize) -> Result<String, TextError> {
    let joined = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    checked(&joined, most, |_| false)
}

/// Several lines: as [`line`], but line breaks stay (as `\n`).
pub fn lines(text: &str, most: usize) -> Result<String, TextError> {
    let kept = clean(text).replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    checked(kept.trim(), most, |c| c == '\n' || c == '\t')
}

fn checked(text: &str, most: usize, allowed: impl Fn(char) -> bool) -> Result<String, TextError> {
    // Composed first: a name counts as many characters as a reader sees where the script allows it.
    let composed: String = text.nfc().collect();
    if composed.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    if composed.chars().any(|c| (c.is_control() && !allowed(c)) || is_override(c) || is_lost(c)) {
        return Err(TextError::Unprintable);
    }
    Ok(composed)
}

/// The replacement character, which a program writes for a letter that it could not read, and code
/// points that are no characters.
fn is_lost(c: char) -> bool {
    matches!(c, '\u{fffd}' | '\u{fdd0}'..='\u{fdef}') || (u32::from(c) & 0xfffe) == 0xfffe
}

/// The first digit (zero) of every run of decimal digits in Unicode. Each run is ten long (Unicode
/// keeps it so since 6.3).
const ZEROS: [u32; 71] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730,
    0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11de0, 0x11f50, 0x16130, 0x16a60, 0x16ac0,
    0x16b50, 0x16d70, 0x1ccf0, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The digit of any script, or the mathematical one, as it is written in ASCII.
fn ascii_digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let value = match code {
        0x30..=0x39 => code - 0x30,
        0x1d7ce..=0x1d7ff => (code - 0x1d7ce) % 10,
        _ => {
            let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?];
            code - zero
        }
    };
    char::from_digit(value, 10)
}

/// The same text with the digits of every script written in ASCII: people type numbers with the
/// keyboard of their language.
pub fn ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| ascii_digit(c).unwrap_or(c)).collect())
}

/// What decides whether two numbers or codes that people type are one: capitals, the width of letters
/// and the script of digits do not count, everything else does ("A-12" is not "A1-2").
pub fn code_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain: String = ascii_digits(&clean(text)).nfkc().collect();
    caseless::default_case_fold_str(&plain).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

    #[test]
    fn a_code_is_the_same_in_capitals_and_nowhere_else() {
        for (one, other, same) in [
            ("C1", "c1", true),
            ("Ä-7", "ä-7", true),
            ("Ａ１", "a1", true),
            ("STRASSE", "straße", true),
            ("C1", "C2", false),
            ("A-12", "A1-2", false),
            ("A1", "A 1", false),
            ("1", "01", false),
            ("E1", "É1", false),
            ("A١٢", "A12", true),
            ("A-1\u{200b}", "A-1", true),
        ] {
            assert_eq!(code_key(one) == code_key(other), same, "{one} and {other}");
        }
    }

    #[test]
    fn a_line_is_cleaned_of_what_nobody_typed() {
        assert_eq!(line("  Ana \t Duarte\u{200b} ", 100).unwrap(), "Ana Duarte");
        assert_eq!(line("Jose\u{301}", 4).unwrap(), "José");
        assert_eq!(line("الرحمن", 100).unwrap(), "الرحمن");
        assert_eq!(line(&"x".repeat(10_000), 100), Err(TextError::TooLong(100)));
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{202e}b", "a\u{202d}b", "\u{7f}", "a\u{92}b", "Jos\u{fffd}"] {
            assert_eq!(line(bad, 100), Err(TextError::Unprintable), "{bad:?}");
        }
        assert_eq!(lines("a\r\nb\rc\n", 100).unwrap(), "a\nb\nc");
    }

    #[test]
    fn what_cannot_be_seen_is_removed_wherever_it_stands() {
        for unseen in [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{2060}',
            '\u{2061}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
        ] {
            for text in [format!("{unseen}Ana"), format!("Ana{unseen}"), format!("An{unseen}a")] {
                assert_eq!(line(&text, 100).as_deref(), Ok("Ana"), "{text:?}");
            }
        }
    }

    #[test]
    fn joiners_and_selectors_stay_where_a_script_needs_them() {
        for text in [
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "葛\u{e0100}城",
            "👩\u{200d}⚕\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
        ] {
            assert_eq!(line(text, 100).as_deref(), Ok(text), "{text:?}");
        }
    }

    #[test]
    fn a_digit_of_any_script_is_a_digit() {
        assert_eq!(ascii_digits("٠١٢ ۳۴ ५६ ７８ 𝟗 kg"), "012 34 56 78 9 kg");
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let is_digit = c.general_category() == GeneralCategory::DecimalNumber;
            assert!(!is_digit || ascii_digit(c).is_some(), "{:04x} is a digit", u32::from(c));
            let known = c.general_category() != GeneralCategory::Unassigned;
            assert!(is_digit || !known || ascii_digit(c).is_none(), "{:04x} is no digit", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in ".{0,40}") {
            let once = clean(&text).into_owned();
            prop_assert_eq!(clean(&once).into_owned(), once);
        }
    }
}
