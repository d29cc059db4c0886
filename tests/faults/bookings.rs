//! Many who want one time, at programs that share nothing but the database.

use std::collections::BTreeMap;

use anteroom::features::practice::{PlaceKind, places};
use anteroom::features::staff::api_keys;
use anteroom::kernel::clock::Timestamp;
use anteroom::platform::db::schema::{appointment, busy};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::process::Server;
use crate::support::{Browser, Engine, World};

/// Of 200 bookings of one time, spread over these processes, one is made.
async fn one_is_made(w: &mut World, processes: usize) {
    let mut charts = Vec::new();
    for n in 0..20u8 {
        let last = format!("Rival{}", char::from(b'a' + n));
        charts.push(w.chart_with("Kim", &last, "1990-04-12", "").await.chart_id.to_string());
    }
    let by = w.riverbend.by(Role::Administrator);
    let made = w
        .app
        .db
        .write(&w.riverbend.scope, move |c| api_keys::make(c, &by, "a race", &[Scope::AppointmentsWrite]))
        .await
        .expect("no fault")
        .expect("a key of a new name");
    let bearer = format!("Bearer {}", api_keys::text_of(w.riverbend.scope.id(), &made.1));
    let found = w.app.db.read(&w.riverbend.scope, places).await.expect("no fault");
    let office = found.iter().find(|place| place.kind == PlaceKind::Office).expect("an office").place_id;
    let staff = w.riverbend.member(Role::Clinician).staff_id;
    // The processes have the real time.
    let hour = 3_600_000_000;
    let now = Timestamp::from(jiff::Timestamp::now());
    let at = Timestamp::from_micros(now.micros() / hour * hour).plus_hours(24 * 7);
    let folders: Vec<_> = (0..processes).map(|_| tempfile::tempdir().expect("a folder")).collect();
    let servers: Vec<Server> = folders
        .iter()
        .map(|of| {
            // All of them come from one address.
            Server::on(w, of.path())
                .allowing("api_requests_per_minute = 10000\nconnections_per_address = 1000")
        })
        .collect();
    let mut running: Vec<_> = servers.iter().map(Server::start).collect();
    for (server, process) in servers.iter().zip(&mut running) {
        server.ready(process).await;
    }
    let mut asking = Vec::new();
    for n in 0..200usize {
        let mut caller = Browser::new(servers[n % servers.len()].address()).with("authorization", &bearer);
        // They do not all begin at the same minute, and each overlaps the others.
        let starts_at = at.plus_seconds(300 * i64::try_from(n % 9).expect("a few"));
        let body = json!({
            "chart_id": charts[n % charts.len()], "kind": "session", "starts_at": starts_at, "minutes": 50,
            "place_id": office.to_string(), "staff_id": staff.to_string(), "confirm": ["night", "weekend"],
        });
        asking.push(tokio::spawn(async move {
            let body = body.to_string();
            let sent = ("application/json", body.as_bytes());
            caller.send("POST", "/api/v1/appointments", Some(sent)).await.status()
        }));
    }
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for one in asking {
        *answers.entry(one.await.expect("an answer")).or_default() += 1;
    }
    assert_eq!(answers.get(&201), Some(&1), "{answers:?}");
    assert!(answers.keys().all(|status| [201, 409, 503].contains(status)), "{answers:?}");
    let booked: i64 = w.look(|c| appointment::table.count().get_result(c)).await;
    let taken: i64 = w.look(|c| busy::table.count().get_result(c)).await;
    assert_eq!((booked, taken), (1, 2), "{answers:?}");
    eprintln!("{processes} processes: {answers:?}");
    for process in running {
        process.stop().await;
    }
}

#[test]
fn case_26_of_two_hundred_bookings_of_one_time_at_two_processes_on_postgresql_one_is_made() {
    crate::support::tell(Engine::Postgres, async |w: &mut World| one_is_made(w, 2).await);
}

#[test]
fn case_26_of_two_hundred_bookings_of_one_time_on_sqlite_one_is_made() {
    crate::support::tell(Engine::Sqlite, async |w: &mut World| one_is_made(w, 1).await);
}
