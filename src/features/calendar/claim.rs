//! Taking time. [`claim`] and [`release`] are the only writers of `busy`, so that nobody is booked twice: a claim
//! locks its resources one by one in the order of their ids, and only then looks whether they are free. The
//! database itself refuses an overlap that comes another way: by a constraint on PostgreSQL, by triggers on SQLite.

use crate::features::calendar::store::{self, LONGEST_HOURS, Resource, Taken};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AppointmentId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Takes `[from, until)` of each of these for an appointment, in the place of whatever it had; or says who has
/// something else then, and changes nothing.
pub fn claim(
    c: &mut Scoped<'_>,
    owner: AppointmentId,
    resources: &[Resource],
    from: Timestamp,
    until: Timestamp,
) -> Result<Result<(), Vec<Taken>>, Fault> {
    if until <= from || until > from.plus_hours(LONGEST_HOURS) {
        return Err(Fault::other("a claim is longer than nothing and not longer than a day"));
    }
    let resources = in_order(resources);
    store::lock(c, &resources)?;
    let taken = store::rivals(c, owner, &resources, (from.plus_hours(-LONGEST_HOURS), from, until))?;
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    store::give_back_all(c, owner)?;
    store::take(c, owner, &resources, from, until)?;
    Ok(Ok(()))
}

/// Gives back what an appointment has taken of each of these.
pub fn release(c: &mut Scoped<'_>, owner: AppointmentId, resources: &[Resource]) -> Result<(), Fault> {
    let resources = in_order(resources);
    store::lock(c, &resources)?;
    store::give_back(c, owner, &resources)
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
