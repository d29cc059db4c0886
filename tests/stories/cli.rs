//! The command line, as an operator types it: the built program, its words and its exit codes.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn anteroom(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_anteroom"));
    // Nothing around the test may set it, and no file nearby.
    command.env_clear().env("ANTEROOM_DATA", data).current_dir(std::env::temp_dir()).args(words);
    command
}

fn run(data: &Path, words: &[&str]) -> Output {
    anteroom(data, words).stdin(Stdio::null()).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn fails(output: &Output, code: i32, parts: &[&str]) {
    let output_text = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{}{output_text}", text(&output.stdout));
    for part in parts {
        assert!(output_text.contains(part), "{part:?} is missing from:\n{output_text}");
    }
}

fn house() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let made =
        run(data.path(), &["practice", "add", "elm", "--name", "Elm House", "--email", "desk@example.org"]);
    done(&made);
    data
}

#[test]
fn an_operator_sets_a_practice_up_from_nothing() {
    let data = house();
    let all = done(&run(data.path(), &["practice", "list", "--json"]));
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all[0]["slug"], "elm");
    let words = [
        "staff",
        "add",
        "boss@example.org",
        "--name",
        "Robin Vale",
        "--role",
        "administrator",
        "--print-link",
    ];
    let output_text = done(&run(data.path(), &words));
    assert!(output_text.contains("http://127.0.0.1:8080/elm/staff/password/"), "{output_text}");
    fails(&run(data.path(), &words), 1, &["exists already"]);
    assert!(done(&run(data.path(), &["audit", "check"])).contains("elm: whole"));
    assert!(done(&run(data.path(), &["migrate"])).contains("nothing to do"));
}

/// Debian 13 without `tzdata-legacy` lacks the old names; some containers have no rules at all.
#[test]
fn a_machine_without_time_zones_of_its_own_still_knows_every_zone() {
    let (data, none) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let words = ["practice", "add", "elm", "--name", "Elm House", "--time-zone", "US/Eastern"];
    let mut add = anteroom(data.path(), &words);
    done(&add.env("TZDIR", none.path()).stdin(Stdio::null()).output().expect("the program runs"));
    let mut list = anteroom(data.path(), &["practice", "list", "--json"]);
    let all = done(&list.env("TZDIR", none.path()).output().expect("the program runs"));
    assert!(all.contains("US/Eastern"), "{all}");
}

/// Rules from before Paraguay kept its summer time, in October 2024.
const OLDER_RULES: &str = "\
    Rule P 2010 max - O Sun>=1 0:00 1:00 -\n\
    Rule P 2013 max - Mar Sun>=22 0:00 0 -\n\
    Zone America/Asuncion -4:00 P -04/-03\n";

#[test]
fn a_machine_with_older_rules_shows_the_same_times() {
    let folder = tempfile::tempdir().unwrap();
    let (source, zones) = (folder.path().join("older.zi"), folder.path().join("zones"));
    std::fs::write(&source, OLDER_RULES).unwrap();
    // The compiler of zones comes with the C library, in a folder that is not in everybody's path.
    let zic =
        ["/usr/sbin/zic", "/usr/bin/zic"].into_iter().find(|zic| Path::new(zic).is_file()).expect("zic");
    assert!(Command::new(zic).arg("-d").args([&zones, &source]).status().unwrap().success());
    let older = std::fs::read(zones.join("America/Asuncion")).unwrap();
    let older = jiff::tz::TimeZone::tzif("America/Asuncion", &older).unwrap();
    let july = jiff::civil::date(2027, 7, 6).at(10, 0, 0, 0).to_zoned_datetime(older).unwrap();
    assert_eq!(july.offset(), jiff::tz::offset(-4), "the rules of this machine are other ones");
    let story = "appointments::sqlite::a_time_counts_by_the_rules_of_the_program";
    let told = Command::new(std::env::current_exe().unwrap())
        .args([story, "--exact"])
        .env("TZDIR", &zones)
        .env("ANTEROOM_TEST_ENGINES", "sqlite")
        .output()
        .unwrap();
    assert!(done(&told).contains("1 passed"), "{}", text(&told.stdout));
}

