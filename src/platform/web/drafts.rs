//! Drafts: what somebody typed, kept sealed on the server for half an hour, so that it outlives a
//! refused form, a page's reload and the Back button.
//!
//! A form that is refused is answered with a page that shows it again. Were that page the answer to the
//! POST itself, Back would later ask "Confirm Form Resubmission". So the page is kept as a draft, and the
//! answer is a redirect to it. Only the browser that sent the form can open the draft: by its session, or
//! before sign-in by a cookie.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header, response};
use axum::response::{IntoResponse, Response};
use diesel::prelude::*;
use zeroize::Zeroizing;

use crate::kernel::ids::PracticeId;
use crate::kernel::secrets::{Token, sha256_hex};
use crate::platform::db::schema::form_draft;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::state::{App, AppState, Settings};
use crate::platform::web::cookies::{self, Kept};
use crate::platform::web::errors::see_other;
use crate::platform::web::guard::ClientIp;
use crate::platform::web::session::{self, Audience};
use crate::platform::web::summary;

/// How long a draft is kept.
const MINUTES: i64 = 30;
/// The largest page that is kept, in bytes before it is packed.
const MOST_BYTES: usize = 512 * 1024;
/// Drafts that one network address may make in a minute before sign-in.
const PER_MINUTE: u32 = 20;
/// The key of a draft in an address.
const KEY: &str = "draft";

/// Where the draft of a row is sealed for.
fn place(practice: &PracticeId, hash: &str) -> String {
    format!("{practice}/form_draft/sealed/{hash}")
}

/// Keeps something for its owner; the token that comes back opens it.
pub fn keep(app: &App, c: &mut Scoped<'_>, owner: &str, plain: &[u8]) -> Result<Token, Fault> {
    let token = Token::fresh(c.rng());
    keep_under(app, c, owner, &token, plain)?;
    Ok(token)
}

/// Keeps something for its owner under a token of theirs, in place of what they kept under it before.
pub fn keep_under(
    app: &App,
    c: &mut Scoped<'_>,
    owner: &str,
    token: &Token,
    plain: &[u8],
) -> Result<(), Fault> {
    let (hash, owner) = (token.hash(), sha256_hex(owner.as_bytes()));
    let before = c.rows(form_draft::table).filter(form_draft::draft_hash.eq(&hash));
    before.filter(form_draft::owner_hash.eq(&owner)).delete(c)?;
    let sealed = app.keys.seal(&place(c.practice(), &hash), plain, c.rng())?;
    c.insert(
        form_draft::table,
        (
            form_draft::draft_hash.eq(hash),
            form_draft::owner_hash.eq(owner),
            form_draft::sealed.eq(sealed),
            form_draft::expires_at.eq(c.now().plus_seconds(MINUTES * 60)),
        ),
    )
}

/// What was kept under a token, if it is this owner's and not too old.
pub fn find(
    app: &App,
    c: &mut Scoped<'_>,
    owner: &str,
    token: &Token,
) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    let hash = token.hash();
    let sealed: Option<Vec<u8>> = c
        .rows(form_draft::table)
        .filter(form_draft::draft_hash.eq(&hash))
        .filter(form_draft::owner_hash.eq(sha256_hex(owner.as_bytes())))
        .filter(form_draft::expires_at.gt(c.now()))
        .select(form_draft::sealed)
        .optional(c)?;
    sealed.map(|sealed| app.keys.open(&place(c.practice(), &hash), &sealed)).transpose()
}

/// Takes a draft away.
pub fn remove(c: &mut Scoped<'_>, token: &Token) -> Result<(), Fault> {
    c.rows(form_draft::table).filter(form_draft::draft_hash.eq(token.hash())).delete(c)?;
    Ok(())
}

/// The practice that a request belongs to, set by the extractor that checked it.
#[derive(Clone, Debug, Default)]
pub struct DraftPlace(Arc<OnceLock<PracticeScope>>);

impl DraftPlace {
    /// The practice was opened. The first one counts: what is opened later is opened from it.
    pub fn enter(&self, scope: &PracticeScope) {
        let _ = self.0.set(scope.clone());
    }
}

