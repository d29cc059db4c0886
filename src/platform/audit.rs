//! The audit trail: who did what to which chart, when and from where. Append-only, and chained by
//! hash within a practice, so that a changed, missing or reordered event is found (AUD-02).

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::insert_many;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, KeyId, PracticeId, StaffId};
use crate::platform::db;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{audit_event, audit_head};
use crate::platform::fault::Fault;

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A staff member, with the name they had.
    Staff(StaffId, String),
    /// The holder of a portal account.
    Account(AccountId),
    /// The holder of an invite link, not yet known further.
    LinkHolder,
    /// Somebody at a door who has not shown who they are (a failed sign-in).
    Stranger,
    /// An integrator's key, with its name.
    ApiKey(KeyId, String),
    /// The operator at the command line.
    Operator,
    /// Anteroom itself (a mail that went out, a bounce).
    System,
}

impl Actor {
    fn columns(&self) -> (&'static str, String, String) {
        match self {
            Self::Staff(id, name) => ("staff", id.to_string(), name.clone()),
            Self::Account(id) => ("account", id.to_string(), String::new()),
            Self::LinkHolder => ("link", String::new(), String::new()),
            Self::Stranger => ("stranger", String::new(), String::new()),
            Self::ApiKey(id, name) => ("api_key", id.to_string(), name.clone()),
            Self::Operator => ("operator", String::new(), "Operator".into()),
            Self::System => ("system", String::new(), "Anteroom".into()),
        }
    }

    /// The name that "by whom" shows; empty for the client's side.
    pub fn name(&self) -> String {
        self.columns().2
    }
}

/// Who acts, and from which address: what every action is given and every event records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The network address the request came from; empty where there is none.
    pub source: String,
}

impl By {
    /// Anteroom itself.
    pub fn system() -> Self {
        Self { actor: Actor::System, source: String::new() }
    }

    /// The operator at the command line.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, source: String::new() }
    }
}

/// One thing that happened. Details hold no name, birth date, address, token or password.
#[derive(Clone, Debug)]
pub struct Event {
    /// Who, and from where.
    pub by: By,
    /// The chart it concerns.
    pub chart: Option<ChartId>,
    /// The grant it concerns.
    pub access: Option<AccessId>,
    /// What: `area.verb`, such as `access.resent`.
    pub action: &'static str,
    /// State before, where something changed.
    pub old_state: String,
    /// State after.
    pub new_state: String,
    /// What else a reader must know.
    pub details: serde_json::Value,
}

impl Event {
    /// An event without chart, states or details; set what applies.
    pub fn new(by: By, action: &'static str) -> Self {
        Self {
            by,
            chart: None,
            access: None,
            action,
            old_state: String::new(),
            new_state: String::new(),
            details: serde_json::json!({}),
        }
    }

    /// About this chart.
    pub fn on_chart(mut self, chart: &ChartId) -> Self {
        self.chart = Some(chart.clone());
        self
    }

    /// With these details.
    pub fn with(mut self, details: serde_json::Value) -> Self {
        self.details = details;
        self
    }
}

/// An event as it stands in the trail.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = audit_event, treat_none_as_default_value = false)]
pub struct Recorded {
    /// The practice.
    pub practice_id: PracticeId,
    /// Its place in the practice's chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// staff, account, link, api_key, operator or system.
    pub actor_kind: String,
    /// The actor's id, where there is one.
    pub actor_id: String,
    /// The actor's name at that time.
    pub actor_name: String,
    /// The chart.
    pub chart_id: Option<ChartId>,
    /// The grant.
    pub access_id: Option<AccessId>,
    /// What.
    pub action: String,
    /// State before.
    pub old_state: String,
    /// State after.
    pub new_state: String,
    /// Network address.
    pub source: String,
    /// JSON.
    pub details: String,
    /// SHA-256 over the previous hash and all fields above.
    pub hash: String,
}

