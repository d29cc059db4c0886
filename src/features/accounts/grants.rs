//! What an account may look at: its active grants, in every practice that gave it one.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::age::AgeRule;
use crate::features::access::lifecycle::State;
use crate::features::access::permission::{
    Archive, ChartStanding, ClientFacts, Facts, archive_of, decide, open_rights, opens_on,
};
use crate::features::access::{
    AccessRow, Kept, Limits, NearDay, Part2Consent, age_rules, facts_of, has_more_limits, may_have_rules,
    narrows_soon, part2_of, with_what_decides, withheld_from,
};
use crate::features::accounts::store::{Account, has_account};
use crate::features::people;
use crate::features::practice::{Jurisdiction, Policy, Practice, load as load_practice};
use crate::kernel::civil::BirthDate;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId, ThreadId};
use crate::kernel::zone::OwnZone;
use crate::platform::db::schema::{
    chart, jurisdiction, message_thread, person, portal_access, portal_account, practice, thread_party,
};
use crate::platform::db::{PracticeScope, Scoped, System, columns, kept};
use crate::platform::fault::Fault;
use crate::platform::permissions::{Level, Right};

/// One chart that an account may look at now.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    /// The practice of the chart.
    pub practice: Practice,
    /// The practice, opened by this session.
    pub scope: PracticeScope,
    /// The grant.
    pub access_id: AccessId,
    /// The chart.
    pub chart_id: ChartId,
    /// What decides over it.
    pub facts: Facts,
    /// Its first day, where that is still to come and nothing is open before.
    pub opens_on: Option<Date>,
    /// It opens nothing since a day that has passed, and what was written until then is still read.
    pub archive: Archive,
    /// The near day from which it opens less, or nothing, and what becomes of it then.
    pub less_from: Option<NearDay>,
    /// Who holds it.
    pub holder: Named,
    /// The client whose chart it is.
    pub client: Named,
}

/// Of a person what every page and the password rules need. Every page of the portal reads two of them, so what
/// they do not need is not read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = person)]
pub struct Named {
    /// Who.
    pub person_id: PersonId,
    /// Legal first name.
    pub first_name: String,
    /// Legal middle name.
    pub middle_name: String,
    /// Legal last name.
    pub last_name: String,
    /// What they like to be called.
    pub preferred_name: String,
    /// Birth date, where known.
    pub birth_date: Option<BirthDate>,
    /// Their own time zone; empty means the practice's.
    pub time_zone: OwnZone,
}

impl Named {
    /// How mails and the portal address them.
    pub fn called(&self) -> &str {
        people::called(&self.preferred_name, &self.first_name)
    }
}

impl HeldGrant {
    /// Is it the holder's own chart?
    pub fn is_own(&self) -> bool {
        self.holder.person_id == self.client.person_id
    }

    /// The rights whose pages the holder is led to.
    pub fn shown_rights(&self) -> Vec<Right> {
        let old = (self.archive == Archive::Readable).then_some(Right::Messages);
        open_rights(&self.facts).into_iter().chain(old).collect()
    }
}

/// What is read of a grant; between the holder and the client: when the client was emancipated and when they died,
/// how many age rules there are, and whether anything is withheld.
type Row = (
    Account,
    AccessRow,
    Practice,
    (String, Option<String>, Option<Timestamp>, String),
    Jurisdiction,
    Named,
    ((Option<String>, Option<String>), i32, bool),
    Named,
);

/// The active grants of an account in this practice, with their charts. What they open is asked for each.
pub fn grants_here(c: &mut Scoped<'_>, account: AccountId) -> Result<Vec<(AccessId, ChartId)>, Fault> {
    c.rows(portal_access::table)
        .filter(portal_access::account_id.eq(Some(account)))
        .filter(portal_access::state.eq(State::Active))
        .order(portal_access::access_id.asc())
        .select((portal_access::access_id, portal_access::chart_id))
        .load(c)
}

