//! The rows of threads, and nothing else's.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use crate::features::access::lifecycle::State;
use crate::features::access::permission::{
    Archive, Facts, Item, ItemKind, Party, Share, decide, is_ended_by_time,
};
use crate::features::accounts::ClientSession;
use crate::features::documents::{Blob, StoredFile};
use crate::features::messages::away_store::covered;
use crate::features::messages::lifecycle::{Left, Side, Standing, ThreadState, Wait, Waiting};
use crate::features::messages::readers::{Addressee, Audience, PartyReads, StaffReader};
use crate::features::messages::text::{Search, search_text};
use crate::features::people;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    AccessId, AccountId, BlobId, ChartId, MessageId, PartyId, PersonId, StaffId, ThreadId,
};
use crate::platform::db::schema::{
    blob, chart, message, message_attachment, message_thread, message_withdrawn, notice, person,
    portal_access, staff_member, thread_gap, thread_opening, thread_party, thread_read,
};
use crate::platform::db::search::threads_with_groups;
use crate::platform::db::{InLists as _, Scoped, rows_beside, rows_of};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::permissions::{Level, Right, Role};
use crate::platform::web::nav::MOST_COUNTED;
use crate::word_enum;

/// Threads on one page of a list.
pub const PAGE: usize = 50;
/// Messages on one page of a thread.
pub const MESSAGES: usize = 50;

fn one_more(page: usize) -> i64 {
    i64::try_from(page).unwrap_or(i64::MAX - 1) + 1
}

word_enum! {
    /// Who has read something, or is told of it.
    pub enum ReaderKind {
        /// A person on the client's side.
        Person = "person",
        /// A staff member.
        Staff = "staff",
        /// A portal account, whichever charts it reads.
        Account = "account",
    }
}

word_enum! {
    /// What a row of a thread is.
    pub enum MessageKind {
        /// Somebody's words.
        Text = "text",
        /// The line that says whom the thread is with from there on. Its body is the clinician's name, and empty for
        /// the front desk.
        Moved = "moved",
        /// The same where it is with billing from there on; without a body.
        MovedToBilling = "moved_to_billing",
        /// The line that says that somebody else of the client's side reads from there on. Its body is their name.
        Joined = "joined",
        /// The same, where they also read what was written before.
        JoinedEarlier = "joined_earlier",
        /// The line that says that somebody of the client's side no longer takes part. Its body is their name.
        Left = "left",
    }
}

word_enum! {
    /// What wrote a message.
    pub enum AuthorKind {
        /// A person on the client's side.
        Person = "person",
        /// A staff member.
        Staff = "staff",
        /// An integrator's key.
        ApiKey = "api_key",
    }
}

/// Who wrote a message, with the name they had then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorMark {
    /// What they are.
    pub kind: AuthorKind,
    /// Which one.
    pub id: uuid::Uuid,
    /// Their name.
    pub name: String,
}

#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = message_thread)]
struct ThreadRow {
    thread_id: ThreadId,
    chart_id: ChartId,
    subject: String,
    audience: Audience,
    staff_id: Option<StaffId>,
    state: ThreadState,
    waiting: Waiting,
    asked_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    last_seq: i32,
    last_at: Timestamp,
    read_from_seq: i32,
    version: i64,
}

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// The thread.
    pub id: ThreadId,
    /// Its chart.
    pub chart: ChartId,
    /// Its subject.
    pub subject: String,
    /// Whom at the practice it is with.
    pub to: Addressee,
    /// How it stands.
    pub standing: Standing,
    /// The number of its newest message; they count from 1.
    pub last_seq: i32,
    /// When that was written.
    pub last_at: Timestamp,
    /// The first message that whoever answers it reads; what was written to another audience before, they do not.
    pub read_from: i32,
    /// Counts changes: the guard of every update.
    pub version: i64,
}

impl TryFrom<ThreadRow> for Thread {
    type Error = Fault;

    fn try_from(row: ThreadRow) -> Result<Self, Fault> {
        let damaged = |what: &str| Fault::Damaged(format!("thread {}: {what}", row.thread_id));
        Ok(Self {
            to: Addressee::read(row.audience, row.staff_id).ok_or_else(|| damaged("its audience"))?,
            standing: Standing::read(row.state, row.waiting, (row.asked_at, row.due_at))
                .ok_or_else(|| damaged("how it stands"))?,
            id: row.thread_id,
            chart: row.chart_id,
            subject: row.subject,
            last_seq: row.last_seq,
            last_at: row.last_at,
            read_from: row.read_from_seq,
            version: row.version,
        })
    }
}

impl Thread {
    /// Its subject for whoever answers it. Words that were written to another audience before are not theirs, and the
    /// subject is one of them.
    pub fn subject_for_practice(&self) -> Option<&str> {
        (self.read_from <= SeqRange::ALL.from).then_some(self.subject.as_str())
    }

    /// Its subject for somebody on the client's side who reads it from this message on.
    pub fn subject_from(&self, from: i32) -> Option<&str> {
        (from <= SeqRange::ALL.from).then_some(self.subject.as_str())
    }

    /// What whoever answers it reads of it.
    pub fn range_of_practice(&self) -> SeqRange {
        SeqRange { from: self.read_from, until: None }
    }

    /// As the permission function knows it, for somebody who takes part in it.
    pub fn item(&self) -> Item {
        Item {
            kind: ItemKind::Thread,
            id: self.id.uuid(),
            label: None,
            share: Share::NotShared,
            party: Party::Party,
        }
    }
}

/// Which messages somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqRange {
    /// From this one on.
    pub from: i32,
    /// Up to before this one, where their part has ended.
    pub until: Option<i32>,
}

impl SeqRange {
    /// Everything.
    pub const ALL: Self = Self { from: 1, until: None };
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = message)]
pub struct Message {
    /// Its number in the thread.
    pub seq: i32,
    /// The message.
    pub message_id: MessageId,
    /// Which side wrote it.
    pub side: Side,
    /// What wrote it.
    pub author_kind: AuthorKind,
    /// Which one.
    pub author_id: Vec<u8>,
    /// Their name then.
    pub author_name: String,
    /// Plain text.
    pub body: String,
    /// When.
    pub sent_at: Timestamp,
    /// Words, or that the thread was moved.
    pub kind: MessageKind,
    /// When its author took it back; its words are gone then.
    pub withdrawn_at: Option<Timestamp>,
}

/// Puts a new thread in.
pub fn insert_thread(c: &mut Scoped<'_>, thread: &Thread) -> Result<(), Fault> {
    let (audience, staff) = thread.to.columns();
    let (state, waiting, wait) = thread.standing.columns();
    let now = c.now();
    c.insert(
        message_thread::table,
        (
            message_thread::thread_id.eq(thread.id),
            message_thread::chart_id.eq(thread.chart),
            message_thread::subject.eq(thread.subject.clone()),
            message_thread::audience.eq(audience),
            message_thread::staff_id.eq(staff),
            message_thread::state.eq(state),
            message_thread::waiting.eq(waiting),
            message_thread::asked_at.eq(wait.map(|wait| wait.since)),
            message_thread::due_at.eq(wait.map(|wait| wait.due_at)),
            message_thread::last_seq.eq(thread.last_seq),
            message_thread::last_at.eq(thread.last_at),
            message_thread::version.eq(thread.version),
            message_thread::created_at.eq(now),
            message_thread::read_from_seq.eq(thread.read_from),
        ),
    )
}

