//! What stands in the journal: accounts, postings, and entries that are balanced by their type.

use jiff::civil::Date;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChargeId, ChartId, DisputeId, EntryId, PayerId, PaymentId, RefundId, RemittanceId};
use crate::kernel::money::Currency;
use crate::word_enum;

word_enum! {
    /// The chart of accounts, as far as it is in use.
    pub enum Account {
        /// Cash, checks and card slips that are not at the bank yet.
        Undeposited = "undeposited",
        /// Money at the payment provider.
        Processor = "processor",
        /// Money at the bank.
        Bank = "bank",
        /// What clients owe.
        ArClient = "ar_client",
        /// What insurers owe.
        ArInsurance = "ar_insurance",
        /// Money that a client's bank asks back, until that is decided.
        Disputed = "disputed",
        /// Money of clients that is not used for a charge.
        CreditClient = "credit_client",
        /// Money of insurers that is not used for a charge.
        CreditInsurer = "credit_insurer",
        /// Money that goes back to a client.
        RefundDue = "refund_due",
        /// Fees that were charged.
        Revenue = "revenue",
        /// What insurers need not pay because of their agreement with the practice.
        Contractual = "contractual",
        /// What the payment provider takes for itself.
        Fees = "fees",
        /// Fees that were lowered.
        Discount = "discount",
        /// Debts that were given up.
        WriteOff = "write_off",
        /// What was owed or paid before this ledger began.
        Opening = "opening",
    }
}

impl Account {
    /// May one item of this account stand at this amount? Debits are positive.
    pub const fn allows(self, amount: i64) -> bool {
        match self {
            Self::ArClient | Self::ArInsurance | Self::Disputed => amount >= 0,
            Self::CreditClient | Self::RefundDue => amount <= 0,
            _ => true,
        }
    }
}

word_enum! {
    /// What kind of thing an amount belongs to.
    pub enum ItemKind {
        /// A charge.
        Charge = "charge",
        /// A payment.
        Payment = "payment",
        /// What an insurer sent at once.
        Remittance = "remittance",
        /// Nothing by itself.
        None = "none",
    }
}

/// The charge or payment that an amount belongs to, so that every cent can be traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A charge.
    Charge(ChargeId),
    /// A payment.
    Payment(PaymentId),
    /// What an insurer sent at once.
    Remittance(RemittanceId),
}

impl Item {
    /// Its kind.
    pub const fn kind(self) -> ItemKind {
        match self {
            Self::Charge(_) => ItemKind::Charge,
            Self::Payment(_) => ItemKind::Payment,
            Self::Remittance(_) => ItemKind::Remittance,
        }
    }

    /// Its id.
    pub const fn uuid(self) -> uuid::Uuid {
        match self {
            Self::Charge(id) => id.uuid(),
            Self::Payment(id) => id.uuid(),
            Self::Remittance(id) => id.uuid(),
        }
    }

    /// From its columns.
    pub const fn read(kind: ItemKind, id: uuid::Uuid) -> Option<Self> {
        match kind {
            ItemKind::Charge => Some(Self::Charge(ChargeId::from_uuid(id))),
            ItemKind::Payment => Some(Self::Payment(PaymentId::from_uuid(id))),
            ItemKind::Remittance => Some(Self::Remittance(RemittanceId::from_uuid(id))),
            ItemKind::None => None,
        }
    }
}

word_enum! {
    /// What an entry records. A reversal has the kind of the entry that it reverses.
    pub enum EntryKind {
        /// A charge: the client owes, the practice has earned.
        Charge = "charge",
        /// A charge that goes to the client's insurer.
        Insured = "insured",
        /// What the insurer need not pay.
        Contractual = "contractual",
        /// An insurer's money came in.
        InsurerMoney = "insurer_money",
        /// An insurer's money is used for a charge, or taken back from it.
        InsurerPaid = "insurer_paid",
        /// A part of a charge goes from the insurer to the client, or back.
        Move = "move",
        /// A lower fee.
        Discount = "discount",
        /// A debt that is given up.
        WriteOff = "write_off",
        /// A payment that was recorded.
        Payment = "payment",
        /// A payment is used for a charge.
        Allocation = "allocation",
        /// Money is set aside to go back.
        RefundDue = "refund_due",
        /// Money went back.
        RefundPaid = "refund_paid",
        /// The provider took money out because a client's bank asks it back.
        DisputeOpened = "dispute_opened",
        /// The provider gave it back.
        DisputeWon = "dispute_won",
        /// It stays with the client's bank.
        DisputeLost = "dispute_lost",
        /// What the provider takes for itself.
        Fee = "fee",
        /// An adjustment from before this ledger.
        Opening = "opening",
    }
}

