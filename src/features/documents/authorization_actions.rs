//! What can be done with an authorization that was signed: a client revokes it, staff note that they act on it no more. One
//! transaction each.

use crate::features::access::permission::decide as may;
use crate::features::access::{GrantRole, facts_of, load_access};
use crate::features::documents::actions::{Acted, ReaderGrant, Refused, event, held, look_ahead};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::authorization::{Event, Refusal, Standing, decide};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::signing::lifecycle::SigningState;
use crate::features::documents::signing::store as signing;
use crate::features::documents::store::{self, Document, item_for, share_targets};
use crate::features::practice;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::{Level, Right};

/// How it stands; `None` for a document of another kind.
pub fn standing_of(c: &mut Scoped<'_>, document: &Document) -> Result<Option<Standing>, Fault> {
    if document.kind != DocumentKind::Authorization {
        return Ok(None);
    }
    if let Some(at) = document.revoked_at {
        let is_noted = document.revocation_seen_at.is_some();
        return Ok(Some(if is_noted { Standing::Noted(at) } else { Standing::Revoked(at) }));
    }
    let today = practice::load(c)?.today(c.now());
    if let Some(day) = document.last_day().filter(|day| *day < today) {
        return Ok(Some(Standing::Expired(day)));
    }
    let newest = signing::newest(c, &document.document_id)?;
    let is_signed = newest.is_some_and(|found| found.request.state == SigningState::Completed);
    Ok(Some(if is_signed { Standing::InForce } else { Standing::NotSigned }))
}

/// Whose it is to revoke: whoever signed it, and the client whom it is about, where they may act on their documents.
pub fn may_revoke(c: &mut Scoped<'_>, who: &ReaderGrant, document: &Document) -> Result<bool, Fault> {
    let id = &document.document_id;
    let item = item_for(c, document, &who.access)?;
    let level = facts_of(c, &who.access)?.map(|facts| may(&facts, Right::Documents, Some(&item)).level);
    if level.unwrap_or(Level::None) < Level::Act {
        return Ok(false);
    }
    let Some(found) = signing::newest(c, id)? else { return Ok(false) };
    let has_signed = found.by_grant(&who.access).is_some_and(|at| found.is_party(at));
    let is_owner = load_access(c, &who.access)?.is_some_and(|row| row.role == GrantRole::Owner);
    Ok(has_signed || is_owner)
}

/// A client revokes an authorization. `Ok(Err)` inside says why the life cycle refuses it.
pub fn revoke(c: &mut Scoped<'_>, by: &By, who: &ReaderGrant, id: &DocumentId) -> Acted<Result<(), Refusal>> {
    // Held first, so that what is looked at is what is changed.
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    granted!(look_ahead(c, who, id)?);
    let Some(standing) = standing_of(c, &document)? else { return Ok(Err(Refused::NotFound)) };
    if !may_revoke(c, who, &document)? {
        return Ok(Err(Refused::NotFound));
    }
    if let Err(refusal) = decide(standing, Event::Revoke(c.now())) {
        return Ok(Ok(Err(refusal)));
    }
    let holders = share_targets(c, &document.chart_id)?;
    let holder = holders.into_iter().find(|target| target.access == who.access);
    let revoked_by_name = holder.map(|target| target.name).unwrap_or_default();
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
    let Some(document) = held(c, id)?.filter(|document| document.chart_id == *chart) else {
        return Ok(Err(Refused::NotFound));
    };
    let Some(standing) = standing_of(c, &document)? else { return Ok(Err(Refused::NotFound)) };
    if let Err(refusal) = decide(standing, Event::Note) {
        return Ok(Ok(Err(refusal)));
    }
    let after = Document { revocation_seen_at: Some(c.now()), ..document };
    store::save(c, &after)?;
    let noted = event(by, DocumentAction::RevocationNoted, &after);
    audit::record(c, noted.with(serde_json::json!({ "document": id })))?;
    Ok(Ok(Ok(())))
}
