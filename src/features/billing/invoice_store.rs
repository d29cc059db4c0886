//! The rows of invoices.

use diesel::prelude::*;

use crate::features::billing::paper_store::paper_queries;
use crate::features::billing::statement_store::{Series, next_number};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, InvoiceId, PayerId};
use crate::platform::db::Scoped;
use crate::platform::db::schema::invoice;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// Where an invoice stands. What is open of it is read off its charges.
    pub enum InvoiceState {
        /// It counts.
        Issued = "issued",
        /// It was taken back; its number stays.
        Void = "void",
    }
}

/// What a list says of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = invoice)]
pub struct InvoiceHead {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number.
    pub number: String,
    /// Of what this payer pays.
    pub party_id: PayerId,
    /// Where it stands.
    pub state: InvoiceState,
    /// To be paid by this day, `YYYY-MM-DD`.
    pub due_on: String,
    /// When it was made.
    pub issued_at: Timestamp,
    pub(super) charges: String,
    pub(super) data: String,
    pub(super) sha256: String,
}

pub(super) struct NewRow<'a> {
    pub chart: ChartId,
    pub party: PayerId,
    pub due_on: &'a str,
    pub charges: &'a str,
    pub by_name: &'a str,
}

/// The number of the next invoice.
pub(super) fn number(c: &mut Scoped<'_>) -> Result<String, Fault> {
    next_number(c, Series::Invoices)
}

pub(super) fn insert(
    c: &mut Scoped<'_>,
    number: &str,
    new: &NewRow<'_>,
    (json, sha256): (&str, &str),
) -> Result<InvoiceId, Fault> {
    let id = InvoiceId::fresh(c.rng(), c.now());
    let row = (
        invoice::invoice_id.eq(id),
        invoice::number.eq(number),
        invoice::chart_id.eq(new.chart),
        invoice::party_id.eq(new.party),
        invoice::state.eq(InvoiceState::Issued),
        invoice::due_on.eq(new.due_on),
        invoice::charges.eq(new.charges),
        invoice::data.eq(json),
        invoice::sha256.eq(sha256),
        invoice::reason.eq(""),
        invoice::issued_by_name.eq(new.by_name),
        invoice::issued_at.eq(c.now()),
    );
    c.insert(invoice::table, row)?;
    Ok(id)
}

/// The invoice of the same charges for the same payer, as long as it counts.
pub(super) fn same(
    c: &mut Scoped<'_>,
    chart: ChartId,
    party: PayerId,
    charges: &str,
) -> Result<Option<InvoiceId>, Fault> {
    c.rows(invoice::table)
        .filter(invoice::chart_id.eq(chart))
        .filter(invoice::party_id.eq(party))
        .filter(invoice::state.eq(InvoiceState::Issued))
        .filter(invoice::charges.eq(charges))
        .select(invoice::invoice_id)
        .optional(c)
}

pub(super) fn set_void(c: &mut Scoped<'_>, id: InvoiceId, reason: &str) -> Result<(), Fault> {
    c.rows(invoice::table)
        .filter(invoice::invoice_id.eq(id))
        .set((invoice::state.eq(InvoiceState::Void), invoice::reason.eq(reason)))
        .execute(c)?;
    Ok(())
}

paper_queries!(invoice, invoice_id, InvoiceId, InvoiceHead, chart_of_invoice);
