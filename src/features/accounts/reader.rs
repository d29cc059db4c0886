//! Whom a mail about a chart reaches.

use diesel::prelude::*;

use crate::features::access::lifecycle::State;
use crate::features::accounts::grants::level_now;
use crate::features::accounts::store::{Account, has_account};
use crate::features::people::{self, AddressKind};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{portal_access, portal_account};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};

/// Whom a mail about a chart reaches.
#[derive(Clone, Debug)]
pub struct Reader {
    /// By which grant.
    pub access_id: AccessId,
    /// Where to.
    pub address: EmailAddress,
    /// Words of their language.
    pub words: Words,
    /// How they like to be called.
    pub called: String,
}

/// The person who may see this chart's items of a right, as a mail reaches them: at their account's
/// address, unless their face sheet says that it must not be used.
pub fn reader_of(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    account: &AccountId,
    right: Right,
) -> Result<Option<Reader>, Fault> {
    let found: Option<(AccessId, PersonId, Account)> = portal_access::table
        .inner_join(portal_account::table.on(has_account()))
        .filter(portal_access::practice_id.eq(c.practice().clone()))
        .filter(portal_access::chart_id.eq(chart.clone()))
        .filter(portal_access::account_id.eq(account.clone()))
        .filter(portal_access::state.eq(State::Active))
        .select((portal_access::access_id, portal_access::person_id, Account::as_select()))
        .first(c.conn)
        .optional()?;
    let Some((access_id, person_id, account)) = found else { return Ok(None) };
    if level_now(c, &access_id, right)? < Level::View {
        return Ok(None);
    }
    let Some(person) = people::load_person(c, &person_id)? else { return Ok(None) };
    let key = account.email.key();
    let is_barred = people::addresses_of(c, &person_id)?
        .iter()
        .any(|a| a.kind == AddressKind::Email && a.value_key == key && !a.may_mail);
    Ok((!is_barred).then(|| Reader {
        access_id,
        words: Words::of(account.language()),
        address: account.email,
        called: person.called().to_owned(),
    }))
}
