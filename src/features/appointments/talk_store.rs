//! The rows of what was said in a request: the times that were asked for or offered, and the steps between question and
//! end.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::features::appointments::kinds::{RequestState, StepAct};
use crate::features::appointments::request_store::Request;
use crate::features::appointments::slot::Slot;
use crate::features::people;
use crate::features::practice::Place;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, PlaceId, PracticeId, RequestId, StaffId};
use crate::platform::db::schema::{
    appointment_request, chart, person, place, request_step, request_time, staff_member,
};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::practice_row;

/// What was said between the question and the end.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = request_step)]
pub struct Step {
    /// In this request.
    pub request_id: RequestId,
    /// Its number; the question has the first.
    pub seq: i32,
    /// What it is.
    pub act: StepAct,
    /// When it was said.
    pub at: Timestamp,
    /// The client's account; none for the practice.
    pub account_id: Option<AccountId>,
    /// The staff member; empty for the client.
    pub by_name: String,
    /// The words.
    pub message: String,
}

/// A time that was asked for, offered, or named as an alternative.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = request_time)]
pub struct AskedTime {
    /// In this request.
    pub request_id: RequestId,
    /// In this step.
    pub seq: i32,
    /// Its number in the step, from 1.
    pub position: i32,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// With whom.
    pub staff_id: StaffId,
    /// Their name now.
    #[diesel(select_expression = staff_member::name)]
    pub with_name: String,
    /// Where.
    #[diesel(embed)]
    pub place: Place,
    /// From when on it was somebody else's.
    pub struck_at: Option<Timestamp>,
}

impl AskedTime {
    /// As it is booked.
    pub fn slot(&self) -> Slot {
        Slot {
            starts_at: self.starts_at,
            minutes: i32::try_from(self.ends_at.seconds_since(self.starts_at) / 60).unwrap_or(0),
            place: self.place.place_id,
            staff: self.staff_id,
        }
    }

    /// Can it still be had, as far as the request knows?
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.struck_at.is_none() && self.starts_at > now
    }
}

/// What was said in some requests.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// The steps between question and end, in their order.
    pub steps: Vec<Step>,
    /// All times, in the order of the steps.
    pub times: Vec<AskedTime>,
}

impl Talk {
    /// The times of one step.
    pub fn times_of(&self, request: RequestId, seq: i32) -> impl Iterator<Item = &AskedTime> {
        self.times.iter().filter(move |time| time.request_id == request && time.seq == seq)
    }

    /// The times that count now.
    pub fn current(&self, request: &Request) -> impl Iterator<Item = &AskedTime> {
        self.times_of(request.request_id, request.times_seq)
    }

    /// What was named when the request was declined: the times of its end, which is no step.
    pub fn alternatives(&self, request: &Request) -> impl Iterator<Item = &AskedTime> {
        let is_end = request.state == RequestState::Declined
            && request.times_seq > 1
            && self.steps_of(request.request_id).all(|step| step.seq != request.times_seq);
        self.current(request).filter(move |_| is_end)
    }

    /// The steps of one request.
    pub fn steps_of(&self, request: RequestId) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.request_id == request)
    }
}

/// Steps and times that a page reads.
const MOST_SAID: i64 = 1_000;

/// What was said in these requests.
pub fn talk_of(c: &mut Scoped<'_>, requests: &[RequestId]) -> Result<Talk, Fault> {
    if requests.is_empty() {
        return Ok(Talk::default());
    }
    let steps = c
        .rows(request_step::table)
        .filter(request_step::request_id.in_list(requests))
        .order((request_step::request_id.asc(), request_step::seq.asc()))
        .limit(MOST_SAID)
        .select(Step::as_select())
        .load(c)?;
    Ok(Talk { steps, ..times_in(c, requests)? })
}

/// Their times alone: what a list shows.
pub fn times_in(c: &mut Scoped<'_>, requests: &[RequestId]) -> Result<Talk, Fault> {
    if requests.is_empty() {
        return Ok(Talk::default());
    }
    let times = c
        .rows(request_time::table)
        .inner_join(
            staff_member::table.on(staff_member::practice_id
                .eq(request_time::practice_id)
                .and(staff_member::staff_id.eq(request_time::staff_id))),
        )
        .inner_join(place::table.on(
            place::practice_id.eq(request_time::practice_id).and(place::place_id.eq(request_time::place_id)),
        ))
        .filter(request_time::request_id.in_list(requests))
        .order((request_time::request_id.asc(), request_time::seq.asc(), request_time::position.asc()))
        .limit(MOST_SAID)
        .select(AskedTime::as_select())
        .load(c)?;
    Ok(Talk { steps: Vec::new(), times })
}

/// A time of an open request, with the client's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The time.
    pub time: AskedTime,
    /// Whom the request waits for.
    pub state: RequestState,
    /// The client's name.
    pub client: String,
    /// The number of their chart.
    pub number: String,
}

/// Asked times that a day reads.
const MOST_OF_A_DAY: i64 = 500;

