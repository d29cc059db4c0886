//! Signing a document: who is asked, in which order, what they agree to and do before it, and the evidence of it.
//!
//! | file | what |
//! |---|---|
//! | `lifecycle` | the table of states and events, pure |
//! | `actions`, `ending` | what can be done, each one transaction |
//! | `evidence`, `trail` | the chain of events, and how it is written |
//! | `final_file`, `sealing`, `seal_store`, `verify` | the sealed file, how it is made, and its check |
//! | `mark` | a typed or drawn signature |
//! | `consent` | consent to electronic records |
//! | `in_person` | signing on the practice's device |
//! | `notices` | the mails |
//! | `staff_pages`, `staff_section`, `more_time`, `record_page`, `client_pages`, `labels` | the pages |
//! | `store` | the rows |

pub mod actions;
pub mod client_pages;
pub mod consent;
pub mod ending;
pub mod evidence;
pub mod final_file;
pub mod in_person;
pub mod labels;
pub mod lifecycle;
pub mod mark;
pub mod more_time;
pub mod notices;
mod posted;
pub mod record_page;
pub mod seal_store;
pub mod sealing;
pub mod staff_pages;
pub mod staff_section;
pub mod store;
pub mod trail;
pub mod verify;
mod verify_pages;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;

/// The routes.
pub fn routes() -> Routes {
    let read = Needs::Client(Right::Documents, Level::View);
    let act = Needs::Client(Right::Documents, Level::Act);
    let see = Needs::Staff(Permission::SeeDocuments);
    let manage = Needs::Staff(Permission::ManageDocuments);
    let own = Needs::Staff(Permission::SignDocuments);
    Routes::new()
        .get("/portal/documents/{document}/sign", act, client_pages::sign_page)
        .post("/portal/documents/{document}/sign", act, client_pages::sign)
        .post("/portal/documents/{document}/consent", act, client_pages::consent)
        .post("/portal/documents/{document}/read", act, client_pages::has_read)
        .get("/portal/documents/{document}/refuse", act, client_pages::refuse_page)
        .post("/portal/documents/{document}/refuse", act, client_pages::refuse)
        .get("/portal/verify", read, verify_pages::client_page)
        .post_file(
            "/portal/verify",
            read,
            verify_pages::client_check.layer(DefaultBodyLimit::max(verify_pages::LARGEST)),
        )
        .get("/staff/verify", see, verify_pages::staff_page)
        .post_file(
            "/staff/verify",
            see,
            verify_pages::staff_check.layer(DefaultBodyLimit::max(verify_pages::LARGEST)),
        )
        .get("/portal/electronic-records", act, client_pages::records)
        .get("/portal/electronic-records/withdraw", act, client_pages::withdraw_consent_page)
        .post("/portal/electronic-records/withdraw", act, client_pages::withdraw_consent)
        .get("/portal/electronic-records/file", act, client_pages::code_file)
        .get("/staff/charts/{chart}/documents/{document}/ask-to-sign", manage, staff_pages::ask_page)
        .post("/staff/charts/{chart}/documents/{document}/ask-to-sign", manage, staff_pages::ask)
        .post("/staff/charts/{chart}/documents/{document}/remind-signers", manage, staff_pages::remind)
        .post("/staff/charts/{chart}/documents/{document}/extend-signing", manage, staff_pages::extend)
        .get("/staff/charts/{chart}/documents/{document}/replace-signer", manage, staff_pages::replace_page)
        .post("/staff/charts/{chart}/documents/{document}/replace-signer", manage, staff_pages::replace)
        .get("/staff/charts/{chart}/documents/{document}/cancel-signing", manage, staff_pages::cancel_page)
        .post("/staff/charts/{chart}/documents/{document}/cancel-signing", manage, staff_pages::cancel)
        .post("/staff/charts/{chart}/documents/{document}/retry-seal", manage, staff_pages::retry_seal)
        .post("/staff/charts/{chart}/documents/{document}/signing-seen", manage, staff_pages::seen)
        .get("/staff/charts/{chart}/documents/{document}/countersign", own, staff_pages::sign_page)
        .post("/staff/charts/{chart}/documents/{document}/countersign", own, staff_pages::sign)
        .get("/staff/charts/{chart}/documents/{document}/evidence", see, record_page::evidence_page)
        .and(in_person::routes())
}
