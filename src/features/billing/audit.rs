//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of charges, payments and statements. Details hold ids and amounts.
    pub enum BillingAction {
        ChargePosted = "charge.posted", Plain, None;
        ChargeVoided = "charge.voided", Stopped, Optional;
        Adjusted = "adjust.made", Plain, Optional;
        AdjustmentUndone = "adjust.undone", Attention, Optional;
        PaymentRecorded = "payment.recorded", Good, None;
        PaymentUndone = "payment.undone", Attention, Optional;
        PaymentStarted = "payment.started", Plain, None;
        PaymentSucceeded = "payment.succeeded", Good, None;
        PaymentFailed = "payment.failed", Attention, None;
        PaymentExpired = "payment.expired", Plain, None;
        PaymentDiffers = "payment.differs", Attention, None;
        RefundDiffers = "refund.differs", Attention, None;
        PaymentOrphan = "payment.orphan", Attention, None;
        RefundAsked = "refund.asked", Plain, Optional;
        RefundArrived = "refund.arrived", Plain, None;
        RefundFailed = "refund.failed", Attention, None;
        RefundAtProvider = "refund.at_provider", Attention, None;
        ProviderConnected = "provider.connected", Attention, None;
        ProviderDisconnected = "provider.disconnected", Attention, None;
        RefundPaid = "refund.paid", Plain, Optional;
        RefundCanceled = "refund.canceled", Attention, Optional;
        StatementMade = "statement.made", Plain, None;
        StatementViewed = "statement.viewed", Plain, None;
        CurrencySet = "ledger.currency_set", Plain, None;
    }
}
