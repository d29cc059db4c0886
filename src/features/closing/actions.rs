//! Closes a chart and opens it again, freezes and unfreezes it; each is one transaction that holds the chart.

use jiff::civil::Date;

use crate::features::access::actions::chart_closed;
use crate::features::appointments::booking::{self, Cancellation};
use crate::features::appointments::lifecycle::PartyEnd;
use crate::features::appointments::{self, Appointment, CancelReason};
use crate::features::closing::audit::ClosingAction;
use crate::features::closing::lifecycle::{Asking, ChartState, Event, Next, Standing, decide};
use crate::features::documents::signing;
use crate::features::ledger;
use crate::features::people::{self, Chart};
use crate::features::practice;
use crate::kernel::ids::{AppointmentId, ChartId};
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::jobs::{self, Job, JobHandler, JobKind, JobOutcome, JobRun, NewJob};
use crate::platform::state::{App, AppState};

/// Hours after which the account of a frozen chart is looked at again.
const LOOK_AT_THE_ACCOUNT: i64 = 1;

/// How a chart is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Why.
    pub reason: String,
    /// The last day on which clients may read; for good, where there is none.
    pub view_until: Option<Date>,
    /// The appointments to come that are canceled; the others stay.
    pub cancel: Vec<AppointmentId>,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// No such chart.
    NotFound,
    /// Nobody said why.
    NeedsReason,
    /// The last day of reading is before today.
    DayIsOver,
    /// One of the appointments is not one of this chart's to come.
    NoSuchAppointment,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotDone>, Fault>;

