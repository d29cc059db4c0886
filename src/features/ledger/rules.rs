//! The posting rules. Pure: each says which entries an act makes, from what is owed and what is left of payments.
//!
//! | act | debit | credit |
//! |---|---|---|
//! | charge, each payer's share | ar_client | revenue |
//! | charge, the insurer's part | ar_insurance | revenue |
//! | what the insurer need not pay | contractual | ar_insurance |
//! | insurer's money | bank | credit_insurer |
//! | insurer pays a charge | credit_insurer | ar_insurance |
//! | insurer takes back | ar_insurance, credit_insurer | credit_insurer, bank |
//! | part goes from insurer to client | ar_client | ar_insurance |
//! | discount | discount | ar_client |
//! | write-off | write_off | ar_client, or ar_insurance |
//! | recorded payment | undeposited | credit_client |
//! | payment on the provider's page | processor | credit_client |
//! | allocation of a payment to a charge | credit_client | ar_client |
//! | refund decided | credit_client | refund_due |
//! | refund paid out | refund_due | undeposited, or processor |
//! | dispute: money taken out; the provider's fee | disputed; fees | processor |
//! | dispute won | processor | disputed |
//! | dispute lost | credit_client | disputed |
//! | undo of anything | the opposite of its entry | |
//!
//! A payment pays the charges that were chosen, then the oldest day of service first, then the charge that was posted
//! first. What is left stays credit, which the next charge uses, the oldest payment first.

use jiff::civil::Date;

use super::entry::{
    Account, Balanced, Credit, Debt, Draft, EntryKind, Item, Place, Posting, SourceKey, StoredEntry,
    Unbalanced,
};
use crate::kernel::ids::{ChargeId, DisputeId, PayerId, PaymentId, RefundId, RemittanceId};

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

/// What one payer owes of a charge: their share of the fee, and what of it is taken off at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who pays.
    pub party: PayerId,
    /// Their share of the fee.
    pub fee: i64,
    /// Of which so much is not asked for.
    pub discount: i64,
}

/// A charge to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Charged<'a> {
    /// The charge.
    pub charge: ChargeId,
    /// The day of the service.
    pub on: Date,
    /// What payers owe.
    pub shares: &'a [Share],
    /// What the insurer owes; zero for none. It stands under the place's payer.
    pub insured: i64,
    /// Why something is taken off.
    pub reason: &'a str,
}

/// Splits an amount by weights: rounded down, and the cents that are left over go one each to the first ones. Where
/// the amount is no more than the weights together, nobody gets more than their weight.
pub fn spread(amount: i64, weights: &[i64]) -> Vec<i64> {
    let all: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if all <= 0 {
        return vec![0; weights.len()];
    }
    let part = |weight: &i64| i64::try_from(i128::from(amount) * i128::from(*weight) / all).unwrap_or(0);
    let mut parts: Vec<i64> = weights.iter().map(part).collect();
    let mut left = amount - parts.iter().sum::<i64>();
    for (part, weight) in parts.iter_mut().zip(weights) {
        if left > 0 && *weight > 0 {
            *part += 1;
            left -= 1;
        }
    }
    parts
}

/// A charge of a service on a day, each payer's share paid from what is left of their earlier payments.
pub fn charge(
    at: Place,
    charged: &Charged<'_>,
    credits: &[(PayerId, Vec<Credit>)],
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let Charged { charge, on, shares, insured, reason } = *charged;
    let item = Item::Charge(charge);
    let mut drafts = Vec::new();
    for (n, share) in shares.iter().enumerate() {
        let (at, key) = (Place { party: share.party, ..at }, SourceKey::Charge(charge, n));
        let sides = ((Account::ArClient, item), (Account::Revenue, item));
        let owed = pair(at, EntryKind::Charge, key, sides.0, sides.1, share.fee)?;
        drafts.push(Draft { effective_on: on, ..owed });
    }
    if insured > 0 {
        let sides = ((Account::ArInsurance, item), (Account::Revenue, item));
        let owed = pair(at, EntryKind::Insured, SourceKey::Insured(charge), sides.0, sides.1, insured)?;
        drafts.push(Draft { effective_on: on, ..owed });
    }
    for share in shares.iter().filter(|share| share.discount > 0) {
        let at = Place { party: share.party, ..at };
        let sides = ((Account::Discount, item), (Account::ArClient, item));
        let off = pair(at, EntryKind::Discount, SourceKey::OfItself, sides.0, sides.1, share.discount)?;
        drafts.push(Draft { effective_on: on, reason: reason.to_owned(), ..off });
    }
    for share in shares {
        let debt = Debt { charge, since: on, owed: share.fee - share.discount };
        let own = credits.iter().find(|(party, _)| *party == share.party);
        let own = own.map(|(_, credits)| credits.as_slice()).unwrap_or_default();
        drafts.extend(allocate_credits(Place { party: share.party, ..at }, &[debt], own, today)?);
    }
    Ok(drafts)
}

