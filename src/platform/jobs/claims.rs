//! How a process takes jobs, and how it lets go of them. A claim raises `attempt`, which then fences: a process
//! that comes back with an older number changes nothing.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::kind::{Job, JobKind, JobState, Next};
use super::store::Released;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{JobId, PracticeId};
use crate::platform::db;
use crate::platform::db::schema::due_job;
use crate::platform::db::{Conn, InLists as _, System};
use crate::platform::fault::Fault;

/// How long a claim holds unless it is renewed.
const LEASE_SECONDS: i64 = 60;
/// A job that a process died over so often is parked.
const MOST_CRASHES: i32 = 3;
/// A job that failed so often is parked.
const MOST_TRIES: i32 = 8;
/// First wait after a failure; it doubles with each try, …
const FIRST_WAIT: i64 = 30;
/// … up to this.
const LONGEST_WAIT: i64 = 3_600;
/// Jobs that become due in one transaction.
pub(super) const PROMOTED: usize = 2_000;

/// A job in hand, with what its row says.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = due_job)]
pub(super) struct Claim {
    pub practice_id: PracticeId,
    pub job_id: JobId,
    pub kind: JobKind,
    subject: Vec<u8>,
    pub attempt: i32,
    pub tries: i32,
}

impl Claim {
    /// As its handler sees it.
    pub fn job(&self) -> Result<Job, Fault> {
        let subject = uuid::Uuid::from_slice(&self.subject)
            .map_err(|_| Fault::Damaged(format!("the subject of job {} is no id", self.job_id)))?;
        Ok(Job { id: self.job_id, subject })
    }
}

/// Kinds that this version knows. A job of another kind was planned by a newer version and waits for a process of it.
const KNOWN: &[JobKind] = JobKind::ALL;

/// Is there anything to do? A read, so that an idle process does not take the writer's place each time.
pub(super) fn is_anything_due(system: &mut System<'_>) -> Result<bool, Fault> {
    let now = system.now;
    let due: Option<JobId> = due_job::table
        .filter(due_job::state.eq(JobState::Waiting))
        .filter(due_job::due_at.le(now))
        .filter(due_job::kind.in_list(KNOWN))
        .order(due_job::due_at.asc())
        .select(due_job::job_id)
        .first(system.conn)
        .optional()?;
    if due.is_some() || next_practice(system, None)?.is_some() {
        return Ok(true);
    }
    Ok(!abandoned(system, TakeBack::LeaseOver)?.is_empty())
}

/// Makes jobs ready whose time has come; returns how many. Only then can a claim step from practice to practice
/// without reading what is not due.
pub(super) fn promote(system: &mut System<'_>) -> Result<usize, Fault> {
    let now = system.now;
    let rows = due_job::table
        .filter(due_job::state.eq(JobState::Waiting))
        .filter(due_job::due_at.le(now))
        .filter(due_job::kind.in_list(KNOWN))
        .order(due_job::due_at.asc())
        .limit(i64::try_from(PROMOTED).unwrap_or(1))
        .select((due_job::practice_id, due_job::job_id));
    let due: Vec<(PracticeId, JobId)> = match &mut *system.conn {
        Conn::Sqlite(conn) => rows.load(conn)?,
        Conn::Postgres(conn) => rows.for_update().skip_locked().load(conn)?,
    };
    let mut by_practice: BTreeMap<PracticeId, Vec<JobId>> = BTreeMap::new();
    for (practice, job) in &due {
        by_practice.entry(*practice).or_default().push(*job);
    }
    for (practice, jobs) in by_practice {
        db::update(
            due_job::table
                .filter(due_job::practice_id.eq(practice))
                .filter(due_job::job_id.in_list(jobs))
                .filter(due_job::state.eq(JobState::Waiting)),
        )
        .set(due_job::state.eq(JobState::Ready))
        .execute(system.conn)?;
    }
    Ok(due.len())
}

type Abandoned = (PracticeId, JobId, i32, i32, Option<Timestamp>);

/// Jobs in hand of a process that is gone. No lease is longer than [`LEASE_SECONDS`]: one that ends later was written
/// before the clock was set back, and is over.
fn abandoned(system: &mut System<'_>, which: TakeBack) -> Result<Vec<Abandoned>, Fault> {
    let rows = due_job::table.filter(due_job::state.eq(JobState::Running)).select((
        due_job::practice_id,
        due_job::job_id,
        due_job::attempt,
        due_job::crashes,
        due_job::lease_until,
    ));
    let mut found: Vec<Abandoned> = rows.load(system.conn)?;
    if found.is_empty() {
        return Ok(found);
    }
    let now = system.lease_now()?;
    let latest = now.plus_seconds(LEASE_SECONDS);
    found.retain(|(.., until)| {
        which == TakeBack::All || until.is_none_or(|until| until < now || until > latest)
    });
    Ok(found)
}

/// Whose jobs are taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakeBack {
    /// Those whose lease is over.
    LeaseOver,
    /// All: no other process serves this database.
    All,
}

