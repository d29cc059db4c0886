//! Services, insurance, several payers, invoices, superbills and disputes. The numbers are those of the acceptance cases
//! of billing.

use anteroom::features::billing::actions::{
    NewRefund, NewRelief, Refused, Undone, pay_refund, record_payment, relieve, undo_payment, void_charge,
};
use anteroom::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use anteroom::features::billing::encounter_store::EncounterLabel;
use anteroom::features::billing::insurance::{
    LineRefused, NewRemittance, NewShift, Shift, add_coverage, record_remittance, shift,
};
use anteroom::features::billing::insurance_store::{
    NewCoverage, RemittanceLine, coverages, insurers, remittances,
};
use anteroom::features::billing::invoice::{self, NewInvoice};
use anteroom::features::billing::invoice_store;
use anteroom::features::billing::lifecycle::{ChargeState, DisputeState};
use anteroom::features::billing::online::run_due;
use anteroom::features::billing::responsibility_store::{Agreement, NewShares, agree, set};
use anteroom::features::billing::service_store::{Price as ListPrice, price_on, prices, services};
use anteroom::features::billing::superbill_store;
use anteroom::features::billing::{
    self, NewCharge, NewPayment, PaymentMethod, RefundWay, charges_of, check, dispute_store,
};
use anteroom::features::ledger::{
    Account, EntryKind, Item, Owed, PartyPurpose, Relief, entries_of_item, find_party, owed_by, owed_of,
    party_for, payers_of,
};
use anteroom::kernel::ids::{ChargeId, ChartId, InsuranceId, PayerId, PersonId, ServiceId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::audit::By;
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{encounter, invoice as invoice_rows, remittance};
use anteroom::platform::fault::Fault;
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::pay::local::PAYS;
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use jiff::civil::{Date, date};
use serde_json::json;

use crate::access::contact;
use crate::api::key;
use crate::ledger::{api_post, run};
use crate::portal_people::{account, act, appointment, charge, enrolled, grant, payment, sign_in};
use crate::rights_cases::bare;
use crate::stories;
use crate::support::checkouts::{begin, connect};
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

const TODAY: Date = date(2026, 12, 1);
const DAY: u32 = 24 * 3_600;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn tab(client: &Client) -> String {
    format!("/staff/charts/{}/billing", client.chart_id)
}

async fn send(desk: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = desk.get(path).await;
    page.must_be(200);
    desk.submit(&page, path, fields).await
}

async fn must_be_whole(w: &World) {
    let found = act(w, |c, _| check(c)).await;
    assert_eq!(found.problems, [], "{} entries", found.entries);
}

/// Due, credit, with insurance.
async fn owed(w: &World, chart: ChartId) -> (i64, i64, i64) {
    let owed = act(w, move |c, _| owed_of(c, chart)).await;
    owed.first().map_or((0, 0, 0), |owed| (owed.due, owed.credit, owed.insured))
}

async fn owed_of_party(w: &World, chart: ChartId, party: PayerId) -> (i64, i64) {
    let owed: Vec<Owed> = act(w, move |c, _| owed_by(c, chart, &[party])).await;
    owed.first().map_or((0, 0), |owed| (owed.due, owed.credit))
}

fn new_charge(chart: ChartId, on: Date, minor: i64) -> NewCharge {
    NewCharge { chart, on, description: "Session".to_owned(), amount: usd(minor) }
}

fn service_of(chart: ChartId, on: Date, minor: i64, details: Details) -> NewService {
    NewService { charge: new_charge(chart, on, minor), price: Price::Typed, details }
}

async fn post(w: &World, new: NewService) -> Result<ChargeId, Refused> {
    act(w, move |c, by| Ok(post_service(c, by, &new)?.map(|posted| posted.charge_id))).await
}

/// The client is insured.
async fn insured(w: &World, client: &Client) -> InsuranceId {
    let chart = client.chart_id;
    act(w, move |c, by| {
        let new = NewCoverage {
            chart,
            insurer: "Blue Plan".into(),
            payer_code: "BLUE1".into(),
            member_number: "M-1001".into(),
            group_number: String::new(),
            subscriber: String::new(),
            from: date(2026, 1, 1),
            until: None,
        };
        add_coverage(c, by, &new)
    })
    .await
    .expect("written down")
}

async fn insured_charge(w: &World, client: &Client, minor: i64, copay: i64) -> ChargeId {
    let coverage = match act(w, {
        let chart = client.chart_id;
        move |c, _| coverages(c, chart)
    })
    .await
    .first()
    {
        Some(known) => known.insurance_id,
        None => insured(w, client).await,
    };
    let details = Details { pays: Pays::Insurer(coverage, copay), ..Details::default() };
    post(w, service_of(client.chart_id, TODAY, minor, details)).await.expect("posted")
}

async fn remit(
    w: &World,
    reference: &str,
    total: i64,
    lines: Vec<RemittanceLine>,
) -> Result<(), LineRefused> {
    let reference = reference.to_owned();
    act(w, move |c, by| {
        let insurer = insurers(c)?[0].insurer_id;
        let new = NewRemittance {
            insurer,
            reference: reference.clone(),
            paid_on: TODAY,
            total: usd(total),
            lines: lines.clone(),
        };
        Ok(record_remittance(c, by, &new)?.map(drop))
    })
    .await
}

fn line(charge: ChargeId, paid: i64, contractual: i64, client: i64) -> RemittanceLine {
    RemittanceLine { charge, paid, contractual, client }
}

async fn party(w: &World, person: PersonId, purpose: PartyPurpose) -> PayerId {
    act(w, move |c, _| party_for(c, person, purpose)).await
}

async fn split(w: &World, chart: ChartId, shares: Vec<(PersonId, i32)>, from: Date) {
    act(w, move |c, by| {
        set(c, by, &NewShares { chart, from, shares: shares.clone(), reason: "a decree".into() })
    })
    .await
    .expect("set");
}

/// A child whose parents pay half each; the names by which they sign in.
async fn parents(w: &mut World) -> (Client, [(PersonId, String); 2]) {
    let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
    let mut found = Vec::new();
    for (first, email) in [("Joan", "joan.park@example.com"), ("Viktor", "viktor.park@example.com")] {
        let person = contact(w, &leo, first, email).await;
        let id = account(w, email).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &id, &person, &leo.chart_id, Some(Right::ALL)).await;
        found.push((person, email.to_owned()));
    }
    let [joan, viktor] = <[_; 2]>::try_from(found).expect("two");
    split(w, leo.chart_id, vec![(joan.0, 5_000), (viktor.0, 5_000)], date(2026, 10, 1)).await;
    (leo, [joan, viktor])
}

async fn pay_for(w: &World, chart: ChartId, payer: PayerId, minor: i64) {
    act(w, move |c, by| {
        let method = PaymentMethod::Cash;
        let (reference, amount) = (String::new(), usd(minor));
        let new = NewPayment {
            chart,
            received_on: TODAY,
            method,
            reference,
            amount,
            pays: None,
            payer: Some(payer),
        };
        record_payment(c, by, &new)
    })
    .await
    .expect("recorded");
}

/// Adds a service by the page; gives its id.
async fn add_service(w: &World, label: &str, code: &str, price: &str) -> ServiceId {
    let mut admin = w.staff(Role::Administrator).await;
    let typed = [("label", label), ("label_es", "Sesión"), ("code", code), ("units", "1"), ("price", price)];
    send(&mut admin, "/staff/practice/services", &typed).await.must_be(303);
    let label = label.to_owned();
    let all = act(w, |c, _| services(c)).await;
    all.into_iter().find(|service| service.label == label).expect("the service").service_id
}

/// By which numbers insurers know the practice and its clinicians, set by the page.
async fn set_numbers(w: &World) {
    let mut admin = w.staff(Role::Administrator).await;
    let identity = "/staff/practice/identity";
    let mut forms = admin.get(identity).await.forms();
    forms.retain(|form| form.action.ends_with(identity));
    for form in forms {
        let is_practice = form.fields.iter().any(|(name, value)| name == "staff" && value.is_empty());
        let mut fields = form.fields.clone();
        let mut put = |name: &str, value: &str| {
            if let Some(field) = fields.iter_mut().find(|(known, _)| known == name) {
                field.1 = value.to_owned();
            }
        };
        put("npi", "1234567893");
        put("tax_id", "123456789");
        put("license", if is_practice { "" } else { "NY 012345" });
        put("credentials", "LCSW");
        put("taxonomy", "1041c0700x");
        admin.post_fields(identity, &fields).await.must_be(303);
    }
}

/// A tagged PDF without a fault, which says these words.
fn must_be_a_paper(name: &str, file: &Page, words: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join(format!("{name}.pdf"));
    std::fs::write(&at, &file.must_be(200).answer.body).expect("write the file");
    let at = at.to_string_lossy().into_owned();
    run("qpdf", &["--check", &at]);
    assert!(run("pdfinfo", &[&at]).contains("Tagged:          yes"), "{name} is not tagged");
    // The file is written only where the writer's own check of PDF/UA-1 finds nothing; it says so of itself.
    let said = run("pdfinfo", &["-meta", &at]);
    assert!(said.contains("pdfuaid:part") && said.contains("dc:title"), "{name} is no PDF/UA: {said}");
    // The pictures of the documentation, taken by whoever asks for them.
    if let Ok(pictures) = std::env::var("ANTEROOM_PICTURES") {
        run("pdftoppm", &["-r", "80", "-png", "-singlefile", &at, &format!("{pictures}/{name}")]);
    }
    let text = run("pdftotext", &["-layout", &at, "-"]);
    for word in words {
        assert!(text.contains(word), "{name} does not say {word}: {text}");
    }
}

