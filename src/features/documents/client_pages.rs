//! A client's documents: the list, one to read, one to keep.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::features::accounts::{self, ClientSession, ClientTicket};
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::body::{self, Block};
use crate::features::documents::{Document, find, list_of, mark_opened};
use crate::kernel::ids::DocumentId;
use crate::platform::audit::{self, Event};
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, is_read};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/documents");

/// Documents that one account may open in ten minutes: more than anybody reads, fewer than a thief
/// would like (RAT-05).
const READING: Limit = Limit { most: 60, seconds: 600 };

struct Line {
    href: String,
    title: String,
    note: String,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_list.html")]
struct List {
    frame: ClientFrame,
    documents: Vec<Line>,
}

/// My documents.
pub(super) async fn list(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, documents) = ticket.open(&app, |c, client| list_of(c, &client.chart_id)).await?;
    let words = client.words;
    let documents = documents
        .into_iter()
        .filter(|document| client.may_view_item(Right::Documents, &document.item()))
        .map(|document| Line {
            href: format!("/portal/documents/{}", document.document_id),
            note: words.with2(
                "documents-line",
                "kind",
                document.kind.label(words),
                "date",
                words.date(document.sent_at, &client.zone),
            ),
            title: document.title,
            is_new: document.opened_at.is_none(),
        })
        .collect();
    html(List { frame: client.frame(&app, MINE), documents }.render())
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_document.html")]
struct Page {
    frame: ClientFrame,
    title: String,
    note: String,
    blocks: Vec<Block>,
    download: String,
}

/// How a document was looked at, for the trail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Read,
    Download,
    Ahead,
}

/// The document, if it is the chart's and was not taken back; what is looked at is written down in
/// the same transaction (AUD-03, AUD-07).
async fn look(app: &AppState, client: &ClientSession, id: &str, look: Look) -> Result<Document, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let chart = client.chart_id.clone();
    if look == Look::Ahead {
        let found = app.db.read(&client.scope, move |c| find(c, &chart, &id)).await?;
        return found.ok_or(PageError::NotFound);
    }
    let (by, account, access) = (client.by(), client.account_id, client.access_id);
    let found = app
        .db
        .write(&client.scope, move |c| {
            // What ended the access since the request was let in counts.
            if accounts::level_now(c, &access, Right::Documents)? < Level::View {
                return Ok(Err(PageError::NotFound));
            }
            let Some(document) = find(c, &chart, &id)? else { return Ok(Err(PageError::NotFound)) };
            if limits::count(c, &format!("documents.{account}"), READING)? > READING.most {
                return Ok(Err(PageError::TooManyTries));
            }
            if document.withdrawn_at.is_some() {
                let event = Event::new(by.clone(), DocumentAction::Refused).on_chart(&chart);
                audit::record(c, event.with(serde_json::json!({ "document": id })))?;
            } else if look == Look::Read {
                mark_opened(c, &by, &chart, &id)?;
            } else {
                let event = Event::new(by.clone(), DocumentAction::Downloaded).on_chart(&chart);
                audit::record(c, event.with(serde_json::json!({ "document": id })))?;
            }
            Ok(Ok(document))
        })
        .await??;
    if found.opened_at.is_none() {
        app.live.chart_changed(client.scope.id(), &client.chart_id);
    }
    Ok(found)
}

/// What stands where a document was taken back.
fn withdrawn(app: &AppState, client: &ClientSession) -> PageResult {
    let words = client.words;
    accounts::message(
        client.frame(app, MINE),
        StatusCode::GONE,
        (words.get("documents-withdrawn-title"), words.get("documents-withdrawn-text")),
        ("/portal/documents", words.get("documents-back")),
    )
}

/// One document to read.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> PageResult {
    let how = if is_read(&method, &headers) { Look::Read } else { Look::Ahead };
    let document = look(&app, &client, &id, how).await?;
    if document.withdrawn_at.is_some() {
        return withdrawn(&app, &client);
    }
    let page = Page {
        note: sent_by(&client, &document),
        blocks: body::blocks(&document.body),
        download: format!("/portal/documents/{}/text", document.document_id),
        title: document.title,
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

fn sent_by(client: &ClientSession, document: &Document) -> String {
    let words = client.words;
    let date = words.date(document.sent_at, &client.zone);
    if document.sent_by_name.is_empty() {
        words.with1("documents-sent", "date", date)
    } else {
        words.with2("documents-sent-by", "date", date, "name", &document.sent_by_name)
    }
}

/// One document to keep, as plain text.
pub(super) async fn text(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let how = if is_read(&method, &headers) { Look::Download } else { Look::Ahead };
    let document = look(&app, &client, &id, how).await?;
    if document.withdrawn_at.is_some() {
        return withdrawn(&app, &client);
    }
    let text = format!(
        "{}\n{}\n{}\n\n{}\n",
        document.title,
        client.practice.name,
        sent_by(&client, &document),
        document.body.trim_end()
    );
    let disposition = format!("attachment; filename=\"{}\"", body::file_name(&document.title));
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, text).into_response())
}
