//! The Appointments tab of a chart, and the page that books one there.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::accounts;
use crate::features::appointments::booking::{self, Booking};
use crate::features::appointments::calendar_lines;
use crate::features::appointments::labels::{
    Side, is_coming_up, no_shows_in_words, request_state, state_of, summary,
};
use crate::features::appointments::lifecycle::PartyState;
use crate::features::appointments::request_pages::{asked_short, what_of};
use crate::features::appointments::request_store::{Request, requests_of};
use crate::features::appointments::series_form::series_words;
use crate::features::appointments::series_store::{Series, SeriesState, series_of_chart};
use crate::features::appointments::slot_form::{
    Choices, DayPlan, PlanOf, SlotFields, SlotForm, SlotQuery, SlotTrouble, USUAL_MINUTES, plan_of,
};
use crate::features::appointments::store::{Appointment, Party, list_of, others_in, usual_of};
use crate::features::appointments::talk_store::times_in;
use crate::features::calendar::{self, AppointmentType, Seats, VisitKind};
use crate::features::people::{self, CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::practice::PlaceKind;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, PlaceId, RequestId, StaffId};
use crate::kernel::wall_clock::read_date;
use crate::platform::fault::Fault;
use crate::platform::i18n::Stamp;
use crate::platform::permissions::{Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTab;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The tab.
pub(super) const TAB: ChartTab = ChartTab {
    path: "/appointments",
    label: "charts-tab-appointments",
    needs: Permission::SeeAppointments,
    order: 20,
};

struct AppointmentLine {
    href: String,
    when: Stamp,
    what: String,
    tag: &'static str,
    state: String,
}

struct RequestLine {
    href: String,
    what: String,
    wishes: Vec<String>,
    asked: Stamp,
    tag: &'static str,
    state: String,
    answer: String,
}

struct SeriesLine {
    href: String,
    what: String,
    tag: &'static str,
    state: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/tab.html")]
struct TabPage {
    frame: StaffFrame,
    head: RoomHead,
    /// Where something can be booked; none for a closed chart, and for who may not.
    book: Option<String>,
    book_series: String,
    series: Vec<SeriesLine>,
    upcoming: Vec<AppointmentLine>,
    past: Vec<AppointmentLine>,
    requests: Vec<RequestLine>,
    /// To how many appointments the client did not come, if to any.
    no_shows: Option<String>,
}

/// The beginning by the clock of the place, which is named where it differs from the practice's.
fn begins(staff: &StaffSession, appointment: &Appointment, now: Timestamp) -> Stamp {
    let (words, there) = (staff.words, appointment.place.time_zone.rules());
    let stamp = words.stamp_with_day(appointment.starts_at, there, now);
    let at = appointment.starts_at;
    if at.in_zone(there).offset() == at.in_zone(&staff.zone).offset() {
        return stamp;
    }
    let zone = words.zone(appointment.place.time_zone.name());
    Stamp { short: format!("{} ({zone})", stamp.short), exact: words.date_time_zone(at, there), ..stamp }
}

/// The tab.
pub(super) async fn tab(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (ChartRoom { file, tags }, (booked, others), requests, (talk, series)) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            let requests = requests_of(c, &id)?;
            let ids: Vec<RequestId> = requests.iter().map(|request| request.request_id).collect();
            let series = series_of_chart(c, id)?;
            let booked = list_of(c, &id)?;
            let shared: Vec<AppointmentId> = booked
                .iter()
                .filter(|(appointment, _)| appointment.is_shared())
                .map(|(appointment, _)| appointment.appointment_id)
                .collect();
            let others = others_in(c, id, &shared)?;
            Ok(Some((room, (booked, others), requests, (times_in(c, &ids)?, series))))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let (now, words) = (app.now(), staff.words);
    let line = |(appointment, party): &(Appointment, Party)| {
        let (tag, state) = state_of(words, appointment, party.state, Side::Practice, now);
        let others = others.iter().filter(|(id, _)| *id == appointment.appointment_id);
        let others: Vec<&str> = others.map(|(_, name)| name.as_str()).collect();
        let what = summary(words, appointment);
        AppointmentLine {
            href: format!("/staff/appointments/{}", appointment.appointment_id),
            when: begins(&staff, appointment, now),
            what: match others.is_empty() {
                true => what,
                false => words.with2("appointments-also", "what", what, "names", others.join(", ")),
            },
            tag,
            state,
        }
    };
    let request_line = |request: &Request| {
        let (tag, state) = request_state(words, request, Side::Practice, now);
        RequestLine {
            href: format!("/staff/requests/{}", request.request_id),
            what: what_of(&staff, request),
            wishes: asked_short(&staff, request, &talk, now),
            asked: words.stamp(request.created_at, &staff.zone, now),
            tag,
            state,
            answer: request.answer.clone(),
        }
    };
    let series_line = |series: &Series| {
        let is_active = series.state == SeriesState::Active;
        SeriesLine {
            href: format!("/staff/series/{}", series.series_id),
            what: series_words(words, series),
            tag: if is_active { "good" } else { "stopped" },
            state: words.get(if is_active {
                "appointments-series-active"
            } else {
                "appointments-series-ended"
            }),
        }
    };
    let missed = booked.iter().filter(|(_, party)| party.state == PartyState::NoShow).count();
    let may_book = staff.may(Permission::BookAppointments) && file.chart.state == "open";
    let page = TabPage {
        head: room_head(&app, &staff, &file, &tags, TAB),
        book: may_book.then(|| format!("/staff/charts/{id}/appointments/book")),
        book_series: format!("/staff/charts/{id}/appointments/series"),
        series: series.iter().map(series_line).collect(),
        // They come the latest first; what lies ahead reads better the next first.
        upcoming: booked.iter().rev().filter(|(of, party)| is_coming_up(of, party, now)).map(line).collect(),
        past: booked.iter().filter(|(of, party)| !is_coming_up(of, party, now)).map(line).collect(),
        no_shows: no_shows_in_words(words, i64::try_from(missed).unwrap_or(i64::MAX)),
        requests: requests.iter().map(request_line).collect(),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

#[derive(Template)]
#[template(path = "features/appointments/templates/book.html")]
struct BookPage {
    frame: StaffFrame,
    head: RoomHead,
    client: String,
    action: String,
    /// Where the form was opened.
    back: String,
    /// Who gets a mail.
    mail: String,
    /// Is there a type to which several clients can come?
    is_shared: bool,
    slot: SlotFields,
    plan: Option<DayPlan>,
}

/// What a page that books needs of a chart.
pub(super) struct Room {
    pub room: ChartRoom,
    pub choices: Choices,
    /// With whom and where the client usually comes.
    pub usual: Option<(StaffId, PlaceId)>,
    /// Does anybody get the mail?
    pub is_mailed: bool,
    /// The types to which several clients can come.
    pub shared: Vec<AppointmentType>,
}

impl Room {
    /// The kind of visit that is chosen, and the seats: a kind alone is for one client.
    fn chosen(&self, form: &SlotForm) -> Option<(VisitKind, Seats)> {
        let of_kind = form.kind.parse().ok().map(|kind| (kind, Seats::ONE));
        let of_type = || self.shared.iter().find(|of| of.type_id.to_string() == form.kind);
        of_kind.or_else(|| of_type().map(|of| (of.kind, of.seats())))
    }
}

/// Loads it; not found for a chart of nobody.
pub(super) async fn load(
    app: &AppState,
    staff: &StaffSession,
    chart: &str,
) -> Result<(ChartId, Room), PageError> {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(app, staff);
    let room = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            let is_mailed = accounts::reaches_anybody(c, &id, Right::Appointments)?;
            let mut shared = calendar::types(c)?;
            shared.retain(|of| of.closed_at.is_none() && of.max_parties > 1);
            Ok(Some(Room { room, choices: Choices::load(c)?, usual: usual_of(c, id)?, is_mailed, shared }))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    Ok((id, room))
}

fn from_day(form: &SlotForm) -> bool {
    form.back == "day"
}

async fn show_book(
    app: &AppState,
    staff: &StaffSession,
    (id, loaded): (ChartId, Room),
    form: SlotForm,
    trouble: SlotTrouble,
) -> PageResult {
    let kind = loaded.chosen(&form).map(|(kind, _)| kind);
    let ChartRoom { file, tags } = loaded.room;
    let choices = loaded.choices;
    let words = staff.words;
    let status = if trouble.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (shown, inside) = (form.clone(), (staff.clone(), choices.clone()));
    let of = PlanOf { chart: id, kind, moving: None };
    let plan = app.db.read(&staff.scope, move |c| plan_of(c, &inside.0, of, &shown, &inside.1)).await?;
    let back = match (from_day(&form), read_date(&form.date)) {
        (true, Some(date)) => calendar_lines::address(date, None),
        _ => format!("/staff/charts/{id}/appointments"),
    };
    let mut slot = SlotFields::of(staff, form, &choices, trouble);
    slot.kinds.extend(loaded.shared.iter().map(|of| {
        let label = words.with2("appointments-kind-shared", "name", &of.name, "count", of.max_parties);
        (of.type_id.to_string(), label)
    }));
    let page = BookPage {
        back,
        is_shared: !loaded.shared.is_empty(),
        mail: accounts::mail_in_words(staff.words, &file, "appointments-book-mail", loaded.is_mailed),
        head: room_head(app, staff, &file, &tags, TAB),
        client: file.client.full_name(),
        action: format!("/staff/charts/{id}/appointments/book"),
        slot,
        plan,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that books for a chart.
pub(super) async fn book_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    Query(query): Query<SlotQuery>,
) -> PageResult {
    let (id, loaded) = load(&app, &staff, &chart).await?;
    let mut form = SlotForm {
        minutes: USUAL_MINUTES.to_owned(),
        kind: VisitKind::Session.word().to_owned(),
        place: match loaded.usual {
            Some((_, place)) => loaded.choices.proposed(Some(place), PlaceKind::ALL),
            None => loaded.choices.proposed(None, &[PlaceKind::Office]),
        },
        with: loaded.usual.map(|(staff, _)| staff.to_string()).unwrap_or_default(),
        mark: FormToken::fresh(app.rng.as_ref()),
        ..SlotForm::default()
    };
    query.fill(&mut form);
    if let (Some(with), Some(date)) = (form.staff(), read_date(&form.date))
        && loaded.usual.is_none_or(|(usual, _)| usual != with)
    {
        // Where the clinician is on that day, as far as their hours say it.
        let hours = app.db.read(&staff.scope, move |c| calendar::hours_of(c, with, date)).await?;
        if let Some(there) = hours.iter().find(|row| row.hours.covers(date)) {
            form.place = loaded.choices.proposed(Some(there.hours.place), PlaceKind::ALL);
        }
    }
    show_book(&app, &staff, (id, loaded), form, SlotTrouble::default()).await
}

/// The charts of those who come as well, by the numbers that were typed; or the first number that is nobody's.
async fn others(
    app: &AppState,
    staff: &StaffSession,
    form: &SlotForm,
) -> Result<Result<Vec<ChartId>, String>, Fault> {
    let typed: Vec<String> = form
        .others
        .split([' ', ',', ';'])
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .take(MOST_NUMBERS)
        .map(str::to_owned)
        .collect();
    if typed.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    app.db
        .read(&staff.scope, move |c| {
            let mut found = Vec::new();
            for number in &typed {
                match people::find_by_number(c, number)? {
                    Some(chart) => found.push(chart),
                    None => return Ok(Err(number.clone())),
                }
            }
            Ok(Ok(found))
        })
        .await
}

/// Numbers that are read of those who come as well.
const MOST_NUMBERS: usize = 60;

/// Books.
pub(super) async fn book(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: SlotForm = staff.form(&body)?;
    let words = staff.words;
    let (id, loaded) = load(&app, &staff, &chart).await?;
    let mark = FormToken::read("appointment", &format!("{}/{id}", staff.staff_id), &form.mark, &body)?;
    let mut trouble = SlotTrouble::default();
    if form.is_only_shown() {
        return show_book(&app, &staff, (id, loaded), form, trouble).await.map(drafts::unfinished);
    }
    let slot = trouble.slot(words, &form, &loaded.choices, app.now());
    let chosen = loaded.chosen(&form);
    if chosen.is_none() {
        trouble.errors.add("kind", words.get("appointments-error-choose"));
    }
    let with = others(&app, &staff, &form).await?;
    if let Err(number) = &with {
        trouble.errors.add("others", words.with1("appointments-error-no-such-number", "number", number));
    }
    let (Some(slot), Some((kind, seats)), Ok(with)) = (slot, chosen, with) else {
        return show_book(&app, &staff, (id, loaded), form, trouble).await;
    };
    let booking = Booking { chart: id, with, seats, request: None, kind, slot, despite: form.despite() };
    let done = if loaded.is_mailed { "appointment-booked" } else { "appointment-booked-nobody" };
    match booking::book(&app, &staff.scope, staff.by(), booking, mark).await? {
        // There the others are added, and taken out.
        Ok(booked) if seats.most > 1 => Ok(see_other(&format!("/staff/appointments/{booked}?done={done}"))),
        Ok(_) if from_day(&form) => {
            let day = calendar_lines::address(slot.starts_at.in_zone(&staff.zone).date(), None);
            Ok(see_other(&format!("{day}&with={}&done={done}", slot.staff)))
        }
        Ok(_) => Ok(see_other(&format!("/staff/charts/{id}/appointments?done={done}"))),
        Err(why) => {
            let name = loaded.choices.name_of(slot.staff);
            if !trouble.note(words, &staff.zone, &name, &why) {
                return Err(PageError::NotFound);
            }
            // A tick answers the doubts that stood beside it, and no others.
            form.despite = String::new();
            show_book(&app, &staff, (id, loaded), form, trouble).await
        }
    }
}
