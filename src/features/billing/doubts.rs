//! What staff are asked before they post what may be there already: a charge like one of the same day, a payment like
//! one of the same day, or more than is open. Programs are not asked: their `Idempotency-Key` says what is the same.

use crate::features::billing::act::{Outcome, Refused};
use crate::features::billing::actions::{place_of, record_payment};
use crate::features::billing::charges::{NewService, listed, post_service};
use crate::features::billing::encounter_store;
use crate::features::billing::service_store::Service;
use crate::features::billing::store::{
    Charge, NewCharge, NewPayment, Payment, charges_on_day, payments_on_day,
};
use crate::features::ledger;
use crate::kernel::ids::ServiceId;
use crate::kernel::money::Money;
use crate::platform::audit::By;
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::granted;

/// Entries of one day that are named.
const NAMED: i64 = 20;

/// Does a new charge look like one that stands on the same day? The same service does, and so do the same words; where
/// one of the two names no service, the same amount does too. Pure.
fn is_alike(known: &Charge, service: Option<ServiceId>, new: &NewCharge) -> bool {
    let one_names_none = known.service_id.is_none() || service.is_none();
    let is_like = (known.service_id.is_some() && known.service_id == service)
        || folded(&known.description) == folded(&new.description)
        || (one_names_none && known.amount == new.amount.minor);
    known.currency == new.amount.currency && is_like
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The charges that stand on the day of a new one and look like it. None where the visit itself was charged before:
/// that is no question.
pub(super) fn alike_charges(c: &mut Scoped<'_>, new: &NewService) -> Outcome<Vec<Charge>> {
    let chart = new.charge.chart;
    if let Some(visit) = new.details.appointment
        && encounter_store::charge_of_visit(c, chart, visit)?.is_some()
    {
        return Ok(Ok(Vec::new()));
    }
    let (charge, service): (NewCharge, Option<Service>) = granted!(listed(c, new)?);
    let service = service.map(|service| service.service_id);
    let mut of_day = charges_on_day(c, chart, charge.on, NAMED)?;
    of_day.retain(|known| is_alike(known, service, &charge));
    Ok(Ok(of_day))
}

/// What a form sends back to say that these charges were seen.
pub(super) fn mark_of_charges(alike: &[Charge]) -> String {
    let ids: Vec<String> = alike.iter().map(|charge| charge.charge_id.to_string()).collect();
    ids.join(" ")
}

/// Posts a charge, unless there is one like it that whoever posts was not shown.
pub(super) fn post_asking(c: &mut Scoped<'_>, by: &By, new: &NewService, seen: &str) -> Outcome<Charge> {
    lock(c, Lock::Charts(&[new.charge.chart]))?;
    let alike = granted!(alike_charges(c, new)?);
    if !alike.is_empty() && mark_of_charges(&alike) != seen {
        return Ok(Err(Refused::Doubtful));
    }
    post_service(c, by, new)
}

/// What stands against a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PaymentDoubts {
    /// What its payer owes.
    pub open: Money,
    /// By how much it is more than that.
    pub beyond: i64,
    /// Payments of the same day that look like it.
    pub alike: Vec<Payment>,
}

impl PaymentDoubts {
    /// What a form sends back to say that these were seen; empty where nothing stands against it.
    pub(super) fn mark(&self) -> String {
        let beyond = (self.beyond > 0).then(|| format!("{}-{}", self.open.minor, self.beyond));
        let alike = self.alike.iter().map(|payment| payment.payment_id.to_string());
        beyond.into_iter().chain(alike).collect::<Vec<_>>().join(" ")
    }
}

/// The same amount on the same day, by the same way or with the same reference. Pure.
fn is_same_money(known: &Payment, new: &NewPayment) -> bool {
    let same_reference = !new.reference.is_empty() && folded(&known.reference) == folded(&new.reference);
    let differs = !new.reference.is_empty() && !known.reference.is_empty() && !same_reference;
    known.money() == new.amount && !differs && (known.method == new.method || same_reference)
}