/// Saves a thread if nobody saved it since it was loaded; a lost race is a fault that the database's retry
/// answers by running the whole unit again.
pub fn save_thread(c: &mut Scoped<'_>, thread: &mut Thread) -> Result<(), Fault> {
    let (audience, staff) = thread.to.columns();
    let (state, waiting, wait) = thread.standing.columns();
    let saved = c
        .rows(message_thread::table)
        .filter(message_thread::thread_id.eq(thread.id))
        .filter(message_thread::version.eq(thread.version))
        .set((
            message_thread::audience.eq(audience),
            message_thread::staff_id.eq(staff),
            message_thread::read_from_seq.eq(thread.read_from),
            message_thread::state.eq(state),
            message_thread::waiting.eq(waiting),
            message_thread::asked_at.eq(wait.map(|wait| wait.since)),
            message_thread::due_at.eq(wait.map(|wait| wait.due_at)),
            message_thread::last_seq.eq(thread.last_seq),
            message_thread::last_at.eq(thread.last_at),
            message_thread::version.eq(thread.version + 1),
        ))
        .execute(c)?;
    if saved == 0 {
        return Err(Fault::lost_race("a thread was changed by somebody else"));
    }
    thread.version += 1;
    Ok(())
}

/// Puts a message in as the thread's newest. `ended` is the client's wait that it ends.
pub fn insert_message(
    c: &mut Scoped<'_>,
    thread: &Thread,
    side: Side,
    author: &AuthorMark,
    body: &str,
    ended: Option<Wait>,
) -> Result<(), Fault> {
    let search = search_text((thread.last_seq == 1).then_some(thread.subject.as_str()), body);
    let before = Before { ended, left: None };
    insert_row(c, thread, (MessageKind::Text, side), author, (body, search), before)
}

/// Puts a line of the program's own in as the thread's newest. `left`: whom the thread was with before, and from which
/// message on they read it.
pub fn insert_line(
    c: &mut Scoped<'_>,
    thread: &Thread,
    kind: MessageKind,
    author: &AuthorMark,
    (body, left): (&str, Option<(Addressee, i32)>),
) -> Result<(), Fault> {
    let before = Before { ended: None, left };
    insert_row(c, thread, (kind, Side::Practice), author, (body, String::new()), before)
}

/// What a message ends, as it was before.
struct Before {
    /// The client's wait.
    ended: Option<Wait>,
    /// Whom the thread was with, and from which message on they read it.
    left: Option<(Addressee, i32)>,
}

fn insert_row(
    c: &mut Scoped<'_>,
    thread: &Thread,
    (kind, side): (MessageKind, Side),
    author: &AuthorMark,
    (body, search): (&str, String),
    Before { ended, left }: Before,
) -> Result<(), Fault> {
    let (id, now) = (MessageId::fresh(c.rng(), c.now()), c.now());
    let (left, left_from) = left.map(|(to, from)| (to.columns(), from)).unzip();
    c.insert(
        message::table,
        (
            message::thread_id.eq(thread.id),
            message::seq.eq(thread.last_seq),
            message::message_id.eq(id),
            message::side.eq(side),
            message::author_kind.eq(author.kind),
            message::author_id.eq(author.id.as_bytes().to_vec()),
            message::author_name.eq(author.name.clone()),
            message::body.eq(body.to_owned()),
            message::sent_at.eq(now),
            message::search_text.eq(search),
            message::kind.eq(kind),
            message::ended_asked_at.eq(ended.map(|wait| wait.since)),
            message::ended_due_at.eq(ended.map(|wait| wait.due_at)),
            message::left_audience.eq(left.map(|(audience, _)| audience)),
            message::left_staff_id.eq(left.and_then(|(_, staff)| staff)),
            message::left_from_seq.eq(left_from),
        ),
    )
}

/// Puts the files of a thread's newest message in, in their order.
pub fn insert_attachments(c: &mut Scoped<'_>, thread: &Thread, files: &[StoredFile]) -> Result<(), Fault> {
    for (position, file) in (0i32..).zip(files) {
        // A program need not name its file.
        let name = if file.name.is_empty() { "file.pdf" } else { &file.name };
        c.insert(
            message_attachment::table,
            (
                message_attachment::thread_id.eq(thread.id),
                message_attachment::seq.eq(thread.last_seq),
                message_attachment::position.eq(position),
                message_attachment::blob_id.eq(file.blob.blob_id),
                message_attachment::file_name.eq(name.to_owned()),
            ),
        )?;
    }
    Ok(())
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Attachment {
    /// The message's number.
    pub seq: i32,
    /// Its name where it came from.
    pub name: String,
    /// Its bytes.
    pub blob: Blob,
}

/// Was the outer row's message written while this person, whose part in the thread it is, could not read?
macro_rules! is_missed {
    ($person:expr) => {
        exists(
            rows_beside(thread_gap::table, message::table)
                .filter(thread_gap::thread_id.eq(message::thread_id))
                .filter(thread_gap::seq.eq(message::seq))
                .filter(thread_gap::person_id.nullable().eq($person)),
        )
    };
}

/// The threads after this place of a list that has the newest first.
macro_rules! older_than {
    ($from:expr) => {
        message_thread::last_at
            .lt($from.at)
            .or(message_thread::last_at.eq($from.at).and(message_thread::thread_id.lt($from.thread)))
    };
}

/// The threads that a staff member answers: those of the audiences that their role answers for, their own, and those of
/// whom they stand in for. What a role does not have is null, which is equal to nothing: each role has the same statement.
macro_rules! answered_by {
    ($c:expr, $staff:expr, $role:expr) => {{
        let ([one, other], own) = answers($staff, $role);
        message_thread::audience
            .nullable()
            .eq(one)
            .or(message_thread::audience.nullable().eq(other))
            .or(message_thread::staff_id.eq(own))
            .or(message_thread::staff_id.eq_any(rows_of(covered!($c, own))))
    }};
}

/// The audiences for which a role answers, whoever has it; and who it is, where they may have threads of their own.
fn answers(staff: StaffId, role: Role) -> ([Option<Audience>; 2], Option<StaffId>) {
    match role {
        Role::Administrator => ([Some(Audience::FrontDesk), Some(Audience::Billing)], Some(staff)),
        Role::Clinician | Role::FrontDesk => ([Some(Audience::FrontDesk), None], Some(staff)),
        Role::Biller => ([Some(Audience::Billing), None], None),
    }
}

macro_rules! attachments_of {
    ($c:expr, $thread:expr) => {
        $c.rows(message_attachment::table)
            .inner_join(
                blob::table.on(blob::practice_id
                    .eq(message_attachment::practice_id)
                    .and(blob::blob_id.eq(message_attachment::blob_id))),
            )
            .filter(message_attachment::thread_id.eq($thread))
            .select((message_attachment::seq, message_attachment::file_name, Blob::as_select()))
    };
}

/// The files of these messages of a thread, in the order of the messages.
pub fn attachments(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    messages: &[Message],
) -> Result<Vec<Attachment>, Fault> {
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else { return Ok(Vec::new()) };
    attachments_of!(c, *thread)
        .filter(message_attachment::seq.ge(first.seq))
        .filter(message_attachment::seq.le(last.seq))
        .order((message_attachment::seq.asc(), message_attachment::position.asc()))
        .load(c)
}

/// A file of a thread, if its message lies in a range.
pub fn find_attachment(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    reading: Reading,
    range: SeqRange,
    file: &BlobId,
) -> Result<Option<Attachment>, Fault> {
    let person = match reading {
        Reading::Party(person) => Some(person),
        Reading::Practice => None,
    };
    let is_missed = exists(
        rows_beside(thread_gap::table, message_attachment::table)
            .filter(thread_gap::thread_id.eq(message_attachment::thread_id))
            .filter(thread_gap::seq.eq(message_attachment::seq))
            .filter(thread_gap::person_id.nullable().eq(person)),
    );
    attachments_of!(c, *thread)
        .filter(not(is_missed))
        .filter(message_attachment::blob_id.eq(*file))
        .filter(message_attachment::seq.ge(range.from))
        .filter(message_attachment::seq.lt(range.until.unwrap_or(i32::MAX)))
        .optional(c)
}

/// Lets a person on the client's side take part in a thread from this message on.
pub fn insert_party(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    person: &PersonId,
    from_seq: i32,
    by_name: &str,
) -> Result<(), Fault> {
    let (id, now) = (PartyId::fresh(c.rng(), c.now()), c.now());
    c.insert(
        thread_party::table,
        (
            thread_party::thread_id.eq(*thread),
            thread_party::party_id.eq(id),
            thread_party::person_id.eq(Some(*person)),
            thread_party::from_seq.eq(from_seq),
            thread_party::added_by_name.eq(by_name.to_owned()),
            thread_party::added_at.eq(now),
        ),
    )?;
    insert_read(c, thread, ReaderKind::Person, person.uuid(), 0)
}

/// One thread, whoever asks.
pub fn find(c: &mut Scoped<'_>, id: &ThreadId) -> Result<Option<Thread>, Fault> {
    let row: Option<ThreadRow> = c
        .rows(message_thread::table)
        .filter(message_thread::thread_id.eq(*id))
        .select(ThreadRow::as_select())
        .optional(c)?;
    row.map(Thread::try_from).transpose()
}

/// One thread of a chart that a person takes part in, with what they read of it.
pub fn find_for_party(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    person: &PersonId,
    id: &ThreadId,
) -> Result<Option<(Thread, SeqRange)>, Fault> {
    let found: Option<(ThreadRow, i32, Option<i32>)> = c
        .rows(message_thread::table)
        .inner_join(
            thread_party::table.on(thread_party::practice_id
                .eq(message_thread::practice_id)
                .and(thread_party::thread_id.eq(message_thread::thread_id))),
        )
        .filter(message_thread::thread_id.eq(*id))
        .filter(message_thread::chart_id.eq(*chart))
        .filter(thread_party::person_id.eq(Some(*person)))
        .select((ThreadRow::as_select(), thread_party::from_seq, thread_party::until_seq))
        .optional(c)?;
    found.map(|(row, from, until)| Ok((Thread::try_from(row)?, SeqRange { from, until }))).transpose()
}

/// For whom messages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// For this person on the client's side. What was taken back is not there for them, nor what was written while they
    /// could not read.
    Party(PersonId),
    /// For the practice.
    Practice,
}

