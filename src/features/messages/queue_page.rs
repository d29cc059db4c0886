//! The practice's messages: what waits for an answer, and what was answered or closed.

use askama::Template;
use axum::extract::{Query, State};

use crate::features::messages::lifecycle::Side;
use crate::features::messages::readers::{StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, Place, QueueBox, QueueLine, QueueState};
use crate::features::messages::thread;
use crate::features::staff::{StaffSession, StaffTicket};
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Role;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};

/// The queue.
pub(super) const MESSAGES: Section = Section("/staff/messages");

/// What the address says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    r#box: String,
    state: String,
    after: String,
}

struct Choice {
    href: String,
    label: String,
    current: bool,
}

struct Line {
    /// None where the staff member may not read it.
    href: Option<String>,
    client: String,
    number: String,
    chart: String,
    /// Empty where the staff member may not read it.
    subject: String,
    with: String,
    at: Stamp,
    tag: (&'static str, String),
    is_unread: bool,
}

#[derive(Template)]
#[template(path = "features/messages/templates/queue.html")]
struct QueuePage {
    frame: StaffFrame,
    boxes: Vec<Choice>,
    states: Vec<Choice>,
    shows_with: bool,
    hint: String,
    lines: Vec<Line>,
    empty: String,
    next: Option<String>,
    is_first: bool,
}

/// The lists that this role may look at.
fn boxes(role: Role) -> Vec<QueueBox> {
    let is_theirs = |which: &QueueBox| match which {
        QueueBox::FrontDesk => true,
        // A clinician's threads are with clinicians, or with an administrator who sees clients too.
        QueueBox::Mine => matches!(role, Role::Clinician | Role::Administrator),
        QueueBox::Clinicians => store::sees_every_thread(role),
    };
    QueueBox::ALL.iter().copied().filter(is_theirs).collect()
}

/// The list that a role comes to without a choice.
fn first_box(role: Role) -> QueueBox {
    if role == Role::Clinician { QueueBox::Mine } else { QueueBox::FrontDesk }
}

fn line(app: &AppState, staff: &StaffSession, line: QueueLine) -> Line {
    let (words, thread) = (staff.words, line.thread);
    let reader = StaffReader { staff: staff.staff_id, role: staff.role };
    let reads = staff_reads(thread.to, reader) == StaffReads::Words;
    let (tone, word) = thread::standing_tag(words, Side::Practice, thread.standing);
    let at = match thread.standing {
        super::lifecycle::Standing::WaitsForPractice(since) => since,
        _ => thread.last_at,
    };
    Line {
        href: reads.then(|| format!("/staff/charts/{}/messages/{}", thread.chart, thread.id)),
        chart: format!("/staff/charts/{}/communications", thread.chart),
        client: line.client,
        number: line.chart_number,
        subject: if reads { thread.subject } else { String::new() },
        with: thread::with_words(words, thread.to, line.with.as_deref()),
        at: words.stamp(at, &staff.zone, app.now()),
        tag: (tone, word),
        is_unread: reads && line.is_unread,
    }
}

/// The list.
pub(super) async fn page(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(asked): Query<Asked>,
) -> PageResult {
    let after = Place::read(&asked.after);
    let state: QueueState = asked.state.parse().unwrap_or(QueueState::Waiting);
    let wanted: Option<QueueBox> = asked.r#box.parse().ok();
    let (staff, (which, found)) = ticket
        .open(&app, move |c, staff| {
            let which = wanted.filter(|which| boxes(staff.role).contains(which));
            let which = which.unwrap_or_else(|| first_box(staff.role));
            let reader = StaffReader { staff: staff.staff_id, role: staff.role };
            Ok((which, store::queue(c, reader, which, state, after)?))
        })
        .await?;
    let words = staff.words;
    let address = |which: QueueBox, state: QueueState| format!("/staff/messages?box={which}&state={state}");
    let box_label = |which: QueueBox| words.get(&format!("messages-box-{}", which.word().replace('_', "-")));
    let page = QueuePage {
        boxes: boxes(staff.role)
            .into_iter()
            .map(|each| Choice { href: address(each, state), label: box_label(each), current: each == which })
            .collect(),
        states: QueueState::ALL
            .iter()
            .map(|each| Choice {
                href: address(which, *each),
                label: words.get(&format!("messages-state-{each}")),
                current: *each == state,
            })
            .collect(),
        shows_with: which == QueueBox::Clinicians,
        hint: words.get(&format!("messages-box-{}-hint", which.word().replace('_', "-"))),
        empty: words.get(&format!("messages-queue-empty-{state}")),
        next: found.next.map(|place| format!("{}&after={}", address(which, state), place.to_text())),
        is_first: after.is_none(),
        lines: found.lines.into_iter().map(|each| line(&app, &staff, each)).collect(),
        frame: staff.frame(&app, MESSAGES),
    };
    html(page.render())
}
