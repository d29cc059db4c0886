//! What insurers pay, need not pay and leave to clients, by hand: one transaction each, all of a check or nothing of it.

use jiff::civil::Date;

use crate::features::billing::act::{Outcome, Refused, close_checkouts, hold, note, today, unbalanced};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::insurance_store::{
    self as insurance_rows, NewCoverage, RemittanceLine, insured_party, insurer_of_charge, known_check,
};
use crate::features::billing::lifecycle::{self, ChargeEvent};
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::store::{Charge, ChargePayer, chart_of_charge, find_charge};
use crate::features::ledger::{
    self, Account, Debt, Draft, EntryKind, InsurerLine, Item, Place, append, credits_of, entries_of_item,
    posting_currency, spread,
};
use crate::kernel::ids::{ChargeId, ChartId, InsuranceId, InsurerId, PayerId, RemittanceId};
use crate::kernel::money::Money;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};

/// Writes down with whom a client is insured.
pub fn add_coverage(c: &mut Scoped<'_>, by: &By, new: &NewCoverage) -> Outcome<InsuranceId> {
    let currency = posting_currency(c)?;
    let at = granted!(hold(c, new.chart, currency)?);
    let id = insurance_rows::insert_coverage(c, &by.actor.name(), new)?;
    note(c, by, BillingAction::CoverageAdded, at.chart, serde_json::json!({ "coverage": id }))?;
    Ok(Ok(id))
}

/// How the insurer's part of a charge changes by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// The insurer need not pay it.
    Contractual,
    /// It is given up, for example because it came too late.
    GiveUp,
    /// The client owes it now.
    ToClient,
    /// It goes (back) to the insurer.
    ToInsurer,
}

impl Shift {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Contractual, Self::GiveUp, Self::ToClient, Self::ToInsurer];

    /// Its word in forms and in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Contractual => "contractual",
            Self::GiveUp => "insurer_write_off",
            Self::ToClient => "to_client",
            Self::ToInsurer => "to_insurer",
        }
    }

    /// From its word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shift| shift.word() == word)
    }
}

