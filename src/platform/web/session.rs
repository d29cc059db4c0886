//! Sessions: kept on the server by the hash of the cookie's secret, so that ending one is a row's
//! change and takes effect on the next request, on every process (SES-01, SES-06).

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, PracticeId};
use crate::kernel::secrets::Token;
use crate::platform::db::schema::session;
use crate::platform::db::{Scoped, columns};
use crate::platform::fault::Fault;
use crate::platform::state::{App, Settings};
use crate::platform::web::cookies::{self, Kept, OurCookie};
use crate::platform::web::devices;
use crate::platform::web::reading::looks_ahead;

pub use crate::platform::web::audience::Audience;

fn our_cookie(audience: Audience) -> OurCookie {
    match audience {
        Audience::Staff => cookies::STAFF_SESSION,
        Audience::Client => cookies::CLIENT_SESSION,
    }
}

/// Hours after which a session ends whatever happens (SES-03).
const LONGEST_HOURS: i64 = 12;
/// A request moves the idle end only this often, so that reading pages does not write each time.
const TOUCH_SECONDS: i64 = 30;

/// A live session.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = session)]
pub struct Session {
    /// The practice whose session it is (the account's home).
    pub practice_id: PracticeId,
    /// SHA-256 of the cookie's secret.
    pub token_hash: String,
    /// The staff member's or the account's id.
    pub subject_id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// The last request that counted.
    pub seen_at: Timestamp,
    /// A client's session: the grant whose chart is in view, once they chose one.
    pub in_view: Option<AccessId>,
    /// A staff member's session: since when somebody else has the device in hand. See [`lock`].
    pub locked_at: Option<Timestamp>,
}

impl Session {
    fn ends_at(&self, audience: Audience) -> Timestamp {
        let idle = self.seen_at.plus_seconds(audience.idle_minutes() * 60);
        idle.min(self.created_at.plus_hours(LONGEST_HOURS))
    }

    /// Seconds until it ends if nothing else is done.
    pub fn seconds_left(&self, audience: Audience, now: Timestamp) -> u32 {
        u32::try_from(self.ends_at(audience).seconds_since(now)).unwrap_or(0)
    }
}

/// Is this request a person's doing, or the page's own (live updates)? Only a person's keeps a
/// session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Somebody clicked.
    Person,
    /// The page asked by itself.
    Page,
}

/// The header by which our script says that a request is the page's own doing.
pub const PRESENCE_HEADER: &str = "x-anteroom-presence";

/// Whose doing a request is. The header can only give presence away, never claim it (SES-04).
pub fn presence(parts: &Parts) -> Presence {
    let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let by_itself = header(PRESENCE_HEADER) == "page"
        || header("accept").starts_with("text/event-stream")
        || looks_ahead(&parts.headers);
    if by_itself { Presence::Page } else { Presence::Person }
}

/// Opens a session and returns the secret for its cookie.
pub fn open(
    c: &mut Scoped<'_>,
    audience: Audience,
    subject: &str,
    source: &str,
    agent: &str,
) -> Result<Token, Fault> {
    let token = Token::fresh(c.rng());
    let now = c.now();
    c.insert(
        session::table,
        (
            session::token_hash.eq(token.hash()),
            session::audience.eq(audience),
            session::subject_id.eq(subject),
            session::created_at.eq(now),
            session::seen_at.eq(now),
            session::source.eq(source),
            session::agent.eq(agent.chars().take(200).collect::<String>()),
        ),
    )?;
    Ok(token)
}

/// The session behind a cookie's secret, if it is alive now. Uses that are not written yet count.
pub fn find(
    app: &App,
    c: &mut Scoped<'_>,
    audience: Audience,
    token: &Token,
) -> Result<Option<Session>, Fault> {
    let query = c
        .rows(session::table)
        .filter(session::token_hash.eq(token.hash()))
        .filter(session::audience.eq(audience))
        .filter(session::ended_at.is_null())
        .select(columns(Session::as_select()));
    let found = query.kept().optional(c)?;
    let now = c.now();
    let found = found.map(|s: Session| {
        let seen_at = app.touches.latest(s.practice_id, &s.token_hash, s.seen_at);
        Session { seen_at, ..s }
    });
    Ok(found.filter(|s| now < s.ends_at(audience)))
}

/// Is the session with this hash still alive and not locked? For streams, which outlive their request (SES-06).
pub fn is_alive(c: &mut Scoped<'_>, audience: Audience, token_hash: &str) -> Result<bool, Fault> {
    let found: Option<Session> = c
        .rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .filter(session::audience.eq(audience))
        .filter(session::ended_at.is_null())
        .select(Session::as_select())
        .optional(c)?;
    let now = c.now();
    Ok(found.is_some_and(|s| s.locked_at.is_none() && now < s.ends_at(audience)))
}

/// Locks a staff member's session, because they hand the device to somebody else: until [`unlock`] it opens what it was
/// locked for and nothing else, in every tab and every process. Tells whether it was alive and not locked before.
pub fn lock(c: &mut Scoped<'_>, token_hash: &str) -> Result<bool, Fault> {
    let now = c.now();
    let locked = c
        .rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .filter(session::audience.eq(Audience::Staff))
        .filter(session::ended_at.is_null())
        .filter(session::locked_at.is_null())
        .set(session::locked_at.eq(Some(now)))
        .execute(c)?;
    Ok(locked == 1)
}

