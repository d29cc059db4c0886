//! Charts: the list, the face sheet, import.

pub mod actions;
mod face_sheet;
mod room;
mod store;
mod write;

pub use actions::{Created, Refused, create, update_face_sheet};
pub use face_sheet::{FaceSheet, Problem, Problems, Typed, TypedAddress, TypedContact, TypedPerson, Wrong};
pub use room::{RoomHead, Tab, TabLink, room_head};
pub use store::{
    Address, AddressKind, Chart, ChartFile, Contact, Person, addresses_of, load_file, load_person,
};
pub use write::{put_email_first, touch_chart};

use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
}
