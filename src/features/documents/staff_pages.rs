//! The Documents tab of a chart room: what was sent, and whether it was read.

use askama::Template;
use axum::extract::{Path, State};

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::body::{self, Block};
use crate::features::documents::{Document, find, list_of};
use crate::features::people::CHARTS;
use crate::features::people::{ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::{self, Event};
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTab;
use crate::platform::web::{PageError, PageResult, html};

/// The tab.
pub(super) const TAB: ChartTab = ChartTab {
    path: "/documents",
    label: "charts-tab-documents",
    needs: Permission::SeeDocuments,
    order: 30,
};

struct Line {
    href: String,
    title: String,
    kind: String,
    sent: Stamp,
    by: String,
    tag: &'static str,
    state: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_list.html")]
struct List {
    frame: StaffFrame,
    head: RoomHead,
    documents: Vec<Line>,
}

/// Where a document stands: tag and words.
fn state_of(staff: &StaffSession, document: &Document, now: Timestamp) -> (&'static str, String) {
    let words = staff.words;
    let short = |at| words.stamp(at, &staff.zone, now).short;
    match (document.withdrawn_at, document.opened_at) {
        (Some(at), _) => ("stopped", words.with1("documents-state-withdrawn", "moment", short(at))),
        (None, Some(at)) => ("good", words.with1("documents-state-opened", "moment", short(at))),
        (None, None) => ("waiting", words.get("documents-state-not-opened")),
    }
}

/// The tab.
pub(super) async fn list(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (ChartRoom { file, tags }, documents) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            Ok(Some((room, list_of(c, &id)?)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let now = app.now();
    let documents = documents
        .into_iter()
        .map(|document| {
            let (tag, state) = state_of(&staff, &document, now);
            Line {
                href: format!("/staff/charts/{}/documents/{}", document.chart_id, document.document_id),
                kind: document.kind.label(staff.words),
                sent: staff.words.stamp(document.sent_at, &staff.zone, now),
                by: document.sent_by_name,
                title: document.title,
                tag,
                state,
            }
        })
        .collect();
    let head = room_head(&app, &staff, &file, &tags, TAB);
    html(List { frame: staff.frame(&app, CHARTS), head, documents }.render())
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_document.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    title: String,
    sent: String,
    tag: &'static str,
    state: String,
    blocks: Vec<Block>,
    back: String,
}

/// One document, as the client sees it.
pub(super) async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, document)): Path<(String, String)>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: DocumentId = document.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    let viewer = Viewer::of(&app, &staff);
    let (ChartRoom { file, tags }, document) = app
        .db
        .write(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let Some(document) = find(c, &chart, &id)? else { return Ok(None) };
            // Who reads a client's paper is written down, on this side too (AUD-01).
            let event = Event::new(by.clone(), DocumentAction::ReadByStaff).on_chart(&chart);
            audit::record(c, event.with(serde_json::json!({ "document": id })))?;
            Ok(Some((room, document)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let (tag, state) = state_of(&staff, &document, app.now());
    let page = Page {
        head: room_head(&app, &staff, &file, &tags, TAB),
        sent: staff.words.with2(
            "documents-sent-by",
            "date",
            staff.words.date(document.sent_at, &staff.zone),
            "name",
            &document.sent_by_name,
        ),
        tag,
        state,
        blocks: body::blocks(&document.body),
        title: document.title,
        back: format!("/staff/charts/{}/documents", document.chart_id),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}
