//! Money of a chart: charges, payments, refunds, statements; the pages of both sides. What they move stands in
//! `ledger`.

mod account;
mod act;
mod act_pages;
pub mod actions;
mod audit;
mod charge_pages;
pub mod charges;
mod check;
mod client_pages;
pub mod diagnosis_store;
pub mod dispute_store;
mod doubts;
pub mod encounter_store;
pub mod identity_store;
pub mod input;
pub mod insurance;
pub mod insurance_store;
pub mod invoice;
pub mod invoice_store;
pub mod lifecycle;
mod monthly;
pub mod online;
pub mod paper_pages;
mod paper_store;
mod payer_pages;
mod payer_words;
mod picture;
pub mod receipt;
pub mod receipt_pages;
mod receipt_store;
mod remittance_pages;
mod report_pages;
pub mod reports;
pub mod responsibility_store;
mod service_pages;
pub mod service_store;
pub mod services;
mod staff_pages;
pub mod statement;
mod statement_pages;
pub mod statement_pdf;
mod statement_store;
mod store;
pub mod superbill;
pub mod superbill_store;
mod views;
mod wording;

pub use audit::BillingAction;
pub use check::check;
pub use online::work as work_with_provider;
pub use statement_store::{StatementHead, chart_of_statement, list_of as statements_of};
pub use store::{
    Charge, ChargePayer, NewCharge, NewPayment, Payment, PaymentMethod, PaymentSource, Refund, RefundWay,
    charges_of, chart_of_charge, chart_of_payment, find_charge, find_payment, payments_of, refunds_of,
};
pub use wording::{Explanation, Named, Step, conclusion, explain, explain_for, sentence};

use crate::features::ledger::{self, Owed};
use crate::kernel::ids::{ChartId, PersonId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::feature::Feature;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::BillingAction::ACTIONS,
    mail_kinds: statement::BillingMail::KINDS,
    mail_subjects: &[statement::ACCOUNT_READER],
    client_nav: &[ClientNav {
        section: client_pages::ACCOUNT,
        label: "nav-account",
        icon: "balance",
        needs: Some(Right::Billing),
        order: 40,
    }],
    staff_nav: &[StaffNav {
        section: report_pages::REPORTS,
        label: "nav-billing",
        icon: "balance",
        needs: Permission::SeeBilling,
        order: 35,
        waiting: None,
        first_for: &[],
    }],
    chart_tabs: &[staff_pages::TAB, staff_pages::DESK_TAB],
    jobs: &[monthly::PLAN, monthly::MAKE, online::LOOK, online::READ_EVENTS],
    ..Feature::new("billing", routes)
};

/// What is owed on a chart, as far as somebody sees it.
pub fn owed_seen_by(c: &mut Scoped<'_>, chart: ChartId, viewer: PersonId) -> Result<Vec<Owed>, Fault> {
    let parties = responsibility_store::seen_by(c, chart, viewer)?;
    ledger::owed_by(c, chart, &parties)
}

