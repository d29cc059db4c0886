//! What strangers send is parsed in a process of its own that can do nothing else.

use std::convert::Infallible;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anteroom::features::documents::signing::verify::VERIFY;
use anteroom::platform::confined::{Confined, INSPECT_PDF, Limits, Task};
use anteroom::platform::fault::Fault;
use anteroom::platform::objects::ObjectError;
use anteroom::platform::pdf::PdfProblem;
use anteroom::platform::permissions::Role;
use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::stories;
use crate::support::papers::pdf;
use crate::support::world::Plan;
use crate::support::{Browser, World};

const OWN: &str = env!("CARGO_BIN_EXE_anteroom");

/// What a process says of a file.
fn said_of(
    program: &str,
    limits: Limits,
    task: Task,
    file: impl Stream<Item = Bytes> + Send,
) -> Option<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let file = file.map(Ok::<_, Infallible>).map(|piece| piece.map_err(|never| -> Fault { match never {} }));
    runtime.block_on(Confined::by(program.into(), limits).ask(task, file)).expect("no fault")
}

/// Looks a PDF through by this program.
fn inspected(program: &str, limits: Limits, file: &[u8]) -> Result<Option<i32>, PdfProblem> {
    let pieces: Vec<Result<Bytes, ObjectError>> =
        file.chunks(1_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let confined = Confined::by(program.into(), limits);
    runtime.block_on(confined.inspect_pdf(stream::iter(pieces))).expect("no fault")
}

#[test]
fn a_file_is_looked_through_as_before() {
    let good = pdf("x");
    assert_eq!(inspected(OWN, Limits::USUAL, &good), Ok(Some(1)));
    let script =
        String::from_utf8(good.clone()).expect("ASCII").replace("/Type /Catalog", "/Type /Catalog /JS (x)");
    assert_eq!(inspected(OWN, Limits::USUAL, script.as_bytes()), Err(PdfProblem::Script));
    assert_eq!(inspected(OWN, Limits::USUAL, &good[..good.len() - 40]), Err(PdfProblem::Broken));
    // More than a pipe holds, behind what ends it.
    let large = [script.as_bytes(), &vec![b'x'; 1_000_000]].concat();
    assert_eq!(inspected(OWN, Limits::USUAL, &large), Err(PdfProblem::Script));
}

#[test]
fn a_process_that_ends_or_stays_is_a_file_that_cannot_be_read() {
    assert_eq!(inspected("/bin/false", Limits::USUAL, &pdf("x")), Err(PdfProblem::Broken));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stays");
    std::fs::write(&path, "#!/bin/sh\nexec sleep 60\n").expect("a program");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("its rights");
    }
    let began = Instant::now();
    let short = Limits { time: Duration::from_millis(300), ..Limits::USUAL };
    let told = inspected(path.to_str().expect("a path"), short, &pdf("x"));
    assert_eq!(told, Err(PdfProblem::Broken));
    assert!(began.elapsed() < Duration::from_secs(30), "it was not waited for");
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_takes_too_much_memory_ends_and_the_next_file_is_looked_at() {
    let file = || stream::iter(std::iter::repeat_n(Bytes::from(vec![b' '; 1_000_000]), 32));
    assert_eq!(said_of(OWN, Limits::USUAL, VERIFY, file()).as_deref(), Some("none"), "with the usual memory");
    let little = Limits { memory: 1_000_000, ..Limits::USUAL };
    assert_eq!(said_of(OWN, little, VERIFY, file()), None);
    assert_eq!(inspected(OWN, Limits::USUAL, &pdf("x")), Ok(Some(1)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_takes_too_long_is_killed_and_the_next_file_is_looked_at() {
    // A file without an end.
    let head = Bytes::from_static(b"%PDF-1.7\n");
    let endless =
        stream::iter(std::iter::once(head).chain(std::iter::repeat(Bytes::from(vec![b' '; 64_000]))));
    let began = Instant::now();
    let short = Limits { seconds: 1, time: Duration::from_secs(120), ..Limits::USUAL };
    assert_eq!(said_of(OWN, short, INSPECT_PDF, endless), None);
    assert!(began.elapsed() < Duration::from_secs(100), "it ended by its share of a processor");
    assert_eq!(inspected(OWN, Limits::USUAL, &pdf("x")), Ok(Some(1)));
}

/// Uploads a PDF into a chart.
async fn uploaded(w: &mut World, last: &str) -> (u16, String) {
    let ana = w.chart("Ana", last).await;
    let mut casey: Browser = w.staff(Role::Clinician).await;
    let action = format!("/staff/charts/{}/documents/upload", ana.chart_id);
    let page = casey.get(&action).await;
    let typed = [("title", "Lantern plan"), ("kind", "agreement")];
    let answer = casey.upload_with(&page, &action, &typed, "plan.pdf", &pdf("Lanterns")).await;
    (answer.status(), answer.words())
}

stories! {
    async fn a_file_that_ends_its_process_is_refused_and_the_server_goes_on(w: &mut World) {
        let mut plan = Plan::new(w.engine);
        plan.confined = Confined::by("/bin/false".into(), Limits::USUAL);
        let mut broken = World::planned(plan).await;
        let (status, words) = uploaded(&mut broken, "Duarte").await;
        assert_eq!(status, 422, "{words}");
        assert!(words.contains("We could not read this PDF"), "{words}");
        broken.browser().get("/riverbend/sign-in").await.must_be(200);
        // Where the process answers, the same file is taken.
        assert_eq!(uploaded(w, "Duarte").await.0, 303);
    }
}

/// `O_CLOEXEC`.
#[cfg(target_os = "linux")]
const CLOSED_ON_EXEC: u32 = 0o2_000_000;

/// What a process has open: number and name, by number.
#[cfg(target_os = "linux")]
fn open_files(process: &str) -> Vec<(u32, String)> {
    let listed = std::fs::read_dir(format!("/proc/{process}/fd")).expect("what it has open");
    let mut open: Vec<(u32, String)> = listed
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, std::fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()))
        })
        .collect();
    open.sort();
    open
}

