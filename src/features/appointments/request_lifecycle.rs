//! The life cycle of a client's request for an appointment: one pure function, [`decide`]. Its table is the
//! documentation, and the test at the end of this file walks every cell of it.
//!
//! | event ↓ / phase → | waiting | late | offered | lapsed | confirmed, declined, withdrawn |
//! |---|---|---|---|---|---|
//! | confirm (staff)   | confirmed | confirmed | confirmed | confirmed | settled |
//! | offer (staff)     | offered | offered | an offer is open | offered | settled |
//! | decline (staff)   | declined | declined | declined | declined | settled |
//! | accept (client)   | nothing is offered | nothing is offered | confirmed | over | settled |
//! | counter (client)  | nothing is offered | nothing is offered | waiting | over | settled |
//! | take back (client)| withdrawn | withdrawn | withdrawn | withdrawn | settled |
//! | end (chart closes)| withdrawn | withdrawn | withdrawn | withdrawn | settled |
//!
//! Late and lapsed are computed from the clock: late from the moment by which the practice said it answers, lapsed from
//! the last time that was asked for, or from the end of an offer. Staff may confirm also what waits for the client: they
//! may have agreed by phone. Whether the time itself is still free and ahead, the booking decides.

use crate::features::appointments::kinds::RequestState;
use crate::kernel::clock::Timestamp;

/// A request as the life cycle sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is stored.
    pub state: RequestState,
    /// By when the practice said it answers.
    pub answer_by: Option<Timestamp>,
    /// When it lapses.
    pub lapses_at: Option<Timestamp>,
}

/// Where a request stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits for the practice.
    Waiting,
    /// It has waited longer than the client was told.
    Late,
    /// It waits for the client.
    Offered,
    /// Nobody has answered while there was time.
    Lapsed,
    /// It is over.
    Settled,
}

impl Standing {
    /// Where it stands now.
    pub fn phase(&self, now: Timestamp) -> Phase {
        let is_past = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
        match self.state {
            RequestState::Waiting | RequestState::Offered if is_past(self.lapses_at) => Phase::Lapsed,
            RequestState::Waiting if is_past(self.answer_by) => Phase::Late,
            RequestState::Waiting => Phase::Waiting,
            RequestState::Offered => Phase::Offered,
            RequestState::Confirmed | RequestState::Declined | RequestState::Withdrawn => Phase::Settled,
        }
    }
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff book one of its times, or another that was agreed.
    Confirm,
    /// Staff offer other times.
    Offer,
    /// Staff say no.
    Decline,
    /// The client takes an offered time.
    Accept,
    /// The client asks for other times than the offered ones.
    Counter,
    /// The client takes it back.
    TakeBack,
    /// The chart is closed.
    End,
}

/// What becomes of the times that are kept for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They are free again.
    Dropped,
    /// Others are kept instead.
    Replaced,
}

/// Who gets a mail that there is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Whoever asked.
    Asker,
    /// Nobody.
    Nobody,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its new state.
    pub to: RequestState,
    /// What becomes of its holds.
    pub kept: Kept,
    /// Who is told.
    pub told: Told,
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was answered or taken back.
    #[error("this request is settled")]
    Settled,
    /// The client has not answered the offer yet.
    #[error("an offer is open")]
    OfferOpen,
    /// There is no offer.
    #[error("nothing is offered")]
    NothingOffered,
    /// The time for it is over.
    #[error("the time for this is over")]
    Over,
}

