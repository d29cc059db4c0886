//! Paying, on the client's side: what to pay, the way to the provider's page, and what became of it. Nothing of a card
//! is ever asked for here.

use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};

use super::start::{self, Wish};
use super::store::{self, Checkout};
use super::task_store::{self, TaskKind};
use super::work;
use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::billing::actions::{Refused, once};
use crate::features::billing::client_pages::ACCOUNT;
use crate::features::billing::input;
use crate::features::billing::lifecycle::CheckoutState;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::wording::Named;
use crate::features::ledger::{self, Item};
use crate::kernel::ids::{ChargeId, ChartId, PaymentId, PersonId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{self, FormToken};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Charges that the form offers one by one.
const OFFERED: usize = 50;
/// The provider is asked about one payment at most once in so many seconds.
const LOOK_AGAIN: i64 = 3;
/// How long a page waits for the provider's news where the provider was asked a moment ago.
const NEWS_COMES: Duration = Duration::from_millis(800);
/// How long a page waits for the provider before it says what is known.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is due on a chart, and what is on its way.
struct Due {
    currency: Currency,
    due: i64,
    on_its_way: i64,
    charges: Vec<(ChargeId, i64, String, String)>,
}

/// `None` where the practice has no provider.
fn due(c: &mut Scoped<'_>, (chart, viewer): (ChartId, PersonId), words: Words) -> Result<Option<Due>, Fault> {
    if !store::is_on(c)? {
        return Ok(None);
    }
    let currency = ledger::posting_currency(c)?;
    let party = start::paid_by(c, chart, viewer, currency)?;
    let debts = match party {
        Some(party) => ledger::debts_of(c, chart, party, currency)?,
        None => Vec::new(),
    };
    let waiting = store::unfinished(c, chart)?;
    let waiting = waiting.iter().filter(|one| {
        one.state == CheckoutState::Processing && one.currency == currency && Some(one.party_id) == party
    });
    let on_its_way: i64 = waiting.map(|one| one.amount).sum();
    let shown = &debts[..debts.len().min(OFFERED)];
    let named = Named::of(c, shown.iter().map(|debt| Item::Charge(debt.charge)))?;
    let charges = shown
        .iter()
        .map(|debt| {
            let item = Item::Charge(debt.charge);
            (debt.charge, debt.owed, named.item(words, item), named.day_words(words, item))
        })
        .collect();
    let due = debts.iter().map(|debt| debt.owed).sum::<i64>() - on_its_way;
    Ok(Some(Due { currency, due: due.max(0), on_its_way, charges }))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PayForm {
    mark: String,
    /// `all`, `charges` or `amount`.
    what: String,
    charge: Vec<String>,
    amount: String,
}

struct Choice {
    id: String,
    what: String,
    date: String,
    owed: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "features/billing/templates/pay.html")]
struct PayPage {
    frame: ClientFrame,
    errors: FieldErrors,
    form: PayForm,
    currency: Currency,
    due: String,
    is_due: bool,
    on_its_way: Option<String>,
    charges: Vec<Choice>,
}

impl PayPage {
    fn is_chosen(&self, what: &str) -> bool {
        self.form.what == what
    }
}

fn pay_page_of(
    app: &AppState,
    client: &ClientSession,
    due: Due,
    form: PayForm,
    errors: FieldErrors,
) -> PayPage {
    let money = |minor| Money::new(minor, due.currency).to_string();
    PayPage {
        due: money(due.due),
        is_due: due.due > 0,
        on_its_way: (due.on_its_way > 0).then(|| money(due.on_its_way)),
        charges: due
            .charges
            .into_iter()
            .map(|(id, owed, what, date)| Choice {
                is_chosen: form.charge.contains(&id.to_string()),
                id: id.to_string(),
                what,
                date,
                owed: money(owed),
            })
            .collect(),
        currency: due.currency,
        form,
        errors,
        frame: client.frame(app, ACCOUNT),
    }
}

/// What to pay.
pub async fn pay_page(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, due) =
        ticket.open(&app, |c, client| due(c, (client.chart_id, client.person_id), client.words)).await?;
    let due = due.ok_or(PageError::NotFound)?;
    let form =
        PayForm { mark: FormToken::fresh(app.rng.as_ref()), what: "all".to_owned(), ..PayForm::default() };
    html(pay_page_of(&app, &client, due, form, FieldErrors::new()).render())
}

