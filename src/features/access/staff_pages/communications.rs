//! The Communications tab of the chart room.

use axum::extract::{Path, State};

use super::chart_access::{self, ChartAccess};
use super::head::TAB;
use super::portal_box::{self, PortalBox};
use super::viewer::Viewer;
use crate::features::people::CHARTS;
use crate::features::people::{RoomHead, Viewer as RoomViewer, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html};

/// Reads who is signed in and the chart's access in one unit. The permission is checked before the address
/// is read.
async fn open(
    app: &AppState,
    ticket: StaffTicket,
    chart: &str,
) -> Result<(StaffSession, ChartAccess), PageError> {
    let id: Option<ChartId> = chart.parse().ok();
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>, staff: &StaffSession| {
        id.map_or(Ok(None), |id| chart_access::read(c, RoomViewer::of(&inside, staff), &id))
    };
    let (staff, access) = ticket.open(app, unit).await?;
    Ok((staff, access.ok_or(PageError::NotFound)?))
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/communications.html")]
struct CommunicationsPage {
    frame: StaffFrame,
    head: RoomHead,
    portal: PortalBox,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/live_box.html")]
struct BoxFragment {
    frame: StaffFrame,
    head: RoomHead,
    portal: PortalBox,
}

fn portal_of(app: &AppState, staff: &StaffSession, access: &ChartAccess) -> Result<PortalBox, PageError> {
    let viewer = Viewer {
        words: staff.words,
        zone: &staff.zone,
        now: app.now(),
        may_manage: staff.may(Permission::ManagePortal),
        may_set_rights: staff.may(Permission::ManageRights),
    };
    portal_box::fill(viewer, access).ok_or(PageError::NotFound)
}

/// The whole tab.
pub async fn page(State(app): State<AppState>, ticket: StaffTicket, Path(chart): Path<String>) -> PageResult {
    let (staff, access) = open(&app, ticket, &chart).await?;
    let page = CommunicationsPage {
        portal: portal_of(&app, &staff, &access)?,
        frame: staff.frame(&app, CHARTS),
        head: room_head(&app, &staff, &access.file, &access.tags, TAB),
    };
    html(askama::Template::render(&page))
}

/// What a live change may touch: the box, and the tags in the head of the chart.
pub async fn fragment(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Path(chart): Path<String>,
) -> PageResult {
    let (staff, access) = open(&app, ticket, &chart).await?;
    let fragment = BoxFragment {
        portal: portal_of(&app, &staff, &access)?,
        frame: staff.frame(&app, CHARTS),
        head: room_head(&app, &staff, &access.file, &access.tags, TAB),
    };
    html(askama::Template::render(&fragment))
}
