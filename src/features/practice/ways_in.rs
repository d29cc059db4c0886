//! Where somebody without a session is led, on either side: to the sign-in page of their practice, or to the
//! question which practice is theirs.

use axum::http::HeaderMap;

use crate::features::practice::store;
use crate::platform::db::PracticeScope;
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::session::Audience;
use crate::platform::web::ticket::Ticket;
use crate::platform::web::{PageError, language, sign_in};

/// The sign-in page of a practice, or, without one, the page that asks for the practice.
fn sign_in_page(audience: Audience, slug: Option<&str>) -> String {
    match slug {
        Some(slug) => format!("/{slug}{}", audience.sign_in_tail()),
        None => format!("{}/sign-in", audience.root()),
    }
}

/// Where a request without a live session is sent: to the sign-in of the practice that its cookie names.
pub async fn to_sign_in(app: &AppState, audience: Audience, ticket: &Ticket) -> PageError {
    if let Some(page) = &ticket.cookies_off {
        return PageError::SignIn(page.clone());
    }
    let slug = match ticket.cookie {
        Some((id, _)) => {
            let scope = PracticeScope::at_public_address(id);
            app.db.read(&scope, |c| Ok(store::load(c).ok().map(|p| p.slug))).await.ok().flatten()
        }
        None => None,
    };
    PageError::SignIn(ticket.sign_in_at(&sign_in_page(audience, slug.as_deref())))
}

/// The query of the page that asks for the practice.
#[derive(serde::Deserialize)]
pub struct WhichQuery {
    practice: Option<String>,
    #[serde(default)]
    back: String,
}

/// What is known of the practice that somebody wants to sign in to.
pub enum Which {
    /// Its sign-in page.
    SignIn(String),
    /// Nothing yet: the page asks for it in these words.
    Ask(Words),
    /// No practice has the name that was typed.
    Unknown(Words, String),
}

/// The sign-in page of the practice that was asked for, or of the installation's only one.
pub async fn which_practice(
    app: &AppState,
    audience: Audience,
    headers: &HeaderMap,
    raw_query: Option<&str>,
    query: WhichQuery,
) -> Result<Which, PageError> {
    let asked = query.practice.map(|slug| slug.trim().to_lowercase());
    let slug = asked.clone();
    let wanted = app.db.system_read(move |system| store::wanted_slug(system, slug.as_deref())).await?;
    if let Some(slug) = wanted {
        let back = sign_in::with_back(audience.root(), &query.back);
        return Ok(Which::SignIn(format!("{}{back}", sign_in_page(audience, Some(&slug)))));
    }
    let words = Words::of(language::for_stranger(&app.settings, raw_query, headers, Language::English));
    Ok(match asked {
        None => Which::Ask(words),
        Some(typed) => Which::Unknown(words, typed),
    })
}
