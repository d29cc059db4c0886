//! A database that an earlier version filled is brought to the newest step, with every row, on both
//! engines. `tests/upgrades` has one filled database for each released step; see [`the_new_steps_are_released`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anteroom::features::billing::actions::post_charge;
use anteroom::features::billing::{NewCharge, check};
use anteroom::features::ledger::owed_of;
use anteroom::kernel::clock::{MovableClock, Timestamp};
use anteroom::kernel::ids::{ChartId, KeyId};
use anteroom::kernel::money::{Currency, Money};
use anteroom::kernel::secrets::sha256_hex;
use anteroom::platform::audit::{self, ChainCheck};
use anteroom::platform::db::schema::{
    api_key, appointment, appointment_party, audit_event, busy, chart, document_share, handled_request,
    portal_access,
};
use anteroom::platform::db::{Conn, DatabaseUrl, Scoped, migrate, pending};
use anteroom::platform::fault::Fault;
use anteroom::platform::permissions::Role;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use crate::filled::fill_every_table;
use crate::stories;
use crate::support::dump::{columns, difference, rows_of};
use crate::support::form::links;
use crate::support::rows::DOCUMENT_TITLE;
use crate::support::world::{Database, Engine, Plan};
use crate::support::{Browser, PASSWORD, World, tell};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A step that is released: a database out there has run it, so its files never change again. Whoever needs another
/// schema writes a new step.
struct Released {
    step: String,
    /// What its files hash to.
    hash: String,
    /// Is there a filled database of it? There is one of the last step of each release: no installation stopped at a
    /// step before that.
    is_filled: bool,
}

fn released() -> Vec<Released> {
    let text = std::fs::read_to_string(root().join("tests/upgrades/released.txt")).unwrap_or_default();
    let read = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
        [step, hash] => Released { step: step.to_owned(), hash: hash.to_owned(), is_filled: false },
        [step, hash, "filled"] => Released { step: step.to_owned(), hash: hash.to_owned(), is_filled: true },
        _ => panic!("released.txt: {line}"),
    };
    text.lines().map(read).collect()
}

/// The released steps of which there is a filled database.
fn filled_steps() -> Vec<String> {
    released().into_iter().filter(|released| released.is_filled).map(|released| released.step).collect()
}

