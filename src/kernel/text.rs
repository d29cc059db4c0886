//! Text that people type: cleaned once at the edge, folded for search.

use unicode_normalization::UnicodeNormalization;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More than this many characters.
    #[error("more than {0} characters")]
    TooLong(usize),
    /// A control character, or one that turns the direction of writing around.
    #[error("a character that cannot be shown")]
    Unprintable,
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line: trimmed, inner white space to single spaces, NFC, at most `most` characters, without
/// control and direction characters. May be empty.
pub fn line(text: &str, most: usize) -> Result<String, TextError> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    checked(joined, most, |_| false)
}

/// Several lines: as [`line`], but line breaks stay (as `\n`).
pub fn lines(text: &str, most: usize) -> Result<String, TextError> {
    let kept = text.replace("\r\n", "\n").replace('\r', "\n");
    checked(kept.trim().to_owned(), most, |c| c == '\n' || c == '\t')
}

fn checked(text: String, most: usize, allowed: impl Fn(char) -> bool) -> Result<String, TextError> {
    if text.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    if text.chars().any(|c| (c.is_control() && !allowed(c)) || is_bidi_control(c)) {
        return Err(TextError::Unprintable);
    }
    Ok(text.nfc().collect())
}

/// For search and sorting: case, accents, and punctuation of names folded away, words kept.
pub fn fold(text: &str) -> String {
    let folded: String = caseless::default_case_fold_str(&text.nfkc().collect::<String>())
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .filter_map(|c| match c {
            '\'' | '\u{2019}' | '\u{2018}' | '.' | ',' => None,
            '-' | '\u{2010}'..='\u{2015}' => Some(' '),
            'ł' => Some('l'),
            'ø' => Some('o'),
            'đ' | 'ð' => Some('d'),
            other => Some(other),
        })
        .collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}
