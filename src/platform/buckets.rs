//! Token buckets in memory: how many requests one source may send. They cost no write, so they can run before
//! every request; each process has its own, and a restart fills them. What must hold across restarts and
//! processes is in [`limits`](crate::platform::limits).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::kernel::clock::Timestamp;

/// A bucket holds the tokens of so many microseconds.
const HOLDS: i64 = 60_000_000;
/// Beyond so many, those that are full again are forgotten.
const MOST: usize = 10_000;

/// What is missing from a bucket, in the microseconds after which it is full again, as of a moment.
#[derive(Clone, Copy, Debug)]
struct Missing {
    micros: i64,
    as_of: Timestamp,
}

impl Missing {
    /// The same as of now. A clock that was set back fills nothing, and empties nothing either: the time
    /// until it is where it was must not count as a wait.
    fn at(self, now: Timestamp) -> Self {
        let passed = now.micros().saturating_sub(self.as_of.micros()).max(0);
        Self { micros: (self.micros - passed).max(0), as_of: now }
    }
}

/// The buckets of one process, by name. Each token that is taken adds the time in which it drops in
/// again to what is missing; there is a token while a minute's worth is not missing.
#[derive(Debug, Default)]
pub struct Buckets(Mutex<HashMap<String, Missing>>);

impl Buckets {
    /// Takes a token from a bucket into which `per_minute` drop in a minute, and which holds as many. If
    /// it is empty: the whole seconds after which there is one again.
    pub fn take(&self, name: &str, per_minute: u32, now: Timestamp) -> Result<(), i64> {
        let second = 1_000_000;
        let token = HOLDS / i64::from(per_minute.max(1));
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.retain(|_, missing| {
                *missing = missing.at(now);
                missing.micros > 0
            });
        }
        let empty = Missing { micros: 0, as_of: now };
        let before = buckets.get(name).copied().unwrap_or(empty).at(now);
        let after = before.micros + token;
        let answer = if after > HOLDS { Err((after - HOLDS + second - 1) / second) } else { Ok(()) };
        let micros = if answer.is_ok() { after } else { before.micros };
        buckets.insert(name.to_owned(), Missing { micros, as_of: now });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_137_200_000_000);

    #[test]
    fn a_minutes_worth_at_once_and_then_as_they_drop_in() {
        let buckets = Buckets::default();
        for _ in 0..60 {
            assert_eq!(buckets.take("a", 60, NOW), Ok(()));
        }
        assert_eq!(buckets.take("a", 60, NOW), Err(1));
        assert_eq!(buckets.take("b", 60, NOW), Ok(()), "another bucket is another's");
        let later = NOW.plus_seconds(2);
        assert_eq!((buckets.take("a", 60, later), buckets.take("a", 60, later)), (Ok(()), Ok(())));
        assert_eq!(buckets.take("a", 60, later), Err(1));
        let full = later.plus_seconds(600);
        assert_eq!(
            (0..100).filter(|_| buckets.take("a", 60, full).is_ok()).count(),
            60,
            "no more than it holds"
        );
    }

    #[test]
    fn the_wait_is_told_and_is_true() {
        let buckets = Buckets::default();
        assert!((0..4).all(|_| buckets.take("slow", 4, NOW).is_ok()));
        let wait = buckets.take("slow", 4, NOW).unwrap_err();
        assert_eq!(wait, 15);
        assert!(buckets.take("slow", 4, NOW.plus_seconds(wait - 1)).is_err());
        assert!(buckets.take("slow", 4, NOW.plus_seconds(wait)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_was_said() {
        let buckets = Buckets::default();
        assert!((0..10).all(|_| buckets.take("a", 10, NOW).is_ok()));
        for back in [-3_600, -86_400] {
            let back = NOW.plus_seconds(back);
            assert_eq!(buckets.take("a", 10, back), Err(6));
            assert_eq!(buckets.take("a", 10, back.plus_seconds(6)), Ok(()), "the wait that was said is true");
            assert_eq!(buckets.take("a", 10, back.plus_seconds(6)), Err(6), "and no more than that was free");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_bucket_from_being_forgotten() {
        let buckets = Buckets::default();
        for n in 0..MOST {
            let _ = buckets.take(&n.to_string(), 60, NOW);
        }
        let back = NOW.plus_seconds(-3_600);
        let _ = buckets.take("one more", 60, back);
        let _ = buckets.take("another", 60, back.plus_seconds(61));
        assert_eq!(buckets.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let buckets = Buckets::default();
        for n in 0..MOST {
            let _ = buckets.take(&n.to_string(), 60, NOW);
        }
        let _ = buckets.take("one more", 60, NOW.plus_seconds(61));
        assert_eq!(buckets.0.lock().unwrap().len(), 1);
    }
}
