//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of somebody who leaves.
    pub enum LeavingAction {
        HandedOver = "staff.handed_over", Plain, None;
    }
}
