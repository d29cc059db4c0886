//! `/api/v1/grants`: who may see a chart, and how far that has come.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use jiff::civil::Date;

use super::caller::ApiCaller;
use super::charts::{cursor, cut, id, limit, no_cursor, query, word};
use super::idempotency::{Answer, Done, Once, once};
use super::json::{
    self, ChangeOwnerJson, ChartGrants, GrantJson, GrantList, GrantQuery, GrantRow, InviteJson, NewGrantJson,
    NothingJson, PauseJson, ResendJson, RevokeJson, TermsJson,
};
use super::owner_json::{OwnerPreviewJson, ToQuery};
use super::precondition::must_match;
use super::problem::{self, ApiResult, Problem};
use super::rules_json::{GiveBackJson, Part2ConsentJson, WithholdJson};
use super::usual::Usual;
use crate::features::access::Doubt;
use crate::features::access::actions::{self, Act, Authority, GrantTerms, Refused, Target};
use crate::features::access::lifecycle::Refusal;
use crate::features::access::permission::{Basis, Withheld};
use crate::features::access::{AccessRow, Overview, list_page, load_access, overview_of, overviews_of_chart};
use crate::kernel::civil::read_day;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::permissions::Terms;
use crate::platform::state::AppState;

fn refused(refused: Refused) -> Problem {
    let kind = match refused {
        Refused::LifeCycle(refusal) => match refusal {
            Refusal::UseInvite => problem::USE_INVITE,
            Refusal::UseResend => problem::USE_RESEND,
            Refusal::UseRestore => problem::USE_RESTORE,
            Refusal::AlreadyRegistered => problem::ALREADY_REGISTERED,
            Refusal::NotLocked => problem::NOT_LOCKED,
            Refusal::NoAccess => problem::NO_ACCESS,
            Refusal::NotPaused => problem::NOT_PAUSED,
            _ => problem::NO_INVITATION,
        },
        Refused::NotFound => problem::NOT_FOUND,
        Refused::ChartClosed => problem::CHART_CLOSED,
        Refused::NoAddress => problem::NO_ADDRESS,
        Refused::NotCheckable => problem::NOT_CHECKABLE,
        Refused::NotAContact => problem::NOT_A_CONTACT,
        Refused::IsOwner => problem::IS_OWNER,
        Refused::OwnAccess => problem::OWN_ACCESS,
        Refused::HasAccess => problem::HAS_ACCESS,
        Refused::KeptByNote => problem::KEPT_BY_NOTE,
        Refused::NothingToUndo => problem::NOTHING_TO_UNDO,
        Refused::DayIsOver => {
            return Problem::fields([("/until".to_owned(), "this day is over".to_owned())]);
        }
        // No act of the API asks for such a day.
        Refused::DayToCome => problem::PAST_LAST_DAY,
        Refused::BasisMissing => problem::BASIS_MISSING,
        Refused::PastLastDay(_) => problem::PAST_LAST_DAY,
        Refused::Stale => problem::PRECONDITION_FAILED,
        Refused::PreviewChanged(preview) => {
            let now = serde_json::json!(OwnerPreviewJson::of(&preview));
            return Problem::from(problem::PREVIEW_CHANGED).with("preview", now);
        }
        Refused::NeedsReason => {
            let detail = "needed where something is taken away";
            return Problem::fields([("/reason".to_owned(), detail.to_owned())]);
        }
        Refused::NeedsAuthority => {
            let detail = "needed to give an adult's record to somebody else, or a record to somebody who is not known to be an adult";
            return Problem::fields(
                ["/reason", "/authorised_by"].map(|at| (at.to_owned(), detail.to_owned())),
            );
        }
        Refused::TooManyToday(again) => {
            return Problem::from(problem::TOO_MANY_RESENDS).with("retry_at", again.to_string());
        }
        Refused::Doubtful(doubts) => {
            let suggestion = doubts.iter().map(|(_, text)| text).find(|text| !text.is_empty()).cloned();
            let words: Vec<&str> = doubts.iter().map(|(doubt, _)| doubt.word()).collect();
            let problem = Problem::from(problem::DOUBTFUL_ADDRESS).with("doubts", words);
            return match suggestion {
                Some(domain) => problem.saying(format!("Did you mean {domain}?")),
                None => problem,
            };
        }
    };
    kind.into()
}

