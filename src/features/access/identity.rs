//! Is this the person on the chart? Last name and birth date, both, against the chart as it stands
//! now. Forgiving where people differ in spelling and not in identity; no guesses: nothing phonetic,
//! no edit distance, no swapped day and month (invitation.md §4, IDP-01).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::kernel::civil::BirthDate;
use crate::word_enum;

word_enum! {
    /// A field of the check. Which one differed is told to staff, never to whoever typed it.
    pub enum Field {
        /// The client's last name.
        LastName = "last_name",
        /// The client's birth date.
        BirthDate = "birth_date",
    }
}

/// What the chart says of the client.
#[derive(Clone, Debug)]
pub struct OnFile<'a> {
    /// Legal last name, perhaps with a suffix in it.
    pub last_name: &'a str,
    /// Suffix, perhaps empty.
    pub suffix: &'a str,
    /// Former or alternate last names.
    pub former: Vec<&'a str>,
    /// Birth date.
    pub birth_date: Option<&'a BirthDate>,
}

/// Compares both fields, always both, and says which differed; empty when the person is the one.
pub fn differing(on_file: &OnFile<'_>, last_name: &str, birth_date: &BirthDate) -> Vec<Field> {
    let typed = NameKey::of(last_name, "");
    let mut same_name = false;
    for name in std::iter::once(&on_file.last_name).chain(&on_file.former) {
        // Every name on file is compared, so that the work does not tell which one it was.
        same_name |= NameKey::of(name, on_file.suffix).matches(&typed);
    }
    let same_day = on_file.birth_date == Some(birth_date);
    let mut fields = Vec::new();
    if !same_name {
        fields.push(Field::LastName);
    }
    if !same_day {
        fields.push(Field::BirthDate);
    }
    fields
}

/// What the check needs of a chart and does not find there: until it is added, nobody could pass, so
/// nobody is invited.
pub fn lacking(last_name: &str, birth_date: Option<&BirthDate>) -> Vec<Field> {
    let mut fields = Vec::new();
    if NameKey::of(last_name, "").is_empty() {
        fields.push(Field::LastName);
    }
    if birth_date.is_none() {
        fields.push(Field::BirthDate);
    }
    fields
}

/// What is left of a last name when the ways of writing it are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKey {
    /// Accents gone: "Müller" is `muller`.
    plain: String,
    /// Accents written out: "Müller" is `mueller`.
    digraphs: String,
    suffix: Option<&'static str>,
}

impl NameKey {
    /// The key of a name; `suffix` is what a chart keeps beside it.
    pub fn of(name: &str, suffix: &str) -> Self {
        let folded = folded(name);
        let (plain, in_name) = without_suffix(&without_latin_marks(&folded));
        let (digraphs, _) = without_suffix(&without_latin_marks(&with_digraphs(&folded)));
        let beside = suffix_word(without_latin_marks(&self::folded(suffix)).trim());
        Self { plain, digraphs, suffix: in_name.or(beside) }
    }

    /// Is nothing left? Nobody can pass a check against such a name, so nobody is invited to one.
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// Are these two ways of writing one name? An empty key is no name.
    pub fn matches(&self, other: &Self) -> bool {
        let one_suffix = match (self.suffix, other.suffix) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let same = |a: &str, b: &str| !a.is_empty() && a == b;
        let one_name = same(&self.plain, &other.plain)
            | same(&self.plain, &other.digraphs)
            | same(&self.digraphs, &other.plain)
            | same(&self.digraphs, &other.digraphs);
        one_name && one_suffix
    }
}

/// Compatibility forms and case folded (in no locale), apostrophes and dots gone, dashes and commas
/// to spaces. Accents are still there, composed.
fn folded(name: &str) -> String {
    // Before the compatibility step too, which would tear the acute accent used as an apostrophe
    // into a space and a mark.
    let kept: String = name.chars().filter(|c| !is_apostrophe(*c)).nfkc().collect();
    let once: String = caseless::default_case_fold_str(&kept).nfkc().collect();
    let twice: String = caseless::default_case_fold_str(&once).nfkc().collect();
    twice
        .chars()
        .filter(|c| !is_apostrophe(*c) && !is_invisible(*c) && !matches!(c, '.' | '·'))
        .map(|c| if c.is_whitespace() || is_dash(c) || c == ',' { ' ' } else { c })
        .collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '‛' | 'ʼ' | 'ʻ' | 'ʽ' | '`' | '´' | '′' | '＇')
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// Soft hyphen, zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// German and Nordic letters as they are written where the accent cannot be typed.
fn with_digraphs(folded: &str) -> String {
    let mut text = String::with_capacity(folded.len() + 4);
    for c in folded.chars() {
        match c {
            'ä' => text.push_str("ae"),
            'ö' | 'ø' => text.push_str("oe"),
            'ü' => text.push_str("ue"),
            'å' => text.push_str("aa"),
            other => text.push(other),
        }
    }
    text
}

/// Takes accents from Latin letters only: in other scripts (Indic, Thai, Hebrew …) the marks carry
/// the name. A mark that stands on nothing goes too.
fn without_latin_marks(folded: &str) -> String {
    let mut text = String::with_capacity(folded.len());
    let mut keeps_marks = false;
    for c in folded.nfd() {
        if is_combining_mark(c) {
            if keeps_marks {
                text.push(c);
            }
            continue;
        }
        keeps_marks = !c.is_whitespace() && !is_latin(c);
        match c {
            'ß' => text.push_str("ss"),
            'æ' => text.push_str("ae"),
            'œ' => text.push_str("oe"),
            'þ' => text.push_str("th"),
            'ø' => text.push('o'),
            'ł' => text.push('l'),
            'đ' | 'ð' => text.push('d'),
            'ħ' => text.push('h'),
            'ı' => text.push('i'),
            other => text.push(other),
        }
    }
    text.nfc().collect()
}

fn is_latin(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{250}'..='\u{2af}'
        | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab6f}')
}

fn suffix_word(word: &str) -> Option<&'static str> {
    match word {
        "jr" | "junior" => Some("jr"),
        "sr" | "senior" => Some("sr"),
        "ii" => Some("ii"),
        "iii" => Some("iii"),
        "iv" => Some("iv"),
        _ => None,
    }
}

/// One suffix at the end, if a name remains; then the spaces go.
fn without_suffix(name: &str) -> (String, Option<&'static str>) {
    let mut words: Vec<&str> = name.split_whitespace().collect();
    let suffix = match words.as_slice() {
        [_, .., last] => suffix_word(last),
        _ => None,
    };
    if suffix.is_some() {
        words.pop();
    }
    (words.concat().nfc().collect(), suffix)
}

#[cfg(test)]
mod tests;