impl EntryKind {
    /// The kinds that change what a client owes, and so stand as lines on pages and statements. An allocation
    /// moves money from credit to a charge, and a refund changed the balance when it was set aside.
    pub const LINES: [Self; 8] = [
        Self::Charge,
        Self::Discount,
        Self::WriteOff,
        Self::Payment,
        Self::RefundDue,
        Self::Opening,
        Self::Move,
        Self::DisputeLost,
    ];
}

/// One side of an entry. Debits are positive, credits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// Of this chart.
    pub chart: ChartId,
    /// For this payer.
    pub party: PayerId,
    /// Of this charge or payment.
    pub item: Item,
    /// Minor units.
    pub amount: i64,
}

/// Why postings are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// Fewer than two.
    #[error("an entry has at least two postings")]
    TooFew,
    /// One of them moves nothing.
    #[error("a posting of nothing")]
    Nothing,
    /// They do not add up to zero.
    #[error("the postings add up to {0}")]
    Sum(i128),
}

/// Two or more postings that add up to zero, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced(Vec<Posting>);

impl Balanced {
    /// Checks them.
    pub fn new(postings: Vec<Posting>) -> Result<Self, Unbalanced> {
        if postings.len() < 2 {
            return Err(Unbalanced::TooFew);
        }
        if postings.iter().any(|posting| posting.amount == 0) {
            return Err(Unbalanced::Nothing);
        }
        match postings.iter().map(|posting| i128::from(posting.amount)).sum() {
            0 => Ok(Self(postings)),
            sum => Err(Unbalanced::Sum(sum)),
        }
    }

    /// The postings.
    pub fn postings(&self) -> &[Posting] {
        &self.0
    }

    /// The same with opposite amounts.
    pub fn reversed(&self) -> Self {
        // Amounts come from typed ones, which are far below the largest number.
        Self(self.0.iter().map(|posting| Posting { amount: -posting.amount, ..*posting }).collect())
    }
}

/// Whose account, on which chart, in which currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The chart.
    pub chart: ChartId,
    /// The payer.
    pub party: PayerId,
    /// The currency.
    pub currency: Currency,
}

/// What makes an entry the only one of its kind: the same thing is never posted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKey {
    /// A charge is posted: the share of this place among who pays it.
    Charge(ChargeId, usize),
    /// The part of a charge that goes to the insurer.
    Insured(ChargeId),
    /// A line of what an insurer sent: its place, and what it does.
    Remittance(RemittanceId, usize, EntryKind),
    /// What becomes of a dispute.
    Dispute(DisputeId, EntryKind),
    /// A payment comes in.
    Payment(PaymentId),
    /// A refund's money is set aside.
    RefundDue(RefundId),
    /// A refund's money goes out.
    RefundPaid(RefundId),
    /// Something of its own each time: an allocation, a discount, a write-off.
    OfItself,
    /// The reversal of the entry at this place.
    Reversal(i64),
}

/// An entry to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it records.
    pub kind: EntryKind,
    /// See [`SourceKey`].
    pub key: SourceKey,
    /// The civil day it counts for.
    pub effective_on: Date,
    /// On this chart.
    pub chart: ChartId,
    /// The charge, payment or refund that it is about.
    pub subject: uuid::Uuid,
    /// The place of the entry that it reverses.
    pub reverses: Option<i64>,
    /// Why, in somebody's own words; may be empty.
    pub reason: String,
    /// The currency of every posting.
    pub currency: Currency,
    /// What it moves.
    pub postings: Balanced,
}

/// An entry of the journal, without its postings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryHead {
    /// Its place.
    pub seq: i64,
    /// Its name in addresses.
    pub entry_id: EntryId,
    /// What it records.
    pub kind: EntryKind,
    /// The civil day it counts for.
    pub effective_on: Date,
    /// When it was posted.
    pub recorded_at: Timestamp,
    /// By whom; empty for what the upgrade brought over.
    pub by_name: String,
    /// On this chart.
    pub chart: ChartId,
    /// The charge, payment or refund that it is about.
    pub subject: uuid::Uuid,
    /// The place of the entry that it reverses.
    pub reverses: Option<i64>,
    /// The place of the entry that reverses it.
    pub reversed_by: Option<i64>,
    /// Why.
    pub reason: String,
    /// Its currency.
    pub currency: Currency,
}