/// Where this request notes the practice that it opens.
pub fn draft_place(parts: &Parts) -> Option<DraftPlace> {
    parts.extensions.get::<DraftPlace>().cloned()
}

/// Called by the extractors that open a practice: its drafts are kept there.
pub fn entered(parts: &Parts, scope: &PracticeScope) {
    if let Some(place) = parts.extensions.get::<DraftPlace>() {
        place.enter(scope);
    }
}

fn first_part(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Which session a path belongs to; none for the pages before sign-in.
pub(super) fn audience_of(path: &str) -> Option<Audience> {
    match first_part(path) {
        "staff" => Some(Audience::Staff),
        "portal" => Some(Audience::Client),
        _ => None,
    }
}

/// Does the browser's window follow the answer? A script's request (`cors`, `same-origin`) reads the
/// answer itself. Browsers that do not say so get the page at once, as the answer to their POST.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

/// A stranger's cookie: the practice, and a random text.
fn stranger(settings: &Settings, headers: &HeaderMap) -> Option<(PracticeId, Token)> {
    cookies::DRAFT.read(settings, headers).find_map(|value| {
        let (practice, token) = value.split_once('.')?;
        Some((practice.parse().ok()?, Token::read(token)?))
    })
}

fn owner_of_session(session: &session::Session) -> String {
    format!("session {}", session.token_hash)
}

/// A draft of one page does not open under another's address: not under another practice's, and not where another link is
/// opened in another tab.
fn owner_of_stranger(cookie: &Token, path: &str) -> String {
    format!("cookie {} at {path}", cookie.reveal())
}

/// Shows drafts, and turns the answer to a refused form into one. It wraps the routes, so that it stands
/// around every form of both sides.
pub async fn drafts<F>(app: &AppState, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if request.method() == Method::GET {
        if let Some(token) = asked_for(&request) {
            let (path, headers) = (request.uri().path().to_owned(), request.headers().clone());
            match open(app, &path, &headers, token).await {
                // Before sign-in a page says what became of a link since; the draft is what was typed before that.
                Ok(Some(page)) if audience_of(&path).is_none() => return page,
                // The page itself is asked whether it is still open to this reader. A path that only takes forms has none.
                Ok(Some(page)) => {
                    let now = next(request).await;
                    let is_open = matches!(now.status(), StatusCode::OK | StatusCode::METHOD_NOT_ALLOWED);
                    return if is_open { page } else { now };
                }
                Ok(None) => {}
                Err(fault) => tracing::warn!(error = fault.chain(), "a draft could not be read"),
            }
        }
        return next(request).await;
    }
    if request.method() != Method::POST {
        return next(request).await;
    }
    let entered = DraftPlace::default();
    // Whose window does not follow the answer gets the page itself.
    let sent = is_navigation(request.headers()).then(|| Sent::of(&request));
    if sent.is_some() {
        request.extensions_mut().insert(entered.clone());
    }
    let response = next(request).await;
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_refused = matches!(response.status(), StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT)
        || response.extensions().get::<Unfinished>().is_some();
    if !(is_page && is_refused) {
        if let (Some(scope), Some(sent), true) = (entered.0.get(), &sent, response.status().is_redirection())
        {
            forget(app, scope, sent).await;
        }
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Of the page as it was written.
    parts.headers.remove(header::CONTENT_LENGTH);
    let Ok(page) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let named = std::str::from_utf8(&page).ok().and_then(summary::name_fields);
    let page = named.map_or(page, Into::into);
    match (entered.0.get(), sent) {
        (Some(scope), Some(sent)) => redirect(app, scope.clone(), sent, (parts, page)).await,
        _ => Response::from_parts(parts, Body::from(page)),
    }
}

/// Put beside a page that answers a POST, is no refusal, and is not the end of the matter either, such as
/// the form behind a letter's code: Back must be able to show it.
#[derive(Clone, Copy, Debug)]
struct Unfinished;

/// Marks such a page.
pub fn unfinished(mut page: Response) -> Response {
    page.extensions_mut().insert(Unfinished);
    page
}

/// What is needed of the request once it was answered.
struct Sent {
    headers: HeaderMap,
    path: String,
    address: Option<String>,
}

impl Sent {
    fn of(request: &Request) -> Self {
        Self {
            path: form_page(request),
            address: request.extensions().get::<ClientIp>().map(|ip| ip.bucket()),
            headers: request.headers().clone(),
        }
    }
}

/// The page on which the form stood, as far as the browser says so (a route that takes a form need not
/// show one), else the path that it was sent to.
pub(super) fn form_page(request: &Request) -> String {
    let own = request.uri().path();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let referer =
        request.headers().get(header::REFERER).and_then(|from| from.to_str().ok()).unwrap_or_default();
    let page = referer
        .split_once("://")
        .and_then(|(_, rest)| rest.strip_prefix(host))
        .filter(|path| path.starts_with('/'))
        .map(|path| path.split(['?', '#']).next().unwrap_or_default());
    match page {
        Some(page)
            if audience_of(page) == audience_of(own) && page.split('/').nth(1) == own.split('/').nth(1) =>
        {
            page.to_owned()
        }
        _ => own.to_owned(),
    }
}

/// The token in `?draft=`.
fn asked_for(request: &Request) -> Option<Token> {
    let query = request.uri().query()?;
    query.split('&').find_map(|pair| pair.strip_prefix(KEY)?.strip_prefix('=')).and_then(Token::read)
}

/// The draft's page; `None` where there is none for this browser.
async fn open(
    app: &AppState,
    path: &str,
    headers: &HeaderMap,
    token: Token,
) -> Result<Option<Response>, Fault> {
    let settings = &app.settings;
    let inside = app.clone();
    let kept = match audience_of(path) {
        Some(audience) => {
            let Some((practice, cookie)) = session::read_cookie(settings, audience, headers) else {
                return Ok(None);
            };
            // The cookie's practice is only where to look; the session's row proves it (AUZ-02).
            let scope = PracticeScope::named_by_cookie(practice);
            let found = app
                .db
                .read(&scope, move |c| {
                    let Some(session) = session::find(&inside, c, audience, &cookie)? else {
                        return Ok(None);
                    };
                    let kept = find(&inside, c, &owner_of_session(&session), &token)?;
                    Ok(kept.map(|kept| (session, kept)))
                })
                .await?;
            let Some((session, kept)) = found else { return Ok(None) };
            session::touch(app, session);
            kept
        }
        None => {
            let Some((practice, cookie)) = stranger(settings, headers) else { return Ok(None) };
            // The cookie's practice is only where to look; the draft's row proves it.
            let scope = PracticeScope::at_public_address(practice);
            let owner = owner_of_stranger(&cookie, path);
            match app.db.read(&scope, move |c| find(&inside, c, &owner, &token)).await? {
                Some(kept) => kept,
                None => return Ok(None),
            }
        }
    };
    let mut page = String::new();
    let mut unpacked = flate2::read::DeflateDecoder::new(kept.as_slice()).take(MOST_BYTES as u64);
    if unpacked.read_to_string(&mut page).is_err() {
        return Ok(None);
    }
    Ok(Some(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()))
}

/// Keeps a refused form's page and leads to it; the page itself where it cannot be kept.
async fn redirect(
    app: &AppState,
    scope: PracticeScope,
    sent: Sent,
    (parts, page): (response::Parts, Bytes),
) -> Response {
    match keep_page(app, &scope, &sent, &page).await {
        Ok(Some((token, cookie))) => {
            let mut to = see_other(&format!("{}?{KEY}={}", sent.path, token.reveal()));
            // What the page itself sets, such as a cookie, goes with the redirect.
            for value in parts.headers.get_all(header::SET_COOKIE) {
                to.headers_mut().append(header::SET_COOKIE, value.clone());
            }
            if let Some(value) = cookie {
                cookies::DRAFT.set(&app.settings, value, Kept::Seconds(MINUTES * 60), to.headers_mut());
            }
            to
        }
        Ok(None) => Response::from_parts(parts, Body::from(page)),
        Err(fault) => {
            tracing::warn!(
                error = fault.chain(),
                "a refused form could not be kept; its page is sent as it is"
            );
            Response::from_parts(parts, Body::from(page))
        }
    }
}

/// Before sign-in a form that was taken ends what was refused of it earlier: Back shows how it stands, not an error of
/// before.
async fn forget(app: &AppState, scope: &PracticeScope, sent: &Sent) {
    let known = stranger(&app.settings, &sent.headers).filter(|(practice, _)| practice == scope.id());
    let (None, Some((_, cookie))) = (audience_of(&sent.path), known) else { return };
    let owner = sha256_hex(owner_of_stranger(&cookie, &sent.path).as_bytes());
    let gone = move |c: &mut Scoped<'_>| {
        c.rows(form_draft::table).filter(form_draft::owner_hash.eq(&owner)).delete(c)?;
        Ok(())
    };
    if let Err(fault) = app.db.write(scope, gone).await {
        tracing::warn!(error = fault.chain(), "drafts could not be deleted");
    }
}

async fn keep_page(
    app: &AppState,
    scope: &PracticeScope,
    sent: &Sent,
    page: &[u8],
) -> Result<Option<(Token, Option<String>)>, Fault> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let packed = packed.write_all(page).and_then(|()| packed.finish());
    let packed = packed.map_err(|e| Fault::Other("a draft could not be packed".into(), Some(e.into())))?;
    let inside = app.clone();
    let Some(audience) = audience_of(&sent.path) else {
        let address = sent.address.as_deref().unwrap_or_default();
        if app.buckets.take(&format!("draft/{address}"), PER_MINUTE, app.now()).is_err() {
            return Ok(None);
        }
        let known = stranger(&app.settings, &sent.headers)
            .filter(|(practice, _)| practice == scope.id())
            .map(|(_, cookie)| cookie);
        let cookie = known.unwrap_or_else(|| Token::fresh(app.rng.as_ref()));
        let owner = owner_of_stranger(&cookie, &sent.path);
        let token = app.db.write(scope, move |c| keep(&inside, c, &owner, &packed)).await?;
        let value = format!("{}.{}", scope.id(), cookie.reveal());
        return Ok(Some((token, Some(value))));
    };
    let Some((_, cookie)) = session::read_cookie(&app.settings, audience, &sent.headers) else {
        return Ok(None);
    };
    let kept = app
        .db
        .write(scope, move |c| {
            let Some(session) = session::find(&inside, c, audience, &cookie)? else { return Ok(None) };
            keep(&inside, c, &owner_of_session(&session), &packed).map(Some)
        })
        .await?;
    Ok(kept.map(|token| (token, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, referer: Option<&str>) -> Request {
        let mut request = Request::post(path).header("host", "portal.example.org");
        if let Some(referer) = referer {
            request = request.header("referer", referer);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn a_draft_stands_at_its_forms_page_if_that_is_of_the_same_side() {
        let from = |path: &str, referer: &str| form_page(&request(path, Some(referer)));
        let (sent, page) = ("/portal/me/password", "https://portal.example.org/portal/me?done=saved");
        assert_eq!(from(sent, page), "/portal/me");
        assert_eq!(form_page(&request(sent, None)), sent);
        for other in [
            "https://elsewhere.example/portal/me",
            "https://portal.example.org.elsewhere.example/portal/me",
            "https://portal.example.org/staff/me",
            "https://portal.example.org/riverbend/sign-in",
            "https://portal.example.org",
            "nonsense",
        ] {
            assert_eq!(from(sent, other), sent, "{other}");
        }
        assert_eq!(
            from("/riverbend/letter/register", "https://portal.example.org/riverbend/letter"),
            "/riverbend/letter"
        );
        assert_eq!(
            from("/riverbend/letter", "https://portal.example.org/twinoaks/letter"),
            "/riverbend/letter"
        );
    }
}
