//! Messages in the chart room: the section of the Communications tab, one thread with its answer, and a new one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;

use crate::features::access::{COMMUNICATIONS, COMMUNICATIONS_TAB};
use crate::features::accounts::level_now;
use crate::features::messages::actions::{self, Look, NotDone, PracticeAct, ThreadView};
use crate::features::messages::lifecycle::{Side, Standing};
use crate::features::messages::readers::{Addressee, StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, Message};
use crate::features::messages::thread::{self, MessageLine};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Permission, Right, Role};
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartReader, SectionLine, TabSection, TabSectionContent};
use crate::platform::web::{PageError, PageResult, html, is_read, see_other};

/// The chart's threads, below its portal access.
pub(super) const SECTION: TabSection =
    TabSection { tab: COMMUNICATIONS, needs: Permission::AnswerMessages, order: 20, read: section };

fn path_of(chart: &ChartId, thread: &ThreadId) -> String {
    format!("/staff/charts/{chart}/messages/{thread}")
}

fn section(c: &mut Scoped<'_>, chart: &ChartId, reader: &ChartReader) -> Result<TabSectionContent, Fault> {
    let words = reader.words;
    let who = StaffReader { staff: reader.staff, role: reader.role };
    let page = store::of_chart(c, who, chart, None)?;
    let now = c.now();
    let lines = page
        .lines
        .into_iter()
        .map(|line| {
            let reads = staff_reads(line.thread.to, who) == StaffReads::Words;
            let with = thread::with_words(words, line.thread.to, line.with.as_deref());
            SectionLine {
                href: reads.then(|| path_of(chart, &line.thread.id)),
                title: if reads { line.thread.subject } else { words.get("messages-private") },
                note: words.with1("messages-with", "with", with),
                at: words.stamp(line.thread.last_at, &reader.zone, now),
                tag: thread::standing_tag(words, Side::Practice, line.thread.standing),
                is_new: reads && line.is_unread,
            }
        })
        .collect();
    Ok(TabSectionContent {
        id: "messages",
        title: words.get("messages-title"),
        empty: words.get("messages-chart-empty"),
        lines,
        more: page.next.map(|_| words.get("messages-chart-more")),
        action: Some((format!("/staff/charts/{chart}/messages/new"), words.get("messages-new-staff"))),
    })
}

/// What the address says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    before: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_thread.html")]
struct ThreadPage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    base: String,
    subject: String,
    readers: String,
    tag: (&'static str, String),
    lines: Vec<MessageLine>,
    earlier: Option<i32>,
    is_newest: bool,
    waits: bool,
    is_closed: bool,
    seen: i32,
    mark: String,
    text: String,
}

/// What was typed, with the mark of its form.
#[derive(Default)]
struct Draft {
    mark: String,
    text: String,
}

async fn load(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    before: Option<i32>,
    look: Look,
) -> Result<(ChartRoom, ThreadView), PageError> {
    let (viewer, by) = (Viewer::of(app, staff), staff.by());
    let reader = StaffReader { staff: staff.staff_id, role: staff.role };
    let unit = move |c: &mut Scoped<'_>| {
        let Some(room) = load_room(c, viewer, &at.0)? else { return Ok(None) };
        let view = actions::look_as_staff(c, reader, &by, at, before, look)?;
        Ok(view.map(|view| (room, view)))
    };
    let found = match look {
        Look::Read => app.db.write(&staff.scope, unit).await?,
        Look::Ahead => app.db.read(&staff.scope, unit).await?,
    };
    found.ok_or(PageError::NotFound)
}

