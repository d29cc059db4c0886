//! What reports read of a whole practice: what is open, and what was posted in a time.

use diesel::prelude::*;
use jiff::civil::Date;

use super::entry::{Account, EntryKind, Item, ItemKind};
use super::store::{CLIENT, EntryRow, Line, day, head_from};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, ItemId};
use crate::kernel::money::Currency;
use crate::platform::db::schema::{balance, journal_entry, posting};
use crate::platform::db::{InLists as _, Scoped, SumOf};
use crate::platform::fault::Fault;

/// What is open on a chart since a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAmount {
    /// The chart.
    pub chart: ChartId,
    /// In this currency.
    pub currency: Currency,
    /// Owed since then, or not used since then.
    pub since: Date,
    /// Positive: owed; negative: not used of a payment.
    pub amount: i64,
}

/// Everything that is open, by chart and currency.
pub fn open_amounts(c: &mut Scoped<'_>) -> Result<Vec<OpenAmount>, Fault> {
    let rows: Vec<(ChartId, Currency, Account, String, i64)> = c
        .rows(balance::table)
        .filter(balance::account.in_list(CLIENT))
        .filter(balance::amount.ne(0))
        .group_by((balance::chart_id, balance::currency, balance::account, balance::since_on))
        .order((balance::chart_id.asc(), balance::currency.asc(), balance::since_on.asc()))
        .select((
            balance::chart_id,
            balance::currency,
            balance::account,
            balance::since_on,
            SumOf(balance::amount),
        ))
        .load(c)?;
    rows.into_iter()
        .map(|(chart, currency, _, since, amount)| {
            Ok(OpenAmount { chart, currency, since: day(&since)?, amount })
        })
        .collect()
}

/// The lines of all charts that were posted from a moment on and before another one, in the order of the journal.
pub fn lines_between(c: &mut Scoped<'_>, from: Timestamp, until: Timestamp) -> Result<Vec<Line>, Fault> {
    let rows: Vec<(EntryRow, ItemKind, Option<ItemId>, i64)> =
        c.rows(journal_entry::table)
            .inner_join(posting::table.on(
                posting::practice_id.eq(journal_entry::practice_id).and(posting::seq.eq(journal_entry::seq)),
            ))
            .filter(journal_entry::recorded_at.ge(from))
            .filter(journal_entry::recorded_at.lt(until))
            .filter(journal_entry::kind.in_list(EntryKind::LINES))
            .filter(posting::account.in_list(CLIENT))
            .order(journal_entry::seq.asc())
            .select((EntryRow::as_select(), posting::item_kind, posting::item_id, posting::amount))
            .load(c)?;
    rows.into_iter()
        .map(|(row, kind, id, amount)| {
            let item = id.and_then(|id| Item::read(kind, id.uuid()));
            let item = item.ok_or_else(|| Fault::Damaged(format!("entry {} has no item", row.seq)))?;
            Ok(Line { head: head_from(row, None)?, item, amount })
        })
        .collect()
}
