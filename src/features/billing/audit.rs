//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of charges, payments and statements. Details hold ids and amounts.
    pub enum BillingAction {
        ChargePosted = "charge.posted", Plain, None;
        ChargeVoided = "charge.voided", Stopped, Told;
        Adjusted = "adjust.made", Plain, Told;
        AdjustmentUndone = "adjust.undone", Attention, Told;
        PaymentRecorded = "payment.recorded", Good, None;
        PaymentUndone = "payment.undone", Attention, Told;
        RefundPaid = "refund.paid", Plain, Told;
        RefundCanceled = "refund.canceled", Attention, Told;
        StatementMade = "statement.made", Plain, None;
        StatementViewed = "statement.viewed", Plain, None;
        CurrencySet = "ledger.currency_set", Plain, None;
    }
}
