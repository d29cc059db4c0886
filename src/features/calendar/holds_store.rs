//! Times that are kept for a client who asked for them, or to whom they were offered. A hold keeps other clients away
//! and not staff, and it ends by itself: nobody looks at one that is over.

use diesel::prelude::*;

use crate::features::calendar::months_store::LONGEST_HOURS;
use crate::features::calendar::store::{Resource, ResourceKind};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PracticeId, RequestId, ResourceId, StaffId};
use crate::platform::db::schema::{busy, calendar_hold};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::practice_row;

/// A time of a clinician that is kept for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// For this request.
    pub owner: RequestId,
    /// The client's chart.
    pub chart: ChartId,
    /// Whose time.
    pub staff: StaffId,
    /// From …
    pub starts_at: Timestamp,
    /// … until.
    pub ends_at: Timestamp,
    /// It is over from this moment on.
    pub until: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = calendar_hold, treat_none_as_default_value = false)]
struct HoldRow {
    practice_id: PracticeId,
    resource_id: ResourceId,
    starts_at: Timestamp,
    owner_id: RequestId,
    ends_at: Timestamp,
    chart_id: ChartId,
    hold_until: Timestamp,
}

practice_row!(HoldRow, calendar_hold);

type HoldColumns = (RequestId, ChartId, ResourceId, Timestamp, Timestamp, Timestamp);

fn hold_of((owner, chart, of, starts_at, ends_at, until): HoldColumns) -> Hold {
    Hold { owner, chart, staff: StaffId::from_uuid(of.uuid()), starts_at, ends_at, until }
}

fn resource_of(staff: StaffId) -> ResourceId {
    ResourceId::from_uuid(staff.uuid())
}

macro_rules! columns {
    () => {
        (
            calendar_hold::owner_id,
            calendar_hold::chart_id,
            calendar_hold::resource_id,
            calendar_hold::starts_at,
            calendar_hold::ends_at,
            calendar_hold::hold_until,
        )
    };
}

/// Keeps these times. The caller holds their clinicians, and has looked whether they are free.
pub fn place_holds(c: &mut Scoped<'_>, holds: &[Hold]) -> Result<(), Fault> {
    let practice_id = *c.practice();
    let row = |hold: &Hold| HoldRow {
        practice_id,
        resource_id: resource_of(hold.staff),
        starts_at: hold.starts_at,
        owner_id: hold.owner,
        ends_at: hold.ends_at,
        chart_id: hold.chart,
        hold_until: hold.until,
    };
    let rows: Vec<HoldRow> = holds.iter().map(row).collect();
    c.insert_rows(&rows)
}

/// Keeps nothing for this request any more.
pub fn drop_holds(c: &mut Scoped<'_>, owner: RequestId) -> Result<(), Fault> {
    c.rows(calendar_hold::table).filter(calendar_hold::owner_id.eq(owner)).delete(c)?;
    Ok(())
}

/// What is kept of these people for other clients than this one and touches `[from, until)`.
pub fn held_by_others(
    c: &mut Scoped<'_>,
    staff: &[StaffId],
    chart: Option<ChartId>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Hold>, Fault> {
    let now = c.now();
    let rows: Vec<HoldColumns> = c
        .rows(calendar_hold::table)
        .filter(calendar_hold::resource_id.in_list(staff.iter().map(|id| resource_of(*id))))
        .filter(calendar_hold::starts_at.lt(until))
        .filter(calendar_hold::starts_at.gt(from.plus_hours(-LONGEST_HOURS)))
        .filter(calendar_hold::ends_at.gt(from))
        .filter(calendar_hold::hold_until.gt(now))
        .filter(calendar_hold::chart_id.ne(chart.unwrap_or(ChartId::NIL)))
        .select(columns!())
        .load(c)?;
    Ok(rows.into_iter().map(hold_of).collect())
}

fn staff_of(resources: &[Resource]) -> impl Iterator<Item = ResourceId> {
    resources.iter().filter(|of| of.kind() == ResourceKind::Staff).map(|of| of.id())
}

/// Every hold of these that overlaps `[from, until)`, also those that are over.
pub(super) fn overlapping(
    c: &mut Scoped<'_>,
    resources: &[Resource],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Hold>, Fault> {
    let rows: Vec<HoldColumns> = c
        .rows(calendar_hold::table)
        .filter(calendar_hold::resource_id.in_list(staff_of(resources)))
        .filter(calendar_hold::starts_at.lt(until))
        .filter(calendar_hold::starts_at.gt(from.plus_hours(-LONGEST_HOURS)))
        .filter(calendar_hold::ends_at.gt(from))
        .select(columns!())
        .load(c)?;
    Ok(rows.into_iter().map(hold_of).collect())
}

/// Removes them.
pub(super) fn drop_overlapping(
    c: &mut Scoped<'_>,
    resources: &[Resource],
    from: Timestamp,
    until: Timestamp,
) -> Result<(), Fault> {
    c.rows(calendar_hold::table)
        .filter(calendar_hold::resource_id.in_list(staff_of(resources)))
        .filter(calendar_hold::starts_at.lt(until))
        .filter(calendar_hold::starts_at.gt(from.plus_hours(-LONGEST_HOURS)))
        .filter(calendar_hold::ends_at.gt(from))
        .delete(c)?;
    Ok(())
}

/// How many times each of these people has booked or kept for somebody that begin in `[from, until)`, in their order.
pub fn booked_or_held(
    c: &mut Scoped<'_>,
    staff: &[StaffId],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<usize>, Fault> {
    let now = c.now();
    let ids = || staff.iter().map(|id| resource_of(*id));
    let mut taken: Vec<ResourceId> = c
        .rows(busy::table)
        .filter(busy::resource_id.in_list(ids()))
        .filter(busy::starts_at.ge(from))
        .filter(busy::starts_at.lt(until))
        .select(busy::resource_id)
        .load(c)?;
    let held: Vec<ResourceId> = c
        .rows(calendar_hold::table)
        .filter(calendar_hold::resource_id.in_list(ids()))
        .filter(calendar_hold::starts_at.ge(from))
        .filter(calendar_hold::starts_at.lt(until))
        .filter(calendar_hold::hold_until.gt(now))
        .select(calendar_hold::resource_id)
        .load(c)?;
    taken.extend(held);
    Ok(ids().map(|id| taken.iter().filter(|of| **of == id).count()).collect())
}
