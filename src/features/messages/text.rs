//! What people type into a thread, read once at the edge.

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
    fn a_subject_is_one_line() {
        assert_eq!(Subject::read(" About  Tuesday ").unwrap().as_str(), "About Tuesday");
        assert_eq!(Subject::read(""), Err(NotAText::Empty));
        assert_eq!(Subject::read(&"a".repeat(LONGEST_SUBJECT + 1)), Err(NotAText::TooLong));
    }
}
