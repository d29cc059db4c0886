//! Adding a client to an appointment that others come to as well, and saying that it stays though one has canceled.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};

use crate::features::appointments::appointment_pages::{find_one, settled};
use crate::features::appointments::booking::{self, NotBooked};
use crate::features::appointments::calendar_lines::CALENDAR;
use crate::features::appointments::labels::{seats_in_words, summary};
use crate::features::charts::{listed_name, look_up};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AppointmentId, ChartId};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::forms::Nothing;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Charts that are offered at once.
const MOST_FOUND: usize = 20;

struct Offered {
    chart: String,
    name: String,
    number: String,
    born: String,
}

#[derive(Template)]
#[template(path = "features/appointments/templates/add_client.html")]
struct AddPage {
    frame: StaffFrame,
    id: String,
    client: String,
    now: String,
    seats: String,
    q: String,
    /// None before anything was typed.
    found: Option<Vec<Offered>>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct AddQuery {
    q: String,
}

/// For whom else?
pub(super) async fn add_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    Query(query): Query<AddQuery>,
) -> PageResult {
    if !staff.may(Permission::SeeCharts) {
        return Err(PageError::Forbidden);
    }
    let of = find_one(&app, &staff, &id).await?;
    let typed: String = query.q.chars().take(200).collect();
    let (wanted, inside) = (typed.trim().to_owned(), staff.clone());
    let rows = match wanted.is_empty() {
        true => None,
        false => Some(app.db.read(&staff.scope, move |c| look_up(c, &inside, &wanted)).await?),
    };
    let (words, appointment) = (staff.words, &of.appointment);
    let is_in =
        |chart: ChartId| of.guests.iter().any(|guest| guest.party.chart_id == chart && guest.party.is_on());
    let found = rows.map(|rows| {
        rows.iter()
            .filter(|row| !is_in(row.chart_id))
            .take(MOST_FOUND)
            .map(|row| Offered {
                chart: row.chart_id.to_string(),
                name: listed_name(row),
                number: row.number.clone(),
                born: row.birth_date.as_ref().map(|d| words.civil_date(d.date())).unwrap_or_default(),
            })
            .collect()
    });
    let page = AddPage {
        id: appointment.appointment_id.to_string(),
        client: of.names(),
        now: words.with2(
            "appointments-move-from",
            "when",
            words.date_time_zone(appointment.starts_at, appointment.place.time_zone.rules()),
            "what",
            summary(words, appointment),
        ),
        seats: seats_in_words(words, appointment).unwrap_or_default(),
        q: typed,
        found,
        frame: staff.frame(&app, CALENDAR),
    };
    html(page.render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AddForm {
    chart: String,
}

/// Adds the client of a chart.
pub(super) async fn add(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: AddForm = staff.form(&body)?;
    let id = find_one(&app, &staff, &id).await?.appointment.appointment_id;
    let chart: ChartId = form.chart.parse().map_err(|_| PageError::BadRequest)?;
    let done = match booking::join(&app, &staff.scope, staff.by(), id, chart).await? {
        Ok(()) => "done=appointment-client-added",
        Err(NotBooked::Taken(_)) => "done=appointment-client-taken",
        Err(NotBooked::ChartClosed) => "done=appointment-chart-closed",
        Err(NotBooked::LifeCycle(why)) => return settled(id, why),
        Err(_) => return Err(PageError::NotFound),
    };
    Ok(see_other(&format!("/staff/appointments/{id}?{done}")))
}

/// It stays for those who did not cancel.
pub(super) async fn keep(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let Nothing {} = staff.form(&body)?;
    let id: AppointmentId = id.parse().map_err(|_| PageError::NotFound)?;
    match booking::keep(&app, &staff.scope, staff.by(), id).await? {
        Ok(()) => Ok(see_other(&format!("/staff/appointments/{id}?done=appointment-kept"))),
        Err(NotBooked::LifeCycle(why)) => settled(id, why),
        Err(_) => Err(PageError::NotFound),
    }
}
