//! Endings and what undoes them: cancel, unlock, revoke, restore, sign out, and what the face sheet
//! sets in motion.

use crate::features::access::accounts;
use crate::features::access::actions::{Outcome, Refused, notify_changed};
use crate::features::access::lifecycle::{Effect, Event, Phase, State, decide};
use crate::features::access::mails::{self, MailContext};
use crate::features::access::overview;
use crate::features::access::store::{self, AccessRow, InvitationState};
use crate::features::people::{Address, AddressKind, addresses_of, load_person};
use crate::features::practice;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::platform::audit::{self, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::Fault;
use crate::platform::outbox::{self, NewMail};
use crate::platform::state::{App, AppState};
use crate::platform::web::session::{self, Audience};

/// What ends a grant or its invitation, or undoes the ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Takes the invitation back.
    Cancel,
    /// Opens a locked link again after the chart was corrected.
    Unlock,
    /// Takes the access away, for this reason; open sessions end at once.
    Revoke(String),
    /// Gives it back: the old password works again, and a mail says so.
    Restore,
}

impl Act {
    /// The life cycle's event, the trail's word, and why.
    fn parts(&self) -> (Event, &'static str, &str) {
        match self {
            Self::Cancel => (Event::Cancel, "access.canceled", ""),
            Self::Unlock => (Event::Unlock, "access.unlocked", ""),
            Self::Revoke(reason) => (Event::Revoke, "access.revoked", reason),
            Self::Restore => (Event::Restore, "access.restored", ""),
        }
    }
}

/// See [`Act::Cancel`].
pub async fn cancel(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    act(app, scope, by, access, Act::Cancel).await
}

/// See [`Act::Unlock`].
pub async fn unlock(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    act(app, scope, by, access, Act::Unlock).await
}

/// See [`Act::Revoke`].
pub async fn revoke(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    reason: String,
) -> Outcome<()> {
    act(app, scope, by, access, Act::Revoke(reason)).await
}

/// See [`Act::Restore`].
pub async fn restore(app: &AppState, scope: &PracticeScope, by: By, access: AccessId) -> Outcome<()> {
    act(app, scope, by, access, Act::Restore).await
}

async fn act(app: &AppState, scope: &PracticeScope, by: By, access: AccessId, act: Act) -> Outcome<()> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| act_in(&inside, c, &by, &access, &act)).await?;
    Ok(outcome.map(|chart| notify_changed(app, scope, &chart)))
}

/// The same inside a transaction of the caller's; gives the chart, for [`tell`] after the commit.
pub fn act_in(app: &App, c: &mut Scoped<'_>, by: &By, access: &AccessId, act: &Act) -> Outcome<ChartId> {
    let Some(mut row) = store::lock_access(c, access)? else { return Ok(Err(Refused::NotFound)) };
    let (event, action, reason) = act.parts();
    let Change { effects, told } = match change(c, by, &mut row, event, action, reason)? {
        Ok(change) => change,
        Err(refused) => return Ok(Err(refused)),
    };
    if effects.contains(&Effect::MailRestored) {
        mail_restored(app, c, &row)?;
    }
    audit::record(c, told)?;
    Ok(Ok(row.chart_id))
}

/// A change that was written: what mail is still to be queued, and the audit event, which is the
/// caller's to record last.
pub(super) struct Change {
    pub(super) effects: Vec<Effect>,
    pub(super) told: audit::Event,
}

/// One event on one held grant: decides, saves, ends what is to end.
pub(super) fn change(
    c: &mut Scoped<'_>,
    by: &By,
    row: &mut AccessRow,
    event: Event,
    action: &'static str,
    reason: &str,
) -> Outcome<Change> {
    let now = c.now();
    let before = row.phase(now);
    let account = row.account_practice_id.clone().zip(row.account_id.clone());
    let decision = match decide(&row.grant(), event, now) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Err(refusal.into())),
    };
    row.take(&decision.grant, now, &by.actor.name());
    if !reason.is_empty() {
        reason.clone_into(&mut row.reason);
    }
    store::save_access(c, row)?;
    for effect in &decision.effects {
        match effect {
            Effect::EndLink(ending) => end_link(c, row, (*ending).into())?,
            Effect::EndSessions => end_sessions(c, account.as_ref().map(|(_, id)| id))?,
            Effect::RemoveSignIn => accounts::remove_unused(c, account.as_ref())?,
            Effect::NewLink { .. } | Effect::MailRestored | Effect::MailRegistered => {}
        }
    }
    let mut details = serde_json::json!({ "generation": row.generation });
    if !reason.is_empty() {
        details["reason"] = serde_json::json!(reason);
    }
    let told = audit::Event {
        access: Some(row.access_id.clone()),
        old_state: before.word().into(),
        new_state: row.phase(now).word().into(),
        ..audit::Event::new(by.clone(), action).on_chart(&row.chart_id).with(details)
    };
    Ok(Ok(Change { effects: decision.effects, told }))
}

