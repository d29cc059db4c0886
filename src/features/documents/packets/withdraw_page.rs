//! Asks before a packet is taken back as a whole, and takes it back.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::documents::actions::LONGEST_REASON;
use crate::features::documents::packets::lifecycle::{ItemState, PacketState, Task};
use crate::features::documents::packets::section::{self, SentPacket};
use crate::features::documents::packets::sending;
use crate::features::documents::packets::sent_store::ItemLine;
use crate::features::documents::staff_forms::{Place, WithdrawForm, text_error};
use crate::features::documents::staff_pages::tab_of;
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::ids::PacketId;
use crate::kernel::text;
use crate::platform::state::AppState;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

#[derive(Template)]
#[template(path = "features/documents/templates/packet_withdraw.html")]
struct WithdrawPage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    name: String,
    /// The documents that are taken back.
    documents: Vec<String>,
    /// How many stay, because they were signed.
    kept: Option<String>,
    errors: FieldErrors,
    reason: String,
}

async fn find(
    app: &AppState,
    staff: &StaffSession,
    at: &(String, String),
) -> Result<(Place, SentPacket), PageError> {
    let place = Place::of_chart(app, staff, &at.0).await?;
    let id: PacketId = at.1.parse().map_err(|_| PageError::NotFound)?;
    let chart = place.chart;
    let packets = app.db.read(&staff.scope, move |c| section::of_chart(c, &chart)).await?;
    let packet = packets.into_iter().find(|of| of.packet.packet_id == id).ok_or(PageError::NotFound)?;
    Ok((place, packet))
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    (place, of): (&Place, &SentPacket),
    form: WithdrawForm,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let is_signed = |state: ItemState, task: Task| state == ItemState::Done && task == Task::Sign;
    let stays = of.items.iter().filter(|(line, state)| is_signed(*state, line.item.task)).count();
    let goes = |(line, state): &&(ItemLine, ItemState)| {
        *state != ItemState::Gone && !is_signed(*state, line.item.task)
    };
    let page = WithdrawPage {
        head: place.head(app, staff),
        action: format!("{}/sent-packets/{}/withdraw", tab_of(&place.chart), of.packet.packet_id),
        back: tab_of(&place.chart),
        name: of.packet.name.clone(),
        documents: of.items.iter().filter(goes).map(|(line, _)| line.document.title.clone()).collect(),
        kept: (stays > 0).then(|| {
            staff.words.count("packets-withdraw-kept", "count", i64::try_from(stays).unwrap_or(i64::MAX))
        }),
        errors,
        reason: form.reason,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// Asks.
pub(super) async fn ask(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, packet) = find(&app, &staff, &at).await?;
    if packet.state == PacketState::Withdrawn {
        return Ok(see_other(&tab_of(&place.chart)));
    }
    show(&app, &staff, (&place, &packet), WithdrawForm::default(), FieldErrors::new())
}

/// Takes it back.
pub(super) async fn withdraw(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: WithdrawForm = staff.form(&body)?;
    let (place, packet) = find(&app, &staff, &at).await?;
    let mut errors = FieldErrors::new();
    let reason = match text::lines(&form.reason, LONGEST_REASON) {
        Ok(reason) if reason.trim().is_empty() => {
            errors.add("reason", staff.words.get("documents-reason-missing"));
            String::new()
        }
        Ok(reason) => reason.trim().to_owned(),
        Err(error) => {
            errors.add("reason", text_error(staff.words, error));
            String::new()
        }
    };
    if !errors.is_empty() {
        return show(&app, &staff, (&place, &packet), form, errors);
    }
    let (by, chart, id) = (staff.by(), place.chart, packet.packet.packet_id);
    let outcome =
        app.db.write(&staff.scope, move |c| sending::withdraw(c, &by, (&chart, &id), &reason)).await?;
    outcome.ok_or(PageError::NotFound)?;
    app.live.chart_changed(staff.scope.id(), &chart);
    Ok(see_other(&format!("{}?done=packets-withdrawn", tab_of(&chart))))
}
