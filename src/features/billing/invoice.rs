//! An invoice: charges that somebody is asked to pay, frozen as they were when it was made. Its page and its PDF print this
//! alone; what is open of it now is read off its charges.

use jiff::civil::Date;

use crate::features::billing::act::{Outcome, Refused, hold, note, today};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::invoice_store::{self as rows, InvoiceHead, InvoiceState, NewRow};
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::statement::{Sender, addressed, day_words, sender, tell};
use crate::features::billing::statement_pdf::how_to_pay;
use crate::features::billing::store::{Charge, charges_named};
use crate::features::ledger::{
    Account, EntryKind, Item, StoredEntry, debts_of, entries_of, posting_currency,
};
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::{ChargeId, ChartId, InvoiceId, PayerId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::secrets::sha256_hex;
use crate::platform::audit::By;
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::{Language, Words};
use crate::platform::pdf_writer::{Align, Block, Column, Content, Table, Weight};
use crate::platform::state::App;

/// Charges of one invoice.
pub const MOST_CHARGES: usize = 100;
/// The place of the insurer's column in [`InvoiceData::rows`].
const INSURANCE: usize = 3;
/// Days until an invoice is to be paid, unless another day is chosen.
pub const DUE_AFTER: i32 = 14;

/// See the module. Its JSON is kept, so a field that is added later has a default.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InvoiceData {
    /// Its number.
    pub number: String,
    /// The language that it is written in.
    pub language: Language,
    /// Who asks for the money.
    pub practice: Sender,
    /// The client's legal name.
    pub client: String,
    /// The chart's number.
    pub chart_number: String,
    /// Who is asked.
    pub payer: String,
    /// The name and the postal address of who pays, line by line, for the window of an envelope.
    #[serde(default)]
    pub to: Vec<String>,
    /// The address of the portal.
    #[serde(default)]
    pub portal: String,
    /// The day on which it was made.
    pub made_on: String,
    /// To be paid by this day.
    pub due_on: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// Its charges.
    pub lines: Vec<InvoiceLine>,
}

/// One charge of an invoice, as far as it is this payer's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InvoiceLine {
    /// The day of the service.
    pub on: String,
    /// What for.
    pub text: String,
    /// The fee, or the payer's part of it where others pay a part of it too.
    pub fee: i64,
    /// What of it the insurer took over: paid, lowered, or still to be answered.
    #[serde(default)]
    pub insurance: i64,
    /// What of it is not asked for.
    pub off: i64,
    /// What of it was paid.
    pub paid: i64,
}

impl InvoiceLine {
    /// What is left to pay.
    pub fn open(&self) -> i64 {
        self.fee - self.insurance - self.off - self.paid
    }
}

impl InvoiceData {
    /// What is asked for.
    pub fn total(&self) -> Money {
        self.money(self.lines.iter().map(InvoiceLine::open).sum())
    }

    /// An amount of its currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

/// What a charge comes to for a payer: their part of the fee, what is not asked for, what was paid. Pure.
pub(super) fn part_of(standing: &[StoredEntry], charge: ChargeId, party: PayerId) -> (i64, i64, i64) {
    let item = Item::Charge(charge);
    let (mut fee, mut off, mut paid) = (0, 0, 0);
    for entry in standing.iter().filter(|entry| entry.head.stands()) {
        let moved = entry.moved_for(Account::ArClient, item, party);
        match entry.head.kind {
            EntryKind::Allocation => paid -= moved,
            EntryKind::Discount | EntryKind::WriteOff => off -= moved,
            _ => fee += moved,
        }
    }
    (fee, off, paid)
}

/// The line of a charge. What an insurer took over stands on it only where the whole rest is this payer's: with a part of
/// somebody else's in it, the sums would tell of them. Pure.
fn line_of(standing: &[StoredEntry], charge: &Charge, party: PayerId) -> InvoiceLine {
    let (own, off, paid) = part_of(standing, charge.charge_id, party);
    let (item, mut everybody) = (Item::Charge(charge.charge_id), 0);
    for entry in standing.iter().filter(|entry| entry.head.stands()) {
        match entry.head.kind {
            EntryKind::Allocation | EntryKind::Discount | EntryKind::WriteOff => {}
            _ => everybody += entry.moved(Account::ArClient, item),
        }
    }
    let insurance = if everybody == own { (charge.amount - own).max(0) } else { 0 };
    InvoiceLine {
        on: charge.on_date.clone(),
        text: charge.description.clone(),
        fee: own + insurance,
        insurance,
        off,
        paid,
    }
}

/// An invoice to be made.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// Of this chart.
    pub chart: ChartId,
    /// For this payer.
    pub party: PayerId,
    /// Of these charges; none for all that are open.
    pub charges: Vec<ChargeId>,
    /// To be paid by this day.
    pub due_on: Date,
}

