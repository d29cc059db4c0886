//! What can be done with a document: write or upload it, add a version, share it, end a share, take it back, open it.
//! One transaction each; pages and the API come through here alike.

use jiff::civil::Date;

use crate::features::access::actions::owner_grant;
use crate::features::access::permission::{Label, decide as may};
use crate::features::access::{facts_of, names_paper};
use crate::features::accounts::ClientSession;
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{
    DocumentState, Event as Happens, Outcome, Refusal, ShareStanding, Signed, decide,
};
use crate::features::documents::notices;
use crate::features::documents::packets::order;
use crate::features::documents::signing::{ending, store as signing};
use crate::features::documents::store::{
    self, Blob, Content, Document, Look, Notice, ShareRow, Version, VersionRow, standing_of,
};
use crate::features::documents::upload_lifecycle::{Event as Uploaded, UploadState};
use crate::features::documents::upload_store::{self, UploadRow};
use crate::features::documents::uploads::{WAIT_HOURS, who};
use crate::features::people;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, BlobId, ChartId, DocumentId, TemplateId, UploadId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Language;
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Level, Right, Role};
use crate::word_enum;

/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 120;
/// The longest text, in bytes.
pub const LARGEST_BODY: usize = 200 * 1024;
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// Documents that one account may open in ten minutes: more than anybody reads, fewer than a thief
/// would like (RAT-05).
const READING: Limit = Limit { most: 60, seconds: 600 };

/// What a new document or version holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewContent {
    /// A text.
    Text(String),
    /// A file that was taken and that no document has yet.
    File(UploadId),
    /// The filled text of a template.
    Merged(Merged),
    /// A file of a client's that waited, and that nothing else has from now on.
    Stored(StoredFile),
}

/// The filled text of a template, with what was filled into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The text.
    pub text: String,
    /// Of this template.
    pub template: TemplateId,
    /// In this version.
    pub number: i32,
    /// In this language.
    pub language: Language,
    /// The value of each blank, as JSON.
    pub merged: String,
    /// Its SHA-256, for the audit trail.
    pub merged_sha256: String,
    /// The last day of an authorization.
    pub expires_on: Option<Date>,
}

/// A document to be made. Whoever reads it from a form or the API has checked the lengths.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// On this chart.
    pub chart: ChartId,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: DocumentKind,
    /// What protects it.
    pub label: Option<Label>,
    /// What it says.
    pub content: NewContent,
    /// When it was written; `None` for now. Earlier for records brought over from elsewhere.
    pub written_at: Option<Timestamp>,
}

/// Why an act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such document in this practice, or for whoever asks.
    #[error("no such document")]
    NotFound,
    /// No such file, or a document has it already.
    #[error("no such file waits for a document")]
    NoFile,
    /// Nobody to share it with was named, or somebody who has no grant to the chart.
    #[error("it can be shared with nobody of these")]
    NoGrant,
    /// A note of staff on a court order or on safety names it: nobody new sees it, and it is not deleted.
    #[error("a note of staff names the document")]
    NamedByNote,
    /// It is of a kind that comes from a template only.
    #[error("its text comes from a template only")]
    OfTemplate,
    /// The life cycle says no.
    #[error("the document's state does not allow it")]
    LifeCycle(Refusal),
    /// In its packet, this document comes first.
    #[error("another document of its packet comes first")]
    Waits(DocumentId),
    /// More documents than anybody reads.
    #[error("too many documents in a short time")]
    TooMany,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Acted<T> = Result<Result<T, Refused>, Fault>;

pub(super) fn event(by: &By, action: DocumentAction, document: &Document) -> Event {
    Event::new(by.clone(), action).on_chart(&document.chart_id)
}

fn details(document: &Document, number: i32, content: &Content) -> serde_json::Value {
    serde_json::json!({ "document": document.document_id, "version": number, "sha256": content.sha256() })
}

