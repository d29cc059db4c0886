//! The queue of requests, and the page that answers one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::actions::{self, Confirmation, NotAnswered};
use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::labels::tag_of;
use crate::features::appointments::request_store::{Request, find_request, waiting};
use crate::features::appointments::slot_form::{
    Choices, DayPlan, SlotFields, SlotForm, SlotTrouble, USUAL_MINUTES, clock_value, day_in, plan_of,
};
use crate::features::appointments::store::{DayOf, day_of, usual_of};
use crate::features::appointments::times::{Wish, first_free, first_open};
use crate::features::people::{self, ChartFile};
use crate::features::practice::PlaceKind;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, RequestId, StaffId};
use crate::kernel::text;
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Those of all clients that wait for an answer.
pub(super) const REQUESTS: Section = Section("/staff/requests");

/// Requests that the queue names at once; the oldest first, so that nobody is forgotten.
const QUEUE: i64 = 100;
/// The longest answer, in characters.
const LONGEST_ANSWER: usize = 1_000;

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

pub(super) fn what_of(staff: &StaffSession, request: &Request) -> String {
    let words = staff.words;
    let place = request.place.label(words);
    words.with2("appointments-request-line", "kind", request.kind.label(words), "place", place)
}

/// Requests that wait for an answer.
pub(super) async fn queue(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let rows = app.db.read(&staff.scope, |c| waiting(c, QUEUE)).await?;
    let now = app.now();
    let today = staff.practice.today(now);
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
    /// Somebody has something else at every time that was asked for, so no time is filled in.
    none_free: bool,
    /// Tag, words and answer, once it no longer waits.
    settled: Option<(&'static str, String, String)>,
    slot: SlotFields,
    plan: Option<DayPlan>,
    decline_errors: FieldErrors,
    decline: String,
}

/// A request with everybody that its page names.
struct Loaded {
    request: Request,
    file: ChartFile,
    choices: Choices,
    /// The client's clinician and place, who are proposed.
    usual: Option<(StaffId, PlaceId)>,
    /// What this clinician and the client have on the days that were asked for.
    taken: Vec<(Timestamp, Timestamp)>,
}

impl Loaded {
    /// Have both the usual time free from this moment on?
    fn is_free(&self, from: Timestamp) -> bool {
        let minutes: i64 = USUAL_MINUTES.parse().unwrap_or_default();
        let until = from.plus_seconds(minutes * 60);
        self.taken.iter().all(|(begins, ends)| until <= *begins || *ends <= from)
    }
}

async fn load(app: &AppState, staff: &StaffSession, id: &str) -> Result<Loaded, PageError> {
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let zone = staff.zone.clone();
    app.db
        .read(&staff.scope, move |c| {
            let Some(request) = find_request(c, &id)? else { return Ok(None) };
            let Some(file) = people::load_file(c, &request.chart_id)? else { return Ok(None) };
            let (choices, usual) = (Choices::load(c)?, usual_of(c, request.chart_id)?);
            let mut taken = Vec::new();
            if let (Some((with, _)), RequestState::Waiting) = (usual, request.state) {
                for (from, until) in request.wishes().iter().filter_map(|wish| day_in(wish.date, &zone)) {
                    let entries = day_of(c, DayOf::Both(with, request.chart_id), from, until)?;
                    taken.extend(entries.iter().map(|e| (e.appointment.starts_at, e.appointment.ends_at)));
                }
            }
            Ok(Some(Loaded { request, file, choices, usual, taken }))
        })
        .await?
        .ok_or(PageError::NotFound)
}

/// What went wrong on the page.
#[derive(Default)]
struct Trouble {
    slot: SlotTrouble,
    decline_errors: FieldErrors,
    decline: String,
}

async fn answer_page(
    app: &AppState,
    staff: &StaffSession,
    loaded: Loaded,
    form: SlotForm,
    trouble: Trouble,
) -> Result<Answer, PageError> {
    let words = staff.words;
    let now = app.now();
    let all_over = first_open(&loaded.request.wishes(), now, &staff.zone).is_none();
    let none_free = !all_over
        && first_free(&loaded.request.wishes(), now, &staff.zone, |at| loaded.is_free(at)).is_none();
    let Loaded { request, file, choices, .. } = loaded;
    let (shown, inside) = (form.clone(), (staff.clone(), choices.clone()));
    let chart = request.chart_id;
    let of = (chart, Some(request.kind));
    let plan = app.db.read(&staff.scope, move |c| plan_of(c, &inside.0, of, &shown, &inside.1)).await?;
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
    let wished = request.wishes();
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
    Ok(Answer {
        frame: staff.frame(app, REQUESTS),
        id: request.request_id.to_string(),
        client: file.client.full_name(),
        chart_href: format!("/staff/charts/{chart}/appointments"),
        what: what_of(staff, &request),
        asked: words.date_time(request.created_at, &staff.zone),
        note: request.note.clone(),
        wishes,
        may_answer: staff.may(Permission::AnswerRequests),
        all_over,
        none_free,
        settled,
        slot: SlotFields::of(staff, form, &choices, trouble.slot),
        plan,
        decline_errors: trouble.decline_errors,
        decline: trouble.decline,
    })
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct AnswerQuery {
    /// The number of a wish.
    wish: String,
}

/// One request, and how to answer it.
pub(super) async fn answer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(query): Query<AnswerQuery>,
) -> PageResult {
    let loaded = load(&app, &staff, &id).await?;
    let form = proposed(&app, &staff, &loaded, &query.wish);
    html(answer_page(&app, &staff, loaded, form, Trouble::default()).await?.render())
}

/// The confirmation as it opens: the chosen wish, or the first that can still be kept; a day that is
/// over is never filled in. `chosen` is the number of a wish, from 1, or anything else.
fn proposed(app: &AppState, staff: &StaffSession, loaded: &Loaded, chosen: &str) -> SlotForm {
    let wishes = loaded.request.wishes();
    let chosen = chosen.parse::<usize>().ok().and_then(|number| wishes.get(number.checked_sub(1)?));
    let wanted: Vec<Wish> = chosen.into_iter().chain(&wishes).copied().collect();
    let free = first_free(&wanted, app.now(), &staff.zone, |at| loaded.is_free(at));
    let (date, time) = match (free, first_open(&wanted, app.now(), &staff.zone)) {
        (Some((date, time)), _) => (date.to_string(), clock_value(time)),
        (None, Some((date, _))) => (date.to_string(), String::new()),
        (None, None) => (String::new(), String::new()),
    };
    let kinds: &[PlaceKind] = match loaded.request.place {
        PlaceWish::Video => &[PlaceKind::Video],
        PlaceWish::Office | PlaceWish::Either => &[PlaceKind::Office],
    };
    SlotForm {
        date,
        time,
        minutes: USUAL_MINUTES.to_owned(),
        place: loaded.choices.proposed(loaded.usual.map(|(_, place)| place), kinds),
        with: loaded.usual.map(|(staff, _)| staff.to_string()).unwrap_or_default(),
        ..SlotForm::default()
    }
}

async fn again(
    app: &AppState,
    staff: &StaffSession,
    loaded: Loaded,
    form: SlotForm,
    trouble: Trouble,
) -> PageResult {
    let page = answer_page(app, staff, loaded, form, trouble).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response())
}

