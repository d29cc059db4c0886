//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of closing and freezing charts.
    pub enum ClosingAction {
        Closed = "chart.closed", Stopped, Optional;
        Reopened = "chart.reopened", Good, Optional;
        Frozen = "chart.frozen", Stopped, Optional;
        Unfrozen = "chart.unfrozen", Good, Optional;
    }
}
