//! The wishes about mail that a person's row holds.

use diesel::prelude::*;

use crate::features::people::wishes::MailWishes;
use crate::kernel::ids::PersonId;
use crate::platform::db::Scoped;
use crate::platform::db::schema::person;
use crate::platform::fault::Fault;

/// What mail a person wants.
pub fn wishes_of(c: &mut Scoped<'_>, id: &PersonId) -> Result<MailWishes, Fault> {
    let found: Option<String> =
        c.rows(person::table).filter(person::person_id.eq(*id)).select(person::mail_wishes).optional(c)?;
    Ok(found.map(|text| MailWishes::read(&text)).unwrap_or_default())
}

/// Notes what mail a person wants.
pub fn set_wishes(c: &mut Scoped<'_>, id: &PersonId, wishes: &MailWishes) -> Result<(), Fault> {
    let now = c.now();
    c.rows(person::table)
        .filter(person::person_id.eq(*id))
        .set((person::mail_wishes.eq(wishes.to_string()), person::updated_at.eq(now)))
        .execute(c)?;
    Ok(())
}
