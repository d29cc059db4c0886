//! The rows of documents, their versions, shares and readings.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::permission::{Item, ItemKind, Label, Party, Share, decide};
use crate::features::access::{GrantRole, facts_of};
use crate::features::documents::authorization::{Ended, Way};
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{DocumentState, ShareStanding};
use crate::features::documents::packets::lifecycle::Turn;
use crate::features::people::Person;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, BlobId, ChartId, DocumentId, PracticeId, TemplateId};
use crate::kernel::secrets::sha256_hex;
use crate::platform::db::schema::{
    blob, document, document_reading, document_share, document_version, packet, packet_item, person,
    portal_access,
};
use crate::platform::db::{InLists as _, Scoped, columns};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::i18n::Language;
use crate::platform::permissions::{Level, Right};
use crate::platform::web::nav::MOST_COUNTED;
use crate::{practice_row, word_enum};

/// Documents that a list names: the newest.
pub const LISTED: i64 = 200;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document, treat_none_as_default_value = false)]
pub struct Document {
    /// The practice.
    pub practice_id: PracticeId,
    /// The document.
    pub document_id: DocumentId,
    /// On this chart.
    pub chart_id: ChartId,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: DocumentKind,
    /// When it was written or uploaded.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by_name: String,
    /// When the practice took it back.
    pub withdrawn_at: Option<Timestamp>,
    /// What protects it.
    pub label: Option<Label>,
    /// Where it stands.
    pub state: DocumentState,
    /// The number of the version that counts.
    pub current_version: i32,
    /// Who took it back.
    pub withdrawn_by_name: String,
    /// Why.
    pub withdrawn_reason: String,
    /// Counts changes: the guard of every update.
    pub version: i64,
    /// The last day of an authorization.
    pub expires_on: Option<String>,
    /// When an authorization was revoked.
    pub revoked_at: Option<Timestamp>,
    /// By whom.
    pub revoked_by_name: String,
    /// When staff noted that they had stopped acting on it.
    pub revocation_seen_at: Option<Timestamp>,
    /// The day on which a revocation reached the practice outside the portal.
    pub revocation_day: Option<String>,
    /// How it did.
    pub revocation_way: Option<Way>,
    /// What staff noted about it.
    pub revocation_note: String,
    /// Who recorded it.
    pub revocation_recorded_by_name: String,
}
practice_row!(Document, document);

impl Document {
    /// How an authorization came to its end, where it did.
    pub fn ended(&self, today: Date) -> Option<Ended> {
        let over = || self.last_day().filter(|day| *day < today).map(Ended::Expired);
        self.revoked_at.map(Ended::Revoked).or_else(over)
    }

    /// The last day of an authorization.
    pub fn last_day(&self) -> Option<Date> {
        self.expires_on.as_ref().map(|day| day.parse().unwrap_or(Date::MIN))
    }

    /// How and on which day a revocation reached the practice outside the portal; `None` where the client revoked it there.
    pub fn recorded(&self) -> Option<(Way, Date)> {
        Some((self.revocation_way?, self.revocation_day.as_ref()?.parse().unwrap_or(Date::MIN)))
    }

    /// As the permission function knows it for the holder of a grant.
    pub fn item(&self, share: ShareStanding) -> Item {
        item_of(self.document_id, self.label, self.state, share)
    }
}

pub(super) fn item_of(
    id: DocumentId,
    label: Option<Label>,
    state: DocumentState,
    share: ShareStanding,
) -> Item {
    let is_shared = share == ShareStanding::Live && state == DocumentState::Shared;
    Item {
        kind: ItemKind::Document,
        id: id.uuid(),
        label,
        // A share always names its grant.
        share: if is_shared { Share::ByName } else { Share::NotShared },
        party: Party::Stranger,
    }
}

/// What a document says in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_version, treat_none_as_default_value = false)]
pub struct VersionRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The document.
    pub document_id: DocumentId,
    /// Its number, from 1.
    pub number: i32,
    /// Plain text with a little structure (see [`super::body`]); `None` for a file.
    pub body: Option<String>,
    /// The file; `None` for a text.
    pub blob_id: Option<BlobId>,
    /// What the file was called where it came from.
    pub file_name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// By whom.
    pub by_name: String,
    /// The template that its text was made of.
    pub template_id: Option<TemplateId>,
    /// In which version.
    pub template_number: Option<i32>,
    /// In which language.
    pub language: Option<Language>,
    /// The value of each blank, as JSON.
    pub merged: Option<String>,
}
practice_row!(VersionRow, document_version);

