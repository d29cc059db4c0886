//! The life cycle of a grant: one pure function, [`decide`]. Its table is the documentation, and
//! the test at the end of this file walks every cell of it.
//!
//! | event ↓ / phase → | none, canceled, declined | invited, expired | locked | active | revoked |
//! |---|---|---|---|---|---|
//! | pause      | no access | canceled | canceled | paused; unchanged if it was | no access |
//! | resume     | not paused | not paused | not paused | active again, if it was paused | not paused |
//! | invite     | invited, generation + 1 | use resend | use resend | already registered | invited if nobody ever registered, else use restore |
//! | resend     | use invite | invited, generation + 1 (or: joined a colleague's) | same | already registered | use restore |
//! | invite elsewhere | invited, generation + 1 | same | same | already registered | as invite |
//! | register   | link dead | active, unless expired | link locked | already registered | link dead |
//! | mismatch   | link dead | one more; the fifth locks; unless expired | link locked | already registered | link dead |
//! | unlock     | not locked | not locked | invited, same link; resend if its time is over | not locked | not locked |
//! | decline    | link dead | declined, unless expired | link locked | already registered | link dead |
//! | not now    | link dead | unchanged, no reminders, unless expired | link locked | already registered | link dead |
//! | disown     | link dead | link dead | link dead | declined, sign-in gone, sessions end | link dead |
//! | cancel     | no invitation | canceled | canceled | already registered | no invitation |
//! | address changed, ownership moved | unchanged | canceled | canceled | unchanged (ownership: revoked) | unchanged |
//! | revoke     | no access | revoked | revoked | revoked, sessions end | no access |
//! | leave      | no access | no access | no access | revoked, sessions end | no access |
//! | restore    | use invite | use resend | use resend | already registered | active with the old password; else use invite |
//! | sign out   | no access | no access | no access | active, sessions end | no access |
//!
//! A paused grant is an active one with a moment since when it counts for nothing; what ends an active grant ends
//! its pause.
//!
//! "Expired" is never stored: it is `invited` at or after `expires_at` ([`Grant::phase`]), and that
//! one function serves enforcement and display alike (INV-11).

use crate::kernel::clock::Timestamp;
use crate::word_enum;

/// Hours that a link is good for: seven days of 24 hours, whatever the zones do (INV-03).
pub const LINK_HOURS: i64 = 168;
/// Failed identity checks that lock a link (RAT-01).
pub const MISMATCHES_TO_LOCK: i32 = 5;

word_enum! {
    /// What is stored of a grant's state.
    pub enum State {
        /// Nobody was invited, or the last invitation no longer counts.
        None = "none",
        /// A link is out.
        Invited = "invited",
        /// Too many failed checks; the link is shut until staff resend or unlock.
        Locked = "locked",
        /// The invited person said "this isn't me", or, after a registration, that it was not theirs.
        Declined = "declined",
        /// Staff took the invitation back.
        Canceled = "canceled",
        /// Registered.
        Active = "active",
        /// No Portal Access: taken away by staff.
        Revoked = "revoked",
    }
}

word_enum! {
    /// What people see of a grant's state: the stored one, and "expired".
    pub enum Phase {
        /// See [`State::None`].
        NotInvited = "not_invited",
        /// A link is out and good.
        Invited = "invited",
        /// A link is out and its time is over.
        Expired = "expired",
        /// See [`State::Locked`].
        Locked = "locked",
        /// See [`State::Declined`].
        Declined = "declined",
        /// See [`State::Canceled`].
        Canceled = "canceled",
        /// See [`State::Active`].
        Active = "active",
        /// See [`State::Revoked`].
        NoPortalAccess = "no_portal_access",
    }
}

/// The current truth of one grant, as far as the life cycle needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What is stored.
    pub state: State,
    /// The newest invitation's number; 0 before the first.
    pub generation: i32,
    /// When the newest link ends; present while a link is out.
    pub expires_at: Option<Timestamp>,
    /// Failed checks on the newest link.
    pub mismatches: i32,
    /// Has this person ever registered for this chart?
    pub credential: Credential,
    /// Since when staff have paused it; only while it is active.
    pub paused_at: Option<Timestamp>,
}

