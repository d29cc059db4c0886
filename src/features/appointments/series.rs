//! Appointments that come again: making a series after a preview, changing and ending it from a day on, and booking more
//! of it as its days come near. Each is one transaction.
//!
//! A preview looks at each day and writes nothing; what was seen has a fingerprint, and the series is made only while its
//! list is still true. Booked are the days of the next twelve months; a job goes on from there. A day on which that is not
//! possible becomes a line that staff see, and never half a series. The past never changes.

use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::booking::{
    Cancellation, Clash, Doubt, Doubted, NotBooked, Outcome, cancel_only, changed, check, give_time,
    held_times_are_gone, take,
};
use crate::features::appointments::lifecycle::{PartyState, Refusal};
use crate::features::appointments::mails::{self, News};
use crate::features::appointments::series_store::{
    self as store, DateEffect, NewSeries, Series, SeriesDate, SeriesOf, SeriesState, find_series,
};
use crate::features::appointments::slot::Slot;
use crate::features::appointments::store::{
    Appointment, NewAppointment, OfSeries, chart_state, of_series, parties_of,
};
use crate::features::calendar::{self, OverHolds, Resource, Seats};
use crate::features::practice::find_place;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PlaceId, SeriesId, StaffId};
use crate::kernel::recurrence::{Rule, RuleEnd};
use crate::kernel::secrets::sha256_hex;
use crate::kernel::wall_clock::{Resolved, first_moment, resolve};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, Job, JobKind, JobOutcome, NewJob, Next};
use crate::platform::state::{App, AppState};
use crate::platform::web::form_token::{FormToken, made_once};

/// Days ahead that are booked.
const DAYS_AHEAD: i64 = 365;
/// Appointments of one series that lie ahead at once.
const MOST_AHEAD: usize = 100;
/// A rule that has no day for so long is over.
const LOOKED_AHEAD: i64 = 3 * 366;

/// What the preview names and nobody ticks: whoever makes the series has seen it there.
const SET_ASIDE: &[Doubt] = &[Doubt::Night, Doubt::Weekend, Doubt::OutsideHours];

/// What the clocks do on a day of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockReading {
    /// They show the time once.
    Once,
    /// They jump over it: the appointment is later by as much, on this day alone.
    Shifted,
    /// They show it twice: the first one counts.
    Twice,
}

/// What becomes of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be booked; these doubts are named.
    Free(Vec<Doubted>),
    /// It is over.
    Past,
    /// Somebody has something else then.
    Taken(Vec<Clash>),
    /// Somebody, or the place, is not available.
    Away(Doubted),
    /// It is kept for another client.
    Held,
}

impl Fate {
    /// Can it be booked?
    pub fn is_free(&self) -> bool {
        matches!(self, Self::Free(_))
    }

    /// Is it in the way of the whole?
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Taken(_) | Self::Away(_) | Self::Held)
    }

    /// A word for the row of a day that is not booked.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Free(_) => "free",
            Self::Past => "past",
            Self::Taken(_) => "taken",
            Self::Away(doubted) => doubted.doubt.word(),
            Self::Held => "held",
        }
    }
}

/// A day of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The day.
    pub on: Date,
    /// The moment.
    pub starts_at: Timestamp,
    /// What the clocks do then.
    pub clock: ClockReading,
    /// What becomes of it.
    pub fate: Fate,
}

/// Of a list that was shown: it stays the same while nothing changes.
pub fn fingerprint(plan: &[Planned], of: &impl std::fmt::Debug) -> String {
    let lines: Vec<String> =
        plan.iter().map(|day| format!("{} {} {}", day.on, day.starts_at.micros(), day.fate.word())).collect();
    sha256_hex(format!("{of:?}\n{}", lines.join("\n")).as_bytes())
}

