//! Booking, moving and canceling an appointment, for pages, the API and the confirmation of a request. Each is one
//! transaction: load, decide, take or give back the time, save, audit, mail.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::features::accounts;
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::kinds::CancelReason;
use crate::features::appointments::lifecycle::{
    AppointmentState, Decision, Event, Join, Notice, Others, PartyEnd, PartyState, Refusal, decide, may_join,
};
use crate::features::appointments::mails::{self, News};
use crate::features::appointments::reminders;
use crate::features::appointments::request_store;
pub use crate::features::appointments::slot::Slot;
use crate::features::appointments::store::{self, Appointment, NewAppointment, Party, standing};
use crate::features::appointments::talk_store;
use crate::features::calendar::{
    self, Claim, Hold, NotClaimed, OverHolds, Resource, ResourceKind, Seats, Taken, Unavailable, VisitKind,
    claim, claim_also, clinicians, release,
};
use crate::features::practice::{self, find_place};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AppointmentId, ChartId, RequestId, StaffId};
use crate::platform::audit::{self, Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, granted, is_duplicate};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::{App, AppState};
use crate::platform::web::form_token::{FormToken, made_once};
use crate::word_enum;

word_enum! {
    /// Why a time is asked about before it is booked.
    pub enum Doubt {
        /// Before seven in the morning, or after nine in the evening.
        Night = "night",
        /// A Saturday or a Sunday.
        Weekend = "weekend",
        /// The clinician has time off.
        TimeOff = "time_off",
        /// The practice, or the place, is closed.
        Closed = "closed",
        /// The clinician is absent, as they have said for messages.
        Away = "away",
        /// The clinician has weekly hours, and this is outside of those at the place.
        OutsideHours = "outside_hours",
        /// Kept for another client, who asked for it or to whom it was offered.
        Held = "held",
    }
}

/// A doubt, with the first and the last day that it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubted {
    /// What is doubtful.
    pub doubt: Doubt,
    /// Of time off, closed days and absences.
    pub days: Option<(Date, Date)>,
}

impl From<Doubt> for Doubted {
    fn from(doubt: Doubt) -> Self {
        Self { doubt, days: None }
    }
}

/// Beginnings and lengths are whole multiples of so many minutes.
pub const GRID_MINUTES: i32 = 5;
/// The longest appointment, in minutes.
pub const LONGEST_MINUTES: i32 = 12 * 60;

/// An appointment as staff or the API book it.
#[derive(Clone, Debug)]
pub struct Booking {
    /// On this chart.
    pub chart: ChartId,
    /// And on these, of clients who come with them.
    pub with: Vec<ChartId>,
    /// For how many there is a seat.
    pub seats: Seats,
    /// From this request, if from one.
    pub request: Option<RequestId>,
    /// What kind of visit.
    pub kind: VisitKind,
    /// When, where and with whom.
    pub slot: Slot,
    /// The doubts that were shown and set aside.
    pub despite: Vec<Doubt>,
}

/// Who has something else at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The clinician, or the client.
    pub who: ResourceKind,
    /// When what they have then begins.
    pub starts_at: Timestamp,
}

