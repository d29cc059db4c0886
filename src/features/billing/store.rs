//! The rows of charges, payments and refunds. What they move stands in the ledger.

use std::collections::BTreeMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::billing::lifecycle::{ChargeState, Payer, PaymentState, RefundState};
use crate::features::ledger;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{
    ChargeId, ChartId, EncounterId, InsuranceId, PayerId, PaymentId, PersonId, RefundId, ServiceId,
};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::schema::{charge, chart, payment, payment_part, refund};
use crate::platform::db::{InLists as _, Scoped, SumOf};
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// Who pays a charge at first.
    pub enum ChargePayer {
        /// Whoever pays for the chart.
        SelfPay = "self_pay",
        /// The client's insurer.
        Insured = "insured",
        /// Whoever pays for the chart, and no insurer is told of it.
        Withheld = "withheld",
    }
}

/// What a client owes for a service.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = charge)]
pub struct Charge {
    /// The charge.
    pub charge_id: ChargeId,
    /// On this chart.
    pub chart_id: ChartId,
    /// The day of the service, `YYYY-MM-DD`.
    pub on_date: String,
    /// What for, as the client reads it.
    pub description: String,
    /// Minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it stands.
    pub state: ChargeState,
    /// Who posted it; empty for what the upgrade brought over.
    pub created_by_name: String,
    /// When.
    pub created_at: Timestamp,
    /// The visit.
    pub encounter_id: Option<EncounterId>,
    /// The service.
    pub service_id: Option<ServiceId>,
    /// Its code, as it was then; may be empty.
    pub code: String,
    /// Modifiers of the code, with a space between.
    pub modifiers: String,
    /// How many units.
    pub units: i32,
    /// With whom the client is insured for it.
    pub insurance_id: Option<InsuranceId>,
    /// Who pays it at first.
    pub payer: ChargePayer,
}

/// What a new charge says beside its day, its words and its amount.
pub(super) struct ChargeMore<'a> {
    pub encounter: Option<EncounterId>,
    pub service: Option<ServiceId>,
    pub code: &'a str,
    pub modifiers: &'a str,
    pub units: i32,
    pub coverage: Option<InsuranceId>,
    pub payer: ChargePayer,
}

impl Charge {
    /// The fee.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

word_enum! {
    /// How money came in.
    pub enum PaymentMethod {
        /// Notes and coins.
        Cash = "cash",
        /// A check.
        Check = "check",
        /// A card at the practice's own terminal.
        Terminal = "terminal",
        /// A transfer from a bank account.
        Bank = "bank",
        /// Anything else; the reference says what.
        Other = "other",
        /// A card, on the payment provider's page.
        Card = "card",
    }
}

impl PaymentMethod {
    /// The ways that staff and programs record. What comes through the provider is recorded by its word alone.
    pub const RECORDED: [Self; 5] = [Self::Cash, Self::Check, Self::Terminal, Self::Bank, Self::Other];

    /// A word for a way that may be recorded.
    pub fn read_recorded(word: &str) -> Option<Self> {
        Self::RECORDED.into_iter().find(|method| method.word() == word)
    }
}

word_enum! {
    /// Where a payment's record comes from.
    pub enum PaymentSource {
        /// Staff recorded it.
        Staff = "staff",
        /// A program recorded it by the API.
        Api = "api",
        /// It was there before this ledger.
        Import = "import",
        /// A client paid on the provider's page.
        Portal = "portal",
    }
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = payment)]
pub struct Payment {
    /// The payment.
    pub payment_id: PaymentId,
    /// How it came.
    pub method: PaymentMethod,
    /// Where its record comes from.
    pub source: PaymentSource,
    /// Minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// Where it stands.
    pub state: PaymentState,
    /// The day on which it came in, `YYYY-MM-DD`.
    pub received_on: String,
    /// A check's number or the like; may be empty.
    pub reference: String,
    /// Who recorded it; empty for what the upgrade brought over.
    pub recorded_by_name: String,
    /// When.
    pub created_at: Timestamp,
}

