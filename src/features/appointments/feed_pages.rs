//! A private address under which a client's calendar program reads their appointments: the page that makes and ends it,
//! and what stands there. What it shows is decided at each read: a grant that is gone takes its appointments with it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::features::accounts::{self, ClientSession, ClientTicket, level_now};
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::client_appointment_pages::event;
use crate::features::appointments::client_parts::MINE;
use crate::features::appointments::feed_store::{self as store, Feed};
use crate::features::appointments::lifecycle::AppointmentState;
use crate::features::appointments::store::{Appointment, Party, list_of};
use crate::features::practice::PublicPractice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ics::{CalendarEvent, feed};
use crate::kernel::ids::AccountId;
use crate::kernel::secrets::{Token, sha256_hex};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Days that a past appointment stays in the calendar.
const DAYS_BACK: i64 = 30;
/// Reads of one address. Programs that follow the hint in it read once an hour.
const READS: Limit = Limit { most: 60, seconds: 3_600 };

#[derive(Template)]
#[template(path = "features/appointments/templates/feed.html")]
struct FeedPage {
    frame: ClientFrame,
    /// The address that was just made; it is shown this once.
    fresh: Option<String>,
    /// When the one that works was made, and when it was last read.
    live: Option<(String, Option<String>)>,
}

fn show(app: &AppState, client: &ClientSession, live: Option<Feed>, fresh: Option<String>) -> PageResult {
    let words = client.words;
    let when = |at: Timestamp| words.date_time(at, &client.zone);
    let page = FeedPage {
        frame: client.frame(app, MINE),
        fresh,
        live: live.map(|feed| (when(feed.made_at), feed.last_read_at.map(when))),
    };
    html(page.render())
}

/// The page.
pub(super) async fn page(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, live) = ticket.open(&app, |c, client| store::live_of(c, client.account_id)).await?;
    show(&app, &client, live, None)
}

fn note(c: &mut Scoped<'_>, by: &By, action: AppointmentAction) -> Result<(), Fault> {
    audit::record(c, audit::Event::new(by.clone(), action))
}

/// Makes an address; the one before ends. This answer alone shows it: only its hash is kept.
pub(super) async fn make(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let token = Token::fresh(app.rng.as_ref());
    let (by, account, access, hash) = (client.by(), client.account_id, client.access_id, token.hash());
    let live = app
        .db
        .write(&client.scope, move |c| {
            // What ended the access since the request was let in counts.
            if level_now(c, &access, Right::Appointments)? < Level::View {
                return Ok(Err(PageError::NotFound));
            }
            store::revoke_all(c, account)?;
            store::insert(c, account, &hash)?;
            note(c, &by, AppointmentAction::FeedMade)?;
            Ok(Ok(store::live_of(c, account)?))
        })
        .await??;
    let address = app.absolute(&format!("/{}/cal/{}.ics", client.practice.slug, token.reveal()));
    show(&app, &client, live, Some(address))
}

/// Ends the address.
pub(super) async fn revoke(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let (by, account) = (client.by(), client.account_id);
    app.db
        .write(&client.scope, move |c| {
            if store::revoke_all(c, account)? > 0 {
                note(c, &by, AppointmentAction::FeedRevoked)?;
            }
            Ok(())
        })
        .await?;
    Ok(see_other("/portal/appointments/calendar?done=feed-revoked"))
}

/// Does an appointment stand in the calendar? One that is off stands there, said to be off, until its day is over.
fn is_shown(appointment: &Appointment, party: &Party, now: Timestamp) -> bool {
    let zone = appointment.place.time_zone.rules();
    let is_on = appointment.state == AppointmentState::Booked && party.is_on();
    let day = |at: Timestamp| at.in_zone(zone).date();
    appointment.ends_at > now.plus_hours(-24 * DAYS_BACK) && (is_on || day(appointment.starts_at) >= day(now))
}

/// What the account may see now, in the order of time; also its language.
fn read(
    app: &App,
    c: &mut Scoped<'_>,
    account: AccountId,
    otherwise: Words,
) -> Result<(Words, Vec<CalendarEvent>), Fault> {
    let now = c.now();
    let words = accounts::find(c, &account)?.map_or(otherwise, |account| Words::of(account.language()));
    let mut events = Vec::new();
    for (access, chart) in accounts::grants_here(c, account)? {
        if level_now(c, &access, Right::Appointments)? < Level::View {
            continue;
        }
        let booked = list_of(c, &chart)?;
        let shown = booked.iter().filter(|(appointment, party)| is_shown(appointment, party, now));
        events.extend(shown.map(|(appointment, party)| event(app, words, appointment, party)));
    }
    events.sort_by(|one, other| (one.starts_at, &one.uid).cmp(&(other.starts_at, &other.uid)));
    Ok((words, events))
}

/// What stands under an address. An unknown one and one that has ended are the same 404.
pub(super) async fn file(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> PageResult {
    let token = name.strip_suffix(".ics").and_then(Token::read).ok_or(PageError::NotFound)?;
    let hash = token.hash();
    let (this, otherwise, by) = (app.clone(), practice.words, practice.by_link());
    let (words, events) = app
        .db
        .write(&practice.scope, move |c| {
            let Some(live) = store::find_live(c, &hash)? else { return Ok(Err(PageError::NotFound)) };
            if limits::count(c, &format!("feed/{}", live.feed_id), READS)? > READS.most {
                return Ok(Err(PageError::TooManyTries));
            }
            if live.last_read_at.is_none() {
                note(c, &by, AppointmentAction::FeedRead)?;
            }
            store::was_read(c, live.feed_id)?;
            Ok(Ok(read(&this, c, live.account_id, otherwise)?))
        })
        .await??;
    // A calendar is often shared: its name does not say whose practice it is, where mails do not either.
    let name = match practice.practice.policy().neutral_mail {
        true => words.get("appointments-file-title"),
        false => practice.practice.name.clone(),
    };
    let text = feed(&name, &events);
    let etag = format!("\"{}\"", &sha256_hex(text.as_bytes())[..32]);
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_known = asked.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let sent = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, "inline; filename=\"appointments.ics\"".to_owned()),
    ];
    Ok(match is_known {
        true => (StatusCode::NOT_MODIFIED, sent).into_response(),
        false => (sent, text).into_response(),
    })
}
