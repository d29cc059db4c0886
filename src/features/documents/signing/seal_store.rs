//! The rows of final files, and of the keys that they are sealed with.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::features::documents::signing::lifecycle::SigningState;
use crate::features::documents::signing::store::Request;
use crate::features::documents::store::Blob;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, PracticeId, SigningId};
use crate::platform::crypto::Keys;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{blob, seal_key, signed_file};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::jobs::{self, JobKind, NewJob};
use crate::platform::seal::certificate::{self, SealKey};
use crate::practice_row;

/// Keys of a practice that are asked about: one in ten years.
const MOST_KEYS: i64 = 100;

/// Where the final file of a request stands that everybody has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// A job makes it.
    Due,
    /// It is there.
    Sealed,
    /// The job failed too often and is not tried any more.
    Stuck,
}

/// The final file of a request.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signed_file, treat_none_as_default_value = false)]
struct SignedFile {
    practice_id: PracticeId,
    signing_id: SigningId,
    blob_id: BlobId,
    sealed_at: Timestamp,
}
practice_row!(SignedFile, signed_file);

/// Plans the job that makes the final file of a request.
pub fn plan(c: &mut Scoped<'_>, id: &SigningId) -> Result<(), Fault> {
    let due_at = c.now();
    jobs::plan(c, &[NewJob { kind: JobKind::SealFile, subject: id.uuid(), due_at }])
}

/// The final file of a request, where it is there.
pub fn find(c: &mut Scoped<'_>, id: &SigningId) -> Result<Option<Blob>, Fault> {
    c.rows(signed_file::table)
        .inner_join(
            blob::table.on(blob::practice_id
                .eq(signed_file::practice_id)
                .and(blob::blob_id.eq(signed_file::blob_id))),
        )
        .filter(signed_file::signing_id.eq(*id))
        .select(Blob::as_select())
        .optional(c)
}

/// Where the final file of a request stands; `None` where not everybody has signed.
pub fn state_of(c: &mut Scoped<'_>, request: &Request) -> Result<Option<FileState>, Fault> {
    if request.state != SigningState::Completed {
        return Ok(None);
    }
    let id = &request.signing_id;
    Ok(Some(if find(c, id)?.is_some() {
        FileState::Sealed
    } else if jobs::is_parked(c, JobKind::SealFile, id.uuid())? {
        FileState::Stuck
    } else {
        FileState::Due
    }))
}

/// Puts the final file of a request in. It has one: whoever comes second writes nothing.
pub fn insert(c: &mut Scoped<'_>, id: &SigningId, sealed: Blob) -> Result<bool, Fault> {
    if find(c, id)?.is_some() {
        return Ok(false);
    }
    let row = SignedFile {
        practice_id: *c.practice(),
        signing_id: *id,
        blob_id: sealed.blob_id,
        sealed_at: c.now(),
    };
    c.insert_rows(&[sealed])?;
    match c.insert_rows(&[row]) {
        Ok(()) => Ok(true),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one final file sealed twice at once"))
        }
        Err(fault) => Err(fault),
    }
}

/// Runs the job of a request again that failed too often.
pub fn retry(c: &mut Scoped<'_>, id: &SigningId) -> Result<(), Fault> {
    jobs::retry_about(c, JobKind::SealFile, id.uuid())
}

fn place(c: &Scoped<'_>, generation: i32) -> String {
    format!("{}/seal_key/sealed_key/{generation}", c.practice())
}

type KeyRow = (i32, Vec<u8>, Vec<u8>, Timestamp, Timestamp);

/// The newest key of the practice; makes the first one, and a new one where the newest has ended.
pub fn key(keys: &Keys, c: &mut Scoped<'_>, practice: &str) -> Result<SealKey, Fault> {
    let newest: Option<KeyRow> = c
        .rows(seal_key::table)
        .order(seal_key::generation.desc())
        .select((
            seal_key::generation,
            seal_key::sealed_key,
            seal_key::certificate,
            seal_key::not_before,
            seal_key::not_after,
        ))
        .optional(c)?;
    let next = newest.as_ref().map_or(1, |row| row.0 + 1);
    if let Some((generation, sealed, certificate, not_before, not_after)) = newest
        && c.now() < not_after
    {
        let key = keys.open(&place(c, generation), &sealed)?;
        return Ok(SealKey { key, certificate, not_before, not_after });
    }
    let made = certificate::make(practice, c.now()).map_err(|error| Fault::other(error.to_string()))?;
    let sealed = keys.seal(&place(c, next), &made.key, c.rng())?;
    let values = (
        seal_key::generation.eq(next),
        seal_key::sealed_key.eq(sealed),
        seal_key::certificate.eq(made.certificate.clone()),
        seal_key::not_before.eq(made.not_before),
        seal_key::not_after.eq(made.not_after),
        seal_key::created_at.eq(c.now()),
    );
    match c.insert(seal_key::table, values) {
        Ok(()) => Ok(made),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("a practice's first two seals at once"))
        }
        Err(fault) => Err(fault),
    }
}

/// The SHA-256 of every certificate that the practice has sealed with.
pub fn fingerprints(c: &mut Scoped<'_>) -> Result<Vec<String>, Fault> {
    let certificates: Vec<Vec<u8>> =
        c.rows(seal_key::table).select(seal_key::certificate).limit(MOST_KEYS).load(c)?;
    Ok(certificates.iter().map(|certificate| hex::encode(Sha256::digest(certificate))).collect())
}
