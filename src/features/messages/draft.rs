//! Drafts: what somebody types is kept on the server, so that it is there on another device and after the session's
//! end. Each change counts; what was sent or discarded is not brought back by a page that was still open.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use crate::features::messages::draft_store::{self, Draft, Slot, Typed};
use crate::features::messages::readers::Addressee;
use crate::kernel::clock::Timestamp;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::see_other;

/// The longest text that is kept, in bytes: more than can be sent, so that it can be shortened.
pub const LARGEST: usize = 60 * 1024;

/// The words in the form of a new message of staff for whom the client answers.
pub(super) const FROM_DESK: &str = "front_desk";
pub(super) const FROM_BILLING: &str = "billing";
pub(super) const FROM_ME: &str = "me";

/// The word for the author of a thread with this addressee.
pub(super) fn sender_of(to: Addressee) -> &'static str {
    match to {
        Addressee::FrontDesk => FROM_DESK,
        Addressee::Billing => FROM_BILLING,
        Addressee::Clinician(_) => FROM_ME,
    }
}

/// What came of saving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is kept under this revision.
    Kept(i32),
    /// Another page saved something else meanwhile; nothing was written.
    Changed(Box<Draft>),
    /// It was sent or discarded meanwhile, and is not brought back.
    Over,
}

/// What is to be done with a draft that stands like this, for a page that showed `seen`.
fn decide(known: Option<&Draft>, seen: i32, typed: &Typed) -> Saved {
    match known {
        None => Saved::Kept(0),
        Some(draft) if draft.revision == seen => Saved::Kept(seen),
        Some(draft) if draft.typed == *typed => Saved::Kept(draft.revision),
        Some(draft) if draft.typed.is_empty() => Saved::Over,
        Some(draft) => Saved::Changed(Box::new(draft.clone())),
    }
}

/// Saves a draft, in the caller's transaction.
pub fn save(c: &mut Scoped<'_>, slot: &Slot, typed: &Typed, seen: i32) -> Result<Saved, Fault> {
    let known = draft_store::find(c, slot)?;
    Ok(match decide(known.as_ref(), seen, typed) {
        Saved::Kept(over) if known.as_ref().is_some_and(|draft| draft.typed == *typed) => Saved::Kept(over),
        Saved::Kept(over) => Saved::Kept(draft_store::put(c, slot, typed, over)?),
        refused => refused,
    })
}

/// The draft is over: its message was sent, or it was discarded.
pub fn clear(c: &mut Scoped<'_>, slot: &Slot) -> Result<(), Fault> {
    let over = draft_store::find(c, slot)?.map_or(0, |draft| draft.revision);
    draft_store::put(c, slot, &Typed::default(), over)?;
    Ok(())
}

/// What a page shows of a draft.
pub(super) struct DraftMark {
    /// The revision that the form shows.
    pub revision: i32,
    /// When it was saved, if there is one.
    pub saved: Option<Stamp>,
    /// Where the form saves it …
    pub save_to: String,
    /// … and discards it.
    pub discard_to: String,
}

impl DraftMark {
    /// Of a form at this address.
    pub fn new(here: &str, revision: i32, saved: Option<Stamp>) -> Self {
        Self { revision, saved, save_to: format!("{here}/draft"), discard_to: format!("{here}/discard") }
    }
}

/// When a draft was saved, if there is one.
pub(super) fn saved_at(
    words: Words,
    zone: &TimeZone,
    now: Timestamp,
    draft: Option<&Draft>,
) -> Option<Stamp> {
    let draft = draft.filter(|draft| !draft.typed.is_empty())?;
    Some(words.stamp(draft.updated_at, zone, now))
}

/// The answer after saving what was typed at `here`; or the other page's draft, where the form is shown again with both
/// texts.
pub(super) fn answer(headers: &HeaderMap, here: &str, saved: Saved) -> Result<Response, Box<Draft>> {
    if is_script(headers) {
        return Ok(to_script(&saved));
    }
    match saved {
        Saved::Kept(_) => Ok(see_other(&format!("{here}?done=draft-saved"))),
        Saved::Over => Ok(see_other(&format!("{here}?done=draft-over"))),
        Saved::Changed(other) => Err(other),
    }
}

/// A file that was chosen and not attached is not in what was saved: that is said, but not to our script, which saves
/// while somebody types.
pub(super) fn note_left_out(words: Words, headers: &HeaderMap, chosen: &[String], errors: &mut FieldErrors) {
    let left = chosen.iter().find(|name| !name.is_empty()).filter(|_| !is_script(headers));
    if let Some(name) = left {
        errors.add("file", words.with1("messages-error-saved-without", "name", name));
    }
}

impl Draft {
    /// Its text, and below it what was typed on this page.
    pub(super) fn with_text(&self, typed: &str) -> String {
        format!("{}\n\n{typed}", self.typed.body)
    }
}

/// Did our script ask, which keeps what is typed while it is typed?
fn is_script(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/plain")
}

/// The answer to our script: the revision that is kept, or that nothing was.
fn to_script(saved: &Saved) -> Response {
    match saved {
        Saved::Kept(revision) => revision.to_string().into_response(),
        Saved::Changed(_) | Saved::Over => StatusCode::CONFLICT.into_response(),
    }
}

/// The ids of files as a form sends them.
pub(super) fn files_of(typed: &Typed) -> Vec<String> {
    typed.files.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(body: &str) -> Typed {
        Typed { body: body.to_owned(), ..Typed::default() }
    }

    fn draft(body: &str, revision: i32) -> Draft {
        Draft { typed: typed(body), revision, updated_at: Timestamp::from_micros(0) }
    }

    #[test]
    fn case_72_a_page_that_saw_another_revision_writes_over_nothing_and_revives_nothing() {
        let (old, sent) = (draft("Old.", 3), draft("", 4));
        assert_eq!(decide(None, 0, &typed("New.")), Saved::Kept(0));
        assert_eq!(decide(None, 7, &typed("New.")), Saved::Kept(0), "it was deleted after a month");
        assert_eq!(decide(Some(&old), 3, &typed("New.")), Saved::Kept(3));
        assert_eq!(decide(Some(&old), 2, &typed("Old.")), Saved::Kept(3), "the same again");
        assert_eq!(decide(Some(&old), 2, &typed("New.")), Saved::Changed(Box::new(old.clone())));
        assert_eq!(decide(Some(&sent), 3, &typed("Old.")), Saved::Over);
        assert_eq!(decide(Some(&sent), 4, &typed("Next.")), Saved::Kept(4));
    }
}
