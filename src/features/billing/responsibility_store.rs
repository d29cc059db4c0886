//! Who pays what part of the fees of a chart: the client, or others from a day of service on, each a share. Nothing that
//! was posted changes when the shares do.

use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::billing::act::{Outcome, Refused, hold, note};
use crate::features::billing::audit::BillingAction;
use crate::features::ledger::{self, PartyPurpose, Place, parties_with_entries, party_of, posting_currency};
use crate::features::people;
use crate::kernel::ids::{ChartId, PayerId, PersonId};
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::db::schema::{fee_agreement, responsibility};
use crate::platform::fault::{Fault, granted};

/// All of a fee, in hundredths of a percent.
pub const WHOLE: i32 = 10_000;
/// Payers among whom a fee is split.
pub const MOST_PAYERS: usize = 4;

/// The share of one payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerShare {
    /// Who pays.
    pub party: PayerId,
    /// In hundredths of a percent.
    pub basis_points: i32,
}

/// Shares that hold from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// From this day of service on.
    pub from: Date,
    /// In their order.
    pub shares: Vec<PayerShare>,
    /// Why.
    pub reason: String,
    /// Who set them.
    pub by_name: String,
}

/// Every change of who pays on a chart, the newest first.
pub fn history(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Shares>, Fault> {
    let rows: Vec<(String, PayerId, i32, String, String)> = c
        .rows(responsibility::table)
        .filter(responsibility::chart_id.eq(chart))
        .order((responsibility::from_on.desc(), responsibility::position.asc()))
        .select((
            responsibility::from_on,
            responsibility::party_id,
            responsibility::basis_points,
            responsibility::reason,
            responsibility::by_name,
        ))
        .load(c)?;
    let mut found: Vec<Shares> = Vec::new();
    for (from, party, basis_points, reason, by_name) in rows {
        let from: Date = from.parse().map_err(|_| Fault::Damaged(format!("{from:?} is no day")))?;
        if found.last().is_none_or(|last| last.from != from) {
            found.push(Shares { from, shares: Vec::new(), reason, by_name });
        }
        if let Some(last) = found.last_mut() {
            last.shares.push(PayerShare { party, basis_points });
        }
    }
    Ok(found)
}

/// Who pays a service of a day: the shares that hold then, else the client all of it.
pub fn shares_on(c: &mut Scoped<'_>, at: Place, on: Date) -> Result<Vec<PayerShare>, Fault> {
    let found = history(c, at.chart)?.into_iter().find(|shares| shares.from <= on);
    let client = || vec![PayerShare { party: at.party, basis_points: WHOLE }];
    Ok(found.map_or_else(client, |shares| shares.shares))
}

/// Everybody who pays or has paid on a chart: whoever has a share on a day, whoever has entries, and the client.
pub fn payers_on(c: &mut Scoped<'_>, at: Place, on: Date) -> Result<Vec<PayerId>, Fault> {
    let mut payers: Vec<PayerId> = shares_on(c, at, on)?.iter().map(|share| share.party).collect();
    payers.push(at.party);
    payers.extend(parties_with_entries(c, at.chart)?);
    let mut seen = Vec::new();
    payers.retain(|party| {
        let is_new = !seen.contains(party);
        seen.push(*party);
        is_new
    });
    Ok(payers)
}

/// Whose payment it is where nobody says: the first of those who pay.
pub fn first_payer(c: &mut Scoped<'_>, at: Place, on: Date) -> Result<PayerId, Fault> {
    Ok(shares_on(c, at, on)?.first().map_or(at.party, |share| share.party))
}

/// Who pays first on a chart, if anything was ever posted for its client or shares were set.
pub fn first_payer_of(c: &mut Scoped<'_>, chart: ChartId, on: Date) -> Result<Option<PayerId>, Fault> {
    let Some(client) = super::store::client_of(c, chart)? else { return Ok(None) };
    let shares = history(c, chart)?.into_iter().find(|shares| shares.from <= on);
    match shares.and_then(|shares| shares.shares.first().map(|share| share.party)) {
        Some(first) => Ok(Some(first)),
        None => ledger::find_party(c, client),
    }
}

/// The payers by name, for forms and lists: "Ana Duarte", "Ana Duarte (private)".
pub fn named(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
) -> Result<Vec<(ledger::Payer, String)>, Fault> {
    let Some(file) = people::load_file(c, &chart)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for payer in ledger::payers_of(c, parties)? {
        let name = match file.person(&payer.person) {
            Some((person, _)) => person.full_name(),
            None => people::load_person(c, &payer.person)?.map(|one| one.full_name()).unwrap_or_default(),
        };
        found.push((payer, name));
    }
    // In the order that was asked for.
    found.sort_by_key(|(payer, _)| parties.iter().position(|party| *party == payer.party));
    Ok(found)
}

/// Shares to be set.
#[derive(Clone, Debug)]
pub struct NewShares {
    /// Of this chart.
    pub chart: ChartId,
    /// From this day of service on.
    pub from: Date,
    /// The client or related contacts, each with a share in hundredths of a percent. Together they are the whole.
    pub shares: Vec<(PersonId, i32)>,
    /// Why.
    pub reason: String,
}

/// Sets who pays from a day of service on. What holds for the same day is replaced.
pub fn set(c: &mut Scoped<'_>, by: &By, new: &NewShares) -> Outcome<()> {
    let currency = posting_currency(c)?;
    let at = granted!(hold(c, new.chart, currency)?);
    let Some(file) = people::load_file(c, &new.chart)? else { return Ok(Err(Refused::NotFound)) };
    let is_whole = new.shares.iter().map(|(_, share)| *share).sum::<i32>() == WHOLE
        && new.shares.iter().all(|(_, share)| *share > 0)
        && (1..=MOST_PAYERS).contains(&new.shares.len());
    let mut people: Vec<PersonId> = new.shares.iter().map(|(person, _)| *person).collect();
    people.sort_unstable();
    people.dedup();
    if !is_whole
        || people.len() != new.shares.len()
        || people.iter().any(|person| file.person(person).is_none())
    {
        return Ok(Err(Refused::NotFound));
    }
    let from = new.from.to_string();
    c.rows(responsibility::table)
        .filter(responsibility::chart_id.eq(at.chart))
        .filter(responsibility::from_on.eq(&from))
        .delete(c)?;
    for (position, (person, basis_points)) in (0i32..).zip(&new.shares) {
        let party = party_of(c, *person)?;
        let row = (
            responsibility::chart_id.eq(at.chart),
            responsibility::from_on.eq(&from),
            responsibility::position.eq(position),
            responsibility::party_id.eq(party),
            responsibility::basis_points.eq(*basis_points),
            responsibility::reason.eq(&new.reason),
            responsibility::by_name.eq(by.actor.name()),
            responsibility::created_at.eq(c.now()),
        );
        c.insert(responsibility::table, row)?;
    }
    let details = serde_json::json!({ "from": from, "payers": new.shares.len(), "reason": new.reason });
    note(c, by, BillingAction::SharesSet, at.chart, details)?;
    Ok(Ok(()))
}

/// A lower fee that was agreed with a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// From this day of service on.
    pub from: Date,
    /// Up to this day, or without an end.
    pub until: Option<Date>,
    /// So much of each fee is not asked for, in hundredths of a percent.
    pub basis_points: i32,
    /// Why.
    pub reason: String,
    /// Who agreed.
    pub by_name: String,
}

