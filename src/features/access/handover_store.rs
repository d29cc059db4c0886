//! The queries of changes of a chart's owner.

use diesel::prelude::*;

use crate::features::access::lifecycle::State;
use crate::features::access::store::{AccessRow, GrantRole};
use crate::features::people::Chart;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartChangeId, ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart_change, chart_change_grant};
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// How a grant stood when the owner changed.
    pub enum Standing {
        /// Registered and in force.
        Active = "active",
        /// Registered, and stopped by staff for a while.
        Paused = "paused",
        /// A link was out.
        Invited = "invited",
        /// Anything else.
        Shut = "shut",
    }
}

impl Standing {
    fn of(row: &AccessRow) -> Self {
        match row.state {
            State::Active if row.paused_at.is_some() => Self::Paused,
            State::Active => Self::Active,
            State::Invited | State::Locked => Self::Invited,
            State::None | State::Declined | State::Canceled | State::Revoked => Self::Shut,
        }
    }
}

/// A change of a chart's owner.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = chart_change)]
pub struct OwnerChange {
    /// The change.
    pub change_id: ChartChangeId,
    /// Who owned the chart before.
    pub from_person_id: PersonId,
    /// Who owned it afterwards.
    pub to_person_id: PersonId,
    /// When.
    pub changed_at: Timestamp,
    /// Until when it can be undone.
    pub undo_until: Timestamp,
    /// When it was undone.
    pub undone_at: Option<Timestamp>,
}

/// What a grant was before a change.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = chart_change_grant)]
pub struct GrantBefore {
    /// The grant.
    pub access_id: AccessId,
    /// What its holder was to the chart.
    pub role: GrantRole,
    /// What it allowed.
    pub rights: String,
    /// What it allowed afterwards.
    pub rights_then: String,
    /// See [`Standing`].
    pub standing: Standing,
}

/// Puts in a change from a chart's present owner to somebody else.
pub fn insert(
    c: &mut Scoped<'_>,
    chart: &Chart,
    to: &PersonId,
    by_name: &str,
    undo_until: Timestamp,
) -> Result<ChartChangeId, Fault> {
    let (id, now) = (ChartChangeId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        chart_change::table,
        (
            chart_change::change_id.eq(id),
            chart_change::chart_id.eq(chart.chart_id),
            chart_change::from_person_id.eq(chart.owner_person_id),
            chart_change::to_person_id.eq(*to),
            chart_change::by_name.eq(by_name),
            chart_change::changed_at.eq(now),
            chart_change::undo_until.eq(undo_until),
            chart_change::undone_by_name.eq(""),
        ),
    )?;
    Ok(id)
}

/// Keeps what a grant was before a change, and the rights that the new owner has by it.
pub fn insert_grant(
    c: &mut Scoped<'_>,
    change: &ChartChangeId,
    row: &AccessRow,
    rights_then: &str,
) -> Result<(), Fault> {
    c.insert(
        chart_change_grant::table,
        (
            chart_change_grant::change_id.eq(*change),
            chart_change_grant::access_id.eq(row.access_id),
            chart_change_grant::role.eq(row.role),
            chart_change_grant::rights.eq(&row.rights),
            chart_change_grant::rights_then.eq(rights_then),
            chart_change_grant::standing.eq(Standing::of(row)),
        ),
    )
}

/// The newest change of a chart's owner.
pub fn newest(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<OwnerChange>, Fault> {
    c.rows(chart_change::table)
        .filter(chart_change::chart_id.eq(*chart))
        .order((chart_change::changed_at.desc(), chart_change::change_id.desc()))
        .select(OwnerChange::as_select())
        .optional(c)
}

/// What the grants were before a change: those of the two people, at most two.
pub fn grants_of(c: &mut Scoped<'_>, change: &ChartChangeId) -> Result<Vec<GrantBefore>, Fault> {
    c.rows(chart_change_grant::table)
        .filter(chart_change_grant::change_id.eq(*change))
        .order(chart_change_grant::access_id.asc())
        .limit(2)
        .select(GrantBefore::as_select())
        .load(c)
}

/// Notes that a change was undone.
pub fn end(c: &mut Scoped<'_>, change: &ChartChangeId, by_name: &str) -> Result<(), Fault> {
    let now = c.now();
    c.rows(chart_change::table)
        .filter(chart_change::change_id.eq(*change))
        .filter(chart_change::undone_at.is_null())
        .set((chart_change::undone_at.eq(now), chart_change::undone_by_name.eq(by_name)))
        .execute(c)?;
    Ok(())
}
