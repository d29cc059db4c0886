//! `/api/v1/info-changes`: what clients changed of their information in the portal, and what becomes of it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::caller::ApiCaller;
use super::charts::{MOST, cursor, cut, id, limit, query};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::information::actions::{self, Decision, Decisions, FormerName, NotDone};
use crate::features::information::{self, Beside, Coverage, FieldRow, InfoChange, Position, value_json};
use crate::features::people::{self, ChartFile};
use crate::kernel::ids::InfoChangeId;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// A field of a change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InfoFieldJson {
    /// Its name, as a chart has it: `last_name`, `birth_date`, `phones`, …
    pub field: String,
    /// `written`, `told` (written, nobody of the practice has seen it yet), `seen`, `pending`, `taken`, `left`,
    /// `superseded` or `taken_back`.
    pub state: String,
    /// What was on file when the client changed it. Of addresses a list.
    pub seen: Value,
    /// What the client wants, or wrote.
    pub asked: Value,
    /// What is on file now.
    pub on_file: Value,
    /// Why it was left.
    pub reason: String,
    /// Who decided; empty where nobody has, and where the client did.
    pub decided_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub decided_at: Option<String>,
}

/// What a client changed, in one go.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InfoChangeJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// The chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// The grant by which it was changed.
    #[schema(format = "uuid")]
    pub grant_id: String,
    /// Who changed it, by the name they had then.
    pub by: String,
    /// What they are to the client; empty for the client.
    pub relation: String,
    /// When.
    #[schema(format = DateTime)]
    pub submitted_at: String,
    /// Its fields.
    pub fields: Vec<InfoFieldJson>,
}

/// A page of changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InfoChangeList {
    /// The changes that wait for the practice, the oldest first.
    pub changes: Vec<InfoChangeJson>,
    /// The `cursor` of the next page; null on the last.
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InfoChangeQuery {
    /// 1 to 100; 50 where it is left out
    limit: Option<usize>,
    /// What `next` of the page before says
    cursor: Option<String>,
}

/// What becomes of one field.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldDecisionJson {
    /// `take`, `leave`, or `see` for a field whose state is `told`.
    pub decision: String,
    /// With `take`: what was on file when it was decided, as it was read. Where something else is by now, nothing is
    /// written.
    #[serde(default)]
    pub on_file: Option<Value>,
    /// With `leave`: why, at most 500 characters. The client reads it.
    #[serde(default)]
    pub reason: String,
}

/// What becomes of a change. Fields that are left out go on waiting.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideJson {
    /// By field.
    pub fields: BTreeMap<String, FieldDecisionJson>,
    /// With a new last name: does the one on file become a former one? It does where this is left out.
    #[serde(default)]
    pub keep_former_last_name: Option<bool>,
    /// Why a birth date is right with which somebody sees more of the chart.
    #[serde(default)]
    pub birth_date_reason: String,
}

fn beside(c: &mut Scoped<'_>, file: &ChartFile, fields: &[FieldRow]) -> Result<Beside, Fault> {
    Beside::load(c, file, fields.iter().map(|row| row.path.as_str()))
}

fn shown(change: &InfoChange, fields: &[FieldRow], file: &ChartFile, beside: &Beside) -> InfoChangeJson {
    InfoChangeJson {
        id: change.change_id.to_string(),
        chart_id: change.chart_id.to_string(),
        grant_id: change.access_id.to_string(),
        by: change.by_name.clone(),
        relation: change.relation.clone(),
        submitted_at: change.submitted_at.to_string(),
        fields: fields
            .iter()
            .map(|row| InfoFieldJson {
                field: row.path.clone(),
                state: row.state.to_string(),
                seen: value_json(&row.path, &row.seen_value),
                asked: value_json(&row.path, &row.new_value),
                on_file: value_json(
                    &row.path,
                    &information::on_file(file, beside, &change.account_id, &row.path),
                ),
                reason: row.reason.clone(),
                decided_by: row.decided_by_name.clone(),
                decided_at: row.decided_at.map(|at| at.to_string()),
            })
            .collect(),
    }
}

fn load(c: &mut Scoped<'_>, id: &InfoChangeId) -> Result<Option<(InfoChangeJson, InfoChange)>, Fault> {
    let Some((change, fields)) = information::change_with_fields(c, id)? else { return Ok(None) };
    let Some(file) = people::load_file(c, &change.chart_id)? else { return Ok(None) };
    let beside = beside(c, &file, &fields)?;
    Ok(Some((shown(&change, &fields, &file, &beside), change)))
}

