//! A PDF is read in the portal: its pages as pictures, and as text.

use anteroom::features::documents::{Recipient, Telling};
use anteroom::kernel::ids::DocumentId;
use anteroom::platform::permissions::Role;

use crate::portal_people::{enrolled, events, sign_in};
use crate::stories;
use crate::support::papers::{pdf, pdf_with_pages, share, withdraw};
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

fn tab(client: &Client) -> String {
    format!("/staff/charts/{}/documents", client.chart_id)
}

/// Staff upload a file as a new document.
async fn uploaded(staff: &mut Browser, client: &Client, file: &[u8]) -> Page {
    let action = format!("{}/upload", tab(client));
    let page = staff.get(&action).await;
    staff
        .upload_with(&page, &action, &[("title", "House rules"), ("kind", "agreement")], "rules.pdf", file)
        .await
}

/// Staff upload a file, and share it with the owner of the chart.
async fn shared(w: &World, staff: &mut Browser, client: &Client, file: &[u8]) -> DocumentId {
    let answer = uploaded(staff, client, file).await;
    let to = answer.location().unwrap_or_else(|| panic!("refused: {}", answer.words()));
    let id = to.split(['/', '?']).rev().nth(2).expect("an id").parse().expect("an id");
    share(w, &id, vec![Recipient::Owner], Telling::Silent).await;
    id
}

/// The addresses that stand in a page with these words in them.
pub fn addresses(page: &Page, with: &str) -> Vec<String> {
    let text = page.html().replace("&#38;", "&").replace("&amp;", "&");
    let parts = text.split('"').filter(|part| part.starts_with('/') && part.contains(with));
    parts.map(str::to_owned).collect()
}

