//! The queue of requests, the page that answers one, and the Appointments tab of a chart room.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::appointments::actions::{self, Confirmation, Doubt, Doubtful, NotAnswered};
use crate::features::appointments::client_pages::tag_of;
use crate::features::appointments::store::{Busy, busy, clinician_of, clinicians};
use crate::features::appointments::{
    AppointmentLabels, AppointmentState, Place, PlaceWish, Request, RequestState, Resolved, Wish,
    find_request, first_open, list_of, read_date, read_time, requests_of, resolve, waiting,
};
use crate::features::people::CHARTS;
use crate::features::people::{self, ChartFile, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, RequestId, StaffId};
use crate::kernel::text;
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartTab, Section};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The tab.
pub(super) const TAB: ChartTab = ChartTab {
    path: "/appointments",
    label: "charts-tab-appointments",
    needs: Permission::SeeAppointments,
    order: 20,
};

/// Those of all clients that wait for an answer.
pub(super) const REQUESTS: Section = Section("/staff/requests");

/// Requests that the queue names at once; the oldest first, so that nobody is forgotten.
const QUEUE: i64 = 100;
/// The longest answer, in characters.
const LONGEST_ANSWER: usize = 1_000;
/// Lengths that are offered, in minutes.
const LENGTHS: [i32; 8] = [15, 20, 30, 45, 50, 60, 80, 90];

struct QueueLine {
    href: String,
    client: String,
    what: String,
    wishes: Vec<String>,
    asked: Stamp,
    note: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/queue.html")]
struct Queue {
    frame: StaffFrame,
    requests: Vec<QueueLine>,
    may_answer: bool,
}

fn what_of(staff: &StaffSession, request: &Request) -> String {
    let words = staff.words;
    let place = request.place.label(words);
    words.with2("appointments-request-line", "kind", request.kind.label(words), "place", place)
}

/// Requests that wait for an answer.
pub(super) async fn queue(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let rows = app.db.read(&staff.scope, |c| waiting(c, QUEUE)).await?;
    let now = app.now();
    let today = now.in_zone(&staff.zone).date();
    let requests = rows
        .into_iter()
        .map(|(request, client)| QueueLine {
            href: format!("/staff/requests/{}", request.request_id),
            client: client.full_name(),
            what: what_of(&staff, &request),
            wishes: request.wishes().iter().map(|wish| wish.label_short(staff.words, today)).collect(),
            asked: staff.words.stamp(request.created_at, &staff.zone, now),
            note: request.note,
        })
        .collect();
    let may_answer = staff.may(Permission::AnswerRequests);
    html(Queue { frame: staff.frame(&app, REQUESTS), requests, may_answer }.render())
}

/// What was typed into the confirmation.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct ConfirmForm {
    date: String,
    time: String,
    which: String,
    minutes: String,
    place: String,
    with: String,
    answer: String,
    /// The doubts that were shown beside the tick, separated by spaces; empty while it is not ticked.
    despite: String,
}

impl ConfirmForm {
    fn staff(&self) -> Option<StaffId> {
        self.with.parse().ok()
    }

    fn despite(&self) -> Vec<Doubt> {
        self.despite.split(' ').filter_map(|word| word.parse().ok()).collect()
    }
}

/// A day of the client and of the clinician, as it is booked.
struct DayPlan {
    title: String,
    client: Vec<String>,
    clinician_title: String,
    clinician: Vec<String>,
}

