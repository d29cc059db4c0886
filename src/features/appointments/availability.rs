//! What is done with people's hours, with time off and closed days, and with types of appointments. One transaction
//! each; it holds the people concerned, as a booking does, so that a booking sees the rules before or after.

use jiff::civil::{Date, DateTime};

use crate::features::appointments::audit::AppointmentAction;
use crate::features::appointments::store::{DayEntry, DayOf, day_of};
use crate::features::calendar::openings::TimeOff;
use crate::features::calendar::{
    self, AppointmentType, Closure, DayRow, HoursRow, MOST_OF_A_PERSON, MOST_TYPES, NewDay, NewHours,
    Resource, TypeFields, clinicians,
};
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, AppointmentTypeId, AvailabilityId, StaffId};
use crate::kernel::wall_clock::{first_moment, last_moment};
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};

/// Why nothing was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// No such row in this practice.
    #[error("not found")]
    NotFound,
    /// There are as many as there can be.
    #[error("there are too many")]
    TooMany,
    /// These are booked then; they stay where they are, and whoever enters it has to see them first.
    #[error("there are appointments then")]
    Booked(Vec<DayEntry>),
    /// They overlap with these weekly hours at the same place.
    #[error("there are such hours already")]
    HoursOverlap(HoursRow),
    /// The same is said already of this day and time.
    #[error("there is such a day already")]
    DayOverlaps(DayRow),
    /// Somebody else has changed it since.
    #[error("it was changed meanwhile")]
    Stale,
}

/// The outcome, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotKept>, Fault>;

fn note(
    c: &mut Scoped<'_>,
    by: &By,
    action: AppointmentAction,
    details: serde_json::Value,
) -> Result<(), Fault> {
    audit::record(c, Event::new(by.clone(), action).with(details))
}

fn without_id<T>(made: Result<T, NotKept>) -> Result<(), NotKept> {
    made.map(drop)
}

fn is_full(known: usize, new: usize) -> bool {
    known + new > usize::try_from(MOST_OF_A_PERSON).unwrap_or(usize::MAX)
}

/// Adds weekly hours to one person. The same form sent twice adds them once.
pub async fn add_hours(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    staff: StaffId,
    new: Vec<NewHours>,
    mark: FormToken,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            made_once(c, &mark, |c| {
                calendar::hold(c, &[Resource::staff(staff)])?;
                let today = practice::load(c)?.today(c.now());
                let known = calendar::hours_of(c, staff, today)?;
                if is_full(known.len(), new.len()) {
                    return Ok(Err(NotKept::TooMany));
                }
                let overlaps = |row: &HoursRow| new.iter().any(|hours| hours.overlap(&row.hours));
                if let Some(row) = known.into_iter().find(overlaps) {
                    return Ok(Err(NotKept::HoursOverlap(row)));
                }
                for hours in &new {
                    let id = calendar::add_hours(c, hours)?;
                    let details = serde_json::json!({ "availability": id, "staff": staff });
                    note(c, &by, AppointmentAction::HoursAdded, details)?;
                }
                Ok(Ok(staff))
            })
        })
        .await
        .map(without_id)
}

/// Adds a day of one person that differs from their weekly hours.
pub async fn add_day(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewDay,
    mark: FormToken,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            made_once(c, &mark, |c| {
                calendar::hold(c, &[Resource::staff(new.staff)])?;
                let today = practice::load(c)?.today(c.now());
                let known = calendar::days_of(c, new.staff, today)?;
                if is_full(known.len(), 1) {
                    return Ok(Err(NotKept::TooMany));
                }
                if let Some(row) = known.into_iter().find(|row| new.overlap(&row.day)) {
                    return Ok(Err(NotKept::DayOverlaps(row)));
                }
                let id = calendar::add_day(c, &new)?;
                let details = serde_json::json!({ "availability": id, "staff": new.staff });
                note(c, &by, AppointmentAction::DayAdded, details)?;
                Ok(Ok(id))
            })
        })
        .await
        .map(without_id)
}

