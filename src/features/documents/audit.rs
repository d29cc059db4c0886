//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of documents.
    pub enum DocumentAction {
        Sent = "document.sent", Plain, None;
        Opened = "document.opened", Plain, None;
        Downloaded = "document.downloaded", Plain, None;
        ReadByStaff = "document.read_by_staff", Plain, None;
        Refused = "document.refused", Plain, None;
        Withdrawn = "document.withdrawn", Plain, None;
    }
}
