//! The JSON API `/api/v1` for an EHR that drives this, its keys, and its documentation.

mod access_log;
mod age_rules;
mod appointment_requests;
mod appointments;
mod billing;
mod billing_json;
mod caller;
mod charts;
mod closing;
mod docs;
mod document_json;
mod document_requests;
mod documents;
mod emergency;
mod grants;
mod hidden_lines;
mod idempotency;
mod info_changes;
mod json;
mod jurisdictions;
mod key_pages;
mod messages;
mod openings;
mod owner_json;
mod packets;
mod packets_json;
mod papers;
mod papers_json;
mod payers;
mod payers_json;
mod precondition;
mod problem;
mod reports;
mod rules_json;
mod schedule_json;
mod series;
mod signing;
mod signing_json;
mod template_edit;
mod templates;
mod uploads;
mod usual;
mod verdicts;

pub use docs::document;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::platform::feature::Feature;
use crate::platform::objects::PART_BYTES;
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
    let (read_info, write_info) = (Needs::ApiKey(Scope::InfoRead), Needs::ApiKey(Scope::InfoWrite));
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
        .get("/api/v1/appointment-types", read_appointments, openings::types)
        .get("/api/v1/freebusy", Needs::ApiKey(Scope::FreebusyRead), openings::free_busy)
        .get("/api/v1/openings", read_appointments, openings::list)
        .get("/api/v1/appointments", read_appointments, appointments::list)
        .post("/api/v1/appointments", write_appointments, appointments::book)
        .get("/api/v1/appointments/{appointment}", read_appointments, appointments::read)
        .post("/api/v1/appointments/{appointment}/move", write_appointments, appointments::move_to)
        .post("/api/v1/appointments/{appointment}/cancel", write_appointments, appointments::cancel)
        .post("/api/v1/appointments/{appointment}/parties", write_appointments, appointments::add_client)
        .post("/api/v1/appointments/{appointment}/parties/remove", write_appointments, appointments::remove_client)
        .post("/api/v1/appointments/{appointment}/keep", write_appointments, appointments::keep)
        .post("/api/v1/appointments/{appointment}/arrive", write_appointments, appointments::arrive)
        .post("/api/v1/appointments/{appointment}/no-show", write_appointments, appointments::no_show)
        .post("/api/v1/appointments/{appointment}/undo-attendance", write_appointments, appointments::undo)
        .post("/api/v1/appointments/{appointment}/video-link", write_appointments, appointments::set_video_link)
        .get("/api/v1/series", read_appointments, series::list)
        .post("/api/v1/series", write_appointments, series::make)
        .get("/api/v1/series/{series}", read_appointments, series::read)
        .post("/api/v1/series/{series}/split", write_appointments, series::split)
        .post("/api/v1/series/{series}/end", write_appointments, series::end)
        .get("/api/v1/appointment-requests", read_appointments, appointment_requests::list)
        .get("/api/v1/appointment-requests/{request}", read_appointments, appointment_requests::read)
        .post("/api/v1/appointment-requests/{request}/confirm", write_appointments, appointment_requests::confirm)
        .post("/api/v1/appointment-requests/{request}/offer", write_appointments, appointment_requests::offer)
        .post("/api/v1/appointment-requests/{request}/decline", write_appointments, appointment_requests::decline)
        .get("/api", Needs::Nothing, docs::page)
        .get("/api/openapi.json", Needs::Nothing, docs::json)
        .get("/api/v1/charts", read_charts, charts::list)
        .post("/api/v1/charts", write_charts, charts::create)
        .get("/api/v1/charts/{chart}", read_charts, charts::read)
        .patch("/api/v1/charts/{chart}", write_charts, charts::change)
        .post("/api/v1/charts/{chart}/close", write_charts, closing::close)
        .post("/api/v1/charts/{chart}/reopen", write_charts, closing::reopen)
        .post("/api/v1/charts/{chart}/freeze", write_charts, closing::freeze)
        .post("/api/v1/charts/{chart}/unfreeze", write_charts, closing::unfreeze)
        .get("/api/v1/charts/{chart}/emergency-contacts", read_charts, emergency::of_chart)
        .post("/api/v1/charts/{chart}/emergency-contacts", write_charts, emergency::set)
        .get("/api/v1/charts/{chart}/access-log", read_charts, access_log::of_chart)
        .get("/api/v1/charts/{chart}/access-log/hidden", read_grants, hidden_lines::list)
        .post("/api/v1/charts/{chart}/access-log/hidden", write_grants, hidden_lines::hide)
        .post("/api/v1/charts/{chart}/access-log/hidden/{hidden}/show", write_grants, hidden_lines::show)
        .get("/api/v1/charts/{chart}/grants", read_grants, grants::of_chart)
        .post("/api/v1/charts/{chart}/grants", write_grants, grants::add)
        .post("/api/v1/charts/{chart}/invite", write_grants, grants::invite)
        .get("/api/v1/charts/{chart}/change-owner", read_grants, grants::preview_owner)
        .post("/api/v1/charts/{chart}/change-owner", write_grants, grants::change_owner)
        .post("/api/v1/charts/{chart}/undo-change-owner", write_grants, grants::undo_change_owner)
        .get("/api/v1/info-changes", read_info, info_changes::list)
        .get("/api/v1/info-changes/{change}", read_info, info_changes::read)
        .post("/api/v1/info-changes/{change}/decide", write_info, info_changes::decide)
        .get("/api/v1/grants", read_grants, grants::list)
        .get("/api/v1/grants/{grant}", read_grants, grants::read)
        .patch("/api/v1/grants/{grant}", write_grants, grants::change)
        .post("/api/v1/grants/{grant}/invite", write_grants, grants::invite_holder)
        .post("/api/v1/grants/{grant}/pause", write_grants, grants::pause)
        .get("/api/v1/grants/{grant}/verdict", read_grants, verdicts::read)
        .post("/api/v1/grants/{grant}/withhold", write_grants, grants::withhold)
        .post("/api/v1/grants/{grant}/part2-consent", write_grants, grants::consent_to_part2)
        .post("/api/v1/grants/{grant}/part2-revoke", write_grants, grants::revoke_part2)
        .post("/api/v1/grants/{grant}/give-back", write_grants, grants::give_back)
        .get("/api/v1/age-rules", read_grants, age_rules::list)
        .post("/api/v1/age-rules", write_grants, age_rules::add)
        .post("/api/v1/age-rules/{rule}/end", write_grants, age_rules::end)
        .get("/api/v1/jurisdictions", read_grants, jurisdictions::list)
        .post("/api/v1/jurisdictions/{jurisdiction}", write_grants, jurisdictions::set)
        .post("/api/v1/charts/{chart}/client-status", write_grants, jurisdictions::set_status)
        .post("/api/v1/grants/{grant}/resume", write_grants, grants::resume)
        .post("/api/v1/grants/{grant}/resend", write_grants, grants::resend)
        .post("/api/v1/grants/{grant}/cancel", write_grants, grants::cancel)
        .post("/api/v1/grants/{grant}/revoke", write_grants, grants::revoke)
        .post("/api/v1/grants/{grant}/restore", write_grants, grants::restore)
        .get("/api/v1/charts/{chart}/threads", read_messages, messages::of_chart)
        .post("/api/v1/threads", write_messages, messages::begin)
        .get("/api/v1/threads/{thread}/messages", read_messages, messages::list)
        .post("/api/v1/threads/{thread}/messages", write_messages, messages::write)
        .get("/api/v1/threads/{thread}/files/{attachment}", read_messages, messages::file)
        .get("/api/v1/threads/{thread}/parties", read_messages, messages::parties)
        .post("/api/v1/threads/{thread}/parties", write_messages, messages::add_party)
        .post("/api/v1/threads/{thread}/parties/end", write_messages, messages::end_party)
        .get("/api/v1/crisis-words", read_messages, messages::crisis_words)
        .post("/api/v1/crisis-words", write_messages, messages::set_crisis_words)
        .post("/api/v1/threads/{thread}/take-back", write_messages, messages::take_back)
        .post("/api/v1/threads/{thread}/no-reply-needed", write_messages, messages::no_reply_needed)
        .post("/api/v1/threads/{thread}/close", write_messages, messages::close)
        .post("/api/v1/threads/{thread}/reopen", write_messages, messages::reopen)
        .post("/api/v1/threads/{thread}/transfer", write_messages, messages::transfer)
        .get("/api/v1/reports/aging", read_billing, reports::open_by_age)
        .get("/api/v1/reports/day-sheet", read_billing, reports::posted_on)
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
        .get("/api/v1/payments/{payment}/receipt/pdf", read_billing, billing::receipt_file)
        .post("/api/v1/payments/{payment}/undo", write_payments, billing::undo_payment)
        .post("/api/v1/payments/{payment}/refunds", write_payments, billing::refund)
        .get("/api/v1/charts/{chart}/statements", read_billing, billing::statements)
        .post("/api/v1/charts/{chart}/statements", write_billing, billing::make_statement)
        .get("/api/v1/statements/{statement}", read_billing, billing::statement)
        .get("/api/v1/statements/{statement}/pdf", read_billing, billing::statement_file)
        .get("/api/v1/charts/{chart}/invoices", read_billing, papers::invoices)
        .post("/api/v1/charts/{chart}/invoices", write_billing, papers::make_invoice)
        .get("/api/v1/invoices/{invoice}", read_billing, papers::invoice)
        .get("/api/v1/invoices/{invoice}/pdf", read_billing, papers::invoice_file)
        .post("/api/v1/invoices/{invoice}/void", write_billing, papers::void_invoice)
        .get("/api/v1/charts/{chart}/superbills", read_billing, papers::superbills)
        .post("/api/v1/charts/{chart}/superbills", write_billing, papers::make_superbill)
        .get("/api/v1/superbills/{superbill}", read_billing, papers::superbill)
        .get("/api/v1/superbills/{superbill}/pdf", read_billing, papers::superbill_file)
        .get("/api/v1/services", read_billing, payers::list_services)
        .get("/api/v1/charts/{chart}/responsibility", read_billing, payers::responsibility)
        .post("/api/v1/charts/{chart}/responsibility", write_billing, payers::set_responsibility)
        .get("/api/v1/charts/{chart}/fee-agreements", read_billing, payers::fee_agreements)
        .post("/api/v1/charts/{chart}/fee-agreements", write_billing, payers::agree_on_fee)
        .get("/api/v1/charts/{chart}/insurances", read_billing, payers::insurances)
        .post("/api/v1/charts/{chart}/insurances", write_billing, payers::add_insurance)
        .get("/api/v1/charts/{chart}/disputes", read_billing, payers::disputes)
        .get("/api/v1/remittances", read_billing, payers::list_remittances)
        .post("/api/v1/remittances", write_payments, payers::enter_remittance)
        .get("/api/v1/remittances/{remittance}", read_billing, payers::remittance)
        .get("/api/v1/charts/{chart}/documents", read_documents, documents::list)
        .post("/api/v1/charts/{chart}/documents", write_documents, documents::create)
        .post("/api/v1/charts/{chart}/documents/from-template", write_documents, templates::make)
        .get("/api/v1/document-requests", read_documents, document_requests::list)
        .get("/api/v1/document-requests/{document_request}/file", read_documents, document_requests::file)
        .post("/api/v1/document-requests/{document_request}/answer", write_documents, document_requests::answer)
        .post("/api/v1/document-requests/{document_request}/accept", write_documents, document_requests::accept)
        .post("/api/v1/document-requests/{document_request}/decline", write_documents, document_requests::decline)
        .get("/api/v1/packets", read_documents, packets::list)
        .post("/api/v1/packets", write_documents, packets::create)
        .get("/api/v1/packets/{packet_template}", read_documents, packets::read)
        .patch("/api/v1/packets/{packet_template}", write_documents, packets::change)
        .post("/api/v1/packets/{packet_template}/retire", write_documents, packets::retire)
        .post("/api/v1/packets/{packet_template}/restore", write_documents, packets::restore)
        .post("/api/v1/packets/{packet_template}/send", write_documents, packets::send_to_many)
        .get("/api/v1/packet-sendings/{packet_sending}", read_documents, packets::sending)
        .get("/api/v1/charts/{chart}/packets", read_documents, packets::of_chart)
        .post("/api/v1/charts/{chart}/packets", write_documents, packets::send)
        .post("/api/v1/charts/{chart}/packets/{packet}/withdraw", write_documents, packets::withdraw)
        .get("/api/v1/templates", read_documents, templates::list)
        .post("/api/v1/templates", write_documents, template_edit::create)
        .get("/api/v1/templates/{template}", read_documents, template_edit::read)
        .patch("/api/v1/templates/{template}", write_documents, template_edit::change)
        .post("/api/v1/templates/{template}/retire", write_documents, template_edit::retire)
        .post("/api/v1/templates/{template}/restore", write_documents, template_edit::restore)
        .post_file("/api/v1/charts/{chart}/uploads", write_documents, uploads::upload.layer(DefaultBodyLimit::disable()))
        .post("/api/v1/charts/{chart}/uploads/in-parts", write_documents, uploads::start)
        .get("/api/v1/charts/{chart}/uploads/{upload}", write_documents, uploads::read)
        .put_file("/api/v1/charts/{chart}/uploads/{upload}/parts/{number}", write_documents,
            uploads::put.layer(DefaultBodyLimit::max(PART_BYTES as usize)))
        .post("/api/v1/charts/{chart}/uploads/{upload}/complete", write_documents, uploads::complete)
        .get("/api/v1/documents/{document}", read_documents, documents::read)
        .get("/api/v1/documents/{document}/content", read_documents, documents::content_of)
        .post("/api/v1/documents/{document}/versions", write_documents, documents::add_version)
        .post("/api/v1/documents/{document}/share", write_documents, documents::share)
        .post("/api/v1/documents/{document}/end-share", write_documents, documents::end_share)
        .post("/api/v1/documents/{document}/withdraw", write_documents, documents::withdraw)
        .get("/api/v1/documents/{document}/signing", read_documents, signing::read)
        .post("/api/v1/documents/{document}/signing", write_documents, signing::ask)
        .get("/api/v1/documents/{document}/signing/evidence", read_documents, signing::evidence)
        .post("/api/v1/documents/{document}/signing/remind", write_documents, signing::remind)
        .post("/api/v1/documents/{document}/signing/extend", write_documents, signing::extend)
        .post("/api/v1/documents/{document}/signing/replace", write_documents, signing::replace)
        .post("/api/v1/documents/{document}/signing/cancel", write_documents, signing::cancel)
        .get("/staff/api-keys", keys, key_pages::list)
        .post("/staff/api-keys", keys, key_pages::make)
        .get("/staff/api-keys/{key}/revoke", keys, key_pages::confirm)
        .post("/staff/api-keys/{key}/revoke", keys, key_pages::revoke)
}
