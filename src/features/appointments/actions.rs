//! What can be done with a request: ask, offer, accept, ask for other times, confirm, decline, take back. One transaction
//! each: hold the request, load, decide, keep or drop times, save, audit, mail. The request is held before the people
//! whose time it asks for.

use jiff::civil::Date;

use crate::features::accounts;
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::booking::{Booking, Doubt, NotBooked, book_in, changed, check};
use crate::features::appointments::kinds::{PlaceWish, RequestState, StepAct};
use crate::features::appointments::mails;
use crate::features::appointments::picked::{Picked, choose};
use crate::features::appointments::request_clock;
use crate::features::appointments::request_lifecycle::{Decision, Event, Kept, Refusal, Told, decide};
use crate::features::appointments::request_store::{
    self as store, Change, NewRow, Request, find_request, open_of,
};
use crate::features::appointments::slot::Slot;
use crate::features::appointments::talk_store::{NewStep, insert_step, insert_times, talk_of};
use crate::features::appointments::times::{Wish, write_wishes};
use crate::features::calendar::{
    self, Hold, ReplyHours, Resource, Seats, VisitKind, WhoMayAsk, drop_holds, held_by_others, place_holds,
    rivals,
};
use crate::features::practice::{self, PlaceKind, Practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, AppointmentId, AppointmentTypeId, ChartId, RequestId};
use crate::kernel::wall_clock::first_moment;
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};

/// Requests of one chart that may be open at once.
pub const MOST_OPEN: usize = 5;

/// A request as a client makes it.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// On this chart.
    pub chart: ChartId,
    /// By this account.
    pub account: AccountId,
    /// What kind of visit.
    pub kind: VisitKind,
    /// The type whose openings were picked from.
    pub of_type: Option<AppointmentTypeId>,
    /// Where they would like to meet.
    pub place: PlaceWish,
    /// When they would like to come, in days and parts of days …
    pub wishes: Vec<Wish>,
    /// … or in open times.
    pub times: Vec<Picked>,
    /// What they wrote.
    pub note: String,
}

/// Why a request was not made, or other times were not asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// As many are open as one chart may have.
    #[error("too many requests are open")]
    TooMany,
    /// Clients cannot ask for this type.
    #[error("clients cannot ask for this type")]
    NoType,
    /// These times are open no more.
    #[error("some times are open no more")]
    Gone(Vec<Picked>),
}

/// Writes a request in the caller's transaction, and keeps its times.
pub fn ask(c: &mut Scoped<'_>, by: &By, new: &NewRequest) -> Result<Result<RequestId, NotAsked>, Fault> {
    if open_of(c, new.chart)?.len() >= MOST_OPEN {
        return Ok(Err(NotAsked::TooMany));
    }
    let of_type = granted!(askable(c, new.of_type)?);
    let slots = match &of_type {
        Some(of) => granted!(choose(c, new.chart, of.visit(), &new.times)?.map_err(NotAsked::Gone)),
        None => Vec::new(),
    };
    let practice = practice::load(c)?;
    let id = RequestId::fresh(c.rng(), c.now());
    let notice = of_type.as_ref().map_or(0, |of| of.notice_hours);
    let holds = holds_of(id, new.chart, &slots, |slot| asked_until(c, &practice, slot, notice));
    let row = NewRow {
        chart: new.chart,
        account: new.account,
        kind: of_type.as_ref().map_or(new.kind, |of| of.kind),
        of_type: new.of_type,
        place: place_of(c, &slots)?.unwrap_or(new.place),
        preferred: &write_wishes(&new.wishes),
        note: &new.note,
        answer_by: answer_by(c, &practice)?,
        hold_until: holds.iter().map(|hold| hold.until).max(),
        lapses_at: last_of(&slots).or_else(|| end_of_wishes(&practice, &new.wishes)),
    };
    store::insert_request(c, id, &row)?;
    insert_times(c, id, 1, &slots)?;
    place_holds(c, &holds)?;
    request_clock::plan(c, id)?;
    let mut event = audit::Event::new(by.clone(), AppointmentAction::Requested)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "request": id, "times": starts(&slots) }));
    event.new_state = RequestState::Waiting.word().into();
    audit::record(c, event)?;
    Ok(Ok(id))
}

