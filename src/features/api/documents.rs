//! `/api/v1/…/documents`: a program of the practice uploads and writes documents, shares them, and takes them back.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;

use super::caller::ApiCaller;
use super::charts::{id, query};
use super::document_json::{
    ContentQuery, DocumentJson, DocumentLine, DocumentList, EndShareJson, NewDocumentJson, NewVersionJson,
    ShareJson, WithdrawJson,
};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::access::permission::Label;
use crate::features::documents::{
    self as documents, Asked, Content, DocumentKind, LARGEST_BODY, LONGEST_REASON, LONGEST_TITLE, NewContent,
    NewDocument, NewShare, Recipient, Refusal, Refused, Telling,
};
use crate::features::people;
use crate::kernel::ids::{ChartId, DocumentId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::Role;
use crate::platform::state::AppState;

/// A program of the practice sees what its administrator sees, who made its key.
const READS_AS: Role = Role::Administrator;

pub(super) fn refused(why: Refused) -> Problem {
    let kind = match why {
        // Only whoever holds the grant is held up by what comes first.
        Refused::NotFound | Refused::Waits(_) => problem::NOT_FOUND,
        Refused::TooMany => problem::TOO_MANY_REQUESTS,
        Refused::NamedByNote => problem::NAMED_BY_NOTE,
        Refused::OfTemplate => problem::OF_TEMPLATE,
        Refused::NoFile => {
            let detail = "no file of this chart waits under this id";
            return Problem::fields([("/upload".to_owned(), detail.to_owned())]);
        }
        Refused::NoGrant => {
            return Problem::fields([("/with".to_owned(), "none of the chart's grants".to_owned())]);
        }
        Refused::LifeCycle(refusal) => match refusal {
            Refusal::NeverShared => problem::NEVER_SHARED,
            Refusal::NotShared => problem::NOT_SHARED,
            Refusal::Withdrawn | Refusal::Gone => problem::WITHDRAWN,
            Refusal::NotThere => problem::NOT_FOUND,
            Refusal::OutToSign => problem::OUT_TO_SIGN,
            Refusal::Signed => problem::SIGNED,
        },
    };
    kind.into()
}

pub(super) fn field(name: &str, detail: impl ToString) -> Problem {
    Problem::fields([(format!("/{name}"), detail.to_string())])
}

/// A reason that must be given.
pub(super) fn reason_of(typed: &str) -> Result<String, Problem> {
    match text::lines(typed, LONGEST_REASON) {
        Ok(reason) if reason.trim().is_empty() => Err(field("reason", "is missing")),
        Ok(reason) => Ok(reason.trim().to_owned()),
        Err(error) => Err(field("reason", error)),
    }
}

/// A document as it stands now.
fn shown(c: &mut Scoped<'_>, id: &DocumentId) -> Result<(Answer, ChartId), Fault> {
    let document = documents::find(c, id)?
        .ok_or_else(|| Fault::Damaged(format!("document {id} was changed and is not there")))?;
    let (shares, readings) = (documents::shares_of(c, id)?, documents::readings_of(c, id)?);
    let version = documents::version_of(c, id, document.current_version)?
        .ok_or_else(|| Fault::Damaged(format!("document {id} has no newest version")))?;
    let shut = documents::shut_by_label(c, &document, shares.iter().map(|of| of.share.access_id))?;
    let json = DocumentJson::of(&document, &version, (&shares, &shut), &readings);
    Ok((Answer::ok(json)?.version(document.version), document.chart_id))
}

pub(super) fn done(c: &mut Scoped<'_>, id: &DocumentId) -> Result<Done, Fault> {
    let (answer, chart) = shown(c, id)?;
    Ok(Done { answer, chart })
}

/// List a chart's documents, the newest first, at most 200.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/documents", tag = "Documents", operation_id = "listDocuments",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The documents", body = DocumentList), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, Path(chart): Path<String>) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            if !people::is_chart(c, &chart)? {
                return Ok(None);
            }
            Ok(Some(documents::list_of(c, &chart)?))
        })
        .await?
        .ok_or(problem::NOT_FOUND)?;
    let documents = found.iter().map(DocumentLine::of).collect();
    Ok(Answer::ok(DocumentList { documents })?.into_response())
}

