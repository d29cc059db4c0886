//! What can be done with a chart's account: record a payment, take something off a charge, pay back, and undo each of
//! these and a charge. One transaction each: lock the chart, load, decide, post, save, audit.

use jiff::civil::Date;

pub use crate::features::billing::act::{Outcome, Refused};
use crate::features::billing::act::{close_checkouts, in_posting_currency, unbalanced};
pub(super) use crate::features::billing::act::{hold, note, today};
use crate::features::billing::audit::BillingAction;
pub use crate::features::billing::charges::post_charge;
use crate::features::billing::dispute_store;
use crate::features::billing::encounter_store;
use crate::features::billing::lifecycle::{
    self, ChargeEvent, ChargeState, Payer, PaymentEvent, PaymentState, RefundEvent, Refunds, Refusal, Step,
};
use crate::features::billing::online::store as online;
use crate::features::billing::online::task_store::{self, TaskKind};
use crate::features::billing::receipt_store;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::store::{
    self, NewPayment, Payment, PaymentSource, Refund, RefundRow, RefundWay, find_charge, find_payment,
    find_refund, refunds_of,
};
use crate::features::ledger::{
    self, Account, EntryHead, EntryKind, Item, Place, Received, Refunded, Relief, append, debts_of,
    entries_of_item, find_entry,
};
use crate::kernel::ids::{ChargeId, ChartId, EntryId, PaymentId, RefundId};
use crate::kernel::money::Money;
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};

/// Where a payment goes: to whoever pays, in an account that is held from here to the commit; and today's date. A charge
/// of another chart, and somebody who pays nothing there today, are not found.
pub(super) fn place_of(c: &mut Scoped<'_>, new: &NewPayment) -> Outcome<(Place, Date)> {
    let currency = granted!(in_posting_currency(c, new.amount)?);
    if let Some(charge) = new.pays
        && find_charge(c, new.chart, charge)?.is_none()
    {
        return Ok(Err(Refused::NotFound));
    }
    let at = granted!(hold(c, new.chart, currency)?);
    let day = today(c)?;
    let party = match new.payer {
        Some(party) if !responsibility::payers_on(c, at, day)?.contains(&party) => {
            return Ok(Err(Refused::NotFound));
        }
        Some(party) => party,
        None => responsibility::first_payer(c, at, day)?,
    };
    Ok(Ok((Place { party, ..at }, day)))
}

/// Records a payment, and uses it for what is owed.
pub fn record_payment(c: &mut Scoped<'_>, by: &By, new: &NewPayment) -> Outcome<Payment> {
    let (at, day) = granted!(place_of(c, new)?);
    granted!(lifecycle::payment(None, PaymentEvent::Record));
    let id = PaymentId::fresh(c.rng(), c.now());
    let by_name = by.actor.name();
    let source = match by.actor {
        Actor::ApiKey(..) => PaymentSource::Api,
        _ => PaymentSource::Staff,
    };
    store::insert_payment(c, id, at.party, &by_name, source, new)?;
    let debts = debts_of(c, at.chart, at.party, at.currency)?;
    let received =
        Received { payment: id, on: new.received_on, lies: Account::Undeposited, amount: new.amount.minor };
    let drafts = ledger::payment(at, received, &debts, new.pays.as_slice(), day).map_err(unbalanced)?;
    append(c, &by_name, &drafts)?;
    receipt_store::issue(c, id)?;
    close_checkouts(c, at.chart)?;
    let details = serde_json::json!({ "payment": id, "amount": new.amount, "method": new.method });
    note(c, by, BillingAction::PaymentRecorded, at.chart, details)?;
    let recorded = find_payment(c, at.chart, id)?;
    recorded
        .map(|(payment, _)| Ok(payment))
        .ok_or_else(|| Fault::Damaged(format!("payment {id} was recorded and is not there")))
}