/// A change of the insurer's part.
#[derive(Clone, Debug)]
pub struct NewShift {
    /// On this chart.
    pub chart: ChartId,
    /// Of this charge.
    pub charge: ChargeId,
    /// Which.
    pub shift: Shift,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// What the clients of a charge owe more from today on, each their share, paid from their credit.
fn leave_to_client(
    c: &mut Scoped<'_>,
    at: Place,
    insured: PayerId,
    (charge, on): (ChargeId, Date),
    amount: i64,
    (reason, day): (&str, Date),
) -> Result<Vec<Draft>, Fault> {
    let payers = responsibility::shares_on(c, at, on)?;
    let weights: Vec<i64> = payers.iter().map(|payer| i64::from(payer.basis_points)).collect();
    let mut drafts = Vec::new();
    for (payer, part) in payers.iter().zip(spread(amount, &weights)) {
        if part == 0 {
            continue;
        }
        let own = Place { party: payer.party, ..at };
        drafts.push(ledger::to_client(own, insured, charge, part, reason, day).map_err(unbalanced)?);
        let credits = credits_of(c, at.chart, payer.party, at.currency)?;
        let debt = Debt { charge, since: day, owed: part };
        let paid = ledger::allocate_credits(own, &[debt], &credits, day).map_err(unbalanced)?;
        drafts.extend(paid);
    }
    Ok(drafts)
}

fn day_of(charge: &Charge) -> Result<Date, Fault> {
    charge.on_date.parse().map_err(|_| Fault::Damaged(format!("{:?} is no day", charge.on_date)))
}

/// Changes the insurer's part of a charge. Nothing of it is ever written off or left to a client by itself.
pub fn shift(c: &mut Scoped<'_>, by: &By, new: &NewShift) -> Outcome<()> {
    lock(c, Lock::Charts(&[new.chart]))?;
    let found = find_charge(c, new.chart, new.charge)?;
    granted!(lifecycle::charge(found.as_ref().map(|charge| charge.state), ChargeEvent::Relieve));
    let Some(charge) = found else { return Ok(Err(Refused::NotFound)) };
    if charge.currency != new.amount.currency {
        return Ok(Err(Refused::Currency(charge.currency)));
    }
    if charge.payer != ChargePayer::Insured {
        return Ok(Err(Refused::NoInsurance));
    }
    let at = granted!(hold(c, new.chart, charge.currency)?);
    let (insured, open) = insured_party(c, new.chart, new.charge)?.unwrap_or((at.party, 0));
    let (day, reason, amount) = (today(c)?, new.reason.as_str(), new.amount.minor);
    let item = Item::Charge(new.charge);
    let drafts = match new.shift {
        Shift::Contractual | Shift::GiveUp | Shift::ToClient if amount > open => {
            return Ok(Err(Refused::TooMuch(Money::new(open, charge.currency))));
        }
        Shift::Contractual | Shift::GiveUp => {
            let kind = if new.shift == Shift::GiveUp { EntryKind::WriteOff } else { EntryKind::Contractual };
            let at = Place { party: insured, ..at };
            let off = ledger::relieve_insurer(at, kind, new.charge, amount, reason, day);
            vec![off.map_err(unbalanced)?]
        }
        Shift::ToClient => {
            leave_to_client(c, at, insured, (new.charge, day_of(&charge)?), amount, (reason, day))?
        }
        Shift::ToInsurer => {
            let standing = entries_of_item(c, item)?;
            let parties = ledger::payers_in(&standing, item);
            let most: Vec<i64> =
                parties.iter().map(|party| ledger::asked_of(&standing, item, *party)).collect();
            let all: i64 = most.iter().sum();
            if amount > all {
                return Ok(Err(Refused::TooMuch(Money::new(all, charge.currency))));
            }
            let mut drafts = Vec::new();
            for (party, part) in parties.iter().zip(spread(amount, &most)) {
                if part > 0 {
                    let at = Place { party: *party, ..at };
                    let moved = ledger::to_insurance(at, insured, new.charge, part, &standing, reason, day);
                    drafts.extend(moved.map_err(unbalanced)?);
                }
            }
            drafts
        }
    };
    append(c, &by.actor.name(), &drafts)?;
    close_checkouts(c, new.chart)?;
    let details = serde_json::json!({
        "charge": new.charge, "shift": new.shift.word(), "amount": new.amount, "reason": new.reason,
    });
    note(c, by, BillingAction::InsurerShifted, new.chart, details)?;
    Ok(Ok(()))
}

/// What an insurer sent, to be entered.
#[derive(Clone, Debug)]
pub struct NewRemittance {
    /// Who sent it.
    pub insurer: InsurerId,
    /// The number of the check or transfer.
    pub reference: String,
    /// Its day.
    pub paid_on: Date,
    /// How much it is; less than nothing where the insurer takes more back than it pays.
    pub total: Money,
    /// Its lines.
    pub lines: Vec<RemittanceLine>,
}

/// Why a line cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRefused {
    /// Its place.
    pub n: usize,
    /// Why.
    pub why: Refused,
}