impl Payment {
    /// The amount.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

word_enum! {
    /// How money goes back.
    pub enum RefundWay {
        /// Notes and coins.
        Cash = "cash",
        /// A check.
        Check = "check",
        /// Back to the card, at the practice's own terminal.
        Terminal = "terminal",
        /// A transfer to a bank account.
        Bank = "bank",
        /// Back to the card, by the payment provider.
        Provider = "provider",
    }
}

impl RefundWay {
    /// Who pays it out.
    pub const fn payer(self) -> Payer {
        match self {
            Self::Provider => Payer::Provider,
            Self::Cash | Self::Check | Self::Terminal | Self::Bank => Payer::Practice,
        }
    }
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = refund)]
pub struct Refund {
    /// The refund.
    pub refund_id: RefundId,
    /// Of this payment.
    pub payment_id: PaymentId,
    /// On this chart.
    pub chart_id: ChartId,
    /// Minor units.
    pub amount: i64,
    /// Its currency.
    pub currency: Currency,
    /// How it went.
    pub way: RefundWay,
    /// Where it stands.
    pub state: RefundState,
    /// Why.
    pub reason: String,
    /// The day on which it went, `YYYY-MM-DD`.
    pub made_on: String,
    /// Who paid it out.
    pub made_by_name: String,
}

/// A charge to be posted.
#[derive(Clone, Debug)]
pub struct NewCharge {
    /// On this chart.
    pub chart: ChartId,
    /// The day of the service.
    pub on: Date,
    /// What for, as the client reads it.
    pub description: String,
    /// The fee.
    pub amount: Money,
}

/// A payment to be recorded.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// On this chart.
    pub chart: ChartId,
    /// The day on which it came in.
    pub received_on: Date,
    /// How it came.
    pub method: PaymentMethod,
    /// A check's number or the like; may be empty.
    pub reference: String,
    /// The amount.
    pub amount: Money,
    /// The charge that it pays first.
    pub pays: Option<ChargeId>,
    /// Whose payment it is; `None` for whoever pays first.
    pub payer: Option<PayerId>,
}

/// The client of a chart.
pub(super) fn client_of(c: &mut Scoped<'_>, chart: ChartId) -> Result<Option<PersonId>, Fault> {
    c.rows(chart::table).filter(chart::chart_id.eq(chart)).select(chart::person_id).optional(c)
}

pub(super) fn insert_charge(
    c: &mut Scoped<'_>,
    id: ChargeId,
    by_name: &str,
    new: &NewCharge,
    more: &ChargeMore<'_>,
) -> Result<(), Fault> {
    let row = (
        charge::charge_id.eq(id),
        charge::chart_id.eq(new.chart),
        charge::on_date.eq(new.on.to_string()),
        charge::description.eq(&new.description),
        charge::amount.eq(new.amount.minor),
        charge::currency.eq(new.amount.currency),
        charge::state.eq(ChargeState::Posted),
        charge::created_by_name.eq(by_name),
        charge::created_at.eq(c.now()),
        charge::version.eq(1i64),
        charge::encounter_id.eq(more.encounter),
        charge::service_id.eq(more.service),
        charge::code.eq(more.code),
        charge::modifiers.eq(more.modifiers),
        charge::units.eq(more.units),
        charge::insurance_id.eq(more.coverage),
        charge::payer.eq(more.payer),
    );
    c.insert(charge::table, row)
}

/// A charge of this chart.
pub fn find_charge(c: &mut Scoped<'_>, chart: ChartId, id: ChargeId) -> Result<Option<Charge>, Fault> {
    c.rows(charge::table)
        .filter(charge::chart_id.eq(chart))
        .filter(charge::charge_id.eq(id))
        .select(Charge::as_select())
        .optional(c)
}

/// The chart of a charge.
pub fn chart_of_charge(c: &mut Scoped<'_>, id: ChargeId) -> Result<Option<ChartId>, Fault> {
    c.rows(charge::table).filter(charge::charge_id.eq(id)).select(charge::chart_id).optional(c)
}

/// A chart's charges behind `after`, in the order in which they were posted.
pub fn charges_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    after: Option<ChargeId>,
    most: i64,
) -> Result<Vec<Charge>, Fault> {
    c.rows(charge::table)
        .filter(charge::chart_id.eq(chart))
        .filter(charge::charge_id.gt(after.unwrap_or(ChargeId::NIL)))
        .order(charge::charge_id.asc())
        .limit(most)
        .select(Charge::as_select())
        .load(c)
}

/// A chart's charges of a day that stand, in the order in which they were posted.
pub(super) fn charges_on_day(
    c: &mut Scoped<'_>,
    chart: ChartId,
    on: Date,
    most: i64,
) -> Result<Vec<Charge>, Fault> {
    c.rows(charge::table)
        .filter(charge::chart_id.eq(chart))
        .filter(charge::on_date.eq(on.to_string()))
        .filter(charge::state.eq(ChargeState::Posted))
        .order(charge::charge_id.asc())
        .limit(most)
        .select(Charge::as_select())
        .load(c)
}

