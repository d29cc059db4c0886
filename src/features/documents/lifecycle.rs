//! The life of a document: the one pure function that decides what may happen to it, and the tag that staff see.

use crate::features::access::permission::Label;
use crate::features::documents::authorization::Ended;
use crate::kernel::clock::Timestamp;
use crate::word_enum;

word_enum! {
    /// Where a document stands. Whether a client sees it hangs on its shares too.
    pub enum DocumentState {
        /// Written or uploaded; no client sees it.
        Draft = "draft",
        /// Shared with one grant or more.
        Shared = "shared",
        /// The practice took it back.
        Withdrawn = "withdrawn",
    }
}

/// How a document is shared with the grant that an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareStanding {
    /// It never was.
    Never,
    /// The share was ended.
    Ended,
    /// It is.
    Live,
}

/// Whether people were asked to sign a document, or whether one person was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// No, or it came to nothing.
    No,
    /// Signatures are missing.
    Open,
    /// Everybody signed; of one person: they and all others did.
    Completed,
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff share it with grants.
    Share,
    /// Staff ask people to sign it.
    AskToSign(Signed),
    /// Staff put a newer text or file in its place.
    AddVersion(Signed),
    /// Staff end the share with a grant, whose holder stands so to the signatures.
    EndShare(ShareStanding, Signed),
    /// Staff take it back; a draft, which nobody has seen, goes altogether.
    Withdraw(Signed),
    /// The holder of a grant opens or downloads it.
    Read(ShareStanding),
}

/// What then is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands so, changed or not.
    Stands(DocumentState),
    /// It is shown.
    Shown,
    /// It is deleted.
    Deleted,
}

/// Why it does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// For this grant there is no such document.
    NotThere,
    /// It was taken back; whoever had it learns so.
    Gone,
    /// It was taken back already, or is to be shared again first.
    Withdrawn,
    /// It is not shared with this grant.
    NotShared,
    /// Notes of this kind are never shared (45 CFR 164.501, 42 CFR 2.11).
    NeverShared,
    /// People are asked to sign it; that is to be canceled first.
    OutToSign,
    /// It was signed: another document takes its place, and its signers keep it (15 USC 7001(e)).
    Signed,
}

/// Labels that keep a document out of the portal, whoever asks.
pub fn is_never_shared(label: Option<Label>) -> bool {
    matches!(label, Some(Label::Psychotherapy | Label::SudCounseling))
}

/// Decides.
pub fn decide(state: DocumentState, label: Option<Label>, event: Event) -> Result<Outcome, Refusal> {
    use DocumentState::{Draft, Shared, Withdrawn};
    match (event, state) {
        (Event::Share | Event::AskToSign(_), _) if is_never_shared(label) => Err(Refusal::NeverShared),
        (Event::Share, Draft | Shared | Withdrawn) => Ok(Outcome::Stands(Shared)),
        (Event::AskToSign(_) | Event::AddVersion(_) | Event::Withdraw(_), Withdrawn) => {
            Err(Refusal::Withdrawn)
        }
        (Event::AskToSign(signed) | Event::AddVersion(signed) | Event::Withdraw(signed), Draft | Shared)
            if signed == Signed::Completed =>
        {
            Err(Refusal::Signed)
        }
        (Event::AskToSign(Signed::Open) | Event::AddVersion(Signed::Open), Draft | Shared) => {
            Err(Refusal::OutToSign)
        }
        (Event::AskToSign(_), Draft | Shared) => Ok(Outcome::Stands(Shared)),
        (Event::AddVersion(_), Draft | Shared) => Ok(Outcome::Stands(state)),
        (Event::EndShare(ShareStanding::Live, Signed::Completed), Shared) => Err(Refusal::Signed),
        (Event::EndShare(ShareStanding::Live, _), Shared) => Ok(Outcome::Stands(Shared)),
        (Event::EndShare(..), Draft | Shared | Withdrawn) => Err(Refusal::NotShared),
        (Event::Withdraw(_), Draft) => Ok(Outcome::Deleted),
        (Event::Withdraw(_), Shared) => Ok(Outcome::Stands(Withdrawn)),
        (Event::Read(ShareStanding::Live), Shared) => Ok(Outcome::Shown),
        (Event::Read(ShareStanding::Live), Withdrawn) => Err(Refusal::Gone),
        (Event::Read(_), Draft | Shared | Withdrawn) => Err(Refusal::NotThere),
    }
}

/// What the tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody sees it.
    NotShared,
    /// Shared, and nobody has opened the version that counts.
    Shared,
    /// Somebody has: the first time.
    Viewed(Timestamp),
    /// An authorization that does not count any more.
    Ended(Ended),
    /// Taken back.
    Withdrawn(Option<Timestamp>),
}

/// What decides over the tag of one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareFacts {
    /// See [`ShareStanding`]; never `Never` for a share that is there.
    pub standing: ShareStanding,
    /// When its holder first opened the version that counts.
    pub opened_at: Option<Timestamp>,
}

