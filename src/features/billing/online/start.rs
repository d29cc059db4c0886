//! A client begins to pay; an administrator sets the provider up.

use std::collections::BTreeSet;

use super::keys::{account_of, place, secrets_of};
use super::store::{self, NewAccount, NewCheckoutRow};
use super::task_store::{self, TaskKind};
use super::work;
use crate::features::billing::actions::{Outcome, Refused, hold, note};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::lifecycle::{self, CheckoutEvent, CheckoutState};
use crate::features::billing::responsibility_store as responsibility;
use crate::features::ledger::{self, PartyPurpose, Place, debts_of, posting_currency};
use crate::kernel::ids::{AccessId, ChargeId, ChartId, PayerId, PaymentId, PersonId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secrets::Secret;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, granted};
use crate::platform::jobs::{self, JobKind, NewJob};
use crate::platform::pay::{Account, Mode, Trouble};
use crate::platform::state::{App, AppState};

/// Less than this the provider does not take, in the smallest unit.
pub const LEAST: i64 = 50;
/// The provider is asked what became of a page after so many seconds, if it told nothing.
pub(super) const LOOK_AFTER: i64 = 600;

/// What somebody wants to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// All that is due.
    All,
    /// These charges.
    Charges(Vec<ChargeId>),
    /// So much of what is due.
    Amount(Money),
}

/// Begins a payment on the provider's page. What is due is read here, and nobody pays more than that.
pub fn start(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    (chart, access, viewer): (ChartId, AccessId, Option<PersonId>),
    wish: &Wish,
) -> Outcome<PaymentId> {
    if !store::is_on(c)? {
        return Ok(Err(Refused::NoProvider));
    }
    let currency = posting_currency(c)?;
    let at = granted!(hold(c, chart, currency)?);
    let party = match viewer {
        Some(viewer) => paid_by(c, chart, viewer, currency)?.unwrap_or(at.party),
        None => at.party,
    };
    let at = Place { party, ..at };
    let unfinished: Vec<_> =
        store::unfinished(c, chart)?.into_iter().filter(|open| open.party_id == at.party).collect();
    if unfinished.iter().any(|open| open.state == CheckoutState::Started) {
        return Ok(Err(Refused::OnItsWay));
    }
    let on_its_way: i64 =
        unfinished.iter().filter(|open| open.currency == currency).map(|open| open.amount).sum();
    let debts = debts_of(c, chart, at.party, currency)?;
    let due = debts.iter().map(|debt| debt.owed).sum::<i64>() - on_its_way;
    let money = |minor| Money::new(minor, currency);
    if due <= 0 {
        let why = if on_its_way > 0 { Refused::OnItsWay } else { Refused::TooMuch(money(0)) };
        return Ok(Err(why));
    }
    let (amount, chosen) = match wish {
        Wish::All => (due, Vec::new()),
        Wish::Amount(amount) if amount.currency != currency => return Ok(Err(Refused::Currency(currency))),
        Wish::Amount(amount) => (amount.minor, Vec::new()),
        Wish::Charges(chosen) => {
            // The same charge named twice is one charge.
            let chosen: Vec<ChargeId> = chosen.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
            let owed = |id: &ChargeId| debts.iter().find(|debt| debt.charge == *id).map(|debt| debt.owed);
            let Some(owed) = chosen.iter().map(owed).collect::<Option<Vec<i64>>>() else {
                return Ok(Err(Refused::NotFound));
            };
            (owed.iter().sum(), chosen)
        }
    };
    if amount > due {
        return Ok(Err(Refused::TooMuch(money(due))));
    }
    if amount < LEAST {
        return Ok(Err(Refused::TooLittle(money(LEAST))));
    }
    if let Err(refusal) = lifecycle::checkout(None, CheckoutEvent::Start) {
        return Ok(Err(refusal.into()));
    }
    let id = PaymentId::fresh(c.rng(), c.now());
    let row = NewCheckoutRow { id, chart, party: at.party, access, amount: money(amount), charges: &chosen };
    store::insert_checkout(c, &row)?;
    task_store::add(c, TaskKind::OpenCheckout, id.uuid(), "")?;
    let due_at = c.now().plus_seconds(LOOK_AFTER);
    jobs::plan(c, &[NewJob { kind: JobKind::PaymentLook, subject: id.uuid(), due_at }])?;
    let details = serde_json::json!({ "payment": id, "amount": money(amount) });
    note(c, by, BillingAction::PaymentStarted, chart, details)?;
    c.ring_after_commit(&app.pay_bell);
    Ok(Ok(id))
}

/// Whose part of a chart somebody pays: their own where they owe something, else the client's, of those that they see.
pub fn paid_by(
    c: &mut Scoped<'_>,
    chart: ChartId,
    viewer: PersonId,
    currency: Currency,
) -> Result<Option<PayerId>, Fault> {
    let parties = responsibility::seen_by(c, chart, viewer)?;
    let mut seen = ledger::payers_of(c, &parties)?;
    seen.sort_by_key(|payer| (payer.person != viewer, payer.purpose != PartyPurpose::Usual));
    let mut owing = None;
    for payer in &seen {
        if owing.is_none() && !debts_of(c, chart, payer.party, currency)?.is_empty() {
            owing = Some(payer.party);
        }
    }
    Ok(owing.or(seen.first().map(|payer| payer.party)))
}