fn thread_page(
    app: &AppState,
    staff: &StaffSession,
    (room, view): (&ChartRoom, &ThreadView),
    before: Option<i32>,
    draft: Draft,
    errors: FieldErrors,
) -> ThreadPage {
    let (words, thread) = (staff.words, &view.thread);
    let with = thread::with_words(words, thread.to, view.with.as_deref());
    ThreadPage {
        base: path_of(&thread.chart, &thread.id),
        subject: thread.subject.clone(),
        readers: words.with2("messages-readers-staff", "client", view.parties.join(", "), "with", with),
        tag: thread::standing_tag(words, Side::Practice, thread.standing),
        lines: thread::lines(words, &staff.zone, app.now(), Side::Practice, &view.messages),
        earlier: thread::earlier(view),
        is_newest: before.is_none(),
        waits: matches!(thread.standing, Standing::WaitsForPractice(_)),
        is_closed: thread.standing == Standing::Closed,
        seen: view.messages.last().map_or(0, |newest| newest.seq),
        mark: if draft.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { draft.mark },
        text: draft.text,
        errors,
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
        frame: staff.frame(app, CHARTS),
    }
}

fn ids(chart: &str, thread: &str) -> Result<(ChartId, ThreadId), PageError> {
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    Ok((chart, thread.parse().map_err(|_| PageError::NotFound)?))
}

