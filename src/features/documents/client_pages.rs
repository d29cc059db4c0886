//! A client's documents: one to read, one to keep.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use crate::features::access::permission::{Archive, Facts};
use crate::features::accounts::{self, ClientSession};
use crate::features::documents::actions::{self, ReaderGrant, Refused};
use crate::features::documents::authorization::{Ended, Standing};
use crate::features::documents::authorization_actions::revocable;
use crate::features::documents::body::{self, Block};
use crate::features::documents::download::{Head, SIGNED, download, signed_copy};
use crate::features::documents::lifecycle::{Refusal, ShareStanding};
use crate::features::documents::packets::waits_page::waits;
use crate::features::documents::page_links::{FromPage, Pages, Reader};
use crate::features::documents::signing::actions::note_opened;
use crate::features::documents::signing::client_pages::{SignedCopy, SigningBox, box_of};
use crate::features::documents::signing::consent;
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::store::{self as signing, Signing};
use crate::features::documents::store::{Blob, Content, Document, Look, Version};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, DocumentId};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::live_stream::FirstShown;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/documents");

/// What a page shows of a version.
pub(super) enum Shown {
    /// Its text.
    Text(Vec<Block>),
    /// The pages of a file.
    Pages(Pages),
    /// That it is a file, and how large.
    File(String),
}

impl Shown {
    pub(super) fn of(reader: &Reader<'_>, version: &Version) -> Self {
        let words = reader.words;
        match &version.content {
            Content::Text(text) => Self::Text(body::blocks(text)),
            Content::File(blob, name) => {
                let size = size_in_words(words, blob.size);
                let about = if name.is_empty() { size } else { format!("{name} · {size}") };
                match Pages::of(reader, version, about.clone()) {
                    Some(pages) => Self::Pages(pages),
                    None => Self::File(about),
                }
            }
        }
    }
}

/// "120 KB"
pub fn size_in_words(words: Words, bytes: i64) -> String {
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
    /// How an authorization came to its end, or the last day to come.
    last_day: Option<String>,
    /// The reader may revoke it, and it counts.
    may_revoke: bool,
    shown: Shown,
    /// See [`Version::language`].
    language: Option<Language>,
    here: String,
    download: String,
    /// Where the reader was asked to sign it.
    signing: Option<SigningBox>,
}

impl Page {
    /// What the button says that gives the document as it was sent; beside a signed copy it says which one it is.
    fn download_words(&self) -> &'static str {
        match (self.has_copy(), &self.shown) {
            (true, _) => "documents-download-unsigned",
            (false, Shown::Text(_)) => "documents-download",
            (false, Shown::Pages(_) | Shown::File(_)) => "documents-download-file",
        }
    }

    fn has_copy(&self) -> bool {
        self.signing.as_ref().is_some_and(SigningBox::has_copy)
    }
}

/// What was looked for, with the request to sign it and the reader's place in it.
struct There {
    document: Document,
    version: Version,
    signing: Option<Mine>,
    /// An authorization that counts, and that the reader may revoke.
    may_revoke: bool,
}

/// A request with the reader's place in it, and the signed copy, where the reader is one of those who signed it.
struct Mine {
    signing: Signing,
    at: usize,
    /// Since when the reader gets on paper what they are to sign.
    on_paper: Option<Timestamp>,
    copy: Option<Blob>,
}

/// Reads it, where the reader was asked to sign.
fn mine(c: &mut Scoped<'_>, access: &AccessId, id: &DocumentId) -> Result<Option<Mine>, Fault> {
    let Some(signing) = signing::newest(c, id)? else { return Ok(None) };
    let Some(at) = signing.by_grant(access) else { return Ok(None) };
    let copy = match signing.is_party(at) {
        true => seal_store::find(c, &signing.request.signing_id)?,
        false => None,
    };
    let on_paper = match signing.is_turn_at(at, c.now()) {
        true => consent::on_paper_since(c, access)?,
        false => None,
    };
    Ok(Some(Mine { signing, at, on_paper, copy }))
}

/// What came of it.
enum Found {
    There(Box<There>),
    Withdrawn,
    /// This one comes first.
    Waits(DocumentId),
}

