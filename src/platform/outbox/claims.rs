//! How a worker claims mail and releases it. A claim is a compare-and-swap on `attempt`, which then
//! fences: a worker that returns with an older number changes nothing.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{Delivery, LINK_OVER, MailHooks, Standing};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, MailId, PracticeId};
use crate::kernel::quiet::QuietHours;
use crate::platform::audit::{self, By, Event};
use crate::platform::db;
use crate::platform::db::schema::outbox;
use crate::platform::db::{Conn, InLists as _, Lock, Scoped, System, lock};
use crate::platform::fault::Fault;
use crate::platform::mail::refusal::About;
use crate::platform::outbox::actions::MailAction;

/// How long a claim holds unless renewed.
pub(super) const LEASE_SECONDS: i64 = 60;
/// First wait after a temporary failure; it doubles with each try …
const FIRST_WAIT: i64 = 30;
/// … up to this.
const LONGEST_WAIT: i64 = 3_600;
/// A mail that could not be handed over for so long is given up.
pub(super) const GIVE_UP_HOURS: i64 = 48;

/// A mail in hand.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct Claim {
    pub practice_id: PracticeId,
    pub mail_id: MailId,
    pub kind: String,
    pub chart_id: Option<ChartId>,
    pub access_id: Option<AccessId>,
    pub recipient: String,
    pub payload: Option<Vec<u8>>,
    pub attempt: i32,
    pub tries: i32,
    pub message_id: String,
    pub created_at: Timestamp,
    pub first_try_at: Option<Timestamp>,
}

/// Mails that this process has in hand already: a clock that jumps makes their leases look over.
pub(super) type InHand = HashMap<MailId, (PracticeId, i32)>;

/// Is anything due for a practice that is not `full`? A read, so that an idle worker does not take the
/// writer's place each second.
pub(super) fn is_anything_due(system: &mut System<'_>, full: &[PracticeId]) -> Result<bool, Fault> {
    let lease_now = system.lease_now()?;
    Ok(!due_practices(system, lease_now, None, full, 1)?.is_empty())
}

/// The longest that a mail waits for its reader's quiet hours to end, of which a night in which the clocks go back has one
/// more than they show.
const LONGEST_QUIET: i64 = (QuietHours::LONGEST as i64 + 1) * 3_600;

/// Until when mails of a state are due. A queued mail is due from the moment it is written.
fn due_until(state: Delivery, now: Timestamp) -> Timestamp {
    if state == Delivery::Queued { Timestamp::from_micros(i64::MAX) } else { now }
}

/// Mails that are due: also those that are planned later than any mail is, because the clock was set back since. After a
/// try that is a wait, before the first one it is the end of quiet hours.
macro_rules! is_due {
    ($state:expr, $now:expr) => {
        outbox::due_at
            .le(due_until($state, $now))
            .or(outbox::due_at.gt($now.plus_seconds(LONGEST_QUIET)))
            .or(outbox::tries.gt(0).and(outbox::due_at.gt($now.plus_seconds(LONGEST_WAIT))))
    };
}

/// The longest that a lease can last yet; one that ends later was written before the clock was set back, and is over.
fn latest_lease(lease_now: Timestamp) -> Timestamp {
    lease_now.plus_seconds(LEASE_SECONDS)
}

