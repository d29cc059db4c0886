//! The signed-in client of a request, and the chart in view. A page function that takes a
//! [`ClientSession`] is only reached through a grant that is active now and has the right that the
//! route needs: a revoked grant is gone on the next request (SES-06).

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use jiff::tz::TimeZone;

use crate::features::accounts::grants::{self, HeldGrant};
use crate::features::accounts::store::{self, Account};
use crate::features::practice::{self, Practice};
use crate::kernel::ids::{AccessId, AccountId, ChartId, PracticeId};
use crate::platform::audit::{Actor, By};
use crate::platform::db::{OpenedBy, PracticeScope};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Needs, Right};
use crate::platform::state::AppState;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{self, ClientFrame, ClientMark};
use crate::platform::web::language;
use crate::platform::web::nav::Section;
use crate::platform::web::routes::Declared;
use crate::platform::web::session::{self, Audience, Presence, Session};
use crate::platform::web::sign_in;
use crate::platform::web::{PageError, drafts, errors};

/// A signed-in account with everything it may look at, before a chart is chosen: for the switcher,
/// for one's own sign-in, for signing out.
#[derive(Clone, Debug)]
pub struct ClientAccount {
    /// The account.
    pub account: Account,
    /// Its home practice, opened by this session.
    pub home: PracticeScope,
    /// Its grants that count now; never empty.
    pub grants: Vec<HeldGrant>,
    /// Which of them is in view; `None` when that one was taken away meanwhile.
    pub in_view: Option<usize>,
    /// The network address of the request.
    pub source: String,
    /// The session itself.
    pub session: Session,
    /// The form token (WEB-01).
    pub csrf: String,
    /// Words of the account's language.
    pub words: Words,
    /// The word of `?done=`.
    pub done: Option<String>,
}

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
    /// The client of the chart in view, where that is somebody else.
    pub for_client: Option<String>,
    /// How many charts the account may look at.
    pub charts: usize,
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
    /// The word of `?done=`.
    pub done: Option<String>,
}

/// Reads a form and checks its token.
fn read_form<T: serde::de::DeserializeOwned>(csrf: &str, body: &Bytes) -> Result<T, PageError> {
    let raw = RawForm::read(body)?;
    if raw.csrf() != csrf {
        return Err(PageError::BadRequest);
    }
    raw.typed()
}

impl ClientAccount {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::Account(self.account.account_id.clone()), source: self.source.clone() }
    }

    /// Reads a form and checks its token.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        read_form(&self.csrf, body)
    }

    /// The grant whose practice and name stand around the page: the one in view, else the first.
    fn shown(&self) -> Result<&HeldGrant, PageError> {
        self.in_view
            .and_then(|at| self.grants.get(at))
            .or(self.grants.first())
            .ok_or_else(|| PageError::SignIn("/portal/sign-in".to_owned()))
    }

    /// The practice whose name stands around the page.
    pub fn practice(&self) -> Result<&Practice, PageError> {
        Ok(&self.shown()?.practice)
    }

    /// The frame around a page that is about the account, not about one chart.
    pub fn frame(&self, app: &AppState, here: Section) -> Result<ClientFrame, PageError> {
        let shown = self.shown()?;
        let frame = framed(
            app,
            FrameOf {
                practice: &shown.practice,
                words: self.words,
                name: shown.holder.called(),
                csrf: &self.csrf,
                session: &self.session,
                done: self.done.as_deref(),
                rights: &shown.rights,
                viewing: (self.grants.len() > 1).then(|| shown.client.called()),
            },
            here,
        );
        Ok(frame)
    }
}

impl ClientSession {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::Account(self.account_id.clone()), source: self.source.clone() }
    }

    /// Does the grant in view allow it?
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Reads a form and checks its token.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        read_form(&self.csrf, body)
    }

    /// The frame around a page of the client side.
    pub fn frame(&self, app: &AppState, here: Section) -> ClientFrame {
        let viewing = self.for_client.as_deref().unwrap_or(&self.name);
        framed(
            app,
            FrameOf {
                practice: &self.practice,
                words: self.words,
                name: &self.name,
                csrf: &self.csrf,
                session: &self.session,
                done: self.done.as_deref(),
                rights: &self.rights,
                viewing: (self.charts > 1).then_some(viewing),
            },
            here,
        )
    }
}

struct FrameOf<'a> {
    practice: &'a Practice,
    words: Words,
    name: &'a str,
    csrf: &'a str,
    session: &'a Session,
    done: Option<&'a str>,
    rights: &'a [Right],
    viewing: Option<&'a str>,
}

fn framed(app: &AppState, of: FrameOf<'_>, here: Section) -> ClientFrame {
    let mark = ClientMark {
        person: of.name,
        csrf: of.csrf,
        session_seconds: of.session.seconds_left(Audience::Client, app.now()),
        done: of.done,
        rights: of.rights,
    };
    let mut frame = ClientFrame::outside(of.practice, of.words).inside(mark, app.navigation, here);
    frame.viewing = of.viewing.map(ToOwned::to_owned);
    frame
}