/// Is there a sign-in behind the grant?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Registered once; the password still works.
    Present,
    /// Never registered.
    Absent,
}

impl Grant {
    /// A grant that nobody has touched.
    pub const fn fresh() -> Self {
        Self {
            state: State::None,
            generation: 0,
            expires_at: None,
            mismatches: 0,
            credential: Credential::Absent,
            paused_at: None,
        }
    }

    /// What people see at `now`.
    pub fn phase(&self, now: Timestamp) -> Phase {
        Phase::of(self.state, self.expires_at, now)
    }
}

impl Phase {
    /// What this state is called at `now`, for a link that ends at `expires_at`.
    pub fn of(state: State, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        match state {
            State::None => Self::NotInvited,
            State::Invited if is_over(expires_at, now) => Self::Expired,
            State::Invited => Self::Invited,
            State::Locked => Self::Locked,
            State::Declined => Self::Declined,
            State::Canceled => Self::Canceled,
            State::Active => Self::Active,
            State::Revoked => Self::NoPortalAccess,
        }
    }
}

/// Is the time of a link with this end over? It is from that instant on.
pub fn is_over(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_some_and(|end| now >= end)
}

/// What happens to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff send the first invitation (or one after an ending).
    Invite,
    /// Staff send a new link. `seen` is the generation that their dialog showed, if it showed one.
    Resend {
        /// The generation on the screen of whoever confirmed.
        seen: Option<i32>,
    },
    /// Staff send a new link to another address than the last one.
    InviteElsewhere,
    /// The right details and a good password arrived through the link of `generation`.
    Register {
        /// The link's generation.
        generation: i32,
    },
    /// Details that do not match arrived through the link of `generation`.
    Mismatch {
        /// The link's generation.
        generation: i32,
    },
    /// Staff corrected the chart; the same link goes on working.
    Unlock,
    /// The link's holder said "this isn't me".
    Decline {
        /// The link's generation.
        generation: i32,
    },
    /// The link's holder said "not now".
    NotNow {
        /// The link's generation.
        generation: i32,
    },
    /// The link's holder said of the registration through it: that was not me (IDP-04).
    Disown {
        /// The link's generation.
        generation: i32,
    },
    /// Staff took the invitation back.
    Cancel,
    /// The address that the link was sent to is no longer this person's.
    AddressChanged,
    /// Somebody else became the chart owner.
    OwnershipMoved,
    /// Staff take the access away.
    Revoke,
    /// The holder says that they no longer need it.
    Leave,
    /// Staff give it back to somebody who had registered.
    Restore,
    /// Staff end every open session.
    SignOut,
    /// Staff stop the access for a while.
    Pause,
    /// Staff let a paused access count again.
    Resume,
}

/// How an invitation's generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A newer link was sent.
    Superseded,
    /// It was used.
    Accepted,
    /// Staff took it back, by cancel, revoke or a change of owner.
    Withdrawn,
    /// Its holder declined.
    Declined,
    /// The person's address changed.
    AddressChanged,
}

/// What must happen in the same transaction besides saving the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the live generation this way, and cancel its mail that has not left.
    EndLink(Ending),
    /// Make the next generation with a new token.
    NewLink {
        /// Its number.
        generation: i32,
        /// Its end.
        expires_at: Timestamp,
    },
    /// Send no reminder of this link any more.
    StopReminders,
    /// Mark the link's address: whoever reads it said that the invitation was not for them.
    MarkAddressRefused,
    /// End every open session of the grant's account.
    EndSessions,
    /// Take the grant's account away, so that nobody can give it back to a stranger.
    RemoveSignIn,
    /// Mail "your access is back; sign in with your password".
    MailRestored,
    /// Mail "your access is paused", and to the client that somebody's access was changed.
    MailPaused,
    /// Mail "your access has ended", and to the client that somebody's access was changed.
    MailEnded,
    /// Mail "you are registered" to the address on file (IDP-04).
    MailRegistered,
}

