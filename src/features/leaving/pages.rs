//! The page that asks before a staff member is shut out, with what stands with them.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::series_words;
use crate::features::calendar::clinicians;
use crate::features::leaving::actions::{self, Held, Leaving, NotDone, SeriesHome, held};
use crate::features::messages::handover::{Earlier, Target};
use crate::features::messages::readers::Addressee;
use crate::features::settings::TEAM;
use crate::features::staff::team::{Changed, TheirKeys};
use crate::features::staff::{StaffSession, StaffState};
use crate::kernel::ids::StaffId;
use crate::platform::db::Scoped;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::shown_count;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/leaving/templates/leave.html")]
struct LeavePage {
    frame: StaffFrame,
    errors: FieldErrors,
    id: StaffId,
    name: String,
    /// Are they shut out already, so that only what is with them is handed over?
    is_out: bool,
    keys: Vec<String>,
    /// "12 open conversations", if there are any …
    open: Option<String>,
    /// … and closed ones.
    closed: Option<String>,
    /// What stays with them: a sentence, where it is seen, and the words of that link.
    stays: Vec<(String, &'static str, String)>,
    /// The next appointments ahead: where each is changed, when it is, and with whom.
    next: Vec<(String, String, String)>,
    to: String,
    homes: Vec<(String, String)>,
    earlier: bool,
    /// Their series that go on: where each is seen, what it is, and with whom.
    series: Vec<(String, String, String)>,
    series_to: String,
    series_homes: Vec<(String, String)>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct LeaveForm {
    keys: Option<String>,
    /// Who answers their conversations.
    to: String,
    earlier: String,
    /// Who sees the clients of their series.
    series: String,
}

/// The word of the choice that no more of the series is booked.
const STOP: &str = "stop";

/// What stays with them when they are shut out, as far as there is any of it.
fn stays(words: Words, held: &Held) -> Vec<(String, &'static str, String)> {
    let signatures = i64::try_from(held.signatures).unwrap_or(i64::MAX);
    let line = |count: i64, key: &str, href: &'static str, link: &str| {
        (count > 0).then(|| (words.with1(key, "count", shown_count(count)), href, words.get(link)))
    };
    [
        line(held.appointments, "leaving-appointments", "/staff/calendar", "nav-calendar"),
        line(held.requests, "leaving-requests", "/staff/requests", "nav-requests"),
        line(signatures, "leaving-signatures", "/staff/worklist", "nav-worklist"),
        line(held.open, "leaving-conversations", "/staff/messages?box=clinicians", "nav-messages"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn page(
    app: &AppState,
    staff: &StaffSession,
    whom: StaffId,
    form: LeaveForm,
    errors: FieldErrors,
) -> PageResult {
    let unit = move |c: &mut Scoped<'_>| Ok((held(c, &whom)?, clinicians(c)?));
    let (found, people) = app.db.read(&staff.scope, unit).await?;
    let held: Held = found.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let count = |key: &str, count: i64| (count > 0).then(|| words.count(key, "count", count));
    let nobody = (String::new(), words.get("leaving-home-choose"));
    let desk = (Addressee::FrontDesk.to_form(), words.get("messages-to-front-desk"));
    let others: Vec<(String, String)> =
        people.into_iter().filter(|(id, _)| *id != whom).map(|(id, name)| (id.to_string(), name)).collect();
    let of_series: Vec<(String, String)> = match held.series.is_empty() {
        true => Vec::new(),
        false => std::iter::once(nobody.clone())
            .chain(others.iter().cloned())
            .chain([(STOP.to_owned(), words.get("leaving-series-stop"))])
            .collect(),
    };
    let is_out = held.member.state == StaffState::Disabled;
    let has_threads = held.has_threads();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = LeavePage {
        frame: staff.frame(app, TEAM),
        errors,
        id: whom,
        open: count("leaving-open", held.open),
        closed: count("leaving-closed", held.closed),
        stays: stays(words, &held),
        next: held
            .next
            .iter()
            .map(|entry| {
                let of = &entry.appointment;
                let href = format!("/staff/appointments/{}", of.appointment_id);
                (href, words.date_time(of.starts_at, &staff.zone), entry.names_and_numbers())
            })
            .collect(),
        keys: if is_out { Vec::new() } else { held.keys },
        name: held.member.name,
        is_out,
        to: form.to,
        homes: if has_threads { [nobody, desk].into_iter().chain(others).collect() } else { Vec::new() },
        earlier: !form.earlier.is_empty(),
        series: held
            .series
            .iter()
            .map(|of| {
                let href = format!("/staff/series/{}", of.series.series_id);
                (href, series_words(words, &of.series), format!("{} {}", of.client, of.number))
            })
            .collect(),
        series_to: form.series,
        series_homes: of_series,
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks, with what stands with them.
pub(super) async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let whom: StaffId = id.parse().map_err(|_| PageError::NotFound)?;
    page(&app, &staff, whom, LeaveForm::default(), FieldErrors::new()).await
}

/// Shuts out, and hands over.
pub(super) async fn leave(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: LeaveForm = staff.form(&body)?;
    let whom: StaffId = id.parse().map_err(|_| PageError::NotFound)?;
    let keys = match form.keys.as_deref() {
        None => None,
        Some("revoke") => Some(TheirKeys::Revoke),
        Some("keep") => Some(TheirKeys::Keep),
        Some(_) => return Err(PageError::BadRequest),
    };
    let earlier = if form.earlier.is_empty() { Earlier::Hidden } else { Earlier::Read };
    let threads = Addressee::of_form(&form.to).map(|to| Target { to, earlier });
    let series = match form.series.as_str() {
        "" => None,
        STOP => Some(SeriesHome::Stop),
        id => Some(SeriesHome::With(id.parse().map_err(|_| PageError::BadRequest)?)),
    };
    let words = staff.words;
    let mut errors = FieldErrors::new();
    match actions::leave(&app, &staff.scope, staff.by(), whom, Leaving { keys, threads, series }).await? {
        Ok(()) => return Ok(see_other(&format!("/staff/team/{whom}?done=staff-disabled"))),
        Err(NotDone::ThreadsUndecided) => errors.add("to", words.get("leaving-home-missing")),
        Err(NotDone::SeriesUndecided) => errors.add("series", words.get("leaving-series-missing")),
        Err(NotDone::Team(Changed::KeysUndecided)) => {
            errors.add("keys-revoke", words.get("staff-disable-keys-missing"));
        }
        Err(NotDone::Team(Changed::LastAdministrator)) => {
            errors.add("form", words.get("staff-error-last-administrator"));
        }
        Err(NotDone::Team(Changed::NotFound)) => return Err(PageError::NotFound),
        Err(NotDone::Team(Changed::Done | Changed::Stale)) => return Err(PageError::Stale),
    }
    page(&app, &staff, whom, form, errors).await
}
