//! What is taken of a clinician's months, in cells of five minutes: a search over a year reads some hundred rows in place
//! of every appointment. [`rebuild`] writes them from the rows of `busy` in the transaction that changes those. A wrong
//! bit could hide or show an opening and never book one, because a claim asks `busy` alone.

use std::ops::RangeInclusive;

use diesel::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::calendar::openings::BusyMonth;
use crate::kernel::cells::{CELL_SECONDS, Cells, Runs};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ResourceId, StaffId};
use crate::kernel::wall_clock::first_moment;
use crate::platform::db::schema::{busy, busy_month, calendar_resource};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;

/// No claim is longer, so that a search for overlaps reads one range of keys.
pub(super) const LONGEST_HOURS: i64 = 24;

/// A month of the calendar in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(i32);

impl Month {
    /// The one in which a moment lies.
    fn of(moment: Timestamp) -> Self {
        let day = moment.in_zone(&TimeZone::UTC).date();
        Self(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Its first moment; an error for a year that no calendar has.
    fn begins(self) -> Result<Timestamp, Fault> {
        let no_month = || Fault::other(format!("{} is no number of a month", self.0));
        let year = i16::try_from(self.0.div_euclid(12)).map_err(|_| no_month())?;
        let month = i8::try_from(self.0.rem_euclid(12) + 1).map_err(|_| no_month())?;
        let first = Date::new(year, month, 1).map_err(|_| no_month())?;
        first_moment(first.at(0, 0, 0, 0), &TimeZone::UTC).ok_or_else(no_month)
    }
}

/// The months that `[from, until)` touches.
fn touched(from: Timestamp, until: Timestamp) -> RangeInclusive<i32> {
    let last = Timestamp::from_micros(until.micros().max(from.micros() + 1) - 1);
    Month::of(from).0..=Month::of(last).0
}

/// Writes the months of one clinician that `[from, until)` touches as `busy` has them now; all of them where none was
/// kept before. Whoever calls it holds the clinician.
pub(super) fn rebuild(
    c: &mut Scoped<'_>,
    clinician: ResourceId,
    (from, until): (Timestamp, Timestamp),
) -> Result<(), Fault> {
    let kept: Option<bool> = c
        .rows(calendar_resource::table)
        .filter(calendar_resource::resource_id.eq(clinician))
        .select(calendar_resource::keeps_months)
        .optional(c)?;
    if kept == Some(true) {
        return touched(from, until).try_for_each(|month| write(c, clinician, Month(month)));
    }
    // Before there were months, appointments were only in `busy`.
    let all: Vec<(Timestamp, Timestamp)> = c
        .rows(busy::table)
        .filter(busy::resource_id.eq(clinician))
        .select((busy::starts_at, busy::ends_at))
        .load(c)?;
    let mut months: Vec<i32> =
        all.into_iter().chain([(from, until)]).flat_map(|(from, until)| touched(from, until)).collect();
    months.sort_unstable();
    months.dedup();
    months.into_iter().try_for_each(|month| write(c, clinician, Month(month)))?;
    c.rows(calendar_resource::table)
        .filter(calendar_resource::resource_id.eq(clinician))
        .set(calendar_resource::keeps_months.eq(true))
        .execute(c)?;
    Ok(())
}

fn write(c: &mut Scoped<'_>, clinician: ResourceId, month: Month) -> Result<(), Fault> {
    let (begins, ends) = (month.begins()?, month.next().begins()?);
    let rows: Vec<(Timestamp, Timestamp)> = c
        .rows(busy::table)
        .filter(busy::resource_id.eq(clinician))
        .filter(busy::starts_at.lt(ends))
        .filter(busy::starts_at.gt(begins.plus_hours(-LONGEST_HOURS)))
        .filter(busy::ends_at.gt(begins))
        .select((busy::starts_at, busy::ends_at))
        .load(c)?;
    let cell =
        |moment: Timestamp| (moment.micros() - begins.micros()).max(0).div_euclid(CELL_SECONDS * 1_000_000);
    let up = |moment: Timestamp| cell(Timestamp::from_micros(moment.micros() + CELL_SECONDS * 1_000_000 - 1));
    let number = |cell: i64| usize::try_from(cell).unwrap_or(0);
    let mut cells = Cells::none(number(cell(ends)));
    for (from, until) in rows {
        cells.add(number(cell(from))..number(up(until)));
    }
    let runs = cells.to_runs();
    let changed = c
        .rows(busy_month::table)
        .filter(busy_month::resource_id.eq(clinician))
        .filter(busy_month::month.eq(month.0))
        .set(busy_month::runs.eq(runs.as_bytes()))
        .execute(c)?;
    if changed == 0 {
        let row = (
            busy_month::resource_id.eq(clinician),
            busy_month::month.eq(month.0),
            busy_month::runs.eq(runs.as_bytes()),
        );
        c.insert(busy_month::table, row)?;
    }
    Ok(())
}

/// What is taken of these clinicians in `[from, until)`, and those whose months are not kept yet.
pub(super) fn months_between(
    c: &mut Scoped<'_>,
    staff: &[StaffId],
    (from, until): (Timestamp, Timestamp),
) -> Result<(Vec<BusyMonth>, Vec<StaffId>), Fault> {
    let ids = || staff.iter().map(|id| ResourceId::from_uuid(id.uuid()));
    let without: Vec<ResourceId> = c
        .rows(calendar_resource::table)
        .filter(calendar_resource::resource_id.in_list(ids()))
        .filter(calendar_resource::keeps_months.eq(false))
        .select(calendar_resource::resource_id)
        .load(c)?;
    let months = touched(from, until);
    let rows: Vec<(ResourceId, i32, Vec<u8>)> = c
        .rows(busy_month::table)
        .filter(busy_month::resource_id.in_list(ids()))
        .filter(busy_month::month.ge(*months.start()))
        .filter(busy_month::month.le(*months.end()))
        .select((busy_month::resource_id, busy_month::month, busy_month::runs))
        .load(c)?;
    let of = |(id, month, runs): (ResourceId, i32, Vec<u8>)| {
        let runs = Runs::from_bytes(runs)
            .ok_or_else(|| Fault::Damaged("what is taken of a month cannot be read".into()))?;
        Ok(BusyMonth { staff: StaffId::from_uuid(id.uuid()), begins: Month(month).begins()?, runs })
    };
    let found: Result<Vec<BusyMonth>, Fault> = rows.into_iter().map(of).collect();
    Ok((found?, without.into_iter().map(|id| StaffId::from_uuid(id.uuid())).collect()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_visit_over_the_turn_of_a_year_touches_two_months() {
        let new_year = Month(2027 * 12).begins().expect("a month");
        assert_eq!(new_year.in_zone(&TimeZone::UTC).date(), date(2027, 1, 1));
        assert_eq!(touched(new_year.plus_hours(-1), new_year), 2026 * 12 + 11..=2026 * 12 + 11);
        assert_eq!(touched(new_year.plus_hours(-1), new_year.plus_seconds(60)), 2026 * 12 + 11..=2027 * 12);
        assert!(Month(i32::MAX).begins().is_err());
    }
}
