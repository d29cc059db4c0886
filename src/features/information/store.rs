//! The rows of what clients change of their information, and how strict the practice is about a field.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use crate::features::information::lifecycle::FieldState;
use crate::features::people::{CLIENT_FIELDS, ClientChange};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, InfoChangeId, PersonId, PracticeId, StaffId};
use crate::platform::db::schema::{chart, field_policy, info_change, info_change_field, person};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::permissions::Role;
use crate::practice_row;

/// A submission.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = info_change, treat_none_as_default_value = false)]
pub struct InfoChange {
    /// The practice.
    pub practice_id: PracticeId,
    /// Its id.
    pub change_id: InfoChangeId,
    /// The chart.
    pub chart_id: ChartId,
    /// The client whose information it is.
    pub person_id: PersonId,
    /// The grant by which it was changed.
    pub access_id: AccessId,
    /// The home practice of the account.
    pub account_practice_id: PracticeId,
    /// The account.
    pub account_id: AccountId,
    /// Whoever changed it, by the name they had then.
    pub by_name: String,
    /// What they are to the client, as the chart says; empty for the client.
    pub relation: String,
    /// When.
    pub submitted_at: Timestamp,
}

/// A field of a submission.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = info_change_field, treat_none_as_default_value = false)]
pub struct FieldRow {
    /// The practice.
    pub practice_id: PracticeId,
    /// The submission.
    pub change_id: InfoChangeId,
    /// The field's name in the registry.
    pub path: String,
    /// The chart.
    pub chart_id: ChartId,
    /// The client.
    pub person_id: PersonId,
    /// What stood on file when it was changed.
    pub seen_value: String,
    /// What it is to be, or was set to.
    pub new_value: String,
    /// How it stands.
    pub state: FieldState,
    /// Since when staff have to look at it; none once they did.
    pub waits_at: Option<Timestamp>,
    /// Why it was not taken.
    pub reason: String,
    /// Who decided.
    pub decided_by_name: String,
    /// When.
    pub decided_at: Option<Timestamp>,
}

practice_row!(InfoChange, info_change);
practice_row!(FieldRow, info_change_field);

/// Rows that one page of a chart or of a client shows.
const MOST_ROWS: i64 = 100;

/// The fields of this practice, each with its submission.
macro_rules! with_submission {
    ($c:expr) => {
        $c.rows(info_change_field::table).inner_join(
            info_change::table.on(info_change::practice_id
                .eq(info_change_field::practice_id)
                .and(info_change::change_id.eq(info_change_field::change_id))),
        )
    };
}

/// Keeps a submission with its fields.
pub(super) fn insert(c: &mut Scoped<'_>, change: &InfoChange, fields: &[FieldRow]) -> Result<(), Fault> {
    c.insert_rows(std::slice::from_ref(change))?;
    c.insert_rows(fields).map_err(|fault| match fault {
        Fault::Database(error) if is_duplicate(&error) => {
            Fault::lost_race("two values of one field submitted at once")
        }
        other => other,
    })
}

/// The values of a client's fields that wait for staff, each with the account that sent it.
pub(super) fn pending_of(c: &mut Scoped<'_>, person: &PersonId) -> Result<Vec<(AccountId, FieldRow)>, Fault> {
    with_submission!(c)
        .filter(info_change_field::person_id.eq(*person))
        .filter(info_change_field::state.eq(FieldState::Pending))
        .limit(MOST_ROWS)
        .select((info_change::account_id, FieldRow::as_select()))
        .load(c)
}

/// What was changed of a client lately, the newest first, each with its submission.
pub(super) fn recent_of(c: &mut Scoped<'_>, person: &PersonId) -> Result<Vec<(InfoChange, FieldRow)>, Fault> {
    with_submission!(c)
        .filter(info_change_field::person_id.eq(*person))
        .order(info_change_field::change_id.desc())
        .limit(MOST_ROWS)
        .select((InfoChange::as_select(), FieldRow::as_select()))
        .load(c)
}

/// What waits for staff on a chart, the oldest first, each with its submission.
pub(super) fn waiting_of_chart(
    c: &mut Scoped<'_>,
    of: &ChartId,
) -> Result<Vec<(InfoChange, FieldRow)>, Fault> {
    with_submission!(c)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(info_change_field::practice_id)
                .and(chart::person_id.eq(info_change_field::person_id))),
        )
        .filter(chart::chart_id.eq(*of))
        .filter(info_change_field::waits_at.is_not_null())
        .order((info_change_field::waits_at.asc(), info_change_field::change_id.asc()))
        .limit(MOST_ROWS)
        .select((InfoChange::as_select(), FieldRow::as_select()))
        .load(c)
}

