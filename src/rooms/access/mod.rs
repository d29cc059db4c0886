//! The heart: grants and invitations. See [`lifecycle`] for the table of states and events.

pub mod actions;
pub mod lifecycle;
mod overview;

pub use overview::{Overview, TimelineEntry, overview_of, overviews_of_chart};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
