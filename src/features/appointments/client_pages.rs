//! A client's appointments, and asking for one.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use jiff::civil::Date;

use crate::features::access::permission::ChartStanding;
use crate::features::accounts::{ClientSession, ClientTicket, level_now, unprocessable};
use crate::features::appointments::actions::{NewRequest, NotAsked, ask};
use crate::features::appointments::client_parts::{
    LONGEST_NOTE, MINE, asked_for, is_theirs, may_join, note_error, request_address,
};
use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::labels::{
    AppointmentLabels, Side, asked_label, at_place, is_coming_up, request_state, state_of,
};
use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::request_store::{Request, find_request, requests_of};
use crate::features::appointments::store::{Appointment, Party, list_of};
use crate::features::appointments::talk_store::{Talk, times_in};
use crate::features::appointments::times::{DAYS_AHEAD, DayPart, MOST_WISHES, WishError, read_wishes};
use crate::features::appointments::times_page::{self, Filled, TimesForm};
use crate::features::appointments::video;
use crate::features::calendar::{self, Holds, Search, VisitKind, WhoMayAsk};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RequestId;
use crate::kernel::text;
use crate::kernel::wall_clock::read_date;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::drafts;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::guard::FORM_LEADS_AWAY;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Past appointments that the page names.
const PAST_SHOWN: usize = 20;

