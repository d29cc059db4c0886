//! Sending: the first invitation, resends, many at once, to another address, on paper. All of them
//! are one batch of orders, so that what holds for one holds for ten thousand.

use std::collections::HashMap;

use crate::features::access::actions::{Doubt, InviteOrder, Outcome, Refused, Sent, notify_changed};
use crate::features::access::address_use::AddressUse;
use crate::features::access::chart_batch::{ChartBatch, is_minor};
use crate::features::access::lifecycle::{Decision, Effect, Event, Grant, Refusal, State, decide};
use crate::features::access::mails::{self, MailContext, Reader};
use crate::features::access::overview::GrantRole;
use crate::features::access::store::{self, AccessRow, Channel, InvitationRow, InvitationState};
use crate::features::people::put_email_first;
use crate::features::practice;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, InvitationId, PersonId, PracticeId};
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::audit::{self, By};
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::outbox::{self, NewMail};
use crate::platform::state::{App, AppState};

/// Charts of one transaction: short enough that other writers are not kept waiting.
const CHUNK: usize = 500;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SendMode {
    /// A first invitation, or one after an ending.
    Invite,
    /// A new link in the place of one that is out.
    Resend {
        /// The generation on the screen.
        seen: Option<i32>,
    },
    /// Whichever of the two applies.
    Either {
        /// The generation on the screen.
        seen: Option<i32>,
    },
    /// To another address: what went to the old one ends first.
    OtherAddress,
}

/// One link to be made.
#[derive(Clone, Debug)]
struct Order {
    chart: ChartId,
    /// Whose grant; `None` for the chart owner's.
    person: Option<PersonId>,
    what: SendMode,
    address: Option<EmailAddress>,
    confirmed: Vec<Doubt>,
    channel: Channel,
    reason: String,
}

impl Order {
    fn new(chart: ChartId, what: SendMode) -> Self {
        Self {
            chart,
            person: None,
            what,
            address: None,
            confirmed: vec![],
            channel: Channel::Mail,
            reason: String::new(),
        }
    }
}

/// A link that was made. Token and code exist only here and in the mail.
struct Made {
    sent: Sent,
    token: Token,
    code: Option<ShortCode>,
}

/// Sends the first invitation, or one after an ending.
pub async fn invite(app: &AppState, scope: &PracticeScope, by: By, order: InviteOrder) -> Outcome<Sent> {
    let inside = app.clone();
    let sent = app.db.write(scope, move |c| invite_in(&inside, c, &by, &order)).await?;
    Ok(sent.inspect(|sent| notify_changed(app, scope, &sent.chart)))
}

/// The same inside a transaction of the caller's, who calls [`tell`] after the commit.
pub fn invite_in(app: &App, c: &mut Scoped<'_>, by: &By, order: &InviteOrder) -> Outcome<Sent> {
    let InviteOrder { chart, address, confirmed } = order.clone();
    one_in(app, c, by, Order { address, confirmed, ..Order::new(chart, SendMode::Invite) })
}

/// What staff should look at before somebody who is not on file yet is invited at this address:
/// `born` is the client's birth date, `contacts` are the folded addresses of the others on the new
/// chart.
pub fn doubts_of_new(
    c: &mut Scoped<'_>,
    address: &EmailAddress,
    born: Option<jiff::civil::Date>,
    contacts: &[String],
) -> Result<Vec<(Doubt, String)>, Fault> {
    let key = address.key();
    let mut doubts =
        AddressUse::load(c, std::slice::from_ref(&key))?.doubts(address, None, &[], false, false);
    let today = c.now().in_zone(&practice::load(c)?.zone()).date();
    if born.is_some_and(|born| is_minor(born, today)) && contacts.contains(&key) {
        doubts.push((Doubt::GuardiansOwn, String::new()));
    }
    Ok(doubts)
}

/// Sends a new link; the earlier ones stop working. `seen` is the generation on the screen of
/// whoever confirmed: if a colleague has resent since, theirs counts
/// ([`Refusal::AlreadyResent`]) and no second mail goes out. An address that sent a mail back is a
/// doubt that has to be `confirmed`.
pub async fn resend(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    seen: Option<i32>,
    confirmed: Vec<Doubt>,
) -> Outcome<Sent> {
    let inside = app.clone();
    let sent =
        app.db.write(scope, move |c| resend_in(&inside, c, &by, &access, seen, confirmed.clone())).await?;
    Ok(sent.inspect(|sent| notify_changed(app, scope, &sent.chart)))
}

