//! The rows of private calendar addresses.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, FeedId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::calendar_feed;
use crate::platform::fault::Fault;

/// A private address under which a calendar program reads.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = calendar_feed)]
pub struct Feed {
    /// Its row.
    pub feed_id: FeedId,
    /// Whose appointments.
    pub account_id: AccountId,
    /// Since when.
    pub made_at: Timestamp,
    /// When it was last read, to the hour.
    pub last_read_at: Option<Timestamp>,
}

/// The address of an account that works now.
pub fn live_of(c: &mut Scoped<'_>, account: AccountId) -> Result<Option<Feed>, Fault> {
    c.rows(calendar_feed::table)
        .filter(calendar_feed::account_id.eq(account))
        .filter(calendar_feed::revoked_at.is_null())
        .select(Feed::as_select())
        .optional(c)
}

/// The address with this hash, if it works.
pub fn find_live(c: &mut Scoped<'_>, hash: &str) -> Result<Option<Feed>, Fault> {
    c.rows(calendar_feed::table)
        .filter(calendar_feed::token_hash.eq(hash.to_owned()))
        .filter(calendar_feed::revoked_at.is_null())
        .select(Feed::as_select())
        .optional(c)
}

/// Writes a new one.
pub fn insert(c: &mut Scoped<'_>, account: AccountId, hash: &str) -> Result<FeedId, Fault> {
    let id = FeedId::fresh(c.rng(), c.now());
    c.insert(
        calendar_feed::table,
        (
            calendar_feed::feed_id.eq(id),
            calendar_feed::account_id.eq(account),
            calendar_feed::token_hash.eq(hash),
            calendar_feed::made_at.eq(c.now()),
        ),
    )?;
    Ok(id)
}

/// Ends whatever works for an account; how many that were.
pub fn revoke_all(c: &mut Scoped<'_>, account: AccountId) -> Result<usize, Fault> {
    let now = c.now();
    c.rows(calendar_feed::table)
        .filter(calendar_feed::account_id.eq(account))
        .filter(calendar_feed::revoked_at.is_null())
        .set(calendar_feed::revoked_at.eq(now))
        .execute(c)
}

/// Notes that it was read.
pub fn was_read(c: &mut Scoped<'_>, id: FeedId) -> Result<(), Fault> {
    let now = c.now();
    c.rows(calendar_feed::table)
        .filter(calendar_feed::feed_id.eq(id))
        .set(calendar_feed::last_read_at.eq(now))
        .execute(c)?;
    Ok(())
}
