//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of grants and invitations.
    pub enum AccessAction {
        Invited = "access.invited", Waiting, None;
        Resent = "access.resent", Waiting, None;
        ResentElsewhere = "access.resent_elsewhere", Waiting, Required;
        LetterPrinted = "access.letter_printed", Waiting, None;
        Canceled = "access.canceled", Stopped, None;
        Unlocked = "access.unlocked", Waiting, None;
        Revoked = "access.revoked", Stopped, Optional;
        Left = "access.left", Stopped, None;
        Restored = "access.restored", Good, None;
        Registered = "access.registered", Good, None;
        CheckFailed = "access.check_failed", Attention, None;
        Locked = "access.locked", Attention, None;
        ChecksPaused = "access.checks_paused", Attention, None;
        Declined = "access.declined", Attention, None;
        NotNow = "access.not_now", Plain, None;
        Disowned = "access.disowned", Attention, None;
        Opened = "access.opened", Plain, None;
        Asked = "access.asked", Attention, None;
        Reminded = "access.reminded", Waiting, None;
        OwnerChanged = "access.owner_changed", Plain, Optional;
        OwnershipUndone = "access.ownership_undone", Plain, Optional;
        OwnershipMoved = "access.ownership_moved", Stopped, None;
        AddressChanged = "access.address_changed", Stopped, Optional;
        EmailChanged = "access.email_changed", Plain, Optional;
        Added = "access.added", Good, None;
        TermsChanged = "access.terms_changed", Attention, Optional;
        Paused = "access.paused", Stopped, Optional;
        Resumed = "access.resumed", Good, None;
        Withheld = "access.withheld", Stopped, Optional;
        GivenBack = "access.given_back", Good, None;
        NoteAdded = "access.note_added", Attention, None;
        NoteEnded = "access.note_ended", Plain, None;
        AssentGiven = "access.assent_given", Good, None;
        AssentTakenBack = "access.assent_taken_back", Stopped, None;
        Part2Given = "access.part2_given", Attention, None;
        Part2Revoked = "access.part2_revoked", Stopped, None;
        ClientStatusChanged = "access.client_status_changed", Attention, Optional;
        AgeRuleAdded = "access.age_rule_added", Plain, None;
        AgeRuleEnded = "access.age_rule_ended", Plain, None;
        LawChanged = "access.law_changed", Attention, None;
        Previewed = "access.previewed", Plain, None;
        ConcernRaised = "access.concern_raised", Attention, None;
        ConcernAnswered = "access.concern_answered", Good, None;
        SignedOut = "access.signed_out", Plain, None;
        SignInEmailChanged = "access.sign_in_email_changed", Plain, None;
        SignInEmailStopped = "access.sign_in_email_stopped", Attention, None;
        SignInEmailUndone = "access.sign_in_email_undone", Attention, None;
        PasswordResetSent = "access.password_reset_sent", Plain, None;
        /// Never in the trail: a timeline computes it.
        Expired = "access.expired", Attention, None;
    }
}
