//! What makes a password good enough: long, not common, and not made of what anybody knows about
//! its owner. No rules of composition (PWD-01, PWD-02, PWD-03).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::kernel::civil::BirthDate;
use crate::kernel::secrets::Secret;

/// Characters that a password needs while it is the only factor (PWD-01).
pub const SHORTEST: usize = 15;
/// Characters that it may have at most; more is refused, never cut off.
pub const LONGEST: usize = 256;

/// What others know about a password's owner, and which it must therefore not be made of.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The practice's name.
    pub practice: String,
    /// Names of the owner (first, last, preferred …), one each.
    pub names: Vec<String>,
    /// Birth date.
    pub birth_date: Option<BirthDate>,
    /// E-mail addresses and sign-in names.
    pub emails: Vec<String>,
}

/// Why this password will not do, as a catalogue key (`password-…`); `None` when it will.
pub fn weakness(password: &Secret, known: &Known) -> Option<&'static str> {
    let typed: String = password.reveal().nfc().collect();
    let length = typed.chars().count();
    if length < SHORTEST {
        return Some("password-too-short");
    }
    if length > LONGEST {
        return Some("password-too-long");
    }
    let typed = typed.to_lowercase();
    let squashed = squashed(&typed);
    if is_common(&squashed) {
        return Some("password-common");
    }
    if holds_practice(&squashed, &known.practice) {
        return Some("password-has-practice");
    }
    if known.names.iter().any(|name| holds_name(&typed, &squashed, name)) {
        return Some("password-has-name");
    }
    if known.birth_date.as_ref().is_some_and(|day| holds_day(&typed, day)) {
        return Some("password-has-birth-date");
    }
    if known.emails.iter().any(|email| holds_email(&squashed, email)) {
        return Some("password-has-email");
    }
    None
}

/// Letters and digits alone, accents taken off: what is left of a word that people decorate.
fn squashed(text: &str) -> String {
    text.to_lowercase().nfkd().filter(|c| c.is_alphanumeric()).collect()
}

fn holds_practice(squashed_password: &str, practice: &str) -> bool {
    let whole = squashed(practice);
    let words = practice.split_whitespace().map(squashed).filter(|word| word.chars().count() >= 6);
    std::iter::once(whole)
        .chain(words)
        .any(|part| part.chars().count() >= 4 && squashed_password.contains(&part))
}

/// A longer name anywhere; a short one ("Ana") only as a word of its own, because it is part of too
/// many others ("banana").
fn holds_name(password: &str, squashed_password: &str, name: &str) -> bool {
    let name = squashed(name);
    match name.chars().count() {
        0 | 1 => false,
        2..=4 => password.split(|c: char| !c.is_alphanumeric()).any(|word| squashed(word) == name),
        _ => squashed_password.contains(&name),
    }
}

/// The birth date in any usual order, with or without zeros and separators.
fn holds_day(password: &str, day: &BirthDate) -> bool {
    let digits: String = password.chars().filter(char::is_ascii_digit).collect();
    let day = day.date();
    let (y, m, d) = (day.year(), day.month(), day.day());
    let short = y.rem_euclid(100);
    [
        format!("{y}{m:02}{d:02}"),
        format!("{m:02}{d:02}{y}"),
        format!("{d:02}{m:02}{y}"),
        format!("{m}{d}{y}"),
        format!("{d}{m}{y}"),
        format!("{m:02}{d:02}{short:02}"),
        format!("{d:02}{m:02}{short:02}"),
        format!("{short:02}{m:02}{d:02}"),
    ]
    .iter()
    .any(|written| digits.contains(written))
}

fn holds_email(squashed_password: &str, email: &str) -> bool {
    let local = email.split('@').next().unwrap_or_default();
    let local = squashed(local.split('+').next().unwrap_or_default());
    local.chars().count() >= 4 && squashed_password.contains(&local)
}

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// The longest word that is looked up in the list.
const LONGEST_WORD: usize = 20;
/// So many common words, sequences or repeats still make no password of fifteen characters.
const TOO_FEW: u32 = 2;
/// What a character costs that belongs to nothing common.
const OWN_CHARACTER: u32 = 2;

/// Is it one or two common passwords (however often repeated, whatever digits between), or hardly
/// different characters, or the keyboard's or alphabet's own order?
fn is_common(squashed: &str) -> bool {
    let text: Vec<char> = squashed.chars().collect();
    let distinct: HashSet<char> = text.iter().copied().collect();
    distinct.len() < 5 || cheapest(&text, 0, "", &mut HashMap::new()) <= TOO_FEW
}

/// The least number of pieces that the rest of the text is made of; the same piece again is free.
fn cheapest(text: &[char], at: usize, last: &str, seen: &mut HashMap<(usize, String), u32>) -> u32 {
    if at >= text.len() {
        return 0;
    }
    let state = (at, last.to_owned());
    if let Some(cost) = seen.get(&state) {
        return *cost;
    }
    // Should it come back here, it is dearer than anything.
    seen.insert(state.clone(), u32::MAX / 2);
    let mut best = OWN_CHARACTER + cheapest(text, at + 1, "", seen);
    let rest = &text[at..];
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 {
        best = best.min(cheapest(text, at + digits, last, seen));
    }
    let run = ordered(rest);
    if run >= 4 {
        best = best.min(1 + cheapest(text, at + run, "", seen));
    }
    for length in 4..=rest.len().min(LONGEST_WORD) {
        let word: String = rest[..length].iter().collect();
        if COMMON.contains(word.as_str()) {
            let price = u32::from(word != last);
            best = best.min(price + cheapest(text, at + length, &word, seen));
        }
    }
    seen.insert(state, best);
    best
}

