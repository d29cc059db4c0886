//! How a thread stands, and what moves it: one pure function, [`decide`].
//!
//! | event ↓ / stands → | waits for the practice | waits for the client | waits for nobody | closed |
//! |---|---|---|---|---|
//! | client writes | goes on waiting since the first question | waits for the practice | waits for the practice | reopened, waits for the practice |
//! | practice writes | waits for the client | stays | waits for the client | reopened, waits for the client |
//! | no reply needed | waits for nobody | nothing | nothing | nothing |
//! | close | closed | closed | closed | nothing |
//! | reopen | nothing | nothing | nothing | waits for nobody |
//!
//! Reading is no event: who opens a thread has not answered it.

use crate::features::messages::audit::MessageAction;
use crate::kernel::clock::Timestamp;
use crate::word_enum;

word_enum! {
    /// Is a thread in use?
    pub enum ThreadState {
        /// It is.
        Open = "open",
        /// Staff closed it; a new message opens it again.
        Closed = "closed",
    }
}

word_enum! {
    /// Whose turn it is.
    pub enum Waiting {
        /// The practice's.
        Practice = "practice",
        /// The client's.
        Client = "client",
        /// Nobody's.
        Nobody = "nobody",
    }
}

word_enum! {
    /// Who writes.
    pub enum Side {
        /// The client, or whoever acts for them.
        Client = "client",
        /// The practice.
        Practice = "practice",
    }
}

/// How a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client has been waiting for an answer since this moment.
    WaitsForPractice(Timestamp),
    /// The practice wrote last.
    WaitsForClient,
    /// Staff said that no reply is needed, or opened it again.
    WaitsForNobody,
    /// Staff closed it.
    Closed,
}

impl Standing {
    /// From its columns; `None` for what we never write.
    pub fn read(state: ThreadState, waiting: Waiting, asked_at: Option<Timestamp>) -> Option<Self> {
        match (state, waiting, asked_at) {
            (ThreadState::Open, Waiting::Practice, Some(since)) => Some(Self::WaitsForPractice(since)),
            (ThreadState::Open, Waiting::Client, None) => Some(Self::WaitsForClient),
            (ThreadState::Open, Waiting::Nobody, None) => Some(Self::WaitsForNobody),
            (ThreadState::Closed, Waiting::Nobody, None) => Some(Self::Closed),
            _ => None,
        }
    }

    /// As its columns hold it.
    pub fn columns(self) -> (ThreadState, Waiting, Option<Timestamp>) {
        match self {
            Self::WaitsForPractice(since) => (ThreadState::Open, Waiting::Practice, Some(since)),
            Self::WaitsForClient => (ThreadState::Open, Waiting::Client, None),
            Self::WaitsForNobody => (ThreadState::Open, Waiting::Nobody, None),
            Self::Closed => (ThreadState::Closed, Waiting::Nobody, None),
        }
    }
}

word_enum! {
    /// What happens to a thread.
    pub enum ThreadEvent {
        /// A client's message.
        ClientWrites = "client_writes",
        /// The practice's message.
        PracticeWrites = "practice_writes",
        /// Staff say that what was written needs no reply.
        NoReplyNeeded = "no_reply_needed",
        /// Staff close it.
        Close = "close",
        /// Staff open it again.
        Reopen = "reopen",
    }
}

/// What follows from an event, besides how the thread then stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The message becomes the thread's next one.
    Append(Side),
    /// Whoever reads on the client's side hears that something is new.
    NotifyClient,
    /// This stands in the audit trail.
    Record(MessageAction),
}

/// How a thread stands after an event, and what follows; `None` where it stands like that already: the event is
/// joined to the one that brought it there, and leaves nothing.
pub fn decide(before: Standing, event: ThreadEvent, now: Timestamp) -> Option<(Standing, Vec<Effect>)> {
    use Standing::{Closed, WaitsForClient, WaitsForNobody, WaitsForPractice};
    let reopened = (before == Closed).then_some(Effect::Record(MessageAction::Reopened));
    let written = |side, notice: Option<Effect>| {
        let message = [Effect::Append(side), Effect::Record(MessageAction::Replied)];
        reopened.into_iter().chain(message).chain(notice).collect()
    };
    match (event, before) {
        // A second question does not begin the wait anew.
        (ThreadEvent::ClientWrites, WaitsForPractice(since)) => {
            Some((WaitsForPractice(since), written(Side::Client, None)))
        }
        (ThreadEvent::ClientWrites, _) => Some((WaitsForPractice(now), written(Side::Client, None))),
        (ThreadEvent::PracticeWrites, _) => {
            Some((WaitsForClient, written(Side::Practice, Some(Effect::NotifyClient))))
        }
        (ThreadEvent::NoReplyNeeded, WaitsForPractice(_)) => {
            Some((WaitsForNobody, vec![Effect::Record(MessageAction::NoReplyNeeded)]))
        }
        (ThreadEvent::Close, WaitsForPractice(_) | WaitsForClient | WaitsForNobody) => {
            Some((Closed, vec![Effect::Record(MessageAction::Closed)]))
        }
        (ThreadEvent::Reopen, Closed) => {
            Some((WaitsForNobody, vec![Effect::Record(MessageAction::Reopened)]))
        }
        (ThreadEvent::NoReplyNeeded, WaitsForClient | WaitsForNobody | Closed)
        | (ThreadEvent::Close, Closed)
        | (ThreadEvent::Reopen, WaitsForPractice(_) | WaitsForClient | WaitsForNobody) => None,
    }
}