/// Makes an invoice of open charges, and tells whoever may see it that there is something new. The same charges again
/// are the same invoice.
pub fn issue(app: &App, c: &mut Scoped<'_>, by: &By, new: &NewInvoice) -> Outcome<InvoiceId> {
    let currency = posting_currency(c)?;
    let at = granted!(hold(c, new.chart, currency)?);
    let day = today(c)?;
    if !responsibility::payers_on(c, at, day)?.contains(&new.party) {
        return Ok(Err(Refused::NotFound));
    }
    let open: Vec<ChargeId> =
        debts_of(c, new.chart, new.party, currency)?.into_iter().map(|debt| debt.charge).collect();
    if new.charges.iter().any(|charge| !open.contains(charge)) {
        return Ok(Err(Refused::NotFound));
    }
    let mut chosen = open;
    chosen.retain(|charge| new.charges.is_empty() || new.charges.contains(charge));
    chosen.truncate(MOST_CHARGES);
    if chosen.is_empty() {
        return Ok(Err(Refused::TooMuch(Money::new(0, currency))));
    }
    let ids = chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if let Some(known) = rows::same(c, new.chart, new.party, &ids)? {
        return Ok(Ok(known));
    }
    let Some(file) = people::load_file(c, &new.chart)? else { return Ok(Err(Refused::NotFound)) };
    let practice = practice::load(c)?;
    let language = Language::of_tag(&file.client.language).unwrap_or_else(|| practice.language());
    let charges = charges_named(c, &chosen)?;
    let items: Vec<Item> = chosen.iter().map(|id| Item::Charge(*id)).collect();
    let entries = entries_of(c, &items)?;
    let data = InvoiceData {
        number: rows::number(c)?,
        language,
        practice: sender(&practice),
        client: file.client.full_name(),
        chart_number: file.chart.chart_number.clone(),
        payer: responsibility::named(c, new.chart, &[new.party])?
            .pop()
            .map_or_else(|| file.client.full_name(), |(_, name)| name),
        to: addressed(c, &file, new.party)?,
        portal: app.absolute(&format!("/{}/sign-in", practice.slug)),
        made_on: day.to_string(),
        due_on: new.due_on.to_string(),
        currency,
        lines: chosen
            .iter()
            .filter_map(|id| charges.get(id))
            .map(|charge| line_of(&entries, charge, new.party))
            .collect(),
    };
    let json =
        serde_json::to_string(&data).map_err(|error| Fault::other(format!("writing an invoice: {error}")))?;
    let row = NewRow {
        chart: new.chart,
        party: new.party,
        due_on: &data.due_on,
        charges: &ids,
        by_name: &by.actor.name(),
    };
    let id = rows::insert(c, &data.number, &row, (&json, &sha256_hex(json.as_bytes())))?;
    let details = serde_json::json!({ "invoice": id, "number": data.number });
    note(c, by, BillingAction::InvoiceIssued, new.chart, details)?;
    tell(app, c, &practice, &file, new.party)?;
    Ok(Ok(id))
}

/// Takes an invoice back. What it asked for is owed all the same; its number is not given again.
pub fn void(c: &mut Scoped<'_>, by: &By, chart: ChartId, id: InvoiceId, reason: &str) -> Outcome<()> {
    lock(c, Lock::Charts(&[chart]))?;
    let Some(found) = rows::find(c, chart, id)? else { return Ok(Err(Refused::NotFound)) };
    if found.state == InvoiceState::Issued {
        rows::set_void(c, id, reason)?;
        let details = serde_json::json!({ "invoice": id, "number": found.number, "reason": reason });
        note(c, by, BillingAction::InvoiceVoided, chart, details)?;
    }
    Ok(Ok(()))
}

/// How an invoice stands today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was taken back.
    Void,
    /// Nothing of it is open.
    Paid,
    /// So much is open.
    Open(Money),
    /// So much is open, and its day is over.
    Overdue(Money),
}

/// An invoice with how it stands.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Its row.
    pub head: InvoiceHead,
    /// What it prints.
    pub data: InvoiceData,
    /// How it stands.
    pub standing: Standing,
}

/// An invoice of this chart, as its page and its PDF print it.
pub fn read(c: &mut Scoped<'_>, chart: ChartId, id: InvoiceId) -> Result<Option<Invoice>, Fault> {
    let Some(head) = rows::find(c, chart, id)? else { return Ok(None) };
    if sha256_hex(head.data.as_bytes()) != head.sha256 {
        return Err(Fault::Damaged(format!("invoice {id} was changed")));
    }
    let data: InvoiceData = serde_json::from_str(&head.data)
        .map_err(|error| Fault::Damaged(format!("invoice {id} cannot be read: {error}")))?;
    let charges: Vec<ChargeId> = head.charges.split(' ').filter_map(|id| id.parse().ok()).collect();
    let items: Vec<Item> = charges.iter().map(|id| Item::Charge(*id)).collect();
    let entries = entries_of(c, &items)?;
    let open: i64 = charges
        .iter()
        .map(|charge| {
            let (fee, off, paid) = part_of(&entries, *charge, head.party_id);
            fee - off - paid
        })
        .sum();
    let open = data.money(open);
    let is_late = data.due_on < today(c)?.to_string();
    let standing = match (head.state, open.minor) {
        (InvoiceState::Void, _) => Standing::Void,
        (InvoiceState::Issued, ..=0) => Standing::Paid,
        (InvoiceState::Issued, _) if is_late => Standing::Overdue(open),
        (InvoiceState::Issued, _) => Standing::Open(open),
    };
    Ok(Some(Invoice { head, data, standing }))
}

