//! A form that was sent after the session had ended. Our script warns before that; where it does not run, what
//! was typed would be lost. It is kept as a draft for the person whose session it was, sign-in says so, and
//! afterwards the form shows it again, to be checked and sent. A form with a password in it is not kept: sign-in says that
//! nothing of it was saved, and leads back to its page.
//!
//! What is typed into a form and not sent yet is kept in the same way while it is typed: our script makes a token, puts
//! it into the page's address and sends the form with [`KEEP`]. Back, a reload, and another form of the page that leads
//! back to it show it again.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::kernel::card::holds_card_number;
use crate::kernel::secrets::Token;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::drafts::{self, audience_of, form_page, is_navigation};
use crate::platform::web::errors::{FormOfOtherChart, NotNow, SignInNeeded, see_other};
use crate::platform::web::session::{self, Audience};

/// The largest form that is kept, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The largest page that a form is put into, in bytes.
const LARGEST_PAGE: usize = 2 * 1024 * 1024;
/// The key of a kept form in an address.
const KEY: &str = "unsent";
/// The header with the token under which our script asks to keep a form that is not sent yet. No page of another site can
/// send it: a browser asks the server first, which never agrees (Fetch, CORS-preflight).
const KEEP: &str = "x-anteroom-keep";
/// The page that says that something cannot be sent now, and shows what was typed.
const NOT_SENT: &str = "/portal/not-sent";
/// Where the forms that sign somebody out are sent to.
const SIGN_OUT: [&str; 2] = ["/portal/sign-out", "/staff/sign-out"];
/// Kept forms that an address may name.
const MOST_KEPT: usize = 4;

/// Between a session's form token and the grant for whose chart a page was made.
pub const OF_GRANT: char = '~';

/// A form as it was sent.
#[derive(serde::Serialize, serde::Deserialize)]
struct Unsent {
    /// The page on which it stood.
    page: String,
    /// Where it was sent to.
    action: String,
    /// The grant for whose chart the page was made; empty for a page of no chart. What was typed about one child never
    /// stands in the form of another.
    grant: String,
    /// Names and values, without the form token.
    fields: Vec<(String, String)>,
}

/// The grant that a form token names; empty where it names none.
fn grant_of(token: &str) -> &str {
    token.split_once(OF_GRANT).map_or("", |(_, grant)| grant)
}

fn owner(audience: Audience, subject: &str) -> String {
    format!("unsent {audience} {subject}")
}

/// Keeps forms that came too late, and puts them back into their page.
pub async fn unsent<F>(app: &AppState, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let Some(audience) = audience_of(request.uri().path()) else { return next(request).await };
    if request.method() == Method::POST
        && let Some(token) = request.headers().get(KEEP)
    {
        let token = token.to_str().ok().and_then(Token::read);
        return keep_while_typed(app, audience, token, request).await;
    }
    if !is_navigation(request.headers()) {
        return next(request).await;
    }
    let headers = request.headers().clone();
    if request.method() == Method::GET {
        let path = request.uri().path().to_owned();
        let tokens = tokens_in(request.uri().query().unwrap_or_default());
        let mut response = next(request).await;
        if response.extensions().get::<NotNow>().is_some()
            || (response.status() == StatusCode::NOT_FOUND
                && holds_typed(app, audience, &headers, &path, &tokens).await)
        {
            return not_sent(&path, &tokens);
        }
        if response.status() != StatusCode::OK {
            return say_why(audience, app, &headers, response, None);
        }
        for token in tokens {
            response = put_back(app, audience, &headers, &path, token, response).await;
        }
        return response;
    }
    let (page, action) = (form_page(&request), request.uri().path().to_owned());
    let (request, body) = match hold(request).await {
        Ok(held) => held,
        Err(refused) => return refused,
    };
    let response = next(request).await;
    let is_of_other_chart = response.extensions().get::<FormOfOtherChart>().is_some();
    let is_not_now = response.extensions().get::<NotNow>().is_some();
    let needs_sign_in = response.extensions().get::<SignInNeeded>().is_some();
    if !is_of_other_chart && !is_not_now && !needs_sign_in {
        return lead_back(&headers, &page, response);
    }
    let is_sign_out = SIGN_OUT.contains(&action.as_str());
    let form = body.and_then(|body| Unsent::read(page.clone(), action, &body));
    if is_of_other_chart {
        return choose_chart(app, audience, &headers, form, response).await;
    }
    if is_not_now {
        return keep_not_sent(app, audience, &headers, form, &page).await;
    }
    let kept = match form {
        Some(form) => {
            let token = Token::fresh(app.rng.as_ref());
            match keep(app, audience, &headers, (&form, Whose::OfEndedSession), token.clone()).await {
                Ok(true) => {
                    let back = format!("{}?{KEY}={}&done=form-kept", form.page, token.reveal());
                    Some((back, "session-over-kept"))
                }
                Ok(false) => None,
                Err(fault) => {
                    let why = "a form that came after the session's end could not be kept";
                    tracing::warn!(error = fault.chain(), "{why}");
                    None
                }
            }
        }
        None => None,
    };
    // Whoever signed out wanted nothing else.
    let not_saved = || (!is_sign_out).then_some((page, "session-over-not-saved"));
    say_why(audience, app, &headers, response, kept.or_else(not_saved))
}

