//! The whole way of an account on a phone: staff post, the client sees why, staff undo, the client reads a statement.

use anteroom::features::billing::NewCharge;
use anteroom::features::billing::actions::post_charge;
use anteroom::features::billing::statement::{self, NewStatement};
use anteroom::kernel::money::{Currency, Money};
use anteroom::platform::permissions::Role;

use super::chromium::Chromium;
use super::window::{DOWN, ENTER, Width};
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

    async fn case_70_an_account_on_a_phone_by_keyboard_alone_without_scripts_in_spanish(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        connect(w).await;
        let (app, chart, by) = (w.app.clone(), ana.chart_id, w.riverbend.by(Role::Biller));
        let post = move |c: &mut anteroom::platform::db::Scoped<'_>| {
            let (on, description) = (jiff::civil::date(2026, 12, 1), "Sesión de 50 minutos".to_owned());
            let amount = Money::new(15_000, Currency::USD);
            post_charge(c, &by, &NewCharge { chart, on, description, amount })?.expect("a charge");
            statement::make(&app, c, &by, NewStatement { chart, since: on, party: None })
        };
        w.app.db.write(&w.riverbend.scope, post).await.expect("no fault").expect("a statement");
        let chromium = Chromium::start();
        let mut phone = chromium.window_without_scripts(w, Width::Narrow).await;
        phone.become_user(&client).await;
        phone.visit("/portal/account?lang=es").await;
        phone.must_be_accessible("the account, in Spanish").await;
        phone.tab_to("¿Por qué debo esto?").await;
        phone.press(ENTER).await;
        phone.must_say("Nuestra tarifa es $150.00").await;
        phone.must_say("En total debe $150.00").await;
        phone.must_be_accessible("why something is owed, in Spanish").await;
        phone.tab_to("Mi cuenta").await;
        phone.press(ENTER).await;
        phone.must_come_to("/portal/account").await;
        phone.tab_to("Pagar").await;
        phone.press(ENTER).await;
        phone.must_come_to("/portal/account/pay").await;
        // Only the fields of the chosen way to pay are there; the tab key passes the others over.
        phone.must_not_say("Importe en USD").await;
        phone.tab_to("Todo lo pendiente").await;
        phone.press(DOWN).await;
        phone.press(DOWN).await;
        phone.must_say("Importe en USD").await;
        phone.must_be_accessible("another amount, in Spanish").await;
        phone.tab_to("Importe en USD").await;
        phone.press("veinte").await;
        phone.press(ENTER).await;
        phone.must_say("Escriba").await;
        phone.must_be_accessible("a refused amount, in Spanish").await;
        // By the line of the summary, which leads to it, to the field.
        phone.tab_to("Importe en USD").await;
        phone.tab_to("Importe en USD").await;
        // The field's text is marked as the focus comes to it by the tab key.
        phone.press("20").await;
        phone.tab_to("Continuar").await;
        phone.press(ENTER).await;
        phone.must_say("$20.00").await;
        phone.must_be_accessible("the way to the payment page, in Spanish").await;
        phone.tab_to("Continuar a la página de pago segura").await;
        phone.press(ENTER).await;
        phone.must_say("Test payment page").await;
        w.clock.advance_seconds(4);
        phone.tab_to("Pay").await;
        phone.press(ENTER).await;
        phone.must_say("Su pago de $20.00 ha llegado").await;
        phone.must_be_accessible("a payment that is here, in Spanish").await;
        phone.tab_to("Ver el recibo").await;
        phone.press(ENTER).await;
        phone.must_say("$20.00").await;
        phone.must_be_accessible("a receipt, in Spanish").await;
        phone.visit("/portal/account").await;
        phone.must_say("$130.00").await;
        phone.tab_to("Estado de cuenta S-000001").await;
        phone.press(ENTER).await;
        phone.must_say("$150.00").await;
        phone.must_be_accessible("a statement, in Spanish").await;
        assert_eq!(phone.sideways().await, 0, "the statement scrolls sideways at 320 px");
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
