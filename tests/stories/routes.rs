//! AUZ-01: every route of the program, visited by everybody who has no right to it. The list is the
//! router's own, so a new route is covered as soon as it is written.

use std::collections::BTreeMap;

use anteroom::app;
use anteroom::platform::permissions::{Needs, Role, Scope};
use anteroom::platform::web::routes::Row;

use crate::api::key;
use crate::statements;
use crate::stories;
use crate::support::dump::difference;
use crate::support::parts::put_part;
use crate::support::rows::{Rows, access_of};
use crate::support::{Browser, Page, World, papers};

/// The keys that the pages' addresses may carry.
const QUERY_KEYS: &[&str] = &[
    "access", "after", "back", "before", "box", "chart", "cursor", "date", "day", "done", "for", "kind",
    "lang", "limit", "name", "portal", "practice", "q", "report", "sent", "sort", "state", "time", "to",
    "version", "what", "who", "wish", "with",
];

fn routes() -> Vec<Row> {
    let (_, rows) = app::routes().into_parts();
    assert!(rows.len() > 8, "the table of routes is empty");
    rows
}

/// Asks for a route as somebody; unsafe methods send an empty form (or object) without a form token.
async fn ask(browser: &mut Browser, row: &Row, path: &str) -> Page {
    let body: Option<(&str, &[u8])> = match row.method.as_str() {
        "GET" => None,
        _ if path.starts_with("/api/") => Some(("application/json", b"{}")),
        _ => Some(("application/x-www-form-urlencoded", b"")),
    };
    browser.send(row.method.as_str(), path, body).await
}

/// Refused: led to a sign-in, 403 or 404.
fn is_turned_away(page: &Page) -> bool {
    let to_sign_in = page.status() == 303 && page.location().is_some_and(|to| to.contains("sign-in"));
    to_sign_in || matches!(page.status(), 401 | 403 | 404)
}

fn may(needs: Needs, role: Role) -> Option<bool> {
    match needs {
        Needs::StaffSession => Some(true),
        Needs::Staff(permission) => Some(role.may(permission)),
        _ => None,
    }
}

/// The token of this browser's forms.
async fn form_token(browser: &mut Browser, page: &str, form: &str) -> String {
    let form = browser.get(page).await.form(form);
    form.fields.into_iter().find(|(name, _)| name == "csrf").expect("a form token").1
}