/// Why no series was made, changed or ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// As of a single appointment.
    #[error(transparent)]
    NotBooked(#[from] NotBooked),
    /// No day of it can be booked.
    #[error("no day of the series can be booked")]
    Nothing,
    /// The list is another one than was shown.
    #[error("the days are not as they were shown")]
    NotAsShown(Vec<Planned>),
    /// It has ended.
    #[error("the series has ended")]
    Ended,
}

/// The outcome, inside the fault of the machinery.
pub type Made<T> = Result<Result<T, NotMade>, Fault>;

/// What happens to a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesEvent {
    /// More of its days are booked.
    Extend,
    /// It gets another time from a day on.
    Change,
    /// It ends before a day.
    End,
}

/// Where a series stands after an event; none where the event comes too late.
pub fn next_state(state: SeriesState, event: SeriesEvent) -> Option<SeriesState> {
    match (state, event) {
        (SeriesState::Active, SeriesEvent::Extend | SeriesEvent::Change) => Some(SeriesState::Active),
        (SeriesState::Active, SeriesEvent::End) => Some(SeriesState::Ended),
        (SeriesState::Ended, _) => None,
    }
}

fn days_later(date: Date, days: i64) -> Date {
    date.checked_add(Span::new().days(days)).unwrap_or(Date::MAX)
}

/// The days of a rule that are booked by now: those of the next twelve months, and not too many.
fn days_ahead(rule: &Rule, starts_on: Date, today: Date) -> Vec<Date> {
    let mut days = rule.dates(starts_on, days_later(today, DAYS_AHEAD));
    days.retain(|day| *day >= today);
    days.truncate(MOST_AHEAD);
    days
}

/// What a day would be; `at` is an appointment that is moved there.
fn fate_of(c: &mut Scoped<'_>, chart: ChartId, slot: Slot, at: Option<&Appointment>) -> Outcome<Fate> {
    let doubts = match check(c, slot, SET_ASIDE, at)? {
        Ok(doubts) => doubts,
        Err(NotBooked::Past) => return Ok(Ok(Fate::Past)),
        Err(NotBooked::Doubtful(doubts)) => {
            let in_the_way = doubts.into_iter().find(|doubted| !SET_ASIDE.contains(&doubted.doubt));
            let why = in_the_way.ok_or_else(|| Fault::other("a time was doubtful without a doubt"))?;
            return Ok(Ok(Fate::Away(why)));
        }
        Err(why) => return Ok(Err(why)),
    };
    let resources = [Resource::staff(slot.staff), Resource::chart(chart)];
    let own = at.map(|appointment| appointment.appointment_id);
    let taken = calendar::rivals(c, own, &resources, slot.starts_at, slot.ends_at())?;
    if !taken.is_empty() {
        let clash = |taken: calendar::Taken| Clash { who: taken.resource.kind(), starts_at: taken.starts_at };
        return Ok(Ok(Fate::Taken(taken.into_iter().map(clash).collect())));
    }
    let held = calendar::held_by_others(c, &[slot.staff], Some(chart), slot.starts_at, slot.ends_at())?;
    Ok(Ok(if held.is_empty() { Fate::Free(doubts) } else { Fate::Held }))
}

/// The moment of a day, and what the clocks do then. What they jump over is later by as much (RFC 5545, 3.3.5).
fn moment_of(on: Date, time: Time, zone: &TimeZone) -> Option<(Timestamp, ClockReading)> {
    match resolve(on, time, zone) {
        Resolved::At(at) => Some((at, ClockReading::Once)),
        Resolved::Skipped(after) => Some((after, ClockReading::Shifted)),
        Resolved::Twice { first, .. } => Some((first, ClockReading::Twice)),
        Resolved::Never => None,
    }
}

