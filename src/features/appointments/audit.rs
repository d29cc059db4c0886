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
        Moved = "appointment.moved", Plain, None;
        Canceled = "appointment.canceled", Stopped, None;
        LateCanceled = "appointment.late_canceled", Attention, None;
    }
}
