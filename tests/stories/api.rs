//! The JSON API: an EHR drives charts and invitations, and learns nothing that is not its own.

use std::collections::BTreeSet;

use anteroom::app;
use anteroom::features::api;
use anteroom::features::staff::api_keys;
use anteroom::platform::audit;
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{api_key, outbox};
use anteroom::platform::permissions::{Role, Scope};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::stories;
use crate::support::dump::difference;
use crate::support::{Browser, House, Page, World};

/// The text of a fresh key.
pub async fn key(w: &World, house: &House, scopes: &'static [Scope]) -> String {
    let by = house.by(Role::Administrator);
    let name = format!("key for {}", scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" "));
    let made = w
        .app
        .db
        .write(&house.scope, move |c| api_keys::make(c, &by, &name, scopes))
        .await
        .unwrap()
        .expect("a key of a new name");
    api_keys::text_of(house.scope.id(), &made.1)
}

async fn caller(w: &World) -> Browser {
    let key = key(w, &w.riverbend, Scope::ALL).await;
    w.browser().with("authorization", &format!("Bearer {key}"))
}

async fn post(b: &mut Browser, path: &str, body: &Value) -> Page {
    b.send("POST", path, Some(("application/json", body.to_string().as_bytes()))).await
}

fn body(page: &Page) -> Value {
    page.answer.json()
}

/// The answer is this problem.
#[track_caller]
fn must_be_problem(page: &Page, status: u16, name: &str) -> Value {
    page.must_be(status);
    assert_eq!(page.answer.header("content-type"), Some("application/problem+json"));
    let body = body(page);
    assert_eq!(body["type"], format!("urn:anteroom:problem:{name}"), "{body}");
    assert_eq!(body["status"], status);
    body
}

async fn mails(w: &World) -> i64 {
    w.look(|c| outbox::table.filter(outbox::kind.like("access.%")).count().get_result(c)).await
}

#[test]
fn every_api_route_stands_in_the_document_and_the_other_way_round() {
    let (_, rows) = app::routes().into_parts();
    let routes: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.path.starts_with("/api/v1/"))
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    let document = api::document();
    assert_eq!(document["openapi"], "3.1.0");
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase()))
        })
        .collect();
    assert_eq!(routes, documented);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let needs = rows
                .iter()
                .find(|row| row.path == path && row.method.as_str().eq_ignore_ascii_case(method))
                .map(|row| format!("{:?}", row.needs))
                .unwrap();
            let scope = operation["security"][0]["api_key"][0].as_str().unwrap();
            let scope: Scope = scope.parse().unwrap();
            assert!(needs.contains(&format!("{scope:?}")), "{method} {path}: {needs} is not {scope}");
        }
    }
    // Every reference in the document leads somewhere.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

