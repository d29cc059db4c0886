//! A file that the virus scanner could not check is held: its bytes are stored sealed, nobody sees it, and what was asked
//! for is noted beside it. A job has it checked again, and then does what was asked for as if it had just come in.

use serde_json::json;

use crate::features::access::permission::Label;
use crate::features::documents::actions::{self, NewContent, NewDocument, ReaderGrant};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::held_store::{self as store, HeldFor, HeldRow};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::request_actions;
use crate::features::documents::store::BlobState;
use crate::features::documents::upload_lifecycle::{Event as Happens, UploadState};
use crate::features::documents::upload_store::{self as uploads, UploadRow};
use crate::features::documents::uploads::{WAIT_HOURS, discard, quarantine_until};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DocumentId, UploadId};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, InPieces, Job, JobKind, NewJob, Next};
use crate::platform::objects::{Object, ObjectError, Stored, blob_key};
use crate::platform::scanner::Verdict;
use crate::platform::state::AppState;

/// What is to be done with a file once it was checked.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// A new document is made of it.
    Document {
        /// Its title.
        title: String,
        /// What it is.
        kind: DocumentKind,
        /// What protects it.
        label: Option<Label>,
    },
    /// It becomes a document's new version.
    Version(DocumentId),
    /// A client sends it to the practice, and says what it is.
    Offer(ReaderGrant, String),
}

impl Purpose {
    fn word(&self) -> HeldFor {
        match self {
            Self::Document { .. } => HeldFor::Document,
            Self::Version(_) => HeldFor::Version,
            Self::Offer(..) => HeldFor::Offer,
        }
    }
}

/// Nobody gives a held file up but its practice, so its row gets so many days.
const HELD_DAYS: i64 = 3_650;
/// Minutes until the scanner is asked again, at first and at most.
const FIRST_WAIT: i64 = 1;
const LONGEST_WAIT: i64 = 10;

fn wait_after(tries: i32) -> i64 {
    FIRST_WAIT.saturating_mul(1 << tries.clamp(0, 10)).min(LONGEST_WAIT)
}

fn record(c: &mut Scoped<'_>, by: By, action: DocumentAction, upload: &UploadRow) -> Result<(), Fault> {
    let mut event = Event::new(by, action).on_chart(&upload.chart_id);
    event.new_state = upload.state.word().into();
    audit::record(c, event.with(json!({ "upload": upload.upload_id })))
}

/// Notes what is to be done with a file that came in unchecked, and has it checked later. `false` where it does not wait.
pub fn hold(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (&ChartId, &UploadId),
    purpose: &Purpose,
) -> Result<bool, Fault> {
    let is_unchecked = |row: &UploadRow| row.chart_id == *chart && row.state == UploadState::Checking;
    let Some(upload) = uploads::find(c, id)?.filter(is_unchecked) else { return Ok(false) };
    if store::find(c, id)?.is_some() {
        // Another form holds it already.
        return Ok(false);
    }
    let held = HeldRow {
        practice_id: *c.practice(),
        upload_id: *id,
        purpose: purpose.word(),
        title: String::new(),
        kind: None,
        label: None,
        document_id: None,
        access_id: None,
        account_id: None,
        by_name: by.actor.name(),
        source: by.source.clone(),
        tries: 0,
        held_at: c.now(),
    };
    let held = match purpose {
        Purpose::Document { title, kind, label } => {
            HeldRow { title: title.clone(), kind: Some(*kind), label: *label, ..held }
        }
        Purpose::Version(document) => HeldRow { document_id: Some(*document), ..held },
        Purpose::Offer(who, about) => HeldRow {
            title: about.clone(),
            access_id: Some(who.access),
            account_id: Some(who.account),
            ..held
        },
    };
    store::insert(c, held)?;
    let until = c.lease_now()?.plus_hours(24 * HELD_DAYS);
    uploads::step(c, id, (UploadState::Checking, Happens::Unscanned), until)?;
    let due_at = c.now().plus_seconds(60 * FIRST_WAIT);
    jobs::plan(c, &[NewJob { kind: JobKind::HeldUpload, subject: id.uuid(), due_at }])?;
    record(c, by.clone(), DocumentAction::UploadHeld, &upload)?;
    Ok(true)
}

/// What a job has in hand.
struct InHand {
    stored: Stored,
    chart: ChartId,
}

fn in_hand(app: &AppState, c: &mut Scoped<'_>, id: &UploadId) -> Result<Option<InHand>, Fault> {
    let Some(upload) = uploads::find(c, id)?.filter(|row| row.state == UploadState::Checking) else {
        return Ok(None);
    };
    let Some(blob) = store::blob_of(c, &upload)? else { return Ok(None) };
    let key = blob_key(&app.keys, c, blob.key_generation, &blob.blob_id)?;
    let stored = Stored {
        object: Object { practice: blob.practice_id, blob: blob.blob_id, key },
        size: u64::try_from(blob.size).unwrap_or(0),
        sha256: blob.sha256,
    };
    Ok(Some(InHand { stored, chart: upload.chart_id }))
}

