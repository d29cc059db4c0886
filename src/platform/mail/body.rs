//! A mail's words, before it is rendered as text and HTML.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::platform::i18n::{Language, Words};

/// A mail's words, before it is rendered as text and HTML. The outbox keeps it sealed, because its
/// button holds the link.
#[derive(Clone, Serialize, Deserialize)]
pub struct MailBody {
    /// Words of the reader's language.
    #[serde(serialize_with = "write_words", deserialize_with = "read_words")]
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
    /// The one button: its words and where it leads (the address is also shown as plain text).
    pub button: Option<(String, String)>,
    /// Paragraphs after the button.
    pub after: Vec<String>,
    /// The practice's contact block, a line each (phone, text, e-mail, web).
    pub contact: Vec<String>,
}

/// A mail holds a link, a name and an address: none of them belongs in a log (AUD-06).
impl fmt::Debug for MailBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailBody(..)")
    }
}

fn write_words<S: Serializer>(words: &Words, s: S) -> Result<S::Ok, S::Error> {
    words.language().serialize(s)
}

fn read_words<'de, D: Deserializer<'de>>(d: D) -> Result<Words, D::Error> {
    Ok(Words::of(Language::deserialize(d)?))
}