/// Why nothing was booked, moved or canceled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBooked {
    /// No such chart or appointment in this practice (or, for a client, on this chart).
    #[error("not found")]
    NotFound,
    /// The chart is closed.
    #[error("the chart is closed")]
    ChartClosed,
    /// For more clients than there are seats, or twice for one.
    #[error("it is for more clients than there are seats")]
    TooMany,
    /// No such place, or nothing more is booked there.
    #[error("nothing can be booked at this place")]
    NoPlace,
    /// Nobody who sees clients now.
    #[error("nobody with this id sees clients")]
    NoClinician,
    /// The beginning is not ahead.
    #[error("this time is over")]
    Past,
    /// So far ahead that the year must be a slip.
    #[error("this time is more than five years ahead")]
    TooFar,
    /// Not on the grid of five minutes, or too long.
    #[error("a time is a multiple of five minutes, and at most twelve hours long")]
    OffGrid,
    /// Somebody has something else then.
    #[error("the time is taken")]
    Taken(Vec<Clash>),
    /// The time is unusual; staff may book it all the same.
    #[error("the time is unusual")]
    Doubtful(Vec<Doubted>),
    /// The life cycle says no.
    #[error(transparent)]
    LifeCycle(#[from] Refusal),
    /// Somebody else changed it since it was read.
    #[error("it was changed meanwhile")]
    Stale,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotBooked>, Fault>;

/// The hours at which nobody is asked.
const DAY_HOURS: std::ops::RangeInclusive<i64> = 7 * 60..=21 * 60;

/// Nobody plans appointments beyond five years.
const MOST_DAYS_AHEAD: i64 = 5 * 366;

/// What is doubtful about a time, by the clocks of its place.
fn doubts_of(from: Timestamp, minutes: i32, zone: &TimeZone) -> Vec<Doubt> {
    let at = from.in_zone(zone);
    let begins = i64::from(at.hour()) * 60 + i64::from(at.minute());
    let ends = begins + i64::from(minutes);
    let mut doubts = Vec::new();
    if !DAY_HOURS.contains(&begins) || !DAY_HOURS.contains(&ends) {
        doubts.push(Doubt::Night);
    }
    if matches!(at.date().weekday(), Weekday::Saturday | Weekday::Sunday) {
        doubts.push(Doubt::Weekend);
    }
    doubts
}

fn clashes(taken: Vec<Taken>) -> NotBooked {
    let clash = |taken: Taken| Clash { who: taken.resource.kind(), starts_at: taken.starts_at };
    NotBooked::Taken(taken.into_iter().map(clash).collect())
}

/// Writes an appointment with its audit event, if the time is free. It asks nothing else of it: what is checked of
/// a new appointment, [`book_in`] checks.
pub fn record(
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewAppointment,
) -> Result<Result<AppointmentId, Vec<Taken>>, Fault> {
    match take(c, by, new, OverHolds::Dropped)? {
        Ok((id, _)) => Ok(Ok(id)),
        Err(NotClaimed::Taken(taken)) => Ok(Err(taken)),
        Err(NotClaimed::Held) => Err(Fault::other("a hold was in the way of what drops holds")),
    }
}

/// The same, with a rule for times that are kept for others; gives what was dropped.
pub(super) fn take(
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewAppointment,
    over: OverHolds,
) -> Result<Result<(AppointmentId, Vec<Hold>), NotClaimed>, Fault> {
    let id = AppointmentId::fresh(c.rng(), c.now());
    let charts = new.charts();
    let resources = people(new.staff, &charts);
    let wanted = Claim {
        owner: id,
        charts: &charts,
        resources: &resources,
        from: new.starts_at,
        until: new.ends_at(),
        over,
    };
    let dropped = match claim(c, &wanted)? {
        Ok(dropped) => dropped,
        Err(why) => return Ok(Err(why)),
    };
    match store::insert(c, id, new) {
        // A colleague has answered the same request with another hour: the unit runs again, and finds it answered.
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            return Err(Fault::lost_race("one request was answered twice at once"));
        }
        other => other?,
    }
    reminders::plan(c, id, new.starts_at)?;
    for chart in &charts {
        let details =
            serde_json::json!({ "appointment": id, "request": new.request, "starts_at": new.starts_at });
        let mut event =
            audit::Event::new(by.clone(), AppointmentAction::Booked).on_chart(chart).with(details);
        event.new_state = AppointmentState::Booked.word().into();
        audit::record(c, event)?;
    }
    Ok(Ok((id, dropped)))
}

/// Whose time an appointment takes.
fn people(staff: StaffId, charts: &[ChartId]) -> Vec<Resource> {
    let charts = charts.iter().map(|chart| Resource::chart(*chart));
    std::iter::once(Resource::staff(staff)).chain(charts).collect()
}

/// May it take a time that is kept for somebody else?
fn over_holds(despite: &[Doubt]) -> OverHolds {
    if despite.contains(&Doubt::Held) { OverHolds::Dropped } else { OverHolds::Refused }
}

/// What is in the way, with the doubts that were set aside before: all of them are asked about together.
fn in_the_way(why: NotClaimed, mut doubts: Vec<Doubted>) -> NotBooked {
    match why {
        NotClaimed::Taken(taken) => clashes(taken),
        NotClaimed::Held => {
            doubts.push(Doubt::Held.into());
            NotBooked::Doubtful(doubts)
        }
    }
}