/// What these days of a series would be.
fn plan_days(c: &mut Scoped<'_>, new: &NewSeries, days: &[Date]) -> Outcome<Vec<Planned>> {
    let Some(place) = find_place(c, new.place)? else { return Ok(Err(NotBooked::NoPlace)) };
    let mut plan = Vec::new();
    for on in days {
        let Some((starts_at, clock)) = moment_of(*on, new.time, place.time_zone.rules()) else {
            return Ok(Err(NotBooked::TooFar));
        };
        match fate_of(c, new.chart, new.slot(starts_at), None)? {
            Ok(fate) => plan.push(Planned { on: *on, starts_at, clock, fate }),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(plan))
}

/// What a series would be: the days that would be booked now. Writes nothing.
pub fn preview(c: &mut Scoped<'_>, new: &NewSeries) -> Outcome<Vec<Planned>> {
    match chart_state(c, new.chart)?.as_deref() {
        None => return Ok(Err(NotBooked::NotFound)),
        Some("open") => {}
        Some(_) => return Ok(Err(NotBooked::ChartClosed)),
    }
    let Some(place) = find_place(c, new.place)? else { return Ok(Err(NotBooked::NoPlace)) };
    let today = c.now().in_zone(place.time_zone.rules()).date();
    plan_days(c, new, &days_ahead(&new.rule, new.starts_on, today))
}

/// Books what is free of a plan; gives a row for each day that is not over.
fn book_days(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewSeries,
    plan: &[Planned],
    otherwise: DateEffect,
) -> Result<Vec<SeriesDate>, Fault> {
    let mut days = Vec::new();
    for planned in plan {
        let appointment = match &planned.fate {
            Fate::Past => continue,
            Fate::Free(_) => {
                let one = NewAppointment {
                    chart: new.chart,
                    with: Vec::new(),
                    seats: Seats::ONE,
                    request: None,
                    starts_at: planned.starts_at,
                    minutes: new.minutes,
                    kind: new.kind,
                    place: new.place,
                    staff: new.staff,
                };
                let Ok((id, dropped)) = take(c, by, &one, OverHolds::Refused)? else {
                    return Err(Fault::lost_race("a day of a series was taken while its people were held"));
                };
                held_times_are_gone(app, c, by, &[new.chart], None, &dropped)?;
                Some(id)
            }
            _ => None,
        };
        let effect = if appointment.is_some() { DateEffect::Made } else { otherwise };
        let why = if appointment.is_some() { "" } else { planned.fate.word() };
        days.push(SeriesDate { on: planned.on, effect, appointment, why: why.to_owned() });
    }
    Ok(days)
}

fn count(days: &[SeriesDate], effect: DateEffect) -> usize {
    days.iter().filter(|day| day.effect == effect).count()
}

fn note(
    c: &mut Scoped<'_>,
    by: &By,
    action: AppointmentAction,
    chart: ChartId,
    details: serde_json::Value,
) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).on_chart(&chart).with(details))
}

/// Tells everybody who sees them of several appointments by one mail.
fn tell(
    app: &App,
    c: &mut Scoped<'_>,
    all: &[Appointment],
    news: impl for<'a> Fn(&'a [Appointment]) -> News<'a>,
) -> Result<(), Fault> {
    let Some((first, more)) = all.split_first() else { return Ok(()) };
    let parties = parties_of(c, first.appointment_id)?;
    mails::tell_clients(app, c, first, &parties, news(more))
}

