//! Home, the switcher between charts, what a grant lets its holder see.

use std::collections::BTreeMap;

use anteroom::features::documents::{Recipient, Telling};
use anteroom::features::ledger;
use anteroom::platform::db::schema::document as document_table;
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use jiff::civil::date;

use crate::portal_people::{
    self as people, account, act, appointment, charge, discount, document, enrolled, grant, payment, sign_in,
};
use crate::stories;
use crate::support::{Browser, papers};

/// Opens every page that links lead to from this one; each answers, and none names an amount of nothing. An address
/// with another query is opened three times at most: a calendar has no end.
async fn walk(browser: &mut Browser, from: &str) -> usize {
    let (mut open, mut seen) = (vec![from.to_owned()], BTreeMap::<String, usize>::new());
    while let Some(path) = open.pop() {
        let page = browser.visit(&path).await;
        assert_eq!(page.status(), 200, "{path}: {}", page.words());
        page.must_not_say("$0.00");
        for link in crate::support::form::links(&page.html()) {
            let bare = link.split(['?', '#']).next().unwrap_or_default().to_owned();
            let is_page = link.starts_with('/') && !link.starts_with("/assets") && !link.contains("lang=");
            if !is_page || bare.is_empty() {
                continue;
            }
            let times = seen.entry(bare).or_default();
            if *times < 3 && !open.contains(&link) {
                *times += 1;
                open.push(link);
            }
        }
    }
    seen.len()
}

