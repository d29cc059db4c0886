//! What the API takes and gives of accounts. Money is minor units with a currency, never a decimal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::features::billing::statement::StatementData;
use crate::features::billing::{Charge, Payment, Refund, StatementHead};
use crate::features::ledger::{Owed, PartyPurpose, Payer};
use crate::kernel::money::{Currency, Money};

/// An amount.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyJson {
    /// Minor units: cents for dollars, yen for yen.
    #[schema(example = 15000)]
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "USD")]
    pub currency: String,
}

impl From<Money> for MoneyJson {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.to_string() }
    }
}

fn money(minor: i64, currency: Currency) -> MoneyJson {
    Money::new(minor, currency).into()
}

/// What is owed in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwedJson {
    /// ISO 4217.
    pub currency: String,
    /// What is open of charges.
    pub due: MoneyJson,
    /// What is not used of payments.
    pub credit: MoneyJson,
    /// What is with insurers: the client owes nothing of it yet.
    pub with_insurers: MoneyJson,
    /// `due` less `credit`: negative in the client's favor.
    pub balance: MoneyJson,
}

impl From<Owed> for OwedJson {
    fn from(owed: Owed) -> Self {
        Self {
            currency: owed.currency.to_string(),
            due: money(owed.due, owed.currency),
            credit: money(owed.credit, owed.currency),
            with_insurers: money(owed.insured, owed.currency),
            balance: money(owed.balance(), owed.currency),
        }
    }
}

/// Somebody who pays on a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PayerJson {
    /// Name the payer by this where a payment, a statement, an invoice or a superbill is theirs.
    #[schema(format = "uuid")]
    pub id: String,
    /// The person.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// Is it the account for visits that nobody else sees?
    pub is_private: bool,
    /// What they owe; see the account.
    pub balances: Vec<OwedJson>,
}

impl PayerJson {
    /// A payer with what they owe.
    pub fn of(payer: &Payer, balances: Vec<OwedJson>) -> Self {
        Self {
            id: payer.party.to_string(),
            person_id: payer.person.to_string(),
            is_private: payer.purpose == PartyPurpose::Private,
            balances,
        }
    }
}

/// A chart's account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountJson {
    /// The chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// The currency of what is posted next.
    pub currency: String,
    /// One for each currency that occurs; they are never added. Empty where nothing was ever posted.
    pub balances: Vec<OwedJson>,
    /// Each of those who pay, with what is theirs; together they owe what the balances say.
    pub payers: Vec<PayerJson>,
}

/// A charge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChargeJson {
    /// The charge.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// The day of the service.
    #[schema(format = "date")]
    pub on: String,
    /// What for, as the client reads it.
    pub description: String,
    /// The fee.
    pub amount: MoneyJson,
    /// The code of the service, as it was then; may be empty.
    pub code: String,
    /// How many units.
    pub units: i32,
    /// `self_pay`, `insured`, or `withheld`: paid by the client and told to no insurer.
    pub payer: String,
    /// `posted` or `void`.
    pub state: String,
    /// When it was posted.
    #[schema(format = "date-time")]
    pub created_at: String,
}

impl From<&Charge> for ChargeJson {
    fn from(charge: &Charge) -> Self {
        Self {
            id: charge.charge_id.to_string(),
            chart_id: charge.chart_id.to_string(),
            on: charge.on_date.clone(),
            description: charge.description.clone(),
            amount: charge.money().into(),
            code: charge.code.clone(),
            units: charge.units,
            payer: charge.payer.to_string(),
            state: charge.state.to_string(),
            created_at: charge.created_at.to_string(),
        }
    }
}

/// A page of charges.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChargeList {
    /// In the order in which they were posted.
    pub charges: Vec<ChargeJson>,
    /// Give it as `cursor` to get the next page; absent on the last.
    pub next: Option<String>,
}

