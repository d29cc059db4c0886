//! The forms of the Billing tab: a charge, a payment, something taken off, a refund, an undo. Each is one page that
//! posts to itself.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::billing::actions::{self, NewRefund, NewRelief, Refused, Undone};
use crate::features::billing::doubts::{self, PaymentDoubts};
use crate::features::billing::input::{self, TextProblem};
use crate::features::billing::insurance::{self, NewShift, Shift};
use crate::features::billing::lifecycle::{Payer, Refusal};
use crate::features::billing::payer_words::payer_choices;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::staff_pages::{TAB, path, payment_tab};
use crate::features::billing::store::{
    Charge, ChargePayer, NewPayment, Payment, PaymentMethod, PaymentSource, RefundWay, find_charge,
    find_payment,
};
use crate::features::billing::wording::{Named, payment_label};
use crate::features::ledger::{
    self, EntryKind, Item, Relief, StoredEntry, entries_of_item, find_entry, posting_currency,
};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChargeId, ChartId, EntryId, PaymentId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Open charges that the form of a payment names.
const OFFERED: usize = 50;

pub(super) fn id<T: std::str::FromStr>(text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// Loads a chart's room with what the form needs; `None` where it is not there.
pub(super) async fn load<T, F>(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    mut read: F,
) -> Result<(ChartRoom, T), PageError>
where
    T: Send + 'static,
    F: FnMut(&mut Scoped<'_>) -> Result<Option<T>, Fault> + Send + 'static,
{
    let viewer = Viewer::of(app, staff);
    let loaded = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            Ok(read(c)?.map(|more| (room, more)))
        })
        .await?;
    loaded.ok_or(PageError::NotFound)
}

/// Keeps a text, or notes what is wrong with it. A card number is not shown again.
pub(super) fn text(
    errors: &mut FieldErrors,
    field: &str,
    typed: &mut String,
    outcome: Result<String, TextProblem>,
) -> Option<String> {
    match outcome {
        Ok(text) => Some(text),
        Err(problem) => {
            if matches!(problem, TextProblem::CardNumber(_)) {
                typed.clear();
            }
            errors.add(field, problem.words());
            None
        }
    }
}

pub(super) fn valid<T>(errors: &mut FieldErrors, field: &str, outcome: Result<T, String>) -> Option<T> {
    outcome.map_err(|words| errors.add(field, words)).ok()
}

/// Why an act was refused, at the field that it is about.
pub(super) fn refused(words: Words, refused: Refused, errors: &mut FieldErrors) -> Result<(), PageError> {
    match refused {
        Refused::NotFound => return Err(PageError::NotFound),
        Refused::TooMuch(most) if most.minor == 0 => {
            errors.add("amount", words.get("billing-error-nothing-left"));
        }
        Refused::TooMuch(most) => errors.add("amount", words.with1("billing-error-at-most", "most", most)),
        Refused::Currency(currency) => {
            errors.add("amount", words.with1("billing-error-currency", "currency", currency));
        }
        Refused::LifeCycle(refusal) => {
            let key = match refusal {
                Refusal::Refunded => "billing-error-refunded",
                Refusal::AtProvider => "billing-error-at-provider",
                _ => "billing-error-undone-meanwhile",
            };
            errors.add("form", words.get(key));
        }
        Refused::NotByItself => errors.add("form", words.get("billing-error-not-by-itself")),
        Refused::NoProvider => errors.add("way", words.get("billing-error-no-provider")),
        Refused::TooLittle(_) | Refused::OnItsWay => errors.add("form", words.get("billing-pay-on-its-way")),
        Refused::ChargedBefore(_) => errors.add("form", words.get("billing-error-charged-before")),
        Refused::NoPrice => errors.add("amount", words.get("billing-error-no-price")),
        Refused::NoInsurance => errors.add("payer", words.get("billing-error-no-insurance")),
        Refused::NotAlone => errors.add("confidential", words.get("billing-error-not-alone")),
        Refused::KnownCheck(_) => errors.add("reference", words.get("billing-error-known-check")),
        Refused::NotBalanced(by) => {
            errors.add("total", words.with1("billing-error-not-balanced", "amount", by));
        }
        Refused::Disputed => errors.add("form", words.get("billing-error-disputed")),
        Refused::Doubtful => errors.add("form", words.get("billing-error-changed")),
    }
    Ok(())
}

