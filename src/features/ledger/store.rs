//! The journal's rows, the balances that are kept beside them, and payers.

use std::collections::BTreeMap;

use diesel::prelude::*;
use jiff::civil::Date;

use super::entry::{
    Account, Credit, Debt, Draft, EntryHead, EntryKind, Item, ItemKind, Posting, SourceKey, StoredEntry,
};
use super::hash::{Hashed, HashedPosting};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChargeId, ChartId, EntryId, ItemId, PayerId, PaymentId, PersonId, PracticeId};
use crate::kernel::money::Currency;
use crate::platform::db::schema::{balance, journal_entry, journal_head, party, posting};
use crate::platform::db::{InLists as _, Scoped, SumOf};
use crate::platform::fault::{Fault, is_duplicate};
use crate::{practice_row, word_enum};

/// Entries that are read at once where the whole journal is walked.
const PAGE: i64 = 1_000;

/// The accounts that say what a client owes: charges less what is not used of payments.
pub(super) const CLIENT: [Account; 2] = [Account::ArClient, Account::CreditClient];
/// With what is with insurers beside it.
const CLIENT_AND_INSURER: [Account; 3] = [Account::ArClient, Account::CreditClient, Account::ArInsurance];

/// An entry's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = journal_entry, treat_none_as_default_value = false)]
pub(super) struct EntryRow {
    pub practice_id: PracticeId,
    pub seq: i64,
    pub entry_id: EntryId,
    pub kind: EntryKind,
    pub effective_on: String,
    pub recorded_at: Timestamp,
    pub by_name: String,
    pub chart_id: Option<ChartId>,
    pub subject: Option<ItemId>,
    pub source_key: String,
    pub reverses: Option<i64>,
    pub reason: String,
    pub currency: Currency,
    pub hash: Option<String>,
}
practice_row!(EntryRow, journal_entry);

/// A posting's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = posting, treat_none_as_default_value = false)]
pub(super) struct PostingRow {
    pub practice_id: PracticeId,
    pub seq: i64,
    pub n: i32,
    pub account: Account,
    pub chart_id: Option<ChartId>,
    pub party_id: Option<PayerId>,
    pub item_kind: ItemKind,
    pub item_id: Option<ItemId>,
    pub amount: i64,
    pub currency: Currency,
}
practice_row!(PostingRow, posting);

/// An entry from its row.
pub(super) fn head_from(row: EntryRow, reversed_by: Option<i64>) -> Result<EntryHead, Fault> {
    let lacks = |what: &str| Fault::Damaged(format!("entry {} of the journal has no {what}", row.seq));
    Ok(EntryHead {
        seq: row.seq,
        entry_id: row.entry_id,
        kind: row.kind,
        effective_on: day(&row.effective_on)?,
        recorded_at: row.recorded_at,
        chart: row.chart_id.ok_or_else(|| lacks("chart"))?,
        subject: row.subject.ok_or_else(|| lacks("subject"))?.uuid(),
        by_name: row.by_name,
        reverses: row.reverses,
        reversed_by,
        reason: row.reason,
        currency: row.currency,
    })
}

/// A civil day from its column.
pub(super) fn day(text: &str) -> Result<Date, Fault> {
    text.parse().map_err(|_| Fault::Damaged(format!("{text:?} is no day")))
}

fn posting_of(row: &PostingRow) -> Result<Posting, Fault> {
    let lacks = |what: &str| Fault::Damaged(format!("posting {} of entry {} has no {what}", row.n, row.seq));
    let item = row.item_id.and_then(|id| Item::read(row.item_kind, id.uuid()));
    Ok(Posting {
        account: row.account,
        chart: row.chart_id.ok_or_else(|| lacks("chart"))?,
        party: row.party_id.ok_or_else(|| lacks("payer"))?,
        item: item.ok_or_else(|| lacks("item"))?,
        amount: row.amount,
    })
}

/// The last place in the journal, and the currency of what is posted next.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub currency: Currency,
    pub seq: i64,
    pub hash: String,
}

pub(super) fn read_head(c: &mut Scoped<'_>) -> Result<Option<Head>, Fault> {
    let found: Option<(Currency, i64, String)> = c
        .rows(journal_head::table)
        .select((journal_head::currency, journal_head::seq, journal_head::hash))
        .optional(c)?;
    Ok(found.map(|(currency, seq, hash)| Head { currency, seq, hash }))
}

