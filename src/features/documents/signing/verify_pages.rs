//! The page Verify checks the file of a signed document, in a confined process. The file is not stored.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts::ClientSession;
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::verify::{VERIFY, Verdict, What};
use crate::features::people::CHARTS;
use crate::features::staff::StaffSession;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::state::AppState;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html};

/// Files that one person may have looked at in ten minutes.
const FILES: Limit = Limit { most: 20, seconds: 600 };

/// What is said of a file: colour and words.
type Said = (&'static str, String);

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_verify.html")]
struct StaffPage {
    frame: StaffFrame,
    /// Where the form sends the file.
    action: &'static str,
    said: Option<Said>,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_verify.html")]
struct ClientPage {
    frame: ClientFrame,
    /// Where the form sends the file.
    action: &'static str,
    said: Option<Said>,
}

/// Who asks, for a form that comes with a file.
struct Asker<'a> {
    scope: &'a PracticeScope,
    /// Counts the files of one person.
    bucket: String,
    csrf: &'a str,
    words: Words,
    practice: &'a str,
}

/// The file of the form. The form's token comes before it, and too many files are refused before they are read.
async fn file_of(
    app: &AppState,
    asker: &Asker<'_>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Bytes, PageError> {
    let mut parts = parts.map_err(|_| PageError::BadRequest)?;
    let mut token = String::new();
    while let Some(part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "csrf" {
            token = part.text().await.map_err(|_| PageError::BadRequest)?;
        } else if name == "file" {
            if token != asker.csrf {
                return Err(PageError::BadRequest);
            }
            let bucket = asker.bucket.clone();
            let tries = app.db.write(asker.scope, move |c| limits::count(c, &bucket, FILES)).await?;
            if tries > FILES.most {
                return Err(PageError::TooManyTries);
            }
            return part.bytes().await.map_err(|error| match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
                _ => PageError::BadRequest,
            });
        }
    }
    Err(PageError::BadRequest)
}

async fn check(
    app: &AppState,
    asker: Asker<'_>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Said, PageError> {
    let file = file_of(app, &asker, parts).await?;
    let known = app.db.read(asker.scope, seal_store::fingerprints).await?;
    let pieces = futures_util::stream::iter([Ok::<_, Fault>(file)]);
    let said = app.confined.ask(VERIFY, pieces).await?;
    let Asker { words, practice, .. } = asker;
    Ok(match said.as_deref().and_then(Verdict::read) {
        Some(Verdict::Whole(fingerprint)) if known.contains(&fingerprint) => {
            ("good", words.with1("signing-verify-good", "practice", practice))
        }
        Some(Verdict::Whole(_)) => ("attention", words.with1("signing-verify-other", "practice", practice)),
        Some(Verdict::Changed(What::File)) => ("stopped", words.get("signing-verify-changed")),
        Some(Verdict::Changed(What::Version)) => ("stopped", words.get("signing-verify-version")),
        Some(Verdict::Changed(What::Record(number))) => {
            ("stopped", words.with1("signing-verify-record", "number", number))
        }
        Some(Verdict::NotOurs) => ("attention", words.get("signing-verify-none")),
        None => ("attention", words.get("signing-verify-unread")),
    })
}

/// Staff: the form.
pub async fn staff_page(State(app): State<AppState>, session: StaffSession) -> PageResult {
    html(StaffPage { frame: session.frame(&app, CHARTS), action: "/staff/verify", said: None }.render())
}

/// Staff: the file was chosen.
pub async fn staff_check(
    State(app): State<AppState>,
    session: StaffSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let asker = Asker {
        scope: &session.scope,
        bucket: format!("verify.{}", session.staff_id),
        csrf: &session.csrf,
        words: session.words,
        practice: &session.practice.name,
    };
    let said = check(&app, asker, parts).await?;
    let page = StaffPage { frame: session.frame(&app, CHARTS), action: "/staff/verify", said: Some(said) };
    Ok(html(page.render())?.into_response())
}

const MINE: Section = Section("/portal/documents");

/// Clients: the form.
pub async fn client_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    html(ClientPage { frame: client.frame(&app, MINE), action: "/portal/verify", said: None }.render())
}

/// Clients: the file was chosen.
pub async fn client_check(
    State(app): State<AppState>,
    client: ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let asker = Asker {
        scope: &client.scope,
        bucket: format!("verify.{}", client.account_id),
        csrf: &client.csrf,
        words: client.words,
        practice: &client.practice.name,
    };
    let said = check(&app, asker, parts).await?;
    let page = ClientPage { frame: client.frame(&app, MINE), action: "/portal/verify", said: Some(said) };
    Ok(html(page.render())?.into_response())
}