/// A page that is shown again with what is wrong keeps its address by its status.
pub(super) fn answer(errors: &FieldErrors, rendered: Result<String, askama::Error>) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, html(rendered)?).into_response())
}

/// The same for a page that may ask: a question is kept under an address of its own too.
pub(super) fn answer_asking(
    errors: &FieldErrors,
    asks: Option<&Asks>,
    rendered: Result<String, askama::Error>,
) -> PageResult {
    match asks {
        Some(_) => Ok((StatusCode::UNPROCESSABLE_ENTITY, html(rendered)?).into_response()),
        None => answer(errors, rendered),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PaymentForm {
    mark: String,
    on: String,
    method: String,
    amount: String,
    reference: String,
    /// The charge that it pays first; empty for the oldest.
    pays: String,
    /// Whose payment it is; empty for whoever pays first.
    payer: String,
    /// What stood against it when it was shown last.
    despite: String,
}

/// What the page asks before something is posted: a title, what is there, and a line for each of it.
pub(super) struct Asks {
    pub title: String,
    pub text: String,
    pub lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "features/billing/templates/payment.html")]
struct PaymentPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: PaymentForm,
    first: Date,
    last: Date,
    currency: Currency,
    /// What is owed; none where nothing is.
    due: Option<String>,
    methods: Vec<(&'static str, String)>,
    charges: Vec<(String, String)>,
    /// Where there are several.
    payers: Vec<(String, String)>,
    /// Sees more of the account than what is due.
    sees_ledger: bool,
    /// What stands against it.
    asks: Option<Asks>,
}

/// What the form of a payment needs: the currency, who may have paid, and what is open.
struct OpenCharges {
    currency: Currency,
    due: i64,
    charges: Vec<(ChargeId, i64, String)>,
    payers: Vec<(String, String)>,
}

fn open_charges(
    c: &mut Scoped<'_>,
    chart: ChartId,
    today: Date,
    words: Words,
) -> Result<Option<OpenCharges>, Fault> {
    let currency = posting_currency(c)?;
    let Some(person) = super::store::client_of(c, chart)? else { return Ok(None) };
    let (mut debts, mut payers) = (Vec::new(), Vec::new());
    if let Some(party) = ledger::find_party(c, person)? {
        let at = ledger::Place { chart, party, currency };
        let parties = responsibility::payers_on(c, at, today)?;
        for party in &parties {
            debts.extend(ledger::debts_of(c, chart, *party, currency)?);
        }
        if parties.len() > 1 {
            payers = payer_choices(c, chart, &parties, words)?;
        }
    }
    let due = debts.iter().map(|debt| debt.owed).sum();
    let named = Named::of(c, debts.iter().take(OFFERED).map(|debt| Item::Charge(debt.charge)))?;
    let charges = debts
        .iter()
        .take(OFFERED)
        .map(|debt| (debt.charge, debt.owed, named.item(words, Item::Charge(debt.charge))))
        .collect();
    Ok(Some(OpenCharges { currency, due, charges, payers }))
}

fn payment_answer(
    app: &AppState,
    staff: &StaffSession,
    room: &ChartRoom,
    open: OpenCharges,
    form: PaymentForm,
    (asks, errors): (Option<Asks>, FieldErrors),
) -> PageResult {
    let (words, last) = (staff.words, staff.practice.today(app.now()));
    let money = |minor| Money::new(minor, open.currency).to_string();
    let choose = |method: &PaymentMethod| (method.word(), words.get(&format!("billing-method-{method}")));
    let oldest = (String::new(), words.get("billing-pays-oldest"));
    let charges = open.charges.into_iter().map(|(id, owed, what)| {
        let label = words.with2("billing-pays-charge", "what", what, "amount", money(owed));
        (id.to_string(), label)
    });
    let page = PaymentPage {
        head: room_head(app, staff, &room.file, &room.tags, payment_tab(staff)),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        sees_ledger: staff.may(Permission::SeeBilling),
        first: input::first_day(last),
        last,
        due: (open.due > 0).then(|| money(open.due)),
        methods: PaymentMethod::RECORDED.iter().map(choose).collect(),
        charges: std::iter::once(oldest).chain(charges).collect(),
        payers: open.payers,
        currency: open.currency,
        form,
        errors,
        asks,
    };
    let rendered = page.render();
    answer_asking(&page.errors, page.asks.as_ref(), rendered)
}

/// What is there already, in words: its day, what it is and how much, and who entered it where a person did.
pub(super) fn alike_line(words: Words, day: &str, (what, amount): (String, Money), by: &str) -> String {
    let date = day.parse().map(|day| words.civil_date(day)).unwrap_or_default();
    let mut line = vec![("date", date), ("what", what), ("amount", amount.to_string())];
    if by.is_empty() {
        return words.with("billing-alike-line", &line);
    }
    line.push(("name", by.to_owned()));
    words.with("billing-alike-line-by", &line)
}

/// What stands against a payment, in words.
fn payment_asks(words: Words, doubts: &PaymentDoubts, amount: Money) -> Asks {
    let more = Money::new(doubts.beyond, doubts.open.currency).to_string();
    let beyond = match (doubts.beyond, doubts.open.minor) {
        (0, _) => None,
        (_, 0) => Some(words.with1("billing-beyond-nothing", "amount", amount)),
        (_, _) => Some(words.with(
            "billing-beyond",
            &[("open", doubts.open.to_string()), ("amount", amount.to_string()), ("more", more)],
        )),
    };
    let line = |one: &Payment| {
        let what = (payment_label(words, one), one.money());
        alike_line(words, &one.received_on, what, &one.recorded_by_name)
    };
    let text = match (doubts.alike.is_empty(), &beyond) {
        (true, _) => beyond.unwrap_or_default(),
        (false, None) => words.get("billing-payment-alike"),
        (false, Some(beyond)) => format!("{beyond} {}", words.get("billing-payment-alike")),
    };
    Asks { title: words.get("billing-payment-asks"), text, lines: doubts.alike.iter().map(line).collect() }
}

/// The form of a payment.
pub(super) async fn payment_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let today = staff.practice.today(app.now());
    let (room, open) = load(&app, &staff, chart, move |c| open_charges(c, chart, today, words)).await?;
    let form = PaymentForm {
        payer: open.payers.first().map(|(id, _)| id.clone()).unwrap_or_default(),
        mark: FormToken::fresh(app.rng.as_ref()),
        on: staff.practice.today(app.now()).to_string(),
        amount: if open.due > 0 { Money::new(open.due, open.currency).plain() } else { String::new() },
        ..PaymentForm::default()
    };
    payment_answer(&app, &staff, &room, open, form, (None, FieldErrors::new()))
}

