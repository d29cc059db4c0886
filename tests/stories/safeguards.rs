//! Rules of the requirements that hold everywhere and belong to no single feature.

use anteroom::app;
use anteroom::features::access::actions::{self, LinkView};
use anteroom::features::access::lifecycle::Phase;
use anteroom::features::access::overviews_of_chart;
use anteroom::kernel::ids::ChartId;
use anteroom::kernel::secrets::Token;
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{invitation, outbox, portal_access};
use anteroom::platform::permissions::{Needs, Role};
use anteroom::platform::state::PublicMetrics;
use anteroom::platform::web::Routes;
use axum::body::Body;
use axum::http::Request;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tower::ServiceExt;
use unicode_normalization::UnicodeNormalization;

use crate::stories;
use crate::support::World;
use crate::support::world::Plan;

const DAY: u32 = 86_400;

/// From here on, nothing can be written into the audit trail.
async fn break_the_trail(w: &World) {
    w.tamper(|conn| {
        match conn {
        Conn::Sqlite(conn) => conn.batch_execute(
            "CREATE TRIGGER no_trail BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'no trail'); END",
        ),
        Conn::Postgres(conn) => conn.batch_execute(
            "CREATE FUNCTION no_trail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'no trail'; END $$; \
             CREATE TRIGGER no_trail BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION no_trail()",
        ),
        }?;
        Ok(0)
    })
    .await;
}