impl Unsent {
    /// A form worth keeping: one without a password or another secret in it. A field with the number of a payment card is left out.
    fn read(page: String, action: String, body: &Bytes) -> Option<Self> {
        let mut fields: Vec<(String, String)> = serde_html_form::from_bytes(body).ok()?;
        let token = fields.iter().find(|(name, _)| name == "csrf");
        let grant = token.map(|(_, token)| grant_of(token).to_owned()).unwrap_or_default();
        fields.retain(|(name, value)| name != "csrf" && !holds_card_number(value));
        let is_fine = !fields.is_empty() && !fields.iter().any(|(name, _)| is_secret(name));
        is_fine.then_some(Self { page, action, grant, fields })
    }
}

fn is_small_form(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_form =
        text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    is_form && length.is_some_and(|length| length <= MOST_BYTES)
}

/// The request with its body in hand, where that is a small form.
async fn hold(request: Request) -> Result<(Request, Option<Bytes>), Response> {
    if !is_small_form(request.headers()) {
        return Ok((request, None));
    }
    let (parts, body) = request.into_parts();
    match to_bytes(body, MOST_BYTES).await {
        Ok(bytes) => Ok((Request::from_parts(parts, Body::from(bytes.clone())), Some(bytes))),
        Err(_) => Err(StatusCode::BAD_REQUEST.into_response()),
    }
}

/// Whose form is kept.
#[derive(Clone, Copy, Debug)]
enum Whose {
    /// Of the person whose session the cookie names, ended as it may be.
    OfEndedSession,
    /// Of whoever is signed in.
    OfSession,
}

/// Keeps a form under a token; `false` where the cookie names nobody.
async fn keep(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    (form, whose): (&Unsent, Whose),
    token: Token,
) -> Result<bool, Fault> {
    let Some((practice, cookie)) = session::read_cookie(&app.settings, audience, headers) else {
        return Ok(false);
    };
    let text = serde_json::to_vec(form)
        .map_err(|e| Fault::Other("a form could not be kept".into(), Some(e.into())))?;
    // The cookie's practice is only where to look; the session's row proves it (AUZ-02).
    let scope = PracticeScope::named_by_cookie(practice);
    let inside = app.clone();
    app.db
        .write(&scope, move |c| {
            let subject = match whose {
                Whose::OfEndedSession => session::subject_of(c, audience, &cookie)?,
                Whose::OfSession => {
                    session::find(&inside, c, audience, &cookie)?.map(|session| session.subject_id)
                }
            };
            let Some(subject) = subject else { return Ok(false) };
            drafts::keep_under(&inside, c, &owner(audience, &subject), &token, &text)?;
            Ok(true)
        })
        .await
}

/// On the way to sign-in: why, and where to afterwards. `back` is a page of ours with the word that says what became of what was
/// sent there.
fn say_why(
    audience: Audience,
    app: &AppState,
    headers: &HeaderMap,
    mut response: Response,
    back: Option<(String, &str)>,
) -> Response {
    let was_signed_in = session::read_cookie(&app.settings, audience, headers).is_some();
    if response.extensions().get::<SignInNeeded>().is_none() || !was_signed_in {
        return response;
    }
    let Some(to) = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()) else {
        return response;
    };
    let mut to = to.to_owned();
    let mut add = |pair: &str| {
        to.push(if to.contains('?') { '&' } else { '?' });
        to.push_str(pair);
    };
    match back {
        Some((back, done)) => {
            let back = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
            add(&format!("back={back}"));
            add(&format!("done={done}"));
        }
        None => add("done=session-over"),
    }
    if let Ok(to) = HeaderValue::from_str(&to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// Leads to the page on which the chart is chosen, and from there back to the form with what was typed.
async fn choose_chart(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    form: Option<Unsent>,
    response: Response,
) -> Response {
    let Some(form) = form else { return response };
    let token = Token::fresh(app.rng.as_ref());
    match keep(app, audience, headers, (&form, Whose::OfSession), token.clone()).await {
        Ok(true) => {
            let back = format!("{}?{KEY}={}", form.page, token.reveal());
            let back = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
            see_other(&format!("/portal/switch?of={}&back={back}", form.grant))
        }
        Ok(false) => response,
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "a form of another chart could not be kept");
            response
        }
    }
}

