//! The OpenAPI document, made from the handlers and types themselves, and the same as a page that
//! people read.

use std::sync::LazyLock;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    access_log, age_rules, appointment_requests, appointments, billing, charts, closing, document_requests,
    documents, emergency, grants, hidden_lines, info_changes, jurisdictions, messages, openings, packets,
    papers, payers, problem, reports, series, signing, template_edit, templates, uploads, verdicts,
};
use crate::platform::i18n::{Language, Words};
use crate::platform::state::AppState;
use crate::platform::web::accent::Accent;
use crate::platform::web::errors::html;
use crate::platform::web::{PageResult, assets, language};

#[derive(OpenApi)]
#[openapi(
    info(title = "Anteroom", description = "Charts in, invitations out: the API of a practice's client portal."),
    paths(
        access_log::of_chart, hidden_lines::list, hidden_lines::hide, hidden_lines::show, charts::list, charts::create, charts::read, charts::change,
        closing::close, closing::reopen, closing::freeze, closing::unfreeze, emergency::of_chart, emergency::set,
        grants::of_chart, grants::add, grants::invite, grants::invite_holder, grants::change,
        grants::pause, grants::resume, grants::withhold, grants::give_back, grants::consent_to_part2, grants::revoke_part2,
        age_rules::list, age_rules::add, age_rules::end,
        jurisdictions::list, jurisdictions::set, jurisdictions::set_status,
        verdicts::read, grants::preview_owner, grants::change_owner, grants::undo_change_owner,
        grants::list, grants::read, grants::resend, grants::cancel, grants::revoke, grants::restore,
        info_changes::list, info_changes::read, info_changes::decide,
        messages::of_chart, messages::begin, messages::list, messages::write, messages::file,
        messages::no_reply_needed, messages::close, messages::reopen, messages::transfer, messages::add_party,
        messages::parties, messages::end_party, messages::crisis_words, messages::set_crisis_words, messages::take_back,
        appointments::places, appointments::clinicians, appointments::list, appointments::read,
        appointments::book, appointments::move_to, appointments::cancel,
        appointments::add_client, appointments::remove_client, appointments::keep,
        series::list, series::read, series::make, series::split, series::end,
        appointments::arrive, appointments::no_show, appointments::undo, appointments::set_video_link,
        appointment_requests::list, appointment_requests::read, appointment_requests::confirm,
        appointment_requests::offer, appointment_requests::decline,
        openings::types, openings::list, openings::free_busy,
        billing::account, billing::charges, billing::post_charge, billing::charge, billing::explanation,
        billing::adjust, billing::void, billing::payments, billing::record_payment, billing::payment,
        billing::undo_payment, billing::refund, billing::statements, billing::make_statement, billing::statement,
        billing::statement_file,
        papers::invoices, papers::make_invoice, papers::invoice, papers::invoice_file, papers::void_invoice,
        papers::superbills, papers::make_superbill, papers::superbill, papers::superbill_file,
        payers::list_services, payers::responsibility, payers::set_responsibility, payers::fee_agreements,
        payers::agree_on_fee, payers::insurances, payers::add_insurance, payers::disputes,
        payers::list_remittances, payers::enter_remittance, payers::remittance,
        billing::receipt_file, reports::open_by_age, reports::posted_on,
        documents::list, documents::create, uploads::upload, uploads::start, uploads::read, uploads::put,
        uploads::complete, documents::read, documents::content_of,
        documents::add_version, documents::share, documents::end_share, documents::withdraw,
        templates::list, templates::make, template_edit::read, template_edit::create, template_edit::change,
        template_edit::retire, template_edit::restore,
        packets::list, packets::create, packets::read, packets::change, packets::retire, packets::restore,
        packets::send_to_many, packets::sending, packets::of_chart, packets::send, packets::withdraw,
        document_requests::list, document_requests::answer, document_requests::accept, document_requests::decline, document_requests::file,
        signing::read, signing::ask, signing::remind, signing::extend, signing::replace, signing::cancel,
        signing::evidence,
    ),
    modifiers(&Key),
    tags(
        (name = "Charts", description = "A client's record in the practice."),
        (name = "Accounts", description = "What a chart's client owes: charges, payments, refunds, statements, invoices, superbills; services, who pays, insurers."),
        (name = "Grants", description = "Who may see a chart in the portal: invitations, access, and their state."),
        (name = "Information", description = "What clients change of their information in the portal, and what the practice decides of it."),
        (name = "Messages", description = "Threads between clients and the front desk. Of threads with a clinician or with billing a key sees that they wait, and no word."),
        (name = "Appointments", description = "Who sees whom, when and where: booking, moving, canceling."),
        (name = "Documents", description = "What the practice writes or uploads for a client to read: versions, shares, readings."),
        (name = "Signatures", description = "Who is asked to sign a document, in which order, and the evidence of it. No key can sign."),
    )
)]
struct Document;

