//! What uploads that broke off, files that were deleted and older copies of the database leave behind is looked for and
//! deleted.

use std::collections::BTreeMap;

use crate::features::documents::held_store;
use crate::features::documents::upload_lifecycle::{Event, UploadState, decide};
use crate::features::documents::upload_store as store;
use crate::kernel::ids::{BlobId, PracticeId};
use crate::platform::db::{PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;

/// Deletes what uploads that broke off and documents that were deleted have left behind; returns how many files.
pub async fn remove_leftovers(app: &AppState) -> Result<usize, Fault> {
    let worker = |practice: &PracticeId| PracticeScope::for_worker(*practice);
    let mut removed = 0;
    for (practice, upload, blob) in app.db.system_read(store::over).await? {
        let is_ended = app
            .db
            .write(&worker(&practice), move |c| {
                let Some(row) = store::find(c, &upload)? else { return Ok(false) };
                // It may have gone on meanwhile.
                if row.lease_until >= c.lease_now()? {
                    return Ok(false);
                }
                let Ok(to) = decide(row.state, Event::TimeOver) else { return Ok(false) };
                if row.state == UploadState::Receiving {
                    // First of all, so that its sender, should there still be one, cannot finish it any more.
                    return store::stop(c, &upload, Event::TimeOver, "broken-off");
                }
                store::give_up_blob(c, &blob)?;
                let why = if row.state == UploadState::Quarantined { "infected" } else { "forgotten" };
                store::end(c, &upload, to, why)?;
                Ok(false)
            })
            .await?;
        if is_ended {
            app.objects.remove(&practice, &blob).await?;
            removed += 1;
        }
    }
    for (practice, blob) in app.db.system_read(|system: &mut System<'_>| store::to_delete(system)).await? {
        app.objects.remove(&practice, &blob).await?;
        app.db.write(&worker(&practice), move |c| store::forget_blob(c, &blob)).await?;
        removed += 1;
    }
    Ok(removed)
}

/// Objects that are asked about in one go.
const ASKED_AT_ONCE: usize = 200;
/// An object that nothing refers to is left alone for so long.
const ORPHAN_HOURS: i64 = 24;

/// Deletes bytes that no row refers to, as an older copy of the database leaves them; returns how many files.
pub async fn remove_orphans(app: &AppState) -> Result<usize, Fault> {
    let long_ago = app.now().plus_hours(-ORPHAN_HOURS);
    let mut by_practice: BTreeMap<PracticeId, Vec<BlobId>> = BTreeMap::new();
    for (practice, blob) in app.objects.list().await? {
        if blob.made_at().is_none_or(|at| at < long_ago) {
            by_practice.entry(practice).or_default().push(blob);
        }
    }
    let mut removed = 0;
    for (practice, blobs) in by_practice {
        let scope = PracticeScope::for_worker(practice);
        for blobs in blobs.chunks(ASKED_AT_ONCE) {
            let asked = blobs.to_vec();
            let known = app.db.read(&scope, move |c| store::known(c, &asked)).await?;
            for blob in blobs.iter().filter(|blob| !known.contains(blob)) {
                app.objects.remove(&practice, blob).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Says how many files wait for the virus scanner, and how many lie in quarantine.
pub async fn count_kept(app: &AppState) -> Result<(i64, i64), Fault> {
    app.db.system_read(held_store::count_all).await
}
