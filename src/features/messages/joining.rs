//! Somebody else of the client's side takes part in a thread: a staff member who reads it lets them in, for a reason that
//! stands in the audit trail. Everybody who takes part sees a line that says so. They read the thread from that line on, and
//! what was written before only where whoever lets them in says so, and as far as that person reads it.

use crate::features::access::needs_supervision;
use crate::features::messages::actions::{
    self, Author, Earlier, Joined, NotDone, Outcome, PracticeReader, Row, apply,
};
use crate::features::messages::lifecycle::{self, ThreadEvent};
use crate::features::messages::readers::{StaffReader, StaffReads};
use crate::features::messages::store::{self, Holder, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId, ThreadId};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::permissions::Level;
use crate::platform::state::AppState;

/// Characters of a reason.
pub const REASON: usize = 200;
/// Who can take part in one thread on the client's side.
const MOST: usize = 10;

/// Who is to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParty {
    /// Their grant to the thread's chart.
    pub access: AccessId,
    /// Do they read what was written before?
    pub earlier: Earlier,
    /// Why: not empty, at most [`REASON`] characters.
    pub reason: String,
}

/// Those who could take part: whoever reads such threads of the chart now and never took part in this one.
pub(super) fn candidates(c: &mut Scoped<'_>, thread: &Thread) -> Result<Vec<Holder>, Fault> {
    let parties = store::parties_of(c, &thread.id)?;
    let mut found = Vec::new();
    for holder in store::holders(c, &thread.chart)? {
        if !parties.contains(&holder.person)
            && actions::level_in(c, &holder.access, thread.to)? >= Level::View
        {
            found.push(holder);
        }
    }
    Ok(found)
}

/// Lets somebody take part for somebody who reads the thread, in the caller's transaction.
pub fn add_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    reader: &PracticeReader,
    thread: &ThreadId,
    new: &NewParty,
) -> Outcome<Thread> {
    let Some(mut thread) =
        store::find(c, thread)?.filter(|thread| reader.reads(thread.to) == StaffReads::Words)
    else {
        return Ok(Err(NotDone::NotFound));
    };
    // A note on the chart comes before this or after it.
    lock(c, Lock::Charts(&[thread.chart]))?;
    let parties = store::parties_of(c, &thread.id)?;
    let holder = store::holders(c, &thread.chart)?.into_iter().find(|holder| holder.access == new.access);
    let Some(holder) = holder.filter(|_| !parties.is_empty() && parties.len() < MOST) else {
        return Ok(Err(NotDone::NotAReader));
    };
    if parties.contains(&holder.person) {
        return Ok(Err(NotDone::TakesPart));
    }
    if actions::level_in(c, &holder.access, thread.to)? < Level::View {
        return Ok(Err(NotDone::NotAReader));
    }
    let together: Vec<_> = parties.iter().copied().chain([holder.person]).collect();
    if needs_supervision(c, &thread.chart, &together)? {
        return Ok(Err(NotDone::NeedsSupervision));
    }
    let decision = lifecycle::decide(thread.standing, ThreadEvent::Join)
        .ok_or_else(|| Fault::other("a thread that nobody can join"))?;
    let joined = Joined {
        person: holder.person,
        name: holder.name(),
        earlier: new.earlier,
        reason: new.reason.clone(),
    };
    apply(c, &mut thread, author, decision, Row::Joined(&joined))?;
    Ok(Ok(thread))
}

/// A staff member lets somebody take part.
pub(super) async fn add_by_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    new: NewParty,
) -> Outcome<Thread> {
    let author = Author::of_practice(&staff.by())?;
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| -> Outcome<Thread> {
        let reader = PracticeReader::Staff(StaffReader::load(c, who, role)?);
        if store::find(c, &thread)?.is_none_or(|found| found.chart != chart) {
            return Ok(Err(NotDone::NotFound));
        }
        add_as_practice(c, &author, &reader, &thread, &new)
    };
    let outcome = app.db.write(&staff.scope, unit).await?;
    if outcome.is_ok() {
        app.live.chart_changed(staff.scope.id(), &chart);
    }
    Ok(outcome)
}
