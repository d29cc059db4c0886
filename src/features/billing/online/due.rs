//! What nobody told: pages whose end was never heard of, and events that never came. A job has no effect outside the
//! database, so each asks by a task.

use super::store::{self, ProviderState};
use super::task_store::{self, TaskKind};
use crate::features::billing::lifecycle::CheckoutState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PaymentId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{Job, JobHandler, JobKind, JobOutcome, JobRun, Next};
use crate::platform::state::App;

/// Asks about pages whose end was never heard of.
pub(in super::super) const LOOK: JobHandler =
    JobHandler { kind: JobKind::PaymentLook, run: JobRun::InPractice(look) };
/// Asks for events that never came.
pub(in super::super) const READ_EVENTS: JobHandler =
    JobHandler { kind: JobKind::PaymentEvents, run: JobRun::InPractice(read_events) };

/// Ten minutes in the first hour, then hours: a bank may take days.
fn next_look(begun: Timestamp, now: Timestamp) -> Timestamp {
    match now.seconds_since(begun) {
        ..3_600 => now.plus_seconds(600),
        3_600..86_400 => now.plus_hours(1),
        _ => now.plus_hours(6),
    }
}

fn look(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let known = store::find_checkout(c, PaymentId::from_uuid(job.subject))?;
        let open =
            known.filter(|known| matches!(known.state, CheckoutState::Started | CheckoutState::Processing));
        outcomes.push(JobOutcome::unchanged(match open {
            Some(known) => {
                task_store::add_once(c, TaskKind::LookAtCheckout, job.subject)?;
                Next::At(next_look(known.created_at, c.now()))
            }
            None => Next::Done,
        }));
    }
    c.ring_after_commit(&app.pay_bell);
    Ok(outcomes)
}

fn read_events(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let account = store::account(c)?;
        outcomes.push(JobOutcome::unchanged(match account {
            Some(account) => {
                task_store::add_once(c, TaskKind::ReadEvents, job.subject)?;
                // News of refunds and late payments comes for a while after clients can pay no more.
                let hours = if account.state == ProviderState::On { 1 } else { 24 };
                Next::At(c.now().plus_hours(hours))
            }
            None => Next::Done,
        }));
    }
    c.ring_after_commit(&app.pay_bell);
    Ok(outcomes)
}
