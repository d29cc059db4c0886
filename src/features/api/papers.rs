//! `/api/v1`: invoices and superbills. The same acts as the pages, each once for an Idempotency-Key.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::billing::{Given, field, must_exist, payer, read_of_chart, refused};
use super::billing_json::UndoJson;
use super::caller::ApiCaller;
use super::charts::id;
use super::idempotency::{Answer, Done, Once, once};
use super::papers_json::{
    InvoiceJson, InvoiceList, NewInvoiceJson, NewSuperbillJson, PaperRow, SuperbillJson, SuperbillList,
};
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::billing::invoice::{self, DUE_AFTER, Invoice, NewInvoice};
use crate::features::billing::superbill::{self, NewSuperbill, NotMade, SuperbillData};
use crate::features::billing::{invoice_store, paper_pages, responsibility_store, superbill_store};
use crate::kernel::civil::read_day;
use crate::kernel::ids::{ChargeId, ChartId, InvoiceId, SuperbillId};
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Papers in the list of a chart.
const SHOWN: i64 = 100;

/// List the newest invoices of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/invoices", tag = "Accounts", operation_id = "listInvoices",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The newest invoices", body = InvoiceList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn invoices(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = read_of_chart(&app, &caller, chart, move |c| invoice_store::list_of(c, chart, SHOWN)).await?;
    let invoices = found
        .into_iter()
        .map(|one| PaperRow {
            id: one.invoice_id.to_string(),
            number: one.number,
            payer_id: one.party_id.to_string(),
            issued_at: one.issued_at.to_string(),
        })
        .collect();
    Ok(Answer::ok(InvoiceList { invoices })?.into_response())
}

/// Make an invoice, and tell whoever may see it by a mail without any amount. The same charges again are the same.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/invoices", tag = "Accounts", operation_id = "makeInvoice",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewInvoiceJson,
    responses((status = 201, description = "The invoice", body = InvoiceJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn make_invoice(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let today = given.today;
    let asked = given.body(&body).and_then(|new: NewInvoiceJson| {
        let due = match new.due_on.as_deref() {
            None => Some(today.saturating_add(jiff::Span::new().days(DUE_AFTER))),
            Some(text) => read_day(text).filter(|day| *day >= today),
        };
        let charges: Result<Vec<ChargeId>, Problem> =
            new.charge_ids.iter().map(|text| given.word("charge_ids", text)).collect();
        Ok((
            payer(&given, new.payer_id.as_deref())?,
            charges?,
            due.ok_or_else(|| field("due_on", "a day that is not over, such as 2026-12-01"))?,
        ))
    });
    once(&app, &caller, &body, move |app, c| {
        granted!(must_exist(c, chart)?);
        let (party, charges, due_on) = granted!(asked.clone());
        let party = match party {
            Some(party) => party,
            None => match responsibility_store::first_payer_of(c, chart, today)? {
                Some(party) => party,
                None => return Ok(Err(problem::NOTHING_TO_STATE.into())),
            },
        };
        let made = invoice::issue(app, c, &by, &NewInvoice { chart, party, charges, due_on })?;
        let made = granted!(made.map_err(|why| match refused(why) {
            problem if problem.kind() == problem::MORE_THAN_THERE_IS => problem::NOTHING_TO_STATE.into(),
            problem => problem,
        }));
        let answer = Answer::ok(InvoiceJson::of(&must_read(c, chart, made)?))?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/invoices/{made}")), chart }))
    })
    .await
}

fn must_read(c: &mut Scoped<'_>, chart: ChartId, id: InvoiceId) -> Result<Invoice, Fault> {
    invoice::read(c, chart, id)?.ok_or_else(|| Fault::Damaged(format!("invoice {id} is not there")))
}

async fn load_invoice(app: &AppState, caller: &ApiCaller, text: &str) -> Result<Invoice, Problem> {
    let wanted: InvoiceId = id(text)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(chart) = invoice_store::chart_of_invoice(c, wanted)? else { return Ok(None) };
            invoice::read(c, chart, wanted)
        })
        .await?;
    found.ok_or_else(|| problem::NOT_FOUND.into())
}

