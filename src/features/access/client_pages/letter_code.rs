//! A printed letter's short code: typed once, then the same form as behind a link. The code travels
//! in hidden fields of posted forms, never in an address.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};

use super::link::{self, Declining};
use super::link_source::{LinkSource, count_unreadable_link};
use crate::features::access::actions::{self, LinkView};
use crate::features::practice::PublicPractice;
use crate::kernel::secrets::ShortCode;
use crate::platform::state::AppState;
use crate::platform::web::forms::{FieldErrors, RawForm};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageResult, drafts, html};

/// Characters of a wrong code that are shown again: a code with every blank and dash that people put into it.
const MOST_SHOWN: usize = 60;

#[derive(askama::Template)]
#[template(path = "features/access/templates/letter_code.html")]
struct CodePage {
    frame: ClientFrame,
    typed: String,
    errors: FieldErrors,
}

/// Asks for the code.
pub async fn page(State(app): State<AppState>, practice: PublicPractice) -> PageResult {
    let page =
        CodePage { frame: practice.client_frame(&app), typed: String::new(), errors: FieldErrors::new() };
    html(askama::Template::render(&page))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    code: String,
}

/// Opens the form behind a code. Changes nothing but the count of unknown codes.
pub async fn open(
    State(app): State<AppState>,
    practice: PublicPractice,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let typed: Typed = RawForm::read(&body)?.typed()?;
    let Some(way) = ShortCode::read(&typed.code).map(LinkSource::Letter) else {
        return no_code(&app, &practice, typed.code).await;
    };
    match way.look(&app, &practice).await? {
        LinkView::Unknown => unknown(&app, &practice, typed.code),
        view => link::show(&app, &practice, (&uri, &headers), &way, &view).map(drafts::unfinished),
    }
}

/// What was typed cannot be a code. Counted like an unknown one, unless nothing was typed.
pub(super) async fn no_code(app: &AppState, practice: &PublicPractice, typed: String) -> PageResult {
    if !typed.trim().is_empty() {
        count_unreadable_link(app, practice).await?;
    }
    unknown(app, practice, typed)
}

/// No letter has this code: says so at the field.
fn unknown(app: &AppState, practice: &PublicPractice, typed: String) -> PageResult {
    let frame = practice.client_frame(app);
    let mut errors = FieldErrors::new();
    let key = if typed.trim().is_empty() { "link-code-missing" } else { "link-code-unknown" };
    errors.add("code", frame.words.get(key));
    let typed = typed.chars().take(MOST_SHOWN).collect();
    let mut response = html(askama::Template::render(&CodePage { frame, typed, errors }))?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// "This isn't for me": asks which, then does it.
pub async fn decline(
    State(app): State<AppState>,
    practice: PublicPractice,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let declining: Declining = RawForm::read(&body)?.typed()?;
    let request = (&uri, &headers);
    let Some(way) = ShortCode::read(&declining.code).map(LinkSource::Letter) else {
        return no_code(&app, &practice, declining.code).await;
    };
    let mut view = way.look(&app, &practice).await?;
    if let (LinkView::Open { .. }, Some(answer)) = (&view, declining.read()) {
        view = actions::decline(&app, &practice.scope, practice.by_link(), way.key(), answer).await?;
        if matches!(view, LinkView::Open { .. }) {
            return link::show(&app, &practice, request, &way, &view);
        }
    }
    match view {
        LinkView::Unknown => unknown(&app, &practice, declining.code),
        LinkView::Open { .. } => link::show_decline(&app, &practice, request, (&way, &view), &declining),
        other => link::show_state(&app, &practice, request, Some(&way), &other),
    }
}

/// "Ask the practice for a new link".
pub async fn ask_for_new(
    State(app): State<AppState>,
    practice: PublicPractice,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let typed: Typed = RawForm::read(&body)?.typed()?;
    let Some(way) = ShortCode::read(&typed.code).map(LinkSource::Letter) else {
        return no_code(&app, &practice, typed.code).await;
    };
    if way.look(&app, &practice).await? == LinkView::Unknown {
        return unknown(&app, &practice, typed.code);
    }
    actions::ask_for_new_link(&app, &practice.scope, practice.by_link(), way.key()).await?;
    let view = way.look(&app, &practice).await?;
    let practice = PublicPractice { done: Some("link-asked".into()), ..practice };
    link::show(&app, &practice, (&uri, &headers), &way, &view)
}
