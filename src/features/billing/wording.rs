//! Lines of the ledger in words, and the sentences that answer "Why do I owe this?".

use std::collections::{BTreeMap, BTreeSet};

use crate::features::billing::insurance_store::insurer_names;
use crate::features::billing::store::{
    Charge, ChargePayer, Payment, PaymentMethod, PaymentSource, charges_named, payments_named,
};
use crate::features::ledger::{Account, EntryHead, EntryKind, Item, Line, StoredEntry, entries_of};
use crate::kernel::ids::{ChargeId, InsuranceId, PayerId, PaymentId};
use crate::kernel::money::Money;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Whose account it is.
    Client,
    /// Staff, to whom it is the client's.
    Staff,
}

/// The charges and payments that lines and sentences name.
#[derive(Clone, Debug, Default)]
pub struct Named {
    charges: BTreeMap<ChargeId, Charge>,
    payments: BTreeMap<PaymentId, Payment>,
    /// The insurers of insured charges.
    insurers: BTreeMap<InsuranceId, String>,
}

impl Named {
    /// Those of these items.
    pub fn of(c: &mut Scoped<'_>, items: impl IntoIterator<Item = Item>) -> Result<Self, Fault> {
        let (mut charges, mut payments) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Charge(id) => charges.push(id),
                Item::Payment(id) => payments.push(id),
                Item::Remittance(_) => {}
            }
        }
        let charges = charges_named(c, &charges)?;
        let insurers = insurers_of(c, charges.values())?;
        Ok(Self { charges, payments: payments_named(c, &payments)?, insurers })
    }

    /// Those of these lines.
    pub fn of_lines(c: &mut Scoped<'_>, lines: &[Line]) -> Result<Self, Fault> {
        Self::of(c, lines.iter().map(|line| line.item))
    }

    /// With those of another one.
    pub fn extend(&mut self, more: Self) {
        self.charges.extend(more.charges);
        self.payments.extend(more.payments);
        self.insurers.extend(more.insurers);
    }

    /// The charge of an item, where it is one that is named.
    pub fn charge(&self, item: Item) -> Option<&Charge> {
        match item {
            Item::Charge(id) => self.charges.get(&id),
            Item::Payment(_) | Item::Remittance(_) => None,
        }
    }

    /// The insurer of a charge by name, or "your insurance".
    pub fn insurer(&self, words: Words, charge: &Charge) -> String {
        let known = charge.insurance_id.and_then(|id| self.insurers.get(&id));
        known.cloned().unwrap_or_else(|| words.get("billing-your-insurance"))
    }

    /// The same in words; empty for what is not named.
    pub fn day_words(&self, words: Words, item: Item) -> String {
        self.day(item).parse().map(|day| words.civil_date(day)).unwrap_or_default()
    }

    /// What a line about a charge that is posted on another day names: the charge with its day of service.
    fn with_day(&self, words: Words, item: Item) -> String {
        let what = self.item(words, item);
        match self.day(item).parse() {
            Ok(day) => words.with2("billing-line-of-day", "what", what, "date", words.civil_date(day)),
            Err(_) => what,
        }
    }

    /// What an item is called: the charge's own words, or how the money came.
    pub fn item(&self, words: Words, item: Item) -> String {
        match item {
            Item::Remittance(_) => words.get("billing-insurer-money"),
            Item::Charge(id) => {
                self.charges.get(&id).map(|charge| charge.description.clone()).unwrap_or_default()
            }
            Item::Payment(id) => {
                self.payments.get(&id).map(|payment| payment_label(words, payment)).unwrap_or_default()
            }
        }
    }

    /// Where a payment's record comes from; `None` for one that is not named.
    pub fn source(&self, payment: PaymentId) -> Option<PaymentSource> {
        self.payments.get(&payment).map(|payment| payment.source)
    }

    /// The day of an item: of the service, or on which the money came. `YYYY-MM-DD`; empty for what is not named.
    pub fn day(&self, item: Item) -> String {
        match item {
            Item::Remittance(_) => String::new(),
            Item::Charge(id) => {
                self.charges.get(&id).map(|charge| charge.on_date.clone()).unwrap_or_default()
            }
            Item::Payment(id) => {
                self.payments.get(&id).map(|payment| payment.received_on.clone()).unwrap_or_default()
            }
        }
    }

    /// A line in words: "Session, 50 minutes"; "Payment in cash"; "Undone: Payment in cash".
    pub fn line(&self, words: Words, head: &EntryHead, item: Item) -> String {
        let what = match head.kind {
            EntryKind::Discount
            | EntryKind::WriteOff
            | EntryKind::Move
            | EntryKind::Contractual
            | EntryKind::InsurerPaid => self.with_day(words, item),
            _ => self.item(words, item),
        };
        let text = match head.kind {
            EntryKind::Discount => words.with1("billing-line-discount", "what", what),
            EntryKind::WriteOff => words.with1("billing-line-write-off", "what", what),
            EntryKind::RefundDue | EntryKind::RefundPaid => words.with1("billing-line-refund", "what", what),
            EntryKind::Move => words.with1("billing-line-move", "what", what),
            EntryKind::Contractual => words.with1("billing-line-contractual", "what", what),
            EntryKind::InsurerPaid => match self.charge(item) {
                Some(charge) => {
                    let insurer = self.insurer(words, charge);
                    words.with2("billing-line-insurer-named", "what", what, "insurer", insurer)
                }
                None => words.with1("billing-line-insurer-paid", "what", what),
            },
            EntryKind::DisputeOpened | EntryKind::DisputeWon | EntryKind::DisputeLost | EntryKind::Fee => {
                words.with1(&format!("billing-line-{}", head.kind.word().replace('_', "-")), "what", what)
            }
            EntryKind::Charge
            | EntryKind::Insured
            | EntryKind::InsurerMoney
            | EntryKind::Payment
            | EntryKind::Opening
            | EntryKind::Allocation => what,
        };
        if head.reverses.is_some() { words.with1("billing-line-undone", "what", text) } else { text }
    }
}

