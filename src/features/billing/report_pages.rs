//! The reports of the whole practice, as pages and as CSV files.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;

use crate::features::billing::reports::{
    Aged, Methods, Posted, What, aging, day_sheet, lines_of_day, what_of,
};
use crate::features::billing::staff_pages::path;
use crate::features::billing::statement_pages::age_labels;
use crate::features::billing::store::PaymentMethod;
use crate::features::billing::wording::Named;
use crate::features::ledger::{self, EntryKind, Line};
use crate::features::people;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::wall_clock::read_date;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::csv_file;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The reports.
pub(super) const REPORTS: Section = Section("/staff/billing");

/// Rows that a page names; the file has all of them.
const SHOWN: usize = 200;

/// Client and number of charts.
struct Charts(BTreeMap<ChartId, (String, String)>);

impl Charts {
    fn of(c: &mut Scoped<'_>, ids: impl Iterator<Item = ChartId>) -> Result<Self, Fault> {
        let mut ids: Vec<ChartId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found = BTreeMap::new();
        for part in ids.chunks(500) {
            let files = people::load_files(c, part)?;
            found.extend(
                files.into_iter().map(|f| (f.chart.chart_id, (f.client.full_name(), f.chart.chart_number))),
            );
        }
        Ok(Self(found))
    }

    fn name(&self, id: ChartId) -> String {
        self.0.get(&id).map(|(name, _)| name.clone()).unwrap_or_default()
    }

    fn number(&self, id: ChartId) -> String {
        self.0.get(&id).map(|(_, number)| number.clone()).unwrap_or_default()
    }
}

/// The words for an amount of nothing stay empty in a table.
fn money(minor: i64, currency: Currency) -> String {
    if minor == 0 { String::new() } else { Money::new(minor, currency).to_string() }
}

/// Says how many rows only the file has.
fn more(words: Words, all: usize) -> Option<String> {
    let more = i64::try_from(all.saturating_sub(SHOWN)).unwrap_or(i64::MAX);
    (more > 0).then(|| words.count("billing-report-more", "count", more))
}

struct AgedRow {
    /// Empty for a sum.
    href: String,
    name: String,
    /// Of the chart; empty for a sum.
    number: String,
    /// With the label of its column.
    cells: Vec<(String, String)>,
    total: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/report_aging.html")]
struct AgingPage {
    frame: StaffFrame,
    as_of: String,
    labels: Vec<String>,
    rows: Vec<AgedRow>,
    sums: Vec<AgedRow>,
    /// How many rows only the file has.
    more: Option<String>,
}

fn aged_row(words: Words, aged: &Aged, href: String, (name, number): (String, String)) -> AgedRow {
    let amounts = aged.ages.into_iter().chain([aged.credit]);
    AgedRow {
        href,
        name,
        number,
        cells: labels(words).into_iter().zip(amounts.map(|minor| money(minor, aged.currency))).collect(),
        total: Money::new(aged.total(), aged.currency).to_string(),
    }
}

fn labels(words: Words) -> Vec<String> {
    age_labels(words).into_iter().chain([words.get("billing-report-credit")]).collect()
}

/// The first of them.
pub(super) async fn first(_: StaffSession) -> PageResult {
    Ok(see_other("/staff/billing/aging"))
}

/// How old the open amounts are, who owes most first.
pub(super) async fn aging_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let (words, today) = (staff.words, staff.practice.today(app.now()));
    let (rows, sums, charts) = app
        .db
        .read(&staff.scope, move |c| {
            let (rows, sums) = aging(&ledger::open_amounts(c)?, today);
            let charts = Charts::of(c, rows.iter().take(SHOWN).map(|row| row.chart))?;
            Ok((rows, sums, charts))
        })
        .await?;
    let page = AgingPage {
        frame: staff.frame(&app, REPORTS),
        as_of: words.civil_date(today),
        labels: labels(words),
        more: more(words, rows.len()),
        rows: rows
            .iter()
            .take(SHOWN)
            .map(|row| {
                aged_row(words, row, path(row.chart), (charts.name(row.chart), charts.number(row.chart)))
            })
            .collect(),
        sums: sums
            .iter()
            .map(|sum| {
                let name = words.with1("billing-report-sum", "currency", sum.currency);
                aged_row(words, sum, String::new(), (name, String::new()))
            })
            .collect(),
    };
    html(page.render())
}

fn written(error: csv::Error) -> Fault {
    Fault::other(format!("the CSV file could not be written: {error}"))
}

