//! The rows of portal accounts and of their sessions.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::features::access::AccessRow;
use crate::features::access::lifecycle::State;
use crate::features::people::{AddressKind, Person};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId};
use crate::platform::db::schema::{person, person_address, portal_access, portal_account, session};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;

/// One person's sign-in.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = portal_account)]
pub struct Account {
    /// Its home: the practice where it was made.
    pub practice_id: PracticeId,
    /// The account.
    pub account_id: AccountId,
    /// What its holder signs in with.
    pub sign_in_name: String,
    /// The same, folded: what decides equality.
    pub sign_in_key: String,
    /// Where mails about the sign-in go.
    pub email: EmailAddress,
    /// `en` or `es`.
    pub language: String,
    /// The password's hash.
    pub password_hash: String,
    /// When its holder last signed in.
    pub last_sign_in_at: Option<Timestamp>,
}

impl Account {
    /// Its holder's language.
    pub fn language(&self) -> Language {
        Language::read(&self.language)
    }
}

/// What decides whether two sign-in names are one.
pub fn sign_in_key(name: &str) -> String {
    crate::kernel::text::clean(name).trim().to_lowercase()
}

/// An account of this practice.
pub fn find(c: &mut Scoped<'_>, id: &AccountId) -> Result<Option<Account>, Fault> {
    c.rows(portal_account::table)
        .filter(portal_account::account_id.eq(id.clone()))
        .select(Account::as_select())
        .optional(c)
}

/// Whose sign-in name this is at this practice's sign-in page: an account made here, else one made
/// elsewhere that holds a grant here. Both queries always run, so that timing does not reveal which
/// names exist.
pub fn find_by_name(c: &mut Scoped<'_>, key: &str) -> Result<Option<Account>, Fault> {
    let here = c
        .rows(portal_account::table)
        .filter(portal_account::sign_in_key.eq(key))
        .select(Account::as_select())
        .optional(c)?;
    let guest = c
        .rows(portal_access::table)
        .inner_join(portal_account::table.on(has_account()))
        .filter(portal_account::sign_in_key.eq(key))
        .filter(portal_account::practice_id.ne(*c.practice()))
        .filter(portal_access::state.eq(State::Active))
        .select(Account::as_select())
        .optional(c)?;
    Ok(here.or(guest))
}

/// A grant's account.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn has_account() -> _ {
    portal_access::account_practice_id
        .eq(portal_account::practice_id.nullable())
        .and(portal_access::account_id.eq(portal_account::account_id.nullable()))
}

/// Whose forgotten password somebody means who types this address: the account of that name, and
/// those of the people whose face sheet has the address. A couple may share one mailbox, so there
/// can be several. Mail goes to each account's own address, whatever was typed.
pub fn find_by_address(c: &mut Scoped<'_>, key: &str) -> Result<Vec<Account>, Fault> {
    let mut found: Vec<Account> = find_by_name(c, key)?.into_iter().collect();
    let of_people: Vec<Account> = c
        .rows(portal_access::table)
        .inner_join(portal_account::table.on(has_account()))
        .inner_join(
            person_address::table.on(person_address::practice_id
                .eq(portal_access::practice_id)
                .and(person_address::person_id.eq(portal_access::person_id))),
        )
        .filter(person_address::practice_id.eq(c.practice().clone()))
        .filter(person_address::value_key.eq(key))
        .filter(person_address::kind.eq(AddressKind::Email))
        .order(portal_account::created_at.asc())
        .limit(10)
        .select(Account::as_select())
        .load(c)?;
    for account in of_people {
        if found.iter().all(|known| known.account_id != account.account_id) {
            found.push(account);
        }
    }
    Ok(found)
}

/// Accounts that one page of the audit trail names, with each chart and the name under which each may look at it: two
/// people who share a mailbox may share an account.
pub fn holders_of(c: &mut Scoped<'_>, ids: &[AccountId]) -> Result<Holders, Fault> {
    let rows: Vec<(Option<AccountId>, ChartId, Person)> = c
        .rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::account_practice_id.eq(*c.practice()))
        .filter(portal_access::account_id.in_list(ids))
        .select((portal_access::account_id, portal_access::chart_id, Person::as_select()))
        .load(c)?;
    let mut holders = Holders::default();
    for (account, chart, person) in rows {
        if let Some(account) = account {
            holders.0.entry(account).or_default().push((chart, person.full_name()));
        }
    }
    Ok(holders)
}

/// See [`holders_of`].
#[derive(Debug, Default)]
pub struct Holders(BTreeMap<AccountId, Vec<(ChartId, String)>>);