/// What stands against it.
pub(super) fn payment_doubts(c: &mut Scoped<'_>, new: &NewPayment) -> Outcome<PaymentDoubts> {
    // What is not there is no question.
    let (at, _) = granted!(place_of(c, new)?);
    let open: i64 = ledger::debts_of(c, at.chart, at.party, at.currency)?.iter().map(|debt| debt.owed).sum();
    let mut alike = payments_on_day(c, new.chart, new.received_on, NAMED)?;
    alike.retain(|known| is_same_money(known, new));
    let beyond = (new.amount.minor - open).max(0);
    Ok(Ok(PaymentDoubts { open: Money::new(open, at.currency), beyond, alike }))
}

/// Records a payment, unless something stands against it that whoever records it was not shown.
pub(super) fn record_asking(c: &mut Scoped<'_>, by: &By, new: &NewPayment, seen: &str) -> Outcome<Payment> {
    let mark = granted!(payment_doubts(c, new)?).mark();
    if !mark.is_empty() && mark != seen {
        return Ok(Err(Refused::Doubtful));
    }
    record_payment(c, by, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::billing::lifecycle::{ChargeState, PaymentState};
    use crate::features::billing::store::{ChargePayer, PaymentMethod, PaymentSource};
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::{ChargeId, ChartId, PaymentId};
    use crate::kernel::money::Currency;
    use jiff::civil::date;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn charge(service: Option<ServiceId>, description: &str, minor: i64) -> Charge {
        Charge {
            charge_id: ChargeId::NIL,
            chart_id: ChartId::NIL,
            on_date: "2026-12-01".to_owned(),
            description: description.to_owned(),
            amount: minor,
            currency: Currency::USD,
            state: ChargeState::Posted,
            created_by_name: String::new(),
            created_at: Timestamp::from_micros(0),
            encounter_id: None,
            service_id: service,
            code: String::new(),
            modifiers: String::new(),
            units: 1,
            insurance_id: None,
            payer: ChargePayer::SelfPay,
        }
    }

    #[test]
    fn one_service_or_one_wording_is_alike_and_two_services_are_not() {
        let (session, intake) = (ServiceId::NIL, ServiceId::from_uuid(uuid::Uuid::from_u128(7)));
        let new = |description: &str, minor| NewCharge {
            chart: ChartId::NIL,
            on: date(2026, 12, 1),
            description: description.to_owned(),
            amount: usd(minor),
        };
        let table = [
            (Some(session), "Session", 150, Some(session), "Session, late", 100, true),
            (Some(session), "Session", 150, Some(intake), "Intake", 150, false),
            (Some(session), "Session", 150, None, " session ", 90, true),
            (Some(session), "Session", 150, None, "By hand", 150, true),
            (Some(session), "Session", 150, None, "Letter", 40, false),
            (None, "Letter", 40, None, "Copy", 25, false),
            (None, "Letter", 40, None, "Copy", 40, true),
        ];
        for (was, words, minor, service, typed, amount, alike) in table {
            assert_eq!(
                is_alike(&charge(was, words, minor), service, &new(typed, amount)),
                alike,
                "{typed} {amount}"
            );
        }
    }

    #[test]
    fn the_same_money_has_one_amount_and_one_way_or_one_reference() {
        let known = |method, reference: &str| Payment {
            payment_id: PaymentId::NIL,
            method,
            source: PaymentSource::Staff,
            amount: 5_000,
            currency: Currency::USD,
            state: PaymentState::Succeeded,
            received_on: "2026-12-01".to_owned(),
            reference: reference.to_owned(),
            recorded_by_name: String::new(),
            created_at: Timestamp::from_micros(0),
        };
        let new = |method, reference: &str, minor| NewPayment {
            chart: ChartId::NIL,
            received_on: date(2026, 12, 1),
            method,
            reference: reference.to_owned(),
            amount: usd(minor),
            pays: None,
            payer: None,
        };
        use PaymentMethod::{Cash, Check};
        let table = [
            (Cash, "", Cash, "", 5_000, true),
            (Cash, "", Cash, "", 4_000, false),
            (Cash, "", Check, "", 5_000, false),
            (Check, "1042", Check, "1042", 5_000, true),
            (Check, "1042", Check, "1043", 5_000, false),
            (Check, "1042", Check, "", 5_000, true),
            (Check, "1042", Cash, "1042", 5_000, true),
        ];
        for (was, reference, method, typed, minor, same) in table {
            assert_eq!(
                is_same_money(&known(was, reference), &new(method, typed, minor)),
                same,
                "{method:?} {typed}"
            );
        }
    }
}
