//! Safe contact: staff say to whom of a chart mail may go only at one address, without a word of who writes.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::{COMMUNICATIONS, COMMUNICATIONS_TAB};
use crate::features::accounts::audit::AccountAction;
use crate::features::accounts::safe_store::{self, Contact};
use crate::features::people::{CHARTS, ChartRoom, ContactMode, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{ChartId, PersonId};
use crate::platform::audit::{self, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTag;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The tag on every page of a chart on which somebody is in safe contact.
pub(super) fn head_tags(c: &mut Scoped<'_>, chart: &ChartId, words: Words) -> Result<Vec<ChartTag>, Fault> {
    let contacts = safe_store::of_chart(c, chart)?;
    let safe: Vec<_> = contacts.iter().filter(|contact| contact.mode == ContactMode::Safe).collect();
    // Without a safe address nothing is sent, whatever the boxes of the page offer.
    let without_mail = safe.iter().any(|contact| contact.safe_address.is_none());
    let label = if without_mail { "portal-safe-tag-no-mail" } else { "portal-safe-tag" };
    let tag = || ChartTag { tone: "attention", text: words.get(label), path: COMMUNICATIONS };
    Ok((!safe.is_empty()).then(tag).into_iter().collect())
}

struct Row {
    at: usize,
    person: PersonId,
    name: String,
    is_safe: bool,
    address: String,
}

#[derive(Template)]
#[template(path = "features/accounts/templates/safe_contact.html")]
struct SafePage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    rows: Vec<Row>,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    room: &ChartRoom,
    contacts: Vec<Contact>,
    typed: Option<&SafeForm>,
    errors: FieldErrors,
) -> SafePage {
    let rows = contacts.into_iter().enumerate().map(|(at, contact)| {
        let typed = typed.filter(|typed| typed.person == contact.person_id.to_string());
        let on_file = contact.safe_address.as_ref().map(|a| a.as_str().to_owned()).unwrap_or_default();
        Row {
            at,
            person: contact.person_id,
            name: contact.name,
            is_safe: typed.map_or(contact.mode == ContactMode::Safe, |typed| typed.safe.is_some()),
            address: typed.map_or(on_file, |typed| typed.address.clone()),
        }
    });
    SafePage {
        rows: rows.collect(),
        errors,
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
        frame: staff.frame(app, CHARTS),
    }
}

fn read(
    c: &mut Scoped<'_>,
    viewer: Viewer,
    id: &ChartId,
) -> Result<Option<(ChartRoom, Vec<Contact>)>, Fault> {
    let Some(room) = load_room(c, viewer, id)? else { return Ok(None) };
    Ok(Some((room, safe_store::of_chart(c, id)?)))
}

/// Everybody on the chart, and how they may be written to.
pub(super) async fn show(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    ticket: StaffTicket,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let inside = app.clone();
    let (staff, found) = ticket.open(&app, move |c, staff| read(c, Viewer::of(&inside, staff), &id)).await?;
    let (room, contacts) = found.ok_or(PageError::NotFound)?;
    html(page(&app, &staff, &room, contacts, None, FieldErrors::new()).render())
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SafeForm {
    person: String,
    #[serde(default)]
    safe: Option<String>,
    #[serde(default)]
    address: String,
}

/// Saves it for one person.
pub(super) async fn save(
    State(app): State<AppState>,
    Path(chart): Path<String>,
    staff: StaffSession,
    body: Bytes,
) -> PageResult {
    let form: SafeForm = staff.form(&body)?;
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (room, contacts) =
        app.db.read(&staff.scope, move |c| read(c, viewer, &id)).await?.ok_or(PageError::NotFound)?;
    let at = contacts.iter().position(|contact| contact.person_id.to_string() == form.person);
    let at = at.ok_or(PageError::NotFound)?;
    let person = contacts.get(at).map(|contact| contact.person_id).ok_or(PageError::NotFound)?;
    let mode = if form.safe.is_some() { ContactMode::Safe } else { ContactMode::Normal };
    let address = match (mode, form.address.trim()) {
        (ContactMode::Normal, _) | (ContactMode::Safe, "") => Ok(None),
        (ContactMode::Safe, typed) => EmailAddress::parse(typed).map(Some),
    };
    let Ok(address) = address else {
        let mut errors = FieldErrors::new();
        errors.add(&format!("address-{at}"), staff.words.get("portal-email-malformed"));
        let shown = page(&app, &staff, &room, contacts, Some(&form), errors).render();
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(shown)?).into_response());
    };
    let by = staff.by();
    let done = if mode == ContactMode::Safe && address.is_none() { "safe-no-mail" } else { "saved" };
    app.db
        .write(&staff.scope, move |c| {
            safe_store::set(c, &person, mode, address.as_ref())?;
            let details = serde_json::json!({ "mode": mode, "has_address": address.is_some() });
            audit::record(
                c,
                Event::new(by.clone(), AccountAction::SafeContactSet).on_chart(&id).with(details),
            )
        })
        .await?;
    app.live.chart_changed(staff.scope.id(), &id);
    Ok(see_other(&format!("/staff/charts/{id}/safe-contact?done={done}")))
}
