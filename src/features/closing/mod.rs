//! Closing a chart and opening it again; freezing one, so that clients ask for no new appointment. What belongs to several features ends together: open invitations, open
//! requests to sign, and those appointments that staff tick. What clients may still read, `access::permission` says.

pub mod actions;
mod audit;
mod freeze_pages;
pub mod lifecycle;
mod pages;

pub use audit::ClosingAction;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::ClosingAction::ACTIONS,
    jobs: &[actions::THAW],
    ..Feature::new("closing", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let manage = Needs::Staff(Permission::ManagePortal);
    Routes::new()
        .get("/staff/charts/{chart}/close", manage, pages::show)
        .post("/staff/charts/{chart}/close", manage, pages::close)
        .post("/staff/charts/{chart}/reopen", manage, pages::reopen)
        .get("/staff/charts/{chart}/freeze", manage, freeze_pages::show)
        .post("/staff/charts/{chart}/freeze", manage, freeze_pages::freeze)
        .post("/staff/charts/{chart}/unfreeze", manage, freeze_pages::unfreeze)
}
