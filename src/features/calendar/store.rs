//! The rows of those whose time is taken, and of the time that is.

use diesel::prelude::*;

use crate::features::calendar::months_store::{self, LONGEST_HOURS};
use crate::features::calendar::openings::Busy;
use crate::features::staff::StaffState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AppointmentId, ChartId, PracticeId, ResourceId, StaffId};
use crate::platform::db::schema::{busy, calendar_resource, staff_away, staff_member};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::{Fault, is_duplicate, is_overlap};
use crate::platform::permissions::Role;
use crate::{practice_row, word_enum};

word_enum! {
    /// What can be in one place at a time.
    pub enum ResourceKind {
        /// A staff member.
        Staff = "staff",
        /// The client of a chart.
        Chart = "chart",
    }
}

/// Somebody whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    id: ResourceId,
    kind: ResourceKind,
}

impl Resource {
    /// A staff member.
    pub fn staff(id: StaffId) -> Self {
        Self { id: ResourceId::from_uuid(id.uuid()), kind: ResourceKind::Staff }
    }

    /// The client of a chart.
    pub fn chart(id: ChartId) -> Self {
        Self { id: ResourceId::from_uuid(id.uuid()), kind: ResourceKind::Chart }
    }

    /// What it is.
    pub fn kind(self) -> ResourceKind {
        self.kind
    }

    /// Its id.
    pub(super) fn id(self) -> ResourceId {
        self.id
    }
}

/// A time that somebody has already given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub resource: Resource,
    /// When what they have then begins.
    pub starts_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = busy, treat_none_as_default_value = false)]
struct BusyRow {
    practice_id: PracticeId,
    resource_id: ResourceId,
    starts_at: Timestamp,
    owner_id: AppointmentId,
    ends_at: Timestamp,
    kind: &'static str,
    exclusive: bool,
}

practice_row!(BusyRow, busy);

#[derive(Insertable)]
#[diesel(table_name = calendar_resource, treat_none_as_default_value = false)]
struct ResourceRow {
    practice_id: PracticeId,
    resource_id: ResourceId,
    kind: ResourceKind,
    version: i64,
    keeps_months: bool,
}

practice_row!(ResourceRow, calendar_resource);

/// What others than `owner`, or anybody, have of these and overlaps `[from, until)`; it begins after `earliest`.
pub(super) fn rivals(
    c: &mut Scoped<'_>,
    owner: Option<AppointmentId>,
    resources: &[Resource],
    (earliest, from, until): (Timestamp, Timestamp, Timestamp),
) -> Result<Vec<Taken>, Fault> {
    let rivals: Vec<(ResourceId, Timestamp)> = c
        .rows(busy::table)
        .filter(busy::resource_id.in_list(resources.iter().map(|resource| resource.id)))
        .filter(busy::starts_at.lt(until))
        .filter(busy::starts_at.gt(earliest))
        .filter(busy::ends_at.gt(from))
        .filter(busy::owner_id.ne(owner.unwrap_or(AppointmentId::NIL)))
        .order(busy::starts_at.asc())
        .select((busy::resource_id, busy::starts_at))
        .load(c)?;
    let taken = |(id, starts_at): (ResourceId, Timestamp)| {
        let resource = resources.iter().find(|resource| resource.id == id)?;
        Some(Taken { resource: *resource, starts_at })
    };
    Ok(rivals.into_iter().filter_map(taken).collect())
}

/// Taken times that one search reads: those of 50 clinicians in a year.
const MOST_TAKEN: i64 = 200_000;

