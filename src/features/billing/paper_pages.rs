//! Invoices and superbills: the forms that make them, and their pages and files for staff and for clients.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::features::accounts::{self, ClientSession};
use crate::features::billing::act_pages::{answer, id, load, refused, text, valid};
use crate::features::billing::actions::{Refused, once};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::client_pages::ACCOUNT;
use crate::features::billing::input;
use crate::features::billing::invoice::{self, DUE_AFTER, Invoice, NewInvoice, Standing};
use crate::features::billing::payer_words::payer_choices;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::staff_pages::{TAB, path};
use crate::features::billing::statement_pdf::answer_with;
use crate::features::billing::store::client_of;
use crate::features::billing::superbill::{self, NewSuperbill, NotMade, SuperbillData};
use crate::features::billing::wording::Named;
use crate::features::ledger::{self, Item, posting_currency};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChargeId, ChartId, InvoiceId, PayerId, SuperbillId};
use crate::kernel::money::Money;
use crate::platform::audit::{self, Event};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Permission, Right};
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Open charges that the form of an invoice names.
const OFFERED: usize = 100;

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InvoiceForm {
    mark: String,
    payer: String,
    charge: Vec<String>,
    due_on: String,
}

struct Choice {
    id: String,
    label: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "features/billing/templates/invoice_new.html")]
struct NewInvoicePage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: InvoiceForm,
    payers: Vec<(String, String)>,
    charges: Vec<Choice>,
}

/// Who owes something, and for what.
struct Owing {
    payers: Vec<(String, String)>,
    charges: Vec<(ChargeId, String)>,
}

fn owing(c: &mut Scoped<'_>, chart: ChartId, words: Words) -> Result<Option<Owing>, Fault> {
    let currency = posting_currency(c)?;
    let (mut parties, mut debts) = (Vec::new(), Vec::new());
    for party in ledger::parties_with_entries(c, chart)? {
        let own = ledger::debts_of(c, chart, party, currency)?;
        if !own.is_empty() {
            parties.push(party);
            debts.extend(own);
        }
    }
    debts.truncate(OFFERED);
    let named = Named::of(c, debts.iter().map(|debt| Item::Charge(debt.charge)))?;
    let label = |debt: &ledger::Debt| {
        let item = Item::Charge(debt.charge);
        let values = [
            ("date", named.day_words(words, item)),
            ("what", named.item(words, item)),
            ("amount", Money::new(debt.owed, currency).to_string()),
        ];
        (debt.charge, words.with("billing-invoice-charge", &values))
    };
    Ok(Some(Owing {
        payers: payer_choices(c, chart, &parties, words)?,
        charges: debts.iter().map(label).collect(),
    }))
}

fn invoice_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, owing): (&ChartRoom, Owing),
    form: InvoiceForm,
    errors: FieldErrors,
) -> PageResult {
    let page = NewInvoicePage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        payers: owing.payers,
        charges: owing
            .charges
            .into_iter()
            .map(|(id, label)| {
                let id = id.to_string();
                Choice { is_chosen: form.charge.contains(&id), id, label }
            })
            .collect(),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form of an invoice.
pub(super) async fn invoice_form(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let (room, owing) = load(&app, &staff, chart, move |c| owing(c, chart, words)).await?;
    let today = staff.practice.today(app.now());
    let form = InvoiceForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        due_on: today.saturating_add(jiff::Span::new().days(DUE_AFTER)).to_string(),
        payer: owing.payers.first().map(|(id, _)| id.clone()).unwrap_or_default(),
        charge: owing.charges.iter().map(|(id, _)| id.to_string()).collect(),
    };
    invoice_answer(&app, &staff, (&room, owing), form, FieldErrors::new())
}