/// The type, if clients can ask for it; none where nothing of a type was picked.
fn askable(
    c: &mut Scoped<'_>,
    id: Option<AppointmentTypeId>,
) -> Result<Result<Option<calendar::AppointmentType>, NotAsked>, Fault> {
    let Some(id) = id else { return Ok(Ok(None)) };
    let found = calendar::find_type(c, id)?
        .filter(|of| of.closed_at.is_none() && of.who_may_ask == WhoMayAsk::Clients);
    Ok(found.map(Some).ok_or(NotAsked::NoType))
}

/// Where the picked times are, whatever was shown while they were picked; none where no times were.
fn place_of(c: &mut Scoped<'_>, slots: &[Slot]) -> Result<Option<PlaceWish>, Fault> {
    if slots.is_empty() {
        return Ok(None);
    }
    let places = practice::places(c)?;
    let is_office = |slot: &Slot| {
        places.iter().any(|place| place.place_id == slot.place && place.kind == PlaceKind::Office)
    };
    Ok(Some(match slots.iter().filter(|slot| is_office(slot)).count() {
        0 => PlaceWish::Video,
        n if n == slots.len() => PlaceWish::Office,
        _ => PlaceWish::Either,
    }))
}

fn starts(slots: &[Slot]) -> Vec<Timestamp> {
    slots.iter().map(|slot| slot.starts_at).collect()
}

fn last_of(slots: &[Slot]) -> Option<Timestamp> {
    slots.iter().map(|slot| slot.starts_at).max()
}

/// The end of the last wished day.
fn end_of_wishes(practice: &Practice, wishes: &[Wish]) -> Option<Timestamp> {
    let last: Date = wishes.iter().map(|wish| wish.date).max()?;
    first_moment(last.tomorrow().ok()?.at(0, 0, 0, 0), &practice.zone())
}

/// By when the practice answers what is asked now.
fn answer_by(c: &mut Scoped<'_>, practice: &Practice) -> Result<Timestamp, Fault> {
    let now = c.now();
    let hours = ReplyHours::of(practice, &calendar::closures(c, practice.today(now))?);
    Ok(hours.after(now, practice.policy().request_reply_days))
}

/// Until when a time that was asked for is kept: never past the moment up to which it can be asked for.
fn asked_until(c: &Scoped<'_>, practice: &Practice, slot: &Slot, notice_hours: i32) -> Timestamp {
    let kept = c.now().plus_hours(practice.policy().hold_hours);
    kept.min(slot.starts_at.plus_hours(-i64::from(notice_hours)))
}

