//! What can be done with threads: begin one, write into one, say that it needs no reply, close, open again, read.
//! One transaction each.

use crate::features::access::facts_of;
use crate::features::access::permission::{Archive, Facts, Item, decide as decide_access, is_ended_by_time};
use crate::features::accounts::{ClientSession, reading_now};
use crate::features::documents::{self, StoredFile};
use crate::features::messages::audit::MessageAction;
use crate::features::messages::away_store::AwayNow;
use crate::features::messages::draft::{self, Saved};
use crate::features::messages::draft_store::{self, Draft, Slot, Typed};
use crate::features::messages::lifecycle::{self, Beginning, Effect, Side, Standing, ThreadEvent, Wait};
use crate::features::messages::promise::{ReplyHours, days_promised};
use crate::features::messages::readers::{
    self, Addressee, StaffReader, StaffReads, may_open_with_reason, staff_reads,
};
use crate::features::messages::store::{
    self, Attachment, AuthorKind, AuthorMark, Message, MessageKind, ReaderKind, Reading, SeqRange, Thread,
};
use crate::features::messages::text::{MessageText, Subject, Written};
use crate::features::messages::{late, notices};
use crate::features::staff::StaffSession;
use crate::features::{appointments, calendar, people, practice};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, BlobId, ChartId, PersonId, StaffId, ThreadId};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::limits::{self, Limit};
use crate::platform::permissions::{Level, Right, Role};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};

/// Messages that one account may write in an hour.
const WRITING: Limit = Limit { most: 20, seconds: 3_600 };

/// Why nothing was sent or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// No such thread, chart or reader for whoever asks.
    #[error("no such thread")]
    NotFound,
    /// The clinician is no longer one of this client's.
    #[error("this clinician cannot be written to")]
    NotAClinician,
    /// The person could not read it.
    #[error("this person cannot read messages")]
    NotAReader,
    /// Too many in one hour.
    #[error("too many messages in one hour")]
    TooMany,
    /// A file is not there any more, or was sent already.
    #[error("no such file waits for a message")]
    NoFile,
    /// Somebody else wrote since the page was shown.
    #[error("somebody wrote meanwhile")]
    WrittenMeanwhile(Box<Message>),
    /// The thread is with this audience already.
    #[error("the thread is with this audience already")]
    SameAudience,
    /// A message is taken back in the first minutes alone.
    #[error("the time in which a message is taken back is over")]
    TooLate,
    /// The client's side has read it.
    #[error("the message was read")]
    ReadAlready,
    /// The person takes part in the thread already.
    #[error("this person takes part already")]
    TakesPart,
    /// One of them may be with the client under supervision alone, by a court order.
    #[error("contact with the client is supervised")]
    NeedsSupervision,
    /// The person takes part in it no longer, or never did.
    #[error("this person takes no part")]
    TakesNoPart,
    /// Nobody else on the client's side takes part.
    #[error("this person alone takes part")]
    LastParty,
}

/// The outcome of an act, inside the fault of the machinery.
pub type Outcome<T> = Result<Result<T, NotDone>, Fault>;

/// Whoever writes or decides.
#[derive(Clone, Debug)]
pub struct Author {
    pub(super) by: By,
    side: Side,
    pub(super) mark: AuthorMark,
}

impl Author {
    /// The practice: a staff member, or an integrator's key.
    pub fn of_practice(by: &By) -> Result<Self, Fault> {
        let (kind, id, name) = match &by.actor {
            Actor::Staff(id, name) => (AuthorKind::Staff, id.uuid(), name),
            Actor::ApiKey(id, name) => (AuthorKind::ApiKey, id.uuid(), name),
            _ => return Err(Fault::other("only staff and keys write for the practice")),
        };
        let mark = AuthorMark { kind, id, name: name.clone() };
        Ok(Self { by: by.clone(), side: Side::Practice, mark })
    }

    /// A person on the client's side.
    fn of_person(c: &mut Scoped<'_>, by: &By, person: &PersonId) -> Result<Self, Fault> {
        let name = people::load_person(c, person)?
            .map(|person| person.full_name())
            .ok_or_else(|| Fault::Damaged(format!("person {person} writes and is not there")))?;
        let mark = AuthorMark { kind: AuthorKind::Person, id: person.uuid(), name };
        Ok(Self { by: by.clone(), side: Side::Client, mark })
    }
}

/// What an act writes into a thread, or takes out of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// Nothing.
    None,
    /// A message and its files.
    Text(&'a MessageText, &'a [StoredFile]),
    /// The line that says whom the thread is with: the clinician's name, and nothing for the front desk and billing. Then
    /// whom it was with, and from which message on they read it.
    Moved(&'a str, (Addressee, i32)),
    /// The line that says who takes part from here on.
    Joined(&'a Joined),
    /// The line that says who no longer does.
    Left(&'a PartyLeft),
    /// This message, with its files, is taken back.
    Withdrawn(&'a Message, &'a [Attachment]),
}

/// Somebody who takes part in a thread from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they read of what was written before.
    pub earlier: Earlier,
    /// Why.
    pub reason: String,
}

/// Somebody who takes part in a thread no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartyLeft {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What somebody new reads of what was written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing.
    Hidden,
    /// As much as whoever lets them in.
    Read,
}