/// What a route of the API takes besides its path: a body that can be read.
fn api_call(row: &Row, person: &str, grant: &str, staff: &str) -> String {
    let body = match row.path.rsplit('/').next() {
        Some("documents") => serde_json::json!({ "title": "Plan", "kind": "plan", "text": "Words." }),
        Some("signing") => serde_json::json!({ "signers": [{ "grant": "owner" }] }),
        Some("in-parts") => serde_json::json!({ "size": 1_000 }),
        Some("extend") => serde_json::json!({ "days": 60 }),
        Some("replace") => serde_json::json!({ "signer": grant, "by": { "grant": "owner" } }),
        Some("cancel") if row.path.contains("/signing/") => serde_json::json!({ "reason": "outdated" }),
        Some("versions") => serde_json::json!({ "text": "Other words." }),
        Some("end-share") => serde_json::json!({ "grant": grant }),
        Some("withdraw") => serde_json::json!({ "reason": "outdated" }),
        Some("change-owner") => {
            let why = ("asked by phone", "the client");
            serde_json::json!({
                "person_id": person, "preview_sha256": "0", "reason": why.0, "authorised_by": why.1
            })
        }
        Some("withhold") => serde_json::json!({ "right": "documents", "reason": "as the order says" }),
        Some("give-back") => serde_json::json!({ "withheld": grant }),
        Some("revoke" | "undo-change-owner" | "client-status") => {
            serde_json::json!({ "reason": "moved away" })
        }
        Some("decide") => serde_json::json!({
            "fields": { "last_name": { "decision": "leave", "reason": "Not on the card." } }
        }),
        Some("grants") if row.method == "POST" => {
            serde_json::json!({ "person_id": person, "basis": "parent" })
        }
        Some("{grant}") if row.method == "PATCH" => serde_json::json!({ "basis": "parent" }),
        Some("messages") => serde_json::json!({ "text": "By the river.", "seen": 1 }),
        Some("hidden") if row.method == "POST" => serde_json::json!({
            "actor_kind": "staff", "actor": staff, "statement": "written", "until": "2027-06-01", "reason": "Asked for."
        }),
        Some("emergency-contacts") => serde_json::json!({ "contacts": [] }),
        Some("close" | "reopen" | "freeze" | "unfreeze") if row.path.contains("/charts/") => {
            serde_json::json!({ "reason": "moved away" })
        }
        Some("video-link") => serde_json::json!({ "url": "https://video.example/room" }),
        Some("split") => serde_json::json!({ "from": "2027-02-01", "time": "09:00" }),
        Some("transfer") => serde_json::json!({ "staff_id": staff }),
        Some("end") if row.path.contains("/parties/") => {
            serde_json::json!({ "person_id": person, "reason": "Asked for." })
        }
        Some("parties") if row.method == "POST" => {
            serde_json::json!({ "grant_id": grant, "reason": "Asked for." })
        }
        // The message that the same key has just written.
        Some("take-back") => serde_json::json!({ "seq": 2 }),
        Some("part2-consent") => serde_json::json!({ "purpose": "taking part" }),
        Some("close" | "reopen" | "no-reply-needed") => serde_json::json!({ "seen": 1 }),
        Some("move") => serde_json::json!({ "minutes": 45, "confirm": ["night", "weekend"] }),
        Some("charges") if row.method == "POST" => serde_json::json!({
            "on": "2026-12-01", "description": "Session", "amount": { "minor": 15_000, "currency": "USD" }
        }),
        Some("payments") if row.method == "POST" => serde_json::json!({
            "method": "cash", "received_on": "2026-12-01", "amount": { "minor": 1_000, "currency": "USD" }
        }),
        Some("adjustments") => serde_json::json!({
            "kind": "discount", "amount": { "minor": 100, "currency": "USD" }, "reason": "agreed"
        }),
        Some("refunds") => serde_json::json!({
            "way": "cash", "amount": { "minor": 100, "currency": "USD" }, "reason": "asked for it"
        }),
        Some("void" | "undo") => serde_json::json!({ "reason": "a mistake" }),
        Some("statements") if row.method == "POST" => serde_json::json!({ "since": "2026-11-01" }),
        Some("superbills") if row.method == "POST" => {
            serde_json::json!({ "from": "2026-11-30", "until": "2026-11-30" })
        }
        Some("fee-agreements") if row.method == "POST" => {
            serde_json::json!({ "from": "2026-12-01", "basis_points": 500, "reason": "agreed" })
        }
        Some("insurances") if row.method == "POST" => {
            serde_json::json!({ "insurer": "Blue Plan", "member_number": "M-1", "from": "2026-01-01" })
        }
        _ if row.method == "PATCH" => serde_json::json!({ "client": { "preferred_name": "Annie" } }),
        _ => serde_json::json!({}),
    };
    body.to_string()
}

