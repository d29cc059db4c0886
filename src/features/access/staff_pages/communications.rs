//! The Communications tab of the chart room.

use axum::extract::{Path, State};

use super::acts::owner_of;
use super::head::TAB;
use super::portal_box::{self, PortalBox, Viewer};
use crate::features::access::{HistoryEntry, Overview, history_of_chart, overviews_of_chart};
use crate::features::people::CHARTS;
use crate::features::people::{ChartFile, ChartRoom, RoomHead, Viewer as RoomViewer, load_room, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTag;
use crate::platform::web::{PageError, PageResult, html};

/// The tab's address.
pub fn path(chart: &ChartId) -> String {
    format!("/staff/charts/{chart}/communications")
}

/// What the tab and the forms of its acts need of a chart.
pub struct Room {
    /// The chart and its people.
    pub file: ChartFile,
    /// The tags of its head.
    pub tags: Vec<ChartTag>,
    /// The chart owner's access.
    pub owner: Overview,
    /// Everybody's, the owner's first.
    pub grants: Vec<Overview>,
    /// Everything that happened to any of them, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// Reads the chart and its grants in one unit.
pub async fn load(app: &AppState, staff: &StaffSession, chart: &ChartId) -> Result<Room, PageError> {
    let (id, viewer) = (*chart, RoomViewer::of(app, staff));
    app.db.read(&staff.scope, move |c| read(c, viewer, &id)).await?.ok_or(PageError::NotFound)
}

/// The same, with who is signed in, in one unit. The permission is checked before the address is read.
async fn open(app: &AppState, ticket: StaffTicket, chart: &str) -> Result<(StaffSession, Room), PageError> {
    let id: Option<ChartId> = chart.parse().ok();
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>, staff: &StaffSession| {
        id.map_or(Ok(None), |id| read(c, RoomViewer::of(&inside, staff), &id))
    };
    let (staff, room) = ticket.open(app, unit).await?;
    Ok((staff, room.ok_or(PageError::NotFound)?))
}

fn read(c: &mut Scoped<'_>, viewer: RoomViewer, id: &ChartId) -> Result<Option<Room>, Fault> {
    let Some(ChartRoom { file, tags }) = load_room(c, viewer, id)? else { return Ok(None) };
    let grants = overviews_of_chart(c, id)?;
    let history = history_of_chart(c, &file, &grants)?;
    Ok(owner_of(&grants).map(|owner| Room { file, tags, owner, grants, history }))
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/communications.html")]
struct CommunicationsPage {
    frame: StaffFrame,
    head: RoomHead,
    portal: PortalBox,
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/portal_box.html")]
struct BoxFragment {
    frame: StaffFrame,
    portal: PortalBox,
}

fn portal_of(app: &AppState, staff: &StaffSession, room: &Room) -> Result<PortalBox, PageError> {
    let viewer = Viewer {
        words: staff.words,
        zone: &staff.zone,
        now: app.now(),
        may_manage: staff.may(Permission::ManagePortal),
    };
    portal_box::fill(viewer, room).ok_or(PageError::NotFound)
}

/// The whole tab.
pub async fn page(State(app): State<AppState>, ticket: StaffTicket, Path(chart): Path<String>) -> PageResult {
    let (staff, room) = open(&app, ticket, &chart).await?;
    let page = CommunicationsPage {
        portal: portal_of(&app, &staff, &room)?,
        frame: staff.frame(&app, CHARTS),
        head: room_head(&app, &staff, &room.file, &room.tags, TAB),
    };
    html(askama::Template::render(&page))
}

/// The box alone, for live changes.
pub async fn fragment(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Path(chart): Path<String>,
) -> PageResult {
    let (staff, room) = open(&app, ticket, &chart).await?;
    let fragment = BoxFragment { portal: portal_of(&app, &staff, &room)?, frame: staff.frame(&app, CHARTS) };
    html(askama::Template::render(&fragment))
}
