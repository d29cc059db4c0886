//! `/api/v1/appointments`: an EHR or a phone system books, moves and cancels, by the same rules as staff.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;

use super::caller::ApiCaller;
use super::charts::{cursor, cut, id, limit, query};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::precondition::must_match;
use super::problem::{self, ApiResult, Problem};
use super::schedule_json::{
    AppointmentJson, AppointmentList, AppointmentQuery, AttendanceJson, CancelJson, ClinicianJson,
    Clinicians, MoveJson, NewAppointmentJson, PartyJson, PlaceJson, Places, VideoLinkJson,
};
use super::usual::Usual;
use crate::features::appointments::attendance::{self, Noting};
use crate::features::appointments::booking::{self, Booking, Cancellation, Doubt, Move, NotBooked, Slot};
use crate::features::appointments::lifecycle::{Attendance, PartyEnd, Refusal};
use crate::features::appointments::video::{self, LinkOf, NotSet};
use crate::features::appointments::{self, Appointment, CancelReason, PageOf, Party};
use crate::features::calendar::{self, Seats};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, AppointmentTypeId, ChartId};
use crate::kernel::text;
use crate::kernel::web_address::WebAddress;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// The longest words to a client about a cancellation, in characters.
const LONGEST_WORDS: usize = 1_000;

pub(super) fn refused(why: NotBooked) -> Problem {
    let field = |at: &str, detail: &str| Problem::fields([(at.to_owned(), detail.to_owned())]);
    match why {
        NotBooked::NotFound => problem::NOT_FOUND.into(),
        NotBooked::ChartClosed => problem::CHART_CLOSED.into(),
        NotBooked::TooMany => {
            field("/with_chart_ids", "more clients than the type has seats for, or one of them twice")
        }
        NotBooked::NoPlace => field("/place_id", "no place of this practice where something can be booked"),
        NotBooked::NoClinician => field("/staff_id", "nobody of this practice who sees clients"),
        NotBooked::Past => field("/starts_at", "not ahead"),
        NotBooked::TooFar => field("/starts_at", "more than five years ahead"),
        NotBooked::OffGrid => {
            field("/starts_at", "a beginning and a length are multiples of five minutes, up to twelve hours")
        }
        NotBooked::Taken(clashes) => {
            let clashes: Vec<serde_json::Value> = clashes
                .iter()
                .map(|clash| serde_json::json!({ "who": clash.who, "starts_at": clash.starts_at }))
                .collect();
            Problem::from(problem::TAKEN).with("clashes", clashes)
        }
        NotBooked::Doubtful(doubts) => {
            let words: Vec<&str> = doubts.iter().map(|doubted| doubted.doubt.word()).collect();
            Problem::from(problem::UNUSUAL_TIME).with("doubts", words)
        }
        NotBooked::LifeCycle(Refusal::Canceled) => problem::CANCELED.into(),
        NotBooked::LifeCycle(Refusal::Begun | Refusal::Over | Refusal::NowLate) => problem::HAS_BEGUN.into(),
        NotBooked::LifeCycle(Refusal::Noted) => problem::IS_NOTED.into(),
        NotBooked::LifeCycle(Refusal::TooEarly) => problem::TOO_EARLY.into(),
        NotBooked::LifeCycle(Refusal::UndoOver) => problem::UNDO_OVER.into(),
        NotBooked::LifeCycle(Refusal::Full) => problem::FULL.into(),
        NotBooked::Stale => problem::PRECONDITION_FAILED.into(),
    }
}

/// The doubts that a caller says somebody has looked at.
pub(super) fn looked_at(confirm: &[String]) -> Result<Vec<Doubt>, Problem> {
    let read = |(at, text): (usize, &String)| {
        let wrong = || Problem::fields([(format!("/confirm/{at}"), "no such doubt".to_owned())]);
        text.parse::<Doubt>().map_err(|_| wrong())
    };
    confirm.iter().enumerate().map(read).collect()
}

/// An id or a word in a body.
pub(super) fn field<T: std::str::FromStr>(at: &str, text: &str, detail: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::fields([(at.to_owned(), detail.to_owned())]))
}

pub(super) fn minutes(asked: i32) -> i32 {
    asked.clamp(0, i32::from(i16::MAX))
}