/// Gives a locked session back to its staff member. Tells whether it was locked.
pub fn unlock(c: &mut Scoped<'_>, token_hash: &str) -> Result<bool, Fault> {
    let unlocked = c
        .rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .filter(session::locked_at.is_not_null())
        .set(session::locked_at.eq(None::<Timestamp>))
        .execute(c)?;
    Ok(unlocked == 1)
}

/// Whose session a cookie's secret is or was, ended or not. It proves nothing: a page asks for a live one.
pub fn subject_of(c: &mut Scoped<'_>, audience: Audience, token: &Token) -> Result<Option<String>, Fault> {
    c.rows(session::table)
        .filter(session::token_hash.eq(token.hash()))
        .filter(session::audience.eq(audience))
        .select(session::subject_id)
        .optional(c)
}

/// Moves the idle end, at most every half minute. Written to the database a few seconds later
/// ([`touches`](super::touches)), so that a page waits for no write.
pub fn touch(app: &App, mut session: Session) -> Session {
    let now = app.now();
    if session.seen_at.is_over_for(TOUCH_SECONDS, now) {
        app.touches.note(session.practice_id, &session.token_hash, now);
        session.seen_at = now;
    }
    session
}

/// An open session, as its owner sees it in a list.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = session)]
pub struct OpenSession {
    /// SHA-256 of the cookie's secret; opens nothing.
    pub token_hash: String,
    /// When it began.
    pub created_at: Timestamp,
    /// The last request that counted.
    pub seen_at: Timestamp,
    /// The network address it was opened from.
    pub source: String,
    /// What the browser called itself.
    pub agent: String,
}

impl OpenSession {
    /// Enough of the hash to name it in a form.
    pub fn name(&self) -> &str {
        self.token_hash.get(..20).unwrap_or(&self.token_hash)
    }
}

/// The sessions of a staff member or an account that are alive now, the latest first.
pub fn open_ones(c: &mut Scoped<'_>, audience: Audience, subject: &str) -> Result<Vec<OpenSession>, Fault> {
    let now = c.now();
    c.rows(session::table)
        .filter(session::subject_id.eq(subject))
        .filter(session::audience.eq(audience))
        .filter(session::ended_at.is_null())
        .filter(session::seen_at.gt(now.plus_seconds(-audience.idle_minutes() * 60)))
        .filter(session::created_at.gt(now.plus_hours(-LONGEST_HOURS)))
        .order(session::seen_at.desc())
        .select(OpenSession::as_select())
        .load(c)
}

/// Ends the sessions of a staff member or an account but for one; returns how many were open.
pub fn end_others(c: &mut Scoped<'_>, audience: Audience, subject: &str, but: &str) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(session::table)
        .filter(session::subject_id.eq(subject))
        .filter(session::audience.eq(audience))
        .filter(session::token_hash.ne(but))
        .filter(session::ended_at.is_null())
        .set(session::ended_at.eq(now))
        .execute(c)
}

/// Ends one session.
pub fn end(c: &mut Scoped<'_>, token_hash: &str) -> Result<(), Fault> {
    let now = c.now();
    c.rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .filter(session::ended_at.is_null())
        .set(session::ended_at.eq(now))
        .execute(c)?;
    Ok(())
}

/// Signs a staff member or an account out everywhere: ends every session and forgets every browser.
/// Returns how many sessions were open.
pub fn end_all(c: &mut Scoped<'_>, audience: Audience, subject: &str) -> Result<usize, Fault> {
    devices::forget(c, audience, subject, None)?;
    let now = c.now();
    c.rows(session::table)
        .filter(session::subject_id.eq(subject))
        .filter(session::audience.eq(audience))
        .filter(session::ended_at.is_null())
        .set(session::ended_at.eq(now))
        .execute(c)
}

/// Puts the cookie that carries a session beside an answer: which practice, and the secret.
pub fn set_cookie(
    settings: &Settings,
    audience: Audience,
    practice: &PracticeId,
    token: &Token,
    headers: &mut HeaderMap,
) {
    let value = format!("{practice}.{}", token.reveal());
    our_cookie(audience).set(settings, value, Kept::UntilClosed, headers);
}

/// Takes the cookie back and has the browser drop what it kept, so that Back shows nothing (SES-05).
pub fn clear_site(settings: &Settings, audience: Audience, headers: &mut HeaderMap) {
    our_cookie(audience).remove(settings, headers);
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
}

/// For our script: how long the session lasts, and whose it is, so that a form that was typed before a
/// sign-in elsewhere can still be sent (A11-05).
#[derive(Debug, serde::Serialize)]
pub struct Standing<'a> {
    /// Seconds until it ends by itself.
    pub seconds: u32,
    /// What a form carries now.
    pub csrf: &'a str,
    /// Who it is; another text is another person, or another chart in view.
    pub who: &'a str,
}

/// What the browser sent, if it has the shape of a session.
pub fn read_cookie(
    settings: &Settings,
    audience: Audience,
    headers: &HeaderMap,
) -> Option<(PracticeId, Token)> {
    our_cookie(audience).read(settings, headers).find_map(|value| {
        let (practice, token) = value.split_once('.')?;
        Some((practice.parse().ok()?, Token::read(token)?))
    })
}

/// The form token of a session (WEB-01): derived, so nothing has to be kept.
pub fn csrf(app: &App, session: &Session) -> String {
    app.keys.sign("csrf", &session.token_hash)
}
