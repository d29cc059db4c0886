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
    Charged, Disputed, InsurerLine, Received, Refunded, Relief, Share, allocate_credits, asked_of, charge,
    dispute, free, insurer_line, left_of, owed_for, payers_in, payment, relieve, relieve_insurer, reverse,
    reverse_all, spread, to_client, to_insurance, unused,
};
pub use store::{
    DayPlace, Line, Movement, Owed, PartyPurpose, Payer, append, charts_with_entries, credits_of, debts_of,
    entries_of, entries_of_item, entry_at, find_entry, find_party, head_of, last_before, lines, lines_by_day,
    lines_by_day_for, lines_for, movements_after, open_charges, owed_by, owed_of, parties_of_people,
    parties_with_entries, party_for, party_of, payer_of, payers_of, posting_currency, set_currency, stood,
    sum_from,
};
