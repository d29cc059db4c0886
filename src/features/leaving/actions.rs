//! Shuts a staff member out and hands over what is with them, in one transaction.

use crate::features::appointments::{self, DayEntry};
use crate::features::documents::signing;
use crate::features::leaving::audit::LeavingAction;
use crate::features::messages;
use crate::features::messages::handover::{Target, hand_over};
use crate::features::staff::StaffMember;
use crate::features::staff::api_keys;
use crate::features::staff::store;
use crate::features::staff::team::{self, Changed, TheirKeys};
use crate::kernel::ids::{ChartId, StaffId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Appointments ahead that are named.
const NAMED: usize = 5;

/// What stands with a staff member.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Who.
    pub member: StaffMember,
    /// Names of the API keys that they made and that still work.
    pub keys: Vec<String>,
    /// Open conversations with them …
    pub open: i64,
    /// … and closed ones, which a client's message opens again.
    pub closed: i64,
    /// Appointments ahead. They stay booked.
    pub appointments: i64,
    /// The next of them.
    pub next: Vec<DayEntry>,
    /// Open requests for a time with them.
    pub requests: i64,
    /// Documents that wait for their signature.
    pub signatures: usize,
}

impl Held {
    /// Must somebody say where conversations go?
    pub fn has_threads(&self) -> bool {
        self.open + self.closed > 0
    }
}

/// What stands with a staff member; `None`: there is no such one.
pub(super) fn held(c: &mut Scoped<'_>, staff: &StaffId) -> Result<Option<Held>, Fault> {
    let Some(member) = store::find(c, staff)? else { return Ok(None) };
    let keys = api_keys::live_of(c, staff)?.into_iter().map(|key| key.name).collect();
    let (open, closed) = messages::count_with(c, staff)?;
    Ok(Some(Held {
        member,
        keys,
        open,
        closed,
        appointments: appointments::count_ahead_of(c, staff)?,
        next: appointments::next_of(c, *staff, NAMED)?,
        requests: appointments::count_asked_of(c, *staff)?,
        signatures: signing::store::to_countersign(c, staff)?.len(),
    }))
}

/// How somebody leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    /// What becomes of the API keys that they made.
    pub keys: Option<TheirKeys>,
    /// Where their conversations go.
    pub threads: Option<Target>,
}

/// Why nobody was shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    /// The team says so.
    Team(Changed),
    /// Their conversations have no other home.
    ThreadsUndecided,
}

fn leave_within(
    c: &mut Scoped<'_>,
    by: &By,
    staff: &StaffId,
    leaving: Leaving,
) -> Result<Result<Vec<ChartId>, NotDone>, Fault> {
    // Held from here on: a conversation that begins meanwhile is seen, or begins with somebody else.
    let member = granted!(team::may_disable(c, staff, leaving.keys)?.map_err(NotDone::Team));
    let (open, closed) = messages::count_with(c, staff)?;
    let charts = match leaving.threads {
        _ if open + closed == 0 => Vec::new(),
        None => return Ok(Err(NotDone::ThreadsUndecided)),
        Some(target) => {
            let moved = hand_over(c, by, staff, target)?;
            let charts = granted!(moved.map_err(|_| NotDone::ThreadsUndecided));
            let (_, to) = target.to.columns();
            let details = serde_json::json!({ "staff": staff, "threads": open + closed, "to": to });
            audit::record(c, Event::new(by.clone(), LeavingAction::HandedOver).with(details))?;
            charts
        }
    };
    team::disable(c, by, &member, leaving.keys)?;
    Ok(Ok(charts))
}

/// Shuts a staff member out. One who is shut out already only hands over what is still with them.
pub(super) async fn leave(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
    leaving: Leaving,
) -> Result<Result<(), NotDone>, Fault> {
    let outcome = app.db.write(scope, move |c| leave_within(c, &by, &staff, leaving)).await?;
    Ok(outcome.map(|charts| {
        for chart in charts {
            app.live.chart_changed(scope.id(), &chart);
        }
    }))
}