/// Makes a series in the caller's transaction, if its days are as they were shown.
pub fn make_in(app: &App, c: &mut Scoped<'_>, by: &By, new: &NewSeries, shown: &str) -> Made<SeriesId> {
    if chart_state(c, new.chart)?.is_none() {
        return Ok(Err(NotBooked::NotFound.into()));
    }
    calendar::hold(c, &[Resource::staff(new.staff), Resource::chart(new.chart)])?;
    let plan = match preview(c, new)? {
        Ok(plan) => plan,
        Err(why) => return Ok(Err(why.into())),
    };
    if fingerprint(&plan, new) != shown {
        return Ok(Err(NotMade::NotAsShown(plan)));
    }
    if !plan.iter().any(|day| day.fate.is_free()) {
        return Ok(Err(NotMade::Nothing));
    }
    let id = SeriesId::fresh(c.rng(), c.now());
    let days = book_days(app, c, by, new, &plan, DateEffect::Skipped)?;
    let until = plan.last().map_or(new.starts_on, |day| day.on);
    store::insert(c, id, new, until, None)?;
    store::insert_days(c, id, &days)?;
    plan_extension(c, id)?;
    let details = serde_json::json!({
        "series": id, "rule": new.rule.to_string(),
        "made": count(&days, DateEffect::Made), "skipped": count(&days, DateEffect::Skipped),
    });
    note(c, by, AppointmentAction::SeriesMade, new.chart, details)?;
    let made: Vec<Appointment> = of_series(c, id)?.into_iter().map(|one| one.appointment).collect();
    tell(app, c, &made, |more| News::Booked { answers: None, more })?;
    Ok(Ok(id))
}

/// Makes a series. The same form sent twice makes one.
pub async fn make(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewSeries,
    shown: String,
    mark: FormToken,
) -> Made<SeriesId> {
    let (this, chart) = (app.clone(), new.chart);
    let outcome = app
        .db
        .write_alone(scope, move |c| made_once(c, &mark, |c| make_in(&this, c, &by, &new, &shown)))
        .await?;
    Ok(outcome.inspect(|_| changed(app, scope, &chart)))
}

/// When there is more of a series to book: on the day on which its next day comes near enough, tomorrow at the earliest.
fn next_turn(series: &Series, now: Timestamp) -> Option<Timestamp> {
    let made = &series.made;
    let days = made.rule.dates(made.starts_on, days_later(series.made_until, LOOKED_AHEAD));
    let next = days.into_iter().find(|day| *day > series.made_until)?;
    let near = first_moment(days_later(next, -DAYS_AHEAD).at(0, 0, 0, 0), series.place.time_zone.rules())?;
    Some(near.max(now.plus_hours(24)))
}

/// Plans booking more of a series, or nothing where it is over.
fn plan_extension(c: &mut Scoped<'_>, id: SeriesId) -> Result<(), Fault> {
    jobs::cancel(c, &[JobKind::SeriesExtend], &[id.uuid()])?;
    let series = find_series(c, id)?.filter(|series| series.state == SeriesState::Active);
    let now = c.now();
    match series.and_then(|series| next_turn(&series, now)) {
        Some(due_at) => jobs::plan(c, &[NewJob { kind: JobKind::SeriesExtend, subject: id.uuid(), due_at }]),
        None => Ok(()),
    }
}

/// Books more of the series that these jobs are about.
pub fn extend(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    jobs.iter().map(|job| extend_one(app, c, SeriesId::from_uuid(job.subject))).collect()
}