fn finished(file: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, Fault> {
    file.into_inner().map_err(|e| Fault::other(format!("the CSV file could not be written: {e}")))
}

/// The same as a file, with every chart.
pub(super) async fn aging_file(
    State(app): State<AppState>,
    staff: StaffSession,
) -> Result<Response, PageError> {
    let (words, today) = (staff.words, staff.practice.today(app.now()));
    let file = app
        .db
        .read(&staff.scope, move |c| {
            let (rows, _) = aging(&ledger::open_amounts(c)?, today);
            let charts = Charts::of(c, rows.iter().map(|row| row.chart))?;
            let mut file = csv::Writer::from_writer(Vec::new());
            let own = ["number", "client", "currency"].map(|key| words.get(&format!("billing-report-{key}")));
            let head = own.into_iter().chain(labels(words)).chain([words.get("billing-report-total")]);
            file.write_record(head).map_err(written)?;
            for row in rows {
                let plain = |minor| Money::new(minor, row.currency).plain();
                let own = [charts.number(row.chart), charts.name(row.chart)].map(csv_file::text);
                let mut amounts = row.ages.to_vec();
                amounts.extend([row.credit, row.total()]);
                let own = own.into_iter().chain([row.currency.to_string()]);
                let cells: Vec<String> = own.chain(amounts.into_iter().map(plain)).collect();
                file.write_record(cells).map_err(written)?;
            }
            finished(file)
        })
        .await?;
    Ok(csv_file::download(&format!("aging-{today}.csv"), file))
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct DayQuery {
    date: String,
}

/// A day's lines with everything that names them.
struct Sheet {
    on: Date,
    lines: Vec<Line>,
    methods: Methods,
    named: Named,
    charts: Charts,
}

async fn load_day(app: &AppState, staff: &StaffSession, query: &DayQuery) -> Result<Sheet, PageError> {
    let on = read_date(&query.date).unwrap_or_else(|| staff.practice.today(app.now()));
    let zone = staff.practice.zone();
    let sheet = app
        .db
        .read(&staff.scope, move |c| {
            let (lines, methods) = lines_of_day(c, on, &zone)?;
            let named = Named::of_lines(c, &lines)?;
            let charts = Charts::of(c, lines.iter().map(|line| line.head.chart))?;
            Ok(Sheet { on, lines, methods, named, charts })
        })
        .await?;
    Ok(sheet)
}

/// "Payment by check", "Charges", "Charges, taken back".
fn label(words: Words, what: What) -> String {
    let text = match (what.kind, what.method) {
        (EntryKind::Payment, Some(PaymentMethod::Other)) => words.get("billing-report-payment-other"),
        (EntryKind::Payment, Some(method)) => words.get(&format!("billing-payment-{method}")),
        (kind, _) => words.get(&format!("billing-report-{kind}")),
    };
    if what.is_reversal { words.with1("billing-line-undone", "what", text) } else { text }
}

struct DayRow {
    label: String,
    count: String,
    amount: String,
}

struct DayLine {
    href: String,
    time: String,
    client: String,
    what: String,
    who: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/report_day.html")]
struct DayPage {
    frame: StaffFrame,
    on: Date,
    day: String,
    before: Date,
    after: Date,
    rows: Vec<DayRow>,
    sums: Vec<DayRow>,
    lines: Vec<DayLine>,
    more: Option<String>,
}

/// What was posted on a day, by the practice's clock. What was posted later for an earlier day stands on the day on
/// which it was posted, so that a sheet never changes afterwards.
pub(super) async fn day_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(query): Query<DayQuery>,
) -> PageResult {
    let Sheet { on, lines, methods, named, charts } = load_day(&app, &staff, &query).await?;
    let words = staff.words;
    let sheet = day_sheet(&lines, &methods);
    let row = |posted: &Posted| DayRow {
        label: label(words, posted.what),
        count: posted.count.to_string(),
        amount: Money::new(posted.amount, posted.currency).to_string(),
    };
    let mut sums: BTreeMap<Currency, (usize, i64)> = BTreeMap::new();
    for posted in &sheet {
        let sum = sums.entry(posted.currency).or_default();
        *sum = (sum.0 + posted.count, sum.1 + posted.amount);
    }
    let page = DayPage {
        frame: staff.frame(&app, REPORTS),
        on,
        day: words.civil_date(on),
        before: on.yesterday().unwrap_or(on),
        after: on.tomorrow().unwrap_or(on),
        rows: sheet.iter().map(row).collect(),
        sums: sums
            .into_iter()
            .map(|(currency, (count, amount))| DayRow {
                label: words.with1("billing-report-change", "currency", currency),
                count: count.to_string(),
                amount: Money::new(amount, currency).to_string(),
            })
            .collect(),
        more: more(words, lines.len()),
        lines: lines
            .iter()
            .take(SHOWN)
            .map(|line| DayLine {
                href: format!("{}/entries/{}", path(line.head.chart), line.head.entry_id),
                time: words.time(line.head.recorded_at, &staff.zone),
                client: charts.name(line.head.chart),
                what: named.line(words, &line.head, line.item),
                who: line.head.by_name.clone(),
                amount: Money::new(line.amount, line.head.currency).to_string(),
            })
            .collect(),
    };
    html(page.render())
}

/// The same as a file, with every line.
pub(super) async fn day_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Query(query): Query<DayQuery>,
) -> Result<Response, PageError> {
    let Sheet { on, lines, methods, named, charts } = load_day(&app, &staff, &query).await?;
    let words = staff.words;
    let mut file = csv::Writer::from_writer(Vec::new());
    let heads =
        ["posted", "for-day", "number", "client", "kind", "what", "who", "currency", "debit", "credit-side"];
    file.write_record(heads.map(|key| words.get(&format!("billing-report-{key}")))).map_err(written)?;
    for line in &lines {
        let head = &line.head;
        let plain = |minor: i64| Money::new(minor, head.currency).plain();
        let (debit, credit) = match line.amount {
            0.. => (plain(line.amount), String::new()),
            _ => (String::new(), plain(-line.amount)),
        };
        let texts = [
            charts.number(head.chart),
            charts.name(head.chart),
            label(words, what_of(line, &methods)),
            named.line(words, head, line.item),
            head.by_name.clone(),
        ]
        .map(csv_file::text);
        let cells: Vec<String> = [head.recorded_at.to_string(), head.effective_on.to_string()]
            .into_iter()
            .chain(texts)
            .chain([head.currency.to_string(), debit, credit])
            .collect();
        file.write_record(cells).map_err(written)?;
    }
    Ok(csv_file::download(&format!("day-sheet-{on}.csv"), finished(file)?))
}
