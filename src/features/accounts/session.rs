//! The signed-in client of a request, and the chart in view. A page function that takes a
//! [`ClientSession`] is only reached through a grant that is active now and has the right that the
//! route needs: a revoked grant is gone on the next request (SES-06).

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::access::NearDay;
use crate::features::access::permission::{Archive, Facts, Item, decide, open_rights};
use crate::features::accounts::grants::{self, HeldGrant};
use crate::features::accounts::preview::Preview;
use crate::features::accounts::store::Account;
use crate::features::practice::{self, Practice};
use crate::features::staff::SignedIn;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{Actor, By};
use crate::platform::db::{PracticeScope, Scoped, System};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::PageError;
use crate::platform::web::error_pages::Reader;
use crate::platform::web::forms::RawForm;
use crate::platform::web::frame::{ClientFrame, ClientMark, PreviewBar};
use crate::platform::web::is_read;
use crate::platform::web::live_stream::{self, Looking, Of};
use crate::platform::web::nav::Section;
use crate::platform::web::session::{self, Audience, Presence, Session};
use crate::platform::web::ticket::Ticket;
use crate::platform::web::unsent::OF_GRANT;

/// Who looks at a client's page.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// Whose page it is.
    Holder,
    /// A staff member who wants to see what the holder sees. They can do nothing, and nothing is noted as read.
    Staff(Box<Onlooker>),
}

impl Viewer {
    fn is_staff(&self) -> bool {
        matches!(self, Self::Staff(_))
    }
}

/// A staff member who looks at a client's pages.
#[derive(Clone, Debug)]
pub struct Onlooker {
    /// Who.
    pub staff: SignedIn,
    /// The day as of which they look, where it is not today.
    pub on: Option<Date>,
}

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
    /// Who looks at it.
    pub viewer: Viewer,
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
    /// The account's home practice, opened by this session.
    pub home: PracticeScope,
    /// The grant in view.
    pub access_id: AccessId,
    /// Who holds it.
    pub person_id: PersonId,
    /// The chart in view.
    pub chart_id: ChartId,
    /// What decides over it.
    pub facts: Facts,
    /// The rights whose pages they are led to.
    rights: Vec<Right>,
    /// The grant's first day, where that is still to come and nothing is open before.
    pub opens_on: Option<Date>,
    /// The grant opens nothing since a day that has passed, and what was written until then is still read.
    pub archive: Archive,
    /// The near day from which it opens less, or nothing, and what becomes of it then.
    pub less_from: Option<NearDay>,
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
    /// The token of forms about the chart in view (WEB-01).
    pub csrf: String,
    /// Words of the account's language.
    pub words: Words,
    /// The client's zone.
    pub zone: TimeZone,
    /// The word of `?done=`.
    pub done: Option<String>,
    /// Who looks at it.
    pub viewer: Viewer,
}

/// The token of the forms on a page about one chart. It names the grant, so that a form from another tab is never
/// taken for the chart that is in view by now.
fn token_of(csrf: &str, access: &AccessId) -> String {
    format!("{csrf}{OF_GRANT}{access}")
}

impl ClientAccount {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        By { actor: Actor::Account(self.account.account_id.clone()), source: self.source.clone() }
    }

    /// Reads a form that is about the account, whichever chart its page was about, and checks its token.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        let raw = RawForm::read(body)?;
        if raw.csrf().split(OF_GRANT).next() != Some(self.csrf.as_str()) {
            return Err(PageError::BadRequest);
        }
        raw.typed()
    }

    /// The token of the forms on a page about the chart in view.
    pub(super) fn token_in_view(&self) -> String {
        let in_view = self.in_view.and_then(|at| self.grants.get(at));
        in_view.map_or_else(|| self.csrf.clone(), |grant| token_of(&self.csrf, &grant.access_id))
    }

    /// The grant whose practice and name the page's frame shows: the one in view, else the first.
    fn shown(&self) -> Result<&HeldGrant, PageError> {
        self.in_view
            .and_then(|at| self.grants.get(at))
            .or(self.grants.first())
            .ok_or_else(|| PageError::SignIn("/portal/sign-in".to_owned()))
    }

    /// The practice whose name the page's frame shows.
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
                rights: &shown.shown_rights(),
                viewing: (self.grants.len() > 1).then(|| shown.client.called()),
                about: None,
                preview: None,
            },
            here,
        );
        Ok(frame)
    }
}

