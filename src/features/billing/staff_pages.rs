//! The Billing tab of a chart room.

use askama::Template;
use axum::extract::{Path, State};

use crate::features::billing::client_pages::{LedgerLine, lines, sentence};
use crate::features::billing::{balance, currency_of, ledger_of};
use crate::features::people::{self, RoomHead, Tab, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::kernel::money::Money;
use crate::platform::state::AppState;
use crate::platform::web::frame::{StaffFrame, StaffPage};
use crate::platform::web::{PageError, PageResult, html};

#[derive(Template)]
#[template(path = "features/billing/templates/staff.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    amount: String,
    sentence: String,
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
    let owed = balance(&entries);
    let page = Page {
        head: room_head(&staff, &file, Tab::Billing, today),
        amount: Money { minor: owed.saturating_abs(), currency: currency_of(&entries) }.to_string(),
        sentence: sentence(staff.words, owed),
        lines: lines(staff.words, entries),
        frame: staff.frame(&app, StaffPage::Charts),
    };
    html(page.render())
}
