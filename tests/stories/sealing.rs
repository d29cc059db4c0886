//! The final file of a signed document: made once, sealed, handed to its parties, and checked by the page, the command
//! line and other programs.

use std::process::Command;

use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::signing::seal_store;
use anteroom::features::documents::signing::store as signings;
use anteroom::features::documents::signing::verify::{Verdict, What, verify};
use anteroom::kernel::ids::DocumentId;
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{blob, due_job, outbox, seal_key, signed_file, signing_event};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;

use crate::api::key;
use crate::message_acts::text_of_pdf;
use crate::portal_people::{enrolled, events, sign_in};
use crate::signing::{page_of, sign, sign_with, staff_page};
use crate::stories;
use crate::support::papers::{ask_to_sign, draft, pdf, pdf_with_pages};
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, World};

async fn files(w: &World) -> i64 {
    w.look(|c| signed_file::table.count().get_result(c)).await
}

/// Files of all kinds; the stories that ask for it upload none.
async fn blobs(w: &World) -> i64 {
    w.look(|c| blob::table.count().get_result(c)).await
}

/// A signed text and its final file, as the client downloads it.
async fn signed_text(w: &mut World, ana: &Client) -> (DocumentId, Browser, Vec<u8>) {
    let who = enrolled(w, ana).await;
    let body = "# Fees\n\nWe agree on lanterns.\n\n## How\n- cash\n- card";
    let id = draft(w, &ana.chart_id, "Lantern agreement", body).await;
    ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
    let (mut phone, answer) = sign(w, &who, &id).await;
    answer.must_be(303);
    let page = phone.get(&page_of(&id)).await;
    page.must_say("The signed copy is being made. It is here in a moment. Look again");
    phone.get(&format!("{}/file?copy=signed", page_of(&id))).await.must_be(404);
    w.run_due_jobs().await;
    phone.get(&page_of(&id)).await.must_say("Download the signed copy");
    let file = phone.get(&format!("{}/file?copy=signed", page_of(&id))).await;
    file.must_be(200);
    assert_eq!(file.answer.header("content-type"), Some("application/pdf"));
    let body = file.answer.body.clone();
    (id, phone, body)
}

fn run(program: &str, args: &[&str]) -> Option<(Option<i32>, String)> {
    let out = Command::new(program).args(args).env("LC_ALL", "C").output().ok()?;
    let told = [out.stdout, out.stderr].concat();
    Some((out.status.code(), String::from_utf8_lossy(&told).into_owned()))
}