fn holds_of(
    owner: RequestId,
    chart: ChartId,
    slots: &[Slot],
    until: impl Fn(&Slot) -> Timestamp,
) -> Vec<Hold> {
    let hold = |slot: &Slot| Hold {
        owner,
        chart,
        staff: slot.staff,
        starts_at: slot.starts_at,
        ends_at: slot.ends_at(),
        until: until(slot),
    };
    slots.iter().map(hold).collect()
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswered {
    /// No such request in this practice (or, for a client, on this chart).
    #[error("no such request")]
    NotFound,
    /// It is settled: how it stands now.
    #[error("this request no longer waits for an answer")]
    NoLongerWaiting(Box<Request>),
    /// It is open, and its life cycle says no.
    #[error(transparent)]
    Refused(Refusal),
    /// The appointment cannot be booked, or the time cannot be offered.
    #[error(transparent)]
    NotBooked(NotBooked),
    /// A step carries from one to three times.
    #[error("from one to three times")]
    HowMany,
    /// Other times cannot be asked for.
    #[error(transparent)]
    NotAsked(NotAsked),
}

/// The outcome of an answer, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotAnswered>, Fault>;

/// A request that this transaction holds, with what its life cycle says of an event.
fn held(c: &mut Scoped<'_>, id: RequestId, event: Event) -> Outcome<(Request, Decision)> {
    lock(c, Lock::Asked(id))?;
    let Some(found) = find_request(c, &id)? else { return Ok(Err(NotAnswered::NotFound)) };
    match decide(&found.standing(), event, c.now()) {
        Ok(decision) => Ok(Ok((found, decision))),
        Err(Refusal::Settled) => Ok(Err(NotAnswered::NoLongerWaiting(Box::new(found)))),
        Err(why) => Ok(Err(NotAnswered::Refused(why))),
    }
}

/// The request in the hands of a client.
#[derive(Clone, Debug)]
pub struct Asker {
    /// Who acts.
    pub by: By,
    /// By this grant …
    pub access: AccessId,
    /// … on this chart.
    pub chart: ChartId,
    /// The account that acts.
    pub account: AccountId,
    /// The account that must have asked, where the chart is not the reader's own.
    pub only: Option<AccountId>,
}

/// The same for a client: the grant is asked for once more, and a request of another chart is not found.
fn held_by_client(
    c: &mut Scoped<'_>,
    asker: &Asker,
    id: RequestId,
    event: Event,
) -> Outcome<(Request, Decision)> {
    // What ended the access since the request was let in counts.
    if accounts::level_now(c, &asker.access, Right::Appointments)? < Level::Act {
        return Ok(Err(NotAnswered::NotFound));
    }
    let is_theirs = |request: &Request| {
        request.chart_id == asker.chart && asker.only.is_none_or(|account| request.account_id == account)
    };
    match held(c, id, event)? {
        Ok((found, decision)) if is_theirs(&found) => Ok(Ok((found, decision))),
        Err(NotAnswered::NoLongerWaiting(found)) if is_theirs(&found) => {
            Ok(Err(NotAnswered::NoLongerWaiting(found)))
        }
        Err(NotAnswered::Refused(why)) => {
            let found = find_request(c, &id)?.filter(is_theirs);
            Ok(Err(found.map_or(NotAnswered::NotFound, |_| NotAnswered::Refused(why))))
        }
        _ => Ok(Err(NotAnswered::NotFound)),
    }
}

/// Acts on a decision: what the request keeps, its row, what happens to it later, the mail, and the audit trail.
fn apply(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    action: AppointmentAction,
    (found, decision): (&Request, Decision),
    change: &Change<'_>,
    holds: &[Hold],
) -> Result<(), Fault> {
    let id = found.request_id;
    drop_holds(c, id)?;
    if decision.kept == Kept::Replaced {
        place_holds(c, holds)?;
    }
    store::save(c, found, &Change { to: decision.to, ..change.clone() })?;
    request_clock::plan(c, id)?;
    if decision.told == Told::Asker {
        mails::tell_asker(app, c, found, &format!("{}.{}", decision.to, change.last_seq))?;
    }
    let mut event = audit::Event::new(by.clone(), action)
        .on_chart(&found.chart_id)
        .with(serde_json::json!({ "request": id }));
    event.old_state = found.state.word().into();
    event.new_state = decision.to.word().into();
    audit::record(c, event)
}

/// The end of a request.
fn ended<'a>(found: &Request, by_name: &'a str, answer: &'a str) -> Change<'a> {
    Change { hold_until: None, settled: Some((by_name, answer)), ..Change::of(found) }
}

/// The client takes a request of the chart in view back.
pub async fn take_back(
    app: &AppState,
    scope: &PracticeScope,
    asker: Asker,
    request: RequestId,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            let (found, decision) = granted!(held_by_client(c, &asker, request, Event::TakeBack)?);
            let (action, end) = (AppointmentAction::RequestWithdrawn, ended(&found, "", ""));
            apply(&this, c, &asker.by, action, (&found, decision), &end, &[])?;
            Ok(Ok(found.chart_id))
        })
        .await?;
    Ok(outcome.map(|chart| app.live.chart_changed(scope.id(), &chart)))
}

/// Ends the open requests of a chart, in the caller's transaction: the chart is closed.
pub fn end_of_chart(app: &App, c: &mut Scoped<'_>, by: &By, chart: ChartId) -> Result<(), Fault> {
    for open in open_of(c, chart)? {
        if let Ok((found, decision)) = held(c, open.request_id, Event::End)? {
            let name = by.actor.name();
            let action = AppointmentAction::RequestEnded;
            apply(app, c, by, action, (&found, decision), &ended(&found, &name, ""), &[])?;
        }
    }
    Ok(())
}

/// What staff decided about a request's appointment.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// When, where and with whom.
    pub slot: Slot,
    /// A kind word, may be empty.
    pub answer: String,
    /// The doubts that staff have seen and set aside.
    pub despite: Vec<Doubt>,
}

/// Confirms in the caller's transaction: one appointment, one mail, however often and by however many.
pub fn confirm_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    request: RequestId,
    with: &Confirmation,
) -> Outcome<(AppointmentId, ChartId)> {
    let (found, decision) = granted!(held(c, request, Event::Confirm)?);
    let appointment = granted!(booked(app, c, by, &found, with.slot, &with.despite)?);
    let name = by.actor.name();
    let end = ended(&found, &name, &with.answer);
    apply(app, c, by, AppointmentAction::Confirmed, (&found, decision), &end, &[])?;
    Ok(Ok((appointment, found.chart_id)))
}