/// The newest messages of a thread in a range and before a number, the oldest of them first, and whether there are earlier
/// ones.
pub fn messages(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    reading: Reading,
    range: SeqRange,
    before: Option<i32>,
) -> Result<(Vec<Message>, bool), Fault> {
    newest_of(c, thread, reading, (range, before), MESSAGES)
}

/// The same with as many messages as are asked for.
pub fn newest_of(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    reading: Reading,
    (range, before): (SeqRange, Option<i32>),
    most: usize,
) -> Result<(Vec<Message>, bool), Fault> {
    let end = [range.until, before].into_iter().flatten().min().unwrap_or(i32::MAX);
    let mut rows = c
        .rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.ge(range.from))
        .filter(message::seq.lt(end))
        .order(message::seq.desc())
        .limit(one_more(most))
        .select(Message::as_select())
        .into_boxed();
    if let Reading::Party(person) = reading {
        rows = rows.filter(message::withdrawn_at.is_null()).filter(not(is_missed!(Some(person))));
    }
    let mut found: Vec<Message> = rows.load(c)?;
    let has_earlier = found.len() > most;
    found.truncate(most);
    found.reverse();
    Ok((found, has_earlier))
}

/// The messages of a thread after a number that whoever answers it reads, the oldest first, at most `most`.
pub fn messages_after(
    c: &mut Scoped<'_>,
    thread: &Thread,
    after: i32,
    most: usize,
) -> Result<Vec<Message>, Fault> {
    c.rows(message::table)
        .filter(message::thread_id.eq(thread.id))
        .filter(message::seq.gt(after))
        .filter(message::seq.ge(thread.read_from))
        .order(message::seq.asc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(Message::as_select())
        .load(c)
}

/// The number of the question that began this wait; `None` where its author took it back.
pub fn question_of(c: &mut Scoped<'_>, thread: &Thread, wait: Wait) -> Result<Option<i32>, Fault> {
    c.rows(message::table)
        .filter(message::thread_id.eq(thread.id))
        .filter(message::seq.ge(thread.read_from))
        .filter(message::side.eq(Side::Client))
        .filter(message::kind.eq(MessageKind::Text))
        .filter(message::sent_at.ge(wait.since))
        .filter(message::withdrawn_at.is_null())
        .order(message::seq.asc())
        .select(message::seq)
        .optional(c)
}

/// From which message on those whom the thread is with read it when it was with them before.
pub fn read_before(c: &mut Scoped<'_>, thread: &Thread) -> Result<Option<i32>, Fault> {
    let (audience, staff) = thread.to.columns();
    let mut rows = c
        .rows(message::table)
        .filter(message::thread_id.eq(thread.id))
        .filter(message::left_audience.eq(audience))
        .order(message::left_from_seq.asc())
        .select(message::left_from_seq.assume_not_null())
        .into_boxed();
    if let Some(staff) = staff {
        rows = rows.filter(message::left_staff_id.eq(staff));
    }
    rows.optional(c)
}

/// The newest message after a number that somebody else wrote.
pub fn newest_of_others(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    after: i32,
    author: &uuid::Uuid,
) -> Result<Option<Message>, Fault> {
    c.rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.gt(after))
        .filter(message::author_id.ne(author.as_bytes().to_vec()))
        .filter(message::kind.eq(MessageKind::Text))
        .filter(message::withdrawn_at.is_null())
        .order(message::seq.desc())
        .select(Message::as_select())
        .optional(c)
}

/// One message of a thread.
pub fn find_message(c: &mut Scoped<'_>, thread: &ThreadId, seq: i32) -> Result<Option<Message>, Fault> {
    c.rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.eq(seq))
        .select(Message::as_select())
        .optional(c)
}

/// Up to which message somebody on the client's side has read a thread; nothing was read: 0.
pub fn read_by_client(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<i32, Fault> {
    let read: Vec<i32> = c
        .rows(thread_read::table)
        .filter(thread_read::thread_id.eq(*thread))
        .filter(thread_read::reader_kind.eq(ReaderKind::Person))
        .order(thread_read::seq.desc())
        .limit(1)
        .select(thread_read::seq)
        .load(c)?;
    Ok(read.first().copied().unwrap_or(0))
}

/// Holds what the client's side has read of a thread until the end of the transaction, so that a message is not read
/// while it is taken back.
pub fn hold_reading(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<(), Fault> {
    c.rows(thread_read::table)
        .filter(thread_read::thread_id.eq(*thread))
        .filter(thread_read::reader_kind.eq(ReaderKind::Person))
        .set(thread_read::at.eq(thread_read::at))
        .execute(c)?;
    Ok(())
}

/// What a message of the practice leaves when it is taken back, and when the newest one that stays was written.
pub fn left_without(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    seq: i32,
) -> Result<(Left, Option<Timestamp>), Fault> {
    let ended: Option<(Option<Timestamp>, Option<Timestamp>)> = c
        .rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.eq(seq))
        .select((message::ended_asked_at, message::ended_due_at))
        .optional(c)?;
    let staying: Option<(Side, Timestamp)> = c
        .rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.ne(seq))
        .filter(message::kind.eq(MessageKind::Text))
        .filter(message::withdrawn_at.is_null())
        .order(message::seq.desc())
        .select((message::side, message::sent_at))
        .optional(c)?;
    let left = match (ended, staying) {
        (Some((Some(since), Some(due_at))), _) => Left::Question(Wait { since, due_at }),
        (_, Some((Side::Practice, _))) => Left::Answer,
        (_, Some((Side::Client, _))) => Left::NoQuestion,
        (_, None) => Left::Nothing,
    };
    Ok((left, staying.map(|(_, at)| at)))
}