/// Keeps a form that cannot be sent now, and leads to the page that says so.
async fn keep_not_sent(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    form: Option<Unsent>,
    page: &str,
) -> Response {
    let mut tokens = tokens_of_page(headers);
    if let Some(form) = form {
        let token = Token::fresh(app.rng.as_ref());
        match keep(app, audience, headers, (&form, Whose::OfSession), token.clone()).await {
            // It holds what was kept while it was typed, too.
            Ok(true) => tokens = vec![token],
            Ok(false) => {}
            Err(fault) => {
                tracing::warn!(error = fault.chain(), "a form that cannot be sent now could not be kept");
            }
        }
    }
    not_sent(page, &tokens)
}

/// Leads to the page that says that something cannot be sent now, whom to call, and what was typed.
fn not_sent(page: &str, tokens: &[Token]) -> Response {
    let page = percent_encoding::utf8_percent_encode(page, percent_encoding::NON_ALPHANUMERIC);
    see_other(&with_tokens(format!("{NOT_SENT}?from={page}"), tokens))
}

/// Does one of these tokens stand for what the reader typed into a form of this page?
async fn holds_typed(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    path: &str,
    tokens: &[Token],
) -> bool {
    for token in tokens {
        let found = find(app, audience, headers, token.clone()).await;
        if audience == Audience::Client && found.is_ok_and(|form| form.is_some_and(|form| form.page == path))
        {
            return true;
        }
    }
    false
}

/// What somebody typed in their own words into forms that are kept: the answers of more than one word. Choices, days and
/// numbers are quickly given again, and stand in the form when it opens again.
pub async fn kept_words(
    app: &AppState,
    headers: &HeaderMap,
    query: &str,
    grant: &str,
) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    for token in tokens_in(query) {
        let form = find(app, Audience::Client, headers, token).await?;
        // What was typed about one child is not shown beside another.
        if let Some(form) = form.filter(|form| form.grant.is_empty() || form.grant == grant) {
            let typed = form.fields.into_iter().map(|(_, value)| value.trim().to_owned());
            words.extend(typed.filter(|value| value.contains(char::is_whitespace)));
        }
    }
    Ok(words)
}

/// The address of a page with the kept forms that this query names.
pub fn page_with_kept(page: &str, query: &str) -> String {
    with_tokens(page.to_owned(), &tokens_in(query))
}

/// Keeps what is typed for whoever is signed in.
async fn keep_while_typed(
    app: &AppState,
    audience: Audience,
    token: Option<Token>,
    request: Request,
) -> Response {
    let (page, action) = (form_page(&request), request.uri().path().to_owned());
    let headers = request.headers().clone();
    let body = match hold(request).await {
        Ok((_, body)) => body,
        Err(refused) => return refused,
    };
    let form = body.and_then(|body| Unsent::read(page, action, &body));
    let (Some(token), Some(form)) = (token, form) else { return StatusCode::BAD_REQUEST.into_response() };
    match keep(app, audience, &headers, (&form, Whose::OfSession), token).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::UNAUTHORIZED.into_response(),
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "what was typed into a form could not be kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The way back to the page after one of its forms was sent: with what was typed into the others.
fn lead_back(headers: &HeaderMap, page: &str, mut response: Response) -> Response {
    let tokens = tokens_of_page(headers);
    let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    let (path, place) = to.split_once('#').unwrap_or((to, ""));
    if tokens.is_empty() || path.split('?').next() != Some(page) {
        return response;
    }
    let mut path = with_tokens(path.to_owned(), &tokens);
    if !place.is_empty() {
        path.push_str(&format!("#{place}"));
    }
    if let Ok(to) = HeaderValue::from_str(&path) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The tokens in the address of the page on which a form stood.
fn tokens_of_page(headers: &HeaderMap) -> Vec<Token> {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok()).unwrap_or_default();
    tokens_in(from.split_once('?').map_or("", |(_, query)| query))
}

/// An address that also names these kept forms.
fn with_tokens(mut path: String, tokens: &[Token]) -> String {
    for token in tokens {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&format!("{KEY}={}", token.reveal()));
    }
    path
}