/// A part of a charge goes from the insurer to a payer.
pub fn to_client(
    at: Place,
    insured: PayerId,
    charge: ChargeId,
    amount: i64,
    reason: &str,
    today: Date,
) -> Result<Draft, Unbalanced> {
    between(at, insured, charge, amount, reason, today)
}

/// A part of a charge goes from a payer to the insurer. What they have paid of it becomes credit, the newest first.
pub fn to_insurance(
    at: Place,
    insured: PayerId,
    charge: ChargeId,
    amount: i64,
    standing: &[StoredEntry],
    reason: &str,
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let mut drafts = make_room(at, charge, amount, standing, reason, today)?;
    drafts.push(between(at, insured, charge, -amount, reason, today)?);
    Ok(drafts)
}

fn between(
    at: Place,
    insured: PayerId,
    charge: ChargeId,
    amount: i64,
    reason: &str,
    today: Date,
) -> Result<Draft, Unbalanced> {
    let item = Item::Charge(charge);
    let side = |account, party, amount| Posting { account, chart: at.chart, party, item, amount };
    let postings =
        vec![side(Account::ArClient, at.party, amount), side(Account::ArInsurance, insured, -amount)];
    Ok(Draft {
        kind: EntryKind::Move,
        key: SourceKey::OfItself,
        effective_on: today,
        chart: at.chart,
        subject: charge.uuid(),
        reverses: None,
        reason: reason.to_owned(),
        currency: at.currency,
        postings: Balanced::new(postings)?,
    })
}

/// What an insurer says of one charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsurerLine {
    /// In this remittance, …
    pub remittance: RemittanceId,
    /// … at this place.
    pub n: usize,
    /// Of this charge.
    pub charge: ChargeId,
    /// What it pays; less than nothing where it takes back.
    pub paid: i64,
    /// What it need not pay.
    pub contractual: i64,
}

/// What an insurer pays of a charge and need not pay. What it leaves to the client is moved by [`to_client`]. The place
/// is that of the insurer's part.
pub fn insurer_line(at: Place, line: &InsurerLine, today: Date) -> Result<Vec<Draft>, Unbalanced> {
    let InsurerLine { remittance, n, charge, paid, contractual } = *line;
    let (money, item) = (Item::Remittance(remittance), Item::Charge(charge));
    let mut drafts = Vec::new();
    let mut add = |kind, debit, credit, amount: i64, subject| -> Result<(), Unbalanced> {
        // A pair of less than nothing has its sides the other way round.
        if amount != 0 {
            let draft = pair(at, kind, SourceKey::Remittance(remittance, n, kind), debit, credit, amount)?;
            drafts.push(Draft { effective_on: today, subject, ..draft });
        }
        Ok(())
    };
    let (bank, credit) = ((Account::Bank, money), (Account::CreditInsurer, money));
    let owed = (Account::ArInsurance, item);
    add(EntryKind::InsurerMoney, bank, credit, paid, remittance.uuid())?;
    add(EntryKind::Contractual, (Account::Contractual, item), owed, contractual, charge.uuid())?;
    add(EntryKind::InsurerPaid, credit, owed, paid, charge.uuid())?;
    Ok(drafts)
}

/// The insurer's part becomes smaller without money: by its agreement with the practice, or given up.
pub fn relieve_insurer(
    at: Place,
    kind: EntryKind,
    charge: ChargeId,
    amount: i64,
    reason: &str,
    today: Date,
) -> Result<Draft, Unbalanced> {
    let item = Item::Charge(charge);
    let account = if kind == EntryKind::WriteOff { Account::WriteOff } else { Account::Contractual };
    let draft = pair(at, kind, SourceKey::OfItself, (account, item), (Account::ArInsurance, item), amount)?;
    Ok(Draft { effective_on: today, reason: reason.to_owned(), ..draft })
}

/// A payment that the client's bank asks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// The dispute.
    pub dispute: DisputeId,
    /// Of this payment.
    pub payment: PaymentId,
    /// Minor units.
    pub amount: i64,
}

