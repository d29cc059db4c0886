//! The success page. Its address is free of the link's token, and the sign-in name that it shows
//! travels in a signed cookie that only this browser has, for ten minutes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::features::practice::PublicPractice;
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Language;
use crate::platform::state::{App, AppState};
use crate::platform::web::cookies::{self, Kept};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::sign_in_ticket::sign_in_address;
use crate::platform::web::{PageResult, html, language, see_other};

/// How long the name is kept.
const SECONDS: i64 = 600;

/// What is signed: the practice, until when, the name.
fn signed_text(slug: &str, until: i64, name: &str) -> String {
    format!("{slug}\n{until}\n{name}")
}

/// To the success page, with the name in the cookie. What follows speaks the language of the form.
pub(super) fn lead_there(app: &App, slug: &str, sign_in_name: &str, spoken: Language) -> Response {
    let until = app.now().plus_seconds(SECONDS).micros();
    let tag = app.keys.sign("welcome", &signed_text(slug, until, sign_in_name));
    let value = format!("{until}.{}.{tag}", URL_SAFE_NO_PAD.encode(sign_in_name));
    let mut response = see_other(&format!("/{slug}/welcome"));
    cookies::WELCOME.set(&app.settings, value, Kept::Seconds(SECONDS), response.headers_mut());
    language::keep(&app.settings, spoken, response.headers_mut());
    response
}

/// The sign-in name of whoever registered a moment ago in this browser.
fn welcomed_name(app: &App, slug: &str, headers: &HeaderMap) -> Option<String> {
    let value = cookies::WELCOME.read(&app.settings, headers).next()?;
    let (until, rest) = value.split_once('.')?;
    let (name, tag) = rest.split_once('.')?;
    let until: i64 = until.parse().ok()?;
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
    let is_ours = app.keys.verify("welcome", &signed_text(slug, until, &name), tag);
    (is_ours && app.now() < Timestamp::from_micros(until)).then_some(name)
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/welcome.html")]
struct WelcomePage {
    frame: ClientFrame,
    name: String,
    /// Sign-in, with the name filled in.
    sign_in: String,
}

/// The success page; without a fresh registration behind it, sign-in.
pub async fn page(State(app): State<AppState>, practice: PublicPractice, headers: HeaderMap) -> PageResult {
    let slug = &practice.practice.slug;
    match welcomed_name(&app, slug, &headers) {
        Some(name) => {
            let sign_in = sign_in_address(&app, slug, &name)?;
            let page = WelcomePage { frame: practice.client_frame(&app), name, sign_in };
            html(askama::Template::render(&page))
        }
        None => Ok(see_other(&format!("/{slug}/sign-in"))),
    }
}
