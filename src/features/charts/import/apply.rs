//! From rows to charts: what is new, what differs, what is there already. A file is checked as a whole and written in
//! pieces, each a short transaction, so that nobody else waits for the whole of it. What was begun is carried on: a
//! file of the browser by a job, should the process end in the middle, and one of the command by running it again.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::Instant;

use jiff::civil::Date;

use crate::features::charts::actions::{Refused, Why, change};
use crate::features::charts::audit::ChartAction;
use crate::features::charts::import::read::{self, File, Row};
use crate::features::charts::import::report::{Mode, Outcome, Report, Shown};
use crate::features::charts::import::store::{self, Progress};
use crate::features::people::ChartFile;
use crate::features::people::NewRows;
use crate::features::people::{FaceSheet, Typed, TypedAddress, TypedPerson};
use crate::features::people::{charts_by_number, load_files};
use crate::features::practice;
use crate::features::staff::store as staff_store;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{ChartId, ImportId};
use crate::kernel::{names, text};
use crate::platform::audit::{Actor, By, Event, record_many};
use crate::platform::db::{PracticeScope, Scoped, search};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::jobs::{self, InPieces, Job, JobKind, NewJob, Next};
use crate::platform::state::{App, AppState};

/// Charts that are looked up or written in one go: short enough that other writers are not kept waiting.
const PIECE: usize = 200;

/// Rows of an import after which the database counts its tables anew, as it does at the end.
const COUNTED_FROM: i64 = 1_000;

/// Rows that are shown before they are written.
const MOST_SHOWN: usize = 20;

/// How often a piece is worked out anew because somebody was at the same charts meanwhile.
const TRIES: usize = 3;

/// After so long without its next piece, the import of a file is carried on by a job.
const CARRIED_ON_AFTER_SECONDS: i64 = 60;

/// A chart of the file was made or changed between the working out and the writing.
const OVERTAKEN: &str = "charts of the file were being changed meanwhile; import it again";

/// Reads a file by the practice's mapping of columns and, in [`Mode::Apply`], writes it if not one row is
/// bad. `progress` gets the number of rows done, on another thread.
pub async fn import(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    reader: impl Read + Send + 'static,
    mode: Mode,
    progress: impl FnMut(u64) + Send + 'static,
) -> Result<Report, Fault> {
    let file = read(app, scope, reader).await?;
    if mode == Mode::DryRun || !file.bad.is_empty() {
        return rehearse(app, scope, by, file, progress).await;
    }
    write_in_pieces(app, scope, by, file, None, progress).await
}

/// Writes a file that waits in the database, if not one row is bad. From here on its import is carried on, also if this
/// process ends.
pub(super) async fn import_file(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: ImportId,
    body: Vec<u8>,
) -> Result<Report, Fault> {
    let file = read(app, scope, Cursor::new(body)).await?;
    if !file.bad.is_empty() {
        return rehearse(app, scope, by, file, |_| ()).await;
    }
    let begin = move |c: &mut Scoped<'_>| {
        if jobs::is_planned(c, JobKind::ImportRows, id.uuid())? {
            return Ok(());
        }
        let due_at = c.now().plus_seconds(CARRIED_ON_AFTER_SECONDS);
        jobs::plan(c, &[NewJob { kind: JobKind::ImportRows, subject: id.uuid(), due_at }])
    };
    app.db.write(scope, begin).await?;
    let (app, scope) = (app.clone(), scope.clone());
    // To its end even if the browser hangs up.
    let running =
        tokio::spawn(async move { write_in_pieces(&app, &scope, by, file, Some(id), |_| ()).await });
    running.await.map_err(|e| Fault::Ended(e.to_string()))?
}