/// Acts once for an Idempotency-Key, and answers with the state after it: the grant, or after a
/// change of owner every grant of the chart.
async fn act(
    app: &AppState,
    caller: &ApiCaller,
    body: &Bytes,
    target: Target,
    asked: Result<Act, Problem>,
) -> ApiResult {
    act_read(app, caller, body, target, move |_| Ok(asked.clone())).await
}

/// The same for an act that depends on what the transaction reads.
async fn act_read(
    app: &AppState,
    caller: &ApiCaller,
    body: &Bytes,
    target: Target,
    asked: impl Fn(&mut Scoped<'_>) -> Result<Result<Act, Problem>, Fault> + Send + 'static,
) -> ApiResult {
    let (by, words) = (caller.by(), caller.words);
    once(app, caller, body, move |app, c| {
        let act = granted!(asked(c)?);
        let done = match (actions::act_in(app, c, &by, &target, &act)?, &target) {
            (Ok(done), _) => done,
            // Joined a colleague's: theirs counts, and no second mail goes out.
            (Err(Refused::LifeCycle(Refusal::AlreadyResent)), Target::Grant(access)) => {
                return answer_with_grant(c, access, words).map(Ok);
            }
            (Err(why), _) => return Ok(Err(refused(why))),
        };
        match (&act, &done.access) {
            (Act::ChangeOwner { .. } | Act::UndoChangeOwner { .. }, _) => {
                let answer = shown_of_chart(&overviews_of_chart(c, &done.chart)?, words)?;
                Ok(Ok(Done { answer, chart: done.chart }))
            }
            (_, Some(access)) => answer_with_grant(c, access, words).map(Ok),
            (_, None) => Err(Fault::other("an act came to no grant")),
        }
    })
    .await
}

fn answer_with_grant(c: &mut Scoped<'_>, access: &AccessId, words: Words) -> Result<Done, Fault> {
    let overview = overview_of(c, access)?
        .ok_or_else(|| Fault::Damaged(format!("grant {access} was changed and is not there")))?;
    Ok(Done { answer: shown(&overview, words)?, chart: overview.chart_id })
}

fn shown(overview: &Overview, words: Words) -> Result<Answer, Fault> {
    Ok(Answer::ok(GrantJson::of(overview, words))?.version(overview.version))
}

fn shown_of_chart(overviews: &[Overview], words: Words) -> Result<Answer, Fault> {
    Answer::ok(ChartGrants { grants: overviews.iter().map(|o| GrantJson::of(o, words)).collect() })
}

/// List grants, by state.
#[utoipa::path(get, path = "/api/v1/grants", tag = "Grants", operation_id = "listGrants", params(GrantQuery),
    responses((status = 200, description = "A page of grants", body = GrantList), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: GrantQuery = query(raw.as_deref())?;
    let phase = word("state", asked.state.as_deref())?;
    let after: Option<AccessId> = cursor(asked.cursor.as_deref())?;
    let most = limit(asked.limit)?;
    let page = move |c: &mut Scoped<'_>| {
        // A cursor that names no grant leads nowhere: an empty page would say that there are no more.
        match &after {
            Some(after) if load_access(c, after)?.is_none() => Ok(None),
            _ => list_page(c, phase, after, most).map(Some),
        }
    };
    let mut rows = app.db.read(&caller.scope, page).await?.ok_or_else(no_cursor)?;
    let next = cut(&mut rows, most, |row| row.access_id.to_string());
    let now = app.now();
    let grants = rows
        .into_iter()
        .map(|row| GrantRow {
            state: row.phase(now).to_string(),
            id: row.access_id.to_string(),
            chart_id: row.chart_id.to_string(),
            person_id: row.person_id.to_string(),
            role: row.role.to_string(),
            generation: row.generation,
            since: row.since_at.to_string(),
            expires_at: row.expires_at.map(|at| at.to_string()),
        })
        .collect();
    Ok(Answer::ok(GrantList { grants, next })?.into_response())
}

/// Read a grant: its state, what became of its mail, its timeline.
#[utoipa::path(get, path = "/api/v1/grants/{grant}", tag = "Grants", operation_id = "readGrant",
    params(("grant" = String, Path, description = "The grant's id")),
    responses((status = 200, description = "The grant, with its ETag", body = GrantJson), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(grant): Path<String>) -> ApiResult {
    let access: AccessId = id(&grant)?;
    let overview = app.db.read(&caller.scope, move |c| overview_of(c, &access)).await?;
    Ok(shown(&overview.ok_or(problem::NOT_FOUND)?, caller.words)?.into_response())
}

