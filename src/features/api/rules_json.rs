//! What the API takes and gives of age rules and of what is withheld.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::features::access::permission::Withheld;
use crate::features::access::{AgeRuleRow, Kept, Part2Consent};
use crate::features::practice::PlaceOfLaw;

/// An age rule of the practice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgeRuleJson {
    /// The rule.
    #[schema(format = "uuid")]
    pub id: String,
    /// The code of the place whose charts it limits; `practice` for the practice's own.
    pub jurisdiction: String,
    /// The age from which it holds.
    pub from_age: i32,
    /// Whom it limits: `parent`, `in_loco_parentis`, `minor_guardian`, `co_parent_order`.
    pub bases: Vec<String>,
    /// The most that is left of each right that it limits, such as `documents:none`, `messages:view`.
    pub caps: Vec<String>,
    /// `needed` where nothing is open before the minor agrees, else `not_needed`.
    pub assent: String,
    /// Its first day.
    #[schema(format = Date)]
    pub effective_from: String,
    /// Its last day.
    #[schema(format = Date)]
    pub effective_until: Option<String>,
    /// Its source: a statute, counsel's advice.
    pub source: String,
    /// Who confirmed it.
    pub confirmed_by: String,
}

impl AgeRuleJson {
    /// Of a row.
    pub fn of(row: &AgeRuleRow) -> Self {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Self {
            id: row.rule_id.to_string(),
            jurisdiction: row.jurisdiction.clone(),
            from_age: row.from_age,
            bases: words(&row.bases),
            caps: words(&row.caps),
            assent: row.assent.to_string(),
            effective_from: row.effective_from.clone(),
            effective_until: row.effective_until.clone(),
            source: row.source.clone(),
            confirmed_by: row.confirmed_by_name.clone(),
        }
    }
}

/// The age rules of the practice, by age.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgeRules {
    /// Those that hold, will hold or held.
    pub age_rules: Vec<AgeRuleJson>,
}

/// An age rule to be added.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgeRuleJson {
    /// The code of the place whose charts it limits; left out: the practice's own.
    pub jurisdiction: Option<String>,
    /// The age from which it holds: 1 to 25.
    pub from_age: i16,
    /// Whom it limits: see the rule's `bases`.
    pub bases: Vec<String>,
    /// The most that is left of each right that it limits, such as `documents:none`. A right that is not named is
    /// not limited.
    #[serde(default)]
    pub caps: Vec<String>,
    /// `needed` or `not_needed`; left out: `not_needed`.
    pub assent: Option<String>,
    /// Its first day: tomorrow at the earliest.
    #[schema(format = Date)]
    pub effective_from: String,
    /// Its last day; left out: no end.
    #[schema(format = Date)]
    pub effective_until: Option<String>,
    /// Its source: a statute, counsel's advice.
    pub source: String,
}

/// Something that is kept from the holder of a grant, whatever its terms say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WithheldJson {
    /// Its name, for giving it back.
    #[schema(format = "uuid")]
    pub id: String,
    /// A right, such as `documents`; absent where it is one item.
    pub right: Option<String>,
    /// One item; absent where it is a right.
    pub item: Option<ItemJson>,
    /// The last day; absent where it has none.
    #[schema(format = Date)]
    pub until: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub by: String,
}

/// One item.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemJson {
    /// `document`, `form`, `thread`, `appointment` or `ledger_entry`.
    pub kind: String,
    /// Which one.
    #[schema(format = "uuid")]
    pub id: String,
}

impl WithheldJson {
    /// Of what is kept.
    pub fn of(kept: &Kept) -> Self {
        let (right, item) = match kept.what {
            Withheld::Right(right) => (Some(right.to_string()), None),
            Withheld::Item(kind, id) => (None, Some(ItemJson { kind: kind.to_string(), id: id.to_string() })),
        };
        Self {
            id: kept.id.to_string(),
            right,
            item,
            until: kept.until.map(|day| day.to_string()),
            reason: kept.reason.clone(),
            by: kept.by_name.clone(),
        }
    }
}

/// The client's written consent that the holder sees records of treatment for substance use (42 CFR Part 2).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part2ConsentJson {
    /// What for, as the signed paper says.
    pub purpose: String,
    /// The last day; absent: until it is taken back.
    #[serde(default)]
    #[schema(format = Date)]
    pub until: Option<String>,
}

impl Part2ConsentJson {
    /// Of what is recorded.
    pub fn of(consent: &Part2Consent) -> Self {
        Self { purpose: consent.purpose.clone(), until: consent.until.map(|day| day.to_string()) }
    }
}

/// What is to be kept from the holder of a grant: a right or one item.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithholdJson {
    /// A right, such as `documents`.
    pub right: Option<String>,
    /// One item.
    pub item: Option<ItemJson>,
    /// The last day; left out: no end.
    #[schema(format = Date)]
    pub until: Option<String>,
    /// Why.
    pub reason: String,
}

/// What is to be given back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveBackJson {
    /// The name of what is withheld.
    #[schema(format = "uuid")]
    pub withheld: String,
}

/// By whose law clients come of age.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JurisdictionJson {
    /// What charts and age rules name it by; `practice` for the practice's own.
    pub code: String,
    /// How staff call it; empty for the practice's own.
    pub name: String,
    /// The age from which a client is an adult.
    pub majority_age: i32,
    /// When somebody born on February 29 has their birthday in a common year: `mar1` or `feb28`.
    pub leap_day: String,
    /// Where that stands: a statute, counsel's advice.
    pub source: String,
    /// Who confirmed it; empty for what a practice begins with.
    pub confirmed_by: String,
}

impl JurisdictionJson {
    /// Of a place.
    pub fn of(place: &PlaceOfLaw) -> Self {
        Self {
            code: place.code.clone(),
            name: place.name.clone(),
            majority_age: place.law.majority_age,
            leap_day: place.law.leap_day.to_string(),
            source: place.source.clone(),
            confirmed_by: place.confirmed_by_name.clone(),
        }
    }
}

/// The places by whose law clients come of age, the practice's own first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jurisdictions {
    /// All of them.
    pub jurisdictions: Vec<JurisdictionJson>,
}

/// What the law of a place says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetJurisdictionJson {
    /// How staff call it; the practice's own has no name.
    #[serde(default)]
    pub name: String,
    /// The age from which a client is an adult: 14 to 21.
    pub majority_age: i32,
    /// `mar1` or `feb28`.
    pub leap_day: String,
    /// Where that stands: a statute, counsel's advice.
    pub source: String,
    /// Say `true` where some people would see more by it; without it that is refused.
    #[serde(default)]
    pub opens_more: bool,
}

/// By whose law the client of a chart comes of age, since when they count as an adult, and the day of their death.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientStatusJson {
    /// The code of a place; left out: as it is.
    pub jurisdiction: Option<String>,
    /// Since when a court counts them as an adult; null or left out: no such day.
    #[schema(format = Date)]
    pub emancipated_on: Option<String>,
    /// The day of their death; null or left out: none.
    #[schema(format = Date)]
    pub deceased_on: Option<String>,
    /// Where it is known from.
    pub reason: String,
}
