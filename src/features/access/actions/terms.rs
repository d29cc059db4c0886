//! What a grant allows: given to a representative, and changed.

use jiff::civil::Date;

use crate::features::access::actions::apply::PendingWrites;
use crate::features::access::actions::outcome::{Done, Outcome, Refused};
use crate::features::access::audit::AccessAction;
use crate::features::access::limits_store::limits_of;
use crate::features::access::mails::AccessNews;
use crate::features::access::permission::{Basis, open_rights};
use crate::features::access::store::{AccessRow, GrantRole};
use crate::kernel::ids::{ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::permissions::{Right, Terms};

/// By what right a grant is held, what it allows and when. The form and the API check that the last day is not
/// before the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// By what right its holder has it.
    pub basis: Basis,
    /// How far each right goes.
    pub rights: Terms,
    /// The first day, where it does not count at once.
    pub starts_on: Option<Date>,
    /// The last day, where it has one.
    pub ends_on: Option<Date>,
}

impl GrantTerms {
    /// Those of a grant.
    pub fn of(row: &AccessRow) -> Self {
        Self { basis: row.basis, rights: row.terms(), starts_on: row.first_day(), ends_on: row.last_day() }
    }

    /// Is the last day, where there are both, not before the first?
    pub fn are_in_order(starts_on: Option<Date>, ends_on: Option<Date>) -> bool {
        starts_on.zip(ends_on).is_none_or(|(first, last)| first <= last)
    }

    fn write(&self, row: &mut AccessRow) {
        row.basis = self.basis;
        row.rights = self.rights.write();
        row.starts_on = self.starts_on.map(|day| day.to_string());
        row.ends_on = self.ends_on.map(|day| day.to_string());
    }

    /// Do they take anything away that `before` gave?
    fn narrows(&self, before: &Self) -> bool {
        let lower = Right::ALL.iter().any(|right| self.rights.level(*right) < before.rights.level(*right));
        let later = self.starts_on.is_some_and(|day| before.starts_on.is_none_or(|then| day > then));
        let sooner = self.ends_on.is_some_and(|day| before.ends_on.is_none_or(|then| day < then));
        lower || later || sooner || (self.basis.ends_at_majority() && !before.basis.ends_at_majority())
    }

    fn as_json(&self) -> serde_json::Value {
        serde_json::json!({
            "basis": self.basis,
            "rights": self.rights.write(),
            "starts_on": self.starts_on.map(|day| day.to_string()),
            "ends_on": self.ends_on.map(|day| day.to_string()),
        })
    }
}

/// Makes a related contact a representative, without an invitation.
pub(super) fn add(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    id: &ChartId,
    person: &PersonId,
    terms: &GrantTerms,
) -> Outcome<Done> {
    let files = pending.files();
    let Some(chart) = files.chart(id) else { return Ok(Err(Refused::NotFound)) };
    if chart.state != "open" {
        return Ok(Err(Refused::ChartClosed));
    }
    if chart.owner_person_id == *person {
        return Ok(Err(Refused::IsOwner));
    }
    if !files.family(chart).contains(person) {
        return Ok(Err(Refused::NotAContact));
    }
    // Only the client holds their own chart, and that without terms.
    if (terms.basis == Basis::Client) != (chart.person_id == *person) {
        return Ok(Err(Refused::OwnAccess));
    }
    let mut row = match files.grant(id, person) {
        Some(known) if known.role == GrantRole::Representative => return Ok(Err(Refused::HasAccess)),
        // Was the chart's owner once: the grant stays as it ended, with terms of its own.
        Some(known) => AccessRow { role: GrantRole::Representative, ..known.clone() },
        None => AccessRow::fresh(c, id, person, GrantRole::Representative, terms.basis),
    };
    let before = row.phase(c.now()).word();
    terms.write(&mut row);
    pending.record_about(c, &row, before, AccessAction::Added, terms.as_json());
    pending.save(&row);
    Ok(Ok(Done { chart: *id, access: Some(row.access_id), link: None }))
}

/// Changes what a grant allows, from the holder's next request on; not where somebody changed the grant after
/// the version that was `seen`, because theirs would be lost.
pub(super) fn change(
    c: &mut Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    (id, person): (&ChartId, &PersonId),
    seen: i64,
    terms: &GrantTerms,
    reason: &str,
) -> Outcome<Done> {
    let files = pending.files();
    let (Some(chart), Some(known)) = (files.chart(id), files.grant(id, person)) else {
        return Ok(Err(Refused::NotFound));
    };
    if terms.basis == Basis::Client || chart.person_id == *person {
        return Ok(Err(Refused::OwnAccess));
    }
    let before = GrantTerms::of(known);
    if before != *terms {
        if known.version != seen {
            return Ok(Err(Refused::Stale));
        }
        if terms.narrows(&before) && reason.is_empty() {
            return Ok(Err(Refused::NeedsReason));
        }
        let mut row = known.clone();
        let phase = row.phase(c.now()).word();
        terms.write(&mut row);
        let mut details = serde_json::json!({ "before": before.as_json(), "after": terms.as_json() });
        if !reason.is_empty() {
            details["reason"] = reason.into();
        }
        pending.record_about(c, &row, phase, AccessAction::TermsChanged, details);
        pending.save(&row);
        let limits = limits_of(c, &row.access_id)?.map(|(_, limits)| limits);
        let opens = |row: &AccessRow| {
            limits.as_ref().is_some_and(|limits| !open_rights(&limits.facts(row)).is_empty())
        };
        match (opens(known), opens(&row)) {
            (_, true) => pending.mail_news(&row, AccessNews::Changed),
            (true, false) => pending.mail_news(&row, AccessNews::Ended),
            (false, false) => {}
        }
    }
    Ok(Ok(Done { chart: *id, access: Some(known.access_id), link: None }))
}
