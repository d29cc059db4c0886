//! The life cycle of an appointment and of the clients who are expected at it: one pure function, [`decide`]. Its
//! table is the documentation, and the test at the end of this file walks every cell of it.
//!
//! | event ↓ / phase → | ahead, notice kept | ahead, notice broken | under way | over | arrived | no-show | canceled |
//! |---|---|---|---|---|---|---|---|
//! | move             | moved | moved | has begun | has begun | is noted | is noted | is canceled |
//! | cancel by staff  | canceled | canceled | canceled | is over | is noted | is noted | is canceled |
//! | end for one      | canceled or taken out | the same | the same | is over | is noted | is noted | is canceled |
//! | cancel by client | canceled | late canceled; if the page said otherwise: now late | has begun | has begun | is noted | is noted | is canceled |
//! | arrived          | from the beginning of its day: arrived; before: too early | the same | arrived | arrived | unchanged | is noted | is canceled |
//! | no-show          | too early | too early | no-show | no-show | is noted | unchanged | is canceled |
//! | undo             | unchanged | unchanged | unchanged | unchanged | expected | expected, so many hours after it was noted; later: undo is over | is canceled |
//!
//! What was noted wrongly is undone first: an arrival does not become a no-show by one click.
//!
//! A practice's own cancellation is never late. When the appointment is on for nobody else, it is canceled with the last
//! client. While it is on for others, it stays for them where staff end it for one; where a client cancels, it goes by what
//! its type says: it stays, it is canceled for all, or staff are asked ([`Others`]).
//!
//! [`may_join`] says whether one more client can be added.

use crate::features::calendar::OneCancels;
use crate::kernel::clock::Timestamp;
use crate::word_enum;

/// A client who cancels so soon after the time was set is never late, in seconds: they may have learned of it only
/// now.
pub const GRACE_SECONDS: i64 = 600;

word_enum! {
    /// Where an appointment stands.
    pub enum AppointmentState {
        /// It is on.
        Booked = "booked",
        /// It is off.
        Canceled = "canceled",
    }
}

word_enum! {
    /// Where one client of an appointment stands.
    pub enum PartyState {
        /// Expected to come.
        Expected = "expected",
        /// Came.
        Arrived = "arrived",
        /// Did not come, and had not canceled.
        NoShow = "no_show",
        /// Canceled in time, or by the practice.
        Canceled = "canceled",
        /// Canceled by the client after the time for notice.
        LateCanceled = "late_canceled",
        /// Taken out by staff: they should not have been in it.
        Removed = "removed",
    }
}

impl PartyState {
    /// Those in which the appointment is on for this client.
    pub const ON: [Self; 3] = [Self::Expected, Self::Arrived, Self::NoShow];

    /// Is the appointment on for this client? What staff note of their coming does not change that.
    pub fn is_on(self) -> bool {
        match self {
            Self::Expected | Self::Arrived | Self::NoShow => true,
            Self::Canceled | Self::LateCanceled | Self::Removed => false,
        }
    }
}

/// A client can join a visit by video so long before its beginning, in seconds.
pub const JOIN_SECONDS: i64 = 15 * 60;

/// Can a client join a visit by video?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// From this moment on.
    From(Timestamp),
    /// Now.
    Open,
    /// It is over or off, or it is noted that the client did not come.
    Shut,
}

word_enum! {
    /// What staff note of a client's coming.
    pub enum Attendance {
        /// They are here.
        Arrived = "arrived",
        /// They did not come.
        NoShow = "no_show",
        /// What was noted was wrong.
        Undo = "undo",
    }
}

word_enum! {
    /// How staff end an appointment for one of several clients.
    pub enum PartyEnd {
        /// It is canceled for them.
        Canceled = "canceled",
        /// They are taken out.
        Removed = "removed",
    }
}

word_enum! {
    /// How a client's cancellation stands to the notice that the practice asks for.
    pub enum Notice {
        /// In time.
        Kept = "kept",
        /// Too late for that.
        Broken = "broken",
    }
}

