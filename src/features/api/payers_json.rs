//! What the API takes and gives of who pays: services and prices, shares, lower fees, insurances, what insurers sent,
//! disputes. Shares are hundredths of a percent, never a decimal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::billing_json::MoneyJson;
use crate::features::billing::dispute_store::Dispute;
use crate::features::billing::insurance_store::{Coverage, Remittance, RemittanceLine};
use crate::features::billing::responsibility_store::{Agreement, Shares};
use crate::features::billing::service_store::{Price, Service};
use crate::features::ledger::Payer;
use crate::kernel::money::{Currency, Money};

/// A service of the practice, with its prices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceJson {
    /// The service.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its code, as insurers know it; may be empty.
    pub code: String,
    /// Modifiers of the code with a space between; may be empty.
    pub modifiers: String,
    /// What clients read.
    pub label: String,
    /// The same in Spanish; may be empty.
    pub label_es: String,
    /// Units of one visit.
    pub units: i32,
    /// `active` or `retired`.
    pub state: String,
    /// The newest first.
    pub prices: Vec<PriceJson>,
}

/// A price of one unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceJson {
    /// From this day of service on.
    #[schema(format = "date")]
    pub from: String,
    /// Of this clinician; absent for everybody who has no price of their own.
    #[schema(format = "uuid")]
    pub clinician_id: Option<String>,
    /// The price.
    pub amount: MoneyJson,
}

impl ServiceJson {
    /// A service with those of these prices that are its own.
    pub fn of(service: &Service, prices: &[Price]) -> Self {
        let own = prices.iter().filter(|price| price.service == service.service_id);
        Self {
            id: service.service_id.to_string(),
            code: service.code.clone(),
            modifiers: service.modifiers.clone(),
            label: service.label.clone(),
            label_es: service.label_es.clone(),
            units: service.units,
            state: service.state.to_string(),
            prices: own
                .map(|price| PriceJson {
                    from: price.from.to_string(),
                    clinician_id: price.staff.map(|staff| staff.to_string()),
                    amount: price.amount.into(),
                })
                .collect(),
        }
    }
}

/// The practice's services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceList {
    /// Those that are offered first.
    pub services: Vec<ServiceJson>,
}

/// The share of one payer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareJson {
    /// The client or one of the chart's contacts.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// Hundredths of a percent of each fee.
    #[schema(example = 5000)]
    pub basis_points: i32,
}

/// Who pays from a day of service on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResponsibilityJson {
    /// From this day of service on, until the next change.
    #[schema(format = "date")]
    pub from: String,
    /// They add up to 10000.
    pub shares: Vec<ShareJson>,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub by: String,
}

impl ResponsibilityJson {
    /// A change, with the people behind its payers.
    pub fn of(shares: &Shares, payers: &[Payer]) -> Self {
        let share = |one: &crate::features::billing::responsibility_store::PayerShare| {
            let payer = payers.iter().find(|payer| payer.party == one.party)?;
            Some(ShareJson { person_id: payer.person.to_string(), basis_points: one.basis_points })
        };
        Self {
            from: shares.from.to_string(),
            shares: shares.shares.iter().filter_map(share).collect(),
            reason: shares.reason.clone(),
            by: shares.by_name.clone(),
        }
    }
}

/// Who pays on a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResponsibilityList {
    /// Every change, the newest first. Empty where the client pays all.
    pub changes: Vec<ResponsibilityJson>,
}

/// Who is to pay from a day of service on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResponsibilityJson {
    /// From this day of service on. A change for the same day is replaced; nothing that was posted changes.
    #[schema(format = "date")]
    pub from: String,
    /// One to four; they add up to 10000.
    pub shares: Vec<ShareJson>,
    /// Why.
    pub reason: String,
}

/// A lower fee that was agreed with a client.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgreementJson {
    /// From this day of service on.
    #[schema(format = "date")]
    pub from: String,
    /// Up to this day; absent where it has no end.
    #[schema(format = "date")]
    pub until: Option<String>,
    /// So many hundredths of a percent of each fee are not asked for.
    pub basis_points: i32,
    /// Why.
    pub reason: String,
    /// Who agreed.
    pub by: String,
}

impl From<&Agreement> for AgreementJson {
    fn from(agreement: &Agreement) -> Self {
        Self {
            from: agreement.from.to_string(),
            until: agreement.until.map(|day| day.to_string()),
            basis_points: agreement.basis_points,
            reason: agreement.reason.clone(),
            by: agreement.by_name.clone(),
        }
    }
}

/// The lower fees of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgreementList {
    /// The newest first; of two that have begun the newer one holds.
    pub agreements: Vec<AgreementJson>,
}

/// A lower fee to be agreed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgreementJson {
    /// From this day of service on. One for the same day is replaced.
    #[schema(format = "date")]
    pub from: String,
    /// Up to this day; left out: without an end.
    #[serde(default)]
    #[schema(format = "date")]
    pub until: Option<String>,
    /// 0 to 10000; 0 ends what was agreed before.
    pub basis_points: i32,
    /// Why.
    pub reason: String,
}

