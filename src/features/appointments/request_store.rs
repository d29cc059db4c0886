//! The rows of requests for an appointment.

use diesel::prelude::*;

use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::times::{Wish, stored_wishes};
use crate::features::calendar::VisitKind;
use crate::features::people::Person;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, ChartId, RequestId, StaffId};
use crate::platform::db::schema::{appointment_request, chart, person};
use crate::platform::db::{CountOf, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::web::nav::MOST_COUNTED;

/// A request for an appointment.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = appointment_request)]
pub struct Request {
    /// The request.
    pub request_id: RequestId,
    /// On this chart.
    pub chart_id: ChartId,
    /// The account that asked.
    pub account_id: AccountId,
    /// What kind of visit.
    pub kind: VisitKind,
    /// Where they would like to meet.
    pub place: PlaceWish,
    /// When they would like to come (see [`Request::wishes`]).
    pub preferred: String,
    /// What they wrote.
    pub note: String,
    /// Where it stands.
    pub state: RequestState,
    /// When they asked.
    pub created_at: Timestamp,
    /// When it was answered or taken back.
    pub decided_at: Option<Timestamp>,
    /// By whom; empty for the client.
    pub decided_by: String,
    /// What the practice wrote.
    pub answer: String,
}

impl Request {
    /// When they would like to come.
    pub fn wishes(&self) -> Vec<Wish> {
        stored_wishes(&self.preferred)
    }
}

/// One request; `None` if this practice has no such request.
pub fn find_request(c: &mut Scoped<'_>, id: &RequestId) -> Result<Option<Request>, Fault> {
    c.rows(appointment_request::table)
        .filter(appointment_request::request_id.eq(*id))
        .select(Request::as_select())
        .optional(c)
}

/// Requests of one chart that a page names; the newest first.
const MOST_OF_A_CHART: i64 = 100;

/// A chart's requests, newest first.
pub fn requests_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Request>, Fault> {
    c.rows(appointment_request::table)
        .filter(appointment_request::chart_id.eq(*chart))
        .order(appointment_request::created_at.desc())
        .limit(MOST_OF_A_CHART)
        .select(Request::as_select())
        .load(c)
}

/// The practice's waiting requests, oldest first, with the client of each chart.
pub fn waiting(c: &mut Scoped<'_>, limit: i64) -> Result<Vec<(Request, Person)>, Fault> {
    c.rows(appointment_request::table)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(appointment_request::practice_id)
                .and(chart::chart_id.eq(appointment_request::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .order(appointment_request::created_at.asc())
        .limit(limit)
        .select((Request::as_select(), Person::as_select()))
        .load(c)
}

/// How many requests wait for an answer, up to one more than is shown.
pub fn count_waiting(c: &mut Scoped<'_>, _: &StaffId, _: Role) -> Result<i64, Fault> {
    let waiting = c
        .rows(appointment_request::table)
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    c.select(CountOf(waiting.inside())).only(c)
}

/// Moves a waiting request to its end; `false` if it no longer waits (somebody was faster).
pub(super) fn decide(
    c: &mut Scoped<'_>,
    id: &RequestId,
    to: RequestState,
    by_name: &str,
    answer: &str,
) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(appointment_request::table)
        .filter(appointment_request::request_id.eq(*id))
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .set((
            appointment_request::state.eq(to),
            appointment_request::decided_at.eq(now),
            appointment_request::decided_by.eq(by_name.to_owned()),
            appointment_request::answer.eq(answer.to_owned()),
            appointment_request::version.eq(appointment_request::version + 1),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Writes a request's row.
pub(super) fn insert_request(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    account: &AccountId,
    kind: VisitKind,
    place: PlaceWish,
    preferred: &str,
    note: &str,
) -> Result<RequestId, Fault> {
    let id = RequestId::fresh(c.rng(), c.now());
    c.insert(
        appointment_request::table,
        (
            appointment_request::request_id.eq(id),
            appointment_request::chart_id.eq(*chart),
            appointment_request::account_id.eq(*account),
            appointment_request::kind.eq(kind),
            appointment_request::place.eq(place),
            appointment_request::preferred.eq(preferred),
            appointment_request::note.eq(note),
            appointment_request::state.eq(RequestState::Waiting),
            appointment_request::created_at.eq(c.now()),
            appointment_request::decided_by.eq(""),
            appointment_request::answer.eq(""),
            appointment_request::version.eq(1i64),
        ),
    )?;
    Ok(id)
}