/// Carries on an import whose process has ended.
pub(in super::super) fn carry_on(app: AppState, scope: PracticeScope, job: Job) -> InPieces {
    Box::pin(async move {
        let id = ImportId::from_uuid(job.subject);
        let found = app.db.read(&scope, move |c| {
            let Some((staff, body)) = store::begun_file(c, id)?.filter(|(_, body)| !body.is_empty()) else {
                return Ok(None);
            };
            let name = staff_store::find(c, &staff)?.map(|member| member.name).unwrap_or_default();
            Ok(Some((By { actor: Actor::Staff(staff, name), source: String::new() }, body)))
        });
        let Some((by, body)) = found.await? else { return Ok(Next::Done) };
        let file = read(&app, &scope, Cursor::new(body)).await?;
        if !file.bad.is_empty() {
            return Err(Fault::other("a file whose import was begun can no longer be read"));
        }
        write_in_pieces(&app, &scope, by, file, Some(id), |_| ()).await?;
        Ok(Next::Done)
    })
}

async fn read(
    app: &AppState,
    scope: &PracticeScope,
    mut reader: impl Read + Send + 'static,
) -> Result<File, Fault> {
    let (zone, mapping) = app.db.read(scope, |c| Ok((practice::load(c)?.zone(), store::mapping(c)?))).await?;
    let today = app.now().in_zone(&zone).date();
    tokio::task::spawn_blocking(move || read::read(&mut reader, &mapping, today))
        .await
        .map_err(|e| Fault::Ended(e.to_string()))?
        .map_err(|e| Fault::Other("the file could not be read".to_owned(), Some(Box::new(e))))
}

/// Says what a file comes to, and writes nothing.
async fn rehearse(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    file: File,
    mut progress: impl FnMut(u64) + Send + 'static,
) -> Result<Report, Fault> {
    let look = move |c: &mut Scoped<'_>| {
        let mut report =
            Report { rows: file.count, bad: file.bad.clone(), odd: file.odd.clone(), ..Report::default() };
        let mut done = 0;
        for rows in file.rows.chunks(PIECE) {
            let piece = plan(c, &by, rows)?;
            report.created += piece.created;
            report.updated += piece.changes.len() as u64;
            report.unchanged += piece.unchanged;
            let room = MOST_SHOWN - report.first.len();
            report.first.extend(piece.shown.into_iter().take(room));
            done += rows.len() as u64;
            progress(done);
        }
        Ok(report)
    };
    app.db.read(scope, look).await
}

