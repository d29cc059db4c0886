//! The page on which a client picks from the open times: for a new request, and for an answer to an offer.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::civil::Date;

use crate::features::accounts::{ClientSession, level_now, unprocessable};
use crate::features::appointments::actions::{self, Counter, NewRequest, NotAnswered, NotAsked, ask};
use crate::features::appointments::client_parts::{
    LONGEST_NOTE, MINE, asked_for, asker_of, note_error, request_address,
};
use crate::features::appointments::kinds::PlaceWish;
use crate::features::appointments::labels::{at_place, type_label, when};
use crate::features::appointments::picked::{MOST_PICKED, Picked};
use crate::features::appointments::request_lifecycle::Phase;
use crate::features::appointments::request_store::find_request;
use crate::features::calendar::openings::Opening;
use crate::features::calendar::{self, AppointmentType, Holds, Search, VisitKind, WhoMayAsk, clinicians};
use crate::features::practice::{Place, PlaceKind, places};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, RequestId, StaffId};
use crate::kernel::text;
use crate::kernel::wall_clock::{first_moment, read_date};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Days with openings that the page shows at once.
const DAYS_SHOWN: usize = 5;
/// Openings that are read for them.
const MOST_READ: usize = 600;
/// Hours that it looks ahead for them: four weeks.
const OPEN_HOURS: i64 = 4 * 7 * 24;
/// Types whose openings are looked for until one has some.
const TYPES_TRIED: usize = 5;
/// Open times that are named where picked ones have gone.
const NEXT_SHOWN: usize = 3;

/// What is typed and picked.
#[derive(serde::Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TimesForm {
    chart: String,
    mark: String,
    #[serde(rename = "type")]
    of_type: String,
    with: String,
    place: String,
    time: Vec<String>,
    note: String,
    /// The first day that is shown.
    from: String,
    /// Not empty where the button was pressed that only shows other times.
    look: String,
    /// The day from which on the pressed button shows times.
    more: String,
}

/// What an address fills in: a type, a time that was named as an alternative, the note of an earlier request.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    pub of_type: String,
    pub time: String,
    pub note: String,
}

impl TimesForm {
    pub fn filled(filled: Filled) -> Self {
        let time = Some(filled.time).filter(|time| !time.is_empty()).into_iter().collect();
        Self { of_type: filled.of_type, time, note: filled.note, ..Self::default() }
    }

    fn picked(&self) -> Vec<Picked> {
        let mut picked: Vec<Picked> = Vec::new();
        for one in self.time.iter().filter_map(|text| text.parse().ok()) {
            if !picked.contains(&one) {
                picked.push(one);
            }
        }
        picked
    }
}

/// What the practice publishes of one type, from a day on.
pub(super) struct Published {
    types: Vec<AppointmentType>,
    of: AppointmentType,
    people: Vec<(StaffId, String)>,
    /// Those of them who have hours.
    available: BTreeSet<StaffId>,
    places: Vec<Place>,
    /// What can be picked.
    open: Vec<Opening>,
    /// What is open and kept for somebody else.
    held: BTreeSet<Opening>,
    /// The next that can be picked, whatever day is shown.
    next: Vec<Opening>,
}

/// Reads what is published; `None` where the practice publishes no openings that clients may ask for.
pub(super) fn published(
    c: &mut Scoped<'_>,
    client: &ClientSession,
    form: &TimesForm,
) -> Result<Option<Published>, Fault> {
    let (mut types, _) = asked_for(c)?;
    types.retain(|of| of.who_may_ask == WhoMayAsk::Clients);
    let now = c.now();
    let first_day =
        read_date(&form.from).and_then(|day| first_moment(day.at(0, 0, 0, 0), &client.practice.zone()));
    let from = first_day.map_or(now, |day| day.max(now));
    let search = |of: &AppointmentType, holds| Search {
        visit: of.visit(),
        staff: form.with.parse().ok(),
        place: None,
        place_kind: form.place.parse().ok(),
        chart: Some(client.chart_id),
        holds,
        moving: None,
        from: now,
        until: now.plus_hours(24 * calendar::MOST_DAYS),
    };
    let wanted = types.iter().position(|of| of.type_id.to_string() == form.of_type);
    let tried: Vec<usize> = match wanted {
        Some(at) => vec![at],
        None => (0..types.len().min(TYPES_TRIED)).collect(),
    };
    for at in tried {
        let of = types[at].clone();
        let soon = Search {
            staff: None,
            place_kind: None,
            until: now.plus_hours(OPEN_HOURS),
            ..search(&of, Holds::Ignored)
        };
        if wanted.is_none() && calendar::find_openings(c, &soon)?.count() == 0 {
            continue;
        }
        let next = calendar::find_openings(c, &search(&of, Holds::Respected))?.first(MOST_READ);
        let here = |holds| Search { from, ..search(&of, holds) };
        let open = match from == now {
            true => next.clone(),
            false => calendar::find_openings(c, &here(Holds::Respected))?.first(MOST_READ),
        };
        let known: BTreeSet<Opening> = open.iter().copied().collect();
        let all = calendar::find_openings(c, &here(Holds::Ignored))?.first(MOST_READ);
        let held = all.into_iter().filter(|opening| !known.contains(opening)).collect();
        let (people, places) = (clinicians(c)?, places(c)?);
        let available = calendar::with_hours(c, client.practice.today(now))?;
        return Ok(Some(Published { types, of, people, available, places, open, held, next }));
    }
    Ok(None)
}

