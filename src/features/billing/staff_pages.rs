//! The Billing tab of a chart room.

use askama::Template;
use axum::extract::{Path, State};

use crate::features::billing::client_pages::{LedgerLine, Owed, Reader, lines, owed};
use crate::features::billing::{balances, ledger_of};
use crate::features::people::{self, RoomHead, Tab, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::state::AppState;
use crate::platform::web::frame::{StaffFrame, StaffPage};
use crate::platform::web::{PageError, PageResult, html};

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
    let (file, entries) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(file) = people::load_file(c, &id)? else { return Ok(None) };
            Ok(Some((file, ledger_of(c, &id)?)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let today = app.now().in_zone(&staff.zone).date();
    let owed = balances(&entries).iter().map(|balance| owed(staff.words, Reader::Staff, balance)).collect();
    let page = Page {
        head: room_head(&staff, &file, Tab::Billing, today),
        owed,
        lines: lines(staff.words, entries),
        frame: staff.frame(&app, StaffPage::Charts),
    };
    html(page.render())
}
