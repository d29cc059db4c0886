//! What every act on an account needs: the chart in its hands, who pays, today, and a place in the audit trail.

use jiff::civil::Date;

use crate::features::billing::audit::BillingAction;
use crate::features::billing::lifecycle::{CheckoutState, Refusal};
use crate::features::billing::online::store as online;
use crate::features::billing::online::task_store::{self, TaskKind};
use crate::features::billing::store::client_of;
use crate::features::ledger::{Place, Unbalanced, party_of, posting_currency};
use crate::features::practice;
use crate::kernel::ids::{ChargeId, ChartId, RemittanceId};
use crate::kernel::money::{Currency, Money};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;

/// Why nothing was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such chart, charge, payment or entry here.
    #[error("it is not there")]
    NotFound,
    /// The life cycle says no.
    #[error("{0}")]
    LifeCycle(Refusal),
    /// The amount is in another currency than the practice posts in, or than what it is about.
    #[error("this account is kept in {0}")]
    Currency(Currency),
    /// More than there is: to take off a charge, or to pay back of a payment.
    #[error("at most {0}")]
    TooMuch(Money),
    /// The entry is not one that is undone by itself.
    #[error("this entry is not undone by itself")]
    NotByItself,
    /// Less than the provider takes.
    #[error("at least {0}")]
    TooLittle(Money),
    /// A payment for this account is on its way already.
    #[error("a payment is on its way")]
    OnItsWay,
    /// The practice has no payment provider, or the payment did not come through it.
    #[error("not through the payment provider")]
    NoProvider,
    /// The visit is charged already.
    #[error("the visit is charged already")]
    ChargedBefore(ChargeId),
    /// The service has no price on that day.
    #[error("the service has no price")]
    NoPrice,
    /// The client is not insured there on that day, or the charge goes to no insurer.
    #[error("no insurance")]
    NoInsurance,
    /// A visit that nobody else is to see, which somebody else would pay a part of.
    #[error("somebody else would pay a part of it")]
    NotAlone,
    /// The check was taken before.
    #[error("this check was taken before")]
    KnownCheck(RemittanceId),
    /// The lines do not add up to the check: by so much.
    #[error("the lines differ from the check by {0}")]
    NotBalanced(Money),
    /// The client's bank asks this payment back.
    #[error("the payment is disputed")]
    Disputed,
    /// It looks like what is there already, or is more than is open, and whoever posts it was not shown that.
    #[error("somebody has to look at it first")]
    Doubtful,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotThere => Self::NotFound,
            other => Self::LifeCycle(other),
        }
    }
}

/// The outcome of an act, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, Refused>, Fault>;

pub(super) fn unbalanced(error: Unbalanced) -> Fault {
    Fault::Other("an act made no entry".into(), Some(error.into()))
}

/// Today in the practice's zone.
pub(super) fn today(c: &mut Scoped<'_>) -> Result<Date, Fault> {
    Ok(practice::load(c)?.today(c.now()))
}

/// Holds a chart and finds who pays for it: the client.
pub(super) fn hold(c: &mut Scoped<'_>, chart: ChartId, currency: Currency) -> Outcome<Place> {
    lock(c, Lock::Charts(&[chart]))?;
    let Some(person) = client_of(c, chart)? else { return Ok(Err(Refused::NotFound)) };
    Ok(Ok(Place { chart, party: party_of(c, person)?, currency }))
}

/// The amount must be in the currency in which the practice posts.
pub(super) fn in_posting_currency(c: &mut Scoped<'_>, amount: Money) -> Outcome<Currency> {
    let currency = posting_currency(c)?;
    Ok(if amount.currency == currency { Ok(currency) } else { Err(Refused::Currency(currency)) })
}

pub(super) fn note(
    c: &mut Scoped<'_>,
    by: &By,
    action: BillingAction,
    chart: ChartId,
    details: serde_json::Value,
) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).on_chart(&chart).with(details))
}

/// Something of the account has changed: the page on which a client may still pay what was due before is closed.
pub(super) fn close_checkouts(c: &mut Scoped<'_>, chart: ChartId) -> Result<(), Fault> {
    for open in online::unfinished(c, chart)? {
        if open.state == CheckoutState::Started {
            task_store::add_once(c, TaskKind::CloseCheckout, open.payment_id.uuid())?;
        }
    }
    Ok(())
}
