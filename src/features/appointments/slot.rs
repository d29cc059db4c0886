//! When, where and with whom.

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{PlaceId, StaffId};

/// When, where and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: i32,
    /// Where.
    pub place: PlaceId,
    /// With whom.
    pub staff: StaffId,
}

impl Slot {
    /// When it is over.
    pub fn ends_at(&self) -> Timestamp {
        self.starts_at.plus_seconds(i64::from(self.minutes) * 60)
    }
}
