//! `/api/v1/series`: appointments that come again.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appointments::{field, minutes, refused};
use super::caller::ApiCaller;
use super::charts::{id, query};
use super::idempotency::{Answer, Done, Once, once};
use super::json;
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::appointments::booking::Cancellation;
use crate::features::appointments::series::{self, Change, NotMade, Planned, fingerprint, preview};
use crate::features::appointments::{
    NewSeries, Series, SeriesDate, days_of_series, find_series, series_of_chart,
};
use crate::kernel::civil::read_day;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PlaceId, SeriesId, StaffId};
use crate::kernel::recurrence::Rule;
use crate::kernel::text;
use crate::kernel::wall_clock::read_time;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;
use crate::word_enum;

/// The longest words to a client about the end of a series, in characters.
const LONGEST_WORDS: usize = 1_000;

word_enum! {
    /// What becomes of a series of which some days cannot be booked.
    pub enum OnConflict {
        /// Nothing is booked.
        Refuse = "refuse",
        /// Those days are left out.
        Skip = "skip",
    }
}

/// A day of a series.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesDayJson {
    /// The day.
    #[schema(example = "2026-12-07")]
    pub date: String,
    /// `made`, `skipped` when the series was made, or `conflict` when its turn came.
    pub effect: String,
    /// The appointment, wherever it was moved.
    #[schema(format = "uuid")]
    pub appointment_id: Option<String>,
    /// Why there is none, such as `taken`, `held`, `time_off`, `closed` or `away`.
    pub why: Option<String>,
}

impl SeriesDayJson {
    fn of(day: &SeriesDate) -> Self {
        Self {
            date: day.on.to_string(),
            effect: day.effect.to_string(),
            appointment_id: day.appointment.map(|id| id.to_string()),
            why: Some(day.why.clone()).filter(|why| !why.is_empty()),
        }
    }
}

/// A series of appointments.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesJson {
    /// The series.
    #[schema(format = "uuid")]
    pub id: String,
    /// The client's chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// `active` or `ended`.
    pub state: String,
    /// The rule (RFC 5545), over the days of the place's calendar.
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO;COUNT=10")]
    pub rrule: String,
    /// From this day on.
    #[schema(example = "2026-12-07")]
    pub starts_on: String,
    /// Its last day, once it has ended.
    pub ends_on: Option<String>,
    /// When, by the clock of the place.
    #[schema(example = "14:30")]
    pub time: String,
    /// IANA name of the place's zone.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// How long each takes.
    pub minutes: i32,
    /// `first_visit`, `session`, `check_in` or `other`.
    pub kind: String,
    /// Where.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// With whom.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// Up to this day each day of the rule was looked at.
    pub made_until: String,
}

impl SeriesJson {
    fn of(series: &Series) -> Self {
        let made = &series.made;
        Self {
            id: series.series_id.to_string(),
            chart_id: made.chart.to_string(),
            state: series.state.to_string(),
            rrule: made.rule.to_string(),
            starts_on: made.starts_on.to_string(),
            ends_on: series.ends_on.map(|day| day.to_string()),
            time: made.time.strftime("%H:%M").to_string(),
            time_zone: series.place.time_zone.name().to_owned(),
            minutes: made.minutes,
            kind: made.kind.to_string(),
            place_id: made.place.to_string(),
            staff_id: made.staff.to_string(),
            made_until: series.made_until.to_string(),
        }
    }
}

/// The series of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesList {
    /// The newest first, up to 50.
    pub series: Vec<SeriesJson>,
}

/// A series with its days.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SeriesWithDays {
    /// The series.
    pub series: SeriesJson,
    /// What became of its days, the latest first.
    pub days: Vec<SeriesDayJson>,
}

/// Which series.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
    /// Of this chart.
    #[param(required = true)]
    pub chart: Option<String>,
}

