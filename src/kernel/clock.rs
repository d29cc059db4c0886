//! Time: one timestamp type for database, pages and API, and the clock that tests can hold.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;

/// A point in time: whole microseconds since 1970-01-01 UTC, as the database stores it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression, diesel::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Timestamp(i64);

/// One hour, in microseconds.
const HOUR: i64 = 3_600_000_000;

impl Timestamp {
    /// From microseconds since 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by whole hours (earlier when negative). An hour is 3,600 s whatever the zone does.
    pub const fn plus_hours(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours.saturating_mul(HOUR)))
    }

    /// Later by whole seconds (earlier when negative).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Whole seconds from `earlier` to here; negative if it lies ahead.
    pub const fn seconds_since(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).div_euclid(1_000_000)
    }

    /// Are so many seconds over since then? Also where it lies in the future: then the clock was set
    /// back, and nothing may wait until it is there again.
    pub const fn is_over_for(self, seconds: i64, now: Timestamp) -> bool {
        let passed = now.seconds_since(self);
        passed < 0 || passed >= seconds
    }

    /// As jiff knows it; a moment outside jiff's range (years -9999 to 9999) is clamped.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// The clock on the wall in a zone.
    pub fn in_zone(self, zone: &TimeZone) -> jiff::ZonedDateTime {
        self.timestamp().to_zoned_datetime(zone.clone())
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(t: jiff::Timestamp) -> Self {
        Self(t.as_microsecond())
    }
}

/// RFC 3339 in UTC, to the second: what the API and the logs say.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(serde::de::Error::custom)
    }
}

impl<DB> diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> for Timestamp
where
    DB: diesel::backend::Backend,
    i64: diesel::serialize::ToSql<diesel::sql_types::BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> for Timestamp
where
    DB: diesel::backend::Backend,
    i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(Self(i64::from_sql(bytes)?))
    }
}

/// Where "now" comes from. Everything that expires asks this and nothing else.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Does a test hold it still? Then leases follow it as well; else they follow the database's clock, where
    /// several machines share one.
    fn is_held(&self) -> bool {
        false
    }
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().into()
    }
}

/// The machine's clock, moved forward by hand: the demo's panel and the tests hold it.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead: AtomicI64,
    frozen_at: AtomicI64,
}

impl MovableClock {
    /// A clock that stays at `moment` until it is moved.
    pub fn frozen(moment: Timestamp) -> Self {
        Self { ahead: AtomicI64::new(0), frozen_at: AtomicI64::new(moment.micros()) }
    }

    /// A clock that runs, but this many seconds behind the machine's: for telling a past in order
    /// and catching up with [`MovableClock::advance_seconds`].
    pub fn behind(seconds: u32) -> Self {
        Self { ahead: AtomicI64::new(-i64::from(seconds) * 1_000_000), frozen_at: AtomicI64::new(0) }
    }

    /// Moves it forward; a clock of this kind never goes back.
    pub fn advance_seconds(&self, seconds: u32) {
        self.ahead.fetch_add(i64::from(seconds) * 1_000_000, Ordering::SeqCst);
    }

    /// How far it runs ahead of where it began, in seconds.
    pub fn ahead_seconds(&self) -> i64 {
        self.ahead.load(Ordering::SeqCst) / 1_000_000
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let frozen = self.frozen_at.load(Ordering::SeqCst);
        let base = if frozen == 0 { SystemClock.now().micros() } else { frozen };
        Timestamp::from_micros(base + self.ahead.load(Ordering::SeqCst))
    }

    fn is_held(&self) -> bool {
        self.frozen_at.load(Ordering::SeqCst) != 0
    }
}
