//! A PDF to read in the portal: each of its pages as a picture, and the text in it on a page of its own, for whoever does
//! not see the picture or needs larger letters. Neither can be had without the document's page, whose opening is written
//! down: the addresses on it carry a seal for whoever has opened it.

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::IntoResponse;

use crate::features::accounts::ClientSession;
use crate::features::documents::actions::{self, Asked, ReaderGrant};
use crate::features::documents::client_pages::MINE;
use crate::features::documents::download::{FileOf, asked_of};
use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::staff_pages::{TAB, page_of};
use crate::features::documents::store::{self, Blob, Content, Document, Version};
use crate::features::documents::uploads::who;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::By;
use crate::platform::confined::Task;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::i18n::Words;
use crate::platform::pdf_pages::{DRAW_PAGE, READ_PAGE};
use crate::platform::permissions::Right;
use crate::platform::state::{App, AppState};
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Pages of a file that one page of the portal shows.
const SHOWN: i32 = 20;
/// Pages that one person has drawn or read in a minute, at most: each costs a process.
const A_MINUTE: u32 = 120;
/// How long what the document's page links to can be had.
const OPEN_HOURS: i64 = 4;

/// A page of a file.
pub(super) struct PageLine {
    /// The address of its picture.
    pub picture: String,
    /// "Page 1 of 3"
    pub name: String,
    /// The address of its text.
    pub text: String,
    /// "Page 1 as text"
    pub to_text: String,
}

/// Some pages of a file, one under the other.
pub(super) struct Pages {
    /// What the file is called, and how large it is.
    pub about: String,
    /// The pages.
    pub lines: Vec<PageLine>,
    /// Where those before and behind are, with their words.
    pub others: Vec<(String, String)>,
}

/// Somebody who has just opened a document.
pub(super) struct Reader<'a> {
    /// Seals what the page links to.
    pub app: &'a App,
    /// Their words.
    pub words: Words,
    /// Who.
    pub by: &'a By,
    /// The document.
    pub document: &'a DocumentId,
    /// The address of the document's page.
    pub here: &'a str,
    /// The first page of the file that they ask for.
    pub from: i32,
}

/// What shows that the document was opened.
#[derive(serde::Deserialize)]
pub(super) struct Sealed {
    until: i64,
    seal: String,
}

fn sealed_words(by: &By, document: &DocumentId, version: i32, until: i64) -> String {
    let (kind, id) = who(by);
    format!("{kind}/{id}/{document}/{version}/{until}")
}

/// What seals are for.
const PURPOSE: &str = "document-page";

impl Sealed {
    fn is_of(&self, app: &App, by: &By, (document, version): (&DocumentId, i32)) -> bool {
        let words = sealed_words(by, document, version, self.until);
        app.keys.verify(PURPOSE, &words, &self.seal) && app.now() < Timestamp::from_micros(self.until)
    }
}

impl Pages {
    /// Of a version; `None` where it is no file, or one whose pages could not be counted.
    pub(super) fn of(reader: &Reader<'_>, version: &Version, about: String) -> Option<Self> {
        let Content::File(Blob { pages: Some(count), .. }, _) = &version.content else { return None };
        let (words, count, number) = (reader.words, *count, version.number);
        let until = reader.app.now().plus_hours(OPEN_HOURS).micros();
        let to_seal = sealed_words(reader.by, reader.document, number, until);
        let seal = reader.app.keys.sign(PURPOSE, &to_seal);
        let of_page = |page: i32, what: &str| {
            format!("{}/versions/{number}/pages/{page}{what}?until={until}&seal={seal}", reader.here)
        };
        let line = |page: i32| PageLine {
            picture: of_page(page, "/picture"),
            name: words.with2("documents-page", "number", page, "count", count),
            text: of_page(page, ""),
            to_text: words.with1("documents-page-as-text", "number", page),
        };
        let first = if (1..=count).contains(&reader.from) { reader.from } else { 1 };
        let last = count.min(first.saturating_add(SHOWN - 1));
        let others = |from: i32| {
            let until = count.min(from + SHOWN - 1);
            let text = words.with2("documents-pages", "first", from, "last", until);
            (format!("{}?version={number}&from={from}", reader.here), text)
        };
        let before = (first > 1).then(|| others((first - SHOWN).max(1)));
        let behind = (last < count).then(|| others(last + 1));
        Some(Self {
            about,
            lines: (first..=last).map(line).collect(),
            others: before.into_iter().chain(behind).collect(),
        })
    }
}

