//! The page of one appointment, which moves and cancels it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts;
use crate::features::appointments::attendance::{self, Noting};
use crate::features::appointments::booking::{self, Cancellation, Move, NotBooked};
use crate::features::appointments::calendar_page::CALENDAR;
use crate::features::appointments::kinds::CancelReason;
use crate::features::appointments::labels::{Side, no_shows_in_words, state_of, summary};
use crate::features::appointments::lifecycle::{
    AppointmentState, Attendance, Decision, Event, PartyState, Refusal, decide,
};
use crate::features::appointments::links_pages::{LinkForm, Shown, shown_link};
use crate::features::appointments::series_store::series_with;
use crate::features::appointments::slot_form::{
    Choices, DayPlan, PlanOf, SlotFields, SlotForm, SlotTrouble, plan_of,
};
use crate::features::appointments::store::{Appointment, Party, count_no_shows, find, parties_of, standing};
use crate::features::appointments::video::{self, LinkOf, NotSet};
use crate::features::people::{self, ChartFile};
use crate::features::practice::PlaceKind;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, SeriesId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest words to a client about a cancellation, in characters.
const LONGEST_WORDS: usize = 1_000;

/// An appointment with everybody that its pages name.
struct Found {
    appointment: Appointment,
    party: Party,
    file: ChartFile,
    choices: Choices,
    /// Does anybody get a mail about it?
    is_mailed: bool,
    /// To how many appointments the client did not come.
    no_shows: i64,
    /// The series that it is one of.
    series: Option<SeriesId>,
}

async fn find_one(app: &AppState, staff: &StaffSession, id: &str) -> Result<Found, PageError> {
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db
        .read(&staff.scope, move |c| {
            let Some(appointment) = find(c, id)? else { return Ok(None) };
            let Some(party) = parties_of(c, id)?.into_iter().next() else { return Ok(None) };
            let Some(file) = people::load_file(c, &party.chart_id)? else { return Ok(None) };
            let choices = Choices::load(c)?.with_those_of(&appointment);
            let is_mailed = accounts::reaches_anybody(c, &party.chart_id, Right::Appointments)?;
            let no_shows = count_no_shows(c, party.chart_id)?;
            let series = series_with(c, id)?;
            Ok(Some(Found { appointment, party, file, choices, is_mailed, no_shows, series }))
        })
        .await?
        .ok_or(PageError::NotFound)
}

#[derive(Template)]
#[template(path = "features/appointments/templates/appointment.html")]
struct OnePage {
    frame: StaffFrame,
    id: String,
    client: String,
    chart_href: String,
    day_href: String,
    day: String,
    when: String,
    kind: String,
    length: String,
    place: String,
    address: String,
    with: String,
    tag: &'static str,
    state: String,
    /// Who canceled and when, the reason, and what the client was told.
    canceled: Option<(String, String, String)>,
    /// Who noted whether the client came, and when.
    noted: Option<String>,
    /// To how many appointments the client did not come, if to any.
    no_shows: Option<String>,
    chart: String,
    series: Option<String>,
    may_move: bool,
    may_cancel: bool,
    may_note: NoteButtons,
    /// Of a visit by video: where it takes place, and the form that says so.
    video: Option<VideoBox>,
    errors: FieldErrors,
}

/// Where a visit by video takes place.
struct VideoBox {
    /// The link that holds; none is set yet.
    shown: Option<Shown>,
    /// What stands in the form, where there is one.
    form: Option<String>,
}

/// What can be noted of a client's coming, at this moment.
struct NoteButtons {
    arrived: bool,
    no_show: bool,
    undo: bool,
    /// Until when it can be undone, or that it no longer can.
    undo_words: Option<String>,
}