/// Makes a decision's effects rows: the only place that does.
pub(super) fn apply(
    c: &mut Scoped<'_>,
    thread: &mut Thread,
    author: &Author,
    (standing, effects): (Standing, Vec<Effect>),
    row: Row<'_>,
) -> Result<(), Fault> {
    let ended = thread.standing.wait();
    thread.standing = standing;
    let is_written = |effect: &Effect| {
        matches!(effect, Effect::Append(_) | Effect::AppendMoved | Effect::AppendJoined | Effect::AppendLeft)
    };
    let has_new = effects.iter().any(is_written);
    if has_new {
        thread.last_seq += 1;
    }
    // That a thread was moved is no news: it keeps its place in the lists.
    if effects.iter().any(|effect| matches!(effect, Effect::Append(_) | Effect::AppendJoined)) {
        thread.last_at = c.now();
    }
    // Saved first: on PostgreSQL that holds the thread's row, so that two messages never get one number.
    store::save_thread(c, thread)?;
    let mut about = thread.last_seq;
    for effect in effects {
        match (effect, row) {
            (Effect::Append(side), Row::Text(text, files)) => {
                let ended = ended.filter(|_| side == Side::Practice);
                store::insert_message(c, thread, side, &author.mark, text.as_str(), ended)?;
                store::insert_attachments(c, thread, files)?;
            }
            (Effect::AppendMoved, Row::Moved(with, left)) => {
                let kind = match thread.to {
                    Addressee::Billing => MessageKind::MovedToBilling,
                    Addressee::FrontDesk | Addressee::Clinician(_) => MessageKind::Moved,
                };
                store::insert_line(c, thread, kind, &author.mark, (with, Some(left)))?;
            }
            (Effect::AppendJoined, Row::Joined(joined)) => {
                let (kind, from) = match joined.earlier {
                    Earlier::Hidden => (MessageKind::Joined, thread.last_seq),
                    Earlier::Read => (MessageKind::JoinedEarlier, thread.read_from),
                };
                store::insert_line(c, thread, kind, &author.mark, (&joined.name, None))?;
                store::let_in(c, thread, &joined.person, from, &author.mark.name)?;
            }
            (Effect::AppendLeft, Row::Left(left)) => {
                store::insert_line(c, thread, MessageKind::Left, &author.mark, (&left.name, None))?;
                store::end_party(c, &thread.id, &left.person, thread.last_seq)?;
            }
            (Effect::Withdraw, Row::Withdrawn(message, files)) => {
                about = message.seq;
                if !store::withdraw(c, &thread.id, message, files, &author.mark.name)? {
                    return Err(Fault::lost_race("a message was taken back twice at once"));
                }
            }
            (
                Effect::Append(_)
                | Effect::AppendMoved
                | Effect::AppendJoined
                | Effect::AppendLeft
                | Effect::Withdraw,
                _,
            ) => {
                return Err(Fault::other("a decision about a message without the message"));
            }
            (Effect::EndParties, _) => store::end_parties(c, &thread.id)?,
            (Effect::NotifyClient, _) => notices::plan(c, thread)?,
            (Effect::StartClock, _) => late::watch(c, thread)?,
            (Effect::StopClock, _) => late::unwatch(c, thread)?,
            (
                Effect::Record(action),
                Row::Joined(Joined { person, reason, .. }) | Row::Left(PartyLeft { person, reason, .. }),
            ) => {
                let event = Event::new(author.by.clone(), action).on_chart(&thread.chart);
                let details = serde_json::json!({
                    "thread": thread.id, "seq": about, "person": person, "reason": reason,
                });
                audit::record(c, event.with(details))?;
            }
            (Effect::Record(action), _) => record(c, &author.by, action, thread, about)?,
        }
    }
    // Whoever a thread begins with was asked just before.
    if has_new && thread.last_seq > SeqRange::ALL.from {
        note_gaps(c, thread, author)?;
    }
    Ok(())
}

/// Who takes part and may not read now does not read the thread's newest message later either.
fn note_gaps(c: &mut Scoped<'_>, thread: &Thread, author: &Author) -> Result<(), Fault> {
    let parties = store::parties_with_grants(c, thread)?;
    for some in parties.chunk_by(|(one, _), (other, _)| one == other) {
        let person = some[0].0;
        if author.mark.kind == AuthorKind::Person && author.mark.id == person.uuid() {
            continue;
        }
        if !reads_by_any(c, some, thread, thread.to)? {
            store::insert_gap(c, &thread.id, &person, thread.last_seq)?;
        }
    }
    Ok(())
}

/// The names of those who take part and could not read what is written now.
pub(super) fn shut_out(c: &mut Scoped<'_>, thread: &Thread) -> Result<Vec<String>, Fault> {
    let parties = store::parties_with_grants(c, thread)?;
    let mut names = Vec::new();
    for some in parties.chunk_by(|(one, _), (other, _)| one == other) {
        if !reads_by_any(c, some, thread, thread.to)? {
            names.extend(people::load_person(c, &some[0].0)?.map(|person| person.full_name()));
        }
    }
    Ok(names)
}

