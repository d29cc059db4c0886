//! By when a message or a request is answered. Business time is the hours in which the practice answers messages, less
//! its closed days, by the clock of its zone. Pure.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::features::calendar::rules_store::Closure;
use crate::features::practice::Practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::wall_clock::{first_moment, last_moment};

/// Days that are looked at for business time. A practice that is closed for longer answers after them.
const MOST_DAYS: usize = 400;

/// The hours in which a practice answers messages.
#[derive(Clone, Debug)]
pub struct ReplyHours {
    zone: TimeZone,
    /// 1 is Monday.
    days: Vec<i8>,
    from: i8,
    until: i8,
    /// When the whole practice is closed, by the clock of its zone.
    closed: Vec<(DateTime, DateTime)>,
}

impl ReplyHours {
    /// Of a practice with these closed days. Days on which only one place of it is closed count: somebody answers
    /// elsewhere.
    pub fn of(practice: &Practice, closures: &[Closure]) -> Self {
        let policy = practice.policy();
        Self {
            zone: practice.zone(),
            days: policy.reply_days,
            from: policy.reply_from,
            until: policy.reply_until,
            closed: closures
                .iter()
                .filter(|closure| closure.off.place.is_none())
                .map(|closure| (closure.off.from, closure.off.until))
                .collect(),
        }
    }