/// "Payment by check, number 1042".
pub fn payment_label(words: Words, payment: &Payment) -> String {
    let method = words.get(&format!("billing-payment-{}", payment.method));
    match (payment.method, payment.reference.is_empty()) {
        (_, true) => method,
        (PaymentMethod::Other, false) => payment.reference.clone(),
        (_, false) => words.with2("billing-payment-with", "payment", method, "reference", &payment.reference),
    }
}

/// Why a charge is owed: its sentences, what they add up to, and the entries behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The charge.
    pub charge: Charge,
    /// One for each posting that changed what is owed for it, in the order of the journal.
    pub steps: Vec<Step>,
    /// What is owed for it now.
    pub owed: Money,
    /// What of it is with the insurer.
    pub insured: Money,
}

/// A posting that changed what is owed for a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The entry.
    pub head: EntryHead,
    /// The payment that was used, where one was.
    pub payment: Option<PaymentId>,
    /// By how much it changed what is owed; positive where more is.
    pub amount: Money,
    /// By how much it changed what the insurer owes.
    pub insurance: Money,
    /// What was left to pay after it, by whoever.
    pub left: Money,
}

/// The steps of a charge, from the entries that touch it: of these payers, or of all. Pure.
fn steps_of(charge: &Charge, entries: &[StoredEntry], parties: Option<&[PayerId]>) -> Vec<Step> {
    let item = Item::Charge(charge.charge_id);
    let mut left = 0i64;
    let moved = |entry: &StoredEntry, account| match parties {
        None => entry.moved(account, item),
        Some(parties) => parties.iter().map(|party| entry.moved_for(account, item, *party)).sum(),
    };
    let money = |minor| Money::new(minor, charge.currency);
    entries
        .iter()
        .filter_map(|entry| {
            let amount: i64 = moved(entry, Account::ArClient);
            let insurance: i64 = moved(entry, Account::ArInsurance);
            left += amount + insurance;
            (amount != 0 || insurance != 0).then(|| Step {
                head: entry.head.clone(),
                payment: entry.payment(),
                amount: money(amount),
                insurance: money(insurance),
                left: money(left),
            })
        })
        .collect()
}

/// The names of the insurers of these charges.
fn insurers_of<'c>(
    c: &mut Scoped<'_>,
    charges: impl Iterator<Item = &'c Charge>,
) -> Result<BTreeMap<InsuranceId, String>, Fault> {
    let ids: BTreeSet<InsuranceId> = charges.filter_map(|charge| charge.insurance_id).collect();
    if ids.is_empty() { Ok(BTreeMap::new()) } else { insurer_names(c, &ids.into_iter().collect::<Vec<_>>()) }
}

/// Explains charges, in a handful of statements however many they are.
pub fn explain(c: &mut Scoped<'_>, charges: Vec<Charge>) -> Result<(Vec<Explanation>, Named), Fault> {
    explain_for(c, charges, None)
}

