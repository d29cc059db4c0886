//! What a mail is about, and what the features that queue mail answer and hear about it. The outbox knows
//! neither invitations nor people: the program's composition hands these functions in.

use super::{MailKind, MailReader, ReaderWish};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::AccessId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// What a mail is about: something that may end before the mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its kind, as the feature registered it ([`SubjectKind::word`]).
    pub kind: &'static str,
    /// Its id there.
    pub id: uuid::Uuid,
}

/// Is a mail still wanted, as the feature that queued it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The mail is wanted.
    Wanted,
    /// It is over, by time or by somebody's act: the mail is not wanted.
    Over,
    /// It was used: somebody read the mail, whatever a server says of it later.
    Used,
}

/// A kind of subject.
#[derive(Clone, Copy)]
pub struct SubjectKind {
    /// The word in the row.
    pub word: &'static str,
    /// Is a mail about this id still wanted?
    pub standing: fn(&mut Scoped<'_>, uuid::Uuid) -> Result<Standing, Fault>,
}

/// Answers how each of some readers wants a mail of this kind, in the same order.
pub type ReaderWishes = fn(&mut Scoped<'_>, &[(MailReader, MailKind)]) -> Result<Vec<ReaderWish>, Fault>;

/// What the features answer and hear.
#[derive(Clone, Copy)]
pub struct MailHooks {
    /// Every kind of subject there is.
    pub subjects: &'static [SubjectKind],
    /// May whoever holds this grant still read of a subject of this kind?
    pub may_read: fn(&mut Scoped<'_>, &str, &AccessId) -> Result<bool, Fault>,
    /// The mailbox of this address takes no mail, for this reason (a catalogue key).
    pub mailbox_refused: fn(&mut Scoped<'_>, &EmailAddress, &str) -> Result<(), Fault>,
    /// How each of these readers wants a mail of this kind, in the same order.
    pub reader_wishes: ReaderWishes,
    /// Mails to these recipients were handed over.
    pub handed_over: fn(&mut Scoped<'_>, &[String]) -> Result<(), Fault>,
}

impl MailHooks {
    /// Is the mail of a row still wanted? A kind without a handler is a fault: a mail that may be unwanted
    /// is not sent.
    pub(super) fn standing(
        &self,
        c: &mut Scoped<'_>,
        kind: Option<&str>,
        id: Option<&[u8]>,
        access: Option<AccessId>,
    ) -> Result<Standing, Fault> {
        let (Some(word), Some(id)) = (kind, id) else { return Ok(Standing::Wanted) };
        let kind = self.subjects.iter().find(|kind| kind.word == word);
        let kind =
            kind.ok_or_else(|| Fault::Damaged(format!("a mail about a {word}, which nobody knows")))?;
        let id =
            uuid::Uuid::from_slice(id).map_err(|_| Fault::Damaged("a mail's subject is no id".into()))?;
        let standing = (kind.standing)(c, id)?;
        match access {
            Some(access) if standing == Standing::Wanted && !(self.may_read)(c, word, &access)? => {
                Ok(Standing::Over)
            }
            _ => Ok(standing),
        }
    }
}
