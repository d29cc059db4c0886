//! What a request shows of a session before anything is read. The page's one unit of work then reads who it is
//! and what the page needs, at one moment, in one hop to the database.

use axum::http::Method;
use axum::http::request::Parts;

use crate::kernel::ids::PracticeId;
use crate::kernel::secrets::Token;
use crate::platform::db::PracticeScope;
use crate::platform::i18n::Language;
use crate::platform::permissions::Needs;
use crate::platform::state::App;
use crate::platform::web::drafts::{self, DraftPlace};
use crate::platform::web::error_pages::{self, Face, FacePlace, Reader};
use crate::platform::web::routes::Declared;
use crate::platform::web::session::{self, Audience, Presence};
use crate::platform::web::{frame, language, sign_in};

/// See the module.
#[derive(Debug)]
pub struct Ticket {
    /// The cookie's practice and secret. The practice is only where to look; the session's row proves it
    /// (AUZ-02).
    pub cookie: Option<(PracticeId, Token)>,
    /// What the route needs.
    pub needs: Option<Needs>,
    /// The language that the reader chose for this request.
    pub language: Option<Language>,
    /// A person's doing, or the page's own (SES-03).
    pub presence: Presence,
    /// The word of `?done=`.
    pub done: Option<String>,
    /// The address to come back to after signing in; none for a form, which has no page of its own.
    back: Option<String>,
    /// The sign-in page that says so, where the browser kept no cookie after the last sign-in.
    pub cookies_off: Option<String>,
    drafts: Option<DraftPlace>,
    face: Option<FacePlace>,
}

impl Ticket {
    /// Reads the request's head.
    pub fn read(app: &App, audience: Audience, parts: &Parts) -> Self {
        let path = parts.uri.path_and_query().map_or("", |p| p.as_str());
        let returns = parts.method == Method::GET && !path.is_empty() && path != "/portal";
        Self {
            cookie: session::read_cookie(&app.settings, audience, &parts.headers),
            needs: parts.extensions.get::<Declared>().map(|declared| declared.needs),
            language: language::chosen(&app.settings, parts.uri.query(), &parts.headers),
            presence: session::presence(parts),
            done: frame::done_of(parts.uri.query()),
            back: returns.then(|| path.to_owned()),
            cookies_off: sign_in::page_that_set_no_cookie(&app.settings, audience, &parts.headers),
            drafts: drafts::draft_place(parts),
            face: error_pages::face_place(parts),
        }
    }

    /// The sign-in page at `page`, which leads back here afterwards.
    pub fn sign_in_at(&self, page: &str) -> String {
        match &self.back {
            Some(back) => {
                let back = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC);
                format!("{page}?back={back}")
            }
            None => page.to_owned(),
        }
    }

    /// A refused form of this request is kept in this practice, and an error's page shows this face.
    pub fn entered(&self, scope: &PracticeScope, face: impl FnOnce() -> Face) {
        if let Some(place) = &self.drafts {
            place.enter(scope);
        }
        if let Some(place) = &self.face {
            place.show(face);
        }
    }

    /// An error's page keeps the language and the navigation of who is signed in.
    pub fn read_by(&self, reader: impl FnOnce() -> Reader) {
        if let Some(place) = &self.face {
            place.show_to(reader);
        }
    }
}
