//! The steps of somebody who signs in person, and how it ends: pure.

use crate::kernel::clock::Timestamp;
use crate::word_enum;

/// How long the signer has, in minutes.
pub const MINUTES: i64 = 30;

word_enum! {
    /// How it ended, where something ended it. That its time is over is computed and never stored.
    pub enum Ending {
        /// They signed.
        Signed = "signed",
        /// They refused.
        Refused = "refused",
        /// They gave the device back.
        GivenBack = "given_back",
        /// Too many birth dates were wrong.
        WrongBirthDates = "wrong_birth_dates",
    }
}

/// What has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// When the device was handed over.
    pub started_at: Timestamp,
    /// When the right birth date was typed.
    pub confirmed_at: Option<Timestamp>,
    /// When they agreed to sign electronically.
    pub consented_at: Option<Timestamp>,
    /// When they said that they have read the document.
    pub read_at: Option<Timestamp>,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// What is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To confirm the birth date.
    BirthDate,
    /// To agree to sign electronically.
    Consent,
    /// To read the document.
    Read,
    /// To sign.
    Sign,
    /// Nothing: it ended.
    Over(Ending),
    /// Nothing: its time is over.
    TimeOver,
}

impl Stage {
    /// May the signer see what the document says? Nobody does before the birth date is right.
    pub fn shows_document(self) -> bool {
        matches!(self, Self::Read | Self::Sign)
    }

    /// May the signer still do something?
    pub fn is_running(self) -> bool {
        !matches!(self, Self::Over(_) | Self::TimeOver)
    }
}

impl Steps {
    /// What is next at `now`.
    pub fn stage(&self, now: Timestamp) -> Stage {
        match self.ending {
            Some(ending) => Stage::Over(ending),
            None if now >= self.ends_at() => Stage::TimeOver,
            None if self.confirmed_at.is_none() => Stage::BirthDate,
            None if self.consented_at.is_none() => Stage::Consent,
            None if self.read_at.is_none() => Stage::Read,
            None => Stage::Sign,
        }
    }

    /// When its time is over.
    pub fn ends_at(&self) -> Timestamp {
        self.started_at.plus_seconds(MINUTES * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        let at = Timestamp::from_micros;
        let started_at = at(0);
        let end = MINUTES * 60 * 1_000_000;
        let maybe = |is_done: bool| is_done.then(|| at(1));
        let endings: Vec<Option<Ending>> = Ending::ALL.iter().copied().map(Some).chain([None]).collect();
        let mut cells = 0;
        for ending in endings {
            for done in 0..8 {
                for now in [0, end - 1, end, end + 1] {
                    let [confirmed, consented, read] = [1, 2, 4].map(|bit| done & bit > 0);
                    let steps = Steps {
                        started_at,
                        confirmed_at: maybe(confirmed),
                        consented_at: maybe(consented),
                        read_at: maybe(read),
                        ending,
                    };
                    let wanted = match (ending, now < end, confirmed, consented, read) {
                        (Some(ending), ..) => Stage::Over(ending),
                        (None, false, ..) => Stage::TimeOver,
                        (None, true, false, _, _) => Stage::BirthDate,
                        (None, true, true, false, _) => Stage::Consent,
                        (None, true, true, true, false) => Stage::Read,
                        (None, true, true, true, true) => Stage::Sign,
                    };
                    let stage = steps.stage(at(now));
                    assert_eq!(stage, wanted, "{steps:?} at {now}");
                    assert!(!stage.shows_document() || (confirmed && consented), "{steps:?} at {now}");
                    assert_eq!(stage.is_running(), ending.is_none() && now < end, "{steps:?} at {now}");
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 5 * 8 * 4);
    }
}
