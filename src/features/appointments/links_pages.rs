//! The page of a staff member's standing video link and of the private address of their calendar.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::availability_pages::may_keep;
use crate::features::appointments::calendar_lines::CALENDAR;
use crate::features::appointments::feed_pages::{address, make_in, revoke_in};
use crate::features::appointments::feed_store::{self, Feed, FeedOwner, FeedShows};
use crate::features::appointments::video::{self, LinkKind, LinkOf, NotSet};
use crate::features::calendar::clinicians;
use crate::features::staff::{self, StaffSession};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::StaffId;
use crate::kernel::secrets::Token;
use crate::kernel::web_address::WebAddress;
use crate::platform::db::Scoped;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};
use crate::word_enum;

/// A form that sets a video link.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LinkForm {
    /// As it was typed.
    pub link: String,
}

impl LinkForm {
    /// What was typed: a link, or none. `None` where it is neither, which is then said.
    pub fn read(&self, words: Words, errors: &mut FieldErrors) -> Option<Option<WebAddress>> {
        if self.link.trim().is_empty() {
            return Some(None);
        }
        let read = self.link.parse().ok();
        if read.is_none() {
            errors.add("link", words.get("appointments-error-video-link"));
        }
        read.map(Some)
    }
}

/// A link on a page of staff.
pub(super) struct Shown {
    /// Whose it is, in words.
    pub whose: String,
    pub href: String,
    /// At which host.
    pub host: String,
}

