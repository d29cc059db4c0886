//! The practice's messages: what waits for an answer, and what was answered or closed.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};

use crate::features::messages::client_pages::query_of;
use crate::features::messages::draft_store;
use crate::features::messages::lifecycle::Side;
use crate::features::messages::readers::{
    Addressee, StaffReader, StaffReads, may_open_with_reason, staff_reads,
};
use crate::features::messages::store::{self, Page, Place, QueueBox, QueueLine, QueueState, ReaderKind};
use crate::features::messages::text::Search;
use crate::features::messages::thread;
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::ids::ThreadId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
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

/// Which lines are wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    which: Option<QueueBox>,
    state: QueueState,
    after: Option<Place>,
}

impl Wanted {
    fn of(asked: &Asked) -> Self {
        Self { after: Place::read(&asked.after), ..Self::first_page_of(asked) }
    }

    /// The newest lines of the list that an address names.
    pub(super) fn first_page_of(asked: &Asked) -> Self {
        let state = asked.state.parse().unwrap_or(QueueState::Waiting);
        Self { which: asked.r#box.parse().ok(), state, after: None }
    }

    /// Reads them, and says from which list they are.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn find(
        self,
        c: &mut Scoped<'_>,
        reader: &StaffReader,
    ) -> Result<(QueueBox, Page<QueueLine>), Fault> {
        let mine = boxes(reader);
        let which = self.which.filter(|which| mine.contains(which));
        let first = which.unwrap_or_else(|| first_box(reader.role));
        let found = store::queue(c, reader, first, self.state, self.after)?;
        // Who comes for what is late is shown the list in which something is.
        if which.is_none() && self.state == QueueState::Late && found.lines.is_empty() {
            for other in mine.into_iter().filter(|other| *other != first) {
                let found = store::queue(c, reader, other, self.state, self.after)?;
                if !found.lines.is_empty() {
                    return Ok((other, found));
                }
            }
        }
        Ok((first, found))
    }
}

struct Choice {
    href: String,
    label: String,
    current: bool,
}

