//! What a ledger adds up to. Pure.

use jiff::civil::Date;

use crate::features::billing::Entry;

/// An entry and the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// What is owed once it counts, in minor units.
    pub after: i64,
}

/// The balance at the end of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthEnd {
    /// The month's first day.
    pub month: Date,
    /// What was owed when it ended, in minor units.
    pub owed: i64,
}

/// What is owed: positive when the client owes, negative when they have credit.
pub fn balance(entries: &[Entry]) -> i64 {
    entries.iter().fold(0i64, |sum, entry| sum.saturating_add(entry.amount_minor))
}

/// Each entry with the balance after it, in the ledger's order (oldest first).
pub fn running(entries: Vec<Entry>) -> Vec<Line> {
    let mut after = 0i64;
    entries
        .into_iter()
        .map(|entry| {
            after = after.saturating_add(entry.amount_minor);
            Line { entry, after }
        })
        .collect()
}

/// The balance at the end of each of the last `months` months up to today's, oldest first. A month
/// without entries keeps the balance before it.
pub fn month_ends(entries: &[Entry], today: Date, months: u8) -> Vec<MonthEnd> {
    let this = today.first_of_month();
    (0..i32::from(months))
        .rev()
        .filter_map(|back| this.checked_sub(jiff::Span::new().months(back)).ok())
        .map(|month| {
            let last = month.last_of_month();
            let owed = entries
                .iter()
                .filter(|entry| entry.date() <= last)
                .fold(0i64, |sum, entry| sum.saturating_add(entry.amount_minor));
            MonthEnd { month, owed }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::billing::EntryKind;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::EntryId;
    use crate::kernel::rng::SeededChance;
    use jiff::civil::date;

    fn entry(on: Date, amount_minor: i64) -> Entry {
        let now = Timestamp::from_micros(0);
        Entry {
            entry_id: EntryId::fresh(&SeededChance::new(1), now),
            kind: if amount_minor < 0 { EntryKind::Payment } else { EntryKind::Charge },
            on_date: on.to_string(),
            description: String::new(),
            amount_minor,
            currency: "USD".into(),
            created_at: now,
        }
    }

    #[test]
    fn each_line_shows_what_is_owed_after_it() {
        let lines = running(vec![
            entry(date(2026, 9, 1), 12_000),
            entry(date(2026, 9, 3), -12_000),
            entry(date(2026, 10, 1), 9_500),
        ]);
        assert_eq!(lines.iter().map(|l| l.after).collect::<Vec<_>>(), [12_000, 0, 9_500]);
        assert_eq!(balance(&lines.iter().map(|l| l.entry.clone()).collect::<Vec<_>>()), 9_500);
        assert_eq!(balance(&[]), 0);
    }

    #[test]
    fn quiet_months_keep_the_balance_and_the_year_turns() {
        let entries = [entry(date(2026, 11, 30), 5_000), entry(date(2027, 1, 31), -2_000)];
        let ends = month_ends(&entries, date(2027, 2, 14), 5);
        let seen: Vec<_> = ends.iter().map(|m| (m.month.to_string(), m.owed)).collect();
        let wanted = [
            ("2026-10-01", 0),
            ("2026-11-01", 5_000),
            ("2026-12-01", 5_000),
            ("2027-01-01", 3_000),
            ("2027-02-01", 3_000),
        ];
        assert_eq!(seen, wanted.map(|(m, o)| (m.to_owned(), o)));
    }

    proptest::proptest! {
        #[test]
        fn the_last_line_is_the_balance(amounts in proptest::collection::vec(-1_000_000i64..1_000_000, 0..60)) {
            let entries: Vec<Entry> = amounts.iter().map(|a| entry(date(2026, 5, 5), *a)).collect();
            let total = balance(&entries);
            proptest::prop_assert_eq!(running(entries).last().map_or(0, |l| l.after), total);
        }
    }
}