/// Nobody is asked about a doubtful time that somebody else has: that it is taken comes first.
fn taken_first(
    c: &mut Scoped<'_>,
    why: NotBooked,
    own: Option<AppointmentId>,
    resources: &[Resource],
    slot: Slot,
) -> Result<NotBooked, Fault> {
    if !matches!(why, NotBooked::Doubtful(_)) {
        return Ok(why);
    }
    let taken = calendar::rivals(c, own, resources, slot.starts_at, slot.ends_at())?;
    Ok(if taken.is_empty() { why } else { clashes(taken) })
}

/// What must hold of every time that is given to an appointment; `at` is where it is now. Gives the doubts that were set
/// aside.
pub(super) fn check(
    c: &mut Scoped<'_>,
    slot: Slot,
    despite: &[Doubt],
    at: Option<&Appointment>,
) -> Outcome<Vec<Doubted>> {
    let on_grid = slot.starts_at.micros() % (i64::from(GRID_MINUTES) * 60_000_000) == 0;
    if !on_grid
        || slot.minutes % GRID_MINUTES != 0
        || !(GRID_MINUTES..=LONGEST_MINUTES).contains(&slot.minutes)
    {
        return Ok(Err(NotBooked::OffGrid));
    }
    if slot.starts_at <= c.now() {
        return Ok(Err(NotBooked::Past));
    }
    if slot.starts_at > c.now().plus_hours(MOST_DAYS_AHEAD * 24) {
        return Ok(Err(NotBooked::TooFar));
    }
    // What is at a closed place, or with somebody who has left, may keep it and still be moved in time.
    let Some(place) = find_place(c, slot.place)?.filter(|place| {
        place.closed_at.is_none() || at.is_some_and(|now| now.place.place_id == place.place_id)
    }) else {
        return Ok(Err(NotBooked::NoPlace));
    };
    let is_kept = at.is_some_and(|now| now.staff_id == slot.staff);
    if !is_kept && !clinicians(c)?.iter().any(|(id, _)| *id == slot.staff) {
        return Ok(Err(NotBooked::NoClinician));
    }
    let usual = doubts_of(slot.starts_at, slot.minutes, place.time_zone.rules());
    let mut doubts: Vec<Doubted> = usual.into_iter().map(Doubted::from).collect();
    let ends_at = slot.starts_at.plus_seconds(i64::from(slot.minutes) * 60);
    let unavailable = calendar::unavailable(c, slot.staff, &place, (slot.starts_at, ends_at))?;
    doubts.extend(unavailable.map(|why| match why {
        Unavailable::TimeOff(first, last) => Doubted { doubt: Doubt::TimeOff, days: Some((first, last)) },
        Unavailable::Closed(first, last) => Doubted { doubt: Doubt::Closed, days: Some((first, last)) },
        Unavailable::Away(first, last) => Doubted { doubt: Doubt::Away, days: Some((first, last)) },
        Unavailable::OutsideHours => Doubt::OutsideHours.into(),
    }));
    if doubts.iter().any(|doubted| !despite.contains(&doubted.doubt)) {
        return Ok(Err(NotBooked::Doubtful(doubts)));
    }
    Ok(Ok(doubts))
}

/// Books in the caller's transaction, and writes to everybody who may see the appointment.
pub fn book_in(app: &App, c: &mut Scoped<'_>, by: &By, booking: &Booking) -> Outcome<AppointmentId> {
    let slot = booking.slot;
    let new = NewAppointment {
        chart: booking.chart,
        with: booking.with.clone(),
        seats: booking.seats,
        request: booking.request,
        starts_at: slot.starts_at,
        minutes: slot.minutes,
        kind: booking.kind,
        place: slot.place,
        staff: slot.staff,
    };
    let charts = new.charts();
    for chart in &charts {
        if let Err(why) = is_open(c, *chart)? {
            return Ok(Err(why));
        }
    }
    let known: BTreeSet<ChartId> = charts.iter().copied().collect();
    if known.len() < charts.len() || i32::try_from(charts.len()).is_ok_and(|n| n > new.seats.most) {
        return Ok(Err(NotBooked::TooMany));
    }
    let doubts = match check(c, slot, &booking.despite, None)? {
        Ok(doubts) => doubts,
        Err(why) => {
            return Ok(Err(taken_first(c, why, None, &people(slot.staff, &charts), slot)?));
        }
    };
    let (id, dropped) = match take(c, by, &new, over_holds(&booking.despite))? {
        Ok(taken) => taken,
        Err(why) => return Ok(Err(in_the_way(why, doubts))),
    };
    held_times_are_gone(app, c, by, &charts, booking.request, &dropped)?;
    let (appointment, parties) = load(c, id)?;
    // Whoever accepts an offer gets the appointment itself, not the news that there is an answer.
    let answers = booking.request.filter(|_| !matches!(by.actor, Actor::Account(_)));
    mails::tell_clients(app, c, &appointment, &parties, News::Booked { answers, more: &[] })?;
    Ok(Ok(id))
}

