//! The rows of files that wait for the virus scanner: what is to be done with each once it was checked.

use diesel::prelude::*;

use crate::features::access::permission::Label;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::store::{Blob, LISTED};
use crate::features::documents::upload_lifecycle::UploadState;
use crate::features::documents::upload_store::UploadRow;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, DocumentId, PracticeId, UploadId};
use crate::platform::db::schema::{blob, held_upload as held, upload};
use crate::platform::db::{InLists as _, Scoped, System};
use crate::platform::fault::Fault;
use crate::{practice_row, word_enum};

word_enum! {
    /// What a held file is for.
    pub enum HeldFor {
        /// A new document.
        Document = "document",
        /// A new version of one.
        Version = "version",
        /// A client sends it to the practice.
        Offer = "offer",
    }
}

/// A held file.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = held, treat_none_as_default_value = false)]
pub struct HeldRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The upload.
    pub upload_id: UploadId,
    /// See [`HeldFor`].
    pub purpose: HeldFor,
    /// The title of a document, or what a client says that it is.
    pub title: String,
    /// What the document is.
    pub kind: Option<DocumentKind>,
    /// What protects it.
    pub label: Option<Label>,
    /// The document that gets a new version.
    pub document_id: Option<DocumentId>,
    /// The grant of the client who sends it.
    pub access_id: Option<AccessId>,
    /// Their account.
    pub account_id: Option<AccountId>,
    /// The name of who brought it; empty for a client.
    pub by_name: String,
    /// The address that it came from.
    pub source: String,
    /// How often the scanner was asked since.
    pub tries: i32,
    /// Since when it waits.
    pub held_at: Timestamp,
}
practice_row!(HeldRow, held_upload);

/// Puts a new one in.
pub fn insert(c: &mut Scoped<'_>, row: HeldRow) -> Result<(), Fault> {
    c.insert_rows(&[row])
}

/// What is to be done with an upload, if it is one that was held.
pub fn find(c: &mut Scoped<'_>, id: &UploadId) -> Result<Option<HeldRow>, Fault> {
    c.rows(held::table).filter(held::upload_id.eq(*id)).select(HeldRow::as_select()).optional(c)
}

/// Counts one more try; how many there were.
pub fn count_try(c: &mut Scoped<'_>, row: &HeldRow) -> Result<i32, Fault> {
    let tries = row.tries.saturating_add(1);
    c.rows(held::table).filter(held::upload_id.eq(row.upload_id)).set(held::tries.eq(tries)).execute(c)?;
    Ok(tries)
}

/// The bytes of an upload that waits.
pub fn blob_of(c: &mut Scoped<'_>, row: &UploadRow) -> Result<Option<Blob>, Fault> {
    c.rows(blob::table).filter(blob::blob_id.eq(row.blob_id)).select(Blob::as_select()).optional(c)
}

/// How many files that clients of a chart sent wait for the scanner.
pub fn offers_waiting(c: &mut Scoped<'_>, chart: &ChartId) -> Result<i64, Fault> {
    c.rows(held::table)
        .inner_join(
            upload::table
                .on(upload::practice_id.eq(held::practice_id).and(upload::upload_id.eq(held::upload_id))),
        )
        .filter(upload::chart_id.eq(*chart))
        .filter(upload::state.eq(UploadState::Checking))
        .filter(held::purpose.eq(HeldFor::Offer))
        .count(c)
}

/// Days for which a file that could not be taken is listed.
pub const LISTED_DAYS: i64 = 30;

/// The files of a chart that wait, and those that were not taken in the last [`LISTED_DAYS`], the newest first: with what
/// was to be done with each, where it was held.
pub fn of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(UploadRow, Option<HeldRow>)>, Fault> {
    let since = c.now().plus_hours(-24 * LISTED_DAYS);
    let uploads: Vec<UploadRow> = c
        .rows(upload::table)
        .filter(upload::chart_id.eq(*chart))
        .filter(
            upload::state
                .eq(UploadState::Checking)
                .or(upload::state.eq(UploadState::Quarantined))
                .or(upload::state.eq(UploadState::Rejected)),
        )
        .filter(upload::created_at.gt(since))
        .order((upload::created_at.desc(), upload::upload_id.desc()))
        .limit(LISTED)
        .select(UploadRow::as_select())
        .load(c)?;
    if uploads.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<UploadId> = uploads.iter().map(|row| row.upload_id).collect();
    let rows: Vec<HeldRow> =
        c.rows(held::table).filter(held::upload_id.in_list(&ids)).select(HeldRow::as_select()).load(c)?;
    let with_held = |row: UploadRow| {
        let of_it = rows.iter().find(|held| held.upload_id == row.upload_id).cloned();
        (row, of_it)
    };
    // Whose file was refused as it came in has read so.
    let is_listed =
        |(row, held): &(UploadRow, Option<HeldRow>)| row.state == UploadState::Quarantined || held.is_some();
    Ok(uploads.into_iter().map(with_held).filter(is_listed).collect())
}

/// The files that the holder of a grant sent and that were held, unless the practice has them: the newest first.
pub fn of_grant(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<(HeldRow, UploadRow)>, Fault> {
    let since = c.now().plus_hours(-24 * LISTED_DAYS);
    c.rows(held::table)
        .inner_join(
            upload::table
                .on(upload::practice_id.eq(held::practice_id).and(upload::upload_id.eq(held::upload_id))),
        )
        .filter(held::access_id.eq(Some(*access)))
        .filter(held::held_at.gt(since))
        .filter(upload::state.ne(UploadState::Published))
        .order((held::held_at.desc(), held::upload_id.desc()))
        .limit(LISTED)
        .select((HeldRow::as_select(), UploadRow::as_select()))
        .load(c)
}

/// How many files of all practices wait for the scanner, and how many lie in quarantine.
pub fn count_all(system: &mut System<'_>) -> Result<(i64, i64), Fault> {
    let mut count =
        |state: UploadState| upload::table.filter(upload::state.eq(state)).count().get_result(system.conn);
    Ok((count(UploadState::Checking)?, count(UploadState::Quarantined)?))
}
