//! `/api/v1`: services and prices, who pays, lower fees, insurances, what insurers sent, disputes. The same acts as the
//! pages, each once for an Idempotency-Key.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use jiff::civil::Date;

use super::billing::{Given, field, must_exist, read_of_chart, refused};
use super::billing_json::MoneyJson;
use super::caller::ApiCaller;
use super::charts::id;
use super::idempotency::{Answer, Done, Once, once};
use super::payers_json::{
    AgreementJson, AgreementList, DisputeJson, DisputeList, InsuranceJson, InsuranceList, NewAgreementJson,
    NewInsuranceJson, NewRemittanceJson, NewResponsibilityJson, RemittanceJson, RemittanceLineJson,
    RemittanceList, ResponsibilityJson, ResponsibilityList, ServiceJson, ServiceList,
};
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::billing::chart_of_charge;
use crate::features::billing::dispute_store::disputes_of;
use crate::features::billing::input;
use crate::features::billing::insurance::{NewRemittance, add_coverage, record_remittance};
use crate::features::billing::insurance_store::{
    NewCoverage, RemittanceLine, coverages, find_remittance, remittance_lines, remittances,
};
use crate::features::billing::responsibility_store::{
    Agreement, MOST_PAYERS, NewShares, WHOLE, agree, agreements, history, set,
};
use crate::features::billing::service_store::{prices, services};
use crate::features::ledger;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChartId, PayerId, RemittanceId};
use crate::kernel::money::{Currency, LARGEST};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Rows of a list that has no pages.
const SHOWN: i64 = 100;
/// Lines of one remittance.
const LINES: usize = 200;

/// List the services of the practice, with their prices.
#[utoipa::path(get, path = "/api/v1/services", tag = "Accounts", operation_id = "listServices",
    responses((status = 200, description = "Every service", body = ServiceList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn list_services(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let (found, prices) = app.db.read(&caller.scope, |c| Ok((services(c)?, prices(c)?))).await?;
    let services = found.iter().map(|service| ServiceJson::of(service, &prices)).collect();
    Ok(Answer::ok(ServiceList { services })?.into_response())
}

/// A day of service: not checked against today, because an agreement may begin before it or after it.
fn any_day(at: &str, text: &str) -> Result<Date, Problem> {
    read_day(text).ok_or_else(|| field(at, "a day, such as 2026-12-01"))
}

/// The last day of something that begins on `from`.
fn end(from: Date, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let until = any_day("until", text)?;
    if until < from { Err(field("until", "before the first day")) } else { Ok(Some(until)) }
}

fn read_responsibility(c: &mut Scoped<'_>, chart: ChartId) -> Result<ResponsibilityList, Fault> {
    let changes = history(c, chart)?;
    let parties: Vec<PayerId> =
        changes.iter().flat_map(|change| change.shares.iter().map(|share| share.party)).collect();
    let payers = ledger::payers_of(c, &parties)?;
    Ok(ResponsibilityList {
        changes: changes.iter().map(|change| ResponsibilityJson::of(change, &payers)).collect(),
    })
}

/// Read who pays the fees of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/responsibility", tag = "Accounts", operation_id = "readResponsibility",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "Every change", body = ResponsibilityList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn responsibility(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = read_of_chart(&app, &caller, chart, move |c| read_responsibility(c, chart)).await?;
    Ok(Answer::ok(found)?.into_response())
}

/// Set who pays the fees of a chart from a day of service on.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/responsibility", tag = "Accounts", operation_id = "setResponsibility",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewResponsibilityJson,
    responses((status = 200, description = "Every change", body = ResponsibilityList), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn set_responsibility(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewResponsibilityJson| {
        let mut shares = Vec::with_capacity(new.shares.len());
        for share in &new.shares {
            shares.push((given.word("shares", &share.person_id)?, share.basis_points));
        }
        let sum = shares.iter().try_fold(0i32, |sum, (_, points)| sum.checked_add(*points));
        if sum != Some(WHOLE) || !(1..=MOST_PAYERS).contains(&shares.len()) {
            return Err(field("shares", "one to four that add up to 10000"));
        }
        Ok(NewShares { chart, from: any_day("from", &new.from)?, shares, reason: given.reason(&new.reason)? })
    });
    once(&app, &caller, &body, move |_, c| {
        granted!(must_exist(c, chart)?);
        let new = granted!(asked.clone());
        let done = set(c, &by, &new)?;
        granted!(done.map_err(|_| field("shares", "each a different person of this chart")));
        Ok(Ok(Done { answer: Answer::ok(read_responsibility(c, chart)?)?, chart }))
    })
    .await
}

fn read_agreements(c: &mut Scoped<'_>, chart: ChartId) -> Result<AgreementList, Fault> {
    Ok(AgreementList { agreements: agreements(c, chart)?.iter().map(AgreementJson::from).collect() })
}

/// Read the lower fees that were agreed with a client.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/fee-agreements", tag = "Accounts", operation_id = "listFeeAgreements",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "Every agreement", body = AgreementList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn fee_agreements(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = read_of_chart(&app, &caller, chart, move |c| read_agreements(c, chart)).await?;
    Ok(Answer::ok(found)?.into_response())
}

