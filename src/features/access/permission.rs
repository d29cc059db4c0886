//! Who may see and do what: one pure function, [`decide`]. Every page, list, count, mail and API answer about a
//! chart asks it; nothing else decides. It knows the day and no clock, facts and no database.
//!
//! A level is the lowest of nine caps:
//!
//! | cap | none | view | act |
//! |---|---|---|---|
//! | grant | not active, paused, account locked | – | active |
//! | dates | before the first day, after the last | – | between, both inclusive |
//! | chart | merged; closed or transferred and its view time over | closed, transferred; frozen: appointments | open; closed and frozen: billing |
//! | life | client dead, basis not executor | client dead, executor | alive; dead, executor: billing |
//! | terms | right not in the grant | `right:view` | `right`; basis self: all |
//! | age, for the bases of a minor | adult or emancipated; age unknown; rule says none; assent missing | rule says view | else |
//! | label | see [`label_cap`] | rule's cap for the label | else |
//! | withheld | the right or the item is withheld from this grant | – | else |
//! | share | document or form without a live share, thread without this holder | – | else; kinds without shares |
//!
//! The role of chart owner gives nothing by itself: it is no fact here.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::features::access::age::{AgeRule, AssentRule, age_on, turns_on};
pub use crate::features::access::kinds::{Basis, ItemKind, Label};
use crate::features::practice::Jurisdiction;
use crate::platform::permissions::{Level, Right, Terms};

/// The chart, as far as it limits anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartStanding {
    /// In use.
    Open,
    /// In use, without new appointments.
    Frozen,
    /// Closed; clients may read until this day, or for good.
    Closed(Option<Date>),
    /// Given to another practice; clients may read until this day, or for good.
    Transferred(Option<Date>),
    /// Part of another chart now.
    Merged,
}

/// The client of the chart, as far as it limits anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientFacts {
    /// The birth date on file.
    pub born: Option<Date>,
    /// Since when a court counts the minor as an adult.
    pub emancipated_on: Option<Date>,
    /// The day of death.
    pub deceased_on: Option<Date>,
}

/// Does the grant count at all?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStanding {
    /// Registered and in force.
    Active,
    /// Stopped by staff for a while.
    Paused,
    /// Never registered, declined, canceled or revoked.
    NotActive,
    /// The account behind it is locked.
    AccountLocked,
}

/// May the holder see what staff marked as sensitive?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensitiveItems {
    /// They may.
    Included,
    /// They may not.
    Excluded,
}

/// Did the minor agree to this holder's access?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assent {
    /// It is recorded.
    Given,
    /// It is not, or was taken back.
    Missing,
}

impl Assent {
    /// Is it recorded?
    pub fn is_given(&self) -> bool {
        *self == Self::Given
    }
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantFacts {
    /// See [`Basis`].
    pub basis: Basis,
    /// See [`GrantStanding`].
    pub standing: GrantStanding,
    /// Its first day, where it is limited.
    pub starts_on: Option<Date>,
    /// Its last day, where it is limited.
    pub ends_on: Option<Date>,
    /// What it allows.
    pub terms: Terms,
    /// See [`SensitiveItems`].
    pub sensitive: SensitiveItems,
    /// See [`Assent`].
    pub assent: Assent,
}

/// A consent or a request that a label may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// There never was one.
    Never,
    /// It holds.
    Live,
    /// It was taken back.
    Revoked,
}

/// What is kept from one grant, whatever its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// Everything under a right.
    Right(Right),
    /// One item.
    Item(ItemKind, uuid::Uuid),
}

/// Is an item shared with this grant?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// It is not, or the share was taken back.
    NotShared,
    /// With the grants of the chart.
    Shared,
    /// With this holder by name.
    ByName,
}

/// Does the holder take part in a thread?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// They write in it.
    Party,
    /// It is somebody else's.
    Stranger,
}

/// One thing that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Which one.
    pub id: uuid::Uuid,
    /// What protects it.
    pub label: Option<Label>,
    /// See [`Share`].
    pub share: Share,
    /// See [`Party`].
    pub party: Party,
}

/// Everything that decides over one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The civil date in the practice's zone.
    pub today: Date,
    /// The chart.
    pub chart: ChartStanding,
    /// Its client.
    pub client: ClientFacts,
    /// The grant.
    pub grant: GrantFacts,
    /// The age rule in force for this grant.
    pub rule: Option<AgeRule>,
    /// Whose law says when the client is an adult.
    pub place: Jurisdiction,
    /// A consent under 42 CFR Part 2 that names this holder.
    pub part2: Consent,
    /// The minor's request that this holder sees care which the minor consented to alone.
    pub minor_request: Consent,
    /// What is kept from this grant.
    pub withheld: Vec<Withheld>,
}

