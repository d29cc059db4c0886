//! A browser without a screen: keeps cookies, fills the page's own forms, follows a redirect only
//! when the story says so.

use std::net::SocketAddr;

use super::form::{self, Form};
use super::http::{self, Answer};

/// See the module.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The server's address.
    pub to: SocketAddr,
    cookies: Vec<(String, String)>,
    /// Sent with every request, besides what a browser sends by itself.
    pub extra: Vec<(String, String)>,
    sends_fetch_metadata: bool,
}

impl Browser {
    /// A fresh one, with no cookies.
    pub fn new(to: SocketAddr) -> Self {
        Self { to, cookies: Vec::new(), extra: Vec::new(), sends_fetch_metadata: true }
    }

    /// The same, sending this header with every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a cookie in by hand: `NAME=VALUE`, attributes after it are ignored.
    pub fn take_cookie(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else { return };
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        self.cookies.retain(|(key, _)| *key != name);
        let gone = value.is_empty() || set_cookie.to_ascii_lowercase().contains("max-age=0");
        if !gone {
            self.cookies.push((name, value));
        }
    }

    /// The same browser, of an age in which none sent Fetch Metadata.
    pub fn without_fetch_metadata(mut self) -> Self {
        self.sends_fetch_metadata = false;
        self
    }

    /// The cookies it holds.
    pub fn cookies(&self) -> &[(String, String)] {
        &self.cookies
    }

    /// Any request; panics if the server does not answer.
    pub async fn send(&mut self, method: &str, path: &str, body: Option<(&str, &[u8])>) -> Page {
        self.try_send(method, path, body).await.unwrap_or_else(|e| panic!("{method} {path}: no answer: {e}"))
    }

