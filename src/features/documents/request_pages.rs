//! A client asks for a document or sends a file: their pages, and those on which staff reply.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts::ClientSession;
use crate::features::documents::actions::{LONGEST_REASON, ReaderGrant, Refused};
use crate::features::documents::client_pages::MINE;
use crate::features::documents::download::{FileOf, stored_file};
use crate::features::documents::file_form::{FieldFile, FileForm, SentFile};
use crate::features::documents::held_pages::{self, OwnHeld};
use crate::features::documents::held_store;
use crate::features::documents::kinds::DocumentKind;
use crate::features::documents::lifecycle::{DocumentState, is_never_shared};
use crate::features::documents::request_actions::{
    self as actions, Accepted, LONGEST_WISH, MOST_FILES, MOST_OPEN, NotDone, Reply,
};
use crate::features::documents::request_lifecycle::{RequestKind, RequestState};
use crate::features::documents::request_store::{self as store, DocumentRequest};
use crate::features::documents::staff_forms::{Options, Place, Typed, kinds, labels, refused, text_error};
use crate::features::documents::staff_pages::tab_of;
use crate::features::documents::store::{self as documents, Document};
use crate::features::documents::upload_form::why_not_taken_by_client;
use crate::features::documents::upload_parts::Sender;
use crate::features::documents::uploads::{LARGEST, NotTaken, Scan, Taken, discard};
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, DocumentId, DocumentRequestId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The client's page.
const ASKED: &str = "/portal/documents/asked";

