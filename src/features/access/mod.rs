//! Grants and invitations: the core of Anteroom. See [`lifecycle`] for the table of states and events.

mod accounts;
pub mod actions;
mod address_use;
pub mod age;
pub mod ahead;
mod ahead_store;
mod audit;
mod chart_batch;
mod client_pages;
mod doubt;
mod due_store;
mod handover_store;
pub mod identity;
mod kinds;
pub mod lifecycle;
mod limits_store;
mod list_store;
mod mails;
mod news;
mod note_store;
mod orders;
mod overview;
mod owner_preview;
pub mod permission;
mod reminders;
mod staff_pages;
mod store;

pub use actions::{ActName, Refused};
pub use address_use::{address_on_file, marks_of};
pub use ahead::{Becomes, NearDay, narrows_soon};
pub use ahead_store::near_day_of_others;
pub use audit::AccessAction;
pub use doubt::Doubt;
pub use limits_store::{
    AgeRuleRow, Kept, Limits, MOST_RULES, Part2Consent, age_rule_rows, age_rules, facts_of, facts_on,
    may_have_rules, part2_of, withheld_from,
};
pub use list_store::{next_open_links, page as list_page};
pub use mails::AccessMail;
pub use news::OPEN_GRANT;
pub use note_store::{names_paper, papers_of_staff};
pub use orders::{is_one_parent_alone, needs_supervision};
pub use overview::{
    Happening, HistoryEntry, MailRoute, Overview, TimelineEntry, history_of_chart, overview_of,
    overviews_of_chart,
};
pub use owner_preview::{Held, OwnerPreview, PersonChange};
pub use staff_pages::{
    ActOutcome, Asked, COMMUNICATIONS, NotesOnFile, NotesShown, PostedAct, TAB as COMMUNICATIONS_TAB, When,
    ask_for, grant_path, kept_in_words, lacks_in_words, notes_on_file, refusal_key,
};
pub use store::{
    AccessRow, Channel, EndedBy, GrantRole, INVITATION, InvitationState, is_sole_owner, load_access,
    names_of, read_differed,
};

pub use store::{has_more_limits, undeliverable_mails, with_what_decides};

use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::permissions::Permission;
use crate::platform::web::Routes;
use crate::platform::web::nav::ChartTags;

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::AccessAction::ACTIONS,
    mail_kinds: AccessMail::KINDS,
    mail_subjects: &[
        INVITATION,
        news::OPEN_GRANT,
        news::CLOSED_GRANT,
        news::NARROWING_GRANT,
        news::CLOSED_CHART,
    ],
    chart_tabs: &[staff_pages::TAB],
    chart_tags: Some(ChartTags { needs: Permission::SeePortal, read: staff_pages::head_tags }),
    jobs: &[
        JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(actions::remind) },
        JobHandler { kind: JobKind::InvitationForget, run: JobRun::InPractice(actions::forget) },
        JobHandler { kind: JobKind::AccessAhead, run: JobRun::InPractice(actions::announce) },
    ],
    ..Feature::new("access", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    staff_pages::routes().and(client_pages::routes())
}
