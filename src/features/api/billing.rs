//! `/api/v1`: accounts, charges, payments, refunds and statements. The same acts as the pages, each once for an
//! Idempotency-Key.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use jiff::civil::Date;

use super::billing_json::{
    AccountJson, AdjustmentJson, ChargeJson, ChargeList, ExplanationJson, MoneyJson, NewChargeJson,
    NewPaymentJson, NewRefundJson, NewStatementJson, PayerJson, PaymentJson, PaymentList, PaymentRow,
    StatementJson, StatementList, StepJson, UndoJson,
};
use super::caller::ApiCaller;
use super::charts::{cursor, cut, id, limit, query};
use super::idempotency::{Acted, Answer, Done, Once, once};
use super::json::{self, PageQuery};
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::billing::actions::{self, NewRefund, NewRelief, Refused};
use crate::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use crate::features::billing::encounter_store::EncounterLabel;
use crate::features::billing::input::{self, TextProblem};
use crate::features::billing::insurance::{self, NewShift, Shift};
use crate::features::billing::lifecycle::Refusal;
use crate::features::billing::statement::{self, NewStatement, NotMade, StatementData};
use crate::features::billing::{
    self, NewCharge, NewPayment, PaymentMethod, charges_of, chart_of_charge, chart_of_payment,
    chart_of_statement, find_charge, find_payment, payments_of, refunds_of, statement_pdf,
};
use crate::features::ledger::{self, Item, Relief, entries_of_item, owed_of, posting_currency};
use crate::features::people;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChargeId, ChartId, PayerId, PaymentId, StatementId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;

/// Statements in the list of a chart.
const STATEMENTS: i64 = 100;

pub(super) fn field(at: &str, detail: impl Into<String>) -> Problem {
    Problem::fields([(format!("/{at}"), detail.into())])
}

pub(super) fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::NotFound => problem::NOT_FOUND.into(),
        Refused::Currency(currency) => {
            field("amount/currency", format!("this account is kept in {currency}"))
        }
        Refused::TooMuch(most) => {
            let most = serde_json::json!({ "minor": most.minor, "currency": most.currency });
            Problem::from(problem::MORE_THAN_THERE_IS).with("most", most)
        }
        Refused::LifeCycle(Refusal::Refunded) => problem::PAYMENT_REFUNDED.into(),
        Refused::LifeCycle(Refusal::AtProvider) => {
            field("payment", "it came through the payment provider; refund it")
        }
        Refused::NoProvider => field("way", "this payment did not come through the payment provider"),
        Refused::NoPrice => field("amount", "the service has no price on this day"),
        Refused::NoInsurance => field("insurance", "the client is not insured there on this day"),
        Refused::NotAlone => field("confidential", "somebody else pays a part of this chart"),
        Refused::Disputed => field("payment", "the client's bank asks it back"),
        Refused::KnownCheck(_) => field("reference", "this check was entered before"),
        Refused::NotBalanced(by) => field("total", format!("the lines differ from it by {by}")),
        Refused::ChargedBefore(_)
        // Programs are not asked.
        | Refused::Doubtful
        | Refused::LifeCycle(_)
        | Refused::NotByItself
        | Refused::TooLittle(_)
        | Refused::OnItsWay => problem::UNDONE.into(),
    }
}

/// What a caller gives, checked.
pub(super) struct Given<'a> {
    pub(super) words: Words,
    pub(super) today: Date,
    caller: &'a ApiCaller,
}

impl<'a> Given<'a> {
    pub(super) fn of(app: &AppState, caller: &'a ApiCaller) -> Self {
        let today = caller.practice.today(app.now());
        Self { words: caller.words, today, caller }
    }

    pub(super) fn body<T: serde::de::DeserializeOwned>(&self, body: &Bytes) -> Result<T, Problem> {
        json::read(self.caller, body)
    }

    pub(super) fn day(&self, at: &str, text: &str) -> Result<Date, Problem> {
        input::day(read_day(text), self.today, self.words).map_err(|words| field(at, words))
    }

    pub(super) fn money(&self, given: &MoneyJson) -> Result<Money, Problem> {
        let currency = given.currency.parse().map_err(|_| field("amount/currency", "no such currency"))?;
        input::minor(given.minor, currency, self.words).map_err(|words| field("amount/minor", words))
    }