/// A decision: the grant to save and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The grant afterwards.
    pub grant: Grant,
    /// What else happens, in this order.
    pub effects: Vec<Effect>,
}

/// Why an event does not apply. Each says what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to resend; send an invite.
    #[error("there is no invitation to resend; send an invite")]
    UseInvite,
    /// A link is out; resend it.
    #[error("an invitation is already out; resend it")]
    UseResend,
    /// Registered once: give the access back instead of inviting again.
    #[error("this person has registered before; restore the access")]
    UseRestore,
    /// Registered already.
    #[error("this person is already registered")]
    AlreadyRegistered,
    /// A colleague has just resent; theirs counts.
    #[error("a colleague has already resent this invitation")]
    AlreadyResent,
    /// The link is not the newest, or the invitation ended.
    #[error("the link no longer counts")]
    LinkDead,
    /// The link's time is over.
    #[error("the link has expired")]
    LinkExpired,
    /// The link is locked.
    #[error("the link is locked")]
    LinkLocked,
    /// Nothing is locked.
    #[error("nothing is locked")]
    NotLocked,
    /// There is no invitation to take back.
    #[error("there is no invitation")]
    NoInvitation,
    /// There is no access to take away.
    #[error("there is no access to revoke")]
    NoAccess,
    /// The access is not paused.
    #[error("this access is not paused")]
    NotPaused,
}

