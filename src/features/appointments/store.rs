//! The rows of appointments and of requests for one.

use diesel::prelude::*;

use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::{Wish, stored_wishes};
use crate::features::people::Person;
use crate::features::staff::StaffState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, AppointmentId, ChartId, RequestId, StaffId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db;
use crate::platform::db::InLists as _;
use crate::platform::db::schema::{appointment, appointment_request, chart, person, staff_member};
use crate::platform::db::{CountOf, Scoped, kept};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::web::nav::MOST_COUNTED;
use crate::word_enum;

word_enum! {
    /// What kind of visit.
    pub enum VisitKind {
        /// The first one.
        FirstVisit = "first_visit",
        /// The usual one.
        Session = "session",
        /// A short one.
        CheckIn = "check_in",
        /// Anything else; the note says what.
        Other = "other",
    }
}

word_enum! {
    /// Where they meet.
    pub enum Place {
        /// At the practice.
        Office = "office",
        /// By video.
        Video = "video",
    }
}

word_enum! {
    /// Where a client would like to meet.
    pub enum PlaceWish {
        /// At the practice.
        Office = "office",
        /// By video.
        Video = "video",
        /// Either is fine.
        Either = "either",
    }
}

word_enum! {
    /// Where an appointment stands.
    pub enum AppointmentState {
        /// It is on.
        Booked = "booked",
        /// It is off.
        Canceled = "canceled",
    }
}

word_enum! {
    /// Where a request stands.
    pub enum RequestState {
        /// The practice has not answered yet.
        Waiting = "waiting",
        /// There is an appointment.
        Confirmed = "confirmed",
        /// The practice said no, with an answer.
        Declined = "declined",
        /// The client took it back.
        Withdrawn = "withdrawn",
    }
}

/// An appointment.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = appointment)]
pub struct Appointment {
    /// The appointment.
    pub appointment_id: AppointmentId,
    /// On this chart.
    pub chart_id: ChartId,
    /// From this request, if from one.
    pub request_id: Option<RequestId>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: i32,
    /// What kind of visit.
    pub kind: VisitKind,
    /// Where.
    pub place: Place,
    /// With whom.
    pub staff_id: StaffId,
    /// Their name now.
    #[diesel(select_expression = staff_member::name)]
    pub with_name: String,
    /// Is it on?
    pub state: AppointmentState,
}

impl Appointment {
    /// When it is over.
    pub fn ends_at(&self) -> Timestamp {
        self.starts_at.plus_seconds(i64::from(self.minutes) * 60)
    }
}

/// An appointment to be booked.
#[derive(Clone, Debug)]
pub struct NewAppointment {
    /// On this chart.
    pub chart: ChartId,
    /// From this request, if from one.
    pub request: Option<RequestId>,
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: i32,
    /// What kind of visit.
    pub kind: VisitKind,
    /// Where.
    pub place: Place,
    /// With whom.
    pub staff: StaffId,
}

/// Books an appointment, in the caller's transaction, with its audit event.
pub fn book(c: &mut Scoped<'_>, by: &By, new: &NewAppointment) -> Result<AppointmentId, Fault> {
    let id = AppointmentId::fresh(c.rng(), c.now());
    diesel::insert_into(appointment::table)
        .values((
            appointment::practice_id.eq(c.practice().clone()),
            appointment::appointment_id.eq(id.clone()),
            appointment::chart_id.eq(new.chart.clone()),
            appointment::request_id.eq(new.request.clone()),
            appointment::starts_at.eq(new.starts_at),
            appointment::minutes.eq(new.minutes),
            appointment::kind.eq(new.kind),
            appointment::place.eq(new.place),
            appointment::staff_id.eq(new.staff),
            appointment::state.eq(AppointmentState::Booked),
            appointment::created_at.eq(c.now()),
        ))
        .execute(c.conn)?;
    let event = Event::new(by.clone(), AppointmentAction::Booked)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "appointment": id, "request": new.request, "starts_at": new.starts_at }));
    audit::record(c, event)?;
    Ok(id)
}

/// The practice's appointments, with the staff member of each.
macro_rules! appointments {
    ($c:expr) => {
        appointment::table
            .inner_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(appointment::practice_id)
                    .and(staff_member::staff_id.eq(appointment::staff_id))),
            )
            .filter(appointment::practice_id.eq(*$c.practice()))
    };
}