/// A page of a version, in an address.
#[derive(Clone, Copy)]
struct At {
    document: DocumentId,
    version: i32,
    page: i32,
}

impl At {
    fn of(document: &str, version: &str, page: &str) -> Result<Self, PageError> {
        let number = |text: &str| text.parse::<i32>().map_err(|_| PageError::NotFound);
        let document = document.parse().map_err(|_| PageError::NotFound)?;
        Ok(Self { document, version: number(version)?, page: number(page)? })
    }
}

/// A page of a file that its reader may have.
struct Found {
    document: Document,
    blob: Blob,
    page: i32,
    count: i32,
}

impl Found {
    fn of(document: Document, version: Version, at: At) -> Result<Self, PageError> {
        let Content::File(blob, _) = version.content else { return Err(PageError::NotFound) };
        let count = blob.pages.filter(|count| (1..=*count).contains(&at.page)).ok_or(PageError::NotFound)?;
        Ok(Self { document, blob, page: at.page, count })
    }

    /// What a process of its own says about the page.
    async fn ask(
        &self,
        app: &AppState,
        scope: &PracticeScope,
        by: By,
        task: Task,
    ) -> Result<Option<Vec<u8>>, PageError> {
        let (kind, id) = who(&by);
        if app.buckets.take(&format!("pages/{kind}/{id}"), A_MINUTE, app.now()).is_err() {
            return Err(PageError::TooManyTries);
        }
        let asked = (task, self.page.to_string());
        Ok(asked_of(app, scope, by, FileOf::document(&self.document), &self.blob, asked).await?)
    }

    async fn picture(&self, app: &AppState, scope: &PracticeScope, by: By) -> PageResult {
        let picture = self.ask(app, scope, by, DRAW_PAGE).await?.ok_or(PageError::NotFound)?;
        let media_type = if picture.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
        Ok(([(header::CONTENT_TYPE, media_type)], Body::from(picture)).into_response())
    }

    async fn text(
        &self,
        app: &AppState,
        scope: &PracticeScope,
        (by, words): (By, Words),
        (here, sealed): (&str, (&Sealed, i32)),
    ) -> Result<PageText, PageError> {
        let text = self.ask(app, scope, by, READ_PAGE).await?.and_then(|text| String::from_utf8(text).ok());
        let (Sealed { until, seal }, version) = sealed;
        let link = |page: i32| {
            let href = format!("{here}/versions/{version}/pages/{page}?until={until}&seal={seal}");
            (1..=self.count)
                .contains(&page)
                .then(|| (href, words.with2("documents-page", "number", page, "count", self.count)))
        };
        Ok(PageText {
            title: self.document.title.clone(),
            name: words.with2("documents-page", "number", self.page, "count", self.count),
            lines: text.unwrap_or_default().lines().map(str::to_owned).collect(),
            others: [link(self.page - 1), link(self.page + 1)].into_iter().flatten().collect(),
            back: here.to_owned(),
        })
    }
}

