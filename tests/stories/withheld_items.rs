//! One document that is kept from one person, and the age rules of the API. The numbers are those of the acceptance
//! cases of rights.

use anteroom::features::access::permission::Basis;
use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::{Candidate, NewSigner};
use anteroom::platform::db::schema::{age_rule, part2_consent, withheld};
use anteroom::platform::permissions::{Level, Right, Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::age_rules::button_value;
use crate::portal_people::{account, document, enrolled, grant, sign_in};
use crate::rights::{Terms, level, mother_of, send, set};
use crate::stories;

stories! {
    async fn case_13_one_document_is_withheld_by_its_button_and_given_back(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let secret = document(w, &leo.chart_id, "Custody plan", "Words of the plan.").await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        let mut mother = sign_in(w, &name).await;
        mother.get("/portal").await.must_say("Custody plan");
        let page = format!("/staff/charts/{}/documents/{secret}", leo.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let shown = desk.get(&page).await;
        shown.must_say("Withhold from Joan Park");
        let form = desk.get(&shown.link("/withhold?grant=")).await;
        form.must_say("Withhold this document from one person?").must_say("Nobody is told.");
        desk.submit(&form, "/withhold", &[]).await.must_be(422);
        desk.submit(&form, "/withhold", &[("grant", "nobody"), ("reason", "The court.")]).await.must_be(422).must_say("Choose from whom.");
        desk.submit(&form, "/withhold", &[("reason", "The court."), ("until", "2026-11-30")]).await.must_be(422).must_say("This day is over");
        let kept = [("reason", "As the court says."), ("until", "2026-12-01")];
        desk.submit_and_follow(&form, "/withhold", &kept).await.must_say("Withheld. It can be given back");
        for page in ["/portal", "/portal/documents"] {
            mother.get(page).await.must_be(200).must_say("For Leo").must_not_say("Custody plan");
        }
        for path in [format!("/portal/documents/{secret}"), format!("/portal/documents/{secret}/file")] {
            mother.get(&path).await.must_be(404);
        }
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&name).await, 0, "she heard of it");
        // The last day is over at midnight, without anybody's doing.
        w.clock.advance_seconds(14 * 3_600);
        sign_in(w, &name).await.get("/portal/documents").await.must_say("Custody plan");
        // Who only sees documents has no such link.
        let mut desk = w.staff(Role::FrontDesk).await;
        desk.get(&format!("{page}/withhold?grant={access}")).await.must_be(403);
    }

    async fn a_right_that_is_withheld_closes_its_pages_and_no_mail_tells_of_it(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        w.mail_has_settled().await;
        let before = w.unread_to(&name).await;
        let mut mother = sign_in(w, &name).await;
        let mut desk = w.staff(Role::Clinician).await;
        let page = format!("/staff/charts/{}/grants/{access}", leo.chart_id);
        let form = desk.get(&page).await;
        form.must_say("No mail goes out.");
        let kept = [("kept_right", "documents"), ("kept_reason", "It endangers Leo.")];
        let form = desk.submit_and_follow(&form, "/withhold", &kept).await;
        mother.get("/portal/documents").await.must_be(404);
        let kept = button_value(&form, "kept");
        desk.submit_and_follow(&form, "/give-back", &[("kept", &kept)]).await;
        mother.get("/portal/documents").await.must_be(200).must_say("For Leo");
        w.mail_has_settled().await;
        assert_eq!(w.unread_to(&name).await, before, "a mail told her");
    }

    async fn a_document_withheld_from_the_client_herself_is_shown_as_such_and_given_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let secret = document(w, &ana.chart_id, "Referral letter", "Words of the letter.").await;
        let page = format!("/staff/charts/{}/documents/{secret}", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let ask = desk.get(&page).await.link("/withhold?grant=");
        let form = desk.get(&ask).await;
        let shown = desk.submit_and_follow(&form, "/withhold", &[("reason", "It names her sister.")]).await;
        shown.must_say("Withheld").must_say("It names her sister.").must_not_say("Withhold from Ana Duarte");
        let mut client = sign_in(w, &own.name).await;
        client.get("/portal/documents").await.must_not_say("Referral letter");
        // The button stands where the notice said that it does, and only that button.
        let grant = desk.get(&shown.link("/grants/")).await;
        grant.must_be(200).must_say("A document").must_say("It names her sister.").must_not_say("What to withhold");
        assert_eq!(grant.link("/documents/"), page);
        let kept = button_value(&grant, "kept");
        desk.submit_and_follow(&grant, "/give-back", &[("kept", &kept)]).await.must_not_say("It names her sister.");
        client.get("/portal/documents").await.must_say("Referral letter");
        desk.get(&page).await.must_say("Withhold from Ana Duarte").must_not_say("It names her sister.");
    }

    async fn of_a_signed_document_that_is_withheld_both_pages_say_what_its_signer_sees(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let id = document(w, &ana.chart_id, "Lantern agreement", "We agree on lanterns.").await;
        let page = format!("/staff/charts/{}/documents/{id}", ana.chart_id);
        let mut desk = w.staff(Role::Clinician).await;
        let ask = desk.get(&page).await.link("/withhold?grant=");
        desk.get(&ask).await.must_be(200).must_not_say("has signed this document");
        crate::signing::ask(w, &id, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        crate::signing::sign(w, &own, &id).await.1.must_be(303);
        desk.get(&page).await.must_say("has signed this document and keeps it, with the signed copy.");
        let form = desk.get(&ask).await;
        form.must_say("Ana Duarte has signed this document, and will not be able to open it or its signed copy while it is withheld.");
        let shown = desk.submit_and_follow(&form, "/withhold", &[("reason", "It names her sister.")]).await;
        shown.must_say("While it is withheld, Ana Duarte cannot open it or its signed copy.").must_not_say("and keeps it");
        sign_in(w, &own.name).await.get(&format!("/portal/documents/{id}")).await.must_be(404);
    }

    async fn what_was_withheld_is_not_there_after_it_was_withdrawn_either(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let (secret, open) = (document(w, &leo.chart_id, "Custody plan", "Words.").await, document(w, &leo.chart_id, "For Leo", "Text.").await);
        let mut desk = w.staff(Role::Clinician).await;
        let form = desk.get(&format!("/staff/charts/{}/documents/{secret}/withhold?grant={access}", leo.chart_id)).await;
        desk.submit_and_follow(&form, "/withhold", &[("reason", "As the court says.")]).await;
        for id in [&secret, &open] {
            crate::support::papers::withdraw(w, id).await;
        }
        let mut mother = sign_in(w, &name).await;
        mother.get(&format!("/portal/documents/{secret}")).await.must_be(404);
        mother.get(&format!("/portal/documents/{open}")).await.must_be(410);
    }

    async fn case_13_the_api_withholds_an_item_and_gives_it_back(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (name, access) = mother_of(w, &leo).await;
        let secret = document(w, &leo.chart_id, "Custody plan", "Words of the plan.").await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let at = format!("/api/v1/grants/{access}");
        let item = serde_json::json!({ "kind": "document", "id": secret.to_string() });
        for (wrong, place) in [
            (serde_json::json!({ "reason": "The court." }), "/right"),
            (serde_json::json!({ "right": "documents", "item": item, "reason": "The court." }), "/right"),
            (serde_json::json!({ "item": { "kind": "letter", "id": secret.to_string() }, "reason": "The court." }), "/item/kind"),
            (serde_json::json!({ "item": item, "reason": "" }), "/reason"),
            (serde_json::json!({ "item": item, "until": "2026-11-30", "reason": "The court." }), "/until"),
        ] {
            send(&mut api, "POST", &format!("{at}/withhold"), &wrong).await.must_be(422).must_say(place);
        }
        let asked = serde_json::json!({ "item": item, "reason": "The court." });
        let kept = send(&mut api, "POST", &format!("{at}/withhold"), &asked).await;
        kept.must_be(200);
        let kept: serde_json::Value = serde_json::from_str(&kept.answer.text()).expect("JSON");
        assert_eq!(kept["withheld"][0]["item"], item);
        let mut mother = sign_in(w, &name).await;
        mother.get("/portal/documents").await.must_be(200).must_not_say("Custody plan");
        let back = serde_json::json!({ "withheld": kept["withheld"][0]["id"] });
        send(&mut api, "POST", &format!("{at}/give-back"), &back).await.must_be(200).must_say("\"withheld\":[]");
        mother.get("/portal/documents").await.must_say("Custody plan");
        let ended: i64 = w.look(|c| withheld::table.filter(withheld::ended_at.is_not_null()).count().get_result(c)).await;
        assert_eq!(ended, 1, "what was withheld stays on record");
    }

    async fn case_20_the_api_adds_age_rules_of_days_to_come_and_ends_them(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (_, access) = mother_of(w, &leo).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let rule = serde_json::json!({
            "from_age": 12, "bases": ["parent"], "caps": ["documents:none"],
            "effective_from": "2026-12-02", "source": "Counsel"
        });
        let mut today = rule.clone();
        today["effective_from"] = "2026-12-01".into();
        send(&mut api, "POST", "/api/v1/age-rules", &today).await.must_be(422).must_say("/effective_from");
        let mut nobody = rule.clone();
        nobody["bases"] = serde_json::json!(["adult_guardian"]);
        send(&mut api, "POST", "/api/v1/age-rules", &nobody).await.must_be(422).must_say("/bases/0");
        send(&mut api, "POST", "/api/v1/age-rules", &rule).await.must_be(200);
        let said = send(&mut api, "POST", "/api/v1/age-rules", &rule).await;
        said.must_be(200);
        let rules: i64 = w.look(|c| age_rule::table.count().get_result(c)).await;
        assert_eq!(rules, 1, "the same rule sent twice is one");
        assert_eq!(level(w, access, Right::Documents).await, Level::Act, "today nothing has changed");
        w.clock.advance_seconds(14 * 3_600);
        assert_eq!(level(w, access, Right::Documents).await, Level::None);
        let said: serde_json::Value = serde_json::from_str(&said.answer.text()).expect("JSON");
        let end = format!("/api/v1/age-rules/{}/end", said["age_rules"][0]["id"].as_str().expect("an id"));
        send(&mut api, "POST", &end, &serde_json::json!({})).await.must_be(200).must_say("\"effective_until\":\"2026-12-02\"");
        api.get("/api/v1/age-rules").await.must_be(200).must_say("Counsel");
        w.clock.advance_seconds(24 * 3_600);
        assert_eq!(level(w, access, Right::Documents).await, Level::Act, "the rule's last day is over");
    }

    async fn case_48_a_consent_under_part_2_opens_such_records_to_one_holder_until_it_is_taken_back(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let mut helpers = Vec::new();
        for (first, mail) in [("Rosa", "rosa@example.com"), ("Ines", "ines@example.com")] {
            let person = contact(w, &ana, first, mail).await;
            let id = account(w, mail).await;
            let access = grant(w, &w.riverbend.scope, &id, &person, &ana.chart_id, Some(Right::ALL)).await;
            set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
            helpers.push(access);
        }
        let paper = document(w, &ana.chart_id, "Recovery plan", "Text.").await;
        w.tamper(move |c| {
            use anteroom::platform::db::schema::document;
            diesel::update(document::table.filter(document::document_id.eq(paper)))
                .set(document::label.eq(Some("sud")))
                .execute(c)
        })
        .await;
        let path = format!("/portal/documents/{paper}");
        sign_in(w, &own.name).await.get(&path).await.must_be(200);
        let (mut rosa, mut ines) = (sign_in(w, "rosa@example.com").await, sign_in(w, "ines@example.com").await);
        for phone in [&mut rosa, &mut ines] {
            phone.get("/portal/documents").await.must_be(200).must_not_say("Recovery plan");
            phone.get(&path).await.must_be(404);
        }
        let mut desk = w.staff(Role::Clinician).await;
        for access in &helpers {
            let at = format!("/staff/charts/{}/grants/{access}", ana.chart_id);
            let page = desk.get(&at).await;
            desk.submit(&page, "/part2", &[]).await.must_be(422).must_say("Say what the consent is for");
            let over = [("part2_purpose", "Treatment"), ("part2_until", "2026-11-30")];
            desk.submit(&page, "/part2", &over).await.must_be(422).must_say("This day is over");
            let signed = [("part2_purpose", "Taking part in the treatment"), ("part2_until", "2026-12-02")];
            desk.submit_and_follow(&page, "/part2", &signed).await.must_say("The client consents until the end of");
        }
        for phone in [&mut rosa, &mut ines] {
            phone.get(&path).await.must_be(200);
        }
        // Taken back for one: her next request finds nothing, the other's goes on.
        let page = desk.get(&format!("/staff/charts/{}/grants/{}", ana.chart_id, helpers[0])).await;
        desk.submit_and_follow(&page, "/part2-revoke", &[]).await.must_say("Record the consent");
        rosa.get(&path).await.must_be(404);
        rosa.get("/portal/documents").await.must_not_say("Recovery plan");
        ines.get(&path).await.must_be(200);
        // The last day counts to its end in New York.
        w.clock.advance_seconds(86_400 + 14 * 3_600 - 1);
        let mut ines = sign_in(w, "ines@example.com").await;
        ines.get(&path).await.must_be(200);
        w.clock.advance_seconds(1);
        ines.get(&path).await.must_be(404);
        sign_in(w, &own.name).await.get(&path).await.must_be(200);
        let kept: i64 = w.look(|c| part2_consent::table.count().get_result(c)).await;
        assert_eq!(kept, 2, "what was consented to stays on record");
    }

    async fn case_48_the_api_records_a_consent_under_part_2_and_that_it_was_taken_back(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "1990-12-02", "leo.park@example.com").await;
        let own = enrolled(w, &leo).await;
        let rosa = contact(w, &leo, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let access = grant(w, &w.riverbend.scope, &id, &rosa, &leo.chart_id, Some(Right::ALL)).await;
        set(w, access, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let at = format!("/api/v1/grants/{access}");
        let consent = serde_json::json!({ "purpose": "Taking part", "until": "2026-12-31" });
        send(&mut api, "POST", &format!("{at}/part2-consent"), &serde_json::json!({ "purpose": "" })).await.must_be(422).must_say("/purpose");
        let done = send(&mut api, "POST", &format!("{at}/part2-consent"), &consent).await;
        done.must_be(200);
        let done: serde_json::Value = serde_json::from_str(&done.answer.text()).expect("JSON");
        assert_eq!(done["part2_consent"], consent);
        let back = send(&mut api, "POST", &format!("{at}/part2-revoke"), &serde_json::json!({})).await;
        back.must_be(200).must_say("\"part2_consent\":null");
        // The client's own access needs no consent.
        let own = format!("/api/v1/grants/{}/part2-consent", own.access);
        send(&mut api, "POST", &own, &consent).await.must_be(409);
    }
}
