//! Pages before sign-in: the practice's landing page, sign-in, a forgotten password, help.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::features::accounts::actions::{self, PasswordSet, ResetView, SignIn};
use crate::features::accounts::session::ClientAccount;
use crate::features::practice::{self, PublicPractice, Which, WhichQuery};
use crate::kernel::secrets::{Secret, Token};
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, RawForm};
use crate::platform::web::frame::{ClientFrame, Contact};
use crate::platform::web::session::{self, Audience};
use crate::platform::web::sign_in::Visitor;
use crate::platform::web::sign_in_ticket as ticket;
use crate::platform::web::{PageError, PageResult, devices, html, see_other, sign_in as pauses};

#[derive(Template)]
#[template(path = "features/accounts/templates/landing.html")]
struct Landing {
    frame: ClientFrame,
    /// Where this browser is signed in: on the client's side, on that of staff.
    is_client: bool,
    is_staff: bool,
}

/// `/{practice}`: where somebody begins who typed the address.
pub(super) async fn landing(
    State(app): State<AppState>,
    public: PublicPractice,
    headers: HeaderMap,
) -> PageResult {
    let is_in = |audience| session::read_cookie(&app.settings, audience, &headers).is_some();
    let (is_client, is_staff) = (is_in(Audience::Client), is_in(Audience::Staff));
    html(Landing { frame: public.client_frame(&app), is_client, is_staff }.render())
}

/// `/{practice}/portal`: who is signed in goes on, the others sign in.
pub(super) async fn door(
    State(app): State<AppState>,
    public: PublicPractice,
    headers: HeaderMap,
) -> Response {
    match session::read_cookie(&app.settings, Audience::Client, &headers) {
        Some(_) => see_other("/portal"),
        None => see_other(&format!("/{}/sign-in", public.practice.slug)),
    }
}

/// An address under a practice's that has no page: the page that says so has the practice's name and how
/// to reach it.
pub(super) async fn no_such_page(_: PublicPractice) -> PageError {
    PageError::NotFound
}

/// The same after sign-in.
pub(super) async fn no_such_page_inside(_: ClientAccount) -> PageError {
    PageError::NotFound
}

#[derive(Template)]
#[template(path = "features/accounts/templates/sign_in.html")]
struct SignInPage {
    frame: ClientFrame,
    errors: FieldErrors,
    /// Not `name`: the macros of parts.html have a word of that name.
    typed: String,
    back: String,
}

/// The query of the sign-in page.
#[derive(serde::Deserialize)]
pub(super) struct SignInQuery {
    /// The sign-in name in the clear (typed by hand, or from a page of ours that knows it).
    #[serde(default)]
    name: String,
    /// The same, sealed: see [`ticket`].
    #[serde(default, rename = "for")]
    ticket: String,
    #[serde(default)]
    back: String,
    /// "off": the browser did not send our cookie back.
    #[serde(default)]
    cookies: String,
}

