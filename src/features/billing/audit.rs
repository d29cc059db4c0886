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
        SharesSet = "charge.payers_set", Plain, Optional;
        FeeAgreed = "charge.fee_agreed", Plain, Optional;
        ServiceAdded = "charge.service_added", Plain, None;
        ServiceSaved = "charge.service_saved", Plain, None;
        PriceSet = "charge.price_set", Plain, None;
        IdentitySet = "charge.identity_set", Plain, None;
        /// What a code of a diagnosis stands for was said.
        DiagnosisWordsSet = "charge.diagnosis_words_set", Plain, None;
        CoverageAdded = "charge.coverage_added", Plain, None;
        InsurerShifted = "adjust.insurer", Plain, Optional;
        RemittanceEntered = "payment.remittance_entered", Good, None;
        RemittanceLine = "payment.remittance_line", Plain, None;
        InvoiceIssued = "statement.invoice_issued", Plain, None;
        InvoiceVoided = "statement.invoice_voided", Attention, Optional;
        InvoiceViewed = "statement.invoice_viewed", Plain, None;
        SuperbillMade = "statement.superbill_made", Plain, None;
        SuperbillViewed = "statement.superbill_viewed", Plain, None;
        DisputeOpened = "payment.dispute_opened", Attention, None;
        DisputeWon = "payment.dispute_won", Good, None;
        DisputeLost = "payment.dispute_lost", Attention, None;
        CurrencySet = "ledger.currency_set", Plain, None;
    }
}
