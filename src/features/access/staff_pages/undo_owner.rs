//! The page that undoes a change of a chart's owner.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::chart_access::path;
use super::viewer::Viewer;
use super::wording::refusal_in_words;
use crate::features::access::actions::{self, Act, Refused, Target};
use crate::features::people::{CHARTS, ChartFile, load_file};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

#[derive(askama::Template)]
#[template(path = "features/access/templates/undo_owner.html")]
struct UndoPage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    /// What is undone, or that nothing can be.
    text: String,
    is_open: bool,
    reason: String,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UndoInput {
    reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    file: &ChartFile,
    input: UndoInput,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let viewer = Viewer {
        words,
        zone: &staff.zone,
        now: app.now(),
        may_manage: true,
        may_set_rights: staff.may(Permission::ManageRights),
    };
    let until = file.chart.undo_until.filter(|until| app.now() < *until);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = UndoPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        text: match until {
            Some(until) => words.with2(
                "access-undo-text",
                "name",
                file.owner().0.full_name(),
                "until",
                viewer.when(until).exact,
            ),
            None => words.get("access-refused-nothing-to-undo"),
        },
        is_open: until.is_some(),
        reason: input.reason,
    };
    Ok((status, html(askama::Template::render(&page))?).into_response())
}

async fn load(app: &AppState, staff: &StaffSession, chart: &str) -> Result<ChartFile, PageError> {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| load_file(c, &id)).await?.ok_or(PageError::NotFound)
}

/// Asks once, with the reason.
pub async fn ask(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let file = load(&app, &staff, &chart).await?;
    page(&app, &staff, &file, UndoInput::default(), FieldErrors::new())
}

/// Undoes it.
pub async fn perform(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let input: UndoInput = staff.form(&body)?;
    let file = load(&app, &staff, &chart).await?;
    let id = file.chart.chart_id;
    let reason = text::line(&input.reason, REASON).unwrap_or_default();
    let undo = Act::UndoChangeOwner { reason };
    let refused = match actions::act(&app, &staff.scope, staff.by(), Target::Owner(id), undo).await? {
        Ok(_) => return Ok(see_other(&format!("{}?done=access-ownership-undone", path(&id)))),
        Err(Refused::NotFound) => return Err(PageError::NotFound),
        Err(refused) => refused,
    };
    let mut errors = FieldErrors::new();
    let (field, text) = match refused {
        Refused::NeedsReason => ("reason", staff.words.with1("access-undo-reason-missing", "most", REASON)),
        refused => ("form", refusal_in_words(staff.words, &staff.zone, app.now(), &refused)),
    };
    errors.add(field, text);
    page(&app, &staff, &file, input, errors)
}
