//! The page of one appointment, which moves and cancels it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts;
use crate::features::appointments::attendance::{self, Noting};
use crate::features::appointments::booking::{self, Cancellation, Move, NotBooked};
use crate::features::appointments::calendar_lines::CALENDAR;
use crate::features::appointments::kinds::CancelReason;
use crate::features::appointments::labels::{
    Side, kind_label, no_shows_in_words, seats_in_words, state_of, summary,
};
use crate::features::appointments::lifecycle::{
    AppointmentState, Attendance, Decision, Event, PartyEnd, PartyState, Refusal, decide,
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
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The longest words to a client about a cancellation, in characters.
const LONGEST_WORDS: usize = 1_000;

/// A client of an appointment, as its pages name them.
pub(super) struct Guest {
    pub party: Party,
    pub file: ChartFile,
    /// Does anybody get a mail about it?
    is_mailed: bool,
    /// To how many appointments the client did not come.
    no_shows: i64,
}

/// An appointment with everybody that its pages name.
pub(super) struct Found {
    pub appointment: Appointment,
    /// Its clients, the first one first.
    pub guests: Vec<Guest>,
    choices: Choices,
    /// The series that it is one of.
    series: Option<SeriesId>,
}

impl Found {
    /// Whom it is on for; where it is on for nobody, all of them.
    fn expected(&self) -> Vec<&Guest> {
        let on: Vec<&Guest> = self.guests.iter().filter(|guest| guest.party.is_on()).collect();
        if on.is_empty() { self.guests.iter().collect() } else { on }
    }

    /// Their names.
    pub fn names(&self) -> String {
        names_of(&self.expected())
    }

    /// The client of this chart.
    fn guest(&self, chart: ChartId) -> Option<&Guest> {
        self.guests.iter().find(|guest| guest.party.chart_id == chart)
    }
}

fn names_of(guests: &[&Guest]) -> String {
    guests.iter().map(|guest| guest.file.client.full_name()).collect::<Vec<_>>().join(", ")
}

/// Who gets a mail of what is done with an appointment of these; of several, by name.
fn mail_words(words: Words, guests: &[&Guest], key: &str) -> String {
    if let [guest] = guests {
        return accounts::mail_in_words(words, &guest.file, key, guest.is_mailed);
    }
    let (told, others): (Vec<&Guest>, Vec<&Guest>) = guests.iter().partition(|guest| guest.is_mailed);
    let line = |key: &str, of: &[&Guest]| (!of.is_empty()).then(|| words.with1(key, "names", names_of(of)));
    let told = line("appointments-several-mail", &told);
    told.into_iter().chain(line("appointments-several-mail-nobody", &others)).collect::<Vec<_>>().join(" ")
}

pub(super) async fn find_one(app: &AppState, staff: &StaffSession, id: &str) -> Result<Found, PageError> {
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db
        .read(&staff.scope, move |c| {
            let Some(appointment) = find(c, id)? else { return Ok(None) };
            let mut guests = Vec::new();
            for party in parties_of(c, id)? {
                let Some(file) = people::load_file(c, &party.chart_id)? else { return Ok(None) };
                let is_mailed = accounts::reaches_anybody(c, &party.chart_id, Right::Appointments)?;
                let no_shows = count_no_shows(c, party.chart_id)?;
                guests.push(Guest { party, file, is_mailed, no_shows });
            }
            if guests.is_empty() {
                return Ok(None);
            }
            let choices = Choices::load(c)?.with_those_of(&appointment);
            let series = series_with(c, id)?;
            Ok(Some(Found { appointment, guests, choices, series }))
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
    guests: Vec<GuestLine>,
    /// How many seats are taken, where several clients can come.
    seats: Option<String>,
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
    series: Option<String>,
    may_move: bool,
    may_cancel: bool,
    /// A seat is free, and a client can be added.
    may_add: bool,
    /// One of several has canceled, and this reader may say whether it stays.
    is_undecided: bool,
    may_keep: bool,
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

/// A client as the page shows them.
struct GuestLine {
    name: String,
    number: String,
    chart: String,
    chart_href: String,
    tag: &'static str,
    state: String,
    /// Who canceled and when, the reason, and what the client was told.
    canceled: Option<(String, String, String)>,
    /// Who noted whether the client came, and when.
    noted: Option<String>,
    /// To how many appointments the client did not come, if to any.
    no_shows: Option<String>,
    may_note: NoteButtons,
    /// It can be ended for them alone.
    may_end: bool,
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
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let video = video_box(app, staff, &found.appointment, typed).await?;
    let appointment = &found.appointment;
    let (words, now) = (staff.words, app.now());
    let expected = found.expected();
    // Of several the page says whether it is on; where each of them stands is beside their names.
    let stands = match expected.as_slice() {
        [guest] if !appointment.is_shared() => guest.party.state,
        _ => PartyState::Expected,
    };
    let (tag, state) = state_of(words, appointment, stands, Side::Practice, now);
    let zone = appointment.place.time_zone.rules();
    let is_booked = staff.may(Permission::BookAppointments) && appointment.state == AppointmentState::Booked;
    let may = is_booked && expected.iter().all(|guest| guest.party.state == PartyState::Expected);
    let day = appointment.starts_at.in_zone(&staff.zone).date();
    let is_undecided = appointment.asks_since.is_some() && appointment.ends_at > now;
    let page = OnePage {
        id: appointment.appointment_id.to_string(),
        client: found.names(),
        guests: found.guests.iter().map(|guest| guest_line(staff, &found, guest, now)).collect(),
        seats: seats_in_words(words, appointment),
        day_href: format!("{}?date={day}", CALENDAR.0),
        day: words.day_short(day, staff.practice.today(now)),
        when: words.date_time_zone(appointment.starts_at, zone),
        kind: kind_label(words, appointment),
        length: words.with1("appointments-minutes", "minutes", appointment.minutes()),
        place: appointment.place.name.clone(),
        address: appointment.place.address.clone(),
        with: appointment.with_name.clone(),
        tag,
        state,
        series: found.series.map(|id| format!("/staff/series/{id}")),
        may_move: may && appointment.starts_at > now,
        may_cancel: may && appointment.ends_at > now,
        may_add: is_booked
            && appointment.is_shared()
            && appointment.starts_at > now
            && appointment.seats_taken < appointment.seats,
        is_undecided,
        may_keep: is_undecided && is_booked,
        video,
        errors,
        frame: staff.frame(app, CALENDAR),
    };
    Ok((status, html(page.render())?).into_response())
}

/// A client of an appointment in words.
fn guest_line(
    staff: &StaffSession,
    found: &Found,
    Guest { party, file, no_shows, .. }: &Guest,
    now: Timestamp,
) -> GuestLine {
    let (words, appointment) = (staff.words, &found.appointment);
    let (tag, state) = state_of(words, appointment, party.state, Side::Practice, now);
    let decided = party.decided_at.map(|at| words.date_time(at, &staff.zone));
    let noted = decided
        .clone()
        .filter(|_| party.is_on())
        .map(|moment| words.with2("appointments-noted-by", "moment", moment, "name", &party.decided_by));
    let canceled = decided.filter(|_| !party.is_on()).map(|moment| {
        let who = match party.decided_by.as_str() {
            "" => words.with1("appointments-canceled-by-client", "moment", moment),
            name => words.with2("appointments-canceled-by", "moment", moment, "name", name),
        };
        let reason = party.reason().map(|reason| reason.label(words)).unwrap_or_default();
        (who, reason, party.words.clone())
    });
    let is_open = appointment.state == AppointmentState::Booked && party.state == PartyState::Expected;
    GuestLine {
        name: file.client.full_name(),
        number: file.chart.chart_number.clone(),
        chart: party.chart_id.to_string(),
        chart_href: format!("/staff/charts/{}/appointments", party.chart_id),
        tag,
        state,
        canceled,
        noted,
        no_shows: no_shows_in_words(words, *no_shows),
        may_note: NoteButtons::of(staff, appointment, party, now),
        may_end: appointment.is_shared()
            && staff.may(Permission::BookAppointments)
            && is_open
            && appointment.ends_at > now,
    }
}

/// Back to the page of an appointment that cannot be changed any more: it says how it stands.
pub(super) fn settled(id: AppointmentId, why: Refusal) -> PageResult {
    let word = match why {
        Refusal::Canceled => "appointment-is-canceled",
        Refusal::Begun | Refusal::Over | Refusal::NowLate => "appointment-has-begun",
        Refusal::Noted => "appointment-is-noted",
        Refusal::TooEarly => "appointment-too-early",
        Refusal::UndoOver => "appointment-undo-over",
        Refusal::Full => "appointment-is-full",
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
    let (client, mail) =
        (found.names(), mail_words(staff.words, &found.expected(), "appointments-move-mail"));
    let Found { appointment, guests, choices, .. } = found;
    let first =
        guests.iter().find(|guest| guest.party.is_on()).or(guests.first()).ok_or(PageError::NotFound)?;
    let status = if trouble.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (shown, inside) = (form.clone(), (staff.clone(), choices.clone()));
    let of = PlanOf {
        chart: first.party.chart_id,
        kind: Some(appointment.kind),
        moving: Some(appointment.appointment_id),
    };
    let plan = app.db.read(&staff.scope, move |c| plan_of(c, &inside.0, of, &shown, &inside.1)).await?;
    let words = staff.words;
    let id = appointment.appointment_id;
    let page = MovePage {
        id: id.to_string(),
        client,
        now: words.with2(
            "appointments-move-from",
            "when",
            words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()),
            "what",
            summary(words, &appointment),
        ),
        mail,
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
            let is_mailed = found.expected().iter().any(|guest| guest.is_mailed);
            let done = if is_mailed { "appointment-moved" } else { "appointment-moved-nobody" };
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
    /// Where the form is sent.
    action: String,
    /// The chart of the one client for whom it ends; empty for all of them.
    chart: String,
    /// Are they taken out? Then nobody asks why.
    is_removal: bool,
    /// The key of the title.
    title: &'static str,
    now: String,
    /// Who gets a mail.
    mail: String,
    errors: FieldErrors,
    reason: String,
    reasons: Vec<(String, String)>,
    words: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct CancelForm {
    /// For the client of this chart alone.
    chart: String,
    reason: String,
    words: String,
}

/// For whom it is canceled.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct ForOne {
    chart: String,
}

/// What the page that asks is about.
#[derive(Clone, Copy)]
enum Ending {
    /// The whole appointment.
    All,
    /// It is canceled, or the client is taken out, for this one alone.
    One(ChartId, PartyEnd),
}

impl Ending {
    /// What an address or a form says: of the client of a chart, if it names one.
    fn read(found: &Found, chart: &str, how: PartyEnd) -> Result<Self, PageError> {
        if chart.is_empty() {
            return Ok(Self::All);
        }
        let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
        found.guest(chart).map(|_| Self::One(chart, how)).ok_or(PageError::NotFound)
    }
}

fn show_cancel(
    app: &AppState,
    staff: &StaffSession,
    (found, ending): (&Found, Ending),
    form: CancelForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let words = staff.words;
    let appointment = &found.appointment;
    let (chart, guests, how) = match ending {
        Ending::All => (None, found.expected(), PartyEnd::Canceled),
        Ending::One(chart, how) => (Some(chart), found.guest(chart).into_iter().collect(), how),
    };
    let is_removal = how == PartyEnd::Removed;
    let choose = (String::new(), words.get("appointments-with-choose"));
    let reasons = CancelReason::ALL.iter().map(|reason| (reason.word().to_owned(), reason.label(words)));
    let page = CancelPage {
        frame: staff.frame(app, CALENDAR),
        id: appointment.appointment_id.to_string(),
        client: names_of(&guests),
        action: format!(
            "/staff/appointments/{}/{}",
            appointment.appointment_id,
            if is_removal { "remove" } else { "cancel" }
        ),
        chart: chart.map(|chart| chart.to_string()).unwrap_or_default(),
        is_removal,
        title: if is_removal { "appointments-remove-title" } else { "appointments-cancel-title" },
        now: words.with2(
            "appointments-move-from",
            "when",
            words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()),
            "what",
            summary(words, appointment),
        ),
        mail: mail_words(words, &guests, "appointments-cancel-mail"),
        errors,
        reason: form.reason,
        reasons: std::iter::once(choose).chain(reasons).collect(),
        words: form.words,
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks before canceling, for everybody or for one.
pub(super) async fn cancel_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(of): Query<ForOne>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let ending = Ending::read(&found, &of.chart, PartyEnd::Canceled)?;
    show_cancel(&app, &staff, (&found, ending), CancelForm::default(), FieldErrors::new())
}

/// Asks before a client is taken out.
pub(super) async fn remove_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(of): Query<ForOne>,
) -> PageResult {
    let found = find_one(&app, &staff, &id).await?;
    let ending = match Ending::read(&found, &of.chart, PartyEnd::Removed)? {
        // An address that names nobody is about the first one.
        Ending::All => {
            let first = found.expected().first().map(|guest| guest.party.chart_id);
            Ending::One(first.ok_or(PageError::NotFound)?, PartyEnd::Removed)
        }
        one @ Ending::One(..) => one,
    };
    show_cancel(&app, &staff, (&found, ending), CancelForm::default(), FieldErrors::new())
}

/// Cancels, for everybody or for one.
pub(super) async fn cancel(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: CancelForm = staff.form(&body)?;
    let found = find_one(&app, &staff, &id).await?;
    let ending = Ending::read(&found, &form.chart, PartyEnd::Canceled)?;
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
        return show_cancel(&app, &staff, (&found, ending), form, errors);
    };
    end(&app, &staff, found.appointment.appointment_id, ending, Cancellation { reason, words }).await
}

/// Takes a client out.
pub(super) async fn remove(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: CancelForm = staff.form(&body)?;
    let found = find_one(&app, &staff, &id).await?;
    match Ending::read(&found, &form.chart, PartyEnd::Removed)? {
        Ending::All => Err(PageError::BadRequest),
        one @ Ending::One(..) => {
            let why = Cancellation { reason: CancelReason::Mistake, words: String::new() };
            end(&app, &staff, found.appointment.appointment_id, one, why).await
        }
    }
}

async fn end(
    app: &AppState,
    staff: &StaffSession,
    id: AppointmentId,
    ending: Ending,
    why: Cancellation,
) -> PageResult {
    let (outcome, done) = match ending {
        Ending::All => {
            (booking::cancel(app, &staff.scope, staff.by(), id, why).await?, "appointment-canceled")
        }
        Ending::One(chart, how) => {
            let whose = (id, chart);
            let ended = booking::end_for_one_by_staff(app, &staff.scope, staff.by(), whose, how, why).await?;
            (ended, "appointment-one-ended")
        }
    };
    match outcome {
        Ok(_) => Ok(see_other(&format!("/staff/appointments/{id}?done={done}"))),
        Err(NotBooked::LifeCycle(why)) => settled(id, why),
        Err(_) => Err(PageError::NotFound),
    }
}
