//! The ledger: what is posted, what it adds up to, and that it is never off by a cent. The numbers are those of the
//! acceptance cases of billing.

use std::collections::BTreeMap;

use anteroom::features::billing::actions::{
    self, NewRefund, NewRelief, Refused, Undone, pay_refund, post_charge, record_payment, relieve,
    undo_payment, void_charge,
};
use anteroom::features::billing::statement::{self, NewStatement};
use anteroom::features::billing::{self, NewCharge, NewPayment, PaymentMethod, RefundWay, check};
use anteroom::features::ledger::{
    self, Account, EntryKind, Problem, Relief, credits_of, debts_of, find_party, lines, owed_of,
};
use anteroom::kernel::ids::{ChargeId, ChartId, EntryId, PaymentId, PersonId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::audit::By;
use anteroom::platform::db::schema::{balance, journal_entry, posting};
use anteroom::platform::db::{DatabaseUrl, Lock, Scoped, lock};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::{Role, Scope};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use jiff::civil::{Date, date};

use crate::api::key;
use crate::portal_people::{act, charge, discount, enrolled, payment, sign_in};
use crate::stories;
use crate::support::world::{Client, count_rows};
use crate::support::{Browser, Engine, Page, World};

const TODAY: Date = date(2026, 12, 1);

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn new_charge(chart: ChartId, on: Date, amount: Money) -> NewCharge {
    NewCharge { chart, on, description: "Session, 50 minutes".to_owned(), amount }
}

fn new_payment(chart: ChartId, on: Date, amount: Money) -> NewPayment {
    let (method, reference) = (PaymentMethod::Cash, String::new());
    NewPayment { chart, received_on: on, method, reference, amount, pays: None, payer: None }
}

/// What is owed on a chart, in dollars: open, not used, and what is left of the two.
async fn owed(w: &World, chart: ChartId) -> (i64, i64, i64) {
    let owed = act(w, move |c, _| owed_of(c, chart)).await;
    owed.first().map_or((0, 0, 0), |owed| (owed.due, owed.credit, owed.balance()))
}

/// What is open, charge by charge, in the order in which a payment pays them.
async fn open(w: &World, ana: &Client) -> Vec<i64> {
    let (chart, person) = (ana.chart_id, ana.person_id);
    act(w, move |c, _| {
        let party = find_party(c, person)?.expect("a payer");
        Ok(debts_of(c, chart, party, Currency::USD)?.iter().map(|debt| debt.owed).collect())
    })
    .await
}

/// Nothing is wrong with Riverbend's ledger.
pub async fn must_be_whole(w: &World) {
    let found = act(w, |c, _| check(c)).await;
    assert_eq!(found.problems, [], "{} entries", found.entries);
}

/// The entry of a kind that stands, the newest.
async fn entry_of(w: &World, chart: ChartId, kind: EntryKind) -> EntryId {
    let found = act(w, move |c, _| lines(c, chart, 0, i64::MAX, 500)).await;
    let entry = found.into_iter().find(|line| line.head.kind == kind && line.head.stands());
    entry.expect("an entry of this kind").head.entry_id
}

async fn undo(w: &World, chart: ChartId, entry: EntryId) -> Result<Undone, Refused> {
    act(w, move |c, by| actions::undo(c, by, chart, entry, "a mistake")).await
}

/// Opens a form of the Billing tab and sends it.
async fn send(desk: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let page = desk.get(path).await;
    page.must_be(200);
    desk.submit(&page, path, fields).await
}

/// The second model: what an account is, written as plainly as can be, without entries and without a database.
#[derive(Default)]
struct Model {
    charges: Vec<(ChargeId, Date, i64, i64, bool)>,
    payments: Vec<(PaymentId, Date, i64, i64, bool)>,
    /// Which payment pays which charge, the oldest use first.
    uses: Vec<(PaymentId, ChargeId, i64)>,
}

impl Model {
    fn paid(&self, charge: ChargeId) -> i64 {
        self.uses.iter().filter(|used| used.1 == charge).map(|used| used.2).sum()
    }

    /// What is open of a charge: the fee less what was taken off and paid.
    fn open(&self, charge: ChargeId) -> i64 {
        let found = self.charges.iter().find(|known| known.0 == charge).expect("a charge");
        if found.4 { found.2 - found.3 - self.paid(charge) } else { 0 }
    }

    /// What is left of a payment: the amount less what was used and went back.
    fn left(&self, payment: PaymentId) -> i64 {
        let found = self.payments.iter().find(|known| known.0 == payment).expect("a payment");
        let used: i64 = self.uses.iter().filter(|used| used.0 == payment).map(|used| used.2).sum();
        if found.4 { found.2 - found.3 - used } else { 0 }
    }

    fn post(&mut self, id: ChargeId, on: Date, amount: i64) {
        self.charges.push((id, on, amount, 0, true));
        let mut payments: Vec<(Date, PaymentId)> =
            self.payments.iter().map(|known| (known.1, known.0)).collect();
        payments.sort();
        for (_, payment) in payments {
            let amount = self.left(payment).min(self.open(id));
            if amount > 0 {
                self.uses.push((payment, id, amount));
            }
        }
    }

    fn pay(&mut self, id: PaymentId, on: Date, amount: i64) {
        self.payments.push((id, on, amount, 0, true));
        let mut charges: Vec<(Date, ChargeId)> =
            self.charges.iter().map(|known| (known.1, known.0)).collect();
        charges.sort();
        for (_, charge) in charges {
            let amount = self.left(id).min(self.open(charge));
            if amount > 0 {
                self.uses.push((id, charge, amount));
            }
        }
    }

    fn take_off(&mut self, id: ChargeId, amount: i64) {
        let mut missing = amount - self.open(id);
        while missing > 0 {
            let newest = self.uses.iter().rposition(|used| used.1 == id).expect("a use");
            let (payment, charge, used) = self.uses.remove(newest);
            if used > missing {
                self.uses.push((payment, charge, used - missing));
            }
            missing -= used;
        }
        self.charges.iter_mut().find(|known| known.0 == id).expect("a charge").3 += amount;
    }

    fn balance(&self) -> i64 {
        let due: i64 = self.charges.iter().map(|known| self.open(known.0)).sum();
        due - self.payments.iter().map(|known| self.left(known.0)).sum::<i64>()
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

    fn day(&mut self) -> Date {
        TODAY.saturating_sub(jiff::Span::new().days(i64::try_from(self.roll(60)).unwrap()))
    }

    fn amount(&mut self) -> i64 {
        i64::try_from(1 + self.roll(25_000)).unwrap()
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let count = u64::try_from(of.len()).unwrap();
        (count > 0).then(|| of[usize::try_from(self.roll(count)).unwrap()])
    }
}

/// One random act on a chart, done by the ledger and by the model. What the ledger refuses the model did not offer.
fn one_act(
    c: &mut Scoped<'_>,
    by: &By,
    chart: ChartId,
    dice: &mut Dice,
    model: &mut Model,
) -> Result<(), Fault> {
    let charges: Vec<ChargeId> = model.charges.iter().filter(|known| known.4).map(|known| known.0).collect();
    let payments: Vec<PaymentId> =
        model.payments.iter().filter(|known| known.4).map(|known| known.0).collect();
    let reason = || "by chance".to_owned();
    match dice.roll(10) {
        0..3 => {
            let (on, amount) = (dice.day(), dice.amount());
            let id = post_charge(c, by, &new_charge(chart, on, usd(amount)))?.expect("a charge").charge_id;
            model.post(id, on, amount);
        }
        3..6 => {
            let (on, amount) = (dice.day(), dice.amount());
            let id =
                record_payment(c, by, &new_payment(chart, on, usd(amount)))?.expect("a payment").payment_id;
            model.pay(id, on, amount);
        }
        6 => {
            let Some(charge) = dice.one_of(&charges) else { return Ok(()) };
            let known = *model.charges.iter().find(|known| known.0 == charge).expect("a charge");
            let (relief, most) = match dice.roll(2) {
                0 => (Relief::Discount, known.2 - known.3),
                _ => (Relief::WriteOff, model.open(charge)),
            };
            let amount = dice.amount();
            let new = NewRelief { chart, charge, relief, amount: usd(amount), reason: reason() };
            match relieve(c, by, &new)? {
                Ok(_) => model.take_off(charge, amount),
                Err(why) => assert_eq!((why, amount > most), (Refused::TooMuch(usd(most)), true)),
            }
        }
        7 => {
            let Some(payment) = dice.one_of(&payments) else { return Ok(()) };
            let (left, amount) = (model.left(payment), dice.amount());
            let way = RefundWay::Cash;
            let new = NewRefund { chart, payment, way, amount: usd(amount), reason: reason() };
            match pay_refund(c, by, &new)? {
                Ok(_) => model.payments.iter_mut().find(|known| known.0 == payment).expect("one").3 += amount,
                Err(why) => assert_eq!((why, amount > left), (Refused::TooMuch(usd(left)), true)),
            }
        }
        8 => {
            let Some(charge) = dice.one_of(&charges) else { return Ok(()) };
            void_charge(c, by, chart, charge, "by chance")?.expect("a charge is taken back");
            model.uses.retain(|used| used.1 != charge);
            model.charges.iter_mut().find(|known| known.0 == charge).expect("one").4 = false;
        }
        _ => {
            let Some(payment) = dice.one_of(&payments) else { return Ok(()) };
            let refunded = model.payments.iter().any(|known| known.0 == payment && known.3 > 0);
            match undo_payment(c, by, chart, payment, "by chance")? {
                Ok(_) => {
                    model.uses.retain(|used| used.0 != payment);
                    model.payments.iter_mut().find(|known| known.0 == payment).expect("one").4 = false;
                }
                Err(why) => assert!(refunded && matches!(why, Refused::LifeCycle(_)), "{why}"),
            }
        }
    }
    Ok(())
}

/// Item by item, the ledger says what the model says, and so do the lines.
fn compare(c: &mut Scoped<'_>, client: (ChartId, PersonId), model: &Model) -> Result<(), Fault> {
    let (chart, person) = client;
    let Some(party) = find_party(c, person)? else { return Ok(()) };
    let debts: BTreeMap<ChargeId, i64> =
        debts_of(c, chart, party, Currency::USD)?.iter().map(|debt| (debt.charge, debt.owed)).collect();
    let wanted: BTreeMap<ChargeId, i64> = model
        .charges
        .iter()
        .map(|known| (known.0, model.open(known.0)))
        .filter(|(_, open)| *open > 0)
        .collect();
    assert_eq!(debts, wanted);
    let credits: BTreeMap<PaymentId, i64> = credits_of(c, chart, party, Currency::USD)?
        .iter()
        .map(|credit| (credit.payment, credit.left))
        .collect();
    let wanted: BTreeMap<PaymentId, i64> = model
        .payments
        .iter()
        .map(|known| (known.0, model.left(known.0)))
        .filter(|(_, left)| *left > 0)
        .collect();
    assert_eq!(credits, wanted);
    let balance: i64 = owed_of(c, chart)?.iter().map(|owed| owed.balance()).sum();
    let by_lines: i64 = lines(c, chart, 0, i64::MAX, 100_000)?.iter().map(|line| line.amount).sum();
    assert_eq!((balance, by_lines), (model.balance(), model.balance()));
    Ok(())
}

/// Each charge's sentences add up to what is open of it, and all of them, less what is not used, to the balance.
fn compare_explanations(c: &mut Scoped<'_>, chart: ChartId, model: &Model) -> Result<(), Fault> {
    let charges = billing::charges_of(c, chart, None, 1_000)?;
    let (explained, _) = billing::explain(c, charges)?;
    assert_eq!(explained.len(), model.charges.len());
    for one in &explained {
        let steps: i64 = one.steps.iter().map(|step| step.amount.minor).sum();
        let open = model.open(one.charge.charge_id);
        assert_eq!((steps, one.owed.minor), (open, open), "{}", one.charge.charge_id);
    }
    let due: i64 = explained.iter().map(|one| one.owed.minor).sum();
    let credit: i64 = model.payments.iter().map(|known| model.left(known.0)).sum();
    assert_eq!(due - credit, owed_of(c, chart)?.iter().map(|owed| owed.balance()).sum::<i64>());
    Ok(())
}

/// Acts of the property test on each engine; 100,000 for a release.
fn how_many() -> u64 {
    std::env::var("ANTEROOM_POSTINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

/// Acts on one chart, before the next one is taken.
const ACTS_A_CHART: u64 = 200;
/// Lanes in which acts are done at once; in each, two people act on the same chart.
const LANES: u64 = 2;

/// The clients of one lane, whose chart two people act on at once.
async fn act_on(
    app: anteroom::platform::state::AppState,
    scope: anteroom::platform::db::PracticeScope,
    by: By,
    who: (ChartId, PersonId),
    model: std::sync::Arc<std::sync::Mutex<(Dice, Model)>>,
    acts: u64,
) {
    for step in 0..acts {
        let (by, shared) = (by.clone(), model.clone());
        let done = app.db.write(&scope, move |c| {
            let mut shared = shared.lock().unwrap();
            // Whoever acts holds the chart from here to the commit, so that ledger and model go the same way.
            lock(c, Lock::Charts(&[who.0]))?;
            // A unit that is run again begins with the dice and the model of the first run.
            let (dice, before) = (shared.0.0, clone(&shared.1));
            let (ref mut rolling, ref mut model) = *shared;
            let outcome = one_act(c, &by, who.0, rolling, model)
                .and_then(|()| if step % 10 == 0 { compare(c, who, model) } else { Ok(()) })
                .and_then(|()| if step + 1 == acts { compare_explanations(c, who.0, model) } else { Ok(()) });
            if outcome.is_err() {
                *shared = (Dice(dice), before);
            }
            outcome
        });
        done.await.expect("no fault");
    }
}

stories! {
    async fn case_01_random_acts_of_several_people_keep_every_invariant_and_every_explanation_adds_up(w: &mut World) {
        let charts = how_many().div_ceil(ACTS_A_CHART * LANES).max(1);
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let mut clients = Vec::new();
            for n in 0..charts {
                let name = format!("Aspen{}", letters_of(lane * charts + n));
                clients.push(w.chart_with("Ana", &name, "1990-04-12", "").await);
            }
            let (app, scope) = (w.app.clone(), w.riverbend.scope.clone());
            let (one, other) = (w.riverbend.by(Role::Biller), w.riverbend.by(Role::Administrator));
            let acts = (how_many() / (LANES * charts * 2)).max(1);
            lanes.push(tokio::spawn(async move {
                for (n, client) in clients.into_iter().enumerate() {
                    let seed = 0x9e37_79b9 + lane * 1_000_003 + u64::try_from(n).unwrap();
                    let who = (client.chart_id, client.person_id);
                    let model = std::sync::Arc::new(std::sync::Mutex::new((Dice(seed), Model::default())));
                    let act = |by: &By| act_on(app.clone(), scope.clone(), by.clone(), who, model.clone(), acts);
                    tokio::join!(act(&one), act(&other));
                    if lane == 0 && n % 10 == 0 {
                        count_rows(&app.db).await;
                    }
                }
            }));
        }
        for lane in lanes {
            lane.await.expect("every act and every comparison holds");
        }
        let found = act(w, |c, _| check(c)).await;
        assert_eq!(found.problems, []);
        eprintln!("{}: {} acts, {} entries, all invariants hold", w.engine.word(), how_many(), found.entries);
    }

    async fn case_02_the_database_refuses_what_is_no_entry(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        charge(w, &ana.chart_id, TODAY, 15_000).await;
        let id = |n: u8| match w.engine {
            Engine::Sqlite => format!("X'{}'", hex_of(&[n; 16])),
            Engine::Postgres => format!("'\\x{}'::bytea", hex_of(&[n; 16])),
        };
        let entry = |seq: i64, currency: &str, reverses: &str| {
            format!(
                "INSERT INTO journal_entry (practice_id, seq, entry_id, kind, effective_on, recorded_at, by_name, \
                 source_key, reverses, reason, currency) SELECT practice_id, {seq}, {}, 'charge', '2026-12-01', 1, '', \
                 'forged:{seq}', {reverses}, '', '{currency}' FROM journal_head;",
                id(u8::try_from(seq % 200).unwrap())
            )
        };
        let leg = |seq: i64, n: i64, amount: i64, currency: &str| {
            format!(
                "INSERT INTO posting (practice_id, seq, n, account, item_kind, amount, currency) \
                 SELECT practice_id, {seq}, {n}, 'revenue', 'none', {amount}, '{currency}' FROM journal_head;"
            )
        };
        let two = |seq, one, other| leg(seq, 1, one, "USD") + &leg(seq, 2, other, "USD");
        let wrong = [
            ("off by a cent", two(50, 100, -99) + &entry(50, "USD", "NULL")),
            ("one side", leg(51, 1, 100, "USD") + &entry(51, "USD", "NULL")),
            ("no side", entry(52, "USD", "NULL")),
            ("two currencies", leg(53, 1, 100, "USD") + &leg(53, 2, -100, "EUR") + &entry(53, "USD", "NULL")),
            ("another currency than its postings", two(54, 100, -100) + &entry(54, "EUR", "NULL")),
            ("nothing moves", two(55, 0, 0) + &entry(55, "USD", "NULL")),
            ("postings without an entry", two(56, 100, -100)),
            ("a further posting of an entry that stands", leg(1, 9, 100, "USD")),
            ("a changed amount", "UPDATE posting SET amount = amount + 1;".to_owned()),
            ("a deleted posting", "DELETE FROM posting;".to_owned()),
            ("a changed entry", "UPDATE journal_entry SET reason = 'x';".to_owned()),
            ("a deleted entry", "DELETE FROM journal_entry;".to_owned()),
            ("less than nothing owed", "UPDATE balance SET amount = -1 WHERE account = 'ar_client';".to_owned()),
        ];
        for (what, sql) in wrong {
            assert!(refuses(w, &sql).await, "the database took {what}");
        }
        let fine = two(2, 100, -100) + &entry(2, "USD", "1");
        assert!(!refuses(w, &fine).await, "a reversal is taken");
        let again = two(3, 100, -100) + &entry(3, "USD", "1");
        assert!(refuses(w, &again).await, "an entry was reversed twice");
        let of_reversal = two(4, 100, -100) + &entry(4, "USD", "2");
        assert!(refuses(w, &of_reversal).await, "a reversal was reversed");
    }

    async fn case_03_two_equal_payments_on_one_day_are_two_lines(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        charge(w, &ana.chart_id, TODAY, 10_000).await;
        payment(w, &ana.chart_id, TODAY, 3_000).await;
        payment(w, &ana.chart_id, TODAY, 3_000).await;
        assert_eq!(owed(w, ana.chart_id).await, (4_000, 0, 4_000));
        let page = sign_in(w, &who.name).await.get("/portal/account").await;
        assert_eq!(page.words().matches("\u{2212}$30.00").count(), 2, "{}", page.words());
        must_be_whole(w).await;
    }

    async fn case_04_a_payment_without_an_open_charge_is_credit_that_is_seen(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        payment(w, &ana.chart_id, TODAY, 5_000).await;
        assert_eq!(owed(w, ana.chart_id).await, (0, 5_000, -5_000));
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/account").await.must_say("$50.00").must_say("in your favor");
        phone.get("/portal").await.must_say("$50.00");
        w.staff(Role::Biller).await.get(&tab(&ana)).await.must_say("$50.00").must_say("in the client's favor");
        must_be_whole(w).await;
    }

    async fn case_05_twenty_charges_at_once_use_a_credit_exactly_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        payment(w, &chart, TODAY, 10_000).await;
        let mut posts = Vec::new();
        for _ in 0..20 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            posts.push(tokio::spawn(async move {
                let new = new_charge(chart, TODAY, usd(1_000));
                app.db.write(&scope, move |c| post_charge(c, &by, &new)).await
            }));
        }
        for post in posts {
            post.await.unwrap().expect("no fault").expect("a charge is posted");
        }
        assert_eq!(owed(w, chart).await, (10_000, 0, 10_000));
        let used = sum_of(w, Account::CreditClient).await;
        assert_eq!(used, 0, "all of the credit is used, and no more");
        must_be_whole(w).await;
    }

    async fn case_06_nothing_is_undone_twice_and_an_undo_is_not_undone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (chart, mut desk) = (ana.chart_id, w.staff(Role::Biller).await);
        charge(w, &chart, TODAY, 15_000).await;
        let entry = entry_of(w, chart, EntryKind::Charge).await;
        let (at, path) = (format!("{}/entries/{entry}", tab(&ana)), format!("{}/entries/{entry}/undo", tab(&ana)));
        let form = desk.get(&path).await;
        desk.submit(&form, &path, &[("reason", "")]).await.must_be(422);
        let done = desk.submit(&form, &path, &[("reason", "typed twice")]).await;
        assert_eq!(done.location(), Some(format!("{at}?done=billing-undone").as_str()));
        // The form that was open before finds that it was done.
        let again = desk.submit(&form, &path, &[("reason", "typed twice")]).await;
        assert_eq!(again.location(), Some(format!("{at}?done=billing-undone-before").as_str()));
        let page = desk.follow(&again).await;
        page.must_say("Taken back").must_say("It was undone before").must_say("Nothing is left to pay");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        // The list says which is which.
        let list = desk.get(&tab(&ana)).await;
        list.must_say("Takes back: ").must_say("Takes another entry back");
        assert_eq!(list.html().matches(">Taken back<").count(), 1, "{}", list.words());
        // The reversal has a page of its own, which offers nothing.
        let reversal = desk.get(&page.link("/entries/")).await;
        reversal.must_say("Takes another entry back").must_say("typed twice").must_not_say("Undo");
        let at = act(w, move |c, _| lines(c, chart, 0, i64::MAX, 10)).await[0].head.clone();
        assert!(at.reverses.is_some(), "{at:?}");
        assert_eq!(undo(w, chart, at.entry_id).await, Err(Refused::NotByItself));
        desk.get(&format!("{}/entries/{}/undo", tab(&ana), at.entry_id)).await.must_say("nothing to undo");
        must_be_whole(w).await;
    }

    async fn case_07_a_wrong_charge_is_taken_back_posted_right_and_paid(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        charge(w, &chart, date(2026, 11, 20), 325_000).await;
        let wrong = entry_of(w, chart, EntryKind::Charge).await;
        assert_eq!(undo(w, chart, wrong).await, Ok(Undone::Now));
        charge(w, &chart, date(2026, 11, 20), 9_750).await;
        payment(w, &chart, TODAY, 9_750).await;
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        sign_in(w, &who.name).await.get("/portal/account").await.must_say("$0.00").must_say("You owe nothing");
        w.staff(Role::Biller).await.get(&tab(&ana)).await.must_say("Nothing is owed");
        must_be_whole(w).await;
    }

    async fn case_08_a_debt_given_up_and_then_taken_back_leaves_no_phantom(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let visit = charge(w, &chart, date(2026, 11, 20), 15_000).await;
        payment(w, &chart, date(2026, 11, 21), 5_000).await;
        let given_up = act(w, move |c, by| {
            let amount = usd(10_000);
            let reason = "moved away".to_owned();
            relieve(c, by, &NewRelief { chart, charge: visit, relief: Relief::WriteOff, amount, reason })
        })
        .await;
        given_up.expect("given up");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        act(w, move |c, by| void_charge(c, by, chart, visit, "never took place")).await.expect("taken back");
        // The payment is credit, and of the write-off nothing is left.
        assert_eq!(owed(w, chart).await, (0, 5_000, -5_000));
        assert_eq!((sum_of(w, Account::WriteOff).await, sum_of(w, Account::Revenue).await), (0, 0));
        must_be_whole(w).await;
    }

    async fn case_09_the_check_names_what_somebody_changed_behind_the_program(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        charge(w, &ana.chart_id, TODAY, 15_000).await;
        payment(w, &ana.chart_id, TODAY, 5_000).await;
        must_be_whole(w).await;
        let problems = |w: &World| {
            let found = w.app.db.clone();
            let scope = w.riverbend.scope.clone();
            async move { found.read(&scope, check).await.expect("no fault").problems }
        };
        // A balance that was changed.
        w.tamper(|c| diesel::update(balance::table.filter(balance::account.eq("ar_client"))).set(balance::amount.eq(1)).execute(c)).await;
        let found = problems(w).await;
        let is_named = |problem: &Problem| {
            matches!(problem, Problem::Balance { account: Account::ArClient, kept: 1, posted: 10_000, .. })
        };
        assert!(found.len() == 1 && is_named(&found[0]), "{found:?}");
        w.tamper(|c| diesel::update(balance::table.filter(balance::account.eq("ar_client"))).set(balance::amount.eq(10_000)).execute(c)).await;
        must_be_whole(w).await;
        // An entry that was changed, by somebody who took the guards away first.
        let guards = match w.engine {
            Engine::Sqlite => "DROP TRIGGER journal_entry_is_not_changed;",
            Engine::Postgres => "DROP TRIGGER journal_entry_is_not_changed ON journal_entry;",
        };
        assert!(!refuses(w, guards).await);
        w.tamper(|c| {
            diesel::update(journal_entry::table.filter(journal_entry::seq.eq(2)))
                .set(journal_entry::effective_on.eq("2026-01-01"))
                .execute(c)
        })
        .await;
        assert_eq!(problems(w).await, [Problem::Changed { seq: 2 }]);
    }

    async fn case_10_a_credit_of_a_cent_is_used_by_the_next_charge(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        payment(w, &ana.chart_id, TODAY, 1).await;
        charge(w, &ana.chart_id, TODAY, 15_000).await;
        assert_eq!(owed(w, ana.chart_id).await, (14_999, 0, 14_999));
        must_be_whole(w).await;
    }

    async fn case_11_yen_and_dinars_are_what_they_are_and_never_added(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::Biller).await;
        for (code, typed, shown) in [("JPY", "500", "JPY 500"), ("KWD", "1.5", "KWD 1.500")] {
            act(w, move |c, _| ledger::set_currency(c, code.parse().expect("a currency"))).await;
            let path = format!("{}/charge", tab(&ana));
            send(&mut desk, &path, &[("description", "Session"), ("amount", typed)]).await.must_be(303);
            desk.get(&tab(&ana)).await.must_say(shown);
        }
        let wrong = send(&mut desk, &format!("{}/charge", tab(&ana)), &[("description", "x"), ("amount", "1.5005")]).await;
        wrong.must_be(422).must_say("KWD does not have so many digits");
        let phone = sign_in(w, &who.name).await.get("/portal/account").await;
        phone.must_say("JPY 500").must_say("KWD 1.500");
        for wrong in ["501", "$"] {
            assert!(!phone.words().contains(wrong), "{wrong}: {}", phone.words());
        }
        let api = account_by_api(w, &ana).await;
        let balances: Vec<(i64, &str)> = api["balances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["balance"]["minor"].as_i64().unwrap(), one["currency"].as_str().unwrap()))
            .collect();
        assert_eq!(balances, [(500, "JPY"), (1_500, "KWD")]);
        must_be_whole(w).await;
    }

    async fn case_22_what_is_no_amount_leaves_no_row(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let mut desk = w.staff(Role::Biller).await;
        let other = charge(w, &bo.chart_id, TODAY, 9_900).await.to_string();
        let before = w.dump().await;
        let path = format!("{}/payment", tab(&ana));
        for amount in ["-3000", "0", "1e9", "1,5", "12.345", "", "100,000,000"] {
            let page = send(&mut desk, &path, &[("amount", amount), ("method", "cash")]).await;
            page.must_be(422);
            assert!(page.html().contains("e-amount"), "{amount}: {}", page.words());
        }
        let form = desk.get(&path).await;
        // A charge of another chart is not there.
        let mut fields: Vec<(String, String)> = form.form(&path).fields;
        fields.retain(|(name, _)| !["pays", "amount", "method"].contains(&name.as_str()));
        for (name, value) in [("pays", other.as_str()), ("amount", "10"), ("method", "cash")] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        desk.post_fields(&path, &fields).await.must_be(404);
        let changed = crate::support::dump::difference(&before, &w.dump().await);
        let changed: Vec<_> = changed.into_iter().filter(|line| !line.starts_with("form_draft")).collect();
        assert!(changed.is_empty(), "{}", changed.join("\n"));
    }

    async fn case_23_a_form_that_is_sent_twice_posts_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::Biller).await;
        for (form, fields, count) in [
            ("charge", vec![("description", "Session"), ("amount", "150")], 1),
            ("payment", vec![("method", "cash"), ("amount", "20")], 2),
        ] {
            let path = format!("{}/{form}", tab(&ana));
            let page = desk.get(&path).await;
            let (mut one, mut other) = (desk.clone(), desk.clone());
            let (first, second) =
                tokio::join!(one.submit(&page, &path, &fields), other.submit(&page, &path, &fields));
            first.must_be(303);
            second.must_be(303);
            desk.submit(&page, &path, &fields).await.must_be(303);
            let chart = ana.chart_id;
            let lines = act(w, move |c, _| lines(c, chart, 0, i64::MAX, 10)).await;
            assert_eq!(lines.len(), count, "{form}");
        }
        assert_eq!(owed(w, ana.chart_id).await, (13_000, 0, 13_000));
        must_be_whole(w).await;
    }

    async fn a_card_number_is_kept_nowhere_and_not_shown_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("{}/payment", tab(&ana));
        let typed = [("amount", "20"), ("method", "other"), ("reference", "4242 4242 4242 4242")];
        let page = send(&mut desk, &path, &typed).await;
        page.must_be(422).must_say("looks like the number of a card").must_not_say("4242");
        assert!(!page.html().contains("4242"), "the number is shown again");
    }

    async fn case_40_two_equal_refunds_of_one_payment_are_two(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (chart, mut desk) = (ana.chart_id, w.staff(Role::Biller).await);
        let paid = payment(w, &chart, TODAY, 5_000).await;
        let path = format!("{}/payments/{paid}/refund", tab(&ana));
        for _ in 0..2 {
            let typed = [("amount", "20"), ("way", "cash"), ("reason", "came by twice")];
            send(&mut desk, &path, &typed).await.must_be(303);
        }
        assert_eq!(owed(w, chart).await, (0, 1_000, -1_000));
        desk.get(&path).await.must_say("$10.00");
        // Everything that is wrong is said at once.
        let refused = send(&mut desk, &path, &[("amount", "20"), ("way", "cash"), ("reason", "")]).await;
        refused.must_be(422).must_say("It can be $10.00 at most").must_say("Say why");
        must_be_whole(w).await;
    }

    async fn case_41_refunds_at_once_never_go_beyond_the_payment(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let paid = payment(w, &chart, TODAY, 5_000).await;
        let mut refunds = Vec::new();
        for _ in 0..6 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            refunds.push(tokio::spawn(async move {
                let (way, reason) = (RefundWay::Cash, "asked for it".to_owned());
                let new = NewRefund { chart, payment: paid, way, amount: usd(2_000), reason };
                app.db.write(&scope, move |c| pay_refund(c, &by, &new)).await.expect("no fault")
            }));
        }
        let mut refused = Vec::new();
        for refund in refunds {
            refused.extend(refund.await.unwrap().err());
        }
        assert_eq!(refused, [Refused::TooMuch(usd(1_000)); 4]);
        assert_eq!(owed(w, chart).await, (0, 1_000, -1_000));
        must_be_whole(w).await;
    }

    async fn case_43_credit_without_a_charge_goes_back_and_comes_again_when_the_refund_fails(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let visit = charge(w, &chart, TODAY, 15_000).await;
        let paid = payment(w, &chart, TODAY, 15_000).await;
        act(w, move |c, by| void_charge(c, by, chart, visit, "canceled")).await.expect("taken back");
        assert_eq!(owed(w, chart).await, (0, 15_000, -15_000));
        let back = |minor| NewRefund {
            chart,
            payment: paid,
            way: RefundWay::Check,
            amount: usd(minor),
            reason: "canceled".to_owned(),
        };
        let too_much = back(15_001);
        assert_eq!(act(w, move |c, by| pay_refund(c, by, &too_much)).await, Err(Refused::TooMuch(usd(15_000))));
        let all = back(15_000);
        act(w, move |c, by| pay_refund(c, by, &all)).await.expect("paid back");
        assert_eq!(owed(w, chart).await, (0, 0, 0));
        // A payment of which something went back is not undone before the refund is.
        let entry = entry_of(w, chart, EntryKind::Payment).await;
        assert!(matches!(undo(w, chart, entry).await, Err(Refused::LifeCycle(_))));
        let refund = entry_of(w, chart, EntryKind::RefundDue).await;
        assert_eq!(undo(w, chart, refund).await, Ok(Undone::Now));
        assert_eq!(owed(w, chart).await, (0, 15_000, -15_000));
        assert_eq!((sum_of(w, Account::RefundDue).await, sum_of(w, Account::Undeposited).await), (0, 15_000));
        must_be_whole(w).await;
    }

    async fn which_payment_pays_which_charge(w: &mut World) {
        let table = [
            (20_000, None, vec![10_000, 9_501], 0),
            (10_000, Some(2), vec![14_501, 15_000], 0),
            (40_000, None, vec![], 499),
        ];
        for (n, (amount, pays, wanted, credit)) in table.into_iter().enumerate() {
            let ana = w.chart("Ana", ["Oak", "Pine", "Rowan"][n]).await;
            let chart = ana.chart_id;
            let mut posted = Vec::new();
            for (on, fee) in [(date(2026, 10, 5), 15_000), (date(2026, 10, 19), 15_000), (date(2026, 11, 2), 9_501)] {
                posted.push(charge(w, &chart, on, fee).await);
            }
            let mut new = new_payment(chart, TODAY, usd(amount));
            new.pays = pays.map(|place: usize| posted[place]);
            act(w, move |c, by| record_payment(c, by, &new)).await.expect("a payment");
            assert_eq!((open(w, &ana).await, owed(w, chart).await.1), (wanted, credit), "pays {amount}");
            if credit > 0 {
                let next = charge(w, &chart, TODAY, 15_000).await;
                assert_eq!(owed_for(w, chart, next).await, 14_501, "the next charge uses the credit");
            }
        }
        must_be_whole(w).await;
    }

    async fn case_69_why_i_owe_this_is_told_in_sentences_that_add_up(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        let visit = charge(w, &chart, date(2026, 11, 3), 15_000).await;
        discount(w, &chart, visit, 2_000).await;
        let by_mistake = payment(w, &chart, date(2026, 11, 10), 5_000).await;
        payment(w, &chart, date(2026, 11, 20), 4_000).await;
        act(w, move |c, by| undo_payment(c, by, chart, by_mistake, "another client's")).await.expect("undone");
        let mut phone = sign_in(w, &who.name).await;
        let account = phone.get("/portal/account").await;
        account.must_say("$90.00").must_say("Why do I owe this?");
        let golden: &[(&str, &[&str])] = &[
            ("en", &[
                "November 3, 2026: Visit. Our fee is $150.00.",
                "December 1, 2026: we lowered our fee by $20.00. $130.00 is left.",
                "December 1, 2026: $50.00 was used from “Payment by check” of November 10, 2026. $80.00 is left.",
                "December 1, 2026: $40.00 was used from “Payment by check” of November 20, 2026. $40.00 is left.",
                "December 1, 2026: $50.00 from “Payment by check” no longer counts for this. $90.00 is left.",
                "You owe $90.00 for this.",
                "In all you owe $90.00.",
            ]),
            ("es", &[
                "3 de noviembre de 2026: Visit. Nuestra tarifa es $150.00.",
                "1 de diciembre de 2026: rebajamos nuestra tarifa en $20.00. Queda $130.00.",
                "1 de diciembre de 2026: $50.00 de «Pago con cheque» ya no cuenta para esto. Queda $90.00.",
                "Debe $90.00 por esto.",
                "En total debe $90.00.",
            ]),
        ];
        for (language, sentences) in golden {
            let page = phone.get(&format!("/portal/account/why?lang={language}")).await;
            for sentence in *sentences {
                page.must_say(sentence);
            }
        }
        // The API tells the same steps, and they add up to what is owed.
        let key = key(w, &w.riverbend, &[Scope::BillingRead]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        let page = program.get(&format!("/api/v1/charges/{visit}/explanation")).await;
        let told: serde_json::Value = page.must_be(200).answer.json();
        let steps = told["steps"].as_array().unwrap();
        let sum: i64 = steps.iter().map(|step| step["amount"]["minor"].as_i64().unwrap()).sum();
        assert_eq!((sum, &told["owed"]["minor"]), (9_000, &serde_json::json!(9_000)));
        assert_eq!(steps[0]["sentence"], golden[0].1[0]);
    }

    async fn case_52_the_statement_says_what_the_account_says(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        charge(w, &chart, date(2026, 10, 6), 15_000).await;
        payment(w, &chart, date(2026, 10, 9), 20_000).await;
        w.clock.advance_seconds(24 * 3_600);
        charge(w, &chart, date(2026, 12, 2), 9_950).await;
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("{}/statement", tab(&ana));
        let made = send(&mut desk, &path, &[("since", "2026-12-02")]).await;
        let page = desk.follow(&made).await;
        page.must_be(200).must_say("Statement S-000001").must_say("Previous balance").must_say("\u{2212}$50.00");
        page.must_say("$99.50").must_say("$49.50").must_say("is what you owe");
        // A mail says that there is something new, and nothing of what it is.
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("something new in your account"), "{}", mail.subject);
        for word in ["$", "49.50", "99.50", "Visit", "charge", "statement", "pay"] {
            assert!(!mail.text.contains(word), "the mail says {word}: {}", mail.text);
        }
        // The client reads the same, and it is written down.
        let mut phone = sign_in(w, &who.name).await;
        let account = phone.get("/portal/account").await;
        account.must_say("$49.50").must_say("Statement S-000001");
        let own = phone.get(&account.link("/portal/account/statements/")).await;
        own.must_be(200).must_say("$99.50").must_say("$49.50");
        assert_eq!(crate::portal_people::events(w, "statement.viewed").await, 1);
        assert_eq!(account_by_api(w, &ana).await["balances"][0]["balance"]["minor"], 4_950);
        // What is posted later changes nothing of it.
        payment(w, &chart, date(2026, 12, 2), 4_950).await;
        phone.get(&account.link("/portal/account/statements/")).await.must_say("$49.50");
        phone.get("/portal/account").await.must_say("You owe nothing");
    }

    async fn case_53_a_long_statement_is_a_tagged_pdf_that_reads_as_its_page(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let chart = ana.chart_id;
        for n in 0..60 {
            charge(w, &chart, TODAY, 10_000 + n).await;
        }
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("{}/statement", tab(&ana));
        let made = send(&mut desk, &path, &[("since", "2026-11-01")]).await;
        let page = desk.follow(&made).await;
        let file = desk.get(&page.link("/pdf")).await;
        assert_eq!(file.must_be(200).answer.header("content-type"), Some("application/pdf"));
        assert_eq!(
            file.answer.header("content-disposition"),
            Some("attachment; filename=\"s-000001.pdf\"")
        );
        // The client and the API are handed the very same bytes.
        let mut phone = sign_in(w, &who.name).await;
        let account = phone.get("/portal/account").await;
        let own = phone.get(&format!("{}/pdf", account.link("/portal/account/statements/"))).await;
        assert!(own.answer.body == file.answer.body, "the same statement is another file");
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().join("statement.pdf");
        std::fs::write(&at, &file.answer.body).expect("write the file");
        let at = at.to_string_lossy().into_owned();
        run("qpdf", &["--check", &at]);
        let facts = run("pdfinfo", &[&at]);
        for fact in ["Tagged:          yes", "Title:           Statement S-000001", "PDF version:     1.7"] {
            assert!(facts.contains(fact), "{facts}");
        }
        let structure = run("pdfinfo", &["-struct-text", &at]);
        assert_eq!(structure.matches("THead").count(), 1, "one table has one head");
        let text = run("pdftotext", &["-layout", &at, "-"]);
        let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert!(pages.len() > 1, "60 lines stand on one page");
        let total = usd((0..60).map(|n| 10_000 + n).sum()).to_string();
        for (n, page) in pages.iter().enumerate() {
            assert!(page.contains(&format!("Page {} of {}", n + 1, pages.len())), "{page}");
            if page.contains("$100.") {
                assert!(page.contains("What for"), "the head is not repeated: {page}");
            }
            if page.contains("New balance") {
                assert!(page.contains(&total) && page.contains("$100.59"), "the total stands alone: {page}");
            }
        }
        for n in 0..60 {
            assert!(text.contains(&usd(10_000 + n).to_string()), "line {n} is missing");
        }
        assert!(text.contains("Ana Duarte") && text.contains("Riverbend"), "{text}");
    }

    async fn case_56_what_is_posted_late_is_marked_and_the_next_statement_opens_right(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("{}/statement", tab(&ana));
        charge(w, &chart, TODAY, 15_000).await;
        let first = send(&mut desk, &path, &[("since", "2026-12-01")]).await;
        desk.follow(&first).await.must_say("$150.00");
        w.clock.advance_seconds(24 * 3_600);
        payment(w, &chart, date(2026, 11, 20), 4_000).await;
        // Nobody stays signed in for a day.
        let mut desk = w.staff(Role::Biller).await;
        let second = send(&mut desk, &path, &[("since", "2026-12-02")]).await;
        let page = desk.follow(&second).await;
        page.must_say("S-000002").must_say("Previous balance $150.00").must_say("(added later)").must_say("$110.00");
    }

    async fn case_55_56_57_a_month_has_one_statement_and_the_next_one_opens_with_what_it_closed(w: &mut World) {
        const DAY: u32 = 24 * 3_600;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let quiet = w.chart("Bo", "Lindgren").await;
        let chart = ana.chart_id;
        let mut admin = w.staff(Role::Administrator).await;
        let form = admin.get("/staff/practice/policies").await;
        admin.submit(&form, "/staff/practice/policies", &[("monthly_statements", "on")]).await.must_be(303);
        charge(w, &chart, TODAY, 15_000).await;
        // Half an hour before the month ends in New York, where it is the next one in London already.
        w.clock.advance_seconds(30 * DAY + 13 * 3_600 + 1_800);
        payment(w, &chart, date(2026, 12, 31), 4_000).await;
        w.run_due_jobs().await;
        // Before nine on the first day: of the new month.
        w.clock.advance_seconds(8 * 3_600);
        charge(w, &chart, date(2027, 1, 1), 7_000).await;
        w.clock.advance_seconds(2 * 3_600);
        let neighbour = w.neighbour().await;
        for _ in 0..3 {
            tokio::join!(w.run_due_jobs(), neighbour.run_due_jobs());
        }
        let first = act(w, move |c, _| billing::statements_of(c, chart, 10)).await;
        assert_eq!(first.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(), ["S-000001"]);
        let of_quiet = quiet.chart_id;
        assert_eq!(act(w, move |c, _| billing::statements_of(c, of_quiet, 10)).await, []);
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/account/statements/{}", first[0].statement_id)).await;
        page.must_be(200).must_say("New balance $110.00").must_not_say("$70.00");
        w.mail_to(&ana.email).await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "one statement, one mail");
        // Posted in January for a day of December: the next statement opens right and says so.
        payment(w, &chart, date(2026, 12, 20), 1_000).await;
        w.clock.advance_seconds(31 * DAY);
        for _ in 0..3 {
            w.run_due_jobs().await;
        }
        let all = act(w, move |c, _| billing::statements_of(c, chart, 10)).await;
        assert_eq!(all.len(), 2);
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/account/statements/{}", all[0].statement_id)).await;
        page.must_say("Previous balance $110.00").must_say("(added later)").must_say("New balance $170.00");
        must_be_whole(w).await;
    }

    async fn case_09_57_63_open_amounts_and_day_sheet_say_what_the_pages_say(w: &mut World) {
        const DAY: u32 = 24 * 3_600;
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let mut biller = w.staff(Role::Biller).await;
        biller.get("/staff/billing/aging").await.must_be(200).must_say("Nobody owes anything");
        charge(w, &ana.chart_id, TODAY, 15_000).await;
        charge(w, &bo.chart_id, TODAY, 5_000).await;
        payment(w, &bo.chart_id, TODAY, 8_000).await;
        // To half past eleven in the evening of December 31 in New York, where it is January in London.
        w.clock.advance_seconds(30 * DAY + 13 * 3_600 + 1_800);
        let mut biller = w.staff(Role::Biller).await;
        payment(w, &ana.chart_id, date(2026, 12, 31), 4_000).await;
        payment(w, &ana.chart_id, date(2026, 12, 31), 4_000).await;
        let page = biller.get("/staff/billing/aging").await;
        page.must_be(200).must_say("$70.00").must_say("\u{2212}$30.00").must_say("All in USD").must_say("$40.00");
        let (first, second) = (page.words().find("Ana Duarte"), page.words().find("Lindgren"));
        assert!(first < second, "who owes most stands first");
        let day = biller.get("/staff/billing/day?date=2026-12-31").await;
        day.must_be(200).must_say("Payment by check 2 \u{2212}$80.00").must_say("Change of what is owed in USD 2 \u{2212}$80.00");
        biller.get("/staff/billing/day?date=2027-01-01").await.must_say("Nothing was posted on this day");
        let first = biller.get("/staff/billing/day?date=2026-12-01").await;
        first.must_say("Charges 2 $200.00").must_say("Payment by check 1 \u{2212}$80.00");
        // The files say the same to the cent.
        let read = |page: &Page| {
            let mut file = csv::Reader::from_reader(page.answer.body.as_slice());
            file.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let rows = read(biller.get("/staff/billing/aging.csv").await.must_be(200));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][1..], ["Ana Duarte", "USD", "70.00", "0.00", "0.00", "0.00", "0.00", "0.00", "70.00"].map(str::to_owned));
        assert_eq!(rows[1][3..], ["0.00", "0.00", "0.00", "0.00", "0.00", "-30.00", "-30.00"].map(str::to_owned));
        let rows = read(biller.get("/staff/billing/day.csv?date=2026-12-31").await.must_be(200));
        assert_eq!(rows.len(), 2, "two equal payments are two lines");
        assert!(rows.iter().all(|row| row[0].starts_with("2027-01-01T04:30") && row[1] == "2026-12-31" && row[9] == "40.00"), "{rows:?}");
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let list = caller.get("/api/v1/reports/aging?limit=1").await.must_be(200).answer.json();
        let next = format!("/api/v1/reports/aging?cursor={}", list["next"].as_str().expect("a second page"));
        let rest = caller.get(&next).await.must_be(200).answer.json();
        let mut totals: Vec<i64> =
            [&list, &rest].iter().map(|list| list["rows"][0]["total"]["minor"].as_i64().expect("an amount")).collect();
        totals.sort_unstable();
        assert_eq!((totals, &rest["next"]), (vec![-3_000, 7_000], &serde_json::Value::Null));
        let sheet = caller.get("/api/v1/reports/day-sheet?date=2026-12-31").await.must_be(200).answer.json();
        let row = &sheet["rows"][0];
        assert_eq!((row["method"].as_str(), row["count"].as_i64(), row["amount"]["minor"].as_i64()), (Some("check"), Some(2), Some(-8_000)));
        caller.get("/api/v1/reports/day-sheet?date=yesterday").await.must_be(422);
        w.staff(Role::FrontDesk).await.get("/staff/billing/aging").await.must_be(403);
        must_be_whole(w).await;
    }

    async fn case_58_statements_made_at_once_have_numbers_of_their_own(w: &mut World) {
        let mut made = Vec::new();
        for n in 0..12 {
            let client = w.chart("Ana", &format!("Oak{}", char::from(b'a' + n))).await;
            charge(w, &client.chart_id, TODAY, 15_000).await;
            let (app, by, chart) = (w.app.clone(), w.riverbend.by(Role::Biller), client.chart_id);
            let scope = w.riverbend.scope.clone();
            made.push(tokio::spawn(async move {
                let inside = app.clone();
                let since = TODAY;
                let write = move |c: &mut Scoped<'_>| {
                    let id = statement::make(&inside, c, &by, NewStatement { chart, since, party: None })?.expect("made");
                    Ok(statement::read(c, chart, id)?.expect("a statement").number)
                };
                app.db.write(&scope, write).await.expect("no fault")
            }));
        }
        let mut numbers = Vec::new();
        for one in made {
            numbers.push(one.await.unwrap());
        }
        numbers.sort();
        let wanted: Vec<String> = (1..=12).map(|n| format!("S-{n:06}")).collect();
        assert_eq!(numbers, wanted);
    }

    async fn an_account_with_nothing_in_it_makes_no_statement(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("{}/statement", tab(&ana));
        send(&mut desk, &path, &[]).await.must_be(422).must_say("nothing to state");
    }

    async fn the_api_posts_pays_and_takes_back_once_for_a_key(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let at = format!("/api/v1/charts/{}", ana.chart_id);
        let charge = serde_json::json!({
            "on": "2026-11-30", "description": "Session", "amount": { "minor": 15_000, "currency": "USD" }
        });
        let mut once = program.clone().with("idempotency-key", "one");
        let first = api_post(&mut once, &format!("{at}/charges"), &charge, 201).await;
        let again = api_post(&mut once, &format!("{at}/charges"), &charge, 201).await;
        assert_eq!(first, again);
        let paid = serde_json::json!({
            "method": "check", "received_on": "2026-12-01", "reference": "1042",
            "amount": { "minor": 16_000, "currency": "USD" }
        });
        let payment = api_post(&mut program, &format!("{at}/payments"), &paid, 201).await;
        assert_eq!(payment["unused"]["minor"], 1_000);
        let payment = format!("/api/v1/payments/{}", payment["id"].as_str().unwrap());
        let back = |minor| serde_json::json!({
            "way": "check", "reason": "paid too much", "amount": { "minor": minor, "currency": "USD" }
        });
        let refused = api_post(&mut program, &format!("{payment}/refunds"), &back(1_001), 409).await;
        assert_eq!((&refused["type"], &refused["most"]["minor"]), (
            &serde_json::json!("urn:anteroom:problem:more-than-there-is"), &serde_json::json!(1_000)
        ));
        let refunded = api_post(&mut program, &format!("{payment}/refunds"), &back(1_000), 200).await;
        assert_eq!((&refunded["unused"]["minor"], refunded["refunds"].as_array().unwrap().len()), (&serde_json::json!(0), 1));
        let reason = serde_json::json!({ "reason": "a mistake" });
        let refused = api_post(&mut program, &format!("{payment}/undo"), &reason, 409).await;
        assert_eq!(refused["type"], "urn:anteroom:problem:payment-refunded");
        let charge = format!("/api/v1/charges/{}", first["id"].as_str().unwrap());
        let off = serde_json::json!({ "kind": "discount", "reason": "agreed", "amount": { "minor": 2_000, "currency": "USD" } });
        api_post(&mut program, &format!("{charge}/adjustments"), &off, 200).await;
        assert_eq!(api_post(&mut program, &format!("{charge}/void"), &reason, 200).await["state"], "void");
        assert_eq!(api_post(&mut program, &format!("{charge}/void"), &reason, 200).await["state"], "void");
        assert_eq!(account_by_api(w, &ana).await["balances"][0]["balance"]["minor"], -15_000);
        for (field, body) in [
            ("/amount/minor", serde_json::json!({ "on": "2026-12-01", "description": "x", "amount": { "minor": 0, "currency": "USD" } })),
            ("/amount/currency", serde_json::json!({ "on": "2026-12-01", "description": "x", "amount": { "minor": 5, "currency": "EUR" } })),
            ("/on", serde_json::json!({ "on": "2026-12-09", "description": "x", "amount": { "minor": 5, "currency": "USD" } })),
            ("/on", serde_json::json!({ "on": "20261128", "description": "x", "amount": { "minor": 5, "currency": "USD" } })),
            ("/on", serde_json::json!({ "on": "2026-11-28T10:00:00", "description": "x", "amount": { "minor": 5, "currency": "USD" } })),
            ("/description", serde_json::json!({ "on": "2026-12-01", "description": "4242 4242 4242 4242", "amount": { "minor": 5, "currency": "USD" } })),
        ] {
            let problem = api_post(&mut program, &format!("{at}/charges"), &body, 422).await;
            assert_eq!(problem["errors"][0]["pointer"], field, "{problem}");
        }
        must_be_whole(w).await;
    }

    async fn a_discount_of_a_paid_charge_becomes_credit(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let chart = ana.chart_id;
        let visit = charge(w, &chart, TODAY, 15_000).await;
        payment(w, &chart, TODAY, 10_000).await;
        payment(w, &chart, TODAY, 5_000).await;
        discount(w, &chart, visit, 6_000).await;
        assert_eq!(owed(w, chart).await, (0, 6_000, -6_000));
        // What is taken off cannot be more than the fee.
        let more = NewRelief { chart, charge: visit, relief: Relief::Discount, amount: usd(9_001), reason: "x".into() };
        assert_eq!(act(w, move |c, by| relieve(c, by, &more)).await, Err(Refused::TooMuch(usd(9_000))));
        let entry = entry_of(w, chart, EntryKind::Discount).await;
        assert_eq!(undo(w, chart, entry).await, Ok(Undone::Now));
        assert_eq!(owed(w, chart).await, (6_000, 6_000, 0));
        must_be_whole(w).await;
    }
}

