//! The Billing tab of a chart: what is owed, the ledger, and each entry with its trace.

use askama::Template;
use axum::extract::{Path, Query, State};

use crate::features::billing::account::{Account, Running};
use crate::features::billing::dispute_store::{self, Dispute};
use crate::features::billing::encounter_store;
use crate::features::billing::insurance_store;
use crate::features::billing::invoice_store;
use crate::features::billing::lifecycle::{CheckoutState, DisputeState, RefundState};
use crate::features::billing::online::store::{self as online, Checkout};
use crate::features::billing::payer_words::percent;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::statement_store;
use crate::features::billing::store::{
    PaymentSource, Refund, RefundWay, find_charge, find_payment, refunds_of,
};
use crate::features::billing::superbill_store as superbill;
use crate::features::billing::views::{
    LedgerLine, OwedWords, PageQuery, StatementLine, invoice_lines, kind_label, ledger_lines, newest_first,
    older_page, owed_words, statement_lines, superbill_lines,
};
use crate::features::billing::wording::{self, Explanation, Named, Reader};
use crate::features::ledger::{self, EntryKind, Item, StoredEntry, entries_of_item, find_entry};
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, EntryId, PaymentId};
use crate::kernel::money::Money;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::nav::ChartTab;
use crate::platform::web::{PageError, PageResult, html};

/// The tab.
pub(super) const TAB: ChartTab =
    ChartTab { path: "/billing", label: "charts-tab-billing", needs: Permission::SeeBilling, order: 40 };

/// For those who take payments and do not see the ledger.
pub(super) const DESK_TAB: ChartTab = ChartTab {
    path: "/billing/payment",
    label: "charts-tab-payment",
    needs: Permission::RecordPayments,
    order: 41,
};

/// The tab under which staff see what belongs to payments.
pub(super) fn payment_tab(staff: &StaffSession) -> ChartTab {
    if staff.may(Permission::SeeBilling) { TAB } else { DESK_TAB }
}

/// Statements that the tab names.
const STATEMENTS: i64 = 12;

/// The address of a chart's tab.
pub(super) fn path(chart: ChartId) -> String {
    format!("/staff/charts/{chart}/billing")
}

#[derive(Template)]
#[template(path = "features/billing/templates/staff.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    owed: Vec<OwedWords>,
    lines: Vec<LedgerLine>,
    older: Option<String>,
    is_first_page: bool,
    statements: Vec<StatementLine>,
    checkouts: Vec<CheckoutLine>,
    disputes: Vec<CheckoutLine>,
    /// Label, value, and where it is changed.
    arrangements: Vec<(String, String, Option<String>)>,
    visits: Vec<VisitLine>,
    may_charge: bool,
    may_record: bool,
    may_send: bool,
}

/// An appointment that has no charge yet.
struct VisitLine {
    day: String,
    who: String,
    href: String,
}

/// Appointments that the tab names.
const VISITS: i64 = 20;

/// A dispute, in words.
fn dispute_line(staff: &StaffSession, one: &Dispute) -> CheckoutLine {
    let words = staff.words;
    let tone = match one.state {
        DisputeState::Inquiry | DisputeState::Open | DisputeState::Lost => "attention",
        DisputeState::Won | DisputeState::Closed => "good",
    };
    CheckoutLine {
        amount: one.money().to_string(),
        // Only what is not decided can still be answered.
        begun: one
            .due_at
            .filter(|_| matches!(one.state, DisputeState::Inquiry | DisputeState::Open))
            .map(|due| words.with1("billing-dispute-due", "date", words.date_time(due, &staff.zone)))
            .unwrap_or_default(),
        tag: (tone, words.get(&format!("billing-dispute-{}", one.state))),
    }
}

/// Who pays, by what agreement, and with whom the client is insured.
struct Arranged {
    payers: Vec<(String, i32)>,
    discount: i32,
    insurers: Vec<String>,
}