/// Time off of one person, or closed days of a place or of the practice.
#[derive(Clone, Debug)]
pub struct NewTimeOff {
    /// Whose, where, from, until.
    pub off: TimeOff,
    /// What it is for.
    pub note: String,
    /// The appointments in it that were shown.
    pub seen: Vec<AppointmentId>,
}

/// Adds time off. Nothing that is booked is canceled by it: who enters it sees the list first, and the appointments
/// stay, marked as needing to be moved.
pub async fn add_time_off(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewTimeOff,
    mark: FormToken,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            made_once(c, &mark, |c| {
                let today = practice::load(c)?.today(c.now());
                let (concerned, known, action) = match new.off.staff {
                    Some(staff) => {
                        let known = calendar::closures_of(c, staff, today)?.len();
                        (vec![Resource::staff(staff)], known, AppointmentAction::TimeOffAdded)
                    }
                    None => {
                        let everybody = clinicians(c)?;
                        let everybody = everybody.into_iter().map(|(id, _)| Resource::staff(id)).collect();
                        (everybody, calendar::closures(c, today)?.len(), AppointmentAction::ClosureAdded)
                    }
                };
                calendar::hold(c, &concerned)?;
                if is_full(known, 1) {
                    return Ok(Err(NotKept::TooMany));
                }
                let booked = booked_in(c, &new.off)?;
                if booked.iter().any(|entry| !new.seen.contains(&entry.appointment.appointment_id)) {
                    return Ok(Err(NotKept::Booked(booked)));
                }
                let id = calendar::add_closure(c, &new.off, &new.note)?;
                note(c, &by, action, serde_json::json!({ "time_off": id, "staff": new.off.staff }))?;
                Ok(Ok(id))
            })
        })
        .await
        .map(without_id)
}

/// A row that is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Weekly hours of somebody.
    Hours(StaffId, AvailabilityId),
    /// A day that differed.
    Day(StaffId, AvailabilityId),
    /// Time off.
    TimeOff(StaffId, AvailabilityId),
    /// Closed days.
    Closure(AvailabilityId),
}

/// Takes it away; what is gone already is gone.
pub async fn remove(app: &AppState, scope: &PracticeScope, by: By, what: Removal) -> Result<(), Fault> {
    app.db
        .write(scope, move |c| {
            let (id, staff, is_removed, action) = match what {
                Removal::Hours(staff, id) => {
                    let removed = calendar::remove_hours(c, staff, id)?;
                    (id, Some(staff), removed, AppointmentAction::HoursRemoved)
                }
                Removal::Day(staff, id) => {
                    let removed = calendar::remove_day(c, staff, id)?;
                    (id, Some(staff), removed, AppointmentAction::DayRemoved)
                }
                Removal::TimeOff(staff, id) => {
                    let removed = calendar::remove_closure(c, Some(staff), id)?;
                    (id, Some(staff), removed, AppointmentAction::TimeOffRemoved)
                }
                Removal::Closure(id) => {
                    let removed = calendar::remove_closure(c, None, id)?;
                    (id, None, removed, AppointmentAction::ClosureRemoved)
                }
            };
            if is_removed {
                note(c, &by, action, serde_json::json!({ "removed": id, "staff": staff }))?;
            }
            Ok(())
        })
        .await
}

/// A moment that lies before every beginning of a local time, and one behind every end: no clock is further from UTC
/// than a day.
fn around(off: &TimeOff) -> Option<(Timestamp, Timestamp)> {
    let utc = jiff::tz::TimeZone::UTC;
    Some((first_moment(off.from, &utc)?.plus_hours(-48), last_moment(off.until, &utc)?.plus_hours(24)))
}