/// Decides; see the module.
pub fn decide(standing: &Standing, event: Event, now: Timestamp) -> Result<Decision, Refusal> {
    let decided = |to, kept, told| Ok(Decision { to, kept, told });
    match (standing.phase(now), event) {
        (Phase::Settled, _) => Err(Refusal::Settled),
        (_, Event::Confirm) => decided(RequestState::Confirmed, Kept::Dropped, Told::Asker),
        (Phase::Offered, Event::Offer) => Err(Refusal::OfferOpen),
        (_, Event::Offer) => decided(RequestState::Offered, Kept::Replaced, Told::Asker),
        (_, Event::Decline) => decided(RequestState::Declined, Kept::Dropped, Told::Asker),
        (Phase::Waiting | Phase::Late, Event::Accept | Event::Counter) => Err(Refusal::NothingOffered),
        (Phase::Lapsed, Event::Accept | Event::Counter) => Err(Refusal::Over),
        (Phase::Offered, Event::Accept) => decided(RequestState::Confirmed, Kept::Dropped, Told::Nobody),
        (Phase::Offered, Event::Counter) => decided(RequestState::Waiting, Kept::Replaced, Told::Nobody),
        (_, Event::TakeBack | Event::End) => decided(RequestState::Withdrawn, Kept::Dropped, Told::Nobody),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_400_000_000_000);

    fn standing(state: RequestState, answer_by: i64, lapses_at: i64) -> Standing {
        let at = |hours| Some(NOW.plus_hours(hours));
        Standing { state, answer_by: at(answer_by), lapses_at: at(lapses_at) }
    }

    #[test]
    fn every_cell_of_the_table() {
        use Event::{Accept, Confirm, Counter, Decline, End, Offer, TakeBack};
        use RequestState::{Confirmed, Declined, Offered, Waiting, Withdrawn};
        let events = [Confirm, Offer, Decline, Accept, Counter, TakeBack, End];
        let to = |to, kept, told| Ok(Decision { to, kept, told });
        let confirmed = to(Confirmed, Kept::Dropped, Told::Asker);
        let offered = to(Offered, Kept::Replaced, Told::Asker);
        let declined = to(Declined, Kept::Dropped, Told::Asker);
        let accepted = to(Confirmed, Kept::Dropped, Told::Nobody);
        let countered = to(Waiting, Kept::Replaced, Told::Nobody);
        let withdrawn = to(Withdrawn, Kept::Dropped, Told::Nobody);
        let (nothing, over) = (Err(Refusal::NothingOffered), Err(Refusal::Over));
        let waits = [confirmed, offered, declined, nothing, nothing, withdrawn, withdrawn];
        let lapsed = [confirmed, offered, declined, over, over, withdrawn, withdrawn];
        let open = [confirmed, Err(Refusal::OfferOpen), declined, accepted, countered, withdrawn, withdrawn];
        let settled = [Err(Refusal::Settled); 7];
        let rows = [
            (standing(Waiting, 1, 2), Phase::Waiting, waits),
            (Standing { answer_by: None, lapses_at: None, state: Waiting }, Phase::Waiting, waits),
            (standing(Waiting, 0, 2), Phase::Late, waits),
            (standing(Waiting, -1, 1), Phase::Late, waits),
            (standing(Waiting, 1, 0), Phase::Lapsed, lapsed),
            (standing(Waiting, -2, -1), Phase::Lapsed, lapsed),
            (standing(Offered, 1, 2), Phase::Offered, open),
            // An offer waits for the client: the practice is not late.
            (standing(Offered, -1, 2), Phase::Offered, open),
            (standing(Offered, 1, 0), Phase::Lapsed, lapsed),
            (standing(Confirmed, 1, 2), Phase::Settled, settled),
            (standing(Confirmed, -1, -1), Phase::Settled, settled),
            (standing(Declined, 1, 2), Phase::Settled, settled),
            (standing(Withdrawn, 1, -2), Phase::Settled, settled),
        ];
        for (standing, phase, wanted) in rows {
            assert_eq!(standing.phase(NOW), phase, "{standing:?}");
            for (event, wanted) in events.into_iter().zip(wanted) {
                assert_eq!(decide(&standing, event, NOW), wanted, "{event:?} of {standing:?}");
            }
        }
    }

    #[test]
    fn late_and_lapsed_begin_at_their_moment_and_not_before() {
        let one = standing(RequestState::Waiting, 1, 2);
        let at = |seconds: i64| one.phase(NOW.plus_seconds(seconds));
        assert_eq!((at(3_599), at(3_600)), (Phase::Waiting, Phase::Late));
        assert_eq!((at(7_199), at(7_200)), (Phase::Late, Phase::Lapsed));
    }
}
