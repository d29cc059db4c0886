//! `/api/v1/charts/{chart}/close`, `/reopen`, `/freeze` and `/unfreeze`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::{id, shown};
use super::idempotency::{Done, Once, once};
use super::json::{self, ChartJson, RevokeJson};
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::closing::actions::{self, Closing, NotDone};
use crate::features::people;
use crate::kernel::civil::read_day;
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// How a chart is closed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseJson {
    /// Why; staff see it.
    pub reason: String,
    /// The last day on which clients may read; left out: for good.
    #[serde(default)]
    #[schema(format = Date)]
    pub view_until: Option<String>,
    /// The ids of the appointments to come that are canceled; the others stay.
    #[serde(default)]
    pub cancel: Vec<String>,
}

fn field(at: &str, why: &str) -> Problem {
    Problem::fields([(at.to_owned(), why.to_owned())])
}

fn read(asked: &CloseJson) -> Result<Closing, Problem> {
    let no_day = || field("/view_until", "not a day, such as 2026-12-01");
    let view_until = asked.view_until.as_ref().map(|day| read_day(day).ok_or_else(no_day)).transpose()?;
    let no_id = |at: usize| field(&format!("/cancel/{at}"), "no appointment to come of this chart");
    let cancel = asked
        .cancel
        .iter()
        .enumerate()
        .map(|(at, id)| id.parse().map_err(|_| no_id(at)))
        .collect::<Result<_, _>>()?;
    Ok(Closing { reason: json::reason(&asked.reason)?, view_until, cancel })
}

fn refused(why: NotDone) -> Problem {
    match why {
        NotDone::NotFound => problem::NOT_FOUND.into(),
        NotDone::NeedsReason => field("/reason", "must not be empty"),
        NotDone::DayIsOver => field("/view_until", "before today"),
        NotDone::NoSuchAppointment => field("/cancel", "not all are appointments to come of this chart"),
    }
}

fn done(c: &mut Scoped<'_>, chart: ChartId) -> Result<Result<Done, Problem>, Fault> {
    let file = people::load_file(c, &chart)?
        .ok_or_else(|| Fault::Damaged(format!("chart {chart} was changed and is not there")))?;
    Ok(Ok(Done { answer: shown(&file)?, chart }))
}

/// The chart, and why something is done with it.
fn why(caller: &ApiCaller, chart: &str, body: &Bytes) -> Result<(ChartId, String), Problem> {
    let chart: ChartId = id(chart)?;
    let asked: RevokeJson = json::read(caller, body)?;
    Ok((chart, json::reason(&asked.reason)?))
}

/// Close a chart.
///
/// Open invitations and requests to sign are canceled. Clients may read until the day that is given, and pay what is owed.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/close", tag = "Charts", operation_id = "closeChart",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = CloseJson,
    responses((status = 200, description = "The chart as it is now", body = ChartJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn close(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked: Result<(ChartId, Closing), Problem> =
        id(&chart).and_then(|chart| Ok((chart, read(&json::read(&caller, &body)?)?)));
    let by = caller.by();
    once(&app, &caller, &body, move |app, c| {
        let (chart, closing) = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::close_within(app, c, &by, chart, closing)?.map_err(refused));
        done(c, *chart)
    })
    .await
}

/// Open a closed chart again.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/reopen", tag = "Charts", operation_id = "reopenChart",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = RevokeJson,
    responses((status = 200, description = "The chart as it is now", body = ChartJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn reopen(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = why(&caller, &chart, &body);
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        let (chart, reason) = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::reopen_within(c, &by, chart, reason)?.map_err(refused));
        done(c, *chart)
    })
    .await
}

/// Freeze a chart.
///
/// Clients ask for no new appointment and change none; open requests end. Everything else goes on.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/freeze", tag = "Charts", operation_id = "freezeChart",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = RevokeJson,
    responses((status = 200, description = "The chart as it is now", body = ChartJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn freeze(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = why(&caller, &chart, &body);
    let by = caller.by();
    once(&app, &caller, &body, move |app, c| {
        let (chart, reason) = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::freeze_within(app, c, &by, chart, reason)?.map_err(refused));
        done(c, *chart)
    })
    .await
}

/// Unfreeze a chart.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/unfreeze", tag = "Charts", operation_id = "unfreezeChart",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = RevokeJson,
    responses((status = 200, description = "The chart as it is now", body = ChartJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn unfreeze(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = why(&caller, &chart, &body);
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        let (chart, reason) = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::unfreeze_within(c, &by, chart, reason)?.map_err(refused));
        done(c, *chart)
    })
    .await
}
