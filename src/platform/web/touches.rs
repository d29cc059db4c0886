//! When the open sessions were last used, kept in memory and written in one transaction every few seconds, so
//! that reading a page writes nothing. A crash loses at most [`WRITE_EVERY`] of idle time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PracticeId;
use crate::platform::db::schema::session;
use crate::platform::db::{Db, update};
use crate::platform::fault::Fault;

/// How often the uses are written.
pub const WRITE_EVERY: Duration = Duration::from_secs(5);

type Key = (PracticeId, String);

/// The uses that are not written yet, by practice and hash of the session's token.
#[derive(Default)]
pub struct Touches(Mutex<HashMap<Key, Timestamp>>);

impl Touches {
    /// The session was used at `now`.
    pub fn note(&self, practice: PracticeId, token_hash: &str, now: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert((practice, token_hash.to_owned()), now);
    }

    /// When the session was last used: what is not written yet, or else what the database says. Also after the
    /// clock was set back, when the newest use lies before the stored one.
    pub fn latest(&self, practice: PracticeId, token_hash: &str, stored: Timestamp) -> Timestamp {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.is_empty() {
            return stored;
        }
        uses.get(&(practice, token_hash.to_owned())).copied().unwrap_or(stored)
    }

    fn waiting(&self) -> Vec<(Key, Timestamp)> {
        let uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.iter().map(|(key, seen)| (key.clone(), *seen)).collect()
    }

    fn written(&self, rows: &[(Key, Timestamp)]) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, seen) in rows {
            if uses.get(key) == Some(seen) {
                uses.remove(key);
            }
        }
    }

    /// Writes the uses that wait; returns how many there were.
    pub async fn write(&self, db: &Db) -> Result<usize, Fault> {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return Ok(0);
        }
        let rows = waiting.clone();
        db.system_write(move |system| {
            for ((practice, token_hash), seen) in &rows {
                update(
                    session::table
                        .filter(session::practice_id.eq(practice))
                        .filter(session::token_hash.eq(token_hash))
                        .filter(session::ended_at.is_null()),
                )
                .set(session::seen_at.eq(*seen))
                .execute(system.conn)?;
            }
            Ok(())
        })
        .await?;
        self.written(&waiting);
        Ok(waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_counts_before_it_is_written_and_a_later_one_is_kept() {
        let (touches, practice) = (Touches::default(), PracticeId::NIL);
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(touches.latest(practice, "a", at(10)), at(10));
        touches.note(practice, "a", at(20));
        assert_eq!(touches.latest(practice, "a", at(10)), at(20));
        assert_eq!(touches.latest(practice, "a", at(90)), at(20), "the clock was set back");
        assert_eq!(touches.latest(practice, "b", at(10)), at(10));
        let waiting = touches.waiting();
        touches.note(practice, "a", at(30));
        touches.written(&waiting);
        assert_eq!(touches.latest(practice, "a", at(20)), at(30), "what came while it was written waits on");
        touches.written(&touches.waiting());
        assert_eq!(touches.latest(practice, "a", at(20)), at(20));
    }
}
