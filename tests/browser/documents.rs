//! A document's way from the chart's tab to the client's phone, with the pages' scripts and without.

use anteroom::features::documents::remove_leftovers;
use anteroom::platform::db::schema::upload;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use serde_json::json;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::pages;
use crate::support::{World, papers};

/// Writes the picture of a page where `ANTEROOM_PICTURES` names a folder.
async fn picture(window: &Window, name: &str) {
    if let Ok(folder) = std::env::var("ANTEROOM_PICTURES") {
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, window.picture().await).expect("write the picture");
    }
}

async fn documents_way(w: &mut World, scripts: bool) {
    let ana = w.chart("Ana", "Duarte").await;
    let client = w.registered(&ana).await;
    w.mail_has_settled().await;
    let staff = w.staff(Role::Clinician).await;
    let chromium = Chromium::start();
    let (mut desk, mut phone) = if scripts {
        (chromium.window(w, Width::Desk).await, chromium.window(w, Width::Phone).await)
    } else {
        (
            chromium.window_without_scripts(w, Width::Desk).await,
            chromium.window_without_scripts(w, Width::Phone).await,
        )
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (good, wrong) = (folder.path().join("safety plan.pdf"), folder.path().join("page.pdf"));
    std::fs::write(&good, papers::pdf("Safety plan")).expect("a file");
    std::fs::write(&wrong, "<!DOCTYPE html>").expect("a file");

    desk.become_user(&staff).await;
    desk.visit(&format!("/staff/charts/{}/documents", ana.chart_id)).await;
    desk.must_say("No documents yet").await;
    desk.must_be_accessible("the tab, empty").await;
    desk.click("link", "Upload a file").await;
    desk.must_say("PDF or picture").await;
    desk.must_be_accessible("the upload").await;
    desk.fill("Title", "Safety plan").await;
    desk.choose("Kind", "Plan").await;
    let input = desk.all("#f-file").await.remove(0);
    desk.type_into(&input, &wrong.to_string_lossy()).await;
    desk.click("button", "Save and choose who sees it").await;
    desk.must_say("This is a web page").await;
    desk.must_be_accessible("the upload, refused").await;
    picture(&desk, "documents-upload-refused-1280").await;
    assert_eq!(desk.value("Title").await, "Safety plan", "what was typed is kept");
    let input = desk.all("#f-file").await.remove(0);
    desk.type_into(&input, &good.to_string_lossy()).await;
    desk.click("button", "Save and choose who sees it").await;
    desk.must_say("Who may see it").await;
    desk.must_be_accessible("the question who sees it").await;
    picture(&desk, "documents-share-1280").await;
    desk.click("button", "Share").await;
    desk.must_say("Not opened yet").await;
    desk.must_be_accessible("the document, shared").await;
    w.run_due_jobs().await;
    let mail = w.mail_to(&ana.email).await;
    assert!(!mail.text.contains("Safety"), "{}", mail.text);

    phone.become_user(&client).await;
    phone.visit("/portal").await;
    phone.must_say("Safety plan").await;
    phone.visit("/portal/documents").await;
    phone.must_say("New").await;
    phone.must_be_accessible("the client's list").await;
    picture(&phone, "documents-list-390").await;
    phone.click("link", "Safety plan").await;
    phone.must_say("Download").await;
    phone.must_be_accessible("the client's document").await;
    picture(&phone, "documents-document-390").await;
    assert_eq!(phone.sideways().await, 0);
    phone.must_say("Page 1 of 1").await;
    phone.click("link", "Read page 1 as text").await;
    phone.must_say("Back to the document").await;
    phone.must_say("Safety plan").await;
    phone.must_be_accessible("a page as text").await;
    picture(&phone, "documents-page-text-390").await;

    desk.reload().await;
    desk.must_say("Version 1 opened").await;
    // The picture of the only page is the last one's.
    desk.must_say("Version 1: its last page was shown").await;
    picture(&desk, "documents-document-1280").await;
    desk.click("link", "New version: write a text").await;
    desk.fill("Text", "# What helps\n\n- walking\n- calling a friend").await;
    desk.must_be_accessible("the text").await;
    picture(&desk, "documents-write-1280").await;
    desk.click("button", "Save new version").await;
    desk.must_say("walking").await;
    phone.visit("/portal/documents").await;
    phone.must_say("Updated").await;
    phone.click("link", "Safety plan").await;
    phone.must_say("calling a friend").await;
    phone.must_be_accessible("the client's text").await;
    picture(&phone, "documents-text-390").await;

    desk.visit(&format!("/staff/charts/{}/documents", ana.chart_id)).await;
    desk.must_say("Opened").await;
    picture(&desk, "documents-tab-1280").await;
    desk.click("link", "Safety plan").await;
    desk.click("link", "Withdraw").await;
    desk.must_be_accessible("the question before the withdrawal").await;
    desk.fill("Reason", "It has changed.").await;
    desk.click("button", "Withdraw").await;
    desk.must_say("It has changed.").await;
    desk.must_be_accessible("the document, withdrawn").await;
    phone.reload().await;
    phone.must_say("no longer here").await;
    phone.must_be_accessible("a withdrawn document").await;
    assert_eq!(remove_leftovers(&w.app).await.expect("no fault"), 0, "nothing is left over");

    phone.must_have_asked_no_other_host().await;
    desk.must_have_asked_no_other_host().await;
    phone.close().await;
    desk.close().await;
}

pages! {
    async fn a_document_is_sent_read_and_withdrawn_with_scripts(w: &mut World) {
        documents_way(w, true).await;
    }

    async fn a11_08_a_document_is_sent_read_and_withdrawn_without_scripts(w: &mut World) {
        documents_way(w, false).await;
    }

    async fn case_3_a_file_whose_line_is_gone_goes_on_by_itself_once_it_is_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        let chromium = Chromium::start();
        let mut phone = chromium.window(w, Width::Phone).await;
        phone.become_user(&client).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("letter.pdf");
        std::fs::write(&file, papers::pdf_of("Lanterns", 25 * 1024 * 1024)).expect("a file");
        phone.visit("/portal/documents/send").await;
        phone.fill("What is it?", "A letter about lanterns").await;
        let input = phone.all("#f-file").await.remove(0);
        phone.type_into(&input, &file.to_string_lossy()).await;
        let slow = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4_000_000 });
        phone.devtools("Network.enable", json!({})).await;
        phone.devtools("Network.emulateNetworkConditions", slow).await;
        phone.click("button", "Send it").await;
        phone.must_say("Sending: ").await;
        phone.must_be_accessible("a file on its way").await;
        picture(&phone, "documents-sending-390").await;
        phone.go_offline(true).await;
        phone.must_say("The connection is gone.").await;
        phone.must_not_say("Nothing was sent").await;
        phone.must_be_accessible("a file whose line is gone").await;
        phone.go_offline(false).await;
        phone.must_say("We have your document").await;
        phone.must_say("A letter about lanterns").await;
        let one = w.look(|c| upload::table.select((upload::state, upload::reserved)).load::<(String, i64)>(c)).await;
        assert_eq!(one.len(), 1, "{one:?}");
        assert!(one[0].1 > 25 * 1024 * 1024, "{one:?}");
        // What is wrong is said beside the field, and what was typed stays.
        let wrong = folder.path().join("page.pdf");
        std::fs::write(&wrong, "<!DOCTYPE html>").expect("a file");
        phone.visit("/portal/documents/send").await;
        phone.fill("What is it?", "Another letter").await;
        let input = phone.all("#f-file").await.remove(0);
        phone.type_into(&input, &wrong.to_string_lossy()).await;
        phone.click("button", "Send it").await;
        phone.must_say("This is a web page").await;
        phone.must_have_focus("One thing needs another look").await;
        phone.must_be_accessible("a file that is not taken").await;
        phone.click("link", "This is a web page").await;
        phone.must_have_focus("PDF or picture").await;
        assert_eq!(phone.value("What is it?").await, "Another letter");

        phone.close().await;
    }
}
