//! The rows of a practice's account at the provider, of checkouts, and of the events that were taken.

use diesel::prelude::*;

use crate::features::billing::lifecycle::CheckoutState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChargeId, ChartId, PayerId, PaymentId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::schema::{checkout, provider_account, provider_event};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::pay::{Mode, ProviderEvent};
use crate::word_enum;

word_enum! {
    /// Can clients pay?
    pub enum ProviderState {
        /// They can.
        On = "on",
        /// They cannot; what was begun is still carried to its end.
        Off = "off",
    }
}

/// A practice's account at the provider.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = provider_account)]
pub struct ProviderAccount {
    /// Test or live.
    pub mode: Mode,
    /// Can clients pay?
    pub state: ProviderState,
    pub(super) sealed_key: Vec<u8>,
    pub(super) sealed_secret: Vec<u8>,
    pub(super) sealed_next: Option<Vec<u8>>,
    /// When news came last by itself.
    pub last_event_at: Option<Timestamp>,
    /// When news was asked for last.
    pub last_check_at: Option<Timestamp>,
    /// When a webhook was refused last because of its time alone.
    pub clock_off_at: Option<Timestamp>,
    /// Who set it up.
    pub changed_by_name: String,
    /// When.
    pub changed_at: Timestamp,
    /// For the form.
    pub version: i64,
}

/// What is written when an account is set up.
pub(super) struct NewAccount<'a> {
    pub mode: Mode,
    pub sealed_key: Vec<u8>,
    pub sealed_secret: Vec<u8>,
    pub sealed_next: Option<Vec<u8>>,
    pub by_name: &'a str,
}

/// The practice's account, if it has one.
pub fn account(c: &mut Scoped<'_>) -> Result<Option<ProviderAccount>, Fault> {
    c.rows(provider_account::table).select(ProviderAccount::as_select()).optional(c)
}

/// Can clients pay through the provider?
pub fn is_on(c: &mut Scoped<'_>) -> Result<bool, Fault> {
    let state: Option<ProviderState> =
        c.rows(provider_account::table).select(provider_account::state).optional(c)?;
    Ok(state == Some(ProviderState::On))
}

pub(super) fn save_account(c: &mut Scoped<'_>, new: NewAccount<'_>) -> Result<(), Fault> {
    let now = c.now();
    let values = (
        provider_account::mode.eq(new.mode),
        provider_account::state.eq(ProviderState::On),
        provider_account::sealed_key.eq(new.sealed_key),
        provider_account::sealed_secret.eq(new.sealed_secret),
        provider_account::sealed_next.eq(new.sealed_next),
        provider_account::clock_off_at.eq(None::<Timestamp>),
        provider_account::changed_by_name.eq(new.by_name),
        provider_account::changed_at.eq(now),
    );
    if account(c)?.is_some() {
        let version = provider_account::version.eq(provider_account::version + 1);
        c.rows(provider_account::table).set((values, version)).execute(c)?;
        return Ok(());
    }
    match c.insert(provider_account::table, (values, provider_account::version.eq(1i64))) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("an account at the provider, set up twice at once"))
        }
        other => other,
    }
}

pub(super) fn switch_off(c: &mut Scoped<'_>, by_name: &str) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(provider_account::table)
        .filter(provider_account::state.eq(ProviderState::On))
        .set((
            provider_account::state.eq(ProviderState::Off),
            provider_account::changed_by_name.eq(by_name),
            provider_account::changed_at.eq(now),
            provider_account::version.eq(provider_account::version + 1),
        ))
        .execute(c)
}

pub(super) fn note_clock_off(c: &mut Scoped<'_>) -> Result<(), Fault> {
    let now = c.now();
    c.rows(provider_account::table).set(provider_account::clock_off_at.eq(Some(now))).execute(c)?;
    Ok(())
}