/// Every agreement on a chart, the newest first.
pub fn agreements(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Agreement>, Fault> {
    let rows: Vec<(String, Option<String>, i32, String, String)> = c
        .rows(fee_agreement::table)
        .filter(fee_agreement::chart_id.eq(chart))
        .order(fee_agreement::from_on.desc())
        .select((
            fee_agreement::from_on,
            fee_agreement::to_on,
            fee_agreement::basis_points,
            fee_agreement::reason,
            fee_agreement::by_name,
        ))
        .load(c)?;
    let day = |text: String| text.parse().map_err(|_| Fault::Damaged(format!("{text:?} is no day")));
    rows.into_iter()
        .map(|(from, until, basis_points, reason, by_name)| {
            let until = until.map(day).transpose()?;
            Ok(Agreement { from: day(from)?, until, basis_points, reason, by_name })
        })
        .collect()
}

/// The agreement that holds for a service of a day: the newest one, unless it has ended.
pub fn agreement_on(c: &mut Scoped<'_>, chart: ChartId, on: Date) -> Result<Option<Agreement>, Fault> {
    let newest = agreements(c, chart)?.into_iter().find(|agreement| agreement.from <= on);
    Ok(newest.filter(|agreement| agreement.basis_points > 0 && agreement.until.is_none_or(|end| on <= end)))
}

/// Agrees on a lower fee; zero ends it from that day on. What holds for the same day is replaced.
pub fn agree(c: &mut Scoped<'_>, by: &By, chart: ChartId, new: &Agreement) -> Outcome<()> {
    let currency = posting_currency(c)?;
    let at = granted!(hold(c, chart, currency)?);
    if !(0..=WHOLE).contains(&new.basis_points) {
        return Ok(Err(Refused::NotFound));
    }
    let from = new.from.to_string();
    c.rows(fee_agreement::table)
        .filter(fee_agreement::chart_id.eq(at.chart))
        .filter(fee_agreement::from_on.eq(&from))
        .delete(c)?;
    let row = (
        fee_agreement::chart_id.eq(at.chart),
        fee_agreement::from_on.eq(&from),
        fee_agreement::to_on.eq(new.until.map(|day| day.to_string())),
        fee_agreement::basis_points.eq(new.basis_points),
        fee_agreement::reason.eq(&new.reason),
        fee_agreement::by_name.eq(by.actor.name()),
        fee_agreement::created_at.eq(c.now()),
    );
    c.insert(fee_agreement::table, row)?;
    let details = serde_json::json!({
        "from": from, "until": new.until.map(|day| day.to_string()), "basis_points": new.basis_points,
        "reason": new.reason,
    });
    note(c, by, BillingAction::FeeAgreed, at.chart, details)?;
    Ok(Ok(()))
}

/// What of a fee is not asked for: half a cent goes to the client. Pure.
pub fn discount_of(fee: i64, basis_points: i32) -> i64 {
    let exact = i128::from(fee) * i128::from(basis_points);
    i64::try_from((exact + i128::from(WHOLE / 2)) / i128::from(WHOLE)).unwrap_or(0)
}

/// Whose account somebody sees of a chart: their own and the client's usual one; never what another payer has, and of
/// the client's private one only the client.
pub fn seen_by(c: &mut Scoped<'_>, chart: ChartId, viewer: PersonId) -> Result<Vec<PayerId>, Fault> {
    let Some(client) = super::store::client_of(c, chart)? else { return Ok(Vec::new()) };
    let all = ledger::parties_of_people(c, &[viewer, client])?;
    let is_seen = |payer: &ledger::Payer| match payer.purpose {
        PartyPurpose::Usual => true,
        PartyPurpose::Private => payer.person == client && viewer == client,
    };
    Ok(all.iter().filter(|payer| is_seen(payer)).map(|payer| payer.party).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_cent_of_a_lower_fee_goes_to_the_client() {
        assert_eq!(discount_of(12_501, 3_500), 4_375);
        assert_eq!(discount_of(12_501, 5_000), 6_251);
        assert_eq!(discount_of(15_000, 0), 0);
        assert_eq!(discount_of(15_000, WHOLE), 15_000);
    }
}
