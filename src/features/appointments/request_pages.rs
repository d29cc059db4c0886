//! The queue of requests, and the page that answers one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::appointments::actions::{self, Confirmation, Decline, NotAnswered, Offer};
use crate::features::appointments::booking::{Doubt, NotBooked};
use crate::features::appointments::kinds::{PlaceWish, RequestState, StepAct};
use crate::features::appointments::labels::{Side, asked_label, request_state};
use crate::features::appointments::picked::{MOST_PICKED, Picked};
use crate::features::appointments::request_lifecycle::{Phase, Refusal};
use crate::features::appointments::request_store::{Request, find_request, lapsed_since, waiting};
use crate::features::appointments::slot::Slot;
use crate::features::appointments::slot_form::{
    Choices, DayPlan, PlanOf, SlotFields, SlotForm, SlotTrouble, USUAL_MINUTES, clock_range, clock_value,
    day_in, plan_of, visit_of,
};
use crate::features::appointments::store::{DayOf, day_of, undecided, usual_of};
use crate::features::appointments::talk_store::{AskedTime, Talk, talk_of, times_in};
use crate::features::appointments::times::{Wish, first_free, first_open};
use crate::features::calendar::{self, Holds, Search, find_openings};
use crate::features::people::{self, ChartFile};
use crate::features::practice::PlaceKind;
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, RequestId, StaffId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
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
    number: String,
    what: String,
    wishes: Vec<String>,
    asked: Stamp,
    note: String,
    /// Tag and words of one that is late, waits for its client, or has lapsed.
    state: Option<(&'static str, String)>,
}

/// Requests that lapsed are named for so many days.
const LAPSED_DAYS: i64 = 14;

#[derive(Template)]
#[template(path = "features/appointments/templates/queue.html")]
struct Queue {
    frame: StaffFrame,
    requests: Vec<QueueLine>,
    /// Appointments of which staff have to say whether they stay: the address, when, and who would still come.
    undecided: Vec<(String, String, String)>,
    may_answer: bool,
}

pub(super) fn what_of(staff: &StaffSession, request: &Request) -> String {
    let words = staff.words;
    let place = request.place.label(words);
    words.with2("appointments-request-line", "kind", request.kind.label(words), "place", place)
}

/// What a request asks for now, short enough for a row of a table.
pub(super) fn asked_short(
    staff: &StaffSession,
    request: &Request,
    talk: &Talk,
    now: Timestamp,
) -> Vec<String> {
    let today = staff.practice.today(now);
    let times = talk.current(request).map(|time| {
        let there = time.place.time_zone.rules();
        let day = staff.words.day_short(time.starts_at.in_zone(there).date(), today);
        let range = clock_range(staff.words, &staff.zone, &time.place, time.starts_at, time.ends_at);
        let line = staff.words.with(
            "appointments-asked-short",
            &[("day", day), ("time", range), ("name", time.with_name.clone())],
        );
        let line = gone(staff, time, line);
        // What the client has not said that they can come to is not shown as if they had.
        match request.state {
            RequestState::Offered => staff.words.with1("appointments-offered-short", "time", line),
            _ => line,
        }
    });
    let wishes = request.wishes();
    let wishes = wishes.iter().map(|wish| wish.label_short(staff.words, today));
    times.chain(wishes).collect()
}

fn gone(staff: &StaffSession, time: &AskedTime, line: String) -> String {
    match time.struck_at {
        Some(_) => staff.words.with1("appointments-time-gone", "time", line),
        None => line,
    }
}

