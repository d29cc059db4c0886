//! The portal work list: whose access wants a hand, and the one click that gives it.

mod pages;
mod report;
mod store;

pub use store::Kind;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission, Role};
use crate::platform::web::Routes;
use crate::platform::web::nav::{StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    staff_nav: &[StaffNav {
        section: pages::WORKLIST,
        label: "nav-worklist",
        icon: "worklist",
        needs: Permission::SeePortal,
        order: 20,
        waiting: Some(Waiting { count: store::count_urgent, label: "nav-worklist-waiting" }),
        first_for: &[Role::FrontDesk],
    }],
    ..Feature::new("worklist", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let manage = Needs::Staff(Permission::ManagePortal);
    Routes::new()
        .get("/staff/worklist", Needs::Staff(Permission::SeePortal), pages::page)
        .get("/staff/worklist/send", manage, pages::ask)
        .post("/staff/worklist", manage, pages::perform)
}