/// Takes a message back: its words go to where only the practice's records have them, and its files are no longer its.
/// `false` if it was taken back already.
pub fn withdraw(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    taken: &Message,
    files: &[Attachment],
    by_name: &str,
) -> Result<bool, Fault> {
    let now = c.now();
    let emptied = c
        .rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.eq(taken.seq))
        .filter(message::withdrawn_at.is_null())
        .set((message::withdrawn_at.eq(Some(now)), message::body.eq(""), message::search_text.eq("")))
        .execute(c)?;
    if emptied == 0 {
        return Ok(false);
    }
    c.rows(message_attachment::table)
        .filter(message_attachment::thread_id.eq(*thread))
        .filter(message_attachment::seq.eq(taken.seq))
        .delete(c)?;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    c.insert(
        message_withdrawn::table,
        (
            message_withdrawn::thread_id.eq(*thread),
            message_withdrawn::seq.eq(taken.seq),
            message_withdrawn::body.eq(taken.body.clone()),
            message_withdrawn::files.eq(names.join("\n")),
            message_withdrawn::by_name.eq(by_name.to_owned()),
        ),
    )?;
    Ok(true)
}

/// Nobody on the client's side takes part any more; nobody ever read anything.
pub fn end_parties(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<(), Fault> {
    c.rows(thread_party::table).filter(thread_party::thread_id.eq(*thread)).delete(c)?;
    c.rows(thread_read::table)
        .filter(thread_read::thread_id.eq(*thread))
        .filter(thread_read::reader_kind.eq(ReaderKind::Person))
        .delete(c)?;
    Ok(())
}

/// Who takes part in a thread on the client's side, and has not ceased to.
pub fn parties_of(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<Vec<PersonId>, Fault> {
    let found: Vec<Option<PersonId>> = c
        .rows(thread_party::table)
        .filter(thread_party::thread_id.eq(*thread))
        .filter(thread_party::until_seq.is_null())
        .order(thread_party::party_id.asc())
        .limit(20)
        .select(thread_party::person_id)
        .load(c)?;
    Ok(found.into_iter().flatten().collect())
}

/// Somebody's part in a thread on the client's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they read of it.
    pub range: SeqRange,
}

/// Everybody who takes part in a thread on the client's side, or took part in it.
pub fn all_parties(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<Vec<PartyRow>, Fault> {
    type Found = (PersonId, String, String, String, i32, Option<i32>);
    let found: Vec<Found> = c
        .rows(thread_party::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(thread_party::practice_id)
                .and(person::person_id.nullable().eq(thread_party::person_id))),
        )
        .filter(thread_party::thread_id.eq(*thread))
        .order(thread_party::party_id.asc())
        .limit(50)
        .select((
            person::person_id,
            person::first_name,
            person::last_name,
            person::suffix,
            thread_party::from_seq,
            thread_party::until_seq,
        ))
        .load(c)?;
    let row = |(person, first, last, suffix, from, until): Found| PartyRow {
        person,
        name: people::joined(&[&first, &last, &suffix]),
        range: SeqRange { from, until },
    };
    Ok(found.into_iter().map(row).collect())
}

/// The active grants of a person to a chart.
pub fn grants_of(c: &mut Scoped<'_>, chart: &ChartId, person: &PersonId) -> Result<Vec<AccessId>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::chart_id.eq(*chart))
        .filter(portal_access::person_id.eq(*person))
        .filter(portal_access::state.eq(State::Active))
        .order(portal_access::access_id.asc())
        .select(portal_access::access_id)
        .load(c)
}

/// Ends a person's part in a thread before this message: they read what was written until then.
pub fn end_party(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    person: &PersonId,
    until_seq: i32,
) -> Result<(), Fault> {
    c.rows(thread_party::table)
        .filter(thread_party::thread_id.eq(*thread))
        .filter(thread_party::person_id.eq(Some(*person)))
        .filter(thread_party::until_seq.is_null())
        .set(thread_party::until_seq.eq(Some(until_seq)))
        .execute(c)?;
    Ok(())
}

/// Lets a person take part from this message on. Whose part had ended goes on reading what they read, and of what was
/// written since then what comes from `from_seq` on.
pub fn let_in(
    c: &mut Scoped<'_>,
    thread: &Thread,
    person: &PersonId,
    from_seq: i32,
    by_name: &str,
) -> Result<(), Fault> {
    let ended: Option<Option<i32>> = c
        .rows(thread_party::table)
        .filter(thread_party::thread_id.eq(thread.id))
        .filter(thread_party::person_id.eq(Some(*person)))
        .select(thread_party::until_seq)
        .optional(c)?;
    let Some(Some(until_seq)) = ended else {
        return insert_party(c, &thread.id, person, from_seq, by_name);
    };
    let missed: Vec<i32> = c
        .rows(message::table)
        .filter(message::thread_id.eq(thread.id))
        .filter(message::seq.ge(until_seq))
        .filter(message::seq.lt(from_seq))
        .filter(not(is_missed!(Some(*person))))
        .select(message::seq)
        .load(c)?;
    for seq in missed {
        insert_gap(c, &thread.id, person, seq)?;
    }
    c.rows(thread_party::table)
        .filter(thread_party::thread_id.eq(thread.id))
        .filter(thread_party::person_id.eq(Some(*person)))
        .set(thread_party::until_seq.eq(None::<i32>))
        .execute(c)?;
    Ok(())
}

/// Who takes part in a thread on the client's side and has not ceased to, and their grants in force to its chart: none,
/// one, or several that hold different rights.
pub fn parties_with_grants(
    c: &mut Scoped<'_>,
    thread: &Thread,
) -> Result<Vec<(PersonId, Option<AccessId>)>, Fault> {
    let found: Vec<(Option<PersonId>, Option<AccessId>)> = c
        .rows(thread_party::table)
        .left_join(
            portal_access::table.on(portal_access::practice_id
                .eq(thread_party::practice_id)
                .and(portal_access::person_id.nullable().eq(thread_party::person_id))
                .and(portal_access::chart_id.eq(thread.chart))
                .and(portal_access::state.eq(State::Active))),
        )
        .filter(thread_party::thread_id.eq(thread.id))
        .filter(thread_party::until_seq.is_null())
        .order(thread_party::party_id.asc())
        .limit(50)
        .select((thread_party::person_id, portal_access::access_id.nullable()))
        .load(c)?;
    Ok(found.into_iter().filter_map(|(person, access)| Some((person?, access))).collect())
}

/// Notes that a message was written while this person, whose part in the thread it is, could not read. Whatever they may
/// read again later, they do not read it.
pub fn insert_gap(c: &mut Scoped<'_>, thread: &ThreadId, person: &PersonId, seq: i32) -> Result<(), Fault> {
    c.insert(
        thread_gap::table,
        (thread_gap::thread_id.eq(*thread), thread_gap::person_id.eq(*person), thread_gap::seq.eq(seq)),
    )
}

/// When the newest message was written that a person reads of a thread.
pub fn last_read_at(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    person: PersonId,
    range: SeqRange,
) -> Result<Option<Timestamp>, Fault> {
    let (found, _) = newest_of(c, thread, Reading::Party(person), (range, None), 1)?;
    Ok(found.first().map(|message| message.sent_at))
}

/// Every thread with a clinician, the open ones first.
pub fn threads_with(c: &mut Scoped<'_>, staff: &StaffId) -> Result<Vec<Thread>, Fault> {
    let found: Vec<ThreadRow> = c
        .rows(message_thread::table)
        .filter(message_thread::staff_id.eq(Some(*staff)))
        .order((message_thread::state.desc(), message_thread::thread_id.asc()))
        .select(ThreadRow::as_select())
        .load(c)?;
    found.into_iter().map(Thread::try_from).collect()
}

/// How many threads with a clinician are open, and how many are closed.
pub fn count_with(c: &mut Scoped<'_>, staff: &StaffId) -> Result<(i64, i64), Fault> {
    let mut count = |state: ThreadState| {
        c.rows(message_thread::table)
            .filter(message_thread::staff_id.eq(Some(*staff)))
            .filter(message_thread::state.eq(state))
            .count(c)
    };
    Ok((count(ThreadState::Open)?, count(ThreadState::Closed)?))
}

/// Lets a staff member read a thread that is not theirs, until then.
pub fn put_opening(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    staff: &StaffId,
    until_at: Timestamp,
) -> Result<(), Fault> {
    c.rows(thread_opening::table)
        .filter(thread_opening::thread_id.eq(*thread))
        .filter(thread_opening::staff_id.eq(*staff))
        .delete(c)?;
    c.insert(
        thread_opening::table,
        (
            thread_opening::thread_id.eq(*thread),
            thread_opening::staff_id.eq(*staff),
            thread_opening::until_at.eq(until_at),
        ),
    )
}

/// Has a staff member said why they read this thread, and is that not over?
pub fn is_opened(c: &mut Scoped<'_>, thread: &ThreadId, staff: &StaffId) -> Result<bool, Fault> {
    let now = c.now();
    let until: Option<Timestamp> = c
        .rows(thread_opening::table)
        .filter(thread_opening::thread_id.eq(*thread))
        .filter(thread_opening::staff_id.eq(*staff))
        .filter(thread_opening::until_at.gt(now))
        .select(thread_opening::until_at)
        .optional(c)?;
    Ok(until.is_some())
}

fn insert_read(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    kind: ReaderKind,
    reader: uuid::Uuid,
    seq: i32,
) -> Result<(), Fault> {
    let now = c.now();
    let inserted = c.insert(
        thread_read::table,
        (
            thread_read::thread_id.eq(*thread),
            thread_read::reader_kind.eq(kind),
            thread_read::reader_id.eq(reader.as_bytes().to_vec()),
            thread_read::seq.eq(seq),
            thread_read::at.eq(now),
        ),
    );
    match inserted {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("two pages of one reader opened at once"))
        }
        other => other,
    }
}

