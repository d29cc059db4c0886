//! The rows of types of appointments, and of when people are available.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use diesel::prelude::*;
use jiff::civil::{Date, DateTime, Weekday};

use crate::features::calendar::kinds::{DayEffect, OneCancels, Seats, VisitKind, WhoMayAsk};
use crate::features::calendar::openings::{DayHours, Rules, TimeOff, WeeklyHours};
use crate::features::practice::Place;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentTypeId, AvailabilityId, PlaceId, StaffId};
use crate::platform::db::schema::{appointment_type, availability, availability_day, time_off};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;

/// Types that a practice can have.
pub const MOST_TYPES: i64 = 50;
/// Weekly hours, single days, and times off that one person can have, of each.
pub const MOST_OF_A_PERSON: i64 = 200;
/// Rows that one search reads of each kind.
const MOST_READ: i64 = 20_000;

/// What is written of a type of appointment.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = appointment_type)]
pub struct TypeFields {
    /// What kind of visit it is.
    pub kind: VisitKind,
    /// What clients and staff call it.
    pub name: String,
    /// How long it takes.
    pub minutes: i32,
    /// How long before it nothing is booked …
    pub before_minutes: i32,
    /// … and how long after it.
    pub after_minutes: i32,
    /// Beginnings are multiples of so many minutes on the clock.
    pub grid_minutes: i32,
    /// Hours between the asking and the beginning, at least.
    pub notice_hours: i32,
    /// Days ahead that are open, at most.
    pub horizon_days: i32,
    /// Who may ask for it in the portal.
    pub who_may_ask: WhoMayAsk,
    /// How many clients come together, at most.
    pub max_parties: i32,
    /// What becomes of it when one of several cancels.
    pub one_cancels: OneCancels,
}

impl TypeFields {
    /// Seats of an appointment of this type.
    pub fn seats(&self) -> Seats {
        Seats { most: self.max_parties, one_cancels: self.one_cancels }
    }
}

/// A type of appointment.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = appointment_type)]
pub struct AppointmentType {
    /// The type.
    pub type_id: AppointmentTypeId,
    /// What is written of it.
    #[diesel(embed)]
    pub fields: TypeFields,
    /// Since when it is not offered any more.
    pub closed_at: Option<Timestamp>,
    /// Counts changes.
    pub version: i64,
}

impl Deref for AppointmentType {
    type Target = TypeFields;

    fn deref(&self) -> &TypeFields {
        &self.fields
    }
}

/// Every type, those first that are offered, then by name.
pub fn types(c: &mut Scoped<'_>) -> Result<Vec<AppointmentType>, Fault> {
    let mut all: Vec<AppointmentType> = c
        .rows(appointment_type::table)
        .order(appointment_type::name.asc())
        .limit(MOST_TYPES)
        .select(AppointmentType::as_select())
        .load(c)?;
    all.sort_by_key(|each| each.closed_at.is_some());
    Ok(all)
}

/// One type; `None` if this practice has no such type.
pub fn find_type(c: &mut Scoped<'_>, id: AppointmentTypeId) -> Result<Option<AppointmentType>, Fault> {
    c.rows(appointment_type::table)
        .filter(appointment_type::type_id.eq(id))
        .select(AppointmentType::as_select())
        .optional(c)
}

/// Adds a type.
pub fn insert_type(c: &mut Scoped<'_>, new: &TypeFields) -> Result<AppointmentTypeId, Fault> {
    let id = AppointmentTypeId::fresh(c.rng(), c.now());
    c.insert(
        appointment_type::table,
        (appointment_type::type_id.eq(id), new, appointment_type::version.eq(1i64)),
    )?;
    Ok(id)
}

