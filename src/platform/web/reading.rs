//! Reading, and looking ahead.

use axum::http::{HeaderMap, Method};

use crate::platform::web::errors::PageError;

/// Is this somebody reading? HEAD leaves no trace, because its answer has no body. A program that looks ahead gets the
/// refusal of a page that is asked for too early (503, which makes browsers ask again once somebody wants it): what
/// nobody reads is not written down as read, and nobody reads by that header what is not written down.
pub fn is_read(method: &Method, headers: &HeaderMap) -> Result<bool, PageError> {
    if looks_ahead(headers) {
        return Err(PageError::TooEarly);
    }
    Ok(*method == Method::GET)
}

/// Does a program look ahead, before anybody wants to see the page?
pub fn looks_ahead(headers: &HeaderMap) -> bool {
    let says = |name| headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("prefetch"));
    says("sec-purpose") || says("purpose")
}
