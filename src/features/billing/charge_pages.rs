//! The form of a charge: a service at its price, or anything else for an amount; for a visit, for the insurer, for the
//! client's eyes alone.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use jiff::civil::Date;

use crate::features::billing::act_pages::{Asks, alike_line, answer_asking, id, load, refused, text, valid};
use crate::features::billing::actions::{Refused, once};
use crate::features::billing::charges::{Details, NewService, Pays, Price};
use crate::features::billing::doubts;
use crate::features::billing::encounter_store::{EncounterLabel, Visit, clinicians, find_visit};
use crate::features::billing::input::{self, Least};
use crate::features::billing::insurance_store::{Coverage, coverages};
use crate::features::billing::service_store::{Service, ServiceState, services};
use crate::features::billing::staff_pages::{TAB, path};
use crate::features::billing::store::{Charge, NewCharge};
use crate::features::ledger::posting_currency;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AppointmentId, ChartId, StaffId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, see_other};

/// Places where a visit can be, by the codes that insurers use: office, telehealth at home, telehealth elsewhere, home.
const PLACES: [&str; 4] = ["11", "10", "02", "12"];
/// Diagnoses of one visit.
const MOST_DIAGNOSES: usize = 12;
/// Modifiers of one code.
const MOST_MODIFIERS: usize = 4;

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Form {
    mark: String,
    /// The appointment; empty for none.
    visit: String,
    on: String,
    service: String,
    units: String,
    description: String,
    amount: String,
    staff: String,
    supervisor: String,
    place: String,
    diagnoses: String,
    modifiers: String,
    /// `self_pay`, `withheld`, or the id of a coverage.
    payer: String,
    copay: String,
    confidential: String,
    /// The charges like it that were shown when it was asked about last.
    despite: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct VisitQuery {
    visit: String,
}

/// What the form offers.
struct Offered {
    currency: Currency,
    services: Vec<Service>,
    clinicians: Vec<(StaffId, String)>,
    coverages: Vec<Coverage>,
    visit: Option<Visit>,
}

fn offered(
    c: &mut Scoped<'_>,
    chart: ChartId,
    visit: Option<AppointmentId>,
) -> Result<Option<Offered>, Fault> {
    let visit = match visit {
        None => None,
        Some(id) => match find_visit(c, chart, id)? {
            None => return Ok(None),
            found => found,
        },
    };
    let mut services = services(c)?;
    services.retain(|service| service.state == ServiceState::Active);
    Ok(Some(Offered {
        currency: posting_currency(c)?,
        services,
        clinicians: clinicians(c)?,
        coverages: coverages(c, chart)?,
        visit,
    }))
}

type Choices = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "features/billing/templates/charge.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    errors: FieldErrors,
    form: Form,
    first: Date,
    last: Date,
    currency: Currency,
    visit: Option<String>,
    services: Choices,
    clinicians: Choices,
    places: Choices,
    payers: Choices,
    has_insurance: bool,
    /// Charges like it that are there already.
    asks: Option<Asks>,
}

fn page(
    app: &AppState,
    staff: &StaffSession,
    (room, offered): (&ChartRoom, &Offered),
    form: Form,
    (asks, errors): (Option<Asks>, FieldErrors),
) -> PageResult {
    let (words, last) = (staff.words, staff.practice.today(app.now()));
    let none = |key: &str| std::iter::once((String::new(), words.get(key)));
    let payer = |key: &str| (key.to_owned(), words.get(&format!("billing-payer-{}", key.replace('_', "-"))));
    let insured = offered.coverages.iter().map(|one| {
        let until = one.until.map(|end| words.civil_date(end)).unwrap_or_default();
        let name = if until.is_empty() {
            one.insurer.name.clone()
        } else {
            format!("{} – {until}", one.insurer.name)
        };
        (one.insurance_id.to_string(), name)
    });
    let page = Page {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        frame: staff.frame(app, CHARTS),
        first: input::first_day(last),
        last,
        currency: offered.currency,
        visit: offered.visit.as_ref().map(|visit| words.date_time(visit.starts_at, &staff.zone)),
        services: none("billing-service-none")
            .chain(offered.services.iter().map(|service| {
                let code =
                    if service.code.is_empty() { String::new() } else { format!("{} · ", service.code) };
                (service.service_id.to_string(), format!("{code}{}", service.label))
            }))
            .collect(),
        clinicians: none("billing-clinician-none")
            .chain(offered.clinicians.iter().map(|(id, name)| (id.to_string(), name.clone())))
            .collect(),
        places: none("billing-place-none")
            .chain(
                PLACES.iter().map(|code| ((*code).to_owned(), words.get(&format!("billing-place-{code}")))),
            )
            .collect(),
        payers: [payer("self_pay"), payer("withheld")].into_iter().chain(insured).collect(),
        has_insurance: !offered.coverages.is_empty(),
        form,
        errors,
        asks,
    };
    let rendered = page.render();
    answer_asking(&page.errors, page.asks.as_ref(), rendered)
}

