//! Are the charges and payments of a practice what the ledger says of them?

use std::collections::BTreeMap;

use crate::features::billing::dispute_store::all_taken_out;
use crate::features::billing::lifecycle::{ChargeState, PaymentState};
use crate::features::billing::store::{all_charges, all_paid_back, all_payments};
use crate::features::ledger::{self, Account, ItemKind, LedgerCheck, Problem};
use crate::kernel::ids::ItemId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// Walks the journal, then compares each charge and payment with it: a charge that counts is what is owed, paid and
/// taken off; a payment that counts is what is used, left and paid back; of others every sum is zero.
pub fn check(c: &mut Scoped<'_>) -> Result<LedgerCheck, Fault> {
    let mut found = ledger::check(c)?;
    let none = BTreeMap::new();
    let sums = |found: &LedgerCheck, kind, id| found.items.get(&(kind, id)).unwrap_or(&none).clone();
    for (id, amount, state) in all_charges(c)? {
        let item = ItemId::from_uuid(id.uuid());
        let by_account = sums(&found, ItemKind::Charge, item);
        let earned =
            -[Account::Revenue, Account::Opening].iter().filter_map(|a| by_account.get(a)).sum::<i64>();
        let wanted = if state == ChargeState::Posted { amount } else { 0 };
        let owed = by_account.get(&Account::ArClient).copied().unwrap_or(0);
        // A charge is what is owed for it, was paid of it and taken off it; the insurer's part likewise.
        let insured = by_account.get(&Account::ArInsurance).copied().unwrap_or(0);
        if earned != wanted || (state == ChargeState::Void && (owed != 0 || insured != 0)) {
            found.problems.push(Problem::Item { item, says: wanted, posted: earned });
        }
    }
    let paid_back = all_paid_back(c)?;
    let taken_out = all_taken_out(c)?;
    for (id, amount, state) in all_payments(c)? {
        let item = ItemId::from_uuid(id.uuid());
        let by_account = sums(&found, ItemKind::Payment, item);
        let of = |account| by_account.get(&account).copied().unwrap_or(0);
        let is_standing = state == PaymentState::Succeeded;
        let came = of(Account::Undeposited)
            + of(Account::Processor)
            + of(Account::Opening)
            + of(Account::Discount)
            + of(Account::Disputed)
            + of(Account::Fees);
        // What was paid back, or kept by a client's bank, has left the drawer or the provider, so it is counted again.
        // What was taken out stands under `disputed` until it is decided; of a payment of which a part went back
        // before, more may be taken out than can be lost of it.
        let lost = taken_out.get(&id).copied().unwrap_or(0) - of(Account::Disputed);
        let went = paid_back.get(&id).copied().unwrap_or(0) + lost;
        let wanted = if is_standing { amount } else { 0 };
        if came + went != wanted {
            found.problems.push(Problem::Item { item, says: wanted, posted: came + went });
        }
    }
    found.items.clear();
    Ok(found)
}