stories! {
    async fn case_46_case_51_the_signed_copy_is_whole_and_one_changed_byte_is_told_by_every_check(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (id, mut phone, file) = signed_text(w, &ana).await;
        let Verdict::Whole(fingerprint) = verify(&file) else { panic!("{:?}", verify(&file)) };
        // The page, for both sides.
        let mut casey = w.staff(Role::Clinician).await;
        let checked = async |browser: &mut Browser, side: &str, file: &[u8]| {
            let path = format!("/{side}/verify");
            let page = browser.get(&path).await;
            browser.upload(&page, &path, "signed.pdf", file).await.words()
        };
        for (browser, side) in [(&mut phone, "portal"), (&mut casey, "staff")] {
            let told = checked(browser, side, &file).await;
            assert!(told.contains("Riverbend Counseling sealed it, and nobody has changed it since"), "{told}");
            assert!(told.contains("Unchanged signed.pdf"), "the file is named: {told}");
        }
        // The command line, which asks nothing but the file.
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signed.pdf");
        std::fs::write(&path, &file).expect("a file");
        let at = path.to_str().expect("a path");
        let program = env!("CARGO_BIN_EXE_anteroom");
        let (code, told) = run(program, &["verify", at, "--trust", &fingerprint]).expect("it runs");
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(run(program, &["verify", at]).expect("it runs").0, Some(2), "whose it is, is not known");
        match run("pdfsig", &["-nocert", at]) {
            Some((_, told)) => assert!(told.contains("Signature is Valid.") && told.contains("Total document signed"), "{told}"),
            None => eprintln!("not checked: pdfsig is not installed"),
        }
        match run("qpdf", &["--check", at]) {
            Some((code, told)) => assert_eq!(code, Some(0), "{told}"),
            None => eprintln!("not checked: qpdf is not installed"),
        }
        match run("pdfinfo", &[at]) {
            Some((_, told)) => {
                let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
                for said in ["Title: Lantern agreement", "Tagged: yes", "Encrypted: no", "JavaScript: no"] {
                    assert!(told.contains(said), "{said}: {told}");
                }
            }
            None => eprintln!("not checked: pdfinfo is not installed"),
        }
        match run("pdftotext", &[at, "-"]) {
            Some((_, told)) => {
                let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
                for said in ["Confirmed before signing with: password", "Network address (IP): 127.", "text version 2, given on"] {
                    assert!(told.contains(said), "{said}: {told}");
                }
            }
            None => eprintln!("not checked: pdftotext is not installed"),
        }
        // One changed byte of what was signed.
        let mut changed = file.clone();
        let place = file.windows(9).rposition(|part| part == b"lanterns.").expect("the text inside");
        changed[place] ^= 0x01;
        assert_eq!(verify(&changed), Verdict::Changed(What::File));
        for (browser, side) in [(&mut phone, "portal"), (&mut casey, "staff")] {
            assert!(checked(browser, side, &changed).await.contains("Somebody changed this file after it was sealed"));
        }
        std::fs::write(&path, &changed).expect("a file");
        assert_eq!(run(program, &["verify", at, "--trust", &fingerprint]).expect("it runs").0, Some(1));
        if let Some((_, told)) = run("pdfsig", &["-nocert", at]) {
            assert!(told.contains("Digest Mismatch"), "{told}");
        }
        let none = pdf("no seal");
        std::fs::write(&path, &none).expect("a file");
        assert_eq!(run(program, &["verify", at]).expect("it runs").0, Some(3));
        assert!(checked(&mut phone, "portal", &none).await.contains("We cannot check this file"));
        // Staff and the API have the same bytes.
        let same = casey.get(&format!("{}/file?copy=signed", staff_page(&ana, &id))).await;
        assert_eq!(same.must_be(200).answer.body, file);
        casey.get(&format!("{}/evidence", staff_page(&ana, &id))).await.must_say(&fingerprint);
        let text = key(w, &w.riverbend, &[Scope::DocumentsRead]).await;
        let mut reader = w.browser().with("authorization", &format!("Bearer {text}"));
        let content = format!("/api/v1/documents/{id}/content");
        assert_eq!(reader.get(&format!("{content}?copy=signed")).await.must_be(200).answer.body, file);
        reader.get(&format!("{content}?copy=other")).await.must_be(422);
    }

    async fn case_47_an_uploaded_pdf_is_shown_by_the_signed_copy_with_the_drawn_signature_and_is_inside_byte_for_byte(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let action = format!("/staff/charts/{}/documents/upload", ana.chart_id);
        let page = casey.get(&action).await;
        let typed = [("title", "Lantern plan"), ("kind", "agreement")];
        let original = pdf_with_pages(&["Lanterns first", "Lanterns last"]);
        let made = casey.upload_with(&page, &action, &typed, "plan.pdf", &original).await;
        let to = made.location().expect("a document").to_owned();
        let (_, rest) = to.split_once("/documents/").expect("a document's address");
        let id: DocumentId = rest.split('/').next().expect("an id").parse().expect("an id");
        ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("{}/file", page_of(&id))).await.must_be(200);
        let drawn = "[[[0,100],[200,80],[400,120],[600,90]],[[80,100],[90,100],[95,110],[99,90]]]";
        let signature = [("drawn", drawn), ("agreed", "yes"), ("password", PASSWORD)];
        let (mut phone, answer) = { drop(phone); sign_with(w, &who, &id, &signature).await };
        answer.must_be(303);
        w.run_due_jobs().await;
        let file = phone.get(&format!("{}/file?copy=signed", page_of(&id))).await;
        let file = file.must_be(200).answer.body.clone();
        assert!(matches!(verify(&file), Verdict::Whole(_)));
        assert!(file.windows(original.len()).any(|part| part == original.as_slice()));
        // Its pages, then the certificate with what was drawn.
        let Some(said) = text_of_pdf(&file) else { return eprintln!("not checked: pdftotext is not installed") };
        let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
        let places = ["Lanterns first", "Lanterns last", "Certificate of signatures", "drawn by hand, above", "Page 3 of 3"];
        assert!(places.map(at).is_sorted(), "{said}");
        assert!(!said.contains("Open it from the list"), "{said}");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signed.pdf");
        std::fs::write(&path, &file).expect("a file");
        let path = path.to_str().expect("a path");
        for (program, arguments, wanted) in
            [("qpdf", ["--check", path], "No syntax or stream encoding errors"), ("pdfsig", ["-nocert", path], "Signature is Valid.")]
        {
            match run(program, &arguments) {
                Some((_, told)) => assert!(told.contains(wanted), "{told}"),
                None => eprintln!("not checked: {program} is not installed"),
            }
        }
    }

    async fn case_48_a_crash_after_the_last_signature_loses_no_copy_and_makes_no_second_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree.").await;
        ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
        sign(w, &who, &id).await.1.must_be(303);
        // The process that had the job in hand is gone; its lease ends.
        let died = |c: &mut Conn| {
            diesel::update(due_job::table.filter(due_job::kind.eq("seal-file")))
                .set((
                    due_job::state.eq("running"),
                    due_job::attempt.eq(1),
                    due_job::leased_by.eq("gone"),
                    due_job::lease_until.eq(0_i64),
                ))
                .execute(c)
        };
        assert_eq!(w.tamper(died).await, 1, "the signature's transaction has planned the job");
        assert_eq!((files(w).await, blobs(w).await), (0, 0));
        // Another process, and a second one at the same time.
        let neighbour = w.neighbour().await;
        tokio::join!(w.run_due_jobs(), neighbour.run_due_jobs());
        w.run_due_jobs().await;
        assert_eq!((files(w).await, blobs(w).await), (1, 1));
        let left = w.look(|c| due_job::table.filter(due_job::kind.eq("seal-file")).count().get_result::<i64>(c)).await;
        assert_eq!(left, 0);
        // The process died after the file was there and before the job was done: it finds the file.
        w.app.db.write(&w.riverbend.scope, move |c| {
            let found = signings::newest(c, &id)?.expect("a request");
            seal_store::plan(c, &found.request.signing_id)
        }).await.expect("no fault");
        w.run_due_jobs().await;
        assert_eq!((files(w).await, blobs(w).await, events(w, "signing.sealed").await), (1, 1, 1));
        let copies = w.look(|c| outbox::table.filter(outbox::kind.eq("signing.copy")).count().get_result::<i64>(c)).await;
        assert_eq!(copies, 1, "one mail that the copy is ready");
    }

    async fn case_48_a_copy_that_cannot_be_made_leaves_the_document_signed_and_staff_try_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = draft(w, &ana.chart_id, "Lantern agreement", "We agree.").await;
        ask_to_sign(w, &id, vec![Candidate::Grant(Recipient::Owner)]).await;
        sign(w, &who, &id).await.1.must_be(303);
        // The evidence is not what was written: such a file is not sealed.
        let change = |from: &'static str, to: &'static str| move |c: &mut Conn| {
            let at = signing_event::table.filter(signing_event::seq.eq(3));
            let evidence: String = at.select(signing_event::evidence).first(c)?;
            diesel::update(at).set(signing_event::evidence.eq(evidence.replace(from, to))).execute(c)
        };
        w.tamper(change("Ana", "Eve")).await;
        for _ in 0..8 {
            w.run_due_jobs().await;
            w.clock.advance_seconds(3_600);
        }
        assert_eq!(files(w).await, 0);
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&ana, &id)).await;
        page.must_say("The signed copy could not be made.");
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&page_of(&id)).await.must_say("The document is complete.").must_say("The signed copy is being made.");
        w.tamper(change("Eve", "Ana")).await;
        casey.submit_and_follow(&page, "/retry-seal", &[]).await.must_say("The signed copy is made again.");
        casey.submit(&page, "/retry-seal", &[]).await.must_be(303);
        w.run_due_jobs().await;
        assert_eq!(files(w).await, 1);
        casey.get(&staff_page(&ana, &id)).await.must_say("The signed copy is ready.");
    }

    async fn case_49_an_ended_certificate_is_followed_by_a_new_one_and_old_files_still_verify(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, _, old) = signed_text(w, &ana).await;
        let ended = w.now().plus_seconds(-1);
        w.tamper(move |c| diesel::update(seal_key::table).set(seal_key::not_after.eq(ended)).execute(c)).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let (_, mut phone, new) = signed_text(w, &bo).await;
        let (Verdict::Whole(one), Verdict::Whole(two)) = (verify(&old), verify(&new)) else { panic!("not whole") };
        assert_ne!(one, two);
        for file in [&old, &new] {
            let page = phone.get("/portal/verify").await;
            phone.upload(&page, "/portal/verify", "a.pdf", file).await.must_say("Riverbend Counseling sealed it");
        }
        assert_eq!(files(w).await, 2);
    }

    async fn case_50_times_in_the_file_name_their_zone_and_say_utc(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let at = w.now();
        let (_, _, file) = signed_text(w, &ana).await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signed.pdf");
        std::fs::write(&path, &file).expect("a file");
        // To look at.
        if let Ok(folder) = std::env::var("ANTEROOM_PICTURES") {
            std::fs::copy(&path, std::path::Path::new(&folder).join("signed.pdf")).expect("a copy");
        }
        let Some((_, text)) = run("pdftotext", &["-layout", path.to_str().expect("a path"), "-"]) else {
            eprintln!("not checked: pdftotext is not installed");
            return;
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&at.to_string()), "{text}");
        for said in ["Certificate of signatures", "Ana Duarte", "We agree on lanterns.", "Signature, typed: Ana Duarte"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
