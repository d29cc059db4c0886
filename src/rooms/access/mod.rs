//! The heart: grants and invitations. See [`lifecycle`] for the table of states and events.

pub mod actions;
mod client_pages;
pub mod lifecycle;
mod overview;
mod staff_pages;
mod store;

pub use client_pages::welcomed_name;
pub use overview::{GrantRole, Overview, TimelineEntry, overview_of, overviews_of_chart};
pub use staff_pages::{When, refusal_in_words};
pub use store::{AccessRow, Channel, InvitationState, grants_of_account, load_access};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    staff_pages::routes().and(client_pages::routes())
}