/// The same inside a transaction of the caller's, who calls [`tell`] after the commit.
pub fn resend_in(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    access: &AccessId,
    seen: Option<i32>,
    confirmed: Vec<Doubt>,
) -> Outcome<Sent> {
    let Some(row) = store::load_access(c, access)? else { return Ok(Err(Refused::NotFound)) };
    one_in(
        app,
        c,
        by,
        Order {
            person: Some(row.person_id),
            confirmed,
            ..Order::new(row.chart_id, SendMode::Resend { seen })
        },
    )
}

fn one_in(app: &App, c: &mut Scoped<'_>, by: &By, order: Order) -> Outcome<Sent> {
    let mut made = batch(app, c, by, &[order])?;
    Ok(made.pop().unwrap_or(Err(Refused::NotFound)).map(|made| made.sent))
}

/// Invites or resends, whichever each chart's owner needs, in as few transactions as the practice's
/// other work allows. The answers stand in the order of the charts; a chart that is named twice is
/// sent to once. Doubtful addresses are passed over: somebody must look at those one by one.
pub async fn send_many(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    charts: Vec<ChartId>,
) -> Result<Vec<(ChartId, Result<Sent, Refused>)>, Fault> {
    let mut answers: HashMap<ChartId, Result<Sent, Refused>> = HashMap::with_capacity(charts.len());
    let mut once: Vec<ChartId> = charts.clone();
    once.sort();
    once.dedup();
    for some in once.chunks(CHUNK) {
        let orders: Vec<Order> =
            some.iter().map(|chart| Order::new(chart.clone(), SendMode::Either { seen: None })).collect();
        let made = send_batch(app, scope, by.clone(), orders).await?;
        for (chart, answer) in some.iter().zip(made) {
            answers.insert(chart.clone(), answer.map(|made| made.sent));
        }
    }
    let answer = |chart: &ChartId| answers.get(chart).cloned().unwrap_or(Err(Refused::NotFound));
    Ok(charts.into_iter().map(|chart| (chart.clone(), answer(&chart))).collect())
}

/// Changes the address on the face sheet and sends a new link there (INV-08: with a reason; the old
/// address is told).
pub async fn change_email_and_resend(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    address: EmailAddress,
    confirmed: Vec<Doubt>,
    reason: String,
) -> Outcome<Sent> {
    let Some((chart, person)) = find(app, scope, access).await? else { return Ok(Err(Refused::NotFound)) };
    let order = Order {
        person: Some(person),
        address: Some(address),
        confirmed,
        reason,
        ..Order::new(chart, SendMode::OtherAddress)
    };
    Ok(send_one(app, scope, by, order).await?.map(|made| made.sent))
}

/// A new link on paper for the chart owner, whether or not anybody was invited before. The token and
/// the code exist only here.
pub async fn letter_for_chart(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    chart: ChartId,
    seen: Option<i32>,
) -> Outcome<(Sent, Token, ShortCode)> {
    print(app, scope, by, Order::new(chart, SendMode::Either { seen })).await
}

/// A new link on paper: the earlier ones stop working. The token and the code exist only here.
pub async fn letter(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    access: AccessId,
    seen: Option<i32>,
) -> Outcome<(Sent, Token, ShortCode)> {
    let Some((chart, person)) = find(app, scope, access).await? else { return Ok(Err(Refused::NotFound)) };
    print(app, scope, by, Order { person: Some(person), ..Order::new(chart, SendMode::Either { seen }) })
        .await
}

async fn print(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    order: Order,
) -> Outcome<(Sent, Token, ShortCode)> {
    let made = send_one(app, scope, by, Order { channel: Channel::Letter, ..order }).await?;
    Ok(match made {
        Ok(Made { sent, token, code: Some(code) }) => Ok((sent, token, code)),
        Ok(_) => return Err(Fault::other("a letter was made without its code")),
        Err(refused) => Err(refused),
    })
}

async fn find(
    app: &AppState,
    scope: &PracticeScope,
    access: AccessId,
) -> Result<Option<(ChartId, PersonId)>, Fault> {
    let row = app.db.read(scope, move |c| store::load_access(c, &access)).await?;
    Ok(row.map(|row| (row.chart_id, row.person_id)))
}

