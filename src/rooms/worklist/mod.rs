//! The portal work list: whose access wants a hand, and the one click that gives it.

mod store;

pub use store::Kind;

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
