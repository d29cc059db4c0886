//! The life of a request to sign: the one pure function that decides what may happen to it and to each of its signers.

use crate::kernel::clock::Timestamp;
use crate::word_enum;

word_enum! {
    /// Where a request stands, as its row says.
    pub enum SigningState {
        /// Signatures are missing.
        Open = "open",
        /// Everybody signed.
        Completed = "completed",
        /// Somebody refused.
        Refused = "refused",
        /// The practice canceled it, or withdrew the document.
        Canceled = "canceled",
    }
}

word_enum! {
    /// Where a signer stands.
    pub enum SignerState {
        /// Others sign first.
        Waiting = "waiting",
        /// It is their turn.
        Ready = "ready",
        /// They signed.
        Signed = "signed",
        /// They refused.
        Refused = "refused",
        /// It was over before they signed, or somebody else signs in their place.
        Ended = "ended",
    }
}

impl SignerState {
    /// Have they neither signed nor refused, and may still?
    pub fn is_asked(self) -> bool {
        matches!(self, Self::Waiting | Self::Ready)
    }
}

word_enum! {
    /// How a request stands now. That it expired is computed and never stored.
    pub enum Standing {
        /// Signatures are missing.
        Open = "open",
        /// Signatures are missing, and the deadline is over.
        Expired = "expired",
        /// Everybody signed.
        Completed = "completed",
        /// Somebody refused.
        Refused = "refused",
        /// The practice canceled it, or withdrew the document.
        Canceled = "canceled",
    }
}

/// How a request of this state and deadline stands at `now`.
pub fn standing(state: SigningState, deadline: Timestamp, now: Timestamp) -> Standing {
    match state {
        SigningState::Open if now >= deadline => Standing::Expired,
        SigningState::Open => Standing::Open,
        SigningState::Completed => Standing::Completed,
        SigningState::Refused => Standing::Refused,
        SigningState::Canceled => Standing::Canceled,
    }
}

/// A signer's place. Equal positions sign in any order, higher ones after lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// From 1.
    pub position: i32,
    /// See [`SignerState`].
    pub state: SignerState,
}

/// What a signer has done before they sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// All that is needed.
    Done,
    /// What they read is not the version that they were asked to sign.
    OtherVersion,
    /// It is an authorization whose last day is over.
    LastDayOver,
    /// Both parents must sign, by a court order, and one is asked without the other.
    OneParentAlone,
    /// They sign in person, and their time with the practice's device is over.
    DeviceBack,
    /// They sign in person, and have not confirmed their birth date.
    NotConfirmed,
    /// They have not agreed to sign electronically.
    NoConsent,
    /// They have not opened it.
    NotRead,
}

/// How a new time to sign lies to the one in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewTime {
    /// It ends later.
    Longer,
    /// It ends at the same moment, as after a second click.
    Same,
    /// It ends earlier: nothing is taken from the signers.
    Shorter,
    /// The one in force goes to the last day of an authorization, and nobody signs after that.
    PastLastDay,
    /// The last day of an authorization is over.
    LastDayOver,
}

impl NewTime {
    /// Compares a time to sign that is to be set with the one in force. `last` is the end of an authorization's last day.
    pub fn of(new: Timestamp, in_force: Timestamp, last: Option<Timestamp>, now: Timestamp) -> Self {
        if last.is_some_and(|last| last <= now) {
            return Self::LastDayOver;
        }
        let until = last.map_or(new, |last| new.min(last));
        if until > in_force {
            Self::Longer
        } else if new > in_force {
            Self::PastLastDay
        } else if new == in_force {
            Self::Same
        } else {
            Self::Shorter
        }
    }
}

/// What is to happen. A signer is named by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A signer signs.
    Sign(usize, Preparation),
    /// A signer refuses.
    Refuse(usize),
    /// Staff put somebody else in a signer's place, who gets a seat of their own in the same position.
    Replace(usize),
    /// Staff cancel it, or withdraw the document.
    Cancel,
    /// Staff set a new time to sign.
    Extend(NewTime),
    /// Staff remind those whose turn it is.
    Remind,
}

/// What then is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The request.
    pub state: SigningState,
    /// Its signers, in the same order.
    pub seats: Vec<SignerState>,
}

