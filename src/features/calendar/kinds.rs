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
    /// What becomes of an appointment of several clients when one of them cancels.
    pub enum OneCancels {
        /// It stays as it is for the others.
        Keep = "keep",
        /// It is canceled for all of them.
        All = "all",
        /// It stays until staff say.
        Ask = "ask",
    }
}

/// How many clients come to an appointment at most, and what becomes of it when one of several cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// How many.
    pub most: i32,
    /// What becomes of it.
    pub one_cancels: OneCancels,
}

impl Seats {
    /// One client, as most appointments have.
    pub const ONE: Self = Self { most: 1, one_cancels: OneCancels::Keep };
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