/// Writes a type over the version that was read; `false` if somebody else has changed it since.
pub fn save_type(
    c: &mut Scoped<'_>,
    id: AppointmentTypeId,
    to: &TypeFields,
    version: i64,
) -> Result<bool, Fault> {
    let changed = c
        .rows(appointment_type::table)
        .filter(appointment_type::type_id.eq(id))
        .filter(appointment_type::version.eq(version))
        .set((to.clone(), appointment_type::version.eq(version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}

/// Ends a type from a moment on, or offers it again; `false` if somebody else has changed it since.
pub fn set_type_closed(
    c: &mut Scoped<'_>,
    id: AppointmentTypeId,
    closed_at: Option<Timestamp>,
    version: i64,
) -> Result<bool, Fault> {
    let changed = c
        .rows(appointment_type::table)
        .filter(appointment_type::type_id.eq(id))
        .filter(appointment_type::version.eq(version))
        .set((appointment_type::closed_at.eq(closed_at), appointment_type::version.eq(version + 1)))
        .execute(c)?;
    Ok(changed == 1)
}

/// Weekly hours, with the row's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursRow {
    /// The row.
    pub id: AvailabilityId,
    /// The hours.
    pub hours: WeeklyHours,
}

/// Weekly hours to be added.
pub type NewHours = WeeklyHours;
/// A day to be added that differs.
pub type NewDay = DayHours;
/// Time off to be added.
pub type NewClosure = TimeOff;

type HoursColumns = (AvailabilityId, StaffId, PlaceId, i32, i32, i32, i32, String, Option<String>);
type DayColumns = (AvailabilityId, StaffId, Option<PlaceId>, String, DayEffect, i32, i32);
type ClosureColumns = (AvailabilityId, Option<StaffId>, Option<PlaceId>, String, String, String);

fn damaged(what: &str) -> Fault {
    Fault::Damaged(format!("{what} cannot be read"))
}

fn date_of(text: &str) -> Result<Date, Fault> {
    text.parse().map_err(|_| damaged("a day of somebody's hours"))
}

fn hours_row(row: HoursColumns) -> Result<HoursRow, Fault> {
    let (id, staff, place, weekday, from, until, every_weeks, starts_on, ends_on) = row;
    let weekday = i8::try_from(weekday).ok().and_then(|day| Weekday::from_monday_one_offset(day).ok());
    let hours = WeeklyHours {
        staff,
        place,
        weekday: weekday.ok_or_else(|| damaged("a day of the week"))?,
        from,
        until,
        every_weeks,
        starts_on: date_of(&starts_on)?,
        ends_on: ends_on.as_deref().map(date_of).transpose()?,
    };
    Ok(HoursRow { id, hours })
}

/// A day that differs, with the row's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRow {
    /// The row.
    pub id: AvailabilityId,
    /// The day.
    pub day: DayHours,
}

fn day_row((id, staff, place, on, effect, from, until): DayColumns) -> Result<DayRow, Fault> {
    Ok(DayRow { id, day: DayHours { staff, place, on: date_of(&on)?, effect, from, until } })
}

/// Time off, with the row's name and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The row.
    pub id: AvailabilityId,
    /// Whose, where, from, until.
    pub off: TimeOff,
    /// What it is for; staff read it.
    pub note: String,
}

fn closure_row((id, staff, place, from, until, note): ClosureColumns) -> Result<Closure, Fault> {
    let local = |text: String| text.parse::<DateTime>().map_err(|_| damaged("a time off"));
    Ok(Closure { id, off: TimeOff { staff, place, from: local(from)?, until: local(until)? }, note })
}

macro_rules! hours_columns {
    () => {
        (
            availability::availability_id,
            availability::staff_id,
            availability::place_id,
            availability::weekday,
            availability::from_minute,
            availability::until_minute,
            availability::every_weeks,
            availability::starts_on,
            availability::ends_on,
        )
    };
}

macro_rules! day_columns {
    () => {
        (
            availability_day::availability_id,
            availability_day::staff_id,
            availability_day::place_id,
            availability_day::on_date,
            availability_day::effect,
            availability_day::from_minute,
            availability_day::until_minute,
        )
    };
}

macro_rules! closure_columns {
    () => {
        (
            time_off::time_off_id,
            time_off::staff_id,
            time_off::place_id,
            time_off::from_local,
            time_off::until_local,
            time_off::note,
        )
    };
}

