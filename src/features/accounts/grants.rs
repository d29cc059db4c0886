//! What an account may look at: its active grants, in every practice that gave it one.

use diesel::prelude::*;

use crate::features::access::lifecycle::State;
use crate::features::access::{AccessRow, GrantRole};
use crate::features::accounts::store::{Account, has_account};
use crate::features::people::Person;
use crate::features::practice::Practice;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PracticeId};
use crate::platform::db::schema::{chart, person, portal_access, portal_account, practice};
use crate::platform::db::{OpenedBy, PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::permissions::Right;

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
    /// What the grant allows.
    pub rights: Vec<Right>,
    /// Who holds it.
    pub holder: Person,
    /// The client whose chart it is.
    pub client: Person,
}

impl HeldGrant {
    /// Is it the holder's own chart?
    pub fn is_own(&self) -> bool {
        self.holder.person_id == self.client.person_id
    }
}

/// The grants of an account that count now, oldest first, each with its people.
pub fn held_by(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Vec<HeldGrant>, Fault> {
    Ok(signed_in(system, home, account)?.map(|(_, grants)| grants).unwrap_or_default())
}

/// An account and its grants that count now, oldest first, each with its people: one statement. `None` where
/// no grant counts, so that nobody signs in to an account that opens nothing.
pub fn signed_in(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Option<(Account, Vec<HeldGrant>)>, Fault> {
    let client = diesel::alias!(person as client);
    let rows: Vec<(Account, AccessRow, Practice, Person, Person)> = portal_account::table
        .inner_join(portal_access::table.on(has_account()))
        .inner_join(practice::table.on(practice::practice_id.eq(portal_access::practice_id)))
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(portal_access::practice_id)
                .and(chart::chart_id.eq(portal_access::chart_id))),
        )
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
        .filter(portal_account::practice_id.eq(home))
        .filter(portal_account::account_id.eq(account))
        .filter(portal_access::state.eq(State::Active))
        .filter(practice::suspended_at.is_null())
        .order((portal_access::created_at.asc(), portal_access::access_id.asc()))
        .select((
            Account::as_select(),
            AccessRow::as_select(),
            Practice::as_select(),
            Person::as_select(),
            client.fields(person::all_columns),
        ))
        .load(system.conn)?;
    let now = system.now;
    let mut found = None;
    let mut held = Vec::with_capacity(rows.len());
    for (account, row, practice, holder, client) in rows {
        if row.has_ended(now.in_zone(&practice.zone()).date()) {
            continue;
        }
        let rights = match row.role {
            GrantRole::Owner => Right::ALL.to_vec(),
            GrantRole::Representative => row.rights(),
            GrantRole::FormerOwner => continue,
        };
        let scope = practice.scope(OpenedBy::ClientSession);
        found.get_or_insert(account);
        held.push(HeldGrant {
            practice,
            scope,
            access_id: row.access_id,
            chart_id: row.chart_id,
            rights,
            holder,
            client,
        });
    }
    Ok(found.map(|account| (account, held)))
}
