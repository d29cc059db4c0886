//! A form that makes something carries a one-time mark, kept with what it made: the same form sent
//! twice (a double click where scripts are off) makes one thing and answers with it. What was typed
//! is part of it: who goes back, types something else and sends again makes another thing.

use axum::body::Bytes;
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::kernel::rng::Rng;
use crate::platform::db::Scoped;
use crate::platform::db::schema::sent_form;
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::web::errors::PageError;

/// A form's mark: which form, whose, a random part that the page carries in the field `mark`, and
/// what was typed; kept as one hash of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormToken(String);

impl FormToken {
    /// The random part of a new form.
    pub fn fresh(rng: &dyn Rng) -> String {
        let mut bytes = [0u8; 16];
        rng.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// Takes the mark of a form that was sent with this body. `form` and `who` are part of it, so
    /// that the mark of another person, or of another form, finds nothing.
    pub fn read(form: &'static str, who: &str, sent: &str, body: &Bytes) -> Result<Self, PageError> {
        if sent.len() != 32 || !sent.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PageError::BadRequest);
        }
        let mut hash = Sha256::new();
        for part in [form.as_bytes(), who.as_bytes(), sent.as_bytes(), body] {
            hash.update(part);
            hash.update([0]);
        }
        Ok(Self(hex::encode(hash.finalize())))
    }
}

/// What this very form made when it was sent before, if it was.
pub fn made_before(c: &mut Scoped<'_>, mark: &FormToken) -> Result<Option<String>, Fault> {
    c.rows(sent_form::table).filter(sent_form::mark.eq(&mark.0)).select(sent_form::made).optional(c)
}

/// Keeps what the form made, in the transaction that makes it. If the other click of a double click
/// was faster, the whole unit is run again, and finds it.
pub fn keep(c: &mut Scoped<'_>, mark: &FormToken, made: &str) -> Result<(), Fault> {
    let kept = c.insert(
        sent_form::table,
        (sent_form::mark.eq(&mark.0), sent_form::made.eq(made), sent_form::created_at.eq(c.now())),
    );
    match kept {
        Ok(()) => Ok(()),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one form, sent twice at once"))
        }
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_one_forms_one_persons_and_of_what_was_typed() {
        let sent = "0123456789abcdef0123456789abcdef";
        let (ana, ben) = (Bytes::from("name=Ana"), Bytes::from("name=Ben"));
        let mine = FormToken::read("chart", "me", sent, &ana).unwrap();
        assert_eq!(mine, FormToken::read("chart", "me", sent, &ana).unwrap());
        assert_ne!(mine, FormToken::read("chart", "you", sent, &ana).unwrap());
        assert_ne!(mine, FormToken::read("question", "me", sent, &ana).unwrap());
        assert_ne!(mine, FormToken::read("chart", "me", sent, &ben).unwrap());
        for none in ["", "short", "0123456789abcdef.123456789abcdef", &"a".repeat(65)] {
            assert!(FormToken::read("chart", "me", none, &ana).is_err(), "{none}");
        }
    }
}
