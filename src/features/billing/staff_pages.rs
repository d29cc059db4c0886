//! The Billing tab of a chart room.

use askama::Template;
use axum::extract::{Path, State};

use crate::features::billing::client_pages::{LedgerLine, Owed, Reader, lines, owed};
use crate::features::billing::{balances, ledger_of};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTab;
use crate::platform::web::{PageError, PageResult, html};

/// The tab.
pub(super) const TAB: ChartTab =
    ChartTab { path: "/billing", label: "charts-tab-billing", needs: Permission::SeeBilling, order: 40 };

#[derive(Template)]
#[template(path = "features/billing/templates/staff.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    owed: Vec<Owed>,
    lines: Vec<LedgerLine>,
}

/// The tab.
pub(super) async fn tab(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (ChartRoom { file, tags }, entries) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            Ok(Some((room, ledger_of(c, &id)?)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let owed = balances(&entries).iter().map(|balance| owed(staff.words, Reader::Staff, balance)).collect();
    let page = Page {
        head: room_head(&app, &staff, &file, &tags, TAB),
        owed,
        lines: lines(staff.words, entries),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}