fn arranged(c: &mut Scoped<'_>, chart: ChartId, today: jiff::civil::Date) -> Result<Arranged, Fault> {
    let shares = responsibility::history(c, chart)?.into_iter().find(|shares| shares.from <= today);
    let shares = shares.map(|shares| shares.shares).unwrap_or_default();
    let parties: Vec<_> = shares.iter().map(|share| share.party).collect();
    let named = if parties.is_empty() { Vec::new() } else { responsibility::named(c, chart, &parties)? };
    Ok(Arranged {
        payers: named.into_iter().zip(&shares).map(|((_, name), share)| (name, share.basis_points)).collect(),
        discount: responsibility::agreement_on(c, chart, today)?.map_or(0, |agreed| agreed.basis_points),
        insurers: insurance_store::coverages(c, chart)?
            .into_iter()
            .filter(|one| one.holds_on(today))
            .map(|one| one.insurer.name)
            .collect(),
    })
}

fn arrangement_lines(
    staff: &StaffSession,
    base: &str,
    arranged: &Arranged,
) -> Vec<(String, String, Option<String>)> {
    let words = staff.words;
    let href = |part: &str| staff.may(Permission::Adjust).then(|| format!("{base}/{part}"));
    let payers: Vec<String> = arranged
        .payers
        .iter()
        .map(|(name, share)| words.with2("billing-payer-share", "name", name, "percent", percent(*share)))
        .collect();
    let payers = if payers.is_empty() { words.get("billing-payers-client") } else { payers.join(" · ") };
    let agreed = match arranged.discount {
        0 => words.get("billing-agreement-none"),
        share => words.with1("billing-agreement-holds", "percent", percent(share)),
    };
    let insured = if arranged.insurers.is_empty() {
        words.get("billing-coverage-none")
    } else {
        arranged.insurers.join(" · ")
    };
    vec![
        (words.get("billing-payers"), payers, href("payers")),
        (words.get("billing-agreement"), agreed, href("agreement")),
        (words.get("billing-coverage"), insured, href("coverage")),
    ]
}

