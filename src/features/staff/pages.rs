//! Sign-in and sign-out of staff members.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::features::practice::{self, PublicPractice, Which, WhichQuery};
use crate::features::staff::StaffSession;
use crate::features::staff::actions::{self, SignIn};
use crate::features::staff::session::AnySession;
use crate::kernel::secrets::Secret;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, Nothing, RawForm};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::{PageError, PageResult, html, see_other, sign_in};

/// An address under `/staff` that has no page.
pub(super) async fn no_such_page(_: StaffSession) -> PageError {
    PageError::NotFound
}

#[derive(Template)]
#[template(path = "features/staff/templates/sign_in.html")]
struct SignInPage {
    frame: StaffFrame,
    errors: FieldErrors,
    email: String,
    back: String,
}

/// The query of the sign-in page.
#[derive(serde::Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    back: String,
    /// "off": the browser did not send our cookie back.
    #[serde(default)]
    cookies: String,
}

/// `/{practice}/staff`: what staff type. Who is signed in goes on, the others sign in.
pub(super) async fn door(
    State(app): State<AppState>,
    public: PublicPractice,
    headers: HeaderMap,
) -> Response {
    match session::read_cookie(&app.settings, Audience::Staff, &headers) {
        Some(_) => see_other("/staff"),
        None => see_other(&format!("/{}/staff/sign-in", public.practice.slug)),
    }
}

/// The sign-in form.
pub(super) async fn sign_in_page(public: PublicPractice, Query(query): Query<SignInQuery>) -> PageResult {
    let back = sign_in::safe_back("/staff", &query.back).unwrap_or_default().to_owned();
    let mut errors = FieldErrors::new();
    if query.cookies == "off" {
        errors.add("form", public.words.get("error-cookies-off"));
    }
    html(SignInPage { frame: public.staff_frame(), errors, email: String::new(), back }.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInForm {
    email: String,
    password: Secret,
    #[serde(default)]
    back: String,
}

/// Who sends this request, for sessions and limits.
pub(super) fn visitor(app: &AppState, public: &PublicPractice, headers: &HeaderMap) -> Visitor {
    Visitor::read(&app.settings, Audience::Staff, (&public.source, &public.ip_bucket), headers)
}

/// Signs in.
pub(super) async fn sign_in(
    State(app): State<AppState>,
    public: PublicPractice,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: SignInForm = RawForm::read(&body)?.typed()?;
    let words = public.words;
    let back = sign_in::safe_back("/staff", &form.back).unwrap_or_default().to_owned();
    let mut errors = FieldErrors::new();
    if form.email.trim().is_empty() {
        errors.add("email", words.get("staff-error-email-missing"));
    }
    if form.password.reveal().is_empty() {
        errors.add("password", words.get("staff-error-password-missing"));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if errors.is_empty() {
        let visitor = visitor(&app, &public, &headers);
        let outcome =
            actions::sign_in(&app, &public.scope, visitor, &form.email, form.password.clone()).await?;
        match outcome {
            SignIn::Welcome(opened) => {
                let mut response = see_other(if back.is_empty() { "/staff" } else { &back });
                let practice = public.scope.id();
                opened.set_cookies(&app.settings, Audience::Staff, practice, response.headers_mut());
                return Ok(response);
            }
            SignIn::Wrong => errors.add("form", words.get("staff-error-sign-in")),
            SignIn::Paused(until) => {
                let time = words.time(until, &public.zone);
                errors.add("form", words.with1("staff-error-paused", "time", time));
            }
            SignIn::Busy => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                errors.add("form", words.get("error-sign-in-busy"));
            }
        }
    }
    let page = SignInPage { frame: public.staff_frame(), errors, email: form.email, back };
    Ok((status, html(page.render())?).into_response())
}

#[derive(Template)]
#[template(path = "features/staff/templates/which.html")]
struct WhichPage {
    frame: StaffFrame,
    errors: FieldErrors,
    slug: String,
}

/// `/staff/sign-in`, for a browser that has never been anywhere: which practice? Where there is only
/// one, that one.
pub(super) async fn which_practice(
    State(app): State<AppState>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(query): Query<WhichQuery>,
) -> PageResult {
    let mut errors = FieldErrors::new();
    let (status, words, slug) =
        match practice::which_practice(&app, Audience::Staff, &headers, raw.as_deref(), query).await? {
            Which::SignIn(page) => return Ok(see_other(&page)),
            Which::Ask(words) => (StatusCode::OK, words, String::new()),
            Which::Unknown(words, typed) => {
                errors.add("practice", words.get("staff-error-no-such-practice"));
                (StatusCode::UNPROCESSABLE_ENTITY, words, typed)
            }
        };
    let frame = StaffFrame::outside(words, "Anteroom", "", "");
    Ok((status, html(WhichPage { frame, errors, slug }.render())?).into_response())
}

/// `/staff`: where this role comes first.
pub(super) async fn start(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let first = app.navigation.first_page(staff.role).unwrap_or(super::me_pages::ME);
    Ok(see_other(first.0))
}

/// Signs out, also a locked session: the session's row ends, and the browser is asked to delete what it kept (SES-05).
pub(super) async fn sign_out(State(app): State<AppState>, any: AnySession, body: Bytes) -> PageResult {
    let AnySession(staff) = any;
    let Nothing {} = staff.form(&body)?;
    actions::sign_out(&app, &staff.scope, staff.by(), staff.session.token_hash.clone()).await?;
    let mut response = see_other(&format!("/{}/staff/sign-in?done=signed-out", staff.practice.slug));
    session::clear_site(&app.settings, Audience::Staff, response.headers_mut());
    Ok(response)
}

/// For our script: how long the session lasts, and whose it is, so that a form that was typed before
/// a sign-in elsewhere can still be sent (A11-05).
pub(super) async fn standing(
    State(app): State<AppState>,
    staff: StaffSession,
) -> Result<Response, PageError> {
    let standing = session::Standing {
        seconds: staff.session.seconds_left(Audience::Staff, app.now()),
        csrf: &staff.csrf,
        who: &staff.staff_id.to_string(),
    };
    Ok(axum::Json(standing).into_response())
}