async fn write_in_pieces(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    file: File,
    id: Option<ImportId>,
    mut progress: impl FnMut(u64) + Send,
) -> Result<Report, Fault> {
    let began = Instant::now();
    let (file, by) = (Arc::new(file), Arc::new(by));
    let mut done = standing(app, scope, id).await?;
    loop {
        let before = done.rows;
        match write_piece(app, scope, &by, &file, id, done).await? {
            Some(further) => done = further,
            // Another process writes the same file: what it has written is passed over.
            None => {
                let further = standing(app, scope, id).await?;
                if further == done {
                    break;
                }
                done = further;
            }
        }
        progress(number(done.rows));
        // A table that was empty when its statements were planned is read from end to end by each of them.
        if before < COUNTED_FROM && done.rows >= COUNTED_FROM {
            app.db.system_write(|system| search::after_bulk_load(system.conn)).await?;
        }
        if usize::try_from(done.rows).unwrap_or(0) >= file.rows.len() {
            break;
        }
    }
    let report = report_of(&file, done);
    tracing::info!(rows = report.rows, took = ?began.elapsed(), "charts came in from a file");
    app.db.system_write(|system| search::after_bulk_load(system.conn)).await?;
    Ok(report)
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn report_of(file: &File, done: Progress) -> Report {
    Report {
        rows: file.count,
        created: number(done.created),
        updated: number(done.updated),
        unchanged: number(done.rows - done.created - done.updated),
        odd: file.odd.clone(),
        applied: true,
        ..Report::default()
    }
}

async fn standing(app: &AppState, scope: &PracticeScope, id: Option<ImportId>) -> Result<Progress, Fault> {
    let Some(id) = id else { return Ok(Progress::default()) };
    Ok(app.db.read(scope, move |c| store::progress(c, id)).await?.unwrap_or_default())
}

/// Writes the next piece, worked out by reading alone while nobody waits for the writer. `None`: another process has
/// written it.
async fn write_piece(
    app: &AppState,
    scope: &PracticeScope,
    by: &Arc<By>,
    file: &Arc<File>,
    id: Option<ImportId>,
    done: Progress,
) -> Result<Option<Progress>, Fault> {
    let is_overtaken = |fault: &Fault| match fault {
        Fault::Busy(why) => *why == OVERTAKEN,
        Fault::Database(error) => is_duplicate(error),
        _ => false,
    };
    let first = usize::try_from(done.rows).unwrap_or(0).min(file.rows.len());
    let last = (first + PIECE).min(file.rows.len());
    for _ in 0..TRIES {
        let (reading, reader) = (file.clone(), by.clone());
        let piece = app.db.read(scope, move |c| plan(c, &reader, &reading.rows[first..last])).await?;
        let (within, writer, whole) = (app.clone(), by.clone(), file.clone());
        let written = app.db.write_alone(scope, move |c| {
            let further = Progress {
                rows: i64::try_from(last).unwrap_or(i64::MAX),
                created: done.created + i64::try_from(piece.created).unwrap_or(0),
                updated: done.updated + i64::try_from(piece.changes.len()).unwrap_or(0),
            };
            if let Some(id) = id
                && !store::advance(c, id, done, further)?
            {
                return Ok(None);
            }
            let mut events = write(&within, c, &writer, &piece)?;
            if last == whole.rows.len() {
                events.push(imported(&writer, &report_of(&whole, further)));
                if let Some(id) = id {
                    store::empty_file(c, id)?;
                    jobs::cancel(c, &[JobKind::ImportRows], &[id.uuid()])?;
                }
            }
            record_many(c, events)?;
            Ok(Some(further))
        });
        match written.await {
            Err(fault) if is_overtaken(&fault) => {}
            other => return other,
        }
    }
    Err(Fault::Busy(OVERTAKEN))
}

/// What some rows come to, as they will be written.
struct Piece {
    new: NewRows,
    changes: Vec<Change>,
    events: Vec<Event>,
    created: u64,
    unchanged: u64,
    /// The first rows, as they were read.
    shown: Vec<Shown>,
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

fn plan(c: &mut Scoped<'_>, by: &By, rows: &[Row]) -> Result<Piece, Fault> {
    let mut piece = Piece {
        new: NewRows::default(),
        changes: Vec::new(),
        events: Vec::new(),
        created: 0,
        unchanged: 0,
        shown: Vec::new(),
    };
    for (row, meaning) in meanings(c, rows)? {
        if piece.shown.len() < MOST_SHOWN {
            piece.shown.push(shown(row, &meaning));
        }
        match meaning {
            Meaning::New => {
                let (chart, _) = piece.new.chart(c, &row.sheet, &row.typed.chart_number);
                piece.events.push(Event::new(by.clone(), ChartAction::Created).on_chart(&chart));
                piece.created += 1;
            }
            Meaning::Same => piece.unchanged += 1,
            Meaning::Differs(pair) => {
                let (stands, sheet) = *pair;
                piece.changes.push(Change { line: row.line, stands, sheet });
            }
        }
    }
    piece.new = piece.new.in_order();
    Ok(piece)
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

/// Writes the charts, and gives what the trail says of them.
fn write(app: &App, c: &mut Scoped<'_>, by: &By, piece: &Piece) -> Result<Vec<Event>, Fault> {
    piece.new.insert(c)?;
    let mut events = piece.events.clone();
    for Change { line, stands, sheet } in &piece.changes {
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
    Ok(events)
}

fn imported(by: &By, report: &Report) -> Event {
    Event::new(by.clone(), ChartAction::Imported).with(serde_json::json!({
        "rows": report.rows, "created": report.created, "updated": report.updated, "unchanged": report.unchanged,
    }))
}
