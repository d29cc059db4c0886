//! The client's home, which gathers a few lines from each feature, and help.

mod pages;

use crate::platform::permissions::Needs;
use crate::platform::web::Routes;

/// The routes of this feature.
pub fn routes() -> Routes {
    Routes::new()
        .get("/portal", Needs::ClientSession, pages::home)
        .get("/portal/help", Needs::ClientSession, pages::help_inside)
        .get("/{practice}/help", Needs::Nothing, pages::help_outside)
}
