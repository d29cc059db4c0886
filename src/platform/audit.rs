//! The audit trail: who did what to which chart, when and from where. Append-only: each event carries a
//! proof made with a key outside the database, and a chain of seals within its practice, so that a changed,
//! missing or reordered event is found (AUD-02). [`checkpoints`] find a chain that was cut.

pub mod checkpoints;
pub mod readings;

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, EventId, KeyId, PracticeId, StaffId};
use crate::platform::audit_action::{Action, Reason};
use crate::platform::crypto;
use crate::platform::db::schema::{audit_event, audit_head, audit_seal, audit_unsealed};
use crate::platform::db::{Db, InLists, PracticeScope, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::practice_row;

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A staff member, with the name they had.
    Staff(StaffId, String),
    /// The holder of a portal account.
    Account(AccountId),
    /// The holder of an invite link, not yet known further.
    LinkHolder,
    /// Somebody who has not proved who they are (a failed sign-in).
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
    /// What, from the table of a feature.
    pub action: Action,
    /// State before, where something changed.
    pub old_state: String,
    /// State after.
    pub new_state: String,
    /// What else a reader must know.
    pub details: serde_json::Value,
}

impl Event {
    /// An event without chart, states or details; set what applies.
    pub fn new(by: By, action: impl Into<Action>) -> Self {
        Self {
            by,
            chart: None,
            access: None,
            action: action.into(),
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

/// An event as the trail stores it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = audit_event, treat_none_as_default_value = false)]
pub struct Recorded {
    /// The practice.
    pub practice_id: PracticeId,
    /// The event; ids rise in the order in which a process wrote them.
    pub event_id: EventId,
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
    /// HMAC-SHA-256 over all fields above, with a key that is not in the database.
    pub mac: String,
}

/// Length before each field, so that no text can pretend to be two fields (AUD-08).
fn framed(fields: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend((field.len() as u64).to_be_bytes());
        bytes.extend(field.as_bytes());
    }
    bytes
}

impl Recorded {
    fn proof(&self, key: &[u8; 32]) -> String {
        let text = |id: Option<String>| id.unwrap_or_default();
        let chart = text(self.chart_id.as_ref().map(ToString::to_string));
        let access = text(self.access_id.as_ref().map(ToString::to_string));
        let message = framed(&[
            &self.practice_id.to_string(),
            &self.event_id.to_string(),
            &self.at.micros().to_string(),
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
        ]);
        hex::encode(crypto::hmac_sha256(key, &[&message]))
    }
}

/// An event's place in the chain of its practice.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = audit_seal, treat_none_as_default_value = false)]
struct Seal {
    practice_id: PracticeId,
    /// From 1, without a gap.
    seq: i64,
    event_id: EventId,
    /// SHA-256 over the previous seal's hash, this place, and the event's proof.
    hash: String,
}

fn chained(previous: &str, practice: &PracticeId, seq: i64, event: &EventId, mac: &str) -> String {
    let fields = framed(&[previous, &practice.to_string(), &seq.to_string(), &event.to_string(), mac]);
    hex::encode(Sha256::digest(&fields))
}

/// Writes one event in the transaction of the change that it records (AUD-03).
pub fn record(c: &mut Scoped<'_>, event: Event) -> Result<(), Fault> {
    record_many(c, vec![event])
}

/// Writes several. SQLite has one writer at a time, so that they are sealed here. On PostgreSQL many
/// transactions of a practice run at once, and the chain's head would put them in a queue: there
/// [`seal_waiting`] does it, about once a second.
pub fn record_many(c: &mut Scoped<'_>, events: Vec<Event>) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let (practice, now) = (c.practice().clone(), c.now());
    let key = c.trail().key()?;
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        if event.action.reason == Reason::Required
            && event.details["reason"].as_str().is_none_or(str::is_empty)
        {
            return Err(Fault::other(format!("{} needs a reason", event.action.word)));
        }
        let (actor_kind, actor_id, actor_name) = event.by.actor.columns();
        let mut row = Recorded {
            practice_id: practice.clone(),
            event_id: c.trail().next_id(c.rng(), now),
            at: now,
            actor_kind: actor_kind.into(),
            actor_id,
            actor_name,
            chart_id: event.chart,
            access_id: event.access,
            action: event.action.word.into(),
            old_state: event.old_state,
            new_state: event.new_state,
            source: event.by.source,
            details: event.details.to_string(),
            mac: String::new(),
        };
        row.mac = row.proof(&key);
        rows.push(row);
    }
    c.insert_rows(&rows)?;
    if c.is_postgres() {
        let waiting: Vec<_> = rows
            .into_iter()
            .map(|row| Unsealed { practice_id: row.practice_id, event_id: row.event_id })
            .collect();
        c.insert_rows(&waiting)
    } else {
        let events: Vec<_> = rows.into_iter().map(|row| (row.event_id, row.mac)).collect();
        append(c, events)
    }
}

/// An event that is not in the chain yet.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = audit_unsealed, treat_none_as_default_value = false)]
struct Unsealed {
    practice_id: PracticeId,
    event_id: EventId,
}

practice_row!(Recorded, audit_event);
practice_row!(Seal, audit_seal);
practice_row!(Unsealed, audit_unsealed);

/// Takes the lock on the practice's head until the commit, and returns the chain's last link.
fn lock_head(c: &mut Scoped<'_>) -> Result<(i64, String), Fault> {
    let head = c.rows(audit_head::table);
    // An update that changes nothing takes the row's lock on both engines.
    if head.set(audit_head::seq.eq(audit_head::seq)).execute(c)? > 0 {
        return head.select((audit_head::seq, audit_head::hash)).first(c);
    }
    match c.insert(audit_head::table, (audit_head::seq.eq(0), audit_head::hash.eq(""))) {
        Ok(()) => Ok((0, String::new())),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("two first seals of a trail at once"))
        }
        Err(fault) => Err(fault),
    }
}

