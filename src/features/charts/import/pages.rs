//! Import in the browser: choose a file, say once what its columns are, look, write. The file waits in the
//! database between the steps, so that every step works without scripts and on every node.

use std::io::Cursor;

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, RawQuery, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::features::charts::import::apply::{import, import_file};
use crate::features::charts::import::columns::{self, Mapping};
use crate::features::charts::import::records::{Records, decode};
use crate::features::charts::import::report::{Bad, Mode, Outcome, Report};
use crate::features::charts::import::store;
use crate::features::people::CHARTS;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ImportId;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::state::AppState;
use crate::platform::web::errors::see_other;
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, Routes, html};

/// The largest file that a browser may bring: some 50,000 charts. The command takes larger ones.
const LARGEST_UPLOAD: usize = 16 * 1024 * 1024;

/// Places that are shown; the first ones say what is wrong with the others.
const MOST_SHOWN: usize = 100;

/// Rows in which an example of a column is looked for.
const ROWS_FOR_EXAMPLES: usize = 20;

/// The import's routes.
pub fn routes() -> Routes {
    let edit = Needs::Staff(Permission::EditCharts);
    Routes::new()
        .get("/staff/charts/import", edit, choose)
        // Read part by part, up to its own limit, behind the check of the session.
        .post("/staff/charts/import", edit, upload.layer(DefaultBodyLimit::max(LARGEST_UPLOAD + 64 * 1024)))
        .get("/staff/charts/import/{import}", edit, preview)
        .post("/staff/charts/import/{import}", edit, apply)
        .get("/staff/charts/import/{import}/columns", edit, ask_columns)
        .post("/staff/charts/import/{import}/columns", edit, keep_columns)
}

#[derive(Template)]
#[template(path = "features/charts/templates/import.html")]
struct ChoosePage {
    frame: StaffFrame,
    errors: FieldErrors,
    /// What the import that was just done came to.
    done: Option<String>,
    /// Was a file asked for that is imported already?
    imported_before: bool,
    columns: Vec<(&'static str, String)>,
    most_megabytes: usize,
}

/// What is said above the form that takes a file.
enum Above {
    Nothing,
    /// What the import that was just done came to.
    Done(String),
    /// A file was asked for that is imported already.
    ImportedBefore,
}

fn choose_page(app: &AppState, staff: &StaffSession, errors: FieldErrors, above: Above) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ChoosePage {
        frame: staff.frame(app, CHARTS),
        errors,
        imported_before: matches!(above, Above::ImportedBefore),
        done: match above {
            Above::Done(done) => Some(done),
            Above::Nothing | Above::ImportedBefore => None,
        },
        columns: columns::all().map(|column| (column, label(staff.words, column))).collect(),
        most_megabytes: LARGEST_UPLOAD / (1024 * 1024),
    };
    Ok((status, html(page.render())?).into_response())
}

/// What one of our columns is called on pages: as on the face sheet, where the file's column needs no other words.
fn label(words: Words, column: &str) -> String {
    let own = words.find(&format!("import-label-{column}"));
    own.unwrap_or_else(|| words.get(&format!("charts-label-{column}")))
}

/// The numbers behind `/staff/charts/import?created=…`.
#[derive(Default, serde::Deserialize, serde::Serialize)]
#[serde(default)]
struct Done {
    created: i64,
    updated: i64,
    unchanged: i64,
}

async fn choose(State(app): State<AppState>, staff: StaffSession, RawQuery(query): RawQuery) -> PageResult {
    let query = query.unwrap_or_default();
    let done =
        query.contains("created=").then(|| serde_html_form::from_str::<Done>(&query).unwrap_or_default());
    let words = staff.words;
    let done = done.map(|done| {
        words.with(
            "import-done",
            &[
                ("created", words.count("import-created", "charts", done.created)),
                ("updated", words.count("import-updated", "charts", done.updated)),
                ("unchanged", words.count("import-unchanged", "charts", done.unchanged)),
            ],
        )
    });
    let above = match done {
        Some(done) => Above::Done(done),
        None if query == "imported-before" => Above::ImportedBefore,
        None => Above::Nothing,
    };
    choose_page(&app, &staff, FieldErrors::new(), above)
}