/// The first practice after `after` that has something due, or in hand under a lease that was over at `lease_now`.
fn next_practice(
    system: &mut System<'_>,
    lease_now: Timestamp,
    after: Option<&PracticeId>,
) -> Result<Option<PracticeId>, Fault> {
    let now = system.now;
    let after = after.copied().unwrap_or(PracticeId::NIL);
    let mut first: Option<PracticeId> = None;
    for state in [Delivery::Queued, Delivery::Deferred, Delivery::Sending] {
        let mut query = outbox::table
            .filter(outbox::state.eq(state))
            .filter(outbox::practice_id.gt(after.clone()))
            .order(outbox::practice_id.asc())
            .select(outbox::practice_id)
            .into_boxed();
        query = match state {
            Delivery::Sending => query.filter(
                outbox::lease_until.lt(lease_now).or(outbox::lease_until.gt(latest_lease(lease_now))),
            ),
            _ => query.filter(is_due!(state, now)),
        };
        let found: Option<PracticeId> = query.first(system.conn).optional()?;
        first = match (first, found) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(first)
}

/// Up to `most` practices that have something due, beginning behind `last`, without those that are
/// `full`.
fn due_practices(
    system: &mut System<'_>,
    lease_now: Timestamp,
    last: Option<&PracticeId>,
    full: &[PracticeId],
    most: usize,
) -> Result<Vec<PracticeId>, Fault> {
    let mut practices: Vec<PracticeId> = Vec::new();
    let mut after = last.cloned();
    let mut wrapped = last.is_none();
    while practices.len() < most {
        match next_practice(system, lease_now, after.as_ref())? {
            Some(next) if practices.contains(&next) => break,
            Some(next) => {
                // Round once, back to where this began.
                if wrapped && last.is_some_and(|last| next > *last) {
                    break;
                }
                if !full.contains(&next) {
                    practices.push(next.clone());
                }
                after = Some(next);
            }
            None if wrapped => break,
            None => {
                wrapped = true;
                after = None;
            }
        }
    }
    Ok(practices)
}

/// The oldest due mails of one practice. On PostgreSQL their rows are locked, and those that another
/// process is just claiming are passed over.
fn due_of(
    system: &mut System<'_>,
    lease_now: Timestamp,
    practice: &PracticeId,
    most: i64,
) -> Result<Vec<Claim>, Fault> {
    let now = system.now;
    let mut due: Vec<(Timestamp, Claim)> = Vec::new();
    for state in [Delivery::Queued, Delivery::Deferred, Delivery::Sending] {
        let rows = outbox::table
            .filter(outbox::practice_id.eq(practice.clone()))
            .filter(outbox::state.eq(state))
            .order((outbox::due_at.asc(), outbox::mail_id.asc()))
            .limit(most);
        let is_over = outbox::lease_until.lt(lease_now).or(outbox::lease_until.gt(latest_lease(lease_now)));
        let is_due = is_due!(state, now);
        // SQLite has one writer and no locks of rows.
        let found: Vec<(Timestamp, Claim)> = match (&mut *system.conn, state) {
            (Conn::Sqlite(conn), Delivery::Sending) => {
                rows.filter(is_over).select((outbox::due_at, Claim::as_select())).load(conn)?
            }
            (Conn::Sqlite(conn), _) => {
                rows.filter(is_due).select((outbox::due_at, Claim::as_select())).load(conn)?
            }
            (Conn::Postgres(conn), Delivery::Sending) => rows
                .filter(is_over)
                .select((outbox::due_at, Claim::as_select()))
                .for_update()
                .skip_locked()
                .load(conn)?,
            (Conn::Postgres(conn), _) => rows
                .filter(is_due)
                .select((outbox::due_at, Claim::as_select()))
                .for_update()
                .skip_locked()
                .load(conn)?,
        };
        due.extend(found);
    }
    due.sort_by(|a, b| (a.0, &a.1.mail_id).cmp(&(b.0, &b.1.mail_id)));
    due.truncate(usize::try_from(most).unwrap_or(0));
    Ok(due.into_iter().map(|(_, claim)| claim).collect())
}

/// Takes up to `most` due mails, an equal share from each practice that has any and is not `full`,
/// beginning behind the practice that was served last: ten thousand mails of one practice do not wait
/// before the single one of another. Returns them with the practice to go on behind.
pub(super) fn claim(
    system: &mut System<'_>,
    most: usize,
    last: Option<&PracticeId>,
    full: &[PracticeId],
    in_hand: &InHand,
) -> Result<(Vec<Claim>, Option<PracticeId>), Fault> {
    let lease_now = system.lease_now()?;
    let practices = due_practices(system, lease_now, last, full, most)?;
    let Some(next_last) = practices.last().cloned() else { return Ok((Vec::new(), last.cloned())) };
    let now = system.now;
    let mut left = most;
    let mut claims = Vec::with_capacity(most);
    for (at, practice) in practices.iter().enumerate() {
        // What earlier practices left of their share goes to the later ones.
        let share = left.div_ceil(practices.len() - at);
        // Those in hand are due too where the clock was set forward past their leases.
        let held = in_hand.values().filter(|(of, _)| of == practice).count();
        let mut due = due_of(system, lease_now, practice, i64::try_from(share + held).unwrap_or(1))?;
        due.retain(|claim| !in_hand.contains_key(&claim.mail_id));
        due.truncate(share);
        if due.is_empty() {
            continue;
        }
        let mut ids: Vec<MailId> = due.iter().map(|claim| claim.mail_id.clone()).collect();
        ids.sort();
        db::update(
            outbox::table
                .filter(outbox::practice_id.eq(practice.clone()))
                .filter(outbox::mail_id.in_list(ids)),
        )
        .set((
            outbox::state.eq(Delivery::Sending),
            outbox::attempt.eq(outbox::attempt + 1),
            outbox::lease_until.eq(lease_now.plus_seconds(LEASE_SECONDS)),
            outbox::first_try_at.eq(coalesce(outbox::first_try_at, Some(now))),
        ))
        .execute(system.conn)?;
        left -= due.len();
        claims.extend(due.into_iter().map(|row| Claim {
            attempt: row.attempt + 1,
            first_try_at: row.first_try_at.or(Some(now)),
            ..row
        }));
    }
    Ok((claims, Some(next_last)))
}

diesel::define_sql_function! {
    fn coalesce(a: diesel::sql_types::Nullable<diesel::sql_types::BigInt>, b: diesel::sql_types::Nullable<diesel::sql_types::BigInt>) -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}

/// Holds what is in hand for another while.
pub(super) fn renew(system: &mut System<'_>, in_hand: &InHand) -> Result<(), Fault> {
    let until = system.lease_now()?.plus_seconds(LEASE_SECONDS);
    let mut by_practice: BTreeMap<&PracticeId, Vec<MailId>> = BTreeMap::new();
    for (mail, (practice, _)) in in_hand {
        by_practice.entry(practice).or_default().push(mail.clone());
    }
    for (practice, mut mails) in by_practice {
        mails.sort();
        let rows = outbox::table
            .filter(outbox::practice_id.eq(practice.clone()))
            .filter(outbox::mail_id.in_list(mails))
            .filter(outbox::state.eq(Delivery::Sending))
            .order(outbox::mail_id.asc())
            .select((outbox::mail_id, outbox::attempt));
        let rows: Vec<(MailId, i32)> = match &mut *system.conn {
            Conn::Sqlite(conn) => rows.load(conn)?,
            Conn::Postgres(conn) => rows.for_update().load(conn)?,
        };
        let ours =
            rows.into_iter().filter(|(mail, attempt)| in_hand.get(mail).is_some_and(|h| h.1 == *attempt));
        let ours: Vec<MailId> = ours.map(|(mail, _)| mail).collect();
        if ours.is_empty() {
            continue;
        }
        db::update(
            outbox::table
                .filter(outbox::practice_id.eq(practice.clone()))
                .filter(outbox::mail_id.in_list(ours)),
        )
        .set(outbox::lease_until.eq(until))
        .execute(system.conn)?;
    }
    Ok(())
}

/// What is known of a mail in hand, between RCPT and DATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It is ours and wanted.
    Wanted,
    /// It is somebody else's by now, or cancelled.
    Gone,
    /// It could not be asked.
    Unknown,
    /// Its link was not ended, but has expired.
    LinkOver,
}