/// Read all grants of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/grants", tag = "Grants", operation_id = "readChartGrants",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The chart owner's grant first", body = ChartGrants), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn of_chart(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = app.db.read(&caller.scope, move |c| overviews_of_chart(c, &chart)).await?;
    if found.is_empty() {
        return Err(problem::NOT_FOUND.into());
    }
    Ok(shown_of_chart(&found, caller.words)?.into_response())
}

/// Invite the chart owner.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/invite", tag = "Grants", operation_id = "inviteChartOwner",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = InviteJson,
    responses((status = 200, description = "The grant; its mail is queued", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn invite(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Owner(id(&chart)?);
    act(&app, &caller, &body, target, invitation(&caller, &body)).await
}

fn invitation(caller: &ApiCaller, body: &Bytes) -> Result<Act, Problem> {
    let asked: InviteJson = json::read_or_default(caller, body)?;
    let address = asked
        .address
        .map(|text| EmailAddress::parse(&text))
        .transpose()
        .map_err(|e| Problem::fields([("/address".to_owned(), e.to_string())]))?;
    Ok(Act::Invite { address, confirmed: looked_at(&asked.confirm)? })
}

/// The doubts that a caller says somebody has looked at.
fn looked_at(confirm: &[String]) -> Result<Vec<Doubt>, Problem> {
    confirm
        .iter()
        .enumerate()
        .map(|(at, text)| {
            text.parse::<Doubt>()
                .map_err(|_| Problem::fields([(format!("/confirm/{at}"), "no such doubt".to_owned())]))
        })
        .collect()
}

/// Read what a change of the owner would do, and to whom.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/change-owner", tag = "Grants", operation_id = "previewChangeOfOwner",
    params(("chart" = String, Path, description = "The chart's id"), ToQuery),
    responses((status = 200, description = "The list, with its hash", body = OwnerPreviewJson), Usual),
    security(("api_key" = ["grants:read"])))]
pub async fn preview_owner(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked: ToQuery = query(raw.as_deref())?;
    // Whoever is nobody is no contact of the chart, if there is such a chart.
    let to = asked.person_id.parse().unwrap_or(PersonId::NIL);
    let (inside, by) = (app.clone(), caller.by());
    let found =
        app.db.read(&caller.scope, move |c| actions::preview_owner(&inside, c, &by, &chart, &to)).await?;
    Ok(Answer::ok(OwnerPreviewJson::of(&found.map_err(refused)?))?.into_response())
}