/// Does one of the grants of a party let them read this thread, with this addressee, now?
pub(super) fn reads_by_any(
    c: &mut Scoped<'_>,
    grants: &[(PersonId, Option<AccessId>)],
    thread: &Thread,
    to: Addressee,
) -> Result<bool, Fault> {
    for access in grants.iter().filter_map(|(_, access)| *access) {
        let facts = facts_of(c, &access)?;
        if facts.is_some_and(|facts| level_by(&facts, to, Some(&thread.item())) >= Level::View) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How far a grant goes now in threads with this addressee.
pub(super) fn level_in(c: &mut Scoped<'_>, access: &AccessId, to: Addressee) -> Result<Level, Fault> {
    Ok(facts_of(c, access)?.map_or(Level::None, |facts| level_by(&facts, to, None)))
}

/// How far a grant with these facts goes in threads with this addressee, or in one of them.
fn level_by(facts: &Facts, to: Addressee, item: Option<&Item>) -> Level {
    let is_open = to.also_needs().is_none_or(|right| decide_access(facts, right, None).level >= Level::View);
    if is_open { decide_access(facts, Right::Messages, item).level } else { Level::None }
}

/// Does somebody who reads a thread still take part in it?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// They do.
    Current,
    /// Their part has ended, or time has ended their access: they read what was written until then.
    Ended,
}

/// Does a grant with these facts let whoever has this part in a thread read it?
pub(super) fn reading_by(
    facts: &Facts,
    archive: Archive,
    thread: &Thread,
    range: SeqRange,
) -> Option<Membership> {
    let item = thread.item();
    if level_by(facts, thread.to, Some(&item)) >= Level::View {
        return Some(if range.until.is_none() { Membership::Current } else { Membership::Ended });
    }
    let was_open = thread.to.also_needs().is_none_or(|right| is_ended_by_time(facts, right));
    let left = decide_access(facts, Right::Messages, Some(&item)).archive;
    (was_open && (archive, left) == (Archive::Readable, Archive::Readable)).then_some(Membership::Ended)
}

pub(super) fn record(
    c: &mut Scoped<'_>,
    by: &By,
    action: MessageAction,
    thread: &Thread,
    seq: i32,
) -> Result<(), Fault> {
    let event = Event::new(by.clone(), action)
        .on_chart(&thread.chart)
        .with(serde_json::json!({ "thread": thread.id, "seq": seq }));
    audit::record(c, event)
}

/// By when an addressee answers. Where nobody reads for a clinician who is away, it counts from their return.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    hours: ReplyHours,
    days: i32,
    not_before: Option<Timestamp>,
}

impl Promise {
    /// Of this addressee, now.
    pub fn load(c: &mut Scoped<'_>, to: Addressee) -> Result<Self, Fault> {
        let (practice, now) = (practice::load(c)?, c.now());
        let hours = ReplyHours::of(&practice, &calendar::closures(c, practice.today(now))?);
        let away = readers::away_now(c, to)?;
        let not_before = away.filter(|away| away.cover.is_none()).map(|away| away.until_at);
        Ok(Self { hours, days: days_promised(&practice.policy(), to), not_before })
    }

    /// By when whoever asked then is answered.
    pub fn due(&self, since: Timestamp) -> Timestamp {
        let counts_from = self.not_before.map_or(since, |start| start.max(since));
        self.hours.after(counts_from, self.days)
    }
}

/// The wait of whoever writes now to this addressee.
fn wait_from_now(c: &mut Scoped<'_>, to: Addressee) -> Result<Wait, Fault> {
    let since = c.now();
    Ok(Wait { since, due_at: Promise::load(c, to)?.due(since) })
}

/// Is this somebody who answers clients in their own name? Held until the end of the transaction: who is disabled at the
/// same time hands over what is with them, and a thread that begins meanwhile is not left behind.
pub(super) fn is_clinician(c: &mut Scoped<'_>, staff: &StaffId) -> Result<bool, Fault> {
    lock(c, Lock::Staff(staff))?;
    Ok(calendar::clinicians(c)?.iter().any(|(id, _)| id == staff))
}

/// A thread to be begun.
struct NewThread {
    chart: ChartId,
    /// Who takes part on the client's side.
    person: PersonId,
    to: Addressee,
    subject: Subject,
    written: Written,
}

/// Takes the files of a message out of the waiting room: those that its author brought for this chart.
fn files_of(
    c: &mut Scoped<'_>,
    author: &Author,
    chart: &ChartId,
    written: &Written,
) -> Outcome<Vec<StoredFile>> {
    Ok(documents::take_files(c, chart, &author.by, &written.files)?.map_err(|_| NotDone::NoFile))
}

/// Begins a thread in the caller's transaction. Whether the author may is decided before.
fn begin(c: &mut Scoped<'_>, author: &Author, new: &NewThread) -> Outcome<ThreadId> {
    let now = c.now();
    if let Addressee::Clinician(staff) = &new.to
        && !is_clinician(c, staff)?
    {
        return Ok(Err(NotDone::NotAClinician));
    }
    let files = granted!(files_of(c, author, &new.chart, &new.written)?);
    let decision = lifecycle::begin(match author.side {
        Side::Client => Beginning::Client(wait_from_now(c, new.to)?),
        Side::Practice => Beginning::Practice,
    });
    let mut thread = Thread {
        id: ThreadId::fresh(c.rng(), now),
        chart: new.chart,
        subject: new.subject.as_str().to_owned(),
        to: new.to,
        standing: decision.0,
        last_seq: 0,
        last_at: now,
        read_from: SeqRange::ALL.from,
        version: 1,
    };
    store::insert_thread(c, &thread)?;
    store::insert_party(c, &thread.id, &new.person, SeqRange::ALL.from, &author.mark.name)?;
    apply(c, &mut thread, author, decision, Row::Text(&new.written.text, &files))?;
    Ok(Ok(thread.id))
}

