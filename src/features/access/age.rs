//! How old a client is, and which age rule is in force. Pure: the day is a parameter.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::features::access::kinds::{Basis, Label};
use crate::features::practice::{Jurisdiction, LeapDay};
use crate::platform::permissions::{Level, Right};
use crate::word_enum;

/// A birth date that makes somebody older than this is a mistake.
const OLDEST: i16 = 120;

/// The day on which somebody born on `birth` turns `years`. `None` outside the calendar.
pub fn turns_on(birth: Date, years: i16, leap_day: LeapDay) -> Option<Date> {
    let year = birth.year().checked_add(years)?;
    Date::new(year, birth.month(), birth.day()).ok().or_else(|| match leap_day {
        LeapDay::Mar1 => Date::new(year, 3, 1).ok(),
        LeapDay::Feb28 => Date::new(year, 2, 28).ok(),
    })
}

/// Whole years lived on a day. `None` where the birth date cannot be right: after today, or more than 120 years
/// ago.
pub fn age_on(birth: Date, today: Date, leap_day: LeapDay) -> Option<i16> {
    if birth > today {
        return None;
    }
    let years = today.year() - birth.year();
    let had_birthday = turns_on(birth, years, leap_day)? <= today;
    let age = years - i16::from(!had_birthday);
    (age <= OLDEST).then_some(age)
}

/// A confirmed rule of one jurisdiction: what holders with these bases may do from an age on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeRule {
    /// The jurisdiction's code; `practice` is the practice's own.
    pub jurisdiction: String,
    /// The age from which it holds.
    pub from_age: i16,
    /// Whom it limits.
    pub bases: Vec<Basis>,
    /// The most that is left of a right; a right that is not named is not limited.
    pub caps: BTreeMap<Right, Level>,
    /// The most that is left of items with a label.
    pub label_caps: BTreeMap<Label, Level>,
    /// Does it give anything only once the minor has agreed?
    pub assent: AssentRule,
    /// Its first day.
    pub effective_from: Date,
    /// Its last day, where it has one.
    pub effective_until: Option<Date>,
}

word_enum! {
    /// Does a rule want the minor's assent?
    pub enum AssentRule {
        /// Nothing without it.
        Needed = "needed",
        /// It does not ask.
        NotNeeded = "not_needed",
    }
}