/// Calls a route of the API with a key's text.
async fn call(w: &World, key: &str, row: &Row, rows: &Rows) -> Page {
    let (path, person) = (rows.fill(row.path), rows.invited.person_id.to_string());
    let time = serde_json::json!({
        "starts_at": "2026-12-17T18:00:00Z", "minutes": 50, "place_id": rows.value("{place}"),
        "staff_id": w.riverbend.member(Role::Clinician).staff_id.to_string(),
    });
    let body = match row.path.rsplit_once("/appointment-requests/{request}/").map(|(_, act)| act) {
        Some("confirm") => serde_json::json!({ "time": time }).to_string(),
        Some("offer") => serde_json::json!({ "times": [time] }).to_string(),
        Some("decline") => serde_json::json!({ "answer": "Please call us." }).to_string(),
        _ if row.path.ends_with("/document-requests/{document_request}/answer") => {
            serde_json::json!({ "document": rows.value("{document}") }).to_string()
        }
        _ if row.path.ends_with("/document-requests/{document_request}/accept") => {
            serde_json::json!({ "title": "Letter", "kind": "other" }).to_string()
        }
        _ if row.path.ends_with("/document-requests/{document_request}/decline") => {
            serde_json::json!({ "reason": "It is not ours." }).to_string()
        }
        _ if row.path.starts_with("/api/v1/appointments/{appointment}/parties") => {
            serde_json::json!({ "chart_id": rows.value("{chart}") }).to_string()
        }
        _ if row.path.ends_with("/templates/{template}") => {
            serde_json::json!({ "name": "By program" }).to_string()
        }
        _ if row.path.ends_with("/packets/{packet_template}") => {
            serde_json::json!({ "name": "First visit" }).to_string()
        }
        _ if row.path.ends_with("/charts/{chart}/packets") => {
            serde_json::json!({ "packet": rows.value("{packet_template}"), "again": true }).to_string()
        }
        _ if row.path.ends_with("/packets/{packet_template}/send") => {
            serde_json::json!({ "charts": [rows.value("{chart}")] }).to_string()
        }
        _ if row.path.ends_with("/from-template") => {
            serde_json::json!({ "template": rows.value("{template}") }).to_string()
        }
        _ if row.path.ends_with("/responsibility") => serde_json::json!({
            "from": "2026-12-01", "reason": "agreed",
            "shares": [{ "person_id": rows.invited.person_id, "basis_points": 10_000 }],
        })
        .to_string(),
        _ => api_call(row, &person, rows.value("{grant}"), rows.value("{staff}")),
    };
    let mut caller = w.browser().with("authorization", &format!("Bearer {key}"));
    let adds_client = row.path == "/api/v1/appointments/{appointment}/parties";
    if row.method == "PATCH" || row.path.ends_with("/move") || adds_client {
        // Over the version that this key reads; who reads nothing names one all the same.
        let version = caller
            .get(path.trim_end_matches("/move").trim_end_matches("/parties"))
            .await
            .answer
            .header("etag")
            .unwrap_or("\"v1\"")
            .to_owned();
        caller = caller.with("if-match", &version);
    }
    let file = papers::pdf("By program");
    if row.path.contains("/uploads/{upload}") {
        return call_upload(&mut caller, row, rows, &file).await;
    }
    let body = match row.path.ends_with("/uploads") {
        true => Some(("application/pdf", file.as_slice())),
        false => (row.method != "GET").then_some(("application/json", body.as_bytes())),
    };
    caller.send(row.method.as_str(), &path, body).await
}

/// Calls a route about an upload in parts, with one that the same key has just begun.
async fn call_upload(caller: &mut Browser, row: &Row, rows: &Rows, file: &[u8]) -> Page {
    let to = rows.fill("/api/v1/charts/{chart}/uploads/in-parts");
    let size = serde_json::json!({ "size": file.len() }).to_string();
    let begun = caller.send("POST", &to, Some(("application/json", size.as_bytes()))).await;
    let to = match begun.location() {
        Some(to) => row.path.replace("/api/v1/charts/{chart}/uploads/{upload}", to).replace("{number}", "0"),
        None => rows.fill(row.path),
    };
    let part: Option<(&str, &[u8])> = Some(("application/octet-stream", file));
    match row.method.as_str() {
        "GET" => caller.get(&to).await,
        "PUT" => caller.send("PUT", &to, part).await,
        _ => {
            caller.send("PUT", &to.replace("/complete", "/parts/0"), part).await;
            caller.send("POST", &to, Some(("application/json", b"{}"))).await
        }
    }
}

/// Pages after which the database is compared.
const PAGES_AT_ONCE: usize = 20;

