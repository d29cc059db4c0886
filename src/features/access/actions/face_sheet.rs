//! What follows a change of a face sheet: links to a removed address end, and mails say so.

use jiff::civil::Date;

use crate::features::access::actions::apply::{Change, PendingWrites};
use crate::features::access::address_use::marks_of;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::lifecycle::{Event, State, decide};
use crate::features::access::limits_store::{Limits, here};
use crate::features::access::permission::{self, ChartStanding, ClientFacts};
use crate::features::access::store::{self, AccessRow};
use crate::features::people::{Address, AddressKind, ChartFile, addresses_of};
use crate::kernel::civil::BirthDate;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::jobs::{self, JobKind};
use crate::platform::permissions::Right;
use crate::platform::state::App;

/// What somebody on a face sheet has of the portal that a change of their address affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A link is out to this address; it ends when the address goes.
    LinkOut(EmailAddress),
    /// They have portal access. Its sign-in name stays what it is.
    Registered,
}

/// How these people are reached: only those with an open link or portal access are in the list.
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

/// Does somebody see more of a chart than before with this birth date of its client? Whose right stands on the client
/// being a minor may, and that is never done by a slip of the finger.
pub fn birth_date_opens_more(
    c: &mut Scoped<'_>,
    file: &ChartFile,
    born: Option<&BirthDate>,
) -> Result<bool, Fault> {
    if file.client.birth_date.as_ref() == born {
        return Ok(false);
    }
    let (mut rows, _) = store::access_of_chart(c, &file.chart.chart_id)?;
    rows.retain(|row| row.state == State::Active && row.basis.ends_at_majority());
    if rows.is_empty() {
        return Ok(false);
    }
    let here = here(c)?;
    let before = Limits {
        chart: ChartStanding::of(&file.chart),
        client: ClientFacts::of(&file.client),
        place: here.places.of(&file.chart.jurisdiction),
        code: file.chart.jurisdiction.clone(),
        today: here.practice.today(c.now()),
        rules: here.rules,
        // What is withheld stays so at any age.
        withheld: Vec::new(),
        // A consent is about labels of items, not about rights.
        part2: Vec::new(),
    };
    let client = ClientFacts { born: born.map(BirthDate::date), ..before.client };
    let after = Limits { client, ..before.clone() };
    let level =
        |limits: &Limits, row: &AccessRow, right| permission::decide(&limits.facts(row), right, None).level;
    Ok(rows
        .iter()
        .any(|row| Right::ALL.iter().any(|right| level(&after, row, *right) > level(&before, row, *right))))
}

/// Called by the face sheet's save, in its transaction, after a person's addresses were written:
/// `before` holds the addresses until then. Open links to an address that is no longer theirs end, and a
/// mail informs that address (INV-08). Returns the charts whose link ended.
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
    let rows = store::access_of_people(c, std::slice::from_ref(person))?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let charts: Vec<ChartId> = rows.iter().map(|row| row.chart_id.clone()).collect();
    let files = ChartBatch::load(c, &charts)?;
    let mut pending = PendingWrites::new(app, by, &files);
    let mut ended = Vec::new();
    for row in &rows {
        let is_kept = |invited: &EmailAddress| kept.contains(&invited.key().as_str());
        if row.state == State::Active && !gone.is_empty() {
            let details = if reason.is_empty() {
                serde_json::json!({})
            } else {
                serde_json::json!({ "reason": reason })
            };
            pending.record_about(c, row, row.phase(c.now()).word(), AccessAction::EmailChanged, details);
        } else if row.is_out() && row.invited_address.as_ref().is_some_and(|invited| !is_kept(invited)) {
            let mut row = row.clone();
            let change = Change { reason, ..Change::plain(AccessAction::AddressChanged) };
            if let Ok(decision) = decide(&row.grant(), Event::AddressChanged, c.now()) {
                pending.apply(c, &mut row, &decision, &change)?;
                ended.push(row.chart_id);
            }
        }
    }
    if let Some(row) = rows.iter().find(|row| row.generation > 0) {
        tell_former_addresses(c, &mut pending, row, &gone);
    }
    pending.write(c)?;
    look_at_reminders_again(c, &rows)?;
    Ok(ended)
}

/// A reminder that something stood against (a mark of the address, a ban on mail) may go now.
fn look_at_reminders_again(c: &mut Scoped<'_>, rows: &[AccessRow]) -> Result<(), Fault> {
    let out: Vec<AccessId> = rows.iter().filter(|row| row.is_out()).map(|row| row.access_id).collect();
    if out.is_empty() {
        return Ok(());
    }
    let live = store::live_invitations(c, &out)?;
    let links: Vec<uuid::Uuid> = live.iter().map(|(_, invitation)| invitation.uuid()).collect();
    jobs::bring_forward_about(c, JobKind::InvitationReminder, &links)
}

fn tell_former_addresses(
    c: &Scoped<'_>,
    pending: &mut PendingWrites<'_>,
    row: &AccessRow,
    gone: &[&Address],
) {
    let at = c.now().micros();
    for (place, former) in gone.iter().enumerate() {
        // To an address that never worked, or whose reader said that the mail is not for them, nothing more
        // is sent.
        if marks_of(former).is_empty()
            && let Ok(address) = EmailAddress::parse(&former.value)
        {
            let key = format!("access.address_changed/{}/{at}/{place}", row.access_id);
            pending.tell_former_address(row, &address, key);
        }
    }
}

/// Called by whoever closes a chart, in that transaction: its open invitations end (INV-07), and whoever can read it
/// from now on is told until when.
pub fn chart_closed(
    app: &App,
    c: &mut Scoped<'_>,
    by: &By,
    chart: &ChartId,
    view_until: Option<Date>,
) -> Result<(), Fault> {
    let files = ChartBatch::load(c, std::slice::from_ref(chart))?;
    let mut pending = PendingWrites::new(app, by, &files);
    for row in files.grants_of(chart) {
        let mut row = row.clone();
        if let Ok(decision) = decide(&row.grant(), Event::Cancel, c.now()) {
            pending.apply(c, &mut row, &decision, &Change::plain(AccessAction::Canceled))?;
        } else if row.state == State::Active && row.paused_at.is_none() {
            pending.mail_chart_closed(c, &row, view_until);
        }
    }
    pending.write(c)
}
