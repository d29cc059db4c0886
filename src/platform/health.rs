//! For the machines that watch: is the process there, can it work, what has it done.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::platform::permissions::Needs;
use crate::platform::state::{AppState, PublicMetrics};
use crate::platform::telemetry;
use crate::platform::web::{PageError, PageResult, Routes};

/// On the public listener. `/metrics` answers there only while nothing but this machine reaches it.
pub fn routes() -> Routes {
    Routes::new().get("/healthz", Needs::Nothing, alive).get("/readyz", Needs::Nothing, ready).get(
        "/metrics",
        Needs::Nothing,
        metrics_on_loopback,
    )
}

/// On a listener of their own (WEB-07).
pub fn own_router(app: AppState) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// The process answers.
async fn alive() -> Response {
    plain(StatusCode::OK, "ok\n")
}

/// The database answers, so requests can be served. Without the store of files most of them can.
async fn ready(State(app): State<AppState>) -> Response {
    match app.db.is_answering().await {
        Ok(()) if app.objects.is_answering() => plain(StatusCode::OK, "ready\n"),
        Ok(()) => plain(StatusCode::OK, "ready; the store of files does not answer\n"),
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "not ready: the database does not answer");
            plain(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

async fn metrics_on_loopback(State(app): State<AppState>) -> PageResult {
    if app.settings.metrics == PublicMetrics::Hidden {
        return Err(PageError::NotFound);
    }
    Ok(metrics().await)
}

async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::rendered())
        .into_response()
}