/// A series to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSeriesJson {
    /// For the client of this chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// With whom; see `/clinicians`.
    #[schema(format = "uuid")]
    pub staff_id: String,
    /// Where; see `/places`.
    #[schema(format = "uuid")]
    pub place_id: String,
    /// DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY, WKST, and COUNT or UNTIL as a date.
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO;COUNT=10")]
    pub rrule: String,
    /// From this day on; it is one of the series where the rule says so.
    #[schema(example = "2026-12-07")]
    pub starts_on: String,
    /// When, by the clock of the place: a multiple of five minutes.
    #[schema(example = "14:30")]
    pub time: String,
    /// How long each takes: a multiple of 5, up to 720.
    #[schema(example = 50)]
    pub minutes: i32,
    /// `first_visit`, `session`, `check_in` or `other`.
    #[schema(example = "session")]
    pub kind: String,
    /// `refuse`, by default: nothing is booked where a day cannot be; `skip` leaves such days out.
    #[serde(default)]
    pub on_conflict: Option<String>,
}

/// From which day on a series ends, and why.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EndSeriesJson {
    /// The first day that is canceled; today by default.
    #[schema(example = "2027-01-04")]
    pub from: Option<String>,
    /// `client_asked`, `clinician_away`, `practice_closed`, `mistake` or `other`; `other` by default.
    pub reason: Option<String>,
    /// What the client reads of it after signing in.
    pub words: String,
}

/// What a series is changed to, from a day on. What is left out stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSeriesJson {
    /// The first day that changes.
    #[schema(example = "2027-01-04")]
    pub from: String,
    /// When, by the clock of the place: a multiple of five minutes.
    #[serde(default)]
    #[schema(example = "15:00")]
    pub time: Option<String>,
    /// How long each takes: a multiple of 5, up to 720.
    #[serde(default)]
    pub minutes: Option<i32>,
    /// Where; see `/places`.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub place_id: Option<String>,
    /// With whom; see `/clinicians`.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub staff_id: Option<String>,
    /// `refuse`, by default: nothing is changed where an appointment cannot be; with `skip` such ones keep their time.
    #[serde(default)]
    pub on_conflict: Option<String>,
}

fn no_day(at: &str) -> Problem {
    Problem::fields([(at.to_owned(), "a day such as 2026-12-07".to_owned())])
}

fn day(at: &str, text: &str) -> Result<Date, Problem> {
    read_day(text).ok_or_else(|| no_day(at))
}

fn asked_for(caller: &ApiCaller, body: &Bytes) -> Result<(NewSeries, OnConflict), Problem> {
    let asked: NewSeriesJson = json::read(caller, body)?;
    let rule: Rule =
        asked.rrule.parse().map_err(|wrong| Problem::fields([("/rrule".to_owned(), format!("{wrong}"))]))?;
    let new = NewSeries {
        chart: field("/chart_id", &asked.chart_id, "no id of a chart")?,
        kind: field("/kind", &asked.kind, "none of the kinds of visit")?,
        rule,
        starts_on: day("/starts_on", &asked.starts_on)?,
        time: read_time(&asked.time)
            .ok_or_else(|| Problem::fields([("/time".to_owned(), "a time such as 14:30".to_owned())]))?,
        minutes: minutes(asked.minutes),
        place: field("/place_id", &asked.place_id, "no id of a place")?,
        staff: field("/staff_id", &asked.staff_id, "no id of a staff member")?,
    };
    let on_conflict = asked.on_conflict.as_deref().unwrap_or(OnConflict::Refuse.word());
    Ok((new, field("/on_conflict", on_conflict, "`refuse` or `skip`")?))
}

/// The days that cannot be booked.
fn conflicts(plan: &[Planned]) -> Problem {
    let days: Vec<serde_json::Value> = plan
        .iter()
        .filter(|day| day.fate.is_conflict())
        .map(|day| serde_json::json!({ "date": day.on.to_string(), "why": day.fate.word() }))
        .collect();
    Problem::from(problem::TAKEN).with("days", days)
}

fn not_made(why: NotMade) -> Problem {
    match why {
        NotMade::NotBooked(why) => refused(why),
        NotMade::NotAsShown(plan) => conflicts(&plan),
        NotMade::Nothing => problem::TAKEN.into(),
        NotMade::Ended => problem::SERIES_ENDED.into(),
    }
}

