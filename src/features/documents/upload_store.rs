//! The rows of files on their way in, and what is left behind when one does not arrive.

use diesel::prelude::*;

use crate::features::documents::store::{Blob, BlobState};
use crate::features::documents::upload_lifecycle::{Event, UploadState, decide};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, ChartId, PracticeId, UploadId};
use crate::platform::db::schema::{blob, upload, upload_part};
use crate::platform::db::{InLists as _, Scoped, SumOf, System};
use crate::platform::fault::Fault;
use crate::practice_row;

/// A file on its way in.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = upload, treat_none_as_default_value = false)]
pub struct UploadRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The upload.
    pub upload_id: UploadId,
    /// For this chart.
    pub chart_id: ChartId,
    /// Who sends it: `staff`, `api_key` or `account`.
    pub by_kind: String,
    /// Their id.
    pub by_id: String,
    /// What the file is called where it comes from.
    pub file_name: String,
    /// Where its bytes go.
    pub blob_id: BlobId,
    /// Bytes that count against the day's quota.
    pub reserved: i64,
    /// See [`UploadState`].
    pub state: UploadState,
    /// Why its file was not taken.
    pub reason: String,
    /// When it counts as broken off, or as forgotten.
    pub lease_until: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// How large it is in all, where it comes in numbered parts.
    pub declared_size: Option<i64>,
    /// Which of the practice's keys its parts are sealed under.
    pub key_generation: Option<i32>,
}
practice_row!(UploadRow, upload);

/// The parts that are stored of a file that comes in numbered parts: number, and SHA-256 of its bytes.
pub fn parts_of(c: &mut Scoped<'_>, id: &UploadId) -> Result<Vec<(i32, String)>, Fault> {
    c.rows(upload_part::table)
        .filter(upload_part::upload_id.eq(*id))
        .order(upload_part::number.asc())
        .select((upload_part::number, upload_part::sha256))
        .load(c)
}

/// Notes that a part is stored. Whoever calls it holds the upload's row.
pub fn note_part(c: &mut Scoped<'_>, id: &UploadId, number: i32, sha256: &str) -> Result<(), Fault> {
    let found: Option<i32> = c
        .rows(upload_part::table)
        .filter(upload_part::upload_id.eq(*id))
        .filter(upload_part::number.eq(number))
        .select(upload_part::number)
        .optional(c)?;
    if found.is_some() {
        return Ok(());
    }
    c.insert(
        upload_part::table,
        (
            upload_part::upload_id.eq(*id),
            upload_part::number.eq(number),
            upload_part::sha256.eq(sha256.to_owned()),
        ),
    )
}

/// Forgets which parts came, once nothing asks about them any more.
pub fn forget_parts(c: &mut Scoped<'_>, id: &UploadId) -> Result<(), Fault> {
    c.rows(upload_part::table).filter(upload_part::upload_id.eq(*id)).delete(c)?;
    Ok(())
}

/// Notes that a file begins to come in.
pub fn begin(c: &mut Scoped<'_>, row: UploadRow) -> Result<(), Fault> {
    c.insert_rows(&[row])
}

/// Bytes that came in, or are coming in, since then.
pub fn bytes_since(c: &mut Scoped<'_>, since: Timestamp) -> Result<i64, Fault> {
    let sums: Vec<(UploadState, i64)> = c
        .rows(upload::table)
        .filter(upload::created_at.gt(since))
        .group_by(upload::state)
        .select((upload::state, SumOf(upload::reserved)))
        .load(c)?;
    Ok(sums.into_iter().map(|(_, bytes)| bytes).sum())
}

/// An upload of this practice.
pub fn find(c: &mut Scoped<'_>, id: &UploadId) -> Result<Option<UploadRow>, Fault> {
    c.rows(upload::table).filter(upload::upload_id.eq(*id)).select(UploadRow::as_select()).optional(c)
}

/// Those of these uploads for a chart that wait, if this actor brought them.
pub fn waiting_of(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    (by_kind, by_id): (&str, &str),
    ids: &[UploadId],
) -> Result<Vec<UploadRow>, Fault> {
    c.rows(upload::table)
        .filter(upload::upload_id.in_list(ids))
        .filter(upload::chart_id.eq(*chart))
        .filter(upload::by_kind.eq(by_kind.to_owned()))
        .filter(upload::by_id.eq(by_id.to_owned()))
        .filter(upload::state.eq(UploadState::Ready))
        .select(UploadRow::as_select())
        .load(c)
}

/// The uploads by which this actor brought these bytes for a chart, of those that something has.
pub fn published_of(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    (by_kind, by_id): (&str, &str),
    blobs: &[BlobId],
) -> Result<Vec<UploadRow>, Fault> {
    c.rows(upload::table)
        .filter(upload::blob_id.in_list(blobs))
        .filter(upload::chart_id.eq(*chart))
        .filter(upload::by_kind.eq(by_kind.to_owned()))
        .filter(upload::by_id.eq(by_id.to_owned()))
        .filter(upload::state.eq(UploadState::Published))
        .select(UploadRow::as_select())
        .load(c)
}

