//! A second, independent model of the life cycle: not a table of states, but the notes that a person at
//! the front desk would keep on paper. Both must agree on every step (INV-09).

use proptest::prelude::*;

use super::*;

/// The slip of paper.
#[derive(Clone, Debug, Default)]
struct Slip {
    links: i32,
    /// The link that is out: until when, and how often somebody failed at it.
    out: Option<(Timestamp, i32)>,
    has_sign_in: bool,
    is_in: bool,
    is_paused: bool,
    thrown_out: bool,
    declined: bool,
}

impl Slip {
    fn phase(&self, now: Timestamp) -> Phase {
        match self.out {
            Some((_, 5)) => Phase::Locked,
            Some((end, _)) if now >= end => Phase::Expired,
            Some(_) => Phase::Invited,
            None if self.is_in => Phase::Active,
            None if self.thrown_out => Phase::NoPortalAccess,
            None if self.declined => Phase::Declined,
            None if self.links > 0 => Phase::Canceled,
            None => Phase::NotInvited,
        }
    }

    fn is_good(&self, link: i32, now: Timestamp) -> bool {
        link == self.links && self.out.is_some_and(|(end, failed)| now < end && failed < 5)
    }

    fn hand_out(&mut self, now: Timestamp) {
        self.links += 1;
        self.out = Some((now.plus_hours(168), 0));
        (self.thrown_out, self.declined) = (false, false);
    }

    /// Does it; `false` if it cannot be done.
    fn happens(&mut self, event: Event, now: Timestamp) -> bool {
        let possible = match event {
            Event::SignOut => self.is_in,
            Event::InviteElsewhere => !(self.is_in || self.thrown_out && self.has_sign_in),
            Event::Invite => self.out.is_none() && !(self.is_in || self.thrown_out && self.has_sign_in),
            Event::Resend { seen } => self.out.is_some() && seen.is_none_or(|seen| seen >= self.links),
            Event::Register { generation }
            | Event::Mismatch { generation }
            | Event::Decline { generation }
            | Event::NotNow { generation } => self.is_good(generation, now),
            Event::Unlock => self.phase(now) == Phase::Locked && self.out.is_some_and(|(end, _)| now < end),
            Event::Disown { generation } => self.is_in && generation == self.links,
            Event::Cancel => self.out.is_some(),
            Event::AddressChanged | Event::OwnershipMoved => true,
            Event::Revoke => self.out.is_some() || self.is_in,
            Event::Leave => self.is_in,
            Event::Restore => self.out.is_none() && self.thrown_out && self.has_sign_in,
            Event::Pause => self.out.is_some() || self.is_in,
            Event::Resume => self.is_paused,
        };
        if !possible {
            return false;
        }
        match event {
            Event::Invite | Event::InviteElsewhere | Event::Resend { .. } => self.hand_out(now),
            Event::SignOut | Event::NotNow { .. } => {}
            Event::Register { .. } => (self.out, self.is_in, self.has_sign_in) = (None, true, true),
            Event::Mismatch { .. } => self.out = self.out.map(|(end, failed)| (end, failed + 1)),
            Event::Unlock => self.out = self.out.map(|(end, _)| (end, 0)),
            Event::Decline { .. } => (self.out, self.declined) = (None, true),
            Event::Disown { .. } => (self.is_in, self.has_sign_in, self.declined) = (false, false, true),
            Event::Cancel | Event::AddressChanged => self.out = None,
            Event::OwnershipMoved => {
                self.out = None;
                self.thrown_out |= self.is_in;
                self.is_in = false;
            }
            Event::Revoke | Event::Leave => (self.out, self.is_in, self.thrown_out) = (None, false, true),
            Event::Restore => (self.is_in, self.thrown_out) = (true, false),
            Event::Pause if self.is_in => self.is_paused = true,
            Event::Pause => self.out = None,
            Event::Resume => self.is_paused = false,
        }
        self.is_paused &= self.is_in;
        true
    }
}

fn any_event() -> impl Strategy<Value = (u8, i32)> {
    (0u8..20, 0i32..3)
}

/// Links are named from the newest backwards, so that most events concern one that is out.
fn event(kind: u8, back: i32, newest: i32) -> Event {
    let generation = newest - back;
    match kind {
        0 | 1 => Event::Invite,
        2 => Event::Resend { seen: None },
        3 => Event::Resend { seen: Some(generation) },
        4 => Event::Register { generation },
        5 | 6 => Event::Mismatch { generation },
        7 => Event::Unlock,
        8 => Event::Decline { generation },
        9 => Event::Cancel,
        10 => Event::AddressChanged,
        11 => {
            if back == 0 {
                Event::OwnershipMoved
            } else {
                Event::Mismatch { generation: newest }
            }
        }
        12 => Event::Disown { generation },
        13 => Event::InviteElsewhere,
        14 => Event::SignOut,
        15 => Event::NotNow { generation },
        16 => Event::Pause,
        17 => Event::Resume,
        18 => Event::Leave,
        _ => {
            if back == 0 {
                Event::Revoke
            } else {
                Event::Restore
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    /// 2,500 stories of 40 events: 100,000 steps.
    #[test]
    fn inv_09_the_machine_and_the_slip_of_paper_agree_on_every_step(
        steps in proptest::collection::vec((any_event(), 0i64..200_000), 40)
    ) {
        let mut now = Timestamp::from_micros(1_800_000_000_000_000);
        let (mut grant, mut slip) = (Grant::fresh(), Slip::default());
        for ((kind, back), wait) in steps {
            now = now.plus_seconds(wait);
            let event = event(kind, back, grant.generation);
            let decided = decide(&grant, event, now);
            prop_assert_eq!(decided.is_ok(), slip.happens(event, now), "{:?} on {:?}", event, grant);
            if let Ok(decision) = decided {
                grant = decision.grant;
            }
            prop_assert_eq!(grant.phase(now), slip.phase(now), "after {:?}", event);
            prop_assert_eq!(grant.generation, slip.links);
            prop_assert_eq!(grant.paused_at.is_some(), slip.is_paused);
            let failed = slip.out.map_or(0, |(_, failed)| failed);
            prop_assert_eq!(grant.mismatches, failed);
            prop_assert_eq!(grant.expires_at, slip.out.map(|(end, _)| end));
            prop_assert_eq!(grant.credential == Credential::Present, slip.has_sign_in);
        }
    }
}