pub(super) fn note_event_came(c: &mut Scoped<'_>) -> Result<(), Fault> {
    let now = c.now();
    c.rows(provider_account::table)
        .set((
            provider_account::last_event_at.eq(Some(now)),
            provider_account::clock_off_at.eq(None::<Timestamp>),
        ))
        .execute(c)?;
    Ok(())
}

pub(super) fn note_checked(c: &mut Scoped<'_>, at: Timestamp) -> Result<(), Fault> {
    c.rows(provider_account::table).set(provider_account::last_check_at.eq(Some(at))).execute(c)?;
    Ok(())
}

/// A client's way to pay on the provider's page.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = checkout)]
pub struct Checkout {
    /// The payment that it becomes.
    pub payment_id: PaymentId,
    /// Of this chart.
    pub chart_id: ChartId,
    /// For this payer.
    pub party_id: PayerId,
    /// Begun by the holder of this grant.
    pub access_id: AccessId,
    /// What is asked for, in minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    pub(super) charges: String,
    /// Where it stands.
    pub state: CheckoutState,
    /// The provider's name for the page.
    pub session_id: Option<String>,
    /// The provider's name for the payment.
    pub intent_id: Option<String>,
    /// The page's address.
    pub url: Option<String>,
    /// The last digits of the card; may be empty.
    pub card: String,
    /// What arrived, where that is another amount.
    pub received: Option<i64>,
    /// What the provider paid back beyond what was left of it here.
    pub returned_beyond: i64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the provider was asked last.
    pub looked_at: Option<Timestamp>,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
}

impl Checkout {
    /// What is asked for.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// The charges that are paid first.
    pub fn chosen(&self) -> Vec<ChargeId> {
        self.charges.split(' ').filter_map(|id| id.parse().ok()).collect()
    }
}

/// A checkout to be begun.
pub(super) struct NewCheckoutRow<'a> {
    pub id: PaymentId,
    pub chart: ChartId,
    pub party: PayerId,
    pub access: AccessId,
    pub amount: Money,
    pub charges: &'a [ChargeId],
}

pub(super) fn insert_checkout(c: &mut Scoped<'_>, new: &NewCheckoutRow<'_>) -> Result<(), Fault> {
    let charges: Vec<String> = new.charges.iter().map(ToString::to_string).collect();
    let row = (
        checkout::payment_id.eq(new.id),
        checkout::chart_id.eq(new.chart),
        checkout::party_id.eq(new.party),
        checkout::access_id.eq(new.access),
        checkout::amount.eq(new.amount.minor),
        checkout::currency.eq(new.amount.currency),
        checkout::charges.eq(charges.join(" ")),
        checkout::state.eq(CheckoutState::Started),
        checkout::card.eq(""),
        checkout::created_at.eq(c.now()),
        checkout::version.eq(1i64),
    );
    c.insert(checkout::table, row)
}

/// One checkout.
pub fn find_checkout(c: &mut Scoped<'_>, id: PaymentId) -> Result<Option<Checkout>, Fault> {
    c.rows(checkout::table).filter(checkout::payment_id.eq(id)).select(Checkout::as_select()).optional(c)
}

/// The checkout behind the provider's name for its payment.
pub(super) fn find_by_intent(c: &mut Scoped<'_>, intent: &str) -> Result<Option<Checkout>, Fault> {
    c.rows(checkout::table)
        .filter(checkout::intent_id.eq(Some(intent)))
        .select(Checkout::as_select())
        .optional(c)
}

/// A chart's newest checkouts.
pub fn checkouts_of(c: &mut Scoped<'_>, chart: ChartId, most: i64) -> Result<Vec<Checkout>, Fault> {
    c.rows(checkout::table)
        .filter(checkout::chart_id.eq(chart))
        .order(checkout::payment_id.desc())
        .limit(most)
        .select(Checkout::as_select())
        .load(c)
}

