//! The client's side of an invitation over HTTP: the link, the form, what became of a link.

use anteroom::features::access::actions::{self, Act, Target};
use anteroom::platform::db::schema::{attempt_counter, person};
use anteroom::platform::permissions::Role;
use anteroom::platform::web::session::Audience;
use diesel::prelude::*;

use crate::stories;
use crate::support::world::Plan;
use crate::support::world::{Client, PASSWORD};
use crate::support::{Page, World};

const DAY: u32 = 86_400;
const SENTENCE: &str = "lanterns over the quiet river";

async fn link_of(w: &mut World, client: &Client) -> String {
    w.invite(client).await;
    let mail = w.mail_to(&client.email).await;
    w.link_in(&mail)
}

/// The form's fields with the right details.
fn right<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("last_name", "Duarte"),
        ("month", "4"),
        ("day", "12"),
        ("year", "1990"),
        ("password", SENTENCE),
        ("how", "new"),
    ];
    for (name, value) in changes {
        fields.retain(|(key, _)| key != name);
        fields.push((*name, *value));
    }
    fields
}

/// Tries of unknown links that were counted for a network address.
async fn unknown_links(w: &World, address: &str) -> i64 {
    let bucket = format!("unknown-link.{address}");
    w.look(move |c| {
        attempt_counter::table
            .filter(attempt_counter::bucket.eq(bucket))
            .select(diesel::dsl::sum(attempt_counter::tries))
            .first::<Option<i64>>(c)
    })
    .await
    .unwrap_or(0)
}

/// The page without what differs by nature: the form's random text and what was typed.
fn without_the_typed(page: &Page) -> String {
    let mut html = page.html();
    for field in ["nonce", "kept", "last_name", "month", "day", "year"] {
        let mark = format!("name=\"{field}\"");
        if let Some(at) = html.find(&mark) {
            let value = html[at..].find("value=\"").map(|v| at + v + 7);
            if let Some(from) = value
                && let Some(length) = html[from..].find('"')
            {
                html.replace_range(from..from + length, "");
            }
        }
    }
    html
}

