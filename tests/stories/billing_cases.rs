//! Who may open which page of an account, what a frozen chart stops and what it does not, and how histories of a charge
//! are told. The numbers are those of the acceptance cases of billing.

use anteroom::app;
use anteroom::features::billing::actions::{
    self, NewRefund, NewRelief, pay_refund, record_payment, relieve, undo_payment, void_charge,
};
use anteroom::features::billing::charges::{Details, NewService, Pays, Price, post_service};
use anteroom::features::billing::insurance::{
    NewRemittance, NewShift, Shift, add_coverage, record_remittance, shift,
};
use anteroom::features::billing::insurance_store::{NewCoverage, RemittanceLine, insurers};
use anteroom::features::billing::responsibility_store::{self, Agreement, agree};
use anteroom::features::billing::{self, NewCharge, NewPayment, PaymentMethod, RefundWay};
use anteroom::features::ledger::{EntryKind, Relief, lines, owed_by};
use anteroom::kernel::ids::{ChargeId, ChartId, InsuranceId, PaymentId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::audit::By;
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{appointment, portal_access};
use anteroom::platform::fault::Fault;
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::permissions::{Level, Needs, Right, Role, Scope, Terms};
use anteroom::platform::web::routes::Row;
use diesel::prelude::*;
use jiff::civil::{Date, date};

use crate::api::key;
use crate::portal_people::{account, act, appointment as book, charge, grant, payment, sign_in};
use crate::stories;
use crate::support::Browser;
use crate::support::rows::Rows;

const TODAY: Date = date(2026, 12, 1);

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// The routes of an account, on either side.
fn account_routes() -> Vec<Row> {
    let (_, routes) = app::routes().into_parts();
    let is_of_an_account = |row: &Row| {
        let settings = ["services", "identity", "diagnoses", "payments"];
        let is_setting = settings.iter().any(|part| row.path.starts_with(&format!("/staff/practice/{part}")));
        is_setting
            || row.path.starts_with("/portal/account")
            || row.path.starts_with("/staff/billing")
            || row.path.starts_with("/staff/charts/{chart}/billing")
    };
    routes.into_iter().filter(is_of_an_account).collect()
}

/// The design's own table, read off it and not off the program's: who of staff opens a route.
fn staff_of(path: &str) -> &'static [Role] {
    match path {
        _ if path.starts_with("/staff/practice/") => &[Role::Administrator],
        "/staff/charts/{chart}/billing/payment" => &[Role::Administrator, Role::Biller, Role::FrontDesk],
        _ if path.contains("/receipt") => &[Role::Administrator, Role::Biller, Role::FrontDesk],
        _ => &[Role::Administrator, Role::Biller],
    }
}

/// The same for clients: the right, and the level of it.
fn right_of(path: &str) -> (Right, Level) {
    match path {
        _ if path.contains("/superbills/") => (Right::Superbills, Level::View),
        _ if path.starts_with("/portal/account/pay") => (Right::Billing, Level::Act),
        _ => (Right::Billing, Level::View),
    }
}

async fn ask(browser: &mut Browser, row: &Row, path: &str) -> u16 {
    let body: Option<(&str, &[u8])> =
        (row.method != "GET").then_some(("application/x-www-form-urlencoded", &b""[..]));
    browser.send(row.method.as_str(), path, body).await.status()
}

/// What happens to an account, in the order in which it happens. Numbers of charges and payments are theirs in the history.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A charge of a day of November.
    Charge(i8, i64),
    /// The same with the insurer, and a copay.
    Insured(i8, i64, i64),
    /// The same, told to no insurer.
    Withheld(i8, i64),
    /// A payment of a day of November.
    Pay(i8, i64),
    /// A payment that was meant for a charge.
    PayFor(i8, i64, usize),
    /// The payment was a mistake.
    UndoPayment(usize),
    /// What is unused of a payment goes back.
    Refund(usize, i64),
    /// The fee is lowered, or given up.
    Relieve(usize, Relief, i64),
    /// The newest adjustment was a mistake.
    UndoRelief(EntryKind),
    /// The charge is taken back.
    Void(usize),
    /// The insurer answers: paid, lowered by agreement, left to the client.
    Answer(usize, i64, i64, i64),
    /// Staff move a part.
    Shift(usize, Shift, i64),
    /// A lower fee is agreed for what comes.
    Agree(i32),
}