struct Line {
    href: String,
    when: String,
    what: String,
    /// Tag and word of one that is off.
    off: Option<(&'static str, String)>,
    /// By video, and now: where the button that leads there is sent.
    join: Option<String>,
}

struct RequestLine {
    href: String,
    title: String,
    asked: String,
    wishes: Vec<String>,
    note: String,
    tag: &'static str,
    state: String,
    answer: String,
    /// The practice has offered times, and this reader may answer.
    is_offer: bool,
    may_take_back: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/client.html")]
struct Page {
    frame: ClientFrame,
    may_ask: bool,
    /// Does the chart take no new requests?
    is_frozen: bool,
    upcoming: Vec<Line>,
    past: Vec<Line>,
    requests: Vec<RequestLine>,
}

fn line(client: &ClientSession, (appointment, party): &(Appointment, Party), now: Timestamp) -> Line {
    let labels = AppointmentLabels::of(client.words, &client.zone, appointment);
    let (tag, state) = state_of(client.words, appointment, party.state, Side::Client, now);
    Line {
        href: format!("/portal/appointments/{}", appointment.appointment_id),
        when: labels.when,
        what: labels.what,
        off: (!party.is_on()).then_some((tag, state)),
        join: None,
    }
}

/// Where a request stands, as tag and words; a confirmed one with its appointment.
pub(super) fn stands(
    client: &ClientSession,
    request: &Request,
    booked: &[(Appointment, Party)],
    now: Timestamp,
) -> (&'static str, String) {
    let words = client.words;
    let (tag, state) = request_state(words, request, Side::Client, now);
    let made = booked.iter().find(|(a, _)| a.request_id == Some(request.request_id));
    match (request.state, made) {
        (RequestState::Confirmed, Some((appointment, party))) if party.is_on() => {
            let when = AppointmentLabels::of(words, &client.zone, appointment).when;
            let place = at_place(words, &appointment.place);
            let at = words.with2("appointments-time-at", "time", when, "place", place);
            (tag, words.with1("appointments-state-confirmed-for", "when", at))
        }
        _ => (tag, state),
    }
}

/// What a request asks for: its open times, or the days.
pub(super) fn asks_for(client: &ClientSession, request: &Request, talk: &Talk, seq: i32) -> Vec<String> {
    let words = client.words;
    let times = talk.times_of(request.request_id, seq).map(|time| asked_label(words, &client.zone, time));
    let wishes = if seq == 1 { request.wishes() } else { Vec::new() };
    times.chain(wishes.iter().map(|wish| wish.label(words))).collect()
}

/// "Regular visit, at our office".
pub(super) fn title_of(words: Words, request: &Request) -> String {
    let place = request.place.label(words);
    words.with2("appointments-request-line", "kind", request.kind.label(words), "place", place)
}

/// A request as this reader sees it: what somebody else wrote with it is for the practice alone.
fn request_line(
    client: &ClientSession,
    request: &Request,
    talk: &Talk,
    booked: &[(Appointment, Party)],
    now: Timestamp,
) -> RequestLine {
    let words = client.words;
    let is_mine = request.account_id == client.account_id;
    let phase = request.standing().phase(now);
    let (tag, state) = stands(client, request, booked, now);
    RequestLine {
        href: request_address(request.request_id),
        title: title_of(words, request),
        asked: words.with1("appointments-asked", "date", words.date(request.created_at, &client.zone)),
        wishes: asks_for(client, request, talk, 1),
        note: if is_mine { request.note.clone() } else { String::new() },
        tag,
        state,
        answer: if is_mine { request.answer.clone() } else { String::new() },
        is_offer: phase == Phase::Offered && is_theirs(client, request),
        may_take_back: phase != Phase::Settled && is_theirs(client, request),
    }
}

/// My appointments and requests.
pub(super) async fn list(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, (booked, joined, requests, talk)) = ticket
        .open(&app, |c, client| {
            let requests = requests_of(c, &client.chart_id)?;
            let ids: Vec<RequestId> = requests.iter().map(|request| request.request_id).collect();
            let booked = list_of(c, &client.chart_id)?;
            let joined = if may_join(client) { video::open_now(c, &booked)? } else { Vec::new() };
            Ok((booked, joined, requests, times_in(c, &ids)?))
        })
        .await?;
    let now = app.now();
    let is_ahead = |(of, party): &&(Appointment, Party)| is_coming_up(of, party, now);
    let page = Page {
        may_ask: client.may_act(Right::Appointments),
        is_frozen: client.facts.chart == ChartStanding::Frozen,
        // They come the latest first; what lies ahead reads better the next first.
        upcoming: booked
            .iter()
            .rev()
            .filter(is_ahead)
            .map(|a| {
                let of = line(&client, a, now);
                let is_open = joined.contains(&a.0.appointment_id);
                Line { join: is_open.then(|| format!("{}/join", of.href)), ..of }
            })
            .collect(),
        past: booked
            .iter()
            .filter(|a| !is_ahead(a))
            .take(PAST_SHOWN)
            .map(|a| line(&client, a, now))
            .collect(),
        requests: requests.iter().map(|r| request_line(&client, r, &talk, &booked, now)).collect(),
        frame: client.frame(&app, MINE),
    };
    let mut answer = html(page.render())?;
    if !joined.is_empty() {
        answer.extensions_mut().insert(FORM_LEADS_AWAY);
    }
    Ok(answer)
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RequestForm {
    chart: String,
    mark: String,
    kind: String,
    place: String,
    day1: String,
    part1: String,
    day2: String,
    part2: String,
    day3: String,
    part3: String,
    note: String,
    /// The open day whose button was pressed.
    take: String,
}

impl RequestForm {
    /// Fills an open day in where none is yet; `false` where three days are filled in.
    fn take(&mut self, day: Date) -> bool {
        let days = [&mut self.day1, &mut self.day2, &mut self.day3];
        if days.iter().any(|filled| read_date(filled) == Some(day)) {
            return true;
        }
        match days.into_iter().find(|filled| filled.trim().is_empty()) {
            Some(empty) => {
                *empty = day.to_string();
                true
            }
            None => false,
        }
    }
}

struct WishFields {
    day_name: String,
    part_name: String,
    legend: String,
    day: String,
    part: String,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/request.html")]
struct RequestPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    chart: String,
    mark: String,
    kind: String,
    kinds: Vec<(&'static str, String)>,
    place: String,
    places: Vec<(&'static str, String)>,
    wishes: Vec<WishFields>,
    parts: Vec<(&'static str, String)>,
    first_day: String,
    last_day: String,
    zone: String,
    note: String,
    open_days: Vec<OpenDay>,
}

/// A day that has openings; its button fills it in.
struct OpenDay {
    label: String,
    day: String,
    is_filled_in: bool,
}

fn choices<T: Copy>(
    all: &[T],
    word: fn(T) -> &'static str,
    label: impl Fn(T) -> String,
) -> Vec<(&'static str, String)> {
    all.iter().map(|each| (word(*each), label(*each))).collect()
}

fn form_page(
    app: &App,
    frame: ClientFrame,
    client: &ClientSession,
    form: RequestForm,
    errors: FieldErrors,
    offer: &Offer,
) -> RequestPage {
    let words = client.words;
    let today = client.practice.today(app.now());
    let last = today.checked_add(jiff::Span::new().days(DAYS_AHEAD)).unwrap_or(today);
    let mark = if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark };
    let typed = [(form.day1, form.part1), (form.day2, form.part2), (form.day3, form.part3)];
    let is_filled_in = |day: Date| typed.iter().any(|(filled, _)| read_date(filled) == Some(day));
    let open_days = offer
        .days
        .iter()
        .take(OPEN_DAYS)
        .map(|day| OpenDay {
            label: words.day_short(*day, today),
            day: day.to_string(),
            is_filled_in: is_filled_in(*day),
        })
        .collect();
    let wishes = typed
        .into_iter()
        .zip(1..)
        .map(|((day, part), number)| WishFields {
            day_name: format!("day{number}"),
            part_name: format!("part{number}"),
            legend: words.get(&format!("appointments-wish-{number}")),
            day,
            part: if part.is_empty() { DayPart::Any.word().to_owned() } else { part },
            is_first: number == 1,
        })
        .collect();
    RequestPage {
        frame,
        errors,
        for_client: client.for_client.clone(),
        chart: client.chart_id.to_string(),
        mark,
        kind: if form.kind.is_empty() { offer.usual().word().to_owned() } else { form.kind },
        kinds: choices(&offer.kinds, VisitKind::word, |kind| kind.label(words)),
        place: if form.place.is_empty() { PlaceWish::Either.word().to_owned() } else { form.place },
        places: choices(PlaceWish::ALL, PlaceWish::word, |place| place.label_alone(words)),
        wishes,
        parts: choices(DayPart::ALL, DayPart::word, |part| part.label_alone(words)),
        first_day: today.to_string(),
        last_day: last.to_string(),
        zone: words.zone(client.practice.time_zone.name()),
        note: form.note,
        open_days,
    }
}

/// Days with openings that the form names.
const OPEN_DAYS: usize = 8;
/// Hours that it looks ahead for them: four weeks.
const OPEN_HOURS: i64 = 4 * 7 * 24;
/// Types whose openings are looked for.
const OPEN_TYPES: usize = 5;

/// What this client may ask for, and on which days something of it is open, by the practice's calendar.
struct Offer {
    kinds: Vec<VisitKind>,
    days: BTreeSet<Date>,
}

impl Offer {
    /// The kind that is filled in.
    fn usual(&self) -> VisitKind {
        let usual = VisitKind::Session;
        if self.kinds.contains(&usual) { usual } else { self.kinds.first().copied().unwrap_or(usual) }
    }
}

async fn load_offer(app: &AppState, client: &ClientSession) -> Result<Offer, PageError> {
    let (zone, chart) = (client.practice.zone(), client.chart_id);
    let offer = app
        .db
        .read(&client.scope, move |c| {
            let now = c.now();
            let (types, kinds) = asked_for(c)?;
            let mut days = BTreeSet::new();
            let asked = types.iter().filter(|of| of.who_may_ask == WhoMayAsk::Clients);
            for of in asked.take(OPEN_TYPES) {
                let search = Search {
                    visit: of.visit(),
                    staff: None,
                    place: None,
                    place_kind: None,
                    chart: Some(chart),
                    holds: Holds::Respected,
                    moving: None,
                    from: now,
                    until: now.plus_hours(OPEN_HOURS),
                };
                days.extend(calendar::find_openings(c, &search)?.days(&zone));
            }
            Ok(Offer { kinds, days })
        })
        .await?;
    Ok(offer)
}

/// What the address of the form says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct RequestQuery {
    /// Not empty where no open time suits, so that days are named.
    wishes: String,
    /// A type …
    #[serde(rename = "type")]
    of_type: String,
    /// … and one of its times.
    time: String,
    /// An earlier request that is asked again.
    again: String,
}

/// The form: open times to pick from, or, where none are published or none suits, days.
pub(super) async fn request_page(
    State(app): State<AppState>,
    client: ClientSession,
    Query(query): Query<RequestQuery>,
) -> PageResult {
    let mut filled = Filled { of_type: query.of_type, time: query.time, note: String::new() };
    let mut form = RequestForm::default();
    if let Ok(again) = query.again.parse::<RequestId>() {
        let before = app.db.read(&client.scope, move |c| find_request(c, &again)).await?;
        let own =
            |before: &Request| before.chart_id == client.chart_id && before.account_id == client.account_id;
        if let Some(before) = before.filter(own) {
            filled.of_type = before.type_id.map(|id| id.to_string()).unwrap_or_default();
            (form.kind, form.place) = (before.kind.to_string(), before.place.to_string());
            (filled.note, form.note) = (before.note.clone(), before.note);
        }
    }
    if query.wishes.is_empty()
        && let Some(page) = times_page::opened(&app, &client, TimesForm::filled(filled)).await?
    {
        return page;
    }
    let frame = client.frame(&app, MINE);
    let offer = load_offer(&app, &client).await?;
    html(form_page(&app, frame, &client, form, FieldErrors::new(), &offer).render())
}

fn wish_words(words: Words, error: WishError) -> String {
    words.get(match error {
        WishError::NoDay => "appointments-error-no-day",
        WishError::NotADay => "appointments-error-not-a-day",
        WishError::Past => "appointments-error-past",
        WishError::TooFar => "appointments-error-too-far",
        WishError::Twice => "appointments-error-twice",
    })
}

/// Files the request. The same form twice makes one request.
pub(super) async fn request(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let mut form: RequestForm = client.form(&body)?;
    // In another tab the view may have turned to another chart: nothing is filed there by mistake.
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    let who = format!("{}/{}", client.account_id, client.chart_id);
    let token = FormToken::read("appointment-request", &who, &form.mark, &body)?;
    let words = client.words;
    let mut errors = FieldErrors::new();
    if !form.take.is_empty() {
        let day = read_date(&std::mem::take(&mut form.take)).ok_or(PageError::BadRequest)?;
        let (frame, offer) = (client.frame(&app, MINE), load_offer(&app, &client).await?);
        if form.take(day) {
            let page = form_page(&app, frame, &client, form, errors, &offer);
            return html(page.render()).map(drafts::unfinished);
        }
        errors.add("day3", words.get("appointments-error-days-full"));
        return unprocessable(form_page(&app, frame, &client, form, errors, &offer).render());
    }
    let (_, kinds) = app.db.read(&client.scope, asked_for).await?;
    let kind: Option<VisitKind> = form.kind.parse().ok().filter(|kind| kinds.contains(kind));
    if kind.is_none() {
        errors.add("kind", words.get("appointments-error-choose"));
    }
    let place: Option<PlaceWish> = form.place.parse().ok();
    if place.is_none() {
        errors.add("place", words.get("appointments-error-choose"));
    }
    let today = client.practice.today(app.now());
    let pairs: [(&str, &str); MOST_WISHES] =
        [(&form.day1, &form.part1), (&form.day2, &form.part2), (&form.day3, &form.part3)];
    let wishes = read_wishes(&pairs, today).unwrap_or_else(|wrong| {
        for (at, error) in wrong {
            errors.add(&format!("day{}", at + 1), wish_words(words, error));
        }
        Vec::new()
    });
    let note = text::lines(&form.note, LONGEST_NOTE).unwrap_or_else(|wrong| {
        errors.add("note", note_error(words, wrong));
        String::new()
    });
    let (Some(kind), Some(place), true) = (kind, place, errors.is_empty()) else {
        let (frame, offer) = (client.frame(&app, MINE), load_offer(&app, &client).await?);
        return unprocessable(form_page(&app, frame, &client, form, errors, &offer).render());
    };
    let new = NewRequest {
        chart: client.chart_id.clone(),
        account: client.account_id.clone(),
        kind,
        of_type: None,
        place,
        wishes,
        times: Vec::new(),
        note,
    };
    let (by, access) = (client.by(), client.access_id);
    let filed = app
        .db
        .write(&client.scope, move |c| {
            // What ended the access since the request was let in counts.
            if level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(PageError::NotFound));
            }
            let asked: Result<RequestId, NotAsked> = made_once(c, &token, |c| ask(c, &by, &new))?;
            Ok(Ok(asked.is_ok()))
        })
        .await??;
    if !filed {
        let mut errors = FieldErrors::new();
        errors.add("kind", words.get("appointments-error-too-many"));
        let (frame, offer) = (client.frame(&app, MINE), load_offer(&app, &client).await?);
        return unprocessable(form_page(&app, frame, &client, form, errors, &offer).render());
    }
    app.live.chart_changed(client.scope.id(), &client.chart_id);
    Ok(see_other("/portal/appointments?done=request-sent"))
}