stories! {
    async fn inv_10_no_header_of_a_request_gets_into_a_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.mail_to(&ana.email).await;
        for (name, value) in [
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-host", "evil.example"),
            ("x-host", "evil.example"),
            ("x-forwarded-proto", "ftp"),
        ] {
            w.clock.advance_seconds(DAY);
            let mut desk = w.staff(Role::FrontDesk).await.with(name, value);
            let page = desk.get(&format!("/staff/charts/{}/access/resend", ana.chart_id)).await;
            desk.submit_and_follow(&page, "/access/resend", &[]).await.must_be(200);
            let mail = w.mail_to(&ana.email).await;
            assert!(!String::from_utf8_lossy(&mail.raw).contains("evil.example"), "{name}");
            w.browser().get(&w.link_in(&mail)).await.must_be(200);
        }
    }

    async fn inv_11_the_chart_and_the_link_agree_on_the_state_to_the_second(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let token = Token::read(w.link_in(&mail).rsplit('/').next().unwrap()).unwrap();
        w.clock.advance_seconds(7 * DAY - 2);
        for seconds_left in [2, 1, 0, -1] {
            let chart = ana.chart_id;
            let shown = w.app.db.read(&w.riverbend.scope, move |c| overviews_of_chart(c, &chart)).await.unwrap();
            let link = actions::look_at_link(&w.app, &w.riverbend.scope, &token).await.unwrap();
            let is_open = matches!(link, LinkView::Open { .. });
            assert_eq!(shown[0].phase == Phase::Invited, is_open, "{seconds_left} s before the end");
            assert_eq!(shown[0].phase == Phase::Expired, !is_open, "{seconds_left} s before the end");
            assert_eq!(is_open, seconds_left > 0);
            w.clock.advance_seconds(1);
        }
    }

    async fn pwd_05_a_password_is_the_same_however_the_keyboard_composes_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let composed = "caf\u{e9} junto al r\u{ed}o tranquilo";
        let decomposed: String = composed.nfd().collect();
        assert_ne!(composed, decomposed);
        let mut phone = w.browser();
        let form = phone.get(&link).await;
        let typed = [("last_name", "Duarte"), ("month", "4"), ("day", "12"), ("year", "1990"),
            ("password", decomposed.as_str()), ("how", "new")];
        assert_eq!(phone.submit(&form, &link, &typed).await.status(), 303);
        for (password, is_right) in
            [(composed, true), (&decomposed, true), (&composed.to_uppercase(), false), ("cafe junto al rio tranquilo", false)]
        {
            let mut laptop = w.browser();
            let door = laptop.get("/riverbend/sign-in").await;
            let in_now =
                laptop.submit(&door, "/riverbend/sign-in", &[("name", &ana.email), ("password", password)]).await;
            assert_eq!(in_now.is_redirect(), is_right, "{password}");
        }
    }

    async fn web_05_a_tail_behind_a_real_page_finds_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut client = w.registered(&ana).await;
        for page in ["/portal", "/portal/documents", "/portal/account", "/portal/me", "/portal/appointments"] {
            client.get(page).await.must_be(200);
            for tail in ["/x.css", "/..%2fx.js", "/a/b.png", ";x.css"] {
                client.get(&format!("{page}{tail}")).await.must_be(404).must_not_say("Duarte");
            }
        }
    }

    async fn web_07_only_what_is_declared_is_answered(w: &mut World) {
        let (_, rows) = app::routes().into_parts();
        for row in rows.iter().filter(|row| !row.path.contains('{')) {
            for method in ["TRACE", "CONNECT", "PUT", "PROPFIND", "DELETE"] {
                let declared = rows.iter().any(|r| r.path == row.path && r.method.as_str() == method);
                if !declared {
                    let status = w.browser().send(method, row.path, None).await.status();
                    assert!(matches!(status, 400 | 401 | 403 | 404 | 405 | 501), "{method} {}: {status}", row.path);
                }
            }
        }
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.metrics = PublicMetrics::Hidden;
        plan.sends = false;
        World::planned(plan).await.browser().get("/metrics").await.must_be(404);
        for path in ["/debug", "/.git/config", "/assets/", "/assets"] {
            w.browser().get(path).await.must_be(404);
        }
    }

    async fn auz_07_a_registration_gives_one_role_for_one_chart_whatever_is_posted(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okoye").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let mut phone = w.browser();
        let form = phone.get(&link).await;
        let chart = ben.chart_id.to_string();
        let right = [("last_name", "Duarte"), ("month", "4"), ("day", "12"), ("year", "1990"),
            ("password", "lanterns over the quiet river"), ("how", "new")];
        for more in [("role", "administrator"), ("chart", chart.as_str()), ("rights", "all"), ("staff", "1")] {
            let fields: Vec<_> = right.iter().copied().chain([more]).collect();
            phone.submit(&form, &link, &fields).await.must_be(400);
        }
        assert_eq!(phone.submit(&form, &link, &right).await.status(), 303);
        let grants: Vec<(ChartId, String)> = w
            .look(|c| {
                portal_access::table
                    .filter(portal_access::account_id.is_not_null())
                    .select((portal_access::chart_id, portal_access::role))
                    .load(c)
            })
            .await;
        assert_eq!(grants, [(ana.chart_id, "owner".to_owned())]);
    }

    async fn aud_03_what_cannot_be_written_down_does_not_happen(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.mail_has_settled().await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/charts/{}/access/invite", ana.chart_id)).await;
        break_the_trail(w).await;
        assert!(desk.submit(&page, "/access/invite", &[]).await.status() >= 500);
        let left: i64 = w
            .look(|c| {
                let grants: i64 = portal_access::table.count().get_result(c)?;
                let links: i64 = invitation::table.count().get_result(c)?;
                let mails: i64 = outbox::table.count().get_result(c)?;
                Ok(grants + links + mails)
            })
            .await;
        assert_eq!(left, 0, "no grant, no link and no mail without their trace");
    }

    async fn aud_04_nothing_in_the_program_switches_the_trail_off(w: &mut World) {
        let (_, rows) = app::routes().into_parts();
        let changing: Vec<_> =
            rows.iter().filter(|row| row.path.contains("audit") && row.method.as_str() != "GET").collect();
        assert!(changing.is_empty(), "{changing:?}");
        let settings = anteroom::platform::config::as_markdown();
        // One setting is about the trail: where else its checkpoints are written.
        let others: Vec<&str> =
            settings.lines().filter(|line| line.contains("audit") && !line.contains("audit_checkpoint_file")).collect();
        assert!(settings.contains("public_url") && others.is_empty(), "{others:?}");
        w.staff(Role::Administrator).await.get("/staff/audit").await.must_be(200);
    }

    async fn aud_05_the_box_tells_every_step_with_who_took_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let at = |act: &str| format!("/staff/charts/{}/access/{act}", ana.chart_id);
        let page = desk.get(&at("invite")).await;
        desk.submit_and_follow(&page, "/access/invite", &[]).await.must_be(200);
        w.mail_to(&ana.email).await;
        w.clock.advance_seconds(DAY);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&at("resend")).await;
        desk.submit_and_follow(&page, "/access/resend", &[]).await.must_be(200);
        let mail = w.mail_to(&ana.email).await;
        w.register_by(&w.link_in(&mail), &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&at("revoke")).await;
        admin.submit_and_follow(&page, "/access/revoke", &[("reason", "asked by phone")]).await.must_be(200);
        let told = admin.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        for sentence in ["Invitation sent", "Invitation sent again", "Registered", "Access revoked", "asked by phone"] {
            told.must_say(sentence);
        }
        let names = [Role::FrontDesk, Role::Administrator].map(|role| w.riverbend.member(role).name.clone());
        for name in &names {
            told.must_say(name);
        }
    }

    async fn rat_06_a_forged_address_is_still_one_address(w: &mut World) {
        for n in 0..25 {
            let mut guess = w.browser().with("x-forwarded-for", &format!("203.0.113.{n}"));
            guess.get(&format!("/riverbend/i/{}", "A".repeat(43))).await.must_be(404);
        }
        let buckets: Vec<String> = w
            .look(|c| {
                use anteroom::platform::db::schema::attempt_counter::dsl::{attempt_counter, bucket};
                attempt_counter.filter(bucket.like("unknown-link.%")).select(bucket).distinct().load(c)
            })
            .await;
        assert_eq!(buckets, ["unknown-link.127.0.0.1"], "no proxy is trusted, so none is believed");
    }

    async fn avl_05_with_the_mail_server_away_everybody_goes_on_reading(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut client = w.registered(&ana).await;
        let ben = w.chart("Ben", "Okoye").await;
        w.stop_sending().await;
        client.get("/portal").await.must_be(200);
        client.get("/portal/documents").await.must_be(200);
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/charts/{}/access/invite", ben.chart_id)).await;
        desk.submit_and_follow(&page, "/access/invite", &[]).await.must_be(200).must_say("Queued");
        w.start_sending();
        w.mail_to(&ben.email).await;
    }

    async fn avl_07_a_panic_fails_its_request_and_nothing_else(w: &mut World) {
        async fn broken() -> &'static str {
            panic!("a synthetic panic about Ana Duarte")
        }
        let router = app::with_layers(w.app.clone(), Routes::new().get("/broken", Needs::Nothing, broken));
        for _ in 0..3 {
            let request = Request::get("/broken").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), 500);
            let page = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            let page = String::from_utf8_lossy(&page).into_owned();
            assert!(!page.contains("Duarte") && !page.contains("panic"), "{page}");
        }
        w.browser().get("/healthz").await.must_be(200);
    }

    async fn lif_05_an_invitation_that_nobody_used_keeps_no_address(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okoye").await;
        let eva = w.chart("Eva", "Lindt").await;
        w.invite(&ana).await;
        w.invite(&ben).await;
        let old = w.mail_to(&ana.email).await;
        w.register(&eva).await;
        w.mail_to(&eva.email).await;
        w.mail_has_settled().await;
        w.clock.advance_seconds(37 * DAY - 1);
        assert_eq!(w.run_due_jobs().await, 0, "a moment too early");
        w.clock.advance_seconds(DAY);
        // Ben's newest link is a fresh one; only the first is old.
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get(&format!("/staff/charts/{}/access/resend", ben.chart_id)).await;
        desk.submit_and_follow(&page, "/access/resend", &[]).await.must_be(200);
        w.mail_has_settled().await;
        assert_eq!(w.run_due_jobs().await, 2);
        assert_eq!(w.run_due_jobs().await, 0);

        let kept: Vec<(ChartId, Option<String>)> = w
            .look(|c| {
                portal_access::table
                    .order(portal_access::access_id)
                    .select((portal_access::chart_id, portal_access::invited_address))
                    .load(c)
            })
            .await;
        let of = |id: ChartId| kept.iter().find(|(chart, _)| *chart == id).unwrap().1.clone();
        assert_eq!(of(ana.chart_id), None);
        assert_eq!(of(ben.chart_id).as_deref(), Some(ben.email.as_str()));
        assert_eq!(of(eva.chart_id).as_deref(), Some(eva.email.as_str()), "who registered");
        let mails: i64 =
            w.look(move |c| outbox::table.filter(outbox::recipient.eq(ana.email)).count().get_result(c)).await;
        assert_eq!(mails, 0);

        // Its page and the box still tell what it was, and a new link goes to the face sheet's address.
        w.browser().get(&w.link_in(&old)).await.must_be(410).must_say("This link is no longer good");
        let told = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        told.must_say("Expired").must_say("an address that is no longer kept").must_say("Resend");
        let page = desk.get(&format!("/staff/charts/{}/access/resend", ana.chart_id)).await;
        desk.submit_and_follow(&page, "/access/resend", &[]).await.must_be(200);
    }
}