use Event::*;

/// Thirty histories, each with what it is about.
const HISTORIES: &[(&str, &[Event])] = &[
    ("one charge", &[Charge(3, 15_000)]),
    ("paid in full", &[Charge(3, 15_000), Pay(10, 15_000)]),
    ("paid in part", &[Charge(3, 15_000), Pay(10, 4_000)]),
    ("paid in two parts", &[Charge(3, 15_000), Pay(10, 4_000), Pay(20, 6_000)]),
    ("paid too much, and the next charge uses it", &[Charge(3, 15_000), Pay(10, 15_499), Charge(17, 15_000)]),
    ("paid before", &[Pay(2, 5_000), Charge(3, 15_000)]),
    (
        "one payment for three charges",
        &[Charge(3, 15_000), Charge(10, 15_000), Charge(17, 9_501), Pay(20, 20_000)],
    ),
    (
        "a payment that was meant for the newest",
        &[Charge(3, 15_000), Charge(10, 15_000), Charge(17, 9_501), PayFor(20, 10_000, 2)],
    ),
    ("an older charge that came later", &[Charge(17, 15_000), Pay(20, 10_000), Charge(3, 5_000)]),
    ("the fee lowered", &[Charge(3, 15_000), Relieve(0, Relief::Discount, 2_000)]),
    (
        "the fee lowered after it was paid",
        &[Charge(3, 15_000), Pay(10, 15_000), Relieve(0, Relief::Discount, 2_000), Charge(17, 5_000)],
    ),
    (
        "a lower fee that was a mistake",
        &[Charge(3, 15_000), Relieve(0, Relief::Discount, 2_000), UndoRelief(EntryKind::Discount)],
    ),
    ("given up in part", &[Charge(3, 15_000), Pay(10, 10_000), Relieve(0, Relief::WriteOff, 4_999)]),
    (
        "given up by mistake",
        &[Charge(3, 15_000), Relieve(0, Relief::WriteOff, 15_000), UndoRelief(EntryKind::WriteOff)],
    ),
    ("a lower fee was agreed", &[Agree(3_500), Charge(3, 12_501), Pay(10, 4_063)]),
    ("a payment that was a mistake", &[Charge(3, 15_000), Pay(10, 5_000), Pay(20, 4_000), UndoPayment(0)]),
    ("taken back and posted right", &[Charge(3, 325_000), Void(0), Charge(4, 9_750)]),
    ("taken back after it was paid", &[Charge(3, 15_000), Pay(10, 15_000), Void(0), Charge(17, 20_000)]),
    ("what was paid too much goes back", &[Charge(3, 15_000), Pay(10, 20_000), Refund(0, 5_000)]),
    ("told to no insurer", &[Withheld(3, 15_000), Pay(10, 1)]),
    ("with the insurer", &[Insured(3, 15_000, 0)]),
    ("with the insurer, and a copay", &[Insured(3, 15_000, 3_000)]),
    ("a copay that was paid", &[Insured(3, 15_000, 3_000), Pay(3, 3_000)]),
    (
        "the insurer pays, lowers and leaves a part",
        &[Insured(3, 15_000, 0), Answer(0, 8_175, 3_825, 3_000), Pay(20, 2_000)],
    ),
    ("the insurer pays all that is allowed", &[Insured(3, 15_000, 0), Answer(0, 11_175, 3_825, 0)]),
    (
        "the insurer pays nothing, and the client pays",
        &[Insured(3, 15_000, 0), Shift(0, Shift::ToClient, 15_000), Pay(20, 15_000)],
    ),
    (
        "the insurer pays nothing, and it is given up in part",
        &[Insured(3, 15_000, 0), Shift(0, Shift::GiveUp, 5_000), Shift(0, Shift::ToClient, 10_000)],
    ),
    (
        "the insurer takes back",
        &[Insured(3, 15_000, 0), Answer(0, 8_175, 3_825, 3_000), Pay(20, 2_000), Answer(0, -8_175, 0, 0)],
    ),
    (
        "back to the insurer after it was paid",
        &[Insured(3, 15_000, 3_000), Pay(3, 3_000), Shift(0, Shift::ToInsurer, 3_000)],
    ),
    (
        "two charges, one with the insurer",
        &[Insured(3, 15_000, 0), Charge(10, 9_000), Answer(0, 9_000, 1_500, 4_500), Pay(20, 10_000)],
    ),
];