/// Confirms: makes the appointment and writes to the client.
pub(super) async fn confirm(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: SlotForm = staff.form(&body)?;
    let words = staff.words;
    let loaded = load(&app, &staff, &id).await?;
    let request = loaded.request.request_id;
    let mut trouble = Trouble::default();
    if form.is_only_shown() {
        let page = answer_page(&app, &staff, loaded, form, trouble).await?;
        return html(page.render()).map(drafts::unfinished);
    }
    let slot = trouble.slot.slot(words, &form, &loaded.choices, app.now());
    let answer = text::lines(&form.answer, LONGEST_ANSWER);
    if answer.is_err() {
        trouble.slot.errors.add("answer", words.get("appointments-error-note-long"));
    }
    let (Some(slot), Ok(answer)) = (slot, answer) else {
        return again(&app, &staff, loaded, form, trouble).await;
    };
    let confirmation = Confirmation { slot, answer, despite: form.despite() };
    match actions::confirm(&app, &staff.scope, staff.by(), request, confirmation).await? {
        Ok(_) => Ok(see_other("/staff/requests?done=request-confirmed")),
        Err(NotAnswered::NotBooked(why)) => {
            let name = loaded.choices.name_of(slot.staff);
            if !trouble.slot.note(words, &staff.zone, &name, &why) {
                return Err(PageError::NotFound);
            }
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