fn extend_one(app: &App, c: &mut Scoped<'_>, id: SeriesId) -> Result<JobOutcome, Fault> {
    let found = find_series(c, id)?;
    let Some(mut series) = found.filter(|of| next_state(of.state, SeriesEvent::Extend).is_some()) else {
        return Ok(JobOutcome::unchanged(Next::Done));
    };
    let now = c.now();
    // A closed chart may be opened again.
    if chart_state(c, series.made.chart)?.as_deref() != Some("open") {
        return Ok(JobOutcome::unchanged(Next::At(now.plus_hours(24))));
    }
    let today = now.in_zone(series.place.time_zone.rules()).date();
    let mut ahead = days_ahead(&series.made.rule, series.made.starts_on, today);
    ahead.retain(|day| *day > series.made_until);
    let Some(last) = ahead.last().copied() else {
        let next = next_turn(&series, now).map_or(Next::Done, Next::At);
        return Ok(JobOutcome::unchanged(next));
    };
    let new = series.made.clone();
    calendar::hold(c, &[Resource::staff(new.staff), Resource::chart(new.chart)])?;
    let by = By::system();
    let days = match plan_days(c, &new, &ahead)? {
        Ok(plan) => book_days(app, c, &by, &new, &plan, DateEffect::Conflict)?,
        // The clinician has left, or nothing more is booked at the place.
        Err(_) => {
            let conflict = |on: &Date| SeriesDate {
                on: *on,
                effect: DateEffect::Conflict,
                appointment: None,
                why: "closed".to_owned(),
            };
            ahead.iter().map(conflict).collect()
        }
    };
    store::insert_days(c, id, &days)?;
    if !store::save_made_until(c, &series, last)? {
        return Err(Fault::lost_race("a series was changed while more of it was booked"));
    }
    let details = serde_json::json!({
        "series": id, "made": count(&days, DateEffect::Made), "conflicts": count(&days, DateEffect::Conflict),
    });
    note(c, &by, AppointmentAction::SeriesExtended, new.chart, details)?;
    series.made_until = last;
    let next = next_turn(&series, now).map_or(Next::Done, Next::At);
    Ok(JobOutcome { next, changed: Some(new.chart) })
}

/// Holds everybody who has a part in these appointments, in the one order in which all hold them.
fn hold_all(c: &mut Scoped<'_>, chart: ChartId, more: &[StaffId], all: &[OfSeries]) -> Result<(), Fault> {
    let of_staff = all.iter().map(|one| one.appointment.staff_id).chain(more.iter().copied());
    let mut resources: Vec<Resource> = of_staff.map(Resource::staff).collect();
    resources.push(Resource::chart(chart));
    calendar::hold(c, &resources)
}

/// The appointments of a series from a day on that are booked and have not begun.
fn to_come(c: &mut Scoped<'_>, id: SeriesId, from: Date) -> Result<Vec<OfSeries>, Fault> {
    let now = c.now();
    let mut all = of_series(c, id)?;
    all.retain(|one| one.on >= from && one.appointment.is_to_come(now) && one.party == PartyState::Expected);
    Ok(all)
}

/// What was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// On this chart.
    pub chart: ChartId,
    /// How many appointments were canceled.
    pub canceled: usize,
}

/// Ends a series before a day, in the caller's transaction: what is booked from then on is canceled, and its clients get
/// one mail of it all.
pub fn end_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: SeriesId,
    from: Date,
    why: &Cancellation,
) -> Made<Ended> {
    let Some(series) = find_series(c, id)? else { return Ok(Err(NotBooked::NotFound.into())) };
    if next_state(series.state, SeriesEvent::End).is_none() {
        return Ok(Err(NotMade::Ended));
    }
    let chart = series.made.chart;
    let all = to_come(c, id, from)?;
    hold_all(c, chart, &[], &all)?;
    let mut canceled = Vec::new();
    for one in &all {
        match cancel_only(c, by, one.appointment.appointment_id, why)? {
            Ok(done) => canceled.push(done.after),
            // Somebody was faster: a client canceled it, or it has begun.
            Err(NotBooked::LifeCycle(Refusal::Canceled | Refusal::Over | Refusal::Noted)) => {}
            Err(why) => return Ok(Err(why.into())),
        }
    }
    if !store::save_ended(c, &series, days_later(from, -1))? {
        return Err(Fault::lost_race("a series was changed while it was ended"));
    }
    jobs::cancel(c, &[JobKind::SeriesExtend], &[id.uuid()])?;
    let details = serde_json::json!({
        "series": id, "from": from.to_string(), "canceled": canceled.len(), "reason": why.reason,
    });
    note(c, by, AppointmentAction::SeriesEnded, chart, details)?;
    tell(app, c, &canceled, |more| News::Canceled { more })?;
    if let Some((first, more)) = canceled.split_first() {
        mails::tell_clinician(app, c, by, first, more)?;
    }
    Ok(Ok(Ended { chart, canceled: canceled.len() }))
}

