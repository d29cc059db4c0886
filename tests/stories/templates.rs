//! Templates: written and published by staff, filled for one client, and frozen in what is made of them.

use anteroom::features::documents::Recipient;
use anteroom::features::documents::merge::OF_AN_AUTHORIZATION;
use anteroom::features::documents::signing::actions::{Candidate, NewSigner};
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::ids::{DocumentId, TemplateId};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{document, document_version, signing, template, template_version};
use anteroom::platform::permissions::{Role, Scope};
use diesel::prelude::*;
use serde_json::json;

use crate::api::key;
use crate::portal_people::{enrolled, events, sign_in};
use crate::signing::{ask, representative, sign, staff_page};
use crate::stories;
use crate::support::papers::{draft, pdf, withdraw};
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

const NEW: &str = "/staff/templates/new";

/// Writes and publishes one; its id.
async fn published(w: &World, staff: &mut Browser, kind: &str, texts: &[(&str, &str)]) -> TemplateId {
    let ids = |c: &mut Conn| template::table.select(template::template_id).load::<TemplateId>(c);
    let before = w.look(ids).await;
    let page = staff.get(NEW).await;
    let mut typed = vec![("name", "Usual"), ("kind", kind), ("act", "publish")];
    typed.extend(texts);
    let done = staff.submit_and_follow(&page, NEW, &typed).await;
    done.must_say("The template is published.");
    w.look(ids).await.into_iter().find(|id| !before.contains(id)).expect("a new template")
}

fn fill_page(client: &Client, id: &TemplateId) -> String {
    format!("/staff/charts/{}/documents/from-template/{id}", client.chart_id)
}

/// Types the answers, in the order of the fields.
async fn fill(staff: &mut Browser, page: &Page, path: &str, answers: &[&str]) -> Page {
    let mut fields = page.form(path).fields;
    fields.retain(|(name, _)| name != "answer");
    fields.extend(answers.iter().map(|answer| ("answer".to_owned(), (*answer).to_owned())));
    staff.post_fields(path, &fields).await
}

fn made(page: &Page) -> DocumentId {
    let to = page.location().unwrap_or_else(|| panic!("refused with {}: {}", page.status(), page.words()));
    let (_, rest) = to.split_once("/documents/").expect("a document's address");
    rest.split(['/', '?']).next().expect("an id").parse().expect("an id")
}

async fn body_of(w: &World, id: DocumentId) -> String {
    let body: Option<String> = w
        .look(move |c| {
            document_version::table
                .filter(document_version::document_id.eq(id))
                .select(document_version::body)
                .first(c)
        })
        .await;
    body.expect("a text")
}

async fn documents(w: &World) -> i64 {
    w.look(|c| document::table.count().get_result(c)).await
}

/// Changes one field of a face sheet.
async fn write_on_file(staff: &mut Browser, client: &Client, field: &str, value: &str) {
    let path = format!("/staff/charts/{}/edit", client.chart_id);
    let page = staff.get(&path).await;
    staff.submit(&page, &path, &[(field, value)]).await.must_be(303);
}

/// A text that says all that an authorization must.
fn authorization() -> String {
    let blanks: Vec<String> = OF_AN_AUTHORIZATION.iter().map(|name| name.written()).collect();
    blanks.join("\n\n")
}

/// An authorization for the client until a day, made of a template of its own; nobody sees it yet.
pub async fn release_until(w: &World, casey: &mut Browser, client: &Client, day: &str) -> DocumentId {
    let body = authorization();
    let texts = [("title_en", "Release"), ("body_en", body.as_str())];
    let template = published(w, casey, "authorization", &texts).await;
    let path = fill_page(client, &template);
    let form = casey.get(&path).await;
    let said = ["Dates of visits", "Riverbend", "Dr. Novak", "Coordination of care", day];
    made(&fill(casey, &form, &path, &said).await)
}

