//! A mail in the outbox: what is queued, and what pages show of it.

use diesel::prelude::*;

use super::kind::MailKind;
use super::reader::{MailReader, SafeContact};
use super::subject::Subject;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, MailId};
use crate::platform::db::schema::outbox;
use crate::platform::mail::MailBody;
use crate::word_enum;

word_enum! {
    /// The state of a mail. "Delivered" is not among them: SMTP does not report it.
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

/// A mail to be queued.
#[derive(Debug)]
pub struct NewMail {
    /// What it is.
    pub kind: MailKind,
    /// At most one mail of this key is ever made in a practice; the Message-ID derives from it.
    pub dedupe_key: String,
    /// The chart whose history shows it.
    pub chart: Option<ChartId>,
    /// The grant whose history shows it.
    pub access: Option<AccessId>,
    /// What it is about, where that can end before the mail leaves: then it is not sent.
    pub subject: Option<Subject>,
    /// Whose it is.
    pub reader: MailReader,
    /// Exactly one mailbox.
    pub recipient: EmailAddress,
    /// What it says.
    pub letter: MailBody,
}

impl NewMail {
    /// As it goes to somebody in safe contact: to the safe address alone, without a word of who writes or of what it
    /// is about; `None` where no address is safe.
    pub(super) fn in_safe_contact(mut self, contact: &SafeContact) -> Option<Self> {
        self.recipient = contact.address.clone()?;
        let words = self.letter.words;
        let (spoken, private) = &contact.path;
        self.letter = MailBody {
            words,
            practice: words.get("mail-safe-name"),
            accent: "#555555".to_owned(),
            reply_to: String::new(),
            subject: words.get("mail-safe-subject"),
            greeting: words.get("mail-safe-greeting"),
            before: vec![words.get("mail-safe-text")],
            button: self.letter.button.map(|(_, to)| {
                (
                    words.get("mail-safe-button"),
                    to.replacen(&format!("/{spoken}/"), &format!("/{private}/"), 1),
                )
            }),
            after: Vec::new(),
            contact: Vec::new(),
        };
        Some(self)
    }
}

/// A mail's state, as pages and the API show it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct MailState {
    /// The mail.
    pub mail_id: MailId,
    /// See [`MailKind`].
    pub kind: String,
    /// See [`Subject::id`].
    pub subject_id: Option<Vec<u8>>,
    /// To whom.
    pub recipient: String,
    /// Its state.
    pub state: Delivery,
    /// Tries so far.
    pub tries: i32,
    /// When it is tried next.
    pub due_at: Timestamp,
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

impl MailState {
    /// Is it late? Not yet when a server only asked to be called again, as greylisting does with every
    /// first mail: from the moment on when the first retry is due. Nor when it waits for its reader's quiet hours to end.
    pub fn is_delayed(&self, now: Timestamp) -> bool {
        self.state == Delivery::Deferred && (self.tries > 1 || self.tries == 1 && now >= self.due_at)
    }

    /// Does what was said of it blame the address? Else another address would not help.
    pub fn blames_address(&self) -> bool {
        self.state == Delivery::Undeliverable && self.last_reason.as_deref().is_some_and(blames_address)
    }
}

/// Does this reason, a catalogue key, say something of the address?
pub fn blames_address(reason: &str) -> bool {
    ABOUT_THE_ADDRESS.contains(&reason)
}

/// Reasons that say something of the address; the others are about us, the message or the other system.
const ABOUT_THE_ADDRESS: [&str; 5] = [
    "mail-reason-no-mailbox",
    "mail-reason-no-domain",
    "mail-reason-mailbox-full",
    "mail-reason-mailbox-disabled",
    "mail-reason-address-form",
];
