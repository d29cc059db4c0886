//! The rows of superbills.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::billing::lifecycle::ChargeState;
use crate::features::billing::paper_store::paper_queries;
use crate::features::billing::statement_store::{Series, next_number};
use crate::features::billing::store::{Charge, ChargePayer};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PayerId, SuperbillId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::{charge, superbill};
use crate::platform::fault::Fault;

/// What a list says of a superbill.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = superbill)]
pub struct SuperbillHead {
    /// The superbill.
    pub superbill_id: SuperbillId,
    /// Its number.
    pub number: String,
    /// Of what this payer pays.
    pub party_id: PayerId,
    /// When it was made.
    pub issued_at: Timestamp,
    pub(super) data: String,
    pub(super) sha256: String,
}

/// The number of the next superbill.
pub(super) fn number(c: &mut Scoped<'_>) -> Result<String, Fault> {
    next_number(c, Series::Superbills)
}

pub(super) fn insert(
    c: &mut Scoped<'_>,
    number: &str,
    (chart, party): (ChartId, PayerId),
    by_name: &str,
    (json, sha256): (&str, &str),
) -> Result<SuperbillId, Fault> {
    let id = SuperbillId::fresh(c.rng(), c.now());
    let row = (
        superbill::superbill_id.eq(id),
        superbill::number.eq(number),
        superbill::chart_id.eq(chart),
        superbill::party_id.eq(party),
        superbill::data.eq(json),
        superbill::sha256.eq(sha256),
        superbill::issued_by_name.eq(by_name),
        superbill::issued_at.eq(c.now()),
    );
    c.insert(superbill::table, row)?;
    Ok(id)
}

paper_queries!(superbill, superbill_id, SuperbillId, SuperbillHead, chart_of_superbill);

/// Charges that the client pays, of days from one to another: those that no insurer is to hear of are not among them.
pub(super) fn charges_between(
    c: &mut Scoped<'_>,
    chart: ChartId,
    from: Date,
    until: Date,
    most: i64,
) -> Result<Vec<Charge>, Fault> {
    c.rows(charge::table)
        .filter(charge::chart_id.eq(chart))
        .filter(charge::state.eq(ChargeState::Posted))
        .filter(charge::payer.eq(ChargePayer::SelfPay))
        .filter(charge::on_date.ge(from.to_string()))
        .filter(charge::on_date.le(until.to_string()))
        .order((charge::on_date.asc(), charge::charge_id.asc()))
        .limit(most)
        .select(Charge::as_select())
        .load(c)
}