/// A charge to be posted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChargeJson {
    /// The day of the service: not to come, and at most 60 days ago.
    #[schema(format = "date")]
    pub on: String,
    /// What for, as the client reads it: at most 120 characters. With a service it may be left out.
    #[serde(default)]
    pub description: String,
    /// The fee, in the currency of the account. With a service it may be left out: then it is the service's price.
    pub amount: Option<MoneyJson>,
    /// A service of the practice's list.
    #[schema(format = "uuid")]
    pub service_id: Option<String>,
    /// How many units: 1 to 999.
    pub units: Option<i32>,
    /// Who saw the client.
    #[schema(format = "uuid")]
    pub clinician_id: Option<String>,
    /// Who supervised the visit.
    #[schema(format = "uuid")]
    pub supervisor_id: Option<String>,
    /// The appointment that it is for: each is charged once.
    #[schema(format = "uuid")]
    pub appointment_id: Option<String>,
    /// ICD-10 codes with a space between.
    #[serde(default)]
    pub diagnoses: String,
    /// Modifiers of the code with a space between.
    #[serde(default)]
    pub modifiers: String,
    /// Where, as insurers code it, such as `11` for the office or `10` for telehealth at home.
    #[serde(default)]
    pub place_of_service: String,
    /// Seen by the client alone, on an account of its own.
    #[serde(default)]
    pub confidential: bool,
    /// Told to no insurer.
    #[serde(default)]
    pub withheld: bool,
    /// Goes to this insurance of the client.
    #[schema(format = "uuid")]
    pub insurance_id: Option<String>,
    /// With an insurance: what the client owes at once.
    pub copay: Option<MoneyJson>,
}

/// Something to be taken off a charge.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentJson {
    /// `discount` (a lower fee; may reach into what was paid) or `write_off` (a debt that is given up). Of a charge that
    /// goes to an insurer also `contractual`, `insurer_write_off`, `to_client` and `to_insurer`.
    pub kind: String,
    /// How much.
    pub amount: MoneyJson,
    /// Why.
    pub reason: String,
}

/// An undo.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoJson {
    /// Why; stays in the ledger.
    pub reason: String,
}

/// Why a charge is owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationJson {
    /// The charge.
    pub charge: ChargeJson,
    /// One for each entry that changed what is owed for it.
    pub steps: Vec<StepJson>,
    /// What is owed for it now.
    pub owed: MoneyJson,
}

/// An entry that changed what is owed for a charge.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StepJson {
    /// `charge`, `discount`, `write_off`, `allocation` or `opening`.
    pub kind: String,
    /// Does it take an earlier one back?
    pub is_reversal: bool,
    /// The day that it counts for.
    #[schema(format = "date")]
    pub on: String,
    /// The payment that was used, where one was.
    #[schema(format = "uuid")]
    pub payment_id: Option<String>,
    /// By how much: positive where more is owed.
    pub amount: MoneyJson,
    /// What was left after it.
    pub left: MoneyJson,
    /// The same as the client reads it.
    pub sentence: String,
}

/// A payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentJson {
    /// The payment.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// `cash`, `check`, `terminal`, `bank` or `other`.
    pub method: String,
    /// The day on which it came in.
    #[schema(format = "date")]
    pub received_on: String,
    /// The number of a check, or the like.
    pub reference: String,
    /// The amount.
    pub amount: MoneyJson,
    /// `succeeded` or `reversed`.
    pub state: String,
    /// What is not used for charges and was not paid back.
    pub unused: MoneyJson,
    /// What was paid back.
    pub refunds: Vec<RefundJson>,
}

/// A refund.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefundJson {
    /// The refund.
    #[schema(format = "uuid")]
    pub id: String,
    /// How it went: `cash`, `check`, `terminal` or `bank`.
    pub way: String,
    /// The day.
    #[schema(format = "date")]
    pub made_on: String,
    /// The amount.
    pub amount: MoneyJson,
    /// `succeeded` or `canceled`.
    pub state: String,
    /// Why.
    pub reason: String,
}

impl From<&Refund> for RefundJson {
    fn from(refund: &Refund) -> Self {
        Self {
            id: refund.refund_id.to_string(),
            way: refund.way.to_string(),
            made_on: refund.made_on.clone(),
            amount: money(refund.amount, refund.currency),
            state: refund.state.to_string(),
            reason: refund.reason.clone(),
        }
    }
}

impl PaymentJson {
    /// A payment of this chart, with what is left of it and what went back.
    pub fn of(chart: String, payment: &Payment, unused: i64, refunds: &[Refund]) -> Self {
        Self {
            id: payment.payment_id.to_string(),
            chart_id: chart,
            method: payment.method.to_string(),
            received_on: payment.received_on.clone(),
            reference: payment.reference.clone(),
            amount: payment.money().into(),
            state: payment.state.to_string(),
            unused: money(unused, payment.currency),
            refunds: refunds.iter().map(RefundJson::from).collect(),
        }
    }
}