/// What a new version holds, with its file taken out of the waiting room.
fn content_of(c: &mut Scoped<'_>, chart: &ChartId, new: &NewContent) -> Acted<Content> {
    let id = match new {
        NewContent::Text(body) => return Ok(Ok(Content::Text(body.clone()))),
        NewContent::Merged(merged) => return Ok(Ok(Content::Text(merged.text.clone()))),
        NewContent::Stored(file) => return Ok(Ok(Content::File(file.blob.clone(), file.name.clone()))),
        NewContent::File(id) => id,
    };
    let Some(upload) = upload_store::find(c, id)?.filter(|upload| upload.chart_id == *chart) else {
        return Ok(Err(Refused::NoFile));
    };
    let file = publish(c, upload)?;
    Ok(file.map(|file| Content::File(file.blob, file.name)).ok_or(Refused::NoFile))
}

/// A stored file, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its bytes.
    pub blob: Blob,
    /// Its name where it came from.
    pub name: String,
}

fn publish(c: &mut Scoped<'_>, upload: UploadRow) -> Result<Option<StoredFile>, Fault> {
    let publish = (UploadState::Ready, Uploaded::Publish);
    if !upload_store::step(c, &upload.upload_id, publish, upload.lease_until)? {
        return Ok(None);
    }
    let blob = store::live_blob(c, &upload.blob_id)?;
    Ok(blob.map(|blob| StoredFile { blob, name: upload.file_name }))
}

/// A file that was taken in and waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFile {
    /// The upload.
    pub upload: UploadId,
    /// Its name where it came from.
    pub name: String,
    /// How many bytes it has.
    pub size: i64,
}

/// Those of these uploads that wait, if this actor brought them for this chart, in the same order.
fn waiting(c: &mut Scoped<'_>, chart: &ChartId, by: &By, ids: &[UploadId]) -> Result<Vec<UploadRow>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (kind, id) = who(by);
    let mut rows = upload_store::waiting_of(c, chart, (kind, &id), ids)?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.upload_id));
    Ok(rows)
}

/// Those of these files that wait, if this actor brought them for this chart.
pub fn waiting_files(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    by: &By,
    ids: &[UploadId],
) -> Result<Vec<WaitingFile>, Fault> {
    let file =
        |row: UploadRow| WaitingFile { upload: row.upload_id, name: row.file_name, size: row.reserved };
    Ok(waiting(c, chart, by, ids)?.into_iter().map(file).collect())
}

/// Takes files that this actor brought for this chart out of the waiting room, all of them or none: `NoFile` where one
/// of them does not wait any more.
pub fn take_files(c: &mut Scoped<'_>, chart: &ChartId, by: &By, ids: &[UploadId]) -> Acted<Vec<StoredFile>> {
    let rows = waiting(c, chart, by, ids)?;
    if ids.iter().any(|id| !rows.iter().any(|row| row.upload_id == *id)) {
        return Ok(Err(Refused::NoFile));
    }
    let mut files = Vec::new();
    for row in rows {
        files.push(publish(c, row)?.ok_or_else(|| Fault::lost_race("a file was taken at the same time"))?);
    }
    Ok(Ok(files))
}

/// Puts files that this actor brought for this chart back into the waiting room, once nothing has them any more; their
/// uploads, in the order of the files.
pub fn put_back_files(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    by: &By,
    files: &[BlobId],
) -> Result<Vec<UploadId>, Fault> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let (kind, id) = who(by);
    let mut rows = upload_store::published_of(c, chart, (kind, &id), files)?;
    rows.sort_by_key(|row| files.iter().position(|file| *file == row.blob_id));
    let until = c.lease_now()?.plus_hours(WAIT_HOURS);
    let mut back = Vec::new();
    for row in rows {
        if upload_store::step(c, &row.upload_id, (UploadState::Published, Uploaded::PutBack), until)? {
            back.push(row.upload_id);
        }
    }
    Ok(back)
}

