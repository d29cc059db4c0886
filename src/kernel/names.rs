//! Names of people, whatever keyboard wrote them: one folding for the identity check, the search and
//! the order of lists. It tolerates ways of writing a name and never guesses: nothing phonetic, no edit
//! distance.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::kernel::text::{clean, is_ignorable};

/// A letter of a folded name. German and Nordic letters may be written as one letter or as two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Letter {
    /// `u` of "ü".
    plain: char,
    /// `e` of "ü", which may follow: "Müller" is "Muller" and "Mueller".
    may_follow: Option<char>,
}

impl From<char> for Letter {
    fn from(plain: char) -> Self {
        Self { plain, may_follow: None }
    }
}

/// The words of a name: case, accents and punctuation folded away.
fn words(text: &str) -> Vec<Vec<Letter>> {
    let mut words = vec![Vec::new()];
    let mut base = None;
    for c in composed(text).chars() {
        if let Some(letter) = digraph(c) {
            base = Some(c);
            push(&mut words, letter);
            continue;
        }
        for c in std::iter::once(c).nfd() {
            if is_combining_mark(c) {
                if base.is_some_and(|base| keeps_mark(base, c)) {
                    push(&mut words, c.into());
                }
            } else if is_between_words(c) {
                base = None;
                words.push(Vec::new());
            } else if !is_dropped(c) {
                base = Some(c);
                // "ǿ" comes apart into "ø" and a mark.
                match digraph(c) {
                    Some(letter) => push(&mut words, letter),
                    None => spell(c, &mut |c| push(&mut words, c.into())),
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn push(words: &mut [Vec<Letter>], letter: Letter) {
    let Some(word) = words.last_mut() else { return };
    if word.last().is_none_or(|last| !is_doubled(*last, letter)) {
        word.push(letter);
    }
}

/// Hebrew writes its vowels v and y as one letter or as two.
fn is_doubled(one: Letter, next: Letter) -> bool {
    one == next && matches!(one.plain, 'ו' | 'י')
}

/// Compatibility forms and case folded (in no locale), composed; apostrophes and what is not shown gone.
fn composed(text: &str) -> String {
    // Apostrophes go before the compatibility step, which tears the acute accent that is used as one
    // into a space and a mark.
    let kept: String = text.chars().filter(|c| !is_apostrophe(*c) && !is_ignorable(*c)).nfkc().collect();
    let once: String = caseless::default_case_fold_str(&kept).nfkc().collect();
    caseless::default_case_fold_str(&once)
        .nfkc()
        .filter(|c| !is_apostrophe(*c) && !is_ignorable(*c))
        .collect()
}

/// Apostrophes and quotation marks of every keyboard, the letters that look like one, and dots.
fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '’'
            | '‘'
            | '‛'
            | '`'
            | '´'
            | '′'
            | '″'
            | '＇'
            | '"'
            | '“'
            | '”'
            | '„'
            | '‟'
            | '＂'
            | '\u{2b9}'
            ..='\u{2bf}'
                | '\u{2c8}'
                | '\u{2ee}'
                | '\u{a78b}'
                | '\u{a78c}'
                | '\u{55a}'
                | '\u{5f3}'
                | '\u{5f4}'
                | '.'
                | '·'
                | '‧'
    )
}

fn is_between_words(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{58a}' | '\u{5be}' | '\u{2010}'
                ..='\u{2015}'
                    | '\u{2043}'
                    | '\u{2212}'
                    | '\u{30fb}'
                    | ','
                    | '/'
                    | '\\'
                    | '|'
                    | '&'
                    | '('
                    | ')'
                    | '،'
                    | '、'
        )
}

/// Letters that carry nothing: the Arabic lengthening stroke, and the hamza that many leave out.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{621}')
}

fn digraph(c: char) -> Option<Letter> {
    let (plain, follows) = match c {
        'ä' => ('a', 'e'),
        'ö' | 'ø' => ('o', 'e'),
        'ü' => ('u', 'e'),
        'å' => ('a', 'a'),
        _ => return None,
    };
    Some(Letter { plain, may_follow: Some(follows) })
}

/// Does a mark belong to the name? On Latin, Greek, Arabic and Hebrew letters people leave marks out; in
/// Cyrillic only the stress and the two dots of "ё". In other scripts (Indic, Thai, Kana …) marks are
/// part of the letter.
fn keeps_mark(base: char, mark: char) -> bool {
    match base {
        'a'..='z'
        | 'A'..='Z'
        | '\u{aa}'
        | '\u{ba}'
        | '\u{c0}'..='\u{2af}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{ab6f}' => false,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => false,
        '\u{591}'..='\u{5ff}' | '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' => {
            false
        }
        'е' => !matches!(mark, '\u{300}' | '\u{301}' | '\u{308}'),
        '\u{400}'..='\u{52f}' => !matches!(mark, '\u{300}' | '\u{301}'),
        _ => true,
    }
}

/// One letter as the others write it.
fn spell(c: char, push: &mut impl FnMut(char)) {
    let spelled = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ł' => "l",
        'đ' | 'ð' | 'ɗ' => "d",
        'ħ' => "h",
        'ı' | 'ɨ' => "i",
        'ɓ' => "b",
        'ƙ' => "k",
        'ƴ' => "y",
        'ŧ' => "t",
        // Arabic script: alef wasla, Persian and Urdu letters, ta marbuta written as ha.
        'ٱ' => "ا",
        'ى' | 'ی' | 'ې' => "ي",
        'ک' | 'ڪ' => "ك",
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۃ' => "ه",
        // Hebrew: letters at the end of a word, and the Yiddish pairs.
        'ך' => "כ",
        'ם' => "מ",
        'ן' => "נ",
        'ף' => "פ",
        'ץ' => "צ",
        'װ' => "ו",
        'ױ' => "וי",
        'ײ' => "י",
        _ => return push(ideograph(c)),
    };
    spelled.chars().for_each(push);
}

