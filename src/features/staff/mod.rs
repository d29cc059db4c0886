//! Staff members: sign-in, sessions, forgotten password, roles.

mod actions;
mod mails;
mod me_pages;
mod pages;
mod password;
mod password_pages;
mod session;
mod store;
mod team;
mod team_pages;

pub use session::StaffSession;
pub use store::{StaffMember, StaffState, find_by_email};
pub use team::{NewStaff, NotAdded, add, invite, mail_link, make_link, set_password};

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    let team = Needs::Staff(Permission::ManageStaff);
    Routes::new()
        .get("/staff", Needs::StaffSession, pages::start)
        .get("/staff/sign-in", Needs::Nothing, pages::which_practice)
        .get("/staff/session", Needs::StaffSession, pages::standing)
        .post("/staff/sign-out", Needs::StaffSession, pages::sign_out)
        .get("/staff/me", Needs::StaffSession, me_pages::me)
        .post("/staff/me/password", Needs::StaffSession, me_pages::change_password)
        .post("/staff/me/sessions", Needs::StaffSession, me_pages::end_sessions)
        .get("/staff/team", team, team_pages::list)
        .get("/staff/team/new", team, team_pages::new_page)
        .post("/staff/team/new", team, team_pages::invite)
        .get("/staff/team/{staff}", team, team_pages::member)
        .post("/staff/team/{staff}/role", team, team_pages::change_role)
        .get("/staff/team/{staff}/disable", team, team_pages::disable_page)
        .post("/staff/team/{staff}/disable", team, team_pages::disable)
        .post("/staff/team/{staff}/enable", team, team_pages::enable)
        .post("/staff/team/{staff}/link", team, team_pages::mail_link)
        .post("/staff/team/{staff}/sign-out", team, team_pages::sign_out_everywhere)
        .get("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in_page)
        .post("/{practice}/staff/sign-in", Needs::Nothing, pages::sign_in)
        .get("/{practice}/staff/forgot", Needs::Nothing, password_pages::forgot_page)
        .post("/{practice}/staff/forgot", Needs::Nothing, password_pages::forgot)
        .get("/{practice}/staff/password/{token}", Needs::Link, password_pages::password_page)
        .post("/{practice}/staff/password/{token}", Needs::Link, password_pages::set_password)
}