/// Make somebody else of the chart its owner, if the list that somebody has looked at is still true.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/change-owner", tag = "Grants", operation_id = "changeChartOwner",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = ChangeOwnerJson,
    responses((status = 200, description = "The chart's grants as they are now", body = ChartGrants), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn change_owner(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Owner(id(&chart)?);
    let asked = json::read(&caller, &body).and_then(|asked: ChangeOwnerJson| {
        let to = asked.person_id.parse().map_err(|_| Problem::from(problem::NOT_A_CONTACT))?;
        let authority = Authority::of(json::reason(&asked.reason)?, json::reason(&asked.authorised_by)?);
        if asked.preview_sha256.is_empty() {
            let detail = "needed: the `preview_sha256` of the list that somebody has looked at";
            return Err(Problem::fields([("/preview_sha256".to_owned(), detail.to_owned())]));
        }
        Ok(Act::ChangeOwner { to, authority, seen: Some(asked.preview_sha256) })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Undo the newest change of the owner, within 72 hours.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/undo-change-owner", tag = "Grants", operation_id = "undoChangeOfOwner",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = RevokeJson,
    responses((status = 200, description = "The chart's grants as they are now", body = ChartGrants), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn undo_change_owner(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Owner(id(&chart)?);
    let asked = json::read(&caller, &body)
        .and_then(|asked: RevokeJson| Ok(Act::UndoChangeOwner { reason: json::reason(&asked.reason)? }));
    act(&app, &caller, &body, target, asked).await
}

fn rights(words: &[String]) -> Result<Terms, Problem> {
    let wrong = |at: usize| Problem::fields([(format!("/rights/{at}"), "no such right".to_owned())]);
    let read: Result<Vec<_>, _> =
        words.iter().enumerate().map(|(at, word)| Terms::read_word(word).ok_or_else(|| wrong(at))).collect();
    Ok(Terms::of(read?))
}

fn basis(word: &str) -> Result<Basis, Problem> {
    word.parse::<Basis>()
        .ok()
        .filter(|basis| *basis != Basis::Client)
        .ok_or_else(|| Problem::fields([("/basis".to_owned(), "no such basis".to_owned())]))
}

fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let wrong = || Problem::fields([(format!("/{field}"), "not a day, such as 2026-12-01".to_owned())]);
    text.map(|text| read_day(text).ok_or_else(wrong)).transpose()
}

fn in_order(terms: GrantTerms) -> Result<GrantTerms, Problem> {
    if !GrantTerms::are_in_order(terms.starts_on, terms.ends_on) {
        return Err(Problem::fields([("/ends_on".to_owned(), "before the first day".to_owned())]));
    }
    Ok(terms)
}

/// Make a related contact a representative; invite them with the invite of the grant.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/grants", tag = "Grants", operation_id = "addRepresentative",
    params(("chart" = String, Path, description = "The chart's id"), Once),
    request_body = NewGrantJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn add(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Owner(id(&chart)?);
    let asked = json::read(&caller, &body).and_then(|asked: NewGrantJson| {
        let terms = in_order(GrantTerms {
            basis: basis(&asked.basis)?,
            rights: rights(&asked.rights)?,
            starts_on: day("starts_on", asked.starts_on.as_deref())?,
            ends_on: day("ends_on", asked.ends_on.as_deref())?,
        })?;
        let person = asked.person_id.parse().map_err(|_| Problem::from(problem::NOT_A_CONTACT))?;
        Ok(Act::AddRepresentative { person, terms })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Invite the holder of a grant.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/invite", tag = "Grants", operation_id = "inviteHolder",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = InviteJson,
    responses((status = 200, description = "The grant; its mail is queued", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn invite_holder(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    act(&app, &caller, &body, target, invitation(&caller, &body)).await
}

/// Change what a grant allows; it counts from the holder's next request on.
///
/// Send If-Match with the ETag that you read: a change that somebody made meanwhile is never written over.
#[utoipa::path(patch, path = "/api/v1/grants/{grant}", tag = "Grants", operation_id = "changeTerms",
    params(("grant" = String, Path, description = "The grant's id"), Once,
        ("If-Match" = String, Header, description = "The ETag that you read, or several; `*` is refused")),
    request_body = TermsJson,
    responses((status = 200, description = "The grant, with its new ETag", body = GrantJson),
        (status = 412, description = "Changed meanwhile", body = json::ProblemJson, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing, or `*`", body = json::ProblemJson, content_type = "application/problem+json"),
        Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn change(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let access: AccessId = id(&grant)?;
    let asked: TermsJson = json::read(&caller, &body)?;
    let headers = caller.headers.clone();
    act_read(&app, &caller, &body, Target::Grant(access), move |c| {
        let Some(row) = load_access(c, &access)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        Ok(must_match(&headers, row.version).and_then(|()| new_terms(&asked, &row)))
    })
    .await
}

/// The terms of a grant with what is asked of them in place of what they are.
fn new_terms(asked: &TermsJson, row: &AccessRow) -> Result<Act, Problem> {
    let before = GrantTerms::of(row);
    let changed = |field: &str, given: &Option<Option<String>>, now: Option<Date>| match given {
        None => Ok(now),
        Some(text) => day(field, text.as_deref()),
    };
    let terms = in_order(GrantTerms {
        basis: asked.basis.as_deref().map_or(Ok(before.basis), basis)?,
        rights: asked.rights.as_deref().map_or(Ok(before.rights), rights)?,
        starts_on: changed("starts_on", &asked.starts_on, before.starts_on)?,
        ends_on: changed("ends_on", &asked.ends_on, before.ends_on)?,
    })?;
    Ok(Act::ChangeTerms { seen: row.version, terms, reason: json::reason(&asked.reason)? })
}

/// Stop an access for a while; an invitation that is out is canceled.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/pause", tag = "Grants", operation_id = "pauseAccess",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = PauseJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn pause(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body)
        .and_then(|asked: PauseJson| Ok(Act::Pause { reason: json::reason(&asked.reason)? }));
    act(&app, &caller, &body, target, asked).await
}

/// Keep a right or one item from the holder of a grant, whatever its terms say.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/withhold", tag = "Grants", operation_id = "withhold",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = WithholdJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn withhold(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read(&caller, &body).and_then(|asked: WithholdJson| {
        let wrong = |field: &str, text: &str| Problem::fields([(field.to_owned(), text.to_owned())]);
        let what = match (&asked.right, &asked.item) {
            (Some(right), None) => {
                Withheld::Right(right.parse().map_err(|_| wrong("/right", "no such right"))?)
            }
            (None, Some(item)) => Withheld::Item(
                item.kind.parse().map_err(|_| wrong("/item/kind", "no such kind"))?,
                uuid::Uuid::try_parse(&item.id).map_err(|_| wrong("/item/id", "no id"))?,
            ),
            _ => return Err(wrong("/right", "give either `right` or `item`")),
        };
        let until = day("until", asked.until.as_deref())?;
        Ok(Act::Withhold { what, until, reason: json::reason(&asked.reason)? })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Record the client's consent under 42 CFR Part 2, in place of an earlier one.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/part2-consent", tag = "Grants", operation_id = "consentToPart2",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = Part2ConsentJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn consent_to_part2(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read(&caller, &body).and_then(|asked: Part2ConsentJson| {
        let until = day("until", asked.until.as_deref())?;
        let purpose = text::line(&asked.purpose, 200).ok().filter(|purpose| !purpose.is_empty());
        let missing = || Problem::fields([("/purpose".to_owned(), "1 to 200 characters".to_owned())]);
        Ok(Act::ConsentToPart2 { purpose: purpose.ok_or_else(missing)?, until })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Note that the client took that consent back.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/part2-revoke", tag = "Grants", operation_id = "revokePart2",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = NothingJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn revoke_part2(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body).map(|NothingJson {}| Act::RevokePart2);
    act(&app, &caller, &body, target, asked).await
}

/// Give back what is withheld.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/give-back", tag = "Grants", operation_id = "giveBack",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = GiveBackJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn give_back(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read(&caller, &body).and_then(|asked: GiveBackJson| {
        Ok(Act::GiveBack(asked.withheld.parse().map_err(|_| Problem::from(problem::NOT_FOUND))?))
    });
    act(&app, &caller, &body, target, asked).await
}

/// Let a paused access count again.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/resume", tag = "Grants", operation_id = "resumeAccess",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = NothingJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn resume(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body).map(|NothingJson {}| Act::Resume);
    act(&app, &caller, &body, target, asked).await
}

/// Send a new link; the earlier ones stop working.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/resend", tag = "Grants", operation_id = "resendInvitation",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = ResendJson,
    responses((status = 200, description = "The grant; a new mail is queued, or somebody's newer one counts", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn resend(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body).and_then(|asked: ResendJson| {
        Ok(Act::Resend { seen: asked.seen, confirmed: looked_at(&asked.confirm)? })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Take the invitation back.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/cancel", tag = "Grants", operation_id = "cancelInvitation",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = NothingJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn cancel(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body).map(|NothingJson {}| Act::Cancel);
    act(&app, &caller, &body, target, asked).await
}

/// Take the access away; open sessions end at once.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/revoke", tag = "Grants", operation_id = "revokeAccess",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = RevokeJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn revoke(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read(&caller, &body).and_then(|asked: RevokeJson| {
        let reason = json::reason(&asked.reason)?;
        if reason.is_empty() {
            return Err(Problem::fields([("/reason".to_owned(), "a reason is needed".to_owned())]));
        }
        Ok(Act::Revoke { reason })
    });
    act(&app, &caller, &body, target, asked).await
}

/// Give the access back: the old password works again.
#[utoipa::path(post, path = "/api/v1/grants/{grant}/restore", tag = "Grants", operation_id = "restoreAccess",
    params(("grant" = String, Path, description = "The grant's id"), Once),
    request_body = NothingJson,
    responses((status = 200, description = "The grant", body = GrantJson), Usual),
    security(("api_key" = ["grants:write"])))]
pub async fn restore(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(grant): Path<String>,
    body: Bytes,
) -> ApiResult {
    let target = Target::Grant(id(&grant)?);
    let asked = json::read_or_default(&caller, &body).map(|NothingJson {}| Act::Restore);
    act(&app, &caller, &body, target, asked).await
}