/// The routes of this feature.
#[rustfmt::skip]
fn routes() -> Routes {
    let own = Needs::Client(Right::Billing, Level::View);
    let pay = Needs::Client(Right::Billing, Level::Act);
    let provider = Needs::Staff(Permission::ManageProvider);
    let see = Needs::Staff(Permission::SeeBilling);
    let charge = Needs::Staff(Permission::PostCharges);
    let record = Needs::Staff(Permission::RecordPayments);
    let adjust = Needs::Staff(Permission::Adjust);
    let refund = Needs::Staff(Permission::Refund);
    let send = Needs::Staff(Permission::SendStatements);
    let fees = Needs::Staff(Permission::ManageFees);
    let superbills = Needs::Client(Right::Superbills, Level::View);
    Routes::new()
        .get("/portal/account", own, client_pages::account_page)
        .get("/portal/account/why", own, client_pages::why)
        .get("/portal/account/charges/{charge}", own, client_pages::why_charge)
        .get("/portal/account/pay", pay, online::client_pages::pay_page)
        .post("/portal/account/pay", pay, online::client_pages::pay)
        .get("/portal/account/pay/{payment}", pay, online::client_pages::done)
        .get("/portal/account/pay/{payment}/go", pay, online::client_pages::go)
        .post("/hooks/stripe/{practice}", Needs::Machine, online::hook::take)
        .get("/portal/account/receipts/{payment}", own, receipt_pages::client_page)
        .get("/portal/account/receipts/{payment}/pdf", own, receipt_pages::client_file)
        .get("/portal/account/statements/{statement}", own, statement_pages::client_page)
        .get("/portal/account/statements/{statement}/pdf", own, statement_pdf::client_file)
        .get("/portal/account/invoices/{invoice}", own, paper_pages::client_invoice_page)
        .get("/portal/account/invoices/{invoice}/pdf", own, paper_pages::client_invoice_file)
        .get("/portal/account/superbills/{superbill}", superbills, paper_pages::client_superbill_page)
        .get("/portal/account/superbills/{superbill}/pdf", superbills, paper_pages::client_superbill_file)
        .get("/staff/charts/{chart}/billing", see, staff_pages::tab)
        .get("/staff/charts/{chart}/billing/payers", adjust, payer_pages::payers_page)
        .post("/staff/charts/{chart}/billing/payers", adjust, payer_pages::payers)
        .get("/staff/charts/{chart}/billing/agreement", adjust, payer_pages::agreement_page)
        .post("/staff/charts/{chart}/billing/agreement", adjust, payer_pages::agreement)
        .get("/staff/charts/{chart}/billing/coverage", adjust, payer_pages::coverage_page)
        .post("/staff/charts/{chart}/billing/coverage", adjust, payer_pages::coverage)
        .get("/staff/charts/{chart}/billing/invoice", send, paper_pages::invoice_form)
        .post("/staff/charts/{chart}/billing/invoice", send, paper_pages::new_invoice)
        .get("/staff/charts/{chart}/billing/invoices/{invoice}", see, paper_pages::staff_invoice_page)
        .post("/staff/charts/{chart}/billing/invoices/{invoice}", send, paper_pages::void_invoice)
        .get("/staff/charts/{chart}/billing/invoices/{invoice}/pdf", see, paper_pages::staff_invoice_file)
        .get("/staff/charts/{chart}/billing/superbill", send, paper_pages::superbill_form)
        .post("/staff/charts/{chart}/billing/superbill", send, paper_pages::new_superbill)
        .get("/staff/charts/{chart}/billing/superbills/{superbill}", see, paper_pages::staff_superbill_page)
        .get("/staff/charts/{chart}/billing/superbills/{superbill}/pdf", see, paper_pages::staff_superbill_file)
        .get("/staff/billing/remittances", see, remittance_pages::list_page)
        .get("/staff/billing/remittances/new", adjust, remittance_pages::new_page)
        .post("/staff/billing/remittances/new", adjust, remittance_pages::new)
        .get("/staff/billing/remittances/{remittance}", see, remittance_pages::remittance_page)
        .get("/staff/practice/services", fees, service_pages::services_page)
        .post("/staff/practice/services", fees, service_pages::add)
        .get("/staff/practice/services/{service}", fees, service_pages::service_page)
        .post("/staff/practice/services/{service}", fees, service_pages::save)
        .post("/staff/practice/services/{service}/prices", fees, service_pages::price)
        .get("/staff/practice/identity", fees, service_pages::identity_page)
        .post("/staff/practice/identity", fees, service_pages::identity)
        .post("/staff/practice/diagnoses", fees, service_pages::diagnosis)
        .get("/staff/charts/{chart}/billing/charge", charge, charge_pages::charge_page)
        .post("/staff/charts/{chart}/billing/charge", charge, charge_pages::charge)
        .get("/staff/charts/{chart}/billing/payment", record, act_pages::payment_page)
        .post("/staff/charts/{chart}/billing/payment", record, act_pages::payment)
        .get("/staff/charts/{chart}/billing/charges/{charge}/relief", adjust, act_pages::relief_page)
        .post("/staff/charts/{chart}/billing/charges/{charge}/relief", adjust, act_pages::relief)
        .get("/staff/charts/{chart}/billing/payments/{payment}/refund", refund, act_pages::refund_page)
        .post("/staff/charts/{chart}/billing/payments/{payment}/refund", refund, act_pages::refund)
        .get("/staff/charts/{chart}/billing/payments/{payment}/receipt", record, receipt_pages::staff_page)
        .get("/staff/charts/{chart}/billing/payments/{payment}/receipt/pdf", record, receipt_pages::staff_file)
        .get("/staff/billing", see, report_pages::first)
        .get("/staff/billing/aging", see, report_pages::aging_page)
        .get("/staff/billing/aging.csv", see, report_pages::aging_file)
        .get("/staff/billing/day", see, report_pages::day_page)
        .get("/staff/billing/day.csv", see, report_pages::day_file)
        .get("/staff/practice/payments", provider, online::settings_pages::page)
        .post("/staff/practice/payments", provider, online::settings_pages::save)
        .post("/staff/practice/payments/off", provider, online::settings_pages::off)
        .get("/staff/charts/{chart}/billing/entries/{entry}", see, staff_pages::entry)
        .get("/staff/charts/{chart}/billing/entries/{entry}/undo", adjust, act_pages::undo_page)
        .post("/staff/charts/{chart}/billing/entries/{entry}/undo", adjust, act_pages::undo)
        .get("/staff/charts/{chart}/billing/statement", send, statement_pages::new_page)
        .post("/staff/charts/{chart}/billing/statement", send, statement_pages::new)
        .get("/staff/charts/{chart}/billing/statements/{statement}", see, statement_pages::staff_page)
        .get("/staff/charts/{chart}/billing/statements/{statement}/pdf", see, statement_pdf::staff_file)
}
