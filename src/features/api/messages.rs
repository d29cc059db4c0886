//! `/api/v1/threads`: messages between clients and the front desk. What is with a clinician or with billing shows here
//! that it waits and since when, and no word of it: a key reads what the front desk reads.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::ApiCaller;
use super::charts::{MOST, cursor, cut, id, limit, query};
use super::idempotency::{Answer, Done, Once, once};
use super::json::{self, PageQuery};
use super::problem::{self, ApiResult, Problem};
use super::usual::Usual;
use crate::features::documents::{FileOf, stored_file};
use crate::features::messages::actions::{self, Author, Look, NotDone, PracticeAct, PracticeReader};
use crate::features::messages::handover::{self, Earlier, Target};
use crate::features::messages::joining::{self, EndedParty, NewParty, REASON};
use crate::features::messages::readers::{Addressee, StaffReads};
use crate::features::messages::withdraw::withdraw_by_key;
use crate::features::messages::{
    self, Attachment, MOST_FILES, Message, MessageText, NotAText, Subject, Thread, Written,
};
use crate::features::people;
use crate::features::practice::{self, Policy, Saved, profile};
use crate::kernel::ids::{AccessId, BlobId, ChartId, PersonId, ThreadId, UploadId};
use crate::kernel::text;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// A thread.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThreadJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// Whom at the practice it is with: `front_desk`, `clinician` or `billing`.
    pub audience: String,
    /// The clinician, where it is with one.
    #[schema(format = "uuid")]
    pub staff_id: Option<String>,
    /// Its subject; null where it is with a clinician or billing, or was before it came to the front desk without what was
    /// written then.
    pub subject: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    /// Whose turn it is: `practice`, `client` or `nobody`.
    pub waiting: String,
    /// Since when the client waits for the practice.
    #[schema(format = DateTime)]
    pub asked_at: Option<String>,
    /// By when the client was told to expect an answer.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// The number of its newest message.
    pub last_seq: i32,
    /// When that was written.
    #[schema(format = DateTime)]
    pub last_message_at: String,
}

impl From<&Thread> for ThreadJson {
    fn from(thread: &Thread) -> Self {
        let (audience, staff) = thread.to.columns();
        let (state, waiting, wait) = thread.standing.columns();
        let reads = PracticeReader::ApiKey.reads(thread.to) == StaffReads::Words;
        Self {
            id: thread.id.to_string(),
            chart_id: thread.chart.to_string(),
            audience: audience.to_string(),
            staff_id: staff.map(|staff| staff.to_string()),
            subject: thread.subject_for_practice().filter(|_| reads).map(ToOwned::to_owned),
            state: state.to_string(),
            waiting: waiting.to_string(),
            asked_at: wait.map(|wait| wait.since.to_string()),
            due_at: wait.map(|wait| wait.due_at.to_string()),
            last_seq: thread.last_seq,
            last_message_at: thread.last_at.to_string(),
        }
    }
}

/// A page of threads.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThreadList {
    /// The threads, the newest first.
    pub threads: Vec<ThreadJson>,
    /// The `cursor` of the next page; null on the last.
    pub next: Option<String>,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageJson {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number in the thread, from 1.
    pub seq: i32,
    /// Which side wrote it: `client` or `practice`.
    pub side: String,
    /// Who wrote it, by the name they had then.
    pub author: String,
    /// `text`; or a line of the practice. `moved` says whom the thread is with from there on: its `text` is the
    /// clinician's name, and empty for the front desk. `moved_to_billing` has no text. `joined` and `joined_earlier` say
    /// who on the client's side takes part from there on: their name; with the second they also read what was written
    /// before. `left` says who takes part no longer.
    pub kind: String,
    /// Plain text; empty where the message was taken back.
    pub text: String,
    /// When its author took it back, before anybody on the client's side had read it.
    #[schema(format = DateTime)]
    pub withdrawn_at: Option<String>,
    /// Its files.
    pub files: Vec<MessageFileJson>,
    /// When.
    #[schema(format = DateTime)]
    pub sent_at: String,
}

/// A file of a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageFileJson {
    /// Its id, for downloadMessageFile.
    #[schema(format = "uuid")]
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How many bytes it has.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl From<Attachment> for MessageFileJson {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.blob.blob_id.to_string(),
            name: file.name,
            size: file.blob.size,
            sha256: file.blob.sha256,
        }
    }
}

