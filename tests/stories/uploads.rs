//! A file that comes in numbered parts, and a form that keeps the file it was refused with. The numbers are those of the
//! acceptance cases of documents.

use anteroom::kernel::secrets::sha256_hex;
use anteroom::platform::db::schema::{document, upload, upload_part};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::api::key;
use crate::portal_people::{enrolled, sign_in};
use crate::stories;
use crate::support::papers::{pdf, pdf_of};
use crate::support::parts::{MARK, PART, Sending, csrf_of, part, send_named, staff_form};
use crate::support::{World, stored};

/// One byte more than is taken.
const TOO_LARGE: usize = 50 * 1024 * 1024 + 1;

/// Parts of files in the store.
fn parts_stored(w: &World) -> usize {
    stored::names(&w.objects).len()
}

async fn uploads(w: &World) -> Vec<String> {
    w.look(|c| upload::table.order(upload::created_at).select(upload::state).load(c)).await
}

async fn documents(w: &World) -> i64 {
    w.look(|c| document::table.count().get_result(c)).await
}

stories! {
    async fn case_3_a_line_that_is_cut_after_part_5_of_12_goes_on_with_part_6(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = pdf_of("Lanterns", 46 * 1024 * 1024);
        let of = ("plan.pdf", file.len());
        let mut desk = w.staff(Role::Clinician).await;
        let sending = Sending::begin(&mut desk, (&form, &to), MARK, of).await.expect("it begins");
        assert_eq!(file.len().div_ceil(PART), 12);
        for number in 0..5 {
            sending.put(&desk, number, part(&file, number)).await.must_be(204);
        }
        // The browser is opened again, a day later nearly, with a session of its own.
        w.clock.advance_seconds(23 * 3_600);
        let mut desk = w.staff(Role::Clinician).await;
        let sending = Sending::begin(&mut desk, (&form, &to), MARK, of).await.expect("it goes on");
        assert_eq!(sending.there, [0, 1, 2, 3, 4]);
        for number in 5..12 {
            sending.put(&desk, number, part(&file, number)).await.must_be(204);
        }
        sending.end(&mut desk).await.must_be(204);
        let made = send_named(&mut desk, &form, &sending.upload, "Lantern plan").await;
        let at = made.location().expect("a document").split("/share").next().expect("its address").to_owned();
        let got = desk.get(&format!("{at}/file")).await;
        assert_eq!(sha256_hex(&got.must_be(200).answer.body), sha256_hex(&file));
        assert_eq!(w.look(|c| upload_part::table.count().get_result::<i64>(c)).await, 0);
    }

    async fn case_4_an_end_with_a_part_missing_names_it_and_works_once_it_came(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = pdf_of("Lanterns", 2 * PART);
        let mut desk = w.staff(Role::Clinician).await;
        let sending = Sending::begin(&mut desk, (&form, &to), MARK, ("plan.pdf", file.len())).await.expect("it begins");
        // In any order.
        sending.put(&desk, 2, part(&file, 2)).await.must_be(204);
        sending.put(&desk, 0, part(&file, 0)).await.must_be(204);
        assert_eq!(sending.end(&mut desk).await.must_be(422).answer.json(), json!({ "missing": [1] }));
        // What is no part of it, and a part of another length.
        for (number, bytes) in [(3, part(&file, 2)), (1, part(&file, 2))] {
            sending.put(&desk, number, bytes).await.must_be(422);
        }
        // A part whose bytes were changed on the way.
        let mut checking = desk.clone().with("content-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
        sending.put(&checking, 1, part(&file, 1)).await.must_be(400);
        sending.put(&desk, 1, part(&file, 1)).await.must_be(204);
        // The same bytes again, and others under the same number.
        sending.put(&desk, 1, part(&file, 1)).await.must_be(204);
        sending.put(&desk, 1, part(&file, 0)).await.must_be(409);
        sending.end(&mut checking).await.must_be(204);
        // Its answer was lost.
        sending.end(&mut desk).await.must_be(204);
        send_named(&mut desk, &form, &sending.upload, "Lantern plan").await.must_be(303);
        assert_eq!((uploads(w).await, documents(w).await), (vec!["published".to_owned()], 1));
        // Under the same mark nothing goes on any more: the page takes another one.
        let over = Sending::begin(&mut desk, (&form, &to), MARK, ("plan.pdf", file.len())).await;
        over.expect_err("it is over").must_be(410);
    }

    async fn of_two_who_send_one_part_or_end_one_upload_at_once_nothing_is_lost(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = pdf("Lanterns");
        let mut desk = w.staff(Role::Clinician).await;
        for round in 0..5 {
            let mark = format!("{round:032x}");
            let sending = Sending::begin(&mut desk, (&form, &to), &mark, ("plan.pdf", file.len())).await.expect("it begins");
            let mut other = file.clone();
            *other.last_mut().expect("a byte") = b' ';
            let (one, two, three) = tokio::join!(
                sending.put(&desk, 0, &file),
                sending.put(&desk, 0, &file),
                sending.put(&desk, 0, &other),
            );
            let mut came = [one.status(), two.status(), three.status()];
            // Whichever bytes came first stay.
            assert!(matches!(came, [204, 204, 409] | [409, 409, 204]), "{came:?}");
            came.sort_unstable();
            let (mut one, mut two) = (desk.clone(), desk.clone());
            let ends = tokio::join!(sending.end(&mut one), sending.end(&mut two));
            assert_eq!((ends.0.status(), ends.1.status()), (204, 204));
            send_named(&mut desk, &form, &sending.upload, &format!("Plan {round}")).await.must_be(303);
        }
        assert_eq!((uploads(w).await, documents(w).await), (vec!["published".to_owned(); 5], 5));
    }

    async fn a_wrong_first_part_beside_the_end_deletes_the_file_or_comes_too_late(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = pdf("Lanterns");
        let text = b"Plain words. ".iter().cycle().take(file.len()).copied().collect::<Vec<u8>>();
        let mut desk = w.staff(Role::Clinician).await;
        let rounds = 20;
        for round in 0..rounds {
            let mark = format!("{round:032x}");
            let sending = Sending::begin(&mut desk, (&form, &to), &mark, ("plan.pdf", file.len())).await.expect("it begins");
            sending.put(&desk, 0, &file).await.must_be(204);
            let mut ending = desk.clone();
            let late = std::time::Duration::from_millis(round * 2);
            let (ended, _) = tokio::join!(sending.end(&mut ending), async {
                tokio::time::sleep(late).await;
                sending.put(&desk, 0, &text).await
            });
            if ended.status() == 204 {
                // Whoever was told that it came has it, every byte.
                let made = send_named(&mut desk, &form, &sending.upload, &format!("Plan {round}")).await;
                let at = made.location().expect("a document").split("/share").next().expect("its address").to_owned();
                let got = desk.get(&format!("{at}/file")).await;
                assert_eq!(sha256_hex(&got.must_be(200).answer.body), sha256_hex(&file), "round {round}");
            }
        }
        let published = uploads(w).await.iter().filter(|state| *state == "published").count();
        assert_eq!(parts_stored(w), published, "and of those that were refused nothing is kept");
        assert!(published > 0, "in some rounds the end is first");
    }

    async fn what_is_no_pdf_is_refused_at_its_first_part_and_nothing_of_it_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let mut desk = w.staff(Role::Clinician).await;
        let text = b"Plain words, nothing else.".repeat(100);
        let sending = Sending::begin(&mut desk, (&form, &to), MARK, ("plan.pdf", text.len())).await.expect("it begins");
        let refused = sending.put(&desk, 0, &text).await;
        assert!(refused.must_be(422).answer.json()["why"].as_str().is_some_and(|why| why.contains("plain text")));
        sending.end(&mut desk).await.must_be(404);
        assert_eq!((uploads(w).await, parts_stored(w)), (vec!["rejected".to_owned()], 0));
        // Too large, and empty: told before a byte is sent.
        for (mark, size, status, said) in [
            ("1", TOO_LARGE, 413, "larger than 50 MB"),
            ("2", 0, 422, "nothing in this file"),
        ] {
            let mark = mark.repeat(32);
            let refused = Sending::begin(&mut desk, (&form, &to), &mark, ("plan.pdf", size)).await;
            let refused = refused.expect_err("it is refused");
            let why = refused.must_be(status).answer.json()["why"].clone();
            assert!(why.as_str().is_some_and(|why| why.contains(said)), "{why}");
        }
        // A PDF with a script in it, at its end.
        let bad = String::from_utf8(pdf("Lanterns")).expect("ASCII").replace("/Type /Catalog", "/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>");
        let sending = Sending::begin(&mut desk, (&form, &to), &"3".repeat(32), ("plan.pdf", bad.len())).await.expect("it begins");
        sending.put(&desk, 0, bad.as_bytes()).await.must_be(204);
        assert!(sending.end(&mut desk).await.must_be(422).answer.json()["why"].as_str().is_some_and(|why| why.contains("script")));
        assert_eq!((documents(w).await, parts_stored(w)), (0, 0));
    }

    async fn an_upload_is_its_senders_and_of_its_chart_alone(w: &mut World) {
        let (ana, ben) = (w.chart("Ana", "Duarte").await, w.chart("Ben", "Okafor").await);
        let ((form, to), (bens_form, bens)) = (staff_form(&ana), staff_form(&ben));
        let file = pdf("Lanterns");
        let mut desk = w.staff(Role::Clinician).await;
        let mut sending = Sending::begin(&mut desk, (&form, &to), MARK, ("plan.pdf", file.len())).await.expect("it begins");
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let mut admin = w.staff(Role::Administrator).await;
        let own = sending.csrf.clone();
        for (browser, form, to) in [
            (&mut admin, form.as_str(), to.as_str()),
            (&mut desk, &bens_form, &bens),
            (&mut phone, "/portal/documents/send", "/portal/uploads"),
        ] {
            sending.csrf = csrf_of(browser, form).await;
            to.clone_into(&mut sending.to);
            sending.put(browser, 0, &file).await.must_be(404);
            sending.end(browser).await.must_be(404);
        }
        (sending.to, sending.csrf) = (to, own);
        // Without the page's token.
        let right = std::mem::replace(&mut sending.csrf, "guess".into());
        sending.put(&desk, 0, &file).await.must_be(400);
        sending.csrf = right;
        sending.put(&desk, 0, &file).await.must_be(204);
        sending.end(&mut desk).await.must_be(204);
        send_named(&mut admin, &form, &sending.upload, "Lantern plan").await.must_be(422).must_say("The file did not arrive whole.");
        send_named(&mut desk, &bens_form, &sending.upload, "Lantern plan").await.must_be(422);
        assert_eq!(documents(w).await, 0);
        send_named(&mut desk, &form, &sending.upload, "Lantern plan").await.must_be(303);
    }

    async fn a_form_that_is_refused_keeps_its_file(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, _) = staff_form(&ana);
        let mut desk = w.staff(Role::Clinician).await;
        let page = desk.get(&form).await;
        let refused = desk.upload_with(&page, &form, &[("kind", "plan")], "plan.pdf", &pdf("Lanterns")).await;
        refused.must_be(422).must_say("plan.pdf is here already.").must_not_say("Choose the file once more");
        let mut fields = refused.form(&form).fields;
        fields.retain(|(name, _)| name != "title");
        fields.push(("title".into(), "Lantern plan".into()));
        desk.upload_fields(&form, &fields, "", b"").await.must_be(303);
        // Sent twice, it makes one document.
        desk.upload_fields(&form, &fields, "", b"").await.must_be(303);
        assert_eq!((uploads(w).await, documents(w).await), (vec!["published".to_owned()], 1));
        // Another file in place of the one that is there.
        let page = desk.get(&form).await;
        let refused = desk.upload_with(&page, &form, &[("kind", "plan")], "plan.pdf", &pdf("Lanterns")).await;
        let mut fields = refused.form(&form).fields;
        fields.retain(|(name, _)| name != "title");
        fields.push(("title".into(), "Other plan".into()));
        desk.upload_fields(&form, &fields, "other.pdf", &pdf("Other lanterns")).await.must_be(303);
        let mut states = uploads(w).await;
        states.sort();
        assert_eq!(states, ["expired", "published", "published"]);
        // The client's form does the same.
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let form = "/portal/documents/send";
        let page = phone.get(form).await;
        let refused = phone.upload_with(&page, form, &[], "letter.pdf", &pdf("Lanterns")).await;
        refused.must_be(422).must_say("letter.pdf is here already.");
        let mut fields = refused.form(form).fields;
        fields.retain(|(name, _)| name != "about");
        fields.push(("about".into(), "A letter".into()));
        phone.upload_fields(form, &fields, "", b"").await.must_be(303);
    }

    async fn a_file_that_is_too_large_is_told_beside_its_field_and_the_form_stays(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let file = pdf_of("Lanterns", TOO_LARGE);
        let (form, _) = staff_form(&ana);
        let mut desk = w.staff(Role::Clinician).await;
        let page = desk.get(&form).await;
        let typed = [("title", "Lantern plan"), ("kind", "plan")];
        let refused = desk.upload_with(&page, &form, &typed, "plan.pdf", &file).await;
        refused.must_be(413).must_say("This file is larger than 50 MB.").must_say("Choose the file once more.");
        assert!(refused.form(&form).fields.contains(&("title".to_owned(), "Lantern plan".to_owned())));
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let form = "/portal/documents/send";
        let page = phone.get(form).await;
        let refused = phone.upload_with(&page, form, &[("about", "A letter")], "letter.pdf", &file).await;
        refused.must_be(413).must_say("This file is larger than 50 MB.");
        assert!(refused.html().contains("id=\"e-file\""), "beside the field");
        assert!(refused.form(form).fields.contains(&("about".to_owned(), "A letter".to_owned())));
        let begun = Sending::begin(&mut phone, (form, "/portal/uploads"), MARK, ("letter.pdf", file.len())).await;
        let refused = begun.expect_err("it is refused");
        let why = refused.must_be(413).answer.json()["why"].clone();
        assert!(why.as_str().is_some_and(|why| why.contains("larger than 50 MB")), "{why}");
        // Whoever chose none is not asked to choose it once more.
        let page = phone.get(form).await;
        let none = phone.upload_with(&page, form, &[("about", "A letter")], "", b"").await;
        none.must_be(422).must_say("Choose a file.").must_not_say("Choose the file once more.");
        assert_eq!(documents(w).await, 0);
    }

    async fn a_file_that_went_along_already_is_asked_for_again_and_the_words_stay(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let (staff, _) = staff_form(&ana);
        let desk = w.staff(Role::Clinician).await;
        let portal = "/portal/documents/send".to_owned();
        let kind = [("kind", "plan")];
        for (mut browser, form, typed, field) in
            [(phone.clone(), portal, [].as_slice(), "about"), (desk, staff, kind.as_slice(), "title")]
        {
            let page = browser.get(&form).await;
            let kept = browser.upload_with(&page, &form, typed, "letter.pdf", &pdf("Lanterns")).await;
            let mut fields = kept.must_be(422).form(&form).fields;
            let mut named = |words: &str| {
                fields.retain(|(name, _)| name != field);
                fields.push((field.to_owned(), words.to_owned()));
                fields.clone()
            };
            browser.upload_fields(&form, &named("A letter"), "", b"").await.must_be(303);
            // Back, and other words.
            let again = browser.upload_fields(&form, &named("Another letter"), "", b"").await;
            again.must_be(422).must_say("This file was sent already.").must_not_say("is here already");
            let fields = again.form(&form).fields;
            assert!(fields.contains(&(field.to_owned(), "Another letter".to_owned())), "{fields:?}");
            browser.upload_fields(&form, &fields, "other.pdf", &pdf("Other lanterns")).await.must_be(303);
        }
        phone.get("/portal/documents/asked").await.must_say("A letter").must_say("Another letter");
        assert_eq!(documents(w).await, 2);
    }

    async fn a_client_sends_a_file_in_parts(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let form = "/portal/documents/send";
        let file = pdf_of("Lanterns", PART);
        let sending = Sending::begin(&mut phone, (form, "/portal/uploads"), MARK, ("letter.pdf", file.len())).await.expect("it begins");
        for number in 0..2 {
            sending.put(&phone, number, part(&file, number)).await.must_be(204);
        }
        sending.end(&mut phone).await.must_be(204);
        let page = phone.get(form).await;
        let mut fields = page.form(form).fields;
        fields.retain(|(name, _)| name != "about");
        fields.extend([("about", "A letter"), ("upload", &sending.upload)].map(|(n, v)| (n.to_owned(), v.to_owned())));
        let sent = phone.upload_fields(form, &fields, "", b"").await;
        phone.follow(&sent).await.must_say("A letter");
        // Sixty an hour, however they come.
        for n in 0..59 {
            let mark = format!("{n:032x}");
            let begun = Sending::begin(&mut phone, (form, "/portal/uploads"), &mark, ("letter.pdf", 100)).await;
            assert!(begun.is_ok(), "file {n}");
        }
        let refused = Sending::begin(&mut phone, (form, "/portal/uploads"), &"f".repeat(32), ("letter.pdf", 100)).await;
        refused.expect_err("it is refused").must_be(429);
    }

    async fn a_program_sends_a_file_in_parts(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let text = key(w, &w.riverbend, &[Scope::DocumentsRead, Scope::DocumentsWrite]).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {text}"));
        let file = pdf_of("Lanterns", PART);
        let json_of = |value: Value| value.to_string();
        let chart = format!("/api/v1/charts/{}", ana.chart_id);
        let large = json_of(json!({ "name": "plan.pdf", "size": TOO_LARGE }));
        let refused = program.send("POST", &format!("{chart}/uploads/in-parts"), Some(("application/json", large.as_bytes()))).await;
        assert_eq!(refused.must_be(413).answer.json()["type"], "urn:anteroom:problem:too-large");
        let new = json_of(json!({ "name": "plan.pdf", "size": file.len() }));
        let begun = program.send("POST", &format!("{chart}/uploads/in-parts"), Some(("application/json", new.as_bytes()))).await;
        let at = begun.must_be(201).location().expect("its address").to_owned();
        let octets = "application/octet-stream";
        program.send("PUT", &format!("{at}/parts/1"), Some((octets, part(&file, 1)))).await.must_be(204);
        assert_eq!(program.get(&at).await.answer.json()["parts"], json!([1]));
        let missing = program.send("POST", &format!("{at}/complete"), Some(("application/json", b"{}"))).await;
        assert_eq!(missing.must_be(422).answer.json()["missing"], json!([0]));
        program.send("PUT", &format!("{at}/parts/0"), Some((octets, part(&file, 0)))).await.must_be(204);
        program.send("PUT", &format!("{at}/parts/0"), Some((octets, part(&file, 0)))).await.must_be(204);
        let whole = program.send("POST", &format!("{at}/complete"), Some(("application/json", b"{}"))).await;
        let whole = whole.must_be(201).answer.json();
        assert_eq!(whole["sha256"], json!(sha256_hex(&file)));
        assert_eq!(program.get(&at).await.answer.json()["complete"], json!(true));
        let new = json_of(json!({ "title": "Lantern plan", "kind": "plan", "upload": whole["id"] }));
        program.send("POST", &format!("{chart}/documents"), Some(("application/json", new.as_bytes()))).await.must_be(201);
        program.get(&at).await.must_be(404);
        // Another key of the same practice does not go on with it.
        let begun = program.send("POST", &format!("{chart}/uploads/in-parts"), Some(("application/json", br#"{"size":100}"#))).await;
        let at = begun.must_be(201).location().expect("its address").to_owned();
        let text = key(w, &w.riverbend, &[Scope::DocumentsWrite]).await;
        let mut other = w.browser().with("authorization", &format!("Bearer {text}"));
        other.get(&at).await.must_be(404);
    }

    async fn what_nobody_goes_on_with_for_a_day_is_deleted(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = pdf_of("Lanterns", PART);
        let mut desk = w.staff(Role::Clinician).await;
        let sending = Sending::begin(&mut desk, (&form, &to), MARK, ("plan.pdf", file.len())).await.expect("it begins");
        sending.put(&desk, 0, part(&file, 0)).await.must_be(204);
        w.clock.advance_seconds(23 * 3_600);
        anteroom::features::documents::remove_leftovers(&w.app).await.expect("no fault");
        assert_eq!(parts_stored(w), 1);
        w.clock.advance_seconds(2 * 3_600);
        anteroom::features::documents::remove_leftovers(&w.app).await.expect("no fault");
        assert_eq!((uploads(w).await, parts_stored(w)), (vec!["expired".to_owned()], 0));
        assert_eq!(w.look(|c| upload_part::table.count().get_result::<i64>(c)).await, 0);
        let mut desk = w.staff(Role::Clinician).await;
        sending.put(&desk, 1, part(&file, 1)).await;
        sending.end(&mut desk).await;
        assert_eq!(parts_stored(w), 0);
    }
}
