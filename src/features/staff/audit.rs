//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of staff and their sign-in.
    pub enum StaffAction {
        SignedIn = "staff.signed_in", Plain, None;
        SignedOut = "staff.signed_out", Plain, None;
        SignedOutEverywhere = "staff.signed_out_everywhere", Plain, None;
        SignInFailed = "staff.sign_in_failed", Plain, None;
        SignInPaused = "staff.sign_in_paused", Plain, None;
        Unlocked = "staff.unlocked", Plain, None;
        UnlockFailed = "staff.unlock_failed", Plain, None;
        PasswordForgotten = "staff.password_forgotten", Plain, None;
        PasswordSet = "staff.password_set", Plain, None;
        PasswordChanged = "staff.password_changed", Plain, None;
        OwnSessionsEnded = "staff.own_sessions_ended", Plain, None;
        Added = "staff.added", Plain, None;
        LinkMade = "staff.link_made", Plain, None;
        LinkSent = "staff.link_sent", Plain, None;
        RoleChanged = "staff.role_changed", Plain, None;
        Disabled = "staff.disabled", Plain, None;
        Enabled = "staff.enabled", Plain, None;
    }
}

audit_actions! {
    /// What the audit trail says of API keys.
    pub enum ApiKeyAction {
        Created = "api_key.created", Plain, None;
        Revoked = "api_key.revoked", Plain, None;
    }
}
