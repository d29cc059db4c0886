//! Words of the calendar.

use crate::word_enum;

word_enum! {
    /// What kind of visit.
    pub enum VisitKind {
        /// The first one.
        FirstVisit = "first_visit",
        /// The usual one.
        Session = "session",
        /// A short one.
        CheckIn = "check_in",
        /// Anything else; the note says what.
        Other = "other",
    }
}

word_enum! {
    /// Who may ask for an opening of a type in the portal.
    pub enum WhoMayAsk {
        /// Every client.
        Clients = "clients",
        /// Nobody; staff book it.
        Nobody = "nobody",
    }
}

word_enum! {
    /// How one day differs from the weekly hours.
    pub enum DayEffect {
        /// Not available then, whatever the weekly hours say.
        Closed = "closed",
        /// Available then as well.
        Open = "open",
    }
}
