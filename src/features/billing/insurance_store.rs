//! Insurers, with whom clients are insured, and what insurers sent.

use std::collections::BTreeMap;

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::billing::lifecycle::ChargeState;
use crate::features::billing::store::{Charge, ChargePayer};
use crate::features::ledger::{Account, ItemKind};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChargeId, ChartId, InsuranceId, InsurerId, ItemId, PayerId, RemittanceId};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::schema::{balance, billing_insurance, charge, insurer, remittance, remittance_line};
use crate::platform::db::{InLists as _, Scoped, SumOf};
use crate::platform::fault::{Fault, is_duplicate};

/// An insurer.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = insurer)]
pub struct Insurer {
    /// The insurer.
    pub insurer_id: InsurerId,
    /// Its name, as clients read it.
    pub name: String,
    /// Its code, as claims name it; may be empty.
    pub payer_code: String,
}

/// The practice's insurers, by name.
pub fn insurers(c: &mut Scoped<'_>) -> Result<Vec<Insurer>, Fault> {
    c.rows(insurer::table).order(insurer::name_key.asc()).limit(1_000).select(Insurer::as_select()).load(c)
}

/// One of them.
pub fn find_insurer(c: &mut Scoped<'_>, id: InsurerId) -> Result<Option<Insurer>, Fault> {
    c.rows(insurer::table).filter(insurer::insurer_id.eq(id)).select(Insurer::as_select()).optional(c)
}

/// The insurer of this name; made where there is none.
pub(super) fn insurer_named(c: &mut Scoped<'_>, name: &str, code: &str) -> Result<InsurerId, Fault> {
    let key = name.to_lowercase();
    let known: Option<InsurerId> =
        c.rows(insurer::table).filter(insurer::name_key.eq(&key)).select(insurer::insurer_id).optional(c)?;
    if let Some(known) = known {
        return Ok(known);
    }
    let id = InsurerId::fresh(c.rng(), c.now());
    let row = (
        insurer::insurer_id.eq(id),
        insurer::name.eq(name),
        insurer::name_key.eq(key),
        insurer::payer_code.eq(code),
        insurer::created_at.eq(c.now()),
    );
    match c.insert(insurer::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one insurer, written down twice at once"))
        }
        other => other.map(|()| id),
    }
}

/// With whom a client is insured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The coverage.
    pub insurance_id: InsuranceId,
    /// The insurer.
    pub insurer: Insurer,
    /// The client's number there.
    pub member_number: String,
    /// Of this group; may be empty.
    pub group_number: String,
    /// Who holds the contract, where that is somebody else; may be empty.
    pub subscriber: String,
    /// From this day on.
    pub from: Date,
    /// Up to this day, or without an end.
    pub until: Option<Date>,
}

impl Coverage {
    /// Does it hold for a service of a day?
    pub fn holds_on(&self, on: Date) -> bool {
        self.from <= on && self.until.is_none_or(|end| on <= end)
    }
}

/// A coverage to be written down.
#[derive(Clone, Debug)]
pub struct NewCoverage {
    /// Of this chart.
    pub chart: ChartId,
    /// The insurer's name.
    pub insurer: String,
    /// Its code; may be empty.
    pub payer_code: String,
    /// See [`Coverage`].
    pub member_number: String,
    /// See [`Coverage`].
    pub group_number: String,
    /// See [`Coverage`].
    pub subscriber: String,
    /// See [`Coverage`].
    pub from: Date,
    /// See [`Coverage`].
    pub until: Option<Date>,
}

/// The insurers of these coverages, by name.
pub(super) fn insurer_names(
    c: &mut Scoped<'_>,
    ids: &[InsuranceId],
) -> Result<BTreeMap<InsuranceId, String>, Fault> {
    let rows: Vec<(InsuranceId, String)> = c
        .rows(billing_insurance::table)
        .inner_join(
            insurer::table.on(insurer::practice_id
                .eq(billing_insurance::practice_id)
                .and(insurer::insurer_id.eq(billing_insurance::insurer_id))),
        )
        .filter(billing_insurance::insurance_id.in_list(ids))
        .select((billing_insurance::insurance_id, insurer::name))
        .load(c)?;
    Ok(rows.into_iter().collect())
}