/// Takes the lock on the practice's journal until the commit, so that its places have no gap.
fn lock_head(c: &mut Scoped<'_>) -> Result<Head, Fault> {
    // An update that changes nothing takes the row's lock on both engines.
    let held = c.rows(journal_head::table).set(journal_head::seq.eq(journal_head::seq)).execute(c)?;
    if held == 0 {
        start_journal(c, Currency::USD)?;
    }
    read_head(c)?.ok_or_else(|| Fault::Damaged("the journal has no head".into()))
}

fn start_journal(c: &mut Scoped<'_>, currency: Currency) -> Result<(), Fault> {
    let row = (journal_head::currency.eq(currency), journal_head::seq.eq(0), journal_head::hash.eq(""));
    match c.insert(journal_head::table, row) {
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("two first entries of a journal at once"))
        }
        other => other,
    }
}

/// The place of the newest entry of the practice; 0 before the first.
pub fn head_of(c: &mut Scoped<'_>) -> Result<i64, Fault> {
    Ok(read_head(c)?.map_or(0, |head| head.seq))
}

/// The currency of what is posted next.
pub fn posting_currency(c: &mut Scoped<'_>) -> Result<Currency, Fault> {
    Ok(read_head(c)?.map_or(Currency::USD, |head| head.currency))
}

/// Sets it. What was posted before stays in its own currency.
pub fn set_currency(c: &mut Scoped<'_>, currency: Currency) -> Result<(), Fault> {
    match c.rows(journal_head::table).set(journal_head::currency.eq(currency)).execute(c)? {
        0 => start_journal(c, currency),
        _ => Ok(()),
    }
}

fn source_key(key: SourceKey, kind: EntryKind, entry: EntryId) -> String {
    match key {
        SourceKey::Charge(id, 0) => format!("charge:{id}"),
        SourceKey::Charge(id, n) => format!("charge:{id}:{n}"),
        SourceKey::Insured(id) => format!("charge:{id}:insured"),
        SourceKey::Remittance(id, n, kind) => format!("rline:{id}:{n}:{kind}"),
        SourceKey::Dispute(id, kind) => format!("dp:{id}:{kind}"),
        SourceKey::Payment(id) => format!("pay:{id}:in"),
        SourceKey::RefundDue(id) => format!("ref:{id}:due"),
        SourceKey::RefundPaid(id) => format!("ref:{id}:out"),
        SourceKey::OfItself => format!("{kind}:{entry}"),
        SourceKey::Reversal(seq) => format!("rev:{seq}"),
    }
}

/// The hash of an entry with its postings, after the one before it.
pub(super) fn chained(previous: &str, row: &EntryRow, postings: &[PostingRow]) -> Result<String, Fault> {
    let hashed = Hashed {
        previous,
        practice: row.practice_id,
        seq: row.seq,
        entry: row.entry_id,
        kind: row.kind.word(),
        effective_on: &row.effective_on,
        recorded_at: row.recorded_at.micros(),
        by_name: &row.by_name,
        chart: row.chart_id,
        subject: row.subject,
        source_key: &row.source_key,
        reverses: row.reverses,
        reason: &row.reason,
        currency: row.currency.code(),
        postings: postings
            .iter()
            .map(|posting| HashedPosting {
                n: posting.n,
                account: posting.account.word(),
                chart: posting.chart_id,
                party: posting.party_id,
                item_kind: posting.item_kind.word(),
                item: posting.item_id,
                amount: posting.amount,
                currency: posting.currency.code(),
            })
            .collect(),
    };
    hashed.hash().map_err(|error| Fault::other(format!("hashing an entry: {error}")))
}

/// The entries behind a place, with their postings, at most [`PAGE`], in their order.
pub(super) fn page_after(c: &mut Scoped<'_>, seq: i64) -> Result<Vec<(EntryRow, Vec<PostingRow>)>, Fault> {
    let entries: Vec<EntryRow> = c
        .rows(journal_entry::table)
        .filter(journal_entry::seq.gt(seq))
        .filter(journal_entry::seq.le(seq + PAGE))
        .order(journal_entry::seq.asc())
        .select(EntryRow::as_select())
        .load(c)?;
    let rows: Vec<PostingRow> = c
        .rows(posting::table)
        .filter(posting::seq.gt(seq))
        .filter(posting::seq.le(seq + PAGE))
        .order((posting::seq.asc(), posting::n.asc()))
        .select(PostingRow::as_select())
        .load(c)?;
    let mut by_entry: BTreeMap<i64, Vec<PostingRow>> = BTreeMap::new();
    for row in rows {
        by_entry.entry(row.seq).or_default().push(row);
    }
    Ok(entries
        .into_iter()
        .map(|entry| {
            let postings = by_entry.remove(&entry.seq).unwrap_or_default();
            (entry, postings)
        })
        .collect())
}