/// Records it.
pub(super) async fn payment(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: PaymentForm = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("payment", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let today = staff.practice.today(app.now());
    let (room, open) = load(&app, &staff, chart, move |c| open_charges(c, chart, today, words)).await?;
    let mut errors = FieldErrors::new();
    let on = valid(
        &mut errors,
        "on",
        input::day(input::read_day(&form.on), staff.practice.today(app.now()), words),
    );
    let amount = valid(&mut errors, "amount", input::amount(&form.amount, open.currency, words));
    let method = PaymentMethod::read_recorded(&form.method).ok_or_else(|| words.get("billing-error-choose"));
    let method = valid(&mut errors, "method", method);
    let checked = input::optional(&form.reference, input::MOST_IN_A_REFERENCE, words);
    let reference = text(&mut errors, "reference", &mut form.reference, checked);
    let sees_ledger = staff.may(Permission::SeeBilling);
    let pays = match form.pays.as_str() {
        "" => Some(None),
        // Which charges there are is not theirs to see.
        _ if !sees_ledger => Some(None),
        typed => {
            let charge = typed.parse().map(Some).map_err(|_| words.get("billing-error-choose"));
            valid(&mut errors, "pays", charge)
        }
    };
    let payer = match form.payer.as_str() {
        "" => Some(None),
        typed => {
            let payer = typed.parse().map(Some).map_err(|_| words.get("billing-error-choose"));
            valid(&mut errors, "payer", payer)
        }
    };
    let (Some(received_on), Some(amount), Some(method), Some(reference), Some(pays), Some(payer)) =
        (on, amount, method, reference, pays, payer)
    else {
        form.despite.clear();
        return payment_answer(&app, &staff, &room, open, form, (None, errors));
    };
    let new = NewPayment { chart, received_on, method, reference, amount, pays, payer };
    let (by, seen, asked) = (staff.by(), std::mem::take(&mut form.despite), new.clone());
    let act =
        move |c: &mut Scoped<'_>| Ok(doubts::record_asking(c, &by, &new, &seen)?.map(|made| made.payment_id));
    match actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) if sees_ledger => Ok(see_other(&format!("{}?done=billing-paid", path(chart)))),
        Ok(made) => Ok(see_other(&format!("{}/payments/{made}/receipt?done=billing-paid", path(chart)))),
        Err(Refused::Doubtful) => {
            let found = app.db.write(&staff.scope, move |c| doubts::payment_doubts(c, &asked)).await?;
            let found = found.map_err(|_| PageError::NotFound)?;
            form.despite = found.mark();
            let asks = payment_asks(words, &found, amount);
            payment_answer(&app, &staff, &room, open, form, (Some(asks), errors))
        }
        Err(why) => {
            refused(words, why, &mut errors)?;
            payment_answer(&app, &staff, &room, open, form, (None, errors))
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ReliefForm {
    mark: String,
    relief: String,
    amount: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/relief.html")]
struct ReliefPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: ReliefForm,
    charge: Charge,
    owed: String,
    choices: Vec<(&'static str, String)>,
}

/// What the form takes off, or moves.
#[derive(Clone, Copy)]
enum Taken {
    /// Of what clients owe.
    Client(Relief),
    /// Of what the insurer owes, or between the two.
    Insurer(Shift),
}

fn read_relief(word: &str) -> Option<Taken> {
    match word {
        "discount" => Some(Taken::Client(Relief::Discount)),
        "write_off" => Some(Taken::Client(Relief::WriteOff)),
        other => Shift::read(other).map(Taken::Insurer),
    }
}

/// A charge with what is owed for it.
fn charge_and_owed(
    c: &mut Scoped<'_>,
    chart: ChartId,
    charge: ChargeId,
) -> Result<Option<(Charge, Money)>, Fault> {
    let Some(found) = find_charge(c, chart, charge)? else { return Ok(None) };
    let item = Item::Charge(charge);
    let standing = entries_of_item(c, item)?;
    let owed: i64 = standing.iter().map(|entry| entry.moved(ledger::Account::ArClient, item)).sum();
    let owed = Money::new(owed, found.currency);
    Ok(Some((found, owed)))
}

fn relief_answer(
    app: &AppState,
    staff: &StaffSession,
    room: &ChartRoom,
    (charge, owed): (Charge, Money),
    form: ReliefForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let page = ReliefPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        owed: owed.to_string(),
        choices: [("discount", "discount"), ("write_off", "write-off")]
            .into_iter()
            .chain(
                Shift::ALL
                    .into_iter()
                    .filter(|_| charge.payer == ChargePayer::Insured)
                    .map(|shift| (shift.word(), shift.word())),
            )
            .map(|(value, key)| (value, words.get(&format!("billing-relief-{}", key.replace('_', "-")))))
            .collect(),
        charge,
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form that takes something off a charge.
pub(super) async fn relief_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, charge)): Path<(String, String)>,
) -> PageResult {
    let (chart, charge) = (id(&chart)?, id(&charge)?);
    let (room, found) = load(&app, &staff, chart, move |c| charge_and_owed(c, chart, charge)).await?;
    let form = ReliefForm { mark: FormToken::fresh(app.rng.as_ref()), ..ReliefForm::default() };
    relief_answer(&app, &staff, &room, found, form, FieldErrors::new())
}

/// Takes it off.
pub(super) async fn relief(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, charge)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let mut form: ReliefForm = staff.form(&body)?;
    let (chart, charge, words): (ChartId, ChargeId, _) = (id(&chart)?, id(&charge)?, staff.words);
    let mark = FormToken::read("relief", &format!("{}/{charge}", staff.staff_id), &form.mark, &body)?;
    let (room, found) = load(&app, &staff, chart, move |c| charge_and_owed(c, chart, charge)).await?;
    let mut errors = FieldErrors::new();
    let relief = read_relief(&form.relief).ok_or_else(|| words.get("billing-error-choose"));
    let relief = valid(&mut errors, "relief", relief);
    let amount = valid(&mut errors, "amount", input::amount(&form.amount, found.0.currency, words));
    // The act looks again; here it is said beside what else is wrong.
    if let (Some(amount), Some(Taken::Client(_))) = (amount, relief)
        && amount.minor > found.1.minor
    {
        refused(words, Refused::TooMuch(found.1), &mut errors)?;
    }
    let checked = input::needed(&form.reason, input::MOST_IN_A_REASON, "billing-error-reason", words);
    let reason = text(&mut errors, "reason", &mut form.reason, checked);
    let (Some(relief), Some(amount), Some(reason)) = (relief, amount, reason) else {
        return relief_answer(&app, &staff, &room, found, form, errors);
    };
    let by = staff.by();
    let act = move |c: &mut Scoped<'_>| match relief {
        Taken::Client(relief) => {
            let new = NewRelief { chart, charge, relief, amount, reason: reason.clone() };
            let made = actions::relieve(c, &by, &new)?;
            Ok(made.map(|made| format!("{}/entries/{}?done=billing-relieved", path(chart), made.entry_id)))
        }
        Taken::Insurer(shift) => {
            let new = NewShift { chart, charge, shift, amount, reason: reason.clone() };
            let made = insurance::shift(c, &by, &new)?;
            Ok(made.map(|()| format!("{}?done=billing-relieved", path(chart))))
        }
    };
    match actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(made) => Ok(see_other(&made)),
        Err(why) => {
            refused(words, why, &mut errors)?;
            relief_answer(&app, &staff, &room, found, form, errors)
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RefundForm {
    mark: String,
    way: String,
    amount: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/refund.html")]
struct RefundPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: RefundForm,
    payment: String,
    payment_id: PaymentId,
    amount: String,
    left: String,
    ways: Vec<(&'static str, String)>,
}

/// A payment with what is not used of it.
fn payment_and_left(
    c: &mut Scoped<'_>,
    chart: ChartId,
    payment: PaymentId,
) -> Result<Option<(Payment, Money)>, Fault> {
    let Some((found, _)) = find_payment(c, chart, payment)? else { return Ok(None) };
    let item = Item::Payment(payment);
    let standing = entries_of_item(c, item)?;
    let left = -standing.iter().map(|entry| entry.moved(ledger::Account::CreditClient, item)).sum::<i64>();
    let left = Money::new(left, found.currency);
    Ok(Some((found, left)))
}

fn refund_answer(
    app: &AppState,
    staff: &StaffSession,
    room: &ChartRoom,
    (payment, left): (Payment, Money),
    form: RefundForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let page = RefundPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        payment: payment_label(words, &payment),
        payment_id: payment.payment_id,
        amount: payment.money().to_string(),
        left: left.to_string(),
        // Money that came through the provider goes back to its card first.
        ways: RefundWay::ALL
            .iter()
            .rev()
            .filter(|way| way.payer() == Payer::Practice || payment.source == PaymentSource::Portal)
            .map(|way| (way.word(), words.get(&format!("billing-way-{way}"))))
            .collect(),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// The form of a refund.
pub(super) async fn refund_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, payment)): Path<(String, String)>,
) -> PageResult {
    let (chart, payment) = (id(&chart)?, id(&payment)?);
    let (room, found) = load(&app, &staff, chart, move |c| payment_and_left(c, chart, payment)).await?;
    let form = RefundForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        amount: if found.1.minor > 0 { found.1.plain() } else { String::new() },
        ..RefundForm::default()
    };
    refund_answer(&app, &staff, &room, found, form, FieldErrors::new())
}

