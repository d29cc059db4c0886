//! Composition: the rooms' routes under one guard.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::platform::state::AppState;
use crate::platform::web::accent::Accent;
use crate::platform::web::{Routes, assets, errors, guard, language};
use crate::rooms;

/// Every room's routes, with what each needs.
pub fn routes() -> Routes {
    Routes::new()
        .and(assets::routes())
        .and(rooms::access::routes())
        .and(rooms::api::routes())
        .and(rooms::appointments::routes())
        .and(rooms::billing::routes())
        .and(rooms::charts::routes())
        .and(rooms::documents::routes())
        .and(rooms::portal::routes())
        .and(rooms::practice::routes())
        .and(rooms::staff::routes())
        .and(rooms::worklist::routes())
}

/// The whole public side of the program.
pub fn router(app: AppState) -> Router {
    let (router, _) = routes().into_parts();
    router
        .layer(from_fn(guard::note_route))
        .layer(from_fn_with_state(app.clone(), language::remember))
        .layer(from_fn(|request, next| errors::dress(request, next, assets::css_path(Accent::default()))))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
