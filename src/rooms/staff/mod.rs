//! Staff members: sign-in, sessions, forgotten password, roles.

mod actions;
mod pages;
mod session;
mod store;

pub use actions::{NewStaff, NotAdded, add, make_link, set_password};
pub use session::StaffSession;
pub use store::{StaffMember, StaffState};

use crate::platform::permissions::Needs;
use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
        .get("/staff", Needs::StaffSession, pages::start)
        .get("/staff/sign-in", Needs::Nothing, pages::which_practice)
        .get("/staff/session", Needs::StaffSession, pages::standing)
        .post("/staff/sign-out", Needs::StaffSession, pages::sign_out)
        .get("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in_page)
        .post("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in)
}