/// Charges by their ids.
pub fn charges_named(c: &mut Scoped<'_>, ids: &[ChargeId]) -> Result<BTreeMap<ChargeId, Charge>, Fault> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<Charge> =
        c.rows(charge::table).filter(charge::charge_id.in_list(ids)).select(Charge::as_select()).load(c)?;
    Ok(rows.into_iter().map(|row| (row.charge_id, row)).collect())
}

pub(super) fn set_charge_state(c: &mut Scoped<'_>, id: ChargeId, state: ChargeState) -> Result<(), Fault> {
    c.rows(charge::table)
        .filter(charge::charge_id.eq(id))
        .set((charge::state.eq(state), charge::version.eq(charge::version + 1)))
        .execute(c)?;
    Ok(())
}

pub(super) fn insert_payment(
    c: &mut Scoped<'_>,
    id: PaymentId,
    party: PayerId,
    by_name: &str,
    source: PaymentSource,
    new: &NewPayment,
) -> Result<(), Fault> {
    let row = (
        payment::payment_id.eq(id),
        payment::method.eq(new.method),
        payment::source.eq(source),
        payment::amount.eq(new.amount.minor),
        payment::currency.eq(new.amount.currency),
        payment::state.eq(PaymentState::Succeeded),
        payment::received_on.eq(new.received_on.to_string()),
        payment::reference.eq(&new.reference),
        payment::recorded_by_name.eq(by_name),
        payment::created_at.eq(c.now()),
        payment::version.eq(1i64),
    );
    c.insert(payment::table, row)?;
    let part = (
        payment_part::payment_id.eq(id),
        payment_part::chart_id.eq(new.chart),
        payment_part::party_id.eq(party),
        payment_part::amount.eq(new.amount.minor),
    );
    c.insert(payment_part::table, part)
}

/// The payments of a chart, each with the payer of its part.
macro_rules! payments {
    ($c:expr, $chart:expr) => {
        $c.rows(payment::table)
            .inner_join(
                payment_part::table.on(payment_part::practice_id
                    .eq(payment::practice_id)
                    .and(payment_part::payment_id.eq(payment::payment_id))),
            )
            .filter(payment_part::chart_id.eq($chart))
    };
}

/// A payment of this chart, with who paid.
pub fn find_payment(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: PaymentId,
) -> Result<Option<(Payment, PayerId)>, Fault> {
    payments!(c, chart)
        .filter(payment::payment_id.eq(id))
        .select((Payment::as_select(), payment_part::party_id))
        .optional(c)
}

/// The chart of a payment.
pub fn chart_of_payment(c: &mut Scoped<'_>, id: PaymentId) -> Result<Option<ChartId>, Fault> {
    c.rows(payment_part::table)
        .filter(payment_part::payment_id.eq(id))
        .select(payment_part::chart_id)
        .optional(c)
}

/// A chart's payments behind `after`, in the order in which they were recorded.
pub fn payments_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    after: Option<PaymentId>,
    most: i64,
) -> Result<Vec<Payment>, Fault> {
    payments!(c, chart)
        .filter(payment::payment_id.gt(after.unwrap_or(PaymentId::NIL)))
        .order(payment::payment_id.asc())
        .limit(most)
        .select(Payment::as_select())
        .load(c)
}

/// A chart's payments that came in on a day and stand, in the order in which they were recorded.
pub(super) fn payments_on_day(
    c: &mut Scoped<'_>,
    chart: ChartId,
    on: Date,
    most: i64,
) -> Result<Vec<Payment>, Fault> {
    payments!(c, chart)
        .filter(payment::received_on.eq(on.to_string()))
        .filter(payment::state.eq(PaymentState::Succeeded))
        .order(payment::payment_id.asc())
        .limit(most)
        .select(Payment::as_select())
        .load(c)
}

/// Payments by their ids.
pub(super) fn payments_named(
    c: &mut Scoped<'_>,
    ids: &[PaymentId],
) -> Result<BTreeMap<PaymentId, Payment>, Fault> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<Payment> = c
        .rows(payment::table)
        .filter(payment::payment_id.in_list(ids))
        .select(Payment::as_select())
        .load(c)?;
    Ok(rows.into_iter().map(|row| (row.payment_id, row)).collect())
}

pub(super) fn set_payment_state(c: &mut Scoped<'_>, id: PaymentId, state: PaymentState) -> Result<(), Fault> {
    c.rows(payment::table)
        .filter(payment::payment_id.eq(id))
        .set((payment::state.eq(state), payment::version.eq(payment::version + 1)))
        .execute(c)?;
    Ok(())
}

