//! A client's documents: the list, one to read, one to keep.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};

use crate::features::accounts::{self, ClientSession, ClientTicket};
use crate::features::documents::actions::{self, ReaderGrant, Refused};
use crate::features::documents::body::{self, Block};
use crate::features::documents::download::{Head, download};
use crate::features::documents::lifecycle::{Refusal, ShareStanding};
use crate::features::documents::store::{Content, Document, Look, Version, shared_with};
use crate::kernel::ids::DocumentId;
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, is_read};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/documents");

struct Line {
    href: String,
    title: String,
    note: String,
    /// The word of its tag.
    tag: Option<String>,
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_list.html")]
struct List {
    frame: ClientFrame,
    /// Whose documents they are, where they are not the reader's own.
    for_client: Option<String>,
    documents: Vec<Line>,
}

/// My documents.
pub(super) async fn list(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, documents) = ticket.open(&app, |c, client| shared_with(c, &client.access_id)).await?;
    let words = client.words;
    let documents = documents
        .into_iter()
        .filter(|line| client.may_view_item(Right::Documents, &line.document.item(ShareStanding::Live)))
        .map(|line| Line {
            href: format!("/portal/documents/{}", line.document.document_id),
            note: words.with2(
                "documents-line",
                "kind",
                line.document.kind.label(words),
                "date",
                words.date(line.since_at, &client.zone),
            ),
            tag: match line.opened_version {
                None => Some(words.get("documents-new")),
                Some(opened) if opened < line.document.current_version => {
                    Some(words.get("documents-updated"))
                }
                Some(_) => None,
            },
            title: line.document.title,
        })
        .collect();
    let page = List { frame: client.frame(&app, MINE), for_client: client.for_client.clone(), documents };
    html(page.render())
}

/// What a page shows of a version.
pub(super) enum Shown {
    /// Its text.
    Text(Vec<Block>),
    /// That it is a file, and how large.
    File(String),
}

impl Shown {
    pub(super) fn of(words: Words, version: &Version) -> Self {
        match &version.content {
            Content::Text(text) => Self::Text(body::blocks(text)),
            Content::File(blob, name) => {
                let size = size_in_words(words, blob.size);
                Self::File(if name.is_empty() { size } else { format!("{name} · {size}") })
            }
        }
    }
}

fn size_in_words(words: Words, bytes: i64) -> String {
    let kilobytes = bytes.max(1_000) / 1_000;
    match kilobytes {
        0..1_000 => words.with1("documents-size-kb", "size", kilobytes),
        _ => words.with1(
            "documents-size-mb",
            "size",
            format!("{}.{}", kilobytes / 1_000, kilobytes % 1_000 / 100),
        ),
    }
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_document.html")]
struct Page {
    frame: ClientFrame,
    title: String,
    note: String,
    shown: Shown,
    download: String,
}

/// What was looked for.
enum Found {
    There(Box<(Document, Version)>),
    Withdrawn,
}

async fn look(
    app: &AppState,
    client: &ClientSession,
    id: &str,
    look: Look,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Found, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let who = ReaderGrant { account: client.account_id, access: client.access_id, chart: client.chart_id };
    let is_seen = is_read(method, headers)?;
    let found = if is_seen {
        let by = client.by();
        app.db.write(&client.scope, move |c| actions::open(c, &by, &who, &id, look)).await?
    } else {
        app.db.read(&client.scope, move |c| actions::look_ahead(c, &who, &id)).await?
    };
    match found {
        Ok(found) => {
            if is_seen {
                app.live.chart_changed(client.scope.id(), &client.chart_id);
            }
            Ok(Found::There(Box::new(found)))
        }
        Err(Refused::LifeCycle(Refusal::Gone)) => Ok(Found::Withdrawn),
        Err(Refused::TooMany) => Err(PageError::TooManyTries),
        Err(_) => Err(PageError::NotFound),
    }
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

fn sent_by(client: &ClientSession, version: &Version) -> String {
    let words = client.words;
    let date = words.date(version.created_at, &client.zone);
    if version.by_name.is_empty() {
        words.with1("documents-sent", "date", date)
    } else {
        words.with2("documents-sent-by", "date", date, "name", &version.by_name)
    }
}

/// One document to read.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> PageResult {
    let found = look(&app, &client, &id, Look::Open, (&method, &headers)).await?;
    let Found::There(found) = found else { return withdrawn(&app, &client) };
    let (document, version) = *found;
    let page = Page {
        note: sent_by(&client, &version),
        shown: Shown::of(client.words, &version),
        download: format!("/portal/documents/{}/file", document.document_id),
        title: document.title,
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

/// One document to keep.
pub(super) async fn file(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> PageResult {
    let found = look(&app, &client, &id, Look::Download, (&method, &headers)).await?;
    let Found::There(found) = found else { return withdrawn(&app, &client) };
    let note = sent_by(&client, &found.1);
    let head = Head { practice: &client.practice.name, note: &note };
    Ok(download(&app, &client.scope, client.by(), (&found.0, &found.1), head).await?)
}
