//! The whole way of an account on a phone: staff post, the client sees why, staff undo, the client reads a statement.

use anteroom::features::billing::NewCharge;
use anteroom::features::billing::actions::post_charge;
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::Width;
use crate::pages;
use crate::support::checkouts::connect;

pages! {
    async fn case_28_the_whole_way_to_paid_works_without_scripts(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        connect(w).await;
        let (chart, by) = (ana.chart_id, w.riverbend.by(Role::Biller));
        let post = move |c: &mut anteroom::platform::db::Scoped<'_>| {
            let (on, description) = (jiff::civil::date(2026, 12, 1), "Session".to_owned());
            post_charge(c, &by, &NewCharge { chart, on, description, amount: Money::new(15_000, Currency::USD) })
        };
        w.app.db.write(&w.riverbend.scope, post).await.expect("no fault").expect("a charge");
        let chromium = Chromium::start();
        let mut phone = chromium.window_without_scripts(w, Width::Phone).await;
        phone.become_user(&client).await;
        phone.visit("/portal/account").await;
        phone.click("link", "Pay").await;
        phone.must_say("All that is due: $150.00").await;
        phone.click("button", "Continue").await;
        phone.must_say("The next page belongs to our payment provider").await;
        phone.must_be_accessible("the way to the payment page").await;
        // Another site's page, reached by a link: no form leads there.
        phone.click("link", "Continue to the secure payment page").await;
        phone.must_say("Test payment page").await;
        // The provider is asked again only after a moment.
        w.clock.advance_seconds(4);
        phone.click("button", "Pay").await;
        phone.must_say("Your payment of $150.00 is here").await;
        phone.must_be_accessible("a payment that is here").await;
        phone.visit("/portal/account").await;
        phone.must_say("You owe nothing").await;
        phone.close().await;
    }

    async fn a_charge_is_posted_paid_explained_and_taken_back_on_a_phone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (client, staff) = (w.registered(&ana).await, w.staff(Role::Biller).await);
        let chromium = Chromium::start();
        let mut desk = chromium.window(w, Width::Phone).await;
        let mut phone = chromium.window(w, Width::Phone).await;
        desk.become_user(&staff).await;
        phone.become_user(&client).await;

        phone.visit("/portal/account").await;
        phone.must_say("Nothing is due").await;
        phone.must_be_accessible("an empty account").await;

        desk.visit(&format!("/staff/charts/{}/billing", ana.chart_id)).await;
        desk.must_say("No charges yet").await;
        desk.must_be_accessible("an empty ledger").await;
        desk.click("link", "Add charge").await;
        // What is wrong stands beside its field, and what was typed stays.
        desk.fill("What for", "Session, 50 minutes").await;
        desk.fill("Amount in USD", "1,5").await;
        desk.click("button", "Post the charge").await;
        desk.must_say("Type the amount in digits").await;
        assert_eq!(desk.value("What for").await, "Session, 50 minutes");
        desk.must_be_accessible("a refused charge").await;
        desk.fill("Amount in USD", "150").await;
        desk.click("button", "Post the charge").await;
        desk.must_say("The charge is posted").await;
        desk.must_say("$150.00").await;

        desk.click("link", "Record payment").await;
        desk.must_say("$150.00 is open").await;
        desk.fill("Amount in USD", "40").await;
        desk.click("button", "Record the payment").await;
        desk.must_say("The payment is recorded").await;
        desk.must_say("$110.00").await;

        phone.visit("/portal/account").await;
        phone.must_say("$110.00").await;
        phone.must_be_accessible("an account").await;
        phone.click("link", "Why do I owe this?").await;
        phone.must_say("Our fee is $150.00").await;
        phone.must_say("$40.00 was used from").await;
        phone.must_say("In all you owe $110.00").await;
        phone.must_be_accessible("why something is owed").await;

        // Without the word that the payment is recorded, which stands over the foot of a phone's screen.
        desk.visit(&format!("/staff/charts/{}/billing", ana.chart_id)).await;
        desk.click("link", "Payment in cash").await;
        desk.must_say("Postings in the ledger").await;
        desk.must_be_accessible("an entry").await;
        desk.click("link", "Undo").await;
        desk.fill("Reason", "Recorded on the wrong chart").await;
        desk.click("button", "Undo").await;
        desk.must_say("It is undone").await;
        desk.must_be_accessible("an entry that was undone").await;

        desk.visit(&format!("/staff/charts/{}/billing/statement", ana.chart_id)).await;
        desk.click("button", "Make the statement").await;
        desk.must_say("The statement is made").await;
        desk.must_be_accessible("a statement").await;
        phone.visit("/portal/account").await;
        phone.must_say("$150.00").await;
        phone.click("link", "Statement S-000001").await;
        phone.must_say("New balance").await;
        phone.must_be_accessible("the client's statement").await;
        for (window, what) in [(&mut desk, "staff"), (&mut phone, "the client")] {
            assert_eq!(window.sideways().await, 0, "the statement of {what} scrolls sideways");
            window.must_have_asked_no_other_host().await;
        }
        desk.close().await;
        phone.close().await;
    }
}
