//! Emergency contacts: the form of the reader's own list in the portal, and for staff everybody's lists with the form of
//! the practice's.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::information::actions::{self, EmergencySubmission, NotDone};
use crate::features::information::client_pages::MINE;
use crate::features::information::emergency;
use crate::features::information::fields::Beside;
use crate::features::people::{self, CHARTS, ChartFile, EmergencyEntry, note_opened};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::{AccountId, ChartId, EmergencyContactId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// A row of the form.
struct Row {
    number: usize,
    entry: EmergencyEntry,
    /// The names of its fields.
    names: [String; 3],
}

/// The rows that are there and an empty one: somebody is added without a button.
fn rows(entries: &[EmergencyEntry]) -> Vec<Row> {
    let is_filled = |entry: &&EmergencyEntry| {
        [&entry.name, &entry.relation, &entry.phone].iter().any(|text| !text.trim().is_empty())
    };
    let blank = EmergencyEntry::default();
    let filled = entries.iter().filter(is_filled).chain(std::iter::once(&blank));
    let row = |(at, entry): (usize, &EmergencyEntry)| Row {
        number: at + 1,
        entry: entry.clone(),
        names: ["name", "relation", "phone"].map(|field| format!("row-{at}-{field}")),
    };
    filled.take(emergency::MOST).enumerate().map(row).collect()
}

/// What a form says: its mark, what was seen, and the rows.
struct Sent {
    mark: String,
    seen: String,
    rows: Vec<EmergencyEntry>,
}

fn read_form(pairs: Vec<(String, String)>) -> Option<Sent> {
    let (mut mark, mut seen, mut others) = (String::new(), String::new(), Vec::new());
    for (name, value) in pairs {
        match name.as_str() {
            "mark" => mark = value,
            "seen" => seen = value,
            _ => others.push((name, value)),
        }
    }
    Some(Sent { mark, seen, rows: emergency::typed(others)? })
}

fn changed_meanwhile(words: Words, now: &[EmergencyEntry]) -> String {
    words.with1("information-changed-meanwhile", "value", emergency::lines(now).join(", "))
}

#[derive(Template)]
#[template(path = "features/information/templates/emergency.html")]
struct OwnPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    mark: String,
    seen: String,
    rows: Vec<Row>,
}

fn own_page(
    app: &AppState,
    client: &ClientSession,
    on_file: &[EmergencyEntry],
    shown: &[EmergencyEntry],
    errors: FieldErrors,
) -> OwnPage {
    OwnPage {
        frame: client.frame(app, MINE),
        errors,
        for_client: client.for_client.clone(),
        mark: FormToken::fresh(app.rng.as_ref()),
        seen: emergency::value(on_file),
        rows: rows(shown),
    }
}

/// The reader's own list; what others have typed is theirs.
fn own_list(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    account: &AccountId,
) -> Result<Option<Vec<EmergencyEntry>>, Fault> {
    let Some(file) = people::load_file(c, chart)? else { return Ok(None) };
    let beside = Beside::load(c, &file, std::iter::once(emergency::PATH))?;
    Ok(Some(beside.list_of(Some(account))))
}

/// The form.
pub(super) async fn edit(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let read = |c: &mut Scoped<'_>, client: &ClientSession| own_list(c, &client.chart_id, &client.account_id);
    let (client, list) = ticket.open(&app, read).await?;
    let list = list.ok_or(PageError::NotFound)?;
    html(own_page(&app, &client, &list, &list, FieldErrors::new()).render())
}

/// Saves it.
pub(super) async fn submit(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let sent = read_form(client.form(&body)?).ok_or(PageError::BadRequest)?;
    let words = client.words;
    let mark = FormToken::read("emergency", &client.access_id.to_string(), &sent.mark, &body)?;
    let (chart, account) = (client.chart_id, client.account_id);
    let errors = match emergency::check(&sent.rows) {
        Err(wrong) => emergency::worded(words, &wrong),
        Ok(entries) => {
            let submission = EmergencySubmission { entries, seen: sent.seen.clone(), mark };
            match actions::submit_emergency(&app, &client, submission).await? {
                Ok(done) => return Ok(see_other(&format!("/portal/information?done=information-{done}"))),
                Err(NotDone::ChangedMeanwhile(_)) => FieldErrors::new(),
                Err(_) => return Err(PageError::NotFound),
            }
        }
    };
    let on_file = app.db.read(&client.scope, move |c| own_list(c, &chart, &account)).await?;
    let on_file = on_file.ok_or(PageError::NotFound)?;
    // Another tab has saved meanwhile: what stands there now is said beside what was typed.
    let mut errors = errors;
    if errors.is_empty() {
        errors.add("row-0-name", changed_meanwhile(words, &on_file));
    }
    unprocessable(own_page(&app, &client, &on_file, &sent.rows, errors).render())
}

