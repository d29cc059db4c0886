//! The life of what a client asks for or sends: the one pure function that decides what becomes of it.

use crate::word_enum;

word_enum! {
    /// What a client wants.
    pub enum RequestKind {
        /// A document of the practice's.
        Wanted = "wanted",
        /// That the practice takes a file of theirs.
        Offered = "offered",
    }
}

word_enum! {
    /// Where a request stands.
    pub enum RequestState {
        /// It waits for the practice.
        Open = "open",
        /// A document was shared for it, or made of it.
        Answered = "answered",
        /// The practice said no, and why.
        Declined = "declined",
        /// The client took it back.
        TakenBack = "taken_back",
    }
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff share a document for it, or make one of it.
    Answer,
    /// Staff say no.
    Decline,
    /// The client takes it back.
    TakeBack,
}

/// Decides; where it is over already, how it ended.
pub fn decide(state: RequestState, event: Event) -> Result<RequestState, RequestState> {
    match (state, event) {
        (RequestState::Open, Event::Answer) => Ok(RequestState::Answered),
        (RequestState::Open, Event::Decline) => Ok(RequestState::Declined),
        (RequestState::Open, Event::TakeBack) => Ok(RequestState::TakenBack),
        (over @ (RequestState::Answered | RequestState::Declined | RequestState::TakenBack), _) => Err(over),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        let events = [
            (Event::Answer, RequestState::Answered),
            (Event::Decline, RequestState::Declined),
            (Event::TakeBack, RequestState::TakenBack),
        ];
        for (event, next) in events {
            for state in RequestState::ALL {
                let wanted = if *state == RequestState::Open { Ok(next) } else { Err(*state) };
                assert_eq!(decide(*state, event), wanted, "{event:?} in {state}");
            }
        }
    }
}
