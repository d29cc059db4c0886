//! A version as a file: to the client, to staff, to the API. The bytes of a stored file are read and compared whole
//! before the first one is sent.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::features::documents::audit::DocumentAction;
use crate::features::documents::body;
use crate::features::documents::file_kind::attachment;
use crate::features::documents::store::{Blob, Content, Document, Version};
use crate::platform::audit::{self, By, Event};
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
            let stored = damaged_or_stored(app, scope, by, document, blob).await?;
            let name = if name.is_empty() { format!("{}.pdf", document.title) } else { name.clone() };
            let mut response = as_file(Body::from_stream(app.objects.read(stored)), &blob.media_type, &name);
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(blob.size));
            Ok(response)
        }
    }
}

/// The bytes of a stored file, read whole and found to be what was stored. Damage is a fault that the audit trail
/// tells of, and nothing of the file is shown (DUR-04).
pub async fn damaged_or_stored(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    document: &Document,
    blob: &Blob,
) -> Result<Stored, Fault> {
    let (inside, of) = (app.clone(), blob.clone());
    let key = app.db.read(scope, move |c| blob_key(&inside.keys, c, of.key_generation, &of.blob_id)).await?;
    let stored = Stored {
        object: Object { practice: blob.practice_id, blob: blob.blob_id, key },
        size: u64::try_from(blob.size).unwrap_or(0),
        sha256: blob.sha256.clone(),
    };
    match app.objects.check(&stored).await {
        Ok(()) => Ok(stored),
        Err(ObjectError::Fault(fault)) => Err(fault),
        Err(ObjectError::Damaged(what)) => {
            let event = Event::new(by, DocumentAction::Damaged).on_chart(&document.chart_id).with(
                serde_json::json!({ "document": document.document_id, "blob": blob.blob_id, "sha256": blob.sha256 }),
            );
            app.db.write(scope, move |c| audit::record(c, event.clone())).await?;
            tracing::error!(blob = %blob.blob_id, what, "a stored file is damaged");
            Err(Fault::Unavailable("a stored file is damaged".into()))
        }
    }
}

fn as_file(body: Body, media_type: &str, name: &str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, attachment(name))];
    let mut response = (headers, body).into_response();
    response.extensions_mut().insert(DOWNLOAD_POLICY);
    response
}
