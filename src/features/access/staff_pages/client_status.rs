//! The page that says since when the client counts as an adult by a court's word, and the day of their death.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::chart_access::path;
use super::wording::refusal_in_words;
use crate::features::access::actions::{self, ClientStatus, Refused};
use crate::features::people::{CHARTS, ChartFile, load_file};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Characters of a reason.
const REASON: usize = 200;

#[derive(askama::Template)]
#[template(path = "features/access/templates/client_status.html")]
struct StatusPage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    seen: i64,
    input: StatusInput,
}

/// What the form sends.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatusInput {
    seen: String,
    emancipated_on: String,
    deceased_on: String,
    reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    file: &ChartFile,
    input: StatusInput,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = StatusPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        seen: file.client.version,
        input,
    };
    Ok((status, html(askama::Template::render(&page))?).into_response())
}

async fn load(app: &AppState, staff: &StaffSession, chart: &str) -> Result<ChartFile, PageError> {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    app.db.read(&staff.scope, move |c| load_file(c, &id)).await?.ok_or(PageError::NotFound)
}

/// The form as it stands on file.
pub async fn show(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let file = load(&app, &staff, &chart).await?;
    let input = StatusInput {
        emancipated_on: file.client.emancipated_on.clone().unwrap_or_default(),
        deceased_on: file.client.deceased_on.clone().unwrap_or_default(),
        ..StatusInput::default()
    };
    page(&app, &staff, &file, input, FieldErrors::new())
}

/// Saves it.
pub async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let input: StatusInput = staff.form(&body)?;
    let file = load(&app, &staff, &chart).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let mut day = |field: &str, typed: &str| match typed.trim() {
        "" => None,
        typed => {
            let day = read_day(typed);
            if day.is_none() {
                errors.add(field, words.get("access-rights-no-day"));
            }
            day
        }
    };
    let status = ClientStatus {
        emancipated_on: day("emancipated_on", &input.emancipated_on),
        deceased_on: day("deceased_on", &input.deceased_on),
    };
    let reason = text::line(&input.reason, REASON).unwrap_or_default();
    if reason.is_empty() {
        errors.add("reason", words.with1("access-status-reason-missing", "most", REASON));
    }
    if !errors.is_empty() {
        return page(&app, &staff, &file, input, errors);
    }
    let (id, seen) = (file.chart.chart_id, input.seen.parse().unwrap_or(0));
    let saved =
        actions::set_client_status(&app, &staff.scope, staff.by(), id, (seen, status), reason).await?;
    match saved {
        Ok(()) => Ok(see_other(&format!("{}?done=access-terms", path(&id)))),
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(refused) => {
            let field = if refused == Refused::DayToCome { "deceased_on" } else { "form" };
            let file = load(&app, &staff, &chart).await?;
            errors.add(field, refusal_in_words(words, &staff.zone, app.now(), &refused));
            page(&app, &staff, &file, input, errors)
        }
    }
}
