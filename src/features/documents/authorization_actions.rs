//! What can be done with an authorization that was signed: a client revokes it, staff record that one did outside the portal,
//! and note that they act on it no more. One transaction each.

use jiff::civil::{Date, Time};

use crate::features::access::{GrantRole, load_access};
use crate::features::documents::actions::{Acted, ReaderGrant, Refused, event, held, look_ahead};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::authorization::{Ended, Event, Refusal, Standing, Way, decide};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::DocumentState;
use crate::features::documents::request_store::name_of;
use crate::features::documents::signing::lifecycle::SigningState;
use crate::features::documents::signing::store::{self as signing, Signing};
use crate::features::documents::store::{self, Document, level_for};
use crate::features::people;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::kernel::wall_clock::first_moment;
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

/// A revocation that reached the practice outside the portal (45 CFR 164.508(b)(5): in writing). Whoever reads it from a form
/// has checked the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Who revoked it: one of [`revokers`].
    pub who: String,
    /// The day on which it came.
    pub day: Date,
    /// How.
    pub way: Way,
    /// What staff note about it.
    pub note: String,
}

/// Why a revocation was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRecorded {
    /// See [`Refusal`].
    LifeCycle(Refusal),
    /// Nobody of that name may revoke it.
    Nobody,
    /// The day is still to come.
    Ahead,
    /// It was not signed by then.
    BeforeSigned,
}

/// The names of those who may revoke an authorization: the client, and the people with access who signed it.
pub fn revokers(c: &mut Scoped<'_>, document: &Document) -> Result<Vec<String>, Fault> {
    let file = people::load_file(c, &document.chart_id)?;
    let mut names: Vec<String> = file.into_iter().map(|file| file.client.full_name()).collect();
    if let Some(newest) = signing::newest(c, &document.document_id)? {
        let signed = newest
            .signers
            .iter()
            .enumerate()
            .filter(|(at, of)| of.access_id.is_some() && newest.is_party(*at));
        names.extend(signed.map(|(_, signer)| signer.printed_name.clone()));
    }
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    Ok(once)
}

/// How an authorization stands, for staff; `None` for a document of another kind, and for one that was withdrawn.
pub fn standing_for_staff(c: &mut Scoped<'_>, document: &Document) -> Result<Option<Standing>, Fault> {
    if document.kind != DocumentKind::Authorization || document.state == DocumentState::Withdrawn {
        return Ok(None);
    }
    let newest = signing::newest(c, &document.document_id)?;
    standing(c, document, newest.as_ref()).map(Some)
}

/// From which moment on it is revoked: from the first of the day on which that reached the practice, but not before everybody
/// had signed; today it is now.
fn counts_from(
    c: &mut Scoped<'_>,
    signed_at: Timestamp,
    day: Date,
) -> Result<Result<Timestamp, NotRecorded>, Fault> {
    let (practice, now) = (practice::load(c)?, c.now());
    let today = practice.today(now);
    if day > today {
        return Ok(Err(NotRecorded::Ahead));
    }
    if day < practice.today(signed_at) {
        return Ok(Err(NotRecorded::BeforeSigned));
    }
    let begins = first_moment(day.to_datetime(Time::midnight()), &practice.zone());
    Ok(Ok(begins.filter(|_| day < today).map_or(now, |begins| begins.max(signed_at))))
}

/// Staff record that a client revoked an authorization outside the portal. It ends as if they had done it there.
pub fn record_revocation(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, id): (&ChartId, &DocumentId),
    recorded: &Recorded,
) -> Acted<Result<(), NotRecorded>> {
    // Held first, so that what is looked at is what is changed.
    let Some(document) = held(c, id)?.filter(|document| document.chart_id == *chart) else {
        return Ok(Err(Refused::NotFound));
    };
    let Some(standing) = standing_for_staff(c, &document)? else { return Ok(Err(Refused::NotFound)) };
    if let Err(refusal) = decide(standing, Event::Revoke(c.now())) {
        return Ok(Ok(Err(NotRecorded::LifeCycle(refusal))));
    }
    if !revokers(c, &document)?.contains(&recorded.who) {
        return Ok(Ok(Err(NotRecorded::Nobody)));
    }
    let request = signing::newest(c, id)?.map(|found| found.request);
    let signed_at = request.map_or(document.created_at, |of| of.ended_at.unwrap_or(of.created_at));
    let revoked_at = match counts_from(c, signed_at, recorded.day)? {
        Ok(at) => at,
        Err(why) => return Ok(Ok(Err(why))),
    };
    let after = Document {
        revoked_at: Some(revoked_at),
        revoked_by_name: recorded.who.clone(),
        revocation_day: Some(recorded.day.to_string()),
        revocation_way: Some(recorded.way),
        revocation_note: recorded.note.clone(),
        revocation_recorded_by_name: by.actor.name(),
        ..document
    };
    store::save(c, &after)?;
    let details =
        serde_json::json!({ "document": id, "day": recorded.day.to_string(), "way": recorded.way.word() });
    audit::record(c, event(by, DocumentAction::RevocationRecorded, &after).with(details))?;
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