impl From<(Message, Vec<Attachment>)> for MessageJson {
    fn from((message, files): (Message, Vec<Attachment>)) -> Self {
        Self {
            files: files.into_iter().map(Into::into).collect(),
            id: message.message_id.to_string(),
            seq: message.seq,
            side: message.side.to_string(),
            author: message.author_name,
            kind: message.kind.to_string(),
            withdrawn_at: message.withdrawn_at.map(|at| at.to_string()),
            text: message.body,
            sent_at: message.sent_at.to_string(),
        }
    }
}

/// A page of messages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageList {
    /// The messages, the oldest first.
    pub messages: Vec<MessageJson>,
    /// The `cursor` of the next page; null on the last.
    pub next: Option<String>,
}

/// A thread to be begun.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewThreadJson {
    /// The grant of whom it is for. Nobody else who sees the chart in the portal sees the thread.
    #[schema(format = "uuid")]
    pub grant_id: String,
    /// 1 to 120 characters. It stands in lists.
    pub subject: String,
    /// 1 to 10,000 characters of plain text.
    pub text: String,
    /// Up to 10 files that this key brought with uploadFile for the same chart.
    #[serde(default)]
    pub uploads: Vec<String>,
}

/// A message to be written.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessageJson {
    /// 1 to 10,000 characters of plain text.
    pub text: String,
    /// Up to 10 files that this key brought with uploadFile for the thread's chart.
    #[serde(default)]
    pub uploads: Vec<String>,
    /// The number of the newest message that was read before this was written.
    pub seen: i32,
}

/// Where a thread goes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferJson {
    /// The clinician who answers it from now on, one of listClinicians; null for another `audience`.
    #[schema(format = "uuid")]
    pub staff_id: Option<String>,
    /// Where no clinician is named: `front_desk`, which is what a missing one means, or `billing`.
    #[serde(default)]
    pub audience: Option<String>,
    /// Do they also read what was written before? Without it they read a question that waits for an answer, and what is
    /// written from now on.
    #[serde(default)]
    pub with_earlier: bool,
}

/// Who takes part in a thread from now on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPartyJson {
    /// The grant of somebody on the client's side to the thread's chart, which opens such threads.
    #[schema(format = "uuid")]
    pub grant_id: String,
    /// Do they also read what was written before? Without it they read what is written from now on.
    #[serde(default)]
    pub with_earlier: bool,
    /// Why, in 1 to 200 characters. It stands in the audit trail, and no client reads it.
    pub reason: String,
}

/// Somebody's part in a thread, on the client's side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartyJson {
    /// Who.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// Their name.
    pub name: String,
    /// The number of the first message that is theirs to read.
    pub from_seq: i32,
    /// Where their part has ended, the number of the first message after it; else null.
    pub until_seq: Option<i32>,
    /// What they can do now: `write`, `read`, `read_until_access_ended` where a last day or the client's coming of age has
    /// ended their access, `read_until_part_ended`, or `nothing`.
    pub can: String,
}

/// Who takes part in a thread on the client's side, or took part in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartyList {
    /// Their parts.
    pub parties: Vec<PartyJson>,
}

/// Whose part in a thread ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPartyJson {
    /// Somebody who takes part in it: one of listThreadParties.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// Why, in 1 to 200 characters. It stands in the audit trail, and no client reads it.
    pub reason: String,
}

/// The practice's own words for a crisis.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisWordsJson {
    /// For clients who read English: up to 500 characters of plain text; empty for none.
    pub en: String,
    /// The same for clients who read Spanish.
    pub es: String,
}

/// Which message is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBackJson {
    /// The number of a message that this key wrote.
    pub seq: i32,
}

/// What is done with a thread.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenJson {
    /// The number of the newest message that was read before.
    pub seen: i32,
}

/// Read the threads of a chart.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/threads", tag = "Messages", operation_id = "listChartThreads",
    params(("chart" = String, Path, description = "The chart's id"), PageQuery),
    responses((status = 200, description = "A page of threads", body = ThreadList), Usual),
    security(("api_key" = ["messages:read"])))]