/// Each form's password fields, as a browser's password manager sees them: `autocomplete` words.
fn passwords_in_forms(html: &str) -> Vec<Vec<String>> {
    let word = |field: &str| {
        field.split("autocomplete=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned()
    };
    html.split("<form")
        .skip(1)
        .map(|form| form.split("</form>").next().unwrap_or_default())
        .map(|form| form.split("<input").filter(|i| i.contains("type=\"password\"")).map(word).collect())
        .filter(|found: &Vec<String>| !found.is_empty())
        .collect()
}

/// The token in a form's address.
fn link_path(page: &Page) -> String {
    let html = page.html();
    let token = html.split("/i/").nth(1).and_then(|rest| rest.split(['"', '/']).next());
    token.map(|token| format!("/i/{token}")).unwrap_or_default()
}

stories! {
    async fn a11_04_the_form_asks_for_one_password_a_new_one_or_the_one_they_have(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut phone = w.browser();
        let page = phone.get(&link).await;
        assert_eq!(passwords_in_forms(&page.html()), [["new-password"]]);
        // To the other form and back: nothing is checked, nothing counted, and what was typed stays.
        let typed = right(&[("last_name", "Duarte-Typed"), ("year", "1999"), ("how", "switch-existing")]);
        let other = phone.submit(&page, &link, &typed).await;
        other.must_be(200).must_say("this access is added to them").must_not_say("another look");
        assert_eq!(passwords_in_forms(&other.html()), [["current-password"]]);
        let html = other.html();
        assert!(html.contains("value=\"Duarte-Typed\"") && html.contains("value=\"1999\""), "{html}");
        assert!(!html.contains(SENTENCE), "a password is never echoed");
        for _ in 0..6 {
            phone.submit(&other, &link, &[("how", "switch-new")]).await.must_be(200);
        }
        let back = phone.submit(&other, &link, &[("how", "switch-new")]).await;
        assert_eq!(passwords_in_forms(&back.html()), [["new-password"]]);
        phone.submit_and_follow(&back, &link, &right(&[])).await.must_be(200);
    }

    async fn a_link_ends_by_the_same_clock_in_the_mail_and_on_its_pages(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bo = w.chart("Bo", "Lindgren").await;
        w.tamper(|c| {
            diesel::update(person::table.filter(person::first_name.eq("Ana")))
                .set(person::time_zone.eq("America/Chicago"))
                .execute(c)
        })
        .await;
        let mut links = Vec::new();
        for (client, ends, other) in [(&ana, "9:00 AM CST", "EST"), (&bo, "10:00 AM EST", "CST")] {
            w.invite(client).await;
            let mail = w.mail_to(&client.email).await;
            assert!(mail.text.contains(ends), "{}", mail.text);
            let link = w.link_in(&mail);
            let mut phone = w.browser();
            let open = phone.get(&link).await;
            open.must_be(200).must_say(ends).must_not_say(other);
            // What comes back with something to mend has the same clock.
            let again = phone.submit(&open, &link, &right(&[("month", "13")])).await;
            again.must_be(422).must_say(ends).must_not_say(other);
            links.push(link);
        }
        w.clock.advance_seconds(8 * DAY);
        let over = w.browser().get(&links[0]).await;
        over.must_be(410).must_say("9:00 AM CST").must_not_say("EST").must_not_say("Duarte");
        w.browser().get(&links[1]).await.must_be(410).must_say("10:00 AM EST").must_not_say("CST");
        // Whoever has no link learns nothing of anybody's clock.
        let unknown = format!("/riverbend/i/{}", "A".repeat(43));
        w.browser().get(&unknown).await.must_be(404).must_not_say("CST").must_not_say("EST");
    }

    async fn a_wrong_code_comes_back_only_as_long_as_a_code_can_be(w: &mut World) {
        let mut phone = w.browser();
        let page = phone.get("/riverbend/letter").await;
        let wrong = phone.submit(&page, "letter", &[("code", "0011-1ABC-DEFU")]).await;
        wrong.must_be(422);
        assert!(wrong.html().contains("value=\"0011-1ABC-DEFU\""), "what was typed is kept");
        let long = phone.submit(&page, "letter", &[("code", &"x".repeat(100_000))]).await;
        long.must_be(422);
        assert!(long.html().len() < 20_000, "{} bytes", long.html().len());
    }

    async fn who_is_invited_in_spanish_is_welcomed_and_signs_in_in_spanish(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let hers = person::table.filter(person::person_id.eq(ana.person_id));
        w.tamper(move |c| diesel::update(hers).set(person::language.eq("es")).execute(c)).await;
        let link = link_of(w, &ana).await;
        let mut phone = w.browser().with("accept-language", "en");
        let page = phone.get(&link).await;
        page.must_say("apellido");
        let done = phone.submit(&page, &link, &right(&[])).await;
        let welcome = phone.follow(&done).await;
        welcome.must_be(200).must_say("sesión").must_not_say("You are all set");
        phone.get(&welcome.link("/riverbend/sign-in")).await.must_say("contraseña").must_not_say("Password");
        phone.get(&link).await.must_be(410).must_not_say("You are set up already");
    }

    async fn the_whole_way_from_the_link_to_sign_in(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut phone = w.browser();
        let page = phone.get(&link).await;
        page.must_be(200).must_say("Set up your access").must_say("Your last name").must_say("Your date of birth");
        page.must_not_say("Ana").must_not_say("Duarte").must_not_say("1990");
        assert_eq!(page.answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.answer.header("cache-control"), Some("no-store"));
        let html = page.html();
        for token in ["autocomplete=\"family-name\"", "bday-month", "bday-day", "bday-year", "new-password"] {
            assert!(html.contains(token), "{token}");
        }
        let done = phone.submit(&page, &link, &right(&[])).await;
        assert_eq!(done.status(), 303);
        assert_eq!(done.location(), Some("/riverbend/welcome"), "an address free of the token");
        let welcome = phone.follow(&done).await;
        welcome.must_say("You are all set").must_say("ana.duarte@example.com");
        let sign_in = phone.get(&welcome.link("/riverbend/sign-in")).await;
        assert!(
            sign_in.html().contains("value=\"ana.duarte@example.com\""),
            "the name is filled in: {} {}",
            sign_in.path,
            sign_in.html()
        );
        phone.get(&link).await.must_be(410).must_say("You are set up already");
        // Nobody else's browser sees the name.
        let other = w.browser().get("/riverbend/welcome").await;
        assert!(other.is_redirect());
    }

    async fn inv_05_opening_the_link_a_hundred_times_changes_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        w.mail_has_settled().await;
        let before = w.dump().await;
        let mut scanner = w.browser().with("user-agent", "SafeLinks").with("sec-purpose", "prefetch");
        for path in [link.clone(), format!("{link}/decline")] {
            for method in ["HEAD", "GET", "OPTIONS"] {
                for _ in 0..17 {
                    scanner.send(method, &path, None).await;
                }
            }
        }
        assert_eq!(before, w.dump().await);
        w.browser().get(&link).await.must_be(200).must_say("Set up your access");
    }

    async fn idp_05_a_wrong_name_and_a_wrong_birth_date_are_answered_alike(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        let page = browser.get(&link).await;
        let name = browser.submit(&page, &link, &right(&[("last_name", "Duerte")])).await;
        let date = browser.submit(&page, &link, &right(&[("day", "13")])).await;
        name.must_be(422).must_say("These details do not match the practice's records.");
        assert_eq!(without_the_typed(&name), without_the_typed(&date));
        let html = name.html();
        assert!(html.contains("value=\"Duerte\""), "what was typed is kept");
        assert!(!html.contains(SENTENCE), "a password is never echoed");
        date.must_not_say("left");
        // From the third wrong try on, how many are left, and alike for the name and the date.
        let name = browser.submit(&page, &link, &right(&[("last_name", "Duerte")])).await;
        name.must_be(422).must_say("2 tries are left").must_say("555-0100");
        let bea = w.chart_with("Bea", "Duarte", "1990-04-12", "bea@example.com").await;
        let link = link_of(w, &bea).await;
        let page = browser.get(&link).await;
        for _ in 0..2 {
            browser.submit(&page, &link, &right(&[("day", "13")])).await.must_not_say("left");
        }
        let date = browser.submit(&page, &link, &right(&[("day", "13")])).await;
        let path = |page: &Page, link: &str| without_the_typed(page).replace(link.split("/i/").nth(1).unwrap_or(link), "");
        let first = link_path(&name);
        assert_eq!(path(&name, &first), path(&date, &link_path(&date)));
        browser.submit(&page, &link, &right(&[("last_name", "Duerte")])).await.must_say("One try is left");
        browser.submit(&page, &link, &right(&[])).await.must_be(303);
    }

    async fn not_now_leaves_the_form_open_and_says_until_when(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut holder = w.browser();
        let asked = holder.get(&format!("{link}/decline")).await;
        let page = holder.submit_and_follow(&asked, "/decline", &[("answer", "not-now")]).await;
        page.must_be(200).must_say("This invitation is good until");
        // Whoever comes back days later reads it again.
        w.clock.advance_seconds(2 * 86_400);
        let page = holder.get(&link).await;
        page.must_be(200)
            .must_say("You answered \"Not now\" on Tuesday, December 1, 2026")
            .must_say("we send no reminder");
        let mut desk = w.staff(Role::FrontDesk).await;
        let chart = format!("/staff/charts/{}/communications", ana.chart_id);
        desk.get(&chart).await.must_say("Invited").must_say("Not now, since").must_say("not now");
        holder.submit(&page, &link, &right(&[])).await.must_be(303);
    }

    async fn what_is_wrong_stands_at_its_field_and_costs_no_try(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        let page = browser.get(&link).await;
        for (changes, sentence) in [
            (vec![("last_name", "  ")], "Type your last name."),
            (vec![("year", "90")], "Write the year with four digits"),
            (vec![("month", "2"), ("day", "30")], "There is no such day"),
            (vec![("year", "2090")], "This day is in the future"),
            (vec![("month", "")], "Fill in the month, the day and the year."),
            (vec![("password", "")], "Choose a password."),
            (vec![("password", "short")], "Use at least 15 characters"),
        ] {
            for _ in 0..2 {
                let answer = browser.submit(&page, &link, &right(&changes)).await;
                answer.must_be(422).must_say(sentence).must_say("another look");
            }
        }
        let several = browser.submit(&page, &link, &right(&[("last_name", ""), ("password", "")])).await;
        several.must_be(422).must_say("2 things need another look");
        let done = browser.submit(&page, &link, &right(&[])).await;
        assert_eq!(done.status(), 303, "{}", done.words());
    }

    async fn a_double_click_on_register_gets_the_success_page_twice(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        let page = browser.get(&link).await;
        let first = browser.submit(&page, &link, &right(&[])).await;
        let second = browser.submit(&page, &link, &right(&[])).await;
        assert_eq!((first.status(), second.status()), (303, 303), "{}", second.words());
        // Another form is somebody else's: the link is used.
        let other = browser.submit(&page, &link, &right(&[("nonce", "another")])).await;
        other.must_be(410).must_say("You are set up already");
    }

    async fn five_failed_checks_lock_the_link_and_its_page_says_so(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        let page = browser.get(&link).await;
        for _ in 0..4 {
            browser.submit(&page, &link, &right(&[("day", "13")])).await.must_be(422);
        }
        browser.submit(&page, &link, &right(&[("day", "13")])).await.must_say("Please talk to us first");
        browser.submit(&page, &link, &right(&[])).await.must_say("Please talk to us first");
        browser.get(&link).await.must_say("Please talk to us first").must_not_say("birth");
    }

    async fn an_expired_link_says_when_and_asks_the_practice_for_a_new_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        let form = browser.get(&link).await;
        w.clock.advance_seconds(7 * DAY - 1);
        browser.get(&link).await.must_be(200);
        w.clock.advance_seconds(1);
        // The form opened before and sent after is too late, too.
        browser.submit(&form, &link, &right(&[])).await.must_be(410).must_say("This link is no longer good");
        let page = browser.get(&link).await;
        page.must_be(410).must_say("This link is no longer good").must_not_say("token");
        let page = browser.submit_and_follow(&page, "/ask", &[]).await;
        page.must_say("The practice knows that you would like a new link.");
        page.must_say("You asked for a new link");
        assert!(!page.has_form("/ask"), "once is enough");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/worklist?kind=asked").await.must_say("Ana Duarte");
    }

    async fn an_unknown_link_is_one_page_whoever_asks(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        let mut browser = w.browser();
        let strange = browser.get("/twinoaks/i/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        let foreign = browser.get(&format!("/twinoaks/i/{token}")).await;
        let broken = browser.get("/twinoaks/i/nonsense").await;
        strange.must_be(404).must_say("We do not know this link");
        assert_eq!(strange.html(), foreign.html());
        assert_eq!(strange.html(), broken.html());
        let mut page = browser.get(&link).await;
        page.path = format!("/twinoaks/i/{token}");
        let fields = right(&[("nonce", "n"), ("sign_in_name", ""), ("sign_in_password", "")]);
        browser.post(&format!("/twinoaks/i/{token}"), &fields).await.must_be(404);
        // It still works where it belongs, also with what mail programs put at its end.
        browser.get(&format!("{link}.")).await.must_be(200);
    }

    async fn a_link_that_was_withdrawn_says_so_without_a_word_about_the_chart(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let sent = w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        let by = w.riverbend.by(Role::FrontDesk);
        actions::act(&w.app, &w.riverbend.scope, by, Target::Grant(sent.access), Act::Revoke { reason: String::new() })
            .await.expect("no fault").expect("revoked");
        let page = w.browser().get(&link).await;
        page.must_be(410).must_say("This invitation is no longer valid").must_not_say("Duarte");
    }

    async fn the_page_speaks_the_readers_language_when_asked(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        browser.get(&format!("{link}?lang=es")).await.must_say("Active su acceso").must_say("Su apellido");
        browser.get(&link).await.must_say("Active su acceso");
    }

    async fn the_first_typing_into_the_form_of_a_link_is_recorded_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        let mut browser = w.browser();
        // A scanner that posts everything it finds tells nothing.
        browser.post(&format!("{link}/seen"), &[]).await.must_be(204);
        browser.post(&format!("{link}/decline"), &[]).await.must_be(200).must_say("This isn't me");
        for _ in 0..3 {
            browser.post(&format!("{link}/seen"), &[("typed", "1")]).await.must_be(204);
        }
        browser.post("/riverbend/i/nonsense/seen", &[]).await.must_be(204);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        assert_eq!(page.words().matches("Form opened").count(), 1);
    }

    async fn an_unknown_letters_code_is_refused_at_its_field(w: &mut World) {
        let mut browser = w.browser();
        let page = browser.get("/riverbend/letter").await;
        let answer = browser.submit(&page, "/letter", &[("code", "ABCD-EFGH-JKMN")]).await;
        answer.must_be(422).must_say("We do not know this code");
        browser.submit(&page, "/letter", &[("code", "")]).await.must_be(422).must_say("Type the code.");
    }

    async fn rat_06_unknown_links_from_one_ipv6_network_are_one_count(w: &mut World) {
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = std::sync::Arc::clone(&w.clock);
        plan.mailbox = Some(w.mailbox.clone());
        plan.trusted_proxies = vec![std::net::Ipv4Addr::LOCALHOST.into()];
        let behind_a_proxy = World::planned(plan).await;
        let nobodys = format!("/riverbend/i/{}", "A".repeat(43));
        for host in ["::1", "::2", ":ffff:0:0:9"] {
            let from = format!("2001:db8:1:2{host}");
            behind_a_proxy.browser().with("x-forwarded-for", &from).get(&nobodys).await.must_be(404);
        }
        assert_eq!(unknown_links(w, "2001:db8:1:2::/64").await, 3);
    }

    async fn unknown_links_and_codes_are_counted_together_and_a_tired_address_waits(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        w.mail_has_settled().await;
        let before = w.dump().await;
        let nobodys = format!("/riverbend/i/{}", "A".repeat(43));
        let typed = right(&[("code", "ABCD-EFGH-JKMN"), ("nonce", "n"), ("sign_in_name", ""), ("sign_in_password", "")]);
        let form: Vec<_> = typed.iter().filter(|(name, _)| *name != "code").copied().collect();
        let mut kiosk = w.browser();
        for round in 1..=2 {
            for method in ["GET", "HEAD"] {
                kiosk.send(method, &nobodys, None).await.must_be(404);
            }
            kiosk.get(&format!("{nobodys}/decline")).await.must_be(404);
            kiosk.get("/riverbend/i/nonsense").await.must_be(404);
            kiosk.post(&nobodys, &form).await.must_be(404);
            kiosk.post(&format!("{nobodys}/decline"), &[("answer", "not-me")]).await.must_be(404);
            kiosk.post(&format!("{nobodys}/ask"), &[]).await.must_be(404);
            kiosk.post("/riverbend/letter", &[("code", "ABCD-EFGH-JKMN")]).await.must_be(422);
            kiosk.post("/riverbend/letter/register", &typed).await.must_be(404);
            kiosk.post("/riverbend/letter/decline", &[("code", "ABCD-EFGH-JKMN"), ("answer", "not-me")]).await.must_be(422);
            assert_eq!(unknown_links(w, "127.0.0.1").await, round * 10, "one try, one count");
        }
        assert_eq!(before, w.dump().await, "looking changes nothing of any invitation");
        // Nobody is shut out: after a calm wait the good link opens as ever.
        let began = std::time::Instant::now();
        kiosk.get(&link).await.must_be(200).must_say("Set up your access");
        kiosk.get(&nobodys).await.must_be(404).must_say("We do not know this link");
        assert!(began.elapsed().as_secs() >= 4, "a tired address waits");
        w.clock.advance_seconds(60);
        let began = std::time::Instant::now();
        kiosk.get(&link).await.must_be(200);
        assert!(began.elapsed().as_secs() < 2, "and is rested in the next minute");
    }

    async fn idp_04_who_did_not_register_ends_the_access_from_the_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let invited = link_of(w, &ana).await;
        let account = w.register_by(&invited, &ana).await;
        let scope = w.riverbend.scope.clone();
        let mut stranger = w.signed_in(&scope, Audience::Client, account.to_string()).await;
        stranger.get("/portal").await.must_be(200);
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        assert_eq!(link, invited, "one page for both: sign in, or say that it was not me");

        let mut owner = w.browser();
        let used = owner.get(&link).await;
        used.must_be(410).must_say("You are set up already").must_say("Sign in").must_say("That was not me");
        let asked = owner.get(&used.link("/not-me")).await;
        asked.must_be(200).must_say("Was it somebody else?");
        stranger.get("/portal").await.must_be(200);
        let shut = owner.submit_and_follow(&asked, "/not-me", &[("sure", "yes")]).await;
        shut.must_be(410).must_say("The access is shut").must_not_say("That was not me");
        // A second click, and the Back button with another, find the same page.
        owner.submit(&asked, "/not-me", &[("sure", "yes")]).await.must_say("The access is shut");

        assert!(stranger.get("/portal").await.is_redirect(), "signed out at once");
        let door = w.browser().get("/riverbend/sign-in").await;
        let mut again = w.browser();
        let refused =
            again.submit(&door, "/riverbend/sign-in", &[("name", &ana.email), ("password", PASSWORD)]).await;
        assert!(!refused.is_redirect(), "its password is worth nothing");

        let mut desk = w.staff(Role::FrontDesk).await;
        let chart_box = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        chart_box.must_say("Declined").must_say("somebody else registered").must_say("Send Invite");
        desk.get("/staff/worklist?kind=declined").await.must_say("Duarte").must_say("somebody else registered");

        // Invited anew, the true owner registers under the same name.
        let fresh = link_of(w, &ana).await;
        assert_ne!(fresh, invited);
        w.register_by(&fresh, &ana).await;
        w.browser().get(&invited).await.must_say("You are set up already").must_not_say("That was not me");
    }

    async fn inv_05_a_program_that_posts_every_form_as_it_stands_declines_and_disowns_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bo = w.chart("Bo", "Lindgren").await;
        let invited = {
            w.invite(&ana).await;
            let mail = w.mail_to(&ana.email).await;
            w.link_in(&mail)
        };
        let (_, account) = w.register(&bo).await;
        let registered = {
            let mail = w.mail_to(&bo.email).await;
            w.link_in(&mail)
        };
        let scope = w.riverbend.scope.clone();
        let mut client = w.signed_in(&scope, Audience::Client, account.to_string()).await;
        for link in [&invited, &registered] {
            for page in [link.clone(), format!("{link}/decline"), format!("{link}/not-me")] {
                let page = w.browser().get(&page).await;
                for form in page.forms().into_iter().filter(|form| !form.action.ends_with("/ask")) {
                    let buttons: Vec<_> = form.buttons.iter().map(Some).chain([None]).collect();
                    for button in buttons {
                        let mut fields = form.fields.clone();
                        fields.extend(button.cloned());
                        let answer = w.browser().post_fields(&form.action, &fields).await;
                        assert!(!answer.is_redirect(), "{} did something: {fields:?}", form.action);
                    }
                }
            }
        }
        w.browser().get(&invited).await.must_be(200).must_say("Choose a password");
        client.get("/portal").await.must_be(200);
        // A form without an answer says what is missing, and each answer counts.
        let mut phone = w.browser();
        let page = phone.get(&format!("{invited}/decline")).await;
        phone.submit(&page, "/decline", &[]).await.must_be(422).must_say("Choose one of the two answers");
        let page = phone.get(&format!("{registered}/not-me")).await;
        phone.submit(&page, "/not-me", &[]).await.must_be(422).must_say("Tick the box");
    }

    async fn idp_04_an_access_that_staff_restored_is_not_ended_by_the_older_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let access = w.invite(&ana).await.access;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        w.register_by(&link, &ana).await;
        let asked = w.browser().get(&format!("{link}/not-me")).await;
        asked.must_be(200).must_say("Was it somebody else?");
        w.clock.advance_seconds(60);
        let (app, scope, by) = (&w.app, &w.riverbend.scope, || w.riverbend.by(Role::FrontDesk));
        let revoke = Act::Revoke { reason: "asked by phone".into() };
        let revoked = actions::act(app, scope, by(), Target::Grant(access.clone()), revoke).await;
        revoked.expect("no fault").expect("revoked");
        actions::act(app, scope, by(), Target::Grant(access), Act::Restore).await.expect("no fault").expect("restored");
        w.browser().get(&link).await.must_say("You are set up already").must_not_say("That was not me");
        w.browser().submit(&asked, "/not-me", &[("sure", "yes")]).await.must_say("You are set up already");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await.must_say("Active");
    }

    async fn idp_04_a_mailbox_that_was_taken_off_the_face_sheet_ends_no_access(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        w.register_by(&link, &ana).await;
        let asked = w.browser().get(&format!("{link}/not-me")).await;
        asked.must_be(200).must_say("Was it somebody else?");
        let mut desk = w.staff(Role::FrontDesk).await;
        let form = desk.get(&format!("/staff/charts/{}/edit", ana.chart_id)).await;
        let changes = [("email-0-value", "ana@example.net"), ("email_reason", "a former partner reads the old one")];
        desk.submit(&form, "/edit", &changes).await;
        w.browser().get(&link).await.must_say("You are set up already").must_not_say("That was not me");
        w.browser().submit(&asked, "/not-me", &[("sure", "yes")]).await.must_say("You are set up already");
        desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await.must_say("Active");
    }

    async fn idp_04_after_a_month_the_mail_of_a_registration_ends_no_access(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let link = link_of(w, &ana).await;
        w.register_by(&link, &ana).await;
        w.clock.advance_seconds(30 * DAY - 1);
        w.browser().get(&link).await.must_say("That was not me");
        let asked = w.browser().get(&format!("{link}/not-me")).await;
        w.clock.advance_seconds(1);
        w.browser().get(&link).await.must_not_say("That was not me");
        w.browser().submit(&asked, "/not-me", &[("sure", "yes")]).await.must_say("You are set up already");
        w.mail_to(&ana.email).await;
    }
}
