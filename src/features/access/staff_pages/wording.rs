//! Words that several of the pages about portal access share.

use jiff::tz::TimeZone;

use super::when::When;
use crate::features::access::actions::{ActName, Refused};
use crate::features::access::ahead::Becomes;
use crate::features::access::doubt::Doubt;
use crate::features::access::identity::Field;
use crate::features::access::lifecycle::{Phase, Refusal};
use crate::features::access::permission::{Basis, Closed};
use crate::features::access::{EndedBy, GrantRole, Kept, Overview};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right, Terms};

/// A state: word and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// `waiting`, `good`, `attention`, `stopped` or empty.
    pub tone: &'static str,
    /// The word.
    pub text: String,
}

/// The tag of a phase.
pub fn tag_of(words: Words, phase: Phase) -> Tag {
    let tone = match phase {
        Phase::Invited => "waiting",
        Phase::Active => "good",
        Phase::Expired | Phase::Locked | Phase::Declined => "attention",
        Phase::NoPortalAccess => "stopped",
        Phase::NotInvited | Phase::Canceled => "",
    };
    Tag { tone, text: words.get(&format!("access-tag-{}", phase.word().replace('_', "-"))) }
}

/// The tag of a grant. One that is in force and whose days are over has ended.
pub fn tag_of_grant(words: Words, phase: Phase, closed: Option<Closed>) -> Tag {
    match closed {
        Some(Closed::Over(_) | Closed::Adult(_)) if phase == Phase::Active => {
            Tag { tone: "stopped", text: words.get("access-tag-ended") }
        }
        _ => tag_of(words, phase),
    }
}

/// One of an act's words for this grant: the same act is called otherwise where it mends something.
pub(super) fn words_of(act: ActName, words: Words, part: &str, grant: &Overview) -> String {
    let key = match (act, grant.ended_by) {
        (ActName::Invite, Some(EndedBy::AddressChanged)) if grant.address_on_file.is_some() => {
            act.key(&format!("{part}-elsewhere"))
        }
        (ActName::Restore, Some(EndedBy::OwnershipMoved)) => act.key(&format!("{part}-moved")),
        _ => act.key(part),
    };
    words.with1(&key, "name", &grant.person_name)
}

/// A relation in words; the practice's own where the catalogue has none.
pub(super) fn relation_word(words: Words, relation: &str) -> String {
    let plain = relation.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let known = if plain && !relation.is_empty() {
        words.find(&format!("charts-relation-{}", relation.replace('_', "-")))
    } else {
        None
    };
    known.unwrap_or_else(|| relation.to_owned())
}

/// The page that says what the holder of a grant may see.
pub fn grant_path(chart: ChartId, access: AccessId) -> String {
    format!("/staff/charts/{chart}/grants/{access}")
}

/// Why, by whom and until when something is withheld.
pub fn kept_in_words(words: Words, kept: &Kept) -> String {
    match kept.until {
        Some(day) => words.with(
            "access-kept-until",
            &[("reason", kept.reason.clone()), ("by", kept.by_name.clone()), ("day", words.civil_date(day))],
        ),
        None => words.with2("access-kept", "reason", &kept.reason, "by", &kept.by_name),
    }
}

/// The page of a grant that has a row.
pub(super) fn rights_path(grant: &Overview) -> Option<String> {
    grant.access_id.map(|access| grant_path(grant.chart_id, access))
}

/// Why the holder sees nothing now, unless it is paused: that is shown by a tag.
pub(super) fn closed_in_words(words: Words, grant: &Overview) -> Option<String> {
    let closed = grant.closed.filter(|closed| *closed != Closed::Paused)?;
    let day = closed.day().map(|day| words.civil_date(day)).unwrap_or_default();
    Some(words.with1(&format!("access-closed-{}", closed.word().replace('_', "-")), "day", day))
}

/// What is open, in words, with "(see only)" where it only looks.
pub(super) fn open_in_words(words: Words, open: &Terms) -> String {
    let named: Vec<String> = Right::ALL
        .iter()
        .filter(|right| open.level(**right) > Level::None)
        .map(|right| {
            let label = words.get(&format!("access-right-{right}"));
            match open.level(*right) {
                Level::Act => label,
                Level::View | Level::None => words.with1("access-preview-looks-only", "right", label),
            }
        })
        .collect();
    if named.is_empty() { words.get("access-preview-nothing") } else { named.join(", ") }
}

