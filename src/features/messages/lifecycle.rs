//! How a thread stands, and what moves it: one pure function, [`decide`].
//!
//! | event ↓ / stands → | waits for the practice | waits for the client | waits for nobody | closed |
//! |---|---|---|---|---|
//! | client writes | goes on waiting since the first question, and is due when that was | waits for the practice | waits for the practice | reopened, waits for the practice |
//! | practice writes | waits for the client | stays | waits for the client | reopened, waits for the client |
//! | no reply needed | waits for nobody | nothing | nothing | nothing |
//! | close | closed | closed | closed | nothing |
//! | reopen | nothing | nothing | nothing | waits for nobody |
//! | transfer | goes on waiting, and is due as the new audience promises | stays | stays | stays |
//! | somebody joins | stays | stays | stays | stays |
//! | somebody's part ends | stays | stays | stays | stays |
//! | take back an answer | waits since the question that the answer had ended | waits as before the answer | stays | stays |
//! | take back the only message | closed | closed | closed | closed |
//!
//! Reading is no event: who opens a thread has not answered it. The clock of what was promised starts with a wait and
//! stops with it. Late is computed from it, and no event.

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

/// A client's wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Since when.
    pub since: Timestamp,
    /// By when they were told to expect it.
    pub due_at: Timestamp,
}

impl Wait {
    /// Has it lasted longer than they were told?
    pub fn is_late(self, now: Timestamp) -> bool {
        now >= self.due_at
    }
}

/// How a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client waits for an answer.
    WaitsForPractice(Wait),
    /// The practice wrote last.
    WaitsForClient,
    /// Staff said that no reply is needed, or opened it again.
    WaitsForNobody,
    /// Staff closed it.
    Closed,
}

impl Standing {
    /// From its columns, a wait's as `asked_at` and `due_at`; `None` for what we never write.
    pub fn read(
        state: ThreadState,
        waiting: Waiting,
        wait: (Option<Timestamp>, Option<Timestamp>),
    ) -> Option<Self> {
        match (state, waiting, wait) {
            (ThreadState::Open, Waiting::Practice, (Some(since), Some(due_at))) => {
                Some(Self::WaitsForPractice(Wait { since, due_at }))
            }
            (ThreadState::Open, Waiting::Client, (None, None)) => Some(Self::WaitsForClient),
            (ThreadState::Open, Waiting::Nobody, (None, None)) => Some(Self::WaitsForNobody),
            (ThreadState::Closed, Waiting::Nobody, (None, None)) => Some(Self::Closed),
            _ => None,
        }
    }

    /// The client's wait, if they wait for an answer.
    pub fn wait(self) -> Option<Wait> {
        match self {
            Self::WaitsForPractice(wait) => Some(wait),
            Self::WaitsForClient | Self::WaitsForNobody | Self::Closed => None,
        }
    }

    /// As its columns hold it.
    pub fn columns(self) -> (ThreadState, Waiting, Option<Wait>) {
        match self {
            Self::WaitsForPractice(wait) => (ThreadState::Open, Waiting::Practice, Some(wait)),
            Self::WaitsForClient => (ThreadState::Open, Waiting::Client, None),
            Self::WaitsForNobody => (ThreadState::Open, Waiting::Nobody, None),
            Self::Closed => (ThreadState::Closed, Waiting::Nobody, None),
        }
    }
}

/// What happens to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadEvent {
    /// A client's message, and the wait that begins with it unless they wait already.
    ClientWrites(Wait),
    /// The practice's message.
    PracticeWrites,
    /// Staff say that what was written needs no reply.
    NoReplyNeeded,
    /// Staff close it.
    Close,
    /// Staff open it again.
    Reopen,
    /// It goes to another audience, which promises an answer to whoever waits by this moment.
    Transfer(Option<Timestamp>),
    /// Somebody else of the client's side takes part from here on.
    Join,
    /// Somebody of the client's side takes part no longer.
    Leave,
    /// The practice takes a message back that nobody has read.
    Withdraw(Left),
}

/// What a message that is taken back leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The wait that it had ended.
    Question(Wait),
    /// An earlier message of the practice.
    Answer,
    /// A message of the client that needed no reply.
    NoQuestion,
    /// No message at all.
    Nothing,
}

