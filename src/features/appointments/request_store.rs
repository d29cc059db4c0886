//! The rows of requests for an appointment.

use diesel::prelude::*;

use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::request_lifecycle::Standing;
use crate::features::appointments::times::{Wish, stored_wishes};
use crate::features::calendar::VisitKind;
use crate::features::people::Person;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, AppointmentTypeId, ChartId, RequestId, StaffId};
use crate::platform::db::schema::{appointment, appointment_request, chart, person};
use crate::platform::db::{CountOf, InLists as _, Scoped};
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
    /// What the practice wrote when it confirmed or declined.
    pub answer: String,
    /// The type whose openings were asked for.
    pub type_id: Option<AppointmentTypeId>,
    /// By when the practice said it answers.
    pub answer_by: Option<Timestamp>,
    /// Until when its times are kept; none where there are none.
    pub hold_until: Option<Timestamp>,
    /// When it lapses: with its last time, or at the end of an offer.
    pub lapses_at: Option<Timestamp>,
    /// The step whose times count now.
    pub times_seq: i32,
    /// The last step.
    pub last_seq: i32,
    /// Counts changes.
    pub version: i64,
}

impl Request {
    /// As its life cycle sees it.
    pub fn standing(&self) -> Standing {
        Standing { state: self.state, answer_by: self.answer_by, lapses_at: self.lapses_at }
    }

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

macro_rules! with_clients {
    ($c:expr) => {
        $c.rows(appointment_request::table)
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(appointment_request::practice_id)
                    .and(chart::chart_id.eq(appointment_request::chart_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
    };
}

/// The practice's open requests, each with its client and the number of the chart: those that wait for the practice, the
/// one that is due first before the others, and after them those that wait for their client.
pub fn waiting(c: &mut Scoped<'_>, limit: i64) -> Result<Vec<(Request, Person, String)>, Fault> {
    let now = c.now();
    with_clients!(c)
        .filter(appointment_request::state.in_list([RequestState::Waiting, RequestState::Offered]))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .order((
            appointment_request::state.desc(),
            appointment_request::answer_by.asc(),
            appointment_request::created_at.asc(),
        ))
        .limit(limit)
        .select((Request::as_select(), Person::as_select(), chart::chart_number))
        .load(c)
}

/// Requests that lapsed after this moment, the latest first.
pub(super) fn lapsed_since(
    c: &mut Scoped<'_>,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<(Request, Person, String)>, Fault> {
    let now = c.now();
    with_clients!(c)
        .filter(appointment_request::state.in_list([RequestState::Waiting, RequestState::Offered]))
        .filter(appointment_request::lapses_at.gt(since))
        .filter(appointment_request::lapses_at.le(now))
        .order(appointment_request::lapses_at.desc())
        .limit(limit)
        .select((Request::as_select(), Person::as_select(), chart::chart_number))
        .load(c)
}

/// How many requests wait for an answer, and of how many appointments staff have to say whether they stay, up to one more
/// than is shown of each.
pub fn count_waiting(c: &mut Scoped<'_>, _: &StaffId, _: Role) -> Result<i64, Fault> {
    let now = c.now();
    let waiting = c
        .rows(appointment_request::table)
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    let undecided = c
        .rows(appointment::table)
        .filter(appointment::asks_since.is_not_null())
        .filter(appointment::ends_at.gt(now))
        .select(appointment::appointment_id)
        .limit(MOST_COUNTED + 1);
    let (waiting, undecided): (i64, i64) =
        c.select((CountOf(waiting.inside()), CountOf(undecided.inside()))).only(c)?;
    Ok(waiting + undecided)
}

/// How many requests have waited longer than their clients were told.
pub(super) fn count_late(c: &mut Scoped<'_>) -> Result<i64, Fault> {
    let now = c.now();
    let late = c
        .rows(appointment_request::table)
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .filter(appointment_request::answer_by.le(now))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    c.select(CountOf(late.inside())).only(c)
}

/// A chart's requests that are open: neither settled nor lapsed.
pub(super) fn open_of(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Request>, Fault> {
    let now = c.now();
    c.rows(appointment_request::table)
        .filter(appointment_request::chart_id.eq(chart))
        .filter(appointment_request::state.in_list([RequestState::Waiting, RequestState::Offered]))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .order(appointment_request::request_id.asc())
        .limit(MOST_OF_A_CHART)
        .select(Request::as_select())
        .load(c)
}

/// What changes of a request.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub to: RequestState,
    pub answer_by: Option<Timestamp>,
    pub hold_until: Option<Timestamp>,
    pub lapses_at: Option<Timestamp>,
    pub times_seq: i32,
    pub last_seq: i32,
    /// Who settled it, with which words; none while it is open.
    pub settled: Option<(&'a str, &'a str)>,
}

impl Change<'_> {
    /// The request stays as it is.
    pub fn of(request: &Request) -> Self {
        Self {
            to: request.state,
            answer_by: request.answer_by,
            hold_until: request.hold_until,
            lapses_at: request.lapses_at,
            times_seq: request.times_seq,
            last_seq: request.last_seq,
            settled: None,
        }
    }
}

/// Writes a change over the version that was read. The caller holds the request.
pub(super) fn save(c: &mut Scoped<'_>, before: &Request, change: &Change<'_>) -> Result<(), Fault> {
    let now = c.now();
    let (by_name, answer) = change.settled.unwrap_or((&before.decided_by, &before.answer));
    let changed = c
        .rows(appointment_request::table)
        .filter(appointment_request::request_id.eq(before.request_id))
        .filter(appointment_request::version.eq(before.version))
        .set((
            appointment_request::state.eq(change.to),
            appointment_request::answer_by.eq(change.answer_by),
            appointment_request::hold_until.eq(change.hold_until),
            appointment_request::lapses_at.eq(change.lapses_at),
            appointment_request::times_seq.eq(change.times_seq),
            appointment_request::last_seq.eq(change.last_seq),
            appointment_request::decided_at.eq(change.settled.map(|_| now)),
            appointment_request::decided_by.eq(by_name.to_owned()),
            appointment_request::answer.eq(answer.to_owned()),
            appointment_request::version.eq(before.version + 1),
        ))
        .execute(c)?;
    if changed == 1 { Ok(()) } else { Err(Fault::lost_race("a request was answered by somebody else")) }
}

/// A request to be written.
pub(super) struct NewRow<'a> {
    pub chart: ChartId,
    pub account: AccountId,
    pub kind: VisitKind,
    pub of_type: Option<AppointmentTypeId>,
    pub place: PlaceWish,
    pub preferred: &'a str,
    pub note: &'a str,
    pub answer_by: Timestamp,
    pub hold_until: Option<Timestamp>,
    pub lapses_at: Option<Timestamp>,
}

/// Writes a request's row.
pub(super) fn insert_request(c: &mut Scoped<'_>, id: RequestId, new: &NewRow<'_>) -> Result<(), Fault> {
    c.insert(
        appointment_request::table,
        (
            appointment_request::request_id.eq(id),
            appointment_request::chart_id.eq(new.chart),
            appointment_request::account_id.eq(new.account),
            appointment_request::kind.eq(new.kind),
            appointment_request::place.eq(new.place),
            appointment_request::preferred.eq(new.preferred),
            appointment_request::note.eq(new.note),
            appointment_request::state.eq(RequestState::Waiting),
            appointment_request::created_at.eq(c.now()),
            appointment_request::decided_by.eq(""),
            appointment_request::answer.eq(""),
            appointment_request::version.eq(1i64),
            (
                appointment_request::type_id.eq(new.of_type),
                appointment_request::answer_by.eq(Some(new.answer_by)),
                appointment_request::hold_until.eq(new.hold_until),
                appointment_request::lapses_at.eq(new.lapses_at),
                appointment_request::times_seq.eq(1),
                appointment_request::last_seq.eq(1),
            ),
        ),
    )?;
    Ok(())
}

/// What a page of the API holds.
#[derive(Clone, Debug)]
pub struct PageOfRequests {
    /// Of this chart.
    pub chart: Option<ChartId>,
    /// In this state.
    pub state: Option<RequestState>,
    /// Behind this one.
    pub after: Option<RequestId>,
    /// How many.
    pub most: i64,
}

/// One page of the practice's requests for the API, in the order in which they were made.
pub fn page_of_requests(c: &mut Scoped<'_>, of: &PageOfRequests) -> Result<Vec<Request>, Fault> {
    let mut rows = c
        .rows(appointment_request::table)
        .order(appointment_request::request_id.asc())
        .limit(of.most)
        .select(Request::as_select())
        .into_boxed();
    if let Some(chart) = of.chart {
        rows = rows.filter(appointment_request::chart_id.eq(chart));
    }
    if let Some(state) = of.state {
        rows = rows.filter(appointment_request::state.eq(state));
    }
    if let Some(after) = of.after {
        rows = rows.filter(appointment_request::request_id.gt(after));
    }
    rows.load(c)
}
