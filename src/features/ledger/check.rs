//! Is the journal whole? Walks every entry of a practice and compares what it finds with what is kept beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Account, ItemKind};
use super::store::{EntryRow, PostingRow, all_balances, chained, page_after, read_head};
use crate::kernel::ids::{ChartId, ItemId, PayerId};
use crate::kernel::money::Currency;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// An entry is missing before this place.
    Gap {
        /// The place that was found in its stead.
        seq: i64,
    },
    /// An entry's postings are fewer than two, of two currencies, or do not add up to zero.
    Unbalanced {
        /// The entry.
        seq: i64,
    },
    /// An entry was changed, or one before it.
    Changed {
        /// The first entry that does not fit the chain.
        seq: i64,
    },
    /// A reversal does not cancel its entry, or reverses a reversal.
    Reversal {
        /// The reversal.
        seq: i64,
    },
    /// The journal ends elsewhere than its head says.
    Head {
        /// What the head says.
        says: i64,
        /// The last entry there is.
        found: i64,
    },
    /// A kept balance is not what the postings add up to.
    Balance {
        /// Of this chart.
        chart: ChartId,
        /// On this account.
        account: Account,
        /// Of this charge or payment.
        item: ItemId,
        /// In this currency.
        currency: Currency,
        /// What is kept.
        kept: i64,
        /// What the postings add up to.
        posted: i64,
    },
    /// An item stands where it never may: less than nothing is owed for a charge, more was used of a payment than
    /// came in.
    Below {
        /// On this account.
        account: Account,
        /// The charge or payment.
        item: ItemId,
        /// What the postings add up to.
        posted: i64,
    },
    /// A charge or a payment is not what its postings say.
    Item {
        /// The charge or payment.
        item: ItemId,
        /// What its row says.
        says: i64,
        /// What the postings say.
        posted: i64,
    },
}

/// What each account of a charge or payment adds up to.
pub type ItemSums = BTreeMap<(ItemKind, ItemId), BTreeMap<Account, i64>>;

/// What the walk found.
#[derive(Clone, Debug, Default)]
pub struct LedgerCheck {
    /// Entries that were read.
    pub entries: i64,
    /// What does not hold; empty for a journal that is whole.
    pub problems: Vec<Problem>,
    /// For what is compared with the rows of charges and payments.
    pub items: ItemSums,
}

type Key = (ChartId, Account, PayerId, ItemId, Currency);

/// Walks the journal of the practice, in one snapshot.
pub fn check(c: &mut Scoped<'_>) -> Result<LedgerCheck, Fault> {
    let head = read_head(c)?;
    let mut found = LedgerCheck::default();
    let mut sums: BTreeMap<Key, i64> = BTreeMap::new();
    let mut reversible: BTreeMap<i64, Vec<PostingRow>> = BTreeMap::new();
    let mut reversals = BTreeSet::new();
    let (mut hash, mut last, mut from, mut is_chained) = (String::new(), 0, 0, false);
    let until = head.as_ref().map_or(0, |head| head.seq);
    loop {
        let page = page_after(c, from)?;
        if page.is_empty() && from >= until {
            break;
        }
        from += 1_000;
        for (entry, postings) in page {
            found.entries += 1;
            if entry.seq != last + 1 {
                found.problems.push(Problem::Gap { seq: entry.seq });
            }
            last = entry.seq;
            if !is_balanced(&entry, &postings) {
                found.problems.push(Problem::Unbalanced { seq: entry.seq });
            }
            // Entries that the upgrade brought over have no hash; they stand before all that have one.
            let computed = chained(&hash, &entry, &postings)?;
            match &entry.hash {
                None if is_chained => found.problems.push(Problem::Changed { seq: entry.seq }),
                Some(kept) if *kept != computed => {
                    found.problems.push(Problem::Changed { seq: entry.seq });
                }
                _ => {}
            }
            is_chained = entry.hash.is_some();
            // One change is told once: the chain goes on from what is kept.
            hash = entry.hash.clone().unwrap_or(computed);
            if let Some(reversed) = entry.reverses {
                let cancels = reversible.get(&reversed).is_some_and(|first| cancel(first, &postings));
                if !cancels || !reversals.insert(reversed) {
                    found.problems.push(Problem::Reversal { seq: entry.seq });
                }
            }
            for posting in &postings {
                let (Some(chart), Some(party), Some(item)) =
                    (posting.chart_id, posting.party_id, posting.item_id)
                else {
                    continue;
                };
                let key = (chart, posting.account, party, item, posting.currency);
                let sum = sums.entry(key).or_default();
                *sum = sum.saturating_add(posting.amount);
                let of_item = found.items.entry((posting.item_kind, item)).or_default();
                let sum = of_item.entry(posting.account).or_default();
                *sum = sum.saturating_add(posting.amount);
            }
            if entry.reverses.is_none() {
                reversible.insert(entry.seq, postings);
            }
        }
    }
    if let Some(head) = head {
        if head.seq != last {
            found.problems.push(Problem::Head { says: head.seq, found: last });
        } else if !head.hash.is_empty() && head.hash != hash {
            found.problems.push(Problem::Changed { seq: last });
        }
    }
    compare_balances(c, sums, &mut found.problems)?;
    Ok(found)
}

fn is_balanced(entry: &EntryRow, postings: &[PostingRow]) -> bool {
    let sum: i128 = postings.iter().map(|posting| i128::from(posting.amount)).sum();
    postings.len() >= 2 && sum == 0 && postings.iter().all(|posting| posting.currency == entry.currency)
}

fn cancel(first: &[PostingRow], second: &[PostingRow]) -> bool {
    first.len() == second.len()
        && first.iter().zip(second).all(|(one, other)| {
            one.account == other.account
                && one.chart_id == other.chart_id
                && one.party_id == other.party_id
                && one.item_id == other.item_id
                && one.currency == other.currency
                && one.amount.checked_add(other.amount) == Some(0)
        })
}

fn compare_balances(
    c: &mut Scoped<'_>,
    mut sums: BTreeMap<Key, i64>,
    problems: &mut Vec<Problem>,
) -> Result<(), Fault> {
    for ((_, account, _, item, _), posted) in &sums {
        if !account.allows(*posted) {
            problems.push(Problem::Below { account: *account, item: *item, posted: *posted });
        }
    }
    for (chart, account, party, item, currency, kept) in all_balances(c)? {
        let posted = sums.remove(&(chart, account, party, item, currency)).unwrap_or(0);
        if posted != kept {
            problems.push(Problem::Balance { chart, account, item, currency, kept, posted });
        }
    }
    for ((chart, account, _, item, currency), posted) in sums {
        if posted != 0 {
            problems.push(Problem::Balance { chart, account, item, currency, kept: 0, posted });
        }
    }
    Ok(())
}
