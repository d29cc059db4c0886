//! When a reminder of an open invitation goes out: pure, so that the page which announces it and the
//! worker which sends it cannot disagree.

use jiff::tz::TimeZone;

use crate::features::people::Address;
use crate::features::practice::Policy;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::quiet;

/// Reminders of one invitation at most, whatever the policy lists.
const MOST: usize = 3;
/// Hours after the invitation before which no reminder goes out.
const REST_HOURS: i64 = 12;
/// Hours before the end of a link after which a reminder no longer helps.
const TOO_LATE_HOURS: i64 = 1;

/// The reminder that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which of the policy's: so many hours before the end.
    pub hours: i64,
    /// When it goes out; it is due once that is past.
    pub at: Timestamp,
}

/// Does a reminder go to `invited`? Not once it is no longer for mail, or sent a mail back.
pub fn reaches<'a>(addresses: impl IntoIterator<Item = &'a Address>, invited: Option<&EmailAddress>) -> bool {
    let Some(key) = invited.map(EmailAddress::key) else { return false };
    addresses.into_iter().any(|a| a.may_mail && a.value_key == key && a.undeliverable_at.is_none())
}

/// The next reminder of an invitation that was sent at `sent_at` and ends at `expires_at`, given
/// those that went out already (their `hours`). When several are overdue at once (the program stood
/// still), only the last of them goes.
pub fn next(
    policy: &Policy,
    zone: &TimeZone,
    sent_at: Timestamp,
    expires_at: Timestamp,
    sent: &[i64],
    now: Timestamp,
) -> Option<Due> {
    let mut listed: Vec<i64> = policy.reminder_hours.iter().copied().filter(|h| *h > 0).collect();
    listed.sort_unstable_by(|a, b| b.cmp(a));
    listed.dedup();
    listed.truncate(MOST);
    // One that is nearer to the end has gone out: those before it are pointless.
    let nearest = sent.iter().copied().min().unwrap_or(i64::MAX);
    let open = listed.into_iter().filter(|hours| *hours < nearest && !sent.contains(hours));
    let planned = open
        .map(|hours| (hours, expires_at.plus_hours(-hours)))
        .filter(|(_, at)| *at >= sent_at.plus_hours(REST_HOURS));
    let mut chosen: Option<(i64, Timestamp)> = None;
    for (hours, at) in planned {
        let is_overdue = at <= now;
        if is_overdue || chosen.is_none_or(|(_, earlier)| earlier > now && at < earlier) {
            chosen = Some((hours, at));
        }
    }
    let (hours, planned) = chosen?;
    let at = after_quiet(policy, zone, planned);
    // Held back by the quiet hours of today, or of a later night if the program stood still.
    let at = if at <= now { after_quiet(policy, zone, now).max(at) } else { at };
    (at < expires_at.plus_hours(-TOO_LATE_HOURS)).then_some(Due { hours, at })
}

/// The moment itself, or the end of the quiet hours that it falls into, in the reader's zone.
pub fn after_quiet(policy: &Policy, zone: &TimeZone, moment: Timestamp) -> Timestamp {
    quiet::after_quiet((policy.quiet_from, policy.quiet_until), zone, moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn new_york() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    /// Sent on Tuesday, December 1, 10:00 AM in New York; ends on December 8, 10:00 AM.
    const SENT: &str = "2026-12-01T15:00:00Z";
    const END: &str = "2026-12-08T15:00:00Z";

    fn after(sent: &[i64], now: &str) -> Option<(i64, String)> {
        next(&Policy::default(), &new_york(), at(SENT), at(END), sent, at(now))
            .map(|due| (due.hours, due.at.to_string()))
    }

    fn some(hours: i64, moment: &str) -> Option<(i64, String)> {
        Some((hours, moment.to_owned()))
    }

    #[test]
    fn three_days_and_one_day_before_the_end() {
        assert_eq!(after(&[], SENT), some(72, "2026-12-05T15:00:00Z"));
        assert_eq!(after(&[72], "2026-12-05T15:00:01Z"), some(24, "2026-12-07T15:00:00Z"));
        assert_eq!(after(&[72, 24], "2026-12-07T15:00:01Z"), None);
    }

    #[test]
    fn after_a_standstill_only_the_last_one_goes() {
        assert_eq!(after(&[], "2026-12-07T16:00:00Z"), some(24, "2026-12-07T16:00:00Z"));
        assert_eq!(after(&[24], "2026-12-07T16:00:01Z"), None, "the one of three days before is past");
        assert_eq!(after(&[], "2026-12-08T14:30:00Z"), None, "half an hour before the end is too late");
    }

    #[test]
    fn nobody_is_woken_at_night_in_their_own_zone() {
        // 11 PM in New York is quiet: 8 AM on the next morning, EST.
        let (sent, end) = (at("2026-12-02T04:00:00Z"), at("2026-12-09T04:00:00Z"));
        let due = |zone: &str, now: &str| {
            let zone = TimeZone::get(zone).unwrap();
            next(&Policy::default(), &zone, sent, end, &[], at(now)).unwrap().at.to_string()
        };
        assert_eq!(due("America/New_York", SENT), "2026-12-06T13:00:00Z");
        assert_eq!(due("America/Los_Angeles", SENT), "2026-12-06T16:00:00Z", "8 PM there is quiet too");
        assert_eq!(due("Pacific/Auckland", SENT), "2026-12-06T04:00:00Z", "5 PM there");
        // Overdue at night: the worker waits for the morning as well.
        assert_eq!(due("America/New_York", "2026-12-07T02:00:00Z"), "2026-12-07T13:00:00Z");
        assert_eq!(due("America/New_York", "2026-12-06T14:00:00Z"), "2026-12-06T14:00:00Z");
    }

    #[test]
    fn quiet_hours_end_on_the_wall_clock_when_the_clocks_change() {
        // The night of March 14, 2027, in New York has one hour less; 8 AM is 12:00 UTC.
        let (sent, end) = (at("2027-03-10T03:00:00Z"), at("2027-03-17T03:00:00Z"));
        let due = next(&Policy::default(), &new_york(), sent, end, &[], sent).unwrap();
        assert_eq!(due.at.to_string(), "2027-03-14T12:00:00Z");
    }

    #[test]
    fn a_policy_without_reminders_or_quiet_hours_is_heard() {
        let none = Policy { reminder_hours: vec![], ..Policy::default() };
        assert_eq!(next(&none, &new_york(), at(SENT), at(END), &[], at(SENT)), None);
        let loud = Policy { quiet_from: 0, quiet_until: 0, ..Policy::default() };
        let (sent, end) = (at("2026-12-02T04:00:00Z"), at("2026-12-09T04:00:00Z"));
        let due = next(&loud, &new_york(), sent, end, &[], sent).unwrap();
        assert_eq!(due.at.to_string(), "2026-12-06T04:00:00Z");
        let eager = Policy { reminder_hours: vec![160, 100, 72, 48, 24, -5], ..Policy::default() };
        let hours: Vec<i64> = {
            let (mut sent, mut all) = (vec![], vec![]);
            while let Some(due) = next(&eager, &new_york(), at(SENT), at(END), &sent, at(SENT)) {
                all.push(due.hours);
                sent.push(due.hours);
            }
            all
        };
        assert_eq!(hours, [100, 72], "160 is too soon after the invitation, and three are the most");
    }
}
