//! My information: what a client changes of what the practice has on file about them, and how staff decide what is not
//! written at once.
//!
//! | file | what |
//! |---|---|
//! | `lifecycle` | the table of states and events of one field, pure |
//! | `fields` | how a field's value is kept and shown |
//! | `coverage` | insurance, which is asked for and taken as a whole |
//! | `emergency` | emergency contacts: a list a person with access, and one of the practice |
//! | `actions` | submit, take back, decide: one transaction each |
//! | `notices` | the mails that it sends |
//! | `store` | the rows |

pub mod actions;
mod audit;
mod client_pages;
mod coverage;
mod coverage_store;
mod emergency;
mod emergency_pages;
mod fields;
mod insurance_pages;
pub mod lifecycle;
mod notices;
mod policy_pages;
mod review_pages;
mod store;

pub use audit::InfoAction;
pub use coverage::{Coverage, Position};
pub use coverage_store::active as active_coverages;
pub use emergency::{MOST as MOST_EMERGENCY_CONTACTS, check as check_emergency};
pub use fields::{Beside, on_file, value_json};
pub use store::{FieldRow, InfoChange, change_with_fields, waiting_changes};

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::InfoAction::ACTIONS,
    mail_kinds: notices::InformationMail::KINDS,
    mail_subjects: &[notices::INFORMATION_READER],
    staff_nav: &[StaffNav {
        section: review_pages::QUEUE,
        label: "nav-information",
        icon: "check",
        needs: Permission::ReviewInfo,
        order: 23,
        waiting: Some(Waiting { count: store::count_waiting, label: "nav-information-waiting" }),
        first_for: &[],
    }],
    client_nav: &[ClientNav {
        section: client_pages::MINE,
        label: "nav-my-information",
        icon: "charts",
        needs: Some(Right::Information),
        order: 45,
    }],
    ..Feature::new("information", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let view = Needs::Client(Right::Information, Level::View);
    let change = Needs::Client(Right::Information, Level::Act);
    let review = Needs::Staff(Permission::ReviewInfo);
    let edit = Needs::Staff(Permission::EditPractice);
    let sheet = Needs::Staff(Permission::EditCharts);
    let largest = || DefaultBodyLimit::max(insurance_pages::LARGEST_FORM);
    Routes::new()
        .get("/portal/information", view, client_pages::show)
        .post("/portal/information/take-back", change, client_pages::take_back)
        .get("/portal/information/{part}", change, client_pages::edit)
        .post("/portal/information/{part}", change, client_pages::submit)
        .get("/portal/insurance/{position}", change, insurance_pages::edit)
        .post_file("/portal/insurance/{position}", change, insurance_pages::submit.layer(largest()))
        .get("/portal/insurance/cards/{card}", view, insurance_pages::own_card)
        .get("/portal/emergency-contacts", change, emergency_pages::edit)
        .post("/portal/emergency-contacts", change, emergency_pages::submit)
        .get("/staff/charts/{chart}/emergency-contacts", sheet, emergency_pages::show)
        .post("/staff/charts/{chart}/emergency-contacts", sheet, emergency_pages::save)
        .post("/staff/charts/{chart}/emergency-contacts/remove", sheet, emergency_pages::remove)
        .get("/staff/charts/{chart}/cards/{card}", review, insurance_pages::card)
        .get("/staff/information", review, review_pages::queue)
        .get("/staff/charts/{chart}/information", review, review_pages::review)
        .post("/staff/charts/{chart}/information", review, review_pages::decide)
        .get("/staff/practice/information", edit, policy_pages::page)
        .post("/staff/practice/information", edit, policy_pages::save)
}
