//! A file that comes in numbered parts, so that one that was cut off goes on where it stopped: a start, the parts in any
//! order, and an end that says which of them are missing. A part is stored as a part of the object itself.

use axum::body::Bytes;
use sha2::{Digest, Sha256};

use crate::features::documents::held_store;
use crate::features::documents::upload_lifecycle::UploadState;
use crate::features::documents::upload_store::{self as store, UploadRow};
use crate::features::documents::uploads::{
    LARGEST, NewUpload, NotTaken, Scan, StoredBytes, Taken, Unscanned, Way, conclude, goes_on, is_wanted,
    reject, reserve, who,
};
use crate::kernel::ids::{ChartId, UploadId};
use crate::platform::audit::By;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::objects::{
    BlobKey, Object, ObjectError, PartWritten, Stored, blob_key, part_length, parts,
};
use crate::platform::state::{App, AppState};

/// Where an upload in parts stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The upload.
    pub upload: UploadId,
    /// Bytes of the file.
    pub size: u64,
    /// The numbers of the parts that are there, from 0.
    pub there: Vec<u32>,
    /// Whether all are, and the file was looked through.
    pub is_complete: bool,
}

/// What came of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartTaken {
    /// It is stored, since now or since before.
    There,
    /// Other bytes came under this number before; those stay.
    OthersThere,
    /// The file has no such part, or the part has so many bytes in place of these.
    Wrong(Option<u64>),
    /// The file is none that is taken; nothing of it is kept.
    Refused(NotTaken),
}

/// What came of the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// These parts are missing; the upload stays open for them.
    Missing(Vec<u32>),
    /// The file was looked through.
    LookedThrough(Result<Taken, NotTaken>),
}

/// Whose upload: nobody else can go on with it.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The practice.
    pub scope: PracticeScope,
    /// Who sends it.
    pub by: By,
    /// For this chart.
    pub chart: ChartId,
}

/// Begins an upload, in the transaction that notes its form or its call; `None` where there is no such chart.
pub fn start(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewUpload,
) -> Result<Option<Result<UploadId, NotTaken>>, Fault> {
    let size = match new.said {
        None | Some(0) => return Ok(Some(Err(NotTaken::Empty))),
        Some(size) if size > LARGEST => return Ok(Some(Err(NotTaken::TooLarge))),
        Some(size) => i64::try_from(size).map_err(|error| Fault::other(error.to_string()))?,
    };
    let begun = reserve(app, c, by, new, Way::InParts(size))?;
    Ok(begun.map(|begun| begun.map(|(row, _)| row.upload_id)))
}

/// The sender's upload, as long as its parts may come or its file waits.
fn find(c: &mut Scoped<'_>, by: &By, chart: &ChartId, id: &UploadId) -> Result<Option<UploadRow>, Fault> {
    let (by_kind, by_id) = who(by);
    let found = store::find(c, id)?;
    Ok(found.filter(|row| {
        let is_theirs = row.chart_id == *chart && row.by_kind == by_kind && row.by_id == by_id;
        let is_open =
            matches!(row.state, UploadState::Receiving | UploadState::Checking | UploadState::Ready);
        is_theirs && is_open && row.declared_size.is_some()
    }))
}

fn size_of(row: &UploadRow) -> Result<u64, Fault> {
    let size = row.declared_size.and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| Fault::Damaged("an upload in parts says no size".to_owned()))
}

fn numbers(parts: Vec<(i32, String)>) -> Vec<u32> {
    parts.into_iter().filter_map(|(number, _)| u32::try_from(number).ok()).collect()
}

/// Which parts are there; `None` where the sender has no such upload, or not any more.
pub fn progress(
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    id: &UploadId,
) -> Result<Option<Progress>, Fault> {
    let Some(row) = find(c, by, chart, id)? else { return Ok(None) };
    let size = size_of(&row)?;
    let is_complete = row.state != UploadState::Receiving;
    let there = if is_complete { (0..parts(size)).collect() } else { numbers(store::parts_of(c, id)?) };
    Ok(Some(Progress { upload: *id, size, there, is_complete }))
}

/// The upload with the key to its bytes.
async fn open(app: &AppState, sender: &Sender, id: &UploadId) -> Result<Option<(UploadRow, BlobKey)>, Fault> {
    let (inside, by, chart, id) = (app.clone(), sender.by.clone(), sender.chart, *id);
    app.db
        .read(&sender.scope, move |c| {
            let Some(row) = find(c, &by, &chart, &id)? else { return Ok(None) };
            let generation = row.key_generation;
            let generation =
                generation.ok_or_else(|| Fault::Damaged("an upload in parts names no key".to_owned()))?;
            let key = blob_key(&inside.keys, c, generation, &row.blob_id)?;
            Ok(Some((row, key)))
        })
        .await
}

