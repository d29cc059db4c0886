//! What closing and reopening make of a chart. Pure; the table is walked by the test.
//!
//! | event | open | closed |
//! |---|---|---|
//! | close | closed | unchanged: somebody was faster |
//! | reopen | unchanged: somebody was faster | open |

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

/// What staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Close it.
    Close,
    /// Open it again.
    Reopen,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is in this state from now on.
    Becomes(ChartState),
    /// It is so already.
    Unchanged,
}

/// What an event makes of a chart.
pub const fn decide(state: ChartState, event: Event) -> Next {
    match (state, event) {
        (ChartState::Open, Event::Close) => Next::Becomes(ChartState::Closed),
        (ChartState::Closed, Event::Reopen) => Next::Becomes(ChartState::Open),
        (ChartState::Closed, Event::Close) | (ChartState::Open, Event::Reopen) => Next::Unchanged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table_holds() {
        let wanted = [
            (ChartState::Open, Event::Close, Next::Becomes(ChartState::Closed)),
            (ChartState::Open, Event::Reopen, Next::Unchanged),
            (ChartState::Closed, Event::Close, Next::Unchanged),
            (ChartState::Closed, Event::Reopen, Next::Becomes(ChartState::Open)),
        ];
        assert_eq!(wanted.len(), ChartState::ALL.len() * 2);
        for (state, event, next) in wanted {
            assert_eq!(decide(state, event), next, "{state} {event:?}");
        }
    }
}
