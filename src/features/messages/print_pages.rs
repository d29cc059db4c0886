//! A whole thread to print and to keep, for either side: as a page and as a PDF.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use crate::features::accounts::ClientSession;
use crate::features::messages::actions::{Look, Part, ThreadView};
use crate::features::messages::chart_pages::{ids, path_of};
use crate::features::messages::client_pages::{MINE, readers_words, subject_for};
use crate::features::messages::export::{self, Paper};
use crate::features::messages::lifecycle::Side;
use crate::features::messages::thread::{self, MessageLine};
use crate::features::people::CHARTS;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ThreadId;
use crate::platform::state::AppState;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, is_read};

#[derive(Template)]
#[template(path = "features/messages/templates/client_print.html")]
struct ClientPrint {
    frame: ClientFrame,
    back: String,
    practice: String,
    subject: String,
    facts: Vec<String>,
    lines: Vec<MessageLine>,
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_print.html")]
struct StaffPrint {
    frame: StaffFrame,
    back: String,
    practice: String,
    subject: String,
    facts: Vec<String>,
    lines: Vec<MessageLine>,
}

async fn clients(
    app: &AppState,
    client: &ClientSession,
    id: &str,
    (method, headers): (Method, HeaderMap),
) -> Result<(ThreadId, Paper), PageError> {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    // A staff member who looks at a client's pages prints on their own side.
    if client.onlooker().is_some() {
        return Err(PageError::NotFound);
    }
    let look = if client.is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let view = export::for_client(app, client, id, look).await?.ok_or(PageError::NotFound)?;
    let (words, zone, now) = (client.words, &client.zone, app.now());
    let readers = readers_words(client, now, &view);
    Ok((
        id,
        Paper {
            practice: client.practice.name.clone(),
            subject: subject_for(client, &view.thread, view.from),
            facts: export::facts(words, readers, words.date_time_zone(now, zone), &view),
            lines: thread::lines(words, zone, now, Side::Client, "", &view),
        },
    ))
}

/// The page that a client prints.
pub(super) async fn client_page(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> PageResult {
    let (id, paper) = clients(&app, &client, &id, (method, headers)).await?;
    let Paper { practice, subject, facts, lines } = paper;
    let (frame, back) = (client.frame(&app, MINE), format!("/portal/messages/{id}"));
    html(ClientPrint { frame, back, practice, subject, facts, lines }.render())
}

/// The PDF that a client keeps.
pub(super) async fn client_file(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let (id, paper) = clients(&app, &client, &id, (method, headers)).await?;
    Ok(export::pdf(client.words, id, paper).await?)
}

async fn staffs(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (&str, &str),
    (method, headers): (Method, HeaderMap),
) -> Result<(ThreadView, Paper), PageError> {
    let at = ids(chart, thread)?;
    let look = if is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let view = export::for_staff(app, staff, at, look).await?.ok_or(PageError::NotFound)?;
    let (words, zone, now) = (staff.words, &staff.zone, app.now());
    let with = thread::readers_words(words, zone, now, &view);
    let readers = words.with2("messages-readers-staff", "client", view.names_without(None), "with", with);
    let subject = match view.part {
        Part::Own => thread::subject_words(words, &view.thread),
        Part::LooksOn => view.thread.subject.clone(),
    };
    let paper = Paper {
        practice: staff.practice.name.clone(),
        subject,
        facts: export::facts(words, readers, words.date_time_zone(now, zone), &view),
        lines: thread::lines(words, zone, now, Side::Practice, "", &view),
    };
    Ok((view, paper))
}

/// The page that a staff member prints.
pub(super) async fn staff_page(
    State(app): State<AppState>,
    staff: StaffSession,
    method: Method,
    headers: HeaderMap,
    Path((chart, thread)): Path<(String, String)>,
) -> PageResult {
    let (view, paper) = staffs(&app, &staff, (&chart, &thread), (method, headers)).await?;
    let Paper { practice, subject, facts, lines } = paper;
    let (frame, back) = (staff.frame(&app, CHARTS), path_of(&view.thread.chart, &view.thread.id));
    html(StaffPrint { frame, back, practice, subject, facts, lines }.render())
}

/// The PDF that a staff member keeps.
pub(super) async fn staff_file(
    State(app): State<AppState>,
    staff: StaffSession,
    method: Method,
    headers: HeaderMap,
    Path((chart, thread)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (view, paper) = staffs(&app, &staff, (&chart, &thread), (method, headers)).await?;
    Ok(export::pdf(staff.words, view.thread.id, paper).await?)
}
