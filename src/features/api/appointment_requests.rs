//! `/api/v1/appointment-requests`: what clients ask for, and the practice's answers, by the same rules as staff.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;

use super::appointments::{field, looked_at, minutes, refused};
use super::caller::ApiCaller;
use super::charts::{cursor, cut, id, limit, query};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::schedule_json::{
    AppointmentRequestJson, AppointmentRequestList, ConfirmJson, DeclineJson, OfferJson, RequestQuery,
    SlotJson,
};
use super::usual::Usual;
use crate::features::appointments::actions::{self, Confirmation, Decline, NotAnswered, Offer};
use crate::features::appointments::booking::Slot;
use crate::features::appointments::request_lifecycle::Refusal;
use crate::features::appointments::{self, PageOfRequests, RequestState, find_request, talk_of, times_in};
use crate::kernel::ids::{ChartId, RequestId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// The longest words to a client, in characters.
const LONGEST_WORDS: usize = 1_000;

/// Why a request was not answered, as a problem.
fn not_answered(why: NotAnswered) -> Problem {
    match why {
        NotAnswered::NotFound => problem::NOT_FOUND.into(),
        NotAnswered::NoLongerWaiting(request) => {
            Problem::from(problem::SETTLED).with("state", request.state.word())
        }
        NotAnswered::Refused(Refusal::OfferOpen) => problem::OFFER_OPEN.into(),
        NotAnswered::Refused(_) | NotAnswered::NotAsked(_) => problem::SETTLED.into(),
        NotAnswered::NotBooked(why) => refused(why),
        NotAnswered::HowMany => {
            Problem::fields([("/times".to_owned(), "from one to three times".to_owned())])
        }
    }
}

/// How a request stands now.
fn shown(c: &mut Scoped<'_>, id: RequestId) -> Result<Option<(Answer, ChartId)>, Fault> {
    let Some(request) = find_request(c, &id)? else { return Ok(None) };
    let talk = talk_of(c, &[id])?;
    let answer = Answer::ok(AppointmentRequestJson::of(&request, &talk, c.now()))?.version(request.version);
    Ok(Some((answer, request.chart_id)))
}

fn done(c: &mut Scoped<'_>, id: RequestId) -> Result<Done, Fault> {
    let shown = shown(c, id)?;
    let (answer, chart) =
        shown.ok_or_else(|| Fault::Damaged(format!("request {id} was answered and is not there")))?;
    Ok(Done { answer, chart })
}

/// List clients' requests for appointments, in the order in which they were made.
#[utoipa::path(get, path = "/api/v1/appointment-requests", tag = "Appointments", operation_id = "listAppointmentRequests",
    params(RequestQuery),
    responses((status = 200, description = "A page of requests", body = AppointmentRequestList), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: RequestQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?;
    let state: Option<RequestState> =
        asked.state.as_deref().map(|word| field("/state", word, "none of the states")).transpose()?;
    let of = PageOfRequests {
        chart: asked.chart.as_deref().map(id::<ChartId>).transpose()?,
        state,
        after: cursor(asked.cursor.as_deref())?,
        most: i64::try_from(most).unwrap_or(1) + 1,
    };
    let (mut rows, talk) = app
        .db
        .read(&caller.scope, move |c| {
            let rows = appointments::page_of_requests(c, &of)?;
            let ids: Vec<RequestId> = rows.iter().map(|request| request.request_id).collect();
            Ok((rows, times_in(c, &ids)?))
        })
        .await?;
    let next = cut(&mut rows, most, |request| request.request_id.to_string());
    let now = app.now();
    let requests = rows.iter().map(|request| AppointmentRequestJson::of(request, &talk, now)).collect();
    Ok(Answer::ok(AppointmentRequestList { requests, next })?.into_response())
}

/// Read a request.
#[utoipa::path(get, path = "/api/v1/appointment-requests/{request}", tag = "Appointments", operation_id = "readAppointmentRequest",
    params(("request" = String, Path, description = "The request's id")),
    responses((status = 200, description = "The request, with its ETag", body = AppointmentRequestJson), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(request): Path<String>) -> ApiResult {
    let id: RequestId = id(&request)?;
    let found = app.db.read(&caller.scope, move |c| shown(c, id)).await?;
    Ok(found.ok_or(problem::NOT_FOUND)?.0.into_response())
}

fn slot_of(at: &str, asked: &SlotJson) -> Result<Slot, Problem> {
    Ok(Slot {
        starts_at: asked.starts_at,
        minutes: minutes(asked.minutes),
        place: field(&format!("{at}/place_id"), &asked.place_id, "no id of a place")?,
        staff: field(&format!("{at}/staff_id"), &asked.staff_id, "no id of a staff member")?,
    })
}

fn slots_of(at: &str, asked: &[SlotJson]) -> Result<Vec<Slot>, Problem> {
    asked.iter().enumerate().map(|(n, slot)| slot_of(&format!("{at}/{n}"), slot)).collect()
}

fn words(at: &str, typed: &str) -> Result<String, Problem> {
    text::lines(typed, LONGEST_WORDS).map_err(|error| Problem::fields([(at.to_owned(), error.to_string())]))
}

fn confirmation(caller: &ApiCaller, body: &Bytes) -> Result<Confirmation, Problem> {
    let asked: ConfirmJson = json::read(caller, body)?;
    Ok(Confirmation {
        slot: slot_of("/time", &asked.time)?,
        answer: words("/answer", &asked.answer)?,
        despite: looked_at(&asked.confirm)?,
    })
}

/// Confirm a request.
///
/// It becomes an appointment at one of its times, or at another that was agreed. The client gets a mail.
#[utoipa::path(post, path = "/api/v1/appointment-requests/{request}/confirm", tag = "Appointments", operation_id = "confirmAppointmentRequest",
    params(("request" = String, Path, description = "The request's id"), Once), request_body = ConfirmJson,
    responses((status = 200, description = "The request as it is now", body = AppointmentRequestJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn confirm(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: RequestId = id(&request)?;
    let (asked, by) = (confirmation(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let with = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::confirm_in(app, c, &by, id, with)?.map_err(not_answered));
        done(c, id).map(Ok)
    })
    .await
}

fn offered(caller: &ApiCaller, body: &Bytes) -> Result<Offer, Problem> {
    let asked: OfferJson = json::read(caller, body)?;
    Ok(Offer { times: slots_of("/times", &asked.times)?, message: words("/message", &asked.message)? })
}

/// Offer other times.
///
/// They are kept for the client until the offer ends, and the client gets a mail.
#[utoipa::path(post, path = "/api/v1/appointment-requests/{request}/offer", tag = "Appointments", operation_id = "offerAppointmentTimes",
    params(("request" = String, Path, description = "The request's id"), Once), request_body = OfferJson,
    responses((status = 200, description = "The request as it is now", body = AppointmentRequestJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn offer(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: RequestId = id(&request)?;
    let (asked, by) = (offered(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let offer = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::offer_in(app, c, &by, id, offer)?.map_err(not_answered));
        done(c, id).map(Ok)
    })
    .await
}

fn declined(caller: &ApiCaller, body: &Bytes) -> Result<Decline, Problem> {
    let asked: DeclineJson = json::read(caller, body)?;
    let answer = words("/answer", &asked.answer)?;
    if answer.is_empty() {
        return Err(Problem::fields([("/answer".to_owned(), "must not be empty".to_owned())]));
    }
    Ok(Decline { answer, alternatives: slots_of("/alternatives", &asked.alternatives)? })
}

/// Decline a request.
///
/// The client gets a mail, and reads the answer and the alternatives after signing in.
#[utoipa::path(post, path = "/api/v1/appointment-requests/{request}/decline", tag = "Appointments", operation_id = "declineAppointmentRequest",
    params(("request" = String, Path, description = "The request's id"), Once), request_body = DeclineJson,
    responses((status = 200, description = "The request as it is now", body = AppointmentRequestJson), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn decline(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(request): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: RequestId = id(&request)?;
    let (asked, by) = (declined(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let no = granted!(asked.as_ref().map_err(Problem::clone));
        granted!(actions::decline_in(app, c, &by, id, no)?.map_err(not_answered));
        done(c, id).map(Ok)
    })
    .await
}