/// Closes the page that is open for a chart, and takes what became of it: a client who begins anew must not be able
/// to pay on two pages.
pub async fn close_open(
    app: &AppState,
    scope: &PracticeScope,
    (chart, viewer): (ChartId, PersonId),
) -> Result<(), Fault> {
    let asked = app
        .db
        .write(scope, move |c| {
            let mut asked = Vec::new();
            let parties = responsibility::seen_by(c, chart, viewer)?;
            for open in store::unfinished(c, chart)? {
                if open.state == CheckoutState::Started && parties.contains(&open.party_id) {
                    asked.push(task_store::add_once(c, TaskKind::CloseCheckout, open.payment_id.uuid())?);
                }
            }
            Ok(asked)
        })
        .await?;
    for task in asked {
        work::run_now(app, scope.id(), task).await?;
    }
    Ok(())
}

/// The keys of an account at the provider, as somebody types them.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// To the API; empty for the one that is kept.
    pub key: String,
    /// Signs webhooks; empty for the one that is kept.
    pub secret: String,
    /// A second one while the first is changed; empty for none.
    pub next: String,
}

/// Why an account is not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotConnected {
    /// The text is no key.
    NoKey,
    /// A key with which money moves, and a provider that is a stand-in.
    LiveKey,
    /// The text is no secret of a webhook.
    NoSecret,
    /// Nor is the second one.
    NoNext,
    /// The provider does not take the key.
    KeyRefused,
    /// The provider does not answer.
    NotAnswered,
}

/// Sets the provider up. Everything that is wrong with what was typed is said at once; only keys that can be right are
/// tried at the provider.
pub async fn connect(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    keys: Keys,
) -> Result<Result<(), Vec<NotConnected>>, Fault> {
    let known = app.db.read(scope, store::account).await?;
    let practice = *scope.id();
    let key = match (keys.key.as_str(), &known) {
        ("", Some(known)) => account_of(app, &practice, known)?.key,
        (typed, _) => Secret::new(typed.to_owned()),
    };
    let mode = match app.pay.mode_of(key.reveal()) {
        None => Err(NotConnected::NoKey),
        Some(Mode::Live) if !app.pay.is_real() => Err(NotConnected::LiveKey),
        Some(mode) => Ok(mode),
    };
    let secret = match (keys.secret.as_str(), &known) {
        ("", Some(known)) => Ok(secrets_of(app, &practice, known)?.swap_remove(0)),
        (typed, _) if app.pay.is_hook_secret(typed) => Ok(Secret::new(typed.to_owned())),
        _ => Err(NotConnected::NoSecret),
    };
    let is_next_fine = keys.next.is_empty() || app.pay.is_hook_secret(&keys.next);
    let (mode, secret) = match (mode, secret, is_next_fine) {
        (Ok(mode), Ok(secret), true) => (mode, secret),
        (mode, secret, is_next_fine) => {
            let next = (!is_next_fine).then_some(NotConnected::NoNext);
            return Ok(Err([mode.err(), secret.err(), next].into_iter().flatten().collect()));
        }
    };
    match app.pay.check(&Account { key: key.clone(), mode }).await {
        Ok(()) => {}
        Err(Trouble::NotAnswered(_)) => return Ok(Err(vec![NotConnected::NotAnswered])),
        Err(_) => return Ok(Err(vec![NotConnected::KeyRefused])),
    }
    let inside = app.clone();
    let next = (!keys.next.is_empty()).then(|| Secret::new(keys.next));
    app.db.write(scope, move |c| connect_with(&inside, c, &by, mode, &key, &secret, next.as_ref())).await?;
    Ok(Ok(()))
}

/// Writes keys that were checked.
pub fn connect_with(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    mode: Mode,
    key: &Secret,
    secret: &Secret,
    next: Option<&Secret>,
) -> Result<(), Fault> {
    let practice = *c.practice();
    let seal = |column: &str, secret: &Secret| {
        app.keys.seal(&place(&practice, column), secret.reveal().as_bytes(), app.rng.as_ref())
    };
    let new = NewAccount {
        mode,
        sealed_key: seal("key", key)?,
        sealed_secret: seal("secret", secret)?,
        sealed_next: next.map(|next| seal("next", next)).transpose()?,
        by_name: &by.actor.name(),
    };
    store::save_account(c, new)?;
    if !jobs::is_planned(c, JobKind::PaymentEvents, practice.uuid())? {
        let due_at = c.now().plus_hours(1);
        jobs::plan(c, &[NewJob { kind: JobKind::PaymentEvents, subject: practice.uuid(), due_at }])?;
    }
    let event =
        Event::new(by.clone(), BillingAction::ProviderConnected).with(serde_json::json!({ "mode": mode }));
    audit::record(c, event)
}

/// Clients cannot pay any more. What was begun is still carried to its end.
pub fn disconnect(c: &mut Scoped<'_>, by: &By) -> Result<(), Fault> {
    if store::switch_off(c, &by.actor.name())? > 0 {
        audit::record(c, Event::new(by.clone(), BillingAction::ProviderDisconnected))?;
    }
    Ok(())
}
