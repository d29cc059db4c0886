//! Somebody else of the client's side takes part in a thread: a staff member who reads it lets them in, for a reason that
//! stands in the audit trail. Everybody who takes part sees a line that says so. They read the thread from that line on, and
//! what was written before only where whoever lets them in says so, and as far as that person reads it. In the same way
//! somebody's part ends: they go on reading what they read until then, and nothing after it. Let in once more, they do not
//! read what was written in between, unless whoever lets them in says so.

use crate::features::access::needs_supervision;
use crate::features::accounts::reading_now;
use crate::features::messages::actions::{
    self, Author, Earlier, Joined, Membership, NotDone, Outcome, PartyLeft, PracticeReader, Row, apply,
    as_reader, read_by, reading_by,
};
use crate::features::messages::lifecycle::{self, ThreadEvent};
use crate::features::messages::store::{self, Holder, PartyRow, SeqRange, Thread};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{AccessId, ChartId, PersonId, ThreadId};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::permissions::Level;
use crate::platform::state::AppState;
use crate::word_enum;

/// Characters of a reason.
pub const REASON: usize = 200;
/// Who can take part in one thread on the client's side.
const MOST: usize = 10;

/// Who is to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParty {
    /// Their grant to the thread's chart.
    pub access: AccessId,
    /// Do they read what was written before?
    pub earlier: Earlier,
    /// Why: not empty, at most [`REASON`] characters.
    pub reason: String,
}

/// Whose part ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedParty {
    /// Who.
    pub person: PersonId,
    /// Why: not empty, at most [`REASON`] characters.
    pub reason: String,
}

word_enum! {
    /// What somebody on the client's side can do in a thread now.
    pub enum PartyCan {
        /// Read it and write in it.
        Write = "write",
        /// Read it.
        Read = "read",
        /// Read what was written until time ended their access.
        ReadUntilAccessEnded = "read_until_access_ended",
        /// Read what was written until their part in it ended.
        ReadUntilPartEnded = "read_until_part_ended",
        /// Nothing at present.
        Nothing = "nothing",
    }
}

/// Somebody's part in a thread, as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyNow {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they read of it.
    pub range: SeqRange,
    /// What they can do now.
    pub can: PartyCan,
}

/// Everybody on the client's side who takes part in a thread, or did, and what they can do now.
pub fn parties_now(c: &mut Scoped<'_>, thread: &Thread) -> Result<Vec<PartyNow>, Fault> {
    let mut found = Vec::new();
    for PartyRow { person, name, range } in store::all_parties(c, &thread.id)? {
        let mut can = PartyCan::Nothing;
        for access in store::grants_of(c, &thread.chart, &person)? {
            let by_this = match (reading_of(c, &access, thread, range)?, range.until) {
                (None, _) => PartyCan::Nothing,
                (Some(_), Some(_)) => PartyCan::ReadUntilPartEnded,
                (Some(Membership::Ended), None) => PartyCan::ReadUntilAccessEnded,
                (Some(Membership::Current), None) => match actions::level_in(c, &access, thread.to)? {
                    Level::Act => PartyCan::Write,
                    Level::View | Level::None => PartyCan::Read,
                },
            };
            can = further(can, by_this);
        }
        found.push(PartyNow { person, name, range, can });
    }
    Ok(found)
}

/// The same of a thread whose words an integrator's key reads; `None` where it reads none.
pub fn parties_for_key(c: &mut Scoped<'_>, thread: &ThreadId) -> Result<Option<Vec<PartyNow>>, Fault> {
    let Some(thread) = read_by(c, &PracticeReader::ApiKey, thread)? else { return Ok(None) };
    parties_now(c, &thread).map(Some)
}

/// The one of two that lets somebody do more.
fn further(one: PartyCan, other: PartyCan) -> PartyCan {
    let place = |can: PartyCan| PartyCan::ALL.iter().position(|each| *each == can);
    if place(other) < place(one) { other } else { one }
}

fn reading_of(
    c: &mut Scoped<'_>,
    access: &AccessId,
    thread: &Thread,
    range: SeqRange,
) -> Result<Option<Membership>, Fault> {
    let now = reading_now(c, access)?;
    Ok(now.and_then(|(facts, archive)| reading_by(&facts, archive, thread, range)))
}

