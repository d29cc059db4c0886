//! What both sides' pages show of an account, in words.

use jiff::civil::Date;

use crate::features::billing::account::{Account, Running};
use crate::features::billing::invoice_store::{InvoiceHead, InvoiceState};
use crate::features::billing::statement_store::StatementHead;
use crate::features::billing::superbill_store::SuperbillHead;
use crate::features::billing::wording::Reader;
use crate::features::ledger::{DayPlace, EntryKind, Owed};
use crate::kernel::money::Money;
use crate::platform::i18n::{Stamp, Words};

/// What is owed in one currency.
pub(super) struct OwedWords {
    /// Without a sign; the sentence says which way.
    pub amount: String,
    pub sentence: String,
    /// What is not used of payments beside what is owed.
    pub credit: Option<String>,
    /// What is with the insurer.
    pub insured: Option<String>,
}

/// A balance in words, for either side's page.
pub(super) fn owed_sentence(words: Words, reader: Reader, balance: Money) -> OwedWords {
    let key = match (reader, balance.minor) {
        (Reader::Client, 0) => "billing-owed-nothing",
        (Reader::Client, 1..) => "billing-owed",
        (Reader::Client, _) => "billing-credit",
        (Reader::Staff, 0) => "billing-staff-owed-nothing",
        (Reader::Staff, 1..) => "billing-staff-owed",
        (Reader::Staff, _) => "billing-staff-credit",
    };
    OwedWords { amount: balance.abs().to_string(), sentence: words.get(key), credit: None, insured: None }
}

/// What is owed in words, with the credit that stands beside open charges.
pub(super) fn owed_words(words: Words, reader: Reader, owed: Owed) -> OwedWords {
    let money = |minor| Money::new(minor, owed.currency);
    let (beside, with_insurer) = match reader {
        Reader::Client => ("billing-credit-beside", "billing-with-insurer"),
        Reader::Staff => ("billing-staff-credit-beside", "billing-staff-with-insurer"),
    };
    let credit = (owed.credit > 0 && owed.due > 0).then(|| words.with1(beside, "amount", money(owed.credit)));
    let insured = (owed.insured > 0).then(|| words.with1(with_insurer, "amount", money(owed.insured)));
    OwedWords { credit, insured, ..owed_sentence(words, reader, money(owed.balance())) }
}

/// A line of the ledger, in words.
pub(super) struct LedgerLine {
    pub href: String,
    pub date: Stamp,
    pub kind: String,
    pub what: String,
    pub amount: String,
    pub after: String,
    /// Says so of an entry that was taken back, and of the one that takes it back.
    pub mark: Option<String>,
}

/// A page of lines, in words. `href` gives the address of one.
pub(super) fn ledger_lines(
    words: Words,
    today: Date,
    account: &Account,
    href: impl Fn(&Running) -> String,
) -> Vec<LedgerLine> {
    account
        .lines
        .iter()
        .map(|running| {
            let head = &running.line.head;
            LedgerLine {
                href: href(running),
                date: Stamp {
                    iso: head.effective_on.to_string(),
                    short: words.day_short(head.effective_on, today),
                    exact: words.civil_date(head.effective_on),
                },
                kind: kind_label(words, head.kind),
                what: account.named.line(words, head, running.line.item),
                amount: Money::new(running.line.amount, head.currency).to_string(),
                after: running.after.to_string(),
                mark: match head.reverses {
                    Some(_) => Some(words.get("billing-entry-is-reversal")),
                    None => (!head.stands()).then(|| words.get("billing-entry-undone")),
                },
            }
        })
        .collect()
}

pub(super) fn kind_label(words: Words, kind: EntryKind) -> String {
    words.get(match kind {
        EntryKind::Charge => "billing-kind-charge",
        EntryKind::Payment => "billing-kind-payment",
        EntryKind::Insured => "billing-kind-charge",
        EntryKind::Discount | EntryKind::WriteOff | EntryKind::Contractual | EntryKind::Opening => {
            "billing-kind-adjustment"
        }
        EntryKind::InsurerMoney | EntryKind::InsurerPaid | EntryKind::Move => "billing-kind-insurance",
        EntryKind::DisputeOpened | EntryKind::DisputeWon | EntryKind::DisputeLost | EntryKind::Fee => {
            "billing-kind-dispute"
        }
        EntryKind::RefundDue | EntryKind::RefundPaid => "billing-kind-refund",
        EntryKind::Allocation => "billing-kind-allocation",
    })
}

/// A statement's line.
pub(super) struct StatementLine {
    /// Rises with the moment at which it was made.
    pub made_as: uuid::Uuid,
    pub href: String,
    pub number: String,
    pub made: String,
}

pub(super) fn statement_lines(
    words: Words,
    zone: &jiff::tz::TimeZone,
    base: &str,
    statements: &[StatementHead],
) -> Vec<StatementLine> {
    statements
        .iter()
        .map(|statement| StatementLine {
            made_as: statement.statement_id.uuid(),
            href: format!("{base}/statements/{}", statement.statement_id),
            number: words.with1("billing-statement-numbered", "number", &statement.number),
            made: words.civil_date(statement.issued_at.in_zone(zone).date()),
        })
        .collect()
}

/// The lines of invoices.
pub(super) fn invoice_lines(words: Words, base: &str, invoices: &[InvoiceHead]) -> Vec<StatementLine> {
    invoices
        .iter()
        .map(|one| {
            let day = one.due_on.parse().map(|day| words.civil_date(day)).unwrap_or_default();
            StatementLine {
                made_as: one.invoice_id.uuid(),
                href: format!("{base}/invoices/{}", one.invoice_id),
                number: words.with1("billing-invoice-numbered", "number", &one.number),
                made: match one.state {
                    InvoiceState::Issued => words.with1("billing-invoice-due", "date", day),
                    InvoiceState::Void => words.get("billing-invoice-void"),
                },
            }
        })
        .collect()
}

/// The lines of superbills.
pub(super) fn superbill_lines(
    words: Words,
    zone: &jiff::tz::TimeZone,
    base: &str,
    superbills: &[SuperbillHead],
) -> Vec<StatementLine> {
    superbills
        .iter()
        .map(|one| StatementLine {
            made_as: one.superbill_id.uuid(),
            href: format!("{base}/superbills/{}", one.superbill_id),
            number: words.with1("billing-superbill-numbered", "number", &one.number),
            made: words.civil_date(one.issued_at.in_zone(zone).date()),
        })
        .collect()
}

/// Papers of all kinds in one list, the newest first.
pub(super) fn newest_first(mut papers: Vec<StatementLine>) -> Vec<StatementLine> {
    papers.sort_by_key(|paper| std::cmp::Reverse(paper.made_as));
    papers
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct PageQuery {
    /// The place before which the page begins.
    before: String,
}

impl PageQuery {
    pub(super) fn before(&self) -> Option<DayPlace> {
        let (on, seq) = self.before.split_once('.')?;
        Some(DayPlace { on: on.parse().ok()?, seq: seq.parse().ok()? })
    }
}

/// The address of the page behind a place.
pub(super) fn older_page(base: &str, before: DayPlace) -> String {
    format!("{base}?before={}.{}", before.on, before.seq)
}