/// Why it does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request is over, or expired.
    Over(Standing),
    /// They have signed.
    AlreadySigned,
    /// Others sign first.
    NotYourTurn,
    /// They are not asked any more.
    NotAsked,
    /// Something is to be done before they sign.
    Unprepared(Preparation),
    /// The new time to sign is not a longer one.
    NotLonger(NewTime),
}

/// The seats of a new request: those of the lowest position begin.
pub fn begin(positions: &[i32]) -> Vec<Seat> {
    let first = positions.iter().min().copied().unwrap_or(1);
    let state = |position| if position == first { SignerState::Ready } else { SignerState::Waiting };
    positions.iter().map(|position| Seat { position: *position, state: state(*position) }).collect()
}

/// Decides.
pub fn decide(standing: Standing, seats: &[Seat], event: Event) -> Result<Next, Refusal> {
    use SignerState::{Ended, Ready, Refused, Signed, Waiting};
    let states = || seats.iter().map(|seat| seat.state);
    let others_end = |state: SignerState| if state.is_asked() { Ended } else { state };
    let seat = match event {
        Event::Sign(at, _) | Event::Refuse(at) | Event::Replace(at) => {
            Some(seats.get(at).ok_or(Refusal::NotAsked)?.state)
        }
        Event::Cancel | Event::Extend(_) | Event::Remind => None,
    };
    // Said first, so that whoever signs twice learns that they have signed, whatever became of it since.
    if seat == Some(Signed) {
        return Err(Refusal::AlreadySigned);
    }
    match (standing, event) {
        (Standing::Completed | Standing::Refused | Standing::Canceled, _)
        | (Standing::Expired, Event::Sign(..) | Event::Refuse(_) | Event::Remind) => {
            Err(Refusal::Over(standing))
        }
        (_, Event::Sign(..) | Event::Refuse(_) | Event::Replace(_))
            if matches!(seat, Some(Refused | Ended)) =>
        {
            Err(Refusal::NotAsked)
        }
        (_, Event::Sign(..) | Event::Refuse(_)) if seat == Some(Waiting) => Err(Refusal::NotYourTurn),
        (_, Event::Sign(_, preparation)) if preparation != Preparation::Done => {
            Err(Refusal::Unprepared(preparation))
        }
        (_, Event::Sign(by, _)) => {
            let seats: Vec<Seat> = seats
                .iter()
                .enumerate()
                .map(|(at, seat)| if at == by { Seat { state: Signed, ..*seat } } else { *seat })
                .collect();
            Ok(after_signature(&seats))
        }
        (_, Event::Refuse(by)) => Ok(Next {
            state: SigningState::Refused,
            seats: states()
                .enumerate()
                .map(|(at, state)| if at == by { Refused } else { others_end(state) })
                .collect(),
        }),
        (_, Event::Replace(by)) => Ok(Next {
            state: SigningState::Open,
            seats: states().enumerate().map(|(at, state)| if at == by { Ended } else { state }).collect(),
        }),
        (_, Event::Cancel) => {
            Ok(Next { state: SigningState::Canceled, seats: states().map(others_end).collect() })
        }
        (_, Event::Extend(NewTime::Longer | NewTime::Same)) => {
            Ok(Next { state: SigningState::Open, seats: states().collect() })
        }
        (_, Event::Extend(time)) => Err(Refusal::NotLonger(time)),
        (_, Event::Remind) if states().all(|state| state != Ready) => Err(Refusal::NotAsked),
        (_, Event::Remind) => Ok(Next { state: SigningState::Open, seats: states().collect() }),
    }
}

