//! A staff member leaves: they are shut out, and what several features have with them gets another home, so that nothing
//! stays with somebody who cannot answer.

mod actions;
mod audit;
mod pages;

pub use audit::LeavingAction;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// What this feature brings.
pub const FEATURE: Feature =
    Feature { audit_actions: audit::LeavingAction::ACTIONS, ..Feature::new("leaving", routes) };

/// The routes of this feature.
fn routes() -> Routes {
    let team = Needs::Staff(Permission::ManageStaff);
    Routes::new().get("/staff/team/{staff}/disable", team, pages::show).post(
        "/staff/team/{staff}/disable",
        team,
        pages::leave,
    )
}
