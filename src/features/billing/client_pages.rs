//! What a client owes, how it came about, and how it went over the months.

use askama::Template;
use axum::extract::State;

use crate::features::accounts::ClientSession;
use crate::features::billing::picture::{self, Bar};
use crate::features::billing::{Entry, balance, currency_of, ledger_of, month_ends, running};
use crate::kernel::money::Money;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::{ClientFrame, ClientPage};
use crate::platform::web::{PageResult, html};

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
    let currency = currency_of(&entries);
    let money = |minor| Money { minor, currency: currency.clone() }.to_string();
    let mut lines: Vec<LedgerLine> = running(entries)
        .into_iter()
        .map(|line| LedgerLine {
            date: words.civil_date(line.entry.date()),
            kind: line.entry.kind.label(words),
            amount: money(line.entry.amount_minor),
            after: money(line.after),
            description: line.entry.description,
        })
        .collect();
    lines.reverse();
    lines
}

#[derive(Template)]
#[template(path = "features/billing/templates/client.html")]
struct Page {
    frame: ClientFrame,
    amount: String,
    sentence: String,
    for_client: Option<String>,
    months: Vec<Month>,
    bars: Vec<Bar>,
    zero: i32,
    height: i32,
    lines: Vec<LedgerLine>,
    as_of: String,
}

/// What is owed, in a sentence.
pub(super) fn sentence(words: Words, owed: i64) -> String {
    words.get(match owed {
        0 => "billing-owed-nothing",
        1.. => "billing-owed",
        _ => "billing-credit",
    })
}

/// My account.
pub(super) async fn balance_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    let chart = client.chart_id.clone();
    let entries = app.db.read(&client.scope, move |c| ledger_of(c, &chart)).await?;
    let words = client.words;
    let today = app.now().in_zone(&client.practice.zone()).date();
    let currency = currency_of(&entries);
    let money = |minor| Money { minor, currency: currency.clone() };
    let owed = balance(&entries);
    let ends = if entries.is_empty() { Vec::new() } else { month_ends(&entries, today, MONTHS) };
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
    let page = Page {
        amount: money(owed.saturating_abs()).to_string(),
        sentence: sentence(words, owed),
        for_client: client.for_client.clone(),
        months,
        bars,
        zero,
        height: picture::HEIGHT,
        lines: lines(words, entries),
        as_of: words.date(app.now(), &client.zone),
        frame: client.frame(&app, ClientPage::Balance),
    };
    html(page.render())
}
