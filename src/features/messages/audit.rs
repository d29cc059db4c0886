//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of threads. Never a word of a message.
    pub enum MessageAction {
        Opened = "thread.opened", Plain, None;
        Read = "thread.read", Plain, None;
        Replied = "thread.replied", Plain, None;
        FileOpened = "thread.file_opened", Plain, None;
        NoReplyNeeded = "thread.no_reply_needed", Plain, None;
        Closed = "thread.closed", Plain, None;
        Reopened = "thread.reopened", Plain, None;
        Transferred = "thread.transferred", Plain, None;
        /// Somebody else of the client's side reads it from there on, for a reason.
        PartyAdded = "thread.party_added", Attention, Required;
        /// Somebody of the client's side no longer takes part, for a reason.
        PartyEnded = "thread.party_ended", Attention, Required;
        Exported = "thread.exported", Plain, None;
        /// Somebody whose thread it is not read it, and said why.
        OpenedWithReason = "thread.opened_with_reason", Attention, Required;
        Withdrawn = "message.withdrawn", Plain, None;
        NoteWritten = "note.written", Plain, None;
        AwaySet = "away.set", Plain, None;
        AwayRemoved = "away.removed", Plain, None;
    }
}
