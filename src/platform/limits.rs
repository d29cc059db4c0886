//! Limits that hold across restarts and processes: how often something was tried in a window.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::platform::db;
use crate::platform::db::schema::attempt_counter as counter;
use crate::platform::db::{Scoped, kept};
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
    let query = counter::table
        .filter(counter::practice_id.eq(*c.practice()))
        .filter(counter::bucket.eq(bucket))
        .filter(counter::window_start.eq(limit.window(c.now())))
        .select(counter::tries);
    Ok(kept(query.limit(1)).get_result(c.conn).optional()?.unwrap_or(0))
}

/// Is one more try allowed? Does not count it.
pub fn allows(c: &mut Scoped<'_>, bucket: &str, limit: Limit) -> Result<bool, Fault> {
    Ok(tries(c, bucket, limit)? < limit.most)
}

/// Counts one try and returns the window's total with it.
pub fn count(c: &mut Scoped<'_>, bucket: &str, limit: Limit) -> Result<i32, Fault> {
    let start = limit.window(c.now());
    let practice = c.practice().clone();
    let row = || {
        counter::table
            .filter(counter::practice_id.eq(practice.clone()))
            .filter(counter::bucket.eq(bucket.to_owned()))
            .filter(counter::window_start.eq(start))
    };
    if db::update(row()).set(counter::tries.eq(counter::tries + 1)).execute(c.conn)? == 0 {
        let inserted = diesel::insert_into(counter::table)
            .values((
                counter::practice_id.eq(practice.clone()),
                counter::bucket.eq(bucket),
                counter::window_start.eq(start),
                counter::tries.eq(1),
            ))
            .execute(c.conn);
        match inserted {
            Ok(_) => {}
            // Another process made the row first: PostgreSQL has given this transaction up, so the
            // unit of work runs again.
            Err(error) if is_duplicate(&error) => return Err(Fault::lost_race("two first tries at once")),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(row().select(counter::tries).first(c.conn)?)
}

/// Forgets everything about a bucket.
pub fn clear(c: &mut Scoped<'_>, bucket: &str) -> Result<(), Fault> {
    diesel::delete(
        counter::table
            .filter(counter::practice_id.eq(c.practice().clone()))
            .filter(counter::bucket.eq(bucket)),
    )
    .execute(c.conn)?;
    Ok(())
}

/// Notes a moment under a bucket, in place of an earlier one: until when something holds.
pub fn mark(c: &mut Scoped<'_>, bucket: &str, moment: Timestamp) -> Result<(), Fault> {
    clear(c, bucket)?;
    diesel::insert_into(counter::table)
        .values((
            counter::practice_id.eq(c.practice().clone()),
            counter::bucket.eq(bucket),
            counter::window_start.eq(moment),
            counter::tries.eq(0),
        ))
        .execute(c.conn)?;
    Ok(())
}

/// The latest moment noted under a bucket.
pub fn latest_window(c: &mut Scoped<'_>, bucket: &str) -> Result<Option<Timestamp>, Fault> {
    Ok(counter::table
        .filter(counter::practice_id.eq(c.practice().clone()))
        .filter(counter::bucket.eq(bucket))
        .order(counter::window_start.desc())
        .select(counter::window_start)
        .first(c.conn)
        .optional()?)
}

/// Forgets windows that ended before `before`.
pub fn forget(c: &mut Scoped<'_>, before: Timestamp) -> Result<usize, Fault> {
    Ok(diesel::delete(
        counter::table
            .filter(counter::practice_id.eq(c.practice().clone()))
            .filter(counter::window_start.lt(before)),
    )
    .execute(c.conn)?)
}
