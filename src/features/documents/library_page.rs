//! Where staff find what the documents of all charts are made of: templates, packets, and the check of a signed document.

use askama::Template;
use axum::extract::State;

use crate::features::staff::StaffSession;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};

/// The navigation entry of documents.
pub const LIBRARY: Section = Section("/staff/documents");

/// What there is, who may use it, its name and what is said of it.
const ALL: [(&str, Permission, &str, &str); 4] = [
    ("/staff/templates", Permission::EditTemplates, "templates-title", "templates-text"),
    ("/staff/packets", Permission::EditTemplates, "packets-title", "packets-text"),
    ("/staff/packet-sendings", Permission::SendPackets, "packets-many-title", "packets-many-text"),
    ("/staff/verify", Permission::SeeDocuments, "signing-verify-link", "documents-library-verify"),
];

struct Line {
    href: &'static str,
    name: String,
    text: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/library_page.html")]
struct Page {
    frame: StaffFrame,
    lines: Vec<Line>,
}

/// What this staff member may use of it.
pub(super) async fn page(State(app): State<AppState>, staff: StaffSession) -> PageResult {
    let lines = ALL
        .into_iter()
        .filter(|(_, needs, ..)| staff.may(*needs))
        .map(|(href, _, name, text)| Line { href, name: staff.words.get(name), text: staff.words.get(text) })
        .collect();
    html(Page { frame: staff.frame(&app, LIBRARY), lines }.render())
}