/// How far the text runs along the alphabet, a row or slant of the keyboard, or one key held down.
fn ordered(text: &[char]) -> usize {
    const ROWS: [&str; 11] = [
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
        "poiuytrewq",
        "lkjhgfdsa",
        "mnbvcxz",
        "1q2w3e4r5t6y7u8i9o0p",
        "q1w2e3r4t5y6u7i8o9p0",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
        "qazwsxedcrfvtgbyhnujm",
        "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    ];
    let neighbours = |a: char, b: char, step: i64| i64::from(u32::from(b)) - i64::from(u32::from(a)) == step;
    let along = [0, 1, -1]
        .into_iter()
        .map(|step| 1 + text.windows(2).take_while(|pair| neighbours(pair[0], pair[1], step)).count());
    let on_a_row = ROWS.iter().filter_map(|row| {
        let row: Vec<char> = row.chars().collect();
        let from = row.iter().position(|c| Some(c) == text.first())?;
        Some(row[from..].iter().zip(text).take_while(|(a, b)| a == b).count())
    });
    along.chain(on_a_row).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn judged(password: &str) -> Option<&'static str> {
        let known = Known {
            practice: "Riverbend Counseling".into(),
            names: vec!["Ana".into(), "Duarte".into(), "Núñez".into()],
            birth_date: BirthDate::from_iso("1987-03-09", date(2026, 11, 24)).ok(),
            emails: vec!["lantern.maker+portal@example.org".into()],
        };
        weakness(&Secret::new(password.to_owned()), &known)
    }

    #[test]
    fn pwd_01_from_15_to_256_characters_counted_as_people_count_them() {
        assert_eq!(judged("kettle on a sil"), None);
        assert_eq!(judged("kettle on a si"), Some("password-too-short"));
        let long = |n: usize| "kettle on a sill; ".chars().cycle().take(n).collect::<String>();
        assert_eq!(judged(&long(64)), None);
        assert_eq!(judged(&long(65)), None);
        assert_eq!(judged(&long(256)), None);
        assert_eq!(judged(&long(257)), Some("password-too-long"));
        // Composed or not, an accent is one character.
        assert_eq!(judged("e\u{301}toile du berg"), Some("password-too-short"));
        assert_eq!(judged("e\u{301}toile du nord!"), None);
    }

    #[test]
    fn pwd_03_what_many_people_use_is_refused_however_it_is_dressed_up() {
        assert!(COMMON.len() >= 3_000);
        for common in [
            "passwordpassword",
            "Password Password",
            "password-password-1",
            "password123456789",
            "PASSWORD 2026 2026",
            "passwordpasswordpassword",
            "qwertyuiopasdfgh",
            "qwertyuiop123456",
            "asdfghjklqwertyuiop",
            "1234567890123456",
            "123456789012345678901234567890",
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "111111111111111111",
            "iloveyouiloveyou",
            "i love you, iloveyou!",
            "monkeydragon2024",
            "football football!!",
            "letmein letmein 1",
            "dragon1dragon2dragon3",
            "sunshine-princess",
            "1q2w3e4r5t6y7u8i",
            "qwerty qwerty qwerty",
            "welcome123welcome",
            "superman-batman-1",
            "trustno1trustno1",
            "aaaaaaabbbbbbbbccc",
            "starwars starwars",
            "123456789987654321",
        ] {
            assert_eq!(judged(common), Some("password-common"), "{common}");
        }
    }

    #[test]
    fn pwd_02_a_short_sentence_is_welcome_whatever_it_is_made_of() {
        for good in [
            "quiet green river stones",
            "correct horse battery staple",
            "the banana boat sails at nine",
            "mi gata duerme en la ventana",
            "Where did the kettle go?",
            "hT7$kq29!mVbz04Lw",
            "seven owls, one moon",
            "我的小猫喜欢在窗台上晒太阳睡午觉呀",
        ] {
            assert_eq!(judged(good), None, "{good}");
        }
    }

    #[test]
    fn pwd_03_nothing_that_everybody_knows_of_its_owner() {
        for (made_of, key) in [
            ("my riverbend place here", "password-has-practice"),
            ("River-bend kettle on sill", "password-has-practice"),
            ("counseling on thursdays", "password-has-practice"),
            ("duarte kettle on a sill", "password-has-name"),
            ("kettleDUARTEonthesill", "password-has-name"),
            ("nunez kettle on the sill", "password-has-name"),
            ("ana kettle on the sill", "password-has-name"),
            ("kettle on 03/09/1987 sill", "password-has-birth-date"),
            ("kettle on 3-9-1987 sill", "password-has-birth-date"),
            ("kettle on 1987-03-09", "password-has-birth-date"),
            ("kettle on 090387 sill", "password-has-birth-date"),
            ("kettle on 09.03.1987 sill", "password-has-birth-date"),
            ("lanternmaker on the sill", "password-has-email"),
            ("lantern.maker@example.org", "password-has-email"),
        ] {
            assert_eq!(judged(made_of), Some(key), "{made_of}");
        }
        assert_eq!(judged("banana kettle on the sill"), None, "a short name inside another word");
    }

    #[test]
    fn the_longest_password_is_judged_at_once() {
        let text: String = "password1dragonqwerty".chars().cycle().take(LONGEST).collect();
        let began = std::time::Instant::now();
        let _ = judged(&text);
        assert!(began.elapsed() < std::time::Duration::from_secs(1));
    }
}
