//! What staff note about court orders and safety. Each act is one transaction that holds the chart. A note whose effect is
//! to deny withholds rights of one grant; what else follows from a note, `orders` says.

use crate::features::access::actions::apply::PendingWrites;
use crate::features::access::actions::outcome::{Outcome, Refused, notify_changed};
use crate::features::access::actions::withhold;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::kinds::{Basis, NoteEffect};
use crate::features::access::limits_store::Keeping;
use crate::features::access::note_store::{self as store, NewNote};
use crate::features::access::permission::Withheld;
use crate::features::access::store::AccessRow;
use crate::kernel::ids::{AccessId, ChartId, StaffNoteId};
use crate::platform::audit::{By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::granted;
use crate::platform::state::{App, AppState};

/// The event, without anything of the note's text.
fn event(
    c: &Scoped<'_>,
    by: &By,
    chart: &ChartId,
    row: Option<&AccessRow>,
    (action, details): (AccessAction, serde_json::Value),
) -> Event {
    let state = row.map(|row| row.phase(c.now()).word()).unwrap_or_default();
    Event {
        access: row.map(|row| row.access_id),
        old_state: state.into(),
        new_state: state.into(),
        ..Event::new(by.clone(), action).on_chart(chart).with(details)
    }
}

fn grant_of<'a>(files: &'a ChartBatch, chart: &ChartId, id: &AccessId) -> Option<&'a AccessRow> {
    files.grants_of(chart).find(|row| row.access_id == *id)
}

fn add_in(app: &App, c: &mut Scoped<'_>, by: &By, chart: &ChartId, new: &NewNote) -> Outcome<()> {
    lock(c, Lock::Charts(std::slice::from_ref(chart)))?;
    let files = ChartBatch::load(c, std::slice::from_ref(chart))?;
    if files.chart(chart).is_none() {
        return Ok(Err(Refused::NotFound));
    }
    let row = match &new.about {
        Some(id) => match grant_of(&files, chart, id) {
            Some(row) => Some(row),
            None => return Ok(Err(Refused::NotFound)),
        },
        None => None,
    };
    if new.reason.is_empty() {
        return Ok(Err(Refused::NeedsReason));
    }
    if let Some(paper) = &new.paper
        && store::papers_of(c, chart)?.iter().all(|known| known.document_id != *paper)
    {
        return Ok(Err(Refused::NotFound));
    }
    if new.until.is_some_and(|last| last < files.practice.today(c.now())) {
        return Ok(Err(Refused::DayIsOver));
    }
    let denied = match (new.effect, row) {
        (NoteEffect::Deny, Some(row)) if row.basis != Basis::Client => Some(row),
        // It is their own record.
        (NoteEffect::Deny, _) => return Ok(Err(Refused::OwnAccess)),
        _ => None,
    };
    if store::of_chart(c, chart)?.iter().any(|known| new.is_in(known)) {
        // Noted already: a second click.
        return Ok(Ok(()));
    }
    let note = store::insert(c, chart, new, &by.actor.name())?;
    let mut pending = PendingWrites::new(app, by, &files);
    let details =
        serde_json::json!({ "note": note, "kind": new.kind, "effect": new.effect, "document": new.paper });
    pending.record(event(c, by, chart, row, (AccessAction::NoteAdded, details)));
    if let Some(row) = denied {
        for right in &new.rights {
            let what = Withheld::Right(*right);
            let new =
                Keeping { what, from: new.from, until: new.until, reason: &new.reason, note: Some(note) };
            withhold::keep(c, &mut pending, by, row, &new)?;
        }
        pending.save(row);
    }
    pending.write(c)?;
    Ok(Ok(()))
}

/// Writes a note; one that denies keeps its rights from the holder, from its first day on.
pub async fn add_note(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    new: NewNote,
) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| add_in(&inside, c, &by, &chart, &new)).await?;
    Ok(outcome.inspect(|()| notify_changed(app, scope, &chart)))
}

fn end_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    (id, reason): (&StaffNoteId, &str),
) -> Outcome<()> {
    lock(c, Lock::Charts(std::slice::from_ref(chart)))?;
    let found = store::of_chart(c, chart)?.into_iter().find(|note| note.note_id == *id);
    let note = granted!(found.ok_or(Refused::NotFound));
    if reason.is_empty() {
        return Ok(Err(Refused::NeedsReason));
    }
    if !store::end(c, chart, id, &by.actor.name(), reason)? {
        return Ok(Ok(()));
    }
    let files = ChartBatch::load(c, std::slice::from_ref(chart))?;
    let row = note.access_id.as_ref().and_then(|id| grant_of(&files, chart, id));
    let mut pending = PendingWrites::new(app, by, &files);
    let details = serde_json::json!({ "note": id, "kind": note.kind, "effect": note.effect });
    pending.record(event(c, by, chart, row, (AccessAction::NoteEnded, details)));
    if let (NoteEffect::Deny, Some(row)) = (note.effect, row) {
        withhold::give_back_of_note(c, &mut pending, by, row, *id)?;
        pending.save(row);
    }
    pending.write(c)?;
    Ok(Ok(()))
}

/// Ends a note; what it has withheld is given back.
pub async fn end_note(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    note: StaffNoteId,
    reason: String,
) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| end_in(&inside, c, &by, &chart, (&note, &reason))).await?;
    Ok(outcome.inspect(|()| notify_changed(app, scope, &chart)))
}
