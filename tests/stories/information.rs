//! My information: what a client changes, and what staff decide of it. The numbers are those of the acceptance cases of
//! people and rights.

use anteroom::features::access::permission::Basis;
use anteroom::features::people::{CLIENT_FIELDS, ClientChange};
use anteroom::kernel::ids::{BlobId, InfoChangeId, PersonId};
use anteroom::platform::db::schema::{
    audit_event, coverage, info_change, info_change_field, insurance_card, outbox, person, portal_account,
    related_contact,
};
use anteroom::platform::permissions::{Right, Role, Scope};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::at_once::{Whose, in_turn};
use crate::portal_people::{account, enrolled, grant, sign_in};
use crate::rights::{Terms, mother_of, send, set};
use crate::stories;
use crate::support::cards::{sample_jpeg, send_again, send_insurance};
use crate::support::world::Client;
use crate::support::{Browser, PASSWORD, Page, World};

/// Changes a part of the page by its form, and lands on the page again.
async fn change(browser: &mut Browser, part: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/portal/information/{part}");
    let form = browser.get(&path).await;
    browser.submit_and_follow(&form, &path, fields).await
}

async fn names(w: &World, of: PersonId) -> (String, String, String, String) {
    w.look(move |c| {
        person::table
            .filter(person::person_id.eq(of))
            .select((
                person::first_name,
                person::last_name,
                person::former_last_names,
                person::preferred_name,
            ))
            .first(c)
    })
    .await
}

async fn born(w: &World, of: PersonId) -> Option<String> {
    w.look(move |c| person::table.filter(person::person_id.eq(of)).select(person::birth_date).first(c)).await
}

async fn states(w: &World) -> Vec<(String, String)> {
    w.look(|c| {
        info_change_field::table
            .order((info_change_field::change_id.asc(), info_change_field::path.asc()))
            .select((info_change_field::path, info_change_field::state))
            .load(c)
    })
    .await
}

async fn mails_of(w: &World, kind: &'static str) -> i64 {
    w.look(move |c| outbox::table.filter(outbox::kind.eq(kind)).count().get_result(c)).await
}

fn review_of(client: &Client) -> String {
    format!("/staff/charts/{}/information", client.chart_id)
}

/// Which row of the review is about a field: `do-0`, `why-0`.
fn row(page: &Page, field: &str) -> usize {
    let form = page.form("/information");
    let found = form
        .fields
        .iter()
        .find(|(name, value)| name.starts_with("row-") && value.ends_with(&format!(".{field}")));
    let (name, _) = found.unwrap_or_else(|| panic!("no row of {field}: {:?}", form.fields));
    name.trim_start_matches("row-").parse().expect("a number")
}

/// Decides fields by the review's form.
async fn decide(desk: &mut Browser, page: &Page, of: &Client, decisions: &[(&str, &str, &str)]) -> Page {
    let typed: Vec<(String, String)> = decisions
        .iter()
        .flat_map(|(field, choice, why)| {
            let at = row(page, field);
            [(format!("do-{at}"), (*choice).to_owned()), (format!("why-{at}"), (*why).to_owned())]
        })
        .collect();
    let typed: Vec<(&str, &str)> =
        typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    desk.submit(page, &review_of(of), &typed).await
}

