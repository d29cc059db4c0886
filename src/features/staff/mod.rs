//! Staff members: sign-in, sessions, forgotten password, roles.

mod actions;
pub mod api_keys;
pub mod audit;
pub mod mails;
mod me_pages;
mod pages;
mod password;
mod password_pages;
mod session;
mod step_up;
pub mod store;
pub mod team;
mod unlock_pages;

pub use audit::{ApiKeyAction, StaffAction};
pub use session::{LED_TO, LockedSession, SignedIn, StaffSession, StaffTicket, signed_in};
pub use step_up::confirm_password;
pub use store::{StaffMember, StaffState, email_keys_among, find_by_email};
pub use team::{NewStaff, NotAdded, add, invite, mail_link, make_link, set_password};
pub use unlock_pages::UNLOCK;

use crate::platform::feature::Feature;
use crate::platform::permissions::Needs;
use crate::platform::web::Routes;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::StaffAction::ACTIONS,
    mail_kinds: mails::StaffMail::KINDS,
    ..Feature::new("staff", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    Routes::new()
        .get("/staff", Needs::StaffSession, pages::start)
        .get("/staff/{*rest}", Needs::StaffSession, pages::no_such_page)
        .get("/staff/sign-in", Needs::Nothing, pages::which_practice)
        .get("/staff/session", Needs::StaffSession, pages::standing)
        .post("/staff/sign-out", Needs::StaffSession, pages::sign_out)
        .get(unlock_pages::UNLOCK, Needs::StaffSession, unlock_pages::page)
        .post(unlock_pages::UNLOCK, Needs::StaffSession, unlock_pages::unlock)
        .get("/staff/me", Needs::StaffSession, me_pages::me)
        .post("/staff/me/password", Needs::StaffSession, me_pages::change_password)
        .post("/staff/me/sessions", Needs::StaffSession, me_pages::end_sessions)
        .get("/{practice}/staff", Needs::Nothing, pages::door)
        .get("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in_page)
        .post("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in)
        .get("/{practice}/staff/forgot", Needs::Nothing, password_pages::forgot_page)
        .post("/{practice}/staff/forgot", Needs::Nothing, password_pages::forgot)
        .get("/{practice}/staff/password/{token}", Needs::Link, password_pages::password_page)
        .post("/{practice}/staff/password/{token}", Needs::Link, password_pages::set_password)
}
