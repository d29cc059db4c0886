//! What staff write to each other on a thread. Whoever reads the thread's words reads them and writes them; nothing else
//! in the program asks for them: no client's session, no key, no search, mail, print or export.

use crate::features::messages::actions::{NotDone, Outcome, StaffRange, once};
use crate::features::messages::audit::MessageAction;
use crate::features::messages::note_store::{self, NewNote, Note};
use crate::features::messages::readers::{StaffReader, StaffReads, staff_reads};
use crate::features::messages::store;
use crate::features::messages::text::MessageText;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::platform::audit::{self, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;

/// The notes on a thread for a staff member who reads this part of it.
pub(super) fn read(c: &mut Scoped<'_>, thread: &ThreadId, reads: StaffRange) -> Result<Vec<Note>, Fault> {
    note_store::of_thread(c, thread, reads)
}

/// A staff member writes a note. The same form sent twice writes one. It changes nothing of the thread.
pub(super) async fn write(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    text: MessageText,
    mark: FormToken,
) -> Outcome<ThreadId> {
    let (by, who, role, name) = (staff.by(), staff.staff_id, staff.role, staff.name.clone());
    let unit = move |c: &mut Scoped<'_>| -> Outcome<ThreadId> {
        let reader = StaffReader::load(c, who, role)?;
        let found = store::find(c, &thread)?
            .filter(|found| found.chart == chart && staff_reads(found.to, &reader) == StaffReads::Words);
        let Some(found) = found else { return Ok(Err(NotDone::NotFound)) };
        let new = NewNote { thread, seq: found.last_seq, staff: who, name: &name, body: text.as_str() };
        let id = note_store::insert(c, &new)?;
        let details = serde_json::json!({ "thread": thread, "note": id });
        let event = Event::new(by.clone(), MessageAction::NoteWritten).on_chart(&chart).with(details);
        audit::record(c, event)?;
        Ok(Ok(thread))
    };
    once(app, &staff.scope, chart, mark, unit).await
}
