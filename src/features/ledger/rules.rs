//! The posting rules. Pure: each says which entries an act makes, from what is owed and what is left of payments.
//!
//! | act | debit | credit |
//! |---|---|---|
//! | charge | ar_client | revenue |
//! | discount | discount | ar_client |
//! | write-off | write_off | ar_client |
//! | recorded payment | undeposited | credit_client |
//! | payment on the provider's page | processor | credit_client |
//! | allocation of a payment to a charge | credit_client | ar_client |
//! | refund decided | credit_client | refund_due |
//! | refund paid out | refund_due | undeposited, or processor |
//! | undo of anything | the opposite of its entry | |
//!
//! A payment pays the charges that were chosen, then the oldest day of service first, then the charge that was posted
//! first. What is left stays credit, which the next charge uses, the oldest payment first.

use jiff::civil::Date;

use super::entry::{
    Account, Balanced, Credit, Debt, Draft, EntryKind, Item, Place, Posting, SourceKey, StoredEntry,
    Unbalanced,
};
use crate::kernel::ids::{ChargeId, PaymentId, RefundId};

/// How a debt becomes smaller without money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relief {
    /// The fee is lowered.
    Discount,
    /// The debt is given up.
    WriteOff,
}

/// An entry with two sides.
fn pair(
    at: Place,
    kind: EntryKind,
    key: SourceKey,
    (debit, debit_item): (Account, Item),
    (credit, credit_item): (Account, Item),
    amount: i64,
) -> Result<Draft, Unbalanced> {
    let side = |account, item, amount| Posting { account, chart: at.chart, party: at.party, item, amount };
    Ok(Draft {
        kind,
        key,
        effective_on: Date::ZERO,
        chart: at.chart,
        subject: credit_item.uuid(),
        reverses: None,
        reason: String::new(),
        currency: at.currency,
        postings: Balanced::new(vec![side(debit, debit_item, amount), side(credit, credit_item, -amount)])?,
    })
}

fn allocation(
    at: Place,
    payment: PaymentId,
    charge: ChargeId,
    amount: i64,
    today: Date,
) -> Result<Draft, Unbalanced> {
    let draft = pair(
        at,
        EntryKind::Allocation,
        SourceKey::OfItself,
        (Account::CreditClient, Item::Payment(payment)),
        (Account::ArClient, Item::Charge(charge)),
        amount,
    )?;
    Ok(Draft { effective_on: today, subject: payment.uuid(), ..draft })
}

/// A charge of a service on a day, paid from what is left of earlier payments.
pub fn charge(
    at: Place,
    charge: ChargeId,
    on: Date,
    amount: i64,
    credits: &[Credit],
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let item = Item::Charge(charge);
    let key = SourceKey::Charge(charge);
    let owed = pair(at, EntryKind::Charge, key, (Account::ArClient, item), (Account::Revenue, item), amount)?;
    let mut drafts = vec![Draft { effective_on: on, ..owed }];
    let debt = Debt { charge, since: on, owed: amount };
    drafts.extend(allocate_credits(at, &[debt], credits, today)?);
    Ok(drafts)
}

/// Money that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The payment.
    pub payment: PaymentId,
    /// On this day.
    pub on: Date,
    /// Where the money lies: not deposited yet, or at the provider.
    pub lies: Account,
    /// Minor units.
    pub amount: i64,
}

/// A payment that came in, used for what is owed: the chosen charges first. Where no debts are given, all of it is
/// credit.
pub fn payment(
    at: Place,
    received: Received,
    debts: &[Debt],
    chosen: &[ChargeId],
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let Received { payment, on, lies, amount } = received;
    let item = Item::Payment(payment);
    let key = SourceKey::Payment(payment);
    let came = pair(at, EntryKind::Payment, key, (lies, item), (Account::CreditClient, item), amount)?;
    let mut drafts = vec![Draft { effective_on: on, ..came }];
    let mut order = debts.to_vec();
    order.sort_by_key(|debt| (!chosen.contains(&debt.charge), debt.since, debt.charge));
    let credit = Credit { payment, since: on, left: amount };
    drafts.extend(allocate_credits(at, &order, &[credit], today)?);
    Ok(drafts)
}

/// Uses credits for debts, both in their order.
pub fn allocate_credits(
    at: Place,
    debts: &[Debt],
    credits: &[Credit],
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let mut drafts = Vec::new();
    let mut left: Vec<Credit> = credits.to_vec();
    for debt in debts {
        let mut owed = debt.owed;
        for credit in &mut left {
            let amount = owed.min(credit.left);
            if amount > 0 {
                drafts.push(allocation(at, credit.payment, debt.charge, amount, today)?);
                owed -= amount;
                credit.left -= amount;
            }
        }
    }
    Ok(drafts)
}