#[cfg(target_os = "linux")]
#[test]
fn it_has_its_pipes_and_nothing_else() {
    let mut child = Command::new(OWN)
        .args([INSPECT_PDF.command, "1073741824", "20"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let input = child.stdin.as_mut().expect("a pipe");
    input.write_all(b"%PDF-1.7\n").expect("it reads");
    let limits = || std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("its limits");
    let began = Instant::now();
    // It confines itself first of all; the machine may be slow to start it.
    while !limits().lines().any(|line| line.starts_with("Max open files") && line.contains(" 3 ")) {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", limits());
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = limits();
    let limit = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name)).expect("a limit");
        line[name.len()..].split_whitespace().map(ToOwned::to_owned).take(2).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max address space"), ["1073741824", "1073741824"]);
    assert_eq!(limit("Max cpu time"), ["20", "20"]);
    assert_eq!(limit("Max open files"), ["3", "3"]);
    assert_eq!(limit("Max file size"), ["0", "0"]);
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    // Beside its pipes it has at most what this process was started with itself; nothing that this process has opened.
    let open = open_files(&child.id().to_string());
    assert!(open[..2].iter().all(|(_, to)| to.starts_with("pipe:")) && open[2].1 == "/dev/null", "{open:?}");
    let inherited: Vec<(u32, String)> = open_files("self")
        .into_iter()
        .filter(|(number, _)| {
            let told = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
            let flags = told.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or_default();
            u32::from_str_radix(flags.trim(), 8).is_ok_and(|flags| flags & CLOSED_ON_EXEC == 0)
        })
        .collect();
    assert!(open[3..].iter().all(|file| inherited.contains(file)), "{open:?}, {inherited:?}");
    child.kill().expect("it ends");
    child.wait().expect("it ended");
}