/// The one transition function. Pure: the same grant, event and moment always give the same answer.
pub fn decide(grant: &Grant, event: Event, now: Timestamp) -> Result<Decision, Refusal> {
    match event {
        Event::Invite => match grant.state {
            State::None | State::Canceled | State::Declined => Ok(invited_anew(grant, now, &[])),
            State::Invited | State::Locked => Err(Refusal::UseResend),
            State::Active => Err(Refusal::AlreadyRegistered),
            State::Revoked if grant.credential == Credential::Present => Err(Refusal::UseRestore),
            State::Revoked => Ok(invited_anew(grant, now, &[])),
        },
        Event::Resend { seen } => match grant.state {
            State::Invited | State::Locked if seen.is_some_and(|g| g < grant.generation) => {
                Err(Refusal::AlreadyResent)
            }
            State::Invited | State::Locked => {
                Ok(invited_anew(grant, now, &[Effect::EndLink(Ending::Superseded)]))
            }
            State::None | State::Canceled | State::Declined => Err(Refusal::UseInvite),
            State::Active => Err(Refusal::AlreadyRegistered),
            State::Revoked if grant.credential == Credential::Absent => Err(Refusal::UseInvite),
            State::Revoked => Err(Refusal::UseRestore),
        },
        Event::InviteElsewhere => match grant.state {
            State::Invited | State::Locked => {
                Ok(invited_anew(grant, now, &[Effect::EndLink(Ending::AddressChanged)]))
            }
            State::None | State::Canceled | State::Declined | State::Active | State::Revoked => {
                decide(grant, Event::Invite, now)
            }
        },
        Event::Register { generation } => {
            usable(grant, generation, now)?;
            Ok(Decision {
                grant: Grant {
                    state: State::Active,
                    expires_at: None,
                    mismatches: 0,
                    credential: Credential::Present,
                    ..*grant
                },
                effects: vec![Effect::EndLink(Ending::Accepted), Effect::MailRegistered],
            })
        }
        Event::Mismatch { generation } => {
            usable(grant, generation, now)?;
            let mismatches = grant.mismatches + 1;
            let state = if mismatches >= MISMATCHES_TO_LOCK { State::Locked } else { State::Invited };
            Ok(Decision { grant: Grant { state, mismatches, ..*grant }, effects: vec![] })
        }
        Event::Unlock => match grant.state {
            State::Locked if is_over(grant.expires_at, now) => Err(Refusal::LinkExpired),
            State::Locked => Ok(Decision {
                grant: Grant { state: State::Invited, mismatches: 0, ..*grant },
                effects: vec![],
            }),
            _ => Err(Refusal::NotLocked),
        },
        Event::Decline { generation } => {
            usable(grant, generation, now)?;
            let mut declined = ended(grant, State::Declined, Ending::Declined);
            declined.effects.push(Effect::MarkAddressRefused);
            Ok(declined)
        }
        Event::NotNow { generation } => {
            usable(grant, generation, now)?;
            Ok(Decision { grant: *grant, effects: vec![Effect::StopReminders] })
        }
        Event::Disown { generation } => match grant.state {
            State::Active if generation == grant.generation => Ok(Decision {
                grant: Grant {
                    state: State::Declined,
                    credential: Credential::Absent,
                    paused_at: None,
                    ..*grant
                },
                effects: vec![Effect::EndSessions, Effect::RemoveSignIn],
            }),
            _ => Err(Refusal::LinkDead),
        },
        Event::Cancel => match grant.state {
            State::Invited | State::Locked => Ok(ended(grant, State::Canceled, Ending::Withdrawn)),
            State::Active => Err(Refusal::AlreadyRegistered),
            _ => Err(Refusal::NoInvitation),
        },
        Event::AddressChanged => match grant.state {
            State::Invited | State::Locked => Ok(ended(grant, State::Canceled, Ending::AddressChanged)),
            _ => Ok(Decision { grant: *grant, effects: vec![] }),
        },
        Event::OwnershipMoved => match grant.state {
            State::Invited | State::Locked => Ok(ended(grant, State::Canceled, Ending::Withdrawn)),
            State::Active => Ok(revoked(grant, vec![Effect::EndSessions, Effect::MailEnded])),
            _ => Ok(Decision { grant: *grant, effects: vec![] }),
        },
        Event::Revoke => match grant.state {
            State::Invited | State::Locked => Ok(revoked(grant, vec![Effect::EndLink(Ending::Withdrawn)])),
            State::Active => Ok(revoked(grant, vec![Effect::EndSessions, Effect::MailEnded])),
            State::None | State::Canceled | State::Declined | State::Revoked => Err(Refusal::NoAccess),
        },
        Event::Leave => match grant.state {
            State::Active => Ok(revoked(grant, vec![Effect::EndSessions, Effect::MailEnded])),
            _ => Err(Refusal::NoAccess),
        },
        Event::Restore => match grant.state {
            State::Revoked if grant.credential == Credential::Present => Ok(Decision {
                grant: Grant { state: State::Active, ..*grant },
                effects: vec![Effect::MailRestored],
            }),
            State::Revoked | State::None | State::Canceled | State::Declined => Err(Refusal::UseInvite),
            State::Invited | State::Locked => Err(Refusal::UseResend),
            State::Active => Err(Refusal::AlreadyRegistered),
        },
        Event::SignOut => match grant.state {
            State::Active => Ok(Decision { grant: *grant, effects: vec![Effect::EndSessions] }),
            _ => Err(Refusal::NoAccess),
        },
        Event::Pause => match grant.state {
            State::Invited | State::Locked => Ok(ended(grant, State::Canceled, Ending::Withdrawn)),
            State::Active => {
                let effects = if grant.paused_at.is_none() { vec![Effect::MailPaused] } else { vec![] };
                let paused_at = Some(grant.paused_at.unwrap_or(now));
                Ok(Decision { grant: Grant { paused_at, ..*grant }, effects })
            }
            State::None | State::Canceled | State::Declined | State::Revoked => Err(Refusal::NoAccess),
        },
        Event::Resume => match grant.paused_at {
            Some(_) => Ok(Decision {
                grant: Grant { paused_at: None, ..*grant },
                effects: vec![Effect::MailRestored],
            }),
            None => Err(Refusal::NotPaused),
        },
    }
}

