//! Documents: what the practice writes or uploads, shares with grants of a chart, and takes back.
//!
//! | file | what |
//! |---|---|
//! | `lifecycle` | the table of states and events, pure |
//! | `kinds`, `file_kind`, `body` | what documents and files there are, and how a text is built |
//! | `labels` | whom a label keeps out of what is shared with them, and what staff can do |
//! | `uploads`, `upload_lifecycle`, `leftovers` | a file on its way in, and what one leaves behind |
//! | `upload_parts`, `parts_pages` | a file that comes in numbered parts |
//! | `file_form` | a form with one file |
//! | `page_links`, `page_pictures` | a PDF to read: its pages as pictures, and as text |
//! | `held`, `held_pages` | files that wait for the virus scanner |
//! | `actions` | what can be done with a document, each one transaction |
//! | `notices` | the mail "something new" |
//! | `merge` | the blanks of a template, and how they are filled, pure |
//! | `template_lifecycle`, `template_actions`, `template_store` | templates, and documents made of them |
//! | `template_pages`, `fill_pages` | their pages |
//! | `library_page` | where staff find templates, packets and the check of a signed document |
//! | `authorization`, `authorization_actions`, `authorization_pages` | clients revoke an authorization |
//! | `record_revocation_page` | staff record that one did outside the portal |
//! | `request_lifecycle`, `request_actions`, `request_store`, `request_pages` | clients ask for a document |
//! | `packets` | several documents that are sent together |
//! | `signing` | asking people to sign it |
//! | `store`, `upload_store`, `held_store` | the rows |

mod actions;
mod audit;
mod authorization;
mod authorization_actions;
mod authorization_pages;
pub mod body;
mod client_list;
mod client_pages;
mod download;
mod end_share_page;
mod file_form;
mod file_kind;
mod fill_pages;
mod held;
mod held_pages;
mod held_store;
mod kinds;
mod labels;
mod leftovers;
mod library_page;
mod lifecycle;
pub mod merge;
mod notices;
pub mod packets;
mod page_links;
mod page_pictures;
mod parts_pages;
mod record_revocation_page;
pub mod request_actions;
mod request_lifecycle;
mod request_pages;
pub mod request_store;
pub mod signing;
mod staff_forms;
mod staff_pages;
mod store;
pub mod template_actions;
mod template_lifecycle;
mod template_pages;
pub mod template_store;
mod upload_form;
mod upload_lifecycle;
pub mod upload_parts;
mod upload_store;
mod uploads;
mod withhold_page;

pub use actions::{
    Acted, Asked, LARGEST_BODY, LONGEST_REASON, LONGEST_TITLE, Merged, NewContent, NewDocument, NewShare,
    ReaderGrant, Recipient, Refused, StoredFile, Telling, WaitingFile, add_version, create, end_share, open,
    put_back_files, read_by_staff, share, take_files, waiting_files, withdraw,
};
pub use audit::DocumentAction;
pub use client_pages::size_in_words;
pub use download::{DOWNLOAD_POLICY, FileOf, SIGNED, checked_body, signed_copy, stored_file};
pub use file_form::receive_part;
pub use file_kind::attachment;
pub use held::{Purpose, hold};
pub use kinds::DocumentKind;
pub use labels::shut_by_label;
pub use leftovers::{count_kept, remove_leftovers, remove_orphans};
pub use lifecycle::{DocumentState, Outcome, Refusal, ShareStanding, Signed, is_never_shared};
pub use parts_pages::is_digest;
pub use request_lifecycle::{RequestKind, RequestState};
pub use store::{
    Blob, Content, Document, LISTED, Look, Reading, SharedLine, SharedWith, Version, find, item_for, list_of,
    readings_of, shares_of, unread, unread_of, version_of,
};
pub use upload_form::{why_not_taken, why_not_taken_by_client};
pub use uploads::{
    Flow, LARGEST, NewUpload, NotTaken, PDF, Scan, Taken, Unscanned, receive, receive_as, receive_picture,
};

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::objects::PART_BYTES;
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::DocumentAction::ACTIONS,
    mail_kinds: kinds::DocumentMail::KINDS,
    mail_subjects: &[notices::NOTICE, signing::notices::TURN, signing::notices::NEWS],
    staff_nav: &[StaffNav {
        section: library_page::LIBRARY,
        label: "nav-documents",
        icon: "documents",
        needs: Permission::SeeDocuments,
        order: 37,
        waiting: None,
        first_for: &[],
    }],
    client_nav: &[ClientNav {
        section: client_pages::MINE,
        label: "nav-documents",
        icon: "documents",
        needs: Some(Right::Documents),
        order: 20,
    }],
    chart_tabs: &[staff_pages::TAB],
    enclosures: Some(packets::ENCLOSURES),
    jobs: &[
        JobHandler { kind: JobKind::DocumentNotice, run: JobRun::InPractice(notices::send) },
        JobHandler { kind: JobKind::SignatureNotice, run: JobRun::InPractice(signing::notices::send) },
        JobHandler { kind: JobKind::PacketSending, run: JobRun::InPieces(packets::many::carry_on) },
        JobHandler { kind: JobKind::SealFile, run: JobRun::InPieces(signing::sealing::carry_out) },
        JobHandler { kind: JobKind::HeldUpload, run: JobRun::InPieces(held::try_again) },
    ],
    ..Feature::new("documents", routes)
};