impl Standing {
    /// In words, with the tone of its tag.
    pub fn tag(self, words: Words) -> (&'static str, String) {
        match self {
            Self::Void => ("stopped", words.get("billing-invoice-void")),
            Self::Paid => ("good", words.get("billing-invoice-paid")),
            Self::Open(open) => ("waiting", words.with1("billing-invoice-open", "amount", open)),
            Self::Overdue(open) => ("attention", words.with1("billing-invoice-overdue", "amount", open)),
        }
    }
}

impl InvoiceData {
    /// Label and value, in the order in which they stand.
    pub fn facts(&self, words: Words) -> Vec<(String, String)> {
        let client = [("name", self.client.clone()), ("number", self.chart_number.clone())];
        vec![
            (words.get("billing-statement-for"), self.payer.clone()),
            (words.get("billing-statement-client"), words.with("billing-statement-client-number", &client)),
            (words.get("billing-statement-made"), day_words(words, &self.made_on)),
            (words.get("billing-invoice-due-day"), day_words(words, &self.due_on)),
            (words.get("billing-invoice-total"), self.total().to_string()),
        ]
    }

    /// What its PDF holds.
    pub fn content(&self, is_void: bool) -> Content {
        let words = Words::of(self.language);
        let title = words.with1("billing-invoice-numbered", "number", &self.number);
        let to = if self.to.is_empty() { vec![self.payer.clone()] } else { self.to.clone() };
        // The total stands by itself.
        let mut facts = self.facts(words);
        facts.pop();
        let mut blocks = vec![
            self.practice.letterhead(),
            Block::Window(to),
            Block::Heading(1, title.clone()),
            Block::Facts(facts),
            Block::Callout(self.total().to_string(), words.get("billing-invoice-total")),
        ];
        if is_void {
            blocks.push(Block::Paragraph(Weight::Bold, words.get("billing-invoice-void")));
        }
        blocks.push(Block::Table(self.table(words)));
        blocks.extend(how_to_pay(words, &self.portal));
        // Without a postal address there is nowhere to send a check.
        if !is_void && !self.practice.address.is_empty() {
            blocks.push(self.slip(words));
        }
        Content { title, language: self.language.word().to_owned(), blocks }
    }

    /// What is cut off and sent with a check.
    fn slip(&self, words: Words) -> Block {
        let own = std::iter::once(self.practice.name.clone());
        let fact = |key: &str, value: String| (words.get(key), value);
        Block::Slip {
            cut: words.get("billing-slip-cut"),
            to: own.chain(self.practice.address.iter().cloned()).collect(),
            facts: vec![
                fact("billing-invoice", self.number.clone()),
                fact("billing-statement-for", self.payer.clone()),
                fact("billing-slip-chart", self.chart_number.clone()),
                fact("billing-invoice-due-day", day_words(words, &self.due_on)),
                fact("billing-invoice-total", self.total().to_string()),
                fact("billing-slip-enclosed", "_".repeat(14)),
            ],
        }
    }

    /// A row for each charge: day, what for, fee, what the insurer took over, what is not asked for, what was paid,
    /// what is left.
    pub fn rows(&self, words: Words) -> Vec<[String; 7]> {
        let money = |minor| if minor == 0 { String::new() } else { self.money(minor).to_string() };
        self.lines
            .iter()
            .map(|line| {
                [
                    day_words(words, &line.on),
                    line.text.clone(),
                    self.money(line.fee).to_string(),
                    money(-line.insurance),
                    money(-line.off),
                    money(-line.paid),
                    self.money(line.open()).to_string(),
                ]
            })
            .collect()
    }

    /// Without a column for the insurer where none took anything over.
    fn table(&self, words: Words) -> Table {
        let column = |key: &str, share, align| Column { title: words.get(key), share, align };
        let mut columns = vec![
            column("billing-service-day", 2.6, Align::Start),
            column("billing-col-what", 2.8, Align::Start),
            column("billing-fee", 1.4, Align::End),
            column("billing-col-insurance", 1.5, Align::End),
            column("billing-col-off", 1.4, Align::End),
            column("billing-col-paid", 1.4, Align::End),
            column("billing-open", 1.4, Align::End),
        ];
        let mut rows: Vec<Vec<String>> = self.rows(words).into_iter().map(Vec::from).collect();
        let mut total = vec![String::new(); columns.len()];
        total[1] = words.get("billing-invoice-total");
        total[columns.len() - 1] = self.total().to_string();
        if self.lines.iter().all(|line| line.insurance == 0) {
            columns.remove(INSURANCE);
            total.remove(INSURANCE);
            for row in &mut rows {
                row.remove(INSURANCE);
            }
        }
        Table { columns, rows, total }
    }
}