/// A submission with its fields; `None` if this practice has no such one.
pub fn change_with_fields(
    c: &mut Scoped<'_>,
    id: &InfoChangeId,
) -> Result<Option<(InfoChange, Vec<FieldRow>)>, Fault> {
    Ok(with_fields(c, std::slice::from_ref(id))?.pop())
}

fn with_fields(c: &mut Scoped<'_>, ids: &[InfoChangeId]) -> Result<Vec<(InfoChange, Vec<FieldRow>)>, Fault> {
    let changes: Vec<InfoChange> = c
        .rows(info_change::table)
        .filter(info_change::change_id.in_list(ids))
        .order(info_change::change_id.asc())
        .select(InfoChange::as_select())
        .load(c)?;
    let rows: Vec<FieldRow> = c
        .rows(info_change_field::table)
        .filter(info_change_field::change_id.in_list(ids))
        .order((info_change_field::change_id.asc(), info_change_field::path.asc()))
        .select(FieldRow::as_select())
        .load(c)?;
    let mut fields: HashMap<InfoChangeId, Vec<FieldRow>> = HashMap::new();
    for row in rows {
        fields.entry(row.change_id).or_default().push(row);
    }
    Ok(changes
        .into_iter()
        .map(|change| {
            let fields = fields.remove(&change.change_id).unwrap_or_default();
            (change, fields)
        })
        .collect())
}

/// The submissions that wait for staff, the oldest first, after one of them.
pub fn waiting_changes(
    c: &mut Scoped<'_>,
    after: Option<&InfoChangeId>,
    most: usize,
) -> Result<Vec<(InfoChange, Vec<FieldRow>)>, Fault> {
    let ids: Vec<InfoChangeId> = c
        .rows(info_change_field::table)
        .filter(info_change_field::waits_at.is_not_null())
        .filter(info_change_field::change_id.gt(after.copied().unwrap_or(InfoChangeId::NIL)))
        .order(info_change_field::change_id.asc())
        // A submission has at most one row a field.
        .limit(i64::try_from(most * CLIENT_FIELDS.len()).unwrap_or(i64::MAX))
        .select(info_change_field::change_id)
        .load(c)?;
    let mut distinct = ids;
    distinct.dedup();
    distinct.truncate(most);
    with_fields(c, &distinct)
}

/// A client whose changes wait.
#[derive(Clone, Debug)]
pub(super) struct QueueLine {
    pub(super) chart_id: ChartId,
    pub(super) chart_number: String,
    pub(super) client: String,
    /// Since when the oldest waits.
    pub(super) since: Timestamp,
    /// The fields to decide, and those to be looked at.
    pub(super) pending: Vec<String>,
    pub(super) told: Vec<String>,
}

/// Fields that the queue reads at once; what is behind them shows once these are decided.
const MOST_QUEUED: i64 = 500;

/// The clients whose changes wait, a line each, the longest waiting first; and whether there are more.
pub(super) fn queue(c: &mut Scoped<'_>) -> Result<(Vec<QueueLine>, bool), Fault> {
    type Row = ((ChartId, String), (String, String, String), (String, FieldState, Option<Timestamp>));
    let rows: Vec<Row> = c
        .rows(info_change_field::table)
        .inner_join(
            chart::table.on(chart::practice_id
                .eq(info_change_field::practice_id)
                .and(chart::chart_id.eq(info_change_field::chart_id))),
        )
        .inner_join(
            person::table.on(person::practice_id
                .eq(info_change_field::practice_id)
                .and(person::person_id.eq(info_change_field::person_id))),
        )
        .filter(info_change_field::waits_at.is_not_null())
        .order((info_change_field::waits_at.asc(), info_change_field::change_id.asc()))
        .limit(MOST_QUEUED + 1)
        .select((
            (chart::chart_id, chart::chart_number),
            (person::first_name, person::last_name, person::suffix),
            (info_change_field::path, info_change_field::state, info_change_field::waits_at),
        ))
        .load(c)?;
    let has_more = rows.len() as i64 > MOST_QUEUED;
    let mut lines: Vec<QueueLine> = Vec::new();
    for ((chart_id, chart_number), (first, last, suffix), (path, state, waits_at)) in rows {
        let at = lines.iter().position(|line| line.chart_id == chart_id).unwrap_or_else(|| {
            lines.push(QueueLine {
                chart_id,
                chart_number,
                client: crate::features::people::joined(&[&first, &last, &suffix]),
                since: waits_at.unwrap_or(Timestamp::from_micros(0)),
                pending: Vec::new(),
                told: Vec::new(),
            });
            lines.len() - 1
        });
        if let Some(line) = lines.get_mut(at) {
            let fields = if state == FieldState::Pending { &mut line.pending } else { &mut line.told };
            if !fields.contains(&path) {
                fields.push(path);
            }
        }
    }
    Ok((lines, has_more))
}

