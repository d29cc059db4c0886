//! What the other stories stand on: the world itself, the two schemas, the chain of the audit.

use anteroom::platform::audit::{self, ChainCheck};
use anteroom::platform::permissions::Role;

use crate::stories;

stories! {
    async fn a_world_has_two_practices_with_staff_of_every_role(w: &mut World) {
        assert_eq!(w.riverbend.slug(), "riverbend");
        assert_eq!(w.twinoaks.practice.name, "Twin Oaks Counseling");
        for role in Role::ALL {
            assert_eq!(w.riverbend.member(*role).role, *role);
        }
        let ana = w.chart("Ana", "Duarte").await;
        let id = ana.chart_id.clone();
        let file = w
            .app
            .db
            .read(&w.riverbend.scope, move |c| anteroom::features::people::load_file(c, &id))
            .await
            .expect("no fault")
            .expect("the chart is there");
        assert_eq!(file.client.full_name(), "Ana Duarte");
        assert_eq!(file.addresses[0].value, "ana.duarte@example.com");
        let id = ana.chart_id.clone();
        let foreign = w
            .app
            .db
            .read(&w.twinoaks.scope, move |c| anteroom::features::people::load_file(c, &id))
            .await
            .expect("no fault");
        assert!(foreign.is_none(), "the other practice sees it");
    }

    async fn the_clock_stands_still_until_it_is_moved(w: &mut World) {
        let then = w.now();
        w.clock.advance_seconds(7 * 24 * 3_600);
        assert_eq!(w.app.now().seconds_since(then), 604_800);
    }

    async fn who_found_a_weakness_finds_whom_to_tell(w: &mut World) {
        let page = w.browser().get("/.well-known/security.txt").await;
        page.must_be(200);
        assert_eq!(page.answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let text = page.answer.text();
        let line = |name: &str| text.lines().filter_map(|l| l.strip_prefix(name)).map(str::trim).collect::<Vec<_>>();
        assert_eq!(line("Contact:"), ["mailto:security@example.org"]);
        // RFC 9116: exactly one, and less than a year ahead.
        let [expires] = line("Expires:")[..] else { panic!("{text}") };
        let ahead = expires.parse::<jiff::Timestamp>().expect("a moment").duration_since(w.now().timestamp());
        assert!((100..366).contains(&(ahead.as_hours() / 24)), "{expires}");
    }

    async fn an_unknown_address_has_its_page_and_every_header(w: &mut World) {
        let page = w.browser().get("/no-such-page/at/all").await;
        page.must_be(404);
        assert_eq!(page.answer.header("x-content-type-options"), Some("nosniff"));
    }

    async fn an_address_typed_by_hand_leads_to_the_page(w: &mut World) {
        for (typed, page) in [
            ("/riverbend/", "/riverbend"),
            ("/Riverbend", "/riverbend"),
            ("/RIVERBEND/sign-in?lang=es", "/riverbend/sign-in?lang=es"),
            ("/riverbend/help/", "/riverbend/help"),
            ("/staff/sign-in/", "/staff/sign-in"),
        ] {
            let answer = w.browser().get(typed).await;
            answer.must_be(308);
            assert_eq!(answer.location(), Some(page), "{typed}");
            assert!(w.browser().visit(typed).await.status() == 200, "{typed}");
        }
        w.browser().get("/Riverbend/").await.must_be(308);
        // Only a path of ours is led to.
        for elsewhere in ["//elsewhere.example/", "//elsewhere.example/x/", "/NoSuchPractice"] {
            let answer = w.browser().get(elsewhere).await;
            assert_eq!((answer.status(), answer.location()), (404, None), "{elsewhere}");
        }
    }

    async fn an_error_inside_a_practice_keeps_its_name_and_how_to_reach_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut client = w.registered(&ana).await;
        for path in ["/riverbend/no/such/page", "/riverbend/nothing", "/riverbend/i/nonsense/decline"] {
            let page = w.browser().get(path).await;
            page.must_be(404).must_say("Riverbend Counseling").must_say("555-0100").must_say("desk@riverbend.example.org");
        }
        for path in ["/portal/no-such-page", "/portal/documents/019ac000-0000-7000-8000-000000000000"] {
            client.get(path).await.must_be(404).must_say("Riverbend Counseling").must_say("555-0100");
        }
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/no-such-page").await.must_be(404).must_say("Riverbend Counseling");
        desk.get("/staff/audit").await.must_be(403).must_say("Riverbend Counseling");
        // An unknown practice has no name to show, and says nothing of another.
        let page = w.browser().get("/no-such-practice/help").await;
        page.must_be(404).must_not_say("Riverbend").must_not_say("Twin Oaks");
        w.browser().get("/staff/no-such-page").await.must_be(303);
        w.browser().get("/api/v1/no-such-page").await.must_be(404).must_not_say("<html");
    }

    async fn a_fresh_audit_chain_is_whole(w: &mut World) {
        let check = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        assert!(matches!(check, ChainCheck::Whole(_)), "{check:?}");
    }
}
