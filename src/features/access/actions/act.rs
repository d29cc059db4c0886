//! What staff, the API and the command line do with grants. One grant and ten thousand run the same
//! code, as a batch.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::features::access::actions::apply::{Brings, Change, NewEmail, PendingWrites};
use crate::features::access::actions::handover::{self, Authority};
use crate::features::access::actions::outcome::{Done, Link, Outcome, Refused, Sent, notify_changed};
use crate::features::access::actions::terms::{self, GrantTerms};
use crate::features::access::actions::withhold;
use crate::features::access::address_use::AddressUse;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::{ChartBatch, Quotas, is_teen};
use crate::features::access::doubt::Doubt;
use crate::features::access::lifecycle::{Event, State, decide};
use crate::features::access::limits_store::Keeping;
use crate::features::access::permission::{Assent, Basis, Withheld};
use crate::features::access::store::{self, AccessRow, Channel};
use crate::features::people::{Chart, ContactMode};
use crate::features::practice::{self, Jurisdiction};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId, WithheldId};
use crate::platform::audit::By;
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::state::{App, AppState};
use crate::word_enum;

/// Charts of one transaction: short enough that other writers are not kept waiting.
const CHUNK: usize = 500;
/// With more charts than this a transaction takes long enough to be by itself.
const LONG: usize = 50;

word_enum! {
    /// The names of what can be done with a chart's portal access, as addresses and catalogue keys have them.
    pub enum ActName {
        /// See [`Act::Invite`].
        Invite = "invite",
        /// See [`Act::Resend`].
        Resend = "resend",
        /// See [`Act::Cancel`].
        Cancel = "cancel",
        /// See [`Act::Revoke`].
        Revoke = "revoke",
        /// See [`Act::Restore`].
        Restore = "restore",
        /// See [`Act::Unlock`].
        Unlock = "unlock",
        /// See [`Act::ChangeOwner`].
        ChangeOwner = "change-owner",
        /// See [`Act::ChangeEmail`].
        ChangeEmail = "change-email",
        /// See [`Act::Letter`].
        Letter = "letter",
        /// Mail a link that sets a new password: an act of the accounts feature.
        Reset = "reset",
        /// See [`Act::SignOut`].
        SignOut = "sign-out",
    }
}

impl ActName {
    /// The catalogue's key of one of its words.
    pub fn key(self, part: &str) -> String {
        format!("access-act-{self}-{part}")
    }
}

