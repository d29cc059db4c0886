//! Reading, and looking ahead.

use axum::http::{HeaderMap, Method};

/// Is this somebody reading, rather than a program that looks ahead? HEAD and prefetch leave no
/// trace, because nobody has seen anything.
pub fn is_read(method: &Method, headers: &HeaderMap) -> bool {
    let ahead =
        |name| headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("prefetch"));
    *method == Method::GET && !ahead("sec-purpose") && !ahead("purpose")
}