fn version_row(c: &Scoped<'_>, by: &By, id: DocumentId, number: i32, content: &Content) -> VersionRow {
    let (body, blob_id, file_name) = match content {
        Content::Text(body) => (Some(body.clone()), None, String::new()),
        Content::File(blob, name) => (None, Some(blob.blob_id), name.clone()),
    };
    VersionRow {
        practice_id: *c.practice(),
        document_id: id,
        number,
        body,
        blob_id,
        file_name,
        created_at: c.now(),
        by_name: by.actor.name(),
        template_id: None,
        template_number: None,
        language: None,
        merged: None,
    }
}

impl NewContent {
    fn merged(&self) -> Option<&Merged> {
        match self {
            Self::Merged(merged) => Some(merged),
            Self::Text(_) | Self::File(_) | Self::Stored(_) => None,
        }
    }

    /// The row of a version, with where its text comes from.
    fn note_source(&self, row: VersionRow) -> VersionRow {
        let Some(merged) = self.merged() else { return row };
        VersionRow {
            template_id: Some(merged.template),
            template_number: Some(merged.number),
            language: Some(merged.language),
            merged: Some(merged.merged.clone()),
            ..row
        }
    }

    /// The same for the audit trail: no value, but a hash of them all.
    fn note_in(&self, mut details: serde_json::Value) -> serde_json::Value {
        if let Some(merged) = self.merged() {
            details["template"] = serde_json::json!(merged.template);
            details["number"] = serde_json::json!(merged.number);
            details["merged_sha256"] = serde_json::json!(merged.merged_sha256);
        }
        details
    }
}

/// Makes a draft. `NotFound` where there is no such chart.
pub fn create(c: &mut Scoped<'_>, by: &By, new: &NewDocument) -> Acted<DocumentId> {
    if !people::is_chart(c, &new.chart)? {
        return Ok(Err(Refused::NotFound));
    }
    let content = granted!(content_of(c, &new.chart, &new.content)?);
    let written_at = new.written_at.unwrap_or(c.now());
    let document = Document {
        practice_id: *c.practice(),
        document_id: DocumentId::fresh(c.rng(), c.now()),
        chart_id: new.chart,
        title: new.title.clone(),
        kind: new.kind,
        created_at: written_at,
        created_by_name: by.actor.name(),
        withdrawn_at: None,
        label: new.label,
        state: DocumentState::Draft,
        current_version: 1,
        withdrawn_by_name: String::new(),
        withdrawn_reason: String::new(),
        version: 1,
        expires_on: new.content.merged().and_then(|merged| merged.expires_on).map(|day| day.to_string()),
        revoked_at: None,
        revoked_by_name: String::new(),
        revocation_seen_at: None,
        revocation_day: None,
        revocation_way: None,
        revocation_note: String::new(),
        revocation_recorded_by_name: String::new(),
    };
    let first =
        VersionRow { created_at: written_at, ..version_row(c, by, document.document_id, 1, &content) };
    store::insert(c, document.clone(), new.content.note_source(first))?;
    let details = new.content.note_in(details(&document, 1, &content));
    let mut event = event(by, DocumentAction::Created, &document).with(details);
    event.new_state = DocumentState::Draft.word().into();
    audit::record(c, event)?;
    Ok(Ok(document.document_id))
}