/// Ends the live generation of a grant, and its mail that has not left.
pub(super) fn end_link(c: &mut Scoped<'_>, row: &AccessRow, state: InvitationState) -> Result<(), Fault> {
    for (_, invitation) in store::live_invitations(c, std::slice::from_ref(&row.access_id))? {
        store::end_invitations(c, std::slice::from_ref(&invitation), state, None)?;
        outbox::cancel_about(c, &store::subject_of(&invitation))?;
    }
    Ok(())
}

/// Ends the account's sessions here. Its sessions of another home practice stay open, and find the
/// grant gone with their next request.
fn end_sessions(c: &mut Scoped<'_>, account: Option<&AccountId>) -> Result<(), Fault> {
    if let Some(account) = account {
        // Whoever is signing in with it now has either come in, and goes with the others, or finds the
        // grant as it is after this.
        accounts::lock_account(c, account)?;
        session::end_all(c, Audience::Client, &account.to_string())?;
    }
    Ok(())
}

/// Where a mail to the holder of a grant goes.
pub(super) fn address_on_file(c: &mut Scoped<'_>, row: &AccessRow) -> Result<Option<EmailAddress>, Fault> {
    let addresses = addresses_of(c, &row.person_id)?;
    let address = overview::address_on_file(&addresses, row.invited_address.as_ref());
    Ok(address.and_then(|a| EmailAddress::parse(&a.value).ok()))
}

fn mail_restored(app: &App, c: &mut Scoped<'_>, row: &AccessRow) -> Result<(), Fault> {
    let (Some(recipient), Some(person)) = (address_on_file(c, row)?, load_person(c, &row.person_id)?) else {
        return Ok(());
    };
    let practice = practice::load(c)?;
    let desk = MailContext { practice: &practice, policy: &practice.policy(), person: &person };
    let mail = NewMail {
        kind: "access.restored",
        dedupe_key: format!("access.restored/{}/{}", row.access_id, row.version),
        chart: Some(row.chart_id.clone()),
        access: Some(row.access_id.clone()),
        subject: None,
        recipient,
        letter: mails::restored(app, desk),
    };
    outbox::enqueue(app, c, mail).map(drop)
}

/// Ends every open session of the grant's account.
pub async fn sign_out_everywhere(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
) -> Outcome<()> {
    let outcome = app
        .db
        .write(scope, move |c| {
            let Some(row) = store::load_access(c, &access)? else { return Ok(Err(Refused::NotFound)) };
            end_sessions(c, row.account_id.as_ref())?;
            let state = row.phase(c.now()).word();
            audit::record(
                c,
                audit::Event {
                    access: Some(row.access_id.clone()),
                    old_state: state.into(),
                    new_state: state.into(),
                    ..audit::Event::new(by.clone(), "access.signed_out").on_chart(&row.chart_id)
                },
            )?;
            Ok(Ok(row.chart_id))
        })
        .await?;
    Ok(outcome.map(|chart| app.live.chart_changed(scope.id(), &chart)))
}

/// How somebody on a face sheet stands with the portal, as far as a change of their address matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A link is out to this address; it ends when the address goes.
    LinkOut(EmailAddress),
    /// They have portal access. Its sign-in name stays what it is.
    Registered,
}

/// Who of these people stands how; nobody without an open link or portal access.
pub fn reach_of(c: &mut Scoped<'_>, people: &[PersonId]) -> Result<Vec<(PersonId, Reach)>, Fault> {
    let rows = store::access_of_people(c, people)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let reach = match (row.state, row.is_out(), row.invited_address) {
                (State::Active, ..) => Reach::Registered,
                (_, true, Some(address)) => Reach::LinkOut(address),
                _ => return None,
            };
            Some((row.person_id, reach))
        })
        .collect())
}