stories! {
    async fn a_practice_without_billing_shows_no_amount_and_no_link_leads_nowhere(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        document(w, &ana.chart_id, "Notice of Privacy Practices", "Read me.").await;
        appointment(w, &ana.chart_id, 26).await;
        let mut client = sign_in(w, &who.name).await;
        assert!(walk(&mut client, "/portal").await > 5);
        let billing = format!("/staff/charts/{}/billing", ana.chart_id);
        let mut biller = w.staff(Role::Biller).await;
        for page in [billing.clone(), format!("{billing}/charge"), format!("{billing}/payment")] {
            biller.get(&page).await.must_be(200).must_not_say("$0.00");
        }
    }

    async fn a_page_that_is_not_there_keeps_the_language_and_the_navigation_of_who_is_signed_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        for path in ["/portal/no-such-page", "/portal/documents/00000000-0000-7000-8000-000000000000"] {
            let page = browser.get(path).await;
            page.must_be(404).must_say("Riverbend");
            for entry in ["/portal", "/portal/messages", "/portal/documents"] {
                let links = crate::support::form::links(&page.html());
                assert!(links.iter().any(|link| link == entry), "{path} has no link to {entry}: {links:?}");
            }
        }
        let spanish = browser.get("/portal/no-such-page?lang=es").await;
        spanish.must_be(404).must_say("Mensajes");
        // Where nobody is signed in there is nothing to lead to.
        let page = w.browser().get("/riverbend/no-such-page").await;
        assert!(!crate::support::form::links(&page.html()).iter().any(|link| link == "/portal/messages"));
    }

    async fn home_shows_what_waits_what_comes_and_what_is_owed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let empty = browser.get("/portal").await;
        empty.must_say("Nothing is waiting for you").must_say("You have no appointment coming up");
        // No entry was ever recorded: that is not the same as nothing owed.
        empty.must_not_say("$0.00").must_not_say("nothing to pay");
        assert!(!empty.html().contains("id=\"balance\""), "a balance without a ledger");
        document(w, &ana.chart_id, "Notice of Privacy Practices", "Read me.").await;
        appointment(w, &ana.chart_id, 26).await;
        appointment(w, &ana.chart_id, -26).await;
        charge(w, &ana.chart_id, date(2026, 11, 3), 12_000).await;
        payment(w, &ana.chart_id, date(2026, 11, 10), 4_550).await;
        let home = browser.get("/portal").await;
        home.must_say("Good morning, Ana").must_say("Notice of Privacy Practices");
        home.must_say("Wednesday, December 2, 2026, 12:00 PM").must_say("with Casey Moreno");
        home.must_say("$74.50").must_say("to pay").must_not_say("November 30, 2026, 8:00 AM");
        // Everything shown works.
        for link in crate::support::form::links(&home.html()) {
            if link.starts_with('/') && !link.starts_with("/assets") {
                let page = browser.visit(&link).await;
                assert_eq!(page.status(), 200, "{link}: {}", page.words());
            }
        }
    }

    async fn the_balance_has_its_ledger_newest_first_and_a_picture_with_its_table(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &who.name).await;
        let empty = browser.get("/portal/account").await;
        empty.must_say("Nothing is due").must_not_say("$0.00").must_not_say("You owe nothing");
        let visit = charge(w, &ana.chart_id, date(2026, 10, 6), 12_000).await;
        payment(w, &ana.chart_id, date(2026, 11, 2), 12_000).await;
        discount(w, &ana.chart_id, visit, 500).await;
        let page = browser.get("/portal/account").await;
        page.must_say("$5.00").must_say("is in your favor").must_say("October 2026");
        assert!(page.html().contains("<svg") && page.html().contains("role=\"img\""));
        let words = page.words();
        let places: Vec<usize> = ["Lower fee: Visit (October 6, 2026)", "November 2, 2026", "Charge · October 6, 2026"]
            .iter()
            .map(|day| words.find(day).unwrap_or_else(|| panic!("no {day}: {words}")))
            .collect();
        assert!(places.is_sorted(), "the newest does not stand first");
    }

    async fn two_currencies_in_one_ledger_are_never_added(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        charge(w, &ana.chart_id, date(2026, 11, 3), 12_000).await;
        act(w, |c, _| ledger::set_currency(c, "EUR".parse().expect("a currency"))).await;
        charge(w, &ana.chart_id, date(2026, 11, 10), 8_050).await;
        let mut browser = sign_in(w, &who.name).await;
        let mut desk = w.staff(Role::Biller).await;
        let staff_tab = format!("/staff/charts/{}/billing", ana.chart_id);
        for page in
            [browser.get("/portal").await, browser.get("/portal/account").await, desk.get(&staff_tab).await]
        {
            page.must_be(200).must_say("$120.00").must_say("EUR 80.50");
            page.must_not_say("200.50");
        }
        browser.get("/portal/account").await.must_say("month by month (EUR)").must_say("month by month (USD)");
        desk.get(&staff_tab).await.must_say("is owed.").must_not_say("owe us");
    }

    async fn a_mother_of_two_switches_between_their_charts(w: &mut World) {
        let leo = w.chart("Leo", "Park").await;
        let mia = w.chart("Mia", "Park").await;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &id, &mother.person_id, &leo.chart_id, Some(Right::ALL)).await;
        w.clock.advance_seconds(1);
        let second = grant(w, &scope, &id, &mother.person_id, &mia.chart_id, Some(Right::ALL)).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        document(w, &mia.chart_id, "For Mia", "Text.").await;
        let mut browser = sign_in(w, &mother.email).await;
        let home = browser.get("/portal").await;
        home.must_say("Joan").must_say("the chart of Leo").must_say("For Leo").must_not_say("For Mia");
        let switch = browser.get("/portal/switch").await;
        let home =
            browser.submit_and_follow(&switch, "/portal/switch", &[("access", &second.to_string())]).await;
        home.must_say("the chart of Mia").must_say("For Mia").must_not_say("For Leo");
        // The one in view is taken away: no other child's page appears in its place.
        people::revoke(w, &second).await;
        let next = browser.get("/portal/documents").await;
        assert_eq!(next.location(), Some("/portal/switch"));
        browser.follow(&next).await.must_say("no longer open to you").must_say("Leo").must_not_say("Mia");
    }

    async fn what_waits_in_another_childs_chart_is_said_where_the_chart_is_chosen(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "leo@example.com").await;
        let mia = w.chart_with("Mia", "Park", "2014-12-02", "mia@example.com").await;
        let ben = w.chart_with("Ben", "Park", "2015-12-02", "ben@example.com").await;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        let mut grants = Vec::new();
        for child in [&leo, &mia, &ben] {
            grants.push(grant(w, &scope, &id, &mother.person_id, &child.chart_id, Some(Right::ALL)).await);
            w.clock.advance_seconds(1);
        }
        let mut browser = sign_in(w, &mother.email).await;
        let home = browser.get("/portal").await;
        home.must_say("the chart of Leo").must_say("See what is waiting in your other charts");
        // Two papers for Mia, of which one is withheld by its label; one that is not shared with her; a message.
        for (title, label) in [("For Mia", None), ("Hidden", Some("minor_consented"))] {
            let paper = papers::draft(w, &mia.chart_id, title, "Text.").await;
            w.tamper(move |c| {
                diesel::update(document_table::table.filter(document_table::document_id.eq(paper)))
                    .set(document_table::label.eq(label))
                    .execute(c)
            })
            .await;
            papers::share(w, &paper, vec![Recipient::Grant(grants[1])], Telling::Silent).await;
        }
        papers::draft(w, &mia.chart_id, "Draft", "Text.").await;
        let mut api = w.browser().with("authorization", &format!("Bearer {}", crate::api::key(w, &w.riverbend, Scope::ALL).await));
        let new = serde_json::json!({ "grant_id": grants[1], "subject": "News", "text": "Words." });
        crate::rights::send(&mut api, "POST", "/api/v1/threads", &new).await;
        let switch = browser.get("/portal/switch").await;
        switch.must_say("2 things are waiting for you").must_not_say("For Mia");
        assert_eq!(switch.words().matches("waiting for you").count(), 1, "{}", switch.words());
        let there = browser.submit_and_follow(&switch, "/portal/switch", &[("access", &grants[1].to_string())]).await;
        there.must_say("the chart of Mia").must_say("For Mia");
        // What is read waits no longer, and what is not theirs to see never did.
        let list = there.html().split("href=\"/portal/documents/").nth(1).and_then(|rest| rest.split('"').next()).expect("a paper").to_owned();
        browser.get(&format!("/portal/documents/{list}")).await.must_be(200);
        let switch = browser.get("/portal/switch").await;
        switch.must_say("One thing is waiting for you");
        let access = grants[1];
        let rights = crate::rights::Terms { rights: Some("documents billing"), ..crate::rights::Terms::default() };
        crate::rights::set(w, access, rights).await;
        browser.get("/portal/switch").await.must_not_say("waiting for you");
    }

    async fn auz_02_nobody_switches_to_a_grant_that_is_not_theirs(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let (a, b) = (enrolled(w, &ana).await, enrolled(w, &bob).await);
        let mut browser = sign_in(w, &a.name).await;
        let switch = browser.get("/portal/switch").await;
        browser.submit(&switch, "/portal/switch", &[("access", &b.access.to_string())]).await.must_be(404);
        browser.submit(&switch, "/portal/switch", &[("access", "nonsense")]).await.must_be(404);
        browser.get("/portal").await.must_say("Ana").must_not_say("Bob");
    }

    async fn a_grant_shows_only_what_its_rights_allow(w: &mut World) {
        let leo = w.chart("Leo", "Park").await;
        let father = w.chart_with("Sam", "Park", "1979-02-02", "sam.park@example.com").await;
        let id = account(w, &father.email).await;
        let scope = w.riverbend.scope.clone();
        grant(w, &scope, &id, &father.person_id, &leo.chart_id, Some(&[Right::Billing])).await;
        let paper = document(w, &leo.chart_id, "For Leo alone", "Text.").await;
        appointment(w, &leo.chart_id, 26).await;
        let mut browser = sign_in(w, &father.email).await;
        let home = browser.get("/portal").await;
        home.must_be(200).must_say("My account").must_not_say("For Leo alone").must_not_say("Ask for an appointment");
        home.must_not_say("/portal/documents").must_not_say("/portal/appointments");
        browser.get("/portal/account").await.must_be(200);
        for path in ["/portal/documents", "/portal/appointments", "/portal/appointments/request"] {
            browser.get(path).await.must_be(404);
        }
        browser.get(&format!("/portal/documents/{paper}")).await.must_be(404);
    }

    async fn help_answers_before_and_after_sign_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let outside = w.browser().get("/riverbend/help").await;
        outside.must_be(200).must_say("988").must_say("555-0100");
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal/help").await.must_be(200).must_say("I forgot my password");
    }

    async fn every_page_speaks_spanish(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        document(w, &ana.chart_id, "Aviso", "Texto.").await;
        appointment(w, &ana.chart_id, 26).await;
        charge(w, &ana.chart_id, date(2026, 11, 3), 12_000).await;
        let mut browser = sign_in(w, &who.name).await;
        for path in [
            "/portal", "/portal/documents", "/portal/appointments", "/portal/appointments/request",
            "/portal/account", "/portal/help", "/portal/me", "/portal/switch",
        ] {
            let page = browser.get(&format!("{path}?lang=es")).await;
            page.must_be(200);
            assert!(page.html().contains("<html lang=\"es\">"), "{path}");
            // A word that is missing shows as its key.
            let words = page.words();
            for room in ["portal-", "documents-", "appointments-", "billing-"] {
                assert!(!words.split_whitespace().any(|w| w.starts_with(room)), "{path}: {words}");
            }
        }
    }
}