pub async fn of_chart(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked: PageQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?;
    let after = match &asked.cursor {
        None => None,
        Some(text) => Some(messages::Place::read(text).ok_or_else(|| {
            Problem::from(problem::MALFORMED).saying("`cursor` is what `next` of the page before says.")
        })?),
    };
    let page = app
        .db
        .read(&caller.scope, move |c| {
            if !people::is_chart(c, &chart)? {
                return Ok(None);
            }
            messages::threads_of_chart(c, &chart, after, most).map(Some)
        })
        .await?
        .ok_or(problem::NOT_FOUND)?;
    let list = ThreadList {
        threads: page.lines.iter().map(ThreadJson::from).collect(),
        next: page.next.map(messages::Place::to_text),
    };
    Ok(Answer::ok(list)?.into_response())
}

/// Read the messages of a thread.
#[utoipa::path(get, path = "/api/v1/threads/{thread}/messages", tag = "Messages", operation_id = "listMessages",
    params(("thread" = String, Path, description = "The thread's id"), PageQuery),
    responses((status = 200, description = "A page of messages", body = MessageList), Usual),
    security(("api_key" = ["messages:read"])))]
pub async fn list(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    RawQuery(raw): RawQuery,
) -> ApiResult {
    let thread: ThreadId = id(&thread)?;
    let asked: PageQuery = query(raw.as_deref())?;
    let most = limit(asked.limit)?.min(MOST);
    let after: i32 = cursor(asked.cursor.as_deref())?.unwrap_or(0);
    let by = caller.by();
    // Who reads a client's words is written down.
    let found =
        app.db.write(&caller.scope, move |c| actions::read_by_key(c, &by, &thread, after, most + 1)).await?;
    let mut found = found.ok_or(problem::NOT_FOUND)?;
    let next = cut(&mut found, most, |(message, _)| message.seq.to_string());
    let list = MessageList { messages: found.into_iter().map(Into::into).collect(), next };
    Ok(Answer::ok(list)?.into_response())
}

/// Download a file of a message.
#[utoipa::path(get, path = "/api/v1/threads/{thread}/files/{attachment}", tag = "Messages",
    operation_id = "downloadMessageFile",
    params(("thread" = String, Path, description = "The thread's id"),
        ("attachment" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The file", content_type = "application/pdf"), Usual),
    security(("api_key" = ["messages:read"])))]
pub async fn file(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((thread, file)): Path<(String, String)>,
) -> ApiResult {
    let (thread, file): (ThreadId, BlobId) = (id(&thread)?, id(&file)?);
    let by = caller.by();
    let (chart, found) = app
        .db
        .write(&caller.scope, move |c| {
            actions::file_for_practice(c, &PracticeReader::ApiKey, &by, (None, thread), &file, Look::Read)
        })
        .await?
        .ok_or(problem::NOT_FOUND)?;
    let of = FileOf { chart, part_of: ("thread", thread.to_string()) };
    Ok(stored_file(&app, &caller.scope, caller.by(), of, &found.blob, &found.name).await?)
}

fn wrong_text(field: &str, wrong: NotAText) -> Problem {
    let detail = match wrong {
        NotAText::Empty => "must not be empty",
        NotAText::TooLong => "too long",
        NotAText::Unprintable => "holds characters that cannot be shown",
    };
    Problem::fields([(format!("/{field}"), detail.to_owned())])
}

fn no_audience() -> Problem {
    let detail = "somebody else who answers clients; or null, and `audience` front_desk or billing";
    Problem::fields([("/staff_id".to_owned(), detail.to_owned())])
}

fn no_file() -> Problem {
    let detail = "at most 10 uploads of this key for this chart that no document or message has yet";
    Problem::fields([("/uploads".to_owned(), detail.to_owned())])
}

fn read_written(text: &str, uploads: &[String]) -> Result<Written, Problem> {
    let text = MessageText::read(text).map_err(|wrong| wrong_text("text", wrong))?;
    let files = uploads.iter().map(|id| id.parse()).collect::<Result<Vec<UploadId>, _>>();
    let files = files.ok().filter(|files| files.len() <= MOST_FILES).ok_or_else(no_file)?;
    Ok(Written { text, files })
}

fn read_reason(typed: &str) -> Result<String, Problem> {
    text::line(typed, REASON).ok().filter(|reason| !reason.is_empty()).ok_or_else(|| {
        Problem::fields([("/reason".to_owned(), "1 to 200 characters in one line".to_owned())])
    })
}