fn booked(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    found: &Request,
    slot: Slot,
    despite: &[Doubt],
) -> Outcome<AppointmentId> {
    let of_type = match found.type_id {
        Some(id) => calendar::find_type(c, id)?,
        None => None,
    };
    let booking = Booking {
        chart: found.chart_id,
        with: Vec::new(),
        seats: of_type.map_or(Seats::ONE, |of| of.seats()),
        request: Some(found.request_id),
        kind: found.kind,
        slot,
        despite: despite.to_vec(),
    };
    Ok(book_in(app, c, by, &booking)?.map_err(NotAnswered::NotBooked))
}

/// Confirms.
pub async fn confirm(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    request: RequestId,
    with: Confirmation,
) -> Outcome<AppointmentId> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| confirm_in(&this, c, &by, request, &with)).await?;
    Ok(outcome.map(|(appointment, chart)| {
        changed(app, scope, &chart);
        appointment
    }))
}

/// Other times that staff offer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// From one to three.
    pub times: Vec<Slot>,
    /// Words to the client; may be empty.
    pub message: String,
}

/// What staff may name to a client: free, and kept for nobody else. Holds the people until the end of the transaction.
fn offerable(c: &mut Scoped<'_>, chart: ChartId, times: &[Slot]) -> Outcome<()> {
    let people = times.iter().map(|slot| Resource::staff(slot.staff));
    let all: Vec<Resource> = people.chain([Resource::chart(chart)]).collect();
    calendar::hold(c, &all)?;
    for slot in times {
        // An offer is looked at before it is made; what is unusual about a time is not asked about.
        granted!(check(c, *slot, Doubt::ALL, None)?.map_err(NotAnswered::NotBooked));
        let (from, until) = (slot.starts_at, slot.ends_at());
        let resources = [Resource::staff(slot.staff), Resource::chart(chart)];
        if !rivals(c, None, &resources, from, until)?.is_empty() {
            return Ok(Err(NotAnswered::NotBooked(NotBooked::Taken(Vec::new()))));
        }
        if !held_by_others(c, &[slot.staff], Some(chart), from, until)?.is_empty() {
            return Ok(Err(NotAnswered::NotBooked(NotBooked::Doubtful(vec![Doubt::Held.into()]))));
        }
    }
    Ok(Ok(()))
}

/// One time is one: the same one picked twice is not two.
fn distinct(times: &[Slot]) -> Vec<Slot> {
    let mut distinct: Vec<Slot> = Vec::new();
    for slot in times {
        let is_known = |known: &Slot| (known.starts_at, known.staff) == (slot.starts_at, slot.staff);
        if !distinct.iter().any(is_known) {
            distinct.push(*slot);
        }
    }
    distinct
}

/// Offers other times in the caller's transaction; they are kept until the offer ends.
pub fn offer_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    request: RequestId,
    offer: &Offer,
) -> Outcome<ChartId> {
    let times = distinct(&offer.times);
    if times.is_empty() || times.len() > super::picked::MOST_PICKED {
        return Ok(Err(NotAnswered::HowMany));
    }
    let (found, decision) = granted!(held(c, request, Event::Offer)?);
    granted!(offerable(c, found.chart_id, &times)?);
    let seq = found.last_seq + 1;
    let ends = c.now().plus_hours(practice::load(c)?.policy().offer_hours);
    let ends = last_of(&times).map_or(ends, |last| ends.min(last));
    let holds = holds_of(request, found.chart_id, &times, |slot| ends.min(slot.starts_at));
    let by_name = by.actor.name();
    let step =
        NewStep { seq, act: StepAct::Offer, account: None, by_name: &by_name, message: &offer.message };
    insert_step(c, request, &step)?;
    insert_times(c, request, seq, &times)?;
    let change = Change {
        answer_by: None,
        hold_until: Some(ends),
        lapses_at: Some(ends),
        times_seq: seq,
        last_seq: seq,
        ..Change::of(&found)
    };
    apply(app, c, by, AppointmentAction::Offered, (&found, decision), &change, &holds)?;
    Ok(Ok(found.chart_id))
}

/// Offers other times.
pub async fn offer(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    request: RequestId,
    offer: Offer,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| offer_in(&this, c, &by, request, &offer)).await?;
    Ok(outcome.map(|chart| changed(app, scope, &chart)))
}

