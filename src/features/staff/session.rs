//! The signed-in staff member of a request. A page function that takes a [`StaffSession`] is only
//! reached by somebody whose role has what the route needs.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::features::practice::{self, Practice};
use crate::features::staff::store::{self, StaffState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, StaffId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Needs, Permission, Role};
use crate::platform::state::{App, AppState};
use crate::platform::web::PageError;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{StaffFrame, StaffMark};
use crate::platform::web::live_stream::{self, Looking, Of};
use crate::platform::web::nav::Section;
use crate::platform::web::session::{self, Audience, Presence, Session};
use crate::platform::web::ticket::Ticket;

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
    /// Somebody's doing, or the page's own.
    pub presence: Presence,
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

    /// The stream that tells an open page of theirs to look again, as long as they are signed in. `chart` is the one that
    /// the page is about, `None` where it shows many; `picture` says what the page shows, `None` once they may not see it.
    ///
    /// # Errors
    /// Not found where there is nothing to see; a fault of the database.
    pub async fn live<P, F>(
        self,
        app: &AppState,
        chart: Option<ChartId>,
        picture: F,
    ) -> Result<Response, PageError>
    where
        P: PartialEq + Send + 'static,
        F: Fn(&mut Scoped<'_>) -> Result<Option<P>, Fault> + Clone + Send + Sync + 'static,
    {
        let hash = self.session.token_hash;
        let of = Of { practice: *self.scope.id(), chart, session_hash: hash.clone() };
        let (db, scope) = (app.db.clone(), self.scope);
        let look = move || -> Looking<P> {
            let (db, scope, hash, picture) = (db.clone(), scope.clone(), hash.clone(), picture.clone());
            Box::pin(async move {
                db.read(&scope, move |c| {
                    // SES-06: a session that ran out, or ended elsewhere, ends its streams too.
                    if session::is_alive(c, Audience::Staff, &hash)? { picture(c) } else { Ok(None) }
                })
                .await
            })
        };
        live_stream::stream(app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
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

/// A staff member's session that is locked: they handed the device to somebody else, who has it in hand. It opens the pages
/// of what it was locked for and the page that unlocks it, and nothing else. A page function that takes a
/// [`LockedSession`] is reached by such a session alone, one that takes a [`StaffSession`] never.
#[derive(Clone, Debug)]
pub struct LockedSession {
    /// The staff member whose session it is. What is done with it is not their doing.
    pub host: StaffSession,
    /// Since when it is locked.
    pub since: Timestamp,
}

/// The signed-in staff member, whether their session is locked or not: for signing out.
#[derive(Clone, Debug)]
pub(super) struct AnySession(pub StaffSession);

/// A staff member whose session is alive.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// The session.
    pub session: Session,
}

/// Who stands behind a session's cookie, for a page that belongs to the other side.
pub fn signed_in(app: &App, c: &mut Scoped<'_>, token: &Token) -> Result<Option<SignedIn>, Fault> {
    let Some(session) = session::find(app, c, Audience::Staff, token)? else { return Ok(None) };
    let Ok(staff_id) = session.subject_id.parse() else { return Ok(None) };
    let Some((member, practice)) = store::find_with_practice(c, &staff_id)? else { return Ok(None) };
    let is_shut_out = member.state != StaffState::Active || practice.suspended_at.is_some();
    if is_shut_out || session.locked_at.is_some() {
        return Ok(None);
    }
    Ok(Some(SignedIn { staff_id, name: member.name, role: member.role, session }))
}

/// What a staff member's request shows before anything is read. A page reads who it is and what it needs in one
/// unit ([`StaffTicket::open`]).
#[derive(Debug)]
pub struct StaffTicket {
    ticket: Ticket,
    source: String,
    method: Method,
}

/// Which sessions a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admits {
    /// Those that are not locked: every page of the staff side.
    Unlocked,
    /// Those that are locked.
    Locked,
    /// Both.
    Both,
}

/// Why a request is not let in.
enum Denied {
    /// No live session.
    SignIn,
    /// The role lacks the permission.
    Forbidden,
    /// The session is locked.
    Locked,
    /// It is not.
    NotLocked,
}

/// Where a session that is not locked begins.
const START: &str = "/staff";
/// Where a locked session is led: what it was locked for.
pub const LED_TO: &str = "/staff/in-person";

impl StaffTicket {
    /// Who is signed in, with what `unit` reads for the page, in the same unit and at the same moment.
    pub async fn open<T, F>(self, app: &AppState, unit: F) -> Result<(StaffSession, T), PageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>, &StaffSession) -> Result<T, Fault> + Send + 'static,
    {
        self.open_as(app, Admits::Unlocked, unit).await
    }

    async fn open_as<T, F>(
        self,
        app: &AppState,
        admits: Admits,
        mut unit: F,
    ) -> Result<(StaffSession, T), PageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>, &StaffSession) -> Result<T, Fault> + Send + 'static,
    {
        let Some((practice, token)) = self.ticket.cookie.clone() else {
            return Err(practice::to_sign_in(app, Audience::Staff, &self.ticket).await);
        };
        let scope = PracticeScope::named_by_cookie(practice);
        let this = Arc::new(self);
        let (inside, of, shared) = (app.clone(), scope.clone(), this.clone());
        let outcome = app
            .db
            .read(&scope, move |c| {
                let staff = granted!(shared.staff(&inside, c, (&of, admits), &token)?);
                let value = unit(c, &staff)?;
                Ok(Ok((staff, value)))
            })
            .await?;
        match outcome {
            Ok(value) => Ok(value),
            Err(Denied::SignIn) => Err(practice::to_sign_in(app, Audience::Staff, &this.ticket).await),
            Err(Denied::Forbidden) => Err(PageError::Forbidden),
            Err(Denied::Locked) if matches!(this.method, Method::GET | Method::HEAD) => {
                Err(PageError::Elsewhere(LED_TO))
            }
            Err(Denied::Locked) => Err(PageError::Locked),
            Err(Denied::NotLocked) => Err(PageError::Elsewhere(START)),
        }
    }

    fn staff(
        &self,
        app: &AppState,
        c: &mut Scoped<'_>,
        (scope, admits): (&PracticeScope, Admits),
        token: &Token,
    ) -> Result<Result<StaffSession, Denied>, Fault> {
        let Some(mut session) = session::find(app, c, Audience::Staff, token)? else {
            return Ok(Err(Denied::SignIn));
        };
        let Ok(staff_id) = session.subject_id.parse() else { return Ok(Err(Denied::SignIn)) };
        let Some((member, practice)) = store::find_with_practice(c, &staff_id)? else {
            return Ok(Err(Denied::SignIn));
        };
        if member.state != StaffState::Active || practice.suspended_at.is_some() {
            return Ok(Err(Denied::SignIn));
        }
        self.ticket.entered(scope, || practice.face());
        // Before the role is asked: whoever has a locked device in hand learns nothing of what its owner may do.
        match (admits, session.locked_at) {
            (Admits::Unlocked, Some(_)) => return Ok(Err(Denied::Locked)),
            (Admits::Locked, None) => return Ok(Err(Denied::NotLocked)),
            (Admits::Unlocked, None) | (Admits::Locked, Some(_)) | (Admits::Both, _) => {}
        }
        let allowed = match self.ticket.needs {
            Some(Needs::StaffSession) => true,
            Some(Needs::Staff(permission)) => member.role.may(permission),
            needs => {
                tracing::error!(?needs, "a staff page whose route does not say that it is one");
                false
            }
        };
        if !allowed {
            return Ok(Err(Denied::Forbidden));
        }
        // What a page asks by itself does not keep anybody signed in (SES-03), and shows no navigation.
        let waiting = match self.ticket.presence {
            Presence::Person => {
                session = session::touch(app, session);
                match admits {
                    Admits::Unlocked => app.navigation.count_waiting(c, &member.staff_id, member.role)?,
                    Admits::Locked | Admits::Both => Vec::new(),
                }
            }
            Presence::Page => Vec::new(),
        };
        let words = self.ticket.language.unwrap_or_else(|| practice.language());
        Ok(Ok(StaffSession {
            scope: scope.clone(),
            staff_id: member.staff_id,
            name: member.name,
            role: member.role,
            source: self.source.clone(),
            csrf: session::csrf(app, &session),
            session,
            words: Words::of(words),
            zone: practice.zone(),
            waiting,
            presence: self.ticket.presence,
            done: self.ticket.done.clone(),
            practice,
        }))
    }
}

impl FromRequestParts<AppState> for StaffTicket {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let ticket = Ticket::read(app, Audience::Staff, parts);
        Ok(Self { ticket, source: practice::source_of(parts).0, method: parts.method.clone() })
    }
}

impl FromRequestParts<AppState> for StaffSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let Ok(ticket) = StaffTicket::from_request_parts(parts, app).await;
        Ok(ticket.open(app, |_, _| Ok(())).await?.0)
    }
}

impl FromRequestParts<AppState> for LockedSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let Ok(ticket) = StaffTicket::from_request_parts(parts, app).await;
        let (host, ()) = ticket.open_as(app, Admits::Locked, |_, _| Ok(())).await?;
        let since = host.session.locked_at.ok_or(PageError::Elsewhere(START))?;
        Ok(Self { host, since })
    }
}

impl FromRequestParts<AppState> for AnySession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let Ok(ticket) = StaffTicket::from_request_parts(parts, app).await;
        Ok(Self(ticket.open_as(app, Admits::Both, |_, _| Ok(())).await?.0))
    }
}