/// Those who could take part: whoever reads such threads of the chart now and does not take part in this one.
pub(super) fn candidates(c: &mut Scoped<'_>, thread: &Thread) -> Result<Vec<Holder>, Fault> {
    let parties = store::parties_of(c, &thread.id)?;
    let mut found = Vec::new();
    for holder in store::holders(c, &thread.chart)? {
        if !parties.contains(&holder.person)
            && actions::level_in(c, &holder.access, thread.to)? >= Level::View
        {
            found.push(holder);
        }
    }
    Ok(found)
}

/// Lets somebody take part for somebody who reads the thread, in the caller's transaction.
pub fn add_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    reader: &PracticeReader,
    thread: &ThreadId,
    new: &NewParty,
) -> Outcome<Thread> {
    let Some(mut thread) = read_by(c, reader, thread)? else { return Ok(Err(NotDone::NotFound)) };
    // A note on the chart comes before this or after it.
    lock(c, Lock::Charts(&[thread.chart]))?;
    let parties = store::parties_of(c, &thread.id)?;
    let holder = store::holders(c, &thread.chart)?.into_iter().find(|holder| holder.access == new.access);
    let Some(holder) = holder.filter(|_| !parties.is_empty() && parties.len() < MOST) else {
        return Ok(Err(NotDone::NotAReader));
    };
    if parties.contains(&holder.person) {
        return Ok(Err(NotDone::TakesPart));
    }
    if actions::level_in(c, &holder.access, thread.to)? < Level::View {
        return Ok(Err(NotDone::NotAReader));
    }
    let together: Vec<_> = parties.iter().copied().chain([holder.person]).collect();
    if needs_supervision(c, &thread.chart, &together)? {
        return Ok(Err(NotDone::NeedsSupervision));
    }
    let decision = lifecycle::decide(thread.standing, ThreadEvent::Join)
        .ok_or_else(|| Fault::other("a thread that nobody can join"))?;
    let joined = Joined {
        person: holder.person,
        name: holder.name(),
        earlier: new.earlier,
        reason: new.reason.clone(),
    };
    apply(c, &mut thread, author, decision, Row::Joined(&joined))?;
    Ok(Ok(thread))
}

/// Ends somebody's part for somebody who reads the thread, in the caller's transaction.
pub fn end_as_practice(
    c: &mut Scoped<'_>,
    author: &Author,
    reader: &PracticeReader,
    thread: &ThreadId,
    ended: &EndedParty,
) -> Outcome<Thread> {
    let Some(mut thread) = read_by(c, reader, thread)? else { return Ok(Err(NotDone::NotFound)) };
    let current: Vec<PartyRow> =
        store::all_parties(c, &thread.id)?.into_iter().filter(|party| party.range.until.is_none()).collect();
    let Some(party) = current.iter().find(|party| party.person == ended.person) else {
        return Ok(Err(NotDone::TakesNoPart));
    };
    // A thread that nobody on the client's side reads is closed, and not emptied.
    if current.len() == 1 {
        return Ok(Err(NotDone::LastParty));
    }
    let decision = lifecycle::decide(thread.standing, ThreadEvent::Leave)
        .ok_or_else(|| Fault::other("a thread that nobody can leave"))?;
    let left = PartyLeft { person: party.person, name: party.name.clone(), reason: ended.reason.clone() };
    apply(c, &mut thread, author, decision, Row::Left(&left))?;
    Ok(Ok(thread))
}

/// A staff member ends somebody's part.
pub(super) async fn end_by_staff(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    ended: EndedParty,
) -> Outcome<Thread> {
    let author = Author::of_practice(&staff.by())?;
    as_reader(app, staff, at, move |c, reader| end_as_practice(c, &author, reader, &at.1, &ended)).await
}

/// A staff member lets somebody take part.
pub(super) async fn add_by_staff(
    app: &AppState,
    staff: &StaffSession,
    at: (ChartId, ThreadId),
    new: NewParty,
) -> Outcome<Thread> {
    let author = Author::of_practice(&staff.by())?;
    as_reader(app, staff, at, move |c, reader| add_as_practice(c, &author, reader, &at.1, &new)).await
}