/// Pays it out.
pub(super) async fn refund(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, payment)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let mut form: RefundForm = staff.form(&body)?;
    let (chart, payment, words): (ChartId, PaymentId, _) = (id(&chart)?, id(&payment)?, staff.words);
    let mark = FormToken::read("refund", &format!("{}/{payment}", staff.staff_id), &form.mark, &body)?;
    let (room, found) = load(&app, &staff, chart, move |c| payment_and_left(c, chart, payment)).await?;
    let mut errors = FieldErrors::new();
    let way = form.way.parse().map_err(|_| words.get("billing-error-choose"));
    let way: Option<RefundWay> = valid(&mut errors, "way", way);
    let amount = valid(&mut errors, "amount", input::amount(&form.amount, found.0.currency, words));
    // The act looks again; here it is said beside what else is wrong.
    if let Some(amount) = amount
        && amount.minor > found.1.minor
    {
        refused(words, Refused::TooMuch(found.1), &mut errors)?;
    }
    let checked = input::needed(&form.reason, input::MOST_IN_A_REASON, "billing-error-reason", words);
    let reason = text(&mut errors, "reason", &mut form.reason, checked);
    let (Some(way), Some(amount), Some(reason), true) = (way, amount, reason, errors.is_empty()) else {
        return refund_answer(&app, &staff, &room, found, form, errors);
    };
    let new = NewRefund { chart, payment, way, amount, reason };
    let by = staff.by();
    let act = move |c: &mut Scoped<'_>| actions::pay_refund(c, &by, &new);
    match actions::once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=billing-refunded", path(chart)))),
        Err(why) => {
            refused(words, why, &mut errors)?;
            refund_answer(&app, &staff, &room, found, form, errors)
        }
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct UndoForm {
    reason: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/undo.html")]
struct UndoPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: UndoForm,
    entry: EntryId,
    /// Does it still count?
    stands: bool,
    title: String,
    what: String,
    amount: String,
    date: String,
    consequence: String,
    button: String,
}