impl Recorded {
    fn chained(&self, previous: &str) -> String {
        let mut hash = Sha256::new();
        let chart = self.chart_id.map_or_else(String::new, |id| id.to_string());
        let access = self.access_id.map_or_else(String::new, |id| id.to_string());
        let (seq, at) = (self.seq.to_string(), self.at.micros().to_string());
        // Length before each field, so that no text can pretend to be two fields (AUD-08).
        for field in [
            previous,
            &self.practice_id.to_string(),
            &seq,
            &at,
            &self.actor_kind,
            &self.actor_id,
            &self.actor_name,
            &chart,
            &access,
            &self.action,
            &self.old_state,
            &self.new_state,
            &self.source,
            &self.details,
        ] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Writes one event in the transaction that it tells of (AUD-03).
pub fn record(c: &mut Scoped<'_>, event: Event) -> Result<(), Fault> {
    record_many(c, vec![event])
}

/// Writes several. Call it last in a transaction: it holds the practice's chain until the commit.
pub fn record_many(c: &mut Scoped<'_>, events: Vec<Event>) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let practice = c.practice().clone();
    let now = c.now();
    let head = || audit_head::table.filter(audit_head::practice_id.eq(practice.clone()));
    // An update that changes nothing takes the row's lock on both engines.
    let held = db::update(head()).set(audit_head::seq.eq(audit_head::seq)).execute(c.conn)?;
    let (mut seq, mut last) = if held == 0 {
        diesel::insert_into(audit_head::table)
            .values((
                audit_head::practice_id.eq(practice.clone()),
                audit_head::seq.eq(0),
                audit_head::hash.eq(""),
            ))
            .execute(c.conn)?;
        (0i64, String::new())
    } else {
        head().select((audit_head::seq, audit_head::hash)).first(c.conn)?
    };
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        let (actor_kind, actor_id, actor_name) = event.by.actor.columns();
        let mut row = Recorded {
            practice_id: practice.clone(),
            seq,
            at: now,
            actor_kind: actor_kind.into(),
            actor_id,
            actor_name,
            chart_id: event.chart,
            access_id: event.access,
            action: event.action.into(),
            old_state: event.old_state,
            new_state: event.new_state,
            source: event.by.source,
            details: event.details.to_string(),
            hash: String::new(),
        };
        row.hash = row.chained(&last);
        last = row.hash.clone();
        rows.push(row);
    }
    insert_many!(c.conn, audit_event::table, rows);
    db::update(head()).set((audit_head::seq.eq(seq), audit_head::hash.eq(last))).execute(c.conn)?;
    Ok(())
}

/// Which events a page of the trail shows; nothing set means all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this chart.
    pub chart: Option<ChartId>,
    /// By this actor.
    pub by: Option<WantedActor>,
    /// Of these areas: what stands before the dot of an action.
    pub areas: &'static [&'static str],
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Whose events are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedActor {
    /// A staff member's.
    Staff(StaffId),
    /// Those of everybody of a kind, as the column says it: `account`, `link`, `system`.
    Kind(&'static str),
}

/// The newest events of a practice, at most `limit`, older than `before` where given: one page of the
/// administrators' list.
pub fn newest(
    c: &mut Scoped<'_>,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Recorded>, Fault> {
    let mut query = audit_event::table
        .filter(audit_event::practice_id.eq(*c.practice()))
        .select(Recorded::as_select())
        .into_boxed();
    if let Some(chart) = wanted.chart {
        query = query.filter(audit_event::chart_id.eq(chart));
    }
    match &wanted.by {
        Some(WantedActor::Staff(id)) => query = query.filter(audit_event::actor_id.eq(id.to_string())),
        Some(WantedActor::Kind(kind)) => query = query.filter(audit_event::actor_kind.eq(*kind)),
        None => {}
    }
    if let [first, rest @ ..] = wanted.areas {
        let last = rest.last().unwrap_or(first);
        query = query.filter(
            audit_event::action.like(format!("{first}.%")).or(audit_event::action.like(format!("{last}.%"))),
        );
    }
    if let Some(from) = wanted.from {
        query = query.filter(audit_event::at.ge(from));
    }
    if let Some(until) = wanted.until {
        query = query.filter(audit_event::at.lt(until));
    }
    if let Some(before) = before {
        query = query.filter(audit_event::seq.lt(before));
    }
    Ok(query.order(audit_event::seq.desc()).limit(limit).load(c.conn)?)
}

/// The events of one grant, oldest first: its portal timeline.
pub fn of_access(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Recorded>, Fault> {
    Ok(audit_event::table
        .filter(audit_event::practice_id.eq(c.practice().clone()))
        .filter(audit_event::access_id.eq(access.clone()))
        .order(audit_event::seq.asc())
        .select(Recorded::as_select())
        .load(c.conn)?)
}

/// Every event of one kind on a chart, whosever access it was about, oldest first.
pub fn of_chart(c: &mut Scoped<'_>, chart: &ChartId, action: &str) -> Result<Vec<Recorded>, Fault> {
    Ok(audit_event::table
        .filter(audit_event::practice_id.eq(c.practice().clone()))
        .filter(audit_event::chart_id.eq(chart.clone()))
        .filter(audit_event::action.eq(action))
        .order(audit_event::seq.asc())
        .select(Recorded::as_select())
        .load(c.conn)?)
}

/// What a check of the chain found.
#[derive(Debug, PartialEq, Eq)]
pub enum ChainCheck {
    /// Whole, with this many events.
    Whole(i64),
    /// The first place where it does not fit.
    BrokenAt(i64),
}

/// Walks the practice's whole chain.
pub fn check_chain(c: &mut Scoped<'_>) -> Result<ChainCheck, Fault> {
    let practice = c.practice().clone();
    let (mut last, mut expected) = (String::new(), 1);
    loop {
        let rows: Vec<Recorded> = audit_event::table
            .filter(audit_event::practice_id.eq(practice.clone()))
            .filter(audit_event::seq.ge(expected))
            .order(audit_event::seq.asc())
            .limit(2_000)
            .select(Recorded::as_select())
            .load(c.conn)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq != expected || row.chained(&last) != row.hash {
                return Ok(ChainCheck::BrokenAt(expected));
            }
            last = row.hash;
            expected += 1;
        }
    }
    let head: Option<(i64, String)> = audit_head::table
        .filter(audit_head::practice_id.eq(practice))
        .select((audit_head::seq, audit_head::hash))
        .first(c.conn)
        .optional()?;
    match head {
        Some((seq, hash)) if seq == expected - 1 && hash == last => Ok(ChainCheck::Whole(seq)),
        None if expected == 1 => Ok(ChainCheck::Whole(0)),
        _ => Ok(ChainCheck::BrokenAt(expected)),
    }
}