/// What a history has made so far.
#[derive(Default)]
struct Made {
    charges: Vec<ChargeId>,
    payments: Vec<PaymentId>,
    insurance: Option<InsuranceId>,
}

fn service(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    day: i8,
    minor: i64,
    pays: Pays,
) -> Result<ChargeId, Fault> {
    let description = if minor > 12_000 { "Session, 50 minutes" } else { "Check-in, 25 minutes" };
    let charge =
        NewCharge { chart, on: date(2026, 11, day), description: description.into(), amount: usd(minor) };
    let details = Details { pays, ..Details::default() };
    let new = NewService { charge, price: Price::Typed, details };
    Ok(post_service(c, by, &new)?.expect("posted").charge_id)
}

fn happens(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    made: &mut Made,
    n: usize,
    event: Event,
) -> Result<(), Fault> {
    let reason = || "as agreed".to_owned();
    match event {
        Charge(day, minor) => made.charges.push(service(c, by, chart, day, minor, Pays::SelfPay)?),
        Withheld(day, minor) => made.charges.push(service(c, by, chart, day, minor, Pays::Withheld)?),
        Insured(day, minor, copay) => {
            let coverage = match made.insurance {
                Some(known) => known,
                None => {
                    let new = NewCoverage {
                        chart,
                        insurer: "Blue Plan".into(),
                        payer_code: String::new(),
                        member_number: "M-1".into(),
                        group_number: String::new(),
                        subscriber: String::new(),
                        from: date(2026, 1, 1),
                        until: None,
                    };
                    add_coverage(c, by, &new)?.expect("written down")
                }
            };
            made.insurance = Some(coverage);
            made.charges.push(service(c, by, chart, day, minor, Pays::Insurer(coverage, copay))?);
        }
        Pay(..) | PayFor(..) => {
            let (day, minor, pays) = match event {
                PayFor(day, minor, at) => (day, minor, Some(made.charges[at])),
                Pay(day, minor) => (day, minor, None),
                _ => unreachable!("a payment"),
            };
            let new = NewPayment {
                chart,
                received_on: date(2026, 11, day),
                method: PaymentMethod::Check,
                reference: String::new(),
                amount: usd(minor),
                pays,
                payer: None,
            };
            made.payments.push(record_payment(c, by, &new)?.expect("recorded").payment_id);
        }
        UndoPayment(at) => {
            undo_payment(c, by, chart, made.payments[at], "a mistake")?.expect("undone");
        }
        Refund(at, minor) => {
            let (payment, way) = (made.payments[at], RefundWay::Cash);
            let new = NewRefund { chart, payment, way, amount: usd(minor), reason: reason() };
            pay_refund(c, by, &new)?.expect("paid back");
        }
        Relieve(at, relief, minor) => {
            let charge = made.charges[at];
            let new = NewRelief { chart, charge, relief, amount: usd(minor), reason: reason() };
            relieve(c, by, &new)?.expect("taken off");
        }
        UndoRelief(kind) => {
            let known = lines(c, chart, 0, i64::MAX, 100)?;
            let newest = known.iter().find(|line| line.head.kind == kind && line.head.stands()).expect("one");
            actions::undo(c, by, chart, newest.head.entry_id, "a mistake")?.expect("undone");
        }
        Void(at) => {
            void_charge(c, by, chart, made.charges[at], "a mistake")?.expect("taken back");
        }
        Answer(at, paid, contractual, client) => {
            let new = NewRemittance {
                insurer: insurers(c)?[0].insurer_id,
                reference: format!("{chart}/{n}"),
                paid_on: TODAY,
                total: usd(paid),
                lines: vec![RemittanceLine { charge: made.charges[at], paid, contractual, client }],
            };
            record_remittance(c, by, &new)?.map_err(|refused| refused.why).expect("entered");
        }
        Shift(at, kind, minor) => {
            let charge = made.charges[at];
            let new = NewShift { chart, charge, shift: kind, amount: usd(minor), reason: reason() };
            shift(c, by, &new)?.expect("moved");
        }
        Agree(basis_points) => {
            let (from, by_name) = (date(2026, 11, 1), String::new());
            let less = Agreement { from, until: None, basis_points, reason: reason(), by_name };
            agree(c, by, chart, &less)?.expect("agreed");
        }
    }
    Ok(())
}