/// Requests that wait: for the practice, the one that is due first before the others; for their client; and those that
/// lapsed lately.
pub(super) async fn queue(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let (rows, talk, undecided) = app
        .db
        .read(&staff.scope, |c| {
            let since = c.now().plus_hours(-24 * LAPSED_DAYS);
            let mut rows = waiting(c, QUEUE)?;
            rows.extend(lapsed_since(c, since, QUEUE)?);
            let ids: Vec<RequestId> = rows.iter().map(|(request, ..)| request.request_id).collect();
            Ok((rows, times_in(c, &ids)?, undecided(c)?))
        })
        .await?;
    let now = app.now();
    let undecided = undecided.iter().map(|entry| {
        let of = &entry.appointment;
        let href = format!("/staff/appointments/{}", of.appointment_id);
        (href, staff.words.date_time_zone(of.starts_at, of.place.time_zone.rules()), entry.names())
    });
    let undecided = undecided.collect();
    let requests = rows
        .into_iter()
        .map(|(request, client, number)| QueueLine {
            number,
            href: format!("/staff/requests/{}", request.request_id),
            client: client.full_name(),
            what: what_of(&staff, &request),
            wishes: asked_short(&staff, &request, &talk, now),
            asked: staff.words.stamp(request.created_at, &staff.zone, now),
            state: (request.standing().phase(now) != Phase::Waiting)
                .then(|| request_state(staff.words, &request, Side::Practice, now)),
            note: request.note,
        })
        .collect();
    let may_answer = staff.may(Permission::AnswerRequests);
    html(Queue { frame: staff.frame(&app, REQUESTS), requests, undecided, may_answer }.render())
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
    /// Tag and words while it is open.
    state: (&'static str, String),
    /// By when the client was told to expect an answer.
    answer_by: Option<String>,
    /// Until when its times are kept, or that they no longer are.
    kept: Option<String>,
    /// What was said after the question.
    said: Vec<Said>,
    slot: SlotFields,
    plan: Option<DayPlan>,
    /// Open times that can be offered, or named when the request is declined.
    offers: Vec<OfferBox>,
    rows: Vec<TypedRow>,
    offer_place: String,
    offer_with: String,
    /// An offer is open: the client answers next.
    is_offered: bool,
    decline_errors: FieldErrors,
    decline: String,
}

/// One thing that was said.
struct Said {
    who: String,
    when: String,
    times: Vec<String>,
    message: String,
}

/// An open time with its tick.
struct OfferBox {
    value: String,
    label: String,
    is_ticked: bool,
}

/// A time that staff type.
struct TypedRow {
    day_name: String,
    clock_name: String,
    legend: String,
    day: String,
    clock: String,
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
    talk: Talk,
    /// How long a visit of its type takes.
    minutes: i32,
    /// Open times that can be offered, with the clinician's name and the place.
    open: Vec<Picked>,
}

/// Open times that can be offered at a glance.
const MOST_OFFERS: usize = 12;
/// Hours that the page looks ahead for them: four weeks.
const OFFER_HOURS: i64 = 4 * 7 * 24;

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
            let talk = talk_of(c, &[id])?;
            let minutes = minutes_of(c, &request)?;
            let is_open = request.standing().phase(c.now()) != Phase::Settled;
            let open = if is_open { open_times(c, &request, &talk, usual, minutes)? } else { Vec::new() };
            let mut taken = Vec::new();
            if let (Some((with, _)), RequestState::Waiting) = (usual, request.state) {
                for (from, until) in request.wishes().iter().filter_map(|wish| day_in(wish.date, &zone)) {
                    let entries = day_of(c, DayOf::Both(with, request.chart_id), from, until)?;
                    taken.extend(entries.iter().map(|e| (e.appointment.starts_at, e.appointment.ends_at)));
                }
            }
            Ok(Some(Loaded { request, file, choices, usual, taken, talk, minutes, open }))
        })
        .await?
        .ok_or(PageError::NotFound)
}

/// The length of a visit as the request's type has it, or the usual one.
fn minutes_of(c: &mut Scoped<'_>, request: &Request) -> Result<i32, Fault> {
    let of_type = match request.type_id {
        Some(id) => calendar::find_type(c, id)?,
        None => None,
    };
    Ok(of_type.map_or_else(|| USUAL_MINUTES.parse().unwrap_or_default(), |of| of.minutes))
}

/// The next open times with the clinician who was asked for, or the usual one; they are kept for nobody else.
fn open_times(
    c: &mut Scoped<'_>,
    request: &Request,
    talk: &Talk,
    usual: Option<(StaffId, PlaceId)>,
    minutes: i32,
) -> Result<Vec<Picked>, Fault> {
    let asked: Vec<Picked> = talk.current(request).map(picked_of).collect();
    let now = c.now();
    let search = Search {
        visit: visit_of(c, Some(request.kind), minutes)?,
        staff: asked.first().and_then(|one| one.staff).or(usual.map(|(staff, _)| staff)),
        place: None,
        place_kind: match request.place {
            PlaceWish::Office => Some(PlaceKind::Office),
            PlaceWish::Video => Some(PlaceKind::Video),
            PlaceWish::Either => None,
        },
        chart: Some(request.chart_id),
        holds: Holds::Respected,
        moving: None,
        from: now,
        until: now.plus_hours(OFFER_HOURS),
    };
    let found = find_openings(c, &search)?.first(MOST_OFFERS + MOST_PICKED);
    let open = found.iter().map(|opening| Picked {
        starts_at: opening.starts_at,
        place: opening.place,
        staff: Some(opening.staff),
    });
    Ok(open.filter(|one| !asked.contains(one)).take(MOST_OFFERS).collect())
}

