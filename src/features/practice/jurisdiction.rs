//! What the law of a place says of ages: data, because it differs from place to place.

use diesel::prelude::*;

use crate::platform::db::schema::jurisdiction;
use crate::word_enum;

word_enum! {
    /// When somebody born on February 29 has their birthday in a common year. Laws differ.
    pub enum LeapDay {
        /// On March 1.
        Mar1 = "mar1",
        /// On February 28.
        Feb28 = "feb28",
    }
}

/// What the law of a place says of ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = jurisdiction)]
pub struct Jurisdiction {
    /// The age from which a client is an adult.
    pub majority_age: i32,
    /// See [`LeapDay`].
    pub leap_day: LeapDay,
}

impl Jurisdiction {
    /// The code of the practice's own place. Every practice has its row.
    pub const PRACTICE: &'static str = "practice";

    /// What a practice begins with.
    pub const BUILT_IN: Self = Self { majority_age: 18, leap_day: LeapDay::Mar1 };
}

/// The places by whose law the clients of a practice come of age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(Vec<(String, Jurisdiction)>);

impl Places {
    /// These, by their codes.
    pub fn new(places: Vec<(String, Jurisdiction)>) -> Self {
        Self(places)
    }

    /// The law of a place; the practice's own where the place is not known.
    pub fn of(&self, code: &str) -> Jurisdiction {
        let place = |code: &str| self.0.iter().find(|(known, _)| known == code).map(|(_, place)| *place);
        place(code).or_else(|| place(Jurisdiction::PRACTICE)).unwrap_or(Jurisdiction::BUILT_IN)
    }
}

/// A place as administrators keep it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = jurisdiction)]
pub struct PlaceOfLaw {
    /// What charts and age rules name it by.
    pub code: String,
    /// How staff call it; empty for the practice's own.
    pub name: String,
    /// See [`Jurisdiction`].
    #[diesel(embed)]
    pub law: Jurisdiction,
    /// Where that stands: a statute, counsel's advice.
    pub source: String,
    /// Who confirmed it; empty for what a practice begins with.
    pub confirmed_by_name: String,
}

impl PlaceOfLaw {
    /// Is it the practice's own?
    pub fn is_own(&self) -> bool {
        self.code == Jurisdiction::PRACTICE
    }
}

/// The longest code.
pub const MOST_IN_A_CODE: usize = 20;

/// Reads a code: small letters of ASCII, digits and hyphens between them, such as `us-mi`.
pub fn read_code(typed: &str) -> Option<String> {
    let code = typed.trim().to_lowercase();
    let is_sound = (1..=MOST_IN_A_CODE).contains(&code.len())
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !code.starts_with('-')
        && !code.ends_with('-');
    is_sound.then_some(code)
}

/// A majority that some law has.
pub const MAJORITIES: std::ops::RangeInclusive<i32> = 14..=21;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_not_known_has_the_practices_law() {
        let law = |majority_age| Jurisdiction { majority_age, ..Jurisdiction::BUILT_IN };
        let places = Places::new(vec![(Jurisdiction::PRACTICE.into(), law(18)), ("ca-bc".into(), law(19))]);
        assert_eq!(places.of("ca-bc").majority_age, 19);
        assert_eq!(places.of("us-mi").majority_age, 18);
        assert_eq!(Places::new(Vec::new()).of("us-mi"), Jurisdiction::BUILT_IN);
    }

    #[test]
    fn a_code_is_short_and_plain() {
        assert_eq!(read_code(" US-MI ").as_deref(), Some("us-mi"));
        for wrong in ["", "-a", "a-", "ü", "a b", "a/b", "a_b", &"a".repeat(21)] {
            assert_eq!(read_code(wrong), None, "{wrong}");
        }
    }
}
