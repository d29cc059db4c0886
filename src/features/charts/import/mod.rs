//! Charts from a CSV file, by the command or in the browser: every bad row is named with line, column and
//! reason, and one is enough to write nothing; the rest is written in pieces; idempotent by chart number. The columns are in `docs/operators/import.md`.

mod apply;
mod columns;
mod pages;
mod read;
mod records;
mod report;
mod store;

pub(super) use apply::carry_on;
pub use apply::import;
pub(super) use pages::routes;
pub use read::MOST_BYTES;
pub use report::{Bad, Mode, Outcome, Reason, Report, Shown};
pub use store::tidy;