/// What is taken off a charge.
#[derive(Clone, Debug)]
pub struct NewRelief {
    /// On this chart.
    pub chart: ChartId,
    /// Of this charge.
    pub charge: ChargeId,
    /// A lower fee, or a debt that is given up.
    pub relief: Relief,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// Takes something off a charge. What was paid of it becomes credit as far as less is owed now.
pub fn relieve(c: &mut Scoped<'_>, by: &By, new: &NewRelief) -> Outcome<EntryHead> {
    lock(c, Lock::Charts(&[new.chart]))?;
    let found = find_charge(c, new.chart, new.charge)?;
    granted!(lifecycle::charge(found.as_ref().map(|charge| charge.state), ChargeEvent::Relieve));
    let Some(charge) = found else { return Ok(Err(Refused::NotFound)) };
    if charge.currency != new.amount.currency {
        return Ok(Err(Refused::Currency(charge.currency)));
    }
    let at = granted!(hold(c, new.chart, charge.currency)?);
    let item = Item::Charge(charge.charge_id);
    let standing = entries_of_item(c, item)?;
    let parties = ledger::payers_in(&standing, item);
    // A lower fee may reach into what was paid; a debt is given up only as far as there is one.
    let most: Vec<i64> = parties
        .iter()
        .map(|party| match new.relief {
            Relief::Discount => ledger::asked_of(&standing, item, *party),
            Relief::WriteOff => ledger::owed_for(&standing, item, *party),
        })
        .collect();
    let all: i64 = most.iter().sum();
    if new.amount.minor > all {
        return Ok(Err(Refused::TooMuch(Money::new(all, charge.currency))));
    }
    let day = today(c)?;
    let mut drafts = Vec::new();
    // Where several pay, each one's part becomes smaller by the same share.
    for (party, amount) in parties.iter().zip(ledger::spread(new.amount.minor, &most)) {
        if amount > 0 {
            let at = Place { party: *party, ..at };
            let own = ledger::relieve(at, new.relief, charge.charge_id, amount, &standing, &new.reason, day);
            drafts.extend(own.map_err(unbalanced)?);
        }
    }
    let entries = append(c, &by.actor.name(), &drafts)?;
    let made = entries.into_iter().next_back();
    let made = made.ok_or_else(|| Fault::other("something was taken off without an entry"))?;
    close_checkouts(c, new.chart)?;
    let details = serde_json::json!({
        "charge": charge.charge_id, "entry": made.entry_id, "kind": made.kind, "amount": new.amount,
        "reason": new.reason,
    });
    note(c, by, BillingAction::Adjusted, new.chart, details)?;
    Ok(Ok(made))
}

/// A refund to be paid out.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// On this chart.
    pub chart: ChartId,
    /// Of this payment.
    pub payment: PaymentId,
    /// How it goes.
    pub way: RefundWay,
    /// How much: at most what is not used of the payment.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// Pays back what is not used of a payment.
pub fn pay_refund(c: &mut Scoped<'_>, by: &By, new: &NewRefund) -> Outcome<RefundId> {
    lock(c, Lock::Charts(&[new.chart]))?;
    let found = find_payment(c, new.chart, new.payment)?;
    let state = found.as_ref().map(|(payment, _)| payment.state);
    granted!(lifecycle::payment(state, PaymentEvent::Refund));
    let Some((payment, party)) = found else { return Ok(Err(Refused::NotFound)) };
    if payment.currency != new.amount.currency {
        return Ok(Err(Refused::Currency(payment.currency)));
    }
    if dispute_store::is_open(c, payment.payment_id)? {
        return Ok(Err(Refused::Disputed));
    }
    let standing = entries_of_item(c, Item::Payment(payment.payment_id))?;
    let left = ledger::unused(&standing, payment.payment_id);
    if new.amount.minor > left {
        return Ok(Err(Refused::TooMuch(Money::new(left, payment.currency))));
    }
    let is_online = payment.source == PaymentSource::Portal;
    let event = match new.way.payer() {
        Payer::Provider if !is_online || online::account(c)?.is_none() => {
            return Ok(Err(Refused::NoProvider));
        }
        Payer::Provider => RefundEvent::Ask,
        Payer::Practice => RefundEvent::Pay,
    };
    let Step::To(state) = granted!(lifecycle::refund(None, event)) else {
        return Err(Fault::other("a new refund changes nothing"));
    };
    let id = RefundId::fresh(c.rng(), c.now());
    let (by_name, day) = (by.actor.name(), today(c)?);
    let row = RefundRow {
        id,
        chart: new.chart,
        payment: payment.payment_id,
        amount: new.amount,
        way: new.way,
        state,
        reason: &new.reason,
        made_on: day,
        by_name: &by_name,
        provider_id: None,
    };
    store::insert_refund(c, &row)?;
    let at = Place { chart: new.chart, party, currency: payment.currency };
    let refund =
        Refunded { refund: id, payment: payment.payment_id, amount: new.amount.minor, reason: &new.reason };
    let mut drafts = vec![refund.due(at, day).map_err(unbalanced)?];
    let action = match new.way.payer() {
        Payer::Practice => {
            drafts.push(refund.paid(at, Account::Undeposited, day).map_err(unbalanced)?);
            BillingAction::RefundPaid
        }
        Payer::Provider => {
            task_store::add(c, TaskKind::AskRefund, id.uuid(), "")?;
            BillingAction::RefundAsked
        }
    };
    append(c, &by_name, &drafts)?;
    let details = serde_json::json!({
        "refund": id, "payment": payment.payment_id, "amount": new.amount, "way": new.way, "reason": new.reason,
    });
    note(c, by, action, new.chart, details)?;
    Ok(Ok(id))
}

/// Did an undo change anything?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It was undone by this act.
    Now,
    /// It was undone before; nothing was posted.
    Before,
}