word_enum! {
    /// Where a stored file stands.
    pub enum BlobState {
        /// Something refers to it.
        Live = "live",
        /// The virus scanner could not check it yet, or found something in it: nothing refers to it, nobody reads it.
        Kept = "kept",
        /// Nothing does any more: its bytes are deleted, then its row.
        Deleting = "deleting",
    }
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = blob, treat_none_as_default_value = false)]
pub struct Blob {
    /// The practice.
    pub practice_id: PracticeId,
    /// The file.
    pub blob_id: BlobId,
    /// SHA-256 of its plain bytes.
    pub sha256: String,
    /// How many they are.
    pub size: i64,
    /// Its media type, as it was found out and not as it was sent.
    pub media_type: String,
    /// Which of the practice's keys it is encrypted under.
    pub key_generation: i32,
    /// See [`BlobState`].
    pub state: BlobState,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Pages of a PDF, where they could be counted.
    pub pages: Option<i32>,
}
practice_row!(Blob, blob);

/// What a version holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A file, and what it was called.
    File(Blob, String),
}

impl Content {
    /// SHA-256 of the text or of the file: the identity of the version.
    pub fn sha256(&self) -> String {
        match self {
            Self::Text(body) => sha256_hex(body.as_bytes()),
            Self::File(blob, _) => blob.sha256.clone(),
        }
    }
}

/// A version with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub number: i32,
    /// When it was added.
    pub created_at: Timestamp,
    /// By whom.
    pub by_name: String,
    /// What it holds.
    pub content: Content,
    /// The template that its text was made of, and that one's version.
    pub template: Option<(TemplateId, i32)>,
    /// The language of its text, where it was made of a template.
    pub language: Option<Language>,
}

word_enum! {
    /// How it stands with the mail that tells a grant's holder of a share.
    pub enum Notice {
        /// Nobody is to be told, or nobody can be.
        None = "none",
        /// It goes out soon.
        Due = "due",
        /// It was queued.
        Sent = "sent",
    }
}

/// A grant that a document is, or was, shared with.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_share, treat_none_as_default_value = false)]
pub struct ShareRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The document.
    pub document_id: DocumentId,
    /// The grant.
    pub access_id: AccessId,
    /// Since when.
    pub since_at: Timestamp,
    /// Who shared it.
    pub by_name: String,
    /// When the share was ended.
    pub ended_at: Option<Timestamp>,
    /// The newest version that its holder has opened.
    pub opened_version: Option<i32>,
    /// See [`Notice`].
    pub notice: Notice,
    /// When the mail was queued.
    pub notice_at: Option<Timestamp>,
}
practice_row!(ShareRow, document_share);

impl ShareRow {
    /// As the life cycle knows it.
    pub fn standing(&self) -> ShareStanding {
        if self.ended_at.is_none() { ShareStanding::Live } else { ShareStanding::Ended }
    }
}

/// The standing of a share that may not be there.
pub fn standing_of(share: Option<&ShareRow>) -> ShareStanding {
    share.map_or(ShareStanding::Never, ShareRow::standing)
}

/// A share with the person whose grant it is.
#[derive(Clone, Debug)]
pub struct SharedWith {
    /// The share.
    pub share: ShareRow,
    /// Owner or representative.
    pub role: GrantRole,
    /// Their full name, for staff.
    pub name: String,
}

/// What the holder of a grant did first with a version, and when.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_reading, treat_none_as_default_value = false)]
pub struct Reading {
    /// The practice.
    pub practice_id: PracticeId,
    /// The document.
    pub document_id: DocumentId,
    /// The grant.
    pub access_id: AccessId,
    /// The version.
    pub number: i32,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// When it was first downloaded.
    pub downloaded_at: Option<Timestamp>,
    /// When its last page was first shown.
    pub last_page_at: Option<Timestamp>,
}

impl Reading {
    /// Has all of a file been in front of the reader?
    pub fn is_of_all(&self) -> bool {
        self.downloaded_at.is_some() || self.last_page_at.is_some()
    }
}
practice_row!(Reading, document_reading);

