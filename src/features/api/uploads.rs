//! `/api/v1/charts/{chart}/uploads`: a program of the practice sends a file, in one or in numbered parts.

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::StreamExt;

use super::caller::ApiCaller;
use super::charts::{id, query};
use super::document_json::{NewUploadJson, ProgressJson, UploadJson, UploadQuery};
use super::idempotency::{Answer, Once, once_here};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::documents::upload_parts::{self as parts, Ended, PartTaken, Progress, Sender};
use crate::features::documents::{
    self as documents, Flow, LARGEST, NewUpload, NotTaken, PDF, Taken, Unscanned,
};
use crate::features::people;
use crate::kernel::ids::{ChartId, UploadId};
use crate::platform::fault::granted;
use crate::platform::objects::PART_BYTES;
use crate::platform::state::AppState;

/// Upload a PDF or a picture for a chart.
///
/// The body is the file itself, at most 50 MiB. It is looked through as it arrives. A picture needs a `name` that ends with
/// `.jpg`, `.jpeg` or `.png`; it is kept as a PDF of one page, and `sha256` and `size` are that PDF's. Make a document of
/// it within 24 hours (`upload` of createDocument or addVersion), or send it with a message (`uploads` of writeMessage or
/// beginThread); then it is deleted.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/uploads", tag = "Documents", operation_id = "uploadFile",
    params(("chart" = String, Path, description = "The chart's id"), UploadQuery),
    request_body(content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"))),
    responses((status = 201, description = "The file is stored and waits for its document", body = UploadJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn upload(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
    body: Body,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked: UploadQuery = query(raw.as_deref())?;
    let kind = caller.header(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if ![PDF, "image/jpeg", "image/png"].iter().any(|taken| kind.eq_ignore_ascii_case(taken)) {
        let what = "The body must be application/pdf, image/jpeg or image/png.";
        return Err(Problem::from(problem::MEDIA_TYPE).saying(what));
    }
    let said: Option<u64> = caller.header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if said.is_some_and(|said| said > LARGEST) {
        return Err(problem::TOO_LARGE.into());
    }
    let new = NewUpload { chart, name: asked.name.unwrap_or_default(), said };
    let mut incoming = documents::receive(&app, &caller.scope, caller.by(), new);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        // Whoever hung up reads no answer; dropping it tidies up.
        let piece = piece.map_err(|_| Problem::from(problem::MALFORMED).saying("The file broke off."))?;
        if incoming.add(piece).await == Flow::Stop {
            break;
        }
    }
    looked_through(incoming.finish().await?.ok_or(problem::NOT_FOUND)?)
}

fn looked_through(outcome: Result<Taken, NotTaken>) -> ApiResult {
    match outcome {
        Ok(taken) => {
            let json = UploadJson { id: taken.upload.to_string(), sha256: taken.sha256, size: taken.size };
            Ok(Answer { status: 201, ..Answer::ok(json)? }.into_response())
        }
        Err(why) => Err(not_taken(why)),
    }
}

fn not_taken(why: NotTaken) -> Problem {
    match why {
        NotTaken::TooLarge => problem::TOO_LARGE.into(),
        NotTaken::Quota => problem::TOO_MANY_REQUESTS.into(),
        why => Problem::from(problem::FILE_REFUSED).with("why", why.word()),
    }
}

fn progress_json(at: &Progress) -> ProgressJson {
    ProgressJson {
        id: at.upload.to_string(),
        size: at.size,
        part_bytes: PART_BYTES,
        parts: at.there.clone(),
        complete: at.is_complete,
    }
}

/// Begin to upload a PDF or a picture for a chart in parts.
///
/// A part has 4 MiB (`part_bytes`), the last one may be shorter. Send the parts in any order, several at once if you like,
/// and each again where its answer did not come; then complete the upload. It stays open until 24 hours after its last part.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/uploads/in-parts", tag = "Documents", operation_id = "startUpload",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewUploadJson,
    responses((status = 201, description = "The upload, with its Location", body = ProgressJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn start(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let new = json::read::<NewUploadJson>(&caller, &body);
    let by = caller.by();
    once_here(&app, &caller, &body, move |app, c| {
        if !people::is_chart(c, &chart)? {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let new = granted!(new.as_ref().map_err(Problem::clone));
        let new = NewUpload { chart, name: new.name.clone().unwrap_or_default(), said: Some(new.size) };
        let Some(begun) = parts::start(app, c, &by, &new)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        let upload = granted!(begun.map_err(not_taken));
        let Some(at) = parts::progress(c, &by, &chart, &upload)? else {
            return Ok(Err(problem::NOT_FOUND.into()));
        };
        let to = format!("/api/v1/charts/{chart}/uploads/{upload}");
        Ok(Ok(Answer::ok(progress_json(&at))?.created_at(to)))
    })
    .await
}

fn sender(caller: &ApiCaller, chart: &str) -> Result<Sender, Problem> {
    Ok(Sender { scope: caller.scope.clone(), by: caller.by(), chart: id(chart)? })
}

/// Read which parts of an upload are there.
///
/// Only the key that began it can. One that its document has, or that has ended, is not found.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/uploads/{upload}", tag = "Documents", operation_id = "readUpload",
    params(("chart" = String, Path, description = "The chart's id"), ("upload" = String, Path, description = "The upload's id")),
    responses((status = 200, description = "The upload", body = ProgressJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn read(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((chart, upload)): Path<(String, String)>,
) -> ApiResult {
    let (sender, upload) = (sender(&caller, &chart)?, id::<UploadId>(&upload)?);
    let found = app
        .db
        .read(&caller.scope, move |c| parts::progress(c, &sender.by, &sender.chart, &upload))
        .await?
        .ok_or(problem::NOT_FOUND)?;
    Ok(Answer::ok(progress_json(&found))?.into_response())
}

/// Send a part of an upload.
///
/// Parts are numbered from 0. The body is the part itself. With `Content-Digest: sha-256=:…:` (RFC 9530) it is compared
/// with its hash. The same bytes may be sent again; other bytes under the same number are a conflict.
#[utoipa::path(put, path = "/api/v1/charts/{chart}/uploads/{upload}/parts/{number}", tag = "Documents",
    operation_id = "uploadPart",
    params(("chart" = String, Path, description = "The chart's id"), ("upload" = String, Path, description = "The upload's id"),
        ("number" = u32, Path, description = "The part's number, from 0")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "The part is there"), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn put(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((chart, upload, number)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult {
    let (sender, upload) = (sender(&caller, &chart)?, id::<UploadId>(&upload)?);
    let number: u32 = number.parse().map_err(|_| problem::NOT_FOUND)?;
    if !documents::is_digest(&headers, &body) {
        return Err(Problem::from(problem::MALFORMED).saying("The body is not what its Content-Digest says."));
    }
    match parts::put(&app, &sender, &upload, (number, body)).await?.ok_or(problem::NOT_FOUND)? {
        PartTaken::There => Ok(StatusCode::NO_CONTENT.into_response()),
        PartTaken::OthersThere => Err(problem::PART_DIFFERS.into()),
        PartTaken::Wrong(None) => Err(problem::NOT_FOUND.into()),
        PartTaken::Wrong(Some(bytes)) => {
            Err(Problem::from(problem::MALFORMED).saying(format!("This part has {bytes} bytes.")))
        }
        PartTaken::Refused(why) => Err(not_taken(why)),
    }
}

/// Complete an upload: its file is looked through.
///
/// Where parts are missing, the answer names them in `missing`, and the upload stays open for them. A file that could not be
/// checked for viruses (`why` is `not-scanned`) stays too: complete it again some minutes later.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/uploads/{upload}/complete", tag = "Documents", operation_id = "completeUpload",
    params(("chart" = String, Path, description = "The chart's id"), ("upload" = String, Path, description = "The upload's id")),
    responses((status = 201, description = "The file is stored and waits for its document", body = UploadJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn complete(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((chart, upload)): Path<(String, String)>,
) -> ApiResult {
    let (sender, upload) = (sender(&caller, &chart)?, id::<UploadId>(&upload)?);
    match parts::end(&app, &sender, &upload, Unscanned::TurnedAway).await?.ok_or(problem::NOT_FOUND)? {
        Ended::LookedThrough(outcome) => looked_through(outcome),
        Ended::Missing(missing) => Err(Problem::from(problem::PARTS_MISSING).with("missing", missing)),
    }
}