impl Published {
    fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.iter().find(|place| place.place_id == id)
    }

    fn name(&self, id: Option<StaffId>) -> Option<&str> {
        let found = self.people.iter().find(|(known, _)| Some(*known) == id);
        found.map(|(_, name)| name.as_str())
    }

    /// "Tuesday, December 1, 2026, 3:14 PM EST, at Main Street, with Casey Moreno".
    fn label(&self, client: &ClientSession, picked: &Picked) -> Option<String> {
        let (words, place) = (client.words, self.place(picked.place)?);
        let when = when(words, &client.zone, picked.starts_at, place);
        let at = words.with2("appointments-time-at", "time", when, "place", at_place(words, place));
        Some(match self.name(picked.staff) {
            Some(name) => words.with2("appointments-time-with", "time", at, "name", name),
            None => at,
        })
    }
}

struct TimeBox {
    value: String,
    label: String,
    is_picked: bool,
    is_held: bool,
}

struct DayBox {
    legend: String,
    times: Vec<TimeBox>,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/times.html")]
struct TimesPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    action: String,
    back: String,
    title: String,
    lead: String,
    send: String,
    chart: String,
    mark: String,
    of_type: String,
    types: Vec<(String, String)>,
    with: String,
    people: Vec<(String, String)>,
    place: String,
    places: Vec<(String, String)>,
    picked: Vec<TimeBox>,
    next: Vec<TimeBox>,
    days: Vec<DayBox>,
    from: String,
    /// The day from which on there is more; none for no more.
    later: Option<String>,
    is_later: bool,
    note: String,
    note_label: String,
    /// Where days can be named instead; none for an answer to an offer.
    wishes: Option<&'static str>,
}

/// What the page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new request.
    Ask,
    /// An answer to the offer of this one.
    Counter(RequestId),
}

/// In which zone a time at this place is read first: where the client comes, its own; otherwise the reader's.
fn zone_at<'a>(client: &'a ClientSession, place: &'a Place) -> &'a jiff::tz::TimeZone {
    if place.kind == PlaceKind::Office { place.time_zone.rules() } else { &client.zone }
}

/// The open times as a page shows them: of one moment and place with anybody one, unless a clinician is chosen.
fn day_boxes(
    client: &ClientSession,
    published: &Published,
    with: Option<StaffId>,
    shown: &[Picked],
) -> (Vec<DayBox>, Option<Date>) {
    let words = client.words;
    let picked =
        |opening: &Opening| Picked { starts_at: opening.starts_at, place: opening.place, staff: with };
    let free: BTreeSet<(Timestamp, PlaceId)> =
        published.open.iter().map(|opening| (opening.starts_at, opening.place)).collect();
    type Times = BTreeMap<(Timestamp, PlaceId), TimeBox>;
    let mut days: BTreeMap<Date, (String, Times)> = BTreeMap::new();
    for opening in published.open.iter().chain(&published.held) {
        let (Some(place), one) = (published.place(opening.place), picked(opening)) else { continue };
        if shown.contains(&one) {
            continue;
        }
        let zone = zone_at(client, place);
        let label = words.with2(
            "appointments-time-at",
            "time",
            words.time_zone(opening.starts_at, zone),
            "place",
            at_place(words, place),
        );
        let key = (opening.starts_at, opening.place);
        let is_held = !free.contains(&key);
        let day = days
            .entry(opening.starts_at.in_zone(zone).date())
            .or_insert_with(|| (words.date(opening.starts_at, zone), Times::new()));
        day.1.entry(key).or_insert(TimeBox { value: one.to_string(), label, is_picked: false, is_held });
    }
    let later = days.keys().nth(DAYS_SHOWN).copied();
    let boxes = days
        .into_iter()
        .take(DAYS_SHOWN)
        .map(|(_, (legend, times))| DayBox { legend, times: times.into_values().collect() })
        .collect();
    (boxes, later)
}