/// Can anything be booked on this chart?
fn is_open(c: &mut Scoped<'_>, chart: ChartId) -> Outcome<()> {
    Ok(match store::chart_state(c, chart)?.as_deref() {
        None => Err(NotBooked::NotFound),
        Some("open") => Ok(()),
        Some(_) => Err(NotBooked::ChartClosed),
    })
}

/// Strikes out what was kept for other requests, and tells their clients. `own` is the request that is answered.
pub(super) fn held_times_are_gone(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    charts: &[ChartId],
    own: Option<RequestId>,
    dropped: &[Hold],
) -> Result<(), Fault> {
    for hold in dropped.iter().filter(|hold| Some(hold.owner) != own) {
        talk_store::strike(c, hold.owner, hold.staff, hold.starts_at)?;
        if hold.until <= c.now() || charts.contains(&hold.chart) {
            continue;
        }
        if let Some(request) = request_store::find_request(c, &hold.owner)? {
            mails::tell_asker(app, c, &request, &format!("gone.{}", hold.starts_at.micros()))?;
        }
        let details = serde_json::json!({ "request": hold.owner, "starts_at": hold.starts_at });
        let event = audit::Event::new(by.clone(), AppointmentAction::HoldOverridden)
            .on_chart(&hold.chart)
            .with(details);
        audit::record(c, event)?;
    }
    Ok(())
}

/// Books. The same form sent twice books once.
pub async fn book(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    booking: Booking,
    mark: FormToken,
) -> Outcome<AppointmentId> {
    let this = app.clone();
    let charts: Vec<ChartId> = std::iter::once(booking.chart).chain(booking.with.iter().copied()).collect();
    let outcome =
        app.db.write(scope, move |c| made_once(c, &mark, |c| book_in(&this, c, &by, &booking))).await?;
    Ok(outcome.inspect(|_| all_changed(app, scope, &charts)))
}

/// Open pages of these charts look again, and the mail leaves.
pub(super) fn all_changed(app: &AppState, scope: &PracticeScope, charts: &[ChartId]) {
    charts.iter().for_each(|chart| changed(app, scope, chart));
}

/// Open pages of the chart look again, and the mail leaves.
pub(super) fn changed(app: &AppState, scope: &PracticeScope, chart: &ChartId) {
    app.live.chart_changed(scope.id(), chart);
    app.outbox_bell.notify_one();
}

/// An appointment that this transaction knows to be there.
fn load(c: &mut Scoped<'_>, id: AppointmentId) -> Result<(Appointment, Vec<Party>), Fault> {
    let appointment =
        store::find(c, id)?.ok_or_else(|| Fault::Damaged(format!("appointment {id} is not there")))?;
    Ok((appointment, store::parties_of(c, id)?))
}

/// What staff and the API move an appointment to.
#[derive(Clone, Debug)]
pub struct Move {
    /// The version that was shown.
    pub version: i64,
    /// When, where and with whom.
    pub to: Slot,
    /// The doubts that were shown and set aside.
    pub despite: Vec<Doubt>,
}