/// A source of numbers that a failing run can be repeated with.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn amount(&mut self, most: u64) -> i64 {
        i64::try_from(1 + self.roll(most)).unwrap()
    }
}

/// Acts of the property test of insurers and several payers; a release asks for more by `ANTEROOM_POSTINGS`.
fn how_many() -> u64 {
    std::env::var("ANTEROOM_POSTINGS").ok().and_then(|text| text.parse::<u64>().ok()).map_or(200, |n| n / 10)
}

/// One random act on a chart of two payers and an insurer. What is refused changes nothing.
fn one_act(
    c: &mut Scoped<'_>,
    by: &By,
    (chart, coverage, payers): (ChartId, InsuranceId, [PayerId; 2]),
    dice: &mut Dice,
    n: u64,
) -> Result<(), Fault> {
    let charges = charges_of(c, chart, None, 1_000)?;
    let standing: Vec<_> = charges.iter().filter(|one| one.state == ChargeState::Posted).collect();
    let one =
        (!standing.is_empty()).then(|| standing[usize::try_from(dice.roll(standing.len() as u64)).unwrap()]);
    let reason = || "by chance".to_owned();
    match (dice.roll(12), one) {
        (0..3, _) => {
            let minor = dice.amount(25_000);
            let pays = match dice.roll(3) {
                0 => Pays::SelfPay,
                1 => Pays::Withheld,
                _ => Pays::Insurer(coverage, dice.amount(5_000) - 1),
            };
            let new = service_of(chart, TODAY, minor, Details { pays, ..Details::default() });
            let posted = post_service(c, by, &new)?;
            assert!(matches!(posted, Ok(_) | Err(Refused::TooMuch(_))), "{posted:?}");
        }
        (3..5, _) => {
            let payer = payers[usize::try_from(dice.roll(2)).unwrap()];
            let (method, reference) = (PaymentMethod::Cash, String::new());
            let amount = usd(dice.amount(20_000));
            let new = NewPayment {
                chart,
                received_on: TODAY,
                method,
                reference,
                amount,
                pays: None,
                payer: Some(payer),
            };
            record_payment(c, by, &new)?.expect("recorded");
        }
        (5..8, Some(one)) => {
            let insurer = insurers(c)?[0].insurer_id;
            let paid = dice.amount(12_000) * if dice.roll(4) == 0 { -1 } else { 1 };
            let lines = vec![line(one.charge_id, paid, dice.amount(3_000) - 1, dice.amount(4_000) - 1)];
            let new = NewRemittance {
                insurer,
                reference: format!("{chart}/{n}"),
                paid_on: TODAY,
                total: usd(paid),
                lines,
            };
            let entered = record_remittance(c, by, &new)?.map_err(|refused| refused.why);
            assert!(
                matches!(entered, Ok(_) | Err(Refused::TooMuch(_) | Refused::NoInsurance)),
                "{entered:?}"
            );
        }
        (8..10, Some(one)) => {
            let kind = Shift::ALL[usize::try_from(dice.roll(4)).unwrap()];
            let new = NewShift {
                chart,
                charge: one.charge_id,
                shift: kind,
                amount: usd(dice.amount(9_000)),
                reason: reason(),
            };
            let moved = shift(c, by, &new)?;
            assert!(matches!(moved, Ok(()) | Err(Refused::TooMuch(_) | Refused::NoInsurance)), "{moved:?}");
        }
        (10, Some(one)) => {
            let relief = if dice.roll(2) == 0 { Relief::Discount } else { Relief::WriteOff };
            let amount = usd(dice.amount(9_000));
            let taken = relieve(
                c,
                by,
                &NewRelief { chart, charge: one.charge_id, relief, amount, reason: reason() },
            )?;
            assert!(matches!(taken, Ok(_) | Err(Refused::TooMuch(_))), "{taken:?}");
        }
        (_, Some(one)) => {
            void_charge(c, by, chart, one.charge_id, "by chance")?.expect("taken back");
        }
        _ => {}
    }
    Ok(())
}

/// Each charge is what was paid of it, taken off it and is owed for it; of one that was taken back nothing is left. Its
/// sentences add up to what is owed, for each payer alone and for all, and the payers together owe what the chart owes.
fn must_add_up(c: &mut Scoped<'_>, chart: ChartId, payers: [PayerId; 2]) -> Result<(), Fault> {
    let charges = charges_of(c, chart, None, 1_000)?;
    for one in &charges {
        let item = Item::Charge(one.charge_id);
        let standing = entries_of_item(c, item)?;
        let sum = |account| standing.iter().map(|entry| entry.moved(account, item)).sum::<i64>();
        let of_kind = |kind: EntryKind, account| -> i64 {
            standing
                .iter()
                .filter(|entry| entry.head.kind == kind)
                .map(|entry| -entry.moved(account, item))
                .sum()
        };
        let parts = [
            sum(Account::ArClient),
            sum(Account::ArInsurance),
            sum(Account::Discount) + sum(Account::WriteOff) + sum(Account::Contractual),
            of_kind(EntryKind::Allocation, Account::ArClient),
            of_kind(EntryKind::InsurerPaid, Account::ArInsurance),
        ];
        assert!(parts[0] >= 0 && parts[1] >= 0, "{parts:?}");
        let wanted = if one.state == ChargeState::Posted { one.amount } else { 0 };
        assert_eq!(parts.iter().sum::<i64>(), wanted, "{parts:?}");
    }
    let whole = billing::explain(c, charges.clone())?.0;
    let mut due = 0;
    for one in &whole {
        assert_eq!(one.steps.iter().map(|step| step.amount.minor).sum::<i64>(), one.owed.minor);
        due += one.owed.minor;
    }
    let mut by_payer = 0;
    for payer in payers {
        let own = billing::explain_for(c, charges.clone(), Some(&[payer]))?.0;
        let due: i64 = own.iter().map(|one| one.owed.minor).sum();
        let owed = owed_by(c, chart, &[payer])?;
        assert_eq!(due, owed.iter().map(|owed| owed.due).sum::<i64>());
        by_payer += due;
    }
    let owed = owed_of(c, chart)?;
    assert_eq!((due, by_payer), (owed.iter().map(|owed| owed.due).sum(), due));
    Ok(())
}