/// Makes it.
pub(super) async fn new_invoice(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: InvoiceForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("invoice", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let (room, owing) = load(&app, &staff, chart, move |c| owing(c, chart, words)).await?;
    let mut errors = FieldErrors::new();
    let today = staff.practice.today(app.now());
    let due_on = input::read_day(&form.due_on).filter(|day| *day >= today);
    let due_on = valid(&mut errors, "due_on", due_on.ok_or_else(|| words.get("billing-error-due-day")));
    let payer = form.payer.parse::<PayerId>().map_err(|_| words.get("billing-error-choose"));
    let payer = valid(&mut errors, "payer", payer);
    let chosen: Result<Vec<ChargeId>, _> = form.charge.iter().map(|id| id.parse::<ChargeId>()).collect();
    let chosen = chosen.ok().filter(|chosen| !chosen.is_empty());
    let chosen = valid(&mut errors, "charge", chosen.ok_or_else(|| words.get("billing-pay-choose-charge")));
    let (Some(due_on), Some(party), Some(mut charges)) = (due_on, payer, chosen) else {
        return invoice_answer(&app, &staff, (&room, owing), form, errors);
    };
    let by = staff.by();
    let inside = app.clone();
    let act = move |c: &mut Scoped<'_>| {
        // Charges of another payer that stood ticked are not this one's.
        let currency = posting_currency(c)?;
        let own: Vec<ChargeId> =
            ledger::debts_of(c, chart, party, currency)?.into_iter().map(|debt| debt.charge).collect();
        charges.retain(|charge| own.contains(charge));
        if charges.is_empty() {
            return Ok(Err(Refused::TooMuch(Money::new(0, currency))));
        }
        let new = NewInvoice { chart, party, charges: charges.clone(), due_on };
        invoice::issue(&inside, c, &by, &new)
    };
    match once(&app, &staff.scope, chart, mark, act).await? {
        Ok(made) => Ok(see_other(&format!("{}/invoices/{made}?done=billing-invoiced", path(chart)))),
        Err(why) => {
            refused(words, why, &mut errors)?;
            invoice_answer(&app, &staff, (&room, owing), form, errors)
        }
    }
}

/// An invoice in words. It speaks the language that it was made in.
pub(super) struct InvoiceView {
    pub words: Words,
    pub language: &'static str,
    pub title: String,
    pub practice: String,
    pub tag: (&'static str, String),
    pub facts: Vec<(String, String)>,
    pub rows: Vec<[String; 7]>,
    pub total: String,
}

impl InvoiceView {
    fn of(one: &Invoice) -> Self {
        let words = Words::of(one.data.language);
        Self {
            words,
            language: one.data.language.word(),
            title: words.with1("billing-invoice-numbered", "number", &one.data.number),
            practice: one.data.practice.name.clone(),
            tag: one.standing.tag(words),
            facts: one.data.facts(words),
            rows: one.data.rows(words),
            total: one.data.total().to_string(),
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VoidForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/invoice_staff.html")]
struct StaffInvoice {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    invoice: InvoiceView,
    here: String,
    errors: FieldErrors,
    form: VoidForm,
    may_void: bool,
}

#[derive(Template)]
#[template(path = "features/billing/templates/invoice_client.html")]
struct ClientInvoice {
    frame: ClientFrame,
    invoice: InvoiceView,
    file: String,
    may_pay: bool,
}

async fn staff_invoice(
    app: &AppState,
    staff: &StaffSession,
    (chart, wanted): (ChartId, InvoiceId),
    form: VoidForm,
    errors: FieldErrors,
) -> PageResult {
    let viewer = Viewer::of(app, staff);
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            Ok(invoice::read(c, chart, wanted)?.map(|one| (room, one)))
        })
        .await?;
    let (room, one) = found.ok_or(PageError::NotFound)?;
    let base = path(chart);
    let page = StaffInvoice {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        invoice: InvoiceView::of(&one),
        here: format!("{base}/invoices/{wanted}"),
        may_void: staff.may(Permission::SendStatements) && one.standing != Standing::Void,
        frame: staff.frame(app, CHARTS),
        base,
        errors,
        form,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// An invoice's page for staff.
pub(super) async fn staff_invoice_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, wanted)): Path<(String, String)>,
) -> PageResult {
    let ids = (id(&chart)?, id(&wanted)?);
    staff_invoice(&app, &staff, ids, VoidForm::default(), FieldErrors::new()).await
}

/// Takes it back.
pub(super) async fn void_invoice(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, wanted)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let mut form: VoidForm = staff.form(&body)?;
    let (chart, wanted): (ChartId, InvoiceId) = (id(&chart)?, id(&wanted)?);
    let mut errors = FieldErrors::new();
    let most = input::MOST_IN_A_REASON;
    let checked = input::needed(&form.reason, most, "billing-error-reason", staff.words);
    let Some(reason) = text(&mut errors, "reason", &mut form.reason, checked) else {
        return staff_invoice(&app, &staff, (chart, wanted), form, errors).await;
    };
    let by = staff.by();
    let act = move |c: &mut Scoped<'_>| invoice::void(c, &by, chart, wanted, &reason);
    if let Err(why) = app.db.write(&staff.scope, act).await? {
        refused(staff.words, why, &mut errors)?;
        return staff_invoice(&app, &staff, (chart, wanted), form, errors).await;
    }
    app.live.chart_changed(staff.scope.id(), &chart);
    Ok(see_other(&format!("{}/invoices/{wanted}?done=billing-invoice-voided", path(chart))))
}

