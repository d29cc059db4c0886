//! Staff members: sign-in, sessions, forgotten password, roles.

mod session;

pub use session::StaffSession;

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
