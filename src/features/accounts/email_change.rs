//! How a change of an account's e-mail address may go. Pure; its table is walked cell by cell.
//!
//! | event | requested, within 24 hours | confirmed, within 14 days | any other state, or later |
//! |---|---|---|---|
//! | confirm (from the new mailbox) | confirmed | – | – |
//! | stop (from the old mailbox, or by the holder) | stopped | – | – |
//! | replace (a newer request) | replaced | – | – |
//! | undo (from the old mailbox) | – | undone | – |
//! | undo of an earlier change | undone | undone | undone, where it is requested or confirmed |
//!
//! "–" is refused. What is over by time is computed and never stored.

use crate::kernel::clock::Timestamp;
use crate::word_enum;

/// Hours within which the new mailbox must confirm.
pub const CONFIRM_HOURS: i64 = 24;
/// Hours within which the old mailbox can take it back: 14 days.
pub const UNDO_HOURS: i64 = 14 * 24;

word_enum! {
    /// How a change stands.
    pub enum EmailChangeState {
        /// The new mailbox has not confirmed; the old address counts.
        Requested = "requested",
        /// The new address counts.
        Confirmed = "confirmed",
        /// Somebody stopped it.
        Stopped = "stopped",
        /// A newer request took its place.
        Replaced = "replaced",
        /// The old address counts again.
        Undone = "undone",
    }
}

/// What happens to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailChangeEvent {
    /// The new mailbox says yes.
    Confirm,
    /// The old mailbox, or the holder, says no.
    Stop,
    /// There is a newer request.
    Replace,
    /// The old mailbox takes it back.
    Undo,
    /// An earlier change was taken back, and with it what came after.
    UndoEarlier,
}

/// It is over, or was settled before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled;

/// When a change was asked for and when it was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the new mailbox confirmed.
    pub confirmed_at: Option<Timestamp>,
}

impl Times {
    /// Until when the new mailbox can confirm.
    pub fn confirm_until(self) -> Timestamp {
        self.requested_at.plus_hours(CONFIRM_HOURS)
    }

    /// Until when the old mailbox can take it back.
    pub fn undo_until(self) -> Option<Timestamp> {
        self.confirmed_at.map(|at| at.plus_hours(UNDO_HOURS))
    }
}

/// What an event makes of a change now.
pub fn decide(
    state: EmailChangeState,
    times: Times,
    event: EmailChangeEvent,
    now: Timestamp,
) -> Result<EmailChangeState, Settled> {
    use EmailChangeEvent::{Confirm, Replace, Stop, Undo, UndoEarlier};
    use EmailChangeState::{Confirmed, Replaced, Requested, Stopped, Undone};
    let is_open = state == Requested && now < times.confirm_until();
    let can_be_undone = state == Confirmed && times.undo_until().is_some_and(|until| now < until);
    match event {
        Confirm if is_open => Ok(Confirmed),
        Stop if is_open => Ok(Stopped),
        // A request that nobody confirmed in time makes room for a newer one.
        Replace if state == Requested => Ok(Replaced),
        Undo if can_be_undone => Ok(Undone),
        UndoEarlier if matches!(state, Requested | Confirmed) => Ok(Undone),
        _ => Err(Settled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EmailChangeEvent::{Confirm, Replace, Stop, Undo, UndoEarlier};
    use EmailChangeState::{Confirmed, Replaced, Requested, Stopped, Undone};

    const ASKED: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);
    const HOUR: i64 = 3_600;

    /// The answer for a change that was asked for at [`ASKED`] and, where it was, confirmed an hour later.
    fn at(state: EmailChangeState, event: EmailChangeEvent, seconds: i64) -> Option<EmailChangeState> {
        let confirmed_at = matches!(state, Confirmed | Undone).then(|| ASKED.plus_hours(1));
        decide(state, Times { requested_at: ASKED, confirmed_at }, event, ASKED.plus_seconds(seconds)).ok()
    }

    #[test]
    fn every_cell_of_the_table_holds_at_the_last_second_and_at_the_next() {
        let (last, over) = (24 * HOUR - 1, 24 * HOUR);
        let (undo_last, undo_over) = ((UNDO_HOURS + 1) * HOUR - 1, (UNDO_HOURS + 1) * HOUR);
        for state in EmailChangeState::ALL.iter().copied() {
            for (event, in_time, late) in [(Confirm, last, over), (Stop, last, over)] {
                let next = if event == Confirm { Confirmed } else { Stopped };
                assert_eq!(
                    at(state, event, in_time),
                    (state == Requested).then_some(next),
                    "{state} {event:?}"
                );
                assert_eq!(at(state, event, late), None, "{state} {event:?}");
            }
            for seconds in [0, over, undo_over] {
                assert_eq!(at(state, Replace, seconds), (state == Requested).then_some(Replaced), "{state}");
                let is_live = matches!(state, Requested | Confirmed);
                assert_eq!(at(state, UndoEarlier, seconds), is_live.then_some(Undone), "{state}");
            }
            assert_eq!(at(state, Undo, undo_last), (state == Confirmed).then_some(Undone), "{state}");
            assert_eq!(at(state, Undo, undo_over), None, "{state}");
        }
    }
}
