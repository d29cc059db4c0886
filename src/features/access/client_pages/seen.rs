//! "Form opened": the page's script reports the first key pressed in the form. Opening the link does not
//! count, because mail scanners open links.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::features::access::audit::AccessAction;
use crate::features::access::store::{self, AccessRow, load_access};
use crate::features::practice::PublicPractice;
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, By};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::PageError;

/// What the script sends.
const TYPED: &[u8] = b"typed=1";

/// Notes it, once a link. The answer is the same for every link, known or not.
pub async fn seen(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, PageError> {
    // Only our script says so; an empty post is a scanner's.
    if body.as_ref() == TYPED
        && let Some(token) = Token::read(&token)
    {
        note_opened(&app, &practice.scope, practice.by_link(), token).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn note_opened(app: &AppState, scope: &PracticeScope, by: By, token: Token) -> Result<(), Fault> {
    let hash = token.hash();
    // Most calls find nothing new: look before taking the writer's turn.
    let known = hash.clone();
    if app.db.read(scope, move |c| store::unopened(c, &known)).await?.is_none() {
        return Ok(());
    }
    let chart = app
        .db
        .write(scope, move |c| {
            let Some((id, access)) = store::unopened(c, &hash)? else { return Ok(None) };
            if !store::mark_opened(c, &id)? {
                return Ok(None);
            }
            let Some(AccessRow { chart_id: chart, .. }) = load_access(c, &access)? else { return Ok(None) };
            let event = audit::Event {
                access: Some(access),
                ..audit::Event::new(by.clone(), AccessAction::Opened).on_chart(&chart)
            };
            audit::record(c, event)?;
            Ok(Some(chart))
        })
        .await?;
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(())
}