/// Somebody else's entry, as staff see it.
struct OtherLine {
    id: EmergencyContactId,
    text: String,
    by: String,
}

#[derive(Template)]
#[template(path = "features/information/templates/emergency_staff.html")]
struct StaffPage {
    frame: StaffFrame,
    errors: FieldErrors,
    chart: ChartId,
    client: String,
    others: Vec<OtherLine>,
    seen: String,
    rows: Vec<Row>,
}

/// A chart with everybody's lists.
type Found = (ChartFile, Beside);

fn load(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<Found>, Fault> {
    let Some(file) = people::load_file(c, chart)? else { return Ok(None) };
    let beside = Beside::load(c, &file, std::iter::once(emergency::PATH))?;
    Ok(Some((file, beside)))
}

fn staff_page(
    app: &AppState,
    staff: &StaffSession,
    (file, beside): &Found,
    typed: Option<&[EmergencyEntry]>,
    errors: FieldErrors,
) -> PageResult {
    note_opened(app, staff, &file.chart.chart_id);
    let words = staff.words;
    let on_file = beside.list_of(None);
    let others = beside.emergency.iter().filter(|contact| contact.account.is_some()).map(|contact| {
        let text = emergency::lines(std::slice::from_ref(&contact.entry)).join("");
        let date = words.date(contact.created_at, &staff.zone);
        let by = words.with2("information-emergency-by", "name", &contact.by_name, "date", date);
        OtherLine { id: contact.id, text, by }
    });
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = StaffPage {
        frame: staff.frame(app, CHARTS),
        errors,
        chart: file.chart.chart_id,
        client: file.client.full_name(),
        others: others.collect(),
        seen: emergency::value(&on_file),
        rows: rows(typed.unwrap_or(&on_file)),
    };
    Ok((status, html(page.render())?).into_response())
}

fn id_of(chart: &str) -> Result<ChartId, PageError> {
    chart.parse().map_err(|_| PageError::NotFound)
}

/// Everybody's lists.
pub(super) async fn show(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    ticket: StaffTicket,
) -> PageResult {
    let id = id_of(&chart)?;
    let (staff, found) = ticket.open(&app, move |c, _| load(c, &id)).await?;
    staff_page(&app, &staff, &found.ok_or(PageError::NotFound)?, None, FieldErrors::new())
}

/// Saves the practice's list.
pub(super) async fn save(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let id = id_of(&chart)?;
    let sent = read_form(staff.form(&body)?).ok_or(PageError::BadRequest)?;
    let mut errors = match emergency::check(&sent.rows) {
        Err(wrong) => emergency::worded(staff.words, &wrong),
        Ok(entries) => {
            let list = (sent.seen.clone(), entries);
            match actions::set_practice_emergency(&app, &staff.scope, staff.by(), id, list).await? {
                Ok(()) => return Ok(see_other(&format!("/staff/charts/{id}?done=emergency-saved"))),
                Err(NotDone::ChangedMeanwhile(_)) => FieldErrors::new(),
                Err(_) => return Err(PageError::NotFound),
            }
        }
    };
    let found = app.db.read(&staff.scope, move |c| load(c, &id)).await?.ok_or(PageError::NotFound)?;
    if errors.is_empty() {
        errors.add("row-0-name", changed_meanwhile(staff.words, &found.1.list_of(None)));
    }
    staff_page(&app, &staff, &found, Some(&sent.rows), errors)
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RemoveForm {
    contact: String,
}

/// Ends an entry of somebody's list.
pub(super) async fn remove(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let id = id_of(&chart)?;
    let form: RemoveForm = staff.form(&body)?;
    let contact = form.contact.parse().map_err(|_| PageError::NotFound)?;
    match actions::remove_emergency(&app, &staff.scope, staff.by(), id, contact).await? {
        Ok(()) => Ok(see_other(&format!("/staff/charts/{id}/emergency-contacts?done=emergency-removed"))),
        Err(_) => Err(PageError::NotFound),
    }
}