/// Of how many clients something waits for staff, of the first [`MOST_QUEUED`] fields: as many lines the queue has.
pub(super) fn count_waiting(c: &mut Scoped<'_>, _: &StaffId, _: Role) -> Result<i64, Fault> {
    let found: Vec<PersonId> = c
        .rows(info_change_field::table)
        // A bound, so that the index which begins with it leads to what waits.
        .filter(info_change_field::waits_at.gt(Timestamp::from_micros(i64::MIN)))
        .order(info_change_field::waits_at.asc())
        .limit(MOST_QUEUED)
        .select(info_change_field::person_id)
        .kept()
        .load(c)?;
    let clients: BTreeSet<PersonId> = found.into_iter().collect();
    Ok(i64::try_from(clients.len()).unwrap_or(i64::MAX))
}

/// When an account's newest submissions were sent, since a moment, the oldest first.
pub(super) fn submitted_since(
    c: &mut Scoped<'_>,
    account: &AccountId,
    since: Timestamp,
    most: usize,
) -> Result<Vec<Timestamp>, Fault> {
    c.rows(info_change::table)
        .filter(info_change::account_id.eq(*account))
        .filter(info_change::submitted_at.gt(since))
        .order(info_change::submitted_at.asc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(info_change::submitted_at)
        .load(c)
}

/// What is written with a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided<'a> {
    pub(super) state: FieldState,
    pub(super) reason: &'a str,
    pub(super) by_name: &'a str,
}

/// Moves a field from the state that was read to the next; `false` if somebody else was faster.
pub(super) fn swap_state(c: &mut Scoped<'_>, row: &FieldRow, decided: Decided<'_>) -> Result<bool, Fault> {
    let now = c.now();
    let swapped = c
        .rows(info_change_field::table)
        .filter(info_change_field::change_id.eq(row.change_id))
        .filter(info_change_field::path.eq(&row.path))
        .filter(info_change_field::state.eq(row.state))
        .set((
            info_change_field::state.eq(decided.state),
            info_change_field::waits_at.eq(None::<Timestamp>),
            info_change_field::reason.eq(decided.reason),
            info_change_field::decided_by_name.eq(decided.by_name),
            info_change_field::decided_at.eq(now),
        ))
        .execute(c)?;
    Ok(swapped == 1)
}

/// How strict this practice is about each field: the registry's, or stricter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPolicy(BTreeMap<String, ClientChange>);

impl FieldPolicy {
    /// What becomes of a change of this field. A field that the registry does not know is locked.
    pub fn of(&self, field: &str) -> ClientChange {
        let Some(known) = CLIENT_FIELDS.iter().find(|known| known.name == field) else {
            return ClientChange::Locked;
        };
        self.0.get(field).copied().map_or(known.change, |own| own.max(known.change))
    }
}

/// The practice's policy.
pub fn policy(c: &mut Scoped<'_>) -> Result<FieldPolicy, Fault> {
    let rows: Vec<(String, ClientChange)> =
        c.rows(field_policy::table).select((field_policy::path, field_policy::apply)).load(c)?;
    Ok(FieldPolicy(rows.into_iter().collect()))
}

/// Sets what becomes of a field.
pub(super) fn set_policy(c: &mut Scoped<'_>, field: &str, apply: ClientChange) -> Result<(), Fault> {
    c.rows(field_policy::table).filter(field_policy::path.eq(field)).delete(c)?;
    c.insert(field_policy::table, (field_policy::path.eq(field), field_policy::apply.eq(apply)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_practice_may_be_stricter_than_the_registry_and_never_looser() {
        for field in CLIENT_FIELDS {
            for own in ClientChange::ALL {
                let policy = FieldPolicy(BTreeMap::from([(field.name.to_owned(), *own)]));
                assert_eq!(policy.of(field.name), field.change.max(*own), "{} {own}", field.name);
            }
            assert_eq!(FieldPolicy::default().of(field.name), field.change);
        }
        assert_eq!(FieldPolicy::default().of("chart_number"), ClientChange::Locked);
    }
}
