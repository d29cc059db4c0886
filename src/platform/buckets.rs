//! Token buckets in memory: how fast somebody may ask. They cost no write, so that they can stand before
//! every request; each process has its own, and a restart fills them. What must hold across restarts and
//! processes stands in [`limits`](crate::platform::limits).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::kernel::clock::Timestamp;

/// A bucket holds the tokens of so many seconds.
const HOLDS_SECONDS: i64 = 60;
/// Beyond so many, those that are full again are forgotten.
const MOST: usize = 10_000;

/// The buckets of one process, by name. For each the moment is kept at which it is full again: a token
/// moves that moment, time comes nearer to it, and there is a token while it is less than a minute off.
#[derive(Debug, Default)]
pub struct Buckets(Mutex<HashMap<String, Timestamp>>);

impl Buckets {
    /// Takes a token from a bucket into which `per_minute` drop in a minute, and which holds as many. If
    /// it is empty: the whole seconds after which there is one again.
    pub fn take(&self, name: &str, per_minute: u32, now: Timestamp) -> Result<(), i64> {
        let (second, holds) = (1_000_000, HOLDS_SECONDS * 1_000_000);
        let token = holds / i64::from(per_minute.max(1));
        let mut full_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST {
            full_at.retain(|_, at| *at > now);
        }
        // A clock that was set back must not keep anybody out for longer than an empty bucket does.
        let before = full_at.get(name).map_or(0, |at| at.micros() - now.micros()).clamp(0, holds);
        let after = before + token;
        if after > holds {
            return Err((after - holds + second - 1) / second);
        }
        full_at.insert(name.to_owned(), Timestamp::from_micros(now.micros() + after));
        Ok(())
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
    fn a_clock_that_is_set_back_keeps_nobody_out_for_long() {
        let buckets = Buckets::default();
        assert!((0..10).all(|_| buckets.take("a", 10, NOW).is_ok()));
        let back = NOW.plus_seconds(-86_400);
        assert_eq!(buckets.take("a", 10, back), Err(6));
        assert_eq!(buckets.take("a", 10, back.plus_seconds(6)), Err(6));
        assert!(buckets.take("a", 10, NOW.plus_seconds(60)).is_ok());
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