/// Notes that somebody has read up to a number; an earlier page that is opened again changes nothing. Was something new
/// to them?
pub fn mark_read(
    c: &mut Scoped<'_>,
    thread: &ThreadId,
    kind: ReaderKind,
    reader: uuid::Uuid,
    seq: i32,
) -> Result<bool, Fault> {
    let known: Option<i32> = c
        .rows(thread_read::table)
        .filter(thread_read::thread_id.eq(*thread))
        .filter(thread_read::reader_kind.eq(kind))
        .filter(thread_read::reader_id.eq(reader.as_bytes().to_vec()))
        .select(thread_read::seq)
        .optional(c)?;
    let now = c.now();
    match known {
        None => insert_read(c, thread, kind, reader, seq).map(|()| true),
        Some(known) if known >= seq => Ok(false),
        Some(_) => {
            c.rows(thread_read::table)
                .filter(thread_read::thread_id.eq(*thread))
                .filter(thread_read::reader_kind.eq(kind))
                .filter(thread_read::reader_id.eq(reader.as_bytes().to_vec()))
                .filter(thread_read::seq.lt(seq))
                .set((thread_read::seq.eq(seq), thread_read::at.eq(now)))
                .execute(c)?;
            Ok(true)
        }
    }
}

/// A message that was taken back while its page was made was not shown: the page is made again.
pub fn must_stand(c: &mut Scoped<'_>, thread: &ThreadId, shown: &[Message]) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Ok(()) };
    let taken: Vec<i32> = c
        .rows(message::table)
        .filter(message::thread_id.eq(*thread))
        .filter(message::seq.ge(first.seq))
        .filter(message::seq.le(last.seq))
        .filter(message::withdrawn_at.is_not_null())
        .select(message::seq)
        .load(c)?;
    if shown.iter().any(|message| taken.contains(&message.seq)) {
        return Err(Fault::lost_race("a message was taken back while its page was made"));
    }
    Ok(())
}

/// Where a page of a list begins: after the thread with this moment and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    at: Timestamp,
    thread: ThreadId,
}

impl Place {
    /// From an address.
    pub fn read(text: &str) -> Option<Self> {
        let (at, thread) = text.split_once('.')?;
        Some(Self { at: Timestamp::from_micros(at.parse().ok()?), thread: thread.parse().ok()? })
    }

    /// For an address.
    pub fn to_text(self) -> String {
        format!("{}.{}", self.at.micros(), self.thread)
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its lines.
    pub lines: Vec<T>,
    /// Where the next one begins.
    pub next: Option<Place>,
}

impl<T> Page<T> {
    fn of(mut lines: Vec<T>, most: usize, place: impl Fn(&T) -> Place) -> Self {
        let has_more = lines.len() > most;
        lines.truncate(most);
        let next = lines.last().filter(|_| has_more).map(place);
        Self { lines, next }
    }
}

/// A thread in a client's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxLine {
    /// The thread.
    pub thread: Thread,
    /// The clinician's name, where it is with one.
    pub with: Option<String>,
    /// What they read of it.
    pub range: SeqRange,
    /// Did the practice write something that they have not read?
    pub is_unread: bool,
}

/// Somebody on the client's side who looks at the threads of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartyReader {
    /// The chart.
    pub chart: ChartId,
    /// Who.
    pub person: PersonId,
    /// Which of their threads they read.
    pub reads: PartyReads,
}

impl PartyReader {
    /// Whoever is signed in, or looks at their pages.
    pub fn of(client: &ClientSession) -> Self {
        Self::by(&client.facts, client.archive, (client.chart_id, client.person_id))
    }

    /// Whoever holds a grant that is decided by these facts.
    pub fn by(facts: &Facts, archive: Archive, (chart, person): (ChartId, PersonId)) -> Self {
        let is_open = decide(facts, Right::Billing, None).level >= Level::View
            || (archive == Archive::Readable && is_ended_by_time(facts, Right::Billing));
        let reads = if is_open { PartyReads::Everything } else { PartyReads::NoBilling };
        Self { chart, person, reads }
    }
}

/// The parts that people on the client's side have in threads, with the thread and how far they have read.
macro_rules! parts_of_people {
    ($c:expr) => {
        $c.rows(thread_party::table)
            .inner_join(
                message_thread::table.on(message_thread::practice_id
                    .eq(thread_party::practice_id)
                    .and(message_thread::thread_id.eq(thread_party::thread_id))),
            )
            .inner_join(
                thread_read::table.on(thread_read::practice_id
                    .eq(thread_party::practice_id)
                    .and(thread_read::thread_id.eq(thread_party::thread_id))
                    .and(thread_read::reader_kind.eq(ReaderKind::Person))
                    .and(thread_read::reader_id.nullable().eq(thread_party::person_id))),
            )
    };
}

/// The threads of a chart that a person reads on the client's side.
macro_rules! threads_of_party {
    ($c:expr, $party:expr) => {
        parts_of_people!($c)
            .left_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(message_thread::practice_id)
                    .and(staff_member::staff_id.nullable().eq(message_thread::staff_id))),
            )
            .filter(thread_party::person_id.eq(Some($party.person)))
            .filter(message_thread::chart_id.eq($party.chart))
            .filter(
                message_thread::audience
                    .ne(Audience::Billing)
                    .or(($party.reads == PartyReads::Everything).into_sql::<diesel::sql_types::Bool>()),
            )
    };
}

/// Is the message news? That the thread was moved is none, nor that somebody left.
macro_rules! is_news {
    () => {
        message::kind
            .ne(MessageKind::Moved)
            .and(message::kind.ne(MessageKind::MovedToBilling))
            .and(message::kind.ne(MessageKind::Left))
    };
}

/// Is there something of the practice that the party has not read, in what they read of the thread?
macro_rules! unread_by_party {
    () => {
        exists(
            rows_beside(message::table, thread_party::table)
                .filter(message::thread_id.eq(thread_party::thread_id))
                .filter(message::side.eq(Side::Practice))
                .filter(is_news!())
                .filter(message::withdrawn_at.is_null())
                .filter(not(is_missed!(thread_party::person_id)))
                .filter(message::seq.gt(thread_read::seq))
                .filter(message::seq.ge(thread_party::from_seq))
                .filter(
                    thread_party::until_seq.is_null().or(message::seq.nullable().lt(thread_party::until_seq)),
                ),
        )
    };
}