struct Line {
    /// None where the staff member may not read it.
    href: Option<String>,
    /// Where they say why they read it all the same.
    reason: Option<String>,
    client: String,
    number: String,
    chart: String,
    /// Empty where the staff member may not read it.
    subject: String,
    with: String,
    /// By when an answer was promised, or when the newest message was written.
    at: Stamp,
    tag: (&'static str, String),
    is_unread: bool,
    /// Is an answer of theirs saved and not sent?
    has_draft: bool,
}

#[derive(Template)]
#[template(path = "features/messages/templates/queue.html")]
struct QueuePage {
    frame: StaffFrame,
    boxes: Vec<Choice>,
    states: Vec<Choice>,
    shows_with: bool,
    /// Do the lines say when they are due?
    shows_due: bool,
    hint: String,
    lines: Vec<Line>,
    empty: String,
    next: Option<String>,
    /// The query under which the page is told of what is new; `None` behind the first page.
    live: Option<String>,
}

/// The lists that a staff member may look at.
fn boxes(reader: &StaffReader) -> Vec<QueueBox> {
    let is_theirs = |which: &QueueBox| match which {
        QueueBox::FrontDesk => staff_reads(Addressee::FrontDesk, reader) > StaffReads::Nothing,
        QueueBox::Billing => staff_reads(Addressee::Billing, reader) > StaffReads::Nothing,
        // A clinician's threads are with clinicians, or with an administrator who sees clients too.
        QueueBox::Mine => matches!(reader.role, Role::Clinician | Role::Administrator),
        QueueBox::Covered => reader.role != Role::Biller && !reader.covers.is_empty(),
        QueueBox::Clinicians => store::sees_every_thread(reader.role),
    };
    QueueBox::ALL.iter().copied().filter(is_theirs).collect()
}

/// The list that a role comes to without a choice.
fn first_box(role: Role) -> QueueBox {
    match role {
        Role::Clinician => QueueBox::Mine,
        Role::Biller => QueueBox::Billing,
        Role::Administrator | Role::FrontDesk => QueueBox::FrontDesk,
    }
}

fn line(
    app: &AppState,
    staff: &StaffSession,
    reader: &StaffReader,
    drafted: &BTreeSet<ThreadId>,
    line: QueueLine,
) -> Line {
    let (words, thread, now) = (staff.words, line.thread, app.now());
    let reads = staff_reads(thread.to, reader) == StaffReads::Words;
    let at = match thread.standing.wait() {
        Some(wait) => words.stamp_with_day(wait.due_at, &staff.zone, now),
        None => words.stamp(thread.last_at, &staff.zone, now),
    };
    Line {
        href: reads.then(|| format!("/staff/charts/{}/messages/{}", thread.chart, thread.id)),
        reason: may_open_with_reason(thread.to, reader)
            .then(|| format!("/staff/charts/{}/messages/{}/reason", thread.chart, thread.id)),
        chart: format!("/staff/charts/{}/communications", thread.chart),
        client: line.client,
        number: line.chart_number,
        subject: if reads { thread::subject_words(words, &thread) } else { String::new() },
        with: thread::with_words(words, thread.to, line.with.as_deref()),
        at,
        tag: thread::standing_tag(words, Side::Practice, thread.standing, now),
        is_unread: reads && line.is_unread,
        has_draft: reads && drafted.contains(&thread.id),
    }
}

/// Those of these threads in which the staff member has a draft of an answer.
fn drafted(
    c: &mut Scoped<'_>,
    staff: &StaffSession,
    lines: &[QueueLine],
) -> Result<BTreeSet<ThreadId>, Fault> {
    let ids: Vec<ThreadId> = lines.iter().map(|line| line.thread.id).collect();
    draft_store::drafted(c, ReaderKind::Staff, staff.staff_id.uuid(), &ids)
}

/// What is searched for.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Sought {
    q: String,
    after: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/search.html")]
struct SearchPage {
    frame: StaffFrame,
    q: String,
    lines: Vec<Line>,
    next: Option<String>,
}

/// The threads whose words a staff member reads, by a word of a message.
pub(super) async fn search(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(sought): Query<Sought>,
) -> PageResult {
    let (after, wanted) = (Place::read(&sought.after), Search::read(&sought.q));
    let (staff, (reader, found, drafts)) = ticket
        .open(&app, move |c, staff| {
            let reader = StaffReader::load(c, staff.staff_id, staff.role)?;
            let found = match &wanted {
                Some(wanted) => Some(store::search_of_staff(c, &reader, wanted, after)?),
                None => None,
            };
            let lines = found.as_ref().map(|page| page.lines.as_slice()).unwrap_or_default();
            let drafts = drafted(c, staff, lines)?;
            Ok((reader, found, drafts))
        })
        .await?;
    let q = sought.q.trim().to_owned();
    let (lines, next) = found.map(|page| (page.lines, page.next)).unwrap_or_default();
    let page = SearchPage {
        lines: lines.into_iter().map(|each| line(&app, &staff, &reader, &drafts, each)).collect(),
        next: next.map(|place| format!("/staff/messages/search?{}after={}", query_of(&q), place.to_text())),
        q,
        frame: staff.frame(&app, MESSAGES),
    };
    html(page.render())
}

/// The list.
pub(super) async fn page(
    State(app): State<AppState>,
    ticket: StaffTicket,
    Query(asked): Query<Asked>,
) -> PageResult {
    let wanted = Wanted::of(&asked);
    let (staff, (reader, which, found, drafts)) = ticket
        .open(&app, move |c, staff| {
            let reader = StaffReader::load(c, staff.staff_id, staff.role)?;
            let (which, found) = wanted.find(c, &reader)?;
            let drafts = drafted(c, staff, &found.lines)?;
            Ok((reader, which, found, drafts))
        })
        .await?;
    let (words, state) = (staff.words, wanted.state);
    let query = |which: QueueBox, state: QueueState| format!("box={which}&state={state}");
    let address = |which, state| format!("/staff/messages?{}", query(which, state));
    let box_label = |which: QueueBox| words.get(&format!("messages-box-{}", which.word().replace('_', "-")));
    let page = QueuePage {
        boxes: boxes(&reader)
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
        shows_with: matches!(which, QueueBox::Clinicians),
        shows_due: matches!(state, QueueState::Waiting | QueueState::Late),
        hint: match (which, staff_reads(Addressee::Billing, &reader)) {
            (QueueBox::Billing, StaffReads::State) => words.get("messages-box-billing-state-hint"),
            _ => words.get(&format!("messages-box-{}-hint", which.word().replace('_', "-"))),
        },
        empty: words.get(&format!("messages-queue-empty-{state}")),
        next: found.next.map(|place| format!("{}&after={}", address(which, state), place.to_text())),
        live: wanted.after.is_none().then(|| query(which, state)),
        lines: found.lines.into_iter().map(|each| line(&app, &staff, &reader, &drafts, each)).collect(),
        frame: staff.frame(&app, MESSAGES),
    };
    html(page.render())
}
