//! What an account may look at: its active grants, in every practice that gave it one.

use diesel::prelude::*;

use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId};
use crate::platform::db::schema::{chart, portal_access};
use crate::platform::db::{Door, PracticeScope, System};
use crate::platform::fault::Fault;
use crate::platform::permissions::Right;
use crate::rooms::access::lifecycle::State;
use crate::rooms::access::{AccessRow, GrantRole};
use crate::rooms::charts::{self, Person};
use crate::rooms::practice::{self, Practice};

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

/// The grants of an account that count now, oldest first: active, not past their last day, in a
/// practice that is not suspended. One query crosses practices, because the account does; each
/// grant's people are then read inside the grant's own practice.
pub fn held_by(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Vec<HeldGrant>, Fault> {
    let rows: Vec<AccessRow> = portal_access::table
        .filter(portal_access::account_practice_id.eq(home.clone()))
        .filter(portal_access::account_id.eq(account.clone()))
        .filter(portal_access::state.eq(State::Active))
        .order((portal_access::created_at.asc(), portal_access::access_id.asc()))
        .select(AccessRow::as_select())
        .load(system.conn)?;
    let now = system.now;
    let mut held = Vec::with_capacity(rows.len());
    for row in rows {
        let scope = PracticeScope::opened_by(Door::ClientSession, row.practice_id.clone());
        let mut c = system.within(&scope);
        let practice = practice::load(&mut c)?;
        if practice.suspended_at.is_some() {
            continue;
        }
        // The last day counts whole, in the practice's zone.
        let today = now.in_zone(&practice.zone()).date();
        let is_over = |last: &String| last.parse::<jiff::civil::Date>().is_ok_and(|last| today > last);
        if row.ends_on.as_ref().is_some_and(is_over) {
            continue;
        }
        let rights = match row.role {
            GrantRole::Owner => Right::ALL.to_vec(),
            GrantRole::Representative => row.rights(),
            GrantRole::FormerOwner => continue,
        };
        let client_id: PersonId = chart::table
            .filter(chart::practice_id.eq(row.practice_id.clone()))
            .filter(chart::chart_id.eq(row.chart_id.clone()))
            .select(chart::person_id)
            .first(c.conn)?;
        let Some(holder) = charts::load_person(&mut c, &row.person_id)? else { continue };
        let client = match client_id == row.person_id {
            true => Some(holder.clone()),
            false => charts::load_person(&mut c, &client_id)?,
        };
        let Some(client) = client else { continue };
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
    Ok(held)
}
