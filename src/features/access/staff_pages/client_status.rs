//! The page that says by whose law the client comes of age, since when they count as an adult by a court's word, and the
//! day of their death.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::chart_access::path;
use super::wording::refusal_in_words;
use crate::features::access::actions::{self, ClientStatus, Refused};
use crate::features::people::{CHARTS, ChartFile, load_file, note_opened};
use crate::features::practice::{PlaceOfLaw, places_of_law};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::db::Scoped;
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
    /// The places to choose from; none where the practice has only its own.
    places: Vec<(String, String)>,
}

/// What the form sends.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatusInput {
    seen: String,
    emancipated_on: String,
    deceased_on: String,
    jurisdiction: String,
    reason: String,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (file, places): &Found,
    input: StatusInput,
    errors: FieldErrors,
) -> PageResult {
    note_opened(app, staff, &file.chart.chart_id);
    let own = || staff.words.get("access-status-place-own");
    let name = |place: &PlaceOfLaw| if place.is_own() { own() } else { place.name.clone() };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = StatusPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        seen: file.client.version,
        input,
        places: places.iter().map(|place| (place.code.clone(), name(place))).collect(),
    };
    Ok((status, html(askama::Template::render(&page))?).into_response())
}

/// A chart, and the places of law of the practice.
type Found = (ChartFile, Vec<PlaceOfLaw>);

async fn load(app: &AppState, staff: &StaffSession, chart: &str) -> Result<Found, PageError> {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let read = move |c: &mut Scoped<'_>| Ok((load_file(c, &id)?, places_of_law(c)?));
    let (file, places) = app.db.read(&staff.scope, read).await?;
    Ok((file.ok_or(PageError::NotFound)?, places))
}

/// The form as it stands on file.
pub async fn show(State(app): State<AppState>, staff: StaffSession, Path(chart): Path<String>) -> PageResult {
    let found = load(&app, &staff, &chart).await?;
    let (chart, client) = (&found.0.chart, &found.0.client);
    let input = StatusInput {
        emancipated_on: client.emancipated_on.clone().unwrap_or_default(),
        deceased_on: client.deceased_on.clone().unwrap_or_default(),
        jurisdiction: chart.jurisdiction.clone(),
        ..StatusInput::default()
    };
    page(&app, &staff, &found, input, FieldErrors::new())
}

/// Saves it.
pub async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let input: StatusInput = staff.form(&body)?;
    let found = load(&app, &staff, &chart).await?;
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
        jurisdiction: Some(input.jurisdiction.clone()).filter(|code| !code.is_empty()),
    };
    let reason = text::line(&input.reason, REASON).unwrap_or_default();
    if reason.is_empty() {
        errors.add("reason", words.with1("access-status-reason-missing", "most", REASON));
    }
    if !errors.is_empty() {
        return page(&app, &staff, &found, input, errors);
    }
    let (id, seen) = (found.0.chart.chart_id, input.seen.parse().unwrap_or(0));
    let saved =
        actions::set_client_status(&app, &staff.scope, staff.by(), id, (seen, status), reason).await?;
    match saved {
        Ok(()) => Ok(see_other(&format!("{}?done=access-terms", path(&id)))),
        Err(Refused::NotFound) => Err(PageError::NotFound),
        Err(refused) => {
            let field = if refused == Refused::DayToCome { "deceased_on" } else { "form" };
            let found = load(&app, &staff, &chart).await?;
            errors.add(field, refusal_in_words(words, &staff.zone, app.now(), &refused));
            page(&app, &staff, &found, input, errors)
        }
    }
}
