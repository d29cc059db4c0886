//! Signing in person, on the practice's device: a staff member hands it to one signer, whose birth date stands in for the
//! password. The staff member's session is locked for as long as the device is in the signer's hands, and after it until
//! the staff member types their password.
//!
//! | file | what |
//! |---|---|
//! | `lifecycle` | the steps and the ends, pure |
//! | `right` | who may sign so |
//! | `actions` | what can be done, each one transaction |
//! | `pages` | the pages on the device |
//! | `store` | the rows |

pub mod actions;
pub mod lifecycle;
mod pages;
pub mod right;
pub mod store;

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// The routes. All but the first are for a locked session, which names nothing by its address: what is signed is what the
/// session was locked for.
pub fn routes() -> Routes {
    let manage = Needs::Staff(Permission::ManageDocuments);
    let locked = Needs::StaffSession;
    Routes::new()
        .post("/staff/charts/{chart}/documents/{document}/sign-here", manage, pages::start)
        .get("/staff/in-person", locked, pages::page)
        .post("/staff/in-person/birth-date", locked, pages::birth_date)
        .post("/staff/in-person/consent", locked, pages::consent)
        .get("/staff/in-person/versions/{version}/pages/{page}", locked, pages::page_text)
        .get("/staff/in-person/versions/{version}/pages/{page}/picture", locked, pages::picture)
        .post("/staff/in-person/read", locked, pages::has_read)
        .post("/staff/in-person/sign", locked, pages::sign)
        .get("/staff/in-person/refuse", locked, pages::refuse_page)
        .post("/staff/in-person/refuse", locked, pages::refuse)
        .post("/staff/in-person/give-back", locked, pages::give_back)
}
