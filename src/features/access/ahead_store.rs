//! What was told of the day on which a grant opens less, and the jobs that tell it.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::ahead::{NearDay, may_narrow, narrows_soon};
use crate::features::access::kinds::Basis;
use crate::features::access::lifecycle::State;
use crate::features::access::limits_store::{Limits, limits_of};
use crate::features::access::permission::{Facts, is_minor};
use crate::features::access::store::{self, AccessRow};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::access_notice;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, JobKind, NewJob};

/// What was told of one grant.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = access_notice)]
pub struct Notice {
    /// The first day with less.
    pub on_day: String,
    /// When its holder was mailed.
    pub mailed_at: Option<Timestamp>,
}

/// What was told of a grant.
pub fn notice_of(c: &mut Scoped<'_>, id: &AccessId) -> Result<Option<Notice>, Fault> {
    c.rows(access_notice::table)
        .filter(access_notice::access_id.eq(*id))
        .select(Notice::as_select())
        .optional(c)
}

/// Notes a stage; `mailed_at` is what is known of the mail from now on.
pub fn note(
    c: &mut Scoped<'_>,
    id: &AccessId,
    (on, days): (Date, i32),
    mailed_at: Option<Timestamp>,
) -> Result<(), Fault> {
    let changed = c
        .rows(access_notice::table)
        .filter(access_notice::access_id.eq(*id))
        .set((
            access_notice::on_day.eq(on.to_string()),
            access_notice::days.eq(days),
            access_notice::mailed_at.eq(mailed_at),
        ))
        .execute(c)?;
    if changed > 0 {
        return Ok(());
    }
    let now = c.now();
    c.insert(
        access_notice::table,
        (
            access_notice::access_id.eq(*id),
            access_notice::on_day.eq(on.to_string()),
            access_notice::days.eq(days),
            access_notice::mailed_at.eq(mailed_at),
            access_notice::created_at.eq(now),
        ),
    )
}

/// There is no such day any more, or it is far.
pub fn forget(c: &mut Scoped<'_>, id: &AccessId) -> Result<(), Fault> {
    c.rows(access_notice::table).filter(access_notice::access_id.eq(*id)).delete(c)?;
    Ok(())
}

/// Has those of these grants looked at that may open less one day: something that decides over them has changed.
pub fn look_again(c: &mut Scoped<'_>, rows: &[AccessRow]) -> Result<(), Fault> {
    for row in rows.iter().filter(|row| row.state == State::Active && may_narrow(row)) {
        let subject = row.access_id.uuid();
        if jobs::is_planned(c, JobKind::AccessAhead, subject)? {
            jobs::bring_forward_about(c, JobKind::AccessAhead, &[subject])?;
        } else {
            let due_at = c.now();
            jobs::plan(c, &[NewJob { kind: JobKind::AccessAhead, subject, due_at }])?;
        }
    }
    Ok(())
}

/// The first near day from which somebody else sees less of a chart whom its client, a minor, may know of.
pub fn near_day_of_others(
    c: &mut Scoped<'_>,
    (chart, id): (&ChartId, &AccessId),
    facts: &Facts,
) -> Result<Option<NearDay>, Fault> {
    if facts.grant.basis != Basis::Client || !is_minor(facts) {
        return Ok(None);
    }
    let mut first = None;
    for row in store::access_of_charts(c, std::slice::from_ref(chart))? {
        if row.access_id != *id && row.state == State::Active && may_narrow(&row) {
            let Some((row, limits)) = limits_of(c, &row.access_id)? else { continue };
            let next = narrows_soon(&Limits { today: facts.today, ..limits }, &row);
            first = first.into_iter().chain(next).min_by_key(|(on, _)| *on);
        }
    }
    Ok(first)
}
