//! Which language a page before sign-in speaks: what the reader chose on it, or their browser's, or
//! the practice's.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::platform::i18n::Language;
use crate::platform::state::{App, Settings};
use crate::platform::web::cookies::{self, Kept};

fn asked(query: Option<&str>) -> Option<Language> {
    query?.split('&').find_map(|pair| pair.strip_prefix("lang=")?.parse().ok())
}

fn kept(settings: &Settings, headers: &HeaderMap) -> Option<Language> {
    cookies::LANGUAGE.read(settings, headers).find_map(|value| value.parse().ok())
}

/// What the reader chose, now (`?lang=`) or before (cookie).
pub fn chosen(settings: &Settings, query: Option<&str>, headers: &HeaderMap) -> Option<Language> {
    asked(query).or_else(|| kept(settings, headers))
}

/// The language for a page before sign-in.
pub fn for_stranger(
    settings: &Settings,
    query: Option<&str>,
    headers: &HeaderMap,
    otherwise: Language,
) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    chosen(settings, query, headers).unwrap_or_else(|| Language::accepted(accepted, otherwise))
}

/// Makes this the language of the reader's browser, for a year.
pub fn keep(settings: &Settings, language: Language, headers: &mut HeaderMap) {
    cookies::LANGUAGE.set(settings, language.word(), Kept::Seconds(365 * 86_400), headers);
}

/// Keeps a choice made by `?lang=` in the reader's own browser. The server keeps nothing.
pub async fn remember<F>(app: &App, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let choice = asked(request.uri().query());
    let mut response = next(request).await;
    if let Some(language) = choice {
        keep(&app.settings, language, response.headers_mut());
    }
    response
}
