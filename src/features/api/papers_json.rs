//! What the API takes and gives of invoices and superbills.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::billing_json::MoneyJson;
use crate::features::billing::invoice::{Invoice, Standing};
use crate::features::billing::superbill::SuperbillData;

/// An invoice or a superbill in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaperRow {
    /// The paper.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub number: String,
    /// Of what this payer pays; the account names the payers.
    #[schema(format = "uuid")]
    pub payer_id: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub issued_at: String,
}

/// The invoices of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceList {
    /// The newest first; at most 100.
    pub invoices: Vec<PaperRow>,
}

/// The superbills of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuperbillList {
    /// The newest first; at most 100.
    pub superbills: Vec<PaperRow>,
}

/// An invoice to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoiceJson {
    /// Who is asked; left out: whoever pays first.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub payer_id: Option<String>,
    /// Charges of which this payer owes something; left out: all of them.
    #[serde(default)]
    pub charge_ids: Vec<String>,
    /// To be paid by this day; left out: in 14 days.
    #[serde(default)]
    #[schema(format = "date")]
    pub due_on: Option<String>,
}

/// An invoice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceJson {
    /// The invoice.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub number: String,
    /// Of what this payer pays.
    #[schema(format = "uuid")]
    pub payer_id: String,
    /// The day on which it was made.
    #[schema(format = "date")]
    pub made_on: String,
    /// To be paid by this day.
    #[schema(format = "date")]
    pub due_on: String,
    /// What it asks for.
    pub total: MoneyJson,
    /// `open`, `overdue`, `paid` or `void`.
    pub standing: String,
    /// What of its charges is open now; absent when it is void.
    pub open: Option<MoneyJson>,
    /// Its charges, as they were when it was made.
    pub lines: Vec<InvoiceLineJson>,
}

/// A charge of an invoice, as far as it is this payer's.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvoiceLineJson {
    /// The day of the service.
    #[schema(format = "date")]
    pub on: String,
    /// What for.
    pub text: String,
    /// The fee, or the payer's part of it where others pay a part of it too.
    pub fee: MoneyJson,
    /// What the insurer took over of it: paid, lowered, or still to be answered.
    pub insurance: MoneyJson,
    /// What of it is not asked for.
    pub off: MoneyJson,
    /// What of it was paid.
    pub paid: MoneyJson,
    /// What is left.
    pub open: MoneyJson,
}

impl InvoiceJson {
    /// An invoice and how it stands.
    pub fn of(one: &Invoice) -> Self {
        let money = |minor| one.data.money(minor).into();
        let (standing, open) = match one.standing {
            Standing::Void => ("void", None),
            Standing::Paid => ("paid", Some(money(0))),
            Standing::Open(open) => ("open", Some(open.into())),
            Standing::Overdue(open) => ("overdue", Some(open.into())),
        };
        Self {
            id: one.head.invoice_id.to_string(),
            number: one.data.number.clone(),
            payer_id: one.head.party_id.to_string(),
            made_on: one.data.made_on.clone(),
            due_on: one.data.due_on.clone(),
            total: one.data.total().into(),
            standing: standing.to_owned(),
            open,
            lines: one
                .data
                .lines
                .iter()
                .map(|line| InvoiceLineJson {
                    on: line.on.clone(),
                    text: line.text.clone(),
                    fee: money(line.fee),
                    insurance: money(line.insurance),
                    off: money(line.off),
                    paid: money(line.paid),
                    open: money(line.open()),
                })
                .collect(),
        }
    }
}

/// A superbill to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuperbillJson {
    /// Of what this payer pays; left out: whoever pays first.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub payer_id: Option<String>,
    /// Of services from this day on, …
    #[schema(format = "date")]
    pub from: String,
    /// … up to this one.
    #[schema(format = "date")]
    pub until: String,
}

/// A superbill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuperbillJson {
    /// The superbill.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub number: String,
    /// The day on which it was made.
    #[schema(format = "date")]
    pub made_on: String,
    /// Of services from this day on, …
    #[schema(format = "date")]
    pub from: String,
    /// … up to this one.
    #[schema(format = "date")]
    pub until: String,
    /// ICD-10 codes, in the order of the letters by which lines point to them.
    pub diagnoses: Vec<String>,
    /// What they stand for, in the same order.
    pub diagnosis_words: Vec<String>,
    /// The client's sex, as the insurer has it on file; may be empty.
    pub sex: String,
    /// The client's postal address, line by line.
    pub address: Vec<String>,
    /// Who saw the client.
    pub clinicians: Vec<SuperbillClinicianJson>,
    /// Who supervised a visit.
    pub supervisors: Vec<SuperbillClinicianJson>,
    /// Its services.
    pub lines: Vec<SuperbillLineJson>,
    /// What was charged for them.
    pub charged: MoneyJson,
    /// What was paid of it.
    pub paid: MoneyJson,
}

/// A clinician of a superbill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuperbillClinicianJson {
    /// The name, with credentials.
    pub name: String,
    /// The NPI.
    pub npi: String,
    /// The license, with its state; empty for who supervised.
    pub license: String,
    /// The kind of work, by its code of the NUCC; may be empty.
    pub taxonomy: String,
}

/// A service of a superbill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuperbillLineJson {
    /// The day of the service.
    #[schema(format = "date")]
    pub on: String,
    /// Where, as insurers code it.
    pub place: String,
    /// The code of the service.
    pub code: String,
    /// Its modifiers.
    pub modifiers: String,
    /// Letters of the diagnoses.
    pub pointers: String,
    /// How many units.
    pub units: i32,
    /// The full fee.
    pub fee: MoneyJson,
    /// What of it is not asked for.
    pub off: MoneyJson,
    /// What of it was paid.
    pub paid: MoneyJson,
}

impl SuperbillJson {
    /// A superbill as it was frozen.
    pub fn of(id: String, data: &SuperbillData) -> Self {
        let money = |minor| data.money(minor).into();
        let (charged, paid) = data.totals();
        Self {
            id,
            number: data.number.clone(),
            made_on: data.made_on.clone(),
            from: data.from.clone(),
            until: data.until.clone(),
            diagnoses: data.diagnoses.clone(),
            diagnosis_words: data.diagnosis_words.clone(),
            sex: data.sex.clone(),
            address: data.address.clone(),
            clinicians: data
                .clinicians
                .iter()
                .enumerate()
                .map(|(at, (name, npi, license))| SuperbillClinicianJson {
                    name: name.clone(),
                    npi: npi.clone(),
                    license: license.clone(),
                    taxonomy: data.taxonomies.get(at).cloned().unwrap_or_default(),
                })
                .collect(),
            supervisors: data
                .supervisors
                .iter()
                .map(|(name, npi)| SuperbillClinicianJson {
                    name: name.clone(),
                    npi: npi.clone(),
                    license: String::new(),
                    taxonomy: String::new(),
                })
                .collect(),
            lines: data
                .lines
                .iter()
                .map(|line| SuperbillLineJson {
                    on: line.on.clone(),
                    place: line.place.clone(),
                    code: line.code.clone(),
                    modifiers: line.modifiers.clone(),
                    pointers: line.pointers.clone(),
                    units: line.units,
                    fee: money(line.fee),
                    off: money(line.off),
                    paid: money(line.paid),
                })
                .collect(),
            charged: charged.into(),
            paid: paid.into(),
        }
    }
}