/// Agree on a lower fee from a day of service on.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/fee-agreements", tag = "Accounts", operation_id = "agreeOnFee",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewAgreementJson,
    responses((status = 200, description = "Every agreement", body = AgreementList), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn agree_on_fee(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewAgreementJson| {
        if !(0..=WHOLE).contains(&new.basis_points) {
            return Err(field("basis_points", "0 to 10000"));
        }
        let from = any_day("from", &new.from)?;
        let until = end(from, new.until.as_deref())?;
        let reason = given.reason(&new.reason)?;
        Ok(Agreement { from, until, basis_points: new.basis_points, reason, by_name: String::new() })
    });
    once(&app, &caller, &body, move |_, c| {
        let new = granted!(asked.clone());
        granted!(agree(c, &by, chart, &new)?.map_err(refused));
        Ok(Ok(Done { answer: Answer::ok(read_agreements(c, chart)?)?, chart }))
    })
    .await
}

/// List the insurances of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/insurances", tag = "Accounts", operation_id = "listInsurances",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "Its insurances", body = InsuranceList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn insurances(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = read_of_chart(&app, &caller, chart, move |c| coverages(c, chart)).await?;
    let insurances = found.iter().map(InsuranceJson::from).collect();
    Ok(Answer::ok(InsuranceList { insurances })?.into_response())
}

