//! One's own sign-in: open sessions, the password.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::features::staff::StaffSession;
use crate::features::staff::password::{self, NewPassword};
use crate::features::staff::{store, team};
use crate::kernel::secrets::Secret;
use crate::platform::i18n::Stamp;
use crate::platform::state::AppState;
use crate::platform::web::browser;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::nav::Section;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::{PageError, PageResult, devices, html, see_other};

/// One's own sign-in.
pub(super) const ME: Section = Section("/staff/me");

/// A session, in words.
struct SessionLine {
    name: String,
    browser: String,
    source: String,
    began: Stamp,
    seen: Stamp,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "features/staff/templates/me.html")]
struct MePage {
    frame: StaffFrame,
    errors: FieldErrors,
    name: String,
    email: String,
    sessions: Vec<SessionLine>,
}

/// The page.
pub(super) async fn me(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    show(&app, &staff, FieldErrors::new()).await
}

async fn show(app: &AppState, staff: &StaffSession, errors: FieldErrors) -> PageResult {
    let id = staff.staff_id.clone();
    let (member, open) = app
        .db
        .read(&staff.scope, move |c| {
            Ok((store::find(c, &id)?, session::open_ones(c, Audience::Staff, &id.to_string())?))
        })
        .await?;
    let member = member.ok_or(PageError::NotFound)?;
    let (words, now) = (staff.words, app.now());
    let sessions = open
        .into_iter()
        .map(|one| SessionLine {
            name: one.name().to_owned(),
            browser: browser::describe(words, &one.agent),
            began: words.stamp(one.created_at, &staff.zone, now),
            seen: words.stamp(one.seen_at, &staff.zone, now),
            is_this: one.token_hash == staff.session.token_hash,
            source: one.source,
        })
        .collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = MePage {
        frame: staff.frame(app, ME),
        errors,
        name: member.name,
        email: member.email.as_str().to_owned(),
        sessions,
    };
    Ok((status, html(page.render())?).into_response())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
    present: Secret,
    password: Secret,
}

/// Changes the password.
pub(super) async fn change_password(
    State(app): State<AppState>,
    staff: StaffSession,
    ip: Option<axum::Extension<ClientIp>>,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: ChangeForm = staff.form(&body)?;
    let ip_bucket = ip.map(|axum::Extension(ip)| ip.bucket()).unwrap_or_default();
    let visitor = Visitor::read(&app.settings, Audience::Staff, (&staff.source, &ip_bucket), &headers);
    let id = staff.staff_id.clone();
    let came = password::change(&app, &staff.scope, visitor, id, form.present, form.password).await?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    match came {
        NewPassword::Changed(opened) => {
            let mut response = see_other("/staff/me?done=staff-password-changed");
            opened.set_cookies(&app.settings, Audience::Staff, staff.scope.id(), response.headers_mut());
            return Ok(response);
        }
        NewPassword::Weak(key) => errors.add("password", words.get(key)),
        NewPassword::WrongPresent => errors.add("present", words.get("staff-error-present")),
        NewPassword::Paused(until) => {
            errors.add("present", words.with1("staff-error-paused", "time", words.time(until, &staff.zone)));
        }
        NewPassword::NotOpen | NewPassword::Set(_) => return Err(PageError::Stale),
    }
    show(&app, &staff, errors).await
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EndForm {
    /// A session's name; empty for all others.
    session: String,
}

/// Ends other sessions of one's own.
pub(super) async fn end_sessions(
    State(app): State<AppState>,
    staff: StaffSession,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: EndForm = staff.form(&body)?;
    let which = (!form.session.is_empty()).then_some(form.session);
    let device = devices::read_cookie(&app.settings, Audience::Staff, &headers);
    let keep = (staff.session.token_hash.clone(), device);
    team::end_own_sessions(&app, &staff.scope, staff.by(), staff.staff_id.clone(), keep, which).await?;
    Ok(see_other("/staff/me?done=staff-session-ended"))
}