/// Takes a charge back. What was paid of it becomes credit.
pub fn void_charge(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    id: ChargeId,
    reason: &str,
) -> Outcome<Undone> {
    lock(c, Lock::Charts(&[chart]))?;
    let found = find_charge(c, chart, id)?;
    let step = lifecycle::charge(found.as_ref().map(|charge| charge.state), ChargeEvent::Void);
    let Step::To(state) = granted!(step) else { return Ok(Ok(Undone::Before)) };
    reverse_item(c, by, Item::Charge(id), reason)?;
    store::set_charge_state(c, id, state)?;
    if let Some(encounter) = found.and_then(|charge| charge.encounter_id) {
        // The visit can be charged anew.
        encounter_store::free_visit(c, encounter)?;
    }
    close_checkouts(c, chart)?;
    let details = serde_json::json!({ "charge": id, "reason": reason });
    let mut event = Event::new(by.clone(), BillingAction::ChargeVoided).on_chart(&chart).with(details);
    event.old_state = ChargeState::Posted.word().into();
    event.new_state = state.word().into();
    audit::record(c, event)?;
    Ok(Ok(Undone::Now))
}

/// Takes a recorded payment back. What it paid is owed again.
pub fn undo_payment(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    id: PaymentId,
    reason: &str,
) -> Outcome<Undone> {
    lock(c, Lock::Charts(&[chart]))?;
    let found = find_payment(c, chart, id)?;
    // The money is with the provider: it goes back as a refund, or not at all.
    if found.as_ref().is_some_and(|(payment, _)| payment.source == PaymentSource::Portal) {
        return Ok(Err(Refusal::AtProvider.into()));
    }
    let paid_back = refunds_of(c, id)?.iter().any(|refund| refund.state.stands());
    let refunds = if paid_back { Refunds::Some } else { Refunds::None };
    let state = found.as_ref().map(|(payment, _)| payment.state);
    let step = lifecycle::payment(state, PaymentEvent::Undo(refunds));
    let Step::To(state) = granted!(step) else { return Ok(Ok(Undone::Before)) };
    reverse_item(c, by, Item::Payment(id), reason)?;
    store::set_payment_state(c, id, state)?;
    let details = serde_json::json!({ "payment": id, "reason": reason });
    let mut event = Event::new(by.clone(), BillingAction::PaymentUndone).on_chart(&chart).with(details);
    event.old_state = PaymentState::Succeeded.word().into();
    event.new_state = state.word().into();
    audit::record(c, event)?;
    Ok(Ok(Undone::Now))
}

/// Takes a refund back: the money did not go out after all, and is credit again.
fn cancel_refund(c: &mut Scoped<'_>, by: &By, chart: ChartId, id: RefundId, reason: &str) -> Outcome<Undone> {
    let found = find_refund(c, chart, id)?;
    let Some(refund) = found else { return Ok(Err(Refused::NotFound)) };
    let step = lifecycle::refund(Some(refund.state), RefundEvent::Cancel(refund.way.payer()));
    let Step::To(state) = granted!(step) else { return Ok(Ok(Undone::Before)) };
    reverse_refund(c, &by.actor.name(), &refund, reason)?;
    store::set_refund_state(c, id, state)?;
    let details = serde_json::json!({ "refund": id, "payment": refund.payment_id, "reason": reason });
    note(c, by, BillingAction::RefundCanceled, chart, details)?;
    Ok(Ok(Undone::Now))
}