/// Ends a series before a day.
pub async fn end(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: SeriesId,
    from: Date,
    why: Cancellation,
) -> Made<Ended> {
    let this = app.clone();
    let outcome = app.db.write_alone(scope, move |c| end_in(&this, c, &by, id, from, &why)).await?;
    Ok(outcome.inspect(|ended| changed(app, scope, &ended.chart)))
}

/// What a series is changed to, from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first day that changes.
    pub from: Date,
    /// When, by the clock of the place.
    pub time: Time,
    /// How long each takes.
    pub minutes: i32,
    /// Where.
    pub place: PlaceId,
    /// With whom.
    pub staff: StaffId,
}

/// An appointment that would get another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// As it is.
    pub now: Appointment,
    /// As it would be.
    pub planned: Planned,
}

/// Has a series a day that is not before this one?
fn goes_on(made: &NewSeries, from: Date) -> bool {
    let days = made.rule.dates(made.starts_on, days_later(from.max(made.starts_on), LOOKED_AHEAD));
    days.last().is_some_and(|last| *last >= from)
}

/// The series of a clinician that have a day ahead.
pub fn with_staff(c: &mut Scoped<'_>, staff: StaffId) -> Result<Vec<SeriesOf>, Fault> {
    let now = c.now();
    let mut all = store::going_on_with(c, staff)?;
    all.retain(|of| goes_on(&of.series.made, now.in_zone(of.series.place.time_zone.rules()).date()));
    Ok(all)
}

/// What a change would be: of each appointment that still has the time of the series. One that was moved by itself, or
/// canceled, stays as it is. Writes nothing.
pub fn preview_change(c: &mut Scoped<'_>, id: SeriesId, to: Change) -> Made<(Series, Vec<Moving>)> {
    let Some(series) = find_series(c, id)? else { return Ok(Err(NotBooked::NotFound.into())) };
    if next_state(series.state, SeriesEvent::Change).is_none() {
        return Ok(Err(NotMade::Ended));
    }
    let Some(place) = find_place(c, to.place)? else { return Ok(Err(NotBooked::NoPlace.into())) };
    let made = &series.made;
    if !goes_on(made, to.from) {
        return Ok(Err(NotMade::Nothing));
    }
    let mut all = Vec::new();
    for one in to_come(c, id, to.from)? {
        let usual = moment_of(one.on, made.time, series.place.time_zone.rules());
        let is_usual = usual.is_some_and(|(at, _)| at == one.appointment.starts_at)
            && one.appointment.minutes() == i64::from(made.minutes)
            && one.appointment.place.place_id == made.place
            && one.appointment.staff_id == made.staff;
        if !is_usual {
            continue;
        }
        let Some((starts_at, clock)) = moment_of(one.on, to.time, place.time_zone.rules()) else {
            return Ok(Err(NotBooked::TooFar.into()));
        };
        let slot = Slot { starts_at, minutes: to.minutes, place: to.place, staff: to.staff };
        match fate_of(c, made.chart, slot, Some(&one.appointment))? {
            Ok(fate) => all.push(Moving {
                now: one.appointment,
                planned: Planned { on: one.on, starts_at, clock, fate },
            }),
            Err(why) => return Ok(Err(why.into())),
        }
    }
    Ok(Ok((series, all)))
}

/// The fingerprint of a change that was shown.
pub fn fingerprint_of_change(all: &[Moving], to: Change) -> String {
    let plan: Vec<Planned> = all.iter().map(|moving| moving.planned.clone()).collect();
    fingerprint(&plan, &to)
}

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The series that goes on: the same one, where it was changed from its first day on.
    pub series: SeriesId,
    /// On this chart.
    pub chart: ChartId,
}