/// The tokens of kept forms in an address.
fn tokens_in(query: &str) -> Vec<Token> {
    let query = query.split('#').next().unwrap_or_default();
    let named = query.split('&').filter_map(|pair| pair.strip_prefix(KEY)?.strip_prefix('='));
    named.filter_map(Token::read).take(MOST_KEPT).collect()
}

/// The page with what was typed in its form.
async fn put_back(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    path: &str,
    token: Token,
    response: Response,
) -> Response {
    let form = match find(app, audience, headers, token.clone()).await {
        Ok(Some(form)) if form.page == path => form,
        Ok(_) => return response,
        Err(fault) => {
            tracing::warn!(error = fault.chain(), "a kept form could not be read");
            return response;
        }
    };
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_PAGE).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match std::str::from_utf8(&bytes).map(|html| filled(html, &form, &token)) {
        Ok(Some(html)) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(html))
        }
        _ => Response::from_parts(parts, Body::from(bytes)),
    }
}

async fn find(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    token: Token,
) -> Result<Option<Unsent>, Fault> {
    let Some((practice, cookie)) = session::read_cookie(&app.settings, audience, headers) else {
        return Ok(None);
    };
    let scope = PracticeScope::named_by_cookie(practice);
    let inside = app.clone();
    let kept = app
        .db
        .read(&scope, move |c| {
            let Some(session) = session::find(&inside, c, audience, &cookie)? else { return Ok(None) };
            drafts::find(&inside, c, &owner(audience, &session.subject_id), &token)
        })
        .await?;
    Ok(kept.and_then(|kept| serde_json::from_slice(&kept).ok()))
}

/// The page with these values in the form that is sent to `action`; `None` where the page has no such form.
/// The form token stays the page's own. Reads what our own templates write: attributes in double quotes.
fn filled(html: &str, Unsent { action, grant, fields, .. }: &Unsent, token: &Token) -> Option<String> {
    let start = html.find(&format!("action=\"{action}\"")).and_then(|at| html[..at].rfind("<form"))?;
    let end = start + html[start..].find("</form>")?;
    let own = html[start..end].split("name=\"csrf\"").nth(1)?.split("value=\"").nth(1)?.split('"').next()?;
    if grant_of(own) != grant {
        return None;
    }
    let values = |name: &str| -> Vec<&str> {
        fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    };
    // Our script goes on under the same token.
    let mut out = format!("{}<form data-kept=\"{}\"", &html[..start], token.reveal());
    let mut at = start + "<form".len();
    let mut select = String::new();
    while let Some(open) = html[at..end].find('<').map(|next| at + next) {
        let close = open + html[open..end].find('>')? + 1;
        out.push_str(&html[at..open]);
        let tag = &html[open..close];
        at = close;
        let name = attribute(tag, "name").unwrap_or_default();
        if tag.starts_with("<input") && !name.is_empty() && name != "csrf" {
            match attribute(tag, "type").unwrap_or_default().as_str() {
                "checkbox" | "radio" => {
                    let value = attribute(tag, "value").unwrap_or_else(|| "on".to_owned());
                    out.push_str(&with_word(tag, "checked", values(&name).contains(&value.as_str())));
                }
                "password" | "file" | "submit" => out.push_str(tag),
                _ => match values(&name).first() {
                    Some(value) => out.push_str(&with_value(tag, value)),
                    None => out.push_str(tag),
                },
            }
        } else if tag.starts_with("<textarea")
            && let Some(value) = values(&name).first()
        {
            // A first line break in a textarea does not count (HTML 13.2.6.4.7).
            out.push_str(&format!("{tag}\n{}", escaped(value)));
            at += html[at..end].find("</textarea>")?;
        } else if tag.starts_with("<select") {
            select = name;
            out.push_str(tag);
        } else if tag.starts_with("<option") && !values(&select).is_empty() {
            let value = attribute(tag, "value").unwrap_or_default();
            out.push_str(&with_word(tag, "selected", values(&select).contains(&value.as_str())));
        } else {
            out.push_str(tag);
        }
    }
    out.push_str(&html[at..]);
    Some(out)
}