/// The chain's last hash where the upgrade left it open: over every entry that it brought over.
fn chain_of_upgraded(c: &mut Scoped<'_>, last: i64) -> Result<String, Fault> {
    let (mut hash, mut seq) = (String::new(), 0);
    while seq < last {
        for (entry, postings) in page_after(c, seq)? {
            hash = chained(&hash, &entry, &postings)?;
        }
        seq += PAGE;
    }
    Ok(hash)
}

type BalanceKey = (ChartId, Account, PayerId, Item, Currency);

/// Appends entries, and keeps the balances. Whoever calls holds the lock on the charts.
pub fn append(c: &mut Scoped<'_>, by_name: &str, drafts: &[Draft]) -> Result<Vec<EntryHead>, Fault> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let head = lock_head(c)?;
    let last: Option<Timestamp> = c
        .rows(journal_entry::table)
        .filter(journal_entry::seq.eq(head.seq))
        .select(journal_entry::recorded_at)
        .optional(c)?;
    // A clock that was set back leaves time and place in one order.
    let recorded_at = last.map_or(c.now(), |last| last.max(c.now()));
    let mut hash = head.hash;
    if hash.is_empty() && head.seq > 0 {
        hash = chain_of_upgraded(c, head.seq)?;
    }
    let (practice_id, mut seq) = (*c.practice(), head.seq);
    let (mut entries, mut postings) = (Vec::new(), Vec::new());
    let mut sums: BTreeMap<BalanceKey, (i64, Date)> = BTreeMap::new();
    for draft in drafts {
        seq += 1;
        let entry_id = EntryId::fresh(c.rng(), c.now());
        let mut row = EntryRow {
            practice_id,
            seq,
            entry_id,
            kind: draft.kind,
            effective_on: draft.effective_on.to_string(),
            recorded_at,
            by_name: by_name.to_owned(),
            chart_id: Some(draft.chart),
            subject: Some(ItemId::from_uuid(draft.subject)),
            source_key: source_key(draft.key, draft.kind, entry_id),
            reverses: draft.reverses,
            reason: draft.reason.clone(),
            currency: draft.currency,
            hash: None,
        };
        let own: Vec<PostingRow> = (1..)
            .zip(draft.postings.postings())
            .map(|(n, posting)| PostingRow {
                practice_id,
                seq,
                n,
                account: posting.account,
                chart_id: Some(posting.chart),
                party_id: Some(posting.party),
                item_kind: posting.item.kind(),
                item_id: Some(ItemId::from_uuid(posting.item.uuid())),
                amount: posting.amount,
                currency: draft.currency,
            })
            .collect();
        hash = chained(&hash, &row, &own)?;
        row.hash = Some(hash.clone());
        for posting in draft.postings.postings() {
            let key = (posting.chart, posting.account, posting.party, posting.item, draft.currency);
            let sum = sums.entry(key).or_insert((0, draft.effective_on));
            sum.0 =
                sum.0.checked_add(posting.amount).ok_or_else(|| Fault::other("a balance is too large"))?;
        }
        entries.push(row);
        postings.extend(own);
    }
    // The postings first: the entry's row checks them, and from then on takes no more.
    c.insert_rows(&postings)?;
    c.insert_rows(&entries)?;
    for (key, (amount, since)) in sums {
        add_to_balance(c, key, amount, since)?;
    }
    c.rows(journal_head::table).set((journal_head::seq.eq(seq), journal_head::hash.eq(hash))).execute(c)?;
    entries.into_iter().map(|row| head_from(row, None)).collect()
}

fn add_to_balance(c: &mut Scoped<'_>, key: BalanceKey, amount: i64, since: Date) -> Result<(), Fault> {
    let (chart, account, party, item, currency) = key;
    let id = ItemId::from_uuid(item.uuid());
    let changed = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(account))
        .filter(balance::party_id.eq(party))
        .filter(balance::item_id.eq(id))
        .filter(balance::currency.eq(currency))
        .set(balance::amount.eq(balance::amount + amount))
        .execute(c)?;
    if changed > 0 {
        return Ok(());
    }
    let row = (
        balance::chart_id.eq(chart),
        balance::account.eq(account),
        balance::party_id.eq(party),
        balance::item_kind.eq(item.kind()),
        balance::item_id.eq(id),
        balance::currency.eq(currency),
        balance::amount.eq(amount),
        balance::since_on.eq(since.to_string()),
    );
    c.insert(balance::table, row)
}

