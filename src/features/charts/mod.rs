//! Charts: the list, the face sheet, import.

pub mod actions;
mod compare;
mod forms;
pub mod import;
mod list_page;
mod search;
mod sheet_pages;

pub use actions::{Created, Refused, Saved, Why, create, create_within, update_face_sheet};
pub use import::import;
pub use search::{Count, PAGE, PageFrom, PortalFilter, Row, Search, SearchPage, Sort, find};

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The routes of this feature.
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
