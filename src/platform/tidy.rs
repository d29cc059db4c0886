//! Deletes rows whose use is over: counters of windows that are over, sessions and one-time
//! links that ended long ago, browsers not seen for a year, requests that need no longer be known when they come
//! again, drafts of forms that are too old to be gone on with.

use diesel::prelude::*;

use crate::platform::db::System;
use crate::platform::db::schema::{
    attempt_counter, form_draft, handled_request, known_device, one_time_link, session,
};
use crate::platform::fault::Fault;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::web::{devices, sign_in};

/// Days that an ended session or link is kept, for "who was signed in then".
const DAYS: i64 = 30;

/// The jobs of the tables that no feature has for itself.
pub const JOBS: &[JobHandler] = &[
    JobHandler { kind: JobKind::SessionTidy, run: JobRun::EveryHours(1, sessions) },
    JobHandler { kind: JobKind::CounterTidy, run: JobRun::EveryHours(1, counters) },
];

/// Deletes sessions, one-time links and known browsers that are long over; returns how many.
pub fn sessions(system: &mut System<'_>) -> Result<usize, Fault> {
    let long_ago = system.now.plus_hours(-24 * DAYS);
    let last_year = system.now.plus_hours(-24 * devices::DAYS);
    // No session lives longer than twelve hours, so one that began this long ago is over.
    let mut gone =
        diesel::delete(session::table.filter(session::created_at.lt(long_ago))).execute(system.conn)?;
    gone += diesel::delete(known_device::table.filter(known_device::seen_at.lt(last_year)))
        .execute(system.conn)?;
    gone += diesel::delete(one_time_link::table.filter(one_time_link::expires_at.lt(long_ago)))
        .execute(system.conn)?;
    Ok(gone)
}

/// Deletes counters, handled requests and drafts that are over; returns how many.
pub fn counters(system: &mut System<'_>) -> Result<usize, Fault> {
    let two_days_ago = system.now.plus_hours(-48);
    let months_ago = system.now.plus_hours(-24 * sign_in::COUNTER_DAYS);
    let mut gone = diesel::delete(
        attempt_counter::table.filter(attempt_counter::window_start.lt(two_days_ago)).filter(
            attempt_counter::bucket
                .not_like(format!("{}%", sign_in::COUNTERS))
                .or(attempt_counter::window_start.lt(months_ago)),
        ),
    )
    .execute(system.conn)?;
    gone += diesel::delete(handled_request::table.filter(handled_request::keep_until.lt(system.now)))
        .execute(system.conn)?;
    gone += diesel::delete(form_draft::table.filter(form_draft::expires_at.lt(system.now)))
        .execute(system.conn)?;
    Ok(gone)
}