/// Every step's folder name, the oldest first.
fn steps() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root().join("migrations/sqlite"))
        .expect("the steps")
        .map(|entry| entry.expect("a step").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

fn fixture(step: &str, engine: Engine) -> PathBuf {
    root().join("tests/upgrades").join(format!("{step}.{}.sql", engine.word()))
}

/// What the files of a step hash to, in both dialects.
fn hash_of(step: &str) -> String {
    let mut all = Vec::new();
    for engine in ["sqlite", "postgres"] {
        for file in ["up.sql", "down.sql"] {
            // The first ten steps lead back as well; nothing runs them, and later steps have no way back.
            let path = root().join("migrations").join(engine).join(step).join(file);
            if file == "up.sql" || path.exists() {
                all.extend(std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
                all.push(0);
            }
        }
    }
    sha256_hex(&all)
}

#[test]
fn a_released_step_is_never_changed() {
    let released = released();
    for Released { step, hash, is_filled } in &released {
        assert_eq!(hash_of(step), *hash, "{step} is released: leave it as it is and write a new step");
        for engine in [Engine::Sqlite, Engine::Postgres] {
            assert_eq!(fixture(step, engine).is_file(), *is_filled, "{step}: {}", engine.word());
        }
    }
    assert!(
        released.last().is_some_and(|last| last.is_filled),
        "the newest released step has a filled database"
    );
    let first: Vec<String> = steps().into_iter().take(released.len()).collect();
    let named: Vec<String> = released.into_iter().map(|released| released.step).collect();
    assert_eq!(first, named, "no step comes before a released one");
}

/// A database with the steps up to this one and nothing in it.
fn database_at(engine: Engine, last: &str) -> Database {
    fn run<DB: diesel::backend::Backend>(
        conn: &mut impl MigrationHarness<DB>,
        source: impl MigrationSource<DB>,
        last: &str,
    ) {
        // A folder is named by its version and its title; versions compare as texts do.
        let version = |name: &str| name.split('_').next().unwrap_or_default().replace('-', "");
        let mut steps: Vec<Box<dyn Migration<DB>>> = source.migrations().expect("the steps");
        // Makes the table in which the steps that ran are noted.
        conn.applied_migrations().expect("an empty database");
        steps.sort_by_key(|step| step.name().version().as_owned());
        for step in steps {
            if step.name().version().to_string() <= version(last) {
                conn.run_migration(&*step).expect("a step runs");
            }
        }
    }
    match engine {
        Engine::Sqlite => {
            let folder =
                tempfile::Builder::new().prefix("anteroom-test-").tempdir().expect("a folder").keep();
            let path = folder.join("anteroom.db");
            let source = FileBasedMigrations::from_path(root().join("migrations/sqlite")).expect("the steps");
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("a new file");
            run(&mut conn, source, last);
            Database { url: DatabaseUrl::Sqlite(path), folder: Some(folder) }
        }
        Engine::Postgres => {
            let url = crate::support::postgres::cluster().empty_database();
            let DatabaseUrl::Postgres(text) = &url else { panic!("a PostgreSQL database") };
            let source =
                FileBasedMigrations::from_path(root().join("migrations/postgres")).expect("the steps");
            let mut conn = PgConnection::establish(text).expect("reach the database");
            run(&mut conn, source, last);
            Database { url, folder: None }
        }
    }
}

/// The test's own connection, past the application.
fn connect(database: &Database) -> Conn {
    match &database.url {
        DatabaseUrl::Sqlite(path) => {
            Conn::Sqlite(SqliteConnection::establish(&path.to_string_lossy()).expect("open the file"))
        }
        DatabaseUrl::Postgres(url) => {
            Conn::Postgres(PgConnection::establish(url).expect("reach the database"))
        }
    }
}

fn run_sql(conn: &mut Conn, sql: &str) {
    match conn {
        // Rows come table by table, and a table may refer to a later one.
        Conn::Sqlite(conn) => conn.batch_execute(&format!(
            "PRAGMA foreign_keys = OFF; BEGIN; {sql} COMMIT; PRAGMA foreign_key_check;"
        )),
        Conn::Postgres(conn) => conn.batch_execute(&format!(
            "SET session_replication_role = replica; {sql} RESET session_replication_role;"
        )),
    }
    .expect("the rows of the filled database");
}

/// A database that a released step filled, and a connection to it.
fn filled_at(engine: Engine, step: &str) -> (Database, Conn) {
    let database = database_at(engine, step);
    let mut conn = connect(&database);
    run_sql(&mut conn, &std::fs::read_to_string(fixture(step, engine)).expect("the filled database"));
    (database, conn)
}

fn filled_at_the_first_step(engine: Engine) -> (Database, Conn) {
    filled_at(engine, &steps().remove(0))
}

/// The program on a database that was upgraded, at the moment of the last thing that happened in it.
async fn world_on(w: &World, database: &Database) -> World {
    let mut plan = Plan::new(w.engine);
    let upgraded = database.clone();
    let newest = move || -> Option<Timestamp> {
        let events = audit_event::table.order(audit_event::at.desc());
        events.select(audit_event::at).first(&mut connect(&upgraded)).optional().expect("read the trail")
    };
    let newest = tokio::task::spawn_blocking(newest).await.expect("the trail was read");
    plan.clock = Arc::new(MovableClock::frozen(newest.expect("something happened")));
    plan.sends = false;
    plan.database = Some(database.clone());
    World::planned(plan).await
}

/// Kim Serrano, signed in with the password of the filled database.
async fn kims_phone(upgraded: &World) -> Browser {
    let mut phone = upgraded.browser();
    let page = phone.get("/riverbend/sign-in").await;
    let kim = [("name", "kim.serrano@example.com"), ("password", PASSWORD)];
    phone.submit(&page, "sign-in", &kim).await.must_be(303);
    phone
}

type Tables = BTreeMap<String, Vec<String>>;

/// Every table with its columns.
fn tables(conn: &mut Conn) -> QueryResult<Tables> {
    let mut tables = Tables::new();
    for column in columns(conn)? {
        tables.entry(column.of_table).or_default().push(column.name);
    }
    Ok(tables)
}

/// Every row, as far as these columns go.
fn rows(conn: &mut Conn, tables: &Tables) -> QueryResult<BTreeMap<String, Vec<String>>> {
    tables.iter().map(|(table, names)| Ok((table.clone(), rows_of(conn, table, names, "|")?))).collect()
}

/// Every row, as text that makes it again. The database checks an entry of the journal by its postings, which come first.
fn as_sql(conn: &mut Conn) -> QueryResult<String> {
    let mut text = String::new();
    let mut all: Vec<(String, Vec<String>)> = tables(conn)?.into_iter().collect();
    all.sort_by_key(|(table, _)| table != "posting");
    for (table, names) in all {
        let list = names.join(", ");
        for row in rows_of(conn, &table, &names, ", ")? {
            text.push_str(&format!("INSERT INTO {table} ({list}) VALUES ({row});\n"));
        }
    }
    Ok(text)
}

/// Releases the steps that are new: writes the filled database of the newest one, and the hash of each, into
/// `tests/upgrades`. Run by hand, and commit what it wrote:
/// `cargo test --test stories upgrades::the_new_steps_are_released -- --ignored`.
#[test]
#[ignore = "writes files; run by hand when steps are released"]
fn the_new_steps_are_released() {
    let newest = steps().pop().expect("a step");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (path, step) = (fixture(&newest, engine), newest.clone());
        tell(engine, async move |w| {
            let made = fill_every_table(w).await;
            let link = made.fill("/{practice}/i/{token}");
            w.stop_sending().await;
            let (all, sql) = w.look(|c| Ok((tables(c).and_then(|all| rows(c, &all))?, as_sql(c)?))).await;
            for (table, rows) in all {
                assert!(!rows.is_empty() || may_be_empty(&step, &table), "no row of {table} was made");
            }
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(&path, format!("-- {link}\n{sql}")).expect("write the filled database");
        });
    }
    let filled = filled_steps();
    let mut lines = String::new();
    for step in steps() {
        let word = if step == newest || filled.contains(&step) { " filled" } else { "" };
        lines.push_str(&format!("{step} {}{word}\n", hash_of(&step)));
    }
    std::fs::write(root().join("tests/upgrades/released.txt"), lines).expect("write the released steps");
}

/// What Kim and the practice's staff had before the upgrade is on their pages.
async fn messages_visits_and_accounts_are_there(upgraded: &World, phone: &mut Browser, owed: &str) {
    let messages = phone.get("/portal/messages").await;
    messages.must_be(200).must_say("Lanterns");
    let mut says = 0;
    for link in links(&messages.html()).iter().filter(|link| link.starts_with("/portal/messages/0")) {
        let thread = phone.get(link).await;
        says += usize::from(thread.says("Where are the lanterns?") && thread.says("And in the shed."));
    }
    assert_eq!(says, 1, "{}", messages.words());
    phone.get("/portal/appointments").await.must_be(200).must_say("Friday, December 4, 2026, 12:00 PM EST");
    phone.get("/portal/account").await.must_be(200).must_say("A session by lantern light").must_say(owed);
    let whole = upgraded.app.db.read(&upgraded.riverbend.scope, check).await.expect("no fault");
    assert_eq!(whole.problems, []);
    let mut clinician = upgraded.staff(Role::Clinician).await;
    let charts = clinician.get("/staff/charts?q=Lee+Park").await;
    let tab = format!("{}/communications", charts.link("/staff/charts/0"));
    clinician.get(&tab).await.must_be(200).must_say("Rosa Park");
    let documents = phone.get("/portal/documents").await;
    documents.must_say("Safety plan");
}

stories! {
    async fn the_rows_of_the_old_ledger_become_a_journal_that_is_whole(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at_the_first_step(engine);
            // Two charts: one that pays late and too much, in two currencies; one that only has credit.
            let chart = |number| {
                format!("(SELECT chart_id FROM chart ORDER BY chart_number LIMIT 1 OFFSET {number})")
            };
            let of = |number| format!("(SELECT practice_id FROM chart ORDER BY chart_number LIMIT 1 OFFSET {number})");
            let rows = [
                (0, "charge", "2026-09-01", 15_000, "USD"),
                (0, "payment", "2026-09-05", -20_000, "USD"),
                (0, "charge", "2026-09-15", 15_000, "USD"),
                (0, "adjustment", "2026-09-16", -500, "USD"),
                (0, "adjustment", "2026-09-17", 300, "USD"),
                (0, "charge", "2026-09-20", 8_000, "EUR"),
                (1, "payment", "2026-09-21", -100, "USD"),
                (1, "adjustment", "2026-09-22", -40, "USD"),
            ];
            for (n, (number, kind, on, amount, currency)) in (1..).zip(rows) {
                let id = format!("{n:032x}");
                let id = match engine {
                    Engine::Sqlite => format!("X'{id}'"),
                    Engine::Postgres => format!("decode('{id}', 'hex')"),
                };
                let (of, chart) = (of(number), chart(number));
                run_sql(&mut conn, &format!(
                    "INSERT INTO ledger_entry VALUES ({of}, {id}, {chart}, '{kind}', '{on}', 'Entry {n}', {amount}, \
                     '{currency}', {n});"
                ));
            }
            migrate(&database.url).expect("the upgrade");
            database
        };
        let database = tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        let upgraded = world_on(w, &database).await;
        let scope = upgraded.riverbend.scope.clone();
        let by = upgraded.riverbend.by(Role::Biller);
        let read = upgraded.app.db.write(&scope, move |c| {
            let charts: Vec<ChartId> =
                c.rows(chart::table).order(chart::chart_number.asc()).select(chart::chart_id).load(c)?;
            let owed = |c: &mut Scoped<'_>, number: usize| -> Result<Vec<(String, i64, i64)>, Fault> {
                let owed = owed_of(c, charts[number])?;
                Ok(owed.iter().map(|owed| (owed.currency.to_string(), owed.due, owed.credit)).collect())
            };
            assert_eq!(owed(c, 0)?, [("EUR".to_owned(), 8_000, 0), ("USD".to_owned(), 9_800, 0)]);
            assert_eq!(owed(c, 1)?, [("USD".to_owned(), 0, 140)]);
            assert_eq!(check(c)?.problems, []);
            // What is posted next joins the chain of what was brought over, and uses its credit.
            let amount = Money::new(200, Currency::USD);
            let on = jiff::civil::date(2026, 12, 1);
            let new = NewCharge { chart: charts[1], on, description: "Check-in".to_owned(), amount };
            post_charge(c, &by, &new)?.expect("a charge is posted");
            assert_eq!(owed(c, 1)?, [("USD".to_owned(), 60, 0)]);
            assert_eq!(check(c)?.problems, []);
            Ok(charts[0])
        });
        let chart = read.await.expect("no fault");
        let mut desk = upgraded.staff(Role::Biller).await;
        let tab = desk.get(&format!("/staff/charts/{chart}/billing")).await;
        tab.must_be(200).must_say("Entry 1").must_say("Entry 4").must_say("EUR 80.00").must_say("$98.00");
        drop(upgraded);
        crate::support::world::take_down(database);
    }

    /// Today's program fills every table too, so that the next step that is released can have its filled database.
    async fn every_table_gets_rows_through_the_programs_own_doors(w: &mut World) {
        fill_every_table(w).await;
        let newest = steps().pop().expect("a step");
        let all = w.look(|c| tables(c).and_then(|all| rows(c, &all))).await;
        for (table, rows) in all {
            assert!(!rows.is_empty() || may_be_empty(&newest, &table), "no row of {table} was made");
        }
    }

    async fn each_released_step_is_upgraded_with_every_row_and_goes_on_working(w: &mut World) {
        for step in filled_steps() {
            let engine = w.engine;
            let sql = std::fs::read_to_string(fixture(&step, engine)).expect("the filled database");
            let link = sql.lines().next().and_then(|line| line.strip_prefix("-- ")).expect("a link").to_owned();
            let name = step.clone();
            let upgrade = move || {
                let database = database_at(engine, &name);
                let mut conn = connect(&database);
                run_sql(&mut conn, &sql);
                let mut tables = tables(&mut conn).expect("the columns");
                for (table, columns) in &mut tables {
                    columns.retain(|column| !MOVED.contains(&(table.as_str(), column.as_str())));
                }
                let before = rows(&mut conn, &tables).expect("read the rows");
                let lacking = pending(&database.url).expect("which steps are new");
                assert_eq!(lacking.len(), steps().iter().filter(|later| **later > name).count());
                assert_eq!(migrate(&database.url).expect("the upgrade"), lacking);
                // Whatever columns came beside them, the old ones hold what they held.
                // A table that a later step took apart has a story of its own.
                let kept: Tables =
                    tables.into_iter().filter(|(table, _)| !TAKEN_APART.contains(&table.as_str())).collect();
                let after = rows(&mut conn, &kept).expect("read the rows");
                (database, before, after)
            };
            let (database, before, after) = tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
            for (table, rows) in &before {
                assert!(!rows.is_empty() || may_be_empty(&step, table), "{step} has no row of {table}");
            }
            let has_messages = before.contains_key("message");
            let kept = before.into_iter().filter(|(table, _)| !TAKEN_APART.contains(&table.as_str())).collect();
            let mut changed = difference(&kept, &after);
            changed.retain(|line| !GIVEN_ROWS.iter().any(|table| line.starts_with(&format!("{table} has now "))));
            assert_eq!(changed, [""; 0]);

            let upgraded = world_on(w, &database).await;
            let check = upgraded.app.db.read(&upgraded.riverbend.scope, audit::check_chain).await.expect("no fault");
            assert!(matches!(check, ChainCheck::Whole(_)), "{check:?}");
            let mut desk = upgraded.browser();
            let page = desk.get("/riverbend/staff/sign-in").await;
            let robin = [("email", "robin@riverbend.example.org"), ("password", PASSWORD)];
            desk.submit(&page, "sign-in", &robin).await.must_be(303);
            desk.get("/staff/charts").await.must_be(200).must_say("Duarte, Ana").must_say("Serrano, Kim");
            desk.get("/staff/requests").await.must_be(200).must_say("Kim Serrano");
            upgraded.browser().get(&link).await.must_be(200).must_say("Riverbend");
            let mut phone = kims_phone(&upgraded).await;
            phone.get("/portal").await.must_be(200).must_say("Kim");
            let documents = phone.get("/portal/documents").await;
            documents.must_be(200).must_say(DOCUMENT_TITLE);
            let mut says = 0;
            for link in links(&documents.html()).iter().filter(|link| link.starts_with("/portal/documents/0")) {
                says += usize::from(phone.get(link).await.must_be(200).says("Lanterns by the river."));
            }
            assert!(says > 0, "{}", documents.words());
            if has_messages {
                // What the filled database of each step says.
                let owed = if step.contains("_hand_over") { "$140.00" } else { "$845.00 is in your favor" };
                messages_visits_and_accounts_are_there(&upgraded, &mut phone, owed).await;
            }
            drop(upgraded);
            crate::support::world::take_down(database);
        }
    }

    async fn requests_that_were_handled_before_the_upgrade_are_known_after_it(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at(engine, "2026-11-28-000010_hand_over");
            let count = |conn: &mut Conn, table: &str| -> usize {
                rows_of(conn, table, &["practice_id".to_owned()], "|").expect("read the rows").len()
            };
            let before = count(&mut conn, "sent_form") + count(&mut conn, "idempotent_request");
            migrate(&database.url).expect("the upgrade");
            (database, before, count(&mut conn, "handled_request"))
        };
        let (database, before, after) = tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        assert!(before > 1, "the filled database has forms and a request of a program");
        assert_eq!(before, after);
        let upgraded = world_on(w, &database).await;
        let known = upgraded.look(|c| {
            handled_request::table.filter(handled_request::request_key.like("%/one charge"))
                .select((handled_request::request_key, handled_request::answer)).first::<(String, String)>(c)
        }).await;
        let key = upgraded.look(|c| api_key::table.filter(api_key::name.ne("EHR")).select(api_key::key_id).first::<KeyId>(c)).await;
        assert_eq!(known.0, format!("{}/one charge", key.uuid().simple()));
        assert!(known.1.contains("\"status\":201"), "{}", known.1);
        drop(upgraded);
        crate::support::world::take_down(database);
    }

    async fn what_clients_asked_for_is_kept_under_the_name_that_requests_have_now(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at(engine, "2026-11-30-000032_templates");
            let mut rows = |table: &str, key: &str| {
                let columns = [key, "chart_id", "kind", "wanted", "state", "asked_at"].map(str::to_owned);
                rows_of(&mut conn, table, &columns, "|").expect("read the rows")
            };
            let before = rows("document_wish", "wish_id");
            migrate(&database.url).expect("the upgrade");
            (database, before, rows("document_request", "request_id"))
        };
        let (database, before, after) = tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        crate::support::world::take_down(database);
        assert!(before.len() > 1, "the filled database has requests");
        assert_eq!(before, after);
    }

    async fn appointments_of_an_earlier_version_keep_their_client_place_and_time(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at_the_first_step(engine);
            // The same hour with the same clinician for every client, as could be booked then.
            run_sql(
                &mut conn,
                "INSERT INTO appointment (practice_id, appointment_id, chart_id, request_id, starts_at, minutes, kind, place, staff_id, state, created_at)
                 SELECT practice_id, chart_id, chart_id, NULL, 1796326200000000, 50, 'session', 'video',
                        (SELECT staff_id FROM staff_member s WHERE s.practice_id = chart.practice_id AND role = 'clinician'),
                        'booked', 1796137200000000
                 FROM chart;",
            );
            migrate(&database.url).expect("the upgrade");
            type Row = (i64, i64, i64, i64);
            let counts: Row = (
                appointment::table
                    .filter(appointment::ends_at.eq(1_796_326_200_000_000i64 + 50 * 60_000_000))
                    .count()
                    .get_result(&mut conn)
                    .expect("read the appointments"),
                appointment_party::table
                    .filter(appointment_party::state.eq("expected"))
                    .filter(appointment_party::chart_id.eq(appointment_party::appointment_id))
                    .count()
                    .get_result(&mut conn)
                    .expect("read the clients"),
                busy::table.count().get_result(&mut conn).expect("read what is taken"),
                busy::table.filter(busy::exclusive.eq(false)).count().get_result(&mut conn).expect("read it"),
            );
            (database, counts)
        };
        let (database, (appointments, parties, taken, shared)) =
            tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        assert!(appointments > 1, "the filled database has charts");
        assert_eq!(parties, appointments);
        assert_eq!((taken, shared), (2 * appointments, appointments - 1), "the first keeps others away");
        let upgraded = world_on(w, &database).await;
        let mut phone = kims_phone(&upgraded).await;
        let mine = phone.get("/portal/appointments").await;
        mine.must_say("Thursday, December 3, 2026, 2:30 PM EST").must_say("by video");
        drop(upgraded);
        crate::support::world::take_down(database);
    }

    async fn appointments_of_an_earlier_version_get_a_seat_for_each_of_their_clients(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at(engine, "2026-11-30-000032_templates");
            // Every chart comes to the first booked appointment as well, and to another one nobody comes any more.
            run_sql(
                &mut conn,
                "INSERT INTO appointment_party (practice_id, appointment_id, party_id, chart_id, state, decided_by, reason_code, words)
                 SELECT a.practice_id, a.appointment_id, c.chart_id, c.chart_id, 'expected', '', '', ''
                 FROM chart c JOIN appointment a ON a.practice_id = c.practice_id
                 WHERE a.appointment_id = (SELECT appointment_id FROM appointment WHERE state = 'booked' ORDER BY appointment_id LIMIT 1)
                   AND NOT EXISTS (SELECT 1 FROM appointment_party p WHERE p.practice_id = c.practice_id
                        AND p.appointment_id = a.appointment_id AND p.chart_id = c.chart_id);
                 UPDATE appointment_party SET state = 'canceled'
                 WHERE appointment_id = (SELECT appointment_id FROM appointment WHERE state = 'booked' ORDER BY appointment_id DESC LIMIT 1);
                 UPDATE appointment SET state = 'canceled'
                 WHERE appointment_id = (SELECT appointment_id FROM appointment WHERE state = 'booked' ORDER BY appointment_id DESC LIMIT 1);",
            );
            migrate(&database.url).expect("the upgrade");
            let all: Vec<(Vec<u8>, String, i32, i32)> = appointment::table
                .select((appointment::appointment_id, appointment::state, appointment::seats, appointment::seats_taken))
                .load(&mut conn)
                .expect("read the appointments");
            let with_clients = all.into_iter().map(|(id, state, seats, taken)| {
                let on: i64 = appointment_party::table
                    .filter(appointment_party::appointment_id.eq(&id))
                    .filter(appointment_party::state.eq_any(["expected", "arrived", "no_show"]))
                    .count()
                    .get_result(&mut conn)
                    .expect("count the clients");
                (state, seats, taken, on)
            });
            let all: Vec<(String, i32, i32, i64)> = with_clients.collect();
            (database, all)
        };
        let (database, all) = tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        assert!(all.iter().any(|(_, seats, ..)| *seats > 1) && all.iter().any(|(state, ..)| state == "canceled"));
        for (state, seats, taken, on) in all {
            assert!(i64::from(taken) == on && taken <= seats && seats >= 1, "{state}: {taken} of {seats}, {on} come");
        }
        let upgraded = world_on(w, &database).await;
        let mut phone = kims_phone(&upgraded).await;
        phone.get("/portal/appointments").await.must_be(200);
        drop(upgraded);
        crate::support::world::take_down(database);
    }

    async fn a_representative_still_reads_the_documents_of_an_earlier_version(w: &mut World) {
        let engine = w.engine;
        let upgrade = move || {
            let (database, mut conn) = filled_at_the_first_step(engine);
            // Each client's grant once more, on the charts that have documents, for a person who does not own them.
            run_sql(
                &mut conn,
                "INSERT INTO portal_access (practice_id, access_id, chart_id, person_id, role, rights, state, generation, mismatches,
                    account_practice_id, account_id, since_at, by_name, reason, version, created_at)
                 SELECT held.practice_id, other.person_id, held.chart_id, other.person_id, 'representative', held.rights, 'active', 1, 0,
                    held.account_practice_id, held.account_id, held.since_at, '', '', 1, held.created_at
                 FROM portal_access held
                 JOIN chart ON chart.practice_id = held.practice_id AND chart.chart_id = held.chart_id
                 JOIN person other ON other.practice_id = held.practice_id AND other.person_id <> chart.owner_person_id
                 WHERE held.state = 'active' AND EXISTS (SELECT 1 FROM document
                    WHERE document.practice_id = held.practice_id AND document.chart_id = held.chart_id);",
            );
            migrate(&database.url).expect("the upgrade");
            let shared = document_share::table
                .inner_join(portal_access::table.on(portal_access::access_id.eq(document_share::access_id)))
                .filter(portal_access::role.eq("representative"))
                .count()
                .get_result::<i64>(&mut conn)
                .expect("read the shares");
            let representatives = portal_access::table
                .filter(portal_access::role.eq("representative"))
                .count()
                .get_result::<i64>(&mut conn)
                .expect("read the grants");
            (database, shared, representatives)
        };
        let (database, shared, representatives) =
            tokio::task::spawn_blocking(upgrade).await.expect("the upgrade ran");
        crate::support::world::take_down(database);
        assert!(representatives > 0, "the filled database has a client with a document");
        assert!(shared >= representatives, "{shared} shares of {representatives} representatives");
    }
}

