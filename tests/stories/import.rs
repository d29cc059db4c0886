//! Import in the browser, and what a search says and forgives.

use anteroom::features::charts::{self, import::Mode};
use anteroom::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::kernel::civil::DateOrder;
use anteroom::platform::audit::By;
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{audit_event, chart, import_column, import_file, person, practice};
use anteroom::platform::permissions::Role;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use jiff::civil::date;

use crate::stories;
use crate::support::{Browser, Page, World};

/// Sends the upload form as a browser does, with this file.
async fn upload(browser: &mut Browser, name: &str, file: &[u8]) -> Page {
    let page = browser.get("/staff/charts/import").await;
    page.must_be(200);
    browser.upload(&page, "/staff/charts/import", name, file).await
}

async fn charts_made(w: &World) -> i64 {
    w.look(|c| chart::table.count().get_result(c)).await
}

const OTHER_PROGRAM: &str = "First Name*,Last Name*,Preferred Name,Date of Birth,Email,Mobile Phone,Client ID,Balance\n\
    Ana,Duarte,,03/04/1990,ana.duarte@example.org,(555) 010-0101,SP-1,12.50\n";

async fn clients(w: &World, q: &str) -> Vec<String> {
    let search = charts::Search::read(q, DateOrder::MonthFirst, date(2026, 12, 1));
    let page = w.app.db.read(&w.riverbend.scope, move |c| charts::find(c, &search)).await.expect("no fault");
    page.rows.into_iter().map(|row| format!("{} {}", row.first_name, row.last_name)).collect()
}

async fn waiting_files(w: &World) -> usize {
    let bodies: Vec<Vec<u8>> = w.look(|c| import_file::table.select(import_file::body).load(c)).await;
    bodies.iter().filter(|body| !body.is_empty()).count()
}

