//! What a mail says and how it is put together.

use crate::platform::i18n::Words;

/// A mail's words, before it is dressed as text and HTML.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Words of the reader's language.
    pub words: Words,
    /// The practice's name, as the sender's name and in the head.
    pub practice: String,
    /// The practice's accent colour, `#rrggbb`.
    pub accent: String,
    /// Answers go here; empty for none.
    pub reply_to: String,
    /// Subject.
    pub subject: String,
    /// "Hello Ana,".
    pub greeting: String,
    /// Paragraphs before the button.
    pub before: Vec<String>,
    /// The one button: its words and where it leads (the address also stands in plain text).
    pub button: Option<(String, String)>,
    /// Paragraphs after the button.
    pub after: Vec<String>,
    /// The practice's contact block, a line each (phone, text, e-mail, web).
    pub contact: Vec<String>,
}
