//! A form that makes something carries a one-time token, kept with what it made: the same form sent twice makes one
//! thing and answers with it. What was typed is part of it: who goes back, types something else and sends again makes
//! another thing.

use std::str::FromStr;

use axum::body::Bytes;
use sha2::{Digest, Sha256};

use crate::kernel::rng::Rng;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::once::{Handled, RequestKey, handled_before, once};
use crate::platform::web::errors::PageError;

/// A form that stayed open over a weekend may still be sent twice.
const KEPT_HOURS: i64 = 30 * 24;

/// A form's token: which form, whose, a random part that the page carries in the field `mark`, and what was typed;
/// kept as one hash of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormToken(RequestKey);

impl FormToken {
    /// The random part of a new form.
    pub fn fresh(rng: &dyn Rng) -> String {
        let mut bytes = [0u8; 16];
        rng.fill(&mut bytes);
        hex::encode(bytes)
    }

    /// Takes the token of a form that was sent with this body. `form` and `who` are part of it, so that the token of
    /// another person, or of another form, finds nothing.
    pub fn read(form: &'static str, who: &str, sent: &str, body: &Bytes) -> Result<Self, PageError> {
        if sent.len() != 32 || !sent.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PageError::BadRequest);
        }
        Ok(Self::of(form, who, sent, body))
    }

    /// The same for a random part that was checked, and what was typed as far as it counts.
    pub fn of(form: &'static str, who: &str, sent: &str, typed: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [form.as_bytes(), who.as_bytes(), sent.as_bytes(), typed] {
            hash.update(part);
            hash.update([0]);
        }
        Self(RequestKey { name: hex::encode(hash.finalize()), asked: String::new(), hours: KEPT_HOURS })
    }
}

fn read_made<T: FromStr>(made: &str) -> Result<T, Fault> {
    made.parse().map_err(|_| Fault::Damaged("what a form made cannot be read".to_owned()))
}

/// What this very form made when it was sent before, if it was.
pub fn made_before(c: &mut Scoped<'_>, token: &FormToken) -> Result<Option<String>, Fault> {
    Ok(handled_before(c, &token.0)?.map(|before| before.answer))
}

/// What `make` makes now, or what this very form made when it was sent before.
pub fn made_once<T: FromStr + ToString, E>(
    c: &mut Scoped<'_>,
    token: &FormToken,
    make: impl FnOnce(&mut Scoped<'_>) -> Result<Result<T, E>, Fault>,
) -> Result<Result<T, E>, Fault> {
    let handled = once(c, &token.0, |c| {
        let made = make(c)?;
        let answer = made.as_ref().ok().map(T::to_string);
        Ok((made, answer))
    })?;
    match handled {
        Handled::Now(made) => Ok(made),
        Handled::Before(before) => Ok(Ok(read_made(&before.answer)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_form_one_person_and_what_was_typed() {
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
