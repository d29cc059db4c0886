//! Documents: what the practice sends for a client to read.

mod store;

pub use store::{Document, DocumentKind, NewDocument, find, list_of, mark_opened, send, withdraw};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