#[test]
fn a_wrong_word_is_named_with_what_is_allowed() {
    let data = house();
    fails(
        &run(data.path(), &["practice", "list", "--smtp-pool", "900"]),
        2,
        &["smtp_pool", "--smtp-pool", "1 to 64"],
    );
    let mut command = anteroom(data.path(), &["practice", "list"]);
    let output = command.env("ANTEROOM_LISTN", "127.0.0.1:1").output().unwrap();
    fails(&output, 2, &["ANTEROOM_LISTN", "Did you mean listen?"]);
    fails(&run(data.path(), &["nonsense"]), 2, &["nonsense"]);
    fails(&run(data.path(), &["practice", "add", "staff", "--name", "x"]), 2, &["address part"]);
    fails(
        &run(data.path(), &["invite", "list", "--practice", "oak"]),
        4,
        &["no practice \"oak\"", "There are: elm."],
    );
    fails(&run(data.path(), &["invite", "send"]), 2, &["no charts were named"]);
}

#[test]
fn what_is_not_there_is_told_with_its_cause_and_what_to_do() {
    let data = house();
    let nowhere = "postgres://nobody:hush@127.0.0.1:1/none";
    let output = run(data.path(), &["practice", "list", "--database-url", nowhere]);
    fails(&output, 3, &["because:", "what to do:", "127.0.0.1"]);
    assert!(!text(&output.stderr).contains("hush"), "CRY-06: the password is never shown");
    let output = run(data.path(), &["practice", "list", "--json", "--database-url", nowhere]);
    let output_text: serde_json::Value =
        serde_json::from_str(text(&output.stderr).lines().last().unwrap()).unwrap();
    assert_eq!(output_text["exit"], 3);
    std::fs::write(data.path().join("secret.key"), "nonsense!").unwrap();
    fails(&run(data.path(), &["practice", "list"]), 3, &["secret.key", "put", "copy back"]);
    // A lost key is not made anew beside a database in use: every password belongs to the old one.
    std::fs::remove_file(data.path().join("secret.key")).unwrap();
    fails(&run(data.path(), &["practice", "list"]), 3, &["secret.key", "is missing", "copy back"]);
    assert!(!data.path().join("secret.key").exists());
}

#[test]
fn dur_04_a_damaged_database_file_is_told_with_the_way_back() {
    let advised = ["the database file is damaged", "what to do:", "aside", "backup"];
    // Not a database at all.
    let data = house();
    let file = data.path().join("anteroom.db");
    std::fs::write(&file, "this is no database, whatever its name says. ".repeat(400)).unwrap();
    for wal in ["anteroom.db-wal", "anteroom.db-shm"] {
        let _ = std::fs::remove_file(data.path().join(wal));
    }
    for words in [&["practice", "list"][..], &["migrate"], &["audit", "check"]] {
        fails(&run(data.path(), words), 3, &advised);
    }
    // A database with a hole in it: the schema reads, a table does not.
    let data = house();
    let file = data.path().join("anteroom.db");
    done(&run(data.path(), &["practice", "list"]));
    let mut bytes = std::fs::read(&file).unwrap();
    let pages = bytes.len() / 4_096;
    assert!(pages > 4, "{pages} pages");
    for at in 1..pages {
        bytes[at * 4_096..][..64].fill(0xa5);
    }
    std::fs::write(&file, bytes).unwrap();
    fails(&run(data.path(), &["practice", "list"]), 3, &advised);
}