/// Columns that a later step moved to another table, or computes anew. A story of their own follows them.
const MOVED: &[(&str, &str)] = &[
    ("appointment", "chart_id"),
    ("appointment", "minutes"),
    ("appointment", "place"),
    ("appointment_request", "nonce"),
    ("calendar_resource", "keeps_months"),
    ("document", "body"),
    ("document", "opened_at"),
    ("document", "sent_at"),
    ("document", "sent_by_name"),
    ("invitation", "nonce_hash"),
];

/// Tables to which a later step adds rows: receipts of earlier payments are numbered, and what is booked gets its
/// reminders.
const GIVEN_ROWS: &[&str] = &["number_series", "due_job"];

/// Tables that a later step takes apart, or whose rows derive from others and are computed anew: what becomes of their rows
/// is told by a story of that step.
const TAKEN_APART: &[&str] =
    &["busy_month", "document_wish", "idempotent_request", "ledger_entry", "sent_form"];

/// Has the filled database of a step no row of this table? Those of the audit chain are empty on one engine or the
/// other: SQLite seals an event as it is written, PostgreSQL a moment later. The first step was filled with less than
/// every table has.
fn may_be_empty(step: &str, table: &str) -> bool {
    const OF_THE_CHAIN: &[&str] = &["audit_head", "audit_seal", "audit_unsealed"];
    const OF_THE_FIRST_STEP: &[&str] = &[
        "appointment",
        "form_draft",
        "idempotent_request",
        "import_column",
        "known_device",
        "ledger_entry",
        "related_contact",
        "reminder",
    ];
    OF_THE_CHAIN.contains(&table)
        || (steps().first().is_some_and(|first| first == step) && OF_THE_FIRST_STEP.contains(&table))
}
