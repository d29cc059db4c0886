//! The secret that a reader brings, and what every page of a link needs.

use axum::http::{HeaderMap, Uri};

use crate::features::access::actions::{self, Key, LinkView};
use crate::features::practice::PublicPractice;
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::language;

/// The secret that a reader brings: the token of a link, or the code of a letter.
#[derive(Clone, Debug)]
pub(super) enum LinkSource {
    Link(Token),
    Letter(ShortCode),
}

impl LinkSource {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Link(token) => Key::Token(token.clone()),
            Self::Letter(code) => Key::Code(code.clone()),
        }
    }

    /// Where the form and its neighbours post to.
    pub(super) fn base(&self, slug: &str) -> String {
        match self {
            Self::Link(token) => format!("/{slug}/i/{}", token.reveal()),
            Self::Letter(_) => format!("/{slug}/letter"),
        }
    }

    /// What the forms carry in a hidden field.
    pub(super) fn code(&self) -> Option<String> {
        match self {
            Self::Link(_) => None,
            Self::Letter(code) => Some(code.grouped()),
        }
    }

    /// Where "that was not me" is said; by link only, as a letter has no mail to go with it.
    pub(super) fn disown(&self, slug: &str) -> Option<String> {
        matches!(self, Self::Link(_)).then(|| format!("{}/not-me", self.base(slug)))
    }

    /// What it finds. Every page asks this first, so that each try of an unknown link is counted
    /// once, whatever the page.
    pub(super) async fn look(&self, app: &AppState, practice: &PublicPractice) -> Result<LinkView, Fault> {
        actions::open_link(app, &practice.scope, &practice.ip_bucket, Some(self.key())).await
    }
}

/// Counts a text that can be no link or code like an unknown one.
pub(super) async fn count_unreadable_link(app: &AppState, practice: &PublicPractice) -> Result<(), Fault> {
    actions::open_link(app, &practice.scope, &practice.ip_bucket, None).await.map(drop)
}

/// The frame in the language that the reader chose, or else the invited person's.
pub(super) fn frame_for(
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
    practice.practice.client_frame(words).with_done(practice.done.as_deref())
}

/// The account's language: the page's.
pub(super) fn spoken(frame: &ClientFrame) -> Language {
    frame.words.language()
}