/// Changes a series from a day on, in the caller's transaction. The appointments stay the same ones, also in the client's
/// calendar; one whose new time is taken keeps its old one. The old series ends the day before, and a new one goes on from it; from the first day on
/// it is the same series.
pub fn change_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    id: SeriesId,
    to: Change,
    shown: &str,
) -> Made<Changed> {
    let Some(known) = find_series(c, id)? else { return Ok(Err(NotBooked::NotFound.into())) };
    let chart = known.made.chart;
    let people = to_come(c, id, to.from)?;
    hold_all(c, chart, &[to.staff, known.made.staff], &people)?;
    let (series, all) = match preview_change(c, id, to)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    if fingerprint_of_change(&all, to) != shown {
        return Ok(Err(NotMade::NotAsShown(all.into_iter().map(|moving| moving.planned).collect())));
    }
    let mut moved = Vec::new();
    for moving in all.iter().filter(|moving| moving.planned.fate.is_free()) {
        let slot = Slot {
            starts_at: moving.planned.starts_at,
            minutes: to.minutes,
            place: to.place,
            staff: to.staff,
        };
        let parties = parties_of(c, moving.now.appointment_id)?;
        match give_time(app, c, by, (&moving.now, &parties), slot, OverHolds::Refused)? {
            Ok(after) => moved.push((moving.now.clone(), after)),
            Err(_) => {
                return Err(Fault::lost_race("a day of a series was taken while its people were held"));
            }
        }
    }
    let next = NewSeries {
        time: to.time,
        minutes: to.minutes,
        place: to.place,
        staff: to.staff,
        ..series.made.clone()
    };
    let first = series.made.rule.dates(series.made.starts_on, to.from).first().copied();
    let goes_on = if first.is_none_or(|first| first >= to.from) {
        if !store::save_slot(c, &series, &next)? {
            return Err(Fault::lost_race("a series was changed by somebody else"));
        }
        id
    } else {
        split(c, &series, next, to.from)?
    };
    plan_extension(c, goes_on)?;
    let details = serde_json::json!({
        "series": id, "goes_on_as": goes_on, "from": to.from.to_string(), "moved": moved.len(),
    });
    note(c, by, AppointmentAction::SeriesChanged, chart, details)?;
    if let Some((before, _)) = moved.first() {
        let after: Vec<Appointment> = moved.iter().map(|(_, after)| after.clone()).collect();
        let parties = parties_of(c, before.appointment_id)?;
        mails::tell_clients(app, c, &after[0], &parties, News::Moved { from: before, more: &after[1..] })?;
    }
    Ok(Ok(Changed { series: goes_on, chart }))
}

/// Gives a series to another clinician from today on, in the caller's transaction. An appointment for which the other one has
/// no time stays where it is.
pub fn give_to(app: &App, c: &mut Scoped<'_>, by: &By, of: &Series, staff: StaffId) -> Made<Changed> {
    let made = &of.made;
    let from = c.now().in_zone(of.place.time_zone.rules()).date();
    let to = Change { from, time: made.time, minutes: made.minutes, place: made.place, staff };
    // Whoever moves one of them meanwhile goes first, or after.
    let people = to_come(c, of.series_id, from)?;
    hold_all(c, made.chart, &[staff, made.staff], &people)?;
    let shown = match preview_change(c, of.series_id, to)? {
        Ok((_, all)) => fingerprint_of_change(&all, to),
        Err(why) => return Ok(Err(why)),
    };
    change_in(app, c, by, of.series_id, to, &shown)
}

/// Books no more of a series, in the caller's transaction. What is booked stays so.
pub fn stop(c: &mut Scoped<'_>, by: &By, of: &Series) -> Result<(), Fault> {
    if next_state(of.state, SeriesEvent::End).is_none() {
        return Ok(());
    }
    if !store::save_ended(c, of, of.made_until)? {
        return Err(Fault::lost_race("a series was changed while it was ended"));
    }
    jobs::cancel(c, &[JobKind::SeriesExtend], &[of.series_id.uuid()])?;
    let details = serde_json::json!({ "series": of.series_id, "from": days_later(of.made_until, 1).to_string(), "canceled": 0 });
    note(c, by, AppointmentAction::SeriesEnded, of.made.chart, details)
}