/// The caps, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cap {
    /// The grant itself.
    Grant,
    /// Its first and last day.
    Dates,
    /// The chart.
    Chart,
    /// The client's life.
    Life,
    /// The grant's terms.
    Terms,
    /// The client's age.
    Age,
    /// The item's label.
    Label,
    /// Withheld from the grant.
    Withheld,
    /// The item's share.
    Share,
}

impl Cap {
    /// Its word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Dates => "dates",
            Self::Chart => "chart",
            Self::Life => "life",
            Self::Terms => "terms",
            Self::Age => "age",
            Self::Label => "label",
            Self::Withheld => "withheld",
            Self::Share => "share",
        }
    }
}

/// May somebody whose access has ended read their own messages?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// They may read what was written while they took part.
    Readable,
    /// There is nothing for them.
    Shut,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How far it goes.
    pub level: Level,
    /// See [`Archive`].
    pub archive: Archive,
    /// The first cap that gives the level, where it is not everything. For staff; clients never learn it.
    pub why: Option<Cap>,
}

/// What each cap leaves, in the order in which they are asked.
fn caps(facts: &Facts, right: Right, item: Option<&Item>) -> [(Cap, Level); 9] {
    [
        (Cap::Grant, grant_cap(facts)),
        (Cap::Dates, date_cap(facts)),
        (Cap::Chart, chart_cap(facts, right)),
        (Cap::Life, life_cap(facts, right)),
        (Cap::Terms, terms_cap(facts, right)),
        (Cap::Age, age_cap(facts, right)),
        (Cap::Label, item.map_or(Level::Act, |item| label_cap(facts, item))),
        (Cap::Withheld, withheld_cap(facts, right, item)),
        (Cap::Share, item.map_or(Level::Act, share_cap)),
    ]
}

/// Is a right shut by nothing but time: the last day is over, or the client has come of age?
pub fn is_ended_by_time(facts: &Facts, right: Right) -> bool {
    is_shut_by_time(facts, &caps(facts, right, None))
}

fn is_shut_by_time(facts: &Facts, caps: &[(Cap, Level)]) -> bool {
    caps.iter().any(|(_, level)| *level == Level::None)
        && caps.iter().all(|(cap, level)| match cap {
            _ if *level != Level::None => true,
            Cap::Dates => facts.grant.ends_on.is_some_and(|last| facts.today > last),
            Cap::Age => is_of_age(facts),
            _ => false,
        })
}

/// What one holder may do under a right, or with one item of it.
pub fn decide(facts: &Facts, right: Right, item: Option<&Item>) -> Verdict {
    let caps = caps(facts, right, item);
    let level = caps.iter().map(|(_, level)| *level).min().unwrap_or(Level::None);
    let why = caps.iter().find(|(_, at)| *at == level && level != Level::Act).map(|(cap, _)| *cap);
    let was_party = item.is_some_and(|item| item.kind == ItemKind::Thread && item.party == Party::Party);
    let archive = if was_party && right == Right::Messages && is_shut_by_time(facts, &caps) {
        Archive::Readable
    } else {
        Archive::Shut
    };
    Verdict { level, archive, why }
}

/// May whoever holds this grant still read the threads in which they took part, now that time alone has ended it? Where the
/// client came of age, only if the practice leaves a parent what they wrote and were told.
pub fn archive_of(facts: &Facts, of_age: Archive) -> Archive {
    let own = Item {
        kind: ItemKind::Thread,
        id: uuid::Uuid::nil(),
        label: None,
        share: Share::NotShared,
        party: Party::Party,
    };
    match decide(facts, Right::Messages, Some(&own)).archive {
        Archive::Readable if facts.grant.basis.ends_at_majority() && is_of_age(facts) => of_age,
        other => other,
    }
}

/// Every right that goes further than nothing.
pub fn open_rights(facts: &Facts) -> Vec<Right> {
    Right::ALL.iter().copied().filter(|right| decide(facts, *right, None).level > Level::None).collect()
}

/// The first day of a grant that will open something and does not yet.
pub fn opens_on(facts: &Facts) -> Option<Date> {
    let first = facts.grant.starts_on.filter(|first| facts.today < *first)?;
    let then = Facts { today: first, ..facts.clone() };
    (!open_rights(&then).is_empty()).then_some(first)
}

