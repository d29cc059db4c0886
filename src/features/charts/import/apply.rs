//! From rows to charts: what is new, what differs, what is there already; and the one transaction.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::civil::Date;

use crate::features::charts::actions::{Refused, Why, change};
use crate::features::charts::audit::ChartAction;
use crate::features::charts::import::read::{self, File, Row};
use crate::features::charts::import::report::{Mode, Outcome, Report, Shown};
use crate::features::charts::import::store;
use crate::features::people::ChartFile;
use crate::features::people::NewRows;
use crate::features::people::{FaceSheet, Typed, TypedAddress, TypedPerson};
use crate::features::people::{charts_by_number, load_files};
use crate::features::practice;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::ChartId;
use crate::kernel::{names, text};
use crate::platform::audit::{By, Event, record_many};
use crate::platform::db::{PracticeScope, Scoped, search};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::state::{App, AppState};

/// Charts that are looked up or written in one go.
const BATCH: usize = 500;

/// Rows that are shown before they are written.
const MOST_SHOWN: usize = 20;

/// How often a file is worked out anew because somebody was at the same charts meanwhile.
const TRIES: usize = 3;

/// A chart of the file was made or changed between the working out and the writing.
const OVERTAKEN: &str = "charts of the file were being changed meanwhile; import it again";

/// Reads a file by the practice's mapping of columns and, in [`Mode::Apply`], writes it if not one row is
/// bad. `progress` gets the number of rows done, on another thread; it starts again when the
/// transaction runs again.
pub async fn import(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    mut reader: impl Read + Send + 'static,
    mode: Mode,
    progress: impl FnMut(u64) + Send + 'static,
) -> Result<Report, Fault> {
    let (zone, mapping) = app.db.read(scope, |c| Ok((practice::load(c)?.zone(), store::mapping(c)?))).await?;
    let today = app.now().in_zone(&zone).date();
    let file = tokio::task::spawn_blocking(move || read::read(&mut reader, &mapping, today))
        .await
        .map_err(|e| Fault::Ended(e.to_string()))?
        .map_err(|e| Fault::Other("the file could not be read".to_owned(), Some(Box::new(e))))?;
    apply(app, scope, by, file, mode, progress).await
}

async fn apply(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    file: File,
    mode: Mode,
    progress: impl FnMut(u64) + Send + 'static,
) -> Result<Report, Fault> {
    let (file, progress) = (Arc::new(file), Arc::new(Mutex::new(progress)));
    let is_overtaken = |fault: &Fault| match fault {
        Fault::Busy(why) => *why == OVERTAKEN,
        Fault::Database(error) => is_duplicate(error),
        _ => false,
    };
    for _ in 0..TRIES {
        let (reading, telling, reader) = (file.clone(), progress.clone(), by.clone());
        let mut tell = move |done| telling.lock().unwrap_or_else(PoisonError::into_inner)(done);
        let began = Instant::now();
        let plan = app.db.read(scope, move |c| plan(c, &reader, &reading, &mut tell)).await?;
        if mode == Mode::DryRun || !file.bad.is_empty() {
            return Ok(plan.report);
        }
        let planned = began.elapsed();
        let (within, by) = (app.clone(), by.clone());
        match app.db.write_alone(scope, move |c| write(&within, c, &by, &plan)).await {
            Err(fault) if is_overtaken(&fault) => {}
            Err(fault) => return Err(fault),
            Ok(report) => {
                let written = began.elapsed().saturating_sub(planned);
                tracing::info!(rows = report.rows, ?planned, ?written, "charts came in from a file");
                app.db.system_write(|system| search::after_bulk_load(system.conn)).await?;
                return Ok(report);
            }
        }
    }
    Err(Fault::Busy(OVERTAKEN))
}

/// What a file comes to, with every row as it will be written. Worked out by reading alone, while nobody
/// waits for the writer; all that is left for the transaction is to put it in.
struct Plan {
    report: Report,
    new: NewRows,
    changes: Vec<Change>,
    events: Vec<Event>,
}