/// A chart's checkouts that did not come to their end: at most one is open for each payer, and few wait for a bank.
pub fn unfinished(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Checkout>, Fault> {
    c.rows(checkout::table)
        .filter(checkout::chart_id.eq(chart))
        .filter(checkout::state.in_list([CheckoutState::Started, CheckoutState::Processing]))
        .order(checkout::payment_id.asc())
        .select(Checkout::as_select())
        .load(c)
}

/// Checkouts of the practice that staff look at: what arrived, or went back, is another amount than it should be.
pub fn differing(c: &mut Scoped<'_>, most: i64) -> Result<Vec<Checkout>, Fault> {
    c.rows(checkout::table)
        .filter(checkout::received.is_not_null().or(checkout::returned_beyond.gt(0)))
        .order(checkout::payment_id.desc())
        .limit(most)
        .select(Checkout::as_select())
        .load(c)
}

/// What the provider told of a checkout.
pub(super) struct Told<'a> {
    pub state: CheckoutState,
    pub session: &'a str,
    pub intent: Option<&'a str>,
    pub url: Option<&'a str>,
    pub card: &'a str,
    pub received: Option<i64>,
}

pub(super) fn note_told(c: &mut Scoped<'_>, known: &Checkout, told: &Told<'_>) -> Result<(), Fault> {
    let now = c.now();
    let is_over = !matches!(told.state, CheckoutState::Started | CheckoutState::Processing);
    c.rows(checkout::table)
        .filter(checkout::payment_id.eq(known.payment_id))
        .set((
            checkout::state.eq(told.state),
            checkout::session_id.eq(Some(told.session)),
            checkout::intent_id.eq(told.intent.or(known.intent_id.as_deref())),
            checkout::url.eq(told.url),
            checkout::card.eq(if told.card.is_empty() { known.card.as_str() } else { told.card }),
            checkout::received.eq(told.received.or(known.received)),
            checkout::looked_at.eq(Some(now)),
            checkout::finished_at.eq(known.finished_at.or(is_over.then_some(now))),
            checkout::version.eq(checkout::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// The provider paid back more of a payment than was left of it.
pub(super) fn note_returned_beyond(c: &mut Scoped<'_>, id: PaymentId, more: i64) -> Result<(), Fault> {
    c.rows(checkout::table)
        .filter(checkout::payment_id.eq(id))
        .set((
            checkout::returned_beyond.eq(checkout::returned_beyond + more),
            checkout::version.eq(checkout::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// A checkout that never had a page.
pub(super) fn note_without_page(
    c: &mut Scoped<'_>,
    id: PaymentId,
    state: CheckoutState,
) -> Result<(), Fault> {
    let now = c.now();
    c.rows(checkout::table)
        .filter(checkout::payment_id.eq(id))
        .set((
            checkout::state.eq(state),
            checkout::finished_at.eq(Some(now)),
            checkout::version.eq(checkout::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// Was this event taken before?
pub(super) fn was_taken(c: &mut Scoped<'_>, event: &str) -> Result<bool, Fault> {
    let found: Option<String> = c
        .rows(provider_event::table)
        .filter(provider_event::event_id.eq(event))
        .select(provider_event::event_id)
        .optional(c)?;
    Ok(found.is_some())
}

pub(super) fn insert_event(c: &mut Scoped<'_>, event: &ProviderEvent) -> Result<(), Fault> {
    let row = (
        provider_event::event_id.eq(&event.id),
        provider_event::kind.eq(&event.kind),
        provider_event::object_id.eq(&event.object),
        provider_event::created_at.eq(event.created_at),
        provider_event::received_at.eq(c.now()),
    );
    match c.insert(provider_event::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one event of the provider, twice at once"))
        }
        other => other,
    }
}

/// Forgets events that the provider does not tell any more.
pub(super) fn forget_events(c: &mut Scoped<'_>, before: Timestamp) -> Result<(), Fault> {
    c.rows(provider_event::table).filter(provider_event::created_at.lt(before)).delete(c)?;
    Ok(())
}