/// Moves in the caller's transaction: the same appointment, under the same name in every calendar. Gives the charts of
/// those who come.
pub fn move_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: AppointmentId,
    wanted: &Move,
) -> Outcome<Vec<ChartId>> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    let parties = store::parties_of(c, id)?;
    if let Err(why) = decide_for_all(c, &before, &parties, Event::Move)? {
        return Ok(Err(why.into()));
    }
    let to = wanted.to;
    let ends_at = to.ends_at();
    let charts = charts_on(&parties);
    if (before.starts_at, before.ends_at, before.place.place_id, before.staff_id)
        == (to.starts_at, ends_at, to.place, to.staff)
    {
        // Also the second click of a double click.
        return Ok(Ok(charts));
    }
    if before.version != wanted.version {
        return Ok(Err(NotBooked::Stale));
    }
    let doubts = match check(c, to, &wanted.despite, Some(&before))? {
        Ok(doubts) => doubts,
        Err(why) => return Ok(Err(taken_first(c, why, Some(id), &people(to.staff, &charts), to)?)),
    };
    let over = over_holds(&wanted.despite);
    let after = match give_time(app, c, by, (&before, &parties), to, over)? {
        Ok(after) => after,
        Err(why) => return Ok(Err(in_the_way(why, doubts))),
    };
    let told: Vec<Party> = on(&parties).cloned().collect();
    mails::tell_clients(app, c, &after, &told, News::Moved { from: &before, more: &[] })?;
    Ok(Ok(charts))
}

/// Gives an appointment of these clients another time, with its audit event, and tells nobody.
pub(super) fn give_time(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    (before, parties): (&Appointment, &[Party]),
    to: Slot,
    over: OverHolds,
) -> Result<Result<Appointment, NotClaimed>, Fault> {
    let id = before.appointment_id;
    let charts = charts_on(parties);
    let resources = people(to.staff, &charts);
    let ends_at = to.ends_at();
    let time =
        Claim { owner: id, charts: &charts, resources: &resources, from: to.starts_at, until: ends_at, over };
    let dropped = match claim(c, &time)? {
        Ok(dropped) => dropped,
        Err(why) => return Ok(Err(why)),
    };
    held_times_are_gone(app, c, by, &charts, None, &dropped)?;
    if !store::save_time(c, before, to.starts_at, ends_at, to.place, to.staff)? {
        return Err(Fault::lost_race("an appointment was changed while it was moved"));
    }
    reminders::plan(c, id, to.starts_at)?;
    for chart in charts {
        let details = serde_json::json!({
            "appointment": id,
            "from": before.starts_at, "to": to.starts_at,
            "minutes_from": before.minutes(), "minutes_to": to.minutes,
            "place": to.place, "staff": to.staff,
        });
        record_event(
            c,
            by,
            AppointmentAction::Moved,
            chart,
            details,
            before.state,
            AppointmentState::Booked,
        )?;
    }
    Ok(Ok(load(c, id)?.0))
}

/// Moves.
pub async fn move_to(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentId,
    wanted: Move,
) -> Outcome<Vec<ChartId>> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| move_in(&this, c, &by, id, &wanted)).await?;
    Ok(outcome.inspect(|charts| all_changed(app, scope, charts)))
}

/// Those for whom it is on.
fn on(parties: &[Party]) -> impl Iterator<Item = &Party> {
    parties.iter().filter(|party| party.is_on())
}

fn charts_on(parties: &[Party]) -> Vec<ChartId> {
    on(parties).map(|party| party.chart_id).collect()
}

/// What the life cycle says of something that concerns all: no, if it says so for one of those for whom it is on. Where it
/// is on for nobody, any of them tells why.
fn decide_for_all(
    c: &mut Scoped<'_>,
    before: &Appointment,
    parties: &[Party],
    event: Event,
) -> Result<Result<(), Refusal>, Fault> {
    let (policy, now) = (practice::load(c)?.policy(), c.now());
    let asked: Vec<&Party> = match on(parties).next() {
        Some(_) => on(parties).collect(),
        None => parties.first().into_iter().collect(),
    };
    if asked.is_empty() {
        return Err(Fault::Damaged(format!("appointment {} is for nobody", before.appointment_id)));
    }
    let decided = asked.into_iter().map(|party| decide(&standing(before, party, 0, &policy), event, now));
    Ok(decided.collect::<Result<Vec<Decision>, Refusal>>().map(|_| ()))
}

fn record_event(
    c: &mut Scoped<'_>,
    by: &By,
    action: AppointmentAction,
    chart: ChartId,
    details: serde_json::Value,
    from: AppointmentState,
    to: AppointmentState,
) -> Result<(), Fault> {
    let mut event = audit::Event::new(by.clone(), action).on_chart(&chart).with(details);
    event.old_state = from.word().into();
    event.new_state = to.word().into();
    audit::record(c, event)
}

/// Why staff cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// The kind of reason.
    pub reason: CancelReason,
    /// What the client reads of it after signing in; may be empty.
    pub words: String,
}