/// The chart's booked appointments that are not over, the next first.
pub fn to_come(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Appointment>, Fault> {
    let now = c.now();
    let mut found: Vec<Appointment> = appointments::list_of(c, chart)?
        .into_iter()
        .filter(|(appointment, party)| appointment.is_to_come(now) && party.is_expected())
        .map(|(appointment, _)| appointment)
        .collect();
    found.sort_by_key(|appointment| appointment.starts_at);
    Ok(found)
}

/// The chart, held until the commit, and how it stands.
fn held(c: &mut Scoped<'_>, id: &ChartId) -> Outcome<(Chart, Standing)> {
    lock(c, Lock::Charts(std::slice::from_ref(id)))?;
    let Some(file) = people::load_file(c, id)? else { return Ok(Err(NotDone::NotFound)) };
    let state = file
        .chart
        .state
        .parse()
        .map_err(|_| Fault::Damaged(format!("chart {id} is in a state that is not known")))?;
    let asking = if file.chart.frozen_at.is_some() { Asking::Frozen } else { Asking::Free };
    Ok(Ok((file.chart, Standing { state, asking })))
}

/// Closes a chart in the caller's transaction. One that is closed stays as it is.
pub fn close_within(app: &App, c: &mut Scoped<'_>, by: &By, id: &ChartId, closing: &Closing) -> Outcome<()> {
    let (chart, now) = granted!(held(c, id)?);
    if closing.reason.is_empty() {
        return Ok(Err(NotDone::NeedsReason));
    }
    if decide(now, Event::Close) == Next::Unchanged {
        return Ok(Ok(()));
    }
    let today = practice::load(c)?.today(c.now());
    if closing.view_until.is_some_and(|last| last < today) {
        return Ok(Err(NotDone::DayIsOver));
    }
    let ahead = to_come(c, id)?;
    let is_ahead = |wanted: &AppointmentId| ahead.iter().any(|known| known.appointment_id == *wanted);
    if !closing.cancel.iter().all(is_ahead) {
        return Ok(Err(NotDone::NoSuchAppointment));
    }
    chart_closed(app, c, by, id, closing.view_until)?;
    signing::ending::cancel_of_chart(c, by, id, &closing.reason)?;
    appointments::actions::end_of_chart(app, c, by, *id)?;
    for appointment in &closing.cancel {
        let why = Cancellation { reason: CancelReason::Other, words: String::new() };
        if booking::end_for_one_in(app, c, by, (*appointment, *id), PartyEnd::Canceled, &why)?.is_err() {
            return Err(Fault::lost_race("an appointment ended while its chart was closed"));
        }
    }
    people::set_state(c, &chart, ChartState::Closed.word(), closing.view_until)?;
    let details = serde_json::json!({
        "reason": closing.reason,
        "view_until": closing.view_until.map(|day| day.to_string()),
        "canceled": closing.cancel,
    });
    let event = audit::Event {
        old_state: now.state.word().into(),
        new_state: ChartState::Closed.word().into(),
        ..audit::Event::new(by.clone(), ClosingAction::Closed).on_chart(id).with(details)
    };
    audit::record(c, event)?;
    Ok(Ok(()))
}

/// Opens a chart again in the caller's transaction: access counts again as it stands, and what was ended stays so.
pub fn reopen_within(c: &mut Scoped<'_>, by: &By, id: &ChartId, reason: &str) -> Outcome<()> {
    let (chart, now) = granted!(held(c, id)?);
    if reason.is_empty() {
        return Ok(Err(NotDone::NeedsReason));
    }
    if decide(now, Event::Reopen) == Next::Unchanged {
        return Ok(Ok(()));
    }
    people::set_state(c, &chart, ChartState::Open.word(), None)?;
    let event = audit::Event {
        old_state: now.state.word().into(),
        new_state: ChartState::Open.word().into(),
        ..audit::Event::new(by.clone(), ClosingAction::Reopened)
            .on_chart(id)
            .with(serde_json::json!({ "reason": reason }))
    };
    audit::record(c, event)?;
    Ok(Ok(()))
}

/// Takes no new requests for appointments from clients, in the caller's transaction: open ones end. Everything else goes on.
pub fn freeze_within(app: &App, c: &mut Scoped<'_>, by: &By, id: &ChartId, reason: &str) -> Outcome<()> {
    let (chart, now) = granted!(held(c, id)?);
    if reason.is_empty() {
        return Ok(Err(NotDone::NeedsReason));
    }
    if decide(now, Event::Freeze) == Next::Unchanged {
        return Ok(Ok(()));
    }
    appointments::actions::end_of_chart(app, c, by, *id)?;
    let since = c.now();
    people::set_frozen(c, &chart, Some(since))?;
    if is_owing(c, id)? {
        let due_at = since.plus_hours(LOOK_AT_THE_ACCOUNT);
        jobs::plan(c, &[NewJob { kind: JobKind::FrozenAccount, subject: id.uuid(), due_at }])?;
    }
    noted(c, by, id, (ClosingAction::Frozen, reason))
}

/// Takes them again, in the caller's transaction; what was ended stays so.
pub fn unfreeze_within(c: &mut Scoped<'_>, by: &By, id: &ChartId, reason: &str) -> Outcome<()> {
    let (chart, now) = granted!(held(c, id)?);
    if reason.is_empty() {
        return Ok(Err(NotDone::NeedsReason));
    }
    if decide(now, Event::Unfreeze) == Next::Unchanged {
        return Ok(Ok(()));
    }
    people::set_frozen(c, &chart, None)?;
    jobs::cancel(c, &[JobKind::FrozenAccount], &[id.uuid()])?;
    noted(c, by, id, (ClosingAction::Unfrozen, reason))
}

/// Is anything owed on a chart now?
fn is_owing(c: &mut Scoped<'_>, id: &ChartId) -> Result<bool, Fault> {
    Ok(ledger::owed_of(c, *id)?.iter().any(|owed| owed.due > 0))
}

/// Unfreezes charts that were frozen while something was owed, once nothing is.
pub(super) const THAW: JobHandler =
    JobHandler { kind: JobKind::FrozenAccount, run: JobRun::InPractice(thaw) };

fn thaw(_: &App, c: &mut Scoped<'_>, asked: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let mut outcomes = Vec::with_capacity(asked.len());
    for job in asked {
        let id = ChartId::from_uuid(job.subject);
        let next = match held(c, &id)? {
            Ok((chart, now)) if decide(now, Event::Unfreeze) != Next::Unchanged => {
                if is_owing(c, &id)? {
                    jobs::Next::At(c.now().plus_hours(LOOK_AT_THE_ACCOUNT))
                } else {
                    people::set_frozen(c, &chart, None)?;
                    let details = serde_json::json!({ "nothing_owed": true });
                    let event = audit::Event::new(By::system(), ClosingAction::Unfrozen);
                    audit::record(c, event.on_chart(&id).with(details))?;
                    jobs::Next::Done
                }
            }
            _ => jobs::Next::Done,
        };
        outcomes.push(JobOutcome::unchanged(next));
    }
    Ok(outcomes)
}

fn noted(c: &mut Scoped<'_>, by: &By, id: &ChartId, (action, reason): (ClosingAction, &str)) -> Outcome<()> {
    let details = serde_json::json!({ "reason": reason });
    audit::record(c, audit::Event::new(by.clone(), action).on_chart(id).with(details))?;
    Ok(Ok(()))
}

fn changed(app: &AppState, scope: &PracticeScope, id: &ChartId) {
    app.live.chart_changed(scope.id(), id);
    app.outbox_bell.notify_one();
}

/// Closes a chart.
pub async fn close(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: ChartId,
    closing: Closing,
) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| close_within(&inside, c, &by, &id, &closing)).await?;
    Ok(outcome.inspect(|()| changed(app, scope, &id)))
}

/// Opens a chart again.
pub async fn reopen(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: ChartId,
    reason: String,
) -> Outcome<()> {
    let outcome = app.db.write(scope, move |c| reopen_within(c, &by, &id, &reason)).await?;
    Ok(outcome.inspect(|()| changed(app, scope, &id)))
}

/// Freezes a chart.
pub async fn freeze(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: ChartId,
    reason: String,
) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| freeze_within(&inside, c, &by, &id, &reason)).await?;
    Ok(outcome.inspect(|()| changed(app, scope, &id)))
}

/// Unfreezes it.
pub async fn unfreeze(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: ChartId,
    reason: String,
) -> Outcome<()> {
    let outcome = app.db.write(scope, move |c| unfreeze_within(c, &by, &id, &reason)).await?;
    Ok(outcome.inspect(|()| changed(app, scope, &id)))
}
