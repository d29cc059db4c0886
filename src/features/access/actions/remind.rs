//! Reminders before a link ends. A reminder repeats the same link and makes no new generation, which
//! is why the token is kept sealed in the invitation's row while the link is live.

use diesel::prelude::*;

use crate::features::access::actions::apply::sealed_for;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::lifecycle::{LINK_HOURS, State};
use crate::features::access::mails::{self, MailContext};
use crate::features::access::reminders;
use crate::features::access::store::{self, Channel, InvitationState};
use crate::features::practice::{self, Suspended};
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId};
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, By};
use crate::platform::db::schema::{invitation, portal_access};
use crate::platform::db::{Lock, OpenedBy, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::outbox::{self, NewMail};
use crate::platform::state::{App, AppState};

/// Invitations of one transaction.
const CHUNK: usize = 200;

/// Sends the reminders that are due in every practice (caps, quiet hours); returns how many.
pub async fn send_due_reminders(app: &AppState) -> Result<usize, Fault> {
    let practices = app.db.system_read(|system| practice::ids(system, Suspended::LeftOut)).await?;
    let mut sent = 0;
    for id in practices {
        let scope = PracticeScope::opened_by(OpenedBy::Worker, id);
        let open = app.db.read(&scope, open_invitations).await?;
        for some in open.chunks(CHUNK) {
            let looked_at = some.to_vec();
            let due = {
                let looked_at = looked_at.clone();
                app.db.read(&scope, move |c| due_now(c, &looked_at)).await?
            };
            if due.is_empty() {
                continue;
            }
            let inside = app.clone();
            let reminded = app.db.write(&scope, move |c| remind(&inside, c, &due)).await?;
            sent += reminded.len();
            for chart in &reminded {
                app.live.chart_changed(scope.id(), chart);
            }
        }
    }
    if sent > 0 {
        app.outbox_bell.notify_one();
    }
    Ok(sent)
}

type Open = (ChartId, AccessId, InvitationId);

/// Links that are out, good, and were sent by mail, the nearest end first.
fn open_invitations(c: &mut Scoped<'_>) -> Result<Vec<Open>, Fault> {
    let now = c.now();
    Ok(portal_access::table
        .inner_join(
            invitation::table.on(invitation::practice_id
                .eq(portal_access::practice_id)
                .and(invitation::access_id.eq(portal_access::access_id))
                .and(invitation::generation.eq(portal_access::generation))),
        )
        .filter(portal_access::practice_id.eq(c.practice().clone()))
        .filter(portal_access::state.eq(State::Invited))
        .filter(portal_access::expires_at.gt(now))
        .filter(portal_access::expires_at.le(now.plus_hours(LINK_HOURS)))
        .filter(invitation::state.eq(InvitationState::Live))
        .filter(invitation::channel.eq(Channel::Mail))
        .order(portal_access::expires_at.asc())
        .select((portal_access::chart_id, portal_access::access_id, invitation::invitation_id))
        .load(c.conn)?)
}

/// Which of these are due now, by the hours of the policy's entry.
fn due_now(c: &mut Scoped<'_>, open: &[Open]) -> Result<Vec<(Open, i64)>, Fault> {
    let charts: Vec<ChartId> = open.iter().map(|(chart, ..)| chart.clone()).collect();
    let files = ChartBatch::load(c, &charts)?;
    let ids: Vec<InvitationId> = open.iter().map(|(_, _, id)| id.clone()).collect();
    let reminded = store::reminders_of(c, &ids)?;
    let now = c.now();
    let mut due = Vec::new();
    for one in open {
        let (chart, access, id) = one;
        let Some(grant) = files.grants_of(chart).find(|grant| &grant.access_id == access) else { continue };
        let (Some(person), Some(expires_at)) = (files.person(&grant.person_id), grant.expires_at) else {
            continue;
        };
        if files.chart(chart).is_none_or(|chart| chart.state != "open") || grant.state != State::Invited {
            continue;
        }
        if grant.not_now_at.is_some() {
            continue;
        }
        if !reminders::reaches(files.mailable(&grant.person_id), grant.invited_address.as_ref()) {
            continue;
        }
        let sent: Vec<i64> = reminded.iter().filter(|(of, _)| of == id).map(|(_, hours)| *hours).collect();
        let zone = mails::zone_of(person, &files.practice);
        let sent_at = expires_at.plus_hours(-LINK_HOURS);
        let next = reminders::next(&files.policy, &zone, sent_at, expires_at, &sent, now);
        if let Some(next) = next.filter(|next| next.at <= now) {
            due.push((one.clone(), next.hours));
        }
    }
    Ok(due)
}

fn remind(app: &App, c: &mut Scoped<'_>, due: &[(Open, i64)]) -> Result<Vec<ChartId>, Fault> {
    let charts: Vec<ChartId> = due.iter().map(|((chart, ..), _)| chart.clone()).collect();
    lock(c, Lock::Charts(&charts))?;
    // Asked once more now that nobody can resend, register or cancel meanwhile.
    let open: Vec<Open> = due.iter().map(|(one, _)| one.clone()).collect();
    let due = due_now(c, &open)?;
    let files = ChartBatch::load(c, &charts)?;
    let (mut mails, mut events, mut reminded, mut sent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((chart, access, id), hours) in due {
        let Some(sealed) = sealed_token(c, &id)? else { continue };
        let Some(grant) = files.grants_of(&chart).find(|grant| grant.access_id == access) else { continue };
        let (Some(person), Some(recipient), Some(expires_at)) =
            (files.person(&grant.person_id), grant.invited_address.clone(), grant.expires_at)
        else {
            continue;
        };
        let opened = app.keys.open(&sealed_for(c.practice(), &id), &sealed)?;
        let token = std::str::from_utf8(&opened).ok().and_then(Token::read).ok_or(Fault::Unsealable)?;
        let desk = MailContext { practice: &files.practice, policy: &files.policy, person };
        mails.push(NewMail {
            kind: "access.reminder",
            dedupe_key: format!("access.reminder/{id}/{hours}"),
            chart: Some(chart.clone()),
            access: Some(access.clone()),
            subject: Some(store::subject_of(&id)),
            recipient: EmailAddress::clone(&recipient),
            letter: mails::reminder(app, desk, &token, expires_at),
        });
        sent.push((id, hours));
        let state = grant.phase(c.now()).word();
        events.push(audit::Event {
            access: Some(access),
            old_state: state.into(),
            new_state: state.into(),
            ..audit::Event::new(By::system(), AccessAction::Reminded)
                .on_chart(&chart)
                .with(serde_json::json!({ "generation": grant.generation, "hours": hours }))
        });
        reminded.push(chart);
    }
    store::insert_reminders(c, &sent)?;
    outbox::enqueue_many(app, c, mails)?;
    audit::record_many(c, events)?;
    Ok(reminded)
}

fn sealed_token(c: &mut Scoped<'_>, id: &InvitationId) -> Result<Option<Vec<u8>>, Fault> {
    let found: Option<Option<Vec<u8>>> = invitation::table
        .filter(invitation::practice_id.eq(c.practice().clone()))
        .filter(invitation::invitation_id.eq(id.clone()))
        .filter(invitation::state.eq(InvitationState::Live))
        .select(invitation::sealed_token)
        .first(c.conn)
        .optional()?;
    Ok(found.flatten())
}