/// A payment in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentRow {
    /// The payment.
    #[schema(format = "uuid")]
    pub id: String,
    /// See the payment.
    pub method: String,
    /// The day on which it came in.
    #[schema(format = "date")]
    pub received_on: String,
    /// The number of a check, or the like.
    pub reference: String,
    /// The amount.
    pub amount: MoneyJson,
    /// `succeeded` or `reversed`.
    pub state: String,
}

impl From<&Payment> for PaymentRow {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.payment_id.to_string(),
            method: payment.method.to_string(),
            received_on: payment.received_on.clone(),
            reference: payment.reference.clone(),
            amount: payment.money().into(),
            state: payment.state.to_string(),
        }
    }
}

/// A page of payments.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentList {
    /// In the order in which they were recorded.
    pub payments: Vec<PaymentRow>,
    /// Give it as `cursor` to get the next page; absent on the last.
    pub next: Option<String>,
}

/// A payment to be recorded. Cards are never charged by the API.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentJson {
    /// `cash`, `check`, `terminal`, `bank` or `other`.
    pub method: String,
    /// The day on which it came in: not to come, and at most 60 days ago.
    #[schema(format = "date")]
    pub received_on: String,
    /// The amount, in the currency of the account.
    pub amount: MoneyJson,
    /// The number of a check, or the like: at most 60 characters, never the number of a card.
    #[serde(default)]
    pub reference: String,
    /// The charge that it pays first; left out: the oldest day of service.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub charge_id: Option<String>,
    /// Whose payment it is; left out: whoever pays first.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub payer_id: Option<String>,
}

/// A refund to be recorded.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefundJson {
    /// How it goes: `cash`, `check`, `terminal` or `bank`.
    pub way: String,
    /// At most what is not used of the payment.
    pub amount: MoneyJson,
    /// Why.
    pub reason: String,
}

/// A statement to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStatementJson {
    /// What was posted before this day becomes the previous balance.
    #[schema(format = "date")]
    pub since: String,
    /// Of what this payer pays; left out: whoever pays first.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub payer_id: Option<String>,
}

/// A statement in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementRow {
    /// The statement.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub number: String,
    /// When it was made.
    #[schema(format = "date-time")]
    pub issued_at: String,
}

impl From<&StatementHead> for StatementRow {
    fn from(head: &StatementHead) -> Self {
        Self {
            id: head.statement_id.to_string(),
            number: head.number.clone(),
            issued_at: head.issued_at.to_string(),
        }
    }
}

/// The newest statements of a chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementList {
    /// The newest first; at most 100.
    pub statements: Vec<StatementRow>,
}

/// A statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementJson {
    /// The statement.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub number: String,
    /// The language that it is written in.
    pub language: String,
    /// The day on which it was made.
    #[schema(format = "date")]
    pub made_on: String,
    /// Its lines were posted on this day or later.
    #[schema(format = "date")]
    pub since: String,
    /// One for each currency; they are never added.
    pub accounts: Vec<StatementAccountJson>,
}

/// One currency of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementAccountJson {
    /// The balance before the first line.
    pub previous: MoneyJson,
    /// The lines in the order in which they were posted.
    pub lines: Vec<StatementLineJson>,
    /// What is open of charges.
    pub due: MoneyJson,
    /// What is not used of payments.
    pub credit: MoneyJson,
    /// `due` less `credit`.
    pub balance: MoneyJson,
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatementLineJson {
    /// The day that it counts for.
    #[schema(format = "date")]
    pub on: String,
    /// What it is.
    pub text: String,
    /// Payments are negative.
    pub amount: MoneyJson,
    /// The balance after it.
    pub after: MoneyJson,
}

impl StatementJson {
    /// A statement as it was frozen.
    pub fn of(id: String, data: &StatementData) -> Self {
        let accounts = data
            .accounts
            .iter()
            .map(|account| StatementAccountJson {
                previous: account.money(account.previous).into(),
                lines: account
                    .lines
                    .iter()
                    .map(|line| StatementLineJson {
                        on: line.on.clone(),
                        text: line.text.clone(),
                        amount: account.money(line.amount).into(),
                        after: account.money(line.after).into(),
                    })
                    .collect(),
                due: account.money(account.due).into(),
                credit: account.money(account.credit).into(),
                balance: account.balance().into(),
            })
            .collect();
        Self {
            id,
            number: data.number.clone(),
            language: data.language.to_string(),
            made_on: data.made_on.clone(),
            since: data.since.clone(),
            accounts,
        }
    }
}