fn with_days(c: &mut Scoped<'_>, id: SeriesId) -> Result<Option<(SeriesWithDays, ChartId)>, Fault> {
    let Some(series) = find_series(c, id)? else { return Ok(None) };
    let days = days_of_series(c, id)?;
    let shown = SeriesWithDays {
        series: SeriesJson::of(&series),
        days: days.iter().map(SeriesDayJson::of).collect(),
    };
    Ok(Some((shown, series.made.chart)))
}

fn done(c: &mut Scoped<'_>, id: SeriesId) -> Result<Done, Fault> {
    let found = with_days(c, id)?;
    let (shown, chart) =
        found.ok_or_else(|| Fault::Damaged(format!("series {id} was changed and is not there")))?;
    Ok(Done { answer: Answer::ok(shown)?, chart })
}

/// List the series of a chart.
#[utoipa::path(get, path = "/api/v1/series", tag = "Appointments", operation_id = "listSeries",
    params(SeriesQuery),
    responses((status = 200, description = "The series, the newest first", body = SeriesList), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller, RawQuery(raw): RawQuery) -> ApiResult {
    let asked: SeriesQuery = query(raw.as_deref())?;
    let chart: ChartId = id(asked.chart.as_deref().unwrap_or_default())?;
    let found = app.db.read(&caller.scope, move |c| series_of_chart(c, chart)).await?;
    Ok(Answer::ok(SeriesList { series: found.iter().map(SeriesJson::of).collect() })?.into_response())
}