/// How an appointment stands now.
fn shown(c: &mut Scoped<'_>, id: AppointmentId) -> Result<Option<(Answer, ChartId)>, Fault> {
    let Some(appointment) = appointments::find(c, id)? else { return Ok(None) };
    let parties = appointments::parties_of(c, id)?;
    let Some(json) = AppointmentJson::of(&appointment, &parties) else { return Ok(None) };
    let chart = json.first;
    Ok(Some((Answer::ok(json)?.version(appointment.version), chart)))
}

fn done(c: &mut Scoped<'_>, id: AppointmentId) -> Result<Done, Fault> {
    let shown = shown(c, id)?;
    let (answer, chart) =
        shown.ok_or_else(|| Fault::Damaged(format!("appointment {id} was changed and is not there")))?;
    Ok(Done { answer, chart })
}

/// List the places where appointments are held.
#[utoipa::path(get, path = "/api/v1/places", tag = "Appointments", operation_id = "listPlaces",
    responses((status = 200, description = "Every place; closed ones last", body = Places), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn places(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let found = app.db.read(&caller.scope, practice::places).await?;
    Ok(Answer::ok(Places { places: found.iter().map(PlaceJson::of).collect() })?.into_response())
}

/// List who sees clients.
#[utoipa::path(get, path = "/api/v1/clinicians", tag = "Appointments", operation_id = "listClinicians",
    responses((status = 200, description = "Everybody with whom an appointment can be booked", body = Clinicians), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn clinicians(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let found = app.db.read(&caller.scope, appointments::clinicians).await?;
    let one = |(id, name): (crate::kernel::ids::StaffId, String)| ClinicianJson { id: id.to_string(), name };
    Ok(Answer::ok(Clinicians { clinicians: found.into_iter().map(one).collect() })?.into_response())
}

/// Where a page begins: behind an appointment that begins at this moment.
fn after(text: &str) -> Option<(Timestamp, AppointmentId)> {
    let (micros, id) = text.split_once('.')?;
    Some((Timestamp::from_micros(micros.parse().ok()?), id.parse().ok()?))
}

struct After((Timestamp, AppointmentId));

impl std::str::FromStr for After {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        after(text).map(Self).ok_or(())
    }
}

pub(super) fn moment(name: &str, asked: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let wrong = || {
        Problem::from(problem::MALFORMED)
            .saying(format!("`{name}` is a moment such as 2026-12-03T19:30:00Z."))
    };
    asked.map(|text| text.parse::<jiff::Timestamp>().map(Timestamp::from).map_err(|_| wrong())).transpose()
}

/// List appointments, in the order of time.
///
/// Of one chart, an appointment names its client alone, whoever else comes to it.
#[utoipa::path(get, path = "/api/v1/appointments", tag = "Appointments", operation_id = "listAppointments",
    params(AppointmentQuery),
    responses((status = 200, description = "A page of appointments", body = AppointmentList), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: AppointmentQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?;
    let chart = asked.chart.as_deref().map(id::<ChartId>).transpose()?;
    let after: Option<After> = cursor(asked.cursor.as_deref())?;
    let of = PageOf {
        chart,
        from: moment("from", asked.from.as_deref())?,
        until: moment("until", asked.until.as_deref())?,
        after: after.map(|After(after)| after),
        most: i64::try_from(most).unwrap_or(1) + 1,
    };
    let mut rows = app.db.read(&caller.scope, move |c| appointments::page(c, &of)).await?;
    let next = cut(&mut rows, most, |(a, _)| format!("{}.{}", a.starts_at.micros(), a.appointment_id));
    let one = |(appointment, parties): &(Appointment, Vec<Party>)| match chart {
        Some(_) => parties.first().map(|party| AppointmentJson::of_client(appointment, party)),
        None => AppointmentJson::of(appointment, parties),
    };
    let appointments = rows.iter().filter_map(one).collect();
    Ok(Answer::ok(AppointmentList { appointments, next })?.into_response())
}

/// Read an appointment.
#[utoipa::path(get, path = "/api/v1/appointments/{appointment}", tag = "Appointments", operation_id = "readAppointment",
    params(("appointment" = String, Path, description = "The appointment's id")),
    responses((status = 200, description = "The appointment, with its ETag", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn read(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let found = app.db.read(&caller.scope, move |c| shown(c, id)).await?;
    Ok(found.ok_or(problem::NOT_FOUND)?.0.into_response())
}

/// What a caller asks for, and the type whose seats it has.
fn booking_of(caller: &ApiCaller, body: &Bytes) -> Result<(Booking, Option<AppointmentTypeId>), Problem> {
    let asked: NewAppointmentJson = json::read(caller, body)?;
    let chart =
        |(at, text): (usize, &String)| field(&format!("/with_chart_ids/{at}"), text, "no id of a chart");
    let of_type = asked.type_id.as_deref().map(|text| field("/type_id", text, "no id of a type"));
    let booking = Booking {
        chart: field("/chart_id", &asked.chart_id, "no id of a chart")?,
        with: asked.with_chart_ids.iter().enumerate().map(chart).collect::<Result<_, Problem>>()?,
        seats: Seats::ONE,
        request: None,
        kind: field("/kind", &asked.kind, "none of the kinds of visit")?,
        slot: Slot {
            starts_at: asked.starts_at,
            minutes: minutes(asked.minutes),
            place: field("/place_id", &asked.place_id, "no id of a place")?,
            staff: field("/staff_id", &asked.staff_id, "no id of a staff member")?,
        },
        despite: looked_at(&asked.confirm)?,
    };
    Ok((booking, of_type.transpose()?))
}

/// The booking with the seats of its type.
fn with_seats(
    c: &mut Scoped<'_>,
    (booking, of_type): &(Booking, Option<AppointmentTypeId>),
) -> Result<Result<Booking, Problem>, Fault> {
    let mut booking = booking.clone();
    if let Some(id) = of_type {
        let Some(of) = calendar::find_type(c, *id)?.filter(|of| of.closed_at.is_none()) else {
            return Ok(Err(Problem::fields([("/type_id".to_owned(), "no type that is offered".to_owned())])));
        };
        booking.seats = of.seats();
    }
    Ok(Ok(booking))
}

/// Book an appointment.
///
/// Everybody who sees the clients' appointments in the portal gets a mail, which names nobody else. A time that is taken is
/// refused. For several clients, name a type that has seats for them.
#[utoipa::path(post, path = "/api/v1/appointments", tag = "Appointments", operation_id = "bookAppointment",
    params(Once), request_body = NewAppointmentJson,
    responses((status = 201, description = "The appointment, with its ETag and Location", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn book(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let (asked, by) = (booking_of(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        let booking = granted!(with_seats(c, asked)?);
        let id = granted!(booking::book_in(app, c, &by, &booking)?.map_err(refused));
        let Done { answer, chart } = done(c, id)?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/appointments/{id}")), chart }))
    })
    .await
}

/// Move an appointment.
///
/// It stays the same appointment, also in the client's calendar. What is left out stays as it is. Send If-Match with
/// the ETag that you read.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/move", tag = "Appointments", operation_id = "moveAppointment",
    params(("appointment" = String, Path, description = "The appointment's id"),
        ("If-Match" = String, Header, description = "The ETag that you read, or several; `*` is refused"), Once),
    request_body = MoveJson,
    responses((status = 200, description = "The appointment as it is now, with its new ETag", body = AppointmentJson),
        (status = 412, description = "Changed meanwhile", body = json::ProblemJson, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing, or `*`", body = json::ProblemJson, content_type = "application/problem+json"),
        Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn move_to(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let asked: Result<(MoveJson, Vec<Doubt>), Problem> = json::read(&caller, &body)
        .and_then(|asked: MoveJson| looked_at(&asked.confirm).map(|despite| (asked, despite)));
    let (by, headers) = (caller.by(), caller.headers.clone());
    once(&app, &caller, &body, move |app, c| {
        let (asked, despite) = granted!(asked.as_ref().map_err(Problem::clone));
        let Some(now) = appointments::find(c, id)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        if let Err(problem) = must_match(&headers, now.version) {
            return Ok(Err(problem));
        }
        let place = asked.place_id.as_deref().map(|text| field("/place_id", text, "no id of a place"));
        let staff = asked.staff_id.as_deref().map(|text| field("/staff_id", text, "no id of a staff member"));
        let (place, staff) = match (place.transpose(), staff.transpose()) {
            (Ok(place), Ok(staff)) => (place, staff),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem)),
        };
        let to = Slot {
            starts_at: asked.starts_at.unwrap_or(now.starts_at),
            minutes: minutes(asked.minutes.unwrap_or(i32::try_from(now.minutes()).unwrap_or(0))),
            place: place.unwrap_or(now.place.place_id),
            staff: staff.unwrap_or(now.staff_id),
        };
        let wanted = Move { version: now.version, to, despite: despite.clone() };
        match booking::move_in(app, c, &by, id, &wanted)? {
            Ok(_) => done(c, id).map(Ok),
            Err(why) => Ok(Err(refused(why))),
        }
    })
    .await
}

/// Why it is canceled, and for whom alone, if so.
fn cancellation(caller: &ApiCaller, body: &Bytes) -> Result<(Cancellation, Option<ChartId>), Problem> {
    let asked: CancelJson = json::read_or_default(caller, body)?;
    let words = text::lines(&asked.words, LONGEST_WORDS)
        .map_err(|error| Problem::fields([("/words".to_owned(), error.to_string())]))?;
    let chart = asked.chart_id.as_deref().map(|text| field("/chart_id", text, "no id of a chart"));
    let why = Cancellation { reason: field("/reason", &asked.reason, "none of the reasons")?, words };
    Ok((why, chart.transpose()?))
}

/// Cancel an appointment.
///
/// It is the practice's own cancellation and never late. The client gets a mail; `words` are read after signing in. With
/// `chart_id` it is canceled for one of several clients alone; with the last of them the appointment ends.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/cancel", tag = "Appointments", operation_id = "cancelAppointment",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = CancelJson,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn cancel(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let (asked, by) = (cancellation(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let (why, chart) = granted!(asked.as_ref().map_err(Problem::clone));
        let outcome = match chart {
            None => booking::cancel_in(app, c, &by, id, why)?,
            Some(chart) => booking::end_for_one_in(app, c, &by, (id, *chart), PartyEnd::Canceled, why)?,
        };
        match outcome {
            Ok(_) => done(c, id).map(Ok),
            Err(why) => Ok(Err(refused(why))),
        }
    })
    .await
}

/// Add a client to an appointment.
///
/// To one that was booked with a type that has seats for several, while it lies ahead and a seat is free. Everybody who sees
/// the client's appointments in the portal gets a mail; the other clients hear nothing of it. Send If-Match with the ETag
/// that you read.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/parties", tag = "Appointments", operation_id = "addClient",
    params(("appointment" = String, Path, description = "The appointment's id"),
        ("If-Match" = String, Header, description = "The ETag that you read, or several; `*` is refused"), Once),
    request_body = PartyJson,
    responses((status = 200, description = "The appointment as it is now, with its new ETag", body = AppointmentJson),
        (status = 412, description = "Changed meanwhile", body = json::ProblemJson, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing, or `*`", body = json::ProblemJson, content_type = "application/problem+json"),
        Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn add_client(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let asked = party(&caller, &body);
    let (by, headers) = (caller.by(), caller.headers.clone());
    once(&app, &caller, &body, move |app, c| {
        let chart = *granted!(asked.as_ref().map_err(Problem::clone));
        let Some(now) = appointments::find(c, id)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        granted!(must_match(&headers, now.version));
        granted!(booking::join_in(app, c, &by, id, chart)?.map_err(refused));
        done(c, id).map(|done| Ok(Done { chart, ..done }))
    })
    .await
}

/// Take a client out of an appointment.
///
/// Of one who should not have been in it. Everybody who sees their appointments in the portal gets a mail that it is
/// canceled; the other clients hear nothing of it. With the last client the appointment ends.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/parties/remove", tag = "Appointments", operation_id = "removeClient",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = PartyJson,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn remove_client(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let (asked, by) = (party(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let chart = *granted!(asked.as_ref().map_err(Problem::clone));
        let why = Cancellation { reason: CancelReason::Mistake, words: String::new() };
        let ended = booking::end_for_one_in(app, c, &by, (id, chart), PartyEnd::Removed, &why)?;
        granted!(ended.map_err(refused));
        done(c, id).map(|done| Ok(Done { chart, ..done }))
    })
    .await
}

/// Keep an appointment of which one client has canceled.
///
/// Where `undecided` says that somebody has to say so. It stays for the other clients, who hear nothing of it.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/keep", tag = "Appointments", operation_id = "keepAppointment",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn keep(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: AppointmentId = id(&appointment)?;
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        granted!(booking::keep_in(c, &by, id)?.map_err(refused));
        done(c, id).map(Ok)
    })
    .await
}