/// Ends the old series the day before, and writes the one that goes on, with what became of its days so far.
fn split(c: &mut Scoped<'_>, old: &Series, mut next: NewSeries, from: Date) -> Result<SeriesId, Fault> {
    let before = next.rule.dates(next.starts_on, days_later(from, -1)).len();
    if let RuleEnd::Count(all) = next.rule.end {
        next.rule.end = RuleEnd::Count(all.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX)).max(1));
    }
    // A rule that names no day takes that of its beginning, and counts its weeks and months from there: both from the first day
    // of its own that changes.
    let days = old.made.rule.dates(old.made.starts_on, days_later(from, LOOKED_AHEAD));
    next.starts_on = days.into_iter().find(|day| *day >= from).unwrap_or(from);
    let id = SeriesId::fresh(c.rng(), c.now());
    store::insert(c, id, &next, old.made_until, Some(old.series_id))?;
    store::hand_over_days(c, old.series_id, from, id)?;
    if !store::save_ended(c, old, days_later(from, -1))? {
        return Err(Fault::lost_race("a series was changed by somebody else"));
    }
    jobs::cancel(c, &[JobKind::SeriesExtend], &[old.series_id.uuid()])?;
    Ok(id)
}

/// Changes a series from a day on.
pub async fn change(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: SeriesId,
    to: Change,
    shown: String,
) -> Made<Changed> {
    let this = app.clone();
    let outcome = app.db.write_alone(scope, move |c| change_in(&this, c, &by, id, to, &shown)).await?;
    Ok(outcome.inspect(|done| changed(app, scope, &done.chart)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_cell_of_the_series_table() {
        use SeriesState::{Active, Ended};
        for (state, event, wanted) in [
            (Active, SeriesEvent::Extend, Some(Active)),
            (Active, SeriesEvent::Change, Some(Active)),
            (Active, SeriesEvent::End, Some(Ended)),
            (Ended, SeriesEvent::Extend, None),
            (Ended, SeriesEvent::Change, None),
            (Ended, SeriesEvent::End, None),
        ] {
            assert_eq!(next_state(state, event), wanted, "{event:?} of {state:?}");
        }
    }

    #[test]
    fn case_13_a_time_that_the_clocks_jump_over_is_later_on_that_day_alone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let said = |day: i8| {
            let (at, clock) = moment_of(date(2027, 3, day), Time::constant(2, 30, 0, 0), &zone).unwrap();
            (at.in_zone(&zone).strftime("%H:%M").to_string(), clock)
        };
        assert_eq!(said(13), ("02:30".to_owned(), ClockReading::Once));
        assert_eq!(said(14), ("03:30".to_owned(), ClockReading::Shifted));
        assert_eq!(said(15), ("02:30".to_owned(), ClockReading::Once));
        let (at, clock) = moment_of(date(2026, 11, 1), Time::constant(1, 30, 0, 0), &zone).unwrap();
        assert_eq!((at.to_string().as_str(), clock), ("2026-11-01T05:30:00Z", ClockReading::Twice));
    }

    #[test]
    fn no_more_than_a_hundred_days_of_the_next_twelve_months_are_booked() {
        let rule = |text: &str| text.parse::<Rule>().unwrap();
        let today = date(2026, 11, 30);
        assert_eq!(days_ahead(&rule("FREQ=DAILY"), today, today).len(), MOST_AHEAD);
        assert_eq!(days_ahead(&rule("FREQ=WEEKLY"), date(2026, 12, 7), today).len(), 52);
        assert_eq!(days_ahead(&rule("FREQ=WEEKLY;COUNT=10"), date(2026, 11, 2), today).len(), 6);
    }
}
