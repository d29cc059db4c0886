//! Writes what the life cycle decided, and cancels a request: by staff, or because its document is withdrawn.

use serde_json::json;

use crate::features::documents::signing::lifecycle::{Event, Next, SignerState, SigningState, decide};
use crate::features::documents::signing::notices;
use crate::features::documents::signing::store::{self, Signing};
use crate::features::documents::signing::trail::{Happening, record};
use crate::features::documents::store::{self as documents, Document};
use crate::kernel::ids::ChartId;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Writes the signers' new states into their rows, and plans the mails that follow from them.
pub fn apply(c: &mut Scoped<'_>, signing: &mut Signing, next: &Next) -> Result<(), Fault> {
    let mut told = Vec::new();
    let is_over = next.state != SigningState::Open && signing.request.state == SigningState::Open;
    for (signer, state) in signing.signers.iter_mut().zip(&next.seats) {
        let has_turn = signer.state == SignerState::Waiting && *state == SignerState::Ready;
        if signer.state != *state {
            signer.state = *state;
            store::save_signer(c, signer)?;
        }
        // Of a complete one they hear when their copy is there.
        let has_news = is_over && next.state != SigningState::Completed && *state == SignerState::Signed;
        if has_turn || has_news {
            told.push(signer.signer_id);
        }
    }
    signing.request.state = next.state;
    if is_over {
        signing.request.ended_at = Some(c.now());
    }
    notices::plan(c, &told)
}

/// Cancels the request of a document that is being withdrawn, where one is open.
pub fn cancel_with_document(
    c: &mut Scoped<'_>,
    by: &By,
    document: &Document,
    reason: &str,
) -> Result<(), Fault> {
    let Some(mut signing) = store::newest(c, &document.document_id)? else { return Ok(()) };
    if signing.request.state != SigningState::Open {
        return Ok(());
    }
    let standing = signing.request.standing(c.now());
    let Ok(next) = decide(standing, &signing.seats(), Event::Cancel) else { return Ok(()) };
    cancel(c, by, document, &mut signing, &next, reason)
}

/// Cancels what is open of a chart that is being closed.
pub fn cancel_of_chart(c: &mut Scoped<'_>, by: &By, chart: &ChartId, reason: &str) -> Result<(), Fault> {
    let all = store::newest_of_chart(c, chart)?;
    for request in all.into_iter().filter(|request| request.state == SigningState::Open) {
        if let Some(document) = documents::find(c, &request.document_id)? {
            cancel_with_document(c, by, &document, reason)?;
        }
    }
    Ok(())
}

/// Cancels a request.
pub fn cancel(
    c: &mut Scoped<'_>,
    by: &By,
    document: &Document,
    signing: &mut Signing,
    next: &Next,
    reason: &str,
) -> Result<(), Fault> {
    apply(c, signing, next)?;
    signing.request.ended_by_name = by.actor.name();
    reason.clone_into(&mut signing.request.reason);
    // Who canceled it has seen that.
    signing.request.seen_at = Some(c.now());
    record(c, by, (document, &mut signing.request), Happening::Canceled, None, json!({ "reason": reason }))?;
    store::save(c, &signing.request)
}
