//! What a page answers when it cannot answer. A handler returns a [`PageError`]; the outermost layer
//! (`error_pages`) turns it into a page in the reader's language, or problem+json for the API.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::platform::fault::Fault;

/// What a page function returns.
pub type PageResult = Result<Response, PageError>;

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// Nothing there, or not yours to see: the same answer (AUZ-03).
    NotFound,
    /// A client sees the chart and cannot do this in it now: it was frozen or closed, or what they may do became less.
    NotNow,
    /// Signed in, but the role does not include it.
    Forbidden,
    /// A staff member looks at a client's pages: nothing can be done there, and what is about the client's own
    /// sign-in is not shown.
    OnlyLooking,
    /// No session: go to this sign-in page.
    SignIn(String),
    /// The page has this address; another spelling of it was asked for.
    Moved(String),
    /// The session opens another page than this one now: go there.
    Elsewhere(&'static str),
    /// The session is locked, and a form was sent by it.
    Locked,
    /// Somebody else changed it first.
    Stale,
    /// The form belongs to a page about another chart than the one that is in view now.
    OtherChart,
    /// The form could not be read.
    BadRequest,
    /// The request came from another site (WEB-01).
    WrongOrigin,
    /// Asked for by a program that looks ahead, before anybody wants to see it.
    TooEarly,
    /// Too many tries.
    TooManyTries,
    /// More than we take.
    TooLarge,
    /// The body came compressed, or encoded otherwise (RFC 9110, section 15.5.16).
    Encoded,
    /// The machinery failed.
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for PageError {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

/// Marks a redirect to sign-in: there is no session, or no longer one.
#[derive(Clone, Copy, Debug)]
pub struct SignInNeeded;

/// Marks that a form was refused because another chart is open than the one that it is about.
#[derive(Clone, Copy, Debug)]
pub struct FormOfOtherChart;

/// Marks that a client sees the chart and cannot do in it now what they asked for.
#[derive(Clone, Copy, Debug)]
pub struct NotNow;

/// Marks a response that still needs its page.
#[derive(Clone, Copy, Debug)]
pub struct NeedsErrorPage(pub(super) &'static str);

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, words) = match &self {
            Self::SignIn(to) => {
                let mut response = see_other(to);
                response.extensions_mut().insert(SignInNeeded);
                return response;
            }
            Self::Moved(to) => return moved(to),
            Self::Elsewhere(to) => return see_other(to),
            Self::OtherChart => {
                let mut response = StatusCode::CONFLICT.into_response();
                response.extensions_mut().insert(NeedsErrorPage("error-other-chart"));
                response.extensions_mut().insert(FormOfOtherChart);
                return response;
            }
            Self::TooEarly => {
                let kept_nowhere = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
                return (StatusCode::SERVICE_UNAVAILABLE, kept_nowhere).into_response();
            }
            Self::NotNow => {
                let mut response = StatusCode::NOT_FOUND.into_response();
                response.extensions_mut().insert(NeedsErrorPage("error-not-now"));
                response.extensions_mut().insert(NotNow);
                return response;
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "error-not-found"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "error-forbidden"),
            Self::OnlyLooking => (StatusCode::FORBIDDEN, "error-only-looking"),
            Self::Stale => (StatusCode::CONFLICT, "error-stale"),
            Self::Locked => (StatusCode::CONFLICT, "error-locked"),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "error-bad-request"),
            Self::WrongOrigin => (StatusCode::FORBIDDEN, "error-origin"),
            Self::TooManyTries => (StatusCode::TOO_MANY_REQUESTS, "error-too-many"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "error-too-large"),
            Self::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "error-encoded"),
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
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
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

/// A redirect to the right spelling, for an address typed by hand. It keeps the method.
pub(super) fn moved(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}
