//! `/api/v1/openings`: what can be booked, by the practice's types and its clinicians' hours.

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;

use super::appointments::{field, moment};
use super::caller::ApiCaller;
use super::charts::{cursor, cut, limit, query};
use super::idempotency::Answer;
use super::problem::{self, ApiResult, Problem};
use super::schedule_json::{
    AppointmentTypeJson, AppointmentTypes, BusyJson, FreeBusy, FreeBusyQuery, OpeningJson, OpeningList,
    OpeningQuery,
};
use super::usual::Usual;
use crate::features::calendar::openings::Opening;
use crate::features::calendar::{self, Holds, Search};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ics;
use crate::kernel::ids::{AppointmentTypeId, ChartId, PlaceId, StaffId};
use crate::platform::state::AppState;

/// List the types of appointments.
#[utoipa::path(get, path = "/api/v1/appointment-types", tag = "Appointments", operation_id = "listAppointmentTypes",
    responses((status = 200, description = "Every type; those that are not offered last", body = AppointmentTypes), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn types(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let found = app.db.read(&caller.scope, calendar::types).await?;
    let types = found.iter().map(AppointmentTypeJson::of).collect();
    Ok(Answer::ok(AppointmentTypes { appointment_types: types })?.into_response())
}

/// An id in the query that narrows the answer.
fn only<T: std::str::FromStr>(at: &str, text: &Option<String>, detail: &str) -> Result<Option<T>, Problem> {
    text.as_deref().map(|text| field(at, text, detail)).transpose()
}

/// Where a page begins: behind this opening.
struct After(Opening);

impl std::str::FromStr for After {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(());
        Ok(Self(Opening {
            starts_at: Timestamp::from_micros(part()?.parse().map_err(|_| ())?),
            staff: part()?.parse().map_err(|_| ())?,
            place: part()?.parse().map_err(|_| ())?,
        }))
    }
}

/// List the openings of a type, in the order of time.
///
/// An opening is a time at which a clinician is available at a place, the clinician is free with the type's buffers, and
/// the client of `chart`, if given, is free too. At most 400 days are looked through.
#[utoipa::path(get, path = "/api/v1/openings", tag = "Appointments", operation_id = "listOpenings",
    params(OpeningQuery),
    responses((status = 200, description = "A page of openings", body = OpeningList), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: OpeningQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?;
    let id: AppointmentTypeId = field("/type", asked.of_type.as_deref().unwrap_or(""), "no id of a type")?;
    let staff: Option<StaffId> = only("/clinician", &asked.clinician, "no id of a staff member")?;
    let place: Option<PlaceId> = only("/place", &asked.place, "no id of a place")?;
    let chart: Option<ChartId> = only("/chart", &asked.chart, "no id of a chart")?;
    let after: Option<After> = cursor(asked.cursor.as_deref())?;
    let (from, until) = (moment("from", asked.from.as_deref())?, moment("until", asked.until.as_deref())?);
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(of) = calendar::find_type(c, id)? else { return Ok(None) };
            let from = from.unwrap_or(c.now());
            let begins = after.as_ref().map_or(from, |After(after)| after.starts_at.max(from));
            let until = until.unwrap_or_else(|| from.plus_hours(24 * calendar::MOST_DAYS));
            let search = Search {
                visit: of.visit(),
                staff,
                place,
                place_kind: None,
                chart,
                holds: Holds::Respected,
                moving: None,
                from: begins,
                until,
            };
            let mut rows = Vec::new();
            if of.closed_at.is_none() {
                // Those of the cursor's own moment that were shown come again, and are left out.
                rows = calendar::find_openings(c, &search)?.first(most + 1 + usize::from(u8::MAX));
            }
            if let Some(After(after)) = &after {
                rows.retain(|opening| opening > after);
            }
            rows.truncate(most + 1);
            Ok(Some((rows, of, practice::places(c)?)))
        })
        .await?;
    let (mut rows, of, places) = found.ok_or(problem::NOT_FOUND)?;
    let next = cut(&mut rows, most, |opening| {
        format!("{}.{}.{}", opening.starts_at.micros(), opening.staff, opening.place)
    });
    let openings = rows
        .iter()
        .filter_map(|opening| {
            let place = places.iter().find(|place| place.place_id == opening.place)?;
            Some(OpeningJson::of(opening, place, of.minutes))
        })
        .collect();
    Ok(Answer::ok(OpeningList { openings, next })?.into_response())
}

/// Read when a clinician is taken.
///
/// It says nothing of what takes the time. With `Accept: text/calendar` the answer is a VFREEBUSY.
#[utoipa::path(get, path = "/api/v1/freebusy", tag = "Appointments", operation_id = "readFreeBusy",
    params(FreeBusyQuery),
    responses((status = 200, description = "The times that are taken", body = FreeBusy), Usual),
    security(("api_key" = ["freebusy:read"])))]
pub async fn free_busy(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: FreeBusyQuery = query(raw.as_deref())?;
    let staff: StaffId = field("/staff", asked.staff.as_deref().unwrap_or(""), "no id of a staff member")?;
    let (from, until) = (moment("from", asked.from.as_deref())?, moment("until", asked.until.as_deref())?);
    let now = app.now();
    let from = from.unwrap_or(now);
    let until = until.unwrap_or_else(|| from.plus_hours(24 * 7));
    if until <= from || until > from.plus_hours(24 * calendar::MOST_DAYS) {
        return Err(Problem::fields([("/until".to_owned(), "after `from`, by 400 days at most".to_owned())]));
    }
    let found = app
        .db
        .read(&caller.scope, move |c| {
            if !calendar::clinicians(c)?.iter().any(|(id, _)| *id == staff) {
                return Ok(None);
            }
            calendar::taken_between(c, staff, from, until).map(Some)
        })
        .await?;
    let busy = found.ok_or(problem::NOT_FOUND)?;
    let accepts = caller.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if accepts.to_ascii_lowercase().contains("text/calendar") {
        let file = ics::free_busy(&format!("freebusy-{staff}"), now, (from, until), &busy);
        return Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], file).into_response());
    }
    let busy = busy.into_iter().map(|(from, until)| BusyJson { from, until }).collect();
    Ok(Answer::ok(FreeBusy { staff_id: staff.to_string(), busy })?.into_response())
}
