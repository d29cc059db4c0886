//! One field of a submission: what may become of it. Pure; the table below is walked cell by cell.
//!
//! | event | pending | told | any other state |
//! |---|---|---|---|
//! | take, on file as it was shown | taken | – | – |
//! | take, on file something else | refused: changed meanwhile | – | – |
//! | leave | left | – | – |
//! | take back (client) | taken back | – | – |
//! | replace (a newer value of the same field) | superseded | – | – |
//! | see | – | seen | – |
//!
//! "–" is refused: it is decided already, or there is nothing to decide.

use crate::features::people::ClientChange;
use crate::word_enum;

word_enum! {
    /// How a field of a submission stands.
    pub enum FieldState {
        /// It was written at once.
        Written = "written",
        /// It was written at once; staff have not seen it yet.
        Told = "told",
        /// Staff have seen what was written.
        Seen = "seen",
        /// It waits for staff.
        Pending = "pending",
        /// Staff wrote it.
        Taken = "taken",
        /// Staff did not write it, and said why.
        Left = "left",
        /// A newer value of the same field came.
        Superseded = "superseded",
        /// The client took it back.
        TakenBack = "taken_back",
    }
}

impl FieldState {
    /// Do staff have to look at it?
    pub const fn waits(self) -> bool {
        matches!(self, Self::Pending | Self::Told)
    }
}

/// What stands on file now, beside what whoever decides was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFile {
    /// The same.
    AsShown,
    /// Somebody has changed it since.
    Changed,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEvent {
    /// Staff write it.
    Take(OnFile),
    /// Staff do not write it.
    Leave,
    /// Staff have seen what was written.
    See,
    /// The client does not want it any more.
    TakeBack,
    /// A newer value of the same field comes.
    Replace,
}

/// Why nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is decided, or there was nothing to decide.
    Decided,
    /// The file holds another value than was shown: look at it first.
    ChangedMeanwhile,
}

/// How a field begins; `None` where the client cannot change it.
pub const fn begin(change: ClientChange) -> Option<FieldState> {
    match change {
        ClientChange::Now => Some(FieldState::Written),
        ClientChange::Told => Some(FieldState::Told),
        ClientChange::Review => Some(FieldState::Pending),
        ClientChange::Locked => None,
    }
}

/// What an event makes of a field.
pub const fn decide(state: FieldState, event: FieldEvent) -> Result<FieldState, Refusal> {
    match (state, event) {
        (FieldState::Pending, FieldEvent::Take(OnFile::AsShown)) => Ok(FieldState::Taken),
        (FieldState::Pending, FieldEvent::Take(OnFile::Changed)) => Err(Refusal::ChangedMeanwhile),
        (FieldState::Pending, FieldEvent::Leave) => Ok(FieldState::Left),
        (FieldState::Pending, FieldEvent::TakeBack) => Ok(FieldState::TakenBack),
        (FieldState::Pending, FieldEvent::Replace) => Ok(FieldState::Superseded),
        (FieldState::Told, FieldEvent::See) => Ok(FieldState::Seen),
        _ => Err(Refusal::Decided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [FieldEvent; 6] = [
        FieldEvent::Take(OnFile::AsShown),
        FieldEvent::Take(OnFile::Changed),
        FieldEvent::Leave,
        FieldEvent::See,
        FieldEvent::TakeBack,
        FieldEvent::Replace,
    ];

    #[test]
    fn every_cell_of_the_table_holds() {
        let of_pending = [
            Ok(FieldState::Taken),
            Err(Refusal::ChangedMeanwhile),
            Ok(FieldState::Left),
            Err(Refusal::Decided),
            Ok(FieldState::TakenBack),
            Ok(FieldState::Superseded),
        ];
        for state in FieldState::ALL {
            for (event, of_pending) in EVENTS.into_iter().zip(of_pending) {
                let wanted = match (state, event) {
                    (FieldState::Pending, _) => of_pending,
                    (FieldState::Told, FieldEvent::See) => Ok(FieldState::Seen),
                    _ => Err(Refusal::Decided),
                };
                assert_eq!(decide(*state, event), wanted, "{state} {event:?}");
            }
        }
    }

    #[test]
    fn what_is_decided_waits_for_nobody_and_nothing_waits_twice() {
        for state in FieldState::ALL {
            for event in EVENTS {
                if let Ok(next) = decide(*state, event) {
                    assert!(state.waits() && !next.waits(), "{state} {event:?} {next}");
                }
            }
        }
        let begun: Vec<_> = ClientChange::ALL.iter().map(|change| begin(*change)).collect();
        assert_eq!(
            begun,
            [Some(FieldState::Written), Some(FieldState::Told), Some(FieldState::Pending), None]
        );
    }
}
