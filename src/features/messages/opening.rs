//! An administrator reads a thread that is not theirs. They say why first; the reason stands in the audit trail, and that
//! they read stands in the client's own log. They read for an hour and write nothing.

use crate::features::messages::actions::{NotDone, Outcome};
use crate::features::messages::audit::MessageAction;
use crate::features::messages::readers::{StaffReader, StaffReads, may_open_with_reason, staff_reads};
use crate::features::messages::store::{self, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::platform::audit::{self, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::state::AppState;

/// Seconds for which they read.
const TIME: i64 = 60 * 60;

/// How a thread stands to an administrator who may want to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// They read it anyway.
    Open,
    /// They say why first.
    WithReason,
}

/// The thread, and whether this staff member says why before they read it; `None` where it is not for them.
pub(super) fn door(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    (chart, thread): (ChartId, ThreadId),
) -> Result<Option<(Thread, Door)>, Fault> {
    let Some(thread) = store::find(c, &thread)?.filter(|thread| thread.chart == chart) else {
        return Ok(None);
    };
    Ok(if may_open_with_reason(thread.to, reader) {
        Some((thread, Door::WithReason))
    } else if reader.role == Role::Administrator && staff_reads(thread.to, reader) == StaffReads::Words {
        Some((thread, Door::Open))
    } else {
        None
    })
}

/// Opens a thread for a reason.
pub(super) async fn open(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    reason: String,
) -> Outcome<()> {
    let (by, who, role) = (staff.by(), staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| -> Outcome<()> {
        let reader = StaffReader::load(c, who, role)?;
        match door(c, &reader, at)? {
            None => Ok(Err(NotDone::NotFound)),
            Some((_, Door::Open)) => Ok(Ok(())),
            Some((thread, Door::WithReason)) => {
                let until_at = c.now().plus_seconds(TIME);
                store::put_opening(c, &thread.id, &who, until_at)?;
                let details = serde_json::json!({ "thread": thread.id, "reason": reason, "until": until_at });
                let event = Event::new(by.clone(), MessageAction::OpenedWithReason);
                audit::record(c, event.on_chart(&thread.chart).with(details))?;
                Ok(Ok(()))
            }
        }
    };
    app.db.write(&staff.scope, unit).await
}
