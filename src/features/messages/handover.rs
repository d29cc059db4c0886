//! A thread goes to another audience: one of them, or all that are with somebody who leaves. The client sees a line that
//! says whom it is with from there on. Whoever answers it now reads it from that line on, or from the question that waits for
//! an answer; what was written before only where whoever moves it says so, and then no more of it than was read by those
//! who had it, or by themselves when it was with them.

pub use crate::features::messages::actions::Earlier;
use crate::features::messages::actions::{
    Author, NotDone, Outcome, PracticeReader, Promise, Row, apply, as_reader, is_clinician, read_by,
    reads_by_any,
};
use crate::features::messages::lifecycle::{self, ThreadEvent};
use crate::features::messages::readers::Addressee;
use crate::features::messages::store::{self, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, StaffId, ThreadId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;

/// Where a thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// To whom.
    pub to: Addressee,
    /// With what was written before?
    pub earlier: Earlier,
}

/// Moves one thread, under what its new audience promises.
fn transfer(
    c: &mut Scoped<'_>,
    author: &Author,
    thread: &mut Thread,
    (target, with): (Target, &str),
    promise: &Promise,
) -> Result<(), Fault> {
    let due_at = thread.standing.wait().map(|wait| promise.due(wait.since));
    let decision = lifecycle::decide(thread.standing, ThreadEvent::Transfer(due_at))
        .ok_or_else(|| Fault::other("a thread that cannot be moved"))?;
    let left = (thread.to, thread.read_from);
    thread.to = target.to;
    thread.read_from = match target.earlier {
        // A question is answered by whoever has the thread: they must be able to read it.
        Earlier::Hidden => match thread.standing.wait() {
            Some(wait) => store::question_of(c, thread, wait)?.unwrap_or(thread.last_seq + 1),
            None => thread.last_seq + 1,
        },
        Earlier::Read => {
            store::read_before(c, thread)?.map_or(thread.read_from, |from| from.min(thread.read_from))
        }
    };
    apply(c, thread, author, decision, Row::Moved(with, left))
}

/// The name of the new audience, for the line; nothing for the front desk and billing. `None`: nobody who answers clients.
fn name_of(c: &mut Scoped<'_>, to: Addressee) -> Result<Option<String>, Fault> {
    if let Addressee::Clinician(staff) = &to
        && !is_clinician(c, staff)?
    {
        return Ok(None);
    }
    Ok(Some(store::clinician_name(c, to)?.unwrap_or_default()))
}

/// Moves a thread for somebody who reads it, in the caller's transaction.
pub fn transfer_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    reader: &PracticeReader,
    thread: &ThreadId,
    target: Target,
) -> Outcome<Thread> {
    let Some(mut thread) = read_by(c, reader, thread)? else { return Ok(Err(NotDone::NotFound)) };
    if thread.to == target.to {
        return Ok(Err(NotDone::SameAudience));
    }
    if store::parties_of(c, &thread.id)?.is_empty() {
        return Ok(Err(NotDone::NotAReader));
    }
    // Who takes part loses nothing of their own thread by it.
    if target.to.also_needs().is_some() {
        let parties = store::parties_with_grants(c, &thread)?;
        for some in parties.chunk_by(|(one, _), (other, _)| one == other) {
            if !reads_by_any(c, some, &thread, target.to)? {
                return Ok(Err(NotDone::NotAReader));
            }
        }
    }
    let Some(with) = name_of(c, target.to)? else { return Ok(Err(NotDone::NotAClinician)) };
    let promise = Promise::load(c, target.to)?;
    transfer(c, author, &mut thread, (target, &with), &promise)?;
    Ok(Ok(thread))
}

/// A staff member moves a thread.
pub async fn transfer_by_staff(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    target: Target,
) -> Outcome<Thread> {
    let author = Author::of_practice(&staff.by())?;
    let act = move |c: &mut Scoped<'_>, reader: &PracticeReader| {
        transfer_as_practice(c, &author, reader, &at.1, target)
    };
    as_reader(app, staff, at, act).await
}

/// Gives every thread with somebody who leaves another home, the closed ones too: a client's message opens them again. In
/// the caller's transaction, which holds who leaves; the charts whose open pages change.
pub fn hand_over(c: &mut Scoped<'_>, by: &By, from: &StaffId, target: Target) -> Outcome<Vec<ChartId>> {
    let author = Author::of_practice(by)?;
    if target.to == Addressee::Clinician(*from) {
        return Ok(Err(NotDone::SameAudience));
    }
    let Some(with) = name_of(c, target.to)? else { return Ok(Err(NotDone::NotAClinician)) };
    let promise = Promise::load(c, target.to)?;
    let mut charts = Vec::new();
    for mut thread in store::threads_with(c, from)? {
        transfer(c, &author, &mut thread, (target, &with), &promise)?;
        charts.push(thread.chart);
    }
    charts.sort_unstable();
    charts.dedup();
    Ok(Ok(charts))
}
