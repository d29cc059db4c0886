//! The three calls by which a page sends a file in numbered parts, for staff and for clients. They answer in JSON; what is
//! wrong with a file is said in words, for the page.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::features::accounts::ClientSession;
use crate::features::documents::request_pages::may_send;
use crate::features::documents::staff_forms::Place;
use crate::features::documents::upload_form::{why_not_taken, why_not_taken_by_client};
use crate::features::documents::upload_parts::{self as parts, Ended, PartTaken, Sender};
use crate::features::documents::uploads::{NewUpload, NotTaken, Unscanned, who};
use crate::features::staff::StaffSession;
use crate::kernel::ids::UploadId;
use crate::platform::i18n::Words;
use crate::platform::objects::PART_BYTES;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::Nothing;
use crate::platform::web::{PageError, PageResult};

/// The header with a page's form token, for a request whose body is no form.
const TOKEN: &str = "x-anteroom-csrf";
/// The hash of a body (RFC 9530).
pub const DIGEST: &str = "content-digest";

/// What begins an upload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    /// The page's own mark of this file: a start that is sent again goes on with the same upload.
    mark: String,
    name: String,
    size: u64,
}

#[derive(Serialize)]
struct Started {
    upload: String,
    part_bytes: u64,
    there: Vec<u32>,
}

#[derive(Serialize)]
struct Missing {
    missing: Vec<u32>,
}

/// A sentence for the page.
#[derive(Serialize)]
struct Why {
    why: String,
}

type InWords = fn(Words, NotTaken) -> String;

/// Whose page sends the file.
struct Page {
    sender: Sender,
    words: Words,
    in_words: InWords,
    csrf: String,
}

impl Page {
    async fn of_staff(app: &AppState, staff: &StaffSession, chart: &str) -> Result<Self, PageError> {
        let chart = Place::of_chart(app, staff, chart).await?.chart;
        let sender = Sender { by: staff.by(), chart, scope: staff.scope.clone() };
        Ok(Self { sender, words: staff.words, in_words: why_not_taken, csrf: staff.csrf.clone() })
    }

    fn of_client(client: ClientSession) -> Self {
        let sender = Sender { by: client.by(), chart: client.chart_id, scope: client.scope.clone() };
        Self { sender, words: client.words, in_words: why_not_taken_by_client, csrf: client.csrf }
    }

    fn refuse(&self, why: NotTaken) -> Response {
        let status = if why == NotTaken::TooLarge {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        (status, Json(Why { why: (self.in_words)(self.words, why) })).into_response()
    }

    async fn start(&self, app: &AppState, start: Start) -> PageResult {
        let chart = self.sender.chart;
        let typed = format!("{chart}\n{}\n{}", start.name, start.size);
        let mark =
            FormToken::read("upload-in-parts", &who(&self.sender.by).1, &start.mark, &Bytes::from(typed))?;
        let (inside, by) = (app.clone(), self.sender.by.clone());
        let new = NewUpload { chart, name: start.name, said: Some(start.size) };
        let begun = app
            .db
            .write(&self.sender.scope, move |c| {
                let made = made_once(c, &mark, |c| {
                    let started = parts::start(&inside, c, &by, &new)?;
                    Ok(started.unwrap_or(Err(NotTaken::BrokenOff)))
                })?;
                let upload: UploadId = match made {
                    Ok(upload) => upload,
                    Err(why) => return Ok(Err(why)),
                };
                Ok(Ok(parts::progress(c, &by, &chart, &upload)?))
            })
            .await?;
        Ok(match begun {
            Ok(Some(at)) => {
                let upload = at.upload.to_string();
                Json(Started { upload, part_bytes: PART_BYTES, there: at.there }).into_response()
            }
            // It was begun under this mark, and its time is over: the page takes another mark.
            Ok(None) => StatusCode::GONE.into_response(),
            Err(why) => self.refuse(why),
        })
    }

    async fn put(
        &self,
        app: &AppState,
        (upload, number): (&str, &str),
        headers: &HeaderMap,
        bytes: Bytes,
    ) -> PageResult {
        let token = headers.get(TOKEN).and_then(|value| value.to_str().ok());
        if token != Some(self.csrf.as_str()) {
            return Err(PageError::BadRequest);
        }
        let upload: UploadId = upload.parse().map_err(|_| PageError::NotFound)?;
        let number: u32 = number.parse().map_err(|_| PageError::NotFound)?;
        if !is_digest(headers, &bytes) {
            return Ok(StatusCode::BAD_REQUEST.into_response());
        }
        let put = parts::put(app, &self.sender, &upload, (number, bytes)).await?;
        Ok(match put.ok_or(PageError::NotFound)? {
            PartTaken::There => StatusCode::NO_CONTENT.into_response(),
            PartTaken::OthersThere => StatusCode::CONFLICT.into_response(),
            PartTaken::Wrong(_) => self.refuse(NotTaken::BrokenOff),
            PartTaken::Refused(why) => self.refuse(why),
        })
    }

    async fn end(&self, app: &AppState, upload: &str) -> PageResult {
        let upload: UploadId = upload.parse().map_err(|_| PageError::NotFound)?;
        let ended = parts::end(app, &self.sender, &upload, Unscanned::Held).await?;
        Ok(match ended.ok_or(PageError::NotFound)? {
            Ended::LookedThrough(Ok(_)) => StatusCode::NO_CONTENT.into_response(),
            Ended::LookedThrough(Err(why)) => self.refuse(why),
            Ended::Missing(missing) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(Missing { missing })).into_response()
            }
        })
    }
}

/// Is the body what its header says, where one says anything? Only SHA-256 is asked about.
pub fn is_digest(headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(said) = headers.get(DIGEST) else { return true };
    let said = said.to_str().unwrap_or_default();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(body));
    let is_ours =
        |one: &str| one.trim().strip_prefix("sha-256=").is_some_and(|value| value == format!(":{hash}:"));
    let is_about_it = |one: &str| one.trim().starts_with("sha-256=");
    !said.split(',').any(is_about_it) || said.split(',').any(is_ours)
}

/// Staff begin.
pub(super) async fn staff_start(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let page = Page::of_staff(&app, &staff, &chart).await?;
    page.start(&app, staff.form(&body)?).await
}

/// Staff send a part.
pub(super) async fn staff_put(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, upload, number)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    Page::of_staff(&app, &staff, &chart).await?.put(&app, (&upload, &number), &headers, body).await
}

/// Staff have sent all parts.
pub(super) async fn staff_end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, upload)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let page = Page::of_staff(&app, &staff, &chart).await?;
    let Nothing {} = staff.form(&body)?;
    page.end(&app, &upload).await
}

/// A client begins.
pub(super) async fn client_start(
    State(app): State<AppState>,
    client: ClientSession,
    body: Bytes,
) -> PageResult {
    let start: Start = client.form(&body)?;
    if !may_send(&app, &client).await? {
        let why = client.words.get("document-request-files-an-hour");
        return Ok((StatusCode::TOO_MANY_REQUESTS, Json(Why { why })).into_response());
    }
    Page::of_client(client).start(&app, start).await
}

/// A client sends a part.
pub(super) async fn client_put(
    State(app): State<AppState>,
    client: ClientSession,
    Path((upload, number)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    Page::of_client(client).put(&app, (&upload, &number), &headers, body).await
}

/// A client has sent all parts.
pub(super) async fn client_end(
    State(app): State<AppState>,
    client: ClientSession,
    Path(upload): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    Page::of_client(client).end(&app, &upload).await
}
