//! What insurers sent: the list, and the grid in which a check is entered line by line.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::billing::act_pages::{id, refused, text, valid};
use crate::features::billing::actions::Refused;
use crate::features::billing::input::{self, Least};
use crate::features::billing::insurance::{NewRemittance, record_remittance};
use crate::features::billing::insurance_store::{
    InsuredCharge, Insurer, RemittanceLine, Which, charges_of_insurer, find_insurer, find_remittance,
    insurers, remittance_lines, remittances,
};
use crate::features::billing::staff_pages::path;
use crate::features::billing::store::charges_named;
use crate::features::ledger::posting_currency;
use crate::features::people;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChargeId, InsurerId, RemittanceId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The reports' section, in which insurers' money stands too.
const REPORTS: Section = Section("/staff/billing");
/// Remittances that the list names.
const SHOWN: i64 = 100;
/// Charges that the grid names.
const LINES: i64 = 200;

struct Row {
    href: String,
    title: String,
    note: String,
    total: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/remittances.html")]
struct ListPage {
    frame: StaffFrame,
    rows: Vec<Row>,
    insurers: Vec<(String, String)>,
    may_enter: bool,
}

/// The newest remittances, and the way to enter one.
pub(super) async fn list_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let (found, insurers) = app.db.read(&staff.scope, |c| Ok((remittances(c, SHOWN)?, insurers(c)?))).await?;
    let words = staff.words;
    let page = ListPage {
        frame: staff.frame(&app, REPORTS),
        rows: found
            .iter()
            .map(|one| Row {
                href: format!("/staff/billing/remittances/{}", one.remittance_id),
                title: format!("{} · {}", one.insurer, one.reference),
                note: one.paid_on.parse().map(|day| words.civil_date(day)).unwrap_or_default(),
                total: one.total.to_string(),
            })
            .collect(),
        insurers: insurers.into_iter().map(|one| (one.insurer_id.to_string(), one.name)).collect(),
        may_enter: staff.may(Permission::Adjust),
    };
    html(page.render())
}