    pub(super) fn text(&self, at: &str, outcome: Result<String, TextProblem>) -> Result<String, Problem> {
        outcome.map_err(|problem| field(at, problem.words()))
    }

    pub(super) fn reason(&self, typed: &str) -> Result<String, Problem> {
        let most = input::MOST_IN_A_REASON;
        self.text("reason", input::needed(typed, most, "billing-error-reason", self.words))
    }

    pub(super) fn word<T: std::str::FromStr>(&self, at: &str, text: &str) -> Result<T, Problem> {
        text.parse().map_err(|_| field(at, "none of the words it can be"))
    }
}

/// A payer of the account.
pub(super) fn payer(given: &Given<'_>, text: Option<&str>) -> Result<Option<PayerId>, Problem> {
    text.map(|text| given.word("payer_id", text)).transpose()
}

/// Is there such a chart in this practice?
pub(super) fn must_exist(c: &mut Scoped<'_>, chart: ChartId) -> Result<Result<(), Problem>, Fault> {
    Ok(if people::is_chart(c, &chart)? { Ok(()) } else { Err(problem::NOT_FOUND.into()) })
}

/// Reads what belongs to a chart; "not found" where this practice has no such chart.
pub(super) async fn read_of_chart<T: Send + 'static>(
    app: &AppState,
    caller: &ApiCaller,
    chart: ChartId,
    mut read: impl FnMut(&mut Scoped<'_>) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Problem> {
    app.db
        .read(&caller.scope, move |c| {
            granted!(must_exist(c, chart)?);
            read(c).map(Ok)
        })
        .await?
}

/// What is owed on a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/account", tag = "Accounts", operation_id = "readAccount",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "What is owed, currency by currency", body = AccountJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn account(State(app): State<AppState>, caller: ApiCaller, Path(chart): Path<String>) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let (currency, owed, payers) = read_of_chart(&app, &caller, chart, move |c| {
        let parties = ledger::parties_with_entries(c, chart)?;
        let mut payers = Vec::with_capacity(parties.len());
        for payer in ledger::payers_of(c, &parties)? {
            let owed = ledger::owed_by(c, chart, &[payer.party])?;
            payers.push(PayerJson::of(&payer, owed.into_iter().map(Into::into).collect()));
        }
        Ok((posting_currency(c)?, owed_of(c, chart)?, payers))
    })
    .await?;
    let balances = owed.into_iter().map(Into::into).collect();
    let account =
        AccountJson { chart_id: chart.to_string(), currency: currency.to_string(), balances, payers };
    Ok(Answer::ok(account)?.into_response())
}

