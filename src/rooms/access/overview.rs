//! One grant as staff pages and the API show it: state, delivery, timeline, what can be done.

use crate::kernel::clock::Moment;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::outbox::MailState;
use crate::rooms::access::lifecycle::Phase;
use crate::rooms::access::store::{Channel, InvitationState};
use crate::word_enum;

word_enum! {
    /// What the holder of a grant is to the chart.
    pub enum GrantRole {
        /// The chart owner: the client or, after Change Ownership, a related contact.
        Owner = "owner",
        /// Another person whom the practice lets see the chart.
        Representative = "representative",
        /// Was the chart owner before Change Ownership.
        FormerOwner = "former_owner",
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The grant; `None` while nobody was ever invited.
    pub access_id: Option<AccessId>,
    /// Its chart.
    pub chart_id: ChartId,
    /// Whose.
    pub person_id: PersonId,
    /// Their full name, for staff.
    pub person_name: String,
    /// Owner or representative.
    pub role: GrantRole,
    /// What people see.
    pub phase: Phase,
    /// The newest generation; 0 before the first.
    pub generation: i32,
    /// Since when it is in this state (for "expired": since its end); the chart's age before the first.
    pub since: Moment,
    /// Who brought it there; empty for the client's side.
    pub by_name: String,
    /// Why (revoked).
    pub reason: String,
    /// The address of the newest invitation; `None` for a printed letter.
    pub address: Option<String>,
    /// The address that an invitation would go to now.
    pub address_on_file: Option<String>,
    /// Is that address known not to work?
    pub address_undeliverable: bool,
    /// Does the chart hold what the identity check needs (last name, birth date)?
    pub checkable: bool,
    /// When the newest invitation was sent.
    pub sent_at: Option<Moment>,
    /// Who sent it.
    pub sent_by: String,
    /// By mail or as a letter.
    pub channel: Option<Channel>,
    /// How it ended, if it did.
    pub ending: Option<InvitationState>,
    /// Until when its link is (or was) good.
    pub expires_at: Option<Moment>,
    /// Failed checks on it.
    pub mismatches: i32,
    /// When its holder asked for a new link.
    pub asked_at: Option<Moment>,
    /// The account behind it, once registered.
    pub account_id: Option<AccountId>,
    /// The account's sign-in name.
    pub sign_in_name: Option<String>,
    /// When they registered for this chart.
    pub registered_at: Option<Moment>,
    /// Last sign-in of the account.
    pub last_sign_in_at: Option<Moment>,
    /// The newest mail of this grant.
    pub mail: Option<MailState>,
    /// Resends left today.
    pub resends_left: i32,
    /// When the next one is possible, where none is left.
    pub next_resend_at: Option<Moment>,
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

impl TimelineEntry {
    /// Its sentence in the reader's language, without when and by whom.
    pub fn sentence(&self, words: Words) -> String {
        let _ = words;
        self.what.clone()
    }
}

/// One grant's overview; `None` if this practice has no such grant.
pub fn overview_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Overview>, Fault> {
    let _ = (c, access);
    todo!()
}

/// The chart owner's grant first (made in memory as "not invited" if there is no row yet: then its
/// `access_id` is `None`), then representatives, then former owners. Empty if there is no such chart.
pub fn overviews_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Overview>, Fault> {
    let _ = (c, chart);
    todo!()
}