fn lies_in(off: &TimeOff, entry: &DayEntry) -> bool {
    let of = &entry.appointment;
    let zone = of.place.time_zone.rules();
    let concerns = off.staff.is_none_or(|staff| staff == of.staff_id)
        && off.place.is_none_or(|place| place == of.place.place_id);
    let moments = first_moment(off.from, zone).zip(last_moment(off.until, zone));
    concerns && moments.is_some_and(|(from, until)| of.starts_at < until && of.ends_at > from)
}

/// What is booked in a time off and lies ahead.
fn booked_in(c: &mut Scoped<'_>, off: &TimeOff) -> Result<Vec<DayEntry>, Fault> {
    let Some((from, until)) = around(off) else { return Ok(Vec::new()) };
    let of = off.staff.map_or(DayOf::Everybody, DayOf::Clinician);
    let from = from.max(c.now());
    let mut booked = if from < until { day_of(c, of, from, until)? } else { Vec::new() };
    booked.retain(|entry| lies_in(off, entry));
    Ok(booked)
}

/// The appointments of a person that lie in a time off of theirs, or in closed days: they need moving.
pub fn needs_moving(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Vec<DayEntry>, Fault> {
    let mut all: Vec<Closure> = calendar::closures_of(c, staff, today)?;
    all.extend(calendar::closures(c, today)?);
    let mut found: Vec<DayEntry> = Vec::new();
    let until: Option<DateTime> = all.iter().map(|closure| closure.off.until).max();
    if let Some(until) = until {
        let now = c.now();
        let end = last_moment(until, &jiff::tz::TimeZone::UTC).map_or(now, |end| end.plus_hours(24));
        let of = DayOf::Clinician(staff);
        let booked = if now < end { day_of(c, of, now, end)? } else { Vec::new() };
        found.extend(
            booked.into_iter().filter(|entry| all.iter().any(|closure| lies_in(&closure.off, entry))),
        );
    }
    Ok(found)
}

/// Adds a type. The same form sent twice adds one.
pub async fn add_type(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: TypeFields,
    mark: FormToken,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            made_once(c, &mark, |c| {
                if i64::try_from(calendar::types(c)?.len()).unwrap_or(MOST_TYPES) >= MOST_TYPES {
                    return Ok(Err(NotKept::TooMany));
                }
                let id = calendar::insert_type(c, &new)?;
                note(c, &by, AppointmentAction::TypeAdded, serde_json::json!({ "type": id }))?;
                Ok(Ok(id))
            })
        })
        .await
        .map(without_id)
}

/// Changes a type.
pub async fn change_type(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentTypeId,
    to: TypeFields,
    version: i64,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            if calendar::find_type(c, id)?.is_none() {
                return Ok(Err(NotKept::NotFound));
            }
            if !calendar::save_type(c, id, &to, version)? {
                return Ok(Err(NotKept::Stale));
            }
            note(c, &by, AppointmentAction::TypeChanged, serde_json::json!({ "type": id }))?;
            Ok(Ok(()))
        })
        .await
}

/// What becomes of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is not offered any more; what is booked stays.
    End,
    /// It is offered again.
    Again,
}

/// Ends a type or offers it again; done before is done.
pub async fn set_offer(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AppointmentTypeId,
    to: Offer,
) -> Outcome<()> {
    app.db
        .write(scope, move |c| {
            let Some(before): Option<AppointmentType> = calendar::find_type(c, id)? else {
                return Ok(Err(NotKept::NotFound));
            };
            let (closed_at, action) = match to {
                Offer::End => (Some(c.now()), AppointmentAction::TypeClosed),
                Offer::Again => (None, AppointmentAction::TypeReopened),
            };
            if before.closed_at.is_some() == closed_at.is_some() {
                return Ok(Ok(()));
            }
            if !calendar::set_type_closed(c, id, closed_at, before.version)? {
                return Err(Fault::lost_race("a type was changed while it was ended or offered again"));
            }
            note(c, &by, action, serde_json::json!({ "type": id }))?;
            Ok(Ok(()))
        })
        .await
}
