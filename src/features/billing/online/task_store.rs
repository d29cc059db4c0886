//! What is to be asked of the provider. A claim raises `attempt`, which then fences: who comes back with an older
//! number writes nothing.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PracticeId, TaskId};
use crate::platform::db::schema::provider_task;
use crate::platform::db::{self, InLists as _, Scoped, System};
use crate::platform::fault::Fault;
use crate::platform::pay::Call;
use crate::word_enum;

/// How long a claim holds.
const LEASE_SECONDS: i64 = 60;
/// First wait after a try without an answer; it doubles with each, …
const FIRST_WAIT: i64 = 5;
/// … up to this.
const LONGEST_WAIT: i64 = 6 * 3_600;
/// The provider does a call once under its key for a day: after this it is not repeated.
const REPEATED_FOR: i64 = 23 * 3_600;
/// Tasks of one practice that are taken at once, so that many of one do not delay another's.
const SHARE: i64 = 8;

word_enum! {
    /// What is asked of the provider.
    pub enum TaskKind {
        /// A page on which a client pays.
        OpenCheckout = "open-checkout",
        /// That nobody pays there any more.
        CloseCheckout = "close-checkout",
        /// What became of a page.
        LookAtCheckout = "look-at-checkout",
        /// A refund.
        AskRefund = "ask-refund",
        /// What became of a refund.
        LookAtRefund = "look-at-refund",
        /// What became of a payment that a client's bank asks about.
        LookAtDispute = "look-at-dispute",
        /// What changed since the last time.
        ReadEvents = "read-events",
    }
}

word_enum! {
    /// Where it stands. What was answered has no row.
    pub enum TaskState {
        /// Its moment comes, or has come.
        Waiting = "waiting",
        /// A process has it in hand, until `next_at`.
        Running = "running",
        /// It is not tried any more; staff look at it.
        Failed = "failed",
    }
}

/// A task, as its row says.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = provider_task)]
pub struct Task {
    pub(super) practice_id: PracticeId,
    /// Its name, and the key of its call.
    pub task_id: TaskId,
    /// What is asked.
    pub kind: TaskKind,
    subject: Vec<u8>,
    /// The provider's name for what it is about; may be empty.
    pub object_id: String,
    pub(super) call: Option<String>,
    pub(super) attempt: i32,
    tries: i32,
    created_at: Timestamp,
}

impl Task {
    /// The checkout or refund that it is about; nil for none.
    pub fn subject(&self) -> uuid::Uuid {
        uuid::Uuid::from_slice(&self.subject).unwrap_or_default()
    }

    /// The call as it was written down.
    pub(super) fn call(&self) -> Result<Option<Call>, Fault> {
        let read = |text: &String| {
            serde_json::from_str(text)
                .map_err(|_| Fault::Damaged(format!("the call of task {}", self.task_id)))
        };
        self.call.as_ref().map(read).transpose()
    }
}

/// Asks something of the provider, about a checkout or refund of ours, or about an object of the provider's.
pub fn add(c: &mut Scoped<'_>, kind: TaskKind, subject: uuid::Uuid, object: &str) -> Result<TaskId, Fault> {
    let id = TaskId::fresh(c.rng(), c.now());
    let row = (
        provider_task::task_id.eq(id),
        provider_task::kind.eq(kind),
        provider_task::subject.eq(subject.as_bytes().to_vec()),
        provider_task::object_id.eq(object),
        provider_task::state.eq(TaskState::Waiting),
        provider_task::attempt.eq(0),
        provider_task::tries.eq(0),
        provider_task::next_at.eq(c.now()),
        provider_task::last_error.eq(""),
        provider_task::created_at.eq(c.now()),
    );
    c.insert(provider_task::table, row)?;
    Ok(id)
}

/// The task of a kind about a subject that is not given up, if there is one.
pub fn find_about(c: &mut Scoped<'_>, kind: TaskKind, subject: uuid::Uuid) -> Result<Option<TaskId>, Fault> {
    c.rows(provider_task::table)
        .filter(provider_task::subject.eq(subject.as_bytes().to_vec()))
        .filter(provider_task::kind.eq(kind))
        .filter(provider_task::state.in_list([TaskState::Waiting, TaskState::Running]))
        .select(provider_task::task_id)
        .optional(c)
}

/// Does a process carry it out at this moment?
pub(super) fn is_in_hand(c: &mut Scoped<'_>, id: TaskId) -> Result<bool, Fault> {
    let state: Option<TaskState> = c
        .rows(provider_task::table)
        .filter(provider_task::task_id.eq(id))
        .select(provider_task::state)
        .optional(c)?;
    Ok(state == Some(TaskState::Running))
}

/// The same, asked now where it is not asked yet.
pub fn add_once(c: &mut Scoped<'_>, kind: TaskKind, subject: uuid::Uuid) -> Result<TaskId, Fault> {
    match find_about(c, kind, subject)? {
        Some(known) => Ok(known),
        None => add(c, kind, subject, ""),
    }
}