/// Who acts on the client's side, and by which grant.
#[derive(Clone, Debug)]
pub struct ClientParty {
    /// For the trail.
    pub by: By,
    /// The account.
    pub account: AccountId,
    /// The grant in view.
    pub access: AccessId,
    /// Its holder.
    pub person: PersonId,
    /// Its chart.
    pub chart: ChartId,
}

impl ClientParty {
    /// Whoever is signed in.
    pub fn of(client: &ClientSession) -> Self {
        Self {
            by: client.by(),
            account: client.account_id,
            access: client.access_id,
            person: client.person_id,
            chart: client.chart_id,
        }
    }

    /// Where their draft of an answer is kept, or of a new message.
    pub fn slot(&self, thread: Option<ThreadId>) -> Slot {
        Slot { kind: ReaderKind::Person, writer: self.person.uuid(), chart: self.chart, thread }
    }

    /// What ended the access since the request was let in counts, and so does how much they have written.
    fn may_write(&self, c: &mut Scoped<'_>, to: Addressee) -> Outcome<()> {
        if level_in(c, &self.access, to)? < Level::Act {
            return Ok(Err(NotDone::NotFound));
        }
        let written = limits::count(c, &format!("messages.{}", self.account), WRITING)?;
        Ok(if written > WRITING.most { Err(NotDone::TooMany) } else { Ok(()) })
    }
}

/// Begins a thread as a client, in the caller's transaction.
pub fn begin_as_client(
    c: &mut Scoped<'_>,
    party: &ClientParty,
    to: Addressee,
    subject: Subject,
    written: Written,
) -> Outcome<ThreadId> {
    if let Err(why) = party.may_write(c, to)? {
        return Ok(Err(why));
    }
    if let Addressee::Clinician(staff) = to
        && !clinicians_of(c, &party.chart)?.iter().any(|(id, _)| *id == staff)
    {
        return Ok(Err(NotDone::NotAClinician));
    }
    let author = Author::of_person(c, &party.by, &party.person)?;
    let new = NewThread { chart: party.chart, person: party.person, to, subject, written };
    begin(c, &author, &new)
}

/// Writes into a thread as a client, in the caller's transaction.
pub fn write_as_client(
    c: &mut Scoped<'_>,
    party: &ClientParty,
    thread: &ThreadId,
    written: &Written,
) -> Outcome<()> {
    let found = store::find_for_party(c, &party.chart, &party.person, thread)?;
    // Whoever takes part no longer does not write any more.
    let Some((mut thread, SeqRange { until: None, .. })) = found else { return Ok(Err(NotDone::NotFound)) };
    if let Err(why) = party.may_write(c, thread.to)? {
        return Ok(Err(why));
    }
    let author = Author::of_person(c, &party.by, &party.person)?;
    let event = ThreadEvent::ClientWrites(wait_from_now(c, thread.to)?);
    if let Some(decision) = lifecycle::decide(thread.standing, event) {
        let files = granted!(files_of(c, &author, &party.chart, written)?);
        apply(c, &mut thread, &author, decision, Row::Text(&written.text, &files))?;
    }
    Ok(Ok(()))
}

/// Where a staff member's draft of an answer is kept, or of a new message.
pub fn slot_of_staff(staff: StaffId, chart: ChartId, thread: Option<ThreadId>) -> Slot {
    Slot { kind: ReaderKind::Staff, writer: staff.uuid(), chart, thread }
}

/// A message's draft is over once the message is sent.
fn sent<T>(c: &mut Scoped<'_>, slot: &Slot, done: Result<T, NotDone>) -> Outcome<T> {
    if done.is_ok() {
        draft::clear(c, slot)?;
    }
    Ok(done)
}

