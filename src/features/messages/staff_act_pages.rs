//! What staff do with a thread on pages of their own: move it, take a message back, say why they read somebody else's.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::COMMUNICATIONS_TAB;
use crate::features::calendar::clinicians;
use crate::features::messages::actions::NotDone;
use crate::features::messages::chart_pages::{ids, path_of};
use crate::features::messages::handover::{self, Earlier, Target};
use crate::features::messages::opening::{self, Door};
use crate::features::messages::readers::{Addressee, StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, Thread};
use crate::features::messages::thread;
use crate::features::messages::withdraw::{BackIn, withdraw_by_staff};
use crate::features::people::{CHARTS, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

#[derive(Template)]
#[template(path = "features/messages/templates/staff_move.html")]
struct MovePage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    base: String,
    subject: String,
    with: String,
    to: String,
    choices: Vec<(String, String)>,
    earlier: bool,
    /// A question waits, which goes along.
    waits: bool,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct MoveForm {
    to: String,
    earlier: String,
}

async fn show_move(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    form: MoveForm,
    errors: FieldErrors,
) -> PageResult {
    let (who, role) = (staff.staff_id, staff.role);
    let viewer = Viewer::of(app, staff);
    let unit = move |c: &mut Scoped<'_>| {
        let reader = StaffReader::load(c, who, role)?;
        let is_theirs =
            |thread: &Thread| thread.chart == at.0 && staff_reads(thread.to, &reader) == StaffReads::Words;
        let Some(thread) = store::find(c, &at.1)?.filter(is_theirs) else { return Ok(None) };
        let Some(room) = load_room(c, viewer, &at.0)? else { return Ok(None) };
        let with = store::clinician_name(c, thread.to)?;
        Ok(Some((room, thread, with, clinicians(c)?)))
    };
    let found = app.db.read(&staff.scope, unit).await?;
    let (room, thread, with, people) = found.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let desk =
        [(Addressee::FrontDesk, "messages-to-front-desk"), (Addressee::Billing, "messages-to-billing")]
            .into_iter()
            .filter(|(to, _)| thread.to != *to)
            .map(|(to, key)| (to.to_form(), words.get(key)));
    let people = people
        .into_iter()
        .filter(|(id, _)| thread.to != Addressee::Clinician(*id))
        .map(|(id, name)| (id.to_string(), name));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = MovePage {
        frame: staff.frame(app, CHARTS),
        errors,
        base: path_of(&at.0, &at.1),
        subject: thread::subject_words(words, &thread),
        with: thread::with_words(words, thread.to, with.as_deref()),
        to: form.to,
        choices: desk.chain(people).collect(),
        earlier: !form.earlier.is_empty(),
        waits: thread.standing.wait().is_some(),
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks where a thread goes.
pub(super) async fn move_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
) -> PageResult {
    show_move(&app, &staff, ids(&chart, &thread)?, MoveForm::default(), FieldErrors::new()).await
}

/// Moves a thread. Who does not read it any more comes to the chart.
pub(super) async fn transfer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: MoveForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let mut errors = FieldErrors::new();
    let Some(to) = Addressee::of_form(&form.to) else {
        errors.add("to", staff.words.get("messages-error-move-to"));
        return show_move(&app, &staff, at, form, errors).await;
    };
    let earlier = if form.earlier.is_empty() { Earlier::Hidden } else { Earlier::Read };
    match handover::transfer_by_staff(&app, &staff, at, Target { to, earlier }).await? {
        Ok(moved) => {
            let reader = StaffReader::alone(staff.staff_id, staff.role);
            Ok(see_other(&if staff_reads(moved.to, &reader) == StaffReads::Words {
                format!("{}?done=thread-moved", path_of(&at.0, &at.1))
            } else {
                format!("/staff/charts/{}/communications?done=thread-moved", at.0)
            }))
        }
        Err(NotDone::NotAReader) if to.also_needs().is_some() => {
            errors.add("to", staff.words.get("messages-error-move-billing"));
            show_move(&app, &staff, at, form, errors).await
        }
        Err(NotDone::SameAudience | NotDone::NotAClinician) => {
            errors.add("to", staff.words.get("messages-error-move-to"));
            show_move(&app, &staff, at, form, errors).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct TakeBackForm {
    seq: i32,
}

/// Takes one's own message back. What was taken back already is taken back.
pub(super) async fn take_back(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: TakeBackForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let here = path_of(&at.0, &at.1);
    Ok(see_other(&match withdraw_by_staff(&app, &staff, at, form.seq).await? {
        Ok(BackIn::Thread) => format!("{here}?done=message-taken-back#f-text"),
        Ok(BackIn::NewMessage) => format!("/staff/charts/{}/messages/new?done=message-taken-back", at.0),
        Err(NotDone::ReadAlready) => format!("{here}?done=message-read-already"),
        Err(NotDone::TooLate) => format!("{here}?done=message-too-late"),
        Err(_) => return Err(PageError::NotFound),
    }))
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_reason.html")]
struct ReasonPage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    base: String,
    chart: ChartId,
    /// They read it anyway.
    is_open: bool,
    with: String,
    reason: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ReasonForm {
    reason: String,
}

async fn show_reason(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    form: ReasonForm,
    errors: FieldErrors,
) -> PageResult {
    let (who, role) = (staff.staff_id, staff.role);
    let viewer = Viewer::of(app, staff);
    let unit = move |c: &mut Scoped<'_>| {
        let reader = StaffReader::load(c, who, role)?;
        let Some((thread, door)) = opening::door(c, &reader, at)? else { return Ok(None) };
        let Some(room) = load_room(c, viewer, &at.0)? else { return Ok(None) };
        let with = store::clinician_name(c, thread.to)?;
        Ok(Some((room, thread, door, with)))
    };
    let found = app.db.read(&staff.scope, unit).await?;
    let (room, thread, door, with) = found.ok_or(PageError::NotFound)?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ReasonPage {
        frame: staff.frame(app, CHARTS),
        errors,
        base: path_of(&at.0, &at.1),
        chart: at.0,
        is_open: door == Door::Open,
        with: thread::with_words(staff.words, thread.to, with.as_deref()),
        reason: form.reason,
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks an administrator why they read a thread that is not theirs.
pub(super) async fn reason_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
) -> PageResult {
    show_reason(&app, &staff, ids(&chart, &thread)?, ReasonForm::default(), FieldErrors::new()).await
}

/// Opens it for that reason.
pub(super) async fn open_with_reason(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReasonForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let reason = match text::line(&form.reason, REASON) {
        Ok(reason) if !reason.is_empty() => reason,
        _ => {
            let mut errors = FieldErrors::new();
            errors.add("reason", staff.words.with1("messages-error-reason", "most", REASON));
            return show_reason(&app, &staff, at, form, errors).await;
        }
    };
    match opening::open(&app, &staff, at, reason).await? {
        Ok(()) => Ok(see_other(&path_of(&at.0, &at.1))),
        Err(_) => Err(PageError::NotFound),
    }
}
