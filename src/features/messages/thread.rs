//! A thread's messages as both sides' pages show them.

use jiff::tz::TimeZone;

use crate::features::messages::actions::ThreadView;
use crate::features::messages::attach;
use crate::features::messages::away_store::AwayNow;
use crate::features::messages::lifecycle::{Side, Standing};
use crate::features::messages::readers::Addressee;
use crate::features::messages::store::{Attachment, AuthorKind, Message, MessageKind, Thread};
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::web::forms::FieldErrors;

use super::text::{MessageText, NotAText, Subject};

/// One message.
#[derive(Clone, Debug)]
pub(super) struct MessageLine {
    pub id: String,
    /// Its number in the thread.
    pub seq: i32,
    pub author: String,
    pub sent: Stamp,
    /// What stands there instead of words: that the thread was moved, or that the message was taken back.
    pub note: Option<String>,
    pub paragraphs: Vec<String>,
    /// Its files: where each is, and its name and size.
    pub files: Vec<(String, String)>,
    /// Is it of the reader's own side?
    pub is_own: bool,
    /// May the reader still take it back?
    pub may_withdraw: bool,
}

/// The messages for a reader of this side; `here` is the thread's address on it.
pub(super) fn lines(
    words: Words,
    zone: &TimeZone,
    now: Timestamp,
    side: Side,
    here: &str,
    view: &ThreadView,
) -> Vec<MessageLine> {
    let files = |message: &Message| {
        let own = view.files.iter().filter(|file| file.seq == message.seq);
        let link = |file: &Attachment| {
            let label = attach::label(words, &file.name, file.blob.size);
            (format!("{here}/files/{}", file.blob.blob_id), label)
        };
        own.map(link).collect()
    };
    view.messages
        .iter()
        .map(|message| MessageLine { files: files(message), ..line(words, zone, now, side, message) })
        .collect()
}

/// What stands in the place of a message without words.
fn note(words: Words, side: Side, message: &Message) -> Option<String> {
    let name = || message.author_name.clone();
    match (message.kind, side) {
        (MessageKind::Text, _) => {
            message.withdrawn_at.map(|_| words.with1("messages-taken-back", "name", name()))
        }
        (MessageKind::Joined | MessageKind::JoinedEarlier | MessageKind::Left, side) => {
            let (key, by) = match message.kind {
                MessageKind::Left => ("messages-left-line", "messages-left-by"),
                MessageKind::JoinedEarlier => ("messages-joined-earlier-line", "messages-joined-by"),
                _ => ("messages-joined-line", "messages-joined-by"),
            };
            let line = words.with1(key, "who", message.body.as_str());
            Some(match side {
                Side::Client => line,
                Side::Practice => words.with2(by, "line", line, "name", name()),
            })
        }
        (MessageKind::Moved | MessageKind::MovedToBilling, side) => {
            let with = match (message.kind, message.body.as_str()) {
                (MessageKind::MovedToBilling, _) => words.get("messages-billing"),
                (_, "") => words.get("messages-front-desk"),
                (_, name) => name.to_owned(),
            };
            // Who moved it, and why, is the practice's own.
            Some(match side {
                Side::Client => words.with1("messages-moved-line", "with", with),
                Side::Practice => words.with2("messages-moved-line-staff", "with", with, "name", name()),
            })
        }
    }
}

fn line(words: Words, zone: &TimeZone, now: Timestamp, side: Side, message: &Message) -> MessageLine {
    let note = note(words, side, message);
    let body = if note.is_some() { "" } else { message.body.as_str() };
    MessageLine {
        id: format!("m{}", message.seq),
        seq: message.seq,
        note,
        may_withdraw: false,
        // A key's name says nothing to a client.
        author: match (message.author_kind, side) {
            (AuthorKind::ApiKey, Side::Client) => words.get("messages-author-practice"),
            _ => message.author_name.clone(),
        },
        sent: words.stamp(message.sent_at, zone, now),
        paragraphs: paragraphs(body),
        files: Vec::new(),
        is_own: message.side == side,
    }
}

/// A text in its paragraphs.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n")
        .map(|part| part.trim_matches('\n').to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// The subject of a thread for whoever answers it, or that it is not theirs.
pub(super) fn subject_words(words: Words, thread: &Thread) -> String {
    thread.subject_for_practice().map_or_else(|| words.get("messages-private"), ToOwned::to_owned)
}

/// Whom at the practice a thread is with, in words.
pub(super) fn with_words(words: Words, to: Addressee, clinician: Option<&str>) -> String {
    match (to, clinician) {
        (Addressee::FrontDesk, _) => words.get("messages-front-desk"),
        (Addressee::Billing, _) => words.get("messages-billing"),
        (Addressee::Clinician(_), Some(name)) => name.to_owned(),
        (Addressee::Clinician(_), None) => words.get("messages-clinician"),
    }
}

/// Whom at the practice a thread is with, and who reads it while they are away.
pub(super) fn readers_words(words: Words, zone: &TimeZone, now: Timestamp, view: &ThreadView) -> String {
    let with = with_words(words, view.thread.to, view.with.as_deref());
    match &view.away {
        Some(AwayNow { until_at, cover: Some((_, cover)) }) => {
            let day = words.day(*until_at, zone, now);
            words.with("messages-with-cover", &[("with", with), ("cover", cover.clone()), ("day", day)])
        }
        _ => with,
    }
}

/// "Casey Rivera is away and back on Friday, December 4." And who answers until then.
pub(super) fn away_words(
    words: Words,
    zone: &TimeZone,
    now: Timestamp,
    name: &str,
    away: &AwayNow,
) -> String {
    let values = [("name", name.to_owned()), ("day", words.day(away.until_at, zone, now))];
    match &away.cover {
        Some((_, cover)) => {
            let [name, day] = values;
            words.with("messages-away-cover", &[name, day, ("cover", cover.clone())])
        }
        None => words.with("messages-away", &values),
    }
}

/// "We answer by Thursday, December 3." Or that it takes longer than that.
pub(super) fn promise_words(
    words: Words,
    zone: &TimeZone,
    now: Timestamp,
    standing: Standing,
) -> Option<String> {
    let wait = standing.wait()?;
    Some(if wait.is_late(now) {
        words.get("messages-promise-late")
    } else {
        words.with1("messages-promise-by", "day", words.day(wait.due_at, zone, now))
    })
}

/// How a thread stands, as a tag: its tone and its words, for a reader of this side.
pub(super) fn standing_tag(
    words: Words,
    side: Side,
    standing: Standing,
    now: Timestamp,
) -> (&'static str, String) {
    let (tone, word) = match (standing, side) {
        (Standing::WaitsForPractice(_), Side::Client) => ("", "waiting"),
        (Standing::WaitsForPractice(wait), Side::Practice) if wait.is_late(now) => ("attention", "late"),
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

/// What is wrong with a text, in words.
pub(super) fn wrong_text(words: Words, field: &str, wrong: NotAText) -> String {
    let word = match wrong {
        NotAText::Empty => "empty",
        NotAText::TooLong => "long",
        NotAText::Unprintable => "strange",
    };
    words.get(&format!("messages-error-{field}-{word}"))
}