stories! {
    async fn a_pdf_is_read_page_by_page_as_pictures_and_as_text(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = shared(w, &mut casey, &ana, &pdf_with_pages(&["Be kind", "Be on time", "Call us"])).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        page.must_be(200).must_say("rules.pdf").must_say("Page 1 of 3").must_say("Read page 3 as text");
        let pictures = addresses(&page, "/picture");
        assert_eq!(pictures.len(), 3);
        let first = phone.get(&pictures[0]).await;
        first.must_be(200);
        assert_eq!(first.answer.header("content-type"), Some("image/png"));
        assert_eq!(first.answer.header("cache-control"), Some("no-store"));
        assert_eq!(&first.answer.body[16..24], [1_240u32.to_be_bytes(), 1_604u32.to_be_bytes()].concat(), "its size");
        let seen = format!("{}/{id}", tab(&ana));
        casey.get(&seen).await.must_say("Version 1 opened").must_not_say("last page was shown");
        phone.get(&pictures[2]).await.must_be(200);
        phone.get(&pictures[2]).await.must_be(200);
        casey.get(&seen).await.must_say("Version 1: its last page was shown").must_not_say("downloaded");
        assert_eq!(events(w, "document.read_to_end").await, 1, "the first time");
        // As text, with the pages beside it.
        let text = phone.get(&addresses(&page, "/pages/2?")[0]).await;
        text.must_be(200).must_say("House rules").must_say("Page 2 of 3").must_say("Be on time").must_not_say("Be kind");
        assert_eq!(addresses(&text, "/pages/").len(), 2);
        phone.get(&addresses(&text, "/pages/3?")[0]).await.must_say("Call us");
        // Staff see what the client sees.
        let page = casey.get(&seen).await;
        let pictures = addresses(&page, "/picture");
        assert_eq!(pictures.len(), 3);
        casey.get(&pictures[1]).await.must_be(200);
        casey.get(&addresses(&page, "/pages/1?")[0]).await.must_say("Be kind").must_say("Ana Duarte");
    }

    async fn a_page_is_had_by_who_has_opened_the_document_for_as_long_as_they_may(w: &mut World) {
        let (ana, kim) = (w.chart("Ana", "Duarte").await, w.chart("Kim", "Roe").await);
        let (who, other) = (enrolled(w, &ana).await, enrolled(w, &kim).await);
        let mut casey = w.staff(Role::Clinician).await;
        let id = shared(w, &mut casey, &ana, &pdf_with_pages(&["Be kind", "Be on time"])).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        let (picture, text) = (addresses(&page, "/pages/1/picture").remove(0), addresses(&page, "/pages/1?").remove(0));
        phone.get(&picture).await.must_be(200);
        // Not by others, not by staff with the client's seal, not without one.
        let mut stranger = sign_in(w, &other.name).await;
        stranger.get(&picture).await.must_be(404);
        stranger.get(&text).await.must_be(404);
        let of_staff = addresses(&casey.get(&format!("{}/{id}", tab(&ana))).await, "/pages/1/picture").remove(0);
        let (path, _) = of_staff.split_once('?').expect("a seal");
        let (_, seal) = picture.split_once('?').expect("a seal");
        casey.get(&format!("{path}?{seal}")).await.must_be(404);
        let (bare, _) = picture.split_once('?').expect("a seal");
        phone.get(&format!("{bare}?until=9999999999999999&seal=x")).await.must_be(404);
        // There is no page before the first or behind the last.
        for page in ["0", "3", "-1", "x"] {
            phone.get(&picture.replace("/pages/1/", &format!("/pages/{page}/"))).await.must_be(404);
        }
        // Hours later the page is opened anew, which is written down.
        let opened = events(w, "document.opened").await;
        w.clock.advance_seconds(5 * 3_600);
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&picture).await.must_be(404);
        let again = phone.get(&text).await;
        assert_eq!(again.location(), Some(format!("/portal/documents/{id}").as_str()));
        let page = phone.follow(&again).await;
        assert_eq!(events(w, "document.opened").await, opened + 1);
        let picture = addresses(&page, "/pages/1/picture").remove(0);
        phone.get(&picture).await.must_be(200);
        withdraw(w, &id).await;
        phone.get(&picture).await.must_be(404);
    }

    async fn a_new_version_takes_the_pages_of_the_old_one_from_the_client(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = shared(w, &mut casey, &ana, &pdf_with_pages(&["Be kind", "Be on time"])).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        let action = format!("{}/{id}/upload", tab(&ana));
        let form = casey.get(&action).await;
        casey.upload_with(&form, &action, &[], "rules.pdf", &pdf("Be brave")).await;
        phone.get(&addresses(&page, "/pages/2/picture")[0]).await.must_be(404);
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        phone.get(&addresses(&page, "/pages/1?")[0]).await.must_say("Be brave");
        // Staff still see the old one.
        let old = casey.get(&format!("{}/{id}?version=1", tab(&ana))).await;
        casey.get(&addresses(&old, "/pages/2?")[0]).await.must_say("Be on time");
    }

    async fn a_long_pdf_is_shown_in_parts_and_a_very_long_one_is_not_taken(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = shared(w, &mut casey, &ana, &pdf_with_pages(&["Be kind"; 45])).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        assert_eq!(addresses(&page, "/picture").len(), 20);
        let page = phone.get(&addresses(&page, "from=21")[0]).await;
        page.must_say("Page 21 of 45").must_say("Pages 1 to 20");
        let page = phone.get(&addresses(&page, "from=41")[0]).await;
        assert_eq!(addresses(&page, "/picture").len(), 5);
        page.must_say("Page 45 of 45").must_say("Pages 21 to 40");
        uploaded(&mut casey, &ana, &pdf_with_pages(&["x"; 501])).await.must_be(422).must_say("more than 500 pages");
    }

    async fn a_pdf_whose_pages_cannot_be_counted_is_downloaded(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let without = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 2\n0000000000 65535 f \n\
            0000000009 00000 n \ntrailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n45\n%%EOF\n";
        let id = shared(w, &mut casey, &ana, without.as_bytes()).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        page.must_be(200).must_say("Download it to read").must_not_say("Page 1");
    }

    async fn who_draws_too_many_pages_in_a_minute_waits(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = shared(w, &mut casey, &ana, &pdf("Be kind")).await;
        let mut phone = sign_in(w, &who.name).await;
        let page = phone.get(&format!("/portal/documents/{id}")).await;
        let text = addresses(&page, "/pages/1?").remove(0);
        for _ in 0..120 {
            phone.get(&text).await.must_be(200);
        }
        phone.get(&text).await.must_be(429);
        w.clock.advance_seconds(60);
        phone.get(&text).await.must_be(200);
    }
}
