//! My account: what a client owes, how it came about, why, and how it went over the months.

use askama::Template;
use axum::extract::{Path, Query, State};

use crate::features::accounts::{ClientSession, ClientTicket};
use crate::features::billing::account::{self, Account, month_ends};
use crate::features::billing::invoice_store;
use crate::features::billing::lifecycle::CheckoutState;
use crate::features::billing::online::store as online;
use crate::features::billing::picture::{self, Bar};
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::statement_store;
use crate::features::billing::store::{Charge, find_charge, open_charges_of};
use crate::features::billing::superbill_store as superbill;
use crate::features::billing::views::{
    LedgerLine, OwedWords, PageQuery, StatementLine, invoice_lines, ledger_lines, newest_first, older_page,
    owed_words, statement_lines, superbill_lines,
};
use crate::features::billing::wording::{self, Explanation, Named, Reader};
use crate::features::ledger::{self, Item, Movement, Owed};
use crate::kernel::ids::ChargeId;
use crate::kernel::money::Money;
use crate::platform::i18n::Words;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html};

/// My account.
pub(super) const ACCOUNT: Section = Section("/portal/account");

/// Statements that the page names.
const STATEMENTS: i64 = 24;
/// Charges that are explained on one page.
const EXPLAINED: i64 = 30;

/// A month of the picture, in words.
struct Month {
    name: String,
    short: String,
    owed: String,
    /// Without the smaller unit, to stand above a bar.
    round: String,
}

/// One currency's balance and how it went over the months.
struct CurrencyView {
    currency: String,
    owed: OwedWords,
    is_owed: bool,
    months: Vec<Month>,
    bars: Vec<Bar>,
    zero: i32,
}

impl CurrencyView {
    fn of(words: Words, owed: Owed, movements: &[Movement], today: jiff::civil::Date) -> Self {
        let money = |minor| Money::new(minor, owed.currency);
        let ends = month_ends(money(owed.balance()), movements, today);
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
        Self {
            currency: owed.currency.to_string(),
            owed: owed_words(words, Reader::Client, owed),
            is_owed: owed.due > 0,
            months,
            bars,
            zero,
        }
    }
}

#[derive(Template)]
#[template(path = "features/billing/templates/client.html")]
struct Page {
    frame: ClientFrame,
    accounts: Vec<CurrencyView>,
    height: i32,
    lines: Vec<LedgerLine>,
    older: Option<String>,
    is_first_page: bool,
    statements: Vec<StatementLine>,
    as_of: String,
    /// Can be paid here, by this reader.
    may_pay: bool,
    /// What is on its way or not finished: the words, and the address.
    checkouts: Vec<(String, String)>,
}

impl Page {
    /// Beside a heading that stands once for each of several currencies.
    fn in_currency(&self, account: &CurrencyView) -> String {
        if self.accounts.len() > 1 { format!(" ({})", account.currency) } else { String::new() }
    }
}

