//! A private address under which a calendar program reads the appointments of a client or of a staff member: the client's
//! page that makes and ends it, and what stands there. What it shows is decided at each read: a grant that is gone takes its
//! appointments with it, and whoever was disabled has none.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use crate::features::accounts::{self, ClientSession, ClientTicket, level_now};
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::client_appointment_pages::{event, uid};
use crate::features::appointments::client_parts::MINE;
use crate::features::appointments::feed_store::{self as store, Feed, FeedOwner, FeedShows};
use crate::features::appointments::lifecycle::AppointmentState;
use crate::features::appointments::store::{Appointment, OfClinician, Party, list_of, with_clinician};
use crate::features::calendar;
use crate::features::practice::PublicPractice;
use crate::features::staff::{self, StaffState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ics::{CalendarEvent, EventStatus, feed, free_busy};
use crate::kernel::ids::{AccountId, AppointmentId, FeedId, StaffId};
use crate::kernel::secrets::{Token, sha256_hex};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Level, Permission, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::{ClientFrame, initials};
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
    let (client, live) =
        ticket.open(&app, |c, client| store::live_of(c, FeedOwner::Account(client.account_id))).await?;
    show(&app, &client, live, None)
}

fn note(c: &mut Scoped<'_>, by: &By, action: AppointmentAction) -> Result<(), Fault> {
    audit::record(c, audit::Event::new(by.clone(), action))
}

/// Makes an address in the caller's transaction; the one before ends.
pub(super) fn make_in(
    c: &mut Scoped<'_>,
    by: &By,
    owner: FeedOwner,
    hash: &str,
) -> Result<Option<Feed>, Fault> {
    store::revoke_all(c, owner)?;
    store::insert(c, owner, hash)?;
    note(c, by, AppointmentAction::FeedMade)?;
    store::live_of(c, owner)
}

/// Ends what works of somebody, in the caller's transaction.
pub(super) fn revoke_in(c: &mut Scoped<'_>, by: &By, owner: FeedOwner) -> Result<(), Fault> {
    if store::revoke_all(c, owner)? > 0 {
        let event = audit::Event::new(by.clone(), AppointmentAction::FeedRevoked);
        audit::record(
            c,
            match owner {
                FeedOwner::Account(_) => event,
                // An administrator may end anybody's.
                FeedOwner::Staff(staff, _) => event.with(serde_json::json!({ "staff": staff })),
            },
        )?;
    }
    Ok(())
}

/// Ends the address under which a staff member's appointments are read.
pub fn end_feed_of(c: &mut Scoped<'_>, by: &By, staff: StaffId) -> Result<(), Fault> {
    revoke_in(c, by, FeedOwner::Staff(staff, FeedShows::Number))
}

/// The address that a calendar program is given.
pub(super) fn address(app: &App, slug: &str, token: &Token) -> String {
    app.absolute(&format!("/{slug}/cal/{}.ics", token.reveal()))
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
            Ok(Ok(make_in(c, &by, FeedOwner::Account(account), &hash)?))
        })
        .await??;
    let address = address(&app, &client.practice.slug, &token);
    show(&app, &client, live, Some(address))
}

/// Ends the address.
pub(super) async fn revoke(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let (by, account) = (client.by(), client.account_id);
    app.db.write(&client.scope, move |c| revoke_in(c, &by, FeedOwner::Account(account))).await?;
    Ok(see_other("/portal/appointments/calendar?done=feed-revoked"))
}

/// Does an appointment stand in a calendar? One that is off stands there, said to be off, until its day is over.
fn stands_in_feed(appointment: &Appointment, is_on: bool, now: Timestamp) -> bool {
    let zone = appointment.place.time_zone.rules();
    let day = |at: Timestamp| at.in_zone(zone).date();
    appointment.ends_at > now.plus_hours(-24 * DAYS_BACK) && (is_on || day(appointment.starts_at) >= day(now))
}

/// The same for one of its clients.
fn is_shown(appointment: &Appointment, party: &Party, now: Timestamp) -> bool {
    let is_on = appointment.state == AppointmentState::Booked && party.is_on();
    stands_in_feed(appointment, is_on, now)
}

fn is_off(event: &CalendarEvent) -> bool {
    event.status == EventStatus::Cancelled
}

/// What the account may see now, in the order of time; also its language.
fn of_account(
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
    // Two of the account's charts at one appointment are one entry; off for one of them, it is still on.
    events.sort_by(|one, other| one.uid.cmp(&other.uid).then_with(|| is_off(one).cmp(&is_off(other))));
    events.dedup_by(|next, kept| next.uid == kept.uid);
    Ok((words, events))
}

/// How a client is named in the calendar of a staff member, which lies with a calendar program of theirs.
fn client_in_feed(entry: &OfClinician, shows: FeedShows) -> String {
    match shows {
        FeedShows::Number => entry.number.clone(),
        FeedShows::Initials => initials(&entry.client),
    }
}