/// Write down with whom a client is insured, so that charges can go there.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/insurances", tag = "Accounts", operation_id = "addInsurance",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewInsuranceJson,
    responses((status = 201, description = "The insurance", body = InsuranceJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn add_insurance(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let words = given.words;
    let asked = given.body(&body).and_then(|new: NewInsuranceJson| {
        let most = input::MOST_IN_A_DESCRIPTION;
        let from = any_day("from", &new.from)?;
        let optional = |at: &str, typed: &str, most| given.text(at, input::optional(typed, most, words));
        let member = input::needed(&new.member_number, 60, "billing-error-member", words);
        Ok(NewCoverage {
            chart,
            insurer: given
                .text("insurer", input::needed(&new.insurer, most, "billing-error-insurer", words))?,
            payer_code: optional("payer_code", &new.payer_code, 30)?,
            member_number: given.text("member_number", member)?,
            group_number: optional("group_number", &new.group_number, 60)?,
            subscriber: optional("subscriber", &new.subscriber, most)?,
            from,
            until: end(from, new.until.as_deref())?,
        })
    });
    once(&app, &caller, &body, move |_, c| {
        let new = granted!(asked.clone());
        let made = granted!(add_coverage(c, &by, &new)?.map_err(refused));
        let found = coverages(c, chart)?.into_iter().find(|one| one.insurance_id == made);
        let found = found.ok_or_else(|| Fault::Damaged(format!("insurance {made} is not there")))?;
        let answer = Answer::ok(InsuranceJson::from(&found))?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/charts/{chart}/insurances")), chart }))
    })
    .await
}

/// List what insurers sent.
#[utoipa::path(get, path = "/api/v1/remittances", tag = "Accounts", operation_id = "listRemittances",
    responses((status = 200, description = "The newest", body = RemittanceList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn list_remittances(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let found = app.db.read(&caller.scope, |c| remittances(c, SHOWN)).await?;
    let remittances = found.iter().map(|one| RemittanceJson::of(one, None)).collect();
    Ok(Answer::ok(RemittanceList { remittances })?.into_response())
}

fn load_remittance(c: &mut Scoped<'_>, id: RemittanceId) -> Result<Option<RemittanceJson>, Fault> {
    let Some(found) = find_remittance(c, id)? else { return Ok(None) };
    Ok(Some(RemittanceJson::of(&found, Some(&remittance_lines(c, id)?))))
}

/// Read what an insurer sent, with its lines.
#[utoipa::path(get, path = "/api/v1/remittances/{remittance}", tag = "Accounts", operation_id = "readRemittance",
    params(("remittance" = String, Path, description = "The remittance's id")),
    responses((status = 200, description = "The remittance", body = RemittanceJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn remittance(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(remittance): Path<String>,
) -> ApiResult {
    let remittance: RemittanceId = id(&remittance)?;
    let found = app.db.read(&caller.scope, move |c| load_remittance(c, remittance)).await?;
    Ok(Answer::ok(found.ok_or(problem::NOT_FOUND)?)?.into_response())
}

/// Is it the least that an amount may be?
#[derive(Clone, Copy)]
enum Sign {
    /// Nothing or more.
    Plain,
    /// Also less than nothing.
    Either,
}

fn minor(at: &str, given: &MoneyJson, currency: Currency, sign: Sign) -> Result<i64, Problem> {
    if given.currency != currency.to_string() {
        return Err(field(&format!("{at}/currency"), "another currency than the total's"));
    }
    let least = match sign {
        Sign::Plain => 0,
        Sign::Either => -LARGEST,
    };
    if !(least..=LARGEST).contains(&given.minor) {
        return Err(field(&format!("{at}/minor"), "more or less than an amount can be"));
    }
    Ok(given.minor)
}

fn line(at: usize, given: &RemittanceLineJson, currency: Currency) -> Result<RemittanceLine, Problem> {
    let charge = given.charge_id.parse();
    let of = |name: &str, money, sign| minor(&format!("lines/{at}/{name}"), money, currency, sign);
    Ok(RemittanceLine {
        charge: charge.map_err(|_| field(&format!("lines/{at}/charge_id"), "not an id"))?,
        paid: of("paid", &given.paid, Sign::Either)?,
        contractual: of("contractual", &given.contractual, Sign::Plain)?,
        client: of("client", &given.client, Sign::Plain)?,
    })
}

/// Enter what an insurer sent: its lines add up to it to the cent, and the same check is taken once.
#[utoipa::path(post, path = "/api/v1/remittances", tag = "Accounts", operation_id = "enterRemittance",
    params(Once), request_body = NewRemittanceJson,
    responses((status = 201, description = "The remittance", body = RemittanceJson), Usual),
    security(("api_key" = ["payments:write"])))]
pub async fn enter_remittance(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let (given, by) = (Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|new: NewRemittanceJson| {
        let currency: Currency =
            new.total.currency.parse().map_err(|_| field("total/currency", "no such currency"))?;
        if !(1..=LINES).contains(&new.lines.len()) {
            return Err(field("lines", format!("1 to {LINES}")));
        }
        let most = input::MOST_IN_A_REFERENCE;
        let reference = input::needed(&new.reference, most, "billing-error-check-number", given.words);
        let lines: Result<Vec<_>, _> =
            new.lines.iter().enumerate().map(|(at, one)| line(at, one, currency)).collect();
        Ok(NewRemittance {
            insurer: given.word("insurer_id", &new.insurer_id)?,
            reference: given.text("reference", reference)?,
            paid_on: given.day("paid_on", &new.paid_on)?,
            total: crate::kernel::money::Money::new(
                minor("total", &new.total, currency, Sign::Either)?,
                currency,
            ),
            lines: lines?,
        })
    });
    once(&app, &caller, &body, move |_, c| {
        let new = granted!(asked.clone());
        let first = new.lines.first().map(|line| line.charge);
        let entered = record_remittance(c, &by, &new)?;
        let made = granted!(entered.map_err(|why| {
            let problem = refused(why.why);
            if problem.kind() == problem::NOT_FOUND || problem.kind() == problem::MORE_THAN_THERE_IS {
                problem.with("line", why.n)
            } else {
                problem
            }
        }));
        let shown = load_remittance(c, made)?;
        let shown = shown.ok_or_else(|| Fault::Damaged(format!("remittance {made} is not there")))?;
        let chart = match first {
            Some(charge) => chart_of_charge(c, charge)?,
            None => None,
        };
        let chart = chart.ok_or_else(|| Fault::other("a remittance has no chart"))?;
        let answer = Answer::ok(shown)?.created_at(format!("/api/v1/remittances/{made}"));
        Ok(Ok(Done { answer, chart }))
    })
    .await
}

/// List the payments of a chart that clients' banks ask about, or ask back.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/disputes", tag = "Accounts", operation_id = "listDisputes",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The newest", body = DisputeList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn disputes(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = read_of_chart(&app, &caller, chart, move |c| disputes_of(c, chart, SHOWN)).await?;
    let disputes = found.iter().map(DisputeJson::from).collect();
    Ok(Answer::ok(DisputeList { disputes })?.into_response())
}