/// Enters what an insurer sent: its lines add up to it to the cent, and the same check is taken once.
pub fn record_remittance(
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewRemittance,
) -> Result<Result<RemittanceId, LineRefused>, Fault> {
    let refused = |n, why| Ok(Err(LineRefused { n, why }));
    let Some(insurer) = insurance_rows::find_insurer(c, new.insurer)? else {
        return refused(0, Refused::NotFound);
    };
    let currency = posting_currency(c)?;
    if new.total.currency != currency {
        return refused(0, Refused::Currency(currency));
    }
    let mut charts = Vec::with_capacity(new.lines.len());
    for (n, line) in new.lines.iter().enumerate() {
        let Some(chart) = chart_of_charge(c, line.charge)? else { return refused(n, Refused::NotFound) };
        charts.push(chart);
    }
    let mut held = charts.clone();
    held.sort_unstable();
    held.dedup();
    lock(c, Lock::Charts(&held))?;
    if let Some(known) = known_check(c, new.insurer, &new.reference)? {
        return refused(0, Refused::KnownCheck(known));
    }
    let sum: i64 = new.lines.iter().map(|line| line.paid).sum();
    if sum != new.total.minor || new.lines.is_empty() {
        return refused(0, Refused::NotBalanced(Money::new(new.total.minor - sum, currency)));
    }
    let mut seen = std::collections::BTreeSet::new();
    // All lines are looked at before anything is written: a check that cannot be is refused as a whole.
    let mut checked = Vec::with_capacity(new.lines.len());
    for (n, (line, chart)) in new.lines.iter().zip(&charts).enumerate() {
        if !seen.insert(line.charge) {
            return refused(n, Refused::NotFound);
        }
        match look_at(c, new.insurer, line, *chart)? {
            Ok(found) => checked.push(found),
            Err(why) => return refused(n, why),
        }
    }
    // The entries count for the day of the check: since then the client owes what it leaves to them.
    let (by_name, day) = (by.actor.name(), new.paid_on);
    let check = (new.insurer, new.reference.as_str(), new.paid_on);
    let id = insurance_rows::insert_remittance(c, &by_name, check, new.total, &new.lines)?;
    for (n, (line, (at, insured, charge))) in new.lines.iter().zip(&checked).enumerate() {
        let RemittanceLine { paid, contractual, .. } = *line;
        let of = InsurerLine { remittance: id, n, charge: line.charge, paid, contractual };
        let own = Place { party: *insured, ..*at };
        let mut drafts = ledger::insurer_line(own, &of, day).map_err(unbalanced)?;
        if line.client > 0 {
            let service = (line.charge, day_of(charge)?);
            drafts.extend(leave_to_client(
                c,
                *at,
                *insured,
                service,
                line.client,
                (new.reference.as_str(), day),
            )?);
        }
        // Line by line, so that the next one finds the credit that this one used.
        append(c, &by_name, &drafts)?;
    }
    for chart in held {
        close_checkouts(c, chart)?;
        note(c, by, BillingAction::RemittanceLine, chart, serde_json::json!({ "remittance": id }))?;
    }
    let event = Event::new(by.clone(), BillingAction::RemittanceEntered).with(serde_json::json!({
        "remittance": id, "insurer": insurer.insurer_id, "total": new.total, "lines": new.lines.len(),
    }));
    audit::record(c, event)?;
    Ok(Ok(id))
}

type Checked = (Place, PayerId, Charge);

/// Can this line be: a charge of this insurer, of which so much is open?
fn look_at(
    c: &mut Scoped<'_>,
    insurer: InsurerId,
    line: &RemittanceLine,
    chart: ChartId,
) -> Outcome<Checked> {
    let found = find_charge(c, chart, line.charge)?;
    granted!(lifecycle::charge(found.as_ref().map(|charge| charge.state), ChargeEvent::Relieve));
    let Some(charge) = found else { return Ok(Err(Refused::NotFound)) };
    if charge.payer != ChargePayer::Insured || insurer_of_charge(c, &charge)? != Some(insurer) {
        return Ok(Err(Refused::NoInsurance));
    }
    let at = granted!(hold(c, chart, charge.currency)?);
    let (insured, open) = insured_party(c, chart, line.charge)?.unwrap_or((at.party, 0));
    let money = |minor| Money::new(minor, charge.currency);
    // What is taken back makes more of the charge open again, and is never more than was paid.
    let item = Item::Charge(line.charge);
    let paid: i64 = entries_of_item(c, item)?
        .iter()
        .filter(|entry| entry.head.kind == EntryKind::InsurerPaid)
        .map(|entry| -entry.moved(Account::ArInsurance, item))
        .sum();
    if -line.paid > paid {
        return Ok(Err(Refused::TooMuch(money(paid))));
    }
    let used = line.paid.max(0) + line.contractual + line.client;
    if line.contractual < 0 || line.client < 0 || used > open + (-line.paid).max(0) {
        return Ok(Err(Refused::TooMuch(money(open))));
    }
    Ok(Ok((at, insured, charge)))
}
