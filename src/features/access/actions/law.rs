//! The law of the places by which clients come of age, as administrators confirm it. Whoever sees what follows at once.

use crate::features::access::audit::AccessAction;
use crate::features::access::limits_store::{self as limits, Limits, here};
use crate::features::access::permission::decide;
use crate::features::practice::{self, Jurisdiction, MOST_PLACES_OF_LAW, PlaceOfLaw};
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, JobKind};
use crate::platform::permissions::Right;
use crate::platform::state::AppState;

/// How many people see more or less today than before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LawEffect {
    /// More of something.
    pub more: usize,
    /// Less of something, and more of nothing.
    pub less: usize,
}

/// Did whoever saves it look at the people who will see more?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widening {
    /// Nobody has.
    NotSeen,
    /// They have, and want it.
    Wanted,
}

/// Why the law of a place is not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LawRefused {
    /// There are too many places.
    TooMany,
    /// Some people would see more: say so again.
    OpensMore(LawEffect),
}

/// What another law of a place does to the access of parents and guardians of its clients.
pub fn effect_of_law(c: &mut Scoped<'_>, code: &str, law: Jurisdiction) -> Result<LawEffect, Fault> {
    let here = here(c)?;
    let (before, today) = (here.places.of(code), here.practice.today(c.now()));
    let mut effect = LawEffect::default();
    for (row, chart, client) in limits::bound_to_age(c, code)? {
        let under = |place: Jurisdiction| Limits {
            chart,
            client,
            place,
            code: code.to_owned(),
            rules: here.rules.clone(),
            // What is withheld stays so under any law, and a consent is about labels of items.
            withheld: Vec::new(),
            part2: Vec::new(),
            today,
        };
        let (old, new) = (under(before).facts(&row), under(law).facts(&row));
        let levels = |right: &Right| (decide(&old, *right, None).level, decide(&new, *right, None).level);
        let changes: Vec<_> = Right::ALL.iter().map(levels).collect();
        if changes.iter().any(|(old, new)| new > old) {
            effect.more += 1;
        } else if changes.iter().any(|(old, new)| new < old) {
            effect.less += 1;
        }
    }
    Ok(effect)
}

/// Saves what the law of a place says, or adds the place. Where somebody would see more by it, that has to be wanted.
pub async fn save_law(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    place: PlaceOfLaw,
    widening: Widening,
) -> Result<Result<(), LawRefused>, Fault> {
    app.db
        .write(scope, move |c| {
            lock(c, Lock::Practice)?;
            let places = practice::places_of_law(c)?;
            let known = places.iter().find(|known| known.code == place.code);
            let is_same = |known: &PlaceOfLaw| {
                (&known.name, known.law, &known.source) == (&place.name, place.law, &place.source)
            };
            if known.is_some_and(is_same) {
                return Ok(Ok(()));
            }
            if known.is_none() && places.len() >= MOST_PLACES_OF_LAW {
                return Ok(Err(LawRefused::TooMany));
            }
            let effect = effect_of_law(c, &place.code, place.law)?;
            if effect.more > 0 && widening == Widening::NotSeen {
                return Ok(Err(LawRefused::OpensMore(effect)));
            }
            practice::save_place_of_law(c, &place)?;
            let law = |law: Jurisdiction| serde_json::json!([law.majority_age, law.leap_day]);
            let details = serde_json::json!({
                "code": place.code,
                "before": known.map(|known| law(known.law)),
                "after": law(place.law),
                "see_more": effect.more,
                "see_less": effect.less,
            });
            audit::record(c, audit::Event::new(by.clone(), AccessAction::LawChanged).with(details))?;
            jobs::bring_forward(c, JobKind::AccessAhead)?;
            Ok(Ok(()))
        })
        .await
}