/// Where somebody without a session is sent: their practice's sign-in, and back again. A form cannot
/// be gone back to by its address, so only pages are.
async fn to_sign_in(app: &AppState, practice: Option<PracticeId>, parts: &Parts) -> PageError {
    if let Some(page) = sign_in::page_that_set_no_cookie(&app.settings, Audience::Client, &parts.headers) {
        return PageError::SignIn(page);
    }
    let slug = match practice {
        Some(id) => {
            let scope = PracticeScope::opened_by(OpenedBy::PublicAddress, id);
            app.db.read(&scope, |c| Ok(practice::load(c).ok().map(|p| p.slug))).await.ok().flatten()
        }
        None => None,
    };
    let door = slug.map_or_else(|| "/portal/sign-in".to_owned(), |slug| format!("/{slug}/sign-in"));
    let back = parts.uri.path_and_query().map_or("", |p| p.as_str());
    if parts.method != Method::GET || back.is_empty() || back == "/portal" {
        return PageError::SignIn(door);
    }
    let back = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC);
    PageError::SignIn(format!("{door}?back={back}"))
}

/// What the cookie's session opens: read in one hop.
struct Opened {
    session: Session,
    account: Account,
    grants: Vec<HeldGrant>,
    in_view: Option<AccessId>,
}

impl FromRequestParts<AppState> for ClientAccount {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let needs = parts.extensions.get::<Declared>().map(|Declared(needs)| *needs);
        if !matches!(needs, Some(Needs::ClientSession | Needs::Client(_))) {
            tracing::error!(?needs, "a client's page whose route does not say that it is one");
            return Err(PageError::NotFound);
        }
        let Some((practice_id, token)) =
            session::read_cookie(&app.settings, Audience::Client, &parts.headers)
        else {
            return Err(to_sign_in(app, None, parts).await);
        };
        // The cookie's practice is only where to look; the session's row proves it (AUZ-02).
        let home = PracticeScope::opened_by(OpenedBy::ClientSession, practice_id.clone());
        let (scope, practice_id_here) = (home.clone(), practice_id.clone());
        let found = app
            .db
            .system_read(move |system| {
                let mut c = system.within(&scope);
                let Some(session) = session::find(&mut c, Audience::Client, &token)? else { return Ok(None) };
                let Ok(account_id) = session.subject_id.parse::<AccountId>() else { return Ok(None) };
                let Some(account) = store::find(&mut c, &account_id)? else { return Ok(None) };
                let in_view = store::in_view(&mut c, &session.token_hash)?;
                let grants = grants::held_by(system, &practice_id_here, &account_id)?;
                Ok(Some(Opened { session, account, grants, in_view }))
            })
            .await?;
        let Some(Opened { mut session, account, grants, in_view }) = found.filter(|f| !f.grants.is_empty())
        else {
            return Err(to_sign_in(app, Some(practice_id), parts).await);
        };
        drafts::entered(parts, &home);
        if let Some(grant) =
            in_view.as_ref().and_then(|id| grants.iter().find(|g| g.access_id == *id)).or(grants.first())
        {
            errors::inside(parts, || grant.practice.face());
        }
        // What a page asks by itself does not keep anybody signed in (SES-03).
        if session::presence(parts) == Presence::Person {
            session::touch(app, &home, &session).await?;
            session = session.touched(app.now());
        }
        let at = match &in_view {
            Some(access) => grants.iter().position(|grant| grant.access_id == *access),
            None => Some(0),
        };
        let words = language::chosen(&app.settings, parts.uri.query(), &parts.headers)
            .unwrap_or_else(|| account.language());
        Ok(Self {
            home,
            grants,
            in_view: at,
            source: practice::source_of(parts).0,
            csrf: session::csrf(app, &session),
            session,
            words: Words::of(words),
            done: frame::done_of(parts.uri.query()),
            account,
        })
    }
}

impl FromRequestParts<AppState> for ClientSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let who = ClientAccount::from_request_parts(parts, app).await?;
        let charts = who.grants.len();
        // The chart in view was taken away while others are left: never show another one under the
        // same address, say what happened and let them choose.
        let Some(grant) = who.in_view.and_then(|at| who.grants.into_iter().nth(at)) else {
            return Err(PageError::SignIn("/portal/switch".to_owned()));
        };
        if let Some(Declared(Needs::Client(right))) = parts.extensions.get::<Declared>()
            && !grant.rights.contains(right)
        {
            // The same as a page that is not there: what others may see is nobody's to learn.
            return Err(PageError::NotFound);
        }
        let zone = match grant.holder.time_zone.as_str() {
            "" => grant.practice.zone(),
            name => TimeZone::get(name).unwrap_or_else(|_| grant.practice.zone()),
        };
        let for_client = (!grant.is_own()).then(|| grant.client.called().to_owned());
        Ok(Self {
            scope: grant.scope,
            practice: grant.practice,
            account_id: who.account.account_id,
            access_id: grant.access_id,
            chart_id: grant.chart_id,
            rights: grant.rights,
            name: grant.holder.called().to_owned(),
            for_client,
            charts,
            source: who.source,
            session: who.session,
            csrf: who.csrf,
            words: who.words,
            zone,
            done: who.done,
        })
    }
}