/// Takes back what a process that is gone had in hand; parks what processes died over too often.
pub(super) fn take_back(system: &mut System<'_>, which: TakeBack) -> Result<(), Fault> {
    let abandoned = abandoned(system, which)?;
    if abandoned.is_empty() {
        return Ok(());
    }
    let latest = system.lease_now()?.plus_seconds(LEASE_SECONDS);
    for (practice, job, attempt, crashes, until) in abandoned {
        // The clock was set back: that says nothing of the process.
        let has_crashed = which == TakeBack::All || until.is_none_or(|until| until <= latest);
        let crashes = if has_crashed { crashes + 1 } else { crashes };
        let state = if crashes >= MOST_CRASHES { JobState::Parked } else { JobState::Ready };
        let changed = db::update(
            due_job::table
                .filter(due_job::practice_id.eq(practice))
                .filter(due_job::job_id.eq(job))
                .filter(due_job::state.eq(JobState::Running))
                .filter(due_job::attempt.eq(attempt)),
        )
        .set((Released::to(state), due_job::crashes.eq(crashes)))
        .execute(system.conn)?;
        if changed > 0 && state == JobState::Parked {
            tracing::error!(%job, %practice, crashes, "a job is parked: each process that ran it ended");
            metrics::counter!("anteroom_jobs_parked_total").increment(1);
        }
    }
    Ok(())
}

/// The first practice after `after` that has a job ready.
fn next_practice(system: &mut System<'_>, after: Option<PracticeId>) -> Result<Option<PracticeId>, Fault> {
    let ready = due_job::table
        .filter(due_job::state.eq(JobState::Ready))
        .filter(due_job::kind.in_list(KNOWN))
        .order(due_job::practice_id.asc())
        .select(due_job::practice_id);
    // Jobs of the installation have the nil id, which sorts before every practice.
    Ok(match after {
        None => ready.first(system.conn).optional()?,
        Some(after) => ready.filter(due_job::practice_id.gt(after)).first(system.conn).optional()?,
    })
}

/// Up to `most` practices that have a job ready, beginning behind `last`, once round.
fn ready_practices(
    system: &mut System<'_>,
    last: Option<PracticeId>,
    most: usize,
) -> Result<Vec<PracticeId>, Fault> {
    let mut practices: Vec<PracticeId> = Vec::new();
    let (mut after, mut has_wrapped) = (last, last.is_none());
    while practices.len() < most {
        match next_practice(system, after)? {
            Some(next) if practices.contains(&next) => break,
            Some(next) if has_wrapped && last.is_some_and(|last| next > last) => break,
            Some(next) => {
                practices.push(next);
                after = Some(next);
            }
            None if has_wrapped => break,
            None => (after, has_wrapped) = (None, true),
        }
    }
    Ok(practices)
}

/// Takes up to `most` ready jobs, an equal share from each practice that has any, beginning behind the practice
/// that was served last: many jobs of one practice do not delay the single one of another. Returns them
/// with the practice to go on behind.
pub(super) fn claim(
    system: &mut System<'_>,
    most: usize,
    last: Option<PracticeId>,
    process: &str,
) -> Result<(Vec<Claim>, Option<PracticeId>), Fault> {
    let practices = ready_practices(system, last, most)?;
    let Some(next_last) = practices.last().copied() else { return Ok((Vec::new(), last)) };
    let until = system.lease_now()?.plus_seconds(LEASE_SECONDS);
    let (mut left, mut claims) = (most, Vec::new());
    for (at, practice) in practices.iter().enumerate() {
        // What earlier practices left of their share goes to the later ones.
        let share = left.div_ceil(practices.len() - at);
        let rows = due_job::table
            .filter(due_job::practice_id.eq(*practice))
            .filter(due_job::state.eq(JobState::Ready))
            .filter(due_job::kind.in_list(KNOWN))
            .order((due_job::due_at.asc(), due_job::job_id.asc()))
            .limit(i64::try_from(share).unwrap_or(1));
        let ready: Vec<Claim> = match &mut *system.conn {
            Conn::Sqlite(conn) => rows.select(Claim::as_select()).load(conn)?,
            Conn::Postgres(conn) => rows.select(Claim::as_select()).for_update().skip_locked().load(conn)?,
        };
        if ready.is_empty() {
            continue;
        }
        let ids: Vec<JobId> = ready.iter().map(|claim| claim.job_id).collect();
        db::update(
            due_job::table.filter(due_job::practice_id.eq(*practice)).filter(due_job::job_id.in_list(ids)),
        )
        .set((
            due_job::state.eq(JobState::Running),
            due_job::attempt.eq(due_job::attempt + 1),
            due_job::lease_until.eq(until),
            due_job::leased_by.eq(process),
        ))
        .execute(system.conn)?;
        left -= ready.len();
        claims.extend(ready.into_iter().map(|row| Claim { attempt: row.attempt + 1, ..row }));
    }
    Ok((claims, Some(next_last)))
}