impl NoteButtons {
    fn of(staff: &StaffSession, appointment: &Appointment, party: &Party, now: Timestamp) -> Self {
        let words = staff.words;
        let standing = standing(appointment, party, 0, &staff.practice.policy());
        let may = |what: Attendance| {
            let decision = decide(&standing, Event::Note(what), now);
            staff.may(Permission::BookAppointments) && matches!(decision, Ok(Decision::Noted(_)))
        };
        let undo_words = standing.undo_until().map(|until| match now < until {
            true => words.with1("appointments-undo-until", "moment", words.date_time(until, &staff.zone)),
            false => words.get("appointments-undo-over"),
        });
        Self {
            arrived: may(Attendance::Arrived),
            no_show: may(Attendance::NoShow),
            undo: may(Attendance::Undo),
            undo_words,
        }
    }

    /// Is there a button or a sentence?
    fn is_shown(&self) -> bool {
        self.arrived || self.no_show || self.undo || self.undo_words.is_some()
    }
}

/// One appointment.
pub(super) async fn one(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    show_one(&app, &staff, found, None, FieldErrors::new()).await
}

/// The links of a visit by video; what was typed stands in the form again.
async fn video_box(
    app: &AppState,
    staff: &StaffSession,
    appointment: &Appointment,
    typed: Option<String>,
) -> Result<Option<VideoBox>, PageError> {
    if appointment.place.kind != PlaceKind::Video {
        return Ok(None);
    }
    let (inside, of) = (app.clone(), appointment.clone());
    let unit = move |c: &mut Scoped<'_>| {
        let own = video::link_of(&inside, c, LinkOf::Appointment(of.appointment_id))?;
        Ok((own, video::holds_for(&inside, c, &of)?))
    };
    let (own, holds) = app.db.read(&staff.scope, unit).await?;
    let may = staff.may(Permission::BookAppointments) && appointment.state == AppointmentState::Booked;
    let own = own.map(|own| own.reveal().to_owned()).unwrap_or_default();
    let shown = holds.map(|(kind, link)| shown_link(staff.words, kind, &appointment.with_name, &link));
    Ok(Some(VideoBox { shown, form: may.then(|| typed.unwrap_or(own)) }))
}

/// Sets the link of one appointment, or takes it away.
pub(super) async fn set_video(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: LinkForm = staff.form(&body)?;
    let found = find_one(&app, &staff, &id).await?;
    let id = found.appointment.appointment_id;
    let mut errors = FieldErrors::new();
    let Some(link) = form.read(staff.words, &mut errors) else {
        return show_one(&app, &staff, found, Some(form.link), errors).await;
    };
    match video::set(&app, &staff.scope, staff.by(), LinkOf::Appointment(id), link).await? {
        Ok(()) => Ok(see_other(&format!("/staff/appointments/{id}?done=saved"))),
        Err(NotSet::NotFound) => Err(PageError::NotFound),
        Err(NotSet::NotByVideo | NotSet::Canceled) => Err(PageError::Stale),
    }
}

