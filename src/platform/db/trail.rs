//! What the audit trail needs in every unit of work: the key that proves its events, and ids that rise in
//! the order in which they are written.

use std::sync::{Mutex, OnceLock, PoisonError};

use zeroize::Zeroizing;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::EventId;
use crate::kernel::rng::Rng;
use crate::platform::fault::Fault;

/// See the module. One for each [`Db`](super::Db).
#[derive(Default)]
pub struct Trail {
    key: OnceLock<Zeroizing<[u8; 32]>>,
    last: Mutex<(u64, u64)>,
}

impl Trail {
    /// Sets the key, once: it is read after the database was opened.
    pub(super) fn use_key(&self, key: [u8; 32]) {
        let _ = self.key.set(Zeroizing::new(key));
    }

    /// The key of the proofs.
    pub fn key(&self) -> Result<Zeroizing<[u8; 32]>, Fault> {
        self.key.get().cloned().ok_or_else(|| Fault::other("the audit trail has no key"))
    }

    /// An id that is greater than every one before it (RFC 9562, 6.2, method 1: a counter of 42 bits). A
    /// clock that was set back leaves the ids where they were.
    pub fn next_id(&self, rng: &dyn Rng, now: Timestamp) -> EventId {
        let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if millis > last.0 {
            let mut start = [0u8; 4];
            rng.fill(&mut start);
            *last = (millis, u64::from(u32::from_be_bytes(start)));
        } else {
            last.1 += 1;
        }
        EventId::counted(rng, last.0, last.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::SystemRng;

    #[test]
    fn ids_of_events_rise_within_a_millisecond_and_over_a_clock_that_is_set_back() {
        let trail = Trail::default();
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        let moments = [0, 0, 0, 1, 1, -3_600, -3_600, 2, 2];
        let ids: Vec<EventId> = moments
            .into_iter()
            .flat_map(|seconds| (0..300).map(move |_| now.plus_seconds(seconds)))
            .map(|now| trail.next_id(&SystemRng, now))
            .collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.windows(2).all(|pair| pair[0].to_string() < pair[1].to_string()), "as text too");
    }
}
