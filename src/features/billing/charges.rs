//! Posting a charge: who pays what part of it, what of it goes to the insurer, what is taken off at once, and the visit
//! that it is for. One transaction.

use crate::features::billing::act::{Outcome, Refused, hold, in_posting_currency, note, today, unbalanced};
use crate::features::billing::audit::BillingAction;
use crate::features::billing::encounter_store::{self, EncounterLabel, NewEncounter};
use crate::features::billing::insurance_store;
use crate::features::billing::lifecycle::{self, ChargeEvent};
use crate::features::billing::responsibility_store::{
    self as responsibility, PayerShare, WHOLE, discount_of,
};
use crate::features::billing::service_store::{Service, find_service, price_on};
use crate::features::billing::store::{self, Charge, ChargePayer, NewCharge, client_of, find_charge};
use crate::features::ledger::{self, Charged, PartyPurpose, Share, append, credits_of, party_for, spread};
use crate::features::people;
use crate::kernel::ids::{AppointmentId, ChargeId, InsuranceId, ServiceId, StaffId};
use crate::kernel::money::Money;
use crate::platform::audit::By;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::Language;

/// Who pays a charge at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pays {
    /// Whoever pays for the chart.
    #[default]
    SelfPay,
    /// Whoever pays for the chart, and no insurer is told of it.
    Withheld,
    /// The insurer; the client at once so much of it.
    Insurer(InsuranceId, i64),
}

/// What a charge says beside its day, its words and its amount.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The service.
    pub service: Option<ServiceId>,
    /// How many units.
    pub units: Option<i32>,
    /// Modifiers of the code.
    pub modifiers: String,
    /// By whom.
    pub staff: Option<StaffId>,
    /// Who supervised it.
    pub supervisor: Option<StaffId>,
    /// Where, as insurers code it.
    pub place: String,
    /// Why, as codes with a space between.
    pub diagnoses: String,
    /// The appointment that it is for.
    pub appointment: Option<AppointmentId>,
    /// Is it for the client's eyes alone?
    pub label: Option<EncounterLabel>,
    /// Who pays.
    pub pays: Pays,
}

/// A service to be charged at its price.
#[derive(Clone, Debug)]
pub struct NewService {
    /// What is charged; where its words are empty the service's are taken, and where it has no amount, its price.
    pub charge: NewCharge,
    /// Is the amount one that somebody typed?
    pub price: Price,
    /// The rest.
    pub details: Details,
}

/// Where an amount comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// Somebody typed it.
    Typed,
    /// From the list of prices.
    Listed,
}

/// Posts a charge that is nothing but a day, words and an amount.
pub fn post_charge(c: &mut Scoped<'_>, by: &By, new: &NewCharge) -> Outcome<Charge> {
    post(c, by, new, None, &Details::default())
}

/// Posts a charge of a service: at its price, unless another amount was typed.
pub fn post_service(c: &mut Scoped<'_>, by: &By, new: &NewService) -> Outcome<Charge> {
    let (charge, service) = granted!(listed(c, new)?);
    post(c, by, &charge, service.as_ref(), &new.details)
}

/// The charge with the words and the amount that the list of services gives it where none were typed.
pub(super) fn listed(c: &mut Scoped<'_>, new: &NewService) -> Outcome<(NewCharge, Option<Service>)> {
    let mut charge = new.charge.clone();
    let Some(id) = new.details.service else { return Ok(Ok((charge, None))) };
    let Some(service) = find_service(c, id)? else { return Ok(Err(Refused::NotFound)) };
    let units = i64::from(new.details.units.unwrap_or(service.units));
    if new.price == Price::Listed {
        let Some(price) = price_on(c, id, new.details.staff, charge.on)? else {
            return Ok(Err(Refused::NoPrice));
        };
        let amount = price.minor.checked_mul(units).ok_or_else(|| Fault::other("an amount is too large"))?;
        charge.amount = Money::new(amount, price.currency);
    }
    if charge.description.is_empty() {
        let file = people::load_file(c, &charge.chart)?;
        let language = file.and_then(|file| Language::of_tag(&file.client.language));
        charge.description = service.label_in(language.unwrap_or(Language::English)).to_owned();
    }
    Ok(Ok((charge, Some(service))))
}

