//! Whose a mail is, how somebody in safe contact is written to, and what mail somebody wants.

use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId};

/// Whose a mail is. From it the outbox learns whether the reader is in safe contact, so every mail names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailReader {
    /// A client or a contact, by a grant of theirs.
    Grant(AccessId),
    /// The holder of an account, whatever charts it may look at.
    Account(AccountId),
    /// A member of the practice.
    Staff,
}

/// How somebody in safe contact is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeContact {
    /// The one address that is safe; none: nothing is sent.
    pub address: Option<EmailAddress>,
    /// The part of the practice's public addresses that spells its name, and what stands in its place.
    pub path: (String, String),
}

/// When a reader wants a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WantedAt {
    /// As soon as it can go.
    #[default]
    Now,
    /// Not before this moment.
    From(Timestamp),
    /// Not at all.
    Never,
}

/// How a reader wants a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderWish {
    /// Somebody in safe contact.
    pub safe: Option<SafeContact>,
    /// See [`WantedAt`].
    pub at: WantedAt,
}