/// A chart's coverages, the newest first.
pub fn coverages(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Coverage>, Fault> {
    type Row = (InsuranceId, String, String, String, String, Option<String>, Insurer);
    let rows: Vec<Row> = c
        .rows(billing_insurance::table)
        .inner_join(
            insurer::table.on(insurer::practice_id
                .eq(billing_insurance::practice_id)
                .and(insurer::insurer_id.eq(billing_insurance::insurer_id))),
        )
        .filter(billing_insurance::chart_id.eq(chart))
        .order((billing_insurance::from_on.desc(), billing_insurance::insurance_id.desc()))
        .limit(50)
        .select((
            billing_insurance::insurance_id,
            billing_insurance::member_number,
            billing_insurance::group_number,
            billing_insurance::subscriber,
            billing_insurance::from_on,
            billing_insurance::to_on,
            Insurer::as_select(),
        ))
        .load(c)?;
    let day = |text: String| -> Result<Date, Fault> {
        text.parse().map_err(|_| Fault::Damaged(format!("{text:?} is no day")))
    };
    rows.into_iter()
        .map(|(insurance_id, member_number, group_number, subscriber, from, until, insurer)| {
            Ok(Coverage {
                insurance_id,
                insurer,
                member_number,
                group_number,
                subscriber,
                from: day(from)?,
                until: until.map(day).transpose()?,
            })
        })
        .collect()
}

/// Is a client of this chart insured by this coverage on a day?
pub(super) fn covers(c: &mut Scoped<'_>, chart: ChartId, id: InsuranceId, on: Date) -> Result<bool, Fault> {
    Ok(coverages(c, chart)?.iter().any(|one| one.insurance_id == id && one.holds_on(on)))
}

pub(super) fn insert_coverage(
    c: &mut Scoped<'_>,
    by_name: &str,
    new: &NewCoverage,
) -> Result<InsuranceId, Fault> {
    let insurer = insurer_named(c, &new.insurer, &new.payer_code)?;
    let id = InsuranceId::fresh(c.rng(), c.now());
    let row = (
        billing_insurance::insurance_id.eq(id),
        billing_insurance::chart_id.eq(new.chart),
        billing_insurance::insurer_id.eq(insurer),
        billing_insurance::member_number.eq(&new.member_number),
        billing_insurance::group_number.eq(&new.group_number),
        billing_insurance::subscriber.eq(&new.subscriber),
        billing_insurance::from_on.eq(new.from.to_string()),
        billing_insurance::to_on.eq(new.until.map(|day| day.to_string())),
        billing_insurance::by_name.eq(by_name),
        billing_insurance::created_at.eq(c.now()),
    );
    c.insert(billing_insurance::table, row)?;
    Ok(id)
}

/// A charge that goes to an insurer, with what the insurer owes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsuredCharge {
    /// The charge.
    pub charge: Charge,
    /// What the insurer owes.
    pub open: i64,
}

/// The charges of an insurer, the oldest first: those of which it owes something, or, for takebacks, all.
pub fn charges_of_insurer(
    c: &mut Scoped<'_>,
    insurer: InsurerId,
    all: Which,
    most: i64,
) -> Result<Vec<InsuredCharge>, Fault> {
    let charges: Vec<Charge> = c
        .rows(charge::table)
        .inner_join(
            billing_insurance::table.on(billing_insurance::practice_id
                .eq(charge::practice_id)
                .and(billing_insurance::insurance_id.nullable().eq(charge::insurance_id))),
        )
        .filter(billing_insurance::insurer_id.eq(insurer))
        .filter(charge::payer.eq(ChargePayer::Insured))
        .filter(charge::state.eq(ChargeState::Posted))
        .order((charge::on_date.desc(), charge::charge_id.desc()))
        .limit(most)
        .select(Charge::as_select())
        .load(c)?;
    let rows: Vec<(ItemId, i64)> = c
        .rows(balance::table)
        .filter(balance::account.eq(Account::ArInsurance))
        .filter(balance::item_kind.eq(ItemKind::Charge))
        .filter(balance::amount.ne(0))
        .group_by(balance::item_id)
        .select((balance::item_id, SumOf(balance::amount)))
        .load(c)?;
    let open: BTreeMap<ItemId, i64> = rows.into_iter().collect();
    let mut found: Vec<InsuredCharge> = charges
        .into_iter()
        .map(|charge| {
            let open = open.get(&ItemId::from_uuid(charge.charge_id.uuid())).copied().unwrap_or(0);
            InsuredCharge { charge, open }
        })
        .filter(|one| all == Which::All || one.open > 0)
        .collect();
    found.reverse();
    Ok(found)
}

/// Which charges of an insurer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of which it owes something.
    Open,
    /// The newest, paid or not.
    All,
}

/// The insurer of a charge.
pub(super) fn insurer_of_charge(c: &mut Scoped<'_>, charge: &Charge) -> Result<Option<InsurerId>, Fault> {
    let Some(id) = charge.insurance_id else { return Ok(None) };
    c.rows(billing_insurance::table)
        .filter(billing_insurance::insurance_id.eq(id))
        .select(billing_insurance::insurer_id)
        .optional(c)
}

/// What an insurer sent at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remittance {
    /// The remittance.
    pub remittance_id: RemittanceId,
    /// Who sent it.
    pub insurer: String,
    /// The check's number.
    pub reference: String,
    /// Its day, `YYYY-MM-DD`.
    pub paid_on: String,
    /// How much.
    pub total: Money,
    /// Who entered it.
    pub by_name: String,
    /// When.
    pub created_at: Timestamp,
}

