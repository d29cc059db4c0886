//! What the provider answers becomes entries of the journal, once: the state decides what is left to do, and the
//! key of an entry refuses a second one. Webhook, return page and the hourly check all come here.

use super::store::{self, Told};
use crate::features::billing::act::unbalanced;
use crate::features::billing::actions::{note, reverse_refund, today};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::dispute_store;
use crate::features::billing::lifecycle::{
    self, CheckoutEvent, CheckoutState, DisputeEvent, DisputeState, RefundEvent, RefundState, Step,
};
use crate::features::billing::receipt_store;
use crate::features::billing::statement::tell;
use crate::features::billing::store::{
    NewPayment, PaymentMethod, PaymentSource, Refund as RefundHere, RefundRow, RefundWay, find_payment,
    find_refund_told, insert_payment, insert_refund, set_refund_provider, set_refund_state,
};
use crate::features::ledger::{
    self, Account, Disputed, EntryKind, Item, Place, Received, Refunded, append, debts_of, entries_of_item,
};
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::{ChartId, DisputeId, PayerId, PaymentId, PracticeId, RefundId};
use crate::kernel::money::Money;
use crate::platform::audit::By;
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::pay::{Checkout, CheckoutStatus, Dispute, DisputeStatus, Refund, RefundStatus};
use crate::platform::state::App;

/// Tells whoever may see what a payer pays that there is something new.
fn tell_readers(app: &App, c: &mut Scoped<'_>, chart: ChartId, party: PayerId) -> Result<(), Fault> {
    let practice = practice::load(c)?;
    match people::load_file(c, &chart)? {
        Some(file) => tell(app, c, &practice, &file, party),
        None => Ok(()),
    }
}

/// Whose payment a page is: ours by what we gave it, or nobody's here.
fn payment_of(c: &Scoped<'_>, seen: &Checkout) -> Option<PaymentId> {
    let practice: PracticeId = seen.practice.as_deref()?.parse().ok()?;
    let payment = seen.payment.as_deref()?.parse().ok()?;
    (practice == *c.practice()).then_some(payment)
}

/// Takes over how a page stands. Gives the chart that changed.
pub(super) fn checkout(app: &App, c: &mut Scoped<'_>, seen: &Checkout) -> Result<Option<ChartId>, Fault> {
    let Some(id) = payment_of(c, seen) else { return Ok(None) };
    let Some(known) = store::find_checkout(c, id)? else {
        // A database from before the payment, put back: somebody must look.
        tracing::error!(payment = %id, "the payment provider tells of a payment that is not known here");
        if matches!(seen.status, CheckoutStatus::Paid(_)) {
            let details = serde_json::json!({ "payment": id });
            let event = crate::platform::audit::Event::new(By::system(), BillingAction::PaymentOrphan);
            crate::platform::audit::record(c, event.with(details))?;
        }
        return Ok(None);
    };
    lock(c, Lock::Charts(&[known.chart_id]))?;
    let Some(known) = store::find_checkout(c, id)? else { return Ok(None) };
    let event = match seen.status {
        CheckoutStatus::Open => CheckoutEvent::Open,
        CheckoutStatus::Processing => CheckoutEvent::Processing,
        CheckoutStatus::Paid(_) => CheckoutEvent::Paid,
        CheckoutStatus::Failed => CheckoutEvent::Failed,
        CheckoutStatus::Expired => CheckoutEvent::Closed,
    };
    let Ok(step) = lifecycle::checkout(Some(known.state), event) else { return Ok(None) };
    let state = match step {
        Step::To(state) => state,
        Step::Unchanged => known.state,
    };
    let other = match seen.status {
        CheckoutStatus::Paid(money) if money != known.money() => Some(money.minor),
        _ => None,
    };
    let card = seen.card.as_deref().unwrap_or_default();
    let told = Told {
        state,
        session: &seen.id,
        intent: seen.intent.as_deref(),
        url: seen.url.as_deref(),
        card,
        received: other,
    };
    store::note_told(c, &known, &told)?;
    let Step::To(state) = step else { return Ok(None) };
    match (state, seen.status) {
        (CheckoutState::Paid, CheckoutStatus::Paid(money)) => book(app, c, &known, money, card)?,
        _ => ended(app, c, &known, state)?,
    }
    Ok(Some(known.chart_id))
}