/// The client takes one of the offered times, by its number.
pub async fn accept(
    app: &AppState,
    scope: &PracticeScope,
    asker: Asker,
    request: RequestId,
    position: i32,
) -> Outcome<AppointmentId> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            let (found, decision) = granted!(held_by_client(c, &asker, request, Event::Accept)?);
            let talk = talk_of(c, &[request])?;
            let Some(time) = talk.current(&found).find(|time| time.position == position) else {
                return Ok(Err(NotAnswered::NotFound));
            };
            if !time.is_open(c.now()) {
                return Ok(Err(NotAnswered::NotBooked(NotBooked::Taken(Vec::new()))));
            }
            // Staff have looked at the time when they offered it.
            let despite = [Doubt::Night, Doubt::Weekend];
            let appointment = granted!(booked(&this, c, &asker.by, &found, time.slot(), &despite)?);
            let (action, end) = (AppointmentAction::Accepted, ended(&found, "", ""));
            apply(&this, c, &asker.by, action, (&found, decision), &end, &[])?;
            Ok(Ok((appointment, found.chart_id)))
        })
        .await?;
    Ok(outcome.map(|(appointment, chart)| {
        changed(app, scope, &chart);
        appointment
    }))
}

/// What a client answers to an offer.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Other open times; none where words say it.
    pub times: Vec<Picked>,
    /// The type that they were picked from.
    pub of_type: Option<AppointmentTypeId>,
    /// Words to the practice.
    pub message: String,
}

/// The client asks for other times than those that are offered.
pub async fn counter(
    app: &AppState,
    scope: &PracticeScope,
    asker: Asker,
    request: RequestId,
    answer: Counter,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            let (found, decision) = granted!(held_by_client(c, &asker, request, Event::Counter)?);
            let of_type = granted!(askable(c, answer.of_type)?.map_err(NotAnswered::NotAsked));
            let picked = match &of_type {
                Some(of) => choose(c, found.chart_id, of.visit(), &answer.times)?,
                None => Ok(Vec::new()),
            };
            let slots = granted!(picked.map_err(|gone| NotAnswered::NotAsked(NotAsked::Gone(gone))));
            let practice = practice::load(c)?;
            let notice = of_type.as_ref().map_or(0, |of| of.notice_hours);
            let holds =
                holds_of(request, found.chart_id, &slots, |slot| asked_until(c, &practice, slot, notice));
            let seq = found.last_seq + 1;
            let step = NewStep {
                seq,
                act: StepAct::Counter,
                account: Some(asker.account),
                by_name: "",
                message: &answer.message,
            };
            insert_step(c, request, &step)?;
            insert_times(c, request, seq, &slots)?;
            let change = Change {
                answer_by: Some(answer_by(c, &practice)?),
                hold_until: holds.iter().map(|hold| hold.until).max(),
                // Words alone do not lapse: somebody reads them.
                lapses_at: last_of(&slots),
                times_seq: seq,
                last_seq: seq,
                ..Change::of(&found)
            };
            let action = AppointmentAction::Countered;
            apply(&this, c, &asker.by, action, (&found, decision), &change, &holds)?;
            Ok(Ok(found.chart_id))
        })
        .await?;
    Ok(outcome.map(|chart| app.live.chart_changed(scope.id(), &chart)))
}

/// Why staff say no, and what else there is.
#[derive(Clone, Debug)]
pub struct Decline {
    /// What the client reads after signing in.
    pub answer: String,
    /// Up to three times that the client could ask for. They are not kept.
    pub alternatives: Vec<Slot>,
}

/// Declines in the caller's transaction.
pub fn decline_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    request: RequestId,
    no: &Decline,
) -> Outcome<ChartId> {
    let alternatives = distinct(&no.alternatives);
    if alternatives.len() > super::picked::MOST_PICKED {
        return Ok(Err(NotAnswered::HowMany));
    }
    let (found, decision) = granted!(held(c, request, Event::Decline)?);
    let name = by.actor.name();
    let mut end = ended(&found, &name, &no.answer);
    if !alternatives.is_empty() {
        granted!(offerable(c, found.chart_id, &alternatives)?);
        let seq = found.last_seq + 1;
        insert_times(c, request, seq, &alternatives)?;
        (end.times_seq, end.last_seq) = (seq, seq);
    }
    apply(app, c, by, AppointmentAction::Declined, (&found, decision), &end, &[])?;
    Ok(Ok(found.chart_id))
}

/// Declines.
pub async fn decline(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    request: RequestId,
    no: Decline,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| decline_in(&this, c, &by, request, &no)).await?;
    Ok(outcome.map(|chart| changed(app, scope, &chart)))
}