fn refused(refused: NotDone) -> Problem {
    match refused {
        NotDone::NotFound | NotDone::NotAClinician => problem::NOT_FOUND.into(),
        NotDone::NotAReader => problem::NOT_A_READER.into(),
        NotDone::SameAudience => no_audience(),
        NotDone::TooLate => problem::TOO_LATE.into(),
        NotDone::ReadAlready => problem::READ_ALREADY.into(),
        NotDone::TakesPart => problem::TAKES_PART.into(),
        NotDone::NeedsSupervision => problem::NEEDS_SUPERVISION.into(),
        NotDone::TakesNoPart => problem::TAKES_NO_PART.into(),
        NotDone::LastParty => problem::LAST_PARTY.into(),
        NotDone::TooMany => problem::TOO_MANY_REQUESTS.into(),
        NotDone::NoFile => no_file(),
        NotDone::WrittenMeanwhile(newer) => {
            Problem::from(problem::WRITTEN_MEANWHILE).with("last_seq", newer.seq)
        }
    }
}

/// Write to somebody who sees a chart in the portal.
#[utoipa::path(post, path = "/api/v1/threads", tag = "Messages", operation_id = "beginThread",
    request_body = NewThreadJson, params(Once),
    responses((status = 201, description = "The thread, with its Location", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn begin(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: NewThreadJson| {
        let access: AccessId = asked.grant_id.parse().map_err(|_| Problem::from(problem::NOT_A_READER))?;
        let subject = Subject::read(&asked.subject).map_err(|wrong| wrong_text("subject", wrong))?;
        Ok((access, subject, read_written(&asked.text, &asked.uploads)?))
    });
    let author = Author::of_practice(&caller.by())?;
    once(&app, &caller, &body, move |_, c| {
        let (access, subject, written) = granted!(asked.as_ref().map_err(Problem::clone));
        let to = Addressee::FrontDesk;
        let begun = actions::begin_as_practice(c, &author, access, to, subject.clone(), written.clone())?;
        let (thread, chart) = granted!(begun.map_err(refused));
        let shown = messages::find(c, &thread)?
            .ok_or_else(|| Fault::Damaged(format!("thread {thread} was begun and is not there")))?;
        let answer =
            Answer::ok(ThreadJson::from(&shown))?.created_at(format!("/api/v1/threads/{thread}/messages"));
        Ok(Ok(Done { answer, chart }))
    })
    .await
}

/// Acts once for an Idempotency-Key, and answers with how the thread stands then.
async fn act(
    app: &AppState,
    caller: &ApiCaller,
    body: &Bytes,
    thread: Result<ThreadId, Problem>,
    asked: Result<(i32, PracticeAct), Problem>,
) -> ApiResult {
    let author = Author::of_practice(&caller.by())?;
    once(app, caller, body, move |_, c| {
        let (thread, (seen, act)) = match (&thread, &asked) {
            (Ok(thread), Ok(asked)) => (thread, asked),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem.clone())),
        };
        let acted = actions::act_as_practice(c, &author, &PracticeReader::ApiKey, thread, *seen, act)?;
        Ok(match acted {
            Ok(thread) => Ok(Done { answer: Answer::ok(ThreadJson::from(&thread))?, chart: thread.chart }),
            Err(why) => Err(refused(why)),
        })
    })
    .await
}

/// Answer in a thread.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/messages", tag = "Messages", operation_id = "writeMessage",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = NewMessageJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn write(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = json::read(&caller, &body).and_then(|asked: NewMessageJson| {
        Ok((asked.seen, PracticeAct::Write(read_written(&asked.text, &asked.uploads)?)))
    });
    act(&app, &caller, &body, id(&thread), asked).await
}

fn seen(caller: &ApiCaller, body: &Bytes, act: PracticeAct) -> Result<(i32, PracticeAct), Problem> {
    json::read(caller, body).map(|asked: SeenJson| (asked.seen, act))
}

/// Say that a thread needs no reply.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/no-reply-needed", tag = "Messages",
    operation_id = "noReplyNeeded",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = SeenJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn no_reply_needed(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = seen(&caller, &body, PracticeAct::NoReplyNeeded);
    act(&app, &caller, &body, id(&thread), asked).await
}

/// Close a thread; a new message opens it again.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/close", tag = "Messages", operation_id = "closeThread",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = SeenJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn close(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = seen(&caller, &body, PracticeAct::Close);
    act(&app, &caller, &body, id(&thread), asked).await
}