/// The charges that are there already, in words.
fn charge_asks(words: Words, alike: &[Charge]) -> Asks {
    let line = |one: &Charge| {
        let what = (one.description.clone(), one.money());
        alike_line(words, &one.on_date, what, &one.created_by_name)
    };
    Asks {
        title: words.get("billing-charge-asks"),
        text: words.get("billing-charge-alike"),
        lines: alike.iter().map(line).collect(),
    }
}

fn visit_of(typed: &str) -> Result<Option<AppointmentId>, PageError> {
    if typed.is_empty() { Ok(None) } else { id(typed).map(Some) }
}

/// The form. For a visit, its day and its clinician stand in it.
pub(super) async fn charge_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    Query(query): Query<VisitQuery>,
) -> PageResult {
    let chart: ChartId = id(&chart)?;
    let visit = visit_of(&query.visit)?;
    let (room, offered) = load(&app, &staff, chart, move |c| offered(c, chart, visit)).await?;
    let zone = staff.practice.zone();
    let today = staff.practice.today(app.now());
    let form = Form {
        mark: FormToken::fresh(app.rng.as_ref()),
        on: offered.visit.as_ref().map_or(today, |visit| visit.starts_at.in_zone(&zone).date()).to_string(),
        staff: offered.visit.as_ref().map(|visit| visit.staff.to_string()).unwrap_or_default(),
        visit: query.visit,
        payer: "self_pay".to_owned(),
        ..Form::default()
    };
    page(&app, &staff, (&room, &offered), form, (None, FieldErrors::new()))
}