async fn look(
    app: &AppState,
    client: &ClientSession,
    id: &str,
    look: Look,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Found, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let who = ReaderGrant::of(client);
    let is_seen = client.is_read(method, headers)?;
    let with_signing = move |c: &mut Scoped<'_>, (document, version): (Document, Version)| {
        let may_revoke = revocable(c, &who, &document)? == Some(Standing::InForce);
        Ok::<_, Fault>(There { document, version, signing: mine(c, &who.access, &id)?, may_revoke })
    };
    let found = if is_seen {
        let by = client.by();
        app.db
            .write(&client.scope, move |c| {
                let found = granted!(actions::open(c, &by, &who, &id, look)?);
                if look == Look::Open {
                    note_opened(c, &by, &who, &found.0)?;
                }
                with_signing(c, found).map(Ok)
            })
            .await?
    } else {
        let read = move |c: &mut Scoped<'_>| match actions::look_ahead(c, &who, &id)? {
            Ok(found) => with_signing(c, found).map(Ok),
            Err(refused) => Ok(Err(refused)),
        };
        app.db.read(&client.scope, read).await?
    };
    match found {
        // A staff member may look as of another day than today.
        Ok(there) if !client.may_view_item(Right::Documents, &there.document.item(ShareStanding::Live)) => {
            Err(PageError::NotFound)
        }
        Ok(there) => {
            if is_seen {
                app.live.chart_changed(client.scope.id(), &client.chart_id);
            }
            Ok(Found::There(Box::new(there)))
        }
        Err(Refused::LifeCycle(Refusal::Gone)) => Ok(Found::Withdrawn),
        Err(Refused::Waits(first)) => Ok(Found::Waits(first)),
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

/// How an authorization came to its end, or its last day to come.
fn last_day_words(client: &ClientSession, document: &Document, now: Timestamp) -> Option<String> {
    let words = client.words;
    let on = |key: &str, day| Some(words.with1(key, "day", words.civil_date(day)));
    match document.ended(client.practice.today(now)) {
        Some(Ended::Revoked(at)) => Some(match document.recorded() {
            Some((way, day)) => {
                let name = ("name", document.revoked_by_name.clone());
                let (way, day) = (("way", way.in_words(words)), ("day", words.civil_date(day)));
                words.with("documents-revoked-recorded", &[name, way, day])
            }
            None => {
                let moment = words.date_time_zone(at, &client.zone);
                words.with2("documents-revoked-by", "moment", moment, "name", &document.revoked_by_name)
            }
        }),
        Some(Ended::Expired(day)) => on("documents-last-day-over", day),
        None => on("documents-last-day", document.last_day()?),
    }
}

/// One document to read.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(which): Query<FromPage>,
) -> PageResult {
    let found = look(&app, &client, &id, Look::Open, (&method, &headers)).await?;
    let There { document, version, signing, may_revoke } = match found {
        Found::There(there) => *there,
        Found::Withdrawn => return withdrawn(&app, &client),
        Found::Waits(first) => return waits(&app, &client, client.frame(&app, MINE), &first).await,
    };
    let here = format!("/portal/documents/{}", document.document_id);
    let reader = Reader {
        app: &app,
        words: client.words,
        by: &client.by(),
        document: &document.document_id,
        here: &here,
        from: which.number(),
    };
    let page = Page {
        last_day: last_day_words(&client, &document, app.now()),
        may_revoke,
        signing: signing.and_then(|mine| {
            let shown = box_of(&client, &mine.signing, mine.at, mine.copy.as_ref(), app.now())?;
            Some(if mine.on_paper.is_some() { shown.on_paper(client.words) } else { shown })
        }),
        note: sent_by(&client, &version),
        shown: Shown::of(&reader, &version),
        language: version.language,
        download: format!("{here}/file"),
        here,
        title: document.title,
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

/// Tells the open page of a document that the signed copy is there.
pub(super) async fn live(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let who = ReaderGrant::of(&client);
    // The page shows no copy: one that came since then is news.
    let shown = FirstShown::of(false);
    let picture = move |c: &mut Scoped<'_>, _: &Facts, _: Archive| {
        if actions::look_ahead(c, &who, &id)?.is_err() {
            return Ok(None);
        }
        let has_copy = mine(c, &who.access, &id)?.is_some_and(|mine| mine.copy.is_some());
        Ok(Some(shown.or(has_copy)))
    };
    client.live(&app, picture).await
}

/// Which copy of a document is asked for.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct WhichCopy {
    copy: String,
}

/// Is there a signed copy of a document for the reader? Whether they may still see the document is asked afterwards.
async fn has_copy(app: &AppState, client: &ClientSession, id: &str) -> Result<bool, PageError> {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let access = client.access_id;
    let read = move |c: &mut Scoped<'_>| Ok(mine(c, &access, &id)?.is_some_and(|mine| mine.copy.is_some()));
    Ok(app.db.read(&client.scope, read).await?)
}

/// One document to keep.
pub(super) async fn file(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(which): Query<WhichCopy>,
) -> PageResult {
    if which.copy == SIGNED && !has_copy(&app, &client, &id).await? {
        // Nothing is downloaded, and nothing is written down as if it were.
        return Err(PageError::NotFound);
    }
    let found = look(&app, &client, &id, Look::Download, (&method, &headers)).await?;
    let There { document, version, signing, .. } = match found {
        Found::There(there) => *there,
        Found::Withdrawn => return withdrawn(&app, &client),
        Found::Waits(first) => return waits(&app, &client, client.frame(&app, MINE), &first).await,
    };
    if which.copy == SIGNED {
        let copy = signing.and_then(|mine| mine.copy).ok_or(PageError::NotFound)?;
        return Ok(signed_copy(&app, &client.scope, client.by(), &document, &copy).await?);
    }
    let note = sent_by(&client, &version);
    let head = Head { practice: &client.practice.name, note: &note };
    Ok(download(&app, &client.scope, client.by(), (&document, &version), head).await?)
}
