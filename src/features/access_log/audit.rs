//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of a client's log.
    pub enum AccessLogAction {
        Suspended = "log.suspended", Stopped, Optional;
        Resumed = "log.resumed", Good, None;
    }
}
