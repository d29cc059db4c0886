//! The feature's audit actions.

use crate::audit_actions;

audit_actions! {
    /// What the audit trail says of appointments and requests for them.
    pub enum AppointmentAction {
        Requested = "appointment.requested", Plain, None;
        RequestWithdrawn = "appointment.request_withdrawn", Plain, None;
        Booked = "appointment.booked", Plain, None;
        Confirmed = "appointment.confirmed", Plain, None;
        Declined = "appointment.declined", Plain, None;
        Offered = "appointment.offered", Plain, None;
        Accepted = "appointment.accepted", Plain, None;
        Countered = "appointment.countered", Plain, None;
        RequestEnded = "appointment.request_ended", Plain, None;
        HoldOverridden = "appointment.hold_overridden", Attention, None;
        FeedMade = "appointment.feed_made", Plain, None;
        FeedRevoked = "appointment.feed_revoked", Plain, None;
        FeedRead = "appointment.feed_read", Plain, None;
        Moved = "appointment.moved", Plain, None;
        Canceled = "appointment.canceled", Stopped, None;
        HoursAdded = "appointment.hours_added", Plain, None;
        HoursRemoved = "appointment.hours_removed", Plain, None;
        DayAdded = "appointment.day_added", Plain, None;
        DayRemoved = "appointment.day_removed", Plain, None;
        TimeOffAdded = "appointment.time_off_added", Plain, None;
        TimeOffRemoved = "appointment.time_off_removed", Plain, None;
        ClosureAdded = "appointment.closure_added", Plain, None;
        ClosureRemoved = "appointment.closure_removed", Plain, None;
        TypeAdded = "appointment.type_added", Plain, None;
        TypeChanged = "appointment.type_changed", Plain, None;
        TypeClosed = "appointment.type_closed", Plain, None;
        TypeReopened = "appointment.type_reopened", Plain, None;
        LateCanceled = "appointment.late_canceled", Attention, None;
        SeriesMade = "appointment.series_made", Plain, None;
        SeriesChanged = "appointment.series_changed", Plain, None;
        SeriesEnded = "appointment.series_ended", Stopped, None;
        SeriesExtended = "appointment.series_extended", Plain, None;
        Arrived = "appointment.arrived", Plain, None;
        PartyAdded = "appointment.party_added", Plain, None;
        PartyRemoved = "appointment.party_removed", Stopped, None;
        Kept = "appointment.kept", Plain, None;
        NoShow = "appointment.no_show", Attention, None;
        Undone = "appointment.undone", Plain, None;
        VideoLinkSet = "video.link_set", Plain, None;
        VideoLinkRemoved = "video.link_removed", Plain, None;
        VideoJoined = "video.joined", Plain, None;
    }
}
