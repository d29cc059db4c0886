//! Tells an open Communications tab to look again.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::features::access::list_store::picture;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::live_stream::{self, Of};
use crate::platform::web::session::{self, Audience};

/// The stream.
pub async fn stream(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let hash = staff.session.token_hash;
    let of = Of { practice: *staff.scope.id(), chart: Some(chart), session_hash: hash.clone() };
    let (db, scope) = (app.db.clone(), staff.scope);
    let look = move || -> live_stream::Looking<_> {
        let (db, scope, hash) = (db.clone(), scope.clone(), hash.clone());
        Box::pin(async move {
            db.read(&scope, move |c| {
                // SES-06: a session that ran out, or ended elsewhere, ends its streams too.
                if !session::is_alive(c, Audience::Staff, &hash)? {
                    return Ok(None);
                }
                picture(c, &chart)
            })
            .await
        })
    };
    live_stream::stream(&app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
}
