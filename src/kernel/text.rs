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

/// Turns the direction of writing around, so that what is shown is not what is stored.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cannot be seen and carries nothing: what copying from a web page or a spreadsheet leaves behind.
/// The joiners U+200C and U+200D are not among them; Persian and Indic names need those.
fn is_debris(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// One line: trimmed, inner white space to single spaces, NFC, at most `most` characters, without
/// control and direction characters. May be empty.
pub fn line(text: &str, most: usize) -> Result<String, TextError> {
    let kept: String = text.chars().filter(|c| !is_debris(*c)).collect();
    let joined = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    checked(&joined, most, |_| false)
}

/// Several lines: as [`line`], but line breaks stay (as `\n`).
pub fn lines(text: &str, most: usize) -> Result<String, TextError> {
    let kept: String = text.chars().filter(|c| !is_debris(*c)).collect();
    let kept = kept.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    checked(kept.trim(), most, |c| c == '\n' || c == '\t')
}

fn checked(text: &str, most: usize, allowed: impl Fn(char) -> bool) -> Result<String, TextError> {
    // Composed first: a name counts as many characters as a reader sees where the script allows it.
    let composed: String = text.nfc().collect();
    if composed.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    if composed.chars().any(|c| (c.is_control() && !allowed(c)) || is_bidi_control(c)) {
        return Err(TextError::Unprintable);
    }
    Ok(composed)
}

/// What decides whether two numbers or codes that people type are one: capitals and the width of letters
/// do not count, everything else does ("A-12" is not "A1-2").
pub fn code_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    caseless::default_case_fold_str(&text.nfkc().collect::<String>()).nfkc().collect()
}

/// Marks that people leave out when they type: accents of Latin, Greek and Cyrillic letters, Hebrew
/// points, Arabic vowel signs. In Indic and Thai writing marks are letters, so those stay.
fn is_left_out(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'
        | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}'
        | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}')
}

/// For search and sorting: case, accents, and punctuation of names folded away, words kept. What
/// decides whether two people are the same is stricter and stands with the identity check.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = String::with_capacity(text.len());
    for c in caseless::default_case_fold_str(&text.nfkc().collect::<String>()).nfd() {
        match c {
            c if is_left_out(c) || is_debris(c) => {}
            '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{2bb}'
            | '\u{2bc}' | '.' | ',' => {}
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => folded.push(' '),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            other => folded.push(other),
        }
    }
    folded.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same for the many texts that need no tables.
fn fold_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_ascii_whitespace() || c == '-') {
        let mut begun = false;
        for c in word.chars().filter(|c| !matches!(c, '\'' | '`' | '.' | ',')) {
            if !begun && !folded.is_empty() {
                folded.push(' ');
            }
            begun = true;
            folded.push(c.to_ascii_lowercase());
        }
    }
    folded
}

/// As [`fold`], with the letters that German and the Nordic languages also write as two written so
/// ("Müller": "mueller"); `None` where that changes nothing.
pub fn fold_digraphs(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let composed: String = text.nfc().collect();
    let mut spelled = String::with_capacity(composed.len());
    for c in composed.chars() {
        match c {
            'ä' | 'Ä' => spelled.push_str("ae"),
            'ö' | 'Ö' | 'ø' | 'Ø' => spelled.push_str("oe"),
            'ü' | 'Ü' => spelled.push_str("ue"),
            'å' | 'Å' => spelled.push_str("aa"),
            other => spelled.push(other),
        }
    }
    (spelled != composed).then(|| fold(&spelled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        ] {
            assert_eq!(code_key(one) == code_key(other), same, "{one} and {other}");
        }
    }

    #[test]
    fn a_line_is_cleaned_of_what_nobody_typed() {
        assert_eq!(line("  Ana \t Duarte\u{200b} ", 100).unwrap(), "Ana Duarte");
        assert_eq!(line("Jose\u{301}", 4).unwrap(), "José");
        assert_eq!(line("الرحمن", 100).unwrap(), "الرحمن");
        assert_eq!(line("می\u{200c}خواهم", 100).unwrap(), "می\u{200c}خواهم");
        assert_eq!(line(&"x".repeat(10_000), 100), Err(TextError::TooLong(100)));
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{202e}b", "a\u{2066}b", "\u{7f}"] {
            assert_eq!(line(bad, 100), Err(TextError::Unprintable), "{bad:?}");
        }
        assert_eq!(lines("a\r\nb\rc\n", 100).unwrap(), "a\nb\nc");
    }

    #[test]
    fn names_fold_as_people_type_them() {
        for (name, folded) in [
            ("Núñez-O’Brien, Jr.", "nunez obrien jr"),
            ("García  Márquez", "garcia marquez"),
            ("GROSSE Große", "grosse grosse"),
            ("Łukasz", "lukasz"),
            ("İnce", "ince"),
            ("Ærøskøbing", "aeroskobing"),
            ("Jose\u{301}", "jose"),
            ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
            ("한국", "한국"),
            ("हिन्दी", "हिन्दी"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded, "{name}");
        }
        assert_eq!(fold_digraphs("Müller").as_deref(), Some("mueller"));
        assert_eq!(fold_digraphs("Mu\u{308}ller").as_deref(), Some("mueller"));
        assert_eq!(fold_digraphs("Muller"), None);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn the_short_way_for_ascii_is_the_long_way(text in "[ -~]{0,40}") {
            // One letter beyond ASCII sends the text through the tables.
            let long = fold(&format!("{text} é"));
            let short = fold(&text);
            prop_assert_eq!(if short.is_empty() { "e".to_owned() } else { format!("{short} e") }, long);
        }
    }
}
