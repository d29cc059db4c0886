//! The client's side of an invitation, before there is a sign-in: the link's page, the letter's
//! code, the form, its success. Reading changes nothing, however often (INV-05); what changes
//! something is a posted form.
//!
//! | file | what |
//! |---|---|
//! | `link` | the page behind a link: the form, or what became of the link; declining, asking, "that was not me" |
//! | `letter_code` | the same for a printed letter's short code |
//! | `form` | reading the form, field by field |
//! | `register` | posting it |
//! | `welcome` | the success page, and the sign-in name that it hands to the sign-in page |
//! | `seen` | "somebody began to fill the form" |

mod form;
mod letter_code;
mod link;
mod register;
mod seen;
mod welcome;

use axum::http::{HeaderMap, Uri};

use crate::features::access::actions::{self, Key, LinkView};
use crate::features::practice::PublicPractice;
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{Routes, language};

/// The client side's routes of this room.
pub fn routes() -> Routes {
    Routes::new()
        .get("/{practice}/i/{token}", Needs::Link, link::page)
        .post("/{practice}/i/{token}", Needs::Link, register::by_link)
        .get("/{practice}/i/{token}/decline", Needs::Link, link::ask_to_decline)
        .post("/{practice}/i/{token}/decline", Needs::Link, link::decline)
        .get("/{practice}/i/{token}/not-me", Needs::Link, link::ask_to_disown)
        .post("/{practice}/i/{token}/not-me", Needs::Link, link::disown)
        .post("/{practice}/i/{token}/ask", Needs::Link, link::ask_for_new)
        .post("/{practice}/i/{token}/seen", Needs::Link, seen::seen)
        .get("/{practice}/letter", Needs::Nothing, letter_code::page)
        .post("/{practice}/letter", Needs::Link, letter_code::open)
        .post("/{practice}/letter/register", Needs::Link, register::by_code)
        .post("/{practice}/letter/decline", Needs::Link, letter_code::decline)
        .post("/{practice}/letter/ask", Needs::Link, letter_code::ask_for_new)
        .get("/{practice}/welcome", Needs::Nothing, welcome::page)
}

/// By which secret somebody came.
#[derive(Clone, Debug)]
enum LinkSource {
    Link(Token),
    Letter(ShortCode),
}

impl LinkSource {
    fn key(&self) -> Key {
        match self {
            Self::Link(token) => Key::Token(token.clone()),
            Self::Letter(code) => Key::Code(code.clone()),
        }
    }

    /// Where the form and its neighbours post to.
    fn base(&self, slug: &str) -> String {
        match self {
            Self::Link(token) => format!("/{slug}/i/{}", token.reveal()),
            Self::Letter(_) => format!("/{slug}/letter"),
        }
    }

    /// What the forms carry in a hidden field.
    fn code(&self) -> Option<String> {
        match self {
            Self::Link(_) => None,
            Self::Letter(code) => Some(code.grouped()),
        }
    }

    /// Where "that was not me" is said; by link only, as a letter has no mail to go with it.
    fn disown(&self, slug: &str) -> Option<String> {
        matches!(self, Self::Link(_)).then(|| format!("{}/not-me", self.base(slug)))
    }

    /// What stands behind it; every page of this room looks before anything else, so that whoever
    /// tries links that lead nowhere is counted once a try, whatever the page.
    async fn look(&self, app: &AppState, practice: &PublicPractice) -> Result<LinkView, Fault> {
        actions::open_link(app, &practice.scope, &practice.ip_bucket, Some(self.key())).await
    }
}

/// Somebody came with a text that can be no link or code: counted like an unknown one.
async fn count_unreadable_link(app: &AppState, practice: &PublicPractice) -> Result<(), Fault> {
    actions::open_link(app, &practice.scope, &practice.ip_bucket, None).await.map(drop)
}

/// The frame in the language that the reader chose, or else the invited person's.
fn frame_for(
    app: &AppState,
    practice: &PublicPractice,
    request: (&Uri, &HeaderMap),
    view: &LinkView,
) -> ClientFrame {
    let (uri, headers) = request;
    let words = match (language::chosen(&app.settings, uri.query(), headers), view) {
        (None, LinkView::Open { language, .. }) => Words::of(*language),
        _ => practice.words,
    };
    ClientFrame::outside(&practice.practice, words).with_done(practice.done.as_deref())
}

/// The account's language: the page's.
fn spoken(frame: &ClientFrame) -> Language {
    frame.words.language()
}