/// Cancels for everybody, in the caller's transaction. Gives the charts of those who were to come.
pub fn cancel_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: AppointmentId,
    why: &Cancellation,
) -> Outcome<Vec<ChartId>> {
    let CanceledOne { after, told } = granted!(cancel_only(c, by, id, why)?);
    mails::tell_clients(app, c, &after, &told, News::Canceled { more: &[] })?;
    mails::tell_clinician(app, c, by, &after, &[])?;
    Ok(Ok(told.into_iter().map(|party| party.chart_id).collect()))
}

/// An appointment that was canceled, before anybody is told.
pub(super) struct CanceledOne {
    /// As it is now.
    pub after: Appointment,
    /// The clients for whom it was on; those who had canceled before know.
    pub told: Vec<Party>,
}

/// Cancels for everybody and tells nobody.
pub(super) fn cancel_only(
    c: &mut Scoped<'_>,
    by: &By,
    id: AppointmentId,
    why: &Cancellation,
) -> Outcome<CanceledOne> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    let parties = store::parties_of(c, id)?;
    if let Err(why) = decide_for_all(c, &before, &parties, Event::CancelByStaff)? {
        return Ok(Err(why.into()));
    }
    free(c, &before, &parties)?;
    let reason = Some((why.reason, why.words.as_str()));
    for party in on(&parties) {
        end_party(c, by, &before, party, PartyState::Canceled, reason)?;
        let details =
            serde_json::json!({ "appointment": id, "starts_at": before.starts_at, "reason": why.reason });
        let (from, to) = (before.state, AppointmentState::Canceled);
        record_event(c, by, AppointmentAction::Canceled, party.chart_id, details, from, to)?;
    }
    let (after, now) = load(c, id)?;
    let told = now.into_iter().filter(|after| on(&parties).any(|before| before.party_id == after.party_id));
    Ok(Ok(CanceledOne { after, told: told.collect() }))
}

/// Writes that it is off for a client.
fn end_party(
    c: &mut Scoped<'_>,
    by: &By,
    before: &Appointment,
    party: &Party,
    to: PartyState,
    reason: Option<(CancelReason, &str)>,
) -> Result<(), Fault> {
    // A client's own cancellation bears no name.
    let name = match by.actor {
        Actor::Account(_) => String::new(),
        _ => by.actor.name(),
    };
    match store::save_party(c, before.appointment_id, party, to, &name, reason)? {
        true => Ok(()),
        false => Err(Fault::lost_race("a client of an appointment was canceled meanwhile")),
    }
}

/// Gives the time back and ends the appointment. The time comes first: everybody who changes an appointment holds
/// its resources before its row.
fn free(c: &mut Scoped<'_>, before: &Appointment, parties: &[Party]) -> Result<(), Fault> {
    release(c, before.appointment_id, &people(before.staff_id, &charts_on(parties)))?;
    if !store::save_canceled(c, before)? {
        return Err(Fault::lost_race("an appointment was changed while it was canceled"));
    }
    reminders::drop_planned(c, before.appointment_id)?;
    Ok(())
}

/// Cancels for everybody.
pub async fn cancel(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentId,
    why: Cancellation,
) -> Outcome<Vec<ChartId>> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| cancel_in(&this, c, &by, id, &why)).await?;
    Ok(outcome.inspect(|charts| all_changed(app, scope, charts)))
}

/// What it is called in the audit trail that an appointment ends for a client.
fn action_of(to: PartyState) -> AppointmentAction {
    match to {
        PartyState::LateCanceled => AppointmentAction::LateCanceled,
        PartyState::Removed => AppointmentAction::PartyRemoved,
        _ => AppointmentAction::Canceled,
    }
}

