//! The feature's audit actions. Details name ids, versions and hashes; never a title, a text or a reason, which stand
//! in the document's own rows.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of documents and of files on their way in.
    pub enum DocumentAction {
        Created = "document.created", Plain, None;
        VersionAdded = "document.version", Plain, None;
        Shared = "document.shared", Waiting, None;
        ShareEnded = "document.share_ended", Stopped, None;
        Opened = "document.opened", Plain, None;
        Downloaded = "document.downloaded", Plain, None;
        ReadToEnd = "document.read_to_end", Plain, None;
        ReadByStaff = "document.read_by_staff", Plain, None;
        Refused = "document.refused", Plain, None;
        Withdrawn = "document.withdrawn", Stopped, None;
        Discarded = "document.discarded", Stopped, None;
        /// Only in trails from before documents were shared with grants: written and sent in one.
        Sent = "document.sent", Plain, None;
        Requested = "document.requested", Waiting, None;
        RequestAnswered = "document.request_answered", Good, None;
        RequestDeclined = "document.request_declined", Stopped, None;
        RequestTakenBack = "document.request_taken_back", Stopped, None;
        /// These four only in trails from before the step `document_requests`, as requests were called then.
        WishMade = "document.wish_made", Waiting, None;
        WishAnswered = "document.wish_answered", Good, None;
        WishDeclined = "document.wish_declined", Stopped, None;
        WishTakenBack = "document.wish_taken_back", Stopped, None;
        AuthorizationRevoked = "document.authorization_revoked", Attention, None;
        RevocationRecorded = "document.revocation_recorded", Attention, None;
        RevocationNoted = "document.revocation_noted", Plain, None;
        Offered = "document.offered", Waiting, None;
        Accepted = "document.accepted", Good, None;
        NotAccepted = "document.not_accepted", Stopped, None;
        TemplateSaved = "template.saved", Plain, None;
        TemplatePublished = "template.published", Good, None;
        TemplateRetired = "template.retired", Stopped, None;
        TemplateRestored = "template.restored", Plain, None;
        PacketSaved = "packet.saved", Plain, None;
        PacketRetired = "packet.retired", Stopped, None;
        PacketRestored = "packet.restored", Plain, None;
        PacketSent = "packet.sent", Waiting, None;
        PacketWithdrawn = "packet.withdrawn", Stopped, None;
        PacketSendingBegun = "packet.sending_begun", Waiting, None;
        PacketSendingDone = "packet.sending_done", Plain, None;
        SigningSent = "signing.sent", Waiting, None;
        SigningOpened = "signing.opened", Plain, None;
        Signed = "signing.signed", Good, None;
        SigningRefused = "signing.refused", Attention, None;
        SignerReplaced = "signing.replaced", Plain, None;
        SigningExtended = "signing.extended", Plain, None;
        SigningReminded = "signing.reminded", Plain, None;
        SigningCanceled = "signing.canceled", Stopped, None;
        SigningCompleted = "signing.completed", Good, None;
        SigningSealed = "signing.sealed", Good, None;
        InPersonStarted = "signing.in_person_started", Waiting, None;
        InPersonEnded = "signing.in_person_ended", Plain, None;
        BirthDateRight = "signing.birth_date_right", Plain, None;
        BirthDateWrong = "signing.birth_date_wrong", Attention, None;
        InPersonAgreed = "signing.in_person_agreed", Plain, None;
        SignedInPerson = "signing.signed_in_person", Good, None;
        RefusedInPerson = "signing.refused_in_person", Attention, None;
        ConsentGiven = "econsent.given", Good, None;
        ConsentWithdrawn = "econsent.withdrawn", Stopped, None;
        UploadRefused = "upload.refused", Attention, None;
        UploadHeld = "upload.held", Waiting, None;
        UploadQuarantined = "upload.quarantined", Attention, None;
        UploadGivenUp = "upload.given_up", Stopped, None;
        Damaged = "object.damaged", Attention, None;
    }
}