async fn send_one(app: &AppState, scope: &PracticeScope, by: By, order: Order) -> Outcome<Made> {
    let mut made = send_batch(app, scope, by, vec![order]).await?;
    Ok(made.pop().unwrap_or(Err(Refused::NotFound)))
}

/// With more orders than this a transaction takes long enough to be by itself.
const LONG: usize = 50;

/// One transaction for all of these orders; the answers stand in their order.
async fn send_batch(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    orders: Vec<Order>,
) -> Result<Vec<Result<Made, Refused>>, Fault> {
    let inside = app.clone();
    let is_long = orders.len() > LONG;
    let work = move |c: &mut Scoped<'_>| batch(&inside, c, &by, &orders);
    let made =
        if is_long { app.db.write_alone(scope, work).await? } else { app.db.write(scope, work).await? };
    for one in made.iter().flatten() {
        notify_changed(app, scope, &one.sent.chart);
    }
    Ok(made)
}

/// What an order comes to, before anything is written.
struct Plan {
    row: AccessRow,
    is_new: bool,
    ends: Option<InvitationState>,
    invitation: InvitationId,
    address: Option<EmailAddress>,
    expires_at: Timestamp,
    event: audit::Event,
}

fn batch(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    orders: &[Order],
) -> Result<Vec<Result<Made, Refused>>, Fault> {
    decided_batch(app, c, by, orders).map_err(|fault| match fault {
        // Two first invitations of one chart at once: run again, and find the other's.
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two made a grant or a link at once")
        }
        other => other,
    })
}

fn decided_batch(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    orders: &[Order],
) -> Result<Vec<Result<Made, Refused>>, Fault> {
    let charts: Vec<ChartId> = orders.iter().map(|order| order.chart.clone()).collect();
    store::lock_charts(c, &charts)?;
    let files = ChartBatch::load(c, &charts)?;
    let elsewhere = AddressUse::load(c, &keys_to_look_up(&files, orders))?;
    let mut work = PendingWrites::default();
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        answers.push(match plan(c, by, &files, &elsewhere, order) {
            Ok(plan) => Ok(work.take(app, c, by, &files, order, plan)?),
            Err(refused) => Err(refused),
        });
    }
    work.write(app, c)?;
    Ok(answers)
}

