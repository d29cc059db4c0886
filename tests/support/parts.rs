//! The page's side of a file that is sent in numbered parts.

use serde_json::{Value, json};

use super::world::Client;
use super::{Browser, Page};

/// Bytes of a part.
pub const PART: usize = 4 * 1024 * 1024;
/// A page's own word for a file.
pub const MARK: &str = "0123456789abcdef0123456789abcdef";

/// The page's side of an upload in parts.
#[derive(Debug)]
pub struct Sending {
    /// The address of the chart's uploads.
    pub to: String,
    /// The page's token.
    pub csrf: String,
    /// The upload.
    pub upload: String,
    /// The parts that were there when it began.
    pub there: Vec<u64>,
}

impl Sending {
    /// From the form at this address, which sends its files there.
    pub async fn begin(
        browser: &mut Browser,
        (form, to): (&str, &str),
        mark: &str,
        file: (&str, usize),
    ) -> Result<Self, Page> {
        let csrf = csrf_of(browser, form).await;
        let size = file.1.to_string();
        let fields = [("csrf", csrf.as_str()), ("mark", mark), ("name", file.0), ("size", &size)];
        let begun = browser.post(to, &fields).await;
        if begun.status() != 200 {
            return Err(begun);
        }
        let told = begun.answer.json();
        assert_eq!(told["part_bytes"], json!(PART));
        let there = told["there"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
        Ok(Self {
            to: to.to_owned(),
            csrf,
            upload: told["upload"].as_str().expect("an id").to_owned(),
            there,
        })
    }

    /// Sends a part.
    pub async fn put(&self, browser: &Browser, number: usize, bytes: &[u8]) -> Page {
        let path = format!("{}/{}/parts/{number}", self.to, self.upload);
        put_part(browser, &path, &self.csrf, bytes).await
    }

    /// Says that all parts were sent.
    pub async fn end(&self, browser: &mut Browser) -> Page {
        let path = format!("{}/{}/complete", self.to, self.upload);
        browser.post(&path, &[("csrf", self.csrf.as_str())]).await
    }
}

/// Sends a part, as a page with this token does.
pub async fn put_part(browser: &Browser, path: &str, csrf: &str, bytes: &[u8]) -> Page {
    let mut browser = browser.clone().with("x-anteroom-csrf", csrf);
    browser.send("PUT", path, Some(("application/octet-stream", bytes))).await
}

/// The token of the form at this address.
pub async fn csrf_of(browser: &mut Browser, form: &str) -> String {
    let page = browser.get(form).await;
    let fields = page.form(form).fields;
    fields.into_iter().find(|(name, _)| name == "csrf").expect("a form token").1
}

/// The bytes of a part.
pub fn part(file: &[u8], number: usize) -> &[u8] {
    &file[number * PART..file.len().min((number + 1) * PART)]
}

/// The form of staff, and where it sends its file.
pub fn staff_form(client: &Client) -> (String, String) {
    let chart = format!("/staff/charts/{}", client.chart_id);
    (format!("{chart}/documents/upload"), format!("{chart}/uploads"))
}

/// Sends the form of staff with a file that is there already.
pub async fn send_named(browser: &mut Browser, form: &str, upload: &str, title: &str) -> Page {
    let page = browser.get(form).await;
    let mut fields = page.form(form).fields;
    fields.retain(|(name, _)| !matches!(name.as_str(), "title" | "kind"));
    fields.extend(
        [("title", title), ("kind", "plan"), ("upload", upload)].map(|(n, v)| (n.to_owned(), v.to_owned())),
    );
    browser.upload_fields(form, &fields, "", b"").await
}