/// What is done once: the same form sent again finds what it made. Tells the chart's open pages.
pub(super) async fn once<F>(
    app: &AppState,
    scope: &PracticeScope,
    chart: ChartId,
    mark: FormToken,
    mut act: F,
) -> Outcome<ThreadId>
where
    F: FnMut(&mut Scoped<'_>) -> Outcome<ThreadId> + Send + 'static,
{
    let outcome = app.db.write(scope, move |c| made_once(c, &mark, &mut act)).await?;
    if outcome.is_ok() {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(outcome)
}

/// A client begins a thread.
pub async fn begin_by_client(
    app: &AppState,
    client: &ClientSession,
    to: Addressee,
    (subject, written): (Subject, Written),
    mark: FormToken,
) -> Outcome<ThreadId> {
    let party = ClientParty::of(client);
    once(app, &client.scope, client.chart_id, mark, move |c| {
        let begun = begin_as_client(c, &party, to, subject.clone(), written.clone())?;
        sent(c, &party.slot(None), begun)
    })
    .await
}

/// A client writes into a thread.
pub async fn write_by_client(
    app: &AppState,
    client: &ClientSession,
    thread: ThreadId,
    written: Written,
    mark: FormToken,
) -> Outcome<ThreadId> {
    let party = ClientParty::of(client);
    once(app, &client.scope, client.chart_id, mark, move |c| {
        let done = write_as_client(c, &party, &thread, &written)?.map(|()| thread);
        sent(c, &party.slot(Some(thread)), done)
    })
    .await
}

/// The clinicians whom a client may write to.
pub fn clinicians_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<(StaffId, String)>, Fault> {
    appointments::clinicians_of(c, chart)
}

/// Begins a thread as the practice, in the caller's transaction. `access` is the grant of whom it is for.
pub fn begin_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    access: &AccessId,
    to: Addressee,
    subject: Subject,
    written: Written,
) -> Outcome<(ThreadId, ChartId)> {
    let Some((person, chart)) = store::holder_of(c, access)? else { return Ok(Err(NotDone::NotAReader)) };
    if level_in(c, access, to)? < Level::View {
        return Ok(Err(NotDone::NotAReader));
    }
    let new = NewThread { chart, person, to, subject, written };
    Ok(begin(c, author, &new)?.map(|thread| (thread, chart)))
}

/// A staff member begins a thread with the holder of a grant to a chart.
pub async fn begin_by_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, access): (ChartId, AccessId),
    to: Addressee,
    (subject, written): (Subject, Written),
    mark: FormToken,
) -> Outcome<ThreadId> {
    let author = Author::of_practice(&staff.by())?;
    let reader = StaffReader::alone(staff.staff_id, staff.role);
    once(app, &staff.scope, chart, mark, move |c| {
        let holder = store::holder_of(c, &access)?;
        // Nobody begins a thread that they could not read.
        let is_theirs = staff_reads(to, &reader) == StaffReads::Words;
        if !is_theirs || holder.is_none_or(|(_, of)| of != chart) {
            return Ok(Err(NotDone::NotAReader));
        }
        let begun = begin_as_practice(c, &author, &access, to, subject.clone(), written.clone())?;
        sent(c, &slot_of_staff(reader.staff, chart, None), begun.map(|(thread, _)| thread))
    })
    .await
}

/// Who answers for the practice, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PracticeReader {
    /// A staff member.
    Staff(StaffReader),
    /// An integrator's key: what the front desk reads.
    ApiKey,
}

impl PracticeReader {
    /// How much of a thread they see.
    pub fn reads(&self, to: Addressee) -> StaffReads {
        match (self, to) {
            (Self::Staff(reader), to) => staff_reads(to, reader),
            (Self::ApiKey, Addressee::FrontDesk) => StaffReads::Words,
            (Self::ApiKey, Addressee::Clinician(_) | Addressee::Billing) => StaffReads::State,
        }
    }
}

/// What the practice does with a thread.
#[derive(Clone, Debug)]
pub enum PracticeAct {
    /// Writes.
    Write(Written),
    /// Says that no reply is needed.
    NoReplyNeeded,
    /// Closes it.
    Close,
    /// Opens it again.
    Reopen,
}

/// The thread, where whoever acts for the practice reads its words.
pub(super) fn read_by(
    c: &mut Scoped<'_>,
    reader: &PracticeReader,
    thread: &ThreadId,
) -> Result<Option<Thread>, Fault> {
    Ok(store::find(c, thread)?.filter(|thread| reader.reads(thread.to) == StaffReads::Words))
}

/// What a staff member does with a thread of this chart; its open pages hear of it.
pub(super) async fn as_reader<F>(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    mut act: F,
) -> Outcome<Thread>
where
    F: FnMut(&mut Scoped<'_>, &PracticeReader) -> Outcome<Thread> + Send + 'static,
{
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| -> Outcome<Thread> {
        let reader = PracticeReader::Staff(StaffReader::load(c, who, role)?);
        if store::find(c, &thread)?.is_none_or(|found| found.chart != chart) {
            return Ok(Err(NotDone::NotFound));
        }
        act(c, &reader)
    };
    let outcome = app.db.write(&staff.scope, unit).await?;
    if outcome.is_ok() {
        app.live.chart_changed(staff.scope.id(), &chart);
    }
    Ok(outcome)
}

/// Acts for the practice, in the caller's transaction, on a page that showed the messages up to `seen`. Where
/// somebody has written since, nothing is done: an answer would end the wait for words that nobody read.
pub fn act_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    reader: &PracticeReader,
    thread: &ThreadId,
    seen: i32,
    act: &PracticeAct,
) -> Outcome<Thread> {
    let Some(mut thread) = read_by(c, reader, thread)? else { return Ok(Err(NotDone::NotFound)) };
    let (event, written) = match act {
        PracticeAct::Write(written) => (ThreadEvent::PracticeWrites, Some(written)),
        PracticeAct::NoReplyNeeded => (ThreadEvent::NoReplyNeeded, None),
        PracticeAct::Close => (ThreadEvent::Close, None),
        PracticeAct::Reopen => (ThreadEvent::Reopen, None),
    };
    let Some(decision) = lifecycle::decide(thread.standing, event) else { return Ok(Ok(thread)) };
    // Its only message was taken back: nobody would read another.
    if store::parties_of(c, &thread.id)?.is_empty() {
        return Ok(Err(NotDone::NotAReader));
    }
    if let Some(newer) = store::newest_of_others(c, &thread.id, seen, &author.mark.id)? {
        return Ok(Err(NotDone::WrittenMeanwhile(Box::new(newer))));
    }
    let files = match written {
        Some(written) => granted!(files_of(c, author, &thread.chart, written)?),
        None => Vec::new(),
    };
    let row = written.map_or(Row::None, |written| Row::Text(&written.text, &files));
    apply(c, &mut thread, author, decision, row)?;
    Ok(Ok(thread))
}