    /// The moment at which so many business days have passed since `start`. A business day is as long as the hours of
    /// a day in which messages are answered, so that a closed morning postpones by a morning.
    pub fn after(&self, start: Timestamp, business_days: i32) -> Timestamp {
        let hours = i64::from(self.until) - i64::from(self.from);
        let mut left = i64::from(business_days) * hours * 3_600;
        let mut date = start.in_zone(&self.zone).date();
        for _ in 0..MOST_DAYS {
            for (from, until) in self.open_on(date) {
                let from = from.max(start);
                let length = until.seconds_since(from).max(0);
                if length >= left && from < until {
                    return from.plus_seconds(left);
                }
                left -= length;
            }
            match date.tomorrow() {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        first_moment(date.at(0, 0, 0, 0), &self.zone).unwrap_or(start)
    }

    /// The hours of a day in which messages are answered, in their order.
    fn open_on(&self, date: Date) -> Vec<(Timestamp, Timestamp)> {
        if !self.days.contains(&date.weekday().to_monday_one_offset()) {
            return Vec::new();
        }
        let ends = match self.until {
            24 => date.tomorrow().ok().and_then(|next| first_moment(next.at(0, 0, 0, 0), &self.zone)),
            until => last_moment(date.at(until, 0, 0, 0), &self.zone),
        };
        let (Some(from), Some(until)) = (first_moment(date.at(self.from, 0, 0, 0), &self.zone), ends) else {
            return Vec::new();
        };
        let mut open = vec![(from, until)];
        for (from, until) in &self.closed {
            let ends = (first_moment(*from, &self.zone), last_moment(*until, &self.zone));
            let (Some(from), Some(until)) = ends else { continue };
            open = open
                .into_iter()
                .flat_map(|(begin, end)| [(begin, end.min(from)), (begin.max(until), end)])
                .filter(|(begin, end)| begin < end)
                .collect();
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::features::practice::Policy;

    fn hours(closed: &[(DateTime, DateTime)]) -> ReplyHours {
        let policy = Policy::default();
        ReplyHours {
            zone: TimeZone::get("America/New_York").unwrap(),
            days: policy.reply_days,
            from: policy.reply_from,
            until: policy.reply_until,
            closed: closed.to_vec(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn case_83_due_time_counts_reply_hours_only_over_nights_weekends_and_closed_days() {
        // Tuesday, December 1, 2026, 10:00 in New York is 15:00 UTC.
        for (asked, days, due, why) in [
            ("2026-12-01T15:00:00Z", 2, "2026-12-03T15:00:00Z", "two business days later at the same hour"),
            ("2026-12-02T03:00:00Z", 2, "2026-12-03T22:00:00Z", "in the evening: from the next morning on"),
            ("2026-12-01T10:00:00Z", 1, "2026-12-01T22:00:00Z", "before nine: the whole of that day"),
            ("2026-12-04T15:00:00Z", 2, "2026-12-08T15:00:00Z", "from Friday over a weekend"),
            ("2026-12-05T15:00:00Z", 1, "2026-12-07T22:00:00Z", "on a Saturday"),
            ("2026-12-01T22:00:00Z", 1, "2026-12-02T22:00:00Z", "at the very end of a day"),
        ] {
            assert_eq!(hours(&[]).after(at(asked), days), at(due), "{why}");
        }
        let day = |d: i8, hour: i8| date(2026, 12, d).at(hour, 0, 0, 0);
        let wednesday = [(day(2, 0), day(3, 0))];
        assert_eq!(hours(&wednesday).after(at("2026-12-01T15:00:00Z"), 2), at("2026-12-04T15:00:00Z"));
        let morning = [(day(2, 8), day(2, 13))];
        assert_eq!(hours(&morning).after(at("2026-12-01T15:00:00Z"), 1), at("2026-12-02T19:00:00Z"));
        let noon = [(day(2, 12), day(2, 13))];
        assert_eq!(hours(&noon).after(at("2026-12-01T22:00:00Z"), 1), at("2026-12-03T15:00:00Z"));
        let for_ever = [(day(1, 0), date(2028, 12, 1).at(0, 0, 0, 0))];
        assert!(hours(&for_ever).after(at("2026-12-01T15:00:00Z"), 1) > at("2027-12-01T15:00:00Z"));
    }

    #[test]
    fn case_83_a_change_of_the_clocks_takes_nothing_from_the_reply_hours_and_adds_nothing() {
        // The clocks go back on November 1, 2026, and forward on March 14, 2027, both Sundays.
        let hours = hours(&[]);
        assert_eq!(
            hours.after(at("2026-10-30T14:00:00Z"), 1),
            at("2026-11-02T15:00:00Z"),
            "10:00 both times"
        );
        assert_eq!(hours.after(at("2027-03-12T15:00:00Z"), 1), at("2027-03-15T14:00:00Z"));
        // Where messages are answered around the clock on that Sunday, its 25 hours are 25 hours.
        let always = ReplyHours { days: (1..=7).collect(), from: 0, until: 24, ..hours };
        assert_eq!(always.after(at("2026-11-01T04:00:00Z"), 1), at("2026-11-02T04:00:00Z"), "24 hours later");
    }

    proptest::proptest! {
        #[test]
        fn an_answer_is_due_after_the_question_and_in_reply_hours(
            asked in 1_796_000_000i64..1_860_000_000, days in 1i32..10, closed in 0i32..30, length in 1i32..5,
        ) {
            let first = date(2026, 12, 1).checked_add(jiff::Span::new().days(closed)).unwrap();
            let last = first.checked_add(jiff::Span::new().days(length)).unwrap();
            let hours = hours(&[(first.at(0, 0, 0, 0), last.at(0, 0, 0, 0))]);
            let asked = Timestamp::from_micros(asked * 1_000_000);
            let due = hours.after(asked, days);
            proptest::prop_assert!(due > asked);
            let local = due.in_zone(&hours.zone);
            proptest::prop_assert!(!(first..last).contains(&local.date()));
            proptest::prop_assert!(hours.days.contains(&local.date().weekday().to_monday_one_offset()));
            let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
            proptest::prop_assert!((9 * 60..=17 * 60).contains(&minutes));
            // A later question is never due earlier, and one more day is later.
            proptest::prop_assert!(hours.after(asked.plus_seconds(3_600), days) >= due);
            proptest::prop_assert!(hours.after(asked, days + 1) > due);
        }
    }
}
