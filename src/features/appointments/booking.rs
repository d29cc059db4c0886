//! Booking, moving and canceling an appointment, for pages, the API and the confirmation of a request. Each is one
//! transaction: load, decide, take or give back the time, save, audit, mail.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::features::accounts;
use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::kinds::CancelReason;
use crate::features::appointments::lifecycle::{
    AppointmentState, Decision, Event, Notice, PartyState, Refusal, decide,
};
use crate::features::appointments::mails::{self, News};
use crate::features::appointments::reminders;
use crate::features::appointments::request_store;
pub use crate::features::appointments::slot::Slot;
use crate::features::appointments::store::{self, Appointment, NewAppointment, Party, standing};
use crate::features::appointments::talk_store;
use crate::features::calendar::{
    self, Claim, Hold, NotClaimed, OverHolds, Resource, ResourceKind, Taken, Unavailable, VisitKind, claim,
    clinicians, release,
};
use crate::features::practice::{self, find_place};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AppointmentId, ChartId, RequestId};
use crate::platform::audit::{self, Actor, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
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
    let resources = [Resource::staff(new.staff), Resource::chart(new.chart)];
    let wanted = Claim {
        owner: id,
        chart: new.chart,
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
    let details =
        serde_json::json!({ "appointment": id, "request": new.request, "starts_at": new.starts_at });
    let mut event =
        audit::Event::new(by.clone(), AppointmentAction::Booked).on_chart(&new.chart).with(details);
    event.new_state = AppointmentState::Booked.word().into();
    audit::record(c, event)?;
    Ok(Ok((id, dropped)))
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
    match store::chart_state(c, booking.chart)?.as_deref() {
        None => return Ok(Err(NotBooked::NotFound)),
        Some("open") => {}
        Some(_) => return Ok(Err(NotBooked::ChartClosed)),
    }
    let slot = booking.slot;
    let doubts = match check(c, slot, &booking.despite, None)? {
        Ok(doubts) => doubts,
        Err(why) => {
            let resources = [Resource::staff(slot.staff), Resource::chart(booking.chart)];
            return Ok(Err(taken_first(c, why, None, &resources, slot)?));
        }
    };
    let new = NewAppointment {
        chart: booking.chart,
        request: booking.request,
        starts_at: slot.starts_at,
        minutes: slot.minutes,
        kind: booking.kind,
        place: slot.place,
        staff: slot.staff,
    };
    let (id, dropped) = match take(c, by, &new, over_holds(&booking.despite))? {
        Ok(taken) => taken,
        Err(why) => return Ok(Err(in_the_way(why, doubts))),
    };
    held_times_are_gone(app, c, by, booking.chart, booking.request, &dropped)?;
    let (appointment, parties) = load(c, id)?;
    // Whoever accepts an offer gets the appointment itself, not the news that there is an answer.
    let answers = booking.request.filter(|_| !matches!(by.actor, Actor::Account(_)));
    mails::tell_clients(app, c, &appointment, &parties, News::Booked { answers, more: &[] })?;
    Ok(Ok(id))
}

/// Strikes out what was kept for other requests, and tells their clients. `own` is the request that is answered.
pub(super) fn held_times_are_gone(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    own: Option<RequestId>,
    dropped: &[Hold],
) -> Result<(), Fault> {
    for hold in dropped.iter().filter(|hold| Some(hold.owner) != own) {
        talk_store::strike(c, hold.owner, hold.staff, hold.starts_at)?;
        if hold.until <= c.now() || hold.chart == chart {
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
    let (this, chart) = (app.clone(), booking.chart);
    let outcome =
        app.db.write(scope, move |c| made_once(c, &mark, |c| book_in(&this, c, &by, &booking))).await?;
    Ok(outcome.inspect(|_| changed(app, scope, &chart)))
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

/// Moves in the caller's transaction: the same appointment, under the same name in every calendar.
pub fn move_in(app: &App, c: &mut Scoped<'_>, by: &By, id: AppointmentId, wanted: &Move) -> Outcome<ChartId> {
    let Some(before) = store::find(c, id)? else { return Ok(Err(NotBooked::NotFound)) };
    let parties = store::parties_of(c, id)?;
    let party = first_party(&parties, id)?;
    let policy = practice::load(c)?.policy();
    if let Err(why) = decide(&standing(&before, party, 0, &policy), Event::Move, c.now()) {
        return Ok(Err(why.into()));
    }
    let to = wanted.to;
    let ends_at = to.ends_at();
    let chart = party.chart_id;
    if (before.starts_at, before.ends_at, before.place.place_id, before.staff_id)
        == (to.starts_at, ends_at, to.place, to.staff)
    {
        // Also the second click of a double click.
        return Ok(Ok(chart));
    }
    if before.version != wanted.version {
        return Ok(Err(NotBooked::Stale));
    }
    let mut resources = vec![Resource::staff(to.staff)];
    resources.extend(expected(&parties).map(|party| Resource::chart(party.chart_id)));
    let doubts = match check(c, to, &wanted.despite, Some(&before))? {
        Ok(doubts) => doubts,
        Err(why) => return Ok(Err(taken_first(c, why, Some(id), &resources, to)?)),
    };
    let over = over_holds(&wanted.despite);
    let after = match give_time(app, c, by, (&before, &parties), to, over)? {
        Ok(after) => after,
        Err(why) => return Ok(Err(in_the_way(why, doubts))),
    };
    mails::tell_clients(app, c, &after, &parties, News::Moved { from: &before, more: &[] })?;
    Ok(Ok(chart))
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
    let chart = first_party(parties, id)?.chart_id;
    let mut resources = vec![Resource::staff(to.staff)];
    resources.extend(expected(parties).map(|party| Resource::chart(party.chart_id)));
    let ends_at = to.ends_at();
    let time = Claim { owner: id, chart, resources: &resources, from: to.starts_at, until: ends_at, over };
    let dropped = match claim(c, &time)? {
        Ok(dropped) => dropped,
        Err(why) => return Ok(Err(why)),
    };
    held_times_are_gone(app, c, by, chart, None, &dropped)?;
    if !store::save_time(c, before, to.starts_at, ends_at, to.place, to.staff)? {
        return Err(Fault::lost_race("an appointment was changed while it was moved"));
    }
    reminders::plan(c, id, to.starts_at)?;
    let details = serde_json::json!({
        "appointment": id,
        "from": before.starts_at, "to": to.starts_at,
        "minutes_from": before.minutes(), "minutes_to": to.minutes,
        "place": to.place, "staff": to.staff,
    });
    record_event(c, by, AppointmentAction::Moved, chart, details, before.state, AppointmentState::Booked)?;
    Ok(Ok(load(c, id)?.0))
}

/// Moves.
pub async fn move_to(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentId,
    wanted: Move,
) -> Outcome<ChartId> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| move_in(&this, c, &by, id, &wanted)).await?;
    Ok(outcome.inspect(|chart| changed(app, scope, chart)))
}

fn expected(parties: &[Party]) -> impl Iterator<Item = &Party> {
    parties.iter().filter(|party| party.state == PartyState::Expected)
}

/// The client whom the life cycle is asked about: one who is expected, or any where nobody is.
fn first_party(parties: &[Party], id: AppointmentId) -> Result<&Party, Fault> {
    let found = expected(parties).next().or(parties.first());
    found.ok_or_else(|| Fault::Damaged(format!("appointment {id} is for nobody")))
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

/// Cancels for everybody, in the caller's transaction.
pub fn cancel_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: AppointmentId,
    why: &Cancellation,
) -> Outcome<ChartId> {
    let CanceledOne { after, told, chart } = match cancel_only(c, by, id, why)? {
        Ok(canceled) => canceled,
        Err(why) => return Ok(Err(why)),
    };
    mails::tell_clients(app, c, &after, &told, News::Canceled { more: &[] })?;
    mails::tell_clinician(app, c, by, &after, &[])?;
    Ok(Ok(chart))
}

/// An appointment that was canceled, before anybody is told.
pub(super) struct CanceledOne {
    /// As it is now.
    pub after: Appointment,
    /// The clients who were expected; those who had canceled before know.
    pub told: Vec<Party>,
    /// The chart of the first of them.
    pub chart: ChartId,
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
    let party = first_party(&parties, id)?;
    let chart = party.chart_id;
    let policy = practice::load(c)?.policy();
    if let Err(why) = decide(&standing(&before, party, 0, &policy), Event::CancelByStaff, c.now()) {
        return Ok(Err(why.into()));
    }
    free(c, &before, &parties)?;
    for party in expected(&parties) {
        let reason = Some((why.reason, why.words.as_str()));
        let state = PartyState::Canceled;
        if !store::save_party(c, id, party.party_id, state, &by.actor.name(), reason)? {
            return Err(Fault::lost_race("a client of an appointment canceled meanwhile"));
        }
    }
    let details =
        serde_json::json!({ "appointment": id, "starts_at": before.starts_at, "reason": why.reason });
    let (from, to) = (before.state, AppointmentState::Canceled);
    record_event(c, by, AppointmentAction::Canceled, chart, details, from, to)?;
    let (after, now) = load(c, id)?;
    let told: Vec<Party> = now
        .into_iter()
        .filter(|after| expected(&parties).any(|before| before.party_id == after.party_id))
        .collect();
    Ok(Ok(CanceledOne { after, told, chart }))
}

/// Gives the time back and ends the appointment. The time comes first: everybody who changes an appointment holds
/// its resources before its row.
fn free(c: &mut Scoped<'_>, before: &Appointment, parties: &[Party]) -> Result<(), Fault> {
    let mut resources = vec![Resource::staff(before.staff_id)];
    resources.extend(expected(parties).map(|party| Resource::chart(party.chart_id)));
    release(c, before.appointment_id, &resources)?;
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
) -> Outcome<ChartId> {
    let this = app.clone();
    let outcome = app.db.write(scope, move |c| cancel_in(&this, c, &by, id, &why)).await?;
    Ok(outcome.inspect(|chart| changed(app, scope, chart)))
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
) -> Outcome<PartyState> {
    let this = app.clone();
    let outcome = app
        .db
        .write(scope, move |c| {
            // What ended the access since the request was let in counts.
            if accounts::level_now(c, &access, Right::Appointments)? < Level::Act {
                return Ok(Err(NotBooked::NotFound));
            }
            let Some((before, party)) = store::find_of_chart(c, chart, id)? else {
                return Ok(Err(NotBooked::NotFound));
            };
            let parties = store::parties_of(c, id)?;
            let others = expected(&parties).filter(|other| other.party_id != party.party_id).count();
            let policy = practice::load(c)?.policy();
            let now = c.now();
            let decision =
                decide(&standing(&before, &party, others, &policy), Event::CancelByClient(shown), now);
            let (state, appointment) = match decision {
                Ok(Decision::CanceledByClient(state, appointment)) => (state, appointment),
                Ok(_) => return Err(Fault::other("a client's cancellation was decided as something else")),
                Err(why) => return Ok(Err(why.into())),
            };
            match appointment {
                AppointmentState::Canceled => free(c, &before, &parties)?,
                AppointmentState::Booked => release(c, id, &[Resource::chart(chart)])?,
            }
            if !store::save_party(c, id, party.party_id, state, "", None)? {
                return Err(Fault::lost_race("a client of an appointment was canceled meanwhile"));
            }
            let action = match state {
                PartyState::LateCanceled => AppointmentAction::LateCanceled,
                _ => AppointmentAction::Canceled,
            };
            let details = serde_json::json!({ "appointment": id, "starts_at": before.starts_at });
            record_event(c, &by, action, chart, details, before.state, appointment)?;
            let (after, parties) = load(c, id)?;
            let own: Vec<Party> =
                parties.into_iter().filter(|each| each.party_id == party.party_id).collect();
            mails::tell_clients(&this, c, &after, &own, News::Canceled { more: &[] })?;
            mails::tell_clinician(&this, c, &by, &after, &[])?;
            Ok(Ok(state))
        })
        .await?;
    Ok(outcome.inspect(|_| changed(app, scope, &chart)))
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
