//! Whom to call in an emergency. Each account with access to a chart keeps a list of its own, and the practice has one;
//! nobody on a list gets access by it. A list is written anew as a whole, and the rows before it end.

use diesel::prelude::*;

use crate::features::people::store::ChartFile;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccountId, ChartId, EmergencyContactId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{chart, emergency_contact};
use crate::platform::fault::Fault;

/// The most rows of a chart that are read.
const MOST: i64 = 200;

/// One entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct EmergencyEntry {
    /// Who.
    pub name: String,
    /// What they are to the client.
    pub relation: String,
    /// Their phone.
    pub phone: String,
}

/// An entry as it stands on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyContact {
    /// Its row.
    pub id: EmergencyContactId,
    /// Whose list it is on; none: the practice's.
    pub account: Option<AccountId>,
    /// What it says.
    pub entry: EmergencyEntry,
    /// Whoever wrote it, by the name they had then.
    pub by_name: String,
    /// When.
    pub created_at: Timestamp,
}

/// Everybody's lists, the practice's first.
pub fn emergency_contacts(c: &mut Scoped<'_>, of: &ChartId) -> Result<Vec<EmergencyContact>, Fault> {
    type Row = (EmergencyContactId, Option<AccountId>, (String, String, String), String, Timestamp);
    let rows: Vec<Row> = c
        .rows(emergency_contact::table)
        .filter(emergency_contact::chart_id.eq(*of))
        .filter(emergency_contact::ended_at.is_null())
        .order((emergency_contact::position.asc(), emergency_contact::contact_id.asc()))
        .limit(MOST)
        .select((
            emergency_contact::contact_id,
            emergency_contact::account_id,
            (emergency_contact::name, emergency_contact::relation, emergency_contact::phone),
            emergency_contact::by_name,
            emergency_contact::created_at,
        ))
        .load(c)?;
    let mut all: Vec<EmergencyContact> = rows
        .into_iter()
        .map(|(id, account, (name, relation, phone), by_name, created_at)| EmergencyContact {
            id,
            account,
            entry: EmergencyEntry { name, relation, phone },
            by_name,
            created_at,
        })
        .collect();
    all.sort_by_key(|contact| contact.account);
    Ok(all)
}

/// The same, where the chart has any.
pub fn emergency_contacts_of(c: &mut Scoped<'_>, file: &ChartFile) -> Result<Vec<EmergencyContact>, Fault> {
    if file.chart.emergency_count == 0 {
        return Ok(Vec::new());
    }
    emergency_contacts(c, &file.chart.chart_id)
}

/// Writes a list anew, of an account or of the practice, on a chart that the caller holds.
pub fn replace_emergency_contacts(
    c: &mut Scoped<'_>,
    of: &ChartId,
    account: Option<&AccountId>,
    new: &[EmergencyEntry],
    by_name: &str,
) -> Result<(), Fault> {
    let before = emergency_contacts(c, of)?;
    for known in before.iter().filter(|known| known.account.as_ref() == account) {
        end(c, &known.id)?;
    }
    let now = c.now();
    for (at, entry) in new.iter().enumerate() {
        let id = EmergencyContactId::fresh(c.rng(), now);
        c.insert(
            emergency_contact::table,
            (
                emergency_contact::contact_id.eq(id),
                emergency_contact::chart_id.eq(*of),
                emergency_contact::account_id.eq(account.copied()),
                emergency_contact::position.eq(i32::try_from(at).unwrap_or(i32::MAX)),
                emergency_contact::name.eq(entry.name.clone()),
                emergency_contact::relation.eq(entry.relation.clone()),
                emergency_contact::phone.eq(entry.phone.clone()),
                emergency_contact::by_name.eq(by_name),
                emergency_contact::created_at.eq(now),
            ),
        )?;
    }
    count_again(c, of)
}

/// Ends one entry of a chart, which the caller holds, whoever's list it is on; tells whether it was there.
pub fn remove_emergency_contact(
    c: &mut Scoped<'_>,
    of: &ChartId,
    id: &EmergencyContactId,
) -> Result<bool, Fault> {
    if !emergency_contacts(c, of)?.iter().any(|known| known.id == *id) {
        return Ok(false);
    }
    end(c, id)?;
    count_again(c, of)?;
    Ok(true)
}

fn end(c: &mut Scoped<'_>, id: &EmergencyContactId) -> Result<(), Fault> {
    let now = c.now();
    c.rows(emergency_contact::table)
        .filter(emergency_contact::contact_id.eq(*id))
        .filter(emergency_contact::ended_at.is_null())
        .set(emergency_contact::ended_at.eq(Some(now)))
        .execute(c)?;
    Ok(())
}

fn count_again(c: &mut Scoped<'_>, of: &ChartId) -> Result<(), Fault> {
    let count = i32::try_from(emergency_contacts(c, of)?.len()).unwrap_or(i32::MAX);
    c.rows(chart::table).filter(chart::chart_id.eq(*of)).set(chart::emergency_count.eq(count)).execute(c)?;
    Ok(())
}