word_enum! {
    /// For what a person pays.
    pub enum PartyPurpose {
        /// What everybody who may see the account sees.
        Usual = "usual",
        /// Visits that nobody else is to see: an account of its own, of which others see nothing.
        Private = "private",
    }
}

/// Who pays: a person, on their usual account or the private one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The payer.
    pub party: PayerId,
    /// The person.
    pub person: PersonId,
    /// For what.
    pub purpose: PartyPurpose,
}

/// The usual account of a person, if anything was ever posted for them.
pub fn find_party(c: &mut Scoped<'_>, person: PersonId) -> Result<Option<PayerId>, Fault> {
    find_party_for(c, person, PartyPurpose::Usual)
}

fn find_party_for(
    c: &mut Scoped<'_>,
    person: PersonId,
    purpose: PartyPurpose,
) -> Result<Option<PayerId>, Fault> {
    c.rows(party::table)
        .filter(party::person_id.eq(person))
        .filter(party::purpose.eq(purpose))
        .select(party::party_id)
        .optional(c)
}

/// Who a payer is.
pub fn payer_of(c: &mut Scoped<'_>, id: PayerId) -> Result<Option<Payer>, Fault> {
    Ok(payers_of(c, &[id])?.into_iter().next())
}

/// Who these payers are.
pub fn payers_of(c: &mut Scoped<'_>, ids: &[PayerId]) -> Result<Vec<Payer>, Fault> {
    let rows: Vec<(PayerId, PersonId, PartyPurpose)> = c
        .rows(party::table)
        .filter(party::party_id.in_list(ids))
        .order(party::party_id.asc())
        .select((party::party_id, party::person_id, party::purpose))
        .load(c)?;
    Ok(rows.into_iter().map(|(party, person, purpose)| Payer { party, person, purpose }).collect())
}

/// Every account of these people.
pub fn parties_of_people(c: &mut Scoped<'_>, people: &[PersonId]) -> Result<Vec<Payer>, Fault> {
    let rows: Vec<(PayerId, PersonId, PartyPurpose)> = c
        .rows(party::table)
        .filter(party::person_id.in_list(people))
        .order(party::party_id.asc())
        .select((party::party_id, party::person_id, party::purpose))
        .load(c)?;
    Ok(rows.into_iter().map(|(party, person, purpose)| Payer { party, person, purpose }).collect())
}

/// Who has anything on a chart.
pub fn parties_with_entries(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<PayerId>, Fault> {
    c.rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.in_list(CLIENT))
        .group_by(balance::party_id)
        .order(balance::party_id.asc())
        .select(balance::party_id)
        .load(c)
}

/// The usual account of a person; made where there is none yet.
pub fn party_of(c: &mut Scoped<'_>, person: PersonId) -> Result<PayerId, Fault> {
    party_for(c, person, PartyPurpose::Usual)
}

/// An account of a person; made where there is none yet.
pub fn party_for(c: &mut Scoped<'_>, person: PersonId, purpose: PartyPurpose) -> Result<PayerId, Fault> {
    if let Some(found) = find_party_for(c, person, purpose)? {
        return Ok(found);
    }
    let id = PayerId::fresh(c.rng(), c.now());
    let row = (
        party::party_id.eq(id),
        party::person_id.eq(person),
        party::created_at.eq(c.now()),
        party::purpose.eq(purpose),
    );
    match c.insert(party::table, row) {
        Ok(()) => Ok(id),
        Err(Fault::Database(error)) if is_duplicate(&error) => {
            Err(Fault::lost_race("one payer, made twice at once"))
        }
        Err(fault) => Err(fault),
    }
}

/// What a payer owes on a chart, charge by charge: the oldest day first, then the charge that was posted first.
pub fn debts_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    party: PayerId,
    currency: Currency,
) -> Result<Vec<Debt>, Fault> {
    let rows: Vec<(ItemId, i64, String)> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(Account::ArClient))
        .filter(balance::party_id.eq(party))
        .filter(balance::currency.eq(currency))
        .filter(balance::amount.gt(0))
        .order((balance::since_on.asc(), balance::item_id.asc()))
        .select((balance::item_id, balance::amount, balance::since_on))
        .load(c)?;
    rows.into_iter()
        .map(|(id, owed, since)| {
            let charge = ChargeId::from_uuid(id.uuid());
            Ok(Debt { charge, since: day(&since)?, owed })
        })
        .collect()
}

