//! Pages about passwords before sign-in: forgotten, set by a link.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use crate::features::practice::PublicPractice;
use crate::features::staff::pages::visitor;
use crate::features::staff::password::{self, NewPassword};
use crate::kernel::email::EmailAddress;
use crate::kernel::secrets::{Secret, Token};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, RawForm};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::links::LinkState;
use crate::platform::web::session::Audience;
use crate::platform::web::{PageError, PageResult, devices, html, see_other};

#[derive(Template)]
#[template(path = "features/staff/templates/forgot.html")]
struct ForgotPage {
    frame: StaffFrame,
    errors: FieldErrors,
    email: String,
    sent: bool,
}

/// The form; after it was sent, the one answer.
pub(super) async fn forgot_page(public: PublicPractice) -> PageResult {
    let sent = public.done.as_deref() == Some("staff-forgot");
    let mut frame = public.staff_frame();
    if sent {
        frame.toast = None;
    }
    html(ForgotPage { frame, errors: FieldErrors::new(), email: String::new(), sent }.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgotForm {
    email: String,
}

/// Sends a link, if there is somebody to send it to; says the same either way.
pub(super) async fn forgot(
    State(app): State<AppState>,
    public: PublicPractice,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: ForgotForm = RawForm::read(&body)?.typed()?;
    let Ok(email) = EmailAddress::parse(&form.email) else {
        let mut errors = FieldErrors::new();
        errors.add("email", public.words.get("staff-error-email"));
        let page = ForgotPage { frame: public.staff_frame(), errors, email: form.email, sent: false };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response());
    };
    password::forgot(&app, &public.scope, visitor(&app, &public, &headers), &email).await?;
    Ok(see_other(&format!("/{}/staff/forgot?done=staff-forgot", public.practice.slug)))
}

#[derive(Template)]
#[template(path = "features/staff/templates/password.html")]
struct PasswordPage {
    frame: StaffFrame,
    errors: FieldErrors,
    /// Where the form goes: the page's own address, token and all.
    action: String,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "features/staff/templates/dead_link.html")]
struct DeadLinkPage {
    frame: StaffFrame,
    /// Which sentence: expired, used or replaced.
    what: &'static str,
}

/// Behind a link. Looking changes nothing.
pub(super) async fn password_page(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, token)): Path<(String, String)>,
) -> PageResult {
    show(&app, &public, &token, FieldErrors::new()).await
}

async fn show(app: &AppState, public: &PublicPractice, text: &str, errors: FieldErrors) -> PageResult {
    let token = Token::read(text).ok_or(PageError::NotFound)?;
    let (state, member) = password::look(app, &public.scope, token.clone()).await?;
    let (frame, status) = (public.staff_frame(), if errors.is_empty() { 200 } else { 422 });
    let what = match state {
        LinkState::Open(_) => {
            let member = member.ok_or(PageError::NotFound)?;
            let action = format!("/{}/staff/password/{}", public.practice.slug, token.reveal());
            let email = member.email.as_str().to_owned();
            let page = PasswordPage { frame, errors, action, name: member.name, email };
            let status = StatusCode::from_u16(status).unwrap_or_default();
            return Ok((status, html(page.render())?).into_response());
        }
        LinkState::Unknown => return Err(PageError::NotFound),
        LinkState::Expired(_) => "staff-link-expired",
        LinkState::Used(_) => "staff-link-used",
        LinkState::Revoked(_) => "staff-link-replaced",
    };
    Ok((StatusCode::GONE, html(DeadLinkPage { frame, what }.render())?).into_response())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    password: Secret,
}

/// Sets the password and leads to sign-in; a link signs nobody in.
pub(super) async fn set_password(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, text)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: PasswordForm = RawForm::read(&body)?.typed()?;
    let token = Token::read(&text).ok_or(PageError::NotFound)?;
    let came =
        password::set_by_link(&app, &public.scope, public.source.clone(), token, form.password).await?;
    let mut errors = FieldErrors::new();
    match came {
        NewPassword::Set(device) => {
            let mut response =
                see_other(&format!("/{}/staff/sign-in?done=staff-password", public.practice.slug));
            devices::set_cookie(&app.settings, Audience::Staff, &device, response.headers_mut());
            return Ok(response);
        }
        NewPassword::Weak(key) => errors.add("password", public.words.get(key)),
        _ => {}
    }
    show(&app, &public, &text, errors).await
}