/// A staff member acts on a thread; a message carries its form's mark, so that it is sent once.
pub async fn act_by_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, ThreadId),
    seen: i32,
    act: PracticeAct,
    mark: Option<FormToken>,
) -> Outcome<ThreadId> {
    let author = Author::of_practice(&staff.by())?;
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| -> Outcome<ThreadId> {
        let reader = PracticeReader::Staff(StaffReader::load(c, who, role)?);
        if store::find(c, &thread)?.is_none_or(|found| found.chart != chart) {
            return Ok(Err(NotDone::NotFound));
        }
        let done = act_as_practice(c, &author, &reader, &thread, seen, &act)?.map(|thread| thread.id);
        match act {
            PracticeAct::Write(_) => sent(c, &slot_of_staff(who, chart, Some(thread)), done),
            _ => Ok(done),
        }
    };
    match mark {
        Some(mark) => once(app, &staff.scope, chart, mark, unit).await,
        None => {
            let outcome = app.db.write(&staff.scope, unit).await?;
            if outcome.is_ok() {
                app.live.chart_changed(staff.scope.id(), &chart);
            }
            Ok(outcome)
        }
    }
}

/// Keeps what a client has typed: an answer in a thread of theirs, or a new message.
pub async fn save_draft_of_client(
    app: &AppState,
    client: &ClientSession,
    thread: Option<ThreadId>,
    typed: Option<Typed>,
    seen: i32,
) -> Outcome<Saved> {
    let party = ClientParty::of(client);
    let unit = move |c: &mut Scoped<'_>| {
        let to = match &thread {
            None => Addressee::FrontDesk,
            Some(thread) => match store::find_for_party(c, &party.chart, &party.person, thread)? {
                Some((thread, SeqRange { until: None, .. })) => thread.to,
                _ => return Ok(Err(NotDone::NotFound)),
            },
        };
        if level_in(c, &party.access, to)? < Level::Act {
            return Ok(Err(NotDone::NotFound));
        }
        keep(c, &party.slot(thread), typed.as_ref(), seen).map(Ok)
    };
    app.db.write(&client.scope, unit).await
}

/// May a staff member write here: in a thread whose words they see, or a new message about a chart?
pub fn staff_may_write(
    c: &mut Scoped<'_>,
    (who, role): (StaffId, Role),
    (chart, thread): (ChartId, Option<ThreadId>),
) -> Result<bool, Fault> {
    let Some(thread) = thread else { return people::is_chart(c, &chart) };
    let reader = StaffReader::load(c, who, role)?;
    let found = store::find(c, &thread)?;
    Ok(found.is_some_and(|found| found.chart == chart && staff_reads(found.to, &reader) == StaffReads::Words))
}

/// Keeps what a staff member has typed about a chart.
pub async fn save_draft_of_staff(
    app: &AppState,
    staff: &StaffSession,
    (chart, thread): (ChartId, Option<ThreadId>),
    typed: Option<Typed>,
    seen: i32,
) -> Outcome<Saved> {
    let (who, role) = (staff.staff_id, staff.role);
    let unit = move |c: &mut Scoped<'_>| {
        if !staff_may_write(c, (who, role), (chart, thread))? {
            return Ok(Err(NotDone::NotFound));
        }
        keep(c, &slot_of_staff(who, chart, thread), typed.as_ref(), seen).map(Ok)
    };
    app.db.write(&staff.scope, unit).await
}

/// Saves what was typed; nothing typed: the draft is discarded.
fn keep(c: &mut Scoped<'_>, slot: &Slot, typed: Option<&Typed>, seen: i32) -> Result<Saved, Fault> {
    match typed {
        Some(typed) => draft::save(c, slot, typed, seen),
        None => draft::clear(c, slot).map(|()| Saved::Over),
    }
}

/// Does this reading leave its mark? The answer to HEAD shows nobody anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Somebody reads.
    Read,
    /// Nobody sees it.
    Ahead,
}

/// What somebody does who looks at a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is theirs: they write in it.
    Own,
    /// They said why they read somebody else's, and write nothing.
    LooksOn,
}

/// A thread as its page shows it.
#[derive(Clone, Debug)]
pub struct ThreadView {
    /// The thread.
    pub thread: Thread,
    /// What the reader does here.
    pub part: Part,
    /// Does a reader of the client's side still take part?
    pub membership: Membership,
    /// The first message that they read.
    pub from: i32,
    /// The clinician's name, where it is with one.
    pub with: Option<String>,
    /// Since they are away: until when, and who reads meanwhile.
    pub away: Option<AwayNow>,
    /// Those on the client's side who take part, and their names.
    pub parties: Vec<(PersonId, String)>,
    /// Its messages, the oldest first.
    pub messages: Vec<Message>,
    /// The files of these messages, in their order.
    pub files: Vec<Attachment>,
    /// Are there earlier ones?
    pub has_earlier: bool,
    /// What the reader typed here and did not send.
    pub draft: Option<Draft>,
}