/// The chart that a body names.
fn party(caller: &ApiCaller, body: &Bytes) -> Result<ChartId, Problem> {
    let asked: PartyJson = json::read(caller, body)?;
    field("/chart_id", &asked.chart_id, "no id of a chart")
}

/// Notes whether a client came.
async fn note(
    app: AppState,
    caller: ApiCaller,
    appointment: &str,
    body: &Bytes,
    what: Attendance,
) -> ApiResult {
    let appointment: AppointmentId = id(appointment)?;
    let asked: Result<Option<ChartId>, Problem> =
        json::read_or_default(&caller, body).and_then(|asked: AttendanceJson| {
            asked.chart_id.map(|chart| field("/chart_id", &chart, "no id of a chart")).transpose()
        });
    let by = caller.by();
    once(&app, &caller, body, move |_, c| {
        let chart = *granted!(asked.as_ref().map_err(Problem::clone));
        match attendance::note_in(c, &by, Noting { appointment, chart, what })? {
            Ok(_) => done(c, appointment).map(Ok),
            Err(why) => Ok(Err(refused(why))),
        }
    })
    .await
}

/// Note that the client arrived.
///
/// From the beginning of the day of the appointment on, by the clock of its place. Nobody gets a mail.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/arrive", tag = "Appointments", operation_id = "noteArrival",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = AttendanceJson,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn arrive(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    note(app, caller, &appointment, &body, Attendance::Arrived).await
}