/// Its file for staff.
pub(super) async fn staff_invoice_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, wanted)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (chart, wanted): (ChartId, InvoiceId) = (id(&chart)?, id(&wanted)?);
    let found = app.db.read(&staff.scope, move |c| invoice::read(c, chart, wanted)).await?;
    Ok(invoice_file(found.ok_or(PageError::NotFound)?).await?)
}

/// The answer that hands an invoice's PDF out.
pub async fn invoice_file(one: Invoice) -> Result<Response, Fault> {
    let (words, is_void) = (Words::of(one.data.language), one.standing == Standing::Void);
    answer_with(one.data.number.clone(), words, move || one.data.content(is_void)).await
}

/// What a client looks at: their access is asked once more, and the look is written down, in one transaction. What
/// another payer has is not there.
async fn looked_at<T: Send + 'static>(
    app: &AppState,
    client: &ClientSession,
    right: Right,
    action: BillingAction,
    mut read: impl FnMut(&mut Scoped<'_>, ChartId) -> Result<Option<(PayerId, serde_json::Value, T)>, Fault>
    + Send
    + 'static,
) -> Result<T, PageError> {
    let (by, access, chart, viewer) = (client.by(), client.access_id, client.chart_id, client.person_id);
    let is_read = client.onlooker().is_none();
    let unit = move |c: &mut Scoped<'_>| {
        if is_read && accounts::level_now(c, &access, right)? < Level::View {
            return Ok(None);
        }
        let Some((party, details, found)) = read(c, chart)? else { return Ok(None) };
        if !responsibility::seen_by(c, chart, viewer)?.contains(&party) {
            return Ok(None);
        }
        if is_read {
            audit::record(c, Event::new(by.clone(), action).on_chart(&chart).with(details))?;
        }
        Ok(Some(found))
    };
    let found = if is_read {
        app.db.write(&client.scope, unit).await?
    } else {
        app.db.read(&client.scope, unit).await?
    };
    found.ok_or(PageError::NotFound)
}

async fn invoice_of_client(
    app: &AppState,
    client: &ClientSession,
    wanted: &str,
) -> Result<(InvoiceId, Invoice), PageError> {
    let wanted: InvoiceId = id(wanted)?;
    let read = move |c: &mut Scoped<'_>, chart| {
        let found = invoice::read(c, chart, wanted)?;
        Ok(found.map(|one| (one.head.party_id, serde_json::json!({ "invoice": wanted }), one)))
    };
    let found = looked_at(app, client, Right::Billing, BillingAction::InvoiceViewed, read).await?;
    Ok((wanted, found))
}