/// The tag; `ended` is how an authorization came to its end.
pub fn phase(
    state: DocumentState,
    withdrawn_at: Option<Timestamp>,
    ended: Option<Ended>,
    shares: &[ShareFacts],
) -> Phase {
    if let (Some(ended), true) = (ended, state != DocumentState::Withdrawn) {
        return Phase::Ended(ended);
    }
    let mut live = shares.iter().filter(|share| share.standing == ShareStanding::Live).peekable();
    match state {
        DocumentState::Withdrawn => Phase::Withdrawn(withdrawn_at),
        DocumentState::Draft => Phase::NotShared,
        DocumentState::Shared if live.peek().is_none() => Phase::NotShared,
        DocumentState::Shared => match live.filter_map(|share| share.opened_at).min() {
            Some(at) => Phase::Viewed(at),
            None => Phase::Shared,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        use DocumentState::{Draft, Shared, Withdrawn};
        use Outcome::{Deleted, Shown, Stands};
        use Refusal as R;
        use ShareStanding::{Ended, Live, Never};
        use Signed::{Completed, No, Open};
        let table = [
            (Event::Share, [Ok(Stands(Shared)), Ok(Stands(Shared)), Ok(Stands(Shared))]),
            (Event::AskToSign(No), [Ok(Stands(Shared)), Ok(Stands(Shared)), Err(R::Withdrawn)]),
            (Event::AskToSign(Open), [Err(R::OutToSign), Err(R::OutToSign), Err(R::Withdrawn)]),
            (Event::AskToSign(Completed), [Err(R::Signed), Err(R::Signed), Err(R::Withdrawn)]),
            (Event::AddVersion(No), [Ok(Stands(Draft)), Ok(Stands(Shared)), Err(R::Withdrawn)]),
            (Event::AddVersion(Open), [Err(R::OutToSign), Err(R::OutToSign), Err(R::Withdrawn)]),
            (Event::AddVersion(Completed), [Err(R::Signed), Err(R::Signed), Err(R::Withdrawn)]),
            (Event::EndShare(Never, No), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Never, Open), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Never, Completed), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Ended, No), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Ended, Open), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Ended, Completed), [Err(R::NotShared), Err(R::NotShared), Err(R::NotShared)]),
            (Event::EndShare(Live, No), [Err(R::NotShared), Ok(Stands(Shared)), Err(R::NotShared)]),
            (Event::EndShare(Live, Open), [Err(R::NotShared), Ok(Stands(Shared)), Err(R::NotShared)]),
            (Event::EndShare(Live, Completed), [Err(R::NotShared), Err(R::Signed), Err(R::NotShared)]),
            (Event::Withdraw(No), [Ok(Deleted), Ok(Stands(Withdrawn)), Err(R::Withdrawn)]),
            (Event::Withdraw(Open), [Ok(Deleted), Ok(Stands(Withdrawn)), Err(R::Withdrawn)]),
            (Event::Withdraw(Completed), [Err(R::Signed), Err(R::Signed), Err(R::Withdrawn)]),
            (Event::Read(Never), [Err(R::NotThere), Err(R::NotThere), Err(R::NotThere)]),
            (Event::Read(Ended), [Err(R::NotThere), Err(R::NotThere), Err(R::NotThere)]),
            (Event::Read(Live), [Err(R::NotThere), Ok(Shown), Err(R::Gone)]),
        ];
        let labels = Label::ALL.iter().copied().map(Some).chain([None]);
        for label in labels {
            for (event, cells) in table {
                for (state, wanted) in [Draft, Shared, Withdrawn].into_iter().zip(cells) {
                    // AUZ-10: of these two kinds of notes nothing is ever shared.
                    let never = matches!(label, Some(Label::Psychotherapy | Label::SudCounseling));
                    let shares = matches!(event, Event::Share | Event::AskToSign(_));
                    let wanted = if never && shares { Err(Refusal::NeverShared) } else { wanted };
                    assert_eq!(decide(state, label, event), wanted, "{event:?} in {state}, {label:?}");
                }
            }
        }
    }

    #[test]
    fn the_tag_says_what_became_of_the_shares_that_count() {
        let (early, late) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let share = |standing, opened_at| ShareFacts { standing, opened_at };
        let live = |opened_at| share(ShareStanding::Live, opened_at);
        let of = |state, shares: &[ShareFacts]| phase(state, Some(late), None, shares);
        assert_eq!(of(DocumentState::Draft, &[]), Phase::NotShared);
        assert_eq!(of(DocumentState::Shared, &[]), Phase::NotShared);
        assert_eq!(of(DocumentState::Shared, &[share(ShareStanding::Ended, Some(early))]), Phase::NotShared);
        assert_eq!(of(DocumentState::Shared, &[live(None)]), Phase::Shared);
        assert_eq!(of(DocumentState::Shared, &[live(Some(late)), live(Some(early))]), Phase::Viewed(early));
        assert_eq!(of(DocumentState::Withdrawn, &[live(Some(early))]), Phase::Withdrawn(Some(late)));
        for ended in [Ended::Expired(jiff::civil::date(2026, 12, 1)), Ended::Revoked(late)] {
            let over = |state| phase(state, Some(late), Some(ended), &[live(Some(early))]);
            assert_eq!(over(DocumentState::Draft), Phase::Ended(ended));
            assert_eq!(over(DocumentState::Shared), Phase::Ended(ended));
            assert_eq!(over(DocumentState::Withdrawn), Phase::Withdrawn(Some(late)));
        }
    }
}