/// An appointment as the life cycle sees it, with the client who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is stored of the appointment …
    pub state: AppointmentState,
    /// … and of this client.
    pub party: PartyState,
    /// For how many other clients it is on.
    pub others: usize,
    /// What becomes of it when one of several cancels.
    pub one_cancels: OneCancels,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it got this time.
    pub set_at: Timestamp,
    /// Hours before the beginning up to which a client may cancel without being late.
    pub notice_hours: i64,
    /// When its day begins, by the clock of the place.
    pub day_begins_at: Timestamp,
    /// When it was noted whether the client came.
    pub noted_at: Option<Timestamp>,
    /// Hours after that in which a no-show can be undone.
    pub undo_hours: i64,
}

/// Where an appointment stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun; whether a client's cancellation would be in time.
    Ahead(Notice),
    /// It has begun and not ended.
    UnderWay,
    /// It has ended.
    Over,
    /// It is noted that this client came.
    Arrived,
    /// It is noted that this client did not come.
    NoShow,
    /// It is off, or off for this client.
    Canceled,
}

impl Standing {
    /// Until when what is noted can be undone; an arrival always can.
    pub fn undo_until(&self) -> Option<Timestamp> {
        let noted_at = self.noted_at.filter(|_| self.party == PartyState::NoShow)?;
        Some(noted_at.plus_hours(self.undo_hours))
    }

    /// Until when a client may cancel without being late.
    pub fn notice_until(&self) -> Timestamp {
        let by_start = self.starts_at.plus_hours(-self.notice_hours);
        by_start.max(self.set_at.plus_seconds(GRACE_SECONDS)).min(self.starts_at)
    }

    /// Can this client join it by video?
    pub fn joining(&self, now: Timestamp) -> Joining {
        let is_theirs =
            self.state == AppointmentState::Booked && self.party.is_on() && self.party != PartyState::NoShow;
        let from = self.starts_at.plus_seconds(-JOIN_SECONDS);
        match is_theirs {
            true if now < from => Joining::From(from),
            true if now < self.ends_at => Joining::Open,
            _ => Joining::Shut,
        }
    }

    /// Where it stands now.
    pub fn phase(&self, now: Timestamp) -> Phase {
        match (self.state, self.party) {
            (AppointmentState::Canceled, _)
            | (_, PartyState::Canceled | PartyState::LateCanceled | PartyState::Removed) => Phase::Canceled,
            (_, PartyState::Arrived) => Phase::Arrived,
            (_, PartyState::NoShow) => Phase::NoShow,
            (_, PartyState::Expected) if now >= self.ends_at => Phase::Over,
            (_, PartyState::Expected) if now >= self.starts_at => Phase::UnderWay,
            (_, PartyState::Expected) if now < self.notice_until() => Phase::Ahead(Notice::Kept),
            (_, PartyState::Expected) => Phase::Ahead(Notice::Broken),
        }
    }
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff give it another time, length, place or clinician.
    Move,
    /// Staff cancel it for everybody.
    CancelByStaff,
    /// Staff end it for this client.
    EndForOne(PartyEnd),
    /// The client cancels, after a page that said this of the notice.
    CancelByClient(Notice),
    /// Staff note whether the client came.
    Note(Attendance),
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The same appointment, at its new time.
    Moved,
    /// Off for everybody.
    CanceledByStaff,
    /// Off for this client, who is then so; and what that is for the others.
    EndedForOne(PartyState, Others),
    /// This is noted of the client.
    Noted(PartyState),
    /// It is noted already: the second click of a double click.
    Unchanged,
}

/// What the end for one client is for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// There are none: the appointment is canceled with the last client.
    None,
    /// It stays for them.
    Stay,
    /// It is canceled for them as well.
    Canceled,
    /// It stays until staff say.
    Undecided,
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is canceled already.
    #[error("the appointment is canceled")]
    Canceled,
    /// It has begun.
    #[error("the appointment has begun")]
    Begun,
    /// It has ended.
    #[error("the appointment is over")]
    Over,
    /// The time for notice ran out since the page was shown, and the client has not read that.
    #[error("the time for notice has just ended")]
    NowLate,
    /// It is noted that the client came, or that they did not. That is undone first.
    #[error("it is noted whether the client came")]
    Noted,
    /// Whether the client comes cannot be known yet.
    #[error("it is too early to say whether the client comes")]
    TooEarly,
    /// The time in which a no-show can be undone is over.
    #[error("a no-show can no longer be undone")]
    UndoOver,
    /// No seat is free.
    #[error("no seat is free")]
    Full,
}