impl EntryHead {
    /// Does it still count: neither reversed nor a reversal?
    pub fn stands(&self) -> bool {
        self.reverses.is_none() && self.reversed_by.is_none()
    }
}

/// An entry with its postings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The entry.
    pub head: EntryHead,
    /// Its postings in their order.
    pub postings: Vec<Posting>,
}

impl StoredEntry {
    /// What it moved on one account of one item.
    pub fn moved(&self, account: Account, item: Item) -> i64 {
        let here = self.postings.iter().filter(|posting| posting.account == account && posting.item == item);
        here.map(|posting| posting.amount).sum()
    }

    /// The same for one payer.
    pub fn moved_for(&self, account: Account, item: Item, party: PayerId) -> i64 {
        let here =
            |posting: &&Posting| posting.account == account && posting.item == item && posting.party == party;
        self.postings.iter().filter(here).map(|posting| posting.amount).sum()
    }

    /// Is it about what one of these pays?
    pub fn is_for(&self, parties: &[PayerId]) -> bool {
        self.postings.iter().any(|posting| parties.contains(&posting.party))
    }

    /// Is it undone by itself, or does it follow from another one?
    pub fn can_be_undone(&self) -> bool {
        match self.head.kind {
            EntryKind::Charge
            | EntryKind::Insured
            | EntryKind::Discount
            | EntryKind::WriteOff
            | EntryKind::Payment
            | EntryKind::RefundDue
            | EntryKind::RefundPaid
            | EntryKind::Opening => true,
            EntryKind::Contractual => self.is_by_hand(),
            EntryKind::Allocation
            | EntryKind::InsurerMoney
            | EntryKind::InsurerPaid
            | EntryKind::Move
            | EntryKind::DisputeOpened
            | EntryKind::DisputeWon
            | EntryKind::DisputeLost
            | EntryKind::Fee => false,
        }
    }

    /// Did somebody take something off by hand, rather than by what an insurer sent?
    pub fn is_by_hand(&self) -> bool {
        !self.head.reason.is_empty()
    }

    /// The payment that it touches.
    pub fn payment(&self) -> Option<PaymentId> {
        self.postings.iter().find_map(|posting| match posting.item {
            Item::Payment(id) => Some(id),
            Item::Charge(_) | Item::Remittance(_) => None,
        })
    }
}

/// What is still owed for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The charge.
    pub charge: ChargeId,
    /// Owed since this day.
    pub since: Date,
    /// Minor units, more than zero.
    pub owed: i64,
}

/// What is not used of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The payment.
    pub payment: PaymentId,
    /// It came in on this day.
    pub since: Date,
    /// Minor units, more than zero.
    pub left: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_02_an_entry_that_is_off_or_has_one_side_is_none() {
        let posting = |amount| Posting {
            account: Account::ArClient,
            chart: ChartId::NIL,
            party: PayerId::NIL,
            item: Item::Charge(ChargeId::NIL),
            amount,
        };
        let new = |amounts: &[i64]| Balanced::new(amounts.iter().copied().map(posting).collect());
        assert!(new(&[15_000, -15_000]).is_ok() && new(&[1, 1, -2]).is_ok());
        assert_eq!(new(&[15_000, -14_999]), Err(Unbalanced::Sum(1)));
        assert_eq!(new(&[15_000]), Err(Unbalanced::TooFew));
        assert_eq!(new(&[]), Err(Unbalanced::TooFew));
        assert_eq!(new(&[1, -1, 0]), Err(Unbalanced::Nothing));
        assert_eq!(new(&[i64::MAX, i64::MAX, 2]), Err(Unbalanced::Sum(i128::from(i64::MAX) * 2 + 2)));
    }

    #[test]
    fn a_reversal_cancels_every_posting() {
        let side = |account, amount| Posting {
            account,
            chart: ChartId::NIL,
            party: PayerId::NIL,
            item: Item::Payment(PaymentId::NIL),
            amount,
        };
        let entry =
            Balanced::new(vec![side(Account::Undeposited, 20), side(Account::CreditClient, -20)]).unwrap();
        for (one, other) in entry.postings().iter().zip(entry.reversed().postings()) {
            assert_eq!((one.amount + other.amount, one.account, one.item), (0, other.account, other.item));
        }
    }
}
