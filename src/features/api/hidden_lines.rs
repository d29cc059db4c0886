//! `/api/v1/charts/{chart}/access-log/hidden`: whose lines of a client's log an official's word keeps hidden
//! (45 CFR 164.528(a)(2)).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::id;
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::access_log::{
    ORAL_DAYS, REASON, Statement, Suspend, Suspension, WrongDay, actors, check_day, resume, suspend,
    suspensions_of,
};
use crate::features::people;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChartId, SuspensionId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Lines that stay hidden from the client.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HiddenLinesJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// `staff` or `api_key`.
    pub actor_kind: String,
    /// Whose lines.
    #[schema(format = "uuid")]
    pub actor: String,
    /// The name they had.
    pub actor_name: String,
    /// The last day on which they are hidden.
    #[schema(format = "date")]
    pub until: String,
    /// `written` or `oral`.
    pub statement: String,
    /// Who asked for it.
    pub reason: String,
    /// Who noted it.
    pub by: String,
    /// When.
    #[schema(format = DateTime)]
    pub since: String,
    /// When they were shown again before their day.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl HiddenLinesJson {
    fn of(row: Suspension) -> Self {
        Self {
            id: row.suspension_id.to_string(),
            actor_kind: row.actor_kind,
            actor: row.actor_id,
            actor_name: row.actor_name,
            until: row.until_on,
            statement: row.statement.word().to_owned(),
            reason: row.reason,
            by: row.by_name,
            since: row.created_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
        }
    }
}

/// What is or was hidden of a log, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HiddenLinesList {
    /// Each with whose lines and until when.
    pub hidden: Vec<HiddenLinesJson>,
}

/// Whose lines are to be hidden.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HideLinesJson {
    /// `staff` or `api_key`.
    pub actor_kind: String,
    /// Whoever did something with the chart.
    #[schema(format = "uuid")]
    pub actor: String,
    /// How the official said it: `written`, or `oral`, which holds for 30 days at most.
    pub statement: String,
    /// The last day on which they are hidden.
    #[schema(format = "date")]
    pub until: String,
    /// Which official has asked for it.
    pub reason: String,
}

fn load(c: &mut Scoped<'_>, chart: &ChartId) -> Result<HiddenLinesList, Fault> {
    let hidden = suspensions_of(c, chart)?.into_iter().map(HiddenLinesJson::of).collect();
    Ok(HiddenLinesList { hidden })
}

/// Read whose lines of a client's log are or were hidden.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/access-log/hidden", tag = "Charts", operation_id = "listHiddenLines",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "What is hidden, and what was", body = HiddenLinesList), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, Path(chart): Path<String>) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let read = move |c: &mut Scoped<'_>| {
        if people::is_chart(c, &chart)? { Ok::<_, Fault>(Some(load(c, &chart)?)) } else { Ok(None) }
    };
    let found = app.db.read(&caller.scope, read).await?;
    Ok(Answer::ok(found.ok_or(problem::NOT_FOUND)?)?.into_response())
}

fn wrong(field: &str, why: impl Into<String>) -> Problem {
    Problem::fields([(field.to_owned(), why.into())])
}

fn hide_in(
    c: &mut Scoped<'_>,
    caller: &ApiCaller,
    chart: &ChartId,
    asked: &HideLinesJson,
) -> Result<Result<(), Problem>, Fault> {
    if !people::is_chart(c, chart)? {
        return Ok(Err(problem::NOT_FOUND.into()));
    }
    let known = actors(c, chart)?;
    let actor = known.into_iter().find(|(kind, id, _)| (kind, id) == (&asked.actor_kind, &asked.actor));
    let actor =
        granted!(actor.ok_or_else(|| wrong("/actor", "nobody of this kind and id is in the chart's log")));
    let statement =
        asked.statement.parse::<Statement>().map_err(|_| wrong("/statement", "`written` or `oral`"));
    let statement = granted!(statement);
    let until =
        granted!(read_day(&asked.until).ok_or_else(|| wrong("/until", "not a day, such as 2026-12-01")));
    let today = caller.practice.today(c.now());
    granted!(check_day(statement, until, today).map_err(|why| match why {
        WrongDay::Over => wrong("/until", "is over"),
        WrongDay::TooLate =>
            wrong("/until", format!("at most {ORAL_DAYS} days ahead, where it was only said")),
    }));
    let reason = text::line(&asked.reason, REASON).map_err(|error| wrong("/reason", error.to_string()));
    let reason = granted!(reason);
    if reason.is_empty() {
        return Ok(Err(wrong("/reason", "must not be empty")));
    }
    suspend(c, &caller.by(), chart, &Suspend { actor, until, statement, reason })?;
    Ok(Ok(()))
}

/// Hide somebody's lines of a client's log until the end of a day, because an official has asked for it.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/access-log/hidden", tag = "Charts", operation_id = "hideLines",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = HideLinesJson,
    responses((status = 200, description = "What is hidden now", body = HiddenLinesList), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn hide(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked: HideLinesJson = json::read(&caller, &body)?;
    let inside = caller.clone();
    once(&app, &caller, &body, move |_, c| {
        granted!(hide_in(c, &inside, &chart, &asked)?);
        Ok(Ok(Done { answer: Answer::ok(load(c, &chart)?)?, chart }))
    })
    .await
}

/// Show the lines again before their day.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/access-log/hidden/{hidden}/show", tag = "Charts",
    operation_id = "showLines",
    params(("chart" = String, Path, description = "The chart's id"),
        ("hidden" = String, Path, description = "The id of what is hidden"), Once),
    responses((status = 200, description = "What is hidden now", body = HiddenLinesList), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn show(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((chart, hidden)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let (chart, hidden): (ChartId, SuspensionId) = (id(&chart)?, id(&hidden)?);
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        if !resume(c, &by, &chart, &hidden)? {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        Ok(Ok(Done { answer: Answer::ok(load(c, &chart)?)?, chart }))
    })
    .await
}