    /// Any request; an error if the server does not answer.
    pub async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
    ) -> std::io::Result<Page> {
        let path = path_of(path);
        let mut headers = self.extra.clone();
        let sets = |name: &str| self.extra.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        if self.sends_fetch_metadata && !sets("sec-fetch-site") {
            headers.push(("Sec-Fetch-Site".into(), "same-origin".into()));
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(key, value)| format!("{key}={value}")).collect();
            headers.push(("Cookie".into(), all.join("; ")));
        }
        let mut bytes: &[u8] = &[];
        if let Some((kind, body)) = body {
            headers.push(("Content-Type".into(), kind.to_owned()));
            bytes = body;
        }
        let answer = http::send(self.to, method, &path, &headers, bytes).await?;
        for cookie in answer.all("set-cookie").map(str::to_owned).collect::<Vec<_>>() {
            self.take_cookie(&cookie);
        }
        Ok(Page { path, answer })
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, None).await
    }

    /// Opens a page and follows at most five redirects.
    pub async fn visit(&mut self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _ in 0..5 {
            if !page.is_redirect() {
                break;
            }
            page = self.follow(&page).await;
        }
        page
    }

    /// Posts these fields and nothing else.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_form(path, &http::encode_form(fields)).await
    }

    /// Posts fields that were read from a page.
    pub async fn post_fields(&mut self, path: &str, fields: &[(String, String)]) -> Page {
        self.post_form(path, &http::encode_form(fields)).await
    }

    async fn post_form(&mut self, path: &str, body: &str) -> Page {
        self.send("POST", path, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await
    }

    /// Sends the page's form whose action contains `action`, as it stands on the page (with its form
    /// token) but for `changes`; follows nothing.
    pub async fn submit(&mut self, page: &Page, action: &str, changes: &[(&str, &str)]) -> Page {
        let form = page.form(action);
        let fields = filled(&form, changes);
        let target = if form.action.is_empty() { page.path.clone() } else { form.action.clone() };
        let body = http::encode_form(&fields);
        if form.method == "get" {
            return self.get(&format!("{}?{body}", target.split('?').next().unwrap_or_default())).await;
        }
        self.send("POST", &target, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await
    }

    /// Sends the page's form whose action is `action` with a file in its field `file`.
    pub async fn upload(&mut self, page: &Page, action: &str, name: &str, file: &[u8]) -> Page {
        self.upload_with(page, action, &[], name, file).await
    }

    /// The same with changes of its other fields.
    pub async fn upload_with(
        &mut self,
        page: &Page,
        action: &str,
        changes: &[(&str, &str)],
        name: &str,
        file: &[u8],
    ) -> Page {
        let form = page.form(action);
        let fields = filled(&form, changes);
        self.upload_fields(&form.action, &fields, name, file).await
    }

    /// Posts these fields and a file in the field `file`.
    pub async fn upload_fields(
        &mut self,
        action: &str,
        fields: &[(String, String)],
        name: &str,
        file: &[u8],
    ) -> Page {
        let (kind, body) = http::multipart(fields, name, file);
        self.send("POST", action, Some((&kind, &body))).await
    }

    /// The same, and then the page that the redirect leads to; panics when the form was refused.
    pub async fn submit_and_follow(&mut self, page: &Page, action: &str, changes: &[(&str, &str)]) -> Page {
        let answer = self.submit(page, action, changes).await;
        assert!(
            answer.is_redirect(),
            "the form {action} was refused with {}:\n{}",
            answer.status(),
            answer.words()
        );
        self.follow(&answer).await
    }

    /// Opens the page that a redirect leads to.
    pub async fn follow(&mut self, page: &Page) -> Page {
        let to = page.location().unwrap_or_else(|| panic!("{} leads nowhere: {}", page.path, page.words()));
        self.get(to).await
    }
}

/// The fields of a form with these changes.
pub fn filled(form: &Form, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = form.fields.clone();
    for name in changes.iter().map(|(name, _)| name) {
        fields.retain(|(key, _)| key != name);
    }
    fields.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

/// An absolute address of ours becomes its path; a path stays. The part behind `#` is the browser's own.
fn path_of(address: &str) -> String {
    let address = address.split('#').next().unwrap_or_default();
    match address.split_once("://") {
        Some((_, rest)) => format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => address.to_owned(),
    }
}

/// A page that was opened.
#[derive(Clone, Debug)]
pub struct Page {
    /// The path that was asked for.
    pub path: String,
    /// The answer.
    pub answer: Answer,
}

impl Page {
    /// The status.
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// Is it 303 or another redirect?
    pub fn is_redirect(&self) -> bool {
        (300..400).contains(&self.answer.status)
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<&str> {
        self.answer.header("location")
    }

    /// The HTML.
    pub fn html(&self) -> String {
        self.answer.text()
    }

    /// The visible words, white space collapsed.
    pub fn words(&self) -> String {
        form::visible_text(&self.html())
    }

    /// Does the reader see this?
    pub fn says(&self, words: &str) -> bool {
        self.words().contains(words)
    }

    /// Panics with the page's words unless the reader sees this.
    #[track_caller]
    pub fn must_say(&self, words: &str) -> &Self {
        assert!(self.says(words), "{} does not say {words:?}:\n{}", self.path, self.words());
        self
    }

    /// Panics if the reader sees this, or if it stands anywhere in the HTML.
    #[track_caller]
    pub fn must_not_say(&self, words: &str) -> &Self {
        let html = self.html();
        assert!(!self.says(words) && !html.contains(words), "{} says {words:?}:\n{html}", self.path);
        self
    }

    /// Panics with the page's words unless the status is this.
    #[track_caller]
    pub fn must_be(&self, status: u16) -> &Self {
        assert_eq!(self.status(), status, "{}: {}", self.path, self.words());
        self
    }

    /// The first form whose action contains this.
    #[track_caller]
    pub fn form(&self, action: &str) -> Form {
        let html = self.html();
        let all = form::forms(&html);
        all.iter().find(|form| form.action.contains(action)).cloned().unwrap_or_else(|| {
            let actions: Vec<&str> = all.iter().map(|form| form.action.as_str()).collect();
            panic!(
                "{} ({}) has no form for {action:?}, only {actions:?}:\n{}",
                self.path,
                self.status(),
                self.words()
            )
        })
    }

    /// Every form of the page.
    pub fn forms(&self) -> Vec<Form> {
        form::forms(&self.html())
    }

    /// Has it such a form?
    pub fn has_form(&self, action: &str) -> bool {
        form::forms(&self.html()).iter().any(|form| form.action.contains(action))
    }

    /// The first address of a link or a picture that contains this.
    #[track_caller]
    pub fn link_or_picture(&self, part: &str) -> String {
        let html = self.html().replace("&#38;", "&").replace("&amp;", "&");
        let found = html.split('"').find(|text| text.starts_with('/') && text.contains(part));
        found.unwrap_or_else(|| panic!("{} has no address with {part:?}", self.path)).to_owned()
    }

    /// The first link whose address contains this.
    #[track_caller]
    pub fn link(&self, part: &str) -> String {
        let all = form::links(&self.html());
        all.iter()
            .find(|href| href.contains(part))
            .cloned()
            .unwrap_or_else(|| panic!("{} has no link to {part:?}, only {all:?}", self.path))
    }
}
