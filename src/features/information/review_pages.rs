//! What clients changed, for staff: the queue, a line a client, and the review of one client, field by field.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::information::actions::{self, Decision, Decisions, FormerName, NotDone};
use crate::features::information::coverage::{CardSide, Coverage, Position};
use crate::features::information::fields::{self, Beside};
use crate::features::information::lifecycle::FieldState;
use crate::features::information::store::{self, FieldRow, InfoChange};
use crate::features::people::{ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::{ChartId, InfoChangeId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Stamp, Words};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartTab, Section};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The queue.
pub(super) const QUEUE: Section = Section("/staff/information");

/// No tab of the chart's head: the page is reached from the queue.
const PLACE: ChartTab =
    ChartTab { path: "/information", label: "nav-information", needs: Permission::ReviewInfo, order: 0 };

struct QueueRow {
    href: String,
    client: String,
    number: String,
    pending: String,
    told: String,
    since: Stamp,
}

#[derive(Template)]
#[template(path = "features/information/templates/queue.html")]
struct QueuePage {
    frame: StaffFrame,
    lines: Vec<QueueRow>,
    has_more: bool,
}

fn labels(words: Words, paths: &[String]) -> String {
    paths.iter().map(|field| fields::label(words, field)).collect::<Vec<_>>().join(", ")
}

/// Whose changes wait, the longest waiting first.
pub(super) async fn queue(State(app): State<AppState>, ticket: StaffTicket) -> PageResult {
    let (staff, (lines, has_more)) = ticket.open(&app, |c, _| store::queue(c)).await?;
    let words = staff.words;
    let page = QueuePage {
        lines: lines
            .into_iter()
            .map(|line| QueueRow {
                href: format!("/staff/charts/{}/information", line.chart_id),
                client: line.client,
                number: line.chart_number,
                pending: labels(words, &line.pending),
                told: labels(words, &line.told),
                since: words.stamp(line.since, &staff.zone, app.now()),
            })
            .collect(),
        has_more,
        frame: staff.frame(&app, QUEUE),
    };
    html(page.render())
}

/// A line of a value, and whether the other side has it too.
struct ValueLine {
    text: String,
    is_same: bool,
}

fn marked(lines: &[String], other: &[String]) -> Vec<ValueLine> {
    lines.iter().map(|text| ValueLine { text: text.clone(), is_same: other.contains(text) }).collect()
}

/// A field in the review.
struct ReviewRow {
    at: usize,
    /// The submission and the field, as the form carries them.
    id: String,
    path: String,
    label: String,
    by: String,
    asked_at: Stamp,
    /// The pictures of a card that was sent, each with its name.
    cards: Vec<(String, String)>,
    on_file: Vec<ValueLine>,
    /// What was on file when the client changed it, where that is something else by now.
    seen: Option<Vec<String>>,
    asked: Vec<ValueLine>,
    /// What stands on file, as the form carries it.
    on_file_value: String,
    /// Was it written at once, so that staff only look?
    is_told: bool,
    choice: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "features/information/templates/review.html")]
struct ReviewPage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    rows: Vec<ReviewRow>,
    /// The last name on file, where another may take its place.
    former: Option<String>,
    keeps_former: bool,
    asks_birth_reason: bool,
    birth_reason: String,
}

/// What the form said.
#[derive(Default)]
struct Typed {
    rows: BTreeMap<usize, TypedRow>,
    keeps_former: bool,
    birth_reason: String,
    takes_all: bool,
}

#[derive(Clone, Default)]
struct TypedRow {
    id: String,
    on_file: String,
    choice: String,
    reason: String,
}

impl Typed {
    fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let mut typed = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "former" => typed.keeps_former = value == "keep",
                "birth_reason" => typed.birth_reason = value,
                "all" => typed.takes_all = true,
                _ => {
                    let (part, at) = name.split_once('-')?;
                    let at: usize = at.parse().ok().filter(|at| *at < 1_000)?;
                    let row = typed.rows.entry(at).or_default();
                    match part {
                        "row" => row.id = value,
                        "on" => row.on_file = value.replace("\r\n", "\n"),
                        "do" => row.choice = value,
                        "why" => row.reason = value,
                        _ => return None,
                    }
                }
            }
        }
        Some(typed)
    }

    fn of(&self, id: &str) -> TypedRow {
        self.rows.values().find(|row| row.id == id).cloned().unwrap_or_default()
    }
}

fn split_id(id: &str) -> Option<(InfoChangeId, String)> {
    let (change, field) = id.split_once('.')?;
    Some((change.parse().ok()?, field.to_owned()))
}