/// What is done with a grant. Pages, API and command line read what they are sent into this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends the first invitation, or one after an ending.
    Invite {
        /// To this address; it is put on the face sheet if it is not there. `None`: the first on the face
        /// sheet that may be used for mail.
        address: Option<EmailAddress>,
        /// Doubts that staff have looked at.
        confirmed: Vec<Doubt>,
    },
    /// Sends a new link; the earlier ones stop working.
    Resend {
        /// The generation that the confirming page showed: if a colleague has resent since, their link
        /// counts and no second mail goes out.
        seen: Option<i32>,
        /// Doubts that staff have looked at: an address that sent a mail back is one.
        confirmed: Vec<Doubt>,
    },
    /// Invites or resends, whichever the grant needs.
    Send,
    /// Changes the address on the face sheet and sends a new link there (INV-08: a mail
    /// informs the former address).
    ChangeEmail {
        /// The new address.
        address: EmailAddress,
        /// Doubts that staff have looked at.
        confirmed: Vec<Doubt>,
        /// Why.
        reason: String,
    },
    /// Prints a new link with a code to type; the earlier ones stop working.
    Letter {
        /// See [`Act::Resend`].
        seen: Option<i32>,
    },
    /// Takes the invitation back.
    Cancel,
    /// Opens a locked link again after the chart was corrected.
    Unlock,
    /// Takes the access away; open sessions end at once.
    Revoke {
        /// Why; may be empty.
        reason: String,
    },
    /// The holder does not need it any more.
    Leave,
    /// Gives it back: the old password works again, and a mail says so.
    Restore,
    /// Ends every open session of the grant's account.
    SignOut,
    /// Makes somebody else of the chart its owner. The former owner's access ends; the new owner is not
    /// invited by that.
    ChangeOwner {
        /// The client or a related contact.
        to: PersonId,
        /// Needed where an adult's record is given to somebody else, or a record to somebody who is not known
        /// to be an adult.
        authority: Option<Authority>,
        /// The hash of the list that whoever confirms has looked at, so that nothing else is done than it says;
        /// `None` where nobody looks at one.
        seen: Option<String>,
    },
    /// Makes whoever owned the chart before its owner again.
    UndoChangeOwner {
        /// Why.
        reason: String,
    },
    /// Makes a related contact a representative. They are not invited by that.
    AddRepresentative {
        /// The related contact.
        person: PersonId,
        /// What they are allowed.
        terms: GrantTerms,
    },
    /// Changes what a grant allows.
    ChangeTerms {
        /// The version of the grant that whoever decided has seen.
        seen: i64,
        /// What it allows from now on.
        terms: GrantTerms,
        /// Why; may be empty where nothing is taken away.
        reason: String,
    },
    /// Stops the access for a while; an invitation that is out is canceled.
    Pause {
        /// Why; may be empty.
        reason: String,
    },
    /// Lets a paused access count again.
    Resume,
    /// Keeps a right or one item from the holder, whatever the terms say.
    Withhold {
        /// What.
        what: Withheld,
        /// The last day, where it has one.
        until: Option<Date>,
        /// Why.
        reason: String,
    },
    /// Gives back what was withheld.
    GiveBack(WithheldId),
    /// Records the client's consent under 42 CFR Part 2 that the holder sees records of treatment for substance use.
    ConsentToPart2 {
        /// What for.
        purpose: String,
        /// The last day, where it has one.
        until: Option<Date>,
    },
    /// Notes that the client took it back.
    RevokePart2,
    /// Records whether the minor agrees to the holder's access.
    SetAssent(Assent),
}

impl Act {
    /// The life cycle's event, for a grant in this state; `None` where the act is more than one event or none.
    fn event(&self, state: State) -> Option<Event> {
        let is_out = matches!(state, State::Invited | State::Locked);
        Some(match self {
            Self::Resend { seen, .. } => Event::Resend { seen: *seen },
            Self::Letter { seen } if is_out => Event::Resend { seen: *seen },
            Self::Send if is_out => Event::Resend { seen: None },
            Self::Invite { .. } | Self::Letter { .. } | Self::Send => Event::Invite,
            Self::ChangeEmail { .. } => Event::InviteElsewhere,
            Self::Cancel => Event::Cancel,
            Self::Unlock => Event::Unlock,
            Self::Revoke { .. } => Event::Revoke,
            Self::Leave => Event::Leave,
            Self::Restore => Event::Restore,
            Self::SignOut => Event::SignOut,
            Self::Pause { .. } => Event::Pause,
            Self::Resume => Event::Resume,
            Self::ChangeOwner { .. }
            | Self::UndoChangeOwner { .. }
            | Self::AddRepresentative { .. }
            | Self::ChangeTerms { .. }
            | Self::Withhold { .. }
            | Self::GiveBack(_)
            | Self::ConsentToPart2 { .. }
            | Self::RevokePart2
            | Self::SetAssent(_) => return None,
        })
    }

