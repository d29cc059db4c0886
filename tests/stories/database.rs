//! A PostgreSQL that goes away and comes back.

use std::time::{Duration, Instant};

use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::support::{Engine, World, form, tell};

/// Beside the application: as an administrator of the server, from another database.
fn run(w: &World, sql: &str) {
    let url = w.database.text();
    let (database, options) = url.trim_start_matches("postgres:///").split_once('?').expect("a test's URL");
    let mut conn = PgConnection::establish(&format!("postgres:///postgres?{options}")).expect("the server");
    diesel::sql_query(sql.replace("DATABASE_NAME", database)).execute(&mut conn).expect(sql);
}

const END_ALL: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'DATABASE_NAME'";

/// Opens several connections: as many pages at once.
async fn many(w: &World, browser: &crate::support::Browser, path: &str) -> Vec<u16> {
    let pages: Vec<_> = (0..12)
        .map(|_| {
            let (mut browser, path) = (browser.clone(), path.to_owned());
            browser.to = w.address;
            tokio::spawn(async move { browser.get(&path).await.status() })
        })
        .collect();
    let mut statuses = Vec::new();
    for page in pages {
        statuses.push(page.await.expect("a page"));
    }
    statuses
}

#[test]
fn avl_04_connections_that_the_server_ended_cost_no_request() {
    tell(Engine::Postgres, async |w: &mut World| {
        let ana = w.chart("Ana", "Duarte").await;
        let mut staff = w.staff(Role::FrontDesk).await;
        let room = format!("/staff/charts/{}/communications", ana.chart_id);
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        assert_eq!(many(w, &staff, &room).await, [200; 12]);
        for _ in 0..3 {
            run(w, END_ALL);
            assert_eq!(many(w, &staff, &room).await, [200; 12]);
        }
        let page = staff.get(&invite).await;
        let form =
            form::forms(&page.html()).into_iter().find(|f| f.action.contains(&invite)).expect("its form");
        let body = crate::support::http::encode_form(&form.fields);
        run(w, END_ALL);
        let sent =
            staff.send("POST", &invite, Some(("application/x-www-form-urlencoded", body.as_bytes()))).await;
        sent.must_be(303);
    });
}

#[test]
fn avl_04_while_the_database_is_away_the_answer_comes_soon_and_says_so() {
    tell(Engine::Postgres, async |w: &mut World| {
        let ana = w.chart("Ana", "Duarte").await;
        let mut staff = w.staff(Role::FrontDesk).await;
        let invite = format!("/staff/charts/{}/access/invite", ana.chart_id);
        let form = staff.get(&invite).await;
        w.browser().get("/readyz").await.must_be(200);
        run(w, "ALTER DATABASE \"DATABASE_NAME\" ALLOW_CONNECTIONS false");
        run(w, END_ALL);
        // A page waits for half a second, and a second more where its connection has just broken; a form waits for
        // a second or two. The rest is for a slow machine.
        for is_form in [false, false, false, true, true] {
            let began = Instant::now();
            let page = if is_form {
                staff.submit(&form, &invite, &[]).await
            } else {
                staff.get("/staff/charts").await
            };
            let waited = began.elapsed();
            page.must_be(503);
            let retry_after =
                page.answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
            assert!(retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)), "{retry_after:?}");
            assert!(waited < Duration::from_secs(if is_form { 4 } else { 3 }), "waited {waited:?}");
        }
        let not_ready = async || w.browser().get("/readyz").await.status() == 503;
        let began = Instant::now();
        while !not_ready().await {
            assert!(began.elapsed() < Duration::from_secs(30), "it is called ready without a database");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        run(w, "ALTER DATABASE \"DATABASE_NAME\" ALLOW_CONNECTIONS true");
        let began = Instant::now();
        while staff.get("/staff/charts").await.status() != 200 || not_ready().await {
            assert!(began.elapsed() < Duration::from_secs(30), "it does not come back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}