/// Why a grant opens nothing at all. For staff; clients never learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It was never used, or it ended.
    NotActive,
    /// Staff have paused it.
    Paused,
    /// The account behind it is locked.
    AccountLocked,
    /// Its first day is still to come.
    NotBefore(Date),
    /// Its last day is over.
    Over(Date),
    /// The chart is closed and its view time over, or it is part of another.
    Chart,
    /// The client has died.
    Death,
    /// It allows nothing.
    NoRights,
    /// The client's age is not known.
    AgeUnknown,
    /// The client is an adult since this day.
    Adult(Date),
    /// An age rule leaves nothing.
    AgeRule,
    /// An age rule asks for the minor's assent.
    AssentMissing,
    /// Everything is withheld.
    Withheld,
}

impl Closed {
    /// Its word, as the API and the catalogue's keys have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotActive => "not_active",
            Self::Paused => "paused",
            Self::AccountLocked => "account_locked",
            Self::NotBefore(_) => "not_before",
            Self::Over(_) => "over",
            Self::Chart => "chart",
            Self::Death => "death",
            Self::NoRights => "no_rights",
            Self::AgeUnknown => "age_unknown",
            Self::Adult(_) => "adult",
            Self::AgeRule => "age_rule",
            Self::AssentMissing => "assent_missing",
            Self::Withheld => "withheld",
        }
    }

    /// The day that it speaks of.
    pub const fn day(self) -> Option<Date> {
        match self {
            Self::NotBefore(day) | Self::Over(day) | Self::Adult(day) => Some(day),
            _ => None,
        }
    }
}

/// Why a grant opens nothing; `None` where it opens something. Of several rights, what shuts the one that comes
/// furthest: a right that is not in the terms says nothing of those that are.
pub fn closed_by(facts: &Facts) -> Option<Closed> {
    let verdicts: Vec<Verdict> = Right::ALL.iter().map(|right| decide(facts, *right, None)).collect();
    if verdicts.iter().any(|verdict| verdict.level > Level::None) {
        return None;
    }
    Some(match verdicts.iter().filter_map(|verdict| verdict.why).max()? {
        Cap::Grant => match facts.grant.standing {
            GrantStanding::Paused => Closed::Paused,
            GrantStanding::AccountLocked => Closed::AccountLocked,
            GrantStanding::Active | GrantStanding::NotActive => Closed::NotActive,
        },
        Cap::Dates => match (facts.grant.starts_on, facts.grant.ends_on) {
            (_, Some(last)) if facts.today > last => Closed::Over(last),
            (Some(first), _) => Closed::NotBefore(first),
            (None, _) => Closed::NotActive,
        },
        Cap::Chart => Closed::Chart,
        Cap::Life => Closed::Death,
        Cap::Age => match (age(facts), adult_on(facts), &facts.rule) {
            (None, ..) => Closed::AgeUnknown,
            (_, Some(day), _) if day <= facts.today => Closed::Adult(day),
            (_, _, Some(rule))
                if rule.assent == AssentRule::Needed && facts.grant.assent == Assent::Missing =>
            {
                Closed::AssentMissing
            }
            _ => Closed::AgeRule,
        },
        Cap::Withheld => Closed::Withheld,
        // Labels and shares belong to items.
        Cap::Terms | Cap::Label | Cap::Share => Closed::NoRights,
    })
}

/// The day from which the client counts as an adult, by age or by a court's word.
fn adult_on(facts: &Facts) -> Option<Date> {
    let years = i16::try_from(facts.place.majority_age).ok()?;
    let of_age = facts.client.born.and_then(|born| turns_on(born, years, facts.place.leap_day));
    [of_age, facts.client.emancipated_on].into_iter().flatten().min()
}

/// The day on which a grant ends by itself because the client becomes an adult.
pub fn ends_at_majority(facts: &Facts) -> Option<Date> {
    adult_on(facts).filter(|_| facts.grant.basis.ends_at_majority())
}

fn grant_cap(facts: &Facts) -> Level {
    match facts.grant.standing {
        GrantStanding::Active => Level::Act,
        GrantStanding::Paused | GrantStanding::NotActive | GrantStanding::AccountLocked => Level::None,
    }
}

fn date_cap(facts: &Facts) -> Level {
    let today = facts.today;
    let is_between = facts.grant.starts_on.is_none_or(|first| first <= today)
        && facts.grant.ends_on.is_none_or(|last| today <= last);
    if is_between { Level::Act } else { Level::None }
}

