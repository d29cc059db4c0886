//! Messages: threads between a client's side and the practice, and the queue in which staff answer.

pub mod actions;
mod audit;
mod chart_pages;
mod client_pages;
pub mod lifecycle;
mod notices;
mod queue_page;
pub mod readers;
mod store;
mod text;
mod thread;

pub use audit::MessageAction;
pub use notices::MESSAGE_NOTICE;
pub use store::{InboxLine, Message, Place, Thread, find, threads_of_chart, unread};
pub use text::{MessageText, NotAText, Subject};

use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::MessageAction::ACTIONS,
    staff_nav: &[StaffNav {
        section: queue_page::MESSAGES,
        label: "nav-messages",
        icon: "messages",
        needs: Permission::AnswerMessages,
        order: 25,
        waiting: Some(Waiting { count: store::count_waiting, label: "nav-messages-waiting" }),
        first_for: &[],
    }],
    client_nav: &[ClientNav {
        section: client_pages::MINE,
        label: "nav-messages",
        icon: "messages",
        needs: Some(Right::Messages),
        order: 25,
    }],
    tab_sections: &[chart_pages::SECTION],
    jobs: &[JobHandler { kind: JobKind::MessageNotice, run: JobRun::InPractice(notices::send) }],
    ..Feature::new("messages", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let mine = Needs::Client(Right::Messages, Level::View);
    let write = Needs::Client(Right::Messages, Level::Act);
    let answer = Needs::Staff(Permission::AnswerMessages);
    Routes::new()
        .get("/portal/messages", mine, client_pages::list)
        .get("/portal/messages/new", write, client_pages::new_page)
        .post("/portal/messages/new", write, client_pages::begin)
        .get("/portal/messages/{thread}", mine, client_pages::show)
        .post("/portal/messages/{thread}", write, client_pages::write)
        .get("/staff/messages", answer, queue_page::page)
        .get("/staff/charts/{chart}/messages/new", answer, chart_pages::new_page)
        .post("/staff/charts/{chart}/messages/new", answer, chart_pages::begin)
        .get("/staff/charts/{chart}/messages/{thread}", answer, chart_pages::show)
        .post("/staff/charts/{chart}/messages/{thread}/reply", answer, chart_pages::reply)
        .post("/staff/charts/{chart}/messages/{thread}/no-reply-needed", answer, chart_pages::no_reply)
        .post("/staff/charts/{chart}/messages/{thread}/close", answer, chart_pages::close)
        .post("/staff/charts/{chart}/messages/{thread}/reopen", answer, chart_pages::reopen)
}
