//! Planning, moving and cancelling jobs, in the transaction of what they are about.

use diesel::prelude::*;

use super::kind::{JobKind, JobState};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{JobId, PracticeId};
use crate::platform::db;
use crate::platform::db::schema::due_job;
use crate::platform::db::{InLists as _, PracticeRow as _, Scoped, System};
use crate::platform::fault::{Fault, is_duplicate};
use crate::practice_row;

/// A job to be planned. There is at most one of a kind about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What it does.
    pub kind: JobKind,
    /// What it is about.
    pub subject: uuid::Uuid,
    /// When it falls due.
    pub due_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = due_job, treat_none_as_default_value = false)]
struct Row {
    practice_id: PracticeId,
    job_id: JobId,
    kind: JobKind,
    subject: Vec<u8>,
    due_at: Timestamp,
    state: JobState,
    attempt: i32,
    tries: i32,
    crashes: i32,
    lease_until: Option<Timestamp>,
    leased_by: Option<String>,
    last_error: Option<String>,
    created_at: Timestamp,
}

practice_row!(Row, due_job);

impl Row {
    fn new(practice: PracticeId, job: JobId, new: &NewJob, now: Timestamp) -> Self {
        Self {
            practice_id: practice,
            job_id: job,
            kind: new.kind,
            subject: new.subject.as_bytes().to_vec(),
            due_at: new.due_at,
            state: JobState::Waiting,
            attempt: 0,
            tries: 0,
            crashes: 0,
            lease_until: None,
            leased_by: None,
            last_error: None,
            created_at: now,
        }
    }
}

/// What is written when no process has a job in hand any more.
#[derive(AsChangeset)]
#[diesel(table_name = due_job, treat_none_as_null = true)]
pub(super) struct Released {
    state: JobState,
    lease_until: Option<Timestamp>,
    leased_by: Option<String>,
}

impl Released {
    /// In this state.
    pub fn to(state: JobState) -> Self {
        Self { state, lease_until: None, leased_by: None }
    }
}

/// Plans jobs about subjects that have none of these kinds yet.
pub fn plan(c: &mut Scoped<'_>, jobs: &[NewJob]) -> Result<(), Fault> {
    let (practice, now) = (*c.practice(), c.now());
    let rows: Vec<Row> =
        jobs.iter().map(|new| Row::new(practice, JobId::fresh(c.rng(), now), new, now)).collect();
    c.insert_rows(&rows).map_err(planned_twice)
}

/// One subject has one job of a kind. The unit of work that came second runs again and finds the first one's job.
fn planned_twice(fault: Fault) -> Fault {
    match fault {
        Fault::Database(error) if is_duplicate(&error) => Fault::lost_race("two planned one job at once"),
        other => other,
    }
}

/// Is a job of this kind planned about a subject?
pub fn is_planned(c: &mut Scoped<'_>, kind: JobKind, subject: uuid::Uuid) -> Result<bool, Fault> {
    let found: Option<JobId> = c
        .rows(due_job::table)
        .filter(due_job::kind.eq(kind))
        .filter(due_job::subject.eq(subject.as_bytes().to_vec()))
        .select(due_job::job_id)
        .optional(c)?;
    Ok(found.is_some())
}

/// What jobs of this kind are planned about.
pub fn planned(c: &mut Scoped<'_>, kind: JobKind) -> Result<std::collections::BTreeSet<uuid::Uuid>, Fault> {
    let subjects: Vec<Vec<u8>> =
        c.rows(due_job::table).filter(due_job::kind.eq(kind)).select(due_job::subject).load(c)?;
    Ok(subjects.iter().filter_map(|subject| uuid::Uuid::from_slice(subject).ok()).collect())
}

/// Plans the one job of a kind of the whole installation, unless it is planned already.
pub(super) fn plan_for_installation(system: &mut System<'_>, kind: JobKind) -> Result<(), Fault> {
    let known: i64 = due_job::table
        .filter(due_job::practice_id.eq(PracticeId::NIL))
        .filter(due_job::kind.eq(kind))
        .count()
        .get_result(system.conn)?;
    if known > 0 {
        return Ok(());
    }
    let now = system.now;
    let new = NewJob { kind, subject: uuid::Uuid::nil(), due_at: now };
    let rows = [Row::new(PracticeId::NIL, JobId::fresh(system.rng, now), &new, now)];
    Row::insert_all(&rows, system.conn).map_err(planned_twice)
}

