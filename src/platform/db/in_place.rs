//! Reads by key on SQLite, run on the thread that asks for them. They take a fraction of a millisecond, and to
//! wake another thread and to be woken by it costs as much again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::platform::db::connect::{Conn, Opener};
use crate::platform::db::log::Snapshot;
use crate::platform::db::queue::{Answer, Unit};
use crate::platform::db::sqlite::read;
use crate::platform::fault::{Fault, classify_error};

/// The connections for such reads.
pub struct InPlace {
    opener: Opener,
    free: Mutex<Vec<Place>>,
}

/// A connection, opened at its first use, and where it says how long it has held its snapshot.
struct Place {
    conn: Option<Conn>,
    snapshot: Arc<Snapshot>,
}

/// What became of a unit.
pub enum Tried {
    /// It ran.
    Done(Result<Answer, Fault>),
    /// Every connection was taken; it is for the queue.
    NotNow(Unit),
}

impl InPlace {
    /// One connection for each of these snapshots.
    pub fn new(opener: Opener, snapshots: impl IntoIterator<Item = Arc<Snapshot>>) -> Self {
        let places = snapshots.into_iter().map(|snapshot| Place { conn: None, snapshot });
        Self { opener, free: Mutex::new(places.collect()) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs it now, if a connection is free.
    pub fn run(&self, mut unit: Unit) -> Tried {
        // The one that was used last: its pages are warm.
        let Some(mut place) = self.lock().pop() else { return Tried::NotNow(unit) };
        let outcome = place.run(&self.opener, &mut unit);
        self.lock().push(place);
        Tried::Done(outcome)
    }
}

impl Place {
    fn run(&mut self, opener: &Opener, unit: &mut Unit) -> Result<Answer, Fault> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            none => none.insert(opener.open().map_err(classify_error)?),
        };
        read(conn, &self.snapshot, unit)
    }
}
