//! What is kept of an unused invitation (LIF-05): that it was sent, when, by whom and how it ended. Its
//! address is forgotten.

use crate::features::access::due_store::{self, UnusedInvitation, forgotten_at};
use crate::features::access::store;
use crate::kernel::ids::{ChartId, InvitationId};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::jobs::{Job, JobOutcome, Next};
use crate::platform::outbox;
use crate::platform::state::App;

/// Forgets the addresses of the invitations that these jobs are about.
pub fn forget(_: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let ids: Vec<InvitationId> = jobs.iter().map(|job| InvitationId::from_uuid(job.subject)).collect();
    let mut charts: Vec<ChartId> = due_store::unused(c, &ids)?.into_iter().map(|one| one.chart).collect();
    charts.sort_unstable();
    charts.dedup();
    lock(c, Lock::Charts(&charts))?;
    // Read again under the lock: a registration or resend may have come before it.
    let unused = due_store::unused(c, &ids)?;
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in &ids {
        outcomes.push(match unused.iter().find(|one| one.invitation == *id) {
            None => JobOutcome::unchanged(Next::Done),
            Some(one) if forgotten_at(one.expires_at) > c.now() => {
                JobOutcome::unchanged(Next::At(forgotten_at(one.expires_at)))
            }
            Some(one) => {
                forget_one(c, one)?;
                JobOutcome { next: Next::Done, changed: Some(one.chart) }
            }
        });
    }
    Ok(outcomes)
}

fn forget_one(c: &mut Scoped<'_>, one: &UnusedInvitation) -> Result<(), Fault> {
    due_store::forget_address(c, &one.invitation)?;
    outbox::forget_recipients(c, &store::subject_of(&one.invitation))?;
    let Some(mut grant) = store::load_access(c, &one.access)? else { return Ok(()) };
    // A newer link keeps the address that it went to.
    let is_newest = grant.generation == one.generation && grant.account_id.is_none();
    if is_newest && grant.invited_address.take().is_some() {
        store::save_access(c, &mut grant)?;
    }
    Ok(())
}