impl ThreadView {
    /// The names of those on the client's side who take part, without this person.
    pub(super) fn names_without(&self, person: Option<&PersonId>) -> String {
        let others = self.parties.iter().filter(|(id, _)| Some(id) != person);
        others.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

fn view(
    c: &mut Scoped<'_>,
    thread: Thread,
    reading: Reading,
    range: SeqRange,
    before: Option<i32>,
) -> Result<ThreadView, Fault> {
    let (messages, has_earlier) = store::messages(c, &thread.id, reading, range, before)?;
    Ok(ThreadView { from: range.from, ..with_facts(c, thread, (messages, has_earlier))? })
}

/// A thread with these of its messages, and everything else that a page says of it.
pub(super) fn with_facts(
    c: &mut Scoped<'_>,
    thread: Thread,
    (messages, has_earlier): (Vec<Message>, bool),
) -> Result<ThreadView, Fault> {
    let files = store::attachments(c, &thread.id, &messages)?;
    let with = store::clinician_name(c, thread.to)?;
    let away = readers::away_now(c, thread.to)?;
    let parties = store::party_names(c, &thread.id)?;
    Ok(ThreadView {
        thread,
        part: Part::Own,
        membership: Membership::Current,
        from: SeqRange::ALL.from,
        with,
        away,
        parties,
        messages,
        files,
        has_earlier,
        draft: None,
    })
}

/// The newest of the messages that a page shows is read, and that it was looked at stands in the trail.
fn note_read(
    c: &mut Scoped<'_>,
    by: &By,
    kind: ReaderKind,
    reader: uuid::Uuid,
    view: &ThreadView,
) -> Result<(), Fault> {
    if let Some(newest) = view.messages.last()
        && store::mark_read(c, &view.thread.id, kind, reader, newest.seq)?
        && kind == ReaderKind::Person
    {
        store::must_stand(c, &view.thread.id, &view.messages)?;
    }
    record(c, by, MessageAction::Read, &view.thread, view.thread.last_seq)
}

/// What decides over whoever is signed in, as their request was let in.
#[derive(Clone, Debug)]
pub(super) struct LetIn {
    facts: Facts,
    archive: Archive,
}

impl LetIn {
    /// Of whoever is signed in, or looks at their pages.
    pub fn of(client: &ClientSession) -> Self {
        Self { facts: client.facts.clone(), archive: client.archive }
    }

    /// Do they read this thread of theirs, and still take part in it?
    pub fn reads(&self, thread: &Thread, range: SeqRange) -> Option<Membership> {
        reading_by(&self.facts, self.archive, thread, range)
    }
}

/// A thread that a client may read now, which of its messages, and whether they still take part.
pub(super) fn readable(
    c: &mut Scoped<'_>,
    party: &ClientParty,
    let_in: &LetIn,
    thread: &ThreadId,
    look: Look,
) -> Result<Option<(Thread, SeqRange, Membership)>, Fault> {
    let found = store::find_for_party(c, &party.chart, &party.person, thread)?;
    let Some((thread, range)) = found else { return Ok(None) };
    let mut membership = let_in.reads(&thread, range);
    // What ended the access since the request was let in counts.
    if membership.is_some() && look == Look::Read {
        let now = reading_now(c, &party.access)?;
        membership = now.and_then(|(facts, archive)| reading_by(&facts, archive, &thread, range));
    }
    Ok(membership.map(|membership| (thread, range, membership)))
}

fn record_file(c: &mut Scoped<'_>, by: &By, thread: &Thread, file: &Attachment) -> Result<(), Fault> {
    let event = Event::new(by.clone(), MessageAction::FileOpened).on_chart(&thread.chart);
    let details = serde_json::json!({ "thread": thread.id, "seq": file.seq, "blob": file.blob.blob_id });
    audit::record(c, event.with(details))
}

/// A file of a thread that a client may read now.
pub async fn file_for_client(
    app: &AppState,
    client: &ClientSession,
    thread: ThreadId,
    file: BlobId,
    look: Look,
) -> Result<Option<Attachment>, Fault> {
    let (party, let_in) = (ClientParty::of(client), LetIn::of(client));
    let unit = move |c: &mut Scoped<'_>| {
        let Some((thread, range, _)) = readable(c, &party, &let_in, &thread, look)? else {
            return Ok(None);
        };
        let found = store::find_attachment(c, &thread.id, Reading::Party(party.person), range, &file)?;
        if let (Some(file), Look::Read) = (&found, look) {
            record_file(c, &party.by, &thread, file)?;
        }
        Ok(found)
    };
    match look {
        Look::Read => app.db.write(&client.scope, unit).await,
        Look::Ahead => app.db.read(&client.scope, unit).await,
    }
}

/// What a staff member reads of a thread, and what they do there. Nobody else ever has one, and without one no note on a
/// thread is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StaffRange {
    range: SeqRange,
    part: Part,
}

impl StaffRange {
    /// The first message that they read.
    pub fn first_seq(self) -> i32 {
        self.range.from
    }
}