/// Do all words of a search stand in one message of the outer row's thread? `$within` narrows the messages.
macro_rules! says {
    ($outer:ident, $search:expr, $within:expr) => {{
        let [a, b, d, e, f] = $search.patterns().map(str::to_owned);
        exists(
            rows_beside(message::table, $outer::table)
                .filter(message::thread_id.eq($outer::thread_id))
                .filter($within)
                .filter(message::search_text.like(a).escape('\\'))
                .filter(message::search_text.like(b).escape('\\'))
                .filter(message::search_text.like(d).escape('\\'))
                .filter(message::search_text.like(e).escape('\\'))
                .filter(message::search_text.like(f).escape('\\')),
        )
    }};
}

type InboxRow = (ThreadRow, Option<String>, (i32, Option<i32>), bool);

fn inbox_page(found: Vec<InboxRow>) -> Result<Page<InboxLine>, Fault> {
    let lines = found
        .into_iter()
        .map(|(row, with, (from, until), is_unread)| {
            let range = SeqRange { from, until };
            Ok(InboxLine { thread: Thread::try_from(row)?, with, range, is_unread })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::of(lines, PAGE, |line| Place { at: line.thread.last_at, thread: line.thread.id }))
}

/// The threads of a chart in which a person reads a message with these words, the newest first. What they do not
/// read of a thread is not looked through.
pub fn search_of_party(
    c: &mut Scoped<'_>,
    party: &PartyReader,
    search: &Search,
    after: Option<Place>,
) -> Result<Page<InboxLine>, Fault> {
    let from = after.unwrap_or(Place { at: Timestamp::from_micros(i64::MAX), thread: ThreadId::NIL });
    let is_read = message::seq
        .ge(thread_party::from_seq)
        .and(thread_party::until_seq.is_null().or(message::seq.nullable().lt(thread_party::until_seq)))
        .and(not(is_missed!(thread_party::person_id)));
    let found: Vec<InboxRow> = threads_of_party!(c, party)
        .filter(older_than!(from))
        .filter(says!(thread_party, search, is_read))
        .order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
        .limit(one_more(PAGE))
        .select((
            ThreadRow::as_select(),
            staff_member::name.nullable(),
            (thread_party::from_seq, thread_party::until_seq),
            unread_by_party!(),
        ))
        .load(c)?;
    inbox_page(found)
}

/// The threads of a chart that a person takes part in, the newest first.
pub fn inbox(
    c: &mut Scoped<'_>,
    party: &PartyReader,
    after: Option<Place>,
) -> Result<Page<InboxLine>, Fault> {
    let from = after.unwrap_or(Place { at: Timestamp::from_micros(i64::MAX), thread: ThreadId::NIL });
    let found: Vec<InboxRow> = threads_of_party!(c, party)
        .filter(older_than!(from))
        .order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
        .limit(one_more(PAGE))
        .select((
            ThreadRow::as_select(),
            staff_member::name.nullable(),
            (thread_party::from_seq, thread_party::until_seq),
            unread_by_party!(),
        ))
        .kept()
        .load(c)?;
    inbox_page(found)
}

/// Read for home: as many as it counts, and one more to know that there are more.
const MOST_UNREAD: i64 = MOST_COUNTED + 1;

/// The threads of a chart in which something is new to a person, the newest first, at most [`MOST_UNREAD`].
pub fn unread(c: &mut Scoped<'_>, party: &PartyReader) -> Result<Vec<InboxLine>, Fault> {
    type Found = (ThreadRow, Option<String>, (i32, Option<i32>));
    let found: Vec<Found> = threads_of_party!(c, party)
        .filter(unread_by_party!())
        .order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
        .limit(MOST_UNREAD)
        .select((
            ThreadRow::as_select(),
            staff_member::name.nullable(),
            (thread_party::from_seq, thread_party::until_seq),
        ))
        .kept()
        .load(c)?;
    found
        .into_iter()
        .map(|(row, with, (from, until))| {
            let range = SeqRange { from, until };
            Ok(InboxLine { thread: Thread::try_from(row)?, with, range, is_unread: true })
        })
        .collect()
}

/// The same for several readers at once: each thread with who reads it.
pub fn unread_of(c: &mut Scoped<'_>, parties: &[PartyReader]) -> Result<Vec<(PersonId, Thread)>, Fault> {
    let found: Vec<(Option<PersonId>, ThreadRow)> = parts_of_people!(c)
        .filter(thread_party::person_id.in_list(parties.iter().map(|party| party.person)))
        .filter(message_thread::chart_id.in_list(parties.iter().map(|party| party.chart)))
        .filter(unread_by_party!())
        .limit(MOST_UNREAD * i64::try_from(parties.len()).unwrap_or(1))
        .select((thread_party::person_id, ThreadRow::as_select()))
        .kept()
        .load(c)?;
    let mut unread = Vec::new();
    for (person, row) in found {
        let is_read = |party: &&PartyReader| {
            (Some(party.person), party.chart) == (person, row.chart_id)
                && (row.audience != Audience::Billing || party.reads == PartyReads::Everything)
        };
        if let Some(party) = parties.iter().find(is_read) {
            unread.push((party.person, Thread::try_from(row)?));
        }
    }
    Ok(unread)
}

word_enum! {
    /// Which threads of the practice a staff member looks at.
    pub enum QueueBox {
        /// Those with themselves.
        Mine = "mine",
        /// Those with the front desk.
        FrontDesk = "front_desk",
        /// Those with billing; for the front desk without their words.
        Billing = "billing",
        /// Those with clinicians who are away and for whom they read.
        Covered = "covered",
        /// Those with any clinician, without their words.
        Clinicians = "clinicians",
    }
}

word_enum! {
    /// How the threads of a list stand.
    pub enum QueueState {
        /// They wait for the practice.
        Waiting = "waiting",
        /// They have waited for it longer than was promised.
        Late = "late",
        /// They are open and do not.
        Answered = "answered",
        /// They are closed.
        Closed = "closed",
    }
}

/// A thread in a staff member's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLine {
    /// The thread.
    pub thread: Thread,
    /// The client's name.
    pub client: String,
    /// Their chart number.
    pub chart_number: String,
    /// The clinician's name, where it is with one.
    pub with: Option<String>,
    /// Did the client's side write something that the staff member has not read?
    pub is_unread: bool,
}

type QueueRow = (ThreadRow, (String, String, String), String, Option<String>, bool);

fn queue_line(row: QueueRow) -> Result<QueueLine, Fault> {
    let (thread, (first, last, suffix), chart_number, with, is_unread) = row;
    let client = people::joined(&[&first, &last, &suffix]);
    Ok(QueueLine { thread: Thread::try_from(thread)?, client, chart_number, with, is_unread })
}

/// The practice's threads with client, clinician and how far this staff member has read.
macro_rules! threads_for_staff {
    ($c:expr, $reader:expr) => {
        $c.rows(message_thread::table)
            .inner_join(
                chart::table.on(chart::practice_id
                    .eq(message_thread::practice_id)
                    .and(chart::chart_id.eq(message_thread::chart_id))),
            )
            .inner_join(
                person::table.on(person::practice_id
                    .eq(chart::practice_id)
                    .and(person::person_id.eq(chart::person_id))),
            )
            .left_join(
                staff_member::table.on(staff_member::practice_id
                    .eq(message_thread::practice_id)
                    .and(staff_member::staff_id.nullable().eq(message_thread::staff_id))),
            )
            .left_join(
                thread_read::table.on(thread_read::practice_id
                    .eq(message_thread::practice_id)
                    .and(thread_read::thread_id.eq(message_thread::thread_id))
                    .and(thread_read::reader_kind.eq(ReaderKind::Staff))
                    .and(thread_read::reader_id.eq($reader.staff.as_bytes().to_vec()))),
            )
            .select((
                ThreadRow::as_select(),
                (person::first_name, person::last_name, person::suffix),
                chart::chart_number,
                staff_member::name.nullable(),
                exists(
                    rows_beside(message::table, message_thread::table)
                        .filter(message::thread_id.eq(message_thread::thread_id))
                        .filter(message::side.eq(Side::Client))
                        .filter(message::seq.ge(message_thread::read_from_seq))
                        .filter(
                            thread_read::seq
                                .nullable()
                                .is_null()
                                .or(message::seq.nullable().gt(thread_read::seq.nullable())),
                        ),
                ),
            ))
            .into_boxed()
    };
}