/// Ends an appointment for one client, and for the others what follows from that; tells everybody for whom it has ended, and
/// nobody else. Gives their charts.
fn end_for_one(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    (before, parties): (&Appointment, &[Party]),
    party: &Party,
    (to, others): (PartyState, Others),
    reason: Option<(CancelReason, &str)>,
) -> Result<Vec<ChartId>, Fault> {
    let id = before.appointment_id;
    let is_off = matches!(others, Others::None | Others::Canceled);
    if is_off {
        free(c, before, parties)?;
    } else {
        release(c, id, &[Resource::chart(party.chart_id)])?;
        let asks_since = (others == Others::Undecided).then(|| c.now());
        if !store::save_one_left(c, before, asks_since)? {
            return Err(Fault::lost_race("an appointment was changed while one of several left it"));
        }
        store::save_left(c, before, party)?;
    }
    end_party(c, by, before, party, to, reason)?;
    let mut ended = vec![party.party_id];
    let after = if is_off { AppointmentState::Canceled } else { AppointmentState::Booked };
    let details = || serde_json::json!({ "appointment": id, "starts_at": before.starts_at });
    record_event(c, by, action_of(to), party.chart_id, details(), before.state, after)?;
    if others == Others::Canceled {
        // What the others read of it does not say who canceled.
        let system = By::system();
        for other in on(parties).filter(|other| other.party_id != party.party_id) {
            end_party(c, &system, before, other, PartyState::Canceled, None)?;
            let action = AppointmentAction::Canceled;
            record_event(c, &system, action, other.chart_id, details(), before.state, after)?;
            ended.push(other.party_id);
        }
    }
    let (after, now) = load(c, id)?;
    let told: Vec<Party> = now.into_iter().filter(|each| ended.contains(&each.party_id)).collect();
    mails::tell_clients(app, c, &after, &told, News::Canceled { more: &[] })?;
    if is_off {
        mails::tell_clinician(app, c, by, &after, &[])?;
    } else if let Some(left) = told.first() {
        mails::tell_clinician_of_one(app, c, by, &after, left)?;
    }
    Ok(told.into_iter().map(|party| party.chart_id).collect())
}

/// What the life cycle says of something that ends an appointment for one client.
fn decide_for_one(
    c: &mut Scoped<'_>,
    before: &Appointment,
    parties: &[Party],
    party: &Party,
    event: Event,
) -> Result<Result<(PartyState, Others), Refusal>, Fault> {
    let others = on(parties).filter(|other| other.party_id != party.party_id).count();
    let policy = practice::load(c)?.policy();
    // Whoever was added later has known of it since then.
    let theirs = before.clone().as_of(party);
    match decide(&standing(&theirs, party, others, &policy), event, c.now()) {
        Ok(Decision::EndedForOne(to, others)) => Ok(Ok((to, others))),
        Ok(_) => Err(Fault::other("the end for one client was decided as something else")),
        Err(why) => Ok(Err(why)),
    }
}

/// Ends an appointment for one client, by staff, in the caller's transaction. Gives the charts for which it has ended.
pub fn end_for_one_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    (id, chart): (AppointmentId, ChartId),
    how: PartyEnd,
    why: &Cancellation,
) -> Outcome<Vec<ChartId>> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    let parties = store::parties_of(c, id)?;
    let Some(party) = parties.iter().find(|party| party.chart_id == chart) else {
        return Ok(Err(NotBooked::NotFound));
    };
    let decided = match decide_for_one(c, &before, &parties, party, Event::EndForOne(how))? {
        Ok(decided) => decided,
        Err(why) => return Ok(Err(why.into())),
    };
    let reason = Some((why.reason, why.words.as_str()));
    end_for_one(app, c, by, (&before, &parties), party, decided, reason).map(Ok)
}

/// Ends an appointment for one client.
pub async fn end_for_one_by_staff(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    whose: (AppointmentId, ChartId),
    how: PartyEnd,
    why: Cancellation,
) -> Outcome<Vec<ChartId>> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| end_for_one_in(&this, c, &by, whose, how, &why)).await?;
    Ok(outcome.inspect(|charts| all_changed(app, scope, charts)))
}