/// Puts events at the end of the chain, in this order.
fn append(c: &mut Scoped<'_>, events: Vec<(EventId, String)>) -> Result<(), Fault> {
    let practice = c.practice().clone();
    let (mut seq, mut last) = lock_head(c)?;
    let mut seals = Vec::with_capacity(events.len());
    for (event_id, mac) in events {
        seq += 1;
        last = chained(&last, &practice, seq, &event_id, &mac);
        seals.push(Seal { practice_id: practice.clone(), seq, event_id, hash: last.clone() });
    }
    c.insert_rows(&seals)?;
    c.rows(audit_head::table).set((audit_head::seq.eq(seq), audit_head::hash.eq(last))).execute(c)?;
    Ok(())
}

/// Events that one transaction seals at most.
const SEALED_AT_ONCE: i64 = 500;

/// Seals what waits for it, practice by practice, in the order of the events; returns how many. An event
/// whose transaction commits late lands in a later seal: the chain's order is that of sealing, and `at`
/// stays true. Nothing ever waits on SQLite.
pub async fn seal_waiting(db: &Db) -> Result<usize, Fault> {
    let practices: Vec<PracticeId> = db
        .system_read(|system| {
            Ok(audit_unsealed::table.select(audit_unsealed::practice_id).distinct().load(system.conn)?)
        })
        .await?;
    let mut sealed = 0;
    for practice in practices {
        let scope = PracticeScope::for_worker(practice);
        loop {
            let some = db.write(&scope, seal_some).await?;
            sealed += some;
            if some < usize::try_from(SEALED_AT_ONCE).unwrap_or(usize::MAX) {
                break;
            }
        }
    }
    Ok(sealed)
}