/// What stands around a file in a form.
pub const FORM_AROUND: usize = 64 * 1024;

/// The routes of this feature.
fn routes() -> Routes {
    let read = Needs::Client(Right::Documents, Level::View);
    let act = Needs::Client(Right::Documents, Level::Act);
    let review = Needs::Staff(Permission::ReviewUploads);
    let see = Needs::Staff(Permission::SeeDocuments);
    let manage = Needs::Staff(Permission::ManageDocuments);
    let edit = Needs::Staff(Permission::EditTemplates);
    let set_rights = Needs::Staff(Permission::ManageRights);
    let largest = || DefaultBodyLimit::max(uploads::LARGEST as usize + FORM_AROUND);
    let part = || DefaultBodyLimit::max(PART_BYTES as usize);
    Routes::new()
        .get("/portal/documents", read, client_list::list)
        .get("/portal/documents/asked", read, request_pages::own_page)
        .post("/portal/documents/asked", act, request_pages::ask)
        .get("/portal/documents/asked/{document_request}/take-back", act, request_pages::take_back_page)
        .post("/portal/documents/asked/{document_request}/take-back", act, request_pages::take_back)
        .get("/portal/documents/asked/{document_request}/file", read, request_pages::own_file)
        .get("/portal/documents/send", act, request_pages::send_page)
        .post_file("/portal/documents/send", act, request_pages::send.layer(largest()))
        .post("/portal/uploads", act, parts_pages::client_start)
        .put_file("/portal/uploads/{upload}/parts/{number}", act, parts_pages::client_put.layer(part()))
        .post("/portal/uploads/{upload}/complete", act, parts_pages::client_end)
        .get("/portal/documents/{document}", read, client_pages::show)
        .get("/portal/documents/{document}/file", read, client_pages::file)
        .get("/portal/documents/{document}/live", read, client_pages::live)
        .get("/portal/documents/{document}/versions/{version}/pages/{page}", read, page_pictures::client_text)
        .get(
            "/portal/documents/{document}/versions/{version}/pages/{page}/picture",
            read,
            page_pictures::client_picture,
        )
        .get("/portal/documents/{document}/revoke", act, authorization_pages::ask)
        .post("/portal/documents/{document}/revoke", act, authorization_pages::take_effect)
        .get("/staff/charts/{chart}/documents", see, staff_pages::list)
        .get("/staff/charts/{chart}/documents/write", manage, staff_forms::write_page)
        .post("/staff/charts/{chart}/documents/write", manage, staff_forms::write)
        .get("/staff/charts/{chart}/documents/upload", manage, upload_form::page)
        .post_file("/staff/charts/{chart}/documents/upload", manage, upload_form::upload.layer(largest()))
        .post("/staff/charts/{chart}/uploads", manage, parts_pages::staff_start)
        .put_file(
            "/staff/charts/{chart}/uploads/{upload}/parts/{number}",
            manage,
            parts_pages::staff_put.layer(part()),
        )
        .post("/staff/charts/{chart}/uploads/{upload}/complete", manage, parts_pages::staff_end)
        .get("/staff/charts/{chart}/documents/from-template", manage, fill_pages::choose)
        .get("/staff/charts/{chart}/documents/from-template/{template}", manage, fill_pages::page)
        .post("/staff/charts/{chart}/documents/from-template/{template}", manage, fill_pages::make)
        .get("/staff/documents", see, library_page::page)
        .get("/staff/templates", edit, template_pages::list)
        .get("/staff/templates/new", edit, template_pages::new_page)
        .post("/staff/templates/new", edit, template_pages::add)
        .get("/staff/templates/{template}", edit, template_pages::edit_page)
        .post("/staff/templates/{template}", edit, template_pages::save)
        .post("/staff/templates/{template}/retire", edit, template_pages::retire)
        .post("/staff/templates/{template}/restore", edit, template_pages::restore)
        .get("/staff/charts/{chart}/documents/asked/{document_request}", review, request_pages::reply_page)
        .get(
            "/staff/charts/{chart}/documents/asked/{document_request}/file",
            review,
            request_pages::staff_file,
        )
        .post(
            "/staff/charts/{chart}/documents/asked/{document_request}/answer",
            manage,
            request_pages::answer,
        )
        .post(
            "/staff/charts/{chart}/documents/asked/{document_request}/accept",
            review,
            request_pages::accept,
        )
        .post(
            "/staff/charts/{chart}/documents/asked/{document_request}/decline",
            review,
            request_pages::decline,
        )
        .post("/staff/charts/{chart}/documents/held/{upload}/give-up", manage, staff_forms::give_up_held)
        .get("/staff/charts/{chart}/documents/{document}", see, staff_pages::show)
        .get("/staff/charts/{chart}/documents/{document}/file", see, staff_pages::file)
        .get("/staff/charts/{chart}/documents/{document}/live", see, staff_pages::live)
        .get(
            "/staff/charts/{chart}/documents/{document}/versions/{version}/pages/{page}",
            see,
            page_pictures::staff_text,
        )
        .get(
            "/staff/charts/{chart}/documents/{document}/versions/{version}/pages/{page}/picture",
            see,
            page_pictures::staff_picture,
        )
        .get(
            "/staff/charts/{chart}/documents/{document}/record-revocation",
            manage,
            record_revocation_page::ask,
        )
        .post(
            "/staff/charts/{chart}/documents/{document}/record-revocation",
            manage,
            record_revocation_page::record,
        )
        .post(
            "/staff/charts/{chart}/documents/{document}/revocation-noted",
            manage,
            authorization_pages::note,
        )
        .get("/staff/charts/{chart}/documents/{document}/write", manage, staff_forms::write_version_page)
        .post("/staff/charts/{chart}/documents/{document}/write", manage, staff_forms::write_version)
        .get("/staff/charts/{chart}/documents/{document}/upload", manage, upload_form::version_page)
        .post_file(
            "/staff/charts/{chart}/documents/{document}/upload",
            manage,
            upload_form::upload_version.layer(largest()),
        )
        .get("/staff/charts/{chart}/documents/{document}/share", manage, staff_forms::share_page)
        .post("/staff/charts/{chart}/documents/{document}/share", manage, staff_forms::share)
        .get("/staff/charts/{chart}/documents/{document}/end-share", manage, end_share_page::ask)
        .post("/staff/charts/{chart}/documents/{document}/end-share", manage, end_share_page::end)
        .get("/staff/charts/{chart}/documents/{document}/withhold", set_rights, withhold_page::ask)
        .post("/staff/charts/{chart}/documents/{document}/withhold", set_rights, withhold_page::withhold)
        .get("/staff/charts/{chart}/documents/{document}/withdraw", manage, staff_forms::withdraw_page)
        .post("/staff/charts/{chart}/documents/{document}/withdraw", manage, staff_forms::withdraw)
        .and(packets::routes())
        .and(signing::routes())
}
