//! One appointment of a client: what they need to come, canceling it, and taking it into their own calendar.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::features::accounts::{ClientSession, ClientTicket};
use crate::features::appointments::booking::{self, NotBooked};
use crate::features::appointments::client_parts::{MINE, may_join};
use crate::features::appointments::labels::{AppointmentLabels, Side, is_coming_up, state_of};
use crate::features::appointments::lifecycle::{AppointmentState, Joining, Notice, Phase, Refusal};
use crate::features::appointments::store::{self, Appointment, Party};
use crate::features::appointments::video::{self, NotJoined};
use crate::features::practice::{Place, PlaceKind};
use crate::kernel::ics::{CalendarEvent, EventStatus, calendar};
use crate::kernel::ids::AppointmentId;
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::{App, AppState};
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::guard::{FORM_LEADS_AWAY, NoReferrer};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Reads an appointment of the chart in view; another's is not found.
async fn open(
    app: &AppState,
    ticket: ClientTicket,
    id: &str,
) -> Result<(ClientSession, (Appointment, Party)), PageError> {
    let id: Option<AppointmentId> = id.parse().ok();
    let (client, found) = ticket
        .open(app, move |c, client| match id {
            Some(id) => store::find_of_chart(c, client.chart_id, id),
            None => Ok(None),
        })
        .await?;
    Ok((client, found.ok_or(PageError::NotFound)?))
}

fn phase(app: &App, client: &ClientSession, appointment: &Appointment, party: &Party) -> Phase {
    store::standing(appointment, party, 0, &client.practice.policy()).phase(app.now())
}