#[test]
fn charts_come_in_from_a_file_rehearsed_first() {
    let data = house();
    let file = data.path().join("charts.csv");
    let rows = "chart_number,first_name,last_name,birth_date,email\n\
                1,Ana,Duarte,1987-05-22,ana@example.org\n\
                2,Ben,Adler,1969-01-31,ben@example.org\n";
    std::fs::write(&file, rows).unwrap();
    let file = file.to_string_lossy().into_owned();
    assert!(done(&run(data.path(), &["chart", "import", &file])).contains("2 charts would be made"));
    assert_eq!(done(&run(data.path(), &["invite", "list"])), "");
    assert!(done(&run(data.path(), &["chart", "import", &file, "--apply"])).contains("2 charts made"));
    assert!(done(&run(data.path(), &["chart", "import", &file, "--apply"])).contains("2 unchanged"));
    std::fs::write(&file, rows.replace("1987-05-22", "1987-02-30")).unwrap();
    fails(&run(data.path(), &["chart", "import", &file, "--apply"]), 1, &["line 2", "birth_date"]);
    fails(&run(data.path(), &["chart", "import", "/nowhere.csv"]), 2, &["/nowhere.csv"]);

    fails(&run(data.path(), &["invite", "send", "1", "2"]), 2, &["--yes"]);
    let sent = done(&run(data.path(), &["invite", "send", "1", "2", "--yes", "--json"]));
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!((&sent["queued"], &sent["refused"]), (&2.into(), &0.into()));
    let list = done(&run(data.path(), &["invite", "list", "--state", "invited"]));
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(!list.contains("Duarte"), "no names in a terminal");
    assert!(done(&run(data.path(), &["invite", "resend", "1"])).contains("1 queued"));
}

#[test]
fn a_message_that_is_no_bounce_is_passed_over() {
    let data = house();
    let output = piped(data.path(), &["mail", "bounce", "--json"]);
    assert!(done(&output).contains("\"ignored\""));
    fails(&run(data.path(), &["mail", "bounce"]), 2, &["no message"]);
}