/// Open a closed thread again.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/reopen", tag = "Messages", operation_id = "reopenThread",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = SeenJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn reopen(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let asked = seen(&caller, &body, PracticeAct::Reopen);
    act(&app, &caller, &body, id(&thread), asked).await
}

/// Give a thread to another audience.
///
/// The client sees a line that says whom it is with; whoever waits is answered by the day that the new audience promises,
/// counted from the question. A key reads no thread that it gave to a clinician.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/transfer", tag = "Messages", operation_id = "transferThread",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = TransferJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn transfer(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let thread: Result<ThreadId, Problem> = id(&thread);
    let asked = json::read(&caller, &body).and_then(|asked: TransferJson| {
        let to = match (asked.staff_id, asked.audience.as_deref()) {
            (None, None | Some("front_desk")) => Addressee::FrontDesk,
            (None, Some("billing")) => Addressee::Billing,
            (Some(id), None) => Addressee::Clinician(id.parse().map_err(|_| no_audience())?),
            _ => return Err(no_audience()),
        };
        let earlier = if asked.with_earlier { Earlier::Read } else { Earlier::Hidden };
        Ok(Target { to, earlier })
    });
    let author = Author::of_practice(&caller.by())?;
    once(&app, &caller, &body, move |_, c| {
        let (thread, target) = match (&thread, &asked) {
            (Ok(thread), Ok(target)) => (thread, *target),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem.clone())),
        };
        let moved = handover::transfer_as_practice(c, &author, &PracticeReader::ApiKey, thread, target)?;
        Ok(match moved {
            Ok(thread) => Ok(Done { answer: Answer::ok(ThreadJson::from(&thread))?, chart: thread.chart }),
            Err(NotDone::NotAClinician) => Err(no_audience()),
            Err(why) => Err(refused(why)),
        })
    })
    .await
}

/// Let somebody else on the client's side take part in a thread.
///
/// Everybody who takes part sees a line that says who joined, and gets the mail that something is new.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/parties", tag = "Messages", operation_id = "addThreadParty",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = NewPartyJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn add_party(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let thread: Result<ThreadId, Problem> = id(&thread);
    let asked = json::read(&caller, &body).and_then(|asked: NewPartyJson| {
        let access: AccessId = id(&asked.grant_id)?;
        let reason = read_reason(&asked.reason)?;
        let earlier = if asked.with_earlier { Earlier::Read } else { Earlier::Hidden };
        Ok(NewParty { access, earlier, reason })
    });
    let author = Author::of_practice(&caller.by())?;
    once(&app, &caller, &body, move |_, c| {
        let (thread, new) = match (&thread, &asked) {
            (Ok(thread), Ok(new)) => (thread, new),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem.clone())),
        };
        let added = joining::add_as_practice(c, &author, &PracticeReader::ApiKey, thread, new)?;
        Ok(match added {
            Ok(thread) => Ok(Done { answer: Answer::ok(ThreadJson::from(&thread))?, chart: thread.chart }),
            Err(why) => Err(refused(why)),
        })
    })
    .await
}

/// Read who takes part in a thread on the client's side.
#[utoipa::path(get, path = "/api/v1/threads/{thread}/parties", tag = "Messages", operation_id = "listThreadParties",
    params(("thread" = String, Path, description = "The thread's id")),
    responses((status = 200, description = "Who takes part, or took part", body = PartyList), Usual),
    security(("api_key" = ["messages:read"])))]
pub async fn parties(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
) -> ApiResult {
    let thread: ThreadId = id(&thread)?;
    let found = app.db.read(&caller.scope, move |c| joining::parties_for_key(c, &thread)).await?;
    let parties = found.ok_or(problem::NOT_FOUND)?.into_iter().map(|party| PartyJson {
        person_id: party.person.to_string(),
        name: party.name,
        from_seq: party.range.from,
        until_seq: party.range.until,
        can: party.can.to_string(),
    });
    Ok(Answer::ok(PartyList { parties: parties.collect() })?.into_response())
}

