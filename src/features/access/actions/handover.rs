//! Change Ownership, and its undo. The owner of a chart moves at once; for 72 hours it can be moved back, with what
//! each of the two had before.

use crate::features::access::actions::apply::{Change, PendingWrites};
use crate::features::access::actions::outcome::{Done, Outcome, Refused};
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::handover_store::{self, GrantBefore, Standing};
use crate::features::access::lifecycle::{Credential, Event, Phase, State, decide};
use crate::features::access::mails::AccessNews;
use crate::features::access::store::{AccessRow, EndedBy, GrantRole};
use crate::features::people::{self, Chart};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PersonId};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Terms;

/// Why somebody may read a record from now on, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Why.
    pub reason: String,
    /// Who allowed it: the client, a guardian, a court.
    pub authorised_by: String,
}

impl Authority {
    /// Both, or neither counts.
    pub fn of(reason: String, authorised_by: String) -> Option<Self> {
        (!reason.is_empty() && !authorised_by.is_empty()).then_some(Self { reason, authorised_by })
    }
}

/// For how long a change of owner can be undone.
pub const UNDO_HOURS: i64 = 72;

/// Does this owner get to read an adult's record that is not their own, or may the owner be a minor? Without
/// a birth date nobody's age is known: such a client may be an adult, and such an owner a minor.
fn needs_authority(files: &ChartBatch, chart: &Chart, to: &PersonId, now: Timestamp) -> bool {
    let is_minor = |person: &PersonId| files.is_minor(person, now);
    is_minor(to) != Some(false) || (chart.person_id != *to && is_minor(&chart.person_id) != Some(true))
}

/// Makes another person of the chart its owner. The change can be undone for 72 hours.
pub(super) fn change_owner(
    c: &mut Scoped<'_>,
    by: &By,
    pending: &mut PendingWrites<'_>,
    id: &ChartId,
    to: &PersonId,
    authority: Option<&Authority>,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(chart) = files.chart(id) else { return Ok(Err(Refused::NotFound)) };
    if chart.state != "open" {
        return Ok(Err(Refused::ChartClosed));
    }
    if !files.family(chart).contains(to) || chart.owner_person_id == *to {
        return Ok(Err(Refused::NotAContact));
    }
    if authority.is_none() && needs_authority(files, chart, to, c.now()) {
        return Ok(Err(Refused::NeedsAuthority));
    }
    let undo_until = c.now().plus_hours(UNDO_HOURS);
    people::set_owner(c, chart, to, Some(undo_until))?;
    let change_id = handover_store::insert(c, chart, to, &by.actor.name(), undo_until)?;
    let (mut new_state, mut access) = (Phase::NotInvited, None);
    for known in files.grants_of(id) {
        let mut row = known.clone();
        if row.person_id == chart.owner_person_id || row.person_id == *to {
            handover_store::insert_grant(c, &change_id, known, &Terms::all().write())?;
        }
        if row.person_id == chart.owner_person_id {
            row.role = GrantRole::FormerOwner;
            match decide(&row.grant(), Event::OwnershipMoved, c.now()) {
                Ok(decision) => {
                    let change = Change::plain(AccessAction::OwnershipMoved);
                    pending.apply(c, &mut row, &decision, &change)?;
                }
                Err(refusal) => return Ok(Err(refusal.into())),
            }
        } else if row.person_id == *to {
            row.role = GrantRole::Owner;
            row.rights = Terms::all().write();
            pending.save(&row);
            (new_state, access) = (row.phase(c.now()), Some(row.access_id));
        }
    }
    let mut details = serde_json::json!({ "person": to });
    if let Some(Authority { reason, authorised_by }) = authority {
        details["reason"] = reason.as_str().into();
        details["authorised_by"] = authorised_by.as_str().into();
    }
    pending.record(audit::Event {
        access: access.clone(),
        new_state: new_state.word().into(),
        ..audit::Event::new(by.clone(), AccessAction::OwnerChanged).on_chart(id).with(details)
    });
    Ok(Ok(Done { chart: id.clone(), access, link: None }))
}