struct ShownLine {
    href: String,
    client: String,
    what: String,
    paid: String,
    contractual: String,
    left: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/remittance.html")]
struct RemittancePage {
    frame: StaffFrame,
    title: String,
    facts: Vec<(String, String)>,
    lines: Vec<ShownLine>,
}

/// One of them, with its lines.
pub(super) async fn remittance_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(remittance): Path<String>,
) -> PageResult {
    let wanted: RemittanceId = id(&remittance)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(one) = find_remittance(c, wanted)? else { return Ok(None) };
            let lines = remittance_lines(c, wanted)?;
            let ids: Vec<ChargeId> = lines.iter().map(|line| line.charge).collect();
            let charges = charges_named(c, &ids)?;
            let mut charts: Vec<_> = charges.values().map(|charge| charge.chart_id).collect();
            charts.sort_unstable();
            charts.dedup();
            let files = people::load_files(c, &charts)?;
            Ok(Some((one, lines, charges, files)))
        })
        .await?;
    let (one, lines, charges, files) = found.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let money = |minor| Money::new(minor, one.total.currency).to_string();
    let page = RemittancePage {
        frame: staff.frame(&app, REPORTS),
        title: format!("{} · {}", one.insurer, one.reference),
        facts: vec![
            (words.get("billing-col-amount"), one.total.to_string()),
            (
                words.get("billing-remittance-day"),
                one.paid_on.parse().map(|day| words.civil_date(day)).unwrap_or_default(),
            ),
            (
                words.get("billing-entry-posted"),
                words.with2(
                    "billing-entry-posted-by",
                    "moment",
                    words.date_time(one.created_at, &staff.zone),
                    "name",
                    &one.by_name,
                ),
            ),
        ],
        lines: lines
            .iter()
            .map(|line| {
                let charge = charges.get(&line.charge);
                let file =
                    charge.and_then(|charge| files.iter().find(|f| f.chart.chart_id == charge.chart_id));
                ShownLine {
                    href: charge.map(|charge| path(charge.chart_id)).unwrap_or_default(),
                    client: file.map(|file| file.client.full_name()).unwrap_or_default(),
                    what: charge.map(|charge| charge.description.clone()).unwrap_or_default(),
                    paid: money(line.paid),
                    contractual: money(line.contractual),
                    left: money(line.client),
                }
            })
            .collect(),
    };
    html(page.render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Form {
    mark: String,
    insurer: String,
    reference: String,
    paid_on: String,
    total: String,
    charge: Vec<String>,
    paid: Vec<String>,
    contractual: Vec<String>,
    client: Vec<String>,
    /// `all` shows charges of which nothing is open too, for what is taken back.
    which: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct NewQuery {
    insurer: String,
    which: String,
}

struct GridRow {
    id: String,
    client: String,
    what: String,
    open: String,
    paid: String,
    contractual: String,
    left: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "features/billing/templates/remittance_new.html")]
struct NewPage {
    frame: StaffFrame,
    insurer: Insurer,
    errors: FieldErrors,
    form: Form,
    rows: Vec<GridRow>,
    currency: Currency,
    others: String,
}

/// What the grid shows.
struct Grid {
    insurer: Insurer,
    charges: Vec<InsuredCharge>,
    files: Vec<people::ChartFile>,
    currency: Currency,
}

async fn grid(app: &AppState, staff: &StaffSession, insurer: &str, which: Which) -> Result<Grid, PageError> {
    let wanted: InsurerId = id(insurer)?;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(insurer) = find_insurer(c, wanted)? else { return Ok(None) };
            let charges = charges_of_insurer(c, wanted, which, LINES)?;
            let mut charts: Vec<_> = charges.iter().map(|one| one.charge.chart_id).collect();
            charts.sort_unstable();
            charts.dedup();
            let files = people::load_files(c, &charts)?;
            Ok(Some(Grid { insurer, charges, files, currency: posting_currency(c)? }))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

fn which(word: &str) -> Which {
    if word == "all" { Which::All } else { Which::Open }
}

fn page(app: &AppState, staff: &StaffSession, grid: Grid, form: Form, errors: FieldErrors) -> PageResult {
    let words = staff.words;
    let typed =
        |list: &[String], at: Option<usize>| at.and_then(|at| list.get(at)).cloned().unwrap_or_default();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let rows = grid
        .charges
        .iter()
        .map(|one| {
            let id = one.charge.charge_id.to_string();
            let at = form.charge.iter().position(|known| *known == id);
            let file = grid.files.iter().find(|file| file.chart.chart_id == one.charge.chart_id);
            let day = one.charge.on_date.parse().map(|day| words.civil_date(day)).unwrap_or_default();
            let fee = one.charge.money();
            GridRow {
                client: file.map(|file| file.client.full_name()).unwrap_or_default(),
                what: format!("{day} · {} {} · {fee}", one.charge.code, one.charge.description),
                open: Money::new(one.open, one.charge.currency).to_string(),
                paid: typed(&form.paid, at),
                contractual: typed(&form.contractual, at),
                left: typed(&form.client, at),
                error: errors.of(&format!("line-{id}")).map(ToString::to_string),
                id,
            }
        })
        .collect();
    let insurer = grid.insurer.insurer_id;
    let page = NewPage {
        frame: staff.frame(app, REPORTS),
        others: match which(&form.which) {
            Which::Open => format!("/staff/billing/remittances/new?insurer={insurer}&which=all"),
            Which::All => String::new(),
        },
        insurer: grid.insurer,
        currency: grid.currency,
        rows,
        form,
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The grid of one insurer.
pub(super) async fn new_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(query): Query<NewQuery>,
) -> PageResult {
    // Whose grid it is was not said: the list asks.
    if query.insurer.is_empty() {
        return list_page(State(app), staff).await;
    }
    let grid = grid(&app, &staff, &query.insurer, which(&query.which)).await?;
    let form = Form {
        mark: FormToken::fresh(app.rng.as_ref()),
        insurer: query.insurer,
        which: query.which,
        paid_on: staff.practice.today(app.now()).to_string(),
        ..Form::default()
    };
    page(&app, &staff, grid, form, FieldErrors::new())
}

/// One line, as it was typed: charge, paid, lowered, left to the client.
fn line(typed: [&str; 4], currency: Currency, words: Words) -> Result<RemittanceLine, String> {
    let [charge, paid, contractual, client] = typed;
    let read = |typed, least| input::amount_from(typed, least, currency, words);
    Ok(RemittanceLine {
        charge: charge.parse().map_err(|_| words.get("billing-error-choose"))?,
        paid: read(paid, Least::TakenBack)?,
        contractual: read(contractual, Least::Nothing)?,
        client: read(client, Least::Nothing)?,
    })
}

/// The lines in which something was typed.
fn lines(form: &Form, currency: Currency, words: Words, errors: &mut FieldErrors) -> Vec<RemittanceLine> {
    let mut lines = Vec::new();
    let parts = form.paid.iter().zip(&form.contractual).zip(&form.client);
    for (charge, ((paid, contractual), client)) in form.charge.iter().zip(parts) {
        if [paid, contractual, client].iter().all(|typed| typed.trim().is_empty()) {
            continue;
        }
        let read = line([charge, paid, contractual, client], currency, words);
        lines.extend(valid(errors, &format!("line-{charge}"), read));
    }
    lines
}

/// Enters it: all of it, or nothing.
pub(super) async fn new(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let mut form: Form = staff.form(&body)?;
    let words = staff.words;
    let mark = FormToken::read("remittance", &staff.staff_id.to_string(), &form.mark, &body)?;
    let grid = grid(&app, &staff, &form.insurer, which(&form.which)).await?;
    let mut errors = FieldErrors::new();
    let checked =
        input::needed(&form.reference, input::MOST_IN_A_REFERENCE, "billing-error-check-number", words);
    let reference = text(&mut errors, "reference", &mut form.reference, checked);
    let today = staff.practice.today(app.now());
    let paid_on = valid(&mut errors, "paid_on", input::day(input::read_day(&form.paid_on), today, words));
    let total = input::amount_from(&form.total, Least::TakenBack, grid.currency, words);
    let total = valid(&mut errors, "total", total);
    let lines = lines(&form, grid.currency, words, &mut errors);
    let (Some(reference), Some(paid_on), Some(total), true) = (reference, paid_on, total, errors.is_empty())
    else {
        return page(&app, &staff, grid, form, errors);
    };
    let new = NewRemittance {
        insurer: grid.insurer.insurer_id,
        reference,
        paid_on,
        total: Money::new(total, grid.currency),
        lines,
    };
    let by = staff.by();
    let names: Vec<String> = new.lines.iter().map(|line| format!("line-{}", line.charge)).collect();
    let act = move |c: &mut Scoped<'_>| -> Result<_, Fault> {
        made_once(c, &mark, |c| record_remittance(c, &by, &new))
    };
    match app.db.write(&staff.scope, act).await? {
        Ok(made) => {
            Ok(see_other(&format!("/staff/billing/remittances/{made}?done=billing-remittance-entered")))
        }
        Err(why) => {
            match why.why {
                Refused::TooMuch(most) => {
                    let said = words.with1("billing-error-at-most", "most", most);
                    errors.add(names.get(why.n).map_or("total", String::as_str), said);
                }
                other => refused(words, other, &mut errors)?,
            }
            page(&app, &staff, grid, form, errors)
        }
    }
}