/// A time that was asked for.
struct WishLine {
    label: String,
    /// Fills it in; none once it is over.
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/answer.html")]
struct Answer {
    frame: StaffFrame,
    id: String,
    client: String,
    chart_href: String,
    what: String,
    asked: String,
    note: String,
    wishes: Vec<WishLine>,
    may_answer: bool,
    /// Every day that was asked for is over, so none is filled in.
    all_over: bool,
    /// Tag, words and answer, once it no longer waits.
    settled: Option<(&'static str, String, String)>,
    errors: FieldErrors,
    decline_errors: FieldErrors,
    date: String,
    time: String,
    /// Offered when the clocks show the time twice.
    twice: Option<Vec<(&'static str, String)>>,
    which: String,
    minutes: String,
    lengths: Vec<(String, String)>,
    place: String,
    places: Vec<(&'static str, String)>,
    with: String,
    people: Vec<(String, String)>,
    plan: Option<DayPlan>,
    /// What speaks against the time, and the tick that sets it aside.
    doubts: Vec<String>,
    doubt_words: String,
    despite: bool,
    zone: String,
    answer: String,
    decline: String,
}

/// A request with everybody that its page names.
struct Loaded {
    request: Request,
    file: ChartFile,
    people: Vec<(StaffId, String)>,
    /// The client's clinician, who is proposed.
    clinician: Option<StaffId>,
}

impl Loaded {
    fn name_of(&self, staff: StaffId) -> String {
        let found = self.people.iter().find(|(id, _)| *id == staff);
        found.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

async fn load(app: &AppState, staff: &StaffSession, id: &str) -> Result<Loaded, PageError> {
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    app.db
        .read(&staff.scope, move |c| {
            let Some(request) = find_request(c, &id)? else { return Ok(None) };
            let Some(file) = people::load_file(c, &request.chart_id)? else { return Ok(None) };
            let (people, clinician) = (clinicians(c)?, clinician_of(c, request.chart_id)?);
            Ok(Some(Loaded { request, file, people, clinician }))
        })
        .await?
        .ok_or(PageError::NotFound)
}

/// What went wrong on the page, and what is offered because of it.
#[derive(Default)]
struct Trouble {
    errors: FieldErrors,
    decline_errors: FieldErrors,
    twice: Option<(Timestamp, Timestamp)>,
    doubts: Vec<Doubtful>,
    decline: String,
}

/// The beginning and the end of a day.
fn day_in(date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let midnight = |date: Date| date.at(0, 0, 0, 0).to_zoned_datetime(zone.clone()).ok();
    Some((midnight(date)?.timestamp().into(), midnight(date.tomorrow().ok()?)?.timestamp().into()))
}

/// What is booked on the day that the form shows, for the client and for the clinician.
async fn plan_of(
    app: &AppState,
    staff: &StaffSession,
    loaded: &Loaded,
    form: &ConfirmForm,
) -> Result<Option<DayPlan>, PageError> {
    let (Some(date), Some(with)) = (read_date(&form.date), form.staff()) else { return Ok(None) };
    let Some((from, until)) = day_in(date, &staff.zone) else { return Ok(None) };
    let chart = loaded.request.chart_id;
    let booked = app.db.read(&staff.scope, move |c| busy(c, chart, with, from, until)).await?;
    let words = staff.words;
    let line = |busy: &Busy, what: String| {
        let at = &busy.appointment;
        words.with(
            "appointments-day-line",
            &[
                ("from", words.time(at.starts_at, &staff.zone)),
                ("until", words.time(at.ends_at(), &staff.zone)),
                ("what", what),
            ],
        )
    };
    let of_client = booked.iter().filter(|busy| busy.appointment.chart_id == chart);
    let of_clinician = booked.iter().filter(|busy| busy.appointment.staff_id == with);
    Ok(Some(DayPlan {
        title: words.with1("appointments-day-plan", "day", words.date(from, &staff.zone)),
        client: of_client
            .map(|busy| {
                let kind = busy.appointment.kind.label(words);
                let name = &busy.appointment.with_name;
                line(busy, words.with2("appointments-day-with", "kind", kind, "name", name))
            })
            .collect(),
        clinician_title: loaded.name_of(with),
        clinician: of_clinician.map(|busy| line(busy, busy.client.clone())).collect(),
    }))
}

/// What speaks against a time, in a sentence.
fn doubt_words(staff: &StaffSession, with: &str, doubtful: &Doubtful) -> String {
    let time = doubtful.other.map(|at| staff.words.time(at, &staff.zone)).unwrap_or_default();
    staff.words.with2(&format!("appointments-doubt-{}", doubtful.doubt), "name", with, "time", time)
}

async fn answer_page(
    app: &AppState,
    staff: &StaffSession,
    loaded: Loaded,
    form: ConfirmForm,
    trouble: Trouble,
) -> Result<Answer, PageError> {
    let words = staff.words;
    let plan = plan_of(app, staff, &loaded, &form).await?;
    let with = form.staff().map(|id| loaded.name_of(id)).unwrap_or_default();
    let request = loaded.request;
    let settled = (request.state != RequestState::Waiting).then(|| {
        let key = format!("appointments-settled-{}", request.state);
        let at = request.decided_at.map(|at| words.date_time(at, &staff.zone)).unwrap_or_default();
        (
            tag_of(request.state),
            words.with2(&key, "moment", at, "name", &request.decided_by),
            request.answer.clone(),
        )
    });
    let base = format!("/staff/requests/{}", request.request_id);
    let now = app.now();
    let wished = request.wishes();
    let all_over = first_open(&wished, now, &staff.zone).is_none();
    let wishes = (1..)
        .zip(&wished)
        .map(|(number, wish)| {
            let is_open = first_open(&[*wish], now, &staff.zone).is_some();
            let label = wish.label(words);
            WishLine {
                label: if is_open || settled.is_some() {
                    label
                } else {
                    words.with1("appointments-wish-over", "wish", label)
                },
                href: is_open.then(|| format!("{base}?wish={number}")),
            }
        })
        .collect();
    let twice = trouble.twice.map(|(first, second)| {
        let when = |moment: Timestamp| words.date_time_zone(moment, &staff.zone);
        vec![("first", when(first)), ("second", when(second))]
    });
    // Nobody is chosen by accident: an empty line stands first where nobody is proposed.
    let nobody = form.staff().is_none().then(|| (String::new(), words.get("appointments-with-choose")));
    let people = loaded.people.into_iter().map(|(id, name)| (id.to_string(), name));
    let people = nobody.into_iter().chain(people).collect();
    let page = Answer {
        frame: staff.frame(app, REQUESTS),
        id: request.request_id.to_string(),
        client: loaded.file.client.full_name(),
        chart_href: format!("/staff/charts/{}/appointments", request.chart_id),
        what: what_of(staff, &request),
        asked: words.date_time(request.created_at, &staff.zone),
        note: request.note.clone(),
        wishes,
        may_answer: staff.may(Permission::AnswerRequests),
        all_over,
        settled,
        errors: trouble.errors,
        decline_errors: trouble.decline_errors,
        date: form.date,
        time: form.time,
        twice,
        which: form.which,
        minutes: form.minutes,
        lengths: LENGTHS
            .iter()
            .map(|m| (m.to_string(), words.with1("appointments-minutes", "minutes", m)))
            .collect(),
        place: form.place,
        places: Place::ALL.iter().map(|place| (place.word(), place.label_alone(words))).collect(),
        with: form.with,
        people,
        plan,
        doubts: trouble.doubts.iter().map(|doubtful| doubt_words(staff, &with, doubtful)).collect(),
        despite: !form.despite.is_empty(),
        doubt_words: {
            let mut seen: Vec<&str> = trouble.doubts.iter().map(|doubtful| doubtful.doubt.word()).collect();
            seen.dedup();
            seen.join(" ")
        },
        zone: staff.words.zone(staff.practice.time_zone.name()),
        answer: form.answer,
        decline: trouble.decline,
    };
    Ok(page)
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct AnswerQuery {
    /// The number of a wish.
    wish: String,
    /// A day to look at, and with whom.
    date: String,
    with: String,
}

/// One request, and how to answer it.
pub(super) async fn answer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(query): Query<AnswerQuery>,
) -> PageResult {
    let loaded = load(&app, &staff, &id).await?;
    let mut form = proposed(&app, &staff, &loaded, &query.wish);
    if let Some(date) = read_date(&query.date) {
        form.date = date.to_string();
    }
    if let Ok(with) = query.with.parse::<StaffId>() {
        form.with = with.to_string();
    }
    html(answer_page(&app, &staff, loaded, form, Trouble::default()).await?.render())
}

/// The confirmation as it opens: the chosen wish, or the first that can still be kept; a day that is
/// over is never filled in. `chosen` is the number of a wish, from 1, or anything else.
fn proposed(app: &AppState, staff: &StaffSession, loaded: &Loaded, chosen: &str) -> ConfirmForm {
    let wishes = loaded.request.wishes();
    let chosen = chosen.parse::<usize>().ok().and_then(|number| wishes.get(number.checked_sub(1)?));
    let wanted: Vec<Wish> = chosen.into_iter().chain(&wishes).copied().collect();
    let (date, time) = match first_open(&wanted, app.now(), &staff.zone) {
        Some((date, time)) => (date.to_string(), format!("{:02}:{:02}", time.hour(), time.minute())),
        None => (String::new(), String::new()),
    };
    ConfirmForm {
        date,
        time,
        minutes: "50".to_owned(),
        place: match loaded.request.place {
            PlaceWish::Video => Place::Video.word().to_owned(),
            _ => Place::Office.word().to_owned(),
        },
        with: loaded.clinician.map(|id| id.to_string()).unwrap_or_default(),
        ..ConfirmForm::default()
    }
}

async fn again(
    app: &AppState,
    staff: &StaffSession,
    loaded: Loaded,
    form: ConfirmForm,
    trouble: Trouble,
) -> PageResult {
    let page = answer_page(app, staff, loaded, form, trouble).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response())
}

/// The moment that was typed, in the practice's zone; what is wrong with it, or which of two it may
/// be, goes into `trouble`.
fn moment_of(
    staff: &StaffSession,
    form: &ConfirmForm,
    now: Timestamp,
    trouble: &mut Trouble,
) -> Option<Timestamp> {
    let words = staff.words;
    let date = read_date(&form.date);
    if date.is_none() {
        trouble.errors.add("date", words.get("appointments-error-not-a-day"));
    }
    let time = read_time(&form.time);
    if time.is_none() {
        trouble.errors.add("time", words.get("appointments-error-not-a-time"));
    }
    let at = match (resolve(date?, time?, &staff.zone), form.which.as_str()) {
        (Resolved::At(at), _) => at,
        (Resolved::Twice { first, second }, "first") => {
            trouble.twice = Some((first, second));
            first
        }
        (Resolved::Twice { first, second }, "second") => {
            trouble.twice = Some((first, second));
            second
        }
        (Resolved::Twice { first, second }, _) => {
            trouble.twice = Some((first, second));
            trouble.errors.add("which", words.get("appointments-error-clock-twice"));
            return None;
        }
        (Resolved::Skipped(after), _) => {
            let next = words.time(after, &staff.zone);
            trouble.errors.add("time", words.with1("appointments-error-clock-skips", "time", next));
            return None;
        }
        (Resolved::Never, _) => {
            trouble.errors.add("date", words.get("appointments-error-not-a-day"));
            return None;
        }
    };
    if at <= now {
        trouble.errors.add("date", words.get("appointments-error-over"));
        return None;
    }
    Some(at)
}

/// Confirms: makes the appointment and writes to the client.
pub(super) async fn confirm(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: ConfirmForm = staff.form(&body)?;
    let words = staff.words;
    let loaded = load(&app, &staff, &id).await?;
    let request = loaded.request.request_id.clone();
    let mut trouble = Trouble::default();
    let starts_at = moment_of(&staff, &form, app.now(), &mut trouble);
    let minutes = form.minutes.parse::<i32>().ok().filter(|m| LENGTHS.contains(m));
    if minutes.is_none() {
        trouble.errors.add("minutes", words.get("appointments-error-choose"));
    }
    let place: Option<Place> = form.place.parse().ok();
    if place.is_none() {
        trouble.errors.add("place", words.get("appointments-error-choose"));
    }
    let with = form.staff().filter(|id| loaded.people.iter().any(|(known, _)| known == id));
    if with.is_none() {
        trouble.errors.add("with", words.get("appointments-error-with"));
    }
    let answer = text::lines(&form.answer, LONGEST_ANSWER);
    if answer.is_err() {
        trouble.errors.add("answer", words.get("appointments-error-note-long"));
    }
    let (Some(starts_at), Some(minutes), Some(place), Some(with), Ok(answer), true) =
        (starts_at, minutes, place, with, answer, trouble.errors.is_empty())
    else {
        return again(&app, &staff, loaded, form, trouble).await;
    };
    let confirmation = Confirmation {
        starts_at,
        minutes,
        place,
        staff: with,
        answer,
        despite: form.despite(),
        zone: staff.zone.clone(),
    };
    match actions::confirm(&app, &staff.scope, staff.by(), request, confirmation).await? {
        Ok(_) => Ok(see_other("/staff/requests?done=request-confirmed")),
        Err(NotAnswered::Doubtful(doubts)) => {
            let name = loaded.name_of(with);
            let sentences: Vec<String> =
                doubts.iter().map(|doubt| doubt_words(&staff, &name, doubt)).collect();
            trouble.errors.add("time", sentences.join(" "));
            trouble.doubts = doubts;
            // A tick answers the doubts that stood beside it, and no others.
            form.despite = String::new();
            again(&app, &staff, loaded, form, trouble).await
        }
        Err(other) => settled(&staff, other),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclineForm {
    answer: String,
}

/// Declines, with a kind answer.
pub(super) async fn decline(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: DeclineForm = staff.form(&body)?;
    let words = staff.words;
    let loaded = load(&app, &staff, &id).await?;
    let answer = match text::lines(&form.answer, LONGEST_ANSWER) {
        Ok(answer) if !answer.is_empty() => answer,
        wrong => {
            let key =
                if wrong.is_ok() { "appointments-error-answer" } else { "appointments-error-note-long" };
            let mut trouble = Trouble { decline: form.answer, ..Trouble::default() };
            trouble.decline_errors.add("decline", words.get(key));
            let confirm = proposed(&app, &staff, &loaded, "");
            return again(&app, &staff, loaded, confirm, trouble).await;
        }
    };
    let request = loaded.request.request_id.clone();
    match actions::decline(&app, &staff.scope, staff.by(), request, answer).await? {
        Ok(()) => Ok(see_other("/staff/requests?done=request-declined")),
        Err(other) => settled(&staff, other),
    }
}

/// Somebody was faster (maybe one's own first click): the page that shows how it stands.
fn settled(staff: &StaffSession, why: NotAnswered) -> PageResult {
    let NotAnswered::NoLongerWaiting(request) = why else { return Err(PageError::NotFound) };
    let done = match request.state {
        RequestState::Confirmed if request.decided_by == staff.name => "request-confirmed",
        RequestState::Declined if request.decided_by == staff.name => "request-declined",
        _ => "request-answered-meanwhile",
    };
    Ok(see_other(&format!("/staff/requests/{}?done={done}", request.request_id)))
}

struct AppointmentLine {
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

#[derive(Template)]
#[template(path = "features/appointments/templates/tab.html")]
struct TabPage {
    frame: StaffFrame,
    head: RoomHead,
    upcoming: Vec<AppointmentLine>,
    past: Vec<AppointmentLine>,
    requests: Vec<RequestLine>,
}

/// The tab.
pub(super) async fn tab(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (ChartRoom { file, tags }, booked, requests) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            Ok(Some((room, list_of(c, &id)?, requests_of(c, &id)?)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let (now, words) = (app.now(), staff.words);
    let today = now.in_zone(&staff.zone).date();
    let line = |appointment: &crate::features::appointments::Appointment| {
        let labels = AppointmentLabels::of(words, &staff.zone, &staff.practice, appointment);
        let tag = match (appointment.state, appointment.ends_at() > now) {
            (AppointmentState::Canceled, _) => "stopped",
            (_, true) => "waiting",
            (_, false) => "good",
        };
        let state = words.get(match tag {
            "stopped" => "appointments-off",
            "waiting" => "appointments-booked",
            _ => "appointments-over",
        });
        let when = words.stamp_with_day(appointment.starts_at, &staff.zone, now);
        AppointmentLine { when, what: labels.what, tag, state }
    };
    let page = TabPage {
        head: room_head(&app, &staff, &file, &tags, TAB),
        upcoming: booked.iter().filter(|a| a.ends_at() > now).map(line).collect(),
        past: booked.iter().rev().filter(|a| a.ends_at() <= now).map(line).collect(),
        requests: requests
            .iter()
            .map(|request| RequestLine {
                href: format!("/staff/requests/{}", request.request_id),
                what: what_of(&staff, request),
                wishes: request.wishes().iter().map(|wish| wish.label_short(words, today)).collect(),
                asked: words.stamp(request.created_at, &staff.zone, now),
                tag: tag_of(request.state),
                state: words.get(&format!("appointments-state-{}", request.state)),
                answer: request.answer.clone(),
            })
            .collect(),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}
