//! The ledger's rows. Entries are only ever added; a mistake is righted by an adjustment.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::billing::audit::LedgerAction;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, EntryId};
use crate::kernel::money::Money;
use crate::platform::audit::{self, By, Event};
use crate::platform::db::schema::ledger_entry;
use crate::platform::db::{Scoped, SumOf, kept};
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// What an entry is. Its sign says which way it moves the balance.
    pub enum EntryKind {
        /// Owed for a visit or another service: positive.
        Charge = "charge",
        /// Paid by the client or an insurer: negative.
        Payment = "payment",
        /// A discount, a correction, a write-off: either.
        Adjustment = "adjustment",
    }
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
pub struct Entry {
    /// The entry.
    pub entry_id: EntryId,
    /// What it is.
    pub kind: EntryKind,
    /// The civil day it counts for, `YYYY-MM-DD`.
    pub on_date: String,
    /// What for, as the client reads it.
    pub description: String,
    /// Signed minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Entry {
    /// The civil day. Only real days are ever stored.
    pub fn date(&self) -> Date {
        self.on_date.parse().unwrap_or(Date::ZERO)
    }
}

/// An entry to be recorded.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// On this chart.
    pub chart: ChartId,
    /// What it is.
    pub kind: EntryKind,
    /// The civil day it counts for.
    pub on_date: Date,
    /// What for, as the client reads it.
    pub description: String,
    /// Minor units without a sign for charges and payments; an adjustment carries its own.
    pub amount_minor: i64,
    /// ISO 4217, such as `USD`.
    pub currency: String,
}

/// The signed amount that stands in the ledger.
fn signed(kind: EntryKind, amount: i64) -> i64 {
    match kind {
        EntryKind::Charge => amount.abs(),
        EntryKind::Payment => -amount.abs(),
        EntryKind::Adjustment => amount,
    }
}

/// Records an entry, in the caller's transaction, with its audit event.
pub fn record(c: &mut Scoped<'_>, by: &By, new: &NewEntry) -> Result<EntryId, Fault> {
    let id = EntryId::fresh(c.rng(), c.now());
    diesel::insert_into(ledger_entry::table)
        .values((
            ledger_entry::practice_id.eq(c.practice().clone()),
            ledger_entry::entry_id.eq(id.clone()),
            ledger_entry::chart_id.eq(new.chart.clone()),
            ledger_entry::kind.eq(new.kind),
            ledger_entry::on_date.eq(new.on_date.to_string()),
            ledger_entry::description.eq(&new.description),
            ledger_entry::amount_minor.eq(signed(new.kind, new.amount_minor)),
            ledger_entry::currency.eq(&new.currency),
            ledger_entry::created_at.eq(c.now()),
        ))
        .execute(c.conn)?;
    let event = Event::new(by.clone(), LedgerAction::Recorded)
        .on_chart(&new.chart)
        .with(serde_json::json!({ "entry": id, "kind": new.kind }));
    audit::record(c, event)?;
    Ok(id)
}

/// A chart's ledger, oldest first.
pub fn ledger_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Entry>, Fault> {
    Ok(ledger_entry::table
        .filter(ledger_entry::practice_id.eq(c.practice().clone()))
        .filter(ledger_entry::chart_id.eq(chart.clone()))
        .order((ledger_entry::on_date.asc(), ledger_entry::created_at.asc(), ledger_entry::entry_id.asc()))
        .select(Entry::as_select())
        .load(c.conn)?)
}

/// For home: what is owed in each currency that occurs in a chart's ledger; nothing where there is no entry.
pub fn balances_of(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Money>, Fault> {
    let query = ledger_entry::table
        .filter(ledger_entry::practice_id.eq(*c.practice()))
        .filter(ledger_entry::chart_id.eq(*chart))
        .group_by(ledger_entry::currency)
        .order(ledger_entry::currency.asc())
        .select((ledger_entry::currency, SumOf(ledger_entry::amount_minor)));
    let rows: Vec<(String, i64)> = kept(query).load(c.conn)?;
    Ok(rows.into_iter().map(|(currency, minor)| Money { minor, currency }).collect())
}