/// Takes a part, from 0; `None` where the sender has no such upload, or not any more.
pub async fn put(
    app: &AppState,
    sender: &Sender,
    id: &UploadId,
    (number, bytes): (u32, Bytes),
) -> Result<Option<PartTaken>, Fault> {
    let Some((row, key)) = open(app, sender, id).await? else { return Ok(None) };
    let size = size_of(&row)?;
    let wanted = part_length(size, number);
    if wanted != Some(bytes.len() as u64) {
        return Ok(Some(PartTaken::Wrong(wanted)));
    }
    if row.state == UploadState::Receiving
        && number == 0
        && let Err(why) = is_wanted(&bytes, &row.file_name)
    {
        reject(app, &sender.scope, &sender.by, &row, why).await?;
        return Ok(Some(PartTaken::Refused(why)));
    }
    let object = Object { practice: row.practice_id, blob: row.blob_id, key };
    if app.objects.write_part(&object, size, number, &bytes).await? == PartWritten::OthersThere {
        return Ok(Some(PartTaken::OthersThere));
    }
    if row.state != UploadState::Receiving {
        return Ok(Some(PartTaken::There));
    }
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let number = i32::try_from(number).map_err(|error| Fault::other(error.to_string()))?;
    let noted = app.db.write(&sender.scope, move |c| {
        let is_open = goes_on(c, &row)?;
        if is_open {
            store::note_part(c, &row.upload_id, number, &sha256)?;
        }
        Ok(is_open)
    });
    Ok(noted.await?.then_some(PartTaken::There))
}

/// Ends an upload and looks its file through; `None` where the sender has no such upload, or not any more. Asked again
/// after its answer was lost, it says the same. It runs to its end even if its sender hangs up.
pub async fn end(
    app: &AppState,
    sender: &Sender,
    id: &UploadId,
    unscanned: Unscanned,
) -> Result<Option<Ended>, Fault> {
    let (app, sender, id) = (app.clone(), sender.clone(), *id);
    let running = tokio::spawn(async move {
        let Some((row, key)) = open(&app, &sender, &id).await? else { return Ok(None) };
        if row.state != UploadState::Receiving {
            return finished(&app, &sender, id).await;
        }
        let size = size_of(&row)?;
        let there = numbers(app.db.read(&sender.scope, move |c| store::parts_of(c, &id)).await?);
        let missing: Vec<u32> = (0..parts(size)).filter(|number| !there.contains(number)).collect();
        if !missing.is_empty() {
            // Two ends at once: the other one has finished it since the row was read, and its parts are forgotten.
            return Ok(finished(&app, &sender, id).await?.or(Some(Ended::Missing(missing))));
        }
        let key_generation = key.generation;
        let object = Object { practice: row.practice_id, blob: row.blob_id, key };
        let stored = match app.objects.hash(&Stored { object, size, sha256: String::new() }).await {
            Ok(sha256) => Ok(Ok(StoredBytes { sha256, size, key_generation, pages: None })),
            Err(ObjectError::Fault(fault)) => Err(fault),
            Err(ObjectError::Damaged(what)) => {
                Err(Fault::Damaged(format!("a file that has just come in: {what}")))
            }
        };
        let outcome = conclude(&app, &sender.scope, &sender.by, (&row, stored), unscanned).await;
        if !matches!(outcome, Ok(Ok(_)))
            && let Some(done) = finished(&app, &sender, id).await?
        {
            // Two ends at once: the other one has finished it. Of a picture the bytes that came are gone then.
            return Ok(Some(done));
        }
        let outcome = outcome?;
        Ok((outcome != Err(NotTaken::BrokenOff)).then_some(Ended::LookedThrough(outcome)))
    });
    running.await.map_err(|error| Fault::Ended(error.to_string()))?
}

/// The answer to the end of an upload that has ended well; `None` for another.
async fn finished(app: &AppState, sender: &Sender, id: UploadId) -> Result<Option<Ended>, Fault> {
    let (by, chart) = (sender.by.clone(), sender.chart);
    let found = app.db.read(&sender.scope, move |c| taken(c, &by, &chart, &id)).await?;
    Ok(found.map(|taken| Ended::LookedThrough(Ok(taken))))
}

/// A file of this sender's for this chart that was looked through: it waits for its document, or its document has it.
pub fn taken(c: &mut Scoped<'_>, by: &By, chart: &ChartId, id: &UploadId) -> Result<Option<Taken>, Fault> {
    let (by_kind, by_id) = who(by);
    let Some(row) = store::find(c, id)? else { return Ok(None) };
    let is_theirs = row.chart_id == *chart && row.by_kind == by_kind && row.by_id == by_id;
    let scan = match row.state {
        UploadState::Ready | UploadState::Published if is_theirs => Scan::Done,
        UploadState::Checking if is_theirs => Scan::Waiting,
        _ => return Ok(None),
    };
    let Some(blob) = held_store::blob_of(c, &row)? else { return Ok(None) };
    let size = u64::try_from(blob.size).unwrap_or(0);
    let name = row.file_name;
    Ok(Some(Taken { upload: row.upload_id, name, sha256: blob.sha256, size, scan }))
}