fn content(text: Option<String>, upload: Option<String>) -> Result<NewContent, Problem> {
    match (text, upload) {
        (Some(typed), None) => match text::lines(&typed, LARGEST_BODY) {
            Ok(body) if body.trim().is_empty() || body.len() > LARGEST_BODY => {
                Err(field("text", format!("1 to {LARGEST_BODY} bytes")))
            }
            Ok(body) => Ok(NewContent::Text(body)),
            Err(error) => Err(field("text", error)),
        },
        (None, Some(upload)) => upload.parse().map(NewContent::File).map_err(|_| refused(Refused::NoFile)),
        _ => Err(field("text", "either `text` or `upload`")),
    }
}

/// A title, a kind and a label that staff may give.
pub(super) fn described(
    title: &str,
    kind: &str,
    label: Option<&str>,
) -> Result<(String, DocumentKind, Option<Label>), Problem> {
    let title = text::line(title, LONGEST_TITLE).map_err(|error| field("title", error))?;
    if title.is_empty() {
        return Err(field("title", "is missing"));
    }
    let kind: DocumentKind = kind.parse().map_err(|_| field("kind", "none of the words it can be"))?;
    if !kind.is_free() {
        return Err(field("kind", "is made of a template"));
    }
    let label = match label {
        None | Some("") => None,
        Some(word) => Some(word.parse().map_err(|_| field("label", "none of the words it can be"))?),
    };
    Ok((title, kind, label))
}

fn new_document(chart: ChartId, new: NewDocumentJson) -> Result<NewDocument, Problem> {
    let (title, kind, label) = described(&new.title, &new.kind, new.label.as_deref())?;
    let content = content(new.text, new.upload)?;
    Ok(NewDocument { chart, title, kind, label, content, written_at: None })
}