/// Has the held file that a job is about checked, and does what follows.
pub fn try_again(app: AppState, scope: PracticeScope, job: Job) -> InPieces {
    Box::pin(async move {
        let id = UploadId::from_uuid(job.subject);
        let inside = app.clone();
        let found = app.db.read(&scope, move |c| in_hand(&inside, c, &id)).await?;
        let Some(InHand { stored, chart }) = found else { return Ok(Next::Done) };
        let verdict = match &app.scanner {
            // The operator has taken it away since: files are not scanned.
            None => Verdict::Clean,
            Some(scanner) => scanner.scan(app.objects.read(stored)).await.map_err(|error| match error {
                ObjectError::Fault(fault) => fault,
                ObjectError::Damaged(what) => {
                    Fault::Damaged(format!("a file that waits for the scanner: {what}"))
                }
            })?,
        };
        match &verdict {
            Verdict::Clean => {}
            Verdict::Infected(name) => {
                tracing::warn!(upload = %id, found = name, "the virus scanner found something in a file");
            }
            Verdict::NotScanned(why) => {
                tracing::error!(upload = %id, why, "a file still waits: the virus scanner did not check it");
            }
        }
        let settled = app.db.write(&scope, move |c| settle(c, &id, &verdict)).await?;
        if settled == Next::Done {
            app.live.chart_changed(scope.id(), &chart);
        }
        Ok(settled)
    })
}

fn settle(c: &mut Scoped<'_>, id: &UploadId, verdict: &Verdict) -> Result<Next, Fault> {
    let Some(upload) = uploads::find(c, id)? else { return Ok(Next::Done) };
    // Before the upload's row, as everywhere.
    lock(c, Lock::Charts(&[upload.chart_id]))?;
    let Some(held) = store::find(c, id)? else { return Ok(Next::Done) };
    let from = UploadState::Checking;
    match verdict {
        Verdict::NotScanned(_) => {
            if upload.state != from {
                return Ok(Next::Done);
            }
            let tries = store::count_try(c, &held)?;
            return Ok(Next::At(c.now().plus_seconds(60 * wait_after(tries))));
        }
        Verdict::Infected(_) => {
            let until = quarantine_until(c)?;
            if uploads::step(c, id, (from, Happens::Infected), until)? {
                let after = UploadRow { state: UploadState::Quarantined, ..upload };
                record(c, brought_by(&after, &held), DocumentAction::UploadQuarantined, &after)?;
            }
        }
        Verdict::Clean => {
            let until = c.lease_now()?.plus_hours(WAIT_HOURS);
            if uploads::step(c, id, (from, Happens::Clean), until)? {
                uploads::set_blob_state(c, &upload.blob_id, (BlobState::Kept, BlobState::Live))?;
                publish(c, &upload, &held)?;
            }
        }
    }
    Ok(Next::Done)
}

/// Who brought it, as the audit trail named them then.
fn brought_by(upload: &UploadRow, held: &HeldRow) -> By {
    let actor = match upload.by_kind.as_str() {
        "staff" => upload.by_id.parse().ok().map(|id| Actor::Staff(id, held.by_name.clone())),
        "account" => upload.by_id.parse().ok().map(Actor::Account),
        _ => None,
    };
    By { actor: actor.unwrap_or(Actor::System), source: held.source.clone() }
}

/// Does what was asked for. Where that is not possible any more, the file is not taken.
fn publish(c: &mut Scoped<'_>, upload: &UploadRow, held: &HeldRow) -> Result<(), Fault> {
    let (by, file) = (brought_by(upload, held), NewContent::File(upload.upload_id));
    let is_done = match (held.purpose, held.kind, held.document_id, held.access_id.zip(held.account_id)) {
        (HeldFor::Document, Some(kind), ..) => {
            let new = NewDocument {
                chart: upload.chart_id,
                title: held.title.clone(),
                kind,
                label: held.label,
                content: file,
                written_at: None,
            };
            actions::create(c, &by, &new)?.is_ok()
        }
        (HeldFor::Version, _, Some(document), _) => actions::add_version(c, &by, &document, &file)?.is_ok(),
        (HeldFor::Offer, _, _, Some((access, account))) => {
            let who = ReaderGrant { account, access, chart: upload.chart_id };
            request_actions::offer(c, &by, &who, (&upload.upload_id, &held.title))?.is_ok()
        }
        _ => false,
    };
    if !is_done {
        discard(c, &upload.upload_id)?;
        uploads::end(c, &upload.upload_id, UploadState::Rejected, NOT_POSSIBLE)?;
        let event = Event::new(by, DocumentAction::UploadRefused).on_chart(&upload.chart_id);
        audit::record(c, event.with(json!({ "upload": upload.upload_id, "why": NOT_POSSIBLE })))?;
    }
    Ok(())
}

/// Why a file that was held and checked is not taken: its document was withdrawn, the access of its sender ended.
pub const NOT_POSSIBLE: &str = "not-possible";

/// Staff do not wait for a held file any more; its bytes are deleted. `false` where it does not wait.
pub fn give_up(c: &mut Scoped<'_>, by: &By, (chart, id): (&ChartId, &UploadId)) -> Result<bool, Fault> {
    let Some(upload) = uploads::find(c, id)?.filter(|row| row.chart_id == *chart) else { return Ok(false) };
    lock(c, Lock::Charts(&[upload.chart_id]))?;
    let now: Timestamp = c.lease_now()?;
    if !uploads::step(c, id, (UploadState::Checking, Happens::GiveUp), now)? {
        return Ok(false);
    }
    uploads::give_up_blob(c, &upload.blob_id)?;
    uploads::end(c, id, UploadState::Expired, "given-up")?;
    jobs::cancel(c, &[JobKind::HeldUpload], &[id.uuid()])?;
    record(
        c,
        by.clone(),
        DocumentAction::UploadGivenUp,
        &UploadRow { state: UploadState::Expired, ..upload },
    )?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scanner_is_asked_again_soon_and_then_every_ten_minutes() {
        let waits: Vec<i64> = (0..7).map(wait_after).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(wait_after(i32::MAX), 10);
    }
}
