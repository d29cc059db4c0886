//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of the ledger.
    pub enum LedgerAction {
        Recorded = "ledger.recorded", Plain, None;
    }
}