struct Line {
    id: String,
    wanted: String,
    note: String,
    tag: (&'static str, String),
    is_open: bool,
    /// What the button says that takes it back.
    take_back: String,
    /// Why it was declined.
    answer: String,
    /// What was shared for it, or made of it.
    document: Option<String>,
    /// Their file, while it waits.
    file: Option<String>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AskForm {
    mark: String,
    wanted: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_asked.html")]
struct AskedPage {
    frame: ClientFrame,
    errors: FieldErrors,
    mark: String,
    wanted: String,
    /// They may ask, not only look.
    may_ask: bool,
    /// Their files that are being checked, or that could not be taken.
    held: Vec<OwnHeld>,
    lines: Vec<Line>,
}

impl AskedPage {
    fn has_own(&self) -> bool {
        !self.held.is_empty() || !self.lines.is_empty()
    }

    fn heading(&self) -> &'static str {
        if self.has_own() { "document-request-own" } else { "document-request-title" }
    }
}

/// Colour and key of a tag.
fn tag_of(request: &DocumentRequest) -> (&'static str, &'static str) {
    match (request.state, request.kind) {
        (RequestState::Open, RequestKind::Wanted) => ("waiting", "document-request-state-open"),
        (RequestState::Open, RequestKind::Offered) => ("waiting", "document-request-state-sent"),
        (RequestState::Answered, RequestKind::Wanted) => ("good", "document-request-state-answered"),
        (RequestState::Answered, RequestKind::Offered) => ("good", "document-request-state-accepted"),
        (RequestState::Declined, RequestKind::Wanted) => ("stopped", "document-request-state-declined"),
        (RequestState::Declined, RequestKind::Offered) => ("stopped", "document-request-state-not-accepted"),
        (RequestState::TakenBack, RequestKind::Wanted) => ("", "document-request-state-canceled"),
        (RequestState::TakenBack, RequestKind::Offered) => ("", "document-request-state-taken-back"),
    }
}

/// What is said of taking one back.
fn take_back_key(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Wanted => "document-request-cancel",
        RequestKind::Offered => "document-request-take-back",
    }
}

fn line(client: &ClientSession, request: DocumentRequest) -> Line {
    let words = client.words;
    let (tone, key) = tag_of(&request);
    let date = words.date(request.asked_at, &client.zone);
    let asked = if request.kind == RequestKind::Wanted {
        "document-request-asked-on"
    } else {
        "document-request-sent-on"
    };
    Line {
        id: request.request_id.to_string(),
        note: match request.file_name.as_str() {
            "" => words.with1(asked, "date", date),
            name => format!("{} · {name}", words.with1(asked, "date", date)),
        },
        tag: (tone, words.get(key)),
        is_open: request.state == RequestState::Open,
        take_back: words.get(take_back_key(request.kind)),
        answer: request.answer,
        document: request.document_id.map(|id| format!("/portal/documents/{id}")),
        file: request.blob_id.map(|_| format!("{ASKED}/{}/file", request.request_id)),
        wanted: request.wanted,
    }
}

async fn show_own(app: &AppState, client: &ClientSession, form: AskForm, errors: FieldErrors) -> PageResult {
    let access = client.access_id;
    let read = move |c: &mut Scoped<'_>| Ok((store::own(c, &access)?, held_store::of_grant(c, &access)?));
    let (own, held) = app.db.read(&client.scope, read).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = AskedPage {
        errors,
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        wanted: form.wanted,
        may_ask: client.may_act(Right::Documents),
        held: held.into_iter().map(|of| held_pages::client_line(client, of)).collect(),
        lines: own.into_iter().map(|request| line(client, request)).collect(),
        frame: client.frame(app, MINE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// What the reader asked for, and the form that asks.
pub(super) async fn own_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    show_own(&app, &client, AskForm::default(), FieldErrors::new()).await
}

/// Asks for one.
pub(super) async fn ask(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: AskForm = client.form(&body)?;
    let words = client.words;
    let mut errors = FieldErrors::new();
    let wanted = match text::lines(&form.wanted, LONGEST_WISH) {
        Ok(wanted) if wanted.is_empty() => {
            errors.add("wanted", words.get("document-request-missing"));
            return show_own(&app, &client, form, errors).await;
        }
        Ok(wanted) => wanted,
        Err(error) => {
            errors.add("wanted", text_error(words, error));
            return show_own(&app, &client, form, errors).await;
        }
    };
    let mark = FormToken::read("document-request", &client.access_id.to_string(), &form.mark, &body)?;
    let (by, who) = (client.by(), ReaderGrant::of(&client));
    let made = app
        .db
        .write(&client.scope, move |c| {
            made_once(c, &mark, |c| Ok(actions::ask(c, &by, &who, &wanted)?.map(|id| id.to_string())))
        })
        .await?;
    match made {
        Ok(_) => {
            app.live.chart_changed(client.scope.id(), &client.chart_id);
            Ok(see_other(&format!("{ASKED}?done=document-request-sent")))
        }
        Err(NotDone::TooMany) => {
            errors.add("wanted", words.with1("document-request-too-many", "most", MOST_OPEN));
            show_own(&app, &client, form, errors).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_take_back.html")]
struct TakeBackPage {
    frame: ClientFrame,
    id: String,
    question: String,
    button: String,
    what_follows: String,
}

/// Asks before one is taken back.
pub(super) async fn take_back_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let id: DocumentRequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let access = client.access_id;
    let read =
        move |c: &mut Scoped<'_>| Ok(store::find(c, &id)?.filter(|request| request.access_id == access));
    let request = app.db.read(&client.scope, read).await?.ok_or(PageError::NotFound)?;
    if request.state != RequestState::Open {
        // The page says what became of it.
        return Ok(see_other(ASKED));
    }
    let (question, what_follows) = match request.kind {
        RequestKind::Wanted => ("document-request-cancel-title", "document-request-take-back-wanted"),
        RequestKind::Offered => ("document-request-take-back-title", "document-request-take-back-file"),
    };
    let words = client.words;
    let page = TakeBackPage {
        id: request.request_id.to_string(),
        question: words.with1(question, "what", &request.wanted),
        button: words.get(take_back_key(request.kind)),
        what_follows: words.get(what_follows),
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

/// Takes one back.
pub(super) async fn take_back(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id: DocumentRequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let (by, who) = (client.by(), ReaderGrant::of(&client));
    let done = app.db.write(&client.scope, move |c| actions::take_back(c, &by, &who, &id)).await?;
    match done {
        Ok(kind) => {
            app.live.chart_changed(client.scope.id(), &client.chart_id);
            let done = match kind {
                RequestKind::Wanted => "canceled",
                RequestKind::Offered => "taken-back",
            };
            Ok(see_other(&format!("{ASKED}?done=document-request-{done}")))
        }
        // The page says what became of it.
        Err(NotDone::Over(_)) => Ok(see_other(ASKED)),
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_send.html")]
struct SendPage {
    frame: ClientFrame,
    errors: FieldErrors,
    mark: String,
    about: String,
    file: FieldFile,
    most_megabytes: u64,
}

/// The form as it was sent.
#[derive(Default)]
struct Sent {
    mark: String,
    about: String,
    file: Option<Result<Taken, NotTaken>>,
    /// More files came from this account than it may send; this one was not read.
    is_too_often: bool,
}

/// Files that one account may send in an hour, whatever becomes of them.
const SENDING: Limit = Limit { most: 60, seconds: 3_600 };

fn files_key(client: &ClientSession) -> String {
    format!("documents.files.{}", client.account_id)
}

/// Counts one more.
pub(super) async fn may_send(app: &AppState, client: &ClientSession) -> Result<bool, Fault> {
    let key = files_key(client);
    app.db.write(&client.scope, move |c| Ok(limits::count(c, &key, SENDING)? <= SENDING.most)).await
}

fn show_send(app: &AppState, client: &ClientSession, sent: &Sent, errors: FieldErrors) -> PageResult {
    let status = match &sent.file {
        _ if errors.is_empty() => StatusCode::OK,
        Some(Err(NotTaken::TooLarge)) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = SendPage {
        errors,
        mark: FormToken::fresh(app.rng.as_ref()),
        about: sent.about.clone(),
        file: if sent.is_too_often { FieldFile::Gone } else { FieldFile::of(sent.file.clone()) },
        most_megabytes: LARGEST / (1024 * 1024),
        frame: client.frame(app, MINE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that sends a file.
pub(super) async fn send_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    show_send(&app, &client, &Sent::default(), FieldErrors::new())
}

async fn read_sent(
    app: &AppState,
    client: &ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Sent, PageError> {
    let mut sent = Sent::default();
    let sender = Sender { scope: client.scope.clone(), by: client.by(), chart: client.chart_id };
    let of = FileForm { sender, csrf: &client.csrf, limit: Some((files_key(client), SENDING)) };
    let fields = [("mark", &mut sent.mark), ("about", &mut sent.about)];
    match of.read(app, parts, fields).await? {
        SentFile::None => {}
        SentFile::Came(file) => sent.file = Some(file),
        SentFile::TooOften => sent.is_too_often = true,
    }
    Ok(sent)
}

/// Sends a file.
pub(super) async fn send(
    State(app): State<AppState>,
    client: ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let mut sent = read_sent(&app, &client, parts).await?;
    let words = client.words;
    let mut errors = FieldErrors::new();
    let about = match text::lines(&sent.about, LONGEST_WISH) {
        Ok(about) if about.is_empty() => {
            errors.add("about", words.get("document-request-about-missing"));
            None
        }
        Ok(about) => Some(about),
        Err(error) => {
            errors.add("about", text_error(words, error));
            None
        }
    };
    let taken = match &sent.file {
        _ if sent.is_too_often => {
            errors.add("file", words.get("document-request-files-an-hour"));
            None
        }
        Some(Ok(taken)) => Some(taken.clone()),
        Some(Err(why)) => {
            errors.add("file", why_not_taken_by_client(words, *why));
            None
        }
        None => {
            errors.add("file", words.get("documents-file-missing"));
            None
        }
    };
    let (about, taken) = match (about, taken) {
        (Some(about), Some(taken)) => (about, taken),
        _ => return show_send(&app, &client, &sent, errors),
    };
    // Another file under the same mark is another form.
    let typed = Bytes::from(format!("{about}\n{}", taken.sha256));
    let mark = FormToken::read("document-offer", &client.access_id.to_string(), &sent.mark, &typed)?;
    let (by, who) = (client.by(), ReaderGrant::of(&client));
    let made = app
        .db
        .write(&client.scope, move |c| {
            let made = made_once(c, &mark, |c| match taken.scan {
                Scan::Done => {
                    Ok(actions::offer(c, &by, &who, (&taken.upload, &about))?.map(|id| id.to_string()))
                }
                Scan::Waiting => held_pages::hold_offer(c, &by, &who, (&taken.upload, &about)),
            })?;
            // The file of a form that was sent twice.
            discard(c, &taken.upload)?;
            Ok(made)
        })
        .await?;
    match made {
        Ok(made) => {
            app.live.chart_changed(client.scope.id(), &client.chart_id);
            let is_held = made == held_pages::HELD;
            let done = if is_held { "document-request-file-held" } else { "document-request-file-sent" };
            Ok(see_other(&format!("{ASKED}?done={done}")))
        }
        Err(NotDone::TooMany) => {
            errors.add("file", words.with1("document-request-too-many-files", "most", MOST_FILES));
            show_send(&app, &client, &sent, errors)
        }
        // Its file went along when the form was sent before, with other words.
        Err(NotDone::NoFile) => {
            sent.file = None;
            errors.add("file", words.get("documents-file-sent-before"));
            show_send(&app, &client, &sent, errors)
        }
        Err(_) => Err(PageError::NotFound),
    }
}

/// The reader's own file, while it waits.
pub(super) async fn own_file(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let id: DocumentRequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let access = client.access_id;
    let read = move |c: &mut Scoped<'_>| {
        let Some(request) = store::find(c, &id)?.filter(|request| request.access_id == access) else {
            return Ok(None);
        };
        actions::file_of(c, request)
    };
    let (request, blob) = app.db.read(&client.scope, read).await?.ok_or(PageError::NotFound)?;
    Ok(stored_file(&app, &client.scope, client.by(), file_part(&request), &blob, &request.file_name).await?)
}

fn file_part(request: &DocumentRequest) -> FileOf {
    FileOf { chart: request.chart_id, part_of: ("request", request.request_id.to_string()) }
}

/// The file of a client's that waits; that it was read is written down (AUD-01).
pub(super) async fn staff_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: DocumentRequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let by = staff.by();
    let read = move |c: &mut Scoped<'_>| actions::read_file(c, &by, (Some(chart), &id));
    let (request, blob) = app.db.write(&staff.scope, read).await?.ok_or(PageError::NotFound)?;
    Ok(stored_file(&app, &staff.scope, staff.by(), file_part(&request), &blob, &request.file_name).await?)
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ReplyForm {
    document: String,
    title: String,
    kind: String,
    label: String,
    reason: String,
}

/// What staff can do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acts {
    /// Share a document, or decline.
    Share,
    /// Take the file, or decline.
    Accept,
    /// It is over, or somebody else's to do.
    Nothing,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_request.html")]
struct ReplyPage {
    frame: StaffFrame,
    head: RoomHead,
    here: String,
    tab: String,
    name: String,
    heading: String,
    asked: String,
    wanted: String,
    tag: (&'static str, String),
    /// Who ended it, and when.
    ended: Option<String>,
    /// Why it was declined.
    answer: String,
    /// The file, and what it is called.
    file: Option<(String, String)>,
    acts: Acts,
    errors: FieldErrors,
    document: String,
    /// What can be shared.
    documents: Vec<(String, String)>,
    title: String,
    kind: String,
    kinds: Options,
    chosen_label: String,
    labels: Options,
    reason: String,
}

/// A request, with what could be shared for it.
struct Asked {
    place: Place,
    request: DocumentRequest,
    name: String,
    documents: Vec<Document>,
}

impl Asked {
    async fn load(
        app: &AppState,
        staff: &StaffSession,
        (chart, id): &(String, String),
    ) -> Result<Self, PageError> {
        let place = Place::of_chart(app, staff, chart).await?;
        let (chart, id): (_, DocumentRequestId) = (place.chart, id.parse().map_err(|_| PageError::NotFound)?);
        let read = move |c: &mut Scoped<'_>| {
            let Some(request) = store::find(c, &id)?.filter(|request| request.chart_id == chart) else {
                return Ok(None);
            };
            let name = store::name_of(c, &request.access_id)?;
            Ok::<_, Fault>(Some((request, name, documents::list_of(c, &chart)?)))
        };
        let (request, name, mut documents) =
            app.db.read(&staff.scope, read).await?.ok_or(PageError::NotFound)?;
        documents.retain(|of| {
            let is_there = of.state != DocumentState::Withdrawn && !is_never_shared(of.label);
            is_there && of.kind.is_seen_by(staff.role, of.label)
        });
        Ok(Self { place, request, name, documents })
    }

    fn here(&self) -> String {
        format!("{}/asked/{}", tab_of(&self.request.chart_id), self.request.request_id)
    }

    fn acts(&self, staff: &StaffSession) -> Acts {
        match (self.request.state, self.request.kind) {
            (RequestState::Open, RequestKind::Wanted) if staff.may(Permission::ManageDocuments) => {
                Acts::Share
            }
            (RequestState::Open, RequestKind::Offered) => Acts::Accept,
            _ => Acts::Nothing,
        }
    }

    fn page(&self, app: &AppState, staff: &StaffSession, form: ReplyForm, errors: FieldErrors) -> PageResult {
        let words = staff.words;
        let request = &self.request;
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let moment = words.date_time(request.asked_at, &staff.zone);
        let choose = (String::new(), words.get("document-request-choose"));
        let option = |of: &Document| (of.document_id.to_string(), of.title.clone());
        let (tone, tag) = tag_of(request);
        let is_wanted = request.kind == RequestKind::Wanted;
        let heading = if is_wanted { "document-request-staff-title" } else { "document-request-staff-file" };
        let asked = if is_wanted { "document-request-asked-by" } else { "document-request-sent-by" };
        let mut kinds = kinds(words);
        kinds.retain(|(word, _)| {
            word.parse().map_or(true, |kind: DocumentKind| kind.is_seen_by(staff.role, None))
        });
        let mut labels = labels(words);
        labels.retain(|(word, _)| word.parse().map_or(true, |label| !is_never_shared(Some(label))));
        let page = ReplyPage {
            head: self.place.head(app, staff),
            here: self.here(),
            tab: tab_of(&request.chart_id),
            name: self.name.clone(),
            heading: words.get(heading),
            asked: words.with2(asked, "name", &self.name, "moment", moment),
            wanted: request.wanted.clone(),
            tag: (tone, words.get(tag)),
            ended: request.ended_at.filter(|_| !request.ended_by_name.is_empty()).map(|at| {
                let moment = words.date_time(at, &staff.zone);
                words.with2("document-request-ended-by", "name", &request.ended_by_name, "moment", moment)
            }),
            answer: request.answer.clone(),
            file: request.blob_id.map(|_| (format!("{}/file", self.here()), request.file_name.clone())),
            acts: self.acts(staff),
            errors,
            document: form.document,
            documents: std::iter::once(choose).chain(self.documents.iter().map(option)).collect(),
            title: form.title,
            kind: form.kind,
            kinds,
            chosen_label: form.label,
            labels,
            reason: form.reason,
            frame: staff.frame(app, CHARTS),
        };
        Ok((status, html(page.render())?).into_response())
    }
}

/// A request, and the replies to it.
pub(super) async fn reply_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let asked = Asked::load(&app, &staff, &at).await?;
    asked.page(&app, &staff, ReplyForm::default(), FieldErrors::new())
}

async fn reply(
    app: &AppState,
    staff: &StaffSession,
    (asked, form): (&Asked, ReplyForm),
    reply: Reply,
) -> PageResult {
    let (by, chart, id) = (staff.by(), asked.request.chart_id, asked.request.request_id);
    let done = match &reply {
        Reply::Share(_) => "document-request-answered",
        Reply::Accept(_) => "document-request-accepted",
        Reply::Decline(_) => "document-request-declined",
    };
    let mut errors = FieldErrors::new();
    match app.db.write(&staff.scope, move |c| actions::reply(c, &by, (Some(chart), &id), &reply)).await? {
        Ok(()) => {
            app.live.chart_changed(staff.scope.id(), &chart);
            Ok(see_other(&format!("{}?done={done}", tab_of(&chart))))
        }
        // The page says who was faster, and how it ended.
        Err(NotDone::Over(_) | NotDone::NoFile) => {
            Ok(see_other(&format!("{}?done=document-request-over", asked.here())))
        }
        Err(NotDone::Share(Refused::NamedByNote)) => {
            errors.add("document", staff.words.get("documents-named-by-note-share"));
            asked.page(app, staff, form, errors)
        }
        Err(NotDone::Share(why)) => Err(refused(why)),
        Err(NotDone::NotFound | NotDone::TooMany | NotDone::OtherKind) => Err(PageError::NotFound),
    }
}

/// Shares a document for it.
pub(super) async fn answer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let asked = Asked::load(&app, &staff, &at).await?;
    let chosen: Option<DocumentId> = form.document.parse().ok();
    let Some(document) = chosen.filter(|id| asked.documents.iter().any(|of| of.document_id == *id)) else {
        let mut errors = FieldErrors::new();
        errors.add("document", staff.words.get("document-request-document-missing"));
        return asked.page(&app, &staff, form, errors);
    };
    reply(&app, &staff, (&asked, form), Reply::Share(document)).await
}

/// Makes a document of a client's file.
pub(super) async fn accept(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let asked = Asked::load(&app, &staff, &at).await?;
    let mut errors = FieldErrors::new();
    let typed = Typed { title: form.title.clone(), kind: form.kind.clone(), label: form.label.clone() };
    let checked = typed.check(staff.words, &mut errors);
    let (Some(to), true) = (checked, errors.is_empty()) else {
        return asked.page(&app, &staff, form, errors);
    };
    if is_never_shared(to.label) || !to.kind.is_seen_by(staff.role, None) {
        return Err(PageError::BadRequest);
    }
    let to = Accepted { title: to.title, kind: to.kind, label: to.label };
    reply(&app, &staff, (&asked, form), Reply::Accept(to)).await
}

/// Says no. A request for a document is declined by who could share one.
pub(super) async fn decline(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let asked = Asked::load(&app, &staff, &at).await?;
    if asked.request.kind == RequestKind::Wanted && !staff.may(Permission::ManageDocuments) {
        return Err(PageError::NotFound);
    }
    let mut errors = FieldErrors::new();
    let reason = match text::lines(&form.reason, LONGEST_REASON) {
        Ok(reason) if reason.is_empty() => {
            errors.add("reason", staff.words.get("document-request-reason-missing"));
            return asked.page(&app, &staff, form, errors);
        }
        Ok(reason) => reason,
        Err(error) => {
            errors.add("reason", text_error(staff.words, error));
            return asked.page(&app, &staff, form, errors);
        }
    };
    reply(&app, &staff, (&asked, form), Reply::Decline(reason)).await
}
