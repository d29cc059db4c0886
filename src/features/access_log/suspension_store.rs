//! The queries of what keeps lines of a client's log hidden.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, SuspensionId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{audit_event, log_suspension};
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// How the official has said that telling would impede them. An oral statement holds for 30 days at most.
    pub enum Statement {
        /// In writing.
        Written = "written",
        /// By word of mouth.
        Oral = "oral",
    }
}

/// Lines that stay hidden.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = log_suspension)]
pub struct Suspension {
    /// Its name.
    pub suspension_id: SuspensionId,
    /// `staff` or `api_key`.
    pub actor_kind: String,
    /// Whose lines.
    pub actor_id: String,
    /// The name they had.
    pub actor_name: String,
    /// The last day on which they are hidden.
    pub until_on: String,
    /// See [`Statement`].
    pub statement: Statement,
    /// Who asked for it.
    pub reason: String,
    /// Who noted it.
    pub by_name: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was ended before its day.
    pub ended_at: Option<Timestamp>,
}

/// Suspensions that a page shows.
const SHOWN: i64 = 50;

/// A chart's suspensions, the newest first; of those that were not ended, where only they are asked for.
fn of_chart(c: &mut Scoped<'_>, chart: &ChartId, which: Which) -> Result<Vec<Suspension>, Fault> {
    let mut query = c
        .rows(log_suspension::table)
        .filter(log_suspension::chart_id.eq(*chart))
        .select(Suspension::as_select())
        .into_boxed();
    if which == Which::NotEnded {
        query = query.filter(log_suspension::ended_at.is_null());
    }
    query
        .order((log_suspension::created_at.desc(), log_suspension::suspension_id.desc()))
        .limit(SHOWN)
        .load(c)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    NotEnded,
}

/// Every suspension of a chart, the newest first.
pub fn all(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Suspension>, Fault> {
    of_chart(c, chart, Which::All)
}

/// Those that nobody has ended; whether their day is over is for the caller to say.
pub fn not_ended(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Suspension>, Fault> {
    of_chart(c, chart, Which::NotEnded)
}

/// Whose lines are hidden, until when and why.
pub struct NewSuspension<'a> {
    /// `staff` or `api_key`, id and name.
    pub actor: &'a (String, String, String),
    /// The last day.
    pub until_on: jiff::civil::Date,
    /// See [`Statement`].
    pub statement: Statement,
    /// Who asked for it.
    pub reason: &'a str,
    /// Who notes it.
    pub by_name: &'a str,
}

/// Puts one in.
pub fn insert(c: &mut Scoped<'_>, chart: &ChartId, new: &NewSuspension<'_>) -> Result<SuspensionId, Fault> {
    let (id, now) = (SuspensionId::fresh(c.rng(), c.now()), c.now());
    let (kind, actor, name) = new.actor;
    c.insert(
        log_suspension::table,
        (
            log_suspension::suspension_id.eq(id),
            log_suspension::chart_id.eq(*chart),
            log_suspension::actor_kind.eq(kind),
            log_suspension::actor_id.eq(actor),
            log_suspension::actor_name.eq(name),
            log_suspension::until_on.eq(new.until_on.to_string()),
            log_suspension::statement.eq(new.statement),
            log_suspension::reason.eq(new.reason),
            log_suspension::by_name.eq(new.by_name),
            log_suspension::created_at.eq(now),
            log_suspension::ended_by_name.eq(""),
        ),
    )?;
    Ok(id)
}

/// Ends one of a chart; tells whether it was this call that did.
pub fn end(c: &mut Scoped<'_>, chart: &ChartId, id: &SuspensionId, by_name: &str) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(log_suspension::table)
        .filter(log_suspension::chart_id.eq(*chart))
        .filter(log_suspension::suspension_id.eq(*id))
        .filter(log_suspension::ended_at.is_null())
        .set((log_suspension::ended_at.eq(Some(now)), log_suspension::ended_by_name.eq(by_name)))
        .execute(c)?;
    Ok(changed == 1)
}

/// The staff members and programs that the trail of a chart names: kind, id and the name they had last.
pub fn actors(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(String, String, String)>, Fault> {
    let kinds = audit_event::actor_kind.eq("staff").or(audit_event::actor_kind.eq("api_key"));
    c.rows(audit_event::table)
        .filter(audit_event::chart_id.eq(*chart))
        .filter(kinds)
        .group_by((audit_event::actor_kind, audit_event::actor_id))
        .select((
            audit_event::actor_kind,
            audit_event::actor_id,
            diesel::dsl::max(audit_event::actor_name).assume_not_null(),
        ))
        .limit(200)
        .load(c)
}