/// A checkout came to its end, or waits for a bank, without money.
fn ended(app: &App, c: &mut Scoped<'_>, known: &store::Checkout, state: CheckoutState) -> Result<(), Fault> {
    let action = match state {
        CheckoutState::Failed => BillingAction::PaymentFailed,
        CheckoutState::Expired => BillingAction::PaymentExpired,
        CheckoutState::Started | CheckoutState::Processing | CheckoutState::Paid => return Ok(()),
    };
    let details = serde_json::json!({ "payment": known.payment_id, "amount": known.money() });
    note(c, &By::system(), action, known.chart_id, details)?;
    // Who saw "it is on its way" hears that it did not come; who turned back knows.
    if known.state == CheckoutState::Processing {
        tell_readers(app, c, known.chart_id, known.party_id)?;
    }
    Ok(())
}

/// A page that the provider does not make, or does not know any more.
pub(super) fn without_page(
    app: &App,
    c: &mut Scoped<'_>,
    id: PaymentId,
    event: CheckoutEvent,
) -> Result<Option<ChartId>, Fault> {
    let Some(known) = store::find_checkout(c, id)? else { return Ok(None) };
    lock(c, Lock::Charts(&[known.chart_id]))?;
    let Some(known) = store::find_checkout(c, id)? else { return Ok(None) };
    let Ok(Step::To(state)) = lifecycle::checkout(Some(known.state), event) else { return Ok(None) };
    store::note_without_page(c, id, state)?;
    ended(app, c, &known, state)?;
    Ok(Some(known.chart_id))
}

/// The money is at the provider: the payment is recorded and used, the charges that the client chose first. Where
/// another amount came than was asked for, all of it stays credit, and staff look at it.
fn book(
    app: &App,
    c: &mut Scoped<'_>,
    known: &store::Checkout,
    money: Money,
    card: &str,
) -> Result<(), Fault> {
    let (id, chart, day) = (known.payment_id, known.chart_id, today(c)?);
    let new = NewPayment {
        chart,
        received_on: day,
        method: PaymentMethod::Card,
        reference: if card.is_empty() { String::new() } else { format!("•••• {card}") },
        amount: money,
        pays: None,
        payer: Some(known.party_id),
    };
    insert_payment(c, id, known.party_id, "", PaymentSource::Portal, &new)?;
    let differs = money != known.money();
    let debts = if differs { Vec::new() } else { debts_of(c, chart, known.party_id, money.currency)? };
    let at = Place { chart, party: known.party_id, currency: money.currency };
    let received = Received { payment: id, on: day, lies: Account::Processor, amount: money.minor };
    let drafts = ledger::payment(at, received, &debts, &known.chosen(), day).map_err(unbalanced)?;
    append(c, "", &drafts)?;
    receipt_store::issue(c, id)?;
    let details = serde_json::json!({ "payment": id, "amount": money });
    note(c, &By::system(), BillingAction::PaymentSucceeded, chart, details)?;
    if differs {
        tracing::error!(payment = %id, "another amount came in than was asked for");
        let details = serde_json::json!({ "payment": id, "amount": money, "asked": known.money() });
        note(c, &By::system(), BillingAction::PaymentDiffers, chart, details)?;
    }
    tell_readers(app, c, chart, known.party_id)
}

/// Takes over how a refund stands. Gives the chart that changed.
pub(super) fn refund(app: &App, c: &mut Scoped<'_>, seen: &Refund) -> Result<Option<ChartId>, Fault> {
    let ours: Option<RefundId> = seen.refund.as_deref().and_then(|id| id.parse().ok());
    let Some(found) = find_refund_told(c, ours, &seen.id)? else { return of_provider(app, c, seen) };
    lock(c, Lock::Charts(&[found.chart_id]))?;
    let Some(found) = find_refund_told(c, ours, &seen.id)? else { return Ok(None) };
    set_refund_provider(c, found.refund_id, &seen.id)?;
    let event = match seen.status {
        RefundStatus::Pending => RefundEvent::OnItsWay,
        RefundStatus::Succeeded => RefundEvent::Arrived,
        RefundStatus::Failed => RefundEvent::Failed,
    };
    step(app, c, &found, event)
}

/// The provider did not take a refund: nothing goes back.
pub(super) fn refund_not_taken(
    app: &App,
    c: &mut Scoped<'_>,
    id: RefundId,
) -> Result<Option<ChartId>, Fault> {
    let Some(found) = find_refund_told(c, Some(id), "")? else { return Ok(None) };
    lock(c, Lock::Charts(&[found.chart_id]))?;
    let Some(found) = find_refund_told(c, Some(id), "")? else { return Ok(None) };
    step(app, c, &found, RefundEvent::Failed)
}