/// From when on the holder sees less by itself, and what is left then.
pub(super) fn narrows_in_words(words: Words, grant: &Overview) -> Option<String> {
    let narrows = grant.narrows.as_ref().filter(|_| grant.phase == Phase::Active)?;
    let (day, rights) = (words.civil_date(narrows.on), open_in_words(words, &narrows.after));
    Some(match narrows.becomes(grant.ends_at_majority) {
        Becomes::Less => words.with2("access-narrows", "day", day, "rights", rights),
        Becomes::Ended => words.with1("access-narrows-ends", "day", day),
        Becomes::EndedByMajority => words.with1("access-rights-ends-at-majority", "day", day),
    })
}

/// That it is not recorded by what right the holder has access.
pub(super) fn lacks_basis_in_words(words: Words, grant: &Overview) -> Option<String> {
    lacks_basis(grant).then(|| words.get("access-notice-basis-missing"))
}

/// Is an access held, or asked for, of which nobody has said by what right?
pub(super) fn lacks_basis(grant: &Overview) -> bool {
    let is_known = grant.terms.as_ref().is_none_or(|terms| terms.basis != Basis::Other);
    let counts = !matches!(grant.phase, Phase::NotInvited | Phase::Canceled | Phase::Declined);
    counts && !is_known && grant.role != GrantRole::FormerOwner
}

/// Why nothing was sent or changed, as a catalogue key; `when` is its only blank.
pub fn refusal_key(refused: &Refused) -> &'static str {
    match refused {
        Refused::LifeCycle(refusal) => match refusal {
            Refusal::UseInvite => "access-refused-use-invite",
            Refusal::UseResend => "access-refused-use-resend",
            Refusal::UseRestore => "access-refused-use-restore",
            Refusal::AlreadyRegistered => "access-refused-already-registered",
            Refusal::AlreadyResent => "access-refused-already-resent",
            Refusal::NotLocked => "access-refused-not-locked",
            Refusal::LinkExpired => "access-refused-link-over",
            Refusal::NoInvitation | Refusal::LinkDead | Refusal::LinkLocked => "access-refused-no-invitation",
            Refusal::NoAccess => "access-refused-no-access",
            Refusal::NotPaused => "access-refused-not-paused",
        },
        Refused::NotFound => "access-refused-not-found",
        Refused::ChartClosed => "access-refused-chart-closed",
        Refused::NoAddress => "access-refused-no-address",
        Refused::NotCheckable => "access-refused-not-checkable",
        Refused::Doubtful(doubts) if doubts.iter().any(|(doubt, _)| *doubt == Doubt::Undeliverable) => {
            "access-refused-undeliverable"
        }
        Refused::Doubtful(doubts) if doubts.iter().any(|(doubt, _)| *doubt == Doubt::Refused) => {
            "access-refused-address-refused"
        }
        Refused::Doubtful(_) => "access-refused-doubtful",
        Refused::NotAContact => "access-refused-not-a-contact",
        Refused::IsOwner => "access-refused-is-owner",
        Refused::NeedsAuthority => "access-refused-needs-authority",
        Refused::OwnAccess => "access-refused-own-access",
        Refused::HasAccess => "access-refused-has-access",
        Refused::NeedsReason => "access-refused-needs-reason",
        Refused::KeptByNote => "access-refused-kept-by-note",
        Refused::NothingToUndo => "access-refused-nothing-to-undo",
        Refused::DayToCome => "access-refused-day-to-come",
        Refused::DayIsOver => "access-refused-day-is-over",
        Refused::BasisMissing => "access-refused-basis-missing",
        Refused::PastLastDay(_) => "access-refused-past-last-day",
        Refused::PreviewChanged(_) => "access-refused-preview-changed",
        Refused::Stale => "access-refused-stale",
        Refused::TooManyToday(_) => "access-refused-too-many-today",
    }
}

/// That the face sheet lacks what the identity check needs, and what; `None` if it has both.
pub fn lacks_in_words(words: Words, lacks: &[Field]) -> Option<String> {
    let key = match lacks {
        [] => return None,
        [Field::LastName] => "access-lacks-last-name",
        [Field::BirthDate] => "access-lacks-birth-date",
        _ => "access-lacks-both",
    };
    Some(words.get(key))
}

/// Why nothing was sent or changed, and what to do instead.
pub(super) fn refusal_in_words(words: Words, zone: &TimeZone, now: Timestamp, refused: &Refused) -> String {
    let when = match refused {
        Refused::TooManyToday(again) => When::new(words, zone, *again, now).exact,
        Refused::PastLastDay(day) => words.civil_date(*day),
        _ => String::new(),
    };
    words.with1(refusal_key(refused), "when", when)
}