/// The document, held until the end of the transaction together with everything on its chart.
pub(super) fn held(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Option<Document>, Fault> {
    let Some(found) = store::find(c, id)? else { return Ok(None) };
    lock(c, Lock::Charts(&[found.chart_id]))?;
    store::find(c, id)
}

pub(super) fn decided(document: &Document, happens: Happens) -> Result<Outcome, Refused> {
    decide(document.state, document.label, happens).map_err(Refused::LifeCycle)
}

/// Puts a newer text or file in the place of the present one. Shares stay; their holders are told.
pub fn add_version(c: &mut Scoped<'_>, by: &By, id: &DocumentId, new: &NewContent) -> Acted<i32> {
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    // Its last day would stand over a text that says nothing of what the law asks for.
    if !document.kind.is_free() && new.merged().is_none() {
        return Ok(Err(Refused::OfTemplate));
    }
    let signed = signing::signed(c, id)?;
    if let Err(refused) = decided(&document, Happens::AddVersion(signed)) {
        return Ok(Err(refused));
    }
    let content = granted!(content_of(c, &document.chart_id, new)?);
    let number = document.current_version + 1;
    let row = version_row(c, by, *id, number, &content);
    store::insert_version(c, new.note_source(row))?;
    store::save(c, &Document { current_version: number, ..document.clone() })?;
    let grants = store::renotify(c, id)?;
    notices::plan(c, &grants)?;
    let details = new.note_in(details(&document, number, &content));
    let event = event(by, DocumentAction::VersionAdded, &document).with(details);
    audit::record(c, event)?;
    Ok(Ok(number))
}

/// Somebody whom a document is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The chart's owner, invited or not.
    Owner,
    /// The holder of this grant of the chart.
    Grant(AccessId),
}

word_enum! {
    /// Whether the holders of the grants are told by mail.
    pub enum Telling {
        /// They get "there is something new".
        ByMail = "mail",
        /// They find it when they sign in.
        Silent = "none",
    }
}

/// A share to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShare {
    /// With whom.
    pub with: Vec<Recipient>,
    /// Whether they are told.
    pub telling: Telling,
    /// Since when; `None` for now. Earlier for records brought over from elsewhere.
    pub since: Option<Timestamp>,
}

/// The grants behind what was asked for; `None` where one of them is none of the chart's.
pub(super) fn grants_of(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    with: &[Recipient],
) -> Result<Option<Vec<AccessId>>, Fault> {
    let mut grants = Vec::new();
    if with.contains(&Recipient::Owner) {
        grants.extend(owner_grant(c, chart)?);
    }
    let known = store::share_targets(c, chart)?;
    for recipient in with {
        if let Recipient::Grant(access) = recipient {
            if known.iter().all(|target| target.access != *access) {
                return Ok(None);
            }
            grants.push(*access);
        }
    }
    grants.sort_unstable();
    grants.dedup();
    Ok(Some(grants))
}

/// Shares a document with grants that it is not shared with yet; those who have it keep it as it is. One that was taken
/// back is shared with these alone.
pub fn share(c: &mut Scoped<'_>, by: &By, id: &DocumentId, asked: &NewShare) -> Acted<()> {
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    let state = match decided(&document, Happens::Share) {
        Ok(Outcome::Stands(state)) => state,
        Ok(_) => return Err(Fault::other("a share came to no state")),
        Err(refused) => return Ok(Err(refused)),
    };
    if names_paper(c, id)? {
        return Ok(Err(Refused::NamedByNote));
    }
    let Some(grants) = grants_of(c, &document.chart_id, &asked.with)? else {
        return Ok(Err(Refused::NoGrant));
    };
    if grants.is_empty() {
        return Ok(Err(Refused::NoGrant));
    }
    let is_renewed = document.state == DocumentState::Withdrawn;
    if is_renewed {
        store::end_other_shares(c, id, &grants)?;
    }
    let mut new = Vec::new();
    for access in grants {
        let before = store::share_of(c, id, &access)?;
        if !is_renewed && standing_of(before.as_ref()) == ShareStanding::Live {
            continue;
        }
        let share = ShareRow {
            practice_id: *c.practice(),
            document_id: *id,
            access_id: access,
            since_at: asked.since.unwrap_or(c.now()),
            by_name: by.actor.name(),
            ended_at: None,
            opened_version: None,
            notice: if asked.telling == Telling::ByMail { Notice::Due } else { Notice::None },
            notice_at: None,
        };
        store::put_share(c, share)?;
        let mut event = event(by, DocumentAction::Shared, &document)
            .with(serde_json::json!({ "document": id, "version": document.current_version }));
        event.access = Some(access);
        event.old_state = document.state.word().into();
        event.new_state = state.word().into();
        audit::record(c, event)?;
        new.push(access);
    }
    if state != document.state {
        let shared = Document {
            state,
            withdrawn_at: None,
            withdrawn_by_name: String::new(),
            withdrawn_reason: String::new(),
            ..document
        };
        store::save(c, &shared)?;
    }
    if asked.telling == Telling::ByMail {
        notices::plan(c, &new)?;
    }
    Ok(Ok(()))
}

