//! The interface of a payment provider. What it answers is read into small structs; a field or a word that we do
//! not know is left alone, because providers add both at any time.

use futures_util::future::BoxFuture;

use crate::kernel::clock::Timestamp;
use crate::kernel::money::Money;
use crate::kernel::secrets::Secret;
use crate::word_enum;

word_enum! {
    /// Does money move?
    pub enum Mode {
        /// No: it is for trying out.
        Test = "test",
        /// Yes.
        Live = "live",
    }
}

/// A practice's account at the provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// The key to its API.
    pub key: Secret,
    /// Does money move?
    pub mode: Mode,
}

/// A page on which one amount is paid.
#[derive(Clone, Debug)]
pub struct NewCheckout<'a> {
    /// Our name for the payment.
    pub payment: String,
    /// Our name for the practice.
    pub practice: String,
    /// The practice's name, as the client knows it.
    pub payee: &'a str,
    /// The sentence that stands beside the amount.
    pub line: String,
    /// How much.
    pub amount: Money,
    /// Where the client comes back to, whether they paid or not.
    pub back_to: String,
    /// After this moment nobody can pay on the page.
    pub expires_at: Timestamp,
    /// The language of the page, as `en`.
    pub language: &'static str,
}

/// A refund of a part of a payment.
#[derive(Clone, Debug)]
pub struct NewRefund<'a> {
    /// The provider's name for the payment.
    pub intent: &'a str,
    /// Our name for the refund.
    pub refund: String,
    /// Our name for the practice.
    pub practice: String,
    /// How much.
    pub amount: Money,
}

/// Something that is asked of the provider. It is kept, and repeated byte for byte until there is an answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Call {
    /// Behind the origin.
    pub path: String,
    /// Form fields, encoded.
    pub body: String,
}

/// How a payment page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutStatus {
    /// The client may still pay.
    Open,
    /// The client has paid, and the bank has not answered yet.
    Processing,
    /// The money is at the provider.
    Paid(Money),
    /// The bank said no, for good.
    Failed,
    /// The page was closed and nobody paid.
    Expired,
}

/// A payment page, as the provider tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The provider's name for it.
    pub id: String,
    /// Our name for the payment.
    pub payment: Option<String>,
    /// Our name for the practice.
    pub practice: Option<String>,
    /// The provider's name for the payment, once there is one.
    pub intent: Option<String>,
    /// Its address, while somebody may pay there.
    pub url: Option<String>,
    /// How it stands.
    pub status: CheckoutStatus,
    /// The kind of card and its last four digits, where it was a card.
    pub card: Option<String>,
}

/// How a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Arrived.
    Succeeded,
    /// It did not arrive, and never will.
    Failed,
}

/// A refund, as the provider tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The provider's name for it.
    pub id: String,
    /// Our name for it, where it was asked for here.
    pub refund: Option<String>,
    /// The provider's name for the payment.
    pub intent: Option<String>,
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub status: RefundStatus,
}

/// How a payment stands that a client's bank asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// The bank asks a question.
    Inquiry,
    /// The question is over.
    Closed,
    /// The bank asks the money back.
    Open,
    /// The practice keeps it.
    Won,
    /// The client's bank keeps it.
    Lost,
}

/// A payment that a client's bank asks about, as the provider tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The provider's name for it.
    pub id: String,
    /// The provider's name for the payment.
    pub intent: Option<String>,
    /// How much is asked back.
    pub amount: Money,
    /// How it stands.
    pub status: DisputeStatus,
    /// What the provider took out because of it, and did not give back.
    pub withdrawn: i64,
    /// What the provider takes for itself.
    pub fee: i64,
    /// Until when it can be answered.
    pub due_at: Option<Timestamp>,
}

/// What somebody looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// A payment page.
    Checkout(Checkout),
    /// A refund.
    Refund(Refund),
    /// A dispute.
    Dispute(Dispute),
}

/// Is an event of an account in which money moves?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live(pub Mode);

/// News from the provider: which object changed. What it is now is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The provider's name for the event.
    pub id: String,
    /// Its kind, as `refund.updated`.
    pub kind: String,
    /// The object that changed.
    pub object: String,
    /// When.
    pub created_at: Timestamp,
    /// Test or live.
    pub live: Live,
}

/// A page of events, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<ProviderEvent>,
    /// The name behind which older ones stand.
    pub next: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The provider cannot be reached, is too busy, or did not say what it did: the same call is repeated.
    #[error("not answered: {0}")]
    NotAnswered(String),
    /// The provider says no, and has done nothing.
    #[error("refused: {0}")]
    Refused(String),
    /// There is no such thing.
    #[error("not there")]
    NotThere,
    /// The key is wrong, or may not do this.
    #[error("the key is refused")]
    Key,
}

/// What a provider answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Trouble>>;

/// See the module.
pub trait PayProvider: Send + Sync {
    /// Does it move real money? A key of an account in which money moves is taken by no other.
    fn is_real(&self) -> bool;

    /// In which mode a key's account is; `None` for a text that is no key.
    fn mode_of(&self, key: &str) -> Option<Mode>;

    /// Is this the text of a webhook's secret?
    fn is_hook_secret(&self, text: &str) -> bool;

    /// A page on which a client pays.
    fn checkout(&self, new: &NewCheckout<'_>) -> Call;

    /// Closes a page, so that nobody pays there any more.
    fn expire(&self, session: &str) -> Call;

    /// Sends money back.
    fn refund(&self, new: &NewRefund<'_>) -> Call;

    /// Makes a call. With the same key it is done once, however often it is made.
    fn send<'a>(&'a self, account: &'a Account, key: &'a str, call: &'a Call) -> Answer<'a, Looked>;

    /// How a payment page or a refund stands now.
    fn look<'a>(&'a self, account: &'a Account, object: &'a str) -> Answer<'a, Looked>;

    /// What changed since a moment, behind an event where one is named.
    fn events<'a>(
        &'a self,
        account: &'a Account,
        since: Timestamp,
        after: Option<&'a str>,
    ) -> Answer<'a, EventPage>;

    /// Is the key taken?
    fn check<'a>(&'a self, account: &'a Account) -> Answer<'a, ()>;

    /// An event as a webhook brings it; `None` for what is none.
    fn read_event(&self, body: &[u8]) -> Option<ProviderEvent>;
}
