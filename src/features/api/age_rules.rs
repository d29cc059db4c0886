//! `/api/v1/age-rules`: what is left of a parent's or guardian's access from an age of the client on.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use jiff::civil::Date;

use super::caller::ApiCaller;
use super::charts::id;
use super::idempotency::Answer;
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::rules_json::{AgeRuleJson, AgeRules, NewAgeRuleJson};
use super::usual::Usual;
use crate::features::access::actions::{NewAgeRule, RuleRefused, add_age_rule, end_age_rule};
use crate::features::access::age::AssentRule;
use crate::features::access::age_rule_rows;
use crate::features::access::permission::Basis;
use crate::features::practice::Jurisdiction;
use crate::kernel::ids::AgeRuleId;
use crate::kernel::text;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;

/// Characters of a source.
const SOURCE: usize = 200;

fn refused(refused: RuleRefused) -> Problem {
    let at = |field: &str, text: &str| Problem::fields([(field.to_owned(), text.to_owned())]);
    match refused {
        RuleRefused::NotFound => problem::NOT_FOUND.into(),
        RuleRefused::BeginsTooSoon => at("/effective_from", "tomorrow at the earliest"),
        RuleRefused::ThereIsOne => at("/from_age", "there is a rule for this age from this day on"),
        RuleRefused::TooMany => at("/from_age", "there are too many rules"),
        RuleRefused::NoSuchPlace => at("/jurisdiction", "no such place"),
    }
}

fn day(field: &str, text: &str) -> Result<Date, Problem> {
    text.parse()
        .map_err(|_| Problem::fields([(format!("/{field}"), "not a day, such as 2026-12-01".to_owned())]))
}

fn read(asked: &NewAgeRuleJson) -> Result<NewAgeRule, Problem> {
    let wrong = |field: String, text: &str| Problem::fields([(field, text.to_owned())]);
    if !(1..=25).contains(&asked.from_age) {
        return Err(wrong("/from_age".into(), "1 to 25"));
    }
    let mut bases = Vec::new();
    for (at, word) in asked.bases.iter().enumerate() {
        let basis = word.parse::<Basis>().ok().filter(|basis| basis.ends_at_majority());
        bases.push(basis.ok_or_else(|| wrong(format!("/bases/{at}"), "a rule does not limit this basis"))?);
    }
    if bases.is_empty() {
        return Err(wrong("/bases".into(), "nobody is limited"));
    }
    let mut caps: Vec<(Right, Level)> = Vec::new();
    for (at, word) in asked.caps.iter().enumerate() {
        let cap =
            word.split_once(':').and_then(|(right, level)| Some((right.parse().ok()?, level.parse().ok()?)));
        caps.push(
            cap.ok_or_else(|| wrong(format!("/caps/{at}"), "a right and a level, such as `documents:none`"))?,
        );
    }
    let assent = match &asked.assent {
        None => AssentRule::NotNeeded,
        Some(word) => word.parse().map_err(|_| wrong("/assent".into(), "`needed` or `not_needed`"))?,
    };
    let source =
        text::line(&asked.source, SOURCE).map_err(|error| wrong("/source".into(), &error.to_string()))?;
    if source.is_empty() {
        return Err(wrong("/source".into(), "needed"));
    }
    let effective_from = day("effective_from", &asked.effective_from)?;
    let effective_until =
        asked.effective_until.as_deref().map(|text| day("effective_until", text)).transpose()?;
    if effective_until.is_some_and(|last| last < effective_from) {
        return Err(wrong("/effective_until".into(), "before the first day"));
    }
    let jurisdiction = asked.jurisdiction.clone().unwrap_or_else(|| Jurisdiction::PRACTICE.to_owned());
    let from_age = asked.from_age;
    Ok(NewAgeRule { jurisdiction, from_age, bases, caps, assent, effective_from, effective_until, source })
}

async fn all(app: &AppState, caller: &ApiCaller) -> ApiResult {
    let rows = app.db.read(&caller.scope, age_rule_rows).await?;
    Ok(Answer::ok(AgeRules { age_rules: rows.iter().map(AgeRuleJson::of).collect() })?.into_response())
}

/// List the age rules.
#[utoipa::path(get, path = "/api/v1/age-rules", tag = "Grants", operation_id = "listAgeRules",
    responses((status = 200, description = "The rules, by age", body = AgeRules), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    all(&app, &caller).await
}

/// Add an age rule. A rule is never changed: it ends, and another begins.
#[utoipa::path(post, path = "/api/v1/age-rules", tag = "Grants", operation_id = "addAgeRule",
    request_body = NewAgeRuleJson,
    responses((status = 200, description = "The rules as they are now", body = AgeRules), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn add(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let new = read(&json::read::<NewAgeRuleJson>(&caller, &body)?)?;
    match add_age_rule(&app, &caller.scope, caller.by(), new.clone()).await? {
        Ok(()) => all(&app, &caller).await,
        // The same rule again: the answer of the first time was lost.
        Err(RuleRefused::ThereIsOne) if is_there(&app, &caller, &new).await? => all(&app, &caller).await,
        Err(why) => Err(refused(why)),
    }
}

/// Is exactly this rule there?
async fn is_there(app: &AppState, caller: &ApiCaller, new: &NewAgeRule) -> Result<bool, Problem> {
    let rows = app.db.read(&caller.scope, age_rule_rows).await?;
    Ok(rows.iter().any(|row| {
        let rule = row.rule();
        row.jurisdiction == new.jurisdiction
            && rule.from_age == new.from_age
            && rule.bases == new.bases
            && rule.caps == new.caps.iter().copied().collect()
            && rule.assent == new.assent
            && (rule.effective_from, rule.effective_until) == (new.effective_from, new.effective_until)
            && row.source == new.source
    }))
}

/// End an age rule: today is its last day. One that has not begun is taken away.
#[utoipa::path(post, path = "/api/v1/age-rules/{rule}/end", tag = "Grants", operation_id = "endAgeRule",
    params(("rule" = String, Path, description = "The rule's id")),
    request_body = super::json::NothingJson,
    responses((status = 200, description = "The rules as they are now", body = AgeRules), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn end(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(rule): Path<String>,
    body: Bytes,
) -> ApiResult {
    let rule: AgeRuleId = id(&rule)?;
    let json::NothingJson {} = json::read_or_default(&caller, &body)?;
    end_age_rule(&app, &caller.scope, caller.by(), rule).await?.map_err(refused)?;
    all(&app, &caller).await
}