/// What follows from an event, besides how the thread then stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The message becomes the thread's next one.
    Append(Side),
    /// A line that says whom the thread is with from here on becomes its next one.
    AppendMoved,
    /// A line that says who takes part from here on becomes its next one, and they do.
    AppendJoined,
    /// A line that says who no longer takes part becomes its next one, and they do not.
    AppendLeft,
    /// The message is gone for the client's side.
    Withdraw,
    /// Nobody on the client's side takes part any more: nothing of it was ever read.
    EndParties,
    /// Whoever reads on the client's side hears that something is new.
    NotifyClient,
    /// Staff hear of it should the wait become longer than was promised.
    StartClock,
    /// They do not any more.
    StopClock,
    /// This stands in the audit trail.
    Record(MessageAction),
}

/// How a thread stands after an event, and what follows; `None` where it stands like that already: the event is
/// joined to the one that brought it there, and leaves nothing.
pub fn decide(before: Standing, event: ThreadEvent) -> Option<(Standing, Vec<Effect>)> {
    use Standing::{Closed, WaitsForClient, WaitsForNobody, WaitsForPractice};
    let reopened = (before == Closed).then_some(Effect::Record(MessageAction::Reopened));
    let written = |side, notice: Option<Effect>| {
        let message = [Effect::Append(side), Effect::Record(MessageAction::Replied)];
        reopened.into_iter().chain(message).chain(notice).collect()
    };
    let (after, mut effects): (Standing, Vec<Effect>) = match (event, before) {
        // A second question does not begin the wait anew.
        (ThreadEvent::ClientWrites(_), WaitsForPractice(wait)) => {
            (WaitsForPractice(wait), written(Side::Client, None))
        }
        (ThreadEvent::ClientWrites(wait), _) => (WaitsForPractice(wait), written(Side::Client, None)),
        (ThreadEvent::PracticeWrites, _) => {
            (WaitsForClient, written(Side::Practice, Some(Effect::NotifyClient)))
        }
        (ThreadEvent::NoReplyNeeded, WaitsForPractice(_)) => {
            (WaitsForNobody, vec![Effect::Record(MessageAction::NoReplyNeeded)])
        }
        (ThreadEvent::Close, WaitsForPractice(_) | WaitsForClient | WaitsForNobody) => {
            (Closed, vec![Effect::Record(MessageAction::Closed)])
        }
        (ThreadEvent::Reopen, Closed) => (WaitsForNobody, vec![Effect::Record(MessageAction::Reopened)]),
        (ThreadEvent::Transfer(due_at), _) => {
            let after = match (before, due_at) {
                (WaitsForPractice(wait), Some(due_at)) => WaitsForPractice(Wait { due_at, ..wait }),
                _ => before,
            };
            (after, vec![Effect::AppendMoved, Effect::Record(MessageAction::Transferred)])
        }
        (ThreadEvent::Join, _) => {
            let told =
                vec![Effect::AppendJoined, Effect::Record(MessageAction::PartyAdded), Effect::NotifyClient];
            (before, told)
        }
        // Nobody is called to read that somebody left.
        (ThreadEvent::Leave, _) => {
            (before, vec![Effect::AppendLeft, Effect::Record(MessageAction::PartyEnded)])
        }
        (ThreadEvent::Withdraw(left), _) => {
            let taken = vec![Effect::Withdraw, Effect::Record(MessageAction::Withdrawn)];
            match (left, before) {
                (Left::Nothing, _) => (Closed, [taken, vec![Effect::EndParties]].concat()),
                // Whoever wrote once more meanwhile has waited since the first question.
                (Left::Question(wait), WaitsForClient | WaitsForPractice(_)) => {
                    (WaitsForPractice(wait), taken)
                }
                (Left::NoQuestion, WaitsForClient) => (WaitsForNobody, taken),
                _ => (before, taken),
            }
        }
        (ThreadEvent::NoReplyNeeded, WaitsForClient | WaitsForNobody | Closed)
        | (ThreadEvent::Close, Closed)
        | (ThreadEvent::Reopen, WaitsForPractice(_) | WaitsForClient | WaitsForNobody) => return None,
    };
    effects.extend(clock(before.wait(), after.wait()));
    Some((after, effects))
}

fn clock(before: Option<Wait>, after: Option<Wait>) -> Vec<Effect> {
    match (before, after) {
        (None, Some(_)) => vec![Effect::StartClock],
        (Some(_), None) => vec![Effect::StopClock],
        (Some(before), Some(after)) if before != after => vec![Effect::StopClock, Effect::StartClock],
        (None, None) | (Some(_), Some(_)) => Vec::new(),
    }
}

/// Who begins a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// The client's side, which waits from then on.
    Client(Wait),
    /// The practice.
    Practice,
}