    /// The trail's word. `generation` is the grant's before the act.
    fn action(&self, generation: i32) -> AccessAction {
        match self {
            Self::Letter { .. } => AccessAction::LetterPrinted,
            Self::ChangeEmail { .. } => AccessAction::ResentElsewhere,
            Self::Invite { .. } | Self::Resend { .. } | Self::Send if generation > 0 => AccessAction::Resent,
            Self::Invite { .. } | Self::Resend { .. } | Self::Send => AccessAction::Invited,
            Self::Cancel => AccessAction::Canceled,
            Self::Unlock => AccessAction::Unlocked,
            Self::Revoke { .. } => AccessAction::Revoked,
            Self::Leave => AccessAction::Left,
            Self::Restore => AccessAction::Restored,
            Self::SignOut => AccessAction::SignedOut,
            Self::ChangeOwner { .. } => AccessAction::OwnershipMoved,
            Self::AddRepresentative { .. } => AccessAction::Added,
            Self::ChangeTerms { .. } => AccessAction::TermsChanged,
            Self::Pause { .. } => AccessAction::Paused,
            Self::Resume => AccessAction::Resumed,
            Self::UndoChangeOwner { .. } => AccessAction::OwnershipUndone,
            Self::Withhold { .. } => AccessAction::Withheld,
            Self::GiveBack(_) => AccessAction::GivenBack,
            Self::ConsentToPart2 { .. } => AccessAction::Part2Given,
            Self::RevokePart2 => AccessAction::Part2Revoked,
            Self::SetAssent(Assent::Given) => AccessAction::AssentGiven,
            Self::SetAssent(Assent::Missing) => AccessAction::AssentTakenBack,
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::ChangeEmail { reason, .. } | Self::Revoke { reason } | Self::Pause { reason } => reason,
            _ => "",
        }
    }

    fn confirmed(&self) -> &[Doubt] {
        match self {
            Self::Invite { confirmed, .. }
            | Self::Resend { confirmed, .. }
            | Self::ChangeEmail { confirmed, .. } => confirmed,
            _ => &[],
        }
    }

    /// The address that was typed for it.
    fn address(&self) -> Option<&EmailAddress> {
        match self {
            Self::Invite { address, .. } => address.as_ref(),
            Self::ChangeEmail { address, .. } => Some(address),
            _ => None,
        }
    }

    /// How the link that it makes travels, if it makes one.
    fn channel(&self) -> Option<Channel> {
        match self {
            Self::Letter { .. } => Some(Channel::Letter),
            Self::Invite { .. } | Self::Resend { .. } | Self::Send | Self::ChangeEmail { .. } => {
                Some(Channel::Mail)
            }
            _ => None,
        }
    }
}

/// Whose grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The chart owner's, whether or not there is one yet.
    Owner(ChartId),
    /// This one.
    Grant(AccessId),
}

/// Does it in a transaction of its own.
pub async fn act(app: &AppState, scope: &PracticeScope, by: By, target: Target, act: Act) -> Outcome<Done> {
    let inside = app.clone();
    let outcome = app.db.write(scope, move |c| act_in(&inside, c, &by, &target, &act)).await?;
    Ok(outcome.inspect(|done| notify_changed(app, scope, &done.chart)))
}

/// The same inside a transaction of the caller's, who calls [`notify_changed`] after the commit.
pub fn act_in(app: &App, c: &mut Scoped<'_>, by: &By, target: &Target, act: &Act) -> Outcome<Done> {
    let (chart, person) = match target {
        Target::Owner(chart) => (chart.clone(), None),
        Target::Grant(access) => match store::load_access(c, access)? {
            Some(row) => (row.chart_id, Some(row.person_id)),
            None => return Ok(Err(Refused::NotFound)),
        },
    };
    let mut outcomes = run(app, c, by, &[Order { chart, person, act: act.clone() }])?;
    Ok(outcomes.pop().unwrap_or(Err(Refused::NotFound)))
}

