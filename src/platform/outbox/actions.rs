//! The audit actions of mail.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of mail.
    pub enum MailAction {
        /// Never in the trail: a timeline computes it.
        Queued = "mail.queued", Plain, None;
        Sent = "mail.sent", Waiting, None;
        Deferred = "mail.deferred", Plain, None;
        Delayed = "mail.delayed", Plain, None;
        Bounced = "mail.bounced", Attention, Optional;
        BouncedLate = "mail.bounced_late", Plain, None;
        Undeliverable = "mail.undeliverable", Attention, Optional;
        Cancelled = "mail.cancelled", Plain, Optional;
    }
}
