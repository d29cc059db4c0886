//! What an account may look at: its active grants, in every practice that gave it one.

use diesel::prelude::*;

use crate::features::access::{self, GrantRole};
use crate::features::people::{self, Person};
use crate::features::practice::Practice;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId, PracticeId};
use crate::platform::db::schema::chart;
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

/// The grants of an account that count now, oldest first, each with its people, who are read inside
/// the grant's own practice.
pub fn held_by(
    system: &mut System<'_>,
    home: &PracticeId,
    account: &AccountId,
) -> Result<Vec<HeldGrant>, Fault> {
    let rows = access::grants_of_account(system, home, account)?;
    let mut held = Vec::with_capacity(rows.len());
    for (practice, row) in rows {
        let scope = practice.scope(OpenedBy::ClientSession);
        let mut c = system.within(&scope);
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
        let Some(holder) = people::load_person(&mut c, &row.person_id)? else { continue };
        let client = match client_id == row.person_id {
            true => Some(holder.clone()),
            false => people::load_person(&mut c, &client_id)?,
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