/// A person's weekly hours that are not over, by day and time.
pub fn hours_of(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Vec<HoursRow>, Fault> {
    let rows: Vec<HoursColumns> = c
        .rows(availability::table)
        .filter(availability::staff_id.eq(staff))
        .filter(availability::ends_on.is_null().or(availability::ends_on.ge(today.to_string())))
        .order((
            availability::weekday.asc(),
            availability::from_minute.asc(),
            availability::availability_id.asc(),
        ))
        .limit(MOST_OF_A_PERSON)
        .select(hours_columns!())
        .load(c)?;
    rows.into_iter().map(hours_row).collect()
}

/// A person's days that differ and are not over.
pub fn days_of(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Vec<DayRow>, Fault> {
    let rows: Vec<DayColumns> = c
        .rows(availability_day::table)
        .filter(availability_day::staff_id.eq(staff))
        .filter(availability_day::on_date.ge(today.to_string()))
        .order((availability_day::on_date.asc(), availability_day::from_minute.asc()))
        .limit(MOST_OF_A_PERSON)
        .select(day_columns!())
        .load(c)?;
    rows.into_iter().map(day_row).collect()
}

/// A person's time off that is not over.
pub fn closures_of(c: &mut Scoped<'_>, staff: StaffId, today: Date) -> Result<Vec<Closure>, Fault> {
    let rows: Vec<ClosureColumns> = c
        .rows(time_off::table)
        .filter(time_off::staff_id.eq(staff))
        .filter(time_off::until_local.ge(today.to_string()))
        .order((time_off::from_local.asc(), time_off::time_off_id.asc()))
        .limit(MOST_OF_A_PERSON)
        .select(closure_columns!())
        .load(c)?;
    rows.into_iter().map(closure_row).collect()
}

/// Whoever has hours on that day or later: each week, or on a day that differs.
pub fn with_hours(c: &mut Scoped<'_>, from: Date) -> Result<BTreeSet<StaffId>, Fault> {
    let weekly: Vec<StaffId> = c
        .rows(availability::table)
        .filter(availability::ends_on.is_null().or(availability::ends_on.ge(from.to_string())))
        .limit(MOST_READ)
        .select(availability::staff_id)
        .load(c)?;
    let days: Vec<StaffId> = c
        .rows(availability_day::table)
        .filter(availability_day::on_date.ge(from.to_string()))
        .filter(availability_day::effect.eq(DayEffect::Open))
        .limit(MOST_READ)
        .select(availability_day::staff_id)
        .load(c)?;
    Ok(weekly.into_iter().chain(days).collect())
}

/// The days on which the practice or a place of it is closed, and which are not over.
pub fn closures(c: &mut Scoped<'_>, today: Date) -> Result<Vec<Closure>, Fault> {
    let rows: Vec<ClosureColumns> = c
        .rows(time_off::table)
        .filter(time_off::staff_id.is_null())
        .filter(time_off::until_local.ge(today.to_string()))
        .order((time_off::from_local.asc(), time_off::time_off_id.asc()))
        .limit(MOST_OF_A_PERSON)
        .select(closure_columns!())
        .load(c)?;
    rows.into_iter().map(closure_row).collect()
}

/// Closed days and time off that touch the days from the first until the one behind the last.
pub fn closures_between(c: &mut Scoped<'_>, first: Date, until: Date) -> Result<Vec<Closure>, Fault> {
    let rows: Vec<ClosureColumns> = c
        .rows(time_off::table)
        .filter(time_off::until_local.ge(first.to_string()))
        .filter(time_off::from_local.lt(until.to_string()))
        .order((time_off::from_local.asc(), time_off::time_off_id.asc()))
        .limit(MOST_OF_A_PERSON)
        .select(closure_columns!())
        .load(c)?;
    let all: Vec<Closure> = rows.into_iter().map(closure_row).collect::<Result<_, Fault>>()?;
    // What ends at midnight does not touch the day that begins then.
    Ok(all.into_iter().filter(|one| one.off.until > first.at(0, 0, 0, 0)).collect())
}

/// Adds weekly hours.
pub fn add_hours(c: &mut Scoped<'_>, new: &NewHours) -> Result<AvailabilityId, Fault> {
    let id = AvailabilityId::fresh(c.rng(), c.now());
    c.insert(
        availability::table,
        (
            availability::availability_id.eq(id),
            availability::staff_id.eq(new.staff),
            availability::place_id.eq(new.place),
            availability::weekday.eq(i32::from(new.weekday.to_monday_one_offset())),
            availability::from_minute.eq(new.from),
            availability::until_minute.eq(new.until),
            availability::every_weeks.eq(new.every_weeks),
            availability::starts_on.eq(new.starts_on.to_string()),
            availability::ends_on.eq(new.ends_on.map(|date| date.to_string())),
        ),
    )?;
    Ok(id)
}

/// Adds a day that differs.
pub fn add_day(c: &mut Scoped<'_>, new: &NewDay) -> Result<AvailabilityId, Fault> {
    let id = AvailabilityId::fresh(c.rng(), c.now());
    c.insert(
        availability_day::table,
        (
            availability_day::availability_id.eq(id),
            availability_day::staff_id.eq(new.staff),
            availability_day::place_id.eq(new.place),
            availability_day::on_date.eq(new.on.to_string()),
            availability_day::effect.eq(new.effect),
            availability_day::from_minute.eq(new.from),
            availability_day::until_minute.eq(new.until),
        ),
    )?;
    Ok(id)
}

/// Adds time off.
pub fn add_closure(c: &mut Scoped<'_>, new: &NewClosure, note: &str) -> Result<AvailabilityId, Fault> {
    let id = AvailabilityId::fresh(c.rng(), c.now());
    c.insert(
        time_off::table,
        (
            time_off::time_off_id.eq(id),
            time_off::staff_id.eq(new.staff),
            time_off::place_id.eq(new.place),
            time_off::from_local.eq(new.from.to_string()),
            time_off::until_local.eq(new.until.to_string()),
            time_off::note.eq(note),
        ),
    )?;
    Ok(id)
}

/// Removes weekly hours of a person; `false` if there are none by this name.
pub fn remove_hours(c: &mut Scoped<'_>, staff: StaffId, id: AvailabilityId) -> Result<bool, Fault> {
    let removed = c
        .rows(availability::table)
        .filter(availability::availability_id.eq(id))
        .filter(availability::staff_id.eq(staff))
        .delete(c)?;
    Ok(removed == 1)
}

/// Removes a day of a person that differed; `false` if there is none by this name.
pub fn remove_day(c: &mut Scoped<'_>, staff: StaffId, id: AvailabilityId) -> Result<bool, Fault> {
    let removed = c
        .rows(availability_day::table)
        .filter(availability_day::availability_id.eq(id))
        .filter(availability_day::staff_id.eq(staff))
        .delete(c)?;
    Ok(removed == 1)
}

/// Removes time off of a person, or a closure of the practice for none; `false` if there is none by this name.
pub fn remove_closure(c: &mut Scoped<'_>, staff: Option<StaffId>, id: AvailabilityId) -> Result<bool, Fault> {
    let of = c.rows(time_off::table).filter(time_off::time_off_id.eq(id));
    let removed = match staff {
        Some(staff) => of.filter(time_off::staff_id.eq(staff)).delete(c)?,
        None => of.filter(time_off::staff_id.is_null()).delete(c)?,
    };
    Ok(removed == 1)
}

/// When these people are available on days from `first` to `last`, at these places.
pub(super) fn rules(
    c: &mut Scoped<'_>,
    staff: &[StaffId],
    places: &[Place],
    first: Date,
    last: Date,
) -> Result<Rules, Fault> {
    let zones: BTreeMap<_, _> =
        places.iter().map(|place| (place.place_id, place.time_zone.rules().clone())).collect();
    let hours: Vec<HoursColumns> = c
        .rows(availability::table)
        .filter(availability::staff_id.in_list(staff.iter().copied()))
        .filter(availability::ends_on.is_null().or(availability::ends_on.ge(first.to_string())))
        .filter(availability::starts_on.le(last.to_string()))
        .limit(MOST_READ)
        .select(hours_columns!())
        .load(c)?;
    let days: Vec<DayColumns> = c
        .rows(availability_day::table)
        .filter(availability_day::staff_id.in_list(staff.iter().copied()))
        .filter(availability_day::on_date.ge(first.to_string()))
        .filter(availability_day::on_date.le(last.to_string()))
        .limit(MOST_READ)
        .select(day_columns!())
        .load(c)?;
    let off: Vec<ClosureColumns> = c
        .rows(time_off::table)
        .filter(time_off::staff_id.is_null().or(time_off::staff_id.in_list(staff.iter().copied())))
        .filter(time_off::until_local.ge(first.to_string()))
        .filter(time_off::from_local.le(format!("{last}T99")))
        .limit(MOST_READ)
        .select(closure_columns!())
        .load(c)?;
    Ok(Rules {
        hours: hours.into_iter().map(|row| Ok(hours_row(row)?.hours)).collect::<Result<_, Fault>>()?,
        days: days.into_iter().map(|row| Ok(day_row(row)?.day)).collect::<Result<_, Fault>>()?,
        time_off: off.into_iter().map(|row| Ok(closure_row(row)?.off)).collect::<Result<_, Fault>>()?,
        zones,
    })
}
