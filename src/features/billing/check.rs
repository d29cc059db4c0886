//! Are the charges and payments of a practice what the ledger says of them?

use std::collections::BTreeMap;

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
        if earned != wanted || (state == ChargeState::Void && owed != 0) {
            found.problems.push(Problem::Item { item, says: wanted, posted: earned });
        }
    }
    let paid_back = all_paid_back(c)?;
    for (id, amount, state) in all_payments(c)? {
        let item = ItemId::from_uuid(id.uuid());
        let by_account = sums(&found, ItemKind::Payment, item);
        let of = |account| by_account.get(&account).copied().unwrap_or(0);
        let is_standing = state == PaymentState::Succeeded;
        let came =
            of(Account::Undeposited) + of(Account::Processor) + of(Account::Opening) + of(Account::Discount);
        // What was paid back has left the drawer or the provider, so it is counted again.
        let went = paid_back.get(&id).copied().unwrap_or(0);
        let wanted = if is_standing { amount } else { 0 };
        if came + went != wanted {
            found.problems.push(Problem::Item { item, says: wanted, posted: came + went });
        }
    }
    found.items.clear();
    Ok(found)
}