fn chart_cap(facts: &Facts, right: Right) -> Level {
    let is_over = |until: Option<Date>| until.is_some_and(|last| facts.today > last);
    match facts.chart {
        ChartStanding::Merged => Level::None,
        ChartStanding::Closed(until) | ChartStanding::Transferred(until) if is_over(until) => Level::None,
        // What is owed can be paid after the treatment ended.
        ChartStanding::Closed(_) if right == Right::Billing => Level::Act,
        ChartStanding::Closed(_) | ChartStanding::Transferred(_) => Level::View,
        ChartStanding::Frozen if right == Right::Appointments => Level::View,
        ChartStanding::Frozen | ChartStanding::Open => Level::Act,
    }
}

fn life_cap(facts: &Facts, right: Right) -> Level {
    match (facts.client.deceased_on, facts.grant.basis) {
        (None, _) => Level::Act,
        (Some(_), Basis::Executor) if right == Right::Billing => Level::Act,
        (Some(_), Basis::Executor) => Level::View,
        (Some(_), _) => Level::None,
    }
}

fn terms_cap(facts: &Facts, right: Right) -> Level {
    match facts.grant.basis {
        Basis::Client => Level::Act,
        _ => facts.grant.terms.level(right),
    }
}

/// The client's age in years, where it is known.
fn age(facts: &Facts) -> Option<i32> {
    facts.client.born.and_then(|born| age_on(born, facts.today, facts.place.leap_day)).map(i32::from)
}

/// Is the client an adult by age, or before that by a court's word? Not where the age is not known.
fn is_of_age(facts: &Facts) -> bool {
    let is_emancipated = facts.client.emancipated_on.is_some_and(|day| day <= facts.today);
    is_emancipated || age(facts).is_some_and(|age| age >= facts.place.majority_age)
}

/// Is the client known to be a minor?
pub fn is_minor(facts: &Facts) -> bool {
    age(facts).is_some() && !is_of_age(facts)
}

fn age_cap(facts: &Facts, right: Right) -> Level {
    if !facts.grant.basis.ends_at_majority() {
        return Level::Act;
    }
    // Whose age is not known may be an adult.
    if age(facts).is_none() || is_of_age(facts) {
        return Level::None;
    }
    match &facts.rule {
        Some(rule) if rule.assent == AssentRule::Needed && facts.grant.assent == Assent::Missing => {
            Level::None
        }
        Some(rule) => rule.caps.get(&right).copied().unwrap_or(Level::Act),
        None => Level::Act,
    }
}

/// What a label leaves: notes that belong into no portal leave nothing to anybody; other labels leave the client
/// everything and others what a consent, their terms or the age rule leave them.
fn label_cap(facts: &Facts, item: &Item) -> Level {
    let Some(label) = item.label else { return Level::Act };
    let is_kept_back = match label {
        Label::Psychotherapy | Label::SudCounseling => true,
        _ if facts.grant.basis == Basis::Client => return Level::Act,
        Label::Sud => facts.part2 != Consent::Live,
        Label::MinorConsented => facts.minor_request != Consent::Live,
        Label::Sensitive => facts.grant.sensitive == SensitiveItems::Excluded,
        Label::ThirdParty => item.share != Share::ByName,
    };
    let caps: Option<&BTreeMap<Label, Level>> = facts.rule.as_ref().map(|rule| &rule.label_caps);
    if is_kept_back {
        Level::None
    } else {
        caps.and_then(|caps| caps.get(&label)).copied().unwrap_or(Level::Act)
    }
}

/// Does the label of an item keep it from a holder with whom it is shared? Whatever else shuts it now, an invitation that is
/// open or a day to come, can end by itself; a label does not.
pub fn is_shut_by_label(facts: &Facts, item: &Item) -> bool {
    label_cap(facts, item) == Level::None
}

fn withheld_cap(facts: &Facts, right: Right, item: Option<&Item>) -> Level {
    let is_withheld = facts.withheld.iter().any(|kept| match kept {
        Withheld::Right(kept) => *kept == right,
        Withheld::Item(kind, id) => item.is_some_and(|item| item.kind == *kind && item.id == *id),
    });
    if is_withheld { Level::None } else { Level::Act }
}

fn share_cap(item: &Item) -> Level {
    let is_theirs = match item.kind {
        ItemKind::Document | ItemKind::Form => item.share != Share::NotShared,
        ItemKind::Thread => item.party == Party::Party,
        ItemKind::Appointment | ItemKind::LedgerEntry => true,
    };
    if is_theirs { Level::Act } else { Level::None }
}

#[cfg(test)]
mod tests;