/// List the charges of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/charges", tag = "Accounts", operation_id = "listCharges",
    params(("chart" = String, Path, description = "The chart's id"), PageQuery),
    responses((status = 200, description = "A page of charges", body = ChargeList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn charges(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let (chart, asked): (ChartId, PageQuery) = (id(&chart)?, query(raw.as_deref())?);
    let (most, after) = (limit(asked.limit)?, cursor(asked.cursor.as_deref())?);
    let one_more = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows =
        read_of_chart(&app, &caller, chart, move |c| charges_of(c, chart, after, one_more)).await?;
    let next = cut(&mut rows, most, |row| row.charge_id.to_string());
    Ok(Answer::ok(ChargeList { charges: rows.iter().map(Into::into).collect(), next })?.into_response())
}

/// Post a charge. What is left of earlier payments pays it.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/charges", tag = "Accounts", operation_id = "postCharge",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewChargeJson,
    responses((status = 201, description = "The charge", body = ChargeJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn post_charge(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewChargeJson| new_service(&given, chart, &new));
    once(&app, &caller, &body, move |_, c| {
        let new = granted!(asked.clone());
        let posted = granted!(post_service(c, &by, &new)?.map_err(refused));
        let location = format!("/api/v1/charges/{}", posted.charge_id);
        Ok(Ok(Done { answer: Answer::ok(ChargeJson::from(&posted))?.created_at(location), chart }))
    })
    .await
}

/// A charge as a program asks for it, checked.
fn new_service(given: &Given<'_>, chart: ChartId, new: &NewChargeJson) -> Result<NewService, Problem> {
    let (words, most) = (given.words, input::MOST_IN_A_DESCRIPTION);
    let has_service = new.service_id.is_some();
    let description = match has_service {
        true => input::optional(&new.description, most, words),
        false => input::needed(&new.description, most, "billing-error-description", words),
    };
    let (price, amount) = match &new.amount {
        Some(amount) => (Price::Typed, given.money(amount)?),
        None if has_service => (Price::Listed, Money::new(0, Currency::USD)),
        None => return Err(field("amount", "an amount, or a service")),
    };
    let pays = match (&new.insurance_id, new.withheld) {
        (Some(_), true) => return Err(field("withheld", "not together with an insurance")),
        (Some(coverage), false) => {
            let copay = new.copay.as_ref().filter(|copay| copay.minor != 0);
            let copay = copay.map(|copay| given.money(copay)).transpose()?;
            Pays::Insurer(given.word("insurance_id", coverage)?, copay.map_or(0, |copay| copay.minor))
        }
        (None, true) => Pays::Withheld,
        (None, false) => Pays::SelfPay,
    };
    let codes =
        |at: &str, typed: &str, most| input::codes(typed, most, words).map_err(|said| field(at, said));
    if new.units.is_some_and(|units| !(1..=999).contains(&units)) {
        return Err(field("units", "1 to 999"));
    }
    Ok(NewService {
        charge: NewCharge {
            chart,
            on: given.day("on", &new.on)?,
            description: given.text("description", description)?,
            amount,
        },
        price,
        details: Details {
            service: new.service_id.as_deref().map(|one| given.word("service_id", one)).transpose()?,
            units: new.units,
            modifiers: codes("modifiers", &new.modifiers, 4)?,
            staff: new.clinician_id.as_deref().map(|one| given.word("clinician_id", one)).transpose()?,
            supervisor: new
                .supervisor_id
                .as_deref()
                .map(|one| given.word("supervisor_id", one))
                .transpose()?,
            place: codes("place_of_service", &new.place_of_service, 1)?,
            diagnoses: codes("diagnoses", &new.diagnoses, 12)?,
            appointment: new
                .appointment_id
                .as_deref()
                .map(|one| given.word("appointment_id", one))
                .transpose()?,
            label: new.confidential.then_some(EncounterLabel::Confidential),
            pays,
        },
    })
}

/// Finds a charge of the practice, whatever its chart.
fn load_charge(c: &mut Scoped<'_>, charge: ChargeId) -> Result<Result<billing::Charge, Problem>, Fault> {
    let Some(chart) = chart_of_charge(c, charge)? else { return Ok(Err(problem::NOT_FOUND.into())) };
    Ok(find_charge(c, chart, charge)?.ok_or_else(|| problem::NOT_FOUND.into()))
}

/// Read a charge.
#[utoipa::path(get, path = "/api/v1/charges/{charge}", tag = "Accounts", operation_id = "readCharge",
    params(("charge" = String, Path, description = "The charge's id")),
    responses((status = 200, description = "The charge", body = ChargeJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn charge(State(app): State<AppState>, caller: ApiCaller, Path(charge): Path<String>) -> ApiResult {
    let charge: ChargeId = id(&charge)?;
    let found = app.db.read(&caller.scope, move |c| load_charge(c, charge)).await??;
    Ok(Answer::ok(ChargeJson::from(&found))?.into_response())
}

/// Explain why a charge is owed. Its steps add up to what is owed.
#[utoipa::path(get, path = "/api/v1/charges/{charge}/explanation", tag = "Accounts", operation_id = "explainCharge",
    params(("charge" = String, Path, description = "The charge's id")),
    responses((status = 200, description = "Its steps", body = ExplanationJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn explanation(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(charge): Path<String>,
) -> ApiResult {
    let (charge, words): (ChargeId, _) = (id(&charge)?, caller.words);
    let found: Result<_, Problem> = app
        .db
        .read(&caller.scope, move |c| {
            let charge = granted!(load_charge(c, charge)?);
            Ok(Ok(billing::explain(c, vec![charge])?))
        })
        .await?;
    let (mut explained, named) = found?;
    let explained = explained.pop().ok_or(problem::NOT_FOUND)?;
    let steps = explained
        .steps
        .iter()
        .map(|step| StepJson {
            kind: step.head.kind.to_string(),
            is_reversal: step.head.reverses.is_some(),
            on: step.head.effective_on.to_string(),
            payment_id: step.payment.map(|id| id.to_string()),
            amount: step.amount.into(),
            left: step.left.into(),
            sentence: billing::sentence(words, &explained.charge, step, &named),
        })
        .collect();
    let charge = ChargeJson::from(&explained.charge);
    Ok(Answer::ok(ExplanationJson { charge, steps, owed: explained.owed.into() })?.into_response())
}

/// Take something off a charge.
#[utoipa::path(post, path = "/api/v1/charges/{charge}/adjustments", tag = "Accounts", operation_id = "adjustCharge",
    params(("charge" = String, Path, description = "The charge's id"), Once), request_body = AdjustmentJson,
    responses((status = 200, description = "The charge", body = ChargeJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn adjust(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(charge): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (charge, given, by): (ChargeId, _, _) = (id(&charge)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: AdjustmentJson| {
        let relief = match (new.kind.as_str(), Shift::read(&new.kind)) {
            ("discount", _) => Ok(Relief::Discount),
            ("write_off", _) => Ok(Relief::WriteOff),
            (_, Some(shift)) => Err(shift),
            (_, None) => return Err(field("kind", "none of the words it can be")),
        };
        Ok((relief, given.money(&new.amount)?, given.reason(&new.reason)?))
    });
    once(&app, &caller, &body, move |_, c| {
        let found = granted!(load_charge(c, charge)?);
        let (relief, amount, reason) = granted!(asked.clone());
        let chart = found.chart_id;
        match relief {
            Ok(relief) => {
                let new = NewRelief { chart, charge, relief, amount, reason };
                granted!(actions::relieve(c, &by, &new)?.map_err(refused));
            }
            Err(shift) => {
                let new = NewShift { chart, charge, shift, amount, reason };
                granted!(insurance::shift(c, &by, &new)?.map_err(refused));
            }
        }
        answer_with_charge(c, charge)
    })
    .await
}

fn answer_with_charge(c: &mut Scoped<'_>, charge: ChargeId) -> Acted {
    let now = granted!(load_charge(c, charge)?);
    Ok(Ok(Done { answer: Answer::ok(ChargeJson::from(&now))?, chart: now.chart_id }))
}

/// Take a charge back. What was paid of it becomes credit; taking it back again changes nothing.
#[utoipa::path(post, path = "/api/v1/charges/{charge}/void", tag = "Accounts", operation_id = "voidCharge",
    params(("charge" = String, Path, description = "The charge's id"), Once), request_body = UndoJson,
    responses((status = 200, description = "The charge", body = ChargeJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn void(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(charge): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (charge, given, by): (ChargeId, _, _) = (id(&charge)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|asked: UndoJson| given.reason(&asked.reason));
    once(&app, &caller, &body, move |_, c| {
        let found = granted!(load_charge(c, charge)?);
        let reason = granted!(asked.clone());
        granted!(actions::void_charge(c, &by, found.chart_id, charge, &reason)?.map_err(refused));
        answer_with_charge(c, charge)
    })
    .await
}

/// List the payments of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/payments", tag = "Accounts", operation_id = "listPayments",
    params(("chart" = String, Path, description = "The chart's id"), PageQuery),
    responses((status = 200, description = "A page of payments", body = PaymentList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn payments(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let (chart, asked): (ChartId, PageQuery) = (id(&chart)?, query(raw.as_deref())?);
    let (most, after) = (limit(asked.limit)?, cursor(asked.cursor.as_deref())?);
    let one_more = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows =
        read_of_chart(&app, &caller, chart, move |c| payments_of(c, chart, after, one_more)).await?;
    let next = cut(&mut rows, most, |row| row.payment_id.to_string());
    let payments = rows.iter().map(PaymentRow::from).collect();
    Ok(Answer::ok(PaymentList { payments, next })?.into_response())
}

fn answer_with_payment(
    c: &mut Scoped<'_>,
    payment: PaymentId,
) -> Result<Result<(ChartId, PaymentJson), Problem>, Fault> {
    let Some(chart) = chart_of_payment(c, payment)? else { return Ok(Err(problem::NOT_FOUND.into())) };
    let Some((found, _)) = find_payment(c, chart, payment)? else {
        return Ok(Err(problem::NOT_FOUND.into()));
    };
    let unused = ledger::unused(&entries_of_item(c, Item::Payment(payment))?, payment);
    let refunds = refunds_of(c, payment)?;
    Ok(Ok((chart, PaymentJson::of(chart.to_string(), &found, unused, &refunds))))
}

/// Record a payment. It pays what is owed, the oldest day of service first; the rest stays credit.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/payments", tag = "Accounts", operation_id = "recordPayment",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewPaymentJson,
    responses((status = 201, description = "The payment", body = PaymentJson), Usual),
    security(("api_key" = ["payments:write"])))]
pub async fn record_payment(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewPaymentJson| {
        let reference = input::optional(&new.reference, input::MOST_IN_A_REFERENCE, given.words);
        let pays = new.charge_id.as_deref().map(|charge| given.word("charge_id", charge)).transpose()?;
        Ok(NewPayment {
            chart,
            received_on: given.day("received_on", &new.received_on)?,
            method: PaymentMethod::read_recorded(&new.method)
                .ok_or_else(|| field("method", "none of the words it can be"))?,
            reference: given.text("reference", reference)?,
            amount: given.money(&new.amount)?,
            pays,
            payer: payer(&given, new.payer_id.as_deref())?,
        })
    });
    once(&app, &caller, &body, move |_, c| {
        let new = granted!(asked.clone());
        let made = granted!(actions::record_payment(c, &by, &new)?.map_err(refused));
        let (_, shown) = granted!(answer_with_payment(c, made.payment_id)?);
        let location = format!("/api/v1/payments/{}", made.payment_id);
        Ok(Ok(Done { answer: Answer::ok(shown)?.created_at(location), chart }))
    })
    .await
}

/// Read a payment.
#[utoipa::path(get, path = "/api/v1/payments/{payment}", tag = "Accounts", operation_id = "readPayment",
    params(("payment" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = PaymentJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn payment(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(payment): Path<String>,
) -> ApiResult {
    let payment: PaymentId = id(&payment)?;
    let (_, found) = app.db.read(&caller.scope, move |c| answer_with_payment(c, payment)).await??;
    Ok(Answer::ok(found)?.into_response())
}

/// Read the receipt of a payment as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/payments/{payment}/receipt/pdf", tag = "Accounts",
    operation_id = "readReceiptFile", params(("payment" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The file", content_type = "application/pdf"), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn receipt_file(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(payment): Path<String>,
) -> ApiResult {
    let payment: PaymentId = id(&payment)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(chart) = chart_of_payment(c, payment)? else { return Ok(None) };
            billing::receipt::read(c, chart, payment)
        })
        .await?;
    let found = found.ok_or_else(|| Problem::from(problem::NOT_FOUND))?;
    Ok(billing::receipt_pages::answer(found).await?)
}

/// Take a recorded payment back. What it paid is owed again; taking it back again changes nothing.
#[utoipa::path(post, path = "/api/v1/payments/{payment}/undo", tag = "Accounts", operation_id = "undoPayment",
    params(("payment" = String, Path, description = "The payment's id"), Once), request_body = UndoJson,
    responses((status = 200, description = "The payment", body = PaymentJson), Usual),
    security(("api_key" = ["payments:write"])))]
pub async fn undo_payment(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(payment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (payment, given, by): (PaymentId, _, _) = (id(&payment)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|asked: UndoJson| given.reason(&asked.reason));
    once(&app, &caller, &body, move |_, c| {
        let (chart, _) = granted!(answer_with_payment(c, payment)?);
        let reason = granted!(asked.clone());
        granted!(actions::undo_payment(c, &by, chart, payment, &reason)?.map_err(refused));
        let (chart, shown) = granted!(answer_with_payment(c, payment)?);
        Ok(Ok(Done { answer: Answer::ok(shown)?, chart }))
    })
    .await
}

/// Record a refund that was paid out. At most what is not used of the payment.
#[utoipa::path(post, path = "/api/v1/payments/{payment}/refunds", tag = "Accounts", operation_id = "recordRefund",
    params(("payment" = String, Path, description = "The payment's id"), Once), request_body = NewRefundJson,
    responses((status = 200, description = "The payment with its refunds", body = PaymentJson), Usual),
    security(("api_key" = ["payments:write"])))]
pub async fn refund(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(payment): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (payment, given, by): (PaymentId, _, _) = (id(&payment)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewRefundJson| {
        Ok((given.word("way", &new.way)?, given.money(&new.amount)?, given.reason(&new.reason)?))
    });
    once(&app, &caller, &body, move |_, c| {
        let (chart, _) = granted!(answer_with_payment(c, payment)?);
        let (way, amount, reason) = granted!(asked.clone());
        let new = NewRefund { chart, payment, way, amount, reason };
        granted!(actions::pay_refund(c, &by, &new)?.map_err(refused));
        let (chart, shown) = granted!(answer_with_payment(c, payment)?);
        Ok(Ok(Done { answer: Answer::ok(shown)?, chart }))
    })
    .await
}

/// List the newest statements of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/statements", tag = "Accounts", operation_id = "listStatements",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The newest statements", body = StatementList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn statements(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found =
        read_of_chart(&app, &caller, chart, move |c| billing::statements_of(c, chart, STATEMENTS)).await?;
    let statements = found.iter().map(Into::into).collect();
    Ok(Answer::ok(StatementList { statements })?.into_response())
}

/// Make a statement. Whoever may see the account gets a mail that says so, without any amount.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/statements", tag = "Accounts", operation_id = "makeStatement",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewStatementJson,
    responses((status = 201, description = "The statement", body = StatementJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn make_statement(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let today = given.today;
    let asked = given.body(&body).and_then(|new: NewStatementJson| {
        let since = read_day(&new.since).filter(|day| *day <= today);
        let since = since.ok_or_else(|| field("since", "a day that is not to come, such as 2026-12-01"))?;
        Ok((since, payer(&given, new.payer_id.as_deref())?))
    });
    once(&app, &caller, &body, move |app, c| {
        granted!(must_exist(c, chart)?);
        let (since, party) = granted!(asked.clone());
        let made = statement::make(app, c, &by, NewStatement { chart, since, party })?;
        let made = granted!(made.map_err(|why| match why {
            NotMade::Refused(why) => refused(why),
            NotMade::Nothing => problem::NOTHING_TO_STATE.into(),
            NotMade::TooLong => field("since", "more entries than one statement holds; choose a later day"),
        }));
        let data = statement::read(c, chart, made)?;
        let data = data.ok_or_else(|| Fault::Damaged(format!("statement {made} is not there")))?;
        let answer = Answer::ok(StatementJson::of(made.to_string(), &data))?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/statements/{made}")), chart }))
    })
    .await
}

/// Read a statement.
#[utoipa::path(get, path = "/api/v1/statements/{statement}", tag = "Accounts", operation_id = "readStatement",
    params(("statement" = String, Path, description = "The statement's id")),
    responses((status = 200, description = "The statement", body = StatementJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn statement(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(statement): Path<String>,
) -> ApiResult {
    let statement: StatementId = id(&statement)?;
    let data = load_statement(&app, &caller, statement).await?;
    Ok(Answer::ok(StatementJson::of(statement.to_string(), &data))?.into_response())
}

/// Read a statement as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/statements/{statement}/pdf", tag = "Accounts", operation_id = "readStatementFile",
    params(("statement" = String, Path, description = "The statement's id")),
    responses((status = 200, description = "The file", content_type = "application/pdf"), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn statement_file(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(statement): Path<String>,
) -> ApiResult {
    let data = load_statement(&app, &caller, id(&statement)?).await?;
    Ok(statement_pdf::answer(data).await?)
}

async fn load_statement(
    app: &AppState,
    caller: &ApiCaller,
    id: StatementId,
) -> Result<StatementData, Problem> {
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(chart) = chart_of_statement(c, id)? else { return Ok(None) };
            statement::read(c, chart, id)
        })
        .await?;
    found.ok_or_else(|| problem::NOT_FOUND.into())
}
