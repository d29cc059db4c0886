//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of the practice.
    pub enum PracticeAction {
        Created = "practice.created", Plain, None;
        ProfileChanged = "practice.profile_changed", Plain, None;
        PolicyChanged = "practice.policy_changed", Plain, None;
        PlaceAdded = "practice.place_added", Plain, None;
        PlaceChanged = "practice.place_changed", Plain, None;
        PlaceClosed = "practice.place_closed", Plain, None;
        PlaceReopened = "practice.place_reopened", Plain, None;
        AuditExported = "practice.audit_exported", Plain, None;
        QuestionAdded = "practice.question_added", Plain, None;
        QuestionChanged = "practice.question_changed", Plain, None;
        QuestionMoved = "practice.question_moved", Plain, None;
        QuestionDeleted = "practice.question_deleted", Plain, None;
    }
}
