//! What can be done with an authorization that was signed: a client revokes it, staff note that they act on it no more. One
//! transaction each.

use crate::features::access::{GrantRole, load_access};
use crate::features::documents::actions::{Acted, ReaderGrant, Refused, event, held, look_ahead};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::authorization::{Ended, Event, Refusal, Standing, decide};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::request_store::name_of;
use crate::features::documents::signing::lifecycle::SigningState;
use crate::features::documents::signing::store::{self as signing, Signing};
use crate::features::documents::store::{self, Document, level_for};
use crate::features::practice;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::Level;

/// How it stands, with the newest request to sign it.
fn standing(c: &mut Scoped<'_>, document: &Document, newest: Option<&Signing>) -> Result<Standing, Fault> {
    let today = practice::load(c)?.today(c.now());
    let is_signed = newest.is_some_and(|found| found.request.state == SigningState::Completed);
    Ok(match document.ended(today) {
        Some(Ended::Revoked(at)) if document.revocation_seen_at.is_some() => Standing::Noted(at),
        Some(Ended::Revoked(at)) => Standing::Revoked(at),
        Some(Ended::Expired(day)) => Standing::Expired(day),
        None if is_signed => Standing::InForce,
        None => Standing::NotSigned,
    })
}

/// How an authorization stands, for whoever may revoke it: who signed it, and the client whom it is about, where they may
/// act on their documents. `None` for everybody else, and for a document of another kind.
pub fn revocable(
    c: &mut Scoped<'_>,
    who: &ReaderGrant,
    document: &Document,
) -> Result<Option<Standing>, Fault> {
    if document.kind != DocumentKind::Authorization || level_for(c, document, &who.access)? < Level::Act {
        return Ok(None);
    }
    let Some(newest) = signing::newest(c, &document.document_id)? else { return Ok(None) };
    let has_signed = newest.by_grant(&who.access).is_some_and(|at| newest.is_party(at));
    if has_signed || load_access(c, &who.access)?.is_some_and(|row| row.role == GrantRole::Owner) {
        return standing(c, document, Some(&newest)).map(Some);
    }
    Ok(None)
}

/// A client revokes an authorization. `Ok(Err)` inside says why the life cycle refuses it.
pub fn revoke(c: &mut Scoped<'_>, by: &By, who: &ReaderGrant, id: &DocumentId) -> Acted<Result<(), Refusal>> {
    // Held first, so that what is looked at is what is changed.
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    granted!(look_ahead(c, who, id)?);
    let Some(standing) = revocable(c, who, &document)? else { return Ok(Err(Refused::NotFound)) };
    if let Err(refusal) = decide(standing, Event::Revoke(c.now())) {
        return Ok(Ok(Err(refusal)));
    }
    let revoked_by_name = name_of(c, &who.access)?;
    let after = Document { revoked_at: Some(c.now()), revoked_by_name, ..document };
    store::save(c, &after)?;
    let mut revoked =
        event(by, DocumentAction::AuthorizationRevoked, &after).with(serde_json::json!({ "document": id }));
    revoked.access = Some(who.access);
    audit::record(c, revoked)?;
    Ok(Ok(Ok(())))
}

/// Staff note that they act on a revoked authorization no more: it leaves their work list.
pub fn note_revocation(
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    id: &DocumentId,
) -> Acted<Result<(), Refusal>> {
    let is_asked_for =
        |document: &Document| document.chart_id == *chart && document.kind == DocumentKind::Authorization;
    let Some(document) = held(c, id)?.filter(is_asked_for) else { return Ok(Err(Refused::NotFound)) };
    let newest = signing::newest(c, id)?;
    let standing = standing(c, &document, newest.as_ref())?;
    if let Err(refusal) = decide(standing, Event::Note) {
        return Ok(Ok(Err(refusal)));
    }
    let after = Document { revocation_seen_at: Some(c.now()), ..document };
    store::save(c, &after)?;
    let noted = event(by, DocumentAction::RevocationNoted, &after);
    audit::record(c, noted.with(serde_json::json!({ "document": id })))?;
    Ok(Ok(Ok(())))
}