fn picked_of(time: &AskedTime) -> Picked {
    Picked { starts_at: time.starts_at, place: time.place.place_id, staff: Some(time.staff_id) }
}

/// What went wrong on the page.
#[derive(Default)]
struct Trouble {
    slot: SlotTrouble,
    decline_errors: FieldErrors,
    other: OtherForm,
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
    let wished_days = loaded.request.wishes();
    let all_over = if wished_days.is_empty() {
        loaded.talk.current(&loaded.request).all(|time| time.starts_at <= now)
    } else {
        first_open(&wished_days, now, &staff.zone).is_none()
    };
    let none_free = !all_over
        && !wished_days.is_empty()
        && first_free(&wished_days, now, &staff.zone, |at| loaded.is_free(at)).is_none();
    let Loaded { request, file, choices, talk, open, .. } = loaded;
    let (shown, inside) = (form.clone(), (staff.clone(), choices.clone()));
    let chart = request.chart_id;
    let of = PlanOf { chart, kind: Some(request.kind), moving: None };
    let plan = app.db.read(&staff.scope, move |c| plan_of(c, &inside.0, of, &shown, &inside.1)).await?;
    let phase = request.standing().phase(now);
    let state = request_state(words, &request, Side::Practice, now);
    let settled = (phase == Phase::Settled).then(|| {
        let is_ended = request.state == RequestState::Withdrawn && !request.decided_by.is_empty();
        let key = match is_ended {
            true => "appointments-settled-ended".to_owned(),
            false => format!("appointments-settled-{}", request.state),
        };
        let at = request.decided_at.map(|at| words.date_time(at, &staff.zone)).unwrap_or_default();
        (state.0, words.with2(&key, "moment", at, "name", &request.decided_by), request.answer.clone())
    });
    let base = format!("/staff/requests/{}", request.request_id);
    let wished = request.wishes();
    let moment = |at: Timestamp| words.date_time(at, &staff.zone);
    let time_line = |time: &AskedTime| gone(staff, time, asked_label(words, &staff.zone, time));
    let times = |seq: i32| talk.times_of(request.request_id, seq).map(time_line).collect::<Vec<_>>();
    // What counts now can be filled in; what was asked for before stands among what was said.
    let asked_times = talk.current(&request).map(|time| WishLine {
        label: time_line(time),
        href: time.is_open(now).then(|| format!("{base}?time={}", time.position)),
    });
    let has_times = talk.current(&request).next().is_some();
    let kept = (matches!(phase, Phase::Waiting | Phase::Late) && has_times).then(|| {
        match request.hold_until.filter(|until| *until > now) {
            Some(until) => words.with1("appointments-kept-until", "moment", moment(until)),
            None => words.get("appointments-kept-over"),
        }
    });
    let question = Said {
        who: words.get("appointments-said-client"),
        when: moment(request.created_at),
        times: times(1),
        message: String::new(),
    };
    let question = (request.times_seq != 1 && !question.times.is_empty()).then_some(question);
    let steps = talk.steps_of(request.request_id).map(|step| Said {
        who: match step.act {
            StepAct::Offer => words.with1("appointments-said-offered-by", "name", &step.by_name),
            StepAct::Counter => words.get("appointments-said-countered"),
        },
        when: moment(step.at),
        times: times(step.seq),
        message: step.message.clone(),
    });
    let mut said: Vec<Said> = question.into_iter().chain(steps).collect();
    if talk.alternatives(&request).next().is_some() {
        said.push(Said {
            who: words.get("appointments-alternatives-named"),
            when: request.decided_at.map(moment).unwrap_or_default(),
            times: times(request.times_seq),
            message: String::new(),
        });
    }
    let offers = open
        .iter()
        .filter_map(|one| {
            let place = choices.places.iter().find(|place| place.place_id == one.place)?;
            let when = words.date_time_zone(one.starts_at, place.time_zone.rules());
            let at = words.with2("appointments-time-at", "time", when, "place", &place.name);
            let name = one.staff.map(|staff| choices.name_of(staff)).unwrap_or_default();
            Some(OfferBox {
                label: words.with2("appointments-time-with", "time", at, "name", name),
                is_ticked: trouble.other.time.contains(&one.to_string()),
                value: one.to_string(),
            })
        })
        .collect();
    let typed = &trouble.other;
    let rows = [(&typed.day1, &typed.clock1), (&typed.day2, &typed.clock2), (&typed.day3, &typed.clock3)];
    let rows = (1..)
        .zip(rows)
        .map(|(number, (day, clock))| TypedRow {
            day_name: format!("day{number}"),
            clock_name: format!("clock{number}"),
            legend: words.with1("appointments-offer-row", "number", number),
            day: day.clone(),
            clock: clock.clone(),
        })
        .collect();
    let of_form = |typed: &str, otherwise: &str| {
        if typed.is_empty() { otherwise.to_owned() } else { typed.to_owned() }
    };
    let wishes = (1..).zip(&wished).map(|(number, wish)| {
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
    });
    let wishes = asked_times.chain(wishes).collect();
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
        state,
        answer_by: match phase {
            Phase::Waiting | Phase::Late => request.answer_by.map(moment),
            Phase::Offered => request.lapses_at.map(moment),
            Phase::Lapsed | Phase::Settled => None,
        },
        kept,
        said,
        offers,
        rows,
        offer_place: of_form(&trouble.other.place, &form.place),
        offer_with: of_form(&trouble.other.with, &form.with),
        is_offered: phase == Phase::Offered,
        decline: trouble.other.answer.clone(),
        slot: SlotFields::of(staff, form, &choices, trouble.slot),
        plan,
        decline_errors: trouble.decline_errors,
    })
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct AnswerQuery {
    /// The number of a wish …
    wish: String,
    /// … or of an asked time.
    time: String,
}

