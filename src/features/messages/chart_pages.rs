//! Messages in the chart room: the section of the Communications tab, one thread with its answer, and a new one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;

use crate::features::access::{COMMUNICATIONS, COMMUNICATIONS_TAB, NotesShown, notes_on_file};
use crate::features::documents::{FileOf, stored_file, why_not_taken};
use crate::features::messages::actions::{
    self, Look, NotDone, Part, PracticeAct, PracticeReader, ThreadView, slot_of_staff,
};
use crate::features::messages::attach::{Attaching, KeptFile, read_files};
use crate::features::messages::draft::{self, DraftMark, FROM_BILLING, FROM_DESK, FROM_ME, Saved};
use crate::features::messages::draft_store::{self, Typed};
use crate::features::messages::lifecycle::{Side, Standing};
use crate::features::messages::note_store::Note;
use crate::features::messages::notes;
use crate::features::messages::readers::{
    Addressee, StaffReader, StaffReads, may_open_with_reason, staff_reads,
};
use crate::features::messages::store::{self, Message, SeqRange};
use crate::features::messages::text::{MessageText, Written};
use crate::features::messages::thread::{self, MessageLine};
use crate::features::messages::withdraw::may_withdraw;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, BlobId, ChartId, ThreadId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Stamp;
use crate::platform::permissions::{Level, Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::{ChartReader, SectionLine, TabSection, TabSectionContent};
use crate::platform::web::{PageError, PageResult, html, is_read, see_other};

/// The chart's threads, below its portal access.
pub(super) const SECTION: TabSection =
    TabSection { tab: COMMUNICATIONS, needs: Permission::AnswerMessages, order: 20, read: section };

pub(super) fn path_of(chart: &ChartId, thread: &ThreadId) -> String {
    format!("/staff/charts/{chart}/messages/{thread}")
}

fn section(c: &mut Scoped<'_>, chart: &ChartId, reader: &ChartReader) -> Result<TabSectionContent, Fault> {
    let words = reader.words;
    let who = StaffReader::load(c, reader.staff, reader.role)?;
    let page = store::of_chart(c, &who, chart, None)?;
    let now = c.now();
    let lines = page
        .lines
        .into_iter()
        .map(|line| {
            let reads = staff_reads(line.thread.to, &who) == StaffReads::Words;
            let with = thread::with_words(words, line.thread.to, line.with.as_deref());
            let path = path_of(chart, &line.thread.id);
            SectionLine {
                href: if may_open_with_reason(line.thread.to, &who) {
                    Some(format!("{path}/reason"))
                } else {
                    reads.then_some(path)
                },
                title: if reads {
                    thread::subject_words(words, &line.thread)
                } else {
                    words.get("messages-private")
                },
                note: words.with1("messages-with", "with", with),
                at: words.stamp(line.thread.last_at, &reader.zone, now),
                tag: thread::standing_tag(words, Side::Practice, line.thread.standing, now),
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
    /// By when the client was told to expect an answer.
    due: Option<Stamp>,
    lines: Vec<MessageLine>,
    earlier: Option<i32>,
    is_newest: bool,
    /// They said why they read somebody else's, and write nothing.
    looks_on: bool,
    /// Is there somebody who would read an answer?
    has_readers: bool,
    /// Who takes part and cannot read now.
    cannot_read: Option<String>,
    /// Was something written before to another audience, which is not theirs?
    is_cut: bool,
    notes: Vec<NoteLine>,
    note_mark: String,
    /// What was typed as a note.
    note: String,
    waits: bool,
    is_closed: bool,
    seen: i32,
    mark: String,
    text: String,
    kept: Vec<KeptFile>,
    attach_to: String,
    draft: DraftMark,
}

/// A note as the page shows it.
struct NoteLine {
    author: String,
    at: Stamp,
    paragraphs: Vec<String>,
}

/// What was typed, with the mark of its form and the files that wait to be sent.
#[derive(Default)]
struct Composer {
    mark: String,
    text: String,
    kept: Vec<KeptFile>,
    revision: i32,
    saved: Option<Stamp>,
    /// As a note, which is another form.
    note: String,
    note_mark: String,
}

/// What a thread's page in the chart room shows. Notes come by a way of their own: a client's page has no place for them.
struct StaffView {
    room: ChartRoom,
    view: ThreadView,
    notes: Vec<Note>,
    /// Up to which message the client's side has read it.
    read_up_to: i32,
    /// The names of those who take part and cannot read now.
    shut_out: Vec<String>,
}

async fn load(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    before: Option<i32>,
    look: Look,
) -> Result<StaffView, PageError> {
    let (viewer, by) = (Viewer::of(app, staff), staff.by());
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| {
        let Some(room) = load_room(c, viewer, &at.0)? else { return Ok(None) };
        let reader = StaffReader::load(c, who, role)?;
        let found = actions::look_as_staff(c, &reader, &by, at, before, look)?;
        let Some(view) = found else { return Ok(None) };
        let notes = match actions::staff_range(c, &reader, &view.thread)? {
            Some(reads) if before.is_none() => notes::read(c, &view.thread.id, reads)?,
            _ => Vec::new(),
        };
        // Asked only where something may still be taken back.
        let now = c.now();
        let read_up_to = if view.messages.iter().any(|message| may_withdraw(message, &who, 0, now)) {
            store::read_by_client(c, &view.thread.id)?
        } else {
            i32::MAX
        };
        let shut_out = if view.part == Part::Own { actions::shut_out(c, &view.thread)? } else { Vec::new() };
        Ok(Some(StaffView { room, view, notes, read_up_to, shut_out }))
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
    shown: &StaffView,
    before: Option<i32>,
    typed: Composer,
    errors: FieldErrors,
) -> ThreadPage {
    let StaffView { room, view, notes, read_up_to, shut_out } = shown;
    let (words, thread, now) = (staff.words, &view.thread, app.now());
    let with = thread::readers_words(words, &staff.zone, now, view);
    let base = path_of(&thread.chart, &thread.id);
    let mut lines = thread::lines(words, &staff.zone, now, Side::Practice, &base, view);
    for (line, message) in lines.iter_mut().zip(&view.messages) {
        line.may_withdraw =
            view.part == Part::Own && may_withdraw(message, &staff.staff_id, *read_up_to, now);
    }
    let note = |note: &Note| NoteLine {
        author: note.author_name.clone(),
        at: words.stamp(note.written_at, &staff.zone, now),
        paragraphs: thread::paragraphs(&note.body),
    };
    let fresh = |mark: String| if mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { mark };
    ThreadPage {
        lines,
        looks_on: view.part == Part::LooksOn,
        has_readers: !view.parties.is_empty(),
        cannot_read: (view.part == Part::Own && !shut_out.is_empty())
            .then(|| words.with1("messages-cannot-read", "who", shut_out.join(", "))),
        is_cut: view.part == Part::Own && thread.read_from > SeqRange::ALL.from,
        notes: notes.iter().map(note).collect(),
        note_mark: fresh(typed.note_mark),
        note: typed.note,
        attach_to: format!("{base}/attach"),
        draft: DraftMark::new(&base, typed.revision, typed.saved),
        base,
        subject: match view.part {
            Part::Own => thread::subject_words(words, thread),
            Part::LooksOn => thread.subject.clone(),
        },
        readers: words.with2("messages-readers-staff", "client", view.names_without(None), "with", with),
        tag: thread::standing_tag(words, Side::Practice, thread.standing, now),
        due: thread.standing.wait().map(|wait| words.stamp_with_day(wait.due_at, &staff.zone, now)),
        earlier: thread::earlier(view),
        is_newest: before.is_none(),
        waits: thread.standing.wait().is_some(),
        is_closed: thread.standing == Standing::Closed,
        seen: view.messages.last().map_or(0, |newest| newest.seq),
        mark: fresh(typed.mark),
        text: typed.text,
        kept: typed.kept,
        errors,
        head: room_head(app, staff, &room.file, &room.tags, COMMUNICATIONS_TAB),
        frame: staff.frame(app, CHARTS),
    }
}

pub(super) fn ids(chart: &str, thread: &str) -> Result<(ChartId, ThreadId), PageError> {
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
    let shown = load(&app, &staff, ids(&chart, &thread)?, before, look).await?;
    let typed = kept_draft(&app, &staff, &shown).await?;
    html(thread_page(&app, &staff, &shown, before, typed, FieldErrors::new()).render())
}

/// The answer that was kept as a draft.
async fn kept_draft(app: &AppState, staff: &StaffSession, shown: &StaffView) -> Result<Composer, PageError> {
    let known = shown.view.draft.clone();
    let kept = known.as_ref().map(|draft| draft::files_of(&draft.typed)).unwrap_or_default();
    Ok(Composer {
        kept: attaching(staff, shown.view.thread.chart).kept(app, &kept).await?,
        revision: known.as_ref().map_or(0, |draft| draft.revision),
        saved: draft::saved_at(staff.words, &staff.zone, app.now(), known.as_ref()),
        text: known.map(|draft| draft.typed.body).unwrap_or_default(),
        ..Composer::default()
    })
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NoteForm {
    mark: String,
    note: String,
}

/// Writes a note for the staff who read the thread. It is a form of its own: no note is ever sent as an answer, and no
/// answer kept as a note.
pub(super) async fn note(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: NoteForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    let mut errors = FieldErrors::new();
    let text = match MessageText::read(&form.note) {
        Ok(text) => text,
        Err(wrong) => {
            errors.add("note", thread::wrong_text(staff.words, "note", wrong));
            let shown = load(&app, &staff, at, None, Look::Read).await?;
            let draft = kept_draft(&app, &staff, &shown).await?;
            let typed = Composer { note: form.note, note_mark: form.mark, ..draft };
            let page = thread_page(&app, &staff, &shown, None, typed, errors);
            return again(StatusCode::UNPROCESSABLE_ENTITY, page.render());
        }
    };
    let mark = FormToken::read("note", &format!("{}/{}", staff.staff_id, at.1), &form.mark, &body)?;
    match notes::write(&app, &staff, at, text, mark).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=note-written#thread-notes-title", path_of(&at.0, &at.1)))),
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ReplyForm {
    mark: String,
    seen: i32,
    text: String,
    /// The files that wait to be sent.
    kept: Vec<String>,
    /// Files that were chosen and not attached.
    file: Vec<String>,
    /// The draft's revision that the page showed.
    revision: i32,
    /// The answer of the page that asks before a draft is discarded.
    sure: String,
    /// Not empty where the button was pressed that saves the draft.
    save: String,
}

fn attaching(staff: &StaffSession, chart: ChartId) -> Attaching<'_> {
    Attaching {
        scope: &staff.scope,
        words: staff.words,
        by: staff.by(),
        who: staff.staff_id.to_string(),
        chart,
        csrf: &staff.csrf,
        why_not: why_not_taken,
    }
}

/// The answer with a form that is shown again: refused, or with the files that were attached.
fn again(status: StatusCode, page: Result<String, askama::Error>) -> PageResult {
    let page = (status, html(page)?).into_response();
    Ok(if status == StatusCode::OK { drafts::unfinished(page) } else { page })
}

fn status_of(errors: &FieldErrors) -> StatusCode {
    if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// Attaches files to an answer, and shows the form again with what was typed.
pub(super) async fn attach(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let at = ids(&chart, &thread)?;
    // No file is taken in for a thread that they do not answer.
    must_be_there(&app, &staff, (at.0, Some(at.1))).await?;
    let (form, errors): (ReplyForm, _) = attaching(&staff, at.0).read(&app, parts).await?;
    if !form.save.is_empty() {
        return keep(&app, &staff, &HeaderMap::new(), at, (form, errors)).await;
    }
    let status = status_of(&errors);
    reply_again(&app, &staff, at, form, errors, status).await
}

/// A file of a message.
pub(super) async fn file(
    State(app): State<AppState>,
    staff: StaffSession,
    method: Method,
    headers: HeaderMap,
    Path((chart, thread, file)): Path<(String, String, String)>,
) -> PageResult {
    let (chart, thread) = ids(&chart, &thread)?;
    let file: BlobId = file.parse().map_err(|_| PageError::NotFound)?;
    let look = if is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let (who, role, by) = (staff.staff_id, staff.role, staff.by());
    let unit = move |c: &mut Scoped<'_>| {
        let reader = PracticeReader::Staff(StaffReader::load(c, who, role)?);
        actions::file_for_practice(c, &reader, &by, (Some(chart), thread), &file, look)
    };
    let found = match look {
        Look::Read => app.db.write(&staff.scope, unit).await?,
        Look::Ahead => app.db.read(&staff.scope, unit).await?,
    };
    let (chart, found) = found.ok_or(PageError::NotFound)?;
    let of = FileOf { chart, part_of: ("thread", thread.to_string()) };
    Ok(stored_file(&app, &staff.scope, staff.by(), of, &found.blob, &found.name).await?)
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
    let shown = load(app, staff, at, None, Look::Read).await?;
    let kept = attaching(staff, at.0).kept(app, &form.kept).await?;
    let revision = form.revision;
    let typed = Composer { mark: form.mark, text: form.text, kept, revision, ..Composer::default() };
    again(status, thread_page(app, staff, &shown, None, typed, errors).render())
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_discard.html")]
struct DiscardPage {
    frame: StaffFrame,
    action: String,
    back: String,
}

/// Where they may not write, there is nothing.
async fn must_be_there(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, Option<ThreadId>),
) -> Result<(), PageError> {
    let who = (staff.staff_id, staff.role);
    let is_there = app.db.read(&staff.scope, move |c| actions::staff_may_write(c, who, at)).await?;
    is_there.then_some(()).ok_or(PageError::NotFound)
}

/// Discards a draft, once whoever does it was asked.
async fn discard_at(
    app: &AppState,
    staff: &StaffSession,
    here: &str,
    at: (ChartId, Option<ThreadId>),
    sure: &str,
) -> PageResult {
    must_be_there(app, staff, at).await?;
    if sure.is_empty() {
        let frame = staff.frame(app, CHARTS);
        let page = DiscardPage { frame, action: format!("{here}/discard"), back: here.to_owned() };
        return html(page.render()).map(drafts::unfinished);
    }
    match actions::save_draft_of_staff(app, staff, at, None, 0).await? {
        Ok(_) => Ok(see_other(&format!("{here}?done=draft-discarded"))),
        Err(_) => Err(PageError::NotFound),
    }
}

/// Keeps an answer that is not sent yet.
pub(super) async fn save(
    State(app): State<AppState>,
    staff: StaffSession,
    headers: HeaderMap,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let at = ids(&chart, &thread)?;
    keep(&app, &staff, &headers, at, (form, FieldErrors::new())).await
}

/// The same of a form that was read, with what is wrong with its files.
async fn keep(
    app: &AppState,
    staff: &StaffSession,
    headers: &HeaderMap,
    at: (ChartId, ThreadId),
    (mut form, mut errors): (ReplyForm, FieldErrors),
) -> PageResult {
    if form.text.len() > draft::LARGEST {
        return Err(PageError::TooLarge);
    }
    let typed = Typed { body: form.text.clone(), files: form.kept.join(" "), ..Typed::default() };
    let place = (at.0, Some(at.1));
    let saved = actions::save_draft_of_staff(app, staff, place, Some(typed), form.revision).await?;
    let saved = saved.map_err(|_| PageError::NotFound)?;
    draft::note_left_out(staff.words, headers, &form.file, &mut errors);
    if let (Saved::Kept(revision), false) = (&saved, errors.is_empty()) {
        form.revision = *revision;
        let status = status_of(&errors);
        return reply_again(app, staff, at, form, errors, status).await;
    }
    let other = match draft::answer(headers, &path_of(&at.0, &at.1), saved) {
        Ok(answer) => return Ok(answer),
        Err(other) => other,
    };
    form.text = other.with_text(&form.text);
    form.revision = other.revision;
    errors.add("text", staff.words.get("messages-draft-elsewhere"));
    reply_again(app, staff, at, form, errors, StatusCode::CONFLICT).await
}

/// Discards an answer that is not sent yet.
pub(super) async fn discard(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, thread)): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ReplyForm = staff.form(&body)?;
    let (chart, thread) = ids(&chart, &thread)?;
    discard_at(&app, &staff, &path_of(&chart, &thread), (chart, Some(thread)), &form.sure).await
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
    let text = thread::read_text(staff.words, &form.text, &mut errors);
    let files = read_files(staff.words, &form.kept, &form.file, &mut errors);
    let (Some(text), Some(files)) = (text, files) else {
        return reply_again(&app, &staff, at, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
    };
    let act = PracticeAct::Write(Written { text, files });
    let mark = FormToken::read("reply", &format!("{}/{}", staff.staff_id, at.1), &form.mark, &body)?;
    match actions::act_by_staff(&app, &staff, at, form.seen, act, Some(mark)).await? {
        Ok(_) => Ok(see_other(&format!("{}?done=message-answered#newest", path_of(&at.0, &at.1)))),
        Err(NotDone::WrittenMeanwhile(newer)) => {
            errors.add("text", meanwhile(&staff, &newer));
            reply_again(&app, &staff, at, form, errors, StatusCode::CONFLICT).await
        }
        Err(NotDone::NoFile) => {
            errors.add("file", staff.words.get("messages-error-no-file"));
            reply_again(&app, &staff, at, form, errors, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(_) => Err(PageError::NotFound),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ActForm {
    seen: i32,
    /// The answer of the page that asks before an unanswered thread is closed.
    sure: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/staff_close.html")]
struct ClosePage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    subject: String,
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

/// Closes. Where the client waits for an answer, whoever closes is asked first.
pub(super) async fn close(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: ActForm = staff.form(&body)?;
    let shown = load(&app, &staff, ids(&at.0, &at.1)?, None, Look::Ahead).await?;
    let thread = &shown.view.thread;
    if form.sure.is_empty() && shown.view.part == Part::Own && thread.standing.wait().is_some() {
        let page = ClosePage {
            base: path_of(&thread.chart, &thread.id),
            subject: thread::subject_words(staff.words, thread),
            seen: form.seen,
            head: room_head(&app, &staff, &shown.room.file, &shown.room.tags, COMMUNICATIONS_TAB),
            frame: staff.frame(&app, CHARTS),
        };
        return html(page.render()).map(drafts::unfinished);
    }
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
    kept: Vec<String>,
    file: Vec<String>,
    revision: i32,
    sure: String,
    save: String,
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
    kept: Vec<KeptFile>,
    attach_to: String,
    draft: DraftMark,
    /// What staff noted about court orders and safety.
    notes: NotesShown,
}

/// The address of the form of a new message.
fn new_path(chart: &ChartId) -> String {
    format!("/staff/charts/{chart}/messages/new")
}

/// For whom a staff member may begin a thread: nobody begins one that they could not read.
fn sender(staff: &StaffSession, word: &str) -> Option<Addressee> {
    let reader = StaffReader::alone(staff.staff_id, staff.role);
    let to = match word {
        FROM_DESK => Addressee::FrontDesk,
        FROM_BILLING => Addressee::Billing,
        FROM_ME if matches!(staff.role, Role::Clinician | Role::Administrator) => {
            Addressee::Clinician(staff.staff_id)
        }
        _ => return None,
    };
    (staff_reads(to, &reader) == StaffReads::Words).then_some(to)
}

/// In whose name a staff member may begin a thread.
fn senders(staff: &StaffSession) -> Vec<(String, String)> {
    let all = [
        (FROM_ME, "messages-from-me"),
        (FROM_DESK, "messages-from-front-desk"),
        (FROM_BILLING, "messages-from-billing"),
    ];
    let theirs = all.into_iter().filter(|(word, _)| sender(staff, word).is_some());
    theirs.map(|(word, key)| (word.to_owned(), staff.words.get(key))).collect()
}

async fn form_page(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
    mut form: NewForm,
    errors: FieldErrors,
) -> Result<NewPage, PageError> {
    let viewer = Viewer::of(app, staff);
    let slot = slot_of_staff(staff.staff_id, chart, None);
    // Whoever writes for billing alone chooses among those who see it.
    let to = if staff.role == Role::Biller { Addressee::Billing } else { Addressee::FrontDesk };
    // A form that comes back holds what was typed; a new one what was kept.
    let is_new = form.mark.is_empty();
    let (ChartRoom { file, tags }, notes, holders, known) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let mut readers = Vec::new();
            for holder in store::holders(c, &chart)? {
                if actions::level_in(c, &holder.access, to)? >= Level::View {
                    readers.push((holder.access.to_string(), holder.name()));
                }
            }
            let known = if is_new { draft_store::find(c, &slot)? } else { None };
            let notes = notes_on_file(c, viewer, &room.file)?;
            Ok(Some((room, notes, readers, known)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let saved = draft::saved_at(staff.words, &staff.zone, app.now(), known.as_ref());
    if let Some(draft) = known {
        form.kept = draft::files_of(&draft.typed);
        form.revision = draft.revision;
        let Typed { addressee, sender, subject, body, .. } = draft.typed;
        (form.holder, form.from, form.subject, form.text) = (addressee, sender, subject, body);
    }
    let senders = senders(staff);
    let first = |choices: &[(String, String)]| choices.first().map(|(value, _)| value.clone());
    Ok(NewPage {
        base: format!("/staff/charts/{chart}"),
        attach_to: format!("{}/attach", new_path(&chart)),
        draft: DraftMark::new(&new_path(&chart), form.revision, saved),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        holder: if form.holder.is_empty() { first(&holders).unwrap_or_default() } else { form.holder },
        from: if form.from.is_empty() { first(&senders).unwrap_or_default() } else { form.from },
        holders,
        senders,
        notes: notes.shown(app, staff),
        kept: attaching(staff, chart).kept(app, &form.kept).await?,
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

/// Attaches files to a new message, and shows the form again with what was typed.
pub(super) async fn attach_new(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    must_be_there(&app, &staff, (chart, None)).await?;
    let (form, errors): (NewForm, _) = attaching(&staff, chart).read(&app, parts).await?;
    if !form.save.is_empty() {
        return keep_new(&app, &staff, &HeaderMap::new(), chart, (form, errors)).await;
    }
    let status = status_of(&errors);
    again(status, form_page(&app, &staff, chart, form, errors).await?.render())
}

/// Keeps a new message that is not sent yet.
pub(super) async fn save_new(
    State(app): State<AppState>,
    staff: StaffSession,
    headers: HeaderMap,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: NewForm = staff.form(&body)?;
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    keep_new(&app, &staff, &headers, chart, (form, FieldErrors::new())).await
}

/// The same of a form that was read, with what is wrong with its files.
async fn keep_new(
    app: &AppState,
    staff: &StaffSession,
    headers: &HeaderMap,
    chart: ChartId,
    (mut form, mut errors): (NewForm, FieldErrors),
) -> PageResult {
    if form.text.len() + form.subject.len() > draft::LARGEST {
        return Err(PageError::TooLarge);
    }
    let typed = Typed {
        addressee: form.holder.clone(),
        sender: form.from.clone(),
        subject: form.subject.clone(),
        body: form.text.clone(),
        files: form.kept.join(" "),
    };
    let saved = actions::save_draft_of_staff(app, staff, (chart, None), Some(typed), form.revision).await?;
    let saved = saved.map_err(|_| PageError::NotFound)?;
    draft::note_left_out(staff.words, headers, &form.file, &mut errors);
    if let (Saved::Kept(revision), false) = (&saved, errors.is_empty()) {
        form.revision = *revision;
        let status = status_of(&errors);
        return again(status, form_page(app, staff, chart, form, errors).await?.render());
    }
    let other = match draft::answer(headers, &new_path(&chart), saved) {
        Ok(answer) => return Ok(answer),
        Err(other) => other,
    };
    form.text = other.with_text(&form.text);
    form.revision = other.revision;
    errors.add("text", staff.words.get("messages-draft-elsewhere"));
    again(StatusCode::CONFLICT, form_page(app, staff, chart, form, errors).await?.render())
}

/// Discards a new message that is not sent yet.
pub(super) async fn discard_new(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: NewForm = staff.form(&body)?;
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    discard_at(&app, &staff, &new_path(&chart), (chart, None), &form.sure).await
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
    let to = sender(&staff, &form.from);
    if to.is_none() {
        errors.add("from", words.get("messages-error-from"));
    }
    let holder: Option<AccessId> = form.holder.parse().ok();
    if holder.is_none() {
        errors.add("holder", words.get("messages-error-holder"));
    }
    let subject = thread::read_subject(words, &form.subject, &mut errors);
    let text = thread::read_text(words, &form.text, &mut errors);
    let files = read_files(words, &form.kept, &form.file, &mut errors);
    if let (Some(to), Some(holder), Some(subject), Some(text), Some(files)) =
        (to, holder, subject, text, files)
    {
        let written = Written { text, files };
        let mark = FormToken::read("thread", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
        match actions::begin_by_staff(&app, &staff, (chart, holder), to, (subject, written), mark).await? {
            Ok(thread) => {
                return Ok(see_other(&format!("{}?done=message-sent#newest", path_of(&chart, &thread))));
            }
            Err(NotDone::NoFile) => errors.add("file", words.get("messages-error-no-file")),
            Err(_) if to.also_needs().is_some() => {
                errors.add("holder", words.get("messages-error-holder-billing"));
            }
            Err(_) => errors.add("holder", words.get("messages-error-holder")),
        }
    }
    let page = form_page(&app, &staff, chart, form, errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, html(page.render())?).into_response())
}