/// A stored chart that differs from the file.
struct Change {
    line: u64,
    stands: ChartFile,
    sheet: FaceSheet,
}

/// Which charts of this practice have these numbers, by the number's key.
fn known(c: &mut Scoped<'_>, rows: &[Row]) -> Result<HashMap<String, ChartId>, Fault> {
    let numbers: Vec<String> = rows.iter().map(|row| text::code_key(&row.typed.chart_number)).collect();
    Ok(charts_by_number(c, &numbers)?.into_iter().collect())
}

/// What a row means for its chart.
enum Meaning {
    New,
    Same,
    Differs(Box<(ChartFile, FaceSheet)>),
}

/// The rows of a batch with what each means.
fn meanings<'r>(c: &mut Scoped<'_>, rows: &'r [Row]) -> Result<Vec<(&'r Row, Meaning)>, Fault> {
    let known = known(c, rows)?;
    let ids: Vec<ChartId> = known.values().cloned().collect();
    let mut files: HashMap<ChartId, _> =
        load_files(c, &ids)?.into_iter().map(|file| (file.chart.chart_id.clone(), file)).collect();
    // The chart was checked when it was written, and the row when it was read.
    let today = Date::MAX;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let file = known.get(&text::code_key(&row.typed.chart_number)).and_then(|id| files.remove(id));
        let Some(file) = file else {
            all.push((row, Meaning::New));
            continue;
        };
        let stands = Typed::of(&file);
        let wanted = merged(&stands, row);
        if wanted == stands {
            all.push((row, Meaning::Same));
            continue;
        }
        let meaning = match (stands.check(today), wanted.check(today)) {
            (Ok(stands), Ok(wanted)) if stands == wanted => Meaning::Same,
            (_, Ok(wanted)) => Meaning::Differs(Box::new((file, wanted))),
            // More addresses than a face sheet takes: the stored ones stay.
            (_, Err(_)) => Meaning::Same,
        };
        all.push((row, meaning));
    }
    Ok(all)
}

/// A chart with a row laid over it. An empty cell changes nothing.
fn merged(stands: &Typed, row: &Row) -> Typed {
    let mut typed = stands.clone();
    lay_over(&mut typed.client, &row.typed.client, row.says_email, row.says_phone);
    for contact in &row.typed.contacts {
        let name = |p: &TypedPerson| (names::fold(&p.first_name), names::fold(&p.last_name));
        match typed.contacts.iter_mut().find(|k| name(&k.person) == name(&contact.person)) {
            Some(known) => {
                known.relation.clone_from(&contact.relation);
                lay_over(&mut known.person, &contact.person, false, false);
            }
            None => typed.contacts.push(contact.clone()),
        }
    }
    typed
}

fn lay_over(person: &mut TypedPerson, row: &TypedPerson, says_email: bool, says_phone: bool) {
    for (field, _, cell) in row.fields().filter(|(.., cell)| !cell.trim().is_empty()) {
        if let Some(place) = person.field_mut(field) {
            place.clone_from(cell);
        }
    }
    if !row.birth_year.is_empty() {
        person.birth_month.clone_from(&row.birth_month);
        person.birth_day.clone_from(&row.birth_day);
        person.birth_year.clone_from(&row.birth_year);
    }
    let email = |a: &TypedAddress| {
        EmailAddress::parse(&a.value).map_or_else(|_| a.value.trim().to_lowercase(), |address| address.key())
    };
    let phone = |a: &TypedAddress| crate::kernel::phone::digits(&a.value);
    lay_addresses(&mut person.emails, &row.emails, says_email, email);
    lay_addresses(&mut person.phones, &row.phones, says_phone, phone);
}