impl ClientSession {
    /// Who acts, for actions and audit.
    pub fn by(&self) -> By {
        let actor = match &self.viewer {
            Viewer::Holder => Actor::Account(self.account_id),
            Viewer::Staff(onlooker) => Actor::Staff(onlooker.staff.staff_id, onlooker.staff.name.clone()),
        };
        By { actor, source: self.source.clone() }
    }

    /// Does the holder read what this request shows? Then that is written down. See [`is_read`].
    pub fn is_read(&self, method: &Method, headers: &HeaderMap) -> Result<bool, PageError> {
        Ok(is_read(method, headers)? && self.onlooker().is_none())
    }

    /// The staff member who looks at the holder's pages, if one does.
    pub fn onlooker(&self) -> Option<&Onlooker> {
        match &self.viewer {
            Viewer::Holder => None,
            Viewer::Staff(onlooker) => Some(onlooker),
        }
    }

    /// May whoever looks read what the holder sees of this right? A staff member only what their role reads.
    pub fn is_shown(&self, right: Right) -> bool {
        self.onlooker().is_none_or(|onlooker| onlooker.staff.role.may(reading_of(right)))
    }

    /// How far a right of the grant in view goes.
    pub fn level(&self, right: Right) -> Level {
        decide(&self.facts, right, None).level
    }

    /// May they see the items of this right?
    pub fn may_view(&self, right: Right) -> bool {
        self.level(right) >= Level::View
    }

    /// May they do what the pages of this right offer?
    pub fn may_act(&self, right: Right) -> bool {
        self.level(right) == Level::Act
    }

    /// May they look at this item?
    pub fn may_view_item(&self, right: Right, item: &Item) -> bool {
        decide(&self.facts, right, Some(item)).level >= Level::View
    }

    /// Has time alone ended their access, so that they only read what was written until then?
    pub fn reads_archive(&self) -> bool {
        self.archive == Archive::Readable
    }

    /// Reads a form and checks that it comes from a page of this session about this chart.
    pub fn form<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, PageError> {
        let raw = RawForm::read(body)?;
        match raw.csrf() {
            token if token == self.csrf => raw.typed(),
            token if token.split(OF_GRANT).next() == self.csrf.split(OF_GRANT).next() => {
                Err(PageError::OtherChart)
            }
            _ => Err(PageError::BadRequest),
        }
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
                about: (self.charts > 1 || self.for_client.is_some()).then_some(viewing),
                preview: self.onlooker().map(|onlooker| self.preview_bar(app, onlooker)),
            },
            here,
        )
    }

    fn preview_bar(&self, app: &AppState, onlooker: &Onlooker) -> PreviewBar {
        let words = self.words;
        PreviewBar {
            text: match onlooker.on {
                Some(day) => words.with2("preview-on", "name", &self.name, "day", words.civil_date(day)),
                None => words.with1("preview-text", "name", &self.name),
            },
            csrf: session::csrf(app, &onlooker.staff.session),
        }
    }
}