/// Only the newest link of an open invitation can be used, and only in time. The order of the
/// questions is the order in which its holder deserves to hear them.
fn usable(grant: &Grant, generation: i32, now: Timestamp) -> Result<(), Refusal> {
    if generation != grant.generation {
        return Err(Refusal::LinkDead);
    }
    match (grant.state, grant.phase(now)) {
        (State::Active, _) => Err(Refusal::AlreadyRegistered),
        (State::Locked, _) => Err(Refusal::LinkLocked),
        (_, Phase::Expired) => Err(Refusal::LinkExpired),
        (State::Invited, _) => Ok(()),
        _ => Err(Refusal::LinkDead),
    }
}

fn invited_anew(grant: &Grant, now: Timestamp, before: &[Effect]) -> Decision {
    let generation = grant.generation + 1;
    let expires_at = now.plus_hours(LINK_HOURS);
    let mut effects = before.to_vec();
    effects.push(Effect::NewLink { generation, expires_at });
    let grant =
        Grant { state: State::Invited, generation, expires_at: Some(expires_at), mismatches: 0, ..*grant };
    Decision { grant, effects }
}

fn ended(grant: &Grant, state: State, ending: Ending) -> Decision {
    Decision {
        grant: Grant { state, expires_at: None, mismatches: 0, ..*grant },
        effects: vec![Effect::EndLink(ending)],
    }
}

