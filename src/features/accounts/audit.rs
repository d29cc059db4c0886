//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of clients' accounts and their sign-in.
    pub enum AccountAction {
        SignedIn = "account.signed_in", Plain, None;
        SignedOut = "account.signed_out", Plain, None;
        SignInFailed = "account.sign_in_failed", Plain, None;
        SignInPaused = "account.sign_in_paused", Plain, None;
        SignInWithoutAccess = "account.sign_in_without_access", Plain, None;
        SessionsEnded = "account.sessions_ended", Plain, None;
        ResetSent = "account.reset_sent", Plain, None;
        PasswordSet = "account.password_set", Plain, None;
        PasswordChanged = "account.password_changed", Plain, None;
        MailWishesSet = "account.mail_wishes_set", Plain, None;
        SafeContactSet = "account.safe_contact_set", Plain, None;
        EmailChangeAsked = "account.email_change_asked", Waiting, None;
        EmailChangeStopped = "account.email_change_stopped", Stopped, None;
        EmailChanged = "account.email_changed", Plain, None;
        EmailChangeUndone = "account.email_change_undone", Attention, None;
        PasswordChangeFailed = "account.password_change_failed", Plain, None;
    }
}