/// A chart's appointments, in the order of time.
pub fn list_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Appointment>, Fault> {
    Ok(appointments!(c)
        .filter(appointment::chart_id.eq(*chart))
        .order((appointment::starts_at.asc(), appointment::appointment_id.asc()))
        .select(Appointment::as_select())
        .load(c.conn)?)
}

/// An appointment of a day, with the client it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    pub appointment: Appointment,
    pub client: String,
}

/// What is booked for this chart or with this staff member and overlaps `[from, until)`, in the order of time.
pub(super) fn busy(
    c: &mut Scoped<'_>,
    chart: ChartId,
    staff: StaffId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Busy>, Fault> {
    type Name = (String, String, String);
    // No visit is longer than a day.
    let near: Vec<(Appointment, Name)> = appointments!(c)
        .inner_join(chart::table.on(
            chart::practice_id.eq(appointment::practice_id).and(chart::chart_id.eq(appointment::chart_id)),
        ))
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::staff_id.eq(staff).or(appointment::chart_id.eq(chart)))
        .filter(appointment::starts_at.lt(until))
        .filter(appointment::starts_at.gt(from.plus_hours(-24)))
        .order((appointment::starts_at.asc(), appointment::appointment_id.asc()))
        .select((Appointment::as_select(), (person::first_name, person::last_name, person::suffix)))
        .load(c.conn)?;
    Ok(near
        .into_iter()
        .filter(|(appointment, _)| appointment.ends_at() > from)
        .map(|(appointment, (first, last, suffix))| {
            let name = [first, last, suffix].into_iter().filter(|part| !part.is_empty());
            Busy { appointment, client: name.collect::<Vec<_>>().join(" ") }
        })
        .collect())
}

/// Who saw the client last, or sees them next: the staff member of the chart's newest appointment, if they
/// are still here.
pub(super) fn clinician_of(c: &mut Scoped<'_>, chart: ChartId) -> Result<Option<StaffId>, Fault> {
    Ok(appointments!(c)
        .filter(appointment::chart_id.eq(chart))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(staff_member::state.eq(StaffState::Active))
        .order(appointment::starts_at.desc())
        .select(appointment::staff_id)
        .first(c.conn)
        .optional()?)
}

/// Appointments of a chart that are looked at for its clinicians, the newest first.
const LOOKED_AT: i64 = 50;

/// The clinicians of a chart: who saw the client or will, and is still here, the newest first, with their names.
pub fn clinicians_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(StaffId, String)>, Fault> {
    let booked: Vec<(StaffId, String)> = appointments!(c)
        .filter(appointment::chart_id.eq(*chart))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(staff_member::state.eq(StaffState::Active))
        .filter(staff_member::role.in_list([Role::Clinician, Role::Administrator]))
        .order((appointment::starts_at.desc(), appointment::appointment_id.desc()))
        .limit(LOOKED_AT)
        .select((appointment::staff_id, staff_member::name))
        .load(c.conn)?;
    let mut clinicians: Vec<(StaffId, String)> = Vec::new();
    for found in booked {
        if !clinicians.iter().any(|(known, _)| *known == found.0) {
            clinicians.push(found);
        }
    }
    Ok(clinicians)
}

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
    Ok(appointment_request::table
        .filter(appointment_request::practice_id.eq(c.practice().clone()))
        .filter(appointment_request::request_id.eq(id.clone()))
        .select(Request::as_select())
        .first(c.conn)
        .optional()?)
}

/// The request that was made with this form, if it was sent before.
pub fn find_by_nonce(c: &mut Scoped<'_>, nonce: &str) -> Result<Option<Request>, Fault> {
    Ok(appointment_request::table
        .filter(appointment_request::practice_id.eq(c.practice().clone()))
        .filter(appointment_request::nonce.eq(nonce))
        .select(Request::as_select())
        .first(c.conn)
        .optional()?)
}

/// A chart's requests, newest first.
pub fn requests_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Request>, Fault> {
    Ok(appointment_request::table
        .filter(appointment_request::practice_id.eq(c.practice().clone()))
        .filter(appointment_request::chart_id.eq(chart.clone()))
        .order(appointment_request::created_at.desc())
        .select(Request::as_select())
        .load(c.conn)?)
}