/// What is owed, each line, and the statements.
pub(super) async fn account_page(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Query(query): Query<PageQuery>,
) -> PageResult {
    let before = query.before();
    let (client, (account, movements, (statements, invoices, superbills), provider)) = ticket
        .open(&app, move |c, client| {
            let (chart, today) = (client.chart_id, client.facts.today);
            let parties = responsibility::seen_by(c, chart, client.person_id)?;
            let account = Account::read_for(c, chart, &parties, before)?;
            let statements = statement_store::list_for(c, chart, &parties, STATEMENTS)?;
            let invoices = invoice_store::list_for(c, chart, &parties, STATEMENTS)?;
            let superbills = if client.may_view(Right::Superbills) {
                superbill::list_for(c, chart, &parties, STATEMENTS)?
            } else {
                Vec::new()
            };
            // The provider is asked for only where its button or its news stands on the page.
            let provider = if client.may_act(Right::Billing) && before.is_none() && online::is_on(c)? {
                let mut unfinished = online::unfinished(c, chart)?;
                unfinished.retain(|one| parties.contains(&one.party_id));
                Some(unfinished)
            } else {
                None
            };
            let moved = account::movements(c, chart, &parties, today)?;
            Ok((account, moved, (statements, invoices, superbills), provider))
        })
        .await?;
    let words = client.words;
    let today = client.facts.today;
    let accounts =
        account.owed.iter().map(|owed| CurrencyView::of(words, *owed, &movements, today)).collect();
    let lines = ledger_lines(words, today, &account, |running| match running.line.item {
        Item::Charge(charge) => format!("/portal/account/charges/{charge}"),
        Item::Payment(payment) => format!("/portal/account/receipts/{payment}"),
        Item::Remittance(_) => String::new(),
    });
    let zone = client.practice.zone();
    let mut papers = invoice_lines(words, "/portal/account", &invoices);
    papers.extend(superbill_lines(words, &zone, "/portal/account", &superbills));
    papers.extend(statement_lines(words, &zone, "/portal/account", &statements));
    let checkouts = provider
        .iter()
        .flatten()
        .map(|one| {
            let key = match one.state {
                CheckoutState::Processing => "billing-pay-waiting",
                _ => "billing-pay-unfinished",
            };
            let href = format!("/portal/account/pay/{}", one.payment_id);
            (words.with1(key, "amount", one.money()), href)
        })
        .collect();
    let page = Page {
        may_pay: provider.is_some(),
        checkouts,
        accounts,
        height: picture::HEIGHT,
        lines,
        older: account.older.map(|before| older_page("/portal/account", before)),
        is_first_page: before.is_none(),
        statements: newest_first(papers),
        as_of: words.date(app.now(), &client.zone),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

/// A charge with its sentences.
struct Why {
    title: String,
    date: String,
    sentences: Vec<String>,
    conclusion: String,
}

impl Why {
    fn of(words: Words, explanation: &Explanation, named: &Named) -> Self {
        let charge: &Charge = &explanation.charge;
        let sentence = |step| wording::sentence(words, charge, step, named);
        Self {
            title: charge.description.clone(),
            date: charge.on_date.parse().map(|day| words.civil_date(day)).unwrap_or_default(),
            sentences: explanation.steps.iter().map(sentence).collect(),
            conclusion: wording::conclusion(words, explanation, named),
        }
    }
}

#[derive(Template)]
#[template(path = "features/billing/templates/why.html")]
struct WhyPage {
    frame: ClientFrame,
    title: String,
    /// What is owed for all of them, where there are several.
    totals: Vec<String>,
    /// Older charges that are owed and not explained here.
    more: bool,
    charges: Vec<Why>,
}

/// Why do I owe this? Every charge that is open.
pub(super) async fn why(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, (owed, open, more)) = ticket
        .open(&app, |c, client| {
            let parties = responsibility::seen_by(c, client.chart_id, client.person_id)?;
            let mut open = open_charges_of(c, client.chart_id, &parties, EXPLAINED + 1)?;
            let more = i64::try_from(open.len()).is_ok_and(|count| count > EXPLAINED);
            if more {
                open.pop();
            }
            let owed = ledger::owed_by(c, client.chart_id, &parties)?;
            Ok((owed, wording::explain_for(c, open, Some(&parties))?, more))
        })
        .await?;
    let (words, (explained, named)) = (client.words, open);
    let totals = owed
        .iter()
        .filter(|owed| owed.due > 0 || owed.credit > 0)
        .map(|owed| {
            let money = |minor: i64| Money::new(minor, owed.currency).to_string();
            let values = [
                ("due", money(owed.due)),
                ("credit", money(owed.credit)),
                ("balance", money(owed.balance().abs())),
            ];
            words.with(
                match (owed.credit, owed.balance()) {
                    (0, _) => "billing-why-total",
                    (_, 0..) => "billing-why-total-credit",
                    (_, _) => "billing-why-total-favor",
                },
                &values,
            )
        })
        .collect();
    let page = WhyPage {
        title: words.get("billing-why-title"),
        totals,
        more,
        charges: explained.iter().map(|one| Why::of(words, one, &named)).collect(),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

/// Why do I owe this? One charge.
pub(super) async fn why_charge(
    State(app): State<AppState>,
    client: ClientSession,
    Path(charge): Path<String>,
) -> PageResult {
    let charge: ChargeId = charge.parse().map_err(|_| PageError::NotFound)?;
    let (chart, viewer) = (client.chart_id, client.person_id);
    let found = app
        .db
        .read(&client.scope, move |c| {
            let Some(charge) = find_charge(c, chart, charge)? else { return Ok(None) };
            let parties = responsibility::seen_by(c, chart, viewer)?;
            let found = wording::explain_for(c, vec![charge], Some(&parties))?;
            Ok((!found.0.is_empty()).then_some(found))
        })
        .await?;
    let (explained, named) = found.ok_or(PageError::NotFound)?;
    let words = client.words;
    let page = WhyPage {
        title: words.get("billing-why-title"),
        totals: Vec::new(),
        more: false,
        charges: explained.iter().map(|one| Why::of(words, one, &named)).collect(),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}