/// List what clients changed and nobody of the practice has decided or seen.
#[utoipa::path(get, path = "/api/v1/info-changes", tag = "Information", operation_id = "listInfoChanges",
    params(InfoChangeQuery),
    responses((status = 200, description = "A page of changes", body = InfoChangeList), Usual),
    security(("api_key" = ["info:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: InfoChangeQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?.min(MOST);
    let after: Option<InfoChangeId> = cursor(asked.cursor.as_deref())?;
    let list = app
        .db
        .read(&caller.scope, move |c| {
            let mut found = information::waiting_changes(c, after.as_ref(), most + 1)?;
            let next = cut(&mut found, most, |(change, _)| change.change_id.to_string());
            let charts: Vec<_> = found.iter().map(|(change, _)| change.chart_id).collect();
            let files = people::load_files(c, &charts)?;
            let mut changes = Vec::with_capacity(found.len());
            for (change, fields) in &found {
                if let Some(file) = files.iter().find(|file| file.chart.chart_id == change.chart_id) {
                    let beside = beside(c, file, fields)?;
                    changes.push(shown(change, fields, file, &beside));
                }
            }
            Ok(InfoChangeList { changes, next })
        })
        .await?;
    Ok(Answer::ok(list)?.into_response())
}

/// Read what a client changed.
#[utoipa::path(get, path = "/api/v1/info-changes/{change}", tag = "Information", operation_id = "readInfoChange",
    params(("change" = String, Path, description = "The change's id")),
    responses((status = 200, description = "The change", body = InfoChangeJson), Usual),
    security(("api_key" = ["info:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(change): Path<String>) -> ApiResult {
    let change: InfoChangeId = id(&change)?;
    let found = app.db.read(&caller.scope, move |c| load(c, &change)).await?;
    let (shown, _) = found.ok_or(problem::NOT_FOUND)?;
    Ok(Answer::ok(shown)?.into_response())
}

/// The decisions of a body about one change.
fn decisions(
    change: InfoChangeId,
    body: &DecideJson,
    before: &InfoChangeJson,
    insurance: &[(Position, Coverage)],
) -> Result<Decisions, Problem> {
    let wrong =
        |field: &str, detail: &str| Problem::fields([(format!("/fields/{field}"), detail.to_owned())]);
    let mut all = Decisions {
        former_name: match body.keep_former_last_name {
            Some(false) => FormerName::Drop,
            _ => FormerName::Keep,
        },
        birth_reason: body.birth_date_reason.clone(),
        ..Decisions::default()
    };
    for (field, said) in &body.fields {
        let decision = match said.decision.as_str() {
            "take" => {
                let Some(seen) = &said.on_file else {
                    return Err(wrong(field, "say in `on_file` what was on file when it was decided"));
                };
                let now = before.fields.iter().find(|row| row.field == *field).map(|row| &row.on_file);
                if now.is_some_and(|now| now != seen) {
                    return Err(changed(field));
                }
                // Compared once more in the transaction that writes.
                let coverage = Position::of_path(field).map(|position| {
                    let known = insurance.iter().find(|(known, _)| *known == position);
                    known.map(|(_, coverage)| coverage.value()).unwrap_or_default()
                });
                let text = match (coverage, seen) {
                    (Some(coverage), _) => coverage,
                    (None, Value::String(text)) => text.clone(),
                    (None, list) => serde_json::from_value::<Vec<people::TypedAddress>>(list.clone())
                        .ok()
                        .and_then(|rows| serde_json::to_string(&rows).ok())
                        .unwrap_or_default(),
                };
                Decision::Take { on_file: text }
            }
            "leave" => Decision::Leave { reason: said.reason.clone() },
            "see" => Decision::See,
            _ => return Err(wrong(field, "`decision` is take, leave or see")),
        };
        all.fields.push((change, field.clone(), decision));
    }
    Ok(all)
}

fn changed(field: &str) -> Problem {
    Problem::from(problem::CHANGED_ON_FILE).with("field", field)
}

fn refused(caller_words: crate::platform::i18n::Words, why: NotDone) -> Problem {
    match why {
        NotDone::NotFound => problem::NOT_FOUND.into(),
        NotDone::Fields(problems) => json::field_problems(&problems, caller_words),
        NotDone::ChangedMeanwhile(field) => changed(&field),
        NotDone::Decided(field, _) => Problem::from(problem::DECIDED).with("field", field),
        NotDone::ReasonMissing(field) => {
            Problem::fields([(format!("/fields/{field}/reason"), "must not be empty".to_owned())])
        }
        NotDone::ReasonUnreadable(field) => Problem::fields([(
            format!("/fields/{field}/reason"),
            "at most 500 characters that can be printed".to_owned(),
        )]),
        NotDone::TooMany(_) => problem::TOO_MANY_REQUESTS.into(),
        // Pictures come in by the portal alone.
        NotDone::CardGone => problem::NOT_FOUND.into(),
    }
}

/// Decide what a client asked for: take it, leave it with a reason, or say that it is seen.
///
/// All of it is done or nothing. A field that was changed on the chart since is not written over.
#[utoipa::path(post, path = "/api/v1/info-changes/{change}/decide", tag = "Information", operation_id = "decideInfoChange",
    params(("change" = String, Path, description = "The change's id"), Once),
    request_body = DecideJson,
    responses((status = 200, description = "The change as it is now", body = InfoChangeJson), Usual),
    security(("api_key" = ["info:write"])))]
pub async fn decide(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(change): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked: Result<(InfoChangeId, DecideJson), Problem> =
        id(&change).and_then(|change| Ok((change, json::read(&caller, &body)?)));
    let (by, words) = (caller.by(), caller.words);
    once(&app, &caller, &body, move |app, c| {
        let (change, asked) = match &asked {
            Ok(asked) => asked,
            Err(problem) => return Ok(Err(problem.clone())),
        };
        let Some((before, row)) = load(c, change)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        let insurance = information::active_coverages(c, &row.chart_id)?;
        let wanted = granted!(decisions(*change, asked, &before, &insurance));
        if let Err(why) = actions::decide_within(app, c, &by, &row.chart_id, &wanted)? {
            return Ok(Err(refused(words, why)));
        }
        let now = load(c, change)?
            .ok_or_else(|| Fault::Damaged(format!("change {change} was decided and is not there")))?;
        Ok(Ok(Done { answer: Answer::ok(now.0)?, chart: row.chart_id }))
    })
    .await
}
