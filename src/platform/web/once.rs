//! A form that makes something carries a one-time mark, kept with what it made: the same form sent
//! twice (a double click where scripts are off, a reload) makes one thing and answers with it.

use diesel::prelude::*;

use crate::kernel::chance::Chance;
use crate::platform::db::Scoped;
use crate::platform::db::schema::sent_form;
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::web::errors::PageError;

/// A form's mark: which form, whose, and a random part that the page carries in the field `mark`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// The random part of a new form.
    pub fn fresh(chance: &dyn Chance) -> String {
        let mut bytes = [0u8; 16];
        chance.fill(&mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Takes the mark of a form that was sent. `form` and `who` are part of it, so that nobody finds
    /// by another's mark, or by another form's, what that one made.
    pub fn read(form: &'static str, who: &str, sent: &str) -> Result<Self, PageError> {
        let is_ours = (16..=64).contains(&sent.len()) && sent.bytes().all(|b| b.is_ascii_alphanumeric());
        if is_ours { Ok(Self(format!("{form}.{who}.{sent}"))) } else { Err(PageError::BadRequest) }
    }
}

/// What this very form made when it was sent before, if it was.
pub fn made_before(c: &mut Scoped<'_>, mark: &Mark) -> Result<Option<String>, Fault> {
    Ok(sent_form::table
        .filter(sent_form::practice_id.eq(c.practice().clone()))
        .filter(sent_form::mark.eq(&mark.0))
        .select(sent_form::made)
        .first(c.conn)
        .optional()?)
}

/// Keeps what the form made, in the transaction that makes it. If the other click of a double click
/// was faster, the whole unit is run again, and finds it.
pub fn keep(c: &mut Scoped<'_>, mark: &Mark, made: &str) -> Result<(), Fault> {
    let kept = diesel::insert_into(sent_form::table)
        .values((
            sent_form::practice_id.eq(c.practice().clone()),
            sent_form::mark.eq(&mark.0),
            sent_form::made.eq(made),
            sent_form::created_at.eq(c.now()),
        ))
        .execute(c.conn);
    match kept {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => Err(Fault::Database(diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::SerializationFailure,
            Box::new("one form, sent twice at once".to_owned()),
        ))),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_one_forms_and_one_persons_and_nothing_else_is_one() {
        let sent = "0123456789abcdef0123456789abcdef";
        let mine = Mark::read("chart", "me", sent).unwrap();
        assert_ne!(mine, Mark::read("chart", "you", sent).unwrap());
        assert_ne!(mine, Mark::read("question", "me", sent).unwrap());
        for none in ["", "short", "0123456789abcdef.123456789abcdef", &"a".repeat(65)] {
            assert!(Mark::read("chart", "me", none).is_err(), "{none}");
        }
    }
}