/// Read an invoice, and what of it is open now.
#[utoipa::path(get, path = "/api/v1/invoices/{invoice}", tag = "Accounts", operation_id = "readInvoice",
    params(("invoice" = String, Path, description = "The invoice's id")),
    responses((status = 200, description = "The invoice", body = InvoiceJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn invoice(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(invoice): Path<String>,
) -> ApiResult {
    let found = load_invoice(&app, &caller, &invoice).await?;
    Ok(Answer::ok(InvoiceJson::of(&found))?.into_response())
}

/// Read an invoice as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/invoices/{invoice}/pdf", tag = "Accounts", operation_id = "readInvoiceFile",
    params(("invoice" = String, Path, description = "The invoice's id")),
    responses((status = 200, description = "The file", content_type = "application/pdf"), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn invoice_file(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(invoice): Path<String>,
) -> ApiResult {
    let found = load_invoice(&app, &caller, &invoice).await?;
    Ok(paper_pages::invoice_file(found).await?)
}

/// Take an invoice back. What it asked for is owed all the same; its number is not given again.
#[utoipa::path(post, path = "/api/v1/invoices/{invoice}/void", tag = "Accounts", operation_id = "voidInvoice",
    params(("invoice" = String, Path, description = "The invoice's id"), Once), request_body = UndoJson,
    responses((status = 200, description = "The invoice", body = InvoiceJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn void_invoice(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(invoice): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (wanted, given, by): (InvoiceId, _, _) = (id(&invoice)?, Given::of(&app, &caller), caller.by());
    let asked = given.body(&body).and_then(|asked: UndoJson| given.reason(&asked.reason));
    once(&app, &caller, &body, move |_, c| {
        let chart = granted!(
            invoice_store::chart_of_invoice(c, wanted)?.ok_or_else(|| Problem::from(problem::NOT_FOUND))
        );
        let reason = granted!(asked.clone());
        granted!(invoice::void(c, &by, chart, wanted, &reason)?.map_err(refused));
        Ok(Ok(Done { answer: Answer::ok(InvoiceJson::of(&must_read(c, chart, wanted)?))?, chart }))
    })
    .await
}

/// List the newest superbills of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/superbills", tag = "Accounts", operation_id = "listSuperbills",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The newest superbills", body = SuperbillList), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn superbills(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found =
        read_of_chart(&app, &caller, chart, move |c| superbill_store::list_of(c, chart, SHOWN)).await?;
    let superbills = found
        .into_iter()
        .map(|one| PaperRow {
            id: one.superbill_id.to_string(),
            number: one.number,
            payer_id: one.party_id.to_string(),
            issued_at: one.issued_at.to_string(),
        })
        .collect();
    Ok(Answer::ok(SuperbillList { superbills })?.into_response())
}

/// Make a superbill. What an insurer would ask for and is not there is named in `errors`.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/superbills", tag = "Accounts", operation_id = "makeSuperbill",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = NewSuperbillJson,
    responses((status = 201, description = "The superbill", body = SuperbillJson), Usual),
    security(("api_key" = ["billing:write"])))]
pub async fn make_superbill(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let (chart, given, by): (ChartId, _, _) = (id(&chart)?, Given::of(&app, &caller), caller.by());
    let words = given.words;
    let asked = given.body(&body).and_then(|new: NewSuperbillJson| {
        let day = |at: &str, text: &str| read_day(text).ok_or_else(|| field(at, "a day, such as 2026-12-01"));
        let (from, until) = (day("from", &new.from)?, day("until", &new.until)?);
        if until < from {
            return Err(field("until", "before the first day"));
        }
        Ok(NewSuperbill { chart, party: payer(&given, new.payer_id.as_deref())?, from, until })
    });
    once(&app, &caller, &body, move |app, c| {
        let new = granted!(asked.clone());
        let made = granted!(superbill::make(app, c, &by, &new)?.map_err(|why| match why {
            NotMade::NotFound => Problem::from(problem::NOT_FOUND),
            NotMade::Nothing => problem::NOTHING_TO_STATE.into(),
            NotMade::Missing(missing) => {
                Problem::fields(missing.iter().map(|one| ("/from".to_owned(), one.words(words))))
            }
        }));
        let found = superbill::read(c, chart, made)?;
        let (_, data) = found.ok_or_else(|| Fault::Damaged(format!("superbill {made} is not there")))?;
        let answer = Answer::ok(SuperbillJson::of(made.to_string(), &data))?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/superbills/{made}")), chart }))
    })
    .await
}

async fn load_superbill(
    app: &AppState,
    caller: &ApiCaller,
    text: &str,
) -> Result<(SuperbillId, SuperbillData), Problem> {
    let wanted: SuperbillId = id(text)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            let Some(chart) = superbill_store::chart_of_superbill(c, wanted)? else { return Ok(None) };
            superbill::read(c, chart, wanted)
        })
        .await?;
    let (_, data) = found.ok_or_else(|| Problem::from(problem::NOT_FOUND))?;
    Ok((wanted, data))
}

/// Read a superbill.
#[utoipa::path(get, path = "/api/v1/superbills/{superbill}", tag = "Accounts", operation_id = "readSuperbill",
    params(("superbill" = String, Path, description = "The superbill's id")),
    responses((status = 200, description = "The superbill", body = SuperbillJson), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn superbill(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(superbill): Path<String>,
) -> ApiResult {
    let (wanted, data) = load_superbill(&app, &caller, &superbill).await?;
    Ok(Answer::ok(SuperbillJson::of(wanted.to_string(), &data))?.into_response())
}

/// Read a superbill as a tagged PDF.
#[utoipa::path(get, path = "/api/v1/superbills/{superbill}/pdf", tag = "Accounts", operation_id = "readSuperbillFile",
    params(("superbill" = String, Path, description = "The superbill's id")),
    responses((status = 200, description = "The file", content_type = "application/pdf"), Usual),
    security(("api_key" = ["billing:read"])))]
pub async fn superbill_file(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(superbill): Path<String>,
) -> ApiResult {
    let (_, data) = load_superbill(&app, &caller, &superbill).await?;
    Ok(paper_pages::superbill_file(data).await?)
}