stories! {
    async fn only_a_live_key_with_the_scope_gets_in(w: &mut World) {
        must_be_problem(&w.browser().get("/api/v1/charts").await, 401, "unauthorized");
        let mut wrong = w.browser().with("authorization", "Bearer anteroom.AAAA.BBBB");
        must_be_problem(&wrong.get("/api/v1/charts").await, 401, "unauthorized");
        let text = key(w, &w.riverbend, &[Scope::ChartsRead]).await;
        let mut reader = w.browser().with("authorization", &format!("Bearer {text}"));
        reader.get("/api/v1/charts").await.must_be(200);
        let problem = must_be_problem(&post(&mut reader, "/api/v1/charts", &json!({})).await, 403, "forbidden");
        assert_eq!(problem["needs"], "charts:write");
        must_be_problem(&reader.get("/api/v1/grants").await, 403, "forbidden");
        // A key of one practice under the other's name finds nothing.
        let secret = text.rsplit('.').next().unwrap();
        let theirs = key(w, &w.twinoaks, &[Scope::ChartsRead]).await;
        let (front, _) = theirs.rsplit_once('.').unwrap();
        let mut mixed = w.browser().with("authorization", &format!("Bearer {front}.{secret}"));
        must_be_problem(&mixed.get("/api/v1/charts").await, 401, "unauthorized");
        // No staff cookie opens the API.
        let mut staff = w.staff(Role::Administrator).await;
        must_be_problem(&staff.get("/api/v1/charts").await, 401, "unauthorized");
        let dump = w.look(|c| api_key::table.select(api_key::key_hash).load::<String>(c)).await;
        assert!(dump.iter().all(|hash| !text.contains(hash) && hash.len() == 64));
    }

    async fn a_key_that_asks_too_fast_is_told_how_long_to_wait(w: &mut World) {
        let (one, other) = (caller(w).await, caller_again(w).await);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let mut one = one.clone();
            tasks.spawn(async move {
                for _ in 0..100 {
                    one.get("/api/v1/charts/nonsense").await.must_be(404);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let mut one = one;
        let page = one.get("/api/v1/charts").await;
        must_be_problem(&page, 429, "too-many-requests");
        assert_eq!(page.answer.header("retry-after"), Some("1"));
        other.clone().get("/api/v1/charts").await.must_be(200);
        w.clock.advance_seconds(1);
        for _ in 0..10 {
            one.get("/api/v1/charts").await.must_be(200);
        }
        must_be_problem(&one.get("/api/v1/charts").await, 429, "too-many-requests");
        // Wrong keys are counted by address, and do not keep the right one out.
        let mut stranger = w.browser().with("authorization", "Bearer anteroom.AAAA.BBBB");
        for _ in 0..60 {
            must_be_problem(&stranger.get("/api/v1/charts").await, 401, "unauthorized");
        }
        let page = stranger.get("/api/v1/charts").await;
        must_be_problem(&page, 429, "too-many-requests");
        assert!(page.answer.header("retry-after").is_some());
        other.clone().get("/api/v1/charts").await.must_be(200);
    }

    async fn an_administrator_makes_a_key_sees_it_once_and_revokes_it(w: &mut World) {
        w.staff(Role::FrontDesk).await.get("/staff/api-keys").await.must_be(403);
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/api-keys").await;
        page.must_be(200).must_say("There are no keys yet");
        let empty = admin.submit(&page, "/staff/api-keys", &[("name", "")]).await;
        empty.must_be(422).must_say("Give the key a name");
        let made = admin
            .submit(&page, "/staff/api-keys", &[("name", "EHR import"), ("scopes", "charts:read")])
            .await;
        made.must_be(200).must_say("Copy it now");
        let html = made.html();
        let text = html.split("value=\"anteroom.").nth(1).unwrap().split('"').next().unwrap();
        let text = format!("anteroom.{text}");
        let again = admin.get("/staff/api-keys").await;
        again.must_say("EHR import");
        assert!(!again.html().contains(&text), "shown once");
        let twice = admin
            .submit(&page, "/staff/api-keys", &[("name", "EHR import"), ("scopes", "charts:read")])
            .await;
        twice.must_be(422).must_say("There is a key of this name already");
        let mut ehr = w.browser().with("authorization", &format!("Bearer {text}"));
        ehr.get("/api/v1/charts").await.must_be(200);
        let confirm = again.link("/revoke");
        let page = admin.get(&confirm).await;
        admin.submit_and_follow(&page, &confirm, &[]).await.must_say("The key is revoked");
        must_be_problem(&ehr.get("/api/v1/charts").await, 401, "unauthorized");
    }

    async fn a_chart_is_made_read_and_changed_and_nobodys_change_is_written_over(w: &mut World) {
        let mut ehr = caller(w).await;
        let new = json!({
            "chart_number": "EHR-1",
            "client": { "first_name": "Ana", "last_name": "Duarte", "birth_date": "1990-04-12",
                "former_last_names": ["Silva"], "emails": [{ "value": "ana@example.com" }] },
            "contacts": [{ "relation": "parent", "person": { "first_name": "Rosa", "last_name": "Duarte" } }]
        });
        let made = post(&mut ehr, "/api/v1/charts", &new).await;
        made.must_be(201);
        let at = made.answer.header("location").unwrap().to_owned();
        let chart = body(&made);
        assert_eq!(at, format!("/api/v1/charts/{}", chart["id"].as_str().unwrap()));
        assert_eq!(chart["client"]["birth_date"], "1990-04-12");
        assert_eq!(chart["contacts"][0]["person"]["first_name"], "Rosa");
        let read = ehr.get(&at).await;
        let etag = read.answer.header("etag").unwrap().to_owned();
        assert_eq!(body(&read), chart);
        let patch = json!({ "client": { "preferred_name": "Anita", "birth_date": "1990-04-13" } });
        let text = patch.to_string();
        let send = async |b: Browser, text: &str| {
            let mut b = b;
            b.send("PATCH", &at, Some(("application/json", text.as_bytes()))).await
        };
        let fresh = caller_again(w).await;
        must_be_problem(&send(fresh, &text).await, 428, "precondition-required");
        let stale = caller_again(w).await.with("if-match", "\"v99\"");
        must_be_problem(&send(stale, &text).await, 412, "changed-meanwhile");
        let blind = caller_again(w).await.with("if-match", "*");
        let problem = must_be_problem(&send(blind, &text).await, 428, "precondition-required");
        assert!(problem["detail"].as_str().unwrap().contains("would be lost"));
        let weak = caller_again(w).await.with("if-match", &format!("W/{etag}"));
        must_be_problem(&send(weak, &text).await, 412, "changed-meanwhile");
        let bare = caller_again(w).await.with("if-match", etag.trim_matches('"'));
        must_be_problem(&send(bare, &text).await, 400, "malformed");
        assert_eq!(body(&ehr.get(&at).await), chart, "nothing was changed");
        let right = caller_again(w).await.with("if-match", &format!("\"v99\", {etag}"));
        let changed = send(right, &text).await;
        changed.must_be(200);
        let now = body(&changed);
        assert_eq!(now["client"]["preferred_name"], "Anita");
        assert_eq!(now["client"]["birth_date"], "1990-04-13");
        assert_eq!(now["client"]["emails"], chart["client"]["emails"], "what is left out stays");
        assert_eq!(now["contacts"], chart["contacts"]);
        assert_ne!(changed.answer.header("etag").unwrap(), etag);
        let late = caller_again(w).await.with("if-match", &etag);
        must_be_problem(&send(late, &text).await, 412, "changed-meanwhile");
        let twice = post(&mut ehr, "/api/v1/charts", &json!({ "chart_number": "ehr-1", "client": { "last_name": "Park" } })).await;
        let problem = must_be_problem(&twice, 422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/chart_number", "capitals do not make another number");
        // The other practice's key does not see it.
        let theirs = key(w, &w.twinoaks, Scope::ALL).await;
        let mut theirs = w.browser().with("authorization", &format!("Bearer {theirs}"));
        must_be_problem(&theirs.get(&at).await, 404, "not-found");
        must_be_problem(&theirs.get("/api/v1/charts/nonsense").await, 404, "not-found");
    }

    async fn web_10_what_is_wrong_is_told_field_by_field_and_unknown_fields_are_refused(w: &mut World) {
        let mut ehr = caller(w).await;
        let wrong = json!({ "client": { "first_name": "Ana", "last_name": "x".repeat(101), "birth_date": "2990-01-01",
            "emails": [{ "value": "not an address" }] } });
        let problem = must_be_problem(&post(&mut ehr, "/api/v1/charts", &wrong).await, 422, "invalid");
        let pointers: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/client/last_name", "/client/birth_date", "/client/emails/0/value"]);
        for odd in [
            r#"{"client":{"first_name":"Ana"},"role":"administrator"}"#,
            r#"{"client":{"first_name":"Ana","first_name":"Eva"}}"#,
            r#"{"client":{"first_name":["Ana"]}}"#,
            r#"{"client":"#,
            "[]",
            r#"["Z-1",{"first_name":"Ana","last_name":"Duarte"},[]]"#,
            r#"{"client":["p","Ana"]}"#,
            "null",
        ] {
            let page = ehr.send("POST", "/api/v1/charts", Some(("application/json", odd.as_bytes()))).await;
            must_be_problem(&page, 400, "malformed");
        }
        let ana = w.chart("Ana", "Duarte").await;
        let invite = format!("/api/v1/charts/{}/invite", ana.chart_id);
        for odd in ["[null]", "[]", "[null,[]]", "\"ana\""] {
            let page = ehr.send("POST", &invite, Some(("application/json", odd.as_bytes()))).await;
            let problem = must_be_problem(&page, 400, "malformed");
            assert_eq!(problem["detail"], "The body must be a JSON object.", "{odd}");
        }
        assert_eq!(mails(w).await, 0, "nobody was invited");
        let page = ehr.send("POST", "/api/v1/charts", Some(("text/plain", b"{}"))).await;
        must_be_problem(&page, 415, "media-type");
        for path in ["/api/v1/charts?limit=0", "/api/v1/charts?what=1", "/api/v1/charts?portal=nonsense",
            "/api/v1/charts?cursor=nonsense", "/api/v1/charts?cursor=", "/api/v1/grants?cursor=",
            "/api/v1/charts?cursor=019ac000-0000-7000-8000-000000000000", "/api/v1/grants?state=nonsense",
            "/api/v1/grants?cursor=019ac000-0000-7000-8000-000000000000"] {
            must_be_problem(&ehr.get(path).await, 400, "malformed");
        }
        for (born, pointer) in [("03/04/1990", "/client/birth_date"), ("1990-03-04T00:00:00.000Z", "/client/birth_date")] {
            let body = format!(r#"{{"client":{{"first_name":"A","last_name":"B","birth_date":"{born}"}}}}"#);
            let page = ehr.send("POST", "/api/v1/charts", Some(("application/json", body.as_bytes()))).await;
            let problem = must_be_problem(&page, 422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
            assert!(problem["errors"][0]["detail"].as_str().is_some_and(|d| d.contains("YYYY-MM-DD")), "{problem}");
        }
        let body = r#"{"chart_number":null,"client":{"first_name":"A","last_name":"B","middle_name":null,"birth_date":null,
            "language":"en-US","time_zone":"us/eastern","emails":null},"contacts":null}"#;
        let page = ehr.send("POST", "/api/v1/charts", Some(("application/json", body.as_bytes()))).await;
        page.must_be(201);
        let made = page.answer.json();
        assert_eq!((&made["client"]["language"], &made["client"]["time_zone"]), (&json!("en"), &json!("US/Eastern")));
        let lost = ehr.get("/api/v1/nothing").await;
        lost.must_be(404);
        assert_eq!(lost.answer.header("content-type"), Some("application/problem+json"));
    }

    async fn web_10_a_header_that_is_sent_twice_is_refused(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let at = format!("/api/v1/charts/{}", ana.chart_id);
        let key = format!("Bearer {}", key(w, &w.riverbend, Scope::ALL).await);
        for (name, one, other) in [
            ("authorization", key.as_str(), "Bearer anteroom.AAAA.BBBB"),
            ("authorization", "Bearer anteroom.AAAA.BBBB", key.as_str()),
            ("idempotency-key", "one", "two"),
            ("if-match", "\"v1\"", "\"v2\""),
            ("if-match", "\"v1\"", "\"v1\""),
        ] {
            let mut ehr = w.browser().with(name, one).with(name, other);
            if name != "authorization" {
                ehr = ehr.with("authorization", &key);
            }
            let problem = must_be_problem(&ehr.get(&at).await, 400, "malformed");
            assert_eq!(problem["detail"], format!("There is more than one {name} header."));
            let body = br#"{"client":{"preferred_name":"Anita"}}"#;
            must_be_problem(&ehr.send("PATCH", &at, Some(("application/json", body))).await, 400, "malformed");
        }
    }

    async fn inv_08_an_address_that_the_portal_uses_leaves_the_chart_only_with_a_reason(w: &mut World) {
        let [ana, bo, cy] = [w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await, w.chart("Cy", "Park").await];
        w.invite(&ana).await;
        let link = { let mail = w.mail_to(&ana.email).await; w.link_in(&mail) };
        w.registered(&bo).await;
        assert!(w.mail_to(&bo.email).await.subject.contains("access is set up"));
        let key = format!("Bearer {}", key(w, &w.riverbend, Scope::ALL).await);
        let patch = async |w: &World, client: &crate::support::world::Client, body: Value| {
            let at = format!("/api/v1/charts/{}", client.chart_id);
            let ehr = w.browser().with("authorization", &key);
            let etag = ehr.clone().get(&at).await.answer.header("etag").expect("an ETag").to_owned();
            let mut ehr = ehr.with("if-match", &etag);
            ehr.send("PATCH", &at, Some(("application/json", body.to_string().as_bytes()))).await
        };
        let none = json!({ "emails": [] });
        for client in [&ana, &bo] {
            for (emails, reason) in [
                (none.clone(), json!(null)),
                (none.clone(), json!("  ")),
                (json!({ "emails": [{ "value": client.email, "may_mail": false }] }), json!(null)),
                (none.clone(), json!("x".repeat(501))),
            ] {
                let page = patch(w, client, json!({ "client": emails, "reason": reason })).await;
                let problem = must_be_problem(&page, 422, "invalid");
                assert_eq!(problem["errors"][0]["pointer"], "/reason", "{problem}");
            }
            // What does not touch the address asks for nothing.
            patch(w, client, json!({ "client": { "preferred_name": "Anita" } })).await.must_be(200);
        }
        w.browser().get(&link).await.must_be(200);
        for client in [&ana, &bo] {
            let new = json!({ "emails": [{ "value": format!("new-{}", client.email) }] });
            patch(w, client, json!({ "client": new, "reason": "moved away" })).await.must_be(200);
            let told = w.mail_to(&client.email).await;
            assert!(told.subject.contains("this address was taken off"), "{}", told.subject);
        }
        w.browser().get(&link).await.must_be(410);
        let ehr = w.browser().with("authorization", &key);
        let grants = ehr.clone().get(&format!("/api/v1/charts/{}/grants", ana.chart_id)).await;
        assert_eq!(body(&grants)["grants"][0]["reason"], "moved away");
        // Nobody of the portal has it: no reason is needed.
        patch(w, &cy, json!({ "client": none })).await.must_be(200);
    }

    async fn charts_are_found_and_paged_without_gap_or_stranger(w: &mut World) {
        let twinoaks = w.twinoaks.scope.clone();
        w.chart_at(&twinoaks, "Zoe", "Foreign", "1990-01-01", "zoe@example.net").await;
        let mut names = BTreeSet::new();
        for n in 0..23 {
            let name = format!("Client{}", char::from(b'a' + n));
            w.chart(&name, "Paged").await;
            names.insert(name);
        }
        let mut ehr = caller(w).await;
        let mut seen = BTreeSet::new();
        let mut at = "/api/v1/charts?limit=10".to_owned();
        let mut pages = 0;
        loop {
            let page = ehr.get(&at).await;
            page.must_be(200);
            let list = body(&page);
            for chart in list["charts"].as_array().unwrap() {
                assert!(seen.insert(chart["first_name"].as_str().unwrap().to_owned()), "twice: {chart}");
            }
            pages += 1;
            let Some(next) = list["next"].as_str() else { break };
            at = format!("/api/v1/charts?limit=10&cursor={next}");
        }
        assert_eq!((seen, pages), (names, 3));
        let found = body(&ehr.get("/api/v1/charts?q=clientc").await);
        assert_eq!(found["charts"].as_array().unwrap().len(), 1);
        let none = body(&ehr.get("/api/v1/charts?portal=active").await);
        assert_eq!(none["charts"], json!([]));
    }

    async fn an_invitation_goes_its_whole_way_by_api(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut ehr = caller(w).await;
        let invite = format!("/api/v1/charts/{}/invite", ana.chart_id);
        let invited = post(&mut ehr, &invite, &json!({})).await;
        invited.must_be(200);
        let grant = body(&invited);
        assert_eq!((grant["state"].as_str(), grant["generation"].as_i64()), (Some("invited"), Some(1)));
        assert_eq!(grant["address"], ana.email);
        let mail = w.mail_to(&ana.email).await;
        let token = w.link_in(&mail).rsplit('/').next().unwrap().to_owned();
        let at = format!("/api/v1/grants/{}", grant["id"].as_str().unwrap());
        let read = ehr.get(&at).await;
        assert!(!read.answer.text().contains(&token), "the token is in no answer");
        assert!(body(&read)["timeline"].as_array().unwrap().iter().any(|e| e["what"] == "access.invited"));
        must_be_problem(&post(&mut ehr, &invite, &json!({})).await, 409, "use-resend");

        let resent = post(&mut ehr, &format!("{at}/resend"), &json!({ "seen": 1 })).await;
        resent.must_be(200);
        assert_eq!(body(&resent)["generation"], 2);
        let joined = post(&mut ehr, &format!("{at}/resend"), &json!({ "seen": 1 })).await;
        joined.must_be(200);
        assert_eq!(body(&joined)["generation"], 2, "the other one counts");
        let mail = w.mail_to(&ana.email).await;
        assert_eq!(w.unread_to(&ana.email).await, 0, "no second mail");

        let canceled = post(&mut ehr, &format!("{at}/cancel"), &json!({})).await;
        assert_eq!(body(&canceled)["state"], "canceled");
        must_be_problem(&post(&mut ehr, &format!("{at}/cancel"), &json!({})).await, 409, "no-invitation");
        drop(mail);
        post(&mut ehr, &invite, &json!({})).await.must_be(200);
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        w.register_by(&link, &ana).await;
        must_be_problem(&post(&mut ehr, &format!("{at}/resend"), &json!({})).await, 409, "already-registered");
        let wrong = post(&mut ehr, &format!("{at}/revoke"), &json!({ "reason": " " })).await;
        must_be_problem(&wrong, 422, "invalid");
        let revoked = post(&mut ehr, &format!("{at}/revoke"), &json!({ "reason": "moved away" })).await;
        assert_eq!((body(&revoked)["state"].as_str(), body(&revoked)["reason"].as_str()),
            (Some("no_portal_access"), Some("moved away")));
        let listed = body(&ehr.get("/api/v1/grants?state=no_portal_access").await);
        assert_eq!(listed["grants"].as_array().unwrap().len(), 1);
        assert_eq!(body(&ehr.get("/api/v1/grants?state=active").await)["grants"], json!([]));
        let restored = post(&mut ehr, &format!("{at}/restore"), &json!({})).await;
        assert_eq!(body(&restored)["state"], "active");
        let of_chart = body(&ehr.get(&format!("/api/v1/charts/{}/grants", ana.chart_id)).await);
        assert_eq!(of_chart["grants"][0]["role"], "owner");
        let trail = w.app.db.read(&w.riverbend.scope, |c| audit::newest(c, &audit::Wanted::default(), None, 100)).await.unwrap();
        assert!(trail.iter().any(|(e, _)| e.action == "access.invited" && e.actor_kind == "api_key"), "who did it is told");
    }

    async fn an_expired_link_is_listed_as_expired_without_any_job(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mut ehr = caller(w).await;
        let count = async |b: &mut Browser, state: &str| {
            body(&b.get(&format!("/api/v1/grants?state={state}")).await)["grants"].as_array().unwrap().len()
        };
        assert_eq!((count(&mut ehr, "invited").await, count(&mut ehr, "expired").await), (1, 0));
        w.clock.advance_seconds(7 * 24 * 3_600);
        assert_eq!((count(&mut ehr, "invited").await, count(&mut ehr, "expired").await), (0, 1));
    }

    async fn inv_12_a_request_with_the_same_key_is_done_once(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let with_key = |once: &str| {
            w.browser().with("authorization", &format!("Bearer {text}")).with("idempotency-key", once)
        };
        let invite = format!("/api/v1/charts/{}/invite", ana.chart_id);
        let first = post(&mut with_key("k1"), &invite, &json!({})).await;
        first.must_be(200);
        let again = post(&mut with_key("k1"), &invite, &json!({})).await;
        again.must_be(200);
        assert_eq!(again.answer.header("idempotent-replayed"), Some("true"));
        assert_eq!(body(&again), body(&first));
        let other = format!("/api/v1/charts/{}/invite", ben.chart_id);
        must_be_problem(&post(&mut with_key("k1"), &other, &json!({})).await, 422, "idempotency-key-reused");
        let different = json!({ "address": "other@example.com" });
        must_be_problem(&post(&mut with_key("k1"), &invite, &different).await, 422, "idempotency-key-reused");
        // A refusal is an answer too.
        must_be_problem(&post(&mut with_key("k2"), &invite, &json!({})).await, 409, "use-resend");
        let again = post(&mut with_key("k2"), &invite, &json!({})).await;
        must_be_problem(&again, 409, "use-resend");
        assert_eq!(again.answer.header("idempotent-replayed"), Some("true"));
        assert_eq!(mails(w).await, 1);
        // Twenty at once: one is done, the others wait for its answer and get the same.
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (mut browser, path) = (with_key("k3"), other.clone());
            tries.spawn(async move { post(&mut browser, &path, &json!({})).await });
        }
        let (mut done, mut answers) = (0, BTreeSet::new());
        while let Some(page) = tries.join_next().await {
            let page = page.unwrap();
            page.must_be(200);
            done += usize::from(page.answer.header("idempotent-replayed").is_none());
            answers.insert(page.answer.text());
        }
        assert_eq!((done, answers.len()), (1, 1));
        assert_eq!(mails(w).await, 2);
        // Another API key has its own.
        let chart = json!({ "client": { "first_name": "Cleo", "last_name": "Park" } });
        post(&mut with_key("k4"), "/api/v1/charts", &chart).await.must_be(201);
        let mut second = caller_again(w).await.with("idempotency-key", "k4");
        let made = post(&mut second, "/api/v1/charts", &chart).await;
        made.must_be(201);
        assert_eq!(made.answer.header("idempotent-replayed"), None);
        let again = post(&mut second, "/api/v1/charts", &chart).await;
        assert_eq!(again.answer.header("location"), made.answer.header("location"));
        assert_eq!(again.answer.header("etag"), made.answer.header("etag"));
    }

    async fn inv_12_a_fault_between_the_act_and_its_answer_leaves_neither(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let mut ehr = caller(w).await.with("idempotency-key", "once");
        let invite = format!("/api/v1/charts/{}/invite", ana.chart_id);
        w.tamper(|c| {
            match c {
                Conn::Sqlite(c) => c.batch_execute(
                    "CREATE TRIGGER broken BEFORE INSERT ON handled_request \
                     BEGIN SELECT RAISE(ABORT, 'the answer cannot be kept'); END",
                ),
                Conn::Postgres(c) => c.batch_execute(
                    "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION 'the answer cannot be kept'; END $$; \
                     CREATE TRIGGER broken BEFORE INSERT ON handled_request \
                     FOR EACH ROW EXECUTE FUNCTION broken()",
                ),
            }?;
            Ok(0)
        })
        .await;
        // The key is noted as used by now.
        ehr.get(&format!("/api/v1/charts/{}", ana.chart_id)).await.must_be(200);
        let before = w.dump().await;
        must_be_problem(&post(&mut ehr, &invite, &json!({})).await, 500, "fault");
        assert_eq!(difference(&before, &w.dump().await), Vec::<String>::new(), "no mail, no grant, no claim");
        w.tamper(|c| {
            match c {
                Conn::Sqlite(c) => c.batch_execute("DROP TRIGGER broken"),
                Conn::Postgres(c) => c.batch_execute("DROP TRIGGER broken ON handled_request"),
            }?;
            Ok(0)
        })
        .await;
        post(&mut ehr, &invite, &json!({})).await.must_be(200);
        let again = post(&mut ehr, &invite, &json!({})).await;
        assert_eq!(again.answer.header("idempotent-replayed"), Some("true"));
        assert_eq!(mails(w).await, 1);
    }

    async fn a_doubtful_address_is_asked_about_first(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let mut ehr = caller(w).await;
        let invite = format!("/api/v1/charts/{}/invite", ana.chart_id);
        let order = json!({ "address": ben.email });
        let problem = must_be_problem(&post(&mut ehr, &invite, &order).await, 409, "doubtful-address");
        assert_eq!(problem["doubts"], json!(["used_by_another_chart"]));
        assert_eq!(mails(w).await, 0);
        let confirmed = json!({ "address": ben.email, "confirm": problem["doubts"] });
        post(&mut ehr, &invite, &confirmed).await.must_be(200);
        let nobody = w.chart_with("Cara", "Lind", "1990-01-01", "").await;
        let path = format!("/api/v1/charts/{}/invite", nobody.chart_id);
        must_be_problem(&post(&mut ehr, &path, &json!({})).await, 409, "no-address");
        must_be_problem(&post(&mut ehr, &path, &json!({ "address": "a@b.example, c@d.example" })).await, 422, "invalid");
    }

    async fn the_document_is_there_for_machines_and_people(w: &mut World) {
        let document = w.browser().get("/api/openapi.json").await;
        document.must_be(200);
        assert_eq!(body(&document), *api::document());
        let page = w.browser().get("/api").await;
        page.must_be(200);
        for methods in api::document()["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                page.must_say(operation["summary"].as_str().unwrap());
            }
        }
        assert!(!page.html().contains("<script"), "the page needs none");
    }
}

/// Another browser with the key that [`caller`] made: the same name would be taken.
async fn caller_again(w: &World) -> Browser {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("again {}", NEXT.fetch_add(1, Ordering::Relaxed));
    let by = w.riverbend.by(Role::Administrator);
    let made = w
        .app
        .db
        .write(&w.riverbend.scope, move |c| api_keys::make(c, &by, &name, Scope::ALL))
        .await
        .unwrap()
        .unwrap();
    let text = api_keys::text_of(w.riverbend.scope.id(), &made.1);
    w.browser().with("authorization", &format!("Bearer {text}"))
}