/// Remittances with their insurers.
macro_rules! remittances {
    ($c:expr) => {
        $c.rows(remittance::table)
            .inner_join(
                insurer::table.on(insurer::practice_id
                    .eq(remittance::practice_id)
                    .and(insurer::insurer_id.eq(remittance::insurer_id))),
            )
            .order(remittance::remittance_id.desc())
            .select((
                remittance::remittance_id,
                insurer::name,
                remittance::reference,
                remittance::paid_on,
                remittance::total,
                remittance::currency,
                remittance::by_name,
                remittance::created_at,
            ))
    };
}

type RemittanceRow = (RemittanceId, String, String, String, i64, Currency, String, Timestamp);

fn remittance_from(row: RemittanceRow) -> Remittance {
    let (remittance_id, insurer, reference, paid_on, total, currency, by_name, created_at) = row;
    let total = Money::new(total, currency);
    Remittance { remittance_id, insurer, reference, paid_on, total, by_name, created_at }
}

/// The newest remittances.
pub fn remittances(c: &mut Scoped<'_>, most: i64) -> Result<Vec<Remittance>, Fault> {
    let rows: Vec<RemittanceRow> = remittances!(c).limit(most).load(c)?;
    Ok(rows.into_iter().map(remittance_from).collect())
}

/// One of them.
pub fn find_remittance(c: &mut Scoped<'_>, id: RemittanceId) -> Result<Option<Remittance>, Fault> {
    let found: Option<RemittanceRow> =
        remittances!(c).filter(remittance::remittance_id.eq(id)).optional(c)?;
    Ok(found.map(remittance_from))
}

/// A line of a remittance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemittanceLine {
    /// Of this charge.
    pub charge: ChargeId,
    /// What the insurer pays; less than nothing where it takes back.
    pub paid: i64,
    /// What it need not pay.
    pub contractual: i64,
    /// What it leaves to the client.
    pub client: i64,
}

/// The lines of a remittance, in their order.
pub fn remittance_lines(c: &mut Scoped<'_>, id: RemittanceId) -> Result<Vec<RemittanceLine>, Fault> {
    let rows: Vec<(ChargeId, i64, i64, i64)> = c
        .rows(remittance_line::table)
        .filter(remittance_line::remittance_id.eq(id))
        .order(remittance_line::n.asc())
        .select((
            remittance_line::charge_id,
            remittance_line::paid,
            remittance_line::contractual,
            remittance_line::client,
        ))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(charge, paid, contractual, client)| RemittanceLine { charge, paid, contractual, client })
        .collect())
}

/// The check of this number, if it was taken.
pub(super) fn known_check(
    c: &mut Scoped<'_>,
    insurer: InsurerId,
    reference: &str,
) -> Result<Option<RemittanceId>, Fault> {
    c.rows(remittance::table)
        .filter(remittance::insurer_id.eq(insurer))
        .filter(remittance::reference.eq(reference))
        .select(remittance::remittance_id)
        .optional(c)
}

pub(super) fn insert_remittance(
    c: &mut Scoped<'_>,
    by_name: &str,
    (insurer, reference, paid_on): (InsurerId, &str, Date),
    total: Money,
    lines: &[RemittanceLine],
) -> Result<RemittanceId, Fault> {
    let id = RemittanceId::fresh(c.rng(), c.now());
    let row = (
        remittance::remittance_id.eq(id),
        remittance::insurer_id.eq(insurer),
        remittance::reference.eq(reference),
        remittance::paid_on.eq(paid_on.to_string()),
        remittance::total.eq(total.minor),
        remittance::currency.eq(total.currency),
        remittance::by_name.eq(by_name),
        remittance::created_at.eq(c.now()),
    );
    match c.insert(remittance::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            return Err(Fault::lost_race("one check, taken twice at once"));
        }
        other => other?,
    }
    for (n, line) in (0i32..).zip(lines) {
        let row = (
            remittance_line::remittance_id.eq(id),
            remittance_line::n.eq(n),
            remittance_line::charge_id.eq(line.charge),
            remittance_line::paid.eq(line.paid),
            remittance_line::contractual.eq(line.contractual),
            remittance_line::client.eq(line.client),
        );
        c.insert(remittance_line::table, row)?;
    }
    Ok(id)
}

/// Under whom the insurer's part of a charge stands.
pub(super) fn insured_party(
    c: &mut Scoped<'_>,
    chart: ChartId,
    id: ChargeId,
) -> Result<Option<(PayerId, i64)>, Fault> {
    c.rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(Account::ArInsurance))
        .filter(balance::item_id.eq(ItemId::from_uuid(id.uuid())))
        .select((balance::party_id, balance::amount))
        .optional(c)
}
