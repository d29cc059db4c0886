//! The life of what a client asks for or sends: the one pure function that decides what becomes of it.

use crate::word_enum;

word_enum! {
    /// What a client wants.
    pub enum WishKind {
        /// A document of the practice's.
        Wanted = "wanted",
        /// That the practice takes a file of theirs.
        Offered = "offered",
    }
}

word_enum! {
    /// Where a request stands.
    pub enum WishState {
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
pub fn decide(state: WishState, event: Event) -> Result<WishState, WishState> {
    match (state, event) {
        (WishState::Open, Event::Answer) => Ok(WishState::Answered),
        (WishState::Open, Event::Decline) => Ok(WishState::Declined),
        (WishState::Open, Event::TakeBack) => Ok(WishState::TakenBack),
        (over @ (WishState::Answered | WishState::Declined | WishState::TakenBack), _) => Err(over),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        let events = [
            (Event::Answer, WishState::Answered),
            (Event::Decline, WishState::Declined),
            (Event::TakeBack, WishState::TakenBack),
        ];
        for (event, next) in events {
            for state in WishState::ALL {
                let wanted = if *state == WishState::Open { Ok(next) } else { Err(*state) };
                assert_eq!(decide(*state, event), wanted, "{event:?} in {state}");
            }
        }
    }
}
