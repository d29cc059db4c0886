//! Whom a mail about a chart reaches.

use diesel::prelude::*;

use crate::features::access::lifecycle::State;
use crate::features::accounts::grants::level_now;
use crate::features::accounts::store::{Account, has_account};
use crate::features::people::{self, AddressKind, ChartFile, MailWishes};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::kernel::zone::OwnZone;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{portal_access, portal_account};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};

/// Whom a mail about a chart reaches.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Whose account.
    pub account_id: AccountId,
    /// By which grant.
    pub access_id: AccessId,
    /// Who.
    pub person_id: PersonId,
    /// Where to.
    pub address: EmailAddress,
    /// Words of their language.
    pub words: Words,
    /// How they like to be called.
    pub called: String,
    /// Their own zone, where they have one.
    pub zone: OwnZone,
    /// What mail they want.
    pub wishes: MailWishes,
}

/// The person who may see this chart's items of a right, as a mail reaches them: at their account's
/// address, unless their face sheet says that it must not be used.
pub fn reader_of(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    account: &AccountId,
    right: Right,
) -> Result<Option<Reader>, Fault> {
    Ok(readers(c, chart, Some(account), Some(right))?.pop())
}

/// Whoever has this account, while their grant to the chart is active, whatever it opens.
pub fn holder_of(c: &mut Scoped<'_>, chart: &ChartId, account: &AccountId) -> Result<Option<Reader>, Fault> {
    Ok(readers(c, chart, Some(account), None)?.pop())
}

/// Everybody who may look at what stands under a right of this chart and whom a mail reaches.
pub fn readers_of(c: &mut Scoped<'_>, chart: &ChartId, right: Right) -> Result<Vec<Reader>, Fault> {
    readers(c, chart, None, Some(right))
}

/// Does a mail about what stands under a right of this chart reach anybody?
pub fn reaches_anybody(c: &mut Scoped<'_>, chart: &ChartId, right: Right) -> Result<bool, Fault> {
    Ok(!readers_of(c, chart, right)?.is_empty())
}

/// What a page of staff says of the mail that follows, `KEY`; or that nobody gets one, `KEY-nobody`, with the number
/// to call.
pub fn mail_in_words(words: Words, file: &ChartFile, key: &str, reaches_anybody: bool) -> String {
    if reaches_anybody {
        return words.get(key);
    }
    let said = words.get(&format!("{key}-nobody"));
    match file.phone() {
        Some(phone) => format!("{said} {}", words.with1("portal-nobody-call", "phone", phone)),
        None => said,
    }
}

/// Accounts that may have a grant to one chart.
const MOST_READERS: i64 = 50;

fn readers(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    only: Option<&AccountId>,
    right: Option<Right>,
) -> Result<Vec<Reader>, Fault> {
    let mut active = c
        .rows(portal_access::table)
        .inner_join(portal_account::table.on(has_account()))
        .filter(portal_access::chart_id.eq(*chart))
        .filter(portal_access::state.eq(State::Active))
        .order(portal_access::access_id.asc())
        .limit(MOST_READERS)
        .select((portal_access::access_id, portal_access::person_id, Account::as_select()))
        .into_boxed();
    if let Some(account) = only {
        active = active.filter(portal_access::account_id.eq(*account));
    }
    let active: Vec<(AccessId, PersonId, Account)> = active.load(c)?;
    let mut readers = Vec::with_capacity(active.len());
    for (access_id, person_id, account) in active {
        readers.extend(reader(c, access_id, person_id, account, right)?);
    }
    Ok(readers)
}

fn reader(
    c: &mut Scoped<'_>,
    access_id: AccessId,
    person_id: PersonId,
    account: Account,
    right: Option<Right>,
) -> Result<Option<Reader>, Fault> {
    if let Some(right) = right
        && level_now(c, &access_id, right)? < Level::View
    {
        return Ok(None);
    }
    let Some(person) = people::load_person(c, &person_id)? else { return Ok(None) };
    let key = account.email.key();
    let is_barred = people::addresses_of(c, &person_id)?
        .iter()
        .any(|a| a.kind == AddressKind::Email && a.value_key == key && !a.may_mail);
    Ok((!is_barred).then(|| Reader {
        account_id: account.account_id,
        access_id,
        person_id,
        words: Words::of(account.language()),
        address: account.email,
        called: person.called().to_owned(),
        wishes: person.wishes(),
        zone: person.time_zone,
    }))
}
