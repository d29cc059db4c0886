//! `/styleguide`: every component in every state on one page, for designers.
//! Only the demo registers it. Its texts are samples, so they are in the template and not in the
//! catalogue.

use askama::Template;
use axum::extract::{Query, State};

use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::{Needs, Right, Role};
use crate::platform::state::AppState;
use crate::platform::web::accent::Accent;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::{ClientFrame, ClientMark, Contact};
use crate::platform::web::frame::{StaffFrame, StaffMark};
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, Routes, html};

/// The routes; registered by the demo alone.
pub fn styleguide_routes() -> Routes {
    Routes::new().get("/styleguide", Needs::Nothing, staff_side).get(
        "/styleguide/client",
        Needs::Nothing,
        client_side,
    )
}

/// Colours that practices really pick, from too pale to too dark.
const ACCENTS: &[&str] = &["2f6f62", "7a4e9e", "b4532a", "1d4f91", "c2185b", "f2c14e", "9ad1d4", "111111"];

#[derive(serde::Deserialize)]
struct Choice {
    #[serde(default)]
    accent: String,
}

#[derive(Template)]
#[template(path = "platform/web/templates/styleguide.html")]
struct StaffSide {
    frame: StaffFrame,
    errors: FieldErrors,
    none: FieldErrors,
    accents: &'static [&'static str],
    roles: Vec<(&'static str, String)>,
}

fn sample_errors() -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.add("wrong", "Enter an e-mail address, such as name@example.org.");
    errors
}

async fn staff_side(State(app): State<AppState>, Query(choice): Query<Choice>) -> PageResult {
    let words = Words::of(Language::English);
    let mark = StaffMark {
        name: "Ruth Okafor",
        role: Role::Administrator,
        csrf: "",
        session_seconds: 900,
        done: Some("saved"),
        waiting: &[(Section("/staff/worklist"), 12)],
    };
    let accent = format!("#{}", Accent::of(&choice.accent).hex());
    let frame = StaffFrame::outside(words, "Riverbend Counseling", "riverbend", &accent).inside(
        mark,
        app.navigation,
        Section("/staff/charts"),
    );
    let roles = Role::ALL.iter().map(|role| (role.word(), role.word().to_owned())).collect();
    let (errors, none) = (sample_errors(), FieldErrors::new());
    html(StaffSide { frame, errors, none, accents: ACCENTS, roles }.render())
}

#[derive(Template)]
#[template(path = "platform/web/templates/styleguide_client.html")]
struct ClientSide {
    frame: ClientFrame,
    errors: FieldErrors,
    none: FieldErrors,
}

async fn client_side(State(app): State<AppState>, Query(choice): Query<Choice>) -> PageResult {
    let words = Words::of(Language::English);
    let contact = Contact {
        phone: "(555) 555-0142".into(),
        text_phone: "(555) 555-0143".into(),
        email: "hello@riverbend.example.org".into(),
        website: "https://riverbend.example.org".into(),
        postal_address: "12 Mill Lane".into(),
    };
    let accent = format!("#{}", Accent::of(&choice.accent).hex());
    let mark = ClientMark { person: "Ana", csrf: "", session_seconds: 1_800, done: None, rights: Right::ALL };
    let frame = ClientFrame::bare(words, "Riverbend Counseling", "riverbend", &accent, contact).inside(
        mark,
        app.navigation,
        Section("/portal"),
    );
    html(ClientSide { frame, errors: sample_errors(), none: FieldErrors::new() }.render())
}
