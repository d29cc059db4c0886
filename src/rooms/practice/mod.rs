//! The practice: its profile, contact block, policies, frequent questions, audit trail.

mod frames;
mod public;
pub mod register;
mod store;

pub use public::PublicPractice;
pub(crate) use public::source_of;
pub use store::{NewPractice, Policy, Practice, SelfHelp, create, find_by_slug, load, only_slug};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