fn show(
    frame: ClientFrame,
    client: &ClientSession,
    form: TimesForm,
    errors: FieldErrors,
    (purpose, mark): (Purpose, String),
    published: Option<&Published>,
    gone: &[Picked],
) -> TimesPage {
    let words = client.words;
    let kept: Vec<Picked> = form.picked().into_iter().filter(|one| !gone.contains(one)).collect();
    let with: Option<StaffId> = form.with.parse().ok();
    let time_box = |one: &Picked, is_picked| {
        let label = published?.label(client, one)?;
        Some(TimeBox { value: one.to_string(), label, is_picked, is_held: false })
    };
    let mut next: Vec<Picked> = Vec::new();
    if let (Some(published), false) = (published, gone.is_empty()) {
        for opening in &published.next {
            let one = Picked { starts_at: opening.starts_at, place: opening.place, staff: with };
            if next.len() < NEXT_SHOWN && !next.contains(&one) && !kept.contains(&one) {
                next.push(one);
            }
        }
    }
    let shown: Vec<Picked> = kept.iter().chain(&next).copied().collect();
    let (days, later) = match published {
        Some(published) => day_boxes(client, published, with, &shown),
        None => (Vec::new(), None),
    };
    let anybody = (String::new(), words.get("appointments-with-anybody"));
    let anywhere = (String::new(), words.get("appointments-where-any"));
    let (types, people, kinds) = match published {
        Some(published) => (
            published.types.iter().map(|of| (of.type_id.to_string(), type_label(words, of))).collect(),
            published
                .people
                .iter()
                .filter(|(id, _)| published.available.contains(id) || with == Some(*id))
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect(),
            PlaceKind::ALL
                .iter()
                .filter(|kind| {
                    published.places.iter().any(|place| place.kind == **kind && place.closed_at.is_none())
                })
                .map(|kind| (kind.to_string(), words.get(&format!("appointments-choose-place-{kind}"))))
                .collect(),
        ),
        None => (Vec::new(), Vec::new(), Vec::new()),
    };
    let (action, back, key) = match purpose {
        Purpose::Ask => ("/portal/appointments/request/times".to_owned(), MINE.0.to_owned(), "ask"),
        Purpose::Counter(id) => (format!("{}/times", request_address(id)), request_address(id), "counter"),
    };
    let text = |part: &str| words.get(&format!("appointments-times-{key}-{part}"));
    TimesPage {
        errors,
        for_client: client.for_client.clone(),
        action,
        back,
        title: text("title"),
        lead: text("text"),
        send: text("send"),
        chart: client.chart_id.to_string(),
        mark,
        of_type: published.map(|of| of.of.type_id.to_string()).unwrap_or_default(),
        types,
        with: form.with,
        people: std::iter::once(anybody).chain(people).collect(),
        place: form.place,
        places: std::iter::once(anywhere).chain(kinds).collect(),
        picked: kept.iter().filter_map(|one| time_box(one, true)).collect(),
        next: next.iter().filter_map(|one| time_box(one, false)).collect(),
        days,
        is_later: !form.from.is_empty(),
        from: form.from,
        later: later.map(|day| day.to_string()),
        note: form.note,
        note_label: text("note"),
        wishes: (purpose == Purpose::Ask).then_some("/portal/appointments/request?wishes=days"),
        frame,
    }
}

