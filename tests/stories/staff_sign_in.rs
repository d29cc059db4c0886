//! Staff: sign-in, sessions, pauses, forgotten passwords.

use std::sync::Arc;

use anteroom::kernel::clock::MovableClock;
use anteroom::kernel::secrets::Secret;
use anteroom::platform::db::schema::session;
use anteroom::platform::hashing::{HashCost, Standing, Turn};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stories;
use crate::support::world::Plan;
use crate::support::{Browser, PASSWORD, Page, World};

const DOOR: &str = "/riverbend/staff/sign-in";

async fn knock(browser: &mut Browser, email: &str, password: &str) -> Page {
    browser.post(DOOR, &[("email", email), ("password", password), ("back", "")]).await
}

/// Tries again after an answer of "busy", as on a slow machine; also returns how often.
async fn knock_until_answered(browser: &mut Browser, email: &str, password: &str) -> (Page, usize) {
    for times in 0..50 {
        let page = knock(browser, email, password).await;
        if page.status() != 503 {
            return (page, times);
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("never answered");
}

fn is_in(page: &Page) -> bool {
    page.status() == 303 && page.location() == Some("/staff")
}

fn is_out(page: &Page) -> bool {
    page.status() == 303 && page.location().is_some_and(|to| to.contains("/staff/sign-in"))
}

fn desk(w: &World) -> String {
    w.riverbend.member(Role::FrontDesk).email.clone()
}

/// Asks for a new password and takes the link out of the mail.
async fn forgotten(w: &mut World, email: &str) -> String {
    let mut browser = w.browser();
    let page = browser.get("/riverbend/staff/forgot").await;
    browser.submit_and_follow(&page, "forgot", &[("email", email)]).await.must_say("Check your e-mail");
    let mail = w.mail_to(email).await;
    w.link_in(&mail)
}

const NEW: &str = "seven slow herons at dusk";

stories! {
    async fn staff_choose_the_language_of_their_own_pages(w: &mut World) {
        let door = w.browser().get("/riverbend/staff/sign-in").await;
        assert!(door.html().contains("href=\"?lang=es\" lang=\"es\""), "{}", door.html());
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/worklist").await;
        assert!(page.html().contains("href=\"?lang=es\" lang=\"es\""), "no choice in the menu");
        desk.get("/staff/worklist?lang=es").await.must_say("Pendientes del portal");
        let next = desk.get("/staff/calendar").await;
        next.must_say("Calendario");
        assert!(next.html().contains("href=\"?lang=en\""), "and back");
    }

    async fn a_staff_member_signs_in_and_comes_back_to_the_page_they_wanted(w: &mut World) {
        let mut browser = w.browser();
        let turned = browser.get("/staff/team?x=1").await;
        assert!(is_out(&turned), "{:?}", turned.location());
        let mut admin = w.browser();
        let email = w.riverbend.member(Role::Administrator).email.clone();
        // A browser that was here before is sent to its own practice's door, with the way back.
        knock(&mut admin, &email, PASSWORD).await;
        w.clock.advance_seconds(16 * 60);
        let turned = admin.get("/staff/team?x=1").await;
        let door = turned.location().expect("a door").to_owned();
        assert!(door.starts_with("/riverbend/staff/sign-in?back="), "{door}");
        let form = admin.get(&door).await;
        let answer = admin.submit(&form, "sign-in", &[("email", &email), ("password", PASSWORD)]).await;
        assert_eq!(answer.location(), Some("/staff/team?x=1"));
        admin.follow(&answer).await.must_be(200).must_say("Team");
    }

    async fn nobody_is_sent_to_a_foreign_page_after_sign_in(w: &mut World) {
        for back in ["//evil.example", "https://evil.example", "/staff//evil.example", "/portal", "/staff/\\x"] {
            let fields = [("email", desk(w)), ("password", PASSWORD.into()), ("back", back.to_owned())];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let page = w.browser().post(DOOR, &fields).await;
            assert!(is_in(&page), "{back} leads to {:?}", page.location());
        }
    }

    async fn ses_01_a_sign_in_makes_a_fresh_session_whatever_cookie_came(w: &mut World) {
        let mut browser = w.browser();
        knock(&mut browser, &desk(w), PASSWORD).await;
        let first = browser.cookies().to_vec();
        knock(&mut browser, &desk(w), PASSWORD).await;
        let second = browser.cookies().to_vec();
        assert_ne!(first, second, "the session was not renewed");
        // The one that was there before the sign-in has ended with it.
        let mut thief = w.browser();
        thief.take_cookie(&format!("{}={}", first[0].0, first[0].1));
        assert!(is_out(&thief.get("/staff/me").await));
        browser.get("/staff/me").await.must_be(200);
        // A cookie that somebody made up is never taken over.
        let made_up = format!("{}={}.{}", first[0].0, w.riverbend.scope.id(), "A".repeat(43));
        let mut fixed = w.browser();
        fixed.take_cookie(&made_up);
        knock(&mut fixed, &desk(w), PASSWORD).await;
        assert_ne!(fixed.cookies()[0].1, made_up.split_once('=').unwrap_or_default().1);
        let stored: Vec<String> = w.look(|c| session::table.select(session::token_hash).load(c)).await;
        let secret = second[0].1.split('.').nth(1).expect("a secret").to_owned();
        assert!(stored.iter().all(|hash| *hash != secret), "the secret itself is stored");
    }

    async fn ses_02_cookies_of_an_https_origin_belong_to_this_host_alone(w: &mut World) {
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = Arc::clone(&w.clock);
        plan.mailbox = Some(w.mailbox.clone());
        plan.public_url = Some("https://portal.example.org".into());
        let https = World::planned(plan).await;
        let mut browser = https.browser();
        let pages = [
            knock(&mut browser, &desk(w), PASSWORD).await,
            browser.get("/riverbend/staff/sign-in?lang=es").await,
        ];
        for page in &pages {
            for cookie in page.answer.all("set-cookie") {
                assert!(cookie.starts_with("__Host-"), "{cookie}");
                for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
                    assert!(cookie.contains(part), "{cookie} lacks {part}");
                }
                assert!(!cookie.contains("Domain"), "{cookie}");
            }
            assert!(page.answer.header("strict-transport-security").is_some_and(|v| v.contains("max-age=63072000")));
        }
        assert_eq!(pages[0].answer.all("set-cookie").count(), 2, "the session, and the browser");
    }

    async fn ses_03_a_session_ends_fifteen_minutes_after_the_last_click(w: &mut World) {
        let mut browser = w.staff(Role::FrontDesk).await;
        w.clock.advance_seconds(14 * 60 + 59);
        browser.get("/staff/me").await.must_be(200);
        w.clock.advance_seconds(14 * 60 + 59);
        browser.get("/staff/me").await.must_be(200);
        w.clock.advance_seconds(15 * 60);
        assert!(is_out(&browser.get("/staff/me").await));
    }

    async fn ses_03_what_a_page_asks_by_itself_does_not_keep_anybody_signed_in(w: &mut World) {
        let mut browser = w.staff(Role::FrontDesk).await;
        let mut page = browser.clone().with("x-anteroom-presence", "page");
        for _ in 0..14 {
            w.clock.advance_seconds(60);
            page.get("/staff/session").await.must_be(200);
        }
        w.clock.advance_seconds(60);
        assert!(is_out(&browser.get("/staff/me").await));
    }

    async fn ses_03_twelve_hours_are_the_most(w: &mut World) {
        let mut browser = w.staff(Role::FrontDesk).await;
        for _ in 0..71 {
            w.clock.advance_seconds(600);
            browser.get("/staff/session").await.must_be(200);
        }
        w.clock.advance_seconds(600);
        assert!(is_out(&browser.get("/staff/session").await));
    }

    async fn ses_04_nothing_in_a_request_revives_an_ended_session(w: &mut World) {
        let ended = w.staff(Role::Administrator).await;
        w.clock.advance_seconds(15 * 60);
        for query in ["keep=1", "skip_timeout=1", "skip_timeout_reset=1", "auto=1", "session=1", "lang=es", "done=saved"] {
            let mut browser = ended.clone();
            assert!(is_out(&browser.get(&format!("/staff/team?{query}")).await), "{query}");
        }
        for (name, value) in [
            ("x-anteroom-presence", "person"),
            ("x-anteroom-presence", "page"),
            ("accept", "text/event-stream"),
            ("x-requested-with", "XMLHttpRequest"),
            ("sec-purpose", "prefetch"),
            ("authorization", "Bearer x"),
        ] {
            let mut browser = ended.clone().with(name, value);
            assert!(is_out(&browser.get("/staff/team").await), "{name}: {value}");
        }
    }

    async fn ses_06_a_revoked_session_ends_its_open_streams_within_a_second_on_every_node(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = w.clock.clone();
        plan.sends = false;
        let other_node = World::planned(plan).await;
        let browser = w.staff(Role::Clinician).await;
        let mut admin = w.staff(Role::Administrator).await;
        let cookies: Vec<String> = browser.cookies().iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mut streams = Vec::new();
        for node in [w.address, other_node.address] {
            let mut stream = tokio::net::TcpStream::connect(node).await.expect("connected");
            let head = format!(
                "GET /staff/charts/{}/communications/live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nConnection: close\r\nCookie: {}\r\n\r\n",
                ana.chart_id, cookies.join("; ")
            );
            stream.write_all(head.as_bytes()).await.expect("sent");
            let answer = crate::support::http::read_answer(&mut stream, false).await.expect("a head");
            assert_eq!(answer.status, 200);
            streams.push(stream);
        }
        let page = admin.get(&format!("/staff/team/{}", w.riverbend.member(Role::Clinician).staff_id)).await;
        let form = format!("{}/sign-out", w.riverbend.member(Role::Clinician).staff_id);
        admin.submit_and_follow(&page, &form, &[]).await.must_be(200);
        let began = std::time::Instant::now();
        for mut stream in streams {
            let mut rest = Vec::new();
            let end = stream.read_to_end(&mut rest);
            tokio::time::timeout(std::time::Duration::from_secs(4), end).await.expect("the stream ends").expect("read");
        }
        // A second for the program, and some for a machine that is busy.
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    }

    async fn ses_05_signing_out_ends_the_session_and_empties_the_browser(w: &mut World) {
        let mut browser = w.staff(Role::FrontDesk).await;
        let held = browser.clone();
        let page = browser.get("/staff/me").await;
        assert_eq!(page.answer.header("cache-control"), Some("no-store"), "Back would show it");
        let out = browser.submit(&page, "/staff/sign-out", &[]).await;
        assert!(is_out(&out));
        assert!(out.answer.header("clear-site-data").is_some_and(|v| v.contains("\"cache\"")));
        assert!(browser.cookies().iter().all(|(name, _)| !name.contains("staff")), "the cookie stayed");
        browser.follow(&out).await.must_say("You are signed out.");
        assert!(is_out(&held.clone().get("/staff/me").await), "the old cookie still opens");
        let again = held.clone().send("POST", "/staff/sign-out", None).await;
        assert!(is_out(&again), "signing out twice is no error");
    }

    async fn ses_07_one_sees_and_ends_ones_own_sessions(w: &mut World) {
        let mut here = w.staff(Role::Clinician).await;
        let mut there = w.staff(Role::Clinician).await;
        let page = here.get("/staff/me").await;
        page.must_say("This browser");
        assert!(page.has_form("/staff/me/sessions"));
        here.submit_and_follow(&page, "/staff/me/sessions", &[]).await.must_say("Signed out there.");
        assert!(is_out(&there.get("/staff/me").await));
        here.get("/staff/me").await.must_be(200);
    }

    async fn ten_failures_pause_a_name_for_fifteen_minutes_and_no_longer(w: &mut World) {
        let (email, mut browser) = (desk(w), w.browser());
        for _ in 0..9 {
            knock(&mut browser, &email, "wrong but long enough").await.must_be(422).must_say("e-mail address or the password is wrong");
        }
        knock(&mut browser, &email, "wrong but long enough").await.must_say("paused until 10:15 AM");
        w.clock.advance_seconds(10 * 60);
        // The right password is not even looked at, and trying does not prolong the pause.
        knock(&mut browser, &email, PASSWORD).await.must_say("paused until 10:15 AM");
        w.clock.advance_seconds(5 * 60 - 1);
        knock(&mut browser, &email, PASSWORD).await.must_say("paused until 10:15 AM");
        w.clock.advance_seconds(1);
        assert!(is_in(&knock(&mut browser, &email, PASSWORD).await));
        // A sign-in forgets the failures before it.
        for _ in 0..9 {
            knock(&mut browser, &email, "wrong but long enough").await.must_be(422);
        }
        assert!(is_in(&knock(&mut browser, &email, PASSWORD).await));
    }

    async fn a_clock_that_is_set_back_makes_no_pause_longer_than_fifteen_minutes(w: &mut World) {
        let (email, mut browser) = (desk(w), w.browser());
        for _ in 0..10 {
            knock(&mut browser, &email, "wrong but long enough").await.must_be(422);
        }
        // The same database, with a clock that is an hour behind.
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = Arc::new(MovableClock::frozen(w.now().plus_hours(-1)));
        plan.sends = false;
        let set_back = World::planned(plan).await;
        let mut browser = set_back.browser();
        knock(&mut browser, &email, PASSWORD).await.must_say("paused until 9:15 AM");
        set_back.clock.advance_seconds(15 * 60 - 1);
        knock(&mut browser, &email, PASSWORD).await.must_say("paused until 9:15 AM");
        set_back.clock.advance_seconds(1);
        assert!(is_in(&knock(&mut browser, &email, PASSWORD).await));
    }

    async fn a_clock_that_is_set_back_keeps_an_open_session_and_its_end(w: &mut World) {
        let mut here = w.staff(Role::FrontDesk).await;
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = Arc::new(MovableClock::frozen(w.now().plus_hours(-1)));
        plan.sends = false;
        let set_back = World::planned(plan).await;
        let mut there = set_back.browser();
        for (key, value) in here.cookies() {
            there.take_cookie(&format!("{key}={value}"));
        }
        there.get("/staff/me").await.must_be(200);
        set_back.clock.advance_seconds(14 * 60);
        there.get("/staff/me").await.must_be(200);
        set_back.clock.advance_seconds(15 * 60);
        assert!(is_out(&there.get("/staff/me").await), "fifteen minutes without a request end it there too");
        let _ = here.get("/staff/me").await;
    }

    async fn avl_03_a_sign_in_that_finds_the_queue_full_says_so_and_keeps_the_name(w: &mut World) {
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.hash_cost = HashCost::Full;
        plan.sends = false;
        let busy = World::planned(plan).await;
        let email = desk(w);
        // Whoever is refused asks again, so that a place that gets free is taken at once.
        let flood: Vec<_> = (0..1_000)
            .map(|_| {
                let (app, practice) = (busy.app.clone(), *busy.riverbend.scope.id());
                tokio::spawn(async move {
                    loop {
                        let turn = Turn::of(&practice, Standing::Stranger);
                        let _ = app.hashing.verify(turn, &Secret::new("a stranger's guess".into()), None).await;
                        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let page = knock(&mut busy.browser(), &email, PASSWORD).await;
        page.must_be(503).must_say("Your password was not checked");
        assert!(page.html().contains(&format!("value=\"{email}\"")) && !page.html().contains(PASSWORD));
        let wait: u64 = page.answer.header("retry-after").expect("how long to wait").parse().unwrap();
        assert!((3..=8).contains(&wait), "{wait}");
        for one in flood {
            one.abort();
        }
        // Whoever has gone leaves the queue. (A machine that is busy otherwise may still say no.)
        let mut tries = 0;
        while !is_in(&knock(&mut busy.browser(), &email, PASSWORD).await) {
            tries += 1;
            assert!(tries < 100, "the queue stays full");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    async fn rat_03_a_stranger_who_knows_the_name_keeps_nobody_out_who_was_here_before(w: &mut World) {
        let (email, mut own, mut stranger) = (desk(w), w.browser(), w.browser());
        assert!(is_in(&knock(&mut own, &email, PASSWORD).await));
        for _ in 0..3 {
            for _ in 0..12 {
                knock(&mut stranger, &email, "wrong but long enough").await.must_be(422);
            }
            knock(&mut w.browser(), &email, PASSWORD).await.must_be(422).must_say("paused until");
            assert!(is_in(&knock(&mut own, &email, PASSWORD).await), "its owner comes in");
            // Which forgives the stranger nothing.
            knock(&mut stranger, &email, PASSWORD).await.must_be(422).must_say("paused until");
            w.clock.advance_seconds(15 * 60 + 1);
        }
        // A browser of somebody else of the team is a stranger's where this name is concerned.
        let mut other = w.browser();
        let admin = w.riverbend.member(Role::Administrator).email.clone();
        assert!(is_in(&knock(&mut other, &admin, PASSWORD).await));
        for _ in 0..10 {
            knock(&mut stranger, &email, "wrong but long enough").await.must_be(422);
        }
        knock(&mut other, &email, PASSWORD).await.must_be(422).must_say("paused until");
    }

    async fn rat_03_a_browser_that_was_here_before_has_ten_tries_as_well(w: &mut World) {
        let (email, mut own) = (desk(w), w.browser());
        assert!(is_in(&knock(&mut own, &email, PASSWORD).await));
        for _ in 0..9 {
            knock(&mut own, &email, "wrong but long enough").await.must_say("e-mail address or the password is wrong");
        }
        knock(&mut own, &email, "wrong but long enough").await.must_say("paused until");
        knock(&mut own, &email, PASSWORD).await.must_be(422).must_say("paused until");
        // Nobody else is paused by that.
        assert!(is_in(&knock(&mut w.browser(), &email, PASSWORD).await));
        w.clock.advance_seconds(15 * 60);
        assert!(is_in(&knock(&mut own, &email, PASSWORD).await));
    }

    async fn rat_03_a_cookie_that_a_colleague_planted_is_not_what_a_browser_is_known_by(w: &mut World) {
        let (email, mut planter, mut own) = (desk(w), w.browser(), w.browser());
        let admin = w.riverbend.member(Role::Administrator).email.clone();
        let given = |page: &Page| {
            page.answer.all("set-cookie").find(|c| c.contains("device")).expect("a cookie").to_owned()
        };
        let planted = given(&knock(&mut planter, &admin, PASSWORD).await);
        own.take_cookie(&planted);
        let first = given(&knock(&mut own, &email, PASSWORD).await);
        assert_ne!(first, planted);
        assert_eq!(given(&knock(&mut own, &email, PASSWORD).await), first, "it keeps its own");
        for _ in 0..10 {
            knock(&mut w.browser(), &email, "wrong but long enough").await.must_be(422);
        }
        knock(&mut planter, &email, PASSWORD).await.must_be(422).must_say("paused until");
        assert!(is_in(&knock(&mut own, &email, PASSWORD).await));
    }

    async fn rat_03_the_cookie_says_nothing_opens_nothing_and_ends_with_signing_out_everywhere(w: &mut World) {
        let (email, mut own) = (desk(w), w.browser());
        let answer = knock(&mut own, &email, PASSWORD).await;
        let cookie = answer.answer.all("set-cookie").find(|c| c.contains("device")).expect("a cookie").to_owned();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; Max-Age=31536000"), "{cookie}");
        let value = cookie.split([';', '=']).nth(1).expect("a value").to_owned();
        assert_eq!(value.len(), 43, "random text and nothing else: {cookie}");
        assert!(!format!("{:?}", w.dump().await).contains(&value), "only its hash is kept");
        let mut alone = w.browser();
        alone.take_cookie(&cookie);
        assert!(is_out(&alone.get("/staff/me").await));
        let known = |w: &World| {
            let email = email.clone();
            let (mut stranger, mut held) = (w.browser(), w.browser());
            held.take_cookie(&cookie);
            async move {
                for _ in 0..10 {
                    knock(&mut stranger, &email, "wrong but long enough").await.must_be(422);
                }
                is_in(&knock(&mut held, &email, PASSWORD).await)
            }
        };
        assert!(known(w).await);
        let staff = w.riverbend.member(Role::FrontDesk).staff_id;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&format!("/staff/team/{staff}")).await;
        admin.submit(&page, &format!("/staff/team/{staff}/sign-out"), &[]).await.must_be(303);
        w.clock.advance_seconds(15 * 60 + 1);
        assert!(!known(w).await, "it is a stranger's browser again");
    }

    async fn ses_01_a_changed_password_gives_a_fresh_session_and_ends_every_other(w: &mut World) {
        let (email, mut here, mut there) = (desk(w), w.browser(), w.browser());
        knock(&mut here, &email, PASSWORD).await;
        knock(&mut there, &email, PASSWORD).await;
        let mut copy = here.clone();
        let page = here.get("/staff/me").await;
        let changes = [("present", PASSWORD), ("password", NEW)];
        here.submit_and_follow(&page, "/staff/me/password", &changes).await.must_be(200);
        for old in [&mut there, &mut copy] {
            assert!(is_out(&old.get("/staff/me").await), "an old session lives on");
            // Nor is its browser known any more.
            for _ in 0..10 {
                knock(&mut w.browser(), &email, "wrong but long enough").await.must_be(422);
            }
            knock(old, &email, NEW).await.must_be(422).must_say("paused until");
        }
        assert!(is_in(&knock(&mut here, &email, NEW).await), "the one that changed it is");
    }

    async fn rat_02_tidying_up_deletes_no_counter_that_still_counts(w: &mut World) {
        let (email, mut browser) = (desk(w), w.browser());
        for _ in 0..9 {
            knock(&mut browser, &email, "wrong but long enough").await.must_be(422);
        }
        w.app.db.system_write(anteroom::platform::tidy::counters).await.unwrap();
        knock(&mut browser, &email, "wrong but long enough").await.must_say("paused until");
    }

    async fn rat_04_a_name_that_nobody_has_behaves_like_one_that_somebody_has(w: &mut World) {
        let (known, unknown) = (desk(w), "nobody.at.all@example.org".to_owned());
        let mut browser = w.browser();
        for turn in 0..12 {
            let one = knock(&mut browser, &known, "wrong but long enough").await;
            let other = knock(&mut browser, &unknown, "wrong but long enough").await;
            assert_eq!(one.status(), other.status(), "turn {turn}");
            assert_eq!(one.html().replace(&known, "X"), other.html().replace(&unknown, "X"), "turn {turn}");
            let names = |page: &Page| page.answer.headers.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
            assert_eq!(names(&one), names(&other), "turn {turn}");
        }
    }

    async fn of_many_guesses_at_once_no_more_than_ten_are_answered(w: &mut World) {
        let email = desk(w);
        let mut guesses = Vec::new();
        for _ in 0..24 {
            let (mut browser, email) = (w.browser(), email.clone());
            guesses.push(tokio::spawn(async move {
                knock_until_answered(&mut browser, &email, "wrong but long enough").await
            }));
        }
        let (mut answered, mut put_off) = (0, 0);
        for guess in guesses {
            let (page, times) = guess.await.expect("a guess");
            page.must_be(422);
            answered += usize::from(page.says("e-mail address or the password is wrong"));
            put_off += times;
        }
        // The tenth begins the pause. A guess that was put off may have been counted without an answer.
        assert!(answered == 9 || (put_off > 0 && answered < 9), "{answered} answered, {put_off} put off");
    }

    async fn correct_passwords_at_once_pause_nobody(w: &mut World) {
        let email = desk(w);
        let mut tries = Vec::new();
        for _ in 0..16 {
            let (mut browser, email) = (w.browser(), email.clone());
            tries.push(tokio::spawn(async move { knock_until_answered(&mut browser, &email, PASSWORD).await }));
        }
        for one in tries {
            assert!(is_in(&one.await.expect("a sign-in").0));
        }
    }

    async fn a_sign_in_of_one_practice_opens_nothing_at_another(w: &mut World) {
        let email = desk(w);
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("back", "")];
        w.browser().post("/twinoaks/staff/sign-in", &fields).await.must_be(422);
        w.browser().post("/no-such-practice/staff/sign-in", &fields).await.must_be(404);
        // A cookie that names another practice finds no session there (AUZ-02).
        let browser = w.staff(Role::Administrator).await;
        let (name, value) = browser.cookies()[0].clone();
        let secret = value.split_once('.').expect("two parts").1;
        let mut forged = w.browser();
        forged.take_cookie(&format!("{name}={}.{secret}", w.twinoaks.scope.id()));
        assert!(is_out(&forged.get("/staff/team").await));
    }

    async fn pwd_06_a_forgotten_password_is_answered_alike_for_everybody(w: &mut World) {
        let mut browser = w.browser();
        let known = browser.post("/riverbend/staff/forgot", &[("email", &desk(w))]).await;
        let unknown = browser.post("/riverbend/staff/forgot", &[("email", "nobody@example.org")]).await;
        assert_eq!(known.status(), 303);
        assert_eq!(known.location(), unknown.location());
        w.mail_to(&desk(w)).await;
        assert_eq!(w.unread_to("nobody@example.org").await, 0);
        browser.post("/riverbend/staff/forgot", &[("email", "no address")]).await.must_be(422).must_say("name@example.org");
    }

    async fn pwd_06_a_reset_link_works_once_ends_sessions_and_signs_nobody_in(w: &mut World) {
        let email = desk(w);
        let mut elsewhere = w.staff(Role::FrontDesk).await;
        let link = forgotten(w, &email).await;
        let mut browser = w.browser();
        // Looking changes nothing, however often (INV-05).
        for _ in 0..3 {
            browser.get(&link).await.must_be(200).must_say("Choose a password");
            browser.send("HEAD", &link, None).await.must_be(200);
        }
        let page = browser.get(&link).await;
        // Too weak costs nothing.
        let weak = browser.submit(&page, "/staff/password/", &[("password", "short")]).await;
        weak.must_be(422).must_say("at least 15 characters").must_not_say("short\"");
        let done = browser.submit_and_follow(&weak, "/staff/password/", &[("password", NEW)]).await;
        done.must_say("Your password is set");
        assert!(is_out(&browser.get("/staff/me").await), "a link signs nobody in");
        assert!(is_out(&elsewhere.get("/staff/me").await), "the old session lives on");
        knock(&mut browser, &email, PASSWORD).await.must_be(422);
        assert!(is_in(&knock(&mut browser, &email, NEW).await));
        browser.get(&link).await.must_be(410).must_say("no longer works");
        let again = w.browser().post(&link, &[("password", "another long password here")]).await;
        again.must_be(410);
        let mail = w.mail_to(&email).await;
        assert!(mail.subject.contains("was set"), "{}", mail.subject);
    }

    async fn pwd_06_a_reset_link_ends_after_an_hour_and_with_the_next_one(w: &mut World) {
        let email = desk(w);
        let first = forgotten(w, &email).await;
        let second = forgotten(w, &email).await;
        w.browser().get(&first).await.must_be(410);
        w.browser().post(&first, &[("password", NEW)]).await.must_be(410);
        w.clock.advance_seconds(3_599);
        w.browser().get(&second).await.must_be(200);
        w.clock.advance_seconds(1);
        w.browser().get(&second).await.must_be(410).must_say("It has expired");
        w.browser().post(&second, &[("password", NEW)]).await.must_be(410);
        // Another practice's address does not know it.
        let elsewhere = second.replace("/riverbend/", "/twinoaks/");
        w.browser().get(&elsewhere).await.must_be(404);
        assert!(is_in(&knock(&mut w.browser(), &email, PASSWORD).await), "the old password went on working");
    }

    async fn a_new_password_by_link_ends_a_pause(w: &mut World) {
        let (email, mut browser) = (desk(w), w.browser());
        for _ in 0..10 {
            knock(&mut browser, &email, "wrong but long enough").await;
        }
        let link = forgotten(w, &email).await;
        let page = browser.get(&link).await;
        browser.submit_and_follow(&page, "/staff/password/", &[("password", NEW)]).await;
        assert!(is_in(&knock(&mut browser, &email, NEW).await));
    }

    async fn changing_ones_password_asks_for_the_present_one_and_ends_other_sessions(w: &mut World) {
        let mut here = w.staff(Role::FrontDesk).await;
        let mut there = w.staff(Role::FrontDesk).await;
        let page = here.get("/staff/me").await;
        let wrong = here
            .submit(&page, "/staff/me/password", &[("present", "not my password at all"), ("password", NEW)])
            .await;
        wrong.must_be(422).must_say("not your current password").must_not_say(NEW);
        let fields = [("present", PASSWORD), ("password", NEW)];
        here.submit_and_follow(&wrong, "/staff/me/password", &fields).await.must_say("signed out everywhere else");
        here.get("/staff/me").await.must_be(200);
        assert!(is_out(&there.get("/staff/me").await));
        assert!(is_in(&knock(&mut w.browser(), &desk(w), NEW).await));
    }

    async fn a_new_browser_is_asked_which_practice_it_belongs_to(w: &mut World) {
        let mut browser = w.browser();
        let page = browser.visit("/staff/charts").await;
        page.must_say("Which practice do you work for?");
        browser.get("/staff/sign-in?practice=nowhere").await.must_be(422).must_say("do not know a practice");
        let door = browser.get("/staff/sign-in?practice=Riverbend").await;
        assert_eq!(door.location(), Some(DOOR));
    }
}
