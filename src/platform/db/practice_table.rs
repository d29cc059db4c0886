//! What the tables of `schema.rs` have in common: each row belongs to a practice.

use diesel::dsl::Eq;
use diesel::expression::Expression;
use diesel::prelude::*;
use diesel::sql_types::Binary;

use crate::kernel::ids::PracticeId;

/// A table whose rows belong to practices. `schema.rs` lists them.
pub trait PracticeTable: Table {
    /// Its column `practice_id`.
    type Practice: Column<Table = Self> + Expression<SqlType = Binary>;
    /// The same, as a value.
    const PRACTICE: Self::Practice;
}

/// `practice_id = …`, with the practice's id.
pub type OfPractice<T> = Eq<<T as PracticeTable>::Practice, PracticeId>;
/// `practice_id = …`, with the column of another table of the same statement.
pub type OfSamePractice<T, Outer> = Eq<<T as PracticeTable>::Practice, <Outer as PracticeTable>::Practice>;