fn seal_some(c: &mut Scoped<'_>) -> Result<usize, Fault> {
    // The head first: what another process seals meanwhile does not wait any more when it is read.
    lock_head(c)?;
    let waiting: Vec<(EventId, String)> = c
        .rows(audit_unsealed::table)
        .inner_join(
            audit_event::table.on(audit_event::practice_id
                .eq(audit_unsealed::practice_id)
                .and(audit_event::event_id.eq(audit_unsealed::event_id))),
        )
        .order(audit_unsealed::event_id.asc())
        .limit(SEALED_AT_ONCE)
        .select((audit_event::event_id, audit_event::mac))
        .load(c)?;
    let count = waiting.len();
    let ids: Vec<EventId> = waiting.iter().map(|(id, _)| id.clone()).collect();
    append(c, waiting)?;
    c.rows(audit_unsealed::table).filter(audit_unsealed::event_id.in_list(&ids)).delete(c)?;
    Ok(count)
}

/// How many events of the practice wait for their seal, and since when the oldest does.
pub fn waiting(c: &mut Scoped<'_>) -> Result<(i64, Option<Timestamp>), Fault> {
    c.rows(audit_unsealed::table)
        .inner_join(
            audit_event::table.on(audit_event::practice_id
                .eq(audit_unsealed::practice_id)
                .and(audit_event::event_id.eq(audit_unsealed::event_id))),
        )
        .select((diesel::dsl::count_star(), diesel::dsl::min(audit_event::at)))
        .first(c)
}

/// Which events a page of the trail shows; nothing set means all.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this chart.
    pub chart: Option<ChartId>,
    /// By this actor.
    pub by: Option<WantedActor>,
    /// Of these areas: the part of an action before the dot.
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
    /// Those of whoever signs in with this account.
    Account(AccountId),
    /// Those of everybody of a kind, as the column says it: `account`, `link`, `system`.
    Kind(&'static str),
}

/// The newest events of a practice with their places in the chain, at most `limit`, older than `before`
/// where given: one page of the administrators' list.
pub fn newest(
    c: &mut Scoped<'_>,
    wanted: &Wanted,
    before: Option<EventId>,
    limit: i64,
) -> Result<Vec<(Recorded, Option<i64>)>, Fault> {
    let mut query = c
        .rows(audit_event::table)
        .left_join(
            audit_seal::table.on(audit_seal::practice_id
                .eq(audit_event::practice_id)
                .and(audit_seal::event_id.eq(audit_event::event_id))),
        )
        .select((Recorded::as_select(), audit_seal::seq.nullable()))
        .into_boxed();
    if let Some(chart) = wanted.chart {
        query = query.filter(audit_event::chart_id.eq(chart));
    }
    match &wanted.by {
        Some(WantedActor::Staff(id)) => query = query.filter(audit_event::actor_id.eq(id.to_string())),
        Some(WantedActor::Account(id)) => query = query.filter(audit_event::actor_id.eq(id.to_string())),
        Some(WantedActor::Kind(kind)) => query = query.filter(audit_event::actor_kind.eq(*kind)),
        None => {}
    }
    if let Some(last) = wanted.areas.last() {
        // As many places as the longest list of areas has; a shorter one repeats its last.
        let of = |at: usize| {
            let area = wanted.areas.get(at).unwrap_or(last);
            audit_event::action.like(format!("{area}.%"))
        };
        query = query.filter(of(0).or(of(1)).or(of(2)).or(of(3)).or(of(4)).or(of(5)).or(of(6)));
    }
    if let Some(from) = wanted.from {
        query = query.filter(audit_event::at.ge(from));
    }
    if let Some(until) = wanted.until {
        query = query.filter(audit_event::at.lt(until));
    }
    if let Some(before) = before {
        query = query.filter(audit_event::event_id.lt(before));
    }
    query.order(audit_event::event_id.desc()).limit(limit).load(c)
}

/// The events of one grant, oldest first: its portal timeline.
pub fn of_access(c: &mut Scoped<'_>, access: &AccessId) -> Result<Vec<Recorded>, Fault> {
    c.rows(audit_event::table)
        .filter(audit_event::access_id.eq(access.clone()))
        .order(audit_event::event_id.asc())
        .select(Recorded::as_select())
        .load(c)
}