/// The pictures of the card of a coverage, beside the numbers that were typed.
fn cards(words: Words, chart: &ChartId, row: &FieldRow) -> Vec<(String, String)> {
    let coverage = Position::of_path(&row.path).and_then(|_| Coverage::read(&row.new_value));
    let picture = |side: &CardSide| {
        let id = coverage.as_ref()?.card(*side)?;
        let label = words.get(&format!("information-insurance-card-{side}"));
        Some((label, format!("/staff/charts/{chart}/cards/{id}")))
    };
    CardSide::ALL.iter().filter_map(picture).collect()
}

fn review_row(
    app: &AppState,
    staff: &StaffSession,
    (room, beside): (&ChartRoom, &Beside),
    at: usize,
    (change, row): &(InfoChange, FieldRow),
    typed: &Typed,
) -> ReviewRow {
    let words = staff.words;
    let show = |value: &str| fields::lines(words, &staff.practice, &row.path, value);
    let is_told = row.state == FieldState::Told;
    let on_file_value = fields::on_file(&room.file, beside, &change.account_id, &row.path);
    // What was written at once stands beside what was there before.
    let before = if is_told { show(&row.seen_value) } else { show(&on_file_value) };
    let asked = show(&row.new_value);
    let id = format!("{}.{}", change.change_id, row.path);
    let said = typed.of(&id);
    let by = if change.relation.is_empty() {
        change.by_name.clone()
    } else {
        let relation = words
            .find(&format!("charts-relation-{}", change.relation))
            .unwrap_or_else(|| change.relation.clone());
        words.with2("information-by-relation", "name", &change.by_name, "relation", relation)
    };
    ReviewRow {
        at,
        cards: cards(words, &room.file.chart.chart_id, row),
        label: fields::label(words, &row.path),
        path: row.path.clone(),
        by,
        asked_at: words.stamp(change.submitted_at, &staff.zone, app.now()),
        on_file: marked(&before, &asked),
        seen: (!is_told && on_file_value != row.seen_value).then(|| show(&row.seen_value)),
        asked: marked(&asked, &before),
        on_file_value,
        is_told,
        choice: said.choice,
        reason: said.reason,
        id,
    }
}

/// A chart, what stands beside its face sheet, and what waits on it.
type Found = (ChartRoom, Beside, Vec<(InfoChange, FieldRow)>);

fn load(c: &mut Scoped<'_>, viewer: Viewer, id: &ChartId) -> Result<Option<Found>, Fault> {
    let Some(room) = load_room(c, viewer, id)? else { return Ok(None) };
    let waiting = store::waiting_of_chart(c, id)?;
    let beside = Beside::load(c, &room.file, waiting.iter().map(|(_, row)| row.path.as_str()))?;
    Ok(Some((room, beside, waiting)))
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (room, beside, waiting): &Found,
    typed: &Typed,
    errors: FieldErrors,
) -> ReviewPage {
    let row = |(at, each)| review_row(app, staff, (room, beside), at, each, typed);
    let rows: Vec<ReviewRow> = waiting.iter().enumerate().map(row).collect();
    let asks = |field: &str| rows.iter().any(|row| row.path == field && !row.is_told);
    let last_name = &room.file.client.last_name;
    ReviewPage {
        former: (asks("last_name") && !last_name.is_empty()).then(|| last_name.clone()),
        keeps_former: typed.keeps_former,
        asks_birth_reason: asks("birth_date"),
        birth_reason: typed.birth_reason.clone(),
        rows,
        errors,
        head: room_head(app, staff, &room.file, &room.tags, PLACE),
        frame: staff.frame(app, QUEUE),
    }
}

/// The review of one client.
pub(super) async fn review(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    ticket: StaffTicket,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let inside = app.clone();
    let (staff, found) = ticket.open(&app, move |c, staff| load(c, Viewer::of(&inside, staff), &id)).await?;
    let found = found.ok_or(PageError::NotFound)?;
    let typed = Typed { keeps_former: true, ..Typed::default() };
    html(page(&app, &staff, &found, &typed, FieldErrors::new()).render())
}

