//! The portal work list: whose access wants a hand, and the one click that gives it.

mod pages;
mod report;
mod store;

pub use store::Kind;

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The routes of this feature.
pub fn routes() -> Routes {
    Routes::new().get("/staff/worklist", Needs::Staff(Permission::SeePortal), pages::page).post(
        "/staff/worklist",
        Needs::Staff(Permission::ManagePortal),
        pages::perform,
    )
}