stories! {
    async fn a_file_of_another_program_comes_in_and_its_columns_are_asked_once(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/charts").await.must_be(200).must_say("Import");
        let asked = upload(&mut desk, "clients.csv", OTHER_PROGRAM.as_bytes()).await;
        let asked = desk.follow(&asked).await;
        let asked = if asked.is_redirect() { desk.follow(&asked).await } else { asked };
        asked.must_be(200).must_say("Which column is which?").must_say("Client ID").must_say("SP-1");
        // What is not chosen rightly is said beside it, and nothing is kept.
        let wrong = desk.submit(&asked, "/columns", &[("column-1", "first_name")]).await;
        wrong.must_be(422).must_say("goes to the same place").must_say("first and the last name");
        assert_eq!(w.look(|c| import_column::table.count().get_result::<i64>(c)).await, 0);
        // The guesses are right but for the balance, which is left out already.
        let checked = desk.submit_and_follow(&asked, "/columns", &[]).await;
        checked.must_be(200).must_say("clients.csv: 1 row").must_not_say("1 rows").must_say("1 new chart").must_say("Duarte, Ana").must_say("March 4, 1990");
        assert_eq!(clients(w, "duarte").await, Vec::<String>::new(), "a look writes nothing");
        let done = desk.submit_and_follow(&checked, "/staff/charts/import/", &[]).await;
        done.must_be(200).must_say("The import is done: 1 new chart, 0 charts changed, 0 charts unchanged.");
        assert_eq!(clients(w, "SP-1 ana.duarte@example.org 5550100101").await, ["Ana Duarte"]);
        assert_eq!(waiting_files(w).await, 0, "the file is gone once it is imported");
        // The next file of this kind needs no questions, in the browser and by the command.
        let next = OTHER_PROGRAM.replace("SP-1", "SP-2").replace("Ana,", "Ben,");
        let looked = upload(&mut desk, "clients.csv", next.as_bytes()).await;
        desk.follow(&looked).await.must_be(200).must_say("1 new chart");
        let by_command = charts::import(&w.app, &w.riverbend.scope, By::operator(), std::io::Cursor::new(next), Mode::Apply, |_| ())
            .await
            .expect("no fault");
        assert_eq!((by_command.created, by_command.bad.len()), (1, 0), "{by_command:?}");
        // Another practice has columns of its own.
        let other = OTHER_PROGRAM.to_owned();
        let refused = charts::import(&w.app, &w.twinoaks.scope, By::operator(), std::io::Cursor::new(other), Mode::Apply, |_| ())
            .await
            .expect("no fault");
        assert!(!refused.applied && !refused.bad.is_empty());
    }

    async fn a_header_that_is_too_large_is_refused_and_makes_no_page_of_choices(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        for (header, told) in [
            (["a"].repeat(100_000).join(","), "The file has more than 200 columns."),
            (format!("chart_number,{}", "b".repeat(1_000_000)), "longer than 200 characters"),
        ] {
            let page = upload(&mut desk, "wide.csv", format!("{header}\n1,2\n").as_bytes()).await;
            let file = page.location().expect("the page of the file").split('?').next().unwrap_or_default().to_owned();
            let page = desk.follow(&page).await;
            page.must_say(told);
            assert!(page.html().len() < 100_000, "{} bytes", page.html().len());
            let columns = desk.visit(&format!("{}/columns", file.trim_end_matches("/columns"))).await;
            assert!(columns.html().len() < 100_000, "{} bytes", columns.html().len());
        }
    }

    async fn the_last_step_sent_twice_says_that_the_file_is_imported_already(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let file = b"chart_number,first_name,last_name\nA1,Ana,Duarte\n";
        let sent = upload(&mut desk, "charts.csv", file).await;
        let page = desk.follow(&sent).await;
        desk.submit_and_follow(&page, "/staff/charts/import/", &[]).await.must_be(200).must_say("1 new chart");
        let again = desk.submit_and_follow(&page, "/staff/charts/import/", &[]).await;
        again.must_be(200).must_say("This file is imported already. Nothing was written twice.");
        for step in [page.path.clone(), format!("{}/columns", page.path)] {
            desk.visit(&step).await.must_be(200).must_say("This file is imported already.");
        }
        assert_eq!(clients(w, "duarte").await, ["Ana Duarte"]);
        w.clock.advance_seconds(25 * 3_600);
        w.app.db.system_write(charts::import::tidy).await.expect("no fault");
        w.staff(Role::FrontDesk).await.visit(&page.path).await.must_be(404);
    }

    async fn an_import_that_broke_off_between_two_pieces_is_carried_on_and_writes_no_row_twice(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let rows: String = (0..600).map(|n| format!("I-{n:03},Ana{n},Duarte\n")).collect();
        let file = format!("chart_number,first_name,last_name\n{rows}");
        let sent = upload(&mut desk, "charts.csv", file.as_bytes()).await;
        let page = desk.follow(&sent).await;
        // The third piece cannot be written, and the process gives up.
        w.tamper(|c| {
            match c {
                Conn::Sqlite(c) => c.batch_execute(
                    "CREATE TRIGGER broken BEFORE INSERT ON chart WHEN NEW.chart_number = 'I-450' \
                     BEGIN SELECT RAISE(ABORT, 'this piece cannot be written'); END",
                ),
                Conn::Postgres(c) => c.batch_execute(
                    "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                     IF NEW.chart_number = 'I-450' THEN RAISE EXCEPTION 'this piece cannot be written'; END IF; \
                     RETURN NEW; END $$; \
                     CREATE TRIGGER broken BEFORE INSERT ON chart FOR EACH ROW EXECUTE FUNCTION broken()",
                ),
            }?;
            Ok(0)
        })
        .await;
        desk.submit(&page, "/staff/charts/import/", &[]).await.must_be(500);
        assert_eq!(charts_made(w).await, 400, "two pieces are written");
        desk.get(&page.path).await.must_be(200).must_say("400 of 600 rows are written").must_say("400 charts unchanged");
        w.tamper(|c| {
            match c {
                Conn::Sqlite(c) => c.batch_execute("DROP TRIGGER broken"),
                Conn::Postgres(c) => c.batch_execute("DROP TRIGGER broken ON chart"),
            }?;
            Ok(0)
        })
        .await;
        // Another process carries it on, a minute after the beginning.
        let other = w.neighbour().await;
        other.run_due_jobs().await;
        assert_eq!(charts_made(w).await, 400);
        w.clock.advance_seconds(61);
        other.run_due_jobs().await;
        assert_eq!(charts_made(w).await, 600);
        assert_eq!(waiting_files(w).await, 0);
        let events: Vec<(String, String)> = w
            .look(|c| {
                audit_event::table
                    .filter(audit_event::action.eq_any(["chart.created", "charts.imported"]))
                    .select((audit_event::action, audit_event::details))
                    .load(c)
            })
            .await;
        let imported: Vec<&String> =
            events.iter().filter(|(action, _)| action == "charts.imported").map(|(_, details)| details).collect();
        assert_eq!((events.len(), imported.len()), (601, 1));
        assert!(imported[0].contains("\"created\":600"), "{imported:?}");
        // Nothing is left to do: neither for the job nor for whoever presses the button again.
        w.clock.advance_seconds(3_600);
        other.run_due_jobs().await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&page.path).await.must_be(303);
        assert_eq!(charts_made(w).await, 600);
    }

    async fn two_processes_that_import_one_file_at_once_write_each_piece_once(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let rows: String = (0..1_000).map(|n| format!("I-{n:04},Ana{n},Duarte\n")).collect();
        let sent = upload(&mut desk, "charts.csv", format!("chart_number,first_name,last_name\n{rows}").as_bytes()).await;
        let page = desk.follow(&sent).await;
        let mut again = desk.clone();
        let (one, other) = tokio::join!(
            desk.submit(&page, "/staff/charts/import/", &[]),
            again.submit(&page, "/staff/charts/import/", &[])
        );
        assert_eq!((one.status(), other.status()), (303, 303));
        let (charts, events) = w
            .look(|c| {
                let charts: i64 = chart::table.count().get_result(c)?;
                let events = audit_event::table.filter(audit_event::action.eq("charts.imported"));
                Ok((charts, events.count().get_result::<i64>(c)?))
            })
            .await;
        assert_eq!((charts, events), (1_000, 1));
    }

    async fn dates_with_the_day_first_are_chosen_with_the_columns_and_read_so_from_then_on(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let file = "Client ID,First Name,Last Name,DOB\nA1,Ana,Duarte,03/04/1990\nA2,Ben,Okafor,13/05/1983\n";
        let sent = upload(&mut desk, "charts.csv", file.as_bytes()).await;
        let asked = desk.visit(sent.location().expect("a place")).await;
        asked.must_be(200).must_say("Which column is which?").must_say("Date of birth, the day first");
        // Left as it is guessed, the preview says what is wrong and where to say it.
        let wrong = desk.submit_and_follow(&asked, "/columns", &[]).await;
        wrong.must_be(422).must_say("There is no month 13.").must_say("If the day is first in this file, say so");
        let asked = desk.get(&format!("{}/columns", wrong.path)).await;
        let both = desk.submit(&asked, "/columns", &[("column-2", "birth_date_day_first")]).await;
        both.must_be(422).must_say("goes to the same place");
        let checked = desk.submit_and_follow(&asked, "/columns", &[("column-3", "birth_date_day_first")]).await;
        checked.must_be(200).must_say("April 3, 1990").must_say("May 13, 1983");
        // It is kept for the next file; a month first is refused there.
        let next = "Client ID,First Name,Last Name,DOB\nA3,Cleo,Marsh,05/13/1983\n";
        let sent = upload(&mut desk, "charts.csv", next.as_bytes()).await;
        let page = desk.follow(&sent).await;
        page.must_be(422).must_say("There is no month 13. Dates with slashes are read day first (DD/MM/YYYY)");
    }

    async fn a_bad_file_says_each_place_in_the_reader_s_language_and_writes_nothing(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let file = "chart_number,first_name,last_name,birth_date\nA1,Ana,Duarte,13/05/1983\nA2,Siti,N/A,1990-03-04\nA2,Ben,Roe,3/4/90\n";
        let sent = upload(&mut desk, "bad.csv", file.as_bytes()).await;
        let page = desk.follow(&sent).await;
        page.must_be(422)
            .must_say("3 places in the file are wrong")
            .must_say("line 2, column birth_date: There is no month 13.")
            .must_say("line 4, column chart_number: Line 3 has this chart number already.")
            .must_say("line 4, column birth_date: The year has two digits.")
            .must_say("\"N/A\" is no last name");
        assert!(!page.html().contains("Import these charts"));
        let spanish = desk.get(&format!("{}?lang=es", page.path)).await;
        spanish.must_be(422).must_say("3 lugares del archivo tienen errores").must_say("No existe el mes 13.");
        desk.get("/staff/charts?lang=en").await;
        let utf16 = upload(&mut desk, "bad.txt", &[0xff, 0xfe, b'c', 0]).await;
        desk.follow(&utf16).await.must_be(422).must_say("UTF-16");
        // Sent by hand all the same, a bad file is refused by the act itself.
        desk.submit(&page, "/staff/charts/import/", &[]).await.must_be(422);
        assert_eq!(clients(w, "").await, Vec::<String>::new());
    }

    async fn an_upload_has_a_limit_and_a_form_token_and_is_its_owner_s_alone(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        upload(&mut desk, "none.csv", b"").await.must_be(422).must_say("Choose a CSV file");
        let page = w.staff(Role::FrontDesk).await.get("/staff/charts/import").await;
        desk.upload(&page, "/staff/charts/import", "a.csv", OTHER_PROGRAM.as_bytes()).await.must_be(400);
        let large = vec![b'x'; 16 * 1024 * 1024 + 1];
        upload(&mut desk, "large.csv", &large).await.must_be(422).must_say("larger than 16 MB");
        assert_eq!(waiting_files(w).await, 0);
        // More than a form may hold, and less than the limit, comes through.
        let long = "x".repeat(90);
        let rows: String = (0..4_000).map(|i| format!("A{i},{long},{long},{long}\n")).collect();
        let file = format!("chart_number,first_name,last_name,middle_name\n{rows}");
        assert!(file.len() > 1024 * 1024);
        let sent = upload(&mut desk, "many.csv", file.as_bytes()).await;
        let path = sent.location().expect("a place").to_owned();
        desk.follow(&sent).await.must_be(200).must_say("4000 new charts");
        for mut other in [w.staff(Role::Administrator).await, w.staff_of(&w.twinoaks.clone(), Role::FrontDesk).await] {
            for path in [path.clone(), format!("{path}/columns")] {
                other.get(&path).await.must_be(404);
            }
        }
        // A day later nobody is going to come back for it.
        w.clock.advance_seconds(25 * 3_600);
        w.app.db.system_write(charts::import::tidy).await.expect("no fault");
        assert_eq!(waiting_files(w).await, 0);
    }

    async fn an_exact_number_or_address_comes_first_and_each_chart_says_why(w: &mut World) {
        let mut rosa = person_of("Rosa", "Alvarez");
        rosa.chart_number = "7".into();
        let mut ben = person_of("Ben", "Okafor");
        ben.chart_number = "177".into();
        ben.client.former_last_names = "García".into();
        ben.client.emails = vec![TypedAddress::mailable("ben.o@example.org")];
        ben.contacts.push(TypedContact {
            relation: "parent".into(),
            person: TypedPerson {
                first_name: "Ruth".into(),
                phones: vec![TypedAddress::mailable("555-010-0777")],
                ..TypedPerson::default()
            },
            ..TypedContact::default()
        });
        let mut zoe = person_of("Zoe", "Zimmer");
        zoe.client.emails = vec![TypedAddress::mailable("o@example.org")];
        for typed in [&rosa, &ben, &zoe] {
            w.chart_of(&w.riverbend.scope.clone(), typed.clone()).await;
        }
        assert_eq!(clients(w, "7").await[0], "Rosa Alvarez", "the whole number first");
        assert_eq!(clients(w, "o@example.org").await, ["Zoe Zimmer", "Ben Okafor"], "the whole address first");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/charts?q=garcia").await.must_say("Former last name: García");
        desk.get("/staff/charts?q=ben.o%40example.org").await.must_say("E-mail: ben.o@example.org");
        desk.get("/staff/charts?q=5550100777").await.must_say("Related contact’s phone: 555-010-0777");
        desk.get("/staff/charts?q=okafor").await.must_say("Okafor, Ben").must_not_say("E-mail: ben.o");
        desk.get("/staff/charts?q=garcia&lang=es").await.must_say("Apellido anterior: García");
    }

    async fn one_typing_error_is_forgiven_behind_what_is_found_exactly(w: &mut World) {
        for (first, last) in [("Ana", "Duarte"), ("Ben", "Duarta"), ("Cleo", "Okafor"), ("Dan", "Müller"), ("Eve", "van der Berg")] {
            w.chart_of(&w.riverbend.scope.clone(), person_of(first, last)).await;
        }
        let similar = async |q: &str| {
            let search = charts::Search::read(q, DateOrder::MonthFirst, date(2026, 12, 1));
            let page = w.app.db.read(&w.riverbend.scope, move |c| charts::find(c, &search)).await.expect("no fault");
            page.similar.into_iter().map(|row| row.first_name).collect::<Vec<_>>()
        };
        for (typed, meant) in [
            ("duarte", vec!["Ben"]),
            ("duatre", vec!["Ana"]),
            ("ana duatre", vec!["Ana"]),
            ("ben duatre", vec![]),
            ("okafr", vec!["Cleo"]),
            ("okaffor", vec!["Cleo"]),
            ("muelller", vec!["Dan"]),
            ("vanderbreg", vec!["Eve"]),
            ("oka", vec![]),
            ("okfr", vec![]),
        ] {
            assert_eq!(similar(typed).await, meant, "{typed}");
        }
        assert_eq!(clients(w, "vanderberg").await, ["Eve van der Berg"], "words may be written as one");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/charts?q=okafr").await.must_say("Similar names").must_say("Okafor, Cleo");
    }

    async fn a_stored_zone_that_is_unknown_is_an_error_and_no_other_zone(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let at = format!("/staff/charts/{}", ana.chart_id);
        desk.get(&at).await.must_be(200);
        let only = ana.person_id;
        w.tamper(move |c| {
            diesel::update(person::table.filter(person::person_id.eq(only))).set(person::time_zone.eq("Mars/Olympus")).execute(c)
        })
        .await;
        desk.get(&at).await.must_be(500);
        w.tamper(|c| diesel::update(practice::table).set(practice::time_zone.eq("Mars/Olympus")).execute(c)).await;
        desk.get("/staff/charts").await.must_be(500);
    }
}

fn person_of(first: &str, last: &str) -> Typed {
    let client = TypedPerson { first_name: first.into(), last_name: last.into(), ..TypedPerson::default() };
    Typed { client: client.born("1990-03-04"), ..Typed::default() }
}