/// The file's addresses first, in its order; then the others that stand there. One that stands there
/// keeps its label, and its consent unless the file speaks of it.
fn lay_addresses(
    stand: &mut Vec<TypedAddress>,
    row: &[TypedAddress],
    says: bool,
    key: impl Fn(&TypedAddress) -> String,
) {
    let cells: Vec<&TypedAddress> = row.iter().filter(|a| !a.value.trim().is_empty()).collect();
    if cells.is_empty() {
        return;
    }
    let mut all: Vec<TypedAddress> = cells
        .iter()
        .map(|cell| match stand.iter().find(|a| key(a) == key(cell)) {
            Some(known) => TypedAddress {
                label: known.label.clone(),
                may_mail: if says { cell.may_mail } else { known.may_mail },
                value: cell.value.clone(),
            },
            None => (*cell).clone(),
        })
        .collect();
    for known in stand.iter() {
        if !all.iter().any(|a| key(a) == key(known)) {
            all.push(known.clone());
        }
    }
    *stand = all;
}

fn plan(c: &mut Scoped<'_>, by: &By, file: &File, tell: &mut impl FnMut(u64)) -> Result<Plan, Fault> {
    let mut plan = Plan {
        report: Report {
            rows: file.count,
            bad: file.bad.clone(),
            odd: file.odd.clone(),
            ..Report::default()
        },
        new: NewRows::default(),
        changes: Vec::new(),
        events: Vec::new(),
    };
    let mut done = 0;
    for rows in file.rows.chunks(BATCH) {
        for (row, meaning) in meanings(c, rows)? {
            if plan.report.first.len() < MOST_SHOWN {
                plan.report.first.push(shown(row, &meaning));
            }
            match meaning {
                Meaning::New => {
                    let (chart, _) = plan.new.chart(c, &row.sheet, &row.typed.chart_number);
                    plan.events.push(Event::new(by.clone(), ChartAction::Created).on_chart(&chart));
                    plan.report.created += 1;
                }
                Meaning::Same => plan.report.unchanged += 1,
                Meaning::Differs(pair) => {
                    let (stands, sheet) = *pair;
                    plan.changes.push(Change { line: row.line, stands, sheet });
                    plan.report.updated += 1;
                }
            }
        }
        done += rows.len() as u64;
        tell(done);
    }
    plan.new = plan.new.in_order();
    Ok(plan)
}

fn shown(row: &Row, meaning: &Meaning) -> Shown {
    let client = &row.typed.client;
    Shown {
        number: row.typed.chart_number.clone(),
        name: [&client.last_name, &client.first_name]
            .map(|name| name.trim())
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        birth_date: client.birth_parts_as_iso().unwrap_or_default(),
        email: client
            .emails
            .iter()
            .map(|a| a.value.trim())
            .find(|v| !v.is_empty())
            .unwrap_or_default()
            .to_owned(),
        outcome: match meaning {
            Meaning::New => Outcome::Created,
            Meaning::Same => Outcome::Unchanged,
            Meaning::Differs(_) => Outcome::Updated,
        },
    }
}

fn write(app: &App, c: &mut Scoped<'_>, by: &By, plan: &Plan) -> Result<Report, Fault> {
    plan.new.insert(c)?;
    let mut events = plan.events.clone();
    for Change { line, stands, sheet } in &plan.changes {
        match change(app, c, by, stands, sheet, &Why::AddressUse)? {
            Ok(changed) => {
                let details = serde_json::json!({ "fields": changed.fields });
                let event = Event::new(by.clone(), ChartAction::Changed).on_chart(&stands.chart.chart_id);
                events.push(event.with(details));
            }
            Err(Refused::Stale(_) | Refused::NotFound) => return Err(Fault::Busy(OVERTAKEN)),
            Err(Refused::Fields(_)) => {
                return Err(Fault::other(format!("the chart on line {line} cannot be changed")));
            }
        }
    }
    let report = Report { applied: true, ..plan.report.clone() };
    let details = serde_json::json!({
        "rows": report.rows, "created": report.created, "updated": report.updated, "unchanged": report.unchanged,
    });
    events.push(Event::new(by.clone(), ChartAction::Imported).with(details));
    record_many(c, events)?;
    Ok(report)
}
