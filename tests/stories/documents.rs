//! Documents: written or uploaded by staff, shared with grants, read by clients, taken back.

use anteroom::features::access::lifecycle::State;
use anteroom::features::documents::packets::lifecycle::Task;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::features::documents::{
    self, DocumentKind, Flow, LARGEST, NewUpload, NotTaken, Recipient, Telling,
};
use anteroom::kernel::ids::{AccessId, ChartId, DocumentId};
use anteroom::platform::db::schema::{blob, document, document_reading, document_share, outbox, upload};
use anteroom::platform::permissions::{Right, Role, Scope};
use axum::body::Bytes;
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::portal_people::{self as people, enrolled, events, grant, revoke, set_state, sign_in};
use crate::stories;
use crate::support::packets::{packet_of, published, send};
use crate::support::papers::{self, ask_to_sign, draft, pdf, share, shared_text};
use crate::support::stored;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

async fn opened(w: &World) -> i64 {
    w.look(|c| {
        document_reading::table.filter(document_reading::opened_at.is_not_null()).count().get_result(c)
    })
    .await
}

fn tab(client: &Client) -> String {
    format!("/staff/charts/{}/documents", client.chart_id)
}

/// Uploads a file by the form of the tab.
async fn upload_as(staff: &mut Browser, client: &Client, title: &str, name: &str, file: &[u8]) -> Page {
    let action = format!("{}/upload", tab(client));
    let page = staff.get(&action).await;
    let typed = [("title", title), ("kind", "agreement")];
    staff.upload_with(&page, &action, &typed, name, file).await
}

/// The id in `…/documents/ID/share?…`.
fn made(page: &Page) -> DocumentId {
    let to = page.location().unwrap_or_else(|| panic!("refused with {}: {}", page.status(), page.words()));
    let (_, rest) = to.split_once("/documents/").expect("a document's address");
    rest.split(['/', '?']).next().expect("an id").parse().expect("an id")
}

async fn sent(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.eq("documents.something_new")).count().get_result(c)).await
}

/// How many parts of files lie in the store.
fn stored_files(w: &World) -> usize {
    stored::names(&w.objects).len()
}

async fn owner_access(w: &World, chart: ChartId) -> AccessId {
    w.look(move |c| {
        document_share::table
            .inner_join(
                document::table.on(document::practice_id
                    .eq(document_share::practice_id)
                    .and(document::document_id.eq(document_share::document_id))),
            )
            .filter(document::chart_id.eq(chart))
            .select(document_share::access_id)
            .first(c)
    })
    .await
}

