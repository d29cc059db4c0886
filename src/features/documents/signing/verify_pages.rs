//! The page Verify checks the file of a signed document, in a confined process. The file is not stored.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts::ClientSession;
use crate::features::documents::file_kind::shown_name;
use crate::features::documents::library_page::LIBRARY;
use crate::features::documents::signing::seal_store;
use crate::features::documents::signing::verify::{VERIFY, Verdict, What};
use crate::features::staff::StaffSession;
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html};

/// The largest file that is checked: the largest document, and what is put around it.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;

/// Files that one person may have looked at in ten minutes.
const FILES: Limit = Limit { most: 20, seconds: 600 };

/// What was found of a file.
struct Said {
    /// Colour of the notice and of its tag.
    tone: &'static str,
    /// The word of the tag.
    tag: String,
    /// What the file is called where it comes from; may be empty.
    name: String,
    text: String,
}

/// What a page shows beside its form.
#[derive(Default)]
struct Shown {
    said: Option<Said>,
    errors: FieldErrors,
    status: StatusCode,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/staff_verify.html")]
struct StaffPage {
    frame: StaffFrame,
    /// Where the form sends the file.
    action: &'static str,
    said: Option<Said>,
    errors: FieldErrors,
}

#[derive(Template)]
#[template(path = "features/documents/signing/templates/client_verify.html")]
struct ClientPage {
    frame: ClientFrame,
    /// Where the form sends the file.
    action: &'static str,
    said: Option<Said>,
    errors: FieldErrors,
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

/// The file of the form.
enum Sent {
    /// Its name and its bytes.
    File(String, Bytes),
    /// None was chosen, or there is nothing in it.
    None,
    TooLarge,
}

/// The file of the form. The form's token comes before it, and too many files are refused before they are read.
async fn file_of(
    app: &AppState,
    asker: &Asker<'_>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Sent, PageError> {
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
            let name = shown_name(part.file_name().unwrap_or_default());
            return match part.bytes().await {
                Ok(bytes) if bytes.is_empty() => Ok(Sent::None),
                Ok(bytes) => Ok(Sent::File(name, bytes)),
                Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Ok(Sent::TooLarge),
                Err(_) => Err(PageError::BadRequest),
            };
        }
    }
    Err(PageError::BadRequest)
}

async fn check(
    app: &AppState,
    asker: Asker<'_>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Shown, PageError> {
    let words = asker.words;
    let refused = |status: StatusCode, why: String| {
        let mut errors = FieldErrors::new();
        errors.add("file", why);
        Shown { said: None, errors, status }
    };
    let (name, file) = match file_of(app, &asker, parts).await? {
        Sent::File(name, bytes) => (name, bytes),
        Sent::None => {
            return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, words.get("signing-verify-missing")));
        }
        Sent::TooLarge => {
            let why = words.with1("signing-verify-too-large", "megabytes", LARGEST / (1024 * 1024));
            return Ok(refused(StatusCode::PAYLOAD_TOO_LARGE, why));
        }
    };
    let known = app.db.read(asker.scope, seal_store::fingerprints).await?;
    let pieces = futures_util::stream::iter([Ok::<_, Fault>(file)]);
    let said = app.confined.ask(VERIFY, pieces).await?;
    let practice = asker.practice;
    let verdict = said.as_deref().and_then(Verdict::read);
    let (tone, tag) = match &verdict {
        Some(Verdict::Whole(fingerprint)) if known.contains(fingerprint) => {
            ("good", "signing-verify-tag-good")
        }
        Some(Verdict::Whole(_)) => ("attention", "signing-verify-tag-other"),
        Some(Verdict::Changed(_)) => ("stopped", "signing-verify-tag-stopped"),
        Some(Verdict::NotOurs) | None => ("attention", "signing-verify-tag-none"),
    };
    let text = match verdict {
        Some(Verdict::Whole(fingerprint)) if known.contains(&fingerprint) => {
            words.with1("signing-verify-good", "practice", practice)
        }
        Some(Verdict::Whole(_)) => words.with1("signing-verify-other", "practice", practice),
        Some(Verdict::Changed(What::File)) => words.get("signing-verify-changed"),
        Some(Verdict::Changed(What::Version)) => words.get("signing-verify-version"),
        Some(Verdict::Changed(What::Record(number))) => {
            words.with1("signing-verify-record", "number", number)
        }
        Some(Verdict::NotOurs) => words.get("signing-verify-none"),
        None => words.get("signing-verify-unread"),
    };
    let said = Said { tone, tag: words.get(tag), name, text };
    Ok(Shown { said: Some(said), ..Shown::default() })
}

fn staff_answer(app: &AppState, session: &StaffSession, shown: Shown) -> PageResult {
    let Shown { said, errors, status } = shown;
    let page = StaffPage { frame: session.frame(app, LIBRARY), action: "/staff/verify", said, errors };
    Ok((status, html(page.render())?).into_response())
}

fn client_answer(app: &AppState, client: &ClientSession, shown: Shown) -> PageResult {
    let Shown { said, errors, status } = shown;
    let page = ClientPage { frame: client.frame(app, MINE), action: "/portal/verify", said, errors };
    Ok((status, html(page.render())?).into_response())
}

/// Staff: the form.
pub async fn staff_page(State(app): State<AppState>, session: StaffSession) -> PageResult {
    staff_answer(&app, &session, Shown::default())
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
    let shown = check(&app, asker, parts).await?;
    staff_answer(&app, &session, shown)
}

const MINE: Section = Section("/portal/documents");

/// Clients: the form.
pub async fn client_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    client_answer(&app, &client, Shown::default())
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
    let shown = check(&app, asker, parts).await?;
    client_answer(&app, &client, shown)
}