/// Decides; see the module.
pub fn decide(standing: &Standing, event: Event, now: Timestamp) -> Result<Decision, Refusal> {
    match (standing.phase(now), event) {
        (Phase::Canceled, _) => Err(Refusal::Canceled),
        (Phase::Arrived, Event::Note(Attendance::Arrived))
        | (Phase::NoShow, Event::Note(Attendance::NoShow))
        | (Phase::Ahead(_) | Phase::UnderWay | Phase::Over, Event::Note(Attendance::Undo)) => {
            Ok(Decision::Unchanged)
        }
        (Phase::Arrived, Event::Note(Attendance::Undo)) => Ok(Decision::Noted(PartyState::Expected)),
        (Phase::NoShow, Event::Note(Attendance::Undo)) => match standing.undo_until() {
            Some(until) if now >= until => Err(Refusal::UndoOver),
            _ => Ok(Decision::Noted(PartyState::Expected)),
        },
        (Phase::Arrived | Phase::NoShow, _) => Err(Refusal::Noted),
        (Phase::Ahead(_), Event::Note(Attendance::Arrived)) if now < standing.day_begins_at => {
            Err(Refusal::TooEarly)
        }
        (Phase::Ahead(_), Event::Note(Attendance::NoShow)) => Err(Refusal::TooEarly),
        (_, Event::Note(Attendance::Arrived)) => Ok(Decision::Noted(PartyState::Arrived)),
        (_, Event::Note(Attendance::NoShow)) => Ok(Decision::Noted(PartyState::NoShow)),
        (Phase::Ahead(_), Event::Move) => Ok(Decision::Moved),
        (Phase::Ahead(_) | Phase::UnderWay, Event::CancelByStaff) => Ok(Decision::CanceledByStaff),
        (Phase::Ahead(_) | Phase::UnderWay, Event::EndForOne(how)) => Ok(ended_by_staff(standing, how)),
        (Phase::Over, Event::CancelByStaff | Event::EndForOne(_)) => Err(Refusal::Over),
        (Phase::Ahead(Notice::Kept), Event::CancelByClient(_)) => {
            Ok(canceled(standing, PartyState::Canceled))
        }
        (Phase::Ahead(Notice::Broken), Event::CancelByClient(Notice::Broken)) => {
            Ok(canceled(standing, PartyState::LateCanceled))
        }
        (Phase::Ahead(Notice::Broken), Event::CancelByClient(Notice::Kept)) => Err(Refusal::NowLate),
        (Phase::UnderWay | Phase::Over, Event::Move | Event::CancelByClient(_)) => Err(Refusal::Begun),
    }
}

fn canceled(standing: &Standing, party: PartyState) -> Decision {
    let others = match (standing.others, standing.one_cancels) {
        (0, _) => Others::None,
        (_, OneCancels::Keep) => Others::Stay,
        (_, OneCancels::All) => Others::Canceled,
        (_, OneCancels::Ask) => Others::Undecided,
    };
    Decision::EndedForOne(party, others)
}

fn ended_by_staff(standing: &Standing, how: PartyEnd) -> Decision {
    let party = match how {
        PartyEnd::Canceled => PartyState::Canceled,
        PartyEnd::Removed => PartyState::Removed,
    };
    Decision::EndedForOne(party, if standing.others == 0 { Others::None } else { Others::Stay })
}

/// Whether a client can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// As somebody new, or as one for whom it was off.
    Added,
    /// They are in it already.
    Unchanged,
}