/// How a new thread stands after its first message, and what follows.
pub fn begin(side: Side, now: Timestamp) -> (Standing, Vec<Effect>) {
    let opened = [Effect::Append(side), Effect::Record(MessageAction::Opened)];
    match side {
        Side::Client => (Standing::WaitsForPractice(now), opened.into()),
        Side::Practice => {
            (Standing::WaitsForClient, opened.into_iter().chain([Effect::NotifyClient]).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Timestamp = Timestamp::from_micros(1_000_000);
    const NOW: Timestamp = Timestamp::from_micros(2_000_000);

    const STANDINGS: [Standing; 4] = [
        Standing::WaitsForPractice(FIRST),
        Standing::WaitsForClient,
        Standing::WaitsForNobody,
        Standing::Closed,
    ];

    fn word(standing: Standing) -> &'static str {
        match standing {
            Standing::WaitsForPractice(FIRST) => "practice since then",
            Standing::WaitsForPractice(NOW) => "practice since now",
            Standing::WaitsForPractice(_) => "practice since another moment",
            Standing::WaitsForClient => "client",
            Standing::WaitsForNobody => "nobody",
            Standing::Closed => "closed",
        }
    }

    fn effect_word(effect: &Effect) -> String {
        match effect {
            Effect::Append(side) => format!("append {side}"),
            Effect::NotifyClient => "notify".to_owned(),
            Effect::Record(action) => action.word().trim_start_matches("thread.").to_owned(),
        }
    }

    fn cell(standing: Standing, event: ThreadEvent) -> String {
        decide(standing, event, NOW).map_or_else(
            || "-".to_owned(),
            |(after, effects)| {
                let effects: Vec<String> = effects.iter().map(effect_word).collect();
                format!("{}: {}", word(after), effects.join(", "))
            },
        )
    }

    #[test]
    fn every_event_in_every_standing_does_what_the_table_says() {
        // Columns: waits for the practice, for the client, for nobody, closed.
        let table = [
            (
                ThreadEvent::ClientWrites,
                [
                    "practice since then: append client, replied",
                    "practice since now: append client, replied",
                    "practice since now: append client, replied",
                    "practice since now: reopened, append client, replied",
                ],
            ),
            (
                ThreadEvent::PracticeWrites,
                [
                    "client: append practice, replied, notify",
                    "client: append practice, replied, notify",
                    "client: append practice, replied, notify",
                    "client: reopened, append practice, replied, notify",
                ],
            ),
            (ThreadEvent::NoReplyNeeded, ["nobody: no_reply_needed", "-", "-", "-"]),
            (ThreadEvent::Close, ["closed: closed", "closed: closed", "closed: closed", "-"]),
            (ThreadEvent::Reopen, ["-", "-", "-", "nobody: reopened"]),
        ];
        assert_eq!(table.len(), ThreadEvent::ALL.len());
        for (event, cells) in table {
            for (standing, wanted) in STANDINGS.into_iter().zip(cells) {
                assert_eq!(cell(standing, event), wanted, "{event} where it stands at {}", word(standing));
            }
        }
    }

    #[test]
    fn only_an_answer_or_the_word_of_staff_ends_the_wait_and_twice_is_once() {
        for event in ThreadEvent::ALL {
            for standing in STANDINGS {
                let Some((after, effects)) = decide(standing, *event, NOW) else { continue };
                let waits = matches!(after, Standing::WaitsForPractice(_));
                let is_clients = *event == ThreadEvent::ClientWrites;
                assert_eq!(waits, is_clients, "{event} from {}", word(standing));
                assert!(!effects.is_empty());
                let is_a_message = effects.iter().any(|effect| matches!(effect, Effect::Append(_)));
                if !is_a_message {
                    assert_eq!(decide(after, *event, NOW), None, "{event} a second time");
                }
            }
        }
    }

    #[test]
    fn a_standing_survives_its_columns_and_no_other_columns_are_one() {
        for standing in STANDINGS {
            let (state, waiting, asked_at) = standing.columns();
            assert_eq!(Standing::read(state, waiting, asked_at), Some(standing));
        }
        let mut known = 0;
        for state in ThreadState::ALL {
            for waiting in Waiting::ALL {
                for asked_at in [None, Some(FIRST)] {
                    known += usize::from(Standing::read(*state, *waiting, asked_at).is_some());
                }
            }
        }
        assert_eq!(known, STANDINGS.len());
    }

    #[test]
    fn a_new_thread_waits_for_the_side_that_did_not_begin_it() {
        assert_eq!(begin(Side::Client, NOW).0, Standing::WaitsForPractice(NOW));
        let (standing, effects) = begin(Side::Practice, NOW);
        assert_eq!(standing, Standing::WaitsForClient);
        assert_eq!(
            effects,
            [Effect::Append(Side::Practice), Effect::Record(MessageAction::Opened), Effect::NotifyClient]
        );
    }
}