/// An attribute's value, as the browser reads it.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(
        value
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A tag with this value in place of its own.
fn with_value(tag: &str, value: &str) -> String {
    let own = tag.split_once(" value=\"").and_then(|(before, rest)| {
        let (_, after) = rest.split_once('"')?;
        Some((before, after))
    });
    match own {
        Some((before, after)) => format!("{before} value=\"{}\"{after}", escaped(value)),
        None => format!("{} value=\"{}\">", tag.trim_end_matches('>'), escaped(value)),
    }
}

/// A tag with a word such as `checked`, or without it.
fn with_word(tag: &str, word: &str, wanted: bool) -> String {
    let plain = tag.replacen(&format!(" {word}"), "", 1);
    if wanted { format!("{} {word}>", plain.trim_end_matches('>')) } else { plain }
}

/// Is what stands in a field of this name kept nowhere in the clear?
fn is_secret(name: &str) -> bool {
    name.contains("password") || name.contains("secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<main><form action="/other"><input name="note" value="theirs"></form>
<form class="x" method="post" action="/staff/x" novalidate>
<input type="hidden" name="csrf" value="fresh"><input type="hidden" name="version" value="3">
<input id="f-note" name="note" type="text" value="old &quot;text&quot;" required>
<input name="empty" type="text">
<input name="tick" type="checkbox" value="a" checked><input name="tick" type="checkbox" value="b">
<input name="secret" type="password" value="">
<textarea name="long" rows="4">
old</textarea>
<select name="role"><option value="one" selected>One</option><option value="two">Two</option></select>
<select name="untouched"><option value="u" selected>U</option></select>
<button name="how" value="new">Send</button></form></main>"#;

    #[test]
    fn what_was_typed_stands_in_the_form_again_and_the_form_token_is_the_pages() {
        let sent = [
            ("csrf", "stale"),
            ("version", "2"),
            ("note", "a \"new\" <note> & more"),
            ("empty", "filled"),
            ("tick", "b"),
            ("secret", "word"),
            ("long", "two\nlines </textarea>"),
            ("role", "two"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let token = Token::read(&"a".repeat(43)).unwrap();
        let form = |action: &str| Unsent {
            page: action.into(),
            action: action.into(),
            grant: String::new(),
            fields: sent.to_vec(),
        };
        let html = filled(PAGE, &form("/staff/x"), &token).unwrap();
        assert!(html.contains(&format!("<form data-kept=\"{}\" class=\"x\"", token.reveal())));
        for wanted in [
            r#"<input name="note" value="theirs">"#,
            r#"name="csrf" value="fresh""#,
            r#"name="version" value="2""#,
            r#"value="a &quot;new&quot; &lt;note&gt; &amp; more" required>"#,
            r#"<input name="empty" type="text" value="filled">"#,
            r#"<input name="tick" type="checkbox" value="a"><input name="tick" type="checkbox" value="b" checked>"#,
            r#"<input name="secret" type="password" value="">"#,
            "rows=\"4\">\ntwo\nlines &lt;/textarea&gt;</textarea>",
            r#"<option value="one">One</option><option value="two" selected>Two</option>"#,
            r#"<option value="u" selected>U</option>"#,
            r#"<button name="how" value="new">Send</button></form></main>"#,
        ] {
            assert!(html.contains(wanted), "{wanted} is missing in\n{html}");
        }
        assert!(filled(PAGE, &form("/staff/y"), &token).is_none());
        // A page about another child has the same form.
        let of_one = Unsent { grant: "one".into(), ..form("/staff/x") };
        let page_of = |grant: &str| PAGE.replace("\"fresh\"", &format!("\"fresh~{grant}\""));
        assert!(filled(&page_of("one"), &of_one, &token).is_some());
        assert!(filled(&page_of("two"), &of_one, &token).is_none());
        assert!(filled(PAGE, &of_one, &token).is_none());
    }

    #[test]
    fn a_form_with_a_password_is_not_kept() {
        let read =
            |body: &'static str| Unsent::read("/p".into(), "/p".into(), &Bytes::from_static(body.as_bytes()));
        assert_eq!(read("csrf=a&note=b").unwrap().fields, [("note".to_owned(), "b".to_owned())]);
        assert_eq!(
            read("a=4242+4242+4242+4242&note=b").unwrap().fields,
            [("note".to_owned(), "b".to_owned())]
        );
        assert!(read("csrf=a&new_password=b").is_none());
        assert!(read("csrf=a&api_secret=b").is_none());
        assert!(read("csrf=a").is_none());
    }
}
