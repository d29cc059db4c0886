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
