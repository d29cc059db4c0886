//! The page that gives a locked session back to its staff member: their password, with the limits of the sign-in.

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::features::staff::actions;
use crate::features::staff::session::{LED_TO, LockedSession};
use crate::features::staff::step_up::confirm_password;
use crate::kernel::secrets::Secret;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::sign_in::safe_back;
use crate::platform::web::step_up::StepUp;
use crate::platform::web::{PageResult, html, see_other};

/// Its address.
pub const UNLOCK: &str = "/staff/unlock";

#[derive(Template)]
#[template(path = "features/staff/templates/unlock.html")]
struct UnlockPage {
    frame: StaffFrame,
    errors: FieldErrors,
    /// Whose session it is.
    name: String,
    /// Where it goes on once it is unlocked.
    back: String,
    /// What it was locked for.
    led_to: &'static str,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct WhereTo {
    back: String,
}

fn page_of(locked: &LockedSession, back: &str, errors: FieldErrors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let practice = &locked.host.practice;
    let outside = StaffFrame::outside(locked.host.words, &practice.name, &practice.slug, &practice.accent);
    let page = UnlockPage {
        frame: StaffFrame { csrf: locked.host.csrf.clone(), ..outside },
        errors,
        name: locked.host.name.clone(),
        back: safe_back("/staff", back).unwrap_or_default().to_owned(),
        led_to: LED_TO,
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks for the password.
pub(super) async fn page(locked: LockedSession, Query(to): Query<WhereTo>) -> PageResult {
    page_of(&locked, &to.back, FieldErrors::new())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct UnlockForm {
    password: Secret,
    back: String,
}

/// Unlocks the session.
pub(super) async fn unlock(
    State(app): State<AppState>,
    locked: LockedSession,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: UnlockForm = locked.host.form(&body)?;
    let (words, host) = (locked.host.words, &locked.host);
    let mut errors = FieldErrors::new();
    if form.password.reveal().is_empty() {
        errors.add("password", words.get("staff-error-password-missing"));
        return page_of(&locked, &form.back, errors);
    }
    let ip_bucket = ip.map(|Extension(ip)| ip.bucket()).unwrap_or_default();
    match confirm_password(&app, host, (&ip_bucket, &headers), &form.password).await? {
        StepUp::Confirmed(confirmed) => {
            let hash = host.session.token_hash.clone();
            actions::unlock(&app, &host.scope, host.by(), hash, confirmed).await?;
            return Ok(see_other(safe_back("/staff", &form.back).unwrap_or("/staff")));
        }
        StepUp::Wrong => {
            actions::note_wrong_unlock(&app, &host.scope, host.source.clone()).await?;
            errors.add("password", words.get("staff-unlock-wrong"));
        }
        StepUp::Paused(until) => {
            actions::note_wrong_unlock(&app, &host.scope, host.source.clone()).await?;
            let time = words.time(until, &host.zone);
            errors.add("password", words.with1("staff-error-paused", "time", time));
        }
        StepUp::Busy => errors.add("password", words.get("error-sign-in-busy")),
    }
    page_of(&locked, &form.back, errors)
}
