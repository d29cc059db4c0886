//! The practice: its profile, contact block, policies, frequent questions, audit trail.

mod audit_pages;
mod frames;
mod profile;
mod profile_pages;
mod public;
mod question_pages;
mod questions;
pub mod register;
mod store;

pub use profile::{Saved, Typed as TypedProfile, TypedPolicy, save as save_profile, save_policy};
pub use public::PublicPractice;
pub(crate) use public::source_of;
pub use questions::{Question, insert as insert_question, questions};
pub use store::{
    NewPractice, Policy, Practice, SelfHelp, Suspended, create, find_by_slug, ids, is_any, load, wanted_slug,
};

use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;

/// This room's routes.
pub fn routes() -> Routes {
    let edit = Needs::Staff(Permission::EditPractice);
    let audit = Needs::Staff(Permission::SeeAudit);
    Routes::new()
        .get("/staff/practice", edit, profile_pages::profile)
        .post("/staff/practice", edit, profile_pages::save_profile)
        .get("/staff/practice/policies", edit, profile_pages::policies)
        .post("/staff/practice/policies", edit, profile_pages::save_policies)
        .get("/staff/practice/questions", edit, question_pages::list)
        .get("/staff/practice/questions/new", edit, question_pages::new_page)
        .post("/staff/practice/questions/new", edit, question_pages::add)
        .get("/staff/practice/questions/{question}", edit, question_pages::edit_page)
        .post("/staff/practice/questions/{question}", edit, question_pages::save)
        .post("/staff/practice/questions/{question}/move", edit, question_pages::shift)
        .get("/staff/practice/questions/{question}/delete", edit, question_pages::delete_page)
        .post("/staff/practice/questions/{question}/delete", edit, question_pages::delete)
        .get("/staff/audit", audit, audit_pages::trail)
        .get("/staff/audit/check", audit, audit_pages::check)
}