fn entry_and_names(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: EntryId,
) -> Result<Option<(StoredEntry, Named)>, Fault> {
    let Some(entry) = find_entry(c, chart, id)? else { return Ok(None) };
    let named = Named::of(c, entry.postings.iter().map(|posting| posting.item))?;
    Ok(Some((entry, named)))
}

fn undo_answer(
    app: &AppState,
    staff: &StaffSession,
    room: &ChartRoom,
    (entry, named): &(StoredEntry, Named),
    form: UndoForm,
    errors: FieldErrors,
) -> PageResult {
    let (words, head) = (staff.words, &entry.head);
    let item = entry.postings.first().map(|posting| posting.item);
    let amount: i64 = entry.postings.iter().map(|posting| posting.amount.max(0)).sum();
    let is_charge = matches!(
        (head.kind, item),
        (EntryKind::Charge | EntryKind::Insured | EntryKind::Opening, Some(Item::Charge(_)))
    );
    let consequence = match head.kind {
        _ if is_charge => "billing-undo-charge",
        EntryKind::Payment | EntryKind::Opening => "billing-undo-payment",
        EntryKind::RefundDue | EntryKind::RefundPaid => "billing-undo-refund",
        _ => "billing-undo-relief",
    };
    let page = UndoPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        entry: head.entry_id,
        stands: head.stands() && entry.can_be_undone(),
        title: words.get(if is_charge { "billing-void-title" } else { "billing-undo-title" }),
        what: item.map(|item| named.line(words, head, item)).unwrap_or_default(),
        amount: Money::new(amount, head.currency).to_string(),
        date: words.civil_date(head.effective_on),
        consequence: words.get(consequence),
        button: words.get(if is_charge { "billing-void" } else { "billing-undo" }),
        form,
        errors,
    };
    let rendered = page.render();
    answer(&page.errors, rendered)
}

