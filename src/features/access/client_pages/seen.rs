//! "Form opened": the page's script reports the first key pressed in the form. Opening the link does not
//! count, because mail scanners open links.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use diesel::prelude::*;

use crate::features::access::InvitationState;
use crate::features::access::audit::AccessAction;
use crate::features::practice::PublicPractice;
use crate::kernel::ids::{AccessId, InvitationId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, By};
use crate::platform::db;
use crate::platform::db::schema::{invitation, portal_access};
use crate::platform::db::{PracticeScope, Scoped};
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
    if app.db.read(scope, move |c| unopened(c, &known)).await?.is_none() {
        return Ok(());
    }
    let chart = app
        .db
        .write(scope, move |c| {
            let Some((id, access)) = unopened(c, &hash)? else { return Ok(None) };
            let now = c.now();
            let practice = c.practice().clone();
            let changed = db::update(
                invitation::table
                    .filter(invitation::practice_id.eq(practice.clone()))
                    .filter(invitation::invitation_id.eq(id))
                    .filter(invitation::opened_at.is_null()),
            )
            .set(invitation::opened_at.eq(now))
            .execute(c.conn)?;
            if changed == 0 {
                return Ok(None);
            }
            let chart: crate::kernel::ids::ChartId = portal_access::table
                .filter(portal_access::practice_id.eq(practice))
                .filter(portal_access::access_id.eq(access.clone()))
                .select(portal_access::chart_id)
                .first(c.conn)?;
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

/// The live invitation of this token, unless its form was opened before.
fn unopened(c: &mut Scoped<'_>, hash: &str) -> Result<Option<(InvitationId, AccessId)>, Fault> {
    Ok(invitation::table
        .filter(invitation::practice_id.eq(c.practice().clone()))
        .filter(invitation::token_hash.eq(hash))
        .filter(invitation::state.eq(InvitationState::Live))
        .filter(invitation::opened_at.is_null())
        .select((invitation::invitation_id, invitation::access_id))
        .first(c.conn)
        .optional()?)
}
