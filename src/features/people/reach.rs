//! Whether mail reaches an address. A refusal by its mailbox marks it as undeliverable; the mark ends when
//! a later mail stays away, when somebody registers or signs in through the address, or by a word from
//! staff.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::person_address;
use crate::platform::db::{self, InLists as _, Scoped, System};
use crate::platform::fault::Fault;

/// Hours after which a mail that was handed over is taken to have arrived. Servers give up after five days
/// (RFC 5321 4.5.4.1 asks for four to five), but a missing mailbox is reported within the hour.
const SILENCE: i64 = 72;

/// Marks an address as one that mail does not reach, for every person of the practice who has it.
pub fn mark_undeliverable(c: &mut Scoped<'_>, address: &EmailAddress, reason: &str) -> Result<(), Fault> {
    let now = c.now();
    c.rows(person_address::table)
        .filter(person_address::kind.eq("email"))
        .filter(person_address::value_key.eq(address.key()))
        .set((
            person_address::undeliverable_at.eq(now),
            person_address::undeliverable_reason.eq(reason.to_owned()),
            person_address::retried_at.eq(None::<Timestamp>),
        ))
        .execute(c)?;
    Ok(())
}

/// Mails to these addresses were handed over: for those that are marked, the wait for a bounce begins.
pub fn note_handed_over(c: &mut Scoped<'_>, recipients: &[String]) -> Result<(), Fault> {
    let parsed = recipients.iter().filter_map(|recipient| EmailAddress::parse(recipient).ok());
    let mut keys: Vec<String> = parsed.map(|address| address.key()).collect();
    keys.sort();
    keys.dedup();
    let now = c.now();
    c.rows(person_address::table)
        .filter(person_address::value_key.in_list(keys))
        .filter(person_address::undeliverable_at.is_not_null())
        .filter(person_address::retried_at.is_null())
        .set(person_address::retried_at.eq(now))
        .execute(c)?;
    Ok(())
}

/// Mail reaches this address after all: its reader used what was mailed there.
pub fn mail_arrives(c: &mut Scoped<'_>, address: &EmailAddress) -> Result<(), Fault> {
    c.rows(person_address::table)
        .filter(person_address::value_key.eq(address.key()))
        .filter(person_address::undeliverable_at.is_not_null())
        .set(unmarked())
        .execute(c)?;
    Ok(())
}

/// Staff say that a person's address is right: whatever was known against it ends, also that its reader said
/// an invitation was not for them. `false` when it bore no mark.
pub fn trust_address(c: &mut Scoped<'_>, person: &PersonId, address: &EmailAddress) -> Result<bool, Fault> {
    let changed = c
        .rows(person_address::table)
        .filter(person_address::person_id.eq(person.clone()))
        .filter(person_address::value_key.eq(address.key()))
        .filter(person_address::undeliverable_at.is_not_null().or(person_address::refused_at.is_not_null()))
        .set((unmarked(), person_address::refused_at.eq(None::<Timestamp>)))
        .execute(c)?;
    Ok(changed > 0)
}

/// Ends the marks of addresses to which a mail was handed over long enough ago without coming back.
pub fn end_old_marks(system: &mut System<'_>) -> Result<usize, Fault> {
    let long_ago = system.now.plus_hours(-SILENCE);
    Ok(db::update(person_address::table.filter(person_address::retried_at.lt(long_ago)))
        .set(unmarked())
        .execute(system.conn)?)
}

type Unmarked = (
    diesel::dsl::Eq<person_address::undeliverable_at, Option<Timestamp>>,
    diesel::dsl::Eq<person_address::undeliverable_reason, Option<String>>,
    diesel::dsl::Eq<person_address::retried_at, Option<Timestamp>>,
);

fn unmarked() -> Unmarked {
    (
        person_address::undeliverable_at.eq(None),
        person_address::undeliverable_reason.eq(None),
        person_address::retried_at.eq(None),
    )
}