/// A page of the practice's threads. What waits for the practice comes in the order in which it is due, so that nobody
/// is forgotten; the rest with the newest first.
pub fn queue(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    which: QueueBox,
    state: QueueState,
    after: Option<Place>,
) -> Result<Page<QueueLine>, Fault> {
    let now = c.now();
    let mut rows = threads_for_staff!(c, reader);
    rows = match which {
        QueueBox::FrontDesk => rows.filter(message_thread::audience.eq(Audience::FrontDesk)),
        QueueBox::Billing => rows.filter(message_thread::audience.eq(Audience::Billing)),
        QueueBox::Mine => rows.filter(message_thread::staff_id.eq(Some(reader.staff))),
        QueueBox::Covered => {
            rows.filter(message_thread::staff_id.eq_any(rows_of(covered!(c, Some(reader.staff)))))
        }
        QueueBox::Clinicians => rows.filter(message_thread::audience.eq(Audience::Clinician)),
    };
    rows = match state {
        QueueState::Waiting => rows.filter(message_thread::waiting.eq(Waiting::Practice)),
        QueueState::Late => rows
            .filter(message_thread::waiting.eq(Waiting::Practice))
            .filter(message_thread::due_at.le(Some(now))),
        QueueState::Answered => rows
            .filter(message_thread::state.eq(ThreadState::Open))
            .filter(message_thread::waiting.ne(Waiting::Practice)),
        QueueState::Closed => rows.filter(message_thread::state.eq(ThreadState::Closed)),
    };
    rows = match (state, after) {
        (_, None) => rows,
        (QueueState::Waiting | QueueState::Late, Some(from)) => rows.filter(
            message_thread::due_at
                .gt(Some(from.at))
                .or(message_thread::due_at.eq(Some(from.at)).and(message_thread::thread_id.gt(from.thread))),
        ),
        (QueueState::Answered | QueueState::Closed, Some(from)) => rows.filter(older_than!(from)),
    };
    rows = match state {
        QueueState::Waiting | QueueState::Late => {
            rows.order((message_thread::due_at.asc(), message_thread::thread_id.asc()))
        }
        QueueState::Answered | QueueState::Closed => {
            rows.order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
        }
    };
    let found: Vec<QueueRow> = rows.limit(one_more(PAGE)).load(c)?;
    let lines = found.into_iter().map(queue_line).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::of(lines, PAGE, |line| Place {
        at: line.thread.standing.wait().map_or(line.thread.last_at, |wait| wait.due_at),
        thread: line.thread.id,
    }))
}

/// A page of these threads, the newest first.
macro_rules! newest_page {
    ($c:expr, $rows:ident, $after:expr) => {{
        if let Some(from) = $after {
            $rows = $rows.filter(older_than!(from));
        }
        let found: Vec<QueueRow> = $rows
            .order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
            .limit(one_more(PAGE))
            .load($c)?;
        let lines = found.into_iter().map(queue_line).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(lines, PAGE, |line| Place { at: line.thread.last_at, thread: line.thread.id }))
    }};
}

/// The threads that a staff member reads and that have a message with these words, the newest first. Threads of which
/// they see no words are not looked through: the index only says which of the others need not be.
pub fn search_of_staff(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    search: &Search,
    after: Option<Place>,
) -> Result<Page<QueueLine>, Fault> {
    let named = threads_with_groups(c, &search.groups())?;
    let mut rows = threads_for_staff!(c, reader)
        .filter(answered_by!(c, reader.staff, reader.role))
        .filter(says!(message_thread, search, message::seq.ge(message_thread::read_from_seq)));
    if let Some(threads) = named {
        rows = rows.filter(message_thread::thread_id.in_list(threads));
    }
    newest_page!(c, rows, after)
}

/// The newest threads of a chart that this staff member sees, at least that they exist.
pub fn of_chart(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    chart: &ChartId,
    after: Option<Place>,
) -> Result<Page<QueueLine>, Fault> {
    let mut rows = threads_for_staff!(c, reader).filter(message_thread::chart_id.eq(*chart));
    if !sees_every_thread(reader.role) {
        rows = rows.filter(answered_by!(c, reader.staff, reader.role));
    }
    newest_page!(c, rows, after)
}

/// Threads of a chart, the newest first, whoever they are with.
pub fn threads_of_chart(
    c: &mut Scoped<'_>,
    chart: &ChartId,
    after: Option<Place>,
    most: usize,
) -> Result<Page<Thread>, Fault> {
    let from = after.unwrap_or(Place { at: Timestamp::from_micros(i64::MAX), thread: ThreadId::NIL });
    let found: Vec<ThreadRow> = c
        .rows(message_thread::table)
        .filter(message_thread::chart_id.eq(*chart))
        .filter(older_than!(from))
        .order((message_thread::last_at.desc(), message_thread::thread_id.desc()))
        .limit(one_more(most))
        .select(ThreadRow::as_select())
        .load(c)?;
    let lines = found.into_iter().map(Thread::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::of(lines, most, |thread| Place { at: thread.last_at, thread: thread.id }))
}

/// Does this role see at least the state of every thread? A test compares it with `staff_reads`.
pub const fn sees_every_thread(role: Role) -> bool {
    matches!(role, Role::FrontDesk | Role::Administrator)
}

/// How many threads wait for this staff member: those that they answer, up to [`MOST_COUNTED`] and one.
pub fn count_waiting(c: &mut Scoped<'_>, staff: &StaffId, role: Role) -> Result<i64, Fault> {
    let found: Vec<ThreadId> = c
        .rows(message_thread::table)
        .filter(message_thread::waiting.eq(Waiting::Practice))
        .filter(answered_by!(c, *staff, role))
        .limit(MOST_COUNTED + 1)
        .select(message_thread::thread_id)
        .kept()
        .load(c)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// How many threads have waited longer than was promised, of those that this staff member can answer, or of all whose
/// standing they see, up to [`MOST_COUNTED`] and one.
pub fn count_late(c: &mut Scoped<'_>, reader: &StaffReader) -> Result<i64, Fault> {
    let now = c.now();
    let mut rows = c
        .rows(message_thread::table)
        // Every audience, so that the index which begins with it leads to what is late.
        .filter(
            message_thread::audience
                .eq(Audience::FrontDesk)
                .or(message_thread::audience.eq(Audience::Clinician))
                .or(message_thread::audience.eq(Audience::Billing)),
        )
        .filter(message_thread::waiting.eq(Waiting::Practice))
        .filter(message_thread::due_at.le(Some(now)))
        .select(message_thread::thread_id)
        .into_boxed();
    if !sees_every_thread(reader.role) {
        rows = rows.filter(answered_by!(c, reader.staff, reader.role));
    }
    let found: Vec<ThreadId> = rows.limit(MOST_COUNTED + 1).load(c)?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Those on the client's side who take part in a thread, with their names.
pub fn party_names(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<Vec<(PersonId, String)>, Fault> {
    let found: Vec<(PersonId, String, String, String)> = c
        .rows(thread_party::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(thread_party::practice_id)
                .and(person::person_id.nullable().eq(thread_party::person_id))),
        )
        .filter(thread_party::thread_id.eq(*thread))
        .filter(thread_party::until_seq.is_null())
        .order(thread_party::party_id.asc())
        .limit(20)
        .select((person::person_id, person::first_name, person::last_name, person::suffix))
        .load(c)?;
    let named = |(id, first, last, suffix): (PersonId, String, String, String)| {
        (id, people::joined(&[&first, &last, &suffix]))
    };
    Ok(found.into_iter().map(named).collect())
}

/// The name of the clinician whom a thread is with.
pub fn clinician_name(c: &mut Scoped<'_>, to: Addressee) -> Result<Option<String>, Fault> {
    let Addressee::Clinician(staff) = to else { return Ok(None) };
    c.rows(staff_member::table)
        .filter(staff_member::staff_id.eq(staff))
        .select(staff_member::name)
        .optional(c)
}

/// A registered holder of a grant, to whom staff may want to write.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Holder {
    /// The grant.
    pub access: AccessId,
    /// Who.
    pub person: PersonId,
    first_name: String,
    last_name: String,
    suffix: String,
}

impl Holder {
    /// Full name.
    pub fn name(&self) -> String {
        people::joined(&[&self.first_name, &self.last_name, &self.suffix])
    }
}

/// Who holds an active grant to a chart. What each may read is still to be decided.
pub fn holders(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Holder>, Fault> {
    c.rows(portal_access::table)
        .inner_join(
            person::table.on(person::practice_id
                .eq(portal_access::practice_id)
                .and(person::person_id.eq(portal_access::person_id))),
        )
        .filter(portal_access::chart_id.eq(*chart))
        .filter(portal_access::state.eq(State::Active))
        .order(portal_access::access_id.asc())
        .limit(50)
        .select((
            portal_access::access_id,
            portal_access::person_id,
            person::first_name,
            person::last_name,
            person::suffix,
        ))
        .load(c)
}

/// Whose grant this is, and to which chart.
pub fn holder_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<(PersonId, ChartId)>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::access_id.eq(*access))
        .filter(portal_access::state.eq(State::Active))
        .select((portal_access::person_id, portal_access::chart_id))
        .optional(c)
}

