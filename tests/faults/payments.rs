//! `kill -9` between the steps of a payment, and at any moment while many clients pay: the program is killed, the
//! payment provider goes on. Nobody's money is lost, nobody is charged twice, and once all is told the ledger says of
//! the provider's money what the provider says.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anteroom::features::billing::actions::post_charge;
use anteroom::features::billing::lifecycle::CheckoutState;
use anteroom::features::billing::online::store::checkouts_of;
use anteroom::features::billing::{NewCharge, check, payments_of};
use anteroom::features::ledger::{Account, owed_of};
use anteroom::kernel::clock::MovableClock;
use anteroom::kernel::ids::ChartId;
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::db::Scoped;
use anteroom::platform::db::schema::{
    balance, checkout, journal_entry, provider_event, provider_task, receipt,
};
use anteroom::platform::fault::Fault as OurFault;
use anteroom::platform::pay::local::{Delivery, Done, Fault, Local, PAYS};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use super::process::{Answered, Running, Server, ask};
use crate::support::checkouts::connect;
use crate::support::world::{Plan, World, take_down};
use crate::support::{Browser, Engine, form, http};

/// What everybody owes.
const DUE: i64 = 10_000;
/// Clients who pay at once while the program is killed at any moment.
const PAYERS: usize = 16;
/// A task that a killed process had in hand waits for its lease.
const PATIENCE: Duration = Duration::from_secs(180);

