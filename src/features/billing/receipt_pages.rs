//! A receipt's page for staff and for clients, and its PDF.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::features::accounts::ClientSession;
use crate::features::billing::client_pages::ACCOUNT;
use crate::features::billing::receipt::{self, Receipt};
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::staff_pages::{path, payment_tab};
use crate::features::billing::statement::day_words;
use crate::features::billing::statement_pdf;
use crate::features::billing::store::find_payment;
use crate::features::people::{CHARTS, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, PaymentId};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html};

/// A receipt in words. It speaks the client's language.
pub(super) struct ReceiptView {
    pub words: Words,
    pub language: &'static str,
    pub title: String,
    pub practice: String,
    pub facts: Vec<(String, String)>,
    pub paid: Vec<(String, String, String)>,
    pub counts: bool,
}

impl ReceiptView {
    fn of(receipt: &Receipt) -> Self {
        let words = Words::of(receipt.language);
        let line = |(day, what, money): &(String, String, crate::kernel::money::Money)| {
            (day_words(words, day), what.clone(), money.to_string())
        };
        Self {
            words,
            language: receipt.language.word(),
            title: receipt.title(words),
            practice: receipt.practice.name.clone(),
            facts: receipt.facts(words),
            paid: receipt.paid.iter().map(line).collect(),
            counts: receipt.counts(),
        }
    }
}

#[derive(Template)]
#[template(path = "features/billing/templates/receipt_staff.html")]
struct StaffPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    receipt: ReceiptView,
    sees_ledger: bool,
    file: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/receipt_client.html")]
struct ClientPage {
    frame: ClientFrame,
    receipt: ReceiptView,
    file: String,
}

fn ids(chart: &str, payment: &str) -> Result<(ChartId, PaymentId), PageError> {
    let not_there = |_| PageError::NotFound;
    Ok((chart.parse().map_err(not_there)?, payment.parse().map_err(not_there)?))
}

/// For staff.
pub(super) async fn staff_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, payment)): Path<(String, String)>,
) -> PageResult {
    let (chart, payment) = ids(&chart, &payment)?;
    let viewer = Viewer::of(&app, &staff);
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            Ok(receipt::read(c, chart, payment)?.map(|receipt| (room, receipt)))
        })
        .await?;
    let (room, receipt) = found.ok_or(PageError::NotFound)?;
    let base = path(chart);
    let page = StaffPage {
        sees_ledger: staff.may(Permission::SeeBilling),
        head: room_head(&app, &staff, &room.file, &room.tags, payment_tab(&staff)),
        receipt: ReceiptView::of(&receipt),
        file: format!("{base}/payments/{payment}/receipt/pdf"),
        frame: staff.frame(&app, CHARTS),
        base,
    };
    html(page.render())
}

/// The file for staff.
pub(super) async fn staff_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, payment)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (chart, payment) = ids(&chart, &payment)?;
    let found = app.db.read(&staff.scope, move |c| receipt::read(c, chart, payment)).await?;
    Ok(answer(found.ok_or(PageError::NotFound)?).await?)
}

async fn of_client(
    app: &AppState,
    client: &ClientSession,
    payment: &str,
) -> Result<(PaymentId, Receipt), PageError> {
    let (chart, viewer) = (client.chart_id, client.person_id);
    let payment: PaymentId = payment.parse().map_err(|_| PageError::NotFound)?;
    let found = app
        .db
        .read(&client.scope, move |c| {
            // Another payer's receipt is not there.
            let Some((_, party)) = find_payment(c, chart, payment)? else { return Ok(None) };
            if !responsibility::seen_by(c, chart, viewer)?.contains(&party) {
                return Ok(None);
            }
            receipt::read(c, chart, payment)
        })
        .await?;
    Ok((payment, found.ok_or(PageError::NotFound)?))
}

/// For clients.
pub(super) async fn client_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(payment): Path<String>,
) -> PageResult {
    let (payment, receipt) = of_client(&app, &client, &payment).await?;
    let page = ClientPage {
        receipt: ReceiptView::of(&receipt),
        file: format!("/portal/account/receipts/{payment}/pdf"),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

/// The file for clients.
pub(super) async fn client_file(
    State(app): State<AppState>,
    client: ClientSession,
    Path(payment): Path<String>,
) -> Result<Response, PageError> {
    let (_, receipt) = of_client(&app, &client, &payment).await?;
    Ok(answer(receipt).await?)
}

/// The answer that hands a receipt's PDF out.
pub async fn answer(receipt: Receipt) -> Result<Response, Fault> {
    let (number, words) = (receipt.number.clone(), Words::of(receipt.language));
    statement_pdf::answer_with(number, words, move || receipt.content()).await
}
