//! What an administrator sets: the practice's profile, its policies, its frequent questions, its team; and
//! the audit trail.

mod age_rule_pages;
mod audit_pages;
mod jurisdiction_pages;
mod profile_pages;
mod question_pages;
mod team_pages;

pub use audit_pages::{Area, state_words};
pub use profile_pages::{PRACTICE, ZONES};
pub use team_pages::TEAM;

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;
use crate::platform::web::nav::StaffNav;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    staff_nav: &[
        StaffNav {
            section: team_pages::TEAM,
            label: "nav-team",
            icon: "team",
            needs: Permission::ManageStaff,
            order: 40,
            waiting: None,
            first_for: &[],
        },
        StaffNav {
            section: profile_pages::PRACTICE,
            label: "nav-practice",
            icon: "practice",
            needs: Permission::EditPractice,
            order: 50,
            waiting: None,
            first_for: &[],
        },
        StaffNav {
            section: audit_pages::AUDIT,
            label: "nav-audit",
            icon: "audit",
            needs: Permission::SeeAudit,
            order: 60,
            waiting: None,
            first_for: &[],
        },
    ],
    ..Feature::new("settings", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let edit = Needs::Staff(Permission::EditPractice);
    let audit = Needs::Staff(Permission::SeeAudit);
    let team = Needs::Staff(Permission::ManageStaff);
    Routes::new()
        .get("/staff/practice", edit, profile_pages::profile)
        .post("/staff/practice", edit, profile_pages::save_profile)
        .get("/staff/practice/age-rules", edit, age_rule_pages::list)
        .get("/staff/practice/age-rules/new", edit, age_rule_pages::new_page)
        .post("/staff/practice/age-rules/new", edit, age_rule_pages::add)
        .get("/staff/practice/age-rules/{rule}/end", edit, age_rule_pages::end_page)
        .post("/staff/practice/age-rules/{rule}/end", edit, age_rule_pages::end)
        .get("/staff/practice/jurisdictions", edit, jurisdiction_pages::list)
        .get("/staff/practice/jurisdictions/new", edit, jurisdiction_pages::new_page)
        .post("/staff/practice/jurisdictions/new", edit, jurisdiction_pages::add)
        .get("/staff/practice/jurisdictions/{jurisdiction}", edit, jurisdiction_pages::edit)
        .post("/staff/practice/jurisdictions/{jurisdiction}", edit, jurisdiction_pages::save)
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
        .get("/staff/audit/export", audit, audit_pages::export)
        .get("/staff/team", team, team_pages::list)
        .get("/staff/team/new", team, team_pages::new_page)
        .post("/staff/team/new", team, team_pages::invite)
        .get("/staff/team/{staff}", team, team_pages::member)
        .post("/staff/team/{staff}/role", team, team_pages::change_role)
        .post("/staff/team/{staff}/enable", team, team_pages::enable)
        .post("/staff/team/{staff}/link", team, team_pages::mail_link)
        .post("/staff/team/{staff}/sign-out", team, team_pages::sign_out_everywhere)
}