/// What was given up, the newest first.
pub fn given_up(c: &mut Scoped<'_>, most: i64) -> Result<Vec<Task>, Fault> {
    c.rows(provider_task::table)
        .filter(provider_task::state.eq(TaskState::Failed))
        .order(provider_task::task_id.desc())
        .limit(most)
        .select(Task::as_select())
        .load(c)
}

/// Practices with something to ask now. A claim whose time is over counts: whoever had it is gone.
pub(super) fn practices_due(system: &mut System<'_>) -> Result<Vec<PracticeId>, Fault> {
    let now = system.now;
    Ok(provider_task::table
        .filter(provider_task::state.in_list([TaskState::Waiting, TaskState::Running]))
        .filter(provider_task::next_at.le(now))
        .select(provider_task::practice_id)
        .distinct()
        .limit(200)
        .load(system.conn)?)
}

/// Takes what is due in these practices, a share of each.
pub(super) fn claim_due(system: &mut System<'_>, practices: &[PracticeId]) -> Result<Vec<Task>, Fault> {
    let now = system.now;
    let mut claimed = Vec::new();
    for practice in practices {
        let due: Vec<TaskId> = provider_task::table
            .filter(provider_task::practice_id.eq(practice))
            .filter(provider_task::state.in_list([TaskState::Waiting, TaskState::Running]))
            .filter(provider_task::next_at.le(now))
            .order((provider_task::next_at.asc(), provider_task::task_id.asc()))
            .limit(SHARE)
            .select(provider_task::task_id)
            .load(system.conn)?;
        for task in due {
            claimed.extend(claim(system, practice, task)?);
        }
    }
    Ok(claimed)
}

/// Takes one, unless somebody has it in hand or it is over.
pub(super) fn claim(
    system: &mut System<'_>,
    practice: &PracticeId,
    id: TaskId,
) -> Result<Option<Task>, Fault> {
    let now = system.now;
    let one = || {
        provider_task::table
            .filter(provider_task::practice_id.eq(*practice))
            .filter(provider_task::task_id.eq(id))
    };
    let is_free = provider_task::state
        .eq(TaskState::Waiting)
        .or(provider_task::state.eq(TaskState::Running).and(provider_task::next_at.le(now)));
    let changed = db::update(one().filter(is_free))
        .set((
            provider_task::state.eq(TaskState::Running),
            provider_task::attempt.eq(provider_task::attempt + 1),
            provider_task::next_at.eq(now.plus_seconds(LEASE_SECONDS)),
        ))
        .execute(system.conn)?;
    if changed == 0 {
        return Ok(None);
    }
    Ok(one().select(Task::as_select()).first(system.conn).optional()?)
}

/// Writes a call down before it is made for the first time.
pub(super) fn keep_call(c: &mut Scoped<'_>, task: &Task, call: &Call) -> Result<bool, Fault> {
    let text =
        serde_json::to_string(call).map_err(|error| Fault::other(format!("writing a call: {error}")))?;
    let kept = c
        .rows(provider_task::table)
        .filter(provider_task::task_id.eq(task.task_id))
        .filter(provider_task::attempt.eq(task.attempt))
        .set(provider_task::call.eq(Some(text)))
        .execute(c)?;
    Ok(kept == 1)
}

/// Ends a task with what is written in the same transaction; false where somebody else has it by now.
pub(super) fn finish(c: &mut Scoped<'_>, task: &Task) -> Result<bool, Fault> {
    let gone = c
        .rows(provider_task::table)
        .filter(provider_task::task_id.eq(task.task_id))
        .filter(provider_task::attempt.eq(task.attempt))
        .delete(c)?;
    Ok(gone == 1)
}

/// There was no answer: it is asked again later, or given up where the provider would not know the key any more.
pub(super) fn put_off(c: &mut Scoped<'_>, task: &Task, error: &str) -> Result<TaskState, Fault> {
    let now = c.now();
    let is_over = now.seconds_since(task.created_at) > REPEATED_FOR && task.kind != TaskKind::ReadEvents;
    let wait = FIRST_WAIT.saturating_mul(1 << task.tries.clamp(0, 12)).min(LONGEST_WAIT);
    let state = if is_over { TaskState::Failed } else { TaskState::Waiting };
    c.rows(provider_task::table)
        .filter(provider_task::task_id.eq(task.task_id))
        .filter(provider_task::attempt.eq(task.attempt))
        .set((
            provider_task::state.eq(state),
            provider_task::tries.eq(task.tries + 1),
            provider_task::next_at.eq(now.plus_seconds(wait)),
            provider_task::last_error.eq(error),
        ))
        .execute(c)?;
    Ok(state)
}

/// Takes a task away whose call was never made; false where it was, or may have been.
pub(super) fn drop_unsent(c: &mut Scoped<'_>, id: TaskId) -> Result<bool, Fault> {
    let gone = c
        .rows(provider_task::table)
        .filter(provider_task::task_id.eq(id))
        .filter(provider_task::state.eq(TaskState::Waiting))
        .filter(provider_task::call.is_null())
        .delete(c)?;
    Ok(gone == 1)
}
