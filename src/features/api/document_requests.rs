//! `/api/v1/document-requests`: what clients ask for and send, and a program's reply.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::id;
use super::documents::{described, field, refused};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::documents::request_actions::{self, Accepted, NotDone, Reply};
use crate::features::documents::request_store::{self as store, DocumentRequest};
use crate::features::documents::{FileOf, LONGEST_REASON, stored_file};
use crate::kernel::ids::DocumentRequestId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// What a client asks for or sends.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentRequestJson {
    /// The request.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// The grant of whoever asks.
    #[schema(format = "uuid")]
    pub grant: String,
    /// `wanted`: a document of the practice's; `offered`: a file of theirs.
    pub kind: String,
    /// What they want, or what the file is, in their words.
    pub wanted: String,
    /// What the file was called.
    pub file_name: Option<String>,
    /// `open`, `answered`, `declined` or `taken_back`.
    pub state: String,
    /// When they asked.
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// What was shared for it, or made of it.
    #[schema(format = "uuid")]
    pub document: Option<String>,
    /// Why it was declined; they read it.
    pub reason: Option<String>,
}

impl DocumentRequestJson {
    fn of(request: &DocumentRequest) -> Self {
        Self {
            id: request.request_id.to_string(),
            chart_id: request.chart_id.to_string(),
            grant: request.access_id.to_string(),
            kind: request.kind.to_string(),
            wanted: request.wanted.clone(),
            file_name: (!request.file_name.is_empty()).then(|| request.file_name.clone()),
            state: request.state.to_string(),
            asked_at: request.asked_at.to_string(),
            document: request.document_id.map(|id| id.to_string()),
            reason: (!request.answer.is_empty()).then(|| request.answer.clone()),
        }
    }
}

/// What waits for a reply.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentRequestList {
    /// The oldest first.
    pub requests: Vec<DocumentRequestJson>,
}

/// A document that is shared for a request.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequestJson {
    /// A document of the same chart.
    #[schema(format = "uuid")]
    pub document: String,
}

/// What a file becomes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptFileJson {
    /// The document's title, 1 to 120 characters.
    pub title: String,
    /// As of a document, but not `authorization`.
    pub kind: String,
    /// As of a document, but none that is never shared.
    pub label: Option<String>,
}

/// A request that is declined.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineRequestJson {
    /// Why, 1 to 500 characters; whoever asked reads it.
    pub reason: String,
}

/// List what clients ask for and send, and nobody has replied to, the oldest first, at most 200.
#[utoipa::path(get, path = "/api/v1/document-requests", tag = "Documents", operation_id = "listDocumentRequests",
    responses((status = 200, description = "The requests", body = DocumentRequestList), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let waiting = app.db.read(&caller.scope, store::all_open).await?;
    let requests = waiting.iter().map(DocumentRequestJson::of).collect();
    Ok(Answer::ok(DocumentRequestList { requests })?.into_response())
}

fn not_done(why: NotDone) -> Problem {
    match why {
        NotDone::NotFound => problem::NOT_FOUND.into(),
        NotDone::TooMany => problem::TOO_MANY_REQUESTS.into(),
        NotDone::NoFile => problem::SETTLED.into(),
        NotDone::OtherKind => problem::OTHER_KIND.into(),
        NotDone::Over(state) => Problem::from(problem::SETTLED).with("state", state.word()),
        NotDone::Share(why) => refused(why),
    }
}

async fn reply(
    app: &AppState,
    caller: &ApiCaller,
    request: &str,
    body: &Bytes,
    asked: Result<Reply, Problem>,
) -> ApiResult {
    let id: DocumentRequestId = id(request)?;
    let by = caller.by();
    let perform = move |_: &_, c: &mut Scoped<'_>| -> Result<Result<Done, Problem>, Fault> {
        if store::find(c, &id)?.is_none() {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(request_actions::reply(c, &by, (None, &id), asked)?.map_err(not_done));
        let Some(request) = store::find(c, &id)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        Ok(Ok(Done { answer: Answer::ok(DocumentRequestJson::of(&request))?, chart: request.chart_id }))
    };
    once(app, caller, body, perform).await
}

/// Share a document of the chart with whoever asked; they get a mail that there is something new.
#[utoipa::path(post, path = "/api/v1/document-requests/{document_request}/answer", tag = "Documents",
    operation_id = "answerDocumentRequest",
    params(("document_request" = String, Path, description = "The request's id"), Once), request_body = AnswerRequestJson,
    responses((status = 200, description = "The request as it is now", body = DocumentRequestJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn answer(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: AnswerRequestJson| {
        asked.document.parse().map(Reply::Share).map_err(|_| field("document", "a document of the chart"))
    });
    reply(&app, &caller, &request, &body, asked).await
}

/// Make a document of the file that a client sent; they see it.
#[utoipa::path(post, path = "/api/v1/document-requests/{document_request}/accept", tag = "Documents",
    operation_id = "acceptDocumentRequest",
    params(("document_request" = String, Path, description = "The request's id"), Once), request_body = AcceptFileJson,
    responses((status = 200, description = "The request as it is now", body = DocumentRequestJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn accept(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: AcceptFileJson| {
        let (title, kind, label) = described(&asked.title, &asked.kind, asked.label.as_deref())?;
        Ok(Reply::Accept(Accepted { title, kind, label }))
    });
    reply(&app, &caller, &request, &body, asked).await
}

/// Read the file that a client sent, while it waits. That it was read stands in the audit trail.
#[utoipa::path(get, path = "/api/v1/document-requests/{document_request}/file", tag = "Documents", operation_id = "readOfferedFile",
    params(("document_request" = String, Path, description = "The request's id")),
    responses((status = 200, description = "The PDF", content((Vec<u8> = "application/pdf"))), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn file(State(app): State<AppState>, caller: ApiCaller, Path(request): Path<String>) -> ApiResult {
    let id: DocumentRequestId = id(&request)?;
    let by = caller.by();
    let found = app.db.write(&caller.scope, move |c| request_actions::read_file(c, &by, (None, &id))).await?;
    let (request, blob) = found.ok_or(problem::NOT_FOUND)?;
    let part_of = ("request", request.request_id.to_string());
    let of = FileOf { chart: request.chart_id, part_of };
    Ok(stored_file(&app, &caller.scope, caller.by(), of, &blob, &request.file_name).await?)
}

/// Decline a request, for a reason that whoever asked reads.
#[utoipa::path(post, path = "/api/v1/document-requests/{document_request}/decline", tag = "Documents",
    operation_id = "declineDocumentRequest",
    params(("document_request" = String, Path, description = "The request's id"), Once), request_body = DeclineRequestJson,
    responses((status = 200, description = "The request as it is now", body = DocumentRequestJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn decline(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: DeclineRequestJson| {
        match text::lines(&asked.reason, LONGEST_REASON) {
            Ok(reason) if reason.is_empty() => Err(field("reason", "is missing")),
            Ok(reason) => Ok(Reply::Decline(reason)),
            Err(error) => Err(field("reason", error)),
        }
    });
    reply(&app, &caller, &request, &body, asked).await
}