/// The addresses that these orders would go to.
fn keys_to_look_up(files: &ChartBatch, orders: &[Order]) -> Vec<String> {
    let mut keys: Vec<String> = orders
        .iter()
        .filter_map(|order| {
            let chart = files.chart(&order.chart)?;
            let person = order.person.as_ref().unwrap_or(&chart.owner_person_id);
            let invited = files.grant(&order.chart, person).and_then(|grant| grant.invited_address.as_ref());
            Some(order.address.clone().or_else(|| files.address(person, invited))?.key())
        })
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Loads nothing and writes nothing: decides what an order comes to.
fn plan(
    c: &Scoped<'_>,
    by: &By,
    files: &ChartBatch,
    elsewhere: &AddressUse,
    order: &Order,
) -> Result<Plan, Refused> {
    let now = c.now();
    let chart = files.chart(&order.chart).ok_or(Refused::NotFound)?;
    let person = order.person.as_ref().unwrap_or(&chart.owner_person_id);
    if files.person(person).is_none() {
        return Err(Refused::NotFound);
    }
    if chart.state != "open" {
        return Err(Refused::ChartClosed);
    }
    let known = files.grant(&order.chart, person);
    let mut row =
        known.cloned().unwrap_or_else(|| AccessRow::fresh(c, &order.chart, person, GrantRole::Owner));
    let old_state = row.phase(now);
    let Decision { grant, effects } = decided(&row.grant(), order.what, now)?;
    if !files.is_checkable(chart) {
        return Err(Refused::NotCheckable);
    }
    let address = match order.channel {
        Channel::Letter => None,
        Channel::Mail => Some(
            order
                .address
                .clone()
                .or_else(|| files.address(person, row.invited_address.as_ref()))
                .ok_or(Refused::NoAddress)?,
        ),
    };
    let is_resend = row.generation > 0;
    if let Some(address) = &address {
        if is_resend && let (0, Some(next)) = files.resends_left(&row.access_id, now) {
            return Err(Refused::TooManyToday(next));
        }
        // A resend repeats what staff have looked at before; that a mail came back since is news.
        let is_dead = files.is_undeliverable(person, address);
        let same = row.invited_address.as_ref().is_some_and(|before| before.key() == address.key());
        let repeats = same && matches!(row.state, State::Invited | State::Locked);
        let mut doubts = elsewhere.doubts(
            address,
            Some(person),
            &files.family(chart),
            files.is_minor(chart, now),
            is_dead,
        );
        doubts.retain(|(doubt, _)| !repeats || *doubt == Doubt::Undeliverable);
        if doubts.iter().any(|(doubt, _)| !order.confirmed.contains(doubt)) {
            return Err(Refused::Doubtful(doubts));
        }
    }
    let ends = effects.iter().find_map(|effect| match effect {
        Effect::EndLink(ending) => Some(InvitationState::from(*ending)),
        _ => None,
    });
    row.take(&grant, now, &by.actor.name());
    row.invited_address = address.clone();
    row.asked_at = None;
    let action = match (order.what, order.channel) {
        (_, Channel::Letter) => "access.letter_printed",
        (SendMode::OtherAddress, Channel::Mail) => "access.resent_elsewhere",
        (_, Channel::Mail) if is_resend => "access.resent",
        (_, Channel::Mail) => "access.invited",
    };
    let mut details = serde_json::json!({ "generation": row.generation });
    if !order.confirmed.is_empty() {
        details["confirmed"] = serde_json::json!(order.confirmed);
    }
    if !order.reason.is_empty() {
        details["reason"] = serde_json::json!(order.reason);
    }
    let event = audit::Event {
        access: Some(row.access_id.clone()),
        old_state: old_state.word().into(),
        new_state: row.phase(now).word().into(),
        ..audit::Event::new(by.clone(), action).on_chart(&order.chart).with(details)
    };
    Ok(Plan {
        is_new: known.is_none(),
        ends,
        invitation: InvitationId::fresh(c.rng(), now),
        address,
        // An open invitation always has its end; the life cycle sets it.
        expires_at: row.expires_at.unwrap_or(now),
        event,
        row,
    })
}

fn decided(grant: &Grant, what: SendMode, now: Timestamp) -> Result<Decision, Refusal> {
    match what {
        SendMode::Invite => decide(grant, Event::Invite, now),
        SendMode::Resend { seen } => decide(grant, Event::Resend { seen }, now),
        SendMode::Either { seen } => match grant.state {
            State::Invited | State::Locked => decide(grant, Event::Resend { seen }, now),
            _ => decide(grant, Event::Invite, now),
        },
        SendMode::OtherAddress => {
            let Decision { grant, mut effects } = decide(grant, Event::AddressChanged, now)?;
            let next = decide(&grant, Event::Invite, now)?;
            effects.extend(next.effects);
            Ok(Decision { grant: next.grant, effects })
        }
    }
}

/// An address for a face sheet: on which chart, whose, which, in the place of which.
type NewEmail = (ChartId, PersonId, EmailAddress, Option<EmailAddress>);

/// Everything that a batch writes, gathered, so that each table is written in one go.
#[derive(Default)]
struct PendingWrites {
    ended: Vec<(InvitationId, InvitationState)>,
    fresh: Vec<AccessRow>,
    changed: Vec<AccessRow>,
    invitations: Vec<InvitationRow>,
    emails: Vec<NewEmail>,
    mails: Vec<NewMail>,
    events: Vec<audit::Event>,
}

/// The place that an invitation's token is sealed for.
pub(super) fn sealed_for(practice: &PracticeId, invitation: &InvitationId) -> String {
    format!("{practice}/invitation/sealed_token/{invitation}")
}

impl PendingWrites {
    fn take(
        &mut self,
        app: &App,
        c: &Scoped<'_>,
        by: &By,
        files: &ChartBatch,
        order: &Order,
        plan: Plan,
    ) -> Result<Made, Fault> {
        let (now, practice) = (c.now(), c.practice().clone());
        let Plan { row, is_new, ends, invitation, address, expires_at, event } = plan;
        if let (Some(state), Some(live)) = (ends, files.live(&row.access_id)) {
            self.ended.push((live.clone(), state));
        }
        let token = Token::fresh(c.rng());
        let code = (order.channel == Channel::Letter).then(|| ShortCode::fresh(c.rng()));
        // Only a mail is ever repeated by a reminder.
        let sealed_token = match order.channel {
            Channel::Letter => None,
            Channel::Mail => {
                let place = sealed_for(&practice, &invitation);
                Some(app.keys.seal(&place, token.reveal().as_bytes(), c.rng())?)
            }
        };
        self.invitations.push(InvitationRow {
            practice_id: practice,
            invitation_id: invitation.clone(),
            access_id: row.access_id.clone(),
            generation: row.generation,
            channel: order.channel,
            state: InvitationState::Live,
            token_hash: token.hash(),
            code_hash: code.as_ref().map(ShortCode::hash),
            address: address.clone(),
            sent_at: now,
            expires_at,
            sent_by_name: by.actor.name(),
            opened_at: None,
            ended_at: None,
            nonce_hash: None,
            sealed_token,
        });
        if let Some(address) = &address {
            self.write_to(app, files, order, &row, &invitation, address, &token)?;
        }
        self.events.push(event);
        let sent = Sent {
            chart: row.chart_id.clone(),
            access: row.access_id.clone(),
            invitation,
            generation: row.generation,
            address,
            expires_at,
        };
        if is_new {
            self.fresh.push(row);
        } else {
            self.changed.push(row);
        }
        Ok(Made { sent, token, code })
    }

    /// The mail, the word to the old address, and the address on the face sheet.
    fn write_to(
        &mut self,
        app: &App,
        files: &ChartBatch,
        order: &Order,
        row: &AccessRow,
        invitation: &InvitationId,
        address: &EmailAddress,
        token: &Token,
    ) -> Result<(), Fault> {
        let person = files
            .person(&row.person_id)
            .ok_or_else(|| Fault::Damaged(format!("grant {} has no person", row.access_id)))?;
        let desk = MailContext { practice: &files.practice, policy: &files.policy, person };
        let before =
            files.grant(&row.chart_id, &row.person_id).and_then(|grant| grant.invited_address.clone());
        let old = before
            .or_else(|| files.address(&row.person_id, None))
            .filter(|old| order.what == SendMode::OtherAddress && old.key() != address.key());
        let is_on_file = files.mailable(&row.person_id).any(|a| a.value_key == address.key());
        if !is_on_file || old.is_some() {
            self.emails.push((row.chart_id.clone(), row.person_id.clone(), address.clone(), old.clone()));
        }
        let mut mail = |kind, recipient: EmailAddress, link: Option<InvitationId>, letter| {
            self.mails.push(NewMail {
                kind,
                dedupe_key: format!("{kind}/{invitation}"),
                chart: Some(row.chart_id.clone()),
                access: Some(row.access_id.clone()),
                subject: link.as_ref().map(store::subject_of),
                recipient,
                letter,
            });
        };
        if let Some(old) = old.filter(|old| !files.is_undeliverable(&row.person_id, old)) {
            mail("access.address_changed", old, None, mails::address_changed(desk));
        }
        let is_client = files.chart(&row.chart_id).is_some_and(|chart| chart.person_id == row.person_id);
        let reader = if is_client { Reader::Client } else { Reader::Contact };
        let expires_at = row.expires_at.unwrap_or(row.since_at);
        let letter = mails::invitation(app, desk, reader, token, expires_at);
        mail("access.invitation", address.clone(), Some(invitation.clone()), letter);
        Ok(())
    }

    fn write(mut self, app: &App, c: &mut Scoped<'_>) -> Result<(), Fault> {
        for state in InvitationState::ALL {
            let ids: Vec<InvitationId> =
                self.ended.iter().filter(|(_, s)| s == state).map(|(id, _)| id.clone()).collect();
            if !ids.is_empty() {
                store::end_invitations(c, &ids, *state, None)?;
            }
        }
        for (invitation, _) in &self.ended {
            outbox::cancel_about(c, &store::subject_of(invitation))?;
        }
        store::insert_access(c, &self.fresh)?;
        for row in &mut self.changed {
            store::save_access(c, row)?;
        }
        store::insert_invitations(c, &self.invitations)?;
        for (chart, person, address, old) in &self.emails {
            put_email_first(c, chart, person, address, old.as_ref())?;
        }
        outbox::enqueue_many(app, c, self.mails)?;
        audit::record_many(c, self.events)
    }
}