/// The page as it opens; `None` where the practice publishes nothing that can be asked for.
pub(super) async fn opened(
    app: &AppState,
    client: &ClientSession,
    form: TimesForm,
) -> Result<Option<PageResult>, PageError> {
    let (inside, typed) = (client.clone(), form.clone());
    let found = app.db.read(&client.scope, move |c| published(c, &inside, &typed)).await?;
    let Some(published) = found else { return Ok(None) };
    let named = form.picked();
    // An alternative of an earlier answer, or a time of an old page, may have gone meanwhile.
    let is_open = |one: &Picked| {
        published.next.iter().any(|opening| {
            (opening.starts_at, opening.place) == (one.starts_at, one.place)
                && one.staff.is_none_or(|staff| staff == opening.staff)
        })
    };
    let gone: Vec<Picked> = named.into_iter().filter(|one| !is_open(one)).collect();
    let mut errors = FieldErrors::new();
    if !gone.is_empty() {
        errors.add("time", gone_words(client, &published, &gone));
    }
    let mark = FormToken::fresh(app.rng.as_ref());
    let frame = client.frame(app, MINE);
    let page = show(frame, client, form, errors, (Purpose::Ask, mark), Some(&published), &gone);
    Ok(Some(html(page.render())))
}

fn gone_words(client: &ClientSession, published: &Published, gone: &[Picked]) -> String {
    let names: Vec<String> = gone.iter().filter_map(|one| published.label(client, one)).collect();
    client.words.with1("appointments-error-gone", "times", names.join("; "))
}

/// What a form that sends is about to do.
struct Sent {
    form: TimesForm,
    purpose: Purpose,
    errors: FieldErrors,
    gone: Vec<Picked>,
}

/// Shows the form again: with what is wrong, or because only other times were to be shown.
async fn again(app: &AppState, client: &ClientSession, sent: Sent) -> PageResult {
    let (inside, typed) = (client.clone(), sent.form.clone());
    let found = app.db.read(&client.scope, move |c| published(c, &inside, &typed)).await?;
    let mut errors = sent.errors;
    if let (Some(published), false) = (&found, sent.gone.is_empty()) {
        errors.add("time", gone_words(client, published, &sent.gone));
    }
    let is_refused = !errors.is_empty();
    let of = (sent.purpose, sent.form.mark.clone());
    let frame = client.frame(app, MINE);
    let page = show(frame, client, sent.form, errors, of, found.as_ref(), &sent.gone);
    if is_refused { unprocessable(page.render()) } else { html(page.render()).map(drafts::unfinished) }
}

/// Reads a form; the answer where nothing is sent yet.
fn read(client: &ClientSession, body: &Bytes) -> Result<(TimesForm, FieldErrors, String), PageError> {
    let mut form: TimesForm = client.form(body)?;
    // In another tab the view may have turned to another chart: nothing is filed there by mistake.
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    // Other choices have other days: they are shown from the first one on.
    if !form.look.is_empty() {
        form.from = String::new();
    }
    if !form.more.is_empty() {
        form.from = read_date(&form.more).map(|day| day.to_string()).unwrap_or_default();
    }
    let mut errors = FieldErrors::new();
    let note = text::lines(&form.note, LONGEST_NOTE).unwrap_or_else(|wrong| {
        errors.add("note", note_error(client.words, wrong));
        String::new()
    });
    Ok((form, errors, note))
}

fn is_only_shown(form: &TimesForm) -> bool {
    !(form.look.is_empty() && form.more.is_empty())
}

/// Too many times are picked, or none.
fn how_many(words: Words, form: &TimesForm, errors: &mut FieldErrors) {
    match form.picked().len() {
        0 => errors.add("time", words.get("appointments-error-no-time")),
        n if n > MOST_PICKED => errors.add("time", words.get("appointments-error-three-times")),
        _ => {}
    }
}

/// Asks for the picked times. The same form twice makes one request.
pub(super) async fn ask_times(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let (form, mut errors, note) = read(&client, &body)?;
    let who = format!("{}/{}", client.account_id, client.chart_id);
    let token = FormToken::read("appointment-request", &who, &form.mark, &body)?;
    if is_only_shown(&form) {
        let sent = Sent { form, purpose: Purpose::Ask, errors: FieldErrors::new(), gone: Vec::new() };
        return again(&app, &client, sent).await;
    }
    how_many(client.words, &form, &mut errors);
    let of_type = form.of_type.parse().ok();
    if of_type.is_none() {
        errors.add("type", client.words.get("appointments-error-choose"));
    }
    if !errors.is_empty() {
        return again(&app, &client, Sent { form, purpose: Purpose::Ask, errors, gone: Vec::new() }).await;
    }
    let new = NewRequest {
        chart: client.chart_id,
        account: client.account_id,
        kind: VisitKind::Session,
        of_type,
        place: match form.place.parse() {
            Ok(PlaceKind::Office) => PlaceWish::Office,
            Ok(PlaceKind::Video | PlaceKind::Phone) => PlaceWish::Video,
            Err(_) => PlaceWish::Either,
        },
        wishes: Vec::new(),
        times: form.picked(),
        note,
    };
    let (by, access) = (client.by(), client.access_id);
    let asked = app
        .db
        .write(&client.scope, move |c| {
            // What ended the access since the request was let in counts.
            if level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(PageError::NotFound));
            }
            Ok(Ok(made_once(c, &token, |c| ask(c, &by, &new))?))
        })
        .await??;
    let why = match asked {
        Ok(_) => {
            app.live.chart_changed(client.scope.id(), &client.chart_id);
            return Ok(see_other("/portal/appointments?done=request-sent"));
        }
        Err(why) => why,
    };
    refused(&app, &client, form, Purpose::Ask, why).await
}

