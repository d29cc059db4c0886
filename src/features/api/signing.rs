//! `/api/v1/documents/{document}/signing`: a program of the practice asks for signatures and sees how they stand. No key
//! can sign, agree or refuse: that is for people who have signed in.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::caller::ApiCaller;
use super::charts::id;
use super::documents::{field, refused};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::signing_json::{
    CancelSigningJson, CandidateJson, EvidenceJson, ExtendJson, NewSigningJson, ReplaceJson, SigningJson,
};
use super::usual::Usual;
use crate::features::documents::signing::actions::{
    self as signing, Candidate, Denied, NewSigner, NewSigning,
};
use crate::features::documents::signing::lifecycle::{NewTime, Refusal};
use crate::features::documents::signing::store;
use crate::features::documents::{self as documents, LONGEST_REASON, Recipient};
use crate::kernel::ids::{ChartId, DocumentId, SignerId};
use crate::kernel::text;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

fn denied(why: Denied) -> Problem {
    match why {
        Denied::Document(why) => refused(why),
        Denied::NothingToSign => problem::NOT_FOUND.into(),
        Denied::Signers => field("signers", "1 to 20, nobody twice, and at least one grant of the chart"),
        Denied::Unknown => field("signers", "one of them has no access, or may not sign for the practice"),
        Denied::Days => field("days", "1 to 180"),
        Denied::LastDayOver => problem::LAST_DAY_OVER.into(),
        Denied::OneParentAlone => problem::BOTH_MUST_SIGN.into(),
        Denied::TooSoon => problem::TOLD_ALREADY.into(),
        Denied::Signing(Refusal::NotLonger(NewTime::LastDayOver)) => problem::LAST_DAY_OVER.into(),
        Denied::Signing(Refusal::NotLonger(_)) => field(
            "days",
            "longer than the time to sign in force, which ends with the last day of an authorization",
        ),
        Denied::Signing(refusal) => {
            let problem = Problem::from(problem::SIGNING_OVER);
            match refusal {
                Refusal::Over(standing) => problem.with("state", standing.word()),
                _ => problem,
            }
        }
    }
}

