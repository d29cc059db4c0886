//! The rows of what staff write to each other on a thread. Only staff pages ask for them; nothing here knows a message.

use diesel::prelude::*;

use crate::features::messages::actions::StaffRange;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{NoteId, StaffId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::thread_note;
use crate::platform::fault::Fault;

/// Notes on one thread that its page shows.
pub const MOST: i64 = 200;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = thread_note)]
pub struct Note {
    /// The note.
    pub note_id: NoteId,
    /// Who wrote it, by the name they had then.
    pub author_name: String,
    /// Plain text.
    pub body: String,
    /// When.
    pub written_at: Timestamp,
}

/// A note to be written.
#[derive(Clone, Debug)]
pub struct NewNote<'a> {
    /// On this thread.
    pub thread: ThreadId,
    /// Its newest message.
    pub seq: i32,
    /// Who writes it.
    pub staff: StaffId,
    /// Their name.
    pub name: &'a str,
    /// Plain text.
    pub body: &'a str,
}

/// Writes a note.
pub fn insert(c: &mut Scoped<'_>, new: &NewNote<'_>) -> Result<NoteId, Fault> {
    let (id, now) = (NoteId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        thread_note::table,
        (
            thread_note::thread_id.eq(new.thread),
            thread_note::note_id.eq(id),
            thread_note::seq.eq(new.seq),
            thread_note::staff_id.eq(new.staff),
            thread_note::author_name.eq(new.name.to_owned()),
            thread_note::body.eq(new.body.to_owned()),
            thread_note::written_at.eq(now),
        ),
    )?;
    Ok(id)
}

/// The newest notes on a thread, the oldest of them first, that were written when its newest message was one that this
/// staff member reads.
pub(super) fn of_thread(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    reads: StaffRange,
) -> Result<Vec<Note>, Fault> {
    let mut found: Vec<Note> = c
        .rows(thread_note::table)
        .filter(thread_note::thread_id.eq(*thread))
        .filter(thread_note::seq.ge(reads.first_seq()))
        .order((thread_note::written_at.desc(), thread_note::note_id.desc()))
        .limit(MOST)
        .select(Note::as_select())
        .load(c)?;
    found.reverse();
    Ok(found)
}
