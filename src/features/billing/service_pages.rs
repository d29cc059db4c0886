//! What the practice does and what it costs, and by which numbers insurers know it: the administrator's pages.

use std::convert::Infallible;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::billing::act_pages::{id, text, valid};
use crate::features::billing::diagnosis_store::DiagnosisWords;
use crate::features::billing::encounter_store::clinicians;
use crate::features::billing::identity_store::{self, Identity};
use crate::features::billing::input;
use crate::features::billing::service_store::{
    Price, Service, ServiceFields, ServiceState, find_service, prices, services,
};
use crate::features::billing::services as actions;
use crate::features::ledger::posting_currency;
use crate::features::settings::PRACTICE;
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ServiceId, StaffId};
use crate::kernel::money::Currency;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

struct Row {
    href: String,
    label: String,
    code: String,
    prices: Vec<String>,
    is_retired: bool,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServiceForm {
    mark: String,
    version: i64,
    code: String,
    label: String,
    label_es: String,
    units: String,
    modifiers: String,
    retired: String,
    /// With a new service: its first price, from today on.
    price: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/services.html")]
struct ServicesPage {
    frame: StaffFrame,
    errors: FieldErrors,
    form: ServiceForm,
    rows: Vec<Row>,
    currency: Currency,
}

struct Loaded {
    services: Vec<Service>,
    prices: Vec<Price>,
    clinicians: Vec<(StaffId, String)>,
    currency: Currency,
}

async fn load(app: &AppState, staff: &StaffSession) -> Result<Loaded, Fault> {
    app.db
        .read(&staff.scope, |c| {
            Ok(Loaded {
                services: services(c)?,
                prices: prices(c)?,
                clinicians: clinicians(c)?,
                currency: posting_currency(c)?,
            })
        })
        .await
}

fn price_words(words: Words, loaded: &Loaded, price: &Price) -> String {
    let who = match price.staff {
        None => words.get("billing-price-everybody"),
        Some(id) => {
            let known = loaded.clinicians.iter().find(|(known, _)| *known == id);
            known.map(|(_, name)| name.clone()).unwrap_or_default()
        }
    };
    let values = [("amount", price.amount.to_string()), ("who", who), ("date", words.civil_date(price.from))];
    words.with("billing-price-line", &values)
}

fn services_answer(
    app: &AppState,
    staff: &StaffSession,
    loaded: &Loaded,
    form: ServiceForm,
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ServicesPage {
        rows: loaded
            .services
            .iter()
            .map(|service| Row {
                href: format!("/staff/practice/services/{}", service.service_id),
                label: service.label.clone(),
                code: service.code.clone(),
                prices: loaded
                    .prices
                    .iter()
                    .filter(|price| price.service == service.service_id)
                    .take(4)
                    .map(|price| price_words(words, loaded, price))
                    .collect(),
                is_retired: service.state == ServiceState::Retired,
            })
            .collect(),
        currency: loaded.currency,
        frame: staff.frame(app, PRACTICE),
        form,
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The list, and the form of a new one.
pub(super) async fn services_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let loaded = load(&app, &staff).await?;
    let form = ServiceForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        units: "1".to_owned(),
        ..ServiceForm::default()
    };
    services_answer(&app, &staff, &loaded, form, FieldErrors::new())
}

fn fields(form: &mut ServiceForm, words: Words, errors: &mut FieldErrors) -> Option<ServiceFields> {
    let checked =
        input::needed(&form.label, input::MOST_IN_A_DESCRIPTION, "billing-error-description", words);
    let label = text(errors, "label", &mut form.label, checked);
    let checked = input::optional(&form.label_es, input::MOST_IN_A_DESCRIPTION, words);
    let label_es = text(errors, "label_es", &mut form.label_es, checked);
    let code = valid(errors, "code", input::codes(&form.code, 1, words));
    let modifiers = valid(errors, "modifiers", input::codes(&form.modifiers, 4, words));
    let units = valid(errors, "units", input::units(&form.units, words));
    let state = if form.retired.is_empty() { ServiceState::Active } else { ServiceState::Retired };
    Some(ServiceFields {
        code: code?,
        label: label?,
        label_es: label_es?,
        units: units?,
        modifiers: modifiers?,
        state,
    })
}

/// Adds one.
pub(super) async fn add(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let mut form: ServiceForm = staff.form(&body)?;
    let words = staff.words;
    let mark = FormToken::read("service", &staff.staff_id.to_string(), &form.mark, &body)?;
    let loaded = load(&app, &staff).await?;
    let mut errors = FieldErrors::new();
    let new = fields(&mut form, words, &mut errors);
    let price = valid(&mut errors, "price", input::amount(&form.price, loaded.currency, words));
    let (Some(new), Some(price)) = (new, price) else {
        return services_answer(&app, &staff, &loaded, form, errors);
    };
    let (by, today) = (staff.by(), staff.practice.today(app.now()));
    let act = move |c: &mut Scoped<'_>| {
        made_once(c, &mark, |c| {
            // A price holds for services of the past too: the first one for every day that can be posted.
            let id = actions::add_service(c, &by, &new, (price, input::first_day(today)))?;
            Ok(Ok::<ServiceId, Infallible>(id))
        })
    };
    let Ok(_) = app.db.write(&staff.scope, act).await?;
    Ok(see_other("/staff/practice/services?done=billing-service-added"))
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PriceForm {
    mark: String,
    staff: String,
    from: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/service.html")]
struct ServicePage {
    frame: StaffFrame,
    service: Service,
    errors: FieldErrors,
    form: ServiceForm,
    price: PriceForm,
    prices: Vec<String>,
    clinicians: Vec<(String, String)>,
    currency: Currency,
}

fn service_answer(
    app: &AppState,
    staff: &StaffSession,
    (loaded, service): (&Loaded, Service),
    (form, price): (ServiceForm, PriceForm),
    errors: FieldErrors,
) -> PageResult {
    let words = staff.words;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let everybody = (String::new(), words.get("billing-price-everybody"));
    let own = loaded.clinicians.iter().map(|(id, name)| (id.to_string(), name.clone()));
    let page = ServicePage {
        prices: loaded
            .prices
            .iter()
            .filter(|price| price.service == service.service_id)
            .map(|price| price_words(words, loaded, price))
            .collect(),
        clinicians: std::iter::once(everybody).chain(own).collect(),
        currency: loaded.currency,
        frame: staff.frame(app, PRACTICE),
        service,
        form,
        price,
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

fn form_of(service: &Service) -> ServiceForm {
    ServiceForm {
        version: service.version,
        code: service.code.clone(),
        label: service.label.clone(),
        label_es: service.label_es.clone(),
        units: service.units.to_string(),
        modifiers: service.modifiers.clone(),
        retired: if service.state == ServiceState::Retired { "on".to_owned() } else { String::new() },
        ..ServiceForm::default()
    }
}

async fn load_one(
    app: &AppState,
    staff: &StaffSession,
    service: &str,
) -> Result<(Loaded, Service), PageError> {
    let service: ServiceId = id(service)?;
    let loaded = load(app, staff).await?;
    let found = app.db.read(&staff.scope, move |c| find_service(c, service)).await?;
    Ok((loaded, found.ok_or(PageError::NotFound)?))
}

fn new_price(app: &AppState, staff: &StaffSession) -> PriceForm {
    PriceForm {
        mark: FormToken::fresh(app.rng.as_ref()),
        from: staff.practice.today(app.now()).to_string(),
        ..PriceForm::default()
    }
}

/// One of them, with its prices.
pub(super) async fn service_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(service): Path<String>,
) -> PageResult {
    let (loaded, service) = load_one(&app, &staff, &service).await?;
    let forms = (form_of(&service), new_price(&app, &staff));
    service_answer(&app, &staff, (&loaded, service), forms, FieldErrors::new())
}

/// Saves it. What was posted keeps the words and the code that it was posted with.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(service): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: ServiceForm = staff.form(&body)?;
    let words = staff.words;
    let (loaded, service) = load_one(&app, &staff, &service).await?;
    let mut errors = FieldErrors::new();
    let Some(to) = fields(&mut form, words, &mut errors) else {
        let price = new_price(&app, &staff);
        return service_answer(&app, &staff, (&loaded, service), (form, price), errors);
    };
    let (by, id, version) = (staff.by(), service.service_id, form.version);
    let saved = app.db.write(&staff.scope, move |c| actions::save_service(c, &by, id, &to, version)).await?;
    if !saved {
        errors.add("form", words.get("billing-error-changed"));
        let price = new_price(&app, &staff);
        form.version = service.version;
        return service_answer(&app, &staff, (&loaded, service), (form, price), errors);
    }
    Ok(see_other(&format!("/staff/practice/services/{id}?done=billing-service-saved")))
}

/// Sets a price from a day on. No charge that was posted changes.
pub(super) async fn price(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(service): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: PriceForm = staff.form(&body)?;
    let words = staff.words;
    let (loaded, service) = load_one(&app, &staff, &service).await?;
    let mut errors = FieldErrors::new();
    let from = input::read_day(&form.from).ok_or_else(|| words.get("billing-error-a-day"));
    let from = valid(&mut errors, "from", from);
    let amount = valid(&mut errors, "amount", input::amount(&form.amount, loaded.currency, words));
    let who = match form.staff.as_str() {
        "" => Some(None),
        typed => {
            let known = loaded.clinicians.iter().find(|(id, _)| id.to_string() == typed);
            let known = known.map(|(id, _)| Some(*id)).ok_or_else(|| words.get("billing-error-choose"));
            valid(&mut errors, "staff", known)
        }
    };
    let (Some(from), Some(amount), Some(who)) = (from, amount, who) else {
        let kept = form_of(&service);
        return service_answer(&app, &staff, (&loaded, service), (kept, form), errors);
    };
    let (by, id) = (staff.by(), service.service_id);
    let new = Price { service: id, staff: who, from, amount };
    app.db.write(&staff.scope, move |c| actions::set_price(c, &by, &new)).await?;
    Ok(see_other(&format!("/staff/practice/services/{id}?done=billing-price-set")))
}

/// Whose numbers: the practice's, or a clinician's.
struct IdentityRow {
    id: String,
    name: String,
    identity: Identity,
    is_practice: bool,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct IdentityForm {
    /// Empty for the practice.
    staff: String,
    npi: String,
    tax_id: String,
    credentials: String,
    license: String,
    taxonomy: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/identity.html")]
struct IdentityPage {
    frame: StaffFrame,
    errors: FieldErrors,
    /// Whose form is refused.
    of: String,
    rows: Vec<IdentityRow>,
    /// What codes of diagnoses stand for, as the practice says it.
    diagnoses: Vec<(String, String)>,
    diagnosis: DiagnosisForm,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DiagnosisForm {
    code: String,
    words: String,
}

impl IdentityPage {
    /// The fields of one form: name, label, value.
    fn fields<'r>(&self, row: &'r IdentityRow) -> Vec<(&'static str, &'static str, &'r str)> {
        let own = &row.identity;
        let mut fields = vec![("npi", "billing-npi", own.npi.as_str())];
        if row.is_practice {
            fields.push(("tax_id", "billing-tax-id", own.tax_id.as_str()));
        } else {
            fields.push(("credentials", "billing-credentials", own.credentials.as_str()));
            fields.push(("license", "billing-license", own.license.as_str()));
            fields.push(("taxonomy", "billing-taxonomy", own.taxonomy.as_str()));
        }
        fields
    }
}

type Known = (Vec<IdentityRow>, Vec<(String, String)>);

async fn identity_rows(app: &AppState, staff: &StaffSession) -> Result<Known, Fault> {
    let practice = staff.practice.name.clone();
    app.db
        .read(&staff.scope, move |c| {
            let known = identity_store::all(c)?;
            let of = |id: StaffId| known.get(&id).cloned().unwrap_or_default();
            let mut rows = vec![IdentityRow {
                id: String::new(),
                name: practice.clone(),
                identity: of(StaffId::NIL),
                is_practice: true,
            }];
            rows.extend(clinicians(c)?.into_iter().map(|(id, name)| IdentityRow {
                id: id.to_string(),
                name,
                identity: of(id),
                is_practice: false,
            }));
            let own = DiagnosisWords::of(c)?;
            Ok((rows, own.own().map(|(code, words)| (code.to_owned(), words.to_owned())).collect()))
        })
        .await
}

/// By which numbers insurers know the practice and its clinicians.
pub(super) async fn identity_page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let (rows, diagnoses) = identity_rows(&app, &staff).await?;
    let (errors, frame) = (FieldErrors::new(), staff.frame(&app, PRACTICE));
    let diagnosis = DiagnosisForm::default();
    html(IdentityPage { frame, errors, of: String::new(), rows, diagnoses, diagnosis }.render())
}

/// Says what a code of a diagnosis stands for.
pub(super) async fn diagnosis(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let mut form: DiagnosisForm = staff.form(&body)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let code = input::codes(&form.code, 1, words).and_then(|code| {
        if code.is_empty() { Err(words.count("billing-error-codes", "most", 1)) } else { Ok(code) }
    });
    let code = valid(&mut errors, "code", code);
    let checked = input::optional(&form.words, input::MOST_IN_A_DESCRIPTION, words);
    let said = text(&mut errors, "words", &mut form.words, checked);
    let (Some(code), Some(said)) = (code, said) else {
        let (rows, diagnoses) = identity_rows(&app, &staff).await?;
        let frame = staff.frame(&app, PRACTICE);
        let of = "diagnosis".to_owned();
        let page = IdentityPage { frame, errors, of, rows, diagnoses, diagnosis: form };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response());
    };
    let by = staff.by();
    app.db.write(&staff.scope, move |c| actions::set_diagnosis_words(c, &by, &code, &said)).await?;
    Ok(see_other("/staff/practice/identity?done=billing-diagnosis-set"))
}

/// Saves one's numbers.
pub(super) async fn identity(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let mut form: IdentityForm = staff.form(&body)?;
    let words = staff.words;
    let (mut rows, diagnoses) = identity_rows(&app, &staff).await?;
    let at = rows.iter().position(|row| row.id == form.staff).ok_or(PageError::NotFound)?;
    let mut errors = FieldErrors::new();
    let npi = valid(
        &mut errors,
        "npi",
        identity_store::npi(&form.npi).ok_or_else(|| words.get("billing-error-npi")),
    );
    let tax_id = identity_store::tax_id(&form.tax_id).ok_or_else(|| words.get("billing-error-tax-id"));
    let tax_id = valid(&mut errors, "tax_id", tax_id);
    let checked = input::optional(&form.credentials, 40, words);
    let credentials = text(&mut errors, "credentials", &mut form.credentials, checked);
    let checked = input::optional(&form.license, 60, words);
    let license = text(&mut errors, "license", &mut form.license, checked);
    let taxonomy =
        identity_store::taxonomy(&form.taxonomy).ok_or_else(|| words.get("billing-error-taxonomy"));
    let taxonomy = valid(&mut errors, "taxonomy", taxonomy);
    let (Some(npi), Some(tax_id), Some(credentials), Some(license), Some(taxonomy)) =
        (npi, tax_id, credentials, license, taxonomy)
    else {
        let of = form.staff.clone();
        rows[at].identity = Identity {
            npi: form.npi,
            tax_id: form.tax_id,
            credentials: form.credentials,
            license: form.license,
            taxonomy: form.taxonomy,
        };
        let (frame, diagnosis) = (staff.frame(&app, PRACTICE), DiagnosisForm::default());
        let page = IdentityPage { frame, errors, of, rows, diagnoses, diagnosis };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response());
    };
    let by = staff.by();
    let id: StaffId = if form.staff.is_empty() { StaffId::NIL } else { id(&form.staff)? };
    let to = Identity { npi, tax_id, credentials, license, taxonomy };
    app.db.write(&staff.scope, move |c| actions::set_identity(c, &by, id, &to)).await?;
    Ok(see_other("/staff/practice/identity?done=billing-identity-set"))
}