/// A discount or a write-off of a part of a charge. `standing` are the charge's entries that count. Where less is
/// owed than is taken off, the newest payments of the charge become credit again for the rest.
pub fn relieve(
    at: Place,
    relief: Relief,
    charge: ChargeId,
    amount: i64,
    standing: &[StoredEntry],
    reason: &str,
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let item = Item::Charge(charge);
    let owed: i64 = standing.iter().map(|entry| entry.moved(Account::ArClient, item)).sum();
    let mut missing = amount - owed;
    let mut drafts = Vec::new();
    for used in newest_first(standing, EntryKind::Allocation) {
        if missing <= 0 {
            break;
        }
        let paid = -used.moved(Account::ArClient, item);
        drafts.push(reverse(used, reason, today)?);
        if let (Some(payment), true) = (used.payment(), paid > missing) {
            drafts.push(allocation(at, payment, charge, paid - missing, today)?);
        }
        missing -= paid;
    }
    let (kind, account) = match relief {
        Relief::Discount => (EntryKind::Discount, Account::Discount),
        Relief::WriteOff => (EntryKind::WriteOff, Account::WriteOff),
    };
    let lowered = pair(at, kind, SourceKey::OfItself, (account, item), (Account::ArClient, item), amount)?;
    drafts.push(Draft { effective_on: today, reason: reason.to_owned(), ..lowered });
    Ok(drafts)
}

/// A refund of what is not used of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunded<'a> {
    /// The refund.
    pub refund: RefundId,
    /// Of this payment.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: i64,
    /// Why.
    pub reason: &'a str,
}

impl Refunded<'_> {
    fn step(
        &self,
        at: Place,
        kind: EntryKind,
        key: SourceKey,
        (debit, credit): (Account, Account),
        today: Date,
    ) -> Result<Draft, Unbalanced> {
        let item = Item::Payment(self.payment);
        let draft = pair(at, kind, key, (debit, item), (credit, item), self.amount)?;
        let (subject, reason) = (self.refund.uuid(), self.reason.to_owned());
        Ok(Draft { effective_on: today, subject, reason, ..draft })
    }

    /// It is decided: the money is set aside at once.
    pub fn due(&self, at: Place, today: Date) -> Result<Draft, Unbalanced> {
        let accounts = (Account::CreditClient, Account::RefundDue);
        self.step(at, EntryKind::RefundDue, SourceKey::RefundDue(self.refund), accounts, today)
    }

    /// It went out, from where the money lay.
    pub fn paid(&self, at: Place, lay: Account, today: Date) -> Result<Draft, Unbalanced> {
        let accounts = (Account::RefundDue, lay);
        self.step(at, EntryKind::RefundPaid, SourceKey::RefundPaid(self.refund), accounts, today)
    }
}

/// What of a payment is not used for charges and did not go back.
pub fn unused(standing: &[StoredEntry], payment: PaymentId) -> i64 {
    let item = Item::Payment(payment);
    -standing.iter().map(|entry| entry.moved(Account::CreditClient, item)).sum::<i64>()
}

/// What of a payment did not go back: what is unused, and what is used for charges.
pub fn left_of(standing: &[StoredEntry], payment: PaymentId) -> i64 {
    let item = Item::Payment(payment);
    let used: i64 = newest_first(standing, EntryKind::Allocation)
        .iter()
        .map(|entry| entry.moved(Account::CreditClient, item))
        .sum();
    unused(standing, payment) + used
}

/// Makes so much of a payment free again that `missing` more of it is unused: the newest use first.
pub fn free(
    at: Place,
    payment: PaymentId,
    missing: i64,
    standing: &[StoredEntry],
    reason: &str,
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let item = Item::Payment(payment);
    let (mut missing, mut drafts) = (missing, Vec::new());
    for used in newest_first(standing, EntryKind::Allocation) {
        if missing <= 0 {
            break;
        }
        let amount = used.moved(Account::CreditClient, item);
        drafts.push(reverse(used, reason, today)?);
        let charge = used.postings.iter().find_map(|posting| match posting.item {
            Item::Charge(charge) => Some(charge),
            Item::Payment(_) => None,
        });
        if let (Some(charge), true) = (charge, amount > missing) {
            drafts.push(allocation(at, payment, charge, amount - missing, today)?);
        }
        missing -= amount;
    }
    Ok(drafts)
}

/// The opposite of an entry, dated today: nothing is ever changed.
pub fn reverse(entry: &StoredEntry, reason: &str, today: Date) -> Result<Draft, Unbalanced> {
    Ok(Draft {
        kind: entry.head.kind,
        key: SourceKey::Reversal(entry.head.seq),
        effective_on: today,
        chart: entry.head.chart,
        subject: entry.head.subject,
        reverses: Some(entry.head.seq),
        reason: reason.to_owned(),
        currency: entry.head.currency,
        postings: Balanced::new(entry.postings.clone())?.reversed(),
    })
}

/// The opposite of every entry of a charge or payment that counts: allocations first, the newest first, so that no
/// balance falls below zero on the way.
pub fn reverse_all(standing: &[StoredEntry], reason: &str, today: Date) -> Result<Vec<Draft>, Unbalanced> {
    let allocations = newest_first(standing, EntryKind::Allocation);
    let mut others: Vec<&StoredEntry> =
        standing.iter().filter(|entry| entry.head.kind != EntryKind::Allocation).collect();
    others.sort_by_key(|entry| std::cmp::Reverse(entry.head.seq));
    allocations.into_iter().chain(others).map(|entry| reverse(entry, reason, today)).collect()
}

fn newest_first(standing: &[StoredEntry], kind: EntryKind) -> Vec<&StoredEntry> {
    let mut found: Vec<&StoredEntry> = standing.iter().filter(|entry| entry.head.kind == kind).collect();
    found.sort_by_key(|entry| std::cmp::Reverse(entry.head.seq));
    found
}