/// A client's way to pay on the provider's page, as long as it says something.
struct CheckoutLine {
    amount: String,
    begun: String,
    tag: (&'static str, String),
}

/// Checkouts that the tab names.
const CHECKOUTS: i64 = 8;

fn checkout_lines(staff: &StaffSession, checkouts: &[Checkout]) -> Vec<CheckoutLine> {
    let words = staff.words;
    checkouts
        .iter()
        .filter_map(|one| {
            let (tone, key) = match one.state {
                CheckoutState::Started => ("waiting", "billing-checkout-started"),
                CheckoutState::Processing => ("waiting", "billing-checkout-processing"),
                CheckoutState::Failed => ("attention", "billing-checkout-failed"),
                CheckoutState::Paid if one.returned_beyond > 0 => {
                    let more = Money::new(one.returned_beyond, one.currency);
                    return Some(CheckoutLine {
                        amount: one.money().to_string(),
                        begun: words.date_time(one.created_at, &staff.zone),
                        tag: ("attention", words.with1("billing-checkout-returned-beyond", "amount", more)),
                    });
                }
                CheckoutState::Paid if one.received.is_some() => ("attention", "billing-checkout-differs"),
                CheckoutState::Paid | CheckoutState::Expired => return None,
            };
            Some(CheckoutLine {
                amount: one.money().to_string(),
                begun: words.date_time(one.created_at, &staff.zone),
                tag: (tone, words.get(key)),
            })
        })
        .collect()
}

/// The tab.
pub(super) async fn tab(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    Query(query): Query<PageQuery>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let before = query.before();
    let today = staff.practice.today(app.now());
    let (ChartRoom { file, tags }, account, (statements, invoices, superbills), checkouts, more) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            let account = Account::read(c, id, before)?;
            let papers = (
                statement_store::list_of(c, id, STATEMENTS)?,
                invoice_store::list_of(c, id, STATEMENTS)?,
                superbill::list_of(c, id, STATEMENTS)?,
            );
            let more = (
                arranged(c, id, today)?,
                encounter_store::uncharged(c, id, VISITS)?,
                dispute_store::disputes_of(c, id, CHECKOUTS)?,
            );
            Ok(Some((room, account, papers, online::checkouts_of(c, id, CHECKOUTS)?, more)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let (words, base) = (staff.words, path(id));
    let entry = |running: &Running| format!("{base}/entries/{}", running.line.head.entry_id);
    let (arranged, visits, disputes) = more;
    let mut papers = invoice_lines(words, &base, &invoices);
    papers.extend(superbill_lines(words, &staff.zone, &base, &superbills));
    papers.extend(statement_lines(words, &staff.zone, &base, &statements));
    let page = Page {
        head: room_head(&app, &staff, &file, &tags, TAB),
        owed: account.owed.iter().map(|owed| owed_words(words, Reader::Staff, *owed)).collect(),
        lines: ledger_lines(words, today, &account, entry),
        older: account.older.map(|before| older_page(&base, before)),
        is_first_page: before.is_none(),
        statements: newest_first(papers),
        checkouts: checkout_lines(&staff, &checkouts),
        disputes: disputes.iter().map(|one| dispute_line(&staff, one)).collect(),
        arrangements: arrangement_lines(&staff, &base, &arranged),
        visits: visits
            .iter()
            .map(|visit| VisitLine {
                day: words.date_time(visit.starts_at, &staff.zone),
                who: visit.staff_name.clone(),
                href: format!("{base}/charge?visit={}", visit.appointment),
            })
            .collect(),
        may_charge: staff.may(Permission::PostCharges),
        may_record: staff.may(Permission::RecordPayments),
        may_send: staff.may(Permission::SendStatements),
        frame: staff.frame(&app, CHARTS),
        base,
    };
    html(page.render())
}

/// One side of an entry, in words.
struct Side {
    account: String,
    what: String,
    debit: String,
    credit: String,
}

/// What can be done from an entry.
struct Offer {
    href: String,
    label: String,
    danger: bool,
}

#[derive(Template)]
#[template(path = "features/billing/templates/entry.html")]
struct EntryPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    title: String,
    tag: Option<(&'static str, String)>,
    facts: Vec<(String, String)>,
    /// What it reverses or is reversed by: the words, and the address.
    other: Option<(String, String)>,
    sides: Vec<Side>,
    why: Vec<String>,
    conclusion: String,
    uses: Vec<(String, String)>,
    offers: Vec<Offer>,
    /// Why nothing more can be done from here now.
    note: Option<String>,
}

/// An entry with everything that its page tells.
struct Loaded {
    room: ChartRoom,
    entry: StoredEntry,
    /// The place of the entry that it reverses, or that reverses it.
    other: Option<EntryId>,
    why: Option<Explanation>,
    /// Of a payment: the entries that use it, and what is left.
    uses: Vec<StoredEntry>,
    refunds: Vec<Refund>,
    named: Named,
}

fn load(c: &mut Scoped<'_>, viewer: Viewer, chart: ChartId, id: EntryId) -> Result<Option<Loaded>, Fault> {
    let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
    let Some(entry) = find_entry(c, chart, id)? else { return Ok(None) };
    let item = entry.postings.first().map(|posting| posting.item);
    let (mut why, mut uses, mut refunds) = (None, Vec::new(), Vec::new());
    let mut named = Named::of(c, entry.postings.iter().map(|posting| posting.item))?;
    match item {
        Some(Item::Charge(charge)) => {
            if let Some(charge) = find_charge(c, chart, charge)? {
                let (mut explained, names) = wording::explain(c, vec![charge])?;
                why = explained.pop();
                named.extend(names);
            }
        }
        Some(Item::Payment(payment)) if find_payment(c, chart, payment)?.is_some() => {
            uses = entries_of_item(c, Item::Payment(payment))?;
            refunds = refunds_of(c, payment)?;
            let charges = uses.iter().flat_map(|entry| &entry.postings).map(|posting| posting.item);
            named.extend(Named::of(c, charges.collect::<Vec<_>>())?);
        }
        _ => {}
    }
    let other = entry.head.reverses.or(entry.head.reversed_by);
    let other = match other {
        Some(seq) => ledger::entry_at(c, seq)?,
        None => None,
    };
    Ok(Some(Loaded { room, entry, other, why, uses, refunds, named }))
}

/// One entry: what it records, its trace through the accounts, and what can be done about it.
pub(super) async fn entry(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, entry)): Path<(String, String)>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: EntryId = entry.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let loaded = app.db.read(&staff.scope, move |c| load(c, viewer, chart, id)).await?;
    let loaded = loaded.ok_or(PageError::NotFound)?;
    let (words, base) = (staff.words, path(chart));
    let head = &loaded.entry.head;
    let item = loaded.entry.postings.first().map(|posting| posting.item);
    let amount: i64 = loaded.entry.postings.iter().map(|posting| posting.amount.max(0)).sum();
    let mut facts = vec![
        (words.get("billing-col-kind"), kind_label(words, head.kind)),
        (words.get("billing-col-amount"), Money::new(amount, head.currency).to_string()),
        (words.get("billing-col-date"), words.civil_date(head.effective_on)),
        (words.get("billing-entry-posted"), posted_words(&staff, &loaded)),
    ];
    if !head.reason.is_empty() {
        facts.push((words.get("billing-reason"), head.reason.clone()));
    }
    let other = loaded.other.map(|other| {
        let key =
            if head.reverses.is_some() { "billing-entry-reverses" } else { "billing-entry-reversed-by" };
        (words.get(key), format!("{base}/entries/{other}"))
    });
    let side = |amount: i64| {
        if amount > 0 { Money::new(amount, head.currency).to_string() } else { String::new() }
    };
    let page = EntryPage {
        title: item.map(|item| loaded.named.line(words, head, item)).unwrap_or_default(),
        tag: match (head.reverses, head.reversed_by) {
            (Some(_), _) => Some(("attention", words.get("billing-entry-is-reversal"))),
            (_, Some(_)) => Some(("stopped", words.get("billing-entry-undone"))),
            _ => None,
        },
        sides: loaded
            .entry
            .postings
            .iter()
            .map(|posting| Side {
                account: words.get(&format!("billing-account-{}", posting.account.word().replace('_', "-"))),
                what: loaded.named.item(words, posting.item),
                debit: side(posting.amount),
                credit: side(-posting.amount),
            })
            .collect(),
        why: loaded
            .why
            .iter()
            .flat_map(|why| {
                why.steps
                    .iter()
                    .map(|step| wording::sentence_to(words, Reader::Staff, &why.charge, step, &loaded.named))
            })
            .collect(),
        conclusion: loaded
            .why
            .as_ref()
            .map(|why| wording::conclusion_for_staff(words, why))
            .unwrap_or_default(),
        uses: use_words(words, &loaded),
        offers: offers(&staff, &base, &loaded),
        note: note(&staff, &loaded),
        head: room_head(&app, &staff, &loaded.room.file, &loaded.room.tags, TAB),
        facts,
        other,
        frame: staff.frame(&app, CHARTS),
        base,
    };
    html(page.render())
}

fn posted_words(staff: &StaffSession, loaded: &Loaded) -> String {
    let head = &loaded.entry.head;
    let at = staff.words.date_time(head.recorded_at, &staff.zone);
    if head.by_name.is_empty() {
        at
    } else {
        staff.words.with2("billing-entry-posted-by", "moment", at, "name", &head.by_name)
    }
}

/// What became of a payment: the charges that it paid, what went back, and what is left.
fn use_words(words: Words, loaded: &Loaded) -> Vec<(String, String)> {
    let Some(Item::Payment(payment)) = loaded.entry.postings.first().map(|posting| posting.item) else {
        return Vec::new();
    };
    let item = Item::Payment(payment);
    let currency = loaded.entry.head.currency;
    let mut lines = Vec::new();
    for entry in loaded.uses.iter().filter(|entry| entry.head.kind == EntryKind::Allocation) {
        for posting in entry.postings.iter().filter(|posting| matches!(posting.item, Item::Charge(_))) {
            let amount = Money::new(posting.amount, currency).abs();
            lines.push((loaded.named.item(words, posting.item), amount.to_string()));
        }
    }
    let due = loaded.uses.iter().filter(|entry| entry.head.kind == EntryKind::RefundDue);
    for entry in due {
        let amount = Money::new(entry.moved(ledger::Account::CreditClient, item), currency);
        let refund = loaded.refunds.iter().find(|refund| refund.refund_id.uuid() == entry.head.subject);
        let said = match refund.map(|refund| refund.state) {
            Some(state @ (RefundState::Due | RefundState::Pending)) => {
                words.with1(&format!("billing-refund-{state}"), "amount", amount)
            }
            _ => amount.to_string(),
        };
        lines.push((words.get("billing-kind-refund"), said));
    }
    let left = -loaded.uses.iter().map(|e| e.moved(ledger::Account::CreditClient, item)).sum::<i64>();
    if left > 0 {
        lines.push((words.get("billing-payment-left"), Money::new(left, currency).to_string()));
    }
    lines
}

/// What is left of a payment.
fn left_of(loaded: &Loaded, payment: PaymentId) -> i64 {
    let item = Item::Payment(payment);
    -loaded.uses.iter().map(|e| e.moved(ledger::Account::CreditClient, item)).sum::<i64>()
}

/// How a payment of which nothing is left can be paid back all the same.
fn note(staff: &StaffSession, loaded: &Loaded) -> Option<String> {
    let head = &loaded.entry.head;
    let Some(Item::Payment(payment)) = loaded.entry.postings.first().map(|posting| posting.item) else {
        return None;
    };
    let is_used = head.kind == EntryKind::Payment && head.stands() && left_of(loaded, payment) <= 0;
    let is_paid_back = loaded.refunds.iter().any(|refund| refund.state.stands());
    let may = staff.may(Permission::Refund);
    (is_used && may && !is_paid_back).then(|| staff.words.get("billing-refund-first"))
}

fn offers(staff: &StaffSession, base: &str, loaded: &Loaded) -> Vec<Offer> {
    let (words, head) = (staff.words, &loaded.entry.head);
    let mut offers = Vec::new();
    let mut offer = |href: String, key: &str, danger: bool| {
        offers.push(Offer { href, label: words.get(key), danger });
    };
    if !head.stands() {
        return Vec::new();
    }
    let undo = format!("{base}/entries/{}/undo", head.entry_id);
    let item = loaded.entry.postings.first().map(|posting| posting.item);
    match (head.kind, item) {
        (EntryKind::Charge | EntryKind::Insured | EntryKind::Opening, Some(Item::Charge(charge)))
            if staff.may(Permission::Adjust) =>
        {
            offer(format!("{base}/charges/{charge}/relief"), "billing-relieve", false);
            offer(undo, "billing-void", true);
        }
        (EntryKind::Payment | EntryKind::Opening, Some(Item::Payment(payment))) => {
            if left_of(loaded, payment) > 0 && staff.may(Permission::Refund) {
                offer(format!("{base}/payments/{payment}/refund"), "billing-refund", false);
            }
            let came = loaded.named.source(payment);
            if came.is_some() {
                offer(format!("{base}/payments/{payment}/receipt"), "billing-receipt-see", false);
            }
            let paid_back = loaded.refunds.iter().any(|refund| refund.state.stands());
            if !paid_back && came != Some(PaymentSource::Portal) && staff.may(Permission::Adjust) {
                offer(undo, "billing-undo", true);
            }
        }
        (EntryKind::RefundDue, _)
            if loaded.refunds.iter().any(|refund| {
                refund.refund_id.uuid() == head.subject && refund.way == RefundWay::Provider
            }) => {}
        (EntryKind::RefundDue | EntryKind::Discount | EntryKind::WriteOff | EntryKind::Contractual, _)
            if staff.may(Permission::Adjust) && loaded.entry.can_be_undone() =>
        {
            offer(undo, "billing-undo", true);
        }
        _ => {}
    }
    offers
}
