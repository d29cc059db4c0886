//! The client's home, which gathers a few lines from each feature, and help.

mod elsewhere;
mod not_sent;
mod pages;
mod switch_page;

use crate::platform::feature::Feature;
use crate::platform::permissions::Needs;
use crate::platform::web::Routes;
use crate::platform::web::nav::ClientNav;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    client_nav: &[
        ClientNav { section: pages::HOME, label: "nav-home", icon: "home", needs: None, order: 10 },
        ClientNav { section: pages::HELP, label: "nav-help", icon: "help", needs: None, order: 50 },
    ],
    ..Feature::new("home", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    Routes::new()
        .get("/portal", Needs::ClientSession, pages::home)
        .get("/portal/help", Needs::ClientSession, pages::help_inside)
        .get("/portal/not-sent", Needs::ClientSession, not_sent::show)
        .get("/portal/switch", Needs::ClientSession, switch_page::show)
        .get("/{practice}/help", Needs::Nothing, pages::help_outside)
}
