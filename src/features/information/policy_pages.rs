//! How strict the practice is about what clients change.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;

use crate::features::information::audit::InfoAction;
use crate::features::information::fields;
use crate::features::information::store::{self, FieldPolicy};
use crate::features::people::{CLIENT_FIELDS, ClientChange, ClientField};
use crate::features::settings::PRACTICE;
use crate::features::staff::{StaffSession, StaffTicket};
use crate::platform::audit::{self, Event};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

struct Row {
    name: &'static str,
    label: String,
    choice: ClientChange,
    choices: Vec<(ClientChange, String)>,
}

#[derive(Template)]
#[template(path = "features/information/templates/policy.html")]
struct PolicyPage {
    frame: StaffFrame,
    rows: Vec<Row>,
}

fn row(words: Words, policy: &FieldPolicy, field: &ClientField) -> Row {
    let stricter = ClientChange::ALL.iter().filter(|change| **change >= field.change);
    Row {
        name: field.name,
        label: fields::label(words, field.name),
        choice: policy.of(field.name),
        choices: stricter
            .map(|change| (*change, words.get(&format!("information-policy-{change}"))))
            .collect(),
    }
}

/// The fields, each with what becomes of a change.
pub(super) async fn page(State(app): State<AppState>, ticket: StaffTicket) -> PageResult {
    let (staff, policy) = ticket.open(&app, |c, _| store::policy(c)).await?;
    let page = PolicyPage {
        rows: CLIENT_FIELDS.iter().map(|field| row(staff.words, &policy, field)).collect(),
        frame: staff.frame(&app, PRACTICE),
    };
    html(page.render())
}

/// Saves them. A field that is not in the form stays as it is; one that would become looser is refused.
pub(super) async fn save(State(app): State<AppState>, staff: StaffSession, body: Bytes) -> PageResult {
    let pairs: Vec<(String, String)> = staff.form(&body)?;
    let mut wanted = Vec::new();
    for (name, value) in pairs {
        let field = ClientField::named(&name).ok_or(PageError::BadRequest)?;
        let change: ClientChange = value.parse().map_err(|_| PageError::BadRequest)?;
        if change < field.change {
            return Err(PageError::BadRequest);
        }
        wanted.push((field.name, change));
    }
    let by = staff.by();
    app.db
        .write(&staff.scope, move |c| {
            let before = store::policy(c)?;
            let changed: Vec<_> =
                wanted.iter().filter(|(field, change)| before.of(field) != *change).collect();
            for (field, change) in &changed {
                store::set_policy(c, field, *change)?;
            }
            if changed.is_empty() {
                return Ok(());
            }
            let details: serde_json::Map<_, _> =
                changed.iter().map(|(field, change)| ((*field).to_owned(), change.word().into())).collect();
            let event = Event::new(by.clone(), InfoAction::PolicyChanged);
            audit::record(c, event.with(serde_json::Value::Object(details)))
        })
        .await?;
    Ok(see_other("/staff/practice/information?done=saved"))
}