/// What was typed, checked; `None` where something is wrong.
fn read(
    form: &mut Form,
    (chart, today): (ChartId, Date),
    offered: &Offered,
    staff: &StaffSession,
    errors: &mut FieldErrors,
) -> Option<NewService> {
    let words = staff.words;
    let on = valid(errors, "on", input::day(input::read_day(&form.on), today, words));
    let service = match form.service.as_str() {
        "" => Some(None),
        typed => {
            let known = offered.services.iter().find(|service| service.service_id.to_string() == typed);
            valid(errors, "service", known.map(Some).ok_or_else(|| words.get("billing-error-choose")))
        }
    };
    let has_service = service.flatten().is_some();
    let most = input::MOST_IN_A_DESCRIPTION;
    let checked = if has_service {
        input::optional(&form.description, most, words)
    } else {
        input::needed(&form.description, most, "billing-error-description", words)
    };
    let description = text(errors, "description", &mut form.description, checked);
    // With a service the amount may be left out: then it costs what the list says.
    let (price, amount) = if has_service && form.amount.trim().is_empty() {
        (Price::Listed, Some(Money::new(0, offered.currency)))
    } else {
        (Price::Typed, valid(errors, "amount", input::amount(&form.amount, offered.currency, words)))
    };
    let units = match form.units.trim() {
        "" => Some(None),
        typed => valid(errors, "units", input::units(typed, words)).map(Some),
    };
    let clinician = |errors: &mut FieldErrors, field: &'static str, typed: &str| match typed {
        "" => Some(None),
        typed => {
            let known = offered.clinicians.iter().find(|(id, _)| id.to_string() == typed);
            let known = known.map(|(id, _)| Some(*id)).ok_or_else(|| words.get("billing-error-choose"));
            valid(errors, field, known)
        }
    };
    let who = clinician(errors, "staff", &form.staff);
    let supervisor = clinician(errors, "supervisor", &form.supervisor);
    let place = match form.place.as_str() {
        place if place.is_empty() || PLACES.contains(&place) => Some(place.to_owned()),
        _ => valid(errors, "place", Err(words.get("billing-error-choose"))),
    };
    let diagnoses = valid(errors, "diagnoses", input::codes(&form.diagnoses, MOST_DIAGNOSES, words));
    let modifiers = valid(errors, "modifiers", input::codes(&form.modifiers, MOST_MODIFIERS, words));
    let copay = input::amount_from(&form.copay, Least::Nothing, offered.currency, words);
    let copay = valid(errors, "copay", copay);
    let pays = match form.payer.as_str() {
        "self_pay" | "" => Some(Pays::SelfPay),
        "withheld" => Some(Pays::Withheld),
        typed => {
            let known = offered.coverages.iter().find(|one| one.insurance_id.to_string() == typed);
            let known = known.map(|one| one.insurance_id).ok_or_else(|| words.get("billing-error-choose"));
            valid(errors, "payer", known).zip(copay).map(|(id, copay)| Pays::Insurer(id, copay))
        }
    };
    let visit = offered.visit.as_ref().map(|visit| visit.appointment);
    let (on, description, amount) = (on?, description?, amount?);
    Some(NewService {
        charge: NewCharge { chart, on, description, amount },
        price,
        details: Details {
            service: service?.map(|service| service.service_id),
            units: units?,
            modifiers: modifiers?,
            staff: who?,
            supervisor: supervisor?,
            place: place?,
            diagnoses: diagnoses?,
            appointment: visit,
            label: (!form.confidential.is_empty()).then_some(EncounterLabel::Confidential),
            pays: pays?,
        },
    })
}

/// Posts it.
pub(super) async fn charge(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let mut form: Form = staff.form(&body)?;
    let (chart, words): (ChartId, _) = (id(&chart)?, staff.words);
    let mark = FormToken::read("charge", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let visit = visit_of(&form.visit)?;
    let (room, offered) = load(&app, &staff, chart, move |c| offered(c, chart, visit)).await?;
    let mut errors = FieldErrors::new();
    let today = staff.practice.today(app.now());
    let Some(new) =
        read(&mut form, (chart, today), &offered, &staff, &mut errors).filter(|_| errors.is_empty())
    else {
        form.despite.clear();
        return page(&app, &staff, (&room, &offered), form, (None, errors));
    };
    let (by, seen, asked) = (staff.by(), std::mem::take(&mut form.despite), new.clone());
    let act = move |c: &mut Scoped<'_>| {
        Ok(doubts::post_asking(c, &by, &new, &seen)?.map(|posted| posted.charge_id))
    };
    match once(&app, &staff.scope, chart, mark, act).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=billing-charged", path(chart)))),
        // Another tab was faster: the visit has its one charge.
        Err(Refused::ChargedBefore(_)) => {
            Ok(see_other(&format!("{}?done=billing-charged-before", path(chart))))
        }
        Err(Refused::Doubtful) => {
            let alike = app.db.read(&staff.scope, move |c| doubts::alike_charges(c, &asked)).await?;
            let alike = alike.map_err(|_| PageError::NotFound)?;
            form.despite = doubts::mark_of_charges(&alike);
            page(&app, &staff, (&room, &offered), form, (Some(charge_asks(words, &alike)), errors))
        }
        Err(Refused::TooMuch(most)) => {
            errors.add("copay", words.with1("billing-error-at-most", "most", most));
            page(&app, &staff, (&room, &offered), form, (None, errors))
        }
        Err(why) => {
            refused(words, why, &mut errors)?;
            page(&app, &staff, (&room, &offered), form, (None, errors))
        }
    }
}