/// How a new thread stands after its first message, and what follows.
pub fn begin(beginning: Beginning) -> (Standing, Vec<Effect>) {
    let opened = |side, then| vec![Effect::Append(side), Effect::Record(MessageAction::Opened), then];
    match beginning {
        Beginning::Client(wait) => {
            (Standing::WaitsForPractice(wait), opened(Side::Client, Effect::StartClock))
        }
        Beginning::Practice => (Standing::WaitsForClient, opened(Side::Practice, Effect::NotifyClient)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn wait(seconds: i64) -> Wait {
        Wait {
            since: Timestamp::from_micros(seconds * 1_000_000),
            due_at: Timestamp::from_micros((seconds + 100) * 1_000_000),
        }
    }

    const FIRST: Wait = wait(1);
    const NOW: Wait = wait(2);

    const STANDINGS: [Standing; 4] = [
        Standing::WaitsForPractice(FIRST),
        Standing::WaitsForClient,
        Standing::WaitsForNobody,
        Standing::Closed,
    ];

    /// The question before the first, and when another audience answers the first.
    const OLDER: Wait = wait(0);
    const MOVED: Wait = Wait { since: FIRST.since, due_at: NOW.due_at };

    const EVENTS: [ThreadEvent; 12] = [
        ThreadEvent::ClientWrites(NOW),
        ThreadEvent::PracticeWrites,
        ThreadEvent::NoReplyNeeded,
        ThreadEvent::Close,
        ThreadEvent::Reopen,
        ThreadEvent::Transfer(Some(NOW.due_at)),
        ThreadEvent::Join,
        ThreadEvent::Leave,
        ThreadEvent::Withdraw(Left::Question(OLDER)),
        ThreadEvent::Withdraw(Left::Answer),
        ThreadEvent::Withdraw(Left::NoQuestion),
        ThreadEvent::Withdraw(Left::Nothing),
    ];

    fn word(standing: Standing) -> &'static str {
        match standing {
            Standing::WaitsForPractice(FIRST) => "practice since then",
            Standing::WaitsForPractice(NOW) => "practice since now",
            Standing::WaitsForPractice(OLDER) => "practice since before",
            Standing::WaitsForPractice(MOVED) => "practice since then, due anew",
            Standing::WaitsForPractice(_) => "practice since another moment",
            Standing::WaitsForClient => "client",
            Standing::WaitsForNobody => "nobody",
            Standing::Closed => "closed",
        }
    }

    fn effect_word(effect: &Effect) -> String {
        match effect {
            Effect::Append(side) => format!("append {side}"),
            Effect::AppendMoved => "append moved".to_owned(),
            Effect::AppendJoined => "append joined".to_owned(),
            Effect::AppendLeft => "append left".to_owned(),
            Effect::Withdraw => "withdraw".to_owned(),
            Effect::EndParties => "end parties".to_owned(),
            Effect::NotifyClient => "notify".to_owned(),
            Effect::StartClock => "start clock".to_owned(),
            Effect::StopClock => "stop clock".to_owned(),
            Effect::Record(action) => action.word().trim_start_matches("thread.").to_owned(),
        }
    }

    fn cell(standing: Standing, event: ThreadEvent) -> String {
        decide(standing, event).map_or_else(
            || "-".to_owned(),
            |(after, effects)| {
                let effects: Vec<String> = effects.iter().map(effect_word).collect();
                format!("{}: {}", word(after), effects.join(", "))
            },
        )
    }

    #[test]
    fn case_84_every_event_in_every_standing_does_what_the_table_says() {
        // Columns: waits for the practice, for the client, for nobody, closed.
        let table = [
            [
                "practice since then: append client, replied",
                "practice since now: append client, replied, start clock",
                "practice since now: append client, replied, start clock",
                "practice since now: reopened, append client, replied, start clock",
            ],
            [
                "client: append practice, replied, notify, stop clock",
                "client: append practice, replied, notify",
                "client: append practice, replied, notify",
                "client: reopened, append practice, replied, notify",
            ],
            ["nobody: no_reply_needed, stop clock", "-", "-", "-"],
            ["closed: closed, stop clock", "closed: closed", "closed: closed", "-"],
            ["-", "-", "-", "nobody: reopened"],
            [
                "practice since then, due anew: append moved, transferred, stop clock, start clock",
                "client: append moved, transferred",
                "nobody: append moved, transferred",
                "closed: append moved, transferred",
            ],
            [
                "practice since then: append joined, party_added, notify",
                "client: append joined, party_added, notify",
                "nobody: append joined, party_added, notify",
                "closed: append joined, party_added, notify",
            ],
            [
                "practice since then: append left, party_ended",
                "client: append left, party_ended",
                "nobody: append left, party_ended",
                "closed: append left, party_ended",
            ],
            [
                "practice since before: withdraw, message.withdrawn, stop clock, start clock",
                "practice since before: withdraw, message.withdrawn, start clock",
                "nobody: withdraw, message.withdrawn",
                "closed: withdraw, message.withdrawn",
            ],
            [
                "practice since then: withdraw, message.withdrawn",
                "client: withdraw, message.withdrawn",
                "nobody: withdraw, message.withdrawn",
                "closed: withdraw, message.withdrawn",
            ],
            [
                "practice since then: withdraw, message.withdrawn",
                "nobody: withdraw, message.withdrawn",
                "nobody: withdraw, message.withdrawn",
                "closed: withdraw, message.withdrawn",
            ],
            [
                "closed: withdraw, message.withdrawn, end parties, stop clock",
                "closed: withdraw, message.withdrawn, end parties",
                "closed: withdraw, message.withdrawn, end parties",
                "closed: withdraw, message.withdrawn, end parties",
            ],
        ];
        assert_eq!(table.len(), EVENTS.len());
        for (event, cells) in EVENTS.into_iter().zip(table) {
            for (standing, wanted) in STANDINGS.into_iter().zip(cells) {
                assert_eq!(cell(standing, event), wanted, "{event:?} where it stands at {}", word(standing));
            }
        }
    }

    #[test]
    fn only_an_answer_or_the_word_of_staff_ends_the_wait_and_twice_is_once() {
        let is_of_talk = |event: &ThreadEvent| {
            !matches!(
                event,
                ThreadEvent::Transfer(_) | ThreadEvent::Join | ThreadEvent::Leave | ThreadEvent::Withdraw(_)
            )
        };
        for event in EVENTS.into_iter().filter(is_of_talk) {
            for standing in STANDINGS {
                let Some((after, effects)) = decide(standing, event) else { continue };
                let is_clients = matches!(event, ThreadEvent::ClientWrites(_));
                assert_eq!(after.wait().is_some(), is_clients, "{event:?} from {}", word(standing));
                let starts = effects.contains(&Effect::StartClock);
                let stops = effects.contains(&Effect::StopClock);
                assert_eq!(starts, standing.wait().is_none() && after.wait().is_some());
                assert_eq!(stops, standing.wait().is_some() && after.wait().is_none());
                let is_a_message = effects.iter().any(|effect| matches!(effect, Effect::Append(_)));
                if !is_a_message {
                    assert_eq!(decide(after, event), None, "{event:?} a second time");
                }
            }
        }
    }

    #[test]
    fn case_85_a_transfer_keeps_since_when_somebody_waits_and_who_does_not_wait() {
        for standing in STANDINGS {
            for due_at in [None, Some(NOW.due_at)] {
                let (after, _) = decide(standing, ThreadEvent::Transfer(due_at)).expect("a line");
                assert_eq!(after.wait().map(|wait| wait.since), standing.wait().map(|wait| wait.since));
                assert_eq!(after.wait().is_some(), standing.wait().is_some(), "{}", word(standing));
            }
        }
    }

    #[test]
    fn a_standing_survives_its_columns_and_no_other_columns_are_one() {
        for standing in STANDINGS {
            let (state, waiting, wait) = standing.columns();
            let read = Standing::read(state, waiting, (wait.map(|w| w.since), wait.map(|w| w.due_at)));
            assert_eq!(read, Some(standing));
        }
        let mut known = 0;
        for state in ThreadState::ALL {
            for waiting in Waiting::ALL {
                for since in [None, Some(FIRST.since)] {
                    for due_at in [None, Some(FIRST.due_at)] {
                        known += usize::from(Standing::read(*state, *waiting, (since, due_at)).is_some());
                    }
                }
            }
        }
        assert_eq!(known, STANDINGS.len());
    }

    #[test]
    fn a_wait_is_late_from_its_due_moment_on() {
        let almost = Timestamp::from_micros(FIRST.due_at.micros() - 1);
        assert_eq!((FIRST.is_late(almost), FIRST.is_late(FIRST.due_at)), (false, true));
    }

    #[test]
    fn a_new_thread_waits_for_the_side_that_did_not_begin_it() {
        let (standing, effects) = begin(Beginning::Client(NOW));
        assert_eq!(standing, Standing::WaitsForPractice(NOW));
        assert_eq!(
            effects,
            [Effect::Append(Side::Client), Effect::Record(MessageAction::Opened), Effect::StartClock]
        );
        let (standing, effects) = begin(Beginning::Practice);
        assert_eq!(standing, Standing::WaitsForClient);
        assert_eq!(
            effects,
            [Effect::Append(Side::Practice), Effect::Record(MessageAction::Opened), Effect::NotifyClient]
        );
    }
}
