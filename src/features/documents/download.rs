//! A version as a file: to the client, to staff, to the API. The bytes of a stored file are read and compared whole
//! before the first one is sent.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::body;
use crate::features::documents::file_kind::attachment;
use crate::features::documents::store::{Blob, Content, Document, Version};
use crate::kernel::ids::ChartId;
use crate::platform::audit::{self, By, Event};
use crate::platform::confined::Task;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::objects::{Object, ObjectError, Stored, blob_key};
use crate::platform::state::AppState;
use crate::platform::web::guard::OwnPolicy;

/// Nothing in a download may run, whatever opens it (FIL-04).
pub const DOWNLOAD_POLICY: OwnPolicy =
    OwnPolicy("sandbox; default-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'");

/// What stands above a text that is downloaded.
pub struct Head<'a> {
    /// The practice.
    pub practice: &'a str,
    /// From whom and when.
    pub note: &'a str,
}

/// The answer.
pub async fn download(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    (document, version): (&Document, &Version),
    head: Head<'_>,
) -> Result<Response, Fault> {
    match &version.content {
        Content::Text(text) => {
            let Head { practice, note } = head;
            let text = format!("{}\n{practice}\n{note}\n\n{}\n", document.title, text.trim_end());
            let name = body::file_name(&document.title);
            Ok(as_file(Body::from(text), "text/plain; charset=utf-8", &name))
        }
        Content::File(blob, name) => {
            let name = if name.is_empty() { format!("{}.pdf", document.title) } else { name.clone() };
            stored_file(app, scope, by, FileOf::document(document), blob, &name).await
        }
    }
}

/// What a stored file belongs to, for the trail.
#[derive(Clone, Debug)]
pub struct FileOf {
    /// Its chart.
    pub chart: ChartId,
    /// What it is part of, such as `document`, and which one.
    pub part_of: (&'static str, String),
}

impl FileOf {
    /// A document's file.
    pub fn document(document: &Document) -> Self {
        Self { chart: document.chart_id, part_of: ("document", document.document_id.to_string()) }
    }
}

/// A stored file to keep.
pub async fn stored_file(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    of: FileOf,
    blob: &Blob,
    name: &str,
) -> Result<Response, Fault> {
    let mut response = as_file(checked_body(app, scope, by, of, blob).await?, &blob.media_type, name);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(blob.size));
    Ok(response)
}

/// The bytes of a stored file, read whole and found to be what was stored. Damage is a fault that the audit trail
/// tells of, and nothing of the file is shown (DUR-04).
pub async fn checked_body(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    of: FileOf,
    blob: &Blob,
) -> Result<Body, Fault> {
    let stored = stored(app, scope, blob).await?;
    match app.objects.open(stored).await {
        Ok(checked) => Ok(Body::from_stream(checked.stream())),
        Err(error) => Err(damaged(app, scope, by, of, (blob, error)).await?),
    }
}

/// What a process of its own says about a stored file; `None` where it says nothing. See [`Confined::answer`].
///
/// [`Confined::answer`]: crate::platform::confined::Confined::answer
pub(super) async fn asked_of(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    of: FileOf,
    blob: &Blob,
    (task, asked): (Task, String),
) -> Result<Option<Vec<u8>>, Fault> {
    let stored = stored(app, scope, blob).await?;
    match app.confined.answer(task, &asked, app.objects.read(stored)).await {
        Ok(said) => Ok(said),
        Err(error) => Err(damaged(app, scope, by, of, (blob, error)).await?),
    }
}

async fn stored(app: &AppState, scope: &PracticeScope, blob: &Blob) -> Result<Stored, Fault> {
    let (inside, of) = (app.clone(), blob.clone());
    let key = app.db.read(scope, move |c| blob_key(&inside.keys, c, of.key_generation, &of.blob_id)).await?;
    Ok(Stored {
        object: Object { practice: blob.practice_id, blob: blob.blob_id, key },
        size: u64::try_from(blob.size).unwrap_or(0),
        sha256: blob.sha256.clone(),
    })
}

/// The fault that a stored file cannot be read by. Damage is told to the audit trail.
async fn damaged(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    FileOf { chart, part_of: (holder, id) }: FileOf,
    (blob, error): (&Blob, ObjectError),
) -> Result<Fault, Fault> {
    match error {
        ObjectError::Fault(fault) => Ok(fault),
        ObjectError::Damaged(what) => {
            let event = Event::new(by, DocumentAction::Damaged)
                .on_chart(&chart)
                .with(serde_json::json!({ holder: id, "blob": blob.blob_id, "sha256": blob.sha256 }));
            app.db.write(scope, move |c| audit::record(c, event.clone())).await?;
            tracing::error!(blob = %blob.blob_id, what, "a stored file is damaged");
            Ok(Fault::Unavailable("a stored file is damaged".into()))
        }
    }
}

/// How an address asks for the signed copy of a document.
pub const SIGNED: &str = "signed";

/// The sealed file of a signed document.
pub async fn signed_copy(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    document: &Document,
    blob: &Blob,
) -> Result<Response, Fault> {
    let name = format!("{}.signed.pdf", document.title);
    stored_file(app, scope, by, FileOf::document(document), blob, &name).await
}

fn as_file(body: Body, media_type: &str, name: &str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, attachment(name))];
    let mut response = (headers, body).into_response();
    response.extensions_mut().insert(DOWNLOAD_POLICY);
    response
}