fn step(
    app: &App,
    c: &mut Scoped<'_>,
    found: &RefundHere,
    event: RefundEvent,
) -> Result<Option<ChartId>, Fault> {
    let Ok(Step::To(state)) = lifecycle::refund(Some(found.state), event) else { return Ok(None) };
    set_refund_state(c, found.refund_id, state)?;
    let (chart, day) = (found.chart_id, today(c)?);
    let Some((_, party)) = find_payment(c, chart, found.payment_id)? else { return Ok(None) };
    let action = match state {
        RefundState::Succeeded => {
            let at = Place { chart, party, currency: found.currency };
            let paid = refunded(found).paid(at, Account::Processor, day).map_err(unbalanced)?;
            append(c, "", &[paid])?;
            BillingAction::RefundArrived
        }
        RefundState::Failed => {
            reverse_refund(c, "", found, "")?;
            BillingAction::RefundFailed
        }
        RefundState::Due | RefundState::Pending | RefundState::Canceled => return Ok(Some(chart)),
    };
    let details = serde_json::json!({
        "refund": found.refund_id, "payment": found.payment_id, "amount": Money::new(found.amount, found.currency),
    });
    note(c, &By::system(), action, chart, details)?;
    if state == RefundState::Succeeded {
        tell_readers(app, c, chart, party)?;
    }
    Ok(Some(chart))
}

fn refunded(found: &RefundHere) -> Refunded<'_> {
    let (refund, payment) = (found.refund_id, found.payment_id);
    Refunded { refund, payment, amount: found.amount, reason: &found.reason }
}

/// A refund that somebody made at the provider: it is booked once. What the payment had paid is owed again as far as
/// the money is gone, the newest use first.
fn of_provider(app: &App, c: &mut Scoped<'_>, seen: &Refund) -> Result<Option<ChartId>, Fault> {
    let Some(intent) = seen.intent.as_deref() else { return Ok(None) };
    let Some(paid) = store::find_by_intent(c, intent)? else { return Ok(None) };
    lock(c, Lock::Charts(&[paid.chart_id]))?;
    if find_refund_told(c, None, &seen.id)?.is_some() {
        return Err(Fault::lost_race("one refund of the provider, twice at once"));
    }
    let (chart, payment, day) = (paid.chart_id, paid.payment_id, today(c)?);
    let Some((known, party)) = find_payment(c, chart, payment)? else { return Ok(None) };
    let event = match seen.status {
        RefundStatus::Pending => RefundEvent::OnItsWay,
        RefundStatus::Succeeded => RefundEvent::Arrived,
        RefundStatus::Failed => return Ok(None),
    };
    let Ok(Step::To(state)) = lifecycle::refund(None, event) else { return Ok(None) };
    if seen.amount.currency != known.currency {
        tracing::error!(%payment, "a refund of the payment provider is in another currency");
        return Ok(None);
    }
    let standing = entries_of_item(c, Item::Payment(payment))?;
    let left = ledger::left_of(&standing, payment);
    // What went back in another way is no longer there: no more is booked than is left, and staff look at it.
    let amount = Money::new(seen.amount.minor.min(left), known.currency);
    if amount != seen.amount {
        tracing::error!(%payment, "the payment provider paid back more than is left of a payment");
        let details = serde_json::json!({ "payment": payment, "amount": seen.amount, "left": left });
        note(c, &By::system(), BillingAction::RefundDiffers, chart, details)?;
        store::note_returned_beyond(c, payment, seen.amount.minor - amount.minor)?;
    }
    if amount.minor <= 0 {
        return Ok(Some(chart));
    }
    let id = RefundId::fresh(c.rng(), c.now());
    let row = RefundRow {
        id,
        chart,
        payment,
        amount,
        way: RefundWay::Provider,
        state,
        reason: "",
        made_on: day,
        by_name: "",
        provider_id: Some(&seen.id),
    };
    insert_refund(c, &row)?;
    let at = Place { chart, party, currency: known.currency };
    let missing = amount.minor - ledger::unused(&standing, payment);
    let mut drafts = ledger::free(at, payment, missing, &standing, "", day).map_err(unbalanced)?;
    let refund = Refunded { refund: id, payment, amount: amount.minor, reason: "" };
    drafts.push(refund.due(at, day).map_err(unbalanced)?);
    if state == RefundState::Succeeded {
        drafts.push(refund.paid(at, Account::Processor, day).map_err(unbalanced)?);
    }
    append(c, "", &drafts)?;
    let details = serde_json::json!({ "refund": id, "payment": payment, "amount": amount });
    note(c, &By::system(), BillingAction::RefundAtProvider, chart, details)?;
    tell_readers(app, c, chart, party)?;
    Ok(Some(chart))
}

