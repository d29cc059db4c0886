//! Change Ownership, and its undo. The owner of a chart moves at once; for 72 hours it can be moved back, with what
//! each of the two had before.

use crate::features::access::actions::apply::{Change, PendingWrites};
use crate::features::access::actions::outcome::{Done, Outcome, Refused};
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::handover_store::{self, GrantBefore, Standing};
use crate::features::access::lifecycle::{Credential, Event, Phase, State, decide};
use crate::features::access::limits_store::{self as limits, Limits};
use crate::features::access::mails::AccessNews;
use crate::features::access::owner_preview::{AuthorityRule, Held, OwnerPreview, PersonChange};
use crate::features::access::permission::{ChartStanding, ClientFacts};
use crate::features::access::store::{AccessRow, EndedBy, GrantRole};
use crate::features::people::{self, Chart, Person};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::audit::{self, By};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::Terms;
use crate::platform::state::App;

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
fn authority_rule(files: &ChartBatch, chart: &Chart, to: &PersonId, now: Timestamp) -> AuthorityRule {
    let is_minor = |person: &PersonId| files.is_minor(chart, person, now);
    let is_needed =
        is_minor(to) != Some(false) || (chart.person_id != *to && is_minor(&chart.person_id) != Some(true));
    if is_needed { AuthorityRule::Needed } else { AuthorityRule::NotNeeded }
}

/// The chart, if this person can become its owner.
fn movable<'a>(files: &'a ChartBatch, id: &ChartId, to: &PersonId) -> Result<&'a Chart, Refused> {
    let chart = files.chart(id).ok_or(Refused::NotFound)?;
    if chart.state != "open" {
        return Err(Refused::ChartClosed);
    }
    if chart.owner_person_id == *to {
        return Err(Refused::IsOwner);
    }
    if !files.family(chart).contains(to) {
        return Err(Refused::NotAContact);
    }
    Ok(chart)
}

/// What the change makes of the two people's grants. Gives the new owner's, where there is one; writes nothing by
/// itself.
fn move_grants(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    chart: &Chart,
    to: &PersonId,
) -> Outcome<Option<AccessRow>> {
    let mut owner = None;
    for known in pending.files().grants_of(&chart.chart_id) {
        let mut row = known.clone();
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
            owner = Some(row);
        }
    }
    Ok(Ok(owner))
}

/// What the change would do: it is made as it would be made, and not written.
fn preview_of(
    c: &mut Scoped<'_>,
    mut trial: PendingWrites<'_>,
    chart: &Chart,
    to: &PersonId,
) -> Outcome<OwnerPreview> {
    let (files, now) = (trial.files(), c.now());
    if let Err(refused) = move_grants(c, &mut trial, chart, to)? {
        return Ok(Err(refused));
    }
    let grants: Vec<&AccessRow> = files.grants_of(&chart.chart_id).collect();
    let ids: Vec<AccessId> = grants.iter().map(|row| row.access_id).collect();
    let withheld = if ids.is_empty() { Vec::new() } else { limits::withheld_from(c, &ids)? };
    let limits = Limits {
        chart: ChartStanding::of(chart),
        client: files.person(&chart.person_id).map_or(ClientFacts::read(None, None, None), ClientFacts::of),
        place: files.place_of(chart),
        code: chart.jurisdiction.clone(),
        rules: limits::age_rules(c)?,
        withheld: Vec::new(),
        // A consent is about labels of items, not about rights.
        part2: Vec::new(),
        today: files.practice.today(now),
    };
    let held = |row: &AccessRow| {
        let kept = withheld.iter().filter(|kept| kept.access == row.access_id).cloned().collect();
        Held::of(row, &Limits { withheld: kept, ..limits.clone() }.facts(row), now)
    };
    let change = |person: &PersonId, before: Option<&AccessRow>, after: &AccessRow| PersonChange {
        person: *person,
        name: files.person(person).map(Person::full_name).unwrap_or_default(),
        before: before.map(held),
        after: held(trial.saved(&after.access_id).unwrap_or(after)),
        consequences: trial.consequences_for(after),
    };
    let rank = |person: &PersonId| (*person != chart.owner_person_id, person != to);
    let mut people: Vec<PersonChange> =
        grants.iter().map(|row| change(&row.person_id, Some(row), row)).collect();
    if !people.iter().any(|change| change.person == *to) {
        let moved = Chart { owner_person_id: *to, ..chart.clone() };
        people.push(change(to, None, &files.fresh_owner(c, &moved)));
    }
    people.sort_by_key(|change| rank(&change.person));
    Ok(Ok(OwnerPreview {
        chart: chart.chart_id,
        from: chart.owner_person_id,
        to: *to,
        authority: authority_rule(files, chart, to, now),
        people,
    }))
}

/// What a change of the owner to this person would do.
pub fn preview_owner(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: &ChartId,
    to: &PersonId,
) -> Outcome<OwnerPreview> {
    let files = ChartBatch::load(c, std::slice::from_ref(id))?;
    match movable(&files, id, to) {
        Ok(chart) => preview_of(c, PendingWrites::new(app, by, &files), chart, to),
        Err(refused) => Ok(Err(refused)),
    }
}

/// Makes another person of the chart its owner. The change can be undone for 72 hours.
pub(super) fn change_owner(
    c: &mut Scoped<'_>,
    by: &By,
    pending: &mut PendingWrites<'_>,
    id: &ChartId,
    to: &PersonId,
    authority: Option<&Authority>,
    seen: Option<&str>,
) -> Outcome<Done> {
    let files = pending.files();
    let chart = granted!(movable(files, id, to));
    if let Some(seen) = seen {
        match preview_of(c, pending.trial(), chart, to)? {
            Ok(preview) if preview.sha256() == seen => {}
            Ok(preview) => return Ok(Err(Refused::PreviewChanged(Box::new(preview)))),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    if authority.is_none() && authority_rule(files, chart, to, c.now()) == AuthorityRule::Needed {
        return Ok(Err(Refused::NeedsAuthority));
    }
    let undo_until = c.now().plus_hours(UNDO_HOURS);
    people::set_owner(c, chart, to, Some(undo_until))?;
    let change_id = handover_store::insert(c, chart, to, &by.actor.name(), undo_until)?;
    for known in files.grants_of(id) {
        if known.person_id == chart.owner_person_id || known.person_id == *to {
            handover_store::insert_grant(c, &change_id, known, &Terms::all().write())?;
        }
    }
    let owner = granted!(move_grants(c, pending, chart, to)?);
    let access = owner.as_ref().map(|row| row.access_id);
    let new_state = owner.map_or(Phase::NotInvited, |row| row.phase(c.now()));
    let mut details = serde_json::json!({ "person": to });
    if let Some(Authority { reason, authorised_by }) = authority {
        details["reason"] = reason.as_str().into();
        details["authorised_by"] = authorised_by.as_str().into();
    }
    pending.record(audit::Event {
        access,
        new_state: new_state.word().into(),
        ..audit::Event::new(by.clone(), AccessAction::OwnerChanged).on_chart(id).with(details)
    });
    Ok(Ok(Done { chart: *id, access, link: None }))
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