fn post(
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewCharge,
    service: Option<&Service>,
    details: &Details,
) -> Outcome<Charge> {
    let currency = granted!(in_posting_currency(c, new.amount)?);
    let at = granted!(hold(c, new.chart, currency)?);
    if let Some(visit) = details.appointment {
        if let Some(charge) = encounter_store::charge_of_visit(c, new.chart, visit)? {
            return Ok(Err(Refused::ChargedBefore(charge)));
        }
        if encounter_store::find_visit(c, new.chart, visit)?.is_none() {
            return Ok(Err(Refused::NotFound));
        }
    }
    granted!(lifecycle::charge(None, ChargeEvent::Post));
    let (insured, asked) = match details.pays {
        Pays::SelfPay | Pays::Withheld => (0, new.amount.minor),
        Pays::Insurer(coverage, copay) => {
            let covers = insurance_store::covers(c, new.chart, coverage, new.on)?;
            if !covers {
                return Ok(Err(Refused::NoInsurance));
            }
            if copay > new.amount.minor {
                return Ok(Err(Refused::TooMuch(new.amount)));
            }
            (new.amount.minor - copay, copay)
        }
    };
    let label = details.label.unwrap_or(EncounterLabel::None);
    let mut payers = responsibility::shares_on(c, at, new.on)?;
    if label == EncounterLabel::Confidential {
        // Whoever pays a part would learn of it, and so would whoever reads the mail of an insurer.
        if payers != [PayerShare { party: at.party, basis_points: WHOLE }] || insured > 0 {
            return Ok(Err(Refused::NotAlone));
        }
        let Some(person) = client_of(c, at.chart)? else { return Ok(Err(Refused::NotFound)) };
        payers =
            vec![PayerShare { party: party_for(c, person, PartyPurpose::Private)?, basis_points: WHOLE }];
    }
    let agreement = match insured {
        0 => responsibility::agreement_on(c, at.chart, new.on)?,
        _ => None,
    };
    let off = agreement.as_ref().map_or(0, |agreement| discount_of(asked, agreement.basis_points));
    let shares = split(asked, off, &payers);
    let id = ChargeId::fresh(c.rng(), c.now());
    let by_name = by.actor.name();
    let is_visit = details.appointment.is_some()
        || details.staff.is_some()
        || details.supervisor.is_some()
        || !details.diagnoses.is_empty()
        || !details.place.is_empty()
        || label != EncounterLabel::None;
    let encounter = if is_visit {
        let new = NewEncounter {
            chart: at.chart,
            on: new.on.to_string(),
            appointment: details.appointment,
            staff: details.staff,
            supervisor: details.supervisor,
            place: &details.place,
            diagnoses: &details.diagnoses,
            label,
            by_name: &by_name,
        };
        Some(encounter_store::insert(c, &new)?)
    } else {
        None
    };
    let modifiers = match service {
        Some(service) if details.modifiers.is_empty() => &service.modifiers,
        _ => &details.modifiers,
    };
    let more = store::ChargeMore {
        encounter,
        service: details.service,
        code: service.map(|service| service.code.as_str()).unwrap_or_default(),
        modifiers,
        units: details.units.or(service.map(|service| service.units)).unwrap_or(1),
        coverage: match details.pays {
            Pays::Insurer(coverage, _) => Some(coverage),
            Pays::SelfPay | Pays::Withheld => None,
        },
        payer: match details.pays {
            Pays::SelfPay => ChargePayer::SelfPay,
            Pays::Withheld => ChargePayer::Withheld,
            Pays::Insurer(..) => ChargePayer::Insured,
        },
    };
    store::insert_charge(c, id, &by_name, new, &more)?;
    let mut credits = Vec::with_capacity(shares.len());
    for share in &shares {
        credits.push((share.party, credits_of(c, at.chart, share.party, currency)?));
    }
    let day = today(c)?;
    let reason = agreement.map(|agreement| agreement.reason).unwrap_or_default();
    let charged = Charged { charge: id, on: new.on, shares: &shares, insured, reason: &reason };
    let drafts = ledger::charge(at, &charged, &credits, day).map_err(unbalanced)?;
    append(c, &by_name, &drafts)?;
    let told = serde_json::json!({
        "charge": id, "amount": new.amount, "payers": shares.len(), "payer": more.payer,
    });
    note(c, by, BillingAction::ChargePosted, at.chart, told)?;
    let posted = find_charge(c, at.chart, id)?;
    posted.map(Ok).ok_or_else(|| Fault::Damaged(format!("charge {id} was posted and is not there")))
}

/// Splits what is asked and what is taken off, each on its own, so that nobody's part falls below nothing. Pure.
fn split(asked: i64, off: i64, payers: &[PayerShare]) -> Vec<Share> {
    let weights: Vec<i64> = payers.iter().map(|payer| i64::from(payer.basis_points)).collect();
    let (net, off) = (spread(asked - off, &weights), spread(off, &weights));
    let shares = payers.iter().zip(net.into_iter().zip(off));
    shares
        .map(|(payer, (net, off))| Share { party: payer.party, fee: net + off, discount: off })
        .filter(|share| share.fee > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::PayerId;

    #[test]
    fn a_lower_fee_of_two_payers_is_split_to_the_cent() {
        let half = PayerShare { party: PayerId::NIL, basis_points: 5_000 };
        let parts = |asked, off| -> Vec<(i64, i64)> {
            split(asked, off, &[half, half]).iter().map(|share| (share.fee, share.discount)).collect()
        };
        assert_eq!(parts(12_501, 0), [(6_251, 0), (6_250, 0)]);
        assert_eq!(parts(12_501, 4_375), [(6_251, 2_188), (6_250, 2_187)]);
        assert_eq!(parts(1, 1), [(1, 1)]);
        assert_eq!(parts(0, 0), []);
    }
}