/// A link as pages of staff show it.
pub(super) fn shown_link(words: Words, kind: LinkKind, with: &str, link: &WebAddress) -> Shown {
    let href = link.reveal().to_owned();
    let host = href.trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
    let whose = match kind {
        LinkKind::Appointment => words.get("appointments-video-of-appointment"),
        LinkKind::Staff => words.with1("appointments-video-of-staff", "name", with),
        LinkKind::Place => words.get("appointments-video-of-place"),
    };
    Shown { whose, href, host }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/links.html")]
struct Page {
    frame: StaffFrame,
    errors: FieldErrors,
    id: StaffId,
    name: String,
    /// The standing link, and the form that sets it where the reader may.
    shown: Option<Shown>,
    form: Option<String>,
    /// Is the calendar the reader's own?
    is_own: bool,
    /// May the reader end the address?
    may_revoke: bool,
    /// The address that was just made; it is shown this once.
    fresh: Option<String>,
    /// When the one that works was made, and when it was last read.
    live: Option<(String, Option<String>)>,
    shows: String,
    choices: Vec<(String, String)>,
}

struct Read {
    id: StaffId,
    name: String,
    /// Do they see clients?
    has_clients: bool,
    link: Option<WebAddress>,
    live: Option<Feed>,
}

fn owner(id: StaffId) -> FeedOwner {
    FeedOwner::Staff(id, FeedShows::Number)
}

async fn load(app: &AppState, session: &StaffSession, id: &str) -> Result<Read, PageError> {
    let id: StaffId = id.parse().map_err(|_| PageError::NotFound)?;
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>| {
        let Some(member) = staff::store::find(c, &id)? else { return Ok(None) };
        Ok(Some(Read {
            id,
            name: member.name,
            has_clients: clinicians(c)?.iter().any(|(each, _)| *each == id),
            link: video::link_of(&inside, c, LinkOf::Staff(id))?,
            live: feed_store::live_of(c, owner(id))?,
        }))
    };
    app.db.read(&session.scope, unit).await?.ok_or(PageError::NotFound)
}

fn show(
    app: &AppState,
    session: &StaffSession,
    read: Read,
    typed: Option<String>,
    errors: FieldErrors,
    fresh: Option<String>,
) -> PageResult {
    let words = session.words;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let when = |at: Timestamp| words.date_time(at, &session.zone);
    let is_own = session.staff_id == read.id;
    let shows = match read.live.as_ref().map(|live| live.owner) {
        Some(FeedOwner::Staff(_, shows)) => shows,
        _ => FeedShows::Number,
    };
    let standing = read.link.as_ref().map(|link| link.reveal().to_owned()).unwrap_or_default();
    let page = Page {
        frame: session.frame(app, CALENDAR),
        errors,
        id: read.id,
        shown: read.link.map(|link| shown_link(words, LinkKind::Staff, &read.name, &link)),
        form: may_keep(session, read.id).then(|| typed.unwrap_or(standing)),
        name: read.name,
        is_own: is_own && read.has_clients,
        may_revoke: is_own || session.may(Permission::ManageStaff),
        fresh,
        live: read.live.map(|live| (when(live.made_at), live.last_read_at.map(when))),
        shows: shows.to_string(),
        choices: FeedShows::ALL
            .iter()
            .map(|each| (each.to_string(), words.get(&format!("appointments-feed-shows-{each}"))))
            .collect(),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The page.
pub(super) async fn page(
    State(app): State<AppState>,
    session: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let read = load(&app, &session, &id).await?;
    show(&app, &session, read, None, FieldErrors::new(), None)
}

fn back(id: StaffId, done: &str) -> PageResult {
    Ok(see_other(&format!("/staff/availability/{id}/links?done={done}")))
}

/// Sets somebody's standing link, or takes it away.
pub(super) async fn set_standing(
    State(app): State<AppState>,
    session: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: LinkForm = session.form(&body)?;
    let read = load(&app, &session, &id).await?;
    if !may_keep(&session, read.id) {
        return Err(PageError::Forbidden);
    }
    let mut errors = FieldErrors::new();
    let Some(link) = form.read(session.words, &mut errors) else {
        return show(&app, &session, read, Some(form.link), errors, None);
    };
    match video::set(&app, &session.scope, session.by(), LinkOf::Staff(read.id), link).await? {
        Ok(()) => back(read.id, "saved"),
        Err(NotSet::NotFound | NotSet::NotByVideo | NotSet::Canceled) => Err(PageError::NotFound),
    }
}

word_enum! {
    /// What is done with the address of a calendar.
    pub enum CalendarAct {
        /// A new one is made, and the one before ends.
        Make = "make",
        /// It names clients otherwise.
        Save = "save",
        /// It ends.
        Revoke = "revoke",
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct CalendarForm {
    act: String,
    shows: String,
}

/// Makes one's own address, says how it names clients, or ends it. An administrator may end anybody's.
pub(super) async fn calendar(
    State(app): State<AppState>,
    session: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: CalendarForm = session.form(&body)?;
    let read = load(&app, &session, &id).await?;
    let act: CalendarAct = form.act.parse().map_err(|_| PageError::BadRequest)?;
    let (by, whom, is_own) = (session.by(), read.id, session.staff_id == read.id);
    match act {
        CalendarAct::Revoke if is_own || session.may(Permission::ManageStaff) => {
            app.db.write(&session.scope, move |c| revoke_in(c, &by, owner(whom))).await?;
            back(whom, "feed-revoked")
        }
        CalendarAct::Revoke => Err(PageError::Forbidden),
        CalendarAct::Make | CalendarAct::Save if !is_own || !read.has_clients => Err(PageError::Forbidden),
        CalendarAct::Save => {
            let shows: FeedShows = form.shows.parse().map_err(|_| PageError::BadRequest)?;
            app.db.write(&session.scope, move |c| feed_store::set_shows(c, whom, shows)).await?;
            back(whom, "saved")
        }
        CalendarAct::Make => {
            let shows: FeedShows = form.shows.parse().map_err(|_| PageError::BadRequest)?;
            let token = Token::fresh(app.rng.as_ref());
            let hash = token.hash();
            let unit = move |c: &mut Scoped<'_>| make_in(c, &by, FeedOwner::Staff(whom, shows), &hash);
            let live = app.db.write(&session.scope, unit).await?;
            let fresh = address(&app, &session.practice.slug, &token);
            show(&app, &session, Read { live, ..read }, None, FieldErrors::new(), Some(fresh))
        }
    }
}
