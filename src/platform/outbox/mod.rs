//! The outbox: mail waiting to go, written in the transaction that it tells of, sent by a worker.

mod bounce;
mod claims;
pub mod dsn;
pub mod hook;
mod store;
mod worker;

use diesel::prelude::*;

pub use bounce::{BounceOutcome, bounce};
pub use claims::{Depth, depth};
pub use hook::routes;
pub use store::{cancel_for_invitation, enqueue, enqueue_many, forget_recipients, of_access};
pub use worker::{Pace, Worker, run};

use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId, MailId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::outbox;
use crate::platform::fault::Fault;
use crate::platform::mail::MailBody;
use crate::word_enum;

word_enum! {
    /// Where a mail stands. "Delivered" is not among them: nobody can know.
    pub enum Delivery {
        /// Waiting for its first try.
        Queued = "queued",
        /// A worker has it in hand.
        Sending = "sending",
        /// Handed to the mail server.
        Sent = "sent",
        /// The server asked to try again later.
        Deferred = "deferred",
        /// Refused for good, bounced, or given up after 48 hours.
        Undeliverable = "undeliverable",
        /// Its reason went away before it left (link replaced, canceled, used).
        Cancelled = "cancelled",
    }
}

/// Why a mail was not sent at all: its link was over by time alone. A catalogue key.
pub const LINK_OVER: &str = "mail-reason-link-over";

/// Does the link of this invitation still count? The worker asks before it sends the text. What an
/// invitation is, this floor does not know, so the room that makes them answers.
pub type LinkCounts = fn(&mut Scoped<'_>, &InvitationId) -> Result<bool, Fault>;

/// A mail to be queued.
#[derive(Debug)]
pub struct NewMail {
    /// What it is, `room.purpose`, such as `access.invitation`.
    pub kind: &'static str,
    /// At most one mail of this key is ever made in a practice; the Message-ID derives from it.
    pub dedupe_key: String,
    /// The chart it concerns.
    pub chart: Option<ChartId>,
    /// The grant it concerns.
    pub access: Option<AccessId>,
    /// The invitation whose link it carries: when that ends or its time is over, the mail is not sent.
    pub invitation: Option<InvitationId>,
    /// Exactly one mailbox.
    pub recipient: EmailAddress,
    /// What it says.
    pub letter: MailBody,
}

/// A mail's state, as pages and the API show it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct MailState {
    /// The mail.
    pub mail_id: MailId,
    /// See [`NewMail::kind`].
    pub kind: String,
    /// The invitation whose link it carries.
    pub invitation_id: Option<InvitationId>,
    /// To whom.
    pub recipient: String,
    /// Where it stands.
    pub state: Delivery,
    /// Tries so far.
    pub tries: i32,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When its state became final.
    pub finished_at: Option<Timestamp>,
    /// When it came back.
    pub bounced_at: Option<Timestamp>,
    /// The server's code, such as `5.1.1`.
    pub last_code: Option<String>,
    /// What the server said, as a catalogue key in plain words (`mail-reason-…`).
    pub last_reason: Option<String>,
}