fn revoked(grant: &Grant, effects: Vec<Effect>) -> Decision {
    let grant = Grant { state: State::Revoked, expires_at: None, mismatches: 0, paused_at: None, ..*grant };
    Decision { grant, effects }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    /// One grant in each situation that the table names.
    fn situations() -> Vec<(&'static str, Grant)> {
        let fresh = Grant::fresh();
        let out = Grant {
            state: State::Invited,
            generation: 2,
            expires_at: Some(NOW.plus_seconds(1)),
            mismatches: 0,
            ..fresh
        };
        vec![
            ("none", fresh),
            ("canceled", Grant { state: State::Canceled, generation: 2, ..fresh }),
            ("declined", Grant { state: State::Declined, generation: 2, ..fresh }),
            ("invited", out),
            ("last try", Grant { mismatches: 4, ..out }),
            ("expired", Grant { expires_at: Some(NOW), ..out }),
            ("locked", Grant { state: State::Locked, mismatches: 5, ..out }),
            (
                "active",
                Grant { state: State::Active, generation: 2, credential: Credential::Present, ..fresh },
            ),
            (
                "paused",
                Grant {
                    state: State::Active,
                    generation: 2,
                    credential: Credential::Present,
                    paused_at: Some(NOW.plus_seconds(-60)),
                    ..fresh
                },
            ),
            (
                "revoked",
                Grant { state: State::Revoked, generation: 2, credential: Credential::Present, ..fresh },
            ),
            ("revoked before", Grant { state: State::Revoked, generation: 2, ..fresh }),
        ]
    }

    fn events() -> Vec<(&'static str, Event)> {
        vec![
            ("invite", Event::Invite),
            ("resend", Event::Resend { seen: None }),
            ("resend, stale", Event::Resend { seen: Some(1) }),
            ("invite elsewhere", Event::InviteElsewhere),
            ("register", Event::Register { generation: 2 }),
            ("register, old link", Event::Register { generation: 1 }),
            ("mismatch", Event::Mismatch { generation: 2 }),
            ("unlock", Event::Unlock),
            ("decline", Event::Decline { generation: 2 }),
            ("not now", Event::NotNow { generation: 2 }),
            ("disown", Event::Disown { generation: 2 }),
            ("cancel", Event::Cancel),
            ("address changed", Event::AddressChanged),
            ("ownership moved", Event::OwnershipMoved),
            ("revoke", Event::Revoke),
            ("leave", Event::Leave),
            ("restore", Event::Restore),
            ("sign out", Event::SignOut),
            ("pause", Event::Pause),
            ("resume", Event::Resume),
        ]
    }

    /// The whole table, cell by cell: what each event makes of each situation.
    #[test]
    fn inv_09_every_event_in_every_state_does_what_the_table_says() {
        let wanted = "
event              | none      | canceled  | declined  | invited   | last try  | expired   | locked    | active    | paused    | revoked   | revoked before
            invite             | invited   | invited   | invited   | UseResend | UseResend | UseResend | UseResend | AlreadyRegistered | AlreadyRegistered | UseRestore | invited
            resend             | UseInvite | UseInvite | UseInvite | invited   | invited   | invited   | invited   | AlreadyRegistered | AlreadyRegistered | UseRestore | UseInvite
            resend, stale      | UseInvite | UseInvite | UseInvite | AlreadyResent | AlreadyResent | AlreadyResent | AlreadyResent | AlreadyRegistered | AlreadyRegistered | UseRestore | UseInvite
            invite elsewhere   | invited   | invited   | invited   | invited   | invited   | invited   | invited   | AlreadyRegistered | AlreadyRegistered | UseRestore | invited
            register           | LinkDead  | LinkDead  | LinkDead  | active    | active    | LinkExpired | LinkLocked | AlreadyRegistered | AlreadyRegistered | LinkDead  | LinkDead
            register, old link | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead
            mismatch           | LinkDead  | LinkDead  | LinkDead  | invited   | locked    | LinkExpired | LinkLocked | AlreadyRegistered | AlreadyRegistered | LinkDead  | LinkDead
            unlock             | NotLocked | NotLocked | NotLocked | NotLocked | NotLocked | NotLocked | invited   | NotLocked | NotLocked | NotLocked | NotLocked
            decline            | LinkDead  | LinkDead  | LinkDead  | declined  | declined  | LinkExpired | LinkLocked | AlreadyRegistered | AlreadyRegistered | LinkDead  | LinkDead
            not now            | LinkDead  | LinkDead  | LinkDead  | invited   | invited   | LinkExpired | LinkLocked | AlreadyRegistered | AlreadyRegistered | LinkDead  | LinkDead
            disown             | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | LinkDead  | declined  | declined  | LinkDead  | LinkDead
            cancel             | NoInvitation | NoInvitation | NoInvitation | canceled  | canceled  | canceled  | canceled  | AlreadyRegistered | AlreadyRegistered | NoInvitation | NoInvitation
            address changed    | none      | canceled  | declined  | canceled  | canceled  | canceled  | canceled  | active    | paused    | revoked   | revoked
            ownership moved    | none      | canceled  | declined  | canceled  | canceled  | canceled  | canceled  | revoked   | revoked   | revoked   | revoked
            revoke             | NoAccess  | NoAccess  | NoAccess  | revoked   | revoked   | revoked   | revoked   | revoked   | revoked   | NoAccess  | NoAccess
            leave              | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | revoked   | revoked   | NoAccess  | NoAccess
            restore            | UseInvite | UseInvite | UseInvite | UseResend | UseResend | UseResend | UseResend | AlreadyRegistered | AlreadyRegistered | active    | UseInvite
            sign out           | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | NoAccess  | active    | paused    | NoAccess  | NoAccess
            pause              | NoAccess | NoAccess | NoAccess | canceled | canceled | canceled | canceled | paused | paused | NoAccess | NoAccess
            resume             | NotPaused | NotPaused | NotPaused | NotPaused | NotPaused | NotPaused | NotPaused | NotPaused | active | NotPaused | NotPaused
        ";
        let mut lines = wanted.lines().map(str::trim).filter(|l| !l.is_empty());
        let heads: Vec<_> = lines.next().unwrap().split('|').map(str::trim).skip(1).collect();
        let situations = situations();
        assert_eq!(heads, situations.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        let events = events();
        let mut cells = 0;
        for (line, (event_name, event)) in lines.zip(&events) {
            let mut row = line.split('|').map(str::trim);
            assert_eq!(row.next().unwrap(), *event_name);
            for (want, (situation, grant)) in row.zip(&situations) {
                let got = match decide(grant, *event, NOW) {
                    Ok(decision) if decision.grant.paused_at.is_some() => "paused".to_owned(),
                    Ok(decision) => decision.grant.state.word().to_owned(),
                    Err(refusal) => format!("{refusal:?}"),
                };
                assert_eq!(got, want, "{event_name} on {situation}");
                cells += 1;
            }
        }
        assert_eq!(cells, events.len() * situations.len());
    }

    #[test]
    fn a_locked_link_whose_time_is_over_is_resent_not_unlocked() {
        let locked = situations().into_iter().find(|(name, _)| *name == "locked").unwrap().1;
        let end = locked.expires_at.unwrap();
        assert!(decide(&locked, Event::Unlock, end.plus_seconds(-1)).is_ok());
        assert_eq!(decide(&locked, Event::Unlock, end), Err(Refusal::LinkExpired));
        assert!(decide(&locked, Event::Resend { seen: None }, end).is_ok());
    }

    #[test]
    fn inv_03_a_link_is_good_for_168_hours_to_the_microsecond() {
        let sent = decide(&Grant::fresh(), Event::Invite, NOW).unwrap().grant;
        let end = NOW.plus_seconds(7 * 86_400);
        let register = |at| decide(&sent, Event::Register { generation: 1 }, at).map(|d| d.grant.state);
        assert_eq!(register(end.plus_seconds(-1)), Ok(State::Active));
        assert_eq!(register(Timestamp::from_micros(end.micros() - 1)), Ok(State::Active));
        assert_eq!(register(end), Err(Refusal::LinkExpired));
        assert_eq!(register(end.plus_seconds(1)), Err(Refusal::LinkExpired));
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Invite),
            proptest::option::of(0..6).prop_map(|seen| Event::Resend { seen }),
            (0..6).prop_map(|generation| Event::Register { generation }),
            (0..6).prop_map(|generation| Event::Mismatch { generation }),
            Just(Event::Unlock),
            (0..6).prop_map(|generation| Event::Decline { generation }),
            (0..6).prop_map(|generation| Event::NotNow { generation }),
            Just(Event::Cancel),
            Just(Event::AddressChanged),
            Just(Event::OwnershipMoved),
            Just(Event::Revoke),
            Just(Event::Leave),
            Just(Event::Restore),
            Just(Event::InviteElsewhere),
            Just(Event::SignOut),
            Just(Event::Pause),
            Just(Event::Resume),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// Whatever happens in whatever order: generations only grow, a link is out exactly when an
        /// end is set, five mismatches are the most, and a sign-in once made stays.
        #[test]
        fn inv_09_no_sequence_of_events_breaks_the_rules(
            steps in proptest::collection::vec((any_event(), 0i64..400_000), 1..60)
        ) {
            let (mut grant, mut now) = (Grant::fresh(), NOW);
            for (event, wait) in steps {
                now = now.plus_seconds(wait);
                let before = grant;
                if let Ok(Decision { grant: after, effects }) = decide(&grant, event, now) {
                    let new_links = effects.iter().filter(|e| matches!(e, Effect::NewLink { .. })).count();
                    prop_assert!(new_links <= 1);
                    prop_assert_eq!(after.generation, before.generation + i32::try_from(new_links).unwrap());
                    let link_out = matches!(after.state, State::Invited | State::Locked);
                    prop_assert_eq!(after.expires_at.is_some(), link_out);
                    prop_assert!(after.mismatches <= MISMATCHES_TO_LOCK);
                    prop_assert!(after.paused_at.is_none() || after.state == State::Active);
                    prop_assert!(before.credential == Credential::Absent || after.credential == Credential::Present);
                    let was_out = matches!(before.state, State::Invited | State::Locked);
                    let ends = effects.iter().any(|e| matches!(e, Effect::EndLink(_)));
                    prop_assert_eq!(ends, was_out && (!link_out || new_links == 1));
                    if before.state == State::Active && after.state != State::Active {
                        prop_assert!(effects.contains(&Effect::EndSessions));
                    }
                    if after.state == State::Active && before.state == State::Invited {
                        prop_assert_eq!(before.phase(now), Phase::Invited);
                    }
                    grant = after;
                }
            }
        }
    }
}