/// A copy of a model, for a unit that may be run again.
fn clone(model: &Model) -> Model {
    Model { charges: model.charges.clone(), payments: model.payments.clone(), uses: model.uses.clone() }
}

fn tab(client: &Client) -> String {
    format!("/staff/charts/{}/billing", client.chart_id)
}

/// A number in letters, for names.
fn letters_of(mut n: u64) -> String {
    let mut text = String::new();
    loop {
        text.push(char::from(b'a' + u8::try_from(n % 26).unwrap()));
        n /= 26;
        if n == 0 {
            return text;
        }
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an account adds up to in the whole practice.
async fn sum_of(w: &World, account: Account) -> i64 {
    let amounts: Vec<i64> = w
        .look(move |c| posting::table.filter(posting::account.eq(account)).select(posting::amount).load(c))
        .await;
    amounts.iter().sum()
}

async fn owed_for(w: &World, chart: ChartId, charge: ChargeId) -> i64 {
    act(w, move |c, _| {
        let charge = billing::find_charge(c, chart, charge)?.expect("a charge");
        let (explained, _) = billing::explain(c, vec![charge])?;
        Ok(explained[0].owed.minor)
    })
    .await
}

/// Does the database refuse these statements, as one transaction? On a connection past the application.
async fn refuses(w: &World, sql: &str) -> bool {
    let (url, sql) = (w.database.url.clone(), sql.to_owned());
    let run = move || match &url {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("open the file");
            conn.batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;").expect("settings");
            conn.batch_execute(&format!("BEGIN IMMEDIATE; {sql} COMMIT;")).is_err()
        }
        DatabaseUrl::Postgres(text) => {
            let mut conn = PgConnection::establish(text).expect("reach the database");
            conn.batch_execute(&format!("BEGIN; {sql} COMMIT;")).is_err()
        }
    };
    tokio::task::spawn_blocking(run).await.expect("the statements ran")
}

/// What a program of the machine says about a file.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let ran = std::process::Command::new(program).args(arguments).output();
    let ran = ran.unwrap_or_else(|error| panic!("{program} (qpdf and poppler-utils are needed): {error}"));
    assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// What the API answers to a POST, which must be this status.
pub async fn api_post(
    program: &mut Browser,
    path: &str,
    body: &serde_json::Value,
    status: u16,
) -> serde_json::Value {
    let page = program.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await;
    assert_eq!(page.status(), status, "{path}: {}", page.answer.text());
    page.answer.json()
}

/// A chart's account as the API tells it.
async fn account_by_api(w: &World, client: &Client) -> serde_json::Value {
    let key = key(w, &w.riverbend, &[Scope::BillingRead]).await;
    let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
    let page = program.get(&format!("/api/v1/charts/{}/account", client.chart_id)).await;
    page.must_be(200).answer.json()
}
