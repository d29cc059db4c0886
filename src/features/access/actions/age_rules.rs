//! Age rules of a practice: added from a day to come, and ended. A rule is never changed in place, so that what was
//! decided by it can be told later.

use jiff::civil::Date;

use crate::features::access::age::AssentRule;
use crate::features::access::audit::AccessAction;
use crate::features::access::kinds::Basis;
use crate::features::access::limits_store::{self as limits, AgeRuleRow};
use crate::features::practice;
use crate::kernel::ids::AgeRuleId;
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, JobKind};
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;

/// A rule to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAgeRule {
    /// The code of the place whose charts it limits.
    pub jurisdiction: String,
    /// The age from which it holds.
    pub from_age: i16,
    /// Whom it limits.
    pub bases: Vec<Basis>,
    /// The most that is left of each right that it limits.
    pub caps: Vec<(Right, Level)>,
    /// Whether it asks for the minor's assent.
    pub assent: AssentRule,
    /// Its first day.
    pub effective_from: Date,
    /// Its last day, where it has one.
    pub effective_until: Option<Date>,
    /// Its source: a statute, counsel's advice.
    pub source: String,
}

/// Why a rule is not added or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleRefused {
    /// No such rule in this practice.
    NotFound,
    /// It would begin before tomorrow: what holds today is never changed.
    BeginsTooSoon,
    /// There is a rule for this age from this day on.
    ThereIsOne,
    /// There are too many rules.
    TooMany,
    /// The practice has no such place.
    NoSuchPlace,
}

fn today(c: &mut Scoped<'_>) -> Result<Date, Fault> {
    Ok(practice::load(c)?.today(c.now()))
}

/// Adds a rule.
pub async fn add_age_rule(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    new: NewAgeRule,
) -> Result<Result<(), RuleRefused>, Fault> {
    app.db
        .write(scope, move |c| {
            lock(c, Lock::Practice)?;
            if new.effective_from <= today(c)? {
                return Ok(Err(RuleRefused::BeginsTooSoon));
            }
            let there = limits::age_rule_rows(c)?;
            if there.len() >= limits::MOST_RULES {
                return Ok(Err(RuleRefused::TooMany));
            }
            if !practice::places_of_law(c)?.iter().any(|place| place.code == new.jurisdiction) {
                return Ok(Err(RuleRefused::NoSuchPlace));
            }
            let first_day = new.effective_from.to_string();
            let is_same = |rule: &AgeRuleRow| {
                rule.jurisdiction == new.jurisdiction
                    && rule.from_age == i32::from(new.from_age)
                    && rule.effective_from == first_day
            };
            if there.iter().any(is_same) {
                return Ok(Err(RuleRefused::ThereIsOne));
            }
            let words = |words: Vec<String>| words.join(" ");
            limits::insert_age_rule(
                c,
                &AgeRuleRow {
                    practice_id: *c.practice(),
                    rule_id: AgeRuleId::fresh(c.rng(), c.now()),
                    jurisdiction: new.jurisdiction.clone(),
                    from_age: i32::from(new.from_age),
                    bases: words(new.bases.iter().map(|basis| basis.word().to_owned()).collect()),
                    caps: words(new.caps.iter().map(|(right, level)| format!("{right}:{level}")).collect()),
                    assent: new.assent,
                    effective_from: first_day.clone(),
                    effective_until: new.effective_until.map(|day| day.to_string()),
                    source: new.source.clone(),
                    confirmed_by_name: by.actor.name(),
                    created_at: c.now(),
                },
            )?;
            let details = serde_json::json!({
                "place": new.jurisdiction, "from_age": new.from_age, "effective_from": first_day,
            });
            audit::record(c, audit::Event::new(by.clone(), AccessAction::AgeRuleAdded).with(details))?;
            jobs::bring_forward(c, JobKind::AccessAhead)?;
            Ok(Ok(()))
        })
        .await
}

/// Ends a rule: today is its last day. One that has not begun is taken away.
pub async fn end_age_rule(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    id: AgeRuleId,
) -> Result<Result<(), RuleRefused>, Fault> {
    app.db
        .write(scope, move |c| {
            lock(c, Lock::Practice)?;
            let today = today(c)?;
            let rows = limits::age_rule_rows(c)?;
            let Some(rule) = rows.iter().find(|rule| rule.rule_id == id) else {
                return Ok(Err(RuleRefused::NotFound));
            };
            // Ended before: a second click.
            if rule.rule().effective_until.is_some_and(|last| last <= today) {
                return Ok(Ok(()));
            }
            if rule.rule().effective_from > today {
                limits::remove_age_rule(c, rule)?;
            } else {
                limits::end_age_rule(c, &id, today)?;
            }
            let details =
                serde_json::json!({ "from_age": rule.from_age, "effective_until": today.to_string() });
            audit::record(c, audit::Event::new(by.clone(), AccessAction::AgeRuleEnded).with(details))?;
            jobs::bring_forward(c, JobKind::AccessAhead)?;
            Ok(Ok(()))
        })
        .await
}
