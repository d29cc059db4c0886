//! What was typed outlives a refused form, Back, and the end of a session.

use anteroom::features::access::permission::Basis;
use anteroom::platform::db::schema::{appointment_request, chart, form_draft};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::stories;
use crate::support::{Browser, PASSWORD, Page, World};

/// A browser whose window follows the answers to its forms, and says so.
fn window(browser: Browser) -> Browser {
    browser.with("sec-fetch-mode", "navigate")
}

/// The answer to a refused form: a redirect to a page of its own, which is then opened.
#[track_caller]
fn draft_of(page: &Page) -> String {
    page.must_be(303);
    let to = page.location().expect("an address").to_owned();
    assert!(to.contains("?draft="), "{to}");
    to
}

async fn invited(w: &mut World) -> String {
    let ana = w.chart("Ana", "Duarte").await;
    w.invite(&ana).await;
    let mail = w.mail_to(&ana.email).await;
    w.link_in(&mail)
}

const RIGHT: [(&str, &str); 4] = [("last_name", "Duarte"), ("month", "4"), ("day", "12"), ("year", "1990")];

stories! {
    async fn a_refused_form_leads_to_a_page_that_back_can_show(w: &mut World) {
        let mut admin = window(w.staff(Role::Administrator).await);
        let path = "/staff/practice/questions/new";
        let page = admin.get(path).await;
        let answer = admin.submit(&page, path, &[("question", ""), ("answer", "Behind the lanterns.")]).await;
        let draft = draft_of(&answer);
        for _ in 0..2 {
            let page = admin.get(&draft).await;
            page.must_be(200).must_say("another look").must_say("Behind the lanterns.");
            assert!(page.html().contains("<title>Error: "), "the title does not say it");
        }
        // The form on it is a whole one.
        let page = admin.get(&draft).await;
        admin.submit_and_follow(&page, path, &[("question", "Where do I park?")]).await.must_say("Where do I park?");
        // A script's request, and a browser that does not say what it does, read the answer themselves.
        for mut other in [w.staff(Role::Administrator).await, w.staff(Role::Administrator).await.with("sec-fetch-mode", "cors")] {
            let page = other.get(path).await;
            other.submit(&page, path, &[("question", ""), ("answer", "x")]).await.must_be(422);
        }
    }

    async fn a_draft_opens_only_where_it_was_typed_and_only_for_half_an_hour(w: &mut World) {
        let mut admin = window(w.staff(Role::Administrator).await);
        let path = "/staff/practice/questions/new";
        let page = admin.get(path).await;
        let staff_draft = draft_of(&admin.submit(&page, path, &[("question", ""), ("answer", "lanterns")]).await);
        let mut phone = window(w.browser());
        let page = phone.get("/riverbend/sign-in").await;
        let public_draft = draft_of(&phone.submit(&page, "sign-in", &[("name", "lanterns@example.org")]).await);
        phone.get(&public_draft).await.must_be(200).must_say("another look");
        let theirs = w.twinoaks.clone();
        let strangers =
            [w.staff(Role::Administrator).await, w.staff_of(&theirs, Role::Administrator).await, w.browser()];
        for stranger in strangers {
            for draft in [&staff_draft, &public_draft] {
                let page = stranger.clone().get(draft).await;
                assert!(!page.html().contains("lanterns"), "{draft} opens for a stranger");
            }
        }
        // It is not found by its practice's other pages either, nor kept where it could be read.
        let token = public_draft.split_once('=').expect("a token").1.to_owned();
        phone.get(&format!("/twinoaks/sign-in?draft={token}")).await.must_be(200).must_not_say("lanterns");
        let rows: Vec<Vec<u8>> = w.look(|c| form_draft::table.select(form_draft::sealed).load(c)).await;
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| !row.windows(8).any(|part| part == b"lanterns")));
        // Whoever signed out sees it no more.
        let page = admin.get("/staff/me").await;
        admin.clone().submit(&page, "/staff/sign-out", &[]).await.must_be(303);
        admin.get(&staff_draft).await.must_be(303);
        w.clock.advance_seconds(31 * 60);
        phone.get(&public_draft).await.must_be(200).must_not_say("another look");
        w.app.db.system_write(anteroom::platform::tidy::counters).await.expect("no fault");
        let left: i64 = w.look(|c| form_draft::table.count().get_result(c)).await;
        assert_eq!(left, 0, "an old draft is taken away");
    }

    async fn back_after_registering_shows_how_it_stands_and_no_error_of_before(w: &mut World) {
        let link = invited(w).await;
        let mut phone = window(w.browser());
        let page = phone.get(&link).await;
        let with = |password| [RIGHT.as_slice(), &[("password", password)]].concat();
        let draft = draft_of(&phone.submit(&page, &link, &with("short")).await);
        let page = phone.get(&draft).await;
        page.must_be(200).must_say("another look");
        phone.submit(&page, &link, &with("lanterns over the quiet river")).await.must_be(303);
        phone.get(&draft).await.must_not_say("another look");
        let left: i64 = w.look(|c| form_draft::table.count().get_result(c)).await;
        assert_eq!(left, 0);
    }

    async fn a_draft_shows_nothing_that_its_page_does_not_show_any_more(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = crate::rights::mother_of(w, &leo).await;
        let mut mother = window(crate::portal_people::sign_in(w, &name).await);
        let thread = crate::messages::begun(&mut mother, "front_desk", "About school", "He sleeps badly.").await;
        let page = mother.get(&thread).await;
        let draft = draft_of(&mother.submit(&page, &thread, &[("text", " ")]).await);
        mother.get(&draft).await.must_be(200).must_say("He sleeps badly.");
        let mut desk = w.staff(Role::Clinician).await;
        let grant = desk.get(&format!("/staff/charts/{}/grants/{access}", leo.chart_id)).await;
        let kept = [("kept_right", "messages"), ("kept_reason", "As the court says.")];
        desk.submit_and_follow(&grant, "/withhold", &kept).await;
        let gone = mother.get(&draft).await;
        assert_ne!(gone.status(), 200);
        gone.must_not_say("He sleeps badly.").must_not_say("About school");
    }

    async fn what_is_typed_and_not_sent_yet_is_there_again_and_for_nobody_else(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut client = window(w.registered(&ana).await);
        let path = "/portal/appointments/request";
        let page = client.get(path).await;
        let mut fields = page.form(path).fields;
        fields.iter_mut().filter(|(name, _)| name == "note").for_each(|(_, note)| *note = "Behind the lanterns.".into());
        let body = serde_html_form::to_string(&fields).expect("a form");
        let token = "k".repeat(43);
        let kept = |browser: &Browser, token: &str| {
            browser.clone().with("sec-fetch-mode", "cors").with("x-anteroom-keep", token)
        };
        let form = Some(("application/x-www-form-urlencoded", body.as_bytes()));
        for _ in 0..2 {
            kept(&client, &token).send("POST", path, form).await.must_be(204);
        }
        let again = format!("{path}?unsent={token}");
        let page = client.get(&again).await;
        assert!(page.html().contains("Behind the lanterns."));
        assert!(page.html().contains(&format!("<form data-kept=\"{token}\"")), "the script goes on under the same token");
        // Nothing was sent, and nobody else opens it.
        let rows: Vec<Vec<u8>> = w.look(|c| form_draft::table.select(form_draft::sealed).load(c)).await;
        assert_eq!(rows.len(), 1, "the second time takes the place of the first");
        let bob = w.chart("Bob", "Reyes").await;
        let mut other = window(w.registered(&bob).await);
        assert!(!other.get(&again).await.html().contains("lanterns"));
        kept(&other, "short").send("POST", path, form).await.must_be(400);
        kept(&w.browser(), &token).send("POST", path, form).await.must_be(401);
        kept(&other, &token).send("POST", "/portal/me/password", Some(("application/x-www-form-urlencoded", b"password=x"))).await.must_be(400);
        w.clock.advance_seconds(31 * 60);
        assert!(!client.get(&again).await.html().contains("lanterns"));
    }

    async fn what_is_typed_while_a_chart_is_frozen_or_closed_is_not_lost_and_says_whom_to_call(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        let who = crate::portal_people::enrolled(w, &kim).await;
        let mut plain = crate::portal_people::sign_in(w, &who.name).await;
        let thread = crate::messages::begun(&mut plain, "front_desk", "A question", "When?").await;
        let mut client = window(plain.clone());
        let request = "/portal/appointments/request";
        let form = client.get(request).await;
        let answer = client.get(&thread).await;
        // While it is typed, too.
        let token = "f".repeat(43);
        let mut fields = form.form(request).fields;
        fields.iter_mut().filter(|(name, _)| name == "note").for_each(|(_, note)| *note = "Under the marigolds.".into());
        let body = serde_html_form::to_string(&fields).expect("a form");
        let mut typing = plain.clone().with("sec-fetch-mode", "cors").with("x-anteroom-keep", &token);
        typing.send("POST", request, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await.must_be(204);
        let mut desk = w.staff(Role::FrontDesk).await;
        let freeze = desk.get(&format!("/staff/charts/{}/freeze", kim.chart_id)).await;
        desk.submit(&freeze, "/freeze", &[("reason", "Owed since spring.")]).await.must_be(303);
        let sent = client.submit(&form, request, &[("day1", "2026-12-03"), ("note", "Behind the lanterns.\nAt noon.")]).await;
        let told = client.follow(&sent).await;
        told.must_say("This cannot be sent right now").must_say("You cannot request or change appointments here")
            .must_say("Behind the lanterns.").must_say("555-0100").must_not_say("Owed since spring");
        assert!(told.html().contains("href=\"tel:"), "whom to call");
        // A reload of the form says the same, and shows what was kept while it was typed.
        let reloaded = client.get(&format!("{request}?unsent={token}")).await;
        client.follow(&reloaded).await.must_say("This cannot be sent right now").must_say("Under the marigolds.");
        let reloaded = client.get(request).await;
        client.follow(&reloaded).await.must_say("This cannot be sent right now");
        // A program that is no window gets the answer itself.
        let alone = plain.submit(&form, request, &[("day1", "2026-12-03")]).await;
        alone.must_be(404).must_say("This cannot be sent right now");
        let filed: i64 = w.look(|c| appointment_request::table.count().get_result(c)).await;
        assert_eq!(filed, 0);
        // Nobody else reads it.
        let bob = w.chart("Bob", "Reyes").await;
        let mut other = window(w.registered(&bob).await);
        let to = sent.location().expect("an address").to_owned();
        other.get(&to).await.must_not_say("lanterns");
        // Unfrozen, the form has it again.
        let freeze = desk.get(&format!("/staff/charts/{}/freeze", kim.chart_id)).await;
        desk.submit(&freeze, "/unfreeze", &[("reason", "Paid.")]).await.must_be(303);
        let html = told.html();
        let again = html.split("href=\"").find(|rest| rest.starts_with(&format!("{request}?unsent="))).expect("the form");
        let again = client.get(again.split('"').next().expect("an address")).await;
        assert!(again.must_be(200).html().contains("Behind the lanterns."));
        // The same where a chart is closed while a message is written, and where a right is taken away.
        let access = who.access;
        crate::closing::close(&mut desk, &kim, &[], &[("reason", "Done.")]).await.must_be(303);
        let sent = client.submit(&answer, &thread, &[("text", "I wait by the lanterns.")]).await;
        let told = if sent.location().is_some() { client.follow(&sent).await } else { sent };
        assert!(told.html().contains("I wait by the lanterns.") && told.says("555-0100"), "{}", told.html());
        let rights = |rights: &'static str| {
            let basis = Some(Basis::ClientChoice);
            crate::rights::Terms { basis, rights: Some(rights), ..crate::rights::Terms::default() }
        };
        w.tamper(|c| {
            let open = (chart::state.eq("open"), chart::client_view_until.eq(None::<String>));
            diesel::update(chart::table).set(open).execute(c)
        })
        .await;
        crate::rights::set(w, access, rights("billing")).await;
        let sent = client.submit(&answer, &thread, &[("text", "I wait by the lanterns.")]).await;
        client.follow(&sent).await.must_say("You can look at this chart.").must_say("I wait by the lanterns.");
        // Who sees nothing of the chart any more is told nothing.
        crate::rights::set(w, access, rights("")).await;
        let sent = client.submit(&answer, &thread, &[("text", "I wait by the lanterns.")]).await;
        assert!(!sent.location().unwrap_or_default().starts_with("/portal/not-sent"));
    }

    async fn a_form_that_leads_back_to_its_page_takes_what_was_typed_into_another_along(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = crate::portal_people::enrolled(w, &ana).await;
        let mut client = crate::portal_people::sign_in(w, &who.name).await;
        let thread = crate::messages::begun(&mut client, "front_desk", "A question", "When?").await;
        let path = crate::messages::in_chart(&ana.chart_id, &thread);
        let mut desk = window(w.staff(Role::FrontDesk).await);
        let page = desk.get(&path).await;
        let token = "n".repeat(43);
        let form = page.form("/note");
        let mut fields = form.fields.clone();
        fields.iter_mut().filter(|(name, _)| name == "note").for_each(|(_, note)| *note = "Ask about lanterns.".into());
        let body = serde_html_form::to_string(&fields).expect("a form");
        let note = format!("{path}/note");
        let from = format!("{}{path}?unsent={token}", w.app.settings.public_url);
        let mut typing = desk.clone().with("sec-fetch-mode", "cors").with("x-anteroom-keep", &token).with("referer", &from);
        typing.send("POST", &note, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await.must_be(204);
        let mut sending = desk.clone().with("referer", &from);
        let sent = sending.submit(&page, "/reply", &[("text", "At six.")]).await;
        let to = sent.location().expect("an address").to_owned();
        assert!(to.contains(&format!("unsent={token}")) && to.ends_with("#newest"), "{to}");
        let page = desk.get(&to).await;
        assert!(page.html().contains("Ask about lanterns.") && page.html().contains("At six."));
    }

    async fn a_slip_in_the_name_does_not_cost_typing_the_password_again(w: &mut World) {
        let link = invited(w).await;
        for with_window in [false, true] {
            let mut phone = if with_window { window(w.browser()) } else { w.browser() };
            let page = phone.get(&link).await;
            let mut typed = RIGHT.to_vec();
            typed[0] = ("last_name", "Duarto");
            typed.extend([("password", PASSWORD), ("how", "new")]);
            let answer = phone.submit(&page, "/i/", &typed).await;
            let again = if with_window { phone.get(&draft_of(&answer)).await } else { answer };
            again.must_say("do not match").must_say("Your password is kept").must_not_say(PASSWORD);
            let kept = again.form("/i/").fields.into_iter().find(|(name, _)| name == "kept").expect("a draft").1;
            // Another form cannot use it.
            let mut other = w.browser();
            let fresh = other.get(&link).await;
            let mut stolen = RIGHT.to_vec();
            stolen.extend([("password", ""), ("how", "new"), ("kept", kept.as_str())]);
            other.submit(&fresh, "/i/", &stolen).await.must_be(422).must_say("Choose a password.");
            if with_window {
                let mut right = RIGHT.to_vec();
                right.extend([("password", ""), ("how", "new")]);
                phone.submit_and_follow(&again, "/i/", &right).await.must_say("ana.duarte@example.com");
                let page = phone.get("/riverbend/sign-in").await;
                let typed = [("name", "ana.duarte@example.com"), ("password", PASSWORD)];
                phone.submit(&page, "sign-in", &typed).await.must_be(303);
                assert!(phone.get("/portal").await.status() == 200, "the kept password is the account's");
            }
        }
    }

    async fn a_password_that_breaks_the_rules_is_not_kept(w: &mut World) {
        let link = invited(w).await;
        let mut phone = w.browser();
        let page = phone.get(&link).await;
        let mut typed = RIGHT.to_vec();
        typed[1] = ("month", "");
        typed.extend([("password", "too short"), ("how", "new")]);
        let answer = phone.submit(&page, "/i/", &typed).await;
        answer.must_be(422).must_not_say("Your password is kept").must_not_say("too short");
        let left: i64 = w.look(|c| form_draft::table.count().get_result(c)).await;
        assert_eq!(left, 0);
        // A form for a sign-in that exists says why its password field is empty.
        typed.retain(|(name, _)| !matches!(*name, "password" | "how"));
        typed.extend([("sign_in_name", "ana@example.org"), ("sign_in_password", "some password"), ("how", "existing")]);
        phone.submit(&page, "/i/", &typed).await.must_be(422).must_say("type it again");
    }

    async fn each_part_of_a_birth_date_that_is_missing_is_marked(w: &mut World) {
        let link = invited(w).await;
        let mut phone = w.browser();
        let page = phone.get(&link).await;
        let typed = [("last_name", "Duarte"), ("month", "4"), ("password", PASSWORD), ("how", "new")];
        let html = phone.submit(&page, "/i/", &typed).await.must_be(422).html();
        let is_marked = |id: &str| {
            let (_, rest) = html.split_once(&format!("id=\"f-{id}\"")).expect("the field");
            rest.split('>').next().unwrap_or_default().contains("aria-invalid")
        };
        assert_eq!([is_marked("month"), is_marked("day"), is_marked("year")], [false, true, true]);
    }

    async fn a_form_that_came_after_the_sessions_end_stands_in_its_page_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = window(w.staff(Role::FrontDesk).await);
        let path = format!("/staff/charts/{}/edit", ana.chart_id);
        let page = desk.get(&path).await;
        w.clock.advance_seconds(16 * 60);
        let late = desk.submit(&page, "/edit", &[("preferred_name", "Annie \"A\" & Co"), ("language", "es")]).await;
        late.must_be(303);
        let door = desk.follow(&late).await;
        door.must_be(200).must_say("You were signed out").must_say("What you typed is kept");
        // It stays on the page: a toast would be gone before somebody comes back to the desk.
        assert!(!door.html().contains("<p class=\"toast"), "{}", door.words());
        let dana = w.riverbend.member(Role::FrontDesk).clone();
        // Somebody else who signs in there gets the page without it.
        let robin = w.riverbend.member(Role::Administrator).clone();
        for (who, is_hers) in [(robin, false), (dana, true)] {
            let mut browser = desk.clone();
            let typed = [("email", who.email.as_str()), ("password", PASSWORD)];
            let page = browser.submit_and_follow(&door, "sign-in", &typed).await;
            let form = page.must_be(200).form("/edit");
            let value = |name: &str| form.fields.iter().find(|(key, _)| key == name).expect("a field").1.clone();
            assert_eq!(value("preferred_name") == "Annie \"A\" & Co", is_hers, "{}", who.name);
            assert_eq!(value("language") == "es", is_hers, "{}", who.name);
            if is_hers {
                page.must_say("What you typed is in the form again");
                let saved = browser.submit_and_follow(&page, "/edit", &[]).await;
                saved.must_be(200).must_say("Annie \"A\" & Co");
            }
        }
        // A page that was only looked at says why sign-in is there, and leads back.
        w.clock.advance_seconds(16 * 60);
        let late = desk.get(&path).await;
        desk.follow(&late).await.must_say("You were signed out").must_not_say("What you typed");
        // Somebody who was never signed in reads nothing of the kind.
        let mut nobody = window(w.browser());
        let late = nobody.get(&path).await;
        nobody.follow(&late).await.must_not_say("You were signed out");
    }

    async fn a_password_that_came_after_the_sessions_end_is_kept_nowhere(w: &mut World) {
        let mut desk = window(w.staff(Role::FrontDesk).await);
        let page = desk.get("/staff/me").await;
        w.clock.advance_seconds(16 * 60);
        let typed = [("password", PASSWORD), ("new_password", "another quiet green stone")];
        let late = desk.submit(&page, "/staff/me/password", &typed).await;
        desk.follow(&late).await.must_say("You were signed out").must_not_say("What you typed");
        let left: i64 = w.look(|c| form_draft::table.count().get_result(c)).await;
        assert_eq!(left, 0);
    }
}
