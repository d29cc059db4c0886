//! The page that freezes a chart, and on a frozen one unfreezes it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::closing::actions::{self, NotDone};
use crate::features::people::{CHARTS, ChartFile, load_file, note_opened};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

#[derive(Template)]
#[template(path = "features/closing/templates/freeze.html")]
struct FreezePage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    /// Since when it is frozen, in words.
    since: Option<String>,
    reason: String,
}

/// What the form sends.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    file: &ChartFile,
    typed: Typed,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    note_opened(app, staff, &file.chart.chart_id);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = FreezePage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        since: file
            .chart
            .frozen_at
            .map(|at| words.with1("closing-frozen-since", "date", words.date(at, &staff.zone))),
        reason: typed.reason,
    };
    Ok((status, html(page.render())?).into_response())
}

fn id_of(chart: &str) -> Result<ChartId, PageError> {
    chart.parse().map_err(|_| PageError::NotFound)
}

/// Asks.
pub(super) async fn show(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    ticket: StaffTicket,
) -> PageResult {
    let id = id_of(&chart)?;
    let (staff, file) = ticket.open(&app, move |c, _| load_file(c, &id)).await?;
    page(&app, &staff, &file.ok_or(PageError::NotFound)?, Typed::default(), FieldErrors::new())
}

/// Freezes it.
pub(super) async fn freeze(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let (id, typed): (ChartId, Typed) = (id_of(&chart)?, staff.form(&body)?);
    let reason = text::line(&typed.reason, REASON).unwrap_or_default();
    let done = actions::freeze(&app, &staff.scope, staff.by(), id, reason).await?;
    answer(&app, &staff, id, typed, done.map(|()| "chart-frozen")).await
}

/// Unfreezes it.
pub(super) async fn unfreeze(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let (id, typed): (ChartId, Typed) = (id_of(&chart)?, staff.form(&body)?);
    let reason = text::line(&typed.reason, REASON).unwrap_or_default();
    let done = actions::unfreeze(&app, &staff.scope, staff.by(), id, reason).await?;
    answer(&app, &staff, id, typed, done.map(|()| "chart-unfrozen")).await
}

async fn answer(
    app: &AppState,
    staff: &StaffSession,
    id: ChartId,
    typed: Typed,
    done: Result<&str, NotDone>,
) -> PageResult {
    match done {
        Ok(word) => Ok(see_other(&format!("/staff/charts/{id}?done={word}"))),
        Err(NotDone::NeedsReason) => {
            let file = app.db.read(&staff.scope, move |c| load_file(c, &id)).await?;
            let mut errors = FieldErrors::new();
            errors.add("reason", staff.words.with1("closing-reason-missing", "most", REASON));
            page(app, staff, &file.ok_or(PageError::NotFound)?, typed, errors)
        }
        Err(_) => Err(PageError::NotFound),
    }
}
