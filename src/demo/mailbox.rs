//! Every mail that left, as it arrived over SMTP. The HTML part is shown in a frame of its own whose
//! policy lets nothing run and nothing load.

use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::demo::frame::DemoFrame;
use crate::demo::seed::own_file;
use crate::demo::state::Demo;
use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;
use crate::platform::mail::Receiver;
use crate::platform::mail::receiver::ReceivedMail;
use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::guard::OwnPolicy;
use crate::platform::web::{PageError, PageResult, Routes, html};

/// The mails of a demo that is kept, a line of JSON each: the outbox has their texts only sealed, and
/// wipes them once they have left.
const FILE: &str = "demo-mails.jsonl";

/// A mail as the file has it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    return_path: String,
    to: Vec<String>,
    received_at: i64,
    /// In base64.
    raw: String,
}

/// The file of a demo's mails.
pub struct MailFile(PathBuf);

impl MailFile {
    /// That of the demo in this folder.
    pub fn in_folder(folder: &FilePath) -> Self {
        Self(folder.join(FILE))
    }

    /// Puts back what an earlier run received; returns the number of the last. A line that a crash
    /// cut off is left out.
    pub fn put_back(&self, mailbox: &Receiver) -> u64 {
        for line in std::fs::read_to_string(&self.0).unwrap_or_default().lines() {
            let Ok(kept) = serde_json::from_str::<Kept>(line) else { continue };
            let Ok(raw) = BASE64.decode(&kept.raw) else { continue };
            mailbox.take_back(kept.return_path, kept.to, Timestamp::from_micros(kept.received_at), raw);
        }
        mailbox.mails().last().map_or(0, |mail| mail.number)
    }

    /// Writes down every mail that arrives after this number, until the process ends.
    pub async fn follow(self, demo: Arc<Demo>, mut last: u64) {
        loop {
            for mail in demo.mailbox.after(last).await {
                last = mail.number;
                if let Err(error) = self.append(&mail) {
                    tracing::warn!(%error, "a mail could not be written down; it is gone after a restart");
                }
            }
        }
    }

    fn append(&self, mail: &ReceivedMail) -> std::io::Result<()> {
        let kept = Kept {
            return_path: mail.return_path.clone(),
            to: mail.to.clone(),
            received_at: mail.received_at.micros(),
            raw: BASE64.encode(&mail.raw),
        };
        let line = serde_json::to_string(&kept)? + "\n";
        own_file(&self.0, std::fs::OpenOptions::new().append(true))?.write_all(line.as_bytes())
    }
}

/// The mailbox's routes.
pub fn routes() -> Routes {
    Routes::new()
        .get("/demo/mail/{number}", Needs::Nothing, show)
        .get("/demo/mail/{number}/html", Needs::Nothing, show_html)
        .get("/demo/mail/{number}/source", Needs::Nothing, show_source)
}

/// A mail in the list.
pub struct MailRow {
    /// Its number.
    pub number: u64,
    /// To whom.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// When, by the demo's clock.
    pub at: String,
    /// Where its button leads, as a path of ours.
    pub link: Option<String>,
}

/// When a mail was written, by the demo's clock: its own Date. The receiver knows only the machine's.
fn written_at(mail: &ReceivedMail) -> Timestamp {
    mail.header("Date")
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .map_or(mail.received_at, |zoned| zoned.timestamp().into())
}

/// All mails, newest first.
pub fn rows(demo: &Demo, words: Words) -> Vec<MailRow> {
    let mut mails = demo.mailbox.mails();
    mails.sort_by_key(|mail| std::cmp::Reverse(mail.number));
    mails
        .iter()
        .map(|mail| MailRow {
            number: mail.number,
            to: mail.to.join(", "),
            subject: mail.subject.clone(),
            at: words.date_time(written_at(mail), demo.zone.rules()),
            link: mail.link().map(str::to_owned),
        })
        .collect()
}

fn find(demo: &Demo, number: &str) -> Result<ReceivedMail, PageError> {
    number.parse().ok().and_then(|number| demo.mailbox.mail(number)).ok_or(PageError::NotFound)
}

#[derive(Template)]
#[template(path = "demo/templates/mail.html")]
struct MailPage {
    frame: DemoFrame,
    number: u64,
    subject: String,
    text: String,
    link: Option<String>,
    facts: Vec<(String, String)>,
}

/// Every page's policy, and one frame of our own in it.
const WITH_FRAME: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types anteroom";

/// The mail itself: its own inline styles and nothing else; a click may leave the frame.
const IN_FRAME: &str = "sandbox allow-popups allow-popups-to-escape-sandbox \
     allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     frame-ancestors 'self'";

fn with_policy(mut response: Response, policy: &'static str) -> Response {
    response.extensions_mut().insert(OwnPolicy(policy));
    response
}

async fn show(
    State(app): State<AppState>,
    Extension(demo): Extension<Arc<Demo>>,
    Path(number): Path<String>,
) -> PageResult {
    let mail = find(&demo, &number)?;
    let frame = DemoFrame::new(&demo, &app);
    let words = frame.words;
    let header = |name: &str| mail.header(name).unwrap_or_default().to_owned();
    let facts = vec![
        (words.get("demo-mail-from"), header("From")),
        (words.get("demo-mail-to"), mail.to.join(", ")),
        (words.get("demo-mail-reply-to"), header("Reply-To")),
        (words.get("demo-mail-date"), words.date_time_zone(written_at(&mail), demo.zone.rules())),
        ("Message-ID".to_owned(), header("Message-ID")),
        (words.get("demo-mail-return-path"), mail.return_path.clone()),
    ];
    let page = MailPage {
        frame,
        number: mail.number,
        subject: mail.subject.clone(),
        link: mail.link().map(str::to_owned),
        text: mail.text.clone(),
        facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
    };
    Ok(with_policy(html(page.render())?, WITH_FRAME))
}

async fn show_html(Extension(demo): Extension<Arc<Demo>>, Path(number): Path<String>) -> PageResult {
    let mail = find(&demo, &number)?;
    // A click opens in the whole window: our pages refuse to stand in a frame.
    let body = mail.html.replacen("<head>", "<head><base target=\"_top\">", 1);
    let response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response();
    Ok(with_policy(response, IN_FRAME))
}

async fn show_source(Extension(demo): Extension<Arc<Demo>>, Path(number): Path<String>) -> PageResult {
    let mail = find(&demo, &number)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], mail.raw).into_response())
}
