//! The practice: its profile, contact block, policies, frequent questions, audit trail.

mod store;

pub use store::{NewPractice, Policy, Practice, SelfHelp, create, find_by_slug, load};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
