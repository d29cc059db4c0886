//! Signing in person: a staff member hands the practice's device to a signer. Their session is locked for it, in every tab
//! and every process, until they type their password.

use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::{Candidate, NewSigner};
use anteroom::features::documents::signing::store as requests;
use anteroom::features::staff::StaffState;
use anteroom::features::staff::store as members;
use anteroom::kernel::ids::DocumentId;
use anteroom::platform::db::schema::{in_person, session, signer, signing_event};
use anteroom::platform::permissions::{Right, Role};
use diesel::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::portal_people::{account, enrolled, events, grant, sign_in};
use crate::signing::{ask, sign, staff_page};
use crate::stories;
use crate::support::papers::{draft, pdf_with_pages, withdraw};
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, Page, World};

/// Where a locked session is led.
const DEVICE: &str = "/staff/in-person";
/// Everybody's birth date whose chart says nothing else.
const BORN: [(&str, &str); 3] = [("month", "4"), ("day", "12"), ("year", "1990")];
const OTHER_DAY: [(&str, &str); 3] = [("month", "4"), ("day", "13"), ("year", "1990")];
const MARK: [(&str, &str); 2] = [("typed", "Ana Duarte"), ("agreed", "yes")];

/// A text that its chart's owner is asked to sign.
async fn to_sign(w: &World, client: &Client) -> DocumentId {
    let id = draft(w, &client.chart_id, "Lantern agreement", "We agree on lanterns.").await;
    ask(w, &id, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
    id
}

/// The clinician hands the device over by the button of the document's page.
async fn handed_over(w: &World, client: &Client, id: &DocumentId) -> Browser {
    let mut casey = w.staff(Role::Clinician).await;
    let page = casey.get(&staff_page(client, id)).await;
    page.must_say("Sign here, on this device");
    let answer = casey.submit(&page, "/sign-here", &[]).await;
    assert_eq!(answer.location(), Some(DEVICE), "{}", answer.words());
    assert!(
        answer.answer.header("clear-site-data").is_some_and(|v| v.contains("\"cache\"")),
        "Back shows pages"
    );
    casey
}

/// The signer confirms the birth date and agrees to sign electronically.
async fn to_the_document(device: &mut Browser) -> Page {
    let page = device.get(DEVICE).await;
    page.must_say("Signing on this device").must_not_say("Lantern").must_not_say("lanterns");
    let page = device.submit_and_follow(&page, "/birth-date", &BORN).await;
    page.must_say("You can have this on paper instead").must_not_say("We agree on lanterns");
    device.submit(&page, "/consent", &[]).await.must_be(422).must_say("Tick the box if you agree.");
    device.submit_and_follow(&page, "/consent", &[("agreed", "yes")]).await
}

/// The signer comes to the form of the signature.
async fn to_the_signature(device: &mut Browser) -> Page {
    let page = to_the_document(device).await;
    page.must_say("We agree on lanterns.");
    device.submit_and_follow(&page, "/read", &[]).await
}

/// The evidence of an event.
async fn evidence(w: &World, kind: &'static str) -> Value {
    let text: String = w
        .look(move |c| {
            signing_event::table.filter(signing_event::kind.eq(kind)).select(signing_event::evidence).first(c)
        })
        .await;
    serde_json::from_str(&text).expect("JSON")
}

async fn signed(w: &World) -> i64 {
    w.look(|c| signing_event::table.filter(signing_event::kind.eq("signed")).count().get_result(c)).await
}

/// How many sessions are locked.
async fn locked(w: &World) -> i64 {
    w.look(|c| session::table.filter(session::locked_at.is_not_null()).count().get_result(c)).await
}

async fn endings(w: &World) -> Vec<Option<String>> {
    w.look(|c| in_person::table.order(in_person::started_at.asc()).select(in_person::ending).load(c)).await
}

async fn unlock(device: &mut Browser, password: &str) -> Page {
    let page = device.get("/staff/unlock").await;
    device.submit(&page.must_be(200).clone(), "/staff/unlock", &[("password", password)]).await
}

stories! {
    async fn a_client_signs_on_the_practices_device_and_the_evidence_says_who_hosted(w: &mut World) {
        // She has no sign-in: the practice knows her, and staff stand beside her.
        let ana = w.chart("Ana", "Duarte").await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        page.must_say("I am Ana Duarte. I have read this document and I sign it.").must_not_say("Your password");
        casey.submit(&page, "/in-person/sign", &[]).await.must_be(422).must_say("Type your name or draw");
        let done = casey.submit_and_follow(&page, "/in-person/sign", &MARK).await;
        done.must_say("Thank you. Your signature is saved.").must_say("Please give the device back");
        assert_eq!((signed(w).await, locked(w).await), (1, 1), "signed, and still locked");
        w.run_due_jobs().await;
        let back = done.link("/staff/unlock");
        let page = casey.get(&back).await;
        let answer = casey.submit(&page, "/staff/unlock", &[("password", PASSWORD)]).await;
        assert_eq!(answer.location(), Some(staff_page(&ana, &id).as_str()));
        let page = casey.follow(&answer).await;
        page.must_say("The signed copy is ready.").must_say("In person, hosted by Casey Moreno");
        casey.get(&format!("{}/file?copy=signed", staff_page(&ana, &id))).await.must_be(200);
        let record = casey.get(&format!("{}/evidence", staff_page(&ana, &id))).await;
        record.must_say("No entry was changed after it was written.").must_say("In person, hosted by Casey Moreno");
        let found = w.app.db.read(&w.riverbend.scope, move |c| requests::newest(c, &id)).await;
        let found = found.expect("no fault").expect("a request");
        assert_eq!(found.request.state.word(), "completed");
        let told = evidence(w, "signed").await;
        let host = w.riverbend.member(Role::Clinician);
        assert_eq!(told["step_up"]["method"], "in_person");
        assert!(told["step_up"]["birth_date_confirmed_at"].is_string(), "{told}");
        assert_eq!(told["in_person"]["host"], json!({ "id": host.staff_id, "name": host.name }));
        assert_eq!(told["signer"]["name"], "Ana Duarte");
        assert_eq!(told["account"], Value::Null);
        assert_eq!(told["consent"]["access_shown"], "in person, on the practice's device");
        assert!(!told.to_string().contains("1990-04-12"), "the birth date itself: {told}");
        for (word, times) in [
            ("signing.in_person_started", 1),
            ("signing.birth_date_right", 1),
            ("signing.in_person_agreed", 1),
            ("signing.signed_in_person", 1),
            ("signing.signed", 0),
            ("signing.in_person_ended", 1),
            ("staff.unlocked", 1),
        ] {
            assert_eq!(events(w, word).await, times, "{word}");
        }
        assert_eq!((endings(w).await, locked(w).await), (vec![Some("signed".to_owned())], 0));
        // What the locked session opened, this one does not open.
        for path in [DEVICE, "/staff/unlock"] {
            assert_eq!(casey.get(path).await.location(), Some("/staff"), "{path}");
        }
    }

    async fn what_a_client_read_on_the_practices_device_counts_as_opened_by_them(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&staff_page(&ana, &id)).await.must_say("Not opened yet");
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        casey.submit(&page, "/in-person/sign", &MARK).await.must_be(303);
        unlock(&mut casey, PASSWORD).await.must_be(303);
        casey.get(&staff_page(&ana, &id)).await.must_say("Version 1 opened on").must_not_say("Not opened yet");
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal").await.must_not_say("Lantern agreement");
        phone.get("/portal/documents").await.must_say("Lantern agreement").must_say("Signed");
        // Nobody opened it with a session of their own.
        assert_eq!((events(w, "document.opened").await, events(w, "signing.in_person_agreed").await), (0, 1));
    }

    async fn what_was_not_shown_on_the_practices_device_stays_unread(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = casey.get(DEVICE).await;
        casey.submit_and_follow(&page, "/birth-date", &BORN).await.must_say("You can have this on paper instead");
        unlock(&mut casey, PASSWORD).await.must_be(303);
        casey.get(&staff_page(&ana, &id)).await.must_say("Not opened yet");
        sign_in(w, &who.name).await.get("/portal").await.must_say("Lantern agreement");
    }

    async fn a_locked_session_reaches_nothing_else_in_any_tab_or_process(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut tab = w.staff(Role::Clinician).await;
        // They look at the client's pages as well.
        let form = tab.get(&format!("/staff/charts/{}/grants/{}", ana.chart_id, who.access)).await;
        tab.submit_and_follow(&form, "/preview", &[("on", "")]).await.must_be(200);
        tab.get("/portal/documents").await.must_be(200).must_say("Lantern agreement");
        let live = format!("/staff/charts/{}/communications/live", ana.chart_id);
        let cookies: Vec<String> = tab.cookies().iter().map(|(key, value)| format!("{key}={value}")).collect();
        let head = format!(
            "GET {live} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nConnection: close\r\nCookie: {}\r\n\r\n",
            cookies.join("; ")
        );
        let mut stream = tokio::net::TcpStream::connect(w.address).await.expect("connected");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let answer = crate::support::http::read_answer(&mut stream, false).await.expect("a head");
        assert_eq!(answer.status, 200);
        let page = tab.get(&staff_page(&ana, &id)).await;
        let mut casey = tab.clone();
        assert_eq!(casey.submit(&page, "/sign-here", &[]).await.location(), Some(DEVICE));
        // A second click on the button hands over nothing twice.
        tab.submit(&page, "/sign-here", &[]).await.must_be(409);
        assert_eq!(w.look(|c| in_person::table.count().get_result::<i64>(c)).await, 1);
        let mut rest = Vec::new();
        let end = tokio::time::timeout(std::time::Duration::from_secs(4), stream.read_to_end(&mut rest));
        end.await.expect("the stream ends").expect("read");
        let chart = format!("/staff/charts/{}", ana.chart_id);
        let pages = [
            "/staff".to_owned(),
            "/staff/charts".to_owned(),
            "/staff/charts?q=Duarte".to_owned(),
            chart.clone(),
            "/staff/worklist".to_owned(),
            "/staff/calendar".to_owned(),
            "/staff/me".to_owned(),
            "/staff/session".to_owned(),
            "/staff/no/such-page".to_owned(),
            staff_page(&ana, &id),
            format!("{}/file", staff_page(&ana, &id)),
            format!("{chart}/communications/box"),
            live.clone(),
        ];
        let csrf = casey.get(DEVICE).await.form("/give-back").fields;
        let neighbour = w.neighbour().await;
        for to in [w.address, neighbour.address] {
            for browser in [&mut casey, &mut tab] {
                browser.to = to;
                for path in &pages {
                    let page = browser.get(path).await;
                    assert_eq!((page.status(), page.location()), (303, Some(DEVICE)), "{path}");
                }
                for path in ["/staff/me/password".to_owned(), format!("{}/remind-signers", staff_page(&ana, &id))] {
                    browser.post_fields(&path, &csrf).await.must_be(409).must_say("This device is locked");
                }
                browser.get(DEVICE).await.must_be(200).must_not_say("/staff/charts\"").must_not_say("Lantern");
            }
        }
        for path in ["/portal", "/portal/documents"] {
            let page = casey.get(path).await;
            assert!(page.status() != 200 && !page.says("Lantern"), "{path}: {}", page.words());
        }
        assert_eq!(events(w, "signing.reminded").await, 0);
        // Signing out is always possible, and ends it.
        let page = casey.get("/staff/unlock").await;
        casey.submit(&page, "/staff/sign-out", &[]).await.must_be(303);
        tab.get(DEVICE).await.must_be(303);
        assert!(tab.get("/staff/charts").await.location().is_some_and(|to| to.contains("sign-in")));
    }

    async fn wrong_birth_dates_are_counted_and_end_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = casey.get(DEVICE).await;
        // What is no day costs no try.
        casey.submit(&page, "/birth-date", &[("month", "2"), ("day", "30"), ("year", "1990")]).await.must_be(422);
        for _ in 0..4 {
            let wrong = casey.submit(&page, "/birth-date", &OTHER_DAY).await;
            wrong.must_be(422).must_say("This is not the birth date that we have on file.").must_not_say("Lantern");
        }
        casey.submit_and_follow(&page, "/birth-date", &OTHER_DAY).await.must_say("wrong too often");
        casey.submit_and_follow(&page, "/birth-date", &BORN).await.must_say("wrong too often").must_not_say("Lantern");
        assert_eq!((events(w, "signing.birth_date_wrong").await, endings(w).await), (5, vec![Some("wrong_birth_dates".into())]));
        unlock(&mut casey, PASSWORD).await.must_be(303);
        // Not again today.
        let page = casey.get(&staff_page(&ana, &id)).await;
        let told = casey.submit_and_follow(&page, "/sign-here", &[]).await;
        told.must_say("too many birth dates were wrong today");
        assert!(told.html().contains("class=\"toast is-note\""), "no check mark on what was not done");
        assert_eq!(locked(w).await, 0);
        w.clock.advance_seconds(86_400);
        let mut casey = handed_over(w, &ana, &id).await;
        to_the_document(&mut casey).await.must_say("We agree on lanterns.");
    }

    async fn only_the_password_of_that_staff_member_unlocks_the_session(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        unlock(&mut casey, "").await.must_be(422);
        unlock(&mut casey, "wrong password").await.must_be(422).must_say("This password is not right.");
        assert_eq!((locked(w).await, events(w, "staff.unlock_failed").await), (1, 1));
        casey.get(DEVICE).await.must_be(200);
        // In the middle, without giving the device back: then it is over, too.
        unlock(&mut casey, PASSWORD).await.must_be(303);
        casey.get("/staff/charts").await.must_be(200);
        assert_eq!(casey.get(DEVICE).await.location(), Some("/staff"));
        let mut casey = handed_over(w, &ana, &id).await;
        casey.get(DEVICE).await.must_say("Signing on this device");
        // The same limit as at the sign-in: after ten wrong ones none is looked at.
        for _ in 0..10 {
            unlock(&mut casey, "wrong password").await.must_be(422);
        }
        unlock(&mut casey, PASSWORD).await.must_be(422);
        assert_eq!(locked(w).await, 1);
    }

    async fn it_is_over_when_it_is_given_back_refused_or_its_time_is_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = casey.get(DEVICE).await;
        casey.submit_and_follow(&page, "/give-back", &[]).await.must_say("Nothing was signed.");
        casey.submit_and_follow(&page, "/birth-date", &BORN).await.must_say("Nothing was signed.").must_not_say("Lantern");
        unlock(&mut casey, PASSWORD).await.must_be(303);
        // Thirty minutes from the handing over, however busy the signer is.
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        for _ in 0..2 {
            w.clock.advance_seconds(14 * 60);
            casey.get(DEVICE).await.must_say("We agree on lanterns.");
        }
        w.clock.advance_seconds(2 * 60 - 1);
        casey.get(DEVICE).await.must_say("We agree on lanterns.");
        w.clock.advance_seconds(1);
        let late = casey.submit_and_follow(&page, "/in-person/sign", &MARK).await;
        late.must_say("The time to sign on this device is over.").must_not_say("lanterns");
        assert_eq!((signed(w).await, locked(w).await), (0, 1));
        assert_eq!(casey.get("/staff/charts").await.location(), Some(DEVICE), "still locked");
        unlock(&mut casey, PASSWORD).await.must_be(303);
        // Who refuses has confirmed who they are.
        let mut casey = handed_over(w, &ana, &id).await;
        assert_eq!(casey.get("/staff/in-person/refuse").await.location(), Some(DEVICE));
        to_the_document(&mut casey).await;
        let form = casey.get("/staff/in-person/refuse").await;
        let page = casey.submit_and_follow(&form, "/in-person/refuse", &[("reason", "Too dark.")]).await;
        page.must_say("you declined to sign");
        let told = evidence(w, "refused").await;
        assert_eq!(told["in_person"]["host"]["name"], "Casey Moreno");
        assert_eq!((events(w, "signing.refused_in_person").await, events(w, "signing.refused").await), (1, 0));
        let wanted = ["given_back", "refused"].map(|word| Some(word.to_owned()));
        assert_eq!(endings(w).await, [wanted[0].clone(), None, wanted[1].clone()]);
    }

    async fn whoever_signed_meanwhile_in_the_portal_signs_nothing_twice(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        sign(w, &who, &id).await.1.must_be(303);
        let answer = casey.submit_and_follow(&page, "/in-person/sign", &MARK).await;
        answer.must_be(200).must_say("You signed on").must_say("Give the device back");
        assert_eq!((signed(w).await, events(w, "signing.signed_in_person").await), (1, 0));
        let hosted: Vec<Option<String>> = w.look(|c| signer::table.select(signer::hosted_by_name).load(c)).await;
        assert_eq!(hosted, [None]);
        // In two tabs of the device, too, one signature counts.
        let other = draft(w, &ana.chart_id, "Lantern rules", "We agree on lanterns.").await;
        ask(w, &other, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        let mut casey = handed_over(w, &ana, &other).await;
        let page = to_the_signature(&mut casey).await;
        let (mut one, mut two) = (casey.clone(), casey.clone());
        let (first, second) =
            tokio::join!(one.submit(&page, "/in-person/sign", &MARK), two.submit(&page, "/in-person/sign", &MARK));
        assert_eq!((first.location(), second.location()), (Some(DEVICE), Some(DEVICE)));
        assert_eq!((signed(w).await, events(w, "signing.signed_in_person").await), (2, 1));
        casey.get(DEVICE).await.must_say("Thank you. Your signature is saved.");
    }

    async fn a_withdrawn_document_and_a_disabled_host_end_what_can_be_done(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        withdraw(w, &id).await;
        let answer = casey.submit_and_follow(&page, "/in-person/sign", &MARK).await;
        answer.must_be(200).must_say("cannot be signed here any more").must_not_say("We agree on lanterns");
        assert_eq!(signed(w).await, 0);
        unlock(&mut casey, PASSWORD).await.must_be(303);
        let id = to_sign(w, &ana).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_signature(&mut casey).await;
        let host = w.riverbend.member(Role::Clinician).staff_id;
        let disable = move |c: &mut anteroom::platform::db::Scoped<'_>| {
            members::set_state(c, &host, StaffState::Disabled)
        };
        w.app.db.write(&w.riverbend.scope, disable).await.expect("no fault");
        let answer = casey.submit(&page, "/in-person/sign", &MARK).await;
        assert!(answer.location().is_some_and(|to| to.contains("sign-in")), "{}", answer.words());
        assert_eq!(signed(w).await, 0);
    }

    async fn the_birth_date_is_that_of_whoever_signs_and_must_be_on_file(w: &mut World) {
        let lee = w.chart_with("Lee", "Duarte", "2015-06-01", "lee@example.com").await;
        let mother = w.chart("Ana", "Duarte").await;
        let uncle = w.chart_with("Bob", "Reyes", "", "bob@example.com").await;
        let scope = w.riverbend.scope.clone();
        let mut signers = Vec::new();
        for person in [&mother, &uncle] {
            let holder = account(w, &person.email).await;
            let rights = Some([Right::Documents].as_slice());
            let access = grant(w, &scope, &holder, &person.person_id, &lee.chart_id, rights).await;
            signers.push(NewSigner { who: Candidate::Grant(Recipient::Grant(access)), position: 1 });
        }
        let id = draft(w, &lee.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        ask(w, &id, signers).await;
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&staff_page(&lee, &id)).await;
        page.must_say("To sign on this device, their birth date must be on file.");
        let buttons = page.forms().into_iter().filter(|form| form.action.ends_with("/sign-here")).count();
        assert_eq!(buttons, 1, "for the mother alone");
        casey.submit(&page, "/sign-here", &[]).await.must_be(303);
        let page = casey.get(DEVICE).await;
        page.must_say("This device is handed to Ana Duarte.");
        let childs = [("month", "6"), ("day", "1"), ("year", "2015")];
        casey.submit(&page, "/birth-date", &childs).await.must_be(422);
        casey.submit_and_follow(&page, "/birth-date", &BORN).await.must_say("You can have this on paper instead");
        // Front desk asks nobody to sign, and hands no device over.
        let mut desk = w.staff(Role::FrontDesk).await;
        assert!(!desk.get(&staff_page(&lee, &id)).await.has_form("/sign-here"));
    }

    async fn a_file_is_shown_page_by_page_and_signed_after_its_last_page(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let upload = format!("/staff/charts/{}/documents/upload", ana.chart_id);
        let page = casey.get(&upload).await;
        let typed = [("title", "House rules"), ("kind", "agreement")];
        let file = pdf_with_pages(&["Be kind", "Call us"]);
        let answer = casey.upload_with(&page, &upload, &typed, "rules.pdf", &file).await;
        let to = answer.location().unwrap_or_else(|| panic!("refused: {}", answer.words()));
        let id: DocumentId = to.split(['/', '?']).rev().nth(2).expect("an id").parse().expect("an id");
        ask(w, &id, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        let mut casey = handed_over(w, &ana, &id).await;
        let page = to_the_document(&mut casey).await;
        page.must_say("House rules").must_say("Page 2 of 2").must_not_say("Download");
        casey.submit(&page, "/in-person/read", &[]).await.must_be(422).must_say("to its last page first");
        let html = page.html().replace("&#38;", "&").replace("&amp;", "&");
        let pictures: Vec<String> =
            html.split('"').filter(|part| part.contains("/picture?")).map(str::to_owned).collect();
        assert_eq!(pictures.len(), 2);
        for picture in &pictures {
            assert_eq!(casey.get(picture).await.must_be(200).answer.header("content-type"), Some("image/png"));
        }
        let text = pictures[0].replace("/picture?", "?");
        casey.get(&text).await.must_say("Be kind");
        let page = casey.submit_and_follow(&page, "/in-person/read", &[]).await;
        casey.submit_and_follow(&page, "/in-person/sign", &MARK).await.must_say("Your signature is saved.");
        // Once it is over, nothing of it is shown any more.
        casey.get(&pictures[0]).await.must_be(404);
        casey.get(&text).await.must_be(404);
    }
}