async fn refused(
    app: &AppState,
    client: &ClientSession,
    form: TimesForm,
    purpose: Purpose,
    why: NotAsked,
) -> PageResult {
    let mut errors = FieldErrors::new();
    let mut gone = Vec::new();
    match why {
        NotAsked::TooMany => errors.add("time", client.words.get("appointments-error-too-many")),
        NotAsked::NoType => errors.add("type", client.words.get("appointments-error-choose")),
        NotAsked::Gone(times) => gone = times,
    }
    again(app, client, Sent { form, purpose, errors, gone }).await
}

/// The offer that is answered, if it is one and still open, with the type of its request.
async fn offered(
    app: &AppState,
    client: &ClientSession,
    id: &str,
) -> Result<(RequestId, String, bool), PageError> {
    let id: RequestId = id.parse().map_err(|_| PageError::NotFound)?;
    let found = app.db.read(&client.scope, move |c| find_request(c, &id)).await?;
    let asker = asker_of(client);
    let found = found
        .filter(|request| request.chart_id == client.chart_id)
        .filter(|request| asker.only.is_none_or(|only| only == request.account_id))
        .ok_or(PageError::NotFound)?;
    let is_open = found.standing().phase(app.now()) == Phase::Offered;
    Ok((id, found.type_id.map(|id| id.to_string()).unwrap_or_default(), is_open))
}

/// The page that asks for other times than those that are offered.
pub(super) async fn counter_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let (id, of_type, is_open) = offered(&app, &client, &id).await?;
    if !is_open {
        return Ok(see_other(&request_address(id)));
    }
    let mark = FormToken::fresh(app.rng.as_ref());
    let form = TimesForm { of_type, mark, ..TimesForm::default() };
    let sent = Sent { form, purpose: Purpose::Counter(id), errors: FieldErrors::new(), gone: Vec::new() };
    let (inside, typed) = (client.clone(), sent.form.clone());
    let found = app.db.read(&client.scope, move |c| published(c, &inside, &typed)).await?;
    let of = (sent.purpose, sent.form.mark.clone());
    let frame = client.frame(&app, MINE);
    html(show(frame, &client, sent.form, sent.errors, of, found.as_ref(), &[]).render())
}

/// Asks for other times.
pub(super) async fn counter(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let (id, _, _) = offered(&app, &client, &id).await?;
    let (form, mut errors, note) = read(&client, &body)?;
    let purpose = Purpose::Counter(id);
    if is_only_shown(&form) {
        let sent = Sent { form, purpose, errors: FieldErrors::new(), gone: Vec::new() };
        return again(&app, &client, sent).await;
    }
    // Words alone answer too: no open time may suit.
    if note.is_empty() || !form.picked().is_empty() {
        how_many(client.words, &form, &mut errors);
    }
    if !errors.is_empty() {
        return again(&app, &client, Sent { form, purpose, errors, gone: Vec::new() }).await;
    }
    let times = form.picked();
    let of_type = if times.is_empty() { None } else { form.of_type.parse().ok() };
    let answer = Counter { of_type, times, message: note };
    match actions::counter(&app, &client.scope, asker_of(&client), id, answer).await? {
        Ok(()) => Ok(see_other(&format!("{}?done=request-countered", request_address(id)))),
        Err(NotAnswered::NotAsked(why)) => refused(&app, &client, form, purpose, why).await,
        Err(NotAnswered::NotFound) => Err(PageError::NotFound),
        // A double click, or somebody was faster: the page says how it stands.
        Err(_) => Ok(see_other(&request_address(id))),
    }
}