/// A refund that was decided.
pub(super) struct RefundRow<'a> {
    pub id: RefundId,
    pub chart: ChartId,
    pub payment: PaymentId,
    pub amount: Money,
    pub way: RefundWay,
    pub state: RefundState,
    pub reason: &'a str,
    pub made_on: Date,
    pub by_name: &'a str,
    pub provider_id: Option<&'a str>,
}

pub(super) fn insert_refund(c: &mut Scoped<'_>, new: &RefundRow<'_>) -> Result<(), Fault> {
    let row = (
        refund::refund_id.eq(new.id),
        refund::payment_id.eq(new.payment),
        refund::chart_id.eq(new.chart),
        refund::amount.eq(new.amount.minor),
        refund::currency.eq(new.amount.currency),
        refund::way.eq(new.way),
        refund::state.eq(new.state),
        refund::provider_id.eq(new.provider_id),
        refund::reason.eq(new.reason),
        refund::made_on.eq(new.made_on.to_string()),
        refund::made_by_name.eq(new.by_name),
        refund::created_at.eq(c.now()),
        refund::version.eq(1i64),
    );
    c.insert(refund::table, row)
}

/// A refund of this chart.
pub(super) fn find_refund(c: &mut Scoped<'_>, chart: ChartId, id: RefundId) -> Result<Option<Refund>, Fault> {
    c.rows(refund::table)
        .filter(refund::chart_id.eq(chart))
        .filter(refund::refund_id.eq(id))
        .select(Refund::as_select())
        .optional(c)
}

/// The refund of this name, or the one that the provider knows by another.
pub(super) fn find_refund_told(
    c: &mut Scoped<'_>,
    id: Option<RefundId>,
    provider_id: &str,
) -> Result<Option<Refund>, Fault> {
    if let Some(id) = id {
        let found = c.rows(refund::table).filter(refund::refund_id.eq(id)).select(Refund::as_select());
        if let Some(found) = found.optional(c)? {
            return Ok(Some(found));
        }
    }
    c.rows(refund::table)
        .filter(refund::provider_id.eq(Some(provider_id)))
        .select(Refund::as_select())
        .optional(c)
}

/// Keeps the provider's name for a refund.
pub(super) fn set_refund_provider(c: &mut Scoped<'_>, id: RefundId, provider_id: &str) -> Result<(), Fault> {
    c.rows(refund::table)
        .filter(refund::refund_id.eq(id))
        .set(refund::provider_id.eq(Some(provider_id)))
        .execute(c)?;
    Ok(())
}

/// The refunds of a payment, the first one first.
pub fn refunds_of(c: &mut Scoped<'_>, payment: PaymentId) -> Result<Vec<Refund>, Fault> {
    c.rows(refund::table)
        .filter(refund::payment_id.eq(payment))
        .order(refund::refund_id.asc())
        .select(Refund::as_select())
        .load(c)
}

pub(super) fn set_refund_state(c: &mut Scoped<'_>, id: RefundId, state: RefundState) -> Result<(), Fault> {
    c.rows(refund::table)
        .filter(refund::refund_id.eq(id))
        .set((refund::state.eq(state), refund::version.eq(refund::version + 1)))
        .execute(c)?;
    Ok(())
}

/// Every charge of the practice with its amount, for the check.
pub(super) fn all_charges(c: &mut Scoped<'_>) -> Result<Vec<(ChargeId, i64, ChargeState)>, Fault> {
    c.rows(charge::table).select((charge::charge_id, charge::amount, charge::state)).load(c)
}

/// Every payment of the practice with its amount, for the check.
pub(super) fn all_payments(c: &mut Scoped<'_>) -> Result<Vec<(PaymentId, i64, PaymentState)>, Fault> {
    c.rows(payment::table).select((payment::payment_id, payment::amount, payment::state)).load(c)
}

/// What of each payment was paid back, for the check.
pub(super) fn all_paid_back(c: &mut Scoped<'_>) -> Result<BTreeMap<PaymentId, i64>, Fault> {
    let rows: Vec<(PaymentId, i64)> = c
        .rows(refund::table)
        .filter(refund::state.eq(RefundState::Succeeded))
        .group_by(refund::payment_id)
        .select((refund::payment_id, SumOf(refund::amount)))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// The charges of a chart for which one of these payers owes something, the oldest first.
pub(super) fn open_charges_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    most: i64,
) -> Result<Vec<Charge>, Fault> {
    let open = ledger::open_charges(c, chart, parties, most)?;
    let mut named = charges_named(c, &open)?;
    Ok(open.iter().filter_map(|id| named.remove(id)).collect())
}
