//! A client's messages: the list, one thread, and writing.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::documents::{FileOf, stored_file, why_not_taken_by_client};
use crate::features::messages::actions::{self, ClientParty, LetIn, Look, Membership, NotDone, ThreadView};
use crate::features::messages::attach::{Attaching, KeptFile, read_files};
use crate::features::messages::away_store;
use crate::features::messages::draft::{self, DraftMark, Saved};
use crate::features::messages::draft_store::{self, Typed};
use crate::features::messages::lifecycle::{Side, Standing};
use crate::features::messages::promise::days_promised;
use crate::features::messages::readers::{Addressee, StaffReader, StaffReads, staff_reads};
use crate::features::messages::store::{self, PartyReader, Place, ReaderKind, Thread};
use crate::features::messages::text::{MessageText, Search, Written};
use crate::features::messages::thread::{self, MessageLine};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{BlobId, StaffId, ThreadId};
use crate::platform::i18n::Stamp;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::drafts;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/messages");

struct Line {
    href: String,
    subject: String,
    with: String,
    at: Option<Stamp>,
    tag: (&'static str, String),
    is_unread: bool,
    /// Is an answer saved and not sent?
    has_draft: bool,
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_list.html")]
struct List {
    frame: ClientFrame,
    for_client: Option<String>,
    may_write: bool,
    /// Their access has ended: they read what was written until then.
    archive: bool,
    /// What is searched for, as it was typed.
    q: String,
    /// A new message that is not sent yet: its subject, and when it was saved.
    draft: Option<(String, Stamp)>,
    lines: Vec<Line>,
    next: Option<String>,
    is_first: bool,
    /// Is the page told of what is new?
    is_live: bool,
}

/// What the address says.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
    before: String,
    q: String,
}

/// My threads.
pub(super) async fn list(
    State(app): State<AppState>,
    ticket: ClientTicket,
    Query(asked): Query<Asked>,
) -> PageResult {
    let after = Place::read(&asked.after);
    let search = Search::read(&asked.q);
    // A staff member who looks at a client's pages does not search: a hit would tell of words.
    let is_list = after.is_none() && search.is_none();
    let (client, ((lines, next), (draft, drafted))) = ticket
        .open(&app, move |c, client| {
            let page = match &search {
                Some(search) if client.onlooker().is_none() => {
                    store::search_of_party(c, &PartyReader::of(client), search, after)?
                }
                _ => store::inbox(c, &PartyReader::of(client), after)?,
            };
            // Whoever looks on reads nothing that was not sent.
            let has_draft = is_list && client.onlooker().is_none() && client.may_act(Right::Messages);
            let slot = ClientParty::of(client).slot(None);
            let draft = if has_draft { draft_store::find(c, &slot)? } else { None };
            let ids: Vec<ThreadId> = page.lines.iter().map(|line| line.thread.id).collect();
            let drafted = match client.onlooker() {
                None => draft_store::drafted(c, ReaderKind::Person, client.person_id.uuid(), &ids)?,
                Some(_) => BTreeSet::new(),
            };
            let let_in = LetIn::of(client);
            let mut lines = Vec::with_capacity(page.lines.len());
            for line in page.lines {
                let Some(membership) = let_in.reads(&line.thread, line.range) else { continue };
                // What was written after their part had ended moves nothing that they see.
                let at = match membership {
                    Membership::Current => Some(line.thread.last_at),
                    Membership::Ended => {
                        store::last_read_at(c, &line.thread.id, client.person_id, line.range)?
                    }
                };
                lines.push((line, membership, at));
            }
            Ok(((lines, page.next), (draft, drafted)))
        })
        .await?;
    let q = if client.onlooker().is_none() { asked.q.trim().to_owned() } else { String::new() };
    let (words, now) = (client.words, app.now());
    let lines = lines
        .into_iter()
        .filter(|(line, ..)| is_there_for(&client, &line.thread))
        .map(|(line, membership, at)| Line {
            href: format!("/portal/messages/{}", line.thread.id),
            with: thread::with_words(words, line.thread.to, line.with.as_deref()),
            at: at.map(|at| words.stamp(at, &client.zone, now)),
            tag: tag_for(&client, &line.thread, membership, now),
            subject: subject_for(&client, &line.thread, line.range.from),
            is_unread: line.is_unread,
            has_draft: drafted.contains(&line.thread.id),
        })
        .collect();
    let list = List {
        for_client: client.for_client.clone(),
        may_write: client.may_act(Right::Messages),
        archive: client.reads_archive(),
        draft: draft.filter(|draft| !draft.typed.is_empty()).map(|draft| {
            let subject = draft.typed.subject.trim();
            let subject =
                if subject.is_empty() { words.get("messages-draft-nameless") } else { subject.to_owned() };
            (subject, words.stamp(draft.updated_at, &client.zone, now))
        }),
        lines,
        next: next.map(|place| format!("/portal/messages?{}after={}", query_of(&q), place.to_text())),
        q,
        is_first: after.is_none(),
        // A staff member who looks on looks once; what has ended does not change.
        is_live: is_list && client.onlooker().is_none() && client.may_view(Right::Messages),
        frame: client.frame(&app, MINE),
    };
    html(list.render())
}

/// How a thread stands, for its reader; to whose part has ended, nothing of what goes on in it.
fn tag_for(
    client: &ClientSession,
    thread: &Thread,
    membership: Membership,
    now: Timestamp,
) -> (&'static str, String) {
    match membership {
        Membership::Current => thread::standing_tag(client.words, Side::Client, thread.standing, now),
        Membership::Ended => ("", client.words.get("messages-client-ended")),
    }
}

/// What is searched for, at the beginning of an address's query.
pub(super) fn query_of(q: &str) -> String {
    if q.is_empty() { String::new() } else { format!("q={}&", utf8_percent_encode(q, NON_ALPHANUMERIC)) }
}

/// How much of a thread whoever looks reads. A staff member reads what their own side shows them.
fn reads(client: &ClientSession, thread: &Thread) -> StaffReads {
    client.onlooker().map_or(StaffReads::Words, |onlooker| {
        staff_reads(thread.to, &StaffReader::alone(onlooker.staff.staff_id, onlooker.staff.role))
    })
}

/// Is it shown at all that the thread is there?
pub fn is_there_for(client: &ClientSession, thread: &Thread) -> bool {
    reads(client, thread) != StaffReads::Nothing
}

fn reads_words(client: &ClientSession, thread: &Thread) -> bool {
    reads(client, thread) == StaffReads::Words
}

/// The subject of a thread for somebody who reads it from this message on, or that it is not shown to a staff member who
/// looks.
pub fn subject_for(client: &ClientSession, thread: &Thread, from: i32) -> String {
    match thread.subject_from(from) {
        _ if !reads_words(client, thread) => client.words.with1("preview-hidden", "name", &client.name),
        Some(subject) => subject.to_owned(),
        None => client.words.get("messages-nameless"),
    }
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_thread.html")]
struct ThreadPage {
    frame: ClientFrame,
    errors: FieldErrors,
    id: ThreadId,
    subject: String,
    readers: String,
    tag: (&'static str, String),
    /// By when they were told to expect an answer.
    promise: Option<String>,
    /// The practice's phone, where an answer takes longer than that.
    call: Option<String>,
    /// The clinician is away.
    away: Option<String>,
    /// The practice's own words for a crisis.
    crisis: String,
    lines: Vec<MessageLine>,
    earlier: Option<i32>,
    /// Is this the page of the newest messages?
    is_newest: bool,
    /// Their part has ended.
    has_ended: bool,
    may_write: bool,
    is_closed: bool,
    /// May they print it and take it with them? A staff member who looks on may not.
    may_keep: bool,
    mark: String,
    text: String,
    kept: Vec<KeptFile>,
    attach_to: String,
    draft: DraftMark,
}

/// What was typed, with the mark of its form and the files that wait to be sent.
struct Composer {
    mark: String,
    text: String,
    kept: Vec<KeptFile>,
    revision: i32,
    saved: Option<Stamp>,
}

fn thread_page(
    app: &AppState,
    client: &ClientSession,
    view: &ThreadView,
    before: Option<i32>,
    typed: Composer,
    errors: FieldErrors,
) -> ThreadPage {
    let (words, thread, now) = (client.words, &view.thread, app.now());
    let away = |name: &String| {
        let away = view.away.as_ref()?;
        Some(thread::away_words(words, &client.zone, now, name, away))
    };
    let here = format!("/portal/messages/{}", thread.id);
    let is_current = view.membership == Membership::Current;
    let is_late = thread.standing.wait().is_some_and(|wait| wait.is_late(now));
    ThreadPage {
        id: thread.id,
        subject: subject_for(client, thread, view.from),
        readers: readers_words(client, now, view),
        tag: tag_for(client, thread, view.membership, now),
        promise: thread::promise_words(words, &client.zone, now, thread.standing).filter(|_| is_current),
        call: Some(client.practice.phone.clone()).filter(|phone| is_late && !phone.is_empty()),
        away: view.with.as_ref().and_then(away).filter(|_| is_current),
        crisis: client.practice.policy().crisis(words.language()).to_owned(),
        has_ended: !is_current,
        lines: if reads_words(client, thread) {
            thread::lines(words, &client.zone, now, Side::Client, &here, view)
        } else {
            Vec::new()
        },
        earlier: thread::earlier(view),
        is_newest: before.is_none(),
        may_write: is_current && client.may_act(Right::Messages),
        is_closed: is_current && view.thread.standing == Standing::Closed,
        may_keep: client.onlooker().is_none(),
        draft: DraftMark::new(&here, typed.revision, typed.saved),
        attach_to: format!("{here}/attach"),
        mark: typed.mark,
        text: typed.text,
        kept: typed.kept,
        errors,
        frame: client.frame(app, MINE),
    }
}

/// Who reads a thread, as its client is told.
pub(super) fn readers_words(client: &ClientSession, now: Timestamp, view: &ThreadView) -> String {
    let words = client.words;
    if view.membership == Membership::Ended {
        return words.get("messages-readers-ended");
    }
    let others = view.names_without(Some(&client.person_id));
    if !others.is_empty() {
        let with = match view.thread.to {
            Addressee::FrontDesk => words.get("messages-readers-of-front-desk"),
            Addressee::Billing => words.get("messages-readers-of-billing"),
            Addressee::Clinician(_) => thread::readers_words(words, &client.zone, now, view),
        };
        return words.with2("messages-readers-shared", "others", others, "with", with);
    }
    match view.thread.to {
        Addressee::FrontDesk => words.get("messages-readers-front-desk"),
        Addressee::Billing => words.get("messages-readers-billing"),
        Addressee::Clinician(_) => {
            words.with1("messages-readers", "with", thread::readers_words(words, &client.zone, now, view))
        }
    }
}

/// One thread.
pub(super) async fn show(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    let before: Option<i32> = asked.before.parse().ok();
    let look = if client.is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let view = actions::look_as_client(&app, &client, id, before, look).await?;
    let view = view.filter(|view| is_there_for(&client, &view.thread)).ok_or(PageError::NotFound)?;
    let known = view.draft.clone();
    let kept = known.as_ref().map(|draft| draft::files_of(&draft.typed)).unwrap_or_default();
    let typed = Composer {
        mark: FormToken::fresh(app.rng.as_ref()),
        kept: attaching(&client).kept(&app, &kept).await?,
        revision: known.as_ref().map_or(0, |draft| draft.revision),
        saved: draft::saved_at(client.words, &client.zone, app.now(), known.as_ref()),
        text: known.map(|draft| draft.typed.body).unwrap_or_default(),
    };
    html(thread_page(&app, &client, &view, before, typed, FieldErrors::new()).render())
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WriteForm {
    mark: String,
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

fn attaching(client: &ClientSession) -> Attaching<'_> {
    Attaching {
        scope: &client.scope,
        words: client.words,
        by: client.by(),
        who: client.account_id.to_string(),
        chart: client.chart_id,
        csrf: &client.csrf,
        why_not: why_not_taken_by_client,
    }
}

/// The same page again, with what was typed and what is wrong with it, if anything is.
async fn write_again(
    app: &AppState,
    client: &ClientSession,
    id: ThreadId,
    form: WriteForm,
    errors: FieldErrors,
) -> PageResult {
    let view =
        actions::look_as_client(app, client, id, None, Look::Read).await?.ok_or(PageError::NotFound)?;
    let kept = attaching(client).kept(app, &form.kept).await?;
    let typed = Composer { mark: form.mark, text: form.text, kept, revision: form.revision, saved: None };
    again(errors.is_empty(), thread_page(app, client, &view, None, typed, errors).render())
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_discard.html")]
struct DiscardPage {
    frame: ClientFrame,
    action: String,
    back: String,
}

/// Discards a draft, once whoever does it was asked.
async fn discard_at(
    app: &AppState,
    client: &ClientSession,
    here: &str,
    thread: Option<ThreadId>,
    sure: &str,
) -> PageResult {
    if let Some(thread) = thread {
        actions::look_as_client(app, client, thread, None, Look::Ahead).await?.ok_or(PageError::NotFound)?;
    }
    if sure.is_empty() {
        let frame = client.frame(app, MINE);
        let page = DiscardPage { frame, action: format!("{here}/discard"), back: here.to_owned() };
        return html(page.render()).map(drafts::unfinished);
    }
    match actions::save_draft_of_client(app, client, thread, None, 0).await? {
        Ok(_) => Ok(see_other(&format!("{here}?done=draft-discarded"))),
        Err(_) => Err(PageError::NotFound),
    }
}

/// Keeps an answer that is not sent yet.
pub(super) async fn save(
    State(app): State<AppState>,
    client: ClientSession,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = client.form(&body)?;
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    keep(&app, &client, &headers, id, (form, FieldErrors::new())).await
}

/// The same of a form that was read, with what is wrong with its files.
async fn keep(
    app: &AppState,
    client: &ClientSession,
    headers: &HeaderMap,
    id: ThreadId,
    (mut form, mut errors): (WriteForm, FieldErrors),
) -> PageResult {
    if form.text.len() > draft::LARGEST {
        return Err(PageError::TooLarge);
    }
    let typed = Typed { body: form.text.clone(), files: form.kept.join(" "), ..Typed::default() };
    let saved = actions::save_draft_of_client(app, client, Some(id), Some(typed), form.revision).await?;
    let saved = saved.map_err(|_| PageError::NotFound)?;
    draft::note_left_out(client.words, headers, &form.file, &mut errors);
    if let (Saved::Kept(revision), false) = (&saved, errors.is_empty()) {
        form.revision = *revision;
        return write_again(app, client, id, form, errors).await;
    }
    let other = match draft::answer(headers, &format!("/portal/messages/{id}"), saved) {
        Ok(answer) => return Ok(answer),
        Err(other) => other,
    };
    form.text = other.with_text(&form.text);
    form.revision = other.revision;
    errors.add("text", client.words.get("messages-draft-elsewhere"));
    write_again(app, client, id, form, errors).await
}

/// Discards an answer that is not sent yet.
pub(super) async fn discard(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = client.form(&body)?;
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    discard_at(&app, &client, &format!("/portal/messages/{id}"), Some(id), &form.sure).await
}

/// A form that is shown again: refused, or with the files that were attached.
fn again(is_fine: bool, page: Result<String, askama::Error>) -> PageResult {
    if is_fine { html(page).map(drafts::unfinished) } else { unprocessable(page) }
}

/// Attaches files to an answer, and shows the form again with what was typed.
pub(super) async fn attach(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    // No file is taken in for a thread that they do not see.
    actions::look_as_client(&app, &client, id, None, Look::Ahead).await?.ok_or(PageError::NotFound)?;
    let (form, errors): (WriteForm, _) = attaching(&client).read(&app, parts).await?;
    if !form.save.is_empty() {
        return keep(&app, &client, &HeaderMap::new(), id, (form, errors)).await;
    }
    write_again(&app, &client, id, form, errors).await
}

/// A file of a message.
pub(super) async fn file(
    State(app): State<AppState>,
    client: ClientSession,
    method: Method,
    headers: HeaderMap,
    Path((id, file)): Path<(String, String)>,
) -> PageResult {
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    let file: BlobId = file.parse().map_err(|_| PageError::NotFound)?;
    // A staff member who looks at a client's pages reads files on their own side.
    if client.onlooker().is_some() {
        return Err(PageError::NotFound);
    }
    let look = if client.is_read(&method, &headers)? { Look::Read } else { Look::Ahead };
    let found = actions::file_for_client(&app, &client, id, file, look).await?.ok_or(PageError::NotFound)?;
    let of = FileOf { chart: client.chart_id, part_of: ("thread", id.to_string()) };
    Ok(stored_file(&app, &client.scope, client.by(), of, &found.blob, &found.name).await?)
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_unsent.html")]
struct UnsentPage {
    frame: ClientFrame,
    text: String,
}

/// Whoever may not write any more since the page was shown copies their text; it is kept nowhere. What never was theirs has
/// the same answer.
fn not_sent(app: &AppState, client: &ClientSession, text: &MessageText) -> PageResult {
    let page = UnsentPage { frame: client.frame(app, MINE), text: text.as_str().to_owned() };
    Ok((StatusCode::NOT_FOUND, html(page.render())?).into_response())
}

/// The answer to whoever may not write, whatever else is wrong with their form.
fn may_not_write(app: &AppState, client: &ClientSession, typed: &str) -> PageResult {
    match MessageText::read(typed) {
        Ok(text) => not_sent(app, client, &text),
        Err(_) => Err(PageError::NotFound),
    }
}

/// Writes into a thread. The same form sent twice makes one message.
pub(super) async fn write(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: WriteForm = client.form(&body)?;
    let id: ThreadId = id.parse().map_err(|_| PageError::NotFound)?;
    if !client.may_act(Right::Messages) {
        return may_not_write(&app, &client, &form.text);
    }
    let words = client.words;
    let mut errors = FieldErrors::new();
    let text = thread::read_text(words, &form.text, &mut errors);
    let files = read_files(words, &form.kept, &form.file, &mut errors);
    let (Some(text), Some(files)) = (text, files) else {
        return write_again(&app, &client, id, form, errors).await;
    };
    let mark = FormToken::read("message", &format!("{}/{id}", client.account_id), &form.mark, &body)?;
    let written = Written { text, files };
    match actions::write_by_client(&app, &client, id, written.clone(), mark).await? {
        Ok(thread) => Ok(see_other(&format!("/portal/messages/{thread}?done=message-sent#newest"))),
        Err(NotDone::TooMany) => {
            errors.add("text", words.get("messages-error-too-many"));
            write_again(&app, &client, id, form, errors).await
        }
        Err(NotDone::NoFile) => {
            errors.add("file", words.get("messages-error-no-file"));
            write_again(&app, &client, id, form, errors).await
        }
        Err(_) => not_sent(&app, &client, &written.text),
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct NewForm {
    chart: String,
    mark: String,
    to: String,
    subject: String,
    text: String,
    kept: Vec<String>,
    file: Vec<String>,
    revision: i32,
    sure: String,
    save: String,
}

#[derive(Template)]
#[template(path = "features/messages/templates/client_new.html")]
struct NewPage {
    frame: ClientFrame,
    errors: FieldErrors,
    for_client: Option<String>,
    chart: String,
    mark: String,
    to: String,
    choices: Vec<(String, String)>,
    /// How soon each of them answers, and who reads what goes to them.
    promises: Vec<String>,
    /// Which of them are away.
    away: Vec<String>,
    /// The practice's own words for a crisis.
    crisis: String,
    subject: String,
    text: String,
    kept: Vec<KeptFile>,
    draft: DraftMark,
}

/// The address of the form of a new message.
const NEW: &str = "/portal/messages/new";

async fn form_page(
    app: &AppState,
    client: &ClientSession,
    mut form: NewForm,
    errors: FieldErrors,
) -> Result<NewPage, PageError> {
    let (chart, slot) = (client.chart_id, ClientParty::of(client).slot(None));
    // A form that comes back holds what was typed; a new one what was kept.
    let is_new = form.mark.is_empty();
    let (clinicians, known) = app
        .db
        .read(&client.scope, move |c| {
            let known = if is_new { draft_store::find(c, &slot)? } else { None };
            let found = actions::clinicians_of(c, &chart)?;
            let ids: Vec<StaffId> = found.iter().map(|(id, _)| *id).collect();
            let mut away = away_store::away_of(c, &ids)?;
            let with_away = |(id, name)| (id, name, away.remove(&id));
            Ok((found.into_iter().map(with_away).collect::<Vec<_>>(), known))
        })
        .await?;
    let saved = draft::saved_at(client.words, &client.zone, app.now(), known.as_ref());
    if let Some(draft) = known {
        form.kept = draft::files_of(&draft.typed);
        form.revision = draft.revision;
        let Typed { addressee, subject, body, .. } = draft.typed;
        (form.to, form.subject, form.text) = (addressee, subject, body);
    }
    let (words, policy, now) = (client.words, client.practice.policy(), app.now());
    let promise = |who: &str, to: Addressee| {
        let days = days_promised(&policy, to);
        let promise = words.count("messages-promise", "count", i64::from(days));
        let reads = words.get(match to {
            Addressee::FrontDesk => "messages-to-reads-front-desk",
            Addressee::Clinician(_) => "messages-to-reads-clinician",
            Addressee::Billing => "messages-to-reads-billing",
        });
        words.with("messages-to-choice", &[("who", who.to_owned()), ("promise", promise), ("reads", reads)])
    };
    let desk = words.get("messages-to-front-desk");
    let of_desk = promise(&desk, Addressee::FrontDesk);
    let of_clinicians = clinicians.iter().map(|(id, name, _)| promise(name, Addressee::Clinician(*id)));
    let billing = client
        .may_view(Right::Billing)
        .then(|| (Addressee::Billing.to_form(), words.get("messages-to-billing")));
    let of_billing = billing.as_ref().map(|(_, who)| promise(who, Addressee::Billing));
    let promises = [of_desk].into_iter().chain(of_billing).chain(of_clinicians).collect();
    let away = clinicians
        .iter()
        .filter_map(|(_, name, away)| {
            away.as_ref().map(|away| thread::away_words(words, &client.zone, now, name, away))
        })
        .collect();
    let clinicians = clinicians.iter().map(|(id, name, _)| (id.to_string(), name.clone()));
    let desk = [(Addressee::FrontDesk.to_form(), desk)].into_iter().chain(billing);
    Ok(NewPage {
        for_client: client.for_client.clone(),
        chart: chart.to_string(),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        to: if form.to.is_empty() { Addressee::FrontDesk.to_form() } else { form.to },
        choices: desk.chain(clinicians).collect(),
        promises,
        away,
        crisis: policy.crisis(words.language()).to_owned(),
        kept: attaching(client).kept(app, &form.kept).await?,
        draft: DraftMark::new(NEW, form.revision, saved),
        subject: form.subject,
        text: form.text,
        errors,
        frame: client.frame(app, MINE),
    })
}

/// The form.
pub(super) async fn new_page(State(app): State<AppState>, client: ClientSession) -> PageResult {
    html(form_page(&app, &client, NewForm::default(), FieldErrors::new()).await?.render())
}

/// Attaches files to a new message, and shows the form again with what was typed.
pub(super) async fn attach_new(
    State(app): State<AppState>,
    client: ClientSession,
    parts: Result<Multipart, MultipartRejection>,
) -> PageResult {
    let (form, errors): (NewForm, _) = attaching(&client).read(&app, parts).await?;
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    if !form.save.is_empty() {
        return keep_new(&app, &client, &HeaderMap::new(), (form, errors)).await;
    }
    again(errors.is_empty(), form_page(&app, &client, form, errors).await?.render())
}

/// Keeps a new message that is not sent yet.
pub(super) async fn save_new(
    State(app): State<AppState>,
    client: ClientSession,
    headers: HeaderMap,
    body: Bytes,
) -> PageResult {
    let form: NewForm = client.form(&body)?;
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    keep_new(&app, &client, &headers, (form, FieldErrors::new())).await
}

/// The same of a form that was read, with what is wrong with its files.
async fn keep_new(
    app: &AppState,
    client: &ClientSession,
    headers: &HeaderMap,
    (mut form, mut errors): (NewForm, FieldErrors),
) -> PageResult {
    if form.text.len() + form.subject.len() > draft::LARGEST {
        return Err(PageError::TooLarge);
    }
    let typed = Typed {
        addressee: form.to.clone(),
        sender: String::new(),
        subject: form.subject.clone(),
        body: form.text.clone(),
        files: form.kept.join(" "),
    };
    let saved = actions::save_draft_of_client(app, client, None, Some(typed), form.revision).await?;
    let saved = saved.map_err(|_| PageError::NotFound)?;
    draft::note_left_out(client.words, headers, &form.file, &mut errors);
    if let (Saved::Kept(revision), false) = (&saved, errors.is_empty()) {
        form.revision = *revision;
        return again(false, form_page(app, client, form, errors).await?.render());
    }
    let other = match draft::answer(headers, NEW, saved) {
        Ok(answer) => return Ok(answer),
        Err(other) => other,
    };
    form.text = other.with_text(&form.text);
    form.revision = other.revision;
    errors.add("text", client.words.get("messages-draft-elsewhere"));
    again(errors.is_empty(), form_page(app, client, form, errors).await?.render())
}

/// Discards a new message that is not sent yet.
pub(super) async fn discard_new(
    State(app): State<AppState>,
    client: ClientSession,
    body: Bytes,
) -> PageResult {
    let form: NewForm = client.form(&body)?;
    discard_at(&app, &client, NEW, None, &form.sure).await
}

/// Begins a thread. The same form sent twice makes one.
pub(super) async fn begin(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: NewForm = client.form(&body)?;
    // In another tab the view may have turned to another chart: nothing is sent about it by mistake.
    if form.chart != client.chart_id.to_string() {
        return Err(PageError::Stale);
    }
    if !client.may_act(Right::Messages) {
        return may_not_write(&app, &client, &form.text);
    }
    let words = client.words;
    let mark = FormToken::read("thread", &client.account_id.to_string(), &form.mark, &body)?;
    let mut errors = FieldErrors::new();
    let to = Addressee::of_form(&form.to);
    if to.is_none() {
        errors.add("to", words.get("messages-error-to"));
    }
    let subject = thread::read_subject(words, &form.subject, &mut errors);
    let text = thread::read_text(words, &form.text, &mut errors);
    let files = read_files(words, &form.kept, &form.file, &mut errors);
    if let (Some(to), Some(subject), Some(text), Some(files)) = (to, subject, text, files) {
        let written = Written { text, files };
        match actions::begin_by_client(&app, &client, to, (subject, written.clone()), mark).await? {
            Ok(thread) => {
                return Ok(see_other(&format!("/portal/messages/{thread}?done=message-sent#newest")));
            }
            Err(NotDone::TooMany) => errors.add("text", words.get("messages-error-too-many")),
            Err(NotDone::NoFile) => errors.add("file", words.get("messages-error-no-file")),
            Err(NotDone::NotAClinician) => errors.add("to", words.get("messages-error-to")),
            Err(_) => return not_sent(&app, &client, &written.text),
        }
    }
    unprocessable(form_page(&app, &client, form, errors).await?.render())
}
