//! What a ledger adds up to. Pure. Amounts of different currencies are never added: a ledger has a
//! balance for each currency that occurs in it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::features::billing::Entry;
use crate::kernel::money::Money;

/// An entry and the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// What is owed in the entry's currency once it counts.
    pub after: Money,
}

/// The balance at the end of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthEnd {
    /// The month's first day.
    pub month: Date,
    /// What was owed when it ended, in minor units.
    pub owed: i64,
}

/// What is owed, an amount for each currency, that of the newest entry first: positive when the client
/// owes, negative when they have credit. None for a ledger without entries: nothing is known to be owed.
pub fn balances(entries: &[Entry]) -> Vec<Money> {
    let mut found: Vec<Money> = Vec::new();
    for entry in entries.iter().rev() {
        match found.iter_mut().find(|sum| sum.currency == entry.currency) {
            Some(sum) => sum.minor = sum.minor.saturating_add(entry.amount_minor),
            None => found.push(Money { minor: entry.amount_minor, currency: entry.currency.clone() }),
        }
    }
    found
}

/// Each entry with the balance after it, in the ledger's order (oldest first).
pub fn running(entries: Vec<Entry>) -> Vec<Line> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    entries
        .into_iter()
        .map(|entry| {
            let sum = sums.entry(entry.currency.clone()).or_default();
            *sum = sum.saturating_add(entry.amount_minor);
            Line { after: Money { minor: *sum, currency: entry.currency.clone() }, entry }
        })
        .collect()
}

/// The balance in one currency at the end of each of the last `months` months up to today's, oldest
/// first. A month without entries keeps the balance before it.
pub fn month_ends(entries: &[Entry], currency: &str, today: Date, months: u8) -> Vec<MonthEnd> {
    let this = today.first_of_month();
    (0..i32::from(months))
        .rev()
        .filter_map(|back| this.checked_sub(jiff::Span::new().months(back)).ok())
        .map(|month| {
            let last = month.last_of_month();
            let owed = entries
                .iter()
                .filter(|entry| entry.currency == currency && entry.date() <= last)
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
        assert_eq!(lines.iter().map(|l| l.after.minor).collect::<Vec<_>>(), [12_000, 0, 9_500]);
        assert_eq!(balances(&lines.iter().map(|l| l.entry.clone()).collect::<Vec<_>>()), [usd(9_500)]);
        assert_eq!(balances(&[]), []);
    }

    fn usd(minor: i64) -> Money {
        Money { minor, currency: "USD".into() }
    }

    #[test]
    fn two_currencies_are_never_added() {
        let eur = |on: Date, amount: i64| Entry { currency: "EUR".into(), ..entry(on, amount) };
        let entries = vec![
            entry(date(2026, 9, 1), 12_000),
            eur(date(2026, 9, 2), 8_000),
            entry(date(2026, 9, 3), -2_000),
            eur(date(2026, 10, 4), -8_000),
        ];
        let euros = |minor| Money { minor, currency: "EUR".into() };
        assert_eq!(balances(&entries), [euros(0), usd(10_000)]);
        let ends = |currency| {
            month_ends(&entries, currency, date(2026, 10, 31), 2).iter().map(|m| m.owed).collect::<Vec<_>>()
        };
        assert_eq!((ends("USD"), ends("EUR")), (vec![10_000, 10_000], vec![8_000, 0]));
        let after: Vec<Money> = running(entries).into_iter().map(|line| line.after).collect();
        assert_eq!(after, [usd(12_000), euros(8_000), usd(10_000), euros(0)]);
    }

    #[test]
    fn quiet_months_keep_the_balance_and_the_year_turns() {
        let entries = [entry(date(2026, 11, 30), 5_000), entry(date(2027, 1, 31), -2_000)];
        let ends = month_ends(&entries, "USD", date(2027, 2, 14), 5);
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
        fn the_last_line_of_each_currency_is_its_balance(
            amounts in proptest::collection::vec((-1_000_000i64..1_000_000, "USD|EUR|MXN"), 0..60),
        ) {
            let entries: Vec<Entry> = amounts
                .into_iter()
                .map(|(amount, currency)| Entry { currency, ..entry(date(2026, 5, 5), amount) })
                .collect();
            let mut last = BTreeMap::new();
            for line in running(entries.clone()) {
                last.insert(line.entry.currency.clone(), line.after);
            }
            let sums: BTreeMap<String, Money> =
                balances(&entries).into_iter().map(|sum| (sum.currency.clone(), sum)).collect();
            proptest::prop_assert_eq!(last, sums);
        }
    }
}