impl Holders {
    /// Who acted with this account on this chart, or on none: the one name, or every name that it may have been.
    pub fn who(&self, account: &AccountId, chart: Option<&ChartId>) -> Option<String> {
        let held = self.0.get(account)?;
        let on_chart = held.iter().find(|(of, _)| Some(of) == chart).map(|(_, name)| name.clone());
        on_chart.or_else(|| {
            let mut names: Vec<&str> = held.iter().map(|(_, name)| name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            Some(names.join(" / "))
        })
    }
}

/// Notes a sign-in; with a new hash of the same password where the one that was checked was made with
/// weaker settings (PWD-04).
pub fn signed_in(c: &mut Scoped<'_>, account: &Account, rehashed: Option<&str>) -> Result<(), Fault> {
    let now = c.now();
    let row = c.rows(portal_account::table).filter(portal_account::account_id.eq(account.account_id.clone()));
    row.clone().set(portal_account::last_sign_in_at.eq(now)).execute(c)?;
    if let Some(hash) = rehashed {
        // Never over a newer password.
        row.filter(portal_account::password_hash.eq(account.password_hash.clone()))
            .set(portal_account::password_hash.eq(hash))
            .execute(c)?;
    }
    Ok(())
}

/// Sets a new password.
pub fn set_password(c: &mut Scoped<'_>, id: &AccountId, hash: &str) -> Result<(), Fault> {
    c.rows(portal_account::table)
        .filter(portal_account::account_id.eq(id.clone()))
        .set((
            portal_account::password_hash.eq(hash),
            portal_account::version.eq(portal_account::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// Sets the language of pages and mails.
pub fn set_language(c: &mut Scoped<'_>, id: &AccountId, language: Language) -> Result<(), Fault> {
    c.rows(portal_account::table)
        .filter(portal_account::account_id.eq(id.clone()))
        .set((
            portal_account::language.eq(language.word()),
            portal_account::version.eq(portal_account::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// Which grant a session looks at.
pub fn in_view(c: &mut Scoped<'_>, token_hash: &str) -> Result<Option<AccessId>, Fault> {
    Ok(c.rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .select(session::in_view)
        .optional::<Option<AccessId>>(c)?
        .flatten())
}

/// Turns a session to another grant. The caller has checked that the grant is the account's.
pub fn look_at(c: &mut Scoped<'_>, token_hash: &str, access: &AccessId) -> Result<(), Fault> {
    c.rows(session::table)
        .filter(session::token_hash.eq(token_hash))
        .set(session::in_view.eq(access.clone()))
        .execute(c)?;
    Ok(())
}

/// A grant whose link is out and whose person has this address on their face sheet.
pub fn invited_at(c: &mut Scoped<'_>, key: &str) -> Result<Option<AccessRow>, Fault> {
    c.rows(portal_access::table)
        .inner_join(
            person_address::table.on(person_address::practice_id
                .eq(portal_access::practice_id)
                .and(person_address::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::state.eq(State::Invited))
        .filter(person_address::kind.eq(AddressKind::Email))
        .filter(person_address::value_key.eq(key))
        .filter(person_address::may_mail.eq(true))
        .select(AccessRow::as_select())
        .optional(c)
}

/// Somebody who has registered for a chart.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The grant.
    pub access_id: AccessId,
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Since when the grant is as it is.
    pub since_at: Timestamp,
    /// Is it in force?
    pub has_access: bool,
    /// The account.
    pub account: Account,
}

/// Everybody who has registered for a chart, also those whose access was taken away, in the order in which the grants
/// were made.
pub fn registered_on(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Registered>, Fault> {
    let rows: Vec<((AccessId, Timestamp, State), Person, Account)> = c
        .rows(portal_access::table)
        .inner_join(portal_account::table.on(has_account()))
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::chart_id.eq(*chart))
        .filter(portal_access::state.in_list([State::Active, State::Revoked]))
        .order((portal_access::created_at.asc(), portal_access::access_id.asc()))
        .limit(50)
        .select((
            (portal_access::access_id, portal_access::since_at, portal_access::state),
            Person::as_select(),
            Account::as_select(),
        ))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|((access_id, since_at, state), person, account)| Registered {
            access_id,
            person_id: person.person_id,
            name: person.full_name(),
            since_at,
            has_access: state == State::Active,
            account,
        })
        .collect())
}

/// Whose a grant to a chart is.
pub fn person_of_grant(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    access: &AccessId,
) -> Result<Option<PersonId>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::access_id.eq(*access))
        .filter(portal_access::chart_id.eq(*chart))
        .select(portal_access::person_id)
        .optional(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{clock::SystemClock, rng::SystemRng};

    #[test]
    fn two_people_who_share_an_account_are_named_by_the_chart_they_look_at() {
        use crate::kernel::clock::Clock as _;
        let now = SystemClock.now();
        let account = AccountId::fresh(&SystemRng, now);
        let charts: Vec<ChartId> = (0..3).map(|_| ChartId::fresh(&SystemRng, now)).collect();
        let held = vec![(charts[0], "Ingrid Vogel".to_owned()), (charts[1], "Martin Vogel".to_owned())];
        let holders = Holders(BTreeMap::from([(account, held)]));
        assert_eq!(holders.who(&account, Some(&charts[1])).as_deref(), Some("Martin Vogel"));
        assert_eq!(holders.who(&account, Some(&charts[2])).as_deref(), Some("Ingrid Vogel / Martin Vogel"));
        assert_eq!(holders.who(&account, None).as_deref(), Some("Ingrid Vogel / Martin Vogel"));
        assert_eq!(holders.who(&AccountId::fresh(&SystemRng, now), None), None);
    }
}
