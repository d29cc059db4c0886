//! The life of a file on its way in: the one pure function that decides what becomes of it.

use crate::word_enum;

word_enum! {
    /// Where an upload stands.
    pub enum UploadState {
        /// Its bytes come in.
        Receiving = "receiving",
        /// They are stored, and the virus scanner could not look through them yet.
        Checking = "checking",
        /// They are stored and checked, and no document has them yet.
        Ready = "ready",
        /// A document has them.
        Published = "published",
        /// Its file was not taken.
        Rejected = "rejected",
        /// The virus scanner found something in it. Its bytes are kept for a while, and nobody reads them.
        Quarantined = "quarantined",
        /// It broke off, or nobody made a document of it, or nobody waited for it any more.
        Expired = "expired",
    }
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// More of it came in.
    GoOn,
    /// Nothing speaks against it.
    Clean,
    /// The virus scanner found something in it.
    Infected,
    /// The virus scanner could not check it, and it may wait until it can.
    Unscanned,
    /// Something else speaks against it.
    Refuse,
    /// A document or a message has it from now on.
    Publish,
    /// Nothing has it any more.
    PutBack,
    /// Nobody waits for it any more.
    GiveUp,
    /// Its time is over.
    TimeOver,
}

/// Decides; where it does not happen, where the upload stands.
pub fn decide(state: UploadState, event: Event) -> Result<UploadState, UploadState> {
    use UploadState::{Checking, Expired, Published, Quarantined, Ready, Receiving, Rejected};
    match (state, event) {
        (Receiving, Event::GoOn) => Ok(Receiving),
        (Receiving | Checking, Event::Clean) => Ok(Ready),
        (Receiving | Checking, Event::Infected) => Ok(Quarantined),
        (Receiving | Checking, Event::Unscanned) => Ok(Checking),
        (Receiving | Checking | Ready, Event::Refuse) => Ok(Rejected),
        (Receiving | Checking | Ready, Event::GiveUp | Event::TimeOver) => Ok(Expired),
        (Ready, Event::Publish) => Ok(Published),
        (Published, Event::PutBack) => Ok(Ready),
        (Quarantined, Event::TimeOver) => Ok(Rejected),
        (state, _) => Err(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UploadState::{Checking, Expired, Published, Quarantined, Ready, Receiving, Rejected};

    #[test]
    fn every_cell_of_the_table() {
        // In the order of the events below; `None` where nothing happens.
        let no = None;
        let table: [(UploadState, [Option<UploadState>; 9]); 7] = [
            (
                Receiving,
                [
                    Some(Receiving),
                    Some(Ready),
                    Some(Quarantined),
                    Some(Checking),
                    Some(Rejected),
                    no,
                    no,
                    Some(Expired),
                    Some(Expired),
                ],
            ),
            (
                Checking,
                [
                    no,
                    Some(Ready),
                    Some(Quarantined),
                    Some(Checking),
                    Some(Rejected),
                    no,
                    no,
                    Some(Expired),
                    Some(Expired),
                ],
            ),
            (Ready, [no, no, no, no, Some(Rejected), Some(Published), no, Some(Expired), Some(Expired)]),
            (Published, [no, no, no, no, no, no, Some(Ready), no, no]),
            (Rejected, [no; 9]),
            (Quarantined, [no, no, no, no, no, no, no, no, Some(Rejected)]),
            (Expired, [no; 9]),
        ];
        let events = [
            Event::GoOn,
            Event::Clean,
            Event::Infected,
            Event::Unscanned,
            Event::Refuse,
            Event::Publish,
            Event::PutBack,
            Event::GiveUp,
            Event::TimeOver,
        ];
        assert_eq!(table.map(|(state, _)| state).as_slice(), UploadState::ALL);
        for (state, row) in table {
            for (event, wanted) in events.into_iter().zip(row) {
                assert_eq!(decide(state, event), wanted.ok_or(state), "{event:?} in {state}");
            }
        }
    }

    #[test]
    fn case_9_nothing_but_a_clean_verdict_leads_to_where_a_document_can_have_it() {
        for state in UploadState::ALL {
            for event in [Event::Infected, Event::Unscanned, Event::Refuse, Event::GiveUp, Event::TimeOver] {
                assert!(!matches!(decide(*state, event), Ok(Ready | Published)), "{event:?} in {state}");
            }
        }
        assert_eq!(decide(Checking, Event::Publish), Err(Checking));
        assert_eq!(decide(Quarantined, Event::Clean), Err(Quarantined));
    }
}
