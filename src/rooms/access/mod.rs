//! The heart: grants and invitations. See [`lifecycle`] for the table of states and events.

pub mod actions;
pub mod lifecycle;
mod overview;
mod store;

pub use overview::{GrantRole, Overview, TimelineEntry, overview_of, overviews_of_chart};
pub use store::{AccessRow, Channel, InvitationState, grants_of_account, load_access};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