stories! {
    async fn case_50_page_review_audit_and_api_agree_on_what_becomes_of_each_field(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        browser.get("/portal/information").await.must_be(200).must_say("Duarte").must_say("Legal name");
        // Each field once, in the part in which it stands.
        let all: &[(&str, &[(&str, &str)])] = &[
            ("name", &[("first_name", "Anna"), ("middle_name", "M."), ("last_name", "Silva"), ("suffix", "Jr."), ("sex", "Female"), ("former_last_names", "Costa")]),
            ("called", &[("preferred_name", "Annie"), ("pronouns", "she/her")]),
            ("birth-date", &[("birth_month", "5"), ("birth_day", "6"), ("birth_year", "1991")]),
            ("phones", &[("phone-0-value", "555-0177"), ("phone-0-label", "mobile"), ("phone-0-may_mail", "on")]),
            ("emails", &[("email-0-value", "annie@example.org")]),
            ("letters", &[("postal_address", "1 Elm Street\n\nAlbany NY 12207")]),
            ("pharmacy", &[("pharmacy", "Corner Drugs\n555-0188")]),
            ("language", &[("language", "es"), ("time_zone", "America/Chicago")]),
        ];
        for (part, fields) in all {
            change(&mut browser, part, fields).await;
        }
        let found = states(w).await;
        for field in CLIENT_FIELDS {
            let wanted = match field.change {
                ClientChange::Now => "written",
                ClientChange::Told => "told",
                ClientChange::Review => "pending",
                ClientChange::Locked => panic!("no field of the registry is locked by itself"),
            };
            let of_field: Vec<_> = found.iter().filter(|(path, _)| path == field.name).collect();
            assert_eq!(of_field, [&(field.name.to_owned(), wanted.to_owned())], "{found:?}");
        }
        let (first, last, former, preferred) = names(w, ana.person_id).await;
        assert_eq!((first.as_str(), last.as_str(), former.as_str(), preferred.as_str()), ("Ana", "Duarte", "", "Annie"));
        // The review has what waits, and nothing of what was written at once.
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/information").await.must_be(200).must_say("Ana Duarte");
        let review = desk.get(&review_of(&ana)).await;
        let rows: Vec<String> = review.form("/information").fields.iter()
            .filter(|(name, _)| name.starts_with("row-"))
            .map(|(_, id)| id.split('.').nth(1).expect("a field").to_owned())
            .collect();
        let mut waits: Vec<&str> = CLIENT_FIELDS.iter().filter(|f| f.change > ClientChange::Now).map(|f| f.name).collect();
        let mut shown: Vec<&str> = rows.iter().map(String::as_str).collect();
        waits.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, waits);
        // So has the API, and the trail names fields and no value.
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let list = api.get("/api/v1/info-changes").await;
        list.must_be(200);
        let list: Value = serde_json::from_str(&list.answer.text()).expect("JSON");
        let of_api: usize = list["changes"].as_array().expect("a list").iter()
            .flat_map(|change| change["fields"].as_array().expect("fields"))
            .filter(|field| ["pending", "told"].contains(&field["state"].as_str().unwrap_or_default()))
            .count();
        assert_eq!(of_api, waits.len(), "{list}");
        let details: Vec<String> = w.look(|c| {
            audit_event::table.filter(audit_event::action.eq("info.submitted")).select(audit_event::details).load(c)
        }).await;
        assert_eq!(details.len(), all.len());
        for field in CLIENT_FIELDS {
            assert!(details.iter().any(|text| text.contains(&format!("\"{}\"", field.name))), "{}", field.name);
        }
        assert!(details.iter().all(|text| !text.contains("Silva") && !text.contains("1991")), "{details:?}");
    }

    async fn case_57_a_postal_address_with_blank_lines_and_a_pharmacy_save_and_staff_are_told(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let form = browser.get("/portal/information/letters").await;
        form.must_say("Several lines, as on an envelope.");
        change(&mut browser, "letters", &[("postal_address", "1 Elm Street\r\n\r\n \r\nAlbany NY 12207")]).await
            .must_say("1 Elm Street").must_say("Albany NY 12207");
        change(&mut browser, "pharmacy", &[("pharmacy", "Corner Drugs")]).await.must_say("Corner Drugs");
        let long = "x".repeat(101);
        browser.submit(&form, "/portal/information/letters", &[("postal_address", &long)]).await.must_be(422);
        let mut desk = w.staff(Role::FrontDesk).await;
        let sheet = format!("/staff/charts/{}", ana.chart_id);
        desk.get(&sheet).await.must_say("1 Elm Street, Albany NY 12207").must_say("Corner Drugs");
        let edit = format!("{sheet}/edit");
        let page = desk.get(&edit).await;
        page.must_say("1 Elm Street");
        desk.submit_and_follow(&page, &edit, &[("pharmacy", "Mill Pharmacy\r\n555-0189")]).await.must_say("Mill Pharmacy, 555-0189");
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("Postal address").must_say("Corner Drugs");
        decide(&mut desk, &review, &ana, &[("postal_address", "see", ""), ("pharmacy", "see", "")]).await.must_be(303);
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let said = api.get(&format!("/api/v1/charts/{}", ana.chart_id)).await;
        let said: Value = serde_json::from_str(&said.answer.text()).expect("JSON");
        assert_eq!(said["client"]["postal_address"], json!(["1 Elm Street", "Albany NY 12207"]));
        assert_eq!(said["client"]["pharmacy"], json!(["Mill Pharmacy", "555-0189"]));
    }

    async fn case_7_emergency_contacts_of_one_parent_are_not_in_the_list_of_the_other_and_give_nobody_access(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (mother, _) = mother_of(w, &leo).await;
        let tom = crate::access::contact(w, &leo, "Tom", "tom.park@example.com").await;
        let id = account(w, "tom.park@example.com").await;
        let his = grant(w, &w.riverbend.scope, &id, &tom, &leo.chart_id, Some(Right::ALL)).await;
        set(w, his, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        let (mut joan, mut father) = (sign_in(w, &mother).await, sign_in(w, "tom.park@example.com").await);
        let path = "/portal/emergency-contacts";
        let before = father.get("/portal/information").await;
        let empty = father.get(path).await;
        let form = joan.get(path).await;
        form.must_say("Nobody gets access to the record by it.");
        // Everything that is wrong is said at its field, and what was typed stays.
        let wrong = [("row-0-name", ""), ("row-0-relation", "aunt"), ("row-0-phone", "none")];
        let refused = joan.submit(&form, path, &wrong).await;
        refused.must_be(422).must_say("Type a name.").must_say("Type a phone number.");
        assert!(refused.html().contains("value=\"aunt\""), "what was typed is kept");
        let typed = [("row-0-name", "Canary Aunt"), ("row-0-relation", "aunt"), ("row-0-phone", "555-0101")];
        for _ in 0..2 {
            // The same form sent twice is one change.
            joan.submit(&form, path, &typed).await.must_be(303);
        }
        joan.get("/portal/information").await.must_say("Canary Aunt (aunt) · 555-0101");
        assert_eq!(states(w).await, [("emergency_contacts".to_owned(), "told".to_owned())]);
        // The other parent's pages are as if there were none, also the form.
        for page in [("/portal/information", &before), (path, &empty)] {
            let now = father.get(page.0).await;
            now.must_not_say("Canary").must_not_say("555-0101");
            assert_eq!(now.words(), page.1.words(), "{}", page.0);
        }
        let form = father.get(path).await;
        let typed = [("row-0-name", "Canary Uncle"), ("row-0-phone", "555-0102")];
        father.submit(&form, path, &typed).await.must_be(303);
        joan.get("/portal/information").await.must_say("Canary Aunt").must_not_say("Uncle");
        joan.get(path).await.must_not_say("Uncle");
        // Staff see both, by whom, and keep a list of their own, which no client sees.
        let mut desk = w.staff(Role::FrontDesk).await;
        let (sheet, all) = (format!("/staff/charts/{}", leo.chart_id), format!("/staff/charts/{}/emergency-contacts", leo.chart_id));
        desk.get(&sheet).await.must_say("Canary Aunt").must_say("typed by Joan Park").must_say("Canary Uncle");
        let page = desk.get(&all).await;
        page.must_say("Canary Aunt (aunt)").must_say("Typed by Joan Park");
        let practice = [("row-0-name", "School office"), ("row-0-phone", "555-0103")];
        desk.submit_and_follow(&page, &all, &practice).await.must_say("School office").must_say("555-0103");
        // A list that a colleague has saved meanwhile is not written over.
        desk.submit(&page, &all, &[("row-0-name", "Somebody"), ("row-0-phone", "555-0104")]).await.must_be(422).must_say("School office");
        for phone in [&mut joan, &mut father] {
            phone.get("/portal/information").await.must_not_say("School office");
        }
        // The API has all of them, and writes the practice's alone.
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let at = format!("/api/v1/charts/{}/emergency-contacts", leo.chart_id);
        let said = api.get(&at).await;
        let said: Value = serde_json::from_str(&said.answer.text()).expect("JSON");
        let from: Vec<&str> = said["contacts"].as_array().expect("a list").iter().map(|one| one["from"].as_str().expect("a word")).collect();
        assert_eq!(from, ["practice", "holder", "holder"]);
        send(&mut api, "POST", &at, &json!({ "contacts": [{ "name": "", "phone": "x" }] })).await
            .must_be(422).must_say("/contacts/0/name").must_say("/contacts/0/phone");
        let many: Vec<Value> = (0..6).map(|n| json!({ "name": format!("N{n}"), "phone": "555-0105" })).collect();
        send(&mut api, "POST", &at, &json!({ "contacts": many })).await.must_be(422).must_say("/contacts");
        send(&mut api, "POST", &at, &json!({ "contacts": [] })).await.must_be(200).must_not_say("School").must_say("Canary Aunt");
        // What was changed is listed for staff and decided as seen; the values stand in no trail.
        let review = desk.get(&review_of(&leo)).await;
        review.must_say("Emergency contacts").must_say("Canary Aunt");
        let changes: Vec<InfoChangeId> = w.look(|c| info_change::table.order(info_change::change_id).select(info_change::change_id).load(c)).await;
        // Ids of one moment have no order: either list may come first.
        let mut on_file = Vec::new();
        for change in changes {
            let said = api.get(&format!("/api/v1/info-changes/{change}")).await;
            let said: Value = serde_json::from_str(&said.answer.text()).expect("JSON");
            on_file.push(said["fields"][0]["on_file"].clone());
        }
        let aunt = json!([{ "name": "Canary Aunt", "relation": "aunt", "phone": "555-0101" }]);
        assert!(on_file.contains(&aunt), "{on_file:?}");
        decide(&mut desk, &review, &leo, &[("emergency_contacts", "see", "")]).await.must_be(303);
        let trail: Vec<String> = w.look(|c| audit_event::table.select(audit_event::details).load(c)).await;
        assert!(trail.iter().all(|details| !details.contains("Canary") && !details.contains("School office")));
        // Staff remove what is not true any more, whoever typed it.
        let page = desk.get(&all).await;
        let contact = crate::age_rules::button_value(&page, "contact");
        desk.submit_and_follow(&page, "/remove", &[("contact", &contact)]).await.must_say("Removed.");
        let left = desk.get(&all).await;
        assert!(left.says("Canary Aunt") != left.says("Canary Uncle"), "one of them is left");
        // Nobody became a representative or a related contact by it.
        let contacts: i64 = w.look(move |c| {
            related_contact::table.filter(related_contact::chart_id.eq(leo.chart_id)).count().get_result(c)
        }).await;
        let tab = desk.get(&format!("{sheet}/communications")).await;
        assert_eq!(contacts, 1, "Tom alone");
        tab.must_not_say("Canary");
    }

    async fn case_50_a_practice_is_stricter_than_the_registry_and_never_looser(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice/information").await;
        page.must_be(200);
        // A legal name has no looser choice, and a form made by hand is refused.
        admin.submit(&page, "/staff/practice/information", &[("last_name", "now")]).await.must_be(400);
        let stricter = [("preferred_name", "review"), ("phones", "locked")];
        admin.submit(&page, "/staff/practice/information", &stricter).await.must_be(303);
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "called", &[("preferred_name", "Annie")]).await.must_say("Waiting for the practice");
        assert_eq!(names(w, ana.person_id).await.3, "");
        browser.get("/portal/information/phones").await.must_be(404);
        browser.get("/portal/information").await.must_say("Ask the practice if this has to be changed.");
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/practice/information").await.must_be(403);
    }

    async fn case_51_a_decision_writes_to_the_chart_of_the_change_without_a_clients_session(w: &mut World) {
        let (ana, ben) = (w.chart("Ana", "Duarte").await, w.chart("Ben", "Okafor").await);
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let page = browser.get("/portal").await;
        browser.submit(&page, "/sign-out", &[]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&ana)).await;
        // Another chart is opened in a second tab before the decision is sent.
        desk.get(&format!("/staff/charts/{}", ben.chart_id)).await.must_be(200);
        // The form of Ana's review, sent to Ben's address, finds nothing there.
        let at = row(&review, "last_name");
        let form = review.form("/information");
        let mut fields = form.fields.clone();
        fields.retain(|(name, _)| *name != format!("do-{at}"));
        fields.push((format!("do-{at}"), "take".to_owned()));
        desk.post_fields(&review_of(&ben), &fields).await.must_be(404);
        assert_eq!(names(w, ben.person_id).await.1, "Okafor");
        decide(&mut desk, &review, &ana, &[("last_name", "take", "")]).await.must_be(303);
        assert_eq!(names(w, ana.person_id).await.1, "Silva");
        assert_eq!(names(w, ben.person_id).await.1, "Okafor");
        // A biller does not decide.
        w.staff(Role::Biller).await.get("/staff/information").await.must_be(403);
    }

    async fn case_52_what_staff_changed_meanwhile_is_shown_beside_both_and_never_written_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let before = desk.get(&review_of(&ana)).await;
        before.must_not_say("The client saw");
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        let sheet = desk.get(&edit).await;
        desk.submit(&sheet, &edit, &[("last_name", "Moreno")]).await.must_be(303);
        // The page from before the edit writes nothing.
        let answer = decide(&mut desk, &before, &ana, &[("last_name", "take", "")]).await;
        answer.must_be(409).must_say("Somebody changed \"Last name\" since this page was shown");
        answer.must_say("The client saw").must_say("Duarte").must_say("Moreno").must_say("Silva");
        assert_eq!(names(w, ana.person_id).await.1, "Moreno");
        // Whoever saw all three may take it.
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("The client saw");
        decide(&mut desk, &review, &ana, &[("last_name", "take", "")]).await.must_be(303);
        let (_, last, former, _) = names(w, ana.person_id).await;
        assert_eq!((last.as_str(), former.as_str()), ("Silva", "Moreno"));
    }

    async fn case_53_a_newer_request_replaces_the_older_and_deciding_the_older_says_so(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let older = desk.get(&review_of(&ana)).await;
        // The form holds what was asked for, so that it can be mended.
        browser.get("/portal/information/name").await.must_be(200);
        change(&mut browser, "name", &[("last_name", "Silveira")]).await.must_say("Silveira").must_not_say("Silva ");
        let mut found: Vec<String> = states(w).await.into_iter().map(|(_, state)| state).collect();
        found.sort();
        assert_eq!(found, ["pending", "superseded"]);
        let answer = decide(&mut desk, &older, &ana, &[("last_name", "take", "")]).await;
        answer.must_be(409).must_say("no longer waits").must_say("Silveira");
        assert_eq!(names(w, ana.person_id).await.1, "Duarte");
        // Taken back, nothing waits, and nobody is written to.
        let page = browser.get("/portal/information").await;
        browser.submit_and_follow(&page, "/portal/information/take-back", &[]).await.must_say("Taken back.");
        desk.get("/staff/information").await.must_say("All done");
        assert_eq!(mails_of(w, "information.decided").await, 0);
    }

    async fn case_54_three_of_five_are_taken_two_left_with_reasons_and_one_mail_goes_out(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let five = [("first_name", "Anna"), ("middle_name", "Maria"), ("last_name", "Silva"), ("suffix", "Jr."), ("former_last_names", "Costa")];
        change(&mut browser, "name", &five).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&ana)).await;
        desk.submit(&review, &review_of(&ana), &[]).await.must_be(422).must_say("Choose what becomes of at least one change");
        let answer = decide(&mut desk, &review, &ana, &[("first_name", "take", ""), ("suffix", "leave", "")]).await;
        answer.must_be(422).must_say("Say why \"Suffix\" stays as it is");
        assert_eq!(names(w, ana.person_id).await.0, "Ana", "all of it or nothing");
        let three = [("first_name", "take", ""), ("middle_name", "take", ""), ("last_name", "take", "")];
        decide(&mut desk, &review, &ana, &three).await.must_be(303);
        assert_eq!(mails_of(w, "information.decided").await, 0, "two still wait");
        let review = desk.get(&review_of(&ana)).await;
        let two = [("suffix", "leave", "Not on the card."), ("former_last_names", "leave", "We need a paper.")];
        decide(&mut desk, &review, &ana, &two).await.must_be(303);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("news about your information"), "{}", mail.subject);
        assert!(!mail.text.contains("Silva") && !mail.text.contains("card"), "{}", mail.text);
        assert_eq!(mails_of(w, "information.decided").await, 1);
        let (first, last, former, _) = names(w, ana.person_id).await;
        assert_eq!((first.as_str(), last.as_str(), former.as_str()), ("Anna", "Silva", "Duarte"));
        let page = browser.get("/portal/information").await;
        page.must_say("Not on the card.").must_say("We need a paper.").must_say("The practice changed it on");
    }

    async fn case_55_a_new_last_name_leaves_links_working_and_offers_to_unlock(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        // Somebody helps her who may change her information; her own link is out.
        let joan = w.chart_with("Joan", "Park", "1980-02-02", "joan.park@example.com").await;
        let id = account(w, &joan.email).await;
        let helps = grant(w, &w.riverbend.scope, &id, &joan.person_id, &ana.chart_id, Some(Right::ALL)).await;
        set(w, helps, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let (year, rest) = ana.born.split_once('-').expect("a date");
        let (month, day) = rest.split_once('-').expect("a date");
        let typed = |last: &'static str| {
            [("last_name", last), ("month", month), ("day", day), ("year", year), ("password", PASSWORD), ("how", "new")]
        };
        let mut phone = w.browser();
        // The name that is not on file yet does not match, until the link is locked.
        for _ in 0..5 {
            let page = phone.get(&link).await;
            phone.submit(&page, "/i/", &typed("Silva")).await;
        }
        let mut browser = sign_in(w, &joan.email).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("Keep Duarte among the former last names");
        decide(&mut desk, &review, &ana, &[("last_name", "take", "")]).await.must_be(303);
        // The open link was not canceled; the box offers to unlock it.
        let tab = desk.get(&format!("/staff/charts/{}/communications", ana.chart_id)).await;
        tab.must_say("Locked");
        let unlock = format!("/staff/charts/{}/access/unlock", ana.chart_id);
        let page = desk.get(&unlock).await;
        desk.submit(&page, &unlock, &[]).await.must_be(303);
        // The same link works again, with the former name too.
        let page = phone.get(&link).await;
        phone.submit(&page, "/i/", &typed("Duarte")).await.must_be(303);
    }

    async fn case_56_a_preferred_name_is_on_the_next_page_and_in_the_next_mail_and_no_legal_name(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "called", &[("preferred_name", "Zuza")]).await.must_say("Saved.").must_say("Zuza");
        browser.get("/portal").await.must_say("Zuza");
        let mut other = w.browser();
        let page = other.get("/riverbend/forgot").await;
        other.submit(&page, "/riverbend/forgot", &[("address", &ana.email)]).await;
        assert!(w.mail_to(&ana.email).await.text.contains("Zuza"));
        assert_eq!(names(w, ana.person_id).await.0, "Ana");
        let mut desk = w.staff(Role::FrontDesk).await;
        let sheet = desk.get(&format!("/staff/charts/{}", ana.chart_id)).await;
        sheet.must_say("Ana Duarte").must_say("Zuza");
        desk.get("/staff/information").await.must_say("All done");
    }

    async fn case_56_the_language_counts_for_pages_and_mails_of_the_account(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "language", &[("language", "es")]).await;
        let language: String = w.look(|c| portal_account::table.select(portal_account::language).first(c)).await;
        assert_eq!(language, "es");
    }

    async fn case_57_several_errors_stand_beside_their_fields_and_nothing_is_typed_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let form = browser.get("/portal/information/phones").await;
        let typed = [("phone-0-value", "12"), ("phone-1-value", "555-0101"), ("phone-2-value", "555-0101")];
        let answer = browser.submit(&form, "/portal/information/phones", &typed).await;
        let answer = if answer.is_redirect() { browser.follow(&answer).await } else { answer };
        answer.must_say("phone number");
        let kept = answer.form("/portal/information/phones");
        assert!(kept.fields.contains(&("phone-1-value".to_owned(), "555-0101".to_owned())), "{:?}", kept.fields);
        assert!(answer.html().contains("e-phone-0-value") && answer.html().contains("e-phone-2-value"));
        assert_eq!(states(w).await, []);
        // Empty rows are no numbers.
        change(&mut browser, "phones", &[("phone-0-value", ""), ("phone-1-value", "555-0101")]).await.must_say("Saved.");
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("phone numbers were changed") && !mail.text.contains("555-0101"), "{}", mail.text);
        // Staff see a line, and that it is seen ends it.
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("555-0101");
        let at = row(&review, "phones");
        desk.submit(&review, &review_of(&ana), &[(&format!("do-{at}"), "see")]).await.must_be(303);
        desk.get("/staff/information").await.must_say("All done");
    }

    async fn a_representative_changes_what_the_right_allows_and_is_named(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let mut browser = sign_in(w, &name).await;
        browser.get("/portal/information").await.must_be(200).must_say("About Leo");
        browser.get("/portal/information/language").await.must_be(404);
        change(&mut browser, "name", &[("last_name", "Park-Lee")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&review_of(&leo)).await.must_say("Joan Park");
        set(w, access, Terms { rights: Some("information:view documents"), ..Terms::default() }).await;
        let form = browser.get("/portal/information").await;
        form.must_be(200).must_not_say("Take back").must_say("Park-Lee");
        browser.get("/portal/information/name").await.must_be(404);
        set(w, access, Terms { rights: Some("documents"), ..Terms::default() }).await;
        browser.get("/portal/information").await.must_be(404);
    }

    async fn two_parents_see_nothing_of_each_others_requests(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (mother, _) = mother_of(w, &leo).await;
        let dan = w.chart_with("Dan", "Reyes", "1979-03-03", "dan.reyes@example.com").await;
        let id = account(w, &dan.email).await;
        let access = grant(w, &w.riverbend.scope, &id, &dan.person_id, &leo.chart_id, Some(Right::ALL)).await;
        set(w, access, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        let (chart, person) = (leo.chart_id, dan.person_id);
        let related: i64 = w.look(move |c| {
            related_contact::table.filter(related_contact::chart_id.eq(chart)).filter(related_contact::person_id.eq(person)).count().get_result(c)
        }).await;
        assert_eq!(related, 0);
        let mut hers = sign_in(w, &mother).await;
        change(&mut hers, "name", &[("last_name", "Park-Lee")]).await;
        let mut his = sign_in(w, &dan.email).await;
        his.get("/portal/information").await.must_be(200).must_not_say("Park-Lee").must_not_say("Waiting for the practice");
        his.get("/portal/information/name").await.must_be(200).must_not_say("Park-Lee");
        change(&mut his, "name", &[("last_name", "Reyes")]).await.must_say("Reyes");
        // His replaced hers; her page does not say whose it was.
        hers.get("/portal/information").await.must_not_say("Reyes").must_say("Closed");
    }

    async fn a_form_sent_twice_makes_one_request_and_twenty_a_day_are_the_most(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let path = "/portal/information/name";
        let form = browser.get(path).await;
        for _ in 0..2 {
            browser.submit(&form, path, &[("last_name", "Silva")]).await.must_be(303);
        }
        let sent: i64 = w.look(|c| info_change::table.count().get_result(c)).await;
        assert_eq!(sent, 1);
        for n in 2..=20 {
            change(&mut browser, "name", &[("last_name", &format!("Silva {}", "i".repeat(n)))]).await;
        }
        let form = browser.get(path).await;
        let answer = browser.submit(&form, path, &[("last_name", "Too many")]).await;
        let answer = if answer.is_redirect() { browser.follow(&answer).await } else { answer };
        answer.must_say("You have asked for many changes today");
        // What counts at once is not limited, and a day later more can be asked for.
        change(&mut browser, "called", &[("preferred_name", "Annie")]).await.must_say("Saved.");
        w.clock.advance_seconds(24 * 3_600 + 1);
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silveira")]).await.must_say("Silveira");
    }

    async fn what_was_on_file_when_the_form_was_opened_is_never_written_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        let path = "/portal/information/called";
        let form = browser.get(path).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        let sheet = desk.get(&edit).await;
        desk.submit(&sheet, &edit, &[("preferred_name", "Nita")]).await.must_be(303);
        let answer = browser.submit(&form, path, &[("preferred_name", "Annie")]).await;
        let answer = if answer.is_redirect() { browser.follow(&answer).await } else { answer };
        answer.must_say("This was changed while you were writing. On file now: Nita");
        assert_eq!(names(w, ana.person_id).await.3, "Nita");
        browser.submit(&answer, path, &[("preferred_name", "Annie")]).await.must_be(303);
        assert_eq!(names(w, ana.person_id).await.3, "Annie");
    }

    async fn case_19_a_birth_date_with_which_a_parent_sees_more_needs_a_reason(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2008-11-30", "").await;
        let (name, _) = mother_of(w, &leo).await;
        drop(name);
        let own = {
            let id = account(w, "leo@example.com").await;
            grant(w, &w.riverbend.scope, &id, &leo.person_id, &leo.chart_id, None).await;
            "leo@example.com"
        };
        let mut browser = sign_in(w, own).await;
        change(&mut browser, "birth-date", &[("birth_year", "2009")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&leo)).await;
        decide(&mut desk, &review, &leo, &[("birth_date", "take", "")]).await.must_be(422).must_say("Reason for the date of birth");
        assert_eq!(born(w, leo.person_id).await.as_deref(), Some("2008-11-30"));
        let at = row(&review, "birth_date");
        let typed = [(format!("do-{at}"), "take"), ("birth_reason".to_owned(), "Passport seen.")];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        desk.submit(&review, &review_of(&leo), &typed).await.must_be(303);
        assert_eq!(born(w, leo.person_id).await.as_deref(), Some("2009-11-30"));
    }

    async fn two_who_decide_one_field_at_once_write_it_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let (mut one, mut two) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let (first, second) = (one.get(&review_of(&ana)).await, two.get(&review_of(&ana)).await);
        let (took, left) = in_turn(
            w,
            Whose::Chart(ana.chart_id),
            decide(&mut one, &first, &ana, &[("last_name", "take", "")]),
            decide(&mut two, &second, &ana, &[("last_name", "leave", "Not on the card.")]),
        )
        .await;
        took.must_be(303);
        left.must_be(409).must_say("has decided \"Last name\" already");
        assert_eq!(names(w, ana.person_id).await.1, "Silva");
        assert_eq!(states(w).await.remove(0).1, "taken");
        let decided: i64 = w.look(|c| {
            audit_event::table.filter(audit_event::action.eq_any(["info.taken", "info.left"])).count().get_result(c)
        }).await;
        assert_eq!(decided, 1, "one of them wins, the other is told");
    }

    async fn a_decision_and_a_face_sheet_saved_at_once_lose_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let (mut one, mut two) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let review = one.get(&review_of(&ana)).await;
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        let sheet = two.get(&edit).await;
        let (saved, took) = in_turn(
            w,
            Whose::Chart(ana.chart_id),
            two.submit(&sheet, &edit, &[("pronouns", "she/her"), ("last_name", "Moreno")]),
            decide(&mut one, &review, &ana, &[("last_name", "take", "")]),
        )
        .await;
        saved.must_be(303);
        took.must_be(409).must_say("Moreno").must_say("Silva");
        assert_eq!(names(w, ana.person_id).await.1, "Moreno");
        // The other way round: the sheet was opened before the decision, and is not saved over it.
        let (review, sheet) = (one.get(&review_of(&ana)).await, two.get(&edit).await);
        let (took, saved) = in_turn(
            w,
            Whose::Chart(ana.chart_id),
            decide(&mut one, &review, &ana, &[("last_name", "take", "")]),
            two.submit(&sheet, &edit, &[("pronouns", "they/them")]),
        )
        .await;
        took.must_be(303);
        let saved = if saved.is_redirect() { two.follow(&saved).await } else { saved };
        saved.must_say("Silva");
        assert_eq!(names(w, ana.person_id).await.1, "Silva");
    }

    async fn a_request_and_its_taking_at_once_leave_the_newer_value_waiting(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&ana)).await;
        let path = "/portal/information/name";
        let form = browser.get(path).await;
        let (sent, took) = in_turn(
            w,
            Whose::Chart(ana.chart_id),
            browser.submit(&form, path, &[("last_name", "Silveira")]),
            decide(&mut desk, &review, &ana, &[("last_name", "take", "")]),
        )
        .await;
        sent.must_be(303);
        took.must_be(409).must_say("no longer waits").must_say("Silveira");
        assert_eq!(names(w, ana.person_id).await.1, "Duarte");
    }

    async fn the_api_lists_and_decides_and_writes_nothing_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva"), ("suffix", "Jr.")]).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let list: Value = serde_json::from_str(&api.get("/api/v1/info-changes").await.answer.text()).expect("JSON");
        let change = &list["changes"][0];
        assert_eq!(change["by"], "Ana Duarte");
        let last = change["fields"].as_array().expect("fields").iter().find(|f| f["field"] == "last_name").expect("a name");
        assert_eq!((&last["seen"], &last["asked"], &last["on_file"]), (&json!("Duarte"), &json!("Silva"), &json!("Duarte")));
        let path = format!("/api/v1/info-changes/{}/decide", change["id"].as_str().expect("an id"));
        let take = |on_file: &str| json!({ "fields": { "last_name": { "decision": "take", "on_file": on_file } } });
        send(&mut api, "POST", &path, &json!({ "fields": { "last_name": { "decision": "take" } } })).await.must_be(422);
        send(&mut api, "POST", &path, &take("Moreno")).await.must_be(409).must_say("changed-on-file");
        send(&mut api, "POST", &path, &take("Duarte")).await.must_be(200).must_say("taken");
        assert_eq!(names(w, ana.person_id).await.1, "Silva");
        send(&mut api, "POST", &path, &take("Silva")).await.must_be(409).must_say("decided");
        let leave = json!({ "fields": { "suffix": { "decision": "leave", "reason": "Not on the card." } } });
        send(&mut api, "POST", &path, &leave).await.must_be(200);
        let mail = w.mail_to(&ana.email).await;
        assert!(mail.subject.contains("news about your information"), "{}", mail.subject);
        let read = api.get(path.trim_end_matches("/decide")).await;
        read.must_be(200).must_say("Not on the card.");
        let empty: Value = serde_json::from_str(&api.get("/api/v1/info-changes").await.answer.text()).expect("JSON");
        assert_eq!(empty["changes"], json!([]));
    }

    async fn a_change_of_somebody_whose_access_ended_stays_and_can_be_closed_without_mail(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut browser = sign_in(w, &own.name).await;
        change(&mut browser, "name", &[("last_name", "Silva")]).await;
        crate::portal_people::revoke(w, &own.access).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/information").await.must_say("Ana Duarte");
        let review = desk.get(&review_of(&ana)).await;
        decide(&mut desk, &review, &ana, &[("last_name", "leave", "Moved away.")]).await.must_be(303);
        assert_eq!(mails_of(w, "information.decided").await, 0);
        desk.get("/staff/information").await.must_say("All done");
    }

    async fn case_58_card_pictures_from_a_phone_are_of_that_coverage_and_the_one_before_ends_unchanged(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut client = sign_in(w, &own.name).await;
        client.get("/portal/information").await.must_say("First insurance").must_say("Second insurance");
        let (front, back) = (sample_jpeg(), sample_jpeg());
        let both = [("front", "IMG_0001.JPG", front.as_slice()), ("back", "IMG_0002.JPG", back.as_slice())];
        // Several errors at once, and the pictures are kept.
        let wrong = [("member_id", ""), ("payer", ""), ("valid_from", "2026-02-01"), ("valid_until", "2026-01-01")];
        let refused = send_insurance(&mut client, "primary", &wrong, &both).await;
        refused.must_be(422).must_say("Member number: Fill this in.").must_say("The last day is before the first").must_say("The photo that you chose is kept");
        let typed = [("payer", "Green Shield"), ("member_id", "G-77 081"), ("valid_from", "2026-01-01"), ("valid_until", "")];
        send_again(&mut client, &refused, "/portal/insurance/primary", &typed, &[]).await.must_be(303);
        client.get("/portal/information").await.must_say("Waiting for the practice").must_say("Green Shield").must_say("G-77 081");
        // Nothing is on file before staff take it, with the pictures beside what was typed.
        let on_file: i64 = w.look(|c| coverage::table.count().get_result(c)).await;
        assert_eq!(on_file, 0);
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get("/staff/information").await.must_say("First insurance");
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("Green Shield").must_say("Card, front").must_say("Card, back");
        let picture = review.html().split('"').find(|part| part.contains("/cards/")).expect("a picture").to_owned();
        let seen = desk.get(&picture).await;
        seen.must_be(200);
        assert_eq!(seen.answer.header("content-type"), Some("image/jpeg"));
        assert!(!seen.answer.body.windows(3).any(|part| part == b"GPS"), "where it was taken is not kept");
        decide(&mut desk, &review, &ana, &[("insurance_primary", "take", "")]).await.must_be(303);
        let mail = w.mail_to(&ana.email).await;
        assert!(!mail.text.contains("Green Shield"), "{}", mail.text);
        let page = client.get("/portal/information").await;
        page.must_say("Green Shield").must_say("Member number G-77 081").must_say("Card, front");
        let own_picture = page.html().split('"').find(|part| part.contains("/insurance/cards/")).expect("a picture").to_owned();
        client.get(&own_picture).await.must_be(200);
        // A new card: the coverage before ends and is not changed; its side that was not sent again stays.
        let form = client.get("/portal/insurance/primary").await;
        assert!(form.html().contains("value=\"G-77 081\""));
        let newer = [("member_id", "G-99 111")];
        send_again(&mut client, &form, "/portal/insurance/primary", &newer, &both[..1]).await.must_be(303);
        // The same form once more is the same request.
        let review = desk.get(&review_of(&ana)).await;
        review.must_say("G-77 081").must_say("G-99 111");
        decide(&mut desk, &review, &ana, &[("insurance_primary", "take", "")]).await.must_be(303);
        let mut rows: Vec<(String, bool, Option<BlobId>, Option<BlobId>)> = w.look(|c| {
            coverage::table.select((coverage::member_id, coverage::ended_at.is_not_null(), coverage::front_blob, coverage::back_blob)).load(c)
        }).await;
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(rows.iter().map(|(id, ended, ..)| (id.as_str(), *ended)).collect::<Vec<_>>(), [("G-77 081", true), ("G-99 111", false)]);
        assert!(rows[0].2.is_some() && rows[1].2.is_some() && rows[0].2 != rows[1].2, "each has its own front");
        assert_eq!(rows[0].3, rows[1].3, "the back stayed");
        // What is no picture is refused in words; somebody else's picture is nobody's by its name.
        let pdf = [("front", "card.pdf", &b"%PDF-1.7"[..])];
        send_insurance(&mut client, "secondary", &typed, &pdf).await.must_be(422).must_say("not a JPEG or PNG picture");
        let ben = w.chart("Ben", "Okafor").await;
        let his = enrolled(w, &ben).await;
        let mut other = sign_in(w, &his.name).await;
        other.get(&own_picture).await.must_be(404);
        let stolen = rows[1].2.expect("a picture").to_string();
        let taking = [("payer", "Other"), ("member_id", "1"), ("shown_front", stolen.as_str())];
        send_insurance(&mut other, "primary", &taking, &[]).await.must_be(303);
        let asked: String = w.look(move |c| {
            info_change_field::table.filter(info_change_field::person_id.eq(ben.person_id)).select(info_change_field::new_value).first(c)
        }).await;
        assert!(!asked.contains(&stolen), "{asked}");
        // Staff left it with a reason, and the client reads that.
        let review = desk.get(&review_of(&ben)).await;
        decide(&mut desk, &review, &ben, &[("insurance_primary", "leave", "The number is too short.")]).await.must_be(303);
        other.get("/portal/information").await.must_say("The number is too short.");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let change: InfoChangeId = w.look(|c| {
            info_change_field::table.filter(info_change_field::new_value.like("%G-77 081%")).select(info_change_field::change_id).first(c)
        }).await;
        api.get(&format!("/api/v1/info-changes/{change}")).await.must_be(200).must_say("\"member_id\":\"G-77 081\"").must_say("\"front\":true");
    }

    async fn case_58_two_parents_see_nothing_of_each_others_cards_before_they_are_taken(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (mother, _) = mother_of(w, &leo).await;
        let viktor = crate::access::contact(w, &leo, "Viktor", "viktor@example.com").await;
        let id = account(w, "viktor@example.com").await;
        let his = grant(w, &w.riverbend.scope, &id, &viktor, &leo.chart_id, Some(Right::ALL)).await;
        set(w, his, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
        let (mut she, mut he) = (sign_in(w, &mother).await, sign_in(w, "viktor@example.com").await);
        let picture = sample_jpeg();
        let typed = [("payer", "Green Shield"), ("member_id", "G-1")];
        send_insurance(&mut she, "primary", &typed, &[("front", "a.jpg", picture.as_slice())]).await.must_be(303);
        let card: BlobId = w.look(|c| insurance_card::table.select(insurance_card::blob_id).first(c)).await;
        let path = format!("/portal/insurance/cards/{card}");
        she.get(&path).await.must_be(200);
        he.get(&path).await.must_be(404);
        he.get("/portal/information").await.must_not_say("Green Shield");
        he.get("/portal/insurance/primary").await.must_not_say("Green Shield");
        let mut desk = w.staff(Role::FrontDesk).await;
        let review = desk.get(&review_of(&leo)).await;
        decide(&mut desk, &review, &leo, &[("insurance_primary", "take", "")]).await.must_be(303);
        he.get("/portal/information").await.must_say("Green Shield");
        he.get(&path).await.must_be(200);
    }
}