/// Invites or resends, whichever each chart's owner needs, in as few transactions as the practice's
/// other work allows. The answers come in the order of the charts; a chart that is named twice is
/// sent to once. Doubtful addresses are passed over: somebody must look at those one by one.
pub async fn send_many(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    charts: Vec<ChartId>,
) -> Result<Vec<(ChartId, Result<Sent, Refused>)>, Fault> {
    let mut answers: HashMap<ChartId, Result<Sent, Refused>> = HashMap::with_capacity(charts.len());
    let mut each_once: Vec<ChartId> = charts.clone();
    each_once.sort();
    each_once.dedup();
    for some in each_once.chunks(CHUNK) {
        let orders: Vec<Order> =
            some.iter().map(|chart| Order { chart: chart.clone(), person: None, act: Act::Send }).collect();
        let (inside, by) = (app.clone(), by.clone());
        let work = move |c: &mut Scoped<'_>| run(&inside, c, &by, &orders);
        let outcomes = if some.len() > LONG {
            app.db.write_alone(scope, work).await?
        } else {
            app.db.write(scope, work).await?
        };
        for (chart, outcome) in some.iter().zip(outcomes) {
            if outcome.is_ok() {
                notify_changed(app, scope, chart);
            }
            let sent = outcome.and_then(|done| done.link.map(|link| link.sent).ok_or(Refused::NotFound));
            answers.insert(chart.clone(), sent);
        }
    }
    let answer = |chart: &ChartId| answers.get(chart).cloned().unwrap_or(Err(Refused::NotFound));
    Ok(charts.into_iter().map(|chart| (chart.clone(), answer(&chart))).collect())
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
    let mut doubts = AddressUse::load(c, std::slice::from_ref(&key))?.doubts(address, None, &[], false, &[]);
    let (practice, places) = practice::load_with_places(c)?;
    let place = places.of(Jurisdiction::PRACTICE);
    let today = practice.today(c.now());
    if born.is_some_and(|born| is_teen(born, today, place)) && contacts.contains(&key) {
        doubts.push((Doubt::GuardiansOwn, String::new()));
    }
    Ok(doubts)
}

/// One act on one chart; `person` is whose grant, `None` for the chart owner's.
struct Order {
    chart: ChartId,
    person: Option<PersonId>,
    act: Act,
}

/// What is looked up before mails go out.
struct SendChecks {
    used: AddressUse,
    quotas: Quotas,
}

impl SendChecks {
    fn load(c: &mut Scoped<'_>, files: &ChartBatch, orders: &[Order]) -> Result<Self, Fault> {
        let mut keys: Vec<String> = orders
            .iter()
            .filter(|order| order.act.channel() == Some(Channel::Mail))
            .filter_map(|order| {
                let chart = files.chart(&order.chart)?;
                let person = order.person.as_ref().unwrap_or(&chart.owner_person_id);
                let invited =
                    files.grant(&order.chart, person).and_then(|grant| grant.invited_address.as_ref());
                Some(order.act.address().cloned().or_else(|| files.address(person, invited))?.key())
            })
            .collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Self { used: AddressUse::default(), quotas: Quotas::default() });
        }
        Ok(Self { used: AddressUse::load(c, &keys)?, quotas: Quotas::load(c, files)? })
    }
}

