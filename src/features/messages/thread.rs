//! A thread's messages as both sides' pages show them.

use jiff::tz::TimeZone;

use crate::features::messages::actions::ThreadView;
use crate::features::messages::lifecycle::{Side, Standing};
use crate::features::messages::readers::Addressee;
use crate::features::messages::store::{AuthorKind, Message};
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::web::forms::FieldErrors;

use super::text::{MessageText, NotAText, Subject};

/// One message.
pub(super) struct MessageLine {
    pub id: String,
    pub author: String,
    pub sent: Stamp,
    pub paragraphs: Vec<String>,
    /// Is it of the reader's own side?
    pub is_own: bool,
}

/// The messages for a reader of this side.
pub(super) fn lines(
    words: Words,
    zone: &TimeZone,
    now: Timestamp,
    side: Side,
    messages: &[Message],
) -> Vec<MessageLine> {
    messages.iter().map(|message| line(words, zone, now, side, message)).collect()
}

fn line(words: Words, zone: &TimeZone, now: Timestamp, side: Side, message: &Message) -> MessageLine {
    MessageLine {
        id: format!("m{}", message.seq),
        // A key's name says nothing to a client.
        author: match (message.author_kind, side) {
            (AuthorKind::ApiKey, Side::Client) => words.get("messages-author-practice"),
            _ => message.author_name.clone(),
        },
        sent: words.stamp(message.sent_at, zone, now),
        paragraphs: message.body.split("\n\n").map(|part| part.trim_matches('\n').to_owned()).collect(),
        is_own: message.side == side,
    }
}

/// Whom at the practice a thread is with, in words.
pub(super) fn with_words(words: Words, to: Addressee, clinician: Option<&str>) -> String {
    match (to, clinician) {
        (Addressee::FrontDesk, _) => words.get("messages-front-desk"),
        (Addressee::Clinician(_), Some(name)) => name.to_owned(),
        (Addressee::Clinician(_), None) => words.get("messages-clinician"),
    }
}

/// How a thread stands, as a tag: its tone and its words, for a reader of this side.
pub(super) fn standing_tag(words: Words, side: Side, standing: Standing) -> (&'static str, String) {
    let (tone, word) = match (standing, side) {
        (Standing::WaitsForPractice(_), Side::Client) => ("", "waiting"),
        (Standing::WaitsForPractice(_), Side::Practice) => ("waiting", "waiting"),
        (Standing::WaitsForClient, _) => ("good", "answered"),
        // What staff think of a message is theirs.
        (Standing::WaitsForNobody, Side::Client) => ("", "open"),
        (Standing::WaitsForNobody, Side::Practice) => ("", "no-reply"),
        (Standing::Closed, _) => ("", "closed"),
    };
    (tone, words.get(&format!("messages-{side}-{word}")))
}

/// Where the page of earlier messages begins.
pub(super) fn earlier(view: &ThreadView) -> Option<i32> {
    view.messages.first().filter(|_| view.has_earlier).map(|first| first.seq)
}

/// Reads a message; what is wrong with it stands beside its field.
pub(super) fn read_text(words: Words, typed: &str, errors: &mut FieldErrors) -> Option<MessageText> {
    MessageText::read(typed).map_err(|wrong| errors.add("text", wrong_text(words, "text", wrong))).ok()
}

/// Reads a subject; what is wrong with it stands beside its field.
pub(super) fn read_subject(words: Words, typed: &str, errors: &mut FieldErrors) -> Option<Subject> {
    Subject::read(typed).map_err(|wrong| errors.add("subject", wrong_text(words, "subject", wrong))).ok()
}

fn wrong_text(words: Words, field: &str, wrong: NotAText) -> String {
    let word = match wrong {
        NotAText::Empty => "empty",
        NotAText::TooLong => "long",
        NotAText::Unprintable => "strange",
    };
    words.get(&format!("messages-error-{field}-{word}"))
}
