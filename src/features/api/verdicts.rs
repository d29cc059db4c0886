//! `/api/v1/grants/{grant}/verdict`: how far a grant goes under each right on a day, and what limits it.

use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::ApiCaller;
use super::charts::{id, query};
use super::idempotency::Answer;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::access::permission::{Facts, Item, decide};
use crate::features::access::{facts_on, load_access};
use crate::features::documents;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{AccessId, DocumentId};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::Right;
use crate::platform::state::AppState;

/// On which day, and of which document.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VerdictQuery {
    /// A civil date of the practice's zone, such as a birthday; left out: today. What is on file counts as it is now.
    pub on: Option<String>,
    /// A document of the grant's chart.
    pub document: Option<String>,
}

/// How far something goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictJson {
    /// `none`, `view` or `act`.
    pub level: String,
    /// What limits it first: `grant`, `dates`, `chart`, `life`, `terms`, `age`, `label`, `withheld` or `share`; absent where
    /// nothing does. For the practice alone: a client never learns it.
    pub why: Option<String>,
}

/// How far a right goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RightVerdictJson {
    /// The right.
    pub right: String,
    /// How far it goes.
    #[serde(flatten)]
    pub verdict: VerdictJson,
}

/// What a grant opens on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictsJson {
    /// The day.
    #[schema(format = "date")]
    pub on: String,
    /// Under each right.
    pub rights: Vec<RightVerdictJson>,
    /// With the document that was asked for.
    pub document: Option<VerdictJson>,
}

fn verdict(facts: &Facts, right: Right, item: Option<&Item>) -> VerdictJson {
    let verdict = decide(facts, right, item);
    VerdictJson { level: verdict.level.word().to_owned(), why: verdict.why.map(|cap| cap.word().to_owned()) }
}

fn read_in(
    c: &mut Scoped<'_>,
    access: &AccessId,
    (on, document): (Option<Date>, Option<DocumentId>),
) -> Result<Result<VerdictsJson, Problem>, Fault> {
    let missing = || Problem::from(problem::NOT_FOUND);
    let facts = granted!(facts_on(c, access, on)?.ok_or_else(missing));
    let document = match document {
        None => None,
        Some(id) => {
            let chart = load_access(c, access)?.map(|row| row.chart_id);
            let found = documents::find(c, &id)?.filter(|document| Some(document.chart_id) == chart);
            let found = granted!(found.ok_or_else(missing));
            let item = documents::item_for(c, &found, access)?;
            Some(verdict(&facts, Right::Documents, Some(&item)))
        }
    };
    let of = |right: &Right| RightVerdictJson {
        right: right.word().to_owned(),
        verdict: verdict(&facts, *right, None),
    };
    let rights = Right::ALL.iter().map(of).collect();
    Ok(Ok(VerdictsJson { on: facts.today.to_string(), rights, document }))
}

/// Read how far a grant goes under each right, today or on another day, and what limits it.
#[utoipa::path(get, path = "/api/v1/grants/{grant}/verdict", tag = "Grants", operation_id = "readVerdict",
    params(("grant" = String, Path, description = "The grant's id"), VerdictQuery),
    responses((status = 200, description = "A verdict for each right", body = VerdictsJson), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn read(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let access: AccessId = id(&grant)?;
    let asked: VerdictQuery = query(raw.as_deref())?;
    let no_day = || Problem::from(problem::MALFORMED).saying("`on` is a day, such as 2026-12-01.");
    let on = asked.on.as_deref().map(|text| read_day(text).ok_or_else(no_day)).transpose()?;
    let document = asked.document.as_deref().map(id).transpose()?;
    let found = app.db.read(&caller.scope, move |c| read_in(c, &access, (on, document))).await?;
    Ok(Answer::ok(found?)?.into_response())
}
