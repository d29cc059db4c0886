//! The signed-in staff member of a request. A page function that takes a [`StaffSession`] is only
//! reached by somebody whose role has what the route needs.

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::tz::TimeZone;

use crate::kernel::ids::StaffId;
use crate::platform::audit::{Actor, By};
use crate::platform::db::PracticeScope;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{StaffFrame, StaffPage};
use crate::platform::web::session::Session;
use crate::rooms::practice::Practice;

/// Who is signed in, and where.
#[derive(Clone, Debug)]
pub struct StaffSession {
    /// The practice, opened by this session.
    pub scope: PracticeScope,
    /// Its row.
    pub practice: Practice,
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// The network address of the request.
    pub source: String,
    /// The session itself.
    pub session: Session,
    /// The form token (WEB-01).
    pub csrf: String,
    /// The words of the staff side.
    pub words: Words,
    /// The practice's zone.
    pub zone: TimeZone,
}

impl StaffSession {
    /// May they?
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::Staff(self.staff_id.clone(), self.name.clone()), source: self.source.clone() }
    }

    /// Reads a form and checks its token.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        let raw = RawForm::read(body)?;
        if raw.csrf() != self.csrf {
            return Err(PageError::BadRequest);
        }
        raw.typed()
    }

    /// The frame around a page of the staff side.
    pub fn frame(&self, app: &AppState, page: StaffPage) -> StaffFrame {
        let _ = (app, page);
        todo!()
    }
}

impl FromRequestParts<AppState> for StaffSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let _ = (parts, app);
        todo!()
    }
}