/// Can a client be added to an appointment that has so many seats, of which so many are taken? `party` is where they
/// stand in it, if they are known to it.
pub fn may_join(
    (state, starts_at): (AppointmentState, Timestamp),
    (seats, taken): (i32, i32),
    party: Option<PartyState>,
    now: Timestamp,
) -> Result<Join, Refusal> {
    match (state, party) {
        (AppointmentState::Canceled, _) => Err(Refusal::Canceled),
        (AppointmentState::Booked, Some(party)) if party.is_on() => Ok(Join::Unchanged),
        _ if now >= starts_at => Err(Refusal::Begun),
        _ if taken >= seats => Err(Refusal::Full),
        _ => Ok(Join::Added),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_796_400_000_000_000);

    fn standing() -> Standing {
        Standing {
            state: AppointmentState::Booked,
            party: PartyState::Expected,
            others: 0,
            one_cancels: OneCancels::Keep,
            starts_at: START,
            ends_at: START.plus_seconds(50 * 60),
            set_at: START.plus_hours(-24 * 7),
            notice_hours: 24,
            day_begins_at: START.plus_hours(-14),
            noted_at: None,
            undo_hours: 72,
        }
    }

    #[test]
    fn every_cell_of_the_table() {
        use Event::{CancelByClient, CancelByStaff, EndForOne, Move, Note};
        let events = [
            Move,
            CancelByStaff,
            EndForOne(PartyEnd::Removed),
            CancelByClient(Notice::Kept),
            CancelByClient(Notice::Broken),
            Note(Attendance::Arrived),
            Note(Attendance::NoShow),
            Note(Attendance::Undo),
        ];
        let in_time = Ok(Decision::EndedForOne(PartyState::Canceled, Others::None));
        let late = Ok(Decision::EndedForOne(PartyState::LateCanceled, Others::None));
        let out = Ok(Decision::EndedForOne(PartyState::Removed, Others::None));
        let (moved, by_staff) = (Ok(Decision::Moved), Ok(Decision::CanceledByStaff));
        let (begun, off, over) = (Err(Refusal::Begun), Err(Refusal::Canceled), Err(Refusal::Over));
        let (noted, early) = (Err(Refusal::Noted), Err(Refusal::TooEarly));
        let (came, missed) =
            (Ok(Decision::Noted(PartyState::Arrived)), Ok(Decision::Noted(PartyState::NoShow)));
        let (expected, same) = (Ok(Decision::Noted(PartyState::Expected)), Ok(Decision::Unchanged));
        let ahead = START.plus_hours(-48);
        let one = standing();
        let arrived =
            Standing { party: PartyState::Arrived, noted_at: Some(START.plus_seconds(-300)), ..one };
        let no_show = Standing { party: PartyState::NoShow, noted_at: Some(START.plus_seconds(900)), ..one };
        let undone_until = START.plus_seconds(900).plus_hours(72);
        let canceled = Standing { state: AppointmentState::Canceled, ..one };
        let canceled_by_client = Standing { party: PartyState::LateCanceled, ..one };
        let removed = Standing { party: PartyState::Removed, ..one };
        let now_late = Err(Refusal::NowLate);
        let as_noted = |note: [Result<Decision, Refusal>; 3]| {
            [noted, noted, noted, noted, noted, note[0], note[1], note[2]]
        };
        let rows: [(Standing, Timestamp, [Result<Decision, Refusal>; 8]); 18] = [
            (one, ahead, [moved, by_staff, out, in_time, in_time, early, early, same]),
            (
                one,
                START.plus_hours(-24).plus_seconds(-1),
                [moved, by_staff, out, in_time, in_time, early, early, same],
            ),
            (one, START.plus_hours(-24), [moved, by_staff, out, now_late, late, early, early, same]),
            (
                one,
                one.day_begins_at.plus_seconds(-1),
                [moved, by_staff, out, now_late, late, early, early, same],
            ),
            (one, one.day_begins_at, [moved, by_staff, out, now_late, late, came, early, same]),
            (one, START.plus_seconds(-1), [moved, by_staff, out, now_late, late, came, early, same]),
            (one, START, [begun, by_staff, out, begun, begun, came, missed, same]),
            (one, one.ends_at.plus_seconds(-1), [begun, by_staff, out, begun, begun, came, missed, same]),
            (one, one.ends_at, [begun, over, over, begun, begun, came, missed, same]),
            (arrived, START.plus_seconds(-1), as_noted([same, noted, expected])),
            (arrived, one.ends_at, as_noted([same, noted, expected])),
            (arrived, undone_until.plus_hours(1_000), as_noted([same, noted, expected])),
            (no_show, undone_until.plus_seconds(-1), as_noted([noted, same, expected])),
            (no_show, undone_until, as_noted([noted, same, Err(Refusal::UndoOver)])),
            (canceled, ahead, [off; 8]),
            (canceled, one.ends_at, [off; 8]),
            (canceled_by_client, ahead, [off; 8]),
            (removed, ahead, [off; 8]),
        ];
        for (standing, now, wanted) in rows {
            for (event, wanted) in events.into_iter().zip(wanted) {
                assert_eq!(decide(&standing, event, now), wanted, "{event:?} at {now:?} of {standing:?}");
            }
        }
    }

    #[test]
    fn who_is_expected_or_came_joins_from_a_quarter_of_an_hour_before_until_the_end() {
        let (one, opens) = (standing(), START.plus_seconds(-15 * 60));
        let moments = [
            (opens.plus_seconds(-1), Joining::From(opens)),
            (opens, Joining::Open),
            (START, Joining::Open),
            (one.ends_at.plus_seconds(-1), Joining::Open),
            (one.ends_at, Joining::Shut),
        ];
        for (now, wanted) in moments {
            for party in PartyState::ALL {
                let wanted = match party {
                    PartyState::Expected | PartyState::Arrived => wanted,
                    _ => Joining::Shut,
                };
                let of = Standing { party: *party, ..one };
                assert_eq!(of.joining(now), wanted, "{party} at {now:?}");
                let canceled = Standing { state: AppointmentState::Canceled, ..of };
                assert_eq!(canceled.joining(now), Joining::Shut, "{party} of a canceled one");
            }
        }
    }

    #[test]
    fn while_others_are_expected_the_appointment_stays() {
        let two = Standing { others: 1, ..standing() };
        assert_eq!(
            decide(&two, Event::CancelByClient(Notice::Kept), START.plus_hours(-48)),
            Ok(Decision::EndedForOne(PartyState::Canceled, Others::Stay))
        );
        for (says, others) in [
            (OneCancels::Keep, Others::Stay),
            (OneCancels::All, Others::Canceled),
            (OneCancels::Ask, Others::Undecided),
        ] {
            let two = Standing { one_cancels: says, ..two };
            let late = decide(&two, Event::CancelByClient(Notice::Broken), START.plus_hours(-1));
            assert_eq!(late, Ok(Decision::EndedForOne(PartyState::LateCanceled, others)));
            let by_staff = decide(&two, Event::EndForOne(PartyEnd::Canceled), START.plus_hours(-1));
            assert_eq!(by_staff, Ok(Decision::EndedForOne(PartyState::Canceled, Others::Stay)));
        }
        let by_staff = decide(&two, Event::CancelByStaff, START.plus_hours(-48));
        assert_eq!(by_staff, Ok(Decision::CanceledByStaff));
    }

    #[test]
    fn a_client_is_added_while_it_is_ahead_and_a_seat_is_free() {
        use AppointmentState::{Booked, Canceled};
        let ahead = START.plus_seconds(-1);
        for (state, now, taken, party, wanted) in [
            (Booked, ahead, 1, None, Ok(Join::Added)),
            (Booked, ahead, 2, None, Err(Refusal::Full)),
            (Booked, START, 1, None, Err(Refusal::Begun)),
            (Canceled, ahead, 0, None, Err(Refusal::Canceled)),
            (Booked, ahead, 1, Some(PartyState::Canceled), Ok(Join::Added)),
            (Booked, ahead, 1, Some(PartyState::Removed), Ok(Join::Added)),
            (Booked, ahead, 2, Some(PartyState::LateCanceled), Err(Refusal::Full)),
            (Booked, ahead, 2, Some(PartyState::Expected), Ok(Join::Unchanged)),
            (Booked, START, 2, Some(PartyState::Arrived), Ok(Join::Unchanged)),
            (Canceled, ahead, 0, Some(PartyState::Canceled), Err(Refusal::Canceled)),
        ] {
            assert_eq!(may_join((state, START), (2, taken), party, now), wanted, "{state} {taken} {party:?}");
        }
    }

    #[test]
    fn ten_minutes_after_the_time_was_set_nobody_is_late_yet() {
        let set_at = START.plus_hours(-2);
        let short = Standing { set_at, ..standing() };
        let cancel = Event::CancelByClient(Notice::Kept);
        assert!(decide(&short, cancel, set_at.plus_seconds(GRACE_SECONDS - 1)).is_ok());
        assert_eq!(decide(&short, cancel, set_at.plus_seconds(GRACE_SECONDS)), Err(Refusal::NowLate));
        // Never beyond the beginning.
        let shorter = Standing { set_at: START.plus_seconds(-60), ..standing() };
        assert_eq!(decide(&shorter, cancel, START), Err(Refusal::Begun));
        let no_notice = Standing { notice_hours: 0, ..standing() };
        assert!(decide(&no_notice, cancel, START.plus_seconds(-1)).is_ok());
    }
}