/// The newest request of a document as it stands now.
fn shown(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Option<(Answer, ChartId)>, Fault> {
    let (Some(document), Some(found)) = (documents::find(c, id)?, store::newest(c, id)?) else {
        return Ok(None);
    };
    let answer = Answer::ok(SigningJson::of(&found, c.now()))?.version(found.request.version);
    Ok(Some((answer, document.chart_id)))
}

/// Read the newest request to sign a document: where it stands, who signed when.
#[utoipa::path(get, path = "/api/v1/documents/{document}/signing", tag = "Signatures", operation_id = "readSigning",
    params(("document" = String, Path, description = "The document's id")),
    responses((status = 200, description = "The request, with its ETag", body = SigningJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(document): Path<String>) -> ApiResult {
    let id: DocumentId = id(&document)?;
    let found = app.db.read(&caller.scope, move |c| shown(c, &id)).await?;
    let (answer, _) = found.ok_or(problem::NOT_FOUND)?;
    Ok(answer.into_response())
}

/// Read the evidence of the newest request: a chain of hashes that begins with the version's SHA-256.
#[utoipa::path(get, path = "/api/v1/documents/{document}/signing/evidence", tag = "Signatures",
    operation_id = "readEvidence",
    params(("document" = String, Path, description = "The document's id")),
    responses((status = 200, description = "The events", body = EvidenceJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn evidence(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
) -> ApiResult {
    let id: DocumentId = id(&document)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(found) = store::newest(c, &id)? else { return Ok(None) };
            let events = store::events(c, &found.request.signing_id)?;
            Ok(Some(EvidenceJson::of(&found, &events)))
        })
        .await?;
    Ok(Answer::ok(found.ok_or(problem::NOT_FOUND)?)?.into_response())
}

/// Acts on the signatures of a document once for an Idempotency-Key, and answers with how they stand then.
async fn act<T, F>(
    app: &AppState,
    caller: &ApiCaller,
    document: &str,
    body: &Bytes,
    asked: Result<T, Problem>,
    act: F,
) -> ApiResult
where
    T: Send + 'static,
    F: Fn(&mut Scoped<'_>, &By, &DocumentId, &T) -> Result<Result<(), Denied>, Fault> + Send + 'static,
{
    let id: DocumentId = id(document)?;
    let by = caller.by();
    once(app, caller, body, move |_, c| {
        // A document that is not there is told before what is wrong with the body.
        if documents::find(c, &id)?.is_none() {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        if let Err(why) = act(c, &by, &id, asked)? {
            return Ok(Err(denied(why)));
        }
        let Some((answer, chart)) = shown(c, &id)? else {
            return Err(Fault::Damaged(format!("document {id} was asked about and has no request")));
        };
        Ok(Ok(Done { answer, chart }))
    })
    .await
}

fn candidate(asked: &CandidateJson) -> Result<Candidate, Problem> {
    match (asked.grant.as_deref(), asked.staff.as_deref()) {
        (Some("owner"), None) => Ok(Candidate::Grant(Recipient::Owner)),
        (Some(grant), None) => {
            let grant = grant.parse().map_err(|_| denied(Denied::Unknown))?;
            Ok(Candidate::Grant(Recipient::Grant(grant)))
        }
        (None, Some(staff)) => staff.parse().map(Candidate::Staff).map_err(|_| denied(Denied::Unknown)),
        _ => Err(field("signers", "each has either `grant` or `staff`")),
    }
}

fn new_signing(asked: NewSigningJson) -> Result<NewSigning, Problem> {
    let signer = |asked: &CandidateJson| {
        Ok::<_, Problem>(NewSigner { who: candidate(asked)?, position: asked.position.unwrap_or(1) })
    };
    let signers = asked.signers.iter().map(signer).collect::<Result<Vec<_>, _>>()?;
    Ok(NewSigning { signers, days: asked.days })
}

/// Ask people to sign the version that counts. Clients among them see the document from now on.
#[utoipa::path(post, path = "/api/v1/documents/{document}/signing", tag = "Signatures", operation_id = "askToSign",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = NewSigningJson,
    responses((status = 200, description = "The request as it is now", body = SigningJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn ask(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let new = json::read(&caller, &body).and_then(new_signing);
    act(&app, &caller, &document, &body, new, |c, by, id, new| Ok(signing::ask(c, by, id, new)?.map(|_| ())))
        .await
}

/// Remind those whose turn it is: each at most once a day, and five times in all.
#[utoipa::path(post, path = "/api/v1/documents/{document}/signing/remind", tag = "Signatures",
    operation_id = "remindSigners",
    params(("document" = String, Path, description = "The document's id"), Once),
    responses((status = 200, description = "The request as it is now", body = SigningJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn remind(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    act(&app, &caller, &document, &body, Ok(()), |c, by, id, ()| signing::remind(c, by, id)).await
}

/// Set a later deadline, also where it is over. It never goes beyond the last day of an authorization.
#[utoipa::path(post, path = "/api/v1/documents/{document}/signing/extend", tag = "Signatures",
    operation_id = "extendSigning",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = ExtendJson,
    responses((status = 200, description = "The request as it is now", body = SigningJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn extend(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let days = json::read(&caller, &body).map(|asked: ExtendJson| asked.days);
    act(&app, &caller, &document, &body, days, |c, by, id, days| {
        Ok(signing::extend(c, by, id, *days)?.map(|_| ()))
    })
    .await
}

/// Put somebody else in the place of a signer who has not signed. Signatures that are there stay.
#[utoipa::path(post, path = "/api/v1/documents/{document}/signing/replace", tag = "Signatures",
    operation_id = "replaceSigner",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = ReplaceJson,
    responses((status = 200, description = "The request as it is now", body = SigningJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn replace(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: ReplaceJson| {
        let old: SignerId = asked.signer.parse().map_err(|_| field("signer", "is the id of a signer"))?;
        Ok((old, candidate(&asked.by)?))
    });
    act(&app, &caller, &document, &body, asked, |c, by, id, (old, who)| {
        signing::replace(c, by, id, old, *who)
    })
    .await
}

/// Cancel the request: nobody can sign any more.
#[utoipa::path(post, path = "/api/v1/documents/{document}/signing/cancel", tag = "Signatures",
    operation_id = "cancelSigning",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = CancelSigningJson,
    responses((status = 200, description = "The request as it is now", body = SigningJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn cancel(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let reason = json::read(&caller, &body).and_then(|asked: CancelSigningJson| {
        match text::lines(&asked.reason, LONGEST_REASON) {
            Ok(reason) if reason.is_empty() => Err(field("reason", "is missing")),
            Ok(reason) => Ok(reason),
            Err(error) => Err(field("reason", error)),
        }
    });
    act(&app, &caller, &document, &body, reason, |c, by, id, reason: &String| {
        signing::cancel(c, by, id, reason)
    })
    .await
}
