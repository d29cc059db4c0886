//! Money: charges, payments and adjustments of a chart, and what they add up to.

mod ledger;
mod store;

pub use ledger::{Line, MonthEnd, balance, month_ends, running};
pub use store::{Entry, EntryKind, NewEntry, currency_of, ledger_of, record};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