/// The sign-in form.
pub(super) async fn sign_in_page(
    State(app): State<AppState>,
    public: PublicPractice,
    Query(query): Query<SignInQuery>,
) -> PageResult {
    let name = ticket::read(&app, &query.ticket).unwrap_or(query.name);
    let name: String = name.chars().filter(|c| !c.is_control()).take(254).collect();
    let back = pauses::safe_back("/portal", &query.back).unwrap_or_default().to_owned();
    let mut errors = FieldErrors::new();
    if query.cookies == "off" {
        errors.add("form", public.words.get("error-cookies-off"));
    }
    html(SignInPage { frame: public.client_frame(&app), errors, typed: name, back }.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInForm {
    name: String,
    password: Secret,
    #[serde(default)]
    back: String,
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
    let back = pauses::safe_back("/portal", &form.back).unwrap_or_default().to_owned();
    let mut errors = FieldErrors::new();
    if form.name.trim().is_empty() {
        errors.add("name", words.get("portal-error-name-missing"));
    }
    if form.password.reveal().is_empty() {
        errors.add("password", words.get("portal-error-password-missing"));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if errors.is_empty() {
        let from = (public.source.as_str(), public.ip_bucket.as_str());
        let visitor = Visitor::read(&app.settings, Audience::Client, from, &headers);
        let outcome =
            actions::sign_in(&app, &public.scope, visitor, &form.name, form.password.clone()).await?;
        match outcome {
            SignIn::Welcome(home, opened) => {
                let mut response = see_other(if back.is_empty() { "/portal" } else { &back });
                opened.set_cookies(&app.settings, Audience::Client, &home, response.headers_mut());
                return Ok(response);
            }
            SignIn::Wrong => errors.add("form", words.get("portal-error-sign-in")),
            SignIn::NoAccess => errors.add("form", words.get("portal-error-no-access")),
            SignIn::Paused(until) => {
                let time = words.time(until, &public.zone);
                errors.add("form", words.with1("portal-error-paused", "time", time));
            }
            SignIn::Busy => {
                status = StatusCode::SERVICE_UNAVAILABLE;
                errors.add("form", words.get("error-sign-in-busy"));
            }
        }
    }
    let page = SignInPage { frame: public.client_frame(&app), errors, typed: form.name, back };
    Ok((status, html(page.render())?).into_response())
}

/// The form again, with what is wrong.
pub fn unprocessable(rendered: Result<String, askama::Error>) -> PageResult {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(rendered)?).into_response())
}

#[derive(Template)]
#[template(path = "features/accounts/templates/which.html")]
struct WhichPage {
    frame: ClientFrame,
    errors: FieldErrors,
    slug: String,
}

/// `/portal/sign-in`, for a browser whose practice is not known: which one? Where there is only one,
/// that one.
pub(super) async fn which_practice(
    State(app): State<AppState>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(query): Query<WhichQuery>,
) -> PageResult {
    let mut errors = FieldErrors::new();
    let (status, words, slug) =
        match practice::which_practice(&app, Audience::Client, &headers, raw.as_deref(), query).await? {
            Which::SignIn(page) => return Ok(see_other(&page)),
            Which::Ask(words) => (StatusCode::OK, words, String::new()),
            Which::Unknown(words, typed) => {
                errors.add("practice", words.get("portal-error-no-such-practice"));
                (StatusCode::UNPROCESSABLE_ENTITY, words, typed)
            }
        };
    let mut frame = ClientFrame::bare(words, "Anteroom", "", "", Contact::default());
    frame.home = "/portal/sign-in".to_owned();
    Ok((status, html(WhichPage { frame, errors, slug }.render())?).into_response())
}

#[derive(Template)]
#[template(path = "features/accounts/templates/forgot.html")]
struct ForgotPage {
    frame: ClientFrame,
    errors: FieldErrors,
    address: String,
    sent: bool,
}

/// The query after the form was sent.
#[derive(serde::Deserialize)]
pub(super) struct ForgotQuery {
    #[serde(default)]
    sent: String,
}

/// "I forgot my password."
pub(super) async fn forgot_page(
    State(app): State<AppState>,
    public: PublicPractice,
    Query(query): Query<ForgotQuery>,
) -> PageResult {
    let page = ForgotPage {
        frame: public.client_frame(&app),
        errors: FieldErrors::new(),
        address: String::new(),
        sent: query.sent == "yes",
    };
    html(page.render())
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgotForm {
    address: String,
}

/// One answer for every address: known, unknown, paused, invited, shut out (RAT-04).
pub(super) async fn forgot(State(app): State<AppState>, public: PublicPractice, body: Bytes) -> PageResult {
    let form: ForgotForm = RawForm::read(&body)?.typed()?;
    let address = form.address.trim();
    let mut errors = FieldErrors::new();
    if address.is_empty() {
        errors.add("address", public.words.get("portal-error-name-missing"));
    } else if address.chars().count() > 254 {
        errors.add("address", public.words.get("portal-error-name-long"));
    }
    if !errors.is_empty() {
        let frame = public.client_frame(&app);
        let address = address.chars().take(254).collect();
        return unprocessable(ForgotPage { frame, errors, address, sent: false }.render());
    }
    actions::forgot(&app, &public.scope, public.source.clone(), &public.ip_bucket, address).await?;
    Ok(see_other(&format!("/{}/forgot?sent=yes", public.practice.slug)))
}

#[derive(Template)]
#[template(path = "features/accounts/templates/password.html")]
struct PasswordPage {
    frame: ClientFrame,
    errors: FieldErrors,
    token: String,
    /// The sign-in name, for the browser's password manager.
    name: String,
    rule: String,
}

#[derive(Template)]
#[template(path = "features/accounts/templates/password_link.html")]
struct ShutLinkPage {
    frame: ClientFrame,
    title: String,
    text: String,
}

fn shut_link(app: &AppState, public: &PublicPractice, view: &ResetView) -> PageResult {
    let (which, status) = match view {
        ResetView::Expired => ("expired", StatusCode::GONE),
        ResetView::Used => ("used", StatusCode::GONE),
        ResetView::Gone => ("gone", StatusCode::GONE),
        ResetView::Unknown | ResetView::Open(_) => ("unknown", StatusCode::NOT_FOUND),
    };
    let title = public.words.get(&format!("portal-link-{which}-title"));
    let text = public.words.get(&format!("portal-link-{which}-text"));
    let page = ShutLinkPage { frame: public.client_frame(app), title, text };
    Ok((status, html(page.render())?).into_response())
}

/// The page behind a password link. Reads only, however often it is opened.
pub(super) async fn password_page(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, token)): Path<(String, String)>,
) -> PageResult {
    let Some(token) = Token::read(&token) else { return shut_link(&app, &public, &ResetView::Unknown) };
    match actions::look_at_reset(&app, &public.scope, &token).await? {
        ResetView::Open(name) => password_form(&app, &public, &token, name, FieldErrors::new()),
        shut => shut_link(&app, &public, &shut),
    }
}

