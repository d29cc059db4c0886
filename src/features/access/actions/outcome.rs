//! What an act on a grant comes to.

use jiff::civil::Date;

use crate::features::access::doubt::Doubt;
use crate::features::access::lifecycle::Refusal;
use crate::features::access::owner_preview::OwnerPreview;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId};
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::db::PracticeScope;
use crate::platform::fault::Fault;
use crate::platform::state::App;

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

/// What came of an act.
#[derive(Clone, Debug)]
pub struct Done {
    /// The chart.
    pub chart: ChartId,
    /// The grant; `None` where the new chart owner was never invited.
    pub access: Option<AccessId>,
    /// The new link, if one was made.
    pub link: Option<Link>,
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
    /// The chart lacks the last name or the birth date, so the check could not be passed.
    #[error("the chart lacks the last name or the birth date")]
    NotCheckable,
    /// Look at the address first; say so again with these doubts confirmed. The text is a suggestion
    /// for a typing error ("gmail.com"), else empty.
    #[error("the address is doubtful")]
    Doubtful(Vec<(Doubt, String)>),
    /// Today's resends are used up; again from this moment on. The last link still works.
    #[error("no more resends today")]
    TooManyToday(Timestamp),
    /// That person is not the client or a related contact of this chart.
    #[error("this person cannot become the chart owner")]
    NotAContact,
    /// That person owns the chart already.
    #[error("this person owns the chart already")]
    IsOwner,
    /// An adult's record is given to somebody else, or a record to somebody who is not known to be an adult:
    /// say why, and who allowed it.
    #[error("a reason is needed, and who allowed it")]
    NeedsAuthority,
    /// The client's own access has no terms.
    #[error("the client's own access cannot be limited, and nobody else's is the client's own")]
    OwnAccess,
    /// This person is a representative already.
    #[error("this person is a representative already")]
    HasAccess,
    /// Something is taken away: say why.
    #[error("a reason is needed to take something away")]
    NeedsReason,
    /// A note withholds it; it is given back when the note ends.
    #[error("a note withholds it")]
    KeptByNote,
    /// Nobody has said by what right this access is held.
    #[error("it is not recorded by what right this access is held")]
    BasisMissing,
    /// This was the last day of the access.
    #[error("the last day of this access is over")]
    PastLastDay(Date),
    /// No change of the owner can be undone.
    #[error("there is no change of the owner that can be undone")]
    NothingToUndo,
    /// The day lies before today.
    #[error("the day is over")]
    DayIsOver,
    /// The day lies after today.
    #[error("the day is still to come")]
    DayToCome,
    /// The list that was looked at before the change of the owner is no longer true; this one is.
    #[error("the list of what changes is no longer true")]
    PreviewChanged(Box<OwnerPreview>),
    /// Somebody changed the grant after it was read.
    #[error("somebody changed this access meanwhile")]
    Stale,
}

/// The outcome of an action, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, Refused>, Fault>;

/// Notifies open pages and the mail worker of what was just committed. A caller that runs an act's `…_in`
/// in a transaction of its own calls this after the commit.
pub fn notify_changed(app: &App, scope: &PracticeScope, chart: &ChartId) {
    app.live.chart_changed(scope.id(), chart);
    app.outbox_bell.notify_one();
}
