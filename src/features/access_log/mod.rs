//! Who looked at a client's record, for the client, and what they report about it.

mod audit;
mod client_page;
mod lines;
mod staff_page;
mod store;
mod suspending;
mod suspension_page;
mod suspension_store;

pub use client_page::{what_words, who_words};
pub use lines::{Acts, LogLine, Who, log_of_chart};
pub use suspending::{ORAL_DAYS, REASON, Suspend, WrongDay, check_day, resume, suspend};
pub use suspension_store::{Statement, Suspension, actors, all as suspensions_of};

use crate::platform::feature::Feature;
use crate::platform::permissions::{Needs, Permission};
use crate::platform::web::Routes;
use crate::platform::web::nav::{StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::AccessLogAction::ACTIONS,
    mail_kinds: staff_page::AccessLogMail::KINDS,
    staff_nav: &[StaffNav {
        section: staff_page::CONCERNS,
        label: "nav-concerns",
        icon: "audit",
        needs: Permission::SeeAudit,
        order: 75,
        waiting: Some(Waiting { count: store::count_open, label: "nav-concerns-waiting" }),
        first_for: &[],
    }],
    ..Feature::new("access_log", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let answer = Needs::Staff(Permission::SeeAudit);
    Routes::new()
        .get("/portal/who-looked", Needs::ClientSession, client_page::show)
        .post("/portal/who-looked", Needs::ClientSession, client_page::raise)
        .get("/staff/concerns", answer, staff_page::list)
        .post("/staff/concerns", answer, staff_page::answer)
        .get("/staff/charts/{chart}/log", answer, suspension_page::show)
        .post("/staff/charts/{chart}/log", answer, suspension_page::suspend)
        .post("/staff/charts/{chart}/log/end", answer, suspension_page::end)
}
