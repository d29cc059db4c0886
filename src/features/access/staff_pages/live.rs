//! Tells an open Communications tab to look again.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::features::access::list_store::picture;
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::state::AppState;
use crate::platform::web::PageError;

/// The stream.
pub async fn stream(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    staff.live(&app, Some(chart), move |c| picture(c, &chart)).await
}
