//! `kill -9` after every row that the confirmation of a request writes. The test's database holds the program there: a
//! trigger counts the rows from the first one on that only a confirmation writes, and after the chosen one it waits, on
//! PostgreSQL for a lock, on SQLite by counting for hours. So each kill lands between two statements, with all rows up to
//! there written and nothing committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anteroom::features::appointments::actions::{self, NewRequest};
use anteroom::features::appointments::{Picked, PlaceWish, VisitKind};
use anteroom::features::practice::{PlaceKind, places};
use anteroom::kernel::clock::{MovableClock, Timestamp};
use anteroom::kernel::ids::{AppointmentTypeId, RequestId};
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::db::DatabaseUrl;
use anteroom::platform::db::schema::{
    appointment, appointment_request, audit_event, busy, calendar_hold, outbox, portal_access,
};
use anteroom::platform::permissions::Role;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, SqliteConnection};

use super::process::{Answered, Running, Server, ask};
use crate::support::dump::{difference, dump};
use crate::support::world::{Database, Plan, World, take_down};
use crate::support::{Browser, Engine, form, http};

/// The tables whose first row begins a confirmation: nothing else in these tests writes them.
const BEGINS: [&str; 2] = ["appointment_request", "calendar_resource"];
/// The lock for which PostgreSQL's trigger waits.
const LOCK: i64 = 33;
/// How long the database may take to come to the chosen row.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn case_33_killed_between_any_two_statements_of_a_confirmation_sqlite_has_all_of_it_or_nothing() {
    run(Engine::Sqlite);
}

#[test]
fn case_33_killed_between_any_two_statements_of_a_confirmation_postgres_has_all_of_it_or_nothing() {
    run(Engine::Postgres);
}

