//! Messages: threads between a client's side and the practice, and the queue in which staff answer.

pub mod actions;
mod attach;
mod audit;
pub mod away;
mod away_pages;
mod away_store;
mod chart_pages;
mod client_pages;
mod draft;
mod draft_store;
mod export;
pub mod handover;
pub mod joining;
mod late;
pub mod lifecycle;
mod live;
mod note_store;
mod notes;
mod notices;
mod opening;
mod party_pages;
mod print_pages;
mod promise;
mod queue_page;
pub mod readers;
mod staff_act_pages;
mod store;
mod text;
mod thread;
pub mod withdraw;

pub use audit::MessageAction;
pub use client_pages::{is_there_for, subject_for};
pub use store::{
    Attachment, InboxLine, Message, PartyReader, Place, Thread, count_late, count_with, find,
    threads_of_chart, unread, unread_of,
};
pub use text::{MOST_FILES, MessageText, NotAText, Subject, Written};

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;

use crate::features::documents::{FORM_AROUND, LARGEST};
use crate::platform::feature::Feature;
use crate::platform::jobs::{JobHandler, JobKind, JobRun};
use crate::platform::permissions::{Level, Needs, Permission, Right};
use crate::platform::web::Routes;
use crate::platform::web::nav::{ClientNav, StaffNav, Waiting};

/// What this feature brings.
pub const FEATURE: Feature = Feature {
    audit_actions: audit::MessageAction::ACTIONS,
    mail_kinds: notices::MessageMail::KINDS,
    mail_subjects: &[notices::MESSAGE_NOTICE, late::MESSAGES_LATE],
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
    jobs: &[
        JobHandler { kind: JobKind::MessageNotice, run: JobRun::InPractice(notices::send) },
        JobHandler { kind: JobKind::MessageLate, run: JobRun::InPractice(late::tell) },
        JobHandler { kind: JobKind::DraftTidy, run: JobRun::EveryHours(1, draft_store::tidy) },
    ],
    ..Feature::new("messages", routes)
};

/// The routes of this feature.
fn routes() -> Routes {
    let mine = Needs::Client(Right::Messages, Level::View);
    let write = Needs::Client(Right::Messages, Level::Act);
    let answer = Needs::Staff(Permission::AnswerMessages);
    let largest = || DefaultBodyLimit::max(LARGEST as usize + FORM_AROUND);
    Routes::new()
        .get("/portal/messages", mine, client_pages::list)
        .get("/portal/messages/live", mine, live::of_client_list)
        .get("/portal/messages/new", write, client_pages::new_page)
        // Whoever may not write any more since the page was shown gets their text back: the action asks.
        .post("/portal/messages/new", mine, client_pages::begin)
        .post("/portal/messages/new/draft", write, client_pages::save_new)
        .post("/portal/messages/new/discard", write, client_pages::discard_new)
        .post_file("/portal/messages/new/attach", write, client_pages::attach_new.layer(largest()))
        .get("/portal/messages/{thread}", mine, client_pages::show)
        .post("/portal/messages/{thread}", mine, client_pages::write)
        .post("/portal/messages/{thread}/draft", write, client_pages::save)
        .post("/portal/messages/{thread}/discard", write, client_pages::discard)
        .post_file("/portal/messages/{thread}/attach", write, client_pages::attach.layer(largest()))
        .get("/portal/messages/{thread}/files/{attachment}", mine, client_pages::file)
        .get("/portal/messages/{thread}/live", mine, live::of_client)
        .get("/portal/messages/{thread}/print", mine, print_pages::client_page)
        .get("/portal/messages/{thread}/pdf", mine, print_pages::client_file)
        .get("/staff/messages", answer, queue_page::page)
        .get("/staff/messages/live", answer, live::of_queue)
        .get("/staff/messages/search", answer, queue_page::search)
        .get("/staff/messages/away", answer, away_pages::list)
        .post("/staff/messages/away", answer, away_pages::add)
        .post("/staff/messages/away/remove", answer, away_pages::remove)
        .get("/staff/charts/{chart}/messages/new", answer, chart_pages::new_page)
        .post("/staff/charts/{chart}/messages/new", answer, chart_pages::begin)
        .post("/staff/charts/{chart}/messages/new/draft", answer, chart_pages::save_new)
        .post("/staff/charts/{chart}/messages/new/discard", answer, chart_pages::discard_new)
        .post_file(
            "/staff/charts/{chart}/messages/new/attach",
            answer,
            chart_pages::attach_new.layer(largest()),
        )
        .get("/staff/charts/{chart}/messages/{thread}", answer, chart_pages::show)
        .post("/staff/charts/{chart}/messages/{thread}/reply", answer, chart_pages::reply)
        .post("/staff/charts/{chart}/messages/{thread}/draft", answer, chart_pages::save)
        .post("/staff/charts/{chart}/messages/{thread}/discard", answer, chart_pages::discard)
        .post_file(
            "/staff/charts/{chart}/messages/{thread}/attach",
            answer,
            chart_pages::attach.layer(largest()),
        )
        .get("/staff/charts/{chart}/messages/{thread}/files/{attachment}", answer, chart_pages::file)
        .get("/staff/charts/{chart}/messages/{thread}/live", answer, live::of_staff)
        .get("/staff/charts/{chart}/messages/{thread}/print", answer, print_pages::staff_page)
        .get("/staff/charts/{chart}/messages/{thread}/pdf", answer, print_pages::staff_file)
        .post("/staff/charts/{chart}/messages/{thread}/note", answer, chart_pages::note)
        .post("/staff/charts/{chart}/messages/{thread}/take-back", answer, staff_act_pages::take_back)
        .post("/staff/charts/{chart}/messages/{thread}/no-reply-needed", answer, chart_pages::no_reply)
        .post("/staff/charts/{chart}/messages/{thread}/close", answer, chart_pages::close)
        .post("/staff/charts/{chart}/messages/{thread}/reopen", answer, chart_pages::reopen)
        .get("/staff/charts/{chart}/messages/{thread}/move", answer, staff_act_pages::move_page)
        .post("/staff/charts/{chart}/messages/{thread}/move", answer, staff_act_pages::transfer)
        .get("/staff/charts/{chart}/messages/{thread}/people", answer, party_pages::people)
        .post("/staff/charts/{chart}/messages/{thread}/people", answer, party_pages::add)
        .post("/staff/charts/{chart}/messages/{thread}/people/end", answer, party_pages::end)
        .get("/staff/charts/{chart}/messages/{thread}/reason", answer, staff_act_pages::reason_page)
        .post("/staff/charts/{chart}/messages/{thread}/reason", answer, staff_act_pages::open_with_reason)
}
