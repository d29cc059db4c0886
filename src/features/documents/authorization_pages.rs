//! A client revokes an authorization; staff note it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};

use crate::features::accounts::ClientSession;
use crate::features::documents::actions::{ReaderGrant, Refused, look_ahead};
use crate::features::documents::authorization::{Event, decide};
use crate::features::documents::authorization_actions::{note_revocation, revocable, revoke};
use crate::features::documents::client_pages::MINE;
use crate::features::documents::staff_pages::{ids_of, tab_of};
use crate::features::staff::StaffSession;
use crate::kernel::ids::DocumentId;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

fn own_page(id: &DocumentId) -> String {
    format!("/portal/documents/{id}")
}

#[derive(Template)]
#[template(path = "features/documents/templates/client_revoke.html")]
struct RevokePage {
    frame: ClientFrame,
    title: String,
    here: String,
}

/// Asks before an authorization is revoked.
pub(super) async fn ask(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let who = ReaderGrant::of(&client);
    let read = move |c: &mut Scoped<'_>| {
        let (document, _) = granted!(look_ahead(c, &who, &id)?);
        let standing = revocable(c, &who, &document)?;
        let now = c.now();
        Ok::<Result<_, Refused>, Fault>(Ok(
            standing.map(|standing| (document.title, decide(standing, Event::Revoke(now))))
        ))
    };
    let found = app.db.read(&client.scope, read).await?.map_err(|_| PageError::NotFound)?;
    let (title, decided) = found.ok_or(PageError::NotFound)?;
    if decided.is_err() {
        // The document's page says that it ended, or that it was never signed.
        return Ok(see_other(&own_page(&id)));
    }
    html(RevokePage { title, here: own_page(&id), frame: client.frame(&app, MINE) }.render())
}

/// Revokes it.
pub(super) async fn take_effect(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id: DocumentId = id.parse().map_err(|_| PageError::NotFound)?;
    let (by, who) = (client.by(), ReaderGrant::of(&client));
    let outcome = app.db.write(&client.scope, move |c| revoke(c, &by, &who, &id)).await?;
    match outcome.map_err(|_| PageError::NotFound)? {
        Ok(()) => {
            app.live.chart_changed(client.scope.id(), &client.chart_id);
            Ok(see_other(&format!("{}?done=documents-revoked", own_page(&id))))
        }
        // A second click, or its last day went by meanwhile: its page says so.
        Err(_) => Ok(see_other(&own_page(&id))),
    }
}

/// Staff note that they act on it no more.
pub(super) async fn note(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let (chart, id) = ids_of(&at)?;
    let by = staff.by();
    let outcome = app.db.write(&staff.scope, move |c| note_revocation(c, &by, &chart, &id)).await?;
    let here = format!("{}/{id}", tab_of(&chart));
    match outcome.map_err(|_| PageError::NotFound)? {
        Ok(()) => {
            app.live.chart_changed(staff.scope.id(), &chart);
            Ok(see_other(&format!("{here}?done=documents-revocation-noted")))
        }
        Err(_) => Ok(see_other(&here)),
    }
}