fn password_form(
    app: &AppState,
    public: &PublicPractice,
    token: &Token,
    name: String,
    errors: FieldErrors,
) -> PageResult {
    let is_fine = errors.is_empty();
    let page = PasswordPage {
        frame: public.client_frame(app),
        errors,
        token: token.reveal().to_owned(),
        name,
        rule: public.words.with1("portal-new-password-hint", "count", crate::platform::passwords::SHORTEST),
    };
    if is_fine { html(page.render()) } else { unprocessable(page.render()) }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    password: Secret,
}

/// Sets the password, and leads to sign-in with the name filled in.
pub(super) async fn set_password(
    State(app): State<AppState>,
    public: PublicPractice,
    Path((_, token)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: PasswordForm = RawForm::read(&body)?.typed()?;
    let Some(token) = Token::read(&token) else { return shut_link(&app, &public, &ResetView::Unknown) };
    let source = public.source.clone();
    let outcome =
        actions::set_password_by_link(&app, &public.scope, source, token.clone(), form.password).await?;
    match outcome {
        PasswordSet::Done(name, device) => {
            let to = ticket::sign_in_address(&app, &public.practice.slug, &name)?;
            let mut response = see_other(&format!("{to}&done=password-set"));
            session::clear_site(&app.settings, Audience::Client, response.headers_mut());
            if let Some(device) = device {
                devices::set_cookie(&app.settings, Audience::Client, &device, response.headers_mut());
            }
            Ok(response)
        }
        PasswordSet::Weak(reason, name) => {
            let mut errors = FieldErrors::new();
            errors.add("password", public.words.get(reason));
            password_form(&app, &public, &token, name, errors)
        }
        PasswordSet::NotOpen(view) => shut_link(&app, &public, &view),
    }
}
