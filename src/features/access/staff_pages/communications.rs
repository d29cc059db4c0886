//! The Communications tab of the chart room.

use axum::extract::{Path, State};

use super::chart_access::{self, ChartAccess};
use super::head::{COMMUNICATIONS, TAB};
use super::portal_box::{self, PortalBox};
use super::viewer::Viewer;
use crate::features::people::CHARTS;
use crate::features::people::{RoomHead, Viewer as RoomViewer, room_head};
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::ChartId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartReader, TabSectionContent};
use crate::platform::web::{PageError, PageResult, html};

/// Reads who is signed in, the chart's access and what `more` reads beside it in one unit. The permission is
/// checked before the address is read.
async fn open<T, F>(
    app: &AppState,
    ticket: StaffTicket,
    chart: &str,
    more: F,
) -> Result<(StaffSession, ChartAccess, T), PageError>
where
    T: Send + 'static,
    F: Fn(&AppState, &mut Scoped<'_>, &StaffSession, &ChartId) -> Result<T, Fault> + Send + 'static,
{
    let id: Option<ChartId> = chart.parse().ok();
    let inside = app.clone();
    let unit = move |c: &mut Scoped<'_>, staff: &StaffSession| {
        let Some(id) = id else { return Ok(None) };
        let Some(access) = chart_access::read(c, RoomViewer::of(&inside, staff), &id)? else {
            return Ok(None);
        };
        Ok(Some((access, more(&inside, c, staff, &id)?)))
    };
    let (staff, found) = ticket.open(app, unit).await?;
    let (access, more) = found.ok_or(PageError::NotFound)?;
    Ok((staff, access, more))
}

/// What other features show in this tab.
fn sections(
    app: &AppState,
    c: &mut Scoped<'_>,
    staff: &StaffSession,
    chart: &ChartId,
) -> Result<Vec<TabSectionContent>, Fault> {
    let reader =
        ChartReader { staff: staff.staff_id, role: staff.role, words: staff.words, zone: staff.zone.clone() };
    app.navigation.read_sections(c, COMMUNICATIONS, chart, &reader)
}

#[derive(askama::Template)]
#[template(path = "features/access/templates/communications.html")]
struct CommunicationsPage {
    frame: StaffFrame,
    head: RoomHead,
    portal: PortalBox,
    sections: Vec<TabSectionContent>,
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
    let (staff, access, sections) = open(&app, ticket, &chart, sections).await?;
    let page = CommunicationsPage {
        portal: portal_of(&app, &staff, &access)?,
        sections,
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
    let (staff, access, ()) = open(&app, ticket, &chart, |_, _, _, _| Ok(())).await?;
    let fragment = BoxFragment {
        portal: portal_of(&app, &staff, &access)?,
        frame: staff.frame(&app, CHARTS),
        head: room_head(&app, &staff, &access.file, &access.tags, TAB),
    };
    html(askama::Template::render(&fragment))
}