/// Reverses the entries of a refund: its money is credit again.
pub(super) fn reverse_refund(
    c: &mut Scoped<'_>,
    by_name: &str,
    refund: &Refund,
    reason: &str,
) -> Result<(), Fault> {
    let standing = entries_of_item(c, Item::Payment(refund.payment_id))?;
    let own: Vec<_> =
        standing.into_iter().filter(|entry| entry.head.subject == refund.refund_id.uuid()).collect();
    let day = today(c)?;
    let drafts = ledger::reverse_all(&own, reason, day).map_err(unbalanced)?;
    append(c, by_name, &drafts).map(drop)
}

/// Reverses everything of a charge or payment that counts.
fn reverse_item(c: &mut Scoped<'_>, by: &By, item: Item, reason: &str) -> Result<(), Fault> {
    let standing = entries_of_item(c, item)?;
    let day = today(c)?;
    let drafts = ledger::reverse_all(&standing, reason, day).map_err(unbalanced)?;
    append(c, &by.actor.name(), &drafts).map(drop)
}

/// Undoes what an entry records, by reversal: the charge, the payment, the discount or write-off, or the refund.
pub fn undo(c: &mut Scoped<'_>, by: &By, chart: ChartId, id: EntryId, reason: &str) -> Outcome<Undone> {
    lock(c, Lock::Charts(&[chart]))?;
    let Some(entry) = find_entry(c, chart, id)? else { return Ok(Err(Refused::NotFound)) };
    if entry.head.reverses.is_some() {
        return Ok(Err(Refused::NotByItself));
    }
    let subject = entry.head.subject;
    match (entry.head.kind, entry.postings.first().map(|posting| posting.item)) {
        (EntryKind::Charge | EntryKind::Insured, _) | (EntryKind::Opening, Some(Item::Charge(_))) => {
            void_charge(c, by, chart, ChargeId::from_uuid(subject), reason)
        }
        (EntryKind::Payment, _) | (EntryKind::Opening, Some(Item::Payment(_))) => {
            undo_payment(c, by, chart, PaymentId::from_uuid(subject), reason)
        }
        (EntryKind::RefundDue | EntryKind::RefundPaid, _) => {
            cancel_refund(c, by, chart, RefundId::from_uuid(subject), reason)
        }
        // Of a remittance nothing is undone by itself: its lines add up to the check.
        (EntryKind::Contractual, _) if !entry.is_by_hand() => Ok(Err(Refused::NotByItself)),
        (EntryKind::Discount | EntryKind::WriteOff | EntryKind::Contractual, _) => {
            if entry.head.reversed_by.is_some() {
                return Ok(Ok(Undone::Before));
            }
            let day = today(c)?;
            let draft = ledger::reverse(&entry, reason, day).map_err(unbalanced)?;
            append(c, &by.actor.name(), &[draft])?;
            let details = serde_json::json!({
                "charge": ChargeId::from_uuid(subject), "entry": id, "kind": entry.head.kind, "reason": reason,
            });
            note(c, by, BillingAction::AdjustmentUndone, chart, details)?;
            Ok(Ok(Undone::Now))
        }
        _ => Ok(Err(Refused::NotByItself)),
    }
}

/// Runs an act of a form: the same form sent twice acts once, and finds what it made. Open pages look again after
/// the commit.
pub async fn once<T, F>(
    app: &AppState,
    scope: &PracticeScope,
    chart: ChartId,
    mark: FormToken,
    mut act: F,
) -> Outcome<String>
where
    T: ToString,
    F: FnMut(&mut Scoped<'_>) -> Outcome<T> + Send + 'static,
{
    let outcome = app
        .db
        .write(scope, move |c| made_once(c, &mark, |c| Ok(act(c)?.map(|made| made.to_string()))))
        .await?;
    if outcome.is_ok() {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(outcome)
}
