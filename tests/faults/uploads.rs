//! Files on their way in and final files in the making: `kill -9` again and again, and a line that is cut. What was
//! acknowledged is there byte for byte, nothing is there in part, and nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anteroom::features::documents::signing::verify::{Verdict, verify};
use anteroom::features::documents::{remove_leftovers, remove_orphans};
use anteroom::kernel::clock::MovableClock;
use anteroom::kernel::ids::{BlobId, DocumentId};
use anteroom::kernel::secrets::sha256_hex;
use anteroom::platform::config::ObjectsUrl;
use anteroom::platform::db::schema::{
    blob, document, document_version, signed_file, signing, upload, upload_part,
};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::process::Server;
use crate::support::browser::filled;
use crate::support::papers::{ask_to_countersign, draft, pdf_of};
use crate::support::parts::{PART, part, staff_form};
use crate::support::world::{Client, Database, Plan, World, take_down};
use crate::support::{Browser, Engine, PASSWORD, Page, http, stored};

/// How many kills. A release asks for 50 and more by `ANTEROOM_ROUNDS`.
fn rounds() -> usize {
    std::env::var("ANTEROOM_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

fn on(engine: Engine, story: impl AsyncFnOnce(World, &std::path::Path) -> Database) {
    if !engine.is_wanted() {
        eprintln!("not run: ANTEROOM_TEST_ENGINES leaves {} out", engine.word());
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a data folder");
    let database = runtime.block_on(async {
        let mut plan = Plan::new(engine);
        plan.clock = Arc::new(MovableClock::default());
        plan.sends = false;
        // Where the program has them.
        plan.objects = Some(ObjectsUrl::Folder(folder.path().join("objects")));
        story(World::planned(plan).await, folder.path()).await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    take_down(database);
}

#[test]
fn case_14_case_48_killed_again_and_again_sqlite_has_files_whole_or_not_at_all() {
    on(Engine::Sqlite, async |w, folder| killed(w, folder, rounds()).await);
}

#[test]
fn case_14_case_48_killed_again_and_again_postgres_has_files_whole_or_not_at_all() {
    on(Engine::Postgres, async |w, folder| killed(w, folder, rounds()).await);
}

#[test]
fn case_3_fifty_megabytes_over_a_line_that_is_cut_three_times_arrive_on_sqlite() {
    on(Engine::Sqlite, async |w, folder| over_a_cut_line(w, folder).await);
}

#[test]
fn case_3_fifty_megabytes_over_a_line_that_is_cut_three_times_arrive_on_postgres() {
    on(Engine::Postgres, async |w, folder| over_a_cut_line(w, folder).await);
}

/// What was promised: the hash of a title's file. One that was cut may be there or not.
#[derive(Clone, Default)]
struct Promises {
    kept: Arc<std::sync::Mutex<BTreeMap<String, String>>>,
    cut: Arc<std::sync::Mutex<BTreeMap<String, String>>>,
    tries: Arc<AtomicUsize>,
}

impl Promises {
    fn add(&self, title: &str, file: &[u8]) {
        self.kept.lock().expect("the list").insert(title.to_owned(), sha256_hex(file));
    }

    fn add_cut(&self, title: &str, file: &[u8]) {
        self.cut.lock().expect("the list").insert(title.to_owned(), sha256_hex(file));
    }
}

/// Asks until an answer comes that is no "not now". Everything that is asked so may be asked twice.
async fn answered(
    browser: &mut Browser,
    stop: &AtomicBool,
    (method, path): (&str, &str),
    body: Option<(&str, &[u8])>,
    promises: &Promises,
) -> Option<Page> {
    loop {
        if stop.load(Ordering::SeqCst) {
            return None;
        }
        match browser.try_send(method, path, body).await {
            Ok(page) if page.status() < 500 => return Some(page),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
            Err(_) => {
                promises.tries.fetch_add(1, Ordering::SeqCst);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends the form with its file in it, again and again, each file once.
async fn in_one(mut desk: Browser, client: Client, promises: Promises, stop: Arc<AtomicBool>) {
    let (form, _) = staff_form(&client);
    for n in 0.. {
        let Some(page) = answered(&mut desk, &stop, ("GET", &form), None, &promises).await else { return };
        let title = format!("In one {n}");
        let file = pdf_of(&title, 2 * PART + n);
        let fields = filled(&page.form(&form), &[("title", &title), ("kind", "plan")]);
        let (kind, body) = http::multipart(&fields, "plan.pdf", &file);
        match desk.try_send("POST", &form, Some((&kind, &body))).await {
            Ok(page) if page.status() == 303 => promises.add(&title, &file),
            Ok(page) => assert!(page.status() >= 500, "{}: {}", page.status(), page.words()),
            Err(_) => promises.add_cut(&title, &file),
        }
    }
}

/// Sends files in parts, each request until it is answered.
async fn in_parts(mut desk: Browser, client: Client, promises: Promises, stop: Arc<AtomicBool>) {
    let (form, to) = staff_form(&client);
    for n in 0usize.. {
        let title = format!("In parts {n}");
        let file = pdf_of(&title, 2 * PART + n);
        if send_in_parts(&mut desk, (&form, &to), (&title, &file), &promises, &stop).await.is_none() {
            return;
        }
        promises.add(&title, &file);
    }
}

/// Sends one file as a page does, each request until it is answered; `None` when it is time to stop.
async fn send_in_parts(
    desk: &mut Browser,
    (form, to): (&str, &str),
    (title, file): (&str, &[u8]),
    promises: &Promises,
    stop: &AtomicBool,
) -> Option<Page> {
    let page = answered(desk, stop, ("GET", form), None, promises).await?;
    let fields = filled(&page.form(form), &[("title", title), ("kind", "plan")]);
    let of = |name: &str| fields.iter().find(|(field, _)| field == name).expect("a field").1.clone();
    let (csrf, mark, size) = (of("csrf"), of("mark"), file.len().to_string());
    let forms = "application/x-www-form-urlencoded";
    let start =
        http::encode_form(&[("csrf", csrf.as_str()), ("mark", &mark), ("name", "plan.pdf"), ("size", &size)]);
    let begun = answered(desk, stop, ("POST", to), Some((forms, start.as_bytes())), promises).await?;
    let upload = begun.must_be(200).answer.json()["upload"].as_str().expect("an id").to_owned();
    let mut sending = desk.clone().with("x-anteroom-csrf", &csrf);
    for number in 0..file.len().div_ceil(PART) {
        let path = format!("{to}/{upload}/parts/{number}");
        let bytes = Some(("application/octet-stream", part(file, number)));
        answered(&mut sending, stop, ("PUT", &path), bytes, promises).await?.must_be(204);
    }
    let end = http::encode_form(&[("csrf", csrf.as_str())]);
    let path = format!("{to}/{upload}/complete");
    answered(desk, stop, ("POST", &path), Some((forms, end.as_bytes())), promises).await?.must_be(204);
    let mut fields = fields;
    fields.push(("upload".to_owned(), upload));
    let (kind, body) = http::multipart(&fields, "", b"");
    let made = answered(desk, stop, ("POST", form), Some((&kind, &body)), promises).await?;
    made.must_be(303);
    Some(made)
}

/// A document that its only signer has signed: its final file is due.
async fn signed(w: &World, client: &Client, desk: &mut Browser, n: usize) {
    let body = "We agree on lanterns by the river.\n\n".repeat(40);
    let id = draft(w, &client.chart_id, &format!("Agreement {n}"), &body).await;
    ask_to_countersign(w, &id).await;
    let page = desk.get(&format!("/staff/charts/{}/documents/{id}/countersign", client.chart_id)).await;
    let typed = [("typed", "Casey"), ("agreed", "yes"), ("password", PASSWORD)];
    desk.submit(&page, "/countersign", &typed).await.must_be(303);
}

async fn killed(mut w: World, folder: &std::path::Path, rounds: usize) -> Database {
    let ana = w.chart("Ana", "Duarte").await;
    let server = Server::on(&w, folder);
    let mut here = w.staff(Role::Clinician).await;
    let mut desk = w.staff(Role::Clinician).await;
    desk.to = server.address();
    let (promises, stop) = (Promises::default(), Arc::new(AtomicBool::new(false)));
    let mut senders = tokio::task::JoinSet::new();
    senders.spawn(in_one(desk.clone(), ana.clone(), promises.clone(), stop.clone()));
    senders.spawn(in_parts(desk.clone(), ana.clone(), promises.clone(), stop.clone()));
    let seed = std::env::var("ANTEROOM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_micros() as u64)
    });
    eprintln!("{rounds} kills on {}, ANTEROOM_SEED={seed}", w.engine.word());
    let mut dice = seed | 1;
    let mut running = server.start();
    for n in 0..rounds {
        server.ready(&mut running).await;
        // Its final file is made, or begun, before the kill.
        signed(&w, &ana, &mut here, n).await;
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        tokio::time::sleep(Duration::from_millis(10 + dice % 900)).await;
        running.kill();
        running = server.start();
    }
    server.ready(&mut running).await;
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender without a fault");
    }
    sealed(&w, rounds).await;
    running.stop().await;

    let (mut wrong, mut there) = (Vec::new(), BTreeMap::<String, Vec<DocumentId>>::new());
    let files: Vec<(String, DocumentId)> = w
        .look(|c| {
            document::table
                .inner_join(
                    document_version::table.on(document_version::document_id.eq(document::document_id)),
                )
                .filter(document_version::blob_id.is_not_null())
                .select((document::title, document::document_id))
                .load(c)
        })
        .await;
    for (title, id) in files {
        there.entry(title).or_default().push(id);
    }
    let (kept, cut) =
        (promises.kept.lock().expect("the list").clone(), promises.cut.lock().expect("the list").clone());
    for (title, sha256) in kept.iter().chain(&cut) {
        let found = there.remove(title).unwrap_or_default();
        match found.as_slice() {
            [] if cut.contains_key(title) => {}
            [id] => {
                let file = here.get(&format!("/staff/charts/{}/documents/{id}/file", ana.chart_id)).await;
                if file.status() != 200 || sha256_hex(&file.answer.body) != *sha256 {
                    wrong.push(format!("{title}: {}", file.status()));
                }
            }
            found => wrong.push(format!("{title} is there {} times", found.len())),
        }
    }
    // A form that was sent when it was time to stop, whose answer nobody waited for.
    wrong.extend(
        there
            .keys()
            .filter(|title| !title.starts_with("In parts"))
            .map(|title| format!("{title}: from where?")),
    );
    let agreements: Vec<DocumentId> = w
        .look(|c| {
            document::table.filter(document::title.like("Agreement %")).select(document::document_id).load(c)
        })
        .await;
    for id in &agreements {
        let file = here.get(&format!("/staff/charts/{}/documents/{id}/file?copy=signed", ana.chart_id)).await;
        if !matches!(verify(&file.answer.body), Verdict::Whole(_)) {
            wrong.push(format!("the final file of {id}: {}", file.status()));
        }
    }
    assert_eq!(agreements.len(), rounds);
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));

    // A day later, what was begun and not ended is gone, with all that it had stored.
    w.clock.advance_seconds(26 * 3_600);
    // PostgreSQL's own clock, by which leases are counted, does not go on.
    let day: i64 = 26 * 3_600 * 1_000_000;
    w.tamper(move |c| {
        let sql = format!("UPDATE upload SET lease_until = lease_until - {day}");
        diesel::sql_query(sql).execute(c)
    })
    .await;
    let mut left = 0;
    while let removed @ 1.. = remove_leftovers(&w.app).await.expect("no fault") {
        left += removed;
    }
    let orphans = remove_orphans(&w.app).await.expect("no fault");
    let rows: BTreeSet<String> = w
        .look(|c| blob::table.select(blob::blob_id).load::<BlobId>(c))
        .await
        .iter()
        .map(BlobId::to_string)
        .collect();
    let on_disk: BTreeSet<String> = stored::names(&w.objects)
        .iter()
        .map(|name| name.rsplit('/').nth(1).expect("the folder of a file").to_owned())
        .collect();
    assert_eq!(on_disk, rows, "what is stored is what the rows name");
    let open: i64 = w
        .look(|c| {
            upload::table
                .filter(upload::state.eq_any(["receiving", "checking", "ready"]))
                .count()
                .get_result(c)
        })
        .await;
    let parts: i64 = w.look(|c| upload_part::table.count().get_result(c)).await;
    assert_eq!((open, parts), (0, 0));
    let cuts = promises.tries.load(Ordering::SeqCst);
    eprintln!(
        "{}: {rounds} kills, {} requests cut; {} files acknowledged, {} cut, {} final files; a day later {left} uploads \
         and {orphans} objects without a row were removed",
        w.engine.word(),
        cuts + cut.len(),
        kept.len(),
        cut.len(),
        agreements.len()
    );
    assert!(cuts + cut.len() > rounds / 4, "the kills hit nothing");
    assert!(!kept.is_empty(), "too little happened to mean anything");
    w.database.clone()
}

/// Waits until every signed document has its final file. A lease of the last killed process runs out first.
async fn sealed(w: &World, count: usize) {
    let began = Instant::now();
    loop {
        let (files, asked): (i64, i64) = w
            .look(|c| Ok((signed_file::table.count().get_result(c)?, signing::table.count().get_result(c)?)))
            .await;
        assert!(files <= asked, "no document is sealed twice");
        if files == asked && asked == count as i64 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{files} of {asked} documents are sealed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Passes bytes on, and hangs up each time so many more have come from the sender.
async fn cutting(to: SocketAddr, every: usize, times: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        let (mut came, mut cuts) = (0, 0);
        // One connection after the other, so that the count is of all of them.
        while let Ok((mut from, _)) = listener.accept().await {
            let mut there = TcpStream::connect(to).await.expect("the program");
            let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
            loop {
                tokio::select! {
                    read = from.read(&mut up) => {
                        let Ok(n @ 1..) = read else { break };
                        came += n;
                        if cuts < times && came > (cuts + 1) * every {
                            cuts += 1;
                            break;
                        }
                        if there.write_all(&up[..n]).await.is_err() { break }
                    }
                    read = there.read(&mut down) => {
                        let Ok(n @ 1..) = read else { break };
                        if from.write_all(&down[..n]).await.is_err() { break }
                    }
                }
            }
        }
    });
    address
}

/// The most memory that a process had, in MB.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1_024
}

async fn over_a_cut_line(mut w: World, folder: &std::path::Path) -> Database {
    let ana = w.chart("Ana", "Duarte").await;
    let (form, to) = staff_form(&ana);
    let server = Server::on(&w, folder);
    let mut running = server.start();
    server.ready(&mut running).await;
    let mut desk = w.staff(Role::Clinician).await;
    desk.to = cutting(server.address(), 13 * 1024 * 1024, 3).await;
    desk.get(&form).await.must_be(200);
    let before = most_memory(running.id());
    let file = pdf_of("Lanterns", 50 * 1024 * 1024 - 2_000);
    let (promises, stop) = (Promises::default(), AtomicBool::new(false));
    let made = send_in_parts(&mut desk, (&form, &to), ("Lantern plan", &file), &promises, &stop).await;
    let to = made.expect("it is not stopped").location().expect("a document").to_owned();
    let at = to.split("/share").next().expect("its address");
    let got = desk.get(&format!("{at}/file")).await;
    assert_eq!(sha256_hex(&got.must_be(200).answer.body), sha256_hex(&file));
    let after = most_memory(running.id());
    let cuts = promises.tries.load(Ordering::SeqCst);
    eprintln!(
        "{}: 50 MB over a line that was cut {cuts} times; memory at most {before} MB before, {after} MB after",
        w.engine.word()
    );
    assert_eq!(cuts, 3);
    assert!(after < before + 64, "memory stays flat: {before} MB, then {after} MB");
    running.stop().await;
    w.database.clone()
}
