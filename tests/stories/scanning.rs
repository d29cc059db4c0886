//! Uploaded files and clamd, which each story starts for itself. It knows one signature, that of the test file EICAR.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anteroom::features::documents::{self, LARGEST};
use anteroom::kernel::ids::{DocumentId, UploadId};
use anteroom::platform::config::ScannerUrl;
use anteroom::platform::db::schema::{blob, document, upload};
use anteroom::platform::permissions::{Role, Scope};
use anteroom::platform::scanner::Scanner;
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::portal_people::{enrolled, events, sign_in};
use crate::stories;
use crate::support::papers::{self, pdf, pdf_of};
use crate::support::stored;
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

async fn count_in(w: &World, state: &'static str) -> i64 {
    w.look(move |c| upload::table.filter(upload::state.eq(state)).count().get_result(c)).await
}

/// Lets the job that asks the scanner again fall due, and runs it.
async fn later(w: &World) {
    w.clock.advance_seconds(11 * 60);
    w.run_due_jobs().await;
}

const SEND: &str = "/portal/documents/send";
const ASKED: &str = "/portal/documents/asked";

stories! {
    async fn case_8_a_file_with_something_harmful_in_it_is_put_aside_and_nobody_can_open_it(w: &mut World) {
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
        let mut fields = form.form("/portal/messages/new").fields;
        let refused = phone.upload_fields("/portal/messages/new/attach", &fields, "card.pdf", &infected()).await;
        refused.must_be(422).must_say("We could not accept this file");
        assert_eq!((kept(&w).await.1, count_in(&w, "quarantined").await), (0, 2));
        // Staff see it; its bytes lie there sealed, and nothing takes them.
        let mut casey = w.staff(Role::Clinician).await;
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        casey.get(&tab).await.must_say("Something harmful was found").must_say("plan.pdf").must_say("card.pdf");
        assert_eq!(events(&w, "upload.quarantined").await, 2);
        let parts = stored::names(&w.objects);
        assert_eq!(parts.len(), 2, "the bytes are kept");
        let sealed = stored::read(&w.objects, &parts[0]);
        assert!(!sealed.windows(8).any(|part| part == b"STANDARD"), "and not in clear");
        let ids: Vec<UploadId> = w.look(|c| upload::table.select(upload::upload_id).load(c)).await;
        let caller = key(&w, &w.riverbend.clone(), Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {caller}"));
        for id in &ids {
            let new = json!({ "title": "Plan", "kind": "agreement", "upload": id });
            let path = format!("/api/v1/charts/{}/documents", ana.chart_id);
            caller.send("POST", &path, Some(("application/json", new.to_string().as_bytes()))).await.must_be(422);
            fields.push(("kept".to_owned(), id.to_string()));
        }
        fields.retain(|(name, _)| !["subject", "text"].contains(&name.as_str()));
        fields.push(("subject".to_owned(), "A card".to_owned()));
        fields.push(("text".to_owned(), "Here.".to_owned()));
        phone.post_fields("/portal/messages/new", &fields).await.must_be(422);
        // What is clean goes on.
        upload_of(&w, &ana, "plan.pdf", &pdf("Lanterns")).await.must_be(303);
        assert_eq!(kept(&w).await.1, 1);
        // After 30 days they are gone.
        w.clock.advance_seconds(31 * 24 * 3_600);
        for _ in 0..2 {
            documents::remove_leftovers(&w.app).await.expect("no fault");
        }
        assert_eq!(kept(&w).await, (1, 1, vec!["infected".to_owned(); 2]));
        assert_eq!(stored::names(&w.objects).len(), 1);
    }

    async fn case_9_while_the_scanner_is_stopped_files_wait_and_are_published_by_themselves_later(w: &mut World) {
        let mut clamd = Clamd::start(&EICAR.concat(), 60);
        let mut w = scanned(w, &clamd).await;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(&w, &ana).await;
        let shared = papers::shared_text(&w, &ana.chart_id, "Older", "By the river.").await;
        let mut casey = w.staff(Role::Clinician).await;
        let mut phone = sign_in(&w, &who.name).await;
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        w.mail_has_settled().await;
        let mails = w.mailbox.mails().len();
        clamd.stop();
        // A document, a version of another, a client's own.
        let file = pdf("Lanterns");
        let held = upload_of(&w, &ana, "plan.pdf", &file).await;
        casey.follow(&held).await.must_say("The file is being checked").must_say("Being checked").must_say("Lantern plan");
        let version = format!("{tab}/{shared}/upload");
        let page = casey.get(&version).await;
        casey.upload_with(&page, &version, &[], "older.pdf", &pdf("Newer")).await.must_be(303);
        let page = phone.get(SEND).await;
        let sent = phone.upload_with(&page, SEND, &[("about", "My card")], "card.pdf", &pdf("Card")).await;
        phone.follow(&sent).await.must_say("still checking it for viruses").must_say("My card").must_say("Being checked");
        assert_eq!((count_in(&w, "checking").await, kept(&w).await.1), (3, 1));
        assert!(!casey.get("/staff/worklist").await.html().contains("/documents/asked/"), "staff are not asked yet");
        phone.get("/portal/documents").await.must_not_say("Lantern plan");
        // A file of a message is not sent later: it is turned away, and what was typed stays.
        let form = phone.get("/portal/messages/new").await;
        let fields = form.form("/portal/messages/new").fields;
        let refused = phone.upload_fields("/portal/messages/new/attach", &fields, "card.pdf", &pdf("Card")).await;
        refused.must_be(422).must_say("could not be checked for viruses just now");
        let reserved: i64 = w
            .look(|c| upload::table.filter(upload::state.eq("checking")).filter(upload::reserved.gt(0)).count().get_result(c))
            .await;
        assert_eq!(reserved, 3, "the quota counts them");
        // Nothing happens to them while it is stopped, also not when leftovers are looked for.
        later(&w).await;
        w.clock.advance_seconds(30 * 3_600);
        documents::remove_leftovers(&w.app).await.expect("no fault");
        w.run_due_jobs().await;
        assert_eq!((count_in(&w, "checking").await, kept(&w).await.1), (3, 1));
        // The process was started anew meanwhile.
        clamd.run();
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = w.clock.clone();
        plan.mailbox = Some(w.mailbox.clone());
        plan.scanner = Some(clamd.scanner());
        let w = World::planned(plan).await;
        later(&w).await;
        assert_eq!((count_in(&w, "checking").await, count_in(&w, "published").await, kept(&w).await.1), (0, 3, 2));
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&tab).await;
        page.must_say("Lantern plan").must_say("Casey Moreno").must_not_say("Being checked");
        let document: DocumentId = w
            .look(|c| document::table.filter(document::title.eq("Lantern plan")).select(document::document_id).first(c))
            .await;
        assert_eq!(casey.get(&format!("{tab}/{document}/file")).await.answer.body, file);
        casey.get("/staff/worklist").await.link("/documents/asked/");
        let mut phone = sign_in(&w, &who.name).await;
        phone.get(ASKED).await.must_say("My card").must_say("Waiting for the practice").must_not_say("Being checked");
        w.run_due_jobs().await;
        w.mail_has_settled().await;
        assert_eq!(w.mailbox.mails().len(), mails + 1, "of the new version, as if it had just come in");
        assert_eq!((events(&w, "upload.held").await, events(&w, "document.version").await), (3, 1));
    }

    async fn case_8_9_a_file_that_waited_is_put_aside_or_given_up(w: &mut World) {
        let mut clamd = Clamd::start(&EICAR.concat(), 60);
        let mut w = scanned(w, &clamd).await;
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(&w, &ana).await;
        clamd.stop();
        let mut phone = sign_in(&w, &who.name).await;
        let page = phone.get(SEND).await;
        phone.upload_with(&page, SEND, &[("about", "My card")], "card.pdf", &infected()).await.must_be(303);
        upload_of(&w, &ana, "plan.pdf", &pdf("Lanterns")).await.must_be(303);
        let mut casey = w.staff(Role::Clinician).await;
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        let page = casey.get(&tab).await;
        let of_plan: UploadId = w
            .look(|c| upload::table.filter(upload::file_name.eq("plan.pdf")).select(upload::upload_id).first(c))
            .await;
        let give_up = format!("{tab}/held/{of_plan}/give-up");
        casey.submit_and_follow(&page, &give_up, &[]).await.must_say("The file is deleted.").must_not_say("Lantern plan");
        casey.submit(&page, &give_up, &[]).await.must_be(404);
        clamd.run();
        later(&w).await;
        documents::remove_leftovers(&w.app).await.expect("no fault");
        assert_eq!((count_in(&w, "quarantined").await, count_in(&w, "expired").await, kept(&w).await.1), (1, 1, 0));
        assert_eq!(stored::names(&w.objects).len(), 1, "the bytes of the one that was given up are gone");
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&tab).await.must_say("Something harmful was found").must_say("My card");
        let mut phone = sign_in(&w, &who.name).await;
        phone.get(ASKED).await.must_say("We could not accept this file").must_say("Not accepted");
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
