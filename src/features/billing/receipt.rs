//! A receipt: what came in, what it paid, what is left of it and what went back. It is read off the payment and the
//! journal, so a refund or an undo shows on it. Its page and its PDF print the same facts.

use crate::features::billing::lifecycle::{PaymentState, RefundState};
use crate::features::billing::receipt_store;
use crate::features::billing::statement::{Sender, day_words, sender};
use crate::features::billing::store::{Payment, Refund, find_payment, refunds_of};
use crate::features::billing::wording::{Named, payment_label};
use crate::features::ledger::{Account, EntryKind, Item, entries_of_item, stood, unused};
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::{ChartId, PaymentId};
use crate::kernel::money::Money;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::pdf_writer::{Align, Block, Column, Content, Table, Weight};

/// See the module.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Its number.
    pub number: String,
    /// The client's language.
    pub language: Language,
    /// Who received the money.
    pub practice: Sender,
    /// The client's legal name.
    pub client: String,
    /// The chart's number.
    pub chart_number: String,
    /// The payment.
    pub payment: Payment,
    /// What it paid, the first use first: the day of service, what for, how much.
    pub paid: Vec<(String, String, Money)>,
    /// What is not used.
    pub unused: Money,
    /// What went back, or is on its way back.
    pub refunds: Vec<Refund>,
    /// What the payer owed once it had come in; negative in their favor.
    pub balance: Option<Money>,
}

/// The receipt of a payment of this chart.
pub fn read(c: &mut Scoped<'_>, chart: ChartId, id: PaymentId) -> Result<Option<Receipt>, Fault> {
    let Some((payment, _)) = find_payment(c, chart, id)? else { return Ok(None) };
    let Some((number, _)) = receipt_store::find(c, id)? else { return Ok(None) };
    let Some(file) = people::load_file(c, &chart)? else { return Ok(None) };
    let practice = practice::load(c)?;
    let language = Language::of_tag(&file.client.language).unwrap_or_else(|| practice.language());
    let words = Words::of(language);
    let item = Item::Payment(id);
    let standing = entries_of_item(c, item)?;
    let uses = standing.iter().filter(|entry| entry.head.kind == EntryKind::Allocation);
    let uses: Vec<(Item, i64)> = uses
        .flat_map(|entry| &entry.postings)
        .filter(|posting| posting.account == Account::ArClient)
        .map(|posting| (posting.item, -posting.amount))
        .collect();
    let named = Named::of(c, uses.iter().map(|(item, _)| *item))?;
    let money = |minor| Money::new(minor, payment.currency);
    let paid = uses
        .iter()
        .map(|(item, minor)| (named.day(*item), named.item(words, *item), money(*minor)))
        .collect();
    let came = standing.iter().find(|entry| entry.head.kind == EntryKind::Payment);
    let party = came.and_then(|entry| entry.postings.iter().find(|one| one.account == Account::CreditClient));
    let balance = match (came, party) {
        (Some(entry), Some(posting)) => stood(c, chart, posting.party, entry.head.seq)?
            .into_iter()
            .find(|(owed, _)| owed.currency == payment.currency)
            .map(|(owed, _)| money(owed.balance())),
        _ => None,
    };
    Ok(Some(Receipt {
        number,
        balance,
        language,
        practice: sender(&practice),
        client: file.client.full_name(),
        chart_number: file.chart.chart_number.clone(),
        paid,
        unused: money(unused(&standing, id)),
        refunds: refunds_of(c, id)?.into_iter().filter(|refund| refund.state.stands()).collect(),
        payment,
    }))
}

impl Receipt {
    /// "Receipt R-000001".
    pub fn title(&self, words: Words) -> String {
        words.with1("billing-receipt-numbered", "number", &self.number)
    }

    /// Does the payment count?
    pub fn counts(&self) -> bool {
        self.payment.state == PaymentState::Succeeded
    }

    /// Label and value, in the order in which they stand.
    pub fn facts(&self, words: Words) -> Vec<(String, String)> {
        let client = [("name", self.client.clone()), ("number", self.chart_number.clone())];
        let mut facts = vec![
            (words.get("billing-receipt-received"), day_words(words, &self.payment.received_on)),
            (words.get("billing-col-amount"), self.payment.money().to_string()),
            (words.get("billing-method"), payment_label(words, &self.payment)),
            (words.get("billing-statement-client"), words.with("billing-statement-client-number", &client)),
        ];
        if self.unused.minor > 0 {
            facts.push((words.get("billing-payment-left"), self.unused.to_string()));
        }
        if let Some(balance) = self.balance {
            let key = if balance.minor < 0 { "billing-receipt-favor" } else { "billing-receipt-balance" };
            facts.push((words.get("billing-receipt-after"), words.with1(key, "amount", balance.abs())));
        }
        facts.extend(self.refunds.iter().map(|refund| {
            let amount = Money::new(refund.amount, refund.currency);
            let values = [("amount", amount.to_string()), ("date", day_words(words, &refund.made_on))];
            let key = match refund.state {
                RefundState::Succeeded => "billing-receipt-refund",
                _ => "billing-receipt-refund-waits",
            };
            (words.get("billing-kind-refund"), words.with(key, &values))
        }));
        facts
    }

    /// What its PDF holds.
    pub fn content(&self) -> Content {
        let words = Words::of(self.language);
        let title = self.title(words);
        // What came in stands by itself.
        let mut facts = self.facts(words);
        let shown = ["billing-col-amount", "billing-method"].map(|key| words.get(key));
        facts.retain(|(label, _)| !shown.contains(label));
        let mut blocks = vec![
            self.practice.letterhead(),
            Block::Heading(1, title.clone()),
            Block::Callout(self.payment.money().to_string(), payment_label(words, &self.payment)),
            Block::Facts(facts),
        ];
        if !self.counts() {
            blocks.push(Block::Paragraph(Weight::Bold, words.get("billing-receipt-undone")));
        }
        if !self.paid.is_empty() {
            blocks.push(Block::Heading(2, words.get("billing-payment-uses")));
            blocks.push(Block::Table(self.table(words)));
        }
        blocks.push(Block::Note(words.get("billing-receipt-keep")));
        Content { title, language: self.language.word().to_owned(), blocks }
    }

    fn table(&self, words: Words) -> Table {
        let column = |key: &str, share, align| Column { title: words.get(key), share, align };
        let sum: i64 = self.paid.iter().map(|(.., money)| money.minor).sum();
        Table {
            columns: vec![
                column("billing-service-day", 2.2, Align::Start),
                column("billing-col-what", 4.0, Align::Start),
                column("billing-col-amount", 1.5, Align::End),
            ],
            rows: self
                .paid
                .iter()
                .map(|(day, what, money)| vec![day_words(words, day), what.clone(), money.to_string()])
                .collect(),
            total: vec![
                String::new(),
                words.get("billing-receipt-used"),
                Money::new(sum, self.payment.currency).to_string(),
            ],
        }
    }
}
