//! Beginning and ending a look at a client's pages.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;

use crate::features::access::{AccessAction, load_access};
use crate::features::accounts::{grants, preview};
use crate::features::staff::StaffSession;
use crate::kernel::civil::read_day;
use crate::kernel::ids::{AccessId, ChartId};
use crate::platform::audit::{self, Event};
use crate::platform::state::AppState;
use crate::platform::web::forms::Nothing;
use crate::platform::web::{PageError, PageResult, see_other};

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BeginForm {
    on: String,
}

/// Begins it; that stands in the trail. The pages themselves are GET requests and leave nothing.
pub(super) async fn begin(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, grant)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: BeginForm = staff.form(&body)?;
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let access: AccessId = grant.parse().map_err(|_| PageError::NotFound)?;
    let back = format!("/staff/charts/{chart}/grants/{access}");
    let today = staff.practice.today(app.now());
    let on = match form.on.trim() {
        "" => None,
        typed => match read_day(typed) {
            Some(day) if day >= today => Some(day).filter(|day| *day != today),
            _ => return Ok(see_other(&format!("{back}?done=preview-no-day"))),
        },
    };
    let practice = *staff.scope.id();
    let is_open = app
        .db
        .system_read_by_key(move |system| {
            Ok(grants::seen_by_holder(system, &practice, &access, on)?.is_some())
        })
        .await?;
    let by = staff.by();
    let is_there = app
        .db
        .write(&staff.scope, move |c| {
            let Some(row) = load_access(c, &access)?.filter(|row| row.chart_id == chart) else {
                return Ok(false);
            };
            if is_open {
                let details = serde_json::json!({ "on": on.map(|day| day.to_string()) });
                let mut event =
                    Event::new(by.clone(), AccessAction::Previewed).on_chart(&chart).with(details);
                event.access = Some(row.access_id);
                audit::record(c, event)?;
            }
            Ok(true)
        })
        .await?;
    if !is_there {
        return Err(PageError::NotFound);
    }
    if !is_open {
        return Ok(see_other(&format!("{back}?done=preview-nothing-open")));
    }
    let mut response = see_other("/portal");
    preview::begin(&app, &staff.session.token_hash, &access, on, response.headers_mut());
    Ok(response)
}

/// Ends it, and leads back to the page of the grant.
pub(super) async fn end(
    State(app): State<AppState>,
    staff: StaffSession,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let looked_at = preview::Preview::read(&app.settings, &headers).map(|preview| preview.access);
    let row = match looked_at {
        Some(access) => app.db.read(&staff.scope, move |c| load_access(c, &access)).await?,
        None => None,
    };
    let back = row.map_or_else(
        || "/staff/charts".to_owned(),
        |row| format!("/staff/charts/{}/grants/{}", row.chart_id, row.access_id),
    );
    let mut response = see_other(&back);
    preview::end(&app.settings, response.headers_mut());
    Ok(response)
}
