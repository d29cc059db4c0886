//! The rows of those who sign in person.

use diesel::prelude::*;

use crate::features::documents::signing::in_person::lifecycle::{Ending, Stage, Steps};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AccessId, ChartId, DocumentId, InPersonId, PracticeId, SignerId, SigningId, StaffId,
};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{document, in_person, signer, signing};
use crate::platform::fault::Fault;
use crate::practice_row;

/// A signer on the practice's device.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = in_person, treat_none_as_default_value = false)]
pub struct InPerson {
    /// The practice.
    pub practice_id: PracticeId,
    /// Its name.
    pub in_person_id: InPersonId,
    /// Who signs.
    pub signer_id: SignerId,
    /// Who handed the device over.
    pub staff_id: StaffId,
    /// Their name.
    pub staff_name: String,
    /// The hash of their session, which was locked for it.
    pub session_hash: String,
    /// When that was.
    pub started_at: Timestamp,
    /// When the right birth date was typed.
    pub confirmed_at: Option<Timestamp>,
    /// When the signer agreed to sign electronically.
    pub consented_at: Option<Timestamp>,
    /// The version of the text that they agreed to.
    pub consent_version: Option<i32>,
    /// SHA-256 of that text, as it was shown.
    pub consent_sha256: Option<String>,
    /// When the last page of a file was shown.
    pub last_page_at: Option<Timestamp>,
    /// When they said that they have read the document.
    pub read_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How.
    pub ending: Option<Ending>,
}
practice_row!(InPerson, in_person);

impl InPerson {
    /// As the life cycle knows it.
    pub fn steps(&self) -> Steps {
        Steps {
            started_at: self.started_at,
            confirmed_at: self.confirmed_at,
            consented_at: self.consented_at,
            read_at: self.read_at,
            ending: self.ending,
        }
    }

    /// What is next at `now`.
    pub fn stage(&self, now: Timestamp) -> Stage {
        self.steps().stage(now)
    }
}

/// The same with what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The row.
    pub row: InPerson,
    /// The signer's grant.
    pub access: AccessId,
    /// The request.
    pub signing: SigningId,
    /// The document.
    pub document: DocumentId,
    /// Its chart.
    pub chart: ChartId,
}

/// The meeting that this holds for.
macro_rules! meeting {
    ($c:expr, $holds:expr) => {
        $c.rows(in_person::table)
            .inner_join(
                signer::table.on(signer::practice_id
                    .eq(in_person::practice_id)
                    .and(signer::signer_id.eq(in_person::signer_id))),
            )
            .inner_join(signing::table.on(
                signing::practice_id.eq(signer::practice_id).and(signing::signing_id.eq(signer::signing_id)),
            ))
            .inner_join(
                document::table.on(document::practice_id
                    .eq(signing::practice_id)
                    .and(document::document_id.eq(signing::document_id))),
            )
            .filter($holds)
            .select((
                InPerson::as_select(),
                signer::access_id,
                signing::signing_id,
                document::document_id,
                document::chart_id,
            ))
            .optional($c)?
    };
}

type Found = (InPerson, Option<AccessId>, SigningId, DocumentId, ChartId);

fn read(found: Option<Found>) -> Option<Meeting> {
    let (row, access, signing, document, chart) = found?;
    Some(Meeting { row, access: access?, signing, document, chart })
}

/// What a session was locked for at a moment.
pub fn of_session(
    c: &mut Scoped<'_>,
    session_hash: &str,
    locked_at: Timestamp,
) -> Result<Option<Meeting>, Fault> {
    let is_of = in_person::session_hash.eq(session_hash).and(in_person::started_at.eq(locked_at));
    let found: Option<Found> = meeting!(c, is_of);
    Ok(read(found))
}

/// By its id.
pub fn find(c: &mut Scoped<'_>, id: &InPersonId) -> Result<Option<Meeting>, Fault> {
    let found: Option<Found> = meeting!(c, in_person::in_person_id.eq(*id));
    Ok(read(found))
}

/// Adds one.
pub fn insert(c: &mut Scoped<'_>, row: InPerson) -> Result<(), Fault> {
    c.insert_rows(&[row])
}

/// Saves what was done, unless it ended meanwhile: then it is a race that was lost.
pub fn save(c: &mut Scoped<'_>, row: &InPerson) -> Result<(), Fault> {
    let saved = c
        .rows(in_person::table)
        .filter(in_person::in_person_id.eq(row.in_person_id))
        .filter(in_person::ended_at.is_null())
        .set((
            in_person::confirmed_at.eq(row.confirmed_at),
            in_person::consented_at.eq(row.consented_at),
            in_person::consent_version.eq(row.consent_version),
            in_person::consent_sha256.eq(row.consent_sha256.clone()),
            in_person::last_page_at.eq(row.last_page_at),
            in_person::read_at.eq(row.read_at),
            in_person::ended_at.eq(row.ended_at),
            in_person::ending.eq(row.ending),
        ))
        .execute(c)?;
    if saved == 0 { Err(Fault::lost_race("signing in person ended at the same time")) } else { Ok(()) }
}