/// What is not used of a payer's payments on a chart, the oldest first.
pub fn credits_of(
    c: &mut Scoped<'_>,
    chart: ChartId,
    party: PayerId,
    currency: Currency,
) -> Result<Vec<Credit>, Fault> {
    let rows: Vec<(ItemId, i64, String)> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(Account::CreditClient))
        .filter(balance::party_id.eq(party))
        .filter(balance::currency.eq(currency))
        .filter(balance::amount.lt(0))
        .order((balance::since_on.asc(), balance::item_id.asc()))
        .select((balance::item_id, balance::amount, balance::since_on))
        .load(c)?;
    rows.into_iter()
        .map(|(id, amount, since)| {
            Ok(Credit { payment: PaymentId::from_uuid(id.uuid()), since: day(&since)?, left: -amount })
        })
        .collect()
}

/// What is owed on a chart in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The currency.
    pub currency: Currency,
    /// What is open of charges.
    pub due: i64,
    /// What is not used of payments.
    pub credit: i64,
    /// What is with insurers: the client owes nothing of it yet.
    pub insured: i64,
}

impl Owed {
    /// Positive when the client owes, negative when it is in their favor.
    pub const fn balance(self) -> i64 {
        self.due - self.credit
    }
}

/// The accounts of a chart's head: what clients owe, what of their money is not used, what insurers owe.
const HEAD: [Account; 3] = [Account::ArClient, Account::CreditClient, Account::ArInsurance];

/// What is owed on a chart in each currency that occurs in it; nothing where nothing was ever posted, which is not
/// the same as nothing owed.
pub fn owed_of(c: &mut Scoped<'_>, chart: ChartId) -> Result<Vec<Owed>, Fault> {
    let rows: Vec<(Currency, Account, i64)> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.in_list(HEAD))
        .group_by((balance::currency, balance::account))
        .order((balance::currency.asc(), balance::account.asc()))
        .select((balance::currency, balance::account, SumOf(balance::amount)))
        .kept()
        .load(c)?;
    Ok(owed_from(rows))
}

/// The same of what these payers pay.
pub fn owed_by(c: &mut Scoped<'_>, chart: ChartId, parties: &[PayerId]) -> Result<Vec<Owed>, Fault> {
    let rows: Vec<(Currency, Account, i64)> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.in_list(HEAD))
        .filter(balance::party_id.in_list(parties))
        .group_by((balance::currency, balance::account))
        .order((balance::currency.asc(), balance::account.asc()))
        .select((balance::currency, balance::account, SumOf(balance::amount)))
        .kept()
        .load(c)?;
    Ok(owed_from(rows))
}

fn owed_from(rows: Vec<(Currency, Account, i64)>) -> Vec<Owed> {
    let mut found: Vec<Owed> = Vec::new();
    for (currency, account, sum) in rows {
        if found.last().is_none_or(|last| last.currency != currency) {
            found.push(Owed { currency, due: 0, credit: 0, insured: 0 });
        }
        if let Some(last) = found.last_mut() {
            match account {
                Account::ArClient => last.due = sum,
                Account::ArInsurance => last.insured = sum,
                _ => last.credit = -sum,
            }
        }
    }
    found
}

/// What stood for a payer on a chart up to a place of the journal, currency by currency: what is owed, and for which
/// charges.
pub fn stood(
    c: &mut Scoped<'_>,
    chart: ChartId,
    party: PayerId,
    through: i64,
) -> Result<Vec<(Owed, Vec<Debt>)>, Fault> {
    let sums: Vec<(Currency, Account, Option<ItemId>, i64)> = c
        .rows(posting::table)
        .filter(posting::chart_id.eq(Some(chart)))
        .filter(posting::account.in_list(CLIENT_AND_INSURER))
        .filter(posting::party_id.eq(Some(party)))
        .filter(posting::seq.le(through))
        .group_by((posting::currency, posting::account, posting::item_id))
        .order((posting::currency.asc(), posting::account.asc(), posting::item_id.asc()))
        .select((posting::currency, posting::account, posting::item_id, SumOf(posting::amount)))
        .load(c)?;
    let since: Vec<(ItemId, String)> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(Account::ArClient))
        .filter(balance::party_id.eq(party))
        .select((balance::item_id, balance::since_on))
        .load(c)?;
    let since: BTreeMap<ItemId, String> = since.into_iter().collect();
    let mut found: Vec<(Owed, Vec<Debt>)> = Vec::new();
    for (currency, account, item, sum) in sums {
        if found.last().is_none_or(|(last, _)| last.currency != currency) {
            found.push((Owed { currency, due: 0, credit: 0, insured: 0 }, Vec::new()));
        }
        let Some((owed, debts)) = found.last_mut() else { continue };
        match (account, item) {
            (Account::ArClient, Some(item)) if sum > 0 => {
                owed.due += sum;
                let since = since.get(&item).map(|text| day(text)).transpose()?;
                let since = since.ok_or_else(|| Fault::Damaged(format!("charge {item} has no balance")))?;
                debts.push(Debt { charge: ChargeId::from_uuid(item.uuid()), since, owed: sum });
            }
            (Account::CreditClient, _) => owed.credit -= sum,
            (Account::ArInsurance, _) => owed.insured += sum,
            _ => {}
        }
    }
    Ok(found)
}