/// Must a reason be given before these addresses leave a person's part of the face sheet (INV-08)? It
/// must where a link is out to one of them, and where the person has portal access.
pub fn wants_reason(c: &mut Scoped<'_>, person: &PersonId, gone: &[String]) -> Result<bool, Fault> {
    if gone.is_empty() {
        return Ok(false);
    }
    Ok(reach_of(c, std::slice::from_ref(person))?.into_iter().any(|(_, reach)| match reach {
        Reach::LinkOut(address) => gone.contains(&address.key()),
        Reach::Registered => true,
    }))
}

/// Called by the face sheet's save, in its transaction, after a person's addresses were written:
/// `before` is what stood there. Links on their way to an address that is no longer theirs end, and
/// the old address of somebody with portal access is told (INV-08). Gives the charts whose link ended.
pub fn addresses_changed(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    person: &PersonId,
    before: &[Address],
    reason: &str,
) -> Result<Vec<ChartId>, Fault> {
    let is_usable = |a: &&Address| a.kind == AddressKind::Email && a.may_mail;
    let after = addresses_of(c, person)?;
    let kept: Vec<&str> = after.iter().filter(is_usable).map(|a| a.value_key.as_str()).collect();
    let gone: Vec<&Address> =
        before.iter().filter(is_usable).filter(|a| !kept.contains(&a.value_key.as_str())).collect();
    let (mut events, mut ended) = (Vec::new(), Vec::new());
    let mut told_about = None;
    for mut row in store::access_of_people(c, std::slice::from_ref(person))? {
        if row.generation > 0 {
            told_about.get_or_insert((row.chart_id.clone(), row.access_id.clone()));
        }
        if row.state == State::Active && !gone.is_empty() {
            events.push(email_changed(by, &row, reason));
        }
        let Some(invited) = &row.invited_address else { continue };
        if !row.is_out() || kept.contains(&invited.key().as_str()) {
            continue;
        }
        if let Ok(Change { told, .. }) =
            change(c, by, &mut row, Event::AddressChanged, "access.address_changed", reason)?
        {
            events.push(told);
            ended.push(row.chart_id);
        }
    }
    if let (Some((chart, access)), false, Some(person)) =
        (told_about, gone.is_empty(), load_person(c, person)?)
    {
        let practice = practice::load(c)?;
        let policy = practice.policy();
        let at = c.now().micros();
        for (place, old) in gone.iter().enumerate() {
            // To an address that never worked nothing more is sent.
            let Ok(recipient) = EmailAddress::parse(&old.value) else { continue };
            if old.undeliverable_at.is_some() {
                continue;
            }
            let mail = NewMail {
                kind: "access.address_changed",
                dedupe_key: format!("access.address_changed/{access}/{at}/{place}"),
                chart: Some(chart.clone()),
                access: Some(access.clone()),
                subject: None,
                recipient,
                letter: mails::address_changed(MailContext {
                    practice: &practice,
                    policy: &policy,
                    person: &person,
                }),
            };
            outbox::enqueue(app, c, mail)?;
        }
    }
    audit::record_many(c, events)?;
    Ok(ended)
}

/// Somebody with portal access is written to elsewhere from now on; their sign-in stays.
fn email_changed(by: &By, row: &AccessRow, reason: &str) -> audit::Event {
    let mut event = audit::Event::new(by.clone(), "access.email_changed").on_chart(&row.chart_id);
    event.access = Some(row.access_id.clone());
    event.old_state = Phase::Active.word().into();
    event.new_state = Phase::Active.word().into();
    if !reason.is_empty() {
        event.details = serde_json::json!({ "reason": reason });
    }
    event
}

/// Called by whoever closes a chart, in that transaction: its open invitations end (INV-07).
pub fn chart_closed(c: &mut Scoped<'_>, by: &By, chart: &ChartId) -> Result<(), Fault> {
    let mut events = Vec::new();
    for mut row in store::access_of_charts(c, std::slice::from_ref(chart))? {
        if let Ok(Change { told, .. }) = change(c, by, &mut row, Event::Cancel, "access.canceled", "")? {
            events.push(told);
        }
    }
    audit::record_many(c, events)
}
