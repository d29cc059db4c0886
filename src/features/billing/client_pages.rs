//! What a client owes, how it came about, and how it went over the months.

use askama::Template;
use axum::extract::State;

use crate::features::accounts::ClientTicket;
use crate::features::billing::picture::{self, Bar};
use crate::features::billing::{Entry, balances, ledger_of, month_ends, running};
use crate::kernel::money::Money;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};

/// The balance.
pub(super) const BALANCE: Section = Section("/portal/balance");

/// Months in the picture.
pub(super) const MONTHS: u8 = 6;

/// A line of the ledger, in words.
pub(super) struct LedgerLine {
    pub date: String,
    pub kind: String,
    pub description: String,
    pub amount: String,
    pub after: String,
}

/// A month of the picture, in words.
pub(super) struct Month {
    pub name: String,
    pub short: String,
    pub owed: String,
    /// Without cents, to stand above a bar.
    pub round: String,
}

/// The ledger, newest first, for either side's page.
pub(super) fn lines(words: Words, entries: Vec<Entry>) -> Vec<LedgerLine> {
    let mut lines: Vec<LedgerLine> = running(entries)
        .into_iter()
        .map(|line| LedgerLine {
            date: words.civil_date(line.entry.date()),
            kind: line.entry.kind.label(words),
            amount: Money { minor: line.entry.amount_minor, currency: line.entry.currency }.to_string(),
            after: line.after.to_string(),
            description: line.entry.description,
        })
        .collect();
    lines.reverse();
    lines
}

/// What is owed in one currency.
pub(super) struct Owed {
    /// Without a sign; the sentence says which way.
    pub amount: String,
    pub sentence: String,
}

/// Who reads what is owed.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    Client,
    Staff,
}

/// What is owed, in words, for either side's page.
pub(super) fn owed(words: Words, reader: Reader, balance: &Money) -> Owed {
    let key = match (reader, balance.minor) {
        (Reader::Client, 0) => "billing-owed-nothing",
        (Reader::Client, 1..) => "billing-owed",
        (Reader::Client, _) => "billing-credit",
        (Reader::Staff, 0) => "billing-staff-owed-nothing",
        (Reader::Staff, 1..) => "billing-staff-owed",
        (Reader::Staff, _) => "billing-staff-credit",
    };
    let amount = Money { minor: balance.minor.saturating_abs(), currency: balance.currency.clone() };
    Owed { amount: amount.to_string(), sentence: words.get(key) }
}

/// One currency's balance and how it went over the months.
struct Account {
    currency: String,
    owed: Owed,
    months: Vec<Month>,
    bars: Vec<Bar>,
    zero: i32,
}

impl Account {
    fn of(words: Words, entries: &[Entry], balance: &Money, today: jiff::civil::Date) -> Self {
        let money = |minor| Money { minor, currency: balance.currency.clone() };
        let ends = month_ends(entries, &balance.currency, today, MONTHS);
        let (bars, zero) = picture::bars(&ends);
        let months = ends
            .iter()
            .map(|end| Month {
                name: words.month(end.month),
                short: words.month_short(end.month),
                owed: money(end.owed).to_string(),
                round: money(end.owed).rounded(),
            })
            .collect();
        let owed = owed(words, Reader::Client, balance);
        Self { currency: balance.currency.clone(), owed, months, bars, zero }
    }
}

#[derive(Template)]
#[template(path = "features/billing/templates/client.html")]
struct Page {
    frame: ClientFrame,
    for_client: Option<String>,
    accounts: Vec<Account>,
    height: i32,
    lines: Vec<LedgerLine>,
    as_of: String,
}

impl Page {
    /// Beside a heading that stands once for each of several currencies.
    fn in_currency(&self, account: &Account) -> String {
        if self.accounts.len() > 1 { format!(" ({})", account.currency) } else { String::new() }
    }
}

/// The client's balance and ledger.
pub(super) async fn balance_page(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, entries) = ticket.open(&app, |c, client| ledger_of(c, &client.chart_id)).await?;
    let words = client.words;
    let today = client.practice.today(app.now());
    let accounts =
        balances(&entries).iter().map(|balance| Account::of(words, &entries, balance, today)).collect();
    let page = Page {
        for_client: client.for_client.clone(),
        accounts,
        height: picture::HEIGHT,
        lines: lines(words, entries),
        as_of: words.date(app.now(), &client.zone),
        frame: client.frame(&app, BALANCE),
    };
    html(page.render())
}
