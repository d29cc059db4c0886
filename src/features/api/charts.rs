//! `/api/v1/charts`: an EHR makes, reads, finds and changes charts.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use jiff::civil::Date;

use super::caller::ApiCaller;
use super::idempotency::{Answer, Done, Once, once};
use super::json::{self, ChartJson, ChartList, ChartPatch, ChartQuery, NewChart};
use super::precondition::must_match;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::charts::{self, PageFrom, Search};
use crate::features::people::{self, ChartFile, FaceSheet, Typed};
use crate::kernel::civil::DateOrder;
use crate::kernel::ids::ChartId;
use crate::platform::audit;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;

/// The most that one page holds.
pub const MOST: usize = 100;

/// A query string, strictly.
pub fn query<T: serde::de::DeserializeOwned>(raw: Option<&str>) -> Result<T, Problem> {
    // An empty cursor reads as none; a program that lost its place would begin again without noticing.
    if raw.unwrap_or_default().split('&').any(|pair| pair == "cursor=" || pair == "cursor") {
        return Err(no_cursor());
    }
    serde_html_form::from_str(raw.unwrap_or_default())
        .map_err(|e| Problem::from(problem::MALFORMED).saying(format!("The query: {e}")))
}

/// A page's size.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(50) {
        n if (1..=MOST).contains(&n) => Ok(n),
        _ => Err(Problem::from(problem::MALFORMED).saying(format!("`limit` is 1 to {MOST}."))),
    }
}

/// One of a list of words in the query.
pub fn word<T: std::str::FromStr>(name: &str, asked: Option<&str>) -> Result<Option<T>, Problem> {
    asked
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse().map_err(|_| {
                Problem::from(problem::MALFORMED).saying(format!("`{name}` is none of the words it can be."))
            })
        })
        .transpose()
}

/// The answer to a cursor that leads nowhere.
pub fn no_cursor() -> Problem {
    Problem::from(problem::MALFORMED).saying("`cursor` is what `next` of the page before says.")
}

/// Where a page begins; left out: at the beginning. An empty one is none.
pub fn cursor<T: std::str::FromStr>(asked: Option<&str>) -> Result<Option<T>, Problem> {
    asked.map(|text| text.parse().map_err(|_| no_cursor())).transpose()
}

/// Cuts rows, of which one more than `most` was read if there are so many, to a page; gives the cursor of the next page,
/// if there is one.
pub fn cut<R>(rows: &mut Vec<R>, most: usize, cursor_of: impl Fn(&R) -> String) -> Option<String> {
    let has_more = rows.len() > most;
    rows.truncate(most);
    rows.last().filter(|_| has_more).map(cursor_of)
}

fn today(app: &AppState, caller: &ApiCaller) -> Date {
    caller.practice.today(app.now())
}

/// An id in a path: what is no id is not there.
pub fn id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| problem::NOT_FOUND.into())
}

fn refused(words: Words, refused: &charts::Refused) -> Problem {
    match refused {
        charts::Refused::NotFound => problem::NOT_FOUND.into(),
        charts::Refused::Fields(problems) => json::field_problems(problems, words),
        charts::Refused::Stale(_) => problem::PRECONDITION_FAILED.into(),
    }
}

