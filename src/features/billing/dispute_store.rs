//! Payments that clients' banks ask back.

use diesel::prelude::*;

use crate::features::billing::lifecycle::DisputeState;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, DisputeId, PaymentId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::schema::dispute;
use crate::platform::db::{InLists as _, Scoped, SumOf};
use crate::platform::fault::{Fault, is_duplicate};

/// A payment that a client's bank asks back.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = dispute)]
pub struct Dispute {
    /// The dispute.
    pub dispute_id: DisputeId,
    /// The provider's name for it.
    pub provider_id: String,
    /// The payment.
    pub payment_id: PaymentId,
    /// On this chart.
    pub chart_id: ChartId,
    /// How much is asked back.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it stands.
    pub state: DisputeState,
    /// What the provider has taken out.
    pub withdrawn: i64,
    /// What the provider takes for itself.
    pub fee: i64,
    /// Until when the practice can answer.
    pub due_at: Option<Timestamp>,
}

impl Dispute {
    /// How much is asked back.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// The dispute that the provider knows by this name.
pub(super) fn find_told(c: &mut Scoped<'_>, provider_id: &str) -> Result<Option<Dispute>, Fault> {
    c.rows(dispute::table)
        .filter(dispute::provider_id.eq(provider_id))
        .select(Dispute::as_select())
        .optional(c)
}

/// A chart's disputes, the newest first.
pub fn disputes_of(c: &mut Scoped<'_>, chart: ChartId, most: i64) -> Result<Vec<Dispute>, Fault> {
    c.rows(dispute::table)
        .filter(dispute::chart_id.eq(chart))
        .order(dispute::dispute_id.desc())
        .limit(most)
        .select(Dispute::as_select())
        .load(c)
}

/// Disputes that are not decided, the next to be answered first.
pub fn open_disputes(c: &mut Scoped<'_>, most: i64) -> Result<Vec<Dispute>, Fault> {
    c.rows(dispute::table)
        .filter(dispute::state.in_list([DisputeState::Inquiry, DisputeState::Open]))
        .order((dispute::due_at.asc(), dispute::dispute_id.asc()))
        .limit(most)
        .select(Dispute::as_select())
        .load(c)
}

/// Is a payment asked back at the moment?
pub(super) fn is_open(c: &mut Scoped<'_>, payment: PaymentId) -> Result<bool, Fault> {
    let open = c
        .rows(dispute::table)
        .filter(dispute::payment_id.eq(payment))
        .filter(dispute::state.eq(DisputeState::Open))
        .count(c)?;
    Ok(open > 0)
}

pub(super) fn insert(c: &mut Scoped<'_>, new: &Dispute) -> Result<(), Fault> {
    let row = (
        dispute::dispute_id.eq(new.dispute_id),
        dispute::provider_id.eq(&new.provider_id),
        dispute::payment_id.eq(new.payment_id),
        dispute::chart_id.eq(new.chart_id),
        dispute::amount.eq(new.amount),
        dispute::currency.eq(new.currency),
        dispute::state.eq(new.state),
        dispute::withdrawn.eq(new.withdrawn),
        dispute::fee.eq(new.fee),
        dispute::due_at.eq(new.due_at),
        dispute::created_at.eq(c.now()),
        dispute::version.eq(1i64),
    );
    match c.insert(dispute::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one dispute, told twice at once"))
        }
        other => other,
    }
}

pub(super) fn save(c: &mut Scoped<'_>, known: &Dispute) -> Result<(), Fault> {
    c.rows(dispute::table)
        .filter(dispute::dispute_id.eq(known.dispute_id))
        .set((
            dispute::state.eq(known.state),
            dispute::withdrawn.eq(known.withdrawn),
            dispute::fee.eq(known.fee),
            dispute::due_at.eq(known.due_at),
            dispute::version.eq(dispute::version + 1),
        ))
        .execute(c)?;
    Ok(())
}

/// What the provider took out of each payment and did not give back, for the check.
pub(super) fn all_taken_out(c: &mut Scoped<'_>) -> Result<std::collections::BTreeMap<PaymentId, i64>, Fault> {
    let rows: Vec<(PaymentId, i64)> = c
        .rows(dispute::table)
        .filter(dispute::state.ne(DisputeState::Won))
        .group_by(dispute::payment_id)
        .select((dispute::payment_id, SumOf(dispute::withdrawn)))
        .load(c)?;
    Ok(rows.into_iter().collect())
}