/// Whose turn it is after a signature, or that it was the last one.
fn after_signature(seats: &[Seat]) -> Next {
    let asked = |state: SignerState| move |seat: &&Seat| seat.state == state;
    let states: Vec<SignerState> = seats.iter().map(|seat| seat.state).collect();
    if seats.iter().any(|seat| seat.state == SignerState::Ready) {
        return Next { state: SigningState::Open, seats: states };
    }
    match seats.iter().filter(asked(SignerState::Waiting)).map(|seat| seat.position).min() {
        None => Next { state: SigningState::Completed, seats: states },
        Some(next) => {
            let turn = |seat: &Seat| match seat.state {
                SignerState::Waiting if seat.position == next => SignerState::Ready,
                state => state,
            };
            Next { state: SigningState::Open, seats: seats.iter().map(turn).collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignerState::{Ended, Ready, Refused, Signed, Waiting};

    fn seats(of: &[(i32, SignerState)]) -> Vec<Seat> {
        of.iter().map(|(position, state)| Seat { position: *position, state: *state }).collect()
    }

    fn next(state: SigningState, seats: &[SignerState]) -> Result<Next, Refusal> {
        Ok(Next { state, seats: seats.to_vec() })
    }

    /// The first signer in each state, the second whose turn it is: every event in every standing.
    #[test]
    fn every_cell_of_the_table() {
        use Refusal::{AlreadySigned, NotAsked, NotLonger, NotYourTurn, Over, Unprepared};
        use SigningState as S;
        let done = Preparation::Done;
        // What an open request answers, by the first signer's state.
        let open = |event: Event, first: SignerState| -> Result<Next, Refusal> {
            let stays = next(S::Open, &[first, Ready]);
            match (event, first) {
                (Event::Sign(..) | Event::Refuse(_) | Event::Replace(_), Signed) => Err(AlreadySigned),
                (Event::Sign(..) | Event::Refuse(_) | Event::Replace(_), Refused | Ended) => Err(NotAsked),
                (Event::Sign(..) | Event::Refuse(_), Waiting) => Err(NotYourTurn),
                (Event::Sign(_, Preparation::Done), Ready) => next(S::Open, &[Signed, Ready]),
                (Event::Sign(_, lacks), Ready) => Err(Unprepared(lacks)),
                (Event::Refuse(_), Ready) => next(S::Refused, &[Refused, Ended]),
                (Event::Replace(_), Waiting | Ready) => next(S::Open, &[Ended, Ready]),
                (Event::Cancel, Waiting | Ready) => next(S::Canceled, &[Ended, Ended]),
                (Event::Cancel, _) => next(S::Canceled, &[first, Ended]),
                (Event::Extend(NewTime::Longer | NewTime::Same) | Event::Remind, _) => stays,
                (Event::Extend(time), _) => Err(NotLonger(time)),
            }
        };
        let events = [
            Event::Sign(0, done),
            Event::Sign(0, Preparation::OtherVersion),
            Event::Sign(0, Preparation::LastDayOver),
            Event::Sign(0, Preparation::OneParentAlone),
            Event::Sign(0, Preparation::DeviceBack),
            Event::Sign(0, Preparation::NotConfirmed),
            Event::Sign(0, Preparation::NoConsent),
            Event::Sign(0, Preparation::NotRead),
            Event::Refuse(0),
            Event::Replace(0),
            Event::Cancel,
            Event::Extend(NewTime::Longer),
            Event::Extend(NewTime::Same),
            Event::Extend(NewTime::Shorter),
            Event::Extend(NewTime::PastLastDay),
            Event::Extend(NewTime::LastDayOver),
            Event::Remind,
        ];
        let mut cells = 0;
        for standing in Standing::ALL {
            for first in SignerState::ALL {
                for event in events {
                    let names = matches!(event, Event::Sign(..) | Event::Refuse(_) | Event::Replace(_));
                    let is_late = matches!(event, Event::Sign(..) | Event::Refuse(_) | Event::Remind);
                    let wanted = match standing {
                        _ if names && *first == Signed => Err(AlreadySigned),
                        Standing::Completed | Standing::Refused | Standing::Canceled => Err(Over(*standing)),
                        Standing::Expired if is_late => Err(Over(*standing)),
                        Standing::Open | Standing::Expired => open(event, *first),
                    };
                    let seats = seats(&[(1, *first), (1, Ready)]);
                    assert_eq!(decide(*standing, &seats, event), wanted, "{event:?}, {standing}, {first}");
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 5 * 5 * 17);
        assert_eq!(decide(Standing::Open, &[], Event::Sign(0, done)), Err(NotAsked), "nobody's seat");
        let nobody = seats(&[(1, Signed), (2, Ended)]);
        assert_eq!(decide(Standing::Open, &nobody, Event::Remind), Err(NotAsked), "nobody to remind");
    }

    #[test]
    fn case_36_after_each_signature_exactly_the_next_ones_have_their_turn() {
        let sign = |seats: &[Seat], at| decide(Standing::Open, seats, Event::Sign(at, Preparation::Done));
        let in_order = begin(&[3, 1, 2]);
        assert_eq!(in_order, seats(&[(3, Waiting), (1, Ready), (2, Waiting)]));
        assert_eq!(sign(&in_order, 1), next(SigningState::Open, &[Waiting, Signed, Ready]));
        let then = seats(&[(3, Waiting), (1, Signed), (2, Ready)]);
        assert_eq!(sign(&then, 0), Err(Refusal::NotYourTurn));
        assert_eq!(sign(&then, 2), next(SigningState::Open, &[Ready, Signed, Signed]));
        let last = seats(&[(3, Ready), (1, Signed), (2, Signed)]);
        assert_eq!(sign(&last, 0), next(SigningState::Completed, &[Signed, Signed, Signed]));
        // Two at once, then one.
        let both = begin(&[1, 1, 2]);
        assert_eq!(sign(&both, 0), next(SigningState::Open, &[Signed, Ready, Waiting]));
        let second = seats(&[(1, Signed), (1, Ready), (2, Waiting)]);
        assert_eq!(sign(&second, 1), next(SigningState::Open, &[Signed, Signed, Ready]));
        // A seat that was replaced counts no more.
        let replaced = seats(&[(1, Ended), (1, Ready)]);
        assert_eq!(sign(&replaced, 1), next(SigningState::Completed, &[Ended, Signed]));
    }

    /// Whatever happens in whatever order, an open request has somebody whose turn it is.
    #[test]
    fn case_36_an_open_request_never_stalls() {
        let mut seed = 7u64;
        let mut draw = move |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % most
        };
        for _ in 0..500 {
            let positions: Vec<i32> = (0..1 + draw(4)).map(|_| 1 + i32::try_from(draw(3)).unwrap()).collect();
            let mut seats = begin(&positions);
            for _ in 0..20 {
                let at = draw(seats.len());
                let event = match draw(4) {
                    0 => Event::Replace(at),
                    1 => Event::Extend(NewTime::Longer),
                    _ => Event::Sign(at, Preparation::Done),
                };
                let Ok(Next { state, seats: after }) = decide(Standing::Open, &seats, event) else {
                    continue;
                };
                if let Event::Replace(at) = event {
                    seats.push(seats[at]);
                }
                for (seat, state) in seats.iter_mut().zip(after) {
                    seat.state = state;
                }
                let has_turn = seats.iter().any(|seat| seat.state == Ready);
                assert_eq!(has_turn, state == SigningState::Open, "{seats:?} after {event:?}");
                if state != SigningState::Open {
                    assert!(seats.iter().all(|seat| matches!(seat.state, Signed | Ended)));
                    break;
                }
            }
        }
    }

    #[test]
    fn case_42_the_deadline_ends_it_to_the_microsecond_and_a_later_one_revives_it() {
        let deadline = Timestamp::from_micros(1_000);
        let at = |micros| standing(SigningState::Open, deadline, Timestamp::from_micros(micros));
        assert_eq!((at(999), at(1_000), at(1_001)), (Standing::Open, Standing::Expired, Standing::Expired));
        for (state, wanted) in [
            (SigningState::Completed, Standing::Completed),
            (SigningState::Refused, Standing::Refused),
            (SigningState::Canceled, Standing::Canceled),
        ] {
            assert_eq!(standing(state, deadline, Timestamp::from_micros(5_000)), wanted);
        }
        let ready = seats(&[(1, Ready)]);
        let extended = decide(Standing::Expired, &ready, Event::Extend(NewTime::Longer));
        assert_eq!(extended, next(SigningState::Open, &[Ready]));
    }

    #[test]
    fn d_32_a_new_time_to_sign_is_longer_than_the_old_one_and_ends_with_the_last_day() {
        use NewTime::{LastDayOver, Longer, PastLastDay, Same, Shorter};
        let at = Timestamp::from_micros;
        // New, in force, the end of the last day; it is 10.
        let table = [
            (30, 20, None, Longer),
            (20, 20, None, Same),
            (15, 20, None, Shorter),
            (30, 5, None, Longer),
            (30, 20, Some(40), Longer),
            (30, 20, Some(25), Longer),
            (30, 20, Some(20), PastLastDay),
            (20, 20, Some(20), Same),
            (15, 20, Some(20), Shorter),
            // Asked for before the time to sign ended with the last day.
            (30, 20, Some(15), PastLastDay),
            (30, 5, Some(10), LastDayOver),
            (30, 5, Some(11), Longer),
        ];
        for (new, in_force, last, wanted) in table {
            let found = NewTime::of(at(new), at(in_force), last.map(at), at(10));
            assert_eq!(found, wanted, "{new}, {in_force}, {last:?}");
        }
    }
}