/// One request, and how to answer it.
pub(super) async fn answer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(query): Query<AnswerQuery>,
) -> PageResult {
    let loaded = load(&app, &staff, &id).await?;
    let form = proposed(&app, &staff, &loaded, &query);
    html(answer_page(&app, &staff, loaded, form, Trouble::default()).await?.render())
}

/// The confirmation as it opens: the chosen wish, or the first that can still be kept; a day that is
/// over is never filled in. `chosen` is the number of a wish, from 1, or anything else.
fn proposed(app: &AppState, staff: &StaffSession, loaded: &Loaded, query: &AnswerQuery) -> SlotForm {
    let now = app.now();
    let open = || loaded.talk.current(&loaded.request).filter(|time| time.is_open(now));
    let wanted = query.time.parse().ok().and_then(|number: i32| open().find(|time| time.position == number));
    if let Some(time) = wanted.or_else(|| open().next()) {
        let at = time.starts_at.in_zone(time.place.time_zone.rules());
        return SlotForm {
            date: at.date().to_string(),
            time: clock_value(at.time()),
            minutes: time.slot().minutes.to_string(),
            place: time.place.place_id.to_string(),
            with: time.staff_id.to_string(),
            ..SlotForm::default()
        };
    }
    let chosen = query.wish.as_str();
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
        minutes: loaded.minutes.to_string(),
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

/// Other times, and words: what an offer and a decline share.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct OtherForm {
    answer: String,
    /// Open times that are ticked.
    time: Vec<String>,
    /// Times that are typed, at this place and with this person.
    day1: String,
    clock1: String,
    day2: String,
    clock2: String,
    day3: String,
    clock3: String,
    place: String,
    with: String,
}

/// What was ticked and typed, as slots; what is wrong with it is noted.
fn slots_of(
    app: &AppState,
    staff: &StaffSession,
    loaded: &Loaded,
    form: &OtherForm,
    errors: &mut FieldErrors,
) -> Vec<Slot> {
    let minutes = loaded.minutes;
    let ticked = form.time.iter().filter_map(|text| text.parse::<Picked>().ok()).filter_map(|one| {
        Some(Slot { starts_at: one.starts_at, minutes, place: one.place, staff: one.staff? })
    });
    let mut slots: Vec<Slot> = ticked.collect();
    let rows = [(&form.day1, &form.clock1), (&form.day2, &form.clock2), (&form.day3, &form.clock3)];
    for (number, (day, clock)) in (1..).zip(rows) {
        if day.trim().is_empty() && clock.trim().is_empty() {
            continue;
        }
        let typed = SlotForm {
            date: day.clone(),
            time: clock.clone(),
            // A time that comes twice is the first one.
            which: "first".to_owned(),
            minutes: minutes.to_string(),
            place: form.place.clone(),
            with: form.with.clone(),
            ..SlotForm::default()
        };
        let mut trouble = SlotTrouble::default();
        match trouble.slot(staff.words, &typed, &loaded.choices, app.now()) {
            Some(slot) => slots.push(slot),
            None => {
                for (field, at) in [("date", "day"), ("time", "clock")] {
                    if let Some(error) = trouble.errors.of(field) {
                        errors.add(&format!("{at}{number}"), error);
                    }
                }
                for (field, at) in [("place", "offer_place"), ("with", "offer_with")] {
                    if let Some(error) = trouble.errors.of(field) {
                        errors.add(at, error);
                    }
                }
            }
        }
    }
    if slots.len() > MOST_PICKED {
        errors.add("offer", staff.words.get("appointments-error-three-times"));
    }
    slots
}

