//! The numbers of receipts.

use diesel::prelude::*;

use crate::features::billing::statement_store::{Series, next_number};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::PaymentId;
use crate::platform::db::Scoped;
use crate::platform::db::schema::receipt;
use crate::platform::fault::Fault;

/// Gives a payment's receipt its number, in the transaction that records the payment.
pub(super) fn issue(c: &mut Scoped<'_>, payment: PaymentId) -> Result<(), Fault> {
    let number = next_number(c, Series::Receipts)?;
    let row = (receipt::payment_id.eq(payment), receipt::number.eq(number), receipt::issued_at.eq(c.now()));
    c.insert(receipt::table, row)
}

/// The number of a payment's receipt, and when it was given.
pub(super) fn find(c: &mut Scoped<'_>, payment: PaymentId) -> Result<Option<(String, Timestamp)>, Fault> {
    c.rows(receipt::table)
        .filter(receipt::payment_id.eq(payment))
        .select((receipt::number, receipt::issued_at))
        .optional(c)
}