stories! {
    async fn d_27_nothing_is_made_while_a_value_is_missing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let text = "{{client_first_name}} {{client_middle_name}} {{client_last_name}}\n{{client_address}}\n\n\
                    Seen by {{clinician_name}}, fee {{ask:Fee per session}}, {{today}}.";
        let id = published(w, &mut casey, "agreement", &[("title_en", "Fees"), ("body_en", text)]).await;
        let path = fill_page(&ana, &id);
        let page = casey.get(&path).await;
        page.must_be(200).must_say("This is not on file yet").must_say("Client: middle name");
        let edit = format!("/staff/charts/{}/edit", ana.chart_id);
        for field in ["middle_name", "postal_address"] {
            assert!(page.html().contains(&format!("{edit}#f-{field}")), "no link to {field}");
            assert!(casey.get(&edit).await.html().contains(&format!("id=\"f-{field}\"")), "no field {field}");
        }
        assert!(!page.has_form(&path), "what is missing is mended first");
        // Nor by a form that was made by hand.
        let of_another = w.chart("Ben", "Ortiz").await;
        write_on_file(&mut casey, &of_another, "middle_name", "Luis").await;
        write_on_file(&mut casey, &of_another, "postal_address", "9 Elm St").await;
        let there = fill_page(&of_another, &id);
        let form = casey.get(&there).await;
        let mut fields = form.form(&there).fields;
        fields.iter_mut().filter(|(name, _)| name == "answer").for_each(|(_, value)| *value = "x".into());
        casey.post_fields(&path, &fields).await.must_be(422).must_say("This is not on file yet");
        assert_eq!(documents(w).await, 0);

        write_on_file(&mut casey, &ana, "middle_name", "Maria").await;
        write_on_file(&mut casey, &ana, "postal_address", "12 Mill Road\nRiverbend").await;
        let page = casey.get(&path).await;
        page.must_say("Fee per session").must_say("12 Mill Road").must_not_say("not on file");
        let member = w.riverbend.member(Role::Clinician).clone();
        let me = member.staff_id.to_string();
        let refused = fill(&mut casey, &page, &path, &[&me, "  "]).await;
        refused.must_be(422).must_say("Fee per session: Fill this in.");
        assert_eq!(documents(w).await, 0);
        let answer = fill(&mut casey, &page, &path, &[&me, "$150"]).await;
        let document = made(&answer);
        let body = body_of(w, document).await;
        let wanted = format!(
            "Ana Maria Duarte\n12 Mill Road\nRiverbend\n\nSeen by {}, fee $150, December 1, 2026.",
            member.name
        );
        assert_eq!(body, wanted);
        assert!(!body.contains("{{"));
        // The same form twice makes one.
        assert_eq!(made(&fill(&mut casey, &page, &path, &[&me, "$150"]).await), document);
        assert_eq!(documents(w).await, 1);
        let page = casey.follow(&answer).await;
        casey.submit_and_follow(&page, "/share", &[]).await.must_say("Made of the template Usual, version 1.");
    }

    async fn a_program_writes_and_publishes_a_template(w: &mut World) {
        let key = key(w, &w.riverbend, Scope::ALL).await;
        let mut program = w.browser().with("authorization", &format!("Bearer {key}"));
        let of = |page: &Page| -> serde_json::Value { serde_json::from_str(&page.html()).expect("JSON") };
        let text = |body: &str| json!([{ "language": "en", "title": "Fees", "text": body }]);
        let all = "/api/v1/templates";
        let wrong = json!({ "name": "Fees", "kind": "agreement", "then": "publish", "texts": text("{{client}}") }).to_string();
        let refused = program.send("POST", all, Some(("application/json", wrong.as_bytes()))).await;
        assert!(of(refused.must_be(422)).to_string().contains("/texts/0/text"));
        let never = json!({ "name": "Notes", "kind": "other", "label": "psychotherapy", "texts": text("Said.") }).to_string();
        program.send("POST", all, Some(("application/json", never.as_bytes()))).await.must_be(422);
        let draft = json!({ "name": "Fees", "kind": "agreement", "texts": text("{{client_name}}") }).to_string();
        let made = program.send("POST", all, Some(("application/json", draft.as_bytes()))).await;
        made.must_be(201);
        let (at, etag) = (made.location().expect("its address").to_owned(), made.answer.header("etag").expect("an ETag").to_owned());
        assert_eq!(of(&made)["published_version"], serde_json::Value::Null);
        assert_eq!(of(&program.get(all).await)["templates"], json!([]), "a draft is not used");
        let publish = json!({ "then": "publish" }).to_string();
        program.send("PATCH", &at, Some(("application/json", publish.as_bytes()))).await.must_be(428);
        let mut over = program.clone().with("if-match", &etag);
        let published = over.send("PATCH", &at, Some(("application/json", publish.as_bytes()))).await;
        assert_eq!(of(published.must_be(200))["published_version"], 1);
        over.send("PATCH", &at, Some(("application/json", publish.as_bytes()))).await.must_be(412);
        // What is written afterwards is the next version, and nobody uses it before it is published.
        let etag = published.answer.header("etag").expect("an ETag").to_owned();
        let newer = json!({ "texts": text("Dear {{client_name}}") }).to_string();
        let mut over = program.clone().with("if-match", &etag);
        let saved = of(&over.send("PATCH", &at, Some(("application/json", newer.as_bytes()))).await);
        assert_eq!((&saved["version"], &saved["published_version"]), (&json!(2), &json!(1)));
        assert_eq!(of(&program.get(all).await)["templates"][0]["texts"][0]["text"], "{{client_name}}");
        let retired = program.send("POST", &format!("{at}/retire"), Some(("application/json", b"{}"))).await;
        assert_eq!(of(retired.must_be(200))["retired"], true);
        assert_eq!(events(w, "template.saved").await + events(w, "template.published").await, 3);
    }

    async fn d_28_a_name_is_printed_as_it_is_typed(w: &mut World) {
        let ana = w.chart("{{practice}} <b>", "&amp;").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = published(w, &mut casey, "letter", &[("title_en", "Hello"), ("body_en", "Dear {{client_name}}!")]).await;
        let path = fill_page(&ana, &id);
        let page = casey.get(&path).await;
        let answer = fill(&mut casey, &page, &path, &[]).await;
        assert_eq!(body_of(w, made(&answer)).await, "Dear {{practice}} <b> &amp;!");
        let share = casey.follow(&answer).await;
        casey.submit(&share, "/share", &[]).await.must_be(303);
        let mut phone = sign_in(w, &who.name).await;
        let read = phone.get(&format!("/portal/documents/{}", made(&answer))).await;
        read.must_be(200).must_say("Dear {{practice}} <b> &amp;!");
    }

    async fn d_29_what_was_made_stays_when_the_template_changes(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let id = published(w, &mut casey, "notice", &[("title_en", "Old"), ("body_en", "Old, {{client_name}}.")]).await;
        let (path, edit) = (fill_page(&ana, &id), format!("/staff/templates/{id}"));
        let form = casey.get(&path).await;
        let first = made(&fill(&mut casey, &form, &path, &[]).await);
        let hash = |page: &Page| {
            let html = page.html();
            let (_, rest) = html.split_once("title=\"SHA-256 ").expect("a hash");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        let before = hash(&casey.get(&format!("{tab}/{first}")).await);
        // A draft changes nothing that is used.
        let page = casey.get(&edit).await;
        let newer = [("title_en", "New"), ("body_en", "New, {{client_name}}."), ("act", "save")];
        casey.submit_and_follow(&page, &edit, &newer).await.must_say("Published, with a newer draft");
        let open = casey.get(&path).await;
        open.must_say("Old, Ana Duarte.");
        let page = casey.get(&edit).await;
        casey.submit(&page, &edit, &[("act", "publish")]).await.must_be(303);
        // A form that was open meanwhile makes nothing of either text before the sender has seen the new one.
        let late = fill(&mut casey, &open, &path, &[]).await;
        late.must_be(409).must_say("Somebody published a newer text meanwhile").must_say("New, Ana Duarte.");
        let second = made(&fill(&mut casey, &late, &path, &[]).await);
        assert_eq!(body_of(w, first).await, "Old, Ana Duarte.");
        assert_eq!(body_of(w, second).await, "New, Ana Duarte.");
        assert_eq!(hash(&casey.get(&format!("{tab}/{first}")).await), before);
        let numbers: Vec<Option<i32>> =
            w.look(|c| document_version::table.order(document_version::created_at).select(document_version::template_number).load(c)).await;
        assert_eq!(numbers, [Some(1), Some(2)]);
        // The face sheet changes neither.
        write_on_file(&mut casey, &ana, "first_name", "Anna").await;
        assert_eq!(body_of(w, second).await, "New, Ana Duarte.");
    }

    async fn d_32_an_authorization_without_expiry_or_purpose_is_not_published(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(NEW).await;
        let short = authorization().replace("{{authorization_expiry}}", "").replace("{{authorization_purpose}}", "");
        let typed = |body: &str, act: &str| {
            [("name", "Release"), ("kind", "authorization"), ("title_en", "Release"), ("body_en", body), ("act", act)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let submit = async |casey: &mut Browser, body: &str, act: &str| {
            let typed = typed(body, act);
            let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            casey.submit(&page, NEW, &typed).await
        };
        let refused = submit(&mut casey, &short, "publish").await;
        refused.must_be(422).must_say("Last day").must_say("What for").must_say("45 CFR 164.508(c)").must_not_say("this: To whom");
        assert!(refused.html().contains("{{authorization_recipient}}"), "what was typed is kept");
        assert_eq!(w.look(|c| template::table.count().get_result::<i64>(c)).await, 0);
        // A draft may wait for its last words.
        submit(&mut casey, &short, "save").await.must_be(303);
        submit(&mut casey, &authorization(), "publish").await.must_be(303);
        let id: TemplateId = w
            .look(|c| {
                template::table
                    .filter(template::published_number.is_not_null())
                    .select(template::template_id)
                    .first(c)
            })
            .await;
        let path = fill_page(&ana, &id);
        let form = casey.get(&path).await;
        form.must_say("What may be disclosed").must_say("The last day on which it counts.");
        let said = |day: &'static str| ["Dates of visits", "Riverbend", "Dr. Novak", "Coordination of care", day];
        fill(&mut casey, &form, &path, &said("2026-11-30")).await.must_be(422).must_say("still to come");
        fill(&mut casey, &form, &path, &said("")).await.must_be(422).must_say("Last day: Fill this in.");
        let answer = fill(&mut casey, &form, &path, &said("2026-12-31")).await;
        let document = made(&answer);
        assert!(body_of(w, document).await.contains("December 31, 2026"));
        let share = casey.follow(&answer).await;
        // Usually it is signed: the page says so, and leads there.
        share.must_say("To have it signed, ask for signatures instead: that shares it with those who sign.");
        assert_eq!(share.link("/ask-to-sign"), format!("/staff/charts/{}/documents/{document}/ask-to-sign", ana.chart_id));
        casey.submit(&share, "/share", &[]).await.must_be(303);
        let tab = format!("/staff/charts/{}/documents", ana.chart_id);
        let mut phone = sign_in(w, &who.name).await;
        let own = format!("/portal/documents/{document}");
        phone.get(&own).await.must_say("counts until December 31, 2026");
        casey.get(&tab).await.must_not_say("Expired");
        w.clock.advance_seconds(31 * 86_400);
        let mut casey = w.staff(Role::Clinician).await;
        casey.get(&tab).await.must_say("Expired December 31, 2026");
        casey.get(&format!("{tab}/{document}")).await.must_say("Expired December 31, 2026");
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal/documents").await.must_say("Expired");
        phone.get(&own).await.must_say("This authorization ended on December 31, 2026.");
        // Nobody writes one that is not a template's.
        let write = format!("{tab}/write");
        let page = casey.get(&write).await;
        let by_hand = [("title", "Release"), ("kind", "authorization"), ("body", "Anything.")];
        casey.submit(&page, &write, &by_hand).await.must_be(422).must_say("Choose a kind.");
    }

    async fn d_32_a_client_revokes_an_authorization_and_staff_find_it_at_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let (_, bob) = representative(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let release = release_until(w, &mut casey, &ana, "2026-12-31").await;
        ask(w, &release, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        let (own, theirs) = (format!("/portal/documents/{release}"), staff_page(&ana, &release));
        let revoke = format!("{own}/revoke");
        // Nothing is authorized before it is signed.
        let mut phone = sign_in(w, &who.name).await;
        phone.get(&own).await.must_say("counts until December 31").must_not_say("Revoke this authorization");
        phone.get(&revoke).await.must_be(303);
        casey.get(&format!("{theirs}/share")).await.must_not_say("To have it signed");
        let (mut phone, signed) = sign(w, &who, &release).await;
        signed.must_be(303);
        let share = casey.get(&format!("{theirs}/share")).await;
        share.must_not_say("To have it signed");
        casey.submit(&share, "/share", &[("with", &bob.access.to_string())]).await.must_be(303);
        casey.get("/staff/worklist").await.must_not_say("Authorization revoked");
        // Who only reads it does not revoke it.
        let mut other = sign_in(w, &bob.name).await;
        other.get(&own).await.must_be(200).must_not_say("Revoke this authorization");
        other.get(&revoke).await.must_be(404);

        phone.get(&own).await.must_be(200).must_say("Revoke this authorization");
        let page = phone.get(&revoke).await;
        page.must_be(200).must_say("What was disclosed before cannot be taken back.");
        let (first, second) = (phone.submit(&page, &revoke, &[]).await, phone.submit(&page, &revoke, &[]).await);
        phone.follow(&first).await.must_say("The authorization is revoked.").must_say("Ana Duarte revoked this authorization on");
        phone.follow(&second).await.must_be(200).must_not_say("Revoke this authorization");
        phone.get("/portal/documents").await.must_say("Revoked");
        other.get(&own).await.must_say("revoked this authorization on");
        assert_eq!(events(w, "document.authorization_revoked").await, 1);

        casey.get("/staff/worklist").await.must_say("Authorization revoked");
        casey.get(&format!("/staff/charts/{}/documents", ana.chart_id)).await.must_say("Revoked");
        let page = casey.get(&theirs).await;
        page.must_say("Disclose nothing more on it").must_not_say("Ask for signatures").must_not_say("counts until");
        let noted = casey.submit_and_follow(&page, "/revocation-noted", &[]).await;
        noted.must_say("Noted.").must_say("revoked this authorization on").must_not_say("We have stopped acting on it");
        casey.get("/staff/worklist").await.must_not_say("Authorization revoked");
        casey.submit(&page, "/revocation-noted", &[]).await.must_be(303);
        assert_eq!(events(w, "document.revocation_noted").await, 1);
        let key = key(w, &w.riverbend, &[Scope::DocumentsRead]).await;
        let mut ehr = w.browser().with("authorization", &format!("Bearer {key}"));
        let told = ehr.get(&format!("/api/v1/documents/{release}")).await.must_be(200).html();
        assert!(told.contains("\"revoked_at\":\"2026-12-01T"), "{told}");
    }

    async fn d_32_nothing_takes_the_place_of_the_text_of_an_authorization(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let release = release_until(w, &mut casey, &ana, "2026-12-31").await;
        let theirs = staff_page(&ana, &release);
        let page = casey.get(&theirs).await;
        page.must_say("The text of an authorization comes from its template").must_say("counts until December 31");
        page.must_not_say("New version");
        for form in ["write", "upload"] {
            assert_eq!(casey.get(&format!("{theirs}/{form}")).await.location(), Some(theirs.as_str()), "{form}");
        }
        // Nor by the forms of another document, nor by a program.
        let notice = staff_page(&ana, &draft(w, &ana.chart_id, "Notice", "Words.").await);
        let form = casey.get(&format!("{notice}/write")).await.form("/write");
        let mut fields = form.fields;
        fields.retain(|(name, _)| name != "body");
        fields.push(("body".to_owned(), "Anything.".to_owned()));
        casey.post_fields(&format!("{theirs}/write"), &fields).await.must_be(409);
        let fields = casey.get(&format!("{notice}/upload")).await.form("/upload").fields;
        let sent = casey.upload_fields(&format!("{theirs}/upload"), &fields, "a.pdf", &pdf("Anything")).await;
        sent.must_be(409);
        let key = key(w, &w.riverbend, Scope::ALL).await;
        let mut ehr = w.browser().with("authorization", &format!("Bearer {key}"));
        let body = json!({ "text": "Anything." }).to_string();
        let path = format!("/api/v1/documents/{release}/versions");
        let refused = ehr.send("POST", &path, Some(("application/json", body.as_bytes()))).await;
        refused.must_be(409);
        assert!(refused.html().contains("of-template"), "{}", refused.html());
        let versions = w.look(move |c| {
            document_version::table.filter(document_version::document_id.eq(release)).count().get_result::<i64>(c)
        });
        assert_eq!(versions.await, 1);
        // While it is out to sign, to cancel the signatures would help nobody.
        ask(w, &release, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        let page = casey.get(&theirs).await;
        page.must_say("comes from its template").must_not_say("You cannot add a version");
        withdraw(w, &release).await;
        casey.get(&theirs).await.must_say("Withdrawn").must_not_say("counts until").must_not_say("comes from its template");
    }

    async fn d_32_an_authorization_whose_last_day_is_over_is_not_signed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let release = release_until(w, &mut casey, &ana, "2026-12-05").await;
        let late = release_until(w, &mut casey, &ana, "2026-12-05").await;
        ask(w, &release, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        let path = format!("{}/ask-to-sign", staff_page(&ana, &late));
        let page = casey.get(&path).await;
        page.must_say("This authorization counts until December 5, 2026. Nobody can sign it after that day");
        let fields = page.form(&path).fields;
        w.clock.advance_seconds(5 * 86_400);
        let mut phone = sign_in(w, &who.name).await;
        let own = format!("/portal/documents/{release}");
        phone.get(&own).await.must_say("This authorization ended on December 5, 2026.");
        let page = phone.get(&format!("{own}/sign")).await;
        page.must_be(200).must_say("The time to sign ended").must_not_say("Type your name");
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(&path).await;
        page.must_say("Make a new one of its template.");
        assert!(!page.has_form(&path), "{}", page.words());
        // A page that was open since its last day.
        let csrf = page.form("/sign-out").fields.into_iter().filter(|(name, _)| name == "csrf");
        let sent: Vec<(String, String)> = csrf.chain(fields.into_iter().filter(|(name, _)| name != "csrf")).collect();
        casey.post_fields(&path, &sent).await.must_be(422).must_say("Make a new one of its template.");
        // One that was asked for with more time, before the time to sign ended with the last day.
        let later = w.now().plus_hours(24);
        w.tamper(move |c| diesel::update(signing::table).set(signing::deadline.eq(later)).execute(c)).await;
        let page = phone.get(&format!("{own}/sign")).await;
        page.must_be(200).must_say("The last day of this authorization is over").must_not_say("Type your name");
    }

    async fn d_32_an_authorization_is_signed_until_the_end_of_its_last_day_and_then_the_request_ends(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let release = release_until(w, &mut casey, &ana, "2026-12-20").await;
        let theirs = staff_page(&ana, &release);
        let path = format!("{theirs}/ask-to-sign");
        let page = casey.get(&path).await;
        casey.submit_and_follow(&page, &path, &[("days", "7")]).await.must_say("Can be signed until").must_say("December 8, 2026");
        // More time goes to the last day at most, which is said before and after.
        let page = casey.get(&theirs).await;
        page.must_say("Nobody can sign it after that day, whatever you choose here.");
        let done = casey.submit_and_follow(&page, "/extend-signing", &[("days", "14")]).await;
        done.must_say("There is more time to sign.").must_say("December 15, 2026");
        let done = casey.submit_and_follow(&done, "/extend-signing", &[("days", "30")]).await;
        done.must_say("until the end of the last day of the authorization").must_say("December 20, 2026");
        let refused = casey.submit(&done, "/extend-signing", &[("days", "60")]).await;
        refused.must_be(422).must_say("Nobody can sign this authorization after its last day, December 20, 2026.");
        assert_eq!(events(w, "signing.extended").await, 2);
        // From the first moment it ends with the last day, also where a longer time is asked for.
        let short = release_until(w, &mut casey, &ana, "2026-12-20").await;
        let ask = format!("{}/ask-to-sign", staff_page(&ana, &short));
        let page = casey.get(&ask).await;
        casey.submit_and_follow(&page, &ask, &[("days", "30")]).await.must_say("Can be signed until").must_say("December 20, 2026");

        // The evening of the last day in New York, which is the next day in UTC.
        let at = |text: &str| Timestamp::from(text.parse::<jiff::Timestamp>().expect("a moment"));
        let to = |w: &World, moment: Timestamp| {
            w.clock.advance_seconds(u32::try_from(moment.seconds_since(w.now())).expect("it lies ahead"));
        };
        to(w, at("2026-12-21T04:59:00Z"));
        let mut phone = sign_in(w, &who.name).await;
        phone.get("/portal").await.must_say("To sign, until");
        let own = format!("/portal/documents/{release}");
        phone.get(&own).await.must_say("We ask you to sign this document");
        let mut casey = w.staff(Role::Clinician).await;
        let stale = casey.get(&theirs).await;
        to(w, at("2026-12-21T05:00:00Z"));
        phone.get("/portal").await.must_not_say("To sign, until");
        phone.get("/portal/documents").await.must_not_say("To sign").must_say("Expired");
        let page = phone.get(&own).await;
        page.must_say("This authorization ended on December 20, 2026.").must_not_say("We ask you to sign");
        assert!(!page.html().contains(&format!("href=\"{own}/sign\"")), "{}", page.words());
        // Staff are led to a new one, and no longer time makes this one count.
        let refused = casey.submit(&stale, "/extend-signing", &[("days", "90")]).await;
        refused.must_be(422).must_say("Make a new one of its template.");
        assert!(!refused.has_form("/extend-signing"), "{}", refused.words());
        casey.get("/staff/worklist").await.must_say("Not signed in time");
    }

    async fn what_is_wrong_with_a_template_is_told_before_it_is_used(w: &mut World) {
        let mut casey = w.staff(Role::Clinician).await;
        let page = casey.get(NEW).await;
        page.must_be(200).must_say("{{client_name}}");
        let text = "{{client}} and {{ask:}} and {{client_name";
        let typed = [("name", "Wrong"), ("kind", "notice"), ("title_en", "{{today}}"), ("body_en", text), ("title_es", "Aviso"), ("act", "publish")];
        let refused = casey.submit(&page, NEW, &typed).await;
        refused.must_be(422).must_say("Blanks cannot stand in a title.").must_say("Type the text.");
        let typed = [("name", "Wrong"), ("kind", "notice"), ("title_en", "Notice"), ("body_en", text), ("act", "publish")];
        let refused = casey.submit(&page, NEW, &typed).await;
        refused.must_be(422).must_say("There is no blank {{client}}").must_say("A question to the sender").must_say("does not end");
        // The list of blanks, of which it speaks, is open.
        assert!(refused.html().contains("<details open>") && !page.html().contains("<details open>"));
        // Each on a line of its own.
        refused.must_say("3 things need another look").must_say("Text: A question to the sender");
        for (language, name) in [("en", "In English"), ("es", "In Spanish")] {
            refused.must_say(name);
            assert!(refused.html().contains(&format!("id=\"f-body_{language}\"")));
        }
        let empty = casey.submit(&page, NEW, &[("act", "publish")]).await;
        empty.must_be(422).must_say("Name: Type a name").must_say("Choose a kind.").must_say("in at least one language");
        assert_eq!(w.look(|c| template::table.count().get_result::<i64>(c)).await, 0);
        // Who may not send documents keeps no templates.
        w.staff(Role::FrontDesk).await.get("/staff/templates").await.must_be(403);
    }

    async fn nobody_is_the_clinician_of_a_paper_before_somebody_chose_one(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let texts = [("title_en", "Plan"), ("body_en", "Seen by {{clinician_name}}.")];
        let path = fill_page(&ana, &published(w, &mut casey, "plan", &texts).await);
        let chosen = |page: &Page| page.form(&path).fields.into_iter().find(|(name, _)| name == "answer").map(|(_, value)| value);
        let own = w.riverbend.member(Role::Clinician).staff_id.to_string();
        assert_eq!(chosen(&casey.get(&path).await), Some(own));
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get(&path).await;
        page.must_say("Choose a clinician");
        assert_eq!(chosen(&page).as_deref(), Some(""));
        admin.submit(&page, &path, &[]).await.must_be(422).must_say("Clinician: Fill this in.");
    }

    async fn of_two_who_publish_the_second_is_told(w: &mut World) {
        let mut casey = w.staff(Role::Clinician).await;
        let mut admin = w.staff(Role::Administrator).await;
        let id = published(w, &mut casey, "notice", &[("title_en", "Notice"), ("body_en", "One.")]).await;
        let edit = format!("/staff/templates/{id}");
        let (hers, theirs) = (casey.get(&edit).await, admin.get(&edit).await);
        casey.submit(&hers, &edit, &[("body_en", "Two."), ("act", "publish")]).await.must_be(303);
        let late = admin.submit(&theirs, &edit, &[("body_en", "Three."), ("act", "publish")]).await;
        late.must_be(409).must_say("Three.");
        assert_eq!(w.look(|c| template_version::table.count().get_result::<i64>(c)).await, 2);
        admin.submit(&late, &edit, &[("act", "publish")]).await.must_be(303);
        assert_eq!(w.look(|c| template_version::table.count().get_result::<i64>(c)).await, 3);
        assert_eq!(events(w, "template.published").await, 3);
    }

    async fn a_template_speaks_the_readers_language_and_a_retired_one_is_not_used(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let texts = [("title_en", "Notice"), ("body_en", "Today is {{today}}."), ("title_es", "Aviso"), ("body_es", "Hoy es {{today}}.")];
        let id = published(w, &mut casey, "notice", &texts).await;
        let english = published(w, &mut casey, "notice", &texts[..2]).await;
        let path = fill_page(&ana, &id);
        casey.get(&path).await.must_say("Today is December 1, 2026.").must_say("Use the text in Spanish");
        write_on_file(&mut casey, &ana, "language", "es").await;
        let page = casey.get(&path).await;
        page.must_say("Hoy es 1 de diciembre de 2026.").must_not_say("There is no text in");
        let answer = fill(&mut casey, &page, &path, &[]).await;
        assert_eq!(body_of(w, made(&answer)).await, "Hoy es 1 de diciembre de 2026.");
        casey.get(&fill_page(&ana, &english)).await.must_say("There is no text in Spanish").must_say("Today is");
        casey.get(&format!("{path}?for=en")).await.must_say("Today is");
        let choose = format!("/staff/charts/{}/documents/from-template", ana.chart_id);
        assert_eq!(casey.get(&choose).await.html().matches(">Usual<").count(), 2);
        let edit = format!("/staff/templates/{id}");
        let page = casey.get(&edit).await;
        casey.submit_and_follow(&page, &format!("{edit}/retire"), &[]).await.must_say("The template is retired.");
        casey.get(&path).await.must_be(404);
        assert_eq!(casey.get(&choose).await.html().matches(">Usual<").count(), 1);
        let page = casey.get(&edit).await;
        casey.submit_and_follow(&page, &format!("{edit}/restore"), &[]).await.must_say("back in use");
        casey.get(&path).await.must_be(200);
    }

    async fn a_program_makes_a_document_of_a_template(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut casey = w.staff(Role::Clinician).await;
        let text = "{{client_name}}, {{client_address}}: {{ask:Fee/session}}";
        let id = published(w, &mut casey, "agreement", &[("title_en", "Fees"), ("body_en", text)]).await;
        let key = key(w, &w.riverbend, &[Scope::DocumentsRead, Scope::DocumentsWrite]).await;
        let mut ehr = w.browser().with("authorization", &format!("Bearer {key}"));
        let list = ehr.get("/api/v1/templates").await.must_be(200).html();
        assert!(list.contains(&id.to_string()) && list.contains("ask:Fee/session"), "{list}");
        let path = format!("/api/v1/charts/{}/documents/from-template", ana.chart_id);
        let mut make = async |answers: serde_json::Value| {
            let body = json!({ "template": id, "answers": answers }).to_string();
            ehr.send("POST", &path, Some(("application/json", body.as_bytes()))).await
        };
        let refused = make(json!({ "ask:Fee/session": "$150" })).await;
        refused.must_be(422);
        assert!(refused.html().contains("client_address is not on file"), "{}", refused.html());
        write_on_file(&mut casey, &ana, "postal_address", "12 Mill Road").await;
        let refused = make(json!({})).await;
        refused.must_be(422);
        assert!(refused.html().contains("/answers/ask:Fee~1session"), "{}", refused.html());
        let made = make(json!({ "ask:Fee/session": "$150" })).await;
        made.must_be(201);
        assert!(made.html().contains(&format!("\"template\":{{\"id\":\"{id}\",\"version\":1}}")), "{}", made.html());
    }
}