/// Puts a new document in, with its first version.
pub fn insert(c: &mut Scoped<'_>, document: Document, first: VersionRow) -> Result<(), Fault> {
    c.insert_rows(&[document])?;
    c.insert_rows(&[first])
}

/// Adds a version.
pub fn insert_version(c: &mut Scoped<'_>, version: VersionRow) -> Result<(), Fault> {
    c.insert_rows(&[version])
}

/// A document of this practice.
pub fn find(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Option<Document>, Fault> {
    c.rows(document::table).filter(document::document_id.eq(*id)).select(Document::as_select()).optional(c)
}

/// A chart's documents, newest first.
pub fn list_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Document>, Fault> {
    c.rows(document::table)
        .filter(document::chart_id.eq(*chart))
        .order((document::created_at.desc(), document::document_id.desc()))
        .limit(LISTED)
        .select(Document::as_select())
        .load(c)
}

/// Saves where a document stands if nobody saved it since it was loaded.
pub fn save(c: &mut Scoped<'_>, document: &Document) -> Result<(), Fault> {
    let saved = c
        .rows(document::table)
        .filter(document::document_id.eq(document.document_id))
        .filter(document::version.eq(document.version))
        .set((
            document::state.eq(document.state),
            document::current_version.eq(document.current_version),
            document::withdrawn_at.eq(document.withdrawn_at),
            document::withdrawn_by_name.eq(document.withdrawn_by_name.clone()),
            document::withdrawn_reason.eq(document.withdrawn_reason.clone()),
            document::revoked_at.eq(document.revoked_at),
            document::revoked_by_name.eq(document.revoked_by_name.clone()),
            document::revocation_seen_at.eq(document.revocation_seen_at),
            document::revocation_day.eq(document.revocation_day.clone()),
            document::revocation_way.eq(document.revocation_way),
            document::revocation_note.eq(document.revocation_note.clone()),
            document::revocation_recorded_by_name.eq(document.revocation_recorded_by_name.clone()),
            document::version.eq(document.version + 1),
        ))
        .execute(c)?;
    if saved == 0 { Err(Fault::lost_race("a document was changed by somebody else")) } else { Ok(()) }
}

/// Deletes a draft, which nobody has seen; its files are deleted later.
pub fn delete_draft(c: &mut Scoped<'_>, id: &DocumentId) -> Result<(), Fault> {
    let blobs: Vec<Option<BlobId>> = c
        .rows(document_version::table)
        .filter(document_version::document_id.eq(*id))
        .select(document_version::blob_id)
        .load(c)?;
    c.rows(document_version::table).filter(document_version::document_id.eq(*id)).delete(c)?;
    c.rows(document::table).filter(document::document_id.eq(*id)).delete(c)?;
    let blobs: Vec<BlobId> = blobs.into_iter().flatten().collect();
    c.rows(blob::table)
        .filter(blob::blob_id.in_list(&blobs))
        .set(blob::state.eq(BlobState::Deleting))
        .execute(c)?;
    Ok(())
}

fn read_version((row, blob): (VersionRow, Option<Blob>)) -> Result<Version, Fault> {
    let content = match (row.body, blob) {
        (Some(body), None) => Content::Text(body),
        (None, Some(blob)) => Content::File(blob, row.file_name),
        _ => {
            let told = format!("version {} of document {} holds nothing", row.number, row.document_id);
            return Err(Fault::Damaged(told));
        }
    };
    Ok(Version {
        number: row.number,
        created_at: row.created_at,
        by_name: row.by_name,
        content,
        template: row.template_id.zip(row.template_number),
        language: row.language,
    })
}

/// One version of a document.
pub fn version_of(c: &mut Scoped<'_>, id: &DocumentId, number: i32) -> Result<Option<Version>, Fault> {
    let found = c
        .rows(document_version::table)
        .left_join(
            blob::table.on(blob::practice_id
                .eq(document_version::practice_id)
                .and(document_version::blob_id.eq(blob::blob_id.nullable()))),
        )
        .filter(document_version::document_id.eq(*id))
        .filter(document_version::number.eq(number))
        .select((VersionRow::as_select(), Option::<Blob>::as_select()))
        .optional(c)?;
    found.map(read_version).transpose()
}

/// A document's versions, newest first.
pub fn versions_of(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Vec<Version>, Fault> {
    let found: Vec<(VersionRow, Option<Blob>)> = c
        .rows(document_version::table)
        .left_join(
            blob::table.on(blob::practice_id
                .eq(document_version::practice_id)
                .and(document_version::blob_id.eq(blob::blob_id.nullable()))),
        )
        .filter(document_version::document_id.eq(*id))
        .order(document_version::number.desc())
        .limit(LISTED)
        .select((VersionRow::as_select(), Option::<Blob>::as_select()))
        .load(c)?;
    found.into_iter().map(read_version).collect()
}

/// A document as the permission function knows it for the holder of a grant.
pub fn item_for(c: &mut Scoped<'_>, document: &Document, access: &AccessId) -> Result<Item, Fault> {
    let share = share_of(c, &document.document_id, access)?;
    Ok(document.item(standing_of(share.as_ref())))
}

/// How far the holder of a grant may go with a document.
pub fn level_for(c: &mut Scoped<'_>, document: &Document, access: &AccessId) -> Result<Level, Fault> {
    let item = item_for(c, document, access)?;
    let facts = facts_of(c, access)?;
    Ok(facts.map_or(Level::None, |facts| decide(&facts, Right::Documents, Some(&item)).level))
}

/// The share of a document with a grant, live or ended.
pub fn share_of(c: &mut Scoped<'_>, id: &DocumentId, access: &AccessId) -> Result<Option<ShareRow>, Fault> {
    c.rows(document_share::table)
        .filter(document_share::document_id.eq(*id))
        .filter(document_share::access_id.eq(*access))
        .select(ShareRow::as_select())
        .optional(c)
}

macro_rules! shares_with_people {
    ($c:expr) => {
        $c.rows(document_share::table)
            .inner_join(
                document::table.on(document::practice_id
                    .eq(document_share::practice_id)
                    .and(document::document_id.eq(document_share::document_id))),
            )
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(document_share::practice_id)
                    .and(portal_access::access_id.eq(document_share::access_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(portal_access::practice_id)
                    .and(person::person_id.eq(portal_access::person_id))),
            )
    };
}

type ShareWithPerson = (ShareRow, GrantRole, Person);

fn with_names(found: Vec<ShareWithPerson>) -> Vec<SharedWith> {
    found
        .into_iter()
        .map(|(share, role, person)| SharedWith { share, role, name: person.full_name() })
        .collect()
}

/// The shares of a document, live and ended, the owner's first.
pub fn shares_of(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Vec<SharedWith>, Fault> {
    let found: Vec<ShareWithPerson> = shares_with_people!(c)
        .filter(document_share::document_id.eq(*id))
        .order((portal_access::role.asc(), document_share::since_at.asc()))
        .limit(LISTED)
        .select((ShareRow::as_select(), portal_access::role, Person::as_select()))
        .load(c)?;
    Ok(with_names(found))
}

/// The live shares of a chart's documents.
pub fn shares_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<SharedWith>, Fault> {
    let found: Vec<ShareWithPerson> = shares_with_people!(c)
        .filter(document::chart_id.eq(*chart))
        .filter(document_share::ended_at.is_null())
        .order((document::created_at.desc(), document_share::since_at.asc()))
        .limit(4 * LISTED)
        .select((ShareRow::as_select(), portal_access::role, Person::as_select()))
        .load(c)?;
    Ok(with_names(found))
}

/// Shares a document with a grant, for the first time or anew.
pub fn put_share(c: &mut Scoped<'_>, share: ShareRow) -> Result<(), Fault> {
    let renewed = c
        .rows(document_share::table)
        .filter(document_share::document_id.eq(share.document_id))
        .filter(document_share::access_id.eq(share.access_id))
        .set((
            document_share::since_at.eq(share.since_at),
            document_share::by_name.eq(share.by_name.clone()),
            document_share::ended_at.eq(None::<Timestamp>),
            document_share::notice.eq(share.notice),
        ))
        .execute(c)?;
    if renewed > 0 { Ok(()) } else { c.insert_rows(&[share]) }
}

/// Ends the share with a grant.
pub fn end_share(c: &mut Scoped<'_>, id: &DocumentId, access: &AccessId) -> Result<(), Fault> {
    let now = c.now();
    c.rows(document_share::table)
        .filter(document_share::document_id.eq(*id))
        .filter(document_share::access_id.eq(*access))
        .set((document_share::ended_at.eq(now), document_share::notice.eq(Notice::None)))
        .execute(c)?;
    Ok(())
}

/// Ends the shares with everybody but these.
pub fn end_other_shares(c: &mut Scoped<'_>, id: &DocumentId, but: &[AccessId]) -> Result<(), Fault> {
    let now = c.now();
    c.rows(document_share::table)
        .filter(document_share::document_id.eq(*id))
        .filter(document_share::ended_at.is_null())
        .filter(diesel::dsl::not(document_share::access_id.in_list(but)))
        .set((document_share::ended_at.eq(now), document_share::notice.eq(Notice::None)))
        .execute(c)?;
    Ok(())
}

/// Sets how it stands with the mails about a document's live shares; gives the grants.
pub fn renotify(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Vec<AccessId>, Fault> {
    let live = |c: &Scoped<'_>| {
        c.rows(document_share::table)
            .filter(document_share::document_id.eq(*id))
            .filter(document_share::ended_at.is_null())
    };
    let grants: Vec<AccessId> = live(c).select(document_share::access_id).load(c)?;
    live(c).set(document_share::notice.eq(Notice::Due)).execute(c)?;
    Ok(grants)
}

/// A document as its list names it for a grant's holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedLine {
    /// The document.
    pub document: Document,
    /// Since when it is shared with them.
    pub since_at: Timestamp,
    /// The newest version that they have opened.
    pub opened_version: Option<i32>,
    /// Its place in a packet that was sent to them.
    pub place: Option<Turn>,
    /// The same, where the packet is in order.
    pub turn: Option<Turn>,
}

/// Joins shared documents with their places in packets that were sent to the same grant: in those in order, or in those
/// that are asked for.
macro_rules! with_turns {
    ($shares:expr) => {
        with_turns!($shares, packet::in_order.eq(true).and(packet::withdrawn_at.is_null()))
    };
    ($shares:expr, $which:expr) => {
        $shares
            .left_join(
                packet_item::table.on(packet_item::practice_id
                    .eq(document_share::practice_id)
                    .and(packet_item::document_id.eq(document_share::document_id))),
            )
            .left_join(
                packet::table.on(packet::practice_id
                    .eq(document_share::practice_id)
                    .and(packet::packet_id.nullable().eq(packet_item::packet_id.nullable()))
                    .and(packet::access_id.eq(document_share::access_id))
                    .and($which)),
            )
    };
}
pub(super) use with_turns;

macro_rules! shared_with {
    ($c:expr, $access:expr) => {
        shared_with!($c).filter(document_share::access_id.eq(*$access))
    };
    ($c:expr) => {
        $c.rows(document_share::table)
            .inner_join(
                document::table.on(document::practice_id
                    .eq(document_share::practice_id)
                    .and(document::document_id.eq(document_share::document_id))),
            )
            .filter(document_share::ended_at.is_null())
            .filter(document::state.eq(DocumentState::Shared))
    };
}

/// What is shared with a grant, newest first.
pub fn shared_with(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<SharedLine>, Fault> {
    type Found = (Document, Timestamp, Option<i32>, Option<Turn>, Option<bool>);
    let found: Vec<Found> = with_turns!(shared_with!(c, access), packet::withdrawn_at.is_null())
        .order((document_share::since_at.desc(), document_share::document_id.desc()))
        .limit(LISTED)
        .select((
            Document::as_select(),
            document_share::since_at,
            document_share::opened_version,
            (packet::packet_id, packet_item::position, packet_item::task).nullable(),
            packet::in_order.nullable(),
        ))
        .kept()
        .load(c)?;
    let line = |(document, since_at, opened_version, place, in_order): Found| SharedLine {
        document,
        since_at,
        opened_version,
        place,
        turn: place.filter(|_| in_order == Some(true)),
    };
    Ok(found.into_iter().map(line).collect())
}

/// Read for home: as many as it counts, and one more to know that there are more.
const MOST_UNREAD: i64 = MOST_COUNTED + 1;

/// A line of home: what is shared and was not opened in the version that counts.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = document)]
pub struct Unread {
    /// The document.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// See [`Document::label`].
    label: Option<Label>,
    /// See [`Document::state`].
    state: DocumentState,
    /// Since when it is shared.
    #[diesel(select_expression = document_share::since_at)]
    pub since_at: Timestamp,
    /// See [`ShareRow::opened_version`].
    #[diesel(select_expression = document_share::opened_version)]
    pub opened_version: Option<i32>,
    /// See [`SharedLine::turn`].
    #[diesel(select_expression = (packet::packet_id, packet_item::position, packet_item::task).nullable())]
    pub turn: Option<Turn>,
}

impl Unread {
    /// See [`Document::item`].
    pub fn item(&self) -> Item {
        item_of(self.document_id, self.label, self.state, ShareStanding::Live)
    }
}

/// What is shared with a grant and was not opened in the version that counts, the newest first, at most
/// [`MOST_UNREAD`].
pub fn unread(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Unread>, Fault> {
    with_turns!(shared_with!(c, access))
        .filter(
            document_share::opened_version
                .is_null()
                .or(document_share::opened_version.lt(document::current_version.nullable())),
        )
        .order(document_share::since_at.desc())
        .limit(MOST_UNREAD)
        .select(columns(Unread::as_select()))
        .kept()
        .load(c)
}

/// The same for several grants at once, each line with its grant.
pub fn unread_of(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<Vec<(AccessId, Unread)>, Fault> {
    with_turns!(shared_with!(c))
        .filter(document_share::access_id.in_list(grants))
        .filter(
            document_share::opened_version
                .is_null()
                .or(document_share::opened_version.lt(document::current_version.nullable())),
        )
        .limit(MOST_UNREAD * i64::try_from(grants.len()).unwrap_or(1))
        .select((document_share::access_id, Unread::as_select()))
        .kept()
        .load(c)
}

/// How a version is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// On its page.
    Open,
    /// As a file.
    Download,
    /// Its last page, as a picture or as text.
    LastPage,
}

/// Notes that the holder of a grant opened, downloaded or read a version; the first time of each stays.
pub fn note_reading(
    c: &mut Scoped<'_>,
    id: &DocumentId,
    access: &AccessId,
    number: i32,
    look: Look,
) -> Result<(), Fault> {
    let now = c.now();
    let row = |c: &Scoped<'_>| {
        c.rows(document_reading::table)
            .filter(document_reading::document_id.eq(*id))
            .filter(document_reading::access_id.eq(*access))
            .filter(document_reading::number.eq(number))
    };
    match (row(c).select(Reading::as_select()).optional(c)?, look) {
        (None, _) => {
            let reading = Reading {
                practice_id: *c.practice(),
                document_id: *id,
                access_id: *access,
                number,
                opened_at: (look == Look::Open).then_some(now),
                downloaded_at: (look == Look::Download).then_some(now),
                last_page_at: (look == Look::LastPage).then_some(now),
            };
            c.insert_rows(&[reading]).map_err(|fault| match fault {
                Fault::Database(error) if is_duplicate(&error) => {
                    Fault::lost_race("one version opened twice at once")
                }
                other => other,
            })?;
        }
        (Some(Reading { opened_at: None, .. }), Look::Open) => {
            row(c).set(document_reading::opened_at.eq(now)).execute(c)?;
        }
        (Some(Reading { downloaded_at: None, .. }), Look::Download) => {
            row(c).set(document_reading::downloaded_at.eq(now)).execute(c)?;
        }
        (Some(Reading { last_page_at: None, .. }), Look::LastPage) => {
            row(c).set(document_reading::last_page_at.eq(now)).execute(c)?;
        }
        _ => {}
    }
    c.rows(document_share::table)
        .filter(document_share::document_id.eq(*id))
        .filter(document_share::access_id.eq(*access))
        .filter(document_share::opened_version.is_null().or(document_share::opened_version.lt(number)))
        .set(document_share::opened_version.eq(Some(number)))
        .execute(c)?;
    Ok(())
}

/// What the holder of a grant did with a version.
pub fn reading_of(
    c: &mut Scoped<'_>,
    id: &DocumentId,
    access: &AccessId,
    number: i32,
) -> Result<Option<Reading>, Fault> {
    c.rows(document_reading::table)
        .filter(document_reading::document_id.eq(*id))
        .filter(document_reading::access_id.eq(*access))
        .filter(document_reading::number.eq(number))
        .select(Reading::as_select())
        .optional(c)
}

/// Who opened which version of a document when, the earliest first.
pub fn readings_of(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Vec<Reading>, Fault> {
    c.rows(document_reading::table)
        .filter(document_reading::document_id.eq(*id))
        .order((document_reading::number.asc(), document_reading::access_id.asc()))
        .limit(4 * LISTED)
        .select(Reading::as_select())
        .load(c)
}

/// The readings of a chart's documents in the versions that count.
pub fn readings_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Reading>, Fault> {
    c.rows(document_reading::table)
        .inner_join(
            document::table.on(document::practice_id
                .eq(document_reading::practice_id)
                .and(document::document_id.eq(document_reading::document_id))),
        )
        .filter(document::chart_id.eq(*chart))
        .filter(document_reading::number.eq(document::current_version))
        .order(document::created_at.desc())
        .limit(4 * LISTED)
        .select(Reading::as_select())
        .load(c)
}

/// A grant that a document may be shared with.
#[derive(Clone, Debug)]
pub struct ShareTarget {
    /// The grant.
    pub access: AccessId,
    /// Owner or representative.
    pub role: GrantRole,
    /// Whose.
    pub name: String,
    /// Are they registered?
    pub has_account: bool,
}

/// The grants of a chart, the owner's first. Nobody who owned the chart before is among them.
pub fn share_targets(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<ShareTarget>, Fault> {
    let found: Vec<(AccessId, GrantRole, Option<AccountId>, Person)> = c
        .rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::chart_id.eq(*chart))
        .filter(portal_access::role.ne(GrantRole::FormerOwner))
        .order((portal_access::role.asc(), portal_access::created_at.asc()))
        .limit(LISTED)
        .select((
            portal_access::access_id,
            portal_access::role,
            portal_access::account_id,
            Person::as_select(),
        ))
        .load(c)?;
    let target = |(access, role, account, person): (_, _, Option<_>, Person)| ShareTarget {
        access,
        role,
        name: person.full_name(),
        has_account: account.is_some(),
    };
    Ok(found.into_iter().map(target).collect())
}

/// The shares about which a grant's holder is to be told, with their documents.
pub fn notices_due(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Document>, Fault> {
    shared_with!(c, access)
        .filter(document_share::notice.eq(Notice::Due))
        .limit(LISTED)
        .select(Document::as_select())
        .load(c)
}

/// What a mail that was queued is about: what its reader has not opened yet.
pub fn noticed_unread(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Document>, Fault> {
    shared_with!(c, access)
        .filter(document_share::notice.eq(Notice::Sent))
        .filter(
            document_share::opened_version
                .is_null()
                .or(document_share::opened_version.lt(document::current_version.nullable())),
        )
        .limit(LISTED)
        .select(Document::as_select())
        .load(c)
}

/// Notes what became of the mails that were due for a grant.
pub fn note_notices(c: &mut Scoped<'_>, access: &AccessId, notice: Notice) -> Result<(), Fault> {
    let at = (notice == Notice::Sent).then_some(c.now());
    let due = c
        .rows(document_share::table)
        .filter(document_share::access_id.eq(*access))
        .filter(document_share::notice.eq(Notice::Due));
    match at {
        Some(at) => {
            due.set((document_share::notice.eq(notice), document_share::notice_at.eq(Some(at)))).execute(c)?
        }
        None => due.set(document_share::notice.eq(notice)).execute(c)?,
    };
    Ok(())
}

/// When a grant's holder was last told.
pub fn last_notice(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Timestamp>, Fault> {
    let newest: Option<Option<Timestamp>> = c
        .rows(document_share::table)
        .filter(document_share::access_id.eq(*access))
        .filter(document_share::notice_at.is_not_null())
        .order(document_share::notice_at.desc())
        .select(document_share::notice_at)
        .optional(c)?;
    Ok(newest.flatten())
}

/// A live file that nothing refers to yet, for a new version; `None` where it is being deleted.
pub fn live_blob(c: &mut Scoped<'_>, id: &BlobId) -> Result<Option<Blob>, Fault> {
    c.rows(blob::table)
        .filter(blob::blob_id.eq(*id))
        .filter(blob::state.eq(BlobState::Live))
        .select(Blob::as_select())
        .optional(c)
}
