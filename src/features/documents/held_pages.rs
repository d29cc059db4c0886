//! What staff and clients see of files that wait for the virus scanner, and of those that could not be taken.

use crate::features::accounts::ClientSession;
use crate::features::documents::actions::ReaderGrant;
use crate::features::documents::held::{self, NOT_POSSIBLE, Purpose};
use crate::features::documents::held_store::{HeldFor, HeldRow};
use crate::features::documents::request_actions::{NotDone, may_offer};
use crate::features::documents::upload_lifecycle::UploadState;
use crate::features::documents::upload_store::UploadRow;
use crate::features::staff::StaffSession;
use crate::kernel::ids::UploadId;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// What the form of a held file made.
pub(super) const HELD: &str = "held";

/// Holds a client's file, if they may send one more.
pub(super) fn hold_offer(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    (file, about): (&UploadId, &str),
) -> Result<Result<String, NotDone>, Fault> {
    if let Err(why) = may_offer(c, who)? {
        return Ok(Err(why));
    }
    let purpose = Purpose::Offer(*who, about.to_owned());
    let is_held = held::hold(c, by, (&who.chart, file), &purpose)?;
    Ok(if is_held { Ok(HELD.to_owned()) } else { Err(NotDone::NoFile) })
}

/// A client's own file that was held.
pub(super) struct OwnHeld {
    pub about: String,
    pub note: String,
    pub tag: (&'static str, String),
    /// Why it was not taken.
    pub why: Option<String>,
}

/// It as the client reads it.
pub(super) fn client_line(client: &ClientSession, (held, upload): (HeldRow, UploadRow)) -> OwnHeld {
    let words = client.words;
    let sent = words.with1("document-request-sent-on", "date", words.date(held.held_at, &client.zone));
    let is_waiting = upload.state == UploadState::Checking;
    OwnHeld {
        about: held.title,
        note: if upload.file_name.is_empty() { sent } else { format!("{sent} · {}", upload.file_name) },
        tag: if is_waiting {
            ("waiting", words.get("documents-held-checking"))
        } else {
            ("stopped", words.get("document-request-state-not-accepted"))
        },
        why: match upload.state {
            UploadState::Checking => None,
            _ if is_infected(&upload) => Some(words.get("documents-file-client-infected")),
            _ => Some(words.get("documents-held-client-ended")),
        },
    }
}

/// Did the virus scanner find something in it? Its bytes may be deleted since.
fn is_infected(upload: &UploadRow) -> bool {
    upload.state == UploadState::Quarantined
        || (upload.state == UploadState::Rejected && upload.reason == "infected")
}

/// A file of a chart that waits, or that could not be taken.
pub(super) struct HeldLine {
    /// Its title, or its file's name.
    pub name: String,
    pub note: String,
    pub tag: (&'static str, String),
    /// Where staff give it up.
    pub give_up: Option<String>,
}

/// It as staff read it.
pub(super) fn staff_line(
    staff: &StaffSession,
    tab: &str,
    (upload, held): (UploadRow, Option<HeldRow>),
) -> HeldLine {
    let words = staff.words;
    let title = held.as_ref().map(|held| held.title.clone()).unwrap_or_default();
    let moment = words.date_time(upload.created_at, &staff.zone);
    let by = match &held {
        Some(held) if held.purpose == HeldFor::Offer => {
            words.with1("documents-held-from-client", "moment", moment)
        }
        Some(held) => words.with2("documents-held-by", "name", held.by_name.clone(), "moment", moment),
        None => words.with1("documents-held-came", "moment", moment),
    };
    let is_waiting = upload.state == UploadState::Checking;
    let tag = match upload.state {
        UploadState::Checking => ("waiting", "documents-held-checking"),
        UploadState::Rejected if upload.reason == NOT_POSSIBLE => ("stopped", "documents-held-not-possible"),
        _ => ("attention", "documents-held-quarantined"),
    };
    HeldLine {
        note: match (title.is_empty(), upload.file_name.is_empty()) {
            (false, false) => format!("{} · {by}", upload.file_name),
            _ => by,
        },
        name: [title, upload.file_name]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_else(|| words.get("documents-held-nameless")),
        tag: (tag.0, words.get(tag.1)),
        give_up: is_waiting.then(|| format!("{tab}/held/{}/give-up", upload.upload_id)),
    }
}