/// How a caller shows who it is.
struct Key;

impl Modify for Key {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description =
            Some("A key that an administrator of the practice made, with its scopes.".into());
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
    }
}

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(Document::openapi()).unwrap_or(Value::Null));

/// The OpenAPI 3.1 document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// `GET /api/openapi.json`.
pub async fn json() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document().to_string())
}

struct Field {
    name: String,
    kind: String,
    link: Option<String>,
    required: bool,
    text: String,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    title: String,
    scope: String,
    parameters: Vec<Field>,
    body: Option<String>,
    answers: Vec<Field>,
}

struct Schema {
    name: String,
    text: String,
    fields: Vec<Field>,
}

#[derive(askama::Template)]
#[template(path = "features/api/templates/docs.html")]
struct DocsPage {
    words: Words,
    css: String,
    icon: &'static str,
    origin: String,
    groups: Vec<(String, String, Vec<Operation>)>,
    schemas: Vec<Schema>,
    problems: Vec<(String, u16, &'static str)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The name at the end of `#/components/schemas/NAME`.
fn named(schema: &Value) -> Option<String> {
    schema["$ref"].as_str().and_then(|at| at.rsplit('/').next()).map(str::to_owned)
}

/// A schema in words, and the type that it leads to.
fn kind(schema: &Value) -> (String, Option<String>) {
    if let Some(name) = named(schema) {
        return (name.clone(), Some(name));
    }
    for either in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[either].as_array()
            && let Some(real) = options.iter().find(|o| o["type"] != "null")
        {
            return kind(real);
        }
    }
    let word = match &schema["type"] {
        Value::Array(words) => {
            words.iter().filter_map(Value::as_str).find(|w| *w != "null").unwrap_or_default()
        }
        other => other.as_str().unwrap_or_default(),
    };
    if word == "array" {
        let (inner, link) = kind(&schema["items"]);
        return (format!("[{inner}]"), link);
    }
    match schema["format"].as_str() {
        Some(format) if word == "string" => (format.to_owned(), None),
        _ => (word.to_owned(), None),
    }
}

fn operation(path: &str, method: &str, o: &Value) -> Operation {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let parameters = list(&o["parameters"])
        .iter()
        .map(|p| {
            let (kind, link) = kind(&p["schema"]);
            Field {
                name: text(&p["name"]),
                kind: format!("{} · {kind}", text(&p["in"])),
                link,
                required: p["required"] == true,
                text: text(&p["description"]),
            }
        })
        .collect();
    let answers = o["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(status, answer)| {
            let content = answer["content"].as_object().and_then(|c| c.values().next());
            let (kind, link) = content.map(|c| kind(&c["schema"])).unwrap_or_default();
            Field { name: status.clone(), kind, link, required: false, text: text(&answer["description"]) }
        })
        .collect();
    let body = &o["requestBody"]["content"]["application/json"]["schema"];
    Operation {
        anchor: text(&o["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        title: text(&o["summary"]),
        scope: list(&o["security"])
            .iter()
            .flat_map(|s| list(&s["api_key"]))
            .map(|s| text(&s))
            .collect::<Vec<_>>()
            .join(" "),
        parameters,
        body: named(body),
        answers,
    }
}

fn schemas() -> Vec<Schema> {
    let fields = |schema: &Value| {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, property)| {
                let (kind, link) = kind(property);
                Field {
                    required: required.contains(&name.as_str()),
                    name: name.clone(),
                    kind,
                    link,
                    text: text(&property["description"]),
                }
            })
            .collect()
    };
    document()["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| Schema {
            name: name.clone(),
            text: text(&schema["description"]),
            fields: fields(schema),
        })
        .collect()
}

/// `GET /api`: the document for people.
pub async fn page(State(app): State<AppState>, RawQuery(query): RawQuery, headers: HeaderMap) -> PageResult {
    let language = language::chosen(&app.settings, query.as_deref(), &headers).unwrap_or(Language::English);
    let mut groups: Vec<(String, String, Vec<Operation>)> = document()["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| (text(&tag["name"]), text(&tag["description"]), Vec::new()))
        .collect();
    for (path, methods) in document()["paths"].as_object().into_iter().flatten() {
        for (method, o) in methods.as_object().into_iter().flatten() {
            let tag = text(&o["tags"][0]);
            if let Some(group) = groups.iter_mut().find(|(name, ..)| *name == tag) {
                group.2.push(operation(path, method, o));
            }
        }
    }
    html(askama::Template::render(&DocsPage {
        words: Words::of(language),
        css: assets::css_path(Accent::default()),
        icon: assets::icon_path(),
        origin: app.settings.public_url.clone(),
        groups,
        schemas: schemas(),
        problems: problem::ALL.iter().map(|k| (k.urn(), k.status, k.title)).collect(),
    }))
}
