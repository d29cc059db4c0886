//! The double-entry ledger: accounts, posting rules, the append-only journal and what its postings add up to.
//! It knows charges and payments by their ids alone; what they are stands in `billing`.

mod check;
mod entry;
mod hash;
mod report_store;
mod rules;
mod store;

pub use check::{ItemSums, LedgerCheck, Problem, check};
pub use entry::{
    Account, Balanced, Credit, Debt, Draft, EntryHead, EntryKind, Item, ItemKind, Place, Posting, SourceKey,
    StoredEntry, Unbalanced,
};
pub use report_store::{OpenAmount, lines_between, open_amounts};
pub use rules::{
    Received, Refunded, Relief, charge, free, left_of, payment, relieve, reverse, reverse_all, unused,
};
pub use store::{
    DayPlace, Line, Movement, Owed, append, charts_with_entries, credits_of, debts_of, entries_of,
    entries_of_item, entry_at, find_entry, find_party, head_of, last_before, lines, lines_by_day,
    movements_after, open_charges, owed_of, party_of, posting_currency, set_currency, stood, sum_from,
};