/// An invoice's page for clients.
pub(super) async fn client_invoice_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(wanted): Path<String>,
) -> PageResult {
    let (wanted, one) = invoice_of_client(&app, &client, &wanted).await?;
    let is_on = app.db.read(&client.scope, super::online::store::is_on).await?;
    let page = ClientInvoice {
        may_pay: is_on
            && client.may_act(Right::Billing)
            && matches!(one.standing, Standing::Open(_) | Standing::Overdue(_)),
        invoice: InvoiceView::of(&one),
        file: format!("/portal/account/invoices/{wanted}/pdf"),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

/// Its file for clients.
pub(super) async fn client_invoice_file(
    State(app): State<AppState>,
    client: ClientSession,
    Path(wanted): Path<String>,
) -> Result<Response, PageError> {
    let (_, one) = invoice_of_client(&app, &client, &wanted).await?;
    Ok(invoice_file(one).await?)
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SuperbillForm {
    mark: String,
    payer: String,
    from: String,
    until: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/superbill_new.html")]
struct NewSuperbillPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: SuperbillForm,
    payers: Vec<(String, String)>,
    missing: Vec<String>,
    may_set_identity: bool,
}

fn payers_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    words: Words,
) -> Result<Option<Vec<(String, String)>>, Fault> {
    let parties = ledger::parties_with_entries(c, chart)?;
    if client_of(c, chart)?.is_none() {
        return Ok(None);
    }
    Ok(Some(if parties.len() > 1 { payer_choices(c, chart, &parties, words)? } else { Vec::new() }))
}

fn superbill_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, payers): (&ChartRoom, Vec<(String, String)>),
    form: SuperbillForm,
    (errors, missing): (FieldErrors, Vec<String>),
) -> PageResult {
    let page = NewSuperbillPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        may_set_identity: staff.may(Permission::ManageFees),
        frame: staff.frame(app, CHARTS),
        payers,
        missing,
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form of a superbill: the month before, unless other days are chosen.
pub(super) async fn superbill_form(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let (room, payers) = load(&app, &staff, chart, move |c| payers_of(c, chart, words)).await?;
    let today = staff.practice.today(app.now());
    let form = SuperbillForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        from: today.first_of_month().saturating_sub(jiff::Span::new().months(1)).to_string(),
        until: today.to_string(),
        payer: payers.first().map(|(id, _)| id.clone()).unwrap_or_default(),
    };
    superbill_answer(&app, &staff, (&room, payers), form, (FieldErrors::new(), Vec::new()))
}

/// Makes it, or says by name what is missing.
pub(super) async fn new_superbill(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: SuperbillForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("superbill", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let (room, payers) = load(&app, &staff, chart, move |c| payers_of(c, chart, words)).await?;
    let mut errors = FieldErrors::new();
    let from = input::read_day(&form.from).ok_or_else(|| words.get("billing-error-a-day"));
    let from = valid(&mut errors, "from", from);
    let until = input::read_day(&form.until).filter(|until| from.is_none_or(|from| from <= *until));
    let until = valid(&mut errors, "until", until.ok_or_else(|| words.get("billing-error-end")));
    let party = match form.payer.as_str() {
        "" => None,
        typed => Some(id(typed)?),
    };
    let (Some(from), Some(until)) = (from, until) else {
        return superbill_answer(&app, &staff, (&room, payers), form, (errors, Vec::new()));
    };
    let (by, inside) = (staff.by(), app.clone());
    let new = NewSuperbill { chart, party, from, until };
    let act = move |c: &mut Scoped<'_>| {
        crate::platform::web::form_token::made_once(c, &mark, |c| superbill::make(&inside, c, &by, &new))
    };
    match app.db.write(&staff.scope, act).await? {
        Ok(made) => {
            app.live.chart_changed(staff.scope.id(), &chart);
            Ok(see_other(&format!("{}/superbills/{made}?done=billing-superbill-made", path(chart))))
        }
        Err(NotMade::NotFound) => Err(PageError::NotFound),
        Err(NotMade::Nothing) => {
            errors.add("from", words.get("billing-error-superbill-empty"));
            superbill_answer(&app, &staff, (&room, payers), form, (errors, Vec::new()))
        }
        Err(NotMade::Missing(missing)) => {
            errors.add("form", words.get("billing-error-superbill-missing"));
            let missing = missing.iter().map(|one| one.words(words)).collect();
            superbill_answer(&app, &staff, (&room, payers), form, (errors, missing))
        }
    }
}