stories! {
    async fn a_pdf_goes_from_staff_to_the_clients_phone_and_back_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let file = pdf("Safety plan");
        let answer = upload_as(&mut casey, &ana, "Safety plan", "отчёт 1.pdf", &file).await;
        let id = made(&answer);
        assert_eq!(answer.location(), Some(format!("{}/{id}/share?done=documents-kept", tab(&ana)).as_str()));
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("/portal/documents/{id}")).await.must_be(404);
        let page = casey.follow(&answer).await;
        page.must_be(200).must_say("Ana Duarte").must_say("Tell them by e-mail");
        casey.submit_and_follow(&page, "/share", &[]).await.must_say("The document is shared.");
        w.run_due_jobs().await;
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("Safety") && !mail.subject.contains("Safety"), "{}", mail.text);
        phone.get("/portal").await.must_say("Safety plan");
        phone.get("/portal/documents").await.must_say("Safety plan").must_say("New");
        phone.get(&format!("/portal/documents/{id}")).await.must_be(200).must_say("отчёт 1.pdf");
        let download = phone.get(&format!("/portal/documents/{id}/file")).await;
        download.must_be(200);
        assert_eq!(download.answer.body, file);
        assert_eq!(download.answer.header("content-type"), Some("application/pdf"));
        // C 26: one line, and the name as it is.
        let disposition = download.answer.header("content-disposition").expect("a name");
        assert!(disposition.starts_with("attachment; filename=\"_____ 1.pdf\"; filename*=UTF-8''%D0%BE"), "{disposition}");
        assert!(download.answer.header("content-security-policy").unwrap_or_default().contains("sandbox"));
        phone.get("/portal/documents").await.must_not_say(">New<");
        let seen = casey.get(&format!("{}/{id}", tab(&ana))).await;
        seen.must_say("Version 1 opened").must_say("Version 1 downloaded").must_say("Ana Duarte");
        casey.get(&tab(&ana)).await.must_say("Safety plan").must_say("Opened");
        let form = casey.get(&format!("{}/{id}/withdraw", tab(&ana))).await;
        casey.submit(&form, "/withdraw", &[]).await.must_be(422).must_say("Say why.");
        casey.submit_and_follow(&form, "/withdraw", &[("reason", "Outdated.")]).await.must_say("Outdated.");
        for path in [format!("/portal/documents/{id}"), format!("/portal/documents/{id}/file")] {
            phone.get(&path).await.must_be(410).must_say("no longer here").must_not_say("Safety");
        }
        assert_eq!(events(w, "document.refused").await, 2);
    }

    async fn aud_07_c_23_reading_is_written_down_and_looking_ahead_is_not(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let body = "# Fees\n\nWe charge <b>by visit</b>.\n\n- cash\n- card";
        let id = shared_text(w, &ana.chart_id, "Fee agreement", body).await;
        let path = format!("/portal/documents/{id}");
        let mut browser = sign_in(w, &who.name).await;
        browser.get("/portal/documents").await.must_say("Fee agreement").must_say("New");
        browser.send("HEAD", &path, None).await;
        browser.send("HEAD", &format!("{path}/file"), None).await;
        let mut ahead = browser.clone().with("Sec-Purpose", "prefetch");
        // It gets nothing: else a reader could leave no trace by sending that header.
        for path in [path.clone(), format!("{path}/file")] {
            ahead.get(&path).await.must_be(503).must_not_say("We charge");
        }
        assert_eq!((opened(w).await, events(w, "document.opened").await), (0, 0));
        let page = browser.get(&path).await;
        page.must_be(200).must_say("We charge <b>by visit</b>.").must_say("cash");
        assert!(page.html().contains("We charge &#60;b&#62;by visit") || page.html().contains("&lt;b&gt;"), "raw HTML");
        assert_eq!((opened(w).await, events(w, "document.opened").await), (1, 1));
        browser.get("/portal/documents").await.must_not_say(">New<");
        browser.get(&path).await;
        assert_eq!((opened(w).await, events(w, "document.opened").await), (1, 2), "each reading leaves its trace");
    }

    async fn a_list_begins_with_what_is_to_be_done_and_tells_equal_titles_apart(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let rules = shared_text(w, &ana.chart_id, "House rules", "## Rules\n\nBe kind.").await;
        let consent = draft(w, &ana.chart_id, "Lantern consent", "I agree.").await;
        ask_to_sign(w, &consent, vec![Candidate::Grant(Recipient::Owner)]).await;
        // Two within a minute, and one after it.
        for seconds in [0, 0, 90] {
            w.clock.advance_seconds(seconds);
            shared_text(w, &ana.chart_id, "Fee agreement", "Pay kindly.").await;
        }
        let notice = published(w, "Privacy notice", DocumentKind::Notice, "Read this.").await;
        let plan = published(w, "Lantern plan", DocumentKind::Plan, "Read that.").await;
        let packet = packet_of(w, "Intake", &[(notice, Task::Read), (plan, Task::Read)]).await;
        w.clock.advance_seconds(60);
        send(w, ana.chart_id, packet).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{rules}")).await;
        // No level of headings is skipped.
        assert!(page.must_be(200).html().contains("<h2>Rules</h2>"));
        assert!(page.html().contains("<h1>House rules</h1>"), "nobody knows its language");
        let list = phone.get("/portal/documents").await;
        let html = list.html();
        let wanted = [
            "To do (6)", "Lantern consent", "Privacy notice", "Lantern plan", "Fee agreement", "Everything else (1)", "House rules",
        ];
        let at = wanted.map(|words| html.find(words).unwrap_or_else(|| panic!("{words} is not there: {html}")));
        assert!(at.is_sorted(), "{at:?}");
        list.must_say("1 of 2 sent together").must_say("2 of 2 sent together");
        // What the practice calls a packet is for its team.
        list.must_not_say("Intake");
        let notes = html.split("Fee agreement</strong><br>").skip(1).map(|rest| rest.split("</span>").next());
        let notes: std::collections::BTreeSet<_> = notes.collect();
        assert_eq!(notes.len(), 3, "{notes:?}");
        list.must_say("number 1").must_say("number 2").must_not_say("number 3");
        let bob = w.chart("Bob", "Reyes").await;
        let other = enrolled(w, &bob).await;
        let mut phone = sign_in(w, &other.name).await;
        phone.get("/portal/documents").await.must_say("There is nothing here yet.").must_not_say("To do");
        let only = shared_text(w, &bob.chart_id, "House rules", "Be kind.").await;
        phone.get(&format!("/portal/documents/{only}")).await.must_be(200);
        phone.get("/portal/documents").await.must_say("There is nothing for you to do here now.").must_say("Everything else (1)");
    }

    async fn fil_03_a_text_is_saved_under_a_harmless_name(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = shared_text(w, &ana.chart_id, "../Fee \"agreement\"", "Pay <kindly>.").await;
        let mut browser = sign_in(w, &who.name).await;
        let file = browser.get(&format!("/portal/documents/{id}/file")).await;
        file.must_be(200);
        assert_eq!(file.answer.header("content-type"), Some("text/plain; charset=utf-8"));
        let name = "attachment; filename=\"fee-agreement.txt\"; filename*=UTF-8''fee%2Dagreement%2Etxt";
        assert_eq!(file.answer.header("content-disposition"), Some(name));
        assert!(file.html().contains("Pay <kindly>."));
        assert_eq!(events(w, "document.downloaded").await, 1);
    }

    async fn rat_05_nobody_opens_more_than_sixty_documents_in_ten_minutes(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = shared_text(w, &ana.chart_id, "Notice", "Words.").await;
        let mut browser = sign_in(w, &who.name).await;
        let path = format!("/portal/documents/{id}");
        for _ in 0..60 {
            browser.get(&path).await.must_be(200);
        }
        browser.get(&path).await.must_be(429);
        w.clock.advance_seconds(600);
        browser.get(&path).await.must_be(200);
    }

    async fn a_01_a_05_what_is_no_good_pdf_is_told_by_name_and_nothing_is_stored(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let good = String::from_utf8(pdf("x")).expect("ASCII");
        let with = |inside: &str| good.replace("/Type /Catalog", &format!("/Type /Catalog {inside}"));
        for (name, file, said) in [
            ("a.jpg", good.clone(), "This is a PDF, but its name does not end with .pdf"),
            ("a.pdf", "<!DOCTYPE html><p>x".into(), "This is a web page"),
            ("a.pdf", "<svg onload=\"x()\"></svg>".into(), "This is an SVG drawing"),
            ("a.docm", "PK\u{3}\u{4} [Content_Types].xml word/vbaProject.bin".into(), "Word or other Office file"),
            ("a.pdf", String::new(), "There is nothing in this file"),
            ("a.pdf", with("/OpenAction << /S /JavaScript >>"), "This PDF has a script in it"),
            ("a.pdf", with("/AcroForm << /XFA [] >>"), "This PDF is an XFA form"),
            ("a.pdf", good.replace("trailer\n<<", "trailer\n<< /Encrypt 9 0 R"), "locked with a password"),
            ("a.pdf", good[..good.len() - 40].into(), "We could not read this PDF"),
        ] {
            let answer = upload_as(&mut casey, &ana, "Kept title", name, file.as_bytes()).await;
            answer.must_be(422).must_say(said);
            assert!(answer.html().contains("value=\"Kept title\""), "what was typed is kept");
        }
        let left = w.look(|c| Ok((
            document::table.count().get_result::<i64>(c)?,
            blob::table.count().get_result::<i64>(c)?,
            upload::table.filter(upload::reserved.gt(0)).count().get_result::<i64>(c)?,
        ))).await;
        assert_eq!((left, stored_files(w)), ((0, 0, 0), 0));
        assert_eq!(events(w, "upload.refused").await, 9);
    }

    async fn two_files_in_one_form_and_a_compressed_body_are_refused(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let action = format!("{}/upload", tab(&ana));
        let page = casey.get(&action).await;
        let mut body = Vec::new();
        for (field, value) in &page.form(&action).fields {
            let value = match field.as_str() {
                "title" => "Plan",
                "kind" => "agreement",
                _ => value.as_str(),
            };
            body.extend(format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").into_bytes());
        }
        let one_file = |name: &str| {
            let head = format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
            [head.into_bytes(), pdf(name), b"\r\n".to_vec()].concat()
        };
        let kind = "multipart/form-data; boundary=b";
        let two = [body.clone(), one_file("one.pdf"), one_file("two.pdf"), b"--b--\r\n".to_vec()].concat();
        casey.send("POST", &action, Some((kind, &two))).await.must_be(400);
        let one = [body, one_file("one.pdf"), b"--b--\r\n".to_vec()].concat();
        let mut packed = casey.clone().with("content-encoding", "gzip");
        let answer = packed.send("POST", &action, Some((kind, &one))).await;
        answer.must_be(415).must_say("We take nothing compressed");
        assert_eq!(answer.answer.header("accept-encoding"), Some("identity"));
        let documents: i64 = w.look(|c| document::table.count().get_result(c)).await;
        assert_eq!(documents, 0);
        casey.send("POST", &action, Some((kind, &one))).await.must_be(303);
    }

    async fn a_02_a_file_may_be_as_large_as_the_limit_and_not_a_byte_more(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let start = pdf("x").len() as u64;
        for (size, fits) in [(LARGEST, true), (LARGEST + 1, false)] {
            let file = papers::pdf_of("x", usize::try_from(size - start).expect("a size"));
            // The length of the padding stands in the file too.
            let surplus = file.len() as u64 - size;
            let file = papers::pdf_of("x", usize::try_from(size - start - surplus).expect("a size"));
            assert_eq!(file.len() as u64, size);
            let new = NewUpload { chart: ana.chart_id, name: "a.pdf".into(), said: None };
            let by = w.riverbend.by(Role::Clinician);
            let mut incoming = documents::receive(&w.app, &w.riverbend.scope, by, new);
            for piece in Bytes::from(file).chunks(1 << 20) {
                let flow = incoming.add(Bytes::copy_from_slice(piece)).await;
                assert!(!fits || flow == Flow::Go, "a file of the right size is read to its end");
            }
            match incoming.finish().await.expect("no fault").expect("the chart is there") {
                Ok(taken) => assert!(fits && taken.size == size),
                Err(why) => assert_eq!((fits, why), (false, NotTaken::TooLarge)),
            }
        }
        let reserved: Vec<i64> =
            w.look(|c| upload::table.order(upload::created_at).select(upload::reserved).load(c)).await;
        let mut reserved = reserved;
        reserved.sort_unstable();
        assert_eq!(reserved, [0, LARGEST as i64], "the refused one gave its quota back");
        assert_eq!(stored_files(w), 13, "4 MiB a part, and nothing of the refused one");
    }

    async fn a_10_a_11_the_same_file_may_come_twice_and_again_after_it_was_deleted(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let file = pdf("Twice");
        let one = made(&upload_as(&mut casey, &ana, "One", "a.pdf", &file).await);
        let two = made(&upload_as(&mut casey, &ana, "Two", "a.pdf", &file).await);
        assert_ne!(one, two);
        assert_eq!(stored_files(w), 2);
        for id in [one, two] {
            let form = casey.get(&format!("{}/{id}/withdraw", tab(&ana))).await;
            form.must_say("Nobody has seen it");
            casey.submit_and_follow(&form, "/withdraw", &[]).await.must_say("The draft is deleted.");
        }
        assert_eq!(documents::remove_leftovers(&w.app).await.expect("no fault"), 2);
        assert_eq!(stored_files(w), 0);
        assert_eq!(w.look(|c| blob::table.count().get_result::<i64>(c)).await, 0);
        let again = made(&upload_as(&mut casey, &ana, "Again", "a.pdf", &file).await);
        assert_eq!(casey.get(&format!("{}/{again}/file", tab(&ana))).await.answer.body, file);
    }

    async fn b_14_an_upload_that_broke_off_leaves_nothing_behind(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let by = w.riverbend.by(Role::Clinician);
        let begin = |name: &str| NewUpload { chart: ana.chart_id, name: name.into(), said: None };
        // Its sender hangs up after the first part was stored.
        let mut cut = documents::receive(&w.app, &w.riverbend.scope, by.clone(), begin("cut.pdf"));
        cut.add(Bytes::from(papers::pdf_of("x", 5 << 20))).await;
        drop(cut);
        for _ in 0..200 {
            let ended = w
                .look(|c| upload::table.filter(upload::state.eq("expired")).count().get_result::<i64>(c))
                .await;
            if ended == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(stored_files(w), 0, "it was tidied away at once");
        // A file that is stored, and that nobody makes a document of.
        let mut taken = documents::receive(&w.app, &w.riverbend.scope, by, begin("kept.pdf"));
        taken.add(Bytes::from(pdf("never made a document"))).await;
        taken.finish().await.expect("no fault").expect("the chart").expect("it is taken");
        assert_eq!(documents::remove_leftovers(&w.app).await.expect("no fault"), 0, "its time is not over");
        w.clock.advance_seconds(25 * 3_600);
        assert_eq!(stored_files(w), 1);
        documents::remove_leftovers(&w.app).await.expect("no fault");
        documents::remove_leftovers(&w.app).await.expect("no fault");
        assert_eq!(stored_files(w), 0);
        // Bytes that no row knows of, as a restored database leaves them.
        let orphan = format!("{}/019ac000-0000-7000-8000-000000000000/00000", w.riverbend.scope.id());
        stored::write(&w.objects, &stored::name(&w.objects, &orphan), b"sealed");
        assert_eq!(documents::remove_orphans(&w.app).await.expect("no fault"), 1);
        assert_eq!(stored_files(w), 0);
    }

    async fn b_16_a_damaged_file_is_told_to_staff_and_client_and_no_byte_of_it_is_shown(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = made(&upload_as(&mut casey, &ana, "Plan", "a.pdf", &pdf("Canary words")).await);
        share(w, &id, vec![Recipient::Owner], Telling::Silent).await;
        let parts = stored::names(&w.objects);
        assert_eq!(parts.len(), 1);
        let mut bytes = stored::read(&w.objects, &parts[0]);
        assert!(!bytes.windows(6).any(|part| part == b"Canary"), "stored in clear");
        bytes[30] ^= 1;
        stored::write(&w.objects, &parts[0], &bytes);
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("/portal/documents/{id}/file")).await.must_be(503).must_not_say("Canary");
        casey.get(&format!("{}/{id}/file", tab(&ana))).await.must_be(503).must_not_say("Canary");
        assert_eq!(events(w, "object.damaged").await, 2);
    }

    async fn c_18_c_19_each_grant_sees_its_own_shares_and_everything_else_is_the_same_404(w: &mut World) {
        let leo = w.chart("Leo", "Park").await;
        let own = enrolled(w, &leo).await;
        let mother = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let account = people::account(w, &mother.email).await;
        let scope = w.riverbend.scope.clone();
        let hers = grant(w, &scope, &account, &mother.person_id, &leo.chart_id, Some(&[Right::Documents])).await;
        let for_leo = draft(w, &leo.chart_id, "For Leo", "Text of Leo.").await;
        let for_joan = draft(w, &leo.chart_id, "For Joan", "Text of Joan.").await;
        let nobodys = draft(w, &leo.chart_id, "A draft", "Text.").await;
        share(w, &for_leo, vec![Recipient::Owner], Telling::Silent).await;
        share(w, &for_joan, vec![Recipient::Grant(hers)], Telling::Silent).await;
        let (mut his, mut joan) = (sign_in(w, &own.name).await, sign_in(w, &mother.email).await);
        his.get("/portal/documents").await.must_say("For Leo").must_not_say("For Joan").must_not_say("A draft");
        joan.get("/portal/documents").await.must_say("For Joan").must_not_say("For Leo");
        his.get("/portal").await.must_not_say("For Joan");
        let missing = his.get("/portal/documents/019ac000-0000-7000-8000-000000000000").await;
        missing.must_be(404);
        for id in [for_joan, nobodys] {
            for path in [format!("/portal/documents/{id}"), format!("/portal/documents/{id}/file")] {
                let page = his.get(&path).await;
                page.must_be(404);
                assert_eq!(page.html(), missing.html());
            }
        }
        his.get(&format!("/portal/documents/{for_leo}")).await.must_be(200);
        // The share with him ends: for him it was never there.
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&format!("{}/{for_leo}", tab(&leo))).await;
        casey.submit_and_follow(&page, "/end-share", &[]).await.must_say("The share is ended.").must_say("Share ended");
        assert_eq!(his.get(&format!("/portal/documents/{for_leo}")).await.html(), missing.html());
        his.get("/portal/documents").await.must_not_say("For Leo");
        // Withdrawn: whoever had it learns so, everybody else finds nothing.
        papers::withdraw(w, &for_joan).await;
        joan.get(&format!("/portal/documents/{for_joan}")).await.must_be(410);
        his.get(&format!("/portal/documents/{for_joan}")).await.must_be(404);
        // Shared again with Leo alone, it is nothing of hers any more.
        share(w, &for_joan, vec![Recipient::Owner], Telling::Silent).await;
        joan.get(&format!("/portal/documents/{for_joan}")).await.must_be(404);
        his.get(&format!("/portal/documents/{for_joan}")).await.must_be(200);
        revoke(w, &own.access).await;
        assert!(his.get(&format!("/portal/documents/{for_joan}")).await.is_redirect(), "no grant is left");
    }

    async fn what_everybody_has_is_not_offered_to_be_shared_and_an_ended_share_is(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let id = shared_text(w, &ana.chart_id, "Fees", "Words.").await;
        let here = format!("{}/{id}", tab(&ana));
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&here).await;
        page.must_say("There is nobody else to share it with");
        assert!(!page.html().contains(&format!("href=\"{here}/share\"")));
        let ended = casey.submit_and_follow(&page, "/end-share", &[]).await;
        ended.must_say("The share is ended.").must_say("you can share it again");
        ended.must_not_say("There is nobody else to share it with");
        // A second click does nothing more.
        casey.submit(&page, "/end-share", &[]).await.must_be(303);
        assert_eq!(events(w, "document.share_ended").await, 1);
        let form = casey.get(&ended.link("/share?with=owner")).await;
        assert!(form.html().contains("value=\"owner\" checked"), "whom it was shared with is proposed");
        let shared = casey.submit_and_follow(&form, "/share", &[]).await;
        shared.must_say("The document is shared.").must_say("There is nobody else to share it with").must_not_say("Share ended");
        // Nobody sees it once it is withdrawn, and the list and the page say so.
        shared.must_say("As the client sees it");
        casey.get(&tab(&ana)).await.must_not_say("Nobody");
        let withdraw = casey.get(&format!("{here}/withdraw")).await;
        let withdrawn = casey.submit_and_follow(&withdraw, "/withdraw", &[("reason", "Old.")]).await;
        withdrawn.must_say("nobody sees it any more").must_not_say("As the client sees it");
        casey.get(&tab(&ana)).await.must_say("Nobody");
    }

    async fn c_20_c_24_a_mail_that_waits_is_cancelled_and_a_restored_grant_sees_the_same(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        // Nobody was invited yet: it waits.
        let id = draft(w, &ana.chart_id, "Welcome", "Text.").await;
        share(w, &id, vec![Recipient::Owner], Telling::ByMail).await;
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 0, "nobody is registered");
        let mut phone = w.registered(&ana).await;
        phone.get("/portal/documents").await.must_say("Welcome");
        let access = owner_access(w, ana.chart_id).await;
        set_state(w, &access, State::Revoked).await;
        assert!(phone.get("/portal/documents").await.is_redirect());
        set_state(w, &access, State::Active).await;
        phone.get("/portal/documents").await.must_say("Welcome");
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 0, "no mail for what was there before");
        // A mail that is queued, and whose document is withdrawn before it leaves.
        w.stop_sending().await;
        let other = draft(w, &ana.chart_id, "Another", "Text.").await;
        share(w, &other, vec![Recipient::Owner], Telling::ByMail).await;
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 1);
        papers::withdraw(w, &other).await;
        papers::withdraw(w, &id).await;
        let standing = w.app.mail_hooks.subjects.iter().find(|kind| kind.word == "document_notice").expect("its kind");
        let asked = access.uuid();
        let found = w.app.db.read(&w.riverbend.scope, move |c| (standing.standing)(c, asked)).await;
        assert_eq!(found.expect("no fault"), anteroom::platform::outbox::Standing::Over);
    }

    async fn c_21_a_new_version_is_told_once_and_the_old_reading_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = shared_text(w, &ana.chart_id, "Fees", "Old words.").await;
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&format!("/portal/documents/{id}")).await.must_say("Old words.");
        let mut casey = w.staff(Role::Clinician).await;
        let action = format!("{}/{id}/write", tab(&ana));
        let form = casey.get(&action).await;
        form.must_say("Old words.");
        casey.submit_and_follow(&form, "/write", &[("body", "New words.")]).await.must_say("The new version is saved.");
        // The same form sent twice makes one version.
        casey.submit(&form, "/write", &[("body", "New words.")]).await.must_be(303);
        phone.get("/portal/documents").await.must_say("Updated");
        phone.get("/portal").await.must_say("Fees");
        let page = casey.get(&format!("{}/{id}", tab(&ana))).await;
        page.must_say("Version 1 opened").must_say("Version 2").must_not_say("Version 3");
        casey.get(&format!("{}/{id}?version=1", tab(&ana))).await.must_say("Old words.").must_say("There is a newer one.");
        w.run_due_jobs().await;
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 1);
        phone.get(&format!("/portal/documents/{id}")).await.must_say("New words.").must_not_say("Old words.");
        phone.get("/portal/documents").await.must_not_say("Updated");
        casey.get(&format!("{}/{id}", tab(&ana))).await.must_say("Version 1 opened").must_say("Version 2 opened");
    }

    async fn c_22_a_psychotherapy_note_is_shared_by_nobody(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut robin = w.staff(Role::Administrator).await;
        let action = format!("{}/write", tab(&ana));
        let form = robin.get(&action).await;
        let typed = [("title", "Hidden words"), ("kind", "other"), ("label", "psychotherapy"), ("body", "Words.")];
        let answer = robin.submit(&form, &action, &typed).await;
        let id = made(&answer);
        robin.follow(&answer).await.must_be(200).must_say("Psychotherapy note");
        let page = robin.get(&format!("{}/{id}/share", tab(&ana))).await;
        page.must_say("never shared");
        let csrf = robin.get("/staff/me").await.form("/staff/sign-out").fields[0].1.clone();
        let posted = [("csrf", csrf.as_str()), ("with", "owner")];
        robin.post(&format!("{}/{id}/share", tab(&ana)), &posted).await.must_be(409);
        let text = key(w, &w.riverbend, &[Scope::DocumentsWrite]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let path = format!("/api/v1/documents/{id}/share");
        let answer = program.send("POST", &path, Some(("application/json", b"{}"))).await;
        answer.must_be(409);
        assert!(answer.html().contains("never-shared"), "{}", answer.html());
        sign_in(w, &who.name).await.get(&format!("/portal/documents/{id}")).await.must_be(404);
        // The front desk sees neither what is labelled nor what is about treatment.
        let letter = draft(w, &ana.chart_id, "Plain notice", "Words.").await;
        let mut dana = w.staff(Role::FrontDesk).await;
        dana.get(&tab(&ana)).await.must_be(200).must_say("Plain notice").must_not_say("Hidden words");
        dana.get(&format!("{}/{letter}", tab(&ana))).await.must_be(200);
        dana.get(&format!("{}/{id}", tab(&ana))).await.must_be(404);
        dana.get(&format!("{}/upload", tab(&ana))).await.must_be(403);
        w.staff(Role::Biller).await.get(&tab(&ana)).await.must_be(403);
    }

    async fn a_label_that_stays_closed_to_somebody_is_said_wherever_the_document_is_shared(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = crate::rights::mother_of(w, &leo).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {}", key(w, &w.riverbend, Scope::ALL).await));
        let mut admin = w.staff(Role::Administrator).await;
        let action = format!("{}/write", tab(&leo));
    let opens = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let mut ids = Vec::new();
        for (label, why) in [("", ""), ("sud", "cannot read it yet"), ("minor_consented", "opens to the client alone")] {
            let page = admin.get(&action).await;
            let title = format!("About {label}");
            let typed = [("title", title.as_str()), ("kind", "notice"), ("label", label), ("body", "Words.")];
            let page = admin.submit(&page, &action, &typed).await;
            ids.push(made(&page));
            let share = admin.follow(&page).await;
            let is_shut = !why.is_empty();
            assert_eq!(share.says("Joan Park cannot read it"), is_shut, "{}", share.words());
            assert!(share.says(why));
            assert_eq!(share.html().contains(&format!("href=\"{opens}\"")), label == "sud");
            assert_eq!(share.html().contains("value=\"owner\" checked"), !is_shut, "{label}");
            let shown = admin.submit_and_follow(&share, "/share", &[("with", "owner")]).await;
            assert_eq!(shown.says("Closed by its label"), is_shut, "{}", shown.words());
            assert!(shown.says(why));
            let again = admin.get(&format!("{}/{}/share", tab(&leo), ids[ids.len() - 1])).await;
            assert_eq!(again.says("There is nobody else to share it with"), !is_shut);
            assert!(again.says(why));
            let said = api.get(&format!("/api/v1/documents/{}", ids[ids.len() - 1])).await.answer.json();
            assert_eq!(said["shares"][0]["closed_by_label"], is_shut, "{label}");
        }
        let list = admin.get(&tab(&leo)).await;
        assert_eq!(list.words().matches("Joan Park (closed by its label)").count(), 2, "{}", list.words());
        let mut mother = sign_in(w, &name).await;
        mother.get("/portal/documents").await.must_not_say("About sud").must_not_say("About minor");
        // What opens it, and it is said no longer.
        let page = admin.get(&opens).await;
        let signed = [("part2_purpose", "Taking part in the treatment"), ("part2_until", "2026-12-02")];
        admin.submit_and_follow(&page, "/part2", &signed).await;
        admin.get(&format!("{}/{}", tab(&leo), ids[1])).await.must_not_say("Closed by its label");
        let said = api.get(&format!("/api/v1/documents/{}", ids[1])).await.answer.json();
        assert_eq!(said["shares"][0]["closed_by_label"], false);
        mother.get("/portal/documents").await.must_say("About sud").must_not_say("About minor");
    }

    async fn j_74_twelve_shares_are_one_mail_and_the_next_goes_an_hour_later(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        for n in 0..12 {
            let id = draft(w, &ana.chart_id, &format!("Secret title {n}"), "Text.").await;
            share(w, &id, vec![Recipient::Owner], Telling::ByMail).await;
        }
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 1);
        let mail = w.mail_to(&ana.email).await;
        for word in ["Secret", "Casey"] {
            assert!(!mail.text.contains(word) && !mail.html.contains(word), "{word}: {}", mail.text);
        }
        w.clock.advance_seconds(600);
        let id = draft(w, &ana.chart_id, "One more", "Text.").await;
        share(w, &id, vec![Recipient::Owner], Telling::ByMail).await;
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 1, "within the hour");
        w.clock.advance_seconds(3_000);
        w.run_due_jobs().await;
        assert_eq!(sent(w).await, 2);
    }

    async fn a_form_that_is_sent_twice_at_once_makes_one_document(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let casey = w.staff(Role::Clinician).await;
        let action = format!("{}/upload", tab(&ana));
        let page = casey.clone().get(&action).await;
        let mut fields = page.form(&action).fields;
        fields.retain(|(name, _)| name != "title" && name != "kind");
        fields.extend([("title".to_owned(), "Once".to_owned()), ("kind".to_owned(), "card".to_owned())]);
        let file = pdf("Once");
        let send = |mut staff: Browser| {
            let (action, fields, file) = (action.clone(), fields.clone(), file.clone());
            async move { staff.upload_fields(&action, &fields, "a.pdf", &file).await }
        };
        let (one, two) = tokio::join!(send(casey.clone()), send(casey.clone()));
        assert_eq!(made(&one), made(&two));
        assert_eq!(w.look(|c| document::table.count().get_result::<i64>(c)).await, 1);
        documents::remove_leftovers(&w.app).await.expect("no fault");
        assert_eq!(stored_files(w), 1, "the other file is deleted");
    }

    async fn two_withdrawals_at_once_are_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        for _ in 0..5 {
            let id = shared_text(w, &ana.chart_id, "Race", "Text.").await;
            let (by, scope) = (w.riverbend.by(Role::Clinician), w.riverbend.scope.clone());
            let taking = {
                let (app, by, scope) = (w.app.clone(), by.clone(), scope.clone());
                async move { app.db.write(&scope, move |c| documents::withdraw(c, &by, &id, "why")).await }
            };
            let again = {
                let (app, by, scope) = (w.app.clone(), by.clone(), scope.clone());
                async move { app.db.write(&scope, move |c| documents::withdraw(c, &by, &id, "why")).await }
            };
            let (one, two) = tokio::join!(tokio::spawn(taking), tokio::spawn(again));
            let won = [one, two].into_iter().filter(|r| matches!(r, Ok(Ok(Ok(_))))).count();
            assert_eq!(won, 1, "one withdraws, the other learns that it is withdrawn");
            sign_in(w, &who.name).await.get(&format!("/portal/documents/{id}")).await.must_be(410);
        }
        assert_eq!(events(w, "document.withdrawn").await, 5);
    }

    async fn a_program_of_the_practice_does_the_same_by_the_api(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let bob = w.chart("Bob", "Reyes").await;
        let who = enrolled(w, &ana).await;
        let text = key(w, &w.riverbend, &[Scope::DocumentsWrite, Scope::DocumentsRead]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let base = format!("/api/v1/charts/{}", ana.chart_id);
        let file = pdf("By program");
        let uploads = format!("{base}/uploads");
        program.send("POST", &uploads, Some(("text/plain", b"x"))).await.must_be(415);
        let wrong = program.send("POST", &uploads, Some(("application/pdf", b"<html>"))).await;
        wrong.must_be(422);
        assert!(wrong.html().contains("kind-web-page"), "{}", wrong.html());
        let stored = program.send("POST", &uploads, Some(("application/pdf", &file))).await;
        stored.must_be(201);
        let stored: serde_json::Value = serde_json::from_slice(&stored.answer.body).expect("JSON");
        assert_eq!(stored["size"], file.len());
        let post = async |program: &mut Browser, path: &str, body: serde_json::Value| {
            let body = body.to_string();
            let answer = program.send("POST", path, Some(("application/json", body.as_bytes()))).await;
            let json: serde_json::Value = serde_json::from_slice(&answer.answer.body).unwrap_or_default();
            (answer.status(), json)
        };
        let new = json!({ "title": "By program", "kind": "plan", "upload": stored["id"] });
        let elsewhere = format!("/api/v1/charts/{}/documents", bob.chart_id);
        assert_eq!(post(&mut program, &elsewhere, new.clone()).await.0, 422, "it waits for another chart");
        let (status, made) = post(&mut program, &format!("{base}/documents"), new.clone()).await;
        assert_eq!((status, &made["state"], &made["content"]["sha256"]), (201, &json!("draft"), &stored["sha256"]));
        assert_eq!(post(&mut program, &format!("{base}/documents"), new).await.0, 422, "a document has it");
        let at = format!("/api/v1/documents/{}", made["id"].as_str().expect("an id"));
        let (status, shared) = post(&mut program, &format!("{at}/share"), json!({})).await;
        assert_eq!((status, &shared["state"]), (200, &json!("shared")));
        assert_eq!(shared["shares"][0]["grant"], json!(who.access.to_string()));
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&at.replace("/api/v1", "/portal")).await.must_be(200);
        let read = program.get(&at).await;
        let read: serde_json::Value = serde_json::from_slice(&read.must_be(200).answer.body).expect("JSON");
        assert!(read["shares"][0]["readings"][0]["opened_at"].is_string(), "{read}");
        let content = program.get(&format!("{at}/content")).await;
        assert_eq!(content.must_be(200).answer.body, file);
        let text = json!({ "text": "Now a text." });
        let (status, newer) = post(&mut program, &format!("{at}/versions"), text).await;
        assert_eq!((status, &newer["version"]), (200, &json!(2)));
        phone.get(&at.replace("/api/v1", "/portal")).await.must_say("Now a text.");
        let grant = json!({ "grant": who.access.to_string() });
        assert_eq!(post(&mut program, &format!("{at}/end-share"), grant.clone()).await.0, 200);
        assert_eq!(post(&mut program, &format!("{at}/end-share"), grant).await.0, 409);
        assert_eq!(post(&mut program, &format!("{at}/withdraw"), json!({})).await.0, 400);
        let (status, gone) = post(&mut program, &format!("{at}/withdraw"), json!({ "reason": "Old." })).await;
        assert_eq!((status, &gone["state"]), (200, &json!("withdrawn")));
        assert_eq!(post(&mut program, &format!("{at}/withdraw"), json!({ "reason": "Old." })).await.0, 409);
        program.get(&format!("{base}/documents")).await.must_be(200).must_say("By program");
        let reader = key(w, &w.riverbend, &[Scope::DocumentsRead]).await;
        let mut reader = w.browser().with("authorization", &format!("Bearer {reader}"));
        assert_eq!(post(&mut reader, &format!("{at}/share"), json!({})).await.0, 403);
    }
}