/// Kills at any moment, after those between the steps. A release asks for more by `ANTEROOM_PAY_KILLS`.
fn kills() -> usize {
    std::env::var("ANTEROOM_PAY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

#[test]
fn case_34_killed_between_the_steps_of_a_payment_sqlite_loses_nothing_and_charges_nobody_twice() {
    run(Engine::Sqlite);
}

#[test]
fn case_34_killed_between_the_steps_of_a_payment_postgres_loses_nothing_and_charges_nobody_twice() {
    run(Engine::Postgres);
}

fn run(engine: Engine) {
    if !engine.is_wanted() {
        eprintln!("not run: ANTEROOM_TEST_ENGINES leaves {} out", engine.word());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(story(engine));
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

/// Between which two steps the program is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    /// The call is written down, and the provider has done nothing yet.
    BeforeThePageIsMade,
    /// The provider has made the page, and its answer never comes.
    AfterThePageIsMade,
    /// The client has the page's address and has not paid.
    BeforeTheClientPays,
    /// The client pays while the program is dead, so that the news finds nobody.
    WhileTheClientPays,
    /// The news is written down, and what became of the page is being asked.
    AfterTheNewsIsTaken,
    /// The payment is booked.
    AfterItIsBooked,
    /// The client begins anew, and the first page is being closed.
    WhileTheFirstPageIsClosed,
    /// The first page is closed, and its answer never comes.
    AfterTheFirstPageIsClosed,
}

const STEPS: [Kill; 8] = [
    Kill::BeforeThePageIsMade,
    Kill::AfterThePageIsMade,
    Kill::BeforeTheClientPays,
    Kill::WhileTheClientPays,
    Kill::AfterTheNewsIsTaken,
    Kill::AfterItIsBooked,
    Kill::WhileTheFirstPageIsClosed,
    Kill::AfterTheFirstPageIsClosed,
];

/// A client with a phone, and the pages that they were ever shown.
#[derive(Clone)]
struct Payer {
    chart: ChartId,
    phone: Browser,
    pages: BTreeSet<String>,
    has_paid: bool,
}

impl Payer {
    /// Fills the form in; gives the address that it leads to, where an answer came.
    async fn begin(&mut self) -> Option<String> {
        let Answered::Yes(page) = ask(&mut self.phone, "GET", "/portal/account/pay", None).await else {
            return None;
        };
        let forms = form::forms(&page.html());
        let form = forms.iter().find(|form| form.action.contains("/portal/account/pay"))?;
        let body = http::encode_form(&form.fields);
        match ask(&mut self.phone, "POST", "/portal/account/pay", Some(&body)).await {
            Answered::Yes(page) => page.location().map(str::to_owned),
            _ => None,
        }
    }

    /// Looks for the way to the provider's page, and remembers it.
    async fn look(&mut self, path: &str) -> Option<String> {
        let Answered::Yes(page) = ask(&mut self.phone, "GET", path, None).await else { return None };
        let html = page.html();
        let begin = html.find("/c/pay/")? + "/c/pay/".len();
        let name: String =
            html[begin..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        self.pages.insert(name.clone());
        Some(name)
    }

    /// Pays, on every page that they were ever shown, as long as none took the money.
    fn pay(&mut self, provider: &Local) {
        for page in &self.pages {
            if provider.pay(page, PAYS).is_ok() {
                assert!(!self.has_paid, "a second page of one client took money");
                self.has_paid = true;
            }
        }
    }
}

async fn story(engine: Engine) -> crate::support::world::Database {
    let mut plan = Plan::new(engine);
    plan.clock = Arc::new(MovableClock::default());
    let mut w = World::planned(plan).await;
    connect(&w).await;
    let folder = tempfile::tempdir().expect("a data folder");
    let server =
        Server::on(&w, folder.path()).allowing(&format!("stripe_url = \"{}\"\n", w.provider.origin()));
    w.provider.tell(format!("{}/hooks/stripe/{}", server.origin(), w.riverbend.scope.id()), Delivery::AtOnce);
    let mut payers = Vec::new();
    for n in 0..STEPS.len() + PAYERS {
        let email = format!("payer{n}@example.com");
        let scope = w.riverbend.scope.clone();
        let client = w.chart_at(&scope, "Kim", &format!("Payer{}", letters(n)), "1990-04-12", &email).await;
        let mut phone = w.registered(&client).await;
        phone.to = server.address();
        let (chart, by) = (client.chart_id, w.riverbend.by(Role::Biller));
        let post = move |c: &mut Scoped<'_>| {
            let (on, description) = (jiff::civil::date(2026, 1, 2), "Visit".to_owned());
            post_charge(c, &by, &NewCharge { chart, on, description, amount: Money::new(DUE, Currency::USD) })
        };
        w.app.db.write(&w.riverbend.scope, post).await.expect("no fault").expect("a charge");
        payers.push(Payer { chart, phone, pages: BTreeSet::new(), has_paid: false });
    }
    w.stop_sending().await;

    let mut running = server.start();
    server.ready(&mut running).await;
    for (payer, step) in payers.iter_mut().zip(STEPS) {
        one_step(&w, &server, &mut running, payer, step).await;
    }
    let at_random = at_any_moment(&w, &server, &mut running, payers.split_off(STEPS.len())).await;
    payers.extend(at_random);

    finish(&w, &mut payers).await;
    running.stop().await;
    compare(&w, &payers).await;
    w.database.clone()
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "it never was so: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn one_step(w: &World, server: &Server, running: &mut Running, payer: &mut Payer, step: Kill) {
    let waited = w.provider.waited();
    match step {
        Kill::BeforeThePageIsMade | Kill::AfterThePageIsMade => {
            let done = if step == Kill::BeforeThePageIsMade { Done::Not } else { Done::Already };
            w.provider.fault(Fault::Wait(done));
            let mut other = payer.clone();
            let asking = tokio::spawn(async move { other.begin().await });
            until("the provider is asked for the page", async || w.provider.waited() > waited).await;
            running.kill();
            let _ = asking.await;
        }
        Kill::BeforeTheClientPays | Kill::WhileTheClientPays => {
            let at = payer.begin().await.expect("the way to the page");
            payer.look(&at).await.expect("the page's address");
            running.kill();
            if step == Kill::WhileTheClientPays {
                payer.pay(&w.provider);
                assert!(payer.has_paid);
            }
        }
        Kill::AfterTheNewsIsTaken | Kill::AfterItIsBooked => {
            let at = payer.begin().await.expect("the way to the page");
            payer.look(&at).await.expect("the page's address");
            if step == Kill::AfterTheNewsIsTaken {
                w.provider.fault(Fault::Wait(Done::Not));
            }
            let before = events_taken(w).await;
            payer.pay(&w.provider);
            assert!(payer.has_paid);
            for event in w.provider.events() {
                w.provider.send(&event).await;
            }
            until("the news is written down", async || events_taken(w).await > before).await;
            if step == Kill::AfterTheNewsIsTaken {
                until("the provider is asked what became of it", async || w.provider.waited() > waited).await;
            } else {
                until("the payment is booked", async || paid(w, payer.chart).await == 1).await;
            }
            running.kill();
        }
        Kill::WhileTheFirstPageIsClosed | Kill::AfterTheFirstPageIsClosed => {
            let at = payer.begin().await.expect("the way to the page");
            payer.look(&at).await.expect("the page's address");
            let done = if step == Kill::WhileTheFirstPageIsClosed { Done::Not } else { Done::Already };
            w.provider.fault(Fault::Wait(done));
            let mut other = payer.clone();
            let asking = tokio::spawn(async move { other.begin().await });
            until("the provider is asked to close the page", async || w.provider.waited() > waited).await;
            running.kill();
            let _ = asking.await;
        }
    }
    eprintln!("{}: killed {step:?}", w.engine.word());
    *running = server.start();
    server.ready(running).await;
}

/// Clients pay, one after the other step, while the program is killed again and again.
async fn at_any_moment(w: &World, server: &Server, running: &mut Running, payers: Vec<Payer>) -> Vec<Payer> {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Arc::new(AtomicUsize::new(0));
    let mut paying = tokio::task::JoinSet::new();
    for mut payer in payers {
        let (provider, stop, begun) = (w.provider.clone(), stop.clone(), begun.clone());
        paying.spawn(async move {
            while !stop.load(Ordering::SeqCst) && !payer.has_paid {
                if let Some(at) = payer.begin().await {
                    begun.fetch_add(1, Ordering::SeqCst);
                    if payer.look(&at).await.is_some() {
                        // One in two pays at once; the other goes back and begins anew.
                        if begun.load(Ordering::SeqCst) % 2 == 0 {
                            payer.pay(&provider);
                        }
                        payer.look(at.trim_end_matches("/go")).await;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            payer
        });
    }
    let mut seed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |since| since.subsec_nanos() as u64 | 1);
    eprintln!("{}: {} kills at any moment, seed {seed}", w.engine.word(), kills());
    for _ in 0..kills() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        tokio::time::sleep(Duration::from_millis(20 + seed % 480)).await;
        running.kill();
        *running = server.start();
        server.ready(running).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut payers = Vec::new();
    while let Some(payer) = paying.join_next().await {
        payers.push(payer.expect("a payer"));
    }
    eprintln!(
        "{}: {} began, {} paid meanwhile",
        w.engine.word(),
        begun.load(Ordering::SeqCst),
        payers.iter().filter(|payer| payer.has_paid).count()
    );
    payers
}

/// Everybody who has not paid does so now, and everything that is still to be asked is asked.
async fn finish(w: &World, payers: &mut [Payer]) {
    for payer in payers.iter_mut() {
        let began = Instant::now();
        while !payer.has_paid {
            assert!(began.elapsed() < PATIENCE, "{} cannot pay", payer.chart);
            if let Some(at) = payer.begin().await
                && payer.look(&at).await.is_some()
            {
                payer.pay(&w.provider);
            } else {
                // A page whose making died waits for its lease, and only then for a new one.
                payer.pay(&w.provider);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
    // What nobody told is asked for by a job after ten minutes: here it is asked for by coming back.
    until("everything is booked", async || {
        for payer in payers.iter_mut() {
            for open in open_checkouts(w, payer.chart).await {
                payer.look(&format!("/portal/account/pay/{open}")).await;
            }
        }
        let left: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        let open: i64 =
            w.look(|c| checkout::table.filter(checkout::state.eq("started")).count().get_result(c)).await;
        if left + open > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        left + open == 0
    })
    .await;
}

async fn compare(w: &World, payers: &[Payer]) {
    for payer in payers {
        let chart = payer.chart;
        let owed = read(w, move |c| owed_of(c, chart)).await;
        let owed: Vec<(i64, i64)> = owed.iter().map(|owed| (owed.due, owed.credit)).collect();
        assert_eq!(owed, [(0, 0)], "{chart}: what is owed, and what was paid too much");
        assert_eq!(paid(w, chart).await, 1, "{chart}: payments");
        let all = read(w, move |c| checkouts_of(c, chart, 100)).await;
        let paid: Vec<_> = all.iter().filter(|one| one.state == CheckoutState::Paid).collect();
        assert_eq!(paid.len(), 1, "{chart}: {all:?}");
    }
    let count = i64::try_from(payers.len()).unwrap_or(i64::MAX);
    assert_eq!(w.provider.balance(), count * DUE, "money at the provider");
    assert_eq!(w.provider.payments(), payers.len());
    let receipts: i64 = w.look(|c| receipt::table.count().get_result(c)).await;
    let entries: i64 = w
        .look(|c| journal_entry::table.filter(journal_entry::kind.eq("payment")).count().get_result(c))
        .await;
    assert_eq!((receipts, entries), (count, count));
    let here: Vec<i64> = w
        .look(|c| {
            balance::table.filter(balance::account.eq(Account::Processor)).select(balance::amount).load(c)
        })
        .await;
    assert_eq!(here.iter().sum::<i64>(), w.provider.balance());
    let found = read(w, check).await;
    assert_eq!(found.problems, [], "{} entries", found.entries);
    let all: i64 = w.look(|c| checkout::table.count().get_result(c)).await;
    eprintln!(
        "{}: {} clients paid {} once each, on {all} ways to pay; the ledger and the provider agree",
        w.engine.word(),
        payers.len(),
        Money::new(DUE, Currency::USD)
    );
}

async fn read<T: Send + 'static>(
    w: &World,
    unit: impl FnMut(&mut Scoped<'_>) -> Result<T, OurFault> + Send + 'static,
) -> T {
    w.app.db.read(&w.riverbend.scope, unit).await.expect("no fault")
}

async fn events_taken(w: &World) -> i64 {
    w.look(|c| provider_event::table.count().get_result(c)).await
}

async fn paid(w: &World, chart: ChartId) -> usize {
    read(w, move |c| payments_of(c, chart, None, 10)).await.len()
}

async fn open_checkouts(w: &World, chart: ChartId) -> Vec<String> {
    let all = read(w, move |c| checkouts_of(c, chart, 100)).await;
    let open = all.iter().filter(|one| one.state == CheckoutState::Started);
    open.map(|one| one.payment_id.to_string()).collect()
}

fn letters(n: usize) -> String {
    let digit = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or(0));
    [digit(n / 26), digit(n)].iter().collect()
}
