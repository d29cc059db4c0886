//! Money of a chart: charges, payments, refunds, statements; the pages of both sides. What they move stands in
//! `ledger`.

mod account;
mod act_pages;
pub mod actions;
mod audit;
mod check;
mod client_pages;
pub mod input;
pub mod lifecycle;
mod picture;
mod staff_pages;
pub mod statement;
mod statement_pages;
pub mod statement_pdf;
mod statement_store;
mod store;
mod views;
mod wording;

pub use audit::BillingAction;
pub use check::check;
pub use statement_store::{StatementHead, chart_of_statement, list_of as statements_of};
pub use store::{
    Charge, NewCharge, NewPayment, Payment, PaymentMethod, PaymentSource, Refund, RefundWay, charges_of,
    chart_of_charge, chart_of_payment, find_charge, find_payment, payments_of, refunds_of,
};
pub use wording::{Explanation, Named, Step, conclusion, explain, sentence};

use crate::platform::feature::Feature;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::ClientNav;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::BillingAction::ACTIONS,
    client_nav: &[ClientNav {
        section: client_pages::ACCOUNT,
        label: "nav-account",
        icon: "balance",
        needs: Some(Right::Billing),
        order: 40,
    }],
    chart_tabs: &[staff_pages::TAB],
    ..Feature::new("billing", routes)
};

/// The routes of this feature.
#[rustfmt::skip]
fn routes() -> Routes {
    let own = Needs::Client(Right::Billing, Level::View);
    let see = Needs::Staff(Permission::SeeBilling);
    let charge = Needs::Staff(Permission::PostCharges);
    let record = Needs::Staff(Permission::RecordPayments);
    let adjust = Needs::Staff(Permission::Adjust);
    let refund = Needs::Staff(Permission::Refund);
    let send = Needs::Staff(Permission::SendStatements);
    Routes::new()
        .get("/portal/account", own, client_pages::account_page)
        .get("/portal/account/why", own, client_pages::why)
        .get("/portal/account/charges/{charge}", own, client_pages::why_charge)
        .get("/portal/account/statements/{statement}", own, statement_pages::client_page)
        .get("/portal/account/statements/{statement}/pdf", own, statement_pdf::client_file)
        .get("/staff/charts/{chart}/billing", see, staff_pages::tab)
        .get("/staff/charts/{chart}/billing/charge", charge, act_pages::charge_page)
        .post("/staff/charts/{chart}/billing/charge", charge, act_pages::charge)
        .get("/staff/charts/{chart}/billing/payment", record, act_pages::payment_page)
        .post("/staff/charts/{chart}/billing/payment", record, act_pages::payment)
        .get("/staff/charts/{chart}/billing/charges/{charge}/relief", adjust, act_pages::relief_page)
        .post("/staff/charts/{chart}/billing/charges/{charge}/relief", adjust, act_pages::relief)
        .get("/staff/charts/{chart}/billing/payments/{payment}/refund", refund, act_pages::refund_page)
        .post("/staff/charts/{chart}/billing/payments/{payment}/refund", refund, act_pages::refund)
        .get("/staff/charts/{chart}/billing/entries/{entry}", see, staff_pages::entry)
        .get("/staff/charts/{chart}/billing/entries/{entry}/undo", adjust, act_pages::undo_page)
        .post("/staff/charts/{chart}/billing/entries/{entry}/undo", adjust, act_pages::undo)
        .get("/staff/charts/{chart}/billing/statement", send, statement_pages::new_page)
        .post("/staff/charts/{chart}/billing/statement", send, statement_pages::new)
        .get("/staff/charts/{chart}/billing/statements/{statement}", see, statement_pages::staff_page)
        .get("/staff/charts/{chart}/billing/statements/{statement}/pdf", see, statement_pdf::staff_file)
}
