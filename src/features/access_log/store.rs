//! The queries of the access log and of concerns.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, ConcernId, DocumentId, EventId, StaffId};
use crate::platform::db::schema::{audit_event, chart, concern, person, portal_access, staff_member};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::Fault;
use crate::platform::permissions::Role;
use crate::platform::web::nav::MOST_COUNTED;

/// An event that somebody is told of.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = audit_event)]
pub struct LogEvent {
    /// The event.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
    /// `staff`, `account` or `api_key`.
    pub actor_kind: String,
    /// Who.
    pub actor_id: String,
    /// The name they had.
    pub actor_name: String,
    /// What.
    pub action: String,
}

/// What a log leaves out.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<'a> {
    /// Whoever's acts are hidden: kind and id.
    pub actors: &'a [(String, String)],
    /// What is about these documents.
    pub papers: &'a [DocumentId],
}

/// The newest of these actions on a chart since a moment, older than an event; of one account alone, where it is named.
pub fn events(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    actions: &[&str],
    (since, before): (Timestamp, Option<EventId>),
    (only, left_out): (Option<&str>, LeftOut<'_>),
    most: i64,
) -> Result<Vec<LogEvent>, Fault> {
    let mut query = c
        .rows(audit_event::table)
        .filter(audit_event::chart_id.eq(*chart))
        .filter(audit_event::action.in_list(actions.iter().copied()))
        .filter(audit_event::actor_kind.in_list(["staff", "account", "api_key"]))
        .filter(audit_event::at.ge(since))
        .select(LogEvent::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(audit_event::event_id.lt(before));
    }
    if let Some(account) = only {
        query = query
            .filter(audit_event::actor_kind.eq("account"))
            .filter(audit_event::actor_id.eq(account.to_owned()));
    }
    for paper in left_out.papers {
        query = query.filter(audit_event::details.not_like(format!("%{paper}%")));
    }
    for (kind, id) in left_out.actors {
        query = query.filter(audit_event::actor_kind.ne(kind).or(audit_event::actor_id.ne(id)));
    }
    query.order(audit_event::event_id.desc()).limit(most).load(c)
}

/// What these staff members are now.
pub fn roles(c: &mut Scoped<'_>, ids: &[StaffId]) -> Result<Vec<(StaffId, Role)>, Fault> {
    c.rows(staff_member::table)
        .filter(staff_member::staff_id.in_list(ids))
        .select((staff_member::staff_id, staff_member::role))
        .load(c)
}

/// What somebody reported.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = concern)]
pub struct Concern {
    /// Its name.
    pub concern_id: ConcernId,
    /// About which chart.
    pub chart_id: ChartId,
    /// By which grant.
    pub access_id: AccessId,
    /// In their words.
    pub text: String,
    /// When.
    pub raised_at: Timestamp,
    /// What the practice answered.
    pub answer: Option<String>,
    /// When.
    pub answered_at: Option<Timestamp>,
    /// Who answered.
    pub answered_by_name: String,
}

/// Concerns that a page shows.
const SHOWN: i64 = 50;

/// What the holder of a grant has reported, the newest first.
pub fn raised_by(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Concern>, Fault> {
    c.rows(concern::table)
        .filter(concern::access_id.eq(*access))
        .order((concern::raised_at.desc(), concern::concern_id.desc()))
        .limit(SHOWN)
        .select(Concern::as_select())
        .load(c)
}

/// Counts what waits for an answer, up to [`MOST_COUNTED`] and one.
pub fn count_open(c: &mut Scoped<'_>, _: &StaffId, _: Role) -> Result<i64, Fault> {
    let found: Vec<ConcernId> = c
        .rows(concern::table)
        .filter(concern::answered_at.is_null())
        .limit(MOST_COUNTED + 1)
        .select(concern::concern_id)
        .load(c)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Puts one in.
pub fn insert(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    access: &AccessId,
    text: &str,
) -> Result<ConcernId, Fault> {
    let (id, now) = (ConcernId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        concern::table,
        (
            concern::concern_id.eq(id),
            concern::chart_id.eq(*chart),
            concern::access_id.eq(*access),
            concern::text.eq(text),
            concern::raised_at.eq(now),
            concern::answered_by_name.eq(""),
        ),
    )?;
    Ok(id)
}

/// One that is not answered yet; `None` for any other.
pub fn open(c: &mut Scoped<'_>, id: &ConcernId) -> Result<Option<Concern>, Fault> {
    c.rows(concern::table)
        .filter(concern::concern_id.eq(*id))
        .filter(concern::answered_at.is_null())
        .select(Concern::as_select())
        .optional(c)
}

/// Answers one, unless somebody has; tells whether it was this answer.
pub fn answer(c: &mut Scoped<'_>, id: &ConcernId, text: &str, by_name: &str) -> Result<bool, Fault> {
    let now = c.now();
    let changed = c
        .rows(concern::table)
        .filter(concern::concern_id.eq(*id))
        .filter(concern::answered_at.is_null())
        .set((
            concern::answer.eq(Some(text.to_owned())),
            concern::answered_at.eq(Some(now)),
            concern::answered_by_name.eq(by_name),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// First name, last name, suffix.
pub type Name = (String, String, String);

/// Which concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that wait for an answer, the oldest first.
    Open,
    /// The others, the newest first.
    Answered,
}

/// Concerns with who raised them and the chart's number.
pub fn all(c: &mut Scoped<'_>, which: Which) -> Result<Vec<(Concern, Name, String)>, Fault> {
    let mut query = c
        .rows(concern::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(concern::practice_id)
                .and(portal_access::access_id.eq(concern::access_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .inner_join(
            chart::table
                .on(chart::practice_id.eq(concern::practice_id).and(chart::chart_id.eq(concern::chart_id))),
        )
        .select((
            Concern::as_select(),
            (person::first_name, person::last_name, person::suffix),
            chart::chart_number,
        ))
        .into_boxed();
    query = match which {
        Which::Open => query.filter(concern::answered_at.is_null()).order(concern::raised_at.asc()),
        Which::Answered => query.filter(concern::answered_at.is_not_null()).order(concern::raised_at.desc()),
    };
    query.limit(SHOWN).load(c)
}
