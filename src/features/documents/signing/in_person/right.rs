//! Who may sign a document in person. Nothing is written here.

use crate::features::access::permission::{GrantStanding, decide};
use crate::features::access::{AccessRow, GrantRole, facts_of, lifecycle::State, load_access};
use crate::features::documents::packets::order;
use crate::features::documents::signing::store::{Signer, Signing};
use crate::features::documents::store::{self as documents, Blob, Content, Document};
use crate::features::people::{Person, load_person};
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};

/// May a signer sign on the practice's device, as far as it does not depend on whose turn it is?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// They may.
    Yes,
    /// Their birth date is not on file, so that nobody could tell that it is they.
    NoBirthDate,
    /// It is a file that cannot be shown page by page.
    NotShown,
    /// In its packet, another document comes first.
    Waits,
    /// Their access does not let them, they are no client, or what is signed is another version.
    No,
}

/// Would this access let its holder sign the document, were they signed in?
///
/// Whoever has no sign-in yet may too, as far as their access will go once they have one: the practice knows them, and
/// the document was shared with them. Whoever lost the access may not.
fn level(c: &mut Scoped<'_>, row: &AccessRow, document: &Document) -> Result<(Level, Allowed), Fault> {
    let Some(mut facts) = facts_of(c, &row.access_id)? else { return Ok((Level::None, Allowed::No)) };
    let is_yet_to_come = row.account_id.is_none()
        && row.role != GrantRole::FormerOwner
        && row.state != State::Revoked
        && row.paused_at.is_none();
    if is_yet_to_come {
        facts.grant.standing = GrantStanding::Active;
    }
    let item = documents::item_for(c, document, &row.access_id)?;
    let level = decide(&facts, Right::Documents, Some(&item)).level;
    let comes_first = order::comes_first(c, &facts, &row.access_id, &document.document_id)?;
    Ok((level, if comes_first.is_some() { Allowed::Waits } else { Allowed::Yes }))
}

/// The person behind a grant.
pub fn person_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Person>, Fault> {
    match load_access(c, access)? {
        Some(row) => load_person(c, &row.person_id),
        None => Ok(None),
    }
}

/// Does the access of a signer let them sign in person?
pub fn by_access(c: &mut Scoped<'_>, document: &Document, access: &AccessId) -> Result<Allowed, Fault> {
    let Some(row) = load_access(c, access)? else { return Ok(Allowed::No) };
    Ok(match level(c, &row, document)? {
        (Level::Act, allowed) => allowed,
        (Level::None | Level::View, _) => Allowed::No,
    })
}

/// See [`Allowed`].
pub fn allowed(
    c: &mut Scoped<'_>,
    document: &Document,
    signing: &Signing,
    signer: &Signer,
) -> Result<Allowed, Fault> {
    let Some(access) = &signer.access_id else { return Ok(Allowed::No) };
    let by_access = by_access(c, document, access)?;
    if by_access != Allowed::Yes {
        return Ok(by_access);
    }
    let number = signing.request.number;
    let version = documents::version_of(c, &document.document_id, number)?;
    match version.map(|version| version.content) {
        Some(Content::Text(_) | Content::File(Blob { pages: Some(_), .. }, _)) => {}
        Some(Content::File(..)) => return Ok(Allowed::NotShown),
        None => return Ok(Allowed::No),
    }
    if number != document.current_version {
        return Ok(Allowed::No);
    }
    let born = person_of(c, access)?.and_then(|person| person.birth_date);
    Ok(if born.is_some() { Allowed::Yes } else { Allowed::NoBirthDate })
}