/// Runs a command as a mail server's pipe does, with a message on its standard input.
fn piped(data: &Path, words: &[&str]) -> Output {
    let mut child = anteroom(data, words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The command may end without reading it.
    let _ = child.stdin.take().unwrap().write_all(b"From: a@example.org\r\nSubject: lunch\r\n\r\nNoon?\r\n");
    child.wait_with_output().unwrap()
}

/// The names of the commands under `anteroom mail`: those that a mail server runs.
fn commands_of_a_mail_server(data: &Path) -> Vec<String> {
    let help = done(&run(data, &["mail", "--help"]));
    let (_, list) = help.split_once("Commands:").expect("a list of commands");
    let list = list.split("Options:").next().unwrap_or_default();
    // A line that names a command is set in by two blanks; what goes on from the line before by more.
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// Whatever other code a pipe ends with, Postfix gives the message up ("Command died with status 3").
#[test]
fn a_message_that_cannot_be_looked_at_is_given_back_to_the_mail_servers_queue() {
    let data = house();
    let commands = commands_of_a_mail_server(data.path());
    assert!(commands.iter().any(|name| name == "bounce"), "{commands:?}");
    let key = data.path().join("secret.key");
    let good = std::fs::read(&key).unwrap();
    for name in &commands {
        let handed = |words: &[&str]| piped(data.path(), &[&["mail", name.as_str()], words].concat());
        done(&handed(&[]));
        let away = ["--database-url", "postgres://nobody:hush@127.0.0.1:1/none"];
        fails(&handed(&away), 75, &["127.0.0.1"]);
        let missing = data.path().join("nothing/here.db");
        fails(&handed(&["--database-url", &format!("sqlite:{}", missing.display())]), 75, &["here.db"]);
        fails(&handed(&["--config", "/nowhere/anteroom.toml"]), 75, &["/nowhere/anteroom.toml"]);
        std::fs::write(&key, "nonsense!").unwrap();
        fails(&handed(&[]), 75, &["secret.key"]);
        std::fs::write(&key, &good).unwrap();
    }
}

#[test]
fn version_help_and_completions_are_there() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(
        done(&run(data.path(), &["--version"])).trim(),
        format!("anteroom {}", env!("CARGO_PKG_VERSION"))
    );
    let help = done(&run(data.path(), &["serve", "--help"]));
    assert!(help.contains("--smtp-url") && help.contains("--trusted-proxies"), "{help}");
    assert!(done(&run(data.path(), &["completions", "bash"])).contains("_anteroom"));
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A free port. Somebody may take it before us; then the test says so.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(text(&answer))
}

#[track_caller]
fn eventually(what: &str, seconds: u64, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(seconds), "{what}: not within {seconds} s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks it to end as a service manager does.
fn terminate(child: &Child) {
    let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
}

#[test]
fn avl_06_serve_answers_refuses_a_taken_port_and_stops_in_order() {
    let data = house();
    let (port, metrics) = (free_port(), free_port());
    let (listen, own) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{metrics}"));
    let serve = anteroom(
        data.path(),
        &["serve", "--listen", &listen, "--metrics-listen", &own, "--log-format", "json"],
    )
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut serve = Running(serve);
    eventually("it listens", 30, || get(port, "/readyz").is_some_and(|a| a.contains("200 OK")));
    assert!(get(metrics, "/metrics").unwrap().contains("anteroom_requests_total"));
    assert!(get(port, "/elm/staff/sign-in").unwrap().contains("200 OK"));
    assert!(get(port, "/demo").unwrap().contains("404"), "SUP-06: nothing of the demo is here");
    assert!(get(port, "/styleguide").unwrap().contains("404"), "SUP-06");
    let other = house();
    fails(&run(other.path(), &["serve", "--listen", &listen]), 3, &["cannot be listened on", "--listen"]);
    // SQL-8: another server of the same file says which process has it.
    let elsewhere = format!("127.0.0.1:{}", free_port());
    let first = format!("process {} since 20", serve.0.id());
    fails(&run(data.path(), &["serve", "--listen", &elsewhere]), 3, &["is served already", &first]);
    terminate(&serve.0);
    let began = Instant::now();
    let status = serve.0.wait().unwrap();
    assert!(status.success() && began.elapsed() < Duration::from_secs(30));
    let mut log = String::new();
    serve.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert!(line["timestamp"].is_string());
    }
    assert!(log.contains("stopped"), "{log}");
}

/// Rows of the counters of failed tries, as a process of its own sees them.
fn counted(data: &Path) -> i64 {
    use diesel::prelude::*;
    let file = data.join("anteroom.db");
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    anteroom::platform::db::schema::attempt_counter::table.count().get_result(&mut conn).unwrap()
}

#[test]
fn sql_3_a_command_beside_the_server_leaves_its_log_alone() {
    use std::os::unix::fs::MetadataExt;
    let data = house();
    let port = free_port();
    let serve = anteroom(data.path(), &["serve", "--listen", &format!("127.0.0.1:{port}")])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut serve = Running(serve);
    let ready = || get(port, "/readyz").is_some_and(|a| a.contains("200 OK"));
    eventually("it listens", 30, ready);
    let unknown = |letter: &str| {
        let answer = get(port, &format!("/elm/i/{}", letter.repeat(43))).unwrap();
        assert!(answer.contains("404"), "{answer}");
    };
    unknown("A");
    let before = counted(data.path());
    assert!(before > 0, "the server counts a link that nobody has");
    let log = data.path().join("anteroom.db-wal");
    let inode = std::fs::metadata(&log).unwrap().ino();
    for n in 0..3 {
        assert!(get(port, "/metrics").unwrap().contains("200 OK") && ready());
        let slug = format!("oak{n}");
        done(&run(data.path(), &["practice", "add", &slug, "--name", "Oak", "--email", "desk@example.org"]));
        assert_eq!(std::fs::metadata(&log).unwrap().ino(), inode, "the log was replaced");
        // What the server commits next is there for every new process.
        assert!(get(port, &format!("/{slug}/i/{}", "A".repeat(43))).unwrap().contains("404"));
        assert!(counted(data.path()) > before + n, "a commit of the server is lost");
    }
    let list = done(&run(data.path(), &["practice", "list", "--json"]));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&list).unwrap().len(), 4);
    terminate(&serve.0);
    assert!(serve.0.wait().unwrap().success());
    assert!(counted(data.path()) > before + 2);
}

