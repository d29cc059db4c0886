//! Charts: the list, the face sheet, import.

pub mod actions;
mod compare;
mod face_sheet;
mod forms;
pub mod import;
mod list_page;
mod room;
mod search;
mod sheet_pages;
mod store;
mod write;

pub use actions::{Created, Refused, Saved, Why, create, create_within, update_face_sheet};
pub use face_sheet::{FaceSheet, Problem, Problems, Typed, TypedAddress, TypedContact, TypedPerson, Wrong};
pub use import::import;
pub use room::{RoomHead, Tab, TabLink, room_head};
pub use search::{Count, SearchPage, PAGE, PageFrom, PortalFilter, Row, Search, Sort, find};
pub use store::{
    Address, AddressKind, Chart, ChartFile, Contact, Person, addresses_of, find_by_number, load_file,
    load_files, load_person, numbers_of,
};
pub use write::{put_email_first, touch_chart};

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    let see = Needs::Staff(Permission::SeeCharts);
    let edit = Needs::Staff(Permission::EditCharts);
    Routes::new()
        .get("/staff/charts", see, list_page::list)
        .get("/staff/charts/new", edit, sheet_pages::new)
        .post("/staff/charts/new", edit, sheet_pages::create)
        .get("/staff/charts/{chart}", see, sheet_pages::show)
        .get("/staff/charts/{chart}/edit", edit, sheet_pages::edit)
        .post("/staff/charts/{chart}/edit", edit, sheet_pages::save)
}