/// The usual form of an ideograph that Japanese registers also write in another one.
fn ideograph(c: char) -> char {
    /// Pairs of the other form and the usual one.
    const FORMS: &str = "髙高﨑崎嵜崎濵浜濱浜邊辺邉辺齋斎齊斉澤沢櫻桜廣広國国嶋島嶌島德徳眞真惠恵龍竜淵渕冨富桒桑\
        𠮷吉曻昇栁柳瀨瀬寬寛淸清靜静增増榮栄學学藏蔵實実關関鹽塩黑黒橫横瀧滝圓円壽寿條条會会縣県爲為與与團団\
        彌弥曾曽萬万豐豊鐵鉄靑青";
    if !matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}') {
        return c;
    }
    let mut forms = FORMS.chars();
    while let (Some(other), Some(usual)) = (forms.next(), forms.next()) {
        if c == other {
            return usual;
        }
    }
    c
}

/// A word in its shortest spelling; marks that were kept join their letters again.
fn plain(word: &[Letter]) -> String {
    word.iter().map(|letter| letter.plain).nfc().collect()
}

/// A name, or any text, as searching and sorting have it: folded, its words between single spaces.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    words(text).iter().map(|word| plain(word)).collect::<Vec<_>>().join(" ")
}

/// The same for the many texts that need no tables.
fn fold_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split(is_between_words) {
        let mut begun = false;
        for c in word.chars().filter(|c| !is_apostrophe(*c)) {
            if !begun && !folded.is_empty() {
                folded.push(' ');
            }
            begun = true;
            folded.push(c.to_ascii_lowercase());
        }
    }
    folded
}

/// Spellings of one name that a search knows, beside [`fold`]: few, as each takes room on its chart.
const MOST_SPELLINGS: usize = 8;

/// Every other folded spelling of a name: with the letters of [`digraph`] as two ("mueller"), and with
/// its words written as one ("vanderberg").
pub fn other_spellings(text: &str) -> Vec<String> {
    let usual = fold(text);
    let mut spellings = vec![String::new()];
    if !text.is_ascii() {
        for (i, word) in words(text).iter().enumerate() {
            if i > 0 {
                spellings.iter_mut().for_each(|spelling| spelling.push(' '));
            }
            for letter in word {
                let with: Vec<String> = match letter.may_follow {
                    Some(follows) if spellings.len() < MOST_SPELLINGS => {
                        spellings.iter().map(|s| format!("{s}{}{follows}", letter.plain)).collect()
                    }
                    _ => Vec::new(),
                };
                spellings.iter_mut().for_each(|spelling| spelling.push(letter.plain));
                spellings.extend(with);
            }
        }
        spellings.iter_mut().for_each(|spelling| *spelling = spelling.nfc().collect());
    }
    if usual.contains(' ') {
        spellings.push(usual.replace(' ', ""));
    }
    spellings.retain(|spelling| *spelling != usual && !spelling.is_empty());
    spellings
}

