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

    async fn a_fresh_audit_chain_is_whole(w: &mut World) {
        let check = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        assert!(matches!(check, ChainCheck::Whole(_)), "{check:?}");
    }
}