stories! {
    async fn case_65_each_page_of_an_account_is_open_to_whom_the_design_says(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let routes = account_routes();
        assert!(routes.len() > 65, "only {} routes", routes.len());
        let mut wrong = Vec::new();
        // Staff of each role, and of another practice.
        for role in Role::ALL {
            let mut browser = w.staff(*role).await;
            for row in routes.iter().filter(|row| row.path.starts_with("/staff/")) {
                let status = ask(&mut browser, row, &rows.fill(row.path)).await;
                let fits = if staff_of(row.path).contains(role) { ![401, 403, 404].contains(&status) && status < 500 } else { status == 403 };
                if !fits {
                    wrong.push(format!("{role} {} {}: {status}", row.method, row.path));
                }
            }
        }
        let mut other = w.staff_of(&w.twinoaks.clone(), Role::Administrator).await;
        for row in routes.iter().filter(|row| row.path.starts_with("/staff/") && row.method == "GET" && Rows::leads_to_one(row)) {
            let status = ask(&mut other, row, &rows.fill(row.path)).await;
            if status != 404 {
                wrong.push(format!("another practice's administrator {}: {status}", row.path));
            }
        }
        // Clients: each right at each level, on the chart whose rows these are.
        let (scope, chart) = (w.riverbend.scope.clone(), rows.registered.chart_id);
        let mut levels = Vec::new();
        for (n, (right, level)) in Right::ALL.iter().flat_map(|right| [(*right, Level::View), (*right, Level::Act)]).enumerate() {
            let reader = w.chart_with("Rae", &format!("Reader{}", char::from(b'a' + u8::try_from(n).unwrap())), "1980-01-02", &format!("reader{n}@example.com")).await;
            let id = account(w, &reader.email).await;
            let access = grant(w, &scope, &id, &reader.person_id, &chart, Some(&[])).await;
            let terms = Terms::of([(right, level)]).write();
            w.tamper(move |c| {
                diesel::update(portal_access::table.filter(portal_access::access_id.eq(access)))
                    .set(portal_access::rights.eq(&terms)).execute(c)
            }).await;
            levels.push((right, level, sign_in(w, &reader.email).await));
        }
        for (right, level, browser) in &mut levels {
            for row in routes.iter().filter(|row| row.path.starts_with("/portal/account")) {
                let Needs::Client(..) = row.needs else { panic!("{} needs no right", row.path) };
                let (wanted, least) = right_of(row.path);
                let status = ask(browser, row, &rows.fill(row.path)).await;
                let may = *right == wanted && *level >= least;
                let fits = if may { ![401, 403, 404].contains(&status) && status < 500 } else { [403, 404].contains(&status) };
                if !fits {
                    wrong.push(format!("a client with {right} at {level:?}, {} {}: {status}", row.method, row.path));
                }
            }
        }
        assert!(wrong.is_empty(), "the design says otherwise:\n{}", wrong.join("\n"));
    }

    async fn case_65_the_front_desk_sees_one_number_and_takes_a_payment(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        charge(w, &ana.chart_id, date(2026, 11, 3), 15_000).await;
        charge(w, &ana.chart_id, date(2026, 11, 10), 9_501).await;
        payment(w, &ana.chart_id, date(2026, 11, 12), 1_000).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let room = desk.get(&format!("/staff/charts/{}", ana.chart_id)).await;
        let at = format!("/staff/charts/{}/billing/payment", ana.chart_id);
        room.must_say("Take payment");
        assert!(room.html().contains(&format!("href=\"{at}\"")) && !room.html().contains("/billing\""), "one tab");
        let form = desk.get(&at).await;
        form.must_be(200).must_say("$235.01 is open").must_not_say("Visit").must_not_say("$95.01").must_not_say("$140.00");
        // A charge's id in the form chooses nothing: which charges there are is not theirs to see.
        let paid = desk.submit(&form, &at, &[("amount", "140"), ("method", "cash")]).await;
        let receipt = desk.follow(paid.must_be(303)).await;
        receipt.must_say("Receipt R-000002").must_say("$140.00").must_say("$95.01 owed");
        desk.get(&at).await.must_say("$95.01 is open");
        // Who sees the ledger has the ledger's tab and not this one.
        let room = w.staff(Role::Biller).await.get(&format!("/staff/charts/{}", ana.chart_id)).await;
        room.must_say("Billing").must_not_say("Take payment");
    }

    async fn case_66_a_frozen_chart_stops_asking_for_appointments_and_nothing_of_the_account(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let (kim, mut client) = (rows.registered.clone(), rows.client.clone());
        let chart = kim.chart_id;
        let stays = book(w, &chart, 77).await;
        charge(w, &chart, TODAY, 15_000).await;
        let pages: Vec<String> = account_routes().iter()
            .filter(|row| row.method == "GET" && row.path.starts_with("/portal/account") && !row.path.contains("/pay/"))
            .map(|row| rows.fill(row.path)).collect();
        let mut before = Vec::new();
        for page in &pages {
            before.push((client.get(page).await.status(), page));
        }
        assert!(before.iter().all(|(status, _)| *status == 200), "{before:?}");
        let mut desk = w.staff(Role::FrontDesk).await;
        let freeze = format!("/staff/charts/{chart}/freeze");
        let form = desk.get(&freeze).await;
        desk.submit(&form, "/freeze", &[("reason", "Owed since spring.")]).await.must_be(303);
        // Stops: asking for and booking appointments.
        for gone in ["/portal/appointments/request", "/portal/appointments/times"] {
            client.get(gone).await.must_be(404);
        }
        // Never stops: each page of the account, its papers and files.
        for (status, page) in &before {
            assert_eq!(client.get(page).await.status(), *status, "{page}");
        }
        client.get("/portal/account/why").await.must_say("Our fee is $150.00");
        // Paying, to the end.
        let form = client.get("/portal/account/pay").await;
        client.submit(&form, "/portal/account/pay", &[("what", "all")]).await.must_be(303);
        let session = w.provider.open_sessions().pop().expect("a page to pay on");
        w.provider.pay(&session, anteroom::platform::pay::local::PAYS).expect("paid");
        crate::online::tell(w, &mut 0).await;
        client.get("/portal/account/pay").await.must_say("Nothing is due");
        // What is booked stays and is seen; documents, messages, the crisis block.
        client.get(&format!("/portal/appointments/{stays}")).await.must_be(200);
        let state: String = w.look(move |c| {
            appointment::table.filter(appointment::appointment_id.eq(stays)).select(appointment::state).first(c)
        }).await;
        assert_eq!(state, "booked");
        for page in ["/portal", "/portal/documents", "/portal/messages", "/portal/information", "/portal/help"] {
            client.get(page).await.must_be(200);
        }
        client.get("/portal/messages/new").await.must_be(200).must_say("988");
        // Staff go on with the account: charges, payments, statements, invoices.
        let mut biller = w.staff(Role::Biller).await;
        for act in ["charge", "payment", "statement", "invoice", "superbill"] {
            biller.get(&format!("/staff/charts/{chart}/billing/{act}")).await.must_be(200);
        }
        let key = key(w, &w.riverbend, &[Scope::BillingRead]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        program.get(&format!("/api/v1/charts/{chart}/account")).await.must_be(200);
        // It ends by itself, once nothing of what was owed when it began is owed any more: not before.
        charge(w, &chart, TODAY, 100).await;
        w.clock.advance_seconds(3_601);
        w.run_due_jobs().await;
        let mut client = sign_in(w, &kim.email).await;
        client.get("/portal/appointments/request").await.must_be(404);
        payment(w, &chart, TODAY, 100).await;
        w.clock.advance_seconds(3_601);
        w.run_due_jobs().await;
        let mut client = sign_in(w, &kim.email).await;
        client.get("/portal/appointments/request").await.must_be(200);
        // Or by staff.
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&freeze).await;
        desk.submit(&form, "/freeze", &[("reason", "Asked for.")]).await.must_be(303);
        client.get("/portal/appointments/request").await.must_be(404);
        let form = desk.get(&freeze).await;
        desk.submit(&form, "/unfreeze", &[("reason", "Paid.")]).await.must_be(303);
        client.get("/portal/appointments/request").await.must_be(200);
    }

    async fn case_69_thirty_histories_are_told_in_sentences_that_add_up(w: &mut World) {
        assert_eq!(HISTORIES.len(), 30);
        let mut told = String::new();
        for (n, (name, events)) in HISTORIES.iter().enumerate() {
            let last = format!("Tale{}{}", char::from(b'a' + u8::try_from(n / 26).unwrap()), char::from(b'a' + u8::try_from(n % 26).unwrap()));
            let client = w.chart_with("Ana", &last, "1990-04-12", "").await;
            let (chart, person) = (client.chart_id, client.person_id);
            let (explained, owed, names) = act(w, move |c, by| {
                let mut made = Made::default();
                for (n, event) in events.iter().enumerate() {
                    happens(c, by, chart, &mut made, n, *event)?;
                }
                let parties = responsibility_store::seen_by(c, chart, person)?;
                let mut charges = Vec::new();
                for id in &made.charges {
                    charges.extend(billing::find_charge(c, chart, *id)?);
                }
                let (explained, names) = billing::explain_for(c, charges, Some(&parties))?;
                Ok((explained, owed_by(c, chart, &parties)?, names))
            }).await;
            // Each charge's lines add up to what is owed for it, and all of them to what the account says.
            for one in &explained {
                let sum = |of: &dyn Fn(&billing::Step) -> i64| one.steps.iter().map(of).sum::<i64>();
                assert_eq!((sum(&|step| step.amount.minor), sum(&|step| step.insurance.minor)), (one.owed.minor, one.insured.minor), "{name}");
                assert_eq!(one.steps.last().map(|step| step.left.minor), Some(one.owed.minor + one.insured.minor), "{name}");
            }
            let due: i64 = explained.iter().map(|one| one.owed.minor).sum();
            let insured: i64 = explained.iter().map(|one| one.insured.minor).sum();
            let here = owed.first().map_or((0, 0), |owed| (owed.due, owed.insured));
            assert_eq!((due, insured), here, "{name}");
            for language in [Language::English, Language::Spanish] {
                let words = Words::of(language);
                told.push_str(&format!("## {name} ({})\n", language.word()));
                for one in &explained {
                    for step in &one.steps {
                        told.push_str(&format!("- {}\n", billing::sentence(words, &one.charge, step, &names)));
                    }
                    told.push_str(&format!("  {}\n", billing::conclusion(words, one, &names)));
                }
            }
        }
        crate::ledger::must_be_whole(w).await;
        insta::assert_snapshot!("histories", told);
    }
}
