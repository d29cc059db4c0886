//! Who is in safe contact: somebody whom mail may endanger. The practice keeps it a person; each mail of the program
//! asks here before it is queued.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::features::accounts::store::has_account;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::platform::db::schema::{chart, person, portal_access, portal_account, practice, related_contact};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::outbox::{MailReader, SafeContact};
use crate::word_enum;

word_enum! {
    /// How somebody may be written to.
    pub enum ContactMode {
        /// As the face sheet says.
        Normal = "normal",
        /// Only at the safe address, and without a word of who writes.
        Safe = "safe",
    }
}

/// Answers the outbox, in the order of the readers.
pub fn safe_contacts(c: &mut Scoped<'_>, readers: &[MailReader]) -> Result<Vec<Option<SafeContact>>, Fault> {
    let grants: Vec<AccessId> =
        readers.iter().filter_map(|r| if let MailReader::Grant(id) = r { Some(*id) } else { None }).collect();
    let accounts: Vec<AccountId> = readers
        .iter()
        .filter_map(|r| if let MailReader::Account(id) = r { Some(*id) } else { None })
        .collect();
    let mut safe: HashMap<uuid::Uuid, Option<EmailAddress>> = HashMap::new();
    if !grants.is_empty() {
        // The mode is compared here: PostgreSQL, which expects few such people, would look for them first, in the
        // whole practice.
        let found: Vec<(AccessId, ContactMode, Option<EmailAddress>)> = c
            .rows(portal_access::table)
            .inner_join(
                person::table.on(person::practice_id
                    .eq(portal_access::practice_id)
                    .and(person::person_id.eq(portal_access::person_id))),
            )
            .filter(portal_access::access_id.in_list(&grants))
            .select((portal_access::access_id, person::contact_mode, person::safe_address))
            .load(c)?;
        let found = found.into_iter().filter(|(_, mode, _)| *mode == ContactMode::Safe);
        safe.extend(found.map(|(id, _, address)| (id.uuid(), address)));
    }
    if !accounts.is_empty() {
        let found = of_accounts(c, &accounts)?;
        safe.extend(found.into_iter().map(|(id, address)| (id.uuid(), address)));
    }
    if safe.is_empty() {
        return Ok(vec![None; readers.len()]);
    }
    let path: (String, String) =
        c.rows(practice::table).select((practice::slug, practice::private_path)).first(c)?;
    Ok(readers
        .iter()
        .map(|reader| {
            let id = match reader {
                MailReader::Grant(id) => id.uuid(),
                MailReader::Account(id) => id.uuid(),
                MailReader::Staff => return None,
            };
            let address = safe.get(&id)?.clone();
            Some(SafeContact { address, path: path.clone() })
        })
        .collect())
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
