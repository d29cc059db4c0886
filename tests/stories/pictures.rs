//! A picture is sent in place of a PDF: it is kept as a PDF of one page. The numbers are those of the acceptance cases of
//! documents.

use anteroom::kernel::ids::{DocumentId, DocumentRequestId};
use anteroom::kernel::secrets::sha256_hex;
use anteroom::platform::db::schema::{blob, document, document_request, upload};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::page_pictures::addresses;
use crate::portal_people::{enrolled, sign_in};
use crate::stories;
use crate::support::parts::{Sending, send_named, staff_form};
use crate::support::pictures::{png_bomb, turned_jpeg};
use crate::support::stored;

const ASKED: &str = "/portal/documents/asked";
const SEND: &str = "/portal/documents/send";

fn must_be_upright_without_its_place(file: &[u8], shown: &[u8]) {
    assert!(file.starts_with(b"%PDF-"), "it is a PDF");
    assert!(!file.windows(3).any(|part| part == b"GPS"), "where it was taken is not kept");
    assert!(!file.windows(4).any(|part| part == b"Exif"), "nor anything else of the phone");
    let shown = image::load_from_memory(shown).expect("a picture").into_rgb8();
    let (width, height) = shown.dimensions();
    assert_eq!((width, height), (1_240, 2_480));
    let (above, below) = (shown.get_pixel(600, 400).0, shown.get_pixel(600, 2_000).0);
    assert!(above[0] > 150 && above[2] < 100 && below[2] > 150 && below[0] < 100, "{above:?} over {below:?}");
}

stories! {
    async fn case_7_a_clients_photo_arrives_upright_as_a_pdf_and_does_not_say_where_it_was_taken(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(SEND).await;
        page.must_say("PDF or picture");
        let about = [("about", "My insurance card")];
        for (name, file, said) in [
            ("card.pdf", turned_jpeg(), "This is a picture, but its name does not end with .jpg"),
            ("card.heic", b"\0\0\0\x18ftypheic\0\0".to_vec(), "Take a screenshot of it"),
            ("card.webp", b"RIFF\x01\x02\x03\x04WEBPVP8".to_vec(), "Save it as a JPEG or a PNG"),
            ("card.jpg", turned_jpeg()[..900].to_vec(), "We could not read this picture"),
        ] {
            phone.upload_with(&page, SEND, &about, name, &file).await.must_be(422).must_say(said);
        }
        assert_eq!(stored::names(&w.objects).len(), 0, "nothing of it stays");
        phone.upload_with(&page, SEND, &about, "card.jpg", &turned_jpeg()).await.must_be(303);
        let id: DocumentRequestId =
            w.look(|c| document_request::table.select(document_request::request_id).first(c)).await;
        let own = phone.get(&format!("{ASKED}/{id}/file")).await;
        let said = own.must_be(200).answer.header("content-disposition").unwrap_or_default().to_owned();
        assert!(said.contains("card.pdf"), "{said}");
        // The picture itself is not kept.
        assert_eq!(stored::names(&w.objects).len(), 1);
        // Staff take it, and read it in the portal.
        let mut casey = w.staff(Role::Clinician).await;
        let here = casey.get("/staff/worklist").await.link("/documents/asked/");
        let waits = casey.get(&here).await;
        let typed = [("title", "Insurance card"), ("kind", "card")];
        casey.submit(&waits, &format!("{here}/accept"), &typed).await.must_be(303);
        let id: DocumentId = w.look(|c| document::table.select(document::document_id).first(c)).await;
        let made = casey.get(&format!("/staff/charts/{}/documents/{id}", ana.chart_id)).await;
        let shown = casey.get(&addresses(&made, "/picture?")[0]).await;
        must_be_upright_without_its_place(&own.answer.body, &shown.must_be(200).answer.body);
    }

    async fn case_6_a_picture_that_unfolds_into_a_huge_one_is_refused_and_nothing_is_stored(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let action = format!("/staff/charts/{}/documents/upload", ana.chart_id);
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&action).await;
        let typed = [("title", "Scan"), ("kind", "other")];
        let refused = casey.upload_with(&page, &action, &typed, "scan.png", &png_bomb()).await;
        refused.must_be(422).must_say("This picture has more points than we can take");
        assert_eq!(stored::names(&w.objects).len(), 0);
    }

    async fn a_picture_in_parts_is_kept_once_however_many_ends_it_has(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (form, to) = staff_form(&ana);
        let file = turned_jpeg();
        let mut desk = w.staff(Role::Clinician).await;
        for round in 0..5 {
            let mark = format!("{round:032x}");
            let sending = Sending::begin(&mut desk, (&form, &to), &mark, ("scan.jpeg", file.len())).await.expect("it begins");
            sending.put(&desk, 0, &file).await.must_be(204);
            let (mut one, mut two) = (desk.clone(), desk.clone());
            let ends = tokio::join!(sending.end(&mut one), sending.end(&mut two));
            assert_eq!((ends.0.status(), ends.1.status()), (204, 204));
            send_named(&mut desk, &form, &sending.upload, &format!("Scan {round}")).await.must_be(303);
        }
        let names: Vec<String> = w.look(|c| upload::table.select(upload::file_name).load(c)).await;
        assert_eq!(names, ["scan.pdf"; 5]);
        assert_eq!((w.look(|c| blob::table.count().get_result::<i64>(c)).await, stored::names(&w.objects).len()), (5, 5));
    }

    async fn a_program_sends_a_picture_and_gets_the_hash_of_the_pdf(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let caller = key(w, &w.riverbend.clone(), Scope::ALL).await;
        let mut caller = w.browser().with("authorization", &format!("Bearer {caller}"));
        let uploads = format!("/api/v1/charts/{}/uploads", ana.chart_id);
        let file = turned_jpeg();
        let nameless = caller.send("POST", &uploads, Some(("image/jpeg", &file))).await;
        nameless.must_be(422);
        assert_eq!(nameless.answer.json()["why"], "picture-name");
        let sent = caller.send("POST", &format!("{uploads}?name=scan.jpg"), Some(("image/jpeg", &file))).await;
        let answer = sent.must_be(201).answer.json();
        let new = json!({ "title": "Scan", "kind": "other", "upload": answer["id"] });
        let documents = format!("/api/v1/charts/{}/documents", ana.chart_id);
        let made = caller.send("POST", &documents, Some(("application/json", new.to_string().as_bytes()))).await;
        let id = made.must_be(201).answer.json()["id"].as_str().expect("an id").to_owned();
        let got = caller.get(&format!("/api/v1/documents/{id}/content")).await;
        got.must_be(200);
        assert_eq!(got.answer.header("content-type"), Some("application/pdf"));
        assert_eq!(answer["sha256"], sha256_hex(&got.answer.body));
    }
}
