//! Uploaded files and clamd, which each story starts for itself. It knows one signature, that of the test file EICAR.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anteroom::features::documents::LARGEST;
use anteroom::platform::config::ScannerUrl;
use anteroom::platform::db::schema::{blob, document, upload};
use anteroom::platform::permissions::Role;
use anteroom::platform::scanner::Scanner;
use diesel::prelude::*;

use crate::portal_people::{enrolled, sign_in};
use crate::stories;
use crate::support::papers::{pdf, pdf_of};
use crate::support::world::{Client, Plan};
use crate::support::{Page, World};

/// The test file of the scanners' makers. In two parts, so that this file is none.
const EICAR: [&str; 2] = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
/// What else a scanner may know.
const OTHER: &str = "lanterns on a slow river";

/// A running clamd.
struct Clamd {
    folder: tempfile::TempDir,
    running: Option<Child>,
}

impl Clamd {
    /// One that finds these words and takes files of so many megabytes.
    fn start(finds: &str, megabytes: u32) -> Self {
        let mut clamd = Self::prepared(finds, megabytes);
        clamd.run();
        clamd
    }

    fn prepared(finds: &str, megabytes: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("signatures")).expect("a folder");
        let signature = format!("Test-File:0:*:{}\n", hex::encode(finds));
        std::fs::write(at("signatures/test.ndb"), signature).expect("write the signature");
        let settings = format!(
            "Foreground yes\nLocalSocket {}\nDatabaseDirectory {}\nStreamMaxLength {megabytes}M\nMaxFileSize 100M\n",
            at("socket").display(),
            at("signatures").display()
        );
        std::fs::write(at("clamd.conf"), settings).expect("write the settings");
        Self { folder, running: None }
    }

    fn run(&mut self) {
        let program = if PathBuf::from("/usr/sbin/clamd").is_file() { "/usr/sbin/clamd" } else { "clamd" };
        let settings = self.folder.path().join("clamd.conf");
        let child = Command::new(program)
            .arg(format!("--config-file={}", settings.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("clamd starts: install the Debian package clamav-daemon");
        self.running = Some(child);
        let began = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "clamd listens");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_file(self.socket());
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn scanner(&self) -> Scanner {
        Scanner::at(ScannerUrl::Unix(self.socket()))
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A whole PDF with the test file in it.
fn infected() -> Vec<u8> {
    let test = EICAR.concat();
    let mut file = pdf_of("Lanterns", test.len());
    let padding = vec![b'x'; test.len()];
    let at = file.windows(test.len()).position(|window| window == padding).expect("the padding");
    file[at..at + test.len()].copy_from_slice(test.as_bytes());
    file
}

/// A world whose files this clamd looks through.
async fn scanned(w: &World, clamd: &Clamd) -> World {
    let mut plan = Plan::new(w.engine);
    plan.scanner = Some(clamd.scanner());
    World::planned(plan).await
}

async fn upload_of(w: &World, client: &Client, name: &str, file: &[u8]) -> Page {
    let mut casey = w.staff(Role::Clinician).await;
    let action = format!("/staff/charts/{}/documents/upload", client.chart_id);
    let page = casey.get(&action).await;
    casey.upload_with(&page, &action, &[("title", "Lantern plan"), ("kind", "agreement")], name, file).await
}

/// Files and documents that there are, and the reasons why others were not taken.
async fn kept(w: &World) -> (i64, i64, Vec<String>) {
    w.look(|c| {
        let reasons = upload::table.filter(upload::state.eq("rejected")).select(upload::reason).load(c)?;
        Ok((blob::table.count().get_result(c)?, document::table.count().get_result(c)?, reasons))
    })
    .await
}

stories! {
    async fn case_8_a_file_with_something_harmful_in_it_is_told_plainly_and_nothing_of_it_is_kept(w: &mut World) {
        let clamd = Clamd::start(&EICAR.concat(), 60);
        let mut w = scanned(w, &clamd).await;
        let ana = w.chart("Ana", "Duarte").await;
        let refused = upload_of(&w, &ana, "plan.pdf", &infected()).await;
        refused.must_be(422).must_say("The virus scanner found something harmful in this file");
        assert!(refused.html().contains("Lantern plan"), "what was typed stays");
        // A client's words of it.
        let who = enrolled(&w, &ana).await;
        let mut phone = sign_in(&w, &who.name).await;
        let form = phone.get("/portal/messages/new").await;
        let fields = form.form("/portal/messages/new").fields;
        let refused = phone.upload_fields("/portal/messages/new/attach", &fields, "card.pdf", &infected()).await;
        refused.must_be(422).must_say("We could not accept this file");
        assert_eq!(kept(&w).await, (0, 0, vec!["infected".to_owned(); 2]));
        let objects = std::fs::read_dir(w.database.objects()).into_iter().flatten().flatten();
        let inside: usize = objects.map(|of| std::fs::read_dir(of.path()).into_iter().flatten().count()).sum();
        assert_eq!(inside, 0, "no bytes are left");
        // What is clean goes on.
        upload_of(&w, &ana, "plan.pdf", &pdf("Lanterns")).await.must_be(303);
        assert_eq!(kept(&w).await.1, 1);
    }

    async fn while_the_scanner_is_stopped_no_file_is_taken_and_later_the_same_one_is(w: &mut World) {
        let mut clamd = Clamd::start(&EICAR.concat(), 60);
        let mut w = scanned(w, &clamd).await;
        let ana = w.chart("Ana", "Duarte").await;
        clamd.stop();
        let refused = upload_of(&w, &ana, "plan.pdf", &pdf("Lanterns")).await;
        refused.must_be(422).must_say("could not be checked for viruses just now");
        assert!(refused.html().contains("Lantern plan"), "what was typed stays");
        assert_eq!(kept(&w).await, (0, 0, vec!["not-scanned".to_owned()]));
        clamd.run();
        upload_of(&w, &ana, "plan.pdf", &pdf("Lanterns")).await.must_be(303);
        assert_eq!(kept(&w).await.1, 1);
    }
}

#[tokio::test]
async fn a_scanner_that_misses_the_test_file_or_takes_too_little_is_found_out() {
    let good = Clamd::start(&EICAR.concat(), 60);
    assert_eq!(good.scanner().trouble(LARGEST).await, None);
    let blind = Clamd::start(OTHER, 60);
    let said = blind.scanner().trouble(LARGEST).await.expect("it misses the test file");
    assert!(said.contains("EICAR"), "{said}");
    let small = Clamd::start(&EICAR.concat(), 1);
    let said = small.scanner().trouble(LARGEST).await.expect("it takes too little");
    assert!(said.contains("StreamMaxLength"), "{said}");
    let gone = Clamd::prepared(OTHER, 60);
    let said = gone.scanner().trouble(LARGEST).await.expect("nobody is there");
    assert!(said.contains("cannot be reached"), "{said}");
}