/// Ends the share with one grant: for its holder there is no such document any more. Whoever is among those who signed
/// it keeps it.
pub fn end_share(c: &mut Scoped<'_>, by: &By, id: &DocumentId, access: &AccessId) -> Acted<()> {
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    let standing = standing_of(store::share_of(c, id, access)?.as_ref());
    let signed = signing::newest(c, id)?.map_or(Signed::No, |found| found.signed_by(access));
    if let Err(refused) = decided(&document, Happens::EndShare(standing, signed)) {
        return Ok(Err(refused));
    }
    store::end_share(c, id, access)?;
    let mut event =
        event(by, DocumentAction::ShareEnded, &document).with(serde_json::json!({ "document": id }));
    event.access = Some(*access);
    audit::record(c, event)?;
    Ok(Ok(()))
}

/// Takes a document back: from then on its page says that it is no longer there. A draft is deleted instead.
pub fn withdraw(c: &mut Scoped<'_>, by: &By, id: &DocumentId, reason: &str) -> Acted<Outcome> {
    let Some(document) = held(c, id)? else { return Ok(Err(Refused::NotFound)) };
    let signed = signing::signed(c, id)?;
    let outcome = granted!(decided(&document, Happens::Withdraw(signed)));
    let action = match outcome {
        Outcome::Deleted => {
            if names_paper(c, id)? {
                return Ok(Err(Refused::NamedByNote));
            }
            store::delete_draft(c, id)?;
            DocumentAction::Discarded
        }
        Outcome::Stands(state) => {
            let withdrawn = Document {
                state,
                withdrawn_at: Some(c.now()),
                withdrawn_by_name: by.actor.name(),
                withdrawn_reason: reason.to_owned(),
                ..document.clone()
            };
            store::save(c, &withdrawn)?;
            ending::cancel_with_document(c, by, &document, reason)?;
            DocumentAction::Withdrawn
        }
        Outcome::Shown => return Err(Fault::other("taking a document back came to showing it")),
    };
    let mut event = event(by, action, &document).with(serde_json::json!({ "document": id }));
    event.old_state = document.state.word().into();
    audit::record(c, event)?;
    Ok(Ok(outcome))
}

/// Who opens a document.
#[derive(Clone, Copy, Debug)]
pub struct ReaderGrant {
    /// Their account.
    pub account: AccountId,
    /// The grant in view.
    pub access: AccessId,
    /// Its chart.
    pub chart: ChartId,
}

impl ReaderGrant {
    /// Of whoever is signed in, with the grant in view.
    pub fn of(client: &ClientSession) -> Self {
        Self { account: client.account_id, access: client.access_id, chart: client.chart_id }
    }
}

/// The document in the version that counts, for the holder of a grant; `Gone` where the practice took it back, `Waits`
/// where another one of its packet comes first. Writes nothing: for HEAD, whose answer shows nothing.
pub fn look_ahead(c: &mut Scoped<'_>, who: &ReaderGrant, id: &DocumentId) -> Acted<(Document, Version)> {
    let Some(document) = store::find(c, id)?.filter(|document| document.chart_id == who.chart) else {
        return Ok(Err(Refused::NotFound));
    };
    let standing = standing_of(store::share_of(c, id, &who.access)?.as_ref());
    // What ended the access since the request was let in counts.
    let Some(facts) = facts_of(c, &who.access)? else { return Ok(Err(Refused::NotFound)) };
    let outcome = decided(&document, Happens::Read(standing));
    // What was taken back is gone for whoever could read it, and was never there for the others.
    let item = store::item_of(*id, document.label, DocumentState::Shared, standing);
    if may(&facts, Right::Documents, Some(&item)).level < Level::View {
        return Ok(Err(Refused::NotFound));
    }
    if let Err(refused) = outcome {
        return Ok(Err(refused));
    }
    if let Some(first) = order::comes_first(c, &facts, &who.access, id)? {
        return Ok(Err(Refused::Waits(first)));
    }
    let version = store::version_of(c, id, document.current_version)?.ok_or_else(|| {
        Fault::Damaged(format!("document {id} has no version {}", document.current_version))
    })?;
    Ok(Ok((document, version)))
}

