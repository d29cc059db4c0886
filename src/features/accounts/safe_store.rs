//! Who is in safe contact: somebody whom mail may endanger; and what mail somebody wants. The practice keeps the one a
//! person, they themselves the other; each mail of the program asks here before it is queued.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::tz::TimeZone;

use crate::features::accounts::store::has_account;
use crate::features::people::{ContactMode, MailTopic, MailWishes};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::kernel::zone::{OwnZone, Zone};
use crate::platform::db::schema::{chart, person, portal_access, portal_account, practice, related_contact};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::outbox::{MailKind, MailReader, ReaderWish, SafeContact, WantedAt};

/// What a reader's row says of how they are written to.
type Wish = (ContactMode, Option<EmailAddress>, String, OwnZone);

/// Answers the outbox, in the order of the readers.
pub fn reader_wishes(
    c: &mut Scoped<'_>,
    readers: &[(MailReader, MailKind)],
) -> Result<Vec<ReaderWish>, Fault> {
    let grants: Vec<AccessId> = readers
        .iter()
        .filter_map(|(reader, _)| if let MailReader::Grant(id) = reader { Some(*id) } else { None })
        .collect();
    let accounts: Vec<AccountId> = readers
        .iter()
        .filter_map(|(reader, _)| if let MailReader::Account(id) = reader { Some(*id) } else { None })
        .collect();
    let mut wishes: HashMap<uuid::Uuid, Wish> = HashMap::new();
    if !grants.is_empty() {
        // Who wishes nothing is left out here: PostgreSQL, which expects few who do, would look for them first, in the
        // whole practice.
        let found: Vec<(AccessId, Wish)> = c
            .rows(portal_access::table)
            .inner_join(
                person::table.on(person::practice_id
                    .eq(portal_access::practice_id)
                    .and(person::person_id.eq(portal_access::person_id))),
            )
            .filter(portal_access::access_id.in_list(&grants))
            .select((
                portal_access::access_id,
                (person::contact_mode, person::safe_address, person::mail_wishes, person::time_zone),
            ))
            .load(c)?;
        let found = found
            .into_iter()
            .filter(|(_, (mode, _, wishes, _))| *mode == ContactMode::Safe || !wishes.is_empty());
        wishes.extend(found.map(|(id, wish)| (id.uuid(), wish)));
    }
    if !accounts.is_empty() {
        // What goes to an account guards it, so that only safe contact counts.
        let found = of_accounts(c, &accounts)?;
        let safe =
            |address: Option<EmailAddress>| (ContactMode::Safe, address, String::new(), OwnZone::default());
        wishes.extend(found.into_iter().map(|(id, address)| (id.uuid(), safe(address))));
    }
    if wishes.is_empty() {
        return Ok(vec![ReaderWish::default(); readers.len()]);
    }
    let now = c.now();
    let (slug, private, zone): (String, String, Zone) = c
        .rows(practice::table)
        .select((practice::slug, practice::private_path, practice::time_zone))
        .first(c)?;
    Ok(readers
        .iter()
        .map(|(reader, kind)| {
            let id = match reader {
                MailReader::Grant(id) => id.uuid(),
                MailReader::Account(id) => id.uuid(),
                MailReader::Staff => return ReaderWish::default(),
            };
            let Some((mode, address, wishes, own_zone)) = wishes.get(&id) else {
                return ReaderWish::default();
            };
            let path = || (slug.clone(), private.clone());
            let zone = own_zone.get().unwrap_or(&zone).rules();
            ReaderWish {
                safe: (*mode == ContactMode::Safe)
                    .then(|| SafeContact { address: address.clone(), path: path() }),
                at: wanted_at(&MailWishes::read(wishes), *kind, zone, now),
            }
        })
        .collect())
}

/// When somebody with these wishes wants a mail of this kind.
fn wanted_at(wishes: &MailWishes, kind: MailKind, zone: &TimeZone, now: Timestamp) -> WantedAt {
    let Some(topic) = MailTopic::of(kind) else { return WantedAt::Now };
    if !wishes.wants(topic) {
        return WantedAt::Never;
    }
    match wishes.quiet.map(|hours| hours.after(zone, now)) {
        Some(after) if after > now => WantedAt::From(after),
        _ => WantedAt::Now,
    }
}

/// The accounts of which a holder is in safe contact, in whatever practice says so.
fn of_accounts(
    c: &mut Scoped<'_>,
    accounts: &[AccountId],
) -> Result<Vec<(AccountId, Option<EmailAddress>)>, Fault> {
    let found: Vec<(AccountId, ContactMode, Option<EmailAddress>)> = c
        .rows(portal_account::table)
        .inner_join(portal_access::table.on(has_account()))
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_account::account_id.in_list(accounts))
        .select((portal_account::account_id, person::contact_mode, person::safe_address))
        .load(c)?;
    let safe = found.into_iter().filter(|(_, mode, _)| *mode == ContactMode::Safe);
    Ok(safe.map(|(account, _, address)| (account, address)).collect())
}

/// Is a holder of this account in safe contact?
pub fn is_in_safe_contact(c: &mut Scoped<'_>, account: &AccountId) -> Result<bool, Fault> {
    Ok(!of_accounts(c, std::slice::from_ref(account))?.is_empty())
}

/// How a person may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// See [`ContactMode`].
    pub mode: ContactMode,
    /// The one address that is safe.
    pub safe_address: Option<EmailAddress>,
}

/// The client and the contacts of a chart.
pub fn of_chart(c: &mut Scoped<'_>, of: &ChartId) -> Result<Vec<Contact>, Fault> {
    type Row = (PersonId, (String, String, String), ContactMode, Option<EmailAddress>);
    let columns = (
        person::person_id,
        (person::first_name, person::last_name, person::suffix),
        person::contact_mode,
        person::safe_address,
    );
    let client: Option<Row> = c
        .rows(chart::table)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .filter(chart::chart_id.eq(*of))
        .select(columns)
        .optional(c)?;
    let contacts: Vec<Row> = c
        .rows(related_contact::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(related_contact::practice_id)
                .and(person::person_id.eq(related_contact::person_id))),
        )
        .filter(related_contact::chart_id.eq(*of))
        .order(related_contact::created_at.asc())
        .limit(50)
        .select(columns)
        .load(c)?;
    Ok(client
        .into_iter()
        .chain(contacts)
        .map(|(person_id, (first, last, suffix), mode, safe_address)| Contact {
            person_id,
            name: crate::features::people::joined(&[&first, &last, &suffix]),
            mode,
            safe_address,
        })
        .collect())
}

/// Says how a person may be written to.
pub fn set(
    c: &mut Scoped<'_>,
    id: &PersonId,
    mode: ContactMode,
    safe_address: Option<&EmailAddress>,
) -> Result<(), Fault> {
    let now: Timestamp = c.now();
    c.rows(person::table)
        .filter(person::person_id.eq(*id))
        .set((
            person::contact_mode.eq(mode),
            person::safe_address.eq(safe_address.cloned()),
            person::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(())
}