/// The rule that limits a holder with this basis where the client is `age` years old: of the rules of the
/// chart's jurisdiction, else of the practice's, the one from the greatest age, and of two from one age the later.
pub fn rule_in_force<'a>(
    rules: &'a [AgeRule],
    jurisdiction: &str,
    basis: Basis,
    age: i16,
    today: Date,
) -> Option<&'a AgeRule> {
    let of = |code: &str| {
        rules
            .iter()
            .filter(|rule| rule.jurisdiction == code && rule.bases.contains(&basis) && rule.from_age <= age)
            .filter(|rule| rule.effective_from <= today)
            .filter(|rule| rule.effective_until.is_none_or(|last| today <= last))
            .max_by_key(|rule| (rule.from_age, rule.effective_from))
    };
    of(jurisdiction).or_else(|| of(Jurisdiction::PRACTICE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const MAR1: LeapDay = LeapDay::Mar1;

    #[test]
    fn case_15_a_leap_day_has_its_birthday_where_the_law_says() {
        let born = date(2012, 2, 29);
        for (year, feb_28, mar_1, leap) in
            [(2025, 13, 13, false), (2026, 14, 14, false), (2028, 15, 16, true), (2030, 18, 18, false)]
        {
            let on = |month, day, rule| age_on(born, date(year, month, day), rule).unwrap();
            if leap {
                assert_eq!([on(2, 28, MAR1), on(2, 28, LeapDay::Feb28)], [feb_28, feb_28], "{year}");
                assert_eq!([on(2, 29, MAR1), on(2, 29, LeapDay::Feb28)], [mar_1, mar_1], "{year}");
            } else {
                assert_eq!(on(2, 27, LeapDay::Feb28), feb_28 - 1, "{year}");
                assert_eq!([on(2, 28, MAR1), on(2, 28, LeapDay::Feb28)], [feb_28 - 1, feb_28], "{year}");
                assert_eq!([on(3, 1, MAR1), on(3, 1, LeapDay::Feb28)], [mar_1, mar_1], "{year}");
            }
        }
    }

    fn rule(from_age: i16, effective_from: Date) -> AgeRule {
        AgeRule {
            jurisdiction: Jurisdiction::PRACTICE.to_owned(),
            from_age,
            bases: vec![Basis::Parent],
            caps: BTreeMap::from([(Right::Documents, Level::None)]),
            label_caps: BTreeMap::new(),
            assent: AssentRule::NotNeeded,
            effective_from,
            effective_until: None,
        }
    }

    #[test]
    fn case_16_a_rule_begins_on_the_birthday_neither_a_day_before_nor_after() {
        let (born, rules) = (date(2012, 3, 3), [rule(12, date(2020, 1, 1))]);
        let holds = |today| {
            let age = age_on(born, today, MAR1).unwrap();
            rule_in_force(&rules, Jurisdiction::PRACTICE, Basis::Parent, age, today).is_some()
        };
        assert_eq!([date(2024, 3, 2), date(2024, 3, 3), date(2024, 3, 4)].map(holds), [false, true, true]);
    }

    #[test]
    fn the_rule_from_the_greatest_age_wins_then_the_later_one_then_the_charts_own_jurisdiction() {
        let today = date(2026, 11, 28);
        let mut elsewhere = rule(10, date(2020, 1, 1));
        elsewhere.jurisdiction = "mi".to_owned();
        let mut over = rule(15, date(2020, 1, 1));
        over.effective_until = Some(date(2026, 11, 27));
        let rules = [
            rule(12, date(2020, 1, 1)),
            rule(14, date(2020, 1, 1)),
            rule(14, date(2025, 1, 1)),
            rule(14, date(2026, 11, 29)),
            over,
            elsewhere.clone(),
        ];
        let found = |code, basis, age| rule_in_force(&rules, code, basis, age, today);
        assert_eq!(found(Jurisdiction::PRACTICE, Basis::Parent, 11), None);
        assert_eq!(found(Jurisdiction::PRACTICE, Basis::Parent, 13), Some(&rules[0]));
        assert_eq!(found(Jurisdiction::PRACTICE, Basis::Parent, 16), Some(&rules[2]));
        assert_eq!(found(Jurisdiction::PRACTICE, Basis::AdultGuardian, 16), None);
        assert_eq!(found("mi", Basis::Parent, 16), Some(&elsewhere));
        assert_eq!(found("mi", Basis::Parent, 9), None);
        assert_eq!(found("bc", Basis::Parent, 13), Some(&rules[0]));
    }

    #[test]
    fn a_birth_date_that_cannot_be_right_has_no_age() {
        let today = date(2026, 11, 28);
        assert_eq!(age_on(date(2026, 11, 29), today, MAR1), None);
        assert_eq!(age_on(today, today, MAR1), Some(0));
        assert_eq!(age_on(date(1905, 11, 29), today, MAR1), Some(120));
        assert_eq!(age_on(date(1905, 11, 28), today, MAR1), None);
    }

    proptest! {
        #[test]
        fn an_age_grows_by_one_on_each_birthday_and_on_no_other_day(
            born in 0i32..36_500, later in 0i32..36_500, feb_28 in any::<bool>()
        ) {
            let leap_day = if feb_28 { LeapDay::Feb28 } else { MAR1 };
            let born = date(1950, 1, 1).saturating_add(jiff::Span::new().days(born));
            let today = born.saturating_add(jiff::Span::new().days(later));
            let tomorrow = today.tomorrow().unwrap();
            let (Some(now), Some(next)) = (age_on(born, today, leap_day), age_on(born, tomorrow, leap_day)) else {
                return Ok(());
            };
            let is_birthday = turns_on(born, next, leap_day) == Some(tomorrow);
            prop_assert_eq!(next - now, i16::from(is_birthday));
            prop_assert_eq!(turns_on(born, now, leap_day).unwrap() <= today, true);
        }
    }
}