/// The same for somebody who looks: what is looked at is written down in the same transaction (AUD-03, AUD-07).
pub fn open(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    id: &DocumentId,
    look: Look,
) -> Acted<(Document, Version)> {
    let (document, version) = match look_ahead(c, who, id)? {
        Ok(found) => found,
        Err(Refused::LifeCycle(Refusal::Gone)) => {
            let mut event = Event::new(by.clone(), DocumentAction::Refused)
                .on_chart(&who.chart)
                .with(serde_json::json!({ "document": id }));
            event.access = Some(who.access);
            audit::record(c, event)?;
            return Ok(Err(Refused::LifeCycle(Refusal::Gone)));
        }
        Err(refused) => return Ok(Err(refused)),
    };
    if limits::count(c, &format!("documents.{}", who.account), READING)? > READING.most {
        return Ok(Err(Refused::TooMany));
    }
    store::note_reading(c, id, &who.access, version.number, look)?;
    let action = match look {
        Look::Open => DocumentAction::Opened,
        Look::Download => DocumentAction::Downloaded,
        Look::LastPage => DocumentAction::ReadToEnd,
    };
    let mut event = event(by, action, &document).with(details(&document, version.number, &version.content));
    event.access = Some(who.access);
    audit::record(c, event)?;
    Ok(Ok((document, version)))
}

/// Notes that a reader who has a document's page open has had its last page.
pub fn note_last_page(
    c: &mut Scoped<'_>,
    by: &By,
    who: &ReaderGrant,
    document: &Document,
) -> Result<(), Fault> {
    let (id, number) = (&document.document_id, document.current_version);
    store::note_reading(c, id, &who.access, number, Look::LastPage)?;
    let mut event = event(by, DocumentAction::ReadToEnd, document)
        .with(serde_json::json!({ "document": id, "version": number }));
    event.access = Some(who.access);
    audit::record(c, event)
}

/// Which version of which document somebody of the practice asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// On this chart; `None` where only the document is named.
    pub chart: Option<ChartId>,
    /// The document.
    pub document: DocumentId,
    /// The version's number; `None` for the one that counts.
    pub number: Option<i32>,
}

/// A document that somebody of the practice may read. Writes nothing: for a part of what they have opened.
pub fn look_by_staff(c: &mut Scoped<'_>, role: Role, asked: Asked) -> Acted<(Document, Version)> {
    let is_asked_for = |document: &Document| {
        document.kind.is_seen_by(role, document.label)
            && asked.chart.is_none_or(|chart| chart == document.chart_id)
    };
    let Some(document) = store::find(c, &asked.document)?.filter(is_asked_for) else {
        return Ok(Err(Refused::NotFound));
    };
    let number = asked.number.unwrap_or(document.current_version);
    Ok(store::version_of(c, &asked.document, number)?
        .map(|version| (document, version))
        .ok_or(Refused::NotFound))
}

/// A document that somebody of the practice reads; that is written down too (AUD-01). A program of the practice reads
/// like its administrator.
pub fn read_by_staff(c: &mut Scoped<'_>, by: &By, role: Role, asked: Asked) -> Acted<(Document, Version)> {
    let (document, version) = granted!(look_by_staff(c, role, asked)?);
    let event = event(by, DocumentAction::ReadByStaff, &document).with(details(
        &document,
        version.number,
        &version.content,
    ));
    audit::record(c, event)?;
    Ok(Ok((document, version)))
}
