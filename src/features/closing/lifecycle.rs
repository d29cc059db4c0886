//! What closing, reopening, freezing and unfreezing make of a chart. Pure; the table is walked by the test.
//!
//! | event | open | open, frozen | closed | closed, frozen |
//! |---|---|---|---|---|
//! | close | closed | closed, frozen | unchanged | unchanged |
//! | reopen | unchanged | unchanged | open | open, frozen |
//! | freeze | open, frozen | unchanged | closed, frozen | unchanged |
//! | unfreeze | unchanged | open | unchanged | closed |
//!
//! Unchanged: somebody was faster.

use crate::word_enum;

word_enum! {
    /// Is a chart in use? As its row says it.
    pub enum ChartState {
        /// It is.
        Open = "open",
        /// It is not: clients may read what is in it, until a day or for good, and pay what is owed.
        Closed = "closed",
    }
}

/// Do clients ask for new appointments?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// As their rights say.
    Free,
    /// Not while the chart is frozen; everything else goes on.
    Frozen,
}

/// How a chart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// See [`ChartState`].
    pub state: ChartState,
    /// See [`Asking`].
    pub asking: Asking,
}

/// What staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Close it.
    Close,
    /// Open it again.
    Reopen,
    /// Take no new requests for appointments.
    Freeze,
    /// Take them again.
    Unfreeze,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It stands so from now on.
    Becomes(Standing),
    /// It is so already.
    Unchanged,
}

/// What an event makes of a chart.
pub fn decide(now: Standing, event: Event) -> Next {
    let next = match event {
        Event::Close => Standing { state: ChartState::Closed, ..now },
        Event::Reopen => Standing { state: ChartState::Open, ..now },
        Event::Freeze => Standing { asking: Asking::Frozen, ..now },
        Event::Unfreeze => Standing { asking: Asking::Free, ..now },
    };
    if next == now { Next::Unchanged } else { Next::Becomes(next) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table_holds() {
        let at = |state, asking| Standing { state, asking };
        let open = at(ChartState::Open, Asking::Free);
        let open_frozen = at(ChartState::Open, Asking::Frozen);
        let closed = at(ChartState::Closed, Asking::Free);
        let closed_frozen = at(ChartState::Closed, Asking::Frozen);
        let all = [open, open_frozen, closed, closed_frozen];
        let wanted = [
            (Event::Close, [Some(closed), Some(closed_frozen), None, None]),
            (Event::Reopen, [None, None, Some(open), Some(open_frozen)]),
            (Event::Freeze, [Some(open_frozen), None, Some(closed_frozen), None]),
            (Event::Unfreeze, [None, Some(open), None, Some(closed)]),
        ];
        for (event, row) in wanted {
            for (before, after) in all.into_iter().zip(row) {
                let next = after.map_or(Next::Unchanged, Next::Becomes);
                assert_eq!(decide(before, event), next, "{before:?} {event:?}");
            }
        }
    }
}
