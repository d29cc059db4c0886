//! A client's appointments, and asking for one.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::civil::Date;

use crate::features::access::permission::Basis;
use crate::features::accounts::{ClientSession, ClientTicket, level_now, unprocessable};
use crate::features::appointments::actions::{self, NewRequest, NotAnswered};
use crate::features::appointments::kinds::{PlaceWish, RequestState};
use crate::features::appointments::labels::{AppointmentLabels, is_coming_up, state_of, tag_of};
use crate::features::appointments::lifecycle::PartyState;
use crate::features::appointments::request_store::{Request, requests_of};
use crate::features::appointments::store::{Appointment, Party, list_of};
use crate::features::appointments::times::{DAYS_AHEAD, DayPart, MOST_WISHES, WishError, read_wishes};
use crate::features::calendar::{self, AppointmentType, Search, VisitKind, WhoMayAsk};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::RequestId;
use crate::kernel::text;
use crate::kernel::wall_clock::read_date;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::drafts;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::{FieldErrors, Nothing};
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/appointments");

/// Requests of one chart that may wait at once.
const MOST_WAITING: usize = 5;
/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;
/// Past appointments that the page names.
const PAST_SHOWN: usize = 20;

struct Line {
    href: String,
    when: String,
    what: String,
    /// Tag and word of one that is off.
    off: Option<(&'static str, String)>,
}

struct RequestLine {
    id: String,
    title: String,
    asked: String,
    wishes: Vec<String>,
    note: String,
    tag: &'static str,
    state: String,
    answer: String,
    may_take_back: bool,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/client.html")]
struct Page {
    frame: ClientFrame,
    may_ask: bool,
    upcoming: Vec<Line>,
    past: Vec<Line>,
    requests: Vec<RequestLine>,
}

fn line(client: &ClientSession, (appointment, party): &(Appointment, Party), now: Timestamp) -> Line {
    let labels = AppointmentLabels::of(client.words, &client.zone, appointment);
    let (tag, state) = state_of(client.words, appointment, party.state, now);
    Line {
        href: format!("/portal/appointments/{}", appointment.appointment_id),
        when: labels.when,
        what: labels.what,
        off: (party.state != PartyState::Expected).then_some((tag, state)),
    }
}

/// Is the chart in view the reader's own?
fn is_own_chart(client: &ClientSession) -> bool {
    client.facts.grant.basis == Basis::Client
}

/// A request as this reader sees it: what somebody else wrote with it is for the practice alone.
fn request_line(client: &ClientSession, request: &Request, booked: &[(Appointment, Party)]) -> RequestLine {
    let words = client.words;
    let place = request.place.label(words);
    let is_mine = request.account_id == client.account_id;
    let made = booked.iter().find(|(a, _)| a.request_id == Some(request.request_id));
    let state = match (request.state, made) {
        (RequestState::Confirmed, Some((appointment, party))) if party.state == PartyState::Expected => words
            .with1(
                "appointments-state-confirmed-for",
                "when",
                AppointmentLabels::of(words, &client.zone, appointment).when,
            ),
        (state, _) => words.get(&format!("appointments-state-{state}")),
    };
    RequestLine {
        id: request.request_id.to_string(),
        title: words.with2("appointments-request-line", "kind", request.kind.label(words), "place", place),
        asked: words.with1("appointments-asked", "date", words.date(request.created_at, &client.zone)),
        wishes: request.wishes().iter().map(|wish| wish.label(words)).collect(),
        note: if is_mine { request.note.clone() } else { String::new() },
        tag: tag_of(request.state),
        state,
        answer: if is_mine { request.answer.clone() } else { String::new() },
        may_take_back: request.state == RequestState::Waiting && (is_mine || is_own_chart(client)),
    }
}

/// My appointments and requests.
pub(super) async fn list(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, (booked, requests)) = ticket
        .open(&app, |c, client| Ok((list_of(c, &client.chart_id)?, requests_of(c, &client.chart_id)?)))
        .await?;
    let now = app.now();
    let is_ahead = |of: &&(Appointment, Party)| is_coming_up(of, now);
    let page = Page {
        may_ask: client.may_act(Right::Appointments),
        // They come the latest first; what lies ahead reads better the next first.
        upcoming: booked.iter().rev().filter(is_ahead).map(|a| line(&client, a, now)).collect(),
        past: booked
            .iter()
            .filter(|a| !is_ahead(a))
            .take(PAST_SHOWN)
            .map(|a| line(&client, a, now))
            .collect(),
        requests: requests.iter().map(|r| request_line(&client, r, &booked)).collect(),
        frame: client.frame(&app, MINE),
    };
    html(page.render())
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

/// May clients ask for this kind? Not where the practice has types of it and staff alone book them; a client can always
/// ask for something else.
fn may_be_asked_for(kind: VisitKind, types: &[AppointmentType]) -> bool {
    let mut of_kind = types.iter().filter(|of| of.kind == kind).peekable();
    kind == VisitKind::Other
        || of_kind.peek().is_none()
        || of_kind.any(|of| of.who_may_ask == WhoMayAsk::Clients)
}

/// The types that are offered, and the kinds that clients may ask for.
fn asked_for(c: &mut Scoped<'_>) -> Result<(Vec<AppointmentType>, Vec<VisitKind>), Fault> {
    let mut types = calendar::types(c)?;
    types.retain(|of| of.closed_at.is_none());
    let kinds = VisitKind::ALL.iter().copied().filter(|kind| may_be_asked_for(*kind, &types)).collect();
    Ok((types, kinds))
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

/// The form.
pub(super) async fn request_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    let frame = client.frame(&app, MINE);
    let offer = load_offer(&app, &client).await?;
    html(form_page(&app, frame, &client, RequestForm::default(), FieldErrors::new(), &offer).render())
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
        let key = match wrong {
            text::TextError::TooLong(_) => "appointments-error-note-long",
            text::TextError::Unprintable => "appointments-error-note-strange",
        };
        errors.add("note", words.get(key));
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
        place,
        wishes,
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
            let asked = made_once(c, &token, |c| {
                let before = requests_of(c, &new.chart)?;
                let waits = before.iter().filter(|r| r.state == RequestState::Waiting).count();
                if waits >= MOST_WAITING {
                    return Ok(Err(()));
                }
                Ok(Ok(actions::ask(c, &by, &new)?))
            })?;
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

/// Takes a waiting request back.
pub(super) async fn take_back(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = client.form(&body)?;
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let only = (!is_own_chart(&client)).then_some(client.account_id);
    let at = (client.access_id, client.chart_id);
    match actions::take_back(&app, &client.scope, client.by(), at, only, id).await? {
        Ok(()) => Ok(see_other("/portal/appointments?done=request-taken-back")),
        Err(NotAnswered::NoLongerWaiting(request)) => match request.state {
            // A double click: it is as they wanted it.
            RequestState::Withdrawn => Ok(see_other("/portal/appointments?done=request-taken-back")),
            _ => Ok(see_other("/portal/appointments?done=request-answered-meanwhile")),
        },
        Err(NotAnswered::NotFound | NotAnswered::NotBooked(_)) => Err(PageError::NotFound),
    }
}