/// The practice's waiting requests, oldest first, with the client of each chart.
pub fn waiting(c: &mut Scoped<'_>, limit: i64) -> Result<Vec<(Request, Person)>, Fault> {
    Ok(appointment_request::table
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(appointment_request::practice_id)
                .and(chart::chart_id.eq(appointment_request::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(appointment_request::practice_id.eq(*c.practice()))
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .order(appointment_request::created_at.asc())
        .limit(limit)
        .select((Request::as_select(), Person::as_select()))
        .load(c.conn)?)
}

/// How many requests wait for an answer, up to one more than is shown.
pub fn count_waiting(c: &mut Scoped<'_>, _: &StaffId) -> Result<i64, Fault> {
    let waiting = appointment_request::table
        .filter(appointment_request::practice_id.eq(c.practice().clone()))
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    Ok(diesel::select(CountOf(waiting)).get_result(c.conn)?)
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
    let changed = db::update(
        appointment_request::table
            .filter(appointment_request::practice_id.eq(c.practice().clone()))
            .filter(appointment_request::request_id.eq(id.clone()))
            .filter(appointment_request::state.eq(RequestState::Waiting)),
    )
    .set((
        appointment_request::state.eq(to),
        appointment_request::decided_at.eq(now),
        appointment_request::decided_by.eq(by_name),
        appointment_request::answer.eq(answer),
        appointment_request::version.eq(appointment_request::version + 1),
    ))
    .execute(c.conn)?;
    Ok(changed == 1)
}

/// Writes a request's row.
#[allow(clippy::too_many_arguments)]
pub(super) fn insert_request(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    account: &AccountId,
    kind: VisitKind,
    place: PlaceWish,
    preferred: &str,
    note: &str,
    nonce: &str,
) -> Result<RequestId, Fault> {
    let id = RequestId::fresh(c.rng(), c.now());
    diesel::insert_into(appointment_request::table)
        .values((
            appointment_request::practice_id.eq(c.practice().clone()),
            appointment_request::request_id.eq(id.clone()),
            appointment_request::chart_id.eq(chart.clone()),
            appointment_request::account_id.eq(account.clone()),
            appointment_request::kind.eq(kind),
            appointment_request::place.eq(place),
            appointment_request::preferred.eq(preferred),
            appointment_request::note.eq(note),
            appointment_request::state.eq(RequestState::Waiting),
            appointment_request::nonce.eq(nonce),
            appointment_request::created_at.eq(c.now()),
            appointment_request::decided_by.eq(""),
            appointment_request::answer.eq(""),
            appointment_request::version.eq(1i64),
        ))
        .execute(c.conn)?;
    Ok(id)
}

/// With whom an appointment can be made: everybody who sees clients, by name.
pub(super) fn clinicians(c: &mut Scoped<'_>) -> Result<Vec<(StaffId, String)>, Fault> {
    Ok(staff_member::table
        .filter(staff_member::practice_id.eq(*c.practice()))
        .filter(staff_member::state.eq(StaffState::Active))
        .filter(staff_member::role.in_list([Role::Clinician, Role::Administrator]))
        .order((staff_member::role.desc(), staff_member::name.asc()))
        .select((staff_member::staff_id, staff_member::name))
        .load(c.conn)?)
}

/// Appointments that home reads: enough for the next two, with those of the last day that may still go on.
const READ_FOR_HOME: i64 = 10;

/// A chart's booked appointments that are not over, the next first, and how many requests wait for an answer.
pub fn ahead(c: &mut Scoped<'_>, chart: &ChartId) -> Result<(Vec<Appointment>, i64), Fault> {
    let now = c.now();
    let waiting = appointment_request::table
        .filter(appointment_request::practice_id.eq(*c.practice()))
        .filter(appointment_request::chart_id.eq(*chart))
        .filter(appointment_request::state.eq(RequestState::Waiting))
        .select(appointment_request::request_id)
        .limit(MOST_COUNTED + 1);
    // The count stands beside each appointment, so that a chart which has one costs one statement.
    let query = appointments!(c)
        .filter(appointment::chart_id.eq(*chart))
        .filter(appointment::state.eq(AppointmentState::Booked))
        .filter(appointment::starts_at.gt(now.plus_hours(-24)))
        .order((appointment::starts_at.asc(), appointment::appointment_id.asc()))
        .limit(READ_FOR_HOME)
        .select((Appointment::as_select(), CountOf(waiting)));
    let booked: Vec<(Appointment, i64)> = kept(query).load(c.conn)?;
    let waiting = match booked.first() {
        Some((_, waiting)) => *waiting,
        None => kept(diesel::select(CountOf(waiting))).get_result(c.conn)?,
    };
    let ahead = booked.into_iter().map(|(appointment, _)| appointment).filter(|a| a.ends_at() > now);
    Ok((ahead.collect(), waiting))
}
