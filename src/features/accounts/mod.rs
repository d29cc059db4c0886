//! Portal accounts: sign-in, forgotten password, the client's session and the chart in view, my sign-in;
//! and what staff do with an account: mail a link that sets a new password.

pub mod actions;
mod audit;
mod email_change;
mod email_change_actions;
mod email_change_store;
mod email_pages;
mod grants;
mod leave_pages;
pub mod mails;
mod me_pages;
pub mod preview;
mod preview_pages;
mod reader;
mod safe_pages;
mod safe_store;
mod session;
mod session_pages;
mod sign_in_pages;
mod staff_email_pages;
mod staff_pages;
mod step_up;
mod store;
mod wishes_pages;

pub use actions::{NoReset, send_password_reset};
pub use audit::AccountAction;
pub use grants::{HeldGrant, grants_here, held_by, level_now, reading_now};
pub use me_pages::ME;
pub use reader::{Reader, holder_of, mail_in_words, reaches_anybody, reader_of, readers_of};
pub use safe_store::reader_wishes;
pub use session::{ChartWaiting, ClientAccount, ClientSession, ClientTicket, Onlooker};
pub use session_pages::message;
pub use sign_in_pages::unprocessable;
pub use step_up::confirm_password;
pub use store::{Account, Holders, find, holders_of};

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;
use crate::platform::web::nav::ChartTags;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::AccountAction::ACTIONS,
    mail_kinds: mails::AccountMail::KINDS,
    mail_subjects: &[email_change_actions::EMAIL_CHANGE],
    tab_sections: &[staff_email_pages::SECTION],
    chart_tags: Some(ChartTags { needs: Permission::SeeCharts, read: safe_pages::head_tags }),
    ..Feature::new("accounts", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let manage = Needs::Staff(Permission::ManagePortal);
    let safety = Needs::Staff(Permission::SafetyNotes);
    Routes::new()
        .get("/{practice}", Needs::Nothing, sign_in_pages::landing)
        .get("/{practice}/portal", Needs::Nothing, sign_in_pages::door)
        .get("/{practice}/sign-in", Needs::Nothing, sign_in_pages::sign_in_page)
        .post("/{practice}/sign-in", Needs::Nothing, sign_in_pages::sign_in)
        .get("/{practice}/forgot", Needs::Nothing, sign_in_pages::forgot_page)
        .post("/{practice}/forgot", Needs::Nothing, sign_in_pages::forgot)
        .get("/{practice}/password/{token}", Needs::Link, sign_in_pages::password_page)
        .post("/{practice}/password/{token}", Needs::Link, sign_in_pages::set_password)
        .get("/{practice}/{*rest}", Needs::Nothing, sign_in_pages::no_such_page)
        .get("/{practice}/email/{token}", Needs::Link, email_pages::link)
        .post("/{practice}/email/{token}", Needs::Link, email_pages::use_link)
        .get("/portal/{*rest}", Needs::ClientSession, sign_in_pages::no_such_page_inside)
        .get("/portal/sign-in", Needs::Nothing, sign_in_pages::which_practice)
        .post("/portal/switch", Needs::ClientSession, session_pages::switch)
        .get("/portal/session", Needs::ClientSession, session_pages::standing)
        .get("/portal/me", Needs::ClientSession, me_pages::me)
        .post("/portal/me/language", Needs::ClientSession, me_pages::language)
        .post("/portal/me/password", Needs::ClientSession, me_pages::password)
        .get("/portal/me/email", Needs::ClientSession, email_pages::ask)
        .post("/portal/me/email", Needs::ClientSession, email_pages::request)
        .post("/portal/me/email/cancel", Needs::ClientSession, email_pages::cancel)
        .get("/portal/me/mail", Needs::ClientSession, wishes_pages::show)
        .post("/portal/me/mail", Needs::ClientSession, wishes_pages::save)
        .get("/portal/leave", Needs::ClientSession, leave_pages::ask)
        .post("/portal/leave", Needs::ClientSession, leave_pages::leave)
        .post("/portal/me/end", Needs::ClientSession, me_pages::end)
        .get("/staff/charts/{chart}/access/reset", manage, staff_pages::ask_to_reset)
        .post("/staff/charts/{chart}/access/reset", manage, staff_pages::reset)
        .post(
            "/staff/charts/{chart}/grants/{grant}/preview",
            Needs::Staff(preview::MAY_PREVIEW),
            preview_pages::begin,
        )
        .post("/staff/preview/end", Needs::StaffSession, preview_pages::end)
        .get("/staff/charts/{chart}/safe-contact", safety, safe_pages::show)
        .post("/staff/charts/{chart}/safe-contact", safety, safe_pages::save)
        .get("/staff/charts/{chart}/sign-in-address/{access}", manage, staff_email_pages::show)
        .post("/staff/charts/{chart}/sign-in-address/{access}", manage, staff_email_pages::ask)
        .post("/portal/sign-out", Needs::ClientSession, session_pages::sign_out)
}