/// What a staff member has in their calendar: when, where, and as little of whom as they chose.
fn of_staff(
    app: &App,
    c: &mut Scoped<'_>,
    staff: StaffId,
    shows: FeedShows,
    words: Words,
) -> Result<Vec<CalendarEvent>, Fault> {
    let now = c.now();
    let entries = with_clinician(c, staff, now.plus_hours(-24 * (DAYS_BACK + 1)))?;
    // One appointment is one event, however many come to it.
    let mut clients: BTreeMap<AppointmentId, (&Appointment, Vec<String>, Vec<String>)> = BTreeMap::new();
    for entry in &entries {
        let (_, coming, others) = clients
            .entry(entry.appointment.appointment_id)
            .or_insert_with(|| (&entry.appointment, Vec::new(), Vec::new()));
        let list = if entry.party.is_on() { coming } else { others };
        list.push(client_in_feed(entry, shows));
    }
    let events = clients.into_values().filter_map(|(appointment, coming, others)| {
        let is_on = appointment.state == AppointmentState::Booked && !coming.is_empty();
        if !stands_in_feed(appointment, is_on, now) {
            return None;
        }
        let who = if coming.is_empty() { others } else { coming }.join(", ");
        let place = &appointment.place;
        Some(CalendarEvent {
            uid: uid(app, appointment),
            sequence: appointment.ics_sequence,
            changed_at: appointment.changed_at,
            starts_at: appointment.starts_at,
            ends_at: appointment.ends_at,
            zone: place.time_zone.clone(),
            summary: if is_on { who } else { words.with1("appointments-feed-off", "who", who) },
            location: place.name.clone(),
            url: app.absolute(&format!("/staff/appointments/{}", appointment.appointment_id)),
            status: if is_on { EventStatus::Confirmed } else { EventStatus::Cancelled },
        })
    });
    Ok(events.collect())
}

/// Days ahead of which an address says when somebody is taken.
const DAYS_AHEAD: i64 = 90;

/// When somebody is taken, and nothing else. The file is the same all day, as long as nothing changes.
fn taken_of(c: &mut Scoped<'_>, feed: FeedId, staff: StaffId) -> Result<String, Fault> {
    let utc = jiff::tz::TimeZone::UTC;
    let midnight = c.now().in_zone(&utc).date().at(0, 0, 0, 0).to_zoned_datetime(utc);
    let from = midnight.map_or(c.now(), |midnight| midnight.timestamp().into());
    let until = from.plus_hours(24 * DAYS_AHEAD);
    let busy = calendar::taken_between(c, staff, from, until)?;
    Ok(free_busy(&format!("freebusy-{feed}"), from, (from, until), &busy))
}

/// What is read under an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// The appointments (`.ics`).
    Events,
    /// When a staff member is taken (`.ifb`).
    Taken,
}

/// What stands under an address now; nothing where its owner has no such calendar any more.
fn text_of(
    app: &App,
    c: &mut Scoped<'_>,
    live: &Feed,
    format: Format,
    (otherwise, name): (Words, Option<&str>),
) -> Result<Option<String>, Fault> {
    let (words, mut events) = match (live.owner, format) {
        (FeedOwner::Account(account), Format::Events) => of_account(app, c, account, otherwise)?,
        (FeedOwner::Account(_), Format::Taken) => return Ok(None),
        (FeedOwner::Staff(staff, shows), format) => {
            let member = staff::store::find(c, &staff)?.filter(|member| {
                member.state == StaffState::Active && member.role.may(Permission::SeeAppointments)
            });
            match (member, format) {
                (None, _) => return Ok(None),
                (Some(_), Format::Taken) => return taken_of(c, live.feed_id, staff).map(Some),
                (Some(_), Format::Events) => (otherwise, of_staff(app, c, staff, shows, otherwise)?),
            }
        }
    };
    events.sort_by(|one, other| (one.starts_at, &one.uid).cmp(&(other.starts_at, &other.uid)));
    let name = name.map_or_else(|| words.get("appointments-file-title"), str::to_owned);
    Ok(Some(feed(&name, &events)))
}

/// What stands under an address. An unknown one and one that has ended are the same 404.
pub(super) async fn file(
    State(app): State<AppState>,
    practice: PublicPractice,
    Path((_, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> PageResult {
    let (token, format) = match name.rsplit_once('.') {
        Some((token, "ics")) => (token, Format::Events),
        Some((token, "ifb")) => (token, Format::Taken),
        _ => return Err(PageError::NotFound),
    };
    let hash = Token::read(token).ok_or(PageError::NotFound)?.hash();
    let (this, otherwise, by) = (app.clone(), practice.words, practice.by_link());
    // A calendar is often shared: its name does not say whose practice it is, where mails do not either.
    let name = (!practice.practice.policy().neutral_mail).then(|| practice.practice.name.clone());
    let text = app
        .db
        .write(&practice.scope, move |c| {
            let Some(live) = store::find_live(c, &hash)? else { return Ok(Err(PageError::NotFound)) };
            if limits::count(c, &format!("feed/{}", live.feed_id), READS)? > READS.most {
                return Ok(Err(PageError::TooManyTries));
            }
            let Some(text) = text_of(&this, c, &live, format, (otherwise, name.as_deref()))? else {
                return Ok(Err(PageError::NotFound));
            };
            if live.last_read_at.is_none() {
                note(c, &by, AppointmentAction::FeedRead)?;
            }
            store::was_read(c, live.feed_id)?;
            Ok(Ok(text))
        })
        .await??;
    let etag = format!("\"{}\"", &sha256_hex(text.as_bytes())[..32]);
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_known = asked.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let name = match format {
        Format::Events => "inline; filename=\"appointments.ics\"",
        Format::Taken => "inline; filename=\"taken.ifb\"",
    };
    let sent = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name.to_owned()),
    ];
    Ok(match is_known {
        true => (StatusCode::NOT_MODIFIED, sent).into_response(),
        false => (sent, text).into_response(),
    })
}
