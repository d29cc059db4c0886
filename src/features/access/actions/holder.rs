//! What the holder of a link brings and answers, and what they are shown.

use jiff::tz::TimeZone;

use crate::kernel::clock::Timestamp;
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::i18n::Language;
use crate::word_enum;

word_enum! {
    /// What the holder of a link answers instead of registering.
    pub enum DeclineAnswer {
        /// "This isn't me": the link ends, and its address is marked.
        NotMe = "not_me",
        /// "Not now": the link stays good until its end, and no reminder goes out.
        NotNow = "not_now",
    }
}

/// Can the holder of a used link still say that somebody else used it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disowning {
    /// They can.
    Open,
    /// Too long ago, or the access is not what came of this link any more: the practice can help.
    Over,
}

/// What the holder of a link sees. Only a correct token finds anything (INV-13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkView {
    /// No such link: the same page for everybody.
    Unknown,
    /// Good; show the form. `has_account`: the person registered before (another chart), so sign-in
    /// is asked instead of a password.
    Open {
        /// When it ends.
        expires_at: Timestamp,
        /// Is the invited person a related contact rather than the client?
        for_contact: bool,
        /// Registered before.
        has_account: bool,
        /// Language for the page: the person's.
        language: Language,
        /// The person's own zone, as their mail has it; nothing: the practice's.
        zone: Option<TimeZone>,
        /// When its holder answered "not now", if they did.
        not_now_at: Option<Timestamp>,
    },
    /// Its time is over; `asked`: a new one was already asked for.
    Expired {
        /// When it ended.
        expired_at: Timestamp,
        /// Already asked.
        asked: bool,
        /// The person's own zone, as their mail has it; nothing: the practice's.
        zone: Option<TimeZone>,
    },
    /// A newer link was sent.
    Replaced,
    /// Used: registered.
    Used(Disowning),
    /// Used, and its holder said that it was not them who used it.
    Disowned,
    /// Too many failed checks.
    Locked,
    /// Withdrawn: canceled, revoked, another owner, address changed.
    Withdrawn,
    /// Its holder declined.
    Declined,
}

/// The token of the link behind a letter's short code is never stored; the code stands in for it.
/// Everything that takes a [`Key`] works with either.
#[derive(Clone, Debug)]
pub enum Key {
    /// The link's token.
    Token(Token),
    /// The letter's code.
    Code(ShortCode),
}