async fn show_one(
    app: &AppState,
    staff: &StaffSession,
    found: Found,
    typed: Option<String>,
    errors: FieldErrors,
) -> PageResult {
    let Found { appointment, party, file, no_shows, series, .. } = found;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let video = video_box(app, staff, &appointment, typed).await?;
    let (words, now) = (staff.words, app.now());
    let (tag, state) = state_of(words, &appointment, party.state, Side::Practice, now);
    let zone = appointment.place.time_zone.rules();
    let client = file.client.full_name();
    let decided = party.decided_at.map(|at| (at, words.date_time(at, &staff.zone)));
    let noted = decided
        .clone()
        .filter(|_| party.is_on())
        .map(|(_, moment)| words.with2("appointments-noted-by", "moment", moment, "name", &party.decided_by));
    let canceled = decided.filter(|_| !party.is_on()).map(|(_, moment)| {
        let who = match party.decided_by.as_str() {
            "" => words.with1("appointments-canceled-by-client", "moment", moment),
            name => words.with2("appointments-canceled-by", "moment", moment, "name", name),
        };
        let reason = party.reason().map(|reason| reason.label(words)).unwrap_or_default();
        (who, reason, party.words.clone())
    });
    let may = staff.may(Permission::BookAppointments)
        && appointment.state == AppointmentState::Booked
        && party.state == PartyState::Expected;
    let day = appointment.starts_at.in_zone(&staff.zone).date();
    let page = OnePage {
        id: appointment.appointment_id.to_string(),
        client,
        chart_href: format!("/staff/charts/{}/appointments", party.chart_id),
        day_href: format!("{}?date={day}", CALENDAR.0),
        day: words.day_short(day, staff.practice.today(now)),
        when: words.date_time_zone(appointment.starts_at, zone),
        kind: appointment.kind.label(words),
        length: words.with1("appointments-minutes", "minutes", appointment.minutes()),
        place: appointment.place.name.clone(),
        address: appointment.place.address.clone(),
        with: appointment.with_name.clone(),
        tag,
        state,
        canceled,
        noted,
        no_shows: no_shows_in_words(words, no_shows),
        chart: party.chart_id.to_string(),
        series: series.map(|id| format!("/staff/series/{id}")),
        may_note: NoteButtons::of(staff, &appointment, &party, now),
        video,
        errors,
        may_move: may && appointment.starts_at > now,
        may_cancel: may && appointment.ends_at > now,
        frame: staff.frame(app, CALENDAR),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Back to the page of an appointment that cannot be changed any more: it says how it stands.
fn settled(id: AppointmentId, why: Refusal) -> PageResult {
    let word = match why {
        Refusal::Canceled => "appointment-is-canceled",
        Refusal::Begun | Refusal::Over | Refusal::NowLate => "appointment-has-begun",
        Refusal::Noted => "appointment-is-noted",
        Refusal::TooEarly => "appointment-too-early",
        Refusal::UndoOver => "appointment-undo-over",
    };
    Ok(see_other(&format!("/staff/appointments/{id}?done={word}")))
}

#[derive(Template)]
#[template(path = "features/appointments/templates/move.html")]
struct MovePage {
    frame: StaffFrame,
    id: String,
    client: String,
    now: String,
    /// Who gets a mail.
    mail: String,
    slot: SlotFields,
    plan: Option<DayPlan>,
}

async fn show_move(
    app: &AppState,
    staff: &StaffSession,
    found: Found,
    form: SlotForm,
    trouble: SlotTrouble,
) -> PageResult {
    let Found { appointment, party, file, choices, is_mailed, .. } = found;
    let status = if trouble.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (shown, inside) = (form.clone(), (staff.clone(), choices.clone()));
    let of = PlanOf {
        chart: party.chart_id,
        kind: Some(appointment.kind),
        moving: Some(appointment.appointment_id),
    };
    let plan = app.db.read(&staff.scope, move |c| plan_of(c, &inside.0, of, &shown, &inside.1)).await?;
    let words = staff.words;
    let id = appointment.appointment_id;
    let page = MovePage {
        id: id.to_string(),
        client: file.client.full_name(),
        now: words.with2(
            "appointments-move-from",
            "when",
            words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()),
            "what",
            summary(words, &appointment),
        ),
        mail: accounts::mail_in_words(words, &file, "appointments-move-mail", is_mailed),
        slot: SlotFields::of(staff, form, &choices, trouble),
        plan,
        frame: staff.frame(app, CALENDAR),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that moves.
pub(super) async fn move_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let form = SlotForm::of(&found.appointment);
    show_move(&app, &staff, found, form, SlotTrouble::default()).await
}

/// Moves.
pub(super) async fn move_to(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: SlotForm = staff.form(&body)?;
    let words = staff.words;
    let found = find_one(&app, &staff, &id).await?;
    let id = found.appointment.appointment_id;
    let version: i64 = form.version.parse().map_err(|_| PageError::BadRequest)?;
    let mut trouble = SlotTrouble::default();
    if form.is_only_shown() {
        return show_move(&app, &staff, found, form, trouble).await.map(drafts::unfinished);
    }
    let Some(slot) = trouble.slot(words, &form, &found.choices, app.now()) else {
        return show_move(&app, &staff, found, form, trouble).await;
    };
    let wanted = Move { version, to: slot, despite: form.despite() };
    match booking::move_to(&app, &staff.scope, staff.by(), id, wanted).await? {
        Ok(_) => {
            let done = if found.is_mailed { "appointment-moved" } else { "appointment-moved-nobody" };
            Ok(see_other(&format!("/staff/appointments/{id}?done={done}")))
        }
        Err(NotBooked::LifeCycle(why)) => settled(id, why),
        Err(NotBooked::Stale) => Err(PageError::Stale),
        Err(why) => {
            let name = found.choices.name_of(slot.staff);
            if !trouble.note(words, &staff.zone, &name, &why) {
                return Err(PageError::NotFound);
            }
            form.despite = String::new();
            show_move(&app, &staff, found, form, trouble).await
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NoteForm {
    /// Of the client of this chart …
    chart: String,
    /// … what is noted.
    note: String,
}

/// Notes whether a client came.
pub(super) async fn note(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: NoteForm = staff.form(&body)?;
    let appointment = find_one(&app, &staff, &id).await?.appointment.appointment_id;
    let chart: ChartId = form.chart.parse().map_err(|_| PageError::BadRequest)?;
    let what: Attendance = form.note.parse().map_err(|_| PageError::BadRequest)?;
    let done = match what {
        Attendance::Arrived => "appointment-arrived",
        Attendance::NoShow => "appointment-no-show",
        Attendance::Undo => "appointment-undone",
    };
    let noting = Noting { appointment, chart: Some(chart), what };
    match attendance::note(&app, &staff.scope, staff.by(), noting).await? {
        Ok(_) => Ok(see_other(&format!("/staff/appointments/{appointment}?done={done}"))),
        Err(NotBooked::LifeCycle(why)) => settled(appointment, why),
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(Template)]
#[template(path = "features/appointments/templates/cancel.html")]
struct CancelPage {
    frame: StaffFrame,
    id: String,
    client: String,
    now: String,
    /// Who gets a mail.
    mail: String,
    errors: FieldErrors,
    reason: String,
    reasons: Vec<(String, String)>,
    words: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct CancelForm {
    reason: String,
    words: String,
}

fn show_cancel(
    app: &AppState,
    staff: &StaffSession,
    found: &Found,
    form: CancelForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let words = staff.words;
    let appointment = &found.appointment;
    let choose = (String::new(), words.get("appointments-with-choose"));
    let reasons = CancelReason::ALL.iter().map(|reason| (reason.word().to_owned(), reason.label(words)));
    let page = CancelPage {
        frame: staff.frame(app, CALENDAR),
        id: appointment.appointment_id.to_string(),
        client: found.file.client.full_name(),
        now: words.with2(
            "appointments-move-from",
            "when",
            words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()),
            "what",
            summary(words, appointment),
        ),
        mail: accounts::mail_in_words(words, &found.file, "appointments-cancel-mail", found.is_mailed),
        errors,
        reason: form.reason,
        reasons: std::iter::once(choose).chain(reasons).collect(),
        words: form.words,
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before canceling.
pub(super) async fn cancel_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    show_cancel(&app, &staff, &found, CancelForm::default(), FieldErrors::new())
}

/// Cancels.
pub(super) async fn cancel(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: CancelForm = staff.form(&body)?;
    let found = find_one(&app, &staff, &id).await?;
    let mut errors = FieldErrors::new();
    let reason: Option<CancelReason> = form.reason.parse().ok();
    if reason.is_none() {
        errors.add("reason", staff.words.get("appointments-error-cancel-reason"));
    }
    let words = text::lines(&form.words, LONGEST_WORDS);
    if words.is_err() {
        errors.add("words", staff.words.get("appointments-error-note-long"));
    }
    let (Some(reason), Ok(words)) = (reason, words) else {
        return show_cancel(&app, &staff, &found, form, errors);
    };
    let id = found.appointment.appointment_id;
    match booking::cancel(&app, &staff.scope, staff.by(), id, Cancellation { reason, words }).await? {
        Ok(_) => Ok(see_other(&format!("/staff/appointments/{id}?done=appointment-canceled"))),
        Err(NotBooked::LifeCycle(why)) => settled(id, why),
        Err(_) => Err(PageError::NotFound),
    }
}