/// Does all of these in the caller's transaction; the outcomes come in the same order.
fn run(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    orders: &[Order],
) -> Result<Vec<Result<Done, Refused>>, Fault> {
    let charts: Vec<ChartId> = orders.iter().map(|order| order.chart.clone()).collect();
    lock(c, Lock::Charts(&charts))?;
    let files = ChartBatch::load(c, &charts)?;
    let checks = SendChecks::load(c, &files, orders)?;
    let mut pending = PendingWrites::new(app, by, &files);
    let mut outcomes = Vec::with_capacity(orders.len());
    for order in orders {
        outcomes.push(match &order.act {
            Act::ChangeOwner { to, authority, seen } => {
                let (authority, seen) = (authority.as_ref(), seen.as_deref());
                handover::change_owner(c, by, &mut pending, &order.chart, to, authority, seen)?
            }
            Act::UndoChangeOwner { reason } => handover::undo(c, by, &mut pending, &order.chart, reason)?,
            Act::AddRepresentative { person, terms } => {
                terms::add(c, &mut pending, &order.chart, person, terms)?
            }
            Act::ChangeTerms { seen, terms, reason } => match &order.person {
                Some(person) => terms::change(c, &mut pending, (&order.chart, person), *seen, terms, reason)?,
                None => Err(Refused::NotFound),
            },
            Act::Withhold { what, until, reason } => match &order.person {
                Some(person) => {
                    let whose = (&order.chart, person);
                    let new = Keeping { what: *what, from: None, until: *until, reason, note: None };
                    withhold::withhold(c, &mut pending, by, whose, &new)?
                }
                None => Err(Refused::NotFound),
            },
            Act::GiveBack(id) => match &order.person {
                Some(person) => withhold::give_back(c, &mut pending, by, (&order.chart, person), id)?,
                None => Err(Refused::NotFound),
            },
            Act::ConsentToPart2 { purpose, until } => match &order.person {
                Some(person) => {
                    let whose = (&order.chart, person);
                    withhold::consent_to_part2(c, &mut pending, by, whose, purpose, *until)?
                }
                None => Err(Refused::NotFound),
            },
            Act::RevokePart2 => match &order.person {
                Some(person) => withhold::revoke_part2(c, &mut pending, by, (&order.chart, person))?,
                None => Err(Refused::NotFound),
            },
            Act::SetAssent(assent) => match &order.person {
                Some(person) => withhold::set_assent(c, &mut pending, by, (&order.chart, person), *assent)?,
                None => Err(Refused::NotFound),
            },
            _ => one(c, &mut pending, &checks, order)?,
        });
    }
    pending.write(c)?;
    Ok(outcomes)
}

fn one(c: &Scoped<'_>, pending: &mut PendingWrites<'_>, checks: &SendChecks, order: &Order) -> Outcome<Done> {
    let (files, act) = (pending.files(), &order.act);
    let Some(chart) = files.chart(&order.chart) else { return Ok(Err(Refused::NotFound)) };
    let person = order.person.as_ref().unwrap_or(&chart.owner_person_id);
    let mut row = match files.grant(&order.chart, person) {
        Some(known) => known.clone(),
        None if *person != chart.owner_person_id => return Ok(Err(Refused::NotFound)),
        None => files.fresh_owner(c, chart),
    };
    let channel = act.channel();
    if channel.is_some() && files.person(person).is_none() {
        return Ok(Err(Refused::NotFound));
    }
    if channel.is_some() && chart.state != "open" {
        return Ok(Err(Refused::ChartClosed));
    }
    let Some(event) = act.event(row.state) else { return Ok(Err(Refused::NotFound)) };
    let decision = granted!(decide(&row.grant(), event, c.now()));
    if *act == Act::Restore
        && let Some(refused) = not_restored(files, &row, c.now())
    {
        return Ok(Err(refused));
    }
    let address = match channel.map(|channel| destination(c, files, checks, chart, &row, act, channel)) {
        Some(Err(refused)) => return Ok(Err(refused)),
        Some(Ok(address)) => address,
        None => None,
    };
    let details = match act.confirmed() {
        [] => serde_json::json!({}),
        confirmed => serde_json::json!({ "confirmed": confirmed }),
    };
    let change = Change {
        // A pause of an invitation that is out cancels it.
        action: match act {
            Act::Pause { .. } if row.is_out() => AccessAction::Canceled,
            _ => act.action(row.generation),
        },
        reason: act.reason(),
        details,
        brings: match (channel, &address) {
            (None, _) => Brings::Nothing,
            (Some(_), Some(address)) => Brings::LinkTo(address),
            (Some(_), None) => Brings::LinkOnPaper,
        },
    };
    let former = row.invited_address.clone();
    let link = pending.apply(c, &mut row, &decision, &change)?;
    if let (Some(address), Some(link)) = (&address, &link) {
        keep_address(pending, &row, act, address, former, link);
    }
    Ok(Ok(Done { chart: row.chart_id, access: Some(row.access_id), link }))
}

