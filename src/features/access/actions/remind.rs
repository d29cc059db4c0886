//! Reminders before a link ends. A reminder repeats the same link and makes no new generation, which
//! is why the token is kept sealed in the invitation's row while the link is live.

use crate::features::access::actions::apply::sealed_for;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::due_store::{self, MailedLink};
use crate::features::access::lifecycle::State;
use crate::features::access::mails::{self, AccessMail, MailContext};
use crate::features::access::reminders;
use crate::features::access::store::{self, AccessRow};
use crate::features::people::Person;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{ChartId, InvitationId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::jobs::{Job, JobOutcome, Next};
use crate::platform::outbox::{self, MailReader, NewMail};
use crate::platform::state::App;

/// Hours after which a reminder that was held back is tried again.
const LOOK_AGAIN_HOURS: i64 = 1;

/// Sends the reminders that these jobs are about, where they are due (caps, quiet hours). A job goes on until
/// its link has ended.
pub fn remind(app: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let ids: Vec<InvitationId> = jobs.iter().map(|job| InvitationId::from_uuid(job.subject)).collect();
    let mut charts: Vec<ChartId> =
        due_store::mailed_links(c, &ids)?.into_iter().map(|link| link.chart).collect();
    charts.sort_unstable();
    charts.dedup();
    lock(c, Lock::Charts(&charts))?;
    // Read again under the lock: a resend, registration or cancellation may have come before it.
    let links = due_store::mailed_links(c, &ids)?;
    let batch = ChartBatch::load(c, &charts)?;
    let reminded = store::reminders_of(c, &ids)?;
    let mut writes = Writes::default();
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in &ids {
        let sent: Vec<i64> = reminded.iter().filter(|(of, _)| of == id).map(|(_, hours)| *hours).collect();
        outcomes.push(match links.iter().find(|link| link.invitation == *id) {
            Some(link) => one(app, c, &batch, link, sent, &mut writes)?,
            None => JobOutcome::unchanged(Next::Done),
        });
    }
    store::insert_reminders(c, &writes.sent)?;
    outbox::enqueue_many(app, c, writes.mails)?;
    audit::record_many(c, writes.events)?;
    Ok(outcomes)
}

/// What the reminders of one transaction write.
#[derive(Default)]
struct Writes {
    mails: Vec<NewMail>,
    events: Vec<Event>,
    sent: Vec<(InvitationId, i64)>,
}

fn one(
    app: &App,
    c: &Scoped<'_>,
    batch: &ChartBatch,
    link: &MailedLink,
    mut sent: Vec<i64>,
    writes: &mut Writes,
) -> Result<JobOutcome, Fault> {
    let (now, ends_at) = (c.now(), link.expires_at);
    let grant = batch.grants_of(&link.chart).find(|grant| grant.access_id == link.access);
    let person = grant.and_then(|grant| batch.person(&grant.person_id));
    let (Some(grant), Some(person)) = (grant, person) else {
        return Err(Fault::Damaged(format!("invitation {} has no grant", link.invitation)));
    };
    if now >= ends_at || grant.not_now_at.is_some() {
        return Ok(JobOutcome::unchanged(Next::Done));
    }
    let Some(recipient) = recipient(batch, link, grant) else {
        let again = now.plus_hours(LOOK_AGAIN_HOURS).min(ends_at);
        return Ok(JobOutcome::unchanged(Next::At(again)));
    };
    let zone = mails::zone_of(person, &batch.practice);
    let next =
        |sent: &[i64]| reminders::next(&batch.policy, &zone, due_store::sent_at(ends_at), ends_at, sent, now);
    let due = next(&sent);
    let Some(due) = due.filter(|due| due.at <= now) else {
        return Ok(JobOutcome::unchanged(Next::At(due.map_or(ends_at, |due| due.at))));
    };
    let mail = reminder(app, c, batch, link, person, recipient, due.hours)?;
    writes.mails.push(mail);
    writes.sent.push((link.invitation, due.hours));
    let state = grant.phase(now).word();
    writes.events.push(Event {
        access: Some(link.access),
        old_state: state.into(),
        new_state: state.into(),
        ..Event::new(By::system(), AccessAction::Reminded)
            .on_chart(&link.chart)
            .with(serde_json::json!({ "generation": grant.generation, "hours": due.hours }))
    });
    sent.push(due.hours);
    let then = next(&sent).map_or(ends_at, |due| due.at);
    Ok(JobOutcome { next: Next::At(then), changed: Some(link.chart) })
}

/// Where a reminder goes; nothing while something stands against one that may pass: a suspended practice, a
/// locked link, an address that mail does not reach.
fn recipient<'a>(batch: &'a ChartBatch, link: &MailedLink, grant: &'a AccessRow) -> Option<&'a EmailAddress> {
    let is_open = batch.chart(&link.chart).is_some_and(|chart| chart.state == "open");
    let is_reached = reminders::reaches(batch.mailable(&grant.person_id), grant.invited_address.as_ref());
    let may_go =
        batch.practice.suspended_at.is_none() && is_open && grant.state == State::Invited && is_reached;
    grant.invited_address.as_ref().filter(|_| may_go)
}

fn reminder(
    app: &App,
    c: &Scoped<'_>,
    batch: &ChartBatch,
    link: &MailedLink,
    person: &Person,
    recipient: &EmailAddress,
    hours: i64,
) -> Result<NewMail, Fault> {
    let sealed = link.sealed_token.as_deref().ok_or_else(|| {
        Fault::Damaged(format!("invitation {} went out by mail and has no token", link.invitation))
    })?;
    let opened = app.keys.open(&sealed_for(c.practice(), &link.invitation), sealed)?;
    let token = std::str::from_utf8(&opened).ok().and_then(Token::read).ok_or(Fault::Unsealable)?;
    let context = MailContext { practice: &batch.practice, policy: &batch.policy, person };
    Ok(NewMail {
        kind: AccessMail::Reminder.into(),
        dedupe_key: format!("access.reminder/{}/{hours}", link.invitation),
        chart: Some(link.chart),
        access: Some(link.access),
        subject: Some(store::subject_of(&link.invitation)),
        reader: MailReader::Grant(link.access),
        recipient: recipient.clone(),
        letter: mails::reminder(app, context, &token, link.expires_at),
    })
}