/// The accounts of those on the client's side who take part in a thread.
pub fn accounts_of(c: &mut Scoped<'_>, thread: &Thread) -> Result<Vec<AccountId>, Fault> {
    let found: Vec<Option<AccountId>> = c
        .rows(thread_party::table)
        .inner_join(
            portal_access::table.on(portal_access::practice_id
                .eq(thread_party::practice_id)
                .and(portal_access::person_id.nullable().eq(thread_party::person_id))),
        )
        .filter(thread_party::thread_id.eq(thread.id))
        .filter(thread_party::until_seq.is_null())
        .filter(portal_access::chart_id.eq(thread.chart))
        .filter(portal_access::state.eq(State::Active))
        .order(portal_access::account_id.asc())
        .limit(20)
        .select(portal_access::account_id)
        .load(c)?;
    Ok(found.into_iter().flatten().collect())
}

/// The charts on which an account has not read something that the practice wrote after a moment, and for which audience it
/// did.
pub fn charts_with_news(
    c: &mut Scoped<'_>,
    account: &AccountId,
    since: Timestamp,
) -> Result<Vec<(ChartId, Audience)>, Fault> {
    let mut found: Vec<(ChartId, Audience)> = c
        .rows(portal_access::table)
        .inner_join(
            thread_party::table.on(thread_party::practice_id
                .eq(portal_access::practice_id)
                .and(thread_party::person_id.eq(portal_access::person_id.nullable()))),
        )
        .inner_join(
            message_thread::table.on(message_thread::practice_id
                .eq(portal_access::practice_id)
                .and(message_thread::thread_id.eq(thread_party::thread_id))
                .and(message_thread::chart_id.eq(portal_access::chart_id))),
        )
        .inner_join(
            thread_read::table.on(thread_read::practice_id
                .eq(thread_party::practice_id)
                .and(thread_read::thread_id.eq(thread_party::thread_id))
                .and(thread_read::reader_kind.eq(ReaderKind::Person))
                .and(thread_read::reader_id.nullable().eq(thread_party::person_id))),
        )
        .filter(portal_access::account_id.eq(Some(*account)))
        .filter(portal_access::state.eq(State::Active))
        .filter(exists(
            rows_beside(message::table, thread_party::table)
                .filter(message::thread_id.eq(thread_party::thread_id))
                .filter(message::side.eq(Side::Practice))
                .filter(is_news!())
                .filter(message::withdrawn_at.is_null())
                .filter(not(is_missed!(thread_party::person_id)))
                .filter(message::sent_at.gt(since))
                .filter(message::seq.gt(thread_read::seq))
                .filter(message::seq.ge(thread_party::from_seq))
                .filter(
                    thread_party::until_seq.is_null().or(message::seq.nullable().lt(thread_party::until_seq)),
                ),
        ))
        .order((portal_access::chart_id.asc(), message_thread::audience.asc()))
        .limit(100)
        .select((portal_access::chart_id, message_thread::audience))
        .load(c)?;
    found.dedup();
    Ok(found)
}

/// Takes the notices of a reader in hand until the end of the transaction, so that what plans one and what sends one
/// happen one after the other; when their last mail went out.
pub fn hold_notice(
    c: &mut Scoped<'_>,
    kind: ReaderKind,
    reader: uuid::Uuid,
) -> Result<Option<Timestamp>, Fault> {
    let reader = reader.as_bytes().to_vec();
    let held = c
        .rows(notice::table)
        .filter(notice::reader_kind.eq(kind))
        .filter(notice::reader_id.eq(reader.clone()))
        .set(notice::version.eq(notice::version + 1))
        .execute(c)?;
    if held == 0 {
        let inserted = c.insert(
            notice::table,
            (notice::reader_kind.eq(kind), notice::reader_id.eq(reader.clone()), notice::version.eq(1i64)),
        );
        match inserted {
            Err(Fault::Database(error)) if is_duplicate(&error) => {
                return Err(Fault::lost_race("two first notices of one reader at once"));
            }
            other => other?,
        }
        return Ok(None);
    }
    let last: Option<Option<Timestamp>> = c
        .rows(notice::table)
        .filter(notice::reader_kind.eq(kind))
        .filter(notice::reader_id.eq(reader))
        .select(notice::last_sent_at)
        .optional(c)?;
    Ok(last.flatten())
}

/// Notes that a mail went out to a reader now.
pub fn notice_sent(c: &mut Scoped<'_>, kind: ReaderKind, reader: uuid::Uuid) -> Result<(), Fault> {
    let now = c.now();
    c.rows(notice::table)
        .filter(notice::reader_kind.eq(kind))
        .filter(notice::reader_id.eq(reader.as_bytes().to_vec()))
        .set(notice::last_sent_at.eq(Some(now)))
        .execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::messages::readers::{StaffReads, staff_reads};
    use crate::platform::permissions::Permission;

    #[test]
    fn the_queries_narrow_to_what_the_rule_for_staff_lets_them_see() {
        let me = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        let other = Addressee::Clinician(StaffId::from_uuid(uuid::Uuid::from_u128(2)));
        for role in Role::ALL.iter().filter(|role| role.may(Permission::AnswerMessages)) {
            let sees = staff_reads(other, &StaffReader::alone(me, *role)) > StaffReads::Nothing;
            assert_eq!(sees_every_thread(*role), sees, "{role}");
        }
    }

    #[test]
    fn the_audiences_that_a_query_asks_for_are_those_whose_words_the_role_reads() {
        let me = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        for role in Role::ALL {
            let (audiences, own) = answers(me, *role);
            let reader = StaffReader { covers: vec![me], ..StaffReader::alone(me, *role) };
            let reads = |to: Addressee| staff_reads(to, &reader) == StaffReads::Words;
            for to in [Addressee::FrontDesk, Addressee::Billing] {
                assert_eq!(audiences.contains(&Some(to.columns().0)), reads(to), "{role} and {to:?}");
            }
            assert_eq!(own == Some(me), reads(Addressee::Clinician(me)), "{role}");
        }
    }

    #[test]
    fn a_place_survives_its_address() {
        let place = Place {
            at: Timestamp::from_micros(1_796_137_200_000_000),
            thread: ThreadId::from_uuid(uuid::Uuid::from_u128(7)),
        };
        assert_eq!(Place::read(&place.to_text()), Some(place));
        for odd in ["", ".", "1.", "x.00000000-0000-0000-0000-000000000007", "1"] {
            assert_eq!(Place::read(odd), None, "{odd}");
        }
    }
}