/// What is said to the client.
fn words_of(staff: &StaffSession, form: &OtherForm, errors: &mut FieldErrors) -> String {
    text::lines(&form.answer, LONGEST_ANSWER).unwrap_or_else(|_| {
        errors.add("decline", staff.words.get("appointments-error-note-long"));
        String::new()
    })
}

/// Shows the page again with what is wrong about other times.
async fn other_again(
    app: &AppState,
    staff: &StaffSession,
    loaded: Loaded,
    other: OtherForm,
    decline_errors: FieldErrors,
) -> PageResult {
    let confirm = proposed(app, staff, &loaded, &AnswerQuery::default());
    let trouble = Trouble { decline_errors, other, ..Trouble::default() };
    again(app, staff, loaded, confirm, trouble).await
}

/// Why other times were refused.
fn other_refused(staff: &StaffSession, why: &NotAnswered) -> Option<(&'static str, String)> {
    let words = staff.words;
    Some(match why {
        NotAnswered::NotBooked(NotBooked::Taken(_)) => ("offer", words.get("appointments-error-offer-taken")),
        NotAnswered::NotBooked(NotBooked::Doubtful(doubts))
            if doubts.iter().any(|doubted| doubted.doubt == Doubt::Held) =>
        {
            ("offer", words.get("appointments-error-offer-held"))
        }
        NotAnswered::NotBooked(NotBooked::ChartClosed) => {
            ("offer", words.get("appointments-error-chart-closed"))
        }
        NotAnswered::NotBooked(_) => ("offer", words.get("appointments-error-offer-taken")),
        NotAnswered::HowMany => ("offer", words.get("appointments-error-three-times")),
        NotAnswered::Refused(Refusal::OfferOpen) => ("offer", words.get("appointments-error-offer-open")),
        _ => return None,
    })
}

/// Offers other times.
pub(super) async fn offer(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: OtherForm = staff.form(&body)?;
    let loaded = load(&app, &staff, &id).await?;
    let mut errors = FieldErrors::new();
    let times = slots_of(&app, &staff, &loaded, &form, &mut errors);
    if times.is_empty() && errors.is_empty() {
        errors.add("offer", staff.words.get("appointments-error-no-time"));
    }
    let message = words_of(&staff, &form, &mut errors);
    if !errors.is_empty() {
        return other_again(&app, &staff, loaded, form, errors).await;
    }
    let request = loaded.request.request_id;
    match actions::offer(&app, &staff.scope, staff.by(), request, Offer { times, message }).await? {
        Ok(()) => Ok(see_other("/staff/requests?done=request-offered")),
        Err(why) => match other_refused(&staff, &why) {
            Some((field, words)) => {
                errors.add(field, words);
                other_again(&app, &staff, loaded, form, errors).await
            }
            None => settled(&staff, why),
        },
    }
}

/// Declines, with a kind answer and, if there are any, other times.
pub(super) async fn decline(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: OtherForm = staff.form(&body)?;
    let loaded = load(&app, &staff, &id).await?;
    let mut errors = FieldErrors::new();
    let alternatives = slots_of(&app, &staff, &loaded, &form, &mut errors);
    let answer = words_of(&staff, &form, &mut errors);
    if answer.is_empty() && errors.of("decline").is_none() {
        errors.add("decline", staff.words.get("appointments-error-answer"));
    }
    if !errors.is_empty() {
        return other_again(&app, &staff, loaded, form, errors).await;
    }
    let request = loaded.request.request_id;
    match actions::decline(&app, &staff.scope, staff.by(), request, Decline { answer, alternatives }).await? {
        Ok(()) => Ok(see_other("/staff/requests?done=request-declined")),
        Err(why) => match other_refused(&staff, &why) {
            Some((field, words)) => {
                errors.add(field, words);
                other_again(&app, &staff, loaded, form, errors).await
            }
            None => settled(&staff, why),
        },
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