/// The text of a page, as both sides see it.
struct PageText {
    title: String,
    name: String,
    lines: Vec<String>,
    others: Vec<(String, String)>,
    back: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_page_text.html")]
struct ClientText {
    frame: ClientFrame,
    text: PageText,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_page_text.html")]
struct StaffText {
    frame: StaffFrame,
    head: RoomHead,
    text: PageText,
}

/// A page that the client may read, and whether they have not yet read it to its end.
async fn for_client(app: &AppState, client: &ClientSession, at: At) -> Result<(Found, bool), PageError> {
    let who = ReaderGrant::of(client);
    let read = move |c: &mut Scoped<'_>| {
        let found = actions::look_ahead(c, &who, &at.document)?;
        let reading = store::reading_of(c, &at.document, &who.access, at.version)?;
        Ok((found, reading.is_none_or(|reading| reading.last_page_at.is_none())))
    };
    let (found, is_unread) = app.db.read(&client.scope, read).await?;
    let (document, version) = found.map_err(|_| PageError::NotFound)?;
    let is_shown = client.may_view_item(Right::Documents, &document.item(ShareStanding::Live));
    if !is_shown || version.number != at.version {
        return Err(PageError::NotFound);
    }
    Ok((Found::of(document, version, at)?, is_unread))
}

/// Writes down that the client has had the last page.
async fn note_end(
    app: &AppState,
    client: &ClientSession,
    (method, headers): (&Method, &HeaderMap),
    (found, is_unread): (&Found, bool),
) -> Result<(), PageError> {
    if found.page == found.count && is_unread && client.is_read(method, headers)? {
        let (by, who, document) = (client.by(), ReaderGrant::of(client), found.document.clone());
        app.db.write(&client.scope, move |c| actions::note_last_page(c, &by, &who, &document)).await?;
        app.live.chart_changed(client.scope.id(), &client.chart_id);
    }
    Ok(())
}

/// A page as a picture, for the client.
pub(super) async fn client_picture(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path((document, version, page)): Path<(String, String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let at = At::of(&document, &version, &page)?;
    let (found, is_unread) = for_client(&app, &client, at).await?;
    if !sealed.is_of(&app, &client.by(), (&at.document, at.version)) {
        return Err(PageError::NotFound);
    }
    let picture = found.picture(&app, &client.scope, client.by()).await?;
    note_end(&app, &client, (&method, &headers), (&found, is_unread)).await?;
    Ok(picture)
}

/// A page as text, for the client.
pub(super) async fn client_text(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path((document, version, page)): Path<(String, String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let at = At::of(&document, &version, &page)?;
    let (found, is_unread) = for_client(&app, &client, at).await?;
    let here = format!("/portal/documents/{}", at.document);
    if !sealed.is_of(&app, &client.by(), (&at.document, at.version)) {
        return Ok(see_other(&here));
    }
    let of = (here.as_str(), (&sealed, at.version));
    let text = found.text(&app, &client.scope, (client.by(), client.words), of).await?;
    note_end(&app, &client, (&method, &headers), (&found, is_unread)).await?;
    html(ClientText { frame: client.frame(&app, MINE), text }.render())
}

/// A page that the staff member may read.
async fn for_staff(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
    at: At,
) -> Result<(ChartId, Found), PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let (role, number) = (staff.role, Some(at.version));
    let asked = Asked { chart: Some(chart), document: at.document, number };
    let found = app.db.read(&staff.scope, move |c| actions::look_by_staff(c, role, asked)).await?;
    let (document, version) = found.map_err(|_| PageError::NotFound)?;
    Ok((chart, Found::of(document, version, at)?))
}

/// A page as a picture, for staff.
pub(super) async fn staff_picture(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, document, version, page)): Path<(String, String, String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let at = At::of(&document, &version, &page)?;
    let (_, found) = for_staff(&app, &staff, &chart, at).await?;
    if !sealed.is_of(&app, &staff.by(), (&at.document, at.version)) {
        return Err(PageError::NotFound);
    }
    found.picture(&app, &staff.scope, staff.by()).await
}

/// A page as text, for staff.
pub(super) async fn staff_text(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, document, version, page)): Path<(String, String, String, String)>,
    Query(sealed): Query<Sealed>,
) -> PageResult {
    let at = At::of(&document, &version, &page)?;
    let (chart, found) = for_staff(&app, &staff, &chart, at).await?;
    let here = page_of(&found.document);
    if !sealed.is_of(&app, &staff.by(), (&at.document, at.version)) {
        return Ok(see_other(&format!("{here}?version={}", at.version)));
    }
    let viewer = Viewer::of(&app, &staff);
    let room = app.db.read(&staff.scope, move |c| load_room(c, viewer, &chart)).await?;
    let ChartRoom { file, tags } = room.ok_or(PageError::NotFound)?;
    let of = (here.as_str(), (&sealed, at.version));
    let text = found.text(&app, &staff.scope, (staff.by(), staff.words), of).await?;
    let head = room_head(&app, &staff, &file, &tags, TAB);
    html(StaffText { frame: staff.frame(&app, CHARTS), head, text }.render())
}