/// Asks before an entry is undone.
pub(super) async fn undo_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, entry)): Path<(String, String)>,
) -> PageResult {
    let (chart, entry) = (id(&chart)?, id(&entry)?);
    let (room, found) = load(&app, &staff, chart, move |c| entry_and_names(c, chart, entry)).await?;
    undo_answer(&app, &staff, &room, &found, UndoForm::default(), FieldErrors::new())
}

/// Undoes it by reversal.
pub(super) async fn undo(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, entry)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let mut form: UndoForm = staff.form(&body)?;
    let (chart, entry, words): (ChartId, EntryId, _) = (id(&chart)?, id(&entry)?, staff.words);
    let (room, found) = load(&app, &staff, chart, move |c| entry_and_names(c, chart, entry)).await?;
    let mut errors = FieldErrors::new();
    let checked = input::needed(&form.reason, input::MOST_IN_A_REASON, "billing-error-reason", words);
    let Some(reason) = text(&mut errors, "reason", &mut form.reason, checked) else {
        return undo_answer(&app, &staff, &room, &found, form, errors);
    };
    let by = staff.by();
    let outcome = app.db.write(&staff.scope, move |c| actions::undo(c, &by, chart, entry, &reason)).await?;
    let done = match outcome {
        Ok(Undone::Now) => "billing-undone",
        Ok(Undone::Before) => "billing-undone-before",
        Err(why) => {
            refused(words, why, &mut errors)?;
            return undo_answer(&app, &staff, &room, &found, form, errors);
        }
    };
    app.live.chart_changed(staff.scope.id(), &chart);
    Ok(see_other(&format!("{}/entries/{entry}?done={done}", path(chart))))
}
