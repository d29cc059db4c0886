//! The rows of times in which staff read no messages.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::features::staff::StaffState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AwayId, StaffId};
use crate::platform::db::schema::{staff_away, staff_member};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;

/// Absences that are not over, of the whole practice, that a page shows.
pub const MOST: i64 = 200;

/// Time in which a staff member reads no messages.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = staff_away)]
pub struct Away {
    /// Which.
    pub away_id: AwayId,
    /// Who.
    pub staff_id: StaffId,
    /// Who reads and answers meanwhile.
    pub cover_staff_id: Option<StaffId>,
    /// From when …
    pub from_at: Timestamp,
    /// … until when.
    pub until_at: Timestamp,
}

/// Somebody who is away now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwayNow {
    /// Until when.
    pub until_at: Timestamp,
    /// Who reads and answers meanwhile, and their name.
    pub cover: Option<(StaffId, String)>,
}

/// Those for whom a staff member stands in now, nobody for none: the rows of a query inside another.
macro_rules! covered {
    ($c:expr, $staff:expr) => {{
        use crate::platform::db::schema::staff_away;
        let now = $c.now();
        $c.rows(staff_away::table)
            .filter(staff_away::cover_staff_id.eq($staff))
            .filter(staff_away::from_at.le(now))
            .filter(staff_away::until_at.gt(now))
            .select(staff_away::staff_id.nullable())
    }};
}
pub(super) use covered;

/// Those for whom a staff member stands in now.
pub fn covered_by(c: &mut Scoped<'_>, staff: &StaffId) -> Result<Vec<StaffId>, Fault> {
    let found: Vec<Option<StaffId>> = covered!(c, Some(*staff)).limit(MOST).load(c)?;
    Ok(found.into_iter().flatten().collect())
}

/// Those of these people who are away now. Who may no longer sign in stands in for nobody.
pub fn away_of(c: &mut Scoped<'_>, staff: &[StaffId]) -> Result<BTreeMap<StaffId, AwayNow>, Fault> {
    let now = c.now();
    let found: Vec<(StaffId, Timestamp, Option<(StaffId, String)>)> = c
        .rows(staff_away::table)
        .left_join(
            staff_member::table.on(staff_member::practice_id
                .eq(staff_away::practice_id)
                .and(staff_member::staff_id.nullable().eq(staff_away::cover_staff_id))
                .and(staff_member::state.eq(StaffState::Active))),
        )
        .filter(staff_away::staff_id.in_list(staff.iter().copied()))
        .filter(staff_away::from_at.le(now))
        .filter(staff_away::until_at.gt(now))
        .limit(MOST)
        .select((
            staff_away::staff_id,
            staff_away::until_at,
            (staff_member::staff_id, staff_member::name).nullable(),
        ))
        .load(c)?;
    Ok(found.into_iter().map(|(staff, until_at, cover)| (staff, AwayNow { until_at, cover })).collect())
}

/// Every absence that is not over, the next first.
pub fn not_over(c: &mut Scoped<'_>) -> Result<Vec<Away>, Fault> {
    let now = c.now();
    c.rows(staff_away::table)
        .filter(staff_away::until_at.gt(now))
        .order((staff_away::from_at.asc(), staff_away::away_id.asc()))
        .limit(MOST)
        .select(Away::as_select())
        .load(c)
}

/// Adds an absence.
pub fn insert(c: &mut Scoped<'_>, away: &Away, by_name: &str) -> Result<(), Fault> {
    let now = c.now();
    c.insert(
        staff_away::table,
        (
            staff_away::away_id.eq(away.away_id),
            staff_away::staff_id.eq(away.staff_id),
            staff_away::cover_staff_id.eq(away.cover_staff_id),
            staff_away::from_at.eq(away.from_at),
            staff_away::until_at.eq(away.until_at),
            staff_away::set_by_name.eq(by_name.to_owned()),
            staff_away::set_at.eq(now),
        ),
    )
}

/// Removes an absence; `false` if it is gone already.
pub fn remove(c: &mut Scoped<'_>, id: &AwayId) -> Result<bool, Fault> {
    Ok(c.rows(staff_away::table).filter(staff_away::away_id.eq(*id)).delete(c)? == 1)
}

/// Takes somebody's absences in hand until the end of the transaction.
pub fn hold(c: &mut Scoped<'_>, staff: &StaffId) -> Result<(), Fault> {
    c.rows(staff_member::table)
        .filter(staff_member::staff_id.eq(*staff))
        .set(staff_member::version.eq(staff_member::version))
        .execute(c)?;
    Ok(())
}

/// One absence.
pub fn find(c: &mut Scoped<'_>, id: &AwayId) -> Result<Option<Away>, Fault> {
    c.rows(staff_away::table).filter(staff_away::away_id.eq(*id)).select(Away::as_select()).optional(c)
}