/// The charts on which a client ever owed or paid anything.
pub fn charts_with_entries(c: &mut Scoped<'_>) -> Result<Vec<ChartId>, Fault> {
    c.rows(balance::table)
        .filter(balance::account.in_list(CLIENT))
        .group_by(balance::chart_id)
        .order(balance::chart_id.asc())
        .select(balance::chart_id)
        .load(c)
}

/// An entry that changed what is owed, and by how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub head: EntryHead,
    /// The charge or payment whose amount it is.
    pub item: Item,
    /// Positive where more is owed.
    pub amount: i64,
}

/// A place in a chart's lines by day: the day, and the place in the journal among the entries of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayPlace {
    /// The day.
    pub on: Date,
    /// The place in the journal.
    pub seq: i64,
}

impl DayPlace {
    /// Behind every line.
    pub const END: Self = Self { on: Date::MAX, seq: i64::MAX };
}

/// A chart's lines before a place by day.
macro_rules! lines_before {
    ($c:expr, $chart:expr, $before:expr) => {{
        let day = $before.on.to_string();
        $c.rows(journal_entry::table)
            .inner_join(posting::table.on(
                posting::practice_id.eq(journal_entry::practice_id).and(posting::seq.eq(journal_entry::seq)),
            ))
            .filter(journal_entry::chart_id.eq(Some($chart)))
            .filter(
                journal_entry::effective_on
                    .lt(day.clone())
                    .or(journal_entry::effective_on.eq(day).and(journal_entry::seq.lt($before.seq))),
            )
            .filter(journal_entry::kind.in_list(EntryKind::LINES))
            .filter(posting::account.in_list(CLIENT))
    }};
}

/// A chart's lines before a place, by the day for which they count, the newest first: what was entered later for an
/// earlier day stands on that day.
pub fn lines_by_day(
    c: &mut Scoped<'_>,
    chart: ChartId,
    before: DayPlace,
    most: i64,
) -> Result<Vec<Line>, Fault> {
    let rows: Vec<LineRow> = lines_before!(c, chart, before)
        .order((journal_entry::effective_on.desc(), journal_entry::seq.desc()))
        .limit(most)
        .select((EntryRow::as_select(), posting::item_kind, posting::item_id, posting::amount))
        .load(c)?;
    read_lines(c, chart, rows)
}

/// The same of what these payers pay.
pub fn lines_by_day_for(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    before: DayPlace,
    most: i64,
) -> Result<Vec<Line>, Fault> {
    let rows: Vec<LineRow> = lines_before!(c, chart, before)
        .filter(posting::party_id.in_list(parties))
        .order((journal_entry::effective_on.desc(), journal_entry::seq.desc()))
        .limit(most)
        .select((EntryRow::as_select(), posting::item_kind, posting::item_id, posting::amount))
        .load(c)?;
    read_lines(c, chart, rows)
}

/// A line's row: the entry, and what it is about.
type LineRow = (EntryRow, ItemKind, Option<ItemId>, i64);

fn read_lines(c: &mut Scoped<'_>, chart: ChartId, rows: Vec<LineRow>) -> Result<Vec<Line>, Fault> {
    let oldest = rows.iter().map(|(row, ..)| row.seq).min().unwrap_or(i64::MAX);
    let reversals = reversals_from(c, chart, oldest)?;
    rows.into_iter()
        .map(|(row, kind, id, amount)| {
            let item = id.and_then(|id| Item::read(kind, id.uuid()));
            let item = item.ok_or_else(|| Fault::Damaged(format!("entry {} has no item", row.seq)))?;
            let reversed_by = reversals.get(&row.seq).copied();
            Ok(Line { head: head_from(row, reversed_by)?, item, amount })
        })
        .collect()
}

