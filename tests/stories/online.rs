//! Paying through the payment provider, over real HTTP with a provider on loopback. The numbers are those of the
//! acceptance cases of billing.

use anteroom::features::billing::actions::{
    NewRefund, Refused, pay_refund, record_payment, undo_payment, void_charge,
};
use anteroom::features::billing::lifecycle::{CheckoutState, RefundState, Refusal};
use anteroom::features::billing::online::run_due;
use anteroom::features::billing::online::store::find_checkout;
use anteroom::features::billing::{NewPayment, PaymentMethod, RefundWay, check, payments_of, refunds_of};
use anteroom::features::ledger::{Account, owed_of};
use anteroom::kernel::ids::{ChartId, PaymentId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::kernel::secrets::Secret;
use anteroom::platform::db::schema::{balance, checkout, provider_event, provider_task, receipt};
use anteroom::platform::pay::local::{BANK, DECLINED, Fault, HOOK_SECRET, PAYS, REFUND_FAILS, REFUND_WAITS};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use jiff::civil::{Date, date};

use crate::portal_people::{act, charge, enrolled, events, sign_in};
use crate::stories;
use crate::support::checkouts::{begin, connect};
use crate::support::world::Client;
use crate::support::{Browser, World};

const TODAY: Date = date(2026, 12, 1);

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A client with a phone, who owes, at a practice that is connected.
async fn owing(w: &mut World, minor: i64) -> (Client, Browser) {
    connect(w).await;
    let ana = w.chart("Ana", "Duarte").await;
    let who = enrolled(w, &ana).await;
    charge(w, &ana.chart_id, TODAY, minor).await;
    (ana, sign_in(w, &who.name).await)
}

/// What is owed on a chart: open, not used.
pub async fn owed(w: &World, chart: ChartId) -> (i64, i64) {
    let owed = act(w, move |c, _| owed_of(c, chart)).await;
    owed.first().map_or((0, 0), |owed| (owed.due, owed.credit))
}

/// The ledger is whole, and says of the provider's money what the provider says.
pub async fn must_be_whole(w: &World) {
    let found = act(w, |c, _| check(c)).await;
    assert_eq!(found.problems, [], "{} entries", found.entries);
    let here: Vec<i64> = w
        .look(|c| {
            balance::table.filter(balance::account.eq(Account::Processor)).select(balance::amount).load(c)
        })
        .await;
    assert_eq!(here.iter().sum::<i64>(), w.provider.balance(), "money at the provider");
}

/// Begins to pay by the pages; gives our payment and the provider's page.
async fn go(w: &World, phone: &mut Browser, fields: &[(&str, &str)]) -> (PaymentId, String) {
    let form = phone.get("/portal/account/pay").await;
    let sent = phone.submit(form.must_be(200), "/portal/account/pay", fields).await;
    let page = phone.follow(sent.must_be(303)).await;
    let url = page.must_be(200).link("/c/pay/");
    assert!(url.starts_with(w.provider.origin()), "{url}");
    let payment = page.path.split('/').nth(4).and_then(|id| id.parse().ok()).expect("the payment's id");
    (payment, url.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Sends every event of the provider that was not sent yet, and does what follows.
pub async fn tell(w: &World, sent: &mut usize) {
    for event in w.provider.events().into_iter().skip(*sent) {
        assert_eq!(w.provider.send(&event).await, Some(200), "{event}");
        *sent += 1;
    }
    run_due(&w.app).await.expect("no fault");
}

async fn state(w: &World, id: PaymentId) -> CheckoutState {
    act(w, move |c, _| find_checkout(c, id)).await.expect("a checkout").state
}

/// How many payments, receipts and entries of the trail there are.
async fn booked(w: &World, chart: ChartId) -> (usize, i64, i64) {
    let payments = act(w, move |c, _| payments_of(c, chart, None, 100)).await.len();
    let receipts: i64 = w.look(|c| receipt::table.count().get_result(c)).await;
    (payments, receipts, events(w, "payment.succeeded").await)
}

fn new_refund(chart: ChartId, payment: PaymentId, minor: i64) -> NewRefund {
    NewRefund { chart, payment, way: RefundWay::Provider, amount: usd(minor), reason: "asked".into() }
}

/// A paid checkout whose charge was taken back, so that all of it is credit.
async fn paid_and_free(w: &mut World, card: &str, sent: &mut usize) -> (Client, PaymentId) {
    let (ana, mut phone) = owing(w, 15_000).await;
    let (payment, session) = go(w, &mut phone, &[]).await;
    w.provider.pay(&session, card).expect("paid");
    tell(w, sent).await;
    let chart = ana.chart_id;
    let charge = act(w, move |c, _| anteroom::features::billing::charges_of(c, chart, None, 10)).await;
    let charge = charge[0].charge_id;
    act(w, move |c, by| void_charge(c, by, chart, charge, "moved")).await.expect("taken back");
    assert_eq!(owed(w, chart).await, (0, 15_000));
    (ana, payment)
}

/// Events of one practice; a release asks for 10,000.
fn how_many() -> usize {
    std::env::var("ANTEROOM_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

stories! {
    async fn case_22_only_what_is_due_can_be_paid_and_a_practice_without_a_provider_shows_no_button(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        charge(w, &ana.chart_id, TODAY, 15_000).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/account").await.must_be(200).must_not_say("/portal/account/pay");
        phone.get("/portal/account/pay").await.must_be(404);
        connect(w).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let of_bo = charge(w, &bo.chart_id, TODAY, 9_000).await.to_string();
        phone.get("/portal/account").await.link("/portal/account/pay");
        let form = phone.get("/portal/account/pay").await;
        for (fields, said) in [
            ([("what", "amount"), ("amount", "-3000")], "Type the amount in digits"),
            ([("what", "amount"), ("amount", "0")], "more than zero"),
            ([("what", "amount"), ("amount", "1,5")], "Type the amount in digits"),
            ([("what", "amount"), ("amount", "150.01")], "$150.00 at most"),
            ([("what", "amount"), ("amount", "0.49")], "$0.50 or more"),
            ([("what", "charges"), ("amount", "")], "Choose at least one charge"),
            ([("what", "nonsense"), ("amount", "")], "Choose one"),
        ] {
            let page = phone.submit(&form, "/portal/account/pay", &fields).await;
            page.must_be(422).must_say(said);
        }
        let of_another = [("what", "charges"), ("charge", of_bo.as_str())];
        phone.submit(&form, "/portal/account/pay", &of_another).await.must_be(404);
        let rows: i64 = w.look(|c| checkout::table.count().get_result(c)).await;
        assert_eq!((rows, w.provider.open_sessions().len()), (0, 0));
    }

    async fn the_next_page_has_the_way_to_pay_also_where_the_worker_asks_the_provider_first(w: &mut World) {
        let (_, mut phone) = owing(w, 15_000).await;
        let (_stopper, stop) = anteroom::platform::stop::signal();
        tokio::spawn(anteroom::features::billing::work_with_provider(w.app.clone(), stop));
        for _ in 0..20 {
            go(w, &mut phone, &[]).await;
        }
        assert_eq!(w.provider.open_sessions().len(), 1, "each page before was closed");
    }

    async fn case_23_a_double_click_and_two_tabs_leave_one_page_on_which_somebody_can_pay(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (first, second) = (phone.get("/portal/account/pay").await, phone.get("/portal/account/pay").await);
        let one = phone.submit(&first, "/portal/account/pay", &[]).await;
        let again = phone.submit(&first, "/portal/account/pay", &[]).await;
        assert_eq!(one.location(), again.location(), "a double click begins one payment");
        assert_eq!(w.provider.open_sessions().len(), 1);
        let old = w.provider.open_sessions().remove(0);
        // The other tab closes the page of the first.
        let other = phone.submit(&second, "/portal/account/pay", &[("what", "amount"), ("amount", "50")]).await;
        phone.follow(other.must_be(303)).await.must_say("$50.00").link("/c/pay/");
        let open = w.provider.open_sessions();
        assert!(open.len() == 1 && open[0] != old, "{open:?}");
        assert!(w.provider.pay(&old, PAYS).is_err(), "nobody pays on a page that was closed");
        w.provider.pay(&open[0], PAYS).expect("paid");
        tell(w, &mut 0).await;
        assert_eq!(owed(w, ana.chart_id).await, (10_000, 0));
        assert_eq!(w.provider.payments(), 1);
        must_be_whole(w).await;
    }

    async fn case_24_a_charge_taken_back_closes_the_page_and_money_that_comes_anyway_is_credit(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (chart, mut sent) = (ana.chart_id, 0);
        let (payment, session) = go(w, &mut phone, &[]).await;
        let charge = act(w, move |c, _| anteroom::features::billing::charges_of(c, chart, None, 1)).await;
        let charge = charge[0].charge_id;
        act(w, move |c, by| void_charge(c, by, chart, charge, "by mistake")).await.expect("taken back");
        // The client was faster than the closing.
        w.provider.pay(&session, PAYS).expect("paid");
        tell(w, &mut sent).await;
        assert_eq!((owed(w, chart).await, state(w, payment).await), ((0, 15_000), CheckoutState::Paid));
        must_be_whole(w).await;
        // And where nobody was, the page is closed.
        crate::portal_people::charge(w, &chart, TODAY, 40_000).await;
        let (_, session) = go(w, &mut phone, &[]).await;
        act(w, move |c, by| {
            let method = PaymentMethod::Cash;
            let new = NewPayment { chart, received_on: TODAY, method, reference: String::new(), amount: usd(25_000), pays: None, payer: None };
            record_payment(c, by, &new)
        }).await.expect("recorded");
        run_due(&w.app).await.expect("no fault");
        assert!(w.provider.open_sessions().is_empty() && w.provider.pay(&session, PAYS).is_err());
        phone.get("/portal/account").await.must_say("You owe nothing");
    }

    async fn case_25_what_the_desk_takes_in_and_the_client_pays_online_are_both_money(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let chart = ana.chart_id;
        let (_, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        act(w, move |c, by| {
            let method = PaymentMethod::Cash;
            let new = NewPayment { chart, received_on: TODAY, method, reference: String::new(), amount: usd(15_000), pays: None, payer: None };
            record_payment(c, by, &new)
        }).await.expect("recorded");
        tell(w, &mut 0).await;
        assert_eq!(owed(w, chart).await, (0, 15_000), "the second stays credit");
        phone.get("/portal/account").await.must_say("$150.00").must_say("in your favor");
        must_be_whole(w).await;
    }

    async fn case_26_return_page_and_webhook_in_any_order_book_once(w: &mut World) {
        let (ana, mut phone) = owing(w, 300_000).await;
        let (chart, mut sent) = (ana.chart_id, 0);
        for round in 0..6 {
            let (payment, session) = go(w, &mut phone, &[("what", "amount"), ("amount", "10")]).await;
            w.provider.pay(&session, PAYS).expect("paid");
            let back = format!("/portal/account/pay/{payment}");
            let news: Vec<String> = w.provider.events().into_iter().skip(sent).collect();
            sent += news.len();
            // Nobody pays within the moment in which the page is made.
            w.clock.advance_seconds(4);
            match round % 3 {
                0 => {
                    phone.get(&back).await.must_say("Your payment of $10.00 is here");
                    for event in &news { w.provider.send(event).await; }
                }
                1 => {
                    for event in &news { w.provider.send(event).await; }
                    run_due(&w.app).await.expect("no fault");
                    phone.get(&back).await.must_say("Your payment of $10.00 is here");
                }
                _ => {
                    let mut other = phone.clone();
                    let sending = async { for event in &news { w.provider.send(event).await; } };
                    let working = async { run_due(&w.app).await.expect("no fault") };
                    tokio::join!(phone.get(&back), other.get(&back), sending, working);
                }
            }
            run_due(&w.app).await.expect("no fault");
            let count = usize::try_from(round).unwrap() + 1;
            let all = i64::from(round) + 1;
            assert_eq!(booked(w, chart).await, (count, all, all), "round {round}");
        }
        assert_eq!(owed(w, chart).await, (294_000, 0));
        // One mail an hour says that there is something new, and nothing of what it is.
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains('$') && !mail.text.contains("pay"), "{}", mail.text);
        assert_eq!(w.unread_to(&ana.email).await, 0);
        let receipt = phone.get("/portal/account").await.link("/portal/account/receipts/");
        phone.get(&receipt).await.must_say("Receipt R-00000").must_say("$10.00").must_say("4242").must_say("Visit");
        let file = phone.get(&format!("{receipt}/pdf")).await;
        assert!(file.must_be(200).answer.body.starts_with(b"%PDF"));
        must_be_whole(w).await;
    }

    async fn case_27_a_page_that_ended_is_not_paid_whatever_the_provider_says_there(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (payment, session) = go(w, &mut phone, &[]).await;
        w.clock.advance_seconds(3 * 3_600);
        let theirs = Browser::new(w.provider.origin().trim_start_matches("http://").parse().unwrap())
            .get(&format!("/c/pay/{session}")).await;
        theirs.must_say("You did it");
        let who = ana.email.clone();
        let mut phone = sign_in(w, &who).await;
        phone.get(&format!("/portal/account/pay/{payment}")).await.must_say("Not paid").must_say("nothing was charged");
        assert_eq!((state(w, payment).await, owed(w, ana.chart_id).await), (CheckoutState::Expired, (15_000, 0)));
    }

    async fn case_29_a_bank_that_takes_days_is_processing_until_it_answers(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (chart, mut sent) = (ana.chart_id, 0);
        let (payment, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, BANK).expect("on its way");
        tell(w, &mut sent).await;
        phone.get(&format!("/portal/account/pay/{payment}")).await.must_say("Your payment is being processed");
        let account = phone.get("/portal/account").await;
        account.must_say("$150.00").must_say("is being processed");
        assert_eq!(booked(w, chart).await, (0, 0, 0));
        // It cannot be paid a second time meanwhile.
        phone.get("/portal/account/pay").await.must_say("Nothing is due");
        w.provider.bank_answers(&session, true);
        tell(w, &mut sent).await;
        assert_eq!((owed(w, chart).await, booked(w, chart).await), ((0, 0), (1, 1, 1)));
        must_be_whole(w).await;
        // A bank that says no.
        charge(w, &chart, TODAY, 8_000).await;
        let (payment, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, BANK).expect("on its way");
        tell(w, &mut sent).await;
        w.provider.bank_answers(&session, false);
        tell(w, &mut sent).await;
        assert_eq!((state(w, payment).await, owed(w, chart).await), (CheckoutState::Failed, (8_000, 0)));
        phone.get(&format!("/portal/account/pay/{payment}")).await.must_say("did not go through");
        w.staff(Role::Biller).await.get(&format!("/staff/charts/{chart}/billing")).await.must_say("Did not go through");
    }

    async fn case_30_a_lost_answer_is_asked_for_again_under_the_same_key(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        w.provider.fault(Fault::DropAnswer(1));
        let form = phone.get("/portal/account/pay").await;
        let sent = phone.submit(&form, "/portal/account/pay", &[]).await;
        let waiting = phone.follow(sent.must_be(303)).await;
        waiting.must_say("not ready yet");
        w.clock.advance_seconds(10);
        run_due(&w.app).await.expect("no fault");
        let page = phone.get(&waiting.path).await;
        let session = page.link("/c/pay/").rsplit('/').next().unwrap_or_default().to_owned();
        assert_eq!(w.provider.open_sessions(), std::slice::from_ref(&session), "asked for twice, made once");
        let asked: Vec<String> =
            w.provider.requests().into_iter().filter(|line| line.starts_with("POST /v1/checkout/sessions ")).collect();
        assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "the same bytes");
        // Too busy, then out of order: nothing is booked, nothing is lost.
        w.provider.pay(&session, PAYS).expect("paid");
        w.provider.fault(Fault::Answer(429, 1));
        w.provider.fault(Fault::Answer(500, 1));
        tell(w, &mut 0).await;
        assert_eq!(owed(w, ana.chart_id).await, (15_000, 0));
        for _ in 0..3 {
            w.clock.advance_seconds(30);
            run_due(&w.app).await.expect("no fault");
        }
        assert_eq!(owed(w, ana.chart_id).await, (0, 0));
        must_be_whole(w).await;
    }

    async fn case_32_the_provider_is_told_an_amount_and_opaque_ids(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (_, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        tell(w, &mut 0).await;
        let told = format!("{} {}", w.provider.requests().join(" "), w.provider.everything());
        for secret in ["Ana", "Duarte", ana.email.as_str(), "Visit", ana.number.as_str(), "receipt_email"] {
            assert!(!told.contains(secret), "the provider was told {secret}");
        }
    }

    async fn case_33_news_twice_late_out_of_order_or_never_book_the_same(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (chart, mut sent) = (ana.chart_id, 0);
        let (_, session) = go(w, &mut phone, &[("what", "amount"), ("amount", "20")]).await;
        w.provider.pay(&session, DECLINED).expect_err("declined");
        w.provider.pay(&session, PAYS).expect("paid");
        let news = w.provider.events();
        for event in news.iter().rev().chain(&news) {
            assert_eq!(w.provider.send(event).await, Some(200));
        }
        sent += news.len();
        run_due(&w.app).await.expect("no fault");
        assert_eq!((owed(w, chart).await, booked(w, chart).await), ((13_000, 0), (1, 1, 1)));
        let taken: i64 = w.look(|c| provider_event::table.count().get_result(c)).await;
        assert_eq!(taken, i64::try_from(news.len()).unwrap(), "each event once");
        // The news never comes and nobody comes back: the job asks.
        let (never, session) = go(w, &mut phone, &[("what", "amount"), ("amount", "30")]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        w.clock.advance_seconds(11 * 60);
        w.run_due_jobs().await;
        run_due(&w.app).await.expect("no fault");
        assert_eq!((owed(w, chart).await, state(w, never).await), ((10_000, 0), CheckoutState::Paid));
        // It comes three days late.
        w.clock.advance_seconds(3 * 24 * 3_600);
        tell(w, &mut sent).await;
        assert_eq!((owed(w, chart).await, booked(w, chart).await), ((10_000, 0), (2, 2, 2)));
        let left: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        assert_eq!(left, 0, "nothing is left to ask");
        must_be_whole(w).await;
    }

    async fn case_34_a_process_that_dies_between_two_steps_loses_nothing_and_books_nothing_twice(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let chart = ana.chart_id;
        let (payment, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        for event in w.provider.events() {
            assert_eq!(w.provider.send(&event).await, Some(200));
        }
        // Another process took the task, and died with it: before it asked, or after.
        let until = w.now().plus_seconds(60);
        let died = move |c: &mut anteroom::platform::db::Conn| {
            diesel::update(provider_task::table)
                .set((
                    provider_task::state.eq("running"),
                    provider_task::attempt.eq(provider_task::attempt + 1),
                    provider_task::next_at.eq(until),
                ))
                .execute(c)
        };
        assert!(w.tamper(died).await >= 1);
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (15_000, 0), "the claim of the other holds");
        w.clock.advance_seconds(61);
        let neighbour = w.neighbour().await;
        let (here, there) = tokio::join!(run_due(&w.app), run_due(&neighbour.app));
        assert!(here.is_ok() && there.is_ok());
        run_due(&w.app).await.expect("no fault");
        assert_eq!((owed(w, chart).await, booked(w, chart).await), ((0, 0), (1, 1, 1)));
        assert_eq!(state(w, payment).await, CheckoutState::Paid);
        must_be_whole(w).await;
    }

    async fn case_35_36_a_webhook_is_taken_only_as_it_was_signed_and_only_for_a_while(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (_, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        let event = w.provider.events().pop().expect("an event");
        let (ours, other) = (Secret::new(HOOK_SECRET.to_owned()), Secret::new("whsec_of_twin_oaks_0123456789".into()));
        let now = w.now();
        let sign = |secrets: &[Secret], at| { let secrets = secrets.to_vec(); let event = event.clone(); async move { (secrets, at, event) } };
        let send = async |secrets: &[Secret], seconds: i64| {
            let (secrets, at, event) = sign(secrets, now.plus_seconds(seconds)).await;
            w.provider.send_signed(&event, &secrets, at).await
        };
        assert_eq!(send(std::slice::from_ref(&other), 0).await, Some(400));
        assert_eq!(send(&[], 0).await, Some(400));
        assert_eq!(send(std::slice::from_ref(&ours), -361).await, Some(400));
        assert_eq!(send(std::slice::from_ref(&ours), 361).await, Some(400));
        let taken: i64 = w.look(|c| provider_event::table.count().get_result(c)).await;
        assert_eq!(taken, 0, "nothing of them is kept");
        // Whoever looks after the provider is told of the clock.
        let mut admin = w.staff(Role::Administrator).await;
        admin.get("/staff/practice/payments").await.must_say("its time is not ours").must_say("On, for trying out");
        assert_eq!(send(&[other, ours], 299).await, Some(200), "two signatures while a secret is changed");
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, ana.chart_id).await, (0, 0));
        // Of a practice without a provider there is no such address.
        w.provider.tell(format!("http://{}/hooks/stripe/{}", w.address, w.twinoaks.scope.id()), anteroom::platform::pay::local::Delivery::Held);
        assert_eq!(w.provider.send(&event).await, Some(404));
    }

    async fn case_37_news_of_an_unknown_kind_or_of_the_other_mode_is_taken_and_left_alone(w: &mut World) {
        connect(w).await;
        let event = |kind: &str, live: bool| serde_json::json!({
            "id": format!("evt_{kind}_{live}"), "type": kind, "created": 1_796_137_200, "livemode": live,
            "api_version": "2031-01-01.unknown", "data": { "object": { "id": "cs_test_9", "new": true } },
        }).to_string();
        assert_eq!(w.provider.send(&event("invoice.something_new", false)).await, Some(200));
        assert_eq!(w.provider.send(&event("checkout.session.completed", true)).await, Some(200));
        assert_eq!(w.provider.send("{}").await, Some(400));
        let rows: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        assert_eq!(rows, 0);
        // An object that is not ours ends without a trace.
        assert_eq!(w.provider.send(&event("checkout.session.completed", false)).await, Some(200));
        run_due(&w.app).await.expect("no fault");
        let rows: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        assert_eq!(rows, 0);
    }

    async fn case_38_much_news_of_one_practice_delays_no_others_and_is_answered_at_once(w: &mut World) {
        connect(w).await;
        let (app, by) = (w.app.clone(), w.twinoaks.by(Role::Administrator));
        let (key, hook) = (Secret::new(anteroom::platform::pay::local::KEY.to_owned()), Secret::new(HOOK_SECRET.to_owned()));
        let set_up = move |c: &mut anteroom::platform::db::Scoped<'_>| {
            anteroom::features::billing::online::connect_with(&app, c, &by, anteroom::platform::pay::Mode::Test, &key, &hook, None)
        };
        w.app.db.write(&w.twinoaks.scope, set_up).await.expect("set up");
        let event = |n: usize, object: &str| serde_json::json!({
            "id": format!("evt_{object}_{n}"), "type": "checkout.session.completed", "created": 1_796_137_200, "livemode": false,
            "data": { "object": { "id": format!("cs_test_{object}{n}") } },
        }).to_string();
        // The worker is slow: the provider lets whoever asks wait. Each is answered all the same.
        w.provider.fault(Fault::Wait(anteroom::platform::pay::local::Done::Not));
        assert_eq!(w.provider.send(&event(0, "many")).await, Some(200));
        let working = tokio::spawn({ let app = w.app.clone(); async move { run_due(&app).await } });
        let mut slowest = std::time::Duration::ZERO;
        for n in 1..how_many() {
            let began = std::time::Instant::now();
            assert_eq!(w.provider.send(&event(n, "many")).await, Some(200));
            slowest = slowest.max(began.elapsed());
        }
        assert!(slowest < std::time::Duration::from_secs(1), "{slowest:?}");
        working.abort();
        let _ = working.await;
        let asked = w.provider.requests().len();
        w.provider.tell(format!("http://{}/hooks/stripe/{}", w.address, w.twinoaks.scope.id()), anteroom::platform::pay::local::Delivery::Held);
        assert_eq!(w.provider.send(&event(0, "one")).await, Some(200));
        w.clock.advance_seconds(61);
        run_due(&w.app).await.expect("no fault");
        let at = w.provider.requests().iter().skip(asked).position(|line| line.contains("cs_test_one0")).expect("asked for");
        assert!(at < 32, "another practice's news was the {at}th to be asked for");
        let left: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        assert_eq!(left, 0);
    }

    async fn case_39_40_41_refunds_go_back_once_each_and_never_more_than_there_is(w: &mut World) {
        let mut sent = 0;
        let (ana, payment) = paid_and_free(w, PAYS, &mut sent).await;
        let chart = ana.chart_id;
        // By the page, clicked twice.
        let mut desk = w.staff(Role::Biller).await;
        let path = format!("/staff/charts/{chart}/billing/payments/{payment}/refund");
        let form = desk.get(&path).await;
        let fields = [("amount", "20"), ("way", "provider"), ("reason", "asked for it")];
        desk.submit(&form, &path, &fields).await.must_be(303);
        desk.submit(&form, &path, &fields).await.must_be(303);
        // The same amount once more is another refund.
        act(w, move |c, by| pay_refund(c, by, &new_refund(chart, payment, 2_000))).await.expect("refunded");
        run_due(&w.app).await.expect("no fault");
        tell(w, &mut sent).await;
        let refunds = act(w, move |c, _| refunds_of(c, payment)).await;
        assert_eq!(refunds.iter().map(|one| (one.amount, one.state)).collect::<Vec<_>>(),
            [(2_000, RefundState::Succeeded), (2_000, RefundState::Succeeded)]);
        assert_eq!((w.provider.refunds(), owed(w, chart).await), (2, (0, 11_000)));
        let more = act(w, move |c, by| pay_refund(c, by, &new_refund(chart, payment, 11_001))).await;
        assert_eq!(more.unwrap_err(), Refused::TooMuch(usd(11_000)));
        let undone = act(w, move |c, by| undo_payment(c, by, chart, payment, "no")).await;
        assert_eq!(undone.unwrap_err(), Refused::LifeCycle(Refusal::AtProvider));
        // Many at once: together they are what is left.
        let mut asked = Vec::new();
        for _ in 0..8 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::Biller));
            asked.push(tokio::spawn(async move {
                app.db.write(&scope, move |c| pay_refund(c, &by, &new_refund(chart, payment, 4_000))).await
            }));
        }
        let mut taken = 0;
        for one in asked {
            taken += usize::from(one.await.unwrap().expect("no fault").is_ok());
        }
        assert_eq!(taken, 2);
        run_due(&w.app).await.expect("no fault");
        tell(w, &mut sent).await;
        assert_eq!((w.provider.refunds(), owed(w, chart).await), (4, (0, 3_000)));
        must_be_whole(w).await;
    }

    async fn case_42_a_refund_on_its_way_stays_so_and_one_that_fails_is_credit_again(w: &mut World) {
        let mut sent = 0;
        let (ana, payment) = paid_and_free(w, REFUND_WAITS, &mut sent).await;
        let chart = ana.chart_id;
        act(w, move |c, by| pay_refund(c, by, &new_refund(chart, payment, 5_000))).await.expect("refunded");
        run_due(&w.app).await.expect("no fault");
        tell(w, &mut sent).await;
        let state = async || act(w, move |c, _| refunds_of(c, payment)).await[0].state;
        assert_eq!((state().await, owed(w, chart).await), (RefundState::Pending, (0, 10_000)));
        w.provider.finish_refund("succeeded");
        tell(w, &mut sent).await;
        assert_eq!((state().await, events(w, "refund.arrived").await), (RefundState::Succeeded, 1));
        must_be_whole(w).await;
        // Failed after it had arrived.
        w.provider.finish_refund("failed");
        tell(w, &mut sent).await;
        assert_eq!((state().await, owed(w, chart).await), (RefundState::Failed, (0, 15_000)));
        must_be_whole(w).await;
    }

    async fn case_42_a_refund_that_fails_at_once_is_told_to_nobody(w: &mut World) {
        let mut sent = 0;
        let (ana, payment) = paid_and_free(w, REFUND_FAILS, &mut sent).await;
        let chart = ana.chart_id;
        w.mail_to(&ana.email).await;
        w.clock.advance_seconds(2 * 3_600);
        act(w, move |c, by| pay_refund(c, by, &new_refund(chart, payment, 5_000))).await.expect("refunded");
        // The answer to our call is lost, and the event comes first.
        w.provider.fault(Fault::DropAnswer(1));
        run_due(&w.app).await.expect("no fault");
        tell(w, &mut sent).await;
        w.clock.advance_seconds(30);
        run_due(&w.app).await.expect("no fault");
        let refunds = act(w, move |c, _| refunds_of(c, payment)).await;
        assert_eq!((refunds.len(), refunds[0].state, owed(w, chart).await), (1, RefundState::Failed, (0, 15_000)));
        assert_eq!(w.unread_to(&ana.email).await, 0, "nobody hears of a refund that did not arrive");
        must_be_whole(w).await;
    }

    async fn case_45_a_refund_made_at_the_provider_is_booked_once(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let (chart, mut sent) = (ana.chart_id, 0);
        let (payment, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        tell(w, &mut sent).await;
        assert_eq!(owed(w, chart).await, (0, 0));
        w.provider.refund_by_hand(4_000).expect("refunded");
        let news: Vec<String> = w.provider.events().into_iter().skip(sent).collect();
        tell(w, &mut sent).await;
        for event in news {
            w.provider.send(&event).await;
        }
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (4_000, 0), "so much is owed again");
        assert_eq!(act(w, move |c, _| refunds_of(c, payment)).await.len(), 1);
        assert_eq!(events(w, "refund.at_provider").await, 1);
        must_be_whole(w).await;
    }

    async fn a_refund_at_the_provider_of_more_than_is_left_is_booked_as_far_as_it_goes_and_staff_see_it(w: &mut World) {
        let mut sent = 0;
        let (ana, payment) = paid_and_free(w, PAYS, &mut sent).await;
        let chart = ana.chart_id;
        let cash = NewRefund { way: RefundWay::Cash, ..new_refund(chart, payment, 12_000) };
        act(w, move |c, by| pay_refund(c, by, &cash)).await.expect("paid in cash");
        w.provider.refund_by_hand(4_000).expect("refunded");
        tell(w, &mut sent).await;
        run_due(&w.app).await.expect("no fault");
        assert_eq!(owed(w, chart).await, (0, 0));
        assert_eq!(events(w, "refund.differs").await, 1);
        let amounts: Vec<i64> = act(w, move |c, _| refunds_of(c, payment)).await.iter().map(|r| r.amount).collect();
        assert_eq!(amounts.iter().sum::<i64>(), 15_000, "{amounts:?}");
        let found = act(w, |c, _| check(c)).await;
        assert_eq!(found.problems, []);
        w.staff(Role::Administrator).await.get("/staff/audit").await.must_say("paid back more than was left");
        let waiting: i64 = w.look(|c| provider_task::table.count().get_result(c)).await;
        assert_eq!(waiting, 0, "nothing is asked again and again");
    }

    async fn another_amount_than_was_asked_for_stays_credit_and_staff_see_it(w: &mut World) {
        let (ana, mut phone) = owing(w, 15_000).await;
        let chart = ana.chart_id;
        let (_, session) = go(w, &mut phone, &[]).await;
        w.provider.pay(&session, PAYS).expect("paid");
        w.provider.receive(&session, 14_000);
        tell(w, &mut 0).await;
        assert_eq!(owed(w, chart).await, (15_000, 14_000));
        w.staff(Role::Biller).await.get(&format!("/staff/charts/{chart}/billing")).await.must_say("Another amount came in");
        w.staff(Role::Administrator).await.get("/staff/practice/payments").await.must_say("$140.00 came in, $150.00 was asked for");
        must_be_whole(w).await;
    }

    async fn the_keys_are_tried_sealed_and_never_shown(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let path = "/staff/practice/payments";
        let page = admin.get(path).await;
        page.must_be(200).must_say("Off");
        for (key, secret, said) in [
            ("pk_test_1", HOOK_SECRET, "not an API key"),
            ("sk_live_123456", HOOK_SECRET, "only a test key"),
            ("sk_test_wrong", HOOK_SECRET, "does not accept this key"),
            ("sk_test_local", "nonsense", "not a signing secret"),
        ] {
            let answer = admin.submit(&page, path, &[("api_secret", key), ("hook_secret", secret)]).await;
            answer.must_be(422).must_say(said).must_not_say(key);
        }
        // All that is wrong is said at once, and what has to be typed again.
        let wrong = [("api_secret", "pk_test_1"), ("hook_secret", "nonsense"), ("next_secret", "whsec")];
        let answer = admin.submit(&page, path, &wrong).await;
        answer.must_be(422).must_say("not an API key").must_say("3 things");
        assert_eq!(answer.words().matches("not a signing secret").count(), 4, "in the summary and beside each field");
        answer.must_say("what you typed is not shown again").must_say("Second signing secret");
        w.provider.fault(Fault::Answer(500, 1));
        let answer = admin.submit(&page, path, &[("api_secret", "sk_test_local"), ("hook_secret", HOOK_SECRET)]).await;
        answer.must_be(422).must_say("Stripe does not answer").must_say("what you typed is not shown again");
        let saved = [("api_secret", "sk_test_local"), ("hook_secret", HOOK_SECRET)];
        let answer = admin.submit(&page, path, &saved).await;
        let page = admin.follow(answer.must_be(303)).await;
        page.must_say("Online payments are on").must_not_say("sk_test_local").must_not_say(HOOK_SECRET);
        // An empty field keeps what is saved.
        let answer = admin.submit(&page, path, &[("next_secret", "whsec_next_0123456789abcdef")]).await;
        admin.follow(answer.must_be(303)).await.must_say("Online payments are on");
        let dump = w.dump().await;
        let all = format!("{dump:?}");
        assert!(!all.contains("sk_test_local") && !all.contains(HOOK_SECRET), "a key stands in the clear");
        let off = admin.get(path).await;
        admin.submit_and_follow(&off, "/staff/practice/payments/off", &[]).await.must_say("Online payments are off");
        assert_eq!(events(w, "provider.connected").await, 2);
    }

    async fn a_page_that_the_provider_will_not_make_charges_nothing(w: &mut World) {
        let (_, mut phone) = owing(w, 15_000).await;
        w.provider.fault(Fault::Answer(400, 1));
        let form = phone.get("/portal/account/pay").await;
        let sent = phone.submit(&form, "/portal/account/pay", &[]).await;
        phone.follow(sent.must_be(303)).await.must_say("could not be opened");
        let begun = phone.get("/portal/account/pay").await;
        begun.must_say("All that is due: $150.00");
    }

    async fn a_way_to_pay_that_nobody_finished_is_closed_by_the_next_one(w: &mut World) {
        let (ana, _) = owing(w, 15_000).await;
        let access = crate::support::rows::access_of(w, &ana).await;
        let first = begin(w, ana.chart_id, access).await;
        assert_eq!(state(w, first).await, CheckoutState::Started);
        anteroom::features::billing::online::close_open(&w.app, &w.riverbend.scope, (ana.chart_id, ana.person_id)).await.expect("closed");
        let second = begin(w, ana.chart_id, access).await;
        assert_eq!((state(w, first).await, state(w, second).await), (CheckoutState::Expired, CheckoutState::Started));
        assert_eq!(w.provider.open_sessions().len(), 1);
    }
}
