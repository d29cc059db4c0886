//! What can be done with a grant. Each action is one transaction: load, decide (pure), save, audit,
//! mail. A refusal is a value, and commits (a failed check must count).

use crate::kernel::clock::Moment;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, InvitationId, PersonId};
use crate::kernel::secrets::{Secret, ShortCode, Token};
use crate::platform::audit::By;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::state::{App, AppState};
use crate::rooms::access::lifecycle::Refusal;
use crate::rooms::charts::Address;
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
    pub expires_at: Moment,
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
        /// The client is between 12 and 17, and a guardian or other contact of the chart has it
        /// (IDP-06).
        GuardiansOwn = "guardians_own",
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
    TooManyToday(Moment),
    /// That person is not the client or a related contact of this chart, or is the owner already.
    #[error("this person cannot become the chart owner")]
    NotAContact,
}

/// The outcome of an action, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, Refused>, Fault>;

/// An invitation to be sent.
#[derive(Clone, Debug)]
pub struct InviteOrder {
    /// For this chart's owner.
    pub chart: ChartId,
    /// To this address; it is put on the owner's face sheet if it is not there. `None`: the first
    /// on the face sheet that may be used for mail.
    pub address: Option<EmailAddress>,
    /// Doubts that staff have looked at.
    pub confirmed: Vec<Doubt>,
}

/// Sends the first invitation, or one after an ending.
pub async fn invite(app: &AppState, scope: &PracticeScope, by: By, order: InviteOrder) -> Outcome<Sent> {
    let _ = (app, scope, by, order);
    todo!()
}

/// Sends a new link; the earlier ones stop working. `seen` is the generation on the screen of
/// whoever confirmed.
pub async fn resend(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    seen: Option<i32>,
) -> Outcome<Sent> {
    let _ = (app, scope, by, access, seen);
    todo!()
}

/// Invites or resends, whichever each chart's owner needs, in as few transactions as the practice's
/// other work allows. The answers stand in the order of the charts.
pub async fn send_many(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    charts: Vec<ChartId>,
) -> Result<Vec<(ChartId, Result<Sent, Refused>)>, Fault> {
    let _ = (app, scope, by, charts);
    todo!()
}

/// Changes the address on the face sheet and sends a new link there (INV-08: with a reason; the old
/// address is told).
pub async fn change_email_and_resend(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    address: EmailAddress,
    confirmed: Vec<Doubt>,
    reason: String,
) -> Outcome<Sent> {
    let _ = (app, scope, by, access, address, confirmed, reason);
    todo!()
}

/// A new link on paper for the chart owner, whether or not anybody was invited before. The token and
/// the code exist only here.
pub async fn letter_for_chart(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    seen: Option<i32>,
) -> Outcome<(Sent, Token, ShortCode)> {
    let _ = (app, scope, by, chart, seen);
    todo!()
}

/// A new link on paper: the earlier ones stop working. The token and the code exist only here.
pub async fn letter(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    seen: Option<i32>,
) -> Outcome<(Sent, Token, ShortCode)> {
    let _ = (app, scope, by, access, seen);
    todo!()
}

/// Takes the invitation back.
pub async fn cancel(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    let _ = (app, scope, by, access);
    todo!()
}

/// Opens a locked link again after the chart was corrected.
pub async fn unlock(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    let _ = (app, scope, by, access);
    todo!()
}

/// Takes the access away; open sessions end at once.
pub async fn revoke(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    reason: String,
) -> Outcome<()> {
    let _ = (app, scope, by, access, reason);
    todo!()
}

/// Gives it back: the old password works again, and a mail says so.
pub async fn restore(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    let _ = (app, scope, by, access);
    todo!()
}

/// Makes somebody else of this chart the owner. What the former owner had ends.
pub async fn change_owner(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    to: PersonId,
) -> Outcome<()> {
    let _ = (app, scope, by, chart, to);
    todo!()
}

/// Ends every open session of the grant's account.
pub async fn sign_out_everywhere(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
) -> Outcome<()> {
    let _ = (app, scope, by, access);
    todo!()
}

/// Called by the face sheet's save, in its transaction, after a person's addresses were written:
/// `before` is what stood there. Links on their way to an address that is no longer theirs end, and
/// the old address of somebody with portal access is told (INV-08).
pub fn addresses_changed(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    person: &PersonId,
    before: &[Address],
) -> Result<(), Fault> {
    let _ = (app, c, by, person, before);
    todo!()
}

/// Called by whoever closes a chart, in that transaction: its open invitations end (INV-07).
pub fn chart_closed(c: &mut Scoped<'_>, by: &By, chart: &ChartId) -> Result<(), Fault> {
    let _ = (c, by, chart);
    todo!()
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
        expires_at: Moment,
        /// Is the invited person a related contact rather than the client?
        for_contact: bool,
        /// Registered before.
        has_account: bool,
        /// Language for the page: the person's.
        language: crate::platform::i18n::Language,
    },
    /// Its time is over; `asked`: a new one was already asked for.
    Expired {
        /// When it ended.
        expired_at: Moment,
        /// Already asked.
        asked: bool,
    },
    /// A newer link was sent.
    Replaced,
    /// Used: registered.
    Used,
    /// Too many failed checks.
    Locked,
    /// Withdrawn: canceled, revoked, another owner, address changed.
    Withdrawn,
    /// Its holder declined.
    Declined,
}

/// What a link's page shows. Reads only.
pub async fn look_at_link(app: &AppState, scope: &PracticeScope, token: &Token) -> Result<LinkView, Fault> {
    let _ = (app, scope, token);
    todo!()
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
    /// The details do not match. Says nothing about which, or how often.
    Mismatch,
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

/// Uses a link up, if the details match (invitation.md §3).
pub async fn register(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    order: RegisterOrder,
) -> Result<Registered, Fault> {
    let _ = (app, scope, by, order);
    todo!()
}

/// "This isn't me" or "not now".
pub async fn decline(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<LinkView, Fault> {
    let _ = (app, scope, by, key);
    todo!()
}

/// "Ask the practice for a new link" on an expired or replaced link's page: reaches the work list
/// and sends nothing. Limited; the answer is the same however often.
pub async fn ask_for_new_link(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<(), Fault> {
    let _ = (app, scope, by, key);
    todo!()
}

/// Sends the reminders that are due in every practice (caps, quiet hours); returns how many.
pub async fn send_due_reminders(app: &AppState) -> Result<usize, Fault> {
    let _ = app;
    todo!()
}