/// What these people and the client of a chart have that touches `[from, until)`, but for one appointment.
pub(super) fn busy_between(
    c: &mut Scoped<'_>,
    but_for: Option<AppointmentId>,
    staff: &[StaffId],
    chart: Option<ChartId>,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Busy>, Fault> {
    let of_chart = chart.map(Resource::chart);
    let resources = staff.iter().map(|id| Resource::staff(*id)).chain(of_chart).map(|resource| resource.id);
    let rows: Vec<(ResourceId, Timestamp, Timestamp)> = c
        .rows(busy::table)
        .filter(busy::resource_id.in_list(resources))
        .filter(busy::starts_at.lt(until))
        .filter(busy::starts_at.gt(from.plus_hours(-LONGEST_HOURS)))
        .filter(busy::ends_at.gt(from))
        .filter(busy::owner_id.ne(but_for.unwrap_or(AppointmentId::NIL)))
        .limit(MOST_TAKEN)
        .select((busy::resource_id, busy::starts_at, busy::ends_at))
        .load(c)?;
    let of = |id: ResourceId| match of_chart {
        Some(chart) if chart.id == id => None,
        _ => Some(StaffId::from_uuid(id.uuid())),
    };
    Ok(rows.into_iter().map(|(id, from, until)| Busy { staff: of(id), from, until }).collect())
}

/// When somebody is taken between two moments, in the order of time; what touches or overlaps is one.
pub fn taken_between(
    c: &mut Scoped<'_>,
    staff: StaffId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, Fault> {
    let mut busy = busy_between(c, None, &[staff], None, (from, until))?;
    busy.sort_by_key(|one| one.from);
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for one in busy {
        let (begins, ends) = (one.from.max(from), one.until.min(until));
        match joined.last_mut() {
            Some((_, last)) if begins <= *last => *last = (*last).max(ends),
            _ => joined.push((begins, ends)),
        }
    }
    Ok(joined)
}

/// Writes what an appointment takes.
pub(super) fn take(
    c: &mut Scoped<'_>,
    owner: AppointmentId,
    resources: &[Resource],
    from: Timestamp,
    until: Timestamp,
) -> Result<(), Fault> {
    let practice_id = *c.practice();
    let row = |resource: &Resource| BusyRow {
        practice_id,
        resource_id: resource.id,
        starts_at: from,
        owner_id: owner,
        ends_at: until,
        kind: "appointment",
        exclusive: true,
    };
    let rows: Vec<BusyRow> = resources.iter().map(row).collect();
    match c.insert_rows(&rows) {
        // Something came in past the lock: the unit runs again, and sees it.
        Err(Fault::Database(error)) if is_overlap(&error) => {
            return Err(Fault::lost_race("a time was taken past the lock"));
        }
        other => other?,
    }
    for resource in resources.iter().filter(|resource| resource.kind == ResourceKind::Staff) {
        months_store::rebuild(c, resource.id, (from, until))?;
    }
    Ok(())
}

/// What an appointment has taken, in the order of those it is taken of, and until when each is.
pub(super) fn taken_by(c: &mut Scoped<'_>, owner: AppointmentId) -> Result<Vec<(Taken, Timestamp)>, Fault> {
    let rows: Vec<(ResourceId, Timestamp, Timestamp)> = c
        .rows(busy::table)
        .filter(busy::owner_id.eq(owner))
        .order((busy::resource_id.asc(), busy::starts_at.asc()))
        .select((busy::resource_id, busy::starts_at, busy::ends_at))
        .load(c)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let kinds: Vec<(ResourceId, ResourceKind)> = c
        .rows(calendar_resource::table)
        .filter(calendar_resource::resource_id.in_list(rows.iter().map(|row| row.0)))
        .select((calendar_resource::resource_id, calendar_resource::kind))
        .load(c)?;
    let taken = |(id, starts_at, ends_at)| {
        let (_, kind) = kinds.iter().find(|(known, _)| *known == id)?;
        Some((Taken { resource: Resource { id, kind: *kind }, starts_at }, ends_at))
    };
    Ok(rows.into_iter().filter_map(taken).collect())
}

/// Removes what an appointment has taken.
pub(super) fn give_back(
    c: &mut Scoped<'_>,
    owner: AppointmentId,
    had: &[(Taken, Timestamp)],
) -> Result<(), Fault> {
    c.rows(busy::table)
        .filter(busy::owner_id.eq(owner))
        .filter(busy::resource_id.in_list(had.iter().map(|(taken, _)| taken.resource.id)))
        .delete(c)?;
    let of_staff = had.iter().filter(|(taken, _)| taken.resource.kind == ResourceKind::Staff);
    for (taken, until) in of_staff {
        months_store::rebuild(c, taken.resource.id, (taken.starts_at, *until))?;
    }
    Ok(())
}

/// Holds the resources, which come in the order of their ids, until the end of the transaction. What is read after
/// this sees what every earlier holder has committed.
pub(super) fn lock(c: &mut Scoped<'_>, resources: &[Resource]) -> Result<(), Fault> {
    let ids = || resources.iter().map(|resource| resource.id);
    let known: Vec<ResourceId> = c
        .rows(calendar_resource::table)
        .filter(calendar_resource::resource_id.in_list(ids()))
        .select(calendar_resource::resource_id)
        .load(c)?;
    let practice_id = *c.practice();
    let new: Vec<ResourceRow> = resources
        .iter()
        .filter(|resource| !known.contains(&resource.id))
        .map(|resource| ResourceRow {
            practice_id,
            resource_id: resource.id,
            kind: resource.kind,
            version: 1,
            keeps_months: true,
        })
        .collect();
    match c.insert_rows(&new) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            return Err(Fault::lost_race("two who book somebody for the first time"));
        }
        other => other?,
    }
    for id in ids() {
        c.rows(calendar_resource::table)
            .filter(calendar_resource::resource_id.eq(id))
            .set(calendar_resource::version.eq(calendar_resource::version + 1))
            .execute(c)?;
    }
    Ok(())
}

/// The absence of somebody that touches `[from, until)`: from when until when.
pub(super) fn absence(
    c: &mut Scoped<'_>,
    staff: StaffId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Option<(Timestamp, Timestamp)>, Fault> {
    c.rows(staff_away::table)
        .filter(staff_away::staff_id.eq(staff))
        .filter(staff_away::from_at.lt(until))
        .filter(staff_away::until_at.gt(from))
        .order(staff_away::from_at.asc())
        .select((staff_away::from_at, staff_away::until_at))
        .optional(c)
}

/// With whom an appointment can be made: everybody who sees clients, by name.
pub fn clinicians(c: &mut Scoped<'_>) -> Result<Vec<(StaffId, String)>, Fault> {
    c.rows(staff_member::table)
        .filter(staff_member::state.eq(StaffState::Active))
        .filter(staff_member::role.in_list([Role::Clinician, Role::Administrator]))
        .order((staff_member::role.desc(), staff_member::name.asc()))
        .select((staff_member::staff_id, staff_member::name))
        .load(c)
}