/// Note that the client did not come.
///
/// Once the appointment has begun. Nobody gets a mail, and the client's pages do not say it.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/no-show", tag = "Appointments", operation_id = "noteNoShow",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = AttendanceJson,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn no_show(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    note(app, caller, &appointment, &body, Attendance::NoShow).await
}

/// Undo what was noted about the client's coming.
///
/// A no-show can be undone for as many hours as the practice's policy says, 72 by default; an arrival always.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/undo-attendance", tag = "Appointments", operation_id = "undoAttendance",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = AttendanceJson,
    responses((status = 200, description = "The appointment as it is now", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn undo(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    note(app, caller, &appointment, &body, Attendance::Undo).await
}

/// Set the video link of one appointment, or take it away.
///
/// It holds instead of the clinician's standing link and that of the place. No answer has the link: clients are led to it
/// from 15 minutes before the appointment until its end, and staff see it on the appointment's page.
#[utoipa::path(post, path = "/api/v1/appointments/{appointment}/video-link", tag = "Appointments", operation_id = "setVideoLink",
    params(("appointment" = String, Path, description = "The appointment's id"), Once),
    request_body = VideoLinkJson,
    responses((status = 200, description = "The appointment", body = AppointmentJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn set_video_link(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(appointment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let appointment: AppointmentId = id(&appointment)?;
    let read = |url: String| field::<WebAddress>("/url", &url, "no https address of at most 500 characters");
    let asked: Result<Option<WebAddress>, Problem> =
        json::read(&caller, &body).and_then(|asked: VideoLinkJson| asked.url.map(read).transpose());
    let by = caller.by();
    once(&app, &caller, &body, move |app, c| {
        let link = granted!(asked.as_ref().map_err(Problem::clone));
        match video::set_in(app, c, &by, LinkOf::Appointment(appointment), link.as_ref())? {
            Ok(_) => done(c, appointment).map(Ok),
            Err(NotSet::NotFound) => Ok(Err(problem::NOT_FOUND.into())),
            Err(NotSet::NotByVideo) => Ok(Err(problem::NOT_BY_VIDEO.into())),
            Err(NotSet::Canceled) => Ok(Err(problem::CANCELED.into())),
        }
    })
    .await
}
