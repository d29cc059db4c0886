//! `/api/v1/charts/{chart}/access-log`: who opened or changed something of a client's record.

use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::{cursor, cut, id, limit, query};
use super::idempotency::Answer;
use super::json::PageQuery;
use super::problem::{self, ApiResult};
use super::usual::Usual;
use crate::features::access_log::{Acts, Who, log_of_chart, what_words, who_words};
use crate::features::people::load_file;
use crate::kernel::ids::ChartId;
use crate::platform::state::AppState;

/// One line of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogLineJson {
    /// The event of the audit trail.
    #[schema(format = "uuid")]
    pub id: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// `holder` (somebody with access), `staff` or `program`.
    pub by: String,
    /// Their name, in words.
    pub who: String,
    /// What was done, such as `document.opened`.
    pub action: String,
    /// The same in words.
    pub text: String,
}

/// A page of the log, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccessLog {
    /// Its lines.
    pub lines: Vec<LogLineJson>,
    /// The cursor of the next page; absent at the end.
    pub next: Option<String>,
}

/// Read who opened or changed something of a chart, as its client reads it.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/access-log", tag = "Charts", operation_id = "readAccessLog",
    params(("chart" = String, Path, description = "The chart's id"), PageQuery),
    responses((status = 200, description = "A page of the log", body = AccessLog), Usual),
    security(("api_key" = ["charts:read"])))]
pub async fn of_chart(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked: PageQuery = query(raw.as_deref())?;
    let (before, most) = (cursor(asked.cursor.as_deref())?, limit(asked.limit)?);
    let wanted = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let found = app
        .db
        .read(&caller.scope, move |c| {
            if load_file(c, &chart)?.is_none() {
                return Ok(None);
            }
            Ok(Some(log_of_chart(c, &chart, Acts::All(None), before, wanted)?))
        })
        .await?;
    let mut lines = found.ok_or(problem::NOT_FOUND)?;
    let next = cut(&mut lines, most, |line| line.id.to_string());
    let words = caller.words;
    let lines = lines
        .into_iter()
        .map(|line| LogLineJson {
            id: line.id.to_string(),
            at: line.at.to_string(),
            by: match &line.who {
                Who::You | Who::Holder(_) => "holder",
                Who::Staff(..) => "staff",
                Who::Program(_) => "program",
            }
            .to_owned(),
            who: who_words(words, &line.who),
            text: what_words(words, &line.action),
            action: line.action,
        })
        .collect();
    Ok(Answer::ok(AccessLog { lines, next })?.into_response())
}
