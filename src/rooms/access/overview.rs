//! One grant as staff pages and the API show it: state, delivery, timeline, what can be done.

use crate::kernel::clock::Moment;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::outbox::MailState;
use crate::rooms::access::lifecycle::Phase;

/// See the module.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The grant.
    pub access_id: AccessId,
    /// Its chart.
    pub chart_id: ChartId,
    /// Whose.
    pub person_id: PersonId,
    /// `owner` or `representative`.
    pub role: String,
    /// What people see.
    pub phase: Phase,
    /// The newest generation; 0 before the first.
    pub generation: i32,
    /// Since when it is in this state.
    pub since: Moment,
    /// Who brought it there; empty for the client's side.
    pub by_name: String,
    /// Why (revoked).
    pub reason: String,
    /// The address of the newest invitation.
    pub address: Option<String>,
    /// When the newest invitation was sent.
    pub sent_at: Option<Moment>,
    /// Until when its link is (or was) good.
    pub expires_at: Option<Moment>,
    /// Failed checks on it.
    pub mismatches: i32,
    /// When its holder asked for a new link.
    pub asked_at: Option<Moment>,
    /// Last sign-in of the account.
    pub last_sign_in_at: Option<Moment>,
    /// The newest mail of this grant.
    pub mail: Option<MailState>,
    /// Resends left today.
    pub resends_left: i32,
    /// When the next automatic reminder goes out.
    pub next_reminder_at: Option<Moment>,
    /// Everything that happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// When.
    pub at: Moment,
    /// What: an audit action (`access.invited`) or a mail's fate (`mail.sent`); the catalogue has
    /// `timeline-access-invited` and so on.
    pub what: String,
    /// By whom; empty for the client's side.
    pub by_name: String,
    /// Details for its words (which field differed, the address, a reason).
    pub details: serde_json::Value,
}

/// One grant's overview; `None` if this practice has no such grant.
pub fn overview_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Overview>, Fault> {
    let _ = (c, access);
    todo!()
}

/// The chart owner's grant first (made in memory as "not invited" if there is no row yet: then
/// `access_id` is `None` in the first place of the pair), then representatives.
pub fn overviews_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Overview>, Fault> {
    let _ = (c, chart);
    todo!()
}
