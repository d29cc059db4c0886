//! What can be done with a grant. Each action is one transaction: load the chart once, decide (pure),
//! apply the decision. A refusal is a value, and commits (a failed check must count).

mod act;
mod apply;
mod face_sheet;
mod forget;
mod link;
mod register;
mod remind;

pub use act::{Act, ActName, Authority, Done, Target, act, act_in, doubts_of_new, send_many};
pub use face_sheet::{Reach, addresses_changed, chart_closed, reach_of, wants_reason};
pub use forget::forget_unused;
pub use link::{ask_for_new_link, decline, disown, look_at_link, open_link};
pub use register::register;
pub use remind::send_due_reminders;

use jiff::tz::TimeZone;

use crate::features::access::lifecycle::Refusal;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, InvitationId};
use crate::kernel::secrets::{Secret, ShortCode, Token};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::App;
use crate::word_enum;

/// An invitation that was just made and its mail queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The chart.
    pub chart: ChartId,
    /// The grant.
    pub access: AccessId,
    /// The generation.
    pub invitation: InvitationId,
    /// Its number.
    pub generation: i32,
    /// Where to; `None` for a printed letter.
    pub address: Option<EmailAddress>,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// A link that was made. Token and code exist only here and in the mail or on the letter.
#[derive(Clone, Debug)]
pub struct Link {
    /// The invitation.
    pub sent: Sent,
    /// The link's token.
    pub token: Token,
    /// What a letter's reader types in.
    pub code: Option<ShortCode>,
}

word_enum! {
    /// Something about an address that staff should look at before a mail goes there.
    pub enum Doubt {
        /// Another chart's person has this address.
        UsedByAnotherChart = "used_by_another_chart",
        /// A staff member of this practice has it.
        StaffMembersOwn = "staff_members_own",
        /// The domain looks like a typing error ("gmial.com").
        LikelyTypingError = "likely_typing_error",
        /// A mail to it came back for good.
        Undeliverable = "undeliverable",
        /// Whoever reads it said that an invitation was not for them.
        Refused = "refused",
        /// The client is between 12 and 17, and a guardian or other contact of the chart has it
        /// (IDP-06).
        GuardiansOwn = "guardians_own",
    }
}

impl Doubt {
    /// As a question to staff about this address.
    pub fn label(self, words: Words, address: &str, suggestion: &str) -> String {
        let key = format!("access-doubt-{}", self.word().replace('_', "-"));
        words.with2(&key, "address", address, "suggestion", suggestion)
    }
}

/// Why nothing was sent or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The life cycle says no.
    #[error(transparent)]
    LifeCycle(#[from] Refusal),
    /// No such chart or grant in this practice.
    #[error("no such chart or grant")]
    NotFound,
    /// The chart is closed.
    #[error("the chart is closed")]
    ChartClosed,
    /// No e-mail address that may be used for mail.
    #[error("there is no e-mail address that may be used for mail")]
    NoAddress,
    /// The chart lacks the last name or the birth date, so nobody could pass the check.
    #[error("the chart lacks the last name or the birth date")]
    NotCheckable,
    /// Look at the address first; say so again with these doubts confirmed. The text is a suggestion
    /// for a typing error ("gmail.com"), else empty.
    #[error("the address is doubtful")]
    Doubtful(Vec<(Doubt, String)>),
    /// Today's resends are used up; again from this moment on. The last link still works.
    #[error("no more resends today")]
    TooManyToday(Timestamp),
    /// That person is not the client or a related contact of this chart, or is the owner already.
    #[error("this person cannot become the chart owner")]
    NotAContact,
    /// An adult's record is given to somebody else, or a record to a minor: say why, and who allowed it.
    #[error("a reason is needed, and who allowed it")]
    NeedsAuthority,
}

/// The outcome of an action, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, Refused>, Fault>;

/// Tells open pages, and the worker that sends mail, what was just committed. Whoever calls an act's
/// `…_in` in a transaction of their own calls this afterwards.
pub fn notify_changed(app: &App, scope: &PracticeScope, chart: &ChartId) {
    app.live.chart_changed(scope.id(), chart);
    app.outbox_bell.notify_one();
}

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
        language: crate::platform::i18n::Language,
        /// The person's own zone, as their mail has it; nothing: the practice's.
        zone: Option<TimeZone>,
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

/// The registration form, parsed.
#[derive(Clone, Debug)]
pub struct RegisterOrder {
    /// By link or by code.
    pub key: Key,
    /// The client's last name as typed (cleaned).
    pub last_name: String,
    /// The client's birth date.
    pub birth_date: crate::kernel::civil::BirthDate,
    /// A new password, or the present one of an existing sign-in.
    pub credential: NewCredential,
    /// Hidden random text of the form: the same one again gets the same success page.
    pub nonce: String,
    /// Language of the page, for the account.
    pub language: crate::platform::i18n::Language,
    /// Network address, for limits.
    pub ip_bucket: String,
    /// By what the browser may be known to an existing sign-in.
    pub device: Option<crate::kernel::secrets::Token>,
}

/// How the account comes about.
#[derive(Clone, Debug)]
pub enum NewCredential {
    /// A new sign-in with this password.
    Password(Secret),
    /// "I already have a sign-in": its name and password.
    Existing {
        /// Sign-in name.
        name: String,
        /// Password.
        password: Secret,
    },
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Done (or done before with the same form): the sign-in name to fill in.
    Welcome {
        /// What to sign in with.
        sign_in_name: String,
        /// The account.
        account: AccountId,
    },
    /// The details do not match. Says nothing about which.
    Mismatch {
        /// Tries left before the link locks.
        left: i32,
    },
    /// The existing sign-in's name or password is wrong.
    WrongSignIn,
    /// The details match, and this person registered before (for another chart): ask for the
    /// sign-in they have.
    HasSignIn,
    /// The password is too weak: catalogue key of the reason (`password-…`). Cost no attempt.
    WeakPassword(String),
    /// The link is not open: its page.
    NotOpen(LinkView),
    /// Too many tries from here or for this chart; wait.
    TooManyTries,
}
