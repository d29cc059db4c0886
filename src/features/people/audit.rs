//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of looking at charts.
    pub enum PeopleAction {
        Opened = "chart.opened", Plain, None;
    }
}
