//! The one character that no text here holds: NUL. PostgreSQL refuses it in every text, so a request that
//! carries one would be a fault of the database instead of an answer. It is taken out where a request comes
//! in, before anything reads its path, its query or its form.
//!
//! It is replaced by SUBSTITUTE (U+001A), which is made for that: it is a control character, so the
//! checks of typed text refuse it as before, and removing it cannot turn one word into another.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// NUL as addresses and forms write it, and what replaces it.
const WRITTEN: (&str, &str) = ("%00", "%1A");

/// Does the path carry one? Then no page has it: no slug, token or id has one.
pub fn in_path(uri: &Uri) -> bool {
    uri.path().contains(WRITTEN.0)
}

/// Takes it out of a query or a form.
pub fn replaced(text: &str) -> String {
    text.replace(WRITTEN.0, WRITTEN.1).replace('\0', WRITTEN.1)
}

/// Takes it out of a request's query.
pub fn out_of_query(request: &mut Request) {
    let uri = request.uri();
    let Some(query) = uri.query().filter(|query| query.contains(WRITTEN.0)) else { return };
    let cleaned = format!("{}?{}", uri.path(), replaced(query));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(cleaned).ok();
    // What was an address is one with another character in it.
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(uri: &str) -> String {
        let mut request = Request::builder().uri(uri).body(axum::body::Body::empty()).unwrap();
        out_of_query(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn a_query_keeps_everything_but_nul() {
        for (came, goes_on) in [
            ("/staff?q=ana", "/staff?q=ana"),
            ("/staff?q=a%00b&page=2", "/staff?q=a%1Ab&page=2"),
            ("/staff?%00=%00", "/staff?%1A=%1A"),
            ("/staff?q=%2500", "/staff?q=%2500"),
            ("/staff?q=%0%000", "/staff?q=%0%1A0"),
            ("http://localhost/staff?q=%00", "http://localhost/staff?q=%1A"),
        ] {
            assert_eq!(cleaned(came), goes_on);
        }
        assert!(in_path(&Uri::from_static("/riverbend/i/a%00b?q=1")));
        assert!(!in_path(&Uri::from_static("/riverbend/i/a%0D%0A?q=%00")));
        assert_eq!(replaced("name=a%00b\0c"), "name=a%1Ab%1Ac");
    }
}