/// A chart's lines behind a place and before one.
macro_rules! lines_of {
    ($c:expr, $chart:expr, $after:expr, $before:expr) => {
        $c.rows(journal_entry::table)
            .inner_join(posting::table.on(
                posting::practice_id.eq(journal_entry::practice_id).and(posting::seq.eq(journal_entry::seq)),
            ))
            .filter(journal_entry::chart_id.eq(Some($chart)))
            .filter(journal_entry::seq.gt($after))
            .filter(journal_entry::seq.lt($before))
            .filter(journal_entry::kind.in_list(EntryKind::LINES))
            .filter(posting::account.in_list(CLIENT))
    };
}

/// A chart's lines behind `after` and before `before`, the newest first.
pub fn lines(
    c: &mut Scoped<'_>,
    chart: ChartId,
    after: i64,
    before: i64,
    most: i64,
) -> Result<Vec<Line>, Fault> {
    let rows: Vec<LineRow> = lines_of!(c, chart, after, before)
        .order(journal_entry::seq.desc())
        .limit(most)
        .select((EntryRow::as_select(), posting::item_kind, posting::item_id, posting::amount))
        .load(c)?;
    read_lines(c, chart, rows)
}

/// The same of what these payers pay.
pub fn lines_for(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    (after, before): (i64, i64),
    most: i64,
) -> Result<Vec<Line>, Fault> {
    let rows: Vec<LineRow> = lines_of!(c, chart, after, before)
        .filter(posting::party_id.in_list(parties))
        .order(journal_entry::seq.desc())
        .limit(most)
        .select((EntryRow::as_select(), posting::item_kind, posting::item_id, posting::amount))
        .load(c)?;
    read_lines(c, chart, rows)
}

/// By the place of what is reversed, from this place on: the place of the reversal.
fn reversals_from(c: &mut Scoped<'_>, chart: ChartId, seq: i64) -> Result<BTreeMap<i64, i64>, Fault> {
    let rows: Vec<(Option<i64>, i64)> = c
        .rows(journal_entry::table)
        .filter(journal_entry::chart_id.eq(Some(chart)))
        .filter(journal_entry::seq.gt(seq))
        .filter(journal_entry::reverses.ge(Some(seq)))
        .select((journal_entry::reverses, journal_entry::seq))
        .load(c)?;
    Ok(rows.into_iter().filter_map(|(reversed, by)| Some((reversed?, by))).collect())
}

/// What a chart's entries for these payers from a place by day on add up to, a sum for each currency.
pub fn sum_from(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    from: DayPlace,
) -> Result<Vec<(Currency, i64)>, Fault> {
    let day = from.on.to_string();
    c.rows(posting::table)
        .inner_join(
            journal_entry::table.on(journal_entry::practice_id
                .eq(posting::practice_id)
                .and(journal_entry::seq.eq(posting::seq))),
        )
        .filter(posting::chart_id.eq(Some(chart)))
        .filter(posting::party_id.in_list(parties))
        .filter(posting::account.in_list(CLIENT))
        .filter(
            journal_entry::effective_on
                .gt(day.clone())
                .or(journal_entry::effective_on.eq(day).and(journal_entry::seq.ge(from.seq))),
        )
        .group_by(posting::currency)
        .select((posting::currency, SumOf(posting::amount)))
        .load(c)
}

/// What an entry changed on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its currency.
    pub currency: Currency,
    /// The day.
    pub on: Date,
    /// Positive where more is owed.
    pub amount: i64,
}

/// What changed for these payers after a day.
pub fn movements_after(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    after: Date,
) -> Result<Vec<Movement>, Fault> {
    let rows: Vec<(Currency, String, i64)> =
        c.rows(journal_entry::table)
            .inner_join(posting::table.on(
                posting::practice_id.eq(journal_entry::practice_id).and(posting::seq.eq(journal_entry::seq)),
            ))
            .filter(journal_entry::chart_id.eq(Some(chart)))
            .filter(journal_entry::effective_on.gt(after.to_string()))
            .filter(journal_entry::kind.in_list(EntryKind::LINES))
            .filter(posting::account.in_list(CLIENT))
            .filter(posting::party_id.in_list(parties))
            .select((posting::currency, journal_entry::effective_on, posting::amount))
            .load(c)?;
    rows.into_iter().map(|(currency, on, amount)| Ok(Movement { currency, on: day(&on)?, amount })).collect()
}

/// The place of the chart's newest entry that was recorded before a moment; 0 if there is none.
pub fn last_before(c: &mut Scoped<'_>, chart: ChartId, moment: Timestamp) -> Result<i64, Fault> {
    let found = c
        .rows(journal_entry::table)
        .filter(journal_entry::chart_id.eq(Some(chart)))
        .filter(journal_entry::recorded_at.lt(moment))
        .order(journal_entry::seq.desc())
        .select(journal_entry::seq)
        .optional(c)?;
    Ok(found.unwrap_or(0))
}

