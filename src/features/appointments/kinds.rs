//! Words for what is booked and asked for.

use crate::word_enum;

word_enum! {
    /// Where a client would like to meet.
    pub enum PlaceWish {
        /// At the practice.
        Office = "office",
        /// By video.
        Video = "video",
        /// Either is fine.
        Either = "either",
    }
}

word_enum! {
    /// Where a request stands.
    pub enum RequestState {
        /// The practice has not answered yet.
        Waiting = "waiting",
        /// The practice has offered other times, and the client has not answered yet.
        Offered = "offered",
        /// There is an appointment.
        Confirmed = "confirmed",
        /// The practice said no, with an answer.
        Declined = "declined",
        /// The client took it back.
        Withdrawn = "withdrawn",
    }
}

word_enum! {
    /// What was said in a request between its question and its end.
    pub enum StepAct {
        /// The practice offered other times.
        Offer = "offer",
        /// The client asked for other times than those.
        Counter = "counter",
    }
}

word_enum! {
    /// Why the practice canceled an appointment.
    pub enum CancelReason {
        /// The client asked for it, by phone or in person.
        ClientAsked = "client_asked",
        /// Whoever would see the client cannot.
        ClinicianAway = "clinician_away",
        /// The practice is closed then.
        PracticeClosed = "practice_closed",
        /// It was booked by mistake.
        Mistake = "mistake",
        /// Something else; the words may say what.
        Other = "other",
    }
}
