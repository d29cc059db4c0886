//! Money: charges, payments and adjustments of a chart, and what they add up to.

mod audit;
mod client_pages;
mod ledger;
mod picture;
mod staff_pages;
mod store;

pub use audit::LedgerAction;
pub use ledger::{Line, MonthEnd, balances, month_ends, running};
pub use store::{Entry, EntryKind, NewEntry, balances_of, ledger_of, record};

use crate::platform::feature::Feature;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::ClientNav;

impl EntryKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&format!("billing-kind-{}", self.word()))
    }
}

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::LedgerAction::ACTIONS,
    client_nav: &[ClientNav {
        section: client_pages::BALANCE,
        label: "nav-balance",
        icon: "balance",
        needs: Some(Right::Billing),
        order: 40,
    }],
    chart_tabs: &[staff_pages::TAB],
    ..Feature::new("billing", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    Routes::new()
        .get("/portal/balance", Needs::Client(Right::Billing, Level::View), client_pages::balance_page)
        .get("/staff/charts/{chart}/billing", Needs::Staff(Permission::SeeBilling), staff_pages::tab)
}
