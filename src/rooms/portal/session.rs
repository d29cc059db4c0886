//! The signed-in client of a request, and the chart in view.

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::tz::TimeZone;

use crate::kernel::ids::{AccessId, AccountId, ChartId};
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{ClientFrame, ClientPage};
use crate::platform::web::session::Session;
use crate::rooms::practice::Practice;

/// Who is signed in, and which chart they look at.
#[derive(Clone, Debug)]
pub struct ClientSession {
    /// The practice of the chart in view (an account may hold grants in several).
    pub scope: PracticeScope,
    /// Its row.
    pub practice: Practice,
    /// The account.
    pub account_id: AccountId,
    /// The grant in view.
    pub access_id: AccessId,
    /// The chart in view.
    pub chart_id: ChartId,
    /// What the grant allows.
    pub rights: Vec<Right>,
    /// How the page addresses them: preferred or first name.
    pub name: String,
    /// The network address of the request.
    pub source: String,
    /// The session itself.
    pub session: Session,
    /// The form token (WEB-01).
    pub csrf: String,
    /// Words of the account's language.
    pub words: Words,
    /// The client's zone.
    pub zone: TimeZone,
}

impl ClientSession {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::Account(self.account_id.clone()), source: self.source.clone() }
    }

    /// Reads a form and checks its token.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        let raw = RawForm::read(body)?;
        if raw.csrf() != self.csrf {
            return Err(PageError::BadRequest);
        }
        raw.typed()
    }

    /// The frame around a page of the client side.
    pub fn frame(&self, app: &AppState, page: ClientPage) -> ClientFrame {
        let _ = (app, page);
        todo!()
    }
}

impl FromRequestParts<AppState> for ClientSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let _ = (parts, app);
        todo!()
    }
}
