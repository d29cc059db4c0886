//! What a client reads in the place of a document that waits: which one comes first.

use axum::http::StatusCode;

use crate::features::accounts::{self, ClientSession};
use crate::features::documents::lifecycle::ShareStanding;
use crate::features::documents::store;
use crate::kernel::ids::DocumentId;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult};

/// The page.
pub async fn waits(
    app: &AppState,
    client: &ClientSession,
    frame: ClientFrame,
    first: &DocumentId,
) -> PageResult {
    let id = *first;
    let first = app.db.read(&client.scope, move |c| store::find(c, &id)).await?;
    // A staff member may look as of another day than today.
    let first = first
        .filter(|first| client.may_view_item(Right::Documents, &first.item(ShareStanding::Live)))
        .ok_or(PageError::NotFound)?;
    let words = client.words;
    let (text, link) = (
        words.with1("packets-waits-text", "title", &first.title),
        words.with1("packets-waits-link", "title", &first.title),
    );
    let href = format!("/portal/documents/{id}");
    accounts::message(frame, StatusCode::CONFLICT, (words.get("packets-waits-title"), text), (&href, link))
}
