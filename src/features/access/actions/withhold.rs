//! What is kept from one grant, the minor's assent to it, and the consent that opens records of treatment for substance
//! use: what staff record beside the terms.

use jiff::civil::Date;

use crate::features::access::actions::apply::PendingWrites;
use crate::features::access::actions::outcome::{Done, Outcome, Refused};
use crate::features::access::audit::AccessAction;
use crate::features::access::limits_store::{self as limits, Keeping};
use crate::features::access::permission::{Assent, Basis, Withheld};
use crate::features::access::store::AccessRow;
use crate::kernel::ids::{ChartId, PersonId, StaffNoteId, WithheldId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

fn done(row: &AccessRow) -> Outcome<Done> {
    Ok(Ok(Done { chart: row.chart_id, access: Some(row.access_id), link: None }))
}

fn in_words(what: Withheld) -> serde_json::Value {
    match what {
        Withheld::Right(right) => serde_json::json!({ "right": right }),
        Withheld::Item(kind, id) => serde_json::json!({ "item": kind, "id": id.to_string() }),
    }
}

/// Keeps a right or an item from a grant, from the holder's next request on. What is withheld already stays so. No mail
/// goes out, now or when it is given back: what is withheld is to be as if it had never been.
pub(super) fn withhold(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    (chart, person): (&ChartId, &PersonId),
    new: &Keeping<'_>,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(row) = files.grant(chart, person) else { return Ok(Err(Refused::NotFound)) };
    if new.reason.is_empty() {
        return Ok(Err(Refused::NeedsReason));
    }
    if new.until.is_some_and(|last| last < files.practice.today(c.now())) {
        return Ok(Err(Refused::DayIsOver));
    }
    let there = limits::withheld_from(c, &[row.access_id])?;
    if !there.iter().any(|kept| new.is_in(kept)) {
        keep(c, pending, by, row, new)?;
        pending.save(row);
    }
    done(row)
}

/// Writes that something is kept from a grant. Whoever has kept all that there is saves the grant, once.
pub(super) fn keep(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    row: &AccessRow,
    new: &Keeping<'_>,
) -> Result<(), Fault> {
    limits::insert_withheld(c, &row.access_id, new, &by.actor.name())?;
    let mut details = in_words(new.what);
    details["reason"] = new.reason.into();
    details["until"] = new.until.map(|day| day.to_string()).into();
    pending.record_about(c, row, row.phase(c.now()).word(), AccessAction::Withheld, details);
    Ok(())
}

/// Gives back what was withheld.
pub(super) fn give_back(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    (chart, person): (&ChartId, &PersonId),
    id: &WithheldId,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(row) = files.grant(chart, person) else { return Ok(Err(Refused::NotFound)) };
    let there = limits::withheld_from(c, &[row.access_id])?;
    // Given back already: a second click.
    let Some(kept) = there.iter().find(|kept| kept.id == *id) else { return done(row) };
    if kept.note.is_some() {
        return Ok(Err(Refused::KeptByNote));
    }
    limits::end_withheld(c, id, &by.actor.name())?;
    pending.record_about(c, row, row.phase(c.now()).word(), AccessAction::GivenBack, in_words(kept.what));
    pending.save(row);
    done(row)
}

/// Gives back what a note has withheld.
pub(super) fn give_back_of_note(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    row: &AccessRow,
    note: StaffNoteId,
) -> Result<(), Fault> {
    let there = limits::withheld_from(c, &[row.access_id])?;
    for kept in there.iter().filter(|kept| kept.note == Some(note)) {
        limits::end_withheld(c, &kept.id, &by.actor.name())?;
        let before = row.phase(c.now()).word();
        pending.record_about(c, row, before, AccessAction::GivenBack, in_words(kept.what));
    }
    Ok(())
}

/// Records that the minor agrees to this holder's access, or no longer does.
pub(super) fn set_assent(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    (chart, person): (&ChartId, &PersonId),
    assent: Assent,
) -> Outcome<Done> {
    let Some(known) = pending.files().grant(chart, person) else { return Ok(Err(Refused::NotFound)) };
    if known.basis == Basis::Client {
        return Ok(Err(Refused::OwnAccess));
    }
    let (at, action) = match assent {
        Assent::Given => (Some(c.now()), AccessAction::AssentGiven),
        Assent::Missing => (None, AccessAction::AssentTakenBack),
    };
    if known.assent_at.is_some() != at.is_some() {
        let mut row = known.clone();
        row.assent_at = at;
        row.assent_by_name = at.map(|_| by.actor.name()).unwrap_or_default();
        pending.record_about(c, &row, known.phase(c.now()).word(), action, serde_json::json!({}));
        pending.save(&row);
    }
    done(known)
}

/// Records the client's consent that this holder sees records of treatment for substance use; it takes the place of an
/// earlier one. `purpose` is what the signed paper says (42 CFR 2.31).
pub(super) fn consent_to_part2(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    (chart, person): (&ChartId, &PersonId),
    purpose: &str,
    until: Option<Date>,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(row) = files.grant(chart, person) else { return Ok(Err(Refused::NotFound)) };
    if row.basis == Basis::Client {
        return Ok(Err(Refused::OwnAccess));
    }
    if purpose.is_empty() {
        return Ok(Err(Refused::NeedsReason));
    }
    if until.is_some_and(|last| last < files.practice.today(c.now())) {
        return Ok(Err(Refused::DayIsOver));
    }
    let known = limits::part2_of(c, &[row.access_id])?;
    if known.iter().any(|consent| consent.purpose == purpose && consent.until == until) {
        // Recorded already: a second click.
        return done(row);
    }
    limits::end_part2(c, &row.access_id, &by.actor.name())?;
    limits::insert_part2(c, &row.access_id, purpose, until, &by.actor.name())?;
    let details = serde_json::json!({ "until": until.map(|day| day.to_string()) });
    pending.record_about(c, row, row.phase(c.now()).word(), AccessAction::Part2Given, details);
    pending.save(row);
    done(row)
}

/// Notes that the client took that consent back: the holder's next request sees nothing of it.
pub(super) fn revoke_part2(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    by: &By,
    (chart, person): (&ChartId, &PersonId),
) -> Outcome<Done> {
    let files = pending.files();
    let Some(row) = files.grant(chart, person) else { return Ok(Err(Refused::NotFound)) };
    if limits::end_part2(c, &row.access_id, &by.actor.name())? {
        let before = row.phase(c.now()).word();
        pending.record_about(c, row, before, AccessAction::Part2Revoked, serde_json::json!({}));
        pending.save(row);
    }
    done(row)
}