/// Make a document of a text or of an uploaded file. Nobody sees it before it is shared.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/documents", tag = "Documents", operation_id = "createDocument",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewDocumentJson,
    responses((status = 201, description = "The document, with its ETag and Location", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn create(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let new = json::read(&caller, &body).and_then(|new| new_document(chart, new));
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        // A chart that is not there is told before what is wrong with the body.
        if !people::is_chart(c, &chart)? {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let new = granted!(new.as_ref().map_err(Problem::clone));
        let id = granted!(documents::create(c, &by, new)?.map_err(refused));
        let Done { answer, chart } = done(c, &id)?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/documents/{id}")), chart }))
    })
    .await
}

/// Read a document: where it stands, with whom it is shared, who opened which version when.
#[utoipa::path(get, path = "/api/v1/documents/{document}", tag = "Documents", operation_id = "readDocument",
    params(("document" = String, Path, description = "The document's id")),
    responses((status = 200, description = "The document, with its ETag", body = DocumentJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(document): Path<String>) -> ApiResult {
    let id: DocumentId = id(&document)?;
    let answer = app
        .db
        .read(&caller.scope, move |c| {
            if documents::find(c, &id)?.is_none() {
                return Ok(None);
            }
            Ok(Some(shown(c, &id)?.0))
        })
        .await?;
    Ok(answer.ok_or(problem::NOT_FOUND)?.into_response())
}

/// Read what a document says: the PDF, or the text. That it was read stands in the audit trail.
#[utoipa::path(get, path = "/api/v1/documents/{document}/content", tag = "Documents", operation_id = "readContent",
    params(("document" = String, Path, description = "The document's id"), ContentQuery),
    responses((status = 200, description = "The PDF or the text", content((Vec<u8> = "application/pdf"), (String = "text/plain"))), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn content_of(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let asked: ContentQuery = query(raw.as_deref())?;
    let is_copy = match asked.copy.as_deref() {
        None => false,
        Some(documents::SIGNED) => true,
        Some(_) => return Err(field("copy", "`signed`")),
    };
    let asked = Asked { chart: None, document: id(&document)?, number: asked.version };
    let by = caller.by();
    let (document, version) = app
        .db
        .write(&caller.scope, move |c| documents::read_by_staff(c, &by, READS_AS, asked))
        .await?
        .map_err(refused)?;
    if is_copy {
        let id = document.document_id;
        let copy = app
            .db
            .read(&caller.scope, move |c| {
                let Some(found) = documents::signing::store::newest(c, &id)? else { return Ok(None) };
                documents::signing::seal_store::find(c, &found.request.signing_id)
            })
            .await?
            .ok_or(problem::NOT_FOUND)?;
        return Ok(documents::signed_copy(&app, &caller.scope, caller.by(), &document, &copy).await?);
    }
    let (kind, body, name) = match &version.content {
        Content::Text(text) => (
            "text/plain; charset=utf-8".to_owned(),
            Body::from(text.clone()),
            format!("{}.txt", document.title),
        ),
        Content::File(blob, name) => {
            let of = documents::FileOf::document(&document);
            let body = documents::checked_body(&app, &caller.scope, caller.by(), of, blob).await?;
            let name = if name.is_empty() { format!("{}.pdf", document.title) } else { name.clone() };
            (blob.media_type.clone(), body, name)
        }
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, documents::attachment(&name)),
        (header::ETAG, format!("\"{}\"", version.content.sha256())),
    ];
    let mut response = (headers, body).into_response();
    response.extensions_mut().insert(documents::DOWNLOAD_POLICY);
    Ok(response)
}

/// Acts on a document once for an Idempotency-Key, and answers with how it stands then.
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
    F: Fn(
            &mut Scoped<'_>,
            &crate::platform::audit::By,
            &DocumentId,
            &T,
        ) -> Result<Result<(), Refused>, Fault>
        + Send
        + 'static,
{
    let id: DocumentId = id(document)?;
    let by = caller.by();
    once(app, caller, body, move |_, c| {
        if documents::find(c, &id)?.is_none() {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        match act(c, &by, &id, asked)? {
            Ok(()) => done(c, &id).map(Ok),
            Err(why) => Ok(Err(refused(why))),
        }
    })
    .await
}

/// Put a newer text or file in the place of the present one. Shares stay; their holders are told.
#[utoipa::path(post, path = "/api/v1/documents/{document}/versions", tag = "Documents", operation_id = "addVersion",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = NewVersionJson,
    responses((status = 200, description = "The document as it is now", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn add_version(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let new = json::read(&caller, &body).and_then(|new: NewVersionJson| content(new.text, new.upload));
    act(&app, &caller, &document, &body, new, |c, by, id, new| {
        Ok(documents::add_version(c, by, id, new)?.map(|_| ()))
    })
    .await
}

fn new_share(asked: ShareJson) -> Result<NewShare, Problem> {
    let recipient = |word: &String| match word.as_str() {
        "owner" => Ok(Recipient::Owner),
        grant => grant.parse().map(Recipient::Grant).map_err(|_| refused(Refused::NoGrant)),
    };
    let telling: Telling = asked.telling.parse().map_err(|_| field("telling", "`mail` or `none`"))?;
    let with = asked.with.iter().map(recipient).collect::<Result<Vec<_>, _>>()?;
    if with.is_empty() {
        return Err(refused(Refused::NoGrant));
    }
    Ok(NewShare { with, telling, since: None })
}

/// Share a document with the chart's owner or with grants of the chart.
#[utoipa::path(post, path = "/api/v1/documents/{document}/share", tag = "Documents", operation_id = "shareDocument",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = ShareJson,
    responses((status = 200, description = "The document as it is now", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn share(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read_or_default(&caller, &body).and_then(new_share);
    act(&app, &caller, &document, &body, asked, documents::share).await
}

/// End the share with one grant: for its holder there is no such document any more.
#[utoipa::path(post, path = "/api/v1/documents/{document}/end-share", tag = "Documents", operation_id = "endShare",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = EndShareJson,
    responses((status = 200, description = "The document as it is now", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn end_share(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let grant = json::read(&caller, &body).and_then(|asked: EndShareJson| {
        asked.grant.parse().map_err(|_| field("grant", "is the id of a grant"))
    });
    act(&app, &caller, &document, &body, grant, documents::end_share).await
}

/// Take a shared document back: whoever has it learns that it is no longer there. A draft is deleted by staff only.
#[utoipa::path(post, path = "/api/v1/documents/{document}/withdraw", tag = "Documents", operation_id = "withdrawDocument",
    params(("document" = String, Path, description = "The document's id"), Once), request_body = WithdrawJson,
    responses((status = 200, description = "The document as it is now", body = DocumentJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn withdraw(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(document): Path<String>,
    body: Bytes,
) -> ApiResult {
    let reason = json::read(&caller, &body).and_then(|asked: WithdrawJson| reason_of(&asked.reason));
    act(&app, &caller, &document, &body, reason, |c, by, id, reason: &String| {
        let is_draft =
            documents::find(c, id)?.is_some_and(|document| document.state == documents::DocumentState::Draft);
        if is_draft {
            return Ok(Err(Refused::LifeCycle(Refusal::NotShared)));
        }
        Ok(documents::withdraw(c, by, id, reason)?.map(|_| ()))
    })
    .await
}
