//! The JSON API `/api/v1` for an EHR that drives this, its keys, and its documentation.

mod appointments;
mod billing;
mod billing_json;
mod caller;
mod charts;
mod docs;
mod document_json;
mod documents;
mod grants;
mod idempotency;
mod idempotency_store;
mod json;
mod key_pages;
mod messages;
mod precondition;
mod problem;
mod schedule_json;
mod usual;

pub use docs::document;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission, Scope};
use crate::platform::web::Routes;
use crate::platform::web::nav::StaffNav;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    staff_nav: &[StaffNav {
        section: key_pages::API_KEYS,
        label: "nav-api-keys",
        icon: "api-keys",
        needs: Permission::ManageApiKeys,
        order: 70,
        waiting: None,
        first_for: &[],
    }],
    ..Feature::new("api", routes)
};

/// The routes of this feature.
#[rustfmt::skip]
fn routes() -> Routes {
    let keys = Needs::Staff(Permission::ManageApiKeys);
    let (read_charts, write_charts) = (Needs::ApiKey(Scope::ChartsRead), Needs::ApiKey(Scope::ChartsWrite));
    let (read_messages, write_messages) =
        (Needs::ApiKey(Scope::MessagesRead), Needs::ApiKey(Scope::MessagesWrite));
    let (read_grants, write_grants) = (Needs::ApiKey(Scope::GrantsRead), Needs::ApiKey(Scope::GrantsWrite));
    let read_appointments = Needs::ApiKey(Scope::AppointmentsRead);
    let write_appointments = Needs::ApiKey(Scope::AppointmentsWrite);
    let read_billing = Needs::ApiKey(Scope::BillingRead);
    let write_billing = Needs::ApiKey(Scope::BillingWrite);
    let write_payments = Needs::ApiKey(Scope::PaymentsWrite);
    let (read_documents, write_documents) =
        (Needs::ApiKey(Scope::DocumentsRead), Needs::ApiKey(Scope::DocumentsWrite));
    Routes::new()
        .get("/api/v1/places", read_appointments, appointments::places)
        .get("/api/v1/clinicians", read_appointments, appointments::clinicians)
        .get("/api/v1/appointments", read_appointments, appointments::list)
        .post("/api/v1/appointments", write_appointments, appointments::book)
        .get("/api/v1/appointments/{appointment}", read_appointments, appointments::read)
        .post("/api/v1/appointments/{appointment}/move", write_appointments, appointments::move_to)
        .post("/api/v1/appointments/{appointment}/cancel", write_appointments, appointments::cancel)
        .get("/api", Needs::Nothing, docs::page)
        .get("/api/openapi.json", Needs::Nothing, docs::json)
        .get("/api/v1/charts", read_charts, charts::list)
        .post("/api/v1/charts", write_charts, charts::create)
        .get("/api/v1/charts/{chart}", read_charts, charts::read)
        .patch("/api/v1/charts/{chart}", write_charts, charts::change)
        .get("/api/v1/charts/{chart}/grants", read_grants, grants::of_chart)
        .post("/api/v1/charts/{chart}/grants", write_grants, grants::add)
        .post("/api/v1/charts/{chart}/invite", write_grants, grants::invite)
        .post("/api/v1/charts/{chart}/change-owner", write_grants, grants::change_owner)
        .post("/api/v1/charts/{chart}/undo-change-owner", write_grants, grants::undo_change_owner)
        .get("/api/v1/grants", read_grants, grants::list)
        .get("/api/v1/grants/{grant}", read_grants, grants::read)
        .patch("/api/v1/grants/{grant}", write_grants, grants::change)
        .post("/api/v1/grants/{grant}/invite", write_grants, grants::invite_holder)
        .post("/api/v1/grants/{grant}/pause", write_grants, grants::pause)
        .post("/api/v1/grants/{grant}/resume", write_grants, grants::resume)
        .post("/api/v1/grants/{grant}/resend", write_grants, grants::resend)
        .post("/api/v1/grants/{grant}/cancel", write_grants, grants::cancel)
        .post("/api/v1/grants/{grant}/revoke", write_grants, grants::revoke)
        .post("/api/v1/grants/{grant}/restore", write_grants, grants::restore)
        .get("/api/v1/charts/{chart}/threads", read_messages, messages::of_chart)
        .post("/api/v1/threads", write_messages, messages::begin)
        .get("/api/v1/threads/{thread}/messages", read_messages, messages::list)
        .post("/api/v1/threads/{thread}/messages", write_messages, messages::write)
        .post("/api/v1/threads/{thread}/no-reply-needed", write_messages, messages::no_reply_needed)
        .post("/api/v1/threads/{thread}/close", write_messages, messages::close)
        .post("/api/v1/threads/{thread}/reopen", write_messages, messages::reopen)
        .get("/api/v1/charts/{chart}/account", read_billing, billing::account)
        .get("/api/v1/charts/{chart}/charges", read_billing, billing::charges)
        .post("/api/v1/charts/{chart}/charges", write_billing, billing::post_charge)
        .get("/api/v1/charges/{charge}", read_billing, billing::charge)
        .get("/api/v1/charges/{charge}/explanation", read_billing, billing::explanation)
        .post("/api/v1/charges/{charge}/adjustments", write_billing, billing::adjust)
        .post("/api/v1/charges/{charge}/void", write_billing, billing::void)
        .get("/api/v1/charts/{chart}/payments", read_billing, billing::payments)
        .post("/api/v1/charts/{chart}/payments", write_payments, billing::record_payment)
        .get("/api/v1/payments/{payment}", read_billing, billing::payment)
        .post("/api/v1/payments/{payment}/undo", write_payments, billing::undo_payment)
        .post("/api/v1/payments/{payment}/refunds", write_payments, billing::refund)
        .get("/api/v1/charts/{chart}/statements", read_billing, billing::statements)
        .post("/api/v1/charts/{chart}/statements", write_billing, billing::make_statement)
        .get("/api/v1/statements/{statement}", read_billing, billing::statement)
        .get("/api/v1/statements/{statement}/pdf", read_billing, billing::statement_file)
        .get("/api/v1/charts/{chart}/documents", read_documents, documents::list)
        .post("/api/v1/charts/{chart}/documents", write_documents, documents::create)
        .post_file("/api/v1/charts/{chart}/uploads", write_documents, documents::upload.layer(DefaultBodyLimit::disable()))
        .get("/api/v1/documents/{document}", read_documents, documents::read)
        .get("/api/v1/documents/{document}/content", read_documents, documents::content_of)
        .post("/api/v1/documents/{document}/versions", write_documents, documents::add_version)
        .post("/api/v1/documents/{document}/share", write_documents, documents::share)
        .post("/api/v1/documents/{document}/end-share", write_documents, documents::end_share)
        .post("/api/v1/documents/{document}/withdraw", write_documents, documents::withdraw)
        .get("/staff/api-keys", keys, key_pages::list)
        .post("/staff/api-keys", keys, key_pages::make)
        .get("/staff/api-keys/{key}/revoke", keys, key_pages::confirm)
        .post("/staff/api-keys/{key}/revoke", keys, key_pages::revoke)
}