/// End somebody's part in a thread.
///
/// They go on reading what was written until then, and nothing after it. The others who take part see a line that says so;
/// nobody gets a mail. addThreadParty lets them in again.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/parties/end", tag = "Messages", operation_id = "endThreadParty",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = EndPartyJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn end_party(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let thread: Result<ThreadId, Problem> = id(&thread);
    let asked = json::read(&caller, &body).and_then(|asked: EndPartyJson| {
        let person: PersonId = id(&asked.person_id)?;
        Ok(EndedParty { person, reason: read_reason(&asked.reason)? })
    });
    let author = Author::of_practice(&caller.by())?;
    once(&app, &caller, &body, move |_, c| {
        let (thread, ended) = match (&thread, &asked) {
            (Ok(thread), Ok(ended)) => (thread, ended),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem.clone())),
        };
        let done = joining::end_as_practice(c, &author, &PracticeReader::ApiKey, thread, ended)?;
        Ok(match done {
            Ok(thread) => Ok(Done { answer: Answer::ok(ThreadJson::from(&thread))?, chart: thread.chart }),
            Err(why) => Err(refused(why)),
        })
    })
    .await
}

fn crisis_words_of(policy: &Policy) -> CrisisWordsJson {
    CrisisWordsJson { en: policy.crisis_en.clone(), es: policy.crisis_es.clone() }
}

/// Read the practice's own words for a crisis.
///
/// They stand where clients write, before 911 and 988, which always stand there.
#[utoipa::path(get, path = "/api/v1/crisis-words", tag = "Messages", operation_id = "getCrisisWords",
    responses((status = 200, description = "The words", body = CrisisWordsJson), Usual),
    security(("api_key" = ["messages:read"])))]
pub async fn crisis_words(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let practice = app.db.read(&caller.scope, practice::load).await?;
    Ok(Answer::ok(crisis_words_of(&practice.policy()))?.into_response())
}

/// Set the practice's own words for a crisis. The same words again change nothing.
#[utoipa::path(post, path = "/api/v1/crisis-words", tag = "Messages", operation_id = "setCrisisWords",
    request_body = CrisisWordsJson,
    responses((status = 200, description = "The words as they are now", body = CrisisWordsJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn set_crisis_words(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let asked: CrisisWordsJson = json::read(&caller, &body)?;
    let read = |field: &str, typed: &str| {
        profile::crisis_words(typed).ok_or_else(|| {
            Problem::fields([(format!("/{field}"), "at most 500 characters of plain text".to_owned())])
        })
    };
    let (crisis_en, crisis_es) = (read("en", &asked.en)?, read("es", &asked.es)?);
    // Somebody who saves other policies at the same time goes first.
    for _ in 0..3 {
        let practice = app.db.read(&caller.scope, practice::load).await?;
        let policy =
            Policy { crisis_en: crisis_en.clone(), crisis_es: crisis_es.clone(), ..practice.policy() };
        let answer = Answer::ok(crisis_words_of(&policy))?;
        match practice::save_policy(&app, &caller.scope, caller.by(), policy, practice.version).await? {
            Saved::Done => return Ok(answer.into_response()),
            Saved::Stale => {}
        }
    }
    Err(Fault::lost_race("the practice's policies were changed three times meanwhile").into())
}

/// Take a message of this key back.
///
/// For ten minutes, while nobody on the client's side has read it (`too-late`, `read-already`). Its text is gone for the
/// client and kept for the practice's records alone; its files are uploads again; the client waits as before. A thread whose
/// only message is taken back never existed for the client.
#[utoipa::path(post, path = "/api/v1/threads/{thread}/take-back", tag = "Messages", operation_id = "takeMessageBack",
    params(("thread" = String, Path, description = "The thread's id"), Once),
    request_body = TakeBackJson,
    responses((status = 200, description = "The thread as it is now", body = ThreadJson), Usual),
    security(("api_key" = ["messages:write"])))]
pub async fn take_back(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(thread): Path<String>,
    body: Bytes,
) -> ApiResult {
    let thread: Result<ThreadId, Problem> = id(&thread);
    let asked = json::read(&caller, &body).map(|asked: TakeBackJson| asked.seq);
    let author = Author::of_practice(&caller.by())?;
    once(&app, &caller, &body, move |_, c| {
        let (thread, seq) = match (&thread, &asked) {
            (Ok(thread), Ok(seq)) => (thread, *seq),
            (Err(problem), _) | (_, Err(problem)) => return Ok(Err(problem.clone())),
        };
        Ok(match withdraw_by_key(c, &author, thread, seq)? {
            Ok(thread) => Ok(Done { answer: Answer::ok(ThreadJson::from(&thread))?, chart: thread.chart }),
            Err(why) => Err(refused(why)),
        })
    })
    .await
}