fn run(engine: Engine) {
    if !engine.is_wanted() {
        eprintln!("not run: ANTEROOM_TEST_ENGINES leaves {} out", engine.word());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let database = runtime.block_on(story(engine));
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

/// Tables that a confirmation does not write, and what every request may touch.
const NOT_WATCHED: &[&str] =
    &["attempt_counter", "session", "halt_at", "halt_count", "halt_many", "__diesel_schema_migrations"];

/// Runs statements on a connection of the test's own.
fn execute(database: &Database, text: &str) {
    match &database.url {
        DatabaseUrl::Postgres(url) => PgConnection::establish(url).expect("a connection").batch_execute(text),
        DatabaseUrl::Sqlite(file) => {
            let mut conn = SqliteConnection::establish(&file.to_string_lossy()).expect("a connection");
            conn.batch_execute("PRAGMA busy_timeout = 10000").expect("a time to wait");
            conn.batch_execute(text)
        }
    }
    .expect("the statements run");
}

/// Puts the triggers on every table.
fn set_triggers(database: &Database, tables: &[String]) {
    let mut text = String::from(
        "CREATE TABLE halt_at (row_number BIGINT NOT NULL); INSERT INTO halt_at VALUES (0);
         CREATE TABLE halt_count (n BIGINT NOT NULL); INSERT INTO halt_count VALUES (0);",
    );
    let on_sqlite = matches!(database.url, DatabaseUrl::Sqlite(_));
    if on_sqlite {
        // A trigger takes no recursive query.
        text.push_str("CREATE TABLE halt_many (n BIGINT NOT NULL); INSERT INTO halt_many VALUES (1);");
        text.push_str(&"INSERT INTO halt_many SELECT n FROM halt_many;".repeat(12));
    } else {
        text.push_str(&format!(
            "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF TG_TABLE_NAME IN ('{}') THEN PERFORM set_config('halt.counts', 'yes', true); END IF;
               IF current_setting('halt.counts', true) = 'yes' THEN
                 UPDATE halt_count SET n = n + 1;
                 IF (SELECT n FROM halt_count) = (SELECT row_number FROM halt_at) THEN
                   PERFORM pg_advisory_xact_lock({LOCK});
                 END IF;
               END IF;
               RETURN NULL;
             END $$;",
            BEGINS.join("', '")
        ));
    }
    for table in tables {
        if !on_sqlite {
            text.push_str(&format!(
                "CREATE TRIGGER halt_{table} AFTER INSERT OR UPDATE OR DELETE ON \"{table}\"
                 FOR EACH ROW EXECUTE FUNCTION halt();"
            ));
            continue;
        }
        // A count above 0 says that a confirmation has begun: it is undone with it.
        let counts = if BEGINS.contains(&table.as_str()) { "n >= 0" } else { "n > 0" };
        for event in ["INSERT", "UPDATE", "DELETE"] {
            text.push_str(&format!(
                "CREATE TRIGGER halt_{table}_{event} AFTER {event} ON \"{table}\" BEGIN
                   UPDATE halt_count SET n = n + 1 WHERE {counts};
                   UPDATE halt_count SET n = (SELECT count(*) FROM halt_many a, halt_many b, halt_many c, halt_many d)
                   WHERE n > 0 AND n = (SELECT row_number FROM halt_at);
                 END;"
            ));
        }
    }
    execute(database, &text);
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn number(database: &Database, text: &str) -> i64 {
    let query = diesel::sql_query(text);
    let found: QueryResult<Number> = match &database.url {
        DatabaseUrl::Postgres(url) => {
            query.get_result(&mut PgConnection::establish(url).expect("a connection"))
        }
        DatabaseUrl::Sqlite(file) => {
            query.get_result(&mut SqliteConnection::establish(&file.to_string_lossy()).expect("a connection"))
        }
    };
    found.expect("a number").n
}

/// The halt after this row; 0 for none.
fn halt_after(database: &Database, row: i64) {
    execute(database, &format!("UPDATE halt_at SET row_number = {row}; UPDATE halt_count SET n = 0;"));
}

/// How many rows were written and committed since the first one of a confirmation.
fn counted(database: &Database) -> i64 {
    number(database, "SELECT n FROM halt_count")
}

/// Takes the lock for which PostgreSQL's trigger waits; it is held until the connection is dropped.
fn hold_lock(database: &Database) -> Option<PgConnection> {
    let DatabaseUrl::Postgres(url) = &database.url else { return None };
    let mut conn = PgConnection::establish(url).expect("a connection");
    diesel::sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut conn).expect("the lock");
    Some(conn)
}

/// The processor time, in hundredths of a second, of the thread of `process` that writes to SQLite.
fn time_of_the_writer(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("the threads of the program");
    let of_thread = |folder: std::path::PathBuf| {
        let name = std::fs::read_to_string(folder.join("comm")).ok()?;
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        // proc(5): utime and stime are the 12th and 13th field after the name in brackets.
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let spent = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        (name.trim() == "db-writer").then_some(spent)
    };
    tasks.flatten().filter_map(|task| of_thread(task.path())).sum()
}

/// Is the program held at the chosen row? On PostgreSQL it waits for the lock. On SQLite its writing thread has computed
/// for longer than any act takes since `before`.
fn is_held(database: &Database, process: u32, before: u64) -> bool {
    if matches!(database.url, DatabaseUrl::Sqlite(_)) {
        return time_of_the_writer(process) > before + 50;
    }
    let waiting = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    number(database, waiting) > 0
}

/// A request of a client for one time that their clinician has, in a week.
async fn a_request(w: &mut World) -> RequestId {
    let client = w.chart_with("Ana", "Duarte", "1990-04-12", "ana.duarte@example.com").await;
    w.registered(&client).await;
    let found = w.app.db.read(&w.riverbend.scope, places).await.expect("no fault");
    let office = found.iter().find(|place| place.kind == PlaceKind::Office).expect("an office").place_id;
    let staff = w.riverbend.member(Role::Clinician).staff_id;
    let mut admin = w.staff(Role::Administrator).await;
    let page = admin.get("/staff/practice/types/new").await;
    let offered = [("name", "Regular visit"), ("notice", "0"), ("after", "0"), ("grid", "30")];
    admin.submit(&page, "/staff/practice/types/new", &offered).await.must_be(303);
    let of_type: AppointmentTypeId = w
        .look(|c| {
            use anteroom::platform::db::schema::appointment_type;
            appointment_type::table.select(appointment_type::type_id).first(c)
        })
        .await;
    let hours = format!("/staff/availability/{staff}");
    let page = admin.get(&hours).await;
    let mut fields = page.form("/hours").fields;
    fields.retain(|(name, _)| !["weekday", "from", "until"].contains(&name.as_str()));
    fields.extend((1..=7).map(|day| ("weekday".to_owned(), day.to_string())));
    fields.extend([("from".to_owned(), "09:00".to_owned()), ("until".to_owned(), "17:00".to_owned())]);
    admin.post_fields(&format!("{hours}/hours"), &fields).await.must_be(303);
    let (account, chart) = {
        let chart = client.chart_id;
        let account = w
            .look(move |c| {
                portal_access::table
                    .filter(portal_access::chart_id.eq(chart))
                    .select(portal_access::account_id.assume_not_null())
                    .first(c)
            })
            .await;
        (account, chart)
    };
    // Noon in New York, in a week.
    let noon =
        w.now().plus_hours(24 * 7).in_zone(&jiff::tz::TimeZone::get("America/New_York").expect("a zone"));
    let noon = noon.date().at(12, 0, 0, 0).in_tz("America/New_York").expect("a noon").timestamp();
    let picked = Picked { starts_at: Timestamp::from(noon), place: office, staff: Some(staff) };
    let new = NewRequest {
        chart,
        account,
        kind: VisitKind::Session,
        of_type: Some(of_type),
        place: PlaceWish::Either,
        wishes: Vec::new(),
        times: vec![picked],
        note: String::new(),
    };
    let by = By { actor: Actor::Account(account), source: "127.0.0.1".into() };
    w.app
        .db
        .write(&w.riverbend.scope, move |c| actions::ask(c, &by, &new))
        .await
        .expect("no fault")
        .expect("a request");
    w.look(|c| appointment_request::table.select(appointment_request::request_id).first(c)).await
}

/// What the form of the request's page sends.
async fn filled_in(phone: &mut Browser, page: &str) -> String {
    let Answered::Yes(page) = ask(phone, "GET", page, None).await else { panic!("the page does not come") };
    let forms = form::forms(&page.must_be(200).html());
    let form = forms.iter().find(|form| form.action.ends_with("/confirm")).expect("the form");
    http::encode_form(&form.fields)
}

async fn restart(server: &Server) -> Running {
    let mut running = server.start();
    server.ready(&mut running).await;
    running
}

async fn story(engine: Engine) -> Database {
    let mut plan = Plan::new(engine);
    plan.clock = Arc::new(MovableClock::default());
    let mut w = World::planned(plan).await;
    let id = a_request(&mut w).await;
    let mut desk = w.staff(Role::FrontDesk).await;
    w.mail_has_settled().await;
    w.readings_are_written().await;
    w.stop_sending().await;
    let folder = tempfile::tempdir().expect("a data folder");
    let server = Server::on(&w, folder.path());
    desk.to = server.address();
    let watched: Vec<String> = w
        .look(|conn| {
            let columns = crate::support::dump::columns(conn)?;
            let mut tables: Vec<String> = columns.into_iter().map(|column| column.of_table).collect();
            tables.dedup();
            tables.retain(|table| !NOT_WATCHED.contains(&table.as_str()));
            Ok(tables)
        })
        .await;
    set_triggers(&w.database, &watched);
    let mails = async || -> i64 {
        w.look(|c| outbox::table.filter(outbox::kind.like("appointments.%")).count().get_result(c)).await
    };
    let mails_before = mails().await;
    let (path, database) = (format!("/staff/requests/{id}"), w.database.clone());
    let everything = async || w.look(|conn| dump(conn, NOT_WATCHED)).await;
    let mut running = restart(&server).await;
    // The form of before the kill is sent again: what was undone has changed nothing that it says.
    let form = filled_in(&mut desk, &path).await;
    // What opening the page has noted is written every second.
    tokio::time::sleep(Duration::from_millis(1_200)).await;

    // Each row in turn, until a confirmation comes to its end before the chosen one.
    let (mut killed, mut row) = (0, 1);
    let rows = loop {
        let held = hold_lock(&database);
        halt_after(&database, row);
        let (before, spent) = (everything().await, time_of_the_writer(running.id()));
        let (mut phone, to, form) = (desk.clone(), format!("{path}/confirm"), form.clone());
        let asking = tokio::spawn(async move { ask(&mut phone, "POST", &to, Some(&form)).await });
        let began = Instant::now();
        let is_over = loop {
            if asking.is_finished() {
                break true;
            }
            let (of, process) = (database.clone(), running.id());
            let look = tokio::task::spawn_blocking(move || is_held(&of, process, spent));
            if look.await.expect("a look at the program") {
                break false;
            }
            assert!(began.elapsed() < PATIENCE, "neither held nor answered at row {row}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        if is_over {
            let Answered::Yes(page) = asking.await.expect("it ended") else {
                panic!("no answer at row {row}")
            };
            page.must_be(303);
            let rows = counted(&database);
            // On SQLite the count goes on with what the program writes after it, and may hold that at the chosen row.
            running.kill();
            halt_after(&database, 0);
            break rows;
        }
        running.kill();
        drop(held);
        assert!(
            !matches!(asking.await.expect("it ended"), Answered::Yes(_)),
            "an answer came from a dead program"
        );
        killed += 1;
        assert_eq!(counted(&database), 0, "the count is part of what was undone");
        // What the program does of itself after its start is not held.
        halt_after(&database, 0);
        // Nothing of it is there, also after a restart.
        running = restart(&server).await;
        let changed = difference(&before, &everything().await);
        // Events of before are sealed meanwhile, and jobs are looked for.
        let meanwhile = ["due_job ", "audit_seal ", "audit_unsealed ", "audit_head "];
        let is_of_it = |line: &&String| !meanwhile.iter().any(|table| line.starts_with(table));
        let changed: Vec<&String> = changed.iter().filter(is_of_it).collect();
        assert!(changed.is_empty(), "killed after row {row}, this is left:\n{changed:#?}");
        row += 1;
    };
    eprintln!("{killed} kills, one after each of {rows} rows");
    // The last one came to its end before another row.
    assert!(killed + 1 == row && rows >= killed, "{killed} kills, {rows} rows");
    assert!(killed >= 10, "a confirmation writes only {killed} rows");

    // The one that came through is whole.
    let (booked, taken, holds): (i64, i64, i64) = w
        .look(|c| {
            Ok((
                appointment::table.filter(appointment::state.eq("booked")).count().get_result(c)?,
                busy::table.count().get_result(c)?,
                calendar_hold::table.count().get_result(c)?,
            ))
        })
        .await;
    assert_eq!((booked, taken, holds), (1, 2, 0));
    let state: String =
        w.look(|c| appointment_request::table.select(appointment_request::state).first(c)).await;
    assert_eq!(state, "confirmed");
    let events: i64 = w
        .look(|c| {
            audit_event::table.filter(audit_event::action.eq("appointment.booked")).count().get_result(c)
        })
        .await;
    assert_eq!((events, mails().await), (1, mails_before + 1));
    w.database.clone()
}
