//! Money: charges, payments and adjustments of a chart, and what they add up to.

mod client_pages;
mod ledger;
mod picture;
mod staff_pages;
mod store;

pub use ledger::{Line, MonthEnd, balances, month_ends, running};
pub use store::{Entry, EntryKind, NewEntry, ledger_of, record};

use crate::platform::i18n::Words;
use crate::platform::permissions::{Needs, Permission, Right};
use crate::platform::web::Routes;

impl EntryKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&format!("billing-kind-{}", self.word()))
    }
}

/// The routes of this feature.
pub fn routes() -> Routes {
    Routes::new().get("/portal/balance", Needs::Client(Right::Billing), client_pages::balance_page).get(
        "/staff/charts/{chart}/billing",
        Needs::Staff(Permission::SeeBilling),
        staff_pages::tab,
    )
}
