//! A client's messages: the list, one thread, and writing.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method};

use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::messages::actions::{self, Look, NotDone, ThreadView};
use crate::features::messages::lifecycle::Side;
use crate::features::messages::readers::Addressee;
use crate::features::messages::store::{self, Place};
use crate::features::messages::thread::{self, MessageLine};
use crate::kernel::ids::{StaffId, ThreadId};
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, is_read, see_other};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/messages");

/// The word of the front desk in the form.
const FRONT_DESK: &str = "front_desk";

struct Line {
    href: String,
    subject: String,
    with: String,
    at: Stamp,
    tag: (&'static str, String),
    is_unread: bool,
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_list.html")]
struct List {
    frame: ClientFrame,
    for_client: Option<String>,
    may_write: bool,
    lines: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

/// What the address says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
    before: String,
}

/// My threads.
pub(super) async fn list(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Query(asked): Query<Asked>,
) -> PageResult {
    let after = Place::read(&asked.after);
    let (client, page) = ticket
        .open(&app, move |c, client| store::inbox(c, &client.chart_id, &client.person_id, after))
        .await?;
    let (words, now) = (client.words, app.now());
    let lines = page
        .lines
        .into_iter()
        .filter(|line| client.may_view_item(Right::Messages, &line.thread.item()))
        .map(|line| Line {
            href: format!("/portal/messages/{}", line.thread.id),
            with: thread::with_words(words, line.thread.to, line.with.as_deref()),
            at: words.stamp(line.thread.last_at, &client.zone, now),
            tag: thread::standing_tag(words, Side::Client, line.thread.standing),
            subject: line.thread.subject,
            is_unread: line.is_unread,
        })
        .collect();
    let list = List {
        for_client: client.for_client.clone(),
        may_write: client.may_act(Right::Messages),
        lines,
        next: page.next.map(|place| format!("/portal/messages?after={}", place.to_text())),
        is_first: after.is_none(),
        frame: client.frame(&app, MINE),
    };
    html(list.render())
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_thread.html")]
struct ThreadPage {
    frame: ClientFrame,
    errors: FieldErrors,
    id: ThreadId,
    subject: String,
    readers: String,
    tag: (&'static str, String),
    lines: Vec<MessageLine>,
    earlier: Option<i32>,
    /// Is this the page of the newest messages?
    is_newest: bool,
    may_write: bool,
    mark: String,
    text: String,
}

/// What was typed, with the mark of its form.
struct Draft {
    mark: String,
    text: String,
}

fn thread_page(
    app: &AppState,
    client: &ClientSession,
    view: &ThreadView,
    before: Option<i32>,
    draft: Draft,
    errors: FieldErrors,
) -> ThreadPage {
    let words = client.words;
    let thread = &view.thread;
    let with = thread::with_words(words, thread.to, view.with.as_deref());
    ThreadPage {
        id: thread.id,
        subject: thread.subject.clone(),
        readers: words.with1("messages-readers", "with", with),
        tag: thread::standing_tag(words, Side::Client, thread.standing),
        lines: thread::lines(words, &client.zone, app.now(), Side::Client, &view.messages),
        earlier: thread::earlier(view),
        is_newest: before.is_none(),
        may_write: client.may_act(Right::Messages),
        mark: draft.mark,
        text: draft.text,
        errors,
        frame: client.frame(app, MINE),
    }
}

/// One thread.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    let before: Option<i32> = asked.before.parse().ok();
    let look = if is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let view = actions::look_as_client(&app, &client, id, before, look).await?.ok_or(PageError::NotFound)?;
    let draft = Draft { mark: FormToken::fresh(app.rng.as_ref()), text: String::new() };
    html(thread_page(&app, &client, &view, before, draft, FieldErrors::new()).render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WriteForm {
    mark: String,
    text: String,
}

/// The same page again, with what was typed and what is wrong with it.
async fn write_again(
    app: &AppState,
    client: &ClientSession,
    id: ThreadId,
    form: WriteForm,
    errors: FieldErrors,
) -> PageResult {
    let view =
        actions::look_as_client(app, client, id, None, Look::Read).await?.ok_or(PageError::NotFound)?;
    let draft = Draft { mark: form.mark, text: form.text };
    unprocessable(thread_page(app, client, &view, None, draft, errors).render())
}

/// Writes into a thread. The same form sent twice makes one message.
pub(super) async fn write(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = client.form(&body)?;
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    let words = client.words;
    let mut errors = FieldErrors::new();
    let Some(text) = thread::read_text(words, &form.text, &mut errors) else {
        return write_again(&app, &client, id, form, errors).await;
    };
    let mark = FormToken::read("message", &client.account_id.to_string(), &form.mark, &body)?;
    match actions::write_by_client(&app, &client, id, text, mark).await? {
        Ok(thread) => Ok(see_other(&format!("/portal/messages/{thread}?done=message-sent"))),
        Err(NotDone::TooMany) => {
            errors.add("text", words.get("messages-error-too-many"));
            write_again(&app, &client, id, form, errors).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NewForm {
    chart: String,
    mark: String,
    to: String,
    subject: String,
    text: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_new.html")]
struct NewPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    chart: String,
    mark: String,
    to: String,
    choices: Vec<(String, String)>,
    subject: String,
    text: String,
}

async fn form_page(
    app: &AppState,
    client: &ClientSession,
    form: NewForm,
    errors: FieldErrors,
) -> Result<NewPage, PageError> {
    let chart = client.chart_id;
    let clinicians = app.db.read(&client.scope, move |c| actions::clinicians_of(c, &chart)).await?;
    let words = client.words;
    let desk = (FRONT_DESK.to_owned(), words.get("messages-to-front-desk"));
    let clinicians = clinicians
        .into_iter()
        .map(|(id, name)| (id.to_string(), words.with1("messages-to-clinician", "name", name)));
    Ok(NewPage {
        for_client: client.for_client.clone(),
        chart: chart.to_string(),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        to: if form.to.is_empty() { FRONT_DESK.to_owned() } else { form.to },
        choices: std::iter::once(desk).chain(clinicians).collect(),
        subject: form.subject,
        text: form.text,
        errors,
        frame: client.frame(app, MINE),
    })
}

/// The form.
pub(super) async fn new_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    html(form_page(&app, &client, NewForm::default(), FieldErrors::new()).await?.render())
}

/// Whom the form names.
fn addressee(typed: &str) -> Option<Addressee> {
    if typed == FRONT_DESK {
        return Some(Addressee::FrontDesk);
    }
    typed.parse::<StaffId>().ok().map(Addressee::Clinician)
}

/// Begins a thread. The same form sent twice makes one.
pub(super) async fn begin(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: NewForm = client.form(&body)?;
    // In another tab the view may have turned to another chart: nothing is sent about it by mistake.
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    let words = client.words;
    let mark = FormToken::read("thread", &client.account_id.to_string(), &form.mark, &body)?;
    let mut errors = FieldErrors::new();
    let to = addressee(&form.to);
    if to.is_none() {
        errors.add("to", words.get("messages-error-to"));
    }
    let subject = thread::read_subject(words, &form.subject, &mut errors);
    let text = thread::read_text(words, &form.text, &mut errors);
    if let (Some(to), Some(subject), Some(text)) = (to, subject, text) {
        match actions::begin_by_client(&app, &client, to, subject, text, mark).await? {
            Ok(thread) => return Ok(see_other(&format!("/portal/messages/{thread}?done=message-sent"))),
            Err(NotDone::TooMany) => errors.add("text", words.get("messages-error-too-many")),
            Err(NotDone::NotAClinician) => errors.add("to", words.get("messages-error-to")),
            Err(_) => return Err(PageError::NotFound),
        }
    }
    unprocessable(form_page(&app, &client, form, errors).await?.render())
}
