//! The pages of a PDF: each as a picture, and the text in it on a page of its own, for whoever does not see the picture or
//! needs larger letters. The document's page leads to them; see [`page_links`](super::page_links).

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
use crate::features::documents::page_links::Sealed;
use crate::features::documents::staff_pages::{TAB, page_of};
use crate::features::documents::store::{self, Blob, Content, Document, Version};
use crate::features::documents::uploads::who;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::platform::audit::By;
use crate::platform::confined::{DRAW_PAGE, READ_PAGE, Task};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::{App, AppState};
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Pages that one person has drawn or read in a minute, at most: each costs a process.
const A_MINUTE: u32 = 120;

/// A page of a version, in an address.
#[derive(Clone, Copy)]
pub(super) struct At {
    document: DocumentId,
    version: i32,
    page: i32,
}

impl At {
    fn of(document: &str, version: &str, page: &str) -> Result<Self, PageError> {
        Self::in_document(document.parse().map_err(|_| PageError::NotFound)?, version, page)
    }

    /// Of a document that the address does not name.
    pub(super) fn in_document(document: DocumentId, version: &str, page: &str) -> Result<Self, PageError> {
        let number = |text: &str| text.parse::<i32>().map_err(|_| PageError::NotFound);
        Ok(Self { document, version: number(version)?, page: number(page)? })
    }

    /// May somebody who shows this seal have the page now? Not where they opened the document too long ago, and there is
    /// no such page for whoever never did.
    pub(super) fn is_open(&self, app: &App, by: &By, sealed: &Sealed) -> Result<bool, PageError> {
        match sealed.is_of(app, by, (&self.document, self.version)) {
            true => Ok(sealed.is_fresh(app)),
            false => Err(PageError::NotFound),
        }
    }

    /// Is it a page of this version?
    pub(super) fn is_of(&self, version: &Version) -> bool {
        self.version == version.number
    }
}

/// A page of a file that its reader may have.
pub(super) struct Found {
    document: Document,
    blob: Blob,
    at: At,
    count: i32,
}

impl Found {
    pub(super) fn of(document: Document, version: Version, at: At) -> Result<Self, PageError> {
        let Content::File(blob, _) = version.content else { return Err(PageError::NotFound) };
        let count = blob.pages.filter(|count| (1..=*count).contains(&at.page)).ok_or(PageError::NotFound)?;
        Ok(Self { document, blob, at, count })
    }

    /// Is it the last page of the file?
    pub(super) fn is_last(&self) -> bool {
        self.at.page == self.count
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
        let asked = (task, self.at.page.to_string());
        Ok(asked_of(app, scope, by, FileOf::document(&self.document), &self.blob, asked).await?)
    }

    pub(super) async fn picture(&self, app: &AppState, scope: &PracticeScope, by: By) -> PageResult {
        let picture = self.ask(app, scope, by, DRAW_PAGE).await?.ok_or(PageError::NotFound)?;
        let media_type = if picture.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
        Ok(([(header::CONTENT_TYPE, media_type)], Body::from(picture)).into_response())
    }

    pub(super) async fn text(
        &self,
        app: &AppState,
        scope: &PracticeScope,
        (by, words): (By, Words),
        (here, Sealed { until, seal }): (&str, &Sealed),
    ) -> Result<PageText, PageError> {
        let text = self.ask(app, scope, by, READ_PAGE).await?.and_then(|text| String::from_utf8(text).ok());
        let version = self.at.version;
        let link = |page: i32| {
            let href = format!("{here}/versions/{version}/pages/{page}?until={until}&seal={seal}");
            (1..=self.count)
                .contains(&page)
                .then(|| (href, words.with2("documents-page", "number", page, "count", self.count)))
        };
        Ok(PageText {
            title: self.document.title.clone(),
            name: words.with2("documents-page", "number", self.at.page, "count", self.count),
            lines: text.unwrap_or_default().lines().map(str::to_owned).collect(),
            others: [link(self.at.page - 1), link(self.at.page + 1)].into_iter().flatten().collect(),
            back: here.to_owned(),
        })
    }
}

/// The text of a page, as both sides see it.
pub(super) struct PageText {
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

/// The page that shows the text to a client.
pub(super) fn text_page(frame: ClientFrame, text: PageText) -> PageResult {
    html(ClientText { frame, text }.render())
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
    if found.is_last() && is_unread && client.is_read(method, headers)? {
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
    if !at.is_open(&app, &client.by(), &sealed)? {
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
    if !at.is_open(&app, &client.by(), &sealed)? {
        return Ok(see_other(&here));
    }
    let by = (client.by(), client.words);
    let text = found.text(&app, &client.scope, by, (&here, &sealed)).await?;
    note_end(&app, &client, (&method, &headers), (&found, is_unread)).await?;
    text_page(client.frame(&app, MINE), text)
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
    if !at.is_open(&app, &staff.by(), &sealed)? {
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
    let to = format!("{here}?version={}", at.version);
    if !at.is_open(&app, &staff.by(), &sealed)? {
        return Ok(see_other(&to));
    }
    let viewer = Viewer::of(&app, &staff);
    let room = app.db.read(&staff.scope, move |c| load_room(c, viewer, &chart)).await?;
    let ChartRoom { file, tags } = room.ok_or(PageError::NotFound)?;
    let by = (staff.by(), staff.words);
    let mut text = found.text(&app, &staff.scope, by, (&here, &sealed)).await?;
    text.back = to;
    let head = room_head(&app, &staff, &file, &tags, TAB);
    html(StaffText { frame: staff.frame(&app, CHARTS), head, text }.render())
}