#[derive(Template)]
#[template(path = "features/appointments/templates/client_appointment.html")]
struct OnePage {
    frame: ClientFrame,
    id: String,
    when: String,
    what: String,
    place: PlaceLines,
    /// Tag and word of one that is off or over.
    state: Option<(&'static str, String)>,
    words: String,
    may_cancel: bool,
    /// By video, and now: the button that leads there.
    may_join: bool,
    /// By video, and later: from when on.
    joins_from: Option<String>,
    /// Is it still to come, or under way? Of another there is nothing to add to a calendar.
    is_kept: bool,
    /// It has begun, so that only a call can change it.
    call: Option<String>,
    phone: String,
}

/// What a client needs to know of a place.
struct PlaceLines {
    name: String,
    address: String,
    directions: String,
    phone: String,
}

impl PlaceLines {
    fn of(place: &Place) -> Self {
        let comes = place.kind == PlaceKind::Office;
        let if_comes = |text: &String| if comes { text.clone() } else { String::new() };
        Self {
            name: if_comes(&place.name),
            address: if_comes(&place.address),
            directions: place.directions.clone(),
            phone: place.phone.clone(),
        }
    }
}

/// The phone that reaches whoever sees to this appointment.
fn phone_of(client: &ClientSession, place: &Place) -> String {
    if place.phone.is_empty() { client.practice.phone.clone() } else { place.phone.clone() }
}

/// One appointment.
pub(super) async fn one(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Path(id): Path<String>,
) -> PageResult {
    let id: Option<AppointmentId> = id.parse().ok();
    let (client, found) = ticket
        .open(&app, move |c, client| {
            let Some(id) = id else { return Ok(None) };
            let Some(found) = store::find_of_chart(c, client.chart_id, id)? else { return Ok(None) };
            let joining = match may_join(client) {
                true => {
                    video::with_link(c, std::slice::from_ref(&found))?.first().map(|(_, joining)| *joining)
                }
                false => None,
            };
            Ok(Some((found, joining)))
        })
        .await?;
    let ((appointment, party), joining) = found.ok_or(PageError::NotFound)?;
    let (words, phase) = (client.words, phase(&app, &client, &appointment, &party));
    let labels = AppointmentLabels::of(words, &client.zone, &appointment);
    let is_ahead = matches!(phase, Phase::Ahead(_));
    let begun = matches!(phase, Phase::UnderWay).then(|| words.get("appointments-begun"));
    let page = OnePage {
        id: appointment.appointment_id.to_string(),
        when: labels.when,
        what: labels.what,
        place: PlaceLines::of(&appointment.place),
        state: (!is_ahead).then(|| state_of(words, &appointment, party.state, Side::Client, app.now())),
        words: party.words.clone(),
        may_cancel: is_ahead && client.may_act(Right::Appointments),
        may_join: joining == Some(Joining::Open),
        joins_from: match joining {
            Some(Joining::From(at)) => {
                Some(words.with1("appointments-join-from", "time", words.time(at, &client.zone)))
            }
            _ => None,
        },
        is_kept: is_coming_up(&appointment, &party, app.now()),
        call: begun,
        phone: phone_of(&client, &appointment.place),
        frame: client.frame(&app, MINE),
    };
    let leads_away = page.may_join;
    let mut answer = html(page.render())?;
    if leads_away {
        answer.extensions_mut().insert(FORM_LEADS_AWAY);
    }
    Ok(answer)
}

/// Leads to the visit by video. Its address stands on no page: only this answer has it.
pub(super) async fn join(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    if !may_join(&client) {
        return Err(PageError::NotFound);
    }
    let whose = (client.access_id, client.chart_id);
    match video::join(&app, &client.scope, client.by(), whose, id).await? {
        Ok(link) => {
            let mut answer = see_other(link.reveal());
            answer.extensions_mut().insert(NoReferrer);
            Ok(answer)
        }
        Err(NotJoined::NotNow) => Ok(see_other(&format!("/portal/appointments/{id}?done=video-not-now"))),
        Err(NotJoined::NotFound) => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/client_cancel.html")]
struct CancelPage {
    frame: ClientFrame,
    id: String,
    when: String,
    what: String,
    /// What this cancellation is, said before it is done.
    policy: String,
    is_late: bool,
    notice: &'static str,
    /// The time for notice ran out since the page was shown first.
    now_late: bool,
}

/// What the practice's rule says of canceling now.
fn policy(words: Words, client: &ClientSession, notice: Notice) -> String {
    let hours = client.practice.policy().cancel_notice_hours;
    match (notice, hours) {
        (Notice::Kept, 0) => words.get("appointments-notice-none"),
        (Notice::Kept, hours) => words.count("appointments-notice-kept", "hours", hours),
        (Notice::Broken, hours) => words.count("appointments-notice-broken", "hours", hours),
    }
}

fn show_cancel(
    app: &AppState,
    client: &ClientSession,
    appointment: &Appointment,
    notice: Notice,
    status: StatusCode,
) -> PageResult {
    let words = client.words;
    let labels = AppointmentLabels::of(words, &client.zone, appointment);
    let page = CancelPage {
        id: appointment.appointment_id.to_string(),
        when: labels.when,
        what: labels.what,
        policy: policy(words, client, notice),
        is_late: notice == Notice::Broken,
        notice: notice.word(),
        now_late: status != StatusCode::OK,
        frame: client.frame(app, MINE),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before canceling, with what that is.
pub(super) async fn cancel_page(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Path(id): Path<String>,
) -> PageResult {
    let (client, (appointment, party)) = open(&app, ticket, &id).await?;
    match phase(&app, &client, &appointment, &party) {
        Phase::Ahead(notice) => show_cancel(&app, &client, &appointment, notice, StatusCode::OK),
        // Its page says how it stands.
        Phase::UnderWay | Phase::Over | Phase::Arrived | Phase::NoShow | Phase::Canceled => {
            Ok(see_other(&format!("/portal/appointments/{id}")))
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelForm {
    /// What the page said of the notice.
    #[serde(default)]
    notice: String,
}

/// Cancels.
pub(super) async fn cancel(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: CancelForm = client.form(&body)?;
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    let (by, access, chart) = (client.by(), client.access_id, client.chart_id);
    let found = app.db.read(&client.scope, move |c| store::find_of_chart(c, chart, id)).await?;
    let (appointment, _) = found.ok_or(PageError::NotFound)?;
    let shown: Notice = form.notice.parse().map_err(|_| PageError::BadRequest)?;
    match booking::cancel_by_client(&app, &client.scope, by, access, chart, id, shown).await? {
        // A double click: it is as they wanted it.
        Ok(_) | Err(NotBooked::LifeCycle(Refusal::Canceled)) => {
            Ok(see_other("/portal/appointments?done=appointment-canceled"))
        }
        Err(NotBooked::LifeCycle(Refusal::NowLate)) => {
            show_cancel(&app, &client, &appointment, Notice::Broken, StatusCode::CONFLICT)
        }
        Err(NotBooked::LifeCycle(_)) => {
            Ok(see_other(&format!("/portal/appointments/{id}?done=appointment-has-begun")))
        }
        Err(_) => Err(PageError::NotFound),
    }
}

/// The host in the name that an appointment has in every calendar.
fn host(app: &App) -> &str {
    let url = app.settings.public_url.as_str();
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.split(['/', ':']).next().unwrap_or(host)
}

/// The name that an appointment has in every calendar, for ever.
pub(super) fn uid(app: &App, appointment: &Appointment) -> String {
    format!("{}@{}", appointment.appointment_id, host(app))
}

/// An appointment for a calendar: that there is one, when and at which address. Not what for, with whom, or whose
/// practice it is: a calendar is often shared.
pub(super) fn event(app: &App, words: Words, appointment: &Appointment, party: &Party) -> CalendarEvent {
    let place = &appointment.place;
    let is_on = appointment.state == AppointmentState::Booked && party.is_on();
    let title = if is_on { "appointments-file-title" } else { "appointments-file-canceled" };
    CalendarEvent {
        uid: uid(app, appointment),
        sequence: appointment.ics_sequence,
        changed_at: appointment.changed_at,
        starts_at: appointment.starts_at,
        ends_at: appointment.ends_at,
        zone: place.time_zone.clone(),
        summary: words.get(title),
        location: match place.kind {
            PlaceKind::Office => place.address.lines().map(str::trim).collect::<Vec<_>>().join(", "),
            PlaceKind::Video => words.get("appointments-choose-place-video"),
            PlaceKind::Phone => words.get("appointments-choose-place-phone"),
        },
        url: app.absolute(&format!("/portal/appointments/{}", appointment.appointment_id)),
        status: if is_on { EventStatus::Confirmed } else { EventStatus::Cancelled },
    }
}

/// One appointment as a calendar file.
pub(super) async fn file(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Path(id): Path<String>,
) -> PageResult {
    let (client, (appointment, party)) = open(&app, ticket, &id).await?;
    let file = calendar(&[event(&app, client.words, &appointment, &party)]);
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""),
    ];
    Ok((headers, file).into_response())
}
