//! Charts: the list, the face sheet, import.

mod store;

pub use store::{
    Address, AddressKind, Chart, ChartFile, Contact, Person, addresses_of, load_file, load_person,
};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