/// The file of the form, and the form's token.
struct Upload {
    csrf: String,
    name: String,
    body: Option<Bytes>,
}

async fn read_upload(mut parts: Multipart) -> Result<Upload, PageError> {
    let mut upload = Upload { csrf: String::new(), name: String::new(), body: Some(Bytes::new()) };
    while let Some(part) = parts.next_field().await.map_err(|_| PageError::BadRequest)? {
        match part.name() {
            Some("csrf") => upload.csrf = part.text().await.map_err(|_| PageError::BadRequest)?,
            // A form has one file: of a second one nobody could say which was meant.
            Some("file") if upload.body.as_ref().is_some_and(|body| !body.is_empty()) => {
                return Err(PageError::BadRequest);
            }
            Some("file") => {
                upload.name = text::line(part.file_name().unwrap_or_default(), 200).unwrap_or_default();
                upload.body = match part.bytes().await {
                    Ok(bytes) if bytes.len() <= LARGEST_UPLOAD => Some(bytes),
                    Ok(_) => None,
                    Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                        return Ok(Upload { body: None, ..upload });
                    }
                    Err(_) => return Err(PageError::BadRequest),
                };
            }
            _ => return Err(PageError::BadRequest),
        }
    }
    Ok(upload)
}

async fn upload(
    State(app): State<AppState>,
    staff: StaffSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let upload = read_upload(parts.map_err(|_| PageError::BadRequest)?).await?;
    if upload.csrf != staff.csrf {
        return Err(PageError::BadRequest);
    }
    let mut errors = FieldErrors::new();
    let Some(body) = upload.body else {
        let most = LARGEST_UPLOAD / (1024 * 1024);
        errors.add("file", staff.words.with1("import-upload-too-large", "megabytes", most));
        return choose_page(&app, &staff, errors, Above::Nothing);
    };
    if body.is_empty() {
        errors.add("file", staff.words.get("import-upload-missing"));
        return choose_page(&app, &staff, errors, Above::Nothing);
    }
    let who = staff.staff_id;
    let id = app.db.write(&staff.scope, move |c| store::put_file(c, who, &upload.name, &body)).await?;
    Ok(see_other(&format!("/staff/charts/import/{id}")))
}

/// Where somebody is led who sends the last step twice, or comes back to it.
fn imported_before() -> Response {
    see_other("/staff/charts/import?imported-before")
}

/// A file between its steps, with the mapping that counts for it.
struct Waiting {
    id: ImportId,
    name: String,
    body: Vec<u8>,
    /// Rows that are written already: its import was begun.
    rows_done: i64,
    mapping: Mapping,
}

