//! `/api/v1/jurisdictions` and `/api/v1/charts/{chart}/client-status`: by whose law clients come of age, and the days that
//! decide over everybody's access.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::caller::ApiCaller;
use super::charts::{id, shown};
use super::idempotency::Answer;
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::rules_json::{ClientStatusJson, JurisdictionJson, Jurisdictions, SetJurisdictionJson};
use super::usual::Usual;
use crate::features::access::Refused;
use crate::features::access::actions::{ClientStatus, LawRefused, Widening, save_law, set_client_status};
use crate::features::people;
use crate::features::practice::{Jurisdiction, LeapDay, MAJORITIES, PlaceOfLaw, places_of_law, read_code};
use crate::kernel::civil::read_day;
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::state::AppState;

/// Characters of a name or a source.
const MOST: usize = 200;

fn wrong(field: &str, text: impl Into<String>) -> Problem {
    Problem::fields([(field.to_owned(), text.into())])
}

fn line(field: &str, typed: &str) -> Result<String, Problem> {
    text::line(typed, MOST).map_err(|error| wrong(field, error.to_string()))
}

fn read(code: &str, asked: &SetJurisdictionJson, by: String) -> Result<PlaceOfLaw, Problem> {
    let code = read_code(code).filter(|read| read == code).ok_or(problem::NOT_FOUND)?;
    let is_own = code == Jurisdiction::PRACTICE;
    let name = line("/name", &asked.name)?;
    if is_own != name.is_empty() {
        return Err(wrong("/name", if is_own { "the practice's own has none" } else { "needed" }));
    }
    if !MAJORITIES.contains(&asked.majority_age) {
        return Err(wrong("/majority_age", format!("{} to {}", MAJORITIES.start(), MAJORITIES.end())));
    }
    let leap_day: LeapDay = asked.leap_day.parse().map_err(|_| wrong("/leap_day", "`mar1` or `feb28`"))?;
    let source = line("/source", &asked.source)?;
    if source.is_empty() {
        return Err(wrong("/source", "needed"));
    }
    let law = Jurisdiction { majority_age: asked.majority_age, leap_day };
    Ok(PlaceOfLaw { code, name, law, source, confirmed_by_name: by })
}

async fn all(app: &AppState, caller: &ApiCaller) -> ApiResult {
    let places = app.db.read(&caller.scope, places_of_law).await?;
    let jurisdictions = places.iter().map(JurisdictionJson::of).collect();
    Ok(Answer::ok(Jurisdictions { jurisdictions })?.into_response())
}

/// List the places by whose law clients come of age.
#[utoipa::path(get, path = "/api/v1/jurisdictions", tag = "Grants", operation_id = "listJurisdictions",
    responses((status = 200, description = "The places, the practice's own first", body = Jurisdictions), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    all(&app, &caller).await
}

/// Say what the law of a place says, or add the place.
///
/// Whoever sees what follows at once. Where somebody would see more by it, `opens_more` has to say so.
#[utoipa::path(post, path = "/api/v1/jurisdictions/{jurisdiction}", tag = "Grants", operation_id = "setJurisdiction",
    params(("jurisdiction" = String, Path, description = "The place's code, such as `us-mi`; `practice` for the practice's own")),
    request_body = SetJurisdictionJson,
    responses((status = 200, description = "The places as they are now", body = Jurisdictions), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn set(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(code): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read::<SetJurisdictionJson>(&caller, &body)?;
    let place = read(&code, &asked, caller.by().actor.name())?;
    let widening = if asked.opens_more { Widening::Wanted } else { Widening::NotSeen };
    match save_law(&app, &caller.scope, caller.by(), place, widening).await? {
        Ok(()) => all(&app, &caller).await,
        Err(LawRefused::TooMany) => Err(wrong("/name", "there are too many places")),
        Err(LawRefused::OpensMore(effect)) => {
            Err(wrong("/opens_more", format!("{} people would see more by it", effect.more)))
        }
    }
}

/// Note by whose law the client of a chart comes of age, since when they count as an adult, and the day of their death.
///
/// Everybody's access follows from these days at once; a mistake is taken back by sending the right ones.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/client-status", tag = "Charts", operation_id = "setClientStatus",
    params(("chart" = String, Path, description = "The chart's id")),
    request_body = ClientStatusJson,
    responses((status = 200, description = "The chart as it is now", body = super::json::ChartJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn set_status(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked = json::read::<ClientStatusJson>(&caller, &body)?;
    let day = |field: &str, text: &Option<String>| {
        let no_day = || wrong(field, "not a day, such as 2026-12-01");
        text.as_ref().map(|day| read_day(day).ok_or_else(no_day)).transpose()
    };
    let status = ClientStatus {
        emancipated_on: day("/emancipated_on", &asked.emancipated_on)?,
        deceased_on: day("/deceased_on", &asked.deceased_on)?,
        jurisdiction: asked.jurisdiction.clone(),
    };
    let reason = json::reason(&asked.reason)?;
    if let Some(code) = &asked.jurisdiction {
        let places = app.db.read(&caller.scope, places_of_law).await?;
        if !places.iter().any(|place| place.code == *code) {
            return Err(wrong("/jurisdiction", "no such place"));
        }
    }
    let found = app.db.read(&caller.scope, move |c| people::load_file(c, &chart)).await?;
    let seen = found.ok_or(problem::NOT_FOUND)?.client.version;
    match set_client_status(&app, &caller.scope, caller.by(), chart, (seen, status), reason).await? {
        Ok(()) => {}
        Err(Refused::NotFound) => return Err(problem::NOT_FOUND.into()),
        Err(Refused::DayToCome) => return Err(wrong("/deceased_on", "a day to come")),
        Err(Refused::NeedsReason) => return Err(wrong("/reason", "must not be empty")),
        Err(_) => return Err(problem::PRECONDITION_FAILED.into()),
    }
    let file = app.db.read(&caller.scope, move |c| people::load_file(c, &chart)).await?;
    Ok(shown(&file.ok_or(problem::NOT_FOUND)?)?.into_response())
}