/// What follows for the accounts from a step of a dispute: money taken out, given back, lost; or the fee.
pub fn dispute(at: Place, of: Disputed, kind: EntryKind, today: Date) -> Result<Draft, Unbalanced> {
    let item = Item::Payment(of.payment);
    let (debit, credit) = match kind {
        EntryKind::DisputeWon => (Account::Processor, Account::Disputed),
        EntryKind::DisputeLost => (Account::CreditClient, Account::Disputed),
        EntryKind::Fee => (Account::Fees, Account::Processor),
        _ => (Account::Disputed, Account::Processor),
    };
    let key = SourceKey::Dispute(of.dispute, kind);
    let draft = pair(at, kind, key, (debit, item), (credit, item), of.amount)?;
    Ok(Draft { effective_on: today, subject: of.dispute.uuid(), ..draft })
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

/// A discount or a write-off of a payer's part of a charge. `standing` are the charge's entries that count. Where less
/// is owed than is taken off, the newest payments of the charge become credit again for the rest.
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
    let mut drafts = make_room(at, charge, amount, standing, reason, today)?;
    let (kind, account) = match relief {
        Relief::Discount => (EntryKind::Discount, Account::Discount),
        Relief::WriteOff => (EntryKind::WriteOff, Account::WriteOff),
    };
    let lowered = pair(at, kind, SourceKey::OfItself, (account, item), (Account::ArClient, item), amount)?;
    drafts.push(Draft { effective_on: today, reason: reason.to_owned(), ..lowered });
    Ok(drafts)
}

/// Makes so much of a charge open again that a payer's part can become smaller by `amount`: their newest payments of
/// it become credit.
fn make_room(
    at: Place,
    charge: ChargeId,
    amount: i64,
    standing: &[StoredEntry],
    reason: &str,
    today: Date,
) -> Result<Vec<Draft>, Unbalanced> {
    let item = Item::Charge(charge);
    let moved = |entry: &StoredEntry| entry.moved_for(Account::ArClient, item, at.party);
    let mut missing = amount - standing.iter().map(moved).sum::<i64>();
    let mut drafts = Vec::new();
    for used in newest_first(standing, EntryKind::Allocation) {
        let paid = -moved(used);
        if missing <= 0 {
            break;
        }
        if paid == 0 {
            continue;
        }
        drafts.push(reverse(used, reason, today)?);
        if let (Some(payment), true) = (used.payment(), paid > missing) {
            drafts.push(allocation(at, payment, charge, paid - missing, today)?);
        }
        missing -= paid;
    }
    Ok(drafts)
}

/// Who pays a charge, the first one first.
pub fn payers_in(standing: &[StoredEntry], item: Item) -> Vec<PayerId> {
    let mut payers = Vec::new();
    for posting in standing.iter().flat_map(|entry| &entry.postings) {
        let is_owed = posting.account == Account::ArClient && posting.item == item;
        if is_owed && !payers.contains(&posting.party) {
            payers.push(posting.party);
        }
    }
    payers
}

/// What a payer owes of a charge.
pub fn owed_for(standing: &[StoredEntry], item: Item, party: PayerId) -> i64 {
    standing.iter().map(|entry| entry.moved_for(Account::ArClient, item, party)).sum()
}

/// What is asked of a payer for a charge: what they owe, and what they have paid of it.
pub fn asked_of(standing: &[StoredEntry], item: Item, party: PayerId) -> i64 {
    let asks = standing.iter().filter(|entry| entry.head.kind != EntryKind::Allocation);
    asks.map(|entry| entry.moved_for(Account::ArClient, item, party)).sum()
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
            Item::Payment(_) | Item::Remittance(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_over_cents_go_one_each_to_the_first() {
        assert_eq!(spread(12_501, &[5_000, 5_000]), [6_251, 6_250]);
        assert_eq!(spread(5, &[1, 1, 1]), [2, 2, 1]);
        assert_eq!(spread(10_000, &[3_333, 3_333, 3_334]), [3_333, 3_333, 3_334]);
        assert_eq!(spread(7, &[0, 10]), [0, 7]);
        for amount in 0..50 {
            let weights = [7, 0, 13, 30];
            let parts = spread(amount, &weights);
            assert_eq!(parts.iter().sum::<i64>(), amount);
            assert!(parts.iter().zip(weights).all(|(part, weight)| *part <= weight), "{parts:?}");
        }
    }
}
