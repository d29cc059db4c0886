//! The pages of errors. The outermost layer gives each answer that has no page one in the reader's language,
//! with the practice's name where the practice is known; the API's answers become problem+json.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Right;
use crate::platform::web::accent::Accent;
use crate::platform::web::assets;
use crate::platform::web::errors::{NeedsErrorPage, PageError, moved};
use crate::platform::web::frame::{ClientFrame, Contact, client_navigation};
use crate::platform::web::guard::RequestId;
use crate::platform::web::nav::Navigation;
use crate::platform::web::nul;

/// The address without the slashes at its end, where somebody typed one. Only a path of ours: two slashes at
/// the beginning would lead to another host.
fn without_slash(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    let first = trimmed.split('/').nth(1).unwrap_or_default();
    let is_a_page = !["api", "assets", "hooks"].contains(&first);
    let is_ours = is_a_page && trimmed.starts_with('/') && !trimmed.contains("//") && !trimmed.contains('\\');
    (trimmed.len() < path.len() && is_ours).then(|| match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    })
}

/// The practice that a request came to, for the page of an error: its name, and how to reach it.
#[derive(Clone, Debug)]
pub struct Face {
    /// Its name.
    pub name: String,
    /// Its part of every public address.
    pub slug: String,
    /// Its colour.
    pub accent: String,
    /// How to reach it.
    pub contact: Contact,
}

/// A client who is signed in: the page of an error keeps their language and navigation.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The words of their language.
    pub words: Words,
    /// What the grant in view allows.
    pub rights: Vec<Right>,
}

/// Where the extractors tell the practice and the reader of a request.
#[derive(Clone, Debug, Default)]
pub struct FacePlace(Arc<(OnceLock<Face>, OnceLock<Reader>)>);

impl FacePlace {
    /// The practice is known: the error's page shows its name and contact block.
    pub fn show(&self, face: impl FnOnce() -> Face) {
        self.0.0.get_or_init(face);
    }

    /// The reader is signed in.
    pub fn show_to(&self, reader: impl FnOnce() -> Reader) {
        self.0.1.get_or_init(reader);
    }
}

/// Where this request notes the practice's face.
pub fn face_place(parts: &Parts) -> Option<FacePlace> {
    parts.extensions.get::<FacePlace>().cloned()
}

/// Called by the extractors that know the practice, before they refuse anything: an error's page shows it.
pub fn inside(parts: &Parts, face: impl FnOnce() -> Face) {
    if let Some(place) = parts.extensions.get::<FacePlace>() {
        place.show(face);
    }
}

#[derive(askama::Template)]
#[template(path = "platform/web/templates/error_client.html")]
struct ClientErrorPage {
    frame: ClientFrame,
    title: String,
    text: String,
    number: Option<String>,
    back: String,
}

#[derive(askama::Template)]
#[template(path = "platform/web/templates/error.html")]
struct ErrorPage {
    language: &'static str,
    /// The practice's name, on the staff side.
    practice: String,
    title: String,
    text: String,
    number: Option<String>,
    back: String,
    css: String,
    js: &'static str,
    icon: &'static str,
}

/// Gives errors their page.
pub async fn render_errors<F>(
    navigation: &Navigation,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let is_api = request.uri().path().starts_with("/api/");
    let is_staff = request.uri().path().split('/').any(|part| part == "staff");
    if let Some(to) = without_slash(request.uri()) {
        return moved(&to);
    }
    let inside = FacePlace::default();
    request.extensions_mut().insert(inside.clone());
    let id = request.extensions().get::<RequestId>().copied();
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let words = Words::of(Language::accepted(accepted, Language::English));
    let response =
        if nul::in_path(request.uri()) { PageError::NotFound.into_response() } else { next(request).await };
    let status = response.status();
    let key = match response.extensions().get::<NeedsErrorPage>() {
        Some(NeedsErrorPage(key)) => *key,
        // Answers of the router and of the layers below, which have no page of their own.
        None if has_own_body(&response) => return response,
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
    let number = (key == "error-fault").then(|| id.map(|id| id.to_string())).flatten();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let reader = inside.0.1.get().filter(|_| !is_staff);
    let words = reader.map_or(words, |reader| reader.words);
    let (title, text) = (words.get(&format!("{key}-title")), words.get(&format!("{key}-text")));
    let (kind, body) = if is_api {
        let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": text });
        ("application/problem+json", problem.to_string())
    } else if let Some(face) = inside.0.0.get().filter(|_| !is_staff) {
        let mut frame = ClientFrame::bare(words, &face.name, &face.slug, &face.accent, face.contact.clone());
        if let Some(reader) = reader {
            "/portal".clone_into(&mut frame.home);
            frame.nav = client_navigation(words, navigation, &reader.rights, None);
        }
        let page = ClientErrorPage { frame, title, text, number, back: words.get("error-back") };
        let rendered = askama::Template::render(&page).unwrap_or_else(|_| "error".to_owned());
        ("text/html; charset=utf-8", rendered)
    } else {
        let page = ErrorPage {
            language: words.language().word(),
            practice: inside.0.0.get().map(|face| face.name.clone()).unwrap_or_default(),
            title,
            text,
            number,
            back: words.get("error-back"),
            css: assets::css_path(Accent::default()),
            js: assets::js_path(),
            icon: assets::icon_path(),
        };
        let rendered = askama::Template::render(&page).unwrap_or_else(|_| "error".to_owned());
        ("text/html; charset=utf-8", rendered)
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Response::from_parts(parts, axum::body::Body::from(body))
}

/// axum's own words for a body that is too large are plain text, and nobody's language: they are no page.
fn has_own_body(response: &Response) -> bool {
    let Some(kind) = response.headers().get(header::CONTENT_TYPE) else { return false };
    response.status() != StatusCode::PAYLOAD_TOO_LARGE || !kind.as_bytes().starts_with(b"text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_keeps_a_page_or_a_problem_of_its_own() {
        let answered = |kind: &'static str| {
            (StatusCode::PAYLOAD_TOO_LARGE, [(header::CONTENT_TYPE, kind)], "words").into_response()
        };
        for kind in ["text/html; charset=utf-8", "application/json", "application/problem+json"] {
            assert!(has_own_body(&answered(kind)), "{kind}");
        }
        assert!(!has_own_body(&answered("text/plain; charset=utf-8")));
        assert!(!has_own_body(&StatusCode::PAYLOAD_TOO_LARGE.into_response()));
    }

    #[test]
    fn a_slash_at_the_end_leads_to_the_page_and_never_to_another_host() {
        let led = |uri: &'static str| without_slash(&Uri::from_static(uri));
        assert_eq!(led("/riverbend/").as_deref(), Some("/riverbend"));
        assert_eq!(led("/riverbend/sign-in//?lang=es").as_deref(), Some("/riverbend/sign-in?lang=es"));
        for not in ["/", "//", "/riverbend", "//elsewhere.example/", "/a//b/", "/assets/", "/api/v1/charts/"]
        {
            assert_eq!(led(not), None, "{not}");
        }
    }
}
