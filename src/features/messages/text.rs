//! What people type into a thread, read once at the edge.

use crate::kernel::ids::UploadId;
use crate::kernel::names;
use crate::kernel::text::{self, TextError};

/// The longest message, in characters.
pub const LONGEST_MESSAGE: usize = 10_000;
/// The longest subject, in characters.
pub const LONGEST_SUBJECT: usize = 120;

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAText {
    /// Nothing was written.
    Empty,
    /// It is too long.
    TooLong,
    /// It holds characters that cannot be shown.
    Unprintable,
}

impl From<TextError> for NotAText {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong(_) => Self::TooLong,
            TextError::Unprintable => Self::Unprintable,
        }
    }
}

/// A message's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText(String);

impl MessageText {
    /// Several lines, not none.
    pub fn read(typed: &str) -> Result<Self, NotAText> {
        let text = text::lines(typed, LONGEST_MESSAGE)?;
        if text.is_empty() { Err(NotAText::Empty) } else { Ok(Self(text)) }
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Files that one message can have.
pub const MOST_FILES: usize = 10;

/// A message to be written: its words, and files that were taken in before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The words.
    pub text: MessageText,
    /// The files, at most [`MOST_FILES`].
    pub files: Vec<UploadId>,
}

impl From<MessageText> for Written {
    fn from(text: MessageText) -> Self {
        Self { text, files: Vec::new() }
    }
}

/// Words of a search that count.
const MOST_TERMS: usize = 5;
/// Characters of a search that count.
const LONGEST_SEARCH: usize = 200;

/// What is searched for in messages: words that all stand in one message, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    terms: Vec<String>,
    patterns: [String; MOST_TERMS],
}

impl Search {
    /// From what was typed; `None` where it holds no word.
    pub fn read(typed: &str) -> Option<Self> {
        let typed: String = typed.chars().take(LONGEST_SEARCH).collect();
        let folded = names::fold(&typed);
        let terms = folded.split(' ').filter(|term| !term.is_empty()).take(MOST_TERMS);
        let terms: Vec<String> = terms.map(ToOwned::to_owned).collect();
        if terms.is_empty() {
            return None;
        }
        // A term that is not there is in every message.
        let patterns =
            std::array::from_fn(|at| terms.get(at).map_or_else(|| "%".to_owned(), |term| pattern(term)));
        Some(Self { terms, patterns })
    }

    /// Every three letters that follow each other in one of its words; none where all words are shorter.
    pub fn groups(&self) -> Vec<String> {
        let mut groups = Vec::new();
        for term in &self.terms {
            let letters: Vec<char> = term.chars().collect();
            groups.extend(letters.windows(3).map(|three| three.iter().collect::<String>()));
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// A pattern for `LIKE` for each word, with `\\` before signs that are meant literally.
    pub fn patterns(&self) -> [&str; MOST_TERMS] {
        self.patterns.each_ref().map(String::as_str)
    }
}

fn pattern(term: &str) -> String {
    let mut pattern = String::from("%");
    for c in term.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A message as a search has it; the first of a thread is found by the thread's subject too.
pub fn search_text(subject: Option<&str>, body: &str) -> String {
    names::fold(&[subject.unwrap_or_default(), body].join(" "))
}

/// A thread's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// One line, not none.
    pub fn read(typed: &str) -> Result<Self, NotAText> {
        let text = text::line(typed, LONGEST_SUBJECT)?;
        if text.is_empty() { Err(NotAText::Empty) } else { Ok(Self(text)) }
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_lines_and_has_an_end() {
        assert_eq!(MessageText::read("  One\r\ntwo  ").unwrap().as_str(), "One\ntwo");
        assert_eq!(MessageText::read(" \n "), Err(NotAText::Empty));
        assert_eq!(MessageText::read(&"é".repeat(LONGEST_MESSAGE)).map(|_| ()), Ok(()));
        assert_eq!(MessageText::read(&"é".repeat(LONGEST_MESSAGE + 1)), Err(NotAText::TooLong));
        assert_eq!(MessageText::read("a\u{7}b"), Err(NotAText::Unprintable));
    }

    #[test]
    fn a_search_folds_its_words_and_takes_signs_literally() {
        let search = Search::read("  Sueño   50%_ ").unwrap();
        assert_eq!(search.patterns(), ["%sueno%", "%50\\%\\_%", "%", "%", "%"]);
        assert_eq!(Search::read("one two three four five six").unwrap().patterns()[4], "%five%");
        assert_eq!(Search::read(" - "), None);
        assert_eq!(search.groups(), ["0%_", "50%", "eno", "sue", "uen"]);
        assert_eq!(Search::read("at ñu").unwrap().groups(), Vec::<String>::new());
        assert_eq!(search_text(Some("About Tuesday"), "El SUEÑO\n50%_"), "about tuesday el sueno 50%_");
    }

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(Subject::read(" About  Tuesday ").unwrap().as_str(), "About Tuesday");
        assert_eq!(Subject::read(""), Err(NotAText::Empty));
        assert_eq!(Subject::read(&"a".repeat(LONGEST_SUBJECT + 1)), Err(NotAText::TooLong));
    }
}