/// What was chosen, or what is wrong with it. Fields of another choice are not shown; what is left in them does not
/// count.
fn wish(form: &PayForm, currency: Currency, words: Words, errors: &mut FieldErrors) -> Option<Wish> {
    match form.what.as_str() {
        "all" => Some(Wish::All),
        "amount" => match input::amount(&form.amount, currency, words) {
            Ok(amount) => Some(Wish::Amount(amount)),
            Err(wrong) => {
                errors.add("amount", wrong);
                None
            }
        },
        "charges" => {
            let chosen: Result<Vec<ChargeId>, _> = form.charge.iter().map(|id| id.parse()).collect();
            match chosen {
                Ok(chosen) if !chosen.is_empty() => Some(Wish::Charges(chosen)),
                _ => {
                    errors.add("charge", words.get("billing-pay-choose-charge"));
                    None
                }
            }
        }
        _ => {
            errors.add("what", words.get("billing-error-choose"));
            None
        }
    }
}

fn refused(
    words: Words,
    refused: Refused,
    field: &'static str,
    errors: &mut FieldErrors,
) -> Result<(), PageError> {
    let said = match refused {
        Refused::NotFound | Refused::NoProvider => return Err(PageError::NotFound),
        Refused::TooMuch(most) if most.minor == 0 => words.get("billing-pay-nothing-due"),
        Refused::TooMuch(most) => words.with1("billing-pay-at-most", "most", most),
        Refused::TooLittle(least) => words.with1("billing-pay-at-least", "least", least),
        Refused::Currency(currency) => words.with1("billing-error-currency", "currency", currency),
        Refused::OnItsWay => words.get("billing-pay-on-its-way"),
        _ => words.get("billing-error-undone-meanwhile"),
    };
    let at = if matches!(refused, Refused::OnItsWay) { "form" } else { field };
    errors.add(at, said);
    Ok(())
}

/// Begins the payment. The same form sent twice begins one; a page that was open before is closed first.
pub async fn pay(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: PayForm = client.form(&body)?;
    let (words, chart, access) = (client.words, client.chart_id, client.access_id);
    let viewer = client.person_id;
    let mark = FormToken::read("pay", &client.account_id.to_string(), &form.mark, &body)?;
    let known = mark.clone();
    let (made, due) = app
        .db
        .read(&client.scope, move |c| {
            Ok((form_token::made_before(c, &known)?, due(c, (chart, viewer), words)?))
        })
        .await?;
    let go = |payment: &str| see_other(&format!("/portal/account/pay/{payment}/go"));
    if let Some(made) = made {
        return Ok(go(&made));
    }
    let due = due.ok_or(PageError::NotFound)?;
    let mut errors = FieldErrors::new();
    let field = match form.what.as_str() {
        "charges" => "charge",
        "amount" => "amount",
        _ => "what",
    };
    let Some(wish) = wish(&form, due.currency, words, &mut errors) else {
        return unprocessable(pay_page_of(&app, &client, due, form, errors).render());
    };
    let closing = start::close_open(&app, &client.scope, (chart, viewer));
    if let Ok(outcome) = tokio::time::timeout(PATIENCE, closing).await {
        outcome?;
    }
    let (inside, by) = (app.clone(), client.by());
    let act = move |c: &mut Scoped<'_>| start::start(&inside, c, &by, (chart, access, Some(viewer)), &wish);
    match once(&app, &client.scope, chart, mark, act).await? {
        Ok(payment) => {
            open_now(&app, &client, &payment).await?;
            Ok(go(&payment))
        }
        Err(why) => {
            refused(words, why, field, &mut errors)?;
            unprocessable(pay_page_of(&app, &client, due, form, errors).render())
        }
    }
}

/// Asks for the page at once, so that the next page has its address. If that takes too long, it is asked for on.
async fn open_now(app: &AppState, client: &ClientSession, payment: &str) -> Result<(), PageError> {
    let payment: PaymentId = payment.parse().map_err(|_| PageError::NotFound)?;
    let find = move |c: &mut Scoped<'_>| task_store::find_about(c, TaskKind::OpenCheckout, payment.uuid());
    if let Some(task) = app.db.read(&client.scope, find).await? {
        let (app, practice) = (app.clone(), *client.scope.id());
        // On a task of its own: what was begun is carried to its end although nobody waits any more.
        let opening = tokio::spawn(async move { work::run_now(&app, &practice, task).await });
        if let Ok(Ok(outcome)) = tokio::time::timeout(PATIENCE, opening).await {
            outcome?;
        }
    }
    Ok(())
}