/// Moves an upload on as the event says, if it still stands where it did; `false` if it does not, or if nothing follows.
pub fn step(
    c: &mut Scoped<'_>,
    id: &UploadId,
    (from, event): (UploadState, Event),
    lease_until: Timestamp,
) -> Result<bool, Fault> {
    let Ok(to) = decide(from, event) else { return Ok(false) };
    let moved = c
        .rows(upload::table)
        .filter(upload::upload_id.eq(*id))
        .filter(upload::state.eq(from))
        .set((upload::state.eq(to), upload::lease_until.eq(lease_until)))
        .execute(c)?;
    Ok(moved == 1)
}

/// Notes which file it came to be, what it is called, and how large it is.
pub fn note_file(c: &mut Scoped<'_>, row: &UploadRow, size: i64) -> Result<(), Fault> {
    c.rows(upload::table)
        .filter(upload::upload_id.eq(row.upload_id))
        .set((
            upload::reserved.eq(size),
            upload::blob_id.eq(row.blob_id),
            upload::file_name.eq(row.file_name.clone()),
        ))
        .execute(c)?;
    Ok(())
}

/// Ends an upload that still comes in, as the event says; `false` if it has come in or has ended meanwhile.
pub fn stop(c: &mut Scoped<'_>, id: &UploadId, event: Event, reason: &str) -> Result<bool, Fault> {
    let now = c.lease_now()?;
    let Ok(to) = decide(UploadState::Receiving, event) else { return Ok(false) };
    let is_stopped = step(c, id, (UploadState::Receiving, event), now)?;
    if is_stopped {
        end(c, id, to, reason)?;
    }
    Ok(is_stopped)
}

/// Ends an upload whose file is not taken, and gives its quota back.
pub fn end(c: &mut Scoped<'_>, id: &UploadId, state: UploadState, reason: &str) -> Result<(), Fault> {
    c.rows(upload::table)
        .filter(upload::upload_id.eq(*id))
        .set((upload::state.eq(state), upload::reason.eq(reason.to_owned()), upload::reserved.eq(0)))
        .execute(c)?;
    forget_parts(c, id)
}

/// Puts a stored file's row in.
pub fn insert_blob(c: &mut Scoped<'_>, blob: Blob) -> Result<(), Fault> {
    c.insert_rows(&[blob])
}

/// Marks a file as to be deleted.
pub fn give_up_blob(c: &mut Scoped<'_>, id: &BlobId) -> Result<(), Fault> {
    c.rows(blob::table).filter(blob::blob_id.eq(*id)).set(blob::state.eq(BlobState::Deleting)).execute(c)?;
    Ok(())
}

/// Says where a stored file stands from now on, if it still stood where it did.
pub fn set_blob_state(
    c: &mut Scoped<'_>,
    id: &BlobId,
    (from, to): (BlobState, BlobState),
) -> Result<(), Fault> {
    c.rows(blob::table)
        .filter(blob::blob_id.eq(*id))
        .filter(blob::state.eq(from))
        .set(blob::state.eq(to))
        .execute(c)?;
    Ok(())
}

/// Leftovers that are looked at in one go.
const AT_ONCE: i64 = 200;

/// Uploads of all practices whose time is over.
pub fn over(system: &mut System<'_>) -> Result<Vec<(PracticeId, UploadId, BlobId)>, Fault> {
    let now = system.lease_now()?;
    Ok(upload::table
        .filter(
            upload::state
                .eq(UploadState::Receiving)
                .or(upload::state.eq(UploadState::Checking))
                .or(upload::state.eq(UploadState::Ready))
                .or(upload::state.eq(UploadState::Quarantined)),
        )
        .filter(upload::lease_until.lt(now))
        .order(upload::lease_until.asc())
        .limit(AT_ONCE)
        .select((upload::practice_id, upload::upload_id, upload::blob_id))
        .load(system.conn)?)
}

/// Files of all practices that are to be deleted.
pub fn to_delete(system: &mut System<'_>) -> Result<Vec<(PracticeId, BlobId)>, Fault> {
    Ok(blob::table
        .filter(blob::state.eq(BlobState::Deleting))
        .order(blob::created_at.asc())
        .limit(AT_ONCE)
        .select((blob::practice_id, blob::blob_id))
        .load(system.conn)?)
}

/// Forgets a file whose bytes are gone.
pub fn forget_blob(c: &mut Scoped<'_>, id: &BlobId) -> Result<(), Fault> {
    c.rows(blob::table)
        .filter(blob::blob_id.eq(*id))
        .filter(blob::state.eq(BlobState::Deleting))
        .delete(c)?;
    Ok(())
}

/// Those of these bytes that a row names: of a stored file, or of one that is coming in.
pub fn known(c: &mut Scoped<'_>, asked: &[BlobId]) -> Result<Vec<BlobId>, Fault> {
    let mut known: Vec<BlobId> =
        c.rows(blob::table).filter(blob::blob_id.in_list(asked)).select(blob::blob_id).load(c)?;
    let coming: Vec<BlobId> = c
        .rows(upload::table)
        .filter(upload::blob_id.in_list(asked))
        .filter(upload::state.eq(UploadState::Receiving).or(upload::state.eq(UploadState::Ready)))
        .select(upload::blob_id)
        .load(c)?;
    known.extend(coming);
    Ok(known)
}