/// Cancels the jobs of these kinds about these subjects. A process that has one in hand finds it gone, and
/// what it has done about it is undone.
pub fn cancel(c: &mut Scoped<'_>, kinds: &[JobKind], subjects: &[uuid::Uuid]) -> Result<(), Fault> {
    c.rows(due_job::table)
        .filter(due_job::kind.in_list(kinds))
        .filter(due_job::subject.in_list(subjects))
        .delete(c)?;
    Ok(())
}

/// Makes jobs due, because what they were planned by has changed. The new attempt fences off a process that has
/// one in hand. `$jobs` narrows them to a kind or a subject; a parked job stays parked.
macro_rules! make_due {
    ($c:ident, $jobs:expr) => {{
        let now = $c.now();
        $c.rows(due_job::table)
            .filter(due_job::state.ne(JobState::Parked))
            .filter($jobs)
            .set((
                Released::to(JobState::Waiting),
                due_job::due_at.eq(now),
                due_job::attempt.eq(due_job::attempt + 1),
            ))
            .execute($c)
    }};
}

/// Makes every job of a kind in this practice due.
pub fn bring_forward(c: &mut Scoped<'_>, kind: JobKind) -> Result<(), Fault> {
    make_due!(c, due_job::kind.eq(kind))?;
    Ok(())
}

/// The same for the jobs about these subjects.
pub fn bring_forward_about(c: &mut Scoped<'_>, kind: JobKind, subjects: &[uuid::Uuid]) -> Result<(), Fault> {
    make_due!(c, due_job::kind.eq(kind).and(due_job::subject.in_list(subjects)))?;
    Ok(())
}

/// A job that is not tried any more, as an operator sees it.
#[derive(Clone, Debug, Queryable, Selectable, serde::Serialize)]
#[diesel(table_name = due_job)]
pub struct ParkedJob {
    /// Its name.
    pub job_id: JobId,
    /// Its practice; the nil id for a job of the whole installation.
    pub practice_id: PracticeId,
    /// What it does, as the row's word says: a newer version may have planned it.
    pub kind: String,
    /// How often it failed.
    pub tries: i32,
    /// How many processes ended over it.
    pub crashes: i32,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// Parked jobs that one answer names.
pub const MOST_PARKED: i64 = 1_000;

/// The parked jobs, by practice, at most [`MOST_PARKED`].
pub fn parked(system: &mut System<'_>) -> Result<Vec<ParkedJob>, Fault> {
    Ok(due_job::table
        .filter(due_job::state.eq(JobState::Parked))
        .order((due_job::practice_id.asc(), due_job::due_at.asc()))
        .limit(MOST_PARKED)
        .select(ParkedJob::as_select())
        .load(system.conn)?)
}

/// A parked job as one that was never tried.
macro_rules! anew {
    ($now:expr) => {
        (
            Released::to(JobState::Waiting),
            due_job::due_at.eq($now),
            due_job::attempt.eq(due_job::attempt + 1),
            due_job::tries.eq(0),
            due_job::crashes.eq(0),
        )
    };
}

/// Makes parked jobs due now, with as many tries as new ones: one by its name, or all of them. Returns how many.
pub fn retry(system: &mut System<'_>, only: Option<JobId>) -> Result<usize, Fault> {
    let parked = due_job::table.filter(due_job::state.eq(JobState::Parked));
    let again = anew!(system.now);
    Ok(match only {
        Some(job) => db::update(parked.filter(due_job::job_id.eq(job))).set(again).execute(system.conn)?,
        None => db::update(parked).set(again).execute(system.conn)?,
    })
}

/// The jobs of a kind about a subject that are not tried any more.
macro_rules! parked_about {
    ($c:expr, $kind:expr, $subject:expr) => {
        $c.rows(due_job::table)
            .filter(due_job::kind.eq($kind))
            .filter(due_job::subject.eq($subject.as_bytes().to_vec()))
            .filter(due_job::state.eq(JobState::Parked))
    };
}

/// Is the job of this kind about a subject not tried any more?
pub fn is_parked(c: &mut Scoped<'_>, kind: JobKind, subject: uuid::Uuid) -> Result<bool, Fault> {
    let found: Option<JobId> = parked_about!(c, kind, subject).select(due_job::job_id).optional(c)?;
    Ok(found.is_some())
}

/// The same as [`retry`], for the job of this kind about a subject.
pub fn retry_about(c: &mut Scoped<'_>, kind: JobKind, subject: uuid::Uuid) -> Result<(), Fault> {
    let now = c.now();
    parked_about!(c, kind, subject).set(anew!(now)).execute(c)?;
    Ok(())
}
