//! Portal accounts: sign-in, forgotten password, the client's session and the chart in view, my sign-in;
//! and what staff do with an account: mail a link that sets a new password.

pub mod actions;
mod audit;
mod grants;
pub mod mails;
mod me_pages;
mod reader;
mod session;
mod session_pages;
mod sign_in_pages;
mod staff_pages;
mod store;

pub use actions::{NoReset, send_password_reset};
pub use audit::AccountAction;
pub use grants::{HeldGrant, held_by, level_now};
pub use reader::{Reader, reader_of, readers_of};
pub use session::{ClientAccount, ClientSession, ClientTicket};
pub use session_pages::message;
pub(crate) use sign_in_pages::unprocessable;
pub use store::{Account, Holders, holders_of};

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// What this feature brings.
pub const FEATURE: Feature =
    Feature { audit_actions: audit::AccountAction::ACTIONS, ..Feature::new("accounts", routes) };

/// The routes of this feature.
fn routes() -> Routes {
    let manage = Needs::Staff(Permission::ManagePortal);
    Routes::new()
        .get("/{practice}", Needs::Nothing, sign_in_pages::landing)
        .get("/{practice}/sign-in", Needs::Nothing, sign_in_pages::sign_in_page)
        .post("/{practice}/sign-in", Needs::Nothing, sign_in_pages::sign_in)
        .get("/{practice}/forgot", Needs::Nothing, sign_in_pages::forgot_page)
        .post("/{practice}/forgot", Needs::Nothing, sign_in_pages::forgot)
        .get("/{practice}/password/{token}", Needs::Link, sign_in_pages::password_page)
        .post("/{practice}/password/{token}", Needs::Link, sign_in_pages::set_password)
        .get("/{practice}/{*rest}", Needs::Nothing, sign_in_pages::no_such_page)
        .get("/portal/{*rest}", Needs::ClientSession, sign_in_pages::no_such_page_inside)
        .get("/portal/sign-in", Needs::Nothing, sign_in_pages::which_practice)
        .get("/portal/switch", Needs::ClientSession, session_pages::switch_page)
        .post("/portal/switch", Needs::ClientSession, session_pages::switch)
        .get("/portal/session", Needs::ClientSession, session_pages::standing)
        .get("/portal/me", Needs::ClientSession, me_pages::me)
        .post("/portal/me/language", Needs::ClientSession, me_pages::language)
        .post("/portal/me/password", Needs::ClientSession, me_pages::password)
        .post("/portal/me/end", Needs::ClientSession, me_pages::end)
        .get("/staff/charts/{chart}/access/reset", manage, staff_pages::ask_to_reset)
        .post("/staff/charts/{chart}/access/reset", manage, staff_pages::reset)
        .post("/portal/sign-out", Needs::ClientSession, session_pages::sign_out)
}
