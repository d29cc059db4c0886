//! The client's side: sign-in, home, my sign-in, help.

mod accounts;
pub mod actions;
mod door_pages;
mod grants;
mod home_pages;
pub mod letters;
mod me_pages;
mod session;
mod ticket;

pub use accounts::{Account, Reader, reader_of};
pub use actions::{NoReset, send_password_reset};
pub(crate) use door_pages::unprocessable;
pub use grants::HeldGrant;
pub use home_pages::message;
pub use session::{ClientAccount, ClientSession};
pub use ticket::sign_in_address;

use crate::platform::permissions::Needs;
use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    Routes::new()
        .get("/{practice}", Needs::Nothing, door_pages::landing)
        .get("/{practice}/sign-in", Needs::Nothing, door_pages::sign_in_page)
        .post("/{practice}/sign-in", Needs::Nothing, door_pages::sign_in)
        .get("/{practice}/forgot", Needs::Nothing, door_pages::forgot_page)
        .post("/{practice}/forgot", Needs::Nothing, door_pages::forgot)
        .get("/{practice}/password/{token}", Needs::Link, door_pages::password_page)
        .post("/{practice}/password/{token}", Needs::Link, door_pages::set_password)
        .get("/{practice}/help", Needs::Nothing, home_pages::help_outside)
        .get("/portal/sign-in", Needs::Nothing, door_pages::which_practice)
        .get("/portal", Needs::ClientSession, home_pages::home)
        .get("/portal/help", Needs::ClientSession, home_pages::help_inside)
        .get("/portal/switch", Needs::ClientSession, home_pages::switch_page)
        .post("/portal/switch", Needs::ClientSession, home_pages::switch)
        .get("/portal/session", Needs::ClientSession, home_pages::standing)
        .get("/portal/me", Needs::ClientSession, me_pages::me)
        .post("/portal/me/language", Needs::ClientSession, me_pages::language)
        .post("/portal/me/password", Needs::ClientSession, me_pages::password)
        .post("/portal/me/end", Needs::ClientSession, me_pages::end)
        .post("/portal/sign-out", Needs::ClientSession, home_pages::sign_out)
}