/// One entry of a chart.
pub fn find_entry(c: &mut Scoped<'_>, chart: ChartId, id: EntryId) -> Result<Option<StoredEntry>, Fault> {
    let found: Option<EntryRow> = c
        .rows(journal_entry::table)
        .filter(journal_entry::chart_id.eq(Some(chart)))
        .filter(journal_entry::entry_id.eq(id))
        .select(EntryRow::as_select())
        .optional(c)?;
    let Some(row) = found else { return Ok(None) };
    let reversed_by = c
        .rows(journal_entry::table)
        .filter(journal_entry::reverses.eq(Some(row.seq)))
        .select(journal_entry::seq)
        .optional(c)?;
    let rows: Vec<PostingRow> = c
        .rows(posting::table)
        .filter(posting::seq.eq(row.seq))
        .order(posting::n.asc())
        .select(PostingRow::as_select())
        .load(c)?;
    let postings = rows.iter().map(posting_of).collect::<Result<_, _>>()?;
    Ok(Some(StoredEntry { head: head_from(row, reversed_by)?, postings }))
}

/// Every entry that touches one of these charges or payments, in the order of the journal.
pub fn entries_of(c: &mut Scoped<'_>, items: &[Item]) -> Result<Vec<StoredEntry>, Fault> {
    let ids: Vec<ItemId> = items.iter().map(|item| ItemId::from_uuid(item.uuid())).collect();
    let touched: Vec<i64> =
        c.rows(posting::table).filter(posting::item_id.in_list(&ids)).select(posting::seq).load(c)?;
    let rows: Vec<EntryRow> = c
        .rows(journal_entry::table)
        .filter(journal_entry::seq.in_list(&touched))
        .order(journal_entry::seq.asc())
        .select(EntryRow::as_select())
        .load(c)?;
    let postings: Vec<PostingRow> = c
        .rows(posting::table)
        .filter(posting::seq.in_list(&touched))
        .order((posting::seq.asc(), posting::n.asc()))
        .select(PostingRow::as_select())
        .load(c)?;
    // A reversal moves the same items, so it is among them.
    let reversals: BTreeMap<i64, i64> =
        rows.iter().filter_map(|row| Some((row.reverses?, row.seq))).collect();
    rows.into_iter()
        .map(|row| {
            let own = postings.iter().filter(|posting| posting.seq == row.seq);
            let own = own.map(posting_of).collect::<Result<_, _>>()?;
            let reversed_by = reversals.get(&row.seq).copied();
            Ok(StoredEntry { head: head_from(row, reversed_by)?, postings: own })
        })
        .collect()
}

/// The entries of a charge or payment that still count.
pub fn entries_of_item(c: &mut Scoped<'_>, item: Item) -> Result<Vec<StoredEntry>, Fault> {
    Ok(entries_of(c, &[item])?.into_iter().filter(|entry| entry.head.stands()).collect())
}

/// A row of [`balance`] with everything that names it.
pub(super) type BalanceRow = (ChartId, Account, PayerId, ItemId, Currency, i64);

/// Every balance of the practice, for the check.
pub(super) fn all_balances(c: &mut Scoped<'_>) -> Result<Vec<BalanceRow>, Fault> {
    c.rows(balance::table)
        .select((
            balance::chart_id,
            balance::account,
            balance::party_id,
            balance::item_id,
            balance::currency,
            balance::amount,
        ))
        .load(c)
}

/// The name of the entry at a place.
pub fn entry_at(c: &mut Scoped<'_>, seq: i64) -> Result<Option<EntryId>, Fault> {
    c.rows(journal_entry::table)
        .filter(journal_entry::seq.eq(seq))
        .select(journal_entry::entry_id)
        .optional(c)
}

/// The charges of a chart for which one of these payers owes something, the oldest first.
pub fn open_charges(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    most: i64,
) -> Result<Vec<ChargeId>, Fault> {
    let rows: Vec<ItemId> = c
        .rows(balance::table)
        .filter(balance::chart_id.eq(chart))
        .filter(balance::account.eq(Account::ArClient))
        .filter(balance::party_id.in_list(parties))
        .filter(balance::amount.gt(0))
        .order((balance::since_on.asc(), balance::item_id.asc()))
        .limit(most)
        .select(balance::item_id)
        .load(c)?;
    let mut ids: Vec<ChargeId> = rows.into_iter().map(|id| ChargeId::from_uuid(id.uuid())).collect();
    // Two payers of one charge are one charge.
    ids.dedup();
    Ok(ids)
}