/// A checkout of the chart in view.
async fn of_client(app: &AppState, client: &ClientSession, id: &str) -> Result<Checkout, PageError> {
    let id: PaymentId = id.parse().map_err(|_| PageError::NotFound)?;
    let found = app.db.read_by_key(&client.scope, move |c| store::find_checkout(c, id)).await?;
    let found = found.filter(|found| found.chart_id == client.chart_id).ok_or(PageError::NotFound)?;
    let (chart, viewer) = (client.chart_id, client.person_id);
    let parties = app.db.read(&client.scope, move |c| responsibility::seen_by(c, chart, viewer)).await?;
    if parties.contains(&found.party_id) { Ok(found) } else { Err(PageError::NotFound) }
}

#[derive(Template)]
#[template(path = "features/billing/templates/pay_go.html")]
struct GoPage {
    frame: ClientFrame,
    amount: String,
    payee: String,
    /// The address of the provider's page.
    url: Option<String>,
    again: String,
    is_failed: bool,
}

/// The way to the provider's page: a link, because no form may lead to another site.
pub async fn go(State(app): State<AppState>, client: ClientSession, Path(id): Path<String>) -> PageResult {
    let known = of_client(&app, &client, &id).await?;
    let here = format!("/portal/account/pay/{}", known.payment_id);
    match known.state {
        CheckoutState::Started | CheckoutState::Failed if known.session_id.is_none() => {}
        CheckoutState::Started if known.url.is_some() => {}
        _ => return Ok(see_other(&here)),
    }
    let page = GoPage {
        amount: known.money().to_string(),
        payee: client.practice.name.clone(),
        is_failed: known.state == CheckoutState::Failed,
        // Who only looks pays nothing.
        url: known.url.filter(|_| known.state == CheckoutState::Started && client.onlooker().is_none()),
        again: format!("{here}/go"),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

#[derive(Template)]
#[template(path = "features/billing/templates/pay_done.html")]
struct DonePage {
    frame: ClientFrame,
    title: String,
    text: String,
    tone: &'static str,
    /// "Check again".
    again: Option<String>,
    /// On to the provider's page.
    go: Option<String>,
    receipt: Option<String>,
    may_pay: bool,
}

/// Asks the provider what became of a payment, unless it was asked a moment ago.
async fn look(app: &AppState, client: &ClientSession, known: &Checkout) -> Result<(), PageError> {
    let is_open = matches!(known.state, CheckoutState::Started | CheckoutState::Processing);
    if !is_open || known.session_id.is_none() {
        return Ok(());
    }
    if known.looked_at.is_some_and(|at| !at.is_over_for(LOOK_AGAIN, app.now())) {
        // That may have been before the client paid: then the provider's news is on its way.
        tokio::time::sleep(NEWS_COMES).await;
        return Ok(());
    }
    let payment = known.payment_id;
    let ask = move |c: &mut Scoped<'_>| task_store::add_once(c, TaskKind::LookAtCheckout, payment.uuid());
    let task = app.db.write(&client.scope, ask).await?;
    let (app, practice) = (app.clone(), *client.scope.id());
    let looking = tokio::spawn(async move { work::run_now(&app, &practice, task).await });
    if let Ok(Ok(outcome)) = tokio::time::timeout(PATIENCE, looking).await {
        outcome?;
    }
    Ok(())
}

/// What became of a payment. Who comes back from the provider's page sees what is true, whatever that page said.
pub async fn done(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> PageResult {
    let mut known = of_client(&app, &client, &id).await?;
    if client.is_read(&method, &headers)? {
        look(&app, &client, &known).await?;
        known = of_client(&app, &client, &id).await?;
    }
    let (words, here) = (client.words, format!("/portal/account/pay/{}", known.payment_id));
    let key = match known.state {
        CheckoutState::Paid => "paid",
        CheckoutState::Processing => "processing",
        CheckoutState::Started => "open",
        CheckoutState::Failed => "failed",
        CheckoutState::Expired => "expired",
    };
    let arrived = known.received.unwrap_or(known.amount);
    let amount = Money::new(arrived, known.currency).to_string();
    let page = DonePage {
        title: words.get(&format!("billing-pay-{key}-title")),
        text: words.with1(&format!("billing-pay-{key}-text"), "amount", amount),
        tone: match known.state {
            CheckoutState::Paid => "good",
            CheckoutState::Processing => "waiting",
            _ => "attention",
        },
        again: matches!(known.state, CheckoutState::Processing | CheckoutState::Started)
            .then(|| here.clone()),
        go: (known.state == CheckoutState::Started && known.url.is_some()).then(|| format!("{here}/go")),
        receipt: (known.state == CheckoutState::Paid)
            .then(|| format!("/portal/account/receipts/{}", known.payment_id)),
        may_pay: !matches!(known.state, CheckoutState::Paid | CheckoutState::Processing),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}