#[test]
fn the_demo_is_not_opened_to_other_machines_without_a_word() {
    let data = tempfile::tempdir().unwrap();
    let listen = format!("0.0.0.0:{}", free_port());
    let output = run(data.path(), &["demo", "--listen", &listen]);
    fails(&output, 3, &["open to other machines", "--open-listeners"]);
}

#[test]
fn an_audit_trail_that_was_cut_is_found_by_the_checkpoint_of_serve() {
    use diesel::prelude::*;

    let data = house();
    let port = free_port();
    let serve = anteroom(data.path(), &["serve", "--listen", &format!("127.0.0.1:{port}")]).spawn().unwrap();
    let mut serve = Running(serve);
    eventually("it listens", 30, || get(port, "/readyz").is_some_and(|a| a.contains("200 OK")));
    let file = data.path().join("audit-checkpoints.jsonl");
    eventually("a checkpoint", 30, || std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')));
    terminate(&serve.0);
    assert!(serve.0.wait().unwrap().success());
    let output_text = done(&run(data.path(), &["audit", "check"]));
    assert!(
        output_text.contains("elm: whole") && output_text.contains("which the checkpoint of"),
        "{output_text}"
    );

    let database = data.path().join("anteroom.db");
    let mut c = diesel::SqliteConnection::establish(database.to_str().unwrap()).unwrap();
    for table in ["audit_event", "audit_seal", "audit_head"] {
        diesel::sql_query(format!("DELETE FROM {table}")).execute(&mut c).unwrap();
    }
    drop(c);
    let output = run(data.path(), &["audit", "check"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("CUT"), "{}", text(&output.stdout));
    let json = run(data.path(), &["audit", "check", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&rows[0]["whole"], &rows[0]["checkpoint"]["found"]), (&false.into(), &"shorter".into()));
}

#[test]
fn the_demo_comes_up_seeded_with_everybody_in_their_state() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("demo");
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let demo = anteroom(data.path(), &["demo", "--listen", &listen, "--data", folder.to_str().unwrap()])
        .env_remove("ANTEROOM_DATA")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut demo = Running(demo);
    let (sender, output_text) = std::sync::mpsc::channel();
    let out = demo.0.stdout.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let mut said = Vec::new();
    while !said.iter().any(|line: &String| line.contains("Ctrl-C")) {
        said.push(output_text.recv_timeout(Duration::from_secs(120)).expect("the demo says where to go"));
    }
    let said = said.join("\n");
    for part in ["/demo", "/riverbend/staff/sign-in", "Front desk", "Client", "ana.duarte@example.org"] {
        assert!(said.contains(part), "{part:?} is missing from:\n{said}");
    }
    let page = get(port, "/demo").unwrap();
    assert!(page.contains("200 OK") && page.contains("/demo/mail/"), "{page}");
    let html = get(port, "/demo/mail/1/html").unwrap();
    assert!(html.contains("sandbox") && html.contains("style-src 'unsafe-inline'"), "{html}");
    assert!(get(port, "/styleguide").unwrap().contains("200 OK"));

    let list = done(&run(&folder, &["invite", "list", "--json"]));
    let charts: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    assert_eq!(charts.len(), 45);
    for (state, least) in [
        ("not_invited", 10),
        ("invited", 8),
        ("expired", 4),
        ("undeliverable", 3),
        ("locked", 2),
        ("declined", 1),
        ("canceled", 2),
        ("active", 7),
        ("no_portal_access", 1),
    ] {
        let found = charts.iter().filter(|c| c["state"] == state).count();
        assert!(found >= least, "{found} charts are {state}, wanted {least}:\n{list}");
    }
    assert!(done(&run(&folder, &["audit", "check"])).contains("riverbend: whole"));
    terminate(&demo.0);
    assert!(demo.0.wait().unwrap().success());
}
