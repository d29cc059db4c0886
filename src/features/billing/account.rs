//! What a chart's account shows: the balance of each currency, and how it went over the months. Pure, but for the
//! reading at the end. Amounts of two currencies are never added.

use jiff::civil::Date;

use crate::features::billing::wording::Named;
use crate::features::ledger::{self, DayPlace, Line, Movement, Owed};
use crate::kernel::ids::{ChartId, PayerId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Lines on one page.
pub const LINES: i64 = 50;
/// Months in the picture.
pub const MONTHS: i32 = 6;

/// The balance at the end of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthEnd {
    /// The month's first day.
    pub month: Date,
    /// What was owed when it ended, in minor units.
    pub owed: i64,
}

/// The first day of the oldest month in the picture.
fn first_month(today: Date) -> Date {
    today.first_of_month().saturating_sub(jiff::Span::new().months(MONTHS - 1))
}

/// The balance in one currency at the end of each of the last months up to today's, oldest first: today's balance
/// less what came after each month's end. A month without entries keeps the balance before it.
pub fn month_ends(balance: Money, movements: &[Movement], today: Date) -> Vec<MonthEnd> {
    let mut month = first_month(today);
    let mut ends = Vec::new();
    for _ in 0..MONTHS {
        let last = month.last_of_month();
        let later: i64 = movements
            .iter()
            .filter(|movement| movement.currency == balance.currency && movement.on > last)
            .map(|movement| movement.amount)
            .sum();
        ends.push(MonthEnd { month, owed: balance.minor - later });
        month = month.saturating_add(jiff::Span::new().months(1));
    }
    ends
}

/// A line with what was owed after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The line.
    pub line: Line,
    /// What was owed in its currency once it counted.
    pub after: Money,
}

/// Each line, the newest first, with what was owed after it. `newest` is what was owed after the first of them.
pub fn running(lines: Vec<Line>, newest: &[(Currency, i64)]) -> Vec<Running> {
    let mut after = newest.to_vec();
    lines
        .into_iter()
        .map(|line| {
            let currency = line.head.currency;
            let sum = match after.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, sum)) => {
                    let now = *sum;
                    *sum -= line.amount;
                    now
                }
                None => 0,
            };
            Running { after: Money::new(sum, currency), line }
        })
        .collect()
}

/// A chart's account.
#[derive(Clone, Debug)]
pub struct Account {
    /// What is owed, currency by currency.
    pub owed: Vec<Owed>,
    /// A page of lines, the newest first.
    pub lines: Vec<Running>,
    /// The place behind which older lines stand, if there are any.
    pub older: Option<DayPlace>,
    /// What the lines name.
    pub named: Named,
}

impl Account {
    /// Reads a page of it: the newest lines by day, or those before a place. For staff: of everybody who pays.
    pub fn read(c: &mut Scoped<'_>, chart: ChartId, before: Option<DayPlace>) -> Result<Self, Fault> {
        let owed = ledger::owed_of(c, chart)?;
        let lines = ledger::lines_by_day(c, chart, before.unwrap_or(DayPlace::END), LINES + 1)?;
        let parties = match before {
            Some(_) => ledger::parties_with_entries(c, chart)?,
            None => Vec::new(),
        };
        Self::of(c, chart, &parties, before, owed, lines)
    }

    /// The same of what these payers pay.
    pub fn read_for(
        c: &mut Scoped<'_>,
        chart: ChartId,
        parties: &[PayerId],
        before: Option<DayPlace>,
    ) -> Result<Self, Fault> {
        let owed = ledger::owed_by(c, chart, parties)?;
        let place = before.unwrap_or(DayPlace::END);
        let lines = ledger::lines_by_day_for(c, chart, parties, place, LINES + 1)?;
        Self::of(c, chart, parties, before, owed, lines)
    }

    fn of(
        c: &mut Scoped<'_>,
        chart: ChartId,
        parties: &[PayerId],
        before: Option<DayPlace>,
        owed: Vec<Owed>,
        mut lines: Vec<Line>,
    ) -> Result<Self, Fault> {
        let mut newest: Vec<(Currency, i64)> =
            owed.iter().map(|owed| (owed.currency, owed.balance())).collect();
        if let Some(before) = before {
            for (currency, later) in ledger::sum_from(c, chart, parties, before)? {
                if let Some((_, sum)) = newest.iter_mut().find(|(known, _)| *known == currency) {
                    *sum -= later;
                }
            }
        }
        let has_older = i64::try_from(lines.len()).is_ok_and(|count| count > LINES);
        if has_older {
            lines.pop();
        }
        let place = |line: &Line| DayPlace { on: line.head.effective_on, seq: line.head.seq };
        let older = lines.last().filter(|_| has_older).map(place);
        let named = Named::of_lines(c, &lines)?;
        Ok(Self { lines: running(lines, &newest), owed, older, named })
    }
}

/// What moved in the months of the picture.
pub fn movements(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    today: Date,
) -> Result<Vec<Movement>, Fault> {
    ledger::movements_after(c, chart, parties, first_month(today).last_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn movement(on: Date, amount: i64, code: &str) -> Movement {
        Movement { currency: code.parse().unwrap(), on, amount }
    }

    #[test]
    fn quiet_months_keep_the_balance_and_the_year_turns() {
        let movements =
            [movement(date(2026, 11, 30), 5_000, "USD"), movement(date(2027, 1, 31), -2_000, "USD")];
        let ends = month_ends(Money::new(3_000, Currency::USD), &movements, date(2027, 2, 14));
        let seen: Vec<_> = ends.iter().map(|end| (end.month.to_string(), end.owed)).collect();
        let wanted = [
            ("2026-09-01", 0),
            ("2026-10-01", 0),
            ("2026-11-01", 5_000),
            ("2026-12-01", 5_000),
            ("2027-01-01", 3_000),
            ("2027-02-01", 3_000),
        ];
        assert_eq!(seen, wanted.map(|(month, owed)| (month.to_owned(), owed)));
    }

    #[test]
    fn the_months_of_one_currency_know_nothing_of_another() {
        let movements =
            [movement(date(2026, 10, 2), 8_000, "EUR"), movement(date(2026, 11, 2), 12_000, "USD")];
        let ends = |minor, code: &str| {
            let balance = Money::new(minor, code.parse().unwrap());
            month_ends(balance, &movements, date(2026, 11, 20)).iter().map(|end| end.owed).collect::<Vec<_>>()
        };
        assert_eq!(ends(8_000, "EUR"), [0, 0, 0, 0, 8_000, 8_000]);
        assert_eq!(ends(12_000, "USD"), [0, 0, 0, 0, 0, 12_000]);
    }
}