stories! {
    async fn case_01_random_acts_of_insurers_and_two_payers_keep_every_invariant(w: &mut World) {
        let charts = how_many().div_ceil(100).max(1);
        let mut lanes = Vec::new();
        for n in 0..charts {
            let leo = w.chart_with("Leo", &format!("Park{}", letters(u32::try_from(n).unwrap())), "2012-12-02", "").await;
            let chart = leo.chart_id;
            let joan = contact(w, &leo, "Joan", &format!("joan{n}@example.com")).await;
            split(w, chart, vec![(leo.person_id, 6_667), (joan, 3_333)], date(2026, 1, 1)).await;
            let coverage = insured(w, &leo).await;
            let payers = [party(w, leo.person_id, PartyPurpose::Usual).await, party(w, joan, PartyPurpose::Usual).await];
            lanes.push((chart, coverage, payers));
        }
        let each = how_many() / charts;
        for (seed, who) in (0x51_7cc1_u64..).zip(lanes) {
            let dice = std::sync::Arc::new(std::sync::Mutex::new(Dice(seed)));
            for n in 0..each {
                let dice = dice.clone();
                act(w, move |c, by| {
                    let mut dice = dice.lock().unwrap();
                    one_act(c, by, who, &mut dice, n)?;
                    if n % 10 == 9 { must_add_up(c, who.0, who.2) } else { Ok(()) }
                }).await;
            }
        }
        let found = act(w, |c, _| check(c)).await;
        assert_eq!(found.problems, []);
        eprintln!("{}: {} acts of insurers and two payers, {} entries", w.engine.word(), how_many(), found.entries);
    }

    async fn case_12_the_price_of_the_clinician_beats_the_general_one_and_a_new_one_changes_nothing_posted(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let casey = w.riverbend.member(Role::Clinician).staff_id;
        let service = add_service(w, "Session, 45 minutes", "90834", "150").await;
        let path = format!("/staff/practice/services/{service}");
        let mut admin = w.staff(Role::Administrator).await;
        let prices_at = format!("{path}/prices");
        let form = admin.get(&path).await;
        let own = [("staff", casey.to_string()), ("from", "2026-11-01".into()), ("amount", "180".into())];
        let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        admin.submit(&form, &prices_at, &own).await.must_be(303);
        let mut desk = w.staff(Role::Biller).await;
        let (id, who) = (service.to_string(), casey.to_string());
        let at = format!("{}/charge", tab(&ana));
        send(&mut desk, &at, &[("service", &id), ("staff", &who), ("description", ""), ("amount", "")]).await.must_be(303);
        let asked = send(&mut desk, &at, &[("service", &id), ("units", "2"), ("description", ""), ("amount", "")]).await;
        asked.must_be(422).must_say("Is this charge there already?");
        desk.submit(&asked, &at, &[]).await.must_be(303);
        assert_eq!(owed(w, chart).await.0, 18_000 + 30_000);
        desk.get(&tab(&ana)).await.must_say("Session, 45 minutes").must_say("$180.00").must_say("$300.00");
        // A new list from today on.
        let form = admin.get(&path).await;
        admin.submit(&form, &prices_at, &[("staff", ""), ("from", "2026-12-01"), ("amount", "175")]).await.must_be(303);
        assert_eq!(owed(w, chart).await.0, 48_000, "nothing that was posted changes");
        let on = |day| act(w, move |c, _| price_on(c, service, None, day));
        assert_eq!((on(date(2026, 11, 30)).await, on(TODAY).await), (Some(usd(15_000)), Some(usd(17_500))));
        let all: Vec<ListPrice> = act(w, |c, _| prices(c)).await;
        assert_eq!(all.len(), 3);
        let mut posted: Vec<_> = act(w, move |c, _| charges_of(c, chart, None, 10)).await.into_iter().map(|one| (one.code, one.units)).collect();
        posted.sort();
        assert_eq!(posted, [("90834".to_owned(), 1), ("90834".to_owned(), 2)]);
        // A day before the first price, and nobody but the administrator sets them.
        w.staff(Role::Biller).await.get("/staff/practice/services").await.must_be(403);
        must_be_whole(w).await;
    }

    async fn a_charge_like_one_of_the_same_day_asks_first_and_keeps_what_was_typed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let session = add_service(w, "Session, 45 minutes", "90834", "150").await.to_string();
        let report = add_service(w, "Report", "90889", "40").await.to_string();
        let mut desk = w.staff(Role::Biller).await;
        let at = format!("{}/charge", tab(&ana));
        let listed = |service| [("service", service), ("description", ""), ("amount", "")];
        send(&mut desk, &at, &listed(&session)).await.must_be(303);
        // Another service, another day: no question.
        send(&mut desk, &at, &listed(&report)).await.must_be(303);
        let yesterday = [("service", session.as_str()), ("description", ""), ("amount", ""), ("on", "2026-11-30")];
        send(&mut desk, &at, &yesterday).await.must_be(303);
        assert_eq!(owed(w, chart).await.0, 34_000);
        let again = [("service", session.as_str()), ("description", ""), ("amount", "125"), ("units", "3"), ("diagnoses", "F41.1")];
        let asked = send(&mut desk, &at, &again).await;
        asked.must_be(422).must_say("Is this charge there already?").must_say("Post it as one more charge");
        asked.must_say("December 1, 2026: Session, 45 minutes, $150.00, entered by").must_not_say("Report, $40.00");
        assert_eq!(owed(w, chart).await.0, 34_000, "nothing is posted before somebody says yes");
        for kept in ["value=\"125\"", "value=\"3\"", "value=\"F41.1\""] {
            assert!(asked.html().contains(kept), "{kept}");
        }
        // Somebody else's charge came in between: the question is asked once more, with both.
        charge(w, &chart, TODAY, 12_500).await;
        let asked = desk.submit(&asked, &at, &[("service", ""), ("description", "Visit"), ("amount", "125")]).await;
        asked.must_be(422).must_say("$125.00");
        desk.submit(&asked, &at, &[]).await.must_be(303);
        assert_eq!(owed(w, chart).await.0, 34_000 + 12_500 + 12_500);
        must_be_whole(w).await;
    }

    async fn a_payment_beyond_what_is_open_or_like_one_that_came_in_asks_first(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        charge(w, &chart, TODAY, 15_000).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let at = format!("{}/payment", tab(&ana));
        let asked = send(&mut desk, &at, &[("amount", "1500"), ("method", "check"), ("reference", "1042")]).await;
        asked.must_be(422).must_say("$150.00 is open, and you typed $1,500.00. The $1,350.00 more would be kept as credit");
        asked.must_say("Record it all the same");
        assert!(asked.html().contains("value=\"1042\""), "what was typed is kept");
        assert_eq!(owed(w, chart).await, (15_000, 0, 0), "nothing is recorded before somebody says yes");
        // Another amount than the one that was asked about is asked about anew.
        desk.submit(&asked, &at, &[("amount", "2500")]).await.must_be(422).must_say("The $2,350.00 more");
        desk.submit(&asked, &at, &[("amount", "50")]).await.must_be(303);
        assert_eq!(owed(w, chart).await, (10_000, 0, 0));
        let twice = send(&mut desk, &at, &[("amount", "50"), ("method", "check"), ("reference", "1042")]).await;
        twice.must_be(422).must_say("A payment like this is there already:").must_say("Payment by check, 1042, $50.00");
        twice.must_not_say("as credit");
        let other = [("amount", "50"), ("method", "check"), ("reference", "1043")];
        send(&mut desk, &at, &other).await.must_be(303);
        desk.submit(&twice, &at, &[]).await.must_be(303);
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        let ahead = send(&mut desk, &at, &[("amount", "20"), ("method", "cash")]).await;
        ahead.must_be(422).must_say("Nothing is open. All of $20.00 would be kept as credit");
        desk.submit(&ahead, &at, &[]).await.must_be(303);
        assert_eq!(owed(w, chart).await, (0, 2_000, 0));
        // To staff it is the client's, to the client theirs.
        charge(w, &chart, TODAY, 1_000).await;
        must_be_whole(w).await;
    }

    async fn staff_read_whose_part_it_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let coverage = insured_charge(w, &ana, 15_000, 3_000).await;
        let _ = coverage;
        let mut desk = w.staff(Role::Biller).await;
        let list = desk.get(&tab(&ana)).await;
        list.must_say("$120.00 is with the insurance.").must_not_say("Nothing to do now");
        let entry = desk.get(&list.link("/entries/")).await;
        entry.must_say("is the client's copay").must_not_say("your copay").must_not_say("You owe");
    }

    async fn case_13_21_a_visit_is_charged_once_from_its_appointment_and_anew_when_it_was_taken_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let visit = appointment(w, &chart, 2).await;
        let mut desk = w.staff(Role::Biller).await;
        desk.get(&tab(&ana)).await.must_not_say("Visits without a charge");
        w.clock.advance_seconds(3 * 3_600);
        let mut desk = w.staff(Role::Biller).await;
        let list = desk.get(&tab(&ana)).await;
        list.must_say("Visits without a charge");
        let at = format!("{}/charge", tab(&ana));
        let form_at = format!("{at}?visit={visit}");
        let (first, second) = (desk.get(&form_at).await, desk.get(&form_at).await);
        first.must_say("For the visit of Tuesday, December 1, 2026");
        let typed = [("description", "Session"), ("amount", "150")];
        let (mut one, mut other) = (desk.clone(), desk.clone());
        let (a, b) = tokio::join!(one.submit(&first, &at, &typed), other.submit(&second, &at, &typed));
        a.must_be(303);
        b.must_be(303);
        assert_eq!(owed(w, chart).await.0, 15_000, "two tabs, one charge");
        desk.get(&tab(&ana)).await.must_not_say("Visits without a charge");
        payment(w, &chart, TODAY, 15_000).await;
        // The appointment of somebody else is not there.
        let bo = w.chart("Bo", "Lindgren").await;
        desk.get(&format!("{}/charge?visit={visit}", tab(&bo))).await.must_be(404);
        // Taken back, the visit waits again, and the payment is untouched.
        let posted = act(w, move |c, _| charges_of(c, chart, None, 10)).await[0].charge_id;
        act(w, move |c, by| void_charge(c, by, chart, posted, "wrong fee")).await.expect("taken back");
        assert_eq!(owed(w, chart).await, (0, 15_000, 0));
        desk.get(&tab(&ana)).await.must_say("Visits without a charge");
        let form = desk.get(&form_at).await;
        desk.submit(&form, &at, &[("description", "Session"), ("amount", "120")]).await.must_be(303);
        assert_eq!(owed(w, chart).await, (0, 3_000, 0));
        let rows: i64 = w.look(|c| encounter::table.count().get_result(c)).await;
        assert_eq!(rows, 2);
        must_be_whole(w).await;
    }

    async fn case_14_16_a_check_is_entered_once_and_only_where_its_lines_add_up_to_the_cent(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let charge = insured_charge(w, &ana, 15_000, 0).await;
        assert_eq!(owed(w, ana.chart_id).await, (0, 0, 15_000));
        let before = w.dump().await;
        let off = remit(w, "4711", 8_176, vec![line(charge, 8_175, 3_825, 3_000)]).await.unwrap_err();
        assert_eq!(off.why, Refused::NotBalanced(usd(1)));
        let more = remit(w, "4711", 12_000, vec![line(charge, 12_000, 3_825, 0)]).await.unwrap_err();
        assert_eq!(more.why, Refused::TooMuch(usd(15_000)));
        assert!(crate::support::dump::difference(&before, &w.dump().await).is_empty(), "nothing of it was written");
        // By the page.
        let mut desk = w.staff(Role::Biller).await;
        let insurer = act(w, |c, _| insurers(c)).await[0].insurer_id;
        let at = format!("/staff/billing/remittances/new?insurer={insurer}");
        let form = desk.get(&at).await;
        form.must_say("Blue Plan").must_say("Ana Duarte").must_say("$150.00 is open");
        let wrong = [("reference", "4711"), ("total", "81.76"), ("paid", "81.75"), ("contractual", "38.25"), ("client", "30")];
        let page = desk.submit(&form, "/staff/billing/remittances/new", &wrong).await;
        page.must_be(422).must_say("The lines differ from the check by $0.01");
        let kept = page.form("/staff/billing/remittances/new").fields;
        assert!(kept.contains(&("paid".into(), "81.75".into())) && kept.contains(&("contractual".into(), "38.25".into())), "{kept:?}");
        let right = [("reference", "4711"), ("total", "81.75"), ("paid", "81.75"), ("contractual", "38.25"), ("client", "30")];
        let done = desk.submit(&form, "/staff/billing/remittances/new", &right).await;
        desk.follow(done.must_be(303)).await.must_say("The insurance payment is posted").must_say("$38.25");
        assert_eq!(owed(w, ana.chart_id).await, (3_000, 0, 0));
        let again = remit(w, "4711", 0, vec![line(charge, 0, 0, 0)]).await.unwrap_err();
        assert!(matches!(again.why, Refused::KnownCheck(_)), "{again:?}");
        let rows: i64 = w.look(|c| remittance::table.count().get_result(c)).await;
        assert_eq!((rows, act(w, |c, _| remittances(c, 10)).await.len()), (1, 1));
        must_be_whole(w).await;
    }

    async fn case_15_a_denied_charge_waits_until_staff_say_what_becomes_of_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let denied = insured_charge(w, &ana, 15_000, 0).await;
        remit(w, "1", 0, vec![line(denied, 0, 0, 0)]).await.expect("entered");
        assert_eq!(owed(w, chart).await, (0, 0, 15_000), "nothing moves by itself");
        w.clock.advance_seconds(90 * DAY);
        w.run_due_jobs().await;
        assert_eq!(owed(w, chart).await, (0, 0, 15_000));
        // By the form: a part to the client, a part given up, back to the insurer, and what was agreed.
        let mut desk = w.staff(Role::Biller).await;
        let at = format!("{}/charges/{denied}/relief", tab(&ana));
        for (relief, amount, wanted) in [
            ("to_client", "60", (6_000, 0, 9_000)),
            ("insurer_write_off", "40", (6_000, 0, 5_000)),
            ("to_insurer", "10", (5_000, 0, 6_000)),
            ("contractual", "60", (5_000, 0, 0)),
        ] {
            send(&mut desk, &at, &[("relief", relief), ("amount", amount), ("reason", "denied")]).await.must_be(303);
            assert_eq!(owed(w, chart).await, wanted, "{relief}");
        }
        let page = send(&mut desk, &at, &[("relief", "to_client"), ("amount", "0.01"), ("reason", "x")]).await;
        page.must_be(422).must_say("nothing left");
        must_be_whole(w).await;
    }

    async fn case_18_a_takeback_leaves_what_the_client_paid_and_stands_with_the_insurer(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        // The table of the design: fee 150.00, allowed 111.75, paid 81.75, copay 30.00, of which 20.00 was paid.
        let visit = insured_charge(w, &ana, 15_000, 0).await;
        remit(w, "1", 8_175, vec![line(visit, 8_175, 3_825, 3_000)]).await.expect("entered");
        payment(w, &chart, TODAY, 2_000).await;
        assert_eq!(owed(w, chart).await, (1_000, 0, 0));
        let more = remit(w, "2", -8_176, vec![line(visit, -8_176, 0, 0)]).await.unwrap_err();
        assert_eq!(more.why, Refused::TooMuch(usd(8_175)));
        remit(w, "2", -8_175, vec![line(visit, -8_175, 0, 0)]).await.expect("taken back");
        assert_eq!(owed(w, chart).await, (1_000, 0, 8_175));
        let explained = act(w, move |c, _| {
            let charges = charges_of(c, chart, None, 10)?;
            billing::explain(c, charges)
        }).await;
        let (one, named) = (&explained.0[0], &explained.1);
        let words = Words::of(Language::English);
        let said: Vec<String> = one.steps.iter().map(|step| billing::sentence(words, &one.charge, step, named)).collect();
        assert_eq!(said, [
            "December 1, 2026: Session. Our fee is $150.00. We sent it to Blue Plan.",
            "December 1, 2026: our agreement with Blue Plan lowers it by $38.25. $111.75 is left.",
            "December 1, 2026: Blue Plan paid $81.75. $30.00 is left.",
            "December 1, 2026: Blue Plan does not pay $30.00 of it. Since then it is yours.",
            "December 1, 2026: $20.00 was used from “Payment by check” of December 1, 2026. $10.00 is left.",
            "December 1, 2026: Blue Plan took $81.75 back. $91.75 is left.",
        ]);
        assert_eq!(billing::conclusion(words, one, named), "You owe $10.00 for this.");
        let spanish = Words::of(Language::Spanish);
        assert_eq!(billing::sentence(spanish, &one.charge, &one.steps[2], named),
            "1 de diciembre de 2026: Blue Plan pagó $81.75. Quedan $30.00.");
        // The charge is taken back: the insurer's money is the insurer's, the client's is credit.
        act(w, move |c, by| void_charge(c, by, chart, visit, "never took place")).await.expect("taken back");
        assert_eq!(owed(w, chart).await, (0, 2_000, 0));
        must_be_whole(w).await;
    }

    async fn case_19_20_what_the_client_withholds_goes_to_no_insurer_and_a_statement_moves_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        let sent = insured_charge(w, &ana, 15_000, 2_000).await;
        let own = post(w, service_of(chart, TODAY, 9_900, Details { pays: Pays::Withheld, ..Details::default() })).await.expect("posted");
        assert_eq!(owed(w, chart).await, (11_900, 0, 13_000));
        let insurer = act(w, |c, _| insurers(c)).await[0].insurer_id;
        let page = w.staff(Role::Biller).await.get(&format!("/staff/billing/remittances/new?insurer={insurer}&which=all")).await;
        page.must_say("$150.00").must_not_say("$99.00");
        let refused = remit(w, "1", 100, vec![line(own, 100, 0, 0)]).await.unwrap_err();
        assert_eq!(refused.why, Refused::NoInsurance);
        for kind in Shift::ALL {
            let new = NewShift { chart, charge: own, shift: kind, amount: usd(1), reason: "x".into() };
            assert_eq!(act(w, move |c, by| shift(c, by, &new)).await, Err(Refused::NoInsurance), "{kind:?}");
        }
        // A statement is made and read.
        let mut desk = w.staff(Role::Biller).await;
        send(&mut desk, &format!("{}/statement", tab(&ana)), &[("since", "2026-11-01")]).await.must_be(303);
        assert_eq!(owed(w, chart).await, (11_900, 0, 13_000));
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/account").await.must_say("$119.00").must_say("$130.00 is with the insurance");
        phone.get(&format!("/portal/account/charges/{sent}")).await.must_say("to Blue Plan");
        must_be_whole(w).await;
    }

    async fn sliding_scale_and_two_payers_are_exact_to_the_cent(w: &mut World) {
        let (leo, [joan, viktor]) = parents(w).await;
        let chart = leo.chart_id;
        charge(w, &chart, date(2026, 11, 3), 12_501).await;
        let (hers, his) = (party(w, joan.0, PartyPurpose::Usual).await, party(w, viktor.0, PartyPurpose::Usual).await);
        assert_eq!((owed_of_party(w, chart, hers).await, owed_of_party(w, chart, his).await), ((6_251, 0), (6_250, 0)));
        pay_for(w, chart, hers, 8_000).await;
        assert_eq!((owed_of_party(w, chart, hers).await, owed_of_party(w, chart, his).await), ((0, 1_749), (6_250, 0)));
        // 35 % less on the next one: $43.75 off, and her credit is used.
        act(w, move |c, by| agree(c, by, chart, &Agreement {
            from: date(2026, 11, 10), until: Some(date(2026, 11, 20)), basis_points: 3_500, reason: "hardship".into(), by_name: String::new(),
        })).await.expect("agreed");
        let lowered = charge(w, &chart, date(2026, 11, 10), 12_501).await;
        // Each pays half of $81.26.
        assert_eq!((owed_of_party(w, chart, hers).await, owed_of_party(w, chart, his).await), ((4_063 - 1_749, 0), (6_250 + 4_063, 0)));
        charge(w, &chart, date(2026, 11, 21), 10_000).await;
        assert_eq!(owed_of_party(w, chart, his).await, (6_250 + 4_063 + 5_000, 0), "the agreement has ended");
        // A discount of a charge of two is each one's half, and taking it back makes all of it credit.
        crate::portal_people::discount(w, &chart, lowered, 101).await;
        assert_eq!(owed_of_party(w, chart, his).await, (15_313 - 50, 0));
        act(w, move |c, by| void_charge(c, by, chart, lowered, "a mistake")).await.expect("taken back");
        assert_eq!((owed_of_party(w, chart, hers).await, owed_of_party(w, chart, his).await), ((5_000, 1_749), (11_250, 0)));
        must_be_whole(w).await;
    }

    async fn case_61_a_separated_parent_sees_the_same_whether_or_not_the_other_pays(w: &mut World) {
        let (leo, [joan, viktor]) = parents(w).await;
        let chart = leo.chart_id;
        let visit = charge(w, &chart, date(2026, 11, 30), 12_501).await;
        let mut browser = sign_in(w, &joan.1).await;
        let pages = ["/portal".to_owned(), "/portal/account".into(), "/portal/account/why".into(), format!("/portal/account/charges/{visit}")];
        browser.get("/portal/account").await.must_say("$62.51").must_not_say("$125.01").must_not_say("$62.50");
        let mut before = Vec::new();
        for page in &pages {
            before.push(bare(&browser.get(page).await.must_be(200).answer.text()));
        }
        // He pays, gets an invoice and a statement, and somebody lowers the fee of a charge that is his alone.
        let his = party(w, viktor.0, PartyPurpose::Usual).await;
        pay_for(w, chart, his, 2_000).await;
        split(w, chart, vec![(viktor.0, 10_000)], date(2026, 12, 1)).await;
        let alone = charge(w, &chart, TODAY, 7_700).await;
        let mut desk = w.staff(Role::Biller).await;
        let payer = his.to_string();
        send(&mut desk, &format!("{}/statement", tab(&leo)), &[("since", "2026-11-01"), ("payer", &payer)]).await.must_be(303);
        let issued = act(w, { let app = w.app.clone(); move |c, by| invoice::issue(&app, c, by, &NewInvoice { chart, party: his, charges: vec![], due_on: date(2026, 12, 20) }) }).await.expect("issued");
        w.clock.advance_seconds(60);
        for (page, before) in pages.iter().zip(&before) {
            assert_eq!(&bare(&browser.get(page).await.must_be(200).answer.text()), before, "{page}");
        }
        // What is his is not there for her: the charge, the payment's receipt, the papers.
        browser.get(&format!("/portal/account/charges/{alone}")).await.must_be(404);
        browser.get(&format!("/portal/account/invoices/{issued}")).await.must_be(404);
        let payments = act(w, move |c, _| billing::payments_of(c, chart, None, 10)).await;
        browser.get(&format!("/portal/account/receipts/{}", payments[0].payment_id)).await.must_be(404);
        let statements = act(w, move |c, _| billing::statements_of(c, chart, 10)).await;
        browser.get(&format!("/portal/account/statements/{}", statements[0].statement_id)).await.must_be(404);
        w.mail_has_settled().await;
        assert_eq!((w.unread_to(&joan.1).await, w.unread_to(&viktor.1).await), (0, 1), "only he hears of his papers");
        let mut own = sign_in(w, &viktor.1).await;
        own.get("/portal/account").await.must_say("$119.50");
        own.get(&format!("/portal/account/invoices/{issued}")).await.must_be(200).must_say("Invoice I-000001").must_say("$77.00");
        must_be_whole(w).await;
    }

    async fn each_separated_parent_pays_their_own_part_online(w: &mut World) {
        let (leo, [joan, viktor]) = parents(w).await;
        let chart = leo.chart_id;
        charge(w, &chart, date(2026, 11, 30), 12_501).await;
        connect(w).await;
        let mut phones = [sign_in(w, &joan.1).await, sign_in(w, &viktor.1).await];
        let mut sessions = Vec::new();
        for (phone, amount) in phones.iter_mut().zip(["$62.51", "$62.50"]) {
            let form = phone.get("/portal/account/pay").await;
            form.must_say(amount);
            let sent = phone.submit(&form, "/portal/account/pay", &[]).await;
            let page = phone.follow(sent.must_be(303)).await;
            sessions.push(page.must_say(amount).link("/c/pay/").rsplit('/').next().unwrap().to_owned());
        }
        assert_eq!(w.provider.open_sessions().len(), 2, "one page each");
        for session in &sessions {
            w.provider.pay(session, PAYS).expect("paid");
        }
        for event in w.provider.events() {
            w.provider.send(&event).await;
        }
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        phones[0].get("/portal/account").await.must_say("You owe nothing").must_not_say("62.50");
        must_be_whole(w).await;
    }

    async fn case_62_new_shares_count_for_new_days_and_old_charges_keep_theirs(w: &mut World) {
        let (leo, [joan, viktor]) = parents(w).await;
        let chart = leo.chart_id;
        charge(w, &chart, date(2026, 11, 30), 10_000).await;
        let mut desk = w.staff(Role::Biller).await;
        let at = format!("{}/payers", tab(&leo));
        let page = desk.get(&at).await;
        page.must_say("Joan").must_say("Viktor").must_say("From October 1, 2026");
        let mut fields: Vec<(String, String)> = page.form(&at).fields;
        fields.retain(|(name, _)| !["share", "reason", "from", "person"].contains(&name.as_str()));
        let with = |shares: [(&str, PersonId); 2]| {
            let mut fields = fields.clone();
            for (share, person) in shares {
                fields.push(("person".into(), person.to_string()));
                fields.push(("share".into(), share.into()));
            }
            fields.push(("from".into(), "2026-12-01".into()));
            fields.push(("reason".into(), "a new decree".into()));
            fields
        };
        let wrong = desk.post_fields(&at, &with([("60", joan.0), ("30", viktor.0)])).await;
        wrong.must_be(422).must_say("must add up to 100");
        desk.post_fields(&at, &with([("100", joan.0), ("", viktor.0)])).await.must_be(303);
        charge(w, &chart, TODAY, 4_000).await;
        // A day before the change keeps the old shares, also where it is posted later.
        charge(w, &chart, date(2026, 11, 29), 2_000).await;
        let (hers, his) = (party(w, joan.0, PartyPurpose::Usual).await, party(w, viktor.0, PartyPurpose::Usual).await);
        assert_eq!((owed_of_party(w, chart, hers).await.0, owed_of_party(w, chart, his).await.0), (10_000, 6_000));
        desk.get(&tab(&leo)).await.must_say("Joan Contact 100 %");
        must_be_whole(w).await;
    }

    async fn case_64_a_confidential_charge_is_not_there_for_a_representative(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2010-12-02", "leo.park@example.com").await;
        let chart = leo.chart_id;
        let own = enrolled(w, &leo).await;
        let joan = contact(w, &leo, "Joan", "joan.park@example.com").await;
        let id = account(w, "joan.park@example.com").await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &id, &joan, &chart, Some(Right::ALL)).await;
        charge(w, &chart, date(2026, 11, 30), 15_000).await;
        let mut mother = sign_in(w, "joan.park@example.com").await;
        let pages = ["/portal", "/portal/account", "/portal/account/why"];
        let mut before = Vec::new();
        for page in pages {
            before.push(bare(&mother.get(page).await.must_be(200).answer.text()));
        }
        let details = Details { label: Some(EncounterLabel::Confidential), ..Details::default() };
        let secret = post(w, service_of(chart, TODAY, 4_400, details.clone())).await.expect("posted");
        let private = party(w, leo.person_id, PartyPurpose::Private).await;
        pay_for(w, chart, private, 1_000).await;
        let mut desk = w.staff(Role::Biller).await;
        let payer = private.to_string();
        send(&mut desk, &format!("{}/statement", tab(&leo)), &[("since", "2026-11-01"), ("payer", &payer)]).await.must_be(303);
        for (page, before) in pages.iter().zip(&before) {
            assert_eq!(&bare(&mother.get(page).await.must_be(200).answer.text()), before, "{page}");
        }
        mother.get(&format!("/portal/account/charges/{secret}")).await.must_be(404);
        w.mail_has_settled().await;
        assert_eq!((w.unread_to("joan.park@example.com").await, w.unread_to(&leo.email).await), (0, 1));
        sign_in(w, &own.name).await.get("/portal/account").await.must_say("$184.00").must_say("Statement S-000001");
        desk.get(&tab(&leo)).await.must_say("$184.00");
        // Where somebody else pays a part, it is refused: their bill would tell.
        split(w, chart, vec![(joan, 10_000)], date(2026, 12, 1)).await;
        assert_eq!(post(w, service_of(chart, TODAY, 4_400, details)).await, Err(Refused::NotAlone));
        let names = act(w, move |c, _| payers_of(c, &[private])).await;
        assert_eq!(names[0].purpose, PartyPurpose::Private);
        must_be_whole(w).await;
    }

    async fn case_44_after_a_refund_the_charge_is_paid_or_owed_as_staff_say_and_can_be_paid_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let visit = charge(w, &chart, TODAY, 15_000).await;
        let paid = payment(w, &chart, TODAY, 15_000).await;
        // Not owed any more: the fee is lowered, and what was paid of it goes back.
        crate::portal_people::discount(w, &chart, visit, 5_000).await;
        let refund = move |minor| NewRefund { chart, payment: paid, way: RefundWay::Cash, amount: usd(minor), reason: "asked".into() };
        act(w, move |c, by| pay_refund(c, by, &refund(5_000))).await.expect("refunded");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        // Still owed: the charge is taken back, posted anew, and paid again.
        act(w, move |c, by| void_charge(c, by, chart, visit, "to be posted anew")).await.expect("taken back");
        act(w, move |c, by| pay_refund(c, by, &refund(10_000))).await.expect("refunded");
        charge(w, &chart, TODAY, 15_000).await;
        assert_eq!(owed(w, chart).await, (15_000, 0, 0));
        payment(w, &chart, TODAY, 15_000).await;
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        must_be_whole(w).await;
    }

    async fn case_46_a_dispute_changes_what_is_owed_only_when_it_is_lost(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        connect(w).await;
        charge(w, &chart, TODAY, 15_000).await;
        let paid = begin(w, chart, who.access).await;
        let session = w.provider.open_sessions().remove(0);
        w.provider.pay(&session, PAYS).expect("paid");
        let mut sent = 0;
        let mut tell = async |w: &World| {
            for event in w.provider.events().into_iter().skip(sent) {
                assert_eq!(w.provider.send(&event).await, Some(200));
                sent += 1;
            }
            run_due(&w.app).await.expect("no fault");
        };
        tell(w).await;
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        let state = async |w: &World| act(w, move |c, _| dispute_store::disputes_of(c, chart, 10)).await.iter().map(|one| one.state).collect::<Vec<_>>();
        // A question that comes to nothing.
        let asked = w.provider.open_dispute("warning_needs_response").expect("asked");
        tell(w).await;
        assert_eq!(state(w).await, [DisputeState::Inquiry]);
        w.provider.move_dispute(&asked, "warning_closed");
        tell(w).await;
        assert_eq!(state(w).await, [DisputeState::Closed]);
        // Opened: the money is out, the client owes nothing, and it cannot be refunded.
        w.clock.advance_seconds(1);
        let one = w.provider.open_dispute("needs_response").expect("asked back");
        tell(w).await;
        assert_eq!((owed(w, chart).await, state(w).await[0]), ((0, 0, 0), DisputeState::Open));
        let new = NewRefund { chart, payment: paid, way: RefundWay::Provider, amount: usd(100), reason: "x".into() };
        assert_eq!(act(w, move |c, by| pay_refund(c, by, &new)).await.unwrap_err(), Refused::Disputed);
        w.staff(Role::Biller).await.get(&tab(&ana)).await.must_say("The bank asks it back").must_say("Answer at the payment provider until Tuesday, December 8, 2026");
        must_be_whole(w).await;
        // Lost, told twice: owed again.
        w.provider.move_dispute(&one, "lost");
        for event in w.provider.events() { w.provider.send(&event).await; }
        tell(w).await;
        assert_eq!((owed(w, chart).await, state(w).await[0]), ((15_000, 0, 0), DisputeState::Lost));
        must_be_whole(w).await;
        // Won after all: what was lost is not.
        w.provider.move_dispute(&one, "won");
        tell(w).await;
        assert_eq!((owed(w, chart).await, state(w).await[0]), ((15_000, 15_000, 0), DisputeState::Won));
        must_be_whole(w).await;
        let here: Vec<i64> = w.look(|c| {
            use anteroom::platform::db::schema::balance;
            balance::table.filter(balance::account.eq("processor")).select(balance::amount).load(c)
        }).await;
        assert_eq!(here.iter().sum::<i64>(), w.provider.balance(), "money at the provider");
    }

    async fn case_46_a_dispute_that_is_lost_over_a_charge_taken_back_revives_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        connect(w).await;
        let visit = charge(w, &chart, TODAY, 15_000).await;
        begin(w, chart, who.access).await;
        let session = w.provider.open_sessions().remove(0);
        w.provider.pay(&session, PAYS).expect("paid");
        for event in w.provider.events() { w.provider.send(&event).await; }
        run_due(&w.app).await.expect("no fault");
        act(w, move |c, by| void_charge(c, by, chart, visit, "never took place")).await.expect("taken back");
        assert_eq!(owed(w, chart).await, (0, 15_000, 0));
        let one = w.provider.open_dispute("needs_response").expect("asked back");
        w.provider.move_dispute(&one, "lost");
        // Only the last news comes.
        let news = w.provider.events().pop().expect("an event");
        w.provider.send(&news).await;
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        must_be_whole(w).await;
    }

    async fn case_52_58_invoices_have_numbers_of_their_own_and_say_what_the_account_says(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        let charges = [charge(w, &chart, date(2026, 11, 3), 12_501).await, charge(w, &chart, date(2026, 11, 10), 5_005).await];
        crate::portal_people::discount(w, &chart, charges[0], 101).await;
        payment(w, &chart, TODAY, 400).await;
        let mut desk = w.staff(Role::Biller).await;
        let at = format!("{}/invoice", tab(&ana));
        let form = desk.get(&at).await;
        form.must_say("$120.00 open").must_say("$50.05 open");
        let (one, again) = (desk.submit(&form, &at, &[]).await, desk.submit(&form, &at, &[]).await);
        assert_eq!(one.must_be(303).location(), again.must_be(303).location());
        let page = desk.follow(&one).await;
        page.must_say("Invoice I-000001").must_say("Total due $170.05").must_say("$170.05 open");
        // The same charges from another form are the same invoice.
        let other = send(&mut desk, &at, &[]).await;
        assert_eq!(one.location(), other.location(), "the same charges, the same invoice");
        let id = page.path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let mut phone = sign_in(w, &who.name).await;
        let account = phone.get("/portal/account").await;
        account.must_say("$170.05").must_say("Invoice I-000001").must_say("Due December 15, 2026");
        let shown = phone.get(&format!("/portal/account/invoices/{id}")).await;
        shown.must_be(200).must_say("$170.05").must_say("Lowered −$1.01").must_say("Paid −$4.00");
        let file = phone.get(&format!("/portal/account/invoices/{id}/pdf")).await;
        must_be_a_paper("invoice", &file, &["Invoice I-000001", "Ana Duarte", "$125.01", "$170.05", "December 15, 2026"]);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains('$') && !mail.text.contains("nvoice"), "{}", mail.text);
        // Paid, and late.
        payment(w, &chart, TODAY, 7_005).await;
        phone.get(&format!("/portal/account/invoices/{id}")).await.must_say("$100.00 open");
        w.clock.advance_seconds(15 * DAY);
        let mut desk = w.staff(Role::Biller).await;
        desk.get(&format!("{}/invoices/{id}", tab(&ana))).await.must_say("$100.00 overdue");
        let void = format!("{}/invoices/{id}", tab(&ana));
        let form = desk.get(&void).await;
        desk.submit(&form, &void, &[("reason", "")]).await.must_be(422);
        desk.submit(&form, &void, &[("reason", "wrong address")]).await.must_be(303);
        desk.get(&void).await.must_say("Taken back");
        assert_eq!(owed(w, chart).await.0, 10_000, "what it asked for is owed all the same");
        // 200 at once: no number twice, none left out.
        let mut made = Vec::new();
        for n in 0..200u32 {
            let bo = w.chart_with("Bo", &format!("Lind{}", letters(n)), "", "").await;
            let (chart, person) = (bo.chart_id, bo.person_id);
            self::charge(w, &chart, TODAY, 1_000).await;
            made.push((chart, person));
        }
        let mut asked = Vec::new();
        for (chart, person) in made {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            asked.push(tokio::spawn(async move {
                // Whoever waits two seconds for the one writer is told to come back, and does.
                loop {
                    let (inside, by) = (app.clone(), by.clone());
                    let issued = app.db.write(&scope, move |c| {
                        let party = find_party(c, person)?.expect("a payer");
                        invoice::issue(&inside, c, &by, &NewInvoice { chart, party, charges: vec![], due_on: date(2027, 1, 1) })
                    });
                    match issued.await {
                        Err(Fault::Busy(_)) => {}
                        done => break done,
                    }
                }
            }));
        }
        for one in asked {
            one.await.unwrap().expect("no fault").expect("issued");
        }
        let mut numbers: Vec<String> = w.look(|c| invoice_rows::table.select(invoice_rows::number).load(c)).await;
        numbers.sort();
        let wanted: Vec<String> = (1..=201).map(|n| format!("I-{n:06}")).collect();
        assert_eq!(numbers, wanted);
        must_be_whole(w).await;
    }

    async fn case_54_a_superbill_names_what_is_missing_and_is_seen_with_its_right_alone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        let casey = w.riverbend.member(Role::Clinician).clone();
        let service = add_service(w, "Session, 45 minutes", "90834", "150").await;
        let details = Details { service: Some(service), ..Details::default() };
        let new = NewService { charge: NewCharge { description: String::new(), ..new_charge(chart, TODAY, 0) }, price: Price::Listed, details };
        let bare_charge = post(w, new.clone()).await.expect("posted");
        let mut desk = w.staff(Role::Biller).await;
        let at = format!("{}/superbill", tab(&ana));
        let one_day = [("from", "2026-12-01"), ("until", "2026-12-01")];
        let page = send(&mut desk, &at, &one_day).await;
        page.must_be(422);
        for missing in ["The practice's NPI", "The practice's EIN", "The clinician of the visit of December 1, 2026",
            "A diagnosis for December 1, 2026", "The place of service of December 1, 2026"] {
            page.must_say(missing);
        }
        act(w, move |c, by| void_charge(c, by, chart, bare_charge, "without codes")).await.expect("taken back");
        set_numbers(w).await;
        let mut admin = w.staff(Role::Administrator).await;
        let identity = "/staff/practice/identity";
        let wrong = send(&mut admin, identity, &[("npi", "1234567890")]).await;
        wrong.must_be(422).must_say("An NPI has ten digits");
        // A code that nobody has explained, and a supervisor without a number.
        let mut admin_of_codes = w.staff(Role::Administrator).await;
        let dana = w.riverbend.member(Role::Administrator).clone();
        let details = Details {
            service: Some(service), staff: Some(casey.staff_id), supervisor: Some(dana.staff_id), place: "11".into(),
            diagnoses: "F41.1 G47.09".into(), ..Details::default()
        };
        let unexplained = post(w, NewService { details: details.clone(), ..new.clone() }).await.expect("posted");
        let page = send(&mut desk, &at, &one_day).await;
        page.must_be(422).must_say("What the diagnosis G47.09 stands for");
        act(w, move |c, by| void_charge(c, by, chart, unexplained, "again")).await.expect("taken back");
        let said = [("code", "G47.09"), ("words", "Other insomnia")];
        let page = admin_of_codes.get(identity).await;
        admin_of_codes.submit(&page, "/staff/practice/diagnoses", &[("code", "")]).await.must_be(422).must_say("One code");
        admin_of_codes.submit_and_follow(&page, "/staff/practice/diagnoses", &said).await.must_say("Other insomnia");
        let face = format!("/staff/charts/{chart}/edit");
        let page = admin_of_codes.get(&face).await;
        let typed = [("sex", "Female"), ("postal_address", "12 Mill Road\r\nAlbany, NY 12207")];
        admin_of_codes.submit_and_follow(&page, "/edit", &typed).await.must_say("Female");
        post(w, NewService { details, ..new }).await.expect("posted");
        payment(w, &chart, TODAY, 4_000).await;
        let made = send(&mut desk, &at, &one_day).await;
        let page = desk.follow(made.must_be(303)).await;
        page.must_say("Superbill B-000001").must_say("90834").must_say("Diagnosis A F41.1 Generalized anxiety disorder")
            .must_say("Diagnosis B G47.09 Other insomnia").must_say("AB").must_say("taxonomy 1041C0700X")
            .must_say("Supervised by").must_say("Female").must_say("12 Mill Road, Albany, NY 12207").must_say("12-3456789").must_say("NY 012345").must_say("Total $150.00 · Paid $40.00").must_say("not a bill");
        let id = page.path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let own = format!("/portal/account/superbills/{id}");
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/account").await.must_say("Superbill B-000001").must_not_say("F41.1").must_not_say("90834");
        phone.get(&own).await.must_be(200).must_say("F41.1");
        let file = phone.get(&format!("{own}/pdf")).await;
        // Every field that the design lists.
        must_be_a_paper("superbill", &file, &["Superbill B-000001", "Ana Duarte", "April 12, 1990", "Female", "12 Mill Road",
            "LCSW", "license NY", "012345", "1234567893", "1041C0700X", "Supervised by", "12-3456789", "Generalized anxiety disorder",
            "Other insomnia", "Dec 1, 2026", "11", "90834", "AB", "$150.00", "$40.00", "$110.00 is left to pay", "Signature on file",
            "not a bill"]);
        let paid = act(w, move |c, _| billing::payments_of(c, chart, None, 10)).await[0].payment_id;
        let file = phone.get(&format!("/portal/account/receipts/{paid}/pdf")).await;
        must_be_a_paper("receipt", &file, &["Receipt R-000001", "$40.00", "Session, 45 minutes"]);
        // Billing without superbills: not there, in no list.
        let bo = w.chart("Bo", "Lindgren").await;
        let id = account(w, &bo.email).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &id, &bo.person_id, &chart, Some(&[Right::Billing])).await;
        let mut other = sign_in(w, &bo.email).await;
        other.get("/portal/account").await.must_be(200).must_not_say("Superbill");
        let refused = other.get(&own).await;
        assert!([403, 404].contains(&refused.status()), "{}", refused.status());
        let rows = act(w, move |c, _| superbill_store::list_of(c, chart, 10)).await;
        assert_eq!(rows.len(), 1);
        must_be_whole(w).await;
    }

    async fn case_60_no_mail_of_an_account_says_an_amount_a_service_a_code_or_a_clinician(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        let casey = w.riverbend.member(Role::Clinician).clone();
        set_numbers(w).await;
        connect(w).await;
        let service = add_service(w, "Session by lantern", "90834", "150").await;
        let details = Details {
            service: Some(service), staff: Some(casey.staff_id), place: "11".into(), diagnoses: "F41.1".into(), ..Details::default()
        };
        let new = NewService { charge: NewCharge { description: String::new(), ..new_charge(chart, TODAY, 0) }, price: Price::Listed, details };
        post(w, new).await.expect("posted");
        let mut mails = Vec::new();
        for paper in [("statement", vec![("since", "2026-11-01")]), ("invoice", vec![]), ("superbill", vec![("from", "2026-12-01"), ("until", "2026-12-01")])] {
            let mut desk = w.staff(Role::Biller).await;
            send(&mut desk, &format!("{}/{}", tab(&ana), paper.0), &paper.1).await.must_be(303);
            mails.push(w.mail_to(&ana.email).await);
            w.clock.advance_seconds(3_600);
        }
        let paid = begin(w, chart, who.access).await;
        let session = w.provider.open_sessions().remove(0);
        w.provider.pay(&session, PAYS).expect("paid");
        for event in w.provider.events() { w.provider.send(&event).await; }
        run_due(&w.app).await.expect("no fault");
        mails.push(w.mail_to(&ana.email).await);
        w.clock.advance_seconds(3_600);
        // Its money is lost to the client's bank, and the charge is owed again.
        let dispute = w.provider.open_dispute("needs_response").expect("asked back");
        w.provider.move_dispute(&dispute, "lost");
        for event in w.provider.events() { w.provider.send(&event).await; }
        run_due(&w.app).await.expect("no fault");
        mails.push(w.mail_to(&ana.email).await);
        for mail in &mails {
            let whole = format!("{} {} {}", mail.subject, mail.text, mail.html);
            for word in ["$", "150", "Session", "lantern", "90834", "F41", &casey.name, "nvoice", "uperbill", "tatement", "bank", &paid.to_string()] {
                assert!(!whole.contains(word), "a mail says {word}: {whole}");
            }
        }
        must_be_whole(w).await;
    }

    async fn case_68_a_file_for_a_spreadsheet_holds_no_formula_and_leaves_numbers_alone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let by_name = NewCharge { description: "=cmd|' /C calc'!A0".into(), ..new_charge(chart, TODAY, 15_000) };
        act(w, move |c, by| billing::actions::post_charge(c, by, &by_name)).await.expect("posted");
        payment(w, &chart, TODAY, 20_000).await;
        let mut desk = w.staff(Role::Biller).await;
        let day = desk.get("/staff/billing/day.csv?date=2026-12-01").await.must_be(200).answer.text();
        assert!(day.contains("'=cmd|") && !day.contains(",=cmd"), "{day}");
        let aging = desk.get("/staff/billing/aging.csv").await.must_be(200).answer.text();
        assert!(aging.contains(",-50.00") && !aging.contains("'-"), "{aging}");
    }

    async fn the_api_carries_services_payers_insurers_and_papers(w: &mut World) {
        let (leo, [joan, viktor]) = parents(w).await;
        let casey = w.riverbend.member(Role::Clinician).staff_id.to_string();
        let service = add_service(w, "Session, 45 minutes", "90834", "150").await.to_string();
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let at = format!("/api/v1/charts/{}", leo.chart_id);
        let list = program.get("/api/v1/services").await.must_be(200).answer.json();
        assert_eq!((&list["services"][0]["id"], &list["services"][0]["prices"][0]["amount"]["minor"]), (&json!(service), &json!(15_000)));
        // Who pays.
        let shares = program.get(&format!("{at}/responsibility")).await.must_be(200).answer.json();
        assert_eq!(shares["changes"][0]["shares"][0]["person_id"], json!(joan.0));
        let asked = |points: [i32; 2]| json!({ "from": "2026-12-01", "reason": "a decree", "shares": [
            { "person_id": joan.0, "basis_points": points[0] }, { "person_id": viktor.0, "basis_points": points[1] } ] });
        let wrong = api_post(&mut program, &format!("{at}/responsibility"), &asked([6_000, 3_000]), 422).await;
        assert_eq!(wrong["errors"][0]["pointer"], "/shares");
        let set = api_post(&mut program, &format!("{at}/responsibility"), &asked([6_000, 4_000]), 200).await;
        assert_eq!(set["changes"].as_array().unwrap().len(), 2);
        let less = json!({ "from": "2026-12-01", "basis_points": 1_000, "reason": "hardship" });
        let agreed = api_post(&mut program, &format!("{at}/fee-agreements"), &less, 200).await;
        assert_eq!(agreed["agreements"][0]["basis_points"], 1_000);
        assert_eq!(program.get(&format!("{at}/fee-agreements")).await.must_be(200).answer.json(), agreed);
        // A service at its price, ten percent less, sixty to forty.
        let new = json!({ "on": "2026-12-01", "service_id": service, "clinician_id": casey, "diagnoses": "F41.1" });
        let posted = api_post(&mut program, &format!("{at}/charges"), &new, 201).await;
        assert_eq!((&posted["amount"]["minor"], &posted["code"]), (&json!(15_000), &json!("90834")));
        let account = program.get(&format!("{at}/account")).await.must_be(200).answer.json();
        let mut dues: Vec<i64> = account["payers"].as_array().unwrap().iter().map(|one| one["balances"][0]["due"]["minor"].as_i64().unwrap()).collect();
        dues.sort_unstable();
        assert_eq!((dues, &account["balances"][0]["due"]["minor"]), (vec![5_400, 8_100], &json!(13_500)));
        let of = |person: PersonId| account["payers"].as_array().unwrap().iter()
            .find(|one| one["person_id"] == json!(person)).expect("a payer")["id"].clone();
        let paid = json!({ "method": "check", "received_on": "2026-12-01", "payer_id": of(viktor.0), "amount": { "minor": 5_400, "currency": "USD" } });
        api_post(&mut program, &format!("{at}/payments"), &paid, 201).await;
        // An insurance, and what it sent.
        let new = json!({ "insurer": "Blue Plan", "member_number": "M-1", "from": "2026-01-01" });
        let insurance = api_post(&mut program, &format!("{at}/insurances"), &new, 201).await;
        assert_eq!(program.get(&format!("{at}/insurances")).await.must_be(200).answer.json()["insurances"][0], insurance);
        let new = json!({ "on": "2026-12-01", "description": "Session", "insurance_id": insurance["id"],
            "amount": { "minor": 10_000, "currency": "USD" } });
        let sent = api_post(&mut program, &format!("{at}/charges"), &new, 201).await;
        assert_eq!(program.get(&format!("{at}/account")).await.must_be(200).answer.json()["balances"][0]["with_insurers"]["minor"], 10_000);
        let usd = |minor: i64| json!({ "minor": minor, "currency": "USD" });
        let check_of = |total| json!({ "insurer_id": insurance["insurer_id"], "reference": "4711", "paid_on": "2026-12-01", "total": usd(total),
            "lines": [{ "charge_id": sent["id"], "paid": usd(6_000), "contractual": usd(3_000), "client": usd(1_000) }] });
        let off = api_post(&mut program, "/api/v1/remittances", &check_of(6_001), 422).await;
        assert_eq!(off["errors"][0]["pointer"], "/total");
        let entered = api_post(&mut program, "/api/v1/remittances", &check_of(6_000), 201).await;
        assert_eq!(entered["lines"][0]["client"]["minor"], 1_000);
        let again = api_post(&mut program, "/api/v1/remittances", &check_of(6_000), 422).await;
        assert_eq!(again["errors"][0]["pointer"], "/reference");
        let id = entered["id"].as_str().unwrap();
        assert_eq!(program.get(&format!("/api/v1/remittances/{id}")).await.must_be(200).answer.json(), entered);
        assert_eq!(program.get("/api/v1/remittances").await.must_be(200).answer.json()["remittances"][0]["id"], entered["id"]);
        assert_eq!(program.get(&format!("{at}/disputes")).await.must_be(200).answer.json()["disputes"], json!([]));
        // Her invoice: her share, and sixty percent of what the insurer left.
        let new = json!({ "payer_id": of(joan.0), "due_on": "2026-12-20" });
        let made = api_post(&mut program, &format!("{at}/invoices"), &new, 201).await;
        assert_eq!((&made["total"]["minor"], &made["standing"], &made["number"]), (&json!(8_700), &json!("open"), &json!("I-000001")));
        let one = format!("/api/v1/invoices/{}", made["id"].as_str().unwrap());
        assert_eq!(program.get(&one).await.must_be(200).answer.json(), made);
        assert!(program.get(&format!("{one}/pdf")).await.must_be(200).answer.body.starts_with(b"%PDF"));
        let void = api_post(&mut program, &format!("{one}/void"), &json!({ "reason": "wrong day" }), 200).await;
        assert_eq!(void["standing"], "void");
        assert_eq!(program.get(&format!("{at}/invoices")).await.must_be(200).answer.json()["invoices"].as_array().unwrap().len(), 1);
        // A superbill names what is missing, and is made when it is there.
        let new = json!({ "payer_id": of(joan.0), "from": "2026-12-01", "until": "2026-12-01" });
        let missing = api_post(&mut program, &format!("{at}/superbills"), &new, 422).await;
        assert!(missing["errors"].as_array().unwrap().len() > 3, "{missing}");
        assert_eq!(program.get(&format!("{at}/superbills")).await.must_be(200).answer.json()["superbills"], json!([]));
        must_be_whole(w).await;
    }

    async fn an_invoice_says_what_the_insurer_took_over_and_has_a_slip_for_a_check(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let typed = [("postal_address", "8 Ferry Street\r\nAlbany, NY 12207")];
        admin.submit_and_follow(&page, "/staff/practice", &typed).await;
        let own = insured_charge(w, &ana, 15_000, 0).await;
        remit(w, "4711", 8_175, vec![line(own, 8_175, 3_825, 3_000)]).await.expect("entered");
        let mut desk = w.staff(Role::Biller).await;
        let made = send(&mut desk, &format!("{}/invoice", tab(&ana)), &[]).await;
        let page = desk.follow(made.must_be(303)).await;
        page.must_say("Fee $150.00 · Insurance −$120.00").must_say("Total due $30.00");
        let id = page.path.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("/portal/account/invoices/{id}")).await.must_say("Insurance −$120.00");
        let file = phone.get(&format!("/portal/account/invoices/{id}/pdf")).await;
        must_be_a_paper("invoice", &file, &["Insurance", "−$120.00", "To pay by mail", "8 Ferry Street", "Amount enclosed", "$30.00", "/riverbend/sign-in"]);
        // Of the father's half nobody can work out what the mother pays, so it says nothing of the insurer.
        let (leo, [_, viktor]) = parents(w).await;
        let shared = insured_charge(w, &leo, 15_000, 0).await;
        remit(w, "4712", 8_000, vec![line(shared, 8_000, 4_000, 3_000)]).await.expect("entered");
        let his = party(w, viktor.0, PartyPurpose::Usual).await;
        let (app, chart) = (w.app.clone(), leo.chart_id);
        let issued = act(w, move |c, by| {
            invoice::issue(&app, c, by, &NewInvoice { chart, party: his, charges: vec![], due_on: date(2026, 12, 20) })
        })
        .await
        .expect("issued");
        desk.get(&format!("{}/invoices/{issued}", tab(&leo))).await.must_say("Fee $15.00").must_not_say("Insurance");
    }

    async fn race_two_invoices_of_the_same_charges_are_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (chart, person) = (ana.chart_id, ana.person_id);
        charge(w, &chart, TODAY, 15_000).await;
        let mut asked = Vec::new();
        for _ in 0..8 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            asked.push(tokio::spawn(async move {
                let inside = app.clone();
                app.db.write(&scope, move |c| {
                    let party = find_party(c, person)?.expect("a payer");
                    invoice::issue(&inside, c, &by, &NewInvoice { chart, party, charges: vec![], due_on: date(2027, 1, 1) })
                }).await.expect("no fault").expect("issued")
            }));
        }
        let mut ids = Vec::new();
        for one in asked {
            ids.push(one.await.unwrap());
        }
        ids.dedup();
        assert_eq!((ids.len(), act(w, move |c, _| invoice_store::list_of(c, chart, 10)).await.len()), (1, 1));
    }

    async fn race_a_payment_and_its_undo_by_a_colleague_post_once_each(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        charge(w, &chart, TODAY, 15_000).await;
        let paid = payment(w, &chart, TODAY, 15_000).await;
        let mut undone = Vec::new();
        for _ in 0..6 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            undone.push(tokio::spawn(async move {
                app.db.write(&scope, move |c| undo_payment(c, &by, chart, paid, "twice")).await.expect("no fault").expect("undone")
            }));
        }
        let mut now = 0;
        for one in undone {
            now += usize::from(one.await.unwrap() == Undone::Now);
        }
        assert_eq!((now, owed(w, chart).await), (1, (15_000, 0, 0)));
        must_be_whole(w).await;
    }

    async fn race_statement_and_posting_each_entry_is_in_one_statement_alone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/policies").await;
        admin.submit(&form, "/staff/practice/policies", &[("monthly_statements", "on")]).await.must_be(303);
        charge(w, &chart, TODAY, 1_000).await;
        w.clock.advance_seconds(31 * DAY);
        let posting = async {
            for _ in 0..12 { charge(w, &chart, date(2027, 1, 1), 1_000).await; }
        };
        let stating = async { for _ in 0..4 { w.run_due_jobs().await; } };
        tokio::join!(posting, stating);
        w.clock.advance_seconds(31 * DAY);
        for _ in 0..3 { w.run_due_jobs().await; }
        use anteroom::platform::db::schema::statement;
        let mut spans: Vec<(i64, i64)> = w.look(|c| statement::table.select((statement::from_seq, statement::through_seq)).load(c)).await;
        spans.sort_unstable();
        assert_eq!(spans.len(), 2, "{spans:?}");
        assert_eq!(spans[0].1, spans[1].0, "the second begins where the first ended");
        must_be_whole(w).await;
    }

    async fn race_taking_a_charge_back_and_the_news_of_its_payment_leave_credit(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        connect(w).await;
        for _ in 0..5 {
            w.clock.advance_seconds(1);
            let visit = charge(w, &chart, TODAY, 1_000).await;
            begin(w, chart, who.access).await;
            let session = w.provider.open_sessions().remove(0);
            w.provider.pay(&session, PAYS).expect("paid");
            let event = w.provider.events().pop().expect("news");
            let voiding = act(w, move |c, by| void_charge(c, by, chart, visit, "by mistake"));
            let telling = async {
                w.provider.send(&event).await;
                run_due(&w.app).await.expect("no fault");
            };
            let (voided, ()) = tokio::join!(voiding, telling);
            voided.expect("taken back");
            run_due(&w.app).await.expect("no fault");
            // What came is credit, whoever was first; it is given back, so that the next round begins at nothing.
            let (due, credit, _) = owed(w, chart).await;
            assert_eq!((due, credit), (0, 1_000));
            let paid = act(w, move |c, _| billing::payments_of(c, chart, None, 50)).await.pop().expect("a payment").payment_id;
            let new = NewRefund { chart, payment: paid, way: RefundWay::Cash, amount: usd(1_000), reason: "given back".into() };
            act(w, move |c, by| pay_refund(c, by, &new)).await.expect("given back");
        }
        must_be_whole(w).await;
    }

    async fn race_a_revoked_grant_leaves_the_open_page_and_its_money_is_booked_to_the_payer(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        connect(w).await;
        charge(w, &chart, TODAY, 15_000).await;
        let paid = begin(w, chart, who.access).await;
        let session = w.provider.open_sessions().remove(0);
        let mut phone = sign_in(w, &who.name).await;
        crate::portal_people::revoke(w, &who.access).await;
        w.provider.pay(&session, PAYS).expect("paid");
        for event in w.provider.events() { w.provider.send(&event).await; }
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        let back = phone.get(&format!("/portal/account/pay/{paid}")).await;
        assert!(back.is_redirect() || back.status() == 404, "{}", back.status());
        w.staff(Role::Biller).await.get(&format!("{}/payments/{paid}/receipt", tab(&ana))).await.must_say("Receipt R-000001");
        must_be_whole(w).await;
    }
}

fn letters(n: u32) -> String {
    let digit = |n: u32| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
    [digit(n / 26), digit(n)].iter().collect()
}