/// Adds a client to a booked appointment, in the caller's transaction: if a seat is free, and the client has nothing else
/// then. The others hear nothing of it.
pub fn join_in(app: &App, c: &mut Scoped<'_>, by: &By, id: AppointmentId, chart: ChartId) -> Outcome<()> {
    if let Err(why) = is_open(c, chart)? {
        return Ok(Err(why));
    }
    let Some(known) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    // Held from here on: of several who take the last seat, each sees what the one before has taken.
    calendar::hold(c, &people(known.staff_id, &[chart]))?;
    let (before, parties) = load(c, id)?;
    let party = parties.iter().find(|party| party.chart_id == chart);
    let seats = (before.seats, before.seats_taken);
    let is_in = may_join((before.state, before.starts_at), seats, party.map(|party| party.state), c.now());
    match is_in {
        Ok(Join::Unchanged) => return Ok(Ok(())),
        Ok(Join::Added) => {}
        Err(why) => return Ok(Err(why.into())),
    }
    let charts = [chart];
    let time = Claim {
        owner: id,
        charts: &charts,
        resources: &[Resource::chart(chart)],
        from: before.starts_at,
        until: before.ends_at,
        over: OverHolds::Refused,
    };
    if let Err(why) = claim_also(c, &time)? {
        return Ok(Err(in_the_way(why, Vec::new())));
    }
    if !store::insert_joined(c, &before, chart, party)? {
        return Err(Fault::lost_race("an appointment was changed while a client was added"));
    }
    reminders::plan(c, id, before.starts_at)?;
    let details = serde_json::json!({ "appointment": id, "starts_at": before.starts_at });
    record_event(c, by, AppointmentAction::PartyAdded, chart, details, before.state, before.state)?;
    let (after, parties) = load(c, id)?;
    let own: Vec<Party> = parties.into_iter().filter(|each| each.chart_id == chart).collect();
    mails::tell_clients(app, c, &after, &own, News::Booked { answers: None, more: &[] })?;
    Ok(Ok(()))
}

/// Adds a client.
pub async fn join(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentId,
    chart: ChartId,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| join_in(&this, c, &by, id, chart)).await?;
    Ok(outcome.inspect(|()| changed(app, scope, &chart)))
}

/// Staff say that an appointment stays for those who did not cancel, in the caller's transaction. Said once is said.
pub fn keep_in(c: &mut Scoped<'_>, by: &By, id: AppointmentId) -> Outcome<()> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    if before.state == AppointmentState::Canceled {
        return Ok(Err(Refusal::Canceled.into()));
    }
    if before.asks_since.is_none() {
        return Ok(Ok(()));
    }
    if !store::save_kept(c, &before)? {
        return Err(Fault::lost_race("an appointment was changed while it was kept"));
    }
    for chart in charts_on(&store::parties_of(c, id)?) {
        let details = serde_json::json!({ "appointment": id, "starts_at": before.starts_at });
        record_event(c, by, AppointmentAction::Kept, chart, details, before.state, before.state)?;
    }
    Ok(Ok(()))
}

/// Keeps it.
pub async fn keep(app: &AppState, scope: &PracticeScope, by: By, id: AppointmentId) -> Outcome<()> {
    app.db.write(scope, move |c| keep_in(c, &by, id)).await
}

/// The client of a chart, or whoever acts for them, cancels; `shown` is what the page said of the notice.
pub async fn cancel_by_client(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    chart: ChartId,
    id: AppointmentId,
    shown: Notice,
) -> Outcome<()> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            // What ended the access since the request was let in counts.
            if accounts::level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(NotBooked::NotFound));
            }
            let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
            let parties = store::parties_of(c, id)?;
            let Some(party) = parties.iter().find(|party| party.chart_id == chart) else {
                return Ok(Err(NotBooked::NotFound));
            };
            let event = Event::CancelByClient(shown);
            let decided = match decide_for_one(c, &before, &parties, party, event)? {
                Ok(decided) => decided,
                Err(why) => return Ok(Err(why.into())),
            };
            end_for_one(&this, c, &by, (&before, &parties), party, decided, None).map(Ok)
        })
        .await?;
    Ok(outcome.map(|charts| all_changed(app, scope, &charts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_and_weekends_are_doubtful_in_the_zone_of_the_place() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let doubts = |text: &str, minutes| {
            doubts_of(Timestamp::from(text.parse::<jiff::Timestamp>().unwrap()), minutes, &zone)
        };
        assert_eq!(doubts("2026-12-03T19:30:00Z", 50), []);
        assert_eq!(doubts("2026-12-03T11:59:00Z", 50), [Doubt::Night]);
        assert_eq!(doubts("2026-12-03T12:00:00Z", 50), []);
        assert_eq!(doubts("2026-12-04T01:30:00Z", 30), []);
        assert_eq!(doubts("2026-12-04T01:30:00Z", 45), [Doubt::Night]);
        assert_eq!(doubts("2026-12-05T19:30:00Z", 50), [Doubt::Weekend]);
        assert_eq!(doubts("2026-12-06T04:00:00Z", 50), [Doubt::Night, Doubt::Weekend]);
    }
}