/// Does this say that a name is not known, rather than what it is? Somebody who types it has proved
/// nothing. "Null", "Na" and "Blank" are last names of people and are not among them.
pub fn is_placeholder(name: &str) -> bool {
    const AS_WRITTEN: &[&str] =
        &["n/a", "#n/a", "n.a.", "n.a", "n\\a", "s/n", "s/a", "#ref!", "#value!", "#name?"];
    const FOLDED: &[&str] = &[
        "fnu",
        "lnu",
        "nfn",
        "nln",
        "nmn",
        "fnu lnu",
        "unknown",
        "unk",
        "not known",
        "none",
        "none given",
        "no name",
        "noname",
        "no last name",
        "no first name",
        "no surname",
        "not given",
        "not provided",
        "not available",
        "not applicable",
        "not on file",
        "undefined",
        "undisclosed",
        "anonymous",
        "nobody",
        "refused",
        "declined",
        "withheld",
        "tbd",
        "tba",
        "missing",
        "xxx",
        "xxxx",
        "xxxxx",
        "last name",
        "lastname",
        "first name",
        "firstname",
        "surname",
        "desconocido",
        "desconocida",
        "sin apellido",
        "sin apellidos",
        "sin nombre",
        "no aplica",
        "no consta",
        "ninguno",
        "apellido",
        "nombre",
    ];
    let written = clean(name).trim().to_lowercase();
    AS_WRITTEN.contains(&written.as_str()) || FOLDED.contains(&fold(name).as_str())
}

/// A generation, at the end of a name or beside it on a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    Junior,
    Senior,
    Second,
    Third,
    Fourth,
    Fifth,
}

impl Suffix {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "jr" | "jnr" | "junior" => Self::Junior,
            "sr" | "snr" | "senior" => Self::Senior,
            "ii" | "2nd" => Self::Second,
            "iii" | "3rd" => Self::Third,
            "iv" | "4th" => Self::Fourth,
            "v" | "5th" => Self::Fifth,
            _ => return None,
        })
    }
}

/// What is left of a last name when the ways of writing it are taken away: what the identity check
/// compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKey {
    letters: Vec<Letter>,
    suffix: Option<Suffix>,
}

impl NameKey {
    /// The key of a name; `suffix` is what a chart keeps beside it. A placeholder has the empty key.
    pub fn of(name: &str, suffix: &str) -> Self {
        let mut words = words(name);
        let in_name = match words.as_slice() {
            [_, .., last] => Suffix::read(&plain(last)),
            _ => None,
        };
        if in_name.is_some() {
            words.pop();
        }
        // "First name unknown", "last name unknown" of papers are written beside a name.
        if words.len() > 1 {
            words.retain(|word| !matches!(plain(word).as_str(), "fnu" | "lnu"));
        }
        let mut letters = words.concat();
        letters.dedup_by(|next, one| is_doubled(*one, *next));
        if is_placeholder(name) || !letters.iter().any(|letter| letter.plain.is_alphanumeric()) {
            letters.clear();
        }
        let beside = || Suffix::read(&fold(suffix));
        Self { letters, suffix: in_name.or_else(beside) }
    }

    /// Is nothing left? A check against such a name always fails.
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Are these two ways of writing one name? An empty key is no name.
    pub fn matches(&self, other: &Self) -> bool {
        let one_suffix = match (self.suffix, other.suffix) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let one_name = have_a_spelling_in_common(&self.letters, &other.letters);
        one_name && !self.is_empty() && one_suffix
    }
}