/// The decisions of a form, with the row that each stands in.
fn decisions(typed: &Typed, waiting: &[(InfoChange, FieldRow)]) -> Option<Decisions> {
    let mut all = Decisions {
        former_name: if typed.keeps_former { FormerName::Keep } else { FormerName::Drop },
        birth_reason: typed.birth_reason.clone(),
        ..Decisions::default()
    };
    for row in typed.rows.values() {
        let (change, field) = split_id(&row.id)?;
        let is_told = waiting
            .iter()
            .any(|(_, w)| w.change_id == change && w.path == field && w.state == FieldState::Told);
        let choice = match row.choice.as_str() {
            "" if typed.takes_all => {
                if is_told {
                    "see"
                } else {
                    "take"
                }
            }
            own => own,
        };
        let decision = match choice {
            "" => continue,
            "take" => Decision::Take { on_file: row.on_file.clone() },
            "leave" => Decision::Leave { reason: row.reason.clone() },
            "see" => Decision::See,
            _ => return None,
        };
        all.fields.push((change, field, decision));
    }
    Some(all)
}

/// Decides what was chosen, all of it or nothing.
pub(super) async fn decide(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let typed = Typed::read(staff.form(&body)?).ok_or(PageError::BadRequest)?;
    let (viewer, scope) = (Viewer::of(&app, &staff), staff.scope.clone());
    let read = move |c: &mut Scoped<'_>| load(c, viewer, &id);
    let (.., waiting) = app.db.read(&scope, read).await?.ok_or(PageError::NotFound)?;
    let wanted = decisions(&typed, &waiting).ok_or(PageError::BadRequest)?;
    let words = staff.words;
    let (status, errors) = if wanted.fields.is_empty() {
        let mut errors = FieldErrors::new();
        errors.add("form", words.get("information-nothing-chosen"));
        (StatusCode::UNPROCESSABLE_ENTITY, errors)
    } else {
        match actions::decide(&app, &scope, staff.by(), id, wanted).await? {
            Ok(()) => {
                let left = app.db.read(&scope, move |c| store::waiting_of_chart(c, &id)).await?;
                let to = if left.is_empty() {
                    "/staff/information".to_owned()
                } else {
                    format!("/staff/charts/{id}/information")
                };
                return Ok(see_other(&format!("{to}?done=information-decided")));
            }
            Err(NotDone::NotFound) => return Err(PageError::NotFound),
            Err(why) => {
                let is_stale = matches!(why, NotDone::ChangedMeanwhile(_) | NotDone::Decided(..));
                let status = if is_stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
                (status, errors(words, &typed, &why))
            }
        }
    };
    // As it stands now: what a colleague decided meanwhile is gone from it.
    let found = app.db.read(&scope, read).await?.ok_or(PageError::NotFound)?;
    Ok((status, html(page(&app, &staff, &found, &typed, errors).render())?).into_response())
}

/// What is wrong, beside its field where that is shown.
fn errors(words: Words, typed: &Typed, why: &NotDone) -> FieldErrors {
    let mut errors = FieldErrors::new();
    // The row whose field this is, as the form was sent.
    let at = |field: &str, part: &str| {
        let of_row = |row: &TypedRow| split_id(&row.id).is_some_and(|(_, of)| of == field);
        let found = typed.rows.iter().find(|(_, row)| of_row(row) && row.choice != "see");
        found.map_or("form".to_owned(), |(at, _)| format!("{part}-{at}"))
    };
    match why {
        NotDone::ReasonMissing(field) => {
            let label = fields::label(words, field);
            errors.add(&at(field, "why"), words.with1("information-reason-missing", "field", label));
        }
        NotDone::ReasonUnreadable(field) => {
            let most = actions::LONGEST_REASON.to_string();
            errors.add(&at(field, "why"), words.with1("information-reason-unreadable", "most", most));
        }
        NotDone::ChangedMeanwhile(field) => {
            let label = fields::label(words, field);
            errors.add("form", words.with1("information-file-changed", "field", label));
        }
        NotDone::Decided(field, by) => {
            let label = fields::label(words, field);
            let text = if by.is_empty() {
                words.with1("information-decided-before", "field", label)
            } else {
                words.with2("information-decided-by", "field", label, "name", by)
            };
            errors.add("form", text);
        }
        NotDone::Fields(problems) => {
            for (field, message) in problems.worded(words).iter() {
                let path = match field.split('-').next().unwrap_or_default() {
                    "birth_month" => "birth_date",
                    "phone" => "phones",
                    "email" => "emails",
                    own => own,
                };
                if field == "birth_reason" {
                    errors.add("birth_reason", message);
                } else {
                    errors.add(&at(path, "do"), message);
                }
            }
        }
        NotDone::TooMany(_) | NotDone::NotFound | NotDone::CardGone => {
            errors.add("form", words.get("error-stale-title"))
        }
    }
    errors
}
