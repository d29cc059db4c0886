//! The feature's audit actions. Details name fields; never a value, a name or a reason, which stand in the rows.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of what clients change of their information.
    pub enum InfoAction {
        Submitted = "info.submitted", Waiting, None;
        TakenBack = "info.taken_back", Stopped, None;
        Taken = "info.taken", Good, None;
        Left = "info.left", Stopped, None;
        Seen = "info.seen", Plain, None;
        EmergencyChanged = "info.emergency_changed", Plain, None;
        PolicyChanged = "info.policy_changed", Plain, None;
    }
}