/// Takes over how a payment stands that a client's bank asks about. What the client owes changes only when the money
/// is lost: then the charges that it paid are owed again.
pub(super) fn dispute(app: &App, c: &mut Scoped<'_>, seen: &Dispute) -> Result<Option<ChartId>, Fault> {
    let Some(intent) = seen.intent.as_deref() else { return Ok(None) };
    let Some(paid) = store::find_by_intent(c, intent)? else { return Ok(None) };
    lock(c, Lock::Charts(&[paid.chart_id]))?;
    let (chart, payment, day) = (paid.chart_id, paid.payment_id, today(c)?);
    let Some((known, party)) = find_payment(c, chart, payment)? else { return Ok(None) };
    if seen.amount.currency != known.currency {
        tracing::error!(%payment, "a dispute of the payment provider is in another currency");
        return Ok(None);
    }
    let before = dispute_store::find_told(c, &seen.id)?;
    let event = match seen.status {
        DisputeStatus::Inquiry => DisputeEvent::Asked,
        DisputeStatus::Closed => DisputeEvent::Over,
        DisputeStatus::Open => DisputeEvent::Opened,
        DisputeStatus::Won => DisputeEvent::Won,
        DisputeStatus::Lost => DisputeEvent::Lost,
    };
    let was = before.as_ref().map(|one| one.state);
    let Ok(step) = lifecycle::dispute(was, event) else { return Ok(None) };
    let mut now = match before.clone() {
        Some(one) => one,
        None => {
            let new = dispute_store::Dispute {
                dispute_id: DisputeId::fresh(c.rng(), c.now()),
                provider_id: seen.id.clone(),
                payment_id: payment,
                chart_id: chart,
                amount: seen.amount.minor,
                currency: known.currency,
                state: DisputeState::Inquiry,
                withdrawn: 0,
                fee: 0,
                due_at: seen.due_at,
            };
            dispute_store::insert(c, &new)?;
            new
        }
    };
    let at = Place { chart, party, currency: known.currency };
    let of = |amount| Disputed { dispute: now.dispute_id, payment, amount };
    let mut drafts = Vec::new();
    let took = |kind, amount| ledger::dispute(at, of(amount), kind, day).map_err(unbalanced);
    // The provider takes the money out once, and its fee once; what it gives back comes with "won".
    let is_out = if event == DisputeEvent::Won { 0 } else { seen.withdrawn };
    if now.withdrawn == 0 && is_out > 0 {
        drafts.push(took(EntryKind::DisputeOpened, is_out)?);
        now.withdrawn = is_out;
    }
    if now.fee == 0 && seen.fee > 0 {
        drafts.push(took(EntryKind::Fee, seen.fee)?);
        now.fee = seen.fee;
    }
    let mut action = None;
    if let Step::To(state) = step {
        let standing = entries_of_item(c, Item::Payment(payment))?;
        match state {
            DisputeState::Open => action = Some(BillingAction::DisputeOpened),
            DisputeState::Won => {
                // What was booked as lost is not, and a fee that the provider gives back is none.
                let keeps_fee = seen.fee > 0;
                let over: Vec<_> = standing
                    .into_iter()
                    .filter(|entry| entry.head.subject == now.dispute_id.uuid())
                    .filter(|entry| match entry.head.kind {
                        EntryKind::DisputeLost => true,
                        EntryKind::Fee => !keeps_fee,
                        _ => false,
                    })
                    .collect();
                drafts.extend(ledger::reverse_all(&over, "", day).map_err(unbalanced)?);
                if now.withdrawn > 0 {
                    drafts.push(took(EntryKind::DisputeWon, now.withdrawn)?);
                }
                action = Some(BillingAction::DisputeWon);
            }
            DisputeState::Lost => {
                // What went back in another way before is not lost twice.
                let lost = now.withdrawn.min(ledger::left_of(&standing, payment));
                let missing = lost - ledger::unused(&standing, payment);
                drafts.extend(ledger::free(at, payment, missing, &standing, "", day).map_err(unbalanced)?);
                if lost > 0 {
                    drafts.push(took(EntryKind::DisputeLost, lost)?);
                }
                action = Some(BillingAction::DisputeLost);
            }
            DisputeState::Inquiry | DisputeState::Closed => {}
        }
        now.state = state;
    }
    now.due_at = seen.due_at;
    if before.as_ref() == Some(&now) && drafts.is_empty() {
        return Ok(None);
    }
    dispute_store::save(c, &now)?;
    append(c, "", &drafts)?;
    if let Some(action) = action {
        let details =
            serde_json::json!({ "dispute": now.dispute_id, "payment": payment, "amount": now.money() });
        note(c, &By::system(), action, chart, details)?;
    }
    if now.state == DisputeState::Lost && was != Some(DisputeState::Lost) {
        tell_readers(app, c, chart, party)?;
    }
    Ok(Some(chart))
}
