//! How a worker takes mail into its hands and lets go of it again. A claim is a compare-and-swap on
//! `attempt`, which then fences: whoever comes back with an older number changes nothing.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{Delivery, LINK_OVER, LinkCounts};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId, MailId, PracticeId};
use crate::platform::audit::{self, By, Event};
use crate::platform::db;
use crate::platform::db::InLists as _;
use crate::platform::db::schema::{outbox, person_address};
use crate::platform::db::{Scoped, System};
use crate::platform::fault::Fault;

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
    pub state: Delivery,
    pub attempt: i32,
    pub tries: i32,
    pub message_id: String,
    pub created_at: Timestamp,
    pub first_try_at: Option<Timestamp>,
}

/// Mails that this process has in hand already: a clock that jumps makes their leases look over.
pub(super) type InHand = HashMap<MailId, (PracticeId, i32)>;

/// Is anything due? A read, so that an idle worker does not take the writer's place each second.
pub(super) fn is_anything_due(system: &mut System<'_>) -> Result<bool, Fault> {
    Ok(next_practice(system, None)?.is_some())
}

/// The first practice after `after` that has something due.
fn next_practice(system: &mut System<'_>, after: Option<&PracticeId>) -> Result<Option<PracticeId>, Fault> {
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
            Delivery::Sending => query.filter(outbox::lease_until.lt(now)),
            _ => query.filter(outbox::due_at.le(now)),
        };
        let found: Option<PracticeId> = query.first(system.conn).optional()?;
        first = match (first, found) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(first)
}

/// The oldest due mails of one practice.
fn due_of(
    system: &mut System<'_>,
    practice: &PracticeId,
    most: i64,
) -> Result<Vec<(Timestamp, Claim)>, Fault> {
    let now = system.now;
    let mut due: Vec<(Timestamp, Claim)> = Vec::new();
    for state in [Delivery::Queued, Delivery::Deferred, Delivery::Sending] {
        let mut query = outbox::table
            .filter(outbox::practice_id.eq(practice.clone()))
            .filter(outbox::state.eq(state))
            .order((outbox::due_at.asc(), outbox::mail_id.asc()))
            .limit(most)
            .select((outbox::due_at, Claim::as_select()))
            .into_boxed();
        query = match state {
            Delivery::Sending => query.filter(outbox::lease_until.lt(now)),
            _ => query.filter(outbox::due_at.le(now)),
        };
        due.extend(query.load::<(Timestamp, Claim)>(system.conn)?);
    }
    due.sort_by(|a, b| (a.0, &a.1.mail_id).cmp(&(b.0, &b.1.mail_id)));
    due.truncate(usize::try_from(most).unwrap_or(0));
    Ok(due)
}

/// Takes up to `most` due mails, an equal share from each practice that has any, beginning behind
/// the practice that was served last: ten thousand mails of one practice do not stand before the
/// single one of another. Returns them practice by turn, and where to begin next time.
pub(super) fn claim(
    system: &mut System<'_>,
    most: usize,
    last: Option<&PracticeId>,
    in_hand: &InHand,
) -> Result<(Vec<Claim>, Option<PracticeId>), Fault> {
    let mut practices: Vec<PracticeId> = Vec::new();
    let mut after = last.cloned();
    let mut wrapped = last.is_none();
    while practices.len() < most {
        match next_practice(system, after.as_ref())? {
            Some(next) if practices.contains(&next) => break,
            Some(next) => {
                practices.push(next.clone());
                after = Some(next);
            }
            None if wrapped => break,
            None => {
                wrapped = true;
                after = None;
            }
        }
    }
    let Some(next_last) = practices.last().cloned() else { return Ok((Vec::new(), last.cloned())) };
    let share = most.div_ceil(practices.len()) + in_hand.len();
    let mut queues = Vec::with_capacity(practices.len());
    for practice in &practices {
        let due = due_of(system, practice, i64::try_from(share).unwrap_or(1))?;
        let free: Vec<Claim> =
            due.into_iter().map(|(_, c)| c).filter(|c| !in_hand.contains_key(&c.mail_id)).collect();
        queues.push(free.into_iter());
    }
    let mut wanted = Vec::with_capacity(most);
    'turns: loop {
        let before = wanted.len();
        for queue in &mut queues {
            if wanted.len() == most {
                break 'turns;
            }
            wanted.extend(queue.next());
        }
        if wanted.len() == before {
            break;
        }
    }
    // Rows are locked in one order everywhere, so that two processes cannot wait for each other.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].mail_id.cmp(&wanted[*b].mail_id));
    let now = system.now;
    let mut taken = vec![false; wanted.len()];
    for at in order {
        let row = &wanted[at];
        let changed = db::update(
            outbox::table
                .filter(outbox::practice_id.eq(row.practice_id.clone()))
                .filter(outbox::mail_id.eq(row.mail_id.clone()))
                .filter(outbox::state.eq(row.state))
                .filter(outbox::attempt.eq(row.attempt)),
        )
        .set((
            outbox::state.eq(Delivery::Sending),
            outbox::attempt.eq(row.attempt + 1),
            outbox::lease_until.eq(now.plus_seconds(LEASE_SECONDS)),
            outbox::first_try_at.eq(row.first_try_at.unwrap_or(now)),
        ))
        .execute(system.conn)?;
        taken[at] = changed == 1;
    }
    let claims = wanted
        .into_iter()
        .zip(taken)
        .filter(|(_, taken)| *taken)
        .map(|(row, _)| Claim {
            attempt: row.attempt + 1,
            state: Delivery::Sending,
            first_try_at: row.first_try_at.or(Some(now)),
            ..row
        })
        .collect();
    Ok((claims, Some(next_last)))
}