/// One thread.
pub(super) async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    method: Method,
    headers: HeaderMap,
    Path((chart, thread)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let before: Option<i32> = asked.before.parse().ok();
    let look = if is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let (room, view) = load(&app, &staff, ids(&chart, &thread)?, before, look).await?;
    html(thread_page(&app, &staff, (&room, &view), before, Draft::default(), FieldErrors::new()).render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ReplyForm {
    mark: String,
    seen: i32,
    text: String,
}

/// The page again, with what was typed, what is wrong with it, and every message that has come since.
async fn reply_again(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    form: ReplyForm,
    errors: FieldErrors,
    status: StatusCode,
) -> PageResult {
    let (room, view) = load(app, staff, at, None, Look::Read).await?;
    let draft = Draft { mark: form.mark, text: form.text };
    let page = thread_page(app, staff, (&room, &view), None, draft, errors);
    Ok((status, html(page.render())?).into_response())
}

/// "Ana Duarte wrote a message while you were writing."
fn meanwhile(staff: &StaffSession, newer: &Message) -> String {
    let words = staff.words;
    let time = words.time(newer.sent_at, &staff.zone);
    words.with2("messages-error-meanwhile", "name", &newer.author_name, "time", time)
}

/// Answers. Where somebody wrote since the page was shown, it is shown again with both texts, and sends on the
/// second press.
pub(super) async fn reply(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let mut errors = FieldErrors::new();
    let Some(text) = thread::read_text(staff.words, &form.text, &mut errors) else {
        return reply_again(&app, &staff, at, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let mark = FormToken::read("reply", &staff.staff_id.to_string(), &form.mark, &body)?;
    match actions::act_by_staff(&app, &staff, at, form.seen, PracticeAct::Write(text), Some(mark)).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=message-answered", path_of(&at.0, &at.1)))),
        Err(NotDone::WrittenMeanwhile(newer)) => {
            errors.add("text", meanwhile(&staff, &newer));
            reply_again(&app, &staff, at, form, errors, StatusCode::CONFLICT).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ActForm {
    seen: i32,
}

/// Says that no reply is needed, closes, or opens again. Safe to repeat.
async fn act(
    app: AppState,
    staff: StaffSession,
    (chart, thread): (String, String),
    body: Bytes,
    act: PracticeAct,
    done: &str,
) -> PageResult {
    let form: ActForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let here = path_of(&at.0, &at.1);
    match actions::act_by_staff(&app, &staff, at, form.seen, act, None).await? {
        Ok(_) => Ok(see_other(&format!("{here}?done={done}"))),
        // The page shows the message that nobody has read yet.
        Err(NotDone::WrittenMeanwhile(_)) => Ok(see_other(&format!("{here}?done=message-came-meanwhile"))),
        Err(_) => Err(PageError::NotFound),
    }
}

/// No reply is needed.
pub(super) async fn no_reply(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    act(app, staff, at, body, PracticeAct::NoReplyNeeded, "thread-no-reply").await
}

/// Closes.
pub(super) async fn close(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    act(app, staff, at, body, PracticeAct::Close, "thread-closed").await
}

/// Opens again.
pub(super) async fn reopen(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    act(app, staff, at, body, PracticeAct::Reopen, "thread-reopened").await
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NewForm {
    mark: String,
    holder: String,
    from: String,
    subject: String,
    text: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_new.html")]
struct NewPage {
    frame: StaffFrame,
    head: RoomHead,
    errors: FieldErrors,
    base: String,
    mark: String,
    holder: String,
    holders: Vec<(String, String)>,
    from: String,
    senders: Vec<(String, String)>,
    subject: String,
    text: String,
}

/// The words in the form for whom the client answers.
const FROM_DESK: &str = "front_desk";
const FROM_ME: &str = "me";

/// In whose name a staff member may begin a thread.
fn senders(staff: &StaffSession) -> Vec<(String, String)> {
    let desk = (FROM_DESK.to_owned(), staff.words.get("messages-from-front-desk"));
    let own = matches!(staff.role, Role::Clinician | Role::Administrator)
        .then(|| (FROM_ME.to_owned(), staff.words.get("messages-from-me")));
    own.into_iter().chain([desk]).collect()
}

async fn form_page(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    form: NewForm,
    errors: FieldErrors,
) -> Result<NewPage, PageError> {
    let viewer = Viewer::of(app, staff);
    let (ChartRoom { file, tags }, holders) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let mut readers = Vec::new();
            for holder in store::holders(c, &chart)? {
                if level_now(c, &holder.access, Right::Messages)? >= Level::View {
                    readers.push((holder.access.to_string(), holder.name()));
                }
            }
            Ok(Some((room, readers)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let senders = senders(staff);
    let first = |choices: &[(String, String)]| choices.first().map(|(value, _)| value.clone());
    Ok(NewPage {
        base: format!("/staff/charts/{chart}"),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        holder: if form.holder.is_empty() { first(&holders).unwrap_or_default() } else { form.holder },
        from: if form.from.is_empty() { first(&senders).unwrap_or_default() } else { form.from },
        holders,
        senders,
        subject: form.subject,
        text: form.text,
        errors,
        head: room_head(app, staff, &file, &tags, COMMUNICATIONS_TAB),
        frame: staff.frame(app, CHARTS),
    })
}

/// The form.
pub(super) async fn new_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    html(form_page(&app, &staff, chart, NewForm::default(), FieldErrors::new()).await?.render())
}

/// Begins a thread. The same form sent twice makes one.
pub(super) async fn begin(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: NewForm = staff.form(&body)?;
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let words = staff.words;
    let mut errors = FieldErrors::new();
    let to = match form.from.as_str() {
        FROM_DESK => Some(Addressee::FrontDesk),
        FROM_ME if matches!(staff.role, Role::Clinician | Role::Administrator) => {
            Some(Addressee::Clinician(staff.staff_id))
        }
        _ => None,
    };
    if to.is_none() {
        errors.add("from", words.get("messages-error-from"));
    }
    let holder: Option<AccessId> = form.holder.parse().ok();
    if holder.is_none() {
        errors.add("holder", words.get("messages-error-holder"));
    }
    let subject = thread::read_subject(words, &form.subject, &mut errors);
    let text = thread::read_text(words, &form.text, &mut errors);
    if let (Some(to), Some(holder), Some(subject), Some(text)) = (to, holder, subject, text) {
        let mark = FormToken::read("thread", &staff.staff_id.to_string(), &form.mark, &body)?;
        match actions::begin_by_staff(&app, &staff, (chart, holder), to, (subject, text), mark).await? {
            Ok(thread) => {
                return Ok(see_other(&format!("{}?done=message-sent", path_of(&chart, &thread))));
            }
            Err(_) => errors.add("holder", words.get("messages-error-holder")),
        }
    }
    let page = form_page(&app, &staff, chart, form, errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response())
}