/// A superbill in words.
pub(super) struct SuperbillView {
    pub words: Words,
    pub language: &'static str,
    pub title: String,
    pub practice: String,
    pub facts: Vec<(String, String)>,
    pub rows: Vec<[String; 9]>,
    pub charged: String,
    pub paid: String,
    pub balance: String,
}

impl SuperbillView {
    fn of(data: &SuperbillData) -> Self {
        let words = Words::of(data.language);
        let (charged, paid) = data.totals();
        Self {
            words,
            language: data.language.word(),
            title: words.with1("billing-superbill-numbered", "number", &data.number),
            practice: data.practice.name.clone(),
            facts: data.facts(words),
            rows: data.rows(words),
            balance: data.balance(words),
            charged: charged.to_string(),
            paid: paid.to_string(),
        }
    }
}

#[derive(Template)]
#[template(path = "features/billing/templates/superbill_staff.html")]
struct StaffSuperbill {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    superbill: SuperbillView,
    file: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/superbill_client.html")]
struct ClientSuperbill {
    frame: ClientFrame,
    superbill: SuperbillView,
    file: String,
}

/// A superbill's page for staff.
pub(super) async fn staff_superbill_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, wanted)): Path<(String, String)>,
) -> PageResult {
    let (chart, wanted): (ChartId, SuperbillId) = (id(&chart)?, id(&wanted)?);
    let viewer = Viewer::of(&app, &staff);
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            Ok(superbill::read(c, chart, wanted)?.map(|(_, data)| (room, data)))
        })
        .await?;
    let (room, data) = found.ok_or(PageError::NotFound)?;
    let base = path(chart);
    let page = StaffSuperbill {
        head: room_head(&app, &staff, &room.file, &room.tags, TAB),
        superbill: SuperbillView::of(&data),
        file: format!("{base}/superbills/{wanted}/pdf"),
        frame: staff.frame(&app, CHARTS),
        base,
    };
    html(page.render())
}

/// Its file for staff.
pub(super) async fn staff_superbill_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, wanted)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (chart, wanted): (ChartId, SuperbillId) = (id(&chart)?, id(&wanted)?);
    let found = app.db.read(&staff.scope, move |c| superbill::read(c, chart, wanted)).await?;
    Ok(superbill_file(found.ok_or(PageError::NotFound)?.1).await?)
}

/// The answer that hands a superbill's PDF out.
pub async fn superbill_file(data: SuperbillData) -> Result<Response, Fault> {
    answer_with(data.number.clone(), Words::of(data.language), move || data.content()).await
}

async fn superbill_of_client(
    app: &AppState,
    client: &ClientSession,
    wanted: &str,
) -> Result<(SuperbillId, SuperbillData), PageError> {
    let wanted: SuperbillId = id(wanted)?;
    let read = move |c: &mut Scoped<'_>, chart| {
        let found = superbill::read(c, chart, wanted)?;
        Ok(found.map(|(head, data)| (head.party_id, serde_json::json!({ "superbill": wanted }), data)))
    };
    let found = looked_at(app, client, Right::Superbills, BillingAction::SuperbillViewed, read).await?;
    Ok((wanted, found))
}

/// A superbill's page for clients.
pub(super) async fn client_superbill_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(wanted): Path<String>,
) -> PageResult {
    let (wanted, data) = superbill_of_client(&app, &client, &wanted).await?;
    let page = ClientSuperbill {
        superbill: SuperbillView::of(&data),
        file: format!("/portal/account/superbills/{wanted}/pdf"),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}

/// Its file for clients.
pub(super) async fn client_superbill_file(
    State(app): State<AppState>,
    client: ClientSession,
    Path(wanted): Path<String>,
) -> Result<Response, PageError> {
    let (_, data) = superbill_of_client(&app, &client, &wanted).await?;
    Ok(superbill_file(data).await?)
}
