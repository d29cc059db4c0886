//! The next day on which a grant opens less by itself: its last day is over, the client becomes an adult, an age rule
//! begins. Pure; it asks the permission function for each day that may change something.

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};

use crate::features::access::age::turns_on;
use crate::features::access::limits_store::Limits;
use crate::features::access::permission::{decide, ends_at_majority};
use crate::features::access::store::AccessRow;
use crate::platform::permissions::{Level, Right, Terms};

/// So many days before it, staff and the holder are told.
pub const STAGES: [i32; 3] = [90, 30, 7];

/// Less is open from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The first day with less.
    pub on: Date,
    /// Days until then.
    pub days_left: i32,
    /// What is open today.
    pub before: Terms,
    /// What is open from then on.
    pub after: Terms,
}

/// What becomes of a grant on such a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It opens less.
    Less,
    /// It opens nothing any more.
    Ended,
    /// The same, because the client becomes an adult.
    EndedByMajority,
}

impl Narrowing {
    /// What becomes of the grant; `majority` is the day on which it ends because the client becomes an adult.
    pub fn becomes(&self, majority: Option<Date>) -> Becomes {
        let is_over = Right::ALL.iter().all(|right| self.after.level(*right) == Level::None);
        match is_over {
            false => Becomes::Less,
            true if majority == Some(self.on) => Becomes::EndedByMajority,
            true => Becomes::Ended,
        }
    }

    /// Is it so near that people are told?
    pub fn is_near(&self) -> bool {
        stage(self.days_left).is_some()
    }
}

/// So many days before another day.
pub fn days_before(day: Date, days: i32) -> Date {
    day.saturating_sub(Span::new().days(days))
}

fn open(limits: &Limits, row: &AccessRow) -> Terms {
    let facts = limits.facts(row);
    Terms::of(Right::ALL.iter().map(|right| (*right, decide(&facts, *right, None).level)))
}

/// Can a grant with this row open less one day without anybody's doing?
pub fn may_narrow(row: &AccessRow) -> bool {
    row.ends_on.is_some() || row.basis.ends_at_majority()
}

/// The next day on which a grant opens less than today; `None` where no such day is known.
pub fn narrows_next(limits: &Limits, row: &AccessRow) -> Option<Narrowing> {
    if !may_narrow(row) {
        return None;
    }
    let days = days_of_change(limits, row);
    first_with_less(limits, row, days)
}

/// A day that is near, and what becomes of the grant then.
pub type NearDay = (Date, Becomes);

/// The same, where that day is so near that people are told. Where no day is, nothing is decided.
pub fn narrows_soon(limits: &Limits, row: &AccessRow) -> Option<NearDay> {
    if !may_narrow(row) {
        return None;
    }
    let last = limits.today.saturating_add(Span::new().days(STAGES[0]));
    let mut days = days_of_change(limits, row);
    days.retain(|day| *day <= last);
    if days.is_empty() {
        return None;
    }
    let next = first_with_less(limits, row, days)?;
    Some((next.on, next.becomes(ends_at_majority(&limits.facts(row)))))
}

/// The days to come on which something that decides over a grant may change by itself, in their order.
fn days_of_change(limits: &Limits, row: &AccessRow) -> Vec<Date> {
    let today = limits.today;
    let next_day = |day: Date| day.tomorrow().ok();
    let mut days: Vec<Date> = row.last_day().and_then(next_day).into_iter().collect();
    days.extend(ends_at_majority(&limits.facts(row)));
    for rule in limits.rules.iter().filter(|rule| rule.bases.contains(&row.basis)) {
        days.push(rule.effective_from);
        days.extend(rule.effective_until.and_then(next_day));
        days.extend(limits.client.born.and_then(|born| turns_on(born, rule.from_age, limits.place.leap_day)));
    }
    days.retain(|day| *day > today);
    days.sort_unstable();
    days.dedup();
    days
}

fn first_with_less(limits: &Limits, row: &AccessRow, days: Vec<Date>) -> Option<Narrowing> {
    let today = limits.today;
    let before = open(limits, row);
    days.into_iter().find_map(|on| {
        let after = open(&Limits { today: on, ..limits.clone() }, row);
        let is_less = Right::ALL.iter().any(|right| after.level(*right) < before.level(*right));
        let days_left = on.since(today).map_or(i32::MAX, |span| span.get_days());
        is_less.then(|| Narrowing { on, days_left, before: before.clone(), after })
    })
}

/// The stage that is reached when so many days are left; `None` while the day is far.
pub fn stage(days_left: i32) -> Option<i32> {
    STAGES.iter().rev().copied().find(|stage| days_left <= *stage)
}

/// The day of the next stage after this one; after the last the day itself.
pub fn next_stage_on(on: Date, reached: i32) -> Date {
    let next = STAGES.iter().copied().find(|stage| *stage < reached);
    next.map_or(on, |stage| on.saturating_sub(i64::from(stage).days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn less_is_not_nothing() {
        let becomes = |after: Terms, majority: Option<Date>| {
            let on = date(2027, 3, 3);
            Narrowing { on, days_left: 7, before: Terms::of([]), after }.becomes(majority)
        };
        let some = || Terms::of([(Right::Documents, Level::View)]);
        assert_eq!(becomes(some(), Some(date(2027, 3, 3))), Becomes::Less);
        assert_eq!(becomes(Terms::of([]), None), Becomes::Ended);
        assert_eq!(becomes(Terms::of([]), Some(date(2028, 3, 3))), Becomes::Ended);
        assert_eq!(becomes(Terms::of([]), Some(date(2027, 3, 3))), Becomes::EndedByMajority);
    }

    #[test]
    fn case_23_each_stage_begins_on_its_day() {
        let reached = [91, 90, 31, 30, 8, 7, 1].map(stage);
        assert_eq!(reached, [None, Some(90), Some(90), Some(30), Some(30), Some(7), Some(7)]);
        let on = date(2027, 3, 3);
        assert_eq!(next_stage_on(on, 90), date(2027, 2, 1));
        assert_eq!(next_stage_on(on, 30), date(2027, 2, 24));
        assert_eq!(next_stage_on(on, 7), on);
        assert_eq!(days_before(on, 90), date(2026, 12, 3));
    }
}
