//! What the reports say: how old the open amounts are, and what was posted on a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::features::billing::statement::age_of;
use crate::features::billing::store::{PaymentMethod, payments_named};
use crate::features::ledger::{self, EntryKind, Item, Line, OpenAmount};
use crate::kernel::ids::{ChartId, PaymentId};
use crate::kernel::money::Currency;
use crate::kernel::wall_clock::first_moment;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Payments that one statement reads.
const AT_ONCE: usize = 500;

/// The open amounts of one chart in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// The chart.
    pub chart: ChartId,
    /// The currency.
    pub currency: Currency,
    /// By age, the youngest first.
    pub ages: [i64; 5],
    /// What is not used of payments; zero or negative.
    pub credit: i64,
}

impl Aged {
    fn of(chart: ChartId, currency: Currency) -> Self {
        Self { chart, currency, ages: [0; 5], credit: 0 }
    }

    /// What is owed, less the credit.
    pub fn total(&self) -> i64 {
        self.ages.iter().sum::<i64>() + self.credit
    }

    fn add(&mut self, other: &Self) {
        for (own, more) in self.ages.iter_mut().zip(other.ages) {
            *own += more;
        }
        self.credit += other.credit;
    }
}

/// The open amounts by their age on a day: those of each chart, who owes most first, and a sum for each currency. An
/// amount counts from the day on which the client came to owe it.
pub fn aging(open: &[OpenAmount], on: Date) -> (Vec<Aged>, Vec<Aged>) {
    let mut rows: BTreeMap<(Currency, ChartId), Aged> = BTreeMap::new();
    for one in open {
        let row = rows.entry((one.currency, one.chart)).or_insert_with(|| Aged::of(one.chart, one.currency));
        match one.amount {
            0.. => row.ages[age_of(one.since, on)] += one.amount,
            _ => row.credit += one.amount,
        }
    }
    let mut sums: BTreeMap<Currency, Aged> = BTreeMap::new();
    for row in rows.values() {
        sums.entry(row.currency).or_insert_with(|| Aged::of(row.chart, row.currency)).add(row);
    }
    let mut rows: Vec<Aged> = rows.into_values().collect();
    rows.sort_by_key(|row| (row.currency, -row.total(), row.chart));
    (rows, sums.into_values().collect())
}

/// A kind of line on the day sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct What {
    /// The kind of entry.
    pub kind: EntryKind,
    /// Of a payment.
    pub method: Option<PaymentMethod>,
    /// Does it take an earlier entry back?
    pub is_reversal: bool,
}

/// How many lines of a kind were posted, and what they change of what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The currency.
    pub currency: Currency,
    /// What they are.
    pub what: What,
    /// How many.
    pub count: usize,
    /// Positive where more is owed.
    pub amount: i64,
}

/// How payments came in.
pub type Methods = BTreeMap<PaymentId, PaymentMethod>;

/// The lines that were posted on a day of a zone, and how their payments came in.
pub fn lines_of_day(c: &mut Scoped<'_>, on: Date, zone: &TimeZone) -> Result<(Vec<Line>, Methods), Fault> {
    let begin = |day: Date| first_moment(day.at(0, 0, 0, 0), zone);
    let Some((from, until)) = begin(on).zip(on.tomorrow().ok().and_then(begin)) else {
        return Ok((Vec::new(), Methods::new()));
    };
    let lines = ledger::lines_between(c, from, until)?;
    let paid = lines.iter().filter_map(|line| match line.item {
        Item::Payment(id) => Some(id),
        Item::Charge(_) | Item::Remittance(_) => None,
    });
    let paid: Vec<PaymentId> = paid.collect();
    let mut methods = Methods::new();
    for part in paid.chunks(AT_ONCE) {
        methods.extend(payments_named(c, part)?.into_iter().map(|(id, payment)| (id, payment.method)));
    }
    Ok((lines, methods))
}

/// What a line is.
pub(super) fn what_of(line: &Line, methods: &Methods) -> What {
    let method = match (line.head.kind, line.item) {
        (EntryKind::Payment, Item::Payment(id)) => methods.get(&id).copied(),
        _ => None,
    };
    What { kind: line.head.kind, method, is_reversal: line.head.reverses.is_some() }
}

/// The lines of a day, added up by what they are.
pub fn day_sheet(lines: &[Line], methods: &Methods) -> Vec<Posted> {
    let mut rows: BTreeMap<(Currency, What), Posted> = BTreeMap::new();
    for line in lines {
        let (currency, what) = (line.head.currency, what_of(line, methods));
        let row = rows.entry((currency, what)).or_insert(Posted { currency, what, count: 0, amount: 0 });
        row.count += 1;
        row.amount += line.amount;
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn chart(n: u128) -> ChartId {
        ChartId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn open(n: u128, since: Date, amount: i64) -> OpenAmount {
        OpenAmount { chart: chart(n), currency: Currency::USD, since, amount }
    }

    #[test]
    fn case_63_each_chart_is_a_row_and_the_columns_add_up_to_what_is_owed() {
        let today = date(2026, 12, 31);
        let amounts = [
            open(1, date(2026, 12, 1), 100),
            open(1, date(2026, 11, 30), 20),
            open(1, date(2026, 1, 1), 3),
            open(1, date(2026, 12, 30), -7),
            open(2, date(2026, 9, 2), 500),
        ];
        let (rows, sums) = aging(&amounts, today);
        assert_eq!(rows.iter().map(|row| row.chart).collect::<Vec<_>>(), [chart(2), chart(1)]);
        assert_eq!((rows[1].ages, rows[1].credit, rows[1].total()), ([100, 20, 0, 0, 3], -7, 116));
        assert_eq!(rows[0].ages, [0, 0, 0, 500, 0]);
        assert_eq!((sums.len(), sums[0].ages, sums[0].total()), (1, [100, 20, 0, 500, 3], 616));
    }
}
