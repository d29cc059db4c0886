//! Shuts a staff member out and hands over what is with them, in one transaction.

use crate::features::appointments::series::{self, NotMade};
use crate::features::appointments::{self, DayEntry, SeriesOf};
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
use crate::platform::state::{App, AppState};

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
    /// Series of theirs that go on.
    pub series: Vec<SeriesOf>,
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
        series: series::with_staff(c, *staff)?,
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
    /// What becomes of their series.
    pub series: Option<SeriesHome>,
}

/// What becomes of the series of somebody who leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeriesHome {
    /// They go on with this clinician.
    With(StaffId),
    /// No more of them is booked; what is booked stays.
    Stop,
}

/// Why nobody was shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    /// The team says so.
    Team(Changed),
    /// Their conversations have no other home.
    ThreadsUndecided,
    /// Nobody has said what becomes of their series.
    SeriesUndecided,
}

/// Gives series another home, or books no more of them.
fn series_go(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    all: &[SeriesOf],
    home: Option<SeriesHome>,
) -> Result<Result<(), NotDone>, Fault> {
    for SeriesOf { series: of, .. } in all {
        match home {
            None => return Ok(Err(NotDone::SeriesUndecided)),
            Some(SeriesHome::Stop) => series::stop(c, by, of)?,
            Some(SeriesHome::With(to)) => match series::give_to(app, c, by, of, to)? {
                // One that ended meanwhile needs no home.
                Ok(_) | Err(NotMade::Ended | NotMade::Nothing) => {}
                Err(NotMade::NotBooked(_)) => return Ok(Err(NotDone::SeriesUndecided)),
                Err(NotMade::NotAsShown(_)) => {
                    return Err(Fault::lost_race("a series was changed while it was given to somebody else"));
                }
            },
        }
    }
    Ok(Ok(()))
}

fn leave_within(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    staff: &StaffId,
    leaving: Leaving,
) -> Result<Result<Vec<ChartId>, NotDone>, Fault> {
    // Held from here on: a conversation that begins meanwhile is seen, or begins with somebody else.
    let member = granted!(team::may_disable(c, staff, leaving.keys)?.map_err(NotDone::Team));
    let (open, closed) = messages::count_with(c, staff)?;
    let theirs = series::with_staff(c, *staff)?;
    granted!(series_go(app, c, by, &theirs, leaving.series)?);
    let mut charts: Vec<ChartId> = theirs.iter().map(|of| of.series.made.chart).collect();
    charts.extend(match leaving.threads {
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
    });
    appointments::end_feed_of(c, by, *staff)?;
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
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>| leave_within(&inside, c, &by, &staff, leaving);
    // A year of several series may be given to somebody else.
    let outcome = app.db.write_alone(scope, unit).await?;
    Ok(outcome.map(|charts| {
        for chart in charts {
            app.live.chart_changed(scope.id(), &chart);
        }
    }))
}