/// A file that this member of staff uploaded; `None` once it is imported.
async fn waiting(app: &AppState, staff: &StaffSession, id: &str) -> Result<Option<Waiting>, PageError> {
    let id: ImportId = id.parse().map_err(|_| PageError::NotFound)?;
    let who = staff.staff_id;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some((name, body, rows_done)) = store::file(c, who, id)? else { return Ok(None) };
            Ok(Some(match body.is_empty() {
                true => None,
                false => Some(Waiting { id, name, body, rows_done, mapping: store::mapping(c)? }),
            }))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

/// A column of the file, and what it may be.
struct Column {
    /// Its name in the file.
    header: String,
    key: String,
    example: String,
    /// Ours, or nothing: it is left out.
    ours: Option<&'static str>,
    /// Does the mapping (or its name) say so, or is it a guess?
    is_known: bool,
}

/// The columns of a file; `None` where it cannot be read at all, which the preview says.
fn columns_of(body: &[u8], mapping: &Mapping) -> Option<Vec<Column>> {
    let mut records = Records::of(decode(body).ok()?).filter(|record| {
        !record.as_ref().is_ok_and(|(_, cells)| cells.iter().all(|cell| cell.trim().is_empty()))
    });
    let (_, header) = records.next()?.ok()?;
    if columns::too_large(&header).is_some() {
        return None;
    }
    let rows: Vec<_> = records.take(ROWS_FOR_EXAMPLES).filter_map(|record| Some(record.ok()?.1)).collect();
    let mut taken: Vec<&'static str> = header.iter().filter_map(|cell| mapping.of(cell).flatten()).collect();
    let columns =
        header.iter().enumerate().filter(|(_, cell)| !columns::key(cell).is_empty()).map(|(at, cell)| {
            let known = mapping.of(cell);
            let guess = || {
                let meant = columns::meant(&columns::key(cell)).filter(|column| !taken.contains(column))?;
                taken.push(meant);
                Some(meant)
            };
            let example =
                rows.iter().filter_map(|row| row.get(at)).map(str::trim).find(|cell| !cell.is_empty());
            Column {
                header: columns::shown(cell),
                key: columns::key(cell),
                example: example.unwrap_or_default().chars().take(40).collect(),
                is_known: known.is_some(),
                ours: known.unwrap_or_else(guess),
            }
        });
    Some(columns.collect())
}

struct Choice {
    field: String,
    header: String,
    example: String,
    ours: &'static str,
}

#[derive(Template)]
#[template(path = "features/charts/templates/import_columns.html")]
struct ColumnsPage {
    frame: StaffFrame,
    href: String,
    file: String,
    errors: FieldErrors,
    choices: Vec<Choice>,
    options: Vec<(&'static str, String)>,
}

fn columns_page(
    app: &AppState,
    staff: &StaffSession,
    file: &Waiting,
    columns: Vec<Column>,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let ours = columns::all().map(|column| (column, label(words, column)));
    let page = ColumnsPage {
        frame: staff.frame(app, CHARTS),
        href: format!("/staff/charts/import/{}", file.id),
        file: file.name.clone(),
        errors,
        choices: columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| Choice {
                field: format!("column-{at}"),
                header: column.header,
                example: column.example,
                ours: column.ours.unwrap_or_default(),
            })
            .collect(),
        options: std::iter::once(("", words.get("import-leave-out"))).chain(ours).collect(),
    };
    Ok((status, html(page.render())?).into_response())
}

async fn ask_columns(State(app): State<AppState>, staff: StaffSession, Path(id): Path<String>) -> PageResult {
    let Some(file) = waiting(&app, &staff, &id).await? else { return Ok(imported_before()) };
    match columns_of(&file.body, &file.mapping) {
        Some(columns) => columns_page(&app, &staff, &file, columns, FieldErrors::new()),
        None => Ok(see_other(&format!("/staff/charts/import/{}", file.id))),
    }
}

/// What a mapping still lacks, each at its field.
fn check(words: Words, columns: &[Column]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (at, column) in columns.iter().enumerate() {
        let is_second = column.ours.is_some_and(|ours| {
            columns[..at]
                .iter()
                .filter_map(|before| before.ours)
                .any(|before| columns::hold_the_same(before, ours))
        });
        if is_second {
            errors.add(&format!("column-{at}"), words.with1("import-mapped-twice", "header", &column.header));
        }
    }
    let has = |name| columns.iter().any(|column| column.ours == Some(name));
    if !has("chart_number") {
        errors.add("form", words.get("import-map-number"));
    }
    let (whole, parts) = (has("last_and_first_name"), ["first_name", "last_name"].map(has));
    if whole && parts != [false, false] {
        errors.add("form", words.get("import-map-name-twice"));
    } else if !whole && parts != [true, true] {
        errors.add("form", words.get("import-map-name"));
    }
    errors
}

async fn keep_columns(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let chosen: std::collections::HashMap<String, String> = staff.form(&body)?;
    let Some(file) = waiting(&app, &staff, &id).await? else { return Ok(imported_before()) };
    let Some(mut columns) = columns_of(&file.body, &file.mapping) else {
        return Ok(see_other(&format!("/staff/charts/import/{}", file.id)));
    };
    for (at, column) in columns.iter_mut().enumerate() {
        column.ours = match chosen.get(&format!("column-{at}")).map_or("", String::as_str) {
            "" => None,
            name => Some(columns::named(name).ok_or(PageError::BadRequest)?),
        };
    }
    let errors = check(staff.words, &columns);
    if !errors.is_empty() {
        return columns_page(&app, &staff, &file, columns, errors);
    }
    let mapped: Vec<(String, Option<&'static str>)> =
        columns.into_iter().map(|column| (column.key, column.ours)).collect();
    app.db.write(&staff.scope, move |c| store::keep_mapping(c, &mapped)).await?;
    Ok(see_other(&format!("/staff/charts/import/{}", file.id)))
}

struct Line {
    number: String,
    name: String,
    born: String,
    email: String,
    kind: &'static str,
    outcome: String,
}

#[derive(Template)]
#[template(path = "features/charts/templates/import_preview.html")]
struct PreviewPage {
    frame: StaffFrame,
    href: String,
    file: String,
    rows: String,
    counts: Vec<String>,
    bad: Vec<String>,
    bad_count: String,
    odd: Vec<String>,
    lines: Vec<Line>,
    has_more: bool,
    /// Can it be written, and would that do anything?
    may_apply: bool,
    /// How far an import that was begun has come.
    under_way: Option<String>,
    /// Was anything of it read?
    is_readable: bool,
}

fn places(words: Words, places: &[Bad]) -> Vec<String> {
    places.iter().take(MOST_SHOWN).map(|place| place.worded(words)).collect()
}

fn preview_page(app: &AppState, staff: &StaffSession, file: &Waiting, report: &Report) -> PageResult {
    let words = staff.words;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let counts = [("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged)];
    let lines = report.first.iter().map(|row| Line {
        number: row.number.clone(),
        name: row.name.clone(),
        born: row.birth_date.parse().map(|date| words.civil_date(date)).unwrap_or_default(),
        email: row.email.clone(),
        kind: match row.outcome {
            Outcome::Created => "good",
            Outcome::Updated => "waiting",
            Outcome::Unchanged => "",
        },
        outcome: words.get(&format!("import-outcome-{}", row.outcome)),
    });
    let page = PreviewPage {
        frame: staff.frame(app, CHARTS),
        href: format!("/staff/charts/import/{}", file.id),
        file: file.name.clone(),
        rows: words.count("import-rows", "rows", number(report.rows)),
        counts: counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| words.count(&format!("import-{outcome}"), "charts", number(count)))
            .collect(),
        bad: places(words, &report.bad),
        bad_count: words.count("import-bad", "places", number(report.bad.len() as u64)),
        odd: places(words, &report.odd),
        has_more: report.rows > lines.len() as u64,
        lines: lines.collect(),
        may_apply: report.is_fine() && report.created + report.updated > 0,
        under_way: (file.rows_done > 0).then(|| {
            let done = [("done", file.rows_done.to_string()), ("rows", report.rows.to_string())];
            words.with("import-under-way", &done)
        }),
        is_readable: columns_of(&file.body, &file.mapping).is_some(),
    };
    let status = if report.is_fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, html(page.render())?).into_response())
}

async fn preview(State(app): State<AppState>, staff: StaffSession, Path(id): Path<String>) -> PageResult {
    let Some(file) = waiting(&app, &staff, &id).await? else { return Ok(imported_before()) };
    if let Some(columns) = columns_of(&file.body, &file.mapping) {
        let is_mapped =
            columns.iter().all(|column| column.is_known) && check(staff.words, &columns).is_empty();
        if !is_mapped {
            return Ok(see_other(&format!("/staff/charts/import/{}/columns", file.id)));
        }
    }
    let body = Cursor::new(file.body.clone());
    let report = import(&app, &staff.scope, staff.by(), body, Mode::DryRun, |_| ()).await?;
    preview_page(&app, &staff, &file, &report)
}

async fn apply(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, PageError> {
    let Nothing {} = staff.form(&body)?;
    let Some(file) = waiting(&app, &staff, &id).await? else { return Ok(imported_before()) };
    let report = import_file(&app, &staff.scope, staff.by(), file.id, file.body.clone()).await?;
    if !report.applied {
        return preview_page(&app, &staff, &file, &report);
    }
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = Done {
        created: number(report.created),
        updated: number(report.updated),
        unchanged: number(report.unchanged),
    };
    let query = serde_html_form::to_string(&done).unwrap_or_default();
    Ok(see_other(&format!("/staff/charts/import?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;

    #[test]
    fn each_column_has_its_words_in_both_languages() {
        for language in Language::ALL {
            for column in columns::all() {
                let label = label(Words::of(*language), column);
                assert!(!label.contains("label-"), "{column} in {language:?}: {label}");
            }
        }
    }
}
