//! What a page answers when it cannot answer. A handler returns a [`PageError`]; the outermost
//! layer ([`render_errors`]) turns it into a page in the reader's language, or problem+json for the API.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::web::assets;
use crate::platform::web::guard::RequestId;
use crate::platform::web::nul;

/// What a page function returns.
pub type PageResult = Result<Response, PageError>;

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// Nothing there, or not yours to see: the same answer (AUZ-03).
    NotFound,
    /// Signed in, but the role does not include it.
    Forbidden,
    /// No session: go to this sign-in page.
    SignIn(String),
    /// Somebody else changed it first.
    Stale,
    /// The form could not be read.
    BadRequest,
    /// The request came from another site (WEB-01).
    WrongOrigin,
    /// Too many tries.
    TooManyTries,
    /// More than we take.
    TooLarge,
    /// The machinery failed.
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for PageError {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

/// Marks a response that still needs its page.
#[derive(Clone, Copy, Debug)]
pub struct NeedsErrorPage(&'static str);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, words) = match &self {
            Self::SignIn(to) => return see_other(to),
            Self::NotFound => (StatusCode::NOT_FOUND, "error-not-found"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "error-forbidden"),
            Self::Stale => (StatusCode::CONFLICT, "error-stale"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "error-bad-request"),
            Self::WrongOrigin => (StatusCode::FORBIDDEN, "error-origin"),
            Self::TooManyTries => (StatusCode::TOO_MANY_REQUESTS, "error-too-many"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "error-too-large"),
            Self::Fault(fault) => {
                tracing::error!(error = fault.chain(), "a request failed");
                match fault {
                    Fault::Busy(_) | Fault::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "error-busy"),
                    Fault::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "error-full"),
                    _ => (StatusCode::INTERNAL_SERVER_ERROR, "error-fault"),
                }
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(NeedsErrorPage(words));
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

/// A page.
pub fn html(rendered: Result<String, askama::Error>) -> PageResult {
    let text = rendered.map_err(|e| Fault::other(format!("a template failed: {e}")))?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

/// "Done; look there": the answer to every form that succeeded, so that Back and reload are safe.
pub fn see_other(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

#[derive(askama::Template)]
#[template(path = "platform/web/templates/error.html")]
struct ErrorPage {
    language: &'static str,
    title: String,
    text: String,
    number: Option<String>,
    /// Where the practice says how to reach it, and the words for the way there.
    help: Option<(String, String)>,
    back: String,
    css: String,
    js: &'static str,
    icon: &'static str,
}

/// The page with the practice's phone and addresses, seen from another page of a client's.
fn help_of(path: &str) -> Option<String> {
    match path.split('/').nth(1)? {
        "" | "staff" | "api" | "hooks" | "assets" => None,
        slug => Some(format!("/{slug}/help")),
    }
}

/// Gives errors their page. The path of the stylesheet comes from the composition.
pub async fn render_errors(request: Request, next: Next, css: String) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let help = help_of(request.uri().path());
    let id = request.extensions().get::<RequestId>().cloned();
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let words = Words::of(Language::accepted(accepted, Language::English));
    let response = if nul::in_path(request.uri()) {
        PageError::NotFound.into_response()
    } else {
        next.run(request).await
    };
    let status = response.status();
    let key = match response.extensions().get::<NeedsErrorPage>() {
        Some(NeedsErrorPage(key)) => *key,
        // Answers of the router and of the layers below, which have no page of their own.
        // (axum's own words for a body that is too large are plain text, and nobody's language.)
        None if response.headers().contains_key(header::CONTENT_TYPE)
            && status != StatusCode::PAYLOAD_TOO_LARGE =>
        {
            return response;
        }
        None => match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "error-not-found",
            StatusCode::PAYLOAD_TOO_LARGE => "error-too-large",
            StatusCode::BAD_REQUEST
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => "error-bad-request",
            StatusCode::REQUEST_TIMEOUT => "error-slow",
            StatusCode::SERVICE_UNAVAILABLE => "error-busy",
            StatusCode::INTERNAL_SERVER_ERROR => "error-fault",
            _ => return response,
        },
    };
    let number = (key == "error-fault").then(|| id.map(|RequestId(id)| id)).flatten();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let (title, text) = (words.get(&format!("{key}-title")), words.get(&format!("{key}-text")));
    let (kind, body) = if is_api {
        let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": text });
        ("application/problem+json", problem.to_string())
    } else {
        let page = ErrorPage {
            language: words.language().word(),
            title,
            text,
            number,
            help: (key == "error-full").then_some(help).flatten().map(|to| (to, words.get("error-help"))),
            back: words.get("error-back"),
            css,
            js: assets::js_path(),
            icon: assets::icon_path(),
        };
        let rendered = askama::Template::render(&page).unwrap_or_else(|_| "error".to_owned());
        ("text/html; charset=utf-8", rendered)
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Response::from_parts(parts, axum::body::Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_practice_is_shown_to_clients_only() {
        assert_eq!(help_of("/riverbend/i/token").as_deref(), Some("/riverbend/help"));
        assert_eq!(help_of("/portal/appointments").as_deref(), Some("/portal/help"));
        assert_eq!(help_of("/staff/charts"), None);
        assert_eq!(help_of("/"), None);
    }
}