/// What a staff member must be allowed in order to read what stands under a right of the client's.
fn reading_of(right: Right) -> Permission {
    match right {
        Right::Appointments => Permission::SeeAppointments,
        Right::Billing | Right::Superbills => Permission::SeeBilling,
        Right::Documents | Right::Forms => Permission::SeeDocuments,
        Right::Messages => Permission::AnswerMessages,
        Right::Information => Permission::SeeCharts,
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
    about: Option<&'a str>,
    preview: Option<PreviewBar>,
}

fn framed(app: &AppState, of: FrameOf<'_>, here: Section) -> ClientFrame {
    let mark = ClientMark {
        person: of.name,
        csrf: of.csrf,
        // A staff member's session is not the client's to end.
        session_seconds: match of.preview {
            Some(_) => 0,
            None => of.session.seconds_left(Audience::Client, app.now()),
        },
        done: of.done,
        rights: of.rights,
    };
    let mut frame = of.practice.client_frame(of.words).inside(mark, app.navigation, here);
    frame.viewing = of.viewing.map(ToOwned::to_owned);
    frame.about = of.about.map(ToOwned::to_owned);
    frame.preview = of.preview;
    frame
}

/// What a client's request shows before anything is read. A page reads who it is and what it needs in one unit
/// ([`ClientTicket::open`]).
#[derive(Debug)]
pub struct ClientTicket {
    ticket: Ticket,
    source: String,
    preview: Option<Preview>,
    method: Method,
}

/// Why a request is not let in.
enum Denied {
    /// No live session, or no grant that counts.
    SignIn,
    /// The chart in view was taken away while others are left: the page says so and lets them choose.
    Switch,
    /// The grant lacks the right: the same answer as for a page that does not exist.
    NotFound,
    /// The grant opens the chart, and not this act now: what was typed is kept, and the page says whom to call.
    NotNow,
    /// A staff member looks, who can do nothing there.
    OnlyLooking,
    /// A staff member looks, whose role does not read what stands there.
    Forbidden,
}

impl ClientTicket {
    /// Reads the account and runs the page's own reads after it, in the same unit and at the same moment.
    async fn read<T, F>(self, app: &AppState, mut unit: F) -> Result<T, PageError>
    where
        T: Send + 'static,
        F: FnMut(&mut System<'_>, ClientAccount, &Ticket) -> Result<Result<T, Denied>, Fault>
            + Send
            + 'static,
    {
        if !matches!(self.ticket.needs, Some(Needs::ClientSession | Needs::Client(..))) {
            tracing::error!(needs = ?self.ticket.needs, "a client's page whose route does not say that it is one");
            return Err(PageError::NotFound);
        }
        let cookie = self.ticket.cookie.clone();
        if cookie.is_none() && self.preview.is_none() {
            return Err(practice::to_sign_in(app, Audience::Client, &self.ticket).await);
        }
        let this = Arc::new(self);
        let (inside, shared) = (app.clone(), this.clone());
        let outcome = app
            .db
            .system_read_by_key(move |system| {
                if let Some(preview) = &shared.preview
                    && let Some(staff) = preview.onlooker(&inside, system)?
                {
                    return match shared.seen_by_staff(&inside, system, preview, staff)? {
                        Ok(account) => unit(system, account, &shared.ticket),
                        Err(denied) => Ok(Err(denied)),
                    };
                }
                let Some((practice, token)) = cookie.clone() else { return Ok(Err(Denied::SignIn)) };
                let Some(account) = shared.account(&inside, system, practice, &token)? else {
                    return Ok(Err(Denied::SignIn));
                };
                unit(system, account, &shared.ticket)
            })
            .await?;
        match outcome {
            Ok(value) => Ok(value),
            Err(Denied::SignIn) => Err(practice::to_sign_in(app, Audience::Client, &this.ticket).await),
            Err(Denied::Switch) => Err(PageError::SignIn("/portal/switch".to_owned())),
            Err(Denied::NotFound) => Err(PageError::NotFound),
            Err(Denied::NotNow) => Err(PageError::NotNow),
            Err(Denied::OnlyLooking) => Err(PageError::OnlyLooking),
            Err(Denied::Forbidden) => Err(PageError::Forbidden),
        }
    }

    /// The account as a staff member looks at it: one grant, and no write.
    fn seen_by_staff(
        &self,
        app: &AppState,
        system: &mut System<'_>,
        preview: &Preview,
        staff: SignedIn,
    ) -> Result<Result<ClientAccount, Denied>, Fault> {
        if !matches!(self.method, Method::GET | Method::HEAD) {
            return Ok(Err(Denied::OnlyLooking));
        }
        let found = grants::seen_by_holder(system, &preview.practice, &preview.access, preview.on)?;
        let Some((account, grant)) = found else { return Ok(Err(Denied::NotFound)) };
        let home = PracticeScope::looking_on(preview.practice);
        self.ticket.entered(&home, || grant.practice.face());
        let session = match self.ticket.presence {
            Presence::Person => session::touch(app, staff.session.clone()),
            Presence::Page => staff.session.clone(),
        };
        Ok(Ok(ClientAccount {
            grants: vec![HeldGrant { scope: home.clone(), ..grant }],
            home,
            in_view: Some(0),
            source: self.source.clone(),
            // No form of the page carries a token that counts.
            csrf: String::new(),
            session,
            words: Words::of(account.language()),
            done: None,
            account,
            viewer: Viewer::Staff(Box::new(Onlooker { staff, on: preview.on })),
        }))
    }

    fn account(
        &self,
        app: &AppState,
        system: &mut System<'_>,
        practice: PracticeId,
        token: &Token,
    ) -> Result<Option<ClientAccount>, Fault> {
        let home = PracticeScope::named_by_cookie(practice);
        let found = session::find(app, &mut system.within(&home), Audience::Client, token)?;
        let Some(mut session) = found else { return Ok(None) };
        let Ok(account_id) = session.subject_id.parse::<AccountId>() else { return Ok(None) };
        let Some((account, grants)) = grants::signed_in(system, &practice, &account_id)? else {
            return Ok(None);
        };
        let in_view = match &session.in_view {
            Some(access) => grants.iter().position(|grant| grant.access_id == *access),
            // One that still opens something comes first.
            None => grants.iter().position(|grant| grant.archive == Archive::Shut).or(Some(0)),
        };
        if let Some(grant) = in_view.and_then(|at| grants.get(at)).or(grants.first()) {
            self.ticket.entered(&home, || grant.practice.face());
        }
        let words = Words::of(self.ticket.language.unwrap_or_else(|| account.language()));
        if let Some(grant) = in_view.and_then(|at| grants.get(at)) {
            self.ticket.read_by(|| Reader { words, rights: grant.shown_rights() });
        }
        // What a page asks by itself does not keep anybody signed in (SES-03).
        if self.ticket.presence == Presence::Person {
            session = session::touch(app, session);
        }
        Ok(Some(ClientAccount {
            home,
            grants,
            in_view,
            source: self.source.clone(),
            csrf: session::csrf(app, &session),
            session,
            words,
            done: self.ticket.done.clone(),
            account,
            viewer: Viewer::Holder,
        }))
    }

    /// Who is signed in and which chart they look at, with what `unit` reads for the page in the practice of
    /// that chart.
    pub async fn open<T, F>(self, app: &AppState, mut unit: F) -> Result<(ClientSession, T), PageError>
    where
        T: Send + 'static,
        F: FnMut(&mut Scoped<'_>, &ClientSession) -> Result<T, Fault> + Send + 'static,
    {
        let method = self.method.clone();
        self.read(app, move |system, account, ticket| {
            let client = granted!(ClientSession::of(account, ticket.needs, &method));
            let value = unit(&mut system.within(&client.scope), &client)?;
            Ok(Ok((client, value)))
        })
        .await
    }

    /// Who is signed in, before a chart is chosen, with what waits in each of their charts.
    pub async fn open_account(
        self,
        app: &AppState,
        waiting: CountWaiting,
    ) -> Result<(ClientAccount, Vec<ChartWaiting>), PageError> {
        self.read(app, move |system, account, _| {
            if account.viewer.is_staff() {
                return Ok(Err(Denied::OnlyLooking));
            }
            // Who has one chart comes here only by its address.
            let counted = if account.grants.len() > 1 { account.grants.as_slice() } else { &[] };
            let charts = ChartWaiting::all(system, &account.account.account_id, counted, waiting)?;
            Ok(Ok((account, charts)))
        })
        .await
    }
}

/// Counts what waits for an account in each of these charts of a practice, in their order.
pub type CountWaiting = fn(&mut Scoped<'_>, &AccountId, &[&HeldGrant]) -> Result<Vec<i64>, Fault>;

/// A chart of the account.
#[derive(Clone, Debug)]
pub struct ChartWaiting {
    /// The grant.
    pub access_id: AccessId,
    /// How much waits there.
    pub waiting: i64,
}

impl ChartWaiting {
    /// In the order of the grants; each practice is asked once.
    fn all(
        system: &mut System<'_>,
        account: &AccountId,
        grants: &[HeldGrant],
        waiting: CountWaiting,
    ) -> Result<Vec<Self>, Fault> {
        let mut charts: Vec<Self> =
            grants.iter().map(|grant| Self { access_id: grant.access_id, waiting: 0 }).collect();
        let mut asked = Vec::new();
        for grant in grants {
            let practice = *grant.scope.id();
            if asked.contains(&practice) {
                continue;
            }
            asked.push(practice);
            let here: Vec<&HeldGrant> = grants.iter().filter(|other| *other.scope.id() == practice).collect();
            let counts = waiting(&mut system.within(&grant.scope), account, &here)?;
            for (grant, count) in here.into_iter().zip(counts) {
                if let Some(chart) = charts.iter_mut().find(|chart| chart.access_id == grant.access_id) {
                    chart.waiting = count;
                }
            }
        }
        Ok(charts)
    }
}

impl ClientSession {
    /// The stream that tells an open page of theirs to look again, as long as they are signed in. `picture` says what the
    /// page shows by what decides over their grant now, `None` once they may not see it. A staff member who looks at a
    /// client's pages looks once.
    ///
    /// # Errors
    /// Not found where there is nothing to see; a fault of the database.
    pub async fn live<P, F>(self, app: &AppState, picture: F) -> Result<Response, PageError>
    where
        P: PartialEq + Send + 'static,
        F: Fn(&mut Scoped<'_>, &Facts, Archive) -> Result<Option<P>, Fault> + Clone + Send + Sync + 'static,
    {
        if self.onlooker().is_some() {
            return Err(PageError::NotFound);
        }
        let (hash, access) = (self.session.token_hash, self.access_id);
        let of = Of { practice: *self.scope.id(), chart: Some(self.chart_id), session_hash: hash.clone() };
        let (db, scope, home) = (app.db.clone(), self.scope, self.home);
        let look = move || -> Looking<P> {
            let (db, scope, home) = (db.clone(), scope.clone(), home.clone());
            let (hash, picture) = (hash.clone(), picture.clone());
            Box::pin(async move {
                // The session may be of another practice than the chart.
                if !db.read(&home, move |c| session::is_alive(c, Audience::Client, &hash)).await? {
                    return Ok(None);
                }
                db.read(&scope, move |c| match grants::reading_now(c, &access)? {
                    Some((facts, archive)) => picture(c, &facts, archive),
                    None => Ok(None),
                })
                .await
            })
        };
        live_stream::stream(app, of, Box::new(look)).await?.ok_or(PageError::NotFound)
    }

    /// The grant in view.
    fn of(who: ClientAccount, needs: Option<Needs>, method: &Method) -> Result<Self, Denied> {
        let charts = who.grants.len();
        if let (Viewer::Staff(onlooker), Some(Needs::Client(right, _))) = (&who.viewer, needs)
            && !onlooker.staff.role.may(reading_of(right))
        {
            return Err(Denied::Forbidden);
        }
        // Another chart is never shown under the same address.
        let Some(grant) = who.in_view.and_then(|at| who.grants.into_iter().nth(at)) else {
            return Err(Denied::Switch);
        };
        if let Some(Needs::Client(right, level)) = needs
            && decide(&grant.facts, right, None).level < level
            && !(grant.archive == Archive::Readable && (right, level) == (Right::Messages, Level::View))
        {
            return Err(denied(&grant, (right, level), method));
        }
        let zone = match grant.holder.time_zone.get() {
            None => grant.practice.zone(),
            Some(own) => own.rules().clone(),
        };
        let for_client = (!grant.is_own()).then(|| grant.client.called().to_owned());
        let rights = grant.shown_rights();
        Ok(Self {
            scope: grant.scope,
            practice: grant.practice,
            account_id: who.account.account_id,
            home: who.home,
            access_id: grant.access_id,
            person_id: grant.holder.person_id,
            chart_id: grant.chart_id,
            facts: grant.facts,
            rights,
            opens_on: grant.opens_on,
            archive: grant.archive,
            less_from: grant.less_from,
            name: grant.holder.called().to_owned(),
            for_client,
            charts,
            source: who.source,
            session: who.session,
            csrf: token_of(&who.csrf, &grant.access_id),
            words: who.words,
            zone,
            done: who.done,
            viewer: who.viewer,
        })
    }
}

/// Why a grant is not let in where it lacks a right. Whoever sees the chart and sends a form, or comes to one under a right that
/// is theirs to read, may have begun it while it was open: they hear that it cannot be sent now. It says nothing of what is
/// there: nothing was looked for.
fn denied(grant: &HeldGrant, (right, level): (Right, Level), method: &Method) -> Denied {
    let sees = grant.archive == Archive::Readable || !open_rights(&grant.facts).is_empty();
    let is_form = level == Level::Act && decide(&grant.facts, right, None).level == Level::View;
    if sees && (is_form || method == Method::POST) { Denied::NotNow } else { Denied::NotFound }
}

impl FromRequestParts<AppState> for ClientTicket {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let ticket = Ticket::read(app, Audience::Client, parts);
        Ok(Self {
            ticket,
            source: practice::source_of(parts).0,
            preview: Preview::read(&app.settings, &parts.headers),
            method: parts.method.clone(),
        })
    }
}

impl FromRequestParts<AppState> for ClientAccount {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let Ok(ticket) = ClientTicket::from_request_parts(parts, app).await;
        let is_holder = |account: &ClientAccount| matches!(account.viewer, Viewer::Holder);
        // What is about the account, such as its devices, is the holder's alone.
        ticket
            .read(app, move |_, account, _| {
                Ok(if is_holder(&account) { Ok(account) } else { Err(Denied::OnlyLooking) })
            })
            .await
    }
}

impl FromRequestParts<AppState> for ClientSession {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        let Ok(ticket) = ClientTicket::from_request_parts(parts, app).await;
        Ok(ticket.open(app, |_, _| Ok(())).await?.0)
    }
}
