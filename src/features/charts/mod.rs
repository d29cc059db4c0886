//! Charts: the list, the face sheet, import.

pub mod actions;
mod audit;
mod compare;
mod forms;
pub mod import;
mod list_page;
mod search;
mod sheet_pages;

pub use actions::{Created, Refused, Saved, Why, change_within, create, create_within, update_face_sheet};
pub use audit::ChartAction;
pub use forms::set as set_typed;
pub use import::import;
pub use list_page::{listed_name, look_up};
pub use search::{Count, PAGE, PageFrom, PortalFilter, Row, Search, SearchPage, Sort, find};

use crate::features::people::CHARTS;
use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;
use crate::platform::web::nav::StaffNav;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::ChartAction::ACTIONS,
    staff_nav: &[StaffNav {
        section: CHARTS,
        label: "nav-charts",
        icon: "charts",
        needs: Permission::SeeCharts,
        order: 10,
        waiting: None,
        first_for: &[],
    }],
    chart_tabs: &[sheet_pages::TAB],
    jobs: &[
        JobHandler { kind: JobKind::ImportRows, run: JobRun::InPieces(import::carry_on) },
        JobHandler { kind: JobKind::ImportTidy, run: JobRun::EveryHours(1, import::tidy) },
    ],
    ..Feature::new("charts", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let see = Needs::Staff(Permission::SeeCharts);
    let edit = Needs::Staff(Permission::EditCharts);
    Routes::new()
        .get("/staff/charts", see, list_page::list)
        .get("/staff/charts/new", edit, sheet_pages::new)
        .post("/staff/charts/new", edit, sheet_pages::create)
        .and(import::routes())
        .get("/staff/charts/{chart}", see, sheet_pages::show)
        .get("/staff/charts/{chart}/edit", edit, sheet_pages::edit)
        .post("/staff/charts/{chart}/edit", edit, sheet_pages::save)
        .post("/staff/charts/{chart}/trust-address", edit, sheet_pages::trust_address)
}