/// Which of these the process still has in hand; their rows are locked until the end of the transaction.
pub(super) fn still_held(system: &mut System<'_>, claims: &[Claim]) -> Result<Vec<JobId>, Fault> {
    let Some(first) = claims.first() else { return Ok(Vec::new()) };
    let ids: Vec<JobId> = claims.iter().map(|claim| claim.job_id).collect();
    let rows = due_job::table
        .filter(due_job::practice_id.eq(first.practice_id))
        .filter(due_job::job_id.in_list(ids))
        .filter(due_job::state.eq(JobState::Running))
        .order(due_job::job_id.asc())
        .select((due_job::job_id, due_job::attempt));
    let rows: Vec<(JobId, i32)> = match &mut *system.conn {
        Conn::Sqlite(conn) => rows.load(conn)?,
        Conn::Postgres(conn) => rows.for_update().load(conn)?,
    };
    let held: HashMap<JobId, i32> = rows.into_iter().collect();
    Ok(claims
        .iter()
        .filter(|claim| held.get(&claim.job_id) == Some(&claim.attempt))
        .map(|claim| claim.job_id)
        .collect())
}

/// Holds jobs of one practice for another while.
pub(super) fn renew(system: &mut System<'_>, claims: &[Claim]) -> Result<Vec<JobId>, Fault> {
    let held = still_held(system, claims)?;
    if let (Some(first), false) = (claims.first(), held.is_empty()) {
        let until = system.lease_now()?.plus_seconds(LEASE_SECONDS);
        db::update(
            due_job::table
                .filter(due_job::practice_id.eq(first.practice_id))
                .filter(due_job::job_id.in_list(&held)),
        )
        .set(due_job::lease_until.eq(until))
        .execute(system.conn)?;
    }
    Ok(held)
}

/// Writes what becomes of jobs of one practice that ran, in the transaction in which they ran.
pub(super) fn finish(
    system: &mut System<'_>,
    practice: PracticeId,
    outcomes: &[(JobId, Next)],
) -> Result<(), Fault> {
    let mut done = Vec::new();
    let mut again: BTreeMap<Timestamp, Vec<JobId>> = BTreeMap::new();
    for (job, next) in outcomes {
        match next {
            Next::Done => done.push(*job),
            Next::At(due) => again.entry(*due).or_default().push(*job),
        }
    }
    if !done.is_empty() {
        diesel::delete(
            due_job::table.filter(due_job::practice_id.eq(practice)).filter(due_job::job_id.in_list(done)),
        )
        .execute(system.conn)?;
    }
    for (due, jobs) in again {
        db::update(
            due_job::table.filter(due_job::practice_id.eq(practice)).filter(due_job::job_id.in_list(jobs)),
        )
        .set((
            Released::to(JobState::Waiting),
            due_job::due_at.eq(due),
            due_job::tries.eq(0),
            due_job::crashes.eq(0),
            due_job::last_error.eq(None::<String>),
        ))
        .execute(system.conn)?;
    }
    Ok(())
}

/// Writes what becomes of a job that ran, if this process still has it in hand.
pub(super) fn finish_held(system: &mut System<'_>, claim: &Claim, next: Next) -> Result<(), Fault> {
    if still_held(system, std::slice::from_ref(claim))?.is_empty() {
        return Ok(());
    }
    finish(system, claim.practice_id, &[(claim.job_id, next)])
}

/// Writes that a job failed: it is tried again later, and parked after too many tries. Nothing is written of one
/// that was cancelled, moved or taken over meanwhile.
pub(super) fn fail(system: &mut System<'_>, claim: &Claim, error: &str) -> Result<(), Fault> {
    if still_held(system, std::slice::from_ref(claim))?.is_empty() {
        return Ok(());
    }
    tracing::error!(job = %claim.job_id, kind = %claim.kind, error, "a job failed");
    let tries = claim.tries + 1;
    let state = if tries >= MOST_TRIES { JobState::Parked } else { JobState::Waiting };
    if state == JobState::Parked {
        tracing::error!(job = %claim.job_id, practice = %claim.practice_id, kind = %claim.kind, error, "a job is parked: it failed too often");
        metrics::counter!("anteroom_jobs_parked_total").increment(1);
    }
    let wait = FIRST_WAIT.saturating_mul(1 << claim.tries.clamp(0, 12)).min(LONGEST_WAIT);
    let due = system.now.plus_seconds(wait);
    db::update(
        due_job::table
            .filter(due_job::practice_id.eq(claim.practice_id))
            .filter(due_job::job_id.eq(claim.job_id)),
    )
    .set((
        Released::to(state),
        due_job::due_at.eq(due),
        due_job::tries.eq(tries),
        due_job::last_error.eq(error),
    ))
    .execute(system.conn)?;
    Ok(())
}

/// Puts jobs of one practice back that were not run.
pub(super) fn put_back(system: &mut System<'_>, claims: &[Claim]) -> Result<(), Fault> {
    let held = still_held(system, claims)?;
    if let (Some(first), false) = (claims.first(), held.is_empty()) {
        db::update(
            due_job::table
                .filter(due_job::practice_id.eq(first.practice_id))
                .filter(due_job::job_id.in_list(held)),
        )
        .set(Released::to(JobState::Ready))
        .execute(system.conn)?;
    }
    Ok(())
}
