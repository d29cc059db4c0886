//! How an authorization stands, pure. A client may revoke one at any time, in writing (45 CFR 164.508(b)(5), 42 CFR
//! 2.31(a)(6)): from that moment nothing more is disclosed on it, and staff are told.

use jiff::civil::Date;

use crate::kernel::clock::Timestamp;
use crate::platform::i18n::Words;
use crate::word_enum;

word_enum! {
    /// How a revocation reached the practice outside the portal.
    pub enum Way {
        /// A letter, a fax or a note on paper.
        Writing = "writing",
        /// An e-mail or a message.
        Message = "message",
        /// They called.
        Phone = "phone",
        /// They said it to somebody of the practice.
        InPerson = "in_person",
    }
}

impl Way {
    /// In words that follow "revoked this authorization".
    pub fn in_words(self, words: Words) -> String {
        words.get(&format!("documents-revoked-way-{}", self.word().replace('_', "-")))
    }
}

/// How an authorization came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its last day is over.
    Expired(Date),
    /// It was revoked.
    Revoked(Timestamp),
}

/// How an authorization stands. That its last day is over is computed and never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not everybody has signed it: it allows nothing yet.
    NotSigned,
    /// It counts.
    InForce,
    /// Its last day is over.
    Expired(Date),
    /// It was revoked, and staff have not noted yet that they act on it no more.
    Revoked(Timestamp),
    /// It was revoked, and staff noted it.
    Noted(Timestamp),
}

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client revokes it, at this moment: in the portal, or by word to the practice, which staff record.
    Revoke(Timestamp),
    /// Staff note that they act on it no more.
    Note,
}

/// Why it does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It allows nothing: not to sign it is enough.
    NotSigned,
    /// It ended by itself.
    Expired,
    /// It was revoked before.
    Revoked,
    /// Nobody revoked it.
    NotRevoked,
    /// Staff noted it before.
    Noted,
}

/// Decides.
pub fn decide(standing: Standing, event: Event) -> Result<Standing, Refusal> {
    match (event, standing) {
        (Event::Revoke(at), Standing::InForce) => Ok(Standing::Revoked(at)),
        (Event::Revoke(_), Standing::NotSigned) => Err(Refusal::NotSigned),
        (Event::Revoke(_), Standing::Expired(_)) => Err(Refusal::Expired),
        (Event::Revoke(_), Standing::Revoked(_) | Standing::Noted(_)) => Err(Refusal::Revoked),
        (Event::Note, Standing::Revoked(at)) => Ok(Standing::Noted(at)),
        (Event::Note, Standing::Noted(_)) => Err(Refusal::Noted),
        (Event::Note, Standing::NotSigned | Standing::InForce | Standing::Expired(_)) => {
            Err(Refusal::NotRevoked)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_table() {
        use Refusal as R;
        use Standing::{Expired, InForce, NotSigned, Noted, Revoked};
        let (then, now) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let over = Expired(jiff::civil::date(2026, 12, 31));
        let table = [
            (NotSigned, Err(R::NotSigned), Err(R::NotRevoked)),
            (InForce, Ok(Revoked(now)), Err(R::NotRevoked)),
            (over, Err(R::Expired), Err(R::NotRevoked)),
            (Revoked(then), Err(R::Revoked), Ok(Noted(then))),
            (Noted(then), Err(R::Revoked), Err(R::Noted)),
        ];
        for (standing, revoked, noted) in table {
            assert_eq!(decide(standing, Event::Revoke(now)), revoked, "{standing:?}");
            assert_eq!(decide(standing, Event::Note), noted, "{standing:?}");
        }
    }
}
