//! Limits that hold across restarts and processes: how often something was tried in a window.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::platform::db::Scoped;
use crate::platform::db::schema::attempt_counter as counter;
use crate::platform::fault::{Fault, is_duplicate};

/// A limit: at most `most` tries in each window of `seconds`.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Tries that are allowed in one window.
    pub most: i32,
    /// The window's length in seconds.
    pub seconds: i64,
}

impl Limit {
    fn window(self, now: Timestamp) -> Timestamp {
        let length = self.seconds * 1_000_000;
        Timestamp::from_micros(now.micros().div_euclid(length) * length)
    }
}

/// How often `bucket` was tried in the present window.
pub fn tries(c: &mut Scoped<'_>, bucket: &str, limit: Limit) -> Result<i32, Fault> {
    let query = c
        .rows(counter::table)
        .filter(counter::bucket.eq(bucket))
        .filter(counter::window_start.eq(limit.window(c.now())))
        .select(counter::tries);
    Ok(query.kept().optional(c)?.unwrap_or(0))
}

/// Is one more try allowed? Does not count it.
pub fn allows(c: &mut Scoped<'_>, bucket: &str, limit: Limit) -> Result<bool, Fault> {
    Ok(tries(c, bucket, limit)? < limit.most)
}

/// Counts one try and returns the window's total with it.
pub fn count(c: &mut Scoped<'_>, bucket: &str, limit: Limit) -> Result<i32, Fault> {
    let start = limit.window(c.now());
    let row =
        c.rows(counter::table).filter(counter::bucket.eq(bucket)).filter(counter::window_start.eq(start));
    if row.set(counter::tries.eq(counter::tries + 1)).execute(c)? == 0 {
        let inserted = c.insert(
            counter::table,
            (counter::bucket.eq(bucket), counter::window_start.eq(start), counter::tries.eq(1)),
        );
        match inserted {
            Ok(()) => {}
            // Another process made the row first: PostgreSQL has given this transaction up, so the
            // unit of work runs again.
            Err(Fault::Database(error)) if is_duplicate(&error) => {
                return Err(Fault::lost_race("two first tries at once"));
            }
            Err(fault) => return Err(fault),
        }
    }
    row.select(counter::tries).first(c)
}

/// Forgets everything about a bucket.
pub fn clear(c: &mut Scoped<'_>, bucket: &str) -> Result<(), Fault> {
    c.rows(counter::table).filter(counter::bucket.eq(bucket)).delete(c)?;
    Ok(())
}

/// Notes a moment under a bucket, in place of an earlier one: until when something holds.
pub fn mark(c: &mut Scoped<'_>, bucket: &str, moment: Timestamp) -> Result<(), Fault> {
    clear(c, bucket)?;
    c.insert(
        counter::table,
        (counter::bucket.eq(bucket), counter::window_start.eq(moment), counter::tries.eq(0)),
    )?;
    Ok(())
}

/// The latest moment noted under a bucket.
pub fn latest_window(c: &mut Scoped<'_>, bucket: &str) -> Result<Option<Timestamp>, Fault> {
    c.rows(counter::table)
        .filter(counter::bucket.eq(bucket))
        .order(counter::window_start.desc())
        .select(counter::window_start)
        .optional(c)
}

/// Forgets windows that ended before `before`.
pub fn forget(c: &mut Scoped<'_>, before: Timestamp) -> Result<usize, Fault> {
    c.rows(counter::table).filter(counter::window_start.lt(before)).delete(c)
}