/// Every event of one kind on a chart, whosever access it was about, oldest first.
pub fn of_chart(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    action: impl Into<Action>,
) -> Result<Vec<Recorded>, Fault> {
    c.rows(audit_event::table)
        .filter(audit_event::chart_id.eq(chart.clone()))
        .filter(audit_event::action.eq(action.into().word))
        .order(audit_event::event_id.asc())
        .select(Recorded::as_select())
        .load(c)
}

/// The hash of this place of the chain, if it reaches so far.
fn hash_at(c: &mut Scoped<'_>, seq: i64) -> Result<Option<String>, Fault> {
    c.rows(audit_seal::table).filter(audit_seal::seq.eq(seq)).select(audit_seal::hash).optional(c)
}

/// What a check of the chain found.
#[derive(Debug, PartialEq, Eq)]
pub enum ChainCheck {
    /// Whole, with this many events, those that wait for their seal among them.
    Whole(i64),
    /// The first place where it does not fit.
    BrokenAt(i64),
}

/// Walks the practice's whole chain, and proves each event.
pub fn check_chain(c: &mut Scoped<'_>) -> Result<ChainCheck, Fault> {
    let key = c.trail().key()?;
    let practice = c.practice().clone();
    let (mut last, mut expected) = (String::new(), 1);
    loop {
        let links: Vec<(Seal, Option<Recorded>)> = c
            .rows(audit_seal::table)
            .left_join(
                audit_event::table.on(audit_event::practice_id
                    .eq(audit_seal::practice_id)
                    .and(audit_event::event_id.eq(audit_seal::event_id))),
            )
            .filter(audit_seal::seq.ge(expected))
            .order(audit_seal::seq.asc())
            .limit(2_000)
            .select((Seal::as_select(), Option::<Recorded>::as_select()))
            .load(c)?;
        if links.is_empty() {
            break;
        }
        for (seal, event) in links {
            let fits = event.is_some_and(|event| {
                event.mac == event.proof(&key)
                    && seal.seq == expected
                    && seal.hash == chained(&last, &practice, seal.seq, &seal.event_id, &event.mac)
            });
            if !fits {
                return Ok(ChainCheck::BrokenAt(expected));
            }
            last = seal.hash;
            expected += 1;
        }
    }
    let head: Option<(i64, String)> =
        c.rows(audit_head::table).select((audit_head::seq, audit_head::hash)).optional(c)?;
    let (seq, hash) = head.unwrap_or_default();
    if seq != expected - 1 || hash != last {
        return Ok(ChainCheck::BrokenAt(expected));
    }
    Ok(match without_a_seal(c, &key)? {
        Some(waiting) => ChainCheck::Whole(seq + waiting),
        None => ChainCheck::BrokenAt(expected),
    })
}

/// How many events wait for their seal; `None` where one of them has no proof, or none waits for it: then
/// the chain's end was taken away, and the events left.
fn without_a_seal(c: &mut Scoped<'_>, key: &[u8; 32]) -> Result<Option<i64>, Fault> {
    let left: Vec<(Recorded, Option<EventId>)> = c
        .rows(audit_event::table)
        .left_join(
            audit_seal::table.on(audit_seal::practice_id
                .eq(audit_event::practice_id)
                .and(audit_seal::event_id.eq(audit_event::event_id))),
        )
        .left_join(
            audit_unsealed::table.on(audit_unsealed::practice_id
                .eq(audit_event::practice_id)
                .and(audit_unsealed::event_id.eq(audit_event::event_id))),
        )
        .filter(audit_seal::seq.is_null())
        .select((Recorded::as_select(), audit_unsealed::event_id.nullable()))
        .load(c)?;
    let all_wait = left.iter().all(|(event, waits)| waits.is_some() && event.mac == event.proof(key));
    Ok(all_wait.then(|| i64::try_from(left.len()).unwrap_or(i64::MAX)))
}
