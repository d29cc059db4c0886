//! The documents' rows, and what can be done with them.

use diesel::prelude::*;

use crate::features::access::permission::{Item, ItemKind, Party, Share};
use crate::features::documents::audit::DocumentAction;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::Scoped;
use crate::platform::db::schema::document;
use crate::platform::fault::Fault;
use crate::platform::web::nav::MOST_COUNTED;
use crate::word_enum;

word_enum! {
    /// What a document is.
    pub enum DocumentKind {
        /// What the practice must tell, such as its privacy notice.
        Notice = "notice",
        /// What both sides agree on, such as the fees.
        Agreement = "agreement",
        /// A letter to this client.
        Letter = "letter",
        /// Something to read or to try at home.
        Handout = "handout",
    }
}

/// A document, as its reader needs it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = document)]
pub struct Document {
    /// The document.
    pub document_id: DocumentId,
    /// On this chart.
    pub chart_id: ChartId,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Plain text with a little structure (see [`super::body`]).
    pub body: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// By whom.
    pub sent_by_name: String,
    /// When somebody first opened it in the portal.
    pub opened_at: Option<Timestamp>,
    /// When the practice took it back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Document {
    /// As the permission function knows it: shared with the chart's grants until it is taken back.
    pub fn item(&self) -> Item {
        item_of(self.document_id, self.withdrawn_at)
    }
}

fn item_of(id: DocumentId, withdrawn_at: Option<Timestamp>) -> Item {
    Item {
        kind: ItemKind::Document,
        id: id.uuid(),
        label: None,
        share: if withdrawn_at.is_none() { Share::Shared } else { Share::NotShared },
        party: Party::Stranger,
    }
}

/// A document to be sent.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// To this chart.
    pub chart: ChartId,
    /// Its title.
    pub title: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Its text.
    pub body: String,
    /// When it was sent; `None` for now. Earlier for records brought over from elsewhere.
    pub sent_at: Option<Timestamp>,
}

/// Puts a document into the portal, in the caller's transaction, with its audit event.
pub fn send(c: &mut Scoped<'_>, by: &By, new: &NewDocument) -> Result<DocumentId, Fault> {
    let id = DocumentId::fresh(c.rng(), c.now());
    let sent_at = new.sent_at.unwrap_or(c.now());
    c.insert(
        document::table,
        (
            document::document_id.eq(id.clone()),
            document::chart_id.eq(new.chart.clone()),
            document::title.eq(&new.title),
            document::kind.eq(new.kind),
            document::body.eq(&new.body),
            document::sent_at.eq(sent_at),
            document::sent_by_name.eq(by.actor.name()),
        ),
    )?;
    let event = Event::new(by.clone(), DocumentAction::Sent)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "document": id, "kind": new.kind }));
    audit::record(c, event)?;
    Ok(id)
}

/// Takes a document back: from then on its page says that it is no longer there. `false` when there
/// is no such document, or it was taken back before.
pub fn withdraw(c: &mut Scoped<'_>, by: &By, id: &DocumentId) -> Result<bool, Fault> {
    let now = c.now();
    let Some(found) = find_any(c, id)? else { return Ok(false) };
    let changed = c
        .rows(document::table)
        .filter(document::document_id.eq(id.clone()))
        .filter(document::withdrawn_at.is_null())
        .set(document::withdrawn_at.eq(now))
        .execute(c)?;
    if changed == 1 {
        let event = Event::new(by.clone(), DocumentAction::Withdrawn)
            .on_chart(&found.chart_id)
            .with(serde_json::json!({ "document": id }));
        audit::record(c, event)?;
    }
    Ok(changed == 1)
}

/// Records that the holder of a grant read a document (AUD-07); the first time also stands on the
/// document itself.
pub fn mark_opened(c: &mut Scoped<'_>, by: &By, chart: &ChartId, id: &DocumentId) -> Result<(), Fault> {
    let now = c.now();
    c.rows(document::table)
        .filter(document::chart_id.eq(chart.clone()))
        .filter(document::document_id.eq(id.clone()))
        .filter(document::opened_at.is_null())
        .set(document::opened_at.eq(now))
        .execute(c)?;
    let event = Event::new(by.clone(), DocumentAction::Opened)
        .on_chart(chart)
        .with(serde_json::json!({ "document": id }));
    audit::record(c, event)
}

/// A document of this chart, taken back or not; `None` for one of another chart (AUZ-03).
pub fn find(c: &mut Scoped<'_>, chart: &ChartId, id: &DocumentId) -> Result<Option<Document>, Fault> {
    Ok(find_any(c, id)?.filter(|document| document.chart_id == *chart))
}

fn find_any(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Option<Document>, Fault> {
    c.rows(document::table)
        .filter(document::document_id.eq(id.clone()))
        .select(Document::as_select())
        .optional(c)
}

/// A chart's documents, newest first, with those that were taken back.
pub fn list_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Document>, Fault> {
    c.rows(document::table)
        .filter(document::chart_id.eq(chart.clone()))
        .order((document::sent_at.desc(), document::document_id.desc()))
        .select(Document::as_select())
        .load(c)
}

/// An unread document's line on home; never its body.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = document)]
pub struct Unread {
    /// The document.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When the practice took it back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Unread {
    /// See [`Document::item`].
    pub fn item(&self) -> Item {
        item_of(self.document_id, self.withdrawn_at)
    }
}

/// Read for home: as many as it counts, and one more to know that there are more.
const MOST_UNREAD: i64 = MOST_COUNTED + 1;

/// The documents of a chart that nobody has opened in the portal, the newest first, at most [`MOST_UNREAD`].
pub fn unread(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Unread>, Fault> {
    let query = c
        .rows(document::table)
        .filter(document::chart_id.eq(*chart))
        .filter(document::opened_at.is_null())
        .filter(document::withdrawn_at.is_null())
        .order(document::sent_at.desc())
        .limit(MOST_UNREAD)
        .select(Unread::as_select());
    query.kept().load(c)
}
