//! What the other stories rely on: the world itself, the two schemas, the chain of the audit trail.

use anteroom::kernel::ids::EventId;
use anteroom::platform::audit::checkpoints::{self, Checkpoints, Comparison};
use anteroom::platform::audit::{self, By, ChainCheck, Event};
use anteroom::platform::db::schema::{audit_event, audit_head, audit_seal};
use anteroom::platform::db::{Conn, Scoped};
use anteroom::platform::permissions::Role;

use diesel::prelude::*;

use crate::stories;
use crate::support::World;

stories! {
    async fn a_world_has_two_practices_with_staff_of_every_role(w: &mut World) {
        assert_eq!(w.riverbend.slug(), "riverbend");
        assert_eq!(w.twinoaks.practice.name, "Twin Oaks Counseling");
        for role in Role::ALL {
            assert_eq!(w.riverbend.member(*role).role, *role);
        }
        let ana = w.chart("Ana", "Duarte").await;
        let id = ana.chart_id;
        let file = w
            .app
            .db
            .read(&w.riverbend.scope, move |c| anteroom::features::people::load_file(c, &id))
            .await
            .expect("no fault")
            .expect("the chart is there");
        assert_eq!(file.client.full_name(), "Ana Duarte");
        assert_eq!(file.addresses[0].value, "ana.duarte@example.com");
        let id = ana.chart_id;
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

    async fn security_txt_names_whom_to_tell_of_a_vulnerability(w: &mut World) {
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
            ("/Riverbend/letter", "/riverbend/letter"),
            ("/riverbend/letter/", "/riverbend/letter"),
            ("/riverbend/sign-in/", "/riverbend/sign-in"),
        ] {
            let answer = w.browser().get(typed).await;
            answer.must_be(308);
            assert_eq!(answer.location(), Some(page), "{typed}");
            assert!(w.browser().visit(typed).await.status() == 200, "{typed}");
        }
        w.browser().get("/Riverbend/").await.must_be(308);
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let page = w.browser().visit(&format!("{link}/")).await;
        page.must_be(200).must_say("Set up");
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

    async fn writers_of_one_practice_do_not_wait_for_each_others_audit_events(w: &mut World) {
        if !w.app.db.is_postgres() {
            // SQLite has one writer at a time, whatever is written.
            return;
        }
        let event = || Event::new(By::system(), anteroom::features::staff::audit::StaffAction::SignedOut);
        let (app, scope) = (w.app.clone(), w.riverbend.scope.clone());
        let (holds, held) = tokio::sync::oneshot::channel();
        let mut holds = Some(holds);
        let long = tokio::spawn(async move {
            let unit = move |c: &mut Scoped<'_>| {
                audit::record(c, event())?;
                if let Some(holds) = holds.take() {
                    let _ = holds.send(());
                }
                std::thread::sleep(std::time::Duration::from_secs(2));
                Ok(())
            };
            app.db.write(&scope, unit).await
        });
        held.await.expect("the long transaction has written its event");
        let began = std::time::Instant::now();
        w.app.db.write(&w.riverbend.scope, move |c| audit::record(c, event())).await.expect("no fault");
        audit::seal_waiting(&w.app.db).await.expect("no fault");
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "waited: {:?}", began.elapsed());
        // The one that commits later comes into the chain later.
        let before = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        long.await.expect("ran").expect("no fault");
        assert_eq!(audit::seal_waiting(&w.app.db).await.expect("no fault"), 1);
        let after = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        let (ChainCheck::Whole(before), ChainCheck::Whole(after)) = (before, after) else { panic!("broken") };
        assert_eq!(after, before + 1);
    }

    async fn an_event_that_waits_for_its_seal_cannot_be_changed_or_made_up_unseen(w: &mut World) {
        w.chart("Ana", "Duarte").await;
        let check = async |w: &World| {
            w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault")
        };
        assert!(matches!(check(w).await, ChainCheck::Whole(1..)));
        let renamed = w
            .tamper(|c| diesel::update(audit_event::table).set(audit_event::actor_name.eq("Somebody Else")).execute(c))
            .await;
        assert!(renamed > 0);
        assert!(matches!(check(w).await, ChainCheck::BrokenAt(_)), "on SQLite it is sealed, on PostgreSQL not yet");
        audit::seal_waiting(&w.app.db).await.expect("no fault");
        assert!(matches!(check(w).await, ChainCheck::BrokenAt(_)), "sealing does not heal it");
    }

    async fn a_cut_a_mended_and_an_emptied_trail_are_found_by_the_checkpoint(w: &mut World) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("checkpoints");
        let checkpoints = Checkpoints::open(file.clone(), &w.app.keys).expect("open");
        w.chart("Ana", "Duarte").await;
        w.chart("Eve", "Stone").await;
        audit::seal_waiting(&w.app.db).await.expect("no fault");
        assert!(checkpoints.write(&w.app.db, &w.app.keys, w.now()).await.expect("write") > 0);
        let known = checkpoints::read(&file, &w.app.keys).expect("read");
        let (_, head) = known.heads[w.riverbend.scope.id()].clone();
        assert!(head.seq > 1, "{head:?}");
        let compared = async |w: &World| {
            let head = head.clone();
            let both = move |c: &mut Scoped<'_>| Ok((checkpoints::compare(c, &head)?, audit::check_chain(c)?));
            w.app.db.read(&w.riverbend.scope, both).await.expect("no fault")
        };
        assert_eq!(compared(w).await, (Comparison::Fits, ChainCheck::Whole(head.seq)));
        // What comes after the checkpoint changes nothing.
        w.chart("Ben", "Lee").await;
        audit::seal_waiting(&w.app.db).await.expect("no fault");
        assert_eq!(compared(w).await.0, Comparison::Fits);

        // The end is cut off, and the head mended: the chain alone seems whole.
        let (practice, cut) = (*w.riverbend.scope.id(), head.seq - 1);
        let id = practice;
        let shorten = move |c: &mut Conn, last: i64| -> QueryResult<usize> {
            let cut: Vec<EventId> = audit_seal::table
                .filter(audit_seal::practice_id.eq(id))
                .filter(audit_seal::seq.gt(last))
                .select(audit_seal::event_id)
                .load(c)?;
            diesel::delete(audit_event::table)
                .filter(audit_event::practice_id.eq(id))
                .filter(audit_event::event_id.eq_any(cut))
                .execute(c)?;
            diesel::delete(audit_seal::table)
                .filter(audit_seal::practice_id.eq(id))
                .filter(audit_seal::seq.gt(last))
                .execute(c)?;
            let hash: Option<String> = audit_seal::table
                .filter(audit_seal::practice_id.eq(id))
                .filter(audit_seal::seq.eq(last))
                .select(audit_seal::hash)
                .first(c)
                .optional()?;
            match hash {
                Some(hash) => diesel::update(audit_head::table)
                    .filter(audit_head::practice_id.eq(id))
                    .set((audit_head::seq.eq(last), audit_head::hash.eq(hash)))
                    .execute(c),
                None => diesel::delete(audit_head::table)
                    .filter(audit_head::practice_id.eq(id))
                    .execute(c),
            }
        };
        let tamper = shorten;
        w.tamper(move |c| tamper(c, cut)).await;
        assert_eq!(compared(w).await, (Comparison::Shorter, ChainCheck::Whole(cut)));
        // Grown again by ordinary use, it holds another event in that place.
        w.chart("Cy", "Okafor").await;
        w.chart("Di", "Marsh").await;
        audit::seal_waiting(&w.app.db).await.expect("no fault");
        assert_eq!(compared(w).await.0, Comparison::Rewritten);
        w.tamper(move |c| shorten(c, 0)).await;
        assert_eq!(compared(w).await, (Comparison::Shorter, ChainCheck::Whole(0)));
    }
}
