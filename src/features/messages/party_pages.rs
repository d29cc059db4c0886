//! The page on which staff see who takes part in a thread on the client's side, and let somebody else in.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::{COMMUNICATIONS_TAB, NotesShown, notes_on_file};
use crate::features::messages::actions::{Earlier, NotDone};
use crate::features::messages::chart_pages::{ids, path_of};
use crate::features::messages::joining::{self, EndedParty, NewParty, PartyNow, REASON};
use crate::features::messages::readers::{StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, Thread};
use crate::features::messages::thread;
use crate::features::people::{CHARTS, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId, PersonId, ThreadId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/messages/templates/staff_people.html")]
struct PeoplePage {
    frame: StaffFrame,
    errors: FieldErrors,
    head: RoomHead,
    base: String,
    subject: String,
    /// Their names, and what they can do now.
    parties: Vec<(String, String)>,
    /// Whose part can end; nobody's where only one person takes part.
    current: Vec<(String, String)>,
    party: String,
    why: String,
    holder: String,
    /// Who could take part; nobody: there is no form.
    holders: Vec<(String, String)>,
    earlier: bool,
    reason: String,
    notes: NotesShown,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PartyForm {
    holder: String,
    earlier: String,
    reason: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EndForm {
    party: String,
    why: String,
}

async fn show_people(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    (form, end): (PartyForm, EndForm),
    errors: FieldErrors,
) -> PageResult {
    let (who, role) = (staff.staff_id, staff.role);
    let viewer = Viewer::of(app, staff);
    let unit = move |c: &mut Scoped<'_>| {
        let reader = StaffReader::load(c, who, role)?;
        let is_theirs =
            |thread: &Thread| thread.chart == at.0 && staff_reads(thread.to, &reader) == StaffReads::Words;
        let Some(thread) = store::find(c, &at.1)?.filter(is_theirs) else { return Ok(None) };
        let Some(room) = load_room(c, viewer, &at.0)? else { return Ok(None) };
        let parties = joining::parties_now(c, &thread)?;
        let has_any = parties.iter().any(|party| party.range.until.is_none());
        let candidates = if has_any { joining::candidates(c, &thread)? } else { Vec::new() };
        let notes = notes_on_file(c, viewer, &room.file)?;
        Ok(Some((room, thread, parties, candidates, notes)))
    };
    let found = app.db.read(&staff.scope, unit).await?;
    let (room, thread, parties, candidates, notes) = found.ok_or(PageError::NotFound)?;
    let words = staff.words;
    let can = |party: &PartyNow| words.get(&format!("messages-party-{}", party.can.word().replace('_', "-")));
    let current: Vec<(String, String)> = parties
        .iter()
        .filter(|party| party.range.until.is_none())
        .map(|party| (party.person.to_string(), party.name.clone()))
        .collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = PeoplePage {
        frame: staff.frame(app, CHARTS),
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
        errors,
        base: path_of(&at.0, &at.1),
        subject: thread::subject_words(staff.words, &thread),
        parties: parties.iter().map(|party| (party.name.clone(), can(party))).collect(),
        current: if current.len() > 1 {
            let choose = (String::new(), words.get("messages-party-choose"));
            [choose].into_iter().chain(current).collect()
        } else {
            Vec::new()
        },
        party: end.party,
        why: end.why,
        holder: form.holder,
        holders: candidates.iter().map(|holder| (holder.access.to_string(), holder.name())).collect(),
        earlier: !form.earlier.is_empty(),
        reason: form.reason,
        notes: notes.shown(app, staff),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Who takes part, and who could.
pub(super) async fn people(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
) -> PageResult {
    show_people(&app, &staff, ids(&chart, &thread)?, Default::default(), FieldErrors::new()).await
}

/// Lets somebody in. Who takes part already does.
pub(super) async fn add(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: PartyForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let access: Option<AccessId> = form.holder.parse().ok();
    if access.is_none() {
        errors.add("holder", words.get("messages-error-party"));
    }
    let reason = text::line(&form.reason, REASON).ok().filter(|reason| !reason.is_empty());
    if reason.is_none() {
        errors.add("reason", words.with1("messages-error-reason", "most", REASON));
    }
    let (Some(access), Some(reason)) = (access, reason) else {
        return show_people(&app, &staff, at, (form, EndForm::default()), errors).await;
    };
    let earlier = if form.earlier.is_empty() { Earlier::Hidden } else { Earlier::Read };
    match joining::add_by_staff(&app, &staff, at, NewParty { access, earlier, reason }).await? {
        Ok(_) | Err(NotDone::TakesPart) => {
            Ok(see_other(&format!("{}?done=party-added", path_of(&at.0, &at.1))))
        }
        Err(NotDone::NeedsSupervision) => {
            errors.add("holder", words.get("messages-error-supervision"));
            show_people(&app, &staff, at, (form, EndForm::default()), errors).await
        }
        Err(NotDone::NotAReader) => {
            errors.add("holder", words.get("messages-error-party"));
            show_people(&app, &staff, at, (form, EndForm::default()), errors).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

/// Ends somebody's part. Whose part has ended already is done.
pub(super) async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: EndForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let person: Option<PersonId> = form.party.parse().ok();
    if person.is_none() {
        errors.add("party", words.get("messages-error-party"));
    }
    let reason = text::line(&form.why, REASON).ok().filter(|reason| !reason.is_empty());
    if reason.is_none() {
        errors.add("why", words.with1("messages-error-reason", "most", REASON));
    }
    let (Some(person), Some(reason)) = (person, reason) else {
        return show_people(&app, &staff, at, (PartyForm::default(), form), errors).await;
    };
    match joining::end_by_staff(&app, &staff, at, EndedParty { person, reason }).await? {
        Ok(_) | Err(NotDone::TakesNoPart) => {
            Ok(see_other(&format!("{}/people?done=party-ended", path_of(&at.0, &at.1))))
        }
        Err(NotDone::LastParty) => {
            errors.add("party", words.get("messages-error-last-party"));
            show_people(&app, &staff, at, (PartyForm::default(), form), errors).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}
