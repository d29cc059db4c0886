//! The client's side: sign-in, home, my sign-in, help.

mod accounts;
mod grants;
mod session;

pub use session::ClientSession;

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