/// Is the mail still ours and still wanted?
pub(super) fn ask(
    c: &mut Scoped<'_>,
    mail: &MailId,
    attempt: i32,
    hooks: &MailHooks,
) -> Result<Asked, Fault> {
    let found: Option<(Option<String>, Option<Vec<u8>>, Option<AccessId>)> = c
        .rows(outbox::table)
        .filter(outbox::mail_id.eq(mail.clone()))
        .filter(outbox::state.eq(Delivery::Sending))
        .filter(outbox::attempt.eq(attempt))
        .select((outbox::subject_kind, outbox::subject_id, outbox::access_id))
        .optional(c)?;
    let Some((kind, id, access)) = found else { return Ok(Asked::Gone) };
    Ok(match hooks.standing(c, kind.as_deref(), id.as_deref(), access)? {
        Standing::Wanted => Asked::Wanted,
        Standing::Over | Standing::Used => Asked::LinkOver,
    })
}

/// What became of a mail in hand.
#[derive(Clone, Debug)]
pub(super) enum SendOutcome {
    /// The server has it.
    Sent,
    /// Later again, with the server's code and the reason.
    Deferred { code: String, reason: &'static str },
    /// Never, and what the refusal is about: only a fact about the mailbox marks the address.
    Undeliverable { code: String, reason: &'static str, about: About },
    /// Not tried: it goes back as it was.
    PutBack,
    /// Cancelled meanwhile; nothing to write.
    NotWanted,
    /// Never: its link is over.
    LinkOver,
}

/// What [`finish`] did, for counters and open pages.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub chart: Option<ChartId>,
    pub state: Delivery,
}

/// The mails among these that are still ours, with their present state, locked until the commit.
fn still_ours(
    c: &mut Scoped<'_>,
    outcomes: &[(Claim, SendOutcome)],
) -> Result<HashMap<MailId, Delivery>, Fault> {
    let ids: Vec<MailId> = outcomes.iter().map(|(claim, _)| claim.mail_id.clone()).collect();
    lock(c, Lock::Mails(&ids))?;
    let rows: Vec<(MailId, i32, Delivery)> = c
        .rows(outbox::table)
        .filter(outbox::mail_id.in_list(ids))
        .select((outbox::mail_id, outbox::attempt, outbox::state))
        .load(c)?;
    let attempts: HashMap<&MailId, i32> = outcomes.iter().map(|(c, _)| (&c.mail_id, c.attempt)).collect();
    let ours = rows.into_iter().filter(|(mail, attempt, _)| attempts.get(mail) == Some(attempt));
    Ok(ours.map(|(mail, _, state)| (mail, state)).collect())
}

/// Writes what became of mails of this practice. A claim that is no longer ours changes nothing.
pub(super) fn finish(
    c: &mut Scoped<'_>,
    hooks: &MailHooks,
    outcomes: &[(Claim, SendOutcome)],
) -> Result<Vec<Finished>, Fault> {
    let now = c.now();
    let ours = still_ours(c, outcomes)?;
    let (mut finished, mut events) = (Vec::new(), Vec::new());
    let (mut sent, mut sent_to): (Vec<MailId>, Vec<String>) = (Vec::new(), Vec::new());
    let mut back: BTreeMap<Delivery, Vec<MailId>> = BTreeMap::new();
    for (claim, outcome) in outcomes {
        let Some(present) = ours.get(&claim.mail_id) else { continue };
        let (state, action, code, reason) = match outcome {
            SendOutcome::NotWanted => continue,
            SendOutcome::PutBack => {
                if *present == Delivery::Sending {
                    let state = if claim.tries == 0 { Delivery::Queued } else { Delivery::Deferred };
                    back.entry(state).or_default().push(claim.mail_id.clone());
                }
                continue;
            }
            SendOutcome::Sent => (Delivery::Sent, MailAction::Sent, "", ""),
            SendOutcome::LinkOver => (Delivery::Cancelled, MailAction::Cancelled, "", LINK_OVER),
            SendOutcome::Deferred { code, reason } => {
                let since = claim.first_try_at.unwrap_or(claim.created_at);
                if now >= since.plus_hours(GIVE_UP_HOURS) {
                    (Delivery::Undeliverable, MailAction::Undeliverable, code.as_str(), "mail-reason-gave-up")
                } else {
                    (Delivery::Deferred, MailAction::Deferred, code.as_str(), *reason)
                }
            }
            SendOutcome::Undeliverable { code, reason, .. } => {
                (Delivery::Undeliverable, MailAction::Undeliverable, code.as_str(), *reason)
            }
        };
        // A mail that was cancelled in the moment between the last look and the text has left all
        // the same; the row says so. Its link is dead, and its page says why.
        let counts = match state {
            Delivery::Sent => matches!(present, Delivery::Sending | Delivery::Cancelled),
            _ => *present == Delivery::Sending,
        };
        if !counts {
            continue;
        }
        if state == Delivery::Sent {
            sent.push(claim.mail_id.clone());
            sent_to.push(claim.recipient.clone());
        } else {
            settle(c, claim, state, code, reason)?;
        }
        finished.push(Finished { chart: claim.chart_id.clone(), state });
        if let SendOutcome::Undeliverable { about: About::Mailbox, .. } = outcome {
            mailbox_refused(c, hooks, &claim.recipient, reason)?;
        }
        // The first deferral is what a greylisting server does to everybody, and a server that is down
        // for a day would fill the trail: only the second one is recorded.
        if state != Delivery::Deferred || claim.tries == 1 {
            let details = details(&claim.mail_id, &claim.kind, code, reason);
            events.push(event(action, claim.chart_id.as_ref(), claim.access_id.as_ref(), details));
        }
    }
    if !sent.is_empty() {
        c.rows(outbox::table)
            .filter(outbox::mail_id.in_list(sent))
            .set((
                outbox::state.eq(Delivery::Sent),
                outbox::lease_until.eq(None::<Timestamp>),
                outbox::tries.eq(outbox::tries + 1),
                outbox::last_code.eq(None::<String>),
                outbox::last_reason.eq(None::<String>),
                outbox::payload.eq(None::<Vec<u8>>),
                outbox::finished_at.eq(now),
            ))
            .execute(c)?;
    }
    if !sent_to.is_empty() {
        (hooks.handed_over)(c, &sent_to)?;
    }
    for (state, mails) in back {
        c.rows(outbox::table)
            .filter(outbox::mail_id.in_list(mails))
            .set((outbox::state.eq(state), outbox::lease_until.eq(None::<Timestamp>)))
            .execute(c)?;
    }
    audit::record_many(c, events)?;
    Ok(finished)
}

/// What the trail says of a mail: no address and no link.
pub(super) fn details(mail: &MailId, kind: &str, code: &str, reason: &str) -> serde_json::Value {
    let mut details = serde_json::json!({ "mail": mail, "kind": kind });
    if !code.is_empty() {
        details["code"] = code.into();
    }
    if !reason.is_empty() {
        details["reason"] = reason.into();
    }
    details
}

/// An event of Anteroom's own about a mail.
pub(super) fn event(
    action: MailAction,
    chart: Option<&ChartId>,
    access: Option<&AccessId>,
    details: serde_json::Value,
) -> Event {
    let mut event = Event::new(By::system(), action).with(details);
    event.chart = chart.cloned();
    event.access = access.cloned();
    event
}

/// Writes a state other than "sent".
fn settle(c: &mut Scoped<'_>, claim: &Claim, state: Delivery, code: &str, reason: &str) -> Result<(), Fault> {
    let now = c.now();
    let row = c.rows(outbox::table).filter(outbox::mail_id.eq(claim.mail_id.clone()));
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let common = (
        outbox::state.eq(state),
        outbox::lease_until.eq(None::<Timestamp>),
        outbox::tries.eq(claim.tries + 1),
        outbox::last_code.eq(said(code)),
        outbox::last_reason.eq(said(reason)),
    );
    if state == Delivery::Deferred {
        let due = now.plus_seconds(wait(claim.tries, c));
        row.set((common, outbox::due_at.eq(due))).execute(c)?;
    } else {
        row.set((common, outbox::payload.eq(None::<Vec<u8>>), outbox::finished_at.eq(now))).execute(c)?;
    }
    Ok(())
}

/// Seconds until the next try: 30 s, doubled with each try, at most an hour, give or take a fifth,
/// so that a thousand mails do not come back in one moment.
fn wait(tries: i32, c: &Scoped<'_>) -> i64 {
    let doubled = FIRST_WAIT.saturating_mul(1 << tries.clamp(0, 12)).min(LONGEST_WAIT);
    let mut byte = [0u8; 1];
    c.rng().fill(&mut byte);
    (doubled * (80 + i64::from(byte[0]) * 40 / 255) / 100).min(LONGEST_WAIT)
}

/// Calls the feature that keeps addresses: the mailbox of this one takes no mail.
pub(super) fn mailbox_refused(
    c: &mut Scoped<'_>,
    hooks: &MailHooks,
    recipient: &str,
    reason: &str,
) -> Result<(), Fault> {
    let Ok(address) = EmailAddress::parse(recipient) else { return Ok(()) };
    (hooks.mailbox_refused)(c, &address, reason)
}

/// The server answers again: what waits only because it did not is due now.
pub(super) fn server_is_back(system: &mut System<'_>) -> Result<usize, Fault> {
    let now = system.now;
    Ok(db::update(
        outbox::table
            .filter(outbox::state.eq(Delivery::Deferred))
            .filter(outbox::last_reason.eq("mail-reason-unreachable"))
            .filter(outbox::due_at.gt(now)),
    )
    .set(outbox::due_at.eq(now))
    .execute(system.conn)?)
}

/// How much waits, and since when: for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for the first try.
    pub queued: i64,
    /// In a worker's hands.
    pub sending: i64,
    /// Waiting for another try.
    pub deferred: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
}

/// See [`Depth`].
pub fn depth(system: &mut System<'_>) -> Result<Depth, Fault> {
    let mut depth = Depth::default();
    for state in super::store::OPEN {
        let rows = outbox::table.filter(outbox::state.eq(state));
        let count: i64 = rows.count().get_result(system.conn)?;
        if count == 0 {
            continue;
        }
        // The oldest is looked for among those that are due first, not among all: one glance at an
        // index, and the figure only has to tell whether mail moves.
        let oldest: Option<Timestamp> =
            rows.order(outbox::due_at.asc()).select(outbox::created_at).first(system.conn).optional()?;
        match state {
            Delivery::Queued => depth.queued = count,
            Delivery::Sending => depth.sending = count,
            _ => depth.deferred = count,
        }
        depth.oldest = match (depth.oldest, oldest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(depth)
}
