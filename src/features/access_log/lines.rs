//! Which events of the audit trail a client is told of, and how. A line never names an item: what is withheld, or meant
//! for somebody else, stays unknown.

use jiff::civil::Date;

use crate::features::access::papers_of_staff;
use crate::features::access_log::{store, suspension_store};
use crate::features::accounts::holders_of;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, ChartId, EventId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;

/// What is told, by the trail's word; the catalogue has `access-log-WORD`.
pub const TOLD: &[&str] = &[
    "document.opened",
    "document.downloaded",
    "document.read_by_staff",
    "document.shared",
    "document.withdrawn",
    "document.authorization_revoked",
    "document.revocation_recorded",
    "signing.sent",
    "signing.signed",
    "signing.refused",
    "signing.signed_in_person",
    "signing.refused_in_person",
    "thread.opened",
    "thread.read",
    "thread.file_opened",
    "thread.replied",
    "thread.exported",
    "thread.opened_with_reason",
    "thread.party_added",
    "thread.party_ended",
    "statement.made",
    "statement.viewed",
    "payment.started",
    "payment.recorded",
    "charge.posted",
    "refund.asked",
    "info.submitted",
    "info.taken_back",
    "info.taken",
    "info.left",
    "appointment.booked",
    "appointment.moved",
    "appointment.canceled",
    "appointment.late_canceled",
    "appointment.requested",
    "video.joined",
    "chart.opened",
    "appointment.request_withdrawn",
    "appointment.confirmed",
    "appointment.declined",
    "chart.changed",
    "chart.closed",
    "chart.reopened",
    "chart.frozen",
    "chart.unfrozen",
    "access.previewed",
    "access.added",
    "access.terms_changed",
    "access.paused",
    "access.resumed",
    "access.revoked",
    "access.left",
    "access.restored",
    "access.owner_changed",
    "access.ownership_undone",
];

/// Days for which the log reaches back: six years.
const DAYS: i64 = 6 * 365 + 2;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The reader.
    You,
    /// Somebody else with access.
    Holder(String),
    /// A staff member, with the name they had, and what they are now.
    Staff(String, Option<Role>),
    /// A program of the practice.
    Program(String),
}

/// One line.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The event.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// One of [`TOLD`].
    pub action: String,
}

/// Whose acts a reader is told of.
#[derive(Clone, Copy, Debug)]
pub enum Acts<'a> {
    /// Everybody's: the client's own log, which this account reads.
    All(Option<&'a AccountId>),
    /// This account's alone.
    Own(&'a AccountId),
}

/// Whose lines an official's word keeps hidden today: kind and id.
fn hidden(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(String, String)>, Fault> {
    let suspended = suspension_store::not_ended(c, chart)?;
    if suspended.is_empty() {
        return Ok(Vec::new());
    }
    let today = practice::load(c)?.today(c.now());
    // A day that cannot be read never comes: what is hidden stays so.
    let is_live = |until: &str| until.parse::<Date>().map_or(true, |last| today <= last);
    Ok(suspended
        .into_iter()
        .filter(|row| is_live(&row.until_on))
        .map(|row| (row.actor_kind, row.actor_id))
        .collect())
}

/// The newest lines of a chart's log, older than an event.
pub fn log_of_chart(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    acts: Acts<'_>,
    before: Option<EventId>,
    most: i64,
) -> Result<Vec<LogLine>, Fault> {
    let (reader, only) = match acts {
        Acts::All(reader) => (reader.map(ToString::to_string), None),
        Acts::Own(account) => (Some(account.to_string()), Some(account.to_string())),
    };
    let since = c.now().plus_hours(-24 * DAYS);
    let hidden = hidden(c, chart)?;
    // Court papers are staff's alone: that somebody read one would tell that it is there.
    let papers = if only.is_none() { papers_of_staff(c, chart)? } else { Vec::new() };
    let left_out = store::LeftOut { actors: &hidden, papers: &papers };
    let events = store::events(c, chart, TOLD, (since, before), (only.as_deref(), left_out), most)?;
    let ids = |kind: &'static str| {
        events.iter().filter(move |event| event.actor_kind == kind).map(|event| &event.actor_id)
    };
    let staff: Vec<StaffId> = ids("staff").filter_map(|id| id.parse().ok()).collect();
    let accounts: Vec<AccountId> = ids("account").filter_map(|id| id.parse().ok()).collect();
    let roles = if staff.is_empty() { Vec::new() } else { store::roles(c, &staff)? };
    let holders = if accounts.is_empty() { None } else { Some(holders_of(c, &accounts)?) };
    let who = |event: &store::LogEvent| match event.actor_kind.as_str() {
        "account" if reader.as_ref() == Some(&event.actor_id) => Who::You,
        "account" => {
            let account: Option<AccountId> = event.actor_id.parse().ok();
            let name = account.and_then(|id| holders.as_ref()?.who(&id, Some(chart)));
            Who::Holder(name.unwrap_or_default())
        }
        "api_key" => Who::Program(event.actor_name.clone()),
        _ => {
            let id: Option<StaffId> = event.actor_id.parse().ok();
            let role = roles.iter().find(|(of, _)| Some(*of) == id).map(|(_, role)| *role);
            Who::Staff(event.actor_name.clone(), role)
        }
    };
    Ok(events
        .iter()
        .map(|event| LogLine {
            id: event.event_id,
            at: event.at,
            who: who(event),
            action: event.action.clone(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::ALL;
    use crate::platform::i18n::{Language, Words};

    #[test]
    fn case_46_each_line_is_an_action_of_a_feature_and_has_its_sentence() {
        let known: Vec<&str> =
            ALL.iter().flat_map(|feature| feature.audit_actions).map(|action| action.word).collect();
        for action in TOLD {
            assert!(known.contains(action), "{action} is no action");
            for language in [Language::English, Language::Spanish] {
                let key = format!("access-log-{}", action.replace(['.', '_'], "-"));
                assert!(Words::of(language).find(&key).is_some(), "{key}");
            }
        }
    }
}