/// Holds what is in hand for another while.
pub(super) fn renew(system: &mut System<'_>, in_hand: &InHand) -> Result<(), Fault> {
    let until = system.now.plus_seconds(LEASE_SECONDS);
    let mut mails: Vec<_> = in_hand.iter().collect();
    mails.sort_by_key(|(mail, _)| (*mail).clone());
    for (mail, (practice, attempt)) in mails {
        db::update(
            outbox::table
                .filter(outbox::practice_id.eq(practice.clone()))
                .filter(outbox::mail_id.eq(mail.clone()))
                .filter(outbox::state.eq(Delivery::Sending))
                .filter(outbox::attempt.eq(*attempt)),
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
    /// Nobody ended its link, but the link's time is over.
    LinkOver,
}

/// Is the mail still ours and still wanted?
pub(super) fn ask(
    c: &mut Scoped<'_>,
    mail: &MailId,
    attempt: i32,
    link_counts: LinkCounts,
) -> Result<Asked, Fault> {
    let found: Option<Option<InvitationId>> = outbox::table
        .filter(outbox::practice_id.eq(c.practice().clone()))
        .filter(outbox::mail_id.eq(mail.clone()))
        .filter(outbox::state.eq(Delivery::Sending))
        .filter(outbox::attempt.eq(attempt))
        .select(outbox::invitation_id)
        .first(c.conn)
        .optional()?;
    Ok(match found {
        None => Asked::Gone,
        Some(Some(invitation)) if !link_counts(c, &invitation)? => Asked::LinkOver,
        Some(_) => Asked::Wanted,
    })
}

/// What became of a mail in hand.
#[derive(Clone, Debug)]
pub(super) enum SendOutcome {
    /// The server has it.
    Sent,
    /// Later again, with the server's code and the reason.
    Deferred { code: String, reason: &'static str },
    /// Never. `address`: the address itself is refused.
    Undeliverable { code: String, reason: &'static str, address: bool },
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
    pub fate: Delivery,
}

/// Writes what became of mails of this practice, in one transaction. A claim that is no longer ours
/// changes nothing.
pub(super) fn finish(c: &mut Scoped<'_>, fates: &[(Claim, SendOutcome)]) -> Result<Vec<Finished>, Fault> {
    let now = c.now();
    let (mut finished, mut events) = (Vec::new(), Vec::new());
    for (claim, fate) in fates {
        let (state, action, code, reason) = match fate {
            SendOutcome::NotWanted => continue,
            SendOutcome::PutBack => {
                put_back(c, claim)?;
                continue;
            }
            SendOutcome::Sent => (Delivery::Sent, "mail.sent", String::new(), ""),
            SendOutcome::LinkOver => (Delivery::Cancelled, "mail.cancelled", String::new(), LINK_OVER),
            SendOutcome::Deferred { code, reason } => {
                let since = claim.first_try_at.unwrap_or(claim.created_at);
                if now >= since.plus_hours(GIVE_UP_HOURS) {
                    (Delivery::Undeliverable, "mail.undeliverable", code.clone(), "mail-reason-gave-up")
                } else {
                    (Delivery::Deferred, "mail.deferred", code.clone(), *reason)
                }
            }
            SendOutcome::Undeliverable { code, reason, .. } => {
                (Delivery::Undeliverable, "mail.undeliverable", code.clone(), *reason)
            }
        };
        if !settle(c, claim, state, &code, reason)? {
            continue;
        }
        finished.push(Finished { chart: claim.chart_id.clone(), fate: state });
        if let SendOutcome::Undeliverable { address: true, .. } = fate {
            mark_address(c, &claim.recipient, reason)?;
        }
        // A server that is down for a day would fill the trail, so only the first deferral is told.
        if state != Delivery::Deferred || claim.tries == 0 {
            let details = details(&claim.mail_id, &claim.kind, &code, reason);
            events.push(event(action, claim.chart_id.as_ref(), claim.access_id.as_ref(), details));
        }
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
    action: &'static str,
    chart: Option<&ChartId>,
    access: Option<&AccessId>,
    details: serde_json::Value,
) -> Event {
    let mut event = Event::new(By::system(), action).with(details);
    event.chart = chart.cloned();
    event.access = access.cloned();
    event
}

fn settle(
    c: &mut Scoped<'_>,
    claim: &Claim,
    state: Delivery,
    code: &str,
    reason: &str,
) -> Result<bool, Fault> {
    let now = c.now();
    // A mail that was cancelled in the moment between the last look and the text has left all the
    // same; the row says so. Its link is dead, and its page says why.
    let from: &[Delivery] = match state {
        Delivery::Sent => &[Delivery::Sending, Delivery::Cancelled],
        _ => &[Delivery::Sending],
    };
    let row = outbox::table
        .filter(outbox::practice_id.eq(claim.practice_id.clone()))
        .filter(outbox::mail_id.eq(claim.mail_id.clone()))
        .filter(outbox::attempt.eq(claim.attempt))
        .filter(outbox::state.in_list(from));
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let common = (
        outbox::state.eq(state),
        outbox::lease_until.eq(None::<Timestamp>),
        outbox::tries.eq(claim.tries + 1),
        outbox::last_code.eq(said(code)),
        outbox::last_reason.eq(said(reason)),
    );
    let changed = if state == Delivery::Deferred {
        let due = now.plus_seconds(wait(claim.tries, c));
        db::update(row).set((common, outbox::due_at.eq(due))).execute(c.conn)?
    } else {
        db::update(row)
            .set((common, outbox::payload.eq(None::<Vec<u8>>), outbox::finished_at.eq(now)))
            .execute(c.conn)?
    };
    Ok(changed == 1)
}

/// Seconds until the next try: 30 s, doubled with each try, at most an hour, give or take a fifth,
/// so that a thousand mails do not come back in one moment.
fn wait(tries: i32, c: &Scoped<'_>) -> i64 {
    let doubled = FIRST_WAIT.saturating_mul(1 << tries.clamp(0, 12)).min(LONGEST_WAIT);
    let mut byte = [0u8; 1];
    c.rng().fill(&mut byte);
    (doubled * (80 + i64::from(byte[0]) * 40 / 255) / 100).min(LONGEST_WAIT)
}

fn put_back(c: &mut Scoped<'_>, claim: &Claim) -> Result<(), Fault> {
    let state = if claim.tries == 0 { Delivery::Queued } else { Delivery::Deferred };
    db::update(
        outbox::table
            .filter(outbox::practice_id.eq(claim.practice_id.clone()))
            .filter(outbox::mail_id.eq(claim.mail_id.clone()))
            .filter(outbox::attempt.eq(claim.attempt))
            .filter(outbox::state.eq(Delivery::Sending)),
    )
    .set((outbox::state.eq(state), outbox::lease_until.eq(None::<Timestamp>)))
    .execute(c.conn)?;
    Ok(())
}

/// Marks an address as one that mail does not reach, for every person of the practice who has it.
pub(super) fn mark_address(c: &mut Scoped<'_>, recipient: &str, reason: &str) -> Result<(), Fault> {
    let Ok(address) = EmailAddress::parse(recipient) else { return Ok(()) };
    let now = c.now();
    db::update(
        person_address::table
            .filter(person_address::practice_id.eq(c.practice().clone()))
            .filter(person_address::kind.eq("email"))
            .filter(person_address::value_key.eq(address.key())),
    )
    .set((
        person_address::undeliverable_at.eq(now),
        person_address::undeliverable_reason.eq(reason.to_owned()),
    ))
    .execute(c.conn)?;
    Ok(())
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
