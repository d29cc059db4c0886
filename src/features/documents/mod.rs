//! Documents: what the practice sends for a client to read.

mod audit;
pub mod body;
mod client_pages;
mod staff_pages;
mod store;

pub use audit::DocumentAction;
pub use store::{
    Document, DocumentKind, NewDocument, Unread, find, list_of, mark_opened, send, unread, withdraw,
};

use crate::platform::feature::Feature;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::ClientNav;

impl DocumentKind {
    /// In words.
    pub fn label(self, words: Words) -> String {
        words.get(&format!("documents-kind-{}", self.word()))
    }
}

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::DocumentAction::ACTIONS,
    client_nav: &[ClientNav {
        section: client_pages::MINE,
        label: "nav-documents",
        icon: "documents",
        needs: Some(Right::Documents),
        order: 20,
    }],
    chart_tabs: &[staff_pages::TAB],
    ..Feature::new("documents", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let read = Needs::Client(Right::Documents, Level::View);
    let see = Needs::Staff(Permission::SeeDocuments);
    Routes::new()
        .get("/portal/documents", read, client_pages::list)
        .get("/portal/documents/{document}", read, client_pages::show)
        .get("/portal/documents/{document}/text", read, client_pages::text)
        .get("/staff/charts/{chart}/documents", see, staff_pages::list)
        .get("/staff/charts/{chart}/documents/{document}", see, staff_pages::show)
}