/// What is asked for or offered in open requests and begins in `[from, until)`, in the order of time.
pub fn asked_between(
    c: &mut Scoped<'_>,
    of: Option<StaffId>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Asked>, Fault> {
    type Name = (String, String, String);
    let now = c.now();
    let rows = c
        .rows(request_time::table)
        .inner_join(
            appointment_request::table.on(appointment_request::practice_id
                .eq(request_time::practice_id)
                .and(appointment_request::request_id.eq(request_time::request_id))),
        )
        .inner_join(
            staff_member::table.on(staff_member::practice_id
                .eq(request_time::practice_id)
                .and(staff_member::staff_id.eq(request_time::staff_id))),
        )
        .inner_join(place::table.on(
            place::practice_id.eq(request_time::practice_id).and(place::place_id.eq(request_time::place_id)),
        ))
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(appointment_request::practice_id)
                .and(chart::chart_id.eq(appointment_request::chart_id))),
        )
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(request_time::starts_at.ge(from))
        .filter(request_time::starts_at.lt(until))
        .filter(request_time::starts_at.gt(now))
        .filter(request_time::struck_at.is_null())
        .filter(request_time::seq.eq(appointment_request::times_seq))
        .filter(appointment_request::state.in_list([RequestState::Waiting, RequestState::Offered]))
        .filter(appointment_request::lapses_at.is_null().or(appointment_request::lapses_at.gt(now)))
        .order((request_time::starts_at.asc(), request_time::request_id.asc()))
        .limit(MOST_OF_A_DAY)
        .select((
            AskedTime::as_select(),
            appointment_request::state,
            (person::first_name, person::last_name, person::suffix),
            chart::chart_number,
        ))
        .into_boxed();
    let rows = match of {
        None => rows,
        Some(staff) => rows.filter(request_time::staff_id.eq(staff)),
    };
    let rows: Vec<(AskedTime, RequestState, Name, String)> = rows.load(c)?;
    Ok(rows
        .into_iter()
        .map(|(time, state, (first, last, suffix), number)| Asked {
            time,
            state,
            number,
            client: people::joined(&[&first, &last, &suffix]),
        })
        .collect())
}

/// Days ahead in which requests of one clinician are counted.
const COUNTED_DAYS: i64 = 400;

/// How many open requests ask for a time with a clinician, or were offered one.
pub fn count_asked_of(c: &mut Scoped<'_>, staff: StaffId) -> Result<i64, Fault> {
    let now = c.now();
    let asked = asked_between(c, Some(staff), now, now.plus_hours(24 * COUNTED_DAYS))?;
    let requests: BTreeSet<RequestId> = asked.iter().map(|one| one.time.request_id).collect();
    Ok(i64::try_from(requests.len()).unwrap_or(i64::MAX))
}

/// A step to be written.
pub struct NewStep<'a> {
    /// Its number.
    pub seq: i32,
    /// What it is.
    pub act: StepAct,
    /// The client's account; none for the practice.
    pub account: Option<AccountId>,
    /// The staff member; empty for the client.
    pub by_name: &'a str,
    /// The words.
    pub message: &'a str,
}

/// Writes a step.
pub fn insert_step(c: &mut Scoped<'_>, request: RequestId, step: &NewStep<'_>) -> Result<(), Fault> {
    c.insert(
        request_step::table,
        (
            request_step::request_id.eq(request),
            request_step::seq.eq(step.seq),
            request_step::act.eq(step.act),
            request_step::at.eq(c.now()),
            request_step::account_id.eq(step.account),
            request_step::by_name.eq(step.by_name),
            request_step::message.eq(step.message),
        ),
    )?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = request_time, treat_none_as_default_value = false)]
struct TimeRow {
    practice_id: PracticeId,
    request_id: RequestId,
    seq: i32,
    position: i32,
    starts_at: Timestamp,
    ends_at: Timestamp,
    staff_id: StaffId,
    place_id: PlaceId,
}

practice_row!(TimeRow, request_time);

/// Writes the times of a step.
pub fn insert_times(c: &mut Scoped<'_>, request: RequestId, seq: i32, times: &[Slot]) -> Result<(), Fault> {
    let practice_id = *c.practice();
    let rows: Vec<TimeRow> = (1..)
        .zip(times)
        .map(|(position, slot)| TimeRow {
            practice_id,
            request_id: request,
            seq,
            position,
            starts_at: slot.starts_at,
            ends_at: slot.ends_at(),
            staff_id: slot.staff,
            place_id: slot.place,
        })
        .collect();
    c.insert_rows(&rows)
}

/// Strikes a time of a request out: it is somebody else's now.
pub fn strike(
    c: &mut Scoped<'_>,
    request: RequestId,
    staff: StaffId,
    starts_at: Timestamp,
) -> Result<(), Fault> {
    let now = c.now();
    c.rows(request_time::table)
        .filter(request_time::request_id.eq(request))
        .filter(request_time::staff_id.eq(staff))
        .filter(request_time::starts_at.eq(starts_at))
        .filter(request_time::struck_at.is_null())
        .set(request_time::struck_at.eq(now))
        .execute(c)?;
    Ok(())
}
