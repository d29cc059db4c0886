//! The rows of changes of accounts' e-mail addresses.

use diesel::prelude::*;

use crate::features::accounts::email_change::{EmailChangeState, Times};
use crate::features::accounts::store::Account;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccountId, EmailChangeId, PracticeId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{email_change, portal_account};
use crate::platform::fault::{Fault, is_duplicate};
use crate::practice_row;

/// A change of an account's address.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = email_change, treat_none_as_default_value = false)]
pub struct EmailChange {
    /// The account's home.
    pub practice_id: PracticeId,
    /// The change.
    pub change_id: EmailChangeId,
    /// The account.
    pub account_id: AccountId,
    /// The address until then.
    pub old_email: EmailAddress,
    /// The sign-in name until then.
    pub old_name: String,
    /// The address that it is to be.
    pub new_email: EmailAddress,
    /// How it stands.
    pub state: EmailChangeState,
    /// Who of the practice asked for it; empty for the holder.
    pub asked_by_name: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the new mailbox confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it was stopped, replaced or taken back.
    pub ended_at: Option<Timestamp>,
}

practice_row!(EmailChange, email_change);

impl EmailChange {
    /// See [`Times`].
    pub fn times(&self) -> Times {
        Times { requested_at: self.requested_at, confirmed_at: self.confirmed_at }
    }
}

/// Keeps a new request.
pub(super) fn insert(c: &mut Scoped<'_>, change: &EmailChange) -> Result<(), Fault> {
    c.insert_rows(std::slice::from_ref(change)).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two changes of one address at once")
        }
        other => other,
    })
}

/// A change of this practice.
pub(super) fn find(c: &mut Scoped<'_>, id: &EmailChangeId) -> Result<Option<EmailChange>, Fault> {
    c.rows(email_change::table)
        .filter(email_change::change_id.eq(*id))
        .select(EmailChange::as_select())
        .optional(c)
}

/// Changes that a page or an undo looks at.
const MOST: i64 = 100;

/// An account's changes, the newest first.
pub(super) fn of_account(c: &mut Scoped<'_>, account: &AccountId) -> Result<Vec<EmailChange>, Fault> {
    c.rows(email_change::table)
        .filter(email_change::account_id.eq(*account))
        // Of several of one moment the one that is not over is the newest.
        .order((
            email_change::requested_at.desc(),
            email_change::ended_at.is_null().desc(),
            email_change::change_id.desc(),
        ))
        .limit(MOST)
        .select(EmailChange::as_select())
        .load(c)
}

/// Moves a change from the state that was read to the next; `false` if somebody else was faster.
pub(super) fn swap(c: &mut Scoped<'_>, change: &EmailChange, next: EmailChangeState) -> Result<bool, Fault> {
    let now = c.now();
    let row = c
        .rows(email_change::table)
        .filter(email_change::change_id.eq(change.change_id))
        .filter(email_change::state.eq(change.state));
    let swapped = match next {
        EmailChangeState::Confirmed => {
            row.set((email_change::state.eq(next), email_change::confirmed_at.eq(now))).execute(c)?
        }
        _ => row.set((email_change::state.eq(next), email_change::ended_at.eq(now))).execute(c)?,
    };
    Ok(swapped == 1)
}

/// Has an account of this practice this sign-in name?
pub(super) fn is_name_taken(c: &mut Scoped<'_>, key: &str, but: &AccountId) -> Result<bool, Fault> {
    let found: i64 = c
        .rows(portal_account::table)
        .filter(portal_account::sign_in_key.eq(key))
        .filter(portal_account::account_id.ne(*but))
        .count(c)?;
    Ok(found > 0)
}

/// Sets an account's address and sign-in name.
pub(super) fn set_email(
    c: &mut Scoped<'_>,
    account: &Account,
    email: &EmailAddress,
    (name, key): (&str, &str),
) -> Result<(), Fault> {
    let set = c
        .rows(portal_account::table)
        .filter(portal_account::account_id.eq(account.account_id))
        .set((
            portal_account::email.eq(email.clone()),
            portal_account::sign_in_name.eq(name),
            portal_account::sign_in_key.eq(key),
            portal_account::version.eq(portal_account::version + 1),
        ))
        .execute(c);
    match set {
        Ok(_) => Ok(()),
        // Another account took the name since it was looked for: the unit runs again and finds it.
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one sign-in name taken twice at once"))
        }
        Err(fault) => Err(fault),
    }
}
