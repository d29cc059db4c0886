//! The rows of drafts: one for each writer and each thread, or new message about a chart.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::features::messages::store::ReaderKind;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, ThreadId};
use crate::platform::db::schema::message_draft;
use crate::platform::db::{InLists as _, Scoped, System};
use crate::platform::fault::{Fault, is_duplicate};

/// Days that a draft is kept after its last change.
const DAYS: i64 = 30;

/// Whose draft, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// A person on the client's side, or a staff member.
    pub kind: ReaderKind,
    /// Who.
    pub writer: uuid::Uuid,
    /// About this chart.
    pub chart: ChartId,
    /// In this thread; none for a new one.
    pub thread: Option<ThreadId>,
}

impl Slot {
    fn thread_id(&self) -> ThreadId {
        self.thread.unwrap_or(ThreadId::NIL)
    }
}

/// What a form of a message holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = message_draft)]
pub struct Typed {
    /// Whom it is for, as the form says it.
    pub addressee: String,
    /// In whose name, as the form says it.
    pub sender: String,
    /// The subject of a new message.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The uploads that wait to be sent, with blanks between them.
    pub files: String,
}

impl Typed {
    /// Is there nothing to keep?
    pub fn is_empty(&self) -> bool {
        self.subject.trim().is_empty() && self.body.trim().is_empty() && self.files.is_empty()
    }
}

/// A draft as it is kept. A sent or discarded one is empty and keeps counting, so that a page that was open meanwhile
/// cannot bring it back.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = message_draft)]
pub struct Draft {
    /// What was typed.
    #[diesel(embed)]
    pub typed: Typed,
    /// Counts changes.
    pub revision: i32,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

macro_rules! in_slot {
    ($c:expr, $slot:expr) => {
        $c.rows(message_draft::table)
            .filter(message_draft::writer_kind.eq($slot.kind))
            .filter(message_draft::writer_id.eq($slot.writer.as_bytes().to_vec()))
            .filter(message_draft::chart_id.eq($slot.chart))
            .filter(message_draft::thread_id.eq($slot.thread_id()))
    };
}

/// The draft of a slot.
pub fn find(c: &mut Scoped<'_>, slot: &Slot) -> Result<Option<Draft>, Fault> {
    in_slot!(c, slot).select(Draft::as_select()).optional(c)
}

/// Those of these threads in which somebody has a draft of an answer.
pub fn drafted(
    c: &mut Scoped<'_>,
    kind: ReaderKind,
    writer: uuid::Uuid,
    threads: &[ThreadId],
) -> Result<BTreeSet<ThreadId>, Fault> {
    if threads.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found: Vec<ThreadId> = c
        .rows(message_draft::table)
        .filter(message_draft::writer_kind.eq(kind))
        .filter(message_draft::writer_id.eq(writer.as_bytes().to_vec()))
        .filter(message_draft::thread_id.in_list(threads.iter().copied()))
        .filter(message_draft::body.ne("").or(message_draft::files.ne("")))
        .select(message_draft::thread_id)
        .load(c)?;
    Ok(found.into_iter().collect())
}

/// Writes a draft over the revision that was read, 0 for none, and returns the new one.
pub fn put(c: &mut Scoped<'_>, slot: &Slot, typed: &Typed, over: i32) -> Result<i32, Fault> {
    let (revision, now) = (over + 1, c.now());
    let lost = || Fault::lost_race("a draft was saved twice at once");
    if over == 0 {
        let inserted = c.insert(
            message_draft::table,
            (
                message_draft::writer_kind.eq(slot.kind),
                message_draft::writer_id.eq(slot.writer.as_bytes().to_vec()),
                message_draft::chart_id.eq(slot.chart),
                message_draft::thread_id.eq(slot.thread_id()),
                typed,
                message_draft::revision.eq(revision),
                message_draft::updated_at.eq(now),
            ),
        );
        return match inserted {
            Err(Fault::Database(error)) if is_duplicate(&error) => Err(lost()),
            other => other.map(|()| revision),
        };
    }
    let saved = in_slot!(c, slot)
        .filter(message_draft::revision.eq(over))
        .set((typed.clone(), message_draft::revision.eq(revision), message_draft::updated_at.eq(now)))
        .execute(c)?;
    if saved == 0 { Err(lost()) } else { Ok(revision) }
}

/// Deletes drafts that nobody went on with; returns how many.
pub fn tidy(system: &mut System<'_>) -> Result<usize, Fault> {
    let long_ago = system.now.plus_hours(-24 * DAYS);
    Ok(diesel::delete(message_draft::table.filter(message_draft::updated_at.lt(long_ago)))
        .execute(system.conn)?)
}