/// An insurance of a client, as charges name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InsuranceJson {
    /// Name it by this where a charge goes to it.
    #[schema(format = "uuid")]
    pub id: String,
    /// The insurer; remittances name it.
    #[schema(format = "uuid")]
    pub insurer_id: String,
    /// The insurer's name, as clients read it.
    pub insurer: String,
    /// The insurer's code; may be empty.
    pub payer_code: String,
    /// The client's number there.
    pub member_number: String,
    /// May be empty.
    pub group_number: String,
    /// Who holds the contract, where that is somebody else; may be empty.
    pub subscriber: String,
    /// From this day on.
    #[schema(format = "date")]
    pub from: String,
    /// Up to this day; absent where it has no end.
    #[schema(format = "date")]
    pub until: Option<String>,
}

impl From<&Coverage> for InsuranceJson {
    fn from(one: &Coverage) -> Self {
        Self {
            id: one.insurance_id.to_string(),
            insurer_id: one.insurer.insurer_id.to_string(),
            insurer: one.insurer.name.clone(),
            payer_code: one.insurer.payer_code.clone(),
            member_number: one.member_number.clone(),
            group_number: one.group_number.clone(),
            subscriber: one.subscriber.clone(),
            from: one.from.to_string(),
            until: one.until.map(|day| day.to_string()),
        }
    }
}

/// The insurances of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InsuranceList {
    /// The newest first.
    pub insurances: Vec<InsuranceJson>,
}

/// An insurance to be written down.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInsuranceJson {
    /// The insurer's name: one that is known under it, or a new one.
    pub insurer: String,
    /// The code of a new insurer.
    #[serde(default)]
    pub payer_code: String,
    /// The client's number there.
    pub member_number: String,
    /// May be left out.
    #[serde(default)]
    pub group_number: String,
    /// Who holds the contract, where that is somebody else.
    #[serde(default)]
    pub subscriber: String,
    /// From this day on.
    #[schema(format = "date")]
    pub from: String,
    /// Up to this day; left out: without an end.
    #[serde(default)]
    #[schema(format = "date")]
    pub until: Option<String>,
}

/// What an insurer sent at once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RemittanceJson {
    /// The remittance.
    #[schema(format = "uuid")]
    pub id: String,
    /// Who sent it.
    pub insurer: String,
    /// The number of the check or transfer.
    pub reference: String,
    /// Its day.
    #[schema(format = "date")]
    pub paid_on: String,
    /// Less than nothing where the insurer takes more back than it pays.
    pub total: MoneyJson,
    /// Its lines; absent in the list.
    pub lines: Option<Vec<RemittanceLineJson>>,
}

impl RemittanceJson {
    /// A remittance, with its lines where they were read.
    pub fn of(one: &Remittance, lines: Option<&[RemittanceLine]>) -> Self {
        let currency = one.total.currency;
        Self {
            id: one.remittance_id.to_string(),
            insurer: one.insurer.clone(),
            reference: one.reference.clone(),
            paid_on: one.paid_on.clone(),
            total: one.total.into(),
            lines: lines
                .map(|lines| lines.iter().map(|line| RemittanceLineJson::of(line, currency)).collect()),
        }
    }
}

/// What an insurer says of one charge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemittanceLineJson {
    /// A charge that goes to this insurer.
    #[schema(format = "uuid")]
    pub charge_id: String,
    /// What it pays; less than nothing where it takes back.
    pub paid: MoneyJson,
    /// What it need not pay by its agreement with the practice.
    pub contractual: MoneyJson,
    /// What it leaves to the client.
    pub client: MoneyJson,
}

impl RemittanceLineJson {
    fn of(line: &RemittanceLine, currency: Currency) -> Self {
        let money = |minor| Money::new(minor, currency).into();
        Self {
            charge_id: line.charge.to_string(),
            paid: money(line.paid),
            contractual: money(line.contractual),
            client: money(line.client),
        }
    }
}

/// The newest remittances.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RemittanceList {
    /// The newest first; at most 100.
    pub remittances: Vec<RemittanceJson>,
}

/// A remittance to be entered: all of it, or nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRemittanceJson {
    /// Who sent it.
    #[schema(format = "uuid")]
    pub insurer_id: String,
    /// The number of the check or transfer. One of this insurer that is known is refused.
    pub reference: String,
    /// Its day: not to come, and at most 60 days ago.
    #[schema(format = "date")]
    pub paid_on: String,
    /// What the lines' `paid` add up to, to the cent.
    pub total: MoneyJson,
    /// One for each charge.
    pub lines: Vec<RemittanceLineJson>,
}

/// A payment that a client's bank asks about, or asks back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DisputeJson {
    /// The dispute.
    #[schema(format = "uuid")]
    pub id: String,
    /// The payment.
    #[schema(format = "uuid")]
    pub payment_id: String,
    /// How much is asked back.
    pub amount: MoneyJson,
    /// `inquiry`, `open`, `won`, `lost` or `closed`.
    pub state: String,
    /// Until when it can be answered at the payment provider.
    #[schema(format = "date-time")]
    pub due_at: Option<String>,
}

impl From<&Dispute> for DisputeJson {
    fn from(one: &Dispute) -> Self {
        Self {
            id: one.dispute_id.to_string(),
            payment_id: one.payment_id.to_string(),
            amount: one.money().into(),
            state: one.state.to_string(),
            due_at: one.due_at.map(|due| due.to_string()),
        }
    }
}

/// The disputes of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DisputeList {
    /// The newest first; at most 100.
    pub disputes: Vec<DisputeJson>,
}
