//! Taking time. [`claim`] and [`release`] are the only writers of `busy`, so that nobody is booked twice: a claim
//! locks its resources one by one in the order of their ids, and only then looks whether they are free. The
//! database itself refuses an overlap that comes another way: by a constraint on PostgreSQL, by triggers on SQLite.

use crate::features::calendar::holds_store::{self, Hold};
use crate::features::calendar::months_store::LONGEST_HOURS;
use crate::features::calendar::store::{self, Resource, Taken};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// What a claim does where a time is kept for another client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverHolds {
    /// It is refused.
    Refused,
    /// It drops the hold.
    Dropped,
}

/// A time to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// For this appointment.
    pub owner: AppointmentId,
    /// The clients whose own holds keep nobody away.
    pub charts: &'a [ChartId],
    /// Of each of these …
    pub resources: &'a [Resource],
    /// … from …
    pub from: Timestamp,
    /// … until.
    pub until: Timestamp,
    /// Where it is kept for somebody else.
    pub over: OverHolds,
}

/// Why a time was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotClaimed {
    /// These have something else then.
    Taken(Vec<Taken>),
    /// It is kept for another client.
    Held,
}

/// Takes a time, in the place of whatever the appointment had; or says what stands there, and changes nothing. What
/// was kept of that time is kept no longer: the holds that were dropped come back, also those that were over.
pub fn claim(c: &mut Scoped<'_>, wanted: &Claim<'_>) -> Result<Result<Vec<Hold>, NotClaimed>, Fault> {
    let had = store::taken_by(c, wanted.owner)?;
    claim_with(c, wanted, &had)
}

/// Takes a time beside what the appointment has already.
pub fn claim_also(c: &mut Scoped<'_>, wanted: &Claim<'_>) -> Result<Result<Vec<Hold>, NotClaimed>, Fault> {
    claim_with(c, wanted, &[])
}

fn claim_with(
    c: &mut Scoped<'_>,
    wanted: &Claim<'_>,
    had: &[(Taken, Timestamp)],
) -> Result<Result<Vec<Hold>, NotClaimed>, Fault> {
    let Claim { owner, charts, from, until, .. } = *wanted;
    if until <= from || until > from.plus_hours(LONGEST_HOURS) {
        return Err(Fault::other("a claim is longer than nothing and not longer than a day"));
    }
    let resources = in_order(wanted.resources);
    let of_before = had.iter().map(|(taken, _)| taken.resource);
    store::lock(c, &in_order(&resources.iter().copied().chain(of_before).collect::<Vec<_>>()))?;
    if !had.is_empty() && store::taken_by(c, owner)? != had {
        return Err(Fault::lost_race("the same appointment was moved at once"));
    }
    let taken = store::rivals(c, Some(owner), &resources, (from.plus_hours(-LONGEST_HOURS), from, until))?;
    if !taken.is_empty() {
        return Ok(Err(NotClaimed::Taken(taken)));
    }
    let held = holds_store::overlapping(c, &resources, from, until)?;
    let now = c.now();
    if wanted.over == OverHolds::Refused
        && held.iter().any(|hold| !charts.contains(&hold.chart) && hold.until > now)
    {
        return Ok(Err(NotClaimed::Held));
    }
    if !held.is_empty() {
        holds_store::drop_overlapping(c, &resources, from, until)?;
    }
    if !had.is_empty() {
        store::give_back(c, owner, had)?;
    }
    store::take(c, owner, &resources, from, until)?;
    Ok(Ok(held))
}

/// What these have that overlaps `[from, until)`, but for what this appointment has itself. Whoever goes on to keep the
/// time for somebody holds them first.
pub fn rivals(
    c: &mut Scoped<'_>,
    owner: Option<AppointmentId>,
    resources: &[Resource],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Taken>, Fault> {
    store::rivals(c, owner, resources, (from.plus_hours(-LONGEST_HOURS), from, until))
}

/// Gives back what an appointment has taken of each of these.
pub fn release(c: &mut Scoped<'_>, owner: AppointmentId, resources: &[Resource]) -> Result<(), Fault> {
    let resources = in_order(resources);
    store::lock(c, &resources)?;
    let mut had = store::taken_by(c, owner)?;
    had.retain(|(taken, _)| resources.contains(&taken.resource));
    store::give_back(c, owner, &had)
}

/// Holds these until the end of the transaction. Whoever changes when somebody is available holds them, so that a
/// booking sees the rules as they were before or after, and never between.
pub fn hold(c: &mut Scoped<'_>, resources: &[Resource]) -> Result<(), Fault> {
    store::lock(c, &in_order(resources))
}

/// In the order of ids, in which everybody locks: no two units wait for each other.
fn in_order(resources: &[Resource]) -> Vec<Resource> {
    let mut resources = resources.to_vec();
    resources.sort_unstable();
    resources.dedup();
    resources
}
