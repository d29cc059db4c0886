//! The rows of private calendar addresses.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, FeedId, StaffId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::calendar_feed;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// How the calendar of a staff member names clients. Nothing names them in full.
    pub enum FeedShows {
        /// By the chart's number.
        Number = "number",
        /// By their initials.
        Initials = "initials",
    }
}

/// Whose appointments stand under an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedOwner {
    /// A client's: of the charts that they may see.
    Account(AccountId),
    /// A staff member's: those with them.
    Staff(StaffId, FeedShows),
}

/// A private address under which a calendar program reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its row.
    pub feed_id: FeedId,
    /// Whose appointments.
    pub owner: FeedOwner,
    /// Since when.
    pub made_at: Timestamp,
    /// When it was last read, to the hour.
    pub last_read_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calendar_feed)]
struct Row {
    feed_id: FeedId,
    account_id: Option<AccountId>,
    staff_id: Option<StaffId>,
    shows: Option<FeedShows>,
    made_at: Timestamp,
    last_read_at: Option<Timestamp>,
}

impl Row {
    fn feed(self) -> Result<Feed, Fault> {
        let owner = match (self.account_id, self.staff_id) {
            (Some(account), None) => FeedOwner::Account(account),
            (None, Some(staff)) => FeedOwner::Staff(staff, self.shows.unwrap_or(FeedShows::Number)),
            _ => {
                return Err(Fault::Damaged(format!(
                    "the calendar address {} has no one owner",
                    self.feed_id
                )));
            }
        };
        Ok(Feed { feed_id: self.feed_id, owner, made_at: self.made_at, last_read_at: self.last_read_at })
    }
}

/// Rows of one owner that work now.
macro_rules! live_rows {
    ($c:expr, $owner:expr) => {{
        let (account, staff) = columns($owner);
        $c.rows(calendar_feed::table)
            .filter(
                calendar_feed::account_id
                    .eq(account.unwrap_or(AccountId::NIL))
                    .or(calendar_feed::staff_id.eq(staff.unwrap_or(StaffId::NIL))),
            )
            .filter(calendar_feed::revoked_at.is_null())
    }};
}

/// As the columns have an owner.
fn columns(owner: FeedOwner) -> (Option<AccountId>, Option<StaffId>) {
    match owner {
        FeedOwner::Account(account) => (Some(account), None),
        FeedOwner::Staff(staff, _) => (None, Some(staff)),
    }
}

/// The address of somebody that works now; of a staff member whatever it shows.
pub fn live_of(c: &mut Scoped<'_>, owner: FeedOwner) -> Result<Option<Feed>, Fault> {
    live_rows!(c, owner).select(Row::as_select()).optional(c)?.map(Row::feed).transpose()
}

/// The address with this hash, if it works.
pub fn find_live(c: &mut Scoped<'_>, hash: &str) -> Result<Option<Feed>, Fault> {
    c.rows(calendar_feed::table)
        .filter(calendar_feed::token_hash.eq(hash.to_owned()))
        .filter(calendar_feed::revoked_at.is_null())
        .select(Row::as_select())
        .optional(c)?
        .map(Row::feed)
        .transpose()
}

/// Writes a new one.
pub fn insert(c: &mut Scoped<'_>, owner: FeedOwner, hash: &str) -> Result<FeedId, Fault> {
    let id = FeedId::fresh(c.rng(), c.now());
    let (account, staff) = columns(owner);
    let shows = match owner {
        FeedOwner::Account(_) => None,
        FeedOwner::Staff(_, shows) => Some(shows),
    };
    c.insert(
        calendar_feed::table,
        (
            calendar_feed::feed_id.eq(id),
            calendar_feed::account_id.eq(account),
            calendar_feed::staff_id.eq(staff),
            calendar_feed::shows.eq(shows),
            calendar_feed::token_hash.eq(hash),
            calendar_feed::made_at.eq(c.now()),
        ),
    )?;
    Ok(id)
}

/// Says how a staff member's address names clients from now on; was there one?
pub fn set_shows(c: &mut Scoped<'_>, staff: StaffId, shows: FeedShows) -> Result<bool, Fault> {
    let changed = c
        .rows(calendar_feed::table)
        .filter(calendar_feed::staff_id.eq(staff))
        .filter(calendar_feed::revoked_at.is_null())
        .set(calendar_feed::shows.eq(shows))
        .execute(c)?;
    Ok(changed > 0)
}

/// Ends whatever works for somebody; how many that were.
pub fn revoke_all(c: &mut Scoped<'_>, owner: FeedOwner) -> Result<usize, Fault> {
    let now = c.now();
    live_rows!(c, owner).set(calendar_feed::revoked_at.eq(now)).execute(c)
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