/// Walks both names at once, each letter written as one or as two. A place is twice the letter's index,
/// plus one between a letter and the one that may follow it.
fn have_a_spelling_in_common(a: &[Letter], b: &[Letter]) -> bool {
    let steps = |letters: &[Letter], place: usize| -> Vec<(char, usize)> {
        let Some(letter) = letters.get(place / 2) else { return Vec::new() };
        let next = (place / 2 + 1) * 2;
        match (place % 2, letter.may_follow) {
            (0, None) => vec![(letter.plain, next)],
            (0, Some(_)) => vec![(letter.plain, next), (letter.plain, place + 1)],
            (_, follows) => follows.map(|c| (c, next)).into_iter().collect(),
        }
    };
    let mut open = vec![(0, 0)];
    let mut seen = std::collections::HashSet::new();
    while let Some((at_a, at_b)) = open.pop() {
        if (at_a, at_b) == (a.len() * 2, b.len() * 2) {
            return true;
        }
        let to_b = steps(b, at_b);
        for (c, next_a) in steps(a, at_a) {
            for (_, next_b) in to_b.iter().filter(|(other, _)| *other == c) {
                if seen.insert((next_a, *next_b)) {
                    open.push((next_a, *next_b));
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            ("Семёнов", "семенов"),
            ("Йовович", "йовович"),
            ("مُحَمَّد", "محمد"),
            ("한국", "한국"),
            ("हिन्दी", "हिन्दी"),
            ("Smith/Jones", "smith jones"),
            ("Ǿre", "ore"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded, "{name}");
        }
    }

    #[test]
    fn a_search_knows_the_other_spellings_of_a_name() {
        assert_eq!(other_spellings("Müller"), ["mueller"]);
        assert_eq!(other_spellings("Mu\u{308}ller"), ["mueller"]);
        assert_eq!(other_spellings("Muller"), Vec::<String>::new());
        assert_eq!(other_spellings("van der Berg"), ["vanderberg"]);
        let spellings = other_spellings("Schön-Jäger");
        for spelling in ["schoen jager", "schon jaeger", "schoen jaeger", "schonjager"] {
            assert!(spellings.contains(&spelling.to_owned()), "{spelling}: {spellings:?}");
        }
        assert!(other_spellings(&"ä".repeat(90)).len() <= MOST_SPELLINGS);
    }

    #[test]
    fn a_placeholder_is_no_name_and_a_rare_name_is_no_placeholder() {
        for text in [
            "N/A",
            "n/a",
            "#N/A",
            "N.A.",
            "Unknown",
            "UNKNOWN ",
            "FNU",
            "Fnu Lnu",
            "LNU",
            "None",
            "Tbd",
            "desconocido",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["-", ".", "?", "--", "…", "N/A", "Unknown\u{200b}", " "] {
            assert!(NameKey::of(text, "").is_empty(), "{text}");
            assert!(!NameKey::of(text, "").matches(&NameKey::of(text, "")), "{text}");
        }
        for name in ["Null", "Na", "Blank", "Nan", "Test", "Li", "X", "O", "Noone"] {
            assert!(!NameKey::of(name, "").is_empty(), "{name}");
        }
    }

    fn name() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                proptest::char::range('a', 'z'),
                proptest::char::range('A', 'Z'),
                proptest::char::range('\u{c0}', '\u{17f}'),
                proptest::char::range('\u{300}', '\u{308}'),
                proptest::char::range('\u{3b1}', '\u{3c9}'),
                proptest::char::range('\u{410}', '\u{44f}'),
                proptest::char::range('\u{5d0}', '\u{5f2}'),
                proptest::char::range('\u{620}', '\u{660}'),
                proptest::char::range('\u{905}', '\u{94d}'),
                proptest::char::range('\u{4e00}', '\u{4e80}'),
                Just(' '),
                Just('-'),
                Just('/'),
                Just('\''),
                Just('’'),
                Just('.'),
                Just(','),
                Just('´'),
            ],
            0..14,
        )
        .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

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

        #[test]
        fn matching_is_symmetric_and_a_name_matches_itself_unless_it_is_nothing(a in name(), b in name()) {
            let (ka, kb) = (NameKey::of(&a, ""), NameKey::of(&b, ""));
            prop_assert_eq!(ka.matches(&kb), kb.matches(&ka));
            prop_assert_eq!(ka.matches(&ka), !ka.is_empty());
        }

        #[test]
        fn a_folded_name_has_its_name_s_key(a in name()) {
            let key = NameKey::of(&a, "");
            prop_assume!(!key.is_empty());
            prop_assert!(key.matches(&NameKey::of(&fold(&a), "")));
            for spelling in other_spellings(&a) {
                prop_assert!(NameKey { suffix: None, ..key.clone() }.matches(&NameKey::of(&spelling, ""))
                    || key.suffix.is_some(), "{}", spelling);
            }
        }

        #[test]
        fn case_spaces_and_normal_forms_never_matter(a in name()) {
            let key = NameKey::of(&a, "");
            prop_assume!(!key.is_empty());
            let decomposed: String = a.nfd().collect();
            prop_assert!(key.matches(&NameKey::of(&decomposed, "")));
            let spaced = format!("  {a} ");
            prop_assert!(key.matches(&NameKey::of(&spaced, "")));
            let folded: String = caseless::default_case_fold_str(&a);
            prop_assert!(key.matches(&NameKey::of(&folded, "")));
        }

        #[test]
        fn two_keys_match_only_where_letters_are_the_same(a in "[a-z]{1,12}", b in "[a-z]{1,12}") {
            prop_assume!(!is_placeholder(&a) && !is_placeholder(&b));
            prop_assert_eq!(NameKey::of(&a, "").matches(&NameKey::of(&b, "")), a == b);
        }
    }
}