/// Read a series with what became of its days.
#[utoipa::path(get, path = "/api/v1/series/{series}", tag = "Appointments", operation_id = "readSeries",
    params(("series" = String, Path, description = "The series' id")),
    responses((status = 200, description = "The series and its days", body = SeriesWithDays), Usual),
    security(("api_key" = ["appointments:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(series): Path<String>) -> ApiResult {
    let id: SeriesId = id(&series)?;
    let found = app.db.read(&caller.scope, move |c| with_days(c, id)).await?;
    Ok(Answer::ok(found.ok_or(problem::NOT_FOUND)?.0)?.into_response())
}

/// Book a series of appointments.
///
/// The days of the next twelve months are booked at once, and more as they come near. With `refuse`, `409 taken` names in
/// `days` each one that cannot be booked, and nothing is. Everybody who sees the client's appointments gets one mail.
#[utoipa::path(post, path = "/api/v1/series", tag = "Appointments", operation_id = "makeSeries",
    params(Once), request_body = NewSeriesJson,
    responses((status = 201, description = "The series and its days, with its Location", body = SeriesWithDays), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn make(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let (asked, by) = (asked_for(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let (new, on_conflict) = granted!(asked.as_ref().map_err(Problem::clone));
        let plan = granted!(preview(c, new)?.map_err(refused));
        if *on_conflict == OnConflict::Refuse && plan.iter().any(|day| day.fate.is_conflict()) {
            return Ok(Err(conflicts(&plan)));
        }
        let shown = fingerprint(&plan, new);
        let id = granted!(series::make_in(app, c, &by, new, &shown)?.map_err(not_made));
        let Done { answer, chart } = done(c, id)?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/series/{id}")), chart }))
    })
    .await
}

/// What a caller asks to change, before the series is known.
struct Split {
    from: Date,
    time: Option<Time>,
    minutes: Option<i32>,
    place: Option<PlaceId>,
    staff: Option<StaffId>,
    on_conflict: OnConflict,
}

fn splitting(caller: &ApiCaller, body: &Bytes) -> Result<Split, Problem> {
    let asked: SplitSeriesJson = json::read(caller, body)?;
    let time = |text: &str| {
        let wrong = || Problem::fields([("/time".to_owned(), "a time such as 14:30".to_owned())]);
        read_time(text).ok_or_else(wrong)
    };
    let place = |text: &str| field("/place_id", text, "no id of a place");
    let staff = |text: &str| field("/staff_id", text, "no id of a staff member");
    let on_conflict = asked.on_conflict.as_deref().unwrap_or(OnConflict::Refuse.word());
    Ok(Split {
        from: day("/from", &asked.from)?,
        time: asked.time.as_deref().map(time).transpose()?,
        minutes: asked.minutes.map(minutes),
        place: asked.place_id.as_deref().map(place).transpose()?,
        staff: asked.staff_id.as_deref().map(staff).transpose()?,
        on_conflict: field("/on_conflict", on_conflict, "`refuse` or `skip`")?,
    })
}

/// Change a series from a day on.
///
/// Its appointments from that day on stay the same ones and get the new time, length, place or clinician; one that was moved
/// by itself, or canceled, stays as it is. The old series ends the day before and the answer is the one that goes on; from its
/// first day on it is the same series. With `refuse`, `409 taken` names in `days` each one that cannot be changed, and nothing
/// is. Everybody who sees the client's appointments gets one mail.
#[utoipa::path(post, path = "/api/v1/series/{series}/split", tag = "Appointments", operation_id = "splitSeries",
    params(("series" = String, Path, description = "The series' id"), Once),
    request_body = SplitSeriesJson,
    responses((status = 200, description = "The series that goes on, and its days", body = SeriesWithDays), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn split(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(series): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: SeriesId = id(&series)?;
    let (asked, by) = (splitting(&caller, &body), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        let Some(series) = find_series(c, id)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        let to = Change {
            from: asked.from,
            time: asked.time.unwrap_or(series.made.time),
            minutes: asked.minutes.unwrap_or(series.made.minutes),
            place: asked.place.unwrap_or(series.made.place),
            staff: asked.staff.unwrap_or(series.made.staff),
        };
        let (_, moving) = granted!(series::preview_change(c, id, to)?.map_err(|why| match why {
            NotMade::Nothing => {
                Problem::fields([("/from".to_owned(), "the series has no day on it or after it".to_owned())])
            }
            other => not_made(other),
        }));
        let shown = series::fingerprint_of_change(&moving, to);
        let plan: Vec<Planned> = moving.into_iter().map(|one| one.planned).collect();
        if asked.on_conflict == OnConflict::Refuse && plan.iter().any(|day| day.fate.is_conflict()) {
            return Ok(Err(conflicts(&plan)));
        }
        match series::change_in(app, c, &by, id, to, &shown)? {
            Ok(changed) => done(c, changed.series).map(Ok),
            Err(why) => Ok(Err(not_made(why))),
        }
    })
    .await
}

fn ending(caller: &ApiCaller, body: &Bytes, now: Timestamp) -> Result<(Date, Cancellation), Problem> {
    let asked: EndSeriesJson = json::read_or_default(caller, body)?;
    let words = text::lines(&asked.words, LONGEST_WORDS)
        .map_err(|error| Problem::fields([("/words".to_owned(), error.to_string())]))?;
    // What has begun anywhere stays, whatever day it is there.
    let today = || now.plus_hours(-24).in_zone(&jiff::tz::TimeZone::UTC).date();
    let from = asked.from.as_deref().map(|text| day("/from", text)).transpose()?;
    let reason = asked.reason.as_deref().unwrap_or("other");
    let why = Cancellation { reason: field("/reason", reason, "none of the reasons")?, words };
    Ok((from.unwrap_or_else(today), why))
}

/// End a series before a day.
///
/// What is booked from that day on, and has not begun, is canceled. The client gets one mail of it all.
#[utoipa::path(post, path = "/api/v1/series/{series}/end", tag = "Appointments", operation_id = "endSeries",
    params(("series" = String, Path, description = "The series' id"), Once),
    request_body = EndSeriesJson,
    responses((status = 200, description = "The series as it is now", body = SeriesWithDays), Usual),
    security(("api_key" = ["appointments:write"])))]
pub async fn end(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(series): Path<String>,
    body: Bytes,
) -> ApiResult {
    let id: SeriesId = id(&series)?;
    let (asked, by) = (ending(&caller, &body, app.now()), caller.by());
    once(&app, &caller, &body, move |app, c| {
        let (from, why) = granted!(asked.as_ref().map_err(Problem::clone));
        match series::end_in(app, c, &by, id, *from, why)? {
            Ok(_) => done(c, id).map(Ok),
            Err(why) => Ok(Err(not_made(why))),
        }
    })
    .await
}