/// Which messages of a thread a staff member sees; `None` where they see no words.
pub(super) fn staff_range(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    thread: &Thread,
) -> Result<Option<StaffRange>, Fault> {
    if staff_reads(thread.to, reader) == StaffReads::Words {
        return Ok(Some(StaffRange { range: thread.range_of_practice(), part: Part::Own }));
    }
    let is_opened =
        may_open_with_reason(thread.to, reader) && store::is_opened(c, &thread.id, &reader.staff)?;
    Ok(is_opened.then_some(StaffRange { range: SeqRange::ALL, part: Part::LooksOn }))
}

/// Which messages of a thread this reader sees, and what they do there; `None` where they see no words.
pub(super) fn practice_range(
    c: &mut Scoped<'_>,
    reader: &PracticeReader,
    thread: &Thread,
) -> Result<Option<(SeqRange, Part)>, Fault> {
    match reader {
        PracticeReader::Staff(staff) => {
            Ok(staff_range(c, staff, thread)?.map(|StaffRange { range, part }| (range, part)))
        }
        PracticeReader::ApiKey => {
            let reads = reader.reads(thread.to) == StaffReads::Words;
            Ok(reads.then(|| (thread.range_of_practice(), Part::Own)))
        }
    }
}

/// A file of a thread whose words this reader sees, and the thread's chart, in the caller's unit.
pub fn file_for_practice(
    c: &mut Scoped<'_>,
    reader: &PracticeReader,
    by: &By,
    (chart, thread): (Option<ChartId>, ThreadId),
    file: &BlobId,
    look: Look,
) -> Result<Option<(ChartId, Attachment)>, Fault> {
    let of_chart = |thread: &Thread| chart.is_none_or(|chart| thread.chart == chart);
    let Some(thread) = store::find(c, &thread)?.filter(of_chart) else { return Ok(None) };
    let Some((range, _)) = practice_range(c, reader, &thread)? else { return Ok(None) };
    let found = store::find_attachment(c, &thread.id, Reading::Practice, range, file)?;
    if let (Some(file), Look::Read) = (&found, look) {
        record_file(c, by, &thread, file)?;
    }
    Ok(found.map(|file| (thread.chart, file)))
}

/// What a client reads of a thread.
pub async fn look_as_client(
    app: &AppState,
    client: &ClientSession,
    thread: ThreadId,
    before: Option<i32>,
    look: Look,
) -> Result<Option<ThreadView>, Fault> {
    let (party, let_in) = (ClientParty::of(client), LetIn::of(client));
    let unit = move |c: &mut Scoped<'_>| {
        let Some((thread, range, membership)) = readable(c, &party, &let_in, &thread, look)? else {
            return Ok(None);
        };
        let mut view = view(c, thread, Reading::Party(party.person), range, before)?;
        view.membership = membership;
        if look == Look::Read {
            view.draft = draft_store::find(c, &party.slot(Some(view.thread.id)))?;
            note_read(c, &party.by, ReaderKind::Person, party.person.uuid(), &view)?;
        }
        Ok(Some(view))
    };
    match look {
        Look::Read => app.db.write(&client.scope, unit).await,
        Look::Ahead => app.db.read(&client.scope, unit).await,
    }
}

/// What a staff member reads of a thread of this chart, in the caller's unit; `None` where they see no words of it.
pub fn look_as_staff(
    c: &mut Scoped<'_>,
    reader: &StaffReader,
    by: &By,
    (chart, thread): (ChartId, ThreadId),
    before: Option<i32>,
    look: Look,
) -> Result<Option<ThreadView>, Fault> {
    let Some(thread) = store::find(c, &thread)?.filter(|thread| thread.chart == chart) else {
        return Ok(None);
    };
    let found = practice_range(c, &PracticeReader::Staff(reader.clone()), &thread)?;
    let Some((range, part)) = found else { return Ok(None) };
    let mut view = ThreadView { part, ..view(c, thread, Reading::Practice, range, before)? };
    match (look, part) {
        (Look::Read, Part::Own) => {
            view.draft = draft_store::find(c, &slot_of_staff(reader.staff, chart, Some(view.thread.id)))?;
            note_read(c, by, ReaderKind::Staff, reader.staff.uuid(), &view)?;
        }
        (Look::Read, Part::LooksOn) => {
            record(c, by, MessageAction::Read, &view.thread, view.thread.last_seq)?;
        }
        (Look::Ahead, _) => {}
    }
    Ok(Some(view))
}

/// The messages of a thread after a number, at most `most`, as an integrator's key reads them; `None` where it
/// sees no words of the thread.
pub fn read_by_key(
    c: &mut Scoped<'_>,
    by: &By,
    thread: &ThreadId,
    after: i32,
    most: usize,
) -> Result<Option<Vec<(Message, Vec<Attachment>)>>, Fault> {
    let is_read = |thread: &Thread| PracticeReader::ApiKey.reads(thread.to) == StaffReads::Words;
    let Some(thread) = store::find(c, thread)?.filter(is_read) else { return Ok(None) };
    let messages = store::messages_after(c, &thread, after, most)?;
    let files = store::attachments(c, &thread.id, &messages)?;
    record(c, by, MessageAction::Read, &thread, thread.last_seq)?;
    let with_files = |message: Message| {
        let own = files.iter().filter(|file| file.seq == message.seq).cloned().collect();
        (message, own)
    };
    Ok(Some(messages.into_iter().map(with_files).collect()))
}