/// Makes whoever owned the chart before its owner again, with the access that they had. Whoever became the owner has
/// again what they had before that, or nothing. What was done meanwhile stays.
pub(super) fn undo(
    c: &mut Scoped<'_>,
    by: &By,
    pending: &mut PendingWrites<'_>,
    id: &ChartId,
    reason: &str,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(chart) = files.chart(id) else { return Ok(Err(Refused::NotFound)) };
    if reason.is_empty() {
        return Ok(Err(Refused::NeedsReason));
    }
    if chart.state != "open" {
        return Ok(Err(Refused::ChartClosed));
    }
    let newest = handover_store::newest(c, id)?.filter(|change| {
        change.undone_at.is_none()
            && c.now() < change.undo_until
            && change.to_person_id == chart.owner_person_id
            && files.family(chart).contains(&change.from_person_id)
    });
    let Some(newest) = newest else { return Ok(Err(Refused::NothingToUndo)) };
    let before = handover_store::grants_of(c, &newest.change_id)?;
    people::set_owner(c, chart, &newest.from_person_id, None)?;
    handover_store::end(c, &newest.change_id, &by.actor.name())?;
    let mut access = None;
    for known in files.grants_of(id) {
        let was = before.iter().find(|grant| grant.access_id == known.access_id);
        if known.person_id == newest.from_person_id {
            give_back_to(c, pending, known, was)?;
            access = Some(known.access_id);
        } else if known.person_id == newest.to_person_id {
            take_back_from(c, pending, known, was)?;
        }
    }
    let details = serde_json::json!({ "person": newest.from_person_id, "reason": reason });
    let event = audit::Event::new(by.clone(), AccessAction::OwnershipUndone).on_chart(id).with(details);
    pending.record(audit::Event { access, ..event });
    Ok(Ok(Done { chart: *id, access, link: None }))
}

/// The owner of before: their access counts again where the change had ended it. An invitation that the change
/// canceled stays canceled, and an access that was paused before opens nothing until staff restore it.
fn give_back_to(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    known: &AccessRow,
    was: Option<&GrantBefore>,
) -> Result<(), Fault> {
    let mut row = known.clone();
    row.role = GrantRole::Owner;
    let ended_by_the_change = row.state == State::Revoked && row.ended_by == Some(EndedBy::OwnershipMoved);
    let was_active = was.is_some_and(|was| was.standing == Standing::Active);
    if ended_by_the_change
        && was_active
        && row.grant().credential == Credential::Present
        && let Ok(decision) = decide(&row.grant(), Event::Restore, c.now())
    {
        pending.apply(c, &mut row, &decision, &Change::plain(AccessAction::Restored))?;
    } else {
        pending.save(&row);
    }
    Ok(())
}

/// The owner of the last hours: a representative again with the rights of before, or without access.
fn take_back_from(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    known: &AccessRow,
    was: Option<&GrantBefore>,
) -> Result<(), Fault> {
    let mut row = known.clone();
    let Some(was) = was.filter(|was| was.role == GrantRole::Representative) else {
        row.role = GrantRole::FormerOwner;
        if let Ok(decision) = decide(&row.grant(), Event::OwnershipMoved, c.now()) {
            pending.apply(c, &mut row, &decision, &Change::plain(AccessAction::OwnershipMoved))?;
        }
        return Ok(());
    };
    row.role = GrantRole::Representative;
    // Staff may have narrowed them meanwhile; that stays.
    if row.rights == was.rights_then {
        row.rights.clone_from(&was.rights);
    }
    let was_invited_since = row.is_out() && was.standing != Standing::Invited;
    if was_invited_since && let Ok(decision) = decide(&row.grant(), Event::Cancel, c.now()) {
        pending.apply(c, &mut row, &decision, &Change::plain(AccessAction::Canceled))?;
    } else {
        pending.save(&row);
        if row.state == State::Active && row.rights != known.rights {
            pending.mail_news(&row, AccessNews::Changed);
        }
    }
    Ok(())
}