/// The same of what these payers pay. A charge of which they pay nothing is not there.
pub fn explain_for(
    c: &mut Scoped<'_>,
    charges: Vec<Charge>,
    parties: Option<&[PayerId]>,
) -> Result<(Vec<Explanation>, Named), Fault> {
    let items: Vec<Item> = charges.iter().map(|charge| Item::Charge(charge.charge_id)).collect();
    let entries = if items.is_empty() { Vec::new() } else { entries_of(c, &items)? };
    let explanations: Vec<Explanation> = charges
        .into_iter()
        .map(|charge| {
            let steps = steps_of(&charge, &entries, parties);
            let owed = steps.iter().map(|step| step.amount.minor).sum();
            let insured = steps.iter().map(|step| step.insurance.minor).sum();
            let [owed, insured] = [owed, insured].map(|minor| Money::new(minor, charge.currency));
            Explanation { charge, steps, owed, insured }
        })
        .filter(|one| parties.is_none() || !one.steps.is_empty())
        .collect();
    let paid = explanations.iter().flat_map(|one| &one.steps).filter_map(|step| step.payment);
    let mut named = Named::of(c, paid.map(Item::Payment).collect::<Vec<_>>())?;
    named.insurers = insurers_of(c, explanations.iter().map(|one| &one.charge))?;
    Ok((explanations, named))
}

/// One sentence for a step, to the client.
pub fn sentence(words: Words, charge: &Charge, step: &Step, named: &Named) -> String {
    sentence_to(words, Reader::Client, charge, step, named)
}

/// The same to whoever reads it.
pub(super) fn sentence_to(
    words: Words,
    reader: Reader,
    charge: &Charge,
    step: &Step,
    named: &Named,
) -> String {
    let key = match (step.head.kind, step.head.reverses.is_some()) {
        (EntryKind::Charge, false) if charge.payer == ChargePayer::Insured => "billing-why-copay",
        (EntryKind::Charge, false) => "billing-why-charge",
        (EntryKind::Opening, false) => "billing-why-opening",
        (EntryKind::Charge | EntryKind::Opening, true) => "billing-why-charge-undone",
        (EntryKind::Discount, false) => "billing-why-discount",
        (EntryKind::Discount, true) => "billing-why-discount-undone",
        (EntryKind::WriteOff, false) => "billing-why-write-off",
        (EntryKind::WriteOff, true) => "billing-why-write-off-undone",
        (EntryKind::Insured, false) if step.insurance.minor != charge.amount => "billing-why-insured-part",
        (EntryKind::Insured, false) => "billing-why-insured",
        (EntryKind::Insured, true) => "billing-why-charge-undone",
        (EntryKind::Contractual, false) => "billing-why-contractual",
        (EntryKind::Contractual, true) => "billing-why-contractual-undone",
        (EntryKind::InsurerPaid, false) if step.insurance.minor < 0 => "billing-why-insurer-paid",
        (EntryKind::InsurerPaid, _) => "billing-why-insurer-back",
        (EntryKind::Move, _) if step.amount.minor >= 0 => "billing-why-to-client",
        (EntryKind::Move, _) => "billing-why-to-insurer",
        (_, false) => "billing-why-paid",
        (_, true) => "billing-why-paid-undone",
    };
    // What is "yours" to the client is "the client's" to staff.
    let key = match (reader, key) {
        (Reader::Staff, "billing-why-copay") => "billing-why-staff-copay",
        (Reader::Staff, "billing-why-to-client") => "billing-why-staff-to-client",
        (Reader::Staff, "billing-why-to-insurer") => "billing-why-staff-to-insurer",
        (Reader::Client | Reader::Staff, key) => key,
    };
    let payment = step.payment.map(|id| named.item(words, Item::Payment(id))).unwrap_or_default();
    // The day on which it was used is not always the one on which the account shows the payment.
    let paid = step.payment.and_then(|id| named.day(Item::Payment(id)).parse().ok());
    words.with(
        key,
        &[
            ("date", words.civil_date(step.head.effective_on)),
            ("what", charge.description.clone()),
            ("payment", payment),
            ("insurer", named.insurer(words, charge)),
            ("paid", paid.map(|day| words.civil_date(day)).unwrap_or_default()),
            ("amount", if step.amount.minor == 0 { step.insurance } else { step.amount }.abs().to_string()),
            ("left", step.left.to_string()),
        ],
    )
}

/// The last sentence, to the client: what is owed, or that nothing is.
pub fn conclusion(words: Words, explanation: &Explanation, named: &Named) -> String {
    match explanation.owed.minor {
        0 if explanation.insured.minor > 0 => {
            let insurer = named.insurer(words, &explanation.charge);
            words.with2("billing-why-with-insurer", "amount", explanation.insured, "insurer", insurer)
        }
        0 => words.get("billing-why-nothing"),
        _ => words.with1("billing-why-owed", "amount", explanation.owed),
    }
}

/// The same, to staff.
pub fn conclusion_for_staff(words: Words, explanation: &Explanation) -> String {
    match explanation.owed.minor {
        0 if explanation.insured.minor > 0 => {
            words.with1("billing-staff-with-insurer", "amount", explanation.insured)
        }
        0 => words.get("billing-why-nothing"),
        _ => words.with1("billing-why-owed-staff", "amount", explanation.owed),
    }
}
