//! What a change of a chart's owner would do, and for whom: the list that staff look at before they confirm. It has a
//! hash, so that nobody confirms a list that is no longer true.

use std::fmt::Write as _;

use crate::features::access::lifecycle::Phase;
use crate::features::access::permission::{Facts, GrantStanding, decide};
use crate::features::access::store::{AccessRow, GrantRole};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PersonId};
use crate::kernel::secrets::sha256_hex;
use crate::platform::permissions::{Level, Right, Terms};
use crate::word_enum;

word_enum! {
    /// Must a reason be given, and who allowed the change?
    pub enum AuthorityRule {
        /// An adult's record goes to somebody else, or a record to somebody who is not known to be an adult.
        Needed = "needed",
        /// A minor's record goes to an adult, or a record to its own adult client.
        NotNeeded = "not_needed",
    }
}

word_enum! {
    /// What happens to a person at the change besides their rights.
    pub enum Consequence {
        /// Their open sessions end.
        SignedOut = "signed_out",
        /// The invitation link that they hold stops working.
        LinkEnds = "link_ends",
        /// They are mailed that their access has ended.
        MailEnded = "mail_ended",
        /// The client is mailed that somebody's access to their chart was changed.
        MailOthersChanged = "mail_others_changed",
    }
}

/// How somebody holds a chart, and what that opens today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What they are to the chart.
    pub role: GrantRole,
    /// How far the invitation has come.
    pub phase: Phase,
    /// What is open today.
    pub open: Terms,
    /// What will be open once they have registered, where they have not.
    pub once_registered: Option<Terms>,
}

fn open(facts: &Facts) -> Terms {
    Terms::of(Right::ALL.iter().map(|right| (*right, decide(facts, *right, None).level)))
}

impl Held {
    /// By this grant, with what decides over it.
    pub fn of(row: &AccessRow, facts: &Facts, now: Timestamp) -> Self {
        let phase = row.phase(now);
        let may_come = row.role != GrantRole::FormerOwner && phase != Phase::Active;
        let registered = || {
            let mut then = facts.clone();
            then.grant.standing = GrantStanding::Active;
            open(&then)
        };
        Self { role: row.role, phase, open: open(facts), once_registered: may_come.then(registered) }
    }
}

/// What the change is for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    /// Who.
    pub person: PersonId,
    /// Their full name, for staff.
    pub name: String,
    /// Before; `None` for somebody without a grant.
    pub before: Option<Held>,
    /// Afterwards.
    pub after: Held,
    /// What else happens to them.
    pub consequences: Vec<Consequence>,
}

impl PersonChange {
    /// How far a right goes before and afterwards.
    pub fn levels(&self, right: Right) -> (Level, Level) {
        let before = self.before.as_ref().map_or(Level::None, |held| held.open.level(right));
        (before, self.after.open.level(right))
    }

    /// Is nothing different for them?
    pub fn is_nothing(&self) -> bool {
        self.before.as_ref() == Some(&self.after) && self.consequences.is_empty()
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerPreview {
    /// The chart.
    pub chart: ChartId,
    /// Who owns it now.
    pub from: PersonId,
    /// Who would own it.
    pub to: PersonId,
    /// See [`AuthorityRule`].
    pub authority: AuthorityRule,
    /// Everybody with access: the former owner, the new one, then the others.
    pub people: Vec<PersonChange>,
}

impl OwnerPreview {
    /// SHA-256 of everything that it says.
    pub fn sha256(&self) -> String {
        let mut text = format!("{} {} {} {}\n", self.chart, self.from, self.to, self.authority);
        for change in &self.people {
            let held = |held: &Held| {
                let later = held.once_registered.as_ref().map(Terms::write);
                format!("{} {} [{}] {later:?}", held.role, held.phase.word(), held.open.write())
            };
            let before = change.before.as_ref().map(held).unwrap_or_default();
            let consequences: Vec<&str> = change.consequences.iter().map(|what| what.word()).collect();
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{} {:?} {before} > {} {consequences:?}",
                change.person,
                change.name,
                held(&change.after),
            );
        }
        sha256_hex(text.as_bytes())
    }
}
