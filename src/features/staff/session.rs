//! The signed-in staff member of a request. A page function that takes a [`StaffSession`] is only
//! reached by somebody whose role has what the route needs.

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use jiff::tz::TimeZone;

use crate::features::practice::{self, Practice};
use crate::features::staff::store::{self, StaffState};
use crate::kernel::ids::{PracticeId, StaffId};
use crate::platform::audit::{Actor, By};
use crate::platform::db::{OpenedBy, PracticeScope};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Needs, Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{self, StaffFrame, StaffMark};
use crate::platform::web::language;
use crate::platform::web::nav::Section;
use crate::platform::web::routes::Declared;
use crate::platform::web::session::{self, Audience, Presence, Session};
use crate::platform::web::sign_in;
use crate::platform::web::{PageError, drafts, errors};

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
    /// The word of `?done=`.
    pub done: Option<String>,
    /// What waits for them, a number a section of the navigation.
    pub waiting: Vec<(Section, i64)>,
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
    pub fn frame(&self, app: &AppState, here: Section) -> StaffFrame {
        let practice = &self.practice;
        let mark = StaffMark {
            name: &self.name,
            role: self.role,
            csrf: &self.csrf,
            session_seconds: self.session.seconds_left(Audience::Staff, app.now()),
            done: self.done.as_deref(),
            waiting: &self.waiting,
        };
        StaffFrame::outside(self.words, &practice.name, &practice.slug, &practice.accent).inside(
            mark,
            app.navigation,
            here,
        )
    }
}

/// Where somebody without a session is sent: their practice's sign-in, and back again. A form cannot
/// be gone back to by its address, so only pages are.
async fn to_sign_in(app: &AppState, practice: Option<PracticeId>, parts: &Parts) -> PageError {
    if let Some(page) = sign_in::page_that_set_no_cookie(&app.settings, Audience::Staff, &parts.headers) {
        return PageError::SignIn(page);
    }
    let slug = match practice {
        Some(id) => {
            let scope = PracticeScope::opened_by(OpenedBy::PublicAddress, id);
            app.db.read(&scope, |c| Ok(practice::load(c).ok().map(|p| p.slug))).await.ok().flatten()
        }
        None => None,
    };
    let door = slug.map_or_else(|| "/staff/sign-in".to_owned(), |slug| format!("/{slug}/staff/sign-in"));
    let back = parts.uri.path_and_query().map_or("", |p| p.as_str());
    if parts.method != Method::GET || back.is_empty() {
        return PageError::SignIn(door);
    }
    let back = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC);
    PageError::SignIn(format!("{door}?back={back}"))
}

impl FromRequestParts<AppState> for StaffSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let needs = parts.extensions.get::<Declared>().map(|Declared(needs)| *needs);
        let Some((practice_id, token)) = session::read_cookie(&app.settings, Audience::Staff, &parts.headers)
        else {
            return Err(to_sign_in(app, None, parts).await);
        };
        // The cookie's practice is only where to look; the session's row proves it (AUZ-02).
        let scope = PracticeScope::opened_by(OpenedBy::StaffSession, practice_id.clone());
        let (navigation, presence) = (app.navigation, session::presence(parts));
        let found = app
            .db
            .read(&scope, move |c| {
                let Some(session) = session::find(c, Audience::Staff, &token)? else { return Ok(None) };
                let Ok(staff_id) = session.subject_id.parse() else { return Ok(None) };
                let Some(member) = store::find(c, &staff_id)? else { return Ok(None) };
                let practice = practice::load(c)?;
                // What a page asks by itself shows no navigation.
                let waiting = match presence {
                    Presence::Person => navigation.count_waiting(c, member.role)?,
                    _ => Vec::new(),
                };
                Ok(Some((session, member, practice, waiting)))
            })
            .await?;
        let Some((mut session, member, practice, waiting)) =
            found.filter(|(_, m, p, _)| m.state == StaffState::Active && p.suspended_at.is_none())
        else {
            return Err(to_sign_in(app, Some(practice_id), parts).await);
        };
        errors::inside(parts, || practice.face());
        let allowed = match needs {
            Some(Needs::StaffSession) => true,
            Some(Needs::Staff(permission)) => member.role.may(permission),
            _ => {
                tracing::error!(path = ?needs, "a staff page whose route does not say that it is one");
                false
            }
        };
        if !allowed {
            return Err(PageError::Forbidden);
        }
        drafts::entered(parts, &scope);
        // What a page asks by itself does not keep anybody signed in (SES-03).
        if presence == Presence::Person {
            session::touch(app, &scope, &session).await?;
            session = session.touched(app.now());
        }
        let words = language::chosen(&app.settings, parts.uri.query(), &parts.headers)
            .unwrap_or_else(|| practice.language());
        Ok(Self {
            scope,
            staff_id: member.staff_id,
            name: member.name,
            role: member.role,
            source: practice::source_of(parts).0,
            csrf: session::csrf(app, &session),
            session,
            words: Words::of(words),
            zone: practice.zone(),
            done: frame::done_of(parts.uri.query()),
            waiting,
            practice,
        })
    }
}