/// The grants of an account that open something now or will from a day on, oldest first, each with its people.
pub fn held_by(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Vec<HeldGrant>, Fault> {
    Ok(signed_in(system, home, account)?.map(|(_, grants)| grants).unwrap_or_default())
}

/// Grants with their accounts, people and what decides over them; `$filter` narrows them.
macro_rules! with_people {
    ($filter:expr) => {{
        let client = diesel::alias!(person as client);
        with_what_decides!(portal_account::table.inner_join(portal_access::table.on(has_account())))
            .inner_join(
                person::table.on(person::practice_id
                    .eq(portal_access::practice_id)
                    .and(person::person_id.eq(portal_access::person_id))),
            )
            .inner_join(
                client.on(client
                    .field(person::practice_id)
                    .eq(chart::practice_id)
                    .and(client.field(person::person_id).eq(chart::person_id))),
            )
            .filter($filter)
            .filter(portal_access::state.eq(State::Active))
            .filter(practice::suspended_at.is_null())
            .order((portal_access::created_at.asc(), portal_access::access_id.asc()))
            .select(columns((
                Account::as_select(),
                AccessRow::as_select(),
                Practice::as_select(),
                (chart::state, chart::client_view_until, chart::frozen_at, chart::jurisdiction),
                Jurisdiction::as_select(),
                Named::as_select(),
                (
                    client.fields((person::emancipated_on, person::deceased_on)),
                    jurisdiction::age_rules,
                    has_more_limits!(),
                ),
                client.fields((
                    person::person_id,
                    person::first_name,
                    person::middle_name,
                    person::last_name,
                    person::preferred_name,
                    person::birth_date,
                    person::time_zone,
                )),
            )))
    }};
}

/// An account and its grants that open something now or will from a day on, oldest first, each with its people:
/// one statement. `None` where there is none, so that nobody signs in to an account that opens nothing.
pub fn signed_in(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Option<(Account, Vec<HeldGrant>)>, Fault> {
    let query =
        with_people!(portal_account::practice_id.eq(home).and(portal_account::account_id.eq(account)));
    let rows: Vec<Row> = kept(query).load(system.conn)?;
    held(system, rows, None)
}

/// One grant of a practice as its holder has it today, or will have it on a day; `None` where it opens nothing.
pub fn seen_by_holder(
    system: &mut System<'_>,
    practice: &PracticeId,
    access: &AccessId,
    on: Option<Date>,
) -> Result<Option<(Account, HeldGrant)>, Fault> {
    let query =
        with_people!(portal_access::practice_id.eq(practice).and(portal_access::access_id.eq(access)));
    let rows: Vec<Row> = query.load(system.conn)?;
    let found = held(system, rows, on)?;
    Ok(found.and_then(|(account, grants)| Some((account, grants.into_iter().next()?))))
}

/// What these rows open, today or on a day.
fn held(
    system: &mut System<'_>,
    rows: Vec<Row>,
    on: Option<Date>,
) -> Result<Option<(Account, Vec<HeldGrant>)>, Fault> {
    let now = system.now;
    let mut found = None;
    let mut held = Vec::with_capacity(rows.len());
    let mut rules_of: HashMap<PracticeId, Vec<AgeRule>> = HashMap::new();
    let mut with_more: HashMap<PracticeId, Vec<AccessId>> = HashMap::new();
    for (_, row, practice, ..) in rows.iter().filter(|row| row.6.2) {
        with_more.entry(practice.practice_id).or_default().push(row.access_id);
    }
    // What stands beside all grants of a practice, read at once.
    let mut beside: HashMap<PracticeId, (Vec<Kept>, Vec<Part2Consent>)> = HashMap::new();
    for (account, row, practice, chart, place, holder, (dates, rule_count, has_more), client) in rows {
        let today = on.unwrap_or_else(|| practice.today(now));
        let scope = PracticeScope::of_grant(practice.practice_id);
        let c = &mut system.within(&scope);
        let (born, emancipated_on, deceased_on) =
            (client.birth_date.as_ref(), dates.0.as_ref(), dates.1.as_ref());
        let rules = match rules_of.get(scope.id()) {
            Some(rules) => rules.clone(),
            None if may_have_rules(&chart.3, rule_count) && row.basis.ends_at_majority() => {
                rules_of.entry(*scope.id()).or_insert(age_rules(c)?).clone()
            }
            None => Vec::new(),
        };
        if let Some(ids) = with_more.remove(scope.id()) {
            beside.insert(*scope.id(), (withheld_from(c, &ids)?, part2_of(c, &ids)?));
        }
        let (withheld, part2) = match beside.get(scope.id()).filter(|_| has_more) {
            Some((withheld, part2)) => (
                withheld.iter().filter(|kept| kept.access == row.access_id).cloned().collect(),
                part2.iter().filter(|consent| consent.access == row.access_id).cloned().collect(),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let limits = Limits {
            chart: ChartStanding::read(&chart.0, chart.1.as_ref(), chart.2),
            client: ClientFacts::read(born, emancipated_on, deceased_on),
            place,
            code: chart.3,
            rules,
            withheld,
            part2,
            today,
        };
        let facts = limits.facts(&row);
        let opens_on = opens_on(&facts);
        let mut archive = Archive::Shut;
        if opens_on.is_none() && open_rights(&facts).is_empty() {
            let has_old = kept_after(&facts, &practice.policy()) == Archive::Readable
                && took_part(c, &row.chart_id, &holder.person_id)?;
            if !has_old {
                continue;
            }
            archive = Archive::Readable;
        }
        found.get_or_insert(account);
        held.push(HeldGrant {
            practice,
            scope,
            access_id: row.access_id,
            chart_id: row.chart_id,
            facts,
            opens_on,
            archive,
            less_from: narrows_soon(&limits, &row),
            holder,
            client,
        });
    }
    Ok(found.map(|account| (account, held)))
}

/// What the practice leaves whoever holds a grant that time has ended.
fn kept_after(facts: &Facts, policy: &Policy) -> Archive {
    archive_of(facts, if policy.parent_archive { Archive::Readable } else { Archive::Shut })
}

/// Did this person take part in a conversation about this chart?
fn took_part(c: &mut Scoped<'_>, chart: &ChartId, person: &PersonId) -> Result<bool, Fault> {
    let found: Option<ThreadId> = c
        .rows(thread_party::table)
        .inner_join(
            message_thread::table.on(message_thread::practice_id
                .eq(thread_party::practice_id)
                .and(message_thread::thread_id.eq(thread_party::thread_id))),
        )
        .filter(thread_party::person_id.eq(Some(*person)))
        .filter(message_thread::chart_id.eq(*chart))
        .select(thread_party::thread_id)
        .optional(c)?;
    Ok(found.is_some())
}

/// What decides over a grant now, and whether its holder still reads the conversations in which they took part though it
/// opens nothing any more: asked in the transaction that shows them.
pub fn reading_now(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<(Facts, Archive)>, Fault> {
    let Some(facts) = facts_of(c, access)? else { return Ok(None) };
    // What the practice decided is asked for only where something has ended.
    let archive = match archive_of(&facts, Archive::Readable) {
        Archive::Shut => Archive::Shut,
        Archive::Readable => kept_after(&facts, &load_practice(c)?.policy()),
    };
    Ok(Some((facts, archive)))
}

/// How far a grant's right goes now: asked once more in the transaction that acts on it, because it may have
/// changed since the request was let in.
pub fn level_now(c: &mut Scoped<'_>, access: &AccessId, right: Right) -> Result<Level, Fault> {
    Ok(facts_of(c, access)?.map_or(Level::None, |facts| decide(&facts, right, None).level))
}
