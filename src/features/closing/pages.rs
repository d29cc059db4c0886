//! The page that closes a chart, and on a closed one opens it again.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts;
use crate::features::appointments::{Appointment, AppointmentLabels};
use crate::features::closing::actions::{self, Closing, NotDone, to_come};
use crate::features::people::{CHARTS, ChartFile, load_file, note_opened};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::civil::read_day;
use crate::kernel::ids::{AppointmentId, ChartId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

struct Ahead {
    id: AppointmentId,
    text: String,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "features/closing/templates/close.html")]
struct ClosePage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    /// Is the chart closed, so that the page opens it again?
    is_closed: bool,
    /// Until when clients may read a closed chart.
    reading: String,
    reason: String,
    view_until: String,
    ahead: Vec<Ahead>,
    /// Who gets a mail about those that are canceled.
    mail: String,
}

/// What was typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    reason: String,
    view_until: String,
    /// The appointments to cancel; all of them before anybody has typed.
    cancel: Option<Vec<String>>,
}

impl Typed {
    fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let mut typed = Self { cancel: Some(Vec::new()), ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "reason" => typed.reason = value,
                "view_until" => typed.view_until = value,
                "cancel" => typed.cancel.get_or_insert_default().push(value),
                _ => return None,
            }
        }
        Some(typed)
    }

    fn cancels(&self, id: &AppointmentId) -> bool {
        self.cancel.as_ref().is_none_or(|ids| ids.contains(&id.to_string()))
    }
}

/// The chart, its appointments to come, and whether anybody gets a mail about them.
type Found = (ChartFile, Vec<Appointment>, bool);

fn load(c: &mut Scoped<'_>, id: &ChartId) -> Result<Option<Found>, Fault> {
    let Some(file) = load_file(c, id)? else { return Ok(None) };
    let ahead = to_come(c, id)?;
    let is_mailed = accounts::reaches_anybody(c, id, Right::Appointments)?;
    Ok(Some((file, ahead, is_mailed)))
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (file, ahead, is_mailed): &Found,
    typed: &Typed,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    note_opened(app, staff, &file.chart.chart_id);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let until = file.chart.client_view_until.as_ref().and_then(|day| read_day(day));
    let page = ClosePage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        is_closed: file.chart.state != "open",
        reading: match until {
            Some(day) => words.with1("closing-reading-until", "day", words.civil_date(day)),
            None => words.get("closing-reading"),
        },
        reason: typed.reason.clone(),
        view_until: typed.view_until.clone(),
        mail: accounts::mail_in_words(words, file, "closing-appointments-mail", *is_mailed),
        ahead: ahead
            .iter()
            .map(|appointment| {
                let labels = AppointmentLabels::of(words, &staff.zone, appointment);
                Ahead {
                    id: appointment.appointment_id,
                    text: format!("{} · {}", labels.when, labels.what),
                    is_ticked: typed.cancels(&appointment.appointment_id),
                }
            })
            .collect(),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks, with what ends.
pub(super) async fn show(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    ticket: StaffTicket,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let (staff, found) = ticket.open(&app, move |c, _| load(c, &id)).await?;
    page(&app, &staff, &found.ok_or(PageError::NotFound)?, &Typed::default(), FieldErrors::new())
}

/// Closes it.
pub(super) async fn close(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let typed = Typed::read(staff.form(&body)?).ok_or(PageError::BadRequest)?;
    let mut errors = FieldErrors::new();
    let view_until = match typed.view_until.trim() {
        "" => None,
        day => {
            let day = read_day(day);
            if day.is_none() {
                errors.add("view_until", staff.words.get("closing-no-day"));
            }
            day
        }
    };
    let ids = typed.cancel.iter().flatten().map(|id| id.parse());
    let cancel = ids.collect::<Result<Vec<AppointmentId>, _>>().map_err(|_| PageError::BadRequest)?;
    if errors.is_empty() {
        let reason = text::line(&typed.reason, REASON).unwrap_or_default();
        let closing = Closing { reason, view_until, cancel };
        match actions::close(&app, &staff.scope, staff.by(), id, closing).await? {
            Ok(()) => return Ok(see_other(&format!("/staff/charts/{id}?done=chart-closed"))),
            Err(why) => refused(&staff, why, &mut errors)?,
        }
    }
    again(&app, &staff, id, &typed, errors).await
}

/// Opens it again.
pub(super) async fn reopen(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let typed = Typed::read(staff.form(&body)?).ok_or(PageError::BadRequest)?;
    let reason = text::line(&typed.reason, REASON).unwrap_or_default();
    let mut errors = FieldErrors::new();
    match actions::reopen(&app, &staff.scope, staff.by(), id, reason).await? {
        Ok(()) => return Ok(see_other(&format!("/staff/charts/{id}?done=chart-reopened"))),
        Err(why) => refused(&staff, why, &mut errors)?,
    }
    again(&app, &staff, id, &typed, errors).await
}

fn refused(staff: &StaffSession, why: NotDone, errors: &mut FieldErrors) -> Result<(), PageError> {
    let words = staff.words;
    match why {
        NotDone::NotFound => return Err(PageError::NotFound),
        NotDone::NeedsReason => errors.add("reason", words.with1("closing-reason-missing", "most", REASON)),
        NotDone::DayIsOver => errors.add("view_until", words.get("closing-day-over")),
        NotDone::NoSuchAppointment => errors.add("form", words.get("closing-appointment-gone")),
    }
    Ok(())
}

async fn again(
    app: &AppState,
    staff: &StaffSession,
    id: ChartId,
    typed: &Typed,
    errors: FieldErrors,
) -> PageResult {
    let found = app.db.read(&staff.scope, move |c| load(c, &id)).await?.ok_or(PageError::NotFound)?;
    page(app, staff, &found, typed, errors)
}
