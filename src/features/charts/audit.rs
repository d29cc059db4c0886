//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of charts.
    pub enum ChartAction {
        Created = "chart.created", Plain, None;
        Changed = "chart.changed", Plain, None;
        AddressTrusted = "chart.address_trusted", Plain, None;
        Imported = "charts.imported", Plain, None;
    }
}
