//! The rows of statements, and the numbers that they are given.

use diesel::prelude::*;

use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PayerId, StatementId};
use crate::platform::db::schema::{number_series, statement};
use crate::platform::db::{InLists as _, Scoped};
use crate::platform::fault::{Fault, is_duplicate};

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// `S-000001`.
    Statements,
    /// `R-000001`.
    Receipts,
    /// `I-000001`.
    Invoices,
    /// `B-000001`.
    Superbills,
}

impl Series {
    const fn word(self) -> &'static str {
        match self {
            Self::Statements => "statement",
            Self::Receipts => "receipt",
            Self::Invoices => "invoice",
            Self::Superbills => "superbill",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Statements => 'S',
            Self::Receipts => 'R',
            Self::Invoices => 'I',
            Self::Superbills => 'B',
        }
    }
}

/// What a list says of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = statement)]
pub struct StatementHead {
    /// The statement.
    pub statement_id: StatementId,
    /// Its number.
    pub number: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// By whom.
    pub issued_by_name: String,
}

/// A statement to be kept.
pub(super) struct NewRow<'a> {
    pub id: StatementId,
    pub number: &'a str,
    pub chart: ChartId,
    pub party: PayerId,
    pub from: i64,
    pub through: i64,
    pub json: &'a str,
    pub sha256: String,
    pub by_name: &'a str,
    /// The month that it is about; `None` for one made on demand.
    pub period: Option<&'a str>,
}

pub(super) fn insert(c: &mut Scoped<'_>, new: &NewRow<'_>) -> Result<(), Fault> {
    let row = (
        statement::statement_id.eq(new.id),
        statement::number.eq(new.number),
        statement::chart_id.eq(new.chart),
        statement::party_id.eq(new.party),
        statement::kind.eq(if new.period.is_some() { "monthly" } else { "on_demand" }),
        statement::period.eq(new.period),
        statement::from_seq.eq(new.from),
        statement::through_seq.eq(new.through),
        statement::data.eq(new.json),
        statement::sha256.eq(&new.sha256),
        statement::issued_by_name.eq(new.by_name),
        statement::issued_at.eq(c.now()),
    );
    c.insert(statement::table, row)
}

/// The next number, given to nobody else: the row is held until the commit.
pub(super) fn next_number(c: &mut Scoped<'_>, of: Series) -> Result<String, Fault> {
    let series = |c: &Scoped<'_>| c.rows(number_series::table).filter(number_series::kind.eq(of.word()));
    let raised = series(c).set(number_series::next.eq(number_series::next + 1)).execute(c)?;
    let number: i64 = if raised > 0 {
        series(c).select(number_series::next).first(c)?
    } else {
        match c
            .insert(number_series::table, (number_series::kind.eq(of.word()), number_series::next.eq(1i64)))
        {
            Ok(()) => 1,
            Err(Fault::Database(error)) if is_duplicate(&error) => {
                return Err(Fault::lost_race("two first numbers of a series at once"));
            }
            Err(fault) => return Err(fault),
        }
    };
    Ok(format!("{}-{number:06}", of.letter()))
}

/// The place in the journal up to which a payer's monthly statements reach, and the month of the last one.
pub(super) fn last_monthly(
    c: &mut Scoped<'_>,
    chart: ChartId,
    party: PayerId,
) -> Result<Option<(i64, Option<String>)>, Fault> {
    c.rows(statement::table)
        .filter(statement::chart_id.eq(chart))
        .filter(statement::party_id.eq(party))
        .filter(statement::period.is_not_null())
        .order(statement::period.desc())
        .select((statement::through_seq, statement::period))
        .optional(c)
}

/// A statement's frozen data, its hash, and whose it is.
pub(super) fn find(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: StatementId,
) -> Result<Option<(String, String, PayerId)>, Fault> {
    c.rows(statement::table)
        .filter(statement::chart_id.eq(chart))
        .filter(statement::statement_id.eq(id))
        .select((statement::data, statement::sha256, statement::party_id))
        .optional(c)
}

/// The chart of a statement.
pub fn chart_of_statement(c: &mut Scoped<'_>, id: StatementId) -> Result<Option<ChartId>, Fault> {
    c.rows(statement::table).filter(statement::statement_id.eq(id)).select(statement::chart_id).optional(c)
}

/// A chart's statements, the newest first.
pub fn list_of(c: &mut Scoped<'_>, chart: ChartId, most: i64) -> Result<Vec<StatementHead>, Fault> {
    c.rows(statement::table)
        .filter(statement::chart_id.eq(chart))
        .order(statement::statement_id.desc())
        .limit(most)
        .select(StatementHead::as_select())
        .load(c)
}

/// The statements of these payers, the newest first.
pub fn list_for(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    most: i64,
) -> Result<Vec<StatementHead>, Fault> {
    c.rows(statement::table)
        .filter(statement::chart_id.eq(chart))
        .filter(statement::party_id.in_list(parties))
        .order(statement::statement_id.desc())
        .limit(most)
        .select(StatementHead::as_select())
        .load(c)
}