/// List and search charts.
#[utoipa::path(get, path = "/api/v1/charts", tag = "Charts", operation_id = "listCharts", params(ChartQuery),
    responses((status = 200, description = "A page of charts", body = ChartList), Usual),
    security(("api_key" = ["charts:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: ChartQuery = query(raw.as_deref())?;
    let mut search = Search::read(&asked.q, DateOrder::MonthFirst, today(&app, &caller));
    search.portal = word("portal", asked.portal.as_deref())?;
    if let Some(sort) = word("sort", asked.sort.as_deref())? {
        search.sort = sort;
    }
    search.limit = limit(asked.limit)?;
    if let Some(after) = cursor(asked.cursor.as_deref())? {
        search.from = PageFrom::After(after);
    }
    let found = app.db.read(&caller.scope, move |c| charts::find(c, &search)).await?;
    if found.starts_over {
        return Err(no_cursor());
    }
    let next = found.rows.last().filter(|_| found.has_next).map(|row| row.chart_id.to_string());
    let list = ChartList { charts: found.rows.into_iter().map(Into::into).collect(), next };
    Ok(Answer::ok(list)?.into_response())
}

async fn show(app: &AppState, caller: &ApiCaller, id: ChartId) -> Result<Answer, Problem> {
    let file = app.db.read(&caller.scope, move |c| people::load_file(c, &id)).await?;
    let file = file.ok_or(problem::NOT_FOUND)?;
    Ok(shown(&file)?)
}

/// A chart as an answer, with its ETag.
pub(super) fn shown(file: &ChartFile) -> Result<Answer, Fault> {
    Ok(Answer::ok(ChartJson::from(file))?.version(file.chart.version))
}

/// Make a chart.
#[utoipa::path(post, path = "/api/v1/charts", tag = "Charts", operation_id = "createChart",
    request_body = NewChart, params(Once),
    responses((status = 201, description = "The chart, with its ETag and Location", body = ChartJson), Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn create(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let sheet = sheet(&app, &caller, &body);
    let (by, words) = (caller.by(), caller.words);
    once(&app, &caller, &body, move |app, c| {
        let sheet = granted!(sheet.as_ref().map_err(Problem::clone));
        let chart = match charts::create_within(app, c, &by, sheet)? {
            Ok(created) => created.chart,
            Err(why) => return Ok(Err(refused(words, &why))),
        };
        let file = people::load_file(c, &chart)?
            .ok_or_else(|| Fault::Damaged(format!("chart {chart} was made and is not there")))?;
        let answer = shown(&file)?.created_at(format!("/api/v1/charts/{chart}"));
        Ok(Ok(Done { answer, chart }))
    })
    .await
}

/// A new chart's face sheet, checked.
fn sheet(app: &AppState, caller: &ApiCaller, body: &Bytes) -> Result<FaceSheet, Problem> {
    let new: NewChart = json::read(caller, body)?;
    Typed::from(new)
        .check(today(app, caller))
        .map_err(|problems| json::field_problems(&problems, caller.words))
}

/// Read a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}", tag = "Charts", operation_id = "readChart",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The chart, with its ETag", body = ChartJson), Usual),
    security(("api_key" = ["charts:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(chart): Path<String>) -> ApiResult {
    let chart = id(&chart)?;
    let answer = show(&app, &caller, chart).await?;
    let event = audit::Event::new(caller.by(), people::PeopleAction::Opened).on_chart(&chart);
    app.readings.note(*caller.scope.id(), event, app.now());
    Ok(answer.into_response())
}

/// Change a chart.
///
/// Send If-Match with the ETag that you read: a change that somebody made meanwhile is never written over.
#[utoipa::path(patch, path = "/api/v1/charts/{chart}", tag = "Charts", operation_id = "changeChart",
    params(("chart" = String, Path, description = "The chart's id"),
        ("If-Match" = String, Header, description = "The ETag that you read, or several; `*` is refused")),
    request_body = ChartPatch,
    responses((status = 200, description = "The chart as it is now, with its new ETag", body = ChartJson),
        (status = 412, description = "Changed meanwhile", body = json::ProblemJson, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing, or `*`", body = json::ProblemJson, content_type = "application/problem+json"),
        Usual),
    security(("api_key" = ["charts:write"])))]
pub async fn change(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let mut patch: ChartPatch = json::read(&caller, &body)?;
    let reason = json::reason(&patch.reason.take().unwrap_or_default())?;
    let why = charts::Why::Said { email: reason.clone(), birth_date: reason };
    let of = chart.clone();
    let file = app.db.read(&caller.scope, move |c| people::load_file(c, &of)).await?;
    let file = file.ok_or(problem::NOT_FOUND)?;
    must_match(&caller.headers, file.chart.version)?;
    let sheet = patch
        .over(&file)
        .check(today(&app, &caller))
        .map_err(|problems| json::field_problems(&problems, caller.words))?;
    let version = file.chart.version;
    charts::update_face_sheet(&app, &caller.scope, caller.by(), chart.clone(), version, sheet, why)
        .await?
        .map_err(|r| refused(caller.words, &r))?;
    Ok(show(&app, &caller, chart).await?.into_response())
}