stories! {
    async fn auz_01_no_route_that_needs_a_session_answers_a_stranger(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let before = w.dump().await;
        let mut wrong = Vec::new();
        for row in routes() {
            // Who has no key may ask once a second.
            w.clock.advance_seconds(1);
            // The holder of a link may do what its page offers; somebody without it holds another text.
            let strangers = rows.clone().with("{token}", &"A".repeat(43));
            // Who has no address of a calendar guesses one.
            let strangers = strangers.with("{feed}", &format!("{}.ics", "A".repeat(43)));
            let is_shown = row.method == "GET" && !row.path.contains("/cal/");
            let path = if is_shown { rows.fill(row.path) } else { strangers.fill(row.path) };
            // More of the API's routes than one address may ask for without a key in a minute.
            w.clock.advance_seconds(5);
            let page = ask(&mut w.browser(), &row, &path).await;
            let told = format!("{} {} ({:?}): {}", row.method, row.path, row.needs, page.status());
            let broke = page.status() >= 500 && row.path != "/readyz";
            let open = matches!(row.needs, Needs::Nothing | Needs::Link);
            if broke || (!open && !is_turned_away(&page)) {
                wrong.push(told);
            }
        }
        assert!(wrong.is_empty(), "nobody came through:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        assert!(changed.is_empty(), "nobody changed the database:\n{}", changed.join("\n"));
    }

    async fn auz_01_each_role_reaches_only_what_the_permission_table_allows(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let mut wrong = Vec::new();
        for role in Role::ALL {
            for row in routes() {
                let Some(may) = may(row.needs, *role) else { continue };
                if row.path.ends_with("sign-out") {
                    continue;
                }
                let mut browser = w.staff(*role).await;
                let page = ask(&mut browser, &row, &rows.fill(row.path)).await;
                let to_sign_in =
                    page.status() == 303 && page.location().is_some_and(|to| to.contains("sign-in"));
                let fits = if may {
                    !to_sign_in && page.status() != 403 && page.status() < 500
                } else {
                    page.status() == 403
                };
                if !fits {
                    wrong.push(format!(
                        "{role} {} {} ({:?}): {}",
                        row.method, row.path, row.needs, page.status()
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "the table says otherwise:\n{}", wrong.join("\n"));
    }

    async fn auz_03_another_practices_staff_find_nothing_here(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let mut own = w.staff(Role::Administrator).await;
        let mut other = w.staff_of(&w.twinoaks.clone(), Role::Administrator).await;
        let staff: Vec<Row> =
            routes().into_iter().filter(|row| matches!(row.needs, Needs::StaffSession | Needs::Staff(_))).collect();
        // Riverbend's own pages show the rows, and the forms that would change them.
        let mut forms: BTreeMap<String, (Vec<(String, String)>, bool)> = BTreeMap::new();
        let mut wrong = Vec::new();
        for row in staff.iter().filter(|row| row.method == "GET") {
            for path in rows.paths(row) {
                let page = own.get(&path).await;
                if Rows::leads_to_one(row) {
                    page.must_be(200);
                    let seen = other.get(&path).await;
                    if seen.status() != 404 || seen.html().contains("Duarte") {
                        wrong.push(format!("GET {}: {}", row.path, seen.status()));
                    }
                }
                for form in page.forms() {
                    let mut fields = form.fields;
                    fields.extend(form.buttons.into_iter().take(1));
                    forms.entry(form.action).or_insert((fields, form.takes_file));
                }
            }
        }
        let (csrf, before) = (form_token(&mut other, "/staff/me", "/staff/sign-out").await, w.dump().await);
        // Their form token is right and every field is there, so that each post comes to look for the row.
        let fields_of = |path: &str, csrf: &str| {
            let (mut fields, takes_file) = forms.get(path).cloned().unwrap_or_default();
            fields.retain(|(name, _)| name != "csrf");
            fields.insert(0, ("csrf".into(), csrf.to_owned()));
            (fields, takes_file)
        };
        let send = async |staff: &mut Browser, path: &str, csrf: &str| {
            if path.contains("/parts/") {
                return put_part(staff, path, csrf, b"%PDF-").await;
            }
            let (fields, takes_file) = fields_of(path, csrf);
            match takes_file {
                true => staff.upload_fields(path, &fields, "a.pdf", &papers::pdf("A plan")).await,
                false => staff.post_fields(path, &fields).await,
            }
        };
        let mut posts: Vec<(String, &'static str)> = Vec::new();
        for row in staff.iter().filter(|row| row.method != "GET" && Rows::leads_to_one(row)) {
            posts.extend(rows.paths(row).into_iter().map(|path| (path, row.path)));
        }
        assert!(posts.len() > 20, "only {} posts lead to a row", posts.len());
        for (path, pattern) in &posts {
            let page = send(&mut other, path, &csrf).await;
            if page.status() != 404 || page.html().contains("Duarte") {
                wrong.push(format!("POST {pattern} ({path}): {}", page.status()));
            }
        }
        // Rows that are named in a field or a query instead.
        let (chart, access) = (rows.value("{chart}"), rows.value("{access}"));
        let line = format!("{chart}.0");
        for named in [("chart", line.as_str()), ("only", line.as_str()), ("unlock", access)] {
            let page = other.post("/staff/worklist", &[("csrf", csrf.as_str()), ("kind", "expired"), named]).await;
            let page = if page.is_redirect() { other.follow(&page).await } else { page };
            if page.html().contains("Duarte") {
                wrong.push(format!("/staff/worklist with {named:?} shows the client"));
            }
        }
        for path in [format!("/staff/audit?chart={chart}"), "/staff/charts?q=Duarte".into(), "/staff/worklist?q=Duarte".into()] {
            let page = other.get(&path).await;
            if page.must_be(200).html().contains("Ana Duarte") {
                wrong.push(format!("{path} shows the client"));
            }
        }
        assert!(wrong.is_empty(), "Twin Oaks found Riverbend's:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        assert!(changed.is_empty(), "Twin Oaks changed the database:\n{}", changed.join("\n"));
        // The same posts are Riverbend's own: they find the row, so a 404 above was not for want of a field.
        let csrf = form_token(&mut own, "/staff/me", "/staff/sign-out").await;
        // What takes the row away comes last; what no page of these rows shows cannot be posted.
        // What hands the device to a client locks the session: nothing can be posted after it.
        posts.sort_by_key(|(path, _)| {
            let takes_away = path.ends_with("/delete")
                || (path.starts_with("/staff/packets/") && path.ends_with("/retire"))
                || (path.contains("/import/") && !path.ends_with("/columns"));
            (path.ends_with("/sign-here"), takes_away)
        });
        posts.retain(|(path, _)| forms.contains_key(path));
        for (path, pattern) in &posts {
            let page = send(&mut own, path, &csrf).await;
            if matches!(page.status(), 400 | 403 | 404 | 500..) {
                wrong.push(format!("POST {pattern} ({path}): {} {}", page.status(), page.words()));
            }
        }
        assert!(wrong.is_empty(), "Riverbend's own staff cannot post what its pages show:\n{}", wrong.join("\n"));
    }

    async fn auz_01_a_clients_session_opens_no_staff_page_and_a_staff_session_no_clients_page(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let (client, staff) = (rows.client.clone(), w.staff(Role::Administrator).await);
        let mut wrong = Vec::new();
        for row in routes() {
            let mut stranger = match row.needs {
                Needs::StaffSession | Needs::Staff(_) => client.clone(),
                Needs::ClientSession | Needs::Client(..) => staff.clone(),
                _ => continue,
            };
            let page = ask(&mut stranger, &row, &rows.fill(row.path)).await;
            if !is_turned_away(&page) {
                wrong.push(format!("{} {} ({:?}): {}", row.method, row.path, row.needs, page.status()));
            }
        }
        assert!(wrong.is_empty(), "came through by the wrong door:\n{}", wrong.join("\n"));
    }

    async fn auz_01_an_api_key_reaches_only_what_its_scopes_allow(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let mut wrong = Vec::new();
        for scopes in Scope::ALL.chunks(1) {
            let text = key(w, &w.riverbend, scopes).await;
            for row in routes() {
                let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
                let page = ask(&mut caller, &row, &rows.fill(row.path)).await;
                let fits = match row.needs {
                    Needs::ApiKey(scope) if scopes.contains(&scope) => {
                        !matches!(page.status(), 401 | 403) && page.status() < 500
                    }
                    Needs::ApiKey(_) => page.status() == 403,
                    // To people's pages a key is nobody.
                    Needs::StaffSession | Needs::Staff(_) | Needs::ClientSession | Needs::Client(..) => {
                        is_turned_away(&page)
                    }
                    Needs::Nothing | Needs::Link | Needs::Machine => page.status() < 500 || row.path == "/readyz",
                };
                if !fits {
                    wrong.push(format!("{scopes:?} {} {} ({:?}): {}", row.method, row.path, row.needs, page.status()));
                }
            }
        }
        assert!(wrong.is_empty(), "the table says otherwise:\n{}", wrong.join("\n"));
    }

    async fn auz_03_another_practices_key_finds_nothing_here(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let (theirs, ours) = (key(w, &w.twinoaks, Scope::ALL).await, key(w, &w.riverbend, Scope::ALL).await);
        let before = w.dump().await;
        let api: Vec<Row> = routes().into_iter().filter(|row| matches!(row.needs, Needs::ApiKey(_))).collect();
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for row in &api {
            let page = call(w, &theirs, row, &rows).await;
            let leads = Rows::leads_to_one(row);
            seen += usize::from(leads);
            if (leads && page.status() != 404) || page.html().contains("Duarte") {
                wrong.push(format!("{} {}: {} {}", row.method, row.path, page.status(), page.answer.text()));
            }
        }
        assert!(seen > 8, "only {seen} routes of the API lead to a row");
        assert!(wrong.is_empty(), "Twin Oaks found Riverbend's:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        let changed: Vec<_> = changed.into_iter().filter(|line| !line.starts_with("api_key ")).collect();
        assert!(changed.is_empty(), "Twin Oaks changed the database:\n{}", changed.join("\n"));
        // The same calls are Riverbend's own: they find the row, or the life cycle refuses them.
        for row in api.iter().filter(|row| Rows::leads_to_one(row)) {
            let page = call(w, &ours, row, &rows).await;
            if !matches!(page.status(), 200..=204 | 409) {
                wrong.push(format!("{} {}: {} {}", row.method, row.path, page.status(), page.answer.text()));
            }
        }
        assert!(wrong.is_empty(), "Riverbend's own key cannot make these calls:\n{}", wrong.join("\n"));
    }

    async fn auz_03_a_client_finds_nothing_of_another_clients_chart(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let (mut hers, mut his) = (rows.client.clone(), w.registered(&bo).await);
        let access = access_of(w, &rows.registered).await.to_string();
        w.mail_has_settled().await;
        // Of a page about his chart: only its token is taken by forms about a chart.
        let request = "/portal/appointments/request";
        let csrf = form_token(&mut his, request, request).await;
        let before = w.dump().await;
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for row in routes().into_iter().filter(|row| matches!(row.needs, Needs::ClientSession | Needs::Client(..))) {
            let path = rows.fill(row.path);
            if path == "/portal/sign-out" {
                continue;
            }
            let (page, names_hers) = if row.method == "GET" {
                (his.get(&path).await, Rows::leads_to_one(&row))
            } else {
                // With his own form token, and her grant's name where one is asked for.
                let mut fields = vec![("csrf", csrf.as_str())];
                if path == "/portal/switch" {
                    fields.push(("access", access.as_str()));
                }
                let page = match row.method.as_str() {
                    "PUT" => put_part(&his, &path, &csrf, b"%PDF-").await,
                    _ => his.post(&path, &fields).await,
                };
                (page, Rows::leads_to_one(&row) || path == "/portal/switch")
            };
            seen += usize::from(names_hers);
            let told = ["lanterns", "Lanterns", "Serrano"].iter().any(|word| page.html().contains(word));
            if told || page.status() >= 500 || (names_hers && page.status() != 404) {
                wrong.push(format!("{} {}: {}", row.method, row.path, page.status()));
            }
            if row.method == "GET" && names_hers {
                hers.get(&path).await.must_be(200);
            }
        }
        assert!(seen >= 4, "only {seen} routes lead to what is hers");
        assert!(wrong.is_empty(), "Bo found Kim's:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        // What she herself opened, and the address of his own calendar.
        const OWN: &[&str] = &["audit_", "document_", "signer ", "signing", "thread_read ", "calendar_feed "];
        let is_hers = |line: &String| OWN.iter().any(|what| line.starts_with(what));
        let changed: Vec<_> = changed.into_iter().filter(|line| !is_hers(line)).collect();
        assert!(changed.is_empty(), "Bo changed the database:\n{}", changed.join("\n"));
    }

    async fn inv_05_get_and_head_change_nothing_however_often(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let staff = w.staff(Role::Administrator).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let client = w.registered(&bo).await;
        w.mail_has_settled().await;
        let before = w.dump().await;
        let pages: Vec<String> =
            routes().iter().filter(|row| row.method == "GET").map(|row| rows.fill(row.path)).collect();
        // The whole database is compared after some pages at once: it takes longer than they do.
        for some in pages.chunks(PAGES_AT_ONCE) {
            for path in some {
                for visitor in [w.browser(), staff.clone(), client.clone()] {
                    for method in ["GET", "HEAD", "GET", "HEAD", "GET"] {
                        visitor.clone().send(method, path, None).await;
                    }
                }
            }
            let changed = difference(&before, &w.dump().await);
            // That a document was opened, a chart looked at, a message and a calendar read is what these pages are to
            // record.
            let is_record = |line: &String| {
                ["audit_", "thread_read ", "calendar_feed "].iter().any(|table| line.starts_with(table))
            };
            let changed: Vec<_> = changed.into_iter().filter(|line| !is_record(line)).collect();
            assert!(changed.is_empty(), "one of {some:#?} changed the database:\n{}", changed.join("\n"));
        }
    }

    async fn spd_01_no_page_prepares_a_statement_the_second_time(w: &mut World) {
        statements::watch_new_connections();
        let rows = Rows::of_riverbend(w).await;
        let staff = w.staff(Role::Administrator).await;
        let text = key(w, &w.riverbend, Scope::ALL).await;
        // Its connections are new, so they are watched.
        let watched = w.neighbour().await;
        let (mut wrong, mut asked) = (Vec::new(), 0);
        for row in routes().into_iter().filter(|row| row.method == "GET" && !row.path.ends_with("/live")) {
            let mut visitor = match row.needs {
                Needs::ApiKey(_) => w.browser().with("authorization", &format!("Bearer {text}")),
                Needs::StaffSession | Needs::Staff(_) => staff.clone(),
                Needs::ClientSession | Needs::Client(..) => rows.client.clone(),
                _ => w.browser(),
            };
            visitor.to = watched.address;
            let path = rows.fill(row.path);
            for path in [path.clone(), format!("{path}?q=an")] {
                visitor.get(&path).await;
                statements::forget(&watched);
                visitor.get(&path).await;
                let seen = statements::seen(&watched);
                asked += seen.asked;
                // What waits is counted for the operator from time to time, by no page.
                let of_page = |sql: &String| !sql.starts_with("SELECT COUNT(*) FROM `outbox` WHERE");
                let prepared = seen.prepared.into_iter().filter(of_page);
                wrong.extend(prepared.map(|sql| format!("GET {path}: {sql}")));
            }
        }
        assert!(asked > 100, "only {asked} statements were seen");
        assert!(wrong.is_empty(), "{} statements were prepared again:\n{}", wrong.len(), wrong.join("\n"));
    }

    async fn web_01_a_form_from_elsewhere_is_refused_on_every_route(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let mut wrong = Vec::new();
        for row in routes() {
            if row.method == "GET" || matches!(row.needs, Needs::ApiKey(_) | Needs::Machine) {
                continue;
            }
            let path = rows.fill(row.path);
            for (name, value) in [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"),
                ("Sec-Fetch-Site", "none"),
                ("Sec-Fetch-Site", "nonsense"),
            ] {
                let mut browser = w.staff(Role::Administrator).await.with(name, value);
                let page = ask(&mut browser, &row, &path).await;
                if page.status() != 403 {
                    wrong.push(format!("{} {} with {name}: {value}: {}", row.method, row.path, page.status()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn web_04_05_every_answer_carries_its_headers(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let staff = w.staff(Role::Administrator).await;
        let mut pages = Vec::new();
        for row in routes() {
            pages.push(ask(&mut staff.clone(), &row, &rows.fill(row.path)).await);
        }
        pages.push(w.browser().get("/nothing/here").await);
        pages.push(w.browser().get(&format!("/{}", "x".repeat(4_000))).await);
        pages.push(w.browser().send("TRACE", "/staff", None).await);
        pages.push(w.browser().send("POST", "/riverbend/staff/sign-in", Some(("text/plain", &[b'x'; 900_000]))).await);
        let wanted = [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("x-robots-tag", "noindex"),
        ];
        let mut wrong = Vec::new();
        for page in &pages {
            for (name, value) in wanted {
                if page.answer.header(name) != Some(value) {
                    wrong.push(format!("{} ({}): {name} is {:?}", page.path, page.status(), page.answer.header(name)));
                }
            }
            let csp = page.answer.header("content-security-policy").unwrap_or_default();
            for part in ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"] {
                if !csp.contains(part) || csp.contains("unsafe-") {
                    wrong.push(format!("{} ({}): the policy is {csp:?}", page.path, page.status()));
                }
            }
            let cache = page.answer.header("cache-control").unwrap_or_default();
            // A calendar program keeps what it read, and asks whether it still holds.
            let is_kept = page.path.starts_with("/assets/") || page.path.contains("/cal/");
            if !is_kept && !cache.contains("no-store") {
                wrong.push(format!("{} ({}): Cache-Control is {cache:?}", page.path, page.status()));
            }
            if page.answer.header("server").is_some() {
                wrong.push(format!("{}: says which server it is", page.path));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn inv_13_a_link_that_is_nobodys_says_the_same_to_everybody(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let unknown = format!("/riverbend/i/{}", "A".repeat(43));
        let foreign = format!("/twinoaks/i/{}", rows.value("{token}"));
        let (unknown, foreign) = (w.browser().get(&unknown).await, w.browser().get(&foreign).await);
        unknown.must_be(404);
        foreign.must_be(404);
        foreign.must_not_say("Duarte").must_not_say("Riverbend");
    }

    async fn web_10_a_nul_character_finds_nothing_and_breaks_nothing(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let (staff, client) = (w.staff(Role::Administrator).await, w.registered(&bo).await);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let mut wrong = Vec::new();
        for row in routes().into_iter().filter(|row| row.path != "/readyz") {
            let visitors = match row.needs {
                Needs::ApiKey(_) => vec![caller.clone()],
                Needs::StaffSession | Needs::Staff(_) => vec![staff.clone()],
                Needs::ClientSession | Needs::Client(..) => vec![client.clone()],
                _ => vec![w.browser(), staff.clone()],
            };
            let parts: Vec<&str> = row.path.split('/').collect();
            let filled = rows.fill(row.path);
            let whole: Vec<&str> = filled.split('/').collect();
            for mut visitor in visitors {
                // In each blank, and at the end of each.
                for (at, _) in parts.iter().enumerate().filter(|(_, part)| part.contains('{')) {
                    for nul in ["%00".to_owned(), format!("{}%00", whole[at])] {
                        let mut path = whole.clone();
                        path[at] = &nul;
                        let page = ask(&mut visitor, &row, &path.join("/")).await;
                        if page.status() != 404 {
                            wrong.push(format!("{} {}: {}", row.method, path.join("/"), page.status()));
                        }
                    }
                }
                if row.method == "GET" && !row.path.ends_with("/live") {
                    // In each key that some page of ours reads, and as a key. All at once; each alone where one of them is
                    // refused, which could hide another.
                    let alone: Vec<String> = QUERY_KEYS.iter().map(|key| format!("{key}=a%00b")).collect();
                    let mut queries = vec!["%00=1".to_owned()];
                    let page = ask(&mut visitor, &row, &format!("{filled}?{}", alone.join("&"))).await;
                    if page.status() >= 400 {
                        queries.extend(alone);
                    }
                    for asked in queries {
                        let page = ask(&mut visitor, &row, &format!("{filled}?{asked}")).await;
                        if page.status() >= 500 {
                            wrong.push(format!("GET {filled}?{asked}: {}", page.status()));
                        }
                    }
                }
            }
        }
        for path in ["/%00", "/%00/sign-in", "/river%00bend/letter", "/nowhere/%00"] {
            let page = w.browser().get(path).await;
            if page.status() != 404 {
                wrong.push(format!("{path}: {}", page.status()));
            }
        }
        assert!(wrong.is_empty(), "a NUL character came through:\n{}", wrong.join("\n"));
        for path in ["/portal/sign-in?practice=%00", "/staff/sign-in?practice=%00"] {
            let status = w.browser().get(path).await.status();
            assert!(status < 500, "{path}: {status}");
        }
        staff.clone().get("/staff/audit?chart=%00").await.must_be(200);
        // In a field it is one more wrong character.
        for (path, name) in [("/riverbend/sign-in", "name"), ("/riverbend/staff/sign-in", "email")] {
            let mut browser = w.browser();
            let page = browser.get(path).await;
            let fields = [(name, "a\0b@example.org"), ("password", "quiet\0stones")];
            let status = browser.submit(&page, "sign-in", &fields).await.status();
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        let mut browser = w.browser();
        let page = browser.get("/riverbend/forgot").await;
        let status = browser.submit(&page, "forgot", &[("address", "a\0b@example.org")]).await.status();
        assert!(status < 500, "forgot: {status}");
        // And the API's texts.
        let at = format!("/api/v1/charts/{}", rows.value("{chart}"));
        for (path, body) in [
            ("/api/v1/charts".to_owned(), r#"{"chart_number":"a\u0000b","client":{"last_name":"x"}}"#),
            ("/api/v1/charts".to_owned(), r#"{"client":{"last_name":"a\u0000b"}}"#),
            (format!("{at}/invite"), r#"{"address":"a\u0000b@example.org","confirm":["\u0000"]}"#),
            (format!("{at}/change-owner"), r#"{"person_id":"\u0000"}"#),
            (format!("/api/v1/grants/{}/revoke", rows.value("{access}")), r#"{"reason":"a\u0000b"}"#),
        ] {
            let page = caller.clone().send("POST", &path, Some(("application/json", body.as_bytes()))).await;
            assert!((400..500).contains(&page.status()), "{path} {body}: {}", page.status());
        }
    }
}
