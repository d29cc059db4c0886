//! The account that a registration makes. The feature `accounts` signs in with it.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccountId, PracticeId};
use crate::platform::db::schema::{portal_access, portal_account};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::practice_row;

/// A new account.
#[derive(Debug, Insertable)]
#[diesel(table_name = portal_account, treat_none_as_default_value = false)]
pub struct NewAccount {
    /// Its home.
    pub practice_id: PracticeId,
    /// The account.
    pub account_id: AccountId,
    /// What its holder signs in with.
    pub sign_in_name: String,
    /// What decides equality.
    pub sign_in_key: String,
    /// Where mails about the sign-in go; empty for a client without e-mail.
    pub email: String,
    /// The language of the page it was made on.
    pub language: Language,
    /// The password's hash.
    pub password_hash: String,
    /// The first.
    pub version: i64,
    /// Now.
    pub created_at: Timestamp,
}

practice_row!(NewAccount, portal_account);

/// An account as registration needs it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = portal_account, treat_none_as_default_value = false)]
pub struct Known {
    /// The account.
    pub account_id: AccountId,
    /// What its holder signs in with.
    pub sign_in_name: String,
    /// The password's hash.
    pub password_hash: String,
}

/// What decides whether two sign-in names are one.
pub fn sign_in_key(name: &str) -> String {
    crate::kernel::text::clean(name).trim().to_lowercase()
}

/// The account of this practice with this sign-in name.
pub fn by_sign_in_key(c: &mut Scoped<'_>, key: &str) -> Result<Option<Known>, Fault> {
    c.rows(portal_account::table)
        .filter(portal_account::sign_in_key.eq(key))
        .select(Known::as_select())
        .optional(c)
}

/// The sign-in name of an account of this practice.
pub fn sign_in_name(c: &mut Scoped<'_>, id: &AccountId) -> Result<Option<String>, Fault> {
    c.rows(portal_account::table)
        .filter(portal_account::account_id.eq(id.clone()))
        .select(portal_account::sign_in_name)
        .optional(c)
}

/// What staff see of the account behind a grant.
#[derive(Debug, Queryable)]
pub struct Shown {
    /// What its holder signs in with.
    pub sign_in_name: String,
    /// When they last did.
    pub last_sign_in_at: Option<Timestamp>,
}

/// The account behind a grant of this practice; its home may be another one.
pub fn shown(
    c: &mut Scoped<'_>,
    home: Option<&PracticeId>,
    id: Option<&AccountId>,
) -> Result<Option<Shown>, Fault> {
    let (Some(home), Some(id)) = (home, id) else { return Ok(None) };
    c.rows(portal_access::table)
        .inner_join(
            portal_account::table.on(portal_access::account_practice_id
                .eq(portal_account::practice_id.nullable())
                .and(portal_access::account_id.eq(portal_account::account_id.nullable()))),
        )
        .filter(portal_access::account_practice_id.eq(*home))
        .filter(portal_access::account_id.eq(*id))
        .select((portal_account::sign_in_name, portal_account::last_sign_in_at))
        .optional(c)
}

/// Puts a new account in. The uniqueness of its name is the database's to say.
pub fn insert(c: &mut Scoped<'_>, account: &NewAccount) -> Result<(), Fault> {
    c.insert_rows(std::slice::from_ref(account))
}

/// Deletes an account of this practice that no grant of any practice uses any more; its name is
/// free again, and a sign-in with it is answered like one that never was.
pub fn remove_unused(c: &mut Scoped<'_>, (home, id): &(PracticeId, AccountId)) -> Result<(), Fault> {
    if home != c.practice() {
        return Ok(());
    }
    lock(c, Lock::Account(id))?;
    let grants = portal_access::table
        .filter(portal_access::account_practice_id.eq(portal_account::practice_id.nullable()))
        .filter(portal_access::account_id.eq(portal_account::account_id.nullable()));
    c.rows(portal_account::table)
        .filter(portal_account::account_id.eq(*id))
        .filter(not(exists(grants)))
        .delete(c)?;
    Ok(())
}

/// A sign-in name that nobody has: the address; else the address with the first name behind a plus
/// sign; else with a number behind that.
pub fn free_name(c: &mut Scoped<'_>, address: Option<&EmailAddress>, first: &str) -> Result<String, Fault> {
    let mut tried = 0;
    loop {
        let name = candidate(address, first, tried);
        if by_sign_in_key(c, &sign_in_key(&name))?.is_none() {
            return Ok(name);
        }
        tried += 1;
    }
}

fn candidate(address: Option<&EmailAddress>, first: &str, tried: u32) -> String {
    let first: String =
        first.nfkd().filter(char::is_ascii_alphanumeric).take(20).collect::<String>().to_lowercase();
    let tail = match (first.is_empty(), tried) {
        (false, 0 | 1) => first,
        (false, n) => format!("{first}{n}"),
        (true, n) => format!("{}", n + 1),
    };
    match address {
        Some(address) if tried == 0 => address.as_str().to_owned(),
        Some(address) => {
            let (local, domain) = address.as_str().rsplit_once('@').unwrap_or((address.as_str(), ""));
            format!("{local}+{tail}@{domain}")
        }
        // A client without e-mail, registered by letter: a name that can be said aloud.
        None => format!("client-{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_mailbox_gives_each_their_own_name_and_mail_to_it_still_arrives() {
        let family = EmailAddress::parse("Family@example.org").unwrap();
        let names: Vec<String> = (0..4).map(|n| candidate(Some(&family), "José María", n)).collect();
        assert_eq!(
            names,
            [
                "Family@example.org",
                "Family+josemaria@example.org",
                "Family+josemaria2@example.org",
                "Family+josemaria3@example.org"
            ]
        );
        assert_eq!(candidate(Some(&family), "李", 1), "Family+2@example.org");
        assert_eq!(candidate(None, "Ana", 0), "client-ana");
        assert_eq!(candidate(None, "Ana", 2), "client-ana2");
    }
}