/// Why a grant is not given back as it stands: nobody has said by what right, or its last day is over.
fn not_restored(files: &ChartBatch, row: &AccessRow, now: Timestamp) -> Option<Refused> {
    if row.basis == Basis::Other {
        return Some(Refused::BasisMissing);
    }
    row.last_day().filter(|last| *last < files.practice.today(now)).map(Refused::PastLastDay)
}

/// The grant of a chart's owner, which is made where nobody was invited yet; `None` where there is no such chart. What
/// is given to the owner before the first invitation waits there.
pub fn owner_grant(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Option<AccessId>, Fault> {
    let files = ChartBatch::load(c, std::slice::from_ref(chart))?;
    let Some(of) = files.chart(chart) else { return Ok(None) };
    if let Some(known) = files.grant(chart, &of.owner_person_id) {
        return Ok(Some(known.access_id));
    }
    let row = files.fresh_owner(c, of);
    store::insert_access(c, std::slice::from_ref(&row))?;
    Ok(Some(row.access_id))
}

/// Where a new link goes, after everything that must be looked at before it goes there; `None` for paper.
fn destination(
    c: &Scoped<'_>,
    files: &ChartBatch,
    checks: &SendChecks,
    chart: &Chart,
    row: &AccessRow,
    act: &Act,
    channel: Channel,
) -> Result<Option<EmailAddress>, Refused> {
    let now = c.now();
    if !files.is_checkable(chart) {
        return Err(Refused::NotCheckable);
    }
    if channel == Channel::Letter {
        return Ok(None);
    }
    let on_file = || files.address(&row.person_id, row.invited_address.as_ref());
    let address = act.address().cloned().or_else(on_file).ok_or(Refused::NoAddress)?;
    if row.generation > 0
        && let (0, Some(next)) = checks.quotas.left(&row.access_id, files.policy.resends_per_day, now)
    {
        return Err(Refused::TooManyToday(next));
    }
    // A resend repeats what staff have looked at before; what became known of the address since is news.
    let is_same = row.invited_address.as_ref().is_some_and(|before| before.key() == address.key());
    let repeats = is_same && row.is_out();
    // Nothing goes to an address of the face sheet where somebody is in safe contact.
    let is_safe = files.person(&row.person_id).is_some_and(|who| who.contact_mode == ContactMode::Safe);
    if is_safe && act.address().is_none() {
        return Ok(Some(address));
    }
    let mut doubts = checks.used.doubts(
        &address,
        Some(&row.person_id),
        &files.family(chart),
        files.is_teen(chart, now),
        &files.marks(&row.person_id, &address),
    );
    doubts.retain(|(doubt, _)| !repeats || matches!(doubt, Doubt::Undeliverable | Doubt::Refused));
    if doubts.iter().any(|(doubt, _)| !act.confirmed().contains(doubt)) {
        return Err(Refused::Doubtful(doubts));
    }
    Ok(Some(address))
}

/// An address that was typed goes on the face sheet; a mail informs the one that it replaces.
fn keep_address(
    pending: &mut PendingWrites<'_>,
    row: &AccessRow,
    act: &Act,
    address: &EmailAddress,
    former: Option<EmailAddress>,
    link: &Link,
) {
    let (files, person) = (pending.files(), &row.person_id);
    let replaced = match act {
        Act::ChangeEmail { .. } => former.or_else(|| files.address(person, None)),
        _ => None,
    };
    let replaced = replaced.filter(|former| former.key() != address.key());
    let is_on_file = files.mailable(person).any(|a| a.value_key == address.key());
    if let Some(former) = replaced.as_ref().filter(|former| files.marks(person, former).is_empty()) {
        let key = format!("access.address_changed/{}", link.sent.invitation);
        pending.tell_former_address(row, former, key);
    }
    if !is_on_file || replaced.is_some() {
        pending.put_email(NewEmail {
            chart: row.chart_id.clone(),
            person: person.clone(),
            address: address.clone(),
            in_place_of: replaced,
        });
    }
}
